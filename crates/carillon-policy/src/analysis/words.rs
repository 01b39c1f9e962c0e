//! Statements in words, for people.

use std::sync::Arc;

use crate::action::ActionPattern;
use crate::condition::{Family, Operator, Relation, Set, boolean, scalar};
use crate::document::Document;
use crate::syntax::{self, Node};

/// A statement as its document writes it, with its conditions in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Written {
    pub actions: Vec<String>,
    pub not_actions: Vec<String>,
    pub resources: Vec<String>,
    pub conditions: Vec<String>,
}

impl Written {
    /// The statement with this place in its document. What cannot be read is left out.
    pub fn read(document: &Arc<Document>, index: usize) -> Written {
        let Ok(root) = syntax::read(document.text()) else {
            return Written::default();
        };
        let nodes = root.get("Statement").map(Node::each).unwrap_or_default();
        let Some(node) = nodes.get(index) else {
            return Written::default();
        };
        let texts = |key: &str| -> Vec<String> {
            let list = node.get(key).map(Node::each).unwrap_or_default();
            list.iter()
                .filter_map(Node::string)
                .map(ToOwned::to_owned)
                .collect()
        };
        let mut resources = texts("Resource");
        let others = texts("NotResource");
        if !others.is_empty() {
            resources.push(format!("everything but {}", list(&others)));
        }
        Written {
            actions: texts("Action"),
            not_actions: texts("NotAction"),
            resources,
            conditions: node.get("Condition").map(conditions).unwrap_or_default(),
        }
    }

    /// The patterns of the action element that let an action through, as written.
    pub fn patterns_of(&self, action: &str) -> Vec<String> {
        if !self.not_actions.is_empty() {
            return vec![format!("everything but {}", list(&self.not_actions))];
        }
        let action = action.to_ascii_lowercase();
        let matching = self
            .actions
            .iter()
            .filter(|text| ActionPattern::compile(text).matches(&action));
        matching.cloned().collect()
    }
}

/// The conditions of a block, one sentence each; all must hold.
fn conditions(block: &Node) -> Vec<String> {
    let mut sentences = Vec::new();
    for (name, keys) in block.object().unwrap_or_default() {
        for (key, values) in keys.object().unwrap_or_default() {
            let texts: Vec<String> = values
                .each()
                .iter()
                .filter_map(scalar)
                .map(std::borrow::Cow::into_owned)
                .collect();
            sentences.push(match Operator::read(name) {
                Some(operator) => sentence(&operator, key, &texts),
                None => format!("`{name}`, which is no operator, so never"),
            });
        }
    }
    sentences
}

fn sentence(operator: &Operator, key: &str, values: &[String]) -> String {
    if operator.family == Family::Null {
        return match values.iter().find_map(|value| boolean(value)) {
            Some(true) => format!("{key} is absent"),
            Some(false) => format!("{key} is present"),
            None => format!("{key} is neither absent nor present, so never"),
        };
    }
    let subject = match operator.set {
        Set::Single => key.to_owned(),
        Set::ForAll => format!("every value of {key}"),
        Set::ForAny => format!("some value of {key}"),
    };
    let verb = match (operator.family, operator.negated) {
        (Family::Equals, false) => "is",
        (Family::Equals, true) => "is not",
        (Family::IgnoreCase, false) => "is, ignoring case,",
        (Family::IgnoreCase, true) => "is not, ignoring case,",
        (Family::Like | Family::Arn, false) => "is like",
        (Family::Like | Family::Arn, true) => "is not like",
        (Family::Number(relation) | Family::Date(relation), negated) => match (relation, negated) {
            (Relation::Equal, false) => "is",
            (Relation::Equal, true) => "is not",
            (Relation::Less, _) if matches!(operator.family, Family::Date(_)) => "is before",
            (Relation::LessOrEqual, _) if matches!(operator.family, Family::Date(_)) => "is at or before",
            (Relation::Greater, _) if matches!(operator.family, Family::Date(_)) => "is after",
            (Relation::GreaterOrEqual, _) if matches!(operator.family, Family::Date(_)) => "is at or after",
            (Relation::Less, _) => "is less than",
            (Relation::LessOrEqual, _) => "is at most",
            (Relation::Greater, _) => "is greater than",
            (Relation::GreaterOrEqual, _) => "is at least",
        },
        (Family::Address, false) => "is in",
        (Family::Address, true) => "is not in",
        (Family::Bool | Family::Binary | Family::Null, _) => "is",
    };
    let absent = if operator.if_exists { ", or is absent" } else { "" };
    format!("{subject} {verb} {}{absent}", list(values))
}

/// `a`, `a or b`, `a, b or c`.
pub(super) fn list(values: &[String]) -> String {
    let quoted: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
    match quoted.split_last() {
        None => "nothing".to_owned(),
        Some((only, [])) => only.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_read_as_sentences() {
        let text = r#"{"Statement": {"Effect": "Allow", "Action": "a:b", "Resource": "*", "Condition": {
            "StringEquals": {"k": ["a", "b", "c"]}, "StringNotLike": {"k": "a*"},
            "NumericLessThan": {"n": 7}, "DateGreaterThanEquals": {"aws:CurrentTime": "2026-01-01"},
            "IpAddressIfExists": {"aws:SourceIp": "10.0.0.0/8"}, "Null": {"t": true},
            "ForAllValues:StringEquals": {"aws:TagKeys": ["x", "y"]}, "Odd": {"k": "v"}
        }}}"#;
        let document = Arc::new(Document::lenient_text(text).unwrap());
        assert_eq!(
            Written::read(&document, 0).conditions,
            [
                "k is `a`, `b` or `c`",
                "k is not like `a*`",
                "n is less than `7`",
                "aws:CurrentTime is at or after `2026-01-01`",
                "aws:SourceIp is in `10.0.0.0/8`, or is absent",
                "t is absent",
                "every value of aws:TagKeys is `x` or `y`",
                "`Odd`, which is no operator, so never",
            ]
        );
    }
}
