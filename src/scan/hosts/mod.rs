//! The endpoints that are more than one silent address among many: why they are in the scan, and how far they have come.

mod connection_bounds;
mod probe_plan;

use std::collections::{HashMap, HashSet};
use std::time::Duration;

pub use self::connection_bounds::Connections;
use self::probe_plan::ProbePlan;
use super::meter::Further;
use super::options::ScanOptions;
use crate::model::{
    Attempt, CertificateFacts, Digest, Endpoint, NameSource, ObservedName, Outcome, ProbeKind,
    Stage,
};

/// Why an endpoint is in the scan, which decides whether its silence is an event.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Standing {
    /// Part of the sweep, without a row so far.
    #[default]
    Swept,
    /// Part of the sweep, and a name of another host resolves to it: an event even when silent, but no row then.
    Member,
    /// It has a row of its own.
    Row,
    /// Outside the targets, and a name of another host resolves to it: tried once.
    Reference,
    /// The user listed it, or a name that resolves to it.
    Listed,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Untried,
    /// Every attempt so far timed out at TCP.
    Silent,
    /// It was reached or refused the connection, but never accepted one.
    Closed,
    /// It accepted a connection at least once.
    Open,
    /// The user skipped it.
    Skipped { was_open: bool },
}

#[derive(Debug, Default)]
pub(super) struct Host {
    standing: Standing,
    phase: Phase,
    /// Attempts that will follow, as far as is known.
    pub(super) remaining: u32,
    plan: ProbePlan,
    /// A name that resolves to this address, for attempts by name.
    by_name: Option<Box<str>>,
    /// The user's names that resolved to it.
    pub(super) target_names: Vec<ObservedName>,
    /// Duration of the newest attempt.
    pub(super) took: Duration,
}

/// What an attempt means for its host.
pub(super) struct Observed {
    pub(super) next: Option<ProbeKind>,
    pub(super) remaining: u32,
    pub(super) listed: bool,
    /// The attempt belongs to a row of its own.
    pub(super) is_row: bool,
}

impl Host {
    /// Attempts since it was last reset.
    pub(super) const fn attempts(&self) -> u32 {
        self.plan.made()
    }

    pub(super) const fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open | Phase::Skipped { was_open: true })
    }

    pub(super) const fn is_silent(&self) -> bool {
        matches!(self.phase, Phase::Silent)
    }

    pub(super) const fn is_skipped(&self) -> bool {
        matches!(self.phase, Phase::Skipped { .. })
    }

    pub(super) const fn is_listed(&self) -> bool {
        matches!(self.standing, Standing::Listed)
    }

    pub(super) const fn is_reference(&self) -> bool {
        matches!(self.standing, Standing::Reference)
    }

    pub(super) const fn is_member(&self) -> bool {
        matches!(self.standing, Standing::Member)
    }

    /// Whether its first answer or final silence is an event.
    pub(super) const fn is_wanted(&self) -> bool {
        !matches!(self.standing, Standing::Swept)
    }

    /// Whether discovery may still connect to it. In a pass, silent hosts of a sweep are tried again.
    pub(super) const fn is_discoverable(&self, in_pass: bool) -> bool {
        !self.is_skipped()
            && (self.attempts() == 0 || (in_pass && !self.is_open() && !self.is_listed()))
    }

    pub(super) fn next_probe(&self, options: &ScanOptions) -> Option<ProbeKind> {
        self.plan.next(options.attempts, options.check_nla)
    }

    /// The name that an attempt with this probe goes by.
    pub(super) fn sni(&self, probe: ProbeKind) -> Option<Box<str>> {
        let by_name = self.by_name.as_ref();
        by_name.filter(|_| self.plan.goes_by_name(probe)).cloned()
    }

    /// The attempts after the first one.
    pub(super) fn further(&self) -> Further {
        let after_first = |attempts: u32| u64::from(attempts.saturating_sub(1));
        Further {
            made: after_first(self.attempts()),
            wanted: after_first(self.attempts().saturating_add(self.remaining)),
        }
    }

    /// `is_listed`: the user listed this endpoint. `shows_silence`: silent endpoints have rows.
    pub(super) fn observe(
        &mut self,
        attempt: &Attempt,
        is_listed: bool,
        shows_silence: bool,
        options: &ScanOptions,
    ) -> Observed {
        let ends = attempt.stages.iter().map(crate::model::StageRecord::end_us);
        self.took = Duration::from_micros(ends.max().unwrap_or(0));
        self.plan.observe(attempt);
        self.phase = self.phase.after(attempt);
        if is_listed {
            self.standing = Standing::Listed;
        }
        // A silent address of a sweep is no row just because a name resolves to it.
        let silent_member = self.is_member() && !shows_silence && !self.is_open();
        let is_row = !self.is_reference() && !silent_member;
        if is_row && !self.is_listed() {
            self.standing = Standing::Row;
        }
        let goes_on =
            !self.is_reference() && !self.is_skipped() && (self.is_open() || self.is_listed());
        let next = self.next_probe(options).filter(|_| goes_on);
        self.remaining = next.map_or(0, |_| {
            self.plan.remaining(options.attempts, options.check_nla)
        });
        Observed {
            next,
            remaining: self.remaining,
            listed: self.is_listed(),
            is_row,
        }
    }

    pub(super) const fn skip(&mut self) {
        self.phase = Phase::Skipped {
            was_open: self.is_open(),
        };
        self.remaining = 0;
    }

    /// One of the user's names resolves to it. Returns whether it is due for attempts of its own, which it had none of so far.
    pub(super) fn list(&mut self, name: &str) -> bool {
        let was = std::mem::replace(&mut self.standing, Standing::Listed);
        self.target_names.push(ObservedName {
            name: name.into(),
            source: NameSource::Target,
        });
        let had_own = was == Standing::Listed || (was != Standing::Reference && self.is_open());
        self.attempts() > 0 && !self.is_skipped() && !had_own
    }

    /// Why it is in the scan, as an event of an earlier run says.
    pub(super) fn stands(&mut self, listed: bool, outside_targets: bool, in_sweep: bool) {
        self.standing = match self.standing {
            _ if listed => Standing::Listed,
            Standing::Swept if outside_targets && in_sweep => Standing::Member,
            Standing::Swept if outside_targets => Standing::Reference,
            other => other,
        };
    }

    /// The first name found is kept.
    pub(super) fn found_name(&mut self, name: Option<Box<str>>) {
        self.by_name = self.by_name.take().or(name);
    }
}

impl Phase {
    fn after(self, attempt: &Attempt) -> Self {
        let tcp = attempt.stage(Stage::Tcp).map(|record| &record.outcome);
        let came_up = tcp.is_some_and(Outcome::is_ok);
        match self {
            Self::Skipped { was_open } => Self::Skipped {
                was_open: was_open || came_up,
            },
            _ if came_up => Self::Open,
            Self::Untried | Self::Silent if matches!(tcp, Some(Outcome::Timeout { .. })) => {
                Self::Silent
            }
            Self::Untried | Self::Silent => Self::Closed,
            Self::Closed | Self::Open => self,
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Hosts {
    known: HashMap<Endpoint, Host>,
    /// The newest attempt before an endpoint was last reset. Numbers go on from there.
    superseded: HashMap<Endpoint, u32>,
    /// Certificates that events have shown already.
    certificates_shown: HashSet<Digest<32>>,
}

impl Hosts {
    pub(super) fn get(&self, endpoint: Endpoint) -> Option<&Host> {
        self.known.get(&endpoint)
    }

    pub(super) fn get_mut(&mut self, endpoint: Endpoint) -> Option<&mut Host> {
        self.known.get_mut(&endpoint)
    }

    pub(super) fn entry(&mut self, endpoint: Endpoint) -> &mut Host {
        self.known.entry(endpoint).or_default()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Endpoint, &Host)> {
        self.known.iter().map(|(endpoint, host)| (*endpoint, host))
    }

    /// Adds an endpoint that a name of another host resolves to.
    pub(super) fn add_mentioned(&mut self, endpoint: Endpoint, in_sweep: bool) {
        let standing = if in_sweep {
            Standing::Member
        } else {
            Standing::Reference
        };
        let host = Host {
            standing,
            ..Host::default()
        };
        self.known.insert(endpoint, host);
    }

    pub(super) fn remove(&mut self, endpoint: Endpoint) {
        self.known.remove(&endpoint);
    }

    /// The number of the newest attempt at an endpoint, superseded ones included.
    pub(super) fn newest_attempt(&self, endpoint: Endpoint) -> u32 {
        let superseded = self.superseded.get(&endpoint).copied().unwrap_or(0);
        superseded.saturating_add(self.get(endpoint).map_or(0, Host::attempts))
    }

    /// The next attempt at an endpoint has a higher number than this.
    pub(super) fn supersede(&mut self, endpoint: Endpoint, number: u32) {
        let missing = number.saturating_sub(self.newest_attempt(endpoint));
        if missing > 0 {
            *self.superseded.entry(endpoint).or_default() += missing;
        }
    }

    /// Forgets what was seen of an endpoint. Returns what it was, and the newest attempt, which is superseded.
    pub(super) fn reset(&mut self, endpoint: Endpoint) -> (Host, u32) {
        let newest = self.newest_attempt(endpoint);
        if newest > 0 {
            self.superseded.insert(endpoint, newest);
        }
        let mut before = self.known.remove(&endpoint).unwrap_or_default();
        let standing = match before.standing {
            // From now on its outcome is an event even when it is silence.
            Standing::Swept => Standing::Member,
            other => other,
        };
        let host = Host {
            standing,
            target_names: std::mem::take(&mut before.target_names),
            ..Host::default()
        };
        self.known.insert(endpoint, host);
        (before, newest)
    }

    /// The certificates of an attempt that no event has shown yet.
    pub(super) fn new_certificates(
        &mut self,
        attempt: &Attempt,
    ) -> Vec<std::sync::Arc<CertificateFacts>> {
        let shown = attempt.certificates().cloned();
        shown
            .filter(|facts| self.certificates_shown.insert(facts.sha256))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit;

    fn ended(outcome: Outcome) -> Attempt {
        let attempt = kit::attempt().tcp();
        attempt
            .edit(|attempt| attempt.stages[0].outcome = outcome)
            .done()
    }

    fn observe(host: &mut Host, outcome: Outcome) -> Observed {
        host.observe(&ended(outcome), false, false, &ScanOptions::default())
    }

    const SILENCE: Outcome = Outcome::Timeout { received: 0 };

    #[test]
    fn a_silent_member_of_a_sweep_is_no_row_and_an_open_one_is() {
        let mut hosts = Hosts::default();
        let endpoint = Endpoint::new([127, 9, 0, 1].into(), 3389);
        hosts.add_mentioned(endpoint, true);
        let host = hosts.entry(endpoint);
        let silent = observe(host, SILENCE);
        assert!(!silent.is_row && silent.next.is_none() && host.is_silent());
        let open = observe(host, Outcome::Ok);
        assert!(open.is_row && open.next.is_some() && !host.is_member());
    }

    #[test]
    fn a_refusal_ends_silence_for_good_and_an_answer_stays() {
        let mut host = Host::default();
        for (outcome, silent, open) in [
            (SILENCE, true, false),
            (Outcome::Refused, false, false),
            (SILENCE, false, false),
            (Outcome::Ok, false, true),
            (SILENCE, false, true),
        ] {
            observe(&mut host, outcome);
            assert_eq!((host.is_silent(), host.is_open()), (silent, open));
        }
    }

    #[test]
    fn a_silent_host_that_was_skipped_is_not_asked_again_in_a_pass() {
        let mut host = Host::default();
        observe(&mut host, SILENCE);
        assert!(host.is_discoverable(true) && !host.is_discoverable(false));
        host.skip();
        observe(&mut host, Outcome::Cancelled);
        assert!(host.is_skipped() && !host.is_silent() && !host.is_discoverable(true));
    }

    #[test]
    fn a_skipped_host_gets_no_more_attempts_until_it_is_reset() {
        let mut hosts = Hosts::default();
        let endpoint = Endpoint::new([127, 9, 0, 1].into(), 3389);
        let host = hosts.entry(endpoint);
        host.skip();
        assert!(observe(host, Outcome::Ok).next.is_none());
        assert!(host.is_skipped() && host.is_open() && !host.is_discoverable(false));
        let (before, newest) = hosts.reset(endpoint);
        assert!(before.is_open());
        assert_eq!((newest, hosts.newest_attempt(endpoint)), (1, 1));
        assert!(hosts.entry(endpoint).is_discoverable(false));
    }
}
