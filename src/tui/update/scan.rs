//! Hands on the scan while it runs, and on the display of it.

use super::super::action::Effect;
use super::super::model::{Again, Model, Overlay};
use super::super::text;
use super::super::theme::Tone;
use super::menu::NOBODY;
use crate::counts::grouped;
use crate::model::{Control, Endpoint, HostState};

/// Why nothing can be sent.
const SAVED: &str =
    "this scan is saved, so nothing is sent; scan again with rdpscan and its targets";

fn controlled(model: &mut Model) -> bool {
    if !model.offers.control {
        model.say(SAVED, Tone::Notice);
    }
    model.offers.control
}

/// Sends nothing new, or goes on.
pub(super) fn pause(model: &mut Model) -> Vec<Effect> {
    if !controlled(model) {
        return Vec::new();
    }
    if model.progress.paused {
        model.say("sending again", Tone::Good);
        return vec![Effect::Control(Control::Resume)];
    }
    let key = model
        .keymap
        .label(model.screen_context(), &super::Action::Pause);
    model.say(
        format!("nothing new is sent; what is under way ends; {key} goes on"),
        Tone::Warn,
    );
    vec![Effect::Control(Control::Pause)]
}

/// Gives up the connection that is stuck.
pub(super) fn skip(model: &mut Model) -> Vec<Effect> {
    if !controlled(model) {
        return Vec::new();
    }
    let Some((endpoint, since)) = model.progress.slowest() else {
        model.say(
            "nothing is stuck: no connection has been under way for more than two seconds",
            Tone::Notice,
        );
        return Vec::new();
    };
    model.say(
        format!("{endpoint} given up after {}", text::clock(since)),
        Tone::Warn,
    );
    vec![Effect::Control(Control::Skip(endpoint))]
}

/// Probes what is meant anew. The head of a group is one row and may mean a thousand hosts, so it asks before.
pub(super) fn probe_again(model: &mut Model) -> Vec<Effect> {
    if !controlled(model) {
        return Vec::new();
    }
    let meant = model.meant();
    if meant.is_empty() {
        model.say(NOBODY, Tone::Notice);
        return Vec::new();
    }
    let endpoints: Vec<Endpoint> = meant
        .iter()
        .filter_map(|id| model.fleet.host(*id))
        .filter(|host| host.diagnosis.state != HostState::NotProbed)
        .filter_map(|host| host.key().endpoint())
        .collect();
    match endpoints.as_slice() {
        [] => {
            model.say(
                "there is no address to probe, or a gateway stands before it; R looks every name up anew",
                Tone::Notice,
            );
            return Vec::new();
        }
        [_, _, ..] if !model.is_marked() => {
            model.overlay = Overlay::Rescan(Again::Group(endpoints));
            return Vec::new();
        }
        _ => {}
    }
    model.list.marks.clear();
    vec![probe(model, endpoints)]
}

/// Has these probed anew, and says so.
fn probe(model: &mut Model, endpoints: Vec<Endpoint>) -> Effect {
    let said = match endpoints.as_slice() {
        [one] => format!("{one} is probed anew"),
        many => format!("{} hosts are probed anew", grouped(many.len() as u64)),
    };
    model.say(said, Tone::Good);
    Effect::Control(Control::ProbeAgain(endpoints))
}

/// Asks before a whole fleet is probed anew: the key is next to that of a single host.
pub(super) fn ask_to_rescan(model: &mut Model) {
    if controlled(model) {
        model.overlay = Overlay::Rescan(Again::Everything);
    }
}

/// Probes anew what the question was about.
pub(super) fn rescan(model: &mut Model) -> Vec<Effect> {
    let asked = std::mem::replace(&mut model.overlay, Overlay::None);
    if !controlled(model) {
        return Vec::new();
    }
    if let Overlay::Rescan(Again::Group(endpoints)) = asked {
        return vec![probe(model, endpoints)];
    }
    model.say("everything is probed anew", Tone::Good);
    vec![Effect::Control(Control::RescanAll)]
}

/// The display stands still, or follows again.
pub(super) fn freeze(model: &mut Model) {
    if let Some(live) = model.live.take() {
        model.fleet = live;
        model.arrange();
        model.say("following the scan again", Tone::Good);
        return;
    }
    if !model.scanning() {
        model.say("nothing moves: the scan has ended", Tone::Notice);
        return;
    }
    model.live = Some(model.fleet.clone());
    let key = model
        .keymap
        .label(model.screen_context(), &super::Action::Freeze);
    model.say(
        format!("the display stands still, the scan goes on; {key} follows it again"),
        Tone::Warn,
    );
}
