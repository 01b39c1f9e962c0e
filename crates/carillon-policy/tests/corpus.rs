//! Cases as data. A file of `corpus` is about one part of the language: `given` is a case of batch evaluation
//! that its cases share, `change` replaces fields of it (null takes one away), `expected` is the decision and
//! `reason` what an implicit denial must say.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use carillon_policy::batch;
use serde::Deserialize;
use serde_json::{Map, Value};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    about: String,
    given: Map<String, Value>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default)]
    change: Map<String, Value>,
    expected: String,
    reason: Option<String>,
}

#[test]
fn every_case_of_the_corpus_is_decided_as_expected() -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut failures = Vec::new();
    let mut files = 0;
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let text = std::fs::read_to_string(&path)?;
        let file: File = serde_json::from_str(&text).with_context(|| path.display().to_string())?;
        files += 1;
        ensure!(
            !file.about.is_empty() && !file.cases.is_empty(),
            "{} is empty",
            path.display()
        );
        for case in &file.cases {
            let answer = answer(&file.given, case)?;
            let right = answer["decision"] == *case.expected
                && case
                    .reason
                    .as_ref()
                    .is_none_or(|reason| answer["reason"] == **reason);
            if !right {
                failures.push(format!("{}: {}: {answer}", path.display(), case.name));
            }
        }
    }
    ensure!(files >= 6, "only {files} files");
    ensure!(failures.is_empty(), "\n{}", failures.join("\n"));
    Ok(())
}

fn answer(given: &Map<String, Value>, case: &Case) -> Result<Value> {
    let mut line = given.clone();
    line.insert("id".to_owned(), Value::String(case.name.clone()));
    line.extend(case.change.clone());
    let mut output = Vec::new();
    batch::evaluate(
        serde_json::to_string(&line)?.as_bytes(),
        &mut output,
        batch::Options::default(),
    )?;
    let answer: Value = serde_json::from_slice(&output)?;
    ensure!(answer["id"] == *case.name, "answered another case");
    Ok(answer)
}
