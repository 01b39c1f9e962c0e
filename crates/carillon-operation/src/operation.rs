//! An operation is a type: its input is also its declaration.

use std::any::Any;
use std::borrow::Cow;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use carillon_aws::binding::Segment;
use carillon_aws::error::Protocol;
use carillon_aws::id::AwsAccountId;
use carillon_aws::shape::Shape;
use carillon_aws::time::{Entropy, Timestamp};
use carillon_policy::{Attached, Effect, PolicyKind};
use carillon_store::{ReadTx, Store, StoreError, bind};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::authorize::{self, Granted};
use crate::caller::{BoxFuture, Call, Caller, Credentials, SecondFactor};
use crate::decision_record::Decided;
use crate::environment::Environment;
use crate::located::{Lent, Located};
use crate::measure::Waiting;
use crate::outside::Outside;
use crate::pipeline::Pipeline;
use crate::registry::{Entry, Service};
use crate::spec::{Access, AccessLevel, Admission, Spec, Transaction, Wire};
use crate::{Fault, REGION};

/// How often a request that lost a race is run again before the caller is told to try later.
const ATTEMPTS: u32 = 24;

/// An operation of the service. The type that implements it is its input.
pub trait Operation: DeserializeOwned + JsonSchema + Send + Sync + 'static {
    const SPEC: Spec;

    /// Whether [`Operation::prepare`] does slow work. Such an operation is decided twice: on a snapshot before
    /// that work, so strangers cannot make us do it, and in the transaction that has the effect.
    const PREPARES: bool = false;

    /// The IAM access level, which also decides what the handler may do to the database.
    type Access: Access;
    type Output: Serialize + JsonSchema + Send;
    type Error: Into<Fault> + Send;

    /// The actions that must be allowed, each with its spellings, where they depend on the input or on what the
    /// caller's session brings along.
    fn asks(&self, caller: &Caller) -> Option<Asks> {
        let _ = caller;
        None
    }

    /// Who asks, if the admission is [`Admission::Introduced`](crate::Admission): whom the input proves.
    ///
    /// It is called before the transaction and with no caller known, so it must make strangers' wishes cheap.
    /// What it reads of the database may have changed when `target` is asked.
    fn introduce(&self, by: &Introduction<'_>) -> impl Future<Output = Result<Caller, Unknown>> + Send {
        let _ = by;
        async { Err(Fault::internal("an operation that takes no proof of identity").into()) }
    }

    /// What the policies are asked about. Reads what the decision itself must know, and nothing else: a
    /// target that does not exist is asked about as well, so that a refused caller learns nothing.
    fn target(&self, caller: &Caller, tx: &mut ReadTx) -> impl Future<Output = Result<Target, Fault>> + Send {
        let _ = (caller, tx);
        async { Ok(Target::any()) }
    }

    /// Slow work done before the transaction opens, such as hashing a password.
    fn prepare(&mut self, environment: &Environment) -> impl Future<Output = Result<(), Self::Error>> + Send {
        let _ = environment;
        async { Ok(()) }
    }

    fn handle(
        &self,
        cx: &mut Context<'_, Self>,
    ) -> impl Future<Output = Result<Self::Output, Self::Error>> + Send;
}

/// What proving an identity may ask.
pub struct Introduction<'a> {
    pub call: &'a Call,
    pub environment: &'a Environment,
    pub store: &'a Store,
    pub outside: &'a Outside,
}

/// Why a request proves nobody.
#[derive(Debug)]
pub struct Unknown {
    pub fault: Fault,
    /// Whose trail hears of it.
    pub aws_account_id: Option<AwsAccountId>,
}

impl From<Fault> for Unknown {
    fn from(fault: Fault) -> Self {
        Self {
            fault,
            aws_account_id: None,
        }
    }
}

/// Actions that must all be allowed, each with its spellings, the primary one first.
pub type Asks = &'static [&'static [&'static str]];

/// What the policies are asked about.
#[derive(Debug, Default)]
pub struct Target {
    /// An ARN, or `*` for actions without resource-level permissions.
    pub resource: Cow<'static, str>,
    /// Further ARNs that the action must be allowed on: where a renamed entity goes.
    pub further: Vec<String>,
    /// Actions that the operation needs beside its own, each with its spellings and a target of its own: whoever
    /// hands a role to a service must be allowed `iam:PassRole` on the role.
    pub dependent: Vec<(&'static [&'static str], Target)>,
    /// The AWS account that owns it, if not the caller's.
    pub owner: Option<AwsAccountId>,
    /// `aws:ResourceTag/…`.
    pub tags: Vec<(String, String)>,
    /// `aws:RequestTag/…`, of requests that pass tags.
    pub request_tags: Vec<(String, String)>,
    /// `aws:TagKeys`, of requests that pass or remove tags.
    pub tag_keys: Vec<String>,
    /// Keys of the service, by lower-case name: `iam:policyarn`.
    pub keys: Vec<(&'static str, String)>,
    /// Multivalued keys of the service, by lower-case name: `sts:transitivetagkeys`. Never with an empty list.
    pub multivalued_keys: Vec<(&'static str, Vec<String>)>,
    /// What an identity provider says of the caller, by lower-case key: `login.example.com:aud`. Never with an empty
    /// list.
    pub claims: Vec<(String, Vec<String>)>,
    /// The policy on the resource: the trust policy of a role to assume.
    pub resource_policy: Option<Arc<Attached>>,
    /// Set by the service for what another AWS account lends; owner and resource policy follow from it.
    pub(crate) lent: Option<Box<Lent>>,
    /// What the service found for the handler.
    pub(crate) located: Option<Arc<dyn Any + Send + Sync>>,
    /// An AWS account in whose trail the event of a success is as well, because the effect concerns it.
    pub(crate) told: Option<AwsAccountId>,
    /// What the caller shows beside its signature. It is checked before the policies are asked, and they are told
    /// that it was right.
    pub second_factor: Option<SecondFactor>,
    /// What the trail files the event under: type (`AWS::IAM::User`) and name.
    pub filed_under: Option<(&'static str, String)>,
}

impl Target {
    /// No resource: the answer for actions that are asked on `*`.
    pub fn any() -> Self {
        Self::on("*")
    }

    pub fn on(resource: impl Into<Cow<'static, str>>) -> Self {
        Self {
            resource: resource.into(),
            ..Self::default()
        }
    }

    /// A failure of a request about this target.
    fn failed(self, failed: Failed) -> Failed {
        Failed {
            filed_under: self.filed_under,
            lent: self.lent,
            ..failed
        }
    }

    /// Something that another AWS account lends, for [`Context::may`].
    pub fn lent(lent: Lent) -> Self {
        let mut target = Self::any();
        target.borrow(lent);
        target
    }

    /// What the service found, with what follows from who owns it.
    fn locate(&mut self, located: Located) {
        if let Some(lent) = located.lent {
            self.borrow(lent);
        }
        self.located = Some(located.thing);
    }

    fn borrow(&mut self, lent: Lent) {
        self.owner = Some(lent.owner);
        self.resource_policy = Some(Arc::clone(&lent.terms));
        self.lent = Some(Box::new(lent));
    }

    /// The action must be allowed on this ARN as well.
    pub fn also_on(&mut self, resource: String) {
        if resource != self.resource {
            self.further.push(resource);
        }
    }

    /// A success is in the trail of this AWS account as well.
    #[must_use]
    pub fn telling(mut self, told: Option<AwsAccountId>) -> Self {
        self.told = told;
        self
    }

    #[must_use]
    pub fn filed_under(mut self, kind: &'static str, name: impl Into<String>) -> Self {
        self.filed_under = Some((kind, name.into()));
        self
    }
}

/// Who asks, when, and the transaction the answer is computed in.
///
/// A handler that writes, as it may when its access level says so:
///
/// ```
/// # use carillon_operation::{Context, Operation, Write};
/// # use carillon_store::StoreError;
/// async fn forget_jobs<O: Operation<Access = Write>>(cx: &mut Context<'_, O>) -> Result<(), StoreError> {
///     cx.tx.execute("DELETE FROM job", &[]).await?;
///     Ok(())
/// }
/// ```
///
/// One whose access level is `List` or `Read` cannot:
///
/// ```compile_fail
/// # use carillon_operation::{Context, Operation, Read};
/// # use carillon_store::StoreError;
/// async fn forget_jobs<O: Operation<Access = Read>>(cx: &mut Context<'_, O>) -> Result<(), StoreError> {
///     cx.tx.execute("DELETE FROM job", &[]).await?;
///     Ok(())
/// }
/// ```
///
/// None can commit, because it only borrows the transaction:
///
/// ```compile_fail
/// # use carillon_operation::{Context, Operation, Write};
/// # use carillon_store::StoreError;
/// async fn commit<O: Operation<Access = Write>>(cx: &mut Context<'_, O>) -> Result<(), StoreError> {
///     cx.tx.commit().await
/// }
/// ```
///
/// Only the pipeline makes a context, and only from a decision that allowed exactly this operation. The
/// context of one operation serves no other:
///
/// ```compile_fail
/// # use carillon_operation::{Context, Operation};
/// async fn borrow<A: Operation, B: Operation>(a: &A, cx: &mut Context<'_, B>) {
///     let _ = a.handle(cx).await;
/// }
/// ```
///
/// while its own is what the handler takes:
///
/// ```
/// # use carillon_operation::{Context, Operation};
/// async fn hand_over<A: Operation>(a: &A, cx: &mut Context<'_, A>) {
///     let _ = a.handle(cx).await;
/// }
/// ```
pub struct Context<'a, O: Operation> {
    pub caller: &'a Caller,
    pub call: &'a Call,
    pub now: Timestamp,
    pub environment: &'a Environment,
    pub tx: &'a mut <O::Access as Access>::Tx,
    request: &'a Request<'a>,
    target: &'a Target,
    _granted: &'a Granted<O>,
}

impl<O: Operation> Context<'_, O> {
    pub fn entropy(&self) -> &dyn Entropy {
        &*self.environment.entropy
    }

    pub fn aws_account_id(&self) -> AwsAccountId {
        self.caller.aws_account_id
    }

    /// What the service found that the request is about, if it is of this type.
    pub fn located<T: Any>(&self) -> Option<&T> {
        self.target.located.as_deref()?.downcast_ref()
    }

    /// Whether the policies allow the caller an action, given in all its spellings, that the operation does not need:
    /// for answers that tell more to those who could ask for it anyway. The trail does not hear of it.
    pub fn may(&self, spellings: &[&str], target: &Target) -> bool {
        authorize::allows(self.request, target, spellings)
    }

    /// Whether the action may be allowed to the caller somewhere: on some resources, or under some conditions. What is
    /// denied everywhere, or not within the boundary or the session, is not.
    pub fn may_somewhere(&self, spellings: &[&str]) -> bool {
        let of = |kind: PolicyKind| {
            self.request
                .credentials
                .policies
                .attached()
                .filter(move |(of, _)| *of == kind)
                .flat_map(|(_, policy)| policy.document.statements())
        };
        let allowed = |kind| {
            of(kind)
                .any(|statement| statement.effect() == Effect::Allow && statement.concerns_action(spellings))
        };
        let denied = |kind| {
            of(kind).any(|statement| {
                statement.effect() == Effect::Deny
                    && statement.is_unlimited()
                    && statement.concerns_action(spellings)
            })
        };
        let limits = [PolicyKind::Boundary, PolicyKind::Session].into_iter();
        allowed(PolicyKind::Identity)
            && !denied(PolicyKind::Identity)
            && limits
                .filter(|kind| of(*kind).next().is_some())
                .all(|kind| allowed(kind) && !denied(kind))
    }
}

/// An operation as the registry knows it.
pub trait AnyOperation: Send + Sync {
    fn spec(&'static self) -> &'static Spec;
    fn level(&self) -> AccessLevel;
    /// Whether this server carries it out; otherwise it answers 501, after authorisation.
    fn is_built(&self) -> bool;
    /// The shapes of input and output, compiled anew: the registry keeps them.
    fn shapes(&self) -> (Shape, Shape);

    /// Whom the input of an unsigned request proves. See [`Operation::introduce`].
    fn introduce<'a>(
        &'a self,
        input: &'a Value,
        by: &'a Introduction<'a>,
    ) -> BoxFuture<'a, Result<Caller, Unknown>>;

    /// Decides, carries out and records one request whose input has the input's shape.
    ///
    /// Answers the encoded body.
    fn run<'a>(&'a self, request: &'a Request<'a>) -> BoxFuture<'a, Result<Vec<u8>, Failed>>;
}

/// A request that failed, with what the trail says of it.
#[derive(Debug)]
pub struct Failed {
    pub fault: Fault,
    /// What the policies said, if they were asked.
    pub(crate) decided: Option<Box<Decided>>,
    pub(crate) filed_under: Option<(&'static str, String)>,
    pub(crate) lent: Option<Box<Lent>>,
}

impl From<Fault> for Failed {
    fn from(fault: Fault) -> Self {
        Self {
            fault,
            decided: None,
            filed_under: None,
            lent: None,
        }
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Fault::from(error).into()
    }
}

impl Failed {
    fn is_contended(&self) -> bool {
        matches!(self.fault, Fault::Contended)
    }
}

/// An authenticated request with a well-formed input, on its way to an operation.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    pub pipeline: &'a Pipeline,
    pub service: &'static Service,
    /// What the answer is written in: the service's own protocol, unless the console asks.
    pub protocol: Protocol,
    pub entry: &'a Entry,
    pub call: &'a Call,
    pub credentials: &'a Credentials,
    pub input: &'a Value,
}

impl<'a> Request<'a> {
    pub fn caller(&self) -> &'a Caller {
        &self.credentials.caller
    }

    /// What holds of the caller in this transaction, if that is not what is known of it. `of_snapshot`: what the
    /// transaction sees is durable, so it may be remembered.
    async fn changed(&self, tx: &mut ReadTx, of_snapshot: bool) -> Result<Option<Arc<Credentials>>, Fault> {
        // Whom the input proves has no policies and no rights that could have changed.
        if self.entry.spec.admission == Admission::Introduced {
            return Ok(None);
        }
        let revision: Option<Arc<(i64,)>> = tx
            .fetch_often(
                "SELECT access_revision FROM aws_account WHERE aws_account_id = $1",
                bind![self.caller().aws_account_id],
            )
            .await?;
        if revision.is_some_and(|revision| revision.0 == self.credentials.revision) {
            return Ok(None);
        }
        let reread = self
            .pipeline
            .identities
            .reread(self.credentials, tx)
            .await?
            .ok_or(Fault::Changed)?;
        // The signature was made with the secret that was known.
        if !reread.secret.matches(self.credentials.secret.expose().as_bytes()) {
            return Err(Fault::Changed);
        }
        if of_snapshot {
            self.pipeline.identities.remember(&reread);
        }
        Ok(Some(reread))
    }

    /// Finds what the request is about, where another AWS account may own it.
    async fn locate(&self, target: &mut Target, tx: &mut ReadTx) -> Result<(), Fault> {
        if let Some(locate) = self.service.locate
            && let Some(located) = locate(self, tx).await?
        {
            target.locate(located);
        }
        Ok(())
    }

    /// The same request of the caller as it is now.
    fn of<'b>(&self, changed: Option<&'b Credentials>) -> Request<'b>
    where
        'a: 'b,
    {
        Request {
            credentials: changed.unwrap_or(self.credentials),
            ..*self
        }
    }
}

/// The entry of the operation `O` in a registry.
pub const fn operation<O: Operation>() -> &'static dyn AnyOperation {
    const { &Of::<O>(PhantomData) }
}

struct Of<O>(PhantomData<fn() -> O>);

impl<O: Operation> AnyOperation for Of<O> {
    fn spec(&'static self) -> &'static Spec {
        const { &O::SPEC }
    }

    fn level(&self) -> AccessLevel {
        O::Access::LEVEL
    }

    fn is_built(&self) -> bool {
        true
    }

    fn shapes(&self) -> (Shape, Shape) {
        (Shape::of::<O>(), Shape::of_output::<O::Output>())
    }

    fn introduce<'a>(
        &'a self,
        input: &'a Value,
        by: &'a Introduction<'a>,
    ) -> BoxFuture<'a, Result<Caller, Unknown>> {
        Box::pin(async move {
            match O::deserialize(input) {
                Ok(operation) => operation.introduce(by).await,
                Err(error) => Err(Fault::Invalid(error.to_string()).into()),
            }
        })
    }

    fn run<'a>(&'a self, request: &'a Request<'a>) -> BoxFuture<'a, Result<Vec<u8>, Failed>> {
        Box::pin(run::<O>(request))
    }
}

async fn run<O: Operation>(request: &Request<'_>) -> Result<Vec<u8>, Failed> {
    let outcome = match O::deserialize(request.input) {
        Ok(operation) if !O::PREPARES => repeat(request, &operation).await,
        Ok(mut operation) => match Box::pin(prepare(request, &mut operation)).await {
            Ok(()) => repeat(request, &operation).await,
            Err(fault) => Err(fault),
        },
        // The shape let it through and the type did not: a member with a rule the shape cannot express.
        Err(error) => Err(Fault::Invalid(error.to_string()).into()),
    };
    if let Err(failed) = &outcome {
        Box::pin(request.record_failure(failed)).await?;
    }
    outcome
}

/// The slow work of an operation that has any, once it is decided that it may be done.
async fn prepare<O: Operation>(request: &Request<'_>, operation: &mut O) -> Result<(), Failed> {
    let mut tx = request.pipeline.store.read().await?;
    let changed = request.changed(&mut tx, true).await?;
    authorize::<O>(&request.of(changed.as_deref()), operation, &mut tx).await?;
    drop(tx);
    operation
        .prepare(&request.pipeline.environment)
        .await
        .map_err(Into::<Fault>::into)?;
    Ok(())
}

/// Lanes for those who lost a race. What races is nearly always of one AWS account, and the others must not wait for
/// it.
const LANES: usize = 64;
/// How long a loser waits for its turn.
const PATIENCE: Duration = Duration::from_secs(5);

/// Who lost a race waits here for its turn: losers run one after another, or they make each other lose again.
static LOSERS: [Semaphore; LANES] = [const { Semaphore::const_new(1) }; LANES];

/// The lane of an AWS account.
fn lane(account: AwsAccountId) -> &'static Semaphore {
    let number = account.as_str().bytes().fold(0, |number: usize, digit| {
        number.wrapping_mul(10).wrapping_add(usize::from(digit))
    });
    &LOSERS[number % LANES]
}

/// Runs the request, again while it loses races. That is safe, because a handler has no effect outside its
/// transaction.
async fn repeat<O: Operation>(request: &Request<'_>, operation: &O) -> Result<Vec<u8>, Failed> {
    match once(request, operation).await {
        // Boxed, as everything that is rare: each request takes up the room of all that might become of it.
        Err(failed) if failed.is_contended() => Box::pin(run_again(request, operation, failed)).await,
        outcome => outcome,
    }
}

async fn run_again<O: Operation>(
    request: &Request<'_>,
    operation: &O,
    lost: Failed,
) -> Result<Vec<u8>, Failed> {
    let Ok(turn) = tokio::time::timeout(PATIENCE, lane(request.caller().aws_account_id).acquire()).await
    else {
        return Err(lost);
    };
    let _turn = turn.map_err(Fault::internal)?;
    let mut attempt = 2;
    loop {
        match once(request, operation).await {
            Err(failed) if failed.is_contended() && attempt < ATTEMPTS => {
                // Let those through who came in the meantime, and another process that shares the database.
                let mut random = [0];
                request.pipeline.environment.entropy.fill(&mut random);
                let pause = Duration::from_micros(u64::from(random[0]) * 40 * u64::from(attempt.min(8)));
                tokio::time::sleep(pause).await;
                attempt += 1;
            }
            outcome => return outcome,
        }
    }
}

async fn once<O: Operation>(request: &Request<'_>, operation: &O) -> Result<Vec<u8>, Failed> {
    let waited = Waiting::to_begin(O::Access::LEVEL);
    let mut tx = <O::Access as Access>::Tx::begin(&request.pipeline.store).await?;
    drop(waited);
    let of_snapshot = O::Access::LEVEL.reads_only();
    let changed = request.changed(tx.reader(), of_snapshot).await?;
    let outcome = conclude(&request.of(changed.as_deref()), operation, tx).await;
    if let Some(changed) = changed.filter(|_| !of_snapshot) {
        let identities = &request.pipeline.identities;
        match outcome {
            Ok(_) => identities.remember(&changed),
            // What the transaction saw may be gone with it. Whoever comes next reads what is durable.
            Err(_) => identities.forget(&changed.caller.access_key_id),
        }
    }
    outcome
}

/// Decides, has the effect, and makes it durable.
async fn conclude<O: Operation>(
    request: &Request<'_>,
    operation: &O,
    mut tx: <O::Access as Access>::Tx,
) -> Result<Vec<u8>, Failed> {
    let environment = &request.pipeline.environment;
    let (granted, target) = authorize::<O>(request, operation, tx.reader()).await?;
    let done = async {
        let mut context = Context {
            caller: request.caller(),
            call: request.call,
            now: request.call.now,
            environment,
            tx: &mut tx,
            request,
            target: &target,
            _granted: &granted,
        };
        let output = operation.handle(&mut context).await.map_err(Into::into)?;
        let (body, output) = request.encode(&output, O::Access::LEVEL.reads_only())?;
        let event = request.success_event(granted.decided(), &target, output.as_ref());
        let waited = Waiting::to_conclude(O::Access::LEVEL);
        tx.conclude(&request.pipeline.store, &event).await?;
        drop(waited);
        request.pipeline.recorded(&event);
        Ok(body)
    };
    match done.await {
        Ok(body) => Ok(body),
        Err(fault) => Err(target.failed(granted.failed(fault))),
    }
}

async fn authorize<O: Operation>(
    request: &Request<'_>,
    operation: &O,
    tx: &mut ReadTx,
) -> Result<(Granted<O>, Target), Failed> {
    let mut target = operation.target(request.caller(), tx).await?;
    request.locate(&mut target, tx).await?;
    if let Some(factor) = &target.second_factor {
        let (identities, now) = (&request.pipeline.identities, request.call.now);
        let checked = identities.second_factor(request.caller(), factor, tx, now).await;
        if let Err(fault) = checked {
            return Err(target.failed(fault.into()));
        }
    }
    match Granted::decide(request, &target, operation.asks(request.caller())) {
        Ok(granted) => Ok((granted, target)),
        Err(failed) => Err(target.failed(failed)),
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn those_who_race_in_one_account_keep_nobody_of_another_waiting() {
        let [one, other] = ["123456789012", "123456789013"].map(|id| lane(id.parse().unwrap()));
        let _turn = one.acquire().await.unwrap();
        assert!(one.try_acquire().is_err());
        assert!(other.try_acquire().is_ok());
    }
}
