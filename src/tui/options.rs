//! What the screens take, and what they return.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::exporter::{ExportFormat, Exporter};
use super::keymap::Keymap;
use super::past::PastScans;
use super::program::Program;
use super::theme::{Palette, Theme};
use crate::changes::Comparison;
use crate::fleet::Fleet;
use crate::model::{Control, Progress, ScanEvent};
use crate::table::{Columns, FilterError, Sort};

/// The running scan: its events, and the channels that control it.
#[derive(Debug)]
pub struct Feed {
    /// Events in order; `None` for a saved scan.
    pub events: Option<mpsc::Receiver<ScanEvent>>,
    pub progress: watch::Receiver<Progress>,
    /// Cancelled to stop the scan.
    pub stop: CancellationToken,
    /// `None` for a saved or watched scan.
    pub control: Option<mpsc::Sender<Control>>,
    /// The newest sweep of a watched scan, as each ends; `None` for other scans.
    pub sweeps: Option<watch::Receiver<Option<Box<Sweep>>>>,
}

/// A sweep of a watched scan that has ended.
#[derive(Debug, Clone)]
pub struct Sweep {
    pub fleet: Fleet,
    /// The changes that it has confirmed; of the first sweep with itself where there is no scan before.
    pub since: Comparison,
}

#[cfg(test)]
impl Sweep {
    /// One in which nothing has changed.
    pub(super) fn unchanged(fleet: Fleet) -> Box<Self> {
        let mut before = crate::changes::Snapshot::of(&fleet).unwrap();
        let after = before.clone();
        before.id.epoch -= 1;
        let since = Comparison::new(&before, &after);
        Box::new(Self { fleet, since })
    }
}

/// How the screens start.
#[derive(Debug)]
pub struct Options {
    pub exporter: Box<dyn Exporter>,
    pub theme: Theme,
    /// Capture the mouse.
    pub mouse: bool,
    pub keymap: Keymap,
    /// In the filter language; empty for none.
    pub filter: String,
    pub columns: Columns,
    pub sort: Sort,
    /// Filters of earlier screens, the newest last.
    pub filters: Vec<String>,
    pub saved: Saved,
    /// Of a saved scan: which, and how old; empty for a scan that runs.
    pub badge: String,
    /// The scans before this one; `None` where there is no history.
    pub past: Option<Arc<dyn PastScans>>,
    /// The time at which a saved scan is opened; `None` for a scan that runs.
    pub today: Option<Timestamp>,
    pub programs: Vec<Program>,
    /// Neither the user nor the settings chose the palette: ask the terminal for its background.
    pub ask_background: bool,
    pub on_exit: OnExit,
    /// Workers at other sites scan, and re-probe nothing.
    pub is_at_sites: bool,
}

impl Options {
    #[must_use]
    pub fn new(exporter: Box<dyn Exporter>) -> Self {
        Self {
            exporter,
            theme: Theme::default(),
            mouse: false,
            keymap: Keymap::default(),
            filter: String::new(),
            columns: Columns::default(),
            sort: Sort::default(),
            filters: Vec::new(),
            saved: Saved::default(),
            badge: String::new(),
            past: None,
            today: None,
            programs: Vec::new(),
            ask_background: false,
            on_exit: OnExit::default(),
            is_at_sites: false,
        }
    }
}

/// What the settings save under names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Saved {
    /// Names and filters.
    pub filters: Vec<(String, String)>,
    /// Names and columns.
    pub columns: Vec<(String, Columns)>,
}

/// What happens to the results when the user quits.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum OnExit {
    /// They are in a file already.
    #[default]
    Saved,
    /// A report is written to this place.
    Report(String),
    /// The history has them.
    Kept,
    /// They are lost, unless the user saves them.
    Discard,
    /// They are lost, and nobody asks: the fleet is simulated.
    Simulated,
}

/// Which actions need the application.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Capabilities {
    /// Formats of exports.
    pub formats: Vec<ExportFormat>,
    /// The scan takes orders: pause, skip, re-probe.
    pub control: bool,
    /// There are sweeps until the scan is stopped.
    pub watch: bool,
    /// No host can be re-probed, since workers at other sites scan.
    pub is_at_sites: bool,
    pub on_exit: OnExit,
}

/// Why the screens cannot open.
#[derive(Debug, thiserror::Error)]
pub enum TuiError {
    #[error("cannot open the screen on this terminal: {0}; use --no-tui for a text table")]
    Terminal(#[source] io::Error),
    #[error("cannot listen for signals: {0}")]
    Signals(#[source] io::Error),
    #[error(transparent)]
    Filter(#[from] FilterError),
}

/// The state when the user quits.
#[derive(Debug)]
pub struct TuiOutcome {
    /// Every event received is folded in.
    pub fleet: Fleet,
    pub columns: Columns,
    pub sort: Sort,
    /// Filters that were in force, those of earlier screens included, the newest last.
    pub filters: Vec<String>,
    /// The palette that the user chose on the screen.
    pub palette: Option<Palette>,
    /// Files and folders written.
    pub written: Vec<PathBuf>,
    /// The user wants the scan saved as JSON, besides `written`.
    pub save: bool,
}
