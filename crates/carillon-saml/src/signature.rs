//! The one form of XML signatures that is understood.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ring::digest;
use roxmltree::Node;

use crate::Refusal;
use crate::canonical::{self, Method};
use crate::key::PublicKey;
use crate::xml::{self, SIGNATURE, attribute, child, children, required};

const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
const EXCLUSIVE_WITH_COMMENTS: &str = "http://www.w3.org/2001/10/xml-exc-c14n#WithComments";
/// Prefixes that one method declares besides.
const PREFIXES: usize = 32;
/// Nodes of what is signed directly: a dozen elements, and spaces between them. Anybody can have it written, before the
/// signature is checked.
const INFO: usize = 64;

/// The text of an element that was signed as such, without the signature; nothing if nobody signed it.
///
/// # Errors
///
/// When the signature is not of the one form, none of the keys made it, or the element is not what was signed.
pub(crate) fn signed(element: Node<'_, '_>, keys: &[PublicKey]) -> Result<Option<String>, Refusal> {
    let Some(signature) = child(element, SIGNATURE, "Signature").map_err(Refusal::Malformed)? else {
        return Ok(None);
    };
    check(element, signature, keys)
        .map(Some)
        .ok_or(Refusal::Signature)
}

fn check(element: Node<'_, '_>, signature: Node<'_, '_>, keys: &[PublicKey]) -> Option<String> {
    let mut parts = signature.children().filter(Node::is_element);
    let (info, value) = (parts.next()?, parts.next()?);
    // Who signed is known from the metadata. What a signature says of its key is for nobody.
    let key = parts.next();
    let is_form = xml::is(info, SIGNATURE, "SignedInfo")
        && xml::is(value, SIGNATURE, "SignatureValue")
        && key.is_none_or(|key| xml::is(key, SIGNATURE, "KeyInfo"))
        && parts.next().is_none()
        && info.descendants().take(INFO + 1).count() <= INFO;
    if !is_form {
        return None;
    }
    let signed_as = method(required(info, SIGNATURE, "CanonicalizationMethod").ok()?)?;
    let info = canonical::write(info, &signed_as, None);
    // From here on only what the signature covers is read.
    let document = xml::read(&info).ok()?;
    let info_read = document.root_element();
    let algorithm = attribute(
        required(info_read, SIGNATURE, "SignatureMethod").ok()?,
        "Algorithm",
    )?;
    let value = base64(&xml::text(value).ok()?)?;
    if !keys
        .iter()
        .any(|key| key.verifies(algorithm, info.as_bytes(), &value))
    {
        return None;
    }
    let reference = required(info_read, SIGNATURE, "Reference").ok()?;
    let id = attribute(element, "ID").filter(|id| !id.is_empty())?;
    if attribute(reference, "URI")?.strip_prefix('#') != Some(id) {
        return None;
    }
    let written_as = transforms(required(reference, SIGNATURE, "Transforms").ok()?)?;
    let text = canonical::write(element, &written_as, Some(signature));
    let algorithm = match attribute(required(reference, SIGNATURE, "DigestMethod").ok()?, "Algorithm")? {
        "http://www.w3.org/2001/04/xmlenc#sha256" => &digest::SHA256,
        "http://www.w3.org/2001/04/xmldsig-more#sha384" => &digest::SHA384,
        "http://www.w3.org/2001/04/xmlenc#sha512" => &digest::SHA512,
        _ => return None,
    };
    let expected = base64(&xml::text(required(reference, SIGNATURE, "DigestValue").ok()?).ok()?)?;
    (digest::digest(algorithm, text.as_bytes()).as_ref() == expected).then_some(text)
}

/// How an element is written before it is digested: without the signature, and canonically.
fn transforms(transforms: Node<'_, '_>) -> Option<Method> {
    let mut each = transforms.children().filter(Node::is_element);
    let (first, second) = (each.next()?, each.next()?);
    let both = [first, second];
    let are_transforms = both
        .iter()
        .all(|transform| xml::is(*transform, SIGNATURE, "Transform"));
    let is_plain = first.children().all(|child| !child.is_element());
    let is_enveloped = attribute(first, "Algorithm") == Some(ENVELOPED) && is_plain;
    (are_transforms && is_enveloped && each.next().is_none())
        .then(|| method(second))
        .flatten()
}

/// A method of canonicalisation, of the two that there are.
fn method(named: Node<'_, '_>) -> Option<Method> {
    let comments = match attribute(named, "Algorithm")? {
        EXCLUSIVE => false,
        EXCLUSIVE_WITH_COMMENTS => true,
        _ => return None,
    };
    let mut inclusive = Vec::new();
    for parameter in named.children().filter(Node::is_element) {
        if !xml::is(parameter, EXCLUSIVE, "InclusiveNamespaces") || !inclusive.is_empty() {
            return None;
        }
        let list = attribute(parameter, "PrefixList")?.split_ascii_whitespace();
        inclusive = list
            .map(|prefix| if prefix == "#default" { "" } else { prefix })
            .map(str::to_owned)
            .collect();
        if inclusive.len() > PREFIXES {
            return None;
        }
    }
    Some(Method { comments, inclusive })
}

/// Whether every signature of a document is where one is looked for.
pub(crate) fn are_all(root: Node<'_, '_>, places: &[Node<'_, '_>]) -> bool {
    let all = root
        .descendants()
        .filter(|node| xml::is(*node, SIGNATURE, "Signature"))
        .count();
    let known: usize = places
        .iter()
        .map(|place| children(*place, SIGNATURE, "Signature").count())
        .sum();
    all == known
}

/// What base64 says, whose lines may be broken.
pub(crate) fn base64(text: &str) -> Option<Vec<u8>> {
    let packed: String = text.split_ascii_whitespace().collect();
    BASE64_STANDARD.decode(packed).ok()
}
