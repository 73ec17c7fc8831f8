//! The head of every screen: what is scanned, how far it is, what was found, and trouble on our own side.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::model::{Model, Phase};
use super::super::text;
use super::super::theme::Tone;
use crate::model::{HostState, Notice, ScanStatus};

/// Lines without banners.
const BASE: u16 = 3;
/// Cells of the gauge.
const GAUGE: usize = 16;

/// Lines that the head takes: banners get one, and on a high terminal two.
pub(super) fn height(model: &Model) -> u16 {
    let most = if model.size.height >= 20 { 2 } else { 1 };
    let banners = u16::try_from(banners(model).len()).unwrap_or(u16::MAX);
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
    let banners = banners(model);
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
    let targets = plan.map_or_else(String::new, |plan| plan.targets.join(", "));
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
    if scanning {
        pieces.push((0, Span::styled(gauge(model), theme.style(Tone::Accent))));
        pieces.push((
            3,
            plain(format!(
                "{}/{} probed",
                text::grouped(progress.discovered),
                text::grouped(progress.planned)
            )),
        ));
    } else {
        pieces.push((0, ending(model)));
        if let Some((start, _)) = model.fleet.times() {
            pieces.push((3, plain(text::moment(start))));
        }
    }
    if progress.answered > 0 {
        pieces.push((
            4,
            plain(format!("{} answered", text::grouped(progress.answered))),
        ));
    }
    if scanning {
        let cap = match progress.rate_cap {
            0 => String::new(),
            cap => format!(" of {cap}"),
        };
        pieces.push((5, plain(format!("{:.0}/s{cap}", progress.rate))));
        pieces.push((
            6,
            plain(format!(
                "{}/{} in flight",
                progress.in_flight, progress.in_flight_limit
            )),
        ));
        if progress.attempts_pending > 0 {
            pieces.push((
                7,
                plain(format!(
                    "{} attempts due",
                    text::grouped(progress.attempts_pending)
                )),
            ));
        }
    }
    if progress.answered_on_retry > 0 {
        pieces.push((
            8,
            plain(format!(
                "{} on retry only",
                text::grouped(progress.answered_on_retry)
            )),
        ));
    }
    if scanning {
        if let Some((endpoint, since)) = progress.slowest {
            pieces.push((
                9,
                plain(format!("slowest {endpoint} {}", text::clock(since))),
            ));
        }
        if let Some(left) = progress.left {
            pieces.push((1, plain(format!("{} left", text::clock(left)))));
        }
    }
    if let Some(elapsed) = elapsed(model) {
        pieces.push((2, plain(format!("{} elapsed", text::clock(elapsed)))));
    }
    let mut spans = vec![Span::raw(" ")];
    spans.extend(super::fit_pieces(
        pieces,
        theme.separator(),
        room.saturating_sub(2),
    ));
    Line::from(spans)
}

fn gauge(model: &Model) -> String {
    let (done, all) = (model.progress.discovered, model.progress.planned);
    let done = done.min(all);
    let percent = (done * 100).checked_div(all).unwrap_or(0);
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
            let probed = text::grouped(end.endpoints_probed);
            Span::styled(format!("{word}, {probed} probed"), theme.style(tone))
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
    let summary = model.fleet.summary();
    let mut pieces = vec![(
        0,
        Span::styled(
            match summary.hosts {
                1 => "1 host".to_owned(),
                hosts => format!("{} hosts", text::grouped(hosts)),
            },
            theme.style(Tone::Strong),
        ),
    )];
    for state in HostState::ALL {
        let count = summary.by_state.get(state).copied().unwrap_or(0);
        if count > 0 {
            let (glyph, tone) = theme.state(*state);
            let text = format!("{glyph} {} {state}", text::grouped(count));
            pieces.push((rank(*state), Span::styled(text, theme.style(tone))));
        }
    }
    let others = [
        (5, summary.expired, "expired"),
        (8, summary.expiring, "expiring"),
        (6, summary.flaky, "flaky"),
        (7, summary.dns_trouble, "DNS trouble"),
    ];
    for (rank, count, word) in others {
        if count > 0 {
            let text = format!("{} {word}", text::grouped(count));
            pieces.push((rank, Span::styled(text, theme.style(Tone::Plain))));
        }
    }
    let mut spans = vec![Span::raw(" ")];
    spans.extend(super::fit_pieces(
        pieces,
        theme.separator(),
        room.saturating_sub(2),
    ));
    Line::from(spans)
}

/// Which count is left out first when room is short: the greatest.
const fn rank(state: HostState) -> u8 {
    match state {
        HostState::Broken => 1,
        HostState::Degraded => 2,
        HostState::Healthy => 3,
        HostState::NotRdp => 4,
        HostState::Unreachable => 9,
        HostState::Filtered => 10,
        HostState::Closed => 11,
    }
}

/// Trouble in words, gravest first; hosts that were given up are summed up in one line.
fn banners(model: &Model) -> Vec<String> {
    let mut banners: Vec<String> = model
        .fleet
        .banners()
        .into_iter()
        .map(|banner| banner.text)
        .collect();
    let mut skipped = Vec::new();
    for notice in model.fleet.notices() {
        match notice {
            Notice::Skipped { subject } => skipped.push(subject),
            other => banners.push(other.to_string()),
        }
    }
    match skipped.as_slice() {
        [] => {}
        [one] => banners.push(format!("{one} was given up: it did not come to an end")),
        [first, rest @ ..] => banners.push(format!(
            "{first} and {} more were given up: they did not come to an end",
            rest.len()
        )),
    }
    banners
        .into_iter()
        .map(|banner| text::clean(&banner).into_owned())
        .collect()
}
