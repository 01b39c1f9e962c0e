//! Finding the operation of a request among all bindings of a service.

use std::borrow::Cow;

use percent_encoding::percent_decode;
use serde_json::{Map, Value};

use super::{Binding, QueryMember, Segment};

/// Longer paths mean nothing here.
pub(super) const MOST_SEGMENTS: usize = 16;

/// A query with more members is refused: no client sends so many, and each costs.
const MOST_QUERY_MEMBERS: usize = 256;

/// What a request means.
#[derive(Debug, Clone, PartialEq)]
pub enum Route {
    Found {
        /// Position in the list of bindings the router was made from.
        index: usize,
        /// Members that the path and the query carry, decoded. A query member that is repeated is an array.
        text: Map<String, Value>,
    },
    NotFound,
    /// Other methods are known at this path.
    MethodNotAllowed,
}

/// A request line that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    #[error("a percent sign is not followed by two hexadecimal digits")]
    Escape,
    #[error("an escaped value is not UTF-8")]
    NotUtf8,
    #[error("the query has more than {MOST_QUERY_MEMBERS} members")]
    QueryTooLong,
}

/// Two bindings mean the same requests.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` and `{1}` cannot be told apart")]
pub struct Ambiguous(pub &'static str, pub &'static str);

/// All bindings of a service: a tree by path segment.
#[derive(Debug)]
pub struct Router {
    root: Branch,
    /// Query names that choose between operations, such as `operation`. A value nobody claims is no request
    /// of this service, rather than one of a neighbour that happens to ignore it.
    selectors: Vec<&'static str>,
}

#[derive(Debug, Default)]
struct Branch {
    fixed: Vec<(&'static str, Branch)>,
    label: Option<Box<Branch>>,
    /// The operations that end here, those with more fixed query members first.
    operations: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    index: usize,
    binding: Binding,
    method: &'static str,
    /// The segment and the member it fills.
    labels: Vec<(usize, &'static str)>,
    fixed: Vec<(&'static str, &'static str)>,
    bound: Vec<(&'static str, &'static str)>,
}

/// Names and values, decoded.
type Query<'q> = Vec<(Cow<'q, str>, Cow<'q, str>)>;

impl Router {
    /// A router over these bindings.
    ///
    /// # Errors
    ///
    /// When two of them mean the same requests.
    pub fn new(bindings: &[Binding]) -> Result<Self, Ambiguous> {
        let mut router = Self {
            root: Branch::default(),
            selectors: Vec::new(),
        };
        for (index, binding) in bindings.iter().enumerate() {
            router.insert(index, *binding)?;
        }
        Ok(router)
    }

    fn insert(&mut self, index: usize, binding: Binding) -> Result<(), Ambiguous> {
        let mut branch = &mut self.root;
        let mut entry = Entry {
            index,
            binding,
            method: binding.method(),
            labels: Vec::new(),
            fixed: Vec::new(),
            bound: Vec::new(),
        };
        for (position, segment) in binding.segments().enumerate() {
            branch = match segment {
                Segment::Fixed(text) => branch.fixed_branch(text),
                Segment::Label(member) => {
                    entry.labels.push((position, member));
                    branch.label.get_or_insert_default()
                }
            };
        }
        for member in binding.query() {
            match member {
                QueryMember::Fixed { name, value } => {
                    entry.fixed.push((name, value));
                    if !self.selectors.contains(&name) {
                        self.selectors.push(name);
                    }
                }
                QueryMember::Bound { name, member } => entry.bound.push((name, member)),
            }
        }
        entry.fixed.sort_unstable();
        let same = |known: &&Entry| known.method == entry.method && known.fixed == entry.fixed;
        if let Some(known) = branch.operations.iter().find(same) {
            return Err(Ambiguous(known.binding.as_str(), binding.as_str()));
        }
        branch.operations.push(entry);
        branch
            .operations
            .sort_by_key(|entry| std::cmp::Reverse(entry.fixed.len()));
        Ok(())
    }

    /// Finds the operation of a request from its method, path and query as they stand in the request line.
    ///
    /// A leading `/console` and a trailing slash are accepted. A plus sign stands for itself.
    ///
    /// # Errors
    ///
    /// When an escape in the path or the query is broken or does not make UTF-8.
    pub fn find(&self, method: &str, path: &str, query: Option<&str>) -> Result<Route, Malformed> {
        let path = path.strip_prefix('/').unwrap_or(path);
        let path = match path.strip_prefix("console") {
            Some("") => "",
            Some(rest) => rest.strip_prefix('/').unwrap_or(path),
            None => path,
        };
        let path = path.strip_suffix('/').unwrap_or(path);
        let mut segments: Vec<Cow<'_, str>> = Vec::with_capacity(8);
        for segment in path.split('/').filter(|_| !path.is_empty()) {
            if segment.is_empty() || segments.len() == MOST_SEGMENTS {
                return Ok(Route::NotFound);
            }
            segments.push(decode(segment)?);
        }
        let query = parse_query(query.unwrap_or_default())?;
        Ok(self.walk(&self.root, &segments, 0, method, &query))
    }

    /// Fixed segments are preferred to labels; a branch without the operation sends the search back.
    fn walk(
        &self,
        branch: &Branch,
        segments: &[Cow<'_, str>],
        position: usize,
        method: &str,
        query: &Query<'_>,
    ) -> Route {
        let Some(segment) = segments.get(position) else {
            return self.choose(&branch.operations, segments, method, query);
        };
        let fixed = branch
            .fixed
            .iter()
            .find(|(text, _)| text == segment)
            .map(|(_, next)| next);
        let mut answer = Route::NotFound;
        for next in [fixed, branch.label.as_deref()].into_iter().flatten() {
            match self.walk(next, segments, position + 1, method, query) {
                found @ Route::Found { .. } => return found,
                Route::MethodNotAllowed => answer = Route::MethodNotAllowed,
                Route::NotFound => {}
            }
        }
        answer
    }

    fn choose(
        &self,
        operations: &[Entry],
        segments: &[Cow<'_, str>],
        method: &str,
        query: &Query<'_>,
    ) -> Route {
        let mut method_known = false;
        for entry in operations.iter().filter(|entry| entry.method == method) {
            method_known = true;
            if !entry.accepts(query) {
                continue;
            }
            let claims = |name: &str| {
                entry
                    .fixed
                    .iter()
                    .chain(&entry.bound)
                    .any(|(claimed, _)| *claimed == name)
                    || !self.selectors.contains(&name)
            };
            if !query.iter().all(|(name, _)| claims(name)) {
                return Route::NotFound;
            }
            return Route::Found {
                index: entry.index,
                text: entry.text(segments, query),
            };
        }
        if method_known || operations.is_empty() {
            Route::NotFound
        } else {
            Route::MethodNotAllowed
        }
    }
}

impl Branch {
    fn fixed_branch(&mut self, text: &'static str) -> &mut Branch {
        let position = self
            .fixed
            .iter()
            .position(|(known, _)| *known == text)
            .unwrap_or_else(|| {
                self.fixed.push((text, Branch::default()));
                self.fixed.len() - 1
            });
        &mut self.fixed[position].1
    }
}

impl Entry {
    /// Whether every fixed query member is there and says nothing else as well.
    fn accepts(&self, query: &Query<'_>) -> bool {
        self.fixed.iter().all(|(name, value)| {
            let mut values = query.iter().filter(|(given, _)| given == name).peekable();
            values.peek().is_some() && values.all(|(_, given)| given == value)
        })
    }

    fn text(&self, segments: &[Cow<'_, str>], query: &Query<'_>) -> Map<String, Value> {
        let mut text = Map::with_capacity(self.labels.len() + self.bound.len());
        for (position, member) in &self.labels {
            if let Some(segment) = segments.get(*position) {
                text.insert((*member).to_owned(), Value::from(segment.as_ref()));
            }
        }
        for (name, value) in query {
            let Some((_, member)) = self.bound.iter().find(|(bound, _)| bound == name) else {
                continue;
            };
            let value = Value::from(value.as_ref());
            match text.get_mut(*member) {
                Some(Value::Array(values)) => values.push(value),
                Some(first) => *first = Value::Array(vec![first.take(), value]),
                None => {
                    text.insert((*member).to_owned(), value);
                }
            }
        }
        text
    }
}

fn parse_query(query: &str) -> Result<Query<'_>, Malformed> {
    let mut members = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        if members.len() == MOST_QUERY_MEMBERS {
            return Err(Malformed::QueryTooLong);
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        members.push((decode(name)?, decode(value)?));
    }
    Ok(members)
}

/// Undoes percent-encoding. The crate leaves a broken escape as it is, so that is looked for first.
fn decode(text: &str) -> Result<Cow<'_, str>, Malformed> {
    if !text.contains('%') {
        return Ok(Cow::Borrowed(text));
    }
    let broken = text.split('%').skip(1).any(|after| {
        let digits = after.as_bytes();
        digits.len() < 2 || !digits[..2].iter().all(u8::is_ascii_hexdigit)
    });
    if broken {
        return Err(Malformed::Escape);
    }
    percent_decode(text.as_bytes())
        .decode_utf8()
        .map_err(|_| Malformed::NotUtf8)
}
