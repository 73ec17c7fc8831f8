//! Which address when: order, concurrency, rate, courtesy, rounds, stability attempts, cancellation.
//!
//! One dispatcher task owns all state and emits every event, numbered and in one order; attempts run in tasks of their own
//! that only return a value. Sockets and names are known only through the [`Prober`] trait, so that all of it runs under a
//! paused clock with a fake one.
//!
//! Silence from an address that was never seen is not congestion: it shrinks nothing. Only this machine's own trouble
//! (descriptors, buffers) makes the scan smaller.

mod bounds;
mod candidates;
mod control;
mod courtesy;
mod dispatch;
mod engine;
mod follow_up;
mod limit;
mod lookups;
mod meter;
mod naming;
mod options;
mod outlook;
mod pacer;
mod passed;
mod plan;
mod prober;
mod queue;
mod resolvers;
mod retries;
mod rounds;
#[cfg(test)]
mod tests;

pub use bounds::Connections;
pub use control::CONTROL_CAPACITY;
pub use engine::{EVENT_CAPACITY, run};
pub use options::ScanOptions;
pub use prober::{AttemptRequest, Connect, ConnectFailure, Prober, ResolverHealth};
