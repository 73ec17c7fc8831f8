use super::median;
use crate::model::{History, Stage};

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

/// Milliseconds that a stage took on every attempt on which it succeeded and could be timed; from X.224 on, of what a client
/// sends.
pub(crate) fn samples(history: &History, stage: Stage) -> impl Iterator<Item = f64> {
    let attempts = history.attempts.iter();
    let attempts =
        attempts.filter(move |attempt| stage == Stage::Tcp || attempt.probe.is_default());
    attempts.filter_map(move |attempt| attempt.pace_ms(stage))
}

/// Milliseconds of every attempt of the fleet.
#[derive(Debug, Default)]
pub(super) struct Looking {
    connect: Vec<f64>,
    handshake: Vec<f64>,
}

impl Looking {
    pub(super) fn add(&mut self, history: &History) {
        self.connect.extend(samples(history, Stage::Tcp));
        self.handshake.extend(samples(history, Stage::Tls));
    }

    pub(super) fn finish(mut self) -> Pace {
        Pace {
            connect_ms: middle(&mut self.connect),
            handshake_ms: middle(&mut self.handshake),
        }
    }
}

fn middle(all: &mut [f64]) -> Option<f64> {
    (all.len() >= FEWEST).then(|| median(all)).flatten()
}
