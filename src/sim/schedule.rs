//! Which fault affects which connection: a pure function, so that a run can be repeated.

use super::{FaultPoint, FaultSpec, PatternStep};

/// The faults of one host.
#[derive(Debug, Clone)]
pub(super) struct Schedule {
    faults: Vec<FaultSpec>,
    seed: u64,
}

impl Schedule {
    /// `host` tells hosts of the same scenario apart.
    pub(super) fn new(faults: Vec<FaultSpec>, seed: u64, host: u64) -> Self {
        Self {
            faults,
            seed: mix(seed ^ mix(host)),
        }
    }

    /// The fault at this point of a connection, numbered from 0 for each host.
    pub(super) fn fault(&self, point: FaultPoint, connection: u64) -> Option<&FaultSpec> {
        self.faults
            .iter()
            .zip(0_u64..)
            .find(|(fault, index)| fault.after == point && self.strikes(fault, *index, connection))
            .map(|(fault, _)| fault)
    }

    fn strikes(&self, fault: &FaultSpec, index: u64, connection: u64) -> bool {
        if let Some(percent) = fault.percent {
            return mix(self.seed ^ mix(index ^ (connection << 8))) % 100 < u64::from(percent);
        }
        let Ok(length) = u64::try_from(fault.pattern.len()) else {
            return false;
        };
        if length == 0 {
            return true;
        }
        usize::try_from(connection % length)
            .ok()
            .and_then(|turn| fault.pattern.get(turn))
            .is_some_and(|turn| *turn == PatternStep::Fail)
    }
}

/// splitmix64.
pub(super) const fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

/// Bytes that begin like no known protocol.
pub(super) fn noise(length: u64) -> Vec<u8> {
    std::iter::once(0xA7)
        .chain((1..length).map(|index| mix(index).to_le_bytes()[0]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::FaultKind;

    fn fault(pattern: &[PatternStep], percent: Option<u8>) -> FaultSpec {
        FaultSpec {
            after: FaultPoint::Request,
            kind: FaultKind::Close,
            pattern: pattern.to_vec(),
            percent,
            delay_ms: 0,
        }
    }

    fn strikes(schedule: &Schedule, count: u64) -> Vec<bool> {
        (0..count)
            .map(|number| schedule.fault(FaultPoint::Request, number).is_some())
            .collect()
    }

    #[test]
    fn a_pattern_is_repeated() {
        let schedule = Schedule::new(
            vec![fault(
                &[PatternStep::Ok, PatternStep::Fail, PatternStep::Ok],
                None,
            )],
            1,
            1,
        );
        assert_eq!(
            strikes(&schedule, 6),
            [false, true, false, false, true, false]
        );
    }

    #[test]
    fn without_pattern_or_share_it_always_strikes_and_only_at_its_point() {
        let schedule = Schedule::new(vec![fault(&[], None)], 1, 1);
        assert_eq!(strikes(&schedule, 3), [true; 3]);
        assert!(schedule.fault(FaultPoint::Accept, 0).is_none());
    }

    #[test]
    fn a_share_is_kept_and_repeats_by_seed() {
        let draw = |seed| strikes(&Schedule::new(vec![fault(&[], Some(40))], seed, 7), 1000);
        assert_eq!(draw(5), draw(5));
        assert_ne!(draw(5), draw(6));
        let struck = draw(5).into_iter().filter(|struck| *struck).count();
        assert!((330..470).contains(&struck), "{struck} of 1000");
    }
}
