use std::time::Duration;

use ratatui::layout::Size;
use tui_input::Input;

use super::action::MenuKind;
use super::aim::Aim;
use super::keymap::{Context, Keymap};
use super::list::{List, Row};
use super::offers::{Keeping, Offers};
use super::theme::{Theme, Tone};
use crate::fleet::{Fleet, Host, HostId};
use crate::model::{Endpoint, Progress};
use crate::table::{Columns, Filter, FilterError, Overview, OverviewMark, Sort, View};

/// The least time between two sorts that only new facts ask for.
pub(super) const RESORT: Duration = Duration::from_millis(250);
/// Hosts judged in one go, so that a key never waits for long: one takes up to 50 microseconds.
const JUDGED_AT_ONCE: usize = 96;

/// What the screen knows. Owned by one loop; changed by [`super::update()`] alone.
#[derive(Debug)]
pub struct Model {
    /// What is shown.
    pub(super) fleet: Fleet,
    /// What goes on behind a display that stands still; events are folded into it then.
    pub(super) live: Option<Fleet>,
    pub(super) progress: Progress,
    pub(super) theme: Theme,
    pub(super) keymap: Keymap,
    /// What those around the screen can do for it.
    pub(super) offers: Offers,
    /// How far the fleet was when a whole export of it was asked for, and when one was written.
    pub(super) exporting: Option<u64>,
    pub(super) exported: Option<u64>,
    /// The scan is to be saved when the screen has been left.
    pub(super) save: bool,
    pub(super) size: Size,
    /// Time since the screen opened, as of the last tick.
    pub(super) now: Duration,
    pub(super) phase: Phase,
    pub(super) screen: Screen,
    pub(super) overlay: Overlay,
    pub(super) list: List,
    /// The bar whose hosts the table shows, if they are those of one.
    pub(super) drilled: Option<Drilled>,
    /// What the action under way is for, when a menu gave it; else what the screen shows decides.
    pub(super) aim: Option<Aim>,
    pub(super) mouse: bool,
    pub(super) toast: Option<Toast>,
    /// A file or a folder is being written: one at a time.
    pub(super) writing: bool,
    /// Something visible has changed since the last frame.
    pub(super) dirty: bool,
}

/// What the scan is doing, as far as the screen cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Events may come.
    Scanning,
    /// The scan was asked to stop; the screen leaves when it has.
    Stopping,
    /// No event will come.
    Done,
}

/// What is looked at.
#[derive(Debug)]
pub(super) enum Screen {
    /// All hosts.
    Table,
    /// The host under the cursor, scrolled by this many lines.
    Host { scroll: usize },
    /// The fleet in bars.
    Overview(Box<OverviewPage>),
}

/// The overview as of the last sort.
#[derive(Debug)]
pub(super) struct OverviewPage {
    pub(super) overview: Overview,
    pub(super) mark: OverviewMark,
}

/// What the table showed before a bar of the overview was opened, so that going back undoes it.
#[derive(Debug)]
pub(super) struct Drilled {
    /// The bar.
    pub(super) mark: OverviewMark,
    /// Its filter, in force since, with the view of all hosts.
    pub(super) to: String,
    pub(super) filter: Filter,
    pub(super) filter_text: String,
    pub(super) view: View,
}

/// What lies over the screen.
#[derive(Debug)]
pub(super) enum Overlay {
    /// Nothing.
    None,
    /// The filter line is being edited.
    Filter(Box<FilterEdit>),
    /// A menu.
    Menu(Menu),
    /// The keys, scrolled by this many lines, and what lies below them.
    Help { scroll: usize, below: Box<Overlay> },
    /// The question whether to quit.
    Quit,
    /// The question whether to probe so much anew.
    Rescan(Again),
    /// The question whether to write what mends hosts, as they stood when it came up.
    Fix {
        /// Rows with something to mend.
        rows: Vec<HostId>,
        /// How many were meant.
        meant: usize,
    },
}

/// What is to be probed anew once the question is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Again {
    /// All that the scan was asked for.
    Everything,
    /// The hosts of a group, as they stood when the question came up.
    Group(Vec<Endpoint>),
}

/// An open menu.
#[derive(Debug)]
pub(super) struct Menu {
    pub(super) kind: MenuKind,
    /// The marked line.
    pub(super) marked: usize,
    /// What is typed to find a line; only the palette reads it.
    pub(super) input: Input,
    /// What its lines act on.
    pub(super) aim: Aim,
}

/// The filter line while it is edited.
#[derive(Debug)]
pub(super) struct FilterEdit {
    /// The text and its cursor.
    pub(super) input: Input,
    /// What to go back to.
    pub(super) before: (Filter, String),
    /// Why the text as it stands is no filter; what can be read of it is in force meanwhile.
    pub(super) error: Option<FilterError>,
    /// The text was to be kept as it stands, and could not be.
    pub(super) refused: bool,
    /// The suggestion that was taken last, so that the next key takes the one after it.
    pub(super) completing: Option<Completing>,
}

/// Suggestions being gone through.
#[derive(Debug)]
pub(super) struct Completing {
    /// The text before any suggestion was taken, and the cursor in it.
    pub(super) text: String,
    pub(super) at: usize,
    /// Which suggestion stands in the text.
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
    /// A screen over a fleet; `live` when events will come.
    #[must_use]
    pub fn new(fleet: Fleet, theme: Theme, live: bool) -> Self {
        let mut model = Self {
            fleet,
            live: None,
            progress: Progress::default(),
            theme,
            keymap: Keymap::default(),
            offers: Offers::default(),
            exporting: None,
            exported: None,
            save: false,
            size: Size::new(80, 24),
            now: Duration::ZERO,
            phase: if live { Phase::Scanning } else { Phase::Done },
            screen: Screen::Table,
            overlay: Overlay::None,
            list: List::default(),
            drilled: None,
            aim: None,
            mouse: false,
            toast: None,
            writing: false,
            dirty: true,
        };
        model.arrange_now();
        model
    }

    /// Starts with this filter in force.
    ///
    /// # Errors
    /// When the text is no filter.
    pub fn with_filter(mut self, text: &str) -> Result<Self, FilterError> {
        self.list.filter = Filter::parse(text)?;
        text.trim().clone_into(&mut self.list.filter_text);
        self.arrange_now();
        Ok(self)
    }

    /// Starts in this order.
    #[must_use]
    pub fn with_sort(mut self, sort: Sort) -> Self {
        self.list.sort = sort;
        self.arrange_now();
        self
    }

    /// Starts with these columns.
    #[must_use]
    pub fn with_columns(mut self, columns: Columns) -> Self {
        self.list.columns = columns;
        self
    }

    /// Starts with the mouse taken.
    #[must_use]
    pub fn with_mouse(mut self, mouse: bool) -> Self {
        self.mouse = mouse;
        self
    }

    /// What is worth remembering for the next time: columns, order and looks.
    #[must_use]
    pub fn taste(&self) -> (Columns, Sort, Theme) {
        (self.list.columns.clone(), self.list.sort, self.theme)
    }

    /// Takes these keys.
    #[must_use]
    pub fn with_keymap(mut self, keymap: Keymap) -> Self {
        self.keymap = keymap;
        self
    }

    /// Knows what can be done for it.
    #[must_use]
    pub fn with_offers(mut self, offers: Offers) -> Self {
        self.offers = offers;
        self
    }

    /// The fleet as it is shown.
    #[must_use]
    pub fn fleet(&self) -> &Fleet {
        &self.fleet
    }

    /// Gives the fleet back, with everything that came while the display stood still.
    #[must_use]
    pub fn into_fleet(self) -> Fleet {
        self.live.unwrap_or(self.fleet)
    }

    /// Hosts shown, in their order.
    #[must_use]
    pub fn rows(&self) -> &[HostId] {
        &self.list.hosts
    }

    /// The host under the cursor.
    #[must_use]
    pub fn cursor(&self) -> Option<HostId> {
        self.list.host()
    }

    /// The group whose head is under the cursor, by its label.
    #[must_use]
    pub fn group(&self) -> Option<&str> {
        match &self.list.cursor {
            Some(Row::Group(label)) => Some(label),
            Some(Row::Host(_)) | None => None,
        }
    }

    /// The keys in force.
    #[must_use]
    pub fn keymap(&self) -> &Keymap {
        &self.keymap
    }

    /// Where keys go now.
    #[must_use]
    pub fn context(&self) -> Context {
        self.context_under(&self.overlay)
    }

    /// Where keys go when this lies over the screen.
    pub(super) fn context_under(&self, overlay: &Overlay) -> Context {
        match overlay {
            Overlay::Filter(_) => Context::Filter,
            Overlay::Menu(menu) => match menu.kind {
                MenuKind::Sort => Context::Sort,
                MenuKind::Columns => Context::Columns,
                MenuKind::Palette => Context::Palette,
                MenuKind::Groups | MenuKind::Export | MenuKind::Copy => Context::Menu,
            },
            Overlay::Help { .. } => Context::Help,
            Overlay::Quit if self.is_unsaved() => Context::Unsaved,
            Overlay::Quit => Context::Quit,
            Overlay::Rescan(_) => Context::Rescan,
            Overlay::Fix { .. } => Context::Fix,
            Overlay::None => self.screen_context(),
        }
    }

    /// Where keys go when nothing lies over the screen.
    pub(super) fn screen_context(&self) -> Context {
        match self.screen {
            Screen::Table => Context::Table,
            Screen::Host { .. } => Context::Host,
            Screen::Overview(_) => Context::Overview,
        }
    }

    /// Whether one host's page is looked at.
    pub(super) const fn on_host_page(&self) -> bool {
        matches!(self.screen, Screen::Host { .. })
    }

    /// The host under the cursor.
    pub(super) fn host(&self) -> Option<&Host> {
        self.fleet.host(self.list.host()?)
    }

    /// Whether the table shows the hosts behind a bar of the overview, and nothing was changed since.
    pub(super) fn is_drilled(&self) -> bool {
        self.drilled.as_ref().is_some_and(|drilled| {
            self.list.view == View::All && self.list.filter_text == drilled.to
        })
    }

    /// Whether view and filter let the host under the cursor through.
    pub(super) fn passes(&self) -> bool {
        self.host()
            .is_some_and(|host| self.list.filter.matches(host) && self.list.view.matches(host))
    }

    /// Whether the scan still goes on.
    pub(super) fn scanning(&self) -> bool {
        self.phase != Phase::Done
    }

    /// Whether leaving would lose hosts: nothing will be written, and no file holds all that is known.
    pub(super) fn is_unsaved(&self) -> bool {
        let fleet = self.newest();
        self.offers.keeping == Keeping::Nothing
            // What is not judged yet may be hosts.
            && (fleet.summary().hosts > 0 || fleet.is_busy())
            && self.exported != Some(fleet.facts())
    }

    /// Whether the user left with the wish that the scan be saved.
    #[must_use]
    pub const fn wants_saving(&self) -> bool {
        self.save
    }

    /// Whether the display stands still.
    pub(super) fn frozen(&self) -> bool {
        self.live.is_some()
    }

    /// The fleet that events are folded into.
    pub(super) fn newest(&self) -> &Fleet {
        self.live.as_ref().unwrap_or(&self.fleet)
    }

    /// Whether facts have come since the rows were sorted, and no sort is under way. Rows that stand still are not sorted for the sake of facts.
    pub(super) fn stale(&self) -> bool {
        let sorting = self.list.wanted || self.list.awaited;
        !self.frozen() && !sorting && self.list.sorted_revision != Some(self.fleet.revision())
    }

    /// The next moment at which something happens by itself: a message fades, hosts are to be judged, or a sort that was put off
    /// is due.
    pub(super) fn wake_at(&self) -> Option<Duration> {
        let toast = self.toast.as_ref().map(|toast| toast.until);
        let sort = self.stale().then_some(self.list.sorted_at + RESORT);
        let judging = self.newest().is_busy().then_some(self.now);
        [toast, sort, judging].into_iter().flatten().min()
    }

    /// Takes note of the time.
    pub(super) fn pass(&mut self, now: Duration) {
        self.now = now;
        if self.toast.as_ref().is_some_and(|toast| toast.until <= now) {
            self.toast = None;
            self.dirty = true;
        }
    }

    /// Judges some of the hosts that facts have come of: no more than fit between two frames. A display that stands still stays
    /// as it is, and those behind it are judged.
    pub(super) fn judge_some(&mut self) {
        let frozen = self.frozen();
        let fleet = self.live.as_mut().unwrap_or(&mut self.fleet);
        if fleet.is_busy() {
            fleet.work(JUDGED_AT_ONCE);
            self.dirty |= !frozen;
        }
    }

    /// A listed name is no host any more once it leads to addresses: its page closes.
    pub(super) fn close_page_of_no_host(&mut self) {
        if self.on_host_page() && self.host().is_none() {
            self.screen = Screen::Table;
            self.say(
                "the page was closed: its name leads to addresses now, which are hosts of their own",
                Tone::Notice,
            );
        }
    }

    /// Scrolls the table so far that the cursor is on the screen.
    pub(super) fn keep_in_view(&mut self) {
        let height = super::view::table_rows(self);
        self.list.keep_in_view(height);
    }

    /// A frame shows what there is now.
    pub fn drawn(&mut self) {
        self.dirty = false;
        self.list.seen.clone_from(&self.list.cursor);
    }

    /// Shows a message for a while.
    pub(super) fn say(&mut self, text: impl Into<String>, tone: Tone) {
        /// How long a message stays.
        const STAYS: Duration = Duration::from_secs(6);
        /// How long a message about a failure stays.
        const FAILURE_STAYS: Duration = Duration::from_secs(15);

        self.toast = Some(Toast {
            text: text.into(),
            tone,
            until: self.now
                + match tone {
                    Tone::Bad => FAILURE_STAYS,
                    _ => STAYS,
                },
        });
        self.dirty = true;
    }
}
