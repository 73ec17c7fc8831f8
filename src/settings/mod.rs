//! Layered settings: flag, then environment, then user file, then default.
//!
//! A setting is a field of one of the `sections`. Every layer gives texts, the parsers of the fields read them all, and each value
//! keeps its source for errors and `rdpscan config`. Unknown keys are refused, because a setting that is silently ignored is worse
//! than none.

mod arguments;
mod environment;
mod error;
mod fail_on;
mod file;
mod layers;
mod nearest;
mod parse;
mod profile;
mod sections;
mod serialize;
mod show;
mod site;
mod source;

pub(crate) use arguments::{arguments, refusal};
pub use environment::Environment;
pub use error::SettingsError;
pub use fail_on::FailOn;
pub use file::SavedFleet;
pub use layers::Resolved;
pub(crate) use layers::{fleets, resolve};
pub(crate) use nearest::nearest;
pub(crate) use parse::{comparison_format, filter as filter_text, not_blank};
pub use profile::Profile;
pub use sections::{OutputSettings, ScanSettings, Settings};
pub use show::{json, text};
pub(crate) use show::{of_record, of_work, recorded};
pub(crate) use source::Given;
pub use source::Source;

/// The embedded sample file: complete, commented, and a test holds it against the defaults of the fields.
#[cfg(test)]
const SAMPLE: &str = include_str!("../../config/rdpscan.toml");
