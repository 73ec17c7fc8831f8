//! Questions before actions that cannot be undone.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::widgets::{put_lines, window};
use crate::counts::{counted, grouped};
use crate::fix::ScriptReach;
use crate::tui::model::{Model, RescanScope};
use crate::tui::options::OnExit;
use crate::tui::text;
use crate::tui::theme::Tone;

/// Before quitting a scan that still runs, or would be lost.
pub(super) fn quit(model: &Model, area: Rect, buffer: &mut Buffer) {
    let stands = if model.capabilities.watch {
        " The watch ends."
    } else if model.is_running() {
        " The scan is still running."
    } else {
        " The scan has ended."
    };
    let becomes = match &model.capabilities.on_exit {
        _ if model.is_unsaved() => " The results are not saved yet.".to_owned(),
        OnExit::Report(path) => {
            format!(" The results so far are written to {}", text::clean(path))
        }
        OnExit::Kept if model.capabilities.watch => {
            " Its sweeps are saved: `rdpscan open @last` shows the newest again.".to_owned()
        }
        OnExit::Kept if model.is_running() => {
            " What is found so far is saved: `rdpscan resume` continues.".to_owned()
        }
        OnExit::Kept => " It is saved: `rdpscan open @last` shows it again.".to_owned(),
        OnExit::Simulated => " The hosts are simulated, nothing is lost.".to_owned(),
        OnExit::Discard if model.exported.is_none() => " There are no results yet.".to_owned(),
        OnExit::Saved | OnExit::Discard => " The results so far are in a file.".to_owned(),
    };
    let keys = if model.is_unsaved() {
        " s  save as JSON, quit   y  quit unsaved   n  stay"
    } else {
        " y  stop and quit      n  continue scanning"
    };
    let lines = [stands.to_owned(), becomes];
    render("Quit?", lines, keys, model, area, buffer);
}

pub(super) fn rescan(model: &Model, scope: &RescanScope, area: Rect, buffer: &mut Buffer) {
    let keys = " y  rescan             n  cancel";
    let (title, lines) = match scope {
        RescanScope::Everything => ("Rescan everything?", everything(model)),
        RescanScope::Group(endpoints) => (
            "Re-probe the group?",
            [
                format!(
                    " All {} hosts of the group are probed again,",
                    grouped(endpoints.len() as u64)
                ),
                " and their results are discarded.".to_owned(),
            ],
        ),
    };
    render(title, lines, keys, model, area, buffer);
}

/// Before fixes for some of the selected hosts are written.
pub(super) fn fix(
    model: &Model,
    (hosts, selected, reach): (usize, usize, ScriptReach),
    area: Rect,
    buffer: &mut Buffer,
) {
    let all = counted(selected as u64, "host", "hosts");
    let whose = if hosts == selected {
        all
    } else {
        format!("{} of {all}", grouped(hosts as u64))
    };
    let mut contacts = reach.to_string();
    if let Some(first) = contacts.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let lines = [
        format!(" Fixes for {whose} go into a new folder:"),
        format!(" ./{}-fix", model.fleet.file_stem()),
        format!(" {contacts}."),
    ];
    let keys = " y  write              n  cancel";
    render("Write fixes?", lines, keys, model, area, buffer);
}

/// How many addresses are probed again, and of how many hosts the results are lost.
fn everything(model: &Model) -> [String; 2] {
    let hosts = model.fleet.summary().hosts;
    // More than were planned where names resolved to others: the count in the header.
    let planned = model.fleet.plan().map_or(0, |plan| plan.endpoints_planned);
    let probed = model.fleet.end().map_or(0, |end| end.endpoints_probed);
    [
        match planned.max(probed).max(model.progress.planned) {
            0 => " Every address is probed again,".to_owned(),
            1 => " The one address is probed again,".to_owned(),
            all => format!(" All {} addresses are probed again,", grouped(all)),
        },
        format!(
            " and the results of {} are discarded.",
            counted(hosts, "host", "hosts")
        ),
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
    let widest = lines.iter().map(|line| text::width(line)).max();
    let width = widest.unwrap_or(0).max(text::width(keys)) + 3;
    // The frame, and the line of the keys.
    let inner = window(title, (width, LINES + 3), model.theme, area, buffer);
    let keys = model.theme.line(keys.to_owned(), Tone::Accent);
    let lines = lines.into_iter().map(Line::raw).chain([keys]);
    put_lines(lines, inner, buffer);
}
