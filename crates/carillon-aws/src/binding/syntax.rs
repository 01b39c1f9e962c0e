//! The form of a binding, checked when the constant is evaluated. `const fn` allows neither iterators nor
//! string methods, so this walks over bytes.

/// Panics unless the line is `METHOD /path/{Label}?fixed=value&bound={Member}`.
pub(super) const fn check(line: &str) {
    let line = line.as_bytes();
    let mut at = 0;
    while at < line.len() && line[at] != b' ' {
        at += 1;
    }
    assert!(at < line.len(), "a binding is a method, a space and a path");
    assert!(
        is_method(line, at),
        "the method is GET, POST, PUT, PATCH, DELETE or HEAD"
    );
    at += 1;
    assert!(
        at < line.len() && line[at] == b'/',
        "the path begins with a slash"
    );
    let path_end = check_path(line, at);
    if path_end < line.len() {
        check_query(line, path_end + 1);
    }
    check_members_differ(line);
}

const fn is_method(line: &[u8], end: usize) -> bool {
    is(line, end, b"GET")
        || is(line, end, b"POST")
        || is(line, end, b"PUT")
        || is(line, end, b"PATCH")
        || is(line, end, b"DELETE")
        || is(line, end, b"HEAD")
}

const fn is(line: &[u8], end: usize, word: &[u8]) -> bool {
    end == word.len() && same(line, 0, word, 0, end)
}

const fn same(a: &[u8], a_start: usize, b: &[u8], b_start: usize, length: usize) -> bool {
    let mut i = 0;
    while i < length {
        if a[a_start + i] != b[b_start + i] {
            return false;
        }
        i += 1;
    }
    true
}

/// Checks the segments from the slash at `at`; answers where the path ends.
const fn check_path(line: &[u8], mut at: usize) -> usize {
    if at + 1 == line.len() || line[at + 1] == b'?' {
        return at + 1;
    }
    let mut segments = 0;
    while at < line.len() && line[at] == b'/' {
        segments += 1;
        assert!(
            segments <= super::router::MOST_SEGMENTS,
            "the path has too many segments"
        );
        let start = at + 1;
        at = if start < line.len() && line[start] == b'{' {
            label_end(line, start)
        } else {
            text_end(line, start)
        };
        assert!(at > start, "a segment is not empty");
    }
    assert!(
        at == line.len() || line[at] == b'?',
        "a segment is plain text or one label"
    );
    at
}

const fn check_query(line: &[u8], mut at: usize) {
    loop {
        let start = at;
        at = text_end(line, at);
        assert!(at > start, "a query member has a name");
        if at < line.len() && line[at] == b'=' {
            at += 1;
            at = if at < line.len() && line[at] == b'{' {
                label_end(line, at)
            } else {
                text_end(line, at)
            };
        }
        if at == line.len() {
            return;
        }
        assert!(line[at] == b'&', "query members are separated by `&`");
        at += 1;
    }
}

/// The end of a run of characters that need no escape in a URI.
const fn text_end(line: &[u8], mut at: usize) -> usize {
    while at < line.len()
        && (line[at].is_ascii_alphanumeric() || matches!(line[at], b'-' | b'.' | b'_' | b'~' | b':'))
    {
        at += 1;
    }
    at
}

/// The end of `{Member}`, with the brace at `at`.
const fn label_end(line: &[u8], mut at: usize) -> usize {
    at += 1;
    assert!(
        at < line.len() && line[at].is_ascii_alphabetic(),
        "the name of a member begins with a letter"
    );
    while at < line.len() && line[at].is_ascii_alphanumeric() {
        at += 1;
    }
    assert!(at < line.len() && line[at] == b'}', "a label ends with a brace");
    at + 1
}

const fn check_members_differ(line: &[u8]) {
    let mut first = 0;
    while first < line.len() {
        if line[first] == b'{' {
            let length = label_end(line, first) - first;
            let mut second = first + length;
            while second < line.len() {
                if line[second] == b'{' && label_end(line, second) - second == length {
                    assert!(!same(line, first, line, second, length), "a member is bound once");
                }
                second += 1;
            }
        }
        first += 1;
    }
}
