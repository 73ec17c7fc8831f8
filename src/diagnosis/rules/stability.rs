use super::{
    Family, KindVerdict, Rule, RuleVerdict, TRIES, Verdict, likely, matched, sure, undetermined,
};
use crate::diagnosis::ending::{CountedAttempt, connected};
use crate::diagnosis::finding_kind::Stops;
use crate::diagnosis::host_view::HostView;
use crate::diagnosis::identity::ServerKind;
use crate::diagnosis::reply_groups::{describe_groups, reply_groups};
use crate::diagnosis::state;
use crate::model::{Attempt, Confidence, Outcome, ProbeKind, Severity, StabilityVerdict, Stage};

pub(super) const FAMILY: Family = Family {
    entries: include_str!("stability.toml"),
    rules: &[
        ("RDP-FLAKY", Rule::Host(flaky)),
        ("RDP-DOWN-NOW", Rule::Host(down_now)),
        ("RDP-RESET-AT-STAGE", Rule::Host(reset_at_stage)),
        ("RDP-STAGE-FLAP", Rule::Host(stage_flap)),
        ("RDP-SYN-LOSS", Rule::Host(syn_loss)),
        ("RDP-NO-SESSION", Rule::AfterOthers(no_session)),
    ],
};

/// Successes and failures in a row, from which on they are not those of two to four servers that take turns.
const IN_A_ROW: usize = 3;
/// From this share of failures on, nobody can work with the host, in percent.
const HIGH_PERCENT: u32 = 30;
/// A connect this slow waited for a repeated SYN (RFC 6298: first after one second), in milliseconds.
const REPEATED_SYN_MS: f64 = 900.0;
/// A median below this says that the path itself is fast, in milliseconds.
const FAST_MS: f64 = 300.0;
/// Ways to end that are quoted in evidence.
const QUOTED: usize = 4;

fn flaky(host: &HostView<'_>) -> RuleVerdict {
    let stability = &host.stability;
    match stability.verdict {
        StabilityVerdict::Unknown => return too_few(host),
        StabilityVerdict::Steady | StabilityVerdict::Down => return Verdict::Silent,
        StabilityVerdict::Flaky => {}
    }
    let percent = stability.failures * 100 / stability.attempts.max(1);
    let groups = describe_groups(&reply_groups(&host.history.attempts));
    sure(histogram(host))
        .append(groups.map_or_else(String::new, |groups| format!("; {groups}")))
        .title(format!(
            "{} of {} attempts fail",
            stability.failures, stability.attempts
        ))
        .remedies(flaky_remedies(host))
        .severity_if(percent >= HIGH_PERCENT, Severity::High)
}

/// What never accepted a connection has no attempts that get through now and then, and is asked less often than what did.
fn too_few(host: &HostView<'_>) -> RuleVerdict {
    if host.history.attempts.iter().any(connected) {
        undetermined("too few attempts", "--attempts 3")
    } else {
        Verdict::Silent
    }
}

/// By who ends the connections: a lossy path causes timeouts, a reset may come from anything on the way, and an orderly close
/// (FIN) from the server.
fn flaky_remedies(host: &HostView<'_>) -> &'static [&'static str] {
    let late = || host.failures().filter(|(_, stage, _)| *stage > Stage::Tcp);
    if late().next().is_none() || matches!(host.server, ServerKind::NotWindows(_)) {
        return &["R18"];
    }
    let closes = |at: Option<Stage>| {
        late().any(|(_, stage, outcome)| {
            at.is_none_or(|at| stage == at) && matches!(outcome, Outcome::Closed { .. })
        })
    };
    // The key of an authority's certificate is another file than the one that R2 is about.
    let own_key = host.certificate.is_none_or(|leaf| leaf.self_issued);
    if own_key && closes(Some(Stage::Tls)) {
        &["R2", "R14", "R18"]
    } else if closes(None) {
        &["R14", "R18"]
    } else {
        &["R18", "R14"]
    }
}

/// "tls 2, tcp 1; last: reset by peer".
fn histogram(host: &HostView<'_>) -> String {
    let counts: Vec<String> = host
        .stability
        .failures_by_stage
        .iter()
        .map(|(stage, count)| format!("{count} at {stage}"))
        .collect();
    let last = host
        .failures()
        .last()
        .map(|(_, stage, outcome)| format!("; last at {stage}: {outcome}"))
        .unwrap_or_default();
    format!("failures: {}{last}", counts.join(", "))
}

/// Successes, then failures, and nothing in between: with fewer of each it may be servers that take turns behind one address.
fn down_now(host: &HostView<'_>) -> RuleVerdict {
    let newest_first = || host.counted.iter().rev();
    let failing = newest_first().take_while(|one| !one.is_through()).count();
    let mut before = newest_first().skip(failing);
    let worked = before.by_ref().take_while(|one| one.is_through()).count();
    let in_turn = worked < host.counted.len() - failing;
    if failing < TRIES || worked == 0 || in_turn {
        return Verdict::Silent;
    }
    if worked < IN_A_ROW || failing < IN_A_ROW {
        return undetermined(
            "few successes before few failures may be servers that take turns",
            "--attempts 10",
        );
    }
    likely(format!(
        "the last {failing} attempts failed; {}",
        histogram(host)
    ))
    .title("The host worked earlier in this scan and fails now")
}

/// Resets at one stage, again and again but not always: what fails always has a finding of its own.
fn reset_at_stage(host: &HostView<'_>) -> RuleVerdict {
    if !host.any_through() {
        return Verdict::Silent;
    }
    let resets = || {
        host.failures().filter(|(_, stage, outcome)| {
            *stage > Stage::Tcp && matches!(outcome, Outcome::Reset { .. })
        })
    };
    let Some((_, stage, outcome)) = resets().last() else {
        return Verdict::Silent;
    };
    let count = resets().count();
    if count < TRIES || host.failures().any(|(_, at, _)| at != stage) {
        return Verdict::Silent;
    }
    sure(format!(
        "{count} of {} attempts: {outcome}",
        host.counted.len()
    ))
    .title(format!("Connections are reset again and again at {stage}"))
    .remedies(match stage {
        Stage::Tls => &["R19", "R2"],
        Stage::Credssp => &["R19", "R3"],
        _ => &["R19", "R14"],
    })
}

fn stage_flap(host: &HostView<'_>) -> RuleVerdict {
    if host.stability.failures_by_stage.len() < 2 {
        return Verdict::Silent;
    }
    sure(histogram(host))
}

/// Connects that waited for a repeated SYN, or silent rounds, where the path is fast otherwise. The first attempt does not
/// count: on a local network it waits for ARP. Where the kernel counts what it sends again, a connect that was slow without that
/// was slow on this machine.
fn syn_loss(host: &HostView<'_>) -> RuleVerdict {
    let fast = host
        .stability
        .connect_ms
        .is_some_and(|spread| spread.median < FAST_MS);
    let later: Vec<&CountedAttempt<'_>> = host
        .counted
        .iter()
        .skip(1)
        .filter(|one| connected(one.attempt))
        .collect();
    if !fast || later.is_empty() {
        return Verdict::Silent;
    }
    let lost = later
        .iter()
        .filter(|one| {
            one.attempt.unanswered_rounds > 0
                || match one.attempt.path.and_then(|path| path.retransmits) {
                    Some(retransmits) => retransmits > 0,
                    None => one
                        .attempt
                        .pace_ms(Stage::Tcp)
                        .is_some_and(|ms| ms >= REPEATED_SYN_MS),
                }
        })
        .count();
    if lost == 0 {
        return Verdict::Silent;
    }
    sure(format!(
        "{lost} of {} later connects needed a repeated request; {:.0} % lost overall",
        later.len(),
        host.stability.loss * 100.0
    ))
}

/// Fires where no attempt gets through and no other finding says why.
fn no_session(host: &HostView<'_>, verdicts: &[KindVerdict]) -> RuleVerdict {
    if !state::is_unreached(host) || state::skipped_early(host).is_some() {
        return Verdict::Silent;
    }
    let at = state::broken_at(host).filter(|_| !state::is_not_rdp(host));
    if verdicts.iter().any(|verdict| explains(verdict, at)) {
        return Verdict::Silent;
    }
    let mut ends: Vec<(Stage, &Outcome)> = host
        .failures()
        .map(|(_, stage, outcome)| (stage, outcome))
        .collect();
    if ends.is_empty() {
        let default = host.probes(ProbeKind::Default);
        ends = default.filter_map(Attempt::failure).collect();
    }
    let mut quoted: Vec<(String, usize)> = Vec::new();
    for (stage, outcome) in ends {
        let end = format!("{stage}: {outcome}");
        if let Some((_, times)) = quoted.iter_mut().find(|(known, _)| *known == end) {
            *times += 1;
        } else if quoted.len() < QUOTED {
            quoted.push((end, 1));
        }
    }
    let quoted: Vec<String> = quoted
        .into_iter()
        .map(|(end, times)| format!("{times}x {end}"))
        .collect();
    let confidence = match host.counted.len() {
        0 | 1 => Confidence::Hint,
        _ => Confidence::Likely,
    };
    matched(confidence, quoted.join("; "))
}

/// The finding says why connections end. Of a broken host only a severe one does, or one that stops everybody.
fn explains((kind, verdict): &KindVerdict, broken_at: Option<Stage>) -> bool {
    let Verdict::Fires(finding) = verdict else {
        return false;
    };
    let stopped_here = broken_at.is_some_and(|stage| kind.stops_everybody_at(stage));
    let least = match broken_at {
        Some(_) if stopped_here => Severity::Low,
        Some(_) => Severity::High,
        None => Severity::Medium,
    };
    match kind.stops {
        None => false,
        Some(Stops::EverybodyAtItsStage) if !stopped_here => false,
        Some(_) => finding.severity >= least,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{AttemptMaker, attempt, closed, host, reset, silent, times};
    use crate::model::{Finding, HostState};

    fn cut() -> AttemptMaker {
        attempt().tls_fails(reset(0), reset(0))
    }

    #[test]
    fn trap_6_one_failure_of_one_try_is_not_flaky() {
        let once = times(1, cut);
        assert!(matches!(
            once.verdict("RDP-FLAKY"),
            Verdict::Undetermined { .. }
        ));
        assert_eq!(once.diagnose().stability.verdict, StabilityVerdict::Unknown);
    }

    #[test]
    fn a_port_that_never_accepted_does_not_wait_for_more_attempts() {
        times(1, || attempt().stage(Stage::Tcp, Outcome::Refused)).assert_silent("RDP-FLAKY");
        times(0, attempt).assert_silent("RDP-FLAKY");
    }

    #[test]
    fn whoever_closes_is_looked_at_first() {
        let remedies = |failing: AttemptMaker| {
            host([attempt().through(), failing, attempt().through()])
                .assert_fires("RDP-FLAKY")
                .remedies
        };
        assert_eq!(
            remedies(attempt().tls_fails(closed(0), closed(0))),
            ["R2", "R14", "R18"]
        );
        assert_eq!(
            remedies(attempt().tcp().stage(Stage::X224, closed(0))),
            ["R14", "R18"]
        );
        assert_eq!(
            remedies(attempt().tcp().stage(Stage::X224, silent())),
            ["R18", "R14"]
        );
        assert_eq!(remedies(attempt().stage(Stage::Tcp, silent())), ["R18"]);
        assert_eq!(remedies(cut()), ["R18", "R14"]);
    }

    #[test]
    fn a_certificate_or_nla_explains_only_what_ends_at_its_stage() {
        for (id, stage) in [
            ("RDP-CERT-UNPARSABLE", Stage::Tls),
            ("RDP-CREDSSP-CLOSED", Stage::Credssp),
        ] {
            let kind = crate::diagnosis::catalog::kind(id).unwrap();
            let finding = Finding {
                id,
                severity: Severity::High,
                confidence: Confidence::Sure,
                title: kind.title.into(),
                evidence: String::new(),
                remedies: kind.remedies,
                acknowledged: None,
            };
            let verdict = (kind, Verdict::Fires(finding));
            assert!(explains(&verdict, Some(stage)), "{id}");
            assert!(!explains(&verdict, Some(Stage::X224)), "{id}");
            assert!(!explains(&verdict, None), "{id}");
        }
    }

    #[test]
    fn two_tries_are_too_few() {
        host([cut(), attempt().through()]).assert_not("RDP-FLAKY");
    }

    #[test]
    fn one_of_three_is_flaky_and_high() {
        let flaky = host([attempt().through(), cut(), attempt().through()]);
        assert_eq!(flaky.assert_fires("RDP-FLAKY").severity, Severity::High);
        assert_eq!(flaky.diagnose().state, HostState::Degraded);
    }

    #[test]
    fn one_of_five_is_flaky_and_medium() {
        let mut attempts: Vec<AttemptMaker> = (0..4).map(|_| attempt().through()).collect();
        attempts.push(cut());
        assert_eq!(
            host(attempts).assert_fires("RDP-FLAKY").severity,
            Severity::Medium
        );
    }

    #[test]
    fn three_of_ten_are_high() {
        let mut attempts: Vec<AttemptMaker> = (0..7).map(|_| attempt().through()).collect();
        attempts.extend((0..3).map(|_| cut()));
        assert_eq!(
            host(attempts).assert_fires("RDP-FLAKY").severity,
            Severity::High
        );
    }

    #[test]
    fn all_failing_is_down_not_flaky() {
        let down = times(3, cut);
        down.assert_not("RDP-FLAKY");
        assert_eq!(down.diagnose().stability.verdict, StabilityVerdict::Down);
    }

    #[test]
    fn stopped_attempts_do_not_count() {
        let stopped = host([
            attempt().through(),
            attempt().through(),
            attempt().tcp().stage(Stage::X224, Outcome::Cancelled),
        ]);
        assert_eq!(stopped.diagnose().stability.attempts, 2);
        assert_eq!(stopped.diagnose().stability.failures, 0);
    }

    #[test]
    fn trap_20_a_reset_after_our_own_close_leaves_no_trace() {
        let fine = times(3, || attempt().through());
        assert_eq!(fine.diagnose().stability.verdict, StabilityVerdict::Steady);
        assert_eq!(fine.diagnose().state, HostState::Healthy);
    }

    #[test]
    fn down_now_needs_three_failures_after_three_successes() {
        let through = || attempt().through();
        let resets = || attempt().tcp().x224().stage(Stage::Tls, reset(0));
        let worked = [through(), through(), through()];
        host(worked.into_iter().chain([resets(), resets(), resets()])).assert_fires("RDP-DOWN-NOW");
        // So do four servers of which two fail.
        let turns = host([through(), through(), resets(), resets()]);
        assert!(matches!(
            turns.verdict("RDP-DOWN-NOW"),
            Verdict::Undetermined { .. }
        ));
        host([through(), cut(), through(), cut(), cut()]).assert_not("RDP-DOWN-NOW");
        host([cut(), cut(), through()]).assert_not("RDP-DOWN-NOW");
        host([attempt().through(), cut()]).assert_not("RDP-DOWN-NOW");
    }

    #[test]
    fn resets_at_different_stages_are_a_flap() {
        let flap = host([
            attempt().through(),
            cut(),
            attempt().tcp().stage(Stage::X224, reset(0)),
        ]);
        flap.assert_not("RDP-RESET-AT-STAGE");
        flap.assert_fires("RDP-STAGE-FLAP");
        host([attempt().through(), cut(), cut()]).assert_fires("RDP-RESET-AT-STAGE");
    }

    #[test]
    fn one_failure_is_no_flap() {
        host([attempt().through(), cut()]).assert_not("RDP-STAGE-FLAP");
    }

    #[test]
    fn loss_counts_silent_rounds_and_lost_connects() {
        let lossy = host([
            attempt()
                .through()
                .edit(|attempt| attempt.unanswered_rounds = 1),
            attempt().through(),
            attempt().stage(Stage::Tcp, silent()),
        ]);
        assert!((lossy.diagnose().stability.loss - 0.5).abs() < f64::EPSILON);
    }

    #[test]
    fn a_first_slow_connect_is_arp() {
        let slow = |attempt: &mut Attempt| {
            attempt.stages[0].duration_us = 1_010_000;
        };
        host([
            attempt().through().edit(slow),
            attempt().through(),
            attempt().through(),
        ])
        .assert_not("RDP-SYN-LOSS");
        host([
            attempt().through(),
            attempt().through().edit(slow),
            attempt().through(),
        ])
        .assert_fires("RDP-SYN-LOSS");
    }

    #[test]
    fn a_connect_that_was_slow_without_a_repeated_request_was_slow_here() {
        let taking = |retransmits: u32| {
            move |attempt: &mut Attempt| {
                attempt.stages[0].duration_us = 1_010_000;
                attempt.path = Some(crate::model::PathFacts {
                    retransmits: Some(retransmits),
                    rtt_us: 300,
                });
            }
        };
        let later = |retransmits| {
            host([
                attempt().through(),
                attempt().through().edit(taking(retransmits)),
                attempt().through(),
            ])
        };
        later(0).assert_not("RDP-SYN-LOSS");
        later(1).assert_fires("RDP-SYN-LOSS");
        let slow = times(3, || attempt().through().edit(taking(0)));
        slow.assert_not("RDP-SLOW-TCP");
        slow.assert_not("RDP-JITTER");
    }

    #[test]
    fn what_this_machine_missed_while_it_stood_still_is_no_failure_of_the_host() {
        let missed = |lag_us: u32| {
            attempt()
                .tcp()
                .stage(Stage::X224, silent())
                .edit(move |attempt| attempt.lag_us = lag_us)
        };
        let flaky = |lag_us| {
            host([
                attempt().through(),
                missed(lag_us),
                attempt().through(),
                attempt().through(),
            ])
        };
        flaky(900_000).assert_fires("RDP-FLAKY");
        flaky(2_000_000).assert_not("RDP-FLAKY");
    }

    #[test]
    fn a_host_skipped_before_enough_attempts_is_not_broken() {
        let cut_off = || attempt().tls_fails(closed(0), closed(0));
        let skipped = || attempt().stage(Stage::Tcp, Outcome::Cancelled);
        let state = |attempts: Vec<AttemptMaker>| host(attempts).diagnose().state;
        assert_eq!(state(vec![cut_off(), skipped()]), HostState::Skipped);
        let broken = vec![cut_off(), cut_off(), cut_off(), skipped()];
        assert_eq!(state(broken), HostState::Broken);
    }

    #[test]
    fn attempts_by_name_count_as_attempts() {
        let by_name = host([
            attempt().through(),
            attempt().through(),
            attempt().through().by_name("srv05.corp.example"),
        ]);
        assert_eq!(
            by_name.diagnose().stability.verdict,
            StabilityVerdict::Steady
        );
    }

    #[test]
    fn a_lost_connect_does_not_unbreak_a_host() {
        let broken = host([
            attempt().tls_fails(closed(0), closed(0)),
            attempt().stage(Stage::Tcp, silent()),
            attempt().tls_fails(closed(0), closed(0)),
        ]);
        let diagnosis = broken.diagnose();
        assert_eq!(
            (diagnosis.state, diagnosis.failed_stage),
            (HostState::Broken, Some(Stage::Tls))
        );
    }
}
