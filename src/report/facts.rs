//! Histories as a report file holds them: every certificate once, in a table of its own.
//!
//! This is the part of a report that is read back. The rest of a host's entry is derived from it and is never read.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::{
    Attempt, CertificateFacts, Endpoint, History, Lookup, NegotiationFacts, NtlmFacts,
    ObservedName, PathFacts, StageRecord, Subject, TlsFacts, TlsMethod, TlsVersion, TrustVerdict,
};

/// [`History`], with keys of the certificate table for certificates.
#[derive(Debug, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the record of a history has its fields"
)]
pub(super) struct HistoryRecord {
    subject: Subject,
    listed: bool,
    by_reference: bool,
    attempts: Vec<AttemptRecord>,
    names: Vec<ObservedName>,
    lookups: Vec<Arc<Lookup>>,
    excluded: Vec<IpAddr>,
    names_checked: bool,
    complete: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct AttemptRecord {
    endpoint: Endpoint,
    number: u32,
    by_name: Option<Box<str>>,
    started_at: Timestamp,
    stages: Vec<StageRecord>,
    silent_rounds: u8,
    negotiation: Option<NegotiationFacts>,
    tls: Option<TlsRecord>,
    ntlm: Option<Arc<NtlmFacts>>,
    path: Option<PathFacts>,
}

#[derive(Debug, Serialize, Deserialize)]
struct TlsRecord {
    method: TlsMethod,
    version: Option<TlsVersion>,
    cipher: Option<Box<str>>,
    group: Option<Box<str>>,
    signature_valid: Option<bool>,
    client_certificate_requested: bool,
    chain: Vec<Box<str>>,
    trust: TrustVerdict,
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
        }
    }

    fn attempt(&self, attempt: &Attempt) -> AttemptRecord {
        AttemptRecord {
            endpoint: attempt.endpoint,
            number: attempt.number,
            by_name: attempt.by_name.clone(),
            started_at: attempt.started_at,
            stages: attempt.stages.clone(),
            silent_rounds: attempt.silent_rounds,
            negotiation: attempt.negotiation,
            tls: attempt.tls.as_deref().map(|tls| self.tls(tls)),
            ntlm: attempt.ntlm.clone(),
            path: attempt.path,
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
        })
    }
}

impl AttemptRecord {
    fn restore(self, certificates: &Certificates) -> Result<Attempt, Box<str>> {
        let tls = self.tls.map(|tls| tls.restore(certificates)).transpose()?;
        Ok(Attempt {
            endpoint: self.endpoint,
            number: self.number,
            by_name: self.by_name,
            started_at: self.started_at,
            stages: self.stages,
            silent_rounds: self.silent_rounds,
            negotiation: self.negotiation,
            tls: tls.map(Arc::new),
            ntlm: self.ntlm,
            path: self.path,
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
