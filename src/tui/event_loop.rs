//! The only part of the screen that touches the outside: keys in, events in, frames out.

use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{Event, KeyEventKind, MouseButton, MouseEventKind};
use ratatui::Terminal;
use ratatui::backend::Backend;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::action::{Action, Effect, Move};
use super::around::{Feed, Left, Options, Outlet, TuiError};
use super::arranging::Arranging;
use super::clipboard;
use super::keys::Keys;
use super::model::Model;
use super::offers::Offers;
use super::signals::Ending;
use super::terminal::{self, Device, Guard, Hands};
use super::update::{turn, update};
use super::view;
use super::writing::Writing;
use crate::clock;
use crate::fleet::Fleet;
use crate::model::{Control, Progress, ScanEvent};

/// The least time between two frames: about 15 a second.
const FRAME: Duration = Duration::from_millis(66);
/// Events folded in one go, so that a key never waits for long.
const BATCH: usize = 128;
/// How often an idle screen looks whether its terminal is still there.
const PULSE: Duration = Duration::from_secs(2);
/// How long the end of a scan is waited for after the terminal has gone.
const GRACE: Duration = Duration::from_secs(5);

/// Shows a fleet, live while `feed` has events, until the user leaves, the process is told to end or the terminal goes away.
///
/// The fleet that comes back holds every event taken in; those still under way stay in `feed`, so that whoever writes the
/// report can take them in too.
///
/// # Errors
/// Only when the screen cannot open; the scan is then untouched.
pub async fn run(fleet: Fleet, feed: &mut Feed, options: Options) -> Result<Left, TuiError> {
    let offers = Offers {
        formats: options.outlet.formats(),
        control: feed.control.is_some(),
        keeping: options.keeping,
    };
    let model = Model::new(fleet, options.theme, feed.events.is_some())
        .with_offers(offers)
        .with_keymap(options.keymap)
        .with_columns(options.columns)
        .with_sort(options.sort)
        .with_mouse(options.mouse)
        .with_filter(&options.filter)?;
    let mut ending = Ending::listen().map_err(TuiError::Signals)?;
    let (guard, mut screen) = Guard::take(options.is_contained).map_err(TuiError::Terminal)?;
    let mut device = Device;
    if options.mouse {
        device.mouse(true);
    }
    let mut keys = Keys::read();
    let outside = Outside {
        keys: &mut keys.receiver,
        ended: async move { ending.told().await },
        alive: terminal::is_ours,
        hands: &mut device,
        outlet: Arc::from(options.outlet),
    };
    // On the heap: whoever awaits this would carry all of it.
    let (model, written) = Box::pin(drive(&mut screen, outside, feed, model)).await;
    terminal::close(guard, screen);
    let (columns, sort, theme) = model.taste();
    let save = model.wants_saving();
    Ok(Left {
        fleet: model.into_fleet(),
        columns,
        sort,
        theme,
        written,
        save,
    })
}

/// The machine around the loop, so that tests can be it.
struct Outside<'a, E> {
    keys: &'a mut mpsc::Receiver<Event>,
    /// Completes when the process is told to end.
    ended: E,
    /// Whether there is a terminal to draw to.
    alive: fn() -> bool,
    hands: &'a mut dyn Hands,
    outlet: Arc<dyn Outlet>,
}

async fn drive<B: Backend, E: Future<Output = ()>>(
    terminal: &mut Terminal<B>,
    outside: Outside<'_, E>,
    feed: &mut Feed,
    mut model: Model,
) -> (Model, Vec<PathBuf>) {
    let Outside {
        keys,
        ended,
        alive,
        hands,
        outlet,
    } = outside;
    let Feed {
        events,
        progress,
        stop,
        control,
    } = feed;
    let mut around = Around {
        hands,
        stop,
        control: control.as_ref(),
        writing: Writing::new(outlet),
    };
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
    let mut arranging = Arranging::default();
    loop {
        arranging.begin(&mut model);
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
                Some(event) => match asked(&model, &event) {
                    Some(action) => action,
                    None => continue,
                },
                None => Action::Terminate,
            },
            () = sleep_until(frame_due), if gone.is_none() && model.dirty => continue,
            told = around.writing.done(), if around.writing.is_busy() => told,
            made = arranging.done(), if arranging.is_busy() => made,
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
        let effects = turn(&mut model, action, clock::monotonic() - started);
        let leave = perform(&mut model, effects, &mut around);
        if leave {
            break;
        }
    }
    let interrupts = |event: &Event| asked(&model, event) == Some(Action::Interrupt);
    let written = around.writing.end(keys, interrupts).await;
    (model, written)
}

/// What the terminal's event asks for.
fn asked(model: &Model, event: &Event) -> Option<Action> {
    match event {
        Event::Key(key) if key.kind == KeyEventKind::Press => {
            model.keymap().action(model.context(), key)
        }
        Event::Resize(width, height) => Some(Action::Resize(*width, *height)),
        Event::Mouse(event) if model.mouse => match event.kind {
            MouseEventKind::ScrollUp => Some(Action::Move(Move::Up)),
            MouseEventKind::ScrollDown => Some(Action::Move(Move::Down)),
            MouseEventKind::Down(MouseButton::Left) => Some(Action::Click(event.row)),
            _ => None,
        },
        _ => None,
    }
}

/// Who carries effects out.
struct Around<'a> {
    hands: &'a mut dyn Hands,
    stop: &'a CancellationToken,
    control: Option<&'a mpsc::Sender<Control>>,
    writing: Writing,
}

/// Does what is asked for; true when the screen is to be left.
fn perform(model: &mut Model, effects: Vec<Effect>, around: &mut Around<'_>) -> bool {
    let mut leave = false;
    for effect in effects {
        let told = match effect {
            Effect::Quit => {
                leave = true;
                continue;
            }
            Effect::StopScan => {
                around.stop.cancel();
                continue;
            }
            Effect::Mouse(on) => {
                around.hands.mouse(on);
                continue;
            }
            Effect::Control(order) => {
                // A full channel means that orders come faster than a scan can follow: the newest is dropped, and told.
                let taken = around
                    .control
                    .map(|control| control.try_send(order).is_ok());
                if taken == Some(true) {
                    continue;
                }
                Action::Told(Err("the scan takes no more orders now".to_owned()))
            }
            Effect::Copy { what, remark, text } => {
                let (told, kept) = clipboard::copy(
                    around.hands,
                    around.writing.outlet(),
                    (&what, &remark),
                    &text,
                );
                around.writing.remember(kept);
                Action::Told(told)
            }
            Effect::Export(wanted) => {
                around.writing.export(model.fleet(), wanted);
                continue;
            }
            Effect::Fix(rows) => {
                around.writing.fix(model.fleet(), rows);
                continue;
            }
        };
        update(model, told);
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
            model.drawn();
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
    use tokio::sync::watch;

    use super::super::around::FixFolder;
    use super::*;
    use crate::diagnosis::Policy;
    use crate::fleet::HostId;
    use crate::kit;
    use crate::model::{EventBody, HostKey, Notice, Progress, ScanEnd, ScanStatus};
    use crate::tui::{Export, Keeping, Offer, Theme};

    /// A scan that ends as soon as it is told to stop, having said a last word.
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
        }
    }

    /// Writes nothing, and remembers what it was asked for.
    #[derive(Default)]
    struct Asked {
        exports: Mutex<Vec<Export>>,
    }

    impl Outlet for Asked {
        fn formats(&self) -> Vec<Offer> {
            vec![Offer {
                word: "json",
                says: "everything",
            }]
        }

        fn export(&self, _: &Fleet, wanted: &Export) -> Result<PathBuf, String> {
            self.exports.lock().unwrap().push(wanted.clone());
            Ok("out.json".into())
        }

        fn fix(&self, _: &Fleet, _: &[HostId]) -> Result<FixFolder, String> {
            Err("not asked for".to_owned())
        }

        fn keep(&self, _: &str) -> Result<PathBuf, String> {
            Err("not asked for".to_owned())
        }
    }

    /// A terminal without a clipboard.
    struct NoHands;

    impl Hands for NoHands {
        fn copy(&mut self, _: &str) -> Result<bool, String> {
            Err("none".to_owned())
        }

        fn mouse(&mut self, _: bool) {}
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
            hands: &mut NoHands,
            outlet: Arc::new(Asked::default()),
        };
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
        let (model, _) = drive(&mut terminal, outside, &mut feed, model).await;
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
    async fn a_signal_stops_the_scan_and_keeps_what_came() {
        let fleet = run_with(&[], ready(()), || true, scan(3)).await;
        assert!(interrupted(&fleet));
        assert_eq!(fleet.notices().len(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_terminal_that_went_away_stops_the_scan_too() {
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
        };
        let fleet = run_with(&[], pending(), || false, feed).await;
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
            control: None,
        };
        let typed = [press('q', KeyModifiers::NONE)];
        let fleet = run_with(&typed, pending(), || true, feed).await;
        assert!(fleet.rows().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn export_calls_back_with_the_rows_shown() {
        let outlet = Arc::new(Asked::default());
        let (events, receiver) = mpsc::channel(1);
        let (_, progress) = watch::channel(Progress::default());
        let mut feed = Feed {
            events: Some(receiver),
            progress,
            stop: CancellationToken::new(),
            control: None,
        };
        let gone = kit::unresolved("gone.example");
        let event = kit::event(0, Timestamp::UNIX_EPOCH, gone);
        events.send(event).await.unwrap();
        drop(events);
        let (sender, mut keys) = mpsc::channel(4);
        let hands = tokio::spawn(async move {
            // The row comes before the key does.
            tokio::time::sleep(Duration::from_secs(3)).await;
            for key in ['e', 'j'] {
                sender.send(press(key, KeyModifiers::NONE)).await.unwrap();
            }
            let enter = KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE);
            sender.send(Event::Key(enter)).await.unwrap();
            sender.send(press('q', KeyModifiers::NONE)).await.unwrap();
            sender
        });
        let outside = Outside {
            keys: &mut keys,
            ended: pending(),
            alive: || true,
            hands: &mut NoHands,
            outlet: outlet.clone(),
        };
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
        let offers = Offers {
            formats: outlet.formats(),
            control: false,
            keeping: Keeping::Saved,
        };
        let model = model(true).with_offers(offers);
        let (_, written) = drive(&mut terminal, outside, &mut feed, model).await;
        drop(hands.await);
        let exports = outlet.exports.lock().unwrap();
        assert_eq!(exports.len(), 1);
        assert_eq!(
            (exports[0].rows.as_slice(), exports[0].whole),
            (&[HostId::at(0)][..], true)
        );
        assert_eq!(written, [PathBuf::from("out.json")]);
    }
}
