//! An AWS account: who is in it, with which policies.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::Value;

use crate::document::Document;
use crate::policies::Attached;
use crate::principal::Principal;

/// The users and roles of an account with all that gives and limits their permissions.
#[derive(Debug, Clone, Default)]
pub struct Account {
    /// Twelve digits; empty if nobody is in it.
    pub id: String,
    /// Users, then roles, each in the order of the description.
    pub identities: Vec<Identity>,
    /// As if somebody had the policies of the group and no others.
    pub(super) groups: Vec<Identity>,
}

/// What an identity is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentityKind {
    User,
    Role,
    Group,
}

/// A user or role.
#[derive(Debug, Clone)]
pub struct Identity {
    pub arn: String,
    pub kind: IdentityKind,
    /// Who asks when the identity does: the user, or a session of the role.
    pub principal: Principal,
    /// Its own policies and those of its groups, which hold them.
    pub policies: Vec<Attached>,
    pub boundary: Option<Attached>,
    /// Of a role: its trust policy.
    pub trust: Option<Attached>,
    /// Condition keys that have this value, or none, in every request of it.
    pub(super) known: BTreeMap<Box<str>, Option<String>>,
    /// Whether it has no tags but those known.
    pub(super) tags_known: bool,
    /// ARNs of the groups a user is in.
    pub(super) groups: Vec<String>,
}

/// A description that is not one of an account's authorization details.
#[derive(Debug, thiserror::Error)]
pub enum BadAccount {
    #[error("not the answer of GetAccountAuthorizationDetails: {0}")]
    Form(#[from] serde_json::Error),
    #[error("the document of {0} is neither a policy nor the text of one")]
    Document(String),
    #[error("{holder} has the policy {policy}, which is not described")]
    Unknown { holder: String, policy: String },
    #[error("the group {0} is not described")]
    UnknownGroup(String),
    #[error("the description ends before the account does: get it whole, without a limit of items")]
    Truncated,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Details {
    user_detail_list: Vec<Entity>,
    group_detail_list: Vec<Entity>,
    role_detail_list: Vec<Entity>,
    policies: Vec<Managed>,
    #[serde(default)]
    is_truncated: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entity {
    arn: String,
    #[serde(default)]
    user_name: Option<String>,
    #[serde(default)]
    user_id: Option<String>,
    #[serde(default)]
    role_id: Option<String>,
    #[serde(default)]
    group_name: Option<String>,
    #[serde(
        default,
        alias = "UserPolicyList",
        alias = "GroupPolicyList",
        alias = "RolePolicyList"
    )]
    inline_policies: Vec<Inline>,
    #[serde(default)]
    attached_managed_policies: Vec<Reference>,
    #[serde(default)]
    group_list: Vec<String>,
    #[serde(default)]
    permissions_boundary: Option<BoundaryReference>,
    #[serde(default)]
    assume_role_policy_document: Option<Value>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inline {
    policy_name: String,
    policy_document: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Reference {
    policy_arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct BoundaryReference {
    permissions_boundary_arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    key: String,
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Managed {
    arn: String,
    policy_version_list: Vec<Version>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Version {
    document: Value,
    is_default_version: bool,
}

impl Account {
    /// Reads what `aws iam get-account-authorization-details` prints. Documents may be objects, texts, or
    /// URL-encoded texts as they are on the wire.
    ///
    /// # Errors
    ///
    /// If it is something else, or incomplete: an answer from half an account would be wrong.
    pub fn from_details(details: &Value) -> Result<Account, BadAccount> {
        let details = Details::deserialize(details)?;
        if details.is_truncated {
            return Err(BadAccount::Truncated);
        }
        let mut reader = Reader::default();
        for managed in &details.policies {
            let default = managed
                .policy_version_list
                .iter()
                .find(|version| version.is_default_version);
            if let Some(version) = default {
                let document = reader.document(&version.document, &managed.arn)?;
                reader.managed.insert(
                    managed.arn.clone(),
                    Attached::managed(managed.arn.as_str(), document),
                );
            }
        }
        let mut account = Account::default();
        let mut groups = HashMap::new();
        for group in &details.group_detail_list {
            let identity = reader.identity(group)?;
            let name = group.group_name.clone().unwrap_or_default();
            groups.insert(name, (group.arn.clone(), identity.policies.clone()));
            account.groups.push(identity);
        }
        for user in &details.user_detail_list {
            let mut identity = reader.identity(user)?;
            for name in &user.group_list {
                let (arn, policies) = groups
                    .get(name)
                    .ok_or_else(|| BadAccount::UnknownGroup(name.clone()))?;
                identity.groups.push(arn.clone());
                identity.policies.extend(policies.iter().cloned());
            }
            account.identities.push(identity);
        }
        for role in &details.role_detail_list {
            account.identities.push(reader.identity(role)?);
        }
        let first = account.identities.first();
        account.id = first
            .and_then(|identity| identity.principal.account())
            .unwrap_or_default()
            .to_owned();
        Ok(account)
    }

    /// The identity with this ARN, or the only one with this name.
    pub fn find(&self, name: &str) -> Option<&Identity> {
        let by_arn = self.identities.iter().find(|identity| identity.arn == name);
        by_arn.or_else(|| {
            let mut named = self.identities.iter().filter(|identity| {
                let last = identity.arn.rsplit('/').next().unwrap_or_default();
                last.eq_ignore_ascii_case(name)
            });
            named.next().filter(|_| named.next().is_none())
        })
    }
}

/// Compiles each text once.
#[derive(Default)]
struct Reader {
    managed: HashMap<String, Attached>,
    documents: HashMap<String, Arc<Document>>,
}

impl Reader {
    fn document(&mut self, value: &Value, of: &str) -> Result<Arc<Document>, BadAccount> {
        let bad = || BadAccount::Document(of.to_owned());
        let text = match value {
            Value::Object(_) => value.to_string(),
            Value::String(text) if text.trim_start().starts_with('{') => text.clone(),
            Value::String(text) => {
                let decoded = percent_decode_str(text).decode_utf8();
                decoded.map_err(|_| bad())?.into_owned()
            }
            _ => return Err(bad()),
        };
        if let Some(known) = self.documents.get(&text) {
            return Ok(known.clone());
        }
        let document = Arc::new(Document::lenient_text(&text).map_err(|_| bad())?);
        self.documents.insert(text, document.clone());
        Ok(document)
    }

    fn policies(&mut self, entity: &Entity) -> Result<Vec<Attached>, BadAccount> {
        let mut policies = Vec::new();
        for inline in &entity.inline_policies {
            let of = format!("{} of {}", inline.policy_name, entity.arn);
            let document = self.document(&inline.policy_document, &of)?;
            policies
                .push(Attached::inline(inline.policy_name.as_str(), document).held_by(entity.arn.as_str()));
        }
        for reference in &entity.attached_managed_policies {
            let policy = self.managed(&reference.policy_arn, &entity.arn)?;
            policies.push(policy.held_by(entity.arn.as_str()));
        }
        Ok(policies)
    }

    fn managed(&self, arn: &str, holder: &str) -> Result<Attached, BadAccount> {
        let unknown = || BadAccount::Unknown {
            holder: holder.to_owned(),
            policy: arn.to_owned(),
        };
        self.managed.get(arn).cloned().ok_or_else(unknown)
    }

    fn identity(&mut self, entity: &Entity) -> Result<Identity, BadAccount> {
        let account = entity.arn.split(':').nth(4).unwrap_or_default().to_owned();
        let name = entity.arn.rsplit('/').next().unwrap_or_default();
        let kind = match (&entity.assume_role_policy_document, &entity.group_name) {
            (Some(_), _) => IdentityKind::Role,
            (None, Some(_)) => IdentityKind::Group,
            (None, None) => IdentityKind::User,
        };
        let principal = if kind == IdentityKind::Role {
            Principal::RoleSession {
                arn: format!("arn:aws:sts::{account}:assumed-role/{name}/session"),
                role_arn: entity.arn.clone(),
                account: account.clone(),
                role_id: entity.role_id.clone(),
            }
        } else {
            Principal::User {
                arn: entity.arn.clone(),
                account: account.clone(),
                unique_id: entity.user_id.clone(),
            }
        };
        let boundary = match &entity.permissions_boundary {
            Some(reference) => {
                let boundary = self.managed(&reference.permissions_boundary_arn, &entity.arn)?;
                Some(boundary.held_by(entity.arn.as_str()))
            }
            None => None,
        };
        let trust = match &entity.assume_role_policy_document {
            Some(document) => {
                let document = self.document(document, &entity.arn)?;
                Some(Attached::inline("trust policy", document).held_by(entity.arn.as_str()))
            }
            None => None,
        };
        Ok(Identity {
            arn: entity.arn.clone(),
            kind,
            policies: self.policies(entity)?,
            boundary,
            trust,
            known: known(entity, &account, kind),
            // A session may be given tags besides those of the role, or in their place.
            tags_known: kind == IdentityKind::User,
            groups: Vec::new(),
            principal,
        })
    }
}

/// What is the same in every request of an identity. Source: IAM User Guide, "AWS global condition context keys".
fn known(entity: &Entity, account: &str, kind: IdentityKind) -> BTreeMap<Box<str>, Option<String>> {
    let mut known = BTreeMap::new();
    let mut set = |key: &str, value: Option<&str>| {
        known.insert(key.into(), value.map(ToOwned::to_owned));
    };
    set("aws:principalaccount", Some(account));
    set("aws:principalisawsservice", Some("false"));
    match kind {
        IdentityKind::Group => {}
        IdentityKind::Role => {
            set("aws:principalarn", Some(&entity.arn));
            set("aws:principaltype", Some("AssumedRole"));
            set("aws:username", None);
        }
        IdentityKind::User => {
            set("aws:principalarn", Some(&entity.arn));
            set("aws:principaltype", Some("User"));
            set("aws:username", entity.user_name.as_deref());
            if entity.user_id.is_some() {
                set("aws:userid", entity.user_id.as_deref());
            }
            for tag in &entity.tags {
                let key = format!("aws:principaltag/{}", tag.key.to_lowercase());
                set(&key, Some(&tag.value));
            }
        }
    }
    known
}
