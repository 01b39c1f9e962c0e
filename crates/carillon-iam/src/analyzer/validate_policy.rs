//! `ValidatePolicy`.

use std::sync::Arc;

use carillon_aws::string_enum;
use carillon_operation::{Context, Fault, Operation, Read, Spec};
use carillon_policy::PolicyType;
use carillon_policy::validate::{Code, Finding, Step, TextSpan, validate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{PolicyDocument, PolicyKind, invalid};

/// Findings of a page, at most and unless asked otherwise.
const PAGE: usize = 100;

/// Validates a policy and tells its errors, security warnings, warnings and suggestions.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ValidatePolicy {
    policy_document: PolicyDocument,
    policy_type: PolicyKind,
    /// What a resource policy is to be attached to.
    validate_policy_resource_type: Option<ResourceType>,
    /// Accepted; findings are in English.
    #[serde(rename = "locale")]
    _locale: Option<Locale>,
    /// 1 to 100.
    max_results: Option<i32>,
    next_token: Option<String>,
}

string_enum! {
    /// A type of resource with rules of its own.
    enum ResourceType {
        S3Bucket = "AWS::S3::Bucket",
        S3AccessPoint = "AWS::S3::AccessPoint",
        S3MultiRegionAccessPoint = "AWS::S3::MultiRegionAccessPoint",
        S3ObjectLambdaAccessPoint = "AWS::S3ObjectLambda::AccessPoint",
        AssumeRolePolicyDocument = "AWS::IAM::AssumeRolePolicyDocument",
        DynamoDbTable = "AWS::DynamoDB::Table",
    }
}

string_enum! {
    /// A language.
    enum Locale {
        De = "DE",
        En = "EN",
        Es = "ES",
        Fr = "FR",
        It = "IT",
        Ja = "JA",
        Ko = "KO",
        PtBr = "PT_BR",
        ZhCn = "ZH_CN",
        ZhTw = "ZH_TW",
    }
}

/// Findings and the token of the next page.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Findings {
    findings: Vec<PolicyFinding>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

/// A finding as the Access Analyzer has it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct PolicyFinding {
    finding_details: String,
    finding_type: String,
    issue_code: String,
    learn_more_link: String,
    locations: Vec<Location>,
}

/// Where it is: a path from the root, and a stretch of the text.
#[derive(Debug, Serialize, JsonSchema)]
struct Location {
    path: Vec<PathElement>,
    span: Span,
}

/// One step; exactly one member is there.
#[derive(Debug, Default, Serialize, JsonSchema)]
struct PathElement {
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    substring: Option<Substring>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
}

/// A part of a string.
#[derive(Debug, Serialize, JsonSchema)]
struct Substring {
    start: usize,
    length: usize,
}

/// From a place to the one behind the last character.
#[derive(Debug, Serialize, JsonSchema)]
struct Span {
    start: Position,
    end: Position,
}

/// Lines count from 1, columns and offsets from 0.
#[derive(Debug, Serialize, JsonSchema)]
struct Position {
    line: usize,
    column: usize,
    offset: usize,
}

impl Operation for ValidatePolicy {
    const SPEC: Spec = Spec::rest(
        "access-analyzer:ValidatePolicy",
        "POST /policy/validation?maxResults={maxResults}&nextToken={nextToken}",
    );

    type Access = Read;
    type Output = Findings;
    type Error = Fault;

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<Findings, Fault> {
        let limit = match self.max_results.map_or(Ok(PAGE), usize::try_from) {
            Ok(limit @ 1..=PAGE) => limit,
            _ => return Err(invalid(format!("maxResults must be from 1 to {PAGE}"))),
        };
        let text = self.policy_document.as_str();
        let filters = [text, self.policy_type.as_str()];
        let skipped = match &self.next_token {
            None => 0,
            Some(token) => cx
                .place(token, &filters)
                .and_then(|key| key.first()?.parse().ok())
                .ok_or_else(|| invalid("nextToken is not one of this policy's findings, or too old"))?,
        };
        let (owned, ty) = (text.to_owned(), self.policy_type()?);
        let catalogue = Arc::clone(cx.environment.registry.catalogue());
        let mut findings = cx.think(move || validate(&owned, ty, &catalogue)).await?;
        // As AWS does: what cannot be read has no other faults yet.
        if let Some(error) = findings
            .iter()
            .position(|finding| finding.code == Code::JsonSyntaxError)
        {
            findings = vec![findings.swap_remove(error)];
        }
        let found = findings.iter().enumerate().skip(skipped).take(limit + 1);
        let page = cx.page(found.collect(), limit, &filters, |(last, _)| {
            vec![(last + 1).to_string()]
        });
        Ok(Findings {
            findings: page
                .items
                .into_iter()
                .map(|(_, finding)| PolicyFinding::of(finding))
                .collect(),
            next_token: page.next,
        })
    }
}

impl ValidatePolicy {
    fn policy_type(&self) -> Result<PolicyType, Fault> {
        match (self.policy_type, self.validate_policy_resource_type) {
            (PolicyKind::Resource, Some(ResourceType::AssumeRolePolicyDocument)) => Ok(PolicyType::Trust),
            (PolicyKind::Resource, _) | (_, None) => Ok(self.policy_type.policy_type()),
            (_, Some(_)) => Err(invalid(
                "validatePolicyResourceType can be given only with the policy type RESOURCE_POLICY",
            )),
        }
    }
}

impl PolicyFinding {
    fn of(finding: &Finding) -> Self {
        let start = finding.span.start;
        let mut details = if finding.code == Code::JsonSyntaxError {
            format!(
                "Fix the JSON syntax error at index {} line {} column {}.",
                start.offset, start.line, start.column
            )
        } else {
            finding.message.clone()
        };
        if finding.code != Code::JsonSyntaxError
            && let Some(suggestion) = &finding.suggestion
        {
            details = format!("{details} ({suggestion})");
        }
        Self {
            finding_details: details,
            finding_type: finding.severity.as_str().to_owned(),
            issue_code: finding.code.name().to_owned(),
            learn_more_link: format!(
                "docs/policy-validation.md#{}",
                finding.code.name().to_ascii_lowercase()
            ),
            locations: vec![Location {
                path: finding.path.iter().map(PathElement::of).collect(),
                span: Span::of(finding.span),
            }],
        }
    }
}

impl PathElement {
    fn of(step: &Step) -> Self {
        let mut element = Self::default();
        match step {
            Step::Member(name) => element.value = Some(name.clone()),
            Step::Index(index) => element.index = Some(*index),
            Step::Key { key } => element.key = Some(key.clone()),
            Step::Substring { substring } => {
                element.substring = Some(Substring {
                    start: substring.start,
                    length: substring.length,
                });
            }
        }
        element
    }
}

impl Span {
    fn of(span: TextSpan) -> Self {
        let position = |at: carillon_policy::validate::Position| Position {
            line: at.line,
            column: at.column - 1,
            offset: at.offset,
        };
        Self {
            start: position(span.start),
            end: position(span.end),
        }
    }
}
