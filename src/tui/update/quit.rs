//! The end of the scan, and of the screens.

use crate::tui::action::{Action, Effect};
use crate::tui::model::{Model, Overlay, RunState};

/// The scan has ended; if the user asked to quit, the screens close now. Hosts not evaluated yet appear later, as during the
/// scan. After the stream is `closed`, nothing can be sent.
pub(super) fn scan_ended(model: &mut Model, closed: bool) -> Option<Effect> {
    let stopping = model.run_state == RunState::Stopping;
    model.run_state = RunState::Ended;
    if closed {
        model.capabilities.control = false;
    }
    // The question about unsaved results stays open.
    if matches!(model.overlay, Overlay::ConfirmQuit) && !model.is_unsaved() {
        model.overlay = Overlay::None;
    }
    if !model.is_frozen() {
        model.arrange();
    }
    stopping.then_some(Effect::Quit)
}

pub(super) fn quit(model: &mut Model, action: &Action) -> Option<Effect> {
    model.dirty = true;
    model.save |= *action == Action::QuitSaving;
    let asks = *action == Action::Quit;
    match model.run_state {
        RunState::Ended if asks && model.is_unsaved() => model.overlay = Overlay::ConfirmQuit,
        RunState::Ended => return Some(Effect::Quit),
        RunState::Stopping if *action == Action::Interrupt => return Some(Effect::Quit),
        RunState::Stopping => {}
        RunState::Running if asks => model.overlay = Overlay::ConfirmQuit,
        RunState::Running => {
            model.run_state = RunState::Stopping;
            model.overlay = Overlay::None;
            return Some(Effect::StopScan);
        }
    }
    None
}
