//! Validation of many texts: JSON Lines in, JSON Lines out.

use std::io::{self, BufRead, Write};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::{Catalogue, Finding, Severity, validate};
use crate::batch::{Read, read_line};
use crate::{Document, PolicyType};

/// A line of more bytes is answered with an error.
const LONGEST_LINE: usize = 4 * 1024 * 1024;

/// A line of the input. Any JSON will do for an identifier.
#[derive(Debug, Deserialize)]
struct Case {
    id: Json,
    #[serde(rename = "type")]
    ty: String,
    policy: String,
}

/// A line of the output.
#[derive(Debug, Serialize)]
struct Answer {
    id: Json,
    /// Whether the IAM interface would store the text.
    accepted: bool,
    /// Whether no finding is an error.
    valid: bool,
    findings: Vec<Finding>,
}

/// What a line gets that makes no sense.
#[derive(Debug, Serialize)]
struct Refusal {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<Json>,
    error: String,
}

/// The type of policies by the name that commands and case files have for it: `identity`, `resource`, `trust`,
/// `boundary`, `session`, `scp`, `rcp` or `endpoint`.
pub fn policy_type(name: &str) -> Option<PolicyType> {
    Some(match name {
        "identity" => PolicyType::Identity,
        "resource" => PolicyType::Resource,
        "trust" => PolicyType::Trust,
        "boundary" => PolicyType::Boundary,
        "session" => PolicyType::Session,
        "scp" => PolicyType::ServiceControl,
        "rcp" => PolicyType::ResourceControl,
        "endpoint" => PolicyType::Endpoint,
        _ => return None,
    })
}

/// Answers every line `{"id", "type", "policy"}`, where `policy` is the text of a document, with
/// `{"id", "accepted", "valid", "findings"}`: whether the IAM interface would store the text, whether no finding is an
/// error, and all findings. Blank lines are skipped; a line that makes no sense is answered with an `error`.
///
/// # Errors
///
/// Only if the input cannot be read or the output not be written.
pub fn validate_lines(
    mut input: impl BufRead,
    mut output: impl Write,
    catalogue: &Catalogue,
) -> io::Result<()> {
    let mut line = Vec::new();
    while let Some(read) = read_line(&mut input, &mut line, LONGEST_LINE)? {
        if !line.iter().all(u8::is_ascii_whitespace) {
            match answer(&line, catalogue) {
                Ok(answer) => serde_json::to_writer(&mut output, &answer)?,
                Err(refusal) => serde_json::to_writer(&mut output, &refusal)?,
            }
            output.write_all(b"\n")?;
        }
        if read == Read::Last {
            output.flush()?;
        }
    }
    output.flush()
}

fn answer(line: &[u8], catalogue: &Catalogue) -> Result<Answer, Refusal> {
    if line.len() > LONGEST_LINE {
        return Err(Refusal {
            id: None,
            error: format!("the line is longer than {LONGEST_LINE} bytes"),
        });
    }
    let case: Case = serde_json::from_slice(line).map_err(|error| Refusal {
        id: serde_json::from_slice::<Json>(line)
            .ok()
            .and_then(|value| value.get("id").cloned()),
        error: error.to_string(),
    })?;
    let Some(ty) = policy_type(&case.ty) else {
        let error = format!("there is no type `{}`", case.ty);
        return Err(Refusal {
            id: Some(case.id),
            error,
        });
    };
    let findings = validate(&case.policy, ty, catalogue);
    // A boundary is always a managed policy; others may be inline ones, for which less is required.
    let managed = ty == PolicyType::Boundary;
    Ok(Answer {
        id: case.id,
        accepted: Document::parse(&case.policy, ty, managed).is_ok(),
        valid: findings.iter().all(|finding| finding.severity != Severity::Error),
        findings,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(input: &str) -> Vec<serde_json::Value> {
        let mut output = Vec::new();
        validate_lines(input.as_bytes(), &mut output, &Catalogue::default()).unwrap();
        String::from_utf8(output)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    #[test]
    fn each_line_is_answered_by_itself() {
        let good = r#"{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"s3:GetObject\",\"Resource\":\"*\"}}"#;
        let answers = lines(&format!(
            "{{\"id\":\"a\",\"type\":\"identity\",\"policy\":\"{good}\"}}\n\n\
             {{\"id\":\"b\",\"type\":\"trust\",\"policy\":\"{good}\"}}\n\
             {{\"id\":3,\"type\":\"queue\",\"policy\":\"{{}}\"}}\n\
             {{\"id\":\"d\",\"type\":\"identity\"}}\n\
             nonsense\n\
             {{\"id\":\"e\",\"type\":\"identity\",\"policy\":\"{{\"}}"
        ));
        assert_eq!(answers.len(), 6);
        assert_eq!(
            answers[0],
            serde_json::json!({ "id": "a", "accepted": true, "valid": true, "findings": [] })
        );
        assert_eq!(
            (&answers[1]["accepted"], &answers[1]["valid"]),
            (&false.into(), &false.into())
        );
        assert_eq!(answers[2]["error"], "there is no type `queue`");
        assert_eq!(answers[2]["id"], 3);
        assert_eq!(answers[3]["id"], "d");
        assert!(answers[3]["error"].as_str().unwrap().contains("policy"));
        assert!(answers[4].get("id").is_none());
        let codes: Vec<_> = answers[5]["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|finding| &finding["code"])
            .collect();
        assert!(codes.contains(&&"JSON_SYNTAX_ERROR".into()), "{codes:?}");
    }

    #[test]
    fn accepted_and_valid_differ_on_purpose() {
        let odd = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"StringEquals":{"aws:nothing":"x"}}}}"#;
        let line = serde_json::json!({ "id": "x", "type": "identity", "policy": odd }).to_string();
        let answer = &lines(&line)[0];
        assert_eq!(
            (&answer["accepted"], &answer["valid"]),
            (&true.into(), &false.into())
        );
    }
}
