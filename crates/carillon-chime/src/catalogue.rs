//! The names of actions that policies may write for this service.
//!
//! What is served says so in its declaration. Everything else that AWS names is in `known_actions.txt`, one a line:
//! the operations of AWS's public models of the Chime family, and the actions of its console.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use crate::CHIME;

/// What stands behind the name of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActionClass {
    /// An action of the published table, or of an operation that this server has.
    Served,
    /// AWS has it, and this server has no operation for it: a statement that names it grants nothing here today.
    Known,
    /// AWS has none of this name either.
    Unknown,
}

const KNOWN: &str = include_str!("known_actions.txt");

/// The classes by lower-case name, without the prefix.
static CLASSES: LazyLock<HashMap<String, ActionClass>> = LazyLock::new(|| {
    let known = KNOWN.lines().map(|name| (name, ActionClass::Known));
    let declared = declared().map(|(name, is_served)| {
        let class = if is_served {
            ActionClass::Served
        } else {
            ActionClass::Known
        };
        (name, class)
    });
    let mut classes = HashMap::new();
    for (name, class) in known.chain(declared) {
        // Two operations may ask for one action: it is served if either is.
        let known = classes.entry(name.to_ascii_lowercase()).or_insert(class);
        if class == ActionClass::Served {
            *known = class;
        }
    }
    classes
});

/// The names that operations declare, second spellings among them, with whether they are served.
fn declared() -> impl Iterator<Item = (&'static str, bool)> {
    CHIME
        .groups
        .iter()
        .flat_map(|group| group.operations)
        .flat_map(|operation| {
            let spec = operation.spec();
            let is_served = operation.is_built() || spec.in_table();
            std::iter::once(spec.action)
                .chain(spec.also.iter().copied())
                .map(move |action| (action.trim_start_matches("chime:"), is_served))
        })
}

/// What stands behind an action, given with or without the prefix `chime:`, in any case.
pub fn classify(action: &str) -> ActionClass {
    let name = match action.split_once(':') {
        Some((prefix, name)) if prefix.eq_ignore_ascii_case(CHIME.name) => name,
        Some(_) => return ActionClass::Unknown,
        None => action,
    };
    CLASSES
        .get(&name.to_ascii_lowercase())
        .copied()
        .unwrap_or(ActionClass::Unknown)
}

/// All names that are not unknown, as AWS spells them, without the prefix: for suggestions.
pub fn names() -> impl Iterator<Item = &'static str> {
    let mut seen = HashSet::new();
    KNOWN
        .lines()
        .chain(declared().map(|(name, _)| name))
        .filter(move |name| seen.insert(*name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_told_apart_whatever_their_case() {
        for (action, class) in [
            ("chime:CreateAccount", ActionClass::Served),
            ("CHIME:createaccount", ActionClass::Served),
            ("ResetPersonalPIN", ActionClass::Served),
            ("chime:RetrieveDataExport", ActionClass::Served),
            ("chime:RetrieveDataExports", ActionClass::Served),
            ("chime:ListMeetingsReportData", ActionClass::Served),
            ("chime:AcceptDelegate", ActionClass::Served),
            ("chime:UpdateUser", ActionClass::Served),
            ("chime:CreateRoom", ActionClass::Known),
            ("chime:GetAccountResource", ActionClass::Known),
            ("chime:ValidateDelegate", ActionClass::Served),
            ("chime:CreateMeeting", ActionClass::Known),
            ("chime:FlyToTheMoon", ActionClass::Unknown),
            ("iam:CreateUser", ActionClass::Unknown),
            ("chime:", ActionClass::Unknown),
            ("", ActionClass::Unknown),
        ] {
            assert_eq!(classify(action), class, "{action}");
        }
    }

    #[test]
    fn what_is_only_known_has_no_operation() {
        let declared: HashSet<String> = declared().map(|(name, _)| name.to_ascii_lowercase()).collect();
        let mut last = "";
        for name in KNOWN.lines() {
            assert!(
                !declared.contains(&name.to_ascii_lowercase()),
                "{name} has an operation"
            );
            assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{name}");
            assert!(last < name, "{name} is not in its place");
            last = name;
        }
    }

    #[test]
    fn the_founding_documents_time_is_covered() {
        // What AWS's reference named when the table was published, and the table does not.
        for name in [
            "CreateCDRBucket",
            "DeleteCDRBucket",
            "GetAccountResource",
            "ResetAccountResource",
            "UpdateAccountResource",
            "UpdateCDRSettings",
            "UpdateSupportedLicenses",
            "ValidateAccountResource",
        ] {
            assert_eq!(classify(name), ActionClass::Known, "{name}");
        }
        for name in [
            "GetUserSettings",
            "InviteDelegate",
            "RenewDelegate",
            "UpdateAccount",
            "UpdateUser",
            "UpdateUserSettings",
            "ValidateDelegate",
        ] {
            assert_eq!(classify(name), ActionClass::Served, "{name}");
        }
    }
}
