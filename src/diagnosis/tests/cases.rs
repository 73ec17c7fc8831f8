//! The table under `tests/data/diagnosis`: facts in a short form, and what they must lead to.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;

use crate::diagnosis::testing::{
    AttemptMaker, HostMaker, alert, attempt, certificate, closed, days, host_at, issued,
    leading_to, negotiation, ntlm, reset, silent, tls,
};
use crate::model::{
    CertificateFacts, CertificateStatus, ConnectionPurpose, DnsVerdict, HostState, LookupAnswer,
    NameSource, NegotiationFacts, NegotiationFailure, Nla, Outcome, SelectedSecurity,
    StabilityVerdict, Stage, Subject, TlsMethod, TlsVersion,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    case: Vec<Case>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    /// One word per attempt: `through`, `refused`, or `stage:outcome` with an optional `/outcome` for the legacy hello.
    attempts: Vec<String>,
    #[serde(default = "ssl_or_hybrid")]
    selected: SelectedSecurity,
    #[serde(default)]
    certificate: Leaf,
    ntlm: Option<String>,
    #[serde(default)]
    listed: bool,
    #[serde(default)]
    names: Vec<Name>,
    #[serde(default)]
    members: Vec<Member>,
    expect: Expect,
}

const fn ssl_or_hybrid() -> SelectedSecurity {
    SelectedSecurity::Hybrid
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Leaf {
    name: String,
    issued: bool,
    days_left: i64,
    tls: u16,
    legacy: bool,
}

impl Default for Leaf {
    fn default() -> Self {
        Self {
            name: "srv05.corp.example".to_owned(),
            issued: false,
            days_left: 120,
            tls: 0x0304,
            legacy: false,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Name {
    #[serde(rename = "name")]
    text: String,
    source: NameSource,
    /// Addresses, or one of `nxdomain`, `servfail`.
    answer: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Member {
    address: String,
    attempt: String,
    ntlm: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    state: HostState,
    failed_stage: Option<Stage>,
    nla: Option<Nla>,
    certificate: Option<CertificateStatus>,
    days_left: Option<i64>,
    dns: Option<DnsVerdict>,
    stability: Option<StabilityVerdict>,
    /// Code, or `none`.
    predicted: Option<String>,
    /// Every finding of low severity or worse, in order.
    findings: Vec<String>,
}

impl Case {
    fn leaf(&self, name: &str) -> CertificateFacts {
        let leaf = if self.certificate.issued {
            issued(&[name])
        } else {
            certificate(name)
        };
        CertificateFacts {
            not_before: Some(days(self.certificate.days_left - 365)),
            not_after: Some(days(self.certificate.days_left)),
            ..leaf
        }
    }

    fn attempt(&self, word: &str, ntlm_name: Option<&str>) -> AttemptMaker {
        if word == "through" {
            let mut facts = tls(self.leaf(&self.certificate.name));
            facts.version = Some(TlsVersion(self.certificate.tls));
            if self.certificate.legacy {
                facts.method = TlsMethod::LegacyPeek;
            }
            let made = attempt()
                .negotiated(negotiation(self.selected))
                .shown(facts);
            return match ntlm_name {
                Some(name) => made.identified(ntlm(name)),
                None => made,
            };
        }
        let (stage, outcomes) = word.split_once(':').unwrap();
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
                    let standard = modern == Outcome::NoTls || legacy == Some("no_tls");
                    attempt.negotiation =
                        (failure.is_some() || standard).then(|| NegotiationFacts {
                            failure,
                            ..negotiation(if standard {
                                SelectedSecurity::StandardRdp
                            } else {
                                SelectedSecurity::None
                            })
                        });
                });
                second(
                    made.stage(Stage::X224, modern),
                    ConnectionPurpose::Renegotiate,
                    Stage::X224,
                )
            }
            "tls" => second(
                attempt().tcp().x224().stage(Stage::Tls, modern),
                ConnectionPurpose::LegacyPeek,
                Stage::Tls,
            ),
            "credssp" => attempt()
                .shown(tls(self.leaf(&self.certificate.name)))
                .stage(Stage::Credssp, modern),
            other => panic!("{}: no stage {other}", self.name),
        }
    }

    fn host(&self) -> HostMaker {
        let attempts = self
            .attempts
            .iter()
            .map(|word| self.attempt(word, self.ntlm.as_deref()));
        let subject = if self.attempts.is_empty() {
            Subject::Unresolved {
                name: self.names[0].text.clone(),
                port: 3389,
            }
        } else {
            Subject::Endpoint(crate::diagnosis::testing::here())
        };
        let mut host = host_at(subject, attempts);
        host.history.listed = self.listed;
        for name in &self.names {
            let words: Vec<&str> = name.answer.iter().map(String::as_str).collect();
            let answer = match words.as_slice() {
                ["nxdomain"] => LookupAnswer::NxDomain,
                ["servfail"] => LookupAnswer::ServFail,
                addresses => leading_to(addresses),
            };
            host = host
                .named(name.source, &name.text)
                .answers(&name.text, answer);
        }
        for member in &self.members {
            let mut made = self.attempt(&member.attempt, member.ntlm.as_deref());
            if let Some(name) = &member.ntlm {
                made = made.edit(|attempt| attempt.tls = Some(Arc::new(tls(self.leaf(name)))));
            }
            host = host.beside(&member.address, vec![made]);
        }
        host
    }

    fn check(&self) {
        let found = self.host().diagnose();
        let Self { name, expect, .. } = self;
        assert_eq!(found.state, expect.state, "{name}: state");
        assert_eq!(
            found.failed_stage, expect.failed_stage,
            "{name}: failed stage"
        );
        if let Some(nla) = expect.nla {
            assert_eq!(found.nla, nla, "{name}: NLA");
        }
        if expect.certificate.is_some() {
            assert_eq!(
                found.certificate_status, expect.certificate,
                "{name}: certificate"
            );
        }
        if expect.days_left.is_some() {
            assert_eq!(found.days_left, expect.days_left, "{name}: days left");
        }
        if let Some(dns) = expect.dns {
            assert_eq!(found.dns, dns, "{name}: DNS");
        }
        if let Some(stability) = expect.stability {
            assert_eq!(found.stability.verdict, stability, "{name}: stability");
        }
        if let Some(code) = &expect.predicted {
            let predicted = found
                .predicted
                .as_ref()
                .map_or("none", |error| error.code.as_str());
            assert_eq!(predicted, code, "{name}: predicted");
        }
        let ids: Vec<&str> = found
            .findings
            .iter()
            .filter(|finding| finding.severity > crate::model::Severity::Info)
            .map(|finding| finding.id.as_str())
            .collect();
        assert_eq!(ids, expect.findings, "{name}: findings");
    }
}

fn outcome(word: &str) -> Outcome {
    let (kind, number) = word.split_once('=').unwrap_or((word, "0"));
    let number: u32 = number.parse().unwrap();
    match kind {
        "ok" => Outcome::Ok,
        "closed" => closed(number),
        "reset" => reset(number),
        "silent" => silent(),
        "refused" => Outcome::Refused,
        "unreachable" => Outcome::HostUnreachable,
        "prohibited" => Outcome::Prohibited,
        "failure" => Outcome::NegotiationFailure { code: number },
        "no_tls" => Outcome::NoTls,
        "alert" => alert(u8::try_from(number).unwrap()),
        "no_challenge" => Outcome::NoChallenge,
        "cancelled" => Outcome::Cancelled,
        "not_rdp" => Outcome::NotRdp {
            looks_like: "ssh".into(),
            first_bytes: "5353482d".into(),
        },
        other => panic!("no outcome {other}"),
    }
}

#[test]
fn every_case_of_the_table_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/diagnosis");
    let mut checked = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let file: File =
            toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for case in &file.case {
            case.check();
            checked += 1;
        }
    }
    assert!(checked > 20, "only {checked} cases found");
}
