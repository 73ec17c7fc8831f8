//! A simulated RDP fleet on loopback, for tests, screenshots and `rdpscan demo`.
//!
//! A [`Scenario`] is a TOML file that drives the fleet *and* judges the result: every host says how it behaves and what a scan
//! is expected to find. [`Fleet::start`] binds it, [`judge_fleet`] holds the scan against the expectations.
//!
//! Hosts live on `127.77.0.N` with one common port, as in a real network. Linux and Windows let any program bind such an
//! address. Where the system does not (macOS without aliases), the whole fleet moves to `127.0.0.1` with one port per host:
//! see [`Layout`]. Nothing here ever binds or names an address outside loopback.

mod certificate;
mod connection;
mod dns;
mod error;
mod expect;
mod fault;
mod fleet;
mod hello;
mod host;
mod judge;
mod scenario;
mod schedule;
mod silent;
mod spec;
mod tls;
mod visit;
mod zone;

#[cfg(test)]
mod tests;

pub use error::SimError;
pub use expect::{Expect, Wanted};
pub use fleet::{Fleet, Layout, Ports, RunningFleet, SimulatedHost, StartOptions};
pub use judge::{judge, judge_fleet};
pub use scenario::{DnsAnswer, DnsRecord, NameTarget, PtrRecord, Scenario};
pub use spec::{
    Address, CertificateSpec, Credssp, ExtendedUsage, FaultKind, FaultPoint, FaultSpec, Fixture,
    HostDns, HostSpec, Issuer, NtlmSpec, Security, Service, Stack, TargetForm, TlsProfile, Turn,
};
pub use visit::Visit;
