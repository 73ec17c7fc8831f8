//! Events of workers, before they are folded: what a worker cannot have observed of its shard is dropped.
//!
//! A worker that is taken over can still say what it likes about the hosts of its shards; it cannot speak for other sites, other
//! shards or the whole scan.

use std::collections::{BTreeMap, HashSet};
use std::net::IpAddr;

use derive_more::Display;

use super::ledger::last_delivery;
use super::shard::ShardPlan;
use super::subjects;
use crate::model::{
    Checkpoint, Endpoint, EventBody, HostKey, Lookup, Notice, Origin, ScanEnd, ScanEvent, ScanId,
    Site, Stream, UnlistedCounts,
};

/// Endpoints outside its slice that the names of one shard may lead to.
const MOST_LED_TO: usize = 1 << 16;
/// The same of all shards in progress together.
const MOST_LED_TO_IN_ALL: usize = 1 << 18;

/// Why an event is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Display)]
pub enum Fault {
    #[display("of another scan")]
    Scan,
    #[display("of another site")]
    Site,
    #[display("of no shard of this scan")]
    Shard,
    #[display("about hosts outside their shard")]
    Host,
    #[display("not a worker's to send")]
    Kind,
    #[display("with impossible counts")]
    Counts,
}

/// The events of a scan by workers of its sites.
#[derive(Debug)]
pub struct Gate {
    scan: ScanId,
    sites: HashSet<Site>,
    /// The highest delivery that a shard can have.
    last_delivery: u32,
    /// What the names of a shard in progress led to so far, by its newest delivery.
    led_to: BTreeMap<(Site, u32), (u32, HashSet<Endpoint>)>,
}

impl Gate {
    #[must_use]
    pub fn new(scan: ScanId, sites: impl IntoIterator<Item = Site>) -> Self {
        Self {
            scan,
            sites: sites.into_iter().collect(),
            last_delivery: last_delivery(1),
            led_to: BTreeMap::new(),
        }
    }

    /// The scan goes on as this run of its coordinator.
    pub fn resume(&mut self, run: u32) {
        self.last_delivery = last_delivery(run);
    }

    /// Checks an event that came under the subject of a site.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn check(
        &mut self,
        plan: &ShardPlan,
        subject: &Site,
        event: &ScanEvent,
    ) -> Result<(), Fault> {
        let Origin {
            scan,
            epoch,
            site,
            stream,
        } = event.origin();
        if scan != self.scan || epoch != 1 {
            return Err(Fault::Scan);
        }
        if site != *subject || !self.sites.contains(&site) {
            return Err(Fault::Site);
        }
        let Stream::Shard { number, delivery } = stream else {
            return Err(Fault::Shard);
        };
        if number >= plan.count() || delivery > self.last_delivery {
            return Err(Fault::Shard);
        }
        let key = (site, number);
        let others = self.led_to.iter().filter(|(one, _)| **one != key);
        let others: usize = others.map(|(_, (_, led_to))| led_to.len()).sum();
        let (newest, led_to) = self.led_to.entry(key.clone()).or_default();
        if delivery > *newest {
            *newest = delivery;
            led_to.clear();
        }
        let shard = Shard {
            plan,
            number,
            site: subject,
            most_led_to: MOST_LED_TO.min(MOST_LED_TO_IN_ALL.saturating_sub(others)),
        };
        let checked = shard.check(&event.body, led_to);
        let has_ended = matches!(event.body, EventBody::ScanFinished(_)) && checked.is_ok();
        if has_ended || led_to.is_empty() {
            self.led_to.remove(&key);
        }
        checked
    }
}

struct Shard<'a> {
    plan: &'a ShardPlan,
    number: u32,
    /// Under whose subject the event came.
    site: &'a Site,
    most_led_to: usize,
}

impl Shard<'_> {
    fn check(&self, body: &EventBody, led_to: &mut HashSet<Endpoint>) -> Result<(), Fault> {
        let is_ours = |endpoint: &Endpoint| {
            self.plan.sweeps(self.number, *endpoint) || led_to.contains(endpoint)
        };
        let holds = |is_right: bool, fault| if is_right { Ok(()) } else { Err(fault) };
        match body {
            EventBody::TargetResolved {
                name,
                port,
                endpoints,
                lookups,
                ..
            } => {
                holds(self.plan.resolves(self.number, name, *port), Fault::Host)?;
                let answers: HashSet<&IpAddr> = addresses(lookups).collect();
                let of_row = self.plan.targets().row_addresses(name);
                let is_answer = |one: &Endpoint| {
                    one.port == *port
                        && (answers.contains(&one.address) || of_row.contains(&one.address))
                };
                holds(endpoints.iter().all(is_answer), Fault::Host)?;
                self.lead_to(endpoints.iter().copied(), led_to);
                Ok(())
            }
            EventBody::AttemptFinished { attempt, .. } => {
                holds(is_ours(&attempt.endpoint), Fault::Host)
            }
            EventBody::NamesChecked {
                endpoint, lookups, ..
            } => {
                holds(is_ours(endpoint), Fault::Host)?;
                let members = addresses(lookups);
                let members = members.map(|address| Endpoint::new(*address, endpoint.port));
                self.lead_to(members, led_to);
                Ok(())
            }
            EventBody::ReprobeStarted { endpoint, .. } => holds(is_ours(endpoint), Fault::Host),
            EventBody::NotReached { host } => {
                let is_right = match host {
                    HostKey::Endpoint(endpoint) => is_ours(endpoint),
                    HostKey::Unresolved { name, port } => {
                        self.plan.resolves(self.number, name, *port)
                    }
                };
                holds(is_right, Fault::Host)
            }
            EventBody::Notice(notice) => match notice {
                Notice::HostSkipped { host } => holds(
                    host.endpoint().is_some_and(|endpoint| is_ours(&endpoint)),
                    Fault::Host,
                ),
                // A scan by all workers does not know which of them it is.
                Notice::OutsideAllowList { site, .. } => holds(
                    site == self.site || self.site.as_str() == subjects::ANY,
                    Fault::Site,
                ),
                _ => holds(notice.is_of_a_worker(), Fault::Kind),
            },
            EventBody::Checkpoint(Checkpoint {
                endpoints_probed,
                answered_on_retry,
                unlisted,
                ..
            }) => self.check_counts(*endpoints_probed, *answered_on_retry, *unlisted, 0),
            EventBody::ScanFinished(ScanEnd {
                endpoints_probed,
                unlisted,
                answered_on_retry,
                not_reached,
                ..
            }) => self.check_counts(
                *endpoints_probed,
                *answered_on_retry,
                *unlisted,
                *not_reached,
            ),
            EventBody::ScanStarted(_)
            | EventBody::WorkPlanned(_)
            | EventBody::BehindGateway { .. } => Err(Fault::Kind),
        }
    }

    fn lead_to(&self, endpoints: impl Iterator<Item = Endpoint>, led_to: &mut HashSet<Endpoint>) {
        for endpoint in endpoints {
            let targets = self.plan.targets();
            if led_to.len() < self.most_led_to && !targets.is_excluded(endpoint.address) {
                led_to.insert(endpoint);
            }
        }
    }

    /// Counts of a shard are no larger than it, what its names lead to included.
    fn check_counts(
        &self,
        probed: u64,
        on_retry: u64,
        unlisted: UnlistedCounts,
        not_reached: u64,
    ) -> Result<(), Fault> {
        let most = self.plan.endpoints(self.number) + MOST_LED_TO as u64;
        let UnlistedCounts {
            closed,
            filtered,
            unreachable,
            not_probed,
        } = unlisted;
        let parts = [closed, filtered, unreachable, not_probed, not_reached];
        let all = parts
            .iter()
            .fold(0, |sum: u64, part| sum.saturating_add(*part));
        let is_right = [all, probed, on_retry].iter().all(|count| *count <= most);
        if is_right { Ok(()) } else { Err(Fault::Counts) }
    }
}

fn addresses(lookups: &[Lookup]) -> impl Iterator<Item = &IpAddr> {
    lookups.iter().flat_map(|lookup| lookup.answer.addresses())
}
