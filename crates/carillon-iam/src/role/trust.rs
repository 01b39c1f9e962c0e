//! Trust policies. They are kept with unique ids in place of the ARNs of users and roles, so that trust in
//! somebody who was deleted is never trust in a namesake, and shown with ARNs again.
//!
//! Source: IAM User Guide, "AWS JSON policy elements: Principal".

use std::collections::HashMap;

use carillon_aws::arn::{self, Arn, IamKind};
use carillon_aws::id::{AwsAccountId, IdPrefix};
use carillon_policy::{Document, NamedPrincipal, PolicyType, PrincipalType, rewrite_principals};
use carillon_store::{ReadTx, StoreError};

use super::rows;
use crate::account;
use crate::document;
use crate::entity::{self, EntityKind};
use crate::error::Error;
use crate::provider;
use crate::saml_provider;

/// Characters of a trust policy, without white space.
const SIZE: usize = 2_048;

/// Who a name in a trust policy is.
enum Named {
    /// Kept as it is written.
    AsWritten,
    /// Kept by unique id.
    Entity(String),
    Nobody,
}

/// Checks a trust policy of a role of this AWS account, and makes it what is kept.
///
/// # Errors
///
/// [`Error::MalformedPolicyDocument`] for the first principal that does not exist, too.
pub(crate) async fn kept(tx: &mut ReadTx, account: AwsAccountId, text: &str) -> Result<String, Error> {
    let document = document::parse(text, PolicyType::Trust, false)?;
    if Document::size(text) > SIZE {
        return Err(Error::LimitExceeded {
            quota: "ACLSizePerRole",
            limit: SIZE,
        });
    }
    let mut ids = HashMap::new();
    for name in principals(&document) {
        match name.kind {
            PrincipalType::Aws => match find(tx, &name.text).await? {
                Named::AsWritten => {}
                Named::Entity(id) => {
                    ids.insert(name.text.to_string(), id);
                }
                Named::Nobody => return Err(invalid("AWS", &name.text)),
            },
            PrincipalType::Federated if name.text.starts_with("arn:") => {
                if !is_provider(tx, account, &name.text).await? {
                    return Err(invalid("FEDERATED", &name.text));
                }
            }
            PrincipalType::Federated | PrincipalType::Service | PrincipalType::CanonicalUser => {}
        }
    }
    Ok(rewrite_principals(text, |name| ids.get(name).cloned()))
}

/// The ARNs of users and roles by unique id, as far as one answer has asked for them. A list of roles may name the
/// same ones many thousand times.
#[derive(Debug, Default)]
pub(crate) struct Names {
    arns: HashMap<String, Option<String>>,
}

impl Names {
    /// Those of an AWS account, read at once: for answers about many roles.
    pub async fn of_account(tx: &mut ReadTx, account: AwsAccountId) -> Result<Self, StoreError> {
        let users = rows::users_by_id(tx, account).await?.into_iter();
        let roles = rows::roles_by_id(tx, account).await?.into_iter();
        let users = users.map(|(id, path, name)| (id, Some(arn::user(account, &path, &name))));
        let roles = roles.map(|(id, path, name)| (id, Some(arn::role(account, &path, &name))));
        Ok(Self {
            arns: users.chain(roles).collect(),
        })
    }

    /// The ARN that an id stands for, if it is the id of a user or role that exists.
    async fn arn(&mut self, tx: &mut ReadTx, id: &str) -> Result<Option<&str>, StoreError> {
        if !self.arns.contains_key(id) {
            let arn = if is_id(id, IdPrefix::User) {
                let user = rows::user_by_id(tx, id).await?;
                user.map(|(account, path, name)| arn::user(account, &path, &name))
            } else if is_id(id, IdPrefix::Role) {
                let role = rows::role_by_id(tx, id).await?;
                role.map(|(account, path, name)| arn::role(account, &path, &name))
            } else {
                return Ok(None);
            };
            self.arns.insert(id.to_owned(), arn);
        }
        Ok(self.arns.get(id).and_then(Option::as_deref))
    }
}

/// What is kept, as people read it. An id whose user or role is gone stays.
pub(crate) async fn shown(tx: &mut ReadTx, kept: &str, names: &mut Names) -> Result<String, StoreError> {
    let document = Document::lenient_text(kept).map_err(|error| StoreError::Corrupt {
        column: 0,
        expected: "a trust policy",
        found: error.to_string(),
    })?;
    let mut arns = HashMap::new();
    for name in principals(&document) {
        if let Some(arn) = names.arn(tx, &name.text).await? {
            arns.insert(name.text.to_string(), arn.to_owned());
        }
    }
    Ok(rewrite_principals(kept, |name| arns.get(name).cloned()))
}

fn principals(document: &Document) -> impl Iterator<Item = &NamedPrincipal> {
    document
        .statements()
        .iter()
        .flat_map(carillon_policy::Statement::principals)
}

fn is_id(name: &str, prefix: IdPrefix) -> bool {
    name.starts_with(prefix.as_str())
}

fn invalid(kind: &str, name: &str) -> Error {
    Error::MalformedPolicyDocument(format!("Invalid principal in policy: \"{kind}\":\"{name}\""))
}

async fn find(tx: &mut ReadTx, name: &str) -> Result<Named, StoreError> {
    if name == "*" {
        return Ok(Named::AsWritten);
    }
    let exists = |exists: bool| if exists { Named::AsWritten } else { Named::Nobody };
    if let Ok(account) = name.parse() {
        return Ok(exists(is_account(tx, account).await?));
    }
    if is_id(name, IdPrefix::User) {
        return Ok(exists(rows::user_by_id(tx, name).await?.is_some()));
    }
    if is_id(name, IdPrefix::Role) {
        return Ok(exists(rows::role_by_id(tx, name).await?.is_some()));
    }
    let Ok(arn) = Arn::parse(name) else {
        return Ok(Named::Nobody);
    };
    let Some(account) = arn.account_id().filter(|_| arn.partition == "aws") else {
        return Ok(Named::Nobody);
    };
    if let Some(named) = arn.iam_entity() {
        let kind = match named.kind {
            IamKind::User => EntityKind::User,
            IamKind::Role => EntityKind::Role,
            _ => return Ok(Named::Nobody),
        };
        let entity = entity::find(tx, account, kind, named.name).await?;
        return Ok(entity
            .filter(|entity| entity.path == named.path)
            .map_or(Named::Nobody, |entity| Named::Entity(entity.id)));
    }
    if let Some((role, _)) = arn.assumed_role() {
        return Ok(exists(
            entity::find(tx, account, EntityKind::Role, role).await?.is_some(),
        ));
    }
    let is_federated_user = arn.service == "sts" && arn.resource.starts_with("federated-user/");
    Ok(exists(
        (arn.is_root() || is_federated_user) && is_account(tx, account).await?,
    ))
}

/// Whether an identity provider of the AWS account has this ARN. Those of other accounts do not count: whoever
/// administers them would decide who gets the role, and what is answered would tell which of them exist.
async fn is_provider(tx: &mut ReadTx, account: AwsAccountId, arn: &str) -> Result<bool, StoreError> {
    Ok(provider::find(tx, account, arn).await?.is_some()
        || saml_provider::find(tx, account, arn).await?.is_some())
}

async fn is_account(tx: &mut ReadTx, account: AwsAccountId) -> Result<bool, StoreError> {
    Ok(account::find(tx, account).await?.is_some())
}

#[cfg(test)]
mod tests {
    use carillon_store::bind;

    use super::*;
    use crate::testing::{ACCOUNT, TestServer};

    #[tokio::test]
    async fn one_answer_asks_for_each_name_once() {
        let server = TestServer::start(&[]).await;
        server.as_user("ada", &[]).await;
        let ada = format!("arn:aws:iam::{ACCOUNT}:user/ada");
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{{"AWS":"{ada}"}},"Action":"sts:AssumeRole"}}}}"#
        );
        let mut tx = server.store().write().await.unwrap();
        let kept = kept(&mut tx, server.account_id(), &text).await.unwrap();
        assert!(!kept.contains(&ada), "{kept}");
        let mut names = Names::default();
        assert!(shown(&mut tx, &kept, &mut names).await.unwrap().contains(&ada));
        tx.execute("DELETE FROM iam_access_key", bind![]).await.unwrap();
        tx.execute("DELETE FROM iam_user", bind![]).await.unwrap();
        assert!(shown(&mut tx, &kept, &mut names).await.unwrap().contains(&ada));
        assert_eq!(shown(&mut tx, &kept, &mut Names::default()).await.unwrap(), kept);
    }
}
