/// So many values are sorted at once.
const RUN: usize = 256;

/// Values that are sorted while they come in: kept as sorted runs, each longer than the next. No single step takes long, and
/// little is left to do at the end.
#[derive(Debug)]
pub(super) struct SortedRuns<T> {
    runs: Vec<Vec<T>>,
    fresh: Vec<T>,
}

impl<T> Default for SortedRuns<T> {
    fn default() -> Self {
        Self {
            runs: Vec::new(),
            fresh: Vec::new(),
        }
    }
}

impl<T: Ord + Copy> SortedRuns<T> {
    pub(super) fn add(&mut self, value: T) {
        self.fresh.push(value);
        if self.fresh.len() >= RUN {
            self.close_run();
        }
    }

    fn close_run(&mut self) {
        let mut run = std::mem::take(&mut self.fresh);
        run.sort_unstable();
        while let Some(longer) = self.runs.pop_if(|last| last.len() <= run.len()) {
            run = merged(longer, run);
        }
        self.runs.push(run);
    }

    /// How many values sort before the point at which `is_before` turns false.
    pub(super) fn count(&self, is_before: impl Fn(&T) -> bool) -> usize {
        let in_runs = self.runs.iter().map(|run| run.partition_point(&is_before));
        let fresh = self.fresh.iter().filter(|value| is_before(value)).count();
        in_runs.sum::<usize>() + fresh
    }

    pub(super) fn into_vec(mut self) -> Vec<T> {
        self.close_run();
        let shortest_first = self.runs.into_iter().rev();
        shortest_first.reduce(merged).unwrap_or_default()
    }
}

fn merged<T: Ord>(mut run: Vec<T>, mut other: Vec<T>) -> Vec<T> {
    run.reserve_exact(other.len());
    run.append(&mut other);
    // The stable sort finds both runs and merges them.
    run.sort();
    run
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_and_come_out_in_order() {
        let mut sorted = SortedRuns::default();
        let values: Vec<i64> = (0..1000).map(|at| at * 7919 % 1000).collect();
        for value in &values {
            sorted.add(*value);
        }
        assert_eq!(sorted.count(|value| *value < 300), 300);
        assert_eq!(sorted.into_vec(), (0..1000).collect::<Vec<i64>>());
    }
}
