use super::{Banner, median};
use crate::diagnosis::validity::TOLERANCE_S;
use crate::model::History;
use std::collections::BTreeMap;

/// Fewer hosts than this are no majority of anything.
const FEWEST: usize = 3;
/// Clocks that differ from the fleet's by no more than this share its offset, in seconds.
const ALIKE_S: f64 = 60.0;

/// Most hosts agree with each other and not with this machine.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct OwnClock {
    /// The right time minus ours, in seconds; by certificates at least this much.
    pub(crate) offset_s: f64,
    known_by: KnownBy,
    alike: usize,
    hosts: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KnownBy {
    /// The hosts' own clocks.
    Clocks,
    /// Where too few clocks are known: certificates that begin in the future, each on another day.
    Certificates,
}

/// Server clock minus ours on every attempt that gave it, in seconds, with the least error of each.
pub(crate) fn skews(history: &History) -> impl Iterator<Item = (f64, f64)> {
    history.attempts.iter().filter_map(|attempt| {
        let ntlm = attempt.ntlm.as_ref()?;
        Some((
            ntlm.clock_skew_s()?,
            f64::from(ntlm.clock_error_ms) / 1000.0,
        ))
    })
}

/// One clock per host that gave it; while these are too few, one start per certificate.
#[derive(Debug, Default)]
pub(super) struct ClockSamples {
    hosts: Vec<f64>,
    /// Start minus our time when it was seen first, by the start: certificates made together count once.
    starts: BTreeMap<i64, i64>,
}

impl ClockSamples {
    pub(super) fn add(&mut self, history: &History) {
        let mut seen: Vec<f64> = skews(history).map(|(skew, _)| skew).collect();
        self.hosts.extend(median(&mut seen));
        if self.hosts.len() >= FEWEST {
            self.starts = BTreeMap::new();
            return;
        }
        let start = history.certificate().and_then(|leaf| leaf.not_before);
        let newest = history.attempts.iter().rev().find(|a| a.tls.is_some());
        if let (Some(start), Some(newest)) = (start, newest) {
            let start = start.as_second();
            let ahead = start - newest.started_at.as_second();
            let most = self.starts.entry(start).or_insert(ahead);
            *most = ahead.max(*most);
        }
    }

    pub(super) fn finish(self) -> Option<OwnClock> {
        let Self { mut hosts, starts } = self;
        if hosts.len() < FEWEST {
            return by_certificates(starts.into_values().map(|ahead| ahead as f64).collect());
        }
        let offset_s = median(&mut hosts)?;
        let alike = hosts
            .iter()
            .filter(|skew| (**skew - offset_s).abs() <= ALIKE_S)
            .count();
        (offset_s.abs() > TOLERANCE_S as f64 && alike * 2 > hosts.len()).then_some(OwnClock {
            offset_s,
            known_by: KnownBy::Clocks,
            alike,
            hosts: hosts.len(),
        })
    }
}

/// No certificate is used before it was made, so a clock by which most are cannot be right.
fn by_certificates(mut starts: Vec<f64>) -> Option<OwnClock> {
    if starts.len() < FEWEST {
        return None;
    }
    let future = |ahead: &&f64| **ahead > TOLERANCE_S as f64;
    let alike = starts.iter().filter(future).count();
    let offset_s = median(&mut starts)?;
    (alike * 2 > starts.len()).then_some(OwnClock {
        offset_s,
        known_by: KnownBy::Certificates,
        alike,
        hosts: starts.len(),
    })
}

impl OwnClock {
    pub(super) fn banner(&self) -> Banner {
        let Self { alike, hosts, .. } = self;
        let side = if self.offset_s > 0.0 { "slow" } else { "fast" };
        let length = length(self.offset_s);
        let (by, how) = match self.known_by {
            KnownBy::Clocks => ("", format!("{alike} of {hosts} hosts differ from it alike")),
            KnownBy::Certificates => (
                "at least ",
                format!("{alike} of {hosts} certificates would begin in the future"),
            ),
        };
        Banner {
            id: "RDP-CLOCK-SKEW",
            text: format!(
                "this machine's clock is probably {by}{length} {side}: {how}; set it and scan again, since dates of \
                 certificates were judged by it",
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
