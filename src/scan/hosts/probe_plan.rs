//! Which probe comes next at a host, from what the ones before met with.

use crate::model::{
    Attempt, NegotiationFailure as Failure, Outcome, ProbeKind, ProbeTolerance, Stage,
};

use super::connection_bounds::{Connections, MOST_OTHERS};

/// Default probes before another kind is tried: one refusal may be an accident, or one server of several behind the address.
const REPEATS: u32 = 2;

/// The probes made at one host, and what they leave open.
///
/// Servers behind one address often answer in turn, so no fixed alternation of probes may keep a kind of probe away from one
/// of them: a refused default probe is repeated before any other kind is sent, and the others are sent in a row. With probes
/// `D D x x D D D D` the default probe meets every one of two, three or four servers that take turns.
#[derive(Debug, Default)]
pub(super) struct ProbePlan {
    /// Default probes, those with a long deadline included.
    defaults: u32,
    /// Probes of other kinds, made because the default ones left something open.
    others: u32,
    /// Every probe.
    made: u32,
    /// Those of the default probes that went by name.
    by_name: u32,
    tolerance: ProbeTolerance,
    long_deadline: bool,
    /// The server required NLA of a request that offered it.
    requires_wider: bool,
    /// The server refused TLS.
    refuses_tls: bool,
    /// Another protocol answered the X.224 request.
    other_protocol: bool,
    /// A handshake ended without completing, and not by silence.
    handshake_failed: bool,
    handshake_done: bool,
    certificate_seen: bool,
    /// A default probe got through.
    through: bool,
    /// A default probe was stopped behind TCP, and not by silence, which costs a deadline each time.
    failed: bool,
    chose_nla: bool,
    asked_without_nla: bool,
}

impl ProbePlan {
    pub(super) fn observe(&mut self, attempt: &Attempt) {
        self.made += 1;
        self.by_name += u32::from(attempt.sni.is_some());
        match attempt.probe {
            ProbeKind::Default => self.defaults += 1,
            ProbeKind::LongDeadline => {
                self.defaults += 1;
                self.long_deadline = true;
            }
            ProbeKind::WithoutNla => self.asked_without_nla = true,
            ProbeKind::BareRequest
            | ProbeKind::HybridExRequest
            | ProbeKind::LegacyHello
            | ProbeKind::DirectTls => self.others += 1,
        }
        self.tolerance.observe(attempt);
        let tls = attempt.tls.as_ref();
        self.certificate_seen |= tls.is_some_and(|tls| tls.leaf().is_some());
        if !attempt.probe.is_default() {
            return;
        }
        match attempt.stage(Stage::X224).map(|record| &record.outcome) {
            Some(Outcome::NotRdp { .. }) => self.other_protocol = true,
            Some(Outcome::NegotiationFailure { code }) => {
                self.requires_wider |= Failure(*code) == Failure::HYBRID_REQUIRED;
                self.refuses_tls |= Failure(*code) == Failure::SSL_NOT_ALLOWED;
            }
            _ => {}
        }
        match attempt.stage(Stage::Tls).map(|record| &record.outcome) {
            Some(Outcome::Ok) => self.handshake_done = true,
            Some(outcome) if outcome.is_ours() || matches!(outcome, Outcome::Timeout { .. }) => {}
            Some(_) => self.handshake_failed = true,
            None => {}
        }
        match attempt.failure() {
            None | Some((_, Outcome::NoTls)) => self.through = true,
            Some((stage, outcome)) => {
                let silent = matches!(outcome, Outcome::Timeout { .. });
                self.failed |= stage > Stage::Tcp && outcome.blames_peer() && !silent;
            }
        }
        self.chose_nla |= attempt
            .negotiation
            .is_some_and(|facts| facts.selected.uses_credssp());
    }

    pub(super) const fn made(&self) -> u32 {
        self.made
    }

    /// Whether the next probe goes by name where there is one: as often as by IP, and in Thue and Morse's order, so that
    /// servers that take turns do not show as a difference between the two.
    pub(super) const fn goes_by_name(&self, probe: ProbeKind) -> bool {
        // Only what a client sends is compared.
        if !probe.is_default() {
            return false;
        }
        let by_ip = self.defaults.saturating_sub(self.by_name);
        if self.by_name == by_ip {
            !self.by_name.count_ones().is_multiple_of(2)
        } else {
            self.by_name < by_ip
        }
    }

    /// The next probe, with so many default attempts; `None` when no question is open.
    pub(super) fn next(&self, attempts: u32, check_nla: bool) -> Option<ProbeKind> {
        let attempts = attempts.max(1);
        let limits = Connections::of(attempts, check_nla);
        if self.defaults < attempts.min(REPEATS) {
            return Some(ProbeKind::Default);
        }
        if check_nla && self.chose_nla && !self.asked_without_nla {
            return Some(ProbeKind::WithoutNla);
        }
        if self.made < limits.closer
            && let Some(kind) = self.open_question(attempts)
            && (kind == ProbeKind::LongDeadline || self.others < attempts.min(MOST_OTHERS))
        {
            return Some(kind);
        }
        let unbroken = self.failed && !self.through && self.made < limits.closer;
        let ambiguous = !self.through && self.tolerance.is_ambiguous() && self.made < limits.most;
        let repeat = self.defaults < attempts || unbroken || ambiguous;
        repeat.then_some(ProbeKind::Default)
    }

    /// The least number of probes that will follow.
    pub(super) fn remaining(&self, attempts: u32, check_nla: bool) -> u32 {
        match self.next(attempts, check_nla) {
            Some(_) => attempts.saturating_sub(self.defaults).max(1),
            None => 0,
        }
    }

    /// What default probes leave open, and the kind of probe that answers it.
    fn open_question(&self, attempts: u32) -> Option<ProbeKind> {
        let tolerance = &self.tolerance;
        let request = tolerance.request;
        if request.late > 0 && request.taken == 0 && !self.long_deadline {
            return Some(ProbeKind::LongDeadline);
        }
        if request.taken == 0 {
            let other = tolerance.other_request;
            let unanswered = tolerance.other_request_answered == 0;
            let closed = request.cut > 0 && unanswered && other.failed > 0;
            if self.other_protocol || closed {
                // Last, so that every request before it meets another server of several that take turns.
                let turn = self.defaults >= attempts && !tolerance.direct_tls_made;
                return turn.then_some(ProbeKind::DirectTls);
            }
            if self.requires_wider {
                return Some(ProbeKind::HybridExRequest);
            }
            if request.cut > 0 || self.refuses_tls {
                return Some(ProbeKind::BareRequest);
            }
        }
        let hello = tolerance.hello;
        // One server of several may be old: its own certificate is worth reading.
        let stopped = hello.declined > 0 || (hello.taken == 0 && hello.cut > 0);
        let unread = self.handshake_failed && !self.handshake_done && !self.certificate_seen;
        (stopped || unread).then_some(ProbeKind::LegacyHello)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::kit;
    use crate::model::{SelectedSecurity, TlsFacts, TlsHandshake, TlsVersion};

    /// What a server does with a probe.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Server {
        Good,
        Nla,
        ClosesAtX224,
        ClosesAtTls,
        OldTls,
        Silent,
        SlowToAnswer,
        TlsFirst,
        RefusesTls,
    }

    fn attempt(probe: ProbeKind, server: Server) -> Attempt {
        let closed = || Outcome::Closed { received: 0 };
        let late = || Outcome::Timeout { received: 0 };
        let bare = probe == ProbeKind::BareRequest;
        let legacy = probe == ProbeKind::LegacyHello;
        let mut stages = vec![(Stage::Tcp, Outcome::Ok)];
        let mut selected = None;
        let mut tls = None;
        let at_x224 = match (server, probe) {
            (Server::TlsFirst, ProbeKind::DirectTls) => {
                stages.push((Stage::Tls, Outcome::Ok));
                closed()
            }
            (Server::ClosesAtX224 | Server::TlsFirst, _) | (_, ProbeKind::DirectTls) => closed(),
            (Server::Silent, _) => late(),
            (Server::SlowToAnswer, _) if probe != ProbeKind::LongDeadline => late(),
            (Server::RefusesTls, _) if !bare => Outcome::NegotiationFailure { code: 2 },
            (Server::Nla, _) if bare => Outcome::NegotiationFailure { code: 5 },
            _ => Outcome::Ok,
        };
        if at_x224 == Outcome::Ok || bare && server == Server::Nla {
            selected = Some(match server {
                _ if bare => SelectedSecurity::StandardRdp,
                Server::Nla => SelectedSecurity::Hybrid,
                _ => SelectedSecurity::Ssl,
            });
        }
        let goes_on = at_x224 == Outcome::Ok && !bare && probe != ProbeKind::WithoutNla;
        stages.push((Stage::X224, at_x224));
        if goes_on {
            let (outcome, handshake, version) = match server {
                Server::ClosesAtTls => (closed(), TlsHandshake::Failed, None),
                Server::OldTls if legacy => (
                    Outcome::Ok,
                    TlsHandshake::LegacyPeek,
                    Some(TlsVersion::TLS_1_0),
                ),
                Server::OldTls => {
                    let alert = Outcome::Alert {
                        code: 70,
                        received: 7,
                    };
                    (alert, TlsHandshake::Failed, None)
                }
                _ if legacy => (
                    Outcome::Ok,
                    TlsHandshake::LegacyPeek,
                    Some(TlsVersion::TLS_1_2),
                ),
                _ => (Outcome::Ok, TlsHandshake::Full, Some(TlsVersion::TLS_1_3)),
            };
            stages.push((Stage::Tls, outcome));
            tls = Some(Arc::new(TlsFacts {
                handshake,
                version,
                cipher: Some("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384".into()),
                chain: Vec::new(),
                ..kit::tls(kit::certificate("srv05.corp.example"))
            }));
        }
        let stages = stages.into_iter();
        Attempt {
            probe,
            stages: stages
                .map(|(stage, outcome)| kit::stage(stage, outcome))
                .collect(),
            negotiation: selected.map(kit::negotiation),
            tls,
            ..kit::attempt_at(kit::here())
        }
    }

    /// The probes that servers taking turns get, from the one at `first` on.
    fn probes(servers: &[Server], first: usize, attempts: u32, check_nla: bool) -> Vec<ProbeKind> {
        let mut plan = ProbePlan::default();
        let mut kinds = Vec::new();
        while let Some(kind) = plan.next(attempts, check_nla) {
            assert!(kinds.len() < 100, "no end: {servers:?}");
            let server = servers[(first + kinds.len()) % servers.len()];
            plan.observe(&attempt(kind, server));
            kinds.push(kind);
        }
        kinds
    }

    fn alone(server: Server) -> Vec<ProbeKind> {
        probes(&[server], 0, 3, false)
    }

    const D: ProbeKind = ProbeKind::Default;

    #[test]
    fn each_kind_of_server_gets_the_probes_that_explain_it() {
        use ProbeKind::{BareRequest, DirectTls, LegacyHello, LongDeadline};
        for (server, expected) in [
            (Server::Good, vec![D, D, D]),
            (Server::ClosesAtTls, vec![D, D, LegacyHello, LegacyHello, D]),
            (Server::OldTls, vec![D, D, LegacyHello, LegacyHello, D]),
            (Server::ClosesAtX224, vec![D, D, BareRequest, D, DirectTls]),
            (Server::TlsFirst, vec![D, D, BareRequest, D, DirectTls]),
            (Server::RefusesTls, vec![D, D, BareRequest, BareRequest, D]),
            (Server::Silent, vec![D, D, LongDeadline]),
            (Server::SlowToAnswer, vec![D, D, LongDeadline]),
        ] {
            assert_eq!(alone(server), expected, "{server:?}");
        }
        let checked = probes(&[Server::Nla], 0, 3, true);
        assert_eq!(checked, [D, D, ProbeKind::WithoutNla, D]);
    }

    #[test]
    fn one_attempt_is_followed_by_one_closer_look_at_most() {
        for server in [Server::ClosesAtTls, Server::ClosesAtX224, Server::OldTls] {
            assert_eq!(probes(&[server], 0, 1, false).len(), 2, "{server:?}");
        }
        assert_eq!(probes(&[Server::Good], 0, 1, false), [D]);
    }

    #[test]
    fn the_limits_are_kept_whatever_answers() {
        let servers = [
            Server::Good,
            Server::Nla,
            Server::ClosesAtX224,
            Server::ClosesAtTls,
            Server::OldTls,
            Server::Silent,
            Server::SlowToAnswer,
            Server::TlsFirst,
            Server::RefusesTls,
        ];
        for (attempts, check_nla) in (1..=8).flat_map(|count| [(count, false), (count, true)]) {
            let most = Connections::of(attempts, check_nla).most as usize;
            for one in servers {
                for other in servers {
                    let made = probes(&[one, other], 0, attempts, check_nla).len();
                    assert!(made <= most, "{one:?} {other:?}: {made}");
                }
            }
        }
    }

    /// Every way in which 2 to 4 servers that take turns can be good or closing, met at any of them first: a good one is
    /// found by the default probe.
    #[test]
    fn no_number_of_servers_taking_turns_hides_a_good_one() {
        for bad in [Server::ClosesAtX224, Server::ClosesAtTls] {
            for good in [Server::Good, Server::Nla] {
                for (count, attempts) in [(2, 3), (3, 3), (4, 3), (3, 6), (4, 6)] {
                    for pattern in 1..(1_u32 << count) - 1 {
                        let is_good = |place: usize| pattern >> place & 1 == 1;
                        let servers: Vec<Server> = (0..count)
                            .map(|place| if is_good(place) { good } else { bad })
                            .collect();
                        for first in 0..count {
                            let kinds = probes(&servers, first, attempts, false);
                            let met = kinds.iter().enumerate().any(|(index, kind)| {
                                *kind == D && is_good((first + index) % count)
                            });
                            assert!(met, "{servers:?} from {first}: {kinds:?}");
                        }
                    }
                }
            }
        }
    }
}
