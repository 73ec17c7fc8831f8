//! Connections grouped by how they were answered: more than one group means several servers behind an address, or an unsteady one.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use crate::model::{
    Attempt, CertificateFacts, Digest, Outcome, ProbeKind, ProbeTolerance, SelectedSecurity, Stage,
    TlsVersion,
};

/// Connections that were answered alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplyGroup<'a> {
    pub connections: u32,
    pub probe: ProbeKind,
    /// Where and how the newest of them ended; `None` when they got through.
    pub end: Option<(Stage, &'a Outcome)>,
    pub selected: Option<SelectedSecurity>,
    pub version: Option<TlsVersion>,
    /// Of the newest.
    pub cipher: Option<&'a str>,
    pub leaf: Option<&'a CertificateFacts>,
    /// The name in the NTLM challenge, where one of them read it.
    pub computer: Option<&'a str>,
}

impl<'a> ReplyGroup<'a> {
    /// `None` for a connection that shows nothing of the server.
    fn of(attempt: &'a Attempt) -> Option<Self> {
        let end = match attempt.failure() {
            Some((_, outcome)) if outcome.is_ours() => return None,
            // Lost on the way.
            Some((Stage::Tcp, Outcome::Timeout { .. })) => return None,
            Some((_, Outcome::NoTls | Outcome::NoChallenge | Outcome::CredsspError { .. })) => None,
            end => end,
        };
        let tls = attempt.tls.as_deref();
        Some(Self {
            connections: 1,
            probe: attempt.probe,
            end,
            selected: attempt
                .negotiation
                .map(|facts| facts.selected)
                .filter(|selected| *selected != SelectedSecurity::None),
            version: tls.and_then(|tls| tls.version),
            cipher: tls.and_then(|tls| tls.cipher.as_deref()),
            leaf: tls.and_then(|tls| tls.leaf()).map(AsRef::as_ref),
            computer: attempt.ntlm.as_deref().and_then(|ntlm| {
                ntlm.dns_computer
                    .as_deref()
                    .or(ntlm.netbios_computer.as_deref())
            }),
        })
    }

    /// What a group has in common: byte counts and texts of libraries vary from one connection to the next.
    fn kind(&self) -> impl Hash + Eq + use<'a> {
        let end = self.end.map(|(stage, outcome)| (stage, class(outcome)));
        let leaf = self.leaf.map(|leaf| leaf.sha256);
        (end, self.probe, self.selected, self.version, leaf)
    }

    /// Percent of so many connections, rounded.
    #[must_use]
    pub fn share(&self, all: u32) -> u32 {
        (self.connections * 100 + all / 2) / all.max(1)
    }
}

/// The kind of an outcome, with the code that distinguishes two of a kind.
fn class(outcome: &Outcome) -> (std::mem::Discriminant<Outcome>, u32, &str) {
    // Whether FIN or RST is seen is often a race.
    const CLOSE: &Outcome = &Outcome::Closed { received: 0 };
    let outcome = match outcome {
        Outcome::Reset { .. } => CLOSE,
        outcome => outcome,
    };
    let (code, word) = match outcome {
        Outcome::Alert { code, .. } => (u32::from(*code), ""),
        Outcome::NegotiationFailure { code } => (*code, ""),
        Outcome::NotRdp { looks_like, .. } => (0, looks_like.as_ref()),
        _ => (0, ""),
    };
    (std::mem::discriminant(outcome), code, word)
}

/// The kinds of answers to what a client sends, the most frequent first; then those that only another kind of probe got.
#[must_use]
pub fn reply_groups(attempts: &[Attempt]) -> Vec<ReplyGroup<'_>> {
    let tolerance = ProbeTolerance::of(attempts);
    let default = attempts.iter().filter(|attempt| {
        let too_early = attempt.probe == ProbeKind::Default && tolerance.answers_too_late();
        attempt.probe.is_default() && !too_early
    });
    let mut kinds = grouped(default.filter_map(ReplyGroup::of));
    let gets_in = kinds.iter().any(|kind| kind.end.is_none());
    kinds.sort_by_key(|kind| std::cmp::Reverse(kind.connections));
    let leaf = |answer: &ReplyGroup<'_>| answer.leaf.map(|leaf| leaf.sha256);
    let known: HashSet<Digest<32>> = kinds.iter().filter_map(leaf).collect();
    let others = attempts.iter().filter(|attempt| match attempt.probe {
        ProbeKind::LegacyHello => true,
        ProbeKind::BareRequest | ProbeKind::HybridExRequest => !gets_in,
        _ => false,
    });
    kinds.extend(grouped(others.filter_map(ReplyGroup::of).filter(
        |answer| {
            let is_known = leaf(answer).is_some_and(|leaf| known.contains(&leaf));
            answer.end.is_none() && !is_known
        },
    )));
    kinds
}

/// One of each group, in order of appearance, with its number of connections.
fn grouped<'a>(answers: impl Iterator<Item = ReplyGroup<'a>>) -> Vec<ReplyGroup<'a>> {
    let mut kinds: Vec<ReplyGroup<'a>> = Vec::new();
    let mut places = HashMap::new();
    for answer in answers {
        let place = *places.entry(answer.kind()).or_insert(kinds.len());
        match kinds.get_mut(place) {
            Some(kind) => {
                *kind = ReplyGroup {
                    connections: kind.connections.saturating_add(1),
                    computer: answer.computer.or(kind.computer),
                    ..answer
                }
            }
            None => kinds.push(answer),
        }
    }
    kinds
}

/// "2 kinds of answers in 6 connections"; `None` where all connections were answered alike.
#[must_use]
pub fn describe_groups(groups: &[ReplyGroup<'_>]) -> Option<String> {
    let defaults = || groups.iter().filter(|kind| kind.probe.is_default());
    let kinds = defaults().count();
    let connections: u32 = defaults().map(|kind| kind.connections).sum();
    (kinds > 1).then(|| format!("{kinds} kinds of answers in {connections} connections"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{attempt, certificate, closed, host, legacy, tls};

    #[test]
    fn servers_that_take_turns_are_kinds_with_their_shares() {
        let one = || attempt().shown(tls(certificate("one.corp.example")));
        let history = host([
            one(),
            attempt().tcp().stage(Stage::X224, closed(0)),
            one(),
            attempt().tcp().stage(Stage::X224, closed(9)),
            one(),
        ])
        .history;
        let kinds = reply_groups(&history.attempts);
        let counts: Vec<u32> = kinds.iter().map(|kind| kind.connections).collect();
        assert_eq!(counts, [3, 2]);
        assert_eq!(kinds[0].share(5), 60);
        assert_eq!(kinds[0].version, Some(TlsVersion::TLS_1_3));
        assert_eq!(kinds[1].end.map(|(stage, _)| stage), Some(Stage::X224));
        assert_eq!(
            describe_groups(&kinds).as_deref(),
            Some("2 kinds of answers in 5 connections")
        );
    }

    #[test]
    fn equal_answers_are_one_kind_and_nothing_to_mention() {
        let history = host([attempt().through(), attempt().through()]).history;
        let kinds = reply_groups(&history.attempts);
        assert_eq!(kinds.len(), 1);
        assert_eq!(describe_groups(&kinds), None);
    }

    #[test]
    fn a_certificate_that_only_the_legacy_hello_read_is_there() {
        let history = host([attempt().shown(legacy(TlsVersion::TLS_1_0))]).history;
        let kinds = reply_groups(&history.attempts);
        assert_eq!(kinds.len(), 2);
        assert_eq!(kinds[1].probe, ProbeKind::LegacyHello);
        assert_eq!(kinds[1].version, Some(TlsVersion::TLS_1_0));
    }
}
