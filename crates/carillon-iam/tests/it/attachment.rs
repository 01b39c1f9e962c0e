//! Policies on users, groups and roles.

use serde_json::json;

use crate::{allow, column, document, given_policy, given_role, pages, servers, trust, user_arn};

const CHIME: &str = "arn:aws:iam::aws:policy/AWSDenyAll";

#[tokio::test]
async fn attaching_is_idempotent_and_detaching_is_not() {
    for server in servers().await {
        let root = server.as_root();
        root.iam("CreateUser", &[("UserName", "Ada")]).await.ok();
        root.iam("CreateGroup", &[("GroupName", "ops")]).await.ok();
        given_role(&root, "Helpdesk", &trust("123456789012")).await;
        let arn = given_policy(&root, "Readers", &allow("chime:*")).await;
        for (kind, name) in [("User", "ada"), ("Group", "ops"), ("Role", "Helpdesk")] {
            let who = format!("{kind}Name");
            let who = (who.as_str(), name);
            let policy = ("PolicyArn", arn.as_str());
            for _ in 0..2 {
                root.iam(&format!("Attach{kind}Policy"), &[who, policy])
                    .await
                    .ok();
            }
            root.iam(&format!("Attach{kind}Policy"), &[who, ("PolicyArn", CHIME)])
                .await
                .ok();
            let list = format!("ListAttached{kind}Policies");
            let listed = pages(&root, &list, &[who, ("MaxItems", "1")], "AttachedPolicies").await;
            assert_eq!(column(&listed.into(), "PolicyName"), ["AWSDenyAll", "Readers"]);
        }
        let held = root.iam("ListEntitiesForPolicy", &[("PolicyArn", &arn)]).await;
        assert_eq!(column(&held.ok()["PolicyUsers"], "UserName"), ["Ada"]);
        assert_eq!(column(&held.body["PolicyGroups"], "GroupName"), ["ops"]);
        assert_eq!(column(&held.body["PolicyRoles"], "RoleName"), ["Helpdesk"]);
        for (kind, name) in [("User", "ada"), ("Group", "ops"), ("Role", "Helpdesk")] {
            let members = [
                (format!("{kind}Name"), name.to_owned()),
                ("PolicyArn".to_owned(), arn.clone()),
            ];
            let members: Vec<_> = members.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
            root.iam(&format!("Detach{kind}Policy"), &members).await.ok();
            let again = root.iam(&format!("Detach{kind}Policy"), &members).await;
            assert_eq!(
                again.refusal(),
                (
                    404,
                    "NoSuchEntity",
                    format!("Policy {arn} was not found.").as_str()
                )
            );
        }
    }
}

#[tokio::test]
async fn who_uses_a_policy_comes_in_pages_and_kinds() {
    for server in servers().await {
        let root = server.as_root();
        let arn = given_policy(&root, "Readers", &allow("chime:*")).await;
        let policy = ("PolicyArn", arn.as_str());
        for name in ["a", "b"] {
            root.iam("CreateUser", &[("UserName", name)]).await.ok();
            root.iam("AttachUserPolicy", &[("UserName", name), policy])
                .await
                .ok();
        }
        root.iam(
            "CreateUser",
            &[("UserName", "c"), ("Path", "/x/"), ("PermissionsBoundary", &arn)],
        )
        .await
        .ok();
        root.iam("CreateGroup", &[("GroupName", "g")]).await.ok();
        root.iam("AttachGroupPolicy", &[("GroupName", "g"), policy])
            .await
            .ok();

        let users = pages(
            &root,
            "ListEntitiesForPolicy",
            &[policy, ("MaxItems", "1")],
            "PolicyUsers",
        )
        .await;
        assert_eq!(column(&users.into(), "UserName"), ["a", "b", "c"]);
        let listed = async |filter: (&str, &str)| {
            let answer = root.iam("ListEntitiesForPolicy", &[policy, filter]).await;
            let groups = column(&answer.ok()["PolicyGroups"], "GroupName");
            (column(&answer.body["PolicyUsers"], "UserName"), groups)
        };
        let none: Vec<String> = Vec::new();
        assert_eq!(
            listed(("EntityFilter", "Group")).await,
            (none.clone(), vec!["g".to_owned()])
        );
        assert_eq!(
            listed(("PolicyUsageFilter", "PermissionsBoundary")).await,
            (vec!["c".to_owned()], none.clone())
        );
        assert_eq!(listed(("PathPrefix", "/x/")).await, (vec!["c".to_owned()], none));
    }
}

#[tokio::test]
async fn ten_policies_are_attached_at_most() {
    let server = &servers().await[0];
    let root = server.as_root();
    root.iam("CreateUser", &[("UserName", "ada")]).await.ok();
    let mut arns = Vec::new();
    for number in 0..11 {
        arns.push(given_policy(&root, &format!("p{number}"), &allow("chime:*")).await);
    }
    for arn in &arns[..10] {
        root.iam("AttachUserPolicy", &[("UserName", "ada"), ("PolicyArn", arn)])
            .await
            .ok();
    }
    let eleventh = root
        .iam(
            "AttachUserPolicy",
            &[("UserName", "ada"), ("PolicyArn", &arns[10])],
        )
        .await;
    assert_eq!(
        eleventh.refusal(),
        (
            409,
            "LimitExceeded",
            "Cannot exceed quota for PoliciesPerUser: 10"
        )
    );
}

#[tokio::test]
async fn what_is_no_policy_is_not_attached() {
    let server = &servers().await[0];
    let root = server.as_root();
    root.iam("CreateUser", &[("UserName", "ada")]).await.ok();
    let attach = async |arn: &str| {
        root.iam("AttachUserPolicy", &[("UserName", "ada"), ("PolicyArn", arn)])
            .await
    };
    assert_eq!(attach(&user_arn("ada")).await.code(), "InvalidInput");
    let missing = "arn:aws:iam::123456789012:policy/nothing";
    assert_eq!(
        attach(missing).await.refusal(),
        (
            404,
            "NoSuchEntity",
            format!("Policy {missing} does not exist or is not attachable.").as_str()
        )
    );
    let nobody = root
        .iam(
            "AttachUserPolicy",
            &[("UserName", "nobody"), ("PolicyArn", CHIME)],
        )
        .await;
    assert_eq!(
        nobody.refusal(),
        (404, "NoSuchEntity", "The user with name nobody cannot be found.")
    );
}

#[tokio::test]
async fn what_is_attached_counts_at_once_through_groups_too() {
    for server in servers().await {
        let root = server.as_root();
        let ada = server.as_user("ada", &[]).await;
        let arn = given_policy(&root, "Lists", &allow("iam:ListUsers")).await;
        root.iam("CreateGroup", &[("GroupName", "ops")]).await.ok();
        root.iam("AddUserToGroup", &[("GroupName", "ops"), ("UserName", "ada")])
            .await
            .ok();
        assert_eq!(ada.iam("ListUsers", &[]).await.code(), "AccessDenied");
        root.iam("AttachGroupPolicy", &[("GroupName", "ops"), ("PolicyArn", &arn)])
            .await
            .ok();
        ada.iam("ListUsers", &[]).await.ok();
        root.iam("DetachGroupPolicy", &[("GroupName", "ops"), ("PolicyArn", &arn)])
            .await
            .ok();
        assert_eq!(ada.iam("ListUsers", &[]).await.code(), "AccessDenied");
        let put = [
            ("GroupName", "ops"),
            ("PolicyName", "p"),
            ("PolicyDocument", &allow("iam:ListUsers")),
        ];
        root.iam("PutGroupPolicy", &put).await.ok();
        ada.iam("ListUsers", &[]).await.ok();
        root.iam("DeleteGroupPolicy", &put[..2]).await.ok();
        assert_eq!(ada.iam("ListUsers", &[]).await.code(), "AccessDenied");
    }
}

#[tokio::test]
async fn somebody_may_attach_some_policies_only() {
    let server = &servers().await[0];
    let root = server.as_root();
    root.iam("CreateUser", &[("UserName", "bob")]).await.ok();
    let arn = given_policy(&root, "Lists", &allow("iam:ListUsers")).await;
    let helper = document(&json!({
        "Effect": "Allow", "Action": "iam:AttachUserPolicy", "Resource": "*",
        "Condition": { "ArnEquals": { "iam:PolicyARN": arn } },
    }));
    let ada = server.as_user("ada", &[&helper]).await;
    let attach = async |arn: &str| {
        ada.iam("AttachUserPolicy", &[("UserName", "bob"), ("PolicyArn", arn)])
            .await
    };
    attach(&arn).await.ok();
    let refused = attach("arn:aws:iam::aws:policy/AdministratorAccess").await;
    assert_eq!(
        refused.message(),
        "User: arn:aws:iam::123456789012:user/ada is not authorized to perform: iam:AttachUserPolicy on resource: \
         arn:aws:iam::123456789012:user/bob because no identity-based policy allows the iam:AttachUserPolicy action"
    );
}

#[tokio::test]
async fn somebody_may_change_only_whom_a_boundary_holds() {
    let server = &servers().await[0];
    let root = server.as_root();
    let boundary = given_policy(&root, "Boundary", &allow("chime:*")).await;
    root.iam(
        "CreateUser",
        &[("UserName", "bounded"), ("PermissionsBoundary", &boundary)],
    )
    .await
    .ok();
    root.iam("CreateUser", &[("UserName", "free")]).await.ok();
    let helper = document(&json!({
        "Effect": "Allow", "Action": ["iam:AttachUserPolicy", "iam:PutUserPolicy"], "Resource": "*",
        "Condition": { "StringEquals": { "iam:PermissionsBoundary": boundary } },
    }));
    let ada = server.as_user("ada", &[&helper]).await;
    for (name, code) in [
        ("bounded", ""),
        ("free", "AccessDenied"),
        ("nobody", "AccessDenied"),
    ] {
        let attached = ada
            .iam("AttachUserPolicy", &[("UserName", name), ("PolicyArn", CHIME)])
            .await;
        assert_eq!(attached.code(), code, "{name}");
        let put = [
            ("UserName", name),
            ("PolicyName", "p"),
            ("PolicyDocument", &allow("chime:*")),
        ];
        assert_eq!(ada.iam("PutUserPolicy", &put).await.code(), code, "{name}");
    }
}

#[tokio::test]
async fn inline_policies_share_a_size() {
    for server in servers().await {
        let root = server.as_root();
        root.iam("CreateUser", &[("UserName", "Ada")]).await.ok();
        let of_size = |size: usize| allow(&format!("chime:{}", "x".repeat(size - allow("chime:").len())));
        let put = async |name: &str, document: &str| {
            let members = [
                ("UserName", "ada"),
                ("PolicyName", name),
                ("PolicyDocument", document),
            ];
            root.iam("PutUserPolicy", &members).await
        };
        put("b", &of_size(1024)).await.ok();
        put("a", &of_size(1024)).await.ok();
        assert_eq!(
            put("a", &of_size(1025)).await.refusal(),
            (
                409,
                "LimitExceeded",
                "Maximum policy size of 2048 bytes exceeded for user Ada"
            )
        );
        put("a", &of_size(1024).replace(',', ",\n\t ")).await.ok();
        let names = root
            .iam("ListUserPolicies", &[("UserName", "ada"), ("MaxItems", "1")])
            .await;
        assert_eq!(names.ok()["PolicyNames"], json!(["a"]));
        let got = root
            .iam("GetUserPolicy", &[("UserName", "ada"), ("PolicyName", "b")])
            .await;
        assert_eq!(got.ok()["UserName"], "Ada");
        let gone = root
            .iam("DeleteUserPolicy", &[("UserName", "ada"), ("PolicyName", "c")])
            .await;
        assert_eq!(
            gone.refusal(),
            (
                404,
                "NoSuchEntity",
                "The user policy with name c cannot be found."
            )
        );
    }
}
