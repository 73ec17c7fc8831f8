use strsim::osa_distance as distance;

/// A longer word is no slip, and comparing takes time by its length, in bytes.
const MOST_LONG: usize = 256;

/// The candidate that differs least from `word`, when that is little enough to have been meant.
///
/// Only the part after the last separator (`.` or `_`) of a candidate needs to match, so that a key without its section is found.
pub(crate) fn nearest<T: AsRef<str>>(word: &str, candidates: impl Iterator<Item = T>) -> Option<T> {
    if word.len() > MOST_LONG {
        return None;
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_found_and_a_stranger_is_not() {
        let keys = ["scan.attempts", "scan.rate", "names.dns"];
        let found = |word| nearest(word, keys.into_iter());
        assert_eq!(found("scan.atempts"), Some("scan.attempts"));
        assert_eq!(found("attemps"), Some("scan.attempts"));
        assert_eq!(found("scan.colour"), None);
    }
}
