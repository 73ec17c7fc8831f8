//! `--dry-run`: what would be done, without a packet.

use std::time::Duration;

use crate::settings::Settings;
use crate::target::TargetSet;
use crate::{platform, sanitize};

use super::{fit, headless};

/// Names shown in full.
const MOST_NAMES: usize = 10;

/// The plan in words.
pub(super) fn plan(targets: &TargetSet, settings: &Settings) -> String {
    let scan = &settings.scan;
    let (in_flight, notice) =
        fit::in_flight(scan.concurrency, scan.rate, platform::descriptor_limit());
    let endpoints = targets.endpoints();
    let rounds = scan.connect_timeouts.len() as u64;
    let names: Vec<_> = targets
        .names()
        .iter()
        .map(|name| sanitize::terminal(&name.name))
        .collect();
    let mut text = String::new();
    let mut line = |label: &str, value: String| text.extend([format!("{label:<22}{value}\n")]);

    line("addresses and ports", format!("{endpoints} after excludes"));
    if !names.is_empty() {
        let more = names.len().saturating_sub(MOST_NAMES);
        let shown = names
            .iter()
            .take(MOST_NAMES)
            .map(AsRef::as_ref)
            .collect::<Vec<_>>()
            .join(", ");
        let rest = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        line(
            "names to resolve",
            format!("{}: {shown}{rest}", names.len()),
        );
    }
    line(
        "connects, if all dark",
        format!("{} ({rounds} rounds)", endpoints * rounds),
    );
    line(
        "connects, if all live",
        format!(
            "{} ({} attempts each; one more where only the legacy peek can read)",
            endpoints * u64::from(scan.attempts),
            scan.attempts
        ),
    );
    line("in flight, at most", in_flight.to_string());
    line(
        "connects per second",
        if scan.rate == 0 {
            "no cap".to_owned()
        } else {
            format!("{} at most", scan.rate)
        },
    );
    line(
        "per host",
        format!(
            "one connection at a time, {} ms apart",
            scan.gap.as_millis()
        ),
    );
    line(
        "name resolution",
        if settings.names.dns {
            "on".to_owned()
        } else {
            "off".to_owned()
        },
    );
    line(
        "expected time",
        format!(
            "about {} if all is dark",
            headless::words(dark_time(endpoints, in_flight, settings))
        ),
    );
    if let Some(limit) = scan.max_time {
        line("at most", headless::words(limit));
    }
    if notice.is_some() {
        line(
            "note",
            "the descriptor limit of this machine keeps the scan smaller than asked".to_owned(),
        );
    }
    text.push_str("nothing was sent\n");
    text
}

/// The longer of what the rate cap and what the timeouts allow.
fn dark_time(endpoints: u64, in_flight: u32, settings: &Settings) -> Duration {
    let scan = &settings.scan;
    let waits: Duration = scan.connect_timeouts.iter().sum();
    let by_timeouts = waits.as_secs_f64() * (endpoints as f64 / f64::from(in_flight)).max(1.0);
    let connects = endpoints as f64 * scan.connect_timeouts.len() as f64;
    let by_rate = if scan.rate == 0 {
        0.0
    } else {
        connects / f64::from(scan.rate)
    };
    let seconds = if endpoints == 0 {
        0.0
    } else {
        by_timeouts.max(by_rate).ceil()
    };
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}
