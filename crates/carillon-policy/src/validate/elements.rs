//! The elements of a policy: which there are, of which type, and which a policy of its type needs.

use std::collections::HashMap;

use super::Checker;
use super::code::Code;
use super::nearest::nearest;
use super::report::{Path, Remark};
use super::tree::{Member, Node, Value, removal};
use crate::PolicyType;

const TOP: [&str; 3] = ["Version", "Id", "Statement"];
const IN_STATEMENT: [&str; 9] = [
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

impl<'a> Checker<'a> {
    /// The document's own members. Gives the statements that can be looked into, with their numbers.
    pub(super) fn document(&mut self, root: &'a Node) -> Vec<(usize, &'a Node)> {
        let path = Path::Root;
        let Some(members) = root.object() else {
            let message = format!("a policy is an object, not {}", root.kind());
            self.add(Remark::new(
                Code::DataTypeMismatch,
                &path,
                root.range.clone(),
                message,
            ));
            return Vec::new();
        };
        self.known_members(&path, members, &TOP, &IN_STATEMENT, "belongs into a statement");
        self.version(root, members);
        if let Some(id) = root.get("Id") {
            self.string(&path.member("Id"), id, "Id");
        }
        self.statements(root)
    }

    /// Objects to members that `known` does not have. Those of `elsewhere` are known, and wrong here.
    fn known_members(
        &mut self,
        path: &Path<'_>,
        members: &[Member],
        known: &[&'static str],
        elsewhere: &[&'static str],
        wrong_here: &str,
    ) {
        for member in members {
            let name = member.key.as_str();
            if known.contains(&name) {
                continue;
            }
            let remark = |message: String| {
                Remark::new(
                    Code::InvalidPolicyElement,
                    &path.key(name),
                    member.key_range.clone(),
                    message,
                )
            };
            if elsewhere.contains(&name) {
                self.add(remark(format!("`{name}` {wrong_here}")));
                continue;
            }
            let meant = nearest(name, known.iter().copied())
                // Plurals and the like are further away than a typing error.
                .or_else(|| {
                    known
                        .iter()
                        .copied()
                        .find(|known| name.eq_ignore_ascii_case(&format!("{known}s")))
                });
            self.add(match meant {
                Some(meant) => {
                    let taken = members.iter().any(|member| member.key == meant);
                    let remark = remark(format!("there is no element `{name}`; did you mean `{meant}`?"));
                    remark.fix_if((!taken).then(|| (member.key_range.clone(), format!("\"{meant}\""))))
                }
                None => remark(format!("there is no element `{name}`")),
            });
        }
    }

    fn version(&mut self, root: &Node, members: &[Member]) {
        let path = Path::Root.member("Version");
        let required = self.ty == PolicyType::ResourceControl;
        // A change of version gives `${` its meaning, so it is not made without the author.
        let harmless = !self.text.contains("${");
        let current = || "\"2012-10-17\"".to_owned();
        let Some(version) = root.get("Version") else {
            let start = root.range.start..root.range.start + 1;
            let mut remark = Remark::new(
                Code::MissingVersion,
                &Path::Root,
                start.clone(),
                "without `Version` the language of 2008-10-17 applies, which has no policy variables",
            )
            .suggest("write \"Version\": \"2012-10-17\"");
            if let Some(first) = members.first()
                && harmless
            {
                let indent = self
                    .text
                    .get(start.end..first.key_range.start)
                    .unwrap_or_default();
                remark = remark.fix(
                    start.end..start.end,
                    format!("{indent}\"Version\": {},", current()),
                );
            }
            if required {
                remark = remark.severity(super::Severity::Error);
            }
            self.add(remark);
            return;
        };
        let range = version.range.clone();
        match version.string() {
            Some("2012-10-17") => {}
            Some("2008-10-17") => {
                let (code, message) = if required {
                    (
                        Code::InvalidVersion,
                        "a resource control policy has the version 2012-10-17",
                    )
                } else {
                    (
                        Code::OutdatedVersion,
                        "version 2008-10-17 has no policy variables; `${…}` is literal text in it",
                    )
                };
                let remark = Remark::new(code, &path, range.clone(), message);
                self.add(remark.fix_if(harmless.then(|| (range, current()))));
            }
            Some(other) => {
                let message = format!("there is no version `{other}`; write 2012-10-17");
                self.add(
                    Remark::new(Code::InvalidVersion, &path, range.clone(), message).fix(range, current()),
                );
            }
            None => {
                self.string(&path, version, "Version");
            }
        }
    }

    fn statements(&mut self, root: &'a Node) -> Vec<(usize, &'a Node)> {
        let Some(element) = root.get("Statement") else {
            let message = "a policy has a `Statement`";
            let start = root.range.start..root.range.start + 1;
            self.add(Remark::new(Code::MissingStatement, &Path::Root, start, message));
            return Vec::new();
        };
        let path = Path::Root.member("Statement");
        if element.each().is_empty() {
            let message = "a policy has at least one statement";
            self.add(Remark::new(
                Code::MissingStatement,
                &path,
                element.range.clone(),
                message,
            ));
        }
        let mut usable = Vec::new();
        for (index, statement) in element.each().iter().enumerate() {
            if statement.object().is_some() {
                usable.push((index, statement));
                continue;
            }
            let here = path.index(index);
            let place = if element.is_array() { &here } else { &path };
            let message = format!("a statement is an object, not {}", statement.kind());
            self.add(Remark::new(
                Code::DataTypeMismatch,
                place,
                statement.range.clone(),
                message,
            ));
        }
        usable
    }

    /// The members of a statement: names, types, and what must and must not be there.
    pub(super) fn statement(&mut self, path: &Path<'_>, statement: &Node) {
        let members = statement.object().unwrap_or_default();
        self.known_members(
            path,
            members,
            &IN_STATEMENT,
            &TOP,
            "belongs beside the statements",
        );
        for (one, other) in [
            ("Action", "NotAction"),
            ("Resource", "NotResource"),
            ("Principal", "NotPrincipal"),
        ] {
            if let (Some(_), Some(second)) = (statement.member(one), statement.member(other)) {
                let message = format!("a statement has either `{one}` or `{other}`");
                let range = second.key_range.clone();
                self.add(Remark::new(
                    Code::UnsupportedElementCombination,
                    &path.key(other),
                    range,
                    message,
                ));
            }
        }
        self.sid(path, statement);
        self.effect(path, statement);
        self.presence(path, statement);
        for (key, empty) in [
            ("Action", Code::EmptyArrayAction),
            ("NotAction", Code::EmptyArrayAction),
            ("Resource", Code::EmptyArrayResource),
            ("NotResource", Code::EmptyArrayResource),
        ] {
            if let Some(member) = statement.member(key) {
                self.strings(&path.member(key), &member.value, key, empty);
            }
        }
    }

    fn sid(&mut self, path: &Path<'_>, statement: &Node) {
        let Some(member) = statement.member("Sid") else {
            return;
        };
        let path = path.member("Sid");
        let Some(sid) = self.string(&path, &member.value, "Sid") else {
            return;
        };
        let range = member.value.range.clone();
        if sid.is_empty() {
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
            let message = "an empty `Sid` says nothing";
            self.add(Remark::new(Code::EmptySidValue, &path, range, message).fix_if(fix));
            return;
        }
        // Some services store more than IAM does.
        let plain = |character: char| character.is_ascii_alphanumeric();
        if !sid.chars().all(plain) && self.ty != PolicyType::Resource {
            let kept: String = sid.chars().filter(|character| plain(*character)).collect();
            let fix = (!kept.is_empty()).then(|| (range.clone(), format!("\"{kept}\"")));
            let message = "a `Sid` is made of the letters A to Z, a to z and the digits 0 to 9";
            self.add(Remark::new(Code::UnsupportedSid, &path, range, message).fix_if(fix));
        }
    }

    /// That no two statements have one name.
    pub(super) fn unique_sids(&mut self, statements: &[(usize, &'a Node)]) {
        let mut lines: HashMap<&str, usize> = HashMap::new();
        let sid = |statement: &'a Node| {
            statement
                .get("Sid")
                .filter(|node| node.string().is_some_and(|sid| !sid.is_empty()))
        };
        for (index, statement) in statements {
            let Some(node) = sid(statement) else { continue };
            let Some(name) = node.string() else { continue };
            if let Some(first) = lines.insert(name, *index) {
                lines.insert(name, first);
                let taken = |candidate: &str| {
                    statements
                        .iter()
                        .any(|(_, statement)| sid(statement).and_then(Node::string) == Some(candidate))
                };
                let free = (2..100)
                    .map(|number| format!("{name}{number}"))
                    .find(|candidate| !taken(candidate));
                let fix = free.map(|name| (node.range.clone(), format!("\"{name}\"")));
                let message = format!("the statement with the index {first} has the `Sid` `{name}` too");
                let (root, index) = (Path::Root, *index);
                let (statements, sid) = (root.member("Statement"), "Sid");
                let path = statements.index(index);
                let path = path.member(sid);
                self.add(
                    Remark::new(Code::UniqueSidsRequired, &path, node.range.clone(), message).fix_if(fix),
                );
            }
        }
    }

    fn effect(&mut self, path: &Path<'_>, statement: &Node) {
        let Some(effect) = statement.get("Effect") else {
            let start = statement.range.start..statement.range.start + 1;
            let message = "a statement has an `Effect`: Allow or Deny";
            self.add(Remark::new(Code::MissingEffect, path, start, message));
            return;
        };
        let path = path.member("Effect");
        let range = effect.range.clone();
        match self.string(&path, effect, "Effect") {
            None => {}
            Some("Allow") if self.ty == PolicyType::ResourceControl => {
                let message = "resource control policies can only deny";
                self.add(Remark::new(Code::UnsupportedEffect, &path, range, message));
            }
            Some("Allow" | "Deny") => {}
            Some(other) => {
                let meant = nearest(other, ["Allow", "Deny"]);
                let fix = meant.map(|meant| (range.clone(), format!("\"{meant}\"")));
                let message = format!("`{other}` is no effect; use `Allow` or `Deny`");
                self.add(Remark::new(Code::InvalidEffect, &path, range, message).fix_if(fix));
            }
        }
    }

    /// Which elements the type of the policy needs, and which it does not have.
    fn presence(&mut self, path: &Path<'_>, statement: &Node) {
        let start = statement.range.start..statement.range.start + 1;
        let has = |one, other| statement.get(one).is_some() || statement.get(other).is_some();
        if !has("Action", "NotAction") {
            let message = "a statement has `Action` or `NotAction`";
            self.add(Remark::new(Code::MissingAction, path, start.clone(), message));
        }
        let trust = self.ty == PolicyType::Trust;
        if !trust && !has("Resource", "NotResource") {
            let message = "a statement has `Resource` or `NotResource`";
            self.add(Remark::new(Code::MissingResource, path, start.clone(), message));
        }
        let names = self.ty.names_principals();
        if names && !has("Principal", "NotPrincipal") {
            let message = format!("a statement of {} has a `Principal`", type_name(self.ty));
            self.add(Remark::new(Code::MissingPrincipal, path, start, message));
        }
        let mut unsupported: Vec<(&str, Code)> = Vec::new();
        if !names {
            unsupported.extend(["Principal", "NotPrincipal"].map(|key| (key, Code::UnsupportedPrincipal)));
        }
        if trust {
            unsupported.extend(
                ["Resource", "NotResource", "NotPrincipal", "NotAction"]
                    .map(|key| (key, Code::UnsupportedElement)),
            );
        }
        if self.ty == PolicyType::ResourceControl {
            unsupported.extend(["NotPrincipal", "NotAction"].map(|key| (key, Code::UnsupportedElement)));
        }
        let members: Vec<_> = statement
            .object()
            .unwrap_or_default()
            .iter()
            .map(Member::range)
            .collect();
        for (key, code) in unsupported {
            let Some(member) = statement.member(key) else {
                continue;
            };
            let message = format!("{} has no `{key}`", type_name(self.ty));
            let remark = Remark::new(code, &path.key(key), member.key_range.clone(), message);
            // Without its principal an identity policy says what it said; the others would say something else.
            let removable =
                code == Code::UnsupportedPrincipal && key == "Principal" || trust && key == "Resource";
            let index = members.iter().position(|range| *range == member.range());
            let fix = index
                .filter(|_| removable)
                .and_then(|index| removal(&members, index));
            self.add(remark.fix_if(fix.map(|range| (range, String::new()))));
        }
    }

    /// A list of strings, or one.
    fn strings(&mut self, path: &Path<'_>, node: &Node, key: &str, empty: Code) {
        let elements = match &node.value {
            Value::String(_) => return,
            Value::Array(elements) => elements,
            _ => {
                let message = format!("`{key}` is a string or a list of strings, not {}", node.kind());
                self.add(Remark::new(
                    Code::DataTypeMismatch,
                    path,
                    node.range.clone(),
                    message,
                ));
                return;
            }
        };
        if elements.is_empty() {
            let message = format!("a statement whose `{key}` is empty does nothing");
            self.add(Remark::new(empty, path, node.range.clone(), message));
        }
        for (index, element) in elements.iter().enumerate() {
            if element.string().is_none() {
                let message = format!("`{key}` is a list of strings; this is {}", element.kind());
                self.add(Remark::new(
                    Code::DataTypeMismatch,
                    &path.index(index),
                    element.range.clone(),
                    message,
                ));
            }
        }
    }

    /// What must be a string.
    pub(super) fn string<'n>(&mut self, path: &Path<'_>, node: &'n Node, name: &str) -> Option<&'n str> {
        let text = node.string();
        if text.is_none() {
            let message = format!("`{name}` is a string, not {}", node.kind());
            self.add(Remark::new(
                Code::DataTypeMismatch,
                path,
                node.range.clone(),
                message,
            ));
        }
        text
    }
}

/// A type of policies in a sentence.
pub(super) fn type_name(ty: PolicyType) -> &'static str {
    match ty {
        PolicyType::Identity => "an identity-based policy",
        PolicyType::Resource => "a resource-based policy",
        PolicyType::Trust => "a role's trust policy",
        PolicyType::Boundary => "a permissions boundary",
        PolicyType::Session => "a session policy",
        PolicyType::ServiceControl => "a service control policy",
        PolicyType::ResourceControl => "a resource control policy",
        PolicyType::Endpoint => "a VPC endpoint policy",
    }
}
