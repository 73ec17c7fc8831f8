//! Every way in which two, three or four servers can take turns behind one address, some of them good and the others bad.

// Helpers here count as test code for the lints, too.
#![cfg(test)]

use std::fmt::Write as _;
use std::time::Duration;

use rdpscan::diagnosis::{Ending, endings};
use rdpscan::fleet::{Fleet, Host};
use rdpscan::model::{Endpoint, EventBody, HostState, ScanEvent, Severity, StabilityVerdict};
use rdpscan::scan::ScanOptions;
use rdpscan::sim::Scenario;

use super::{fold, scan_events, scan_options, start};

/// Good members: one that requires NLA and refuses a bare request, one that answers a bare request as well, and one that refuses
/// the legacy hello.
const GOOD: [&str; 3] = [
    "security = \"hybrid\"",
    "security = \"ssl_optional\"\nstack = \"xrdp\"",
    "tls = \"1.3\"",
];

/// What bad members do.
const BAD: [(&str, &str); 3] = [
    ("accept", "close"),
    ("request", "reset"),
    ("client_hello", "close"),
];

/// No member stays silent, so that only a machine too busy to answer runs into this.
const PATIENCE: Duration = Duration::from_secs(10);

/// What would blame a host for an answer to another probe, or for always doing what some members do.
const FALSE: [&str; 9] = [
    "RDP-NEG-LEGACY",
    "RDP-NEG-NLA-REQUIRED",
    "RDP-TLS-LEGACY-ONLY",
    "RDP-TLS-INTOLERANT",
    "RDP-TLS-CLOSED",
    "RDP-X224-CLOSED",
    "RDP-TCP-RESET-EARLY",
    "RDP-PORT-NOT-RDP",
    "RDP-PORT-TLS-FIRST",
];

/// Members in the order of their turns: true is a good one. Some are good and some are not.
fn farms(members: u32) -> impl Iterator<Item = Vec<bool>> {
    (1..(1_u32 << members) - 1)
        .map(move |drawn| (0..members).map(|place| drawn >> place & 1 == 1).collect())
}

/// A host for each farm of so many members, and what they are.
fn scenario(members: &[u32], attempts: u32) -> (Scenario, Vec<String>) {
    let mut text = format!("title = \"farms\"\nattempts = {attempts}\n");
    let mut farms_made = Vec::new();
    let farms = members.iter().flat_map(|count| farms(*count));
    for turns in farms {
        for good in GOOD {
            for (after, what) in BAD {
                let pattern: Vec<&str> = turns
                    .iter()
                    .map(|good| if *good { "\"ok\"" } else { "\"fail\"" })
                    .collect();
                let pattern = pattern.join(", ");
                farms_made.push(format!("{good}, {what} after {after}: {pattern}"));
                writeln!(
                    text,
                    "[[host]]\naddress = {}\n{good}\nfault = [{{ after = \"{after}\", do = \"{what}\", pattern = [{pattern}] }}]",
                    farms_made.len()
                )
                .unwrap();
            }
        }
    }
    (Scenario::from_toml(&text).unwrap(), farms_made)
}

/// The host, judged by its own attempts alone: hundreds of hosts that fail in step would make it a matter of the whole scan.
fn alone(events: &[ScanEvent], endpoint: Endpoint) -> Fleet {
    fold(
        events
            .iter()
            .filter(|event| match &event.body {
                EventBody::AttemptFinished { attempt, .. } => attempt.endpoint == endpoint,
                EventBody::NamesChecked { endpoint: of, .. } => *of == endpoint,
                _ => true,
            })
            .cloned(),
    )
}

/// What is wrong with the verdict on a farm. Where `met` is set, default probes are to have met a good and a bad member.
fn faults(host: &Host, met: bool) -> Vec<String> {
    let history = host.history();
    let ends: Vec<_> = endings(&history.attempts).collect();
    let through = ends.contains(&Ending::Through);
    let failed = ends.iter().any(|end| matches!(end, Ending::Failed(..)));
    let diagnosis = &host.diagnosis;
    let has = |id: &str| diagnosis.findings.iter().any(|finding| finding.id == id);
    let mut faults: Vec<String> = Vec::new();
    if met && !(through && failed) {
        faults.push("some members were not met".to_owned());
    }
    if through {
        faults.extend(FALSE.into_iter().filter(|id| has(id)).map(str::to_owned));
    }
    if through && failed {
        if diagnosis.stability.verdict != StabilityVerdict::Flaky || !has("RDP-FLAKY") {
            faults.push(format!("stability {:?}", diagnosis.stability.verdict));
        }
        if diagnosis.state != HostState::Degraded || diagnosis.failed_stage.is_some() {
            faults.push(format!(
                "{:?} at {:?}",
                diagnosis.state, diagnosis.failed_stage
            ));
        }
        let code = diagnosis.predicted.as_ref().map(|error| error.code);
        if code != Some("0x904") {
            faults.push(format!("predicted {code:?}"));
        }
        if history.tls().is_none_or(|tls| tls.leaf().is_none()) {
            faults.push("no certificate".to_owned());
        }
    } else if failed {
        let severe = |severity| severity >= Severity::Medium;
        if !diagnosis.findings.iter().any(|one| severe(one.severity)) {
            faults.push("all attempts fail without a finding".to_owned());
        }
        if diagnosis.predicted.is_none() {
            faults.push("all attempts fail without a predicted code".to_owned());
        }
        if diagnosis.state != HostState::Broken {
            faults.push(format!("all attempts fail: {:?}", diagnosis.state));
        }
    }
    faults
}

async fn hold(members: &[u32], attempts: u32, met: bool) {
    let (scenario, farms) = scenario(members, attempts);
    let running = start(&scenario).await;
    let options = ScanOptions {
        in_flight: 32,
        ..scan_options(&scenario)
    };
    let events = scan_events(&running, options, PATIENCE).await;
    let mut wrong = Vec::new();
    for (host, farm) in running.hosts.iter().zip(farms) {
        let fleet = alone(&events, host.endpoint);
        let faults = faults(fleet.rows()[0], met);
        if !faults.is_empty() {
            wrong.push(format!("{farm}: {}", faults.join(", ")));
        }
    }
    running.stop().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn both_members_of_a_pair_are_met_by_default() {
    hold(&[2], 3, true).await;
}

#[tokio::test]
async fn every_kind_of_member_of_three_or_four_is_met_in_six_attempts() {
    hold(&[3, 4], 6, true).await;
}

#[tokio::test]
async fn no_farm_of_three_or_four_is_blamed_for_what_three_attempts_miss() {
    hold(&[3, 4], 3, false).await;
}
