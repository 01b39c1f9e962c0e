//! Pages of IAM's lists: `MaxItems` and `Marker` in, `IsTruncated` and `Marker` out.

use carillon_aws::shape::Ranged;
use carillon_operation::{Context, Operation};

use crate::error::Error;
use crate::name::Marker;

/// Items of a page. Source: IAM API Reference, `maxItemsType`.
pub(crate) type MaxItems = Ranged<1, 1000>;

/// Items of a page whose request does not say how many.
const DEFAULT: usize = 100;

/// Sorts after every path that begins with what stands before it: paths are ASCII.
const AFTER_ALL: char = '\u{10FFFF}';

/// How many items the page has.
pub(crate) fn limit(max_items: Option<MaxItems>) -> usize {
    max_items
        .and_then(|max| usize::try_from(max.get()).ok())
        .unwrap_or(DEFAULT)
}

/// One more than the page has, to know whether there is another: what a statement is limited to.
pub(crate) fn fetched(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1)
}

/// The key at which the page before ended, of `N` parts; empty texts for the first page.
///
/// # Errors
///
/// [`Error::InvalidInput`] when the marker is not one of this list.
pub(crate) fn after<O: Operation, const N: usize>(
    cx: &Context<'_, O>,
    marker: Option<&Marker>,
    filters: &[&str],
) -> Result<[String; N], Error> {
    match marker {
        None => Ok([const { String::new() }; N]),
        Some(marker) => cx
            .place(marker.as_str(), filters)
            .and_then(|key| key.try_into().ok())
            .ok_or_else(|| Error::InvalidInput("Invalid Marker.".to_owned())),
    }
}

/// The end of the range of paths that begin with `prefix`, exclusive.
pub(crate) fn end_of(prefix: &str) -> String {
    format!("{prefix}{AFTER_ALL}")
}
