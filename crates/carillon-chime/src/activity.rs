//! What the products that people meet and chat in tell us, and the figures that come of it.
//!
//! Carillon hosts no media. A source sends events ([`event`]) in any order and more than once; each is kept once. A
//! meeting is what its events say ([`meeting`]), read again whenever one of them comes late, and what it counts for is
//! taken back and counted anew ([`figures`]). So the order of events and the cut into batches make no difference.

pub(crate) mod date;
pub(crate) mod event;
mod feed;
pub(crate) mod figures;
mod livekit;
pub(crate) mod meeting;
mod retention;
pub(crate) mod rows;
pub mod source;
mod take;

pub use event::read as read_events;
pub use feed::Feed;
pub(crate) use retention::forget_account_portion;
pub use retention::prune;
pub(crate) use take::take;

use std::time::Duration;

/// Events of one request.
pub const BATCH: usize = 500;
/// How old an event may be. What came before is settled.
pub(crate) const LATE: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How far the clock of a source may be ahead of ours.
pub(crate) const EARLY: Duration = Duration::from_secs(5 * 60);
/// Events of one meeting. A meeting is read as a whole when one of them comes late.
pub(crate) const MEETING: i64 = 50_000;
/// Events beyond those, if they say when the meeting began or ended: whoever fills a meeting with events must not keep
/// it from ending, and so from being reported.
pub(crate) const ENDS: i64 = 100;
