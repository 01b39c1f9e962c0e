//! What a person says of itself when it comes.

use carillon_aws::secret::Secret;

use super::page::{DISPLAY_NAME, PASSWORD, Problem};
use super::visit::Form;
use crate::name::require_printable;

/// Characters of a new password, at least.
const SHORTEST: usize = 10;
/// Words that passwords are made of which everybody tries first, one a line.
const COMMON: &str = include_str!("common_passwords.txt");

/// A person who comes.
pub(super) struct New {
    pub display_name: String,
    pub password: Secret<String>,
}

impl New {
    /// Reads name and password of a form of somebody with this address.
    pub fn read(form: &Form, email: &str) -> Result<Self, Problem> {
        Ok(Self {
            display_name: display_name(form)?,
            password: new_password(form, email)?,
        })
    }
}

/// The name in a form.
pub(super) fn display_name(form: &Form) -> Result<String, Problem> {
    let name = form.get("display_name").trim();
    let problem = |text| Problem {
        field: "display_name",
        text,
    };
    if name.is_empty() {
        return Err(problem("Enter your full name."));
    }
    if name.chars().count() > DISPLAY_NAME {
        return Err(problem("A name has at most 128 characters."));
    }
    if require_printable("name", name).is_err() {
        return Err(problem("A name is one line of text."));
    }
    Ok(name.to_owned())
}

/// The new password in a form of somebody with this address.
pub(super) fn new_password(form: &Form, email: &str) -> Result<Secret<String>, Problem> {
    let password = form.secret("new_password");
    let problem = |text| Problem {
        field: "new_password",
        text,
    };
    let length = password.expose().chars().count();
    if !(SHORTEST..=PASSWORD).contains(&length) {
        return Err(problem("A password has 10 to 256 characters."));
    }
    if is_guessable(password.expose(), email) {
        return Err(problem(
            "Many people would try this password first. Choose one that is less common, and not your address.",
        ));
    }
    Ok(password)
}

/// Whether a password of the right length is among those that are tried first: words of `common_passwords.txt` and of
/// the address, however they are written and whatever digits are around them; a row of keys; a short piece over and
/// over.
fn is_guessable(password: &str, email: &str) -> bool {
    let password = password.to_lowercase();
    let email = email.to_lowercase();
    let core = password.trim_matches(|c: char| !c.is_alphabetic());
    let (local, domain) = email.rsplit_once('@').unwrap_or((&email, ""));
    let own: Vec<String> = local
        .split(|c: char| !c.is_alphanumeric())
        .chain(domain.split('.'))
        .map(letters)
        .collect();
    let words: Vec<&str> = COMMON.lines().chain(own.iter().map(String::as_str)).collect();
    password.contains(&email)
        || is_made_of(&letters(core), &words)
        || is_repeated(&password)
        || is_row(&password)
        || is_row(core)
}

/// The letters of a text, also those that are written as digits and signs.
fn letters(text: &str) -> String {
    let plain = |c| match c {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    };
    text.chars().map(plain).filter(|c| c.is_alphabetic()).collect()
}

/// Whether a text is words of a list one after the other, and nothing else.
fn is_made_of(text: &str, words: &[&str]) -> bool {
    if text.is_empty() {
        return false;
    }
    let bytes = text.as_bytes();
    // Up to where the text is made of words.
    let mut reached = vec![false; bytes.len() + 1];
    reached[0] = true;
    for at in 0..bytes.len() {
        if !reached[at] {
            continue;
        }
        for word in words.iter().filter(|word| !word.is_empty()) {
            if bytes[at..].starts_with(word.as_bytes()) {
                reached[at + word.len()] = true;
            }
        }
    }
    reached[bytes.len()]
}

/// Whether a text is a piece of at most four characters over and over.
fn is_repeated(text: &str) -> bool {
    let characters: Vec<char> = text.chars().collect();
    (1..=4).any(|period| {
        characters
            .iter()
            .zip(&characters[period.min(characters.len())..])
            .all(|(a, b)| a == b)
    })
}

/// Whether a text is a run along the alphabet, the digits or a keyboard, in either direction.
fn is_row(text: &str) -> bool {
    const ROWS: &[&str] = &[
        "abcdefghijklmnopqrstuvwxyz",
        "012345678901234567890",
        "1234567890qwertyuiopasdfghjklzxcvbnm",
        "1234567890qwertzuiopasdfghjklyxcvbnm",
        "azertyuiopqsdfghjklmwxcvbn",
        "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
        "q1w2e3r4t5y6u7i8o9p0",
        "1q2w3e4r5t6y7u8i9o0p",
    ];
    let back: String = text.chars().rev().collect();
    !text.is_empty() && ROWS.iter().any(|row| row.contains(text) || row.contains(&back))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_everybody_tries_first_is_refused() {
        for password in [
            "password123",
            "P@ssw0rd2024!",
            "passwordpassword",
            "1234567890",
            "0987654321",
            "qwertyuiop",
            "Qwertyuiop123",
            "1q2w3e4r5t",
            "aaaaaaaaaaaa",
            "abcabcabcabc",
            "abcdefghij",
            "iloveyou2024",
            "Welcome2024!",
            "administrator",
            "letmein12345",
            "chime-chime-1",
            "ada.lovelace1815",
            "ada.lovelace@example.com",
            "xx ADA.lovelace@example.com",
            "Example2024!!",
        ] {
            assert!(is_guessable(password, "ada.lovelace@example.com"), "{password}");
        }
    }

    #[test]
    fn what_people_make_up_is_taken() {
        for password in [
            "correct horse battery 9",
            "Tr0ub4dor&3-staple",
            "my aunt's blue bicycle",
            "gzR7#kq2Lm",
            "ключ от старого сарая",
            "70317 45120 88",
        ] {
            assert!(!is_guessable(password, "ada@example.com"), "{password}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_judged(password in "\\PC{0,40}", email in "\\PC{0,20}") {
            let _ = is_guessable(&password, &email);
        }
    }
}
