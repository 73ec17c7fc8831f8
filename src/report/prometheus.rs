//! For the textfile collector of `node_exporter` and `windows_exporter`: gauges about the last scan.
//!
//! Names follow the ecosystem: base units, `_seconds`, `_timestamp_seconds` for absolute times, `_info` for labels that have
//! no number. Times are absolute, so that an alert on `rdpscan_certificate_not_after_timestamp_seconds - time()` is right
//! between scans too, and a certificate that has expired does not vanish. `rdpscan_up` is there for every host.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};

use prometheus::{Encoder as _, GaugeVec, Opts, Registry, TextEncoder};

use super::sheet::{Row, Sheet};
use crate::model::{HostState, NtlmFacts, ScanStatus};
use crate::sanitize;

/// What tells hosts apart in every metric.
const HOST: [&str; 3] = ["address", "port", "name"];

/// Writes the metrics, each with its help and type.
pub(super) fn write(sheet: &Sheet<'_>, out: &mut dyn Write) -> io::Result<()> {
    let metrics = Metrics::new().map_err(io::Error::other)?;
    metrics.scan(sheet);
    for row in sheet.rows() {
        metrics.host(&row);
    }
    TextEncoder::new()
        .encode(&metrics.registry.gather(), &mut &mut *out)
        .map_err(|error| match error {
            prometheus::Error::Io(error) => error,
            other => io::Error::other(other),
        })
}

struct Metrics {
    registry: Registry,
    gauges: HashMap<&'static str, GaugeVec>,
}

/// Name, help, and the labels besides those of the host; `None` for metrics of the whole scan that have `labels` only.
#[rustfmt::skip]
const METRICS: &[(&str, &str, bool, &[&str])] = &[
    ("rdpscan_scan_info", "The scan that these metrics come from.", false, &["scan", "version", "vantage"]),
    ("rdpscan_scan_start_timestamp_seconds", "When the scan began.", false, &[]),
    ("rdpscan_scan_end_timestamp_seconds", "The moment as of which hosts are judged.", false, &[]),
    ("rdpscan_scan_complete", "1 when everything planned was probed, 0 when the scan was cut short.", false, &[]),
    ("rdpscan_scan_hosts_left_out", "Hosts of the scan that a filter kept out of this file.", false, &[]),
    ("rdpscan_hosts", "Hosts by state.", false, &["state"]),
    ("rdpscan_hosts_with_finding", "Hosts by finding.", false, &["finding", "severity"]),
    ("rdpscan_up", "1 when Remote Desktop answers as it should, 0 when mstsc would be refused or nothing answers, NaN when not probed.", true, &[]),
    ("rdpscan_host_info", "What a host is and what is thought of it.", true, &["state", "failed_stage", "security", "nla", "tls_version", "dns", "stability", "build"]),
    ("rdpscan_findings", "Findings of a host by severity.", true, &["severity"]),
    ("rdpscan_certificate_not_after_timestamp_seconds", "When the host's certificate ends, or has ended.", true, &[]),
    ("rdpscan_certificate_not_before_timestamp_seconds", "When the host's certificate begins.", true, &[]),
    ("rdpscan_certificate_info", "The certificate that a host shows.", true, &["common_name", "issuer", "serial", "sha1"]),
    ("rdpscan_attempts", "Attempts made at a host.", true, &[]),
    ("rdpscan_attempts_failed", "Attempts at a host that did not get through.", true, &[]),
    ("rdpscan_connect_seconds", "Median time to connect.", true, &[]),
    ("rdpscan_attempt_seconds", "Median time of a whole attempt.", true, &[]),
    ("rdpscan_clock_skew_seconds", "How far the host's clock is ahead of this machine's, as NTLM tells it.", true, &[]),
];

impl Metrics {
    fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let mut gauges = HashMap::new();
        for (name, help, of_host, labels) in METRICS {
            let mut all: Vec<&str> = if *of_host { HOST.to_vec() } else { Vec::new() };
            all.extend(*labels);
            let gauge = GaugeVec::new(Opts::new(*name, *help), &all)?;
            registry.register(Box::new(gauge.clone()))?;
            gauges.insert(*name, gauge);
        }
        Ok(Self { registry, gauges })
    }

    fn set(&self, name: &str, labels: &[&str], value: f64) {
        let gauge = self
            .gauges
            .get(name)
            .and_then(|gauge| gauge.get_metric_with_label_values(labels).ok());
        debug_assert!(gauge.is_some(), "{name} with {labels:?}");
        if let Some(gauge) = gauge {
            gauge.set(value);
        }
    }

    fn scan(&self, sheet: &Sheet<'_>) {
        let version = sheet.plan.map_or("", |plan| &plan.version);
        let labels = [sheet.run_id, version, sheet.vantage].map(safe);
        self.set(
            "rdpscan_scan_info",
            &labels.each_ref().map(String::as_str),
            1.0,
        );
        if let Some((start, newest)) = sheet.times {
            self.set(
                "rdpscan_scan_start_timestamp_seconds",
                &[],
                start.as_second() as f64,
            );
            self.set(
                "rdpscan_scan_end_timestamp_seconds",
                &[],
                newest.as_second() as f64,
            );
        }
        let complete = sheet
            .end
            .is_some_and(|end| end.status == ScanStatus::Complete);
        self.set("rdpscan_scan_complete", &[], f64::from(u8::from(complete)));
        self.set("rdpscan_scan_hosts_left_out", &[], sheet.left_out as f64);
        for state in HostState::ALL {
            let count = sheet.summary.by_state.get(state).copied().unwrap_or(0);
            self.set("rdpscan_hosts", &[state.word()], count as f64);
        }
        let mut findings: BTreeMap<(&str, &str), u32> = BTreeMap::new();
        for (host, _) in &sheet.rows {
            let mut ids: Vec<_> = host
                .diagnosis
                .findings
                .iter()
                .map(|found| (found.id, found.severity.word()))
                .collect();
            ids.sort_unstable();
            ids.dedup();
            for id in ids {
                *findings.entry(id).or_default() += 1;
            }
        }
        for ((id, severity), count) in findings {
            self.set(
                "rdpscan_hosts_with_finding",
                &[id, severity],
                f64::from(count),
            );
        }
    }

    fn host(&self, row: &Row<'_>) {
        let diagnosis = &row.host.diagnosis;
        let subject = row.host.subject();
        let address = subject
            .endpoint()
            .map_or_else(String::new, |endpoint| endpoint.address.to_string());
        let port = subject.port().to_string();
        let name = safe(row.name.unwrap_or_default());
        let host = [address.as_str(), port.as_str(), name.as_str()];
        let set = |metric: &str, more: &[&str], value: f64| {
            self.set(metric, &[&host, more].concat(), value);
        };
        let up = match diagnosis.state {
            HostState::Healthy | HostState::Degraded => 1.0,
            // Nobody knows, and nobody is to be woken up.
            HostState::NotProbed | HostState::GivenUp => f64::NAN,
            _ => 0.0,
        };
        set("rdpscan_up", &[], up);
        let tls = row.host.tls().and_then(|(_, version)| version);
        let tls = tls.map_or_else(String::new, |version| version.to_string());
        let build = row.history.ntlm().and_then(|facts| NtlmFacts::build(facts));
        set(
            "rdpscan_host_info",
            &[
                diagnosis.state.word(),
                diagnosis.failed_stage.map_or("", crate::model::Stage::word),
                diagnosis.security.word(),
                diagnosis.nla.word(),
                &tls,
                diagnosis.dns.word(),
                diagnosis.stability.verdict.word(),
                build.as_deref().unwrap_or_default(),
            ],
            1.0,
        );
        for severity in crate::model::Severity::ALL {
            let count = diagnosis
                .findings
                .iter()
                .filter(|found| found.severity == severity)
                .count();
            set("rdpscan_findings", &[severity.word()], count as f64);
        }
        if let Some(leaf) = row.history.certificate() {
            for (metric, time) in [
                (
                    "rdpscan_certificate_not_after_timestamp_seconds",
                    leaf.not_after,
                ),
                (
                    "rdpscan_certificate_not_before_timestamp_seconds",
                    leaf.not_before,
                ),
            ] {
                if let Some(time) = time {
                    set(metric, &[], time.as_second() as f64);
                }
            }
            let common_name = leaf.common_name.as_deref().unwrap_or_default();
            let labels = [common_name, &leaf.issuer, &leaf.serial, &leaf.sha1].map(safe);
            set(
                "rdpscan_certificate_info",
                &labels.each_ref().map(String::as_str),
                1.0,
            );
        }
        let stability = &diagnosis.stability;
        set("rdpscan_attempts", &[], f64::from(stability.attempts));
        set(
            "rdpscan_attempts_failed",
            &[],
            f64::from(stability.failures),
        );
        for (metric, spread) in [
            ("rdpscan_connect_seconds", stability.connect_ms),
            ("rdpscan_attempt_seconds", stability.total_ms),
        ] {
            if let Some(spread) = spread {
                set(metric, &[], seconds(spread.median));
            }
        }
        if let Some(skew) = row.history.ntlm().and_then(|facts| facts.clock_skew_s()) {
            set("rdpscan_clock_skew_seconds", &[], skew);
        }
    }
}

/// Milliseconds as seconds, to the microsecond: more was not measured, and what division leaves behind is noise.
fn seconds(milliseconds: f64) -> f64 {
    (milliseconds * 1000.0).round() / 1_000_000.0
}

/// Label values are escaped by the encoder; what could steer a terminal goes before.
fn safe(text: &str) -> String {
    sanitize::single_line(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::Host;
    use crate::report::fixture;

    fn text(hosts: &[Host]) -> String {
        let plan = fixture::plan();
        let mut bytes = Vec::new();
        write(&fixture::sheet(hosts, &plan), &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn the_whole_file() {
        insta::assert_snapshot!(text(&[fixture::expired_host()]));
    }

    #[test]
    fn times_have_no_digits_that_were_not_measured() {
        for (milliseconds, written) in [
            (0.542, "0.000542"),
            (0.542_000_000_000_000_1, "0.000542"),
            (1.5, "0.0015"),
            (1234.567, "1.234567"),
            (0.0, "0"),
        ] {
            assert_eq!(seconds(milliseconds).to_string(), written);
        }
    }

    #[test]
    fn up_is_there_for_every_host() {
        let text = text(&[fixture::expired_host(), fixture::unresolved_host()]);
        let up = text.lines().filter(|line| line.starts_with("rdpscan_up{"));
        assert_eq!(up.count(), 2);
    }

    /// A line is a comment, or a metric, its labels in quotes, and a number; nothing in the quotes ends them or the line.
    #[test]
    fn no_name_adds_a_line_or_a_label() {
        for name in fixture::nasty_names() {
            for line in text(&[fixture::hostile_host(&name)]).lines() {
                if line.starts_with("# HELP ") || line.starts_with("# TYPE ") {
                    continue;
                }
                assert!(line.starts_with("rdpscan_"), "{name:?}: {line}");
                assert!(!line.chars().any(char::is_control), "{name:?}: {line}");
                let mut inside = false;
                let mut escaped = false;
                let mut outside = String::new();
                for c in line.chars() {
                    match c {
                        _ if escaped => escaped = false,
                        '\\' if inside => escaped = true,
                        '"' => inside = !inside,
                        c if !inside => outside.push(c),
                        _ => {}
                    }
                }
                let number = outside.rsplit(' ').next().unwrap();
                assert!(!inside && number.parse::<f64>().is_ok(), "{name:?}: {line}");
                assert!(
                    outside
                        .chars()
                        .all(|c| c.is_ascii_alphanumeric() || "_{}=,.- +".contains(c)),
                    "{name:?}: {line}"
                );
            }
        }
    }

    #[test]
    fn every_metric_says_what_it_is() {
        let text = text(&[fixture::expired_host()]);
        for (name, ..) in METRICS {
            assert_eq!(
                text.contains(&format!("# HELP {name} ")),
                text.contains(&format!("# TYPE {name} gauge")),
                "{name}"
            );
        }
    }
}
