//! Who a key belongs to, while everything changes.

use std::sync::Arc;

use serde_json::json;
use tokio::task::JoinSet;

use crate::{allow, document, given_policy, given_role, servers, user_arn};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_changes_at_the_same_time_all_succeed() {
    for server in servers().await {
        let server = Arc::new(server);
        let mut tasks = JoinSet::new();
        for number in 0..24 {
            let server = Arc::clone(&server);
            tasks.spawn(async move {
                let name = format!("user-{number}");
                let put = [
                    ("UserName", &*name),
                    ("PolicyName", "p"),
                    ("PolicyDocument", &allow("chime:*")),
                ];
                let root = server.as_root();
                let made = root.iam("CreateUser", &put[..1]).await;
                let put = root.iam("PutUserPolicy", &put).await;
                (made.text, put.status)
            });
        }
        while let Some(done) = tasks.join_next().await {
            let (text, put) = done.unwrap();
            assert!(text.contains("<UserId>"), "{}: {text}", server.engine());
            assert_eq!(put, 200, "{}", server.engine());
        }
    }
}

#[tokio::test]
async fn boundaries_bound_users_and_roles() {
    for server in servers().await {
        let root = server.as_root();
        let boundary = given_policy(&root, "Boundary", &allow("iam:ListUsers")).await;
        let ada = server.as_user("ada", &[&allow("iam:*")]).await;
        ada.iam("ListRoles", &[]).await.ok();
        let put = [("UserName", "ada"), ("PermissionsBoundary", boundary.as_str())];
        root.iam("PutUserPermissionsBoundary", &put).await.ok();
        ada.iam("ListUsers", &[]).await.ok();
        let refused = ada.iam("ListRoles", &[]).await;
        assert!(
            refused
                .message()
                .ends_with("because no permissions boundary allows the iam:ListRoles action"),
            "{}",
            refused.message()
        );
        // A boundary is what its default version says now.
        let wider = [
            ("PolicyArn", boundary.as_str()),
            ("PolicyDocument", &allow("iam:List*")),
            ("SetAsDefault", "true"),
        ];
        root.iam("CreatePolicyVersion", &wider).await.ok();
        ada.iam("ListRoles", &[]).await.ok();
    }
}

#[tokio::test]
async fn tags_of_a_session_win_over_those_of_its_role() {
    for server in servers().await {
        let root = server.as_root();
        let ada = server.as_user("ada", &[]).await;
        let trusting = document(&json!({
            "Effect": "Allow", "Principal": { "AWS": user_arn("ada") },
            "Action": ["sts:AssumeRole", "sts:TagSession"],
        }));
        let role = given_role(&root, "Helpdesk", &trusting).await;
        let blue = document(&json!({
            "Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*",
            "Condition": { "StringEquals": { "aws:PrincipalTag/team": "blue" } },
        }));
        let put = [
            ("RoleName", "Helpdesk"),
            ("PolicyName", "p"),
            ("PolicyDocument", &*blue),
        ];
        root.iam("PutRolePolicy", &put).await.ok();
        let plain = crate::sts::session(&server, &crate::sts::assume(&ada, &role, &[]).await);
        let tags = [("Tags.member.1.Key", "TEAM"), ("Tags.member.1.Value", "red")];
        let red = crate::sts::session(&server, &crate::sts::assume(&ada, &role, &tags).await);
        assert_eq!(plain.iam("ListUsers", &[]).await.code(), "AccessDenied");
        let tag = [
            put[0],
            ("Tags.member.1.Key", "Team"),
            ("Tags.member.1.Value", "blue"),
        ];
        root.iam("TagRole", &tag).await.ok();
        plain.iam("ListUsers", &[]).await.ok();
        assert_eq!(red.iam("ListUsers", &[]).await.code(), "AccessDenied");
    }
}

#[tokio::test]
async fn a_key_that_is_switched_off_is_off_at_once() {
    for server in servers().await {
        let root = server.as_root();
        let ada = server.as_user("ada", &[]).await;
        let set = async |status: &str| {
            let members = [
                ("UserName", "ada"),
                ("AccessKeyId", ada.access_key_id.as_str()),
                ("Status", status),
            ];
            root.iam("UpdateAccessKey", &members).await.ok();
            ada.query("sts", "GetCallerIdentity", &[]).await.status
        };
        assert_eq!(ada.query("sts", "GetCallerIdentity", &[]).await.status, 200);
        assert_eq!(set("Inactive").await, 403);
        assert_eq!(set("Active").await, 200);
    }
}
