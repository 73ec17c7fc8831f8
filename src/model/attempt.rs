use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    CertificateFacts, Endpoint, Moment, NegotiationFacts, NtlmFacts, Outcome, ProbeKind, Stage,
    StageRecord, TrustVerdict,
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

/// How TLS facts were obtained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TlsMethod {
    /// A full handshake: the server proved that it holds the key.
    Full,
    /// Read in clear up to `ServerHelloDone` by the legacy peek: the key was not proven.
    LegacyPeek,
    /// The handshake did not get so far; the certificate may have been read all the same.
    Failed,
}

/// What the TLS stage told.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct TlsFacts {
    /// How far it went.
    pub method: TlsMethod,
    /// Negotiated version.
    pub version: Option<TlsVersion>,
    /// Negotiated suite: rustls's name such as `TLS13_AES_256_GCM_SHA384`, the registry's name for a peek.
    pub cipher: Option<Box<str>>,
    /// Key exchange group, where one was used.
    pub group: Option<Box<str>>,
    /// Whether the signature over the key exchange was right; `None` when it was not seen.
    pub signature_valid: Option<bool>,
    /// The server asked for a client certificate.
    pub client_certificate_requested: bool,
    /// The chain as sent, leaf first, at most 16.
    pub chain: Vec<Arc<CertificateFacts>>,
    /// What this machine thinks of the chain.
    pub trust: TrustVerdict,
    /// Bytes received in the TLS stage of the connection that gave these facts.
    pub received: u32,
}

impl TlsFacts {
    /// The server's own certificate.
    #[must_use]
    pub fn leaf(&self) -> Option<&Arc<CertificateFacts>> {
        self.chain.first()
    }

    /// Whether the modern hello could have come to this, too: TLS 1.3, or 1.2 with an ephemeral key and authenticated encryption.
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

/// What the kernel knows about the path just after connect (`TCP_INFO` on Linux and its counterparts on macOS and Windows).
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
}

/// One attempt at one endpoint: one connection, as a timeline of stages, and the facts that they yielded.
///
/// What one connection shows is never evidence about another: behind one address there may be several servers.
///
/// INVARIANT: stages stand in the order in which they began, and every stage that began is there, with its outcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Attempt {
    /// Where to.
    pub endpoint: Endpoint,
    /// 1 for the first attempt at this endpoint in this scan.
    pub number: u32,
    /// What it sent.
    #[serde(default)]
    pub probe: ProbeKind,
    /// The DNS name sent as SNI, when the attempt was made "by name"; `None` when "by IP".
    pub by_name: Option<Box<str>>,
    /// Wall clock at the start, UTC.
    #[schemars(with = "Moment")]
    pub started_at: Timestamp,
    /// The timeline.
    pub stages: Vec<StageRecord>,
    /// Connect rounds that went unanswered before this attempt's connect (0: answered at once).
    pub silent_rounds: u8,
    /// What X.224 told.
    pub negotiation: Option<NegotiationFacts>,
    /// What TLS told.
    pub tls: Option<Arc<TlsFacts>>,
    /// What NTLM told.
    pub ntlm: Option<Arc<NtlmFacts>>,
    /// What the kernel told.
    pub path: Option<PathFacts>,
}

impl Attempt {
    /// The record of a stage.
    #[must_use]
    pub fn stage(&self, stage: Stage) -> Option<&StageRecord> {
        self.stages.iter().find(|record| record.stage == stage)
    }

    /// Where and how the connection ended, when a stage failed: the last stage record that is not ok. `NoTls` and a refused
    /// `CredSSP` probe do count as ends. Whether a client would fail too is for all attempts at the host together to say.
    #[must_use]
    pub fn failure(&self) -> Option<(Stage, &Outcome)> {
        self.stages
            .iter()
            .rfind(|record| !record.outcome.is_ok())
            .map(|record| (record.stage, &record.outcome))
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
