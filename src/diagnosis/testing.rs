//! Makers of attempts and hosts for tests.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Context, Diagnosis, FleetSurvey, FleetView, MemberView, Policy, Verdict};
use crate::model::{
    Attempt, CertificateFacts, Digest, Endpoint, HexBytes, History, HostKey, KeyAlgorithm, Lookup,
    LookupAnswer, NameSource, NegotiationFacts, NegotiationFailure, NtlmFacts, ObservedName,
    Outcome, ProbeKind, Protocols, PublicKey, Question, Resolver, SelectedSecurity, Stage,
    StageRecord, TlsFacts, TlsHandshake, TlsVersion, TrustVerdict,
};

/// The time as of which test hosts are judged.
pub(crate) fn now() -> Timestamp {
    "2025-06-15T12:00:00Z".parse().unwrap()
}

/// `now`, moved by days.
pub(crate) fn days(count: i64) -> Timestamp {
    Timestamp::from_second(now().as_second() + count * 86_400).unwrap()
}

pub(crate) fn here() -> Endpoint {
    endpoint("10.0.0.5")
}

pub(crate) fn endpoint(address: &str) -> Endpoint {
    Endpoint::new(address.parse().unwrap(), 3389)
}

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

/// A digest that differs wherever the text does.
pub(crate) fn digest(of: &str) -> Digest<32> {
    let hash = ring::digest::digest(&ring::digest::SHA256, of.as_bytes());
    Digest::try_from(hash.as_ref()).unwrap()
}

/// A Windows machine's own certificate: self-signed, no alternative name, server authentication only.
pub(crate) fn certificate(name: &str) -> CertificateFacts {
    let subject: Box<str> = format!("CN={name}").into();
    CertificateFacts {
        sha1: Digest([0x5a; 20]),
        sha256: digest(name),
        der_length: 800,
        unparsable: None,
        subject: subject.clone(),
        common_name: Some(name.into()),
        issuer: subject.into(),
        serial: HexBytes::from(&[1][..]),
        san_dns: Vec::new(),
        san_ip: Vec::new(),
        san_omitted: 0,
        has_san: false,
        not_before: Some(days(-60).into()),
        not_after: Some(days(120).into()),
        key: PublicKey {
            algorithm: KeyAlgorithm::Rsa,
            bits: 2048,
        },
        spki_sha256: Some(digest(&format!("key of {name}"))),
        signature_algorithm: "sha256WithRSAEncryption".into(),
        extended_key_usage: Some(vec!["1.3.6.1.5.5.7.3.1".into()]),
        is_ca: false,
        self_issued: true,
        has_crl: false,
        trailing_bytes: 0,
    }
}

/// A certificate from an authority, with its names as alternative names.
pub(crate) fn issued(names: &[&str]) -> CertificateFacts {
    CertificateFacts {
        issuer: "CN=Corp Issuing CA 1,DC=corp,DC=example".into(),
        san_dns: names.iter().map(|name| (*name).into()).collect(),
        has_san: true,
        self_issued: false,
        has_crl: true,
        not_before: Some(days(-100).into()),
        not_after: Some(days(265).into()),
        ..certificate(names.first().copied().unwrap_or("srv05.corp.example"))
    }
}

pub(crate) fn tls(leaf: CertificateFacts) -> TlsFacts {
    let trust = if leaf.self_issued {
        TrustVerdict::SelfSigned
    } else {
        TrustVerdict::UnknownIssuer
    };
    TlsFacts {
        handshake: TlsHandshake::Full,
        version: Some(TlsVersion::TLS_1_3),
        cipher: Some("TLS13_AES_256_GCM_SHA384".into()),
        group: None,
        signature_valid: Some(true),
        client_certificate_requested: false,
        chain: vec![leaf.into()],
        trust,
        received: 1400,
    }
}

pub(crate) fn legacy(version: TlsVersion) -> TlsFacts {
    TlsFacts {
        handshake: TlsHandshake::LegacyPeek,
        version: Some(version),
        cipher: Some("TLS_RSA_WITH_AES_128_CBC_SHA".into()),
        signature_valid: None,
        ..tls(certificate("srv05.corp.example"))
    }
}

pub(crate) fn negotiation(selected: SelectedSecurity) -> NegotiationFacts {
    let raw = match selected {
        SelectedSecurity::Ssl => 1,
        SelectedSecurity::Hybrid => 2,
        SelectedSecurity::Rdstls => 4,
        SelectedSecurity::HybridEx => 8,
        SelectedSecurity::Rdsaad => 0x10,
        SelectedSecurity::StandardRdp | SelectedSecurity::None => 0,
    };
    NegotiationFacts {
        requested: Protocols::DEFAULT_OFFER,
        selected,
        selected_raw: (selected != SelectedSecurity::None).then_some(Protocols(raw)),
        failure: None,
        response_flags: (selected != SelectedSecurity::None).then_some(0x1f),
        source_reference: 0x1234,
        bare_confirm: false,
    }
}

pub(crate) fn ntlm(name: &str) -> NtlmFacts {
    NtlmFacts {
        netbios_computer: Some(
            name.split('.')
                .next()
                .unwrap_or(name)
                .chars()
                .take(15)
                .collect::<String>()
                .to_uppercase()
                .into(),
        ),
        netbios_domain: Some("CORP".into()),
        dns_computer: Some(name.into()),
        dns_domain: Some("corp.example".into()),
        dns_forest: Some("corp.example".into()),
        version: Some((10, 0, 20348)),
        server_time: Some(now()),
        measured_at: Some(now()),
        clock_error_ms: 2,
        tsrequest_version: Some(6),
        echoed_nonce: false,
    }
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
        current: empty(ProbeKind::Default),
    }
}

fn empty(probe: ProbeKind) -> Attempt {
    Attempt {
        endpoint: here(),
        number: 1,
        probe,
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

impl AttemptMaker {
    pub(crate) fn probe(mut self, probe: ProbeKind) -> Self {
        self.current.probe = probe;
        self
    }

    pub(crate) fn stage(mut self, stage: Stage, outcome: Outcome) -> Self {
        let start_us = u32::try_from(self.current.stages.len()).unwrap() * 2000;
        self.current.stages.push(StageRecord {
            stage,
            start_us,
            duration_us: 2000,
            outcome,
        });
        self
    }

    /// Another attempt with this probe, which comes up and ends at a stage like this.
    pub(crate) fn on(mut self, probe: ProbeKind, stage: Stage, outcome: Outcome) -> Self {
        let before = std::mem::replace(&mut self.current, empty(probe));
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

/// Builds a host around attempts, with what else is known.
#[derive(Debug, Clone)]
pub(crate) struct HostMaker {
    pub(crate) history: History,
    pub(crate) others: Vec<History>,
    pub(crate) policy: Policy,
    pub(crate) now: Timestamp,
    resolver_down: bool,
    ntlm_enabled: bool,
    fleet: Option<FleetView>,
}

pub(crate) fn host(attempts: impl IntoIterator<Item = AttemptMaker>) -> HostMaker {
    host_at(HostKey::Endpoint(here()), attempts)
}

pub(crate) fn host_at(key: HostKey, attempts: impl IntoIterator<Item = AttemptMaker>) -> HostMaker {
    let mut history = History::new(key);
    history.listed = true;
    history.complete = true;
    history.attempts = attempts.into_iter().flat_map(AttemptMaker::all).collect();
    HostMaker {
        history,
        others: Vec::new(),
        policy: Policy::default(),
        now: now(),
        resolver_down: false,
        ntlm_enabled: true,
        fleet: None,
    }
}

/// `count` equal attempts.
pub(crate) fn times(count: usize, make: impl Fn() -> AttemptMaker) -> HostMaker {
    host((0..count).map(|_| make()))
}

impl HostMaker {
    pub(crate) fn named(mut self, source: NameSource, name: &str) -> Self {
        self.history.names.push(ObservedName {
            name: name.into(),
            source,
        });
        self.history.names_checked = true;
        self
    }

    pub(crate) fn answers(self, name: &str, answer: LookupAnswer) -> Self {
        self.answers_from(Resolver::System, name, answer)
    }

    pub(crate) fn answers_from(
        mut self,
        resolver: Resolver,
        name: &str,
        answer: LookupAnswer,
    ) -> Self {
        self.history.lookups.push(Arc::new(Lookup {
            question: Question::Addresses(name.into()),
            resolver,
            answer,
            duration_ms: 1,
        }));
        self
    }

    pub(crate) fn leads_to(self, name: &str, addresses: &[&str]) -> Self {
        self.answers(name, leading_to(addresses))
    }

    pub(crate) fn pointer(mut self, answer: LookupAnswer) -> Self {
        self.history.lookups.push(Arc::new(Lookup {
            question: Question::Pointer(here().address),
            resolver: Resolver::Configured,
            answer,
            duration_ms: 1,
        }));
        self
    }

    /// Another endpoint with its attempts.
    pub(crate) fn beside(mut self, address: &str, attempts: Vec<AttemptMaker>) -> Self {
        let mut history = History::new(HostKey::Endpoint(endpoint(address)));
        history.outside_targets = true;
        history.attempts = attempts.into_iter().flat_map(AttemptMaker::all).collect();
        self.others.push(history);
        self
    }

    /// The same host at another address.
    pub(crate) fn at(mut self, address: &str) -> Self {
        let here = endpoint(address);
        self.history.key = HostKey::Endpoint(here);
        for attempt in &mut self.history.attempts {
            attempt.endpoint = here;
        }
        self
    }

    /// Judged as one of these, with itself among them.
    pub(crate) fn among(mut self, fleet: &[Self]) -> Self {
        let all: Vec<&Self> = fleet.iter().chain([&self]).collect();
        let sight = fleet_view(&all);
        self.fleet = Some(sight);
        self
    }

    pub(crate) fn unlisted(mut self) -> Self {
        self.history.listed = false;
        self
    }

    pub(crate) fn resolver_down(mut self) -> Self {
        self.resolver_down = true;
        self
    }

    pub(crate) fn without_ntlm(mut self) -> Self {
        self.ntlm_enabled = false;
        self
    }

    fn with<T>(&self, judge: impl FnOnce(&Context<'_>) -> T) -> T {
        let members = |wanted: Endpoint| {
            let mut others = self.others.iter();
            let member = others.find(|other| other.key.endpoint() == Some(wanted))?;
            Some(Arc::new(MemberView::of(member)))
        };
        judge(&Context {
            policy: &self.policy,
            now: self.now,
            dns_enabled: true,
            ntlm_enabled: self.ntlm_enabled,
            resolver_down: self.resolver_down,
            fleet: self.fleet.as_ref(),
            members: &members,
        })
    }

    pub(crate) fn diagnose(&self) -> Diagnosis {
        self.with(|context| super::diagnose(&self.history, context))
    }

    pub(crate) fn verdicts(&self) -> Vec<(&'static str, Verdict)> {
        self.with(|context| super::verdicts(&self.history, context))
    }

    pub(crate) fn undetermined(&self) -> Vec<super::Undetermined> {
        self.with(|context| super::undetermined(&self.history, context))
    }

    pub(crate) fn verdict(&self, id: &str) -> Verdict {
        self.verdicts()
            .into_iter()
            .find(|(rule, _)| *rule == id)
            .unwrap_or_else(|| panic!("no rule {id}"))
            .1
    }

    pub(crate) fn fires(&self, id: &str) -> Option<crate::model::Finding> {
        match self.verdict(id) {
            Verdict::Fires(finding) => Some(finding),
            Verdict::Silent | Verdict::NotEnough { .. } => None,
        }
    }

    /// Panics unless the rule stays silent or says that it cannot tell.
    pub(crate) fn assert_not(&self, id: &str) {
        assert_eq!(self.fires(id), None, "{id} must not fire");
    }

    /// Panics unless the rule says no.
    pub(crate) fn assert_silent(&self, id: &str) {
        assert_eq!(self.verdict(id), Verdict::Silent, "{id} must stay silent");
    }

    pub(crate) fn assert_fires(&self, id: &str) -> crate::model::Finding {
        self.fires(id)
            .unwrap_or_else(|| panic!("{id} must fire: {:?}", self.verdict(id)))
    }
}

/// What hosts show together.
pub(crate) fn fleet_view(hosts: &[&HostMaker]) -> FleetView {
    let mut survey = FleetSurvey::default();
    for (place, host) in hosts.iter().enumerate() {
        survey.add(place, &host.history);
    }
    for place in survey.revisit() {
        survey.add_again(&hosts[place].history);
    }
    survey.finish()
}

pub(crate) fn leading_to(addresses: &[&str]) -> LookupAnswer {
    LookupAnswer::Addresses {
        addresses: addresses
            .iter()
            .map(|address| address.parse().unwrap())
            .collect(),
        ttl_s: Some(300),
    }
}
