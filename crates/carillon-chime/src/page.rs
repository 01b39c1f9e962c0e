//! Where a page of a list begins: what `NextToken` says.

use carillon_aws::time::Timestamp;
use carillon_operation::{Context, Operation};

use crate::error::Error;

/// The place at which the page before ended, as `read` finds it in the token's key; `first` where there is no token.
///
/// # Errors
///
/// `BadRequest` when the token is not one of this list with these filters.
pub(crate) fn beginning<O: Operation, T>(
    cx: &Context<'_, O>,
    token: Option<&String>,
    filters: &[&str],
    first: T,
    read: impl FnOnce(&[String]) -> Option<T>,
) -> Result<T, Error> {
    let Some(token) = token else { return Ok(first) };
    cx.place(token, filters)
        .and_then(|key| read(&key))
        .ok_or_else(Error::next_token)
}

/// A place in a list that goes by time and identifier.
pub(crate) fn time_and_id(key: &[String]) -> Option<(Timestamp, String)> {
    let [at, id] = key else { return None };
    Some((Timestamp::from_micros(at.parse().ok()?), id.clone()))
}
