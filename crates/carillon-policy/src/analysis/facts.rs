//! What is known of condition keys, so that no analysis speaks of requests that cannot be.

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

/// Source: IAM User Guide, "AWS global condition context keys". `key` in lower case.
pub(super) fn of(key: &str) -> Facts {
    let kind = match key {
        "aws:securetransport"
        | "aws:multifactorauthpresent"
        | "aws:viaawsservice"
        | "aws:principalisawsservice" => Some(Kind::Bool),
        "aws:multifactorauthage" | "sts:durationseconds" => Some(Kind::Number),
        "aws:currenttime" | "aws:epochtime" | "aws:tokenissuetime" => Some(Kind::Date),
        "aws:sourceip" | "aws:vpcsourceip" => Some(Kind::Address),
        _ => None,
    };
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
    let lists = match key {
        "aws:tagkeys"
        | "aws:calledvia"
        | "aws:principalorgpaths"
        | "aws:resourceorgpaths"
        | "aws:sourceorgpaths"
        | "aws:principalservicenameslist"
        | "sts:transitivetagkeys" => Some(true),
        _ if key.starts_with("aws:") => Some(false),
        _ => None,
    };
    Facts { kind, always, lists }
}
