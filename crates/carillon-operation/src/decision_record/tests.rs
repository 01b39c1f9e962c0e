use carillon_aws::secret::Secret;
use carillon_aws::time::TestEntropy;
use carillon_policy::{Attached, Context as _, Document, Policies, Principal};
use carillon_store::Store;

use tempfile::TempDir;

use super::*;
use crate::audit::Facts;
use crate::authorize::RequestContext;
use crate::caller::{CallerKind, SamlSubject, SecondFactor, Session, TransportSecurity, WebIdentity};
use crate::{Place, Registry};

const ACCOUNT: &str = "111122223333";

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let pairs = pairs.iter();
    pairs
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

fn call(now: Timestamp) -> Call {
    Call {
        request_id: crate::audit::event_id(now, &TestEntropy::seeded(3)),
        now,
        source_ip: "::ffff:192.0.2.7".parse().unwrap(),
        user_agent: Some("aws-cli/2".to_owned()),
        referer: Some("https://example.com/a".to_owned()),
        host: "chime.example.com".to_owned(),
        tls: Some(TransportSecurity::AtProxy),
        from_console: false,
    }
}

/// The session of a role, with everything that a session can have.
fn role_session(now: Timestamp) -> Caller {
    let (arn, role_arn) = (
        format!("arn:aws:sts::{ACCOUNT}:assumed-role/Helpdesk/ana"),
        format!("arn:aws:iam::{ACCOUNT}:role/support/Helpdesk"),
    );
    Caller {
        aws_account_id: ACCOUNT.parse().unwrap(),
        kind: CallerKind::RoleSession {
            role_id: "AROAEXAMPLE".to_owned(),
            role_name: "Helpdesk".to_owned(),
            role_arn: role_arn.clone(),
            session_name: "ana".to_owned(),
        },
        arn: arn.clone(),
        user_id: "AROAEXAMPLE:ana".to_owned(),
        principal: Principal::RoleSession {
            arn,
            role_arn,
            account: ACCOUNT.to_owned(),
            role_id: Some("AROAEXAMPLE".to_owned()),
        },
        access_key_id: "ASIAEXAMPLE".to_owned(),
        tags: pairs(&[("Team", "red"), ("Größe", "XL")]),
        session: Some(Session {
            issued_at: Timestamp::from_seconds(now.as_seconds() - 100),
            expires_at: Timestamp::from_seconds(now.as_seconds() + 100),
            multi_factor_at: Some(Timestamp::from_micros(now.as_micros() - 60_500_000)),
            source_identity: Some("ada".to_owned()),
            federated_provider: None,
            transitive_tags: Vec::new(),
            of_get_session_token: false,
        }),
    }
}

fn user() -> Caller {
    let arn = format!("arn:aws:iam::{ACCOUNT}:user/ana");
    Caller {
        aws_account_id: ACCOUNT.parse().unwrap(),
        kind: CallerKind::User {
            id: "AIDAEXAMPLE".to_owned(),
            name: "ana".to_owned(),
        },
        arn: arn.clone(),
        user_id: "AIDAEXAMPLE".to_owned(),
        principal: Principal::User {
            arn,
            account: ACCOUNT.to_owned(),
            unique_id: Some("AIDAEXAMPLE".to_owned()),
        },
        access_key_id: "AKIAEXAMPLE".to_owned(),
        tags: Vec::new(),
        session: None,
    }
}

/// Somebody whom an identity provider vouches for.
fn vouched_for(saml: Option<SamlSubject>) -> Caller {
    let provider = match &saml {
        Some(_) => format!("arn:aws:iam::{ACCOUNT}:saml-provider/Corp"),
        None => format!("arn:aws:iam::{ACCOUNT}:oidc-provider/login.example.com"),
    };
    Caller {
        aws_account_id: ACCOUNT.parse().unwrap(),
        arn: provider.clone(),
        user_id: "somewhere:ben".to_owned(),
        principal: Principal::WebIdentity {
            provider: provider.clone(),
        },
        kind: CallerKind::WebIdentity(WebIdentity {
            provider,
            issuer: "https://login.example.com".to_owned(),
            subject: "ben".to_owned(),
            audience: "app".to_owned(),
            claims: Vec::new(),
            tags: Vec::new(),
            transitive_tag_keys: Vec::new(),
            source_identity: None,
            saml: saml.map(Box::new),
        }),
        access_key_id: String::new(),
        tags: Vec::new(),
        session: None,
    }
}

fn saml_subject() -> SamlSubject {
    SamlSubject {
        assertion_id: "_a".to_owned(),
        subject_type: "persistent".to_owned(),
        name_qualifier: "bdGOnTesti4+ExamplexL/jEvs=".to_owned(),
        session_name: "ben".to_owned(),
        at_most: None,
    }
}

fn target() -> Target {
    let mut target = Target::on(format!("arn:aws:iam::{ACCOUNT}:role/other"));
    target.owner = Some("444455556666".parse().unwrap());
    target.tags = pairs(&[("Stage", "test")]);
    target.request_tags = pairs(&[("Cost", "1"), ("cost", "2")]);
    target.tag_keys = vec!["Cost".to_owned()];
    target.keys = vec![("iam:policyarn", "arn:aws:iam::aws:policy/X".to_owned())];
    target.multivalued_keys = vec![("sts:transitivetagkeys", vec!["a".to_owned(), "b".to_owned()])];
    target
}

/// What the trail keeps of a request, read back.
async fn kept(
    call: &Call,
    caller: &Caller,
    target: &Target,
    policies: Policies,
) -> (TempDir, Store, Recorded) {
    let standing = Standing::of(&policies, &caller.tags);
    let mut resource_policies = Vec::new();
    let asked = (vec!["sts:AssumeRole"], target);
    let basis = Basis::of(call, caller, asked, standing.digest(), &mut resource_policies).text();
    let mut event = Facts {
        call,
        entropy: &TestEntropy::seeded(4),
        source: "sts.amazonaws.com",
        name: "AssumeRole",
        read_only: false,
        identity: Ok(caller),
        request_parameters: None,
        response_elements: None,
        error: None,
        decision: None,
        resource: None,
    }
    .event();
    event.basis = Some(basis);
    event.snapshots = standing
        .snapshots()
        .iter()
        .cloned()
        .chain(resource_policies)
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&format!("sqlite:{}", folder.path().join("carillon.db").display()))
        .await
        .unwrap();
    event.append(&store).await.unwrap();
    let account = caller.aws_account_id;
    let found = Recorded::find(&mut store.read().await.unwrap(), account, &call.request_id).await;
    (folder, store, found.unwrap().unwrap())
}

#[tokio::test]
async fn the_context_is_the_same_as_when_it_was_decided() {
    let now = Timestamp::from_micros(1_700_000_000_123_456);
    let call = call(now);
    let mut with_second_factor = target();
    with_second_factor.second_factor = Some(SecondFactor {
        serial_number: format!("arn:aws:iam::{ACCOUNT}:mfa/phone"),
        code: Secret::new("123456".to_owned()),
    });
    for (caller, target) in [
        (role_session(now), target()),
        (user(), target()),
        (user(), with_second_factor),
        (vouched_for(None), target()),
        (vouched_for(Some(saml_subject())), target()),
    ] {
        let (_folder, store, recorded) = kept(&call, &caller, &target, Policies::new()).await;
        let registry = Registry::new(&[]);
        let taken_from = recorded
            .taken_from(
                &mut store.read().await.unwrap(),
                &mut Archive::default(),
                &registry,
            )
            .await
            .unwrap()
            .unwrap();
        assert_eq!(taken_from.principal, caller.principal);
        let [asked] = &taken_from.asked[..] else {
            panic!("{taken_from:?}")
        };
        let live = RequestContext {
            call: &call,
            caller: &caller,
            target: &target,
            owner: target.owner.unwrap(),
        };
        let named = [
            "aws:currenttime",
            "aws:epochtime",
            "aws:sourceip",
            "aws:securetransport",
            "aws:useragent",
            "aws:referer",
            "aws:requestedregion",
            "aws:principalarn",
            "aws:principalaccount",
            "aws:principaltype",
            "aws:userid",
            "aws:username",
            "aws:principalisawsservice",
            "aws:viaawsservice",
            "aws:multifactorauthpresent",
            "aws:multifactorauthage",
            "aws:tokenissuetime",
            "aws:sourceidentity",
            "aws:resourceaccount",
            "aws:tagkeys",
            "aws:principaltag/team",
            "aws:principaltag/größe",
            "aws:resourcetag/stage",
            "iam:resourcetag/stage",
            "aws:requesttag/cost",
            "iam:policyarn",
            "sts:transitivetagkeys",
            "sts:externalid",
        ];
        for key in asked.context.keys().iter().map(String::as_str).chain(named) {
            assert_eq!(asked.context.get(key), live.get(key), "{key}");
        }
        assert_eq!(asked.owner, "444455556666");
    }
}

#[tokio::test]
async fn policies_come_back_with_their_place_and_are_kept_once() {
    let document = |action: &str| {
        let text =
            format!(r#"{{"Statement": {{"Effect": "Allow", "Action": "{action}", "Resource": "*"}}}}"#);
        Arc::new(Document::lenient_text(&text).unwrap())
    };
    let group = format!("arn:aws:iam::{ACCOUNT}:group/staff");
    let (one, two) = (document("chime:ListUsers"), document("chime:ListGroups"));
    let policies = Policies::new()
        .identity(vec![
            Attached::inline("own", Arc::clone(&one)).held_by(user().arn),
            Attached::managed("arn:aws:iam::aws:policy/Two", Arc::clone(&two)).held_by(group.clone()),
        ])
        .boundary(vec![Attached::managed("arn:aws:iam::aws:policy/Two", two)]);
    let mut target = Target::any();
    target.resource_policy = Some(Arc::new(Attached::inline("trust", one)));
    let call = call(Timestamp::from_seconds(1_700_000_000));
    let (_folder, store, recorded) = kept(&call, &user(), &target, policies.clone()).await;
    let mut tx = store.read().await.unwrap();
    // Two documents, and what names them.
    let count = "SELECT COUNT(*) FROM decision_snapshot";
    assert_eq!(tx.fetch_number(count, &[]).await.unwrap(), 3);

    let registry = Registry::new(&[]);
    let taken_from = recorded
        .taken_from(&mut tx, &mut Archive::default(), &registry)
        .await
        .unwrap()
        .unwrap();
    let shown = |policies: &Policies| -> Vec<_> {
        let policies = policies.attached();
        policies
            .map(|(kind, policy)| {
                let holder = policy
                    .holder
                    .as_deref()
                    .filter(|_| kind == carillon_policy::PolicyKind::Identity);
                (
                    kind,
                    policy.name.clone(),
                    policy.arn.clone(),
                    holder.map(str::to_owned),
                    policy.document.text().to_owned(),
                )
            })
            .collect()
    };
    assert_eq!(
        shown(&taken_from.standing.policies(&user().arn)),
        shown(&policies)
    );
    assert_eq!(
        &*taken_from.asked[0].resource_policy.as_ref().unwrap().name,
        "trust"
    );
}

#[tokio::test]
async fn a_decision_whose_snapshots_are_gone_is_not_taken_again() {
    let call = call(Timestamp::from_seconds(1_700_000_000));
    let (_folder, store, recorded) = kept(&call, &user(), &Target::any(), Policies::new()).await;
    let mut tx = store.write().await.unwrap();
    tx.execute("DELETE FROM decision_snapshot", &[]).await.unwrap();
    let registry = Registry::new(&[]);
    let taken_from = recorded
        .taken_from(&mut tx, &mut Archive::default(), &registry)
        .await;
    assert!(taken_from.unwrap().is_none());
}

#[tokio::test]
async fn a_request_is_found_by_its_identifier_only() {
    let call = call(Timestamp::from_seconds(1_700_000_000));
    let (_folder, store, recorded) = kept(&call, &user(), &Target::any(), Policies::new()).await;
    let mut tx = store.read().await.unwrap();
    let account = recorded.aws_account_id;
    let other = crate::audit::event_id(call.now, &TestEntropy::seeded(9));
    for id in [
        other.as_str(),
        "",
        "2b9d7a34-8b25-4c0f-9d5f-3f2f1d0c8e11",
        recorded.place.id.as_str(),
    ] {
        assert!(
            Recorded::find(&mut tx, account, id).await.unwrap().is_none(),
            "{id}"
        );
    }
    let elsewhere = Recorded::find(&mut tx, "444455556666".parse().unwrap(), &call.request_id).await;
    assert!(elsewhere.unwrap().is_none());
    let everybody = Place::after(Timestamp::MAX);
    for (name, count) in [(None, 1), (Some("ana"), 1), (Some("bob"), 0)] {
        let found = Recorded::list_before(&mut tx, account, name, Timestamp::EPOCH, &everybody, 10).await;
        assert_eq!(found.unwrap().len(), count, "{name:?}");
    }
}

#[test]
fn what_was_written_is_written_again_after_a_day() {
    let now = Timestamp::from_seconds(1_700_000_000);
    let decided = || Decided {
        decision: Decision::Allowed { by: None },
        standing: Arc::new(Standing::of(&Policies::new(), &pairs(&[("a", "b")]))),
        resource_policies: vec![Snapshot::of("{}"), Snapshot::of("{}")],
        basis: String::new(),
    };
    let snapshots = Snapshots::default();
    let unwritten = snapshots.unwritten(&decided(), now);
    assert_eq!(unwritten.len(), 2);
    snapshots.written(&unwritten, now);
    assert_eq!(
        snapshots.unwritten(&decided(), now + SEEN_EVERY - Duration::from_secs(1)),
        []
    );
    assert_eq!(snapshots.unwritten(&decided(), now + SEEN_EVERY).len(), 2);
}

#[test]
fn callers_with_the_same_policies_share_a_snapshot() {
    let document = Arc::new(Document::lenient_text("{}").unwrap());
    let of = |name: &str| {
        let holder = format!("arn:aws:iam::{ACCOUNT}:user/{name}");
        let policy = Attached::inline("own", Arc::clone(&document)).held_by(holder);
        Standing::of(&Policies::new().identity(vec![policy]), &[])
            .digest()
            .to_owned()
    };
    assert_eq!(of("ana"), of("bob"));
}
