//! One attempt at one host: every stage with its own deadline, start, duration and outcome.
//!
//! A bad peer is data: nothing in here returns an error for what the other side did. Every read is bounded in bytes
//! ([`crate::wire::STAGE_LIMIT`] per stage) and in time, every connection ends with FIN, and nothing is sent past the NTLM
//! challenge.

pub mod certificate;
mod chains;
mod connection;
mod credssp;
pub mod dns;
mod graceful_close;
mod live;
mod peek;
mod recording_verifier;
mod signature;
pub mod tcp;
mod timeline;
mod tls;
pub mod trust;
mod x224;

pub use live::{LiveProber, ProbeOptions};
