//! `JUnit` XML for the test view of a CI server: a test case per host.
//!
//! A host fails that would refuse Remote Desktop, or that has a finding of medium severity or above; one that was not probed
//! is skipped. There is no standard: what is written is what Jenkins, GitLab and `junitparser` have in common.

use std::cell::LazyCell;
use std::io::{self, Write};

use super::sheet::Sheet;
use super::words;
use crate::diagnosis::remedies;
use crate::fleet::Host;
use crate::model::{Finding, HostKey, HostState, Severity};
use crate::sanitize;
use crate::table::{Field, FieldKind};

pub(super) const BEGINNING: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites";

/// The least severity that fails a host: below it, a host counts as healthy.
const FAILING: Severity = Severity::Medium;

/// What is known of a host.
const PROPERTIES: [Field; 9] = [
    Field::State,
    Field::FailedStage,
    Field::Certificate,
    Field::DaysLeft,
    Field::NotBefore,
    Field::NotAfter,
    Field::Nla,
    Field::Dns,
    Field::Stability,
];

enum Verdict<'a> {
    Passed,
    Skipped,
    Failed(Vec<&'a Finding>),
}

impl<'a> Verdict<'a> {
    fn of(host: &'a Host) -> Self {
        let diagnosis = &host.diagnosis;
        let findings = diagnosis.open_findings();
        let failing: Vec<_> = findings.filter(|one| one.severity >= FAILING).collect();
        match diagnosis.state {
            HostState::Skipped | HostState::NotProbed => Self::Skipped,
            _ if !failing.is_empty() || (diagnosis.would_refuse() && !diagnosis.is_accepted()) => {
                Self::Failed(failing)
            }
            _ => Self::Passed,
        }
    }
}

/// Writes one suite, in the order of the rows.
pub(super) fn write(sheet: &Sheet<'_>, out: &mut dyn Write) -> io::Result<()> {
    let verdicts: Vec<_> = sheet
        .rows
        .iter()
        .map(|(host, _)| Verdict::of(host))
        .collect();
    let failures = verdicts
        .iter()
        .filter(|one| matches!(one, Verdict::Failed(_)));
    let skipped = verdicts
        .iter()
        .filter(|one| matches!(one, Verdict::Skipped));
    let counts = format!(
        "tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\"",
        sheet.summary.hosts,
        failures.count(),
        skipped.count()
    );
    writeln!(out, "{BEGINNING} name=\"rdpscan\" {counts}>")?;
    write!(out, "<testsuite name=\"rdpscan\" {counts}")?;
    if let Some((started, newest)) = sheet.times {
        let seconds = newest.duration_since(started).as_secs_f64();
        let started = started.strftime("%Y-%m-%dT%H:%M:%S");
        write!(out, " timestamp=\"{started}\" time=\"{seconds:.3}\"")?;
    }
    writeln!(out, " hostname=\"{}\">", xml(sheet.vantage))?;
    let version = sheet.plan.map_or("", |plan| &plan.version);
    let left_out = sheet.left_out.to_string();
    properties(
        &[
            ("scan", &sheet.scan_text()),
            ("version", version),
            ("hosts_omitted", &left_out),
        ],
        out,
    )?;
    for ((host, name), verdict) in sheet.rows.iter().zip(&verdicts) {
        case(host, *name, verdict, out)?;
    }
    writeln!(out, "</testsuite>\n</testsuites>")
}

fn case(
    host: &Host,
    name: Option<&str>,
    verdict: &Verdict<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let diagnosis = &host.diagnosis;
    let address = match (host.key(), name) {
        (HostKey::Endpoint(endpoint), Some(name)) => format!("{endpoint} {name}"),
        (key, _) => key.to_string(),
    };
    write!(
        out,
        "<testcase classname=\"rdpscan\" name=\"{}\"",
        xml(&address)
    )?;
    if let Some(total) = diagnosis.stability.total_ms {
        write!(out, " time=\"{:.3}\"", total.median / 1000.0)?;
    }
    writeln!(out, ">")?;
    let history = LazyCell::new(|| host.history());
    let values = PROPERTIES.map(|field| match field.spec().kind {
        FieldKind::Date => words::cell(field.value(host, &history)).into_owned(),
        _ => field.text_with(host, || &history),
    });
    let named = PROPERTIES.iter().zip(&values);
    let named: Vec<(&str, &str)> = named
        .map(|(field, value)| (field.key(), &**value))
        .collect();
    properties(&named, out)?;
    match verdict {
        Verdict::Passed => {}
        Verdict::Skipped => {
            let mut notes = diagnosis
                .findings
                .iter()
                .filter(|one| words::says_why_not_probed(one));
            let why = notes
                .next()
                .map_or(diagnosis.state.word(), |note| &*note.title);
            writeln!(out, "<skipped message=\"{}\"/>", xml(why))?;
        }
        Verdict::Failed(findings) => failure(host, findings, out)?,
    }
    writeln!(out, "</testcase>")
}

/// One element, since readers take one: the worst finding in its attributes, all of them in its text.
fn failure(host: &Host, findings: &[&Finding], out: &mut dyn Write) -> io::Result<()> {
    let state = host.diagnosis.state.word();
    let (kind, message) = findings
        .first()
        .map_or((state, state), |worst| (worst.id, &*worst.title));
    writeln!(
        out,
        "<failure type=\"{}\" message=\"{}\">",
        xml(kind),
        xml(message)
    )?;
    if let Some(predicted) = &host.diagnosis.predicted {
        let line = format!(
            "mstsc would probably show {}: {}",
            predicted.code, predicted.name
        );
        writeln!(out, "{}", xml(&line))?;
    }
    for finding in findings {
        let line = format!("{} {}: {}", finding.severity, finding.id, finding.title);
        writeln!(out, "{}", xml(&line))?;
        if !finding.evidence.is_empty() {
            writeln!(out, "  {}", xml(&finding.evidence))?;
        }
        if let Some(remedy) = finding.remedy().and_then(remedies::find) {
            writeln!(
                out,
                "  fix: {} (rdpscan explain {})",
                xml(&remedy.title),
                xml(&remedy.key)
            )?;
        }
    }
    writeln!(out, "</failure>")
}

/// Those with a value.
fn properties(all: &[(&str, &str)], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<properties>")?;
    for (name, value) in all.iter().filter(|(_, value)| !value.is_empty()) {
        writeln!(out, "<property name=\"{name}\" value=\"{}\"/>", xml(value))?;
    }
    writeln!(out, "</properties>")
}

/// Text or an attribute's value on one line, of characters that XML 1.0 allows (section 2.2): [`sanitize`] leaves neither control
/// characters nor U+FFFE and U+FFFF.
fn xml(text: &str) -> String {
    sanitize::html(&sanitize::single_line(text)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Format, fixture};

    fn text(hosts: &[Host]) -> String {
        fixture::written(Format::Junit, hosts)
    }

    #[test]
    fn the_whole_file() {
        let healthy = {
            let mut host = fixture::expired_host();
            host.diagnosis.state = HostState::Healthy;
            host.diagnosis.findings[0].severity = Severity::Info;
            host
        };
        insta::assert_snapshot!(text(&[
            fixture::expired_host(),
            healthy,
            fixture::unresolved_host(),
            fixture::gateway_host(),
        ]));
    }

    #[test]
    fn no_name_breaks_out_of_its_value() {
        let plain = text(&[fixture::hostile_host("plain")]);
        let shape = |text: &str| -> Vec<(String, Vec<String>)> {
            let document = roxmltree::Document::parse(text).unwrap();
            let elements = document.descendants().filter(roxmltree::Node::is_element);
            let attributes = |element: roxmltree::Node<'_, '_>| {
                let names = element.attributes();
                names.map(|one| one.name().to_owned()).collect()
            };
            elements
                .map(|element| (element.tag_name().name().to_owned(), attributes(element)))
                .collect()
        };
        let names = fixture::nasty_names().into_iter();
        for name in names.chain(["a\u{FFFE}b\u{FFFF}".to_owned(), "\"/><x y='".to_owned()]) {
            let text = text(&[fixture::hostile_host(&name)]);
            assert_eq!(shape(&text), shape(&plain), "{name:?}");
            let forbidden =
                |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{FFFE}' | '\u{FFFF}');
            assert!(!text.contains(forbidden), "{name:?}");
        }
    }
}
