//! Findings as a SARIF log. Source: OASIS, "Static Analysis Results Interchange Format Version 2.1.0".

use carillon_policy::validate::{Code, Finding, Fix, Severity, TextSpan};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::Linted;

/// What stays as it is in the path of a URI.
const PATH: AsciiSet = NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// One run over all files.
pub fn log(all: &[Linted]) -> Value {
    let rules: Vec<Value> = Code::ALL
        .iter()
        .map(|code| {
            json!({
                "id": code.name(),
                "shortDescription": { "text": code.description() },
                "defaultConfiguration": { "level": level(code.severity()) },
            })
        })
        .collect();
    let results: Vec<Value> = all
        .iter()
        .flat_map(|file| file.findings.iter().map(move |finding| result(file, finding)))
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "carillon policy lint",
                "version": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": rules,
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn result(file: &Linted, finding: &Finding) -> Value {
    let mut message = finding.message.clone();
    if let Some(suggestion) = &finding.suggestion {
        message = format!("{message} ({suggestion})");
    }
    let artifact = json!({ "uri": utf8_percent_encode(&file.name, &PATH).to_string() });
    let mut result = json!({
        "ruleId": finding.code.name(),
        "ruleIndex": Code::ALL.iter().position(|code| *code == finding.code),
        "level": level(finding.severity),
        "message": { "text": message },
        "locations": [{
            "physicalLocation": { "artifactLocation": artifact, "region": region(finding.span) },
        }],
        "properties": { "severity": finding.severity.as_str() },
    });
    if let Some(fix) = &finding.fix {
        result["fixes"] = json!([{
            "artifactChanges": [{ "artifactLocation": artifact, "replacements": [replacement(fix)] }],
        }]);
    }
    result
}

fn replacement(fix: &Fix) -> Value {
    let mut replacement = json!({ "deletedRegion": region(fix.span) });
    if !fix.text.is_empty() {
        replacement["insertedContent"] = json!({ "text": fix.text });
    }
    replacement
}

fn region(span: TextSpan) -> Value {
    json!({
        "startLine": span.start.line,
        "startColumn": span.start.column,
        "endLine": span.end.line,
        "endColumn": span.end.column,
        "charOffset": span.start.offset,
        "charLength": span.end.offset - span.start.offset,
    })
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::SecurityWarning | Severity::Warning => "warning",
        Severity::Suggestion => "note",
    }
}
