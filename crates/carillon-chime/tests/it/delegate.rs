//! Accounts that one AWS account lends to another: who may do what, what ends it, and what both trails say.

use std::time::Duration;

use carillon_chime::account::Life;
use carillon_iam::testing::{ACCOUNT, Answer, TestClient};
use carillon_operation::Mail;
use serde_json::{Value, json};

use crate::world::{DAY, World, sqlite, text, worlds};

/// The partner's account, of another AWS account than the test server's own, which is the customer.
struct Loan<'a> {
    world: &'a World,
    partner: TestClient<'a>,
    account: String,
}

impl<'a> Loan<'a> {
    async fn new(world: &'a World) -> Self {
        let partner = world.server.as_root_of_another_account().await;
        let made = partner
            .rest("chime", "POST", "/accounts", json!({ "Name": "Pies" }))
            .await;
        let account = text(&made.ok()["Account"]["AccountId"]);
        Self {
            world,
            partner,
            account,
        }
    }

    fn path(&self, rest: &str) -> String {
        format!("/accounts/{}{rest}", self.account)
    }

    async fn by_partner(&self, method: &str, rest: &str, body: Value) -> Answer {
        self.partner.rest("chime", method, &self.path(rest), body).await
    }

    async fn by(&self, who: &TestClient<'_>, method: &str, rest: &str, body: Value) -> Answer {
        who.rest("chime", method, &self.path(rest), body).await
    }

    /// Invites, and answers the delegation and the token in the mail.
    async fn invite(&self, more: Value) -> (Value, String) {
        let mut body = json!({ "Email": "it@customer.example" });
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let made = self.by_partner("POST", "/delegates", body).await;
        assert_eq!(made.status, 201, "{}", made.text);
        self.world.work().await;
        let token = token_in(&self.world.mails().pop().unwrap());
        (made.ok()["Delegate"].clone(), token)
    }

    /// Invites and accepts; answers the identifier of the delegation.
    async fn begin(&self, more: Value) -> String {
        let (delegate, token) = self.invite(more).await;
        accept(self.world, &token).await.ok();
        self.world.work().await;
        text(&delegate["DelegateId"])
    }

    async fn list(&self, who: &TestClient<'_>) -> Value {
        self.by(who, "GET", "/delegates", Value::Null).await.ok()["Delegates"].clone()
    }
}

fn token_in(mail: &Mail) -> String {
    let (_, rest) = mail.text.split_once("--invitation-token ").expect("a token");
    rest.split_whitespace().next().unwrap().to_owned()
}

async fn accept(world: &World, token: &str) -> Answer {
    let body = json!({ "InvitationToken": token });
    world.call("POST", "/delegates?operation=accept", body).await
}

async fn listed(who: &TestClient<'_>) -> Vec<String> {
    let answer = who.rest("chime", "GET", "/accounts", Value::Null).await;
    let accounts = answer.ok()["Accounts"].as_array().unwrap();
    accounts
        .iter()
        .map(|account| text(&account["AccountId"]))
        .collect()
}

fn boundary(actions: &[&str]) -> Value {
    let statement = json!({ "Sid": "OnlyThese", "Effect": "Allow", "Action": actions, "Resource": "*" });
    let document = json!({ "Version": "2012-10-17", "Statement": [statement] });
    json!({ "BoundaryPolicy": document.to_string() })
}

#[tokio::test]
async fn a_customer_acts_on_exactly_the_account_that_was_lent() {
    for world in worlds().await {
        let loan = Loan::new(&world).await;
        let other = loan
            .partner
            .rest("chime", "POST", "/accounts", json!({ "Name": "Other" }))
            .await;
        let other = text(&other.ok()["Account"]["AccountId"]);
        let reader = world.server.as_user("reader", &["AmazonChimeReadOnly"]).await;
        let nobody = world.server.as_user("nobody", &[]).await;
        let (delegate, token) = loan.invite(json!({ "Reason": "contract 4711" })).await;
        assert_eq!(delegate["Status"], "Pending");
        assert_eq!(loan.by(&reader, "GET", "", Value::Null).await.status, 404);

        let shown = world
            .call(
                "POST",
                "/delegates?operation=validate",
                json!({ "InvitationToken": token }),
            )
            .await;
        assert_eq!(shown.ok()["AccountName"], "Pies");
        assert_eq!(shown.ok()["Reason"], "contract 4711");
        let accepted = accept(&world, &token).await;
        assert_eq!(accepted.ok()["Delegate"]["Status"], "Active");
        assert_eq!(accepted.ok()["Delegate"]["DelegateAwsAccountId"], ACCOUNT);
        let partner_id = text(&accepted.ok()["Account"]["AwsAccountId"]);
        assert_ne!(partner_id, ACCOUNT);
        assert_eq!(accept(&world, &token).await.status, 404, "a token is used once");

        let read = loan.by(&reader, "GET", "", Value::Null).await;
        assert_eq!(read.ok()["Account"]["AwsAccountId"], partner_id.as_str());
        let rename = loan
            .by(&reader, "POST", "?operation=rename", json!({ "Name": "Mine" }))
            .await;
        assert_eq!((rename.status, rename.code()), (403, "AccessDeniedException"));
        assert!(
            rename.text.contains("no identity-based policy allows"),
            "{}",
            rename.text
        );
        assert_eq!(
            loan.by(&nobody, "GET", "", Value::Null).await.code(),
            "AccessDeniedException"
        );
        loan.by(
            &world.root(),
            "POST",
            "?operation=rename",
            json!({ "Name": "Cakes" }),
        )
        .await
        .ok();
        let invited = loan
            .by(
                &world.root(),
                "POST",
                "/users?operation=add",
                json!({ "UserEmailList": ["ada@example.com"] }),
            )
            .await;
        assert_eq!(invited.status, 201, "{}", invited.text);

        let of_ada = world.get("/accounts?user-email=ada@example.com").await;
        assert_eq!(of_ada["Accounts"][0]["AccountId"], loan.account.as_str());
        let mine = world.account("Own").await;
        assert_eq!(listed(&reader).await, [loan.account.clone(), mine.clone()]);
        let answer = world
            .call("GET", &format!("/accounts/{other}"), Value::Null)
            .await;
        assert_eq!(answer.status, 404, "only the one that was lent");
        let answer = loan
            .partner
            .rest("chime", "GET", &format!("/accounts/{mine}"), Value::Null)
            .await;
        assert_eq!(answer.status, 404, "nothing comes back for it");

        let third = world.server.as_root_of_another_account().await;
        assert_eq!(loan.by(&third, "GET", "", Value::Null).await.status, 404);
        assert_eq!(
            loan.by(&third, "GET", "/delegates", Value::Null).await.status,
            404
        );
        assert_eq!(listed(&third).await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn what_only_the_owner_may_do_is_forbidden() {
    for world in worlds().await {
        let loan = Loan::new(&world).await;
        let own = loan.begin(json!({})).await;
        let root = world.root();
        let (another, _) = loan.invite(json!({})).await;
        let another = text(&another["DelegateId"]);
        for (method, rest, body) in [
            ("DELETE", String::new(), Value::Null),
            (
                "POST",
                "/delegates".to_owned(),
                json!({ "Email": "eve@example.com" }),
            ),
            ("POST", format!("/delegates/{another}?operation=renew"), json!({})),
            ("POST", format!("/delegates/{own}?operation=renew"), json!({})),
            ("DELETE", format!("/delegates/{another}"), Value::Null),
        ] {
            let answer = loan.by(&root, method, &rest, body).await;
            assert_eq!(
                (answer.status, answer.code()),
                (403, "ForbiddenException"),
                "{method} {rest}"
            );
        }
        let seen = loan.list(&root).await;
        assert_eq!(seen.as_array().unwrap().len(), 1);
        assert_eq!(seen[0]["DelegateId"], own.as_str());
        assert_eq!(loan.list(&loan.partner).await.as_array().unwrap().len(), 2);
        let missing = format!("/delegates/{}", crate::world::NOBODY);
        assert_eq!(loan.by(&root, "DELETE", &missing, Value::Null).await.status, 404);
    }
}

#[tokio::test]
async fn either_side_ends_it_at_once() {
    for world in worlds().await {
        for by_partner in [true, false] {
            let loan = Loan::new(&world).await;
            let id = loan.begin(json!({})).await;
            let root = world.root();
            loan.by(&root, "GET", "", Value::Null).await.ok();
            let before = world.mails().len();
            let who = if by_partner { &loan.partner } else { &root };
            let ended = loan
                .by(who, "DELETE", &format!("/delegates/{id}"), Value::Null)
                .await;
            assert_eq!(ended.status, 204, "{}", ended.text);
            assert_eq!(loan.by(&root, "GET", "", Value::Null).await.status, 404);
            assert!(!listed(&root).await.contains(&loan.account));
            assert_eq!(loan.list(&loan.partner).await, json!([]));
            world.work().await;
            let told: Vec<String> = world.mails()[before..]
                .iter()
                .map(|mail| mail.to.clone())
                .collect();
            assert_eq!(told, ["root@example.com", "it@customer.example"]);
        }
    }
}

#[tokio::test]
async fn a_suspended_account_stays_lent_as_it_is() {
    for world in worlds().await {
        let loan = Loan::new(&world).await;
        let id = loan.begin(json!({})).await;
        let path = format!("/delegates/{id}");
        world.set_life(&loan.account, Life::Suspended).await;
        loan.by(&world.root(), "GET", "", Value::Null).await.ok();
        for ended in [
            loan.by_partner("DELETE", &path, Value::Null).await,
            loan.by(&world.root(), "DELETE", &path, Value::Null).await,
        ] {
            assert_eq!((ended.status, ended.code()), (403, "ForbiddenException"));
        }
        world.set_life(&loan.account, Life::Active).await;
        loan.by(&world.root(), "GET", "", Value::Null).await.ok();
        assert_eq!(loan.by_partner("DELETE", &path, Value::Null).await.status, 204);
        assert_eq!(loan.by(&world.root(), "GET", "", Value::Null).await.status, 404);
    }
}

#[tokio::test]
async fn a_mail_about_a_suspended_account_is_not_sent() {
    let world = sqlite().await;
    let loan = Loan::new(&world).await;
    let body = json!({ "Email": "it@customer.example" });
    let made = loan.by_partner("POST", "/delegates", body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    world.set_life(&loan.account, Life::Suspended).await;
    world.work().await;
    assert!(world.mails().is_empty(), "what it asks for would be refused");
}

#[tokio::test]
async fn a_delegate_does_not_see_the_owners_other_accounts_in_a_preview() {
    for world in worlds().await {
        let loan = Loan::new(&world).await;
        loan.begin(json!({})).await;
        let customer = world.root();
        let added = loan
            .by(
                &customer,
                "POST",
                "/domains",
                json!({ "DomainName": "example.com" }),
            )
            .await;
        assert_eq!(added.status, 201, "{}", added.text);
        let effects = loan
            .by(&customer, "GET", "/domains/example.com/effects", Value::Null)
            .await;
        assert_eq!(
            effects.ok()["DomainEffects"]["Claim"],
            json!({ "OwnInvitationsEnding": 0, "ForeignMembersStaying": 0 })
        );
        let effects = loan
            .by_partner("GET", "/domains/example.com/effects", Value::Null)
            .await;
        assert_eq!(effects.ok()["DomainEffects"]["Claim"]["TeamMembersJoining"], 0);
    }
}

#[tokio::test]
async fn a_boundary_holds_for_everybody_and_does_not_show_its_text() {
    for world in worlds().await {
        let loan = Loan::new(&world).await;
        let id = loan
            .begin(boundary(&["chime:GetAccount", "chime:ListUsers"]))
            .await;
        let root = world.root();
        let reader = world.server.as_user("reader", &["AmazonChimeReadOnly"]).await;
        for who in [&root, &reader] {
            loan.by(who, "GET", "", Value::Null).await.ok();
            let refused = loan.by(who, "GET", "/settings", Value::Null).await;
            assert_eq!((refused.status, refused.code()), (403, "AccessDeniedException"));
            assert!(
                refused
                    .text
                    .contains("because no resource-based policy allows the chime:GetAccountSettings action"),
                "{}",
                refused.text
            );
        }
        let rename = loan
            .by(&reader, "POST", "?operation=rename", json!({ "Name": "x" }))
            .await;
        assert_eq!(rename.code(), "AccessDeniedException");
        let trail = world
            .event(ACCOUNT, "GetAccountSettings")
            .await
            .unwrap()
            .to_string();
        assert!(
            trail.contains("resource-based policy") && !trail.contains("OnlyThese"),
            "{trail}"
        );
        let seen = loan.list(&root).await;
        assert_eq!(seen[0]["HasBoundaryPolicy"], true);
        assert!(seen[0].get("BoundaryPolicy").is_none());
        let owners = loan.list(&loan.partner).await;
        assert!(text(&owners[0]["BoundaryPolicy"]).contains("OnlyThese"));
        // Nor does a list tell who belongs to the account.
        let added = json!({ "UserEmailList": ["ada@example.com"] });
        loan.by_partner("POST", "/users?operation=add", added).await.ok();
        let of_ada = world.get("/accounts?user-email=ada@example.com").await;
        assert_eq!(of_ada["Accounts"], json!([]));
        assert_eq!(listed(&root).await, Vec::<String>::new(), "nor that there is one");
        // It binds the borrower, not the lender, and keeps nobody from leaving.
        loan.by_partner("GET", "/settings", Value::Null).await.ok();
        let ended = loan
            .by(&root, "DELETE", &format!("/delegates/{id}"), Value::Null)
            .await;
        assert_eq!(ended.status, 204, "{}", ended.text);
    }
}

#[tokio::test]
async fn an_explicit_deny_of_the_boundary_says_so() {
    let world = sqlite().await;
    let loan = Loan::new(&world).await;
    let document = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "*", "Resource": "*" },
        { "Effect": "Deny", "Action": "chime:GetAccountSettings", "Resource": "*",
          "Condition": { "StringEquals": { "aws:username": "reader" } } },
    ] });
    loan.begin(json!({ "BoundaryPolicy": document.to_string() }))
        .await;
    let reader = world.server.as_user("reader", &["AmazonChimeReadOnly"]).await;
    let refused = loan.by(&reader, "GET", "/settings", Value::Null).await;
    assert!(
        refused
            .text
            .contains("with an explicit deny in a resource-based policy"),
        "{}",
        refused.text
    );
    loan.by(&world.root(), "GET", "/settings", Value::Null).await.ok();
}

#[tokio::test]
async fn a_policy_tells_own_from_lent_accounts() {
    let world = sqlite().await;
    let loan = Loan::new(&world).await;
    loan.begin(json!({})).await;
    let mine = world.account("Own").await;
    let only = |value: &str| {
        json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Action": "chime:GetAccount",
            "Resource": "*", "Condition": { "StringEquals": { "aws:ResourceAccount": value } } } })
        .to_string()
    };
    let partner = loan.by_partner("GET", "", Value::Null).await;
    let partner = text(&partner.ok()["Account"]["AwsAccountId"]);
    let lent = world.server.as_user("lent", &[&only(&partner)]).await;
    let own = world.server.as_user("own", &[&only(ACCOUNT)]).await;
    let mine = format!("/accounts/{mine}");
    loan.by(&lent, "GET", "", Value::Null).await.ok();
    assert_eq!(lent.rest("chime", "GET", &mine, Value::Null).await.status, 403);
    own.rest("chime", "GET", &mine, Value::Null).await.ok();
    assert_eq!(loan.by(&own, "GET", "", Value::Null).await.status, 403);
}

#[tokio::test]
async fn both_trails_have_what_a_delegate_does() {
    for world in worlds().await {
        let loan = Loan::new(&world).await;
        let id = loan.begin(boundary(&["chime:*"])).await;
        let read = loan.by_partner("GET", "", Value::Null).await;
        let partner = text(&read.ok()["Account"]["AwsAccountId"]);
        for trail in [ACCOUNT, &partner] {
            let event = world.event(trail, "AcceptDelegate").await.unwrap();
            assert_eq!(event["recipientAccountId"], trail);
            assert_eq!(
                event["requestParameters"]["invitationToken"],
                "HIDDEN_DUE_TO_SECURITY_REASONS"
            );
        }
        world.server.clock().advance(Duration::from_secs(1));
        let clerk = world.server.as_user("clerk", &["AmazonChimeFullAccess"]).await;
        loan.by(&clerk, "POST", "?operation=rename", json!({ "Name": "Cakes" }))
            .await
            .ok();
        let own = world.event(ACCOUNT, "RenameAccount").await.unwrap();
        let copy = world.event(&partner, "RenameAccount").await.unwrap();
        assert_eq!(own["sharedEventID"], copy["sharedEventID"]);
        assert_ne!(own["eventID"], copy["eventID"]);
        assert_eq!(own["userIdentity"]["userName"], "clerk");
        assert_eq!(copy["userIdentity"]["type"], "AWSAccount");
        assert_eq!(copy["userIdentity"]["accountId"], ACCOUNT);
        assert!(copy["userIdentity"].get("arn").is_none() && copy["userIdentity"].get("userName").is_none());
        let mark = json!({ "delegation": { "delegateId": id, "awsAccountId": ACCOUNT } });
        assert_eq!(copy["additionalEventData"], mark);
        assert!(own["additionalEventData"].get("delegation").is_none());

        // Refusals: by a rule, and by the caller's own policies, whose words stay at home.
        loan.by(&clerk, "DELETE", "", Value::Null).await;
        let copy = world.event(&partner, "DeleteAccount").await.unwrap();
        assert_eq!(copy["errorCode"], "ForbiddenException");
        assert_eq!(copy["additionalEventData"], mark);
        let reader = world.server.as_user("reader", &["AmazonChimeReadOnly"]).await;
        loan.by(
            &reader,
            "POST",
            "/users?operation=add",
            json!({ "UserEmailList": ["a@example.com"] }),
        )
        .await;
        let copy = world.event(&partner, "InviteUsers").await.unwrap();
        assert_eq!(copy["errorCode"], "AccessDenied");
        assert!(copy.get("errorMessage").is_none(), "{copy}");
        assert_eq!(copy["additionalEventData"], mark);

        // What the owner does is marked in nobody's trail, and reaches the delegate's only where it concerns it.
        world.server.clock().advance(Duration::from_secs(1));
        loan.by_partner("GET", "/settings", Value::Null).await.ok();
        assert!(world.event(ACCOUNT, "GetAccountSettings").await.is_none());
        let ended = format!("/delegates/{id}");
        loan.by_partner("DELETE", &ended, Value::Null).await;
        let own = world.event(&partner, "DeleteDelegate").await.unwrap();
        let copy = world.event(ACCOUNT, "DeleteDelegate").await.unwrap();
        assert_eq!(own["sharedEventID"], copy["sharedEventID"]);
        assert_eq!(copy["userIdentity"]["accountId"], partner.as_str());
        assert!(copy.get("additionalEventData").is_none());
    }
}

#[tokio::test]
async fn invitations_expire_and_are_renewed() {
    for world in worlds().await {
        let loan = Loan::new(&world).await;
        let (delegate, token) = loan.invite(json!({})).await;
        let renew = format!("/delegates/{}?operation=renew", text(&delegate["DelegateId"]));
        world.server.clock().advance(7 * DAY);
        assert_eq!(accept(&world, &token).await.status, 409);
        assert_eq!(loan.list(&loan.partner).await[0]["Status"], "Expired");
        let renewed = loan.by_partner("POST", &renew, json!({})).await;
        assert_eq!(renewed.ok()["Delegate"]["Status"], "Pending");
        assert_eq!(accept(&world, &token).await.status, 404, "the old token is void");
        world.work().await;
        let token = token_in(&world.mails().pop().unwrap());
        accept(&world, &token).await.ok();
        assert_eq!(loan.by_partner("POST", &renew, json!({})).await.status, 409);

        let (delegate, token) = loan.invite(json!({})).await;
        assert_eq!(accept(&world, &token).await.status, 409, "it has it already");
        let taken_back = format!("/delegates/{}", text(&delegate["DelegateId"]));
        assert_eq!(
            loan.by_partner("DELETE", &taken_back, Value::Null).await.status,
            204
        );
        assert_eq!(accept(&world, &token).await.status, 404);
    }
}

#[tokio::test]
async fn a_delegation_ends_when_it_was_to() {
    for world in worlds().await {
        let loan = Loan::new(&world).await;
        let end = "2026-03-02T12:00:00Z";
        let id = loan.begin(json!({ "EndTimestamp": end })).await;
        let root = world.root();
        loan.by(&root, "GET", "", Value::Null).await.ok();
        world.server.clock().advance(DAY - Duration::from_millis(1));
        loan.by(&root, "GET", "", Value::Null).await.ok();
        world.server.clock().advance(Duration::from_millis(1));
        assert_eq!(loan.by(&root, "GET", "", Value::Null).await.status, 404);
        assert_eq!(listed(&root).await, Vec::<String>::new());
        assert_eq!(loan.list(&loan.partner).await, json!([]));
        let before = world.mails().len();
        world.work().await;
        world.work().await;
        assert!(
            world.mails()[before]
                .text
                .contains("the time that was set has passed")
        );
        let partner = loan.by_partner("GET", "", Value::Null).await;
        let partner = text(&partner.ok()["Account"]["AwsAccountId"]);
        for trail in [ACCOUNT, &partner] {
            let event = world.event(trail, "EndDelegate").await.unwrap();
            assert_eq!(event["serviceEventDetails"]["delegateId"], id.as_str());
        }
        // The same AWS account may be invited again.
        loan.begin(json!({})).await;
        loan.by(&root, "GET", "", Value::Null).await.ok();
    }
}

#[tokio::test]
async fn a_deleted_account_is_lent_to_nobody() {
    for world in worlds().await {
        let loan = Loan::new(&world).await;
        loan.begin(json!({})).await;
        let (_, token) = loan.invite(json!({})).await;
        let root = world.root();
        assert_eq!(loan.by_partner("DELETE", "", Value::Null).await.status, 204);
        assert_eq!(loan.by(&root, "GET", "", Value::Null).await.status, 404);
        assert_eq!(listed(&root).await, Vec::<String>::new());
        assert_eq!(accept(&world, &token).await.status, 404);
        world.work().await;
        let event = world.event(ACCOUNT, "EndDelegate").await.unwrap();
        assert_eq!(event["serviceEventDetails"]["accountId"], loan.account.as_str());
        // It does not come back with the account.
        let mut tx = world.server.store().write().await.unwrap();
        let (entropy, now) = (world.entropy(), world.server.environment().clock.now());
        let active = "Active".parse().unwrap();
        carillon_chime::account::operator::set_status(&mut tx, &loan.account, active, entropy, now)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        assert_eq!(loan.by(&root, "GET", "", Value::Null).await.status, 404);
        assert_eq!(loan.list(&loan.partner).await, json!([]));
    }
}

#[tokio::test]
async fn bad_invitations_are_refused() {
    let world = sqlite().await;
    let loan = Loan::new(&world).await;
    for (body, part) in [
        (json!({}), "email"),
        (json!({ "Email": "no address" }), "email"),
        (
            json!({ "Email": "a@example.com\r\nBcc: eve@example.com" }),
            "email",
        ),
        (
            json!({ "Email": "a@example.com", "Reason": "a\u{85}b" }),
            "Reason",
        ),
        (
            json!({ "Email": "a@example.com", "Reason": "x".repeat(501) }),
            "reason",
        ),
        (
            json!({ "Email": "a@example.com", "EndTimestamp": "2026-03-01T12:00:00Z" }),
            "EndTimestamp",
        ),
        (
            json!({ "Email": "a@example.com", "BoundaryPolicy": "{}" }),
            "BoundaryPolicy",
        ),
        (
            json!({ "Email": "a@example.com", "BoundaryPolicy": "x".repeat(20_481) }),
            "boundaryPolicy",
        ),
    ] {
        let answer = loan.by_partner("POST", "/delegates", body).await;
        assert_eq!(
            (answer.status, answer.code()),
            (400, "BadRequestException"),
            "{part}: {}",
            answer.text
        );
        assert!(answer.text.contains(part), "{part}: {}", answer.text);
    }
    for _ in 0..10 {
        loan.invite(json!({})).await;
    }
    let answer = loan
        .by_partner("POST", "/delegates", json!({ "Email": "a@example.com" }))
        .await;
    assert_eq!(answer.code(), "ResourceLimitExceededException");
    let pages = loan
        .by_partner("GET", "/delegates?max-results=6", Value::Null)
        .await;
    assert_eq!(pages.ok()["Delegates"].as_array().unwrap().len(), 6);
    let rest = format!(
        "/delegates?max-results=6&next-token={}",
        text(&pages.ok()["NextToken"])
    );
    let rest = loan.by_partner("GET", &rest, Value::Null).await;
    assert_eq!(rest.ok()["Delegates"].as_array().unwrap().len(), 4);
    assert!(rest.ok().get("NextToken").is_none());

    let (_, token) = {
        let other = Loan::new(&world).await;
        other.invite(json!({})).await
    };
    let owner = loan.partner.rest(
        "chime",
        "POST",
        "/delegates?operation=accept",
        json!({ "InvitationToken": "x".repeat(43) }),
    );
    assert_eq!(owner.await.status, 404);
    let short = accept(&world, &token[..19]).await;
    assert_eq!(short.status, 400);
    assert!(!short.text.contains(&token[..19]));
}

#[tokio::test]
async fn the_owner_does_not_accept_its_own_invitation() {
    let world = sqlite().await;
    let loan = Loan::new(&world).await;
    let (_, token) = loan.invite(json!({})).await;
    let body = json!({ "InvitationToken": token });
    let answer = loan
        .partner
        .rest("chime", "POST", "/delegates?operation=accept", body)
        .await;
    assert_eq!(
        (answer.status, answer.code()),
        (403, "ForbiddenException"),
        "{}",
        answer.text
    );
    accept(&world, &token).await.ok();
}

#[tokio::test]
async fn lists_page_over_own_and_lent_accounts() {
    for world in worlds().await {
        let mut expected = Vec::new();
        for number in 0..9 {
            world.server.clock().advance(Duration::from_millis(1));
            if number % 3 == 2 {
                // Of these the partner lets nobody know.
                let loan = Loan::new(&world).await;
                loan.begin(boundary(&["chime:GetAccount"])).await;
            } else if number % 3 == 0 {
                expected.push(world.account("Own").await);
            } else {
                let loan = Loan::new(&world).await;
                loan.begin(json!({})).await;
                expected.push(loan.account.clone());
            }
        }
        let (mut found, mut next) = (Vec::new(), String::new());
        loop {
            let page = world.get(&format!("/accounts?max-results=2{next}")).await;
            let accounts = page["Accounts"].as_array().unwrap();
            assert!(accounts.len() <= 2);
            found.extend(accounts.iter().map(|account| text(&account["AccountId"])));
            match page.get("NextToken") {
                Some(token) => next = format!("&next-token={}", text(token)),
                None => break,
            }
        }
        assert_eq!(found, expected);
        let named = world.get("/accounts?name=pie").await;
        assert_eq!(named["Accounts"].as_array().unwrap().len(), 3);
    }
}
