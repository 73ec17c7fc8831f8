//! What mstsc would probably show. The weights are a judgement, not a measurement; the reasons stand beside the number.

use super::catalog;
use super::client_error::{ClientError, Prediction};
use super::ending::connected;
use super::host_view::HostView;
use super::names::JudgedName;
use super::rules;
use super::state::{StateOfHost, is_timeout};
use crate::model::{
    DnsVerdict, Finding, HostKey, HostState, Outcome, PredictedError, Severity, StabilityVerdict,
    Stage,
};

/// A connection that ends on every attempt, where no finding says more.
const ALWAYS: u32 = 60;
/// The same while it was seen once only.
const ONCE: u32 = 30;

/// A candidate before it is capped.
struct Guess {
    error: ClientError,
    weight: u32,
    reasons: Vec<String>,
}

/// What the findings of a host say about the client's error, in the order of the catalogue.
type Predictions<'f> = Vec<(&'f Finding, &'static Prediction)>;

/// The likeliest client error, or none.
pub(crate) fn predict(
    host: &HostView<'_>,
    findings: &[Finding],
    ending: StateOfHost,
) -> Option<PredictedError> {
    let predictions: Predictions<'_> = catalog::kinds()
        .filter_map(|kind| {
            let prediction = kind.predicts.as_ref()?;
            let finding = findings.iter().find(|finding| finding.id == kind.id)?;
            Some((finding, prediction))
        })
        .collect();
    let guesses = [
        connect(host, ending),
        closed(host, &predictions, ending),
        flaky_connect(host),
        stated(host, &predictions),
        stopped(host),
    ];
    let mut best: Option<Guess> = None;
    for guess in guesses.into_iter().flatten() {
        // The first of equals stays: the order above goes from what happens surely to what may be shown.
        if best.as_ref().is_none_or(|best| guess.weight > best.weight) {
            best = Some(guess);
        }
    }
    let best = best?;
    let (code, name, _) = best.error.texts();
    Some(PredictedError {
        code,
        name,
        likelihood: u8::try_from(best.weight.clamp(1, 100)).unwrap_or(100),
        reasons: best.reasons,
    })
}

fn guess(error: ClientError, weight: u32, reason: impl Into<String>) -> Guess {
    Guess {
        error,
        weight,
        reasons: vec![reason.into()],
    }
}

/// Nothing comes up at all.
fn connect(host: &HostView<'_>, ending: StateOfHost) -> Option<Guess> {
    if let HostKey::Unresolved { name, .. } = &host.history.key {
        let weight = match host.names.verdict {
            DnsVerdict::Missing | DnsVerdict::AliasLoop => 95,
            DnsVerdict::Error => 70,
            _ => return None,
        };
        return Some(guess(
            ClientError::NameLookupFailed,
            weight,
            format!("{name} has no address here"),
        ));
    }
    let newest = host.failures_at(Stage::Tcp).last().copied()?;
    let reason = format!("TCP: {newest}");
    match ending.state {
        HostState::Closed => Some(guess(ClientError::ConnectFailed, 90, reason)),
        HostState::Unreachable => Some(guess(ClientError::ConnectFailed, 85, reason)),
        HostState::Filtered => {
            let mut filtered = guess(ClientError::ConnectFailed, 80, reason);
            filtered
                .reasons
                .push("some clients show 0x108 (timed out) instead".to_owned());
            Some(filtered)
        }
        _ => None,
    }
}

/// The socket is closed under the client, somewhere after TCP came up.
fn closed(
    host: &HostView<'_>,
    predictions: &Predictions<'_>,
    ending: StateOfHost,
) -> Option<Guess> {
    let mut closing: Vec<(u32, &str)> = Vec::new();
    let mut throttled: Option<(u32, &str)> = None;
    for (finding, prediction) in predictions {
        match prediction {
            Prediction::Closes(weight) => closing.push((*weight, &finding.title)),
            Prediction::ClosesUnderLoad(weight) => throttled = Some((*weight, &finding.title)),
            _ => {}
        }
    }
    closing.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    // The share of failures of a throttled host is that of a busy scan and not of a user.
    if throttled.is_none()
        && let Some(share) = flaky_close(host)
    {
        return Some(share);
    }
    let once = seen_once(host, ending).filter(|_| closing.is_empty());
    closing.extend(throttled);
    closing.extend(once.map(|weight| {
        let why = "The connection is closed, in too few attempts alike for a finding";
        (weight, why)
    }));
    if closing.is_empty() {
        return predictions.iter().find_map(|(finding, prediction)| {
            let Prediction::ClosesSome { weight, note } = prediction else {
                return None;
            };
            let reason = format!("{} (+{weight})", finding.title);
            let mut guess = guess(ClientError::SocketClosed, *weight, reason);
            guess.reasons.push(note.clone());
            Some(guess)
        });
    }
    for (finding, prediction) in predictions {
        if let Prediction::SupportsClose(weight) = prediction {
            closing.push((*weight, &finding.title));
        }
    }
    Some(Guess {
        error: ClientError::SocketClosed,
        weight: closing.iter().map(|(weight, _)| weight).sum(),
        reasons: closing
            .iter()
            .map(|(weight, why)| format!("{why} (+{weight})"))
            .collect(),
    })
}

/// Failures that come after TCP, where some attempts get through: as likely as they are among the attempts.
fn flaky_close(host: &HostView<'_>) -> Option<Guess> {
    let stability = &host.stability;
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
        let mut ends = host.failures().filter(|(_, stage, _)| *stage > Stage::Tcp);
        ends.all(|(_, stage, outcome)| stages.contains(&stage) && is_timeout(outcome))
    };
    let error = if silent(&[Stage::X224]) {
        ClientError::TimedOut
    } else if silent(&[Stage::X224, Stage::Tls, Stage::Credssp]) {
        ClientError::ClientTimeout
    } else {
        ClientError::SocketClosed
    };
    Some(guess(
        error,
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
fn seen_once(host: &HostView<'_>, ending: StateOfHost) -> Option<u32> {
    if ending.state != HostState::Broken {
        return None;
    }
    let closed = host.failures().any(|(_, _, outcome)| outcome.is_close());
    match ending.failed_stage {
        Some(Stage::X224) if closed => Some(40),
        Some(Stage::Tls) if rules::closes_at_once(host) => Some(45),
        Some(Stage::Tls | Stage::Credssp) if closed => Some(35),
        _ => None,
    }
}

/// Every attempt that came up ends, in a way that no other guess covers: the client's socket is closed sooner or later.
fn stopped(host: &HostView<'_>) -> Option<Guess> {
    let up = host
        .counted
        .iter()
        .any(|counted| connected(counted.attempt));
    let (_, stage, outcome) = host.failures().last()?;
    (up && !host.any_through()).then(|| {
        let error = match (stage, outcome) {
            (Stage::X224, Outcome::Timeout { .. }) => ClientError::TimedOut,
            (_, Outcome::Timeout { .. }) => ClientError::ClientTimeout,
            _ => ClientError::SocketClosed,
        };
        let weight = if host.counted.len() > 1 { ALWAYS } else { ONCE };
        guess(
            error,
            weight,
            format!("no attempt gets through; last at {stage}: {outcome}"),
        )
    })
}

/// Connects that fail now and then.
fn flaky_connect(host: &HostView<'_>) -> Option<Guess> {
    let stability = &host.stability;
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
    Some(guess(ClientError::ConnectFailed, percent, reason))
}

/// The likeliest error that a finding states by itself.
fn stated(host: &HostView<'_>, predictions: &Predictions<'_>) -> Option<Guess> {
    let is_up = host.history.attempts.iter().any(connected);
    // A name that the user typed and that works is the one that counts: nobody is known to type the others.
    let works = host
        .names
        .with(DnsVerdict::Match)
        .any(JudgedName::is_target);
    let guesses = predictions.iter().filter_map(|(finding, prediction)| {
        let title = &finding.title;
        match prediction {
            Prediction::Shows { error, weight } => {
                Some((0_u8, guess(*error, *weight, title.clone())))
            }
            Prediction::ByName {
                error,
                weight,
                verdict,
            } => {
                let mut names = host.names.with(*verdict);
                // What is not worth a degraded state stops nobody.
                let counts = is_up
                    && finding.severity >= Severity::Medium
                    && names.any(|name| !works || name.is_target());
                counts.then(|| (1, guess(*error, *weight, format!("By name only: {title}"))))
            }
            // What is seen to happen comes before what only a policy would do.
            Prediction::RefusesCertificate {
                error,
                weight,
                note,
            } if host.stability.verdict != StabilityVerdict::Flaky => {
                let mut guess = guess(*error, *weight, title.clone());
                guess.reasons.extend(note.clone());
                Some((2, guess))
            }
            _ => None,
        }
    });
    // Of equal weights: what the client shows, then what goes by name, then the certificate; each in the order of the catalogue.
    let best = guesses.min_by_key(|(order, guess)| (std::cmp::Reverse(guess.weight), *order));
    best.map(|(_, guess)| guess)
}

#[cfg(test)]
mod tests {
    use strum::VariantArray as _;

    use super::*;
    use crate::diagnosis::handbook::handbook;
    use crate::diagnosis::testing::{
        attempt, certificate, closed, days, host, legacy, ntlm, reset, silent, times, tls,
    };
    use crate::model::{CertificateFacts, Outcome, TlsVersion};

    #[test]
    fn codes_have_the_words_of_the_handbook() {
        for error in ClientError::VARIANTS {
            let (code, name, _) = error.texts();
            let entry = handbook().entry(code).unwrap();
            assert_eq!((entry.key.as_str(), entry.title.as_str()), (code, name));
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
