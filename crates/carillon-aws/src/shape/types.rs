//! Types of members that cannot hold a wrong value, and whose schemas say what they can hold.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::{Constraint, Pattern, Text};

/// Declares a string with constraints: its parts in this order, each optional.
///
/// ```
/// carillon_aws::string_type! {
///     /// The name of a Chime account.
///     pub AccountName, min: 1, max: 100, pattern: r".*\S.*", example: "Sales"
/// }
/// carillon_aws::string_type! {
///     /// Proves an invitation.
///     pub InvitationToken, min: 20, max: 200, example: "0123456789abcdefghij", sensitive
/// }
///
/// let name: AccountName = "Sales".parse().expect("valid");
/// assert_eq!(name.as_str(), "Sales");
/// assert!("   ".parse::<AccountName>().is_err());
/// assert_eq!(format!("{:?}", InvitationToken::EXAMPLE), r#"Some("0123456789abcdefghij")"#);
/// ```
///
/// The type has `FromStr`, `Deserialize`, `Serialize`, `Display`, `AsRef<str>`, `as_str`, `into_string`,
/// `JsonSchema` and the comparisons of strings. `Debug` does not show a sensitive value; `Display` does.
#[macro_export]
macro_rules! string_type {
    ($(#[doc = $doc:literal])* $vis:vis $Name:ident
        $(, min: $min:expr)? $(, max: $max:expr)? $(, pattern: $pattern:expr)? $(, form: $form:expr)?
        $(, example: $example:expr)?
        , sensitive $(,)?) => {
        $crate::__string_type!(
            [$($doc)*] $vis $Name [$($min)?] [$($max)?] [$($pattern)?] [$($form)?] [$($example)?] true
        );
    };
    ($(#[doc = $doc:literal])* $vis:vis $Name:ident
        $(, min: $min:expr)? $(, max: $max:expr)? $(, pattern: $pattern:expr)? $(, form: $form:expr)?
        $(, example: $example:expr)?
        $(,)?) => {
        $crate::__string_type!(
            [$($doc)*] $vis $Name [$($min)?] [$($max)?] [$($pattern)?] [$($form)?] [$($example)?] false
        );
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __string_type {
    ([$($doc:literal)*] $vis:vis $Name:ident
        [$($min:expr)?] [$($max:expr)?] [$($pattern:expr)?] [$($form:expr)?] [$($example:expr)?]
        $sensitive:literal) => {
        $(#[doc = $doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis struct $Name(String);

        impl $Name {
            /// A valid value, for samples.
            pub const EXAMPLE: Option<&'static str> = $crate::__option!($($example)?);

            const RULES: $crate::shape::TextRules = $crate::shape::TextRules {
                name: stringify!($Name),
                doc: concat!($($doc, "\n"),*),
                min: $crate::__option!($($min)?),
                max: $crate::__option!($($max)?),
                pattern: $crate::__option!($($pattern)?),
                form: $crate::__option!($($form)?),
                example: Self::EXAMPLE,
                sensitive: $sensitive,
            };

            fn rules() -> &'static $crate::shape::Text {
                static CHECK: std::sync::LazyLock<$crate::shape::Text> =
                    std::sync::LazyLock::new(|| $Name::RULES.compile());
                &CHECK
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The text, owned.
            pub fn into_string(self) -> String {
                self.0
            }
        }

        impl TryFrom<String> for $Name {
            type Error = $crate::shape::InvalidText;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                $crate::shape::InvalidText::check(Self::rules(), &text)?;
                Ok(Self(text))
            }
        }

        impl std::str::FromStr for $Name {
            type Err = $crate::shape::InvalidText;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.to_owned().try_into()
            }
        }

        impl std::fmt::Display for $Name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::fmt::Debug for $Name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                if Self::RULES.sensitive {
                    return f.write_str(concat!(stringify!($Name), "(hidden)"));
                }
                f.debug_tuple(stringify!($Name)).field(&self.0).finish()
            }
        }

        impl AsRef<str> for $Name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl From<$Name> for String {
            fn from(value: $Name) -> Self {
                value.0
            }
        }

        impl $crate::shape::macros::serde::Serialize for $Name {
            fn serialize<S>(&self, serializer: S) -> Result<S::Ok, S::Error>
            where
                S: $crate::shape::macros::serde::Serializer,
            {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> $crate::shape::macros::serde::Deserialize<'de> for $Name {
            fn deserialize<D>(deserializer: D) -> Result<Self, D::Error>
            where
                D: $crate::shape::macros::serde::Deserializer<'de>,
            {
                let text = <String as $crate::shape::macros::serde::Deserialize>::deserialize(deserializer)?;
                text.try_into().map_err($crate::shape::macros::serde::de::Error::custom)
            }
        }

        impl $crate::shape::macros::schemars::JsonSchema for $Name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($Name).into()
            }

            fn schema_id() -> std::borrow::Cow<'static, str> {
                concat!(module_path!(), "::", stringify!($Name)).into()
            }

            fn json_schema(
                _: &mut $crate::shape::macros::schemars::SchemaGenerator,
            ) -> $crate::shape::macros::schemars::Schema {
                Self::RULES.schema()
            }
        }
    };
}

/// Declares an enumeration of AWS's. Variants are named as on the wire, unless a name is given.
///
/// ```
/// carillon_aws::string_enum! {
///     /// What a user may use.
///     pub enum License {
///         Basic,
///         Plus,
///         Pro,
///         ProTrial = "ProTrial",
///     }
/// }
///
/// assert_eq!("Plus".parse(), Ok(License::Plus));
/// assert_eq!(License::ProTrial.to_string(), "ProTrial");
/// assert_eq!(License::ALL.len(), 4);
/// ```
#[macro_export]
macro_rules! string_enum {
    ($(#[doc = $doc:literal])* $vis:vis enum $Name:ident {
        $($(#[doc = $variant_doc:literal])* $Variant:ident $(= $wire:literal)?),+ $(,)?
    }) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis enum $Name {
            $($(#[doc = $variant_doc])* $Variant),+
        }

        impl $Name {
            /// All values, in the order of their declaration.
            pub const ALL: &'static [Self] = &[$(Self::$Variant),+];

            /// The name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$Variant => $crate::__wire_name!($Variant $($wire)?)),+
                }
            }
        }

        impl std::str::FromStr for $Name {
            type Err = $crate::shape::InvalidText;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::ALL
                    .iter()
                    .copied()
                    .find(|value| value.as_str() == text)
                    .ok_or_else(|| $crate::shape::InvalidText::not_one_of(Self::ALL.iter().map(|v| v.as_str())))
            }
        }

        impl std::fmt::Display for $Name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl AsRef<str> for $Name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl $crate::shape::macros::serde::Serialize for $Name {
            fn serialize<S>(&self, serializer: S) -> Result<S::Ok, S::Error>
            where
                S: $crate::shape::macros::serde::Serializer,
            {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> $crate::shape::macros::serde::Deserialize<'de> for $Name {
            fn deserialize<D>(deserializer: D) -> Result<Self, D::Error>
            where
                D: $crate::shape::macros::serde::Deserializer<'de>,
            {
                let text = <std::borrow::Cow<'_, str> as $crate::shape::macros::serde::Deserialize>::deserialize(
                    deserializer,
                )?;
                text.parse().map_err($crate::shape::macros::serde::de::Error::custom)
            }
        }

        impl $crate::shape::macros::schemars::JsonSchema for $Name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($Name).into()
            }

            fn schema_id() -> std::borrow::Cow<'static, str> {
                concat!(module_path!(), "::", stringify!($Name)).into()
            }

            fn json_schema(
                _: &mut $crate::shape::macros::schemars::SchemaGenerator,
            ) -> $crate::shape::macros::schemars::Schema {
                let values: Vec<&str> = Self::ALL.iter().map(|value| value.as_str()).collect();
                let doc = concat!($($doc, "\n"),*).trim();
                if doc.is_empty() {
                    $crate::shape::macros::schemars::json_schema!({"type": "string", "enum": values})
                } else {
                    $crate::shape::macros::schemars::json_schema!(
                        {"type": "string", "enum": values, "description": doc}
                    )
                }
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __option {
    () => {
        None
    };
    ($value:expr) => {
        Some($value)
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __wire_name {
    ($Variant:ident) => {
        stringify!($Variant)
    };
    ($Variant:ident $wire:literal) => {
        $wire
    };
}

/// The constraints of a type declared with [`string_type!`](crate::string_type).
#[derive(Debug, Clone, Copy)]
pub struct TextRules {
    pub name: &'static str,
    pub doc: &'static str,
    /// Characters.
    pub min: Option<u64>,
    /// Characters.
    pub max: Option<u64>,
    pub pattern: Option<&'static str>,
    /// What the pattern means, where AWS says so instead of showing the pattern.
    pub form: Option<&'static str>,
    pub example: Option<&'static str>,
    pub sensitive: bool,
}

impl TextRules {
    /// What the type checks off the wire.
    ///
    /// # Panics
    ///
    /// When the pattern does not compile, which is a fact of the declaration.
    pub fn compile(&self) -> Text {
        let pattern = self.pattern.map(|pattern| match Pattern::new(pattern) {
            Ok(pattern) => pattern,
            Err(error) => panic!("the pattern of {} does not compile: {error}", self.name),
        });
        Text {
            min: self.min,
            max: self.max,
            pattern,
            form: self.form.map(str::to_owned),
            ..Text::default()
        }
    }

    /// The schema of the type.
    pub fn schema(&self) -> Schema {
        let mut schema = json_schema!({"type": "string", "x-name": self.name});
        let mut set = |name: &str, value: Option<serde_json::Value>| {
            if let Some(value) = value {
                schema.insert(name.to_owned(), value);
            }
        };
        let doc = self.doc.trim();
        set("x-doc", (!doc.is_empty()).then(|| doc.into()));
        set("minLength", self.min.map(Into::into));
        set("maxLength", self.max.map(Into::into));
        set("pattern", self.pattern.map(Into::into));
        set("x-form", self.form.map(Into::into));
        set("x-example", self.example.map(Into::into));
        set("x-sensitive", self.sensitive.then_some(true.into()));
        schema
    }
}

/// A text breaks the constraints of its type. The text is not part of it: it may be sensitive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidText(Vec<Constraint>);

impl InvalidText {
    #[doc(hidden)]
    pub fn check(rules: &Text, text: &str) -> Result<(), Self> {
        rules.check(text).map_err(Self)
    }

    #[doc(hidden)]
    pub fn not_one_of(values: impl Iterator<Item = &'static str>) -> Self {
        Self(vec![Constraint::OneOf(values.map(str::to_owned).collect())])
    }

    /// What is not satisfied.
    pub fn constraints(&self) -> &[Constraint] {
        &self.0
    }
}

impl fmt::Display for InvalidText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, constraint) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("; ")?;
            }
            constraint.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for InvalidText {}

/// A list of at least `MIN` and at most `MAX` items.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Listed<T, const MIN: usize, const MAX: usize>(Vec<T>);

impl<T, const MIN: usize, const MAX: usize> Listed<T, MIN, MAX> {
    /// The items, owned.
    pub fn into_vec(self) -> Vec<T> {
        self.0
    }
}

impl<T, const MIN: usize, const MAX: usize> Default for Listed<T, MIN, MAX> {
    /// The empty list. Does not compile for a list that needs an item.
    fn default() -> Self {
        const { assert!(MIN == 0, "an empty list needs a lower bound of zero") };
        Self(Vec::new())
    }
}

impl<T, const MIN: usize, const MAX: usize> TryFrom<Vec<T>> for Listed<T, MIN, MAX> {
    type Error = InvalidText;

    fn try_from(items: Vec<T>) -> Result<Self, InvalidText> {
        if items.len() < MIN {
            return Err(InvalidText(vec![Constraint::MinLength(MIN as u64)]));
        }
        if items.len() > MAX {
            return Err(InvalidText(vec![Constraint::MaxLength(MAX as u64)]));
        }
        Ok(Self(items))
    }
}

impl<T, const MIN: usize, const MAX: usize> Deref for Listed<T, MIN, MAX> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T, const MIN: usize, const MAX: usize> IntoIterator for Listed<T, MIN, MAX> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, T, const MIN: usize, const MAX: usize> IntoIterator for &'a Listed<T, MIN, MAX> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<'de, T: Deserialize<'de>, const MIN: usize, const MAX: usize> Deserialize<'de> for Listed<T, MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer)?
            .try_into()
            .map_err(D::Error::custom)
    }
}

impl<T: JsonSchema, const MIN: usize, const MAX: usize> JsonSchema for Listed<T, MIN, MAX> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("{}List", T::schema_name()).into()
    }

    fn schema_id() -> Cow<'static, str> {
        format!("Listed<{}, {MIN}, {MAX}>", T::schema_id()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = json_schema!({"type": "array", "items": generator.subschema_for::<T>()});
        if MIN > 0 {
            schema.insert("minItems".to_owned(), MIN.into());
        }
        if MAX < usize::MAX {
            schema.insert("maxItems".to_owned(), MAX.into());
        }
        schema
    }
}

/// A whole number from `MIN` to `MAX`, such as a page size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Ranged<const MIN: i64, const MAX: i64>(i64);

impl<const MIN: i64, const MAX: i64> Ranged<MIN, MAX> {
    /// The number.
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl<const MIN: i64, const MAX: i64> TryFrom<i64> for Ranged<MIN, MAX> {
    type Error = InvalidText;

    fn try_from(number: i64) -> Result<Self, InvalidText> {
        if number < MIN {
            return Err(InvalidText(vec![Constraint::Minimum(MIN.to_string())]));
        }
        if number > MAX {
            return Err(InvalidText(vec![Constraint::Maximum(MAX.to_string())]));
        }
        Ok(Self(number))
    }
}

impl<'de, const MIN: i64, const MAX: i64> Deserialize<'de> for Ranged<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        i64::deserialize(deserializer)?
            .try_into()
            .map_err(D::Error::custom)
    }
}

impl<const MIN: i64, const MAX: i64> JsonSchema for Ranged<MIN, MAX> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Integer".into()
    }

    fn schema_id() -> Cow<'static, str> {
        format!("Ranged<{MIN}, {MAX}>").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "integer", "format": "int64", "minimum": MIN, "maximum": MAX})
    }
}
