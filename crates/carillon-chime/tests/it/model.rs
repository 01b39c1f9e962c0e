//! What the operations say of themselves agrees with what AWS published.

use carillon_aws::model::{Metadata, Operation, ServiceModel, drift};
use carillon_chime::CHIME;
use carillon_operation::{ManagedPolicy, Registry, Wire};
use serde_json::Value;

const FACTS: &str = include_str!("../../model/planned.json");

/// Where we differ, and mean it.
const MEANT: &[&str] = &[
    // The guides say that an empty list is refused; the model leaves the bound out.
    "BatchSuspendUser input.UserIdList: min is 1, AWS has null",
    "BatchUnsuspendUser input.UserIdList: min is 1, AWS has null",
    "BatchUpdateUser input.UpdateUserRequestItems: min is 1, AWS has null",
    "InviteUsers input.UserEmailList: min is 1, AWS has null",
    // Shows deleted accounts that the operator can still restore.
    "ListAccounts input.IncludeDisabled: AWS has no such member",
    // Opens a person's meetings, and need not be read by everybody who reads the trail.
    "PersonalPIN: sensitive is true, AWS has null",
    // A state of AWS's guide that its model forgot.
    "UserRegistrationStatus: enum is [\"Registered\",\"Released\",\"Suspended\",\"Unregistered\"], AWS has \
     [\"Registered\",\"Suspended\",\"Unregistered\"]",
];

#[test]
fn the_shapes_are_those_of_awss_model() {
    let facts: Value = serde_json::from_str(FACTS).unwrap();
    let registry = Registry::new(&[&CHIME]);
    let mut model = ServiceModel::new(Metadata::chime());
    let built: Vec<_> = registry.services()[0]
        .entries
        .iter()
        .filter(|entry| entry.operation.is_built())
        .collect();
    for entry in &built {
        let Wire::Rest(binding) = entry.spec.wire else {
            panic!("{} has no address", entry.name)
        };
        model.add(&Operation {
            name: entry.name,
            doc: "",
            binding,
            status: entry.spec.status,
            input: entry.input(),
            output: entry.output(),
            errors: &[],
        });
    }
    let ours = model.finish().service;
    let differences: Vec<String> = built
        .iter()
        .flat_map(|entry| drift(&ours, &facts, entry.name))
        .filter(|line| !MEANT.iter().any(|meant| line.ends_with(meant)))
        .collect();
    assert!(differences.is_empty(), "{differences:#?}");
    assert_eq!(
        built.len(),
        46,
        "5 accounts, 14 users, 5 reports, 4 domains, 2 attachments, 1 support, 3 delegation, 12 neighbours"
    );
}

#[test]
fn what_the_model_names_is_what_is_routed() {
    use std::collections::BTreeSet;
    let facts: Value = serde_json::from_str(FACTS).unwrap();
    let registry = Registry::new(&[&CHIME]);
    let ours: BTreeSet<&str> = registry.services()[0]
        .entries
        .iter()
        .map(|entry| entry.name)
        .collect();
    let names = |value: &'static str| facts[value].as_object().unwrap().iter().collect::<Vec<_>>();
    let model: BTreeSet<&str> = names("operations")
        .into_iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(ours, model);
    let grouped: BTreeSet<&str> = names("groups")
        .into_iter()
        .flat_map(|(_, group)| group.as_array().unwrap())
        .filter_map(Value::as_str)
        .collect();
    assert_eq!(grouped, model);
}

#[test]
fn what_is_planned_stands_where_aws_has_it() {
    let facts: Value = serde_json::from_str(FACTS).unwrap();
    let registry = Registry::new(&[&CHIME]);
    let mut public = 0;
    for entry in registry.services()[0].entries.iter() {
        let Wire::Rest(binding) = entry.spec.wire else {
            panic!("{} has no address", entry.name)
        };
        let fact = &facts["operations"][entry.name]["http"];
        let shape = |uri: &str| {
            let mut labels = 0;
            uri.split('/')
                .map(|part| {
                    let (label, query) = part.split_once('?').unwrap_or((part, ""));
                    if label.starts_with('{') {
                        labels += 1;
                        return if query.is_empty() {
                            "{}".to_owned()
                        } else {
                            format!("{{}}?{query}")
                        };
                    }
                    part.to_owned()
                })
                .collect::<Vec<_>>()
                .join("/")
        };
        let fixed: Vec<String> = binding
            .query()
            .filter_map(|member| match member {
                carillon_aws::binding::QueryMember::Fixed { name, value } => Some(format!("{name}={value}")),
                carillon_aws::binding::QueryMember::Bound { .. } => None,
            })
            .collect();
        let mut uri = binding.path().to_owned();
        if !fixed.is_empty() {
            uri = format!("{uri}?{}", fixed.join("&"));
        }
        assert_eq!(binding.method(), fact["method"], "{}", entry.name);
        assert_eq!(
            shape(&uri),
            shape(fact["requestUri"].as_str().unwrap()),
            "{}",
            entry.name
        );
        let groups = &facts["groups"]["chime"];
        public += usize::from(groups.as_array().unwrap().iter().any(|name| name == entry.name));
    }
    assert_eq!(public, 62, "every operation of AWS's public model is known");
}

#[test]
fn the_managed_policies_grow_in_version_two_only() {
    let registry = Registry::new(&[&CHIME]);
    let actions = |policy: ManagedPolicy| -> Vec<Vec<String>> {
        registry
            .managed_policy_documents(policy)
            .iter()
            .map(|document| {
                let document: Value = serde_json::from_str(document).unwrap();
                serde_json::from_value(document["Statement"][0]["Action"].clone()).unwrap()
            })
            .collect()
    };
    for (policy, first, added) in [
        (ManagedPolicy::FullAccess, 84, 11),
        (ManagedPolicy::UserManagement, 31, 6),
        (ManagedPolicy::ReadOnly, 27, 1),
    ] {
        let versions = actions(policy);
        assert_eq!(versions.len(), 2, "{policy:?}");
        assert_eq!(
            (versions[0].len(), versions[1].len()),
            (first, first + added),
            "{policy:?}"
        );
        assert!(versions[0].iter().all(|action| versions[1].contains(action)));
    }
}

#[test]
fn policies_may_name_what_aws_has_and_this_server_has_not() {
    let registry = Registry::new(&[&CHIME]);
    let chime = registry.catalogue().service("chime").unwrap();
    let is_served = |name: &str| chime.action(name).map(|action| action.served);
    for name in [
        "createaccount",
        "AcceptDelegate",
        "ListMeetingsReportData",
        "ResetPersonalPIN",
        "RetrieveDataExport",
        "RetrieveDataExports",
        "ValidateDelegate",
    ] {
        assert_eq!(is_served(name), Some(true), "{name}");
    }
    // The last two are what AWS's reference named when the table was published, and the table does not.
    for name in [
        "CreateMeeting",
        "CreateRoom",
        "GetAccountResource",
        "UpdateCDRSettings",
    ] {
        assert_eq!(is_served(name), Some(false), "{name}");
    }
    assert_eq!(is_served("FlyToTheMoon"), None);
}

#[test]
fn what_is_only_known_has_no_operation() {
    let registry = Registry::new(&[&CHIME]);
    let entries = &registry.services()[0].entries;
    let names: Vec<&str> = CHIME.terms.known_actions.lines().collect();
    assert!(names.is_sorted(), "each name has its place");
    for name in names {
        assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{name}");
        let action = format!("chime:{name}");
        let is_declared = entries
            .iter()
            .flat_map(|entry| &entry.spellings)
            .any(|spelling| spelling.eq_ignore_ascii_case(&action));
        assert!(!is_declared, "{name} has an operation");
    }
}
