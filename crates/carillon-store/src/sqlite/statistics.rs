//! What SQLite's planner is told of indexes.

use rusqlite::Connection;

use super::{error, run};
use crate::StoreError;

/// What SQLite's planner is told of indexes between which it would choose wrongly: rows altogether, and with the same
/// first column, the same first two, and so on. Without, it takes an equal column and a range of times to be as good as
/// two equal columns and that range, and reads all of an account for the few rows of one of its people. Fixed figures
/// rather than `ANALYZE`: plans do not change with what is stored. Source: <https://sqlite.org/fileformat2.html#stat1tab>.
const STATISTICS: [[&str; 3]; 8] = [
    [
        "audit_event",
        "sqlite_autoindex_audit_event_1",
        "1000000 100000 1 1 noskipscan",
    ],
    [
        "audit_event",
        "audit_event_by_user",
        "1000000 100000 1000 1 noskipscan",
    ],
    [
        "audit_event",
        "audit_event_by_key",
        "1000000 100000 1000 1 noskipscan",
    ],
    [
        "audit_event",
        "audit_event_by_resource",
        "1000000 100000 1000 1 noskipscan",
    ],
    [
        "audit_event",
        "audit_event_by_name_of_write",
        "1000000 100000 1000 1 noskipscan",
    ],
    [
        "activity_meeting",
        "activity_meeting_page",
        "1000000 100000 1 1 noskipscan",
    ],
    [
        "activity_meeting",
        "activity_meeting_of_organizer",
        "1000000 100000 1000 1 1 noskipscan",
    ],
    [
        "activity_meeting",
        "activity_meeting_of_conference",
        "1000000 100000 1000 1 1 noskipscan",
    ],
];

/// Writes [`STATISTICS`], unless they are there, and makes this connection read them. Others read them when they open.
pub(super) fn tell(connection: &Connection) -> Result<(), StoreError> {
    let known = |[table, index, statistics]: &[&str; 3]| {
        connection
            .query_row(
                "SELECT 1 FROM sqlite_stat1 WHERE tbl = ? AND idx = ? AND stat = ?",
                [table, index, statistics],
                |_| Ok(()),
            )
            .is_ok()
    };
    if STATISTICS.iter().all(known) {
        return Ok(());
    }
    // Makes the table.
    run(connection, "ANALYZE sqlite_schema")?;
    run(connection, "BEGIN IMMEDIATE")?;
    let written = run(connection, "DELETE FROM sqlite_stat1").and_then(|()| {
        for row in STATISTICS {
            let insert = "INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)";
            connection.execute(insert, row).map_err(error)?;
        }
        run(connection, "COMMIT")
    });
    if written.is_err() {
        run(connection, "ROLLBACK")?;
    }
    // Reads it.
    written.and_then(|()| run(connection, "ANALYZE sqlite_schema"))
}
