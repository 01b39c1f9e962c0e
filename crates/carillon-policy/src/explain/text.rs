//! Explanations for people to read.

use std::fmt::{self, Display, Formatter, Write};

use super::change::Edit;
use super::part::{Actual, Element, Part};
use super::{ExplainedPolicy, ExplainedStatement, Explanation};

/// Several lines, the decision first; the last one has its end.
impl Display for Explanation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:?}: {}", self.decision, self.summary)?;
        for reason in self.reasons.iter().skip(1) {
            writeln!(f, "  also missing: {}", reason.text)?;
        }
        self.write_request(f)?;
        if !self.policies.is_empty() {
            writeln!(f, "\nPolicies")?;
        }
        for policy in &self.policies {
            policy.fmt(f)?;
        }
        if self.left_out > 0 {
            writeln!(
                f,
                "  {} further statements are farther from applying",
                self.left_out
            )?;
        }
        section(
            f,
            "Decided by",
            self.deciding.iter().map(|pointer| &*pointer.label),
        )?;
        section(
            f,
            "Near misses",
            self.near_misses.iter().map(|miss| &*miss.sentence),
        )?;
        section(
            f,
            "Missing context",
            self.missing_context.iter().map(String::as_str),
        )?;
        if !self.changes.is_empty() {
            writeln!(f, "\nWhat would allow it")?;
        }
        for (number, change) in self.changes.iter().enumerate() {
            writeln!(f, "  {}. {}", number + 1, change.sentence)?;
            for edit in &change.edits {
                edit.fmt(f)?;
            }
        }
        Ok(())
    }
}

fn section<'a>(f: &mut Formatter<'_>, title: &str, lines: impl Iterator<Item = &'a str>) -> fmt::Result {
    let mut lines = lines.peekable();
    if lines.peek().is_some() {
        writeln!(f, "\n{title}")?;
    }
    lines.try_for_each(|line| writeln!(f, "  {}", Printable(line)))
}

impl Explanation {
    fn write_request(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let request = &self.request;
        let principal = request.principal.as_deref().unwrap_or("anonymous");
        writeln!(f, "\nRequest")?;
        writeln!(f, "  principal  {}", Printable(principal))?;
        writeln!(f, "  action     {}", Printable(&request.action))?;
        writeln!(f, "  resource   {}", Printable(&request.resource))?;
        if let Some(account) = &request.resource_account {
            writeln!(f, "  owner      {}", Printable(account))?;
        }
        for (key, value) in &request.context {
            writeln!(f, "  {} = {value}", Printable(key))?;
        }
        Ok(())
    }
}

impl Display for ExplainedPolicy {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "  {}", self.kind.name())?;
        if let Some(level) = self.level {
            write!(f, " of level {}", level + 1)?;
        }
        match &self.arn {
            Some(arn) => write!(f, " {}", Printable(arn))?,
            None => write!(f, " `{}`", Printable(&self.name))?,
        }
        if let Some(holder) = &self.holder {
            let how = if holder.contains(":group/") {
                "through"
            } else {
                "attached to"
            };
            write!(f, ", {how} {}", Printable(holder))?;
        }
        f.write_char('\n')?;
        self.statements.iter().try_for_each(|statement| statement.fmt(f))
    }
}

impl Display for ExplainedStatement {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "    statement {}", self.index + 1)?;
        if let Some(sid) = self.sid.as_deref().filter(|sid| !sid.is_empty()) {
            write!(f, " `{}`", Printable(sid))?;
        }
        if self.span.line > 0 {
            write!(f, " (line {}, column {})", self.span.line, self.span.column)?;
        }
        let verb = if self.applies { "applies" } else { "does not apply" };
        writeln!(f, ", {:?}: {verb}", self.effect)?;
        self.parts.iter().try_for_each(|part| part.fmt(f))
    }
}

impl Display for Part {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mark = if self.matched { "yes" } else { "NO " };
        write!(f, "      {mark} {:?}", self.element)?;
        if let (Some(operator), Some(key)) = (&self.operator, &self.key) {
            write!(f, " {} {}", Printable(operator), Printable(key))?;
        }
        let shown = if self.resolved.is_empty() {
            &self.wanted
        } else {
            &self.resolved
        };
        write!(f, ": {}", List(shown))?;
        if !self.resolved.is_empty() {
            write!(f, " (written {})", List(&self.wanted))?;
        }
        match (&self.actual, self.element) {
            (Some(actual), _) => writeln!(f, "; the request has {actual}"),
            (None, Element::Condition) => writeln!(f, "; the request has no such key"),
            (None, _) => f.write_char('\n'),
        }
    }
}

impl Display for Edit {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            // The sentence says it all.
            Edit::Context { .. } => Ok(()),
            Edit::AddStatement {
                kind, statement, by, ..
            } => {
                writeln!(f, "     {}: {}", kind.name(), Printable(statement))?;
                writeln!(f, "       by {}", Printable(by))
            }
            Edit::Attach { by, .. } | Edit::Except { by, .. } | Edit::Detach { by, .. } => {
                writeln!(f, "     by {}", Printable(by))
            }
        }
    }
}

impl Display for Actual {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Actual::One(value) => write!(f, "`{}`", Printable(value)),
            Actual::Many(values) if values.is_empty() => f.write_str("an empty list"),
            Actual::Many(values) => List(values).fmt(f),
        }
    }
}

/// Values between commas.
struct List<'a>(&'a [String]);

impl Display for List<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("nothing");
        }
        for (number, value) in self.0.iter().enumerate() {
            let comma = if number > 0 { ", " } else { "" };
            write!(f, "{comma}`{}`", Printable(value))?;
        }
        Ok(())
    }
}

/// Text from policies and requests, whose control characters must not reach a terminal.
struct Printable<'a>(&'a str);

impl Display for Printable<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0
            .chars()
            .try_for_each(|character| match character.is_control() {
                true => write!(f, "{}", character.escape_default()),
                false => f.write_char(character),
            })
    }
}
