//! A recorded request: who asked what, of which policies, and what came of it.

use carillon_aws::id::AwsAccountId;
use carillon_aws::time::Timestamp;
use carillon_policy::{Attached, Context as _, ContextValue, MapContext, Principal, Request};
use carillon_store::{ReadTx, StoreError};
use serde::Deserialize;
use std::sync::Arc;

use super::archive::{Archive, StoredStanding};
use super::{Basis, Question};
use crate::REGION;
use crate::audit::{SAML_PROVIDER, SAML_USER, WEB_IDENTITY_USER, time_of_event_id};
use crate::registry::Registry;
use crate::trail::{By, Kept, Newest, Place, within_millisecond};

/// A request as the trail has it.
#[derive(Debug)]
pub struct Recorded {
    pub place: Place,
    /// Whose trail it is in.
    pub aws_account_id: AwsAccountId,
    record: Record,
    basis: Option<Basis<'static>>,
}

/// One question of a recorded request, ready to be asked again.
#[derive(Debug, Clone)]
pub struct Asked {
    /// All spellings of the action, the primary one first.
    pub actions: Vec<String>,
    pub resource: String,
    /// The AWS account that owns it.
    pub owner: String,
    pub resource_policy: Option<Attached>,
    pub context: Arc<MapContext>,
}

/// What a recorded decision was taken from.
#[derive(Debug)]
pub struct TakenFrom {
    pub principal: Principal,
    pub standing: Arc<StoredStanding>,
    /// In the order in which they were asked. The request was allowed if all of them were.
    pub asked: Vec<Asked>,
}

/// The part of CloudTrail's record that is of interest.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    #[serde(default)]
    user_identity: UserIdentity,
    #[serde(default)]
    event_source: String,
    #[serde(default)]
    event_name: String,
    #[serde(default, rename = "sourceIPAddress")]
    source_ip_address: String,
    user_agent: Option<String>,
    error_code: Option<String>,
    error_message: Option<String>,
    additional_event_data: Option<AdditionalEventData>,
    #[serde(rename = "requestID")]
    request_id: Option<String>,
    #[serde(default)]
    read_only: bool,
    #[serde(default)]
    resources: Vec<Resource>,
}

#[derive(Debug, Deserialize)]
struct Resource {
    #[serde(rename = "type")]
    kind: String,
    #[serde(rename = "ARN")]
    arn: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct UserIdentity {
    #[serde(rename = "type")]
    kind: Option<String>,
    principal_id: Option<String>,
    arn: Option<String>,
    account_id: Option<String>,
    user_name: Option<String>,
    identity_provider: Option<String>,
    session_context: Option<SessionContext>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SessionContext {
    attributes: Attributes,
    session_issuer: Option<SessionIssuer>,
    source_identity: Option<String>,
    web_id_federation_data: Option<FederationData>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FederationData {
    federated_provider: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Attributes {
    creation_date: String,
    mfa_authenticated: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SessionIssuer {
    principal_id: String,
    arn: String,
}

#[derive(Debug, Deserialize)]
struct AdditionalEventData {
    authorization: Option<Authorization>,
}

#[derive(Debug, Deserialize)]
struct Authorization {
    decision: String,
}

impl Kept {
    fn read(self, aws_account_id: AwsAccountId) -> Result<Recorded, StoreError> {
        let corrupt = |column, expected| {
            move |error: serde_json::Error| StoreError::Corrupt {
                column,
                expected,
                found: error.to_string(),
            }
        };
        Ok(Recorded {
            place: self.place,
            aws_account_id,
            record: serde_json::from_str(&self.record).map_err(corrupt(9, "a record of the trail"))?,
            basis: match self.basis {
                None => None,
                Some(basis) => Some(
                    serde_json::from_str(&basis).map_err(corrupt(10, "what a decision was taken from"))?,
                ),
            },
        })
    }
}

impl Recorded {
    /// The request of this identifier, which tells when it was made; nothing if the trail has none.
    pub async fn find(
        tx: &mut ReadTx,
        account: AwsAccountId,
        request_id: &str,
    ) -> Result<Option<Self>, StoreError> {
        let Some(since) = time_of_event_id(request_id) else {
            return Ok(None);
        };
        for found in within_millisecond(tx, account, since).await? {
            // Only that one is worth parsing.
            if !found.record.contains(request_id) {
                continue;
            }
            let recorded = found.read(account)?;
            if recorded.request_id() == request_id {
                return Ok(Some(recorded));
            }
        }
        Ok(None)
    }

    /// Requests whose decision can be taken again, the newest first, before `before` and not before `since`; of the
    /// user or session of this name, or of everybody.
    pub async fn list_before(
        tx: &mut ReadTx,
        account: AwsAccountId,
        user_name: Option<&str>,
        since: Timestamp,
        before: &Place,
        limit: i64,
    ) -> Result<Vec<Self>, StoreError> {
        let newest = Newest {
            account,
            by: user_name.map_or(By::Everything, By::User),
            since,
            before,
            limit,
        };
        let found = newest.find(tx).await?;
        found.into_iter().map(|found| found.read(account)).collect()
    }

    pub fn at(&self) -> Timestamp {
        Timestamp::from_micros(self.place.at)
    }

    /// Empty for what no request caused.
    pub fn request_id(&self) -> &str {
        self.record.request_id.as_deref().unwrap_or_default()
    }

    pub fn event_name(&self) -> &str {
        &self.record.event_name
    }

    pub fn event_source(&self) -> &str {
        &self.record.event_source
    }

    pub fn read_only(&self) -> bool {
        self.record.read_only
    }

    pub fn source_ip_address(&self) -> &str {
        &self.record.source_ip_address
    }

    /// Code and message, if it failed.
    pub fn error(&self) -> Option<(&str, &str)> {
        let message = self.record.error_message.as_deref().unwrap_or_default();
        self.record.error_code.as_deref().map(|code| (code, message))
    }

    /// `allowed`, `explicitDeny` or `implicitDeny`; nothing if no policy was asked.
    pub fn decision(&self) -> Option<&str> {
        let data = self.record.additional_event_data.as_ref()?;
        data.authorization.as_ref().map(|found| found.decision.as_str())
    }

    /// Whether the policies were asked and what they were asked is kept.
    pub fn is_decided(&self) -> bool {
        self.basis.is_some()
    }

    /// Whether somebody of another AWS account asked, so that the decision is on record there.
    pub fn is_of_another_account(&self) -> bool {
        let own = self.aws_account_id.as_str();
        let caller = self.record.user_identity.account_id.as_deref();
        self.basis.is_none() && caller.is_some_and(|caller| caller != own)
    }

    /// The ARN that messages name the caller by; nothing while nobody was proven.
    pub fn caller_arn(&self) -> Option<&str> {
        self.record.user_identity.arn.as_deref()
    }

    /// `aws:PrincipalArn`: the role for the session of a role, else as [`Recorded::caller_arn`].
    pub fn principal_arn(&self) -> Option<&str> {
        let issuer = self.record.user_identity.session_context.as_ref();
        let issuer = issuer.and_then(|session| session.session_issuer.as_ref());
        issuer
            .map(|issuer| issuer.arn.as_str())
            .or_else(|| self.caller_arn())
    }

    /// The identifier of the user, role or account whose policies count.
    pub fn owner_id(&self) -> Option<&str> {
        let id = self.record.user_identity.principal_id.as_deref()?;
        Some(id.split_once(':').map_or(id, |(owner, _)| owner))
    }

    /// Who asked, as the policies see it.
    pub fn principal(&self) -> Option<Principal> {
        let identity = &self.record.user_identity;
        let provider = match identity.kind.as_deref() {
            Some(SAML_USER) => self
                .record
                .resources
                .iter()
                .find(|resource| resource.kind == SAML_PROVIDER)
                .map(|resource| &resource.arn),
            _ => identity.identity_provider.as_ref(),
        };
        if let Some(provider) = provider {
            return Some(Principal::WebIdentity {
                provider: provider.clone(),
            });
        }
        let arn = identity.arn.as_deref()?;
        let mut principal: Principal = arn.parse().ok()?;
        match &mut principal {
            Principal::User { unique_id, .. } => unique_id.clone_from(&identity.principal_id),
            Principal::RoleSession {
                role_arn, role_id, ..
            } => {
                let issuer = identity.session_context.as_ref()?.session_issuer.as_ref()?;
                role_arn.clone_from(&issuer.arn);
                *role_id = Some(issuer.principal_id.clone());
            }
            _ => {}
        }
        Some(principal)
    }

    /// What the decision was taken from; nothing if there was none, or it is not kept any more.
    pub async fn taken_from(
        &self,
        tx: &mut ReadTx,
        archive: &mut Archive,
        registry: &Registry,
    ) -> Result<Option<TakenFrom>, StoreError> {
        let (Some(basis), Some(principal)) = (&self.basis, self.principal()) else {
            return Ok(None);
        };
        let Some(standing) = archive.standing(tx, &basis.standing).await? else {
            return Ok(None);
        };
        let mut asked = Vec::new();
        for question in &basis.asked {
            let resource_policy = match &question.resource_policy {
                None => None,
                Some((name, digest)) => match archive.document(tx, digest).await? {
                    Some(document) => Some(Attached::inline(&**name, document)),
                    None => return Ok(None),
                },
            };
            let own = principal.account().unwrap_or_default();
            let owner = question.owner.as_deref().unwrap_or(own);
            let context = Arc::new(self.context(basis, question, &standing, owner));
            for action in &question.actions {
                for resource in &question.resources {
                    asked.push(Asked {
                        actions: spellings(registry, action),
                        resource: resource.to_string(),
                        owner: owner.to_owned(),
                        resource_policy: resource_policy.clone(),
                        context: Arc::clone(&context),
                    });
                }
            }
        }
        Ok(Some(TakenFrom {
            principal,
            standing,
            asked,
        }))
    }

    /// The context of the request: that of `authorize`, from what was kept. A test compares the two.
    fn context(
        &self,
        basis: &Basis<'_>,
        question: &Question<'_>,
        standing: &StoredStanding,
        owner: &str,
    ) -> MapContext {
        let identity = &self.record.user_identity;
        let mut context = MapContext::new();
        // The first of several is the one that counts, and of what is set the last.
        for (key, values) in question.multivalued_keys.iter().rev() {
            context.set_many(key, values.iter().map(|value| &**value));
        }
        for (key, value) in question.keys.iter().rev() {
            context.set(key, &**value);
        }
        for (key, value) in question.request_tags.iter().rev() {
            context.set(&format!("aws:RequestTag/{key}"), &**value);
        }
        for (key, value) in question.tags.iter().rev() {
            context.set(&format!("iam:ResourceTag/{key}"), &**value);
            context.set(&format!("aws:ResourceTag/{key}"), &**value);
        }
        for (key, value) in standing.tags.iter().rev() {
            context.set(&format!("aws:PrincipalTag/{key}"), value);
        }
        if !question.tag_keys.is_empty() {
            context.set_many("aws:TagKeys", question.tag_keys.iter().map(|key| &**key));
        }
        let now = self.at();
        context
            .set("aws:CurrentTime", now.iso_seconds().as_str())
            .set("aws:EpochTime", now.as_seconds().to_string())
            .set("aws:SourceIp", &self.record.source_ip_address)
            .set("aws:SecureTransport", basis.secure.to_string())
            .set("aws:RequestedRegion", REGION)
            .set("aws:PrincipalIsAWSService", "false")
            .set("aws:ViaAWSService", "false")
            .set("aws:ResourceAccount", owner);
        let known = [
            ("aws:UserAgent", self.record.user_agent.as_deref()),
            ("aws:Referer", basis.referer.as_deref()),
            ("aws:PrincipalArn", self.principal_arn()),
            ("aws:PrincipalAccount", identity.account_id.as_deref()),
            ("aws:PrincipalType", self.principal_type()),
            ("aws:userid", identity.principal_id.as_deref()),
            (
                "aws:username",
                identity.user_name.as_deref().filter(|_| !self.is_vouched_for()),
            ),
        ];
        for (key, value) in known {
            if let Some(value) = value {
                context.set(key, value);
            }
        }
        if let Some(session) = &identity.session_context {
            context
                .set("aws:TokenIssueTime", &session.attributes.creation_date)
                .set(
                    "aws:MultiFactorAuthPresent",
                    &session.attributes.mfa_authenticated,
                );
            if let Some(identity) = &session.source_identity {
                context.set("aws:SourceIdentity", identity);
            }
            if let Some(federation) = &session.web_id_federation_data {
                context.set("aws:FederatedProvider", &federation.federated_provider);
            }
        }
        if let Some(at) = basis.multi_factor_at {
            let age = now.since(Timestamp::from_micros(at)).as_secs();
            context.set("aws:MultiFactorAuthAge", age.to_string());
        }
        if question.second_factor {
            context
                .set("aws:MultiFactorAuthPresent", "true")
                .set("aws:MultiFactorAuthAge", "0");
        }
        context
    }

    fn principal_type(&self) -> Option<&'static str> {
        match self.record.user_identity.kind.as_deref()? {
            "Root" => Some("Account"),
            "IAMUser" => Some("User"),
            "AssumedRole" => Some("AssumedRole"),
            "FederatedUser" => Some("FederatedUser"),
            SAML_USER | WEB_IDENTITY_USER => Some("Anonymous"),
            _ => None,
        }
    }

    /// Whether an identity provider is all that knows the caller.
    fn is_vouched_for(&self) -> bool {
        matches!(
            self.record.user_identity.kind.as_deref(),
            Some(SAML_USER | WEB_IDENTITY_USER)
        )
    }
}

/// All spellings of an action, the given one first.
fn spellings(registry: &Registry, action: &str) -> Vec<String> {
    let mut entries = registry.services().iter().flat_map(|service| &service.entries);
    match entries.find(|entry| entry.spec.action == action) {
        Some(entry) => entry
            .spellings
            .iter()
            .map(|action| (*action).to_owned())
            .collect(),
        None => vec![action.to_owned()],
    }
}

impl Asked {
    /// The question as far as it is about the caller, which owns the resource then: without the policy of the resource
    /// and its tags.
    pub fn of_caller_alone(&self, principal: &Principal) -> Self {
        let mut context = MapContext::new();
        for key in self.context.keys() {
            if key.starts_with("aws:resourcetag/") || key.starts_with("iam:resourcetag/") {
                continue;
            }
            match self.context.get(&key) {
                Some(ContextValue::One(value)) => context.set(&key, value),
                Some(ContextValue::Many(values)) => context.set_many(&key, values),
                None => &mut context,
            };
        }
        Self {
            owner: principal.account().unwrap_or_default().to_owned(),
            resource_policy: None,
            context: Arc::new(context),
            ..self.clone()
        }
    }

    /// Runs `with` on the question as the engine takes it.
    pub fn ask<T>(&self, principal: &Principal, with: impl FnOnce(&Request<'_>) -> T) -> T {
        let actions: Vec<&str> = self.actions.iter().map(String::as_str).collect();
        with(&Request {
            principal,
            actions: &actions,
            resource: &self.resource,
            resource_account: Some(&self.owner),
            resource_policy: self.resource_policy.as_ref(),
            context: &*self.context,
        })
    }
}
