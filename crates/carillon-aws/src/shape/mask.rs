//! Values as CloudTrail writes them: sensitive members hidden, names with a small first letter.

use std::fmt;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

use super::{Kind, NodeId, Shape};

/// What stands in the audit trail in the place of a sensitive value. Source: CloudTrail's own records.
pub const HIDDEN: &str = "HIDDEN_DUE_TO_SECURITY_REASONS";

impl Shape {
    /// The value as the audit trail may have it: every sensitive value is [`HIDDEN`], and every name begins with a
    /// small letter.
    ///
    /// The value need not be valid. A structure loses members the shape does not know, because nobody can
    /// say what they hold, and a value of the wrong type is hidden whole where its place can hold secrets.
    pub fn recorded<'a>(&'a self, value: &'a Value) -> Recorded<'a> {
        Recorded {
            shape: self,
            place: Place::Of {
                id: self.id(),
                sensitive: false,
            },
            value,
        }
    }
}

/// A value as the audit trail has it. See [`Shape::recorded`].
#[derive(Debug, Clone, Copy)]
pub struct Recorded<'a> {
    shape: &'a Shape,
    place: Place,
    value: &'a Value,
}

/// What is known of a place of a value.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// It should have this shape.
    Of { id: NodeId, sensitive: bool },
    /// Nothing in it can be sensitive.
    Harmless,
    /// All of it may be.
    Hidden,
}

impl Place {
    fn of(id: NodeId) -> Self {
        Self::Of { id, sensitive: false }
    }
}

impl<'a> Recorded<'a> {
    fn at(self, place: Place, value: &'a Value) -> Self {
        Self {
            shape: self.shape,
            place,
            value,
        }
    }

    /// An object, with the place of each of its values; those without one are left out.
    fn object<S: Serializer>(
        self,
        serializer: S,
        object: &'a Map<String, Value>,
        place: impl Fn(&str) -> Option<Place>,
    ) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in object {
            if let Some(place) = place(name) {
                map.serialize_entry(&LowerFirst(name), &self.at(place, value))?;
            }
        }
        map.end()
    }

    fn harmless<S: Serializer>(self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.value {
            Value::Object(object) => self.object(serializer, object, |_| Some(Place::Harmless)),
            Value::Array(items) => {
                serializer.collect_seq(items.iter().map(|item| self.at(Place::Harmless, item)))
            }
            other => other.serialize(serializer),
        }
    }
}

impl Serialize for Recorded<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (id, sensitive) = match self.place {
            _ if self.value.is_null() => return serializer.serialize_none(),
            Place::Harmless => return self.harmless(serializer),
            Place::Hidden => return serializer.serialize_str(HIDDEN),
            Place::Of { id, sensitive } => (id, sensitive),
        };
        let node = self.shape.get(id);
        if sensitive || node.sensitive {
            return serializer.serialize_str(HIDDEN);
        }
        match (&node.kind, self.value) {
            (Kind::Structure(members), Value::Object(object)) => self.object(serializer, object, |name| {
                let member = members.iter().find(|member| member.name == name)?;
                Some(Place::Of {
                    id: member.shape,
                    sensitive: member.sensitive,
                })
            }),
            _ if !node.hides => self.harmless(serializer),
            (Kind::List(list), Value::Array(items)) => {
                let place = Place::of(list.member);
                serializer.collect_seq(items.iter().map(|item| self.at(place, item)))
            }
            // A list or map of a Query form that was not decoded: `{"member": {"1": …}}`.
            (Kind::List(list), Value::Object(object)) => match object.get("member") {
                Some(Value::Object(items)) => {
                    let items = Numbered {
                        of: *self,
                        place: Place::of(list.member),
                        items,
                    };
                    serializer.collect_map([("member", items)])
                }
                _ => self.object(serializer, object, |_| Some(Place::of(list.member))),
            },
            (Kind::Map(kind), Value::Object(object)) => match object.get("entry") {
                Some(Value::Object(items)) => {
                    let items = Numbered {
                        of: *self,
                        place: Place::Hidden,
                        items,
                    };
                    serializer.collect_map([("entry", items)])
                }
                _ if self.shape.get(kind.key).sensitive => self.object(serializer, object, |_| None),
                _ => self.object(serializer, object, |_| Some(Place::of(kind.value))),
            },
            _ => serializer.serialize_str(HIDDEN),
        }
    }
}

/// Items of a list or map in a form, by their numbers.
struct Numbered<'a> {
    of: Recorded<'a>,
    place: Place,
    items: &'a Map<String, Value>,
}

impl Serialize for Numbered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.of.object(serializer, self.items, |_| Some(self.place))
    }
}

/// A name with its first letter in lower case.
struct LowerFirst<'a>(&'a str);

impl fmt::Display for LowerFirst<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0.chars();
        if let Some(first) = rest.next() {
            fmt::Write::write_char(f, first.to_ascii_lowercase())?;
        }
        f.write_str(rest.as_str())
    }
}

impl Serialize for LowerFirst<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// `AccountId` as `accountId`.
pub(crate) fn lower_first_letter(name: &str) -> String {
    LowerFirst(name).to_string()
}
