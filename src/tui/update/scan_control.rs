//! Orders to the running scan.

use super::menu::NO_HOST_SELECTED;
use crate::counts::grouped;
use crate::model::{Control, Endpoint, HostState};
use crate::tui::action::{Action, Effect};
use crate::tui::model::{Model, Overlay, RescanScope};
use crate::tui::text;
use crate::tui::theme::Tone;

/// `None`, with a message, when the scan takes no orders.
fn check_control(model: &mut Model) -> Option<()> {
    if !model.capabilities.control {
        model.notify(
            "this scan is saved, so nothing is sent; scan again with rdpscan and its targets",
            Tone::Notice,
        );
    }
    model.capabilities.control.then_some(())
}

/// The same for orders that a scan over sites does not take.
fn check_reprobe(model: &mut Model) -> Option<()> {
    check_control(model)?;
    if model.capabilities.is_at_sites {
        model.notify(
            "workers at other sites scan, so nothing is re-probed; scan again with rdpscan and its targets",
            Tone::Notice,
        );
    }
    (!model.capabilities.is_at_sites).then_some(())
}

/// Pauses, or resumes.
pub(super) fn pause(model: &mut Model) -> Option<Effect> {
    check_control(model)?;
    if model.progress.paused {
        model.notify("resumed", Tone::Good);
        return Some(Effect::Control(Control::Resume));
    }
    let key = model.keymap.label(model.screen_context(), &Action::Pause);
    model.notify(
        format!("paused: in-flight connections finish, {key} resumes"),
        Tone::Warn,
    );
    Some(Effect::Control(Control::Pause))
}

/// Skips the slowest host.
pub(super) fn skip(model: &mut Model) -> Option<Effect> {
    check_control(model)?;
    let Some((endpoint, since)) = model.progress.slowest() else {
        model.notify(
            "nothing to skip: no connection has been in flight for more than two seconds",
            Tone::Notice,
        );
        return None;
    };
    model.notify(
        format!("skipped {endpoint} after {}", text::duration(since)),
        Tone::Warn,
    );
    Some(Effect::Control(Control::Skip(endpoint)))
}

/// Re-probes the selected hosts. Asks first for a group: its heading is one row, and may stand for a thousand hosts.
pub(super) fn reprobe(model: &mut Model) -> Option<Effect> {
    check_reprobe(model)?;
    let selected = model.targeted_hosts();
    if selected.is_empty() {
        model.notify(NO_HOST_SELECTED, Tone::Notice);
        return None;
    }
    let endpoints: Vec<Endpoint> = selected
        .iter()
        .filter_map(|id| model.fleet.host(*id))
        .filter(|host| host.diagnosis.state != HostState::NotProbed)
        .filter_map(|host| host.key().endpoint())
        .collect();
    match endpoints.as_slice() {
        [] => {
            model.notify(
                "no address to re-probe, or it is behind a gateway; R resolves every name again",
                Tone::Notice,
            );
            None
        }
        [_, _, ..] if !model.targets_marked() => {
            model.overlay = Overlay::ConfirmRescan(RescanScope::Group(endpoints));
            None
        }
        _ => Some(send_reprobe(model, endpoints)),
    }
}

fn send_reprobe(model: &mut Model, endpoints: Vec<Endpoint>) -> Effect {
    let message = match endpoints.as_slice() {
        [one] => format!("re-probing {one}"),
        many => format!("re-probing {} hosts", grouped(many.len() as u64)),
    };
    model.notify(message, Tone::Good);
    Effect::Control(Control::ProbeAgain(endpoints))
}

/// Asks first: the key is next to that of a single host.
pub(super) fn ask_to_rescan(model: &mut Model) -> Option<Effect> {
    check_reprobe(model)?;
    model.overlay = Overlay::ConfirmRescan(RescanScope::Everything);
    None
}

/// Re-probes what the question was about.
pub(super) fn rescan(model: &mut Model) -> Option<Effect> {
    let asked = std::mem::replace(&mut model.overlay, Overlay::None);
    check_reprobe(model)?;
    if let Overlay::ConfirmRescan(RescanScope::Group(endpoints)) = asked {
        return Some(send_reprobe(model, endpoints));
    }
    model.notify("rescanning everything", Tone::Good);
    Some(Effect::Control(Control::RescanAll))
}
