//! What only many hosts together show: shared keys, a prefix cut alike, a configuration unlike the neighbours', a clock of this machine
//! that is off.
//!
//! Pure: counted from histories, kept small, and handed to the rules of single hosts through the context.

mod clock_skew;
mod cut_handshakes;
mod neighbours;
mod outages;
mod pace;
mod shared_keys;
mod site_names;
mod sorted_runs;
mod throttling;

use std::collections::BTreeMap;
use std::net::IpAddr;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::ending::connected;
use super::in_order;
use crate::model::{CertificateFacts, History, Site};

pub(crate) use clock_skew::{OwnClock, length, skews};
pub(crate) use neighbours::UnlikeNeighbours;
pub(crate) use pace::{FleetPace, samples};
pub(crate) use shared_keys::{KeyUse, SharedKey, is_its_own};

/// What the fleet as a whole shows. Holds groups, and of hosts only those few that a busy scan troubles: small however many
/// hosts there are.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FleetView {
    keys: shared_keys::KeysInCommon,
    cut: cut_handshakes::CutPrefixes,
    pub(super) clock: Option<OwnClock>,
    outages: outages::OwnOutages,
    pub(super) pace: FleetPace,
    throttled: throttling::ThrottledHosts,
    customs: neighbours::Customs,
    sites: BTreeMap<Site, Reached>,
    several_sites: bool,
    names: site_names::SplitNames,
}

/// How many hosts were tried from a site, and how many answered.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Reached {
    tried: usize,
    answered: usize,
}

/// Fewer hosts than this may all be down.
const FEWEST_OF_A_SITE: usize = 3;

/// Something about this machine that the hosts together give away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Banner {
    /// The finding that it replaces.
    pub id: &'static str,
    /// One sentence.
    pub text: String,
}

/// Takes in all hosts of a scan, one after the other, so that it can be spread over time: [`add`](Self::add) every one, then
/// [`add_again`](Self::add_again) those that [`revisit`](Self::revisit) lists, then [`finish`](Self::finish). The order does
/// not matter, and no step takes long.
#[derive(Debug, Default)]
pub struct FleetSurvey {
    keys: shared_keys::SharedKeys,
    cut: cut_handshakes::CutHandshakes,
    pace: pace::PaceSamples,
    clock: clock_skew::ClockSamples,
    throttling: throttling::Throttling,
    outages: outages::Outages,
    configurations: neighbours::Configurations,
    sites: BTreeMap<Site, Reached>,
    names: site_names::SiteNames,
}

impl FleetSurvey {
    /// Takes a host in. Each has a place of its own.
    pub fn add(&mut self, place: usize, history: &History) {
        let history = in_order(history);
        self.keys.add(place, &history);
        self.cut.add(&history);
        self.pace.add(&history);
        self.clock.add(&history);
        self.throttling.add(place, &history);
        self.outages.add(place, &history);
        self.configurations.add(&history);
        self.names.add(place, &history);
        for view in history.views().filter(|_| !history.elsewhere.is_empty()) {
            let Some(site) = view.site.as_ref().filter(|_| !view.attempts.is_empty()) else {
                continue;
            };
            let reached = self.sites.entry(site.clone()).or_default();
            reached.tried += 1;
            reached.answered += usize::from(view.attempts.iter().any(connected));
        }
    }

    /// The places of those that are to be added again when all are in: they share a key with others, fail at times, or have a name
    /// that several sites look up.
    #[must_use]
    pub fn revisit(&self) -> Vec<usize> {
        let names = self.names.places().iter().copied();
        let places = self.keys.places().chain(self.throttling.places());
        let mut places: Vec<usize> = places.chain(names).collect();
        places.sort_unstable();
        places.dedup();
        places
    }

    /// Takes one of these in once more.
    pub fn add_again(&mut self, history: &History) {
        let history = in_order(history);
        self.keys.add_again(&history);
        self.throttling.add_again(&history);
        self.names.add_again(&history);
    }

    #[must_use]
    pub fn finish(self) -> FleetView {
        FleetView {
            keys: self.keys.finish(),
            cut: self.cut.finish(),
            pace: self.pace.finish(),
            clock: self.clock.finish(),
            outages: self.outages.finish(),
            throttled: self.throttling.finish(),
            customs: self.configurations.finish(),
            sites: self.sites,
            several_sites: self.names.has_several_sites(),
            names: self.names.finish(),
        }
    }
}

impl FleetView {
    /// What applies to this machine and not to its hosts.
    #[must_use]
    pub fn banners(&self) -> Vec<Banner> {
        let clock = self.clock.iter().map(OwnClock::banner);
        let cut_off = self.sites.keys().filter(|site| self.is_cut_off(site));
        let cut_off = cut_off.map(|site| Banner {
            id: "RDP-SITE-DIFFERS",
            text: format!(
                "site {site} reaches no host at all: check the network of its worker before what only that site shows"
            ),
        });
        clock.chain(self.outages.banners()).chain(cut_off).collect()
    }

    pub(crate) fn shared_key(&self, leaf: &CertificateFacts) -> Option<&SharedKey> {
        self.keys.get(&shared_keys::key_of(leaf))
    }

    pub(super) fn cut_prefix(&self, history: &History) -> Option<cut_handshakes::CutPrefix> {
        cut_handshakes::prefix_of_host(&self.cut, history)
    }

    /// In what the host is configured unlike nearly all of its neighbours.
    pub(crate) fn unlike_neighbours(&self, history: &History) -> Vec<UnlikeNeighbours> {
        self.customs.broken_by(history)
    }

    /// Nearly everything failed that was begun at this time.
    pub(crate) fn was_away(&self, at: Timestamp) -> bool {
        self.outages.was_away(at)
    }

    /// This machine has no route to any host of this address's family.
    pub(crate) fn has_no_route(&self, address: IpAddr) -> bool {
        self.outages.has_no_route(address)
    }

    /// No host at all answers a site.
    pub(crate) fn is_cut_off(&self, site: &Site) -> bool {
        let reached = self.sites.get(site);
        reached.is_some_and(|one| one.tried >= FEWEST_OF_A_SITE && one.answered == 0)
    }

    /// The scan has views from more than one site.
    pub(crate) const fn has_several_sites(&self) -> bool {
        self.several_sites
    }

    /// What each site gets for a listed name that has other addresses at one than at another.
    pub(crate) fn name_by_site(&self, name: &str) -> Option<&str> {
        self.names.of(name)
    }

    /// The host fails only while many connections are open, as it seems.
    pub(crate) fn throttled(&self, history: &History) -> Option<throttling::Throttled> {
        self.throttled.get(&history.key.endpoint()?).copied()
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
