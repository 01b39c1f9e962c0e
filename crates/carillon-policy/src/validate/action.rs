//! `Action` and `NotAction`.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use super::Checker;
use super::catalogue::Vocabulary;
use super::code::Code;
use super::glob::{action_covers, covers};
use super::nearest::nearest;
use super::report::{Path, Remark};
use super::tree::{Node, removal};
use crate::PolicyType;
use crate::check::TRUST;

/// Comparisons for redundancy in one list; longer lists are compared as far as that.
const MOST_COMPARISONS: usize = 100_000;

/// Actions of one list that are looked at for whether they are all of a service.
const MOST_NAMED: usize = 2_000;
/// Fewer names of one service are short enough.
const FEWEST_NAMED: usize = 4;

/// What a statement does with the actions it names, for messages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Verb(pub &'static str);

impl Checker<'_> {
    pub(super) fn actions(&mut self, path: &Path<'_>, statement: &Node) {
        for key in ["Action", "NotAction"] {
            let Some(element) = statement.get(key) else {
                continue;
            };
            let path = path.member(key);
            let verb = match (key, statement.get("Effect").and_then(Node::string)) {
                ("Action", Some("Allow")) => Verb("grants"),
                ("Action", Some("Deny")) => Verb("denies"),
                _ => Verb("names"),
            };
            let not_served = self.unserved(element);
            for (index, node) in element.each().iter().enumerate() {
                let Some(text) = node.string() else { continue };
                let here = path.index(index);
                let here = if element.is_array() { &here } else { &path };
                let others = element.each().len().saturating_sub(not_served);
                self.action(here, node, text, verb, others);
                if key == "Action" {
                    self.action_of_type(here, node, text);
                }
            }
            self.redundant(&path, element, Code::RedundantAction, action_covers, |text| {
                text.to_ascii_lowercase()
            });
            self.whole_services(&path, element);
        }
    }

    /// Lists that have become long by naming each action of a service.
    fn whole_services(&mut self, path: &Path<'_>, element: &Node) {
        let mut named: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        let texts = element.each().iter().filter_map(Node::string);
        for (service, name) in texts.filter_map(|text| text.split_once(':')).take(MOST_NAMED) {
            named.entry(service.to_ascii_lowercase()).or_default().push(name);
        }
        let catalogue = self.catalogue;
        for (service, names) in named {
            let Some(known) = catalogue
                .service(&service)
                .filter(|_| names.len() >= FEWEST_NAMED)
            else {
                continue;
            };
            let mut missing: HashSet<&str> = known.actions.iter().map(|action| &*action.name).collect();
            for name in &names {
                if name.contains(['*', '?']) {
                    known.matching(name).for_each(|action| {
                        missing.remove(&*action.name);
                    });
                } else if let Some(action) = known.action(name) {
                    missing.remove(&*action.name);
                }
            }
            let already = names.iter().any(|name| name.bytes().all(|byte| byte == b'*'));
            if missing.is_empty() && !already {
                let title = &known.title;
                let message = format!("this names every action of {title} there is today");
                let remark = Remark::new(Code::EveryActionOfService, path, element.range.clone(), message);
                self.add(remark.suggest(format!(
                    "`{service}:*` is shorter; it means the actions to come as well"
                )));
            }
        }
    }

    /// How many of the actions nothing here asks for.
    fn unserved(&self, element: &Node) -> usize {
        let is_unserved = |node: &&Node| {
            let (service, name) = node
                .string()
                .and_then(|text| text.split_once(':'))
                .unwrap_or_default();
            let action = self
                .catalogue
                .service(service)
                .and_then(|known| known.action(name));
            action.is_some_and(|action| !action.served)
        };
        element.each().iter().filter(is_unserved).count()
    }

    fn action(&mut self, path: &Path<'_>, node: &Node, text: &str, verb: Verb, others: usize) {
        if text.bytes().all(|byte| byte == b'*') && !text.is_empty() {
            return;
        }
        let whole = node.range.clone();
        let invalid = |message: String| Remark::new(Code::InvalidAction, path, whole.clone(), message);
        let trimmed = text.trim();
        if trimmed != text && !trimmed.is_empty() {
            let message = format!("`{text}` has white space around it and matches no action");
            self.add(invalid(message).fix(node.range.clone(), quoted(trimmed)));
            return;
        }
        let Some((service, name)) = text.split_once(':') else {
            let message = "an action is a service and a name, such as `chime:ListUsers`, or `*`";
            let mut remark = invalid(message.to_owned());
            let mut known = self
                .catalogue
                .services()
                .filter(|service| service.action(text).is_some());
            if let (Some(service), None) = (known.next(), known.next()) {
                remark = remark.fix(node.range.clone(), quoted(&format!("{}:{text}", service.prefix)));
            }
            self.add(remark);
            return;
        };
        if name.contains([',', ';']) && name.contains(':') {
            let parts: Vec<String> = text.split([',', ';']).map(|part| quoted(part.trim())).collect();
            let message = "several actions in one string match none; each is a string of its own";
            let list = parts.join(", ");
            let list = if matches!(path, Path::Index(..)) {
                list
            } else {
                format!("[{list}]")
            };
            self.add(invalid(message.to_owned()).fix(node.range.clone(), list));
            return;
        }
        if name.contains("${") {
            let (range, part) = node.part(service.len() + 1..text.len());
            let mut remark = Remark::new(
                Code::VariableUnsupportedInElement,
                path,
                range,
                "actions have no policy variables",
            );
            if let Some(part) = part {
                remark = remark.within(part);
            }
            self.add(remark);
            return;
        }
        if name.contains(':') {
            self.add(invalid("an action has one colon".to_owned()));
            return;
        }
        if !self.service_of_action(path, node, service, name) {
            return;
        }
        if name.is_empty() || name.contains(char::is_whitespace) {
            self.add(invalid(format!("`{text}` matches no action")));
            return;
        }
        if let Some(vocabulary) = self.catalogue.service(service) {
            self.action_of_service(path, node, vocabulary, name, verb, others);
        }
    }

    /// The part before the colon. `false`: nothing more can be said of the action.
    fn service_of_action(&mut self, path: &Path<'_>, node: &Node, service: &str, name: &str) -> bool {
        let (range, part) = node.part(0..service.len());
        let at_service = |code, message: String| {
            let remark = Remark::new(code, path, range.clone(), message);
            match part {
                Some(part) => remark.within(part),
                None => remark,
            }
        };
        if service == "*" {
            let everything = name.bytes().all(|byte| byte == b'*') && !name.is_empty();
            let remark = at_service(
                Code::WildcardInServicePrefix,
                if everything {
                    "`*:*` is written `*`".to_owned()
                } else {
                    format!("`*:{name}` matches no action: the service cannot be a wildcard")
                },
            );
            self.add(remark.fix_if(everything.then(|| (node.range.clone(), quoted("*")))));
            return false;
        }
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
        if service.is_empty() || !service.bytes().all(plain) {
            let message = if service.contains(['*', '?']) {
                format!("the service of an action cannot be a pattern, so `{service}:{name}` matches nothing")
            } else {
                format!("`{service}` is no service")
            };
            self.add(at_service(Code::InvalidServiceInAction, message));
            return false;
        }
        if self.catalogue.is_prefix(service) {
            return true;
        }
        let meant = (service.len() > 2 && !self.report.is_full())
            .then(|| nearest(service, self.catalogue.prefixes()))
            .flatten();
        self.add(match meant {
            Some(meant) => {
                let message = format!("there is no service `{service}`; did you mean `{meant}`?");
                at_service(Code::InvalidServiceInAction, message)
                    .fix_if(part.map(|_| (range.clone(), meant.to_owned())))
            }
            None => at_service(
                Code::UnknownService,
                format!("the service `{service}` is not known here, so nothing can be said of its actions"),
            ),
        });
        false
    }

    fn action_of_service(
        &mut self,
        path: &Path<'_>,
        node: &Node,
        service: &Vocabulary,
        name: &str,
        verb: Verb,
        others: usize,
    ) {
        let prefix = &service.prefix;
        let remark = |code, message: String| Remark::new(code, path, node.range.clone(), message);
        let rest = match others {
            0 => format!("the statement {} nothing here", verb.0),
            1 => format!("the statement {} the other action", verb.0),
            others => format!("the statement {} the other {others} actions", verb.0),
        };
        if name.contains(['*', '?']) {
            let mut matching = service.matching(name).peekable();
            if matching.peek().is_none() {
                let message = format!("no action of {} matches {prefix}:{name}", service.title);
                self.add(remark(Code::InvalidAction, message));
            } else if matching.all(|action| !action.served) {
                let message = format!(
                    "this server has no operation for any action of {} that {prefix}:{name} matches",
                    service.title
                );
                self.add(remark(Code::ActionNotServed, message));
            }
            return;
        }
        match service.action(name) {
            Some(action) if action.served => {}
            Some(action) => {
                let message = format!(
                    "{prefix}:{} is an action of {} that this server has no operation for; {rest}",
                    action.name, service.title
                );
                let mut remark = remark(Code::ActionNotServed, message);
                if let Some(guess) = guess(service, &action.name) {
                    remark = remark.suggest(guess);
                }
                self.add(remark);
            }
            None if self.report.is_full() => {}
            None => {
                let names = service.actions.iter().map(|action| action.name.as_str());
                let message = format!("The action {prefix}:{name} does not exist.");
                self.add(match nearest(name, names) {
                    Some(meant) => remark(
                        Code::InvalidAction,
                        format!("{message} Did you mean {prefix}:{meant}?"),
                    )
                    .fix(node.range.clone(), quoted(&format!("{prefix}:{meant}"))),
                    None => remark(Code::InvalidAction, message),
                });
            }
        }
    }

    /// What the type of the policy says about actions.
    fn action_of_type(&mut self, path: &Path<'_>, node: &Node, text: &str) {
        let message = match self.ty {
            PolicyType::ResourceControl if text == "*" => {
                "a resource control policy names the services of its actions"
            }
            PolicyType::Trust if !TRUST.iter().any(|known| text.eq_ignore_ascii_case(known)) => {
                let wildcard = text
                    .get(..4)
                    .is_some_and(|start| start.eq_ignore_ascii_case("sts:"))
                    && TRUST
                        .iter()
                        .any(|known| covers(&text.to_ascii_lowercase(), known));
                if wildcard {
                    return;
                }
                "a role's trust policy is about assuming the role: `sts:AssumeRole` and its kin"
            }
            _ => return,
        };
        self.add(Remark::new(
            Code::UnsupportedActionInPolicy,
            path,
            node.range.clone(),
            message,
        ));
    }

    /// Elements of a list that another element covers.
    pub(super) fn redundant(
        &mut self,
        path: &Path<'_>,
        element: &Node,
        code: Code,
        covers: fn(&str, &str) -> bool,
        normal: impl Fn(&str) -> String,
    ) {
        let texts: Vec<Option<String>> = element
            .each()
            .iter()
            .map(|node| node.string().map(&normal))
            .collect();
        let ranges: Vec<Range<usize>> = element.each().iter().map(|node| node.range.clone()).collect();
        // Only a pattern covers another text, and of equal ones only the first stays.
        let mut first: std::collections::HashMap<&str, usize> = std::collections::HashMap::new();
        for (index, text) in texts.iter().enumerate() {
            if let Some(text) = text {
                first.entry(text).or_insert(index);
            }
        }
        let wide: Vec<(usize, &str)> = texts
            .iter()
            .enumerate()
            .filter_map(|(index, text)| {
                Some((index, text.as_deref().filter(|text| text.contains(['*', '?']))?))
            })
            .filter(|(index, text)| first.get(text) == Some(index))
            .take(MOST_COMPARISONS / texts.len().max(1))
            .collect();
        for (index, text) in texts.iter().enumerate() {
            let Some(text) = text.as_deref() else { continue };
            let equal = first.get(text).copied().filter(|first| *first != index);
            let covering = || {
                wide.iter()
                    .find(|(at, wide)| *at != index && covers(wide, text) && !covers(text, wide))
            };
            let Some(by) = equal.or_else(|| covering().map(|(at, _)| *at)) else {
                continue;
            };
            let Some(by) = element.each().get(by).and_then(Node::string) else {
                continue;
            };
            let message = if equal.is_some() {
                format!("`{by}` is in the list already")
            } else {
                format!("`{by}` covers this")
            };
            let range = ranges.get(index).cloned().unwrap_or_default();
            let fix = removal(&ranges, index).map(|range| (range, String::new()));
            self.add(Remark::new(code, &path.index(index), range, message).fix_if(fix));
        }
    }
}

/// A text as JSON has it.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string()
}

/// What may have been wanted from an action that is not served: the served one whose name is the longest
/// beginning of its name.
fn guess(service: &Vocabulary, name: &str) -> Option<String> {
    let action = service
        .actions
        .iter()
        .filter(|action| action.served && action.name.len() < name.len())
        .filter(|action| {
            let rest = name.strip_prefix(action.name.as_str());
            rest.is_some_and(|rest| rest.starts_with(|next: char| next.is_ascii_uppercase()))
        })
        .max_by_key(|action| action.name.len())?;
    let aim = [
        ("Get", "reading"),
        ("Create", "making"),
        ("Delete", "deleting"),
        ("Update", "changing"),
    ]
    .iter()
    .find_map(|(verb, gerund)| {
        let noun = words(action.name.strip_prefix(verb)?);
        let article = if noun.starts_with(['a', 'e', 'i', 'o']) {
            "an"
        } else {
            "a"
        };
        Some(format!("for {gerund} {article} {noun}: "))
    })
    .unwrap_or_default();
    Some(format!("a guess: {aim}{}:{}", service.prefix, action.name))
}

/// `PhoneNumber` as `phone number`.
fn words(name: &str) -> String {
    let mut words = String::new();
    for character in name.chars() {
        if character.is_ascii_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.push(character.to_ascii_lowercase());
    }
    words
}
