//! What the IAM interface refuses to store, step by step, in AWS's words.
//!
//! The check is about syntax: it knows no actions, no services and no condition keys. Each step goes through
//! the whole document before the next begins, so the order of the steps decides which message is given.

use std::collections::HashSet;

use crate::action::ActionPattern;
use crate::condition::{is_date_operator, is_stored_operator, scalar};
use crate::document::{LONGEST_DOCUMENT, Malformed, PolicyType};
use crate::principal::{NamedPrincipal, PrincipalElement, PrincipalType};
use crate::syntax::{self, Node, Value};

const SYNTAX: &str = "Syntax errors in policy.";
const VERSION: &str = "Policy document must be version 2012-10-17 or greater.";
const LEGACY: &str = "The policy failed legacy parsing";
const JSON: &str = "This policy contains invalid Json";
const SID_FORM: &str = "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular \
    expression [0-9A-Za-z]*";
const SIDS: &str = "Statement IDs (SID) in a single policy must be unique.";
const NO_ACTIONS: &str = "Policy statement must contain actions.";
const NO_RESOURCES: &str = "Policy statement must contain resources.";
const NO_VENDOR: &str = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";
const COLONS: &str = "Actions/Condition can contain only one colon.";
const PRINCIPAL: &str = "Policy document should not specify a principal.";
const NO_PRINCIPAL: &str = "Missing required field Principal";
const TRUST_ACTIONS: &str = "AssumeRole policy may only specify STS AssumeRole actions.";
const IAM_PATH: &str = "IAM resource path must either be \"*\" or start with user/, federated-user/, role/, group/, \
    instance-profile/, mfa/, server-certificate/, policy/, sms-mfa/, saml-provider/, oidc-provider/, report/, \
    access-report/.";

pub(crate) const IAM_PATHS: [&str; 13] = [
    "user/",
    "federated-user/",
    "role/",
    "group/",
    "instance-profile/",
    "mfa/",
    "server-certificate/",
    "policy/",
    "sms-mfa/",
    "saml-provider/",
    "oidc-provider/",
    "report/",
    "access-report/",
];

pub(crate) const PARTITIONS: [&str; 8] = [
    "aws",
    "aws-cn",
    "aws-us-gov",
    "aws-iso",
    "aws-iso-b",
    "aws-iso-e",
    "aws-iso-f",
    "aws-eusc",
];

/// The actions a role's trust policy may be about, in lower case.
pub(crate) const TRUST: [&str; 6] = [
    "sts:assumerole",
    "sts:assumerolewithsaml",
    "sts:assumerolewithwebidentity",
    "sts:tagsession",
    "sts:setsourceidentity",
    "sts:setcontext",
];

/// Runs all steps and hands back the tree.
pub(crate) fn check(text: &str, ty: PolicyType, managed: bool) -> Result<Node, Malformed> {
    if !is_storable(text) {
        return refuse(SYNTAX);
    }
    let Ok(root) = syntax::read(text) else {
        return refuse(if ty == PolicyType::Trust { JSON } else { SYNTAX });
    };
    let statements = require(syntax_step(&root), SYNTAX)?;
    if managed && root.get("Version").and_then(Node::string) != Some("2012-10-17") {
        return refuse(VERSION);
    }
    let resource_message = legacy_step(&statements)?;
    let sids = sids(&statements);
    // Step 4. Some services let the statements of their resource policies be named with more.
    let alphanumeric = |sid: &&str| sid.chars().all(|character| character.is_ascii_alphanumeric());
    if ty != PolicyType::Resource && !sids.iter().all(alphanumeric) {
        return refuse(SID_FORM);
    }
    let mut seen = HashSet::new();
    if !sids.into_iter().all(|sid| seen.insert(sid)) {
        return refuse(SIDS);
    }
    if statements
        .iter()
        .any(|statement| list(statement, ["Action", "NotAction"]).is_empty())
    {
        return refuse(NO_ACTIONS);
    }
    if let Some(message) = resource_message {
        return refuse(message);
    }
    for action in statements
        .iter()
        .flat_map(|statement| list(statement, ["Action", "NotAction"]))
    {
        action_step(action)?;
    }
    let resources_required = ty != PolicyType::Trust;
    if resources_required
        && statements
            .iter()
            .any(|statement| list(statement, ["Resource", "NotResource"]).is_empty())
    {
        return refuse(NO_RESOURCES);
    }
    principal_step(&statements, ty)?;
    if ty == PolicyType::Trust {
        trust_step(&statements)?;
    }
    Ok(root)
}

/// Size and characters of a stored document.
fn is_storable(text: &str) -> bool {
    let storable = |character| matches!(character, '\t' | '\n' | '\r' | ' '..='\u{ff}');
    text.chars().count() <= LONGEST_DOCUMENT && text.chars().all(storable)
}

fn refuse<T>(message: impl Into<String>) -> Result<T, Malformed> {
    Err(Malformed {
        message: message.into(),
    })
}

fn require<T>(step: Option<T>, message: &str) -> Result<T, Malformed> {
    step.ok_or_else(|| Malformed {
        message: message.to_owned(),
    })
}

/// The strings of whichever of two elements a statement has.
fn list<'a>(statement: &'a Node, keys: [&str; 2]) -> Vec<&'a str> {
    let elements = keys.into_iter().filter_map(|key| statement.get(key));
    elements.flat_map(Node::each).filter_map(Node::string).collect()
}

/// Step 1, past the JSON itself: elements and their types. Gives the statements.
fn syntax_step(root: &Node) -> Option<Vec<&Node>> {
    for (key, value) in root.object()? {
        let valid = match key.as_str() {
            "Version" => matches!(value.string(), Some("2012-10-17" | "2008-10-17")),
            "Id" => value.string().is_some(),
            // `Conditions` is a leftover of an older language.
            "Statement" | "Conditions" => true,
            _ => false,
        };
        valid.then_some(())?;
    }
    let statements: Vec<&Node> = root.get("Statement")?.each().iter().collect();
    let all_valid = !statements.is_empty() && statements.iter().all(|node| statement_syntax(node).is_some());
    all_valid.then_some(statements)
}

fn statement_syntax(statement: &Node) -> Option<()> {
    for (key, value) in statement.object()? {
        let valid = match key.as_str() {
            "Sid" => value.string().is_some(),
            "Effect" => value
                .string()
                .is_some_and(|text| text.eq_ignore_ascii_case("Allow") || text.eq_ignore_ascii_case("Deny")),
            "Action" | "NotAction" | "Resource" | "NotResource" => match &value.value {
                Value::String(_) => true,
                Value::Array(elements) => elements
                    .iter()
                    .all(|element| matches!(element.value, Value::String(_) | Value::Null)),
                _ => false,
            },
            "Principal" | "NotPrincipal" => principal_syntax(value),
            "Condition" => condition_syntax(value),
            _ => false,
        };
        valid.then_some(())?;
    }
    let both = |one, other| statement.get(one).is_some() && statement.get(other).is_some();
    let paired =
        both("Action", "NotAction") || both("Resource", "NotResource") || both("Principal", "NotPrincipal");
    (statement.get("Effect").is_some() && !paired).then_some(())
}

/// A name, or an object of lists of names. Which names are right is a later question.
fn principal_syntax(principal: &Node) -> bool {
    match &principal.value {
        Value::String(_) => true,
        Value::Object(members) => members.iter().all(|(key, names)| {
            matches!(key.as_str(), "AWS" | "Service" | "Federated" | "CanonicalUser")
                && names.each().iter().all(|name| name.string().is_some())
        }),
        _ => false,
    }
}

fn condition_syntax(condition: &Node) -> bool {
    let Some(operators) = condition.object() else {
        return false;
    };
    operators.iter().all(|(operator, keys)| {
        let Some(keys) = keys.object() else { return false };
        // Even an unknown operator is stored as long as it has no keys.
        (keys.is_empty() || is_stored_operator(operator))
            && keys.iter().all(|(_, values)| {
                values
                    .each()
                    .iter()
                    .all(|value| !matches!(value.value, Value::Object(_) | Value::Array(_)))
            })
    })
}

/// Step 3. Gives the message of the first wrong resource, which is due only in step 6 but keeps this step
/// from objecting to resources from there on.
fn legacy_step(statements: &[&Node]) -> Result<Option<String>, Malformed> {
    for statement in statements {
        let effect = statement.get("Effect").and_then(Node::string);
        let dates = statement
            .get("Condition")
            .and_then(Node::object)
            .unwrap_or_default();
        let dates_are_valid = dates
            .iter()
            .filter(|(operator, _)| is_date_operator(operator))
            .all(|(_, keys)| {
                let values = keys
                    .object()
                    .unwrap_or_default()
                    .iter()
                    .flat_map(|(_, values)| values.each());
                values.filter_map(scalar).all(|value| is_stored_date(&value))
            });
        if !matches!(effect, Some("Allow" | "Deny")) || !dates_are_valid {
            return refuse(LEGACY);
        }
    }
    let mut message = None;
    for statement in statements {
        let resources = list(statement, ["Resource", "NotResource"]);
        for resource in &resources {
            message = message.or_else(|| resource_message(resource));
        }
        if message.is_none() && resources.iter().any(|resource| !is_legacy_resource(resource)) {
            return refuse(LEGACY);
        }
    }
    Ok(message)
}

fn is_legacy_resource(resource: &str) -> bool {
    if resource == "*" {
        return true;
    }
    let complete = resource.matches(':').count() >= 5;
    let service_given = resource
        .split(':')
        .nth(2)
        .is_some_and(|service| !service.is_empty());
    service_given && (complete || !resource.contains("::"))
}

/// Step 6: what is wrong with a resource, if anything.
fn resource_message(resource: &str) -> Option<String> {
    if resource == "*" {
        return None;
    }
    let Some((_, rest)) = resource.split_once(':') else {
        return Some(format!("Resource {resource} must be in ARN format or \"*\"."));
    };
    let (partition, rest) = match rest.split_once(':') {
        Some((partition, rest)) => (partition, Some(rest)),
        None => (rest, None),
    };
    if partition != "*" && !PARTITIONS.contains(&partition) {
        let mut parts = rest
            .unwrap_or_default()
            .splitn(4, ':')
            .map(str::to_owned)
            .collect::<Vec<_>>();
        if rest.is_none() {
            parts.clear();
        }
        parts.resize(4, "*".to_owned());
        let shown = parts.join(":");
        return Some(format!(
            "Partition \"{partition}\" is not valid for resource \"arn:{partition}:{shown}\"."
        ));
    }
    let Some(rest) = rest else {
        return Some("Resource vendor must be fully qualified and cannot contain regexes.".to_owned());
    };
    let mut parts = rest.splitn(4, ':');
    let (service, region, _account, path) = (parts.next(), parts.next(), parts.next(), parts.next());
    let region_given = region.is_some_and(|region| !region.is_empty());
    match service {
        Some("iam") if region_given => Some(format!(
            "IAM resource {resource} cannot contain region information."
        )),
        Some("iam") => {
            let known = |path: &str| path == "*" || IAM_PATHS.iter().any(|start| path.starts_with(start));
            // An absent path is read as a star.
            (!path.is_none_or(known)).then(|| IAM_PATH.to_owned())
        }
        Some("s3") if region_given && !path.is_some_and(|path| path.starts_with("accesspoint")) => {
            Some(format!("Resource {resource} can not contain region information."))
        }
        _ => None,
    }
}

/// Whether a date is well-formed enough to be stored: fields in their ranges, lengths unchecked.
pub(crate) fn is_stored_date(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    if !text.contains(['t', '-']) {
        return text.parse::<i64>().is_ok_and(|seconds| seconds >= 0) && !text.starts_with('+');
    }
    let (date, time) = match text.split_once('t') {
        Some((date, time)) => (date, Some(time)),
        None => (text.as_str(), None),
    };
    is_stored_day(date) && time.is_none_or(|time| time.is_empty() || is_stored_time(time))
}

/// A field of digits within a range.
fn field(text: &str, range: std::ops::RangeInclusive<i64>) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && text.parse().is_ok_and(|value| range.contains(&value))
}

fn is_stored_day(date: &str) -> bool {
    let (year_limit, digits) = match date.strip_prefix('-') {
        Some(rest) => (292_275_054, rest),
        None => (292_278_993, date),
    };
    let mut fields = digits.split('-');
    fields.next().is_some_and(|year| field(year, 0..=year_limit))
        && fields.next().is_none_or(|month| field(month, 1..=12))
        && fields.next().is_none_or(|day| field(day, 1..=31))
        && fields.next().is_none()
}

/// `hh[:mm[:ss[.fraction]]]`, with `z` or `+hh[:mm]`.
fn is_stored_time(time: &str) -> bool {
    let (clock, zone_is_valid) = match time.split_once(['z', '+']) {
        Some((clock, zone)) if time.contains('z') => (clock, zone.is_empty()),
        Some((clock, zone)) => {
            let (hours, minutes) = zone.split_once(':').unwrap_or((zone, "00"));
            (clock, field(hours, 0..=23) && field(minutes, 0..=59))
        }
        None => (time, true),
    };
    let mut fields = clock.split(':');
    zone_is_valid
        && fields.next().is_some_and(|hour| field(hour, 0..=23))
        && fields.next().is_none_or(|minute| field(minute, 0..=59))
        && fields.next().is_none_or(|second| {
            let (second, fraction) = second.split_once('.').unwrap_or((second, "0"));
            field(second, 0..=59) && fraction.len() <= 9 && field(fraction, 0..=999_999_999)
        })
        && fields.next().is_none()
}

fn sids<'a>(statements: &[&'a Node]) -> Vec<&'a str> {
    let sids = statements
        .iter()
        .filter_map(|statement| statement.get("Sid").and_then(Node::string));
    sids.filter(|sid| !sid.is_empty()).collect()
}

/// Step 7.
fn action_step(action: &str) -> Result<(), Malformed> {
    if action == "*" {
        return Ok(());
    }
    let Some((vendor, name)) = action.split_once(':') else {
        return refuse(NO_VENDOR);
    };
    if name.contains(':') {
        return refuse(COLONS);
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
    if vendor != "*" && !vendor.bytes().all(plain) {
        return refuse(format!("Vendor {vendor} is not valid"));
    }
    Ok(())
}

/// Whether the type has principals at all, and who they are.
fn principal_step(statements: &[&Node], ty: PolicyType) -> Result<(), Malformed> {
    for statement in statements {
        let element = statement
            .get("Principal")
            .or_else(|| statement.get("NotPrincipal"));
        match element {
            Some(_) if !ty.names_principals() => return refuse(PRINCIPAL),
            None if ty.names_principals() => return refuse(NO_PRINCIPAL),
            Some(element) => {
                if let Some(text) = element.string()
                    && text != "*"
                {
                    return refuse(format!("Invalid principal in policy: \"AWS\":\"{text}\""));
                }
                let names = PrincipalElement::names(element).unwrap_or_default();
                if let Some(name) = names.iter().find(|name| name.is_malformed()) {
                    return refuse(invalid_principal(name));
                }
                if names.is_empty() {
                    return refuse(NO_PRINCIPAL);
                }
            }
            None => {}
        }
    }
    Ok(())
}

fn invalid_principal(name: &NamedPrincipal) -> String {
    let kind = match name.kind {
        PrincipalType::Aws => "AWS",
        PrincipalType::Service => "SERVICE",
        PrincipalType::Federated => "FEDERATED",
        PrincipalType::CanonicalUser => "CANONICAL_USER",
    };
    format!("Invalid principal in policy: \"{kind}\":\"{}\"", name.text)
}

/// What a role's trust policy must not have.
fn trust_step(statements: &[&Node]) -> Result<(), Malformed> {
    for key in ["Resource", "NotResource", "NotPrincipal"] {
        if statements.iter().any(|statement| statement.get(key).is_some()) {
            return refuse(format!("Has prohibited field {key}"));
        }
    }
    let about_assuming = |statement: &&Node| {
        statement.get("NotAction").is_none()
            && list(statement, ["Action", "NotAction"])
                .into_iter()
                .all(|action| {
                    let pattern = ActionPattern::compile(action);
                    pattern != ActionPattern::Any && TRUST.iter().any(|known| pattern.matches(known))
                })
    };
    if statements.iter().all(about_assuming) {
        Ok(())
    } else {
        refuse(TRUST_ACTIONS)
    }
}

#[cfg(test)]
mod tests;
