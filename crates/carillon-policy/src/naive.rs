//! The policy language once more, plainly, straight from its description, as a judge of the engine.
//!
//! It takes a case of batch evaluation as JSON, compiles nothing, indexes nothing and shares no code with the
//! engine. It is slow, and must stay so simple that reading it next to the specification settles every doubt.

mod value;

use std::cmp::Ordering;

use serde_json::{Map, Value};

use self::value::{Token, arn_parts, base64, date, glob, in_network, number, plain};

/// `Allowed`, `ExplicitlyDenied` or `ImplicitlyDenied`. `actions`: all accepted spellings.
pub fn decide(case: &Value, actions: &[&str]) -> &'static str {
    let judge = Judge { case, actions };
    judge.decide()
}

struct Judge<'a> {
    case: &'a Value,
    actions: &'a [&'a str],
}

/// Where a document is used, as far as it changes how the document is read.
#[derive(Clone, Copy, PartialEq)]
enum Use {
    Identity,
    Resource,
    ServiceControl,
    ResourceControl,
    Endpoint,
}

impl Judge<'_> {
    fn decide(&self) -> &'static str {
        let who = self.case["principal"].as_str();
        let action = self.actions[0].to_ascii_lowercase();
        if who.is_some() && action == "sts:getcalleridentity" {
            return "Allowed";
        }

        let anonymous_or_service = !self.of_an_account();
        let root = who.is_some_and(|who| who.ends_with(":root"));
        let linked = who.is_some_and(|who| who.contains(":role/aws-service-role/"));
        let none = Value::Null;
        let identity = if anonymous_or_service || root {
            &none
        } else {
            &self.case["identity_policies"]
        };
        let boundary = if anonymous_or_service || root {
            &none
        } else {
            &self.case["boundaries"]
        };
        let session = if anonymous_or_service {
            &none
        } else {
            &self.case["session_policies"]
        };
        let scps = if anonymous_or_service || linked {
            &none
        } else {
            &self.case["scps"]
        };
        let rcps = &self.case["rcps"];
        let endpoint = &self.case["endpoint_policies"];
        let target = &self.case["resource_policy"];

        // 6.1: any applying deny of any policy that takes part.
        let target_list = Value::Array(if target.is_null() {
            vec![]
        } else {
            vec![target.clone()]
        });
        let denied = self.applies(identity, "Deny", Use::Identity)
            || self.applies(boundary, "Deny", Use::Identity)
            || self.applies(session, "Deny", Use::Identity)
            || list(scps)
                .iter()
                .any(|level| self.applies(level, "Deny", Use::ServiceControl))
            || list(rcps)
                .iter()
                .any(|level| self.applies(level, "Deny", Use::ResourceControl))
            || self.applies(endpoint, "Deny", Use::Endpoint)
            || self.applies(&target_list, "Deny", Use::Resource);
        if denied {
            return "ExplicitlyDenied";
        }

        // 6.3, the last points: what must allow whoever asks.
        if !list(scps)
            .iter()
            .all(|level| self.applies(level, "Allow", Use::ServiceControl))
            || !list(rcps)
                .iter()
                .all(|level| self.applies(level, "Allow", Use::ResourceControl))
            || !(endpoint.is_null() || self.applies(endpoint, "Allow", Use::Endpoint))
            || self.out_of_reach(&action)
        {
            return "ImplicitlyDenied";
        }

        let i = root || self.applies(identity, "Allow", Use::Identity);
        let b = boundary.is_null() || self.applies(boundary, "Allow", Use::Identity);
        let s = session.is_null() || self.applies(session, "Allow", Use::Identity);
        let r: Vec<&str> = list(&target["Statement"])
            .iter()
            .filter(|statement| {
                statement["Effect"] == "Allow" && self.matches(target, statement, Use::Resource)
            })
            .filter_map(|statement| self.names(statement))
            .collect();

        let granted = if anonymous_or_service {
            r.contains(&"direct") || (r.contains(&"wild") && !self.web_identity())
        } else if self.same_account() {
            let resource = self.case["resource"].as_str().unwrap();
            let insists = (action.starts_with("sts:") && !target.is_null())
                || (action.starts_with("kms:")
                    && part(resource, 2) == "kms"
                    && part(resource, 5).starts_with("key/"));
            r.contains(&"wild")
                || r.contains(&"direct")
                || ((r.contains(&"role") || r.contains(&"user")) && b && s)
                || (i && b && s && (!insists || r.contains(&"account")))
        } else {
            !r.is_empty() && i && b && s
        };
        if granted { "Allowed" } else { "ImplicitlyDenied" }
    }

    /// Whether an identity provider vouches for the caller, who is then written as the provider.
    fn web_identity(&self) -> bool {
        let who = self.case["principal"].as_str();
        who.is_some_and(|who| part(who, 5).starts_with("oidc-provider/"))
    }

    /// Whether the caller is somebody of an AWS account.
    fn of_an_account(&self) -> bool {
        let who = self.case["principal"].as_str();
        who.is_some_and(|who| who.starts_with("arn:")) && !self.web_identity()
    }

    fn same_account(&self) -> bool {
        let mine = part(self.case["principal"].as_str().unwrap(), 4);
        let in_arn = part(self.case["resource"].as_str().unwrap(), 4);
        match self.case["resource_account"].as_str() {
            Some(owner) => owner == mine,
            None => !(in_arn.len() == 12 && in_arn.chars().all(|c| c.is_ascii_digit())) || in_arn == mine,
        }
    }

    fn out_of_reach(&self, action: &str) -> bool {
        let resource = self.case["resource"].as_str().unwrap();
        let name = part(resource, 5);
        let one_of = |names: &str| {
            names
                .split(' ')
                .any(|name| action == format!("iam:{}", name.to_lowercase()))
        };
        match part(resource, 2) {
            "iam" if part(resource, 4) == "aws" && name.starts_with("policy/") => one_of(
                "CreatePolicy CreatePolicyVersion DeletePolicy DeletePolicyVersion SetDefaultPolicyVersion \
                 TagPolicy UntagPolicy",
            ),
            "iam" if name.starts_with("role/aws-reserved/") => one_of(
                "AttachRolePolicy DetachRolePolicy PutRolePolicy DeleteRolePolicy CreateRole DeleteRole \
                 UpdateRole UpdateRoleDescription UpdateAssumeRolePolicy PutRolePermissionsBoundary \
                 DeleteRolePermissionsBoundary TagRole UntagRole CreateServiceLinkedRole \
                 DeleteServiceLinkedRole PassRole",
            ),
            "kms" if name.starts_with("alias/aws/") => {
                ["kms:createalias", "kms:updatealias", "kms:deletealias"].contains(&action)
            }
            _ => false,
        }
    }

    /// Whether any statement of these documents has the effect and applies.
    fn applies(&self, documents: &Value, effect: &str, place: Use) -> bool {
        list(documents).iter().any(|document| {
            list(&document["Statement"]).iter().any(|statement| {
                statement["Effect"] == effect
                    && (matches!(place, Use::Identity | Use::ServiceControl)
                        || self.names(statement).is_some())
                    && self.matches(document, statement, place)
            })
        })
    }

    fn matches(&self, document: &Value, statement: &Value, place: Use) -> bool {
        let modern = document["Version"] == "2012-10-17";
        self.action_matches(statement)
            && self.resource_matches(statement, place, modern)
            && self.conditions_hold(statement, modern)
    }

    // --- 6.2 principals

    /// The strongest way in which a statement names the caller.
    fn names(&self, statement: &Value) -> Option<&'static str> {
        let (positive, negative) = (&statement["Principal"], &statement["NotPrincipal"]);
        if !positive.is_null() && !negative.is_null() {
            return None;
        }
        if !positive.is_null() {
            let ways: Vec<&str> = self.names_in(positive)?;
            return ["direct", "wild", "role", "user", "account"]
                .into_iter()
                .find(|way| ways.contains(way));
        }
        let listed = self.names_in(negative)?;
        let bounded = {
            let who = self.case["principal"].as_str().unwrap_or_default();
            !self.case["boundaries"].is_null() && self.of_an_account() && !who.ends_with(":root")
        };
        let always = statement["Effect"] == "Deny" && bounded;
        (listed.is_empty() || always).then_some("wild")
    }

    fn names_in(&self, element: &Value) -> Option<Vec<&'static str>> {
        if element == "*" {
            return Some(vec!["wild"]);
        }
        let mut ways = Vec::new();
        for (key, names) in element.as_object()? {
            for name in list(names).iter().filter_map(Value::as_str) {
                ways.extend(self.way(key, name));
            }
        }
        Some(ways)
    }

    fn way(&self, key: &str, name: &str) -> Option<&'static str> {
        let who = self.case["principal"].as_str();
        if key == "Service" {
            return (who == Some(name) && !name.starts_with("arn:")).then_some("direct");
        }
        if key == "Federated" {
            return (who == Some(name) && self.web_identity()).then_some("direct");
        }
        if key != "AWS" {
            return None;
        }
        if name == "*" {
            return Some("wild");
        }
        let who = who?;
        if !self.of_an_account() {
            return None;
        }
        let account = part(who, 4);
        if name == account || name == format!("arn:aws:iam::{account}:root") {
            return Some("account");
        }
        let path: Vec<&str> = part(who, 5).split('/').collect();
        let wanted: Vec<&str> = part(name, 5).split('/').collect();
        match path[0] {
            "user" => (name == who).then_some("direct"),
            "federated-user" if name == who => Some("direct"),
            "federated-user" => {
                (name == format!("arn:aws:iam::{account}:user/{}", path[1])).then_some("user")
            }
            "assumed-role" if part(name, 2) == "sts" && wanted[0] == "assumed-role" => (part(name, 4)
                == account
                && wanted.len() == 3
                && wanted[1].eq_ignore_ascii_case(path[1])
                && wanted[2] == path[2])
                .then_some("direct"),
            "assumed-role" | "role" if part(name, 2) == "iam" && wanted[0] == "role" => {
                let role = if path[0] == "role" {
                    path[path.len() - 1]
                } else {
                    path[1]
                };
                (part(name, 4) == account && wanted[wanted.len() - 1].eq_ignore_ascii_case(role))
                    .then_some("role")
            }
            _ => None,
        }
    }

    // --- 2.4 actions

    fn action_matches(&self, statement: &Value) -> bool {
        let (positive, negative) = (&statement["Action"], &statement["NotAction"]);
        let any = |element: &Value| {
            let patterns = list(element);
            self.actions.iter().any(|action| {
                patterns
                    .iter()
                    .filter_map(Value::as_str)
                    .any(|pattern| action_pattern(pattern, action))
            })
        };
        match (statement.get("Action"), statement.get("NotAction")) {
            (None, None) => false,
            (Some(_), None) => any(positive),
            (None, Some(_)) => !any(negative),
            (Some(_), Some(_)) => any(positive) && !any(negative),
        }
    }

    // --- 2.5 resources

    fn resource_matches(&self, statement: &Value, place: Use, modern: bool) -> bool {
        let positive = statement.get("Resource").is_none_or(|element| {
            list(element)
                .iter()
                .any(|pattern| self.resource_pattern(pattern, place, modern) == "yes")
        });
        let negative = statement.get("NotResource").is_none_or(|element| {
            list(element)
                .iter()
                .all(|pattern| self.resource_pattern(pattern, place, modern) == "no")
        });
        positive && negative
    }

    fn resource_pattern(&self, pattern: &Value, place: Use, modern: bool) -> &'static str {
        let Some(pattern) = pattern.as_str() else {
            return "unusable";
        };
        let asked = self.case["resource"].as_str().unwrap();
        if pattern == "*" {
            return "yes";
        }
        let mut wanted: Vec<&str> = pattern.splitn(6, ':').collect();
        if wanted.len() < 6 {
            let (star, last) = (pattern.contains('*'), pattern.ends_with('*'));
            match place {
                Use::Identity => {}
                Use::Resource | Use::Endpoint if star => {}
                Use::Resource | Use::Endpoint => return "no",
                Use::ServiceControl if last => {}
                Use::ServiceControl | Use::ResourceControl => return "unusable",
            }
            wanted.resize(6, "*");
        }
        let asked: Vec<&str> = asked.splitn(6, ':').collect();
        if asked.len() < 6 || !(0..5).all(|n| glob(&plain(wanted[n], true), asked[n])) {
            return "no";
        }
        match self.tokens(wanted[5], true, modern) {
            None => "unusable",
            Some(tokens) if glob(&tokens, asked[5]) => "yes",
            Some(_) => "no",
        }
    }

    // --- 4 variables

    /// The pattern with all variables replaced by the characters of their values.
    fn tokens(&self, text: &str, wildcards: bool, modern: bool) -> Option<Vec<Token>> {
        if !modern {
            return Some(plain(text, wildcards));
        }
        let Some(start) = text.find("${") else {
            return Some(plain(text, wildcards));
        };
        let Some(length) = text[start..].find('}') else {
            return Some(plain(text, wildcards));
        };
        let inside = &text[start + 2..start + length];
        let mut tokens = plain(&text[..start], wildcards);
        if ["*", "?", "$"].contains(&inside) {
            tokens.extend(plain(inside, false));
        } else {
            let (key, default) = inside.split_once(',').unwrap_or((inside, ""));
            let value = match self.context(key.trim()) {
                Some(Value::String(value)) => value.clone(),
                _ => {
                    let default = default.trim();
                    let quoted = default.len() >= 2 && default.starts_with('\'') && default.ends_with('\'');
                    if !quoted {
                        return None;
                    }
                    default[1..default.len() - 1].to_owned()
                }
            };
            tokens.extend(plain(&value, false));
        }
        tokens.extend(self.tokens(&text[start + length + 1..], wildcards, modern)?);
        Some(tokens)
    }

    fn context(&self, key: &str) -> Option<&Value> {
        let context = self.case["context"].as_object()?;
        context
            .iter()
            .find(|(name, _)| name.to_lowercase() == key.to_lowercase())
            .map(|(_, value)| value)
    }

    // --- 5 conditions

    fn conditions_hold(&self, statement: &Value, modern: bool) -> bool {
        let Some(block) = statement.get("Condition") else {
            return true;
        };
        let Some(block) = block.as_object() else {
            return false;
        };
        block.iter().all(|(operator, keys)| match keys.as_object() {
            Some(keys) => self.operator_holds(operator, keys, modern),
            None => false,
        })
    }

    fn operator_holds(&self, operator: &str, keys: &Map<String, Value>, modern: bool) -> bool {
        let lower = operator.to_lowercase();
        let (set, lower) = match lower.split_once(':') {
            Some((set, rest)) => (set, rest),
            None => ("", lower.as_str()),
        };
        let (if_exists, base) = match lower.strip_suffix("ifexists") {
            Some(base) => (true, base),
            None => (false, lower),
        };
        let known = "stringequals stringnotequals stringequalsignorecase stringnotequalsignorecase stringlike \
            stringnotlike numericequals numericnotequals numericlessthan numericlessthanequals \
            numericgreaterthan numericgreaterthanequals dateequals datenotequals datelessthan \
            datelessthanequals dategreaterthan dategreaterthanequals bool binaryequals ipaddress notipaddress \
            arnequals arnlike arnnotequals arnnotlike null";
        if !known.split_whitespace().any(|name| name == base)
            || !["", "forallvalues", "foranyvalue"].contains(&set)
            || (base == "null" && if_exists)
        {
            return false;
        }
        keys.iter().all(|(key, wanted)| {
            let wanted: Vec<String> = list(wanted).iter().filter_map(text).collect();
            let asked = self.context(key);
            if base == "null" {
                return wanted
                    .iter()
                    .any(|value| value.to_lowercase() == asked.is_none().to_string());
            }
            let negated = base.contains("not");
            let passes = |asked: &Value| {
                let asked = text(asked).unwrap();
                wanted
                    .iter()
                    .any(|wanted| self.compare(base, wanted, &asked, modern))
                    != negated
            };
            match (asked, set) {
                (None, _) if if_exists => true,
                (None, "forallvalues") => true,
                (None, "foranyvalue") => false,
                (None, _) => negated,
                (Some(Value::Array(values)), "forallvalues") => values.iter().all(passes),
                (Some(Value::Array(values)), "foranyvalue") => values.iter().any(passes),
                (Some(Value::Array(_)), _) => false,
                (Some(value), _) => passes(value),
            }
        })
    }

    /// Whether one value of the policy matches one of the request, by the positive form of the operator.
    fn compare(&self, base: &str, wanted: &str, asked: &str, modern: bool) -> bool {
        let positive = base.replace("not", "");
        let substituted = || {
            let tokens = self.tokens(wanted, false, modern)?;
            Some(
                tokens
                    .iter()
                    .map(|token| if let Token::Is(c) = token { *c } else { '\0' })
                    .collect::<String>(),
            )
        };
        match positive.as_str() {
            "stringequals" => substituted().is_some_and(|wanted| wanted == asked),
            "stringequalsignorecase" => {
                substituted().is_some_and(|wanted| wanted.to_lowercase() == asked.to_lowercase())
            }
            "stringlike" => self
                .tokens(wanted, true, modern)
                .is_some_and(|tokens| glob(&tokens, asked)),
            "bool" => substituted().is_some_and(|wanted| {
                let (wanted, asked) = (wanted.to_lowercase(), asked.to_lowercase());
                wanted == asked && (wanted == "true" || wanted == "false")
            }),
            "binaryequals" => match (base64(wanted), base64(asked)) {
                (Some(wanted), Some(asked)) => wanted == asked,
                _ => false,
            },
            "ipaddress" => in_network(asked, wanted).unwrap_or(false),
            "arnequals" | "arnlike" => {
                let (wanted, asked) = (
                    arn_parts(wanted, modern),
                    asked.splitn(6, ':').collect::<Vec<_>>(),
                );
                wanted.len() == 6
                    && asked.len() == 6
                    && (0..6).all(|n| {
                        self.tokens(&wanted[n], true, modern)
                            .is_some_and(|tokens| glob(&tokens, asked[n]))
                    })
            }
            ordered => {
                let ordering = match ordered.starts_with("numeric") {
                    true => number(asked)
                        .zip(number(wanted))
                        .and_then(|(left, right)| left.partial_cmp(&right)),
                    false => date(asked)
                        .zip(date(wanted))
                        .and_then(|(left, right)| left.partial_cmp(&right)),
                };
                let Some(ordering) = ordering else { return false };
                match ordered.trim_start_matches("numeric").trim_start_matches("date") {
                    "equals" => ordering == Ordering::Equal,
                    "lessthan" => ordering == Ordering::Less,
                    "lessthanequals" => ordering != Ordering::Greater,
                    "greaterthan" => ordering == Ordering::Greater,
                    "greaterthanequals" => ordering != Ordering::Less,
                    _ => false,
                }
            }
        }
    }
}

/// A list, or a single value as a list of one; null is an empty list.
fn list(value: &Value) -> &[Value] {
    match value {
        Value::Array(values) => values,
        Value::Null => &[],
        _ => std::slice::from_ref(value),
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    }
}

fn part(arn: &str, number: usize) -> &str {
    arn.splitn(6, ':').nth(number).unwrap_or_default()
}

fn action_pattern(pattern: &str, action: &str) -> bool {
    let stars = |text: &str| !text.is_empty() && text.chars().all(|c| c == '*');
    if stars(pattern) {
        return true;
    }
    let parts: Vec<&str> = pattern.split(':').collect();
    let [prefix, name] = parts[..] else { return false };
    if prefix == "*" && stars(name) {
        return true;
    }
    let plain_prefix = prefix
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.');
    if prefix.is_empty() || !plain_prefix || name.is_empty() || name.contains(char::is_whitespace) {
        return false;
    }
    glob(
        &plain(&pattern.to_ascii_lowercase(), true),
        &action.to_ascii_lowercase(),
    )
}
