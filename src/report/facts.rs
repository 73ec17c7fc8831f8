//! Histories as a report file holds them: every certificate once, in a table of its own.
//!
//! This is the part of a report that is read back. The rest of a host's entry is derived from it and is never read.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{
    Attempt, CertificateFacts, Endpoint, History, Lookup, Moment, NegotiationFacts, NtlmFacts,
    ObservedName, PathFacts, ProbeKind, StageRecord, Subject, TlsFacts, TlsMethod, TlsVersion,
    TrustVerdict,
};

/// What was observed of a host, from which everything else in its entry is derived and which alone is read back. Certificates
/// are keys of `certificates`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "History")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the record of a history has its fields"
)]
pub(super) struct HistoryRecord {
    /// About whom.
    subject: Subject,
    /// The user listed it, or a name that led to it, one by one.
    listed: bool,
    /// Not part of the scan: tried because a scanned host's name leads there.
    by_reference: bool,
    /// Oldest first.
    attempts: Vec<AttemptRecord>,
    /// Names in play, each name and source once.
    names: Vec<ObservedName>,
    /// Lookups made for these names and for the address.
    lookups: Vec<Arc<Lookup>>,
    /// Addresses that a name leads to, excluded by the user and so never tried.
    excluded: Vec<IpAddr>,
    /// Names have been collected and looked up.
    names_checked: bool,
    /// No further attempt will follow.
    complete: bool,
    /// The gateway through which the host is always reached, by the user's own file.
    #[serde(default)]
    gateway: Option<Box<str>>,
}

/// One attempt: a timeline of stages, and the facts that they yielded.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Attempt")]
struct AttemptRecord {
    /// Where to.
    endpoint: Endpoint,
    /// 1 for the first attempt at this endpoint in this scan.
    number: u32,
    /// The name sent as SNI; `null` for an attempt by address.
    by_name: Option<Box<str>>,
    /// What it sent.
    #[serde(default)]
    probe: ProbeKind,
    /// When it began.
    #[schemars(with = "Moment")]
    started_at: Timestamp,
    /// Every stage that began, in that order.
    stages: Vec<StageRecord>,
    /// Connect rounds that went unanswered before this attempt's connect.
    silent_rounds: u8,
    /// What X.224 told.
    negotiation: Option<NegotiationFacts>,
    /// What TLS told.
    tls: Option<TlsRecord>,
    /// What NTLM told.
    ntlm: Option<Arc<NtlmFacts>>,
    /// What the kernel told.
    path: Option<PathFacts>,
    /// Microseconds by which the scanning machine was late at worst meanwhile.
    #[serde(default)]
    lag_us: u32,
}

/// What the TLS stage told.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "TlsFacts")]
struct TlsRecord {
    /// How far it went.
    method: TlsMethod,
    /// Negotiated version.
    version: Option<TlsVersion>,
    /// Negotiated suite.
    cipher: Option<Box<str>>,
    /// Key exchange group, where one was used.
    group: Option<Box<str>>,
    /// Whether the signature over the key exchange was right; `null` when it was not seen.
    signature_valid: Option<bool>,
    /// The server asked for a client certificate.
    client_certificate_requested: bool,
    /// The chain as sent, leaf first: keys of `certificates`.
    chain: Vec<Box<str>>,
    /// What the scanning machine thinks of the chain.
    trust: TrustVerdict,
    /// Bytes received in the TLS stage of the connection that gave these facts.
    received: u32,
}

/// The certificate table while a report is written. The key is the SHA-256 thumbprint.
#[derive(Default)]
pub(super) struct Table {
    keys: HashMap<Arc<CertificateFacts>, Box<str>>,
    entries: BTreeMap<Box<str>, Arc<CertificateFacts>>,
}

impl Table {
    /// Takes in every certificate of a history.
    pub(super) fn add(&mut self, history: &History) {
        let chains = history.attempts.iter().filter_map(|attempt| {
            let tls = attempt.tls.as_ref()?;
            Some(&tls.chain)
        });
        for facts in chains.flatten() {
            if self.keys.contains_key(facts) {
                continue;
            }
            // Two sets of facts under one thumbprint come only from a file that was edited; even so none is lost.
            let mut key = facts.sha256.clone();
            let mut copy = 1;
            while self.entries.contains_key(&key) {
                copy += 1;
                key = format!("{}#{copy}", facts.sha256).into();
            }
            self.entries.insert(key.clone(), Arc::clone(facts));
            self.keys.insert(Arc::clone(facts), key);
        }
    }

    /// What the file holds under `certificates`.
    pub(super) const fn entries(&self) -> &BTreeMap<Box<str>, Arc<CertificateFacts>> {
        &self.entries
    }

    /// A history whose certificates were added before.
    pub(super) fn record(&self, history: &History) -> HistoryRecord {
        HistoryRecord {
            subject: history.subject.clone(),
            listed: history.listed,
            by_reference: history.by_reference,
            attempts: history
                .attempts
                .iter()
                .map(|attempt| self.attempt(attempt))
                .collect(),
            names: history.names.clone(),
            lookups: history.lookups.clone(),
            excluded: history.excluded.clone(),
            names_checked: history.names_checked,
            complete: history.complete,
            gateway: history.gateway.clone(),
        }
    }

    fn attempt(&self, attempt: &Attempt) -> AttemptRecord {
        AttemptRecord {
            endpoint: attempt.endpoint,
            number: attempt.number,
            probe: attempt.probe,
            by_name: attempt.by_name.clone(),
            started_at: attempt.started_at,
            stages: attempt.stages.clone(),
            silent_rounds: attempt.silent_rounds,
            negotiation: attempt.negotiation,
            tls: attempt.tls.as_deref().map(|tls| self.tls(tls)),
            ntlm: attempt.ntlm.clone(),
            path: attempt.path,
            lag_us: attempt.lag_us,
        }
    }

    fn tls(&self, tls: &TlsFacts) -> TlsRecord {
        TlsRecord {
            method: tls.method,
            version: tls.version,
            cipher: tls.cipher.clone(),
            group: tls.group.clone(),
            signature_valid: tls.signature_valid,
            client_certificate_requested: tls.client_certificate_requested,
            chain: tls
                .chain
                .iter()
                .filter_map(|facts| self.keys.get(facts.as_ref()).cloned())
                .collect(),
            trust: tls.trust.clone(),
            received: tls.received,
        }
    }
}

/// The certificate table of a report that is read.
pub(super) type Certificates = HashMap<Box<str>, Arc<CertificateFacts>>;

impl HistoryRecord {
    /// The history again; the error is the key of a certificate that the table lacks.
    pub(super) fn restore(self, certificates: &Certificates) -> Result<History, Box<str>> {
        Ok(History {
            subject: self.subject,
            listed: self.listed,
            by_reference: self.by_reference,
            attempts: self
                .attempts
                .into_iter()
                .map(|attempt| attempt.restore(certificates))
                .collect::<Result<_, _>>()?,
            names: self.names,
            lookups: self.lookups,
            excluded: self.excluded,
            names_checked: self.names_checked,
            complete: self.complete,
            gateway: self.gateway,
        })
    }
}

impl AttemptRecord {
    fn restore(self, certificates: &Certificates) -> Result<Attempt, Box<str>> {
        let tls = self.tls.map(|tls| tls.restore(certificates)).transpose()?;
        Ok(Attempt {
            endpoint: self.endpoint,
            number: self.number,
            probe: self.probe,
            by_name: self.by_name,
            started_at: self.started_at,
            stages: self.stages,
            silent_rounds: self.silent_rounds,
            negotiation: self.negotiation,
            tls: tls.map(Arc::new),
            ntlm: self.ntlm,
            path: self.path,
            lag_us: self.lag_us,
        })
    }
}

impl TlsRecord {
    fn restore(self, certificates: &Certificates) -> Result<TlsFacts, Box<str>> {
        let chain = self.chain.into_iter().map(|key| {
            let facts = certificates.get(&key).cloned();
            facts.ok_or(key)
        });
        Ok(TlsFacts {
            method: self.method,
            version: self.version,
            cipher: self.cipher,
            group: self.group,
            signature_valid: self.signature_valid,
            client_certificate_requested: self.client_certificate_requested,
            chain: chain.collect::<Result<_, _>>()?,
            trust: self.trust,
            received: self.received,
        })
    }
}
