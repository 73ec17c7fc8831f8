//! Which address when: order, concurrency, rate, courtesy, rounds, stability attempts, cancellation.
//!
//! Knows sockets and names only through its own [`Prober`] trait, so that it runs under a paused clock with a fake one.

mod prober;

pub use prober::{AttemptRequest, Connect, ConnectFailure, Prober};
