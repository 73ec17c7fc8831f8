//! What mstsc would probably show. The weights are a judgement, not a measurement; the reasons stand beside the number.

use super::ending::connected;
use super::host_view::HostView;
use super::names::JudgedName;
use super::rules;
use super::state::StateOfHost;
use crate::model::{
    DnsVerdict, Finding, HostKey, HostState, Outcome, PredictedError, Severity, StabilityVerdict,
    Stage,
};

/// Findings under which mstsc's socket is closed: 0x904.
const CLOSING: [(&str, u32); 9] = [
    ("RDP-TLS-CLOSED", 90),
    ("RDP-TLS-MIDBOX", 90),
    ("RDP-NEG-NO-CERT", 85),
    ("RDP-X224-CLOSED", 80),
    ("RDP-TCP-RESET-EARLY", 80),
    ("RDP-TLS-CLOSED-LATE", 70),
    ("RDP-CREDSSP-CLOSED", 70),
    ("RDP-TLS-NO-COMMON", 65),
    ("RDP-TLS-ALERT", 65),
];

/// Findings that make a close more likely where nothing but closes is seen, and too few of them. Alone they do not close anything:
/// an expired certificate on a server whose TLS works gives a warning. Where some connections get through, their share says more
/// than any of these.
const SUPPORTING: [(&str, u32); 2] = [
    ("RDP-CERT-RENEWAL-STUCK", 30),
    ("RDP-CERT-RENAMED-HOST", 25),
];

/// What stops some clients, with the likelihood for them in words: old TLS is fine for a default client, the end for a hardened
/// one, and a hello that is not tolerated is that of Windows 11 and Server 2022.
const SOMETIMES: [(&str, u32, &str); 2] = [
    ("RDP-TLS-LEGACY-ONLY", 15, "for hardened clients rather 40"),
    ("RDP-TLS-INTOLERANT", 40, "only for clients with TLS 1.3"),
];
/// A connection that ends on every attempt, where no finding says more.
const ALWAYS: u32 = 60;
/// The same while it was seen once only.
const ONCE: u32 = 30;

/// Fails only at busy times.
const THROTTLED: u32 = 45;

/// A candidate before it is capped.
struct Guess {
    code: &'static str,
    name: &'static str,
    weight: u32,
    reasons: Vec<String>,
}

const DNS_FAILED: (&str, &str) = ("0x104", "DNS name lookup failed");
const TIMED_OUT: (&str, &str) = ("0x108", "Connection timed out");
const CONNECT_FAILED: (&str, &str) = ("0x204", "The socket could not be connected");
const BAD_CERTIFICATE: (&str, &str) = ("0x706", "The server certificate could not be unpacked");
const TIMEOUT: (&str, &str) = ("0x704", "A time limit of the client ran out");
const CLOSED: (&str, &str) = ("0x904", "The socket was closed");
const EXPIRED: (&str, &str) = ("0x1B07", "The server certificate has expired");

/// The likeliest client error, or none.
pub(crate) fn predict(
    sight: &HostView<'_>,
    findings: &[Finding],
    ending: StateOfHost,
) -> Option<PredictedError> {
    let guesses = [
        connect(sight, ending),
        closed(sight, findings, ending),
        flaky_connect(sight),
        silent(findings),
        by_name(sight, findings),
        certificate(sight, findings),
        stopped(sight),
    ];
    let mut best: Option<Guess> = None;
    for guess in guesses.into_iter().flatten() {
        // The first of equals stays: the order above goes from what happens surely to what may be shown.
        if best.as_ref().is_none_or(|best| guess.weight > best.weight) {
            best = Some(guess);
        }
    }
    best.map(|guess| PredictedError {
        code: guess.code,
        name: guess.name,
        likelihood: u8::try_from(guess.weight.clamp(1, 100)).unwrap_or(100),
        reasons: guess.reasons,
    })
}

fn guess(
    (code, name): (&'static str, &'static str),
    weight: u32,
    reason: impl Into<String>,
) -> Guess {
    Guess {
        code,
        name,
        weight,
        reasons: vec![reason.into()],
    }
}

/// Nothing comes up at all.
fn connect(sight: &HostView<'_>, ending: StateOfHost) -> Option<Guess> {
    if let HostKey::Unresolved { name, .. } = &sight.history.key {
        let weight = match sight.names.verdict {
            DnsVerdict::Missing | DnsVerdict::AliasLoop => 95,
            DnsVerdict::Error => 70,
            _ => return None,
        };
        return Some(guess(
            DNS_FAILED,
            weight,
            format!("{name} has no address here"),
        ));
    }
    let newest = sight.failures_at(Stage::Tcp).last().copied()?;
    let reason = format!("TCP: {newest}");
    match ending.state {
        HostState::Closed => Some(guess(CONNECT_FAILED, 90, reason)),
        HostState::Unreachable => Some(guess(CONNECT_FAILED, 85, reason)),
        HostState::Filtered => {
            let mut filtered = guess(CONNECT_FAILED, 80, reason);
            filtered
                .reasons
                .push("some clients show 0x108 (timed out) instead".to_owned());
            Some(filtered)
        }
        _ => None,
    }
}

/// The socket is closed under the client, somewhere after TCP came up.
fn closed(sight: &HostView<'_>, findings: &[Finding], ending: StateOfHost) -> Option<Guess> {
    let has = |id: &str| findings.iter().find(|finding| finding.id == id);
    if has("RDP-THROTTLED").is_none()
        && let Some(share) = flaky_close(sight)
    {
        return Some(share);
    }
    let mut weight = 0;
    let mut reasons = Vec::new();
    let mut count = |added: u32, why: &str| {
        weight += added;
        reasons.push(format!("{why} (+{added})"));
    };
    for (id, added) in CLOSING {
        if let Some(finding) = has(id) {
            count(added, &finding.title);
        }
    }
    if let Some(throttled) = has("RDP-THROTTLED") {
        // In place of the share of failures, which is that of a busy scan and not of a user.
        count(THROTTLED, &throttled.title);
    }
    if let Some(added) = seen_once(sight, findings, ending) {
        count(
            added,
            "The connection is closed, in too few attempts alike for a finding",
        );
    }
    if weight == 0 {
        return SOMETIMES.into_iter().find_map(|(id, added, note)| {
            let title = &has(id)?.title;
            let mut guess = guess(CLOSED, added, format!("{title} (+{added})"));
            guess.reasons.push(note.to_owned());
            Some(guess)
        });
    }
    let mut count = |added: u32, why: &str| {
        weight += added;
        reasons.push(format!("{why} (+{added})"));
    };
    for (id, added) in SUPPORTING {
        if let Some(finding) = has(id) {
            count(added, &finding.title);
        }
    }
    let (code, name) = CLOSED;
    Some(Guess {
        code,
        name,
        weight: weight.min(100),
        reasons,
    })
}

/// Failures that come after TCP, where some attempts get through: as likely as they are among the attempts.
fn flaky_close(sight: &HostView<'_>) -> Option<Guess> {
    let stability = &sight.stability;
    let late: u32 = stability
        .failures_by_stage
        .iter()
        .filter(|(stage, _)| *stage >= Stage::X224)
        .map(|(_, count)| count)
        .sum();
    if stability.verdict != StabilityVerdict::Flaky || late == 0 {
        return None;
    }
    let attempts = stability.attempts;
    let silent = |stages: &[Stage]| {
        let mut ends = sight.failures().filter(|(_, stage, _)| *stage > Stage::Tcp);
        ends.all(|(_, stage, outcome)| {
            stages.contains(&stage) && matches!(outcome, Outcome::Timeout { .. })
        })
    };
    let code = if silent(&[Stage::X224]) {
        TIMED_OUT
    } else if silent(&[Stage::X224, Stage::Tls, Stage::Credssp]) {
        TIMEOUT
    } else {
        CLOSED
    };
    Some(guess(
        code,
        late * 100 / attempts.max(1),
        format!(
            "{late} of {attempts} attempts fail after TCP came up: {}",
            in_about(late, attempts)
        ),
    ))
}

/// "in about 1 of 3 connections": what a user meets, where attempts are a sample of that.
fn in_about(failures: u32, attempts: u32) -> String {
    let (mut divisor, mut rest) = (attempts, failures);
    while rest > 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    let divisor = divisor.max(1);
    format!(
        "in about {} of {} connections",
        failures / divisor,
        attempts / divisor
    )
}

/// Half the weight of a stage's finding while there is only one attempt to go by.
fn seen_once(sight: &HostView<'_>, findings: &[Finding], ending: StateOfHost) -> Option<u32> {
    let known = findings
        .iter()
        .any(|finding| CLOSING.iter().any(|(id, _)| finding.id == *id));
    if ending.state != HostState::Broken || known {
        return None;
    }
    let closed = sight.failures().any(|(_, _, outcome)| outcome.is_close());
    match ending.failed_stage {
        Some(Stage::X224) if closed => Some(40),
        Some(Stage::Tls) if rules::closes_at_once(sight) => Some(45),
        Some(Stage::Tls | Stage::Credssp) if closed => Some(35),
        _ => None,
    }
}

/// Every attempt that came up ends, in a way that no other guess covers: the client's socket is closed sooner or later.
fn stopped(sight: &HostView<'_>) -> Option<Guess> {
    let up = sight
        .counted
        .iter()
        .any(|counted| connected(counted.attempt));
    let (_, stage, outcome) = sight.failures().last()?;
    (up && !sight.any_through()).then(|| {
        let code = match (stage, outcome) {
            (Stage::X224, Outcome::Timeout { .. }) => TIMED_OUT,
            (_, Outcome::Timeout { .. }) => TIMEOUT,
            _ => CLOSED,
        };
        let weight = if sight.counted.len() > 1 {
            ALWAYS
        } else {
            ONCE
        };
        guess(
            code,
            weight,
            format!("no attempt gets through; last at {stage}: {outcome}"),
        )
    })
}

/// Connects that fail now and then.
fn flaky_connect(sight: &HostView<'_>) -> Option<Guess> {
    let stability = &sight.stability;
    if stability.verdict != StabilityVerdict::Flaky {
        return None;
    }
    let at_tcp = stability
        .failures_by_stage
        .iter()
        .find(|(stage, _)| *stage == Stage::Tcp)
        .map(|(_, count)| *count)?;
    let percent = at_tcp * 100 / stability.attempts.max(1);
    let reason = format!(
        "{at_tcp} of {} connects fail: {}",
        stability.attempts,
        in_about(at_tcp, stability.attempts)
    );
    Some(guess(CONNECT_FAILED, percent, reason))
}

/// Connected, but nothing more comes.
fn silent(findings: &[Finding]) -> Option<Guess> {
    let title = |id: &str| {
        findings
            .iter()
            .find(|finding| finding.id == id)
            .map(|finding| finding.title.clone())
    };
    title("RDP-X224-SILENT")
        .map(|why| guess(TIMED_OUT, 70, why))
        .or_else(|| title("RDP-TLS-TIMEOUT").map(|why| guess(TIMEOUT, 60, why)))
}

/// By IP it works; by name it does not. A name that the user typed and that works is the one that counts: nobody is known to
/// type the others.
fn by_name(sight: &HostView<'_>, findings: &[Finding]) -> Option<Guess> {
    if !sight.history.attempts.iter().any(connected) {
        return None;
    }
    let works = sight
        .names
        .with(DnsVerdict::Match)
        .any(JudgedName::is_target);
    let counts = |name: &JudgedName| !works || name.is_target();
    let candidates = [
        ("RDP-DNS-MISSING", DnsVerdict::Missing, DNS_FAILED, 60),
        ("RDP-DNS-ALIAS-LOOP", DnsVerdict::AliasLoop, DNS_FAILED, 60),
        ("RDP-DNS-STALE", DnsVerdict::Stale, CONNECT_FAILED, 60),
        (
            "RDP-DNS-PARTIAL-DEAD",
            DnsVerdict::PartialDead,
            CONNECT_FAILED,
            30,
        ),
        (
            "RDP-DNS-AAAA-DEAD",
            DnsVerdict::AaaaDead,
            CONNECT_FAILED,
            20,
        ),
        ("RDP-DNS-ERROR", DnsVerdict::Error, DNS_FAILED, 40),
    ];
    candidates
        .into_iter()
        .find_map(|(id, verdict, code, weight)| {
            // What is not worth a degraded state stops nobody.
            let finding = findings
                .iter()
                .find(|finding| finding.id == id && finding.severity >= Severity::Medium)?;
            sight
                .names
                .with(verdict)
                .any(counts)
                .then(|| guess(code, weight, format!("By name only: {}", finding.title)))
        })
}

/// The client itself refuses the certificate.
fn certificate(sight: &HostView<'_>, findings: &[Finding]) -> Option<Guess> {
    let has = |id: &str| findings.iter().find(|finding| finding.id == id);
    // What is seen to happen comes before what only a policy would do.
    if sight.stability.verdict == StabilityVerdict::Flaky {
        return None;
    }
    if let Some(finding) = has("RDP-CERT-UNPARSABLE") {
        return Some(guess(BAD_CERTIFICATE, 40, finding.title.clone()));
    }
    has("RDP-CERT-EXPIRED").map(|finding| {
        let mut expired = guess(EXPIRED, 25, finding.title.clone());
        expired.reasons.push(
            "TLS works, so a default client only warns; this is shown where policy refuses"
                .to_owned(),
        );
        expired
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::catalog;
    use crate::diagnosis::handbook::handbook;
    use crate::diagnosis::testing::{
        attempt, certificate, closed, days, host, legacy, ntlm, reset, silent, times, tls,
    };
    use crate::model::{CertificateFacts, Outcome, TlsVersion};

    #[test]
    fn codes_have_the_words_of_the_handbook() {
        let named = [
            DNS_FAILED,
            TIMED_OUT,
            CONNECT_FAILED,
            BAD_CERTIFICATE,
            TIMEOUT,
            CLOSED,
            EXPIRED,
        ];
        for (code, name) in named {
            let entry = handbook().entry(code).unwrap();
            assert_eq!((entry.key.as_str(), entry.title.as_str()), (code, name));
        }
    }

    #[test]
    fn every_weighed_id_is_in_the_catalogue() {
        for (id, _) in CLOSING.into_iter().chain(SUPPORTING) {
            assert!(catalog::entry(id).is_some(), "{id}");
        }
    }

    #[test]
    fn a_close_at_tls_is_the_strongest_sign() {
        let predicted = times(3, || attempt().tls_fails(closed(0), reset(0)))
            .diagnose()
            .predicted
            .unwrap();
        assert_eq!((predicted.code, predicted.likelihood), ("0x904", 90));
    }

    #[test]
    fn expiry_adds_nothing_to_a_close_that_comes_now_and_then() {
        let expired = || {
            attempt().shown(tls(CertificateFacts {
                not_before: Some(days(-200).into()),
                not_after: Some(days(-20).into()),
                ..certificate("old")
            }))
        };
        let predicted = host([
            expired(),
            attempt().tls_fails(closed(0), closed(0)),
            expired(),
        ])
        .diagnose()
        .predicted
        .unwrap();
        assert_eq!((predicted.code, predicted.likelihood), ("0x904", 33));
        assert_eq!(
            predicted.reasons,
            ["1 of 3 attempts fail after TCP came up: in about 1 of 3 connections"]
        );
    }

    #[test]
    fn sums_are_capped_at_100() {
        let old = CertificateFacts {
            not_before: Some(days(-200).into()),
            not_after: Some(days(-20).into()),
            ..certificate("old")
        };
        let predicted = times(3, || {
            attempt()
                .shown(tls(old.clone()))
                .identified(ntlm("renamed"))
                .stage(Stage::Credssp, closed(0))
        })
        .diagnose()
        .predicted
        .unwrap();
        assert_eq!(
            (predicted.code, predicted.likelihood),
            ("0x904", 100),
            "{:?}",
            predicted.reasons
        );
    }

    #[test]
    fn one_attempt_gives_half_the_weight() {
        let predicted = times(1, || attempt().tls_fails(closed(0), closed(0)))
            .diagnose()
            .predicted
            .unwrap();
        assert_eq!((predicted.code, predicted.likelihood), ("0x904", 45));
    }

    #[test]
    fn flaky_is_as_likely_as_it_is_among_the_attempts() {
        let predicted = host([
            attempt().through(),
            attempt().tls_fails(reset(0), reset(0)),
            attempt().through(),
        ])
        .diagnose()
        .predicted
        .unwrap();
        assert_eq!((predicted.code, predicted.likelihood), ("0x904", 33));
    }

    #[test]
    fn shares_are_said_in_small_numbers() {
        assert_eq!(in_about(1, 3), "in about 1 of 3 connections");
        assert_eq!(in_about(4, 10), "in about 2 of 5 connections");
        assert_eq!(in_about(0, 0), "in about 0 of 0 connections");
    }

    #[test]
    fn a_closed_port_is_0x204() {
        let predicted = times(1, || attempt().stage(Stage::Tcp, Outcome::Refused))
            .diagnose()
            .predicted
            .unwrap();
        assert_eq!(predicted.code, "0x204");
    }

    #[test]
    fn silence_after_connect_is_0x108() {
        let predicted = times(2, || attempt().tcp().stage(Stage::X224, silent()))
            .diagnose()
            .predicted
            .unwrap();
        assert_eq!(predicted.code, "0x108");
    }

    #[test]
    fn old_tls_alone_is_unlikely_to_close() {
        let predicted = times(3, || attempt().shown(legacy(TlsVersion::TLS_1_0)))
            .diagnose()
            .predicted
            .unwrap();
        assert_eq!((predicted.code, predicted.likelihood), ("0x904", 15));
    }

    #[test]
    fn a_healthy_host_predicts_nothing() {
        assert_eq!(times(3, || attempt().through()).diagnose().predicted, None);
    }
}
