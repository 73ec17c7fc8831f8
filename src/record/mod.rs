//! Scan events as versioned NDJSON, and back; and a scan's facts as the events that give them.
//!
//! One event per line, the first is `scan_started` and carries the schema. Whatever was recorded is replayed through the same
//! fold as a live scan, so that findings are always today's. Nothing here judges, draws or reads the clock.

mod describe;
mod json;
mod reader;
mod rebuild;
pub mod schema;
mod writer;

pub(crate) use describe::describe;
pub use describe::event_schema;
pub(crate) use json::write_json;
pub use reader::{Reader, RecordError};
pub use rebuild::{Origin, replay};
pub use writer::Writer;
