//! What the end of a scan counts, each endpoint once: which were tried, and how those without a row ended. A newer result replaces
//! an older one.

use std::collections::HashSet;
use std::sync::Arc;

use crate::model::{Checkpoint, Endpoint, Outcome, UnlistedCounts};
use crate::targets::TargetSet;

/// A larger sweep is not remembered, so that memory stays at 8 MB.
const MOST: u64 = 1 << 24;
/// Bit of an endpoint that was tried. The others hold its [`Unlisted`].
const TRIED: u8 = 8;

/// How an endpoint without a row of its own ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unlisted {
    Closed = 1,
    Filtered = 2,
    Unreachable = 3,
    NotProbed = 4,
    /// An earlier run has counted it.
    Earlier = 5,
}

impl Unlisted {
    pub(super) const fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Refused | Outcome::Reset { .. } => Self::Closed,
            Outcome::HostUnreachable | Outcome::NetworkUnreachable => Self::Unreachable,
            outcome if outcome.is_ours() => Self::NotProbed,
            _ => Self::Filtered,
        }
    }

    const fn from(bits: u8) -> Option<Self> {
        match bits & !TRIED {
            1 => Some(Self::Closed),
            2 => Some(Self::Filtered),
            3 => Some(Self::Unreachable),
            4 => Some(Self::NotProbed),
            5 => Some(Self::Earlier),
            _ => None,
        }
    }

    const fn within(self, counts: &mut UnlistedCounts) -> &mut u64 {
        match self {
            // It was silent, or it would not have been asked again.
            Self::Earlier | Self::Filtered => &mut counts.filtered,
            Self::Closed => &mut counts.closed,
            Self::Unreachable => &mut counts.unreachable,
            Self::NotProbed => &mut counts.not_probed,
        }
    }
}

#[derive(Debug)]
pub(super) struct EndpointCounts {
    targets: Arc<TargetSet>,
    planned: u64,
    /// Four bits for each planned endpoint, allocated with the first.
    marks: Vec<u8>,
    /// Planned endpoints tried.
    tried: u64,
    /// Planned endpoints that an earlier run has counted, or that were excluded when the scan was resumed.
    earlier: u64,
    /// Endpoints tried by earlier runs, and how many of them answered late.
    tried_before: u64,
    late_before: u64,
    /// Others tried.
    elsewhere: HashSet<Endpoint>,
    late: HashSet<Endpoint>,
    unlisted: UnlistedCounts,
}

impl EndpointCounts {
    pub(super) fn new(targets: Arc<TargetSet>) -> Self {
        Self {
            planned: targets.endpoints(),
            targets,
            marks: Vec::new(),
            tried: 0,
            earlier: 0,
            tried_before: 0,
            late_before: 0,
            elsewhere: HashSet::new(),
            late: HashSet::new(),
            unlisted: UnlistedCounts::default(),
        }
    }

    pub(super) const fn unlisted(&self) -> UnlistedCounts {
        self.unlisted
    }

    /// Whether the mark of each planned endpoint is kept.
    pub(super) const fn remembers(&self) -> bool {
        self.planned <= MOST
    }

    /// Goes on from the counts of earlier runs.
    pub(super) fn take_over(&mut self, checkpoint: &Checkpoint) {
        self.unlisted = checkpoint.unlisted;
        self.tried_before = checkpoint.endpoints_probed + checkpoint.unlisted.not_probed;
        self.late_before = checkpoint.answered_on_retry;
    }

    /// Every endpoint is tried once more. Where the results so far are known one by one, newer ones replace them.
    pub(super) fn restart(&mut self) {
        if !self.remembers() || self.earlier > 0 {
            *self = Self::new(Arc::clone(&self.targets));
        }
    }

    /// The first answer, or the final silence, of an endpoint is known.
    pub(super) fn tried(&mut self, endpoint: Endpoint) {
        let Some(index) = self.targets.index_of(endpoint) else {
            self.elsewhere.insert(endpoint);
            return;
        };
        let mark = self.mark(index);
        self.tried += u64::from(mark & TRIED == 0);
        self.set(index, mark | TRIED);
    }

    /// A planned endpoint needs no count of this run: an earlier one has it, with a row of its own or without, or it is excluded.
    pub(super) fn leave_out(&mut self, endpoint: Endpoint, has_row: bool) {
        let Some(index) = self.targets.index_of(endpoint) else {
            // From now on it counts here.
            if self.elsewhere.insert(endpoint) {
                self.tried_before = self.tried_before.saturating_sub(1);
            }
            return;
        };
        let mark = self.mark(index);
        if mark & TRIED == 0 {
            self.earlier += 1;
            let earlier = if has_row { 0 } else { Unlisted::Earlier as u8 };
            self.set(index, TRIED | earlier);
        }
    }

    pub(super) fn was_tried(&self, endpoint: Endpoint) -> bool {
        match self.targets.index_of(endpoint) {
            Some(index) => self.mark(index) & TRIED != 0,
            None => self.elsewhere.contains(&endpoint),
        }
    }

    /// Whether an endpoint answered only after a silent round.
    pub(super) fn set_late(&mut self, endpoint: Endpoint, late: bool) {
        if late {
            self.late.insert(endpoint);
        } else {
            self.late.remove(&endpoint);
        }
    }

    /// Endpoints that answered only after a silent round.
    pub(super) fn late(&self) -> u64 {
        self.late_before + self.late.len() as u64
    }

    /// Counts a planned endpoint among those without a row.
    pub(super) fn count_unlisted(&mut self, endpoint: Endpoint, outcome: &Outcome) {
        let sum = Unlisted::of(outcome);
        let index = self.targets.index_of(endpoint);
        if index.and_then(|index| Unlisted::from(self.mark(index))) == Some(Unlisted::Earlier) {
            // How it ended then is not known one by one.
            return;
        }
        self.take_unlisted(endpoint);
        *sum.within(&mut self.unlisted) += 1;
        if let Some(index) = self.targets.index_of(endpoint) {
            self.set(index, self.mark(index) & TRIED | sum as u8);
        }
    }

    /// Counts it no more. Returns whether it was counted.
    pub(super) fn take_unlisted(&mut self, endpoint: Endpoint) -> bool {
        let Some(index) = self.targets.index_of(endpoint) else {
            return false;
        };
        let mark = self.mark(index);
        let Some(sum) = Unlisted::from(mark) else {
            return false;
        };
        self.set(index, mark & TRIED);
        let count = sum.within(&mut self.unlisted);
        *count = count.saturating_sub(1);
        true
    }

    /// Endpoints tried.
    pub(super) fn probed(&self) -> u64 {
        let here = self.tried + self.elsewhere.len() as u64;
        (self.tried_before + here).saturating_sub(self.unlisted.not_probed)
    }

    /// Planned endpoints never tried.
    pub(super) const fn untried(&self) -> u64 {
        self.planned.saturating_sub(self.tried + self.earlier)
    }

    fn mark(&self, index: u64) -> u8 {
        let byte = usize::try_from(index / 2)
            .ok()
            .and_then(|at| self.marks.get(at));
        byte.map_or(0, |byte| byte >> shift(index) & 0xF)
    }

    fn set(&mut self, index: u64, mark: u8) {
        if self.marks.is_empty() && self.remembers() {
            let bytes = usize::try_from(self.planned.div_ceil(2)).unwrap_or(0);
            self.marks = vec![0; bytes];
        }
        let byte = usize::try_from(index / 2)
            .ok()
            .and_then(|at| self.marks.get_mut(at));
        if let Some(byte) = byte {
            *byte = *byte & !(0xF << shift(index)) | mark << shift(index);
        }
    }
}

/// Where in its byte an endpoint's bits are.
const fn shift(index: u64) -> u8 {
    if index.is_multiple_of(2) { 0 } else { 4 }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;
    use crate::targets::TargetSetBuilder;

    fn at(last: u8) -> Endpoint {
        Endpoint::new(IpAddr::from([127, 9, 0, last]), 3389)
    }

    #[test]
    fn an_endpoint_counts_once_and_by_its_newest_result() {
        let mut builder = TargetSetBuilder::new(&[3389]);
        builder.add_text("127.9.0.1-9").unwrap();
        let targets = Arc::new(builder.build().unwrap());
        let mut counts = EndpointCounts::new(targets);
        for last in [1, 2, 2, 3, 40, 40] {
            counts.tried(at(last));
        }
        assert_eq!((counts.probed(), counts.untried()), (4, 6));
        assert!(counts.was_tried(at(40)) && !counts.was_tried(at(4)));
        counts.count_unlisted(at(1), &Outcome::Timeout { received: 0 });
        counts.count_unlisted(at(2), &Outcome::Cancelled);
        counts.count_unlisted(at(1), &Outcome::Refused);
        let unlisted = counts.unlisted();
        assert_eq!(
            (unlisted.closed, unlisted.filtered, unlisted.not_probed),
            (1, 0, 1)
        );
        assert_eq!(counts.probed(), 3);
        assert!(counts.take_unlisted(at(2)));
        assert!(!counts.take_unlisted(at(2)));
        assert_eq!(counts.probed(), 4);
    }

    #[test]
    fn what_earlier_runs_have_probed_stays_probed() {
        let mut builder = TargetSetBuilder::new(&[3389]);
        builder.add_text("127.9.0.1-9").unwrap();
        let mut counts = EndpointCounts::new(Arc::new(builder.build().unwrap()));
        counts.take_over(&Checkpoint {
            endpoints_probed: 7,
            unlisted: UnlistedCounts {
                not_probed: 2,
                ..UnlistedCounts::default()
            },
            ..Checkpoint::default()
        });
        assert_eq!(counts.probed(), 7);
    }
}
