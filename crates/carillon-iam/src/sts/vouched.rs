//! What the operations have in common whose callers are proven by the word of an identity provider.

use carillon_aws::id::AwsAccountId;
use carillon_operation::{Asks, Caller, CallerKind, Fault, Target, WebIdentity};
use carillon_policy::Principal;

use super::role_session::{DURATION, SessionDuration, SessionTags};
use crate::error::Error;
use crate::tag::{self, Tag};

/// Tags of one session. Source: STS API Reference, `AssumeRoleWithSAML`.
const TAGS: usize = 50;

/// The caller for whom a provider vouches, in the AWS account of the role.
pub(super) fn caller(account: AwsAccountId, user_id: String, identity: WebIdentity) -> Caller {
    Caller {
        aws_account_id: account,
        arn: identity.provider.clone(),
        user_id,
        principal: Principal::WebIdentity {
            provider: identity.provider.clone(),
        },
        kind: CallerKind::WebIdentity(identity),
        access_key_id: String::new(),
        tags: Vec::new(),
        session: None,
    }
}

/// The actions that `$action` asks for, by what the provider says besides: nothing, tags, a source identity, both.
macro_rules! asks {
    ($caller:expr, $action:literal) => {
        $crate::sts::vouched::asked(
            $caller,
            [
                &[&[$action]],
                &[&[$action], &["sts:TagSession"]],
                &[&[$action], &["sts:SetSourceIdentity"]],
                &[&[$action], &["sts:TagSession"], &["sts:SetSourceIdentity"]],
            ],
        )
    };
}
pub(super) use asks;

pub(super) fn asked(caller: &Caller, each: [Asks; 4]) -> Option<Asks> {
    let identity = caller.web_identity()?;
    let [plain, tags, source, both] = each;
    let has_tags = !identity.tags.is_empty() || !identity.transitive_tag_keys.is_empty();
    Some(match (has_tags, identity.source_identity.is_some()) {
        (false, false) => plain,
        (true, false) => tags,
        (false, true) => source,
        (true, true) => both,
    })
}

pub(super) fn introduced(caller: &Caller) -> Result<&WebIdentity, Fault> {
    caller
        .web_identity()
        .ok_or_else(|| Fault::internal("an operation for identities of providers without one"))
}

/// Adds what the provider says to what the policies are asked about.
pub(super) fn tell(
    target: &mut Target,
    identity: &WebIdentity,
    session_name: &str,
    duration: Option<SessionDuration>,
) {
    target.claims.clone_from(&identity.claims);
    target.request_tags.clone_from(&identity.tags);
    target.tag_keys = identity.tags.iter().map(|(key, _)| key.clone()).collect();
    let duration = duration.map_or(DURATION, SessionDuration::get);
    target.keys = vec![
        ("sts:rolesessionname", session_name.to_owned()),
        ("sts:durationseconds", duration.to_string()),
    ];
    if let Some(source) = &identity.source_identity {
        target.keys.push(("sts:sourceidentity", source.clone()));
    }
    if !identity.transitive_tag_keys.is_empty() {
        let keys = identity.transitive_tag_keys.clone();
        target.multivalued_keys.push(("sts:transitivetagkeys", keys));
    }
}

/// The tags that the provider gives the session, which have the form of any tags; else `malformed`.
pub(super) fn session_tags(identity: &WebIdentity, malformed: &'static str) -> Result<SessionTags, Error> {
    let malformed = || rejected(malformed);
    if identity.tags.len() > TAGS {
        return Err(malformed());
    }
    let mut tags = Vec::with_capacity(identity.tags.len());
    for (key, value) in &identity.tags {
        tags.push(Tag {
            key: key.parse().map_err(|_| malformed())?,
            value: value.parse().map_err(|_| malformed())?,
        });
    }
    tag::check(&tags)?;
    let is_given = |key: &String| {
        identity
            .tags
            .iter()
            .any(|(known, _)| known.to_lowercase() == key.to_lowercase())
    };
    if !identity.transitive_tag_keys.iter().all(is_given) {
        return Err(malformed());
    }
    Ok(SessionTags {
        tags: identity.tags.clone(),
        transitive_tag_keys: identity.transitive_tag_keys.clone(),
    })
}

pub(super) fn rejected(message: &'static str) -> Error {
    Error::Fault(Fault::refused(403, "IDPRejectedClaim", message))
}
