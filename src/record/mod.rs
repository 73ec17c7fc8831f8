//! Scan events as versioned NDJSON, and back.
//!
//! One event per line; the first is `scan_started` with the schema. A recording is replayed through the same fold as a live scan, so
//! that today's rules judge it.

mod compression;
mod describe;
mod json;
mod reader;
pub mod schema;
mod writer;

pub use compression::{compress, decompress};
pub(crate) use describe::describe;
pub use describe::event_schema;
pub(crate) use json::write_json;

/// The longest line, in bytes: none longer is read or written. A plan with a million targets listed one by one fits.
pub const LONGEST_LINE: u64 = 64 * 1024 * 1024;

pub use reader::{Reader, RecordError};
pub use writer::{Writer, append_line};
