//! `--dry-run`: the plan of a scan, without a packet.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use crate::counts::{counted, grouped};
use crate::scan::Connections;
use crate::settings::Settings;
use crate::targets::{ListSummary, TargetSet};
use crate::{platform, sanitize};

use super::{capacity, headless};

/// Names shown in full.
const MOST_NAMES: usize = 10;

/// Attempts at live hosts that two cores complete in a second, as measured: more are not reached, whatever the rate.
const ATTEMPTS_PER_SECOND: f64 = 1_000.0;

pub(super) fn plan(targets: &TargetSet, settings: &Settings) -> String {
    let scan = &settings.scan;
    let (in_flight, notice) = capacity::in_flight(
        scan.concurrency(),
        scan.rate(),
        platform::descriptor_limit(),
    );
    let endpoints = targets.endpoints();
    let names = targets
        .names()
        .iter()
        .map(|name| sanitize::terminal(&name.name));
    let behind = targets.behind_gateways().iter().map(|host| {
        let text = format!("{} (through {})", host.key, host.gateway);
        Cow::Owned(sanitize::terminal(&text).into_owned())
    });
    let mut text = String::new();
    let mut line = |label: &str, value: String| text.extend([format!("{label:<14}{value}\n")]);

    line("endpoints", addresses(targets));
    if let Some(names) = listed(names) {
        let fate = fate_of_names(targets, settings.names.dns);
        line("names", format!("{names}; {fate}"));
    }
    if let Some(hosts) = listed(behind) {
        line("gateways", format!("{hosts}; not probed directly"));
    }
    for list in targets.lists() {
        line(
            "list",
            sanitize::terminal(&read(list, &scan.ports)).into_owned(),
        );
    }
    for notice in targets.notices() {
        line(
            "left out",
            sanitize::terminal(&notice.to_string()).into_owned(),
        );
    }
    let each = Connections::of(scan.attempts, scan.check_nla);
    let silent = endpoints * scan.connect_timeouts.len() as u64;
    let all = |connections: u32| grouped(endpoints.saturating_mul(u64::from(connections)));
    line(
        "connections",
        format!(
            "{} if nothing answers; {} to {} if every address answers",
            grouped(silent),
            all(each.usual),
            all(each.most)
        ),
    );
    line(
        "per host",
        format!(
            "{}, {} if some fail, {} at most; one at a time, {} ms apart",
            each.usual,
            each.closer,
            each.most,
            scan.gap.as_millis()
        ),
    );
    line(
        "speed",
        match scan.rate() {
            0 => format!(
                "at most {} connections at once, no limit per second",
                grouped(in_flight.into())
            ),
            rate => format!(
                "at most {} connections at once, {} new ones per second",
                grouped(in_flight.into()),
                grouped(rate.into())
            ),
        },
    );
    line(
        "DNS lookups",
        if settings.names.dns { "on" } else { "off" }.to_owned(),
    );
    let (least, most) = time(endpoints, in_flight, settings);
    line(
        "time",
        format!(
            "{} to {}, depending on how many addresses answer; hosts that time out take longer",
            headless::rounded(least),
            headless::rounded(most)
        ),
    );
    if let Some(limit) = scan.max_time {
        line("time limit", headless::rounded(limit));
    }
    if notice.is_some() {
        line(
            "note",
            "this machine's limit on open files allows fewer connections at once than requested"
                .to_owned(),
        );
    }
    text.push_str("Nothing was sent.\n");
    text
}

/// What a list is, what its columns are used for, and how many hosts it has on which ports.
fn read(list: &ListSummary, usual: &[u16]) -> String {
    let mut ports: BTreeMap<u16, usize> = BTreeMap::new();
    for (own, count) in &list.ports {
        for port in own.as_ref().map_or(usual, std::slice::from_ref) {
            *ports.entry(*port).or_default() += count;
        }
    }
    let count: usize = list.ports.values().sum();
    let shown: Vec<String> = ports
        .iter()
        .take(MOST_NAMES)
        .map(|(port, count)| format!("{} on port {port}", grouped(*count as u64)))
        .collect();
    let more = if ports.len() > MOST_NAMES {
        ", …"
    } else {
        ""
    };
    let columns: Vec<String> = list
        .columns
        .iter()
        .map(|(role, headings)| format!("{role} from {headings}"))
        .collect();
    let columns = if columns.is_empty() {
        String::new()
    } else {
        format!(" ({})", columns.join(", "))
    };
    let entries = counted(count as u64, "entry", "entries");
    if count == 0 {
        return format!("{}: {}{columns}, {entries}", list.list, list.format);
    }
    format!(
        "{}: {}{columns}, {entries}: {}{more}",
        list.list,
        list.format,
        shown.join(", ")
    )
}

fn addresses(targets: &TargetSet) -> String {
    let endpoints = grouped(targets.endpoints());
    if targets.exclude_texts().is_empty() {
        format!("{endpoints} (address and port)")
    } else {
        format!("{endpoints} (address and port), after excludes")
    }
}

/// How the hosts of names are scanned.
fn fate_of_names(targets: &TargetSet, are_looked_up: bool) -> String {
    let names = targets.names().iter();
    let of_rows = names
        .filter(|name| !targets.row_addresses(&name.name).is_empty())
        .count();
    let others = targets.names().len() - of_rows;
    match (are_looked_up, of_rows, others) {
        (true, 0, _) => "their addresses are added".to_owned(),
        (true, ..) => format!(
            "their addresses are added; {} an address in the row, for a name that does not resolve",
            counted(of_rows as u64, "has", "have")
        ),
        (false, _, 0) => "scanned by the address in their row".to_owned(),
        (false, 0, _) => "not scanned without DNS lookups".to_owned(),
        (false, ..) => format!(
            "{of_rows} scanned by the address in their row, {others} not scanned without DNS lookups"
        ),
    }
}

/// Count and first names; `None` without any.
fn listed<'a>(all: impl ExactSizeIterator<Item = Cow<'a, str>>) -> Option<String> {
    let count = all.len();
    let shown: Vec<_> = all.take(MOST_NAMES).collect();
    let more = count - shown.len();
    let rest = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    (count > 0).then(|| format!("{count}: {}{rest}", shown.join(", ")))
}

/// The shortest and longest of three fleets: every port closed, every address silent, every host up.
fn time(endpoints: u64, in_flight: u32, settings: &Settings) -> (Duration, Duration) {
    let scan = &settings.scan;
    let all = endpoints as f64;
    let paced = |connections: f64| match scan.rate() {
        0 => 0.0,
        rate => connections / f64::from(rate),
    };
    let waits: Duration = scan.connect_timeouts.iter().sum();
    let rounds = scan.connect_timeouts.len() as f64;
    let waiting = waits.as_secs_f64() * (all / f64::from(in_flight)).max(1.0);
    let attempts = all * f64::from(Connections::of(scan.attempts, scan.check_nla).usual);
    let between = scan.interval.max(scan.gap) * scan.attempts.saturating_sub(1);
    let fleets = [
        paced(all),
        paced(all * rounds).max(waiting),
        paced(attempts).max(attempts / ATTEMPTS_PER_SECOND) + between.as_secs_f64(),
    ];
    let seconds = |seconds: f64| match endpoints {
        0 => Duration::ZERO,
        // A plan is no more exact than a second.
        _ => Duration::try_from_secs_f64(seconds.max(1.0)).unwrap_or(Duration::MAX),
    };
    (
        seconds(fleets.into_iter().fold(f64::INFINITY, f64::min).floor()),
        seconds(fleets.into_iter().fold(0.0, f64::max).ceil()),
    )
}
