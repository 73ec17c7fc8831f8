/// The candidate that differs least from `word`, when that is little enough to have been meant.
///
/// Only the part after the last separator (`.` or `_`) of a candidate needs to match, so that a key without its section is found.
pub(super) fn nearest<T: AsRef<str>>(word: &str, candidates: impl Iterator<Item = T>) -> Option<T> {
    let most = (word.chars().count() / 3).max(1);
    candidates
        .map(|candidate| {
            let name = candidate.as_ref();
            let whole = distance(word, name);
            let tail = name
                .split_once('.')
                .map_or(usize::MAX, |(_, tail)| distance(word, tail));
            (whole.min(tail), candidate)
        })
        .filter(|(changes, _)| *changes <= most)
        .min_by_key(|(changes, _)| *changes)
        .map(|(_, candidate)| candidate)
}

/// Letters added, dropped, changed or swapped with their neighbour between two words (optimal string alignment).
pub(crate) fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=other.len()).collect();
    let mut previous = None;
    for (row, letter) in one.chars().enumerate() {
        let mut current = Vec::with_capacity(above.len());
        current.push(row + 1);
        for (column, wanted) in other.iter().enumerate() {
            let at = |line: &[usize], place: usize| line.get(place).copied().unwrap_or(usize::MAX);
            let mut least = (at(&above, column) + usize::from(letter != *wanted))
                .min(at(&above, column + 1) + 1)
                .min(at(&current, column) + 1);
            let swapped =
                column > 0 && previous == Some(*wanted) && other.get(column - 1) == Some(&letter);
            if swapped {
                least = least.min(at(&before, column - 1).saturating_add(1));
            }
            current.push(least);
        }
        before = std::mem::replace(&mut above, current);
        previous = Some(letter);
    }
    above.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_count_typing_slips() {
        for (one, other, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("rate", "rate", 0),
            ("raet", "rate", 1),
            ("rte", "rate", 1),
            ("ratee", "rate", 1),
            ("gap", "dns", 3),
        ] {
            assert_eq!(distance(one, other), expected, "{one} {other}");
            assert_eq!(distance(other, one), expected, "{other} {one}");
        }
    }

    #[test]
    fn a_slip_is_found_and_a_stranger_is_not() {
        let keys = ["scan.attempts", "scan.rate", "names.dns"];
        let found = |word| nearest(word, keys.into_iter());
        assert_eq!(found("scan.atempts"), Some("scan.attempts"));
        assert_eq!(found("attemps"), Some("scan.attempts"));
        assert_eq!(found("scan.colour"), None);
    }
}
