//! The facts of a request that conditions and variables may ask for.

use std::borrow::Cow;
use std::collections::HashMap;

use foldhash::fast::RandomState;

/// Where conditions and variables find their values.
///
/// A key that does not apply to the request is absent, which is not the same as empty: leave it out.
pub trait Context {
    /// The value of a key, asked for in lower case (`aws:principaltag/team`): key names, tag keys included,
    /// compare without regard to case, their values do not.
    fn get(&self, key: &str) -> Option<ContextValue<'_>>;

    /// The keys this request has, as far as they can be listed. Only explanations ask; they show these keys and
    /// those that policies name.
    fn keys(&self) -> Vec<String> {
        Vec::new()
    }
}

/// What one key holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContextValue<'a> {
    /// A single-valued key.
    One(Cow<'a, str>),
    /// A multivalued key, such as `aws:TagKeys`. Only `ForAllValues:` and `ForAnyValue:` can look into it.
    Many(Vec<Cow<'a, str>>),
}

impl<'a> From<&'a str> for ContextValue<'a> {
    fn from(value: &'a str) -> Self {
        ContextValue::One(Cow::Borrowed(value))
    }
}

impl From<String> for ContextValue<'_> {
    fn from(value: String) -> Self {
        ContextValue::One(Cow::Owned(value))
    }
}

/// A context held in a map; for simulations, batch evaluation and tests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MapContext(HashMap<String, Held, RandomState>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Held {
    One(String),
    Many(Vec<String>),
}

impl MapContext {
    /// A context without any key.
    pub fn new() -> MapContext {
        MapContext::default()
    }

    /// Sets a single-valued key. Of two spellings of a key, the later value stays.
    pub fn set(&mut self, key: &str, value: impl Into<String>) -> &mut MapContext {
        self.0.insert(key.to_lowercase(), Held::One(value.into()));
        self
    }

    /// Sets a multivalued key.
    pub fn set_many<S: Into<String>>(
        &mut self,
        key: &str,
        values: impl IntoIterator<Item = S>,
    ) -> &mut MapContext {
        self.0.insert(
            key.to_lowercase(),
            Held::Many(values.into_iter().map(Into::into).collect()),
        );
        self
    }

    /// Forgets every key, so that the map can be used for the next request.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

impl Context for MapContext {
    fn get(&self, key: &str) -> Option<ContextValue<'_>> {
        Some(match self.0.get(key)? {
            Held::One(value) => ContextValue::One(Cow::Borrowed(value)),
            Held::Many(values) => {
                ContextValue::Many(values.iter().map(|value| Cow::Borrowed(&**value)).collect())
            }
        })
    }

    fn keys(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }
}

/// A few single-valued keys as they come, for a request that is asked about once.
impl<K: AsRef<str>, V: AsRef<str>, const N: usize> Context for [(K, V); N] {
    fn get(&self, key: &str) -> Option<ContextValue<'_>> {
        let (_, value) = self.iter().find(|(name, _)| is_spelling_of(name.as_ref(), key))?;
        Some(ContextValue::from(value.as_ref()))
    }

    fn keys(&self) -> Vec<String> {
        self.iter()
            .map(|(name, _)| name.as_ref().to_lowercase())
            .collect()
    }
}

/// Whether `name` is `key` in lower case.
pub(crate) fn is_spelling_of(name: &str, key: &str) -> bool {
    name.eq_ignore_ascii_case(key) || !name.is_ascii() && name.to_lowercase() == key
}

/// A context without any key, for patterns that have no variables.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Nothing;

impl Context for Nothing {
    fn get(&self, _key: &str) -> Option<ContextValue<'_>> {
        None
    }
}
