//! Between values: commas and closing brackets, and what people put there instead.

use std::ops::Range;

use super::{Reader, quoted};
use crate::validate::report::Path;

impl Reader<'_> {
    /// Whether the container ends here. `after_value`: it has values, so a comma may stand before this.
    pub(super) fn closes(&mut self, path: &Path<'_>, closer: char, after_value: bool) -> bool {
        let comma = self.last.clone();
        let trailing = after_value && self.slice(&comma) == ",";
        loop {
            let Some(next) = self.peek() else {
                self.unclosed(path, closer, trailing.then_some(comma));
                return true;
            };
            if next == closer {
                if trailing {
                    let message = format!("a comma before `{closer}` is not JSON");
                    self.say_with_fix(path, comma.clone(), message, (comma, ""));
                }
                self.take();
                return true;
            }
            let opener = match next {
                ']' => '[',
                '}' => '{',
                _ => return false,
            };
            if self.open.iter().any(|(open, _)| *open == opener) {
                self.unclosed(path, closer, trailing.then_some(comma));
                return true;
            }
            let range = self.at..self.at + 1;
            self.at += 1;
            let message = format!("nothing is open that `{next}` could close");
            self.say_with_fix(path, range.clone(), message, (range, ""));
            self.trivia(path);
        }
    }

    /// The bracket that is open here is not closed before something that cannot be in it. `comma`: the one
    /// before this, in whose place the bracket belongs.
    fn unclosed(&mut self, path: &Path<'_>, closer: char, comma: Option<Range<usize>>) {
        let here = self.here();
        let message = format!("expected `{closer}`: the {} is not closed", self.opener());
        let place = comma.unwrap_or(self.last.end..self.last.end);
        self.say_with_fix(path, here, message, (place, &closer.to_string()));
    }

    /// The container should have ended behind its last value, at `end`, because what begins here belongs to
    /// the one around it.
    pub(super) fn close_early(&mut self, path: &Path<'_>, closer: char, end: usize) {
        let here = self.here();
        let message = format!(
            "expected `{closer}` before this: the {} is not closed",
            self.opener()
        );
        let comma_is_there = self.slice(&self.last) == ",";
        let fix = format!("{closer}{}", if comma_is_there { "" } else { "," });
        self.say_with_fix(path, here, message, (end..end, &fix));
        self.parted = true;
    }

    /// The present container's bracket, for a message.
    fn opener(&self) -> String {
        match self.open.last() {
            Some((bracket, at)) => format!("`{bracket}` of line {}", self.line(*at)),
            None => "bracket".to_owned(),
        }
    }

    /// After a value: the comma, or what stands in its place.
    pub(super) fn parts(&mut self, path: &Path<'_>, closer: char) {
        if self.parted {
            self.parted = false;
            return;
        }
        self.trivia(path);
        match self.peek() {
            None | Some(']' | '}') => {}
            Some(',') => {
                self.take();
                self.extra_commas(path);
            }
            Some(';') => {
                let range = self.take();
                let message = format!("expected `,` or `{closer}`");
                self.say_with_fix(path, range.clone(), message, (range, ","));
            }
            Some(_) => self.missing_comma(path, closer),
        }
    }

    fn missing_comma(&mut self, path: &Path<'_>, closer: char) {
        let before = self.last.clone();
        // A list that runs into the next member lacks its bracket rather than a comma.
        if closer == ']' && self.in_object() && self.is_name_here() {
            return;
        }
        let here = self.string_here().unwrap_or_else(|| self.here());
        let next = self.peek().unwrap_or_default();
        let begins_value =
            matches!(next, '{' | '[') || quoted::is_quote(next) || !quoted::word(self.rest()).is_empty();
        if !begins_value {
            return;
        }
        let message = format!(
            "expected `,` or `{closer}`; a comma is missing after `{}`",
            self.shown(&before)
        );
        self.say_with_fix(path, here, message, (before.end..before.end, ","));
    }

    fn extra_commas(&mut self, path: &Path<'_>) {
        loop {
            self.trivia(path);
            if self.peek() != Some(',') {
                return;
            }
            let range = self.at..self.at + 1;
            self.at += 1;
            self.say_with_fix(path, range.clone(), "one comma too many", (range, ""));
        }
    }

    /// Something that can begin nothing here: says so and steps over it. `false` at the end of the text.
    pub(super) fn stray(&mut self, path: &Path<'_>, expected: &str) -> bool {
        if self.gave_up || self.peek().is_none() {
            return false;
        }
        if self.peek() == Some(',') {
            let range = self.at..self.at + 1;
            self.at += 1;
            self.say_with_fix(
                path,
                range.clone(),
                format!("expected {expected}, not a comma"),
                (range, ""),
            );
            return true;
        }
        let here = self.here();
        // What is nested where no value can be is read, so that its brackets pair, and dropped.
        self.say(
            path,
            here.clone(),
            format!("expected {expected}; found `{}`", self.shown(&here)),
        );
        if self.value(path).is_none() && !self.gave_up {
            self.take();
        }
        self.trivia(path);
        if self.peek() == Some(',') {
            self.take();
        }
        !self.gave_up
    }
}
