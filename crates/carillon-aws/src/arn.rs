//! Amazon resource names: building the ones this service hands out, and taking apart the ones it is given.
//!
//! Only the partition `aws` is built. Matching with wildcards is the policy engine's.

use crate::id::AwsAccountId;

/// The longest name that is taken apart. Source: IAM API Reference, `arnType`.
pub const MAX_LENGTH: usize = 2048;

/// The parts of `arn:partition:service:region:account:resource`, borrowed from the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Arn<'a> {
    pub partition: &'a str,
    pub service: &'a str,
    /// Empty for services without regions, such as IAM.
    pub region: &'a str,
    /// Twelve digits, `aws`, or empty.
    pub account: &'a str,
    /// All the rest, colons included.
    pub resource: &'a str,
}

/// The text is not a resource name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an ARN must have the form arn:partition:service:region:account:resource")]
pub struct ArnError;

impl<'a> Arn<'a> {
    /// Takes a name apart.
    ///
    /// # Errors
    /// When a part is missing, partition, service or resource is empty, a control character occurs, or the text is
    /// longer than [`MAX_LENGTH`].
    pub fn parse(text: &'a str) -> Result<Self, ArnError> {
        if text.len() > MAX_LENGTH || text.chars().any(char::is_control) {
            return Err(ArnError);
        }
        let rest = text.strip_prefix("arn:").ok_or(ArnError)?;
        let (partition, rest) = rest.split_once(':').ok_or(ArnError)?;
        let (service, rest) = rest.split_once(':').ok_or(ArnError)?;
        let (region, rest) = rest.split_once(':').ok_or(ArnError)?;
        let (account, resource) = rest.split_once(':').ok_or(ArnError)?;
        if partition.is_empty() || service.is_empty() || resource.is_empty() {
            return Err(ArnError);
        }
        Ok(Self {
            partition,
            service,
            region,
            account,
            resource,
        })
    }

    /// The account, when the name has one of 12 digits.
    pub fn account_id(&self) -> Option<AwsAccountId> {
        self.account.parse().ok()
    }

    /// The entity, if this is the name of a user, group, role, policy, instance profile, MFA device or server certificate
    /// of IAM.
    pub fn iam_entity(&self) -> Option<IamEntity<'a>> {
        if self.service != "iam" || !self.region.is_empty() {
            return None;
        }
        let (kind, rest) = self.resource.split_once('/')?;
        let kind = IamKind::ALL
            .into_iter()
            .find(|candidate| candidate.as_str() == kind)?;
        // The path includes the slashes at both of its ends, so it begins with the one just split at.
        let path_start = kind.as_str().len();
        let name_start = path_start + 1 + rest.rfind('/').map_or(0, |slash| slash + 1);
        let (path, name) = (
            self.resource.get(path_start..name_start)?,
            self.resource.get(name_start..)?,
        );
        (!name.is_empty()).then_some(IamEntity { kind, path, name })
    }

    /// Role name and session name, if this is the name of an assumed role's session.
    pub fn assumed_role(&self) -> Option<(&'a str, &'a str)> {
        let rest = self
            .resource
            .strip_prefix("assumed-role/")
            .filter(|_| self.service == "sts")?;
        rest.split_once('/')
            .filter(|(role, session)| !role.is_empty() && !session.is_empty())
    }

    /// Whether this names the account's root user.
    pub fn is_root(&self) -> bool {
        self.service == "iam" && self.resource == "root" && self.account_id().is_some()
    }
}

/// The entities of IAM whose names have a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IamKind {
    User,
    Group,
    Role,
    Policy,
    InstanceProfile,
    MfaDevice,
    ServerCertificate,
}

impl IamKind {
    const ALL: [Self; 7] = [
        Self::User,
        Self::Group,
        Self::Role,
        Self::Policy,
        Self::InstanceProfile,
        Self::MfaDevice,
        Self::ServerCertificate,
    ];

    /// The word in the resource name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
            Self::Role => "role",
            Self::Policy => "policy",
            Self::InstanceProfile => "instance-profile",
            Self::MfaDevice => "mfa",
            Self::ServerCertificate => "server-certificate",
        }
    }
}

/// An entity of IAM as its resource name says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct IamEntity<'a> {
    pub kind: IamKind,
    /// With a slash at both ends; `/` if there is no other path.
    pub path: &'a str,
    pub name: &'a str,
}

/// `arn:aws:iam::<account>:<kind><path><name>`; `path` begins and ends with a slash.
pub fn iam(kind: IamKind, account: AwsAccountId, path: &str, name: &str) -> String {
    join(&["arn:aws:iam::", account.as_str(), ":", kind.as_str(), path, name])
}

/// The name of a user, like `arn:aws:iam::123456789012:user/division/Ada`.
pub fn user(account: AwsAccountId, path: &str, name: &str) -> String {
    iam(IamKind::User, account, path, name)
}

/// The name of a group.
pub fn group(account: AwsAccountId, path: &str, name: &str) -> String {
    iam(IamKind::Group, account, path, name)
}

/// The name of a role.
pub fn role(account: AwsAccountId, path: &str, name: &str) -> String {
    iam(IamKind::Role, account, path, name)
}

/// The name of a policy an account made.
pub fn policy(account: AwsAccountId, path: &str, name: &str) -> String {
    iam(IamKind::Policy, account, path, name)
}

/// The name of a policy AWS manages, like `arn:aws:iam::aws:policy/AmazonChimeReadOnly`.
pub fn aws_managed_policy(path: &str, name: &str) -> String {
    join(&["arn:aws:iam::aws:policy", path, name])
}

/// The name of an account's root user, `arn:aws:iam::123456789012:root`.
pub fn root(account: AwsAccountId) -> String {
    join(&["arn:aws:iam::", account.as_str(), ":root"])
}

/// The name of a role's session; the path of the role does not appear.
pub fn assumed_role(account: AwsAccountId, role_name: &str, session_name: &str) -> String {
    join(&[
        "arn:aws:sts::",
        account.as_str(),
        ":assumed-role/",
        role_name,
        "/",
        session_name,
    ])
}

/// The name of a federated user's session.
pub fn federated_user(account: AwsAccountId, name: &str) -> String {
    join(&["arn:aws:sts::", account.as_str(), ":federated-user/", name])
}

fn join(parts: &[&str]) -> String {
    parts.concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn account() -> AwsAccountId {
        "123456789012".parse().unwrap()
    }

    #[test]
    fn names_are_built() {
        assert_eq!(user(account(), "/", "Ada"), "arn:aws:iam::123456789012:user/Ada");
        assert_eq!(
            role(account(), "/ops/eu/", "Pager"),
            "arn:aws:iam::123456789012:role/ops/eu/Pager"
        );
        assert_eq!(
            group(account(), "/", "Ops"),
            "arn:aws:iam::123456789012:group/Ops"
        );
        assert_eq!(policy(account(), "/", "P"), "arn:aws:iam::123456789012:policy/P");
        assert_eq!(
            aws_managed_policy("/", "ReadOnlyAccess"),
            "arn:aws:iam::aws:policy/ReadOnlyAccess"
        );
        assert_eq!(root(account()), "arn:aws:iam::123456789012:root");
        assert_eq!(
            assumed_role(account(), "Pager", "ada"),
            "arn:aws:sts::123456789012:assumed-role/Pager/ada"
        );
        assert_eq!(
            federated_user(account(), "ada"),
            "arn:aws:sts::123456789012:federated-user/ada"
        );
    }

    #[test]
    fn names_are_taken_apart() {
        let text = user(account(), "/division/", "Ada");
        let arn = Arn::parse(&text).unwrap();
        assert_eq!((arn.partition, arn.service, arn.region), ("aws", "iam", ""));
        assert_eq!(arn.account_id(), Some(account()));
        assert_eq!(
            arn.iam_entity(),
            Some(IamEntity {
                kind: IamKind::User,
                path: "/division/",
                name: "Ada"
            })
        );

        let queue = Arn::parse("arn:aws:sqs:eu-west-1:123456789012:a:b/c").unwrap();
        assert_eq!(
            (queue.region, queue.resource, queue.iam_entity()),
            ("eu-west-1", "a:b/c", None)
        );

        let session = assumed_role(account(), "Pager", "ada");
        assert_eq!(
            Arn::parse(&session).unwrap().assumed_role(),
            Some(("Pager", "ada"))
        );
        assert!(Arn::parse(&root(account())).unwrap().is_root());
        let managed = Arn::parse("arn:aws:iam::aws:policy/job-function/Billing").unwrap();
        assert_eq!(managed.account_id(), None);
        assert_eq!(
            managed.iam_entity().map(|entity| entity.path),
            Some("/job-function/")
        );
    }

    #[test]
    fn what_is_not_a_name_is_refused() {
        let long = format!("arn:aws:iam::123456789012:user/{}", "a".repeat(MAX_LENGTH));
        for text in [
            "",
            "arn",
            "arn:aws:iam::123456789012",
            "arn:aws:iam::123456789012:",
            "arn::iam:::x",
            "urn:aws:iam::1:user/a",
            "arn:aws:iam::123456789012:user/a\n",
            &long,
        ] {
            assert_eq!(Arn::parse(text), Err(ArnError), "{text}");
        }
        assert_eq!(
            Arn::parse("arn:aws:iam::123456789012:user/")
                .unwrap()
                .iam_entity(),
            None
        );
        assert_eq!(
            Arn::parse("arn:aws:iam::123456789012:users/a")
                .unwrap()
                .iam_entity(),
            None
        );
    }

    proptest! {
        #[test]
        fn what_is_built_is_taken_apart(path in "/([!-.0-~]{1,8}/){0,3}", name in "[\\w+=,.@-]{1,64}") {
            let text = role("123456789012".parse().unwrap(), &path, &name);
            let entity = Arn::parse(&text).unwrap().iam_entity().unwrap();
            prop_assert_eq!((entity.kind, entity.path, entity.name), (IamKind::Role, path.as_str(), name.as_str()));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "arn:\\PC{0,60}") {
            if let Ok(arn) = Arn::parse(&text) {
                let _ = (arn.iam_entity(), arn.assumed_role(), arn.is_root());
            }
        }
    }
}
