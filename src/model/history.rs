use std::net::IpAddr;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Attempt, CertificateFacts, Digest, HostKey, Lookup, NegotiationFacts, NtlmFacts, ObservedName,
    ProbeKind, SelectedSecurity, Site, TlsFacts, TlsHandshake,
};

/// Everything observed of one host during a scan: all that findings are derived from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct History {
    /// The endpoint or name.
    #[serde(rename = "host")]
    pub key: HostKey,
    /// The user listed it, or a name that resolves to it, one by one.
    pub listed: bool,
    /// Not part of the scan: tried only because the name of a scanned host resolves here.
    pub outside_targets: bool,
    /// Attempts, oldest first. Certificates are named by SHA-256 digest.
    pub attempts: Vec<Attempt>,
    /// Names of the host, each name and source once.
    pub names: Vec<ObservedName>,
    /// Lookups made for these names and for the address.
    pub lookups: Vec<Arc<Lookup>>,
    /// Addresses that a name resolves to but that the user excluded: never contacted.
    pub excluded: Vec<IpAddr>,
    /// Names have been collected and looked up.
    pub names_checked: bool,
    /// No further attempt will follow.
    pub complete: bool,
    /// The gateway through which the host is always reached, from the user's own file: then it is not probed directly.
    pub gateway: Option<Box<str>>,
    /// The site that observed this; `null` in reports of versions before it.
    #[serde(default)]
    pub site: Option<Site>,
    /// What the other sites of the scan observed of it.
    #[serde(default)]
    pub elsewhere: Vec<History>,
}

impl History {
    /// An empty history.
    #[must_use]
    pub const fn new(key: HostKey) -> Self {
        Self {
            key,
            listed: false,
            outside_targets: false,
            attempts: Vec::new(),
            names: Vec::new(),
            lookups: Vec::new(),
            excluded: Vec::new(),
            names_checked: false,
            complete: false,
            gateway: None,
            site: None,
            elsewhere: Vec::new(),
        }
    }

    /// What each site observed, this one first.
    pub fn views(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(&self.elsewhere)
    }

    /// Puts what a site observed before what the others did. A site that observed nothing changes nothing.
    pub fn lead_with(&mut self, site: &Site) {
        let is_its = |one: &Self| one.site.as_ref() == Some(site);
        let Some(at) = self.elsewhere.iter().position(is_its) else {
            return;
        };
        let lead = self.elsewhere.remove(at);
        let mut others = std::mem::take(&mut self.elsewhere);
        others.push(std::mem::replace(self, lead));
        others.sort_by(|one, other| one.site.cmp(&other.site));
        self.elsewhere = others;
    }

    /// Fills in the facts of certificates of which only the digest is known.
    pub fn resolve(&mut self, known: &dyn Fn(&Digest<32>) -> Option<Arc<CertificateFacts>>) {
        for attempt in &mut self.attempts {
            attempt.resolve(known);
        }
        for other in &mut self.elsewhere {
            other.resolve(known);
        }
    }

    /// Removes certificates of which only the digest is known.
    pub fn drop_unresolved(&mut self) {
        for tls in self.attempts.iter_mut().filter_map(|one| one.tls.as_mut()) {
            if tls.unresolved().is_some() {
                Arc::make_mut(tls)
                    .chain
                    .retain(|certificate| certificate.facts().is_some());
            }
        }
        self.elsewhere.iter_mut().for_each(Self::drop_unresolved);
    }

    /// The newest negotiation that selected a protocol, of a default request before any other; else the newest refusal.
    #[must_use]
    pub fn negotiation(&self) -> Option<&NegotiationFacts> {
        let newest = |wanted: fn(ProbeKind) -> bool| {
            let attempts = self.attempts.iter().rev();
            attempts
                .filter(move |attempt| wanted(attempt.probe))
                .filter_map(|attempt| attempt.negotiation.as_ref())
        };
        let default = || newest(ProbeKind::sends_default_request);
        let other =
            || newest(|probe| matches!(probe, ProbeKind::BareRequest | ProbeKind::HybridExRequest));
        let selects = |facts: &&NegotiationFacts| facts.selected != SelectedSecurity::None;
        default()
            .find(selects)
            .or_else(|| other().find(selects))
            .or_else(|| default().next())
            .or_else(|| other().next())
    }

    /// Flags of the newest negotiation response, for [`ServerFeature::announced`](super::ServerFeature::announced); `None` without one.
    #[must_use]
    pub fn response_flags(&self) -> Option<u8> {
        let newest = self.attempts.iter().rev();
        let mut flags = newest.filter_map(|attempt| attempt.negotiation.as_ref()?.response_flags);
        flags.next()
    }

    /// No attempt and no lookup was made: the host is behind a gateway, or the scan ended before its turn.
    #[must_use]
    pub fn is_not_probed(&self) -> bool {
        self.attempts.is_empty() && (self.gateway.is_some() || self.is_not_reached())
    }

    /// The scan ended before this host's turn.
    #[must_use]
    pub fn is_not_reached(&self) -> bool {
        let is_asked = match self.key {
            HostKey::Endpoint(_) => false,
            // A name without an address is an answer, if it was asked for.
            HostKey::Unresolved { .. } => !self.lookups.is_empty(),
        };
        self.gateway.is_none() && self.attempts.is_empty() && !is_asked
    }

    /// The most complete TLS facts: of a full handshake, else a complete peek, else one that failed after the certificate, else
    /// after the `ServerHello`; of equals the newest. A peek shows what an old client gets, so it does not count where a modern
    /// one succeeded. `None` where TLS was not reached.
    #[must_use]
    pub fn tls(&self) -> Option<&Arc<TlsFacts>> {
        let worth = |tls: &TlsFacts| {
            let read = !tls.chain.is_empty();
            match tls.handshake {
                TlsHandshake::Full if read => 4,
                TlsHandshake::LegacyPeek if read => 3,
                _ if read => 2,
                _ => u8::from(tls.version.is_some()),
            }
        };
        // A direct TLS probe is a guess: its failure is not the host's.
        let meant = |attempt: &&Attempt| {
            let answered = |tls: &Arc<TlsFacts>| tls.version.is_some() || !tls.chain.is_empty();
            attempt.probe != ProbeKind::DirectTls || attempt.tls.as_ref().is_some_and(answered)
        };
        let attempts = self.attempts.iter().filter(meant);
        attempts
            .filter_map(|attempt| attempt.tls.as_ref())
            .max_by_key(|tls| worth(tls))
    }

    /// The leaf certificate of [`Self::tls`]. Of several in use, `Diagnosis::certificate` is the one to show.
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
