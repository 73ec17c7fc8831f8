//! Hosts that were not probed: the user's own file says that a gateway leads there, or the scan ended before their turn.

use super::{Rule, Sight, Verdict, sure};

pub(super) const RULES: &[Rule] = &[("RDP-GATEWAY", behind), ("RDP-NOT-REACHED", not_reached)];

fn behind(sight: &Sight<'_>) -> Verdict {
    match &sight.history.gateway {
        Some(gateway) if sight.history.attempts.is_empty() => sure(
            "RDP-GATEWAY",
            "The host is reached through a gateway, so it was not probed directly",
            format!("the file that lists it always uses the gateway {gateway}"),
        ),
        _ => Verdict::Silent,
    }
}

fn not_reached(sight: &Sight<'_>) -> Verdict {
    if !sight.history.is_not_reached() {
        return Verdict::Silent;
    }
    sure(
        "RDP-NOT-REACHED",
        "The scan ended first, so the host was not probed",
        "no connection to it came to an end, and no lookup of its name, before the scan was stopped",
    )
}
