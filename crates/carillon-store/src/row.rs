//! Rows that travel out of statements.

use std::str::FromStr;

use carillon_aws::id::AwsAccountId;
use carillon_aws::time::Timestamp;

use crate::StoreError;

/// One row of an answer. Columns are numbered from 0 in the order of the `SELECT`.
pub struct Row<'a>(pub(crate) Source<'a>);

pub(crate) enum Source<'a> {
    Sqlite(&'a rusqlite::Row<'a>),
    Postgres(&'a tokio_postgres::Row),
}

impl Row<'_> {
    /// The column, as its stored type.
    pub fn get<T: Column>(&self, column: usize) -> Result<T, StoreError> {
        T::read(self, column)
    }

    /// The column's text, parsed.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] when the text is not a `T`.
    pub fn parse<T: FromStr>(&self, column: usize) -> Result<T, StoreError> {
        parse(column, &self.get::<String>(column)?)
    }

    /// The column's text, parsed, or nothing.
    pub fn parse_optional<T: FromStr>(&self, column: usize) -> Result<Option<T>, StoreError> {
        self.get::<Option<String>>(column)?
            .map(|text| parse(column, &text))
            .transpose()
    }

    fn text(&self, column: usize) -> Result<Option<String>, StoreError> {
        match self.0 {
            Source::Sqlite(row) => row.get(column).map_err(crate::sqlite::error),
            Source::Postgres(row) => row.try_get(column).map_err(crate::postgres::error),
        }
    }

    fn number(&self, column: usize) -> Result<Option<i64>, StoreError> {
        match self.0 {
            Source::Sqlite(row) => row.get(column).map_err(crate::sqlite::error),
            Source::Postgres(row) => row.try_get(column).map_err(crate::postgres::error),
        }
    }

    fn boolean(&self, column: usize) -> Result<Option<bool>, StoreError> {
        match self.0 {
            Source::Sqlite(row) => row.get(column).map_err(crate::sqlite::error),
            Source::Postgres(row) => row.try_get(column).map_err(crate::postgres::error),
        }
    }

    fn bytes(&self, column: usize) -> Result<Option<Vec<u8>>, StoreError> {
        match self.0 {
            Source::Sqlite(row) => row.get(column).map_err(crate::sqlite::error),
            Source::Postgres(row) => row.try_get(column).map_err(crate::postgres::error),
        }
    }
}

fn parse<T: FromStr>(column: usize, text: &str) -> Result<T, StoreError> {
    text.parse().map_err(|_| StoreError::Corrupt {
        column,
        expected: std::any::type_name::<T>(),
        found: text.to_owned(),
    })
}

/// A type a column can be read as.
pub trait Column: Sized {
    fn read(row: &Row<'_>, column: usize) -> Result<Self, StoreError>;
}

fn required<T>(value: Option<T>, column: usize, expected: &'static str) -> Result<T, StoreError> {
    value.ok_or_else(|| StoreError::Corrupt {
        column,
        expected,
        found: "NULL".to_owned(),
    })
}

macro_rules! columns {
    ($($type:ty, $read:ident, $expected:literal;)*) => {$(
        impl Column for $type {
            fn read(row: &Row<'_>, column: usize) -> Result<Self, StoreError> {
                required(row.$read(column)?, column, $expected)
            }
        }

        impl Column for Option<$type> {
            fn read(row: &Row<'_>, column: usize) -> Result<Self, StoreError> {
                row.$read(column)
            }
        }
    )*};
}

columns! {
    String, text, "text";
    i64, number, "a number";
    bool, boolean, "a boolean";
    Vec<u8>, bytes, "bytes";
}

impl Column for Timestamp {
    fn read(row: &Row<'_>, column: usize) -> Result<Self, StoreError> {
        row.get(column).map(Timestamp::from_micros)
    }
}

impl Column for Option<Timestamp> {
    fn read(row: &Row<'_>, column: usize) -> Result<Self, StoreError> {
        Ok(row.get::<Option<i64>>(column)?.map(Timestamp::from_micros))
    }
}

impl Column for AwsAccountId {
    fn read(row: &Row<'_>, column: usize) -> Result<Self, StoreError> {
        row.parse(column)
    }
}

impl Column for Option<AwsAccountId> {
    fn read(row: &Row<'_>, column: usize) -> Result<Self, StoreError> {
        let text: Option<String> = row.get(column)?;
        text.map(|text| parse(column, &text)).transpose()
    }
}

/// What can be made of a row.
pub trait FromRow: Sized + Send {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError>;
}

macro_rules! tuples {
    ($($name:ident $column:tt),*) => {
        impl<$($name: Column + Send),*> FromRow for ($($name,)*) {
            fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
                Ok(($(row.get::<$name>($column)?,)*))
            }
        }
    };
}

tuples!(A 0);
tuples!(A 0, B 1);
tuples!(A 0, B 1, C 2);
tuples!(A 0, B 1, C 2, D 3);
tuples!(A 0, B 1, C 2, D 3, E 4);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5);
