//! Tags of users, roles, policies and others, which conditions can ask for.

pub(crate) mod operations;

use std::collections::HashSet;

use carillon_aws::string_type;
use carillon_operation::{Context, Operation, Target};
use carillon_store::{ReadTx, StoreError, WriteTx, bind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::name::Marker;
use crate::page::{self, MaxItems};

/// Tags of one entity.
const TAGS: usize = 50;

string_type! {
    /// The key of a tag.
    pub TagKey, min: 1, max: 128, pattern: r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+", example: "team"
}

string_type! {
    /// The value of a tag.
    pub TagValue, min: 0, max: 256, pattern: r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*", example: "support"
}

/// A tag.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Tag {
    pub key: TagKey,
    pub value: TagValue,
}

/// As the policies see them.
pub(crate) fn pairs(tags: &[Tag]) -> Vec<(String, String)> {
    tags.iter()
        .map(|tag| (tag.key.to_string(), tag.value.to_string()))
        .collect()
}

/// The tags of a request that tags what exists, for its conditions.
pub(crate) fn given(target: &mut Target, tags: &[Tag]) {
    target.request_tags = pairs(tags);
    target.tag_keys = tags.iter().map(|tag| tag.key.to_string()).collect();
}

/// The tags of a request that makes something: it has them already when the policies are asked.
pub(crate) fn made_with(target: &mut Target, tags: &[Tag]) {
    given(target, tags);
    target.tags.clone_from(&target.request_tags);
}

/// Refuses keys that are AWS's own, keys that occur twice, and keys that pass for others.
pub(crate) fn check(tags: &[Tag]) -> Result<(), Error> {
    let mut seen = HashSet::new();
    for tag in tags {
        if is_disguised(tag.key.as_str()) {
            return Err(Error::InvalidInput(
                "Tag keys may not have letters that are those of another alphabet in lower case.".to_owned(),
            ));
        }
        let key = tag.key.as_str().to_lowercase();
        if key.starts_with("aws:") {
            return Err(Error::InvalidInput(
                "Caller is not allowed to modify system tags".to_owned(),
            ));
        }
        if !seen.insert(key) {
            return Err(Error::InvalidInput(
                "Duplicate tag keys found. Please note that Tag keys are case insensitive.".to_owned(),
            ));
        }
    }
    Ok(())
}

/// Whether a letter outside ASCII is one of ASCII in lower case, such as the Kelvin sign. Keys are compared in lower
/// case, so such a key would take the place of one that nobody would mistake it for.
fn is_disguised(key: &str) -> bool {
    !key.is_ascii()
        && key
            .chars()
            .any(|letter| !letter.is_ascii() && letter.to_lowercase().any(|lower| lower.is_ascii()))
}

/// The tags of an entity, by key.
pub(crate) async fn of(tx: &mut ReadTx, entity_id: &str) -> Result<Vec<(String, String)>, StoreError> {
    tx.fetch_all(
        "SELECT tag_key, tag_value FROM iam_tag WHERE entity_id = $1 ORDER BY tag_key_lower",
        bind![entity_id],
    )
    .await
}

/// Adds tags to an entity; a key that it has gets the new value.
pub(crate) async fn put(tx: &mut WriteTx, entity_id: &str, tags: &[Tag]) -> Result<(), Error> {
    for tag in tags {
        tx.execute(
            "INSERT INTO iam_tag (entity_id, tag_key_lower, tag_key, tag_value) VALUES ($1, $2, $3, $4)
             ON CONFLICT (entity_id, tag_key_lower)
             DO UPDATE SET tag_key = excluded.tag_key, tag_value = excluded.tag_value",
            bind![
                entity_id,
                tag.key.as_str().to_lowercase(),
                tag.key.as_str(),
                tag.value.as_str()
            ],
        )
        .await?;
    }
    let count = tx
        .fetch_count(
            "SELECT COUNT(*) FROM iam_tag WHERE entity_id = $1",
            bind![entity_id],
        )
        .await?;
    if count > TAGS {
        return Err(Error::LimitExceeded {
            quota: "TagsPerEntity",
            limit: TAGS,
        });
    }
    Ok(())
}

/// Removes tags by key, in any case. A key that the entity has not is no error.
pub(crate) async fn remove(tx: &mut WriteTx, entity_id: &str, keys: &[TagKey]) -> Result<(), StoreError> {
    for key in keys {
        tx.execute(
            "DELETE FROM iam_tag WHERE entity_id = $1 AND tag_key_lower = $2",
            bind![entity_id, key.as_str().to_lowercase()],
        )
        .await?;
    }
    Ok(())
}

/// Removes all tags of an entity that is deleted.
pub(crate) async fn remove_all(tx: &mut WriteTx, entity_id: &str) -> Result<(), StoreError> {
    tx.execute("DELETE FROM iam_tag WHERE entity_id = $1", bind![entity_id])
        .await?;
    Ok(())
}

/// Tags of what is shown to the caller, which says nothing of them where there are none.
pub(crate) fn shown(tags: Vec<(String, String)>) -> Option<Vec<TagShape>> {
    (!tags.is_empty()).then(|| shapes(tags))
}

/// Tags as stored, in the form of the wire.
pub(crate) fn shapes(tags: Vec<(String, String)>) -> Vec<TagShape> {
    tags.into_iter()
        .map(|(key, value)| TagShape { key, value })
        .collect()
}

/// A tag in an answer.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
#[schemars(rename = "Tag")]
pub(crate) struct TagShape {
    key: String,
    value: String,
}

/// A page of the tags of an entity.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TagPage {
    tags: Vec<TagShape>,
    is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
}

/// Cuts the tags of an entity, as [`of`] lists them, to the page that is asked for.
///
/// The marker counts tags instead of naming one: fifty at most, and keys may be longer than a marker.
pub(crate) fn page<O: Operation>(
    cx: &Context<'_, O>,
    entity_id: &str,
    mut tags: Vec<(String, String)>,
    marker: Option<&Marker>,
    max_items: Option<MaxItems>,
) -> Result<TagPage, Error> {
    let limit = page::limit(max_items);
    let [seen] = page::after(cx, marker, &[entity_id])?;
    let seen = seen.parse().unwrap_or(0);
    tags.drain(..tags.len().min(seen));
    let page = cx.page(tags, limit, &[entity_id], |_| vec![(seen + limit).to_string()]);
    Ok(TagPage {
        is_truncated: page.next.is_some(),
        marker: page.next,
        tags: shapes(page.items),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(key: &str) -> Tag {
        serde_json::from_value(serde_json::json!({ "Key": key, "Value": "v" })).unwrap()
    }

    #[test]
    fn a_key_is_in_no_disguise() {
        for key in ["\u{212A}ind", "tier\u{0130}"] {
            assert!(matches!(check(&[tag(key)]), Err(Error::InvalidInput(_))), "{key}");
        }
        for key in ["Kind", "Ключ", "É", "ſ"] {
            assert!(check(&[tag(key)]).is_ok(), "{key}");
        }
    }

    #[test]
    fn a_key_is_one_in_any_case() {
        assert!(check(&[tag("É"), tag("é")]).is_err());
        assert!(check(&[tag("AWS:x")]).is_err());
    }
}
