//! Hosts that were not probed: they are behind a gateway, no resolver answered for their name, or the scan ended first.

use super::{Family, HostView, Rule, RuleVerdict, Verdict, sure};
use crate::model::HostKey;

pub(super) const FAMILY: Family = Family {
    entries: include_str!("not_probed.toml"),
    rules: &[
        ("RDP-GATEWAY", Rule::Host(behind_gateway)),
        ("RDP-DNS-UNANSWERED", Rule::Host(unanswered)),
        ("RDP-NOT-REACHED", Rule::Host(not_reached)),
    ],
};

fn behind_gateway(host: &HostView<'_>) -> RuleVerdict {
    match &host.history.gateway {
        Some(gateway) if host.history.attempts.is_empty() => sure(format!(
            "the file that lists it always uses the gateway {gateway}"
        )),
        _ => Verdict::Silent,
    }
}

/// A name without an endpoint, for which no resolver answered.
fn is_unanswered(host: &HostView<'_>) -> bool {
    let is_name_alone = matches!(host.history.key, HostKey::Unresolved { .. });
    let was_asked = host.resolver_down || !host.history.lookups.is_empty();
    is_name_alone && was_asked && !host.dns_judged && host.history.gateway.is_none()
}

fn unanswered(host: &HostView<'_>) -> RuleVerdict {
    if !is_unanswered(host) {
        return Verdict::Silent;
    }
    let tries = host.history.lookups.len();
    sure(if tries == 0 {
        "not looked up, since no resolver answered at that time".to_owned()
    } else {
        format!("lookups of its name, none of them answered: {tries}")
    })
}

fn not_reached(host: &HostView<'_>) -> RuleVerdict {
    if !host.history.is_not_reached() || is_unanswered(host) {
        return Verdict::Silent;
    }
    sure(
        "no connection to it came to an end, and no lookup of its name, before the scan was stopped",
    )
}
