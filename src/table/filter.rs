//! The language of `/` and `--filter`: terms with spaces between, all of which must hold.
//!
//! A bare word matches the text of any column. `field:value` and `field<value` ask one thing. `!` before a term turns it round,
//! and quotes keep spaces together.

use std::net::IpAddr;

use ipnetwork::IpNetwork;

use super::columns::ColumnId;
use crate::fleet::Host;
use crate::model::{
    CertificateStatus, DnsVerdict, HostState, Nla, Severity, StabilityVerdict, Stage, TlsVersion,
};

/// Why a filter text is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// No such field.
    #[error("unknown filter field `{field}`: use one of {}, or put the word in quotes", FIELDS.join(", "))]
    UnknownField {
        /// As typed.
        field: String,
    },
    /// The field does not know the value.
    #[error("`{field}` cannot be `{value}`: use one of {expected}")]
    UnknownValue {
        /// The field.
        field: &'static str,
        /// As typed.
        value: String,
        /// What would do.
        expected: String,
    },
    /// The field compares numbers, addresses or versions, and the value is none.
    #[error("`{field}` needs {expected}, not `{value}`")]
    Malformed {
        /// The field.
        field: &'static str,
        /// As typed.
        value: String,
        /// What would do.
        expected: &'static str,
    },
    /// The field has no order.
    #[error("`{field}` cannot be compared with `{operator}`: write `{field}:value`")]
    NoOrder {
        /// The field.
        field: &'static str,
        /// As typed.
        operator: &'static str,
    },
    /// Nothing after the operator, or after `!`.
    #[error("`{term}` lacks a value")]
    Unfinished {
        /// As typed.
        term: String,
    },
}

const FIELDS: &[&str] = &[
    "state",
    "cert",
    "dns",
    "stability",
    "nla",
    "tls",
    "days",
    "finding",
    "severity",
    "stage",
    "name",
    "ip",
    "port",
];

/// A parsed filter. The default one lets every host pass.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    terms: Vec<Term>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Term {
    negated: bool,
    test: Test,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Less,
    AtMost,
    Equal,
    AtLeast,
    Greater,
}

impl Operator {
    fn holds<T: PartialOrd>(self, left: &T, right: &T) -> bool {
        match self {
            Self::Less => left < right,
            Self::AtMost => left <= right,
            Self::Equal => left == right,
            Self::AtLeast => left >= right,
            Self::Greater => left > right,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    /// In lower case.
    Word(String),
    State(HostState),
    Certificate(CertificateStatus),
    Dns(DnsVerdict),
    Stability(StabilityVerdict),
    Nla(Nla),
    Tls(Operator, TlsVersion),
    Days(Operator, i64),
    /// In upper case, `*` for anything.
    Finding(String),
    Severity(Operator, Severity),
    Stage(Stage),
    /// In lower case, `*` for anything.
    Name(String),
    Address(IpNetwork),
    Port(Operator, u16),
}

impl Filter {
    /// Reads a filter; an empty text lets everything pass.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let terms = split(text)
            .into_iter()
            .map(|raw| Term::parse(&raw))
            .collect::<Result<_, _>>()?;
        Ok(Self { terms })
    }

    /// The terms that can be read, while the text is still being typed.
    #[must_use]
    pub fn readable(text: &str) -> Self {
        let terms = split(text)
            .iter()
            .filter_map(|raw| Term::parse(raw).ok())
            .collect();
        Self { terms }
    }

    /// Whether the host passes.
    #[must_use]
    pub fn matches(&self, host: &Host) -> bool {
        self.passes(host, &mut String::new())
    }

    /// As [`Self::matches`], with room for the host's text that many hosts can share.
    pub(super) fn passes(&self, host: &Host, scratch: &mut String) -> bool {
        scratch.clear();
        self.terms.iter().all(|term| {
            let holds = match &term.test {
                Test::Word(word) => {
                    if scratch.is_empty() {
                        write_columns(host, scratch);
                    }
                    scratch.contains(word)
                }
                other => other.holds(host),
            };
            holds != term.negated
        })
    }

    /// Whether every host passes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }
}

/// Writes what the columns say, in lower case.
fn write_columns(host: &Host, text: &mut String) {
    for column in ColumnId::ALL {
        column.say(host, text);
        text.push('\n');
    }
    if text.is_ascii() {
        text.make_ascii_lowercase();
    } else {
        *text = text.to_lowercase();
    }
}

/// A term as typed, and whether it stood in quotes as a whole.
struct Raw {
    text: String,
    quoted: bool,
    negated: bool,
}

fn split(text: &str) -> Vec<Raw> {
    let mut terms = Vec::new();
    let mut chars = text.chars().peekable();
    loop {
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
        if chars.peek().is_none() {
            return terms;
        }
        let negated = chars.next_if_eq(&'!').is_some();
        let quoted = chars.peek() == Some(&'"');
        let mut term = String::new();
        let mut inside = false;
        for c in chars.by_ref() {
            match c {
                '"' => inside = !inside,
                c if c.is_whitespace() && !inside => break,
                c => term.push(c),
            }
        }
        terms.push(Raw {
            text: term,
            quoted,
            negated,
        });
    }
}

impl Term {
    fn parse(raw: &Raw) -> Result<Self, FilterError> {
        if raw.text.is_empty() {
            return Err(FilterError::Unfinished {
                term: if raw.negated { "!" } else { "\"" }.to_owned(),
            });
        }
        let test = if raw.quoted {
            Test::Word(raw.text.to_lowercase())
        } else {
            Test::parse(&raw.text)?
        };
        Ok(Self {
            negated: raw.negated,
            test,
        })
    }
}

impl Test {
    fn parse(text: &str) -> Result<Self, FilterError> {
        let Some(at) = text.find([':', '<', '>', '=']) else {
            return Ok(Self::Word(text.to_lowercase()));
        };
        let (field, rest) = text.split_at(at);
        // An IPv6 address has colons too, and so may half of one.
        let is_field = !field.is_empty() && field.chars().all(|c| c.is_ascii_alphabetic());
        if !is_field || text.parse::<IpAddr>().is_ok() {
            return Ok(Self::Word(text.to_lowercase()));
        }
        let (operator, sign, value) = operator(rest);
        let lower = field.to_ascii_lowercase();
        let Some(field) = FIELDS.iter().find(|known| **known == lower) else {
            return Err(FilterError::UnknownField {
                field: field.to_owned(),
            });
        };
        if value.is_empty() {
            return Err(FilterError::Unfinished {
                term: text.to_owned(),
            });
        }
        let value_lower = value.to_lowercase();
        let value = value_lower.as_str();
        match *field {
            "days" => number(field, value).map(|days| Self::Days(operator, days)),
            "port" => number(field, value).map(|port| Self::Port(operator, port)),
            "tls" => version(value).map(|version| Self::Tls(operator, version)),
            "severity" => severity(value).map(|severity| Self::Severity(operator, severity)),
            _ if operator != Operator::Equal => Err(FilterError::NoOrder {
                field,
                operator: sign,
            }),
            "state" => state(value),
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
            "finding" => Ok(Self::Finding(finding_pattern(value))),
            "ip" => value
                .parse()
                .map(Self::Address)
                .map_err(|_| FilterError::Malformed {
                    field: "ip",
                    value: value.to_owned(),
                    expected: "an address or a range such as 10.0.4.0/24",
                }),
            _ => Ok(Self::Name(value.to_owned())),
        }
    }

    fn holds(&self, host: &Host) -> bool {
        let diagnosis = &host.diagnosis;
        match self {
            Self::Word(word) => {
                let mut text = String::new();
                write_columns(host, &mut text);
                text.contains(word)
            }
            Self::State(state) => diagnosis.state == *state,
            Self::Certificate(status) => diagnosis.certificate_status == Some(*status),
            Self::Dns(verdict) => diagnosis.dns == *verdict,
            Self::Stability(verdict) => diagnosis.stability.verdict == *verdict,
            Self::Nla(nla) => diagnosis.nla == *nla,
            Self::Tls(operator, version) => host
                .tls()
                .and_then(|(_, version)| version)
                .is_some_and(|seen| operator.holds(&seen, version)),
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
                let named = |name: &str| {
                    let name = name.to_lowercase();
                    name.contains(pattern.as_str()) || glob(pattern, &name)
                };
                host.display_name().is_some_and(named)
                    || host.names().iter().any(|observed| named(&observed.name))
            }
            Self::Address(network) => host
                .subject()
                .endpoint()
                .is_some_and(|endpoint| network.contains(endpoint.address)),
            Self::Port(operator, port) => operator.holds(&host.subject().port(), port),
        }
    }
}

fn operator(rest: &str) -> (Operator, &'static str, &str) {
    for (sign, operator) in [
        ("<=", Operator::AtMost),
        (">=", Operator::AtLeast),
        ("<", Operator::Less),
        (">", Operator::Greater),
        (":", Operator::Equal),
        ("=", Operator::Equal),
    ] {
        if let Some(value) = rest.strip_prefix(sign) {
            return (operator, sign, value);
        }
    }
    (Operator::Equal, ":", rest)
}

fn number<T: std::str::FromStr>(field: &'static str, value: &str) -> Result<T, FilterError> {
    value.parse().map_err(|_| FilterError::Malformed {
        field,
        value: value.to_owned(),
        expected: "a whole number",
    })
}

fn version(value: &str) -> Result<TlsVersion, FilterError> {
    match value {
        "1.0" => Ok(TlsVersion::TLS_1_0),
        "1.1" => Ok(TlsVersion::TLS_1_1),
        "1.2" => Ok(TlsVersion::TLS_1_2),
        "1.3" => Ok(TlsVersion::TLS_1_3),
        "ssl3" => Ok(TlsVersion::SSL_3_0),
        _ => Err(FilterError::Malformed {
            field: "tls",
            value: value.to_owned(),
            expected: "ssl3, 1.0, 1.1, 1.2 or 1.3",
        }),
    }
}

fn severity(value: &str) -> Result<Severity, FilterError> {
    one_of("severity", value, &Severity::ALL, |severity| {
        severity.word()
    })
}

/// A state, or a word that people use like one: `state:flaky`, `state:expired`.
fn state(value: &str) -> Result<Test, FilterError> {
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
    one_of("state", value, HostState::ALL, HostState::word).map(Test::State)
}

fn one_of<T: Copy>(
    field: &'static str,
    value: &str,
    all: &[T],
    word: fn(T) -> &'static str,
) -> Result<T, FilterError> {
    all.iter()
        .copied()
        .find(|known| word(*known) == value)
        .ok_or_else(|| FilterError::UnknownValue {
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

/// Ids are known with and without the prefix that the table leaves out.
fn finding_pattern(value: &str) -> String {
    let value = value.to_uppercase();
    if value.starts_with("RDP-") || value.starts_with('*') {
        value
    } else {
        format!("RDP-{value}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn test_of(text: &str) -> Test {
        let mut filter = Filter::parse(text).unwrap();
        assert_eq!(filter.terms.len(), 1);
        filter.terms.remove(0).test
    }

    #[test]
    fn terms_are_read() {
        assert_eq!(test_of("days<30"), Test::Days(Operator::Less, 30));
        assert_eq!(test_of("days<=-5"), Test::Days(Operator::AtMost, -5));
        assert_eq!(test_of("state:broken"), Test::State(HostState::Broken));
        assert_eq!(
            test_of("State:Flaky"),
            Test::Stability(StabilityVerdict::Flaky)
        );
        assert_eq!(
            test_of("tls<1.2"),
            Test::Tls(Operator::Less, TlsVersion::TLS_1_2)
        );
        assert_eq!(
            test_of("finding:rdp-dns-*"),
            Test::Finding("RDP-DNS-*".into())
        );
        assert!(matches!(test_of("ip:10.0.4.0/24"), Test::Address(_)));
    }

    #[test]
    fn words_quotes_and_addresses_stay_words() {
        assert_eq!(test_of("Srv05"), Test::Word("srv05".into()));
        assert_eq!(test_of("\"name: x\""), Test::Word("name: x".into()));
        assert_eq!(test_of("2001:db8::5"), Test::Word("2001:db8::5".into()));
        assert_eq!(test_of("fe80:"), Test::Word("fe80:".into()));
        assert_eq!(test_of("abcd::1"), Test::Word("abcd::1".into()));
    }

    #[test]
    fn an_exclamation_mark_negates() {
        assert!(Filter::parse("!healthy").unwrap().terms[0].negated);
    }

    #[test]
    fn errors_name_the_value_and_the_way_out() {
        let error = |text| Filter::parse(text).unwrap_err().to_string();
        assert_eq!(
            error("dns:stael"),
            "`dns` cannot be `stael`: use one of wrong_host, stale, missing, partial_dead, aaaa_dead, error, \
             ptr_mismatch, no_ptr, not_checked, match"
        );
        assert_eq!(
            error("days<soon"),
            "`days` needs a whole number, not `soon`"
        );
        assert_eq!(error("days<"), "`days<` lacks a value");
        assert_eq!(
            error("nla<offered"),
            "`nla` cannot be compared with `<`: write `nla:value`"
        );
        assert!(error("stat:x").starts_with("unknown filter field `stat`: use one of state, "));
        assert_eq!(error("!"), "`!` lacks a value");
    }

    #[test]
    fn globs_match_at_both_ends_and_between() {
        assert!(glob("RDP-DNS-*", "RDP-DNS-STALE"));
        assert!(glob("*CERT*", "RDP-CERT-EXPIRED"));
        assert!(glob("RDP-*-EXPIRED", "RDP-CERT-EXPIRED"));
        assert!(glob("RDP-FLAKY", "RDP-FLAKY"));
        assert!(!glob("RDP-FLAKY", "RDP-FLAKY-X"));
        assert!(!glob("DNS*", "RDP-DNS-STALE"));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_without_panic(text in "\\PC{0,40}") {
            drop(Filter::parse(&text));
        }

        #[test]
        fn half_typed_terms_do_not_panic(text in "[!\":<>= a-z0-9./*]{0,20}") {
            drop(Filter::parse(&text));
        }
    }
}
