//! `Resource` and `NotResource`.

mod limit;

use std::ops::Range;

use super::Checker;
use super::action::quoted;
use super::code::Code;
use super::glob::resource_covers;
use super::nearest::nearest;
use super::report::{Path, Remark};
use super::tree::Node;
use crate::PolicyType;
use crate::check::{IAM_PATHS, PARTITIONS};

/// Services whose ARNs have no Region.
const WITHOUT_REGION: [&str; 8] = [
    "iam",
    "cloudfront",
    "route53",
    "organizations",
    "shield",
    "globalaccelerator",
    "budgets",
    "artifact",
];
/// Services all of whose resources are in a Region.
const WITH_REGION: [&str; 8] = [
    "chime", "dynamodb", "ec2", "kms", "lambda", "sns", "sqs", "states",
];
/// Services whose resources have no types, so that a wildcard at their beginning is as good as anywhere.
const WITHOUT_TYPES: [&str; 5] = ["s3", "execute-api", "sqs", "sns", "s3express"];

/// The beginnings of Chime's resources. Source: Service Authorization Reference, "Amazon Chime".
const CHIME_TYPES: [&str; 8] = [
    "meeting/",
    "app-instance/",
    "media-pipeline/",
    "media-insights-pipeline-configuration/",
    "media-pipeline-kinesis-video-stream-pool/",
    "voice-profile-domain/",
    "voice-profile/",
    "vc/",
];

/// An ARN in its parts, with the place of each in its string.
struct Parts<'a> {
    texts: Vec<&'a str>,
    ranges: Vec<Range<usize>>,
}

impl<'a> Parts<'a> {
    fn of(arn: &'a str) -> Parts<'a> {
        let mut ranges = Vec::with_capacity(6);
        let (mut start, mut in_variable) = (0, false);
        for (at, byte) in arn.bytes().enumerate() {
            match byte {
                b'{' if arn.as_bytes().get(at.wrapping_sub(1)) == Some(&b'$') => in_variable = true,
                b'}' => in_variable = false,
                // The names of variables have colons.
                b':' if !in_variable && ranges.len() < 5 => {
                    ranges.push(start..at);
                    start = at + 1;
                }
                _ => {}
            }
        }
        ranges.push(start..arn.len());
        let texts = ranges.iter().filter_map(|range| arn.get(range.clone())).collect();
        Parts { texts, ranges }
    }

    fn text(&self, index: usize) -> Option<&'a str> {
        self.texts.get(index).copied()
    }

    fn range(&self, index: usize) -> Range<usize> {
        self.ranges.get(index).cloned().unwrap_or_default()
    }
}

fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?']) || text.contains("${")
}

impl Checker<'_> {
    pub(super) fn resources(&mut self, path: &Path<'_>, statement: &Node) {
        for key in ["Resource", "NotResource"] {
            let Some(element) = statement.get(key) else {
                continue;
            };
            let path = path.member(key);
            for (index, node) in element.each().iter().enumerate() {
                let Some(text) = node.string() else { continue };
                let here = path.index(index);
                let here = if element.is_array() { &here } else { &path };
                self.resource(here, node, text);
            }
            self.redundant(
                &path,
                element,
                Code::RedundantResource,
                resource_covers,
                str::to_owned,
            );
        }
        self.not_limited(path, statement);
    }

    fn resource(&mut self, path: &Path<'_>, node: &Node, text: &str) {
        if text == "*" {
            return;
        }
        let parts = Parts::of(text);
        let whole = |code, message: String| Remark::new(code, path, node.range.clone(), message);
        let prefix = parts.text(0).unwrap_or_default();
        if prefix != "arn" && !is_pattern(prefix) {
            let message = format!("`{text}` is neither an ARN, which begins with `arn:`, nor `*`");
            let near = parts.texts.len() == 6 || nearest(prefix, ["arn"]).is_some() && parts.texts.len() > 1;
            let mut remark = whole(Code::InvalidArnPrefix, message);
            if near {
                let rest = text.get(prefix.len()..).unwrap_or_default();
                remark = remark.fix(node.range.clone(), quoted(&format!("arn{rest}")));
            } else if text.starts_with(':') || PARTITIONS.contains(&prefix) {
                let arn = format!("arn:{}", text.trim_start_matches(':'));
                remark = remark.fix(node.range.clone(), quoted(&arn));
            }
            self.add(remark);
            return;
        }
        self.length(path, node, text, parts.texts.len());
        self.partition(path, node, &parts);
        let known = self.service_of_arn(path, node, &parts);
        self.region(path, node, &parts);
        self.account(path, node, &parts);
        if known {
            self.rest(path, node, &parts);
        }
    }

    /// A remark about one part of an ARN.
    fn at_part(
        path: &Path<'_>,
        node: &Node,
        range: Range<usize>,
        code: Code,
        message: impl Into<String>,
    ) -> Remark {
        let (range, part) = node.part(range);
        let remark = Remark::new(code, path, range, message);
        match part {
            Some(part) => remark.within(part),
            None => remark,
        }
    }

    /// As [`Checker::at_part`], with a text to put in its place.
    fn mended(
        path: &Path<'_>,
        node: &Node,
        range: Range<usize>,
        code: Code,
        message: String,
        text: &str,
    ) -> Remark {
        let (place, part) = node.part(range.clone());
        let remark = Checker::at_part(path, node, range, code, message);
        remark.fix_if(part.map(|_| (place, text.to_owned())))
    }

    fn length(&mut self, path: &Path<'_>, node: &Node, text: &str, parts: usize) {
        if parts >= 6 {
            return;
        }
        let unusable = match self.ty {
            PolicyType::Resource | PolicyType::Trust | PolicyType::Endpoint => !text.contains('*'),
            PolicyType::ServiceControl => !text.ends_with('*'),
            PolicyType::ResourceControl => true,
            PolicyType::Identity | PolicyType::Boundary | PolicyType::Session => {
                text.contains("::") || text.ends_with(':')
            }
        };
        let form = "arn:partition:service:region:account:resource";
        let (code, message) = if unusable {
            let message = format!("an ARN has six parts, `{form}`; this has {parts}");
            (Code::MissingArnField, message)
        } else {
            let message = format!(
                "an ARN has six parts, `{form}`; this has {parts}, and is read as if `*` stood for the others"
            );
            (Code::ShortArn, message)
        };
        let mut remark = Remark::new(code, path, node.range.clone(), message);
        if code == Code::ShortArn {
            let full = format!("{text}{}", ":*".repeat(6 - parts));
            remark = remark.fix(node.range.clone(), quoted(&full));
        }
        self.add(remark);
    }

    fn partition(&mut self, path: &Path<'_>, node: &Node, parts: &Parts<'_>) {
        let Some(partition) = parts.text(1).filter(|text| !is_pattern(text)) else {
            self.no_variable(path, node, parts, 1);
            return;
        };
        if PARTITIONS.contains(&partition) {
            return;
        }
        let message = format!("there is no partition `{partition}`");
        let range = parts.range(1);
        let meant = nearest(partition, PARTITIONS).or_else(|| partition.is_empty().then_some("aws"));
        self.add(match meant {
            Some(meant) => {
                let message = format!("{message}; did you mean `{meant}`?");
                Checker::mended(path, node, range, Code::InvalidPartition, message, meant)
            }
            None => Checker::at_part(path, node, range, Code::InvalidPartition, message),
        });
    }

    /// Objects to a variable in any part but the last.
    fn no_variable(&mut self, path: &Path<'_>, node: &Node, parts: &Parts<'_>, index: usize) {
        if parts.text(index).is_some_and(|text| text.contains("${")) {
            let message = "policy variables stand in the last part of an ARN only";
            let range = parts.range(index);
            self.add(Checker::at_part(
                path,
                node,
                range,
                Code::VariableUnsupportedInElement,
                message,
            ));
        }
    }

    /// Whether the service is one whose resources can be looked at.
    fn service_of_arn(&mut self, path: &Path<'_>, node: &Node, parts: &Parts<'_>) -> bool {
        let Some(service) = parts.text(2) else {
            return false;
        };
        let range = parts.range(2);
        if service.contains("${") {
            self.no_variable(path, node, parts, 2);
            return false;
        }
        if is_pattern(service) {
            let message = "a wildcard for the service reaches further than it seems; name the service";
            self.add(Checker::at_part(
                path,
                node,
                range,
                Code::WildcardInServiceName,
                message,
            ));
            return false;
        }
        if service.is_empty() {
            let message = "an ARN names a service, such as `chime`";
            self.add(Checker::at_part(path, node, range, Code::InvalidService, message));
            return false;
        }
        let lower = service.to_ascii_lowercase();
        if lower != service {
            let message = format!("services stand in lower case: `{lower}`");
            self.add(Checker::mended(
                path,
                node,
                range,
                Code::InvalidArnServiceCase,
                message,
                &lower,
            ));
            return false;
        }
        if self.catalogue.is_prefix(service) {
            return true;
        }
        let meant = (service.len() > 2 && !self.report.is_full())
            .then(|| nearest(service, self.catalogue.prefixes()))
            .flatten();
        self.add(match meant {
            Some(meant) => {
                let message = format!("there is no service `{service}`; did you mean `{meant}`?");
                Checker::mended(path, node, range, Code::InvalidService, message, meant)
            }
            None => {
                let message = format!("the service `{service}` is not known here");
                Checker::at_part(path, node, range, Code::UnknownService, message)
            }
        });
        false
    }

    fn region(&mut self, path: &Path<'_>, node: &Node, parts: &Parts<'_>) {
        let (Some(service), Some(region)) = (parts.text(2), parts.text(3)) else {
            return;
        };
        let range = parts.range(3);
        self.no_variable(path, node, parts, 3);
        let bucket = service == "s3" && !parts.text(5).is_some_and(|rest| rest.starts_with("accesspoint"));
        if !region.is_empty() && (WITHOUT_REGION.contains(&service) || bucket) {
            let message = format!("resources of {service} have no Region in their ARN");
            self.add(Checker::mended(
                path,
                node,
                range,
                Code::ArnRegionNotAllowed,
                message,
                "",
            ));
        } else if region.is_empty() && WITH_REGION.contains(&service) {
            let message = format!("resources of {service} have a Region in their ARN; write one, or `*`");
            self.add(Checker::mended(
                path,
                node,
                range,
                Code::MissingArnRegion,
                message,
                "*",
            ));
        } else if !region.is_empty() && !is_pattern(region) && !is_region(region) {
            let message = format!("`{region}` is no Region");
            self.add(Checker::at_part(
                path,
                node,
                range,
                Code::InvalidArnRegion,
                message,
            ));
        }
    }

    fn account(&mut self, path: &Path<'_>, node: &Node, parts: &Parts<'_>) {
        let Some(account) = parts.text(4) else { return };
        let range = parts.range(4);
        self.no_variable(path, node, parts, 4);
        let bucket = parts.text(2) == Some("s3")
            && parts.text(5).is_some_and(|rest| {
                !["accesspoint", "job/", "storage-lens", "async-request"]
                    .iter()
                    .any(|start| rest.starts_with(start))
            });
        let digits = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        if bucket && !account.is_empty() && !is_pattern(account) {
            let message = "buckets have no account in their ARN";
            self.add(Checker::mended(
                path,
                node,
                range,
                Code::ArnAccountNotAllowed,
                message.to_owned(),
                "",
            ));
        } else if !account.is_empty() && !digits && !is_pattern(account) && account != "aws" {
            let compact = account.replace(['-', ' '], "");
            let message = format!("`{account}` is no account number, which has 12 digits");
            let is_number = compact.len() == 12 && compact.bytes().all(|byte| byte.is_ascii_digit());
            self.add(if is_number {
                Checker::mended(path, node, range, Code::InvalidArnAccount, message, &compact)
            } else {
                Checker::at_part(path, node, range, Code::InvalidArnAccount, message)
            });
        }
    }

    /// The part that names the resource.
    fn rest(&mut self, path: &Path<'_>, node: &Node, parts: &Parts<'_>) {
        let (Some(service), Some(rest)) = (parts.text(2), parts.text(5)) else {
            return;
        };
        let range = parts.range(5);
        if rest.is_empty() {
            let message = "the ARN names no resource; write `*` for all";
            self.add(Checker::mended(
                path,
                node,
                range,
                Code::InvalidArnResource,
                message.to_owned(),
                "*",
            ));
            return;
        }
        let types: &[&str] = match service {
            "iam" => &IAM_PATHS,
            "chime" => &CHIME_TYPES,
            _ => &[],
        };
        let fixed: &str = rest.split(['*', '?', '$']).next().unwrap_or_default();
        let fits =
            |start: &&str| fixed.starts_with(*start) || start.starts_with(fixed) && fixed.len() < rest.len();
        let known = types.is_empty()
            || rest == "*"
            || types.iter().any(fits)
            || fixed == "root"
            || fixed.starts_with("sma/");
        if !known {
            let listed = types
                .iter()
                .map(|start| start.trim_end_matches('/'))
                .collect::<Vec<_>>()
                .join(", ");
            let message = format!("{service} has no resource of this form; its types are {listed}");
            let typed = rest.split_once('/').map_or(rest, |(start, _)| start);
            let meant = nearest(typed, types.iter().map(|start| start.trim_end_matches('/')));
            let end = range.start + typed.len();
            self.add(match meant {
                Some(meant) => Checker::mended(
                    path,
                    node,
                    range.start..end,
                    Code::InvalidArnResource,
                    message,
                    meant,
                ),
                None => Checker::at_part(path, node, range, Code::InvalidArnResource, message),
            });
            return;
        }
        let first = rest.find(['/', ':']).unwrap_or(0);
        if rest.get(..first).is_some_and(|start| start.contains(['*', '?']))
            && !WITHOUT_TYPES.contains(&service)
        {
            let message = "a wildcard in the type of a resource reaches over types that have nothing to do with each other";
            let range = range.start..range.start + first;
            self.add(Checker::at_part(
                path,
                node,
                range,
                Code::WildcardInResourceType,
                message,
            ));
        }
    }
}

/// `us-east-1`, `us-gov-west-1`, `eu-isoe-west-1`.
fn is_region(text: &str) -> bool {
    let mut parts = text.split('-').rev();
    let number = parts
        .next()
        .is_some_and(|part| part.len() == 1 && part.bytes().all(|byte| byte.is_ascii_digit()));
    let words: Vec<&str> = parts.collect();
    number
        && (2..=3).contains(&words.len())
        && words
            .iter()
            .all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase()))
}
