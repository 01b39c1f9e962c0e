//! Hiding sensitive members, and member names as CloudTrail writes them.

use serde_json::Value;

use super::{Kind, NodeId, Shape};

/// What stands in the audit trail in the place of a sensitive value. Source: CloudTrail's own records.
pub const HIDDEN: &str = "HIDDEN_DUE_TO_SECURITY_REASONS";

impl Shape {
    /// Replaces every sensitive value by [`HIDDEN`].
    ///
    /// The value need not be valid. A structure loses members the shape does not know, because nobody can
    /// say what they hold, and a value of the wrong type is hidden whole where its place can hold secrets.
    pub fn mask(&self, value: &mut Value) {
        self.mask_at(self.id(), false, value);
    }

    fn mask_at(&self, id: NodeId, sensitive: bool, value: &mut Value) {
        let node = self.get(id);
        if value.is_null() {
            return;
        }
        if sensitive || node.sensitive {
            *value = Value::from(HIDDEN);
            return;
        }
        match (&node.kind, value) {
            (Kind::Structure(members), Value::Object(map)) => {
                map.retain(
                    |name, value| match members.iter().find(|member| member.name == *name) {
                        Some(member) => {
                            self.mask_at(member.shape, member.sensitive, value);
                            true
                        }
                        None => false,
                    },
                );
            }
            _ if !node.hides => {}
            (Kind::List(list), Value::Array(items)) => {
                items
                    .iter_mut()
                    .for_each(|item| self.mask_at(list.member, false, item));
            }
            // A list or map of a Query form that was not decoded: `{"member": {"1": …}}`.
            (Kind::List(list), Value::Object(map)) => {
                let items = if map.get("member").is_some_and(Value::is_object) {
                    map.get_mut("member").and_then(Value::as_object_mut)
                } else {
                    Some(map)
                };
                for item in items.into_iter().flat_map(|items| items.values_mut()) {
                    self.mask_at(list.member, false, item);
                }
            }
            (Kind::Map(kind), Value::Object(map)) => {
                if let Some(Value::Object(entries)) = map.get_mut("entry") {
                    entries
                        .values_mut()
                        .for_each(|entry| *entry = Value::from(HIDDEN));
                } else if self.get(kind.key).sensitive {
                    map.clear();
                } else {
                    map.values_mut()
                        .for_each(|value| self.mask_at(kind.value, false, value));
                }
            }
            (_, value) => *value = Value::from(HIDDEN),
        }
    }
}

/// The value with member names as CloudTrail writes them: the first letter in lower case, at every depth.
pub fn lower_first(value: Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(
            map.into_iter()
                .map(|(name, value)| (lower_first_letter(&name), lower_first(value)))
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.into_iter().map(lower_first).collect()),
        other => other,
    }
}

/// `AccountId` as `accountId`.
pub(crate) fn lower_first_letter(name: &str) -> String {
    let mut chars = name.chars();
    chars
        .next()
        .map(|first| first.to_ascii_lowercase())
        .into_iter()
        .chain(chars)
        .collect()
}
