use std::path::PathBuf;

use super::{Given, Source};
use crate::report::FormatError;
use crate::sanitize::excerpt;
use crate::targets::Refusal;

/// Each message is one line with the value, the reason and the way out.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("{} `{}`: {reason}; {way_out}", place(origin, key), excerpt(value))]
    Value {
        origin: Source,
        key: &'static str,
        value: String,
        reason: String,
        way_out: String,
    },
    /// A key in a file that is no setting.
    #[error("{origin}: `{}` is not a setting; {}", excerpt(key), hint(*nearest))]
    UnknownKey {
        origin: Source,
        key: String,
        /// The setting that was probably meant.
        nearest: Option<&'static str>,
    },
    /// A saved fleet that cannot be one.
    #[error("{origin}: {}: {reason}; {way_out}", excerpt(key))]
    Fleet {
        origin: Source,
        key: String,
        reason: &'static str,
        way_out: &'static str,
    },
    /// `--fleet` with a name that the settings file does not have.
    #[error("--fleet `{}`: no such fleet is saved; {}", excerpt(name), saved(nearest.as_deref(), *count))]
    UnknownFleet {
        name: String,
        /// The fleet that was probably meant.
        nearest: Option<String>,
        /// How many there are.
        count: usize,
    },
    /// A `RDPSCAN_` variable that is no setting.
    #[error("environment variable `{}` is not a setting; {}", excerpt(name), hint(nearest.as_deref()))]
    UnknownVariable {
        name: String,
        /// The variable that was probably meant.
        nearest: Option<String>,
    },
    /// A settings file that cannot be read.
    #[error(
        "settings file `{}` cannot be read: {cause}; correct the path or its permissions, or run without it",
        excerpt(&path.to_string_lossy())
    )]
    Unreadable {
        path: PathBuf,
        /// Part of the message, so not a source of its own.
        cause: std::io::Error,
    },
    #[error(
        "settings file `{}` is longer than {most} bytes; name a settings file, or run without it",
        excerpt(&path.to_string_lossy())
    )]
    TooLong { path: PathBuf, most: u64 },
    /// A settings file that is not TOML.
    #[error(
        "{origin}: `{}` is not TOML: {reason}; correct the line, or run without the file",
        excerpt(line)
    )]
    Syntax {
        origin: Source,
        line: String,
        reason: String,
    },
    /// An output file whose extension is not of a format.
    #[error("-o: {cause}")]
    UnknownExtension { cause: FormatError },
    #[error("the defaults of the settings cannot be read: {0}")]
    Defaults(clap::Error),
}

impl SettingsError {
    pub(super) fn refused(given: &Given, refusal: Refusal) -> Self {
        Self::Value {
            origin: given.source.clone(),
            key: given.key,
            value: given.text.clone(),
            reason: refusal.reason,
            way_out: refusal.way_out,
        }
    }
}

/// Names of flags and variables imply the key; a line of a file does not.
fn place(origin: &Source, key: &str) -> String {
    match origin {
        Source::Flag(_) | Source::Environment(_) => origin.to_string(),
        _ => format!("{origin}: {key}"),
    }
}

fn saved(nearest: Option<&str>, count: usize) -> String {
    match (nearest, count) {
        (Some(nearest), _) => format!("the nearest is `{nearest}`, and `rdpscan fleets` lists all"),
        (None, 0) => "write [fleets.NAME] with its targets into the settings file".to_owned(),
        (None, _) => "`rdpscan fleets` lists all".to_owned(),
    }
}

fn hint(nearest: Option<&str>) -> String {
    match nearest {
        Some(nearest) => format!("the nearest is `{nearest}`, and `rdpscan config` lists all"),
        None => "`rdpscan config` lists all".to_owned(),
    }
}
