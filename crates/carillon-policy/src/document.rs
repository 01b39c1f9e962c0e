//! Policy documents: read, compiled, immutable.

use std::sync::Arc;

use crate::action::{ActionElement, ActionPattern};
use crate::check;
use crate::condition::{self, Test};
use crate::pattern::Pattern;
use crate::principal::{NamedPrincipal, PrincipalElement};
use crate::resource::{ResourceElement, ResourcePattern};
use crate::syntax::{self, Node};

/// The longest text that is looked at, in characters. Source: IAM API Reference, `PolicyDocument`.
pub const LONGEST_DOCUMENT: usize = 131_072;

/// What a document is stored as; the type decides which elements it must and must not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PolicyType {
    /// On a user, group or role.
    Identity,
    /// On a resource other than a role.
    Resource,
    /// The trust policy of a role.
    Trust,
    /// A permissions boundary.
    Boundary,
    /// Passed when a session is made.
    Session,
    /// A service control policy of an organization.
    ServiceControl,
    /// A resource control policy of an organization.
    ResourceControl,
    /// On a VPC endpoint.
    Endpoint,
}

impl PolicyType {
    /// Whether statements of this type say whom they are about.
    pub fn names_principals(self) -> bool {
        match self {
            PolicyType::Resource | PolicyType::Trust | PolicyType::ResourceControl | PolicyType::Endpoint => {
                true
            }
            PolicyType::Identity
            | PolicyType::Boundary
            | PolicyType::Session
            | PolicyType::ServiceControl => false,
        }
    }
}

/// A parsed and compiled document. Share it in an [`Arc`]; it says nothing about where it is attached.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    text: Arc<str>,
    statements: Vec<Statement>,
}

/// Why the IAM interface does not store a document (`MalformedPolicyDocument`), in AWS's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Malformed {
    /// The message of the answer.
    pub message: String,
}

/// A text that lenient reading cannot make a document of.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotJson(String);

/// What an applying statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
pub enum Effect {
    Allow,
    Deny,
}

/// One statement of a document.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    index: usize,
    sid: Option<Arc<str>>,
    effect: Effect,
    span: Span,
    pub(crate) principal: PrincipalElement,
    pub(crate) action: ActionElement,
    pub(crate) resource: ResourceElement,
    pub(crate) conditions: Vec<Test>,
}

/// Where a statement stands in its text. All zero in a document that did not come from a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, serde::Serialize)]
pub struct Span {
    /// Of the opening brace, counted from 1.
    pub line: u32,
    /// In characters, counted from 1.
    pub column: u32,
    /// Of the closing brace.
    pub end_line: u32,
    /// Of the character after the closing brace.
    pub end_column: u32,
    /// First byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

impl Document {
    /// Reads a document as the IAM interface does before it stores one.
    ///
    /// `managed`: the rules for managed policies, which must name version 2012-10-17.
    ///
    /// # Errors
    ///
    /// AWS's message for the first rule the document breaks. What only validation objects to, such as an
    /// action that does not exist, is accepted.
    pub fn parse(text: &str, ty: PolicyType, managed: bool) -> Result<Document, Malformed> {
        let root = check::check(text, ty, managed)?;
        Ok(Document {
            text: text.into(),
            statements: Document::compile(&root, Some(text)),
        })
    }

    /// Reads whatever can be read: unusable elements match nothing, unknown ones are ignored.
    pub fn lenient(value: &serde_json::Value) -> Document {
        Document {
            text: value.to_string().into(),
            statements: Document::compile(&syntax::from_json(value), None),
        }
    }

    /// As [`Document::lenient`] for a text.
    ///
    /// # Errors
    ///
    /// If the text is no JSON, is nested absurdly deep, or has a key twice in one object: there is no safe
    /// guess at which of the two was meant.
    pub fn lenient_text(text: &str) -> Result<Document, NotJson> {
        let root = syntax::read(text).map_err(|unreadable| NotJson(unreadable.to_string()))?;
        Ok(Document {
            text: text.into(),
            statements: Document::compile(&root, Some(text)),
        })
    }

    /// The characters of a text that IAM's quotas count: all but space, tab, line feed and carriage return.
    pub fn size(text: &str) -> usize {
        text.chars()
            .filter(|character| !matches!(character, ' ' | '\t' | '\n' | '\r'))
            .count()
    }

    /// What it was read from, as written; explanations quote it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The statements, and the names, patterns and values in them: what a request is compared with at the most.
    pub fn weight(&self) -> usize {
        self.statements.iter().map(Statement::weight).sum()
    }

    /// In the order of the text.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    fn compile(root: &Node, text: Option<&str>) -> Vec<Statement> {
        // Any other version is an error that never gets this far, or is read leniently as the older one.
        let variables = root.get("Version").and_then(Node::string) == Some("2012-10-17");
        let mut positions = text.map(Positions::new);
        let nodes = root.get("Statement").map(Node::each).unwrap_or_default();
        nodes
            .iter()
            .enumerate()
            .filter_map(|(index, node)| {
                let span = positions
                    .as_mut()
                    .map(|positions| positions.span(node))
                    .unwrap_or_default();
                Statement::compile(index, node, span, variables)
            })
            .collect()
    }
}

impl Statement {
    /// Nothing for what is no statement at all or has no effect.
    fn compile(index: usize, node: &Node, span: Span, variables: bool) -> Option<Statement> {
        node.object()?;
        let effect = match node.get("Effect")?.string()? {
            "Allow" => Effect::Allow,
            "Deny" => Effect::Deny,
            _ => return None,
        };
        let actions = |key| {
            node.get(key).map(|list| {
                let strings = list.each().iter().map(Node::string);
                strings
                    .map(|text| text.map_or(ActionPattern::Unusable, ActionPattern::compile))
                    .collect()
            })
        };
        let resources = |key| {
            node.get(key).map(|list| {
                let strings = list.each().iter().map(Node::string);
                strings
                    .map(|text| {
                        text.map_or(ResourcePattern::Unusable, |text| {
                            ResourcePattern::compile(text, variables)
                        })
                    })
                    .collect()
            })
        };
        let principal = match (node.get("Principal"), node.get("NotPrincipal")) {
            (Some(names), None) => PrincipalElement::names(names).map(PrincipalElement::Principal),
            (None, Some(names)) => PrincipalElement::names(names).map(PrincipalElement::NotPrincipal),
            _ => None,
        };
        Some(Statement {
            index,
            sid: node.get("Sid").and_then(Node::string).map(Arc::from),
            effect,
            span,
            principal: principal.unwrap_or(PrincipalElement::Absent),
            action: ActionElement {
                action: actions("Action"),
                not_action: actions("NotAction"),
            },
            resource: ResourceElement {
                resource: resources("Resource"),
                not_resource: resources("NotResource"),
            },
            conditions: node
                .get("Condition")
                .map(|block| condition::compile(block, variables))
                .unwrap_or_default(),
        })
    }

    fn weight(&self) -> usize {
        let patterns =
            [&self.action.action, &self.action.not_action].map(|list| list.as_ref().map_or(0, Vec::len));
        let resources = [&self.resource.resource, &self.resource.not_resource]
            .map(|list| list.as_ref().map_or(0, Vec::len));
        let values = self.conditions.iter().map(Test::weight);
        1 + self.principal.weight() + patterns.iter().chain(&resources).sum::<usize>() + values.sum::<usize>()
    }

    /// Its place among the statements of the document, counted from 0.
    pub fn index(&self) -> usize {
        self.index
    }

    /// The statement's own name, which may be empty.
    pub fn sid(&self) -> Option<&Arc<str>> {
        self.sid.as_ref()
    }

    /// What follows where the statement applies.
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// Whether its action element can be about an action of this service (`chime`); other elements are not looked at.
    pub fn concerns_service(&self, service: &str) -> bool {
        let any = |patterns: &[ActionPattern], whole: bool| {
            patterns.iter().any(|pattern| match pattern {
                ActionPattern::Any => true,
                ActionPattern::Of { service: named, name } => {
                    named.eq_ignore_ascii_case(service) && (!whole || *name == Pattern::Any)
                }
                ActionPattern::Unusable => false,
            })
        };
        match (&self.action.action, &self.action.not_action) {
            (None, None) => false,
            // Only who leaves out all of a service cannot be about it.
            (action, not_action) => {
                action.as_deref().is_none_or(|patterns| any(patterns, false))
                    && !not_action.as_deref().is_some_and(|patterns| any(patterns, true))
            }
        }
    }

    /// Whether its action element is about an action, given in all its spellings; other elements are not looked at.
    pub fn concerns_action(&self, spellings: &[&str]) -> bool {
        let lower: Vec<String> = spellings
            .iter()
            .map(|action| action.to_ascii_lowercase())
            .collect();
        self.action.matches(lower.iter().map(String::as_str))
    }

    /// Whether it is about all resources, whatever the request is like.
    pub fn is_unlimited(&self) -> bool {
        let everything = |pattern: &ResourcePattern| matches!(pattern, ResourcePattern::Any);
        let resources = self.resource.resource.as_deref();
        self.conditions.is_empty()
            && self.resource.not_resource.is_none()
            && resources.is_some_and(|patterns| patterns.iter().any(everything))
    }

    /// Where it stands in the text of the document.
    pub fn span(&self) -> Span {
        self.span
    }

    /// Whom `Principal` names, as written; empty if the statement has none.
    pub fn principals(&self) -> &[NamedPrincipal] {
        match &self.principal {
            PrincipalElement::Principal(names) => names,
            _ => &[],
        }
    }

    /// Whom `NotPrincipal` names, as written; empty if the statement has none.
    pub fn not_principals(&self) -> &[NamedPrincipal] {
        match &self.principal {
            PrincipalElement::NotPrincipal(names) => names,
            _ => &[],
        }
    }
}

/// Rewrites the names under `AWS` in the principal elements of a text; everything else stays as written.
///
/// The IAM service keeps users and roles in trust policies by unique id and shows them by ARN: both ways go
/// through here. `replace` is given each name as the document means it, and returns what to write instead.
/// A text that is no JSON comes back unchanged.
pub fn rewrite_principals(text: &str, mut replace: impl FnMut(&str) -> Option<String>) -> String {
    let Ok(root) = syntax::read(text) else {
        return text.to_owned();
    };
    let mut rewritten = String::with_capacity(text.len());
    let mut copied = 0;
    let statements = root.get("Statement").map(Node::each).unwrap_or_default();
    let mut names: Vec<&Node> = statements
        .iter()
        .flat_map(|statement| [statement.get("Principal"), statement.get("NotPrincipal")])
        .flatten()
        .filter_map(|principal| principal.get("AWS"))
        .flat_map(Node::each)
        .collect();
    names.sort_by_key(|name| name.start);
    for node in names {
        let Some(new) = node.string().and_then(&mut replace) else {
            continue;
        };
        rewritten.push_str(text.get(copied..node.start).unwrap_or_default());
        rewritten.push_str(&serde_json::Value::String(new).to_string());
        copied = node.end;
    }
    rewritten.push_str(text.get(copied..).unwrap_or_default());
    rewritten
}

/// Turns byte offsets, asked for in ascending order, into lines and columns in one walk over the text.
struct Positions<'a> {
    text: &'a str,
    offset: usize,
    line: u32,
    column: u32,
}

impl<'a> Positions<'a> {
    fn new(text: &'a str) -> Positions<'a> {
        Positions {
            text,
            offset: 0,
            line: 1,
            column: 1,
        }
    }

    fn span(&mut self, node: &Node) -> Span {
        let (line, column) = self.at(node.start);
        let (end_line, end_column) = self.at(node.end);
        Span {
            line,
            column,
            end_line,
            end_column,
            start: node.start,
            end: node.end,
        }
    }

    fn at(&mut self, offset: usize) -> (u32, u32) {
        for character in self.text.get(self.offset..offset).unwrap_or_default().chars() {
            if character == '\n' {
                self.line += 1;
                self.column = 1;
            } else {
                self.column += 1;
            }
        }
        self.offset = self.offset.max(offset);
        (self.line, self.column)
    }
}

#[cfg(test)]
mod tests;
