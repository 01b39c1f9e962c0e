//! The decision, and the proof that it was taken.

use std::borrow::Cow;
use std::marker::PhantomData;
use std::sync::Arc;

use carillon_aws::id::AwsAccountId;
use carillon_aws::time::Timestamp;
use carillon_policy::{
    Attached, Context as PolicyContext, ContextValue, Decision, Document, Policies, PolicyKind, decide,
};

use crate::caller::{Call, Caller, CallerKind};
use crate::decision_record::Decided;
use crate::operation::{Asks, Failed, Request, Target};
use crate::spec::Admission;
use crate::{Fault, REGION};

/// Proof that the policies allow `O` to the caller on the target.
///
/// It has one constructor, in this module, which runs the policy engine:
///
/// ```compile_fail
/// # use carillon_operation::Granted;
/// fn forge<O>() -> Granted<O> {
///     Granted { decided: None, operation: std::marker::PhantomData }
/// }
/// ```
pub struct Granted<O> {
    decided: Option<Box<Decided>>,
    operation: PhantomData<fn() -> O>,
}

impl<O> Granted<O> {
    /// Asks the policies. The fault of a refusal words it as AWS does.
    pub(crate) fn decide(request: &Request<'_>, target: &Target, asks: Option<Asks>) -> Result<Self, Failed> {
        match request.entry.spec.admission {
            Admission::Authenticated => {
                for (spellings, target) in &target.dependent {
                    ask(request, target, spellings).map_err(|refused| Failed::from(refused.fault))?;
                }
                Ok(Self {
                    decided: None,
                    operation: PhantomData,
                })
            }
            Admission::Policy if !is_open_to_session(request) => Err(invalid_token().into()),
            Admission::Policy | Admission::Introduced => {
                let decided = |decision| Box::new(Decided::new(request, target, asks, decision));
                match ask_all(request, target, asks) {
                    Ok(decision) => Ok(Self {
                        decided: Some(decided(decision)),
                        operation: PhantomData,
                    }),
                    Err(Refused { fault, decision }) => Err(Failed {
                        decided: Some(decided(*decision)),
                        ..Failed::from(fault)
                    }),
                }
            }
        }
    }

    /// The decision and what it was taken from, unless valid credentials were enough.
    pub(crate) fn decided(&self) -> Option<&Decided> {
        self.decided.as_deref()
    }

    /// A fault that came after the decision.
    pub(crate) fn failed(self, fault: Fault) -> Failed {
        Failed {
            decided: self.decided,
            ..Failed::from(fault)
        }
    }
}

/// Whether the caller's session may call the operation at all: one of `GetSessionToken` without a second factor
/// is good for nothing of IAM, and of STS only for what needs no policy and for assuming roles; one of
/// `GetFederationToken` is good for neither.
/// Source: STS API Reference, `GetSessionToken`, `GetFederationToken`.
fn is_open_to_session(request: &Request<'_>) -> bool {
    let Some(session) = &request.caller().session else {
        return true;
    };
    if matches!(request.caller().kind, CallerKind::FederatedUser { .. }) {
        return !matches!(request.service.name, "iam" | "sts");
    }
    if !session.of_get_session_token || session.multi_factor_at.is_some() {
        return true;
    }
    match request.service.name {
        "iam" => false,
        "sts" => request.entry.spec.action == "sts:AssumeRole",
        _ => true,
    }
}

/// What AWS answers to such a session.
fn invalid_token() -> Fault {
    Fault::refused(
        403,
        "InvalidClientTokenId",
        "The security token included in the request is invalid.",
    )
}

/// What policies answered that do not allow, and what the caller gets.
struct Refused {
    fault: Fault,
    decision: Box<Decision>,
}

/// Asks for each action of a request. The decision is that of the last of its own.
fn ask_all(request: &Request<'_>, target: &Target, asks: Option<Asks>) -> Result<Decision, Refused> {
    let mut decision = Decision::ImplicitlyDenied {
        missing: PolicyKind::Identity,
    };
    match asks {
        None => decision = ask(request, target, &request.entry.spellings)?,
        Some([]) => {
            let fault = Fault::internal("an operation that asks for no action");
            return Err(Refused {
                fault,
                decision: Box::new(decision),
            });
        }
        Some(asks) => {
            for spellings in asks {
                decision = ask(request, target, spellings)?;
            }
        }
    }
    for (spellings, target) in &target.dependent {
        ask(request, target, spellings)?;
    }
    Ok(decision)
}

/// Whether an action is allowed on each resource of the target.
pub(crate) fn allows(request: &Request<'_>, target: &Target, spellings: &[&str]) -> bool {
    ask(request, target, spellings).is_ok()
}

/// Asks about each resource of the target. The decision is the one about the first.
fn ask(request: &Request<'_>, target: &Target, spellings: &[&str]) -> Result<Decision, Refused> {
    let decision = ask_on(request, target, &target.resource, spellings)?;
    for resource in &target.further {
        ask_on(request, target, resource, spellings)?;
    }
    Ok(decision)
}

fn ask_on(
    request: &Request<'_>,
    target: &Target,
    resource: &str,
    spellings: &[&str],
) -> Result<Decision, Refused> {
    let owner = target.owner.unwrap_or(request.caller().aws_account_id);
    let context = RequestContext {
        call: request.call,
        caller: request.caller(),
        target,
        owner,
    };
    let question = carillon_policy::Request {
        principal: &request.caller().principal,
        actions: spellings,
        resource,
        resource_account: Some(owner.as_str()),
        resource_policy: target.resource_policy.as_deref(),
        context: &context,
    };
    let decision = decide(&question, &request.credentials.policies);
    if decision.is_allowed() {
        return Ok(decision);
    }
    let fault = Fault::Denied(wording(request, target, resource, &decision, spellings[0], owner));
    let is_foreign = owner != request.caller().aws_account_id && target.lent.is_none();
    let decision = match is_foreign && is_by_resource(&decision) {
        true => by_silence(question, &request.credentials.policies),
        false => decision,
    };
    Err(Refused {
        fault,
        decision: Box::new(decision),
    })
}

/// The refusal as if the resource had a policy that says nothing. It goes into the trail of the caller's AWS account,
/// which must not tell a resource of another account that denies from one that does not trust, or does not exist.
fn by_silence(question: carillon_policy::Request<'_>, policies: &Policies) -> Decision {
    let silent = question.resource_policy.map(|policy| Attached {
        document: Arc::new(Document::lenient(&serde_json::Value::Null)),
        ..policy.clone()
    });
    decide(
        &carillon_policy::Request {
            resource_policy: silent.as_ref(),
            ..question
        },
        policies,
    )
}

/// Whether it was a policy of the resource's that denied.
fn is_by_resource(decision: &Decision) -> bool {
    matches!(
        decision,
        Decision::ExplicitlyDenied { by } if matches!(by.kind, PolicyKind::Resource | PolicyKind::Trust)
    )
}

/// AWS's present wording of a refusal.
fn wording(
    request: &Request<'_>,
    target: &Target,
    resource: &str,
    decision: &Decision,
    action: &str,
    owner: AwsAccountId,
) -> String {
    if request.caller().web_identity().is_some() {
        return format!("Not authorized to perform {action}");
    }
    let mut message = format!(
        "User: {} is not authorized to perform: {action}",
        request.caller().arn
    );
    if resource != "*" {
        message.push_str(" on resource: ");
        message.push_str(resource);
    }
    // What a trust policy says is not for those it refuses; what their own policies deny is.
    let own_denial = matches!(decision, Decision::ExplicitlyDenied { .. }) && !is_by_resource(decision);
    // That the owner of what it lends refuses is no secret from the borrower: only the owner's text is.
    let is_lent = target.lent.is_some();
    if target.resource_policy.is_none() || own_denial || is_lent {
        let same_account = is_lent || owner == request.caller().aws_account_id;
        message.push(' ');
        message.push_str(&decision.wording(action, same_account));
    }
    message
}

/// The request context: each key is answered when a condition asks for it.
pub(crate) struct RequestContext<'a> {
    pub call: &'a Call,
    pub caller: &'a Caller,
    pub target: &'a Target,
    pub owner: AwsAccountId,
}

impl PolicyContext for RequestContext<'_> {
    fn get(&self, key: &str) -> Option<ContextValue<'_>> {
        let (call, caller, target) = (self.call, self.caller, self.target);
        let session = caller.session.as_ref();
        match key {
            "aws:currenttime" => one(call.now.iso_seconds().to_string()),
            "aws:epochtime" => one(call.now.as_seconds().to_string()),
            "aws:sourceip" => one(call.source_ip.to_canonical().to_string()),
            "aws:securetransport" => boolean(call.tls.is_some()),
            "aws:useragent" => call.user_agent.as_deref().and_then(text),
            "aws:referer" => call.referer.as_deref().and_then(text),
            "aws:requestedregion" => text(REGION),
            "aws:principalarn" | "aws:principalaccount" if caller.web_identity().is_some() => None,
            "aws:principalarn" => text(caller.principal_arn()),
            "aws:principalaccount" => text(caller.aws_account_id.as_str()),
            "aws:principaltype" => text(caller.principal_type()),
            "aws:userid" => text(&caller.user_id),
            "aws:username" => caller.user_name().and_then(text),
            "aws:principalisawsservice" | "aws:viaawsservice" => boolean(false),
            // Shown with this very request.
            "aws:multifactorauthpresent" if target.second_factor.is_some() => boolean(true),
            "aws:multifactorauthage" if target.second_factor.is_some() => text("0"),
            "aws:multifactorauthpresent" => {
                session.and_then(|session| boolean(session.multi_factor_at.is_some()))
            }
            "aws:multifactorauthage" => session
                .and_then(|session| session.multi_factor_at)
                .and_then(|at| one(age(call.now, at).to_string())),
            "aws:tokenissuetime" => {
                session.and_then(|session| one(session.issued_at.iso_seconds().to_string()))
            }
            "aws:sourceidentity" => session
                .and_then(|session| session.source_identity.as_deref())
                .and_then(text),
            "aws:federatedprovider" => session
                .and_then(|session| session.federated_provider.as_deref())
                .and_then(text),
            "aws:resourceaccount" => one(self.owner.to_string()),
            "aws:tagkeys" if !target.tag_keys.is_empty() => Some(many(&target.tag_keys)),
            _ => tagged(key, "aws:principaltag/", &caller.tags)
                .or_else(|| tagged(key, "aws:resourcetag/", &target.tags))
                .or_else(|| tagged(key, "iam:resourcetag/", &target.tags))
                .or_else(|| tagged(key, "aws:requesttag/", &target.request_tags))
                .or_else(|| {
                    target
                        .keys
                        .iter()
                        .find(|(name, _)| *name == key)
                        .and_then(|(_, value)| text(value))
                })
                .or_else(|| {
                    target
                        .multivalued_keys
                        .iter()
                        .find(|(name, _)| *name == key)
                        .map(|(_, values)| many(values))
                })
                .or_else(|| {
                    let (_, values) = target.claims.iter().find(|(name, _)| name == key)?;
                    match values.as_slice() {
                        [value] => text(value),
                        values => Some(many(values)),
                    }
                }),
        }
    }
}

fn age(now: Timestamp, at: Timestamp) -> u64 {
    now.since(at).as_secs()
}

fn text(value: &str) -> Option<ContextValue<'_>> {
    Some(ContextValue::One(Cow::Borrowed(value)))
}

fn one(value: String) -> Option<ContextValue<'static>> {
    Some(ContextValue::One(Cow::Owned(value)))
}

fn many(values: &[String]) -> ContextValue<'_> {
    ContextValue::Many(values.iter().map(|value| Cow::Borrowed(value.as_str())).collect())
}

fn boolean(value: bool) -> Option<ContextValue<'static>> {
    text(if value { "true" } else { "false" })
}

/// Whether `lower` is `name` in lower case, as the engine writes the keys that conditions ask for.
fn is_lower_case_of(lower: &str, name: &str) -> bool {
    if name.is_ascii() {
        lower.eq_ignore_ascii_case(name)
    } else {
        lower == name.to_lowercase()
    }
}

fn tagged<'a>(key: &str, prefix: &str, tags: &'a [(String, String)]) -> Option<ContextValue<'a>> {
    let wanted = key.strip_prefix(prefix)?;
    // Keys in conditions are compared in lower case, and of all letters, not only those of ASCII.
    let (_, value) = tags.iter().find(|(name, _)| is_lower_case_of(wanted, name))?;
    text(value)
}
