//! rdpscan: which hosts of a Windows fleet would refuse Remote Desktop, at which stage, and why.
//!
//! ```text
//!  text ─► targets ─► scan (lazy, bounded, cancellable) ─► probe (one host, once) ─► Attempt
//!                                                                                    │ ScanEvent stream (facts only)
//!                                                                                    ▼
//!                                tui | report ◄── fleet (fold) ◄── diagnosis (pure)
//! ```
//! Who may import whom is in `ARCHITECTURE.md`, and a test holds the sources against it.
//!
//! The types that are written and read by others are contracts, and every item of theirs is documented (`missing_docs` below).

#[cfg(test)]
extern crate self as rdpscan;

#[cfg(test)]
#[path = "../tests/kit/mod.rs"]
mod kit;

pub mod app;
pub mod changes;
pub mod cli;
pub mod clock;
pub mod counts;
pub mod diagnosis;
pub mod exit;
pub mod fix;
pub mod fleet;
pub mod history;
#[warn(missing_docs)]
pub mod model;
pub mod pages;
pub mod panic_guard;
pub mod platform;
pub mod probe;
pub mod prober;
#[warn(missing_docs)]
pub mod record;
pub mod report;
pub mod sanitize;
pub mod scan;
pub mod settings;
#[cfg(feature = "sim")]
pub mod sim;
pub mod sites;
pub mod streams;
pub mod table;
pub mod targets;
pub mod tui;
#[warn(missing_docs)]
pub mod wire;
