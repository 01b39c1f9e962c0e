//! Where in a text the thing is that IAM refuses to store it for.

use super::code::Code;
use super::finding::{Finding, Severity};
use super::{Catalogue, validate};
use crate::document::{Malformed, PolicyType};

/// The finding behind a refusal of [`Document::parse`](crate::Document::parse), if there is one: AWS says what is wrong, this says where and how
/// to mend it.
pub fn place_of_refusal(text: &str, ty: PolicyType, refusal: &Malformed) -> Option<Finding> {
    let codes = codes(&refusal.message);
    validate(text, ty, &Catalogue::default())
        .into_iter()
        .filter(|finding| codes.contains(&finding.code))
        // What the step behind the message objects to is an error, unless only emptiness is the matter.
        .min_by_key(|finding| {
            (
                finding.severity != Severity::Error,
                // What is missing from a text that breaks off may stand in the rest of it.
                finding.code != Code::JsonSyntaxError,
                codes.len() > 1 && finding.code == Code::UnsupportedPrincipal,
            )
        })
}

/// The findings that a message of AWS can be about.
fn codes(message: &str) -> &'static [Code] {
    const TEXT: &[Code] = &[
        Code::JsonSyntaxError,
        Code::UnsupportedCharacter,
        Code::PolicyTooLong,
        Code::InvalidPolicyElement,
        Code::DataTypeMismatch,
        Code::InvalidVersion,
        Code::MissingStatement,
        Code::MissingEffect,
        Code::InvalidEffect,
        Code::UnsupportedElementCombination,
        Code::InvalidConditionOperator,
        Code::InvalidPrincipalKey,
        // A principal of the wrong shape in a policy that has none is told as one that should not be there.
        Code::UnsupportedPrincipal,
    ];
    const STARTS: &[(&str, &[Code])] = &[
        ("Syntax errors", TEXT),
        (
            "Policy document must be version",
            &[Code::MissingVersion, Code::OutdatedVersion],
        ),
        (
            "The policy failed legacy parsing",
            &[
                Code::InvalidEffect,
                Code::TypeMismatch,
                Code::MissingArnField,
                Code::InvalidService,
            ],
        ),
        ("This policy contains invalid Json", &[Code::JsonSyntaxError]),
        ("Statement IDs (SID) must", &[Code::UnsupportedSid]),
        ("Statement IDs", &[Code::UniqueSidsRequired]),
        (
            "Policy statement must contain actions",
            &[Code::MissingAction, Code::EmptyArrayAction],
        ),
        (
            "Policy statement must contain resources",
            &[Code::MissingResource, Code::EmptyArrayResource],
        ),
        (
            "Policy document should not specify a principal",
            &[Code::UnsupportedPrincipal],
        ),
        (
            "Missing required field Principal",
            &[
                Code::MissingPrincipal,
                Code::EmptyObjectPrincipal,
                Code::EmptyArrayPrincipal,
            ],
        ),
        (
            "Invalid principal in policy",
            &[
                Code::InvalidPrincipalFormat,
                Code::UnsupportedWildcardInPrincipal,
                Code::InvalidServicePrincipalFormat,
                Code::VariableUnsupportedInElement,
            ],
        ),
        ("Has prohibited field", &[Code::UnsupportedElement]),
        (
            "AssumeRole policy may only",
            &[Code::UnsupportedActionInPolicy, Code::UnsupportedElement],
        ),
        ("Actions/Condition", &[Code::InvalidAction]),
        ("Vendor", &[Code::InvalidServiceInAction]),
        ("Partition", &[Code::InvalidPartition]),
        (
            "Resource vendor",
            &[Code::MissingArnField, Code::InvalidService, Code::ShortArn],
        ),
        ("Resource", &[Code::InvalidArnPrefix, Code::ArnRegionNotAllowed]),
        ("IAM resource path", &[Code::InvalidArnResource]),
        ("IAM resource", &[Code::ArnRegionNotAllowed]),
    ];
    STARTS
        .iter()
        .find(|(start, _)| message.starts_with(start))
        .map_or(&[], |(_, codes)| codes)
}
