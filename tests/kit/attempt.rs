use std::sync::Arc;

use rdpscan::model::{
    Attempt, Endpoint, NegotiationFacts, NegotiationFailure, NtlmFacts, Outcome, ProbeKind,
    Protocols, SelectedSecurity, Stage, StageRecord, TlsFacts, TlsHandshake,
};

use super::{certificate, here, negotiation, now, ntlm, tls};

pub(crate) fn closed(received: u32) -> Outcome {
    Outcome::Closed { received }
}

pub(crate) fn reset(received: u32) -> Outcome {
    Outcome::Reset { received }
}

pub(crate) fn silent() -> Outcome {
    Outcome::Timeout { received: 0 }
}

pub(crate) fn alert(code: u8) -> Outcome {
    Outcome::Alert { code, received: 7 }
}

/// Builds an attempt stage by stage, and with `on` the one with another probe that follows it.
#[derive(Clone)]
pub(crate) struct AttemptMaker {
    before: Vec<Attempt>,
    /// What the next calls are about.
    current: Attempt,
}

pub(crate) fn attempt() -> AttemptMaker {
    AttemptMaker {
        before: Vec::new(),
        current: attempt_at(here()),
    }
}

/// An attempt with the default probe in which nothing has happened yet.
pub(crate) fn attempt_at(endpoint: Endpoint) -> Attempt {
    Attempt {
        endpoint,
        number: 1,
        probe: ProbeKind::Default,
        sni: None,
        started_at: now(),
        stages: Vec::new(),
        unanswered_rounds: 0,
        negotiation: None,
        tls: None,
        ntlm: None,
        path: None,
        lag_us: 0,
    }
}

pub(crate) fn stage(stage: Stage, outcome: Outcome) -> StageRecord {
    StageRecord {
        stage,
        start_us: 0,
        duration_us: 2000,
        outcome,
    }
}

impl AttemptMaker {
    pub(crate) fn probe(mut self, probe: ProbeKind) -> Self {
        self.current.probe = probe;
        self
    }

    pub(crate) fn stage(mut self, stage: Stage, outcome: Outcome) -> Self {
        let start_us = u32::try_from(self.current.stages.len()).unwrap() * 2000;
        self.current.stages.push(StageRecord {
            start_us,
            ..self::stage(stage, outcome)
        });
        self
    }

    /// Another attempt with this probe, which comes up and ends at a stage like this.
    pub(crate) fn on(mut self, probe: ProbeKind, stage: Stage, outcome: Outcome) -> Self {
        let next = Attempt {
            probe,
            ..attempt_at(here())
        };
        let before = std::mem::replace(&mut self.current, next);
        self.before.push(before);
        self = self.tcp();
        let answered = matches!(outcome, Outcome::Ok | Outcome::NoTls);
        match (stage, probe) {
            (Stage::Tls, ProbeKind::DirectTls) => {}
            (Stage::Tls, _) => self = self.x224(),
            (Stage::X224, ProbeKind::BareRequest) if answered => {
                self = self.negotiated(NegotiationFacts {
                    requested: Protocols::STANDARD_RDP,
                    bare_confirm: true,
                    ..negotiation(SelectedSecurity::StandardRdp)
                });
            }
            _ => {}
        }
        self.stage(stage, outcome)
    }

    pub(crate) fn tcp(self) -> Self {
        self.stage(Stage::Tcp, Outcome::Ok)
    }

    pub(crate) fn x224(self) -> Self {
        self.negotiated(negotiation(SelectedSecurity::Hybrid))
            .stage(Stage::X224, Outcome::Ok)
    }

    /// Everything up to and including NTLM, with Windows' own certificate.
    pub(crate) fn through(self) -> Self {
        self.shown(tls(certificate("srv05.corp.example")))
            .identified(ntlm("srv05.corp.example"))
    }

    /// TCP, X.224 and a TLS stage that gave these facts.
    pub(crate) fn shown(mut self, facts: TlsFacts) -> Self {
        self = if self.current.negotiation.is_some() {
            self.tcp().stage(Stage::X224, Outcome::Ok)
        } else {
            self.tcp().x224()
        };
        if facts.handshake == TlsHandshake::LegacyPeek {
            let probe = ProbeKind::LegacyHello;
            self = self
                .stage(Stage::Tls, alert(40))
                .on(probe, Stage::Tls, Outcome::Ok);
        } else {
            self = self.stage(Stage::Tls, Outcome::Ok);
        }
        self.current.tls = Some(Arc::new(facts));
        self
    }

    pub(crate) fn identified(mut self, facts: NtlmFacts) -> Self {
        self.current.ntlm = Some(Arc::new(facts));
        self.stage(Stage::Credssp, Outcome::Ok)
    }

    pub(crate) fn negotiated(mut self, facts: NegotiationFacts) -> Self {
        self.current.negotiation = Some(facts);
        self
    }

    /// TCP and a negotiation failure.
    pub(crate) fn refused(self, code: u32) -> Self {
        self.negotiated(NegotiationFacts {
            failure: Some(NegotiationFailure(code)),
            ..negotiation(SelectedSecurity::None)
        })
        .tcp()
        .stage(Stage::X224, Outcome::NegotiationFailure { code })
    }

    /// TLS ends like this on the modern and on the legacy hello.
    pub(crate) fn tls_fails(self, modern: Outcome, legacy: Outcome) -> Self {
        self.tcp()
            .x224()
            .stage(Stage::Tls, modern)
            .on(ProbeKind::LegacyHello, Stage::Tls, legacy)
    }

    pub(crate) fn by_name(self, name: &str) -> Self {
        self.edit_each(|attempt| attempt.sni = Some(name.into()))
    }

    /// Changes every attempt of this maker.
    pub(crate) fn edit_each(mut self, change: impl Fn(&mut Attempt)) -> Self {
        for attempt in self.before.iter_mut().chain([&mut self.current]) {
            change(attempt);
        }
        self
    }

    /// Changes the newest attempt of this maker.
    pub(crate) fn edit(mut self, change: impl FnOnce(&mut Attempt)) -> Self {
        change(&mut self.current);
        self
    }

    /// The only attempt.
    pub(crate) fn done(self) -> Attempt {
        assert!(self.before.is_empty(), "several attempts");
        self.current
    }

    /// Every attempt, in order.
    pub(crate) fn all(self) -> impl Iterator<Item = Attempt> {
        self.before.into_iter().chain([self.current])
    }
}
