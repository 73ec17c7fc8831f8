//! A simulated RDP fleet on loopback, for tests, screenshots and `rdpscan demo`.
//!
//! A [`Scenario`] is a TOML file with the behavior of every host and the expected result of a scan. [`SimulatedFleet::start`] binds
//! it; tests compare the result with the expectations.
//!
//! Hosts have addresses `127.77.0.N` and one common port. Where the system does not let programs bind such addresses (macOS
//! without aliases), all hosts are on `127.0.0.1` with one port each: see [`Layout`]. INVARIANT: nothing binds or names an
//! address outside loopback.

mod accept;
mod certificate;
mod connection;
mod connection_log;
mod dns;
mod error;
mod fault;
mod fleet;
mod hello;
mod host;
mod scenario;
mod schedule;
mod silent;
mod spec;
mod tls;
mod zone;

#[cfg(test)]
mod tests;

pub use connection_log::ConnectionRecord;
pub use error::SimError;
pub use fleet::{Layout, Ports, SimulatedFleet, SimulatedHost, StartOptions};
pub use scenario::{DnsAnswer, DnsRecord, NameSpec, PtrRecord, Scenario};
pub use spec::{
    Address, CertificateSpec, Credssp, ExtendedUsage, FaultKind, FaultPoint, FaultSpec, Fixture,
    HostDns, HostSpec, Issuer, NtlmSpec, PastCertificate, PastSpec, PatternStep, Security, Service,
    Stack, TargetForm, TlsProfile,
};
