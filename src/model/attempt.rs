use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    CertificateFacts, ChainCertificate, Digest, Endpoint, Moment, NegotiationFacts, NtlmFacts,
    Outcome, ProbeKind, Stage, StageRecord, TrustVerdict, moment, texts,
};

/// A TLS protocol version as its two bytes on the wire.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct TlsVersion(pub u16);

impl TlsVersion {
    /// SSL 3.0.
    pub const SSL_3_0: Self = Self(0x0300);
    /// TLS 1.0.
    pub const TLS_1_0: Self = Self(0x0301);
    /// TLS 1.1.
    pub const TLS_1_1: Self = Self(0x0302);
    /// TLS 1.2.
    pub const TLS_1_2: Self = Self(0x0303);
    /// TLS 1.3.
    pub const TLS_1_3: Self = Self(0x0304);
}

impl fmt::Display for TlsVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0x0300 => f.pad("SSL 3.0"),
            0x0301 => f.pad("1.0"),
            0x0302 => f.pad("1.1"),
            0x0303 => f.pad("1.2"),
            0x0304 => f.pad("1.3"),
            other => f.pad(&format!("0x{other:04x}")),
        }
    }
}

super::verdict::words! {
    /// How far the TLS handshake went.
    TlsHandshake {
        /// A full handshake: the server proved possession of the key.
        Full = "full": "the server proved possession of the key",
        /// Read in clear up to `ServerHelloDone` by the legacy peek: no proof of the key.
        LegacyPeek = "legacy_peek": "read in clear by the legacy hello",
        /// The handshake failed; the certificate may have been read.
        Failed = "failed": "the handshake failed",
    }
}

/// What the TLS stage observed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct TlsFacts {
    /// How far the handshake went.
    pub handshake: TlsHandshake,
    /// Negotiated version.
    pub version: Option<TlsVersion>,
    /// Negotiated cipher suite: rustls's name such as `TLS13_AES_256_GCM_SHA384`, the IANA name for a peek.
    pub cipher: Option<Box<str>>,
    /// Key exchange group, where one was used.
    pub group: Option<Box<str>>,
    /// Whether the signature over the key exchange is valid; `None` when it was not seen.
    pub signature_valid: Option<bool>,
    /// The server asked for a client certificate.
    pub client_certificate_requested: bool,
    /// The chain as sent, leaf first, at most 16, by SHA-256 digest.
    #[serde(deserialize_with = "texts::bounded")]
    pub chain: Vec<ChainCertificate>,
    /// Whether the scanning machine trusts the chain.
    pub trust: TrustVerdict,
    /// Bytes received in the TLS stage of the connection that gave these facts.
    pub received: u32,
}

impl TlsFacts {
    /// The server's own certificate, when its facts are known.
    #[must_use]
    pub fn leaf(&self) -> Option<&Arc<CertificateFacts>> {
        self.chain.first()?.facts()
    }

    /// The certificates of the chain whose facts are known, in its order.
    pub fn certificates(&self) -> impl Iterator<Item = &Arc<CertificateFacts>> {
        self.chain.iter().filter_map(ChainCertificate::facts)
    }

    /// The first certificate of the chain of which only the digest is known.
    #[must_use]
    pub fn unresolved(&self) -> Option<Digest<32>> {
        let unknown = |one: &&ChainCertificate| one.facts().is_none();
        self.chain
            .iter()
            .find(unknown)
            .map(ChainCertificate::sha256)
    }

    /// Fills in the facts of certificates of which only the digest is known.
    pub fn resolve(&mut self, known: &dyn Fn(&Digest<32>) -> Option<Arc<CertificateFacts>>) {
        for certificate in &mut self.chain {
            if let ChainCertificate::Digest(digest) = certificate
                && let Some(facts) = known(digest)
            {
                *certificate = facts.into();
            }
        }
    }

    /// Whether the modern hello offers this too: TLS 1.3, or 1.2 with an ephemeral key and authenticated encryption.
    #[must_use]
    pub fn is_modern(&self) -> bool {
        let suite = || {
            self.cipher.as_deref().is_some_and(|suite| {
                suite.starts_with("TLS_ECDHE_")
                    && (suite.contains("_GCM_") || suite.contains("_CHACHA20_"))
            })
        };
        match self.version {
            Some(TlsVersion::TLS_1_3) => true,
            Some(TlsVersion::TLS_1_2) => suite(),
            _ => false,
        }
    }
}

/// What the kernel reports about the connection just after connect (`TCP_INFO` on Linux and its counterparts on macOS and Windows).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct PathFacts {
    /// SYN segments retransmitted; `null` where the system does not count them (macOS).
    pub retransmits: Option<u32>,
    /// Smoothed round-trip time in microseconds; 0 is unknown. macOS measures whole milliseconds.
    pub rtt_us: u32,
}

impl PathFacts {
    /// Round-trip time in microseconds, where it is known.
    #[must_use]
    pub fn rtt(&self) -> Option<u32> {
        (self.rtt_us > 0).then_some(self.rtt_us)
    }

    /// Round-trip time without retransmits; with them, it is unknown which segment was answered.
    #[must_use]
    pub fn undisturbed_rtt_us(self) -> Option<u32> {
        self.rtt().filter(|_| self.retransmits == Some(0))
    }
}

/// One attempt at one endpoint: one connection, as a timeline of stages, with the facts observed.
///
/// One connection is no evidence about another: several servers may share one address.
///
/// INVARIANT: stages are in the order in which they began, and every stage that began is listed with its outcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Attempt {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// 1 for the first attempt at this endpoint in this scan.
    pub number: u32,
    /// What was sent.
    pub probe: ProbeKind,
    /// The DNS name sent as SNI, for an attempt by name; `None` for one by address.
    pub sni: Option<Box<str>>,
    /// Wall clock at the start, UTC.
    #[serde(with = "moment")]
    #[schemars(with = "Moment")]
    pub started_at: Timestamp,
    /// Every stage that began, in that order.
    #[serde(deserialize_with = "texts::bounded")]
    pub stages: Vec<StageRecord>,
    /// Connect rounds that went unanswered before this attempt's connect (0: answered at once).
    pub unanswered_rounds: u8,
    /// The RDP negotiation.
    pub negotiation: Option<NegotiationFacts>,
    /// The TLS stage.
    pub tls: Option<Arc<TlsFacts>>,
    /// The NTLM challenge.
    pub ntlm: Option<Arc<NtlmFacts>>,
    /// The kernel's view of the connection.
    pub path: Option<PathFacts>,
    /// Largest timer lag of this process during the attempt, in microseconds: how late a timer fired. With much of it, the times
    /// of the attempt are those of the scanning machine and not of the host.
    pub lag_us: u32,
}

/// Lag in microseconds from which an attempt's times are discarded. The coarsest timers fire every 16 ms (Windows), and an idle
/// machine adds less than that.
const LAGGED_US: u32 = 50_000;
/// Lag in microseconds from which a missed deadline is this machine's fault.
pub const STALLED_US: u32 = 1_000_000;

impl Attempt {
    /// Fills in the facts of certificates of which only the digest is known.
    pub fn resolve(&mut self, known: &dyn Fn(&Digest<32>) -> Option<Arc<CertificateFacts>>) {
        if let Some(tls) = self.tls.as_mut().filter(|tls| tls.unresolved().is_some()) {
            Arc::make_mut(tls).resolve(known);
        }
    }

    /// The certificates whose facts are known.
    pub fn certificates(&self) -> impl Iterator<Item = &Arc<CertificateFacts>> {
        self.tls.iter().flat_map(|tls| tls.certificates())
    }

    /// The record of a stage.
    #[must_use]
    pub fn stage(&self, stage: Stage) -> Option<&StageRecord> {
        self.stages.iter().find(|record| record.stage == stage)
    }

    /// Where and how the connection ended, when a stage failed: the last stage record that is not ok. `NoTls` and a refused
    /// `CredSSP` probe count as ends. Whether a client would fail too depends on all attempts at the host.
    #[must_use]
    pub fn failure(&self) -> Option<(Stage, &Outcome)> {
        self.stages
            .iter()
            .rfind(|record| !record.outcome.is_ok())
            .map(|record| (record.stage, &record.outcome))
    }

    /// Whether this machine was too busy to measure: its timers fired late, or the connection was up long before it was noticed,
    /// by the kernel's round-trip time without retransmits.
    #[must_use]
    pub fn is_lagged(&self) -> bool {
        self.lag_us.max(self.unnoticed_us()) >= LAGGED_US
    }

    /// Whether this machine stalled for so long that a missed deadline proves nothing.
    #[must_use]
    pub const fn is_stalled(&self) -> bool {
        self.lag_us >= STALLED_US
    }

    /// Microseconds between the connection coming up and this process noticing; 0 when unknown.
    #[must_use]
    pub fn unnoticed_us(&self) -> u32 {
        let connect = self.stage(Stage::Tcp).filter(|tcp| tcp.outcome.is_ok());
        let up_after = self.path.and_then(PathFacts::undisturbed_rtt_us);
        connect.zip(up_after).map_or(0, |(connect, rtt_us)| {
            connect.duration_us.saturating_sub(rtt_us)
        })
    }

    /// Milliseconds that network and host took for a successful stage: for a connect the kernel's round-trip time without
    /// retransmits. `None` when this machine was too busy to measure.
    #[must_use]
    pub fn pace_ms(&self, stage: Stage) -> Option<f64> {
        let record = self.stage(stage).filter(|record| record.outcome.is_ok())?;
        let rtt_us = (stage == Stage::Tcp)
            .then(|| self.path.and_then(PathFacts::undisturbed_rtt_us))
            .flatten();
        let us = rtt_us.or_else(|| (!self.is_lagged()).then_some(record.duration_us))?;
        Some(f64::from(us) / 1000.0)
    }

    /// Milliseconds that TCP connect took, when it succeeded.
    #[must_use]
    pub fn connect_ms(&self) -> Option<f64> {
        let record = self.stage(Stage::Tcp)?;
        record
            .outcome
            .is_ok()
            .then(|| f64::from(record.duration_us) / 1000.0)
    }

    /// Milliseconds from the start to the end of the last stage.
    #[must_use]
    pub fn total_ms(&self) -> f64 {
        self.stages
            .iter()
            .map(|record| u64::from(record.start_us) + u64::from(record.duration_us))
            .max()
            .map_or(0.0, |us| us as f64 / 1000.0)
    }
}
