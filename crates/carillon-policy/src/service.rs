//! Rules of particular services that no policy can express. A service without a line here follows the
//! general rules. Actions are in lower case.

use crate::resource::RequestResource;

/// Every authenticated caller may ask who it is, whatever any policy says.
pub(crate) const ALWAYS_ALLOWED: &str = "sts:getcalleridentity";

/// AWS's own managed policies cannot be changed by anyone.
pub(crate) const POLICY_CHANGES: [&str; 7] = [
    "iam:createpolicy",
    "iam:createpolicyversion",
    "iam:deletepolicy",
    "iam:deletepolicyversion",
    "iam:setdefaultpolicyversion",
    "iam:tagpolicy",
    "iam:untagpolicy",
];

/// Neither can the roles AWS keeps under its reserved path.
pub(crate) const ROLE_CHANGES: [&str; 16] = [
    "iam:attachrolepolicy",
    "iam:createrole",
    "iam:createservicelinkedrole",
    "iam:deleterole",
    "iam:deleterolepermissionsboundary",
    "iam:deleterolepolicy",
    "iam:deleteservicelinkedrole",
    "iam:detachrolepolicy",
    "iam:passrole",
    "iam:putrolepermissionsboundary",
    "iam:putrolepolicy",
    "iam:tagrole",
    "iam:untagrole",
    "iam:updateassumerolepolicy",
    "iam:updaterole",
    "iam:updateroledescription",
];

/// Nor the key aliases that AWS keeps for its services.
pub(crate) const ALIAS_CHANGES: [&str; 3] = ["kms:createalias", "kms:deletealias", "kms:updatealias"];

/// Whether there may be a rule for the action.
pub(crate) fn has_rules(action: &str) -> bool {
    ["iam:", "kms:", "sts:"]
        .iter()
        .any(|service| action.starts_with(service))
}

/// Whether the action on this resource is denied to everybody, though not by any statement.
pub(crate) fn is_out_of_reach(action: &str, resource: &RequestResource<'_>) -> bool {
    if !action.starts_with("iam:") && !action.starts_with("kms:") {
        return false;
    }
    let Some([_, _, service, _, account, name]) = resource.parts().copied() else {
        return false;
    };
    match service {
        "iam" if account == "aws" => name.starts_with("policy/") && POLICY_CHANGES.contains(&action),
        "iam" => name.starts_with("role/aws-reserved/") && ROLE_CHANGES.contains(&action),
        "kms" => name.starts_with("alias/aws/") && ALIAS_CHANGES.contains(&action),
        _ => false,
    }
}

/// Whether within one account an identity-based policy counts only together with a statement of the
/// resource's policy that allows the whole account: for role trust policies and for keys.
pub(crate) fn insists_on_account(
    action: &str,
    resource: &RequestResource<'_>,
    resource_policy: bool,
) -> bool {
    if action.starts_with("sts:") {
        return resource_policy;
    }
    action.starts_with("kms:") && is(resource, "kms", "key/")
}

/// Whether the policy of the resource is the trust policy of a role.
pub(crate) fn has_trust_policy(action: &str, resource: &RequestResource<'_>) -> bool {
    action.starts_with("sts:") && is(resource, "iam", "role/")
}

fn is(resource: &RequestResource<'_>, wanted: &str, start: &str) -> bool {
    resource
        .parts()
        .is_some_and(|[_, _, service, _, _, name]| *service == wanted && name.starts_with(start))
}
