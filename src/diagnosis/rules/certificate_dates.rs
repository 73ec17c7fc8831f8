//! The dates of certificates, judged by this machine's clock, the fleet's and the host's own.

use jiff::Timestamp;

use super::certificate::{is_windows_own, renewal};
use super::{
    Family, OWN_CLOCK, Rule, RuleVerdict, Verdict, closes_at_tls, likely, sure, undetermined,
};
use crate::diagnosis::certificates::ServerCertificate;
use crate::diagnosis::fleet_survey::skews;
use crate::diagnosis::host_view::HostView;
use crate::diagnosis::identity::ServerKind;
use crate::diagnosis::validity::{
    TOLERANCE_S, days_left, ends_soon, has_left_at_most, is_expired, is_not_yet_valid,
};
use crate::model::{CertificateFacts, Confidence, Outcome, Severity, Stage, UtcSecond};

pub(super) const FAMILY: Family = Family {
    entries: include_str!("certificate_dates.toml"),
    rules: &[
        ("RDP-CERT-EXPIRED", Rule::Certificate(expired)),
        ("RDP-CERT-EXPIRED-BROKEN", Rule::Certificate(expired_broken)),
        ("RDP-CERT-RENEWAL-STUCK", Rule::Certificate(renewal_stuck)),
        ("RDP-CERT-EXPIRING", Rule::Certificate(expiring)),
        ("RDP-CERT-NOT-YET-VALID", Rule::Certificate(not_yet_valid)),
    ],
};

/// Windows renews its own certificate by itself; once it is past its end for longer than this, it does not, in days.
const RENEWAL_GRACE_DAYS: i64 = 2;
/// From here on a certificate that someone has to renew is urgent, in days.
const URGENT_DAYS: i64 = 7;
/// And of its lifetime no more is left than this, in percent: one of six days is replaced every few days anyway.
const URGENT_PERCENT: i64 = 10;
/// A certificate that Windows renews by itself is left alone until this many days before its end.
const SELF_RENEWING_DAYS: i64 = 3;
/// A clock before the time when this program was written cannot judge certificates: 2024-01-01.
const EARLIEST_PLAUSIBLE_S: i64 = 1_704_067_200;

const IMPLAUSIBLE: RuleVerdict = undetermined("this machine's clock is implausible", OWN_CLOCK);
const BY_THEIR_CLOCKS: RuleVerdict = undetermined(
    "this machine's clock is probably wrong, by those of the hosts it is otherwise",
    OWN_CLOCK,
);
/// The host has no reason to renew what by its own clock still runs.
const BY_ITS_CLOCK: RuleVerdict = undetermined(
    "by the host's own clock the certificate has not ended, so Windows need not have renewed it",
    "the right time on the host, and another scan",
);

/// Whether `holds` at this time. The error is the verdict otherwise: silent, or undetermined where this machine's clock cannot be
/// trusted with the answer.
pub(super) fn holds_now(
    host: &HostView<'_>,
    holds: impl Fn(Timestamp) -> bool,
) -> Result<(), RuleVerdict> {
    match (holds(host.now), holds(host.corrected_now())) {
        (false, false) => Err(Verdict::Silent),
        _ if host.now.as_second() < EARLIEST_PLAUSIBLE_S => Err(IMPLAUSIBLE),
        (true, true) => Ok(()),
        _ => Err(BY_THEIR_CLOCKS),
    }
}

fn expired(host: &HostView<'_>, leaf: &ServerCertificate<'_>) -> RuleVerdict {
    if let Err(verdict) = holds_now(host, |now| is_expired(leaf.facts, now)) {
        return verdict;
    }
    let days = days_left(leaf.facts, host.now).unwrap_or_default();
    let verdict = sure(dates(leaf.facts))
        .title(format!("The certificate expired {} ago", days_text(-days)))
        .remedies(renewal(host, leaf.facts));
    if runs_by_its_clock(host, leaf) {
        // One of the two clocks is wrong.
        verdict
            .confidence(Confidence::Likely)
            .append("; by the host's own clock it has not ended yet")
    } else {
        verdict
    }
}

/// Past its end by every clock, the host's own included.
fn is_surely_expired(host: &HostView<'_>, leaf: &ServerCertificate<'_>) -> Result<(), RuleVerdict> {
    holds_now(host, |now| is_expired(leaf.facts, now))?;
    if runs_by_its_clock(host, leaf) {
        Err(BY_ITS_CLOCK)
    } else {
        Ok(())
    }
}

/// By the host's own clock, where NTLM gave it, the certificate has not expired.
fn runs_by_its_clock(host: &HostView<'_>, leaf: &ServerCertificate<'_>) -> bool {
    host.ntlm_of(leaf)
        .and_then(|ntlm| ntlm.server_time)
        .is_some_and(|time| !is_expired(leaf.facts, time))
}

/// The renewal failed because the key cannot be used, and the same key fails in TLS. A key that completed one handshake works,
/// whatever closes the other connections.
fn expired_broken(host: &HostView<'_>, leaf: &ServerCertificate<'_>) -> RuleVerdict {
    if !leaf.facts.self_issued || leaf.is_proven() || host.any_through() {
        return Verdict::Silent;
    }
    // Other servers do not renew, so nothing is known of their keys.
    if matches!(host.server, ServerKind::NotWindows(_)) {
        return Verdict::Silent;
    }
    let no_certificate = host.history.attempts.iter().any(|attempt| {
        attempt
            .stage(Stage::X224)
            .is_some_and(|record| record.outcome == Outcome::NegotiationFailure { code: 3 })
    });
    if !no_certificate && !closes_at_tls(host) {
        return Verdict::Silent;
    }
    if let Err(verdict) = is_surely_expired(host, leaf) {
        return verdict;
    }
    let also = if no_certificate {
        "negotiation failure 3 (no certificate) on another attempt"
    } else {
        "TLS is closed before the handshake completes"
    };
    likely(format!("{}; {also}", dates(leaf.facts)))
}

fn renewal_stuck(host: &HostView<'_>, leaf: &ServerCertificate<'_>) -> RuleVerdict {
    if !is_windows_own(host, leaf.facts) {
        return Verdict::Silent;
    }
    if let Err(verdict) = is_surely_expired(host, leaf) {
        return verdict;
    }
    let over = days_left(leaf.facts, host.now.min(host.corrected_now())).unwrap_or_default();
    if -over <= RENEWAL_GRACE_DAYS {
        return undetermined(
            "Windows may still be about to renew it",
            "scan again in two days",
        );
    }
    likely(format!(
        "{}, {} past its end",
        dates(leaf.facts),
        days_text(-over)
    ))
    .title("Windows has not renewed its own certificate, so its key may be unusable")
}

fn expiring(host: &HostView<'_>, leaf: &ServerCertificate<'_>) -> RuleVerdict {
    let leaf = leaf.facts;
    let is_near = |now| !is_expired(leaf, now) && ends_soon(leaf, host.policy, now);
    if let Err(verdict) = holds_now(host, is_near) {
        return verdict;
    }
    let days = days_left(leaf, host.now).unwrap_or_default();
    let is_urgent = days <= URGENT_DAYS && has_left_at_most(leaf, URGENT_PERCENT, host.now);
    let renews_itself = is_windows_own(host, leaf) && days > SELF_RENEWING_DAYS;
    let title = format!("The certificate expires in {}", days_text(days));
    if renews_itself {
        return sure(dates(leaf))
            .title(format!("{title}; Windows renews it by itself"))
            .severity(Severity::Info)
            .remedies(&[]);
    }
    sure(dates(leaf))
        .title(title)
        .severity_if(is_urgent, Severity::Medium)
        .remedies(renewal(host, leaf))
}

fn not_yet_valid(host: &HostView<'_>, leaf: &ServerCertificate<'_>) -> RuleVerdict {
    let leaf = leaf.facts;
    if let Err(verdict) = holds_now(host, |now| is_not_yet_valid(leaf, now)) {
        return verdict;
    }
    // Known by certificates alone, our clock is slow by at least so much: how much it really is decides.
    if host.own_clock_is_slow() {
        return BY_THEIR_CLOCKS;
    }
    let renewal = renewal(host, leaf);
    // Where the host's own clock agrees there is no clock to correct: wait for the day, or make a new certificate.
    if let Some(seconds) = clocks_agree(host) {
        return sure(format!(
            "{}; the host's clock and this one agree to {seconds:.0} s",
            dates(leaf)
        ))
        .title("The certificate is not valid yet, by the host's own clock, too")
        .remedies(renewal);
    }
    sure(dates(leaf)).remedies(match renewal {
        ["R1"] => &["R12", "R1"],
        ["R16"] => &["R12", "R16"],
        _ => &["R12", "R4"],
    })
}

/// How far the host's clock is off at most, in whole seconds; `None` where that is too much, or unknown.
#[expect(clippy::cast_precision_loss, reason = "a few minutes in seconds")]
fn clocks_agree(host: &HostView<'_>) -> Option<f64> {
    let off = skews(host.history)
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
#[path = "certificate_dates_tests.rs"]
mod tests;
