//! Rules that need the whole fleet. Without it they say that they cannot tell.

use super::{Refine, Rule, TRIES, found, lacking, likely};
use crate::diagnosis::catalog::Verdict;
use crate::diagnosis::certificate::TOLERANCE_S;
use crate::diagnosis::fleet_rules::{FleetView, KeyUse, SharedKey, is_its_own, length, skews};
use crate::diagnosis::host_view::HostView;
use crate::model::{CertificateFacts, Confidence, Severity, StabilityVerdict, Stage};

pub(super) const RULES: &[Rule] = &[
    ("RDP-TLS-MIDBOX", midbox),
    ("RDP-CERT-SHARED-KEY", shared_key),
    ("RDP-CLOCK-SKEW", clock_skew),
    ("RDP-THROTTLED", throttled),
];

/// From here on even people notice, in seconds.
const GRAVE_S: f64 = 3600.0;

const ALONE: Verdict = Verdict::NotEnough {
    why: "needs the other hosts of the scan",
    get: "a scan of the whole fleet",
};

fn midbox(sight: &HostView<'_>) -> Verdict {
    let Some(fleet) = sight.fleet else {
        return ALONE;
    };
    match fleet.alike(sight.history) {
        Some(alike) => likely(
            "RDP-TLS-MIDBOX",
            format!(
                "Something on the way cuts TLS for the hosts of {}/{} alike",
                alike.network, alike.bits
            ),
            alike.words(),
        ),
        None => Verdict::Silent,
    }
}

/// Something on the way is blamed for the end of TLS, so the host is not.
pub(super) fn behind_midbox(sight: &HostView<'_>) -> bool {
    sight
        .fleet
        .is_some_and(|fleet| fleet.alike(sight.history).is_some())
}

/// The key that this host shares, with what that means.
pub(super) fn key_of<'a>(sight: &HostView<'a>, means: KeyUse) -> Option<&'a SharedKey> {
    shared(sight, means, |_| true).map(|(_, shared)| shared)
}

/// The first of its certificates whose key the host shares in this way.
fn shared<'a>(
    sight: &HostView<'a>,
    means: KeyUse,
    is_meant: impl Fn(&CertificateFacts) -> bool,
) -> Option<(&'a CertificateFacts, &'a SharedKey)> {
    let fleet = sight.fleet?;
    let mut leaves = sight.leaves.iter().map(|leaf| leaf.facts);
    leaves.find_map(|leaf| {
        let shared = fleet.shared_key(leaf)?;
        (shared.means == means && is_meant(leaf)).then_some((leaf, shared))
    })
}

fn shared_key(sight: &HostView<'_>) -> Verdict {
    if sight.fleet.is_none() {
        return ALONE;
    }
    // The host whose name the certificate carries is its owner: only the other addresses are reported.
    let is_foreign = |leaf: &CertificateFacts| !is_its_own(sight.history, leaf);
    let finding = if let Some(shared) = key_of(sight, KeyUse::Clones) {
        found(
            "RDP-CERT-SHARED-KEY",
            Confidence::Likely,
            format!(
                "{} machines share one private key: cloned hosts, mostly",
                shared.count
            ),
            shared.words(),
        )
    } else if let Some((leaf, shared)) = shared(sight, KeyUse::OneCertificate, is_foreign) {
        let finding = found(
            "RDP-CERT-SHARED-KEY",
            Confidence::Sure,
            format!(
                "{} addresses show the same certificate: a port forward, a cluster or load balancer address, or cloned hosts",
                shared.count
            ),
            format!(
                "SHA-256 {}, also shown at {}",
                leaf.sha256.short(),
                shared.words_for(sight.history)
            ),
        );
        finding.severity(Severity::Low)
    } else {
        return Verdict::Silent;
    };
    Verdict::Fires(if sight.server.is_windows() {
        finding.remedies(&["R4"])
    } else {
        finding.remedies(&["R16"])
    })
}

/// A lead, never more: what else happened in a busy moment is not known.
fn throttled(sight: &HostView<'_>) -> Verdict {
    let late = sight.failures().any(|(_, stage, _)| stage >= Stage::X224);
    if !late || !sight.any_through() {
        return Verdict::Silent;
    }
    if sight.stability.verdict == StabilityVerdict::Unknown {
        return lacking("too few attempts", "--attempts 3");
    }
    let Some(fleet) = sight.fleet else {
        return ALONE;
    };
    match fleet.throttled(sight.history) {
        Some(throttled) if throttled.doubtful => lacking(
            "few failures while many connections were open may be an accident",
            "--attempts 5, and again with --profile gentle",
        ),
        Some(throttled) => Verdict::Fires(found(
            "RDP-THROTTLED",
            Confidence::Hint,
            "Connections fail only while this scan keeps many open: scan slower, with --profile gentle",
            format!(
                "{} while {} connections or more were open, none with {} or fewer",
                match throttled.failures {
                    1 => "1 failure".to_owned(),
                    many => format!("{many} failures"),
                },
                throttled.busy,
                throttled.calm
            ),
        )),
        None => Verdict::Silent,
    }
}

fn clock_skew(sight: &HostView<'_>) -> Verdict {
    // Where most hosts are off alike it is this machine that is wrong: the others are held against theirs.
    let ours = sight.fleet.and_then(FleetView::clock);
    let offset = ours.map_or(0.0, |ours| ours.offset_s);
    let (mut ahead, mut behind, mut asked) = (Vec::new(), Vec::new(), 0_usize);
    for (skew, error) in skews(sight.history) {
        let skew = skew - offset;
        asked += 1;
        if skew.abs() - error > TOLERANCE_S as f64 {
            if skew > 0.0 { &mut ahead } else { &mut behind }.push(skew);
        }
    }
    let (off, side) = if ahead.len() >= behind.len() {
        (ahead, "ahead")
    } else {
        (behind, "behind")
    };
    // The mildest: the clock is off by at least this much.
    let Some(least) = off.iter().copied().map(f64::abs).reduce(f64::min) else {
        return Verdict::Silent;
    };
    // A host is asked until it answers, so usually once; one answer is exact to its round trip, but may be an accident.
    let confidence = if off.len() < TRIES {
        Confidence::Likely
    } else {
        Confidence::Sure
    };
    let of = if ours.is_some() {
        "the other hosts'"
    } else {
        "this machine's"
    };
    let finding = found(
        "RDP-CLOCK-SKEW",
        confidence,
        format!("The host's clock is {} {side}", length(least)),
        format!("{} of {asked} answers, held against {of} clock", off.len()),
    );
    Verdict::Fires(if least > GRAVE_S {
        finding.severity(Severity::High)
    } else {
        finding
    })
}
