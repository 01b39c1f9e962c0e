//! Documents as they are written, read once more for what compiled statements do not keep.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::condition::{self, Test};
use crate::context::Context;
use crate::document::{Document, Statement};
use crate::facts::Facts;
use crate::policies::Attached;
use crate::syntax::{self, Node, Value};

/// One document.
pub(super) struct Text {
    /// Keeps the place in memory by which [`Texts`] finds this.
    _document: Arc<Document>,
    /// Whether it has variables.
    pub variables: bool,
    /// One for each statement of the compiled document.
    pub statements: Vec<Written>,
}

/// One statement.
pub(super) struct Written {
    /// Nothing if the text cannot be read again.
    pub node: Option<Node>,
    pub conditions: Vec<Condition>,
}

/// One key under one operator.
pub(super) struct Condition {
    pub operator: String,
    pub key: String,
    pub values: Node,
    tests: Vec<Test>,
}

impl Condition {
    /// Whether it holds in this context.
    pub fn holds_in(&self, context: &dyn Context) -> bool {
        let facts = Facts::new(context);
        self.tests.iter().all(|test| test.holds(&facts))
    }
}

/// Documents that were read, by their place in memory, so that none is read twice.
#[derive(Default)]
pub(super) struct Texts(HashMap<usize, Arc<Text>>);

impl Texts {
    pub fn of(&mut self, policy: &Attached) -> Arc<Text> {
        let document = &policy.document;
        let text = self.0.entry(Arc::as_ptr(document).addr());
        text.or_insert_with(|| Arc::new(Text::read(document))).clone()
    }
}

impl Text {
    pub fn read(document: &Arc<Document>) -> Text {
        let root = syntax::read(document.text()).ok();
        let version = root
            .as_ref()
            .and_then(|root| root.get("Version"))
            .and_then(Node::string);
        let variables = version == Some("2012-10-17");
        let mut nodes: Vec<Option<Node>> = match root.and_then(|root| root.into_member("Statement")) {
            Some(node) => node.into_each().into_iter().map(Some).collect(),
            None => Vec::new(),
        };
        let statements = document.statements().iter().map(|statement| {
            let node = nodes.get_mut(statement.index()).and_then(Option::take);
            let conditions = match &node {
                Some(node) => conditions(node, variables),
                None => vec![unreadable(statement)],
            };
            Written { node, conditions }
        });
        Text {
            variables,
            statements: statements.collect(),
            _document: document.clone(),
        }
    }
}

fn conditions(node: &Node, variables: bool) -> Vec<Condition> {
    let Some(block) = node.get("Condition") else {
        return Vec::new();
    };
    // What has the wrong shape never holds.
    let misshapen = |operator: &str| Condition {
        operator: operator.to_owned(),
        key: String::new(),
        values: Node::object_of(Vec::new()),
        tests: vec![Test::Never],
    };
    let Some(operators) = block.object() else {
        return vec![misshapen("")];
    };
    let mut conditions = Vec::new();
    for (operator, keys) in operators {
        match keys.object() {
            Some([]) if condition::is_known_operator(operator) => {}
            None | Some([]) => conditions.push(misshapen(operator)),
            Some(keys) => conditions.extend(keys.iter().map(|(key, values)| {
                let pair = Node::object_of(vec![(key.clone(), values.clone())]);
                let block = Node::object_of(vec![(operator.clone(), pair)]);
                Condition {
                    operator: operator.clone(),
                    key: key.clone(),
                    values: values.clone(),
                    tests: condition::compile(&block, variables),
                }
            })),
        }
    }
    conditions
}

/// For a document that was read from a value nested too deeply for a text: all conditions as one.
fn unreadable(statement: &Statement) -> Condition {
    Condition {
        operator: String::new(),
        key: String::new(),
        values: Node::object_of(Vec::new()),
        tests: statement.conditions.clone(),
    }
}

impl Written {
    /// Adds the keys that variables and conditions name, in the order of the text.
    pub fn add_keys(&self, variables: bool, keys: &mut Keys) {
        for element in ["Resource", "NotResource"] {
            let node = self.node.as_ref().and_then(|node| node.get(element));
            let texts = node.map(Node::each).unwrap_or_default().iter();
            for text in texts.filter_map(Node::string).filter(|_| variables) {
                keys.add_variables(text);
            }
        }
        for condition in &self.conditions {
            keys.add(&condition.key);
            if !variables || !condition::resolves_variables(&condition.operator) {
                continue;
            }
            for text in condition.values.each().iter().filter_map(condition::scalar) {
                keys.add_variables(&text);
            }
        }
    }
}

/// Names of context keys as written, each once however it is spelled.
#[derive(Default)]
pub(super) struct Keys {
    pub names: Vec<String>,
    seen: HashSet<String>,
}

impl Keys {
    fn add(&mut self, name: &str) {
        if !name.is_empty() && self.seen.insert(name.to_lowercase()) {
            self.names.push(name.to_owned());
        }
    }

    fn add_variables(&mut self, text: &str) {
        let mut rest = text;
        while let Some((body, after)) = rest.split_once("${").and_then(|(_, from)| from.split_once('}')) {
            let key = body.split(',').next().unwrap_or_default().trim();
            if !matches!(body, "*" | "?" | "$") {
                self.add(key);
            }
            rest = after;
        }
    }
}

impl Node {
    /// An object that does not come from a text.
    fn object_of(members: Vec<(String, Node)>) -> Node {
        Node {
            value: Value::Object(members),
            start: 0,
            end: 0,
        }
    }

    fn into_member(self, key: &str) -> Option<Node> {
        match self.value {
            Value::Object(members) => members
                .into_iter()
                .find(|(name, _)| name == key)
                .map(|(_, node)| node),
            _ => None,
        }
    }

    /// As [`Node::each`].
    fn into_each(self) -> Vec<Node> {
        match self.value {
            Value::Array(elements) => elements,
            _ => vec![self],
        }
    }
}
