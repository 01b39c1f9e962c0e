//! From JSON Schema (2020-12, as `schemars` writes it) to a [`Shape`].

use std::collections::HashMap;

use serde_json::{Map as Object, Value};

use super::{Float, Integer, Kind, List, Map, Member, Node, NodeId, Pattern, Shape, Text, TimestampForm};

/// A schema says something no AWS shape can say.
#[derive(Debug, thiserror::Error)]
pub enum Unsupported {
    #[error("`{0}` refers to nothing")]
    DanglingReference(String),
    #[error("`{0}` is nothing but a reference to itself")]
    Circle(String),
    #[error("pattern `{pattern}` does not compile")]
    Pattern {
        pattern: String,
        source: Box<regex::Error>,
    },
    #[error("`{0}` marks a shape sensitive that contains itself; mark the member or the type")]
    SensitiveRecursion(String),
    #[error("AWS knows no tuples")]
    Tuple,
    #[error("a schema nests deeper than {DEEPEST} levels")]
    TooDeep,
}

/// Nesting without a reference in between; more is a mistake, or hostile.
const DEEPEST: usize = 64;

pub(super) fn compile(schema: &Value, name: &str) -> Result<Shape, Unsupported> {
    let mut compiler = Compiler {
        schema,
        nodes: Vec::new(),
        references: HashMap::new(),
        open: Vec::new(),
        depth: 0,
    };
    let root = compiler.reference("#", Some(name))?;
    let mut nodes = compiler.nodes;
    mark_hiding(&mut nodes);
    Ok(Shape {
        nodes: nodes.into(),
        root,
    })
}

struct Compiler<'a> {
    schema: &'a Value,
    nodes: Vec<Node>,
    /// What each `$ref` was compiled to; entered before its content is, so that recursion ends.
    references: HashMap<String, NodeId>,
    /// Those whose content is still being compiled.
    open: Vec<NodeId>,
    depth: usize,
}

/// A shape and whether JSON `null` is also allowed in its place.
struct Compiled {
    node: Node,
    nullable: bool,
}

impl<'a> Compiler<'a> {
    fn reference(&mut self, reference: &str, name: Option<&str>) -> Result<NodeId, Unsupported> {
        if let Some(id) = self.references.get(reference) {
            return Ok(*id);
        }
        let dangling = || Unsupported::DanglingReference(reference.to_owned());
        let target = match reference.strip_prefix('#') {
            Some(pointer) => self.schema.pointer(&unescape(pointer)).ok_or_else(dangling)?,
            None => return Err(dangling()),
        };
        let id = self.push(placeholder());
        self.references.insert(reference.to_owned(), id);
        let name = name.or_else(|| reference.strip_prefix("#/$defs/"));
        // A definition may itself be only a reference.
        self.open.push(id);
        let mut node = self.node(target)?.node;
        self.open.pop();
        node.name = name.map(unescape).or(node.name);
        self.nodes[id.0 as usize] = node;
        Ok(id)
    }

    fn push(&mut self, node: Node) -> NodeId {
        let id = NodeId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        self.nodes.push(node);
        id
    }

    /// Compiles a schema that is not a member, and so cannot be left out.
    fn place(&mut self, schema: &'a Value) -> Result<NodeId, Unsupported> {
        self.place_nullable(schema).map(|(id, _)| id)
    }

    /// The place of a schema in the tree, and whether it allows `null`.
    fn place_nullable(&mut self, schema: &'a Value) -> Result<(NodeId, bool), Unsupported> {
        let (target, nullable) = without_null(schema);
        if let Some(reference) = target.get("$ref").and_then(Value::as_str) {
            let id = self.reference(reference, None)?;
            if flag(schema, "x-sensitive") && !self.nodes[id.0 as usize].sensitive {
                if self.open.contains(&id) {
                    return Err(Unsupported::SensitiveRecursion(reference.to_owned()));
                }
                let mut node = self.nodes[id.0 as usize].clone();
                node.sensitive = true;
                return Ok((self.push(node), nullable));
            }
            return Ok((id, nullable));
        }
        let mut compiled = self.node(schema)?;
        // The description here is that of the place, not of the type that was inlined into it.
        compiled.node.doc = text(target, "x-doc");
        Ok((self.push(compiled.node), compiled.nullable))
    }

    fn node(&mut self, schema: &'a Value) -> Result<Compiled, Unsupported> {
        if self.depth >= DEEPEST {
            return Err(Unsupported::TooDeep);
        }
        self.depth += 1;
        let compiled = self.node_inner(schema);
        self.depth -= 1;
        compiled
    }

    fn node_inner(&mut self, schema: &'a Value) -> Result<Compiled, Unsupported> {
        let (target, nullable) = without_null(schema);
        if let Some(reference) = target.get("$ref").and_then(Value::as_str) {
            let id = self.reference(reference, None)?;
            if self.open.contains(&id) {
                return Err(Unsupported::Circle(reference.to_owned()));
            }
            let mut node = self.nodes[id.0 as usize].clone();
            node.sensitive |= flag(schema, "x-sensitive");
            return Ok(Compiled { node, nullable });
        }
        let kind = self.kind(target)?;
        let node = Node {
            name: text(target, "x-name"),
            doc: text(schema, "description").or_else(|| text(target, "description")),
            sensitive: flag(schema, "x-sensitive") || flag(target, "x-sensitive"),
            example: schema
                .get("x-example")
                .or_else(|| target.get("x-example"))
                .cloned(),
            hides: false,
            kind,
        };
        Ok(Compiled { node, nullable })
    }

    fn kind(&mut self, schema: &'a Value) -> Result<Kind, Unsupported> {
        let Some(object) = schema.as_object() else {
            return Ok(Kind::Document);
        };
        if let Some(values) = string_values(schema) {
            return Ok(Kind::String(Text {
                values,
                ..Text::default()
            }));
        }
        match type_of(object) {
            Some("object") => self.object(schema, object),
            Some("array") => self.list(object),
            Some("string") => string(object),
            Some("integer") => Ok(Kind::Integer(integer(object))),
            Some("number") => Ok(Kind::Float(Float {
                min: object.get("minimum").and_then(Value::as_f64),
                max: object.get("maximum").and_then(Value::as_f64),
            })),
            Some("boolean") => Ok(Kind::Boolean),
            Some("null") => Ok(Kind::Structure(Vec::new())),
            _ if is_structure(schema) => self.structure(schema),
            _ => Ok(Kind::Document),
        }
    }

    fn object(&mut self, schema: &'a Value, object: &'a Object<String, Value>) -> Result<Kind, Unsupported> {
        if !object.contains_key("properties") {
            // Maps whose key type has a pattern are written with the pattern as property name.
            if let Some((pattern, value)) = object
                .get("patternProperties")
                .and_then(Value::as_object)
                .and_then(|all| all.iter().next())
            {
                let key = Text {
                    pattern: Some(compile_pattern(pattern)?),
                    ..Text::default()
                };
                return self.map(object, key, value);
            }
            if let Some(value) = object
                .get("additionalProperties")
                .filter(|value| **value != false)
            {
                let key = match object.get("propertyNames").and_then(Value::as_object) {
                    Some(names) => string_rules(names)?,
                    None => Text::default(),
                };
                return self.map(object, key, value);
            }
        }
        self.structure(schema)
    }

    fn map(
        &mut self,
        object: &Object<String, Value>,
        key: Text,
        value: &'a Value,
    ) -> Result<Kind, Unsupported> {
        let key = self.push(Node {
            kind: Kind::String(key),
            ..placeholder()
        });
        let value = self.place(value)?;
        let (min, max) = (count(object, "minProperties"), count(object, "maxProperties"));
        Ok(Kind::Map(Map { key, value, min, max }))
    }

    fn list(&mut self, object: &'a Object<String, Value>) -> Result<Kind, Unsupported> {
        if object.contains_key("prefixItems") {
            return Err(Unsupported::Tuple);
        }
        let member = match object.get("items") {
            Some(items) => self.place(items)?,
            None => self.push(Node {
                kind: Kind::Document,
                ..placeholder()
            }),
        };
        Ok(Kind::List(List {
            member,
            min: count(object, "minItems"),
            max: count(object, "maxItems"),
            unique: object
                .get("uniqueItems")
                .and_then(Value::as_bool)
                .unwrap_or(false),
        }))
    }

    /// A structure from its own properties and those of what was flattened into it.
    ///
    /// A choice between structures (a Rust enum with data) becomes one structure in which only what all
    /// alternatives require is required, as AWS writes unions.
    fn structure(&mut self, schema: &'a Value) -> Result<Kind, Unsupported> {
        let mut members = Vec::new();
        self.gather(schema, &mut members, 0)?;
        Ok(Kind::Structure(members))
    }

    fn gather(
        &mut self,
        schema: &'a Value,
        members: &mut Vec<Member>,
        depth: usize,
    ) -> Result<(), Unsupported> {
        if depth > DEEPEST {
            return Err(Unsupported::TooDeep);
        }
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            let pointer = unescape(reference.strip_prefix('#').unwrap_or(reference));
            let target = self
                .schema
                .pointer(&pointer)
                .ok_or_else(|| Unsupported::DanglingReference(reference.to_owned()))?;
            self.gather(target, members, depth + 1)?;
        }
        let required: Vec<&str> = items(schema, "required").filter_map(Value::as_str).collect();
        for (name, property) in schema
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            let (shape, nullable) = self.place_nullable(property)?;
            let required = required.contains(&name.as_str()) && !nullable;
            let sensitive = flag(property, "x-sensitive") || self.nodes[shape.0 as usize].sensitive;
            let doc = text(property, "description");
            merge(
                members,
                Member {
                    name: name.clone(),
                    shape,
                    required,
                    sensitive,
                    doc,
                },
            );
        }
        for part in items(schema, "allOf") {
            self.gather(part, members, depth + 1)?;
        }
        for choice in ["oneOf", "anyOf"] {
            let mut alternatives = Vec::new();
            for part in items(schema, choice) {
                let mut alternative = Vec::new();
                self.gather(part, &mut alternative, depth + 1)?;
                alternatives.push(alternative);
            }
            self.merge_alternatives(members, alternatives);
        }
        Ok(())
    }

    fn merge_alternatives(&mut self, members: &mut Vec<Member>, alternatives: Vec<Vec<Member>>) {
        let always: Vec<String> = match alternatives.split_first() {
            Some((first, others)) => first
                .iter()
                .filter(|member| member.required)
                .map(|member| member.name.clone())
                .filter(|name| {
                    others
                        .iter()
                        .all(|other| other.iter().any(|m| m.required && m.name == *name))
                })
                .collect(),
            None => return,
        };
        for mut member in alternatives.into_iter().flatten() {
            member.required = always.contains(&member.name);
            // The tag of a tagged enum: each alternative knows one of its values.
            let known = members
                .iter()
                .find(|known| known.name == member.name)
                .map(|known| known.shape);
            if let Some(known) = known {
                self.join_values(known, member.shape);
            }
            merge(members, member);
        }
    }

    fn join_values(&mut self, known: NodeId, other: NodeId) {
        let Kind::String(Text { values: more, .. }) = self.nodes[other.0 as usize].kind.clone() else {
            return;
        };
        if let Kind::String(Text { values, .. }) = &mut self.nodes[known.0 as usize].kind {
            for value in more {
                if !values.contains(&value) {
                    values.push(value);
                }
            }
        }
    }
}

fn merge(members: &mut Vec<Member>, member: Member) {
    match members.iter_mut().find(|known| known.name == member.name) {
        Some(known) => {
            known.required |= member.required;
            known.sensitive |= member.sensitive;
        }
        None => members.push(member),
    }
}

fn placeholder() -> Node {
    Node {
        name: None,
        doc: None,
        sensitive: false,
        kind: Kind::Structure(Vec::new()),
        example: None,
        hides: false,
    }
}

/// Notes for every node whether anything below it is sensitive: repeated until nothing changes, because
/// the tree may be a graph.
fn mark_hiding(nodes: &mut [Node]) {
    loop {
        let mut changed = false;
        for i in 0..nodes.len() {
            let below = |id: &NodeId| nodes[id.0 as usize].hides;
            let hides = nodes[i].sensitive
                || match &nodes[i].kind {
                    Kind::Structure(members) => members.iter().any(|m| m.sensitive || below(&m.shape)),
                    Kind::List(list) => below(&list.member),
                    Kind::Map(map) => below(&map.key) || below(&map.value),
                    _ => false,
                };
            changed |= hides != nodes[i].hides;
            nodes[i].hides = hides;
        }
        if !changed {
            return;
        }
    }
}

fn string(object: &Object<String, Value>) -> Result<Kind, Unsupported> {
    if object.get("contentEncoding").and_then(Value::as_str) == Some("base64") {
        return Ok(Kind::Blob);
    }
    string_rules(object).map(Kind::String)
}

fn string_rules(object: &Object<String, Value>) -> Result<Text, Unsupported> {
    let value = |name: &str| object.get(name);
    Ok(Text {
        min: count(object, "minLength").filter(|min| *min > 0),
        max: count(object, "maxLength"),
        pattern: value("pattern")
            .and_then(Value::as_str)
            .map(compile_pattern)
            .transpose()?,
        form: value("x-form").and_then(Value::as_str).map(str::to_owned),
        values: Vec::new(),
        timestamp: timestamp_form(object),
    })
}

fn timestamp_form(object: &Object<String, Value>) -> Option<TimestampForm> {
    match object.get("x-timestamp") {
        Some(Value::String(form)) if form == "unix" => Some(TimestampForm::Unix),
        Some(Value::String(form)) if form == "iso8601-seconds" => Some(TimestampForm::Iso8601Seconds),
        Some(Value::Bool(true) | Value::String(_)) => Some(TimestampForm::Iso8601),
        _ => (object.get("format")? == "date-time").then_some(TimestampForm::Iso8601),
    }
}

fn compile_pattern(pattern: &str) -> Result<Pattern, Unsupported> {
    Pattern::new(pattern).map_err(|source| Unsupported::Pattern {
        pattern: pattern.to_owned(),
        source,
    })
}

fn integer(object: &Object<String, Value>) -> Integer {
    let width = match object.get("format").and_then(Value::as_str) {
        Some("uint8") => (0, i64::from(u8::MAX)),
        Some("int8") => (i64::from(i8::MIN), i64::from(i8::MAX)),
        Some("uint16") => (0, i64::from(u16::MAX)),
        Some("int16") => (i64::from(i16::MIN), i64::from(i16::MAX)),
        Some("uint32") => (0, i64::from(u32::MAX)),
        Some("int32") => (i64::from(i32::MIN), i64::from(i32::MAX)),
        Some("uint64" | "uint") => (0, i64::MAX),
        _ => (i64::MIN, i64::MAX),
    };
    // `schemars` writes the width of the small types as bounds.
    let stated = |name: &str, width: i64| {
        object
            .get(name)
            .and_then(Value::as_i64)
            .filter(|bound| *bound != width)
    };
    Integer {
        min: stated("minimum", width.0),
        max: stated("maximum", width.1),
        width,
    }
}

/// The schema without its `null` alternative, and whether it had one.
fn without_null(schema: &Value) -> (&Value, bool) {
    if let Some(types) = schema.get("type").and_then(Value::as_array) {
        return (schema, types.iter().any(|name| name == "null"));
    }
    for choice in ["anyOf", "oneOf"] {
        if let Some(all) = schema.get(choice).and_then(Value::as_array) {
            let mut others = all.iter().filter(|part| !is_null(part));
            return match (others.next(), others.next()) {
                (Some(only), None) if schema.get("properties").is_none() => (only, all.len() > 1),
                _ => (schema, all.iter().any(is_null)),
            };
        }
    }
    if let Some([only]) = schema.get("allOf").and_then(Value::as_array).map(Vec::as_slice)
        && schema.get("properties").is_none()
    {
        return (only, false);
    }
    let nullable = items(schema, "enum").any(Value::is_null);
    (schema, nullable)
}

fn is_null(schema: &Value) -> bool {
    schema.get("type").is_some_and(|name| name == "null") || schema.get("const").is_some_and(Value::is_null)
}

/// The values of a schema that only names strings: `const`, `enum`, or a choice between such schemas.
fn string_values(schema: &Value) -> Option<Vec<String>> {
    if let Some(value) = schema.get("const") {
        return value.as_str().map(|value| vec![value.to_owned()]);
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        let values = values.iter().filter(|value| !value.is_null());
        return values.map(|value| value.as_str().map(str::to_owned)).collect();
    }
    let alternatives = ["oneOf", "anyOf"]
        .iter()
        .find_map(|choice| schema.get(*choice)?.as_array())?;
    let mut all = Vec::new();
    for alternative in alternatives.iter().filter(|part| !is_null(part)) {
        all.extend(string_values(alternative)?);
    }
    (!all.is_empty()).then_some(all)
}

/// Whether a schema without a type is about an object after all: every alternative is.
fn is_structure(schema: &Value) -> bool {
    let parts = ["allOf", "oneOf", "anyOf"]
        .iter()
        .flat_map(|choice| items(schema, choice));
    let mut any = schema.get("properties").is_some();
    for part in parts.filter(|part| !is_null(part)) {
        let object = part.get("type").is_some_and(|name| name == "object")
            || part.get("$ref").is_some()
            || part.as_object().is_some_and(Object::is_empty)
            || is_structure(part);
        if !object {
            return false;
        }
        any = true;
    }
    any
}

fn type_of(object: &Object<String, Value>) -> Option<&str> {
    match object.get("type")? {
        Value::String(name) => Some(name),
        Value::Array(names) => {
            let mut others = names
                .iter()
                .filter_map(Value::as_str)
                .filter(|name| *name != "null");
            let first = others.next()?;
            // A choice between types is no AWS shape; anything goes.
            others.next().is_none().then_some(first)
        }
        _ => None,
    }
}

fn items<'a>(schema: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    schema.get(name).and_then(Value::as_array).into_iter().flatten()
}

fn count(object: &Object<String, Value>, name: &str) -> Option<u64> {
    object.get(name).and_then(Value::as_u64)
}

fn flag(schema: &Value, name: &str) -> bool {
    schema.get(name) == Some(&Value::Bool(true))
}

fn text(schema: &Value, name: &str) -> Option<String> {
    schema.get(name).and_then(Value::as_str).map(str::to_owned)
}

/// A JSON pointer inside a URI fragment: `%25` and friends are escapes of the URI, `~1` of the pointer
/// (which `Value::pointer` knows).
fn unescape(fragment: &str) -> String {
    percent_encoding::percent_decode_str(fragment)
        .decode_utf8_lossy()
        .into_owned()
}
