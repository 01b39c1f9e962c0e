//! What is known of condition keys, so that no analysis speaks of requests that cannot be.

use crate::validate::{KeyKind, global_key};

/// What a key can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Facts {
    /// The values are all of this kind.
    pub kind: Option<Kind>,
    /// Every request has the key.
    pub always: bool,
    /// Whether the key can hold a list. `None`: not known, so that the policies' own use of the key tells.
    pub lists: Option<bool>,
}

/// A kind of value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Number,
    Date,
    Address,
}

/// The facts of a key, in lower case.
pub(super) fn of(key: &str) -> Facts {
    let global = global_key(key);
    let kind = match (key, global.map(|global| global.kind)) {
        ("sts:durationseconds", _) | (_, Some(KeyKind::Number)) => Some(Kind::Number),
        (_, Some(KeyKind::Bool)) => Some(Kind::Bool),
        (_, Some(KeyKind::Date)) => Some(Kind::Date),
        (_, Some(KeyKind::Address)) => Some(Kind::Address),
        (_, Some(KeyKind::Text | KeyKind::Arn | KeyKind::Binary) | None) => None,
    };
    // Source: IAM User Guide, "AWS global condition context keys", under "Availability".
    let always = matches!(
        key,
        "aws:currenttime"
            | "aws:epochtime"
            | "aws:securetransport"
            | "aws:requestedregion"
            | "aws:principaltype"
            | "aws:userid"
            | "aws:viaawsservice"
    );
    let lists = match (key, global) {
        ("sts:transitivetagkeys", _) => Some(true),
        (_, Some(global)) => Some(global.multivalued),
        (_, None) => None,
    };
    Facts { kind, always, lists }
}
