//! Maps of answers, in the order in which they are given.

use std::borrow::Cow;

use carillon_aws::xml::MAP_ENTRY;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize as SerializeDerive;
use serde::ser::{Serialize, SerializeMap, Serializer};

/// Values by names that AWS gives them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named<V>(pub Vec<(&'static str, V)>);

impl<V: Serialize + Copy> Serialize for Named<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(SerializeDerive)]
        struct Entry<V> {
            key: &'static str,
            value: V,
        }
        let entries: Vec<Entry<V>> = self
            .0
            .iter()
            .map(|(key, value)| Entry { key, value: *value })
            .collect();
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(MAP_ENTRY, &entries)?;
        map.end()
    }
}

impl<V: JsonSchema> JsonSchema for Named<V> {
    fn schema_name() -> Cow<'static, str> {
        format!("Named{}", V::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object", "additionalProperties": generator.subschema_for::<V>() })
    }
}
