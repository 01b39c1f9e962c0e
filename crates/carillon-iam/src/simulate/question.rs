//! What a request asks to be simulated, checked.

use std::collections::HashSet;

use carillon_aws::arn::Arn;
use carillon_aws::id::AwsAccountId;
use carillon_aws::shape::Listed;
use carillon_aws::{string_enum, string_type};
use carillon_operation::Registry;
use carillon_policy::explain::is_value;
use carillon_policy::validate::KeyKind;
use carillon_policy::{Attached, MapContext, Policies, PolicyType};
use schemars::JsonSchema;
use serde::Deserialize;

use super::principal::Source;
use super::{Simulation, input, inputs};
use crate::error::Error;
use crate::name::{Marker, PolicyDocument};
use crate::page::MaxItems;

string_type! {
    /// An action: `chime:ListUsers`.
    pub ActionName, min: 3, max: 128, example: "chime:ListUsers"
}

string_type! {
    /// An ARN, or `*`.
    pub ResourceName, min: 1, max: 2048, example: "*"
}

string_type! {
    /// A context key: `aws:SourceIp`.
    pub ContextKeyName, min: 5, max: 256, example: "aws:SourceIp"
}

string_enum! {
    /// What the values of a context key are, and whether the key can have several at a time.
    pub(crate) enum ContextKeyType {
        String = "string",
        StringList = "stringList",
        Numeric = "numeric",
        NumericList = "numericList",
        Boolean = "boolean",
        BooleanList = "booleanList",
        Ip = "ip",
        IpList = "ipList",
        Binary = "binary",
        BinaryList = "binaryList",
        Date = "date",
        DateList = "dateList",
    }
}

string_enum! {
    /// Which resources of EC2 belong together. It is accepted and changes nothing: each resource is simulated by
    /// itself.
    pub(crate) enum ResourceHandlingOption {
        InstanceStore = "EC2-VPC-InstanceStore",
        InstanceStoreSubnet = "EC2-VPC-InstanceStore-Subnet",
        Ebs = "EC2-VPC-EBS",
        EbsSubnet = "EC2-VPC-EBS-Subnet",
        ClassicInstanceStore = "EC2-Classic-InstanceStore",
        ClassicEbs = "EC2-Classic-EBS",
    }
}

/// Values of a context key.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ContextEntry {
    context_key_name: Option<ContextKeyName>,
    #[serde(default)]
    context_key_values: Vec<String>,
    context_key_type: Option<ContextKeyType>,
}

/// The policies of one level of an organization.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct OrderedOrganizationPolicy {
    #[serde(default)]
    service_control_policy_input_list: Vec<PolicyDocument>,
}

/// Actions of one simulation.
pub(super) type ActionNames = Listed<ActionName, 1, 1000>;

/// Resources of one simulation.
pub(super) type ResourceArns = Listed<ResourceName, 0, 1000>;

/// Levels of an organization. Source: IAM API Reference, `OrganizationPolicyListType`.
pub(super) type Levels = Listed<OrderedOrganizationPolicy, 0, 7>;

/// What both kinds of simulation ask.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Question {
    #[serde(default)]
    permissions_boundary_policy_input_list: Vec<PolicyDocument>,
    action_names: ActionNames,
    #[serde(default)]
    resource_arns: ResourceArns,
    pub resource_policy: Option<PolicyDocument>,
    resource_owner: Option<ResourceName>,
    pub caller_arn: Option<ResourceName>,
    #[serde(default)]
    context_entries: Vec<ContextEntry>,
    #[expect(
        dead_code,
        reason = "each resource is simulated by itself, whatever belongs together"
    )]
    resource_handling_option: Option<ResourceHandlingOption>,
    pub max_items: Option<MaxItems>,
    pub marker: Option<Marker>,
}

impl Question {
    /// # Errors
    ///
    /// [`Error::InvalidInput`] for whatever cannot be simulated.
    pub fn simulation(
        &self,
        registry: &Registry,
        asker: Source,
        organization: &[OrderedOrganizationPolicy],
    ) -> Result<Simulation, Error> {
        let mut policies = Policies::new()
            .identity(asker.identity)
            .service_control(levels(organization)?);
        let boundaries = inputs(
            "PermissionsBoundaryPolicyInputList",
            &self.permissions_boundary_policy_input_list,
        )?;
        if boundaries.len() > 1 {
            return Err(Error::InvalidInput(
                "There can be only one permissions boundary.".to_owned(),
            ));
        }
        if let Some(boundary) = boundaries.into_iter().next().or(asker.boundary) {
            policies = policies.boundary(vec![boundary]);
        }
        let resources = match &*self.resource_arns {
            [] => vec!["*".to_owned()],
            resources => resources.iter().map(ToString::to_string).collect(),
        };
        Ok(Simulation {
            actions: self
                .action_names
                .iter()
                .map(|action| spellings(registry, action.as_str()))
                .collect::<Result<_, _>>()?,
            owners: self.owners(&resources, asker.principal.account())?,
            resource_policy: self
                .resource_policy
                .as_ref()
                .map(|text| resource_policy(text.as_str()))
                .transpose()?,
            context: context(&self.context_entries, &asker.tags)?,
            principal: asker.principal,
            resources,
            policies,
        })
    }

    /// Whose the resources are. Without a resource policy and an owner, only the caller's account is considered.
    fn owners(&self, resources: &[String], caller: Option<&str>) -> Result<Vec<Option<String>>, Error> {
        let owner = self
            .resource_owner
            .as_ref()
            .map(|owner| account(owner.as_str()))
            .transpose()?;
        if owner.is_none() && self.resource_policy.is_none() {
            return Ok(vec![None; resources.len()]);
        }
        let owner = owner.or_else(|| caller.map(ToOwned::to_owned));
        let owners = resources.iter().map(|resource| {
            let named = Arn::parse(resource).ok().and_then(|arn| arn.account_id());
            named.map(|account| account.to_string()).or_else(|| owner.clone())
        });
        Ok(owners.collect())
    }
}

fn levels(organization: &[OrderedOrganizationPolicy]) -> Result<Vec<Vec<Attached>>, Error> {
    let levels = organization.iter().enumerate();
    levels
        .map(|(number, level)| {
            let texts = level.service_control_policy_input_list.iter().enumerate();
            texts
                .map(|(place, text)| {
                    let name = format!(
                        "OrderedOrganizationPolicyInputList.{}.ServiceControlPolicyInputList.{}",
                        number + 1,
                        place + 1
                    );
                    input(&name, text.as_str(), PolicyType::ServiceControl)
                })
                .collect()
        })
        .collect()
}

/// A policy on a resource. That of a role says nothing of resources, so that it is read as a trust policy.
fn resource_policy(text: &str) -> Result<Attached, Error> {
    const NAME: &str = "ResourcePolicy";
    input(NAME, text, PolicyType::Resource)
        .or_else(|error| input(NAME, text, PolicyType::Trust).map_err(|_| error))
}

/// The AWS account that an owner means: its number, or the ARN of its root.
fn account(owner: &str) -> Result<String, Error> {
    let number = match Arn::parse(owner) {
        Ok(arn) if arn.is_root() => arn.account,
        _ => owner,
    };
    match number.parse::<AwsAccountId>() {
        Ok(account) => Ok(account.to_string()),
        Err(_) => Err(Error::InvalidInput(format!(
            "Invalid ResourceOwner: {owner} is neither the number of an AWS account nor the ARN of its root."
        ))),
    }
}

/// An action as it was asked, and the other spellings by which this server's operations know it.
fn spellings(registry: &Registry, action: &str) -> Result<Vec<String>, Error> {
    let (service, name) = action.split_once(':').unwrap_or_default();
    let plain = |text: &str, others: &str| {
        let fits = |character: char| character.is_ascii_alphanumeric() || others.contains(character);
        !text.is_empty() && text.chars().all(fits)
    };
    if !plain(service, "-.") || !plain(name, "-_.") {
        return Err(Error::InvalidInput(format!(
            "Invalid Action Name: {action} is not the name of one action, such as iam:CreateUser."
        )));
    }
    let mut entries = registry
        .service(&service.to_ascii_lowercase())
        .into_iter()
        .flat_map(|service| &service.entries);
    let known = entries.find(|entry| {
        let mut spellings = entry.spellings.iter();
        spellings.any(|spelling| spelling.eq_ignore_ascii_case(action))
    });
    let mut spellings = vec![action.to_owned()];
    for other in known.into_iter().flat_map(|entry| &entry.spellings) {
        if !other.eq_ignore_ascii_case(action) {
            spellings.push((*other).to_owned());
        }
    }
    Ok(spellings)
}

/// The context of all simulated requests: the caller's tags, and what the entries say, which wins.
fn context(entries: &[ContextEntry], tags: &[(String, String)]) -> Result<MapContext, Error> {
    let mut context = MapContext::new();
    for (key, value) in tags {
        context.set(&format!("aws:PrincipalTag/{key}"), value.as_str());
    }
    let mut seen = HashSet::new();
    for entry in entries {
        let Some(name) = &entry.context_key_name else {
            return Err(Error::InvalidInput(
                "A context entry has no ContextKeyName.".to_owned(),
            ));
        };
        let name = name.as_str();
        let invalid = |why: &str| Error::InvalidInput(format!("Invalid context entry {name}: {why}."));
        if !seen.insert(name.to_lowercase()) {
            return Err(invalid("it is there twice"));
        }
        let (kind, many) = entry.context_key_type.unwrap_or(ContextKeyType::String).kind();
        if let Some(value) = entry
            .context_key_values
            .iter()
            .find(|value| !is_value(kind, value))
        {
            return Err(invalid(&format!("{value} is not of its ContextKeyType")));
        }
        match &entry.context_key_values[..] {
            values if many => context.set_many(name, values.iter().map(String::as_str)),
            [value] => context.set(name, value.as_str()),
            [] => return Err(invalid("it has no value")),
            _ => return Err(invalid("a type that is no list has one value")),
        };
    }
    Ok(context)
}

impl ContextKeyType {
    /// The kind of the values, and whether it is a list.
    fn kind(self) -> (KeyKind, bool) {
        match self {
            Self::String => (KeyKind::Text, false),
            Self::StringList => (KeyKind::Text, true),
            Self::Numeric => (KeyKind::Number, false),
            Self::NumericList => (KeyKind::Number, true),
            Self::Boolean => (KeyKind::Bool, false),
            Self::BooleanList => (KeyKind::Bool, true),
            Self::Ip => (KeyKind::Address, false),
            Self::IpList => (KeyKind::Address, true),
            Self::Binary => (KeyKind::Binary, false),
            Self::BinaryList => (KeyKind::Binary, true),
            Self::Date => (KeyKind::Date, false),
            Self::DateList => (KeyKind::Date, true),
        }
    }
}
