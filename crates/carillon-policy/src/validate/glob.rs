//! What patterns with `*` and `?` say about each other.

/// Pairs of characters that are compared before two patterns are taken to overlap.
const MOST_CELLS: usize = 250_000;

/// Whether everything that `narrow` matches is matched by `wide` too. A `false` may be wrong, a `true` is not.
pub(super) fn covers(wide: &str, narrow: &str) -> bool {
    // The wildcards of `narrow` are characters here that only a wildcard of `wide` takes.
    let (wide, narrow): (Vec<char>, Vec<char>) = (wide.chars().collect(), narrow.chars().collect());
    let (mut at, mut text) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(character) = narrow.get(text) {
        match wide.get(at) {
            Some('*') => {
                star = Some((at + 1, text));
                at += 1;
            }
            Some('?') if *character != '*' => {
                at += 1;
                text += 1;
            }
            Some(same) if same == character && *same != '?' => {
                at += 1;
                text += 1;
            }
            _ => match &mut star {
                Some((after, from)) => {
                    *from += 1;
                    (at, text) = (*after, *from);
                }
                None => return false,
            },
        }
    }
    wide.get(at..)
        .unwrap_or_default()
        .iter()
        .all(|character| *character == '*')
}

/// As [`covers`] for actions in lower case.
pub(super) fn action_covers(wide: &str, narrow: &str) -> bool {
    // The service is no pattern, so `*` is the only text that reaches over services.
    wide == "*" || covers(wide, narrow) && wide.split(':').next() == narrow.split(':').next()
}

/// As [`covers`] for resources: ARNs are compared part by part.
pub(super) fn resource_covers(wide: &str, narrow: &str) -> bool {
    if wide == "*" || wide == narrow {
        return true;
    }
    let (wide, narrow): (Vec<&str>, Vec<&str>) =
        (wide.splitn(6, ':').collect(), narrow.splitn(6, ':').collect());
    wide.len() == 6
        && narrow.len() == 6
        && wide
            .iter()
            .zip(&narrow)
            .all(|(wide, narrow)| covers(wide, narrow))
}

/// Whether some text is matched by both. A `true` may be wrong for very long patterns, a `false` is not.
pub(super) fn overlap(one: &str, other: &str) -> bool {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    if one.len().saturating_mul(other.len()) > MOST_CELLS {
        return true;
    }
    // `reached[j]`: the characters of `one` so far and the first `j` of `other` can stand for the same text.
    let mut reached = vec![false; other.len() + 1];
    for (j, place) in reached.iter_mut().enumerate() {
        *place = other.iter().take(j).all(|character| *character == '*');
    }
    for a in &one {
        let mut next = Vec::with_capacity(reached.len());
        next.push(*a == '*' && reached.first() == Some(&true));
        let pairs = reached.iter().zip(reached.iter().skip(1));
        for (b, (diagonal, above)) in other.iter().zip(pairs) {
            let left = next.last() == Some(&true);
            let meets = match (a, b) {
                ('*', _) | (_, '*') => *above || left,
                ('?', _) | (_, '?') => *diagonal,
                (a, b) => a == b && *diagonal,
            };
            next.push(meets);
        }
        reached = next;
    }
    reached.last() == Some(&true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wider_pattern_covers_a_narrower_one() {
        for (wide, narrow, expected) in [
            ("*", "", true),
            ("*", "a*", true),
            ("a*", "a", true),
            ("a*", "a?c*", true),
            ("a?", "a*", false),
            ("a?", "a?", true),
            ("a*c", "a*b*c", true),
            ("a*b*c", "a*c", false),
            ("get*", "getuser", true),
            ("getuser", "get*", false),
            ("?*", "*", false),
            ("", "", true),
            ("", "*", false),
            ("*a", "ba", true),
            ("*ab", "aab", true),
        ] {
            assert_eq!(covers(wide, narrow), expected, "{wide} over {narrow}");
        }
    }

    #[test]
    fn patterns_meet_where_a_text_fits_both() {
        for (one, other, expected) in [
            ("a*", "*b", true),
            ("a*", "b*", false),
            ("user/*", "role/*", false),
            ("user/*", "*", true),
            ("user/*", "u*", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*", "", true),
            ("?", "", false),
            ("", "", true),
            ("a*z", "ab?z", true),
            ("a*b", "a", false),
            ("**", "*", true),
        ] {
            assert_eq!(overlap(one, other), expected, "{one} and {other}");
            assert_eq!(overlap(other, one), expected, "{other} and {one}");
        }
    }
}
