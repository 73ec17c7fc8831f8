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

pub(super) fn plan(targets: &TargetSet, settings: &Settings) -> String {
    let scan = &settings.scan;
    let (in_flight, notice) = capacity::in_flight(
        scan.concurrency(),
        scan.rate(),
        platform::descriptor_limit(),
    );
    let endpoints = targets.endpoints();
    let rounds = scan.connect_timeouts.len() as u64;
    let names = targets
        .names()
        .iter()
        .map(|name| sanitize::terminal(&name.name));
    let behind = targets.behind_gateways().iter().map(|host| {
        let text = format!("{} (through {})", host.key, host.gateway);
        Cow::Owned(sanitize::terminal(&text).into_owned())
    });
    let mut text = String::new();
    let mut line = |label: &str, value: String| text.extend([format!("{label:<22}{value}\n")]);

    line("addresses and ports", addresses(targets));
    if let Some(names) = listed(names) {
        line("names to resolve", names);
        line("", "the addresses that they give come on top".to_owned());
    }
    if let Some(hosts) = listed(behind) {
        line("behind a gateway", format!("{hosts}; not probed directly"));
    }
    for list in targets.lists() {
        line(
            "read",
            sanitize::terminal(&read(list, &scan.ports)).into_owned(),
        );
    }
    for notice in targets.notices() {
        line(
            "not taken",
            sanitize::terminal(&notice.to_string()).into_owned(),
        );
    }
    line(
        "connects, if all dark",
        format!("{} ({rounds} rounds)", endpoints * rounds),
    );
    line(
        "connects, if all live",
        live(endpoints, scan.attempts, scan.check_nla),
    );
    line("in flight, at most", in_flight.to_string());
    line(
        "connects per second",
        if scan.rate() == 0 {
            "no cap".to_owned()
        } else {
            format!("{} at most", scan.rate())
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
            headless::rounded(dark_time(endpoints, in_flight, settings))
        ),
    );
    if let Some(limit) = scan.max_time {
        line("at most", headless::rounded(limit));
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
    let endpoints = targets.endpoints();
    if targets.exclude_texts().is_empty() {
        endpoints.to_string()
    } else {
        format!("{endpoints} after excludes")
    }
}

/// Connections in the usual case, where attempts fail, and at most.
fn live(endpoints: u64, attempts: u32, check_nla: bool) -> String {
    let each = Connections::of(attempts, check_nla);
    let all = |connections: u32| endpoints.saturating_mul(u64::from(connections));
    format!(
        "{} ({} each), {} where attempts fail ({} each), and {} at most ({} each: where attempts are refused or cut off and \
         another kind of probe is answered)",
        all(each.usual),
        each.usual,
        all(each.closer),
        each.closer,
        all(each.most),
        each.most
    )
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

/// The longer of what the rate cap and the timeouts allow.
fn dark_time(endpoints: u64, in_flight: u32, settings: &Settings) -> Duration {
    let scan = &settings.scan;
    let waits: Duration = scan.connect_timeouts.iter().sum();
    let by_timeouts = waits.as_secs_f64() * (endpoints as f64 / f64::from(in_flight)).max(1.0);
    let connects = endpoints as f64 * scan.connect_timeouts.len() as f64;
    let by_rate = if scan.rate() == 0 {
        0.0
    } else {
        connects / f64::from(scan.rate())
    };
    let seconds = if endpoints == 0 {
        0.0
    } else {
        by_timeouts.max(by_rate).ceil()
    };
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}
