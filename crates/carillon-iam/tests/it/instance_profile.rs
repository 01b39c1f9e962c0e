//! Instance profiles, and the right to pass a role.

use carillon_iam::testing::ACCOUNT;
use serde_json::json;

use crate::{allow, column, document, given_role, pages, servers, trust};

const PROFILE: (&str, &str) = ("InstanceProfileName", "Web");
const ROLE: (&str, &str) = ("RoleName", "Server");

#[tokio::test]
async fn a_profile_holds_one_role() {
    for server in servers().await {
        let root = server.as_root();
        let arn = format!("arn:aws:iam::{ACCOUNT}:instance-profile/x/Web");
        let made = [
            PROFILE,
            ("Path", "/x/"),
            ("Tags.member.1.Key", "a"),
            ("Tags.member.1.Value", "b"),
        ];
        let made = root.iam("CreateInstanceProfile", &made).await;
        let profile = &made.ok()["InstanceProfile"];
        assert_eq!(profile["Arn"], arn);
        assert!(profile["InstanceProfileId"].as_str().unwrap().starts_with("AIPA"));
        assert_eq!(profile["Roles"], "");
        assert_eq!(profile["Tags"], json!([{ "Key": "a", "Value": "b" }]));
        assert_eq!(
            root.iam("CreateInstanceProfile", &[("InstanceProfileName", "WEB")])
                .await
                .refusal(),
            (409, "EntityAlreadyExists", "Instance Profile WEB already exists.")
        );

        let role = given_role(&root, "Server", &trust(ACCOUNT)).await;
        let other = given_role(&root, "Other", &trust(ACCOUNT)).await;
        root.iam("AddRoleToInstanceProfile", &[PROFILE, ROLE]).await.ok();
        assert_eq!(server.last_event()["eventName"], "AddRoleToInstanceProfile");
        assert_eq!(
            root.iam("AddRoleToInstanceProfile", &[PROFILE, ("RoleName", "Other")])
                .await
                .refusal(),
            (
                409,
                "LimitExceeded",
                "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1"
            )
        );
        let got = root
            .iam("GetInstanceProfile", &[("InstanceProfileName", "web")])
            .await;
        assert_eq!(column(&got.ok()["InstanceProfile"]["Roles"], "Arn"), [role]);
        let got = root.iam("ListInstanceProfilesForRole", &[ROLE]).await;
        assert_eq!(column(&got.ok()["InstanceProfiles"], "Arn"), [arn]);
        let got = root
            .iam("ListInstanceProfilesForRole", &[("RoleName", "Other")])
            .await;
        assert_eq!(got.ok()["InstanceProfiles"], "", "{other}");
        let details = root
            .iam("GetAccountAuthorizationDetails", &[("Filter.member.1", "Role")])
            .await;
        let server_role = &details.ok()["RoleDetailList"][1];
        assert_eq!(
            column(&server_role["InstanceProfileList"], "InstanceProfileName"),
            ["Web"]
        );

        for (action, members, message) in [
            (
                "DeleteRole",
                &[ROLE][..],
                "Cannot delete entity, must remove roles from instance profile first.",
            ),
            (
                "DeleteInstanceProfile",
                &[PROFILE],
                "Cannot delete entity, must remove roles from instance profile first.",
            ),
        ] {
            let refused = root.iam(action, members).await;
            assert_eq!(refused.refusal(), (409, "DeleteConflict", message));
        }
        let missing = root
            .iam("RemoveRoleFromInstanceProfile", &[PROFILE, ("RoleName", "Other")])
            .await;
        assert_eq!(missing.code(), "NoSuchEntity");
        root.iam("RemoveRoleFromInstanceProfile", &[PROFILE, ROLE])
            .await
            .ok();
        root.iam("DeleteInstanceProfile", &[PROFILE]).await.ok();
        root.iam("DeleteRole", &[ROLE]).await.ok();
        assert_eq!(
            root.iam("GetInstanceProfile", &[PROFILE]).await.refusal(),
            (404, "NoSuchEntity", "Instance Profile Web cannot be found.")
        );
    }
}

#[tokio::test]
async fn profiles_come_in_pages_each_with_its_role() {
    for server in servers().await {
        let root = server.as_root();
        for name in ["c", "A", "b"] {
            let name_member = ("InstanceProfileName", name);
            root.iam("CreateInstanceProfile", &[name_member]).await.ok();
            given_role(&root, &format!("Of-{name}"), &trust(ACCOUNT)).await;
            let role = format!("Of-{name}");
            root.iam("AddRoleToInstanceProfile", &[name_member, ("RoleName", &role)])
                .await
                .ok();
        }
        let found = pages(
            &root,
            "ListInstanceProfiles",
            &[("MaxItems", "2")],
            "InstanceProfiles",
        )
        .await;
        let pairs: Vec<_> = found
            .iter()
            .map(|profile| (&profile["InstanceProfileName"], &profile["Roles"][0]["RoleName"]))
            .collect();
        assert_eq!(
            pairs,
            [
                (&json!("A"), &json!("Of-A")),
                (&json!("b"), &json!("Of-b")),
                (&json!("c"), &json!("Of-c"))
            ]
        );
        let forged = root.iam("ListInstanceProfiles", &[("Marker", "AAAA")]).await;
        assert_eq!(forged.code(), "InvalidInput");
    }
}

#[tokio::test]
async fn whoever_gives_a_role_away_must_be_allowed_to_pass_it() {
    for server in servers().await {
        let root = server.as_root();
        let role = given_role(&root, "Server", &trust(ACCOUNT)).await;
        root.iam("CreateInstanceProfile", &[PROFILE]).await.ok();
        let ada = server
            .as_user("ada", &[&allow("iam:AddRoleToInstanceProfile")])
            .await;
        let refused = ada.iam("AddRoleToInstanceProfile", &[PROFILE, ROLE]).await;
        assert_eq!(refused.code(), "AccessDenied");
        let words = format!("is not authorized to perform: iam:PassRole on resource: {role} because");
        assert!(refused.message().contains(&words), "{}", refused.message());

        let pass = |service: &str, instances: &str| {
            document(&json!({
                "Effect": "Allow", "Action": "iam:PassRole", "Resource": role, "Condition": {
                    "StringEquals": { "iam:PassedToService": service },
                    "ArnLike": { "iam:AssociatedResourceARN": instances },
                },
            }))
        };
        let add = allow("iam:AddRoleToInstanceProfile");
        let instances = format!("arn:aws:ec2:*:{ACCOUNT}:instance/*");
        let lambda = server
            .as_user("bob", &[&add, &pass("lambda.amazonaws.com", &instances)])
            .await;
        let refused = lambda.iam("AddRoleToInstanceProfile", &[PROFILE, ROLE]).await;
        assert_eq!(refused.code(), "AccessDenied");
        let ec2 = server
            .as_user("eve", &[&add, &pass("ec2.amazonaws.com", &instances)])
            .await;
        ec2.iam("AddRoleToInstanceProfile", &[PROFILE, ROLE]).await.ok();
        // The right to pass a role alone is not enough.
        let passing = server.as_user("joe", &[&allow("iam:PassRole")]).await;
        let refused = passing.iam("AddRoleToInstanceProfile", &[PROFILE, ROLE]).await;
        assert_eq!(refused.code(), "AccessDenied");
    }
}

#[tokio::test]
async fn tags_of_a_profile_are_asked_for_by_conditions() {
    let server = &servers().await[0];
    let root = server.as_root();
    root.iam("CreateInstanceProfile", &[PROFILE]).await.ok();
    let of_team = document(&json!({
        "Effect": "Allow", "Action": "iam:GetInstanceProfile", "Resource": "*",
        "Condition": { "StringEquals": { "aws:ResourceTag/team": "web" } },
    }));
    let ada = server.as_user("ada", &[&of_team]).await;
    assert_eq!(
        ada.iam("GetInstanceProfile", &[PROFILE]).await.code(),
        "AccessDenied"
    );
    let tags = [
        PROFILE,
        ("Tags.member.1.Key", "team"),
        ("Tags.member.1.Value", "web"),
    ];
    root.iam("TagInstanceProfile", &tags).await.ok();
    ada.iam("GetInstanceProfile", &[PROFILE]).await.ok();
    let listed = root.iam("ListInstanceProfileTags", &[PROFILE]).await;
    assert_eq!(listed.ok()["Tags"], json!([{ "Key": "team", "Value": "web" }]));
    root.iam("UntagInstanceProfile", &[PROFILE, ("TagKeys.member.1", "Team")])
        .await
        .ok();
    assert_eq!(
        ada.iam("GetInstanceProfile", &[PROFILE]).await.code(),
        "AccessDenied"
    );
}
