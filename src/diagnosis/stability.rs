use std::collections::BTreeMap;

use super::ending::{CountedAttempt, connected};
use super::{Policy, Spread, Stability};
use crate::model::{Outcome, StabilityVerdict, Stage, TlsHandshake};

/// A connect slower than this with a retransmission behind it lost its SYN: the first retry comes after one second (RFC 6298).
const RETRIED_SYN_MS: f64 = 900.0;

/// Sums up attempts, by IP and by name alike.
pub(crate) fn stability(counted: &[CountedAttempt<'_>], policy: &Policy) -> Stability {
    let mut by_stage: BTreeMap<Stage, u32> = BTreeMap::new();
    for (stage, _) in counted.iter().filter_map(|one| one.ending.failure()) {
        *by_stage.entry(stage).or_default() += 1;
    }
    let attempts = count(counted.len());
    let failures: u32 = by_stage.values().sum();
    let verdict = if attempts < policy.stability_attempts.max(1) {
        StabilityVerdict::Unknown
    } else if failures == 0 {
        StabilityVerdict::Steady
    } else if failures == attempts {
        StabilityVerdict::Down
    } else {
        StabilityVerdict::Flaky
    };
    let through = || counted.iter().filter(|one| one.is_through());
    Stability {
        verdict,
        attempts,
        failures,
        failures_by_stage: by_stage.into_iter().collect(),
        connect_ms: spread(
            counted
                .iter()
                .filter_map(|one| one.attempt.pace_ms(Stage::Tcp)),
        ),
        total_ms: spread(
            through()
                .filter(|one| !one.attempt.is_lagged())
                .map(|one| one.attempt.total_ms()),
        ),
        handshake_ms: spread(counted.iter().filter_map(handshake_ms)),
        retransmits: counted
            .iter()
            .filter_map(|one| one.attempt.path?.retransmits)
            .reduce(u32::saturating_add),
        loss: loss(counted),
    }
}

fn handshake_ms(one: &CountedAttempt<'_>) -> Option<f64> {
    let full = one
        .attempt
        .tls
        .as_ref()
        .is_some_and(|tls| tls.handshake == TlsHandshake::Full);
    one.attempt.pace_ms(Stage::Tls).filter(|_| full)
}

/// Lost connects as a share of all connects tried.
fn loss(counted: &[CountedAttempt<'_>]) -> f64 {
    let (mut lost, mut tried) = (0_u32, 0_u32);
    for one in counted {
        let silent = u32::from(one.attempt.unanswered_rounds);
        let timed_out = !connected(one.attempt)
            && one.attempt.stages.iter().any(|record| {
                record.stage == Stage::Tcp && matches!(record.outcome, Outcome::Timeout { .. })
            });
        let resent = one.attempt.path.and_then(|path| path.retransmits);
        let retried = resent.is_some_and(|count| count > 0)
            && one
                .attempt
                .connect_ms()
                .is_some_and(|ms| ms >= RETRIED_SYN_MS);
        lost = lost.saturating_add(silent + u32::from(timed_out) + u32::from(retried));
        tried = tried.saturating_add(silent + 1 + u32::from(retried));
    }
    if tried == 0 {
        0.0
    } else {
        f64::from(lost) / f64::from(tried)
    }
}

fn spread(values: impl Iterator<Item = f64>) -> Option<Spread> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    let upper = *values.get(half)?;
    let median = if values.len().is_multiple_of(2) {
        f64::midpoint(*values.get(half.checked_sub(1)?)?, upper)
    } else {
        upper
    };
    Some(Spread {
        min: *values.first()?,
        median,
        max: *values.last()?,
    })
}

fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
