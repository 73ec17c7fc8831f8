use std::net::{IpAddr, SocketAddr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a name came from.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum NameSource {
    /// The user listed it.
    Target,
    /// Reverse lookup of the address.
    Ptr,
    /// Subject alternative name or common name.
    Certificate,
    /// The NTLM challenge.
    Ntlm,
}

impl NameSource {
    /// The word used in JSON and on screens.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Target => "target",
            Self::Ptr => "ptr",
            Self::Certificate => "certificate",
            Self::Ntlm => "ntlm",
        }
    }
}

/// A name in play for a host, in lower case without the final dot.
#[derive(
    Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub struct ObservedName {
    /// The name.
    pub name: Box<str>,
    /// Who gave it.
    pub source: NameSource,
}

/// Who was asked.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Resolver {
    /// The operating system's resolver, which is what mstsc asks.
    System,
    /// The DNS servers that the system is set to, asked directly.
    Configured,
    /// A server given with `--dns`.
    Server(SocketAddr),
}

/// What was asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// Both A and AAAA of a name.
    Addresses(Box<str>),
    /// PTR of an address.
    Pointer(IpAddr),
}

/// What came back. `NXDOMAIN`, "no data" and a loop of aliases are answers; the others are trouble with the resolver.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LookupAnswer {
    /// Addresses, A before AAAA, each once.
    Addresses {
        /// The addresses.
        addresses: Vec<IpAddr>,
        /// The smallest time to live in seconds, where the resolver tells it.
        ttl_s: Option<u32>,
    },
    /// Names of a reverse lookup, lower case, without the final dot, at most 8.
    Names {
        /// The names.
        names: Vec<Box<str>>,
    },
    /// The name does not exist.
    NxDomain,
    /// The name exists, but without a record of the wanted kind.
    NoData,
    /// The aliases (CNAME) of the name lead back to one of them, or on and on.
    AliasLoop,
    /// No answer in time.
    Timeout,
    /// The server failed (SERVFAIL).
    ServFail,
    /// The server refused.
    Refused,
    /// The system resolver said "not found" without saying which of the above.
    NotFound,
    /// Anything else, in the resolver's words.
    Error {
        /// Lower-case fragment.
        detail: Box<str>,
    },
}

impl LookupAnswer {
    /// Whether the resolver itself is in trouble, so that nothing is known about the name.
    #[must_use]
    pub const fn is_resolver_trouble(&self) -> bool {
        matches!(
            self,
            Self::Timeout | Self::ServFail | Self::Refused | Self::Error { .. }
        )
    }

    /// Whether a resolver that works gave it. SERVFAIL is such an answer: it speaks of one zone, not of the server.
    #[must_use]
    pub const fn is_sign_of_life(&self) -> bool {
        !matches!(self, Self::Timeout | Self::Refused | Self::Error { .. })
    }

    /// Whether the answer is "there is no such thing".
    #[must_use]
    pub const fn is_missing(&self) -> bool {
        matches!(self, Self::NxDomain | Self::NoData | Self::NotFound)
    }

    /// Whether it settles what is known of a name: addresses, or that there are none.
    #[must_use]
    pub const fn is_certain(&self) -> bool {
        match self {
            Self::Addresses { addresses, .. } => !addresses.is_empty(),
            Self::NxDomain | Self::NoData | Self::AliasLoop => true,
            _ => false,
        }
    }

    /// The addresses, none when the answer holds none.
    #[must_use]
    pub fn addresses(&self) -> &[IpAddr] {
        match self {
            Self::Addresses { addresses, .. } => addresses,
            _ => &[],
        }
    }
}

/// One question, one resolver, one answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Lookup {
    /// What was asked.
    pub question: Question,
    /// Who was asked.
    pub resolver: Resolver,
    /// What came back.
    pub answer: LookupAnswer,
    /// Milliseconds it took.
    pub duration_ms: u32,
}
