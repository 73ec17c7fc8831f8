//! The section about earlier scans: the states of the host, its certificates on one time axis, and what has changed from scan to scan.

mod certificates;

use jiff::Timestamp;

use super::page::{LABEL, Page, Piece};
use crate::changes::{HostRecord, PastHost, between};
use crate::counts::counted;
use crate::fleet::Host;
use crate::model::{Change, ChangeClass};
use crate::tui::model::{Model, Since};
use crate::tui::text;
use crate::tui::theme::Tone;

/// Scans in the strip.
const MOST_STATES: usize = 60;
/// Changes shown, the newest first.
const MOST_CHANGES: usize = 20;

pub(super) fn write(model: &Model, host: &Host, page: &mut Page) {
    if let Since::Known(comparison) = &model.past.since
        && !host.changes().is_empty()
    {
        let since = text::timestamp(comparison.times.0);
        page.note(&format!("since the scan before, {since}:"));
        for change in host.changes() {
            self::change("", change, page);
        }
        page.blank();
    }
    let past = match model.past_of_page() {
        Some(Ok(past)) => past.as_slice(),
        Some(Err(reason)) => return page.note(reason),
        None if model.past_scans.is_some() => return page.note("earlier scans are being read"),
        None => &[],
    };
    let id = model.fleet.id();
    let mut scans: Vec<PastHost> = past.to_vec();
    // Of a scan that is kept, the host is as it is shown.
    scans.retain(|past| Some(past.id) != id);
    if scans.is_empty() {
        let advice = "no earlier scan of this host is kept: scan it again later, and this section shows what has changed";
        return page.note(advice);
    }
    if let (Some(id), Some((began, _))) = (id, model.fleet.times()) {
        let record = HostRecord::of(host);
        scans.push(PastHost { id, began, record });
    }
    states(&scans, page);
    configuration(&scans, page);
    let now = model
        .today
        .or(model.fleet.times().map(|(_, newest)| newest));
    if let Some(now) = now {
        certificates::write(&scans, now, page);
    }
    changes(&scans, page);
}

/// A sign for each scan, the newest at the right.
fn states(scans: &[PastHost], page: &mut Page) {
    let room = page.width.saturating_sub(LABEL + 3).min(MOST_STATES);
    let shown = scans
        .get(scans.len().saturating_sub(room)..)
        .unwrap_or(scans);
    let signs = shown.iter().map(|past| {
        let (sign, tone) = page.theme.state(past.record.state);
        (sign.to_owned(), tone)
    });
    let signs: Vec<Piece> = signs.collect();
    page.labeled("states", signs);
    if let (Some(first), Some(last)) = (shown.first(), shown.last()) {
        let count = counted(shown.len() as u64, "scan", "scans");
        let days = format!("{} to {}", day(first.began), day(last.began));
        let line = format!("{count} from {days}, the newest at the right");
        page.field("", &line, Tone::Dim);
    }
}

/// The configuration, and the first of the scans since which it is the same.
fn configuration(scans: &[PastHost], page: &mut Page) {
    let Some(newest) = scans.last() else {
        return;
    };
    let newest = newest.record.fingerprint.to_string();
    let same = scans.iter().rev();
    let same = same.take_while(|past| past.record.fingerprint.to_string() == newest);
    let since = same
        .last()
        .map(|past| format!(", since {}", day(past.began)));
    let line = format!("{newest}{}", since.unwrap_or_default());
    page.field("configuration", &line, Tone::Plain);
}

fn changes(scans: &[PastHost], page: &mut Page) {
    page.heading("Changes");
    let pairs = scans.iter().zip(scans.iter().skip(1)).rev();
    let all = pairs.flat_map(|(before, after)| {
        let changes = between(&before.record, &after.record).into_iter();
        changes.map(|change| (day(after.began), change))
    });
    let mut all = all.filter(|(_, change)| change.class != ChangeClass::NotScanned);
    let mut last = String::new();
    let mut is_empty = true;
    for (day, change) in all.by_ref().take(MOST_CHANGES) {
        let label = if day == last { "" } else { &day };
        self::change(label, &change, page);
        last = day;
        is_empty = false;
    }
    if is_empty {
        page.note("none from scan to scan");
    }
    if let more @ 1.. = all.count() as u64 {
        page.note(&format!(
            "and {} before",
            counted(more, "change", "changes")
        ));
    }
}

fn change(label: &str, change: &Change, page: &mut Page) {
    let sides: Vec<&str> = [&change.before, &change.after]
        .into_iter()
        .filter_map(|side| side.as_deref())
        .collect();
    let arrow = format!(" {} ", page.theme.arrow());
    let line = format!("{}: {}", change.class.in_words(), sides.join(&arrow));
    page.field(label, &line, Tone::Plain);
}

fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}
