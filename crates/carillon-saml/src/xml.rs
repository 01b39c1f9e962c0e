//! XML within bounds: no document type, no entities, no processing instructions, and never more than a few megabytes of
//! work for whoever sends it.

use roxmltree::{Document, Node, ParsingOptions};

/// Elements within elements.
const DEPTH: usize = 64;
/// Elements, texts and comments of a document.
const NODES: u32 = 20_000;
/// Attributes and namespace declarations of a document, about.
const EQUAL_SIGNS: usize = 5_000;
/// Namespace declarations. Every element carries those of all around it, so many of them are dear.
const DECLARATIONS: usize = 1_000;

pub(crate) const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
pub(crate) const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
pub(crate) const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
pub(crate) const SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";

/// What is wrong with a document.
pub(crate) type Malformed = &'static str;

/// Reads a document.
pub(crate) fn read(text: &str) -> Result<Document<'_>, Malformed> {
    if text.contains("<!DOCTYPE") {
        return Err("it has a document type");
    }
    if text.matches('=').count() > EQUAL_SIGNS || text.matches("xmlns").count() > DECLARATIONS {
        return Err("it has too many attributes");
    }
    let options = ParsingOptions {
        allow_dtd: false,
        nodes_limit: NODES,
        ..ParsingOptions::default()
    };
    let document = Document::parse_with_options(text, options).map_err(|_| "it is not well-formed XML")?;
    check(document.root_element())?;
    Ok(document)
}

/// Refuses what nests too deeply, and instructions to who reads it.
fn check(root: Node<'_, '_>) -> Result<(), Malformed> {
    if root.document().root().descendants().any(|node| node.is_pi()) {
        return Err("it has processing instructions");
    }
    let mut level = vec![root];
    for _ in 0..DEPTH {
        level = level
            .iter()
            .flat_map(|node| node.children())
            .filter(Node::is_element)
            .collect();
        if level.is_empty() {
            return Ok(());
        }
    }
    Err("it nests too deeply")
}

pub(crate) fn is(node: Node<'_, '_>, namespace: &str, name: &str) -> bool {
    node.is_element() && node.tag_name().namespace() == Some(namespace) && node.tag_name().name() == name
}

/// The elements of this name right below another.
pub(crate) fn children<'a, 'i>(
    node: Node<'a, 'i>,
    namespace: &'static str,
    name: &'static str,
) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(move |child| is(*child, namespace, name))
}

/// The element of this name right below another, if there is one. Two are an error, because whoever reads the one may
/// have checked the other.
pub(crate) fn child<'a, 'i>(
    node: Node<'a, 'i>,
    namespace: &'static str,
    name: &'static str,
) -> Result<Option<Node<'a, 'i>>, Malformed> {
    let mut found = children(node, namespace, name);
    match (found.next(), found.next()) {
        (found, None) => Ok(found),
        _ => Err("it has an element twice that must be there once"),
    }
}

/// The element of this name right below another, which must be there.
pub(crate) fn required<'a, 'i>(
    node: Node<'a, 'i>,
    namespace: &'static str,
    name: &'static str,
) -> Result<Node<'a, 'i>, Malformed> {
    child(node, namespace, name)?.ok_or("it lacks an element")
}

/// The whole text of an element that has nothing else: what a comment divides is one text all the same.
pub(crate) fn text(node: Node<'_, '_>) -> Result<String, Malformed> {
    let mut whole = String::new();
    for child in node.children() {
        if child.is_element() {
            return Err("it has an element where text must be");
        }
        if child.is_text() {
            whole.push_str(child.text().unwrap_or_default());
        }
    }
    Ok(whole.trim_matches([' ', '\t', '\n', '\r']).to_owned())
}

/// The attribute of this name that is in no namespace.
pub(crate) fn attribute<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    node.attributes()
        .find(|attribute| attribute.namespace().is_none() && attribute.name() == name)
        .map(|attribute| attribute.value())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_documents_are_refused_soon() {
        let deep = |levels: usize| format!("{}{}", "<a>".repeat(levels), "</a>".repeat(levels));
        assert!(read(&deep(DEPTH)).is_ok());
        assert_eq!(read(&deep(DEPTH + 1)).err(), Some("it nests too deeply"));
        assert!(read(&deep(25_000)).is_err());
        let declarations: String = (0..1_500).map(|number| format!(" xmlns:a{number}='b'")).collect();
        assert!(read(&format!("<a{declarations}/>")).is_err());
        let attributes: String = (0..6_000).map(|number| format!(" a{number}='b'")).collect();
        assert!(read(&format!("<a{attributes}/>")).is_err());
        assert!(read(&format!("<a>{}</a>", "<b/>".repeat(30_000))).is_err());
        for text in [
            "<!DOCTYPE a><a/>",
            "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
            "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>",
            "<a>&b;</a>",
            "<a><?b c?></a>",
            "<?b c?><a/>",
            "<a/><?b c?>",
            "<a b='1' b='2'/>",
            "<a xmlns:x='u' xmlns:y='u' x:b='1' y:b='2'/>",
            "<a></b>",
            "<a/><b/>",
            "<x:a/>",
            "<a",
            "",
            "a",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(read("<?xml version='1.0' encoding='UTF-8'?><!-- b --><a/>").is_ok());
    }

    #[test]
    fn a_text_is_whole_whatever_divides_it() {
        for (xml, whole) in [
            ("<a>admin<!---->.evil</a>", "admin.evil"),
            ("<a>admin<![CDATA[.evil]]></a>", "admin.evil"),
            ("<a>\n admin&#46;evil\r\n</a>", "admin.evil"),
            ("<a/>", ""),
        ] {
            let document = read(xml).unwrap();
            assert_eq!(text(document.root_element()).unwrap(), whole, "{xml}");
        }
        let document = read("<a>admin<b/>.evil</a>").unwrap();
        assert!(text(document.root_element()).is_err());
    }
}
