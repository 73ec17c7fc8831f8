//! The tests that a filter can ask of a host.

use std::net::IpAddr;

use ipnetwork::IpNetwork;

use super::Field;
use super::error::FilterFault;
use super::facts::{Day, Measure, Said, When};
use super::lex::Operator;
use super::values::{self, PROTOCOLS};
use crate::diagnosis::catalog;
use crate::fleet::Host;
use crate::model::{
    CertificateStatus, DnsVerdict, HostState, Nla, SelectedSecurity, ServerFeature, Severity,
    StabilityVerdict, Stage, TlsVersion,
};
use crate::table::sort::lower;

/// One question to a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Test {
    /// In lower case.
    Word(String),
    State(HostState),
    Listed(bool),
    Certificate(CertificateStatus),
    Dns(DnsVerdict),
    Stability(StabilityVerdict),
    Nla(Nla),
    Tls(Operator, TlsVersion),
    /// TLS was tried, and no version was seen.
    TlsUnknown,
    Days(Operator, i64),
    /// In upper case, `*` for anything.
    Finding(String),
    Severity(Operator, Severity),
    Stage(Stage),
    /// In lower case, `*` for anything.
    Name(String),
    Address(IpNetwork),
    /// From the first to the last, of one family.
    Range(IpAddr, IpAddr),
    Port(Operator, u16),
    Protocol(SelectedSecurity),
    /// Announced, perhaps with others.
    Feature(ServerFeature),
    /// In thousandths.
    Measure(Measure, Operator, i64),
    Day(When, Operator, Day),
    /// In lower case, `*` for anything.
    Said(Said, String),
    /// Major and minor when they were given, and the build.
    Build(Operator, Option<(u8, u8)>, u16),
}

impl Test {
    /// Reads a field's value.
    pub(super) fn of(
        field: &'static Field,
        operator: Operator,
        sign: &'static str,
        value: &str,
    ) -> Result<Self, FilterFault> {
        let value = value.to_lowercase();
        let value = value.as_str();
        let takes = field.takes;
        let field = field.word;
        let malformed = || FilterFault::Malformed {
            field,
            value: value.to_owned(),
            expected: takes,
        };
        if let Some(measure) = Measure::ALL.into_iter().find(|one| one.word() == field) {
            let read = measure.read(value).ok_or_else(malformed);
            return read.map(|number| Self::Measure(measure, operator, number));
        }
        if let Some(when) = When::ALL.into_iter().find(|one| one.word() == field) {
            let read = Day::read(value).ok_or_else(malformed);
            return read.map(|day| Self::Day(when, operator, day));
        }
        match field {
            "days" => value
                .parse()
                .map(|days| Self::Days(operator, days))
                .map_err(|_| malformed()),
            "port" => value
                .parse()
                .map(|port| Self::Port(operator, port))
                .map_err(|_| malformed()),
            "build" => build(value)
                .map(|(system, build)| Self::Build(operator, system, build))
                .ok_or_else(malformed),
            "tls" if value == "unknown" && operator == Operator::Equal => Ok(Self::TlsUnknown),
            "tls" => version(value)
                .map(|version| Self::Tls(operator, version))
                .ok_or_else(malformed),
            "severity" => severity(value).map(|severity| Self::Severity(operator, severity)),
            _ if operator != Operator::Equal => Err(FilterFault::NoOrder {
                field,
                operator: sign,
            }),
            "state" => state(value),
            "listed" => one_of("listed", value, &[true, false], yes_or_no).map(Self::Listed),
            "cert" => one_of(
                "cert",
                value,
                CertificateStatus::ALL,
                CertificateStatus::word,
            )
            .map(Self::Certificate),
            "dns" => one_of("dns", value, DnsVerdict::ALL, DnsVerdict::word).map(Self::Dns),
            "stability" => one_of(
                "stability",
                value,
                StabilityVerdict::ALL,
                StabilityVerdict::word,
            )
            .map(Self::Stability),
            "nla" => one_of("nla", value, Nla::ALL, Nla::word).map(Self::Nla),
            "stage" => one_of("stage", value, &Stage::ALL, Stage::word).map(Self::Stage),
            "protocol" => {
                one_of("protocol", value, &PROTOCOLS, SelectedSecurity::word).map(Self::Protocol)
            }
            "features" => one_of("features", value, ServerFeature::ALL, ServerFeature::word)
                .map(Self::Feature),
            "finding" => finding_pattern(value).map(Self::Finding),
            "ip" => address(value).ok_or_else(malformed),
            "name" => Ok(Self::Name(value.to_owned())),
            _ => Said::ALL
                .into_iter()
                .find(|said| said.word() == field)
                .and_then(|said| Some(Self::Said(said, said.pattern(value)?)))
                .ok_or_else(malformed),
        }
    }

    /// Whether the answer is yes. A word is asked of the columns' text, which is not here.
    pub(super) fn holds(&self, host: &Host) -> bool {
        let diagnosis = &host.diagnosis;
        match self {
            Self::Word(_) => false,
            Self::State(state) => diagnosis.state == *state,
            Self::Listed(listed) => host.listed() == *listed,
            Self::Certificate(status) => diagnosis.certificate_status == Some(*status),
            Self::Dns(verdict) => diagnosis.dns == *verdict,
            Self::Stability(verdict) => diagnosis.stability.verdict == *verdict,
            Self::Nla(nla) => diagnosis.nla == *nla,
            Self::Tls(operator, version) => host
                .tls()
                .and_then(|(_, version)| version)
                .is_some_and(|seen| operator.holds(&seen, version)),
            Self::TlsUnknown => host.tls().is_some_and(|(_, version)| version.is_none()),
            Self::Days(operator, days) => diagnosis
                .days_left
                .is_some_and(|left| operator.holds(&left, days)),
            Self::Finding(pattern) => diagnosis
                .findings
                .iter()
                .any(|finding| glob(pattern, finding.id)),
            Self::Severity(operator, severity) => diagnosis
                .findings
                .first()
                .is_some_and(|worst| operator.holds(&worst.severity, severity)),
            Self::Stage(stage) => diagnosis.failed_stage == Some(*stage),
            Self::Name(pattern) => {
                let mut names = host.names();
                names.any(|name| matches_text(pattern, name))
            }
            Self::Address(network) => host
                .key()
                .endpoint()
                .is_some_and(|endpoint| network.contains(endpoint.address)),
            Self::Range(first, last) => host.key().endpoint().is_some_and(|endpoint| {
                // Two families have no order between them.
                endpoint.address.is_ipv4() == first.is_ipv4()
                    && (*first..=*last).contains(&endpoint.address)
            }),
            Self::Port(operator, port) => operator.holds(&host.key().port(), port),
            Self::Protocol(selected) => diagnosis.security == *selected,
            Self::Feature(feature) => host
                .sketch()
                .response_flags
                .is_some_and(|flags| ServerFeature::announced(flags).any(|one| one == *feature)),
            Self::Measure(measure, operator, number) => measure
                .of(host)
                .is_some_and(|found| operator.holds(&found, number)),
            Self::Day(when, operator, day) => when
                .of(host)
                .is_some_and(|found| operator.holds(&found, day)),
            Self::Said(said, pattern) => said.holds(host, pattern),
            Self::Build(operator, system, build) => {
                host.sketch().build.is_some_and(|(major, minor, number)| {
                    // A build alone is compared alone.
                    let found = (system.map(|_| (major, minor)), number);
                    operator.holds(&found, &(*system, *build))
                })
            }
        }
    }
}

fn version(value: &str) -> Option<TlsVersion> {
    match value {
        "1.0" => Some(TlsVersion::TLS_1_0),
        "1.1" => Some(TlsVersion::TLS_1_1),
        "1.2" => Some(TlsVersion::TLS_1_2),
        "1.3" => Some(TlsVersion::TLS_1_3),
        "ssl3" => Some(TlsVersion::SSL_3_0),
        _ => None,
    }
}

/// `20348` or `10.0.20348`.
fn build(value: &str) -> Option<(Option<(u8, u8)>, u16)> {
    let parts: Vec<&str> = value.split('.').collect();
    match parts.as_slice() {
        [build] => Some((None, build.parse().ok()?)),
        [major, minor, build] => {
            let system = (major.parse().ok()?, minor.parse().ok()?);
            Some((Some(system), build.parse().ok()?))
        }
        _ => None,
    }
}

/// An address, a network, or a range such as `10.0.4.10-50`.
fn address(value: &str) -> Option<Test> {
    if let Ok(network) = value.parse() {
        return Some(Test::Address(network));
    }
    let (first, last) = value.split_once('-')?;
    let first: IpAddr = first.parse().ok()?;
    let last: IpAddr = match (first, last.parse()) {
        (_, Ok(last)) => last,
        // The last number alone.
        (IpAddr::V4(first), Err(_)) => {
            let [a, b, c, _] = first.octets();
            IpAddr::from([a, b, c, last.parse().ok()?])
        }
        (IpAddr::V6(_), Err(_)) => return None,
    };
    (first.is_ipv4() == last.is_ipv4() && first <= last).then_some(Test::Range(first, last))
}

fn severity(value: &str) -> Result<Severity, FilterFault> {
    one_of("severity", value, &Severity::ALL, |severity| {
        severity.word()
    })
}

/// A state, or a word that people use like one: `state:flaky`, `state:expired`.
fn state(value: &str) -> Result<Test, FilterFault> {
    if let Some(state) = HostState::ALL.iter().find(|s| s.word() == value) {
        return Ok(Test::State(*state));
    }
    if let Some(verdict) = StabilityVerdict::ALL
        .iter()
        .find(|v| v.word() == value && **v != StabilityVerdict::Unknown)
    {
        return Ok(Test::Stability(*verdict));
    }
    if let Some(status) = CertificateStatus::ALL.iter().find(|s| s.word() == value) {
        return Ok(Test::Certificate(*status));
    }
    let expected: Vec<&str> = values::of("state").iter().map(|(word, _)| *word).collect();
    Err(FilterFault::UnknownValue {
        field: "state",
        value: value.to_owned(),
        expected: expected.join(", "),
    })
}

pub(super) const fn yes_or_no(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}

fn one_of<T: Copy>(
    field: &'static str,
    value: &str,
    all: &[T],
    word: fn(T) -> &'static str,
) -> Result<T, FilterFault> {
    all.iter()
        .copied()
        .find(|known| word(*known) == value)
        .ok_or_else(|| FilterFault::UnknownValue {
            field,
            value: value.to_owned(),
            expected: all
                .iter()
                .map(|known| word(*known))
                .collect::<Vec<_>>()
                .join(", "),
        })
}

/// Whether `text` is the pattern, in which `*` stands for any number of characters.
fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let mut last = None;
    for part in parts {
        if let Some(middle) = last.replace(part) {
            let Some((_, after)) = rest.split_once(middle) else {
                return false;
            };
            rest = after;
        }
    }
    match last {
        None => rest.is_empty(),
        Some(end) => rest.ends_with(end),
    }
}

/// Whether a text has the pattern in it, or is the pattern, in which `*` stands for anything; the pattern is in lower case.
pub(super) fn matches_text(pattern: &str, text: &str) -> bool {
    let text = lower(text);
    text.contains(pattern) || glob(pattern, &text)
}

/// Ids are known with and without the prefix that the table leaves out.
fn finding_pattern(value: &str) -> Result<String, FilterFault> {
    let value = value.to_uppercase();
    let pattern = if value.starts_with("RDP-") || value.starts_with('*') {
        value
    } else {
        format!("RDP-{value}")
    };
    // One that no host can ever have is a slip, and would be taken for good news.
    let known = catalog::ENTRIES
        .iter()
        .any(|entry| glob(&pattern, entry.id));
    if known {
        Ok(pattern)
    } else {
        Err(FilterFault::UnknownFinding { value: pattern })
    }
}
