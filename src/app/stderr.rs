//! Lines on standard error: messages, notices and the summary.

use std::io::Write as _;
use std::path::Path;

use crate::counts::{counted, grouped};
use crate::fleet::Fleet;
use crate::model::{Notice, ScanStatus};
use crate::table::Filter;
use crate::{sanitize, streams};

/// One line, made safe for a terminal. A standard error that fails leaves no way to say so.
pub(super) fn print(text: &str) {
    write_line(&sanitize::terminal(text));
}

/// An error and its causes, with the line breaks that it has of its own: values in it are on one line.
pub(super) fn print_error(error: &anyhow::Error) {
    let text = format!("rdpscan: {error:#}");
    write_line(&sanitize::lines(&text));
}

/// A line that is safe to print, in one write.
fn write_line(text: &str) {
    drop(streams::stderr().write_all(format!("{text}\n").as_bytes()));
}

pub(super) fn print_notices(notices: &[Notice]) {
    for notice in notices {
        let text = notice.to_string();
        print(&format!("rdpscan: {}", sanitize::single_line(&text)));
    }
}

/// The path of a written file, in which `{date}` and `{scan}` are replaced.
pub(super) fn print_written(path: &Path) {
    print(&format!("wrote {}", path.display()));
}

/// The last line of a scan: counts of the fleet, and of the hosts in a filtered report.
pub(super) fn summary(fleet: &Fleet, written: Option<&Filter>) -> String {
    let summary = fleet.summary();
    let states: Vec<_> = summary
        .by_state
        .iter()
        .map(|(state, count)| format!("{count} {state}"))
        .collect();
    let interrupted = match fleet.end().map(|end| end.status) {
        Some(ScanStatus::Complete) => "",
        _ => "interrupted: ",
    };
    let hosts = if summary.hosts == 1 { "host" } else { "hosts" };
    let mut line = format!("{interrupted}{} {hosts}", summary.hosts);
    if !states.is_empty() {
        line = format!("{line} ({})", states.join(", "));
    }
    for (count, what) in [
        (summary.expired(), "expired"),
        (summary.expiring(), "expiring"),
        (summary.flaky(), "flaky"),
        (summary.dns_trouble(), "with DNS trouble"),
        (
            fleet.end().map_or(0, |end| end.answered_on_retry),
            "found on retry only",
        ),
    ] {
        if count > 0 {
            line = format!("{line}, {count} {what}");
        }
    }
    let not_reached = fleet.end().map_or(0, |end| end.not_reached);
    if not_reached > 0 {
        let addresses = counted(not_reached, "address", "addresses");
        line = format!("{line}; {addresses} not reached");
    }
    let unlisted = fleet.end().and_then(|end| end.unlisted.hint());
    if let Some(hint) = unlisted.filter(|_| summary.hosts == 0) {
        line = format!("{line}; {hint}");
    }
    if let Some(filter) = written.filter(|filter| !filter.is_empty()) {
        let hosts = fleet.hosts();
        let passing = hosts.filter(|(_, host)| filter.matches(host)).count() as u64;
        line = format!("{line}; the filter lets {} through", grouped(passing));
    }
    line
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::diagnosis::Policy;
    use crate::kit;
    use crate::model::EventBody;

    #[test]
    fn the_summary_of_no_host_says_how_to_list_what_was_met() {
        let mut end = kit::end(3);
        end.unlisted.closed = 3;
        let finished = kit::event(0, Timestamp::UNIX_EPOCH, EventBody::ScanFinished(end));
        let line = summary(&kit::judged([finished]), None);
        assert!(line.starts_with("0 hosts; silent and closed"), "{line}");
        assert!(line.ends_with("scan with --all to list them"), "{line}");
    }

    #[test]
    fn the_summary_counts_filtered_hosts_only_for_a_filtered_report() {
        let fleet = Fleet::new(Policy::default());
        let filter = Filter::parse("state:broken").unwrap();
        let line = summary(&fleet, Some(&filter));
        assert!(line.ends_with("; the filter lets 0 through"), "{line}");
        for none in [None, Some(&Filter::default())] {
            assert!(!summary(&fleet, none).contains("filter"));
        }
    }
}
