//! From what came over the wire to valid members, or to all that is wrong with it.

use std::collections::HashSet;

use base64::Engine;
use serde_json::{Map as Object, Value};

use super::mask::lower_first_letter;
use super::{Constraint, Float, Integer, Kind, List, Map, NodeId, Shape, Shown, Text, Violation};
use crate::time::Timestamp;

/// More violations than this are not looked for: the message is for a person, and must not grow with
/// whatever a caller sends.
const MOST_VIOLATIONS: usize = 100;

/// What every string must satisfy, whatever its own pattern says.
const WITHOUT_NUL: &str = r"[^\u0000]*";

/// How values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// In JSON: each type is written as itself.
    Json,
    /// As text: Query forms, path labels and query members. Lists and maps of Query forms are objects with
    /// numbered items.
    Text,
}

impl Shape {
    /// Checks all members of an input and puts them into one form: text becomes the type of its member,
    /// lists of Query forms become arrays, unknown and `null` members are left out.
    ///
    /// `null` as a whole is an input without members.
    ///
    /// # Errors
    ///
    /// All that is wrong, in the order of the shape's members.
    pub fn decode(&self, raw: Value, source: Source) -> Result<Value, Vec<Violation>> {
        let mut value = if raw.is_null() {
            Value::Object(Object::new())
        } else {
            raw
        };
        let mut decoder = Decoder::new(self);
        decoder.value(self.id(), false, &mut value, source);
        decoder.finish(value)
    }

    /// As [`Shape::decode`], for REST: `text` has what the path and the query bind, `json` the body's
    /// members. Where both name a member, the body's is ignored, so that a body cannot speak about another
    /// thing than the path.
    ///
    /// # Errors
    ///
    /// As [`Shape::decode`].
    pub fn decode_mixed(
        &self,
        mut text: Object<String, Value>,
        mut json: Object<String, Value>,
    ) -> Result<Value, Vec<Violation>> {
        if json.is_empty() {
            return self.decode(Value::Object(text), Source::Text);
        }
        if !matches!(self.node().kind, Kind::Structure(_)) {
            return self.decode(Value::Object(json), Source::Json);
        }
        let mut decoder = Decoder::new(self);
        decoder.members(self.id(), &mut json, Source::Json, Some(&mut text));
        decoder.finish(Value::Object(json))
    }
}

struct Decoder<'a> {
    shape: &'a Shape,
    violations: Vec<Violation>,
    /// The way from the root to the value being read. Only written out when something is wrong.
    path: Vec<Step<'a>>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Member(&'a str),
    Item(usize),
    /// The n-th entry of a map, counted in its order.
    Entry(usize),
}

impl<'a> Decoder<'a> {
    fn new(shape: &'a Shape) -> Self {
        Self {
            shape,
            violations: Vec::new(),
            path: Vec::new(),
        }
    }

    fn finish(self, value: Value) -> Result<Value, Vec<Violation>> {
        if self.violations.is_empty() {
            Ok(value)
        } else {
            Err(self.violations)
        }
    }

    fn value(&mut self, id: NodeId, sensitive: bool, value: &mut Value, source: Source) {
        let shape = self.shape;
        let node = shape.get(id);
        let sensitive = sensitive || node.sensitive;
        match &node.kind {
            Kind::Structure(_) => match value {
                Value::Object(map) => self.members(id, map, source, None),
                // `Filter=` in a form is a structure without members.
                Value::String(text) if source == Source::Text && text.is_empty() => {
                    let mut map = Object::new();
                    self.members(id, &mut map, source, None);
                    *value = Value::Object(map);
                }
                _ => self.wrong_type("a structure"),
            },
            Kind::List(list) => self.list(list, sensitive, value, source),
            Kind::Map(map) => self.map(map, sensitive, value, source),
            Kind::String(text) => self.string(text, sensitive, value),
            Kind::Integer(integer) => self.integer(*integer, sensitive, value, source),
            Kind::Float(float) => self.float(*float, sensitive, value, source),
            Kind::Boolean => self.boolean(value, source),
            Kind::Blob => match value.as_str() {
                Some(text) if base64::engine::general_purpose::STANDARD.decode(text).is_ok() => {}
                _ => self.wrong_type("bytes in base64"),
            },
            Kind::Document => {}
        }
    }

    /// Reads the members of a structure in place. Members in `text` win over those in `map` and end there.
    fn members(
        &mut self,
        id: NodeId,
        map: &mut Object<String, Value>,
        source: Source,
        mut text: Option<&mut Object<String, Value>>,
    ) {
        let shape = self.shape;
        let Kind::Structure(members) = &shape.get(id).kind else {
            return;
        };
        let mut known = 0;
        for member in members {
            let from_text = text.as_deref_mut().and_then(|text| text.remove(&member.name));
            let is_text = from_text.is_some();
            if let Some(value) = from_text {
                map.insert(member.name.clone(), value);
            }
            match map.get_mut(&member.name) {
                Some(value) if !value.is_null() => {
                    known += 1;
                    self.path.push(Step::Member(&member.name));
                    let source = if is_text { Source::Text } else { source };
                    self.value(member.shape, member.sensitive, value, source);
                    self.path.pop();
                }
                _ if member.required => {
                    self.path.push(Step::Member(&member.name));
                    self.unsatisfied(Shown::Null, Constraint::NotNull);
                    self.path.pop();
                }
                _ => {}
            }
        }
        if known != map.len() {
            map.retain(|name, value| !value.is_null() && members.iter().any(|member| member.name == *name));
        }
    }

    fn list(&mut self, list: &List, sensitive: bool, value: &mut Value, source: Source) {
        if source == Source::Text {
            match value {
                Value::Object(map) => match numbered(map, "member") {
                    Some(items) => *value = Value::Array(items),
                    None => return self.wrong_type("a list, numbered from 1 without gaps"),
                },
                // An empty list has no items to number, so a form writes it as an empty parameter.
                Value::String(text) if text.is_empty() => *value = Value::Array(Vec::new()),
                Value::String(_) => *value = Value::Array(vec![value.take()]),
                _ => {}
            }
        }
        let Value::Array(items) = value else {
            return self.wrong_type("a list");
        };
        // Nothing was checked yet: a text may stand where a structure with a secret should.
        let sensitive = sensitive || self.shape.get(list.member).hides;
        let length = items.len() as u64;
        let mut broken = Vec::new();
        if list.max.is_some_and(|max| length > max) {
            // Items are not looked at: there may be any number of them.
            broken.extend(list.max.map(Constraint::MaxLength));
            return self.unsatisfied_by(sensitive, || shown_items(items), broken);
        }
        broken.extend(list.min.filter(|min| length < *min).map(Constraint::MinLength));
        if list.unique && !all_different(items) {
            broken.push(Constraint::Unique);
        }
        self.unsatisfied_by(sensitive, || shown_items(items), broken);

        let mut scalar = Vec::new();
        for (i, item) in items.iter_mut().enumerate() {
            self.path.push(Step::Item(i));
            self.item(list.member, sensitive, item, source, &mut scalar);
            self.path.pop();
        }
        if !scalar.is_empty() {
            self.unsatisfied_by(sensitive, || shown_items(items), vec![Constraint::Items(scalar)]);
        }
    }

    /// Reads an item of a list or a value of a map. AWS reports what scalar items violate once, for the
    /// whole list; those constraints are collected in `scalar`.
    fn item(
        &mut self,
        id: NodeId,
        sensitive: bool,
        item: &mut Value,
        source: Source,
        scalar: &mut Vec<Constraint>,
    ) {
        if item.is_null() {
            return self.unsatisfied(Shown::Null, Constraint::NotNull);
        }
        let before = self.violations.len();
        self.value(id, sensitive, item, source);
        let is_scalar = !matches!(
            self.shape.get(id).kind,
            Kind::Structure(_) | Kind::List(_) | Kind::Map(_) | Kind::Document
        );
        if is_scalar {
            let mut after = self.violations.split_off(before.min(self.violations.len()));
            after.retain_mut(|violation| match violation {
                Violation::WrongType { .. } => true,
                Violation::Unsatisfied { constraint, .. } => {
                    if !scalar.contains(constraint) {
                        scalar.push(constraint.clone());
                    }
                    false
                }
            });
            self.violations.append(&mut after);
        }
    }

    fn map(&mut self, map: &Map, sensitive: bool, value: &mut Value, source: Source) {
        if source == Source::Text {
            match value {
                Value::Object(raw) if raw.get("entry").is_some_and(Value::is_object) => {
                    match self.entries(raw) {
                        Some(entries) => *value = Value::Object(entries),
                        None => return self.wrong_type("a map, numbered from 1 without gaps"),
                    }
                }
                Value::String(text) if text.is_empty() => *value = Value::Object(Object::new()),
                _ => {}
            }
        }
        let Value::Object(entries) = value else {
            return self.wrong_type("a map");
        };
        let length = entries.len() as u64;
        if let Some(max) = map.max.filter(|max| length > *max) {
            return self.unsatisfied_by(sensitive, String::new, vec![Constraint::MaxLength(max)]);
        }
        if let Some(min) = map.min.filter(|min| length < *min) {
            self.unsatisfied_by(sensitive, || "{}".to_owned(), vec![Constraint::MinLength(min)]);
        }
        entries.retain(|_, value| !value.is_null());
        let (mut keys, mut values) = (Vec::new(), Vec::new());
        let key = self.shape.get(map.key);
        for (i, (name, value)) in entries.iter_mut().enumerate() {
            if let Kind::String(text) = &key.kind
                && let Err(broken) = text.check(name)
            {
                keys.extend(
                    broken
                        .into_iter()
                        .filter(|constraint| !keys.contains(constraint))
                        .collect::<Vec<_>>(),
                );
            }
            self.path.push(Step::Entry(i));
            self.item(map.value, sensitive, value, source, &mut values);
            self.path.pop();
        }
        let sensitive = sensitive || key.sensitive || self.shape.get(map.value).hides;
        let mut broken = Vec::new();
        if !keys.is_empty() {
            broken.push(Constraint::Keys(keys));
        }
        if !values.is_empty() {
            broken.push(Constraint::Values(values));
        }
        self.unsatisfied_by(sensitive, || shown_entries(entries), broken);
    }

    /// The entries of a map of a Query form: `{"entry": {"1": {"key": …, "value": …}}}`. A map that is not
    /// written so stands as it is. The last of two equal keys counts, as in JSON.
    fn entries(&mut self, raw: &mut Object<String, Value>) -> Option<Object<String, Value>> {
        let mut entries = Object::new();
        for (i, mut entry) in numbered(raw, "entry")?.into_iter().enumerate() {
            let name = entry.get_mut("key").or(None).map(Value::take);
            let content = entry.get_mut("value").map(Value::take);
            match (name, content) {
                (Some(Value::String(name)), Some(content)) => {
                    entries.insert(name, content);
                }
                _ => {
                    self.path.push(Step::Entry(i));
                    self.wrong_type("an entry with a key and a value");
                    self.path.pop();
                }
            }
        }
        Some(entries)
    }

    fn string(&mut self, rules: &Text, sensitive: bool, value: &mut Value) {
        if rules.timestamp.is_some() {
            return self.timestamp(value);
        }
        let Value::String(text) = &*value else {
            return self.wrong_type("a string");
        };
        if let Err(broken) = rules.check(text) {
            self.unsatisfied_by(sensitive, || text.clone(), broken);
        }
    }

    fn timestamp(&mut self, value: &mut Value) {
        match value {
            Value::String(text) if text.parse::<Timestamp>().is_ok() => {}
            Value::Number(seconds) => match instant(seconds.as_f64()) {
                Some(instant) => *value = Value::from(instant.to_string()),
                None => self.wrong_type("a timestamp"),
            },
            _ => self.wrong_type("a timestamp in ISO 8601"),
        }
    }

    fn integer(&mut self, rules: Integer, sensitive: bool, value: &mut Value, source: Source) {
        let number = match (&*value, source) {
            (Value::String(text), Source::Text) => integer_of(text),
            (Value::Number(number), _) => number.as_i64().or_else(|| whole(number.as_f64())),
            _ => None,
        };
        let Some(number) = number else {
            return self.wrong_type("an integer");
        };
        let (low, high) = (
            rules.min.unwrap_or(rules.width.0),
            rules.max.unwrap_or(rules.width.1),
        );
        let broken = if number < low {
            Constraint::Minimum(low.to_string())
        } else if number > high {
            Constraint::Maximum(high.to_string())
        } else {
            *value = Value::from(number);
            return;
        };
        self.unsatisfied_by(sensitive, || number.to_string(), vec![broken]);
    }

    fn float(&mut self, rules: Float, sensitive: bool, value: &mut Value, source: Source) {
        let number = match (&*value, source) {
            (Value::String(text), Source::Text) => text.parse().ok(),
            (Value::Number(number), _) => number.as_f64(),
            _ => None,
        };
        let Some(number) = number.filter(|number| number.is_finite()) else {
            return self.wrong_type("a number");
        };
        let broken = if let Some(min) = rules.min.filter(|min| number < *min) {
            Constraint::Minimum(min.to_string())
        } else if let Some(max) = rules.max.filter(|max| number > *max) {
            Constraint::Maximum(max.to_string())
        } else {
            *value = Value::from(number);
            return;
        };
        self.unsatisfied_by(sensitive, || number.to_string(), vec![broken]);
    }

    fn boolean(&mut self, value: &mut Value, source: Source) {
        let read = match (&*value, source) {
            (Value::Bool(_), _) => return,
            (Value::String(text), Source::Text) if text.eq_ignore_ascii_case("true") => true,
            (Value::String(text), Source::Text) if text.eq_ignore_ascii_case("false") => false,
            _ => return self.wrong_type("a boolean"),
        };
        *value = Value::Bool(read);
    }

    fn wrong_type(&mut self, expected: &'static str) {
        if self.violations.len() < MOST_VIOLATIONS {
            self.violations.push(Violation::WrongType {
                path: self.written_path(),
                expected,
            });
        }
    }

    fn unsatisfied(&mut self, shown: Shown, constraint: Constraint) {
        if self.violations.len() < MOST_VIOLATIONS {
            self.violations.push(Violation::Unsatisfied {
                path: self.written_path(),
                shown,
                constraint,
            });
        }
    }

    fn unsatisfied_by(&mut self, sensitive: bool, text: impl Fn() -> String, broken: Vec<Constraint>) {
        for constraint in broken {
            let shown = if sensitive {
                Shown::Hidden
            } else {
                Shown::new(&text())
            };
            self.unsatisfied(shown, constraint);
        }
    }

    fn written_path(&self) -> String {
        let mut path = String::new();
        for step in &self.path {
            if !path.is_empty() {
                path.push('.');
            }
            match step {
                Step::Member(name) => path.push_str(&lower_first_letter(name)),
                Step::Item(i) => path.push_str(&format!("{}.member", i + 1)),
                Step::Entry(i) => path.push_str(&format!("entry.{}.value", i + 1)),
            }
        }
        path
    }
}

impl Text {
    /// Checks a string.
    ///
    /// # Errors
    ///
    /// Every constraint it breaks, in the order AWS names them.
    pub fn check(&self, text: &str) -> Result<(), Vec<Constraint>> {
        let mut broken = Vec::new();
        let matches = self.pattern.as_ref().is_none_or(|pattern| pattern.is_match(text));
        if !matches && let Some(pattern) = &self.pattern {
            let pattern = pattern.as_str().to_owned();
            match &self.form {
                // Nothing has no form: it is only too short.
                Some(_) if text.is_empty() && self.min.is_some() => {}
                Some(sentence) => broken.push(Constraint::Form {
                    pattern,
                    sentence: sentence.clone(),
                }),
                None => broken.push(Constraint::Pattern(pattern)),
            }
        } else if text.contains('\0') {
            // No database that keeps text keeps this character.
            broken.push(Constraint::Pattern(WITHOUT_NUL.to_owned()));
        }
        // Characters are at most as many as bytes and at least a quarter, which settles most cases.
        let bytes = text.len() as u64;
        if let Some(max) = self.max
            && bytes > max
            && text.chars().count() as u64 > max
        {
            broken.push(Constraint::MaxLength(max));
        }
        if let Some(min) = self.min
            && bytes < min.saturating_mul(4)
            && (text.chars().count() as u64) < min
        {
            broken.push(Constraint::MinLength(min));
        }
        if !self.values.is_empty() && !self.values.iter().any(|value| value == text) {
            broken.push(Constraint::OneOf(self.values.clone()));
        }
        if broken.is_empty() { Ok(()) } else { Err(broken) }
    }
}

/// The items of a numbered list, in order. The numbers may stand inside `wrapper`, or alone (a flattened list).
///
/// Nothing, if anything but the numbers from 1 on stands there: who sends `PolicyArns.member.2` alone must not get a
/// session without that policy.
fn numbered(map: &mut Object<String, Value>, wrapper: &str) -> Option<Vec<Value>> {
    let alone = map.len() == 1;
    let items = match map.get_mut(wrapper) {
        Some(Value::Object(inner)) if alone => inner,
        // `Tags.member=`: an empty list, as some clients write it.
        Some(Value::String(text)) if alone && text.is_empty() => return Some(Vec::new()),
        _ => map,
    };
    let mut list = Vec::with_capacity(items.len());
    while let Some(item) = items.get_mut(&(list.len() + 1).to_string()) {
        list.push(item.take());
    }
    (list.len() == items.len()).then_some(list)
}

/// A whole number as AWS reads it: decimal digits with an optional minus.
fn integer_of(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let decimal = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    decimal.then(|| text.parse().ok()).flatten()
}

/// `10.0` as 10: some clients know only one type of number.
fn whole(number: Option<f64>) -> Option<i64> {
    // Up to 2^53 every whole number is exact.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let number = number.filter(|number| number.fract() == 0.0 && number.abs() <= EXACT)?;
    format!("{number:.0}").parse().ok()
}

/// Seconds since the epoch, which some clients send in JSON; exact to the millisecond.
fn instant(seconds: Option<f64>) -> Option<Timestamp> {
    let milliseconds = whole(Some((seconds? * 1000.0).round()))?;
    // Time ends with the year 9999 in ISO 8601 with four digits; the text must be one that is read again.
    let instant = Timestamp::from_micros(milliseconds.checked_mul(1000)?);
    instant
        .to_string()
        .parse::<Timestamp>()
        .ok()
        .filter(|again| *again == instant)
}

fn all_different(items: &[Value]) -> bool {
    let mut seen = HashSet::with_capacity(items.len());
    items.iter().all(|item| seen.insert(item.to_string()))
}

/// A list as AWS shows it: `[a, b]`. Structures in it are not shown.
fn shown_items(items: &[Value]) -> String {
    let shown: Vec<String> = items.iter().take(64).map(shown_scalar).collect();
    format!("[{}]", shown.join(", "))
}

fn shown_entries(entries: &Object<String, Value>) -> String {
    let shown: Vec<String> = entries
        .iter()
        .take(64)
        .map(|(name, value)| format!("{name}={}", shown_scalar(value)))
        .collect();
    format!("{{{}}}", shown.join(", "))
}

/// A structure may have sensitive members, so only scalars are written out.
fn shown_scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(_) | Value::Array(_) => "...".to_owned(),
        other => other.to_string(),
    }
}
