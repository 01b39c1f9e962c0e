//! When services and actions were last accessed, and by whom.

use std::time::Duration;

use carillon_iam::testing::{ACCOUNT, Answer, TestClient};
use serde_json::Value;

use crate::sts::{assume, session};
use crate::{allow, column, given_policy, given_role, pages, servers, text, trust, user_arn};

async fn report(client: &TestClient<'_>, arn: &str, granularity: &str) -> String {
    let members = [("Arn", arn), ("Granularity", granularity)];
    let made = client.iam("GenerateServiceLastAccessedDetails", &members).await;
    text(&made.ok()["JobId"])
}

async fn services(client: &TestClient<'_>, arn: &str) -> Answer {
    let job = report(client, arn, "SERVICE_LEVEL").await;
    client
        .iam("GetServiceLastAccessedDetails", &[("JobId", job.as_str())])
        .await
}

/// The member of the entry of a service.
fn of_service<'a>(answer: &'a Answer, namespace: &str) -> &'a Value {
    let list = answer.ok()["ServicesLastAccessed"].as_array().expect("a list");
    let found = list
        .iter()
        .find(|service| service["ServiceNamespace"] == namespace);
    found.unwrap_or(&Value::Null)
}

#[tokio::test]
async fn a_report_tells_the_services_that_may_be_used_and_when_they_were() {
    for server in servers().await {
        let root = server.as_root();
        let ana = server
            .as_user("ana", &[&allow("iam:List*"), &allow("sts:GetAccessKeyInfo")])
            .await;
        let before = services(&root, &user_arn("ana")).await;
        assert_eq!(
            column(&before.ok()["ServicesLastAccessed"], "ServiceNamespace"),
            ["iam", "sts"]
        );
        assert_eq!(before.body["JobStatus"], "COMPLETED");
        assert_eq!(before.body["JobType"], "SERVICE_LEVEL");
        let iam = of_service(&before, "iam");
        assert_eq!(iam["ServiceName"], "AWS Identity and Access Management");
        assert_eq!(
            (iam.get("LastAuthenticated"), &iam["TotalAuthenticatedEntities"]),
            (None, &"0".into())
        );

        // An attempt counts, also one that is refused.
        assert_eq!(
            ana.iam("CreateUser", &[("UserName", "x")]).await.code(),
            "AccessDenied"
        );
        let after = services(&root, &user_arn("ana")).await;
        let iam = of_service(&after, "iam");
        assert_eq!(iam["LastAuthenticated"], "2026-03-01T12:00:00Z");
        assert_eq!(iam["LastAuthenticatedEntity"], user_arn("ana").as_str());
        assert_eq!(iam["LastAuthenticatedRegion"], "us-east-1");
        assert_eq!(iam["TotalAuthenticatedEntities"], "1");
        assert_eq!(of_service(&after, "sts").get("LastAuthenticated"), None);

        // To the hour.
        server.clock().advance(Duration::from_secs(59 * 60));
        ana.iam("CreateUser", &[("UserName", "x")]).await;
        assert_eq!(
            of_service(&services(&root, &user_arn("ana")).await, "iam")["LastAuthenticated"],
            "2026-03-01T12:00:00Z"
        );
        server.clock().advance(Duration::from_secs(60));
        ana.iam("CreateUser", &[("UserName", "x")]).await;
        assert_eq!(
            of_service(&services(&root, &user_arn("ana")).await, "iam")["LastAuthenticated"],
            "2026-03-01T13:00:00Z"
        );
    }
}

#[tokio::test]
async fn actions_are_told_one_by_one() {
    for server in servers().await {
        let root = server.as_root();
        let ana = server.as_user("ana", &[&allow("iam:List*")]).await;
        ana.iam("ListUsers", &[]).await.ok();
        let job = report(&root, &user_arn("ana"), "ACTION_LEVEL").await;
        let answer = root
            .iam("GetServiceLastAccessedDetails", &[("JobId", job.as_str())])
            .await;
        let actions = &of_service(&answer, "iam")["TrackedActionsLastAccessed"];
        let actions = actions.as_array().expect("a list");
        assert!(
            actions
                .iter()
                .all(|action| text(&action["ActionName"]).starts_with("List"))
        );
        let used: Vec<&Value> = actions
            .iter()
            .filter(|action| action.get("LastAccessedTime").is_some())
            .collect();
        assert_eq!(used.len(), 1);
        assert_eq!(used[0]["ActionName"], "ListUsers");
        assert_eq!(used[0]["LastAccessedEntity"], user_arn("ana").as_str());
    }
}

#[tokio::test]
async fn groups_roles_and_policies_are_used_by_those_who_have_them() {
    for server in servers().await {
        let root = server.as_root();
        let policy = given_policy(&root, "Readers", &allow("iam:List*")).await;
        root.iam("CreateGroup", &[("GroupName", "staff")]).await.ok();
        let attach = [("GroupName", "staff"), ("PolicyArn", policy.as_str())];
        root.iam("AttachGroupPolicy", &attach).await.ok();
        for name in ["ana", "bob"] {
            let user = server.as_user(name, &[]).await;
            let join = [("GroupName", "staff"), ("UserName", name)];
            root.iam("AddUserToGroup", &join).await.ok();
            if name == "bob" {
                server.clock().advance(Duration::from_secs(60));
                user.iam("ListUsers", &[]).await.ok();
            }
        }
        let role = given_role(&root, "Helpdesk", &trust(ACCOUNT)).await;
        let attach = [("RoleName", "Helpdesk"), ("PolicyArn", policy.as_str())];
        root.iam("AttachRolePolicy", &attach).await.ok();
        let carl = server.as_user("carl", &[&allow("sts:AssumeRole")]).await;
        server.clock().advance(Duration::from_secs(60));
        let assumed = assume(&carl, &role, &[]).await;
        session(&server, &assumed).iam("ListUsers", &[]).await.ok();

        let group = format!("arn:aws:iam::{ACCOUNT}:group/staff");
        let of_group = services(&root, &group).await;
        assert_eq!(
            of_service(&of_group, "iam")["LastAuthenticatedEntity"],
            user_arn("bob").as_str()
        );
        assert_eq!(of_service(&of_group, "iam")["TotalAuthenticatedEntities"], "1");
        let of_policy = services(&root, &policy).await;
        assert_eq!(
            of_service(&of_policy, "iam")["LastAuthenticatedEntity"],
            role.as_str()
        );
        assert_eq!(of_service(&of_policy, "iam")["TotalAuthenticatedEntities"], "2");

        // Everybody who could have, the latest first, page by page.
        let job = report(&root, &policy, "SERVICE_LEVEL").await;
        for max in ["1", "2", "100"] {
            let members = [
                ("JobId", job.as_str()),
                ("ServiceNamespace", "iam"),
                ("MaxItems", max),
            ];
            let entities = pages(
                &root,
                "GetServiceLastAccessedDetailsWithEntities",
                &members,
                "EntityDetailsList",
            )
            .await;
            let shown: Vec<_> = entities
                .iter()
                .map(|entity| {
                    let info = &entity["EntityInfo"];
                    (
                        text(&info["Type"]),
                        text(&info["Name"]),
                        entity.get("LastAuthenticated").is_some(),
                    )
                })
                .collect();
            let of = |kind: &str, name: &str, used| (kind.to_owned(), name.to_owned(), used);
            assert_eq!(
                shown,
                [
                    of("ROLE", "Helpdesk", true),
                    of("USER", "bob", true),
                    of("USER", "ana", false)
                ]
            );
        }
    }
}

#[tokio::test]
async fn a_report_is_for_who_asked_and_for_a_day() {
    for server in servers().await {
        let root = server.as_root();
        let ana = server.as_user("ana", &[&allow("iam:*")]).await;
        let job = report(&root, &user_arn("ana"), "SERVICE_LEVEL").await;
        let members = [("JobId", job.as_str())];
        assert_eq!(
            ana.iam("GetServiceLastAccessedDetails", &members).await.code(),
            "NoSuchEntity"
        );
        server.clock().advance(Duration::from_secs(24 * 60 * 60));
        root.iam("GetServiceLastAccessedDetails", &members).await.ok();
        server.clock().advance(Duration::from_secs(1));
        assert_eq!(
            root.iam("GetServiceLastAccessedDetails", &members).await.code(),
            "NoSuchEntity"
        );
        let members = [("JobId", "short")];
        assert_eq!(
            root.iam("GetServiceLastAccessedDetails", &members).await.code(),
            "ValidationError"
        );
    }
}

#[tokio::test]
async fn a_report_stays_as_it_was_and_outlives_its_subject() {
    for server in servers().await {
        let root = server.as_root();
        let role = given_role(&root, "Helpdesk", &trust(ACCOUNT)).await;
        let policy = given_policy(&root, "Readers", &allow("iam:List*")).await;
        let members = [("RoleName", "Helpdesk"), ("PolicyArn", policy.as_str())];
        root.iam("AttachRolePolicy", &members).await.ok();
        let carl = server.as_user("carl", &[&allow("sts:AssumeRole")]).await;
        let assumed = assume(&carl, &role, &[]).await;
        session(&server, &assumed).iam("ListUsers", &[]).await.ok();
        let job = report(&root, &role, "ACTION_LEVEL").await;
        let read = async || {
            let members = [("JobId", job.as_str())];
            let answer = root.iam("GetServiceLastAccessedDetails", &members).await;
            answer.ok()["ServicesLastAccessed"].clone()
        };
        let entities = async || {
            let members = [("JobId", job.as_str()), ("ServiceNamespace", "iam")];
            let answer = root
                .iam("GetServiceLastAccessedDetailsWithEntities", &members)
                .await;
            answer.ok()["EntityDetailsList"].clone()
        };
        let (services_then, entities_then) = (read().await, entities().await);
        assert_eq!(services_then[0]["LastAuthenticatedEntity"], role.as_str());
        assert_eq!(entities_then[0]["EntityInfo"]["Arn"], role.as_str());

        server.clock().advance(Duration::from_secs(2 * 60 * 60));
        root.iam("DetachRolePolicy", &members).await.ok();
        root.iam("DeleteRole", &members[..1]).await.ok();
        assert_eq!(read().await, services_then);
        assert_eq!(entities().await, entities_then);
    }
}

#[tokio::test]
async fn a_report_needs_a_subject_that_is_ones_own_and_a_permission() {
    for server in servers().await {
        let root = server.as_root();
        let ana = server.as_user("ana", &[]).await;
        let ask = async |client: &TestClient<'_>, arn: &str| {
            client
                .iam("GenerateServiceLastAccessedDetails", &[("Arn", arn)])
                .await
        };
        assert_eq!(ask(&ana, &user_arn("ana")).await.code(), "AccessDenied");
        assert_eq!(ask(&root, &user_arn("nobody")).await.code(), "NoSuchEntity");
        assert_eq!(
            ask(&root, &format!("arn:aws:iam::{ACCOUNT}:user/path/ana"))
                .await
                .code(),
            "NoSuchEntity"
        );
        assert_eq!(
            ask(&root, "arn:aws:s3:::some-bucket-there").await.code(),
            "InvalidInput"
        );
        let other = server.as_root_of_another_account().await;
        assert_eq!(ask(&other, &user_arn("ana")).await.code(), "NoSuchEntity");
        let policy = given_policy(&root, "Own", &allow("iam:*")).await;
        assert_eq!(ask(&other, &policy).await.code(), "NoSuchEntity");
        ask(&other, "arn:aws:iam::aws:policy/AdministratorAccess")
            .await
            .ok();
    }
}

#[tokio::test]
async fn policies_that_grant_a_service_are_listed_with_their_holder() {
    for server in servers().await {
        let root = server.as_root();
        let policy = given_policy(&root, "Readers", &allow("iam:List*")).await;
        root.iam("CreateGroup", &[("GroupName", "staff")]).await.ok();
        server.as_user("ana", &[&allow("s3:*")]).await;
        root.iam("AddUserToGroup", &[("GroupName", "staff"), ("UserName", "ana")])
            .await
            .ok();
        for (action, kind) in [
            ("AttachGroupPolicy", "GroupName"),
            ("AttachUserPolicy", "UserName"),
        ] {
            let name = if kind == "GroupName" { "staff" } else { "ana" };
            root.iam(action, &[(kind, name), ("PolicyArn", policy.as_str())])
                .await
                .ok();
        }
        let inline = allow("iam:Get*");
        let put = [
            ("GroupName", "staff"),
            ("PolicyName", "Getters"),
            ("PolicyDocument", inline.as_str()),
        ];
        root.iam("PutGroupPolicy", &put).await.ok();

        let arn = user_arn("ana");
        let members = [
            ("Arn", arn.as_str()),
            ("ServiceNamespaces.member.1", "iam"),
            ("ServiceNamespaces.member.2", "s3"),
            ("ServiceNamespaces.member.3", "chime"),
        ];
        let bob = server.as_user("bob", &[]).await;
        assert_eq!(
            bob.iam("ListPoliciesGrantingServiceAccess", &members)
                .await
                .code(),
            "AccessDenied"
        );
        let answer = root.iam("ListPoliciesGrantingServiceAccess", &members).await;
        let entries = answer.ok()["PoliciesGrantingServiceAccess"]
            .as_array()
            .expect("a list");
        let shown: Vec<_> = entries
            .iter()
            .map(|entry| {
                let policies = entry["Policies"].as_array().into_iter().flatten();
                let policies = policies.map(|policy| {
                    let member = |name| policy.get(name).map(text).unwrap_or_default();
                    format!(
                        "{} {} {}",
                        member("PolicyType"),
                        member("PolicyName"),
                        member("EntityName")
                    )
                });
                (text(&entry["ServiceNamespace"]), policies.collect::<Vec<_>>())
            })
            .collect();
        let of = |service: &str, policies: &[&str]| {
            (
                service.to_owned(),
                policies.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>(),
            )
        };
        let expected = [
            of("iam", &["INLINE Getters staff", "MANAGED Readers "]),
            of("s3", &["INLINE policy-1 ana"]),
            of("chime", &[]),
        ];
        assert_eq!(shown, expected);
    }
}
