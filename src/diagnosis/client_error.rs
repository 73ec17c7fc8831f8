//! The errors that Microsoft's client shows, and what a finding says about them.

use serde::Deserialize;
use strum::VariantArray;

use crate::model::DnsVerdict;

/// An error of mstsc that a diagnosis may predict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, VariantArray)]
pub enum ClientError {
    #[serde(rename = "0x104")]
    NameLookupFailed,
    #[serde(rename = "0x108")]
    TimedOut,
    #[serde(rename = "0x204")]
    ConnectFailed,
    #[serde(rename = "0x704")]
    ClientTimeout,
    #[serde(rename = "0x706")]
    BadCertificate,
    #[serde(rename = "0x904")]
    SocketClosed,
    #[serde(rename = "0x1B07")]
    CertificateExpired,
}

impl ClientError {
    /// Its code and documented meaning, and what the client's event log shows.
    pub(super) const fn texts(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::NameLookupFailed => (
                "0x104",
                "DNS name lookup failed",
                "client, RDPClient/Operational: 1024 (attempt), then 1007 (name resolution failed)",
            ),
            Self::TimedOut => (
                "0x108",
                "Connection timed out",
                "client, RDPClient/Operational: 1024 (attempt), then 1026 with reason 264",
            ),
            Self::ConnectFailed => (
                "0x204",
                "The socket could not be connected",
                "client, RDPClient/Operational: 1024 (attempt), then 1026 with reason 516",
            ),
            Self::ClientTimeout => (
                "0x704",
                "A time limit of the client ran out",
                "client, RDPClient/Operational: 1024 (attempt), then 1026 with reason 1796",
            ),
            Self::BadCertificate => (
                "0x706",
                "The server certificate could not be unpacked",
                "client, RDPClient/Operational: 1024 (attempt), then 1026 with reason 1798",
            ),
            Self::SocketClosed => (
                "0x904",
                "The socket was closed",
                "client, RDPClient/Operational: 1024 (attempt), 226 (a state failed), 1026 with reason 2308",
            ),
            Self::CertificateExpired => (
                "0x1B07",
                "The server certificate has expired",
                "client, RDPClient/Operational: 1024 (attempt), then 1026 with reason 6919",
            ),
        }
    }

    /// The event log of the server tells whether the attempt arrived there at all.
    pub(super) const fn may_be_lost_on_the_way(self) -> bool {
        matches!(
            self,
            Self::SocketClosed | Self::TimedOut | Self::ConnectFailed | Self::ClientTimeout
        )
    }
}

/// What a finding says about the client's error. The weights are a judgement, not a measurement.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prediction {
    /// The client's socket is closed. The weights of several findings add up.
    Closes(u32),
    /// The same, but only in busy moments.
    ClosesUnderLoad(u32),
    /// Makes a close more likely where another finding predicts one: an expired certificate on a server whose TLS works only
    /// gives a warning. Where some connections get through, their share says more.
    SupportsClose(u32),
    /// The socket of some clients is closed.
    ClosesSome {
        weight: u32,
        /// Of which clients.
        note: String,
    },
    /// The client shows this error.
    Shows { error: ClientError, weight: u32 },
    /// The client shows this error for a name with this verdict.
    ByName {
        error: ClientError,
        weight: u32,
        verdict: DnsVerdict,
    },
    /// The client itself refuses the certificate.
    RefusesCertificate {
        error: ClientError,
        weight: u32,
        note: Option<String>,
    },
}

impl Prediction {
    /// The error that the finding causes by itself.
    pub(super) const fn causes(&self) -> Option<ClientError> {
        match self {
            Self::Closes(_) | Self::ClosesUnderLoad(_) | Self::ClosesSome { .. } => {
                Some(ClientError::SocketClosed)
            }
            Self::SupportsClose(_) => None,
            Self::Shows { error, .. }
            | Self::ByName { error, .. }
            | Self::RefusesCertificate { error, .. } => Some(*error),
        }
    }
}
