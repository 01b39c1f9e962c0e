//! Exclusive XML Canonicalization 1.0: one way of writing what two documents say alike.
//!
//! Source: W3C Recommendation "Exclusive XML Canonicalization Version 1.0", 18 July 2002. Processing instructions do not
//! occur, because no document has them that is read here.

use std::collections::BTreeSet;

use roxmltree::{Attribute, Node};

/// How something is to be written.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Method {
    pub comments: bool,
    /// Prefixes that are declared although nothing there is named by them; the empty one is the default namespace.
    pub inclusive: Vec<String>,
}

/// An element as it is signed, and `without` somewhere in it.
pub(crate) fn write(element: Node<'_, '_>, method: &Method, without: Option<Node<'_, '_>>) -> String {
    let mut writer = Writer {
        method,
        without,
        declared: Vec::new(),
        out: String::new(),
    };
    writer.element(element);
    writer.out
}

struct Writer<'m, 'a, 'i> {
    method: &'m Method,
    without: Option<Node<'a, 'i>>,
    /// Prefixes and namespaces as they were declared on the way to here.
    declared: Vec<(String, String)>,
    out: String,
}

impl<'a, 'i> Writer<'_, 'a, 'i> {
    /// Recurses as deeply as documents may nest.
    fn element(&mut self, element: Node<'a, 'i>) {
        let outer = self.declared.len();
        let name = element_name(element);
        self.out.push('<');
        self.out.push_str(name);
        self.declarations(element, name);
        let mut attributes: Vec<Attribute<'a, 'i>> = element.attributes().collect();
        attributes.sort_by_key(|attribute| (attribute.namespace().unwrap_or_default(), attribute.name()));
        for attribute in attributes {
            self.attribute(attribute_name(element, attribute), attribute.value());
        }
        self.out.push('>');
        for child in element.children() {
            if self.without == Some(child) {
                continue;
            }
            if child.is_element() {
                self.element(child);
            } else if child.is_text() {
                self.text(child.text().unwrap_or_default());
            } else if child.is_comment() && self.method.comments {
                self.out.push_str("<!--");
                self.out.push_str(child.text().unwrap_or_default());
                self.out.push_str("-->");
            }
        }
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push('>');
        self.declared.truncate(outer);
    }

    /// Declares what the element or one of its attributes is named by, unless it is declared so already.
    fn declarations(&mut self, element: Node<'a, 'i>, name: &str) {
        let used = element
            .attributes()
            .filter_map(|attribute| prefix(attribute_name(element, attribute)))
            .chain([prefix(name).unwrap_or_default()]);
        let wanted: BTreeSet<&str> = used
            .chain(self.method.inclusive.iter().map(String::as_str))
            .filter(|prefix| *prefix != "xml")
            .collect();
        for prefix in wanted {
            let namespace = element
                .lookup_namespace_uri((!prefix.is_empty()).then_some(prefix))
                .unwrap_or_default();
            let known = self
                .declared
                .iter()
                .rev()
                .find(|(declared, _)| declared == prefix);
            if known.map_or("", |(_, namespace)| namespace) == namespace {
                continue;
            }
            if prefix.is_empty() {
                self.attribute("xmlns", namespace);
            } else {
                self.attribute(&format!("xmlns:{prefix}"), namespace);
            }
            self.declared.push((prefix.to_owned(), namespace.to_owned()));
        }
    }

    fn attribute(&mut self, name: &str, value: &str) {
        self.out.push(' ');
        self.out.push_str(name);
        self.out.push_str("=\"");
        for character in value.chars() {
            match character {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '"' => self.out.push_str("&quot;"),
                '\t' => self.out.push_str("&#x9;"),
                '\n' => self.out.push_str("&#xA;"),
                '\r' => self.out.push_str("&#xD;"),
                other => self.out.push(other),
            }
        }
        self.out.push('"');
    }

    fn text(&mut self, text: &str) {
        for character in text.chars() {
            match character {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '\r' => self.out.push_str("&#xD;"),
                other => self.out.push(other),
            }
        }
    }
}

fn prefix(name: &str) -> Option<&str> {
    name.split_once(':').map(|(prefix, _)| prefix)
}

/// The name as it is written, with its prefix. A parsed element knows its namespace only.
fn element_name<'a>(element: Node<'a, '_>) -> &'a str {
    let written = element
        .document()
        .input_text()
        .get(element.range())
        .unwrap_or_default();
    let name = written.trim_start_matches('<');
    let end = name.find([' ', '\t', '\n', '\r', '/', '>']).unwrap_or(name.len());
    name.get(..end).unwrap_or_default()
}

fn attribute_name<'a>(element: Node<'a, '_>, attribute: Attribute<'_, '_>) -> &'a str {
    let text = element.document().input_text();
    text.get(attribute.range_qname()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml;

    /// Each document, and how libxml2 writes it.
    macro_rules! documents {
        ($($name:literal),* $(,)?) => {
            [$((
                $name,
                include_str!(concat!("../tests/data/canonical-", $name, ".xml")),
                [
                    include_str!(concat!("../tests/data/canonical-", $name, ".plain")),
                    include_str!(concat!("../tests/data/canonical-", $name, ".comments")),
                    include_str!(concat!("../tests/data/canonical-", $name, ".prefixes")),
                ],
            )),*]
        };
    }

    #[test]
    fn documents_are_written_as_others_write_them() {
        let methods = [
            Method::default(),
            Method {
                comments: true,
                inclusive: Vec::new(),
            },
            Method {
                comments: false,
                inclusive: vec!["b".to_owned(), "xs".to_owned()],
            },
        ];
        for (name, text, written) in documents![
            "names", "default", "text", "xml", "order", "same", "empty", "comments",
        ] {
            let document = xml::read(text).unwrap();
            for (method, written) in methods.iter().zip(written) {
                let own = write(document.root_element(), method, None);
                assert_eq!(own, written, "{name} {method:?}");
                // What was written once is written so again.
                let again = xml::read(&own).unwrap();
                assert_eq!(write(again.root_element(), method, None), own, "{name}");
            }
        }
    }

    #[test]
    fn the_default_namespace_may_be_declared_though_unused() {
        let document = xml::read("<a:x xmlns:a='u:a' xmlns='u:d'><a:y xmlns=''/></a:x>").unwrap();
        let method = Method {
            comments: false,
            inclusive: vec![String::new()],
        };
        assert_eq!(
            write(document.root_element(), &method, None),
            "<a:x xmlns=\"u:d\" xmlns:a=\"u:a\"><a:y xmlns=\"\"></a:y></a:x>"
        );
    }

    #[test]
    fn what_is_left_out_leaves_the_rest() {
        let document = xml::read("<x>a<y/>b</x>").unwrap();
        let left_out = document.root_element().first_element_child();
        let own = write(document.root_element(), &Method::default(), left_out);
        assert_eq!(own, "<x>ab</x>");
    }
}
