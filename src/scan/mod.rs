//! The order of a scan: which address when, how many at once, how fast, how often, and when it ends.
//!
//! `engine` takes every decision without I/O, from four parts: `discovery` (what is to be probed), `hosts` (how far each has
//! come), `lookups` (names) and `in_flight` (connections and their limits). The driver runs it: tasks, channels, timers.
//! Sockets and resolvers are known only through [`crate::prober::Prober`].
//!
//! Silence from an address never seen is not congestion, and reduces nothing. What makes the scan smaller or slower is trouble of
//! this machine (descriptors, buffers, late timers), hosts that get slow all together, and hosts that answer only on retry.

mod clock_watch;
mod connection_task;
mod discovery;
mod driver;
mod endpoint_counts;
mod engine;
mod hosts;
mod in_flight;
mod job;
mod lookup_task;
mod lookups;
mod meter;
mod options;
mod resume;
#[cfg(test)]
mod tests;
mod timer_lag;

pub use discovery::{NotResumable, Queue};
pub use driver::{CONTROL_CAPACITY, EVENT_CAPACITY, run};
pub use hosts::Connections;
pub use options::ScanOptions;
pub use resume::{Replay, Resume, Work};
