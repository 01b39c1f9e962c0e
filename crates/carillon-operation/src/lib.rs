//! What is the same for every operation: declaring it, finding it, letting a caller in, deciding, carrying it
//! out in one transaction, recording it.
//!
//! * An operation is a type that implements [`Operation`]; its [`Spec`] is its declaration.
//! * A decision is a value: a handler takes a [`Context`], and only the pipeline makes one, from a
//!   [`Granted`].
//! * A request is one transaction: decision, effect and audit event are read and written together.

mod audit;
pub mod authorization_message;
mod authorize;
mod caller;
mod decision_record;
mod environment;
mod fault;
pub mod guard;
mod job;
mod link;
mod located;
mod measure;
mod operation;
mod origin;
mod outside;
mod page;
mod password;
mod pipeline;
mod rate_limit;
mod registry;
mod retention;
mod service_event;
mod spec;
mod strangers;
mod terms;
mod think;
mod trail;
mod turns;
mod vault;

pub use audit::Event;
pub use authorize::Granted;
pub use caller::{
    BoxFuture, Call, Caller, CallerKind, Credentials, Identities, SamlSubject, SecondFactor, Session,
    TransportSecurity, Unidentified, WebIdentity,
};
pub use decision_record::{Archive, Asked, Recorded, StoredPolicy, StoredStanding, TakenFrom};
pub use environment::{Environment, Settings};
pub use fault::Fault;
pub use job::{AnyJob, Claimed, Job, JobError, JobRunner, enqueue, enqueue_at_once, job};
pub use link::{Link, Opened};
pub use located::{Lent, Locate, Located};
pub use operation::{
    AnyOperation, Asks, Context, Failed, Introduction, Operation, Planned, Request, Target, Unknown,
    operation,
};
pub use origin::is_from_here;
pub use outside::{
    Chunks, Delivery, Documents, Label, Mail, MailError, MailRelay, NoAnswer, ObjectError, Objects, Outside,
    Post, Reply, TxtRecords, Unavailable, Wanted,
};
pub use page::Page;
pub use password::{Entrance, Hashing};
pub use pipeline::{ConsoleRequest, Peer, Pipeline};
pub use registry::{
    AwsManagedPolicy, Entry, Group, Registry, ResourceOf, Service, ServiceEntry, StaticPolicy,
};
pub use retention::prune;
pub use service_event::ServiceEvent;
pub use spec::{
    Access, AccessLevel, Admission, FA, Grant, List, ManagedPolicy, PermissionsManagement, RO, Read, Spec,
    Tagging, Transaction, UM, Wire, Write,
};
pub use terms::{KeyTerm, ResourceTerms, Terms};
pub use trail::{CLOUDTRAIL, Place};
pub use turns::{Turn, Turns};
pub use vault::Vault;

/// The Region this server is.
pub const REGION: &str = "us-east-1";
