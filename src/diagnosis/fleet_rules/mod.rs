//! What can only be seen by looking at many hosts at once: shared keys, one prefix that breaks alike, a clock that is ours.
//!
//! Pure: counted from histories, held small, and handed to the rules of single hosts through the context.

mod midbox;
mod outage;
mod pace;
mod shared_key;
mod skew;
mod sorted;
mod throttle;

use schemars::JsonSchema;
use serde::Serialize;
use std::net::IpAddr;

use jiff::Timestamp;

use super::in_order;
use crate::model::{CertificateFacts, History};

pub(crate) use midbox::Alike;
pub(crate) use pace::{Pace, samples};
pub(crate) use shared_key::{KeyUse, SharedKey, is_its_own};
pub(crate) use skew::{OwnClock, length, skews};
pub(crate) use throttle::Throttled;

/// What the fleet as a whole shows. Holds groups, and of hosts only those few that a busy scan troubles: small however many
/// hosts there are.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FleetView {
    keys: shared_key::SharedKeys,
    alike: midbox::Prefixes,
    clock: Option<OwnClock>,
    own_way: outage::OwnWay,
    pace: Pace,
    throttled: throttle::Hosts,
}

/// Something about this machine that the hosts together give away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Banner {
    /// The finding that it stands in place of.
    pub id: &'static str,
    /// One sentence.
    pub text: String,
}

/// A look at all hosts of a scan, one after the other, so that it can be spread over time: [`add`](Self::add) every one, then
/// [`add_again`](Self::add_again) those that [`revisit`](Self::revisit) lists, then [`finish`](Self::finish). The order does
/// not matter, and no step takes long.
#[derive(Debug, Default)]
pub struct FleetSurvey {
    keys: shared_key::KeyHolders,
    cut: midbox::CutHandshakes,
    pace: pace::PaceSamples,
    clock: skew::ClockSamples,
    load: throttle::LoadSamples,
    outages: outage::OutageSamples,
}

impl FleetSurvey {
    /// Takes a host in. Each has a place of its own.
    pub fn add(&mut self, place: usize, history: &History) {
        let history = in_order(history);
        self.keys.add(place, &history);
        self.cut.add(&history);
        self.pace.add(&history);
        self.clock.add(&history);
        self.load.add(place, &history);
        self.outages.add(place, &history);
    }

    /// The places of those that are to be looked at again when all are in: they share a key with others, or fail at times.
    #[must_use]
    pub fn revisit(&self) -> Vec<usize> {
        let mut places: Vec<usize> = self.keys.places().chain(self.load.places()).collect();
        places.sort_unstable();
        places.dedup();
        places
    }

    /// Takes one of these in once more.
    pub fn add_again(&mut self, history: &History) {
        let history = in_order(history);
        self.keys.add_again(&history);
        self.load.add_again(&history);
    }

    /// What all of them show.
    #[must_use]
    pub fn finish(self) -> FleetView {
        FleetView {
            keys: self.keys.finish(),
            alike: self.cut.finish(),
            pace: self.pace.finish(),
            clock: self.clock.finish(),
            own_way: self.outages.finish(),
            throttled: self.load.finish(),
        }
    }
}

impl FleetView {
    /// What is to be said about this machine instead of about its hosts.
    #[must_use]
    pub fn banners(&self) -> Vec<Banner> {
        let clock = self.clock.iter().map(OwnClock::banner);
        clock.chain(self.own_way.banners()).collect()
    }

    pub(crate) fn shared_key(&self, leaf: &CertificateFacts) -> Option<&SharedKey> {
        self.keys.get(&shared_key::key_of(leaf))
    }

    pub(crate) fn alike(&self, history: &History) -> Option<Alike> {
        midbox::of(&self.alike, history)
    }

    pub(crate) fn clock(&self) -> Option<OwnClock> {
        self.clock
    }

    /// Nearly everything failed that was begun at this time.
    pub(crate) fn was_away(&self, at: Timestamp) -> bool {
        self.own_way.was_away(at)
    }

    /// There is no way from here to any host of this address's family.
    pub(crate) fn has_no_route(&self, address: IpAddr) -> bool {
        self.own_way.has_no_route(address)
    }

    /// The host fails only while many connections are open, as it seems.
    pub(crate) fn throttled(&self, history: &History) -> Option<Throttled> {
        self.throttled.get(&history.key.endpoint()?).copied()
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
