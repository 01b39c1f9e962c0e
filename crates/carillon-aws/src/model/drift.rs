//! Where a built operation differs from the facts AWS published.

use std::collections::HashSet;

use serde_json::Value;

/// Compares an operation of two service models and answers every difference as a line, such as
/// `ListUsers input.UserEmail: pattern is null, AWS has ".+@.+\\..+"`.
///
/// Empty when both say the same. Shape names, descriptions and the order of members do not count, nor does
/// the width of a number; `0` and no lower bound are the same.
pub fn drift(built: &Value, published: &Value, operation: &str) -> Vec<String> {
    let mut comparison = Comparison {
        built,
        published,
        lines: Vec::new(),
        seen: HashSet::new(),
    };
    let (ours, theirs) = (
        &built["operations"][operation],
        &published["operations"][operation],
    );
    if ours.is_null() || theirs.is_null() {
        return vec![format!("{operation}: is only in one of the models")];
    }
    comparison.fact(
        operation,
        "method",
        &ours["http"]["method"],
        &theirs["http"]["method"],
    );
    comparison.fact(
        operation,
        "requestUri",
        &ours["http"]["requestUri"],
        &theirs["http"]["requestUri"],
    );
    let status = |operation: &Value| {
        operation["http"]
            .get("responseCode")
            .cloned()
            .unwrap_or(200.into())
    };
    comparison.fact(operation, "responseCode", &status(ours), &status(theirs));
    for side in ["input", "output"] {
        let path = format!("{operation} {side}");
        match (ours[side]["shape"].as_str(), theirs[side]["shape"].as_str()) {
            (Some(ours), Some(theirs)) => comparison.shapes(&path, ours, theirs, side == "input"),
            (ours, theirs) => {
                // An absent structure and an empty one are the same on the wire.
                let has = |model: &Value, name: Option<&str>| {
                    let members = name.and_then(|name| model["shapes"][name]["members"].as_object());
                    members.is_some_and(|members| !members.is_empty())
                };
                if has(built, ours) != has(published, theirs) {
                    comparison
                        .lines
                        .push(format!("{path}: is only in one of the models"));
                }
            }
        }
    }
    comparison.lines
}

struct Comparison<'a> {
    built: &'a Value,
    published: &'a Value,
    lines: Vec<String>,
    seen: HashSet<(&'a str, &'a str)>,
}

impl<'a> Comparison<'a> {
    fn shapes(&mut self, path: &str, ours: &'a str, theirs: &'a str, input: bool) {
        if !self.seen.insert((ours, theirs)) {
            return;
        }
        let (built, published) = (&self.built["shapes"][ours], &self.published["shapes"][theirs]);
        self.fact(path, "type", &type_class(built), &type_class(published));
        for fact in ["min", "max", "pattern", "sensitive"] {
            let plain = |shape: &Value| {
                shape
                    .get(fact)
                    .filter(|value| **value != 0)
                    .cloned()
                    .unwrap_or_default()
            };
            self.fact(path, fact, &plain(built), &plain(published));
        }
        self.fact(path, "enum", &sorted(&built["enum"]), &sorted(&published["enum"]));
        // Whether a member is always there matters to who writes it; readers ignore it.
        if input {
            self.fact(
                path,
                "required",
                &sorted(&built["required"]),
                &sorted(&published["required"]),
            );
        }
        for part in ["member", "key", "value"] {
            if let (Some(ours), Some(theirs)) =
                (built[part]["shape"].as_str(), published[part]["shape"].as_str())
            {
                self.shapes(&format!("{path}[{part}]"), ours, theirs, input);
            }
        }
        self.members(path, built, published, input);
    }

    fn members(&mut self, path: &str, built: &'a Value, published: &'a Value, input: bool) {
        let (Some(ours), Some(theirs)) = (built["members"].as_object(), published["members"].as_object())
        else {
            return;
        };
        for (name, theirs) in theirs {
            let path = format!("{path}.{name}");
            let Some(ours) = ours.get(name) else {
                self.lines.push(format!("{path}: is missing"));
                continue;
            };
            for fact in ["location", "locationName"] {
                self.fact(&path, fact, &ours[fact], &theirs[fact]);
            }
            if let (Some(ours), Some(theirs)) = (ours["shape"].as_str(), theirs["shape"].as_str()) {
                self.shapes(&path, ours, theirs, input);
            }
        }
        for name in ours.keys().filter(|name| !theirs.contains_key(*name)) {
            self.lines.push(format!("{path}.{name}: AWS has no such member"));
        }
    }

    fn fact(&mut self, path: &str, name: &str, ours: &Value, theirs: &Value) {
        if ours != theirs {
            self.lines
                .push(format!("{path}: {name} is {ours}, AWS has {theirs}"));
        }
    }
}

fn type_class(shape: &Value) -> Value {
    match shape["type"].as_str() {
        Some("long") => "integer".into(),
        Some("double") => "float".into(),
        _ => shape["type"].clone(),
    }
}

fn sorted(values: &Value) -> Value {
    let mut names: Vec<&str> = values
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    names.sort_unstable();
    names.into()
}
