//! An operation is a type: its input is also its declaration.

mod planned;
mod running;
mod target;

use std::any::Any;
use std::marker::PhantomData;
use std::sync::Arc;

use carillon_aws::error::Protocol;
use carillon_aws::id::AwsAccountId;
use carillon_aws::shape::Shape;
use carillon_aws::time::{Entropy, Timestamp};
use carillon_policy::{Effect, PolicyKind};
use carillon_store::{ReadTx, Store, StoreError, bind};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use self::planned::Planned;
use self::running::Of;
pub use self::target::Target;
use crate::Fault;
use crate::authorize::{self, Granted};
use crate::caller::{BoxFuture, Call, Caller, Credentials};
use crate::decision_record::Decided;
use crate::environment::Environment;
use crate::located::Lent;
use crate::outside::Outside;
use crate::pipeline::Pipeline;
use crate::registry::{Entry, Service};
use crate::spec::{Access, AccessLevel, Admission, Spec};

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
