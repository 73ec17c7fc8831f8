//! What the screen is given, what it may have done for it, and what it gives back.

use std::fmt;
use std::io;
use std::path::PathBuf;

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::action::Export;
use super::keymap::Keymap;
use super::offers::{Keeping, Offer};
use super::theme::Theme;
use crate::counts::counted;
use crate::fleet::{Fleet, HostId};
use crate::model::{Control, Progress, ScanEvent};
use crate::table::{Columns, FilterError, Sort};

/// What those around the screen do for it. Every answer is told on the screen: a path, or a reason in words.
///
/// Files and folders are written on a thread of their own.
pub trait Outlet: Send + Sync {
    /// The formats of exports, in the order of the menu.
    fn formats(&self) -> Vec<Offer>;

    /// Writes rows of a fleet to a new file.
    ///
    /// # Errors
    /// Why not, in words.
    fn export(&self, fleet: &Fleet, wanted: &Export) -> Result<PathBuf, String>;

    /// Writes a new folder of scripts and lists that mend these hosts.
    ///
    /// # Errors
    /// Why not, in words.
    fn fix(&self, fleet: &Fleet, rows: &[HostId]) -> Result<FixFolder, String>;

    /// Keeps a text that was copied in a file too, for terminals that cannot be told to copy.
    ///
    /// # Errors
    /// Why not, in words.
    fn keep(&self, text: &str) -> Result<PathBuf, String>;
}

/// A folder that mends, as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FixFolder {
    /// Where.
    pub path: PathBuf,
    /// Scripts in it.
    pub scripts: usize,
    /// Hosts that they are for.
    pub hosts: usize,
    /// Names that no script may carry.
    pub refused: usize,
}

impl fmt::Display for FixFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "wrote {}: {} for {}",
            self.path.display(),
            counted(self.scripts as u64, "script", "scripts"),
            counted(self.hosts as u64, "host", "hosts"),
        )?;
        if self.refused > 0 {
            let refused = counted(self.refused as u64, "name", "names");
            write!(f, "; {refused} refused, see refused.csv")?;
        }
        Ok(())
    }
}

/// Where facts come from, and how the scan is stopped.
pub struct Feed {
    /// Events in order; `None` for a saved scan.
    pub events: Option<mpsc::Receiver<ScanEvent>>,
    /// Where the scan stands.
    pub progress: watch::Receiver<Progress>,
    /// Cancelled when the user wants the scan to stop.
    pub stop: CancellationToken,
    /// Takes orders to the scan; `None` for a saved one.
    pub control: Option<mpsc::Sender<Control>>,
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed").finish_non_exhaustive()
    }
}

/// How the screen behaves.
pub struct Options {
    /// Writes what leaves the screen.
    pub outlet: Box<dyn Outlet>,
    /// Looks.
    pub theme: Theme,
    /// Take the mouse from the beginning.
    pub mouse: bool,
    /// Which key does what.
    pub keymap: Keymap,
    /// The filter to begin with, in the language of `/`; empty for none.
    pub filter: String,
    /// The columns to begin with.
    pub columns: Columns,
    /// The order to begin with.
    pub sort: Sort,
    /// What becomes of the scan when the screen is left.
    pub keeping: Keeping,
    /// Whether the code that runs right now is a task whose panic costs that task alone: the screen then stays as it is.
    pub is_contained: fn() -> bool,
}

impl Options {
    /// The usual looks and keys, and no filter.
    #[must_use]
    pub fn new(outlet: Box<dyn Outlet>) -> Self {
        Self {
            outlet,
            theme: Theme::default(),
            mouse: false,
            keymap: Keymap::default(),
            filter: String::new(),
            columns: Columns::default(),
            sort: Sort::default(),
            keeping: Keeping::default(),
            is_contained: || false,
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("theme", &self.theme)
            .field("filter", &self.filter)
            .finish_non_exhaustive()
    }
}

/// Why the screen could not open. Once open, it always gives the fleet back.
#[derive(Debug, thiserror::Error)]
pub enum TuiError {
    /// The terminal refused.
    #[error("cannot open the screen on this terminal: {0}; use --no-tui for a text table")]
    Terminal(#[source] io::Error),
    /// No way to hear signals.
    #[error("cannot listen for signals: {0}")]
    Signals(#[source] io::Error),
    /// The filter to begin with is none.
    #[error(transparent)]
    Filter(#[from] FilterError),
}

/// What remains when the screen has been left.
#[derive(Debug)]
pub struct Left {
    /// Every host, with every event taken in.
    pub fleet: Fleet,
    /// The columns as they stood.
    pub columns: Columns,
    /// The order as it stood.
    pub sort: Sort,
    /// The looks as they stood.
    pub theme: Theme,
    /// Files and folders that were written.
    pub written: Vec<PathBuf>,
    /// The user wants the scan saved: as JSON, beside what the screen writes.
    pub save: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_fixes_is_told_with_what_is_in_it() {
        let mut folder = FixFolder {
            path: "./rdpscan-fix".into(),
            scripts: 14,
            hosts: 1_047,
            refused: 0,
        };
        let told = folder.to_string();
        assert_eq!(told, "wrote ./rdpscan-fix: 14 scripts for 1,047 hosts");
        (folder.scripts, folder.hosts, folder.refused) = (1, 1, 2);
        let told = folder.to_string();
        let expected = "wrote ./rdpscan-fix: 1 script for 1 host; 2 names refused, see refused.csv";
        assert_eq!(told, expected);
    }
}
