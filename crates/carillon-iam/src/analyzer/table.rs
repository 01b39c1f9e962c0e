//! Effective permissions as a table.

use std::collections::BTreeMap;

use carillon_operation::AccessLevel;
use carillon_policy::analysis::{Can, Permission};
use serde::Serialize;

use super::known::KnownAction;

/// Actions of one service and access level that are allowed alike, by the same statements.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PermissionRow {
    pub service: String,
    /// None of actions that are not served here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_level: Option<&'static str>,
    /// Without the service.
    pub actions: Vec<String>,
    #[serde(flatten)]
    pub permission: Permission,
}

/// The rows of what somebody can do, in the order of the actions.
pub fn permission_rows(can: Vec<Can>, actions: &[KnownAction]) -> Vec<PermissionRow> {
    let levels: BTreeMap<&str, Option<AccessLevel>> = actions
        .iter()
        .map(|action| (action.name.as_str(), action.level))
        .collect();
    let mut rows: Vec<PermissionRow> = Vec::new();
    for Can { action, permission } in can {
        let (service, name) = action.split_once(':').unwrap_or(("", &action));
        let access_level = levels
            .get(action.as_str())
            .copied()
            .flatten()
            .map(AccessLevel::name);
        let same = rows.iter_mut().find(|row| {
            row.service == service && row.access_level == access_level && alike(&row.permission, &permission)
        });
        match same {
            Some(row) => row.actions.push(name.to_owned()),
            None => rows.push(PermissionRow {
                service: service.to_owned(),
                access_level,
                actions: vec![name.to_owned()],
                permission,
            }),
        }
    }
    rows
}

/// Examples differ at least by the action.
fn alike(left: &Permission, right: &Permission) -> bool {
    let told = |permission: &Permission| {
        let doubt = permission.doubt.clone();
        let reasons = (permission.allowed_by.clone(), permission.denied_by.clone());
        (permission.extent, reasons, permission.limited_by.clone(), doubt)
    };
    told(left) == told(right)
}
