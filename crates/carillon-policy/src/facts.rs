//! What a request's context holds, read once however many conditions ask.

use std::borrow::Cow;
use std::cell::OnceCell;

use crate::condition::boolean;
use crate::context::{Context, ContextValue};
use crate::value;

/// Keys that conditions ask for most, and the form in which they mostly compare them.
const KEPT: [(&str, Form); 8] = [
    ("aws:sourceip", Form::Address),
    ("aws:multifactorauthpresent", Form::Truth),
    ("aws:multifactorauthage", Form::Whole),
    ("aws:requestedregion", Form::Text),
    ("aws:username", Form::Text),
    ("aws:securetransport", Form::Truth),
    ("aws:currenttime", Form::Instant),
    ("aws:tokenissuetime", Form::Instant),
];

/// The form in which a condition compares values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Text,
    Truth,
    /// A whole number.
    Whole,
    Instant,
    Address,
}

/// A value in the form in which it is compared.
#[derive(Debug)]
pub(crate) enum Fact<'a> {
    /// The key is not there.
    Absent,
    Text(Cow<'a, str>),
    Truth(bool),
    Whole(i64),
    Instant(i128),
    Address((bool, u128)),
    /// A list, or a value of another form: the context has to be asked.
    Other,
}

/// A key whose value is kept in one form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Kept(u8);

impl Kept {
    /// `key` is in lower case.
    pub fn of(key: &str, form: Form) -> Option<Kept> {
        let place = KEPT.iter().position(|known| *known == (key, form))?;
        u8::try_from(place).ok().map(Kept)
    }
}

/// The context of one request, with the values that were asked for.
#[repr(C)]
pub(crate) struct Facts<'a> {
    kept: [OnceCell<Fact<'a>>; KEPT.len()],
    pub context: &'a dyn Context,
}

impl<'a> Facts<'a> {
    pub fn new(context: &'a dyn Context) -> Facts<'a> {
        Facts {
            context,
            kept: Default::default(),
        }
    }

    #[inline]
    pub fn get(&self, kept: Kept) -> &Fact<'a> {
        let place = usize::from(kept.0);
        match (self.kept.get(place), KEPT.get(place)) {
            (Some(cell), Some((key, form))) => cell.get_or_init(|| self.read(key, *form)),
            _ => &Fact::Other,
        }
    }

    #[cold]
    fn read(&self, key: &str, form: Form) -> Fact<'a> {
        let text = match self.context.get(key) {
            None => return Fact::Absent,
            Some(ContextValue::Many(_)) => return Fact::Other,
            Some(ContextValue::One(text)) => text,
        };
        let fact = match form {
            Form::Text => return Fact::Text(text),
            Form::Truth => boolean(&text).map(Fact::Truth),
            Form::Whole => value::whole(&text).map(Fact::Whole),
            Form::Instant => value::instant(&text).map(Fact::Instant),
            Form::Address => value::address_bits(&text).map(Fact::Address),
        };
        fact.unwrap_or(Fact::Other)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::condition::{compile, operator_names};
    use crate::context::MapContext;

    const VALUES: [&str; 20] = [
        "",
        "ana",
        "a*",
        "${aws:username}",
        "${none}",
        "true",
        "FALSE",
        "7",
        "+7",
        "-0",
        "007",
        "7.0",
        "7.5",
        "1234567890123456789",
        "2026-01-01",
        "1767225600",
        "10.1.2.3",
        "10.0.0.0/8",
        "::ffff:10.1.2.3",
        "2001:db8::1",
    ];

    /// What conditions on a key make of each value, of none, and of a list.
    fn outcomes(operator: &str, key: &str, wanted: &Value) -> Vec<bool> {
        let condition = json!({ operator: { key: wanted } });
        let tests = compile(&crate::syntax::from_json(&condition), true);
        let contexts = VALUES.iter().map(|value| {
            let mut context = MapContext::new();
            context.set("aws:username", "ana").set(key, *value);
            context
        });
        let mut lists = [MapContext::new(), MapContext::new(), MapContext::new()];
        lists[0].set_many(key, ["7", "true"]);
        lists[1].set_many(key, ["10.1.2.3"; 0]);
        let mut outcomes = Vec::new();
        for context in contexts.chain(lists) {
            let facts = Facts::new(&context);
            let holds = || tests.iter().all(|test| test.holds(&facts));
            outcomes.push(holds());
            assert_eq!(
                outcomes.last(),
                Some(&holds()),
                "asked again: {condition} in {context:?}"
            );
        }
        outcomes
    }

    #[test]
    fn what_is_kept_of_a_key_makes_no_difference() {
        for operator in operator_names() {
            for set in ["", "ForAllValues:", "ForAnyValue:"] {
                for suffix in ["", "IfExists"] {
                    let operator = format!("{set}{operator}{suffix}");
                    for (number, value) in VALUES.iter().enumerate() {
                        let wanted = json!([value, VALUES[(number * 7 + 3) % VALUES.len()]]);
                        let expected = outcomes(&operator, "other", &wanted);
                        for (key, _) in KEPT.iter().filter(|(key, _)| *key != "aws:username") {
                            assert_eq!(
                                outcomes(&operator, key, &wanted),
                                expected,
                                "{operator} on {key}: {wanted}"
                            );
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn the_form_that_is_kept_is_the_one_that_is_compared() {
        for (key, form) in KEPT {
            assert!(Kept::of(key, form).is_some());
            assert_eq!(key, key.to_lowercase());
        }
        assert_eq!(Kept::of("aws:sourceip", Form::Text), None);
        let mut context = MapContext::new();
        context
            .set("aws:SourceIp", "10.1.2.3")
            .set("aws:MultiFactorAuthAge", "7.5");
        let facts = Facts::new(&context);
        let of = |key, form| facts.get(Kept::of(key, form).unwrap());
        assert!(matches!(of("aws:sourceip", Form::Address), Fact::Address(_)));
        assert!(matches!(of("aws:multifactorauthage", Form::Whole), Fact::Other));
        assert!(matches!(of("aws:currenttime", Form::Instant), Fact::Absent));
    }
}
