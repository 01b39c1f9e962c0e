//! How attachments are kept.

use carillon_aws::id::uuid_v4;
use carillon_aws::time::{Entropy, Timestamp};
use carillon_store::{FromRow, ReadTx, Row, StoreError, WriteTx, bind};

use super::{AttachmentRow, PORTAL, Upload};

/// How long after a deletion a source may still tell of the upload before it: somewhat longer than events are taken.
const LATE: std::time::Duration = std::time::Duration::from_secs(40 * 24 * 60 * 60);

impl FromRow for AttachmentRow {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.get(0)?,
            source_id: row.get(1)?,
            object_key: row.get(2)?,
            account_id: row.get(3)?,
            uploader_id: row.get(4)?,
            uploader_email: row.get(5)?,
            conversation_kind: row.parse(6)?,
            conversation_id: row.get(7)?,
            is_exported: row.get(8)?,
            file_name: row.get(9)?,
            content_type: row.get(10)?,
            size_bytes: row.get(11)?,
            sha256: row.get(12)?,
            uploaded_at: row.get(13)?,
            recorded_at: row.get(14)?,
        })
    }
}

/// The statement that reads attachments, with its end.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT attachment_id, source_id, object_key, account_id, uploader_id, uploader_email,
                    conversation_kind, conversation_id, is_exported, file_name, content_type, size_bytes, sha256,
                    uploaded_at, recorded_at
               FROM chime_attachment ",
            $rest
        )
    };
}

/// Keeps what a source says of an uploaded file. Told in any order, and any number of times, uploads and deletions of
/// an object come to the same.
pub(crate) async fn record_upload(
    tx: &mut WriteTx,
    entropy: &dyn Entropy,
    upload: &Upload<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let gone: Option<(Timestamp,)> = tx
        .fetch_optional(
            "SELECT deleted_at FROM chime_attachment_gone WHERE source_id = $1 AND object_key = $2",
            bind![upload.source_id, upload.object_key],
        )
        .await?;
    if gone.is_some_and(|(at,)| at >= upload.at) {
        return Ok(());
    }
    let known: Option<AttachmentRow> = tx
        .fetch_optional(
            select!("WHERE source_id = $1 AND object_key = $2"),
            bind![upload.source_id, upload.object_key],
        )
        .await?;
    match known {
        None => insert(tx, &upload.row(uuid_v4(entropy), now)).await,
        Some(known) if known.uploaded_at < upload.at => {
            let row = upload.row(known.id, known.recorded_at);
            delete(tx, &row.id).await?;
            insert(tx, &row).await
        }
        Some(_) => Ok(()),
    }
}

/// Forgets an object that a source says is gone.
pub(crate) async fn record_deletion(
    tx: &mut WriteTx,
    source_id: &str,
    object_key: &str,
    at: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO chime_attachment_gone (source_id, object_key, deleted_at) VALUES ($1, $2, $3)
         ON CONFLICT (source_id, object_key) DO UPDATE
            SET deleted_at = CASE WHEN chime_attachment_gone.deleted_at > excluded.deleted_at
                                  THEN chime_attachment_gone.deleted_at ELSE excluded.deleted_at END",
        bind![source_id, object_key, at],
    )
    .await?;
    tx.execute(
        "DELETE FROM chime_attachment WHERE source_id = $1 AND object_key = $2 AND uploaded_at <= $3",
        bind![source_id, object_key, at],
    )
    .await?;
    // Each deletion takes some of those with it that need not be remembered any more.
    tx.execute(
        "DELETE FROM chime_attachment_gone WHERE (source_id, object_key) IN
           (SELECT source_id, object_key FROM chime_attachment_gone
             WHERE deleted_at < $1 ORDER BY deleted_at LIMIT 10)",
        bind![Timestamp::from_micros(now.as_micros().saturating_sub(
            i64::try_from(LATE.as_micros()).unwrap_or(i64::MAX)
        ))],
    )
    .await?;
    Ok(())
}

pub(crate) async fn insert(tx: &mut WriteTx, attachment: &AttachmentRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO chime_attachment
           (attachment_id, source_id, object_key, account_id, uploader_id, uploader_email, conversation_kind,
            conversation_id, is_exported, file_name, content_type, size_bytes, sha256, uploaded_at, recorded_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        bind![
            attachment.id,
            attachment.source_id,
            attachment.object_key,
            attachment.account_id,
            attachment.uploader_id,
            attachment.uploader_email,
            attachment.conversation_kind.as_str(),
            attachment.conversation_id,
            attachment.is_exported,
            attachment.file_name,
            attachment.content_type,
            attachment.size_bytes,
            attachment.sha256,
            attachment.uploaded_at,
            attachment.recorded_at
        ],
    )
    .await?;
    Ok(())
}

pub(crate) async fn delete(tx: &mut WriteTx, id: &str) -> Result<(), StoreError> {
    tx.execute("DELETE FROM chime_attachment WHERE attachment_id = $1", bind![id])
        .await?;
    Ok(())
}

/// What an export of the account has after `after`, in the order in which we heard of it, up to `until`. For jobs.
pub(crate) async fn exported_after(
    tx: &mut ReadTx,
    account_id: &str,
    after: (Timestamp, &str),
    until: Timestamp,
    limit: i64,
) -> Result<Vec<AttachmentRow>, StoreError> {
    tx.fetch_all(
        select!(
            "WHERE account_id = $1 AND is_exported AND (recorded_at, attachment_id) > ($2, $3)
               AND recorded_at <= $4
             ORDER BY recorded_at, attachment_id LIMIT $5"
        ),
        bind![account_id, after.0, after.1, until, limit],
    )
    .await
}

/// What a person uploaded at the portal, the newest first.
pub(crate) async fn of_person(
    tx: &mut ReadTx,
    user_id: &str,
    limit: i64,
) -> Result<Vec<AttachmentRow>, StoreError> {
    tx.fetch_all(
        select!(
            "WHERE uploader_id = $1 AND source_id = $2
             ORDER BY uploaded_at DESC, attachment_id DESC LIMIT $3"
        ),
        bind![user_id, PORTAL, limit],
    )
    .await
}

/// A file that the person uploaded at the portal.
pub(crate) async fn find_of_person(
    tx: &mut ReadTx,
    user_id: &str,
    id: &str,
) -> Result<Option<AttachmentRow>, StoreError> {
    tx.fetch_optional(
        select!("WHERE attachment_id = $1 AND uploader_id = $2 AND source_id = $3"),
        bind![id, user_id, PORTAL],
    )
    .await
}

/// How many files the person has at the portal, and how many bytes they are together.
pub(crate) async fn used_by(tx: &mut ReadTx, user_id: &str) -> Result<(i64, i64), StoreError> {
    let found: Option<(i64, i64)> = tx
        .fetch_optional(
            "SELECT COUNT(*), CAST(COALESCE(SUM(size_bytes), 0) AS BIGINT)
               FROM chime_attachment WHERE uploader_id = $1 AND source_id = $2",
            bind![user_id, PORTAL],
        )
        .await?;
    Ok(found.unwrap_or((0, 0)))
}

/// Whether there is an attachment of this identifier.
pub(crate) async fn is_kept(tx: &mut ReadTx, id: &str) -> Result<bool, StoreError> {
    let found = tx
        .fetch_number(
            "SELECT COUNT(*) FROM chime_attachment WHERE attachment_id = $1",
            bind![id],
        )
        .await?;
    Ok(found > 0)
}

/// Whether the person uploaded anything that is still there.
pub(crate) async fn has_any(tx: &mut ReadTx, user_id: &str) -> Result<bool, StoreError> {
    let found: Option<(String,)> = tx
        .fetch_optional(
            "SELECT attachment_id FROM chime_attachment WHERE uploader_id = $1 LIMIT 1",
            bind![user_id],
        )
        .await?;
    Ok(found.is_some())
}

/// Deletes up to `limit` attachments of an account, and answers which they were.
pub(crate) async fn take_of_account(
    tx: &mut WriteTx,
    account_id: &str,
    limit: i64,
) -> Result<Vec<AttachmentRow>, StoreError> {
    let found: Vec<AttachmentRow> = tx
        .fetch_all(
            select!("WHERE account_id = $1 ORDER BY attachment_id LIMIT $2"),
            bind![account_id, limit],
        )
        .await?;
    take(tx, found).await
}

/// Deletes up to `limit` attachments of a person, and answers which they were.
pub(crate) async fn take_of_person(
    tx: &mut WriteTx,
    user_id: &str,
    limit: i64,
) -> Result<Vec<AttachmentRow>, StoreError> {
    let found: Vec<AttachmentRow> = tx
        .fetch_all(
            select!("WHERE uploader_id = $1 ORDER BY source_id, uploaded_at, attachment_id LIMIT $2"),
            bind![user_id, limit],
        )
        .await?;
    take(tx, found).await
}

async fn take(tx: &mut WriteTx, found: Vec<AttachmentRow>) -> Result<Vec<AttachmentRow>, StoreError> {
    for attachment in &found {
        delete(tx, &attachment.id).await?;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use carillon_aws::time::SystemEntropy;
    use carillon_store::Store;

    use super::*;
    use crate::attachment::ConversationKind;
    use crate::user::RegistrationStatus;
    use crate::user::tests::user;

    const KEY: &str = "a/report.pdf";

    /// What a source tells of one object, at second `at`.
    #[derive(Debug, Clone, Copy)]
    enum Told {
        Upload { at: i64 },
        Deletion { at: i64 },
    }

    async fn tell(tx: &mut WriteTx, told: Told) {
        let ada = user(Some("account"), RegistrationStatus::Registered);
        let now = Timestamp::from_seconds(1_000);
        match told {
            Told::Upload { at } => {
                let name = format!("{at}.pdf");
                let upload = Upload {
                    source_id: "source",
                    object_key: KEY,
                    uploader: &ada,
                    conversation_kind: ConversationKind::Group,
                    conversation_id: "c",
                    room_creator: None,
                    file_name: &name,
                    content_type: "application/pdf",
                    size_bytes: at,
                    sha256: None,
                    at: Timestamp::from_seconds(at),
                };
                record_upload(tx, &SystemEntropy, &upload, now).await.unwrap();
            }
            Told::Deletion { at } => {
                record_deletion(tx, "source", KEY, Timestamp::from_seconds(at), now)
                    .await
                    .unwrap();
            }
        }
    }

    /// The files that are there after all this was told in this order.
    async fn left(store: &Store, told: &[Told]) -> Vec<(String, i64)> {
        let mut tx = store.write().await.unwrap();
        for told in told {
            tell(&mut tx, *told).await;
        }
        let found = exported_after(
            &mut tx,
            "account",
            (Timestamp::MIN, ""),
            Timestamp::from_seconds(2_000),
            10,
        )
        .await
        .unwrap();
        // Not committed: the next order begins with nothing.
        found
            .into_iter()
            .map(|file| (file.file_name, file.size_bytes))
            .collect()
    }

    fn orders(of: &[Told]) -> Vec<Vec<Told>> {
        match of {
            [] => vec![Vec::new()],
            [first, rest @ ..] => orders(rest)
                .into_iter()
                .flat_map(|order| {
                    (0..=order.len()).map(move |place| {
                        let mut order = order.clone();
                        order.insert(place, *first);
                        order
                    })
                })
                .collect(),
        }
    }

    #[tokio::test]
    async fn told_in_any_order_and_twice_it_comes_to_the_same() {
        use Told::{Deletion, Upload};
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&format!("sqlite:{}", folder.path().join("db").display()))
            .await
            .unwrap();
        for (story, end) in [
            (vec![Upload { at: 1 }, Deletion { at: 2 }], None),
            (
                vec![Upload { at: 1 }, Deletion { at: 2 }, Upload { at: 3 }],
                Some(3),
            ),
            (
                vec![Upload { at: 1 }, Upload { at: 2 }, Deletion { at: 1 }],
                Some(2),
            ),
            (
                vec![
                    Upload { at: 1 },
                    Upload { at: 1 },
                    Upload { at: 5 },
                    Deletion { at: 3 },
                ],
                Some(5),
            ),
            (vec![Upload { at: 2 }, Deletion { at: 2 }], None),
        ] {
            let expected: Vec<(String, i64)> = end.map(|at| (format!("{at}.pdf"), at)).into_iter().collect();
            for order in orders(&story) {
                assert_eq!(left(&store, &order).await, expected, "{order:?}");
                let twice = [order.as_slice(), order.as_slice()].concat();
                assert_eq!(left(&store, &twice).await, expected, "twice: {order:?}");
            }
        }
    }

    #[tokio::test]
    async fn an_object_lies_where_its_source_and_account_are() {
        let ada = user(Some("account"), RegistrationStatus::Registered);
        let alone = user(None, RegistrationStatus::Registered);
        for (person, place) in [
            (&ada, "sources/source/account/k"),
            (&alone, "sources/source/none/k"),
        ] {
            let upload = Upload {
                source_id: "source",
                object_key: "k",
                uploader: person,
                conversation_kind: ConversationKind::OneToOne,
                conversation_id: "",
                room_creator: None,
                file_name: "a",
                content_type: "text/plain",
                size_bytes: 0,
                sha256: None,
                at: Timestamp::EPOCH,
            };
            assert_eq!(upload.row("i".to_owned(), Timestamp::EPOCH).object(), place);
        }
    }
}
