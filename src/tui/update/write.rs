//! What leaves the screen: exports, scripts, copies.

use super::super::action::{Effect, Export};
use super::super::copyable::copyables;
use super::super::model::{Model, Overlay, Screen};
use super::super::theme::Tone;
use super::menu::NOBODY;
use crate::fix;

/// One thing is written at a time; false when one is.
fn free(model: &mut Model) -> bool {
    if model.writing {
        model.say(
            "not yet: what was asked for before is still being written",
            Tone::Notice,
        );
    }
    !model.writing
}

/// The marked hosts, else what the screen shows.
pub(super) fn export(model: &mut Model, format: usize) -> Vec<Effect> {
    if !free(model) {
        return Vec::new();
    }
    // What is written is what is known now, not as of the last sort; of a large fleet, what is shown.
    if model.stale() {
        model.arrange();
    }
    let (mut rows, whole) = match model.screen {
        _ if model.is_marked() || model.on_host_page() => (model.meant(), false),
        Screen::Table | Screen::Host { .. } => (model.list.hosts.clone(), model.list.is_whole()),
        // The bars count everything, so everything is written.
        Screen::Overview(_) => (model.fleet.hosts().map(|(id, _)| id).collect(), true),
    };
    rows.retain(|id| model.fleet.host(*id).is_some());
    // A whole export writes those that are judged first, too.
    if rows.is_empty() && !(whole && model.fleet.is_busy()) {
        model.say("nothing to write: no host is shown", Tone::Warn);
        return Vec::new();
    }
    model.exporting = whole.then(|| model.fleet.facts());
    let columns = model.list.columns.shown().collect();
    model.writing = true;
    vec![Effect::Export(Export {
        format,
        rows,
        whole,
        columns,
    })]
}

/// Asks before what mends the hosts that are meant is written: every time it is, there is one more folder.
pub(super) fn ask_to_fix(model: &mut Model) {
    let mut rows = model.meant();
    if rows.is_empty() {
        model.say(NOBODY, Tone::Notice);
        return;
    }
    let meant = rows.len();
    rows.retain(|id| model.fleet.host(*id).is_some_and(fix::concerns));
    if rows.is_empty() {
        model.say(
            "nothing to mend: no finding of these hosts has a remedy",
            Tone::Notice,
        );
    } else if free(model) {
        model.overlay = Overlay::Fix { rows, meant };
    }
}

/// Writes what the question was about.
pub(super) fn fix(model: &mut Model) -> Vec<Effect> {
    let asked = std::mem::replace(&mut model.overlay, Overlay::None);
    let Overlay::Fix { rows, .. } = asked else {
        return Vec::new();
    };
    if !free(model) {
        return Vec::new();
    }
    model.writing = true;
    vec![Effect::Fix(rows)]
}

/// What the copy menu gives that letter.
pub(super) fn copy(model: &mut Model, letter: char) -> Vec<Effect> {
    // What the menu listed, if one did.
    let listed = model.aim.as_ref().map(|aim| aim.copies.clone());
    let listed = listed.filter(|copies| !copies.is_empty());
    let found = listed
        .unwrap_or_else(|| copyables(model))
        .into_iter()
        .find(|copyable| copyable.letter == letter);
    let Some(copyable) = found else {
        model.say("there is no such thing to copy of this host", Tone::Notice);
        return Vec::new();
    };
    vec![Effect::Copy {
        what: copyable.what.to_owned(),
        remark: copyable.remark,
        text: copyable.text,
    }]
}
