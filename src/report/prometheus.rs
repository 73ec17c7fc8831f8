//! For the textfile collector of `node_exporter` and `windows_exporter`: gauges about the last scan.
//!
//! Names follow the ecosystem: base units, `_seconds`, `_timestamp_seconds` for absolute times, `_info` for labels that have
//! no number. Times are absolute, so that an alert on `rdpscan_certificate_not_after_timestamp_seconds - time()` is right
//! between scans too, and a certificate that has expired does not vanish.
//!
//! A host costs two series, `rdpscan_up` and the end of its certificate; the others are written only for hosts that they say
//! something about, and everything else is counted over the fleet.
//!
//! The text format (Prometheus, "Exposition formats", version 0.0.4) wants all samples of a metric in one group, so each metric is
//! a pass of its own over the hosts, which reads what every row keeps unpacked: buffering the samples would take more memory.

use std::borrow::Cow;
use std::io::{self, Write};

use super::sheet::Sheet;
use crate::diagnosis::Spread;
use crate::fleet::{Counts, Host};
use crate::model::{
    CertificateStatus, DnsVerdict, HostState, Nla, ScanStatus, Severity, StabilityVerdict, Stage,
    UtcSecond,
};
use crate::sanitize;
use crate::table::Field;

pub(super) fn write(sheet: &Sheet<'_>, out: &mut dyn Write) -> io::Result<()> {
    for (name, help, source) in METRICS {
        let mut metric = Metric {
            name,
            help,
            kind: "gauge",
            of: Labels::default(),
            is_begun: false,
            out: &mut *out,
        };
        match source {
            Source::Scan(put) => put(sheet, &mut metric)?,
            Source::Host(put) => {
                for (host, name) in &sheet.rows {
                    metric.of = labels(host, *name);
                    put(host, &mut metric)?;
                }
            }
        }
    }
    Ok(())
}

type Labels<'a> = Vec<(&'static str, Cow<'a, str>)>;

/// The source of a metric's samples.
enum Source {
    /// The scan as a whole.
    Scan(fn(&Sheet<'_>, &mut Metric<'_>) -> io::Result<()>),
    /// Each host.
    Host(fn(&Host, &mut Metric<'_>) -> io::Result<()>),
}

/// Names, helps and sources, in order of name.
#[rustfmt::skip]
const METRICS: &[(&str, &str, Source)] = &[
    ("rdpscan_attempt_seconds", "Time of a whole attempt: the medians of all hosts.", Source::Scan(|sheet, metric| quantiles(sheet, |host| host.diagnosis.stability.total_ms, metric))),
    ("rdpscan_attempts", "Attempts at a host of which some failed.", Source::Host(|host, metric| failing(host, host.diagnosis.stability.attempts, metric))),
    ("rdpscan_attempts_failed", "Attempts at a host that failed.", Source::Host(|host, metric| failing(host, host.diagnosis.stability.failures, metric))),
    ("rdpscan_certificate_info", "A certificate that is not valid, or expires soon.", Source::Host(certificate)),
    ("rdpscan_certificate_not_after_timestamp_seconds", "When the host's certificate expires, or has expired.", Source::Host(|host, metric| moment(host.certificate().and_then(|leaf| leaf.not_after), metric))),
    ("rdpscan_certificate_not_before_timestamp_seconds", "When the host's certificate becomes valid, where it is not valid yet.", Source::Host(not_before)),
    ("rdpscan_clock_skew_seconds", "Seconds by which the host's clock is ahead of this machine's, where that is a finding.", Source::Host(clock_skew)),
    ("rdpscan_connect_seconds", "Time of a TCP connect: the medians of all hosts.", Source::Scan(|sheet, metric| quantiles(sheet, |host| host.diagnosis.stability.connect_ms, metric))),
    ("rdpscan_findings", "Findings of a host above severity info, by severity.", Source::Host(findings)),
    ("rdpscan_findings_acknowledged", "Findings of a host that are acknowledged or ignored, and not in rdpscan_findings.", Source::Host(acknowledged)),
    ("rdpscan_host_info", "State and properties of a host that has a problem.", Source::Host(info)),
    ("rdpscan_hosts", "Hosts by state.", Source::Scan(|sheet, metric| counts("state", HostState::ALL, &sheet.summary.by_state, HostState::word, metric))),
    ("rdpscan_hosts_by_dns", "Hosts by the verdict on their names.", Source::Scan(|sheet, metric| counts("dns", DnsVerdict::ALL, &sheet.summary.by_dns, DnsVerdict::word, metric))),
    ("rdpscan_hosts_by_nla", "Hosts by what they negotiate.", Source::Scan(|sheet, metric| counts("nla", Nla::ALL, &sheet.summary.by_nla, Nla::word, metric))),
    ("rdpscan_hosts_by_stability", "Hosts by the result of repeated attempts.", Source::Scan(|sheet, metric| counts("stability", StabilityVerdict::ALL, &sheet.summary.by_stability, StabilityVerdict::word, metric))),
    ("rdpscan_hosts_by_tls", "Hosts by TLS version.", Source::Scan(tls_versions)),
    ("rdpscan_hosts_with_finding", "Hosts by finding.", Source::Scan(hosts_with_finding)),
    ("rdpscan_scan_complete", "1 when everything planned was probed, 0 when the scan was interrupted.", Source::Scan(complete)),
    ("rdpscan_scan_end_timestamp_seconds", "The time at which hosts are evaluated.", Source::Scan(|sheet, metric| moment(sheet.times.map(|(_, newest)| newest), metric))),
    ("rdpscan_scan_hosts_left_out", "Hosts of the scan that a filter keeps out of this file.", Source::Scan(|sheet, metric| metric.put(&[], sheet.left_out as f64))),
    ("rdpscan_scan_info", "The scan that these metrics come from.", Source::Scan(scan)),
    ("rdpscan_scan_start_timestamp_seconds", "When the scan started.", Source::Scan(|sheet, metric| moment(sheet.times.map(|(start, _)| start), metric))),
    ("rdpscan_up", "1 when Remote Desktop works, 0 when mstsc would be refused or nothing answers, NaN when not probed.", Source::Host(up)),
];

struct Metric<'a> {
    name: &'static str,
    help: &'static str,
    kind: &'static str,
    /// Labels of the current host.
    of: Labels<'a>,
    is_begun: bool,
    out: &'a mut dyn Write,
}

impl Metric<'_> {
    /// Writes a sample with these labels and those of the host, sorted by name. The first sample writes the header, so a metric
    /// without samples has none.
    fn put(&mut self, more: &[(&'static str, &str)], value: impl Into<f64>) -> io::Result<()> {
        let Self {
            name,
            help,
            kind,
            out,
            ..
        } = self;
        if !std::mem::replace(&mut self.is_begun, true) {
            writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}")?;
        }
        let mut labels: Vec<(&str, &str)> =
            self.of.iter().map(|(key, text)| (*key, &**text)).collect();
        labels.extend(more);
        labels.sort_unstable_by_key(|(key, _)| *key);
        write!(out, "{name}")?;
        for (index, (key, text)) in labels.iter().enumerate() {
            let before = if index == 0 { '{' } else { ',' };
            write!(out, "{before}{key}=\"{}\"", escaped(text))?;
        }
        let after = if labels.is_empty() { "" } else { "}" };
        writeln!(out, "{after} {}", value.into())
    }
}

/// Escapes a label value: a backslash before backslashes and quotes, `\n` for a line feed.
fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(['\\', '"', '\n']) {
        return text.into();
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '\\' => escaped.push_str("\\\\"),
            '"' => escaped.push_str("\\\""),
            '\n' => escaped.push_str("\\n"),
            other => escaped.push(other),
        }
    }
    escaped.into()
}

/// Labels that identify a host.
fn labels<'a>(host: &Host, name: Option<&'a str>) -> Labels<'a> {
    let key = host.key();
    let address = key
        .endpoint()
        .map_or_else(String::new, |endpoint| endpoint.address.to_string());
    vec![
        ("address", address.into()),
        ("name", safe(name.unwrap_or_default())),
        ("port", key.port().to_string().into()),
    ]
}

fn scan(sheet: &Sheet<'_>, metric: &mut Metric<'_>) -> io::Result<()> {
    let version = sheet.plan.map_or("", |plan| &plan.version);
    metric.put(
        &[
            ("scan", &safe(&sheet.scan_text())),
            ("vantage", &safe(sheet.vantage)),
            ("version", &safe(version)),
        ],
        1.0,
    )
}

fn moment(time: Option<impl Into<UtcSecond>>, metric: &mut Metric<'_>) -> io::Result<()> {
    time.map_or(Ok(()), |time| {
        metric.put(&[], time.into().as_second() as f64)
    })
}

fn complete(sheet: &Sheet<'_>, metric: &mut Metric<'_>) -> io::Result<()> {
    let complete = sheet
        .end
        .is_some_and(|end| end.status == ScanStatus::Complete);
    metric.put(&[], u8::from(complete))
}

/// Every word is present, with 0 for no hosts.
fn counts<T: Ord + Copy>(
    label: &'static str,
    all: &[T],
    counts: &Counts<T>,
    word: fn(T) -> &'static str,
    metric: &mut Metric<'_>,
) -> io::Result<()> {
    for value in all {
        metric.put(&[(label, word(*value))], counts.of(*value) as f64)?;
    }
    Ok(())
}

fn tls_versions(sheet: &Sheet<'_>, metric: &mut Metric<'_>) -> io::Result<()> {
    for (version, count) in sheet.summary.by_tls.iter() {
        let version = version.map_or_else(|| "failed".to_owned(), |version| version.to_string());
        metric.put(&[("tls_version", &version)], count as f64)?;
    }
    Ok(())
}

fn hosts_with_finding(sheet: &Sheet<'_>, metric: &mut Metric<'_>) -> io::Result<()> {
    for (id, count) in &sheet.summary.by_finding {
        for (severity, hosts) in count.by_severity.iter() {
            metric.put(
                &[("finding", id), ("severity", severity.word())],
                hosts as f64,
            )?;
        }
    }
    Ok(())
}

fn up(host: &Host, metric: &mut Metric<'_>) -> io::Result<()> {
    let up = match host.diagnosis.state {
        HostState::Healthy | HostState::Degraded => 1.0,
        // Unknown: no alert.
        HostState::NotProbed | HostState::Skipped => f64::NAN,
        _ => 0.0,
    };
    metric.put(&[], up)
}

fn failing(host: &Host, count: u32, metric: &mut Metric<'_>) -> io::Result<()> {
    match host.diagnosis.stability.failures {
        0 => Ok(()),
        _ => metric.put(&[], count),
    }
}

fn info(host: &Host, metric: &mut Metric<'_>) -> io::Result<()> {
    if !host.has_problem() {
        return Ok(());
    }
    let diagnosis = &host.diagnosis;
    let tls = host.tls().and_then(|(_, version)| version);
    let tls = tls.map_or_else(String::new, |version| version.to_string());
    let stage = diagnosis.failed_stage.map_or("", Stage::word);
    metric.put(
        &[
            ("build", &Field::Build.text(host)),
            ("dns", diagnosis.dns.word()),
            ("failed_stage", stage),
            ("nla", diagnosis.nla.word()),
            ("security", diagnosis.security.word()),
            ("stability", diagnosis.stability.verdict.word()),
            ("state", diagnosis.state.word()),
            ("tls_version", &tls),
        ],
        1.0,
    )
}

fn findings(host: &Host, metric: &mut Metric<'_>) -> io::Result<()> {
    for severity in Severity::ALL {
        let found = host.diagnosis.open_findings();
        let count = found.filter(|one| one.severity == severity).count();
        if count > 0 && severity > Severity::Info {
            metric.put(&[("severity", severity.word())], count as f64)?;
        }
    }
    Ok(())
}

fn acknowledged(host: &Host, metric: &mut Metric<'_>) -> io::Result<()> {
    let found = host.diagnosis.findings.iter();
    match found.filter(|one| one.acknowledged.is_some()).count() {
        0 => Ok(()),
        count => metric.put(&[], count as f64),
    }
}

fn certificate(host: &Host, metric: &mut Metric<'_>) -> io::Result<()> {
    let status = host.diagnosis.certificate_status;
    let status = status.filter(|status| *status != CertificateStatus::Valid);
    let Some((leaf, status)) = host.certificate().zip(status) else {
        return Ok(());
    };
    metric.put(
        &[
            (
                "common_name",
                &safe(leaf.common_name.as_deref().unwrap_or_default()),
            ),
            ("issuer", &safe(&leaf.issuer)),
            ("serial", &leaf.serial.to_string()),
            ("sha1", &leaf.sha1.to_string()),
            ("status", status.word()),
        ],
        1.0,
    )
}

fn not_before(host: &Host, metric: &mut Metric<'_>) -> io::Result<()> {
    let status = host.diagnosis.certificate_status;
    let leaf = host.certificate();
    let leaf = leaf.filter(|_| status == Some(CertificateStatus::NotYetValid));
    moment(leaf.and_then(|leaf| leaf.not_before), metric)
}

/// Only these hosts are unpacked.
fn clock_skew(host: &Host, metric: &mut Metric<'_>) -> io::Result<()> {
    let mut found = host.diagnosis.findings.iter();
    if !found.any(|found| found.id == "RDP-CLOCK-SKEW") {
        return Ok(());
    }
    let skew = host.history().ntlm().and_then(|facts| facts.clock_skew_s());
    skew.map_or(Ok(()), |skew| metric.put(&[], skew))
}

/// A summary over hosts: 65,536 medians tell less than three quantiles of them.
fn quantiles(
    sheet: &Sheet<'_>,
    spread: fn(&Host) -> Option<Spread>,
    metric: &mut Metric<'_>,
) -> io::Result<()> {
    let hosts = sheet.rows.iter();
    let mut medians: Vec<f64> = hosts
        .filter_map(|(host, _)| Some(spread(host)?.median))
        .collect();
    medians.sort_by(f64::total_cmp);
    metric.kind = "summary";
    for (label, percent) in [("0.5", 50), ("0.9", 90), ("0.99", 99)] {
        // The nearest rank: the least value that so many percent do not exceed.
        let rank = (medians.len() * percent).div_ceil(100).saturating_sub(1);
        if let Some(median) = medians.get(rank) {
            metric.put(&[("quantile", label)], seconds(*median))?;
        }
    }
    Ok(())
}

/// Milliseconds as seconds, rounded to the microsecond, which is the resolution of the measurements.
fn seconds(milliseconds: f64) -> f64 {
    (milliseconds * 1000.0).round() / 1_000_000.0
}

fn safe(text: &str) -> Cow<'_, str> {
    sanitize::single_line(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::Host;
    use crate::report::{Format, fixture};

    fn text(hosts: &[Host]) -> String {
        fixture::written(Format::Prometheus, hosts)
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
    fn a_host_without_a_problem_costs_its_state_and_the_end_of_its_certificate() {
        let mut host = fixture::expired_host();
        host.diagnosis.state = HostState::Healthy;
        host.diagnosis.certificate_status = Some(CertificateStatus::Valid);
        host.diagnosis.stability.failures = 0;
        host.diagnosis.findings[0].severity = Severity::Info;
        let text = text(&[host]);
        let of_host = text.lines().filter(|line| line.contains("10.0.0.5"));
        let names = of_host.filter_map(|line| line.split('{').next());
        assert_eq!(
            names.collect::<Vec<_>>(),
            [
                "rdpscan_certificate_not_after_timestamp_seconds",
                "rdpscan_up"
            ]
        );
    }

    #[test]
    fn times_are_quantiles_over_hosts() {
        let hosts: Vec<Host> = (1..=200)
            .map(|milliseconds| {
                let mut host = fixture::expired_host();
                let spread = host.diagnosis.stability.connect_ms.as_mut().unwrap();
                spread.median = f64::from(milliseconds);
                host
            })
            .collect();
        let text = text(&hosts);
        for line in [
            "# TYPE rdpscan_connect_seconds summary\n",
            "rdpscan_connect_seconds{quantile=\"0.5\"} 0.1\n",
            "rdpscan_connect_seconds{quantile=\"0.9\"} 0.18\n",
            "rdpscan_connect_seconds{quantile=\"0.99\"} 0.198\n",
        ] {
            assert!(text.contains(line), "{line}");
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
    fn label_values_are_escaped_as_the_text_format_says() {
        assert_eq!(escaped(r#"a\b "c""#), r#"a\\b \"c\""#);
        assert_eq!(escaped("a\nb"), "a\\nb");
        assert_eq!(escaped("srv05"), "srv05");
    }

    #[test]
    fn all_lines_of_a_metric_stand_together() {
        let text = text(&[
            fixture::expired_host(),
            fixture::silent_host(),
            fixture::gateway_host(),
        ]);
        let samples = text.lines().filter(|line| !line.starts_with('#'));
        let mut names: Vec<&str> = samples
            .filter_map(|line| line.split(['{', ' ']).next())
            .collect();
        names.dedup();
        assert!(names.is_sorted_by(|one, next| one < next), "{names:?}");
        assert!(text.contains(" NaN\n"), "{text}");
    }

    #[test]
    fn every_metric_says_what_it_is() {
        let text = text(&[fixture::expired_host()]);
        for (name, ..) in METRICS {
            assert_eq!(
                text.contains(&format!("# HELP {name} ")),
                text.contains(&format!("# TYPE {name} ")),
                "{name}"
            );
        }
    }
}
