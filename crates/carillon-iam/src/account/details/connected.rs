//! What is connected with the entities of a page. It is read once for all of a kind, because a page has up to a
//! thousand of them: those between the first name and the last one are just those of the page.

use std::collections::HashMap;

use carillon_aws::id::AwsAccountId;
use carillon_store::{ReadTx, StoreError, bind};

use super::PolicyDetail;
use crate::attachment::AttachedPolicy;
use crate::document;
use crate::entity::EntityKind;
use crate::tag::{self, TagShape};

/// The entities of one kind on a page, which are in the order of their names.
#[derive(Debug, Clone)]
pub(super) struct Between {
    pub account: AwsAccountId,
    /// In lower case, as is the last one.
    pub first: String,
    pub last: String,
}

impl Between {
    /// From the name of the first to that of the last; nothing of no entities.
    pub fn of<T>(account: AwsAccountId, entities: &[T], name: impl Fn(&T) -> &str) -> Option<Self> {
        Some(Self {
            account,
            first: name(entities.first()?).to_lowercase(),
            last: name(entities.last()?).to_lowercase(),
        })
    }
}

/// Rows of a table that belong to the users, groups or roles between two names.
macro_rules! rows_of {
    ($kind:expr, $columns:literal, $table:literal, $order:literal) => {
        match $kind {
            EntityKind::User => rows_of!("iam_user", "user_id", $columns, $table, $order),
            EntityKind::Group => rows_of!("iam_group", "group_id", $columns, $table, $order),
            EntityKind::Role => rows_of!("iam_role", "role_id", $columns, $table, $order),
        }
    };
    ($entities:literal, $id:literal, $columns:literal, $table:literal, $order:literal) => {
        concat!(
            "SELECT x.entity_id, ",
            $columns,
            " FROM ",
            $entities,
            " e JOIN ",
            $table,
            " x ON x.entity_id = e.",
            $id,
            " WHERE e.aws_account_id = $1 AND e.name_key >= $2 AND e.name_key <= $3 ORDER BY ",
            $order
        )
    };
}

/// Policies and tags of the users, groups or roles of a page, by their identifiers.
#[derive(Default)]
pub(super) struct Connected {
    inline: HashMap<String, Vec<PolicyDetail>>,
    attached: HashMap<String, Vec<AttachedPolicy>>,
    tags: HashMap<String, Vec<(String, String)>>,
}

impl Connected {
    pub async fn read(tx: &mut ReadTx, kind: EntityKind, page: &Between) -> Result<Self, StoreError> {
        let mut connected = Self::default();
        let values = bind![page.account, page.first, page.last];
        let inline: Vec<(String, String, String)> = tx
            .fetch_all(
                rows_of!(
                    kind,
                    "x.policy_name, x.document",
                    "iam_inline_policy",
                    "x.policy_name"
                ),
                values,
            )
            .await?;
        for (id, policy_name, text) in inline {
            connected.inline.entry(id).or_default().push(PolicyDetail {
                policy_name,
                policy_document: document::encoded(&text),
            });
        }
        let attached: Vec<(String, String)> = tx
            .fetch_all(
                rows_of!(kind, "x.policy_arn", "iam_attachment", "x.policy_arn"),
                values,
            )
            .await?;
        for (id, arn) in attached {
            connected
                .attached
                .entry(id)
                .or_default()
                .push(AttachedPolicy::of(arn));
        }
        // Groups have no tags.
        if kind != EntityKind::Group {
            let tags: Vec<(String, String, String)> = tx
                .fetch_all(
                    rows_of!(kind, "x.tag_key, x.tag_value", "iam_tag", "x.tag_key_lower"),
                    values,
                )
                .await?;
            for (id, key, value) in tags {
                connected.tags.entry(id).or_default().push((key, value));
            }
        }
        Ok(connected)
    }

    pub fn inline(&mut self, entity_id: &str) -> Vec<PolicyDetail> {
        self.inline.remove(entity_id).unwrap_or_default()
    }

    pub fn attached(&mut self, entity_id: &str) -> Vec<AttachedPolicy> {
        self.attached.remove(entity_id).unwrap_or_default()
    }

    pub fn tags(&mut self, entity_id: &str) -> Vec<TagShape> {
        tag::shapes(self.tags.remove(entity_id).unwrap_or_default())
    }
}

/// The names of the groups of the users of a page, by the identifiers of the users.
pub(super) async fn groups_of_users(
    tx: &mut ReadTx,
    page: &Between,
) -> Result<HashMap<String, Vec<String>>, StoreError> {
    let memberships: Vec<(String, String)> = tx
        .fetch_all(
            "SELECT m.user_id, g.group_name
               FROM iam_user u
               JOIN iam_membership m ON m.user_id = u.user_id
               JOIN iam_group g ON g.group_id = m.group_id
              WHERE u.aws_account_id = $1 AND u.name_key >= $2 AND u.name_key <= $3
              ORDER BY g.name_key",
            bind![page.account, page.first, page.last],
        )
        .await?;
    let mut groups: HashMap<String, Vec<String>> = HashMap::new();
    for (user_id, group) in memberships {
        groups.entry(user_id).or_default().push(group);
    }
    Ok(groups)
}
