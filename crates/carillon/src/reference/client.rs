//! Writes `console/src/api/operations.ts`: what every operation takes and answers, as types of TypeScript.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use carillon_aws::shape::{Kind, Member, Node, Shape, TimestampForm};
use carillon_operation::ServiceEntry;

use crate::deployment;

pub fn document() -> String {
    let mut text = String::from(HEAD);
    let mut operations = String::from("export interface Operations {\n");
    for service in deployment::registry().services() {
        let mut structures = Structures::of(service.service.name);
        writeln!(operations, "  \"{}\": {{", service.service.name).unwrap();
        for line in lines(service, &mut structures) {
            operations.push_str(&line);
        }
        operations.push_str("  };\n");
        for written in structures.written.into_values() {
            text.push_str(&written);
        }
    }
    operations.push_str("}\n");
    text + &operations
}

fn lines(service: &ServiceEntry, structures: &mut Structures) -> Vec<String> {
    let built = service.entries.iter().filter(|entry| entry.operation.is_built());
    built
        .map(|entry| {
            let input = structures.members(entry.input(), "    ");
            let output = structures.members(entry.output(), "    ");
            let doc = comment(entry.input().node().doc.as_deref(), "    ");
            format!(
                "{doc}    {}: {{ input: {input}; output: {output} }};\n",
                entry.name
            )
        })
        .collect()
}

/// The structures of a service, by name.
struct Structures {
    prefix: String,
    written: BTreeMap<String, String>,
}

impl Structures {
    fn of(service: &str) -> Self {
        let words = service.split('-').map(|word| {
            let (first, rest) = word.split_at(1);
            first.to_uppercase() + rest
        });
        Self {
            prefix: words.collect(),
            written: BTreeMap::new(),
        }
    }

    fn members(&mut self, shape: &Shape, indent: &str) -> String {
        let Kind::Structure(members) = &shape.node().kind else {
            return "Record<string, never>".to_owned();
        };
        if members.is_empty() {
            return "Record<string, never>".to_owned();
        }
        let deeper = format!("{indent}  ");
        let lines: String = members
            .iter()
            .map(|member| self.member(shape, member, &deeper))
            .collect();
        format!("{{\n{lines}{indent}}}")
    }

    fn member(&mut self, shape: &Shape, member: &Member, indent: &str) -> String {
        let optional = if member.required { "" } else { "?" };
        let ty = self.ty(&shape.at(member.shape), indent);
        let doc = comment(member.doc.as_deref(), indent);
        format!("{doc}{indent}{}{optional}: {ty};\n", key(&member.name))
    }

    fn ty(&mut self, shape: &Shape, indent: &str) -> String {
        let Node { name, kind, .. } = shape.node();
        match kind {
            Kind::Structure(_) => match name {
                Some(name) => self.named(name, shape, indent),
                None => self.members(shape, indent),
            },
            Kind::List(list) => format!("Array<{}>", self.ty(&shape.at(list.member), indent)),
            Kind::Map(map) => format!("Record<string, {}>", self.ty(&shape.at(map.value), indent)),
            Kind::String(text) => match text.timestamp {
                Some(TimestampForm::Unix) => "number".to_owned(),
                _ if text.values.is_empty() => "string".to_owned(),
                _ => {
                    let values: Vec<String> = text.values.iter().map(|value| format!("{value:?}")).collect();
                    values.join(" | ")
                }
            },
            Kind::Integer(_) | Kind::Float(_) => "number".to_owned(),
            Kind::Boolean => "boolean".to_owned(),
            Kind::Blob => "string".to_owned(),
            Kind::Document => "unknown".to_owned(),
        }
    }

    /// A structure under its name, unless the service has another of that name.
    fn named(&mut self, name: &str, shape: &Shape, indent: &str) -> String {
        let full = format!("{}{name}", self.prefix);
        if let Some(written) = self.written.get(&full) {
            // Being written just now: it contains itself.
            if written.is_empty() {
                return full;
            }
        }
        let before = self.written.insert(full.clone(), String::new());
        let body = self.members(shape, "");
        let doc = comment(shape.node().doc.as_deref(), "");
        let written = format!("{doc}export interface {full} {body}\n\n");
        match before {
            Some(before) if before != written => {
                self.written.insert(full, before);
                self.members(shape, indent)
            }
            _ => {
                self.written.insert(full.clone(), written);
                full
            }
        }
    }
}

fn key(name: &str) -> String {
    let plain = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if plain {
        name.to_owned()
    } else {
        format!("{name:?}")
    }
}

fn comment(doc: Option<&str>, indent: &str) -> String {
    let doc = doc.unwrap_or_default().replace("*/", "* /");
    if doc.is_empty() {
        return String::new();
    }
    let text: Vec<&str> = doc.split_whitespace().collect();
    format!("{indent}/** {} */\n", text.join(" "))
}

const HEAD: &str = "// Written from the operations by `UPDATE=1 cargo test -p carillon reference`.\n\n";
