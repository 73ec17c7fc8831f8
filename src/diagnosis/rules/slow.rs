use super::{Family, ONE_MORE, Rule, RuleVerdict, Verdict, likely, sure, undetermined};
use crate::diagnosis::fleet_survey::samples;
use crate::diagnosis::host_view::HostView;
use crate::model::{Severity, Stage};

pub(super) const FAMILY: Family = Family {
    entries: include_str!("slow.toml"),
    rules: &[
        ("RDP-SLOW-TCP", Rule::Host(slow_tcp)),
        ("RDP-SLOW-X224", Rule::Host(slow_x224)),
        ("RDP-SLOW-TLS", Rule::Host(slow_tls)),
        ("RDP-JITTER", Rule::Host(jitter)),
    ],
};

/// Slow by any measure, in milliseconds.
const SLOW_TCP_MS: f64 = 300.0;
const SLOW_X224_MS: f64 = 2000.0;
const SLOW_TLS_MS: f64 = 2000.0;
/// Slow beside the fleet counts only from here on: five times almost nothing is still nothing, in milliseconds.
const NOTICED_TCP_MS: f64 = 50.0;
const NOTICED_TLS_MS: f64 = 500.0;
/// Times the fleet's median, or the host's own.
const FACTOR: f64 = 5.0;
/// Times that vary below this trouble nobody, in milliseconds.
const JITTER_MS: f64 = 1000.0;
/// With fewer attempts, one outlier is an accident.
const OUTLIER_ATTEMPTS: usize = 5;

/// Sorted.
fn times(host: &HostView<'_>, stage: Stage) -> Vec<f64> {
    let mut times: Vec<f64> = samples(host.history, stage).collect();
    times.sort_by(f64::total_cmp);
    times
}

/// Of sorted values; the lower of two, so that one slow try of two does not make a slow host.
fn median(sorted: &[f64]) -> Option<f64> {
    sorted.get(sorted.len().checked_sub(1)? / 2).copied()
}

/// Fires where the median is above a limit, or above what is noticed and far above the fleet's.
fn slow(
    host: &HostView<'_>,
    stage: Stage,
    limit_ms: f64,
    noticed_ms: f64,
    fleet_ms: Option<f64>,
) -> RuleVerdict {
    let times = times(host, stage);
    let Some(median) = median(&times) else {
        return Verdict::Silent;
    };
    let beside = fleet_ms.filter(|fleet| median > noticed_ms && median > fleet * FACTOR);
    if median <= limit_ms && beside.is_none() {
        return Verdict::Silent;
    }
    if times.len() < 2 {
        return undetermined("one sample only", ONE_MORE);
    }
    let fleet = beside
        .map(|fleet| format!(", while the fleet's is {fleet:.0} ms"))
        .unwrap_or_default();
    sure(format!(
        "median of {} tries: {median:.0} ms{fleet}",
        times.len()
    ))
}

fn slow_tcp(host: &HostView<'_>) -> RuleVerdict {
    let fleet = host.fleet.and_then(|fleet| fleet.pace.connect_ms);
    slow(host, Stage::Tcp, SLOW_TCP_MS, NOTICED_TCP_MS, fleet)
}

/// The first RDP answer is slow. One that comes only after the usual deadline stops clients that wait no longer.
fn slow_x224(host: &HostView<'_>) -> RuleVerdict {
    if !host.tolerance.is_slow_to_answer() {
        return slow(host, Stage::X224, SLOW_X224_MS, SLOW_X224_MS, None);
    }
    let times = times(host, Stage::X224);
    let longest_ms = times.last().copied().unwrap_or_default();
    likely(format!(
        "{} attempts had no answer within the usual deadline, one with a longer deadline had",
        host.tolerance.request.late
    ))
    .title(format!(
        "The first RDP answer takes {:.1} s",
        longest_ms / 1000.0
    ))
    .severity(Severity::Medium)
}

fn slow_tls(host: &HostView<'_>) -> RuleVerdict {
    let fleet = host.fleet.and_then(|fleet| fleet.pace.handshake_ms);
    slow(host, Stage::Tls, SLOW_TLS_MS, NOTICED_TLS_MS, fleet)
}

fn jitter(host: &HostView<'_>) -> RuleVerdict {
    let mut few = false;
    for stage in [Stage::Tcp, Stage::Tls] {
        let times = times(host, stage);
        let (Some(median), Some(max)) = (median(&times), times.last().copied()) else {
            continue;
        };
        if max <= JITTER_MS || max <= median * FACTOR {
            continue;
        }
        let outliers = times
            .iter()
            .filter(|time| **time > JITTER_MS && **time > median * FACTOR)
            .count();
        if outliers == 1 && times.len() < OUTLIER_ATTEMPTS {
            few = true;
            continue;
        }
        return sure(format!(
            "median {median:.0} ms, longest {max:.0} ms of {} tries",
            times.len()
        ))
        .title(format!("Times vary widely at {stage}"));
    }
    if few {
        undetermined("one outlier among few attempts", "--attempts 5")
    } else {
        Verdict::Silent
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{HostMaker, attempt, host, times};

    /// One attempt per pair of TCP and TLS milliseconds.
    fn taking(ms: &[(u32, u32)]) -> HostMaker {
        host(ms.iter().map(|(tcp, tls)| {
            attempt().through().edit(|attempt| {
                for record in &mut attempt.stages {
                    match record.stage {
                        Stage::Tcp => record.duration_us = tcp * 1000,
                        Stage::Tls => record.duration_us = tls * 1000,
                        _ => {}
                    }
                }
            })
        }))
    }

    #[test]
    fn a_slow_median_is_slow_and_one_sample_is_not() {
        taking(&[(400, 2500), (410, 2600)]).assert_fires("RDP-SLOW-TCP");
        taking(&[(400, 2500), (410, 2600)]).assert_fires("RDP-SLOW-TLS");
        let once = taking(&[(400, 2500)]);
        assert!(matches!(
            once.verdict("RDP-SLOW-TCP"),
            Verdict::Undetermined { .. }
        ));
        assert!(matches!(
            once.verdict("RDP-SLOW-TLS"),
            Verdict::Undetermined { .. }
        ));
        taking(&[(20, 90), (900, 90)]).assert_not("RDP-SLOW-TCP");
    }

    #[test]
    fn slow_beside_the_fleet_is_slow_but_five_times_nothing_is_nothing() {
        let fleet: Vec<HostMaker> = (10..20)
            .map(|last| taking(&[(10, 50), (10, 50), (10, 50)]).at(&format!("10.0.0.{last}")))
            .collect();
        let slow = taking(&[(80, 700), (80, 700), (80, 700)]);
        slow.assert_not("RDP-SLOW-TCP");
        let slow = slow.among(&fleet);
        slow.assert_fires("RDP-SLOW-TCP");
        slow.assert_fires("RDP-SLOW-TLS");
        taking(&[(45, 400), (45, 400)])
            .among(&fleet)
            .assert_not("RDP-SLOW-TCP");
        taking(&[(45, 400), (45, 400)])
            .among(&fleet)
            .assert_not("RDP-SLOW-TLS");
    }

    #[test]
    fn one_outlier_of_few_is_no_jitter() {
        let few = taking(&[(5, 50), (5, 50), (5, 1500)]);
        assert!(matches!(
            few.verdict("RDP-JITTER"),
            Verdict::Undetermined { .. }
        ));
        taking(&[(5, 50), (5, 50), (5, 50), (5, 50), (5, 1500)]).assert_fires("RDP-JITTER");
        taking(&[(5, 50), (5, 50), (5, 1500), (5, 1600)]).assert_fires("RDP-JITTER");
        taking(&[(5, 50), (5, 50), (5, 50), (5, 50), (5, 800)]).assert_not("RDP-JITTER");
    }

    #[test]
    fn times_taken_while_this_machine_was_busy_do_not_count() {
        let busy = |ms: &[(u32, u32)], lag_us| {
            let mut host = taking(ms);
            for attempt in &mut host.history.attempts {
                attempt.lag_us = lag_us;
            }
            host
        };
        let slow = [(5, 2500), (5, 2500), (5, 2500)];
        busy(&slow, 6_000).assert_fires("RDP-SLOW-TLS");
        busy(&slow, 60_000).assert_not("RDP-SLOW-TLS");
        let uneven = [(5, 50), (5, 50), (5, 1500), (5, 1600)];
        busy(&uneven, 6_000).assert_fires("RDP-JITTER");
        busy(&uneven, 60_000).assert_not("RDP-JITTER");
    }

    #[test]
    fn a_host_that_never_got_through_has_no_pace() {
        let silent = times(3, || {
            attempt().stage(Stage::Tcp, crate::model::Outcome::Refused)
        });
        for id in ["RDP-SLOW-TCP", "RDP-SLOW-TLS", "RDP-JITTER"] {
            silent.assert_not(id);
        }
    }
}
