//! The section about earlier scans: the states of the host, its certificates on one time axis, and what has changed from scan to scan.

mod certificates;

use super::page::{LABEL, Page, Piece};
use crate::changes::{HostRecord, PastHost};
use crate::counts::counted;
use crate::fleet::Host;
use crate::model::{Change, utc_day};
use crate::tui::model::{Model, Since};
use crate::tui::past::{self, PastOfHost};
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
        Some(Ok(past)) if !past.scans.is_empty() => past,
        Some(Err(reason)) => return page.note(reason),
        None if model.past_scans.is_some() => return page.note("earlier scans are being read"),
        _ => {
            let advice = "no earlier scan of this host is kept: scan it again later, and this section shows what has changed";
            return page.note(advice);
        }
    };
    let times = model.fleet.times();
    let shown = (model.fleet.id().zip(times)).map(|(id, (began, _))| PastHost {
        id,
        began,
        record: HostRecord::of(host),
    });
    let scans: Vec<&PastHost> = past.scans.iter().chain(&shown).collect();
    states(&scans, page);
    configuration(&scans, page);
    if let Some(now) = model.today.or(times.map(|(_, newest)| newest)) {
        certificates::write(&scans, now, page);
    }
    changes(past, shown.as_ref(), page);
}

/// A sign for each scan, the newest at the right.
fn states(scans: &[&PastHost], page: &mut Page) {
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
        let days = format!("{} to {}", utc_day(first.began), utc_day(last.began));
        let line = format!("{count} from {days}, the newest at the right");
        page.field("", &line, Tone::Dim);
    }
}

/// The configuration, and the first of the scans since which it is the same.
fn configuration(scans: &[&PastHost], page: &mut Page) {
    let Some(newest) = scans.last() else {
        return;
    };
    let newest = &newest.record.fingerprint;
    let same = scans.iter().rev();
    let same = same.take_while(|past| past.record.fingerprint == *newest);
    let since = same
        .last()
        .map(|past| format!(", since {}", utc_day(past.began)));
    let line = format!("{newest}{}", since.unwrap_or_default());
    page.field("configuration", &line, Tone::Plain);
}

fn changes(past: &PastOfHost, shown: Option<&PastHost>, page: &mut Page) {
    page.heading("Changes");
    let newest = past.scans.last().zip(shown);
    let newest: Vec<Change> = newest
        .map(|(before, shown)| past::changes(&before.record, &shown.record).collect())
        .unwrap_or_default();
    let began = shown.map(|shown| shown.began);
    let newest = newest.iter().filter_map(|change| Some((began?, change)));
    let mut all = newest.chain(past.changes.iter().map(|(at, change)| (*at, change)));
    let mut last = None;
    for (at, change) in all.by_ref().take(MOST_CHANGES) {
        let day = Some(utc_day(at));
        let label = day.filter(|_| day != last).map(|day| day.to_string());
        self::change(&label.unwrap_or_default(), change, page);
        last = day;
    }
    if last.is_none() {
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
