//! Following a scan without a screen: fold the events, and one progress line on standard error.

use std::io::{self, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::fleet::Fleet;
use crate::model::{Progress, ScanEvent};
use crate::record;

/// Where events go as they come.
pub(super) type Live = Option<record::Writer<Box<dyn Write + Send>>>;

/// Folds events until the stream ends. `visible` draws a progress line on standard error, if that is a terminal.
///
/// # Errors
/// When `live` takes no more, as a closed pipe does.
pub(super) async fn follow(
    mut fleet: Fleet,
    mut events: mpsc::Receiver<ScanEvent>,
    mut progress: watch::Receiver<Progress>,
    leave_now: CancellationToken,
    visible: bool,
    mut live: Live,
) -> io::Result<Fleet> {
    let bar = bar(visible);
    loop {
        tokio::select! {
            biased;
            () = leave_now.cancelled() => break,
            event = events.recv() => match event {
                Some(event) => {
                    if let Some(writer) = &mut live {
                        writer.write(&event)?;
                    }
                    fleet.apply(event);
                }
                None => break,
            },
            Ok(()) = progress.changed() => show(&bar, &progress.borrow_and_update().clone()),
        }
    }
    bar.finish_and_clear();
    Ok(fleet)
}

fn bar(visible: bool) -> ProgressBar {
    let target = if visible {
        ProgressDrawTarget::stderr_with_hz(5)
    } else {
        ProgressDrawTarget::hidden()
    };
    let style = ProgressStyle::with_template("{bar:24} {percent:>3}%  {msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(Some(1), target).with_style(style)
}

fn show(bar: &ProgressBar, progress: &Progress) {
    bar.set_length(progress.planned.max(1));
    bar.set_position(progress.discovered);
    let left = progress
        .left
        .map_or_else(String::new, |left| format!(", {} left", words(left)));
    bar.set_message(format!(
        "{}/{} addresses, {} answering, {:.0}/s, {} in flight{left}",
        progress.discovered, progress.planned, progress.answered, progress.rate, progress.in_flight
    ));
}

/// A duration in whole seconds, as people write it.
pub(super) fn words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}m {seconds:02}s"),
        (hours, minutes, _) => format!("{hours}h {minutes:02}m"),
    }
}
