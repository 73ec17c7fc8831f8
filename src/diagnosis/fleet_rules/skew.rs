use super::{Banner, median};
use crate::diagnosis::certificate::TOLERANCE_S;
use crate::model::History;
use std::borrow::Cow;

/// Fewer hosts than this are no majority of anything.
const FEWEST: usize = 3;
/// Clocks that differ from the fleet's by no more than this share its offset, in seconds.
const ALIKE_S: f64 = 60.0;

/// Most hosts agree with each other and not with this machine.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct OwnClock {
    /// Their clocks minus ours, in seconds.
    pub(crate) offset_s: f64,
    alike: usize,
    hosts: usize,
}

/// Server clock minus ours on every attempt that told, in seconds, with the least error of each.
pub(crate) fn skews(history: &History) -> impl Iterator<Item = (f64, f64)> {
    history.attempts.iter().filter_map(|attempt| {
        let ntlm = attempt.ntlm.as_ref()?;
        Some((
            ntlm.clock_skew_s()?,
            f64::from(ntlm.clock_error_ms) / 1000.0,
        ))
    })
}

pub(super) fn look<'a>(histories: impl Iterator<Item = Cow<'a, History>>) -> Option<OwnClock> {
    let mut hosts: Vec<f64> = histories
        .filter_map(|history| {
            let mut seen: Vec<f64> = skews(&history).map(|(skew, _)| skew).collect();
            median(&mut seen)
        })
        .collect();
    if hosts.len() < FEWEST {
        return None;
    }
    let offset_s = median(&mut hosts)?;
    let alike = hosts
        .iter()
        .filter(|skew| (**skew - offset_s).abs() <= ALIKE_S)
        .count();
    (offset_s.abs() > TOLERANCE_S as f64 && alike * 2 > hosts.len()).then_some(OwnClock {
        offset_s,
        alike,
        hosts: hosts.len(),
    })
}

impl OwnClock {
    pub(super) fn banner(&self) -> Banner {
        let side = if self.offset_s > 0.0 { "slow" } else { "fast" };
        Banner {
            id: "RDP-CLOCK-SKEW",
            text: format!(
                "this machine's clock is probably {} {side}: {} of {} hosts differ from it alike; set it and scan again, \
                 since dates of certificates were judged by it",
                length(self.offset_s),
                self.alike,
                self.hosts
            ),
        }
    }
}

/// A length of time in the largest unit that fits, without its sign.
pub(crate) fn length(seconds: f64) -> String {
    let seconds = seconds.abs();
    let (count, unit) = if seconds >= 2.0 * 86_400.0 {
        (seconds / 86_400.0, "days")
    } else if seconds >= 2.0 * 3600.0 {
        (seconds / 3600.0, "h")
    } else {
        (seconds / 60.0, "min")
    };
    format!("{count:.0} {unit}")
}
