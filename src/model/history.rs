use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{
    Attempt, CertificateFacts, Lookup, NegotiationFacts, NtlmFacts, ObservedName, Stage, Subject,
    TlsFacts, TlsMethod,
};

/// Everything observed about one subject during a scan: what diagnosis judges.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// About whom.
    pub subject: Subject,
    /// The user listed it, or a name that led to it, one by one.
    pub listed: bool,
    /// Not part of the scan: tried because a scanned host's name leads here. Not a row of its own.
    pub by_reference: bool,
    /// Attempts in order, oldest first.
    pub attempts: Vec<Attempt>,
    /// Names in play, each name and source once.
    pub names: Vec<ObservedName>,
    /// Lookups made for these names and for the address.
    pub lookups: Vec<Arc<Lookup>>,
    /// Addresses that a name leads to, excluded by the user and so never tried.
    pub excluded: Vec<IpAddr>,
    /// Names have been collected and looked up.
    pub names_checked: bool,
    /// No further attempt will follow.
    pub complete: bool,
    /// The gateway through which the host is always reached, by the user's own file: then it is not probed directly.
    #[serde(default)]
    pub gateway: Option<Box<str>>,
}

impl History {
    /// A history in which nothing has happened yet.
    #[must_use]
    pub const fn new(subject: Subject) -> Self {
        Self {
            subject,
            listed: false,
            by_reference: false,
            attempts: Vec::new(),
            names: Vec::new(),
            lookups: Vec::new(),
            excluded: Vec::new(),
            names_checked: false,
            complete: false,
            gateway: None,
        }
    }

    /// What X.224 told on the newest attempt whose first request was answered, else on the newest that got so far: what a
    /// different request met with says less than what the usual one did.
    #[must_use]
    pub fn negotiation(&self) -> Option<&NegotiationFacts> {
        let newest = || {
            let attempts = self.attempts.iter().rev();
            attempts.filter_map(|attempt| Some((attempt, attempt.negotiation.as_ref()?)))
        };
        let is_answered = |attempt: &Attempt| {
            attempt
                .stage(Stage::X224)
                .is_some_and(|record| !record.outcome.is_close())
        };
        newest()
            .find(|(attempt, _)| is_answered(attempt))
            .or_else(|| newest().next())
            .map(|(_, facts)| facts)
    }

    /// Nothing was ever tried or asked: the host is behind a gateway, or the scan ended before its turn.
    #[must_use]
    pub fn is_not_probed(&self) -> bool {
        self.attempts.is_empty() && (self.gateway.is_some() || self.is_not_reached())
    }

    /// The scan ended before this subject's turn.
    #[must_use]
    pub fn is_not_reached(&self) -> bool {
        let is_asked = match self.subject {
            Subject::Endpoint(_) => false,
            // A name without an address is an answer, if it was asked for.
            Subject::Unresolved { .. } => !self.lookups.is_empty(),
        };
        self.gateway.is_none() && self.attempts.is_empty() && !is_asked
    }

    /// The newest TLS facts of a full handshake, else the newest that carry a certificate, else the newest. A peek tells what
    /// an old client would meet with, which is nothing to go by where a modern one got through.
    #[must_use]
    pub fn tls(&self) -> Option<&Arc<TlsFacts>> {
        let newest = || {
            self.attempts
                .iter()
                .rev()
                .filter_map(|attempt| attempt.tls.as_ref())
        };
        newest()
            .find(|tls| tls.method == TlsMethod::Full && !tls.chain.is_empty())
            .or_else(|| newest().find(|tls| !tls.chain.is_empty()))
            .or_else(|| newest().next())
    }

    /// The newest leaf certificate seen. Of several in use, which one is judged and shown is an opinion:
    /// `Diagnosis::certificate`.
    #[must_use]
    pub fn certificate(&self) -> Option<&Arc<CertificateFacts>> {
        self.tls().and_then(|tls| tls.leaf())
    }

    /// The newest NTLM facts seen.
    #[must_use]
    pub fn ntlm(&self) -> Option<&Arc<NtlmFacts>> {
        self.attempts
            .iter()
            .rev()
            .find_map(|attempt| attempt.ntlm.as_ref())
    }
}
