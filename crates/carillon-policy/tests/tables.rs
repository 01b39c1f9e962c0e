//! Tables, each row a sentence of the language's description. `conditions.json`: a condition, the request's
//! context and whether the one holds in the other, with another version than 2012 where it matters (null for
//! none). `principals.json`: a caller, a principal element, and the way in which the one is named by the other.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use carillon_policy::batch;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

const RESOURCE: &str = "arn:aws:sqs:eu-west-1:111122223333:q";

fn table<T: DeserializeOwned>(name: &str) -> Result<Vec<T>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/tables")
        .join(name);
    let text = std::fs::read_to_string(&path)?;
    serde_json::from_str(&text).with_context(|| path.display().to_string())
}

/// Decides all cases in one run and lists those decided otherwise than expected.
fn decide(cases: Vec<(String, Value, &str)>) -> Result<()> {
    let mut input = Vec::new();
    for (name, case, _) in &cases {
        let mut case = case.clone();
        case["id"] = json!(name);
        case["action"] = json!("sqs:SendMessage");
        case["resource"] = json!(RESOURCE);
        serde_json::to_writer(&mut input, &case)?;
        input.push(b'\n');
    }
    let mut output = Vec::new();
    batch::evaluate(&*input, &mut output, batch::Options::default())?;
    let answers = serde_json::Deserializer::from_slice(&output).into_iter::<Value>();
    let answers = answers.collect::<Result<Vec<_>, _>>()?;
    ensure!(answers.len() == cases.len(), "{} answers", answers.len());
    let wrong: Vec<String> = cases
        .iter()
        .zip(answers)
        .filter(|((name, _, expected), answer)| answer["id"] != **name || answer["decision"] != **expected)
        .map(|((_, _, expected), answer)| format!("{answer}, not {expected}"))
        .collect();
    ensure!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    Ok(())
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Row {
    Modern(String, Value, Value, bool),
    Versioned(String, Value, Value, bool, Option<String>),
}

#[test]
fn conditions_hold_as_described() -> Result<()> {
    let rows = table("conditions.json")?;
    ensure!(rows.len() > 500, "only {} rows", rows.len());
    let cases = rows.into_iter().map(|row| {
        let (name, condition, context, holds, version) = match row {
            Row::Modern(name, condition, context, holds) => {
                (name, condition, context, holds, Some("2012-10-17".to_owned()))
            }
            Row::Versioned(name, condition, context, holds, version) => {
                (name, condition, context, holds, version)
            }
        };
        let mut document = json!({"Statement": {
            "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition
        }});
        if let Some(version) = version {
            document["Version"] = json!(version);
        }
        let case = json!({
            "principal": "arn:aws:iam::111122223333:user/ana",
            "context": context,
            "identity_policies": [document],
        });
        (name, case, if holds { "Allowed" } else { "ImplicitlyDenied" })
    });
    decide(cases.collect())
}

/// A caller, a principal element, and the way of naming, if any.
#[derive(Deserialize)]
struct Named(String, Value, Option<String>);

/// What a way of naming grants: in the account with nothing beside it, under a boundary and under a session policy
/// that say nothing; and in another account, where an identity policy must say yes as well.
#[test]
fn whoever_is_named_gets_what_that_way_of_naming_gives() -> Result<()> {
    let rows: Vec<Named> = table("principals.json")?;
    ensure!(rows.len() > 30, "only {} rows", rows.len());
    let document = |effect: &str, element: &str, principal: &Value| json!({"Statement": {"Effect": effect, element: principal, "Action": "*", "Resource": "*"}});
    let all = json!([{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}]);
    let silent = json!([{"Statement": {"Effect": "Allow", "Action": "iam:Nothing", "Resource": "*"}}]);
    let mut cases = Vec::new();
    for Named(caller, principal, way) in &rows {
        let way = way.as_deref();
        let named = way.is_some();
        // The account alone grants nothing to its own.
        let alone = matches!(way, Some("direct" | "wild" | "role" | "user"));
        // And only these are above what limits.
        let unlimited = matches!(way, Some("direct" | "wild"));
        let allow = document("Allow", "Principal", principal);
        let others = document("Allow", "NotPrincipal", principal);
        let deny = document("Deny", "Principal", principal);
        let deny_others = document("Deny", "NotPrincipal", principal);
        let (home, abroad) = ("111122223333", "444455556666");
        let yes = |yes| if yes { "Allowed" } else { "ImplicitlyDenied" };
        let no = |no| if no { "ExplicitlyDenied" } else { "Allowed" };
        // Owner, resource policy, identity policies, boundaries, session policies.
        for (what, owner, resource, identity, boundary, session, expected) in [
            (
                "alone",
                home,
                &allow,
                &json!([]),
                &Value::Null,
                &Value::Null,
                yes(alone),
            ),
            (
                "boundary",
                home,
                &allow,
                &json!([]),
                &silent,
                &Value::Null,
                yes(unlimited),
            ),
            (
                "session",
                home,
                &allow,
                &json!([]),
                &Value::Null,
                &silent,
                yes(unlimited),
            ),
            ("deny", home, &deny, &all, &Value::Null, &Value::Null, no(named)),
            (
                "deny to others",
                home,
                &deny_others,
                &all,
                &Value::Null,
                &Value::Null,
                no(!named),
            ),
            (
                "deny to others under a boundary",
                home,
                &deny_others,
                &all,
                &all,
                &Value::Null,
                no(true),
            ),
            (
                "abroad",
                abroad,
                &allow,
                &all,
                &Value::Null,
                &Value::Null,
                yes(named),
            ),
            (
                "abroad alone",
                abroad,
                &allow,
                &json!([]),
                &Value::Null,
                &Value::Null,
                yes(false),
            ),
            (
                "abroad, boundary",
                abroad,
                &allow,
                &all,
                &silent,
                &Value::Null,
                yes(false),
            ),
            (
                "abroad, session",
                abroad,
                &allow,
                &all,
                &Value::Null,
                &silent,
                yes(false),
            ),
            (
                "abroad, others",
                abroad,
                &others,
                &all,
                &Value::Null,
                &Value::Null,
                yes(!named),
            ),
        ] {
            let case = json!({
                "principal": caller, "resource_account": owner, "resource_policy": resource,
                "identity_policies": identity, "boundaries": boundary, "session_policies": session,
            });
            cases.push((format!("{caller} {principal} {what}"), case, expected));
        }
    }
    decide(cases)
}
