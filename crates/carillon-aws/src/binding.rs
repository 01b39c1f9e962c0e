//! Where the members of a REST operation stand in a request, and which operation a request means.
//!
//! A binding is one line that reads like the request it binds:
//!
//! ```
//! use carillon_aws::binding::{Binding, Route, Router};
//!
//! const LIST_USERS: Binding =
//!     Binding::new("GET /accounts/{AccountId}/users?max-results={MaxResults}&next-token={NextToken}");
//! const GET_USER_BY_EMAIL: Binding =
//!     Binding::new("GET /accounts/{AccountId}/users?operation=get-by-email&user-email={UserEmail}");
//!
//! let router = Router::new(&[LIST_USERS, GET_USER_BY_EMAIL]).expect("no two alike");
//! let route = router.find("GET", "/accounts/1/users", Some("operation=get-by-email&user-email=a%40b.de"));
//! let Ok(Route::Found { index: 1, text }) = route else { panic!("found something else") };
//! assert_eq!(text["AccountId"], "1");
//! assert_eq!(text["UserEmail"], "a@b.de");
//! ```
//!
//! `{Member}` takes the value from that place, `name=value` in the query must be there as it is, and
//! members that the line does not name come from the body. A malformed line does not compile:
//!
//! ```compile_fail
//! # use carillon_aws::binding::Binding;
//! const WRONG: Binding = Binding::new("GET accounts/{AccountId}");
//! ```

mod router;
mod syntax;

pub use router::{Ambiguous, Malformed, Route, Router};

/// The places of an operation's members in the path and the query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Binding {
    line: &'static str,
}

/// A segment of a binding's path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Segment {
    Fixed(&'static str),
    /// The whole segment is the value of this member.
    Label(&'static str),
}

/// A query member of a binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueryMember {
    /// Must be present with this value.
    Fixed { name: &'static str, value: &'static str },
    /// Is the value of a member, if present.
    Bound {
        name: &'static str,
        member: &'static str,
    },
}

impl Binding {
    /// Checks the form of a binding.
    ///
    /// # Panics
    ///
    /// When the line is malformed or names a member twice. In a constant that is an error of the compiler.
    pub const fn new(line: &'static str) -> Self {
        syntax::check(line);
        Self { line }
    }

    /// The line as it was written.
    pub const fn as_str(self) -> &'static str {
        self.line
    }

    /// The HTTP method.
    pub fn method(self) -> &'static str {
        self.line.split(' ').next().unwrap_or_default()
    }

    /// The segments of the path, from the left; none for `/`.
    pub fn segments(self) -> impl Iterator<Item = Segment> {
        self.path()
            .split('/')
            .filter(|segment| !segment.is_empty())
            .map(|segment| match label(segment) {
                Some(member) => Segment::Label(member),
                None => Segment::Fixed(segment),
            })
    }

    /// The query members, from the left.
    pub fn query(self) -> impl Iterator<Item = QueryMember> {
        let query = self.line.split_once('?').map_or("", |(_, query)| query);
        query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            match label(value) {
                Some(member) => QueryMember::Bound { name, member },
                None => QueryMember::Fixed { name, value },
            }
        })
    }

    /// The path with its labels, without the query: `/accounts/{AccountId}/users`.
    pub fn path(self) -> &'static str {
        let target = self.line.split_once(' ').map_or("", |(_, target)| target);
        target.split('?').next().unwrap_or_default()
    }

    /// Whether a member's value comes from the path or the query, so that the body has no say in it.
    pub fn binds(self, member: &str) -> bool {
        self.segments()
            .any(|segment| matches!(segment, Segment::Label(label) if label == member))
            || self
                .query()
                .any(|query| matches!(query, QueryMember::Bound { member: bound, .. } if bound == member))
    }
}

fn label(text: &str) -> Option<&str> {
    text.strip_prefix('{')?.strip_suffix('}')
}

#[cfg(test)]
mod tests;
