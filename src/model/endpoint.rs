use std::fmt;
use std::net::{IpAddr, SocketAddr};

use derive_more::Display;
use ipnetwork::IpNetwork;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The default TCP port of Remote Desktop.
pub const DEFAULT_PORT: u16 = 3389;

/// An address and TCP port: a connection is made to it, and a row of the table is about it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub struct Endpoint {
    /// IPv4 or IPv6 address.
    pub address: IpAddr,
    /// TCP port.
    pub port: u16,
}

impl Endpoint {
    /// An endpoint from its two parts.
    #[must_use]
    pub const fn new(address: IpAddr, port: u16) -> Self {
        Self { address, port }
    }

    /// The form that the socket calls take.
    #[must_use]
    pub const fn socket_address(self) -> SocketAddr {
        SocketAddr::new(self.address, self.port)
    }
}

/// The kind of an address that cannot be a host (IANA special-purpose registries, RFC 6890); `None` for any other. A link-local
/// address needs an interface, and addresses here have none.
#[must_use]
pub fn not_a_host(address: IpAddr) -> Option<&'static str> {
    match address.to_canonical() {
        IpAddr::V4(v4) if v4.octets()[0] == 0 => Some("an address of 0.0.0.0/8 (\"this network\")"),
        IpAddr::V4(v4) if v4.is_broadcast() => Some("the broadcast address"),
        IpAddr::V6(v6) if v6.is_unspecified() => Some("the unspecified address"),
        IpAddr::V6(v6) if v6.is_unicast_link_local() => {
            Some("a link-local address, which says nothing without a network interface,")
        }
        other if other.is_multicast() => Some("a multicast address"),
        IpAddr::V4(_) | IpAddr::V6(_) => None,
    }
}

/// The subnet of an address: the /24 of IPv4, the /64 of IPv6. Never `None`, since both lengths are valid.
#[must_use]
pub fn subnet(address: IpAddr) -> Option<IpNetwork> {
    let prefix = if address.is_ipv4() { 24 } else { 64 };
    let network = IpNetwork::new(address, prefix).ok()?;
    IpNetwork::new(network.network(), prefix).ok()
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.socket_address().fmt(f)
    }
}

/// What identifies a host: its endpoint, or a listed name that does not resolve.
#[derive(
    Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, Display,
)]
#[serde(rename_all = "snake_case")]
pub enum HostKey {
    /// An address and port.
    Endpoint(Endpoint),
    /// A name that does not resolve, with the port to connect to.
    #[display("{name}:{port}")]
    Unresolved {
        /// The name as listed, in lower case, without the final dot.
        name: String,
        /// TCP port.
        port: u16,
    },
}

impl HostKey {
    /// The port asked, whichever kind this is.
    #[must_use]
    pub const fn port(&self) -> u16 {
        match self {
            Self::Endpoint(endpoint) => endpoint.port,
            Self::Unresolved { port, .. } => *port,
        }
    }

    /// The endpoint, when there is one.
    #[must_use]
    pub const fn endpoint(&self) -> Option<Endpoint> {
        match self {
            Self::Endpoint(endpoint) => Some(*endpoint),
            Self::Unresolved { .. } => None,
        }
    }
}
