//! Moments at which nearly everything failed: not the hosts, but this machine or its network.

use std::net::IpAddr;

use jiff::Timestamp;

use super::Banner;
use super::sorted_runs::SortedRuns;
use crate::diagnosis::ending::{Ending, connected, endings};
use crate::model::{Attempt, History, Outcome, Stage};

/// Fewer hosts than this may fail together by chance, or for a reason that they share.
const MANY: usize = 8;
/// A run of failures is an outage when fewer than this many of its length would occur by chance.
const BY_CHANCE: f64 = 0.01;
/// Fewer hosts than this do not speak for all others.
const FEWEST: usize = 3;

/// An outage: from the first to the last attempt that failed in it, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Outage {
    first: i64,
    last: i64,
    attempts: usize,
}

/// What this machine could not do.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct OwnOutages {
    outages: Vec<Outage>,
    no_route_v4: Option<usize>,
    no_route_v6: Option<usize>,
}

/// Attempts at hosts that get through at times, and how many hosts have no route.
#[derive(Debug, Default)]
pub(super) struct Outages {
    /// When attempts began that were not cut off, in microseconds.
    answered: SortedRuns<i64>,
    /// When others did, and at which host.
    cut: SortedRuns<(i64, usize)>,
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

impl Outages {
    pub(super) fn add(&mut self, place: usize, history: &History) {
        let Some(endpoint) = history.key.endpoint() else {
            return;
        };
        let counted = || {
            let ends = endings(&history.attempts);
            let all = history.attempts.iter().zip(ends);
            all.filter(|(_, end)| *end != Ending::NotCounted)
        };
        // A host that never gets through fails for reasons of its own.
        if counted().any(|(_, end)| end == Ending::Through) {
            for (attempt, end) in counted() {
                let at = attempt.started_at.as_microsecond();
                if is_cut(end) {
                    self.cut.add((at, place));
                } else {
                    self.answered.add(at);
                }
            }
        }
        if counted().next().is_some() {
            let routes = if endpoint.address.is_ipv6() {
                &mut self.v6
            } else {
                &mut self.v4
            };
            routes.hosts += 1;
            routes.without += usize::from(counted().all(|(attempt, _)| has_no_route(attempt)));
        }
    }

    pub(super) fn finish(self) -> OwnOutages {
        OwnOutages {
            outages: outages(&self.answered.into_vec(), &self.cut.into_vec()),
            no_route_v4: self.v4.lost(),
            no_route_v6: self.v6.lost(),
        }
    }
}

/// Runs of failures, one after another at many hosts with no success in between, too long for chance.
fn outages(answered: &[i64], cut: &[(i64, usize)]) -> Vec<Outage> {
    let tried = answered.len() + cut.len();
    let share = cut.len() as f64 / tried.max(1) as f64;
    let mut answered = answered.iter().peekable();
    let mut are_together = |(one, _): &(i64, usize), (next, _): &(i64, usize)| {
        while answered.next_if(|at| *at <= one).is_some() {}
        answered.peek().is_none_or(|at| *at > next)
    };
    cut.chunk_by(|one, next| are_together(one, next))
        .filter_map(|run| {
            let (first, last) = (run.first()?.0, run.last()?.0);
            let length = i32::try_from(run.len()).unwrap_or(i32::MAX);
            let expected = tried as f64 * share.powi(length);
            (expected < BY_CHANCE && is_at_many(run)).then_some(Outage {
                first,
                last,
                attempts: run.len(),
            })
        })
        .collect()
}

fn is_at_many(run: &[(i64, usize)]) -> bool {
    let mut hosts: Vec<usize> = Vec::new();
    run.iter().any(|(_, host)| {
        if !hosts.contains(host) {
            hosts.push(*host);
        }
        hosts.len() >= MANY
    })
}

/// It ended as a broken path ends it: not by a reply of the server.
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

impl OwnOutages {
    pub(super) fn was_away(&self, at: Timestamp) -> bool {
        let at = at.as_microsecond();
        let begun = self.outages.partition_point(|outage| outage.first <= at);
        let newest = self.outages.get(..begun).and_then(<[Outage]>::last);
        newest.is_some_and(|outage| at <= outage.last)
    }

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
            let time = |us| Timestamp::from_microsecond(us).unwrap_or_default();
            let (first, last) = (time(outage.first), time(outage.last));
            let attempts = outage.attempts;
            format!(
                "{attempts} attempts do not count: from {first:.0} to {last:.0} all failed, at hosts that answer otherwise, so this \
                 machine or its network was in trouble; if it comes again, scan with a smaller --rate"
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
