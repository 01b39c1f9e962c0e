//! The forms of a time in requests and answers, and their schemas.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use super::{MICROS_PER_SECOND, Timestamp, TimestampError};

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.iso_millis())
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor)
    }
}

/// A time that is written with whole seconds, `2019-01-04T17:11:22Z`, as IAM and STS do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IsoSeconds(pub Timestamp);

impl fmt::Display for IsoSeconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.iso_seconds())
    }
}

impl Serialize for IsoSeconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.iso_seconds())
    }
}

impl<'de> Deserialize<'de> for IsoSeconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Timestamp::deserialize(deserializer).map(Self)
    }
}

impl From<Timestamp> for IsoSeconds {
    fn from(at: Timestamp) -> Self {
        Self(at)
    }
}

/// A time that is written as a JSON number of seconds since the epoch, as CloudTrail does; a fraction appears only
/// when there is one. Read from such a number or from ISO 8601 text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EpochSeconds(pub Timestamp);

impl Serialize for EpochSeconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let micros = self.0.as_micros();
        if micros % MICROS_PER_SECOND == 0 {
            serializer.serialize_i64(micros / MICROS_PER_SECOND)
        } else {
            // Exact to the microsecond for every year a client will see: 2^53 µs is the year 2255.
            serializer.serialize_f64(micros as f64 / MICROS_PER_SECOND as f64)
        }
    }
}

impl<'de> Deserialize<'de> for EpochSeconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberVisitor)
    }
}

impl From<Timestamp> for EpochSeconds {
    fn from(at: Timestamp) -> Self {
        Self(at)
    }
}

/// The three wire forms share one schema and differ in the extension, which the shape readers look at.
macro_rules! timestamp_schema {
    ($type:ty, $form:literal) => {
        impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "format": "date-time", "x-timestamp": $form })
            }
        }
    };
}

timestamp_schema!(Timestamp, "iso8601");
timestamp_schema!(IsoSeconds, "iso8601-seconds");
timestamp_schema!(EpochSeconds, "unix");

struct TextVisitor;

impl Visitor<'_> for TextVisitor {
    type Value = Timestamp;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an ISO 8601 timestamp")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Timestamp, E> {
        text.parse().map_err(E::custom)
    }
}

struct NumberVisitor;

impl Visitor<'_> for NumberVisitor {
    type Value = EpochSeconds;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("seconds since 1970 or an ISO 8601 timestamp")
    }

    fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<EpochSeconds, E> {
        Ok(EpochSeconds(Timestamp::from_seconds(seconds)))
    }

    fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<EpochSeconds, E> {
        self.visit_i64(i64::try_from(seconds).unwrap_or(i64::MAX))
    }

    fn visit_f64<E: de::Error>(self, seconds: f64) -> Result<EpochSeconds, E> {
        if !seconds.is_finite() {
            return Err(E::custom(TimestampError));
        }
        // The conversion saturates, and so does the constructor.
        Ok(EpochSeconds(Timestamp::from_micros(
            (seconds * MICROS_PER_SECOND as f64).round() as i64,
        )))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<EpochSeconds, E> {
        TextVisitor.visit_str(text).map(EpochSeconds)
    }
}
