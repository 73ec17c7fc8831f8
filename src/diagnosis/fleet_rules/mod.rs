//! What can only be seen by looking at many hosts at once: shared keys, one prefix that breaks alike, a clock that is ours.
//!
//! Pure: counted from histories, held small, and handed to the rules of single hosts through the context.

mod midbox;
mod pace;
mod shared_key;
mod skew;

use serde::Serialize;
use std::borrow::Cow;

use crate::model::History;

pub(crate) use midbox::Alike;
pub(crate) use pace::{Pace, samples};
pub(crate) use shared_key::{KeyUse, SharedKey};
pub(crate) use skew::{OwnClock, length, skews};

/// What the fleet as a whole shows. Holds groups only, never hosts: small however many hosts there are.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FleetSight {
    keys: shared_key::SharedKeys,
    alike: midbox::Prefixes,
    clock: Option<OwnClock>,
    pace: Pace,
}

/// Something about this machine that the hosts together give away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Banner {
    /// The finding that it stands in place of.
    pub id: &'static str,
    /// One sentence.
    pub text: String,
}

impl FleetSight {
    /// Looks at every history of a scan. The order does not matter.
    #[must_use]
    pub fn of<'a>(histories: impl Iterator<Item = Cow<'a, History>> + Clone) -> Self {
        Self {
            keys: shared_key::look(histories.clone()),
            alike: midbox::look(histories.clone()),
            pace: pace::look(&histories),
            clock: skew::look(histories),
        }
    }

    /// What is to be said about this machine instead of about its hosts.
    #[must_use]
    pub fn banners(&self) -> Vec<Banner> {
        self.clock.iter().map(OwnClock::banner).collect()
    }

    pub(crate) fn shared_key(&self, history: &History) -> Option<&SharedKey> {
        self.keys.get(&history.certificate()?.spki_sha256)
    }

    pub(crate) fn alike(&self, history: &History) -> Option<Alike> {
        midbox::of(&self.alike, history)
    }

    pub(crate) fn clock(&self) -> Option<OwnClock> {
        self.clock
    }

    pub(crate) fn pace(&self) -> Pace {
        self.pace
    }
}

/// The middle of some values; the upper of two.
fn median(values: &mut [f64]) -> Option<f64> {
    let half = values.len() / 2;
    if values.is_empty() {
        return None;
    }
    let (_, middle, _) = values.select_nth_unstable_by(half, f64::total_cmp);
    Some(*middle)
}
