//! Compares the result of a scan with the expectations of a scenario.

// Helpers here count as test code for the lints, too.
#![cfg(test)]

use std::fmt::Display;

use rdpscan::fleet::{Fleet, Host};
use rdpscan::model::{
    CertificateStatus, DnsVerdict, HostKey, HostState, Nla, SelectedSecurity, StabilityVerdict,
    Stage, TlsHandshake,
};
use rdpscan::sim::{Layout, SimulatedFleet, TargetForm};
use serde::de::value::StringDeserializer;
use serde::de::{Deserialize, Deserializer, Error};

/// A value, or `"none"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected<T> {
    Nothing,
    Exactly(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Expected<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == "none" {
            return Ok(Self::Nothing);
        }
        let inner: StringDeserializer<serde::de::value::Error> = StringDeserializer::new(text);
        T::deserialize(inner)
            .map(Self::Exactly)
            .map_err(|error| D::Error::custom(format!("{error}, or `none`")))
    }
}

/// The expected result of a scan for one host. Absent fields are not compared.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Expectation {
    pub(super) state: Option<HostState>,
    pub(super) failed_stage: Option<Expected<Stage>>,
    pub(super) security: Option<SelectedSecurity>,
    pub(super) nla: Option<Nla>,
    /// Such as `1.2`.
    pub(super) tls: Option<Expected<String>>,
    pub(super) handshake: Option<Expected<TlsHandshake>>,
    pub(super) certificate_status: Option<Expected<CertificateStatus>>,
    pub(super) days_left: Option<i64>,
    pub(super) dns: Option<DnsVerdict>,
    pub(super) stability: Option<StabilityVerdict>,
    /// The DNS computer name in NTLM.
    pub(super) ntlm_computer: Option<Expected<String>>,
    /// Ids.
    pub(super) findings: Vec<String>,
    /// Ids that must not be found.
    pub(super) not_findings: Vec<String>,
    /// Code of the client error, such as `0x904`.
    pub(super) predicted: Option<Expected<String>>,
}

/// The differences of a host to its expectation, one line each.
pub(super) fn judge(expect: &Expectation, host: &Host) -> Vec<String> {
    let diagnosis = &host.diagnosis;
    let history = host.history();
    let tls = history.tls();
    let mut differences = Differences::default();
    differences.same("state", expect.state, diagnosis.state, HostState::word);
    differences.wanted(
        "failed_stage",
        expect.failed_stage.as_ref(),
        diagnosis.failed_stage.as_ref(),
        |stage| stage.word().to_owned(),
    );
    differences.same(
        "security",
        expect.security,
        diagnosis.security,
        SelectedSecurity::word,
    );
    differences.same("nla", expect.nla, diagnosis.nla, Nla::word);
    let version = tls
        .and_then(|tls| tls.version)
        .map(|version| version.to_string());
    differences.wanted("tls", expect.tls.as_ref(), version.as_ref(), String::clone);
    differences.wanted(
        "handshake",
        expect.handshake.as_ref(),
        tls.map(|tls| &tls.handshake),
        |handshake| format!("{handshake:?}"),
    );
    differences.wanted(
        "certificate_status",
        expect.certificate_status.as_ref(),
        diagnosis.certificate_status.as_ref(),
        |status| status.word().to_owned(),
    );
    if let Some(days) = expect.days_left {
        differences.wanted(
            "days_left",
            Some(&Expected::Exactly(days)),
            diagnosis.days_left.as_ref(),
            i64::to_string,
        );
    }
    differences.same("dns", expect.dns, diagnosis.dns, DnsVerdict::word);
    differences.same(
        "stability",
        expect.stability,
        diagnosis.stability.verdict,
        StabilityVerdict::word,
    );
    let computer = history
        .ntlm()
        .and_then(|ntlm| ntlm.dns_computer.as_deref())
        .map(str::to_owned);
    differences.wanted(
        "ntlm_computer",
        expect.ntlm_computer.as_ref(),
        computer.as_ref(),
        String::clone,
    );
    let predicted = diagnosis
        .predicted
        .as_ref()
        .map(|error| error.code.to_owned());
    differences.wanted(
        "predicted",
        expect.predicted.as_ref(),
        predicted.as_ref(),
        String::clone,
    );
    differences.findings(expect, host);
    differences.0
}

/// The differences of all targets of a fleet to their expectations.
pub(super) fn judge_fleet(running: &SimulatedFleet, fleet: &Fleet) -> Vec<String> {
    let hosts = running
        .hosts
        .iter()
        .filter(|host| host.target != TargetForm::None)
        .map(|host| {
            let title = host.names.first().map_or("no name", String::as_str);
            (HostKey::Endpoint(host.endpoint), title, &host.expect)
        });
    let names = running
        .names
        .iter()
        .filter(|target| !target.expect.is_empty())
        .map(|target| {
            let key = HostKey::Unresolved {
                name: target.name.clone(),
                port: running.port,
            };
            (key, target.name.as_str(), &target.expect)
        });
    hosts
        .chain(names)
        .flat_map(|(key, title, expect)| {
            let expect = expect.clone().try_into();
            let expect = judgeable(
                expect.unwrap_or_else(|error| panic!("{key}: {error}")),
                running.layout,
            );
            let host = fleet.find(&key).and_then(|id| fleet.host(id));
            let differences = match host {
                Some(host) => judge(&expect, host),
                None => vec!["expected a row, found none".to_owned()],
            };
            differences
                .into_iter()
                .map(move |difference| format!("{key} ({title}): {difference}"))
        })
        .collect()
}

/// With all hosts on one address, names cannot be compared with addresses.
fn judgeable(mut expect: Expectation, layout: Layout) -> Expectation {
    if layout == Layout::OneAddress {
        let about_names = |id: &String| id.starts_with("RDP-DNS") || id.starts_with("RDP-NAME");
        expect.dns = None;
        expect.findings.retain(|id| !about_names(id));
        expect.not_findings.retain(|id| !about_names(id));
        expect.state = None;
    }
    expect
}

#[derive(Default)]
struct Differences(Vec<String>);

impl Differences {
    fn differ(&mut self, what: &str, expected: impl Display, found: impl Display) {
        self.0
            .push(format!("{what}: expected {expected}, found {found}"));
    }

    fn same<T: Copy + PartialEq>(
        &mut self,
        what: &str,
        expected: Option<T>,
        found: T,
        word: impl Fn(T) -> &'static str,
    ) {
        if let Some(expected) = expected
            && expected != found
        {
            self.differ(what, word(expected), word(found));
        }
    }

    fn wanted<T: PartialEq>(
        &mut self,
        what: &str,
        expected: Option<&Expected<T>>,
        found: Option<&T>,
        word: impl Fn(&T) -> String,
    ) {
        let expected = match expected {
            None => return,
            Some(Expected::Nothing) => None,
            Some(Expected::Exactly(value)) => Some(value),
        };
        if expected != found {
            let words = |value: Option<&T>| value.map_or_else(|| "none".to_owned(), &word);
            self.differ(what, words(expected), words(found));
        }
    }

    fn findings(&mut self, expect: &Expectation, host: &Host) {
        let found: Vec<&str> = host
            .diagnosis
            .findings
            .iter()
            .map(|finding| finding.id)
            .collect();
        for id in &expect.findings {
            if !found.contains(&id.as_str()) {
                self.differ("findings", id, format!("[{}]", found.join(", ")));
            }
        }
        for id in &expect.not_findings {
            if let Some(finding) = host
                .diagnosis
                .findings
                .iter()
                .find(|finding| finding.id == *id)
            {
                self.differ("findings", format!("no {id}"), &finding.evidence);
            }
        }
    }
}

#[test]
fn unknown_words_are_refused() {
    for text in ["state = \"fine\"", "failed_stage = \"telepathy\""] {
        let error = toml::from_str::<Expectation>(text).unwrap_err().to_string();
        assert!(error.contains("unknown variant"), "{text}: {error}");
    }
}
