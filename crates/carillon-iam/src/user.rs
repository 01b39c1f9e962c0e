//! IAM users.

pub(crate) mod operations;
pub(crate) mod rows;

use carillon_aws::arn;
use carillon_aws::id::AwsAccountId;
use carillon_aws::time::{IsoSeconds, Timestamp};
use carillon_operation::{Caller, CallerKind, Fault, Target};
use carillon_store::{ReadTx, StoreError};
use schemars::JsonSchema;
use serde::Serialize;

use crate::access_key::rows::root_user_id;
use crate::account;
use crate::boundary::AttachedPermissionsBoundary;
use crate::entity::{self, EntityKind};
use crate::error::Error;
use crate::tag::TagShape;

/// Users in one AWS account.
pub(crate) const USERS: usize = 5_000;

/// A user as IAM keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UserRow {
    pub id: String,
    pub name: String,
    pub path: String,
    pub permissions_boundary: Option<String>,
    pub created_at: Timestamp,
    pub password_last_used_at: Option<Timestamp>,
}

impl UserRow {
    pub fn arn(&self, account: AwsAccountId) -> String {
        arn::user(account, &self.path, &self.name)
    }

    /// The shape of the wire. List answers leave out boundary and tags.
    pub fn shape(&self, account: AwsAccountId) -> User {
        User {
            path: Some(self.path.clone()),
            user_name: Some(self.name.clone()),
            user_id: self.id.clone(),
            arn: self.arn(account),
            create_date: IsoSeconds(self.created_at),
            password_last_used: self.password_last_used_at.map(IsoSeconds),
            permissions_boundary: None,
            tags: None,
        }
    }
}

/// An IAM user.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct User {
    /// Root has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// Root has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_name: Option<String>,
    user_id: String,
    arn: String,
    create_date: IsoSeconds,
    #[serde(skip_serializing_if = "Option::is_none")]
    password_last_used: Option<IsoSeconds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permissions_boundary: Option<AttachedPermissionsBoundary>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<TagShape>>,
}

impl User {
    /// The root user of an AWS account.
    pub async fn root(tx: &mut ReadTx, account: AwsAccountId) -> Result<Self, Error> {
        let found = account::find(tx, account)
            .await?
            .ok_or_else(|| Fault::internal("the caller's AWS account is gone"))?;
        Ok(Self {
            path: None,
            user_name: None,
            user_id: account.to_string(),
            arn: arn::root(account),
            create_date: found.created_at.into(),
            password_last_used: account::root_password_last_used(tx, account)
                .await?
                .map(IsoSeconds),
            permissions_boundary: None,
            tags: None,
        })
    }
}

/// Whom an operation is about: the user that is named, or the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Subject {
    Root,
    User { id: String, name: String },
}

impl Subject {
    /// The name on the wire; root has none.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Root => None,
            Self::User { name, .. } => Some(name),
        }
    }
}

/// Whose credentials an operation is about, by the identifier that they are kept under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Owner {
    pub id: String,
    /// Root has none.
    pub name: Option<String>,
}

impl Owner {
    /// The user that is named, or the caller.
    pub async fn find(
        tx: &mut ReadTx,
        caller: &Caller,
        name: Option<&(impl AsRef<str> + Sync)>,
    ) -> Result<Self, Error> {
        let subject = subject(tx, caller, name).await?;
        Ok(Self::of(tx, caller.aws_account_id, subject).await?)
    }

    /// The same of credentials that root cannot have.
    pub async fn find_user(
        tx: &mut ReadTx,
        caller: &Caller,
        name: Option<&(impl AsRef<str> + Sync)>,
    ) -> Result<Self, Error> {
        match subject(tx, caller, name).await? {
            Subject::User { id, name } => Ok(Self { id, name: Some(name) }),
            Subject::Root => Err(unnamed()),
        }
    }

    pub async fn of(tx: &mut ReadTx, account: AwsAccountId, subject: Subject) -> Result<Self, StoreError> {
        Ok(match subject {
            Subject::User { id, name } => Self { id, name: Some(name) },
            Subject::Root => Self {
                id: root_user_id(tx, account).await?,
                name: None,
            },
        })
    }
}

/// What the policies are asked about when the user may be left out: the caller itself.
pub(crate) async fn subject_target(
    tx: &mut ReadTx,
    caller: &Caller,
    name: Option<&(impl AsRef<str> + Sync)>,
) -> Result<Target, Fault> {
    if let Some(name) = name {
        return entity::target(tx, caller.aws_account_id, EntityKind::User, name.as_ref()).await;
    }
    let mut target = Target::on(caller.arn.clone());
    if let CallerKind::User { name, .. } = &caller.kind {
        // What is known of the caller is of this transaction's revision: it need not be read again.
        target.tags.clone_from(&caller.tags);
        target = target.filed_under("AWS::IAM::User", name);
    }
    Ok(target)
}

/// Whom the operation is about.
///
/// # Errors
///
/// `NoSuchEntity` for a name nobody has, `ValidationError` for a role session that names nobody.
pub(crate) async fn subject(
    tx: &mut ReadTx,
    caller: &Caller,
    name: Option<&(impl AsRef<str> + Sync)>,
) -> Result<Subject, Error> {
    match (name, &caller.kind) {
        (Some(name), _) => {
            let account = caller.aws_account_id;
            let user = entity::require(tx, account, EntityKind::User, name.as_ref()).await?;
            Ok(Subject::User {
                id: user.id,
                name: user.name,
            })
        }
        (None, CallerKind::Root) => Ok(Subject::Root),
        (None, CallerKind::User { id, name }) => Ok(Subject::User {
            id: id.clone(),
            name: name.clone(),
        }),
        (None, _) => Err(unnamed()),
    }
}

/// The refusal of a request that must name a user, because the caller is none.
pub(crate) fn unnamed() -> Error {
    Error::Validation("Must specify userName when calling with non-User credentials".to_owned())
}

#[cfg(test)]
mod tests {
    use crate::testing::{ACCOUNT, TestServer, engines};
    use crate::{IAM, STS};

    const BOUNDARY: &str = "arn:aws:iam::aws:policy/IAMReadOnlyAccess";

    fn allow(action: &str, resource: &str) -> String {
        format!(
            r#"{{"Version":"2012-10-17",
                 "Statement":{{"Effect":"Allow","Action":"{action}","Resource":"{resource}"}}}}"#
        )
    }

    #[tokio::test]
    async fn a_user_is_made_found_renamed_and_removed() {
        for engine in engines().await {
            let server = TestServer::start_on(engine, &[&IAM, &STS]).await;
            let root = server.as_root();
            let made = root
                .iam(
                    "CreateUser",
                    &[
                        ("UserName", "Ada"),
                        ("Path", "/division/"),
                        ("Tags.member.1.Key", "Team"),
                        ("Tags.member.1.Value", "blue"),
                    ],
                )
                .await;
            let made = made.ok()["User"].clone();
            assert_eq!(made["Arn"], format!("arn:aws:iam::{ACCOUNT}:user/division/Ada"));
            assert_eq!(made["CreateDate"], "2026-03-01T12:00:00Z");
            assert_eq!(made["Tags"][0]["Key"], "Team");
            let read = root.iam("GetUser", &[("UserName", "ADA")]).await;
            assert_eq!(read.ok()["User"], made);
            let again = root.iam("CreateUser", &[("UserName", "aDa")]).await;
            assert_eq!(
                again.refusal(),
                (409, "EntityAlreadyExists", "User with name aDa already exists.")
            );

            let rename = [
                ("UserName", "Ada"),
                ("NewUserName", "ADA"),
                ("NewPath", "/moved/"),
            ];
            root.iam("UpdateUser", &rename).await.ok();
            let renamed = root.iam("GetUser", &[("UserName", "ada")]).await;
            let renamed = &renamed.ok()["User"];
            assert_eq!(renamed["UserId"], made["UserId"]);
            assert_eq!(renamed["Arn"], format!("arn:aws:iam::{ACCOUNT}:user/moved/ADA"));

            root.iam("DeleteUser", &[("UserName", "ada")]).await.ok();
            let gone = root.iam("GetUser", &[("UserName", "ada")]).await;
            assert_eq!(
                gone.refusal(),
                (404, "NoSuchEntity", "The user with name ada cannot be found.")
            );
        }
    }

    #[tokio::test]
    async fn who_renames_needs_the_right_to_both_names() {
        let server = TestServer::start(&[&IAM]).await;
        let own = format!("arn:aws:iam::{ACCOUNT}:user/a*");
        let clerk = server.as_user("clerk", &[&allow("iam:UpdateUser", &own)]).await;
        server.as_user("ada", &[]).await;

        let out = [("UserName", "ada"), ("NewUserName", "bob")];
        let refused = clerk.iam("UpdateUser", &out).await;
        assert_eq!(
            refused.message(),
            format!(
                "User: arn:aws:iam::{ACCOUNT}:user/clerk is not authorized to perform: iam:UpdateUser on \
                 resource: arn:aws:iam::{ACCOUNT}:user/bob because no identity-based policy allows the \
                 iam:UpdateUser action"
            )
        );
        let within = [("UserName", "ada"), ("NewUserName", "anna")];
        clerk.iam("UpdateUser", &within).await.ok();
    }

    #[tokio::test]
    async fn without_a_name_the_caller_is_meant() {
        let server = TestServer::start(&[&IAM]).await;
        let own = format!("arn:aws:iam::{ACCOUNT}:user/${{aws:username}}");
        let ada = server.as_user("ada", &[&allow("iam:GetUser", &own)]).await;

        assert_eq!(ada.iam("GetUser", &[]).await.ok()["User"]["UserName"], "ada");
        assert_eq!(
            ada.iam("GetUser", &[("UserName", "bob")]).await.code(),
            "AccessDenied"
        );
        let root = server.as_root().iam("GetUser", &[]).await;
        assert_eq!(root.ok()["User"]["Arn"], format!("arn:aws:iam::{ACCOUNT}:root"));
        assert_eq!(root.ok()["User"]["UserName"], serde_json::Value::Null);
    }

    #[tokio::test]
    async fn pages_go_on_behind_deleted_users() {
        for engine in engines().await {
            let server = TestServer::start_on(engine, &[&IAM]).await;
            let root = server.as_root();
            for (name, path) in [
                ("b", "/x/"),
                ("A", "/x/y/"),
                ("c", "/x/"),
                ("d", "/xy/"),
                ("e", "/x/"),
            ] {
                root.iam("CreateUser", &[("UserName", name), ("Path", path)])
                    .await
                    .ok();
            }
            let first = root
                .iam("ListUsers", &[("PathPrefix", "/x/"), ("MaxItems", "2")])
                .await;
            let names = |answer: &crate::testing::Answer| -> Vec<String> {
                let users = answer.ok()["Users"].as_array().cloned().unwrap_or_default();
                users
                    .iter()
                    .map(|user| user["UserName"].as_str().unwrap().to_owned())
                    .collect()
            };
            assert_eq!(names(&first), ["A", "b"]);
            assert_eq!(first.body["IsTruncated"], "true");
            let marker = first.body["Marker"].as_str().unwrap();
            assert!(marker.len() <= 320, "{}", marker.len());

            root.iam("DeleteUser", &[("UserName", "b")]).await.ok();
            let rest = root
                .iam("ListUsers", &[("PathPrefix", "/x/"), ("Marker", marker)])
                .await;
            assert_eq!(names(&rest), ["c", "e"]);
            assert_eq!(rest.body["IsTruncated"], "false");
            assert_eq!(rest.body["Marker"], serde_json::Value::Null);

            for forged in [
                [("PathPrefix", "/"), ("Marker", marker)],
                [("PathPrefix", "/x/"), ("Marker", "AAAA")],
            ] {
                assert_eq!(root.iam("ListUsers", &forged).await.code(), "InvalidInput");
            }
        }
    }

    #[tokio::test]
    async fn a_marker_holds_the_longest_name() {
        let server = TestServer::start(&[&IAM]).await;
        let root = server.as_root();
        for name in ["a".repeat(128), "b".to_owned()] {
            root.iam("CreateGroup", &[("GroupName", &name)]).await.ok();
        }
        let first = root.iam("ListGroups", &[("MaxItems", "1")]).await;
        let marker = first.ok()["Marker"].as_str().unwrap();
        let rest = root.iam("ListGroups", &[("Marker", marker)]).await;
        assert_eq!(rest.ok()["Groups"][0]["GroupName"], "b");
    }

    #[tokio::test]
    async fn a_boundary_must_exist_and_conditions_see_it() {
        for engine in engines().await {
            let server = TestServer::start_on(engine, &[&IAM]).await;
            let root = server.as_root();
            let missing = format!("arn:aws:iam::{ACCOUNT}:policy/missing");
            let bounded = [("UserName", "ada"), ("PermissionsBoundary", missing.as_str())];
            assert_eq!(
                root.iam("CreateUser", &bounded).await.refusal(),
                (
                    404,
                    "NoSuchEntity",
                    format!("Scope ARN: {missing} does not exist or is not attachable.").as_str()
                )
            );
            let clerk = server
                .as_user(
                    "clerk",
                    &[&format!(
                        r#"{{"Statement":{{"Effect":"Allow","Action":"iam:*","Resource":"*",
                            "Condition":{{"StringEquals":{{"iam:PermissionsBoundary":"{BOUNDARY}"}}}}}}}}"#
                    )],
                )
                .await;
            assert_eq!(
                clerk.iam("CreateUser", &[("UserName", "ada")]).await.code(),
                "AccessDenied"
            );
            let bounded = [("UserName", "ada"), ("PermissionsBoundary", BOUNDARY)];
            let made = clerk.iam("CreateUser", &bounded).await;
            assert_eq!(
                made.ok()["User"]["PermissionsBoundary"]["PermissionsBoundaryArn"],
                BOUNDARY
            );
            clerk
                .iam("DeleteUserPermissionsBoundary", &[("UserName", "ada")])
                .await
                .ok();
            let again = [("UserName", "ada")];
            assert_eq!(
                root.iam("DeleteUserPermissionsBoundary", &again).await.code(),
                "NoSuchEntity"
            );
            clerk.iam("PutUserPermissionsBoundary", &bounded).await.ok();
        }
    }

    #[tokio::test]
    async fn tags_are_added_removed_and_asked_for() {
        for engine in engines().await {
            let server = TestServer::start_on(engine, &[&IAM]).await;
            let root = server.as_root();
            server.as_user("ada", &[]).await;
            let tag = |key, value| {
                [
                    ("UserName", "ada"),
                    ("Tags.member.1.Key", key),
                    ("Tags.member.1.Value", value),
                ]
            };
            root.iam("TagUser", &tag("Team", "blue")).await.ok();
            root.iam("TagUser", &tag("team", "red")).await.ok();
            root.iam("TagUser", &tag("Site", "")).await.ok();
            let listed = root
                .iam("ListUserTags", &[("UserName", "ada"), ("MaxItems", "1")])
                .await;
            assert_eq!(listed.ok()["Tags"][0]["Key"], "Site");
            let marker = listed.body["Marker"].as_str().unwrap();
            let rest = root
                .iam("ListUserTags", &[("UserName", "ada"), ("Marker", marker)])
                .await;
            assert_eq!(rest.ok()["Tags"][0]["Value"], "red");

            let clerk = server
                .as_user(
                    "clerk",
                    &[
                        r#"{"Statement":{"Effect":"Allow","Action":"iam:GetUser","Resource":"*",
                         "Condition":{"StringEquals":{"aws:ResourceTag/Team":"red"}}}}"#,
                    ],
                )
                .await;
            clerk.iam("GetUser", &[("UserName", "ada")]).await.ok();
            let untag = [("UserName", "ada"), ("TagKeys.member.1", "TEAM")];
            root.iam("UntagUser", &untag).await.ok();
            assert_eq!(
                clerk.iam("GetUser", &[("UserName", "ada")]).await.code(),
                "AccessDenied"
            );
        }
    }

    #[tokio::test]
    async fn a_list_is_asked_about_as_a_collection() {
        let server = TestServer::start(&[&IAM]).await;
        let division = format!("arn:aws:iam::{ACCOUNT}:user/division/*");
        let clerk = server
            .as_user("clerk", &[&allow("iam:ListUsers", &division)])
            .await;
        clerk
            .iam("ListUsers", &[("PathPrefix", "/division/a/")])
            .await
            .ok();
        let refused = clerk.iam("ListUsers", &[]).await;
        let collection = format!(" on resource: arn:aws:iam::{ACCOUNT}:user/ because");
        assert!(refused.message().contains(&collection), "{}", refused.message());
    }

    #[tokio::test]
    async fn a_user_goes_only_with_empty_hands() {
        for engine in engines().await {
            let server = TestServer::start_on(engine, &[&IAM]).await;
            let root = server.as_root();
            let document = allow("chime:*", "*");
            let ada = ("UserName", "ada");
            let (policy, arn) = (("PolicyName", "p"), ("PolicyArn", BOUNDARY));
            let (group, password) = (("GroupName", "g"), ("Password", "Some-Pass-1"));
            root.iam("CreateUser", &[ada]).await.ok();
            root.iam("CreateGroup", &[group]).await.ok();
            let key = root.iam("CreateAccessKey", &[ada]).await;
            let key = key.ok()["AccessKey"]["AccessKeyId"].as_str().unwrap();
            let key = ("AccessKeyId", key);
            for (give, members) in [
                ("AttachUserPolicy", vec![ada, arn]),
                ("PutUserPolicy", vec![ada, policy, ("PolicyDocument", &document)]),
                ("CreateLoginProfile", vec![ada, password]),
                ("AddUserToGroup", vec![ada, group]),
            ] {
                root.iam(give, &members).await.ok();
            }
            for (message, take, members) in [
                (
                    "must detach all policies first",
                    "DetachUserPolicy",
                    vec![ada, arn],
                ),
                (
                    "must delete policies first",
                    "DeleteUserPolicy",
                    vec![ada, policy],
                ),
                ("must delete access keys first", "DeleteAccessKey", vec![ada, key]),
                ("must delete login profile first", "DeleteLoginProfile", vec![ada]),
                (
                    "must remove users from group first",
                    "RemoveUserFromGroup",
                    vec![ada, group],
                ),
            ] {
                assert_eq!(
                    root.iam("DeleteUser", &[ada]).await.refusal(),
                    (
                        409,
                        "DeleteConflict",
                        format!("Cannot delete entity, {message}.").as_str()
                    )
                );
                root.iam(take, &members).await.ok();
            }
            root.iam("DeleteUser", &[ada]).await.ok();
        }
    }
}
