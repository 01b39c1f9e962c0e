//! The shape of an operation's input or output: what members it has and what each may hold.
//!
//! A shape is compiled once from the JSON Schema of a Rust type. From it come validation with AWS's
//! messages, decoding of text (Query forms, path labels, query members), masking of sensitive members,
//! a sample value, and the service model that clients load.
//!
//! ```
//! use carillon_aws::shape::{Shape, Source, violations_message};
//! use schemars::JsonSchema;
//! use serde_json::json;
//!
//! carillon_aws::string_type! {
//!     /// The name of a user.
//!     pub UserName, min: 1, max: 8, pattern: r"[\w+=,.@-]+", example: "ada"
//! }
//!
//! #[derive(serde::Deserialize, JsonSchema)]
//! #[serde(rename_all = "PascalCase")]
//! struct CreateUser {
//!     user_name: UserName,
//!     max_items: Option<u16>,
//! }
//!
//! let shape = Shape::of::<CreateUser>();
//! let members = shape.decode(json!({"UserName": "ada", "MaxItems": "10"}), Source::Text).expect("valid");
//! assert_eq!(members, json!({"UserName": "ada", "MaxItems": 10}));
//!
//! let violations = shape.decode(json!({"UserName": "somebody else"}), Source::Text).expect_err("too long");
//! assert_eq!(
//!     violations_message(&violations),
//!     "2 validation errors detected: Value 'somebody else' at 'userName' failed to satisfy constraint: \
//!      Member must satisfy regular expression pattern: [\\w+=,.@-]+; Value 'somebody else' at 'userName' \
//!      failed to satisfy constraint: Member must have length less than or equal to 8"
//! );
//! ```
//!
//! Besides what JSON Schema knows, these extensions are read from a schema (`#[schemars(extend(…))]`):
//! `x-sensitive`, `x-form` (what the pattern means, in AWS's words), `x-timestamp` (`true`, or the form of a time: `iso8601`, `iso8601-seconds`, `unix`), `x-example` (a valid sample string), `x-name` and
//! `x-doc` (name and description of a type that is inlined into its place).

mod compile;
mod decode;
mod mask;
mod pattern;
mod sample;
mod types;
mod violation;

use std::sync::Arc;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

pub use compile::Unsupported;
pub use decode::Source;
pub(crate) use mask::lower_first_letter;
pub use mask::{HIDDEN, Recorded};
pub use pattern::Pattern;
pub use types::{InvalidText, Listed, Ranged, TextRules};
pub use violation::{Constraint, Shown, Violation, violations_message};

/// What the macros of this crate name in the crates that use them.
#[doc(hidden)]
pub mod macros {
    pub use {schemars, serde, serde_json};
}

/// A compiled shape. Cheap to clone: the tree is shared.
#[derive(Debug, Clone)]
pub struct Shape {
    nodes: Arc<[Node]>,
    root: NodeId,
}

/// Where in its tree a shape stands. Shapes may refer back to shapes that contain them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(u32);

/// One shape of the tree, without the shapes it refers to.
#[derive(Debug, Clone)]
pub struct Node {
    /// The type's name, when it has one of its own.
    pub name: Option<String>,
    /// The doc comment of the type.
    pub doc: Option<String>,
    /// Its values are not to be shown: not in logs, not in messages, not in the audit trail.
    pub sensitive: bool,
    pub kind: Kind,
    example: Option<Value>,
    /// Whether it or anything below it is sensitive.
    hides: bool,
}

/// What a value of the shape may be.
#[derive(Debug, Clone)]
pub enum Kind {
    Structure(Vec<Member>),
    List(List),
    Map(Map),
    String(Text),
    Integer(Integer),
    Float(Float),
    Boolean,
    /// Bytes, written in base64.
    Blob,
    /// Any JSON value.
    Document,
}

/// A member of a structure.
#[derive(Debug, Clone)]
pub struct Member {
    /// The name on the wire.
    pub name: String,
    pub shape: NodeId,
    pub required: bool,
    /// The member or its shape is sensitive.
    pub sensitive: bool,
    /// The doc comment of the member.
    pub doc: Option<String>,
}

/// A list; bounds count its items.
#[derive(Debug, Clone)]
pub struct List {
    pub member: NodeId,
    pub min: Option<u64>,
    pub max: Option<u64>,
    pub unique: bool,
}

/// A map from strings; bounds count its entries.
#[derive(Debug, Clone)]
pub struct Map {
    pub key: NodeId,
    pub value: NodeId,
    pub min: Option<u64>,
    pub max: Option<u64>,
}

/// A string; bounds count characters (Unicode scalar values).
#[derive(Debug, Clone, Default)]
pub struct Text {
    pub min: Option<u64>,
    pub max: Option<u64>,
    pub pattern: Option<Pattern>,
    /// What the pattern means, where AWS says so instead of showing the pattern.
    pub form: Option<String>,
    /// The only values allowed, if any are named.
    pub values: Vec<String>,
    /// The string is a time.
    pub timestamp: Option<TimestampForm>,
}

/// How a time is written in answers. In requests ISO 8601 and, in JSON, seconds since the epoch are read for
/// every form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimestampForm {
    /// Text, as Chime writes it: `2019-01-04T17:11:22.003Z`.
    Iso8601,
    /// Text without a fraction, as IAM and STS write it.
    Iso8601Seconds,
    /// A number of seconds, as CloudTrail writes it.
    Unix,
}

/// A whole number. Bounds that only say how wide the Rust type is are not stated ones.
#[derive(Debug, Clone, Copy)]
pub struct Integer {
    pub min: Option<i64>,
    pub max: Option<i64>,
    /// What the Rust type can hold.
    pub width: (i64, i64),
}

/// A number with a fraction; never infinite.
#[derive(Debug, Clone, Copy, Default)]
pub struct Float {
    pub min: Option<f64>,
    pub max: Option<f64>,
}

impl Shape {
    /// The shape of what `T` is read from.
    ///
    /// # Panics
    ///
    /// When the schema of `T` says something no AWS shape can say, or holds a pattern that does not
    /// compile. Both are facts of the type, so a test that builds the shape once rules them out.
    pub fn of<T: JsonSchema>() -> Self {
        Self::expect_supported(
            SchemaSettings::draft2020_12().for_deserialize(),
            T::schema_name().as_ref(),
            |g| g.into_root_schema_for::<T>(),
        )
    }

    /// The shape of what `T` is written as: a member that may be left out is not required.
    ///
    /// # Panics
    ///
    /// As [`Shape::of`].
    pub fn of_output<T: JsonSchema>() -> Self {
        Self::expect_supported(
            SchemaSettings::draft2020_12().for_serialize(),
            T::schema_name().as_ref(),
            |g| g.into_root_schema_for::<T>(),
        )
    }

    /// The shape that a JSON Schema (2020-12) describes; `name` is that of its root.
    ///
    /// # Errors
    ///
    /// When the schema says something no AWS shape can say, or holds a pattern that does not compile.
    pub fn from_schema(schema: &Value, name: &str) -> Result<Self, Unsupported> {
        compile::compile(schema, name)
    }

    /// What this shape is.
    pub fn node(&self) -> &Node {
        &self.nodes[self.root.0 as usize]
    }

    /// Where this shape stands in its tree: equal for equal shapes of one tree, which ends recursion.
    pub fn id(&self) -> NodeId {
        self.root
    }

    /// The shape that a member, list or map of this tree refers to.
    pub fn at(&self, id: NodeId) -> Shape {
        Shape {
            nodes: Arc::clone(&self.nodes),
            root: id,
        }
    }

    /// The members of a structure, in the order of their declaration; none for anything else.
    pub fn members(&self) -> &[Member] {
        match &self.node().kind {
            Kind::Structure(members) => members,
            _ => &[],
        }
    }

    /// The member of that wire name.
    pub fn member(&self, name: &str) -> Option<&Member> {
        self.members().iter().find(|member| member.name == name)
    }

    fn get(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    fn expect_supported(
        settings: SchemaSettings,
        name: &str,
        generate: impl FnOnce(schemars::SchemaGenerator) -> schemars::Schema,
    ) -> Self {
        let schema = generate(settings.into_generator());
        match Self::from_schema(schema.as_value(), name) {
            Ok(shape) => shape,
            Err(unsupported) => panic!("the schema of {name} is not an AWS shape: {unsupported}"),
        }
    }
}

#[cfg(test)]
mod tests;
