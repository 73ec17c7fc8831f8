use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::verdict::words;

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
    /// `PROTOCOL_RDSAAD`: sign-in with Entra over TLS.
    pub const RDSAAD: Self = Self(0x10);
    /// What every first request offers: SSL and HYBRID. Above 0x0B some servers hang up.
    pub const DEFAULT_OFFER: Self = Self(3);

    /// Whether every bit of `other` is set here.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

words! {
    /// The security protocol that the server selected.
    SelectedSecurity {
        /// TLS without NLA.
        Ssl = "ssl": "TLS without NLA",
        /// TLS with `CredSSP` (NLA).
        Hybrid = "hybrid": "TLS with CredSSP",
        /// NLA with the early user authorization result.
        HybridEx = "hybrid_ex": "CredSSP with early user authorization",
        /// Standard RDP security: no TLS, no certificate.
        StandardRdp = "standard_rdp": "standard RDP security, no TLS",
        /// RDSTLS, the broker's redirection security.
        Rdstls = "rdstls": "RDSTLS, a broker's redirection security",
        /// TLS with sign-in by Entra.
        Rdsaad = "rdsaad": "TLS with sign-in by Entra",
        /// No protocol: a negotiation failure, or no answer.
        None = "none": "nothing was selected",
    }
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
            0x10 => Some(Self::Rdsaad),
            _ => None,
        }
    }

    /// Whether TLS follows on the same connection.
    #[must_use]
    pub const fn uses_tls(self) -> bool {
        matches!(
            self,
            Self::Ssl | Self::Hybrid | Self::HybridEx | Self::Rdstls | Self::Rdsaad
        )
    }

    /// Whether `CredSSP` follows TLS.
    #[must_use]
    pub const fn uses_credssp(self) -> bool {
        matches!(self, Self::Hybrid | Self::HybridEx)
    }
}

words! {
    /// What a server announces in the flags of its negotiation response (MS-RDPBCGR 2.2.1.2.1).
    ServerFeature {
        /// It takes extended client data blocks (0x01).
        ExtendedClientData = "extended_client_data": "extended client data blocks",
        /// It can draw with the graphics pipeline (0x02).
        GraphicsPipeline = "graphics_pipeline": "the graphics pipeline",
        /// It takes sign-ins that send no credentials, for administrators (0x08).
        RestrictedAdmin = "restricted_admin": "Restricted Admin mode",
        /// It takes sign-ins that leave the credentials on the client, Remote Credential Guard (0x10).
        RemoteCredentialGuard = "remote_credential_guard": "Remote Credential Guard",
    }
}

impl ServerFeature {
    const fn flag(self) -> u8 {
        match self {
            Self::ExtendedClientData => 0x01,
            Self::GraphicsPipeline => 0x02,
            Self::RestrictedAdmin => 0x08,
            Self::RemoteCredentialGuard => 0x10,
        }
    }

    /// What the flags of a response announce. Bits without a meaning, such as the reserved 0x04, are left out.
    pub fn announced(flags: u8) -> impl Iterator<Item = Self> {
        let all = Self::ALL.iter().copied();
        all.filter(move |feature| flags & feature.flag() != 0)
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

/// What the X.224 exchange observed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct NegotiationFacts {
    /// The protocols offered.
    pub requested: Protocols,
    /// The protocol selected.
    pub selected: SelectedSecurity,
    /// The raw `selectedProtocol` of a negotiation response.
    pub selected_raw: Option<Protocols>,
    /// The code of a negotiation failure.
    pub failure: Option<NegotiationFailure>,
    /// Flags of the negotiation response (MS-RDPBCGR 2.2.1.2.1).
    pub response_flags: Option<u8>,
    /// The source reference of the connection confirm: Windows and xrdp send 0x1234, `FreeRDP` and
    /// `IronRDP` 0.
    pub source_reference: u16,
    /// A confirm without negotiation data: a server older than negotiation, or one set to standard RDP security.
    pub bare_confirm: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::{attempt, host, negotiation};

    #[test]
    fn flags_announce_features_and_unknown_bits_nothing() {
        let announced = |flags| ServerFeature::announced(flags).collect::<Vec<_>>();
        for (flags, feature) in [
            (0x01, ServerFeature::ExtendedClientData),
            (0x02, ServerFeature::GraphicsPipeline),
            (0x08, ServerFeature::RestrictedAdmin),
            (0x10, ServerFeature::RemoteCredentialGuard),
        ] {
            assert_eq!(announced(flags), [feature]);
        }
        assert_eq!(announced(0x1f), ServerFeature::ALL);
        assert_eq!(announced(0xe4), []);
    }

    #[test]
    fn the_newest_response_counts_and_a_failure_has_no_flags() {
        let flags = |flags: &[u8]| {
            let attempts = flags.iter().map(|flags| {
                attempt().negotiated(NegotiationFacts {
                    response_flags: Some(*flags),
                    ..negotiation(SelectedSecurity::Hybrid)
                })
            });
            let failed = attempt().negotiated(NegotiationFacts {
                response_flags: None,
                ..negotiation(SelectedSecurity::None)
            });
            host(attempts.chain([failed])).history.response_flags()
        };
        assert_eq!(flags(&[]), None);
        assert_eq!(flags(&[0x1f, 0x03]), Some(0x03));
    }

    #[test]
    fn every_protocol_of_the_specification_has_its_selection() {
        let selected = |bits| SelectedSecurity::from_protocol(Protocols(bits));
        assert_eq!(
            selected(Protocols::RDSAAD.0),
            Some(SelectedSecurity::Rdsaad)
        );
        assert!(SelectedSecurity::Rdsaad.uses_tls() && !SelectedSecurity::Rdsaad.uses_credssp());
        assert_eq!(selected(0x20), None);
        assert_eq!(selected(0x11), None);
    }
}
