//! What a delegation lets the delegate do, as the policy of the account that is lent.
//!
//! On AWS whoever acts on the resource of another account must be allowed by both sides: by its own policies, and by
//! the policy of the resource. A delegation is that second policy. It trusts the AWS account of the delegate, within
//! the boundary that the owner set.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use carillon_aws::id::AwsAccountId;
use carillon_operation::Fault;
use carillon_policy::{Attached, Document, PolicyType};
use serde_json::{Value, json};

/// Source: IAM User Guide, "IAM and AWS STS quotas": characters of a managed policy, white space not counted.
pub(crate) const SIZE: usize = 6_144;

/// A boundary does not keep anybody from seeing and ending its own delegation.
const ALWAYS: [&str; 2] = ["chime:DeleteDelegate", "chime:ListDelegates"];

/// Policies that are remembered. When there are more, all are forgotten and compiled once more.
const KNOWN: usize = 1_000;

/// A policy, and what it was made from.
struct Made {
    delegate: AwsAccountId,
    boundary: Option<String>,
    policy: Arc<Attached>,
}

/// Compiled policies by delegation. What is remembered is compared with what the database says.
static MADE: LazyLock<Mutex<HashMap<String, Made>>> = LazyLock::new(Mutex::default);

/// Checks a boundary as IAM checks a policy before it stores it.
///
/// # Errors
///
/// What is wrong with it.
pub(crate) fn check(boundary: &str) -> Result<(), String> {
    if Document::size(boundary) > SIZE {
        return Err(format!("it is longer than {SIZE} characters"));
    }
    Document::parse(boundary, PolicyType::Identity, true).map_err(|malformed| malformed.message)?;
    // The delegate's AWS account does not change what is wrong with it.
    Document::parse(
        &policy("000000000000", Some(boundary))?,
        PolicyType::Resource,
        true,
    )
    .map_err(|malformed| malformed.message)?;
    Ok(())
}

/// The policy that a request of the delegate is decided by, besides the caller's own.
pub(crate) fn of(
    delegate_id: &str,
    delegate: AwsAccountId,
    boundary: Option<&str>,
    action: &str,
) -> Result<Arc<Attached>, Fault> {
    if boundary.is_some() && ALWAYS.contains(&action) {
        return make(delegate_id, delegate, None);
    }
    let is_same = |made: &&Made| made.delegate == delegate && made.boundary.as_deref() == boundary;
    let mut known = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(made) = known.get(delegate_id).filter(is_same) {
        return Ok(Arc::clone(&made.policy));
    }
    let policy = make(delegate_id, delegate, boundary)?;
    if known.len() >= KNOWN {
        known.clear();
    }
    known.insert(
        delegate_id.to_owned(),
        Made {
            delegate,
            boundary: boundary.map(str::to_owned),
            policy: Arc::clone(&policy),
        },
    );
    Ok(policy)
}

fn make(delegate_id: &str, delegate: AwsAccountId, boundary: Option<&str>) -> Result<Arc<Attached>, Fault> {
    let text = policy(delegate.as_str(), boundary).map_err(Fault::internal)?;
    let document = Document::parse(&text, PolicyType::Resource, true)
        .map_err(|malformed| Fault::internal(malformed.message))?;
    Ok(Arc::new(Attached::inline(delegate_id, Arc::new(document))))
}

/// The text of the policy: the boundary, for the AWS account of the delegate. Statements lose their names, which the
/// delegate would see in its trail.
fn policy(delegate: &str, boundary: Option<&str>) -> Result<String, String> {
    let mut document = match boundary {
        Some(text) => serde_json::from_str(text).map_err(|error| error.to_string())?,
        None => json!({
            "Version": "2012-10-17",
            "Statement": { "Effect": "Allow", "Action": "chime:*", "Resource": "*" },
        }),
    };
    let trust = |statement: &mut Value| {
        if let Some(statement) = statement.as_object_mut() {
            statement.remove("Sid");
            statement.insert("Principal".to_owned(), json!({ "AWS": delegate }));
        }
    };
    match document.get_mut("Statement") {
        Some(Value::Array(statements)) => statements.iter_mut().for_each(trust),
        Some(statement) => trust(statement),
        None => return Err("it has no statement".to_owned()),
    }
    Ok(document.to_string())
}

#[cfg(test)]
mod tests {
    use carillon_policy::{Decision, Policies, PolicyKind, Principal, Request, decide};

    use super::*;

    const DELEGATE: &str = "222222222222";
    const OWNER: &str = "111111111111";

    fn allow(action: &str) -> Arc<Document> {
        let text = json!({ "Version": "2012-10-17",
            "Statement": { "Effect": "Allow", "Action": action, "Resource": "*" } });
        Arc::new(Document::parse(&text.to_string(), PolicyType::Identity, true).unwrap())
    }

    fn ask(principal: &str, own: &str, boundary: Option<&str>, action: &str) -> Decision {
        let terms = of("d", DELEGATE.parse().unwrap(), boundary, action).unwrap();
        let principal: Principal = principal.parse().unwrap();
        let request = Request {
            principal: &principal,
            actions: &[action],
            resource: "*",
            resource_account: Some(OWNER),
            resource_policy: Some(&terms),
            context: &[("aws:username", "ada")],
        };
        let own = Policies::new().identity(vec![Attached::inline("own", allow(own))]);
        decide(&request, &own)
    }

    const USER: &str = "arn:aws:iam::222222222222:user/ada";
    const ROOT: &str = "arn:aws:iam::222222222222:root";
    const SESSION: &str = "arn:aws:sts::222222222222:assumed-role/Helpdesk/ada";
    const READ: &str = r#"{"Version": "2012-10-17", "Statement": [
        {"Sid": "Secret", "Effect": "Allow", "Action": "chime:Get*", "Resource": "*"},
        {"Effect": "Deny", "Action": "chime:GetUser", "Resource": "*"}]}"#;

    #[test]
    fn both_sides_must_allow_whoever_asks() {
        for who in [USER, ROOT, SESSION] {
            let own = |action, boundary| ask(who, "chime:*", boundary, action);
            assert!(own("chime:GetAccount", None).is_allowed(), "{who}");
            assert!(own("chime:GetAccount", Some(READ)).is_allowed(), "{who}");
            assert_eq!(
                own("chime:RenameAccount", Some(READ)),
                Decision::ImplicitlyDenied {
                    missing: PolicyKind::Resource
                },
                "{who}"
            );
            let denied = own("chime:GetUser", Some(READ));
            let Decision::ExplicitlyDenied { by } = denied else {
                panic!("{who}: {denied:?}")
            };
            assert_eq!((by.kind, by.sid), (PolicyKind::Resource, None), "{who}");
        }
        assert!(!ask(USER, "chime:List*", None, "chime:GetAccount").is_allowed());
        assert!(!ask(USER, "iam:*", None, "iam:GetUser").is_allowed());
    }

    #[test]
    fn a_delegation_is_of_one_aws_account() {
        let stranger = "arn:aws:iam::333333333333:root";
        assert!(!ask(stranger, "chime:*", None, "chime:GetAccount").is_allowed());
        assert!(!ask(stranger, "chime:*", Some(READ), "chime:GetAccount").is_allowed());
    }

    #[test]
    fn nobody_is_kept_in_a_delegation() {
        let nothing = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}"#;
        assert!(ask(USER, "chime:*", Some(nothing), "chime:DeleteDelegate").is_allowed());
        assert!(ask(USER, "chime:*", Some(nothing), "chime:ListDelegates").is_allowed());
        assert!(!ask(USER, "chime:*", Some(nothing), "chime:GetAccount").is_allowed());
        assert!(!ask(USER, "chime:Get*", Some(nothing), "chime:DeleteDelegate").is_allowed());
    }

    #[test]
    fn what_is_remembered_is_what_the_database_says() {
        let id = "remembered";
        let account: AwsAccountId = DELEGATE.parse().unwrap();
        let wide = of(id, account, None, "chime:GetUser").unwrap();
        assert!(Arc::ptr_eq(
            &wide,
            &of(id, account, None, "chime:GetUser").unwrap()
        ));
        let narrow = of(id, account, Some(READ), "chime:GetUser").unwrap();
        assert!(narrow.document.text().contains("Deny"));
    }

    #[test]
    fn a_boundary_is_checked_as_iam_does() {
        assert!(check(READ).is_ok());
        for bad in [
            "",
            "{}",
            "[]",
            "null",
            r#"{"Version":"2012-10-17"}"#,
            r#"{"Version":"2012-10-17","Statement":"x"}"#,
            r#"{"Statement":{"Effect":"Allow","Action":"chime:*","Resource":"*"}}"#,
            r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"chime:*","Resource":"*","Principal":"*"}}"#,
            r#"{"Version":"2012-10-17","Statement":{"Effect":"Maybe","Action":"chime:*","Resource":"*"}}"#,
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
        let long = |length| {
            let sid = "x".repeat(length);
            format!(
                r#"{{"Version":"2012-10-17","Statement":{{"Sid":"{sid}","Effect":"Allow","Action":"chime:*","Resource":"*"}}}}"#
            )
        };
        assert!(check(&long(100)).is_ok());
        assert!(check(&long(SIZE)).is_err());
    }
}
