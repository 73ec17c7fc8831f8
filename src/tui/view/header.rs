//! The head of every screen: what is scanned, how far it is, what was found, and trouble on our own side.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::action::Action;
use super::super::model::{Model, Phase};
use super::super::text;
use super::super::theme::{Theme, Tone};
use crate::counts::{counted, grouped};
use crate::model::{DEFAULT_PORT, Descriptors, Endpoint, HostState, Notice, Progress, ScanStatus};

/// Lines without banners.
const BASE: u16 = 3;
/// More targets than these are counted before they are named.
const MOST_TARGETS: usize = 3;
/// Targets that a title begins to show.
const TARGETS_SHOWN: usize = 200;
/// Cells of the gauge.
const GAUGE: usize = 16;

/// Lines that the head takes: banners get one, and on a high terminal two.
pub(super) fn height(model: &Model) -> u16 {
    let most = if model.size.height >= 20 { 2 } else { 1 };
    let banners =
        u16::try_from(banners(model, usize::from(model.size.width)).len()).unwrap_or(u16::MAX);
    BASE + banners.min(most)
}

/// The lines.
pub(super) fn render(model: &Model, area: Rect, buffer: &mut Buffer) {
    let room = usize::from(area.width);
    let mut lines = vec![
        title(model, room),
        progress(model, room),
        counts(model, room),
    ];
    let banners = banners(model, room);
    let shown = usize::from(area.height).saturating_sub(lines.len());
    for (index, banner) in banners.iter().take(shown).enumerate() {
        let hidden = banners.len() - shown.min(banners.len());
        let more = if index + 1 == shown && hidden > 0 {
            format!(" (+{hidden} more)")
        } else {
            String::new()
        };
        let cut = text::truncate(
            banner,
            room.saturating_sub(4 + more.len()),
            model.theme.ellipsis(),
        );
        lines.push(Line::styled(
            format!(" ! {cut}{more}"),
            model.theme.style(Tone::Warn),
        ));
    }
    for (line, y) in lines.iter().zip(area.top()..area.bottom()) {
        super::put(line, area.x, y, area.width, buffer);
    }
}

fn title(model: &Model, room: usize) -> Line<'static> {
    let theme = model.theme;
    let plan = model.fleet.plan();
    let badge = if plan.is_some_and(|plan| plan.simulated) {
        " SIMULATED HOSTS "
    } else {
        ""
    };
    let targets = plan.map_or_else(String::new, |plan| {
        // No title has room for more.
        let shown: Vec<&str> = plan.targets.iter().take(TARGETS_SHOWN).collect();
        let shown = shown.join(", ");
        match plan.targets.len() {
            0..=MOST_TARGETS => shown,
            many => format!("{} targets: {shown}", grouped(many as u64)),
        }
    });
    let targets = text::clean(&targets).into_owned();
    let left = room.saturating_sub(" rdpscan  ".len() + badge.len() + 1);
    let targets = text::truncate(&targets, left, theme.ellipsis()).into_owned();
    let gap = left.saturating_sub(text::width(&targets));
    Line::from(vec![
        Span::styled(" rdpscan  ", theme.style(Tone::Accent)),
        Span::styled(targets, theme.style(Tone::Strong)),
        Span::raw(" ".repeat(gap)),
        Span::styled(
            badge,
            theme.style(Tone::Inverse).patch(theme.style(Tone::Strong)),
        ),
    ])
}

fn progress(model: &Model, room: usize) -> Line<'static> {
    let theme = model.theme;
    let progress = &model.progress;
    let plain = |text: String| Span::styled(text, theme.style(Tone::Plain));
    let mut pieces: Vec<(u8, Span<'static>)> = Vec::new();
    let scanning = model.scanning() && model.fleet.end().is_none();
    if model.frozen() {
        pieces.push((
            0,
            Span::styled(" STANDS STILL ", theme.style(Tone::Inverse)),
        ));
    }
    if scanning && progress.paused {
        pieces.push((0, Span::styled(" PAUSED ", theme.style(Tone::Inverse))));
    }
    if scanning {
        pieces.push((0, Span::styled(gauge(model), theme.style(Tone::Accent))));
        pieces.extend(left(progress).map(|left| (1, plain(left))));
        pieces.push((
            2,
            plain(format!(
                "{} of {} tried",
                grouped(progress.discovered),
                counted(progress.planned, "address", "addresses")
            )),
        ));
    } else {
        pieces.push((0, ending(model)));
        if let Some((start, _)) = model.fleet.times() {
            pieces.push((3, plain(text::moment(start))));
        }
    }
    let answered_on_retry = match model.fleet.end() {
        Some(end) => end.answered_on_retry,
        None => progress.answered_on_retry,
    };
    if progress.answered > 0 {
        let open = counted(progress.answered, "port open", "ports open");
        pieces.push((5, plain(open)));
    }
    if answered_on_retry > 0 {
        let late = format!("{} found on retry only", grouped(answered_on_retry));
        pieces.push((4, plain(late)));
    }
    if scanning {
        if progress.attempts_pending > 0 {
            let pending = counted(progress.attempts_pending, "attempt", "attempts");
            pieces.push((6, plain(format!("{pending} to come"))));
        }
        let cap = match progress.rate_cap {
            0 => String::new(),
            cap => format!(" (cap {cap})"),
        };
        pieces.push((7, plain(format!("{:.0}/s{cap}", progress.rate))));
        pieces.push((
            8,
            plain(format!(
                "{} of {} at once",
                progress.in_flight, progress.in_flight_limit
            )),
        ));
        if let Some(Descriptors { used, limit }) = progress.descriptors {
            pieces.push((9, plain(format!("fd {used}/{limit}"))));
        }
    }
    if let Some(elapsed) = elapsed(model) {
        pieces.push((3, plain(format!("{} elapsed", text::clock(elapsed)))));
    }
    let mut spans = vec![Span::raw(" ")];
    spans.extend(super::fit_pieces(
        pieces,
        theme.separator(),
        room.saturating_sub(2),
    ));
    Line::from(spans)
}

/// The time left in words; nothing when it cannot be told.
fn left(progress: &Progress) -> Option<String> {
    let left = progress.left?;
    Some(if left < Duration::from_secs(1) {
        "finishing".to_owned()
    } else {
        format!("{} left", text::clock(left))
    })
}

fn gauge(model: &Model) -> String {
    let percent = model.progress.percent();
    let full = usize::try_from(percent).unwrap_or(0) * GAUGE / 100;
    format!(
        "{}{} {percent:>3}%",
        model.theme.bar().repeat(full),
        model.theme.groove().repeat(GAUGE - full.min(GAUGE))
    )
}

fn ending(model: &Model) -> Span<'static> {
    let theme = model.theme;
    match (model.fleet.end(), model.phase) {
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
            Span::styled(format!("{word}, {tried} tried{left}"), theme.style(tone))
        }
        (None, Phase::Stopping) => Span::styled("stopping", theme.style(Tone::Warn)),
        (None, _) => Span::styled("its end was not recorded", theme.style(Tone::Warn)),
    }
}

/// The engine's own count while it runs; else what the events span.
fn elapsed(model: &Model) -> Option<Duration> {
    if model.progress.elapsed > Duration::ZERO {
        return Some(model.progress.elapsed);
    }
    let (start, newest) = model.fleet.times()?;
    Some(newest.duration_since(start).unsigned_abs())
}

fn counts(model: &Model, room: usize) -> Line<'static> {
    let theme = model.theme;
    // Of the moment of the rows and tabs below, not of now: numbers on one screen agree.
    let summary = &model.list.summary;
    let listed = format!("{} listed", counted(summary.hosts, "host", "hosts"));
    let listed = Span::styled(listed, theme.style(Tone::Strong));
    let mut pieces = vec![Count {
        rank: 0,
        hosts: 0,
        span: listed,
    }];
    for state in HostState::ALL {
        let count = summary.by_state.of(*state);
        if count > 0 {
            let (glyph, tone) = theme.state(*state);
            let text = format!("{glyph} {} {state}", grouped(count));
            pieces.push(Count {
                rank: rank(*state),
                hosts: count,
                span: Span::styled(text, theme.style(tone)),
            });
        }
    }
    let others = [
        (5, summary.expired(), "expired"),
        (13, summary.expiring(), "expiring"),
        (11, summary.flaky(), "flaky"),
        (12, summary.dns_trouble(), "DNS trouble"),
    ];
    let states = pieces.len();
    for (rank, count, word) in others {
        if count > 0 {
            let text = format!("{} {word}", grouped(count));
            pieces.push(Count {
                rank,
                hosts: 0,
                span: Span::styled(text, theme.style(Tone::Plain)),
            });
        }
    }
    let mut spans = vec![Span::raw(" ")];
    spans.extend(counted_out(&pieces, states, theme, room.saturating_sub(2)));
    Line::from(spans)
}

/// A count in the head of the screen.
struct Count {
    /// The greatest is left out first when room is short.
    rank: u8,
    /// Hosts that it counts in a state; 0 for what is counted on top of the states.
    hosts: u64,
    span: Span<'static>,
}

/// As many counts as there is room for, the first `states` of them those of states, and how many hosts are in states left out.
fn counted_out(counts: &[Count], states: usize, theme: Theme, room: usize) -> Vec<Span<'static>> {
    let mut ranks: Vec<u8> = counts.iter().map(|count| count.rank).collect();
    ranks.sort_unstable();
    loop {
        // What has the greatest rank left stays.
        let most = ranks.last().copied().unwrap_or(0);
        let kept = |count: &&Count| count.rank <= most;
        let left_out: u64 = counts
            .iter()
            .filter(|count| count.rank > most)
            .map(|count| count.hosts)
            .sum();
        let mut pieces: Vec<Span<'static>> = counts
            .iter()
            .take(states)
            .filter(kept)
            .map(|count| count.span.clone())
            .collect();
        if left_out > 0 {
            let words = format!("+{} others", grouped(left_out));
            pieces.push(Span::styled(words, theme.style(Tone::Plain)));
        }
        let behind = counts.iter().skip(states).filter(kept);
        pieces.extend(behind.map(|count| count.span.clone()));
        // What is counted on top of the states is in no sum.
        let more = |count: &Count| count.rank > most && count.hosts == 0;
        if counts.iter().any(more) {
            pieces.push(Span::styled(theme.ellipsis(), theme.style(Tone::Dim)));
        }
        let gaps = text::width(theme.separator()) * pieces.len().saturating_sub(1);
        let needed = pieces.iter().map(Span::width).sum::<usize>() + gaps;
        if needed <= room || ranks.len() <= 1 {
            return separated(pieces, theme);
        }
        ranks.pop();
        // What shares a rank goes together.
        while ranks.len() > 1 && ranks.last() == Some(&most) {
            ranks.pop();
        }
    }
}

fn separated(pieces: Vec<Span<'static>>, theme: Theme) -> Vec<Span<'static>> {
    let mut spans = Vec::with_capacity(pieces.len() * 2);
    for piece in pieces {
        if !spans.is_empty() {
            spans.push(Span::raw(theme.separator()));
        }
        spans.push(piece);
    }
    spans
}

/// Which count is left out first when room is short: the greatest.
const fn rank(state: HostState) -> u8 {
    match state {
        HostState::Broken => 1,
        HostState::Degraded => 2,
        HostState::Healthy => 3,
        HostState::Skipped | HostState::NotRdp => 4,
        HostState::Unreachable => 6,
        HostState::Filtered => 7,
        HostState::Closed => 8,
        HostState::NotProbed => 9,
    }
}

/// The connections that are stuck, as many by name as `room` cells hold, and the key that ends the first.
fn stuck(model: &Model, room: usize) -> Option<String> {
    let progress = &model.progress;
    if progress.stuck.is_empty() || progress.finished || model.fleet.end().is_some() {
        return None;
    }
    let key = model.keymap.label(model.screen_context(), &Action::Skip);
    let hint = if model.offers.control && !key.is_empty() {
        format!("; {key} gives up the first")
    } else {
        String::new()
    };
    let line = |named: usize| {
        let names: Vec<String> = progress
            .stuck
            .iter()
            .take(named)
            .map(|(endpoint, since)| format!("{} {}", short(*endpoint), text::clock(*since)))
            .collect();
        let all = usize::try_from(progress.stuck_count).unwrap_or(usize::MAX);
        let more = match all.saturating_sub(names.len()) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("stuck: {}{more}{hint}", names.join(", "))
    };
    let most = (2..=progress.stuck.len()).rev();
    let fitting = most.map(line).find(|line| text::width(line) <= room);
    Some(fitting.unwrap_or_else(|| line(1)))
}

/// An endpoint as the table shows it: without the port that goes without saying.
fn short(endpoint: Endpoint) -> String {
    if endpoint.port == DEFAULT_PORT {
        endpoint.address.to_string()
    } else {
        endpoint.to_string()
    }
}

/// What is stuck, then trouble in words, gravest first; hosts that were given up are summed up in one line.
fn banners(model: &Model, room: usize) -> Vec<String> {
    let mut banners: Vec<String> = stuck(model, room.saturating_sub(4)).into_iter().collect();
    banners.extend(model.fleet.banners().into_iter().map(|banner| banner.text));
    let mut skipped = Vec::new();
    for notice in model.fleet.notices() {
        match notice {
            Notice::HostSkipped { host } => skipped.push(host),
            other => banners.push(other.to_string()),
        }
    }
    match skipped.as_slice() {
        [] => {}
        [one] => banners.push(format!("{one} was skipped before its probes were complete")),
        [first, rest @ ..] => banners.push(format!(
            "{first} and {} more were skipped before their probes were complete",
            rest.len()
        )),
    }
    banners
        .into_iter()
        .map(|banner| text::clean(&banner).into_owned())
        .collect()
}
