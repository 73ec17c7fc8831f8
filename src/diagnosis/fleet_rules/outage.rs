//! Moments at which nearly everything failed: not the hosts, but this machine or its way out.

use std::net::IpAddr;

use jiff::Timestamp;

use super::Banner;
use crate::diagnosis::ending::{Ending, connected, endings};
use crate::model::{Attempt, History, Outcome, Stage};

/// Fewer hosts than this may fail together by chance, or for a reason that they share.
const MANY: usize = 8;
/// A run of failures is an outage when fewer than this many of its length would come about by chance.
const BY_CHANCE: f64 = 0.01;
/// Fewer hosts than this do not speak for all others.
const FEWEST: usize = 3;

/// An outage: from the first to the last attempt that failed in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Outage {
    first: Timestamp,
    last: Timestamp,
    attempts: usize,
}

/// What this machine could not do.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct OwnWay {
    outages: Vec<Outage>,
    no_route_v4: Option<usize>,
    no_route_v6: Option<usize>,
}

/// Attempts at hosts that get through at times, and how many hosts have no route.
#[derive(Debug, Default)]
pub(super) struct Looking {
    tried: Vec<Tried>,
    v4: Routes,
    v6: Routes,
}

/// Hosts of one family.
#[derive(Debug, Default)]
struct Routes {
    hosts: usize,
    without: usize,
}

impl Routes {
    /// How many, when there is no route to any.
    fn lost(&self) -> Option<usize> {
        (self.hosts >= FEWEST && self.hosts == self.without).then_some(self.hosts)
    }
}

#[derive(Debug, Clone, Copy)]
struct Tried {
    at: Timestamp,
    failed: bool,
    host: usize,
}

impl Looking {
    pub(super) fn add(&mut self, place: usize, history: &History) {
        let Some(endpoint) = history.subject.endpoint() else {
            return;
        };
        let before = self.tried.len();
        let (mut counted, mut through, mut without_route) = (false, false, true);
        for (attempt, end) in history.attempts.iter().zip(endings(&history.attempts)) {
            if end == Ending::NotCounted {
                continue;
            }
            counted = true;
            through |= end == Ending::Through;
            without_route &= has_no_route(attempt);
            self.tried.push(Tried {
                at: attempt.started_at,
                failed: is_cut(end),
                host: place,
            });
        }
        // A host that never gets through fails for reasons of its own.
        if !through {
            self.tried.truncate(before);
        }
        let routes = if endpoint.address.is_ipv6() {
            &mut self.v6
        } else {
            &mut self.v4
        };
        routes.hosts += usize::from(counted);
        routes.without += usize::from(counted && without_route);
    }

    pub(super) fn finish(self) -> OwnWay {
        OwnWay {
            outages: outages(self.tried),
            no_route_v4: self.v4.lost(),
            no_route_v6: self.v6.lost(),
        }
    }
}

/// Runs of failures, one after another at many hosts with no success in between, too long for chance.
fn outages(mut tried: Vec<Tried>) -> Vec<Outage> {
    tried.sort_unstable_by_key(|one| (one.at, one.failed));
    let failed = tried.iter().filter(|one| one.failed).count();
    let share = failed as f64 / tried.len().max(1) as f64;
    tried
        .chunk_by(|one, next| one.failed == next.failed)
        .filter_map(|run| {
            let (first, last) = (run.first()?, run.last()?);
            let mut hosts: Vec<usize> = run.iter().map(|one| one.host).collect();
            hosts.sort_unstable();
            hosts.dedup();
            let length = i32::try_from(run.len()).unwrap_or(i32::MAX);
            let expected = tried.len() as f64 * share.powi(length);
            (first.failed && hosts.len() >= MANY && expected < BY_CHANCE).then_some(Outage {
                first: first.at,
                last: last.at,
                attempts: run.len(),
            })
        })
        .collect()
}

/// It ended as a way that breaks ends it: not by the server's word.
fn is_cut(end: Ending<'_>) -> bool {
    end.failure().is_some_and(|(_, outcome)| {
        outcome.is_close()
            || matches!(
                outcome,
                Outcome::Timeout { .. }
                    | Outcome::HostUnreachable
                    | Outcome::NetworkUnreachable
                    | Outcome::Prohibited
            )
    })
}

fn has_no_route(attempt: &Attempt) -> bool {
    let tcp = attempt.stage(Stage::Tcp);
    !connected(attempt) && tcp.is_some_and(|tcp| tcp.outcome == Outcome::NetworkUnreachable)
}

impl OwnWay {
    /// Nearly everything failed that was begun at this time.
    pub(super) fn was_away(&self, at: Timestamp) -> bool {
        self.outages
            .iter()
            .any(|outage| (outage.first..=outage.last).contains(&at))
    }

    /// There is no way from here to any host of this family.
    pub(super) fn has_no_route(&self, address: IpAddr) -> bool {
        let lost = if address.is_ipv6() {
            self.no_route_v6
        } else {
            self.no_route_v4
        };
        lost.is_some()
    }

    pub(super) fn banners(&self) -> impl Iterator<Item = Banner> {
        let away = self.outages.iter().map(|outage| {
            let Outage {
                first,
                last,
                attempts,
            } = outage;
            format!(
                "from {first:.0} to {last:.0} all {attempts} attempts failed at hosts that answer otherwise: this machine, \
                 or its way out, was in trouble, and they do not count; if it comes again, scan with a smaller --rate"
            )
        });
        let families = [("IPv4", self.no_route_v4), ("IPv6", self.no_route_v6)];
        let lost = families.into_iter().filter_map(|(family, hosts)| {
            let hosts = hosts?;
            Some(format!(
                "this machine has no route to any of {hosts} {family} hosts: see to its own network, nothing is known of them"
            ))
        });
        away.chain(lost).map(|text| Banner {
            id: "RDP-SELF-LIMIT",
            text,
        })
    }
}
