//! A scan without a screen: folds the events, and shows progress on standard error.

use std::io::{self, IsTerminal as _, Write};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use crate::clock;
use crate::counts::counted;
use crate::fleet::Fleet;
use crate::model::{Descriptors, EventBody, Notice, Progress, ScanEvent};
use crate::streams;

use super::signals::Stop;
use super::{sink, stderr};

/// Time between two lines in a log: often enough to notice a scan that hangs, seldom enough for one of hours.
const LINE_INTERVAL: Duration = Duration::from_secs(30);
/// Time between two drawings of the bar.
const BAR_INTERVAL: Duration = Duration::from_millis(200);
/// Columns of a terminal that does not have a size.
const USUAL_WIDTH: u16 = 80;
/// Width of the bar, in columns.
const BAR: u64 = 24;
/// Clears the line: ECMA-48 8.3.41.
const CLEAR: &str = "\r\u{1b}[2K";

pub(super) enum ProgressDisplay {
    Hidden,
    /// One line that changes in place, on a terminal.
    Bar {
        next: Instant,
    },
    /// A line every half minute, for a log.
    Lines {
        out: Box<dyn Write + Send>,
        next: Instant,
    },
}

impl ProgressDisplay {
    /// On standard error, if it is shown: a bar on a terminal, else lines.
    pub(super) fn new(is_shown: bool) -> Self {
        if !is_shown {
            return Self::Hidden;
        }
        if !io::stderr().is_terminal() {
            return Self::lines(Box::new(streams::stderr()));
        }
        Self::Bar {
            next: clock::monotonic(),
        }
    }

    fn lines(out: Box<dyn Write + Send>) -> Self {
        Self::Lines {
            out,
            next: clock::monotonic() + LINE_INTERVAL,
        }
    }

    /// When the next line is due, without an event.
    const fn due(&self) -> Option<Instant> {
        match self {
            Self::Lines { next, .. } => Some(*next),
            Self::Hidden | Self::Bar { .. } => None,
        }
    }

    /// A terminal may be frozen: what it does not take is left out.
    fn update(&mut self, progress: &Progress) {
        let now = clock::monotonic();
        if let Self::Bar { next } = self
            && now >= *next
            && !streams::stderr().is_busy()
        {
            *next = now + BAR_INTERVAL;
            let width = sink::terminal_width().unwrap_or(USUAL_WIDTH);
            drop(write!(streams::stderr(), "{CLEAR}{}", bar(progress, width)));
        }
    }

    fn print_line(&mut self, progress: &Progress) {
        if let Self::Lines { out, next } = self {
            // Counted from now: after a suspend there is one line, not many.
            *next = clock::monotonic() + LINE_INTERVAL;
            // A log that cannot be written must not stop the scan.
            drop(writeln!(out, "{}", line(progress)));
        }
    }

    /// What a scan waits for is said at once, and not only when it is over.
    fn announce(&self, event: &ScanEvent) {
        let EventBody::Notice(notice @ (Notice::SiteSilent { .. } | Notice::NatsDown { .. })) =
            &event.body
        else {
            return;
        };
        self.finish();
        if !matches!(self, Self::Hidden) {
            stderr::print_notices(std::slice::from_ref(notice));
        }
    }

    fn finish(&self) {
        if let Self::Bar { .. } = self {
            drop(write!(streams::stderr(), "{CLEAR}"));
        }
    }
}

/// The share of the work that is done, drawn and in words, within so many columns.
fn bar(progress: &Progress, width: u16) -> String {
    let done = progress.work_done.min(progress.work_known);
    let filled = (done.saturating_mul(BAR)).checked_div(progress.work_known);
    let signs = (0..BAR).map(|place| {
        if place < filled.unwrap_or(0) {
            '█'
        } else {
            '░'
        }
    });
    let text = line(progress);
    let all = signs.chain([' ']).chain(text.chars());
    all.take(usize::from(width).saturating_sub(1)).collect()
}

/// Folds events until the stream ends.
pub(super) async fn follow(
    mut fleet: Fleet,
    mut events: mpsc::Receiver<ScanEvent>,
    mut progress: watch::Receiver<Progress>,
    stop: &Stop,
    mut display: ProgressDisplay,
) -> Fleet {
    loop {
        let due = display.due();
        tokio::select! {
            biased;
            () = stop.now.cancelled() => break,
            () = sleep_until(due.unwrap_or_else(clock::monotonic)), if due.is_some() => {
                let now = progress.borrow().clone();
                display.print_line(&now);
            }
            event = events.recv() => match event {
                Some(event) => {
                    display.announce(&event);
                    fleet.apply(event);
                }
                None => break,
            },
            Ok(()) = progress.changed() => {
                let now = progress.borrow_and_update().clone();
                display.update(&now);
            }
        }
    }
    display.finish();
    fleet
}

fn line(progress: &Progress) -> String {
    let mut parts = vec![
        format!("{}%", progress.percent()),
        format!(
            "{} of {} tried",
            progress.discovered,
            counted(progress.planned, "address", "addresses")
        ),
        counted(progress.answered, "port open", "ports open"),
    ];
    if progress.answered_on_retry > 0 {
        parts.push(format!(
            "{} found on retry only",
            progress.answered_on_retry
        ));
    }
    if progress.attempts_pending > 0 {
        let pending = counted(progress.attempts_pending, "attempt", "attempts");
        parts.push(format!("{pending} to come"));
    }
    parts.push(format!("{:.0}/s", progress.rate));
    parts.push(format!(
        "{} of {} at once",
        progress.in_flight, progress.in_flight_limit
    ));
    if let Some(Descriptors { used, limit }) = progress.descriptors {
        parts.push(format!("fd {used}/{limit}"));
    }
    if let Some((endpoint, since)) = progress.slowest() {
        let more = match progress.stuck_count {
            0 | 1 => String::new(),
            all => format!(" and {} more", all - 1),
        };
        parts.push(format!("stuck: {endpoint} {}{more}", rounded(since)));
    }
    parts.extend(progress.left.map(|left| {
        if left < Duration::from_secs(1) {
            "finishing".to_owned()
        } else {
            format!("{} left", rounded(left))
        }
    }));
    parts.join(", ")
}

/// In whole seconds, as in `1m 05s`.
pub(super) fn rounded(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}m {seconds:02}s"),
        (hours, minutes, _) => format!("{hours}h {minutes:02}m"),
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::diagnosis::Policy;
    use crate::model::Endpoint;

    fn progress() -> Progress {
        Progress {
            planned: 256,
            discovered: 112,
            answered: 9,
            answered_on_retry: 2,
            work_done: 118,
            work_known: 274,
            attempts_pending: 1,
            in_flight: 12,
            in_flight_limit: 64,
            rate: 120.4,
            left: Some(Duration::from_secs(65)),
            stuck: vec![(
                Endpoint::new(IpAddr::from([127, 9, 0, 1]), 3389),
                Duration::from_secs(6),
            )],
            stuck_count: 3,
            descriptors: Some(Descriptors {
                used: 34,
                limit: 20_000,
            }),
            ..Progress::default()
        }
    }

    #[test]
    fn the_line_has_progress_pending_attempts_and_stuck_hosts() {
        assert_eq!(
            line(&progress()),
            "43%, 112 of 256 addresses tried, 9 ports open, 2 found on retry only, 1 attempt to come, 120/s, \
             12 of 64 at once, fd 34/20000, stuck: 127.9.0.1:3389 6s and 2 more, 1m 05s left"
        );
    }

    #[test]
    fn no_time_left_is_finishing() {
        let almost = Progress {
            planned: 1,
            discovered: 1,
            work_done: 1,
            work_known: 1,
            left: Some(Duration::from_millis(300)),
            ..Progress::default()
        };
        let line = line(&almost);
        assert!(line.starts_with("99%, 1 of 1 address tried"), "{line}");
        assert!(line.ends_with("finishing"), "{line}");
    }

    #[test]
    fn the_bar_is_cut_to_the_terminal() {
        let drawn = bar(&progress(), 40);
        assert_eq!(drawn, "██████████░░░░░░░░░░░░░░ 43%, 112 of 25");
        assert_eq!(bar(&Progress::default(), 9), "░░░░░░░░");
    }

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Log {
        fn lines(&self) -> usize {
            let bytes = self.0.lock().unwrap();
            String::from_utf8_lossy(&bytes).lines().count()
        }
    }

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_log_gets_a_line_every_half_minute_even_when_nothing_happens() {
        let log = Log::default();
        let (events, receiver) = mpsc::channel(1);
        let (_publish, watching) = watch::channel(progress());
        let lines = ProgressDisplay::lines(Box::new(log.clone()));
        let following = tokio::spawn(async move {
            let fleet = Fleet::new(Policy::default());
            follow(fleet, receiver, watching, &Stop::default(), lines).await
        });
        tokio::time::sleep(Duration::from_secs(29)).await;
        assert_eq!(log.lines(), 0);
        tokio::time::sleep(Duration::from_secs(72)).await;
        assert_eq!(log.lines(), 3);
        drop(events);
        following.await.unwrap();
        assert_eq!(log.lines(), 3);
    }
}
