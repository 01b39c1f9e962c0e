//! What is wrong with an input, in AWS's words.

use std::fmt;

/// Values are shown up to this many characters.
const SHOWN: usize = 256;

/// One thing that is wrong with an input. Its `Display` is AWS's sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Violation {
    /// The value has not the type of the member: not a matter of constraints, but of reading the request.
    WrongType {
        /// Camel-case path; empty for the input as a whole.
        path: String,
        /// What it should be, as in "must be a string".
        expected: &'static str,
    },
    /// The value breaks a constraint.
    Unsatisfied {
        path: String,
        shown: Shown,
        constraint: Constraint,
    },
}

/// How a message refers to the value it complains about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// There is none.
    Null,
    /// It is sensitive.
    Hidden,
    /// Its text, cut to a sane length.
    Text(String),
}

impl Shown {
    pub(super) fn new(text: &str) -> Self {
        Self::Text(match text.char_indices().nth(SHOWN) {
            Some((end, _)) => format!("{}...", &text[..end]),
            None => text.to_owned(),
        })
    }
}

/// What a member must satisfy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Constraint {
    NotNull,
    MinLength(u64),
    MaxLength(u64),
    Pattern(String),
    /// A pattern that AWS puts in a sentence.
    Form {
        pattern: String,
        sentence: String,
    },
    OneOf(Vec<String>),
    Minimum(String),
    Maximum(String),
    Unique,
    /// Each item of a list must satisfy all of these.
    Items(Vec<Constraint>),
    /// Each key of a map must satisfy all of these.
    Keys(Vec<Constraint>),
    /// Each value of a map must satisfy all of these.
    Values(Vec<Constraint>),
}

impl Violation {
    /// Whether the input could not be read at all, rather than holding a value that is not allowed.
    pub fn is_wrong_type(&self) -> bool {
        matches!(self, Self::WrongType { .. })
    }

    fn is_of_form(&self) -> bool {
        matches!(
            self,
            Self::Unsatisfied {
                constraint: Constraint::Form { .. },
                ..
            }
        )
    }

    /// The camel-case path of the member, such as `tags.1.member.key`.
    pub fn path(&self) -> &str {
        match self {
            Self::WrongType { path, .. } | Self::Unsatisfied { path, .. } => path,
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongType { path, expected } if path.is_empty() => {
                write!(f, "the input must be {expected}")
            }
            Self::WrongType { path, expected } => write!(f, "member `{path}` must be {expected}"),
            Self::Unsatisfied {
                path,
                constraint: Constraint::Form { sentence, .. },
                ..
            } => write!(f, "The specified value for {path} is invalid. {sentence}"),
            Self::Unsatisfied {
                path,
                shown,
                constraint,
            } => {
                match shown {
                    Shown::Null => f.write_str("Value null at")?,
                    Shown::Hidden => f.write_str("Value at")?,
                    Shown::Text(text) => write!(f, "Value '{text}' at")?,
                }
                write!(f, " '{path}' failed to satisfy constraint: {constraint}")
            }
        }
    }
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotNull => f.write_str("Member must not be null"),
            Self::MinLength(min) => write!(f, "Member must have length greater than or equal to {min}"),
            Self::MaxLength(max) => write!(f, "Member must have length less than or equal to {max}"),
            Self::Pattern(pattern) | Self::Form { pattern, .. } => {
                write!(f, "Member must satisfy regular expression pattern: {pattern}")
            }
            Self::OneOf(values) => write!(f, "Member must satisfy enum value set: [{}]", values.join(", ")),
            Self::Minimum(min) => write!(f, "Member must have value greater than or equal to {min}"),
            Self::Maximum(max) => write!(f, "Member must have value less than or equal to {max}"),
            Self::Unique => f.write_str("Member must have unique values"),
            Self::Items(all) => write!(f, "Member must satisfy constraint: {}", Bracketed(all)),
            Self::Keys(all) => write!(f, "Map keys must satisfy constraint: {}", Bracketed(all)),
            Self::Values(all) => write!(f, "Map value must satisfy constraint: {}", Bracketed(all)),
        }
    }
}

struct Bracketed<'a>(&'a [Constraint]);

impl fmt::Display for Bracketed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (i, constraint) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(", ")?;
            }
            constraint.fmt(f)?;
        }
        f.write_str("]")
    }
}

/// The message of a `ValidationError` (IAM, STS) or `BadRequestException` (Chime) for these violations.
///
/// Values of the wrong type are answered before constraints are looked at: if there is one, the message
/// is its sentence alone. A sentence about the form of a value, too, stands alone: instead of what else is
/// wrong with that value, and after what is wrong with others.
pub fn violations_message(violations: &[Violation]) -> String {
    if let Some(wrong) = violations.iter().find(|violation| violation.is_wrong_type()) {
        return wrong.to_string();
    }
    let (forms, others): (Vec<_>, Vec<_>) = violations.iter().partition(|violation| violation.is_of_form());
    let misshapen = |violation: &Violation| forms.iter().any(|form| form.path() == violation.path());
    let violations: Vec<_> = others
        .into_iter()
        .filter(|violation| !misshapen(violation))
        .collect();
    if let (true, Some(form)) = (violations.is_empty(), forms.first()) {
        return form.to_string();
    }
    let noun = if violations.len() == 1 { "error" } else { "errors" };
    let sentences: Vec<String> = violations.iter().map(ToString::to_string).collect();
    format!(
        "{} validation {noun} detected: {}",
        violations.len(),
        sentences.join("; ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_are_cut_at_a_character() {
        let shown = Shown::new(&"é".repeat(1000));
        assert_eq!(shown, Shown::Text(format!("{}...", "é".repeat(SHOWN))));
    }

    #[test]
    fn a_wrong_type_speaks_alone() {
        let wrong = Violation::WrongType {
            path: "name".into(),
            expected: "a string",
        };
        let missing = Violation::Unsatisfied {
            path: "id".into(),
            shown: Shown::Null,
            constraint: Constraint::NotNull,
        };
        assert_eq!(
            violations_message(&[missing.clone(), wrong]),
            "member `name` must be a string"
        );
        assert_eq!(
            violations_message(std::slice::from_ref(&missing)),
            "1 validation error detected: Value null at 'id' failed to satisfy constraint: Member must not be null"
        );
    }

    #[test]
    fn a_form_speaks_after_others_and_instead_of_its_own() {
        let of = |path: &str, constraint| Violation::Unsatisfied {
            path: path.into(),
            shown: Shown::new("a b"),
            constraint,
        };
        let form = of(
            "userName",
            Constraint::Form {
                pattern: "[a-z]+".into(),
                sentence: "It must be small.".into(),
            },
        );
        let long = of("userName", Constraint::MaxLength(2));
        assert_eq!(
            violations_message(&[form.clone(), long.clone()]),
            "The specified value for userName is invalid. It must be small."
        );
        assert_eq!(
            violations_message(&[form, long, of("maxItems", Constraint::Maximum("1".into()))]),
            "1 validation error detected: Value 'a b' at 'maxItems' failed to satisfy constraint: \
             Member must have value less than or equal to 1"
        );
    }
}
