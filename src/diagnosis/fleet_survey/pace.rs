use crate::model::{History, Stage};

/// Fewer samples than this are no fleet to compare with.
const FEWEST: usize = 15;
/// Binary digits of a sample that are kept, besides the first: it is off by 0.2 % at most.
const DIGITS: u32 = 8;

/// How fast the fleet is, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct FleetPace {
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

/// How long every attempt of the fleet took.
#[derive(Debug, Default)]
pub(super) struct PaceSamples {
    connect: Histogram,
    handshake: Histogram,
}

impl PaceSamples {
    pub(super) fn add(&mut self, history: &History) {
        for ms in samples(history, Stage::Tcp) {
            self.connect.add(ms);
        }
        for ms in samples(history, Stage::Tls) {
            self.handshake.add(ms);
        }
    }

    pub(super) fn finish(&self) -> FleetPace {
        FleetPace {
            connect_ms: self.connect.median(),
            handshake_ms: self.handshake.median(),
        }
    }
}

/// How many samples have which length, in microseconds: exact below half a millisecond, then in steps that grow with it.
#[derive(Debug, Default)]
struct Histogram {
    counts: Vec<usize>,
    all: usize,
}

impl Histogram {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a stage's microseconds, which fit by their origin"
    )]
    fn add(&mut self, ms: f64) {
        let us = (ms * 1000.0).round() as u32;
        let shift = (u32::BITS - us.leading_zeros()).saturating_sub(DIGITS + 1);
        let step = ((shift << DIGITS) + (us >> shift)) as usize;
        if self.counts.len() <= step {
            self.counts.resize(step + 1, 0);
        }
        if let Some(count) = self.counts.get_mut(step) {
            *count += 1;
            self.all += 1;
        }
    }

    /// The middle of the step in which the median is; of an even number of samples the upper one counts.
    fn median(&self) -> Option<f64> {
        if self.all < FEWEST {
            return None;
        }
        let mut so_far = 0;
        let step = self.counts.iter().position(|count| {
            so_far += count;
            so_far > self.all / 2
        })?;
        let step = u32::try_from(step).ok()?;
        let shift = (step >> DIGITS).saturating_sub(1);
        let width = f64::from(shift).exp2();
        let least = f64::from(step - (shift << DIGITS)) * width;
        Some((least + (width - 1.0) / 2.0) / 1000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_off_by_a_five_hundredth_at_most() {
        for ms in [
            0.0,
            0.001,
            0.4,
            0.511,
            0.512,
            1.0,
            9.7,
            51.2,
            800.0,
            4_294_967.295,
        ] {
            let mut samples = Histogram::default();
            for _ in 0..FEWEST {
                samples.add(ms);
            }
            let median = samples.median().unwrap();
            assert!((median - ms).abs() <= ms / 500.0, "{median} of {ms}");
        }
    }

    #[test]
    fn too_few_samples_have_no_median() {
        let mut samples = Histogram::default();
        for _ in 1..FEWEST {
            samples.add(1.0);
        }
        assert_eq!(samples.median(), None);
    }
}
