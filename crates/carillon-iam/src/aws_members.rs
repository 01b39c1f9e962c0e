//! Whether operations have the members that AWS's have.
//!
//! `aws_members.txt` lists them by operation: `>` for what is sent, with `*` where it must be, `<` for what is
//! answered. A member of a member stands behind a dot, one of a list's items behind `[]`.

use std::collections::{BTreeMap, BTreeSet};

use carillon_aws::shape::{Kind, Shape};
use carillon_operation::Service;

use crate::{ACCESS_ANALYZER, IAM, STS};

/// What AWS has and this server knows nothing of.
const UNKNOWN: &[&str] = &[
    // Of security keys whose maker vouches for them, which nobody asks here.
    "iam:GetMFADevice: missing < Certifications",
    // Of encrypted assertions, which are refused.
    "iam:GetSAMLProvider: missing < AssertionEncryptionMode",
    "iam:GetSAMLProvider: missing < PrivateKeyList",
    "iam:GetSAMLProvider: missing < PrivateKeyList[].KeyId",
    "iam:GetSAMLProvider: missing < PrivateKeyList[].Timestamp",
    // Reasons why a deletion failed, which here it does not.
    "iam:GetServiceLinkedRoleDeletionStatus: missing < Reason",
    "iam:GetServiceLinkedRoleDeletionStatus: missing < Reason.Reason",
    "iam:GetServiceLinkedRoleDeletionStatus: missing < Reason.RoleUsageList",
    "iam:GetServiceLinkedRoleDeletionStatus: missing < Reason.RoleUsageList[].Region",
    "iam:GetServiceLinkedRoleDeletionStatus: missing < Reason.RoleUsageList[].Resources",
    // Assertions of trusted token issuers, which belong to IAM Identity Center.
    "sts:AssumeRole: missing > ProvidedContexts",
    "sts:AssumeRole: missing > ProvidedContexts[].ContextAssertion",
    "sts:AssumeRole: missing > ProvidedContexts[].ProviderArn",
];

fn expected() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let mut operations = BTreeMap::new();
    let mut operation = "";
    for line in include_str!("aws_members.txt").lines() {
        match line.strip_prefix("  ") {
            None => operation = line,
            Some(member) => {
                operations
                    .entry(operation)
                    .or_insert_with(BTreeSet::new)
                    .insert(member);
            }
        }
        operations.entry(operation).or_default();
    }
    operations
}

fn flatten(shape: &Shape, prefix: &str, marks: bool, found: &mut BTreeSet<String>) {
    match &shape.node().kind {
        Kind::Structure(members) => {
            for member in members {
                let dot = if prefix.ends_with(' ') { "" } else { "." };
                let name = format!("{prefix}{dot}{}", member.name);
                let mark = if marks && member.required { "*" } else { "" };
                found.insert(format!("{name}{mark}"));
                flatten(&shape.at(member.shape), &name, marks, found);
            }
        }
        Kind::List(list) => flatten(&shape.at(list.member), &format!("{prefix}[]"), marks, found),
        _ => {}
    }
}

fn differences(service: &'static Service) -> Vec<String> {
    let expected = expected();
    let mut differences = Vec::new();
    for operation in service.groups.iter().flat_map(|group| group.operations) {
        let (input, output) = operation.shapes();
        let mut found = BTreeSet::new();
        flatten(&input, "> ", true, &mut found);
        flatten(&output, "< ", false, &mut found);
        let action = operation.spec().action;
        // What is called otherwise than its action is an operation of our own.
        if !action.ends_with(&format!(":{}", operation.spec().name())) {
            continue;
        }
        let Some(expected) = expected.get(action) else {
            differences.push(format!("{action}: not listed"));
            continue;
        };
        let missing = expected.iter().filter(|member| !found.contains(**member));
        differences.extend(missing.map(|member| format!("{action}: missing {member}")));
        let extra = found.iter().filter(|member| !expected.contains(member.as_str()));
        differences.extend(extra.map(|member| format!("{action}: extra {member}")));
    }
    differences.retain(|difference| !UNKNOWN.contains(&difference.as_str()));
    differences
}

#[test]
fn operations_have_the_members_that_aws_has() {
    let mut all = differences(&IAM);
    all.extend(differences(&STS));
    // Operations of our own have no counterpart; AWS's are all listed.
    all.extend(
        differences(&ACCESS_ANALYZER)
            .into_iter()
            .filter(|difference| !difference.ends_with(": not listed")),
    );
    assert!(all.is_empty(), "{all:#?}");
}
