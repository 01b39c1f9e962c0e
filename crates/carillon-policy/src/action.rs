//! `Action` and `NotAction` strings.

use crate::pattern::{Language, Pattern};

/// One string of an `Action` or `NotAction` element, in lower case: actions compare without regard to case.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ActionPattern {
    /// `*`
    Any,
    /// `service:name`; the service is never a pattern.
    Of { service: Box<str>, name: Pattern },
    /// No real action looks like this, so it matches none and excludes none.
    Unusable,
}

impl ActionPattern {
    pub fn compile(text: &str) -> ActionPattern {
        let stars = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte == b'*');
        if stars(text) {
            return ActionPattern::Any;
        }
        let Some((service, name)) = text.split_once(':') else {
            return ActionPattern::Unusable;
        };
        // Our choice, as people expect: `*:*` is everything. `*:Name` matches nothing.
        if service == "*" && stars(name) {
            return ActionPattern::Any;
        }
        let service_is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
        let usable = !service.is_empty()
            && service.bytes().all(service_is_plain)
            && !name.is_empty()
            && !name.contains(':')
            && !name.contains(char::is_whitespace);
        if !usable {
            return ActionPattern::Unusable;
        }
        let name = name.to_ascii_lowercase();
        ActionPattern::Of {
            service: service.to_ascii_lowercase().into_boxed_str(),
            name: Pattern::compile(
                &name,
                Language {
                    variables: false,
                    wildcards: true,
                },
            ),
        }
    }

    /// `action` is in lower case.
    pub fn matches(&self, action: &str) -> bool {
        self.matches_parts(action.split_once(':'))
    }

    /// As [`ActionPattern::matches`] for the service and the name, if the action has both.
    fn matches_parts(&self, action: Option<(&str, &str)>) -> bool {
        match self {
            ActionPattern::Any => true,
            ActionPattern::Unusable => false,
            ActionPattern::Of { service, name } => action
                .is_some_and(|(asked, asked_name)| **service == *asked && name.matches_plain(asked_name)),
        }
    }
}

/// The action element of a statement.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ActionElement {
    pub action: Option<Vec<ActionPattern>>,
    pub not_action: Option<Vec<ActionPattern>>,
}

impl ActionElement {
    /// Whether the element lets a request with these spellings of its action (lower case) through. An
    /// element with neither list, which only lenient reading can give, matches none.
    pub fn matches<'a>(&self, actions: impl Iterator<Item = &'a str> + Clone) -> bool {
        let any = |patterns: &[ActionPattern]| {
            let mut parts = actions.clone().map(|action| action.split_once(':'));
            parts.any(|parts| patterns.iter().any(|pattern| pattern.matches_parts(parts)))
        };
        match (&self.action, &self.not_action) {
            (None, None) => false,
            (action, not_action) => {
                action.as_deref().is_none_or(any) && !not_action.as_deref().is_some_and(any)
            }
        }
    }
}

/// Whether one string of an `Action` element means an action, in whatever case both are written.
pub fn action_matches(pattern: &str, action: &str) -> bool {
    ActionPattern::compile(pattern).matches(LowerCase::new(action).as_str())
}

/// A request's action in lower case, without allocation for every action that exists.
pub(crate) struct LowerCase {
    inline: [u8; LowerCase::INLINE],
    length: usize,
    longer: String,
}

impl LowerCase {
    /// The longest action names of AWS have some 70 characters.
    const INLINE: usize = 96;

    pub fn new(text: &str) -> LowerCase {
        let mut lower = LowerCase {
            inline: [0; LowerCase::INLINE],
            length: 0,
            longer: String::new(),
        };
        match lower.inline.get_mut(..text.len()) {
            Some(place) => {
                place.copy_from_slice(text.as_bytes());
                place.make_ascii_lowercase();
                lower.length = text.len();
            }
            None => lower.longer = text.to_ascii_lowercase(),
        }
        lower
    }

    pub fn as_str(&self) -> &str {
        if !self.longer.is_empty() {
            return &self.longer;
        }
        // Lower-casing ASCII letters keeps UTF-8 valid.
        self.inline
            .get(..self.length)
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_match_the_actions_they_should() {
        for (pattern, action, expected) in [
            ("*", "chime:listusers", true),
            ("**", "chime:listusers", true),
            ("*:*", "chime:listusers", true),
            ("*:**", "chime:listusers", true),
            ("*:ListUsers", "chime:listusers", false),
            ("chime:*", "chime:listusers", true),
            ("CHIME:LISTUSERS", "chime:listusers", true),
            ("chime:List*", "chime:listusers", true),
            ("chime:L?stUsers", "chime:listusers", true),
            ("chime:L?istUsers", "chime:listusers", false),
            ("chime:*Users*", "chime:listusers", true),
            ("chime:Get*", "chime:listusers", false),
            ("chime*:ListUsers", "chime:listusers", false),
            ("ch?me:ListUsers", "chime:listusers", false),
            ("chime:", "chime:", false),
            ("chime:List Users", "chime:list users", false),
            ("chime:ListUsers ", "chime:listusers", false),
            ("chime:List:Users", "chime:list:users", false),
            (":ListUsers", ":listusers", false),
            ("ListUsers", "chime:listusers", false),
            ("", "chime:listusers", false),
            ("chime:ListUsers,chime:GetUser", "chime:listusers", false),
            ("execute-api:Invoke", "execute-api:invoke", true),
            ("a.b:c", "a.b:c", true),
            ("?", "a", false),
        ] {
            assert_eq!(
                ActionPattern::compile(pattern).matches(action),
                expected,
                "{pattern} on {action}"
            );
        }
    }

    #[test]
    fn long_actions_are_lowered_too() {
        for length in [0, 1, 95, 96, 97, 5000] {
            assert_eq!(LowerCase::new(&"Q".repeat(length)).as_str(), "q".repeat(length));
        }
        assert_eq!(LowerCase::new("É:Ü").as_str(), "É:Ü");
    }
}
