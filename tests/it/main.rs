//! Integration tests, in one binary.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    unreachable_pub,
    reason = "a test that cannot go on fails where it stands"
)]

mod architecture;
mod cli;
mod etiquette;
mod explain;
mod fleets;
mod hostile;
mod replay;
mod screens;
mod terminal;
