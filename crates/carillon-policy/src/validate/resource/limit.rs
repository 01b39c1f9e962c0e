//! Whether the resources of a statement limit its actions at all.

use super::super::catalogue::Resources;
use super::super::code::Code;
use super::super::glob::overlap;
use super::super::report::{Path, Remark};
use super::super::tree::Node;
use super::super::{Checker, Severity};
use super::Parts;

impl Checker<'_> {
    /// Actions that the resources of the statement do not limit, so that it does something else than it seems to.
    pub(super) fn not_limited(&mut self, path: &Path<'_>, statement: &Node) {
        let (Some(actions), Some(key)) = (
            statement.get("Action"),
            ["Resource", "NotResource"]
                .into_iter()
                .find(|key| statement.get(key).is_some()),
        ) else {
            return;
        };
        let Some(resources) = statement.get(key) else {
            return;
        };
        let patterns: Vec<&str> = resources.each().iter().filter_map(Node::string).collect();
        if patterns.is_empty() || patterns.contains(&"*") {
            return;
        }
        let deny = statement.get("Effect").and_then(Node::string) == Some("Deny");
        let severity = if deny || key == "NotResource" {
            Severity::SecurityWarning
        } else {
            Severity::Warning
        };
        let effect = if deny { "denies" } else { "grants" };
        let path = path.member("Action");
        for (index, node) in actions.each().iter().enumerate() {
            let Some((service, name)) = node.string().and_then(|text| text.split_once(':')) else {
                continue;
            };
            let Some(service) = self.catalogue.service(service) else {
                continue;
            };
            if self.report.is_full() {
                return;
            }
            let asked: Vec<&Resources> = if name.contains(['*', '?']) {
                service.matching(name).map(|action| &action.resources).collect()
            } else {
                service
                    .action(name)
                    .map(|action| &action.resources)
                    .into_iter()
                    .collect()
            };
            let action = format!("{}:{name}", service.prefix);
            let message = if asked.is_empty() {
                continue;
            } else if asked.iter().all(|resources| **resources == Resources::Any) {
                if key == "NotResource" {
                    format!(
                        "{action} is not limited by resource, so `NotResource` excludes nothing: the statement {effect} it"
                    )
                } else {
                    format!(
                        "{action} is not limited by resource, so the statement {effect} nothing for it; use *"
                    )
                }
            } else if key == "Resource" && !asked.iter().any(|resources| fits_any(resources, &patterns)) {
                let forms = asked.iter().filter_map(|resources| match resources {
                    Resources::Arns(forms) => forms.first().map(String::as_str),
                    _ => None,
                });
                let form = forms
                    .collect::<Vec<_>>()
                    .first()
                    .copied()
                    .unwrap_or_default()
                    .to_owned();
                format!(
                    "{action} is asked on {form}, which none of the resources fits, so the statement {effect} nothing for it"
                )
            } else {
                continue;
            };
            let here = path.index(index);
            let here = if actions.is_array() { &here } else { &path };
            // No fix: it would allow or deny more than the statement does now.
            self.add(
                Remark::new(Code::ResourceNotSupported, here, node.range.clone(), message).severity(severity),
            );
        }
    }
}

/// Whether one of the patterns can match a resource that the action is asked on.
fn fits_any(resources: &Resources, patterns: &[&str]) -> bool {
    let Resources::Arns(forms) = resources else {
        return *resources == Resources::Unknown;
    };
    forms
        .iter()
        .any(|form| patterns.iter().any(|pattern| arns_overlap(form, pattern)))
}

fn arns_overlap(form: &str, pattern: &str) -> bool {
    let (form, pattern) = (Parts::of(form), Parts::of(pattern));
    form.texts
        .iter()
        .enumerate()
        .all(|(index, part)| match pattern.text(index) {
            // A variable can be anything, and so can what a short ARN leaves out.
            Some(text) if !text.contains("${") => overlap(part, text),
            _ => true,
        })
}
