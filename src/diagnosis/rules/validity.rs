//! What certificates' dates say, and by whose clock.

use jiff::Timestamp;

use super::certificate::{is_windows_own, renewal};
use super::{OWN_CLOCK, Refine, Rule, closes_at_tls, found, lacking, likely, per_certificate};
use crate::diagnosis::catalog::Verdict;
use crate::diagnosis::certificate::{TOLERANCE_S, days_left, is_expired, is_not_yet_valid};
use crate::diagnosis::fleet_rules::skews;
use crate::diagnosis::host_view::HostView;
use crate::diagnosis::identity::ServerKind;
use crate::diagnosis::leaves::Leaf;
use crate::model::{CertificateFacts, Confidence, Outcome, Severity, Stage, UtcSecond};

pub(super) const RULES: &[Rule] = &[
    ("RDP-CERT-EXPIRED", |sight| per_certificate(sight, expired)),
    ("RDP-CERT-EXPIRED-BROKEN", |sight| {
        per_certificate(sight, expired_broken)
    }),
    ("RDP-CERT-RENEWAL-STUCK", |sight| {
        per_certificate(sight, renewal_stuck)
    }),
    ("RDP-CERT-EXPIRING", |sight| {
        per_certificate(sight, expiring)
    }),
    ("RDP-CERT-NOT-YET-VALID", |sight| {
        per_certificate(sight, not_yet_valid)
    }),
];

/// Windows renews its own certificate by itself; once it is past its end for longer than this, it does not, in days.
const RENEWAL_GRACE_DAYS: i64 = 2;
/// From here on a certificate that someone has to renew is urgent, in days.
const URGENT_DAYS: i64 = 7;
/// A certificate that Windows renews by itself is left alone until this many days before its end.
const SELF_RENEWING_DAYS: i64 = 3;
/// No certificate can be judged by a clock that stands before this program was written: 2024-01-01.
const EARLIEST_PLAUSIBLE_S: i64 = 1_704_067_200;

const IMPLAUSIBLE: Verdict = lacking("this machine's clock is implausible", OWN_CLOCK);
const BY_THEIR_CLOCKS: Verdict = lacking(
    "this machine's clock is probably wrong, by those of the hosts it is otherwise",
    OWN_CLOCK,
);
/// The host has no reason to renew what by its own clock still runs.
const BY_ITS_CLOCK: Verdict = lacking(
    "by the host's own clock the certificate has not ended, so Windows need not have renewed it",
    "the right time on the host, and another scan",
);

fn clock_is_plausible(sight: &HostView<'_>) -> bool {
    sight.now.as_second() >= EARLIEST_PLAUSIBLE_S
}

/// Whether `holds` at this time; what to say instead where this machine's clock cannot be trusted with the answer.
pub(super) fn holds_now(
    sight: &HostView<'_>,
    holds: impl Fn(Timestamp) -> bool,
) -> Result<bool, Verdict> {
    let (ours, theirs) = (holds(sight.now), holds(sight.corrected_now()));
    if (ours || theirs) && !clock_is_plausible(sight) {
        Err(IMPLAUSIBLE)
    } else if ours == theirs {
        Ok(ours)
    } else {
        Err(BY_THEIR_CLOCKS)
    }
}

fn expired(sight: &HostView<'_>, leaf: &Leaf<'_>) -> Verdict {
    match holds_now(sight, |now| is_expired(leaf.facts, now)) {
        Ok(true) => {}
        Ok(false) => return Verdict::Silent,
        Err(doubt) => return doubt,
    }
    let days = days_left(leaf.facts, sight.now).unwrap_or_default();
    // Then either clock is wrong.
    let (confidence, note) = if runs_by_its_clock(sight, leaf) {
        (
            Confidence::Likely,
            "; by the host's own clock it has not ended yet",
        )
    } else {
        (Confidence::Sure, "")
    };
    let finding = found(
        "RDP-CERT-EXPIRED",
        confidence,
        format!("The certificate expired {} ago", days_text(-days)),
        format!("{}{note}", dates(leaf.facts)),
    );
    Verdict::Fires(finding.remedies(renewal(sight, leaf.facts)))
}

/// By the host's own clock, as far as it told it, the certificate has not ended.
fn runs_by_its_clock(sight: &HostView<'_>, leaf: &Leaf<'_>) -> bool {
    sight
        .ntlm_of(leaf)
        .and_then(|ntlm| ntlm.server_time)
        .is_some_and(|time| !is_expired(leaf.facts, time))
}

/// The renewal failed because the key cannot be used, and the same key fails in TLS. A key that completed one handshake works,
/// whatever closes the other connections.
fn expired_broken(sight: &HostView<'_>, leaf: &Leaf<'_>) -> Verdict {
    if !leaf.facts.self_issued || leaf.is_proven() || sight.any_through() {
        return Verdict::Silent;
    }
    // Other servers do not renew, so nothing is known of their keys.
    if matches!(sight.server, ServerKind::NotWindows(_)) {
        return Verdict::Silent;
    }
    let no_certificate = sight.history.attempts.iter().any(|attempt| {
        attempt
            .stage(Stage::X224)
            .is_some_and(|record| record.outcome == Outcome::NegotiationFailure { code: 3 })
    });
    if !no_certificate && !closes_at_tls(sight) {
        return Verdict::Silent;
    }
    match holds_now(sight, |now| is_expired(leaf.facts, now)) {
        Ok(true) if runs_by_its_clock(sight, leaf) => return BY_ITS_CLOCK,
        Ok(true) => {}
        Ok(false) => return Verdict::Silent,
        Err(doubt) => return doubt,
    }
    let also = if no_certificate {
        "negotiation failure 3 (no certificate) on another attempt"
    } else {
        "TLS is closed before the handshake completes"
    };
    likely(
        "RDP-CERT-EXPIRED-BROKEN",
        "The self-signed certificate has expired and its key does not work",
        format!("{}; {also}", dates(leaf.facts)),
    )
}

fn renewal_stuck(sight: &HostView<'_>, leaf: &Leaf<'_>) -> Verdict {
    if !is_windows_own(sight, leaf.facts) {
        return Verdict::Silent;
    }
    match holds_now(sight, |now| is_expired(leaf.facts, now)) {
        Ok(true) if runs_by_its_clock(sight, leaf) => return BY_ITS_CLOCK,
        Ok(true) => {}
        Ok(false) => return Verdict::Silent,
        Err(doubt) => return doubt,
    }
    let over = days_left(leaf.facts, sight.now.min(sight.corrected_now())).unwrap_or_default();
    if -over <= RENEWAL_GRACE_DAYS {
        return lacking(
            "Windows may still be about to renew it",
            "scan again in two days",
        );
    }
    likely(
        "RDP-CERT-RENEWAL-STUCK",
        "Windows has not renewed its own certificate, so its key may be unusable",
        format!("{}, {} past its end", dates(leaf.facts), days_text(-over)),
    )
}

fn expiring(sight: &HostView<'_>, leaf: &Leaf<'_>) -> Verdict {
    let leaf = leaf.facts;
    let limit = i64::from(sight.policy.expiring_days);
    let ends_soon =
        |now| !is_expired(leaf, now) && days_left(leaf, now).is_some_and(|days| days <= limit);
    match holds_now(sight, ends_soon) {
        Ok(true) => {}
        Ok(false) => return Verdict::Silent,
        Err(doubt) => return doubt,
    }
    let days = days_left(leaf, sight.now).unwrap_or_default();
    let renews_itself = is_windows_own(sight, leaf) && days > SELF_RENEWING_DAYS;
    let finding = found(
        "RDP-CERT-EXPIRING",
        Confidence::Sure,
        if renews_itself {
            format!(
                "The certificate ends in {}; Windows renews it by itself",
                days_text(days)
            )
        } else {
            format!("The certificate ends in {}", days_text(days))
        },
        dates(leaf),
    );
    Verdict::Fires(if renews_itself {
        finding.severity(Severity::Info).remedies(&[])
    } else if days <= URGENT_DAYS {
        finding
            .severity(Severity::Medium)
            .remedies(renewal(sight, leaf))
    } else {
        finding.remedies(renewal(sight, leaf))
    })
}

fn not_yet_valid(sight: &HostView<'_>, leaf: &Leaf<'_>) -> Verdict {
    let leaf = leaf.facts;
    match holds_now(sight, |now| is_not_yet_valid(leaf, now)) {
        // Told by certificates alone, it is slow by at least so much: how much it really is decides.
        Ok(true) if sight.own_clock_is_slow() => return BY_THEIR_CLOCKS,
        Ok(true) => {}
        Ok(false) => return Verdict::Silent,
        Err(doubt) => return doubt,
    }
    let anew = renewal(sight, leaf);
    // Where the host's own clock agrees there is none to set: wait for the day, or have it made anew.
    let (title, evidence, remedies): (_, _, &'static [&'static str]) =
        if let Some(seconds) = clocks_agree(sight) {
            (
                "The certificate is not valid yet, by the host's own clock, too",
                format!(
                    "{}; the host's clock and this one agree to {seconds:.0} s",
                    dates(leaf)
                ),
                anew,
            )
        } else {
            let remedies: &[&str] = match anew {
                ["R1"] => &["R12", "R1"],
                ["R16"] => &["R12", "R16"],
                _ => &["R12", "R4"],
            };
            ("The certificate is not valid yet", dates(leaf), remedies)
        };
    let finding = found("RDP-CERT-NOT-YET-VALID", Confidence::Sure, title, evidence);
    Verdict::Fires(finding.remedies(remedies))
}

/// By how much the host's clock is off at most, in whole seconds, where that is not worth speaking of; `None` where it is, or where
/// the host did not tell.
#[expect(clippy::cast_precision_loss, reason = "a few minutes in seconds")]
fn clocks_agree(sight: &HostView<'_>) -> Option<f64> {
    let off = skews(sight.history)
        .map(|(skew, _)| skew.abs())
        .reduce(f64::max)?;
    (off <= TOLERANCE_S as f64).then(|| off.ceil().max(1.0))
}

pub(super) fn dates(leaf: &CertificateFacts) -> String {
    let day = |time: Option<UtcSecond>| {
        time.map_or_else(|| "an unknown date".to_owned(), |time| time.to_string())
    };
    format!(
        "valid from {} to {}",
        day(leaf.not_before),
        day(leaf.not_after)
    )
}

fn days_text(days: i64) -> String {
    match days {
        0 => "less than a day".to_owned(),
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}

#[cfg(test)]
#[path = "validity_tests.rs"]
mod tests;
