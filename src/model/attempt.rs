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

    /// The same of a connection of which it is known that nothing was sent again; else the answer may be one to any of the segments.
    #[must_use]
    pub fn undisturbed_rtt_us(self) -> Option<u32> {
        self.rtt().filter(|_| self.retransmits == Some(0))
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
    /// Microseconds by which this process was late at worst while the attempt was under way: how long after it was due a timer of
    /// its own fired. Times of an attempt with much of it are times of this machine and not of the host.
    #[serde(default)]
    pub lag_us: u32,
}

/// From this much lag on, in microseconds, the times of an attempt say nothing about the host. The coarsest timers in use fire
/// every 16 ms (Windows), and an idle machine is late by less than that again.
const LAGGED_US: u32 = 50_000;
/// From this much lag on, in microseconds, a deadline that passes has passed for this machine and not for the host.
pub const STALLED_US: u32 = 1_000_000;

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

    /// Whether this machine was too busy meanwhile to take times: its timers fired late, or the connection was up long before it
    /// was noticed, as the kernel's round-trip time tells where no segment was sent again.
    #[must_use]
    pub fn is_lagged(&self) -> bool {
        self.lag_us.max(self.unnoticed_us()) >= LAGGED_US
    }

    /// Whether this machine stood still for so long meanwhile that what was not answered in time may have been answered.
    #[must_use]
    pub const fn is_stalled(&self) -> bool {
        self.lag_us >= STALLED_US
    }

    /// Microseconds for which the connection was up before it was noticed, as far as can be told.
    #[must_use]
    pub fn unnoticed_us(&self) -> u32 {
        let connect = self.stage(Stage::Tcp).filter(|tcp| tcp.outcome.is_ok());
        let up_after = self.path.and_then(PathFacts::undisturbed_rtt_us);
        connect.zip(up_after).map_or(0, |(connect, rtt_us)| {
            connect.duration_us.saturating_sub(rtt_us)
        })
    }

    /// Milliseconds that a stage took which succeeded, as far as network and host are to answer for it: of a connect the
    /// kernel's round-trip time, where nothing was sent again. `None` where this machine was too busy to tell.
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
