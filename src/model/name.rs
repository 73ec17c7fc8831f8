use std::net::{IpAddr, SocketAddr};

use derive_more::Display;
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

/// What follows the first label of a name; an address has none.
#[must_use]
pub fn domain_of(name: &str) -> Option<&str> {
    let (_, domain) = name.trim_end_matches('.').split_once('.')?;
    (!domain.is_empty() && name.parse::<IpAddr>().is_err()).then_some(domain)
}

/// A resolver.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    JsonSchema,
    Display,
)]
#[serde(rename_all = "snake_case")]
pub enum Resolver {
    /// The operating system's resolver, which is what mstsc uses.
    #[display("the system's resolver")]
    System,
    /// The DNS servers configured on this machine, queried directly.
    #[display("this machine's DNS server (queried directly)")]
    Configured,
    /// A server given with `--dns`.
    #[display("DNS server {_0}")]
    Server(SocketAddr),
}

/// The question of a lookup.
// Displayed as the name or the address: raw network text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, Display)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// Both A and AAAA of a name.
    Addresses(Box<str>),
    /// PTR of an address.
    Pointer(IpAddr),
}

/// The answer to a lookup. `NXDOMAIN`, "no data" and an alias loop are answers about the name; the others are failures of the
/// resolver.
// Displayed as one line for people: raw network text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, Display)]
#[serde(rename_all = "snake_case")]
pub enum LookupAnswer {
    /// Addresses, A before AAAA, each once.
    #[display(
        "{}{}",
        listed(addresses),
        ttl_s.map_or_else(String::new, |ttl| format!(", TTL {ttl} s"))
    )]
    Addresses {
        /// The addresses.
        #[serde(deserialize_with = "texts::bounded")]
        addresses: Vec<IpAddr>,
        /// The smallest time to live in seconds, where the resolver gives it.
        ttl_s: Option<u32>,
    },
    /// Names of a reverse lookup, lower case, without the final dot, at most 8.
    #[display("{}", names.join(", "))]
    Names {
        /// The names.
        #[serde(deserialize_with = "texts::bounded")]
        names: Vec<Box<str>>,
    },
    /// The name does not exist.
    #[serde(rename = "nxdomain")]
    #[display("no such name (NXDOMAIN)")]
    NxDomain,
    /// The name exists, but has no such record.
    #[display("no record of this type")]
    NoData,
    /// The aliases (CNAME) of the name form a loop or an endless chain.
    #[display("a loop of aliases (CNAME)")]
    AliasLoop,
    /// The query timed out.
    #[display("no answer in time")]
    Timeout,
    /// The server failed (SERVFAIL).
    #[serde(rename = "servfail")]
    #[display("the server failed (SERVFAIL)")]
    ServFail,
    /// The server refused.
    #[display("the server refused (REFUSED)")]
    Refused,
    /// "Not found" from the system's resolver, which gives no reason.
    #[display("not found")]
    NotFound,
    /// Anything else.
    Error {
        /// The resolver's message, as a lower-case fragment.
        detail: Box<str>,
    },
}

fn listed(addresses: &[IpAddr]) -> String {
    let texts: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    texts.join(", ")
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
