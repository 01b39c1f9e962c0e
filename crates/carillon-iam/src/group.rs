//! IAM groups: users that share policies.

pub(crate) mod operations;
pub(crate) mod rows;

use carillon_aws::arn;
use carillon_aws::id::AwsAccountId;
use carillon_aws::time::{IsoSeconds, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

/// Groups in one AWS account.
pub(crate) const GROUPS: usize = 300;

/// Groups that one user can be in.
pub(crate) const GROUPS_PER_USER: usize = 10;

/// A group as IAM keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GroupRow {
    pub id: String,
    pub name: String,
    pub path: String,
    pub created_at: Timestamp,
}

impl GroupRow {
    pub fn shape(&self, account: AwsAccountId) -> GroupShape {
        GroupShape {
            path: self.path.clone(),
            group_name: self.name.clone(),
            group_id: self.id.clone(),
            arn: arn::group(account, &self.path, &self.name),
            create_date: IsoSeconds(self.created_at),
        }
    }
}

/// An IAM group.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
#[schemars(rename = "Group")]
pub(crate) struct GroupShape {
    path: String,
    group_name: String,
    group_id: String,
    arn: String,
    create_date: IsoSeconds,
}

#[cfg(test)]
mod tests {
    use crate::IAM;
    use crate::testing::{TestServer, engines};

    #[tokio::test]
    async fn a_group_has_members_and_goes_only_when_empty() {
        for engine in engines().await {
            let server = TestServer::start_on(engine, &[&IAM]).await;
            let root = server.as_root();
            let made = root
                .iam("CreateGroup", &[("GroupName", "Team"), ("Path", "/t/")])
                .await;
            assert!(
                made.ok()["Group"]["GroupId"]
                    .as_str()
                    .unwrap()
                    .starts_with("AGPA")
            );
            for name in ["c", "a", "b"] {
                server.as_user(name, &[]).await;
                for _ in 0..2 {
                    root.iam("AddUserToGroup", &[("GroupName", "team"), ("UserName", name)])
                        .await
                        .ok();
                }
            }
            let first = root
                .iam("GetGroup", &[("GroupName", "Team"), ("MaxItems", "2")])
                .await;
            assert_eq!(first.ok()["Group"], made.body["Group"]);
            assert_eq!(first.body["Users"][1]["UserName"], "b");
            let marker = first.body["Marker"].as_str().unwrap();
            let rest = root
                .iam("GetGroup", &[("GroupName", "Team"), ("Marker", marker)])
                .await;
            assert_eq!(rest.ok()["Users"][0]["UserName"], "c");

            let held = root.iam("DeleteGroup", &[("GroupName", "Team")]).await;
            assert_eq!(
                held.refusal(),
                (
                    409,
                    "DeleteConflict",
                    "Cannot delete entity, must remove users from group first."
                )
            );
            let rename = [("GroupName", "Team"), ("NewGroupName", "Crew")];
            root.iam("UpdateGroup", &rename).await.ok();
            let of = root.iam("ListGroupsForUser", &[("UserName", "a")]).await;
            assert_eq!(of.ok()["Groups"][0]["GroupName"], "Crew");
            for name in ["a", "b", "c"] {
                let member = [("GroupName", "crew"), ("UserName", name)];
                root.iam("RemoveUserFromGroup", &member).await.ok();
                assert_eq!(
                    root.iam("RemoveUserFromGroup", &member).await.code(),
                    "NoSuchEntity"
                );
            }
            root.iam("DeleteGroup", &[("GroupName", "CREW")]).await.ok();
            assert_eq!(
                root.iam("GetGroup", &[("GroupName", "Crew")]).await.refusal(),
                (404, "NoSuchEntity", "The group with name Crew cannot be found.")
            );
        }
    }

    #[tokio::test]
    async fn a_user_is_in_ten_groups_at_most() {
        let server = TestServer::start(&[&IAM]).await;
        let root = server.as_root();
        server.as_user("ada", &[]).await;
        for number in 0..11 {
            let name = format!("g{number}");
            root.iam("CreateGroup", &[("GroupName", &name)]).await.ok();
            let added = root
                .iam("AddUserToGroup", &[("GroupName", &name), ("UserName", "ada")])
                .await;
            if number < 10 {
                added.ok();
            } else {
                assert_eq!(
                    added.refusal(),
                    (409, "LimitExceeded", "Cannot exceed quota for GroupsPerUser: 10")
                );
            }
        }
    }
}
