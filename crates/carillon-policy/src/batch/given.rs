//! Texts and context of a case, borrowed from its line where they can be.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::fmt;

use foldhash::fast::RandomState;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Unexpected, Visitor};

use crate::context::{Context, ContextValue, is_spelling_of};

/// A text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Text<'a>(pub Cow<'a, str>);

/// The context of a case. Of two spellings of a key the later one counts.
#[derive(Debug, Default)]
pub(super) struct Given<'a> {
    fields: Vec<(Text<'a>, Value<'a>)>,
    /// In lower case, where there are too many to try one after another.
    places: HashMap<String, usize, RandomState>,
}

/// Values are texts; numbers and booleans are taken for the texts they are written as.
#[derive(Debug)]
enum Value<'a> {
    One(Text<'a>),
    Many(Vec<Text<'a>>),
}

/// So many keys are tried one after another.
const FEW: usize = 16;

impl Context for Given<'_> {
    fn get(&self, key: &str) -> Option<ContextValue<'_>> {
        let (_, value) = if self.places.is_empty() {
            let mut fields = self.fields.iter().rev();
            fields.find(|(name, _)| is_spelling_of(&name.0, key))?
        } else {
            self.fields.get(*self.places.get(key)?)?
        };
        Some(match value {
            Value::One(text) => ContextValue::from(&*text.0),
            Value::Many(texts) => {
                ContextValue::Many(texts.iter().map(|text| Cow::Borrowed(&*text.0)).collect())
            }
        })
    }

    fn keys(&self) -> Vec<String> {
        let names = self.fields.iter().map(|(name, _)| name.0.to_lowercase());
        names.collect::<BTreeSet<String>>().into_iter().collect()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Text<'de>;
            fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                to.write_str("a string")
            }
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Reader)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Value<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueReader { in_list: false })
    }
}

/// Reads a value; a list holds no lists.
struct ValueReader {
    in_list: bool,
}

impl<'de> Visitor<'de> for ValueReader {
    type Value = Value<'de>;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(match self.in_list {
            true => "a string, number or boolean",
            false => "a string, number or boolean, or a list of them",
        })
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Value<'de>, E> {
        Ok(Value::One(Text(Cow::Borrowed(text))))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value<'de>, E> {
        Ok(Value::One(Text(Cow::Owned(text.to_owned()))))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value<'de>, E> {
        self.visit_borrowed_str(if value { "true" } else { "false" })
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value<'de>, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value<'de>, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value<'de>, E> {
        self.visit_str(&serde_json::Value::from(value).to_string())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value<'de>, A::Error> {
        if self.in_list {
            return Err(A::Error::invalid_type(Unexpected::Seq, &self));
        }
        let mut texts = Vec::new();
        while let Some(Element(text)) = list.next_element()? {
            texts.push(text);
        }
        Ok(Value::Many(texts))
    }
}

struct Element<'a>(Text<'a>);

impl<'de: 'a, 'a> Deserialize<'de> for Element<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.deserialize_any(ValueReader { in_list: true })? {
            Value::One(text) => Ok(Element(text)),
            Value::Many(_) => Err(D::Error::custom("a list in a list")),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Given<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Given<'de>;
            fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                to.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Given<'de>, A::Error> {
                let mut given = Given::default();
                while let Some(field) = object.next_entry()? {
                    given.fields.push(field);
                }
                if given.fields.len() > FEW {
                    let names = given.fields.iter().map(|(name, _)| name.0.to_lowercase());
                    given.places = names.zip(0..).collect();
                }
                Ok(given)
            }
        }
        deserializer.deserialize_map(Reader)
    }
}
