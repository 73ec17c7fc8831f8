//! The end: of the scan, and of the screen.

use super::super::action::{Action, Effect};
use super::super::model::{Model, Overlay, Phase};

/// The scan has ended: whoever waited to leave does. Hosts still to be judged appear as they are, as during the scan. `closed`
/// when nothing can follow.
pub(super) fn ended(model: &mut Model, closed: bool) -> Vec<Effect> {
    let stopping = model.phase == Phase::Stopping;
    model.phase = Phase::Done;
    if closed {
        model.offers.control = false;
    }
    // Whoever is asked whether to lose it all is still asked.
    if matches!(model.overlay, Overlay::Quit) && !model.is_unsaved() {
        model.overlay = Overlay::None;
    }
    if !model.frozen() {
        model.arrange();
    }
    if stopping {
        vec![Effect::Quit]
    } else {
        Vec::new()
    }
}

/// Someone wants to leave.
pub(super) fn leave(model: &mut Model, action: &Action) -> Vec<Effect> {
    model.dirty = true;
    model.save |= *action == Action::QuitSaving;
    match (model.phase, action) {
        (Phase::Done, Action::Quit) if model.is_unsaved() => {
            model.overlay = Overlay::Quit;
            Vec::new()
        }
        (Phase::Done, _) | (Phase::Stopping, Action::Interrupt) => vec![Effect::Quit],
        (Phase::Stopping, _) => Vec::new(),
        (Phase::Scanning, Action::Quit) => {
            model.overlay = Overlay::Quit;
            Vec::new()
        }
        (Phase::Scanning, _) => {
            model.phase = Phase::Stopping;
            model.overlay = Overlay::None;
            vec![Effect::StopScan]
        }
    }
}
