use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Security protocols as a bit field (MS-RDPBCGR 2.2.1.1.1, `requestedProtocols`). Unknown bits survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Protocols(pub u32);

impl Protocols {
    /// `PROTOCOL_RDP`: standard RDP security.
    pub const STANDARD_RDP: Self = Self(0);
    /// `PROTOCOL_SSL`: TLS.
    pub const SSL: Self = Self(1);
    /// `PROTOCOL_HYBRID`: `CredSSP`, known to admins as NLA.
    pub const HYBRID: Self = Self(2);
    /// `PROTOCOL_RDSTLS`.
    pub const RDSTLS: Self = Self(4);
    /// `PROTOCOL_HYBRID_EX`: `CredSSP` with early user authorization result.
    pub const HYBRID_EX: Self = Self(8);
    /// What every first request offers: SSL and HYBRID. Above 0x0B some servers hang up.
    pub const DEFAULT_OFFER: Self = Self(3);

    /// Whether every bit of `other` is set here.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// What the server selected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SelectedSecurity {
    /// TLS without NLA.
    Ssl,
    /// TLS with `CredSSP` (NLA).
    Hybrid,
    /// NLA with the early user authorization result.
    HybridEx,
    /// Standard RDP security: no TLS, no certificate.
    StandardRdp,
    /// RDSTLS, the broker's redirection security.
    Rdstls,
    /// Nothing was selected (a failure, or no answer).
    None,
}

impl SelectedSecurity {
    /// The selection that a `selectedProtocol` value means (MS-RDPBCGR 2.2.1.2.1); `None` for an unknown value.
    #[must_use]
    pub const fn from_protocol(selected: Protocols) -> Option<Self> {
        match selected.0 {
            0 => Some(Self::StandardRdp),
            1 => Some(Self::Ssl),
            2 => Some(Self::Hybrid),
            4 => Some(Self::Rdstls),
            8 => Some(Self::HybridEx),
            _ => None,
        }
    }

    /// Whether TLS follows on the same connection.
    #[must_use]
    pub const fn uses_tls(self) -> bool {
        matches!(
            self,
            Self::Ssl | Self::Hybrid | Self::HybridEx | Self::Rdstls
        )
    }

    /// Whether `CredSSP` follows TLS.
    #[must_use]
    pub const fn uses_credssp(self) -> bool {
        matches!(self, Self::Hybrid | Self::HybridEx)
    }

    /// The word used in JSON and on screens.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ssl => "ssl",
            Self::Hybrid => "hybrid",
            Self::HybridEx => "hybrid_ex",
            Self::StandardRdp => "standard_rdp",
            Self::Rdstls => "rdstls",
            Self::None => "none",
        }
    }
}

/// A negotiation failure code (MS-RDPBCGR 2.2.1.2.2). A newtype, so that unknown codes survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct NegotiationFailure(pub u32);

impl NegotiationFailure {
    /// `SSL_REQUIRED_BY_SERVER`.
    pub const SSL_REQUIRED: Self = Self(1);
    /// `SSL_NOT_ALLOWED_BY_SERVER`.
    pub const SSL_NOT_ALLOWED: Self = Self(2);
    /// `SSL_CERT_NOT_ON_SERVER`.
    pub const NO_CERTIFICATE: Self = Self(3);
    /// `INCONSISTENT_FLAGS`.
    pub const INCONSISTENT_FLAGS: Self = Self(4);
    /// `HYBRID_REQUIRED_BY_SERVER`.
    pub const HYBRID_REQUIRED: Self = Self(5);
    /// `SSL_WITH_USER_AUTH_REQUIRED_BY_SERVER`.
    pub const SSL_WITH_USER_AUTH_REQUIRED: Self = Self(6);
    /// Entra (Azure AD) authentication required; seen in code, not in the specification.
    pub const ENTRA_REQUIRED: Self = Self(7);

    /// The specification's name, where it has one.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self.0 {
            1 => Some("SSL_REQUIRED_BY_SERVER"),
            2 => Some("SSL_NOT_ALLOWED_BY_SERVER"),
            3 => Some("SSL_CERT_NOT_ON_SERVER"),
            4 => Some("INCONSISTENT_FLAGS"),
            5 => Some("HYBRID_REQUIRED_BY_SERVER"),
            6 => Some("SSL_WITH_USER_AUTH_REQUIRED_BY_SERVER"),
            7 => Some("ENTRA_AUTH_REQUIRED_BY_SERVER"),
            _ => None,
        }
    }
}

impl fmt::Display for NegotiationFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{} ({name})", self.0),
            None => write!(f, "unknown ({})", self.0),
        }
    }
}

/// What the X.224 exchange told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct NegotiationFacts {
    /// What was offered.
    pub requested: Protocols,
    /// What was selected; `None` inside when nothing was.
    pub selected: SelectedSecurity,
    /// The raw `selectedProtocol`, when a negotiation response came.
    pub selected_raw: Option<Protocols>,
    /// The failure code, when a negotiation failure came.
    pub failure: Option<NegotiationFailure>,
    /// Flags of the negotiation response (MS-RDPBCGR 2.2.1.2.1).
    pub response_flags: Option<u8>,
    /// The source reference of the connection confirm: Windows and xrdp send 0x1234, `FreeRDP` 0.
    pub source_reference: u16,
    /// A confirm without negotiation data: a server older than negotiation, or one set to standard RDP security.
    pub bare_confirm: bool,
}
