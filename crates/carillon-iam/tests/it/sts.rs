//! Temporary credentials.

use std::time::Duration;

use carillon_iam::testing::{ACCOUNT, Answer, TestClient, TestServer};
use serde_json::{Value, json};

use crate::{allow, document, given_policy, given_role, servers, text, trust, user_arn};

pub fn session<'a>(server: &'a TestServer, answer: &Answer) -> TestClient<'a> {
    let credentials = &answer.ok()["Credentials"];
    let member = |name: &str| text(&credentials[name]);
    server.as_session(
        &member("AccessKeyId"),
        &member("SecretAccessKey"),
        &member("SessionToken"),
    )
}

pub async fn assume(client: &TestClient<'_>, role: &str, more: &[(&str, &str)]) -> Answer {
    let mut members = vec![("RoleArn", role), ("RoleSessionName", "session")];
    members.extend_from_slice(more);
    client.query("sts", "AssumeRole", &members).await
}

async fn permit(client: &TestClient<'_>, role_arn: &str, document: &str) {
    let name = role_arn.rsplit('/').next().unwrap_or_default();
    let members = [
        ("RoleName", name),
        ("PolicyName", "p"),
        ("PolicyDocument", document),
    ];
    client.iam("PutRolePolicy", &members).await.ok();
}

type Members<'a> = &'a [(&'a str, &'a str)];

fn refused(caller: &str, role: &str) -> String {
    format!("User: {caller} is not authorized to perform: sts:AssumeRole on resource: {role}")
}

#[tokio::test]
async fn a_session_has_the_permissions_of_its_role() {
    for server in servers().await {
        let root = server.as_root();
        let ada = server.as_user("ada", &[&allow("sts:AssumeRole")]).await;
        let role = given_role(&root, "Helpdesk", &trust(ACCOUNT)).await;
        permit(&root, &role, &allow("iam:ListUsers")).await;

        let answer = assume(&ada, &role, &[("DurationSeconds", "900")]).await;
        let arn = format!("arn:aws:sts::{ACCOUNT}:assumed-role/Helpdesk/session");
        assert_eq!(answer.ok()["AssumedRoleUser"]["Arn"], arn);
        assert_eq!(answer.body["Credentials"]["Expiration"], "2026-03-01T12:15:00Z");
        assert_eq!(answer.body.get("PackedPolicySize"), None);
        let session = session(&server, &answer);
        assert!(session.access_key_id.starts_with("ASIA"));
        let me = session.query("sts", "GetCallerIdentity", &[]).await;
        assert_eq!(me.ok()["Arn"], arn);
        session.iam("ListUsers", &[]).await.ok();
        assert_eq!(
            session.iam("ListRoles", &[]).await.message(),
            format!(
                "User: {arn} is not authorized to perform: iam:ListRoles on resource: \
                 arn:aws:iam::{ACCOUNT}:role/ because no identity-based policy allows the iam:ListRoles action"
            )
        );
        let used = root.iam("GetRole", &[("RoleName", "Helpdesk")]).await;
        assert_eq!(
            used.ok()["Role"]["RoleLastUsed"]["LastUsedDate"],
            "2026-03-01T12:00:00Z"
        );

        server.clock().advance(Duration::from_secs(900));
        assert_eq!(session.iam("ListUsers", &[]).await.code(), "ExpiredToken");
    }
}

#[tokio::test]
async fn the_answer_is_recorded_without_its_secrets() {
    let server = &servers().await[0];
    let ada = server.as_user("ada", &[]).await;
    let role = given_role(&server.as_root(), "Helpdesk", &trust(&user_arn("ada"))).await;
    let answer = assume(&ada, &role, &[]).await;
    let credentials = &answer.ok()["Credentials"];
    let event = server.last_event();
    assert_eq!(event["eventName"], "AssumeRole");
    assert_eq!(
        event["responseElements"]["credentials"]["accessKeyId"],
        credentials["AccessKeyId"]
    );
    for secret in ["SecretAccessKey", "SessionToken"] {
        assert!(
            !event.to_string().contains(&text(&credentials[secret])),
            "{secret}"
        );
    }
}

#[tokio::test]
async fn trust_by_name_is_enough_and_trust_in_the_account_is_half() {
    for server in servers().await {
        let root = server.as_root();
        let ada = server.as_user("ada", &[]).await;
        let bob = server.as_user("bob", &[&allow("sts:AssumeRole")]).await;
        let named = given_role(&root, "Named", &trust(&user_arn("ada"))).await;
        let anybody = given_role(&root, "Anybody", &trust(ACCOUNT)).await;
        assume(&ada, &named, &[]).await.ok();
        assume(&bob, &anybody, &[]).await.ok();
        let words = refused(&user_arn("bob"), &named);
        assert_eq!(
            assume(&bob, &named, &[]).await.refusal(),
            (403, "AccessDenied", words.as_str())
        );
        assert_eq!(assume(&ada, &anybody, &[]).await.code(), "AccessDenied");
        for nothing in [
            format!("arn:aws:iam::{ACCOUNT}:role/nothing"),
            format!("arn:aws:iam::{ACCOUNT}:role/path/Anybody"),
            "arn:aws:iam::999999999999:role/nothing".to_owned(),
        ] {
            let words = refused(&user_arn("bob"), &nothing);
            let answer = assume(&bob, &nothing, &[]).await;
            assert_eq!(answer.refusal(), (403, "AccessDenied", words.as_str()));
        }
        let no_role = assume(&bob, &user_arn("ada"), &[]).await;
        assert_eq!(no_role.code(), "ValidationError");
    }
}

#[tokio::test]
async fn root_assumes_nothing() {
    let server = &servers().await[0];
    let root = server.as_root();
    let role = given_role(&root, "Helpdesk", &trust(ACCOUNT)).await;
    assert_eq!(
        assume(&root, &role, &[]).await.refusal(),
        (403, "AccessDenied", "Roles may not be assumed by root accounts.")
    );
}

#[tokio::test]
async fn across_accounts_both_sides_say_yes() {
    for server in servers().await {
        let other = server.as_root_of_another_account().await;
        let me = other.query("sts", "GetCallerIdentity", &[]).await;
        let other_account = text(&me.ok()["Account"]);
        let role = given_role(&other, "Partner", &trust(ACCOUNT)).await;
        permit(&other, &role, &allow("iam:ListRoles")).await;
        let ada = server.as_user("ada", &[]).await;
        let bob = server.as_user("bob", &[&allow("sts:AssumeRole")]).await;
        assert_eq!(
            assume(&ada, &role, &[]).await.message(),
            refused(&user_arn("ada"), &role)
        );
        let session = session(&server, &assume(&bob, &role, &[]).await);
        let me = session.query("sts", "GetCallerIdentity", &[]).await;
        assert_eq!(me.ok()["Account"], other_account);
        session.iam("ListRoles", &[]).await.ok();
        // The trust of the other account ends: new sessions do, old ones stay.
        let update = [
            ("RoleName", "Partner"),
            ("PolicyDocument", &*trust(&other_account)),
        ];
        other.iam("UpdateAssumeRolePolicy", &update).await.ok();
        assert_eq!(assume(&bob, &role, &[]).await.code(), "AccessDenied");
        session.iam("ListRoles", &[]).await.ok();
    }
}

#[tokio::test]
async fn conditions_of_trust_see_what_the_request_says() {
    let server = &servers().await[0];
    let root = server.as_root();
    let ada = server.as_user("ada", &[]).await;
    let trusting = |conditions: Value| {
        document(&json!({
            "Effect": "Allow", "Principal": { "AWS": user_arn("ada") },
            "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"], "Condition": conditions,
        }))
    };
    let tags = [("Tags.member.1.Key", "team"), ("Tags.member.1.Value", "blue")];
    let transitive = [tags[0], tags[1], ("TransitiveTagKeys.member.1", "team")];
    let cases: [(&str, Value, Members<'_>); 6] = [
        (
            "External",
            json!({ "StringEquals": { "sts:ExternalId": "handshake" } }),
            &[("ExternalId", "handshake")],
        ),
        (
            "Source",
            json!({ "StringEquals": { "sts:SourceIdentity": "ada" } }),
            &[("SourceIdentity", "ada")],
        ),
        (
            "Duration",
            json!({ "NumericLessThan": { "sts:DurationSeconds": "1000" } }),
            &[("DurationSeconds", "900")],
        ),
        (
            "Tagged",
            json!({ "StringEquals": { "aws:RequestTag/team": "blue" } }),
            &tags,
        ),
        (
            "Transitive",
            json!({ "ForAnyValue:StringEquals": { "sts:TransitiveTagKeys": "team" } }),
            &transitive,
        ),
        (
            "Name",
            json!({ "StringEquals": { "sts:RoleSessionName": "session" } }),
            &[],
        ),
    ];
    for (name, conditions, members) in cases {
        let role = given_role(&root, name, &trusting(conditions)).await;
        assume(&ada, &role, members).await.ok();
        if !members.is_empty() {
            assert_eq!(assume(&ada, &role, &[]).await.code(), "AccessDenied", "{name}");
        }
    }
}

#[tokio::test]
async fn session_policies_narrow() {
    for server in servers().await {
        let root = server.as_root();
        let ada = server.as_user("ada", &[]).await;
        let role = given_role(&root, "Helpdesk", &trust(&user_arn("ada"))).await;
        permit(&root, &role, &allow("iam:List*")).await;
        let lists = given_policy(&root, "Lists", &allow("iam:ListUsers")).await;
        let inline = allow("iam:ListUsers");
        for narrowing in [("Policy", inline.as_str()), ("PolicyArns.member.1.arn", &lists)] {
            let answer = assume(&ada, &role, &[narrowing]).await;
            assert_ne!(answer.ok()["PackedPolicySize"], "0");
            let session = session(&server, &answer);
            session.iam("ListUsers", &[]).await.ok();
            let refused = session.iam("ListRoles", &[]).await;
            assert!(
                refused
                    .message()
                    .ends_with("because no session policy allows the iam:ListRoles action"),
                "{}",
                refused.message()
            );
        }
        // A managed session policy is what it is now, and nothing once it is gone.
        let session = session(
            &server,
            &assume(&ada, &role, &[("PolicyArns.member.1.arn", &lists)]).await,
        );
        session.iam("ListUsers", &[]).await.ok();
        root.iam("DeletePolicy", &[("PolicyArn", &lists)]).await.ok();
        assert_eq!(session.iam("ListUsers", &[]).await.code(), "AccessDenied");

        let malformed = assume(&ada, &role, &[("Policy", "{}")]).await;
        assert_eq!(malformed.code(), "MalformedPolicyDocument");
        let missing = assume(&ada, &role, &[("PolicyArns.member.1.arn", &lists)]).await;
        assert_eq!(missing.code(), "ValidationError");
    }
}

#[tokio::test]
async fn sessions_and_their_tags_have_a_size() {
    let server = &servers().await[0];
    let ada = server.as_user("ada", &[]).await;
    let trusting = document(&json!({
        "Effect": "Allow", "Principal": { "AWS": user_arn("ada") }, "Action": ["sts:AssumeRole", "sts:TagSession"],
    }));
    let role = given_role(&server.as_root(), "Helpdesk", &trusting).await;
    let members: Vec<(String, String)> = (1..=17)
        .flat_map(|number| {
            [
                (format!("Tags.member.{number}.Key"), format!("key-{number}")),
                (format!("Tags.member.{number}.Value"), "x".repeat(256)),
            ]
        })
        .collect();
    let members: Vec<_> = members.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    assume(&ada, &role, &members[..30]).await.ok();
    assert_eq!(
        assume(&ada, &role, &members).await.refusal(),
        (
            400,
            "PackedPolicyTooLarge",
            "Packed size of session tags consumes 109% of allotted space."
        )
    );
}

#[tokio::test]
async fn durations_have_bounds() {
    let server = &servers().await[0];
    let root = server.as_root();
    let ada = server.as_user("ada", &[&allow("sts:AssumeRole")]).await;
    let long = [
        ("RoleName", "Long"),
        ("AssumeRolePolicyDocument", &*trust(ACCOUNT)),
        ("MaxSessionDuration", "7200"),
    ];
    let long = text(&root.iam("CreateRole", &long).await.ok()["Role"]["Arn"]);
    permit(&root, &long, &allow("sts:AssumeRole")).await;
    let first = assume(&ada, &long, &[("DurationSeconds", "7200")]).await;
    assert_eq!(
        assume(&ada, &long, &[("DurationSeconds", "7201")])
            .await
            .refusal(),
        (
            400,
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )
    );
    let chained = session(server, &first);
    assume(&chained, &long, &[("DurationSeconds", "3600")]).await.ok();
    let longer = assume(&chained, &long, &[("DurationSeconds", "3601")]).await;
    assert!(longer.message().contains("role chaining"), "{}", longer.message());
    let short = assume(&ada, &long, &[("DurationSeconds", "899")]).await;
    assert!(
        short.message().contains("at 'durationSeconds'"),
        "{}",
        short.message()
    );
}

/// A list that begins at 2 is refused: read as an empty one it would be a session without its policy.
#[tokio::test]
async fn no_session_policy_is_overlooked() {
    for server in servers().await {
        let root = server.as_root();
        let ada = server.as_user("ada", &[&allow("sts:*")]).await;
        let trusting = document(
            &json!({ "Effect": "Allow", "Principal": { "AWS": ACCOUNT }, "Action": "sts:AssumeRole" }),
        );
        let role = given_role(&root, "Reader", &trusting).await;
        let arn = "arn:aws:iam::aws:policy/ReadOnlyAccess";
        for name in [
            "PolicyArns.member.2.arn",
            "PolicyArns.member.0.arn",
            "PolicyArns.item.1.arn",
        ] {
            let refused = assume(&ada, &role, &[(name, arn)]).await;
            assert_eq!(refused.code(), "ValidationError", "{name}");
        }
        assume(&ada, &role, &[("PolicyArns.member.1.arn", arn)])
            .await
            .ok();
    }
}

#[tokio::test]
async fn transitive_tags_and_the_source_survive_a_chain() {
    for server in servers().await {
        let root = server.as_root();
        let ada = server.as_user("ada", &[&allow("sts:*")]).await;
        let trusting = document(&json!({
            "Effect": "Allow", "Principal": { "AWS": ACCOUNT },
            "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
        }));
        let first = given_role(&root, "First", &trusting).await;
        permit(&root, &first, &allow("sts:*")).await;
        let second = given_role(&root, "Second", &trusting).await;
        let tagged = |tag: &str| {
            document(&json!({
                "Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*",
                "Condition": { "StringEquals": { format!("aws:PrincipalTag/{tag}"): "blue", "aws:SourceIdentity": "ada" } },
            }))
        };
        let members = [
            ("Tags.member.1.Key", "Team"),
            ("Tags.member.1.Value", "blue"),
            ("Tags.member.2.Key", "desk"),
            ("Tags.member.2.Value", "blue"),
            ("TransitiveTagKeys.member.1", "team"),
            ("SourceIdentity", "ada"),
        ];
        let first = session(&server, &assume(&ada, &first, &members).await);
        let answer = assume(&first, &second, &[]).await;
        assert_eq!(answer.ok()["SourceIdentity"], "ada");
        let chained = session(&server, &answer);
        permit(&root, &second, &tagged("desk")).await;
        assert_eq!(chained.iam("ListUsers", &[]).await.code(), "AccessDenied");
        permit(&root, &second, &tagged("team")).await;
        chained.iam("ListUsers", &[]).await.ok();

        let other = [("Tags.member.1.Key", "TEAM"), ("Tags.member.1.Value", "red")];
        assert_eq!(
            assume(&first, &second, &other).await.code(),
            "InvalidParameterValue"
        );
        let other = assume(&first, &second, &[("SourceIdentity", "bob")]).await;
        assert_eq!(other.code(), "AccessDenied");
        let lone = assume(&ada, &second, &[("TransitiveTagKeys.member.1", "team")]).await;
        assert_eq!(lone.code(), "InvalidParameterValue");
    }
}

#[tokio::test]
async fn what_a_session_hands_on_needs_the_permission_of_the_role() {
    for server in servers().await {
        let root = server.as_root();
        let ada = server.as_user("ada", &[&allow("sts:*")]).await;
        let trusting = |actions: Value, conditions: Value| {
            document(&json!({
                "Effect": "Allow", "Principal": { "AWS": ACCOUNT }, "Action": actions, "Condition": conditions,
            }))
        };
        let all = json!(["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]);
        let first = given_role(&root, "First", &trusting(all.clone(), json!({}))).await;
        permit(&root, &first, &allow("sts:*")).await;
        let tags = [
            ("Tags.member.1.Key", "team"),
            ("Tags.member.1.Value", "blue"),
            ("TransitiveTagKeys.member.1", "team"),
        ];
        let tagged = session(&server, &assume(&ada, &first, &tags).await);
        let sourced = session(&server, &assume(&ada, &first, &[("SourceIdentity", "ada")]).await);
        let plain = session(&server, &assume(&ada, &first, &[]).await);

        let closed = given_role(&root, "Closed", &trusting(json!("sts:AssumeRole"), json!({}))).await;
        assume(&plain, &closed, &[]).await.ok();
        let refused = assume(&tagged, &closed, &[]).await;
        assert!(
            refused.message().contains("sts:TagSession"),
            "{}",
            refused.message()
        );
        let refused = assume(&sourced, &closed, &[]).await;
        assert!(
            refused.message().contains("sts:SetSourceIdentity"),
            "{}",
            refused.message()
        );

        for (name, client, seen) in [
            (
                "Team",
                &tagged,
                json!({ "StringEquals": { "aws:RequestTag/team": "blue" } }),
            ),
            (
                "Keys",
                &tagged,
                json!({ "ForAllValues:StringEquals": { "aws:TagKeys": "team" } }),
            ),
            (
                "Source",
                &sourced,
                json!({ "StringEquals": { "sts:SourceIdentity": "ada" } }),
            ),
        ] {
            let open = given_role(&root, name, &trusting(all.clone(), seen)).await;
            assume(client, &open, &[]).await.ok();
        }
        for (name, client, unseen) in [
            (
                "NoTeam",
                &tagged,
                json!({ "Null": { "aws:RequestTag/team": "true" } }),
            ),
            (
                "NoKeys",
                &tagged,
                json!({ "ForAllValues:StringEquals": { "aws:TagKeys": "desk" } }),
            ),
            (
                "NoSource",
                &sourced,
                json!({ "Null": { "sts:SourceIdentity": "true" } }),
            ),
        ] {
            let shut = given_role(&root, name, &trusting(all.clone(), unseen)).await;
            assert_eq!(assume(client, &shut, &[]).await.code(), "AccessDenied", "{name}");
        }
    }
}

#[tokio::test]
async fn keys_of_tags_are_one_in_any_case_of_any_letter() {
    for server in servers().await {
        let root = server.as_root();
        let deny = document(&json!([
            { "Effect": "Allow", "Action": "*", "Resource": "*" },
            { "Effect": "Deny", "Action": "iam:ListUsers", "Resource": "*",
              "Condition": { "StringEquals": { "aws:PrincipalTag/ÄMTER": "shut" } } },
        ]));
        let ada = server.as_user("ada", &[&deny]).await;
        ada.iam("ListUsers", &[]).await.ok();
        let tag = |key: &'static str| {
            [
                ("UserName", "ada"),
                ("Tags.member.1.Key", key),
                ("Tags.member.1.Value", "shut"),
            ]
        };
        root.iam("TagUser", &tag("Ämter")).await.ok();
        assert_eq!(ada.iam("ListUsers", &[]).await.code(), "AccessDenied");
        // The Kelvin sign is a k in lower case.
        let disguised = root.iam("TagUser", &tag("\u{212A}ind")).await;
        assert_eq!(disguised.code(), "InvalidInput");

        let trusting = document(&json!({
            "Effect": "Allow", "Principal": { "AWS": ACCOUNT }, "Action": ["sts:AssumeRole", "sts:TagSession"],
        }));
        let role = given_role(&root, "Helpdesk", &trusting).await;
        permit(&root, &role, &allow("sts:*")).await;
        let members = [
            ("Tags.member.1.Key", "Ärzte"),
            ("Tags.member.1.Value", "blue"),
            ("TransitiveTagKeys.member.1", "ÄRZTE"),
        ];
        let first = session(&server, &assume(&ada, &role, &members).await);
        let handed_on = document(&json!({
            "Effect": "Allow", "Principal": { "AWS": ACCOUNT }, "Action": ["sts:AssumeRole", "sts:TagSession"],
            "Condition": { "StringEquals": { "aws:RequestTag/ärzte": "blue" } },
        }));
        let second = given_role(&root, "Second", &handed_on).await;
        assume(&first, &second, &[]).await.ok();
    }
}

#[tokio::test]
async fn tags_need_a_permission_of_their_own() {
    let server = &servers().await[0];
    let root = server.as_root();
    let ada = server.as_user("ada", &[]).await;
    let role = given_role(&root, "Helpdesk", &trust(&user_arn("ada"))).await;
    let tags = [("Tags.member.1.Key", "team"), ("Tags.member.1.Value", "blue")];
    assume(&ada, &role, &[]).await.ok();
    assert_eq!(
        assume(&ada, &role, &tags).await.message(),
        format!(
            "User: {} is not authorized to perform: sts:TagSession on resource: {role}",
            user_arn("ada")
        )
    );
    let source = assume(&ada, &role, &[("SourceIdentity", "ada")]).await;
    assert!(
        source.message().contains("sts:SetSourceIdentity"),
        "{}",
        source.message()
    );
}

#[tokio::test]
async fn sessions_end_with_their_role_and_their_user() {
    for server in servers().await {
        let root = server.as_root();
        let role = given_role(&root, "Helpdesk", &trust(ACCOUNT)).await;
        root.iam("CreateUser", &[("UserName", "ada")]).await.ok();
        let put = [
            ("UserName", "ada"),
            ("PolicyName", "p"),
            ("PolicyDocument", &*allow("sts:*")),
        ];
        root.iam("PutUserPolicy", &put).await.ok();
        let key = root.iam("CreateAccessKey", &[("UserName", "ada")]).await;
        let key = &key.ok()["AccessKey"];
        let ada = server.as_key(&text(&key["AccessKeyId"]), &text(&key["SecretAccessKey"]));

        let of_role = session(&server, &assume(&ada, &role, &[]).await);
        let of_user = session(&server, &ada.query("sts", "GetSessionToken", &[]).await);
        of_role.query("sts", "GetCallerIdentity", &[]).await.ok();
        let me = of_user.query("sts", "GetCallerIdentity", &[]).await;
        assert_eq!(me.ok()["Arn"], user_arn("ada"));

        root.iam("DeleteRole", &[("RoleName", "Helpdesk")]).await.ok();
        let ended = of_role.query("sts", "GetCallerIdentity", &[]).await;
        assert_eq!((ended.status, ended.code()), (403, "InvalidClientTokenId"));
        // A namesake does not bring it back.
        given_role(&root, "Helpdesk", &trust(ACCOUNT)).await;
        assert_eq!(of_role.query("sts", "GetCallerIdentity", &[]).await.status, 403);

        let key_member = ("AccessKeyId", ada.access_key_id.as_str());
        root.iam("DeleteAccessKey", &[("UserName", "ada"), key_member])
            .await
            .ok();
        assert_eq!(ada.query("sts", "GetCallerIdentity", &[]).await.status, 403);
        of_user.query("sts", "GetCallerIdentity", &[]).await.ok();
        root.iam("DeleteUserPolicy", &put[..2]).await.ok();
        root.iam("DeleteUser", &[("UserName", "ada")]).await.ok();
        let ended = of_user.query("sts", "GetCallerIdentity", &[]).await;
        assert_eq!((ended.status, ended.code()), (403, "InvalidClientTokenId"));
    }
}

#[tokio::test]
async fn a_token_opens_only_with_its_own_key() {
    let server = &servers().await[0];
    let ada = server.as_user("ada", &[]).await;
    let first = ada.query("sts", "GetSessionToken", &[]).await;
    let second = ada.query("sts", "GetSessionToken", &[]).await;
    let member = |answer: &Answer, name: &str| text(&answer.ok()["Credentials"][name]);
    let (key, secret) = (member(&first, "AccessKeyId"), member(&first, "SecretAccessKey"));
    for token in [member(&second, "SessionToken"), "forged".to_owned()] {
        let mixed = server.as_session(&key, &secret, &token);
        let refused = mixed.query("sts", "GetCallerIdentity", &[]).await;
        assert_eq!((refused.status, refused.code()), (403, "InvalidClientTokenId"));
    }
    let bare = server
        .as_key(&key, &secret)
        .query("sts", "GetCallerIdentity", &[])
        .await;
    assert_eq!(bare.code(), "InvalidClientTokenId");
}

#[tokio::test]
async fn a_session_token_is_not_for_iam_and_for_little_of_sts() {
    for server in servers().await {
        let root = server.as_root();
        let ada = server.as_user("ada", &[&allow("*")]).await;
        let role = given_role(&root, "Helpdesk", &trust(ACCOUNT)).await;
        let answer = ada
            .query("sts", "GetSessionToken", &[("DurationSeconds", "900")])
            .await;
        assert_eq!(answer.ok()["Credentials"]["Expiration"], "2026-03-01T12:15:00Z");
        let session = session(&server, &answer);
        for action in ["ListUsers", "GetUser"] {
            assert_eq!(
                session.iam(action, &[]).await.code(),
                "InvalidClientTokenId",
                "{action}"
            );
        }
        let key = [("AccessKeyId", ada.access_key_id.as_str())];
        let refused = session.query("sts", "GetAccessKeyInfo", &key).await;
        assert_eq!((refused.status, refused.code()), (403, "InvalidClientTokenId"));
        assert_eq!(
            session.query("sts", "GetSessionToken", &[]).await.refusal(),
            (
                403,
                "AccessDenied",
                "Cannot call GetSessionToken with session credentials"
            )
        );
        let of_role = assume(&session, &role, &[]).await;
        let of_role = crate::sts::session(&server, &of_role);
        assert_eq!(
            of_role.query("sts", "GetSessionToken", &[]).await.code(),
            "AccessDenied"
        );
        let info = ada.query("sts", "GetAccessKeyInfo", &key).await;
        assert_eq!(info.ok()["Account"], ACCOUNT);
    }
}

#[tokio::test]
async fn root_s_sessions_last_an_hour() {
    let server = &servers().await[0];
    let answer = server
        .as_root()
        .query("sts", "GetSessionToken", &[("DurationSeconds", "7200")])
        .await;
    assert_eq!(answer.ok()["Credentials"]["Expiration"], "2026-03-01T13:00:00Z");
    let session = session(server, &answer);
    let me = session.query("sts", "GetCallerIdentity", &[]).await;
    assert_eq!(me.ok()["Arn"], format!("arn:aws:iam::{ACCOUNT}:root"));
    assert_eq!(session.iam("ListUsers", &[]).await.code(), "InvalidClientTokenId");
}

#[tokio::test]
async fn both_accounts_hear_who_assumed_what() {
    for server in servers().await {
        let other = server.as_root_of_another_account().await;
        let me = other.query("sts", "GetCallerIdentity", &[]).await;
        let owner = text(&me.ok()["Account"]);
        let role = given_role(&other, "Partner", &trust(ACCOUNT)).await;
        let bob = server.as_user("bob", &[&allow("sts:AssumeRole")]).await;
        let answer = assume(&bob, &role, &[]).await;
        let key = text(&answer.ok()["Credentials"]["AccessKeyId"]);
        let stranger = server.as_user("eve", &[]).await;
        assert_eq!(assume(&stranger, &role, &[]).await.code(), "AccessDenied");

        let mut tx = server.store().read().await.unwrap();
        let rows: Vec<(String, String)> = tx
            .fetch_all(
                "SELECT aws_account_id, record FROM audit_event WHERE event_name = 'AssumeRole' ORDER BY event_id",
                &[],
            )
            .await
            .unwrap();
        let of = |account: &str| -> Vec<Value> {
            let own = rows.iter().filter(|(of, _)| of == account);
            own.map(|(_, record)| serde_json::from_str(record).unwrap())
                .collect()
        };
        // Who was refused is known in its own account only.
        let (own, theirs) = (of(ACCOUNT), of(&owner));
        assert_eq!((own.len(), theirs.len()), (2, 1), "{rows:?}");
        let done = own.iter().find(|event| event.get("errorCode").is_none()).unwrap();
        assert_eq!(done["sharedEventID"], theirs[0]["sharedEventID"]);
        assert!(done["sharedEventID"].is_string() && done["eventID"] != theirs[0]["eventID"]);
        assert_eq!(done["userIdentity"]["arn"], user_arn("bob"));
        let id = &done["userIdentity"]["principalId"];
        assert_eq!(
            theirs[0]["userIdentity"],
            json!({ "type": "AWSAccount", "principalId": id, "accountId": ACCOUNT })
        );
        assert_eq!(theirs[0]["recipientAccountId"], owner);
        assert_eq!(theirs[0]["responseElements"]["credentials"]["accessKeyId"], key);
        assert_eq!(theirs[0].get("additionalEventData"), None);
        // By which statement the other account allowed it is not for the caller's.
        let by = &done["additionalEventData"]["authorization"];
        assert_eq!(by["decision"], "allowed");
        assert_ne!(by["statement"]["kind"], "role trust policy", "{by}");
        // Within an account there is one event, and nothing to share.
        let own_role = given_role(&server.as_root(), "Own", &trust(ACCOUNT)).await;
        assume(&bob, &own_role, &[]).await.ok();
        assert_eq!(server.last_event().get("sharedEventID"), None);
    }
}
