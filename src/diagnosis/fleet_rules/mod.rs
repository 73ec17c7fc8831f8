//! What can only be seen by looking at many hosts at once: shared keys, one prefix that breaks alike, a clock that is ours.
//!
//! Pure: counted from histories, held small, and handed to the rules of single hosts through the context.

mod midbox;
mod outage;
mod pace;
mod shared_key;
mod skew;
mod throttle;

use schemars::JsonSchema;
use serde::Serialize;
use std::borrow::Cow;
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
pub struct FleetSight {
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

impl FleetSight {
    /// Looks at every history of a scan, asked for by place until there is none: at each once, and once more at those who
    /// share a key. The order does not matter.
    #[must_use]
    pub fn of<'a>(history: impl Fn(usize) -> Option<Cow<'a, History>>) -> Self {
        let history = |place| history(place).map(ordered);
        let mut keys = shared_key::Looking::default();
        let mut alike = midbox::Looking::default();
        let mut pace = pace::Looking::default();
        let mut clock = skew::Looking::default();
        let mut throttled = throttle::Looking::default();
        let mut own_way = outage::Looking::default();
        for (place, history) in (0..).map_while(|place| Some((place, history(place)?))) {
            keys.add(place, &history);
            alike.add(&history);
            pace.add(&history);
            clock.add(&history);
            throttled.add(&history);
            own_way.add(place, &history);
        }
        Self {
            keys: keys.finish(&history),
            alike: alike.finish(),
            pace: pace.finish(),
            clock: clock.finish(),
            own_way: own_way.finish(),
            throttled: throttled.finish(),
        }
    }

    /// What is to be said about this machine instead of about its hosts.
    #[must_use]
    pub fn banners(&self) -> Vec<Banner> {
        let clock = self.clock.iter().map(OwnClock::banner);
        clock.chain(self.own_way.banners()).collect()
    }

    pub(crate) fn shared_key(&self, leaf: &CertificateFacts) -> Option<&SharedKey> {
        self.keys.get(&leaf.spki_sha256)
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
        self.throttled.get(&history.subject.endpoint()?).copied()
    }

    pub(crate) fn pace(&self) -> Pace {
        self.pace
    }
}

/// The history with its attempts in the order in which they began.
fn ordered(history: Cow<'_, History>) -> Cow<'_, History> {
    match in_order(&history) {
        Cow::Owned(ordered) => Cow::Owned(ordered),
        Cow::Borrowed(_) => history,
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
