use std::fmt;
use std::path::PathBuf;

use super::Profile;
use crate::model::ScanId;
use crate::sanitize::excerpt;

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    Default,
    File {
        path: PathBuf,
        /// 1 for the first line.
        line: usize,
    },
    /// The variable's name.
    Environment(String),
    /// With its dashes.
    Flag(String),
    /// The scan that is resumed began with it.
    Scan(ScanId),
    /// The profile decides, and was itself chosen there.
    Profile {
        profile: Profile,
        by: Box<Self>,
    },
}

impl Source {
    /// The layer in one word.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::File { .. } => "file",
            Self::Environment(_) => "environment",
            Self::Flag(_) => "flag",
            Self::Scan(_) => "scan",
            Self::Profile { .. } => "profile",
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => {
                write!(f, "{} line {line}", excerpt(&path.to_string_lossy()))
            }
            Self::Environment(name) | Self::Flag(name) => f.write_str(name),
            Self::Scan(scan) => write!(f, "scan {scan}"),
            Self::Profile { profile, by } => write!(f, "profile {} ({by})", profile.word()),
        }
    }
}

/// The text that a layer gives a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) key: &'static str,
    pub(crate) text: String,
    pub(crate) source: Source,
}
