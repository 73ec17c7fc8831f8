//! Which address when: order, concurrency, rate, courtesy, rounds, stability attempts, cancellation.
//!
//! One dispatcher task owns all state and emits every event, numbered and in one order; attempts run in tasks of their own
//! that only return a value. Sockets and names are known only through the [`Prober`] trait, so that all of it runs under a
//! paused clock with a fake one.
//!
//! Silence from an address that was never seen is not congestion: it shrinks nothing. What makes the scan smaller or slower is this
//! machine's own trouble (descriptors, buffers, timers that fire late), hosts that get slow all together, and hosts that answer
//! only when they are asked again.

mod bounds;
mod candidates;
mod checkpoint;
mod clock_watch;
mod contain;
mod control;
mod courtesy;
mod dispatch;
mod engine;
mod follow_up;
mod lag;
mod limit;
mod load;
mod lookups;
mod loss;
mod meter;
mod naming;
mod options;
mod outlook;
mod pacer;
mod plan;
mod queue;
mod resolvers;
mod retries;
mod rounds;
mod silent;
mod tally;
#[cfg(test)]
mod tests;

pub use bounds::Connections;
pub use contain::is_contained;
pub use control::CONTROL_CAPACITY;
pub use engine::{EVENT_CAPACITY, run};
pub use options::ScanOptions;
pub use queue::{NotResumable, Queue};
