//! Roles and whom they trust.

use carillon_iam::testing::{ACCOUNT, TestServer};
use serde_json::{Value, json};

use crate::{allow, column, document, given_policy, given_role, pages, servers, text, trust, user_arn};

async fn trusted(server: &TestServer, role: &str) -> Value {
    let got = server.as_root().iam("GetRole", &[("RoleName", role)]).await;
    let encoded = text(&got.ok()["Role"]["AssumeRolePolicyDocument"]);
    let decoded = percent_encoding::percent_decode_str(&encoded)
        .decode_utf8()
        .expect("documents are UTF-8");
    serde_json::from_str::<Value>(&decoded).expect("documents are JSON")["Statement"]["Principal"]["AWS"]
        .clone()
}

#[tokio::test]
async fn a_role_is_read_as_it_was_made() {
    for server in servers().await {
        let root = server.as_root();
        let boundary = given_policy(&root, "Boundary", &allow("chime:*")).await;
        let made = root
            .iam(
                "CreateRole",
                &[
                    ("RoleName", "Helpdesk"),
                    ("Path", "/service/"),
                    ("AssumeRolePolicyDocument", &trust(ACCOUNT)),
                    ("Description", "Helps"),
                    ("MaxSessionDuration", "7200"),
                    ("PermissionsBoundary", &boundary),
                    ("Tags.member.1.Key", "a"),
                    ("Tags.member.1.Value", "b"),
                ],
            )
            .await;
        assert_eq!(
            made.ok()["Role"]["Arn"],
            format!("arn:aws:iam::{ACCOUNT}:role/service/Helpdesk")
        );
        let got = root.iam("GetRole", &[("RoleName", "helpdesk")]).await;
        let role = &got.ok()["Role"];
        assert_eq!(
            (&role["Description"], &role["MaxSessionDuration"]),
            (&json!("Helps"), &json!("7200"))
        );
        assert_eq!(role["PermissionsBoundary"]["PermissionsBoundaryArn"], boundary);
        assert_eq!(role["Tags"], json!([{ "Key": "a", "Value": "b" }]));

        root.iam(
            "UpdateRole",
            &[("RoleName", "Helpdesk"), ("MaxSessionDuration", "3600")],
        )
        .await
        .ok();
        root.iam("DeleteRolePermissionsBoundary", &[("RoleName", "Helpdesk")])
            .await
            .ok();
        root.iam(
            "UntagRole",
            &[("RoleName", "Helpdesk"), ("TagKeys.member.1", "A")],
        )
        .await
        .ok();
        let got = root.iam("GetRole", &[("RoleName", "Helpdesk")]).await;
        let role = &got.ok()["Role"];
        assert_eq!(
            (&role["Description"], &role["MaxSessionDuration"]),
            (&json!("Helps"), &json!("3600"))
        );
        assert_eq!((role.get("PermissionsBoundary"), role.get("Tags")), (None, None));

        let again = [
            ("RoleName", "HELPDESK"),
            ("AssumeRolePolicyDocument", &*trust(ACCOUNT)),
        ];
        assert_eq!(
            root.iam("CreateRole", &again).await.refusal(),
            (
                409,
                "EntityAlreadyExists",
                "Role with name HELPDESK already exists."
            )
        );
    }
}

#[tokio::test]
async fn roles_come_in_pages_by_name() {
    for server in servers().await {
        let root = server.as_root();
        for name in ["c", "A", "b"] {
            given_role(&root, name, &trust(ACCOUNT)).await;
        }
        let path = [
            ("RoleName", "d"),
            ("Path", "/x/"),
            ("AssumeRolePolicyDocument", &*trust(ACCOUNT)),
        ];
        root.iam("CreateRole", &path).await.ok();
        let roles = pages(&root, "ListRoles", &[("MaxItems", "2")], "Roles").await;
        assert_eq!(column(&roles.into(), "RoleName"), ["A", "b", "c", "d"]);
        let roles = pages(&root, "ListRoles", &[("PathPrefix", "/x/")], "Roles").await;
        assert_eq!(column(&roles.into(), "RoleName"), ["d"]);
        let forged = root.iam("ListRoles", &[("Marker", "AAAA")]).await;
        assert_eq!(forged.code(), "InvalidInput");
    }
}

#[tokio::test]
async fn a_role_goes_only_when_it_is_empty() {
    let server = &servers().await[0];
    let root = server.as_root();
    given_role(&root, "Helpdesk", &trust(ACCOUNT)).await;
    let role = ("RoleName", "Helpdesk");
    let policy = ("PolicyArn", "arn:aws:iam::aws:policy/ReadOnlyAccess");
    root.iam("AttachRolePolicy", &[role, policy]).await.ok();
    let put = [role, ("PolicyName", "p"), ("PolicyDocument", &*allow("chime:*"))];
    root.iam("PutRolePolicy", &put).await.ok();
    let refused = root.iam("DeleteRole", &[role]).await;
    assert_eq!(
        refused.message(),
        "Cannot delete entity, must detach all policies first."
    );
    root.iam("DetachRolePolicy", &[role, policy]).await.ok();
    let refused = root.iam("DeleteRole", &[role]).await;
    assert_eq!(
        refused.refusal(),
        (
            409,
            "DeleteConflict",
            "Cannot delete entity, must delete policies first."
        )
    );
    root.iam("DeleteRolePolicy", &put[..2]).await.ok();
    root.iam("DeleteRole", &[role]).await.ok();
    assert_eq!(
        root.iam("GetRole", &[role]).await.refusal(),
        (
            404,
            "NoSuchEntity",
            "The role with name Helpdesk cannot be found."
        )
    );
}

#[tokio::test]
async fn a_namesake_is_somebody_else() {
    for server in servers().await {
        let root = server.as_root();
        root.iam("CreateUser", &[("UserName", "ada")]).await.ok();
        let made = root.iam("GetUser", &[("UserName", "ada")]).await;
        let id = text(&made.ok()["User"]["UserId"]);
        given_role(&root, "Helpdesk", &trust(&user_arn("ada"))).await;
        assert_eq!(trusted(&server, "Helpdesk").await, user_arn("ada"));

        root.iam("UpdateUser", &[("UserName", "ada"), ("NewUserName", "grace")])
            .await
            .ok();
        assert_eq!(trusted(&server, "Helpdesk").await, user_arn("grace"));
        root.iam("DeleteUser", &[("UserName", "grace")]).await.ok();
        assert_eq!(trusted(&server, "Helpdesk").await, id);
        root.iam("CreateUser", &[("UserName", "grace")]).await.ok();
        assert_eq!(trusted(&server, "Helpdesk").await, id);
        // What is shown cannot be stored again.
        let again = [("RoleName", "Helpdesk"), ("PolicyDocument", &*trust(&id))];
        assert_eq!(
            root.iam("UpdateAssumeRolePolicy", &again).await.code(),
            "MalformedPolicyDocument"
        );
    }
}

#[tokio::test]
async fn only_those_who_exist_are_trusted() {
    for server in servers().await {
        let root = server.as_root();
        let other = server.as_root_of_another_account().await;
        let eve = other.iam("CreateUser", &[("UserName", "eve")]).await;
        let eve = text(&eve.ok()["User"]["Arn"]);
        let role = given_role(&root, "First", &trust(&eve)).await;
        for principal in [
            "*",
            &format!("arn:aws:iam::{ACCOUNT}:root"),
            &role,
            &format!("arn:aws:sts::{ACCOUNT}:assumed-role/First/session"),
        ] {
            let update = [("RoleName", "First"), ("PolicyDocument", &*trust(principal))];
            root.iam("UpdateAssumeRolePolicy", &update).await.ok();
            assert_eq!(trusted(&server, "First").await, principal);
        }
        for principal in [
            "000000000009",
            "arn:aws:iam::000000000009:root",
            &user_arn("nobody"),
            &user_arn("n*"),
            &format!("arn:aws:iam::{ACCOUNT}:role/x/First"),
            &format!("arn:aws:iam::{ACCOUNT}:group/ops"),
            &format!("arn:aws:sts::{ACCOUNT}:assumed-role/Nothing/session"),
            "AIDAAAAAAAAAAAAAAAAAA",
        ] {
            let update = [("RoleName", "First"), ("PolicyDocument", &*trust(principal))];
            let refused = root.iam("UpdateAssumeRolePolicy", &update).await;
            assert_eq!((refused.status, refused.code()), (400, "MalformedPolicyDocument"));
            let message = format!("Invalid principal in policy: \"AWS\":\"{principal}\"");
            assert!(refused.message().starts_with(&message), "{}", refused.message());
        }
    }
}

#[tokio::test]
async fn a_trust_policy_has_a_size() {
    let server = &servers().await[0];
    let long = document(&json!({
        "Sid": "x".repeat(2048), "Effect": "Allow", "Principal": { "AWS": ACCOUNT }, "Action": "sts:AssumeRole",
    }));
    let made = server
        .as_root()
        .iam(
            "CreateRole",
            &[("RoleName", "r"), ("AssumeRolePolicyDocument", &long)],
        )
        .await;
    assert_eq!(
        made.refusal(),
        (
            409,
            "LimitExceeded",
            "Cannot exceed quota for ACLSizePerRole: 2048"
        )
    );
}
