//! `Condition`: operators and keys.

mod values;

use std::collections::HashMap;

use super::Checker;
use super::action::quoted;
use super::catalogue::{Action, KeyKind, Resources, global_key, global_keys, saml_keys};
use super::code::Code;
use super::nearest::nearest;
use super::report::{Path, Remark};
use super::tree::{Member, Node, removal};
use crate::condition::{Family, Operator, Set, is_stored_operator, operator_names};

/// The condition of one statement, with what is asked about the statement for every key.
struct Block<'a> {
    statement: &'a Node,
    deny: bool,
    actions: Vec<&'a str>,
    without_resource_tags: Vec<&'a str>,
    without_request_tags: Vec<&'a str>,
}

/// A key under an operator.
struct Place<'a> {
    statement: &'a Node,
    deny: bool,
    operator: &'a Member,
    meaning: Operator,
    key: &'a Member,
}

/// What is known of a key.
#[derive(Debug, Clone, Copy)]
struct KnownKey {
    kind: KeyKind,
    multivalued: bool,
}

impl<'t> Checker<'t> {
    pub(super) fn conditions(&mut self, path: &Path<'_>, statement: &'t Node) {
        let Some(member) = statement.member("Condition") else {
            return;
        };
        let path = path.member("Condition");
        let condition = &member.value;
        let Some(operators) = condition.object() else {
            let message = format!("a condition is an object, not {}", condition.kind());
            self.add(Remark::new(
                Code::DataTypeMismatch,
                &path,
                condition.range.clone(),
                message,
            ));
            return;
        };
        if operators.is_empty() {
            let members: Vec<_> = statement
                .object()
                .unwrap_or_default()
                .iter()
                .map(Member::range)
                .collect();
            let index = members.iter().position(|range| *range == member.range());
            let fix = index
                .and_then(|index| removal(&members, index))
                .map(|range| (range, String::new()));
            let message = "an empty condition always holds";
            self.add(
                Remark::new(
                    Code::EmptyObjectCondition,
                    &path,
                    condition.range.clone(),
                    message,
                )
                .fix_if(fix),
            );
        }
        let actions: Vec<&str> = statement
            .get("Action")
            .map(Node::each)
            .unwrap_or_default()
            .iter()
            .filter_map(Node::string)
            .collect();
        let block = Block {
            statement,
            deny: statement.get("Effect").and_then(Node::string) == Some("Deny"),
            without_resource_tags: self.without_tags(&actions, |action| action.resources != Resources::Any),
            without_request_tags: self.without_tags(&actions, |action| action.request_tags),
            actions,
        };
        for operator in operators {
            self.operator(&path, &block, operator);
        }
    }

    fn operator(&mut self, path: &Path<'_>, block: &Block<'t>, operator: &'t Member) {
        let name = operator.key.as_str();
        let here = path.key(name);
        let at_name = |code, message: String| Remark::new(code, &here, operator.key_range.clone(), message);
        if !is_stored_operator(name) {
            self.unknown_operator(&here, operator);
        } else if Operator::read(name).is_none() {
            let message = "`NullIfExists` does not make sense: Null already asks whether the key is there";
            self.add(
                at_name(Code::NullWithIfExists, message.to_owned())
                    .fix(operator.key_range.clone(), quoted("Null")),
            );
        } else if name.ends_with(":Null") {
            let message = "Null asks whether the key is there, however many values it has";
            self.add(
                at_name(Code::NullWithQualifier, message.to_owned())
                    .fix(operator.key_range.clone(), quoted("Null")),
            );
        }
        let path = path.member(name);
        let Some(keys) = operator.value.object() else {
            let message = format!(
                "`{name}` is an object of condition keys, not {}",
                operator.value.kind()
            );
            self.add(Remark::new(
                Code::DataTypeMismatch,
                &path,
                operator.value.range.clone(),
                message,
            ));
            return;
        };
        if keys.is_empty() {
            let message = "an operator without keys compares nothing";
            self.add(Remark::new(
                Code::EmptyObjectCondition,
                &path,
                operator.value.range.clone(),
                message,
            ));
        }
        let (statement, deny) = (block.statement, block.deny);
        let mut seen: HashMap<String, &str> = HashMap::new();
        for key in keys {
            if let Some(first) = seen.insert(key.key.to_lowercase(), &key.key) {
                let message = format!("`{}` and `{first}` are one key", key.key);
                let here = path.key(&key.key);
                self.add(Remark::new(
                    Code::DuplicateKeysDifferentCase,
                    &here,
                    key.key_range.clone(),
                    message,
                ));
            }
            let known = self.key(&path, block, operator, key);
            self.value_types(&path.member(&key.key), key);
            let Some(meaning) = Operator::read(name) else {
                continue;
            };
            let place = Place {
                statement,
                deny,
                operator,
                meaning,
                key,
            };
            self.set_operator(&path, &place, known);
            self.values(&path.member(&key.key), &place, known);
            self.second_factor(&path, &place);
        }
    }

    fn unknown_operator(&mut self, path: &Path<'_>, operator: &Member) {
        let name = operator.key.as_str();
        let (set, rest) = name
            .split_once(':')
            .map_or((None, name), |(set, rest)| (Some(set), rest));
        let (base, suffix) = match rest.strip_suffix("IfExists") {
            Some(base) => (base, "IfExists"),
            None => (rest, ""),
        };
        let set = match set {
            None => Some(String::new()),
            Some(set) => nearest(set, ["ForAllValues", "ForAnyValue"]).map(|set| format!("{set}:")),
        };
        // Every operator with and without its suffix, so that a misspelt suffix is found too.
        let with_suffix: Vec<String> = operator_names().map(|name| format!("{name}IfExists")).collect();
        let plain = operator_names().map(|name| -> &str { name });
        let names = plain.chain(with_suffix.iter().map(String::as_str));
        let base = nearest(&format!("{base}{suffix}"), names);
        let mut remark = Remark::new(
            Code::InvalidConditionOperator,
            path,
            operator.key_range.clone(),
            format!("there is no condition operator `{name}`"),
        );
        if let (Some(set), Some(base)) = (set, base) {
            let meant = format!("{set}{base}");
            let message = format!("there is no condition operator `{name}`; did you mean `{meant}`?");
            remark = Remark::new(
                Code::InvalidConditionOperator,
                path,
                operator.key_range.clone(),
                message,
            )
            .fix(operator.key_range.clone(), quoted(&meant));
        }
        self.add(remark);
    }

    /// Whether the key exists and means anything here.
    fn key(
        &mut self,
        path: &Path<'_>,
        block: &Block<'_>,
        operator: &Member,
        member: &Member,
    ) -> Option<KnownKey> {
        let name = member.key.as_str();
        let path = path.key(name);
        let remark = |code, message: String| Remark::new(code, &path, member.key_range.clone(), message);
        let Some((prefix, rest)) = name.rsplit_once(':').and_then(|_| name.split_once(':')) else {
            let message =
                format!("`{name}` is no condition key: one is a service and a name, such as `aws:SourceIp`");
            let with_prefix = format!("aws:{name}");
            let fix = global_key(&with_prefix).map(|_| (member.key_range.clone(), quoted(&with_prefix)));
            self.add(remark(Code::InvalidConditionKeyFormat, message).fix_if(fix));
            return None;
        };
        if prefix.is_empty() || rest.is_empty() || name.contains(char::is_whitespace) && !rest.contains('/') {
            let message =
                format!("`{name}` is no condition key: one is a service and a name, such as `aws:SourceIp`");
            self.add(remark(Code::InvalidConditionKeyFormat, message));
            return None;
        }
        if let Some((tag, "")) = rest.split_once('/') {
            let message = format!("`{name}` lacks the key of the tag: `{prefix}:{tag}/department`");
            self.add(remark(Code::MissingTagKeyInCondition, message));
            return None;
        }
        if let Some(key) = global_key(name) {
            if let Some(instead) = key.replaced_by {
                let message = format!("`{name}` is out of date; use `{instead}`");
                let fix = (member.key_range.clone(), quoted(instead));
                self.add(remark(Code::DeprecatedGlobalConditionKey, message).fix_if(Some(fix)));
            }
            self.tag_key(&path, block, operator, member);
            return Some(KnownKey {
                kind: key.kind,
                multivalued: key.multivalued,
            });
        }
        if prefix.eq_ignore_ascii_case("aws") {
            let is_tag = ["PrincipalTag", "ResourceTag", "RequestTag"]
                .iter()
                .any(|tag| rest.eq_ignore_ascii_case(tag));
            if is_tag {
                let message = format!("`{name}` lacks the key of the tag: `{name}/department`");
                self.add(remark(Code::MissingTagKeyInCondition, message));
                return None;
            }
            let names = global_keys().map(|key| key.name.trim_end_matches('/'));
            let head = name.split_once('/').map_or(name, |(head, _)| head);
            let message = format!("The condition key {name} does not exist.");
            self.add(match nearest(head, names) {
                Some(meant) => {
                    let tail = name.get(head.len()..).unwrap_or_default();
                    let fix = quoted(&format!("{meant}{tail}"));
                    let message = format!("{message} Did you mean {meant}?");
                    remark(Code::InvalidGlobalConditionKey, message).fix(member.key_range.clone(), fix)
                }
                None => remark(Code::InvalidGlobalConditionKey, message),
            });
            return None;
        }
        if prefix.eq_ignore_ascii_case("saml") {
            return self.saml_key(&path, member);
        }
        self.service_key(&path, block, member, prefix)
    }

    fn saml_key(&mut self, path: &Path<'_>, member: &Member) -> Option<KnownKey> {
        let name = member.key.as_str();
        if let Some(key) = saml_keys().find(|key| key.name.eq_ignore_ascii_case(name)) {
            return Some(KnownKey {
                kind: key.kind,
                multivalued: key.multivalued,
            });
        }
        let message = format!(
            "The condition key {name} does not exist in the service saml. Use a valid condition key."
        );
        let fix = nearest(name, saml_keys().map(|key| key.name));
        let fix = fix.map(|meant| (member.key_range.clone(), quoted(meant)));
        let code = Code::InvalidServiceConditionKey;
        self.add(Remark::new(code, path, member.key_range.clone(), message).fix_if(fix));
        None
    }

    fn service_key(
        &mut self,
        path: &Path<'_>,
        block: &Block<'_>,
        member: &Member,
        prefix: &str,
    ) -> Option<KnownKey> {
        let name = member.key.as_str();
        let remark = |code, message: String| Remark::new(code, path, member.key_range.clone(), message);
        let Some(service) = self.catalogue.service(prefix) else {
            // Keys of identity providers begin with the provider's address.
            let provider = prefix.contains(['.', '/']);
            if !provider && !self.catalogue.is_prefix(prefix) {
                let message = format!("the service `{prefix}` is not known here");
                self.add(remark(Code::UnknownService, message));
            }
            return None;
        };
        let Some(key) = service.key(name) else {
            let message = format!(
                "The condition key {name} does not exist in the service {}. Use a valid condition key.",
                service.prefix
            );
            let names = service.keys.iter().map(|key| key.name.as_str());
            let fix = nearest(name, names).map(|meant| (member.key_range.clone(), quoted(meant)));
            self.add(remark(Code::InvalidServiceConditionKey, message).fix_if(fix));
            return None;
        };
        let found = KnownKey {
            kind: key.kind,
            multivalued: key.multivalued,
        };
        // Requests for the actions of other services do not have the key.
        let elsewhere = |action: &&str| {
            action
                .split_once(':')
                .is_some_and(|(service, _)| !service.eq_ignore_ascii_case(prefix) && service != "*")
        };
        if let Some(action) = block.actions.first()
            && block.actions.iter().all(elsewhere)
        {
            let (effect, severity) = if block.deny {
                ("deny may never apply", super::Severity::SecurityWarning)
            } else {
                ("allow may not apply", super::Severity::Warning)
            };
            let message = format!(
                "`{name}` is a key of {}, which requests for {action} do not have, so the {effect}",
                service.title
            );
            self.add(remark(Code::IrrelevantConditionKey, message).severity(severity));
        }
        Some(found)
    }

    /// Tags of requests and resources that have none.
    fn tag_key(&mut self, path: &Path<'_>, block: &Block<'_>, operator: &Member, member: &Member) {
        let name = member.key.to_ascii_lowercase();
        let on_resource = name.starts_with("aws:resourcetag/");
        let on_request = name.starts_with("aws:requesttag/") || name == "aws:tagkeys";
        let holds_when_absent = Operator::read(&operator.key).is_none_or(|meaning| {
            meaning.if_exists
                || meaning.negated
                || meaning.family == Family::Null
                || meaning.set == Set::ForAll
        });
        if !on_resource && !on_request || holds_when_absent {
            return;
        }
        let (without, place) = if on_resource {
            (&block.without_resource_tags, "on a resource with tags")
        } else {
            (&block.without_request_tags, "with tags in the request")
        };
        let Some(first) = without.first() else { return };
        let others = match without.len() {
            1 => String::new(),
            2 => " and one more action".to_owned(),
            more => format!(" and {} more actions", more - 1),
        };
        let (code, effect) = if block.deny {
            (Code::DenyWithUnsupportedTagConditionKey, "denies nothing")
        } else {
            (Code::AllowWithUnsupportedTagConditionKey, "grants nothing")
        };
        let message = format!("{first}{others} is never asked {place}, so the statement {effect} for it");
        self.add(Remark::new(code, path, member.key_range.clone(), message));
    }

    /// The actions of a statement that are never asked with tags of a sort.
    fn without_tags(&self, actions: &[&'t str], has_tags: fn(&Action) -> bool) -> Vec<&'t str> {
        let is_without = |text: &&&str| {
            let Some((service, name)) = text.split_once(':') else {
                return false;
            };
            let Some(service) = self.catalogue.service(service) else {
                return false;
            };
            if !name.contains(['*', '?']) {
                return service.action(name).is_some_and(|action| !has_tags(action));
            }
            let mut matching = service.matching(name).peekable();
            matching.peek().is_some() && !matching.any(has_tags)
        };
        actions.iter().filter(is_without).copied().collect()
    }

    /// Whether the operator looks at as many values as the key has.
    fn set_operator(&mut self, path: &Path<'_>, place: &Place<'_>, known: Option<KnownKey>) {
        let (Some(known), name) = (known, place.key.key.as_str()) else {
            return;
        };
        if place.meaning.family == Family::Null {
            return;
        }
        let operator = place.operator.key.as_str();
        let here = path.key(name);
        let remark = |code, message: String| Remark::new(code, &here, place.key.key_range.clone(), message);
        match place.meaning.set {
            Set::Single if known.multivalued => {
                let message = format!("`{name}` has several values, which `{operator}` does not compare");
                self.add(remark(Code::MissingQualifier, message).suggest(format!(
                    "write `ForAnyValue:{operator}` if one value has to fit, `ForAllValues:{operator}` if all have to"
                )));
            }
            Set::ForAll if !known.multivalued => {
                let bare = operator.split_once(':').map_or(operator, |(_, bare)| bare);
                let message = format!("`{name}` has one value, and ForAllValues holds when it has none");
                let alone = place.operator.value.object().is_some_and(|keys| keys.len() == 1);
                // A deny would deny less without it.
                let fix = (alone && !place.deny).then(|| (place.operator.key_range.clone(), quoted(bare)));
                self.add(remark(Code::ForAllValuesWithSingleValuedKey, message).fix_if(fix));
            }
            Set::ForAll if !place.deny && !requires_presence(place.statement, name) => {
                let message =
                    format!("ForAllValues holds for requests without `{name}`, so they are allowed");
                self.add(
                    remark(Code::ForAllValuesInAllow, message)
                        .suggest(format!("add \"Null\": {{\"{name}\": \"false\"}}")),
                );
            }
            _ => {}
        }
    }

    /// A deny without a second factor that forgets those who cannot have one.
    fn second_factor(&mut self, path: &Path<'_>, place: &Place<'_>) {
        let is_it = place.key.key.eq_ignore_ascii_case("aws:MultiFactorAuthPresent");
        if !place.deny || !is_it || place.meaning.family != Family::Bool || place.meaning.if_exists {
            return;
        }
        let negative = place
            .key
            .value
            .each()
            .iter()
            .filter_map(Node::scalar)
            .any(|value| value.eq_ignore_ascii_case("false"));
        if !negative {
            return;
        }
        let name = format!("{}IfExists", place.operator.key);
        let alone = place.operator.value.object().is_some_and(|keys| keys.len() == 1);
        let fix = alone.then(|| (place.operator.key_range.clone(), quoted(&name)));
        let message = "requests with long-term access keys do not have this key, so this does not deny them";
        let here = path.key(&place.key.key);
        let remark = Remark::new(
            Code::MfaDenyWithoutIfExists,
            &here,
            place.key.key_range.clone(),
            message,
        );
        self.add(remark.suggest(format!("write `{name}`")).fix_if(fix));
    }
}

/// Whether the statement says elsewhere that the key must be there.
fn requires_presence(statement: &Node, name: &str) -> bool {
    let operators = statement
        .get("Condition")
        .and_then(Node::object)
        .unwrap_or_default();
    operators
        .iter()
        .filter(|operator| operator.key.eq_ignore_ascii_case("Null"))
        .flat_map(|operator| operator.value.object().unwrap_or_default())
        .filter(|key| key.key.eq_ignore_ascii_case(name))
        .flat_map(|key| key.value.each())
        .filter_map(Node::scalar)
        .any(|value| value.eq_ignore_ascii_case("false"))
}
