//! The audit trail: one event per request, in the record format of CloudTrail.

use carillon_aws::id::AwsAccountId;
use carillon_aws::shape::Shape;
use carillon_aws::time::{Entropy, Timestamp};
use carillon_policy::{Decision, PolicyKind, StatementRef};
use carillon_store::{Store, StoreError, ToValue, WriteTx};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use crate::caller::{Call, Caller, CallerKind, TransportSecurity, WebIdentity};
use crate::decision_record::{KEEP, Snapshot};
use crate::trail::Blocks;
use crate::{Fault, REGION};

/// CloudTrail's record format.
pub(crate) const EVENT_VERSION: &str = "1.11";

pub(crate) const INSERT: &str = "INSERT INTO audit_event (aws_account_id, event_at, event_id, event_name, event_source, \
     user_name, access_key_id, read_only, resource_name, resource_type, record, basis) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";

/// Bytes of the parameters of a request, and of the elements of a response, that are kept.
///
/// Source: CloudTrail User Guide, "CloudTrail record contents".
const ELEMENTS: usize = 100 << 10;
/// Bytes of most records.
const RECORD: usize = 2 << 10;
/// Those whom identity providers vouch for, by the way they do it.
pub(crate) const SAML_USER: &str = "SAMLUser";
pub(crate) const WEB_IDENTITY_USER: &str = "WebIdentityUser";
/// Identity providers that speak SAML, among the resources of an event.
pub(crate) const SAML_PROVIDER: &str = "AWS::IAM::SAMLProvider";

/// Bytes of an error message that are kept. Source: as above.
const MESSAGE: usize = 1 << 10;

/// What a request came with, or an answer has, as the trail keeps it: without secrets, and not if it is too much.
pub(crate) fn elements(shape: &Shape, tree: &Value) -> Option<Box<RawValue>> {
    // Trees can always be written to memory.
    let elements = to_raw_value(&shape.recorded(tree)).ok()?;
    let size = elements.get().len();
    if size <= ELEMENTS {
        return Some(elements);
    }
    to_raw_value(&json!({ "omitted": true, "originalSize": size })).ok()
}

/// An event as it is kept.
#[derive(Debug, Clone)]
pub struct Event {
    /// Whose trail it is in.
    pub aws_account_id: AwsAccountId,
    pub at: Timestamp,
    pub id: String,
    pub name: String,
    pub source: &'static str,
    pub user_name: String,
    pub access_key_id: String,
    pub read_only: bool,
    /// Type and name of what it concerns, as `LookupEvents` is asked for them.
    pub resource: Option<(&'static str, String)>,
    /// CloudTrail's JSON.
    pub record: String,
    /// What the policies were asked, beside what the record says: JSON of `decision_record`.
    pub(crate) basis: Option<String>,
    /// What the basis names and may not be kept yet.
    pub(crate) snapshots: Vec<Snapshot>,
    /// The same event in the trail of another AWS account.
    pub(crate) copy: Option<Box<Event>>,
}

impl Event {
    /// Writes the event in the transaction of its effect.
    pub async fn insert(&self, tx: &mut WriteTx) -> Result<(), StoreError> {
        for snapshot in &self.snapshots {
            tx.execute(KEEP, &snapshot.values(self.at)).await?;
        }
        for event in self.copies() {
            tx.execute(INSERT, &event.values()).await?;
        }
        Ok(())
    }

    /// Writes the event by itself, together with others that wait.
    pub async fn append(&self, store: &Store) -> Result<(), StoreError> {
        let owned = carillon_store::Value::into_owned;
        // Between appended statements there is no order, and what an event names must be there.
        for snapshot in &self.snapshots {
            store
                .append(KEEP, snapshot.values(self.at).map(owned).into())
                .await?;
        }
        store
            .gather(|blocks: &mut Blocks| {
                for event in self.copies() {
                    blocks.add(event);
                }
            })
            .await
    }

    /// The event as it is in other trails, and then itself.
    pub(crate) fn copies(&self) -> impl Iterator<Item = &Event> {
        self.copy.as_deref().into_iter().chain(std::iter::once(self))
    }

    fn values(&self) -> [carillon_store::Value<'_>; 12] {
        let (kind, name) = self.resource();
        [
            self.aws_account_id.to_value(),
            self.at.to_value(),
            self.id.to_value(),
            self.name.to_value(),
            self.source.to_value(),
            self.user_name.to_value(),
            self.access_key_id.to_value(),
            self.read_only.to_value(),
            carillon_store::Value::Text(name.into()),
            carillon_store::Value::Text(kind.into()),
            self.record.to_value(),
            match &self.basis {
                Some(basis) => basis.to_value(),
                None => carillon_store::Value::Null,
            },
        ]
    }

    /// Type and name of what it concerns, or nothing twice.
    pub(crate) fn resource(&self) -> (&str, &str) {
        self.resource
            .as_ref()
            .map_or(("", ""), |(kind, name)| (kind, name))
    }
}

/// A new identifier of an event or request: a UUID of version 7, whose time makes an index of identifiers
/// unnecessary.
pub(crate) fn event_id(now: Timestamp, entropy: &dyn Entropy) -> String {
    let mut random = [0; 10];
    entropy.fill(&mut random);
    let millis = u64::try_from(now.as_micros() / 1_000).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random)
        .into_uuid()
        .to_string()
}

/// The millisecond in which the event of this identifier was, if it is one of ours.
pub(crate) fn time_of_event_id(id: &str) -> Option<Timestamp> {
    let id = uuid::Uuid::try_parse(id).ok()?;
    let millis = (id.as_u128() >> 80) as i64;
    (id.get_version_num() == 7).then(|| Timestamp::from_micros(millis.saturating_mul(1_000)))
}

/// What is known of a request when its event is written.
pub struct Facts<'a> {
    pub call: &'a Call,
    pub entropy: &'a dyn Entropy,
    pub source: &'static str,
    pub name: &'a str,
    pub read_only: bool,
    /// The caller, or, while nobody is proven, the account the key identifier names and that identifier.
    pub identity: Result<&'a Caller, (AwsAccountId, &'a str)>,
    /// See [`elements`].
    pub request_parameters: Option<Box<RawValue>>,
    pub response_elements: Option<Box<RawValue>>,
    pub error: Option<(&'a str, &'a str)>,
    pub decision: Option<&'a Decision>,
    pub resource: Option<(&'static str, String)>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    event_version: &'static str,
    user_identity: UserIdentity<'a>,
    event_time: &'a str,
    event_source: &'static str,
    event_name: &'a str,
    aws_region: &'static str,
    #[serde(rename = "sourceIPAddress")]
    source_ip_address: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<&'a str>,
    request_parameters: Option<&'a RawValue>,
    response_elements: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    additional_event_data: Option<AdditionalData<'a>>,
    #[serde(rename = "requestID")]
    request_id: &'a str,
    #[serde(rename = "eventID")]
    event_id: &'a str,
    read_only: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    resources: Option<Vec<Resource<'a>>>,
    event_type: &'static str,
    management_event: bool,
    recipient_account_id: &'a str,
    /// The same in the trails of both AWS accounts.
    #[serde(rename = "sharedEventID", skip_serializing_if = "Option::is_none")]
    shared_event_id: Option<&'a str>,
    event_category: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls_details: Option<TlsDetails<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_credential_from_console: Option<&'static str>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct UserIdentity<'a> {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    arn: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<&'a str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    access_key_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity_provider: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_context: Option<Value>,
}

/// What CloudTrail has no place for.
#[derive(Serialize)]
struct AdditionalData<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    delegation: Option<Delegation<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization: Option<Authorization<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Delegation<'a> {
    delegate_id: &'a str,
    aws_account_id: AwsAccountId,
}

/// The decision for the trail, which may say more than the wire.
#[derive(Serialize)]
#[serde(tag = "decision", rename_all = "camelCase")]
enum Authorization<'a> {
    Allowed { statement: Option<Statement<'a>> },
    ExplicitDeny { statement: Option<Statement<'a>> },
    ImplicitDeny { missing: &'static str },
}

#[derive(Serialize)]
struct Statement<'a> {
    kind: &'static str,
    policy: &'a str,
    index: usize,
    sid: Option<&'a str>,
}

#[derive(Serialize)]
struct Resource<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(rename = "ARN")]
    arn: &'a str,
    #[serde(rename = "accountId")]
    account_id: AwsAccountId,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TlsDetails<'a> {
    tls_version: &'a str,
    cipher_suite: &'a str,
    client_provided_host_header: &'a str,
}

/// A trail that an event of another AWS account's caller is in as well.
#[derive(Clone, Copy)]
struct Shared<'a> {
    /// What the events in both trails have in common.
    id: &'a str,
    /// Whose trail, of the one that is not the caller's own.
    owner: Option<AwsAccountId>,
    /// What the owner lent it on.
    delegate_id: Option<&'a str>,
}

impl Facts<'_> {
    /// The event of a request.
    pub fn event(self) -> Event {
        self.write(None)
    }

    /// The event of a request that made use of what another AWS account owns: it is in the trail of that account as
    /// well, which learns whose the caller is and no more of it. `delegate_id`: on which delegation the caller acted.
    ///
    /// Source: IAM User Guide, "Logging IAM and AWS STS API calls with AWS CloudTrail".
    pub fn shared_with(self, owner: AwsAccountId, delegate_id: Option<&str>) -> Event {
        let id = event_id(self.call.now, self.entropy);
        let shared = |owner| {
            Some(Shared {
                id: &id,
                owner,
                delegate_id,
            })
        };
        let copy = self.write(shared(Some(owner)));
        Event {
            copy: Some(Box::new(copy)),
            ..self.write(shared(None))
        }
    }

    /// Whether the caller's own policies refused, whose names and words are not for another AWS account.
    fn is_refused_by_own(&self) -> bool {
        self.decision
            .is_some_and(|decision| !decision.is_allowed() && !is_of_resource(decision))
    }

    /// The mark of what is done on a delegation, for the owner: whose activity it is, and whether it was the owner's
    /// boundary that refused it.
    fn delegation<'a>(&'a self, delegate_id: &'a str) -> AdditionalData<'a> {
        let aws_account_id = match self.identity {
            Ok(caller) => caller.aws_account_id,
            Err((account, _)) => account,
        };
        AdditionalData {
            delegation: Some(Delegation {
                delegate_id,
                aws_account_id,
            }),
            authorization: self
                .decision
                .filter(|decision| is_of_resource(decision))
                .map(|decision| Authorization::of(decision, false)),
        }
    }

    /// What the event is about, as far as it has ARNs; with the provider that proved by SAML who asks.
    fn resources(&self, account_id: AwsAccountId) -> Option<Vec<Resource<'_>>> {
        let own = self
            .resource
            .as_ref()
            .map(|(kind, arn)| (*kind, arn.as_str()))
            .filter(|(_, arn)| arn.starts_with("arn:"));
        let provider = self
            .identity
            .ok()
            .and_then(Caller::web_identity)
            .filter(|identity| identity.saml.is_some())
            .map(|identity| (SAML_PROVIDER, identity.provider.as_str()));
        let resources: Vec<Resource<'_>> = own
            .into_iter()
            .chain(provider)
            .map(|(kind, arn)| Resource {
                kind,
                arn,
                account_id,
            })
            .collect();
        (!resources.is_empty()).then_some(resources)
    }

    fn write(&self, shared: Option<Shared<'_>>) -> Event {
        let owner = shared.and_then(|shared| shared.owner);
        let id = event_id(self.call.now, self.entropy);
        let (account, access_key_id, user_name) = match (self.identity, owner) {
            (_, Some(owner)) => (owner, "", ""),
            (Ok(caller), None) => (
                caller.aws_account_id,
                caller.access_key_id.as_str(),
                lookup_name(caller),
            ),
            (Err((account, access_key_id)), None) => (account, access_key_id, ""),
        };
        let record = Record {
            event_version: EVENT_VERSION,
            user_identity: match self.identity {
                Ok(caller) if owner.is_some() => foreign(caller),
                Ok(caller) => identity(caller),
                Err((_, access_key_id)) => UserIdentity {
                    access_key_id,
                    ..UserIdentity::default()
                },
            },
            event_time: &self.call.now.iso_seconds(),
            event_source: self.source,
            event_name: self.name,
            aws_region: REGION,
            source_ip_address: self.call.source_ip.to_canonical().to_string(),
            user_agent: self.call.user_agent.as_deref(),
            error_code: self.error.map(|(code, _)| code),
            error_message: self
                .error
                .filter(|_| owner.is_none() || !self.is_refused_by_own())
                .map(|(_, message)| {
                    message
                        .get(..message.floor_char_boundary(MESSAGE))
                        .unwrap_or_default()
                }),
            request_parameters: self.request_parameters.as_deref(),
            response_elements: self.response_elements.as_deref(),
            additional_event_data: match (owner, shared.and_then(|shared| shared.delegate_id)) {
                (None, _) => self.decision.map(|decision| AdditionalData {
                    delegation: None,
                    authorization: Some(Authorization::of(decision, shared.is_some())),
                }),
                (Some(_), None) => None,
                (Some(_), Some(delegate_id)) => Some(self.delegation(delegate_id)),
            },
            request_id: &self.call.request_id,
            event_id: &id,
            read_only: self.read_only,
            resources: self.resources(account),
            event_type: "AwsApiCall",
            management_event: true,
            recipient_account_id: account.as_str(),
            shared_event_id: shared.map(|shared| shared.id),
            event_category: "Management",
            tls_details: match &self.call.tls {
                Some(TransportSecurity::Here {
                    version,
                    cipher_suite,
                }) => Some(TlsDetails {
                    tls_version: version,
                    cipher_suite,
                    client_provided_host_header: &self.call.host,
                }),
                Some(TransportSecurity::AtProxy) | None => None,
            },
            session_credential_from_console: self.call.from_console.then_some("true"),
        };
        let record = text(&record);
        Event {
            aws_account_id: account,
            at: self.call.now,
            name: self.name.to_owned(),
            source: self.source,
            user_name: user_name.to_owned(),
            access_key_id: access_key_id.to_owned(),
            read_only: self.read_only,
            resource: self.resource.clone(),
            record,
            id,
            basis: None,
            snapshots: Vec::new(),
            copy: None,
        }
    }
}

/// The record as text. Nearly all have room in what is taken at once.
fn text(record: &Record<'_>) -> String {
    let mut text = Vec::with_capacity(RECORD);
    serde_json::to_writer(&mut text, record).expect("strings and trees of them are always written");
    String::from_utf8(text).expect("JSON is text")
}

/// Whether it was the resource's policy that decided.
fn is_of_resource(decision: &Decision) -> bool {
    let kind = match decision {
        Decision::Allowed { .. } => return false,
        Decision::ExplicitlyDenied { by } => by.kind,
        Decision::ImplicitlyDenied { missing } => *missing,
    };
    matches!(kind, PolicyKind::Resource | PolicyKind::Trust)
}

/// What `LookupEvents` finds a caller by: the user name, the session name, or `root`.
fn lookup_name(caller: &Caller) -> &str {
    match &caller.kind {
        CallerKind::Root => "root",
        CallerKind::User { name, .. } => name,
        CallerKind::RoleSession { session_name, .. } => session_name,
        CallerKind::FederatedUser { name } => name,
        CallerKind::WebIdentity(identity) => &identity.subject,
    }
}

/// A caller as another AWS account learns of it.
fn foreign(caller: &Caller) -> UserIdentity<'_> {
    UserIdentity {
        kind: Some("AWSAccount"),
        principal_id: Some(&caller.user_id),
        account_id: Some(caller.aws_account_id.as_str()),
        ..UserIdentity::default()
    }
}

fn identity(caller: &Caller) -> UserIdentity<'_> {
    if let Some(identity) = caller.web_identity() {
        let (kind, provider) = match &identity.saml {
            Some(subject) => (SAML_USER, &subject.name_qualifier),
            None => (WEB_IDENTITY_USER, &identity.provider),
        };
        return UserIdentity {
            kind: Some(kind),
            principal_id: Some(&caller.user_id),
            user_name: Some(&identity.subject),
            identity_provider: Some(provider),
            ..UserIdentity::default()
        };
    }
    UserIdentity {
        kind: Some(match caller.kind {
            CallerKind::Root => "Root",
            CallerKind::User { .. } => "IAMUser",
            CallerKind::RoleSession { .. } => "AssumedRole",
            CallerKind::FederatedUser { .. } => "FederatedUser",
            CallerKind::WebIdentity(_) => WEB_IDENTITY_USER,
        }),
        principal_id: Some(&caller.user_id),
        arn: Some(&caller.arn),
        account_id: Some(caller.aws_account_id.as_str()),
        access_key_id: &caller.access_key_id,
        user_name: caller.user_name(),
        identity_provider: None,
        session_context: caller.session.as_ref().map(|session| {
            let mut context = json!({ "attributes": {
                "creationDate": session.issued_at.iso_seconds().to_string(),
                "mfaAuthenticated": session.multi_factor_at.is_some().to_string(),
            }});
            if let CallerKind::RoleSession {
                role_id,
                role_name,
                role_arn,
                ..
            } = &caller.kind
            {
                context["sessionIssuer"] = json!({
                    "type": "Role", "principalId": role_id, "arn": role_arn,
                    "accountId": caller.aws_account_id, "userName": role_name,
                });
            }
            if let Some(identity) = &session.source_identity {
                context["sourceIdentity"] = json!(identity);
            }
            if let Some(provider) = &session.federated_provider {
                context["webIdFederationData"] = json!({ "federatedProvider": provider });
            }
            context
        }),
    }
}

/// An assertion of SAML is a parameter of the request by what it says of the session, not as it was sent.
///
/// Source: IAM User Guide, "Logging IAM and AWS STS API calls with AWS CloudTrail".
pub(crate) fn with_what_saml_says(parameters: Box<RawValue>, identity: &WebIdentity) -> Box<RawValue> {
    let read = serde_json::from_str::<serde_json::Map<String, Value>>(parameters.get());
    let (Some(subject), Ok(mut members)) = (&identity.saml, read) else {
        return parameters;
    };
    members.remove("sAMLAssertion");
    members.insert("sAMLAssertionID".to_owned(), json!(subject.assertion_id));
    members.insert("roleSessionName".to_owned(), json!(subject.session_name));
    if let Some(source) = &identity.source_identity {
        members.insert("sourceIdentity".to_owned(), json!(source));
    }
    if !identity.tags.is_empty() {
        let tags = identity.tags.iter().cloned();
        let tags: serde_json::Map<String, Value> = tags.map(|(key, value)| (key, value.into())).collect();
        members.insert("principalTags".to_owned(), tags.into());
    }
    if !identity.transitive_tag_keys.is_empty() {
        members.insert(
            "transitiveTagKeys".to_owned(),
            json!(identity.transitive_tag_keys),
        );
    }
    to_raw_value(&members).unwrap_or(parameters)
}

impl<'a> Authorization<'a> {
    /// `is_foreign`: whether the resource is of another AWS account than the trail, to which its policy's words are no
    /// business.
    fn of(decision: &'a Decision, is_foreign: bool) -> Self {
        let statement = |by: &'a StatementRef| {
            let is_of_resource = matches!(by.kind, PolicyKind::Resource | PolicyKind::Trust);
            (!is_foreign || !is_of_resource).then(|| Statement::of(by))
        };
        match decision {
            Decision::Allowed { by } => Self::Allowed {
                statement: by.as_ref().and_then(statement),
            },
            Decision::ExplicitlyDenied { by } => Self::ExplicitDeny {
                statement: statement(by),
            },
            Decision::ImplicitlyDenied { missing } => Self::ImplicitDeny {
                missing: missing.name(),
            },
        }
    }
}

impl<'a> Statement<'a> {
    fn of(by: &'a StatementRef) -> Self {
        Self {
            kind: by.kind.name(),
            policy: by.policy_arn.as_deref().unwrap_or(&by.policy_name),
            index: by.index,
            sid: by.sid.as_deref(),
        }
    }
}

/// The error code of the trail: the wire's, except that refusals are `AccessDenied` in every service.
pub(crate) fn error_code<'a>(fault: &Fault, wire_code: &'a str) -> &'a str {
    if matches!(fault, Fault::Denied(_)) {
        "AccessDenied"
    } else {
        wire_code
    }
}
