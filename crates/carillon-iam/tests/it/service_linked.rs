//! Service-linked roles, which nobody changes but their service.

use super::*;

const VOICE: (&str, &str) = ("AWSServiceName", "voiceconnector.chime.amazonaws.com");
const NAME: &str = "AWSServiceRoleForAmazonChimeVoiceConnector";
const ROLE: (&str, &str) = ("RoleName", NAME);
const ITS_POLICY: (&str, &str) = (
    "PolicyArn",
    "arn:aws:iam::aws:policy/aws-service-role/AmazonChimeVoiceConnectorServiceLinkedRolePolicy",
);

fn protected() -> String {
    format!(
        "Cannot perform the operation on the protected role '{NAME}' - this role is only modifiable by AWS"
    )
}

#[tokio::test]
async fn the_role_of_a_service_is_made_and_deleted_whole() {
    for server in servers().await {
        let root = server.as_root();
        let made = root.iam("CreateServiceLinkedRole", &[VOICE]).await;
        let path = "/aws-service-role/voiceconnector.chime.amazonaws.com/";
        assert_eq!(
            made.ok()["Role"]["Arn"],
            format!("arn:aws:iam::{ACCOUNT}:role{path}{NAME}")
        );
        assert_eq!(made.ok()["Role"]["Path"], path);
        let attached = root.iam("ListAttachedRolePolicies", &[ROLE]).await;
        assert_eq!(
            column(&attached.ok()["AttachedPolicies"], "PolicyArn"),
            [ITS_POLICY.1]
        );
        assert_eq!(
            root.iam("CreateServiceLinkedRole", &[VOICE]).await.refusal(),
            (
                400,
                "InvalidInput",
                format!(
                    "Service role name {NAME} has been taken in this account, please try a different suffix."
                )
                .as_str()
            )
        );
        for members in [
            &[("AWSServiceName", "ec2.amazonaws.com")][..],
            &[("AWSServiceName", "chime.amazonaws.com"), ("CustomSuffix", "x")],
        ] {
            assert_eq!(
                root.iam("CreateServiceLinkedRole", members).await.code(),
                "InvalidInput"
            );
        }

        // What is ours may be said of it.
        let described = [ROLE, ("Description", "calls")];
        root.iam("UpdateRole", &described).await.ok();
        let tags = [ROLE, ("Tags.member.1.Key", "a"), ("Tags.member.1.Value", "b")];
        root.iam("TagRole", &tags).await.ok();

        let deleted = root.iam("DeleteServiceLinkedRole", &[ROLE]).await;
        let task = text(&deleted.ok()["DeletionTaskId"]);
        assert!(task.starts_with(&format!("task{path}{NAME}/")), "{task}");
        let task = [("DeletionTaskId", task.as_str())];
        let status = root.iam("GetServiceLinkedRoleDeletionStatus", &task).await;
        assert_eq!(status.ok()["Status"], "SUCCEEDED");
        assert_eq!(root.iam("GetRole", &[ROLE]).await.code(), "NoSuchEntity");
        assert_eq!(
            root.iam("DeleteServiceLinkedRole", &[ROLE]).await.code(),
            "NoSuchEntity"
        );
        let elsewhere = server.as_root_of_another_account().await;
        assert_eq!(
            elsewhere
                .iam("GetServiceLinkedRoleDeletionStatus", &task)
                .await
                .code(),
            "NoSuchEntity"
        );
        // Nothing of the first is left on the second.
        root.iam("CreateServiceLinkedRole", &[VOICE]).await.ok();
        let tags = root.iam("ListRoleTags", &[ROLE]).await;
        assert_eq!(tags.ok()["Tags"], "");
    }
}

#[tokio::test]
async fn nobody_changes_the_role_of_a_service() {
    for server in servers().await {
        let root = server.as_root();
        root.iam("CreateServiceLinkedRole", &[VOICE]).await.ok();
        root.iam("CreateInstanceProfile", &[("InstanceProfileName", "web")])
            .await
            .ok();
        let trust = trust(ACCOUNT);
        let allow = allow("chime:*");
        let named = ("PolicyName", "p");
        let read_only = "arn:aws:iam::aws:policy/AmazonChimeReadOnly";
        for (action, members) in [
            ("DeleteRole", &[ROLE][..]),
            ("UpdateAssumeRolePolicy", &[ROLE, ("PolicyDocument", &trust)]),
            ("UpdateRole", &[ROLE, ("MaxSessionDuration", "7200")]),
            ("AttachRolePolicy", &[ROLE, ("PolicyArn", read_only)]),
            ("DetachRolePolicy", &[ROLE, ITS_POLICY]),
            ("PutRolePolicy", &[ROLE, named, ("PolicyDocument", &allow)]),
            ("DeleteRolePolicy", &[ROLE, named]),
            (
                "PutRolePermissionsBoundary",
                &[ROLE, ("PermissionsBoundary", read_only)],
            ),
            ("DeleteRolePermissionsBoundary", &[ROLE]),
            (
                "AddRoleToInstanceProfile",
                &[ROLE, ("InstanceProfileName", "web")],
            ),
        ] {
            let refused = root.iam(action, members).await;
            assert_eq!(
                refused.refusal(),
                (400, "UnmodifiableEntity", protected().as_str()),
                "{action}"
            );
        }

        // Nor are there others on their path, nor is their policy for others.
        let path = ("Path", "/aws-service-role/chime.amazonaws.com/");
        let own = [("RoleName", "own"), path, ("AssumeRolePolicyDocument", &trust)];
        assert_eq!(root.iam("CreateRole", &own).await.code(), "InvalidInput");
        given_role(&root, "own", &trust).await;
        let own = ("RoleName", "own");
        assert_eq!(
            root.iam("AttachRolePolicy", &[own, ITS_POLICY]).await.refusal(),
            (
                400,
                "PolicyNotAttachable",
                "Cannot attach a Service Role Policy to a Customer Role."
            )
        );
        let boundary = [own, ("PermissionsBoundary", ITS_POLICY.1)];
        assert_eq!(
            root.iam("PutRolePermissionsBoundary", &boundary).await.code(),
            "PolicyNotAttachable"
        );
        assert_eq!(
            root.iam("DeleteServiceLinkedRole", &[own]).await.code(),
            "InvalidInput"
        );
        // Root itself cannot have it.
        let role = format!("arn:aws:iam::{ACCOUNT}:role/aws-service-role/{}/{NAME}", VOICE.1);
        let ada = server.as_user("ada", &[&crate::allow("*")]).await;
        let assume = [("RoleArn", role.as_str()), ("RoleSessionName", "ada")];
        assert_eq!(
            ada.query("sts", "AssumeRole", &assume).await.code(),
            "AccessDenied"
        );
    }
}

#[tokio::test]
async fn who_may_link_one_service_links_no_other() {
    let server = TestServer::start(&[&IAM]).await;
    let document = document(&json!({
        "Effect": "Allow", "Action": "iam:CreateServiceLinkedRole", "Resource": "*",
        "Condition": { "StringEquals": { "iam:AWSServiceName": "chime.amazonaws.com" } }
    }));
    let ada = server.as_user("ada", &[&document]).await;
    let refused = ada.iam("CreateServiceLinkedRole", &[VOICE]).await;
    assert_eq!(refused.code(), "AccessDenied");
    assert!(refused.message().contains(NAME), "{}", refused.message());
    ada.iam(
        "CreateServiceLinkedRole",
        &[("AWSServiceName", "chime.amazonaws.com")],
    )
    .await
    .ok();
}
