//! From compiled shapes to those of a model, each under a name of its own.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Map, Value, json};

use super::{referred, referred_by_operation};
use crate::binding::{Binding, QueryMember, Segment};
use crate::shape::{Integer, Kind, Node, NodeId, Shape, Text, TimestampForm, lower_first_letter};

/// The shapes of a model by name.
#[derive(Debug, Default)]
pub(super) struct Shapes {
    pub(super) by_name: BTreeMap<String, Value>,
}

/// The names that the nodes of one tree were given.
type Named = HashMap<NodeId, String>;

impl Shapes {
    /// Adds the input or output of an operation, with the places of its members.
    pub(super) fn root(&mut self, shape: &Shape, name: &str, binding: Option<Binding>) -> String {
        let mut named = Named::new();
        let mut root = self.structure(shape, name, &mut named);
        if let Some(binding) = binding {
            place_members(&mut root, binding);
        }
        self.insert(name, root)
    }

    /// Adds an error shape.
    pub(super) fn error(&mut self, name: &str, status: u16) -> String {
        self.insert("String", json!({"type": "string"}));
        // The planned model knows the values of `Code`; without it the code is any string.
        let mut error = json!({
            "type": "structure",
            "members": {"Code": {"shape": "ErrorCode"}, "Message": {"shape": "String"}},
            "error": {"httpStatusCode": status},
            "exception": true,
        });
        if status >= 500 {
            error["fault"] = true.into();
        }
        self.insert(name, error)
    }

    /// Adds a shape under this name, or under the first free one after it when the name has other content.
    /// Shapes come in the order of their operations, so the outcome is always the same.
    pub(super) fn insert(&mut self, name: &str, shape: Value) -> String {
        let mut candidate = name.to_owned();
        let mut number = 2;
        loop {
            match self.by_name.get(&candidate) {
                Some(known) if *known != shape => candidate = format!("{name}{number}"),
                Some(_) => return candidate,
                None => {
                    self.by_name.insert(candidate.clone(), shape);
                    return candidate;
                }
            }
            number += 1;
        }
    }

    /// The shapes that these operations reach.
    pub(super) fn reached_from<'a>(
        mut self,
        operations: impl Iterator<Item = &'a Value>,
    ) -> Map<String, Value> {
        self.by_name
            .entry("ErrorCode".to_owned())
            .or_insert_with(|| json!({"type": "string"}));
        let mut reached = BTreeSet::new();
        let mut open: Vec<&str> = operations.flat_map(referred_by_operation).collect();
        while let Some(name) = open.pop() {
            if let (true, Some(shape)) = (reached.insert(name.to_owned()), self.by_name.get(name)) {
                open.extend(referred(shape));
            }
        }
        self.by_name
            .into_iter()
            .filter(|(name, _)| reached.contains(name))
            .collect()
    }

    /// Adds a shape below a root; `hint` names it when it has no name of its own.
    fn place(&mut self, shape: &Shape, hint: &str, named: &mut Named) -> String {
        if let Some(name) = named.get(&shape.id()) {
            return name.clone();
        }
        let node = shape.node();
        if let Some(name) = &node.name {
            // A named list may contain itself.
            named.insert(shape.id(), name.clone());
        }
        let name = self.place_kind(shape, hint, named);
        named.insert(shape.id(), name.clone());
        name
    }

    fn place_kind(&mut self, shape: &Shape, hint: &str, named: &mut Named) -> String {
        let node = shape.node();
        match &node.kind {
            Kind::Structure(_) => self.place_structure(shape, hint, named),
            Kind::List(list) => {
                let member = self.place(&shape.at(list.member), &format!("{hint}Item"), named);
                let mut json = json!({"type": "list", "member": {"shape": member}});
                bounds(&mut json, list.min.map(Value::from), list.max.map(Value::from));
                let name = format!("{member}List{}", bounds_in_name(list.min, list.max));
                self.insert_node(node, &name, json)
            }
            Kind::Map(map) => {
                let key = self.place(&shape.at(map.key), &format!("{hint}Key"), named);
                let value = self.place(&shape.at(map.value), &format!("{hint}Value"), named);
                let name = format!("{value}Map{}", bounds_in_name(map.min, map.max));
                let mut json = json!({"type": "map", "key": {"shape": key}, "value": {"shape": value}});
                bounds(&mut json, map.min.map(Value::from), map.max.map(Value::from));
                self.insert_node(node, &name, json)
            }
            Kind::String(text) => self.string(node, text, hint),
            Kind::Integer(integer) => self.integer(node, *integer),
            Kind::Float(float) => {
                let mut json = json!({"type": "double"});
                bounds(&mut json, float.min.map(Value::from), float.max.map(Value::from));
                self.insert_node(node, "Double", json)
            }
            Kind::Boolean => self.insert_node(node, "Boolean", json!({"type": "boolean"})),
            Kind::Blob => self.insert_node(node, "Blob", json!({"type": "blob"})),
            Kind::Document => self.insert_node(
                node,
                "Document",
                json!({"type": "structure", "members": {}, "document": true}),
            ),
        }
    }

    /// A structure is named before its members are, because they may refer back to it. If the name turns
    /// out to be taken by another structure, everything is named again.
    fn place_structure(&mut self, shape: &Shape, hint: &str, named: &mut Named) -> String {
        let node = shape.node();
        let wanted = node_name(node, hint);
        let before = named.clone();
        let mut number = 1;
        loop {
            let name = if number == 1 {
                wanted.clone()
            } else {
                format!("{wanted}{number}")
            };
            *named = before.clone();
            named.insert(shape.id(), name.clone());
            let json = self.structure(shape, &name, named);
            match self.by_name.get(&name) {
                Some(known) if *known != json => number += 1,
                Some(_) => return name,
                None => {
                    self.by_name.insert(name.clone(), json);
                    return name;
                }
            }
        }
    }

    fn structure(&mut self, shape: &Shape, name: &str, named: &mut Named) -> Value {
        let mut members = Map::new();
        let mut required = Vec::new();
        for member in shape.members() {
            let target = self.place(&shape.at(member.shape), &format!("{name}{}", member.name), named);
            let mut json = json!({"shape": target});
            if let Some(doc) = &member.doc {
                json["documentation"] = html(doc).into();
            }
            members.insert(member.name.clone(), json);
            if member.required {
                required.push(member.name.as_str());
            }
        }
        let mut json = json!({"type": "structure"});
        if !required.is_empty() {
            json["required"] = required.into();
        }
        json["members"] = members.into();
        describe(&mut json, shape.node());
        json
    }

    fn string(&mut self, node: &Node, text: &Text, hint: &str) -> String {
        if let Some(form) = text.timestamp {
            let (name, format) = match form {
                TimestampForm::Unix => ("UnixTimestamp", "unixTimestamp"),
                TimestampForm::Iso8601 | TimestampForm::Iso8601Seconds => ("Iso8601Timestamp", "iso8601"),
            };
            return self.insert_node(
                node,
                name,
                json!({"type": "timestamp", "timestampFormat": format}),
            );
        }
        let mut json = json!({"type": "string"});
        bounds(&mut json, text.min.map(Value::from), text.max.map(Value::from));
        if let Some(pattern) = &text.pattern {
            json["pattern"] = pattern.as_str().into();
        }
        if !text.values.is_empty() {
            json["enum"] = text.values.clone().into();
        }
        let plain = json.as_object().is_some_and(|json| json.len() == 1);
        self.insert_node(node, if plain { "String" } else { hint }, json)
    }

    fn integer(&mut self, node: &Node, integer: Integer) -> String {
        let fits = integer.min.unwrap_or(integer.width.0) >= i64::from(i32::MIN)
            && integer.max.unwrap_or(integer.width.1) <= i64::from(i32::MAX);
        let mut json = json!({"type": if fits { "integer" } else { "long" }});
        bounds(
            &mut json,
            integer.min.map(Value::from),
            integer.max.map(Value::from),
        );
        let kind = if fits { "Integer" } else { "Long" };
        let bounds = bounds_in_name(integer.min, integer.max).replace('-', "Minus");
        self.insert_node(node, &format!("{kind}{bounds}"), json)
    }

    fn insert_node(&mut self, node: &Node, fallback: &str, mut json: Value) -> String {
        describe(&mut json, node);
        self.insert(&node_name(node, fallback), json)
    }
}

fn node_name(node: &Node, fallback: &str) -> String {
    match (&node.name, node.sensitive) {
        (Some(name), _) => name.clone(),
        (None, false) => fallback.to_owned(),
        (None, true) => format!("Sensitive{fallback}"),
    }
}

fn describe(json: &mut Value, node: &Node) {
    if node.sensitive {
        json["sensitive"] = true.into();
    }
    if let Some(doc) = &node.doc {
        json["documentation"] = html(doc).into();
    }
}

fn bounds(json: &mut Value, min: Option<Value>, max: Option<Value>) {
    if let Some(max) = max {
        json["max"] = max;
    }
    if let Some(min) = min {
        json["min"] = min;
    }
}

fn bounds_in_name<N: ToString>(min: Option<N>, max: Option<N>) -> String {
    let part = |word: &str, bound: Option<N>| bound.map(|bound| format!("{word}{}", bound.to_string()));
    part("From", min).unwrap_or_default() + &part("To", max).unwrap_or_default()
}

/// Writes where the members of an input stand. AWS spells labels in camelCase.
fn place_members(root: &mut Value, binding: Binding) {
    let mut place = |member: &str, location: &str, name: &str| {
        if let Some(json) = root["members"].get_mut(member) {
            json["location"] = location.into();
            json["locationName"] = name.into();
        }
    };
    for segment in binding.segments() {
        if let Segment::Label(member) = segment {
            place(member, "uri", &lower_first_letter(member));
        }
    }
    for query in binding.query() {
        if let QueryMember::Bound { name, member } = query {
            place(member, "querystring", name);
        }
    }
}

/// A doc comment as the HTML that botocore expects: paragraphs and code.
pub(super) fn html(doc: &str) -> String {
    let escaped = doc
        .trim()
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    let mut out = String::with_capacity(escaped.len() + 16);
    for paragraph in escaped
        .split("\n\n")
        .map(str::trim)
        .filter(|paragraph| !paragraph.is_empty())
    {
        out.push_str("<p>");
        let lines: Vec<&str> = paragraph.lines().map(str::trim).collect();
        let text = lines.join(" ");
        let balanced = text.matches('`').count().is_multiple_of(2);
        for (i, part) in text.split('`').enumerate() {
            match (i, balanced) {
                (0, _) => {}
                (_, false) => out.push('`'),
                (_, true) => out.push_str(if i % 2 == 1 { "<code>" } else { "</code>" }),
            }
            out.push_str(part);
        }
        out.push_str("</p>");
    }
    out
}
