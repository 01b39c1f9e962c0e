//! Who owns a key, and what policies the owner has, as one transaction sees them.

use std::sync::Arc;

use carillon_aws::arn;
use carillon_aws::id::AwsAccountId;
use carillon_operation::{Caller, CallerKind, Session, Unidentified};
use carillon_policy::{Attached, Document, Policies, Principal};
use carillon_store::{ReadTx, StoreError, bind};

use super::IamIdentities;
use crate::holding;
use crate::session::SessionToken;
use crate::tag;

/// Who owns a key. `revision`: of the access control of the AWS account, when this was read.
pub(super) struct Owner {
    pub caller: Caller,
    pub policies: Policies,
    pub revision: i64,
    /// Bytes of the text of all policies and tags.
    pub text: usize,
}

/// An owner before its policies are read.
struct Identified {
    kind: CallerKind,
    arn: String,
    user_id: String,
    principal: Principal,
    boundary: Option<String>,
}

impl Identified {
    /// The ARN of the user, role or root, also of a session.
    fn principal_arn(&self) -> String {
        match &self.kind {
            CallerKind::RoleSession { role_arn, .. } => role_arn.clone(),
            _ => self.arn.clone(),
        }
    }

    /// Somebody else, on behalf of this user or root.
    fn federated(self, account: AwsAccountId, name: &str) -> Self {
        let arn = arn::federated_user(account, name);
        Self {
            kind: CallerKind::FederatedUser {
                name: name.to_owned(),
            },
            user_id: format!("{account}:{name}"),
            principal: Principal::Federated {
                arn: arn.clone(),
                account: account.to_string(),
                user_arn: Some(self.arn),
            },
            arn,
            boundary: self.boundary,
        }
    }
}

/// What root may do, for sessions that have no more than root and no more than their session policies.
fn everything(root_arn: &str) -> Attached {
    let document = serde_json::json!({
        "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Action": "*", "Resource": "*" },
    });
    Attached::inline("root", Arc::new(Document::lenient(&document))).held_by(root_arn)
}

impl IamIdentities {
    /// The user, role or root behind a key.
    ///
    /// # Errors
    ///
    /// [`Unidentified::Invalid`] when it is no more, which ends its sessions.
    pub(super) async fn owner(
        &self,
        tx: &mut ReadTx,
        account: AwsAccountId,
        owner_id: &str,
        access_key_id: &str,
        token: Option<&SessionToken>,
    ) -> Result<Owner, Unidentified> {
        let (revision, root_user_id): (i64, String) = tx
            .fetch_optional(
                "SELECT access_revision, root_user_id FROM aws_account WHERE aws_account_id = $1",
                bind![account],
            )
            .await?
            .ok_or(Unidentified::Invalid)?;
        let role_session = token.and_then(|token| token.role_session_name.as_deref());
        let mut identified = match role_session {
            _ if owner_id == root_user_id => root(account),
            Some(session_name) => role_session_of(tx, account, owner_id, session_name).await?,
            None => user(tx, account, owner_id).await?,
        };
        let mut policies = Policies::for_actions(self.environment.registry.actions());
        let mut text = 0;
        if identified.kind != CallerKind::Root {
            policies = policies.identity(
                self.identity_policies(tx, account, (owner_id, &identified.principal_arn()), &mut text)
                    .await?,
            );
            if let Some(boundary) = &identified.boundary {
                policies = policies.boundary(vec![self.managed(tx, boundary, &mut text).await?]);
            }
        }
        let federated_user = token.and_then(|token| token.federated_user_name.as_deref());
        if let Some(name) = federated_user {
            if identified.kind == CallerKind::Root {
                policies = policies.identity(vec![everything(&identified.arn)]);
            }
            identified = identified.federated(account, name);
        }
        // A federated user without session policies may do nothing.
        if let Some(token) = token.filter(|token| token.has_session_policies() || federated_user.is_some()) {
            policies = policies.session(self.session_policies(tx, token, &mut text).await?);
        }
        let tags = tags(tag::of(tx, owner_id).await?, token);
        text += tags
            .iter()
            .map(|(key, value)| key.len() + value.len())
            .sum::<usize>();
        let caller = Caller {
            aws_account_id: account,
            kind: identified.kind,
            arn: identified.arn,
            user_id: identified.user_id,
            principal: identified.principal,
            access_key_id: access_key_id.to_owned(),
            tags,
            session: token.map(|token| Session {
                issued_at: token.issued_at,
                expires_at: token.expires_at,
                multi_factor_at: token.multi_factor_at,
                source_identity: token.source_identity.clone(),
                federated_provider: token.federated_provider.clone(),
                of_get_session_token: token.of_get_session_token,
                transitive_tags: token.transitive_tags(),
            }),
        };
        Ok(Owner {
            caller,
            policies,
            revision,
            text,
        })
    }

    /// Inline and attached policies of a user or role, and for a user those of its groups.
    async fn identity_policies(
        &self,
        tx: &mut ReadTx,
        account: AwsAccountId,
        owner: (&str, &str),
        text: &mut usize,
    ) -> Result<Vec<Attached>, StoreError> {
        let held = holding::identity(tx, &self.environment.registry, account, owner).await?;
        held.iter()
            .map(|held| held.attached(|document| self.document(document, text)))
            .collect()
    }

    async fn session_policies(
        &self,
        tx: &mut ReadTx,
        token: &SessionToken,
        text: &mut usize,
    ) -> Result<Vec<Attached>, StoreError> {
        let mut attached = Vec::new();
        if let Some(document) = &token.policy {
            attached.push(Attached::inline("session", self.document(document, text)?));
        }
        for arn in &token.policy_arns {
            attached.push(self.managed(tx, arn, text).await?);
        }
        Ok(attached)
    }

    /// The default version of a managed policy, the customer's or AWS's.
    ///
    /// A policy that does not exist any more allows nothing; that can only be one of a session.
    async fn managed(&self, tx: &mut ReadTx, arn: &str, text: &mut usize) -> Result<Attached, StoreError> {
        let document = match holding::managed_text(tx, &self.environment.registry, arn).await? {
            Some(kept) => self.document(&kept, text)?,
            None => holding::nothing(),
        };
        Ok(Attached::managed(arn, document))
    }

    /// The compiled form of a stored document, whose length is added to `sum`.
    fn document(&self, text: &str, sum: &mut usize) -> Result<Arc<Document>, StoreError> {
        *sum += text.len();
        if let Some(document) = self.documents.get(text) {
            return Ok(document);
        }
        let document = holding::compiled(text)?;
        // A text has one compiled form, so none is newer.
        self.documents
            .put(text, Arc::clone(&document), text.len(), |_| false);
        Ok(document)
    }
}

fn root(account: AwsAccountId) -> Identified {
    Identified {
        kind: CallerKind::Root,
        arn: arn::root(account),
        user_id: account.to_string(),
        principal: Principal::Root {
            account: account.to_string(),
        },
        boundary: None,
    }
}

async fn user(tx: &mut ReadTx, account: AwsAccountId, user_id: &str) -> Result<Identified, Unidentified> {
    let (name, path, boundary): (String, String, Option<String>) = tx
        .fetch_optional(
            "SELECT user_name, path, permissions_boundary_arn FROM iam_user
              WHERE user_id = $1 AND aws_account_id = $2",
            bind![user_id, account],
        )
        .await?
        .ok_or(Unidentified::Invalid)?;
    let arn = arn::user(account, &path, &name);
    Ok(Identified {
        principal: Principal::User {
            arn: arn.clone(),
            account: account.to_string(),
            unique_id: Some(user_id.to_owned()),
        },
        arn,
        user_id: user_id.to_owned(),
        kind: CallerKind::User {
            id: user_id.to_owned(),
            name,
        },
        boundary,
    })
}

async fn role_session_of(
    tx: &mut ReadTx,
    account: AwsAccountId,
    role_id: &str,
    session_name: &str,
) -> Result<Identified, Unidentified> {
    let (name, path, boundary): (String, String, Option<String>) = tx
        .fetch_optional(
            "SELECT role_name, path, permissions_boundary_arn FROM iam_role
              WHERE role_id = $1 AND aws_account_id = $2",
            bind![role_id, account],
        )
        .await?
        .ok_or(Unidentified::Invalid)?;
    let role_arn = arn::role(account, &path, &name);
    let arn = arn::assumed_role(account, &name, session_name);
    Ok(Identified {
        principal: Principal::RoleSession {
            arn: arn.clone(),
            role_arn: role_arn.clone(),
            account: account.to_string(),
            role_id: Some(role_id.to_owned()),
        },
        arn,
        user_id: format!("{role_id}:{session_name}"),
        kind: CallerKind::RoleSession {
            role_id: role_id.to_owned(),
            role_name: name,
            role_arn,
            session_name: session_name.to_owned(),
        },
        boundary,
    })
}

/// The tags of the caller: those of the session win over those of the user or role.
fn tags(mut tags: Vec<(String, String)>, token: Option<&SessionToken>) -> Vec<(String, String)> {
    if let Some(token) = token {
        tags.retain(|(key, _)| {
            !token
                .tags
                .iter()
                .any(|(session, _)| session.to_lowercase() == key.to_lowercase())
        });
        tags.extend(token.tags.iter().cloned());
    }
    tags
}
