//! Hosts that were not probed, because the user's own file says that a gateway leads there.

use super::{Rule, Sight, Verdict, sure};

pub(super) const RULES: &[Rule] = &[("RDP-GATEWAY", behind)];

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
