//! Layered settings: flag, then environment, then user file, then the embedded `config/rdpscan.toml`.
//!
//! Every layer gives text, one table of keys (`keys`) reads it, and each value remembers where it came from, for
//! `rdpscan config`. Unknown keys are refused: a setting that is silently ignored is worse than none.

mod error;
mod fail_on;
mod file;
mod keys;
mod nearest;
mod resolve;
mod show;
mod value;

use std::net::SocketAddr;
use std::time::Duration;

pub use error::SettingsError;
pub use fail_on::FailOn;
pub(crate) use nearest::nearest;
pub use resolve::{Environment, Resolved, Source, resolve};
pub use show::{json, text};

use crate::diagnosis::Policy;
use crate::model::DEFAULT_PORT;
use crate::report::Format;
use crate::table::{Columns, Sort};
use crate::tui::Palette;

/// The embedded settings file: complete, commented, and equal to [`Settings::default`].
pub const SAMPLE: &str = include_str!("../../config/rdpscan.toml");

/// Everything that can be set, ready for use.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Settings {
    /// What is done to hosts, and how fast.
    pub scan: ScanSettings,
    /// Name resolution.
    pub names: NameSettings,
    /// What comes out.
    pub output: OutputSettings,
    /// The live table.
    pub screen: ScreenSettings,
    /// Limits of the diagnosis.
    pub policy: Policy,
}

/// The live table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScreenSettings {
    /// Colours; `None` is as they were left the last time.
    pub theme: Option<Palette>,
    /// Only ASCII glyphs, for consoles and fonts without others.
    pub ascii: bool,
    /// Take the mouse from the beginning.
    pub mouse: bool,
    /// Actions on other keys, each as [`crate::tui::keymap::Keymap::rebound`] reads it.
    pub keys: Vec<String>,
}

/// What is done to hosts, and how fast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanSettings {
    /// TCP ports for targets that name none: at least one, each once.
    pub ports: Vec<u16>,
    /// Attempts at every host that answers, at least 1.
    pub attempts: u32,
    /// Time between two attempts at one host.
    pub interval: Duration,
    /// The least time between any two connections to one host.
    pub gap: Duration,
    /// How long to wait for a connection in each round over the silent ones: at least one round.
    pub connect_timeouts: Vec<Duration>,
    /// How long each stage after the connect may take.
    pub timeout: Duration,
    /// When to end the scan with what there is.
    pub max_time: Option<Duration>,
    /// The most connections at once over all hosts; 0 is as many as the machine allows.
    pub concurrency: u32,
    /// The most connections started in a second over all hosts; 0 is no cap.
    pub rate: u32,
    /// Where `concurrency` and `rate` come from unless they were set.
    pub profile: Profile,
    /// Seed of the order; `None` draws one.
    pub seed: Option<u64>,
    /// More than [`crate::targets::ADDRESS_LIMIT`] addresses are meant.
    pub allow_large: bool,
    /// Ask the NTLM question.
    pub ntlm: bool,
    /// Learn whether NLA is demanded.
    pub check_nla: bool,
}

impl Default for ScanSettings {
    fn default() -> Self {
        Self {
            ports: vec![DEFAULT_PORT],
            attempts: 3,
            interval: Duration::from_secs(1),
            gap: Duration::from_millis(250),
            connect_timeouts: [300, 300, 1_100].map(Duration::from_millis).to_vec(),
            timeout: Duration::from_secs(5),
            max_time: None,
            concurrency: Profile::Normal.concurrency(),
            rate: Profile::Normal.rate(),
            profile: Profile::Normal,
            seed: None,
            allow_large: false,
            ntlm: true,
            check_nla: false,
        }
    }
}

/// Name resolution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameSettings {
    /// Look names up at all.
    pub dns: bool,
    /// The servers to ask; empty means the system's resolver and its servers.
    pub servers: Vec<SocketAddr>,
    /// How long one lookup may take.
    pub timeout: Duration,
}

impl Default for NameSettings {
    fn default() -> Self {
        Self {
            dns: true,
            servers: Vec::new(),
            timeout: Duration::from_secs(2),
        }
    }
}

/// What comes out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OutputSettings {
    /// The format asked for, or the one of the output file's extension; `None` when neither says.
    pub format: Option<Format>,
    /// List silent and closed addresses of a sweep too.
    pub all: bool,
    /// No live table, even on a terminal.
    pub no_tui: bool,
    /// Hosts that call for exit status 1.
    pub fail_on: FailOn,
    /// Filter text that [`crate::table::Filter`] can read; empty shows all.
    pub filter: String,
    /// The columns wanted; `None` is the format's own, and on the screen those left the last time.
    pub columns: Option<Columns>,
    /// The order wanted; `None` is the format's own, and on the screen the one left the last time.
    pub sort: Option<Sort>,
    /// No progress line and no notices.
    pub quiet: bool,
}

/// How hard a scan may press on the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Profile {
    /// For thin lines and nervous firewalls.
    Gentle,
    /// For an office network.
    #[default]
    Normal,
    /// For a data centre of one's own.
    Fast,
}

impl Profile {
    /// All, slowest first.
    pub const ALL: [Self; 3] = [Self::Gentle, Self::Normal, Self::Fast];

    /// The word used in settings.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Gentle => "gentle",
            Self::Normal => "normal",
            Self::Fast => "fast",
        }
    }

    /// The most connections at once; 0 is as many as the machine allows.
    #[must_use]
    pub const fn concurrency(self) -> u32 {
        match self {
            Self::Gentle => 64,
            Self::Normal | Self::Fast => 0,
        }
    }

    /// The most connections started in a second.
    #[must_use]
    pub const fn rate(self) -> u32 {
        match self {
            Self::Gentle => 100,
            Self::Normal => 1_000,
            Self::Fast => 5_000,
        }
    }
}
