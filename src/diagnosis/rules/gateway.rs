//! Hosts that were not probed: the user's own file says that a gateway leads there, or no resolver had an answer for
//! their name, or the scan ended before their turn.

use super::{HostView, Rule, Verdict, sure};
use crate::model::HostKey;

pub(super) const RULES: &[Rule] = &[
    ("RDP-GATEWAY", behind),
    ("RDP-DNS-UNANSWERED", unanswered),
    ("RDP-NOT-REACHED", not_reached),
];

fn behind(sight: &HostView<'_>) -> Verdict {
    match &sight.history.gateway {
        Some(gateway) if sight.history.attempts.is_empty() => sure(
            "RDP-GATEWAY",
            "The host is reached through a gateway, so it was not probed directly",
            format!("the file that lists it always uses the gateway {gateway}"),
        ),
        _ => Verdict::Silent,
    }
}

/// A name alone, of which every resolver kept silent.
fn is_unanswered(sight: &HostView<'_>) -> bool {
    let is_name_alone = matches!(sight.history.key, HostKey::Unresolved { .. });
    let was_asked = sight.resolver_down || !sight.history.lookups.is_empty();
    is_name_alone && was_asked && !sight.dns_judged && sight.history.gateway.is_none()
}

fn unanswered(sight: &HostView<'_>) -> Verdict {
    if !is_unanswered(sight) {
        return Verdict::Silent;
    }
    let tries = sight.history.lookups.len();
    sure(
        "RDP-DNS-UNANSWERED",
        "No resolver answered, so the host was not probed",
        if tries == 0 {
            "not looked up, since no resolver answered at that time".to_owned()
        } else {
            format!("lookups of its name, none of them answered: {tries}")
        },
    )
}

fn not_reached(sight: &HostView<'_>) -> Verdict {
    if !sight.history.is_not_reached() || is_unanswered(sight) {
        return Verdict::Silent;
    }
    sure(
        "RDP-NOT-REACHED",
        "The scan ended first, so the host was not probed",
        "no connection to it came to an end, and no lookup of its name, before the scan was stopped",
    )
}
