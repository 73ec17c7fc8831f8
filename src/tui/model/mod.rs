mod action_target;
mod banners;
mod layout;
mod past;
mod rows;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use ratatui::layout::Size;
use tui_input::Input;

use super::action::MenuKind;
use super::keymap::{Context, Keymap};
use super::options::{Capabilities, OnExit, Saved, Sweep};
use super::past::PastScans;
use super::program::Program;
use super::table_state::{Row, TableState};
use super::theme::{Palette, Theme, Tone};
use crate::fix::ScriptReach;
use crate::fleet::{Exceptions, Fleet, Host, HostId};
use crate::model::{Endpoint, Notice, Progress};
use crate::table::{Filter, FilterError, Overview, OverviewMark, View};
pub(super) use action_target::ActionTarget;
use past::Past;
pub(super) use past::Since;

/// The least time between two sorts that only new events ask for.
pub(super) const RESORT: Duration = Duration::from_millis(250);
/// Hosts evaluated between two keys: one takes up to 50 microseconds.
const EVALUATED_AT_ONCE: usize = 96;

/// The state of the screens. Owned by one loop; only [`super::update()`] changes it.
#[derive(Debug)]
pub struct Model {
    /// The fleet shown.
    pub fleet: Fleet,
    /// While the display is frozen, the fleet that events are folded into.
    pub(super) live: Option<Fleet>,
    pub(super) progress: Progress,
    pub(super) theme: Theme,
    pub keymap: Keymap,
    pub capabilities: Capabilities,
    /// [`Fleet::facts`] when a whole export was started, and when the last one was written.
    pub(super) exporting: Option<u64>,
    pub(super) exported: Option<u64>,
    /// The user wants the scan saved after quitting.
    pub save: bool,
    pub(super) size: Size,
    /// Time since the screens opened, as of the last tick.
    pub(super) now: Duration,
    pub(super) run_state: RunState,
    pub(super) screen: Screen,
    pub(super) overlay: Overlay,
    pub(super) table: TableState,
    /// The bar of the overview whose hosts the table shows.
    pub(super) drill_down: Option<DrillDown>,
    /// The hosts for the action of a menu; otherwise the screen decides.
    pub(super) target: Option<ActionTarget>,
    /// Filters that were in force, the newest last.
    pub(super) filters: Vec<String>,
    pub saved: Saved,
    /// As [`Options::badge`](super::Options::badge).
    pub badge: String,
    pub programs: Vec<Program>,
    /// As [`Options::past`](super::Options::past).
    pub past_scans: Option<Arc<dyn PastScans>>,
    pub(super) past: Past,
    /// What was acknowledged on the screen since the newest sweep came, which the next one may not know yet.
    excepted: Option<Arc<Exceptions>>,
    /// As [`Options::today`](super::Options::today).
    pub today: Option<Timestamp>,
    /// The palette that the user chose on the screen.
    pub(super) palette: Option<Palette>,
    pub(super) mouse: bool,
    pub(super) toast: Option<Toast>,
    /// A file or a folder is being written: one at a time.
    pub(super) writing: bool,
    /// The next frame differs from the last.
    pub(super) dirty: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RunState {
    /// Events may arrive.
    Running,
    /// The scan is asked to stop; the screens close when it has.
    Stopping,
    Ended,
}

#[derive(Debug)]
pub(super) enum Screen {
    Table,
    /// The page of the host under the cursor, scrolled by this many lines.
    Host {
        scroll: usize,
    },
    Overview(Box<OverviewPage>),
}

#[derive(Debug)]
pub(super) struct OverviewPage {
    /// As of the last sort.
    pub(super) overview: Overview,
    pub(super) mark: OverviewMark,
}

/// The query of the table before a bar of the overview was opened, for going back.
#[derive(Debug)]
pub(super) struct DrillDown {
    pub(super) mark: OverviewMark,
    /// The bar's filter, in force since, with the view of all hosts.
    pub(super) applied: String,
    pub(super) filter: Filter,
    pub(super) filter_text: String,
    pub(super) view: View,
}

/// What is drawn over the screen, and takes the keys.
#[derive(Debug)]
pub(super) enum Overlay {
    None,
    Filter(Box<FilterEdit>),
    Menu(Menu),
    Prompt(Box<Prompt>),
    /// The keys or the signs, scrolled by this many lines, and the overlay below.
    Help {
        about: HelpPage,
        /// Lines without this text are left out.
        search: Input,
        scroll: usize,
        below: Box<Overlay>,
    },
    /// An entry of the handbook, scrolled by this many lines.
    Entry {
        key: &'static str,
        scroll: usize,
    },
    ConfirmQuit,
    ConfirmRescan(RescanScope),
    ConfirmFix {
        /// Rows with a remedy, as of when the question opened.
        rows: Vec<HostId>,
        /// Rows selected.
        selected: usize,
        reach: ScriptReach,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HelpPage {
    Keys,
    Signs,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RescanScope {
    Everything,
    /// The hosts of a group, as of when the question opened.
    Group(Vec<Endpoint>),
}

#[derive(Debug)]
pub(super) struct Menu {
    pub(super) kind: MenuKind,
    pub(super) marked: usize,
    /// The search text; only the command palette has one.
    pub(super) input: Input,
    pub(super) target: ActionTarget,
}

/// A question for a line of text.
#[derive(Debug)]
pub(super) struct Prompt {
    pub(super) question: Question,
    pub(super) input: Input,
}

impl Overlay {
    pub(super) fn prompt(question: Question, offered: String) -> Self {
        Self::Prompt(Box::new(Prompt {
            question,
            input: Input::new(offered),
        }))
    }
}

#[derive(Debug)]
pub(super) enum Question {
    /// The file of an export in the format of this index, for the hosts of the menu; unless changed, the name offered stands for
    /// any free one.
    File {
        format: usize,
        target: Option<ActionTarget>,
        hosts: usize,
        offered: String,
    },
    /// How many rows to mark.
    Rows,
    /// Until when, and why, this finding of a host is acknowledged.
    Acknowledge { host: HostId, finding: &'static str },
}

/// The filter line while it is edited.
#[derive(Debug)]
pub(super) struct FilterEdit {
    pub(super) input: Input,
    /// The filter and its text to restore on cancel.
    pub(super) before: (Filter, String),
    /// Why the text is invalid; its valid part is in force meanwhile.
    pub(super) error: Option<FilterError>,
    /// Enter was pressed on an invalid text.
    pub(super) refused: bool,
    /// The place of the text among earlier filters, and what was typed before.
    pub(super) recalled: Option<(usize, String)>,
    /// The suggestion inserted last, from which the next key goes on.
    pub(super) completing: Option<CompletionCycle>,
}

#[derive(Debug)]
pub(super) struct CompletionCycle {
    /// The text before any suggestion was inserted, and the cursor in it.
    pub(super) text: String,
    pub(super) at: usize,
    /// Which suggestion is inserted.
    pub(super) taken: usize,
}

/// A passing message.
#[derive(Debug, Clone)]
pub(super) struct Toast {
    pub(super) text: String,
    pub(super) tone: Tone,
    pub(super) until: Duration,
}

impl Model {
    /// A table over a fleet; `live` when events will arrive.
    #[must_use]
    pub fn new(fleet: Fleet, theme: Theme, live: bool) -> Self {
        let mut model = Self {
            fleet,
            live: None,
            progress: Progress::default(),
            theme,
            keymap: Keymap::default(),
            capabilities: Capabilities::default(),
            exporting: None,
            exported: None,
            save: false,
            size: Size::new(80, 24),
            now: Duration::ZERO,
            run_state: if live {
                RunState::Running
            } else {
                RunState::Ended
            },
            screen: Screen::Table,
            overlay: Overlay::None,
            table: TableState::default(),
            drill_down: None,
            target: None,
            filters: Vec::new(),
            saved: Saved::default(),
            badge: String::new(),
            programs: Vec::new(),
            past_scans: None,
            past: Past::default(),
            excepted: None,
            today: None,
            palette: None,
            mouse: false,
            toast: None,
            writing: false,
            dirty: true,
        };
        model.arrange_now();
        model
    }

    /// The fleet with every event, those received while the display was frozen included.
    #[must_use]
    pub fn into_fleet(self) -> Fleet {
        self.live.unwrap_or(self.fleet)
    }

    /// Hosts shown, in their order.
    #[must_use]
    pub fn rows(&self) -> &[HostId] {
        &self.table.arranged.hosts
    }

    /// The host under the cursor.
    #[must_use]
    pub fn cursor(&self) -> Option<HostId> {
        self.table.host()
    }

    /// The label of the group whose heading is under the cursor.
    #[must_use]
    pub fn group(&self) -> Option<&str> {
        match &self.table.cursor {
            Some(Row::Group(label)) => Some(label),
            Some(Row::Host(_)) | None => None,
        }
    }

    /// Which keys are in force.
    #[must_use]
    pub fn context(&self) -> Context {
        self.context_under(&self.overlay)
    }

    pub(super) fn context_under(&self, overlay: &Overlay) -> Context {
        match overlay {
            Overlay::Filter(_) => Context::Filter,
            Overlay::Menu(menu) => match menu.kind {
                MenuKind::Sort => Context::Sort,
                MenuKind::Columns => Context::Columns,
                MenuKind::Commands => Context::Commands,
                MenuKind::Groups
                | MenuKind::Export
                | MenuKind::Copy
                | MenuKind::Handbook
                | MenuKind::Acknowledge
                | MenuKind::Programs
                | MenuKind::Saved => Context::Menu,
            },
            Overlay::Prompt(_) => Context::Prompt,
            Overlay::Help { .. } => Context::Help,
            Overlay::Entry { .. } => Context::Entry,
            Overlay::ConfirmQuit if self.is_unsaved() => Context::Unsaved,
            Overlay::ConfirmQuit => Context::Quit,
            Overlay::ConfirmRescan(_) => Context::Rescan,
            Overlay::ConfirmFix { .. } => Context::Fix,
            Overlay::None => self.screen_context(),
        }
    }

    pub(super) fn screen_context(&self) -> Context {
        match self.screen {
            Screen::Table => Context::Table,
            Screen::Host { .. } => Context::Host,
            Screen::Overview(_) => Context::Overview,
        }
    }

    pub(super) const fn on_host_page(&self) -> bool {
        matches!(self.screen, Screen::Host { .. })
    }

    /// The host under the cursor.
    pub(super) fn host(&self) -> Option<&Host> {
        self.fleet.host(self.table.host()?)
    }

    /// Whether the table shows the hosts of a bar of the overview, and its query was not changed since.
    pub(super) fn in_drill_down(&self) -> bool {
        self.drill_down.as_ref().is_some_and(|drill_down| {
            self.table.query.view == View::All && self.table.filter_text == drill_down.applied
        })
    }

    pub(super) fn is_running(&self) -> bool {
        self.run_state != RunState::Ended
    }

    /// Whether quitting would lose hosts: no report is written on exit, and no export holds every event.
    pub(super) fn is_unsaved(&self) -> bool {
        let fleet = self.newest();
        let is_lost = match self.capabilities.on_exit {
            OnExit::Discard => true,
            OnExit::Kept => {
                let mut notices = fleet.notices().into_iter();
                notices.any(|notice| matches!(notice, Notice::JournalStopped { .. }))
            }
            OnExit::Saved | OnExit::Report(_) | OnExit::Simulated => false,
        };
        is_lost
            // Events that are not evaluated yet may be hosts.
            && (fleet.summary().hosts > 0 || fleet.is_busy())
            && self.exported != Some(fleet.facts())
    }

    pub(super) fn is_frozen(&self) -> bool {
        self.live.is_some()
    }

    /// The fleet that events are folded into.
    pub(super) fn newest(&self) -> &Fleet {
        self.live.as_ref().unwrap_or(&self.fleet)
    }

    /// Whether the fleet has changed since the rows were arranged, and nothing arranges them now.
    pub(super) fn is_stale(&self) -> bool {
        let arranging = self.table.wanted || self.table.awaited;
        !self.is_frozen() && !arranging && self.table.arranged.revision != self.fleet.revision()
    }

    /// When the next tick has something to do: a message expires, hosts are to be evaluated, or a delayed sort is due.
    pub(super) fn wake_at(&self) -> Option<Duration> {
        let toast = self.toast.as_ref().map(|toast| toast.until);
        let sort = self.is_stale().then_some(self.table.arranged_at + RESORT);
        let evaluation = self.newest().is_busy().then_some(self.now);
        [toast, sort, evaluation, self.comparison_due()]
            .into_iter()
            .flatten()
            .min()
    }

    pub(super) fn set_time(&mut self, now: Duration) {
        self.now = now;
        if self.toast.as_ref().is_some_and(|toast| toast.until <= now) {
            self.toast = None;
            self.dirty = true;
        }
    }

    /// Takes a sweep that has ended, in which hosts have the ids that they had.
    pub(super) fn show_sweep(&mut self, sweep: Box<Sweep>) {
        let Sweep { mut fleet, since } = *sweep;
        self.begin_past(since);
        let excepted = self.excepted.take();
        if let Some(excepted) = excepted.filter(|own| *own != fleet.rules().exceptions) {
            fleet.except(excepted);
        }
        if self.is_frozen() {
            self.live = Some(fleet);
        } else {
            self.fleet = fleet;
            self.arrange();
        }
        self.dirty = true;
    }

    /// Evaluates as many changed hosts as fit between two frames; of the live fleet while the display is frozen.
    pub(super) fn evaluate_some(&mut self) {
        let frozen = self.is_frozen();
        let fleet = self.live.as_mut().unwrap_or(&mut self.fleet);
        if fleet.is_busy() {
            fleet.work(EVALUATED_AT_ONCE);
            self.dirty |= !frozen;
        }
    }

    /// Takes what is acknowledged now; a frozen display shows it when it moves again.
    pub(super) fn except(&mut self, exceptions: Arc<Exceptions>) {
        self.excepted = Some(Arc::clone(&exceptions));
        self.live
            .as_mut()
            .unwrap_or(&mut self.fleet)
            .except(exceptions);
        self.dirty = true;
    }

    /// To be called after each frame.
    pub fn mark_drawn(&mut self) {
        self.dirty = false;
        self.table.seen.clone_from(&self.table.cursor);
    }

    /// Shows a message for a while; failures stay longer.
    pub(super) fn notify(&mut self, text: impl Into<String>, tone: Tone) {
        let seconds = if tone == Tone::Bad { 15 } else { 6 };
        self.toast = Some(Toast {
            text: text.into(),
            tone,
            until: self.now + Duration::from_secs(seconds),
        });
        self.dirty = true;
    }
}
