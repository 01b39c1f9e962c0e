//! Everything beyond the process that jobs, and proofs of identity, ask for. Each is a narrow trait with one real implementation.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use carillon_aws::id::AwsAccountId;
use carillon_aws::time::Timestamp;

use crate::caller::BoxFuture;

/// Everything beyond the process.
#[derive(Clone, Default)]
pub struct Outside {
    /// Absent when the operator configured no mail relay.
    pub mail: Option<Arc<dyn MailRelay>>,
    /// Absent where nothing may be asked of other servers.
    pub documents: Option<Arc<dyn Documents>>,
    /// Absent in tests that have nothing to keep there.
    pub objects: Option<Arc<dyn Objects>>,
    /// Absent when no name server is known.
    pub txt: Option<Arc<dyn TxtRecords>>,
    /// Absent where nothing may be told to other products.
    pub delivery: Option<Arc<dyn Delivery>>,
}

/// Looks up what the owners of domains say in the DNS, afresh each time.
pub trait TxtRecords: Send + Sync {
    /// The TXT records of a name, the strings of each joined. That there are none is an answer. It is asked for an AWS
    /// account: none keeps the others from asking.
    fn look_up<'a>(
        &'a self,
        name: &'a str,
        asker: AwsAccountId,
    ) -> BoxFuture<'a, Result<Vec<Vec<u8>>, NoAnswer>>;
}

/// Why nothing is known of a name.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    /// No server gave an answer that counts: it failed, took too long, or said too much.
    #[error("{0}")]
    Failed(String),
    /// Nobody was asked, because too many questions are open.
    #[error("too much is being looked up")]
    Busy,
}

/// Posts to other products, by HTTPS, at addresses that administrators or operators chose.
pub trait Delivery: Send + Sync {
    /// The answer, whatever its status. A redirection is not followed.
    fn post<'a>(&'a self, post: Post<'a>) -> BoxFuture<'a, Result<Reply, Unavailable>>;
}

/// What is posted.
#[derive(Debug, Clone, Copy)]
pub struct Post<'a> {
    /// An `https://` address.
    pub url: &'a str,
    pub content_type: &'a str,
    /// Further headers.
    pub headers: &'a [(&'a str, &'a str)],
    pub body: &'a [u8],
    /// How long it may take at most.
    pub patience: Duration,
}

/// What was answered to a post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    /// Bounded: an answer with a larger body is none.
    pub body: Bytes,
}

/// Keeps objects: what people upload, and what is made for them. Keys have parts with `/` between them.
pub trait Objects: Send + Sync {
    /// Keeps what `content` gives under a key, whole or not at all.
    fn put<'a>(
        &'a self,
        key: &'a str,
        label: Label<'a>,
        content: &'a mut dyn Chunks,
    ) -> BoxFuture<'a, Result<(), ObjectError>>;

    /// An object, or those of its bytes that are in the range.
    fn get<'a>(
        &'a self,
        key: &'a str,
        range: Option<Range<u64>>,
    ) -> BoxFuture<'a, Result<Box<dyn Chunks>, ObjectError>>;

    /// How many bytes an object has, or nothing if there is none.
    fn size<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<u64>, ObjectError>>;

    /// An address under which anybody can fetch the object for a while.
    fn link<'a>(
        &'a self,
        key: &'a str,
        label: Label<'a>,
        now: Timestamp,
        lifetime: Duration,
    ) -> BoxFuture<'a, Result<String, ObjectError>>;

    /// Deletes an object. It is no error if there is none.
    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), ObjectError>>;

    /// Deletes everything whose key begins with these parts.
    fn delete_all<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<(), ObjectError>>;
}

/// How an object is offered to whoever fetches it.
#[derive(Debug, Clone, Copy)]
pub struct Label<'a> {
    pub file_name: &'a str,
    pub content_type: &'a str,
}

/// Bytes that come piece by piece.
pub trait Chunks: Send {
    /// The next piece; nothing after the last one.
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Bytes>, ObjectError>>;
}

/// Bytes that are there already are one piece.
impl Chunks for Option<Bytes> {
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Bytes>, ObjectError>> {
        let piece = self.take();
        Box::pin(async move { Ok(piece) })
    }
}

/// Why the object store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    #[error("there is no such object")]
    Absent,
    /// What was to be kept did not come whole.
    #[error("the content ended early: {0}")]
    Broken(String),
    /// It may do it later. This is for the log, not for strangers.
    #[error("the object store does not answer: {0}")]
    Unavailable(String),
}

/// Fetches what identity providers publish, by HTTPS. Answers may be some minutes old.
pub trait Documents: Send + Sync {
    fn fetch<'a>(&'a self, wanted: Wanted<'a>) -> BoxFuture<'a, Result<Arc<[u8]>, Unavailable>>;
}

/// A document of an identity provider.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// An `https://` address.
    pub url: &'a str,
    /// SHA-1 digests, in hexadecimal, of certificates that are trusted if nothing else vouches for the server.
    pub thumbprints: &'a [String],
    /// The answer that is known is not good enough. It may be given again all the same, if it is quite new.
    pub afresh: bool,
}

/// Why there is no document, or no answer. It is for the log, not for strangers.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unavailable(pub String);

/// A message to one person. The sender is the operator's.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Mail {
    pub to: String,
    /// Where answers go, if not to the sender.
    pub reply_to: Option<String>,
    pub subject: String,
    pub text: String,
    pub html: String,
    /// The same for each try of one mail, so that a relay can tell repetitions.
    pub message_id: String,
}

/// Takes mail for delivery.
pub trait MailRelay: Send + Sync {
    fn send<'a>(&'a self, mail: &'a Mail) -> BoxFuture<'a, Result<(), MailError>>;
}

/// Why a relay did not take a mail.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// It will never take it (5xx): the address does not exist, or we may not send.
    #[error("refused: {0}")]
    Refused(String),
    /// It may take it later (4xx), or did not answer.
    #[error("not taken now: {0}")]
    Later(String),
}
