//! What an operation declares about itself.

use carillon_aws::binding::Binding;
use carillon_store::{ReadTx, Store, StoreError, WriteTx};

use crate::audit::Event;

/// The declaration of an operation: everything that must be known of it without running it.
#[derive(Debug, Clone, Copy)]
pub struct Spec {
    /// The IAM action, as messages and the managed policies write it: `chime:DeletePhoneNumber`.
    pub action: &'static str,
    /// Other spellings of the action that count in policies as the first one does.
    pub also: &'static [&'static str],
    /// The operation's name on the wire, where it is not the action's.
    wire_name: Option<&'static str>,
    pub wire: Wire,
    /// HTTP status of success. 204 answers have no body.
    pub status: u16,
    pub grants: &'static [Grant],
    pub admission: Admission,
    /// Of planned operations with resource-level permissions: the end of the resource's ARN, with the label
    /// that completes it. Built ones say it in their `target`.
    pub(crate) resource: Option<&'static str>,
}

/// How a request for the operation is told from others.
#[derive(Debug, Clone, Copy)]
pub enum Wire {
    /// `METHOD /path/{Label}?fixed=value&bound={Member}`.
    Rest(Binding),
    /// By name: the `Action` parameter of the Query protocol, or the end of `X-Amz-Target`.
    Named,
}

impl Spec {
    /// An operation of a REST-JSON service. A malformed binding does not compile.
    pub const fn rest(action: &'static str, binding: &'static str) -> Self {
        Self::new(action, Wire::Rest(Binding::new(binding)))
    }

    /// An operation of a Query or JSON 1.1 service.
    pub const fn named(action: &'static str) -> Self {
        Self::new(action, Wire::Named)
    }

    const fn new(action: &'static str, wire: Wire) -> Self {
        Self {
            action,
            also: &[],
            wire_name: None,
            wire,
            status: 200,
            grants: &[],
            admission: Admission::Policy,
            resource: None,
        }
    }

    #[must_use]
    pub const fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// The managed policies that contain the action, and since which of their versions.
    #[must_use]
    pub const fn granted(mut self, grants: &'static [Grant]) -> Self {
        self.grants = grants;
        self
    }

    #[must_use]
    pub const fn also(mut self, spellings: &'static [&'static str]) -> Self {
        self.also = spellings;
        self
    }

    #[must_use]
    pub const fn wire_name(mut self, name: &'static str) -> Self {
        self.wire_name = Some(name);
        self
    }

    /// Of a planned operation: what its action is asked on, such as `vc/{VoiceConnectorId}`.
    #[must_use]
    pub const fn on(mut self, resource: &'static str) -> Self {
        self.resource = Some(resource);
        self
    }

    #[must_use]
    pub const fn admission(mut self, admission: Admission) -> Self {
        self.admission = admission;
        self
    }

    /// The operation's name on the wire.
    pub fn name(&self) -> &'static str {
        self.wire_name
            .unwrap_or_else(|| self.action.split_once(':').map_or(self.action, |(_, name)| name))
    }

    /// Whether the action is a row of the published table, which is what version 1 of FullAccess holds.
    pub fn in_table(&self) -> bool {
        self.grants
            .iter()
            .any(|grant| grant.policy == ManagedPolicy::FullAccess && grant.since == 1)
    }
}

/// Who is let in without a policy that says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// Nobody: the caller's policies decide.
    Policy,
    /// Whoever presents valid credentials, as for `sts:GetCallerIdentity`.
    Authenticated,
    /// Nobody: policies decide, but about whom the input proves, because such requests are not signed.
    Introduced,
}

/// The three AWS managed policies of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ManagedPolicy {
    FullAccess,
    UserManagement,
    ReadOnly,
}

impl ManagedPolicy {
    pub const ALL: [Self; 3] = [Self::FullAccess, Self::UserManagement, Self::ReadOnly];

    pub const fn name(self) -> &'static str {
        match self {
            Self::FullAccess => "AmazonChimeFullAccess",
            Self::UserManagement => "AmazonChimeUserManagement",
            Self::ReadOnly => "AmazonChimeReadOnly",
        }
    }

    pub const fn description(self) -> &'static str {
        match self {
            Self::FullAccess => "Everything an administrator of Amazon Chime can do",
            Self::UserManagement => "All user management, and a view of account settings and configuration",
            Self::ReadOnly => "A view of the Amazon Chime console",
        }
    }
}

/// A place of the action in a managed policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    pub policy: ManagedPolicy,
    /// The first version of the policy that has the action. Version 1 is the published table.
    pub since: u32,
}

impl Grant {
    pub const fn since(policy: ManagedPolicy, since: u32) -> Self {
        Self { policy, since }
    }
}

/// The table's columns.
pub const FA: Grant = Grant::since(ManagedPolicy::FullAccess, 1);
pub const UM: Grant = Grant::since(ManagedPolicy::UserManagement, 1);
pub const RO: Grant = Grant::since(ManagedPolicy::ReadOnly, 1);

/// IAM's access levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessLevel {
    List,
    Read,
    Write,
    PermissionsManagement,
    Tagging,
}

impl AccessLevel {
    /// As AWS's references write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::List => "List",
            Self::Read => "Read",
            Self::Write => "Write",
            Self::PermissionsManagement => "Permissions management",
            Self::Tagging => "Tagging",
        }
    }

    /// Whether operations of this level change nothing.
    pub const fn reads_only(self) -> bool {
        matches!(self, Self::List | Self::Read)
    }
}

/// An access level as a type, which decides what its operations may do to the database.
pub trait Access: Send + Sync + 'static {
    const LEVEL: AccessLevel;
    type Tx: Transaction;
}

/// A transaction of either kind, with the way it ends.
pub trait Transaction: Sized + Send {
    fn begin(store: &Store) -> impl Future<Output = Result<Self, StoreError>> + Send;

    fn reader(&mut self) -> &mut ReadTx;

    /// Makes the effect and its event durable, and returns when they are.
    fn conclude(self, store: &Store, event: &Event) -> impl Future<Output = Result<(), StoreError>> + Send;
}

impl Transaction for ReadTx {
    async fn begin(store: &Store) -> Result<Self, StoreError> {
        store.read().await
    }

    fn reader(&mut self) -> &mut ReadTx {
        self
    }

    async fn conclude(self, store: &Store, event: &Event) -> Result<(), StoreError> {
        drop(self);
        event.append(store).await
    }
}

impl Transaction for WriteTx {
    async fn begin(store: &Store) -> Result<Self, StoreError> {
        store.write().await
    }

    fn reader(&mut self) -> &mut ReadTx {
        self
    }

    async fn conclude(mut self, _: &Store, event: &Event) -> Result<(), StoreError> {
        event.insert(&mut self).await?;
        self.commit().await
    }
}

macro_rules! access_levels {
    ($($name:ident: $tx:ty),*) => {$(
        #[doc = concat!("The IAM access level `", stringify!($name), "`.")]
        #[derive(Debug)]
        pub struct $name;

        impl Access for $name {
            const LEVEL: AccessLevel = AccessLevel::$name;
            type Tx = $tx;
        }
    )*};
}

access_levels!(List: ReadTx, Read: ReadTx, Write: WriteTx, PermissionsManagement: WriteTx, Tagging: WriteTx);
