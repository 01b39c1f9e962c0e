//! `Principal` and `NotPrincipal`.

use std::collections::HashSet;

use super::action::quoted;
use super::code::Code;
use super::nearest::nearest;
use super::report::{Path, Remark};
use super::tree::{Member, Node, Value};
use super::{Checker, Severity};
use crate::principal::{is_account, is_service};
use crate::{PolicyType, Principal};

const KINDS: [&str; 4] = ["AWS", "Service", "Federated", "CanonicalUser"];

/// Identity providers that AWS knows by their domain. Source: IAM User Guide, "AWS JSON policy elements: Principal".
const WEB_PROVIDERS: [&str; 4] = [
    "cognito-identity.amazonaws.com",
    "www.amazon.com",
    "graph.facebook.com",
    "accounts.google.com",
];

impl<'t> Checker<'t> {
    pub(super) fn principals(&mut self, path: &Path<'_>, statement: &'t Node) {
        if !self.ty.names_principals() {
            return;
        }
        for key in ["Principal", "NotPrincipal"] {
            if let Some(element) = statement.get(key) {
                self.principal(&path.member(key), element);
            }
        }
        self.trust(path, statement);
        self.openness(path, statement);
    }

    fn principal(&mut self, path: &Path<'_>, element: &Node) {
        let remark = |code, message: String| Remark::new(code, path, element.range.clone(), message);
        match &element.value {
            Value::String(text) if text == "*" => {}
            Value::String(text) => {
                let message =
                    format!("`{text}` is no principal; write `*` or an object such as {{\"AWS\": …}}");
                let looks_right = text.parse::<Principal>().is_ok() || is_account(text);
                let kind = if text.ends_with(".amazonaws.com") {
                    "Service"
                } else {
                    "AWS"
                };
                let fix =
                    looks_right.then(|| (element.range.clone(), format!("{{\"{kind}\": {}}}", quoted(text))));
                self.add(remark(Code::InvalidPrincipalFormat, message).fix_if(fix));
            }
            Value::Object(members) if members.is_empty() => {
                self.add(remark(
                    Code::EmptyObjectPrincipal,
                    "an empty principal names nobody".to_owned(),
                ));
            }
            Value::Object(members) => members.iter().for_each(|member| self.kind(path, member)),
            _ => {
                let message = format!("a principal is `*` or an object, not {}", element.kind());
                self.add(remark(Code::DataTypeMismatch, message));
            }
        }
        if self.ty == PolicyType::ResourceControl && element.string() != Some("*") {
            let message = "the principal of a resource control policy is `*`";
            self.add(
                remark(Code::InvalidPrincipalFormat, message.to_owned())
                    .fix(element.range.clone(), quoted("*")),
            );
        }
    }

    fn kind(&mut self, path: &Path<'_>, member: &Member) {
        let kind = member.key.as_str();
        if !KINDS.contains(&kind) {
            let here = path.key(kind);
            let range = member.key_range.clone();
            self.add(match nearest(kind, KINDS) {
                Some(meant) => {
                    let message = format!("there is no kind of principals `{kind}`; did you mean `{meant}`?");
                    Remark::new(Code::InvalidPrincipalKey, &here, range.clone(), message)
                        .fix(range, quoted(meant))
                }
                None => {
                    let message = format!(
                        "there is no kind of principals `{kind}`; there are {}",
                        KINDS.join(", ")
                    );
                    Remark::new(Code::InvalidPrincipalKey, &here, range, message)
                }
            });
            return;
        }
        let path = path.member(kind);
        if member.value.is_array() && member.value.each().is_empty() {
            let message = "an empty list of principals names nobody";
            self.add(Remark::new(
                Code::EmptyArrayPrincipal,
                &path,
                member.value.range.clone(),
                message,
            ));
        }
        for (index, node) in member.value.each().iter().enumerate() {
            let here = path.index(index);
            let here = if member.value.is_array() { &here } else { &path };
            if let Some(text) = self.string(here, node, kind) {
                self.name(here, node, kind, text);
            }
        }
    }

    fn name(&mut self, path: &Path<'_>, node: &Node, kind: &str, text: &str) {
        let remark = |code, message: String| Remark::new(code, path, node.range.clone(), message);
        if text == "*" && kind == "AWS" {
            return;
        }
        if text.contains("${") {
            let message = "principals have no policy variables".to_owned();
            self.add(remark(Code::VariableUnsupportedInElement, message));
            return;
        }
        if text.contains(['*', '?']) {
            let message = format!("`{text}` is no pattern here: a principal is named whole, or is `*`");
            self.add(remark(Code::UnsupportedWildcardInPrincipal, message).suggest(
                "name the account, and say which of its principals in a condition on aws:PrincipalArn",
            ));
            return;
        }
        match kind {
            "AWS" => self.aws_principal(path, node, text),
            "Service" if is_service(text) => {}
            "Service" => {
                let message = format!("`{text}` is no service principal, such as `chime.amazonaws.com`");
                let lower = text.to_ascii_lowercase();
                let bare = self.catalogue.is_prefix(&lower);
                let fix = bare.then(|| (node.range.clone(), quoted(&format!("{lower}.amazonaws.com"))));
                self.add(remark(Code::InvalidServicePrincipalFormat, message).fix_if(fix));
            }
            "Federated" => {
                let provider = [":saml-provider/", ":oidc-provider/"]
                    .iter()
                    .any(|part| text.contains(part));
                if !(text.starts_with("arn:") && provider || WEB_PROVIDERS.contains(&text)) {
                    let message = format!(
                        "`{text}` is no identity provider: neither the ARN of one nor one that AWS knows"
                    );
                    self.add(remark(Code::InvalidPrincipalFormat, message));
                }
            }
            _ => {}
        }
    }

    fn aws_principal(&mut self, path: &Path<'_>, node: &Node, text: &str) {
        let remark = |code, message: String| Remark::new(code, path, node.range.clone(), message);
        let is_id = |prefix: &str| {
            text.len() > 15
                && text.starts_with(prefix)
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        if is_account(text)
            || text
                .parse::<Principal>()
                .is_ok_and(|principal| !matches!(principal, Principal::Service(_)))
        {
            return;
        }
        if is_id("AIDA") || is_id("AROA") {
            let (code, who) = if is_id("AIDA") {
                (Code::InvalidUserReference, "user")
            } else {
                (Code::InvalidRoleReference, "role")
            };
            let message = format!(
                "this is the unique identifier of a {who}; it stands here when that {who} was deleted"
            );
            self.add(remark(code, message).suggest(format!("write the ARN of the {who}")));
            return;
        }
        let message = if text.contains(":group/") {
            "a group cannot be a principal".to_owned()
        } else if text.ends_with(".amazonaws.com") {
            format!("`{text}` is a service and stands under `Service`")
        } else {
            format!("`{text}` is no account, and no ARN of an account, user, role or session")
        };
        self.add(remark(Code::InvalidPrincipalFormat, message));
    }

    /// Whether the actions of a trust policy go with its principals.
    fn trust(&mut self, path: &Path<'_>, statement: &Node) {
        let (PolicyType::Trust, Some(principal), Some(actions)) =
            (self.ty, statement.get("Principal"), statement.get("Action"))
        else {
            return;
        };
        let names = |kind: &str, part: &str| {
            principal.get(kind).is_some_and(|names| {
                names
                    .each()
                    .iter()
                    .filter_map(Node::string)
                    .any(|name| part.is_empty() || name.contains(part))
            })
        };
        let everyone = principal.string().is_some();
        let saml = names("Federated", ":saml-provider/");
        let web = names("Federated", "") && !saml;
        let direct = names("AWS", "") || names("Service", "") || everyone;
        let path = path.member("Action");
        for (index, node) in actions.each().iter().enumerate() {
            let Some(text) = node.string() else { continue };
            let (fits, who) = match text.to_ascii_lowercase().as_str() {
                "sts:assumerole" => (direct, "an AWS or Service principal"),
                "sts:assumerolewithsaml" => {
                    (saml || everyone, "a Federated principal that is a SAML provider")
                }
                "sts:assumerolewithwebidentity" => (
                    web || everyone,
                    "a Federated principal that is an OpenID Connect provider",
                ),
                _ => continue,
            };
            if fits {
                continue;
            }
            let meant = match (direct, saml, web) {
                (true, false, false) => Some("sts:AssumeRole"),
                (false, true, false) => Some("sts:AssumeRoleWithSAML"),
                (false, false, true) => Some("sts:AssumeRoleWithWebIdentity"),
                _ => None,
            };
            let here = path.index(index);
            let here = if actions.is_array() { &here } else { &path };
            let message = format!("{text} needs {who}, and the statement names none");
            let fix = meant.map(|meant| (node.range.clone(), quoted(meant)));
            self.add(
                Remark::new(
                    Code::MismatchedActionForPrincipal,
                    here,
                    node.range.clone(),
                    message,
                )
                .fix_if(fix),
            );
        }
    }

    /// Statements that let in more people than was probably meant.
    fn openness(&mut self, path: &Path<'_>, statement: &'t Node) {
        let allow = statement.get("Effect").and_then(Node::string) == Some("Allow");
        if let Some(member) = statement.member("NotPrincipal") {
            if allow {
                let message = "`Allow` with `NotPrincipal` lets in everybody else in the world, anonymous callers included";
                let here = path.key("NotPrincipal");
                self.add(Remark::new(
                    Code::AllowWithNotPrincipal,
                    &here,
                    member.key_range.clone(),
                    message,
                ));
            }
            self.exempt_roles(&path.member("NotPrincipal"), &member.value);
        }
        let Some(principal) = statement.get("Principal").filter(|_| allow) else {
            return;
        };
        let path = path.member("Principal");
        let keys: Vec<String> = condition_keys(statement);
        let everyone = |node: &Node| node.each().iter().any(|name| name.string() == Some("*"));
        let open = principal.string() == Some("*") || principal.get("AWS").is_some_and(everyone);
        if self.ty == PolicyType::Trust && open && keys.is_empty() {
            let message = "everybody in the world who has an AWS account may assume this role";
            self.add(Remark::new(
                Code::TrustOpenToEveryone,
                &path,
                principal.range.clone(),
                message,
            ));
        }
        if let Some(federated) = principal
            .get("Federated")
            .filter(|_| self.ty == PolicyType::Trust)
        {
            let limited = keys.iter().any(|key| {
                [":aud", ":sub", ":azp", ":amr", ":iss"]
                    .iter()
                    .any(|end| key.ends_with(end))
                    || key.starts_with("saml:")
            });
            if !limited {
                let message = "everybody whom the provider vouches for may assume this role";
                let remark = Remark::new(
                    Code::FederatedWithoutCondition,
                    &path.member("Federated"),
                    federated.range.clone(),
                    message,
                );
                self.add(remark.suggest("limit the audience and the subject in a condition"));
            }
        }
        if let Some(service) = principal
            .get("Service")
            .filter(|_| self.ty == PolicyType::Resource)
        {
            let source = [
                "aws:sourceaccount",
                "aws:sourcearn",
                "aws:sourceorgid",
                "aws:sourceorgpaths",
            ];
            if !keys.iter().any(|key| source.contains(&key.as_str())) {
                let message = "the service is let in whichever customer it acts for";
                let remark = Remark::new(
                    Code::RestrictAccessToServicePrincipal,
                    &path.member("Service"),
                    service.range.clone(),
                    message,
                );
                self.add(remark.suggest("add a condition on aws:SourceAccount or aws:SourceArn"));
            }
        }
    }

    /// Roles that are exempt without their sessions, which are the ones that call.
    fn exempt_roles(&mut self, path: &Path<'_>, element: &'t Node) {
        let Some(names) = element.get("AWS") else { return };
        let role_of_session = |node: &'t Node| {
            let (_, session) = node.string()?.split_once(":assumed-role/")?;
            session.split_once('/').map(|(role, _)| role)
        };
        let with_session: HashSet<&str> = names.each().iter().filter_map(role_of_session).collect();
        let path = path.member("AWS");
        for (index, node) in names.each().iter().enumerate() {
            let Some((_, role)) = node.string().and_then(|text| text.split_once(":role/")) else {
                continue;
            };
            let name = role.rsplit('/').next().unwrap_or(role);
            if !with_session.contains(name) {
                let message =
                    "an exempt role is exempt only together with its sessions: name `assumed-role/…/…` too";
                let here = path.index(index);
                let here = if names.is_array() { &here } else { &path };
                let remark = Remark::new(
                    Code::NotPrincipalWithoutSession,
                    here,
                    node.range.clone(),
                    message,
                );
                self.add(remark.severity(Severity::Warning));
            }
        }
    }
}

/// The condition keys of a statement, in lower case.
pub(super) fn condition_keys(statement: &Node) -> Vec<String> {
    let operators = statement
        .get("Condition")
        .and_then(Node::object)
        .unwrap_or_default();
    operators
        .iter()
        .flat_map(|operator| operator.value.object().unwrap_or_default())
        .map(|member| member.key.to_ascii_lowercase())
        .collect()
}
