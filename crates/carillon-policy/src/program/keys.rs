//! Many texts, and which of them a text begins with.

use std::cmp::Ordering;
use std::ops::Range;

/// Which way texts are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum From {
    Start,
    End,
}

/// Sorted keys, each with a range of numbers.
///
/// One binary search finds all keys that a text begins with: the greatest key that is not greater than the text,
/// and the keys that this one begins with in turn, which each key knows. So the cost grows with the logarithm of
/// the number of keys and with how often they contain each other, and never with the square of anything.
#[derive(Debug)]
pub(super) struct Keys {
    from: From,
    /// What all keys begin with, and then what each goes on with. Bytes are in reading order.
    text: Box<[u8]>,
    common: u32,
    /// How each key goes on, as a number: nearly all of the search compares these, without a branch to guess.
    heads: Box<[u64]>,
    keys: Box<[Key]>,
}

#[derive(Debug)]
struct Key {
    start: u32,
    end: u32,
    /// The longest other key that this one begins with.
    shorter: Option<u32>,
    values: (u32, u32),
}

impl Keys {
    /// Takes keys in ascending order (of their bytes, read in this direction), each with its values.
    ///
    /// None if there is more text than numbers reach.
    pub fn new(from: From, sorted: &[(Vec<u8>, Range<u32>)]) -> Option<Keys> {
        let common = match (sorted.first(), sorted.last()) {
            // What the first and the last have in common is common to all between.
            (Some((first, _)), Some((last, _))) => shared(first.iter(), last.iter()),
            _ => 0,
        };
        let mut text = Vec::new();
        if let Some((first, _)) = sorted.first() {
            text.extend(first.iter().take(common));
        }
        let mut keys: Vec<Key> = Vec::with_capacity(sorted.len());
        // The keys that the present one may begin with, each beginning with those before it.
        let mut open: Vec<(usize, u32)> = Vec::new();
        for (number, (key, values)) in sorted.iter().enumerate() {
            while let Some((shorter, _)) = open.last()
                && sorted
                    .get(*shorter)
                    .is_some_and(|(shorter, _)| !key.starts_with(shorter))
            {
                open.pop();
            }
            let start = u32::try_from(text.len()).ok()?;
            text.extend(key.iter().skip(common));
            keys.push(Key {
                start,
                end: u32::try_from(text.len()).ok()?,
                shorter: open.last().map(|(_, shorter)| *shorter),
                values: (values.start, values.end),
            });
            open.push((number, u32::try_from(number).ok()?));
        }
        Some(Keys {
            from,
            text: text.into(),
            common: u32::try_from(common).ok()?,
            heads: sorted
                .iter()
                .map(|(key, _)| head(key.iter().skip(common)))
                .collect(),
            keys: keys.into(),
        })
    }

    /// The values of all keys that the text begins with, or ends in, the longest first.
    pub fn of<'a>(&'a self, text: &'a str) -> impl Iterator<Item = Range<u32>> + 'a {
        let mut next = match self.from {
            From::Start => self.longest(
                text.as_bytes(),
                |text, key| text.strip_prefix(key),
                |text, key| key.cmp(text),
                |text| match text.first_chunk() {
                    Some(eight) => u64::from_be_bytes(*eight),
                    None => head(text.iter()),
                },
                |text, key| shared(text.iter(), key.iter()),
            ),
            From::End => self.longest(
                text.as_bytes(),
                |text, key| {
                    let rest = text.get(..text.len().checked_sub(key.len())?)?;
                    text.iter()
                        .rev()
                        .zip(key)
                        .all(|(left, right)| left == right)
                        .then_some(rest)
                },
                |text, key| key.iter().cmp(text.iter().rev()),
                |text| head(text.iter().rev()),
                |text, key| shared(text.iter().rev(), key.iter()),
            ),
        };
        std::iter::from_fn(move || {
            let key = next?;
            next = key.shorter.and_then(|shorter| self.keys.get(shorter as usize));
            Some(key.values.0..key.values.1)
        })
    }

    /// The longest key the text begins with.
    fn longest<'t>(
        &self,
        text: &'t [u8],
        strip: impl Fn(&'t [u8], &[u8]) -> Option<&'t [u8]>,
        compare: impl Fn(&'t [u8], &[u8]) -> Ordering,
        head: impl Fn(&'t [u8]) -> u64,
        shared: impl Fn(&'t [u8], &[u8]) -> usize,
    ) -> Option<&Key> {
        let text = strip(text, self.text.get(..self.common as usize)?)?;
        // A key whose head is smaller is smaller; where heads are equal, the rest of the key tells.
        let head = head(text);
        let from = self.heads.partition_point(|other| *other < head);
        let after = match self.heads.get(from..) {
            Some(heads @ [first, ..]) if *first == head => {
                let alike = heads.partition_point(|other| *other == head);
                let alike = self.keys.get(from..from + alike)?;
                from + alike.partition_point(|key| compare(text, self.bytes(key)).is_le())
            }
            _ => from,
        };
        let mut key = self.keys.get(after.checked_sub(1)?)?;
        let length = match strip(text, self.bytes(key)) {
            Some(_) => return Some(key),
            None => shared(text, self.bytes(key)),
        };
        while self.bytes(key).len() > length {
            key = self.keys.get(key.shorter? as usize)?;
        }
        Some(key)
    }

    fn bytes(&self, key: &Key) -> &[u8] {
        self.text
            .get(key.start as usize..key.end as usize)
            .unwrap_or_default()
    }
}

/// The first eight bytes, the first of them weighing most; where there are fewer, zeros.
fn head<'a>(bytes: impl Iterator<Item = &'a u8>) -> u64 {
    let mut head = [0; 8];
    for (place, byte) in head.iter_mut().zip(bytes) {
        *place = *byte;
    }
    u64::from_be_bytes(head)
}

/// How many bytes two texts have in common at their beginning.
fn shared<'a>(left: impl Iterator<Item = &'a u8>, right: impl Iterator<Item = &'a u8>) -> usize {
    left.zip(right).take_while(|(left, right)| left == right).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(from: From, keys: &[&str], text: &str) {
        let in_order = |text: &str| match from {
            From::Start => text.bytes().collect::<Vec<u8>>(),
            From::End => text.bytes().rev().collect(),
        };
        let mut sorted: Vec<(Vec<u8>, Range<u32>)> = Vec::new();
        let mut wanted: Vec<(usize, u32)> = Vec::new();
        let mut unique: Vec<&&str> = keys.iter().collect();
        unique.sort_by_key(|key| in_order(key));
        unique.dedup();
        for (number, key) in (0..).zip(&unique) {
            sorted.push((in_order(key), number..number + 1));
            if in_order(text).starts_with(&in_order(key)) {
                wanted.push((key.len(), number));
            }
        }
        wanted.sort_by_key(|(length, _)| std::cmp::Reverse(*length));
        let keys = Keys::new(from, &sorted).unwrap();
        let found: Vec<u32> = keys.of(text).map(|values| values.start).collect();
        let wanted: Vec<u32> = wanted.into_iter().map(|(_, number)| number).collect();
        assert_eq!(found, wanted, "{sorted:?} on {text}");
    }

    #[test]
    fn all_keys_a_text_begins_with_are_found() {
        // Every choice of three keys and every text over a small alphabet.
        let mut texts = vec![String::new()];
        for length in 0..4 {
            for text in texts.clone() {
                if text.len() == length {
                    texts.extend(["a", "b"].map(|letter| format!("{text}{letter}")));
                }
            }
        }
        let short: Vec<&String> = texts.iter().filter(|text| text.len() < 3).collect();
        for one in &short {
            for two in &short {
                for three in &short {
                    for text in texts.iter().filter(|text| text.len() > 2) {
                        check(From::Start, &[one, two, three], text);
                        check(From::End, &[one, two, three], text);
                    }
                }
            }
        }
    }

    #[test]
    fn keys_that_go_on_alike_for_long_are_told_apart() {
        let keys = [
            "x/12345678",
            "x/123456789",
            "x/12345678a",
            "x/12345678ab",
            "x/1234567",
            "x/1234567\0",
            "x/",
        ];
        for key in keys {
            for end in ["", "\0", "9", "ab", "abc", "z"] {
                check(From::Start, &keys, &format!("{key}{end}"));
                let backwards = |text: &str| text.chars().rev().collect::<String>();
                let reversed = keys.map(backwards);
                let reversed: Vec<&str> = reversed.iter().map(String::as_str).collect();
                check(From::End, &reversed, &backwards(&format!("{key}{end}")));
            }
        }
    }

    #[test]
    fn without_keys_nothing_is_found() {
        for from in [From::Start, From::End] {
            check(from, &[], "abc");
            check(from, &["abc"], "");
            check(from, &["", "é", "éa"], "éab");
        }
    }
}
