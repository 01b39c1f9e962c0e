//! Actions that are declared and not carried out.

use carillon_aws::binding::Segment;
use carillon_aws::shape::Shape;
use serde_json::{Value, json};

use super::{AnyOperation, Failed, Introduction, Request, Target, Unknown};
use crate::authorize::Granted;
use crate::caller::{BoxFuture, Caller};
use crate::spec::{AccessLevel, Spec, Wire};
use crate::{Fault, REGION};

/// An action that this server has no operation for yet. It is routed and authorised like the others.
pub struct Planned {
    pub spec: Spec,
    pub level: AccessLevel,
}

/// The entry of an action that is planned: `planned!(Read, Spec::rest("chime:GetDomain", …))`.
#[macro_export]
macro_rules! planned {
    ($level:ident, $spec:expr) => {{
        static PLANNED: $crate::Planned = $crate::Planned {
            spec: $spec,
            level: $crate::AccessLevel::$level,
        };
        &PLANNED as &'static dyn $crate::AnyOperation
    }};
}

impl AnyOperation for Planned {
    fn spec(&'static self) -> &'static Spec {
        &self.spec
    }

    fn level(&self) -> AccessLevel {
        self.level
    }

    fn is_built(&self) -> bool {
        false
    }

    fn shapes(&self) -> (Shape, Shape) {
        (self.labels(), Shape::of_output::<()>())
    }

    fn introduce<'a>(
        &'a self,
        _: &'a Value,
        _: &'a Introduction<'a>,
    ) -> BoxFuture<'a, Result<Caller, Unknown>> {
        Box::pin(async { Err(Fault::NotImplemented(self.spec.action).into()) })
    }

    fn run<'a>(&'a self, request: &'a Request<'a>) -> BoxFuture<'a, Result<Vec<u8>, Failed>> {
        Box::pin(async move {
            let failed = match self.authorize(request).await {
                Ok((granted, target)) => {
                    target.failed(granted.failed(Fault::NotImplemented(self.spec.action)))
                }
                Err(failed) => failed,
            };
            request.record_failure(&failed).await?;
            Err(failed)
        })
    }
}

impl Planned {
    async fn authorize(&self, request: &Request<'_>) -> Result<(Granted<Self>, Target), Failed> {
        let mut tx = request.pipeline.store.read().await?;
        let changed = request.changed(&mut tx, true).await?;
        let mut target = self.target(request);
        request.locate(&mut target, &mut tx).await?;
        match Granted::decide(&request.of(changed.as_deref()), &target, None) {
            Ok(granted) => Ok((granted, target)),
            Err(failed) => Err(target.failed(failed)),
        }
    }

    fn target(&self, request: &Request<'_>) -> Target {
        let Some(resource) = self.spec.resource else {
            return Target::any();
        };
        let mut rest = resource.to_owned();
        for (label, value) in request.input.as_object().into_iter().flatten() {
            rest = rest.replace(&format!("{{{label}}}"), value.as_str().unwrap_or_default());
        }
        let (service, account) = (request.service.name, request.caller().aws_account_id);
        Target::on(format!("arn:aws:{service}:{REGION}:{account}:{rest}"))
    }

    /// The labels of the path, which the decision may be about. Whatever else is sent is let through to it.
    fn labels(&self) -> Shape {
        let labels: Vec<&str> = match self.spec.wire {
            Wire::Rest(binding) => binding
                .segments()
                .filter_map(|segment| match segment {
                    Segment::Label(member) => Some(member),
                    Segment::Fixed(_) => None,
                })
                .collect(),
            Wire::Named => Vec::new(),
        };
        let properties: serde_json::Map<String, Value> = labels
            .iter()
            .map(|label| ((*label).to_owned(), json!({ "type": "string" })))
            .collect();
        let schema = json!({ "type": "object", "properties": properties, "required": labels });
        Shape::from_schema(&schema, self.spec.name()).expect("a structure of strings is expressible")
    }
}
