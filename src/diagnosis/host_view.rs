use std::num::NonZeroU8;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::certificates::{self, ServerCertificate};
use super::ending::{CountedAttempt, Ending, endings_by};
use super::fleet_survey::FleetView;
use super::identity::ServerKind;
use super::names::NameView;
use super::{Context, Policy, Stability, names, stability};
use crate::model::{
    Attempt, CertificateFacts, History, NegotiationFacts, NtlmFacts, Outcome, ProbeKind,
    ProbeTolerance, Stage, TlsFacts,
};

/// One host, looked at once for all rules.
pub(crate) struct HostView<'a> {
    pub(crate) history: &'a History,
    pub(crate) policy: &'a Policy,
    pub(crate) now: Timestamp,
    pub(crate) dns_judged: bool,
    /// No resolver answers by now.
    pub(crate) resolver_down: bool,
    /// Hosts that chose NLA were asked over NTLM who they are.
    pub(crate) ntlm_asked: bool,
    /// What the other hosts show; `None` when the host is judged alone.
    pub(crate) fleet: Option<&'a FleetView>,
    /// Attempts that say something about the peer, oldest first.
    pub(crate) counted: Vec<CountedAttempt<'a>>,
    /// What the host accepts of the probes.
    pub(crate) tolerance: ProbeTolerance,
    pub(crate) tls: Option<&'a TlsFacts>,
    /// The certificates in use, the worst first.
    pub(crate) certificates: Vec<ServerCertificate<'a>>,
    /// The worst of them.
    pub(crate) certificate: Option<&'a CertificateFacts>,
    pub(crate) ntlm: Option<&'a NtlmFacts>,
    pub(crate) server: ServerKind,
    pub(crate) names: NameView,
    pub(crate) stability: Stability,
}

impl<'a> HostView<'a> {
    pub(crate) fn new(history: &'a History, context: &'a Context<'_>) -> Self {
        // Where nearly everything failed at one time it is not this host that failed.
        let is_ours = |counted: &CountedAttempt<'_>| {
            counted.ending.failure().is_some()
                && context
                    .fleet
                    .is_some_and(|fleet| fleet.was_away(counted.attempt.started_at))
        };
        let tolerance = ProbeTolerance::of(&history.attempts);
        let counted: Vec<CountedAttempt<'a>> = history
            .attempts
            .iter()
            .zip(endings_by(&history.attempts, tolerance))
            .map(|(attempt, ending)| CountedAttempt { attempt, ending })
            .filter(|counted| counted.ending != Ending::NotCounted && !is_ours(counted))
            .collect();
        let names = names::judge(history, context);
        let mut certificates = certificates::in_use(history);
        certificates::worst_first(&mut certificates, context.policy, context.now);
        Self {
            stability: stability::stability(&counted, context.policy),
            dns_judged: names.are_judged,
            resolver_down: context.resolver_down,
            names,
            server: ServerKind::of(history),
            tls: history.tls().map(Arc::as_ref),
            certificate: certificates.first().map(|worst| worst.facts),
            certificates,
            ntlm: history.ntlm().map(Arc::as_ref),
            counted,
            tolerance,
            history,
            policy: context.policy,
            now: context.now,
            fleet: context.fleet,
            ntlm_asked: context.ntlm_enabled,
        }
    }

    /// As [`Diagnosis::shown`](super::Diagnosis::shown).
    pub(crate) fn shown(&self) -> Option<NonZeroU8> {
        let leaf = self.certificates.first()?;
        let newest = self.tls.and_then(TlsFacts::leaf)?;
        (newest.sha256 != leaf.facts.sha256).then_some(leaf.number)
    }

    /// The NTLM facts of the member that showed a certificate: those of another member say nothing about it.
    pub(crate) fn ntlm_of(&self, leaf: &ServerCertificate<'a>) -> Option<&'a NtlmFacts> {
        let is_only = self.certificates.len() == 1;
        leaf.ntlm().or(self.ntlm.filter(|_| is_only))
    }

    /// Failures with stage and outcome, oldest first.
    pub(crate) fn failures(
        &self,
    ) -> impl Iterator<Item = (&CountedAttempt<'a>, Stage, &'a Outcome)> {
        self.counted.iter().filter_map(|counted| {
            let (stage, outcome) = counted.ending.failure()?;
            Some((counted, stage, outcome))
        })
    }

    /// Attempts with one kind of probe, oldest first.
    pub(crate) fn probes(&self, kind: ProbeKind) -> impl Iterator<Item = &'a Attempt> {
        let attempts = self.history.attempts.iter();
        attempts.filter(move |attempt| attempt.probe == kind)
    }

    /// How probes of one kind ended at a stage, oldest first.
    pub(crate) fn outcomes(
        &self,
        kind: ProbeKind,
        stage: Stage,
    ) -> impl Iterator<Item = &'a Outcome> {
        self.probes(kind)
            .filter_map(move |attempt| Some(&attempt.stage(stage)?.outcome))
    }

    pub(crate) fn failures_at(&self, stage: Stage) -> Vec<&'a Outcome> {
        self.failures()
            .filter(|(_, at, _)| *at == stage)
            .map(|(_, _, outcome)| outcome)
            .collect()
    }

    /// Failures at one stage that ended in a certain way.
    pub(crate) fn failures_like(
        &self,
        stage: Stage,
        wanted: impl Fn(&Outcome) -> bool,
    ) -> Vec<&'a Outcome> {
        let mut failures = self.failures_at(stage);
        failures.retain(|outcome| wanted(outcome));
        failures
    }

    pub(crate) fn any_through(&self) -> bool {
        self.counted.iter().any(CountedAttempt::is_through)
    }

    /// As [`History::negotiation`].
    pub(crate) fn negotiation(&self) -> Option<&'a NegotiationFacts> {
        self.history.negotiation()
    }

    /// The time as most hosts have it, where this machine's clock is the one that is off.
    pub(crate) fn corrected_now(&self) -> Timestamp {
        let offset_s = self
            .fleet
            .and_then(|fleet| fleet.clock)
            .map_or(0.0, |clock| clock.offset_s);
        SignedDuration::try_from_secs_f64(offset_s)
            .ok()
            .and_then(|offset| self.now.checked_add(offset).ok())
            .unwrap_or(self.now)
    }

    /// Most hosts say that it is later than this machine believes.
    pub(crate) fn own_clock_is_slow(&self) -> bool {
        self.corrected_now() > self.now
    }

    /// Names that the user typed and that resolve to this host: normal form, sorted.
    pub(crate) fn target_names(&self) -> Vec<&str> {
        self.names
            .judged
            .iter()
            .filter(|judged| judged.is_target())
            .map(|judged| judged.name.as_str())
            .collect()
    }
}
