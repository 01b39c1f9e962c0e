//! An event as it is kept: a row of its own, or with others in a block.

use carillon_store::{FromRow, Row, StoreError};

use super::Place;
use crate::audit::Event;

/// An event as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    pub place: Place,
    pub name: String,
    pub source: String,
    pub user_name: String,
    pub access_key_id: String,
    pub read_only: bool,
    pub resource_name: String,
    pub resource_type: String,
    /// CloudTrail's JSON.
    pub record: String,
    /// JSON of `decision_record`.
    pub basis: Option<String>,
}

/// The columns of [`Kept`].
macro_rules! columns {
    () => {
        "event_at, event_id, event_name, event_source, user_name, access_key_id, read_only, resource_name, \
         resource_type, record, basis"
    };
}
pub(super) use columns;

impl FromRow for Kept {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            place: Place::from_row(row)?,
            name: row.get(2)?,
            source: row.get(3)?,
            user_name: row.get(4)?,
            access_key_id: row.get(5)?,
            read_only: row.get(6)?,
            resource_name: row.get(7)?,
            resource_type: row.get(8)?,
            record: row.get(9)?,
            basis: row.get(10)?,
        })
    }
}

/// An event on its way into a block, or out of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a> {
    pub at: i64,
    pub id: &'a str,
    pub name: &'a str,
    pub source: &'a str,
    pub user_name: &'a str,
    pub access_key_id: &'a str,
    pub read_only: bool,
    pub resource_name: &'a str,
    pub resource_type: &'a str,
    pub record: &'a str,
    pub basis: Option<&'a str>,
}

const READ_ONLY: u8 = 1;
const HAS_BASIS: u8 = 2;

impl<'a> View<'a> {
    pub fn of(event: &'a Event) -> Self {
        let (resource_type, resource_name) = event.resource();
        Self {
            at: event.at.as_micros(),
            id: &event.id,
            name: &event.name,
            source: event.source,
            user_name: &event.user_name,
            access_key_id: &event.access_key_id,
            read_only: event.read_only,
            resource_name,
            resource_type,
            record: &event.record,
            basis: event.basis.as_deref(),
        }
    }

    /// Adds the event to a block: its time in microseconds and its flags, then each text after its length in bytes.
    /// Numbers are little-endian, of eight, one and four bytes.
    pub fn write(self, block: &mut Vec<u8>) {
        let mut flags = 0;
        if self.read_only {
            flags |= READ_ONLY;
        }
        if self.basis.is_some() {
            flags |= HAS_BASIS;
        }
        block.extend_from_slice(&self.at.to_le_bytes());
        block.push(flags);
        let texts = [
            self.id,
            self.name,
            self.source,
            self.user_name,
            self.access_key_id,
            self.resource_name,
            self.resource_type,
            self.record,
        ];
        for text in texts.into_iter().chain(self.basis) {
            let length = u32::try_from(text.len()).expect("texts of events are far below four gigabytes");
            block.extend_from_slice(&length.to_le_bytes());
            block.extend_from_slice(text.as_bytes());
        }
    }
}

/// The events of a block.
pub(super) struct Views<'a>(pub &'a [u8]);

impl<'a> Iterator for Views<'a> {
    /// Nothing when the block is not what [`View::write`] wrote.
    type Item = Option<View<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let view = self.view();
        if view.is_none() {
            self.0 = &[];
        }
        Some(view)
    }
}

impl<'a> Views<'a> {
    fn view(&mut self) -> Option<View<'a>> {
        let at = i64::from_le_bytes(self.take()?);
        let [flags] = self.take()?;
        Some(View {
            at,
            id: self.text()?,
            name: self.text()?,
            source: self.text()?,
            user_name: self.text()?,
            access_key_id: self.text()?,
            read_only: flags & READ_ONLY != 0,
            resource_name: self.text()?,
            resource_type: self.text()?,
            record: self.text()?,
            basis: match flags & HAS_BASIS {
                0 => None,
                _ => Some(self.text()?),
            },
        })
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = usize::try_from(u32::from_le_bytes(self.take()?)).ok()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        std::str::from_utf8(text).ok()
    }
}

impl View<'_> {
    pub fn is_before(&self, place: &Place) -> bool {
        (self.at, self.id) < (place.at, place.id.as_str())
    }

    pub fn to_kept(self) -> Kept {
        Kept {
            place: Place {
                at: self.at,
                id: self.id.to_owned(),
            },
            name: self.name.to_owned(),
            source: self.source.to_owned(),
            user_name: self.user_name.to_owned(),
            access_key_id: self.access_key_id.to_owned(),
            read_only: self.read_only,
            resource_name: self.resource_name.to_owned(),
            resource_type: self.resource_type.to_owned(),
            record: self.record.to_owned(),
            basis: self.basis.map(str::to_owned),
        }
    }
}
