//! The smallest valid value of a shape.

use serde_json::{Map as Object, Value};

use super::{Kind, Node, NodeId, Shape, Text};

/// Deeper than any real input; only a shape that requires itself gets there, and has no finite value.
const DEEPEST: u8 = 24;

/// Texts to try where a pattern is given without an example.
const CANDIDATES: [&str; 12] = [
    "a",
    "1",
    "A",
    "abc",
    "a1",
    "ada@example.com",
    "example.com",
    "+12065550100",
    "111122223333",
    "2b9d7a34-8b25-4c0f-9d5f-3f2f1d0c8e11",
    "arn:aws:iam::111122223333:user/ada",
    "10.0.0.0/27",
];

impl Shape {
    /// The smallest valid value: required members only, examples where the types give them.
    ///
    /// A string with a pattern and no `x-example` is guessed; a type whose pattern the guesses miss needs
    /// an example.
    pub fn sample(&self) -> Value {
        self.sample_at(self.id(), DEEPEST)
    }

    fn sample_at(&self, id: NodeId, depth: u8) -> Value {
        let node = self.get(id);
        let Some(depth) = depth.checked_sub(1) else {
            return Value::Null;
        };
        if let Some(example) = &node.example {
            return example.clone();
        }
        match &node.kind {
            Kind::Structure(members) => Value::Object(
                members
                    .iter()
                    .filter(|member| member.required)
                    .map(|member| (member.name.clone(), self.sample_at(member.shape, depth)))
                    .collect(),
            ),
            Kind::List(list) => Value::Array(
                (0..list.min.unwrap_or(0))
                    .map(|_| self.sample_at(list.member, depth))
                    .collect(),
            ),
            Kind::Map(map) => {
                let mut entries = Object::new();
                if map.min.unwrap_or(0) > 0 {
                    let key = self.sample_at(map.key, depth);
                    entries.insert(
                        key.as_str().unwrap_or("a").to_owned(),
                        self.sample_at(map.value, depth),
                    );
                }
                Value::Object(entries)
            }
            Kind::String(text) => Value::from(sample_text(text)),
            Kind::Integer(integer) => {
                let low = integer.min.unwrap_or(integer.width.0);
                let high = integer.max.unwrap_or(integer.width.1);
                Value::from(1.max(low).min(high))
            }
            Kind::Float(float) => {
                Value::from(1f64.max(float.min.unwrap_or(1.0)).min(float.max.unwrap_or(1.0)))
            }
            Kind::Boolean => Value::from(false),
            Kind::Blob => Value::from("YQ=="),
            Kind::Document => Value::Object(Object::new()),
        }
    }
}

fn sample_text(text: &Text) -> String {
    if let Some(value) = text.values.first() {
        return value.clone();
    }
    if text.timestamp.is_some() {
        return "2026-01-01T00:00:00Z".to_owned();
    }
    let stretched = |candidate: &str| {
        let length = candidate.chars().count() as u64;
        let times = text.min.unwrap_or(0).div_ceil(length.max(1)).max(1);
        candidate.repeat(usize::try_from(times).unwrap_or(1))
    };
    CANDIDATES
        .iter()
        .map(|candidate| stretched(candidate))
        .find(|candidate| text.check(candidate).is_ok())
        .unwrap_or_else(|| stretched("a"))
}

impl Node {
    /// A valid value given by the type itself.
    pub fn example(&self) -> Option<&Value> {
        self.example.as_ref()
    }
}
