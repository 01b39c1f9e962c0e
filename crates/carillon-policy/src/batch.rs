//! Evaluation of many cases: JSON Lines in, JSON Lines out.
//!
//! One case per line, with its policies in it; one answer per line, with the case's `id`. Documents are read
//! leniently, and nothing is added to a case: a context key or a policy that is not given does not exist.

mod given;

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{self, BufRead, Write};
use std::sync::Arc;

use foldhash::fast::RandomState;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use self::given::{Given, Text};
use crate::decision::{Decision, PolicyKind, Prepared, Request};
use crate::document::Document;
use crate::explain::{Explanation, explain};
use crate::policies::{Attached, Policies};
use crate::principal::{self, Principal};
use crate::program::{Actions, Set};
use crate::resource;

/// Compiled policies are forgotten when the texts they came from add up to more than this.
const LARGEST_CACHE: usize = 256 * 1024 * 1024;

/// What the answers contain.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Options {
    /// Say of implicit denials which kind of policy did not allow.
    pub reasons: bool,
    /// Add the whole explanation to each answer. Takes its time.
    pub explanations: bool,
    /// A line of more bytes is answered with an error.
    pub longest_line: usize,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            reasons: true,
            explanations: false,
            longest_line: 64 * 1024 * 1024,
        }
    }
}

/// Answers every line of the input. Blank lines are skipped.
///
/// # Errors
///
/// Only if the input cannot be read or the output not be written: a line that makes no sense gets an answer
/// whose decision is `Error`.
pub fn evaluate(mut input: impl BufRead, mut output: impl Write, options: Options) -> io::Result<()> {
    let mut evaluator = Evaluator::new(options);
    let mut line = Vec::new();
    while let Some(read) = read_line(&mut input, &mut line, options.longest_line)? {
        if !line.iter().all(u8::is_ascii_whitespace) {
            serde_json::to_writer(&mut output, &evaluator.answer(&line))?;
            output.write_all(b"\n")?;
        }
        if read == Read::Last {
            // Whoever writes the cases may be waiting for the answer before the next one.
            output.flush()?;
        }
    }
    output.flush()
}

/// Explains one case: a JSON object as on a line of the input of [`evaluate`], with line breaks where they please.
///
/// # Errors
///
/// What is wrong with the case, for people.
pub fn explain_case(case: &str) -> Result<Explanation, String> {
    let (_, explanation) = Evaluator::new(Options::default()).ask(case, explain)?;
    Ok(explanation)
}

/// Whether more of the input was at hand behind a line, or reading on may mean waiting.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Read {
    More,
    Last,
}

/// Reads one line without its end, but no more than one byte over the limit of it; nothing at the end of the
/// input.
pub(crate) fn read_line(
    input: &mut impl BufRead,
    line: &mut Vec<u8>,
    longest: usize,
) -> io::Result<Option<Read>> {
    line.clear();
    let mut started = false;
    loop {
        let buffer = match input.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            buffer => buffer?,
        };
        if buffer.is_empty() {
            return Ok(started.then_some(Read::Last));
        }
        started = true;
        // In this form the standard library looks at many bytes at a time.
        let mut behind = buffer;
        let used = behind.skip_until(b'\n')?;
        let rest = if behind.is_empty() { Read::Last } else { Read::More };
        let part = buffer.get(..used).unwrap_or_default();
        let ended = part.ends_with(b"\n");
        let part = part.strip_suffix(b"\n").unwrap_or(part);
        let room = longest.saturating_add(1).saturating_sub(line.len());
        line.extend_from_slice(part.get(..room.min(part.len())).unwrap_or_default());
        input.consume(used);
        if ended {
            return Ok(Some(rest));
        }
    }
}

#[derive(Deserialize)]
struct Case<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    principal: Option<Text<'a>>,
    #[serde(borrow)]
    action: Text<'a>,
    #[serde(borrow)]
    resource: Text<'a>,
    #[serde(borrow, default)]
    resource_account: Option<Text<'a>>,
    #[serde(borrow, default)]
    context: Option<Given<'a>>,
    #[serde(borrow, default)]
    identity_policies: Option<&'a RawValue>,
    #[serde(borrow, default)]
    boundaries: Option<&'a RawValue>,
    #[serde(borrow, default)]
    session_policies: Option<&'a RawValue>,
    #[serde(borrow, default)]
    resource_policy: Option<&'a RawValue>,
    #[serde(borrow, default)]
    scps: Option<&'a RawValue>,
    #[serde(borrow, default)]
    rcps: Option<&'a RawValue>,
    #[serde(borrow, default)]
    endpoint_policies: Option<&'a RawValue>,
    /// Such an action is asked on `*`, and the resource says so already.
    #[serde(default)]
    #[expect(dead_code, reason = "read so that a value of the wrong type is an error")]
    wildcard_only_action: Option<bool>,
}

#[derive(Serialize)]
struct Answer<'a> {
    id: Option<Cow<'a, RawValue>>,
    decision: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<Explanation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

struct Evaluator {
    options: Options,
    compiled: Compiled,
}

impl Evaluator {
    fn new(options: Options) -> Evaluator {
        Evaluator {
            options,
            compiled: Compiled::default(),
        }
    }

    fn answer<'l>(&mut self, line: &'l [u8]) -> Answer<'l> {
        let decided = match std::str::from_utf8(line) {
            _ if line.len() > self.options.longest_line => Err("the line is too long".to_owned()),
            Ok(text) => self.decide(text),
            Err(error) => Err(error.to_string()),
        };
        decided.unwrap_or_else(|error| Answer {
            id: identifier(&String::from_utf8_lossy(line)).map(Cow::Owned),
            decision: "Error",
            reason: None,
            explanation: None,
            error: Some(error),
        })
    }

    fn decide<'l>(&mut self, line: &'l str) -> Result<Answer<'l>, String> {
        let Options {
            reasons,
            explanations,
            ..
        } = self.options;
        let (id, (decision, explanation)) = self.ask(line, |request, policies| {
            let explanation = explanations.then(|| explain(request, policies));
            let decision = match Prepared::new(request, &policies.actions).decide(policies) {
                Decision::Allowed { .. } => ("Allowed", None),
                Decision::ExplicitlyDenied { .. } => ("ExplicitlyDenied", None),
                Decision::ImplicitlyDenied { missing } => ("ImplicitlyDenied", Some(reason(missing))),
            };
            (decision, explanation)
        })?;
        let (decision, reason) = decision;
        Ok(Answer {
            id: id.map(Cow::Borrowed),
            decision,
            reason: reason.filter(|_| reasons),
            explanation,
            error: None,
        })
    }

    /// Reads a case and asks about it. With the answer comes the case's `id`.
    fn ask<'l, T>(
        &mut self,
        line: &'l str,
        ask: impl FnOnce(&Request<'_>, &Policies) -> T,
    ) -> Result<(Option<&'l RawValue>, T), String> {
        let case: Case<'_> = serde_json::from_str(line).map_err(|error| error.to_string())?;
        let principal = match &case.principal {
            Some(Text(text)) => text
                .parse()
                .map_err(|error: principal::UnknownPrincipal| error.to_string())?,
            None => Principal::Anonymous,
        };
        self.compiled.make_room();
        let compiled = &mut self.compiled;
        let policies = Policies {
            actions: Arc::clone(&compiled.actions),
            identity: compiled
                .set(PolicyKind::Identity, case.identity_policies)?
                .unwrap_or_default(),
            boundary: compiled.set(PolicyKind::Boundary, case.boundaries)?,
            session: compiled.set(PolicyKind::Session, case.session_policies)?,
            service_control: compiled.levels(PolicyKind::ServiceControl, case.scps)?,
            resource_control: compiled.levels(PolicyKind::ResourceControl, case.rcps)?,
            endpoint: compiled.set(PolicyKind::Endpoint, case.endpoint_policies)?,
        };
        let resource_policy = match given(case.resource_policy) {
            Some(document) => Some(self.compiled.attached(document)?),
            None => None,
        };
        let nothing = Given::default();
        // Without the owner, the ARN says whose the resource is, if it says so at all.
        let owner = case.resource_account.as_ref().map(|Text(account)| &**account);
        let owner = owner.or_else(|| {
            let account = resource::split(&case.resource.0).map(|[_, _, _, _, account, _]| account);
            account.filter(|account| principal::is_account(account))
        });
        let request = Request {
            principal: &principal,
            actions: &[&case.action.0],
            resource: &case.resource.0,
            resource_account: owner,
            resource_policy: resource_policy.as_ref(),
            context: case.context.as_ref().unwrap_or(&nothing),
        };
        let answer = ask(&request, &policies);
        Ok((case.id, answer))
    }
}

/// What an implicit denial lacked, in words.
pub(crate) fn reason(missing: PolicyKind) -> &'static str {
    match missing {
        PolicyKind::ServiceControl => "no service control policy allows at some level",
        PolicyKind::ResourceControl => "no resource control policy allows at some level",
        PolicyKind::Endpoint => "the endpoint policy does not allow",
        PolicyKind::Resource => "the resource policy does not allow",
        PolicyKind::Trust => "the role trust policy does not allow",
        PolicyKind::Identity => "no identity policy allows",
        PolicyKind::Boundary => "the permissions boundary does not allow",
        PolicyKind::Session => "the session policy does not allow",
    }
}

/// Hashing texts of kilobytes would otherwise take longer than deciding.
type ByText<V> = HashMap<Box<str>, V, RandomState>;

/// Policies compiled in this run, by the text of their document, list or levels. Cases share them.
struct Compiled {
    documents: ByText<Arc<Document>>,
    actions: Arc<Actions>,
    sets: HashMap<PolicyKind, ByText<Arc<Set>>>,
    levels: HashMap<PolicyKind, ByText<Arc<[Set]>>>,
    nobody: Option<Arc<str>>,
    size: usize,
}

impl Default for Compiled {
    fn default() -> Compiled {
        Compiled {
            documents: HashMap::default(),
            actions: Actions::none(),
            sets: HashMap::new(),
            levels: HashMap::new(),
            nobody: None,
            size: 0,
        }
    }
}

impl Compiled {
    fn make_room(&mut self) {
        if self.size > LARGEST_CACHE {
            *self = Compiled::default();
        }
    }

    fn attached(&mut self, document: &RawValue) -> Result<Attached, String> {
        let text = document.get();
        let document = match self.documents.get(text) {
            Some(document) => document.clone(),
            None => {
                if !text.starts_with('{') {
                    return Err("a policy document must be an object".to_owned());
                }
                let document = Arc::new(Document::lenient_text(text).map_err(|error| error.to_string())?);
                self.size += text.len();
                self.documents.insert(text.into(), document.clone());
                document
            }
        };
        let name = self.nobody.get_or_insert_with(|| "".into()).clone();
        Ok(Attached {
            document,
            arn: None,
            name,
            holder: None,
        })
    }

    fn build(&mut self, kind: PolicyKind, list: Vec<&RawValue>) -> Result<Set, String> {
        let policies = list
            .into_iter()
            .map(|document| self.attached(document))
            .collect::<Result<_, _>>()?;
        Ok(Set::build(kind, policies, &self.actions))
    }

    fn set(&mut self, kind: PolicyKind, list: Option<&RawValue>) -> Result<Option<Arc<Set>>, String> {
        let Some(list) = given(list) else { return Ok(None) };
        if let Some(set) = self.sets.entry(kind).or_default().get(list.get()) {
            return Ok(Some(set.clone()));
        }
        let documents = serde_json::from_str(list.get()).map_err(|error| error.to_string())?;
        let set = Arc::new(self.build(kind, documents)?);
        self.size += list.get().len();
        let sets = self.sets.entry(kind).or_default();
        sets.insert(list.get().into(), set.clone());
        Ok(Some(set))
    }

    fn levels(&mut self, kind: PolicyKind, levels: Option<&RawValue>) -> Result<Arc<[Set]>, String> {
        let Some(levels) = given(levels) else {
            return Ok(Arc::default());
        };
        if let Some(sets) = self.levels.entry(kind).or_default().get(levels.get()) {
            return Ok(sets.clone());
        }
        let lists: Vec<Vec<&RawValue>> =
            serde_json::from_str(levels.get()).map_err(|error| error.to_string())?;
        let sets: Arc<[Set]> = lists
            .into_iter()
            .map(|list| self.build(kind, list))
            .collect::<Result<_, _>>()?;
        self.size += levels.get().len();
        let known = self.levels.entry(kind).or_default();
        known.insert(levels.get().into(), sets.clone());
        Ok(sets)
    }
}

/// A field that is there and not null.
fn given(field: Option<&RawValue>) -> Option<&RawValue> {
    field.filter(|field| field.get() != "null")
}

/// The `id` of a line that is no case, if it can be made out.
fn identifier(line: &str) -> Option<Box<RawValue>> {
    #[derive(Deserialize)]
    struct OnlyId {
        id: Option<Box<RawValue>>,
    }
    if let Ok(only) = serde_json::from_str::<OnlyId>(line) {
        return only.id;
    }
    let (_, rest) = line.split_once("\"id\"")?;
    let value = rest.trim_start().strip_prefix(':')?;
    let id = serde_json::Deserializer::from_str(value)
        .into_iter::<String>()
        .next()?
        .ok()?;
    RawValue::from_string(serde_json::Value::String(id).to_string()).ok()
}

#[cfg(test)]
mod tests;
