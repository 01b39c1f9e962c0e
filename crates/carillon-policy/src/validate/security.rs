//! Statements that give more than is wise, and statements that do nothing.

use super::Checker;
use super::code::Code;
use super::glob::{action_covers, overlap, resource_covers};
use super::principal::condition_keys;
use super::report::{Path, Remark};
use super::tree::{Member, Node, Value, removal};
use crate::PolicyType;
use crate::analysis::can_hold;
use crate::condition::is_known_operator;
use crate::syntax;

/// Statements that are compared with each other.
const MOST_STATEMENTS: usize = 100;
/// Elements of two statements whose product is more are not compared.
const MOST_PAIRS: usize = 20_000;

/// Rights from which others can be obtained, in lower case: what IAM asks for, and how it helps.
const ESCALATIONS: [(&str, &str); 18] = [
    ("iam:attachuserpolicy", "attach any policy to a user"),
    ("iam:attachgrouppolicy", "attach any policy to a group"),
    ("iam:attachrolepolicy", "attach any policy to a role"),
    ("iam:putuserpolicy", "write a policy onto a user"),
    ("iam:putgrouppolicy", "write a policy onto a group"),
    ("iam:putrolepolicy", "write a policy onto a role"),
    ("iam:createpolicyversion", "rewrite a policy that is attached"),
    (
        "iam:setdefaultpolicyversion",
        "bring back an older version of a policy",
    ),
    ("iam:addusertogroup", "add itself to a group"),
    ("iam:updateassumerolepolicy", "let itself assume a role"),
    ("iam:createaccesskey", "make keys for others"),
    ("iam:createloginprofile", "give others a password"),
    ("iam:updateloginprofile", "change the password of others"),
    ("iam:deleteuserpermissionsboundary", "take away a user's boundary"),
    ("iam:deleterolepermissionsboundary", "take away a role's boundary"),
    ("iam:putuserpermissionsboundary", "widen a user's boundary"),
    ("iam:putrolepermissionsboundary", "widen a role's boundary"),
    (
        "iam:createservicespecificcredential",
        "make credentials for others",
    ),
];

/// Actions that start something under a role that is passed to it, in lower case.
const STARTING: [&str; 14] = [
    "lambda:createfunction",
    "ec2:runinstances",
    "ecs:runtask",
    "ecs:createservice",
    "cloudformation:createstack",
    "glue:createdevendpoint",
    "glue:createjob",
    "datapipeline:createpipeline",
    "codebuild:createproject",
    "sagemaker:createnotebookinstance",
    "sagemaker:createtrainingjob",
    "states:createstatemachine",
    "elasticmapreduce:runjobflow",
    "apprunner:createservice",
];

/// What the caller may well do to itself.
const OWN: [&str; 4] = [
    "iam:createaccesskey",
    "iam:createloginprofile",
    "iam:updateloginprofile",
    "iam:createservicespecificcredential",
];

/// Keys that say which policies and boundaries are meant, so that the right is no longer a right to everything.
const LIMITING: [&str; 2] = ["iam:policyarn", "iam:permissionsboundary"];

/// A statement taken apart for comparison.
struct Statement<'a> {
    index: usize,
    node: &'a Node,
    deny: bool,
    /// In lower case.
    actions: Vec<String>,
    not_action: bool,
    resources: Vec<&'a str>,
    not_resource: bool,
    /// Of principals and conditions, in a form that is equal for equal ones.
    limits: [String; 2],
}

impl<'a> Statement<'a> {
    fn read(index: usize, node: &'a Node) -> Option<Statement<'a>> {
        let list = |key: &str, other: &str| match (node.get(key), node.get(other)) {
            (Some(element), None) => Some((element, false)),
            (None, Some(element)) => Some((element, true)),
            _ => None,
        };
        let (actions, not_action) = list("Action", "NotAction")?;
        let (resources, not_resource) = match list("Resource", "NotResource") {
            Some((element, not)) => (element.each().iter().filter_map(Node::string).collect(), not),
            // Trust policies have none.
            None => (vec!["*"], false),
        };
        let deny = match node.get("Effect").and_then(Node::string)? {
            "Allow" => false,
            "Deny" => true,
            _ => return None,
        };
        let principal = node.get("Principal").or_else(|| node.get("NotPrincipal"));
        let form = |element: Option<&Node>| element.map(canonical).unwrap_or_default();
        Some(Statement {
            index,
            node,
            deny,
            actions: actions
                .each()
                .iter()
                .filter_map(Node::string)
                .map(str::to_ascii_lowercase)
                .collect(),
            not_action,
            resources,
            not_resource,
            limits: [
                format!("{}{}", node.get("NotPrincipal").is_some(), form(principal)),
                form(
                    node.get("Condition")
                        .filter(|condition| condition.object().is_none_or(|members| !members.is_empty())),
                ),
            ],
        })
    }

    fn is_unconditional(&self) -> bool {
        self.limits.get(1).is_some_and(String::is_empty)
    }

    fn has_variables(&self) -> bool {
        self.resources.iter().any(|resource| resource.contains("${"))
    }

    /// Whether everything that `other` is about is among what this is about, conditions and principals aside.
    fn covers(&self, other: &Statement<'_>) -> bool {
        let pairs = self.actions.len() * other.actions.len() + self.resources.len() * other.resources.len();
        if pairs > MOST_PAIRS || self.has_variables() && self.resources != other.resources {
            return false;
        }
        let actions = match (self.not_action, other.not_action) {
            (false, false) => {
                !other.actions.is_empty()
                    && other
                        .actions
                        .iter()
                        .all(|narrow| self.actions.iter().any(|wide| action_covers(wide, narrow)))
            }
            (true, true) => self
                .actions
                .iter()
                .all(|excluded| other.actions.iter().any(|wide| action_covers(wide, excluded))),
            (false, true) => self.actions.iter().any(|action| action == "*"),
            (true, false) => {
                !other.actions.is_empty()
                    && !self
                        .actions
                        .iter()
                        .any(|excluded| other.actions.iter().any(|action| overlap(excluded, action)))
            }
        };
        let resources = match (self.not_resource, other.not_resource) {
            (false, false) => {
                !other.resources.is_empty()
                    && other
                        .resources
                        .iter()
                        .all(|narrow| self.resources.iter().any(|wide| resource_covers(wide, narrow)))
            }
            (true, true) => self.resources == other.resources,
            (false, true) => self.resources.contains(&"*"),
            (true, false) => false,
        };
        actions && resources
    }
}

/// A value in a form that does not depend on the order of members or on how a list of one is written.
fn canonical(node: &Node) -> String {
    match &node.value {
        Value::Object(members) => {
            let mut parts: Vec<String> = members
                .iter()
                .map(|Member { key, value, .. }| format!("{key:?}:{}", canonical(value)))
                .collect();
            parts.sort();
            format!("{{{}}}", parts.join(","))
        }
        Value::Array(elements) => {
            let mut parts: Vec<String> = elements.iter().map(canonical).collect();
            parts.sort();
            if parts.len() == 1 {
                parts.concat()
            } else {
                format!("[{}]", parts.join(","))
            }
        }
        Value::Null => "null".to_owned(),
        _ => format!("{:?}", node.scalar().unwrap_or_default()),
    }
}

impl<'t> Checker<'t> {
    /// What is only seen when the statements are taken together, or as grants.
    pub(super) fn security(&mut self, statements: &[(usize, &'t Node)]) {
        let read: Vec<Statement<'t>> = statements
            .iter()
            .filter_map(|(index, node)| Statement::read(*index, node))
            .collect();
        let grants = matches!(self.ty, PolicyType::Identity | PolicyType::Session);
        for statement in &read {
            if grants && !statement.deny {
                self.grant(statement);
            }
            if statement.deny {
                self.contradiction(statement);
            }
            if statement.deny && statement.not_resource && statement.has_variables() {
                self.variable_in_not_resource(statement);
            }
        }
        if grants {
            self.starting(&read);
        }
        self.compare(read.get(..MOST_STATEMENTS.min(read.len())).unwrap_or_default());
    }

    fn at(&mut self, statement: &Statement<'_>, key: &str, code: Code, message: impl Into<String>) {
        let (root, message) = (Path::Root, message.into());
        let statements = root.member("Statement");
        let path = statements.index(statement.index);
        let member = statement.node.member(key);
        let range = member.map_or(
            statement.node.range.start..statement.node.range.start + 1,
            |member| member.value.range.clone(),
        );
        let here = path.member(key);
        let path = if member.is_some() { &here } else { &path };
        self.add(Remark::new(code, path, range, message));
    }

    fn grant(&mut self, statement: &Statement<'_>) {
        let everything = !statement.not_resource && statement.resources.contains(&"*");
        let all_actions = !statement.not_action
            && statement
                .actions
                .iter()
                .any(|action| action == "*" || action == "*:*");
        let keys = condition_keys(statement.node);
        if all_actions && everything && statement.is_unconditional() {
            let message = "this allows everything on everything: whoever has it is an administrator";
            self.at(statement, "Action", Code::FullAdministrator, message);
        }
        if statement.not_action && everything && statement.is_unconditional() {
            let message =
                "this allows every action that is not named, those of other services and those to come too";
            self.at(
                statement,
                "NotAction",
                Code::AllowWithNotActionOnEverything,
                message,
            );
        }
        self.pass_role(statement, everything, &keys);
        self.service_linked_role(statement, everything, &keys);
        if !all_actions {
            self.escalation(statement, &keys);
        }
    }

    /// The six shapes of a right to pass any role.
    fn pass_role(&mut self, statement: &Statement<'_>, everything: bool, keys: &[String]) {
        if !passes_any_role(statement, everything, keys) {
            return;
        }
        let matching: Vec<&String> = statement
            .actions
            .iter()
            .filter(|action| action_covers(action, "iam:passrole"))
            .collect();
        let code = match (statement.not_action, statement.not_resource) {
            (true, _) if !matching.is_empty() => return,
            (true, false) => Code::PassRoleWithNotActionAndStarInResource,
            (true, true) => Code::PassRoleWithNotActionAndNotResource,
            (false, _) if matching.is_empty() => return,
            (false, not_resource) => {
                let by_name = matching.iter().any(|action| *action == "iam:passrole");
                match (by_name, not_resource) {
                    (true, false) => Code::PassRoleWithStarInResource,
                    (true, true) => Code::PassRoleWithNotResource,
                    (false, false) => Code::PassRoleWithStarInActionAndResource,
                    (false, true) => Code::PassRoleWithStarInActionAndNotResource,
                }
            }
        };
        let key = if statement.not_action {
            "NotAction"
        } else {
            "Action"
        };
        let message = "iam:PassRole on so many roles lets its holder hand each of them to a service; name the roles, or limit iam:PassedToService";
        self.at(statement, key, code, message);
    }

    /// Whoever may pass any role and start something with it can do what the mightiest role can.
    fn starting(&mut self, statements: &[Statement<'_>]) {
        let allows = |statement: &Statement<'_>, wanted: &str| {
            !statement.deny
                && !statement.not_action
                // Of an administrator there is nothing left to say.
                && !statement.actions.iter().any(|action| action == "*" || action == "*:*")
                && statement.actions.iter().any(|action| action_covers(action, wanted))
        };
        let passing = statements.iter().find(|statement| {
            let everything = !statement.not_resource && statement.resources.contains(&"*");
            let keys = condition_keys(statement.node);
            allows(statement, "iam:passrole") && passes_any_role(statement, everything, &keys)
        });
        let starts = |action: &&&str| statements.iter().any(|statement| allows(statement, action));
        let (Some(passing), Some(start)) = (passing, STARTING.iter().find(starts)) else {
            return;
        };
        let message = format!(
            "whoever has this can get every right of the account: pass any role to what `{start}` starts"
        );
        self.at(passing, "Action", Code::PrivilegeEscalation, message);
    }

    fn service_linked_role(&mut self, statement: &Statement<'_>, everything: bool, keys: &[String]) {
        let named = !statement.not_action
            && statement
                .actions
                .iter()
                .any(|action| action_covers(action, "iam:createservicelinkedrole"));
        if named && everything && !keys.iter().any(|key| key == "iam:awsservicename") {
            let message =
                "this lets its holder make the service-linked role of any service; limit iam:AWSServiceName";
            self.at(statement, "Action", Code::CreateSlrWithStarInResource, message);
        }
    }

    fn escalation(&mut self, statement: &Statement<'_>, keys: &[String]) {
        if statement.not_action || keys.iter().any(|key| LIMITING.contains(&key.as_str())) {
            return;
        }
        // What is limited to the caller itself.
        let own = !statement.not_resource
            && statement
                .resources
                .iter()
                .all(|resource| resource.contains("${aws:username}"));
        let found: Vec<&str> = ESCALATIONS
            .iter()
            .filter(|(action, _)| !(own && OWN.contains(action)))
            .filter(|(action, _)| {
                statement
                    .actions
                    .iter()
                    .any(|pattern| action_covers(pattern, action))
            })
            .filter(|(action, _)| reaches(statement, action))
            .map(|(_, help)| *help)
            .collect();
        if found.is_empty() {
            return;
        }
        let shown = found.iter().take(3).copied().collect::<Vec<_>>().join(", ");
        let more = match found.len().saturating_sub(3) {
            0 => String::new(),
            1 => " and one thing more".to_owned(),
            more => format!(" and {more} things more"),
        };
        let message = format!("whoever has this can get every right of the account: {shown}{more}");
        self.at(statement, "Action", Code::PrivilegeEscalation, message);
    }

    /// A deny whose own conditions exclude each other, or one of which holds for nothing.
    fn contradiction(&mut self, statement: &Statement<'_>) {
        let Some(condition) = statement.node.get("Condition") else {
            return;
        };
        let operators = condition.object().unwrap_or_default();
        // Of an operator that does not exist more is said elsewhere.
        let text = self.text.get(condition.range.clone());
        let known = operators.iter().all(|operator| is_known_operator(&operator.key));
        let Some(condition) = text.filter(|_| known).and_then(|text| syntax::read(text).ok()) else {
            return;
        };
        if !can_hold(&condition, self.has_variables) {
            let message = "there is no request in which these conditions hold, so this never denies";
            self.at(statement, "Condition", Code::DenyNeverApplies, message);
        }
    }

    fn variable_in_not_resource(&mut self, statement: &Statement<'_>) {
        let message = "where a variable has no value this deny does not apply; give the variable a default";
        self.at(statement, "NotResource", Code::VariableInNotResource, message);
    }

    /// Statements that another one makes superfluous or takes back.
    fn compare(&mut self, statements: &[Statement<'t>]) {
        let ranges: Vec<_> = statements
            .iter()
            .map(|statement| statement.node.range.clone())
            .collect();
        for (at, statement) in statements.iter().enumerate() {
            let denied = statements.iter().find(|other| {
                !statement.deny
                    && other.deny
                    && other.is_unconditional()
                    && (other.limits.first() == statement.limits.first() || reaches_everyone(other))
                    && other.covers(statement)
            });
            if let Some(other) = denied {
                let message = format!("the statement with the index {} denies all of this", other.index);
                self.at(statement, "Effect", Code::AllowCoveredByDeny, message);
                continue;
            }
            let covering = statements.iter().enumerate().find(|(other_at, other)| {
                *other_at != at
                    && other.deny == statement.deny
                    && other.limits.first() == statement.limits.first()
                    && (other.limits == statement.limits || other.is_unconditional())
                    && other.covers(statement)
                    // Of two that cover each other the first stays.
                    && (*other_at < at || !(statement.limits == other.limits && statement.covers(other)))
            });
            if let Some((_, other)) = covering {
                let (root, message) = (
                    Path::Root,
                    format!("the statement with the index {} covers this one", other.index),
                );
                let path = root.member("Statement");
                let path = path.index(statement.index);
                let fix = removal(&ranges, at)
                    .filter(|_| ranges.len() > 1)
                    .map(|range| (range, String::new()));
                let start = statement.node.range.start..statement.node.range.start + 1;
                self.add(Remark::new(Code::RedundantStatement, &path, start, message).fix_if(fix));
            }
        }
    }
}

/// Whether the resources of the statement are more than a few named ones of the kind that the action is asked on.
fn reaches(statement: &Statement<'_>, action: &str) -> bool {
    let start = if action.contains("group") {
        "group/"
    } else if action.contains("role") {
        "role/"
    } else if action.contains("policyversion") {
        "policy/"
    } else {
        "user/"
    };
    statement.not_resource
        || statement.resources.iter().any(|resource| {
            let parts: Vec<&str> = resource.splitn(6, ':').collect();
            match parts.as_slice() {
                ["*"] => true,
                [_, _, service, _, _, rest] => overlap(service, "iam") && overlap(rest, &format!("{start}*")),
                _ => resource.contains('*'),
            }
        })
}

/// Whether the roles a statement is about are not named, and nothing says to which service they go.
fn passes_any_role(statement: &Statement<'_>, everything: bool, keys: &[String]) -> bool {
    let wide = everything
        || statement.not_resource
        || statement.resources.iter().any(|resource| is_any_role(resource));
    wide && !keys.iter().any(|key| key == "iam:passedtoservice")
}

fn is_any_role(resource: &str) -> bool {
    let parts: Vec<&str> = resource.splitn(6, ':').collect();
    matches!(
        parts.as_slice(),
        [_, _, "iam" | "*", _, _, "*" | "role/*" | "role*"]
    )
}

/// Whether nobody is outside the principals of the statement.
fn reaches_everyone(statement: &Statement<'_>) -> bool {
    statement.node.get("Principal").is_some_and(|principal| {
        let star = |node: &Node| node.each().iter().any(|name| name.string() == Some("*"));
        star(principal) || principal.get("AWS").is_some_and(star)
    })
}
