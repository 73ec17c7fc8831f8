//! Exports, fixes and copies.

use super::menu::NO_HOST_SELECTED;
use crate::fix;
use crate::fleet::HostId;
use crate::tui::action::{Effect, Export};
use crate::tui::model::{Model, Overlay, Question, Screen};
use crate::tui::theme::Tone;

/// `None`, with a message, while a file is being written.
pub(super) fn check_idle(model: &mut Model) -> Option<()> {
    if model.writing {
        model.notify(
            "another file is being written: try again when it is done",
            Tone::Notice,
        );
    }
    (!model.writing).then_some(())
}

/// Asks for the name of the file. One that is offered and not changed gets a number where it exists.
pub(super) fn ask_for_name(model: &mut Model, format: usize) {
    let Some(chosen) = model.capabilities.formats.get(format) else {
        return;
    };
    let offered = format!("{}.{}", model.fleet.file_stem(), chosen.extension);
    if check_idle(model).is_some() {
        let question = Question::File {
            format,
            target: model.target.clone(),
            hosts: exported(model).0.len(),
            offered: offered.clone(),
        };
        model.overlay = Overlay::prompt(question, offered);
    }
}

/// The format that the extension of a file's name stands for, as after `-o`. Any other extension is part of the name.
pub(super) fn format_of_name(model: &Model, name: &str) -> Option<usize> {
    let (_, typed) = name.rsplit_once('.')?;
    let formats = &model.capabilities.formats;
    (formats.iter()).position(|format| format.extension.eq_ignore_ascii_case(typed))
}

/// The hosts of an export, and whether they are the whole fleet.
fn exported(model: &Model) -> (Vec<HostId>, bool) {
    let (mut rows, whole) = match model.screen {
        _ if model.targets_marked() || model.on_host_page() => (model.targeted_hosts(), false),
        Screen::Table | Screen::Host { .. } => (model.rows().to_vec(), model.table.is_whole()),
        // The bars count every host.
        Screen::Overview(_) => (model.fleet.hosts().map(|(id, _)| id).collect(), true),
    };
    rows.retain(|id| model.fleet.host(*id).is_some());
    (rows, whole)
}

/// Exports the marked hosts, else what the screen shows.
pub(super) fn export(model: &mut Model, format: usize, file: Option<String>) -> Option<Effect> {
    check_idle(model)?;
    // The newest state is written, not that of the last sort; of a large fleet, the rows shown.
    if model.is_stale() {
        model.arrange();
    }
    let (rows, whole) = exported(model);
    // A whole export also has the hosts that are not evaluated yet.
    if rows.is_empty() && !(whole && model.fleet.is_busy()) {
        model.notify("nothing to write: no host is shown", Tone::Warn);
        return None;
    }
    model.exporting = whole.then(|| model.fleet.facts());
    model.writing = true;
    Some(Effect::Export(Export {
        format,
        rows,
        whole,
        columns: model.table.columns.shown().collect(),
        file,
    }))
}

/// Asks before fixes are written: each time makes a new folder.
pub(super) fn ask_to_fix(model: &mut Model) {
    let mut rows = model.targeted_hosts();
    let selected = rows.len();
    rows.retain(|id| model.fleet.host(*id).is_some_and(fix::concerns));
    if selected == 0 {
        model.notify(NO_HOST_SELECTED, Tone::Notice);
    } else if rows.is_empty() {
        model.notify(
            "nothing to fix: no finding of these hosts has a remedy",
            Tone::Notice,
        );
    } else if check_idle(model).is_some() {
        let hosts = rows.iter().filter_map(|id| model.fleet.host(*id));
        let reach = fix::reach(hosts);
        model.overlay = Overlay::ConfirmFix {
            rows,
            selected,
            reach,
        };
    }
}

/// Writes fixes for the hosts of the question.
pub(super) fn fix(model: &mut Model) -> Option<Effect> {
    let asked = std::mem::replace(&mut model.overlay, Overlay::None);
    let Overlay::ConfirmFix { rows, .. } = asked else {
        return None;
    };
    check_idle(model)?;
    model.writing = true;
    Some(Effect::Fix(rows))
}

/// Copies the entry of this letter.
pub(super) fn copy(model: &mut Model, letter: char) -> Option<Effect> {
    let listed = model.target.as_ref().map(|target| target.copies.clone());
    let copies = listed
        .filter(|copies| !copies.is_empty())
        .unwrap_or_else(|| model.copyables());
    let found = copies.into_iter().find(|entry| entry.letter == letter);
    let Some(copyable) = found else {
        model.notify("this host has nothing of that kind to copy", Tone::Notice);
        return None;
    };
    Some(Effect::Copy {
        what: copyable.what.to_owned(),
        remark: copyable.remark,
        text: copyable.text,
    })
}
