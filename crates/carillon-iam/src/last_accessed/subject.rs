//! What a report is about: a user, group, role or policy.

use std::sync::Arc;

use carillon_aws::arn::{Arn as ParsedArn, IamKind};
use carillon_aws::id::AwsAccountId;
use carillon_operation::{Caller, Fault, Registry, Target};
use carillon_policy::Document;
use carillon_store::{ReadTx, StoreError};

use crate::entity::{self, EntityKind};
use crate::error::Error;
use crate::holding;
use crate::name::Arn;
use crate::policy::aws_managed;

/// A user, group, role or policy that exists.
#[derive(Debug)]
pub(crate) struct Subject {
    pub kind: SubjectKind,
    pub arn: String,
}

#[derive(Debug)]
pub(crate) enum SubjectKind {
    /// With its identifier.
    Entity(EntityKind, String),
    Policy,
}

impl Subject {
    /// # Errors
    ///
    /// [`Error::InvalidInput`] for the ARN of anything else, [`Error::NotFound`] for what does not exist.
    pub async fn find(
        tx: &mut ReadTx,
        registry: &Registry,
        account: AwsAccountId,
        arn: &Arn,
    ) -> Result<Self, Error> {
        let arn = arn.as_str();
        let missing = || Error::NotFound(format!("ARN {arn} does not exist."));
        let parsed = ParsedArn::parse(arn).ok();
        let named = parsed.as_ref().and_then(ParsedArn::iam_entity);
        let kind = match named.as_ref().map(|named| named.kind) {
            Some(IamKind::User) => EntityKind::User,
            Some(IamKind::Group) => EntityKind::Group,
            Some(IamKind::Role) => EntityKind::Role,
            Some(IamKind::Policy) => {
                let is_own = parsed.as_ref().and_then(ParsedArn::account_id) == Some(account);
                let exists = match holding::managed_text(tx, registry, arn).await? {
                    Some(_) => is_own || arn.starts_with(aws_managed::ARN_START),
                    None => false,
                };
                return exists
                    .then(|| Self {
                        kind: SubjectKind::Policy,
                        arn: arn.to_owned(),
                    })
                    .ok_or_else(missing);
            }
            _ => return Err(Error::InvalidInput(format!("Invalid ARN: {arn}"))),
        };
        let name = named.map(|named| named.name.to_owned()).unwrap_or_default();
        let found = entity::find(tx, account, kind, &name).await?;
        found
            .filter(|found| kind.arn(account, &found.path, &found.name) == arn)
            .map(|found| Self {
                kind: SubjectKind::Entity(kind, found.id),
                arn: arn.to_owned(),
            })
            .ok_or_else(missing)
    }

    /// What a report was about, whether it still exists or not.
    ///
    /// # Errors
    ///
    /// For an ARN that [`Subject::find`] does not find anything by.
    pub fn once(arn: &str, id: &str) -> Result<Self, Fault> {
        let parsed = ParsedArn::parse(arn).ok();
        let kind = match parsed
            .as_ref()
            .and_then(ParsedArn::iam_entity)
            .map(|named| named.kind)
        {
            Some(IamKind::User) => SubjectKind::Entity(EntityKind::User, id.to_owned()),
            Some(IamKind::Group) => SubjectKind::Entity(EntityKind::Group, id.to_owned()),
            Some(IamKind::Role) => SubjectKind::Entity(EntityKind::Role, id.to_owned()),
            Some(IamKind::Policy) => SubjectKind::Policy,
            _ => return Err(Fault::internal(format!("a report about {arn}"))),
        };
        Ok(Self {
            kind,
            arn: arn.to_owned(),
        })
    }

    /// The name and path of its ARN.
    pub fn name_and_path(&self) -> (&str, &str) {
        let resource = self.arn.splitn(6, ':').last().unwrap_or_default();
        let path = resource.find('/').map_or("", |start| &resource[start..]);
        let end = path.rfind('/').map_or(0, |last| last + 1);
        (&path[end..], &path[..end])
    }

    /// What the policies are asked about, whether it exists or not.
    pub async fn target(tx: &mut ReadTx, caller: &Caller, arn: &Arn) -> Result<Target, Fault> {
        let parsed = ParsedArn::parse(arn.as_str()).ok();
        let named = parsed.as_ref().and_then(ParsedArn::iam_entity);
        let kind = match named.as_ref().map(|named| named.kind) {
            Some(IamKind::User) => EntityKind::User,
            Some(IamKind::Role) => EntityKind::Role,
            _ => return Ok(Target::on(arn.to_string())),
        };
        let name = named.map(|named| named.name).unwrap_or_default();
        let mut target = entity::target(tx, caller.aws_account_id, kind, name).await?;
        target.resource = arn.to_string().into();
        Ok(target)
    }

    /// Its identifier; a policy has none that counts.
    pub fn id(&self) -> &str {
        match &self.kind {
            SubjectKind::Entity(_, id) => id,
            SubjectKind::Policy => "",
        }
    }

    /// The ARN of a policy; nothing else is found by it.
    pub fn policy_arn(&self) -> &str {
        match self.kind {
            SubjectKind::Entity(..) => "",
            SubjectKind::Policy => &self.arn,
        }
    }

    /// The policies that say what it, or who has it, may do.
    pub async fn documents(
        &self,
        tx: &mut ReadTx,
        registry: &Registry,
        account: AwsAccountId,
    ) -> Result<Vec<Arc<Document>>, StoreError> {
        let texts: Vec<String> = match &self.kind {
            SubjectKind::Entity(_, id) => {
                let held = holding::identity(tx, registry, account, (id, &self.arn)).await?;
                held.into_iter().filter_map(|held| held.text).collect()
            }
            SubjectKind::Policy => holding::managed_text(tx, registry, &self.arn)
                .await?
                .into_iter()
                .collect(),
        };
        texts.iter().map(|text| holding::compiled(text)).collect()
    }
}
