//! The XML answers of Query services, written from trees of members.
//!
//! Reading XML is nobody's business here: requests of Query services are forms ([`crate::query`]).

use serde_json::Value;

/// How deep an answer may be nested; what is deeper is written as an empty element, so that no tree exhausts the
/// stack.
const MAX_DEPTH: usize = 64;

/// The member by which an output says that it is a map: `{"entry": [{"key": …, "value": …}]}`. No structure of IAM or
/// STS has a member of this name.
pub const MAP_ENTRY: &str = "entry";

/// The answer of `operation`, such as `CreateUser`.
///
/// Objects become elements in their own order, items of lists become `<member>`, `null` is left out and an empty list
/// is an empty element. Without output (`null`) there is no result element. Characters that XML cannot hold are
/// replaced by U+FFFD.
pub fn response(operation: &str, xmlns: &str, output: &Value, request_id: &str) -> String {
    let mut xml = String::with_capacity(512);
    let response = element_name(operation) + "Response";
    open_root(&mut xml, &response, xmlns);
    if !output.is_null() {
        let result = element_name(operation) + "Result";
        open(&mut xml, &result);
        write_value(&mut xml, output, 0);
        close(&mut xml, &result);
    }
    xml.push_str("<ResponseMetadata>");
    text_element(&mut xml, "RequestId", request_id);
    xml.push_str("</ResponseMetadata>");
    close(&mut xml, &response);
    xml
}

/// The answer to a request that failed. `receiver` says whose fault it was: ours (true) or the caller's.
pub fn error_response(xmlns: &str, receiver: bool, code: &str, message: &str, request_id: &str) -> String {
    let mut xml = String::with_capacity(256 + message.len());
    open_root(&mut xml, "ErrorResponse", xmlns);
    xml.push_str("<Error>");
    text_element(&mut xml, "Type", if receiver { "Receiver" } else { "Sender" });
    text_element(&mut xml, "Code", code);
    text_element(&mut xml, "Message", message);
    xml.push_str("</Error>");
    text_element(&mut xml, "RequestId", request_id);
    close(&mut xml, "ErrorResponse");
    xml
}

fn write_value(xml: &mut String, value: &Value, depth: usize) {
    if depth >= MAX_DEPTH {
        return;
    }
    match value {
        Value::Null => {}
        Value::Bool(true) => xml.push_str("true"),
        Value::Bool(false) => xml.push_str("false"),
        Value::Number(number) => xml.push_str(&number.to_string()),
        Value::String(text) => escape(xml, text),
        Value::Array(items) => {
            for item in items.iter().filter(|item| !item.is_null()) {
                xml.push_str("<member>");
                write_value(xml, item, depth + 1);
                xml.push_str("</member>");
            }
        }
        Value::Object(members) => {
            for (name, member) in members.iter().filter(|(_, member)| !member.is_null()) {
                if name == MAP_ENTRY
                    && let Value::Array(entries) = member
                {
                    entries.iter().for_each(|entry| {
                        open(xml, MAP_ENTRY);
                        write_value(xml, entry, depth + 1);
                        close(xml, MAP_ENTRY);
                    });
                    continue;
                }
                let name = element_name(name);
                open(xml, &name);
                write_value(xml, member, depth + 1);
                close(xml, &name);
            }
        }
    }
}

fn open_root(xml: &mut String, name: &str, xmlns: &str) {
    xml.push('<');
    xml.push_str(name);
    xml.push_str(" xmlns=\"");
    escape(xml, xmlns);
    xml.push_str("\">");
}

fn open(xml: &mut String, name: &str) {
    xml.push('<');
    xml.push_str(name);
    xml.push('>');
}

fn close(xml: &mut String, name: &str) {
    xml.push_str("</");
    xml.push_str(name);
    xml.push('>');
}

/// Turns maps from the form that they have for XML, a list of entries, into that of JSON.
pub fn without_entries(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(without_entries).collect(),
        Value::Object(mut members) => {
            if members.len() == 1
                && let Some(Value::Array(entries)) = members.get_mut(MAP_ENTRY)
            {
                let named = |entry: &mut Value| {
                    let key = entry.get("key")?.as_str()?.to_owned();
                    Some((key, without_entries(entry.get_mut("value")?.take())))
                };
                return Value::Object(entries.iter_mut().filter_map(named).collect());
            }
            let plain = |(name, member)| (name, without_entries(member));
            Value::Object(members.into_iter().map(plain).collect())
        }
        other => other,
    }
}

fn text_element(xml: &mut String, name: &str, text: &str) {
    open(xml, name);
    escape(xml, text);
    close(xml, name);
}

/// A name that is legal for an element: names come from our own shapes, but a map's keys come from callers.
fn element_name(name: &str) -> String {
    let legal = |character: char| character.is_ascii_alphanumeric() || "_-.".contains(character);
    let mut element: String = name
        .chars()
        .map(|character| if legal(character) { character } else { '_' })
        .collect();
    if !element.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') {
        element.insert(0, '_');
    }
    element
}

/// Appends `text` so that an XML 1.0 reader gets it back unchanged, as far as XML can say it.
fn escape(xml: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '&' => xml.push_str("&amp;"),
            '"' => xml.push_str("&quot;"),
            '\'' => xml.push_str("&apos;"),
            // As itself it would be read as a line feed.
            '\r' => xml.push_str("&#xD;"),
            '\t' | '\n' => xml.push(character),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => xml.push('\u{fffd}'),
            _ => xml.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const IAM: &str = "https://iam.amazonaws.com/doc/2010-05-08/";

    #[test]
    fn an_output_is_written_in_order() {
        let output = json!({
            "Users": [{ "UserName": "Ada", "Path": "/" }, { "UserName": "Bob", "Tags": [] }],
            "IsTruncated": false,
            "Marker": null,
            "MaxItems": 2,
        });
        assert_eq!(
            response("ListUsers", IAM, &output, "r-1"),
            "<ListUsersResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><ListUsersResult>\
             <Users><member><UserName>Ada</UserName><Path>/</Path></member>\
             <member><UserName>Bob</UserName><Tags></Tags></member></Users>\
             <IsTruncated>false</IsTruncated><MaxItems>2</MaxItems></ListUsersResult>\
             <ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></ListUsersResponse>"
        );
    }

    #[test]
    fn a_map_is_its_entries() {
        let output =
            json!({ "SummaryMap": { "entry": [{ "key": "A", "value": 1 }, { "key": "B", "value": 0 }] } });
        let xml = response("X", IAM, &output, "r");
        assert!(
            xml.contains(
                "<SummaryMap><entry><key>A</key><value>1</value></entry>\
                 <entry><key>B</key><value>0</value></entry></SummaryMap>"
            ),
            "{xml}"
        );
    }

    #[test]
    fn in_json_a_map_is_a_map() {
        let output = json!([{ "SummaryMap": { "entry": [{ "key": "A", "value": { "entry": [] } }, { "key": "B", "value": 0 }] } }, 1]);
        assert_eq!(
            without_entries(output),
            json!([{ "SummaryMap": { "A": {}, "B": 0 } }, 1])
        );
    }

    #[test]
    fn without_output_there_is_no_result() {
        assert_eq!(
            response("DeleteUser", IAM, &Value::Null, "r-1"),
            "<DeleteUserResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">\
             <ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></DeleteUserResponse>"
        );
    }

    #[test]
    fn hostile_text_does_not_break_the_document() {
        let output = json!({ "A": "<&>\"'\r\n\t\0\u{8}\u{fffe}é😀", "1<x>": "y", "": "z" });
        let xml = response("X", IAM, &output, "</RequestId>");
        assert!(
            xml.contains("<A>&lt;&amp;&gt;&quot;&apos;&#xD;\n\t\u{fffd}\u{fffd}\u{fffd}é😀</A>"),
            "{xml}"
        );
        assert!(xml.contains("<_1_x_>y</_1_x_><_>z</_>"), "{xml}");
        assert!(xml.contains("<RequestId>&lt;/RequestId&gt;</RequestId>"), "{xml}");
    }

    #[test]
    fn depth_is_bounded() {
        let deep = (0..500).fold(json!("x"), |inner, _| json!([inner]));
        assert_eq!(
            response("X", IAM, &deep, "r").matches("<member>").count(),
            MAX_DEPTH
        );
    }

    #[test]
    fn an_error_says_whose_fault_it_was() {
        assert_eq!(
            error_response(
                IAM,
                false,
                "NoSuchEntity",
                "The user with name <x> cannot be found.",
                "r-1"
            ),
            "<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><Error><Type>Sender</Type>\
             <Code>NoSuchEntity</Code><Message>The user with name &lt;x&gt; cannot be found.</Message></Error>\
             <RequestId>r-1</RequestId></ErrorResponse>"
        );
        assert!(error_response(IAM, true, "ServiceFailure", "", "r").contains("<Type>Receiver</Type>"));
    }
}
