use std::path::PathBuf;

use super::resolve::Source;
use crate::report::FormatError;
use crate::targets::excerpt;

/// Why there are no settings. Each message is one line with the value, the reason and the way out.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A value that cannot be used.
    #[error("{} `{}`: {reason}; {way_out}", place(origin, key), excerpt(value))]
    Value {
        /// Where it stands.
        origin: Source,
        /// The setting.
        key: &'static str,
        /// The value.
        value: String,
        /// Why it cannot be used.
        reason: String,
        /// What to do.
        way_out: String,
    },
    /// A key in a file that is no setting.
    #[error("{origin}: `{}` is not a setting; {}", excerpt(key), hint(*nearest))]
    UnknownKey {
        /// Where it stands.
        origin: Source,
        /// The key.
        key: String,
        /// The setting that was probably meant.
        nearest: Option<&'static str>,
    },
    /// A `RDPSCAN_` variable that is no setting.
    #[error("environment variable `{}` is not a setting; {}", excerpt(name), hint(nearest.as_deref()))]
    UnknownVariable {
        /// Its name.
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
        /// Its path.
        path: PathBuf,
        /// What the system said; told in the message, so not a source of its own.
        cause: std::io::Error,
    },
    /// A settings file that is not TOML.
    #[error(
        "{origin}: `{}` is not TOML: {reason}; correct the line, or run without the file",
        excerpt(line)
    )]
    Syntax {
        /// Where reading ended.
        origin: Source,
        /// The line.
        line: String,
        /// What the parser said.
        reason: String,
    },
    /// An output file whose extension says nothing about its format.
    #[error("-o: {cause}")]
    UnknownExtension {
        /// What would do.
        cause: FormatError,
    },
}

/// Flags and variables speak for themselves; in a file the key has to be said.
fn place(origin: &Source, key: &str) -> String {
    match origin {
        Source::Flag(_) | Source::Environment(_) => origin.to_string(),
        _ => format!("{origin}: {key}"),
    }
}

fn hint(nearest: Option<&str>) -> String {
    match nearest {
        Some(nearest) => format!("the nearest is `{nearest}`, and `rdpscan config` lists all"),
        None => "`rdpscan config` lists all".to_owned(),
    }
}
