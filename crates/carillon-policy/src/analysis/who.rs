//! Who can do something, and who could help themselves to it.

use std::collections::HashSet;

use serde::Serialize;

use super::account::{Account, Identity, IdentityKind};
use super::effective::{Effective, Extent, Permission};
use super::limit::Budget;

/// Work that a question about one identity may be.
const EACH: usize = 2_000_000;
/// Work that the question may be as a whole, whoever it is about: some ten seconds.
const ALL: usize = 50_000_000;

/// Who can do an action.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct WhoCan {
    /// Users and roles that may, and those of whom it is undecided. Root may in any case.
    pub can: Vec<Able>,
    /// Users and roles that may not, but could come to.
    pub could: Vec<Could>,
    /// What kept a part of the question from being answered.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub undecided: Vec<String>,
}

/// Somebody who can.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Able {
    pub principal: String,
    #[serde(flatten)]
    pub permission: Permission,
}

/// Somebody who could.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Could {
    pub principal: String,
    /// One step after the other.
    pub steps: Vec<Step>,
}

/// A step on the way to a permission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// The action that makes it.
    pub action: String,
    /// What it is done to.
    pub resource: String,
    /// In words: what it brings.
    pub brings: String,
}

/// What somebody can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Can {
    pub action: String,
    #[serde(flatten)]
    pub permission: Permission,
}

/// Everybody of the account who may do an action on resources of a pattern (any, without one), and who could.
pub fn who_can(account: &Account, action: &str, resources: Option<&str>) -> WhoCan {
    let mut question = Question {
        budget: Budget::new(ALL),
        nodes: Vec::new(),
        answer: WhoCan::default(),
    };
    question.ask(account, action, resources);
    question.answer
}

/// What an identity may do of some actions, in their order, and of those that its policies name besides. Actions it
/// never may do are left out.
///
/// # Errors
///
/// If the text of a policy cannot be read.
pub fn what_can<'a>(
    identity: &Identity,
    actions: impl IntoIterator<Item = &'a str>,
) -> Result<Vec<Can>, String> {
    let actions: Vec<&str> = actions.into_iter().collect();
    what_can_within(&mut Budget::new(ALL), identity, &actions)
}

/// As [`what_can`] for several identities, in their order, in the work that one of them may be: each has an equal
/// share of what those before it left. What is more is undecided.
///
/// # Errors
///
/// If the text of a policy of any of them cannot be read.
pub fn what_each_can(identities: &[Identity], actions: &[&str]) -> Result<Vec<Vec<Can>>, String> {
    what_each_can_within(ALL, identities, actions)
}

pub(super) fn what_each_can_within(
    budget: usize,
    identities: &[Identity],
    actions: &[&str],
) -> Result<Vec<Vec<Can>>, String> {
    let mut budget = Budget::new(budget);
    let mut all = Vec::new();
    for (number, identity) in identities.iter().enumerate() {
        let mut share = budget.share(identities.len() - number);
        all.push(what_can_within(&mut share, identity, actions)?);
        budget.give_back(share);
    }
    Ok(all)
}

pub(super) fn what_can_within(
    budget: &mut Budget,
    identity: &Identity,
    actions: &[&str],
) -> Result<Vec<Can>, String> {
    let mut effective = Effective::new(identity).map_err(|stopped| stopped.to_string())?;
    let mut seen = HashSet::new();
    let mut can = Vec::new();
    let named = effective.named.clone();
    for action in actions.iter().map(|action| (*action).to_owned()).chain(named) {
        if !seen.insert(action.to_ascii_lowercase()) {
            continue;
        }
        let permission = limited(&mut effective, &action, None, budget);
        if permission.extent != Extent::Never {
            can.push(Can { action, permission });
        }
    }
    Ok(can)
}

/// One question with its own limit, out of the limit of all.
fn limited(
    effective: &mut Effective<'_>,
    action: &str,
    resources: Option<&str>,
    budget: &mut Budget,
) -> Permission {
    let mut own = budget.part(EACH);
    let permission = effective.permission(action, resources, &mut own);
    budget.give_back(own);
    permission
}

/// A right that lets its holder help itself to others.
struct Escalation {
    action: &'static str,
    /// What it must be allowed on.
    on: On,
    brings: &'static str,
}

/// The target of an escalation, seen from who does it.
#[derive(Clone, Copy, PartialEq)]
enum On {
    /// The user itself.
    User,
    /// The role itself.
    Role,
    /// A group it is in.
    OwnGroup,
    /// A policy that is attached to it.
    OwnPolicy,
    /// Somebody else of this kind, whose permissions it gets.
    Other(IdentityKind),
}

const ESCALATIONS: [Escalation; 15] = [
    to(On::User, "iam:AttachUserPolicy", "attaches a policy to itself"),
    to(On::User, "iam:PutUserPolicy", "gives itself an inline policy"),
    to(On::Role, "iam:AttachRolePolicy", "attaches a policy to itself"),
    to(On::Role, "iam:PutRolePolicy", "gives itself an inline policy"),
    to(
        On::OwnGroup,
        "iam:AttachGroupPolicy",
        "attaches a policy to its group",
    ),
    to(
        On::OwnGroup,
        "iam:PutGroupPolicy",
        "gives its group an inline policy",
    ),
    to(
        On::OwnPolicy,
        "iam:CreatePolicyVersion",
        "rewrites a policy it has",
    ),
    to(
        On::OwnPolicy,
        "iam:SetDefaultPolicyVersion",
        "brings back a version of a policy it has",
    ),
    to(
        On::Other(IdentityKind::Group),
        "iam:AddUserToGroup",
        "adds itself to the group",
    ),
    to(On::Other(IdentityKind::Role), ASSUME, "assumes the role"),
    to(
        On::Other(IdentityKind::Role),
        "iam:UpdateAssumeRolePolicy",
        "lets itself assume the role",
    ),
    to(
        On::Other(IdentityKind::Role),
        "iam:PassRole",
        "passes the role to a service that acts for it",
    ),
    to(
        On::Other(IdentityKind::User),
        "iam:CreateAccessKey",
        "makes an access key of the user",
    ),
    to(
        On::Other(IdentityKind::User),
        "iam:CreateLoginProfile",
        "sets a password of the user",
    ),
    to(
        On::Other(IdentityKind::User),
        "iam:UpdateLoginProfile",
        "changes the password of the user",
    ),
];

const ASSUME: &str = "sts:AssumeRole";

const fn to(on: On, action: &'static str, brings: &'static str) -> Escalation {
    Escalation { action, on, brings }
}

struct Question<'a> {
    budget: Budget,
    nodes: Vec<Node<'a>>,
    answer: WhoCan,
}

/// Somebody, or a group, on the way to the permission.
struct Node<'a> {
    identity: &'a Identity,
    /// None if the policies cannot be read.
    effective: Option<Effective<'a>>,
    reached: bool,
    /// How it could come to the permission, if it does not have it.
    steps: Vec<Step>,
    /// The escalations it may do at all; none of a group, which does nothing by itself.
    escalations: Vec<&'static Escalation>,
}

impl<'a> Question<'a> {
    fn ask(&mut self, account: &'a Account, action: &str, resources: Option<&str>) {
        for identity in account.identities.iter().chain(&account.groups) {
            let mut node = Node {
                identity,
                effective: None,
                reached: false,
                steps: Vec::new(),
                escalations: Vec::new(),
            };
            let mut effective = match Effective::new(identity) {
                Ok(effective) => effective,
                Err(stopped) => {
                    self.doubt(format!("{}: {stopped}", identity.arn));
                    self.nodes.push(node);
                    continue;
                }
            };
            let permission = limited(&mut effective, action, resources, &mut self.budget);
            node.reached = permission.extent != Extent::Never;
            if !node.reached && identity.kind != IdentityKind::Group {
                node.escalations = possible(&mut effective, &mut self.budget);
            }
            if node.reached && identity.kind != IdentityKind::Group {
                self.answer.can.push(Able {
                    principal: identity.arn.clone(),
                    permission,
                });
            }
            node.effective = Some(effective);
            self.nodes.push(node);
        }
        self.could(action, resources);
    }

    fn doubt(&mut self, reason: String) {
        if !self.answer.undecided.contains(&reason) {
            self.answer.undecided.push(reason);
        }
    }

    /// Those who can help themselves to the permission, and those who can help themselves to what others have.
    fn could(&mut self, action: &str, resources: Option<&str>) {
        let mut newly: Vec<usize> = Vec::new();
        for number in 0..self.nodes.len() {
            let step = match self.nodes.get(number) {
                Some(node) if !node.reached => self.helps_itself(number, action, resources),
                _ => None,
            };
            if let (Some(step), Some(node)) = (step, self.nodes.get_mut(number)) {
                (node.reached, node.steps) = (true, vec![step]);
            }
            if self.nodes.get(number).is_some_and(|node| node.reached) {
                newly.push(number);
            }
        }
        while !newly.is_empty() {
            let mut next = Vec::new();
            for number in 0..self.nodes.len() {
                if self.nodes.get(number).is_none_or(|node| node.reached) {
                    continue;
                }
                let found = newly
                    .iter()
                    .find_map(|target| Some((*target, self.becomes(number, *target)?)));
                if let Some((target, step)) = found {
                    let further = self.nodes.get(target).map(|node| node.steps.clone());
                    if let Some(node) = self.nodes.get_mut(number) {
                        node.steps = [vec![step], further.unwrap_or_default()].concat();
                        next.push(number);
                    }
                }
            }
            for number in &next {
                if let Some(node) = self.nodes.get_mut(*number) {
                    node.reached = true;
                }
            }
            newly = next;
        }
        let could = self.nodes.iter().filter(|node| !node.steps.is_empty());
        self.answer.could = could
            .map(|node| Could {
                principal: node.identity.arn.clone(),
                steps: node.steps.clone(),
            })
            .collect();
    }

    /// How an identity can give itself any permission, as far as its boundary lets it.
    fn helps_itself(&mut self, number: usize, action: &str, resources: Option<&str>) -> Option<Step> {
        let node = self.nodes.get(number)?;
        let identity = node.identity;
        let escalations = node.escalations.clone();
        let managed = identity
            .policies
            .iter()
            .filter_map(|policy| policy.arn.as_deref());
        // AWS's own policies cannot be changed.
        let managed: Vec<String> = managed
            .filter(|arn| !arn.contains(":iam::aws:"))
            .map(ToOwned::to_owned)
            .collect();
        for escalation in escalations {
            let targets = match (escalation.on, identity.kind) {
                (On::User, IdentityKind::User) | (On::Role, IdentityKind::Role) => vec![identity.arn.clone()],
                (On::OwnGroup, _) => identity.groups.clone(),
                (On::OwnPolicy, _) => managed.clone(),
                (On::User | On::Role | On::Other(_), _) => Vec::new(),
            };
            for target in targets {
                if self.may(number, escalation.action, &target) {
                    let lets = identity.boundary.is_none()
                        || self.boundary_lets(identity, action, resources)
                        || self.may(number, removal(identity.kind), &identity.arn);
                    return lets.then(|| escalation.step(target));
                }
            }
        }
        None
    }

    /// How an identity can get what another has.
    fn becomes(&mut self, number: usize, target: usize) -> Option<Step> {
        let node = self.nodes.get(number)?;
        let (identity, escalations) = (node.identity, node.escalations.clone());
        let other = self.nodes.get(target)?.identity;
        let is_user = identity.kind == IdentityKind::User;
        let fitting = escalations.into_iter().filter(|escalation| {
            escalation.on == On::Other(other.kind) && (is_user || other.kind != IdentityKind::Group)
        });
        for escalation in fitting {
            let possible = if escalation.action == ASSUME {
                self.assumes(number, identity, other)
            } else {
                self.may(number, escalation.action, &other.arn)
            };
            if possible {
                return Some(escalation.step(other.arn.clone()));
            }
        }
        None
    }

    fn may(&mut self, number: usize, action: &str, resource: &str) -> bool {
        let Some(effective) = self
            .nodes
            .get_mut(number)
            .and_then(|node| node.effective.as_mut())
        else {
            return false;
        };
        let permission = limited(effective, action, Some(resource), &mut self.budget);
        if let Some(doubt) = permission.doubt {
            self.doubt(doubt);
        }
        permission.extent != Extent::Never
    }

    fn assumes(&mut self, number: usize, identity: &Identity, role: &Identity) -> bool {
        let Some(effective) = self
            .nodes
            .get_mut(number)
            .and_then(|node| node.effective.as_mut())
        else {
            return false;
        };
        let mut own = self.budget.part(EACH);
        let found = effective.assumes(identity, role, &mut own);
        self.budget.give_back(own);
        match found {
            Ok(found) => found,
            Err(stopped) => {
                self.doubt(stopped.to_string());
                false
            }
        }
    }

    /// Whether the boundary alone would let the action through somewhere.
    fn boundary_lets(&mut self, identity: &Identity, action: &str, resources: Option<&str>) -> bool {
        let alone = Identity {
            policies: identity.boundary.iter().cloned().collect(),
            boundary: None,
            ..identity.clone()
        };
        let Ok(mut effective) = Effective::new(&alone) else {
            return true;
        };
        limited(&mut effective, action, resources, &mut self.budget).extent != Extent::Never
    }
}

impl Escalation {
    fn step(&self, target: String) -> Step {
        Step {
            action: self.action.to_owned(),
            resource: target,
            brings: self.brings.to_owned(),
        }
    }
}

/// The action that takes a boundary away.
fn removal(kind: IdentityKind) -> &'static str {
    match kind {
        IdentityKind::User | IdentityKind::Group => "iam:DeleteUserPermissionsBoundary",
        IdentityKind::Role => "iam:DeleteRolePermissionsBoundary",
    }
}

/// The escalations an identity may do on something. Roles may let somebody in who has no such permission.
fn possible(effective: &mut Effective<'_>, budget: &mut Budget) -> Vec<&'static Escalation> {
    let mut possible = Vec::new();
    for escalation in &ESCALATIONS {
        if escalation.action == ASSUME
            || limited(effective, escalation.action, None, budget).extent != Extent::Never
        {
            possible.push(escalation);
        }
    }
    possible
}
