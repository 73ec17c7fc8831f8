use std::borrow::Cow;
use std::net::IpAddr;

use schemars::JsonSchema;
use serde::Serialize;

use super::certificate::CertificateV1;
use super::lookup::LookupV1;
use crate::diagnosis::{self, Disagreement, NamePath, ReplyGroup, Stability, Undetermined};
use crate::fleet::SiteView;
use crate::model::{
    CertificateStatus, Digest, DnsVerdict, Finding, History, HostKey, HostState, Moment,
    NameSource, Nla, NtlmFacts, ObservedName, PredictedError, ProbeKind, SelectedSecurity,
    ServerFeature, Site, Stage, TlsFacts, TlsHandshake, UtcSecond,
};
use crate::pages;
use crate::report::sheet::Row;

/// One entry under `hosts`: what the facts in `history` mean by the rules of the version that wrote it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Host")]
pub(super) struct HostV1<'a> {
    /// `null` for a listed name that led to no address; `names` holds it.
    address: Option<IpAddr>,
    /// TCP port.
    port: u16,
    /// The name to show.
    display_name: Option<&'a str>,
    /// The names in play.
    names: Cow<'a, [ObservedName]>,
    /// What is always true of the host.
    state: HostState,
    /// The stage where attempts end; `null` when they get through.
    failed_stage: Option<Stage>,
    /// What the server chose.
    security: SecurityV1,
    /// `null` when TLS was not reached.
    tls: Option<TlsV1<'a>>,
    /// The server's own certificate: of several in use at the address, the worst; `null` when none was seen.
    certificate: Option<CertificateV1<'a>>,
    /// What the server says of itself in the NTLM challenge; `null` without one.
    ntlm: Option<NtlmV1<'a>>,
    /// Fingerprint of what the server negotiates: hosts with the same one are configured alike, as far as was seen; `null` when nothing
    /// was negotiated.
    configuration: Option<&'a str>,
    /// Name against address.
    dns: DnsV1<'a>,
    /// The result of repeated attempts.
    stability: &'a Stability,
    /// Distinct answers to a default probe, most frequent first; then certificates that only the legacy TLS hello read.
    answers: Vec<AnswerKindV1<'a>>,
    /// What mstsc would probably show; `null` when nothing would stop it.
    predicted_client_error: Option<PredictedV1<'a>>,
    /// Worst first.
    findings: Vec<FindingV1<'a>>,
    /// Findings that are neither present nor ruled out.
    undetermined: Vec<Undetermined>,
    /// The gateway that always leads there: such a host is not probed directly.
    gateway: Option<&'a str>,
    /// How each site that observed it sees it, where the scan has several. What is above is as the worst of them sees it, with the
    /// findings of all.
    sites: Vec<SiteV1<'a>>,
}

/// A host as one site sees it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Site")]
struct SiteV1<'a> {
    /// Where from.
    site: &'a Site,
    /// What is always true of the host there.
    state: HostState,
    /// The stage where attempts end; `null` when they get through.
    failed_stage: Option<Stage>,
    /// Name against address.
    dns: DnsVerdict,
    /// Status of its certificate, of several the worst; `null` when none was seen.
    certificate_status: Option<CertificateStatus>,
    /// SHA-256 of the certificate.
    certificate: Option<Digest<32>>,
    /// How the newest attempt that failed ended there, in words; `null` where none failed.
    outcome: Option<String>,
    /// Every lookup made there.
    lookups: Vec<LookupV1<'a>>,
    /// Ids of what was found from there alone, worst first. The findings of the host hold those of all its sites.
    findings: &'a [&'static str],
}

impl<'a> SiteV1<'a> {
    fn new(view: &'a SiteView, history: &'a History) -> Self {
        let mut views = history.views();
        let seen = views.find(|one| one.site.as_ref() == Some(&view.site));
        let lookups = seen.into_iter().flat_map(|seen| &seen.lookups);
        Self {
            site: &view.site,
            state: view.state,
            failed_stage: view.failed_stage,
            dns: view.dns,
            certificate_status: view.certificate_status,
            certificate: view.certificate,
            outcome: seen.and_then(pages::ends_with),
            lookups: lookups.map(|lookup| LookupV1::new(lookup)).collect(),
            findings: &view.findings,
        }
    }
}

/// What the server chose in the RDP negotiation (MS-RDPBCGR 2.2.1.2.1).
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Security")]
struct SecurityV1 {
    /// On the newest attempt that got so far.
    selected: SelectedSecurity,
    /// Whether the server negotiates Network Level Authentication.
    nla: Nla,
    /// What the flags of the newest negotiation response announce; `null` when no response was seen.
    features: Option<Vec<ServerFeature>>,
}

/// The TLS stage.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Tls")]
struct TlsV1<'a> {
    /// Such as `1.3` or `SSL 3.0`; a number in hexadecimal for one that has no name.
    version: Option<String>,
    /// The suite, by rustls's name such as `TLS13_AES_256_GCM_SHA384`, by the registry's for a peek.
    cipher: Option<&'a str>,
    /// How these facts were obtained.
    handshake: TlsHandshake,
    /// Key exchange group, where one was used.
    group: Option<&'a str>,
    /// Whether the signature over the key exchange was right; `null` when it was not seen.
    signature_valid: Option<bool>,
}

/// What the server says of itself in the NTLM challenge (MS-NLMP 2.2.1.2).
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Ntlm")]
struct NtlmV1<'a> {
    /// Computer, the short name.
    netbios_computer: Option<&'a str>,
    /// Domain, the short name.
    netbios_domain: Option<&'a str>,
    /// Computer, the full name.
    dns_computer: Option<&'a str>,
    /// Domain, the full name.
    dns_domain: Option<&'a str>,
    /// Forest.
    dns_forest: Option<&'a str>,
    /// The version claimed, such as `10.0.20348`.
    build: Option<String>,
    /// The server's clock minus the scanning machine's, in seconds.
    clock_skew_s: Option<f64>,
}

/// Name against address.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Dns")]
struct DnsV1<'a> {
    /// The worst of all names.
    verdict: DnsVerdict,
    /// In which way the names disagree; `null` where they agree or nothing is known.
    disagreement: Option<Disagreement>,
    /// Every lookup.
    lookups: Vec<LookupV1<'a>>,
    /// Name by name, where its addresses lead.
    names: &'a [NamePath],
}

/// Connections that were answered alike.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AnswerKind")]
struct AnswerKindV1<'a> {
    /// How many.
    connections: u32,
    /// Percent of all connections with what a client sends; `null` for other probes.
    share: Option<u32>,
    /// What they sent.
    probe: ProbeKind,
    /// Where they ended; `null` when they got through.
    failed_stage: Option<Stage>,
    /// How they ended, in words.
    outcome: Option<String>,
    /// What the server selected.
    selected: Option<SelectedSecurity>,
    /// Such as `1.3`.
    tls_version: Option<String>,
    /// The suite.
    cipher: Option<&'a str>,
    /// SHA-256 over the DER of the server's own certificate.
    certificate_sha256: Option<Digest<32>>,
    /// Its common name.
    common_name: Option<&'a str>,
    /// Its end of validity.
    #[schemars(with = "Option<Moment>")]
    not_after: Option<UtcSecond>,
    /// The name in the NTLM challenge, where one was read.
    computer: Option<&'a str>,
}

/// What mstsc would probably show.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PredictedClientError")]
struct PredictedV1<'a> {
    #[serde(flatten)]
    predicted: &'a PredictedError,
    /// Event logs that would confirm it.
    confirm_in: Vec<&'static str>,
}

/// An opinion about the host, with what it stands on.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Finding")]
struct FindingV1<'a> {
    #[serde(flatten)]
    finding: &'a Finding,
    /// Key of the remedy to try first, such as `R1`; `null` when there is nothing to do.
    remedy: Option<&'static str>,
}

impl<'a> HostV1<'a> {
    pub(super) fn new(row: &'a Row<'_>) -> Self {
        let history = &row.history;
        let diagnosis = &row.host.diagnosis;
        let tls = history.tls().map(AsRef::as_ref);
        Self {
            address: history.key.endpoint().map(|endpoint| endpoint.address),
            port: history.key.port(),
            display_name: row.name,
            names: names(history),
            state: diagnosis.state,
            failed_stage: diagnosis.failed_stage,
            security: SecurityV1 {
                selected: diagnosis.security,
                nla: diagnosis.nla,
                features: history
                    .response_flags()
                    .map(|flags| ServerFeature::announced(flags).collect()),
            },
            tls: tls.map(TlsV1::new),
            certificate: CertificateV1::new(row),
            ntlm: history.ntlm().map(|facts| NtlmV1::new(facts)),
            configuration: row.host.sketch().configuration.as_deref(),
            dns: DnsV1 {
                verdict: diagnosis.dns,
                disagreement: diagnosis.disagreement,
                lookups: history
                    .lookups
                    .iter()
                    .map(|lookup| LookupV1::new(lookup))
                    .collect(),
                names: &diagnosis.name_paths,
            },
            stability: &diagnosis.stability,
            answers: AnswerKindV1::all(history),
            predicted_client_error: diagnosis.predicted.as_deref().map(|predicted| PredictedV1 {
                predicted,
                confirm_in: diagnosis::confirm_in(diagnosis),
            }),
            findings: diagnosis
                .findings
                .iter()
                .map(|finding| FindingV1 {
                    finding,
                    remedy: finding.remedy(),
                })
                .collect(),
            undetermined: row.undetermined(),
            gateway: history.gateway.as_deref(),
            sites: (row.host.sites().iter())
                .map(|view| SiteV1::new(view, history))
                .collect(),
        }
    }
}

/// The names in play; a listed name that does not resolve is always among them.
fn names(history: &History) -> Cow<'_, [ObservedName]> {
    let mut names = Cow::Borrowed(&*history.names);
    if let HostKey::Unresolved { name, .. } = &history.key
        && !names.iter().any(|known| *known.name == **name)
    {
        names.to_mut().push(ObservedName {
            name: name.as_str().into(),
            source: NameSource::Target,
        });
    }
    names
}

impl<'a> TlsV1<'a> {
    fn new(tls: &'a TlsFacts) -> Self {
        Self {
            version: tls.version.map(|version| version.to_string()),
            cipher: tls.cipher.as_deref(),
            handshake: tls.handshake,
            group: tls.group.as_deref(),
            signature_valid: tls.signature_valid,
        }
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

impl<'a> AnswerKindV1<'a> {
    fn all(history: &'a History) -> Vec<Self> {
        let kinds = diagnosis::reply_groups(&history.attempts);
        let defaults = kinds.iter().filter(|kind| kind.probe.is_default());
        let all = defaults.map(|kind| kind.connections).sum();
        let one = |kind: &ReplyGroup<'a>| Self {
            connections: kind.connections,
            share: kind.probe.is_default().then(|| kind.share(all)),
            probe: kind.probe,
            failed_stage: kind.end.map(|(stage, _)| stage),
            outcome: kind.end.map(|(_, outcome)| outcome.to_string()),
            selected: kind.selected,
            tls_version: kind.version.map(|version| version.to_string()),
            cipher: kind.cipher,
            certificate_sha256: kind.leaf.map(|leaf| leaf.sha256),
            common_name: kind.leaf.and_then(|leaf| leaf.common_name.as_deref()),
            not_after: kind.leaf.and_then(|leaf| leaf.not_after),
            computer: kind.computer,
        };
        kinds.iter().map(one).collect()
    }
}
