use derive_more::Display;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::verdict::words;
use super::{HexBytes, status_name};

words! {
    /// A stage of reaching a Remote Desktop host, in the order in which they happen.
    Stage {
        /// Name resolution.
        Dns = "dns": "attempts end at name resolution",
        /// TCP connect.
        Tcp = "tcp": "attempts end at the TCP connect",
        /// X.224 connection request and RDP negotiation (MS-RDPBCGR 2.2.1.1 and 2.2.1.2).
        X224 = "x224": "attempts end at the RDP negotiation",
        /// TLS handshake, or as much of it as the legacy hello reads in clear.
        Tls = "tls": "attempts end at the TLS handshake",
        /// `CredSSP`: one NTLM negotiate message and the server's challenge (MS-CSSP 2.2.1, MS-NLMP 2.2.1.2).
        Credssp = "credssp": "attempts end at CredSSP",
    }
}

/// How a stage ended. A bad host is data, not an error: every way in which a peer can fail is a value here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Display)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Success.
    #[display("ok")]
    Ok,
    /// Nothing (more) was received within the stage's deadline.
    #[display("timed out{}", after(*received))]
    Timeout {
        /// Bytes received in this stage before the deadline.
        received: u32,
    },
    /// RST in answer to the SYN.
    #[display("connection refused")]
    Refused,
    /// The network reports the host as unreachable: no neighbour answers (EHOSTUNREACH, WSAEHOSTUNREACH), or a router has no
    /// route.
    #[display("host unreachable")]
    HostUnreachable,
    /// This machine has no route to the network (ENETUNREACH, WSAENETUNREACH): nothing was sent.
    #[display("network unreachable")]
    NetworkUnreachable,
    /// Administratively prohibited by a packet filter (EACCES; EPERM is this machine's own filter and a
    /// [`Outcome::LocalError`]).
    #[display("administratively prohibited")]
    Prohibited,
    /// The peer closed the connection (FIN).
    #[display("closed by peer (FIN) after {received} bytes")]
    Closed {
        /// Bytes received in this stage before the close.
        received: u32,
    },
    /// The peer reset the connection (RST).
    #[display("reset by peer (RST) after {received} bytes")]
    Reset {
        /// Bytes received in this stage before the reset.
        received: u32,
    },
    /// The server sent a disconnect message instead of an answer, and closed.
    #[display("closed by peer with {message} ({received} bytes)")]
    Disconnected {
        /// Which message, such as `MCS Disconnect Provider Ultimatum`.
        message: Box<str>,
        /// Bytes received in this stage, the message included.
        received: u32,
    },
    /// Another protocol than RDP.
    #[display("not RDP (looks like {looks_like})")]
    NotRdp {
        /// The protocol that it resembles: `ssh`, `http`, `tls`, `smtp`, `unknown`.
        looks_like: Box<str>,
        /// The first bytes, at most 32.
        first_bytes: HexBytes,
    },
    /// A message that violates its protocol.
    #[display("malformed: {detail}")]
    Malformed {
        /// The violation, as a lower-case fragment.
        detail: Box<str>,
    },
    /// An RDP negotiation failure (MS-RDPBCGR 2.2.1.2.2); the code is in the negotiation facts too.
    #[display("negotiation failure {code}")]
    NegotiationFailure {
        /// The raw failure code.
        code: u32,
    },
    /// The server selected standard RDP security, which has no TLS.
    #[display("standard RDP security, no TLS")]
    NoTls,
    /// A fatal TLS alert from the server (RFC 8446 section 6, RFC 5246 section 7.2).
    #[display("TLS alert {code}")]
    Alert {
        /// The alert's number.
        code: u8,
        /// Bytes received in this stage, alert included.
        received: u32,
    },
    /// rdpscan's own TLS library rejected what the server sent, which is no failure of the server.
    #[display("rejected by our TLS library: {detail}")]
    ClientRefused {
        /// The library's message.
        detail: Box<str>,
    },
    /// A `CredSSP` error code instead of a token (MS-CSSP 2.2.1).
    #[display("CredSSP error 0x{status:08X}{}", in_brackets(status_name(*status)))]
    CredsspError {
        /// NTSTATUS, or an HRESULT of SSPI.
        status: u32,
    },
    /// A `CredSSP` answer without an NTLM challenge.
    #[display("no NTLM challenge")]
    NoChallenge,
    /// A failure of the scanning machine: descriptors, buffers, ports, its own packet filter.
    #[display("local error: {detail}")]
    LocalError {
        /// The operating system's message.
        detail: Box<str>,
    },
    /// The user skipped the host during this stage: no failure of the host.
    #[display("skipped by the user")]
    Cancelled,
    /// A bug of rdpscan: no failure of the host.
    #[display("internal error: {detail}")]
    InternalError {
        /// The message of the panic.
        detail: Box<str>,
    },
}

impl Outcome {
    /// Whether the stage succeeded.
    #[must_use]
    pub const fn is_ok(&self) -> bool {
        matches!(self, Self::Ok)
    }

    /// Whether it is a failure of the peer or the path; false for local failures and for a stage that the user ended.
    #[must_use]
    pub const fn blames_peer(&self) -> bool {
        !matches!(self, Self::Ok | Self::ClientRefused { .. }) && !self.is_ours()
    }

    /// Whether this machine, this program or the user ended the stage: nothing is then known of the host.
    #[must_use]
    pub const fn is_ours(&self) -> bool {
        matches!(
            self,
            Self::LocalError { .. } | Self::Cancelled | Self::InternalError { .. }
        )
    }

    /// Whether the peer reports no TLS version or cipher suite in common (alerts `handshake_failure`, `protocol_version` and
    /// `insufficient_security`; RFC 8446 section 6.2).
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

    /// Whether the peer closed or reset the connection: what mstsc reports as 0x904 once TCP is up.
    #[must_use]
    pub const fn is_close(&self) -> bool {
        matches!(
            self,
            Self::Closed { .. } | Self::Reset { .. } | Self::Disconnected { .. }
        )
    }
}

fn after(received: u32) -> String {
    match received {
        0 => String::new(),
        received => format!(" after {received} bytes"),
    }
}

fn in_brackets(name: Option<&str>) -> String {
    name.map_or_else(String::new, |name| format!(" ({name})"))
}

words! {
    /// What an attempt sends. Each attempt is one connection.
    #[derive(Default)]
    ProbeKind {
        /// What a modern client sends: an X.224 request that offers TLS and NLA, a TLS 1.3 hello, an NTLM negotiate message.
        #[default]
        Default = "default": "default probe",
        /// As the default probe, with a long deadline for the X.224 answer.
        LongDeadline = "long_deadline": "long deadline",
        /// An X.224 request without negotiation data, after the server closed requests with it or refused TLS.
        BareRequest = "bare_request": "bare X.224 request",
        /// An X.224 request that also offers `HYBRID_EX`, after the server answered an offer of NLA with "NLA required".
        HybridExRequest = "hybrid_ex_request": "X.224 request with HYBRID_EX",
        /// The default request, then a TLS 1.2 hello with old cipher suites, read up to `ServerHelloDone`.
        LegacyHello = "legacy_hello": "legacy TLS hello",
        /// A request without NLA, to see whether the server requires it; the connection ends with the answer.
        WithoutNla = "without_nla": "X.224 request without NLA",
        /// TLS at once, and the X.224 request inside it.
        DirectTls = "direct_tls": "direct TLS",
    }
}

impl ProbeKind {
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
