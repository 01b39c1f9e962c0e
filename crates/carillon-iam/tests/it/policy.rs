//! Managed policies.

use carillon_iam::testing::ACCOUNT;

use crate::{allow, column, given_policy, pages, servers, text};

const READ_ONLY: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";

#[tokio::test]
async fn a_policy_is_read_as_it_was_made() {
    for server in servers().await {
        let root = server.as_root();
        let text = "{\n \"Version\": \"2012-10-17\",\r\n \"Statement\": {\"Effect\": \"Allow\", \"Action\": \"chime:*\", \"Resource\": \"*\"}}";
        let made = root
            .iam(
                "CreatePolicy",
                &[
                    ("PolicyName", "Readers"),
                    ("Path", "/team/"),
                    ("PolicyDocument", text),
                    ("Description", "For readers"),
                    ("Tags.member.1.Key", "Team"),
                    ("Tags.member.1.Value", "blue"),
                ],
            )
            .await;
        let arn = format!("arn:aws:iam::{ACCOUNT}:policy/team/Readers");
        let policy = &made.ok()["Policy"];
        assert_eq!(policy["Arn"], arn);
        assert_eq!(policy["DefaultVersionId"], "v1");
        assert_eq!(policy["CreateDate"], "2026-03-01T12:00:00Z");
        assert_eq!(policy.get("Description"), None);

        let got = root.iam("GetPolicy", &[("PolicyArn", &arn)]).await;
        let policy = &got.ok()["Policy"];
        assert_eq!(policy["Description"], "For readers");
        assert_eq!(policy["Tags"][0]["Key"], "Team");
        assert_eq!(
            (&policy["AttachmentCount"], &policy["IsAttachable"]),
            (&"0".into(), &"true".into())
        );

        let version = root
            .iam("GetPolicyVersion", &[("PolicyArn", &arn), ("VersionId", "v1")])
            .await;
        let encoded = crate::text(&version.ok()["PolicyVersion"]["Document"]);
        assert!(!encoded.contains([' ', '+', '{', '"', '\n']), "{encoded}");
        let decoded = percent_encoding::percent_decode_str(&encoded)
            .decode_utf8()
            .unwrap();
        assert_eq!(decoded, text);
    }
}

#[tokio::test]
async fn names_are_unique_in_any_case_and_path() {
    let server = &servers().await[0];
    let root = server.as_root();
    given_policy(&root, "Readers", &allow("chime:*")).await;
    let again = root
        .iam(
            "CreatePolicy",
            &[
                ("PolicyName", "READERS"),
                ("Path", "/x/"),
                ("PolicyDocument", &allow("chime:*")),
            ],
        )
        .await;
    assert_eq!(
        again.refusal(),
        (
            409,
            "EntityAlreadyExists",
            "A policy called READERS already exists. Duplicate names are not allowed."
        )
    );
}

#[tokio::test]
async fn versions_are_counted_and_one_counts() {
    for server in servers().await {
        let root = server.as_root();
        let arn = given_policy(&root, "Readers", &allow("iam:GetUser")).await;
        let ada = server.as_user("ada", &[&arn]).await;
        assert_eq!(ada.iam("ListUsers", &[]).await.code(), "AccessDenied");

        let document = allow("iam:ListUsers");
        let new = [
            ("PolicyArn", arn.as_str()),
            ("PolicyDocument", &document),
            ("SetAsDefault", "true"),
        ];
        let second = root.iam("CreatePolicyVersion", &new).await;
        assert_eq!(second.ok()["PolicyVersion"]["VersionId"], "v2");
        assert_eq!(second.body["PolicyVersion"]["IsDefaultVersion"], "true");
        ada.iam("ListUsers", &[]).await.ok();

        let version = |id| [("PolicyArn", arn.as_str()), ("VersionId", id)];
        let default = root.iam("DeletePolicyVersion", &version("v2")).await;
        assert_eq!(
            default.refusal(),
            (
                409,
                "DeleteConflict",
                "Cannot delete the default version of a policy."
            )
        );
        root.iam("SetDefaultPolicyVersion", &version("v1")).await.ok();
        assert_eq!(ada.iam("ListUsers", &[]).await.code(), "AccessDenied");
        root.iam("DeletePolicyVersion", &version("v2")).await.ok();
        assert_eq!(
            root.iam("GetPolicyVersion", &version("v2")).await.refusal(),
            (
                404,
                "NoSuchEntity",
                format!("Policy {arn} version v2 does not exist or is not attachable.").as_str()
            )
        );

        for number in 3..=6 {
            let next = root.iam("CreatePolicyVersion", &new[..2]).await;
            assert_eq!(next.ok()["PolicyVersion"]["VersionId"], format!("v{number}"));
        }
        let sixth = root.iam("CreatePolicyVersion", &new[..2]).await;
        assert_eq!((sixth.status, sixth.code()), (409, "LimitExceeded"));
        assert!(
            sixth
                .message()
                .starts_with("A managed policy can have up to 5 versions.")
        );

        let list = [("PolicyArn", arn.as_str()), ("MaxItems", "2")];
        let versions = pages(&root, "ListPolicyVersions", &list, "Versions").await;
        assert_eq!(
            column(&versions.into(), "VersionId"),
            ["v6", "v5", "v4", "v3", "v1"]
        );
    }
}

#[tokio::test]
async fn a_policy_in_use_stays() {
    for server in servers().await {
        let root = server.as_root();
        let arn = given_policy(&root, "Readers", &allow("chime:*")).await;
        root.iam(
            "CreateUser",
            &[("UserName", "ada"), ("PermissionsBoundary", &arn)],
        )
        .await
        .ok();
        let bounds = root.iam("DeletePolicy", &[("PolicyArn", &arn)]).await;
        assert_eq!(
            bounds.refusal(),
            (
                409,
                "DeleteConflict",
                "Cannot delete a policy attached to entities."
            )
        );
        let got = root.iam("GetPolicy", &[("PolicyArn", &arn)]).await;
        assert_eq!(got.ok()["Policy"]["PermissionsBoundaryUsageCount"], "1");
        assert_eq!(got.body["Policy"]["AttachmentCount"], "0");

        root.iam("DeleteUserPermissionsBoundary", &[("UserName", "ada")])
            .await
            .ok();
        root.iam("DeletePolicy", &[("PolicyArn", &arn)]).await.ok();
        assert_eq!(
            root.iam("GetPolicy", &[("PolicyArn", &arn)]).await.refusal(),
            (
                404,
                "NoSuchEntity",
                format!("Policy {arn} was not found.").as_str()
            )
        );
    }
}

#[tokio::test]
async fn lists_hold_the_customers_policies_and_aws_s() {
    for server in servers().await {
        let root = server.as_root();
        let mut arns = Vec::new();
        for name in ["c", "a", "B"] {
            arns.push(given_policy(&root, name, &allow("chime:*")).await);
        }
        let all = pages(&root, "ListPolicies", &[("MaxItems", "2")], "Policies").await;
        let names = column(&all.into(), "PolicyName");
        assert_eq!(names[..3], ["a", "B", "c"]);
        assert_eq!(names[3..].first().map(String::as_str), Some("AWSDenyAll"));
        assert_eq!(
            names.len(),
            3 + server.environment().registry.aws_managed_policies().len()
        );

        server.as_user("ada", &[&arns[0], READ_ONLY]).await;
        root.iam(
            "CreateUser",
            &[("UserName", "bob"), ("PermissionsBoundary", &arns[1])],
        )
        .await
        .ok();
        let listed = async |filter: &[(&str, &str)]| {
            let answer = root.iam("ListPolicies", filter).await;
            column(&answer.ok()["Policies"], "PolicyName")
        };
        assert_eq!(
            listed(&[("OnlyAttached", "true")]).await,
            ["a", "c", "ReadOnlyAccess"]
        );
        assert_eq!(
            listed(&[("PolicyUsageFilter", "PermissionsBoundary")]).await,
            ["a"]
        );
        assert_eq!(
            listed(&[("PolicyUsageFilter", "PermissionsPolicy"), ("Scope", "Local")]).await,
            ["c"]
        );
        assert_eq!(
            listed(&[("OnlyAttached", "true"), ("Scope", "AWS")]).await,
            ["ReadOnlyAccess"]
        );
        assert!(listed(&[("PathPrefix", "/nothing/")]).await.is_empty());
    }
}

#[tokio::test]
async fn aws_s_policies_are_readable_and_nobody_s_to_change() {
    for server in servers().await {
        let administrator = server.as_user("ada", &["AdministratorAccess"]).await;
        let arn = [("PolicyArn", READ_ONLY)];
        let got = administrator.iam("GetPolicy", &arn).await;
        assert_eq!(got.ok()["Policy"]["PolicyName"], "ReadOnlyAccess");
        let id = text(&got.body["Policy"]["PolicyId"]);
        assert!(id.starts_with("ANPA") && id.len() == 21, "{id}");
        administrator
            .iam("GetPolicyVersion", &[arn[0], ("VersionId", "v1")])
            .await
            .ok();
        let document = allow("*");
        for client in [&administrator, &server.as_root()] {
            for (action, members) in [
                ("DeletePolicy", vec![arn[0]]),
                ("CreatePolicyVersion", vec![arn[0], ("PolicyDocument", &document)]),
                ("SetDefaultPolicyVersion", vec![arn[0], ("VersionId", "v1")]),
                ("DeletePolicyVersion", vec![arn[0], ("VersionId", "v1")]),
                (
                    "TagPolicy",
                    vec![arn[0], ("Tags.member.1.Key", "a"), ("Tags.member.1.Value", "b")],
                ),
                ("UntagPolicy", vec![arn[0], ("TagKeys.member.1", "a")]),
            ] {
                assert_eq!(
                    client.iam(action, &members).await.code(),
                    "AccessDenied",
                    "{action}"
                );
            }
        }
    }
}

#[tokio::test]
async fn documents_are_checked_before_they_are_kept() {
    let server = &servers().await[0];
    let root = server.as_root();
    let refused = root
        .iam("CreatePolicy", &[("PolicyName", "p"), ("PolicyDocument", "{}")])
        .await;
    assert_eq!(
        refused.refusal(),
        (
            400,
            "MalformedPolicyDocument",
            "Syntax errors in policy. (line 1, column 1: a policy has a `Statement`)"
        )
    );
    let long = allow(&format!("chime:{}", "x".repeat(6144)));
    let refused = root
        .iam("CreatePolicy", &[("PolicyName", "p"), ("PolicyDocument", &long)])
        .await;
    assert_eq!(
        refused.refusal(),
        (409, "LimitExceeded", "Cannot exceed quota for PolicySize: 6144")
    );
}

#[tokio::test]
async fn tags_of_a_policy_count_in_decisions_and_come_in_pages() {
    for server in servers().await {
        let root = server.as_root();
        let arn = given_policy(&root, "Readers", &allow("chime:*")).await;
        let reader = crate::document(&serde_json::json!({
            "Effect": "Allow", "Action": "iam:GetPolicy", "Resource": "*",
            "Condition": { "StringEquals": { "aws:ResourceTag/team": "blue" } },
        }));
        let ada = server.as_user("ada", &[&reader]).await;
        let arn_member = ("PolicyArn", arn.as_str());
        assert_eq!(ada.iam("GetPolicy", &[arn_member]).await.code(), "AccessDenied");
        root.iam(
            "TagPolicy",
            &[
                arn_member,
                ("Tags.member.1.Key", "Team"),
                ("Tags.member.1.Value", "blue"),
                ("Tags.member.2.Key", "cost"),
                ("Tags.member.2.Value", ""),
            ],
        )
        .await
        .ok();
        ada.iam("GetPolicy", &[arn_member]).await.ok();
        let tags = pages(&root, "ListPolicyTags", &[arn_member, ("MaxItems", "1")], "Tags").await;
        assert_eq!(column(&tags.into(), "Key"), ["cost", "Team"]);
        root.iam("UntagPolicy", &[arn_member, ("TagKeys.member.1", "TEAM")])
            .await
            .ok();
        assert_eq!(ada.iam("GetPolicy", &[arn_member]).await.code(), "AccessDenied");
    }
}

#[tokio::test]
async fn another_account_s_policies_are_not_there() {
    let server = &servers().await[0];
    let arn = given_policy(&server.as_root(), "Readers", &allow("chime:*")).await;
    let other = server.as_root_of_another_account().await;
    assert_eq!(
        other.iam("GetPolicy", &[("PolicyArn", &arn)]).await.code(),
        "NoSuchEntity"
    );
    assert_eq!(
        other.iam("DeletePolicy", &[("PolicyArn", &arn)]).await.code(),
        "NoSuchEntity"
    );
    other.iam("CreateUser", &[("UserName", "eve")]).await.ok();
    let attached = other
        .iam("AttachUserPolicy", &[("UserName", "eve"), ("PolicyArn", &arn)])
        .await;
    assert_eq!(attached.code(), "NoSuchEntity");
}
