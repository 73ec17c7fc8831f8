use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::status_name;

/// A stage of reaching a Remote Desktop host, in the order in which they happen.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Name resolution.
    Dns,
    /// TCP connect.
    Tcp,
    /// X.224 connection request and RDP negotiation (MS-RDPBCGR 2.2.1.1 and 2.2.1.2).
    X224,
    /// TLS handshake, or as much of it as the legacy hello reads in clear.
    Tls,
    /// `CredSSP`: one NTLM negotiate message and the server's challenge (MS-CSSP 2.2.1, MS-NLMP 2.2.1.2).
    Credssp,
}

impl Stage {
    /// Every stage, in order.
    pub const ALL: [Self; 5] = [Self::Dns, Self::Tcp, Self::X224, Self::Tls, Self::Credssp];

    /// The word used in JSON, on screens and in documents.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Tcp => "tcp",
            Self::X224 => "x224",
            Self::Tls => "tls",
            Self::Credssp => "credssp",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// How a stage ended. A bad host is data, not an error: every way in which a peer can fail us is a value here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Outcome {
    /// The stage did what it should.
    Ok,
    /// Nothing (more) came within the stage's deadline.
    Timeout {
        /// Bytes received in this stage before the silence.
        received: u32,
    },
    /// RST in answer to the SYN.
    Refused,
    /// The network said that the host cannot be reached: no neighbour answers (EHOSTUNREACH, WSAEHOSTUNREACH), or a router has no
    /// route.
    HostUnreachable,
    /// This machine has no route to the network (ENETUNREACH, WSAENETUNREACH): nothing was sent.
    NetworkUnreachable,
    /// A packet filter said no (EACCES; EPERM is this machine's own filter and counts as [`Outcome::Local`]).
    Prohibited,
    /// The peer closed the connection in order (FIN).
    Closed {
        /// Bytes received in this stage before the close.
        received: u32,
    },
    /// The peer reset the connection (RST).
    Reset {
        /// Bytes received in this stage before the reset.
        received: u32,
    },
    /// The server sent a disconnect message in place of an answer, and closed.
    Disconnected {
        /// Which message, such as `MCS Disconnect Provider Ultimatum`.
        message: String,
        /// Bytes received in this stage, the message included.
        received: u32,
    },
    /// What came is not RDP at all.
    NotRdp {
        /// What it looks like: `ssh`, `http`, `tls`, `smtp`, `unknown`.
        looks_like: String,
        /// The first bytes, as hex, at most 32 bytes.
        first_bytes: String,
    },
    /// The right protocol, but bytes that break its rules.
    Malformed {
        /// Which rule, as a lower-case fragment.
        detail: String,
    },
    /// An RDP negotiation failure (MS-RDPBCGR 2.2.1.2.2); the code is in the negotiation facts too.
    NegotiationFailure {
        /// The raw failure code.
        code: u32,
    },
    /// The server selected standard RDP security: there is no TLS to go on with.
    NoTls,
    /// A fatal TLS alert from the server (RFC 8446 section 6, RFC 5246 section 7.2).
    Alert {
        /// The alert's number.
        code: u8,
        /// Bytes received in this stage, alert included.
        received: u32,
    },
    /// Our TLS library refused what the server offered, before the server did; says nothing bad about the server.
    ClientRefused {
        /// The library's reason.
        detail: String,
    },
    /// `CredSSP` answered with an error code instead of a token (MS-CSSP 2.2.1).
    CredsspError {
        /// NTSTATUS, or an HRESULT of SSPI.
        status: u32,
    },
    /// `CredSSP` answered, but without an NTLM challenge.
    NoChallenge,
    /// The fault is on this machine: descriptors, buffers, ports, own packet filter.
    Local {
        /// The operating system's words.
        detail: String,
    },
    /// The user gave the host up while this stage was under way: it says nothing about the host.
    Cancelled,
    /// rdpscan itself failed: a bug, which says nothing about the host.
    Internal {
        /// What the panic said.
        detail: String,
    },
}

impl Outcome {
    /// Whether the stage succeeded.
    #[must_use]
    pub const fn is_ok(&self) -> bool {
        matches!(self, Self::Ok)
    }

    /// Whether the outcome says something about the peer or the path; false for our own trouble and for a stop.
    #[must_use]
    pub const fn blames_peer(&self) -> bool {
        !matches!(self, Self::Ok | Self::ClientRefused { .. }) && !self.is_ours()
    }

    /// Whether the stage ended by something on our side, be it this machine, this program or the user: nothing is then known of
    /// the host.
    #[must_use]
    pub const fn is_ours(&self) -> bool {
        matches!(
            self,
            Self::Local { .. } | Self::Cancelled | Self::Internal { .. }
        )
    }

    /// Whether the peer says in words that it has no TLS version or cipher suite in common with us (alerts `handshake_failure`,
    /// `protocol_version` and `insufficient_security`; RFC 8446 section 6.2).
    #[must_use]
    pub const fn finds_nothing_in_common(&self) -> bool {
        matches!(
            self,
            Self::Alert {
                code: 40 | 70 | 71,
                ..
            }
        )
    }

    /// Whether the peer ended the connection, in order or not: what mstsc reports as 0x904 once TCP is up.
    #[must_use]
    pub const fn is_close(&self) -> bool {
        matches!(
            self,
            Self::Closed { .. } | Self::Reset { .. } | Self::Disconnected { .. }
        )
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ok => f.write_str("ok"),
            Self::Timeout { received: 0 } => f.write_str("no answer in time"),
            Self::Timeout { received } => write!(f, "stalled after {received} bytes"),
            Self::Refused => f.write_str("connection refused"),
            Self::HostUnreachable => f.write_str("host unreachable"),
            Self::NetworkUnreachable => f.write_str("network unreachable"),
            Self::Prohibited => f.write_str("administratively prohibited"),
            Self::Closed { received } => write!(f, "closed by peer (FIN) after {received} bytes"),
            Self::Reset { received } => write!(f, "reset by peer (RST) after {received} bytes"),
            Self::Disconnected { message, received } => {
                write!(f, "closed by peer with {message} ({received} bytes)")
            }
            Self::NotRdp { looks_like, .. } => write!(f, "not RDP (looks like {looks_like})"),
            Self::Malformed { detail } => write!(f, "malformed: {detail}"),
            Self::NegotiationFailure { code } => write!(f, "negotiation failure {code}"),
            Self::NoTls => f.write_str("standard RDP security, no TLS"),
            Self::Alert { code, .. } => write!(f, "TLS alert {code}"),
            Self::ClientRefused { detail } => write!(f, "refused on our side: {detail}"),
            Self::CredsspError { status } => match status_name(*status) {
                Some(name) => write!(f, "CredSSP error 0x{status:08X} ({name})"),
                None => write!(f, "CredSSP error 0x{status:08X}"),
            },
            Self::NoChallenge => f.write_str("no NTLM challenge"),
            Self::Local { detail } => write!(f, "this machine: {detail}"),
            Self::Cancelled => f.write_str("given up by the user"),
            Self::Internal { detail } => write!(f, "a fault of rdpscan: {detail}"),
        }
    }
}

/// What an attempt sends: each attempt is one connection that asks one thing.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ProbeKind {
    /// What a modern client sends: an X.224 request that offers TLS and NLA, a TLS 1.3 hello, an NTLM negotiate message.
    #[default]
    Default,
    /// As the default probe, with a long deadline for the X.224 answer.
    LongDeadline,
    /// An X.224 request without negotiation data, after requests with it were cut off or TLS was refused.
    BareRequest,
    /// An X.224 request that offers `HYBRID_EX` besides, after a server required NLA of one that offered it.
    WideRequest,
    /// The default request, then a TLS 1.2 hello with old cipher suites, read up to `ServerHelloDone`.
    LegacyHello,
    /// A request that leaves NLA out, to see whether the server requires it; the connection ends with the answer.
    WithoutNla,
    /// TLS at once, and the X.224 request inside it.
    DirectTls,
}

impl ProbeKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Default,
        Self::LongDeadline,
        Self::BareRequest,
        Self::WideRequest,
        Self::LegacyHello,
        Self::WithoutNla,
        Self::DirectTls,
    ];

    /// Whether it sends what a modern client sends, so that its end is what a client would see.
    #[must_use]
    pub const fn is_default(self) -> bool {
        matches!(self, Self::Default | Self::LongDeadline)
    }

    /// Whether its X.224 request is that of a modern client.
    #[must_use]
    pub const fn sends_default_request(self) -> bool {
        matches!(self, Self::Default | Self::LongDeadline | Self::LegacyHello)
    }

    /// What it sends, as a phrase for screens and reports.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Default => "default probe",
            Self::LongDeadline => "long deadline",
            Self::BareRequest => "bare X.224 request",
            Self::WideRequest => "X.224 request with HYBRID_EX",
            Self::LegacyHello => "legacy TLS hello",
            Self::WithoutNla => "X.224 request without NLA",
            Self::DirectTls => "direct TLS",
        }
    }
}

/// One stage of one attempt: when it began, how long it took, how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StageRecord {
    /// Which stage.
    pub stage: Stage,
    /// Microseconds from the attempt's start to the stage's start, on a monotonic clock.
    pub start_us: u32,
    /// Microseconds that the stage took.
    pub duration_us: u32,
    /// How it ended.
    pub outcome: Outcome,
}

impl StageRecord {
    /// Microseconds from the attempt's start to the stage's end.
    #[must_use]
    pub const fn end_us(&self) -> u64 {
        self.start_us as u64 + self.duration_us as u64
    }
}
