//! Integration tests, in one binary.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on fails where it stands"
)]

mod architecture;
mod cli;
mod docs;
mod etiquette;
mod explain;
mod fix;
#[cfg(feature = "sim")]
mod fleets;
mod hostile;
#[path = "../kit/mod.rs"]
mod kit;
mod replay;
mod schema;
mod screens;
mod servers;
#[cfg(all(feature = "nats", feature = "sim", unix))]
mod sites;
mod terminal;
#[cfg(feature = "sim")]
mod why;
mod words;
