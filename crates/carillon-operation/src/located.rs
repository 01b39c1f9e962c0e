//! What a request is about, found before the policies are asked, and the terms on which its owner lends it.

use std::any::Any;
use std::sync::Arc;

use carillon_aws::id::AwsAccountId;
use carillon_policy::Attached;
use carillon_store::ReadTx;

use crate::Fault;
use crate::caller::BoxFuture;
use crate::operation::Request;

/// Finds what a request of a service is about, if it is within reach of the caller's AWS account.
///
/// It is asked in the transaction of the decision and the effect, and before the decision, so it must find the same for
/// everybody who is not to know that a thing exists: nothing.
pub type Locate =
    for<'a, 'r> fn(&'a Request<'r>, &'a mut ReadTx) -> BoxFuture<'a, Result<Option<Located>, Fault>>;

/// What a request is about.
#[derive(Debug)]
pub struct Located {
    /// For the handler, so that nothing is read twice: [`Context::located`](crate::Context::located).
    pub thing: Arc<dyn Any + Send + Sync>,
    /// Of a thing that belongs to another AWS account.
    pub lent: Option<Lent>,
}

/// The terms on which the thing of another AWS account is the caller's to act on.
#[derive(Debug, Clone)]
pub struct Lent {
    pub owner: AwsAccountId,
    /// The identifier of what both sides agreed on. The owner's trail marks the caller's activity with it.
    pub delegate_id: String,
    /// What the owner allows the caller's AWS account: the policy of the resource, which must allow besides the
    /// caller's own.
    pub terms: Arc<Attached>,
}
