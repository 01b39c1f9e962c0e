//! "Did you mean": the nearest of a set of names.

/// The longest names that are compared; nobody's typing error is longer.
const LONGEST: usize = 64;

/// The candidate that is fewest edits away, letter case aside, if that is near enough to be meant.
pub(super) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted: Vec<char> = name.to_lowercase().chars().collect();
    if wanted.is_empty() || wanted.len() > LONGEST {
        return None;
    }
    let bound = match wanted.len() {
        1 | 2 => 0,
        3..=5 => 1,
        6..=11 => 2,
        _ => 3,
    };
    candidates
        .into_iter()
        .filter(|candidate| candidate.len().abs_diff(name.len()) <= bound)
        .filter_map(|candidate| {
            let other: Vec<char> = candidate.to_lowercase().chars().collect();
            distance(&wanted, &other, bound).map(|distance| (distance, candidate))
        })
        .min()
        .map(|(_, candidate)| candidate)
}

/// The fewest insertions, deletions, replacements and exchanges of neighbours, if there are no more than `bound`.
fn distance(one: &[char], other: &[char], bound: usize) -> Option<usize> {
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    let mut previous = None;
    for (i, a) in one.iter().enumerate() {
        let mut row = vec![i + 1];
        let mut left_of_b = None;
        for (j, b) in other.iter().enumerate() {
            let at = |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX / 2);
            let mut best = at(&last, j) + usize::from(a != b);
            best = best.min(at(&last, j + 1) + 1).min(at(&row, j) + 1);
            if j > 0 && previous == Some(b) && left_of_b == Some(a) {
                best = best.min(at(&before_last, j - 1) + 1);
            }
            left_of_b = Some(b);
            row.push(best);
        }
        if row.iter().all(|distance| *distance > bound) {
            return None;
        }
        previous = Some(a);
        before_last = std::mem::replace(&mut last, row);
    }
    last.last().copied().filter(|distance| *distance <= bound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_errors_are_near_and_other_names_are_not() {
        let names = ["ListUsers", "GetUser", "GetAccountResource", "Action"];
        for (name, expected) in [
            ("ListUser", Some("ListUsers")),
            ("listusers", Some("ListUsers")),
            ("GetAccountResources", Some("GetAccountResource")),
            ("GteUser", Some("GetUser")),
            ("Actoin", Some("Action")),
            ("Aktion", Some("Action")),
            ("DeleteUser", None),
            ("", None),
            ("X", None),
        ] {
            assert_eq!(nearest(name, names), expected, "{name}");
        }
    }
}
