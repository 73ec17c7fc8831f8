use super::median;
use crate::model::{History, Stage};
use std::borrow::Cow;

/// Fewer samples than this are no fleet to compare with.
const FEWEST: usize = 15;

/// How fast the fleet is, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Pace {
    /// Median of all TCP connects.
    pub(crate) connect_ms: Option<f64>,
    /// Median of all TLS handshakes.
    pub(crate) handshake_ms: Option<f64>,
}

/// Milliseconds that a stage took on every attempt on which it succeeded.
pub(crate) fn samples(history: &History, stage: Stage) -> impl Iterator<Item = f64> {
    history.attempts.iter().filter_map(move |attempt| {
        let record = attempt.stage(stage)?;
        record
            .outcome
            .is_ok()
            .then(|| f64::from(record.duration_us) / 1000.0)
    })
}

pub(super) fn look<'a>(histories: &(impl Iterator<Item = Cow<'a, History>> + Clone)) -> Pace {
    let middle = |stage| {
        let mut all: Vec<f64> = histories
            .clone()
            .flat_map(|history| samples(&history, stage).collect::<Vec<_>>())
            .collect();
        (all.len() >= FEWEST).then(|| median(&mut all)).flatten()
    };
    Pace {
        connect_ms: middle(Stage::Tcp),
        handshake_ms: middle(Stage::Tls),
    }
}
