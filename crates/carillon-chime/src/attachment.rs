//! Files that people uploaded: at the portal, or into conversations of the products that tell us.
//!
//! The files themselves are in the object store. A source of activity names its objects itself, and only within a
//! place of its own for each account: what it says cannot make an object of somebody else its person's.

pub(crate) mod jobs;
pub(crate) mod rows;

use carillon_aws::time::Timestamp;

/// Characters of a file's name.
pub(crate) const FILE_NAME: usize = 255;
/// Bytes of the name of an object.
const OBJECT_KEY: usize = 512;
/// Bytes of a content type.
const CONTENT_TYPE: usize = 127;
/// The source of what people upload at the portal.
pub(crate) const PORTAL: &str = "";
/// The place of objects of people who belong to no account.
const NO_ACCOUNT: &str = "none";

carillon_aws::string_enum! {
    /// What a file was uploaded into.
    pub(crate) enum ConversationKind {
        OneToOne,
        Group,
        Room,
        Portal,
    }
}

/// An attachment as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AttachmentRow {
    pub id: String,
    /// The source of activity that told of it, or [`PORTAL`].
    pub source_id: String,
    /// How the source names its object.
    pub object_key: String,
    /// The account of the uploader when we heard of it; empty for people who are on their own.
    pub account_id: String,
    pub uploader_id: String,
    pub uploader_email: String,
    pub conversation_kind: ConversationKind,
    pub conversation_id: String,
    pub is_exported: bool,
    pub file_name: String,
    pub content_type: String,
    pub size_bytes: i64,
    pub sha256: Option<String>,
    pub uploaded_at: Timestamp,
    pub recorded_at: Timestamp,
}

impl AttachmentRow {
    /// Where its content is in the object store.
    pub fn object(&self) -> String {
        let account = match self.account_id.as_str() {
            "" => NO_ACCOUNT,
            id => id,
        };
        match self.source_id.as_str() {
            PORTAL => format!("uploads/{account}/{}", self.object_key),
            source => format!("sources/{source}/{account}/{}", self.object_key),
        }
    }
}

/// Whether an export of the uploader's account has a file: all but those in rooms that others created.
///
/// Source: Chime Administration Guide, "Requesting user attachments".
fn is_exported(kind: ConversationKind, account: Option<&str>, room_creators: Option<&str>) -> bool {
    account.is_some()
        && match kind {
            ConversationKind::OneToOne | ConversationKind::Group | ConversationKind::Portal => true,
            ConversationKind::Room => room_creators == account,
        }
}

/// What is wrong with the name of an object, which is part of its place in the store.
pub(crate) fn check_object_key(key: &str) -> Result<(), &'static str> {
    if key.is_empty() || key.len() > OBJECT_KEY {
        return Err("an object key has 1 to 512 bytes");
    }
    let is_plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'=' | b'/');
    if !key.bytes().all(is_plain) {
        return Err("an object key has letters, digits, `-`, `_`, `.`, `=` and `/` only");
    }
    if key.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err("an object key has no empty part, and none that is `.` or `..`");
    }
    Ok(())
}

/// What is wrong with the name of a file.
pub(crate) fn check_file_name(name: &str) -> Result<(), &'static str> {
    if name.trim().is_empty() || name.chars().count() > FILE_NAME {
        return Err("a file name has 1 to 255 characters");
    }
    if matches!(name, "." | "..") || name.contains(['/', '\\']) {
        return Err("a file name is not a path");
    }
    if name.chars().any(is_unprintable) {
        return Err("a file name has no control characters");
    }
    Ok(())
}

/// Characters that are not seen, or that turn the text around so that `exe.gpj` is read as `jpg.exe`.
fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

/// What is wrong with a content type: `type/subtype`, without parameters.
pub(crate) fn check_content_type(text: &str) -> Result<(), &'static str> {
    let is_word = |word: &str| {
        !word.is_empty()
            && word
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    match text.split_once('/') {
        Some((kind, subkind)) if text.len() <= CONTENT_TYPE && is_word(kind) && is_word(subkind) => Ok(()),
        _ => Err("a content type is like `image/png`"),
    }
}

/// What a source of activity says of a file, with the people already found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Upload<'a> {
    pub source_id: &'a str,
    pub object_key: &'a str,
    pub uploader: &'a crate::user::UserRow,
    pub conversation_kind: ConversationKind,
    pub conversation_id: &'a str,
    /// Who created the room, if it is one, and it is known.
    pub room_creator: Option<&'a crate::user::UserRow>,
    pub file_name: &'a str,
    pub content_type: &'a str,
    pub size_bytes: i64,
    /// In hexadecimal.
    pub sha256: Option<&'a str>,
    pub at: Timestamp,
}

impl Upload<'_> {
    fn row(&self, id: String, now: Timestamp) -> AttachmentRow {
        let account = self.uploader.account_id.as_deref();
        let creators = self
            .room_creator
            .and_then(|creator| creator.account_id.as_deref());
        AttachmentRow {
            id,
            source_id: self.source_id.to_owned(),
            object_key: self.object_key.to_owned(),
            account_id: account.unwrap_or_default().to_owned(),
            uploader_id: self.uploader.id.clone(),
            uploader_email: self.uploader.email.clone(),
            conversation_kind: self.conversation_kind,
            conversation_id: self.conversation_id.to_owned(),
            is_exported: is_exported(self.conversation_kind, account, creators),
            file_name: self.file_name.to_owned(),
            content_type: self.content_type.to_ascii_lowercase(),
            size_bytes: self.size_bytes,
            sha256: self.sha256.map(str::to_ascii_lowercase),
            uploaded_at: self.at,
            recorded_at: now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms_of_others_are_not_exported() {
        for kind in [
            ConversationKind::OneToOne,
            ConversationKind::Group,
            ConversationKind::Portal,
        ] {
            assert!(is_exported(kind, Some("a"), None));
            assert!(!is_exported(kind, None, None), "nobody's account");
        }
        assert!(is_exported(ConversationKind::Room, Some("a"), Some("a")));
        assert!(!is_exported(ConversationKind::Room, Some("a"), Some("b")));
        assert!(!is_exported(ConversationKind::Room, Some("a"), None));
        assert!(!is_exported(ConversationKind::Room, None, None));
    }

    #[test]
    fn an_object_key_cannot_leave_its_place() {
        for good in ["a", "2026/11/report-1.pdf", "a..b/c=d_e"] {
            assert_eq!(check_object_key(good), Ok(()), "{good}");
        }
        for bad in [
            "", "/", "/a", "a/", "a//b", "..", "a/../b", "./a", "a b", "a%2fb", "a\\b", "a\0", "é", "a\n",
        ] {
            assert!(check_object_key(bad).is_err(), "{bad:?}");
        }
        assert!(check_object_key(&"a".repeat(513)).is_err());
    }

    #[test]
    fn a_file_name_is_one_printable_name() {
        for good in ["report.pdf", "Größe – 2026 (final).docx", "=1+1.csv", ".profile"] {
            assert_eq!(check_file_name(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "  ",
            ".",
            "..",
            "a/b",
            "a\\b",
            "a\r\nb",
            "a\0b",
            "photo\u{202E}gpj.exe",
            "\u{FEFF}a",
        ] {
            assert!(check_file_name(bad).is_err(), "{bad:?}");
        }
        assert_eq!(check_file_name(&"é".repeat(255)), Ok(()));
        assert!(check_file_name(&"é".repeat(256)).is_err());
    }

    #[test]
    fn a_content_type_has_two_words_and_no_parameters() {
        assert_eq!(check_content_type("application/vnd.ms-excel+xml"), Ok(()));
        for bad in [
            "",
            "text",
            "/",
            "text/",
            "text/html; charset=x",
            "text/html\r\nx",
            "a/b/c",
        ] {
            assert!(check_content_type(bad).is_err(), "{bad:?}");
        }
    }
}
