//! The only part of the screens that does I/O: keys and events in, frames out.

use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{Event, KeyEventKind, MouseButton, MouseEventKind};
use ratatui::Terminal;
use ratatui::backend::Backend;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::action::{Action, Effect, Move};
use super::arrange::ArrangedRows;
use super::background::Background;
use super::background_reply::{BackgroundReply, Input};
use super::effects::{EffectContext, perform};
use super::exporter::Exporter;
use super::input::InputReader;
use super::model::Model;
use super::options::{Capabilities, Feed, Options, Sweep, TuiError, TuiOutcome};
use super::past::PastAnswer;
use super::signals;
use super::terminal::{self, Stdout, TerminalGuard, TerminalIo};
use super::update::{turn, update};
use super::view;
use crate::clock;
use crate::fleet::Fleet;
use crate::model::ScanEvent;
use crate::streams;

/// The least time between two frames: about 15 a second.
const FRAME: Duration = Duration::from_millis(66);
/// Events folded in one turn, so that a key never waits for long.
const BATCH: usize = 128;
/// How often an idle screen checks whether its terminal is still there.
const TERMINAL_CHECK: Duration = Duration::from_secs(2);
/// How long to wait for the end of the scan after the terminal has closed.
const END_TIMEOUT: Duration = Duration::from_secs(5);

/// Shows a fleet, live while `feed` has events, until the user quits, the process is asked to end or the terminal closes.
///
/// The fleet returned holds every event received; the caller can take those still in `feed`.
///
/// # Errors
/// Only when the screens cannot open; the scan is then untouched.
pub async fn run(fleet: Fleet, feed: &mut Feed, options: Options) -> Result<TuiOutcome, TuiError> {
    let mut model = Model::new(fleet, options.theme, feed.events.is_some());
    model.capabilities = Capabilities {
        formats: options.exporter.formats(),
        control: feed.control.is_some(),
        watch: feed.sweeps.is_some(),
        is_at_sites: options.is_at_sites,
        on_exit: options.on_exit,
    };
    model.keymap = options.keymap;
    model.mouse = options.mouse;
    model.table.columns = options.columns;
    model.filters = options.filters;
    model.saved = options.saved;
    model.badge = options.badge;
    model.past_scans = options.past;
    model.today = options.today;
    model.programs = options.programs;
    model.table.query.sort = options.sort;
    model.set_filter(&options.filter)?;
    let shutdown = signals::shutdown_signal().map_err(TuiError::Signals)?;
    let continued = signals::Continued::listen().map_err(TuiError::Signals)?;
    let (guard, mut canvas) = TerminalGuard::take().map_err(TuiError::Terminal)?;
    let mut input = InputReader::start();
    let mut stdout = Stdout::new(input.gate());
    if options.mouse {
        stdout.capture_mouse(true);
    }
    let asked = options.ask_background && terminal::ask_background();
    let io = LoopIo {
        keys: &mut input.receiver,
        reply: BackgroundReply::expected(asked, clock::monotonic()),
        shutdown,
        continued,
        is_alive: terminal::is_ours,
        terminal: &mut stdout,
        exporter: Arc::from(options.exporter),
    };
    // On the heap: the future of the caller stays small.
    let (mut model, written) = Box::pin(drive(&mut canvas, io, feed, model)).await;
    terminal::close(guard, canvas);
    Ok(TuiOutcome {
        columns: model.table.columns.clone(),
        sort: model.table.sort_before.unwrap_or(model.table.query.sort),
        filters: std::mem::take(&mut model.filters),
        palette: model.palette,
        save: model.save,
        fleet: model.into_fleet(),
        written,
    })
}

/// The I/O of the loop, which tests replace.
struct LoopIo<'a, E> {
    keys: &'a mut mpsc::Receiver<Event>,
    reply: BackgroundReply,
    /// Completes when the process is asked to end.
    shutdown: E,
    continued: signals::Continued,
    /// Whether there is a terminal to draw to.
    is_alive: fn() -> bool,
    terminal: &'a mut dyn TerminalIo,
    exporter: Arc<dyn Exporter>,
}

/// The first of what is due, and of a limit.
fn soonest(limit: Instant, due: [Option<Instant>; 2]) -> Instant {
    due.into_iter().flatten().fold(limit, Instant::min)
}

async fn drive<B: Backend, E: Future<Output = ()>>(
    canvas: &mut Terminal<B>,
    mut io: LoopIo<'_, E>,
    feed: &mut Feed,
    mut model: Model,
) -> (Model, Vec<PathBuf>) {
    let Feed {
        events,
        progress,
        stop,
        control,
        sweeps,
    } = feed;
    let mut context = EffectContext::new(io.terminal, stop, control.as_ref(), io.exporter);
    let mut shutdown = pin!(io.shutdown);
    let started = clock::monotonic();
    let mut drawn: Option<Instant> = None;
    let mut progress_open = true;
    // Once the terminal has closed, the loop only waits for the end of the scan, until this deadline.
    let mut closed: Option<Instant> = None;
    let mut batch = Vec::with_capacity(BATCH);

    let first = progress.borrow_and_update().clone();
    // That of a scan that has not begun changes nothing.
    update(&mut model, Action::Progress(Box::new(first)));
    let mut arranging = Background::idle();
    let mut asking = Background::idle();
    loop {
        start_wanted(&mut model, &mut arranging, &mut asking);
        let now = clock::monotonic();
        let frame_due = drawn.map_or(now, |drawn| drawn + FRAME);
        let is_lent = context.launcher.is_lent;
        let is_shown = closed.is_none() && context.suspended.is_none() && !is_lent;
        if is_shown && model.dirty && frame_due <= now {
            // A terminal that has not taken the last frame gets the next one in its turn.
            if !(io.is_alive)() || !(context.terminal.is_busy() || paint(canvas, &mut model)) {
                closed = Some(now + END_TIMEOUT);
                stop.cancel();
            }
            drawn = Some(now);
        }
        if closed.is_some_and(|deadline| events.is_none() || deadline <= now) {
            break;
        }
        let due = [model.wake_at().map(|at| started + at), context.suspended];
        let wake = closed.unwrap_or(soonest(now + TERMINAL_CHECK, due));
        let action = tokio::select! {
            biased;
            () = &mut shutdown, if closed.is_none() => Action::Terminate,
            () = io.continued.next(), if closed.is_none() && !is_lent => {
                context.resume(canvas, &mut model);
                continue;
            }
            (message, is_free) = context.launcher.ended(), if closed.is_none() => {
                if is_free {
                    context.take_back(io.keys, canvas, &mut model);
                }
                Action::Message(message)
            }
            event = io.keys.recv(), if closed.is_none() && !is_lent => {
                let Some(action) = typed(&model, &mut io.reply, event) else { continue };
                action
            }
            () = sleep_until(frame_due), if is_shown && model.dirty => continue,
            action = context.export_task.done(), if context.export_task.is_busy() => action,
            rows = arranging.done(), if arranging.is_busy() => Action::RowsArranged(rows),
            found = asking.done(), if asking.is_busy() => Action::PastFound(found),
            changed = progress.changed(), if progress_open => {
                progress_open = changed.is_ok();
                Action::Progress(Box::new(progress.borrow_and_update().clone()))
            }
            sweep = next_sweep(sweeps), if sweeps.is_some() => {
                show_sweep(&mut model, events, sweep);
                continue;
            }
            count = receive(events, &mut batch), if events.is_some() => {
                received(events, count, &mut batch)
            }
            () = sleep_until(wake) => {
                if context.suspended.is_some_and(|until| until <= clock::monotonic()) {
                    context.resume(canvas, &mut model);
                }
                if is_shown && !(io.is_alive)() {
                    Action::Terminate
                } else {
                    Action::Tick(clock::monotonic() - started)
                }
            }
        };
        if action == Action::Terminate {
            closed = Some(clock::monotonic() + END_TIMEOUT);
        }
        if action == Action::Interrupt || closed.is_some() {
            streams::stop();
        }
        let effect = turn(&mut model, action, clock::monotonic() - started);
        if effect == Some(Effect::Quit) {
            break;
        }
        if let Some(message) = effect.and_then(|effect| perform(&model, effect, &mut context)) {
            update(&mut model, Action::Message(message));
        }
    }
    let interrupts = |event: &Event| action_of(&model, event) == Some(Action::Interrupt);
    let written = context.export_task.finish(io.keys, interrupts).await;
    (model, written)
}

fn received(
    events: &mut Option<mpsc::Receiver<ScanEvent>>,
    count: usize,
    batch: &mut Vec<ScanEvent>,
) -> Action {
    if count == 0 {
        *events = None;
        return Action::StreamEnded;
    }
    Action::Events(std::mem::take(batch))
}

/// Shows a sweep that has ended. Events that wait are left out, since its fleet has them.
fn show_sweep(
    model: &mut Model,
    events: &mut Option<mpsc::Receiver<ScanEvent>>,
    sweep: Option<Box<Sweep>>,
) {
    if let Some(sweep) = sweep {
        while events
            .as_mut()
            .is_some_and(|events| events.try_recv().is_ok())
        {}
        model.show_sweep(sweep);
    }
}

/// Starts what the model wants of other threads.
fn start_wanted(
    model: &mut Model,
    arranging: &mut Background<Box<ArrangedRows>>,
    asking: &mut Background<Box<PastAnswer>>,
) {
    if let Some(request) = model.wanted() {
        arranging.start(|| Box::new(request.arrange()));
    }
    if let Some(request) = model.wanted_past() {
        asking.start(|| Box::new(request.answer()));
    }
}

/// What a key asks for, or the terminal reports; without a terminal, the end.
fn typed(model: &Model, reply: &mut BackgroundReply, event: Option<Event>) -> Option<Action> {
    match event.map(|event| reply.read(event, clock::monotonic())) {
        None => Some(Action::Terminate),
        Some(Input::Event(event)) => action_of(model, &event),
        Some(Input::Background(palette)) => Some(Action::Background(palette)),
        Some(Input::Part) => None,
    }
}

fn action_of(model: &Model, event: &Event) -> Option<Action> {
    match event {
        Event::Key(key) if key.kind == KeyEventKind::Press => {
            model.keymap.action(model.context(), key)
        }
        Event::Resize(width, height) => Some(Action::Resize(*width, *height)),
        Event::Mouse(event) if model.mouse => match event.kind {
            MouseEventKind::ScrollUp => Some(Action::Move(Move::Up)),
            MouseEventKind::ScrollDown => Some(Action::Move(Move::Down)),
            MouseEventKind::Down(MouseButton::Left) => Some(Action::Click(event.column, event.row)),
            _ => None,
        },
        _ => None,
    }
}

/// Draws a frame; false when the terminal does not accept it.
fn paint<B: Backend>(canvas: &mut Terminal<B>, model: &mut Model) -> bool {
    if let Ok(size) = canvas.size()
        && size != model.size
    {
        update(model, Action::Resize(size.width, size.height));
    }
    match canvas.draw(|frame| view::draw(model, frame)) {
        Ok(_) => {
            model.mark_drawn();
            true
        }
        Err(error) => {
            tracing::warn!(%error, "The terminal takes no more frames");
            false
        }
    }
}

/// The next sweep of a watched scan, until there are no more.
async fn next_sweep(
    sweeps: &mut Option<watch::Receiver<Option<Box<Sweep>>>>,
) -> Option<Box<Sweep>> {
    let newest = sweeps.as_mut()?;
    if newest.changed().await.is_ok() {
        return newest.borrow_and_update().clone();
    }
    *sweeps = None;
    None
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
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::diagnosis::Policy;
    use crate::fleet::HostId;
    use crate::kit;
    use crate::model::{EventBody, HostKey, Notice, Progress, ScanEnd, ScanStatus};
    use crate::tui::{Export, ExportFormat, FixFolder, OnExit, Theme};

    /// A scan that ends once it is stopped, after so many notices.
    fn scan(notices: u16) -> Feed {
        let (sender, receiver) = mpsc::channel(4);
        let (_, progress) = watch::channel(Progress::default());
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        tokio::spawn(async move {
            let event = |seq: u64, body| kit::event(seq, Timestamp::UNIX_EPOCH, body);
            for number in 0..notices {
                let host = HostKey::Unresolved {
                    name: format!("host{number}"),
                    port: 3389,
                };
                let body = EventBody::Notice(Notice::HostSkipped { host });
                sender.send(event(u64::from(number), body)).await.unwrap();
            }
            stopped.cancelled().await;
            let end = ScanEnd {
                status: ScanStatus::Interrupted,
                ..kit::end(0)
            };
            let end = event(u64::from(notices), EventBody::ScanFinished(end));
            sender.send(end).await.unwrap();
        });
        Feed {
            events: Some(receiver),
            progress,
            stop,
            control: None,
            sweeps: None,
        }
    }

    /// Writes nothing, and records the exports.
    #[derive(Debug, Default)]
    struct RecordingExporter {
        exports: Mutex<Vec<Export>>,
    }

    impl Exporter for RecordingExporter {
        fn formats(&self) -> Vec<ExportFormat> {
            vec![ExportFormat {
                word: "json",
                says: "everything",
                extension: "json",
            }]
        }

        fn export(&self, _: &Fleet, wanted: &Export) -> Result<PathBuf, String> {
            self.exports.lock().unwrap().push(wanted.clone());
            Ok("out.json".into())
        }

        fn write_fixes(&self, _: &Fleet, _: &[HostId]) -> Result<FixFolder, String> {
            Err("not asked for".to_owned())
        }

        fn save_copy(&self, _: &str) -> Result<PathBuf, String> {
            Err("not asked for".to_owned())
        }
    }

    /// A terminal without a clipboard.
    struct NoClipboard;

    impl TerminalIo for NoClipboard {
        fn copy(&mut self, _: &str) -> Result<bool, String> {
            Err("none".to_owned())
        }

        fn capture_mouse(&mut self, _: bool) {}
    }

    fn model(live: bool) -> Model {
        Model::new(Fleet::new(Policy::default()), Theme::default(), live)
    }

    fn press(c: char, modifiers: KeyModifiers) -> Event {
        Event::Key(KeyEvent::new(KeyCode::Char(c), modifiers))
    }

    async fn run_with<E: Future<Output = ()>>(
        typed: &[Event],
        shutdown: E,
        is_alive: fn() -> bool,
        mut feed: Feed,
    ) -> Fleet {
        let (sender, mut keys) = mpsc::channel(64);
        for event in typed {
            sender.send(event.clone()).await.unwrap();
        }
        let model = model(feed.events.is_some());
        let io = LoopIo {
            keys: &mut keys,
            reply: BackgroundReply::expected(false, clock::monotonic()),
            shutdown,
            continued: signals::Continued::listen().unwrap(),
            is_alive,
            terminal: &mut NoClipboard,
            exporter: Arc::new(RecordingExporter::default()),
        };
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
        let (model, _) = drive(&mut terminal, io, &mut feed, model).await;
        drop(sender);
        model.into_fleet()
    }

    fn interrupted(fleet: &Fleet) -> bool {
        fleet
            .end()
            .is_some_and(|end| end.status == ScanStatus::Interrupted)
    }

    #[tokio::test(start_paused = true)]
    async fn ctrl_c_stops_the_scan_and_waits_for_its_last_event() {
        let typed = [press('c', KeyModifiers::CONTROL)];
        let fleet = run_with(&typed, pending(), || true, scan(3)).await;
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
            control: None,
            sweeps: None,
        };
        let stop = feed.stop.clone();
        let twice = [
            press('c', KeyModifiers::CONTROL),
            press('c', KeyModifiers::CONTROL),
        ];
        let fleet = run_with(&twice, pending(), || true, feed).await;
        assert!(stop.is_cancelled());
        assert!(fleet.end().is_none());
        drop(sender);
    }

    #[tokio::test(start_paused = true)]
    async fn a_signal_stops_the_scan_and_keeps_its_events() {
        let fleet = run_with(&[], ready(()), || true, scan(3)).await;
        assert!(interrupted(&fleet));
        assert_eq!(fleet.notices().len(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_closed_terminal_stops_the_scan_too() {
        let fleet = run_with(&[], pending(), || false, scan(3)).await;
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
            control: None,
            sweeps: None,
        };
        let fleet = run_with(&[], pending(), || false, feed).await;
        assert!(fleet.end().is_none());
        drop(sender);
    }

    #[tokio::test(start_paused = true)]
    async fn q_quits_a_saved_scan() {
        let (_, progress) = watch::channel(Progress::default());
        let feed = Feed {
            events: None,
            progress,
            stop: CancellationToken::new(),
            control: None,
            sweeps: None,
        };
        let typed = [press('q', KeyModifiers::NONE)];
        let fleet = run_with(&typed, pending(), || true, feed).await;
        assert!(fleet.rows().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn an_export_gets_the_rows_shown() {
        let exporter = Arc::new(RecordingExporter::default());
        let (events, receiver) = mpsc::channel(1);
        let (_, progress) = watch::channel(Progress::default());
        let mut feed = Feed {
            events: Some(receiver),
            progress,
            stop: CancellationToken::new(),
            control: None,
            sweeps: None,
        };
        let gone = kit::unresolved("gone.example");
        let event = kit::event(0, Timestamp::UNIX_EPOCH, gone);
        events.send(event).await.unwrap();
        drop(events);
        let (sender, mut keys) = mpsc::channel(4);
        let typist = tokio::spawn(async move {
            // The row arrives before the key.
            tokio::time::sleep(Duration::from_secs(3)).await;
            for key in ['e', 'j'] {
                sender.send(press(key, KeyModifiers::NONE)).await.unwrap();
            }
            // The line of the menu, and the name that is offered.
            let enter = KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE);
            for _ in 0..2 {
                sender.send(Event::Key(enter)).await.unwrap();
            }
            sender.send(press('q', KeyModifiers::NONE)).await.unwrap();
            sender
        });
        let io = LoopIo {
            keys: &mut keys,
            reply: BackgroundReply::expected(false, clock::monotonic()),
            shutdown: pending(),
            continued: signals::Continued::listen().unwrap(),
            is_alive: || true,
            terminal: &mut NoClipboard,
            exporter: exporter.clone(),
        };
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
        let capabilities = Capabilities {
            formats: exporter.formats(),
            is_at_sites: false,
            control: false,
            watch: false,
            on_exit: OnExit::Saved,
        };
        let mut model = model(true);
        model.capabilities = capabilities;
        let (_, written) = drive(&mut terminal, io, &mut feed, model).await;
        drop(typist.await);
        let exports = exporter.exports.lock().unwrap();
        assert_eq!(exports.len(), 1);
        assert_eq!(
            (exports[0].rows.as_slice(), exports[0].whole),
            (&[HostId::at(0)][..], true)
        );
        assert_eq!(written, [PathBuf::from("out.json")]);
    }
}
