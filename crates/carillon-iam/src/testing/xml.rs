//! Reading of the XML that our own writer makes: elements and text, nothing else.

use serde_json::{Map, Value, json};

/// The name and the content of the root element: elements by name, lists of `<member>` and `<entry>` as
/// arrays, everything else as text.
pub fn read(text: &str) -> (String, Value) {
    element(&mut &*text)
}

fn element(rest: &mut &str) -> (String, Value) {
    let (tag, after) = rest[1..].split_once('>').expect("a tag ends");
    *rest = after;
    let name = tag.split(' ').next().unwrap_or_default().to_owned();
    let mut children: Vec<(String, Value)> = Vec::new();
    let mut content = String::new();
    while !rest.starts_with("</") {
        if rest.starts_with('<') {
            children.push(element(rest));
        } else {
            let end = rest.find('<').expect("an element ends");
            content.push_str(&unescape(&rest[..end]));
            *rest = &rest[end..];
        }
    }
    let (end, after) = rest[2..].split_once('>').expect("a tag ends");
    assert_eq!(end, name, "elements are nested");
    *rest = after;
    (name, value(children, content))
}

fn value(children: Vec<(String, Value)>, content: String) -> Value {
    if children.is_empty() {
        return json!(content);
    }
    if children
        .iter()
        .all(|(name, _)| name == "member" || name == "entry")
    {
        return children.into_iter().map(|(_, value)| value).collect();
    }
    Value::Object(Map::from_iter(children))
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&#xD;", "\r")
        .replace("&amp;", "&")
}
