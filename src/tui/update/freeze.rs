use crate::tui::action::Action;
use crate::tui::model::Model;
use crate::tui::theme::Tone;

/// Freezes the display on a copy of the fleet, while events go into the live one; or follows the scan again.
pub(super) fn toggle(model: &mut Model) {
    if let Some(live) = model.live.take() {
        model.fleet = live;
        model.arrange();
        return model.notify("display unfrozen", Tone::Good);
    }
    if !model.is_running() {
        return model.notify("nothing to freeze: the scan has ended", Tone::Notice);
    }
    model.live = Some(model.fleet.clone());
    let key = model.keymap.label(model.screen_context(), &Action::Freeze);
    model.notify(
        format!("display frozen while the scan runs; {key} unfreezes it"),
        Tone::Warn,
    );
}
