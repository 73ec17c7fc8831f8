//! Endpoints of the sweep that stayed silent in every round, so that they can be asked again: a bit each.

/// A larger sweep is not kept, so that memory stays at 2 MB.
const MOST: u64 = 1 << 24;

/// A set of endpoints, by their index in the targets.
#[derive(Debug)]
pub(super) struct SilentSet {
    endpoints: u64,
    words: Vec<u64>,
    count: u64,
}

impl SilentSet {
    /// Allocates with the first member.
    pub(super) const fn new(endpoints: u64) -> Self {
        Self {
            endpoints,
            words: Vec::new(),
            count: 0,
        }
    }

    pub(super) const fn len(&self) -> u64 {
        self.count
    }

    /// Whether the sweep is small enough.
    pub(super) const fn keeps(&self) -> bool {
        self.endpoints <= MOST
    }

    pub(super) fn insert(&mut self, index: u64) {
        if !self.keeps() || index >= self.endpoints {
            return;
        }
        if self.words.is_empty() {
            let words = usize::try_from(self.endpoints.div_ceil(64)).unwrap_or(0);
            self.words.resize(words, 0);
        }
        let is_new = !self.contains(index);
        if let Some((word, bit)) = self.place(index) {
            *word |= bit;
            self.count += u64::from(is_new);
        }
    }

    pub(super) fn remove(&mut self, index: u64) {
        let was_there = self.contains(index);
        if let Some((word, bit)) = self.place(index) {
            *word &= !bit;
            self.count -= u64::from(was_there);
        }
    }

    pub(super) fn contains(&self, index: u64) -> bool {
        let (word, bit) = (usize::try_from(index / 64), 1 << (index % 64));
        word.is_ok_and(|word| self.words.get(word).is_some_and(|word| word & bit != 0))
    }

    fn place(&mut self, index: u64) -> Option<(&mut u64, u64)> {
        let word = self.words.get_mut(usize::try_from(index / 64).ok()?)?;
        Some((word, 1 << (index % 64)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_counted_once_and_can_leave() {
        let mut silent = SilentSet::new(130);
        for index in [0, 64, 129, 129, 130] {
            silent.insert(index);
        }
        assert_eq!(silent.len(), 3);
        assert!(silent.contains(129) && !silent.contains(1) && !silent.contains(130));
        silent.remove(129);
        silent.remove(129);
        silent.remove(1000);
        assert_eq!(silent.len(), 2);
        assert!(!silent.contains(129));
    }

    #[test]
    fn of_a_sweep_that_is_too_great_nothing_is_kept() {
        let mut silent = SilentSet::new(MOST + 1);
        silent.insert(5);
        assert_eq!((silent.len(), silent.words.len()), (0, 0));
    }
}
