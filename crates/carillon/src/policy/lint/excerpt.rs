//! A finding with the line it is about, for people.

use std::fmt::Write as _;

use carillon_policy::validate::{Finding, Fix, Severity};

use super::Linted;

/// Characters of a line that are shown before and after the place.
const AROUND: usize = 60;

struct Style {
    severity: &'static str,
    bold: &'static str,
    margin: &'static str,
    plain: &'static str,
}

impl Style {
    fn of(severity: Severity, colours: bool) -> Self {
        if !colours {
            return Self {
                severity: "",
                bold: "",
                margin: "",
                plain: "",
            };
        }
        Self {
            severity: match severity {
                Severity::Error => "\x1b[1;31m",
                Severity::SecurityWarning => "\x1b[1;35m",
                Severity::Warning => "\x1b[1;33m",
                Severity::Suggestion => "\x1b[1;36m",
            },
            bold: "\x1b[1m",
            margin: "\x1b[1;34m",
            plain: "\x1b[0m",
        }
    }
}

/// Adds a finding with its source.
pub fn write(text: &mut String, file: &Linted, finding: &Finding, colours: bool) {
    let Style {
        severity,
        bold,
        margin,
        plain,
    } = Style::of(finding.severity, colours);
    let start = finding.span.start;
    let name = finding.severity.as_str().to_ascii_lowercase().replace('_', " ");
    // Writing to a string does not fail.
    let _ = writeln!(
        text,
        "{severity}{name}[{}]{plain}{bold}: {}{plain}",
        finding.code,
        clean(&finding.message)
    );
    let number = start.line.to_string();
    let gap = " ".repeat(number.len());
    let _ = writeln!(
        text,
        "{gap}{margin}-->{plain} {}:{}:{}",
        file.name, start.line, start.column
    );
    let (line, marks) = excerpt(&file.text, finding);
    let _ = writeln!(text, "{gap} {margin}|{plain}");
    let _ = writeln!(text, "{margin}{number} |{plain} {line}");
    let _ = writeln!(text, "{gap} {margin}|{plain} {severity}{marks}{plain}");
    if let Some(fix) = &finding.fix {
        let _ = writeln!(
            text,
            "{gap} {margin}={plain} {bold}fix{plain}: {}",
            told(&file.text, fix)
        );
    }
    if let Some(suggestion) = &finding.suggestion {
        let _ = writeln!(
            text,
            "{gap} {margin}={plain} {bold}help{plain}: {}",
            clean(suggestion)
        );
    }
    text.push('\n');
}

/// The line a finding begins in, cut to what is around it, and the marks under it.
fn excerpt(text: &str, finding: &Finding) -> (String, String) {
    let (start, end) = (finding.span.start, finding.span.end);
    let line: Vec<char> = text
        .lines()
        .nth(start.line - 1)
        .unwrap_or_default()
        .chars()
        .collect();
    let first = start.column - 1;
    let last = if end.line == start.line {
        end.column - 1
    } else {
        line.len()
    };
    let from = first.saturating_sub(AROUND);
    let to = line.len().min(last.min(first + AROUND) + AROUND);
    let mut shown = String::new();
    let mut marks = String::new();
    if from > 0 {
        shown.push_str("...");
        marks.push_str("   ");
    }
    for (index, character) in line.iter().enumerate().take(to).skip(from) {
        // A tab would put the marks elsewhere, and a control character could be worse.
        shown.push(if character.is_control() { ' ' } else { *character });
        if index < last.max(first + 1) {
            marks.push(if index < first { ' ' } else { '^' });
        }
    }
    if to < line.len() {
        shown.push_str("...");
    }
    if first >= line.len() {
        marks.push_str(&" ".repeat((first - from).saturating_sub(line.len() - from)));
        marks.push('^');
    }
    (shown, marks)
}

/// A fix in words.
fn told(text: &str, fix: &Fix) -> String {
    let (start, end) = (fix.span.start, fix.span.end);
    let old = short(text.get(start.byte..end.byte).unwrap_or_default());
    let new = short(&fix.text);
    let place = format!("line {}, column {}", start.line, start.column);
    match (old.is_empty(), new.is_empty()) {
        (true, _) => format!("insert `{new}` at {place}"),
        (false, true) => format!("remove `{old}` at {place}"),
        (false, false) => format!("replace `{old}` by `{new}` at {place}"),
    }
}

fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= AROUND {
        return clean(&line);
    }
    clean(
        &line
            .chars()
            .take(AROUND - 3)
            .chain("...".chars())
            .collect::<String>(),
    )
}

/// Text from a policy must not steer the terminal.
fn clean(text: &str) -> String {
    text.chars()
        .map(|character| {
            if character.is_control() {
                '\u{fffd}'
            } else {
                character
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use carillon_policy::PolicyType;
    use carillon_policy::validate::{Catalogue, validate};

    use super::*;

    fn written(text: &str, code: &str) -> String {
        let findings = validate(text, PolicyType::Identity, &Catalogue::default());
        let finding = findings
            .iter()
            .find(|finding| finding.code.name() == code)
            .expect(code)
            .clone();
        let file = Linted {
            name: "p.json".to_owned(),
            text: text.to_owned(),
            findings,
            fixed: 0,
        };
        let mut written = String::new();
        write(&mut written, &file, &finding, false);
        written
    }

    #[test]
    fn the_place_is_under_its_line() {
        let text = "{\"Version\": \"2012-10-17\",\n\t\"Statement\": {\"Effect\": \"allow\", \"Action\": \"s3:Get*\", \"Resource\": \"*\"}}";
        assert_eq!(
            written(text, "INVALID_EFFECT"),
            "error[INVALID_EFFECT]: `allow` is no effect; use `Allow` or `Deny`\n \
             --> p.json:2:26\n  \
             |\n\
             2 |  \"Statement\": {\"Effect\": \"allow\", \"Action\": \"s3:Get*\", \"Resource\": \"*\"}}\n  \
             |                          ^^^^^^^\n  \
             = fix: replace `\"allow\"` by `\"Allow\"` at line 2, column 26\n\n"
        );
    }

    #[test]
    fn a_long_line_is_cut_and_the_end_of_the_text_has_a_mark() {
        let long = format!(
            "{{\"Version\": \"2012-10-17\", \"Id\": \"{}\", \"Statement\": [",
            "x".repeat(500)
        );
        let written = written(&long, "JSON_SYNTAX_ERROR");
        let marks = written.lines().nth(4).expect("marks");
        let line = written.lines().nth(3).expect("a line");
        assert!(line.contains("| ...x"), "{written}");
        assert_eq!(marks.find('^'), Some(line.len()), "{written}");
    }

    #[test]
    fn a_policy_does_not_steer_the_terminal() {
        let text = "{\"Statement\": [], \"\u{1b}[31m\": 1}";
        assert!(!written(text, "INVALID_POLICY_ELEMENT").contains('\u{1b}'));
    }
}
