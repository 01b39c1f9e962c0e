//! Policies that a simulation leaves out.

use carillon_aws::arn::Arn;
use carillon_aws::{string_enum, string_type};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::entity::EntityKind;
use crate::error::Error;
use crate::holding::Held;
use crate::name::{self, PolicyName};

string_enum! {
    /// A kind of policies.
    pub(crate) enum PolicyIdentifierPolicyType {
        Inline = "inline",
        AwsManaged = "aws-managed",
        UserManaged = "user-managed",
        PermissionBoundary = "permission-boundary",
        ServiceControl = "scp",
        ResourceControl = "rcp",
    }
}

string_enum! {
    /// What an inline policy is on.
    pub(crate) enum AttachmentType {
        User = "user",
        Group = "group",
        Role = "role",
    }
}

string_type! {
    /// The name of a user, group or role; `*` and `?` stand for others.
    pub AttachmentName, min: 1, max: 128, example: "ada"
}

/// Policies to leave out: by kind, by ARN, or by the name of an inline policy. Exactly one of the three.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PolicyIdentifier {
    policy_type: Option<PolicyIdentifierPolicyType>,
    policy_arn: Option<name::Arn>,
    inline_policy_identifier: Option<InlinePolicyIdentifier>,
}

/// An inline policy by its name and by what it is on.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct InlinePolicyIdentifier {
    policy_name: PolicyName,
    attachment_type: AttachmentType,
    attachment_name: AttachmentName,
}

/// What is left out.
#[derive(Default)]
pub(super) struct Exclusions<'a>(Vec<Exclusion<'a>>);

enum Exclusion<'a> {
    Kind(PolicyIdentifierPolicyType),
    Managed(&'a str),
    Inline(&'a InlinePolicyIdentifier),
}

impl<'a> Exclusions<'a> {
    /// # Errors
    ///
    /// [`Error::InvalidInput`] for an identifier that is none: not exactly one of the three, no ARN of a policy, or a
    /// wildcard where none may be.
    pub fn read(identifiers: &'a [PolicyIdentifier]) -> Result<Self, Error> {
        let exclusions = identifiers.iter().map(|identifier| {
            match (
                identifier.policy_type,
                &identifier.policy_arn,
                &identifier.inline_policy_identifier,
            ) {
                (Some(kind), None, None) => Ok(Exclusion::Kind(kind)),
                (None, Some(arn), None) => managed(arn.as_str()),
                (None, None, Some(inline)) => inline_on(inline),
                _ => Err(invalid(
                    "it must have exactly one of PolicyType, PolicyArn and InlinePolicyIdentifier",
                )),
            }
        });
        exclusions.collect::<Result<_, _>>().map(Self)
    }

    pub fn leaves_out(&self, held: &Held) -> bool {
        use PolicyIdentifierPolicyType as Kind;
        let aws_managed = held
            .arn
            .as_deref()
            .map(|arn| arn.starts_with("arn:aws:iam::aws:"));
        self.0.iter().any(|exclusion| match exclusion {
            Exclusion::Kind(Kind::Inline) => aws_managed.is_none(),
            Exclusion::Kind(Kind::AwsManaged) => aws_managed == Some(true),
            Exclusion::Kind(Kind::UserManaged) => aws_managed == Some(false),
            // Here is no organization.
            Exclusion::Kind(Kind::PermissionBoundary | Kind::ServiceControl | Kind::ResourceControl) => false,
            Exclusion::Managed(pattern) => held.arn.as_deref().is_some_and(|arn| matches(pattern, arn)),
            Exclusion::Inline(inline) => held.arn.is_none() && is(inline, held),
        })
    }

    pub fn leaves_out_boundary(&self, boundary: &str) -> bool {
        use PolicyIdentifierPolicyType::PermissionBoundary;
        self.0.iter().any(|exclusion| match exclusion {
            Exclusion::Kind(kind) => *kind == PermissionBoundary,
            Exclusion::Managed(pattern) => matches(pattern, boundary),
            Exclusion::Inline(_) => false,
        })
    }
}

fn invalid(why: &str) -> Error {
    Error::InvalidInput(format!("A policy to exclude is not valid: {why}."))
}

fn managed(arn: &str) -> Result<Exclusion<'_>, Error> {
    let policy = Arn::parse(arn).ok().filter(|arn| {
        let known = arn.account == "aws" || arn.account_id().is_some();
        arn.service == "iam" && arn.region.is_empty() && known && arn.resource.starts_with("policy/")
    });
    let policy = policy.ok_or_else(|| invalid("its PolicyArn is not the ARN of a managed policy"))?;
    if policy.resource.matches('*').count() > 1 || policy.partition.contains(['*', '?']) {
        return Err(invalid("only its name may have wildcards, and at most one star"));
    }
    Ok(Exclusion::Managed(arn))
}

fn inline_on(inline: &InlinePolicyIdentifier) -> Result<Exclusion<'_>, Error> {
    let name = inline.attachment_name.as_str();
    let fits = |character: char| character.is_ascii_alphanumeric() || "_+=,.@-*?".contains(character);
    if !name.chars().all(fits) || name.matches('*').count() > 1 {
        return Err(invalid(
            "its AttachmentName is no name, or has more than one star",
        ));
    }
    Ok(Exclusion::Inline(inline))
}

fn is(inline: &InlinePolicyIdentifier, held: &Held) -> bool {
    let wanted = match inline.attachment_type {
        AttachmentType::User => EntityKind::User,
        AttachmentType::Group => EntityKind::Group,
        AttachmentType::Role => EntityKind::Role,
    };
    let Some((kind, name)) = super::principal::entity(&held.holder) else {
        return false;
    };
    kind == wanted
        && held.name == inline.policy_name.as_str()
        && matches(inline.attachment_name.as_str(), name)
}

/// Whether a text matches a pattern with at most one `*`, and `?` for one character each.
fn matches(pattern: &str, text: &str) -> bool {
    let same = |pattern: &str, text: &str| {
        pattern.chars().count() == text.chars().count()
            && pattern
                .chars()
                .zip(text.chars())
                .all(|(wanted, found)| wanted == '?' || wanted == found)
    };
    let Some((start, end)) = pattern.split_once('*') else {
        return same(pattern, text);
    };
    let characters: Vec<(usize, char)> = text.char_indices().collect();
    let (before, after) = (start.chars().count(), end.chars().count());
    if characters.len() < before + after {
        return false;
    }
    let at = |number: usize| characters.get(number).map_or(text.len(), |(at, _)| *at);
    same(start, &text[..at(before)]) && same(end, &text[at(characters.len() - after)..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_have_one_star_and_any_number_of_question_marks() {
        for (pattern, text, expected) in [
            ("ada", "ada", true),
            ("ada", "adam", false),
            ("a?a", "ada", true),
            ("a?a", "aa", false),
            ("*", "", true),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("a*?m", "adam", true),
            ("é*", "éa", true),
            ("*é?", "aéb", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
