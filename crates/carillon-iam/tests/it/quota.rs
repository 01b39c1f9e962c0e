//! How many of everything there can be. Source: IAM User Guide, "IAM and AWS STS quotas".

use carillon_store::bind;

use super::*;

/// Numbers 1 to a limit, as rows.
macro_rules! rows {
    ($last:literal, $insert:literal) => {
        concat!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ",
            $last,
            ") ",
            $insert,
            " FROM n"
        )
    };
}

async fn fill(server: &TestServer, sql: &'static str) {
    let mut tx = server.store().write().await.expect("a transaction");
    tx.execute(sql, bind![server.account_id()])
        .await
        .expect("rows that are not there yet");
    tx.commit().await.expect("a commit");
}

/// One fits, the next one does not.
async fn assert_full(root: &TestClient<'_>, action: &str, name: &str, more: &[(&str, &str)], quota: &str) {
    for (number, refused) in [(1, false), (2, true)] {
        let value = format!("the-last-{number}");
        let mut members = vec![(name, value.as_str())];
        members.extend(more);
        let answer = root.iam(action, &members).await;
        if refused {
            let message = format!("Cannot exceed quota for {quota}");
            assert_eq!(answer.refusal(), (409, "LimitExceeded", message.as_str()));
        } else {
            answer.ok();
        }
    }
}

#[tokio::test]
async fn an_account_has_so_many_of_each_kind() {
    for server in servers().await {
        let root = server.as_root();
        let allow = allow("chime:*");
        let trust = trust(ACCOUNT);
        let policy = [("PolicyDocument", allow.as_str())];
        let role = [("AssumeRolePolicyDocument", trust.as_str())];
        for (sql, action, name, more, quota) in [
            (
                rows!(
                    4999,
                    "INSERT INTO iam_user (user_id, aws_account_id, user_name, name_key, path, created_at)
                     SELECT 'AIDA' || i, $1, 'n' || i, 'n' || i, '/', 0"
                ),
                "CreateUser",
                "UserName",
                &[][..],
                "UsersPerAccount: 5000",
            ),
            (
                rows!(
                    299,
                    "INSERT INTO iam_group (group_id, aws_account_id, group_name, name_key, path, created_at)
                     SELECT 'AGPA' || i, $1, 'n' || i, 'n' || i, '/', 0"
                ),
                "CreateGroup",
                "GroupName",
                &[],
                "GroupsPerAccount: 300",
            ),
            (
                rows!(
                    999,
                    "INSERT INTO iam_role (role_id, aws_account_id, role_name, name_key, path,
                                           assume_role_policy_document, max_session_duration, created_at)
                     SELECT 'AROA' || i, $1, 'n' || i, 'n' || i, '/', '{}', 3600, 0"
                ),
                "CreateRole",
                "RoleName",
                &role,
                "RolesPerAccount: 1000",
            ),
            (
                rows!(
                    1499,
                    "INSERT INTO iam_policy (policy_id, aws_account_id, arn, policy_name, name_key, path,
                                             default_version, last_version, created_at, updated_at)
                     SELECT 'ANPA' || i, $1, 'arn' || i, 'n' || i, 'n' || i, '/', 1, 1, 0, 0"
                ),
                "CreatePolicy",
                "PolicyName",
                &policy,
                "PoliciesPerAccount: 1500",
            ),
            (
                rows!(
                    999,
                    "INSERT INTO iam_instance_profile (instance_profile_id, aws_account_id,
                                                       instance_profile_name, name_key, path, created_at)
                     SELECT 'AIPA' || i, $1, 'n' || i, 'n' || i, '/', 0"
                ),
                "CreateInstanceProfile",
                "InstanceProfileName",
                &[],
                "InstanceProfilesPerAccount: 1000",
            ),
            (
                rows!(
                    4999,
                    "INSERT INTO iam_mfa_device (serial_number, aws_account_id, sealed_seed, drift, last_step,
                                                 created_at)
                     SELECT 'n' || i, $1, '', 0, 0, 0"
                ),
                "CreateVirtualMFADevice",
                "VirtualMFADeviceName",
                &[],
                "MFADevicesPerAccount: 5000",
            ),
        ] {
            fill(&server, sql).await;
            assert_full(&root, action, name, more, quota).await;
        }
    }
}

#[tokio::test]
async fn an_entity_has_so_many_policies_and_a_user_so_many_groups() {
    for server in servers().await {
        let root = server.as_root();
        root.iam("CreateUser", &[("UserName", "ada")]).await.ok();
        root.iam("CreateGroup", &[("GroupName", "team")]).await.ok();
        given_role(&root, "desk", &trust(ACCOUNT)).await;
        for number in 1..=11 {
            let (name, full) = (format!("n{number}"), number == 11);
            let arn = given_policy(&root, &name, &allow("chime:*")).await;
            root.iam("CreateGroup", &[("GroupName", &name)]).await.ok();
            for (action, members, quota) in [
                (
                    "AttachUserPolicy",
                    [("UserName", "ada"), ("PolicyArn", arn.as_str())],
                    "PoliciesPerUser: 10",
                ),
                (
                    "AttachGroupPolicy",
                    [("GroupName", "team"), ("PolicyArn", &arn)],
                    "PoliciesPerGroup: 10",
                ),
                (
                    "AttachRolePolicy",
                    [("RoleName", "desk"), ("PolicyArn", &arn)],
                    "PoliciesPerRole: 10",
                ),
                (
                    "AddUserToGroup",
                    [("UserName", "ada"), ("GroupName", &name)],
                    "GroupsPerUser: 10",
                ),
            ] {
                let answer = root.iam(action, &members).await;
                if full {
                    let message = format!("Cannot exceed quota for {quota}");
                    assert_eq!(answer.refusal(), (409, "LimitExceeded", message.as_str()));
                } else {
                    answer.ok();
                }
            }
        }
    }
}

#[tokio::test]
async fn inline_policies_have_so_many_characters_together() {
    let server = TestServer::start(&[&IAM]).await;
    let root = server.as_root();
    root.iam("CreateUser", &[("UserName", "ada")]).await.ok();
    root.iam("CreateGroup", &[("GroupName", "team")]).await.ok();
    given_role(&root, "desk", &trust(ACCOUNT)).await;
    for (kind, member, name, quota) in [
        ("User", "UserName", "ada", 2_048),
        ("Group", "GroupName", "team", 5_120),
        ("Role", "RoleName", "desk", 10_240),
    ] {
        let of_size = |size: usize| {
            let bare = allow("a:").len();
            allow(&format!("a:{}", "x".repeat(size - bare)))
        };
        let put = async |policy: &str, size: usize| {
            let document = of_size(size);
            let members = [
                (member, name),
                ("PolicyName", policy),
                ("PolicyDocument", &document),
            ];
            root.iam(&format!("Put{kind}Policy"), &members).await
        };
        put("half", quota / 2).await.ok();
        put("other-half", quota - quota / 2).await.ok();
        let over = put("other-half", quota - quota / 2 + 1).await;
        let message = format!(
            "Maximum policy size of {quota} bytes exceeded for {} {name}",
            kind.to_lowercase()
        );
        assert_eq!(over.refusal(), (409, "LimitExceeded", message.as_str()));
    }
}

#[tokio::test]
async fn a_policy_has_five_versions_of_6144_characters_and_a_user_two_keys() {
    let server = TestServer::start(&[&IAM]).await;
    let root = server.as_root();
    let arn = given_policy(&root, "p", &allow("chime:*")).await;
    let large = allow(&format!("a:{}", "x".repeat(6_144)));
    let (name, document) = (("PolicyName", "q"), ("PolicyDocument", large.as_str()));
    let refused = root.iam("CreatePolicy", &[name, document]).await;
    assert_eq!(refused.message(), "Cannot exceed quota for PolicySize: 6144");
    let small = allow("chime:*");
    let version = [("PolicyArn", arn.as_str()), ("PolicyDocument", &small)];
    for _ in 2..=5 {
        root.iam("CreatePolicyVersion", &version).await.ok();
    }
    assert_eq!(
        root.iam("CreatePolicyVersion", &version).await.refusal(),
        (
            409,
            "LimitExceeded",
            "A managed policy can have up to 5 versions. Before you create a new version, you must delete an \
             existing version."
        )
    );
    root.iam("CreateUser", &[("UserName", "ada")]).await.ok();
    for _ in 1..=2 {
        root.iam("CreateAccessKey", &[("UserName", "ada")]).await.ok();
    }
    let third = root.iam("CreateAccessKey", &[("UserName", "ada")]).await;
    assert_eq!(third.message(), "Cannot exceed quota for AccessKeysPerUser: 2");
}

/// The pattern of the IAM User Guide, "Delegate responsibility to others using permissions boundaries".
#[tokio::test]
async fn whoever_is_delegated_makes_only_what_is_bounded() {
    for server in servers().await {
        let root = server.as_root();
        let boundary = given_policy(&root, "boundary", &allow("chime:*")).await;
        let delegate = document(&json!([
            {
                "Effect": "Allow",
                "Action": ["iam:CreateUser", "iam:CreateRole", "iam:PutUserPermissionsBoundary",
                           "iam:PutRolePermissionsBoundary", "iam:PutUserPolicy", "iam:DeleteUserPolicy",
                           "iam:AttachUserPolicy", "iam:DetachUserPolicy", "iam:PutRolePolicy",
                           "iam:AttachRolePolicy", "iam:DetachRolePolicy", "iam:DeleteRolePolicy"],
                "Resource": "*",
                "Condition": { "StringEquals": { "iam:PermissionsBoundary": boundary } },
            },
            { "Effect": "Allow", "Action": ["iam:Get*", "iam:List*", "iam:CreateAccessKey"], "Resource": "*" },
            {
                "Effect": "Deny",
                "Action": ["iam:DeleteUserPermissionsBoundary", "iam:DeleteRolePermissionsBoundary"],
                "Resource": "*",
            },
            { "Effect": "Deny", "Action": ["iam:*PolicyVersion", "iam:DeletePolicy"], "Resource": boundary },
        ]));
        let clerk = server.as_user("clerk", &[&delegate]).await;
        server.as_user("boss", &[]).await;
        let trust = trust(ACCOUNT);
        let (limits, weak) = (
            ("PermissionsBoundary", boundary.as_str()),
            (
                "PermissionsBoundary",
                "arn:aws:iam::aws:policy/AdministratorAccess",
            ),
        );
        let (ada, desk) = (("UserName", "ada"), ("RoleName", "desk"));
        let trusted = ("AssumeRolePolicyDocument", trust.as_str());
        let admin = ("PolicyArn", "arn:aws:iam::aws:policy/AdministratorAccess");
        for (action, members) in [
            ("CreateUser", vec![ada]),
            ("CreateUser", vec![ada, weak]),
            ("CreateRole", vec![desk, trusted]),
            ("CreateRole", vec![desk, trusted, weak]),
            ("AttachUserPolicy", vec![("UserName", "boss"), admin]),
            ("PutUserPermissionsBoundary", vec![("UserName", "boss"), weak]),
        ] {
            assert_eq!(
                clerk.iam(action, &members).await.code(),
                "AccessDenied",
                "{action}"
            );
        }
        for (action, members) in [
            ("CreateUser", vec![ada, limits]),
            ("CreateRole", vec![desk, trusted, limits]),
            ("AttachUserPolicy", vec![ada, admin]),
            ("AttachRolePolicy", vec![desk, admin]),
            ("DetachRolePolicy", vec![desk, admin]),
            ("PutUserPermissionsBoundary", vec![("UserName", "boss"), limits]),
        ] {
            clerk.iam(action, &members).await.ok();
        }
        for (action, members) in [
            ("DeleteUserPermissionsBoundary", vec![ada]),
            ("DeleteRolePermissionsBoundary", vec![desk]),
            ("PutUserPermissionsBoundary", vec![ada, weak]),
            (
                "CreatePolicyVersion",
                vec![("PolicyArn", &boundary), ("PolicyDocument", &delegate)],
            ),
        ] {
            assert_eq!(
                clerk.iam(action, &members).await.code(),
                "AccessDenied",
                "{action}"
            );
        }
        // The administrator's policy gives ada what the boundary lets through, and no more.
        let key = clerk.iam("CreateAccessKey", &[ada]).await;
        let member = |name: &str| text(&key.ok()["AccessKey"][name]);
        let bounded = server.as_key(&member("AccessKeyId"), &member("SecretAccessKey"));
        let refused = bounded.iam("ListUsers", &[]).await;
        assert!(
            refused.message().contains("no permissions boundary allows"),
            "{}",
            refused.message()
        );
    }
}
