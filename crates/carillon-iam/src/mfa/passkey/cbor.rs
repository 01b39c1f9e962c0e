//! As much of CBOR as authenticators write: the canonical form of CTAP2, in which everything has one spelling and a
//! length that is said before it. Source: CTAP 2.1, section 8, "Message Encoding"; RFC 8949.
//!
//! Strict, and small enough to be read: what is not of this form is no answer of an authenticator.

use super::ceremony::Wrong;

/// How deep things may be nested.
const DEPTH: usize = 4;

const MALFORMED: Wrong = Wrong::Malformed("the authenticator's answer is not of the form that CTAP2 has");

/// One item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item<'a> {
    Integer(i64),
    Bytes(&'a [u8]),
    Text(&'a str),
    Array(Vec<Item<'a>>),
    Map(Vec<(Item<'a>, Item<'a>)>),
    /// `false`, `true` and `null`, which only extensions have.
    Simple,
}

impl<'a> Item<'a> {
    /// The one item that these bytes are.
    pub fn of(bytes: &'a [u8]) -> Result<Self, Wrong> {
        match Self::first(bytes)? {
            (item, []) => Ok(item),
            _ => Err(MALFORMED),
        }
    }

    /// The item at the beginning, and the bytes behind it.
    pub fn first(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), Wrong> {
        let mut reader = Reader(bytes);
        let item = reader.item(DEPTH)?;
        Ok((item, reader.0))
    }

    pub fn get(&self, key: &Item<'_>) -> Option<&Item<'a>> {
        let Self::Map(entries) = self else { return None };
        entries
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value)
    }

    pub fn bytes(&self) -> Option<&'a [u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Wrong> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(MALFORMED)?;
        self.0 = rest;
        Ok(taken)
    }

    /// Major type and argument of what follows.
    fn head(&mut self) -> Result<(u8, u64), Wrong> {
        let first = *self.take(1)?.first().ok_or(MALFORMED)?;
        let (major, short) = (first >> 5, first & 31);
        let following = match short {
            0..24 => return Ok((major, u64::from(short))),
            24..28 => 1 << (short - 24),
            _ => return Err(MALFORMED),
        };
        let argument = self
            .take(following)?
            .iter()
            .fold(0, |number, byte| (number << 8) | u64::from(*byte));
        // Nothing is written longer than it need be.
        let least = match following {
            1 => 24,
            2 => 1 << 8,
            4 => 1 << 16,
            _ => 1 << 32,
        };
        if argument < least {
            return Err(MALFORMED);
        }
        Ok((major, argument))
    }

    fn item(&mut self, depth: usize) -> Result<Item<'a>, Wrong> {
        let (major, argument) = self.head()?;
        let length = usize::try_from(argument).map_err(|_| MALFORMED)?;
        let number = || i64::try_from(argument).map_err(|_| MALFORMED);
        let deeper = || depth.checked_sub(1).ok_or(MALFORMED);
        Ok(match major {
            0 => Item::Integer(number()?),
            1 => Item::Integer(-1 - number()?),
            2 => Item::Bytes(self.take(length)?),
            3 => Item::Text(std::str::from_utf8(self.take(length)?).map_err(|_| MALFORMED)?),
            // Each member is a byte at least, so a length that is not there ends soon.
            4 => {
                let (mut items, deeper) = (Vec::new(), deeper()?);
                for _ in 0..length {
                    items.push(self.item(deeper)?);
                }
                Item::Array(items)
            }
            5 => {
                let (mut entries, deeper) = (Vec::new(), deeper()?);
                for _ in 0..length {
                    let key = self.item(deeper)?;
                    if entries.iter().any(|(name, _)| *name == key) {
                        return Err(MALFORMED);
                    }
                    entries.push((key, self.item(deeper)?));
                }
                Item::Map(entries)
            }
            7 if (20..=22).contains(&argument) => Item::Simple,
            _ => return Err(MALFORMED),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(hex: &str) -> Result<Item<'static>, Wrong> {
        let bytes = data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap();
        Item::of(Box::leak(bytes.into_boxed_slice()))
    }

    /// Source: RFC 8949, appendix A.
    #[test]
    fn the_examples_of_the_standard_are_read() {
        for (hex, item) in [
            ("00", Item::Integer(0)),
            ("17", Item::Integer(23)),
            ("1818", Item::Integer(24)),
            ("1903e8", Item::Integer(1000)),
            ("1a000f4240", Item::Integer(1_000_000)),
            ("20", Item::Integer(-1)),
            ("3903e7", Item::Integer(-1000)),
            ("4401020304", Item::Bytes(&[1, 2, 3, 4])),
            ("6449455446", Item::Text("IETF")),
            ("80", Item::Array(vec![])),
            ("a0", Item::Map(vec![])),
            ("f5", Item::Simple),
            (
                "a201020304",
                Item::Map(vec![
                    (Item::Integer(1), Item::Integer(2)),
                    (Item::Integer(3), Item::Integer(4)),
                ]),
            ),
        ] {
            assert_eq!(read(hex).unwrap(), item, "{hex}");
        }
    }

    #[test]
    fn what_is_not_canonical_is_refused() {
        for hex in [
            "",
            "0000",
            "1817",
            "190017",
            "1a00000017",
            "1b0000000000000017",
            "5f42010243030405ff",
            "7f657374726561646d696e67ff",
            "9fff",
            "bfff",
            "a201020103",
            "44010203",
            "61ff",
            "1bffffffffffffffff",
            "5bffffffffffffffff",
            "9bffffffffffffffff",
            "f97e00",
            "c074323031332d30332d32315432303a30343a30305a",
            "8181818181",
        ] {
            assert!(read(hex).is_err(), "{hex}");
        }
    }
}
