//! Attempts, hosts and scans for tests: unit tests, integration tests and benchmarks share them.
//!
//! What a test is not about has the value of a usual host here; a test states only the rest.
#![allow(
    dead_code,
    unused_imports,
    reason = "no crate that includes this uses all of it"
)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "only tests call this, and that is how they fail"
)]

mod attempt;
mod differences;
mod handshake;
mod host;
mod scan;

use jiff::Timestamp;
use rdpscan::model::{Digest, Endpoint};

pub(crate) use attempt::*;
pub(crate) use differences::*;
pub(crate) use handshake::*;
pub(crate) use host::*;
pub(crate) use scan::*;

/// The time as of which test hosts are judged.
pub(crate) fn now() -> Timestamp {
    "2025-06-15T12:00:00Z".parse().unwrap()
}

/// `now`, moved by days.
pub(crate) fn days(count: i64) -> Timestamp {
    Timestamp::from_second(now().as_second() + count * 86_400).unwrap()
}

pub(crate) fn here() -> Endpoint {
    endpoint("10.0.0.5")
}

pub(crate) fn endpoint(address: &str) -> Endpoint {
    Endpoint::new(address.parse().unwrap(), 3389)
}

/// A digest that differs wherever the text does.
pub(crate) fn digest(of: &str) -> Digest<32> {
    let hash = ring::digest::digest(&ring::digest::SHA256, of.as_bytes());
    Digest::try_from(hash.as_ref()).unwrap()
}

/// The names that every sink is tested with. One JSON string per line, so that control codes survive editors and checkouts.
pub(crate) fn nasty_names() -> Vec<String> {
    include_str!("../data/nasty-names.txt")
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}
