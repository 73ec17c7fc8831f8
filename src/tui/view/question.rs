//! Questions before what cannot be taken back.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::super::model::{Again, Model};
use super::super::offers::Keeping;
use super::super::text;
use super::super::theme::Tone;
use crate::counts::{counted, grouped};

/// Whether to leave a scan that still runs, or would be lost.
pub(super) fn quit(model: &Model, area: Rect, buffer: &mut Buffer) {
    let stands = if model.scanning() {
        " The scan is still running."
    } else {
        " The scan has ended."
    };
    let becomes = match &model.offers.keeping {
        _ if model.is_unsaved() => " What was found is saved only if you say so.".to_owned(),
        Keeping::Report(path) => {
            format!(" What was found so far is written to {}", text::clean(path))
        }
        Keeping::Simulated => " The fleet is simulated, so nothing is lost.".to_owned(),
        Keeping::Nothing if model.exported.is_none() => " Nothing was found so far.".to_owned(),
        Keeping::Saved | Keeping::Nothing => " What was found so far is in a file.".to_owned(),
    };
    let keys = if model.is_unsaved() {
        " s  save as JSON, quit   y  quit unsaved   n  stay"
    } else {
        " y  stop and quit      n  go on scanning"
    };
    let lines = [stands.to_owned(), becomes];
    render("Quit?", lines, keys, model, area, buffer);
}

/// Whether to probe so much anew.
pub(super) fn rescan(model: &Model, again: &Again, area: Rect, buffer: &mut Buffer) {
    let keys = " y  probe anew         n  leave it";
    let (title, lines) = match again {
        Again::Everything => ("Probe everything anew?", everything(model)),
        Again::Group(endpoints) => (
            "Probe the group anew?",
            [
                format!(
                    " All {} hosts of the group are asked again,",
                    grouped(endpoints.len() as u64)
                ),
                " and what is known of them is set aside.".to_owned(),
            ],
        ),
    };
    render(title, lines, keys, model, area, buffer);
}

/// Whether to write what mends so many hosts, of those that were meant.
pub(super) fn fix(model: &Model, hosts: usize, meant: usize, area: Rect, buffer: &mut Buffer) {
    let all = counted(meant as u64, "host", "hosts");
    let whose = if hosts == meant {
        all
    } else {
        format!("{} of {all}", grouped(hosts as u64))
    };
    let lines = [
        format!(" Scripts and lists for {whose} go into a new folder:"),
        format!(" ./{}-fix", model.fleet.file_stem()),
        " (with a number behind it where there is one already).".to_owned(),
    ];
    let keys = " y  write              n  leave it";
    render("Write fixes?", lines, keys, model, area, buffer);
}

/// How much is asked again, and how much of what is known goes.
fn everything(model: &Model) -> [String; 2] {
    let hosts = model.fleet.summary().hosts;
    // More than were planned where names led to others: the count that the head of the screen has.
    let planned = model.fleet.plan().map_or(0, |plan| plan.endpoints_planned);
    let probed = model.fleet.end().map_or(0, |end| end.endpoints_probed);
    [
        match planned.max(probed).max(model.progress.planned) {
            0 => " Every address is asked again,".to_owned(),
            1 => " The one address is asked again,".to_owned(),
            all => format!(" All {} addresses are asked again,", grouped(all)),
        },
        match hosts {
            1 => " and what is known of 1 host is set aside.".to_owned(),
            many => format!(
                " and what is known of {} hosts is set aside.",
                grouped(many)
            ),
        },
    ]
}

fn render<const LINES: usize>(
    title: &str,
    lines: [String; LINES],
    keys: &str,
    model: &Model,
    area: Rect,
    buffer: &mut Buffer,
) {
    // The frame, and the line of the keys.
    let height = u16::try_from(LINES + 3).unwrap_or(u16::MAX);
    let inner = super::window(title, (56, height), model.theme, area, buffer);
    let keys = Line::styled(keys, model.theme.style(Tone::Accent));
    let lines = lines.into_iter().map(Line::raw).chain([keys]);
    for (line, y) in lines.zip(inner.top()..inner.bottom()) {
        super::put(&line, inner.x, y, inner.width, buffer);
    }
}
