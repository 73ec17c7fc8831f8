//! The top of every screen: targets, progress, counts, and problems of the scan.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::widgets::{fit_pieces, put_lines, separated, width};
use crate::counts::{counted, grouped};
use crate::model::{Descriptors, HostState, Progress, ScanPlan, ScanStatus};
use crate::tui::model::{Model, RunState};
use crate::tui::text;
use crate::tui::theme::{Theme, Tone};

/// Cells of the gauge.
const GAUGE: usize = 16;

pub(super) fn render(model: &Model, area: Rect, buffer: &mut Buffer) {
    let room = usize::from(area.width);
    let mut lines = vec![
        title(model, room),
        progress(model, room),
        counts(model, room),
    ];
    let banners = model.banners(room);
    let shown = usize::from(area.height).saturating_sub(lines.len());
    let hidden = banners.len().saturating_sub(shown);
    for (index, banner) in banners.iter().take(shown).enumerate() {
        let more = if index + 1 == shown && hidden > 0 {
            format!(" (+{hidden} more)")
        } else {
            String::new()
        };
        let text = model.theme.cut(banner, room.saturating_sub(4 + more.len()));
        lines.push(model.theme.line(format!(" ! {text}{more}"), Tone::Warn));
    }
    put_lines(lines, area, buffer);
}

fn title(model: &Model, room: usize) -> Line<'static> {
    let theme = model.theme;
    let plan = model.fleet.plan();
    let badge = if plan.is_some_and(|plan| plan.simulated) {
        " SIMULATED HOSTS ".to_owned()
    } else if model.badge.is_empty() {
        String::new()
    } else {
        format!(" {} ", theme.cut(&text::clean(&model.badge), room / 2))
    };
    let left = room.saturating_sub(" rdpscan  ".len() + text::width(&badge) + 1);
    let targets = plan.map_or_else(String::new, |plan| targets(plan, left));
    let targets = theme.cut(&targets, left);
    let gap = left.saturating_sub(text::width(&targets));
    Line::from(vec![
        theme.span(" rdpscan  ", Tone::Accent),
        theme.span(targets, Tone::Strong),
        Span::raw(" ".repeat(gap)),
        Span::styled(
            badge,
            theme.style(Tone::Inverse).patch(theme.style(Tone::Strong)),
        ),
    ])
}

/// The first targets, as many as are whole in `room` cells and at least one, and how many follow.
fn targets(plan: &ScanPlan, room: usize) -> String {
    let mut shown = String::new();
    let mut rest = plan.targets.len();
    for target in plan.targets.iter() {
        let target = text::clean(target);
        let behind = match rest - 1 {
            0 => 0,
            more => text::width(&further(more)),
        };
        let gap = if shown.is_empty() { "" } else { ", " };
        let used = text::width(&shown) + gap.len() + text::width(&target) + behind;
        if used > room && !shown.is_empty() {
            break;
        }
        shown.push_str(gap);
        shown.push_str(&target);
        rest -= 1;
    }
    match rest {
        0 => shown,
        more => format!("{shown}{}", further(more)),
    }
}

fn further(targets: usize) -> String {
    let count = counted(targets as u64, "more target", "more targets");
    format!(" and {count}")
}

fn progress(model: &Model, room: usize) -> Line<'static> {
    let theme = model.theme;
    let progress = &model.progress;
    let running = model.is_running() && model.fleet.end().is_none();
    let mut pieces = Vec::new();
    if model.is_frozen() {
        pieces.push((0, " FROZEN ".to_owned(), Tone::Inverse));
    }
    if running && progress.paused {
        pieces.push((0, " PAUSED ".to_owned(), Tone::Inverse));
    }
    if model.capabilities.watch {
        pieces.push((0, watch(model), Tone::Accent));
    }
    let (state, tone) = if running { gauge(model) } else { ending(model) };
    pieces.push((0, state, tone));
    let mut push = |rank, text| pieces.push((rank, text, Tone::Plain));
    if running {
        if let Some(left) = left(progress) {
            push(1, left);
        }
        let planned = counted(progress.planned, "address", "addresses");
        push(
            2,
            format!("{} of {planned} tried", grouped(progress.discovered)),
        );
    } else if let Some((start, _)) = model.fleet.times() {
        push(3, text::timestamp(start));
    }
    if progress.answered > 0 {
        push(5, counted(progress.answered, "port open", "ports open"));
    }
    let answered_on_retry = match model.fleet.end() {
        Some(end) => end.answered_on_retry,
        None => progress.answered_on_retry,
    };
    if answered_on_retry > 0 {
        let late = grouped(answered_on_retry);
        push(4, format!("{late} found on retry only"));
    }
    if running {
        if progress.attempts_pending > 0 {
            let pending = counted(progress.attempts_pending, "attempt", "attempts");
            push(6, format!("{pending} to come"));
        }
        let cap = match progress.rate_cap {
            0 => String::new(),
            cap => format!(" (cap {cap})"),
        };
        push(7, format!("{:.0}/s{cap}", progress.rate));
        let (in_flight, limit) = (progress.in_flight, progress.in_flight_limit);
        push(8, format!("{in_flight} of {limit} at once"));
        if let Some(Descriptors { used, limit }) = progress.descriptors {
            push(9, format!("fd {used}/{limit}"));
        }
    }
    if let Some(elapsed) = elapsed(model) {
        push(3, format!("{} elapsed", text::duration(elapsed)));
    }
    let mut spans = vec![Span::raw(" ")];
    spans.extend(fit_pieces(pieces, theme, room.saturating_sub(2)));
    Line::from(spans)
}

/// Which sweep the table shows, and when the next begins or how far it is.
fn watch(model: &Model) -> String {
    let (fleet, progress) = (model.newest(), &model.progress);
    let shown = fleet.epoch();
    match progress.next_sweep {
        Some(left) => format!("sweep {shown}, next in {}", text::duration(left)),
        None if fleet.end().is_none() || progress.finished => format!("sweep {shown}"),
        None => format!(
            "sweep {shown}, sweep {} at {}%",
            shown.saturating_add(1),
            progress.percent()
        ),
    }
}

/// The time left; `None` when it is unknown.
fn left(progress: &Progress) -> Option<String> {
    let left = progress.left?;
    Some(if left < Duration::from_secs(1) {
        "finishing".to_owned()
    } else {
        format!("{} left", text::duration(left))
    })
}

fn gauge(model: &Model) -> (String, Tone) {
    let theme = model.theme;
    let percent = model.progress.percent();
    let full = usize::try_from(percent).unwrap_or(0) * GAUGE / 100;
    let bar = theme.bar().repeat(full);
    let rest = theme.bar_rest().repeat(GAUGE - full.min(GAUGE));
    (format!("{bar}{rest} {percent:>3}%"), Tone::Accent)
}

fn ending(model: &Model) -> (String, Tone) {
    match (model.fleet.end(), model.run_state) {
        (Some(end), _) => {
            let (word, tone) = match end.status {
                ScanStatus::Complete => ("complete", Tone::Good),
                ScanStatus::Interrupted => ("interrupted", Tone::Warn),
            };
            let tried = counted(end.endpoints_probed, "address", "addresses");
            let left = match end.not_reached {
                0 => String::new(),
                many => format!(", {} not reached", grouped(many)),
            };
            (format!("{word}, {tried} tried{left}"), tone)
        }
        (None, RunState::Stopping) => ("stopping".to_owned(), Tone::Warn),
        (None, _) => ("end not recorded".to_owned(), Tone::Warn),
    }
}

/// As measured by the engine while it runs; else the time between the first and the newest event.
fn elapsed(model: &Model) -> Option<Duration> {
    if model.progress.elapsed > Duration::ZERO {
        return Some(model.progress.elapsed);
    }
    let (start, newest) = model.fleet.times()?;
    Some(newest.duration_since(start).unsigned_abs())
}

fn counts(model: &Model, room: usize) -> Line<'static> {
    let theme = model.theme;
    // As of the rows and tabs below, so that the numbers on a screen agree.
    let summary = &model.table.arranged.summary;
    let listed = format!("{} listed", counted(summary.hosts, "host", "hosts"));
    let mut states = vec![Count {
        rank: 0,
        hosts: 0,
        span: theme.span(listed, Tone::Strong),
    }];
    for state in HostState::ALL {
        let hosts = summary.by_state.of(*state);
        if hosts > 0 {
            let (glyph, tone) = theme.state(*state);
            states.push(Count {
                rank: rank(*state),
                hosts,
                span: theme.span(format!("{glyph} {} {state}", grouped(hosts)), tone),
            });
        }
    }
    let others = [
        (2, summary.expired(), "expired"),
        (13, summary.expiring(), "expiring"),
        (11, summary.flaky(), "flaky"),
        (12, summary.dns_trouble(), "DNS trouble"),
    ];
    let others: Vec<Count> = others
        .into_iter()
        .filter(|(_, count, _)| *count > 0)
        .map(|(rank, count, word)| Count {
            rank,
            hosts: 0,
            span: theme.span(format!("{} {word}", grouped(count)), Tone::Plain),
        })
        .collect();
    let mut spans = vec![Span::raw(" ")];
    spans.extend(fit_counts(&states, &others, theme, room.saturating_sub(2)));
    Line::from(spans)
}

struct Count {
    /// The greatest is left out first.
    rank: u8,
    /// Hosts in a state; 0 for a count that overlaps with the states.
    hosts: u64,
    span: Span<'static>,
}

/// As many counts as there is room for, with the number of hosts in states left out.
fn fit_counts(states: &[Count], others: &[Count], theme: Theme, room: usize) -> Vec<Span<'static>> {
    let mut ranks: Vec<u8> = states
        .iter()
        .chain(others)
        .map(|count| count.rank)
        .collect();
    ranks.sort_unstable();
    ranks.dedup();
    loop {
        let most = ranks.last().copied().unwrap_or(0);
        let kept = |count: &&Count| count.rank <= most;
        let span = |count: &Count| count.span.clone();
        let mut pieces: Vec<Span<'static>> = states.iter().filter(kept).map(span).collect();
        let left_out = states.iter().filter(|count| !kept(count));
        let left_out: u64 = left_out.map(|count| count.hosts).sum();
        if left_out > 0 {
            pieces.push(theme.span(format!("+{} others", grouped(left_out)), Tone::Plain));
        }
        pieces.extend(others.iter().filter(kept).map(span));
        if !others.iter().all(|count| kept(&count)) {
            pieces.push(theme.span(theme.ellipsis(), Tone::Dim));
        }
        let spans = separated(pieces, theme);
        if width(&spans) <= room || ranks.len() <= 1 {
            return spans;
        }
        ranks.pop();
    }
}

const fn rank(state: HostState) -> u8 {
    match state {
        HostState::Broken => 1,
        HostState::Degraded => 3,
        HostState::Healthy => 5,
        HostState::Skipped | HostState::NotRdp => 4,
        HostState::Unreachable => 6,
        HostState::Filtered => 7,
        HostState::Closed => 8,
        HostState::NotProbed => 9,
    }
}
