//! `Resource` and `NotResource` strings.

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

/// The resource of a request, taken apart once.
pub(crate) struct RequestResource<'a> {
    parts: Option<[&'a str; 6]>,
}

impl<'a> RequestResource<'a> {
    pub fn new(text: &'a str) -> RequestResource<'a> {
        RequestResource { parts: split(text) }
    }

    /// The six parts of the ARN, if it is one.
    pub fn parts(&self) -> Option<&[&'a str; 6]> {
        self.parts.as_ref()
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

    fn answer(&self, kind: PolicyKind, resource: &RequestResource<'_>, context: &dyn Context) -> Answer {
        match self {
            ResourcePattern::Any => Answer::Yes,
            ResourcePattern::Unusable => Answer::Unusable,
            ResourcePattern::Arn(patterns) => {
                let Some(parts) = resource.parts else {
                    return Answer::No;
                };
                let [head @ .., last] = &**patterns;
                let [head_parts @ .., last_part] = &parts;
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
                let Some(parts) = resource.parts else {
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
