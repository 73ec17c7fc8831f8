//! Scans over several sites: a coordinator cuts a scan into shards, workers scan them, and their events come back over NATS
//! `JetStream` to be folded like those of one process.
//!
//! ```text
//!  targets ─► shard ─► work ─(RDPSCAN_WORK)─► worker: scan + probe, behind `allow`
//!                                                │ batch
//!  fleet ◄── coordinator ◄── gate ◄──(RDPSCAN_EVENTS)
//! ```
//! What decides does no I/O: `shard` (who has what), `gate` (which events are believed), `ledger` (what is done), `allow`, `rate`.
//! With the feature `nats`, `transport` connects, and `worker` and `coordinator` run both ends; `exchange` is what the coordinator asks
//! of the two streams, and `presence` which workers respond.

mod allow;
mod batch;
#[cfg(feature = "nats")]
mod coordinator;
#[cfg(feature = "nats")]
mod exchange;
mod gate;
mod ledger;
#[cfg(feature = "nats")]
mod presence;
mod rate;
mod resume;
mod server;
mod shard;
pub mod subjects;
#[cfg(test)]
mod tests;
#[cfg(feature = "nats")]
mod transport;
mod work;
#[cfg(feature = "nats")]
mod worker;

pub use allow::{AllowList, AllowedProber};
pub use batch::{Batch, Batcher, Events, read as read_events};
#[cfg(feature = "nats")]
pub use coordinator::{Coordinator, SitesScan};
pub use gate::{Fault, Gate};
pub use ledger::{Ledger, Lost};
pub use rate::{LiveWorkers, stricter};
pub use resume::Resumed;
pub use server::{LogOn, Server, ServerUrl};
pub use shard::ShardPlan;
pub use subjects::{ANY, Heartbeat, Order};
#[cfg(feature = "nats")]
pub use transport::{Transport, TransportError};
pub use work::{Work, WorkError};
#[cfg(feature = "nats")]
pub use worker::{Job, PrepareError, Worker, WorkerStatus};
