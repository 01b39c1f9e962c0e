//! Access keys of users and of root.

pub(crate) mod operations;
pub(crate) mod rows;

use carillon_aws::time::Timestamp;
use carillon_aws::{string_enum, string_type};

/// Access keys of one user, and of root.
pub(crate) const KEYS_PER_USER: usize = 2;

string_enum! {
    /// Whether a key can be used.
    pub(crate) enum Status {
        Active,
        Inactive,
        /// AWS knows it; no key here ever is.
        Expired,
    }
}

string_type! {
    /// The secret of an access key, which is shown once.
    pub(crate) SecretAccessKey, sensitive
}

/// A key as IAM keeps it, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AccessKeyRow {
    pub id: String,
    pub status: Status,
    pub created_at: Timestamp,
}

/// When and for what a key was used last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LastUse {
    pub at: Timestamp,
    pub service_name: String,
    pub region: String,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::testing::{Answer, TestServer, engines};
    use crate::{IAM, STS};

    fn member<'a>(answer: &'a Answer, name: &str) -> &'a str {
        answer.ok()["AccessKey"][name].as_str().unwrap()
    }

    #[tokio::test]
    async fn a_user_has_two_keys_that_work_while_they_are_active() {
        for engine in engines().await {
            let server = TestServer::start_on(engine, &[&IAM, &STS]).await;
            let root = server.as_root();
            root.iam("CreateUser", &[("UserName", "ada")]).await.ok();
            let first = root.iam("CreateAccessKey", &[("UserName", "Ada")]).await;
            assert_eq!(member(&first, "UserName"), "ada");
            assert_eq!(
                server.last_event()["responseElements"]["accessKey"]["secretAccessKey"]
                    .as_str()
                    .filter(|shown| *shown == member(&first, "SecretAccessKey")),
                None
            );
            let ada = server.as_key(member(&first, "AccessKeyId"), member(&first, "SecretAccessKey"));
            ada.query("sts", "GetCallerIdentity", &[]).await.ok();

            server.clock().advance(Duration::from_secs(1));
            root.iam("CreateAccessKey", &[("UserName", "ada")]).await.ok();
            assert_eq!(
                root.iam("CreateAccessKey", &[("UserName", "ada")])
                    .await
                    .refusal(),
                (
                    409,
                    "LimitExceeded",
                    "Cannot exceed quota for AccessKeysPerUser: 2"
                )
            );
            let page = root
                .iam("ListAccessKeys", &[("UserName", "ada"), ("MaxItems", "1")])
                .await;
            let marker = page.ok()["Marker"].as_str().unwrap();
            let rest = root
                .iam("ListAccessKeys", &[("UserName", "ada"), ("Marker", marker)])
                .await;
            assert_eq!(rest.ok()["AccessKeyMetadata"].as_array().unwrap().len(), 1);
            assert_ne!(
                rest.body["AccessKeyMetadata"][0]["AccessKeyId"],
                page.body["AccessKeyMetadata"][0]["AccessKeyId"]
            );

            let own = [("AccessKeyId", member(&first, "AccessKeyId"))];
            let of_root = root.iam("DeleteAccessKey", &own).await;
            assert_eq!(
                of_root.message(),
                format!("The Access Key with id {} cannot be found", own[0].1)
            );
            let off = [own[0], ("UserName", "ada"), ("Status", "Inactive")];
            root.iam("UpdateAccessKey", &off).await.ok();
            assert_eq!(
                ada.query("sts", "GetCallerIdentity", &[]).await.code(),
                "InvalidClientTokenId"
            );
            root.iam("DeleteAccessKey", &[own[0], ("UserName", "ada")])
                .await
                .ok();
        }
    }

    #[tokio::test]
    async fn root_has_keys_of_its_own() {
        let server = TestServer::start(&[&IAM, &STS]).await;
        let made = server.as_root().iam("CreateAccessKey", &[]).await;
        let second = server.as_key(member(&made, "AccessKeyId"), member(&made, "SecretAccessKey"));
        let listed = second.iam("ListAccessKeys", &[]).await;
        assert_eq!(listed.ok()["AccessKeyMetadata"].as_array().unwrap().len(), 2);
        let other = server.as_root_of_another_account().await;
        let last_used = [("AccessKeyId", second.access_key_id.as_str())];
        assert_eq!(
            other.iam("GetAccessKeyLastUsed", &last_used).await.code(),
            "NoSuchEntity"
        );
    }

    #[tokio::test]
    async fn the_last_use_is_known_to_a_quarter_of_an_hour() {
        for engine in engines().await {
            let server = TestServer::start_on(engine, &[&IAM, &STS]).await;
            let ada = server.as_user("ada", &[]).await;
            let root = server.as_root();
            let last = async || {
                let answer = root
                    .iam("GetAccessKeyLastUsed", &[("AccessKeyId", &ada.access_key_id)])
                    .await;
                assert_eq!(answer.ok()["UserName"], "ada");
                answer.body["AccessKeyLastUsed"].clone()
            };
            assert_eq!(
                last().await,
                serde_json::json!({"ServiceName": "N/A", "Region": "N/A"})
            );

            ada.query("sts", "GetCallerIdentity", &[]).await.ok();
            let first = last().await;
            assert_eq!(
                first,
                serde_json::json!({
                    "LastUsedDate": "2026-03-01T12:00:00Z", "ServiceName": "sts", "Region": "us-east-1"
                })
            );
            server.clock().advance(Duration::from_secs(14 * 60));
            assert_eq!(ada.iam("GetUser", &[]).await.code(), "AccessDenied");
            assert_eq!(last().await, first);
            server.clock().advance(Duration::from_secs(60));
            assert_eq!(ada.iam("GetUser", &[]).await.code(), "AccessDenied");
            assert_eq!(last().await["ServiceName"], "iam");
        }
    }
}
