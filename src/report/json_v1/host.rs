use std::collections::BTreeMap;
use std::net::IpAddr;

use jiff::Timestamp;
use serde::Serialize;

use crate::diagnosis::{self, Diagnosis, NamePath, Spread, Stability};
use crate::model::{
    CertificateFacts, CertificateStatus, Finding, Lookup, LookupAnswer, NameSource, NtlmFacts,
    Question, Resolver, Stage, Subject, TlsFacts, TlsMethod, TrustVerdict,
};
use crate::report::sheet::Row;
use crate::report::words;

/// One entry under `hosts`.
#[derive(Serialize)]
pub(super) struct HostV1<'a> {
    /// `null` for a listed name that led to no address; `names` holds it.
    address: Option<IpAddr>,
    port: u16,
    /// The name to show.
    display_name: Option<&'a str>,
    names: Vec<NameV1<'a>>,
    state: &'static str,
    failed_stage: Option<&'static str>,
    security: SecurityV1,
    tls: Option<TlsV1<'a>>,
    certificate: Option<CertificateV1<'a>>,
    ntlm: Option<NtlmV1<'a>>,
    dns: DnsV1<'a>,
    stability: StabilityV1<'a>,
    predicted_client_error: Option<PredictedV1<'a>>,
    findings: Vec<FindingV1<'a>>,
}

#[derive(Serialize)]
struct NameV1<'a> {
    name: &'a str,
    source: &'static str,
}

#[derive(Serialize)]
struct SecurityV1 {
    selected: &'static str,
    nla: &'static str,
}

#[derive(Serialize)]
struct TlsV1<'a> {
    version: Option<String>,
    cipher: Option<&'a str>,
    handshake: &'static str,
    group: Option<&'a str>,
    signature_valid: Option<bool>,
}

#[derive(Serialize)]
struct CertificateV1<'a> {
    status: Option<&'static str>,
    common_name: Option<&'a str>,
    subject: Option<&'a str>,
    san: Vec<String>,
    issuer: Option<&'a str>,
    self_signed: Option<bool>,
    not_before: Option<Timestamp>,
    not_after: Option<Timestamp>,
    days_left: Option<i64>,
    key: Option<KeyV1>,
    signature_algorithm: Option<&'a str>,
    sha1: &'a str,
    sha256: &'a str,
    chain_length: usize,
    serial: Option<&'a str>,
    trust: &'static str,
    /// Why it could not be read.
    unparsable: Option<&'a str>,
}

#[derive(Serialize)]
struct KeyV1 {
    algorithm: &'static str,
    bits: Option<u32>,
}

#[derive(Serialize)]
struct NtlmV1<'a> {
    netbios_computer: Option<&'a str>,
    netbios_domain: Option<&'a str>,
    dns_computer: Option<&'a str>,
    dns_domain: Option<&'a str>,
    dns_forest: Option<&'a str>,
    build: Option<String>,
    clock_skew_s: Option<f64>,
}

#[derive(Serialize)]
struct DnsV1<'a> {
    verdict: &'static str,
    lookups: Vec<LookupV1<'a>>,
    /// Name by name, where its addresses lead.
    names: &'a [NamePath],
}

#[derive(Serialize)]
struct LookupV1<'a> {
    /// The name or address asked for.
    question: String,
    /// `addresses` or `names`.
    wanted: &'static str,
    /// `system`, `configured`, or the address of a server.
    resolver: String,
    answer: &'static str,
    values: Vec<String>,
    ttl_s: Option<u32>,
    detail: Option<&'a str>,
    duration_ms: u32,
}

#[derive(Serialize)]
struct StabilityV1<'a> {
    verdict: &'static str,
    attempts: u32,
    failures: u32,
    failures_by_stage: BTreeMap<&'static str, u32>,
    connect_ms: &'a Option<Spread>,
    total_ms: &'a Option<Spread>,
    handshake_ms: &'a Option<Spread>,
    retransmits: Option<u32>,
    /// Connects lost, as a share of all tried, 0 to 1.
    loss: f64,
}

#[derive(Serialize)]
struct PredictedV1<'a> {
    code: &'a str,
    name: &'a str,
    likelihood: u8,
    reasons: &'a [String],
    confirm_in: Vec<&'static str>,
}

#[derive(Serialize)]
struct FindingV1<'a> {
    id: &'a str,
    severity: &'static str,
    confidence: &'static str,
    title: &'a str,
    evidence: &'a str,
    remedy: Option<&'a str>,
}

impl<'a> HostV1<'a> {
    pub(super) fn new(row: &'a Row<'_>) -> Self {
        let history = &row.history;
        let diagnosis = &row.host.diagnosis;
        let tls = history.tls().map(AsRef::as_ref);
        Self {
            address: history.subject.endpoint().map(|endpoint| endpoint.address),
            port: history.subject.port(),
            display_name: row.name,
            names: names(row),
            state: diagnosis.state.word(),
            failed_stage: diagnosis.failed_stage.map(Stage::word),
            security: SecurityV1 {
                selected: diagnosis.security.word(),
                nla: diagnosis.nla.word(),
            },
            tls: tls.map(TlsV1::new),
            certificate: tls.and_then(|tls| CertificateV1::new(tls, row)),
            ntlm: history.ntlm().map(|facts| NtlmV1::new(facts)),
            dns: DnsV1 {
                verdict: diagnosis.dns.word(),
                lookups: history
                    .lookups
                    .iter()
                    .map(|lookup| LookupV1::new(lookup))
                    .collect(),
                names: &diagnosis.name_paths,
            },
            stability: StabilityV1::new(&diagnosis.stability),
            predicted_client_error: PredictedV1::of(diagnosis),
            findings: diagnosis.findings.iter().map(FindingV1::new).collect(),
        }
    }
}

/// The names in play; a name that led nowhere is always among them.
fn names<'a>(row: &'a Row<'_>) -> Vec<NameV1<'a>> {
    let history = &row.history;
    let mut names: Vec<NameV1<'a>> = history
        .names
        .iter()
        .map(|observed| NameV1 {
            name: &observed.name,
            source: observed.source.word(),
        })
        .collect();
    if let Subject::Unresolved { name, .. } = &history.subject
        && !names.iter().any(|known| known.name == name)
    {
        names.push(NameV1 {
            name,
            source: NameSource::Target.word(),
        });
    }
    names
}

impl<'a> TlsV1<'a> {
    fn new(tls: &'a TlsFacts) -> Self {
        Self {
            version: tls.version.map(|version| version.to_string()),
            cipher: tls.cipher.as_deref(),
            handshake: match tls.method {
                TlsMethod::Full => "full",
                TlsMethod::LegacyPeek => "legacy_peek",
                TlsMethod::Failed => "failed",
            },
            group: tls.group.as_deref(),
            signature_valid: tls.signature_valid,
        }
    }
}

impl<'a> CertificateV1<'a> {
    fn new(tls: &'a TlsFacts, row: &Row<'_>) -> Option<Self> {
        let leaf: &'a CertificateFacts = tls.leaf()?;
        // An unreadable certificate has thumbprints and nothing else: empty strings in the model mean "not known" then.
        let known = leaf.unparsable.is_none();
        Some(Self {
            status: row
                .host
                .diagnosis
                .certificate_status
                .map(CertificateStatus::word),
            common_name: leaf.common_name.as_deref(),
            subject: known.then_some(&leaf.subject),
            san: words::alternative_names(leaf),
            issuer: known.then_some(&leaf.issuer),
            self_signed: words::self_signed(tls, leaf),
            not_before: leaf.not_before,
            not_after: leaf.not_after,
            days_left: row.host.diagnosis.days_left,
            key: known.then(|| KeyV1 {
                algorithm: leaf.key.algorithm.word(),
                bits: Some(leaf.key.bits).filter(|bits| *bits > 0),
            }),
            signature_algorithm: known.then_some(&leaf.signature_algorithm),
            sha1: &leaf.sha1,
            sha256: &leaf.sha256,
            chain_length: tls.chain.len(),
            serial: known.then_some(&leaf.serial),
            trust: match tls.trust {
                TrustVerdict::Trusted => "trusted",
                TrustVerdict::SelfSigned => "self_signed",
                TrustVerdict::UnknownIssuer => "unknown_issuer",
                TrustVerdict::Rejected(_) => "rejected",
                TrustVerdict::NotChecked => "not_checked",
            },
            unparsable: leaf.unparsable.as_deref(),
        })
    }
}

impl<'a> NtlmV1<'a> {
    fn new(facts: &'a NtlmFacts) -> Self {
        Self {
            netbios_computer: facts.netbios_computer.as_deref(),
            netbios_domain: facts.netbios_domain.as_deref(),
            dns_computer: facts.dns_computer.as_deref(),
            dns_domain: facts.dns_domain.as_deref(),
            dns_forest: facts.dns_forest.as_deref(),
            build: facts.build(),
            clock_skew_s: facts.clock_skew_s(),
        }
    }
}

impl<'a> LookupV1<'a> {
    fn new(lookup: &'a Lookup) -> Self {
        let (question, wanted) = match &lookup.question {
            Question::Addresses(name) => (name.to_string(), "addresses"),
            Question::Pointer(address) => (address.to_string(), "names"),
        };
        let mut values = Vec::new();
        let mut ttl = None;
        let mut words = None;
        let answer = match &lookup.answer {
            LookupAnswer::Addresses { addresses, ttl_s } => {
                values = addresses.iter().map(ToString::to_string).collect();
                ttl = *ttl_s;
                "addresses"
            }
            LookupAnswer::Names { names } => {
                values = names.iter().map(ToString::to_string).collect();
                "names"
            }
            LookupAnswer::NxDomain => "nx_domain",
            LookupAnswer::NoData => "no_data",
            LookupAnswer::Timeout => "timeout",
            LookupAnswer::ServFail => "serv_fail",
            LookupAnswer::Refused => "refused",
            LookupAnswer::NotFound => "not_found",
            LookupAnswer::Error { detail } => {
                words = Some(&**detail);
                "error"
            }
        };
        Self {
            question,
            wanted,
            resolver: match lookup.resolver {
                Resolver::System => "system".to_owned(),
                Resolver::Configured => "configured".to_owned(),
                Resolver::Server(server) => server.to_string(),
            },
            answer,
            values,
            ttl_s: ttl,
            detail: words,
            duration_ms: lookup.duration_ms,
        }
    }
}

impl<'a> StabilityV1<'a> {
    fn new(stability: &'a Stability) -> Self {
        Self {
            verdict: stability.verdict.word(),
            attempts: stability.attempts,
            failures: stability.failures,
            failures_by_stage: stability
                .failures_by_stage
                .iter()
                .map(|(stage, count)| (stage.word(), *count))
                .collect(),
            connect_ms: &stability.connect_ms,
            total_ms: &stability.total_ms,
            handshake_ms: &stability.handshake_ms,
            retransmits: stability.retransmits,
            loss: stability.loss,
        }
    }
}

impl<'a> PredictedV1<'a> {
    fn of(diagnosis: &'a Diagnosis) -> Option<Self> {
        let predicted = diagnosis.predicted.as_deref()?;
        Some(Self {
            code: predicted.code,
            name: predicted.name,
            likelihood: predicted.likelihood,
            reasons: &predicted.reasons,
            confirm_in: diagnosis::confirm_in(diagnosis),
        })
    }
}

impl<'a> FindingV1<'a> {
    fn new(finding: &'a Finding) -> Self {
        Self {
            id: finding.id,
            severity: finding.severity.word(),
            confidence: finding.confidence.word(),
            title: &finding.title,
            evidence: &finding.evidence,
            remedy: finding.remedy,
        }
    }
}
