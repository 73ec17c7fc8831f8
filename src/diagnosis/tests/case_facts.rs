//! The short form in which the tables under `tests/data/diagnosis` write facts, and the hosts that it stands for.

use jiff::SignedDuration;
use serde::Deserialize;

use super::case_values::{answer, outcome};
use crate::diagnosis::testing::{
    AttemptMaker, HostMaker, attempt, certificate, days, digest, endpoint, here, host_at, issued,
    negotiation, now, ntlm, tls,
};
use crate::model::{
    Attempt, CertificateFacts, HostKey, KeyAlgorithm, LookupAnswer, NameSource, NegotiationFacts,
    NegotiationFailure, NtlmFacts, Outcome, ProbeKind, Protocols, PublicKey, Resolver,
    SelectedSecurity, Stage, TlsFacts, TlsHandshake, TlsVersion, TrustVerdict,
};

/// What was seen of a host. What is left out is as on a steady Windows host.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Facts {
    attempts: Vec<Try>,
    negotiation: Negotiation,
    certificate: Leaf,
    ntlm: Ntlm,
    /// The gateway that the list names for it.
    gateway: Option<String>,
    listed: bool,
    names: Vec<Name>,
    /// Names, `none`, or `servfail`.
    pointer: Vec<String>,
    /// Endpoints to which the names lead.
    members: Vec<Member>,
    resolver_down: bool,
    /// In place of the usual one.
    address: Option<String>,
    /// Days from the usual time of judging.
    judged_after_days: i64,
    /// Other hosts of the same scan; with any, even none of note, the host is judged among them.
    fleet: Option<Vec<Neighbours>>,
    /// Where it was seen from, and as other sites see it.
    site: Option<String>,
    elsewhere: Vec<Self>,
}

impl Default for Facts {
    fn default() -> Self {
        Self {
            attempts: vec![Try::Word("through".to_owned())],
            negotiation: Negotiation::default(),
            certificate: Leaf::default(),
            ntlm: Ntlm::default(),
            gateway: None,
            listed: false,
            names: Vec::new(),
            pointer: Vec::new(),
            members: Vec::new(),
            resolver_down: false,
            address: None,
            judged_after_days: 0,
            fleet: None,
            site: None,
            elsewhere: Vec::new(),
        }
    }
}

/// One attempt: `through`, or `stage:outcome` with `/outcome` for the attempt with another probe after it (bare request, legacy hello); or the
/// same with more said.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Try {
    Word(String),
    More(Box<More>),
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct More {
    ends: Option<String>,
    by_name: Option<String>,
    /// Seconds after the usual start.
    after_s: i64,
    unanswered_rounds: u8,
    /// The answer to a request that leaves NLA out.
    without_nla: Option<String>,
    /// How long stages took.
    tcp_ms: Option<u32>,
    x224_ms: Option<u32>,
    tls_ms: Option<u32>,
    /// In place of the host's.
    negotiation: Option<Negotiation>,
    certificate: Option<Leaf>,
    ntlm: Option<Ntlm>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Negotiation {
    selected: SelectedSecurity,
    requested: u32,
    source_reference: u16,
    flags: u8,
    bare: bool,
}

impl Default for Negotiation {
    fn default() -> Self {
        Self {
            selected: SelectedSecurity::Hybrid,
            requested: 3,
            source_reference: 0x1234,
            flags: 0x1f,
            bare: false,
        }
    }
}

impl Negotiation {
    fn facts(&self) -> NegotiationFacts {
        NegotiationFacts {
            requested: Protocols(self.requested),
            response_flags: Some(self.flags),
            source_reference: self.source_reference,
            bare_confirm: self.bare,
            ..negotiation(self.selected)
        }
    }
}

/// The certificate, and how TLS came to show it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Leaf {
    name: String,
    /// By an authority, with alternative names.
    issued: bool,
    issuer: Option<String>,
    days_left: f64,
    lifetime_days: i64,
    /// Alternative names in place of the usual.
    names: Option<Vec<String>>,
    addresses: Vec<std::net::IpAddr>,
    rsa_bits: Option<u32>,
    ec_bits: Option<u32>,
    /// One key for all who say the same.
    key: Option<String>,
    signature: Option<String>,
    issuer_signature: Option<String>,
    /// Extended key usages; an empty list stands for no such extension.
    usages: Option<Vec<String>>,
    is_ca: bool,
    public_policy: bool,
    unparsable: bool,
    /// This machine trusts the chain.
    trusted: bool,
    chain: usize,
    tls: u16,
    legacy: bool,
    cipher: Option<String>,
    client_certificate: bool,
    /// Of the key exchange; unset where it was not checked.
    signature_valid: Option<bool>,
}

impl Default for Leaf {
    fn default() -> Self {
        Self {
            name: "srv05.corp.example".to_owned(),
            issued: false,
            issuer: None,
            days_left: 120.0,
            lifetime_days: 365,
            names: None,
            addresses: Vec::new(),
            rsa_bits: None,
            ec_bits: None,
            key: None,
            signature: None,
            issuer_signature: None,
            usages: None,
            is_ca: false,
            public_policy: false,
            unparsable: false,
            trusted: false,
            chain: 1,
            tls: 0x0304,
            legacy: false,
            cipher: None,
            client_certificate: false,
            signature_valid: Some(true),
        }
    }
}

impl Leaf {
    fn facts(&self) -> CertificateFacts {
        let made = if self.issued {
            issued(&[&self.name])
        } else {
            certificate(&self.name)
        };
        let end = now() + SignedDuration::from_secs_f64(self.days_left * 86_400.0);
        let mut leaf = CertificateFacts {
            not_before: Some((end - SignedDuration::from_hours(self.lifetime_days * 24)).into()),
            not_after: Some(end.into()),
            is_ca: self.is_ca,
            public_policy: self.public_policy,
            san_ip: self.addresses.clone(),
            ..made
        };
        if let Some(names) = &self.names {
            leaf.san_dns = names.iter().map(|name| name.as_str().into()).collect();
        }
        leaf.has_san = !leaf.san_dns.is_empty() || !leaf.san_ip.is_empty();
        if let Some(issuer) = &self.issuer {
            leaf.issuer = issuer.as_str().into();
        }
        if let Some(bits) = self.rsa_bits {
            leaf.key.bits = bits;
        }
        if let Some(bits) = self.ec_bits {
            leaf.key = PublicKey {
                algorithm: KeyAlgorithm::Ec,
                bits,
            };
        }
        if let Some(key) = &self.key {
            leaf.spki_sha256 = Some(digest(key));
        }
        if let Some(signature) = &self.signature {
            leaf.signature_algorithm = signature.as_str().into();
        }
        if let Some(usages) = &self.usages {
            leaf.extended_key_usage = (!usages.is_empty())
                .then(|| usages.iter().map(|usage| usage.as_str().into()).collect());
        }
        if self.unparsable {
            leaf.unparsable = Some("bad DER".into());
        }
        // Certificates that differ have prints that differ.
        leaf.sha256 = digest(&format!("{leaf:?}"));
        leaf
    }

    fn shown(&self) -> TlsFacts {
        let mut facts = tls(self.facts());
        facts.version = Some(TlsVersion(self.tls));
        facts.client_certificate_requested = self.client_certificate;
        facts.signature_valid = self.signature_valid;
        if self.legacy {
            facts.handshake = TlsHandshake::LegacyPeek;
            facts.signature_valid = None;
        }
        if let Some(cipher) = &self.cipher {
            facts.cipher = Some(cipher.as_str().into());
        }
        if self.trusted {
            facts.trust = TrustVerdict::Trusted;
        }
        while facts.chain.len() < self.chain {
            let mut issuer = issued(&["Corp Issuing CA 1"]);
            if let Some(signature) = &self.issuer_signature {
                issuer.signature_algorithm = signature.as_str().into();
            }
            facts.chain.push(issuer.into());
        }
        facts
    }
}

/// The host's word about itself; without a name it says nothing.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Ntlm {
    name: Option<String>,
    netbios: Option<String>,
    domain: Option<String>,
    build: Option<(u8, u8, u16)>,
    clock_skew_s: f64,
    clock_error_ms: u32,
    credssp: Option<u32>,
    echoes_nonce: bool,
}

impl Ntlm {
    fn facts(&self) -> Option<NtlmFacts> {
        let mut facts = ntlm(self.name.as_deref()?);
        if let Some(netbios) = &self.netbios {
            facts.netbios_computer = Some(netbios.as_str().into());
        }
        if let Some(domain) = &self.domain {
            facts.netbios_domain = Some(domain.as_str().into());
        }
        if let Some(build) = self.build {
            facts.version = Some(build);
        }
        if let Some(version) = self.credssp {
            facts.tsrequest_version = Some(version);
        }
        facts.server_time = Some(now() + SignedDuration::from_secs_f64(self.clock_skew_s));
        facts.clock_error_ms = self.clock_error_ms;
        facts.echoed_nonce = self.echoes_nonce;
        Some(facts)
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Name {
    #[serde(rename = "name")]
    text: String,
    source: NameSource,
    /// Addresses, or one of `nxdomain`, `nodata`, `servfail`, `refused`, `timeout`.
    #[serde(default)]
    answer: Vec<String>,
    /// What the DNS servers say where the system's resolver says otherwise.
    servers: Option<Vec<String>>,
    #[serde(default = "once")]
    times: usize,
}

const fn once() -> usize {
    1
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Member {
    address: String,
    attempts: Vec<Try>,
    ntlm: Option<String>,
    certificate: Option<Leaf>,
}

/// Hosts at these last numbers of 10.0.0.0/24, or of the network given. `{n}` in names stands for the number.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Neighbours {
    #[serde(default = "usual_network")]
    network: String,
    from: u8,
    #[serde(default = "once")]
    count: usize,
    #[serde(default)]
    name: Option<String>,
    host: Facts,
}

fn usual_network() -> String {
    "10.0.0".to_owned()
}

impl Facts {
    pub(super) fn host(&self) -> HostMaker {
        let mut host = self.alone();
        host.now = days(self.judged_after_days);
        if let Some(address) = &self.address {
            host = host.at(address);
        }
        if self.resolver_down {
            host = host.resolver_down();
        }
        if let Some(fleet) = &self.fleet {
            let others: Vec<HostMaker> = fleet.iter().flat_map(Neighbours::hosts).collect();
            host = host.among(&others);
        }
        host
    }

    fn alone(&self) -> HostMaker {
        let attempts = self.attempts.iter().map(|one| self.attempt(one));
        let is_name_alone = self.attempts.is_empty() && self.gateway.is_none();
        let key = match self.names.first().filter(|_| is_name_alone) {
            Some(name) => HostKey::Unresolved {
                name: name.text.clone(),
                port: 3389,
            },
            None => HostKey::Endpoint(here()),
        };
        let mut host = host_at(key, attempts);
        host.history.listed = self.listed;
        host.history.gateway = self.gateway.as_deref().map(Into::into);
        for name in &self.names {
            host = host.named(name.source, &name.text);
            for _ in 0..name.times {
                if !name.answer.is_empty() {
                    host = host.answers(&name.text, answer(&name.answer));
                }
                if let Some(servers) = &name.servers {
                    host = host.answers_from(Resolver::Configured, &name.text, answer(servers));
                }
            }
        }
        match self.pointer.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            [] => {}
            ["none"] => host = host.pointer(LookupAnswer::NxDomain),
            ["servfail"] => host = host.pointer(LookupAnswer::ServFail),
            ["timeout"] => host = host.pointer(LookupAnswer::Timeout),
            ref names => {
                let names = names.iter().map(|name| (*name).into()).collect();
                host = host.pointer(LookupAnswer::Names { names });
            }
        }
        for member in &self.members {
            host = host.beside(&member.address, self.member(member));
        }
        host.history.site = self.site.as_ref().map(|site| site.parse().unwrap());
        let elsewhere = self.elsewhere.iter().map(|other| other.alone().history);
        host.history.elsewhere = elsewhere.collect();
        host
    }

    fn member(&self, member: &Member) -> Vec<AttemptMaker> {
        let theirs = Self {
            ntlm: Ntlm {
                name: member.ntlm.clone(),
                ..Ntlm::default()
            },
            certificate: member.certificate.clone().unwrap_or_else(|| Leaf {
                name: member
                    .ntlm
                    .clone()
                    .unwrap_or_else(|| self.certificate.name.clone()),
                ..self.certificate.clone()
            }),
            ..Self::default()
        };
        let theirs = member.attempts.iter().map(|one| theirs.attempt(one));
        theirs
            .map(|made| made.edit(|attempt| attempt.endpoint = endpoint(&member.address)))
            .collect()
    }

    fn attempt(&self, one: &Try) -> AttemptMaker {
        let more = match one {
            Try::Word(word) => More {
                ends: Some(word.clone()),
                ..More::default()
            },
            Try::More(more) => (**more).clone(),
        };
        let facts = Self {
            negotiation: more
                .negotiation
                .clone()
                .unwrap_or_else(|| self.negotiation.clone()),
            certificate: more
                .certificate
                .clone()
                .unwrap_or_else(|| self.certificate.clone()),
            ntlm: more.ntlm.clone().unwrap_or_else(|| self.ntlm.clone()),
            ..Self::default()
        };
        let ends = more.ends.as_deref().unwrap_or("through");
        let made = match ends.split_once(':') {
            None => facts.through(ends),
            Some((stage, outcomes)) => facts.ending(stage, outcomes),
        };
        let made = match &more.without_nla {
            Some(answer) => made.on(ProbeKind::WithoutNla, Stage::X224, outcome(answer)),
            None => made,
        };
        let made = match &more.certificate {
            // It came before the end.
            Some(read) if ends.starts_with("tls:") => {
                let read = read.shown();
                let handshake = TlsHandshake::Failed;
                made.edit(|attempt| attempt.tls = Some(TlsFacts { handshake, ..read }.into()))
            }
            _ => made,
        };
        made.edit_each(|attempt| more.apply(attempt))
    }

    /// As far as a client gets without credentials.
    fn through(&self, word: &str) -> AttemptMaker {
        assert_eq!(
            word, "through",
            "an attempt is `through` or `stage:outcome`"
        );
        let made = attempt().negotiated(self.negotiation.facts());
        if self.negotiation.selected == SelectedSecurity::StandardRdp {
            return made.tcp().stage(Stage::X224, Outcome::NoTls);
        }
        let made = made.shown(self.certificate.shown());
        match self.ntlm.facts() {
            Some(facts) => made.identified(facts),
            None => made,
        }
    }

    fn ending(&self, stage: &str, outcomes: &str) -> AttemptMaker {
        let (modern, legacy) = outcomes
            .split_once('/')
            .map_or((outcomes, None), |(modern, legacy)| (modern, Some(legacy)));
        let modern = outcome(modern);
        let second = |made: AttemptMaker, purpose, stage| match legacy {
            Some(legacy) => made.on(purpose, stage, outcome(legacy)),
            None => made,
        };
        match stage {
            "tcp" => attempt().stage(Stage::Tcp, modern),
            "x224" => {
                let made = attempt().tcp().edit(|attempt| {
                    let failure = match modern {
                        Outcome::NegotiationFailure { code } => Some(NegotiationFailure(code)),
                        _ => None,
                    };
                    let standard = modern == Outcome::NoTls;
                    attempt.negotiation =
                        (failure.is_some() || standard).then(|| NegotiationFacts {
                            failure,
                            requested: Protocols(self.negotiation.requested),
                            ..negotiation(if standard {
                                SelectedSecurity::StandardRdp
                            } else {
                                SelectedSecurity::None
                            })
                        });
                });
                second(
                    made.stage(Stage::X224, modern),
                    ProbeKind::BareRequest,
                    Stage::X224,
                )
            }
            "tls" => second(
                attempt()
                    .tcp()
                    .negotiated(self.negotiation.facts())
                    .stage(Stage::X224, Outcome::Ok)
                    .stage(Stage::Tls, modern),
                ProbeKind::LegacyHello,
                Stage::Tls,
            ),
            "credssp" => attempt()
                .negotiated(self.negotiation.facts())
                .shown(self.certificate.shown())
                .stage(Stage::Credssp, modern),
            other => panic!("no stage {other}"),
        }
    }
}

impl More {
    fn apply(&self, attempt: &mut Attempt) {
        attempt.sni = self.by_name.as_deref().map(Into::into);
        attempt.unanswered_rounds = self.unanswered_rounds;
        attempt.started_at += SignedDuration::from_secs(self.after_s);
        for (stage, ms) in [
            (Stage::Tcp, self.tcp_ms),
            (Stage::X224, self.x224_ms),
            (Stage::Tls, self.tls_ms),
        ] {
            let Some(ms) = ms else { continue };
            let mut stages = attempt.stages.iter_mut();
            let record = stages.find(|record| record.stage == stage);
            let Some(record) = record else { continue };
            record.duration_us = ms * 1000;
        }
    }
}

impl Neighbours {
    fn hosts(&self) -> Vec<HostMaker> {
        let count = u8::try_from(self.count).unwrap();
        (self.from..self.from + count)
            .map(|number| {
                let mut host = self.host.alone();
                if let Some(name) = &self.name {
                    let name = name.replace("{n}", &number.to_string());
                    host = self.named(&name).alone();
                }
                host.at(&format!("{}.{number}", self.network))
            })
            .collect()
    }

    /// The facts of a host of this name.
    fn named(&self, name: &str) -> Facts {
        let host = &self.host;
        Facts {
            attempts: host.attempts.clone(),
            negotiation: host.negotiation.clone(),
            certificate: Leaf {
                name: if host.certificate.name == Leaf::default().name {
                    name.to_owned()
                } else {
                    host.certificate.name.clone()
                },
                ..host.certificate.clone()
            },
            ntlm: Ntlm {
                name: Some(name.to_owned()),
                ..host.ntlm.clone()
            },
            ..Facts::default()
        }
    }
}
