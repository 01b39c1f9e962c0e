//! `carillon policy test`: expectations of policies, kept in files beside them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use carillon_policy::explain::{Explanation, explain};
use carillon_policy::{Attached, Decision, MapContext, Policies, Principal, Request, decide};
use serde::{Deserialize, Serialize};

use super::diff::{Format, attached};
use crate::output::say;

/// Runs tests of policies: files that name policies and say what they must allow and deny.
///
/// A file is TOML. `[policies]` names documents by their paths from the file: `identity`, `boundary` and `session`
/// are lists, `resource` is one, `scp` and `rcp` are lists of lists, one a level. Each `[[test]]` has an
/// `expect` ("allow", "deny", "explicit deny" or "implicit deny"), an `action` or list of actions, and where they
/// matter `resource`, `principal`, `resource_account` and `context`; all must meet the expectation. `[defaults]`
/// holds what tests leave out.
///
/// Exit status 0 if all tests pass, 1 if one fails or there is none, 2 if a file cannot be read.
#[derive(Debug, clap::Args)]
pub struct Test {
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Also fail if a statement applied in no test.
    #[arg(long)]
    full_coverage: bool,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TestFile {
    policies: Documents,
    #[serde(default)]
    defaults: Asked,
    #[serde(default)]
    test: Vec<Case>,
}

/// Paths of documents.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Documents {
    #[serde(default)]
    identity: Vec<PathBuf>,
    boundary: Option<Vec<PathBuf>>,
    session: Option<Vec<PathBuf>>,
    resource: Option<PathBuf>,
    #[serde(default)]
    scp: Vec<Vec<PathBuf>>,
    #[serde(default)]
    rcp: Vec<Vec<PathBuf>>,
}

/// The members of [`Asked`] stand here again: flattened, misspelt ones would go unnoticed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: Option<String>,
    expect: Expected,
    action: OneOrMany,
    resource: Option<OneOrMany>,
    principal: Option<String>,
    resource_account: Option<String>,
    #[serde(default)]
    context: BTreeMap<String, toml::Value>,
}

/// What of a request can have a default.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    resource: Option<OneOrMany>,
    principal: Option<String>,
    resource_account: Option<String>,
    #[serde(default)]
    context: BTreeMap<String, toml::Value>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    fn texts(&self) -> &[String] {
        match self {
            OneOrMany::One(text) => std::slice::from_ref(text),
            OneOrMany::Many(texts) => texts,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Expected {
    #[serde(rename = "allow")]
    Allow,
    #[serde(rename = "deny")]
    Deny,
    #[serde(rename = "explicit deny")]
    ExplicitDeny,
    #[serde(rename = "implicit deny")]
    ImplicitDeny,
}

impl Expected {
    fn is_met_by(self, decision: &Decision) -> bool {
        match (self, decision) {
            (Expected::Allow, Decision::Allowed { .. })
            | (Expected::Deny, Decision::ExplicitlyDenied { .. } | Decision::ImplicitlyDenied { .. })
            | (Expected::ExplicitDeny, Decision::ExplicitlyDenied { .. })
            | (Expected::ImplicitDeny, Decision::ImplicitlyDenied { .. }) => true,
            (Expected::Allow | Expected::Deny | Expected::ExplicitDeny | Expected::ImplicitDeny, _) => false,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Expected::Allow => "allow",
            Expected::Deny => "deny",
            Expected::ExplicitDeny => "explicit deny",
            Expected::ImplicitDeny => "implicit deny",
        }
    }
}

/// What came of a file.
#[derive(Debug, Serialize)]
struct Report {
    file: String,
    passed: usize,
    failures: Vec<Failure>,
    /// Statements that applied in no test.
    uncovered: Vec<String>,
    statements: usize,
}

/// An expectation that was not met.
#[derive(Debug, Serialize)]
struct Failure {
    test: String,
    expected: &'static str,
    action: String,
    resource: String,
    /// What was decided, and why.
    decided: String,
    /// Statements that nearly applied.
    near: Vec<String>,
}

const UNREADABLE: u8 = 2;

pub fn run(options: &Test) -> anyhow::Result<ExitCode> {
    let mut reports = Vec::new();
    for file in &options.files {
        match check(file) {
            Ok(report) => reports.push(report),
            Err(error) => {
                eprintln!("carillon: {}: {error:#}", file.display());
                return Ok(ExitCode::from(UNREADABLE));
            }
        }
    }
    match options.format {
        Format::Text => say(&reports.iter().map(Report::text).collect::<String>())?,
        Format::Json => say(&format!("{}\n", serde_json::to_string_pretty(&reports)?))?,
    }
    let passed = reports.iter().all(|report| {
        report.failures.is_empty()
            && report.passed > 0
            && (report.uncovered.is_empty() || !options.full_coverage)
    });
    Ok(if passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn check(path: &Path) -> anyhow::Result<Report> {
    let text = std::fs::read_to_string(path)?;
    let file: TestFile = toml::from_str(&text)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let (policies, resource_policy) = file.policies.read(folder)?;
    let mut report = Report {
        file: path.display().to_string(),
        passed: 0,
        failures: Vec::new(),
        uncovered: Vec::new(),
        statements: 0,
    };
    let mut coverage = Coverage::default();
    for (number, case) in file.test.iter().enumerate() {
        let name = case
            .name
            .clone()
            .unwrap_or_else(|| format!("test {}", number + 1));
        let asked = case.asked(&file.defaults);
        let principal = asked.principal()?;
        let context = context(&asked.context).with_context(|| name.clone())?;
        let resources = asked.resource.clone().unwrap_or(OneOrMany::One("*".to_owned()));
        for action in case.action.texts() {
            for resource in resources.texts() {
                let request = Request {
                    principal: &principal,
                    actions: &[action.as_str()],
                    resource,
                    resource_account: asked.resource_account.as_deref(),
                    resource_policy: resource_policy.as_ref(),
                    context: &context,
                };
                let explanation = explain(&request, &policies);
                coverage.note(&explanation);
                if case.expect.is_met_by(&decide(&request, &policies)) {
                    report.passed += 1;
                } else {
                    report.failures.push(Failure {
                        test: name.clone(),
                        expected: case.expect.name(),
                        action: action.clone(),
                        resource: resource.clone(),
                        decided: explanation.summary.clone(),
                        near: explanation
                            .near_misses
                            .iter()
                            .map(|near| near.sentence.clone())
                            .collect(),
                    });
                }
            }
        }
    }
    (report.uncovered, report.statements) = coverage.finish();
    Ok(report)
}

impl Documents {
    fn read(&self, folder: &Path) -> anyhow::Result<(Policies, Option<Attached>)> {
        let one = |path: &PathBuf| {
            let read = attached(&folder.join(path))?;
            // Named as in the file.
            Ok(Attached::inline(path.to_string_lossy(), read.document))
        };
        let all = |paths: &Vec<PathBuf>| paths.iter().map(one).collect::<anyhow::Result<Vec<_>>>();
        let levels = |levels: &Vec<Vec<PathBuf>>| levels.iter().map(all).collect::<anyhow::Result<Vec<_>>>();
        let mut policies = Policies::new()
            .identity(all(&self.identity)?)
            .service_control(levels(&self.scp)?)
            .resource_control(levels(&self.rcp)?);
        if let Some(paths) = &self.boundary {
            policies = policies.boundary(all(paths)?);
        }
        if let Some(paths) = &self.session {
            policies = policies.session(all(paths)?);
        }
        Ok((policies, self.resource.as_ref().map(one).transpose()?))
    }
}

impl Case {
    /// What is left out here is taken from the defaults; context keys one by one.
    fn asked(&self, defaults: &Asked) -> Asked {
        let mut context = defaults.context.clone();
        context.extend(self.context.clone());
        Asked {
            resource: self.resource.clone().or_else(|| defaults.resource.clone()),
            principal: self.principal.clone().or_else(|| defaults.principal.clone()),
            resource_account: self
                .resource_account
                .clone()
                .or_else(|| defaults.resource_account.clone()),
            context,
        }
    }
}

impl Asked {
    fn principal(&self) -> anyhow::Result<Principal> {
        match self.principal.as_deref() {
            Some("anonymous") => Ok(Principal::Anonymous),
            Some(text) => Ok(text.parse()?),
            None => Ok("arn:aws:iam::111122223333:user/someone".parse()?),
        }
    }
}

fn context(values: &BTreeMap<String, toml::Value>) -> anyhow::Result<MapContext> {
    let mut context = MapContext::new();
    for (key, value) in values {
        match value {
            toml::Value::Array(list) => {
                let texts = list.iter().map(|value| scalar(key, value));
                context.set_many(key, texts.collect::<anyhow::Result<Vec<_>>>()?);
            }
            value => drop(context.set(key, scalar(key, value)?)),
        }
    }
    Ok(context)
}

fn scalar(key: &str, value: &toml::Value) -> anyhow::Result<String> {
    Ok(match value {
        toml::Value::String(text) => text.clone(),
        toml::Value::Integer(number) => number.to_string(),
        toml::Value::Float(number) => number.to_string(),
        toml::Value::Boolean(value) => value.to_string(),
        toml::Value::Datetime(time) => time.to_string(),
        toml::Value::Array(_) | toml::Value::Table(_) => bail!("the context key {key} has no plain value"),
    })
}

/// Which statements applied.
#[derive(Default)]
struct Coverage {
    all: BTreeSet<String>,
    applied: BTreeSet<String>,
}

impl Coverage {
    fn note(&mut self, explanation: &Explanation) {
        for policy in &explanation.policies {
            for statement in &policy.statements {
                let mut name = format!("{}, statement {}", policy.name, statement.index + 1);
                if let Some(sid) = statement.sid.as_deref().filter(|sid| !sid.is_empty()) {
                    _ = write!(name, " `{sid}`");
                }
                _ = write!(name, ", line {}", statement.span.line);
                if statement.applies {
                    self.applied.insert(name.clone());
                }
                self.all.insert(name);
            }
        }
    }

    fn finish(self) -> (Vec<String>, usize) {
        let uncovered = self.all.difference(&self.applied).cloned().collect();
        (uncovered, self.all.len())
    }
}

impl Report {
    fn text(&self) -> String {
        let mut text = String::new();
        for failure in &self.failures {
            _ = writeln!(text, "FAILED {}: {}", self.file, failure.test);
            _ = writeln!(
                text,
                "    expected {}: {} on {}",
                failure.expected, failure.action, failure.resource
            );
            _ = writeln!(text, "    but {}", failure.decided);
            for near in &failure.near {
                _ = writeln!(text, "    near: {near}");
            }
        }
        for statement in &self.uncovered {
            _ = writeln!(text, "not covered: {statement}");
        }
        let covered = self.statements - self.uncovered.len();
        _ = writeln!(
            text,
            "{}: {} passed, {} failed; {covered} of {} statements applied",
            self.file,
            self.passed,
            self.failures.len(),
            self.statements
        );
        text
    }
}
