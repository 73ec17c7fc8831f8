//! The scans that are kept on this machine: their journals, their names (`@last`), and how long they are kept.
//!
//! A journal is the event stream of a scan, as `--format ndjson` writes it, in a folder for its user alone. It is written while the
//! scan runs, is locked by the process that writes it, and is compressed when the scan is complete.

mod acknowledged;
mod folder;
mod index;
mod journal;
mod reference;
mod retention;

pub use acknowledged::{AcknowledgementFile, Acknowledgements};
pub use folder::{HistoryError, JournalFile, JournalFolder, KeptScan, is_watched};
pub use index::{Index, ScanEntry};
pub use journal::{Journal, JournalEnd, start};
pub use reference::Reference;
pub use retention::Keep;
