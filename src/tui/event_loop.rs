//! The only part of the screen that touches the outside: keys in, events in, frames out.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossterm::event::{Event, KeyEventKind};
use ratatui::Terminal;
use ratatui::backend::Backend;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::action::{Action, Effect};
use super::keymap;
use super::model::Model;
use super::signals::Ending;
use super::terminal::{self, Guard};
use super::theme::Theme;
use super::update::update;
use super::view;
use crate::clock;
use crate::fleet::Fleet;
use crate::model::{Progress, ScanEvent};
use crate::table::FilterError;

/// The least time between two frames: about 15 a second.
const FRAME: Duration = Duration::from_millis(66);
/// Events folded in one go, so that a key never waits for long.
const BATCH: usize = 256;
/// How often an idle screen looks whether its terminal is still there.
const PULSE: Duration = Duration::from_secs(2);
/// How long the end of a scan is waited for after the terminal has gone.
const GRACE: Duration = Duration::from_secs(5);
/// How often the key reader looks whether it is still wanted.
const KEY_POLL: Duration = Duration::from_millis(250);

/// Writes rows of a fleet to a file: the fleet, indices into its hosts in the order shown, and whether nothing is left out.
/// Gives the path, or a reason in words.
pub type Exporter = Box<dyn Fn(&Fleet, &[usize], bool) -> Result<PathBuf, String> + Send>;

/// Where facts come from, and how the scan is stopped.
pub struct Feed {
    /// Events in order; `None` for a saved scan.
    pub events: Option<mpsc::Receiver<ScanEvent>>,
    /// Where the scan stands.
    pub progress: watch::Receiver<Progress>,
    /// Cancelled when the user wants the scan to stop.
    pub stop: CancellationToken,
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed").finish_non_exhaustive()
    }
}

/// How the screen behaves.
pub struct Options {
    /// Writes an export.
    pub export: Exporter,
    /// Looks.
    pub theme: Theme,
    /// The filter to begin with, in the language of `/`; empty for none.
    pub filter: String,
}

impl Options {
    /// The usual looks and no filter.
    #[must_use]
    pub fn new(export: Exporter) -> Self {
        Self {
            export,
            theme: Theme::default(),
            filter: String::new(),
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

/// Shows a fleet, live while `feed` has events, until the user leaves, the process is told to end or the terminal goes away.
///
/// The fleet that comes back holds every event taken in; those still under way stay in `feed`, so that whoever writes the
/// report can take them in too.
///
/// # Errors
/// Only when the screen cannot open; the scan is then untouched.
pub async fn run(fleet: Fleet, feed: &mut Feed, options: Options) -> Result<Fleet, TuiError> {
    let model =
        Model::new(fleet, options.theme, feed.events.is_some()).with_filter(&options.filter)?;
    let mut ending = Ending::listen().map_err(TuiError::Signals)?;
    let (guard, mut screen) = Guard::take().map_err(TuiError::Terminal)?;
    let mut keys = Keys::read();
    let outside = Outside {
        keys: &mut keys.receiver,
        ended: async move { ending.told().await },
        alive: terminal::is_ours,
        export: &options.export,
    };
    let model = drive(&mut screen, outside, feed, model).await;
    terminal::close(guard, screen);
    Ok(model.into_fleet())
}

/// Reads the terminal's events on a thread of its own.
///
/// Not through crossterm's stream: on a terminal that was closed, crossterm 0.29 reads forever inside of its poll, and a task
/// that polls the stream would never come back to write the reports. A thread that hangs ends with the process.
struct Keys {
    receiver: mpsc::Receiver<Event>,
    wanted: Arc<AtomicBool>,
}

impl Keys {
    fn read() -> Self {
        let (sender, receiver) = mpsc::channel(64);
        let wanted = Arc::new(AtomicBool::new(true));
        let asked = Arc::clone(&wanted);
        std::thread::spawn(move || {
            while asked.load(Ordering::Relaxed) {
                let event = match crossterm::event::poll(KEY_POLL) {
                    Ok(false) => continue,
                    Ok(true) => crossterm::event::read(),
                    Err(error) => Err(error),
                };
                match event {
                    Ok(event) => {
                        if sender.blocking_send(event).is_err() {
                            return;
                        }
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    // No more keys. The loop takes the closed channel for a closed terminal.
                    Err(_) => return,
                }
            }
        });
        Self { receiver, wanted }
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.wanted.store(false, Ordering::Relaxed);
    }
}

/// The machine around the loop, so that tests can be it.
struct Outside<'a, E> {
    keys: &'a mut mpsc::Receiver<Event>,
    /// Completes when the process is told to end.
    ended: E,
    /// Whether there is a terminal to draw to.
    alive: fn() -> bool,
    export: &'a Exporter,
}

async fn drive<B: Backend, E: Future<Output = ()>>(
    terminal: &mut Terminal<B>,
    outside: Outside<'_, E>,
    feed: &mut Feed,
    mut model: Model,
) -> Model {
    let Outside {
        keys,
        ended,
        alive,
        export,
    } = outside;
    let Feed {
        events,
        progress,
        stop,
    } = feed;
    let mut ended = pin!(ended);
    let started = clock::monotonic();
    let mut drawn: Option<Instant> = None;
    let mut progress_open = true;
    // Once the terminal has gone, only the end of the scan is waited for, until this deadline.
    let mut gone: Option<Instant> = None;
    let mut batch = Vec::with_capacity(BATCH);

    let told = *progress.borrow_and_update() != Progress::default();
    if told {
        let now = progress.borrow().clone();
        update(&mut model, Action::Progress(Box::new(now)));
    }
    loop {
        let now = clock::monotonic();
        let frame_due = drawn.map_or(now, |drawn| drawn + FRAME);
        if gone.is_none() && model.dirty && frame_due <= now {
            if !alive() || !paint(terminal, &mut model) {
                gone = Some(now + GRACE);
                stop.cancel();
            }
            drawn = Some(now);
        }
        if gone.is_some_and(|deadline| events.is_none() || deadline <= now) {
            break;
        }
        let wake = model.wake_at().map_or(now + PULSE, |at| started + at);
        let wake = gone.unwrap_or(wake.min(now + PULSE));
        let action = tokio::select! {
            biased;
            () = &mut ended, if gone.is_none() => Action::Terminate,
            event = keys.recv(), if gone.is_none() => match event {
                Some(Event::Key(key)) if key.kind == KeyEventKind::Press => {
                    let Some(action) = keymap::action(model.context(), &key) else {
                        continue;
                    };
                    action
                }
                Some(Event::Resize(width, height)) => Action::Resize(width, height),
                Some(_) => continue,
                None => Action::Terminate,
            },
            () = sleep_until(frame_due), if gone.is_none() && model.dirty => continue,
            changed = progress.changed(), if progress_open => {
                progress_open = changed.is_ok();
                let now = progress.borrow_and_update().clone();
                Action::Progress(Box::new(now))
            }
            count = receive(events, &mut batch), if events.is_some() => {
                if count == 0 {
                    *events = None;
                    Action::StreamEnded
                } else {
                    Action::Events(std::mem::take(&mut batch))
                }
            }
            () = sleep_until(wake) => {
                if gone.is_none() && !alive() {
                    Action::Terminate
                } else {
                    Action::Tick(clock::monotonic() - started)
                }
            }
        };
        if action == Action::Terminate {
            gone = Some(clock::monotonic() + GRACE);
        }
        update(&mut model, Action::Tick(clock::monotonic() - started));
        if perform(&mut model, action, stop, export) {
            break;
        }
    }
    model
}

/// Folds an action in and does what it asks for; true when the screen is to be left.
fn perform(model: &mut Model, action: Action, stop: &CancellationToken, export: &Exporter) -> bool {
    let mut leave = false;
    for effect in update(model, action) {
        match effect {
            Effect::Quit => leave = true,
            Effect::StopScan => stop.cancel(),
            Effect::Export { rows, whole } => {
                let result = export(model.fleet(), &rows, whole);
                update(model, Action::Exported(result));
            }
        }
    }
    leave
}

/// Draws a frame; false when the terminal does not take it.
fn paint<B: Backend>(terminal: &mut Terminal<B>, model: &mut Model) -> bool {
    if let Ok(size) = terminal.size()
        && size != model.size
    {
        update(model, Action::Resize(size.width, size.height));
    }
    match terminal.draw(|frame| view::draw(model, frame)) {
        Ok(_) => {
            model.dirty = false;
            true
        }
        Err(error) => {
            tracing::warn!(%error, "The terminal takes no more frames");
            false
        }
    }
}

async fn receive(
    events: &mut Option<mpsc::Receiver<ScanEvent>>,
    batch: &mut Vec<ScanEvent>,
) -> usize {
    match events {
        Some(events) => events.recv_many(batch, BATCH).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::sync::Mutex;

    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
    use jiff::Timestamp;
    use ratatui::backend::TestBackend;

    use super::*;
    use crate::diagnosis::Policy;
    use crate::model::{EventBody, Notice, ScanEnd, ScanStatus, Subject, UnlistedCounts};

    /// A scan that ends as soon as it is told to stop, having said a last word.
    fn scan(notices: u16) -> Feed {
        let (sender, receiver) = mpsc::channel(4);
        let (_, progress) = watch::channel(Progress::default());
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        tokio::spawn(async move {
            let event = |seq: u64, body| ScanEvent {
                run_id: "r".into(),
                source: "s".into(),
                seq,
                at: Timestamp::UNIX_EPOCH,
                body,
            };
            for number in 0..notices {
                let subject = Subject::Unresolved {
                    name: format!("host{number}"),
                    port: 3389,
                };
                let body = EventBody::Noticed(Notice::Skipped { subject });
                sender.send(event(u64::from(number), body)).await.unwrap();
            }
            stopped.cancelled().await;
            let end = ScanEnd {
                status: ScanStatus::Interrupted,
                endpoints_probed: 0,
                unlisted: UnlistedCounts::default(),
                answered_on_retry: 0,
            };
            let end = event(u64::from(notices), EventBody::ScanFinished(end));
            sender.send(end).await.unwrap();
        });
        Feed {
            events: Some(receiver),
            progress,
            stop,
        }
    }

    fn no_export() -> Exporter {
        Box::new(|_, _, _| Err("not asked for".to_owned()))
    }

    fn model(live: bool) -> Model {
        Model::new(Fleet::new(Policy::default()), Theme::default(), live)
    }

    fn press(c: char, modifiers: KeyModifiers) -> Event {
        Event::Key(KeyEvent::new(KeyCode::Char(c), modifiers))
    }

    async fn run_with<E: Future<Output = ()>>(
        typed: &[Event],
        ended: E,
        alive: fn() -> bool,
        mut feed: Feed,
        export: Exporter,
    ) -> Fleet {
        let (sender, mut keys) = mpsc::channel(64);
        for event in typed {
            sender.send(event.clone()).await.unwrap();
        }
        let model = model(feed.events.is_some());
        let outside = Outside {
            keys: &mut keys,
            ended,
            alive,
            export: &export,
        };
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
        let model = drive(&mut terminal, outside, &mut feed, model).await;
        drop(sender);
        model.into_fleet()
    }

    fn interrupted(fleet: &Fleet) -> bool {
        fleet
            .end()
            .is_some_and(|end| end.status == ScanStatus::Interrupted)
    }

    #[tokio::test(start_paused = true)]
    async fn ctrl_c_stops_the_scan_and_waits_for_its_last_word() {
        let typed = [press('c', KeyModifiers::CONTROL)];
        let fleet = run_with(&typed, pending(), || true, scan(3), no_export()).await;
        assert!(interrupted(&fleet));
        assert_eq!(fleet.notices().len(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_second_ctrl_c_does_not_wait() {
        let (sender, receiver) = mpsc::channel(1);
        let (_, progress) = watch::channel(Progress::default());
        let feed = Feed {
            events: Some(receiver),
            progress,
            stop: CancellationToken::new(),
        };
        let stop = feed.stop.clone();
        let twice = [
            press('c', KeyModifiers::CONTROL),
            press('c', KeyModifiers::CONTROL),
        ];
        let fleet = run_with(&twice, pending(), || true, feed, no_export()).await;
        assert!(stop.is_cancelled());
        assert!(fleet.end().is_none());
        drop(sender);
    }

    #[tokio::test(start_paused = true)]
    async fn a_signal_stops_the_scan_and_keeps_what_came() {
        let fleet = run_with(&[], ready(()), || true, scan(3), no_export()).await;
        assert!(interrupted(&fleet));
        assert_eq!(fleet.notices().len(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_terminal_that_went_away_stops_the_scan_too() {
        let fleet = run_with(&[], pending(), || false, scan(3), no_export()).await;
        assert!(interrupted(&fleet));
    }

    #[tokio::test(start_paused = true)]
    async fn a_scan_that_does_not_end_is_not_waited_for_without_a_terminal() {
        let (sender, receiver) = mpsc::channel(1);
        let (_, progress) = watch::channel(Progress::default());
        let feed = Feed {
            events: Some(receiver),
            progress,
            stop: CancellationToken::new(),
        };
        let fleet = run_with(&[], pending(), || false, feed, no_export()).await;
        assert!(fleet.end().is_none());
        drop(sender);
    }

    #[tokio::test(start_paused = true)]
    async fn a_saved_scan_is_left_by_q() {
        let (_, progress) = watch::channel(Progress::default());
        let feed = Feed {
            events: None,
            progress,
            stop: CancellationToken::new(),
        };
        let typed = [press('q', KeyModifiers::NONE)];
        let fleet = run_with(&typed, pending(), || true, feed, no_export()).await;
        assert!(fleet.hosts().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn export_calls_back_with_the_rows_shown() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&seen);
        let export: Exporter = Box::new(move |_, rows, whole| {
            sink.lock().unwrap().push((rows.to_vec(), whole));
            Ok("out.json".into())
        });
        let (events, receiver) = mpsc::channel(1);
        let (_, progress) = watch::channel(Progress::default());
        let mut feed = Feed {
            events: Some(receiver),
            progress,
            stop: CancellationToken::new(),
        };
        let body = EventBody::TargetResolved {
            name: "gone.example".into(),
            port: 3389,
            endpoints: Vec::new(),
            excluded: 0,
            lookups: Vec::new(),
        };
        events
            .send(ScanEvent {
                run_id: "r".into(),
                source: "s".into(),
                seq: 0,
                at: Timestamp::UNIX_EPOCH,
                body,
            })
            .await
            .unwrap();
        drop(events);
        let (sender, mut keys) = mpsc::channel(4);
        let hands = tokio::spawn(async move {
            // The row comes before the key does.
            tokio::time::sleep(Duration::from_secs(3)).await;
            sender.send(press('e', KeyModifiers::NONE)).await.unwrap();
            sender.send(press('q', KeyModifiers::NONE)).await.unwrap();
            sender
        });
        let outside = Outside {
            keys: &mut keys,
            ended: pending(),
            alive: || true,
            export: &export,
        };
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
        drive(&mut terminal, outside, &mut feed, model(true)).await;
        drop(hands.await);
        assert_eq!(*seen.lock().unwrap(), [(vec![0], true)]);
    }
}
