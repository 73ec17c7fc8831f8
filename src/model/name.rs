use std::fmt;
use std::net::{IpAddr, SocketAddr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::texts;
use super::verdict::words;

words! {
    @unlisted
    /// Where a name came from.
    NameSource {
        /// The user listed it.
        Target = "target",
        /// Reverse lookup of the address.
        Ptr = "ptr",
        /// Subject alternative name or common name.
        Certificate = "certificate",
        /// The NTLM challenge.
        Ntlm = "ntlm",
    }
}

/// A name of a host, in lower case without the final dot.
#[derive(
    Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub struct ObservedName {
    /// The name.
    pub name: Box<str>,
    /// Its source.
    pub source: NameSource,
}

/// A resolver.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Resolver {
    /// The operating system's resolver, which is what mstsc uses.
    System,
    /// The DNS servers configured on this machine, queried directly.
    Configured,
    /// A server given with `--dns`.
    Server(SocketAddr),
}

/// The question of a lookup.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// Both A and AAAA of a name.
    Addresses(Box<str>),
    /// PTR of an address.
    Pointer(IpAddr),
}

/// The answer to a lookup. `NXDOMAIN`, "no data" and an alias loop are answers about the name; the others are failures of the
/// resolver.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LookupAnswer {
    /// Addresses, A before AAAA, each once.
    Addresses {
        /// The addresses.
        #[serde(deserialize_with = "texts::bounded")]
        addresses: Vec<IpAddr>,
        /// The smallest time to live in seconds, where the resolver gives it.
        ttl_s: Option<u32>,
    },
    /// Names of a reverse lookup, lower case, without the final dot, at most 8.
    Names {
        /// The names.
        #[serde(deserialize_with = "texts::bounded")]
        names: Vec<Box<str>>,
    },
    /// The name does not exist.
    #[serde(rename = "nxdomain")]
    NxDomain,
    /// The name exists, but has no such record.
    NoData,
    /// The aliases (CNAME) of the name form a loop or an endless chain.
    AliasLoop,
    /// The query timed out.
    Timeout,
    /// The server failed (SERVFAIL).
    #[serde(rename = "servfail")]
    ServFail,
    /// The server refused.
    Refused,
    /// "Not found" from the system's resolver, which gives no reason.
    NotFound,
    /// Anything else.
    Error {
        /// The resolver's message, as a lower-case fragment.
        detail: Box<str>,
    },
}

/// The name or the address. Raw network text.
impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Addresses(name) => f.write_str(name),
            Self::Pointer(address) => address.fmt(f),
        }
    }
}

/// One line for people. Raw network text.
impl fmt::Display for LookupAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Addresses { addresses, ttl_s } => {
                for (index, address) in addresses.iter().enumerate() {
                    let gap = if index == 0 { "" } else { ", " };
                    write!(f, "{gap}{address}")?;
                }
                return ttl_s.map_or(Ok(()), |ttl| write!(f, ", TTL {ttl} s"));
            }
            Self::Names { names } => return f.write_str(&names.join(", ")),
            Self::Error { detail } => detail,
            Self::NxDomain => "no such name (NXDOMAIN)",
            Self::NoData => "no record of this type",
            Self::AliasLoop => "a loop of aliases (CNAME)",
            Self::Timeout => "no answer in time",
            Self::ServFail => "the server failed (SERVFAIL)",
            Self::Refused => "the server refused (REFUSED)",
            Self::NotFound => "not found",
        })
    }
}

impl LookupAnswer {
    /// Whether the resolver failed, so that the name remains unknown.
    #[must_use]
    pub const fn is_resolver_trouble(&self) -> bool {
        matches!(
            self,
            Self::Timeout | Self::ServFail | Self::Refused | Self::Error { .. }
        )
    }

    /// Whether the resolver works. SERVFAIL counts: it concerns one zone, not the server.
    #[must_use]
    pub const fn is_sign_of_life(&self) -> bool {
        !matches!(self, Self::Timeout | Self::Refused | Self::Error { .. })
    }

    /// Whether the answer is "there is no such thing".
    #[must_use]
    pub const fn is_missing(&self) -> bool {
        matches!(self, Self::NxDomain | Self::NoData | Self::NotFound)
    }

    /// Whether it is final: addresses, or that there are none.
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

/// One question to one resolver, with its answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Lookup {
    /// The question.
    pub question: Question,
    /// The resolver.
    pub resolver: Resolver,
    /// The answer.
    pub answer: LookupAnswer,
    /// Milliseconds it took.
    pub duration_ms: u32,
}
