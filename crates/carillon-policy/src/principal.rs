//! Callers, and how the principal element of a policy names them.

use std::borrow::Cow;
use std::str::FromStr;

use crate::resource;
use crate::syntax::{Node, Value};

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// The root of an AWS account.
    Root { account: String },
    /// An IAM user. `unique_id` (`AIDA…`) is what a stored trust policy names the user by.
    User {
        arn: String,
        account: String,
        unique_id: Option<String>,
    },
    /// A role itself; only simulations ask for one.
    Role {
        arn: String,
        account: String,
        unique_id: Option<String>,
    },
    /// A session of an assumed role. `arn` is the one of STS, `role_arn` the role's own, with its path;
    /// `role_id` (`AROA…`) is what a stored trust policy names the role by.
    RoleSession {
        arn: String,
        role_arn: String,
        account: String,
        role_id: Option<String>,
    },
    /// A session that an IAM user (`user_arn`) made for somebody else.
    Federated {
        arn: String,
        account: String,
        user_arn: Option<String>,
    },
    /// Somebody whom an identity provider outside vouches for, by the provider's ARN. It belongs to no AWS account
    /// and has no policies: only what names the provider, a trust policy, lets it in.
    WebIdentity { provider: String },
    /// An AWS service, such as `events.amazonaws.com`.
    Service(String),
    /// Nobody known: the request was not signed.
    Anonymous,
}

/// The text names no principal this engine knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the ARN of a user, role, role session, federated user or account root, nor a service")]
pub struct UnknownPrincipal(pub String);

impl FromStr for Principal {
    type Err = UnknownPrincipal;

    /// Reads the ARN of a user, role, role session, federated user or account root, or a service's name.
    ///
    /// An ARN of a session does not show everything: the role of a role session is taken to have no path, and
    /// a federated user to have been made by the user of the same name.
    fn from_str(text: &str) -> Result<Principal, UnknownPrincipal> {
        let unknown = || UnknownPrincipal(text.to_owned());
        if !text.starts_with("arn:") {
            let is_service = text.contains('.')
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-' || byte == b'_');
            return if is_service {
                Ok(Principal::Service(text.to_owned()))
            } else {
                Err(unknown())
            };
        }
        let [_, partition, service, region, account, rest] = resource::split(text).ok_or_else(unknown)?;
        if !region.is_empty() || !is_account(account) {
            return Err(unknown());
        }
        let (arn, account) = (text.to_owned(), account.to_owned());
        match (service, rest.split_once('/').unwrap_or((rest, ""))) {
            ("iam", ("root", "")) if rest == "root" => Ok(Principal::Root { account }),
            ("iam", ("user", name)) if !name.is_empty() => Ok(Principal::User {
                arn,
                account,
                unique_id: None,
            }),
            ("iam", ("role", name)) if !name.is_empty() => Ok(Principal::Role {
                arn,
                account,
                unique_id: None,
            }),
            ("sts", ("assumed-role", session)) => {
                let (role, name) = session.split_once('/').ok_or_else(unknown)?;
                if role.is_empty() || name.is_empty() {
                    return Err(unknown());
                }
                let role_arn = format!("arn:{partition}:iam::{account}:role/{role}");
                Ok(Principal::RoleSession {
                    arn,
                    role_arn,
                    account,
                    role_id: None,
                })
            }
            ("sts", ("federated-user", name)) if !name.is_empty() => {
                let user_arn = Some(format!("arn:{partition}:iam::{account}:user/{name}"));
                Ok(Principal::Federated {
                    arn,
                    account,
                    user_arn,
                })
            }
            _ => Err(unknown()),
        }
    }
}

impl Principal {
    /// The AWS account the caller belongs to; none for web identities, services and anonymous callers.
    pub fn account(&self) -> Option<&str> {
        match self {
            Principal::Root { account }
            | Principal::User { account, .. }
            | Principal::Role { account, .. }
            | Principal::RoleSession { account, .. }
            | Principal::Federated { account, .. } => Some(account),
            Principal::WebIdentity { .. } | Principal::Service(_) | Principal::Anonymous => None,
        }
    }

    /// Whether policies can be attached to the caller: it is a user, a role, or a session of either.
    pub(crate) fn is_entity(&self) -> bool {
        self.account().is_some() && !matches!(self, Principal::Root { .. })
    }

    /// The ARN that messages name the caller by, or the name of a service. Nothing for anonymous callers.
    pub fn arn(&self) -> Option<Cow<'_, str>> {
        match self {
            Principal::Root { account } => Some(Cow::Owned(format!("arn:aws:iam::{account}:root"))),
            Principal::User { arn, .. }
            | Principal::Role { arn, .. }
            | Principal::RoleSession { arn, .. }
            | Principal::Federated { arn, .. } => Some(Cow::Borrowed(arn)),
            Principal::WebIdentity { provider: name } | Principal::Service(name) => Some(Cow::Borrowed(name)),
            Principal::Anonymous => None,
        }
    }

    /// Roles that AWS services use on their own behalf, which no service control policy reaches.
    pub(crate) fn is_service_linked_role(&self) -> bool {
        let arn = match self {
            Principal::Role { arn, .. } => arn,
            Principal::RoleSession { role_arn, .. } => role_arn,
            _ => return false,
        };
        resource::split(arn).is_some_and(|[.., role]| role.starts_with("role/aws-service-role/"))
    }
}

/// The kinds of names a principal element has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrincipalType {
    /// An account, user, role, session or unique id.
    Aws,
    Service,
    Federated,
    CanonicalUser,
}

impl PrincipalType {
    fn read(key: &str) -> Option<PrincipalType> {
        match key {
            "AWS" => Some(PrincipalType::Aws),
            "Service" => Some(PrincipalType::Service),
            "Federated" => Some(PrincipalType::Federated),
            "CanonicalUser" => Some(PrincipalType::CanonicalUser),
            _ => None,
        }
    }
}

/// One name in a `Principal` or `NotPrincipal` element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedPrincipal {
    /// The key it stands under.
    pub kind: PrincipalType,
    /// As written in the document.
    pub text: Box<str>,
    form: Form,
}

/// What a name means, found once.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    Everyone,
    Account(Box<str>),
    Role,
    RoleSession,
    /// Compared as it is: users, federated users, unique ids.
    Exact,
    Service,
    /// An identity provider.
    Provider,
    /// Names nobody this engine can meet.
    Nobody,
}

/// How strongly a resource policy names the caller, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Way {
    Account,
    User,
    Role,
    Wild,
    Direct,
}

impl Way {
    /// Whether an allow that names the caller in this way counts. Who trusts everybody means those whom AWS knows,
    /// not all whom an identity provider vouches for. Our choice, the narrower one: AWS does not say.
    pub fn lets_in(self, caller: &Principal) -> bool {
        self != Way::Wild || !matches!(caller, Principal::WebIdentity { .. })
    }
}

impl NamedPrincipal {
    fn new(kind: PrincipalType, text: &str) -> NamedPrincipal {
        let form = match kind {
            PrincipalType::Service => Form::Service,
            PrincipalType::Federated => Form::Provider,
            PrincipalType::CanonicalUser => Form::Nobody,
            PrincipalType::Aws if text == "*" => Form::Everyone,
            PrincipalType::Aws if is_account(text) => Form::Account(text.into()),
            PrincipalType::Aws => match resource::split(text) {
                Some(["arn", _, "iam", "", account, "root"]) if is_account(account) => {
                    Form::Account(account.into())
                }
                Some(["arn", _, "iam", "", _, rest]) if rest.starts_with("role/") => Form::Role,
                Some(["arn", _, "sts", "", _, rest]) if rest.starts_with("assumed-role/") => {
                    Form::RoleSession
                }
                _ => Form::Exact,
            },
        };
        NamedPrincipal {
            kind,
            text: text.into(),
            form,
        }
    }

    /// Whether this is somebody of AWS's kind that is a pattern or no known form at all.
    pub(crate) fn is_malformed(&self) -> bool {
        match self.form {
            Form::Everyone | Form::Account(_) => false,
            Form::Service => !is_service(&self.text),
            Form::Provider | Form::Nobody => self.text.is_empty() || self.text.contains(['*', '?']),
            Form::Role | Form::RoleSession | Form::Exact => {
                self.text.contains(['*', '?'])
                    || !(is_unique_id(&self.text) || self.text.parse::<Principal>().is_ok())
            }
        }
    }

    fn way(&self, caller: &Principal) -> Option<Way> {
        let text = &*self.text;
        match (&self.form, caller) {
            (Form::Everyone, _) => Some(Way::Wild),
            (Form::Nobody, _) => None,
            (Form::Service, Principal::Service(name)) => (text == name).then_some(Way::Direct),
            (Form::Provider, Principal::WebIdentity { provider }) => {
                (text == provider).then_some(Way::Direct)
            }
            (Form::Service | Form::Provider, _) => None,
            (Form::Account(account), caller) => (caller.account() == Some(account)).then_some(Way::Account),
            (Form::Exact, Principal::User { arn, unique_id, .. }) => {
                (text == arn || Some(text) == unique_id.as_deref()).then_some(Way::Direct)
            }
            (Form::Exact, Principal::Federated { arn, user_arn, .. }) => {
                if text == arn {
                    Some(Way::Direct)
                } else {
                    (Some(text) == user_arn.as_deref()).then_some(Way::User)
                }
            }
            (
                Form::Exact,
                Principal::RoleSession { role_id: id, .. } | Principal::Role { unique_id: id, .. },
            ) => (Some(text) == id.as_deref()).then_some(Way::Role),
            (Form::Role, Principal::RoleSession { role_arn: arn, .. } | Principal::Role { arn, .. }) => {
                same_role(text, arn).then_some(Way::Role)
            }
            (Form::RoleSession, Principal::RoleSession { arn, .. }) => {
                same_session(text, arn).then_some(Way::Direct)
            }
            (Form::Exact | Form::Role | Form::RoleSession, _) => None,
        }
    }
}

/// The principal element of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PrincipalElement {
    /// Neither key, or one of the wrong shape: names nobody.
    Absent,
    Principal(Vec<NamedPrincipal>),
    NotPrincipal(Vec<NamedPrincipal>),
}

impl PrincipalElement {
    /// Reads the value of `Principal` or `NotPrincipal`; `None` if it has the wrong shape. Names that are no
    /// text are left out.
    pub fn names(node: &Node) -> Option<Vec<NamedPrincipal>> {
        match &node.value {
            Value::String(text) if text == "*" => Some(vec![NamedPrincipal::new(PrincipalType::Aws, text)]),
            Value::Object(members) => {
                let mut names = Vec::new();
                for (key, values) in members {
                    let Some(kind) = PrincipalType::read(key) else {
                        continue;
                    };
                    names.extend(
                        values
                            .each()
                            .iter()
                            .filter_map(Node::string)
                            .map(|text| NamedPrincipal::new(kind, text)),
                    );
                }
                Some(names)
            }
            _ => None,
        }
    }

    /// How many names it has.
    pub fn weight(&self) -> usize {
        match self {
            PrincipalElement::Absent => 0,
            PrincipalElement::Principal(names) | PrincipalElement::NotPrincipal(names) => names.len(),
        }
    }

    /// The strongest way in which the element names the caller. `always_hit`: whether a `NotPrincipal`
    /// applies to this caller whoever it lists.
    pub fn way(&self, caller: &Principal, always_hit: bool) -> Option<Way> {
        match self {
            PrincipalElement::Absent => None,
            PrincipalElement::Principal(names) => names.iter().filter_map(|name| name.way(caller)).max(),
            PrincipalElement::NotPrincipal(names) => {
                let listed = names.iter().any(|name| name.way(caller).is_some());
                // Whoever is not listed is meant as anybody is.
                (always_hit || !listed).then_some(Way::Wild)
            }
        }
    }
}

/// Twelve digits.
pub(crate) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The name of an AWS service as a principal: `events.amazonaws.com`, with a Region in it or that of China at the end.
pub(crate) fn is_service(text: &str) -> bool {
    let name = text.strip_suffix(".cn").unwrap_or(text);
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
    name.strip_suffix(".amazonaws.com")
        .is_some_and(|name| !name.is_empty() && name.bytes().all(plain))
}

fn is_unique_id(text: &str) -> bool {
    (text.starts_with("AIDA") || text.starts_with("AROA"))
        && text.len() >= 16
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Roles are compared by account and name: sessions do not show the path, and names ignore case.
fn same_role(left: &str, right: &str) -> bool {
    match (resource::split(left), resource::split(right)) {
        (Some([_, left_partition, _, _, left_account, left]), Some([_, partition, _, _, account, right])) => {
            left_partition == partition
                && left_account == account
                && match (left.rsplit_once('/'), right.rsplit_once('/')) {
                    (Some((_, left)), Some((_, right))) => {
                        !left.is_empty() && left.eq_ignore_ascii_case(right)
                    }
                    _ => false,
                }
        }
        _ => false,
    }
}

/// As [`same_role`] for the role; the session's own name keeps its case.
fn same_session(left: &str, right: &str) -> bool {
    match (resource::split(left), resource::split(right)) {
        (Some([_, left_partition, _, _, left_account, left]), Some([_, partition, _, _, account, right])) => {
            match (left.rsplit_once('/'), right.rsplit_once('/')) {
                (Some((left_role, left_name)), Some((role, name))) => {
                    left_partition == partition
                        && left_account == account
                        && left_role.eq_ignore_ascii_case(role)
                        && left_name == name
                }
                _ => false,
            }
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_are_read_from_their_arns() {
        let account = || "111122223333".to_owned();
        for (text, expected) in [
            (
                "arn:aws:iam::111122223333:root",
                Principal::Root { account: account() },
            ),
            (
                "arn:aws:iam::111122223333:user/ops/ben",
                Principal::User {
                    arn: "arn:aws:iam::111122223333:user/ops/ben".into(),
                    account: account(),
                    unique_id: None,
                },
            ),
            (
                "arn:aws:iam::111122223333:role/x",
                Principal::Role {
                    arn: "arn:aws:iam::111122223333:role/x".into(),
                    account: account(),
                    unique_id: None,
                },
            ),
            (
                "arn:aws-cn:sts::111122223333:assumed-role/Desk/a@b",
                Principal::RoleSession {
                    arn: "arn:aws-cn:sts::111122223333:assumed-role/Desk/a@b".into(),
                    role_arn: "arn:aws-cn:iam::111122223333:role/Desk".into(),
                    account: account(),
                    role_id: None,
                },
            ),
            (
                "arn:aws:sts::111122223333:federated-user/ana",
                Principal::Federated {
                    arn: "arn:aws:sts::111122223333:federated-user/ana".into(),
                    account: account(),
                    user_arn: Some("arn:aws:iam::111122223333:user/ana".into()),
                },
            ),
            (
                "events.amazonaws.com",
                Principal::Service("events.amazonaws.com".into()),
            ),
        ] {
            let principal: Principal = text.parse().unwrap();
            assert_eq!(principal, expected);
            assert_eq!(principal.arn().unwrap(), text);
        }
        for text in [
            "",
            "*",
            "ana",
            "111122223333",
            "arn:aws:iam::111122223333",
            "arn:aws:iam::1:user/ana",
            "arn:aws:iam::111122223333:user/",
            "arn:aws:iam::111122223333:root/x",
            "arn:aws:iam::111122223333:group/x",
            "arn:aws:sts::111122223333:assumed-role/x",
            "arn:aws:sts::111122223333:assumed-role//x",
            "arn:aws:iam:eu-west-1:111122223333:user/ana",
            "a b.com",
        ] {
            assert_eq!(text.parse::<Principal>(), Err(UnknownPrincipal(text.to_owned())));
        }
    }

    #[test]
    fn roles_are_named_by_account_and_name() {
        for (left, right, expected) in [
            ("arn:aws:iam::1:role/a/Desk", "arn:aws:iam::1:role/desk", true),
            ("arn:aws:iam::1:role/Desk", "arn:aws:iam::2:role/Desk", false),
            ("arn:aws:iam::1:role/Desk", "arn:aws-cn:iam::1:role/Desk", false),
            ("arn:aws:iam::1:role/Desk", "arn:aws:iam::1:role/Desks", false),
            ("arn:aws:iam::1:role/", "arn:aws:iam::1:role/", false),
        ] {
            assert_eq!(same_role(left, right), expected, "{left} {right}");
        }
        assert!(same_session(
            "arn:aws:sts::1:assumed-role/desk/x",
            "arn:aws:sts::1:assumed-role/Desk/x"
        ));
        assert!(!same_session(
            "arn:aws:sts::1:assumed-role/Desk/X",
            "arn:aws:sts::1:assumed-role/Desk/x"
        ));
    }
}
