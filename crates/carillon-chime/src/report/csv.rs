//! Reports as tables, for whoever asks with `Accept: text/csv`.
//!
//! A table is made of the answer of the operation, after everything else: who may have the one may have the other.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_DISPOSITION, CONTENT_TYPE, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Method, Response, StatusCode};
use serde_json::Value;

/// Where the token of the next page is, for there is no place for it in a table.
const NEXT_TOKEN: HeaderName = HeaderName::from_static("x-carillon-next-token");

/// A report that can be a table: where its rows are in the answer, and their columns.
struct Table {
    name: &'static str,
    rows: &'static str,
    columns: &'static [&'static str],
}

const USAGE: Table = Table {
    name: "usage.csv",
    rows: "UsageReports",
    columns: &[
        "StartDate",
        "EndDate",
        "RegisteredUsers",
        "ActiveUsers",
        "ActiveProUsers",
        "MeetingsHeld",
        "ChatMessagesSent",
        "MeetingSatisfaction",
    ],
};

const MEETINGS: Table = Table {
    name: "meetings.csv",
    rows: "MeetingReports",
    columns: &[
        "MeetingId",
        "ConferenceId",
        "MeetingType",
        "OrganizerUserId",
        "OrganizerEmail",
        "StartTimestamp",
        "EndTimestamp",
        "DurationSeconds",
        "AttendeeCount",
        "Recorded",
        "PhoneUsed",
        "RoomSystemUsed",
        "ActivePro",
        "PositiveResponses",
        "NegativeResponses",
    ],
};

const EVENTS: Table = Table {
    name: "events.csv",
    rows: "MeetingEvents",
    columns: &[
        "EventId",
        "Timestamp",
        "EventType",
        "AttendeeId",
        "ActorAttendeeId",
    ],
};

const USER: Table = Table {
    name: "activity.csv",
    rows: "UserActivityReport",
    columns: &[
        "UserId",
        "StartDate",
        "EndDate",
        "MeetingsAttended",
        "MeetingsOrganized",
        "ChatMessagesSent",
        "MeetingSatisfaction",
        "LastActiveDate",
    ],
};

/// Makes a table of the answer to a request, if the request asks for one and the answer is a report.
pub fn as_csv(parts: &Parts, response: Response<Bytes>) -> Response<Bytes> {
    if parts.method != Method::GET || response.status() != StatusCode::OK || !wants_csv(parts) {
        return response;
    }
    let Some((table, report)) = read(parts.uri.path(), response.body()) else {
        return response;
    };
    let (mut head, _) = response.into_parts();
    head.headers
        .insert(CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    let disposition = format!("attachment; filename=\"{}\"", table.name);
    if let Ok(value) = HeaderValue::from_str(&disposition) {
        head.headers.insert(CONTENT_DISPOSITION, value);
    }
    if let Some(token) = report.get("NextToken").and_then(Value::as_str)
        && let Ok(value) = HeaderValue::from_str(token)
    {
        head.headers.insert(NEXT_TOKEN, value);
    }
    // It was that of the other form.
    head.headers.remove(http::header::CONTENT_LENGTH);
    Response::from_parts(head, Bytes::from(table.write(&report)))
}

fn wants_csv(parts: &Parts) -> bool {
    let accepted = parts.headers.get_all(ACCEPT).iter();
    accepted
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|kind| {
            kind.split(';')
                .next()
                .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/csv"))
        })
}

/// The report that an answer is, if it is one: other answers may have members of these names.
fn read(path: &str, body: &[u8]) -> Option<(&'static Table, Value)> {
    let path = path.strip_prefix("/console").unwrap_or(path);
    let table = match path.split('/').skip(1).collect::<Vec<_>>().as_slice() {
        ["accounts", _, "reports", "usage"] => &USAGE,
        ["accounts", _, "reports", "meetings"] => &MEETINGS,
        ["accounts", _, "reports", "meetings", _, "events"] => &EVENTS,
        ["accounts", _, "users", _, "activity-report"] => &USER,
        _ => return None,
    };
    let report: Value = serde_json::from_slice(body).ok()?;
    report.get(table.rows)?;
    Some((table, report))
}

impl Table {
    fn write(&self, report: &Value) -> String {
        let mut text = self.columns.join(",");
        text.push_str("\r\n");
        let rows = match report.get(self.rows) {
            Some(Value::Array(rows)) => rows.as_slice(),
            Some(one) => std::slice::from_ref(one),
            None => &[],
        };
        for row in rows {
            for (number, column) in self.columns.iter().enumerate() {
                if number > 0 {
                    text.push(',');
                }
                match row.get(column) {
                    Some(Value::String(value)) => text.push_str(&cell(value)),
                    Some(value) => text.push_str(&value.to_string()),
                    None => {}
                }
            }
            text.push_str("\r\n");
        }
        text
    }
}

/// A text as a cell. What a spreadsheet would take for a formula is prefixed, so that it stays a text.
pub(crate) fn cell(text: &str) -> String {
    let is_formula = text
        .chars()
        .next()
        .is_some_and(|first| matches!(first, '=' | '+' | '-' | '@') || first.is_control());
    let guarded = if is_formula {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    if guarded.contains([',', '"', '\n', '\r']) {
        return format!("\"{}\"", guarded.replace('"', "\"\""));
    }
    guarded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_texts_and_no_formulas() {
        for (text, expected) in [
            ("ada@example.com", "ada@example.com"),
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-2+3,x", "\"'-2+3,x\""),
            ("+a\"b", "\"'+a\"\"b\""),
            ("\t=1", "'\t=1"),
            ("a\r\nb", "\"a\r\nb\""),
            ("", ""),
        ] {
            assert_eq!(cell(text), expected, "{text:?}");
        }
    }

    #[test]
    fn the_columns_are_the_members_of_the_shapes() {
        let facts: Value = serde_json::from_str(crate::PLANNED_MODEL).unwrap();
        for (table, shape) in [
            (&USAGE, "UsageReport"),
            (&MEETINGS, "MeetingReport"),
            (&USER, "UserActivityReport"),
        ] {
            let members: std::collections::BTreeSet<&str> = facts["shapes"][shape]["members"]
                .as_object()
                .unwrap()
                .keys()
                .map(String::as_str)
                .collect();
            assert_eq!(members, table.columns.iter().copied().collect(), "{shape}");
        }
    }
}
