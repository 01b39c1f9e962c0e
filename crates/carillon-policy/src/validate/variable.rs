//! Policy variables: `${key}` and `${key, 'default'}`.

use std::ops::Range;

use super::Checker;
use super::catalogue::global_key;
use super::code::Code;
use super::report::{Path, Remark};
use super::tree::Node;

/// A fault of a variable: where in the string, which, what about it, and what to write instead.
type Fault = (Range<usize>, Code, String, Option<String>);

impl Checker<'_> {
    /// The variables of a string whose element has them.
    pub(super) fn variables(&mut self, path: &Path<'_>, node: &Node) {
        let Some(text) = node.string().filter(|text| text.contains("${")) else {
            return;
        };
        if !self.has_variables {
            let range = text.find("${").map_or(0..0, |at| at..at + 2);
            let message =
                "`${…}` is a policy variable only with \"Version\": \"2012-10-17\"; here it is literal text";
            self.add_within(
                path,
                node,
                range,
                Code::VariableUnsupportedInVersion,
                message.to_owned(),
                None,
            );
            return;
        }
        for (range, code, message, fix) in faults(text) {
            self.add_within(path, node, range, code, message, fix);
        }
    }

    /// A remark about a part of a string, with what to write instead of the part.
    pub(super) fn add_within(
        &mut self,
        path: &Path<'_>,
        node: &Node,
        range: Range<usize>,
        code: Code,
        message: String,
        fix: Option<String>,
    ) {
        let (place, part) = node.part(range);
        let mut remark = Remark::new(code, path, place.clone(), message);
        if let Some(part) = part {
            remark = remark.within(part).fix_if(fix.map(|fix| (place, fix)));
        }
        self.add(remark);
    }
}

fn faults(text: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut at = 0;
    while let Some(start) = text
        .get(at..)
        .and_then(|rest| rest.find("${"))
        .map(|found| at + found)
    {
        let body = text.get(start + 2..).unwrap_or_default();
        let Some(length) = body.find('}') else {
            let message = "a policy variable begins here and has no `}`";
            faults.push((
                start..text.len(),
                Code::MissingBraceInVariable,
                message.to_owned(),
                None,
            ));
            break;
        };
        let range = start..start + length + 3;
        at = range.end;
        faults.extend(fault(range, body.get(..length).unwrap_or_default()));
    }
    faults
}

/// What is wrong with one variable, given what stands between its braces.
fn fault(range: Range<usize>, body: &str) -> Option<Fault> {
    if matches!(body, "*" | "?" | "$") {
        return None;
    }
    let (key, default) = match body.split_once(',') {
        Some((key, default)) => (key, Some(default)),
        None => (body, None),
    };
    if body.trim().is_empty() || key.trim().is_empty() {
        return Some((
            range,
            Code::EmptyVariable,
            "a policy variable names a condition key".to_owned(),
            None,
        ));
    }
    if body.contains("${") {
        return Some((
            range,
            Code::MissingBraceInVariable,
            "a policy variable cannot be inside another".to_owned(),
            None,
        ));
    }
    let rewritten = |default: Option<&str>| match default {
        Some(default) => format!("${{{}, '{default}'}}", key.trim()),
        None => format!("${{{}}}", key.trim()),
    };
    let inner = default.map(|default| default.trim().trim_matches(['\'', '"']));
    // The key of a tag may have spaces in it.
    let spaces = key.trim() != key || key.contains(char::is_whitespace) && !key.contains('/');
    if spaces {
        let message = format!(
            "the name of a policy variable has no spaces: `{}`",
            rewritten(inner)
        );
        return Some((
            range,
            Code::UnsupportedSpaceInVariable,
            message,
            Some(rewritten(inner)),
        ));
    }
    let name = key.trim();
    if name
        .get(..4)
        .is_some_and(|start| start.eq_ignore_ascii_case("aws:"))
        && global_key(name).is_none()
    {
        let message = format!("The condition key {name} does not exist.");
        return Some((range, Code::InvalidGlobalConditionKey, message, None));
    }
    let (default, inner) = (default?, inner?);
    let trimmed = default.trim();
    let quoted = trimmed.len() >= 2 && trimmed.starts_with('\'') && trimmed.ends_with('\'');
    let fix = rewritten(Some(inner));
    if !quoted {
        let message = format!("the default of a policy variable stands in single quotes: `{fix}`");
        return Some((range, Code::MissingQuoteInVariable, message, Some(fix)));
    }
    let expected = format!(" {trimmed}");
    (default != expected).then(|| {
        let message = format!("before the default of a policy variable stand a comma and one space: `{fix}`");
        (range, Code::UnsupportedSpaceInVariable, message, Some(fix))
    })
}
