//! Managed policies: the customer's, with versions, and AWS's, which are the same for everybody.

pub(crate) mod aws_managed;
pub(crate) mod operations;
pub(crate) mod rows;
pub(crate) mod versions;

use carillon_aws::id::AwsAccountId;
use carillon_aws::string_type;
use carillon_aws::time::{IsoSeconds, Timestamp};
use carillon_operation::{Context, Environment, Fault, Operation, Registry, Target, Transaction};
use carillon_policy::{Document, PolicyType};
use carillon_store::{ReadTx, StoreError};
use schemars::JsonSchema;
use serde::Serialize;

use crate::document;
use crate::error::Error;
use crate::tag::{self, TagShape};

/// Policies that one AWS account can make.
pub(crate) const POLICIES: usize = 1_500;
/// Versions of a policy at one time.
pub(crate) const VERSIONS: usize = 5;
/// Characters of a document, without white space.
pub(crate) const SIZE: usize = 6_144;

string_type! {
    /// The number of a version of a managed policy, such as `v3`.
    pub PolicyVersionId, pattern: r"v[1-9][0-9]*(\.[A-Za-z0-9-]*)?", example: "v1"
}

impl PolicyVersionId {
    /// The number, if a policy can have a version of that name.
    fn number(&self) -> Option<i64> {
        self.as_str().strip_prefix('v')?.parse().ok()
    }
}

/// A managed policy as it is kept, with the number of its users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PolicyRow {
    pub id: String,
    pub arn: String,
    pub name: String,
    pub path: String,
    pub description: Option<String>,
    pub default_version: i64,
    pub last_version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Users, groups and roles of the AWS account that it is attached to.
    pub attachments: i64,
    /// Users and roles of the AWS account that it bounds.
    pub boundaries: i64,
}

impl PolicyRow {
    /// The shape of the wire. List answers leave out description and tags.
    fn shape(&self) -> Policy {
        Policy {
            policy_name: self.name.clone(),
            policy_id: self.id.clone(),
            arn: self.arn.clone(),
            path: self.path.clone(),
            default_version_id: version_id(self.default_version),
            attachment_count: self.attachments,
            permissions_boundary_usage_count: self.boundaries,
            is_attachable: true,
            description: None,
            create_date: IsoSeconds(self.created_at),
            update_date: IsoSeconds(self.updated_at),
            tags: None,
        }
    }

    fn is_aws_managed(&self) -> bool {
        self.arn.starts_with(aws_managed::ARN_START)
    }
}

/// A version of a policy as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VersionRow {
    pub number: i64,
    pub document: String,
    pub created_at: Timestamp,
}

pub(crate) fn version_id(number: i64) -> String {
    format!("v{number}")
}

/// A managed policy.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Policy {
    policy_name: String,
    policy_id: String,
    arn: String,
    path: String,
    default_version_id: String,
    attachment_count: i64,
    permissions_boundary_usage_count: i64,
    is_attachable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    create_date: IsoSeconds,
    update_date: IsoSeconds,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<Vec<TagShape>>,
}

/// Refuses documents that are malformed or too long for a managed policy.
fn check_document(text: &str) -> Result<(), Error> {
    document::parse(text, PolicyType::Identity, true)?;
    if Document::size(text) > SIZE {
        return Err(Error::LimitExceeded {
            quota: "PolicySize",
            limit: SIZE,
        });
    }
    Ok(())
}

/// The policy with this ARN, if the AWS account can see one.
async fn find(
    tx: &mut ReadTx,
    registry: &Registry,
    account: AwsAccountId,
    arn: &str,
) -> Result<Option<PolicyRow>, StoreError> {
    let Some(policy) = aws_managed::find(registry, arn) else {
        return rows::find(tx, account, arn).await;
    };
    let mut row = aws_managed::row(policy);
    let usage = rows::usage_of_aws_managed(tx, account).await?;
    usage.count(&mut row);
    Ok(Some(row))
}

/// The policy with this ARN, for operations about the policy itself.
async fn require(
    tx: &mut ReadTx,
    registry: &Registry,
    account: AwsAccountId,
    arn: &str,
) -> Result<PolicyRow, Error> {
    find(tx, registry, account, arn)
        .await?
        .ok_or_else(|| not_found(arn))
}

pub(crate) fn not_found(arn: &str) -> Error {
    Error::NotFound(format!("Policy {arn} was not found."))
}

/// A policy of the AWS account's own. The decision lets nobody change AWS's; this is the second lock.
async fn require_local<O: Operation>(cx: &mut Context<'_, O>, arn: &str) -> Result<PolicyRow, Error> {
    let (account, registry) = (cx.aws_account_id(), &cx.environment.registry);
    let policy = require(cx.tx.reader(), registry, account, arn).await?;
    if policy.is_aws_managed() {
        return Err(Error::UnmodifiableEntity(format!(
            "Policy {arn} is managed by AWS."
        )));
    }
    Ok(policy)
}

/// The identifier that the tags of a policy are kept under.
pub(crate) async fn id_of(
    tx: &mut ReadTx,
    environment: &Environment,
    account: AwsAccountId,
    arn: &str,
) -> Result<String, Error> {
    Ok(require(tx, &environment.registry, account, arn).await?.id)
}

/// As [`id_of`], of a policy that can be changed.
pub(crate) async fn id_of_local<O: Operation>(cx: &mut Context<'_, O>, arn: &str) -> Result<String, Error> {
    Ok(require_local(cx, arn).await?.id)
}

/// Whether the AWS account can see a policy with this ARN.
pub(crate) async fn exists(
    tx: &mut ReadTx,
    environment: &Environment,
    account: AwsAccountId,
    arn: &str,
) -> Result<bool, StoreError> {
    Ok(aws_managed::find(&environment.registry, arn).is_some() || rows::exists(tx, account, arn).await?)
}

/// What the policies are asked about: the policy's ARN and its tags.
pub(crate) async fn target(tx: &mut ReadTx, account: AwsAccountId, arn: &str) -> Result<Target, Fault> {
    let mut target = Target::on(arn.to_owned()).filed_under("AWS::IAM::Policy", arn);
    if let Some(id) = rows::find_id(tx, account, arn).await? {
        target.tags = tag::of(tx, &id).await?;
    }
    Ok(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_numbers() {
        let number = |text: &str| text.parse::<PolicyVersionId>().unwrap().number();
        assert_eq!(number("v12"), Some(12));
        assert_eq!(number("v1.a"), None);
        assert_eq!(number("v99999999999999999999"), None);
        assert!("v0".parse::<PolicyVersionId>().is_err());
    }

    #[test]
    fn documents_are_malformed_before_they_are_too_long() {
        let of_size = |size: usize| {
            let start =
                r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Resource":"*","Action":"a:"#;
            format!("{start}{}\"}}}} \n", "x".repeat(size - start.len() - 3))
        };
        assert!(check_document(&of_size(SIZE)).is_ok());
        assert!(matches!(
            check_document(&of_size(SIZE + 1)),
            Err(Error::LimitExceeded {
                quota: "PolicySize",
                limit: SIZE
            })
        ));
        assert!(matches!(
            check_document(&"x".repeat(SIZE + 1)),
            Err(Error::MalformedPolicyDocument(_))
        ));
    }
}
