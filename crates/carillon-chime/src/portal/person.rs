//! What a person says of itself when it comes.

use carillon_aws::secret::Secret;

use super::page::{DISPLAY_NAME, PASSWORD, Problem};
use super::visit::Form;
use crate::name::require_printable;

/// Characters of a new password, at least.
const SHORTEST: usize = 10;

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
pub(super) fn new_password(form: &Form, _email: &str) -> Result<Secret<String>, Problem> {
    let password = form.secret("new_password");
    let length = password.expose().chars().count();
    if !(SHORTEST..=PASSWORD).contains(&length) {
        return Err(Problem {
            field: "new_password",
            text: "A password has 10 to 256 characters.",
        });
    }
    Ok(password)
}
