//! The kinds of answers that one address gives: more than one kind means several servers behind it, or one that is unsteady.

use crate::model::{
    Attempt, CertificateFacts, Outcome, ProbeKind, ProbeTolerance, SelectedSecurity, Stage,
    TlsVersion,
};

/// Connections that were answered alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer<'a> {
    /// How many of them there were.
    pub connections: u32,
    /// What they sent.
    pub probe: ProbeKind,
    /// Where they ended and how, the newest of them; `None` when they got through.
    pub end: Option<(Stage, &'a Outcome)>,
    /// What the server selected.
    pub selected: Option<SelectedSecurity>,
    /// The TLS version.
    pub version: Option<TlsVersion>,
    /// The cipher suite, of the newest.
    pub cipher: Option<&'a str>,
    /// The server's own certificate.
    pub leaf: Option<&'a CertificateFacts>,
    /// The name in the NTLM challenge, where one of them read it.
    pub computer: Option<&'a str>,
}

impl<'a> Answer<'a> {
    /// `None` for a connection that says nothing about what answers.
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

    /// Byte counts and the words of libraries vary from one connection to the next.
    fn is_like(&self, other: &Self) -> bool {
        let print = |answer: &Self| answer.leaf.map(|leaf| &*leaf.sha256);
        let ends_alike = match (self.end, other.end) {
            (None, None) => true,
            (Some((stage, outcome)), Some((at, same))) => {
                stage == at && class(outcome) == class(same)
            }
            _ => false,
        };
        ends_alike
            && self.probe == other.probe
            && self.selected == other.selected
            && self.version == other.version
            && print(self) == print(other)
    }

    /// Percent of so many connections, rounded.
    #[must_use]
    pub fn share(&self, all: u32) -> u32 {
        (self.connections * 100 + all / 2) / all.max(1)
    }
}

/// What kind of end it is, and the code that tells two of a kind apart.
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
        Outcome::NotRdp { looks_like, .. } => (0, looks_like.as_str()),
        _ => (0, ""),
    };
    (std::mem::discriminant(outcome), code, word)
}

/// The kinds of answers to what a client sends, the most frequent first; then those that only another kind of probe got.
#[must_use]
pub fn answers(attempts: &[Attempt]) -> Vec<Answer<'_>> {
    let mut kinds: Vec<Answer<'_>> = Vec::new();
    let tolerance = ProbeTolerance::of(attempts);
    for attempt in attempts.iter().filter(|attempt| attempt.probe.is_default()) {
        let too_early = attempt.probe == ProbeKind::Default && tolerance.answers_too_late();
        if let Some(answer) = Answer::of(attempt).filter(|_| !too_early) {
            count(&mut kinds, answer);
        }
    }
    let gets_in = kinds.iter().any(|kind| kind.end.is_none());
    kinds.sort_by_key(|kind| std::cmp::Reverse(kind.connections));
    let mut read: Vec<Answer<'_>> = Vec::new();
    for attempt in attempts {
        let other_request = matches!(
            attempt.probe,
            ProbeKind::BareRequest | ProbeKind::WideRequest
        );
        let passed = |answer: &Answer<'_>| answer.end.is_none();
        let is_way_in = match attempt.probe {
            ProbeKind::LegacyHello => true,
            _ => other_request && !gets_in,
        };
        let Some(answer) = Answer::of(attempt).filter(|answer| is_way_in && passed(answer)) else {
            continue;
        };
        let is_known = |kind: &Answer<'_>| {
            let leaf = answer.leaf.map(|leaf| &leaf.sha256);
            leaf.is_some() && kind.leaf.map(|leaf| &leaf.sha256) == leaf
        };
        if !kinds.iter().any(is_known) {
            count(&mut read, answer);
        }
    }
    kinds.extend(read);
    kinds
}

fn count<'a>(kinds: &mut Vec<Answer<'a>>, answer: Answer<'a>) {
    match kinds.iter_mut().find(|kind| kind.is_like(&answer)) {
        Some(kind) => {
            *kind = Answer {
                connections: kind.connections.saturating_add(1),
                computer: answer.computer.or(kind.computer),
                ..answer
            }
        }
        None => kinds.push(answer),
    }
}

/// "2 kinds of answers in 6 connections"; `None` where all connections were answered alike.
#[must_use]
pub fn kinds_in_words(answers: &[Answer<'_>]) -> Option<String> {
    let defaults = || answers.iter().filter(|kind| kind.probe.is_default());
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
        let kinds = answers(&history.attempts);
        let counts: Vec<u32> = kinds.iter().map(|kind| kind.connections).collect();
        assert_eq!(counts, [3, 2]);
        assert_eq!(kinds[0].share(5), 60);
        assert_eq!(kinds[0].version, Some(TlsVersion::TLS_1_3));
        assert_eq!(kinds[1].end.map(|(stage, _)| stage), Some(Stage::X224));
        assert_eq!(
            kinds_in_words(&kinds).as_deref(),
            Some("2 kinds of answers in 5 connections")
        );
    }

    #[test]
    fn equal_answers_are_one_kind_and_nothing_to_mention() {
        let history = host([attempt().through(), attempt().through()]).history;
        let kinds = answers(&history.attempts);
        assert_eq!(kinds.len(), 1);
        assert_eq!(kinds_in_words(&kinds), None);
    }

    #[test]
    fn a_certificate_that_only_the_legacy_hello_read_is_there() {
        let history = host([attempt().shown(legacy(TlsVersion::TLS_1_0))]).history;
        let kinds = answers(&history.attempts);
        assert_eq!(kinds.len(), 2);
        assert_eq!(kinds[1].probe, ProbeKind::LegacyHello);
        assert_eq!(kinds[1].version, Some(TlsVersion::TLS_1_0));
    }
}
