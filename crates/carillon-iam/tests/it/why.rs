//! Why requests were answered as they were: explained from the trail.

use carillon_aws::time::Timestamp;
use carillon_iam::testing::{ACCOUNT, Answer, TestClient, TestServer, engines};
use carillon_iam::{ACCESS_ANALYZER, IAM, STS};
use carillon_operation::{Archive, Place, Recorded};
use carillon_policy::{Decision, decide};
use serde_json::{Value, json};

use crate::sts::{assume, session};
use crate::{allow, column, document, given_role, text, trust, user_arn};

/// The header of refusals for whoever may decode it.
const MESSAGE: &str = "x-amzn-encoded-authorization-message";

async fn servers() -> Vec<TestServer> {
    let mut servers = Vec::new();
    for engine in engines().await {
        servers.push(TestServer::start_on(engine, &[&IAM, &STS, &ACCESS_ANALYZER]).await);
    }
    servers
}

/// The identifier of the newest request.
fn last_request(server: &TestServer) -> String {
    text(&server.last_event()["requestID"])
}

async fn explain(client: &TestClient<'_>, request_id: &str) -> Answer {
    let path = format!("/request/{request_id}/explanation");
    client.rest("access-analyzer", "GET", &path, Value::Null).await
}

/// The texts of a list of sentences.
fn sentences(list: &Value) -> Vec<String> {
    column(list, "sentence")
}

#[tokio::test]
async fn a_refusal_is_explained_with_the_condition_that_failed_and_a_way_out() {
    for server in servers().await {
        let root = server.as_root();
        let statement = json!({
            "Sid": "FromTheOffice", "Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*",
            "Condition": { "IpAddress": { "aws:SourceIp": "192.0.2.0/24" } },
        });
        let ana = server.as_user("ana", &[&document(&statement)]).await;
        assert_eq!(ana.iam("ListUsers", &[]).await.code(), "AccessDenied");
        let request = last_request(&server);

        let explained = explain(&root, &request).await;
        let body = explained.ok();
        assert_eq!(body["requestId"], json!(request));
        assert_eq!(body["decision"], "implicitDeny");
        assert_eq!(body["principalArn"], json!(user_arn("ana")));
        assert_eq!(body["notes"], json!([]));
        let explanation = &body["explanation"];
        assert_eq!(
            explanation["policies"][0]["statements"][0]["sid"],
            "FromTheOffice"
        );
        assert_eq!(explanation["policies"][0]["holder"], json!(user_arn("ana")));
        let near = sentences(&explanation["near_misses"]);
        assert!(
            near[0].contains("aws:SourceIp") || near[0].contains("aws:sourceip"),
            "{near:?}"
        );
        // The smallest statement that would allow this call, found and tried.
        let changes = explanation["changes"].to_string();
        assert!(
            changes.contains("add_statement") && changes.contains("iam:ListUsers"),
            "{changes}"
        );
        assert!(
            body["explanationText"]
                .as_str()
                .unwrap()
                .contains("FromTheOffice")
        );
    }
}

#[tokio::test]
async fn what_is_explained_is_what_was_decided_then() {
    for server in servers().await {
        let root = server.as_root();
        let ana = server.as_user("ana", &[&allow("iam:ListUsers")]).await;
        ana.iam("ListUsers", &[]).await.ok();
        let allowed = last_request(&server);
        let name = [("UserName", "ana"), ("PolicyName", "policy-1")];
        root.iam("DeleteUserPolicy", &name).await.ok();
        assert_eq!(ana.iam("ListUsers", &[]).await.code(), "AccessDenied");
        let refused = last_request(&server);

        let then = explain(&root, &allowed).await;
        assert_eq!(then.ok()["explanation"]["decision"], "Allowed");
        assert_eq!(then.body["explanation"]["deciding"][0]["index"], 0);
        let now = explain(&root, &refused).await;
        assert_eq!(now.ok()["explanation"]["policies"], json!([]));
    }
}

#[tokio::test]
async fn who_may_not_explain_learns_nothing() {
    for server in servers().await {
        let ana = server.as_user("ana", &[]).await;
        let own = json!({
            "Effect": "Allow", "Action": "access-analyzer:ExplainRequest", "Resource": "*",
            "Condition": { "StringEquals": { "access-analyzer:ExplainedPrincipalArn": "${aws:PrincipalArn}" } },
        });
        let bob = server.as_user("bob", &[&document(&own)]).await;
        ana.iam("ListUsers", &[]).await;
        let of_ana = last_request(&server);
        bob.iam("ListUsers", &[]).await;
        let of_bob = last_request(&server);
        let of_nobody = of_bob.replace(&of_bob[24..], "000000000000");

        // Nobody explains without the permission, not even what was refused to themselves.
        assert_eq!(explain(&ana, &of_ana).await.code(), "AccessDeniedException");
        // With the condition somebody explains their own refusals, and cannot tell others' from none.
        explain(&bob, &of_bob).await.ok();
        let others = explain(&bob, &of_ana).await;
        assert_eq!(others.code(), "AccessDeniedException");
        assert_eq!(explain(&bob, &of_nobody).await.text, others.text);
        // Another AWS account has its own trail.
        let stranger = server.as_root_of_another_account().await;
        assert_eq!(
            explain(&stranger, &of_ana).await.code(),
            "ResourceNotFoundException"
        );
        assert_eq!(
            explain(&server.as_root(), &of_nobody).await.code(),
            "ResourceNotFoundException"
        );
    }
}

/// A trust policy with a secret in it, that refuses all who do not know the secret.
fn secretive(principal: &str) -> String {
    document(&json!([
        { "Sid": "Partners", "Effect": "Allow", "Principal": { "AWS": principal }, "Action": "sts:AssumeRole",
          "Condition": { "StringEquals": { "sts:ExternalId": "BSECRET" } } },
        { "Sid": "NeverFrom", "Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole",
          "Condition": { "StringEquals": { "aws:UserAgent": "BSECRET" } } },
    ]))
}

#[tokio::test]
async fn the_trust_policy_of_another_account_is_nobody_s_business() {
    for server in servers().await {
        let other = server.as_root_of_another_account().await;
        let role = given_role(&other, "Partner", &secretive(ACCOUNT)).await;
        let tag = [
            ("RoleName", "Partner"),
            ("Tags.member.1.Key", "stage"),
            ("Tags.member.1.Value", "BSECRET"),
        ];
        other.iam("TagRole", &tag).await.ok();
        let missing = role.replace("Partner", "Missing");
        let denying = role.replace("Partner", "Denying");
        let deny = document(&json!({
            "Sid": "BSECRET", "Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole",
        }));
        assert_eq!(given_role(&other, "Denying", &deny).await, denying);
        let eve = server
            .as_user(
                "eve",
                &[&allow("sts:*"), &allow("access-analyzer:*"), &allow("iam:*")],
            )
            .await;
        let root = server.as_root();
        let mut told = Vec::new();
        for arn in [&role, &missing, &denying] {
            let refused = assume(&eve, arn, &[]).await;
            assert_eq!(refused.code(), "AccessDenied");
            let message = refused.headers[MESSAGE].to_str().unwrap().to_owned();
            let request = last_request(&server);
            for client in [&eve, &root] {
                let explained = explain(client, &request).await;
                let name = arn.rsplit('/').next().unwrap();
                let body = explained.ok();
                assert!(!explained.text.contains("SECRET"), "{}", explained.text);
                assert!(!explained.text.contains("ExternalId"), "{}", explained.text);
                assert_eq!(body["decision"], "implicitDeny");
                assert_eq!(body["explanation"]["changes"], json!([]));
                assert_eq!(body["explanation"]["near_misses"], json!([]));
                assert!(body["notes"][0].as_str().unwrap().contains("not shown"));
                assert_eq!(body["notes"].as_array().map(Vec::len), Some(1));
                told.push(body["explanation"].to_string().replace(name, "It"));

                let members = [("EncodedMessage", message.as_str())];
                let decoded = client.query("sts", "DecodeAuthorizationMessage", &members).await;
                let decoded: Value = serde_json::from_str(&text(&decoded.ok()["DecodedMessage"])).unwrap();
                assert_eq!(decoded["explicitDeny"], json!(false));
                assert_eq!(decoded["matchedStatements"]["items"], json!([]));
                told.push(decoded["context"].to_string().replace(name, "It"));
            }
        }
        // The trail of the caller's account says no more: neither to those who may do everything nor otherwise.
        let poor = server.as_user("poor", &[]).await;
        for client in [&eve, &poor] {
            let recorded = async |arn: &str| {
                assume(client, arn, &[]).await;
                server.last_event()["additionalEventData"].to_string()
            };
            let said = [
                recorded(&role).await,
                recorded(&missing).await,
                recorded(&denying).await,
            ];
            assert!(said[0].contains("implicitDeny"), "{said:?}");
            assert!(said.iter().all(|one| *one == said[0]), "{said:?}");
        }
        // Whether there is such a role, and whether it denies or just says nothing, cannot be told.
        let (first, others) = told.split_at(4);
        assert!(others.chunks(4).all(|told| told == first), "{told:#?}");
        // What is of the caller is told as ever: the missing permission, and which one would do.
        let bob = server.as_user("bob", &[]).await;
        assume(&bob, &role, &[("ExternalId", "BSECRET")]).await;
        let explained = explain(&root, &last_request(&server)).await;
        let changes = explained.ok()["explanation"]["changes"].to_string();
        assert!(
            changes.contains("add_statement") && !changes.contains("trust"),
            "{changes}"
        );
    }
}

#[tokio::test]
async fn a_trust_policy_is_shown_to_those_who_may_get_the_role() {
    for server in servers().await {
        let root = server.as_root();
        let role = given_role(&root, "Helpdesk", &secretive(ACCOUNT)).await;
        let own = json!({
            "Effect": "Allow", "Action": "access-analyzer:ExplainRequest", "Resource": "*",
            "Condition": { "StringEquals": { "access-analyzer:ExplainedPrincipalArn": "${aws:PrincipalArn}" } },
        });
        let eve = server
            .as_user("eve", &[&allow("sts:AssumeRole"), &document(&own)])
            .await;
        let other_role = document(&json!({
            "Effect": "Allow", "Action": "iam:GetRole", "Resource": format!("arn:aws:iam::{ACCOUNT}:role/Other"),
        }));
        let nosy = server
            .as_user("nosy", &[&allow("access-analyzer:*"), &other_role])
            .await;
        let this_role = document(&json!({
            "Effect": "Allow", "Action": "iam:GetRole", "Resource": role,
        }));
        let helper = server
            .as_user("helper", &[&allow("access-analyzer:*"), &this_role])
            .await;
        assert_eq!(assume(&eve, &role, &[]).await.code(), "AccessDenied");
        let refused = last_request(&server);
        for client in [&eve, &nosy] {
            let explained = explain(client, &refused).await;
            assert_eq!(explained.ok()["decision"], "implicitDeny");
            assert!(!explained.text.contains("SECRET"), "{}", explained.text);
        }
        for client in [&helper, &root] {
            let explained = explain(client, &refused).await;
            let near = sentences(&explained.ok()["explanation"]["near_misses"]);
            assert!(near[0].contains("BSECRET"), "{near:?}");
            assert_eq!(explained.body["notes"], json!([]));
        }
        // Nor does it leak from what it allowed.
        assume(&eve, &role, &[("ExternalId", "BSECRET")]).await.ok();
        let allowed = last_request(&server);
        let explained = explain(&nosy, &allowed).await;
        assert_eq!(explained.ok()["explanation"]["decision"], "Allowed");
        assert!(!explained.text.contains("Partners"), "{}", explained.text);
        assert!(explain(&helper, &allowed).await.text.contains("Partners"));
    }
}

#[tokio::test]
async fn an_existing_policy_is_proposed_if_it_allows_little() {
    for server in servers().await {
        let root = server.as_root();
        let ana = server.as_user("ana", &[]).await;
        let proposed = async |client: &TestClient<'_>| {
            ana.iam("CreateUser", &[("UserName", "bob")]).await;
            let explained = explain(client, &last_request(&server)).await;
            let changes = explained.ok()["explanation"]["changes"]
                .as_array()
                .unwrap()
                .clone();
            let edits = changes.iter().map(|change| change["edits"][0].clone());
            let mut edits = edits.filter(|edit| edit["edit"] == "attach");
            edits.next().map(|edit| text(&edit["policy_arn"]))
        };
        // Short, and broader than anything that AWS has for it.
        crate::given_policy(&root, "All", &allow("*")).await;
        let broad = json!({ "Effect": "Allow", "NotAction": "s3:*", "Resource": "*" });
        crate::given_policy(&root, "Nearly", &document(&broad)).await;
        assert_eq!(
            proposed(&root).await.as_deref(),
            Some("arn:aws:iam::aws:policy/IAMFullAccess")
        );
        let many = json!({
            "Sid": "ALongNameThatMakesTheTextOfThisPolicyLongerThanThatOfEveryOther", "Effect": "Allow",
            "Action": "iam:CreateUser", "Resource": "*",
        });
        let narrow = crate::given_policy(&root, "Narrow", &document(&many)).await;
        assert_eq!(proposed(&root).await, Some(narrow));
        // Names of policies are for those who may list them.
        let helper = server.as_user("helper", &[&allow("access-analyzer:*")]).await;
        assert_eq!(
            proposed(&helper).await.as_deref(),
            Some("arn:aws:iam::aws:policy/IAMFullAccess")
        );
    }
}

#[tokio::test]
async fn what_no_policy_decided_is_told_so() {
    let server = TestServer::start(&[&IAM, &STS, &ACCESS_ANALYZER]).await;
    let root = server.as_root();
    let ana = server.as_user("ana", &[]).await;
    ana.query("sts", "GetCallerIdentity", &[]).await.ok();
    let explained = explain(&root, &last_request(&server)).await;
    assert_eq!(explained.ok().get("explanation"), None);
    assert!(
        explained.body["notes"][0]
            .as_str()
            .unwrap()
            .contains("valid credentials are enough")
    );

    let stranger = server.as_key(&ana.access_key_id, "guessed");
    assert_eq!(
        stranger.iam("ListUsers", &[]).await.code(),
        "SignatureDoesNotMatch"
    );
    let explained = explain(&root, &last_request(&server)).await;
    assert_eq!(explained.ok()["errorCode"], "SignatureDoesNotMatch");
    assert!(
        explained.body["notes"][0]
            .as_str()
            .unwrap()
            .contains("proved nobody")
    );
}

#[tokio::test]
async fn every_recorded_decision_is_taken_again_as_it_was() {
    for server in servers().await {
        let root = server.as_root();
        let boundary = crate::given_policy(&root, "Limits", &allow("iam:List*")).await;
        let tagged = json!({
            "Effect": "Allow", "Action": ["iam:*", "sts:*"], "Resource": "*",
            "Condition": { "StringEquals": { "aws:PrincipalTag/team": "red" } },
        });
        let ana = server.as_user("ana", &[&document(&tagged)]).await;
        ana.iam("ListUsers", &[]).await;
        let tag = [
            ("UserName", "ana"),
            ("Tags.member.1.Key", "team"),
            ("Tags.member.1.Value", "red"),
        ];
        root.iam("TagUser", &tag).await.ok();
        ana.iam("ListUsers", &[]).await.ok();
        let make = [
            ("UserName", "bob"),
            ("Tags.member.1.Key", "cost"),
            ("Tags.member.1.Value", "9"),
        ];
        ana.iam("CreateUser", &make).await.ok();
        let rename = [("UserName", "bob"), ("NewUserName", "rob")];
        ana.iam("UpdateUser", &rename).await.ok();
        let bound = [("UserName", "ana"), ("PermissionsBoundary", boundary.as_str())];
        root.iam("PutUserPermissionsBoundary", &bound).await.ok();
        ana.iam("GetUser", &[]).await;
        ana.iam("ListGroups", &[]).await.ok();
        let role = given_role(&root, "Helpdesk", &trust(ACCOUNT)).await;
        let bob = server.as_user("bob", &[&allow("sts:*")]).await;
        let more = [
            ("Tags.member.1.Key", "a"),
            ("Tags.member.1.Value", "b"),
            ("SourceIdentity", "bob"),
        ];
        assume(&bob, &role, &more).await;
        let assumed = assume(&bob, &role, &[]).await;
        session(&server, &assumed).iam("ListUsers", &[]).await;
        let policy = allow("iam:ListRoles");
        let narrowed = assume(&bob, &role, &[("Policy", policy.as_str())]).await;
        session(&server, &narrowed).iam("ListRoles", &[]).await;

        let mut tx = server.store().read().await.unwrap();
        let registry = &server.environment().registry;
        let newest = Place::after(Timestamp::MAX);
        let all =
            Recorded::list_before(&mut tx, server.account_id(), None, Timestamp::EPOCH, &newest, 100).await;
        let mut archive = Archive::default();
        let mut decisions = Vec::new();
        for recorded in all.unwrap() {
            let Some(taken) = recorded
                .taken_from(&mut tx, &mut archive, registry)
                .await
                .unwrap()
            else {
                assert!(!recorded.is_decided(), "{recorded:?}");
                continue;
            };
            let policies = taken.standing.policies(recorded.principal_arn().unwrap());
            let refused = taken.asked.iter().find_map(|asked| {
                match asked.ask(&taken.principal, |request| decide(request, &policies)) {
                    Decision::Allowed { .. } => None,
                    Decision::ExplicitlyDenied { .. } => Some("explicitDeny"),
                    Decision::ImplicitlyDenied { .. } => Some("implicitDeny"),
                }
            });
            assert_eq!(
                refused.unwrap_or("allowed"),
                recorded.decision().unwrap(),
                "{recorded:?}"
            );
            decisions.push(recorded.decision().unwrap().to_owned());
        }
        assert!(decisions.len() == 15 && decisions.iter().any(|decision| decision == "implicitDeny"));
    }
}

async fn preview(client: &TestClient<'_>, change: &Value) -> Answer {
    let body = json!({ "change": change, "days": 7 });
    client
        .rest("access-analyzer", "POST", "/access-change/preview", body)
        .await
}

/// Each change as `effect principal action count`.
fn changes(answer: &Answer) -> Vec<String> {
    let changes = answer.ok()["changes"].as_array().expect("a list").iter();
    let mut changes: Vec<String> = changes
        .map(|change| {
            let name = text(&change["principalArn"])
                .rsplit('/')
                .next()
                .unwrap_or_default()
                .to_owned();
            format!(
                "{} {name} {} {}",
                text(&change["effect"]),
                text(&change["action"]),
                change["count"]
            )
        })
        .collect();
    changes.sort();
    changes
}

#[tokio::test]
async fn a_change_is_tried_on_what_was_recorded_before_it_is_made() {
    for server in servers().await {
        let root = server.as_root();
        let readers = crate::given_policy(&root, "Readers", &allow("iam:List*")).await;
        root.iam("CreateGroup", &[("GroupName", "staff")]).await.ok();
        let attach = [("GroupName", "staff"), ("PolicyArn", readers.as_str())];
        root.iam("AttachGroupPolicy", &attach).await.ok();
        let ana = server.as_user("ana", &[]).await;
        let bob = server.as_user("bob", &[&allow("iam:ListRoles")]).await;
        for name in ["ana", "bob"] {
            let join = [("GroupName", "staff"), ("UserName", name)];
            root.iam("AddUserToGroup", &join).await.ok();
        }
        for _ in 0..3 {
            ana.iam("ListUsers", &[]).await.ok();
        }
        ana.iam("ListRoles", &[]).await.ok();
        bob.iam("ListRoles", &[]).await.ok();
        bob.iam("GetUser", &[("UserName", "ana")]).await;

        // A draft takes from both directions, and leaves alone what somebody has in another way.
        let draft = json!({ "replacePolicy": {
            "policyArn": readers,
            "policyDocument": document(&json!({
                "Effect": "Allow", "Action": ["iam:ListRoles", "iam:GetUser"], "Resource": "*",
            })),
        }});
        let replaced = preview(&root, &draft).await;
        assert_eq!(
            changes(&replaced),
            ["GAINED bob iam:GetUser 1", "LOST ana iam:ListUsers 3"]
        );
        assert_eq!(replaced.body["undecided"], 0);
        let group = format!("arn:aws:iam::{ACCOUNT}:group/staff");
        let detach = json!({ "detachPolicy": { "principalArn": group, "policyArn": readers } });
        let lost = ["LOST ana iam:ListRoles 1", "LOST ana iam:ListUsers 3"];
        assert_eq!(changes(&preview(&root, &detach).await), lost);
        let detach = json!({ "detachPolicy": { "principalArn": user_arn("ana"), "policyArn": readers } });
        assert_eq!(changes(&preview(&root, &detach).await), [""; 0]);
        let attach = json!({ "attachPolicy": {
            "principalArn": user_arn("bob"), "policyArn": "arn:aws:iam::aws:policy/IAMReadOnlyAccess",
        }});
        assert_eq!(
            changes(&preview(&root, &attach).await),
            ["GAINED bob iam:GetUser 1"]
        );
        let deny = document(&json!({ "Effect": "Deny", "Action": "iam:ListRoles", "Resource": "*" }));
        let put = json!({ "putInlinePolicy": {
            "principalArn": group, "policyName": "NoRoles", "policyDocument": deny,
        }});
        let lost = ["LOST ana iam:ListRoles 1", "LOST bob iam:ListRoles 1"];
        assert_eq!(changes(&preview(&root, &put).await), lost);
        let delete = json!({ "deleteInlinePolicy": {
            "principalArn": user_arn("bob"), "policyName": "policy-1",
        }});
        assert_eq!(changes(&preview(&root, &delete).await), [""; 0]);

        // Nothing was changed by asking.
        ana.iam("ListUsers", &[]).await.ok();
    }
}

#[tokio::test]
async fn a_preview_reaches_boundaries_and_sessions_and_goes_by_pages() {
    for server in servers().await {
        let root = server.as_root();
        let limits = crate::given_policy(&root, "Limits", &allow("iam:*")).await;
        let ana = server.as_user("ana", &[&allow("iam:ListUsers")]).await;
        let bound = [("UserName", "ana"), ("PermissionsBoundary", limits.as_str())];
        root.iam("PutUserPermissionsBoundary", &bound).await.ok();
        ana.iam("ListUsers", &[]).await.ok();
        let role = given_role(&root, "Helpdesk", &trust(ACCOUNT)).await;
        let may = allow("iam:ListUsers");
        let put = [
            ("RoleName", "Helpdesk"),
            ("PolicyName", "p"),
            ("PolicyDocument", may.as_str()),
        ];
        root.iam("PutRolePolicy", &put).await.ok();
        let carl = server.as_user("carl", &[&allow("sts:AssumeRole")]).await;
        let assumed = assume(&carl, &role, &[("PolicyArns.member.1.arn", limits.as_str())]).await;
        session(&server, &assumed).iam("ListUsers", &[]).await.ok();

        let draft = json!({ "replacePolicy": {
            "policyArn": limits, "policyDocument": allow("iam:ListRoles"),
        }});
        let expected = ["LOST Helpdesk iam:ListUsers 1", "LOST ana iam:ListUsers 1"];
        assert_eq!(changes(&preview(&root, &draft).await), expected);
        let (mut found, mut token, mut pages) = (Vec::new(), Value::Null, 0);
        loop {
            let mut body = json!({ "change": draft, "maxResults": 2 });
            if !token.is_null() {
                body["nextToken"] = token;
            }
            let page = root
                .rest("access-analyzer", "POST", "/access-change/preview", body)
                .await;
            found.extend(changes(&page));
            token = page.body.get("nextToken").cloned().unwrap_or_default();
            pages += 1;
            if token.is_null() || pages > 20 {
                break;
            }
        }
        found.sort();
        assert_eq!(found, expected);
        assert!(pages > 3, "{pages}");
        // A token is good for its own preview only.
        let first = json!({ "change": draft, "maxResults": 2 });
        let first = root
            .rest("access-analyzer", "POST", "/access-change/preview", first)
            .await;
        let other = json!({ "change": draft, "days": 2, "nextToken": first.ok()["nextToken"] });
        let other = root
            .rest("access-analyzer", "POST", "/access-change/preview", other)
            .await;
        assert_eq!(other.code(), "ValidationException");
    }
}

#[tokio::test]
async fn a_change_that_could_not_be_made_is_not_previewed() {
    let server = TestServer::start(&[&IAM, &STS, &ACCESS_ANALYZER]).await;
    let root = server.as_root();
    let ana = server.as_user("ana", &[&allow("iam:*")]).await;
    let delete = json!({ "deleteInlinePolicy": { "principalArn": user_arn("ana"), "policyName": "p" } });
    assert_eq!(preview(&ana, &delete).await.code(), "AccessDeniedException");
    let put = |document: &str| {
        json!({ "putInlinePolicy": {
            "principalArn": user_arn("ana"), "policyName": "p", "policyDocument": document,
        }})
    };
    let attach =
        |who: &str, policy: &str| json!({ "attachPolicy": { "principalArn": who, "policyArn": policy } });
    let mut two = delete.clone();
    two["attachPolicy"] =
        attach(&user_arn("ana"), "arn:aws:iam::aws:policy/AdministratorAccess")["attachPolicy"].clone();
    for (change, code) in [
        (put("{"), "ValidationException"),
        (put(r#"{"Statement": []}"#), "ValidationException"),
        (
            attach(&user_arn("bob"), "arn:aws:iam::aws:policy/AdministratorAccess"),
            "ResourceNotFoundException",
        ),
        (
            attach(&user_arn("ana"), "arn:aws:iam::aws:policy/NoSuchPolicy"),
            "ResourceNotFoundException",
        ),
        (attach(&user_arn("ana"), &user_arn("ana")), "ValidationException"),
        (json!({}), "ValidationException"),
        (two, "ValidationException"),
    ] {
        assert_eq!(preview(&root, &change).await.code(), code, "{change}");
    }
}

#[tokio::test]
async fn a_refusal_carries_a_message_for_whoever_may_decode_it() {
    for server in servers().await {
        let root = server.as_root();
        let deny = document(&json!([
            { "Effect": "Allow", "Action": "*", "Resource": "*" },
            { "Sid": "NotUsers", "Effect": "Deny", "Action": "iam:*User", "Resource": "*",
              "Condition": { "Bool": { "aws:SecureTransport": "false" } } },
        ]));
        let ana = server.as_user("ana", &[&deny]).await;
        assert!(ana.iam("ListUsers", &[]).await.headers.get(MESSAGE).is_none());
        let refused = ana.iam("GetUser", &[("UserName", "ben")]).await;
        assert_eq!(refused.code(), "AccessDenied");
        let message = refused.headers[MESSAGE].to_str().unwrap().to_owned();
        assert!(!refused.message().contains(&message));

        let decode = async |client: &TestClient<'_>, message: &str| {
            let members = [("EncodedMessage", message)];
            client.query("sts", "DecodeAuthorizationMessage", &members).await
        };
        let decoded = decode(&root, &message).await;
        let told: Value = serde_json::from_str(&text(&decoded.ok()["DecodedMessage"])).unwrap();
        assert_eq!(
            (&told["allowed"], &told["explicitDeny"]),
            (&json!(false), &json!(true))
        );
        let context = &told["context"];
        assert_eq!(context["action"], "iam:GetUser");
        assert_eq!(context["resource"], json!(user_arn("ben")));
        assert_eq!(context["principal"]["arn"], json!(user_arn("ana")));
        assert_eq!(context["principal"]["name"], "ana");
        assert!(context["conditions"]["items"].as_array().unwrap().contains(
            &json!({ "key": "aws:securetransport", "values": { "items": [{ "value": "false" }] } })
        ));
        let statement = &told["matchedStatements"]["items"][0];
        assert_eq!(
            (&statement["statementId"], &statement["effect"]),
            (&json!("NotUsers"), &json!("DENY"))
        );
        assert_eq!(statement["actions"]["items"], json!([{ "value": "iam:*User" }]));

        // The caller may not, nor is it of use in another account, nor altered.
        assert_eq!(
            decode(&server.as_user("ben", &[&allow("iam:*")]).await, &message)
                .await
                .code(),
            "AccessDenied"
        );
        let stranger = server.as_root_of_another_account().await;
        for (client, message) in [
            (&stranger, message.as_str()),
            (&root, &message[1..]),
            (&root, "x"),
        ] {
            assert_eq!(
                decode(client, message).await.code(),
                "InvalidAuthorizationMessageException"
            );
        }
    }
}

async fn unused(client: &TestClient<'_>, arn: &str) -> Answer {
    let body = json!({ "principalArn": arn });
    client
        .rest("access-analyzer", "POST", "/principal/unused-permissions", body)
        .await
}

#[tokio::test]
async fn what_nobody_uses_is_listed() {
    for server in servers().await {
        let root = server.as_root();
        let list = async |client: &TestClient<'_>, body: Value| {
            client
                .rest("access-analyzer", "POST", "/unused-access", body)
                .await
        };
        let ana = server.as_user("ana", &[&allow("*")]).await;
        let bob = server.as_user("bob", &[]).await;
        root.iam(
            "CreateLoginProfile",
            &[("UserName", "bob"), ("Password", "Correct-Horse-9")],
        )
        .await
        .ok();
        let role = given_role(&root, "Helpdesk", &trust(ACCOUNT)).await;
        given_role(&root, "Used", &trust(ACCOUNT)).await;
        root.iam(
            "CreateServiceLinkedRole",
            &[("AWSServiceName", "chime.amazonaws.com")],
        )
        .await
        .ok();
        let none = list(&root, json!({ "days": 1 })).await;
        assert_eq!(none.ok()["findings"], json!([]));
        server
            .clock()
            .advance(std::time::Duration::from_secs(100 * 24 * 60 * 60));
        let used = format!("arn:aws:iam::{ACCOUNT}:role/Used");
        assume(&ana, &used, &[]).await.ok();
        root.iam("CreateUser", &[("UserName", "new")]).await.ok();
        root.iam("CreateAccessKey", &[("UserName", "new")]).await.ok();

        let all = list(&root, json!({})).await;
        assert_eq!(
            all.ok()["findings"],
            json!([
                { "findingType": "UnusedIAMRole", "resource": role, "createdAt": "2026-03-01T12:00:00Z" },
                { "findingType": "UnusedIAMUserAccessKey", "resource": user_arn("bob"),
                  "accessKeyId": bob.access_key_id, "createdAt": "2026-03-01T12:00:00Z" },
                { "findingType": "UnusedIAMUserPassword", "resource": user_arn("bob"),
                  "createdAt": "2026-03-01T12:00:00Z" },
            ])
        );
        assert_eq!(all.body["unusedSince"], "2026-03-11T12:00:00Z");
        // Page by page they are the same.
        let mut found = Vec::new();
        let mut body = json!({ "maxResults": 1 });
        loop {
            let page = list(&root, body.clone()).await;
            found.extend(page.ok()["findings"].as_array().unwrap().clone());
            match page.body.get("nextToken") {
                Some(token) => body["nextToken"] = token.clone(),
                None => break,
            }
        }
        assert_eq!(json!(found), all.body["findings"]);
        let other_list = json!({ "days": 1, "nextToken": body["nextToken"] });
        assert_eq!(list(&root, other_list).await.code(), "ValidationException");
        let passwords = list(&root, json!({ "findingType": "UnusedIAMUserPassword" })).await;
        assert_eq!(passwords.ok()["findings"].as_array().map(Vec::len), Some(1));

        // A key that is used, or switched off, is none of them.
        bob.iam("GetUser", &[]).await;
        root.iam(
            "UpdateAccessKey",
            &[
                ("UserName", "bob"),
                ("AccessKeyId", &bob.access_key_id),
                ("Status", "Inactive"),
            ],
        )
        .await
        .ok();
        let keys = list(&root, json!({ "findingType": "UnusedIAMUserAccessKey" })).await;
        assert_eq!(keys.ok()["findings"], json!([]));
        let nobody = server.as_user("nobody", &[&allow("iam:*")]).await;
        assert_eq!(list(&nobody, json!({})).await.code(), "AccessDeniedException");
        let other = server.as_root_of_another_account().await;
        assert_eq!(list(&other, json!({})).await.ok()["findings"], json!([]));
    }
}

async fn least_policy(client: &TestClient<'_>, body: Value) -> Answer {
    client
        .rest(
            "access-analyzer",
            "POST",
            "/principal/least-privilege-policy",
            body,
        )
        .await
}

#[tokio::test]
async fn what_is_not_used_is_listed() {
    for server in servers().await {
        let root = server.as_root();
        let many = document(&json!([
            { "Sid": "Lists", "Effect": "Allow", "Action": ["iam:ListUsers", "iam:ListRoles"], "Resource": "*" },
            { "Sid": "Gets", "Effect": "Allow", "Action": "iam:GetGroup", "Resource": "*" },
            { "Sid": "NotThere", "Effect": "Deny", "Action": "iam:ListUsers", "Resource": "*",
              "Condition": { "IpAddress": { "aws:SourceIp": "192.0.2.1" } } },
            { "Sid": "Never", "Effect": "Deny", "Action": "iam:CreateUser", "Resource": "*" },
            { "Sid": "Assume", "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*" },
        ]));
        let ana = server.as_user("ana", &[&many]).await;
        let role = given_role(&root, "Helpdesk", &trust(ACCOUNT)).await;
        ana.iam("ListUsers", &[]).await.ok();
        ana.iam("CreateUser", &[("UserName", "x")]).await;
        assume(&ana, &role, &[]).await.ok();

        let answer = unused(&root, &user_arn("ana")).await;
        assert_eq!(
            answer.ok()["unusedActions"],
            json!(["iam:GetGroup", "iam:ListRoles"])
        );
        assert_eq!(
            column(&answer.body["unusedStatements"], "sid"),
            ["Gets", "NotThere"]
        );
        let first = &answer.body["unusedStatements"][0];
        assert_eq!(
            (&first["attachedTo"], &first["statementIndex"]),
            (&json!(user_arn("ana")), &json!(1))
        );
        assert_eq!(answer.body["examined"], 3);
        assert_eq!(answer.body["examinedSince"], "2025-12-01T12:00:00Z");
        // What is long ago does not count.
        server
            .clock()
            .advance(std::time::Duration::from_secs(91 * 24 * 60 * 60));
        let later = unused(&root, &user_arn("ana")).await;
        assert_eq!(later.ok()["unusedStatements"].as_array().map(Vec::len), Some(5));
        assert_eq!(later.body["examined"], 0);

        assert_eq!(
            unused(&ana, &user_arn("ana")).await.code(),
            "AccessDeniedException"
        );
        assert_eq!(
            unused(&root, &user_arn("nobody")).await.code(),
            "ResourceNotFoundException"
        );
        let policy = "arn:aws:iam::aws:policy/AdministratorAccess";
        assert_eq!(unused(&root, policy).await.code(), "ValidationException");
    }
}

#[tokio::test]
async fn a_policy_of_what_was_used_allows_that_and_no_more() {
    for server in servers().await {
        let root = server.as_root();
        let ana = server
            .as_user("ana", &[&allow("iam:*"), &allow("sts:AssumeRole")])
            .await;
        let role = given_role(&root, "Helpdesk", &trust(ACCOUNT)).await;
        for number in 0..12 {
            ana.iam("CreateUser", &[("UserName", format!("made-{number}").as_str())])
                .await
                .ok();
        }
        ana.iam("GetUser", &[("UserName", "made-1")]).await.ok();
        ana.iam("ListAccountAliases", &[]).await.ok();
        assert_eq!(
            ana.iam("GetUser", &[("UserName", "nobody")]).await.code(),
            "NoSuchEntity"
        );
        let assumed = assume(&ana, &role, &[]).await;
        session(&server, &assumed).iam("ListUsers", &[]).await;

        let made = least_policy(&root, json!({ "principalArn": user_arn("ana") })).await;
        let policy: Value = serde_json::from_str(&text(&made.ok()["policyDocument"])).unwrap();
        let user = |name: &str| format!("arn:aws:iam::{ACCOUNT}:user/{name}");
        assert_eq!(
            policy["Statement"],
            json!([
                { "Effect": "Allow", "Action": ["iam:ListAccountAliases"], "Resource": ["*"] },
                { "Effect": "Allow", "Action": ["sts:AssumeRole"], "Resource": [role] },
                { "Effect": "Allow", "Action": ["iam:CreateUser"], "Resource": [user("*")] },
                { "Effect": "Allow", "Action": ["iam:GetUser"], "Resource": [user("made-1"), user("nobody")] },
            ])
        );
        assert_eq!(
            (&made.body["refusedCalls"], &made.body["allowedCalls"]),
            (&json!(0), &json!(16))
        );
        assert_eq!(
            (&made.body["findings"], &made.body["fitsManagedPolicy"]),
            (&json!([]), &json!(true))
        );

        // It can be saved, and does what it says.
        let bob = server
            .as_user("bob", &[&text(&made.body["policyDocument"])])
            .await;
        bob.iam("GetUser", &[("UserName", "made-1")]).await.ok();
        assert_eq!(
            bob.iam("GetUser", &[("UserName", "made-2")]).await.code(),
            "AccessDenied"
        );
        let bound = json!({ "principalArn": user_arn("ana"), "restrictSourceIp": true });
        let bound = least_policy(&root, bound).await;
        assert!(text(&bound.ok()["policyDocument"]).contains("127.0.0.1"));
        assert_eq!(bound.body["refusedCalls"], 0);

        // The role was refused all it tried.
        let none = least_policy(&root, json!({ "principalArn": role })).await;
        assert_eq!(none.code(), "ValidationException");
        let none = least_policy(&bob, json!({ "principalArn": user_arn("ana") })).await;
        assert_eq!(none.code(), "AccessDeniedException");
    }
}
