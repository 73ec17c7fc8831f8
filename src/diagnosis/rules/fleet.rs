//! Rules that compare a host with the other hosts of the scan.

use super::{Family, Rule, RuleVerdict, TRIES, Verdict, hint, likely, matched, sure, undetermined};
use crate::diagnosis::fleet_survey::{
    KeyUse, SharedKey, UnlikeNeighbours, is_its_own, length, skews,
};
use crate::diagnosis::host_view::HostView;
use crate::diagnosis::validity::TOLERANCE_S;
use crate::model::{CertificateFacts, Confidence, Severity, StabilityVerdict, Stage};

pub(super) const FAMILY: Family = Family {
    entries: include_str!("fleet.toml"),
    rules: &[
        ("RDP-TLS-MIDBOX", Rule::Host(midbox)),
        ("RDP-CERT-SHARED-KEY", Rule::Host(shared_key)),
        ("RDP-CLOCK-SKEW", Rule::Host(clock_skew)),
        ("RDP-THROTTLED", Rule::Host(throttled)),
        ("RDP-LISTENER-LIMIT", Rule::Host(listener_limit)),
        ("RDP-CONFIG-DIFFERS", Rule::Host(configuration)),
    ],
};

/// From here on the difference is noticed by people as well, in seconds.
const GRAVE_S: f64 = 3600.0;

const NO_FLEET: RuleVerdict = undetermined(
    "needs the other hosts of the scan",
    "a scan of the whole fleet",
);

fn midbox(host: &HostView<'_>) -> RuleVerdict {
    let Some(fleet) = host.fleet else {
        return NO_FLEET;
    };
    fleet
        .cut_prefix(host.history)
        .map_or(Verdict::Silent, |prefix| {
            likely(prefix.words()).title(format!(
                "Something on the way cuts TLS for the hosts of {}/{} alike",
                prefix.network, prefix.bits
            ))
        })
}

/// Something on the way ends TLS, so the host is not to blame.
pub(super) fn behind_midbox(host: &HostView<'_>) -> bool {
    host.fleet
        .is_some_and(|fleet| fleet.cut_prefix(host.history).is_some())
}

/// The first certificate whose key the host shares in this way.
pub(super) fn shared<'a>(
    host: &HostView<'a>,
    key_use: KeyUse,
) -> Option<(&'a CertificateFacts, &'a SharedKey)> {
    let fleet = host.fleet?;
    host.certificates.iter().find_map(|certificate| {
        let facts = certificate.facts;
        let shared = fleet.shared_key(facts)?;
        // The host whose name the certificate carries is its owner: only the other addresses are reported.
        let is_owner = key_use == KeyUse::OneCertificate && is_its_own(host.history, facts);
        (shared.key_use == key_use && !is_owner).then_some((facts, shared))
    })
}

fn shared_key(host: &HostView<'_>) -> RuleVerdict {
    if host.fleet.is_none() {
        return NO_FLEET;
    }
    let mut windows: &[&str] = &["R4"];
    let verdict = if let Some((_, shared)) = shared(host, KeyUse::Clones) {
        windows = &["R4", "R21"];
        likely(shared.words()).title(format!(
            "{} machines share one private key: cloned hosts, mostly",
            shared.count
        ))
    } else if let Some((leaf, shared)) = shared(host, KeyUse::OneCertificate) {
        sure(format!(
            "SHA-256 {}, also shown at {}",
            leaf.sha256.short(),
            shared.words_for(host.history)
        ))
        .title(format!(
            "{} addresses show the same certificate: a port forward, a cluster or load balancer address, or cloned hosts",
            shared.count
        ))
        .severity(Severity::Low)
    } else {
        return Verdict::Silent;
    };
    verdict.remedies(if host.server.is_windows() {
        windows
    } else {
        &["R16"]
    })
}

/// A hint, never more: what else happened in a busy moment is not known.
/// What the host accepts is cut off while many connections are open.
fn throttled(host: &HostView<'_>) -> RuleVerdict {
    under_load(host, false).title(
        "Connections fail only while this scan keeps many open: scan slower, with --profile gentle",
    )
}

/// The port stops accepting while many connections are open.
fn listener_limit(host: &HostView<'_>) -> RuleVerdict {
    under_load(host, true)
        .title("The port accepts nothing only while this scan keeps many connections open: scan slower, with --profile gentle")
}

fn under_load(host: &HostView<'_>, at_tcp: bool) -> RuleVerdict {
    let fails_there = |stage: Stage| (stage < Stage::X224) == at_tcp;
    if !host.failures().any(|(_, stage, _)| fails_there(stage)) || !host.any_through() {
        return Verdict::Silent;
    }
    if host.stability.verdict == StabilityVerdict::Unknown {
        return undetermined("too few attempts", "--attempts 3");
    }
    let Some(fleet) = host.fleet else {
        return NO_FLEET;
    };
    match fleet.throttled(host.history) {
        Some(throttled) if throttled.at_tcp != at_tcp => Verdict::Silent,
        Some(throttled) if throttled.doubtful => undetermined(
            "few failures while many connections were open may be an accident",
            "--attempts 5, and again with --profile gentle",
        ),
        Some(throttled) => hint(format!(
            "{} while {} connections or more were open, none with {} or fewer",
            match throttled.failures {
                1 => "1 failure".to_owned(),
                many => format!("{many} failures"),
            },
            throttled.busy,
            throttled.calm
        )),
        None => Verdict::Silent,
    }
}

fn configuration(host: &HostView<'_>) -> RuleVerdict {
    let Some(fleet) = host.fleet else {
        return NO_FLEET;
    };
    let unlike = fleet.unlike_neighbours(host.history);
    if unlike.is_empty() {
        return Verdict::Silent;
    }
    let components: Vec<&str> = unlike.iter().map(|one| one.component).collect();
    let evidence: Vec<String> = unlike.iter().map(UnlikeNeighbours::to_string).collect();
    sure(evidence.join("; ")).title(format!(
        "Configured unlike the neighbours: {}",
        components.join(", ")
    ))
}

fn clock_skew(host: &HostView<'_>) -> RuleVerdict {
    // Where most hosts differ alike this machine is wrong, and the others are compared with them.
    let ours = host.fleet.and_then(|fleet| fleet.clock);
    let offset = ours.map_or(0.0, |ours| ours.offset_s);
    let (mut ahead, mut behind, mut asked) = (Vec::new(), Vec::new(), 0_usize);
    for (skew, error) in skews(host.history) {
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
    matched(
        confidence,
        format!("{} of {asked} answers, held against {of} clock", off.len()),
    )
    .title(format!("The host's clock is {} {side}", length(least)))
    .severity_if(least > GRAVE_S, Severity::High)
}
