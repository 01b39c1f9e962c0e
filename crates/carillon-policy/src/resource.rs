//! `Resource` and `NotResource` strings.

use std::cell::OnceCell;

use crate::context::Context;
use crate::decision::PolicyKind;
use crate::pattern::{Language, Match, Pattern};

/// One string of a `Resource` or `NotResource` element.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ResourcePattern {
    /// `*`, the only element that matches a request whose resource is `*`.
    Any,
    Arn(Box<[Pattern; 6]>),
    /// Fewer than six parts; what that means depends on the type of the policy.
    Short {
        parts: Box<[Pattern]>,
        star: bool,
        ends_in_star: bool,
    },
    /// Not even a string; only lenient reading lets it this far.
    Unusable,
}

/// What one element says about a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Yes,
    No,
    /// Matches nothing, and keeps a `NotResource` statement from applying.
    Unusable,
}

/// The resource of a request, taken apart once, if somebody asks for the parts.
#[repr(C)]
pub(crate) struct RequestResource<'a> {
    text: &'a str,
    parts: OnceCell<Option<[&'a str; 6]>>,
}

impl<'a> RequestResource<'a> {
    pub fn new(text: &'a str) -> RequestResource<'a> {
        RequestResource {
            text,
            parts: OnceCell::new(),
        }
    }

    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The six parts of the ARN, if it is one.
    pub fn parts(&self) -> Option<&[&'a str; 6]> {
        self.parts.get_or_init(|| split(self.text)).as_ref()
    }
}

/// The six parts of an ARN; the last one keeps its own colons.
pub(crate) fn split(arn: &str) -> Option<[&str; 6]> {
    let mut parts = arn.splitn(6, ':');
    let mut next = || parts.next();
    Some([next()?, next()?, next()?, next()?, next()?, next()?])
}

impl ResourcePattern {
    /// `variables`: whether the document's version has them.
    pub fn compile(text: &str, variables: bool) -> ResourcePattern {
        if text == "*" {
            return ResourcePattern::Any;
        }
        let plain = |part: &str| {
            Pattern::compile(
                part,
                Language {
                    variables: false,
                    wildcards: true,
                },
            )
        };
        match split(text) {
            // Only the sixth part may hold variables.
            Some([arn, partition, service, region, account, resource]) => ResourcePattern::Arn(Box::new([
                plain(arn),
                plain(partition),
                plain(service),
                plain(region),
                plain(account),
                Pattern::compile(
                    resource,
                    Language {
                        variables,
                        wildcards: true,
                    },
                ),
            ])),
            None => ResourcePattern::Short {
                parts: text.split(':').map(plain).collect(),
                star: text.contains('*'),
                ends_in_star: text.ends_with('*'),
            },
        }
    }

    /// Whether this is a pattern that matches.
    pub fn matches(&self, kind: PolicyKind, resource: &RequestResource<'_>, context: &dyn Context) -> bool {
        self.answer(kind, resource, context) == Answer::Yes
    }

    fn answer(&self, kind: PolicyKind, resource: &RequestResource<'_>, context: &dyn Context) -> Answer {
        match self {
            ResourcePattern::Any => Answer::Yes,
            ResourcePattern::Unusable => Answer::Unusable,
            ResourcePattern::Arn(patterns) => {
                let Some(parts) = resource.parts() else {
                    return Answer::No;
                };
                let [head @ .., last] = &**patterns;
                let [head_parts @ .., last_part] = parts;
                if !head
                    .iter()
                    .zip(head_parts)
                    .all(|(pattern, part)| pattern.matches_plain(part))
                {
                    return Answer::No;
                }
                match last.matches(last_part, context) {
                    Match::Yes => Answer::Yes,
                    Match::No => Answer::No,
                    // Only this part was left to decide, and nobody can say: the safe reading.
                    Match::Unresolved => Answer::Unusable,
                }
            }
            ResourcePattern::Short {
                parts: patterns,
                star,
                ends_in_star,
            } => {
                let readable = match kind {
                    PolicyKind::Identity | PolicyKind::Boundary | PolicyKind::Session => true,
                    PolicyKind::Resource | PolicyKind::Trust | PolicyKind::Endpoint => {
                        if !star {
                            return Answer::No;
                        }
                        true
                    }
                    PolicyKind::ServiceControl => *ends_in_star,
                    PolicyKind::ResourceControl => false,
                };
                if !readable {
                    return Answer::Unusable;
                }
                let Some(parts) = resource.parts() else {
                    return Answer::No;
                };
                // The missing parts are stars.
                match patterns
                    .iter()
                    .zip(parts)
                    .all(|(pattern, part)| pattern.matches_plain(part))
                {
                    true => Answer::Yes,
                    false => Answer::No,
                }
            }
        }
    }
}

/// The resource element of a statement.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ResourceElement {
    pub resource: Option<Vec<ResourcePattern>>,
    pub not_resource: Option<Vec<ResourcePattern>>,
}

impl ResourceElement {
    /// Whether the element lets the request through. With neither list (role trust policies) it always does.
    pub fn matches(&self, kind: PolicyKind, resource: &RequestResource<'_>, context: &dyn Context) -> bool {
        let answers = |patterns: &[ResourcePattern], wanted: fn(Answer) -> bool| {
            patterns
                .iter()
                .any(|pattern| wanted(pattern.answer(kind, resource, context)))
        };
        self.resource
            .as_deref()
            .is_none_or(|patterns| answers(patterns, |answer| answer == Answer::Yes))
            && !self
                .not_resource
                .as_deref()
                .is_some_and(|patterns| answers(patterns, |answer| answer != Answer::No))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::MapContext;

    const KINDS: [PolicyKind; 8] = [
        PolicyKind::Identity,
        PolicyKind::Boundary,
        PolicyKind::Session,
        PolicyKind::Resource,
        PolicyKind::Trust,
        PolicyKind::Endpoint,
        PolicyKind::ServiceControl,
        PolicyKind::ResourceControl,
    ];

    fn answer(pattern: &str, kind: PolicyKind, resource: &str) -> Answer {
        let mut context = MapContext::new();
        context.set("aws:username", "ana").set("star", "*");
        ResourcePattern::compile(pattern, true).answer(kind, &RequestResource::new(resource), &context)
    }

    #[test]
    fn arns_match_part_by_part() {
        let object = "arn:aws:s3:::b/ana/x:y";
        for (pattern, resource, expected) in [
            ("*", object, Answer::Yes),
            ("*", "*", Answer::Yes),
            ("*", "no arn", Answer::Yes),
            ("arn:aws:s3:::b/*", object, Answer::Yes),
            ("arn:aws:s3:::b/*:y", object, Answer::Yes),
            ("arn:*:s3:*:*:*", object, Answer::Yes),
            ("arn:aws:s?:::b/ana/?:?", object, Answer::Yes),
            ("arn:aws:S3:::b/*", object, Answer::No),
            ("arn:aws:s3:::B/*", object, Answer::No),
            ("arn:aws:*:b:ana/x:y", object, Answer::No),
            ("*:*:*:*:*:*", object, Answer::Yes),
            ("arn:aws:s3:::b/${aws:username}/*", object, Answer::Yes),
            ("arn:aws:s3:::b/${star}/*", object, Answer::No),
            ("arn:aws:s3:::b/${star}/x", "arn:aws:s3:::b/*/x", Answer::Yes),
            ("arn:aws:s3:::b/${none}/*", object, Answer::Unusable),
            ("arn:aws:sqs:::b/${none}/*", object, Answer::No),
            ("arn:aws:${svc, 's3'}:::b/*", object, Answer::No),
            ("arn:aws:s3:::*", "*", Answer::No),
            ("*:*:*:*:*:*", "*", Answer::No),
            ("arn:aws:s3:::b", "arn:aws:s3:::*", Answer::No),
            ("arn:aws:s3:::${*}", "arn:aws:s3:::*", Answer::Yes),
            ("arn:aws:iam::1:*/i-1", "arn:aws:iam::1:user/i-1", Answer::Yes),
        ] {
            for kind in KINDS {
                assert_eq!(
                    answer(pattern, kind, resource),
                    expected,
                    "{pattern} on {resource} in {kind:?}"
                );
            }
        }
    }

    #[test]
    fn short_arns_depend_on_the_type_of_policy() {
        use Answer::{No, Unusable, Yes};
        let queue = "arn:aws:sqs:eu-west-1:111122223333:q";
        for (pattern, expected) in [
            //                           identity …        resource …     SCP       RCP
            ("arn:aws:sqs", [Yes, Yes, Yes, No, No, No, Unusable, Unusable]),
            ("arn:aws:sqs:*", [Yes, Yes, Yes, Yes, Yes, Yes, Yes, Unusable]),
            ("arn:*:sqs", [Yes, Yes, Yes, Yes, Yes, Yes, Unusable, Unusable]),
            ("arn:*:s3", [No, No, No, No, No, No, Unusable, Unusable]),
            ("arn:aws:s3:*", [No, No, No, No, No, No, No, Unusable]),
            ("**", [Yes, Yes, Yes, Yes, Yes, Yes, Yes, Unusable]),
            ("", [No, No, No, No, No, No, Unusable, Unusable]),
        ] {
            assert_eq!(
                KINDS.map(|kind| answer(pattern, kind, queue)),
                expected,
                "{pattern}"
            );
        }
    }

    #[test]
    fn an_element_of_a_not_resource_excludes_only_what_it_matches() {
        let element = |not_resource: &[&str]| ResourceElement {
            resource: None,
            not_resource: Some(
                not_resource
                    .iter()
                    .map(|text| ResourcePattern::compile(text, true))
                    .collect(),
            ),
        };
        let applies = |patterns: &[&str], kind, resource| {
            element(patterns).matches(kind, &RequestResource::new(resource), &MapContext::new())
        };
        let object = "arn:aws:s3:::b/x";
        for (patterns, kind, resource, expected) in [
            (["arn:aws:s3:::c/*"], PolicyKind::Identity, object, true),
            (["arn:aws:s3:::b/*"], PolicyKind::Identity, object, false),
            (["*"], PolicyKind::Identity, "*", false),
            (["arn:aws:s3:::b/*"], PolicyKind::Identity, "*", true),
            (["arn:aws:s3:::b/${none}"], PolicyKind::Identity, object, false),
            (["arn:aws:sqs:::b/${none}"], PolicyKind::Identity, object, true),
            (["arn:aws:sqs"], PolicyKind::Identity, object, true),
            (["arn:aws:s3"], PolicyKind::Resource, object, true),
            (["arn:aws:sqs"], PolicyKind::ServiceControl, object, false),
            (["arn:aws:sqs:*"], PolicyKind::ResourceControl, object, false),
        ] {
            assert_eq!(
                applies(&patterns, kind, resource),
                expected,
                "{patterns:?} on {resource} in {kind:?}"
            );
        }
        assert!(applies(&[], PolicyKind::Identity, object));
        let neither = ResourceElement {
            resource: None,
            not_resource: None,
        };
        assert!(neither.matches(PolicyKind::Trust, &RequestResource::new("*"), &MapContext::new()));
    }
}
