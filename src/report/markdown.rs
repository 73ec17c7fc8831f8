//! Markdown for a ticket, a wiki or a chat: what was found, for whom, and what to do.
//!
//! A ticket about one host or a few remedies has every step with its commands. Many remedies would bury the findings: each has
//! its steps in short, and the command that prints the rest.
//!
//! The syntax is that of `CommonMark` and GitHub's tables. Outside text is escaped or in a code span, so that it makes no link,
//! image, mention or HTML.

mod fixes;
mod kinds;

use std::cell::LazyCell;
use std::collections::BTreeMap;
use std::io::{self, Write};

use super::sheet::{Row, Sheet};
use super::words;
use crate::counts::{counted, grouped};
use crate::diagnosis::{Disagreement, undetermined_lines};
use crate::fleet::Host;
use crate::model::{HostKey, HostState, ScanStatus};
use crate::sanitize;
use crate::table::{Field, FieldKind, View};

/// More targets are counted.
const MOST_TARGETS: usize = 10;
/// The fields of the table of hosts by default.
const USUAL: [Field; 10] = [
    Field::State,
    Field::Address,
    Field::Name,
    Field::NotAfter,
    Field::DaysLeft,
    Field::Tls,
    Field::Nla,
    Field::Dns,
    Field::Stability,
    Field::Finding,
];

/// Writes the report.
pub(super) fn write(sheet: &Sheet<'_>, out: &mut dyn Write) -> io::Result<()> {
    heading(sheet, out)?;
    summary(sheet, out)?;
    hosts(sheet, out)?;
    let found = kinds::of(sheet);
    kinds::write(&found, &sheet.summary, out)?;
    fixes::write(&found, sheet.rows.len(), out)?;
    dns_trouble(sheet, out)?;
    renamed(sheet, out)?;
    undetermined(sheet, out)
}

/// Outside text in a code span, where only a backtick has a meaning, and in a table a bar.
fn code(text: &str) -> String {
    let safe = sanitize::single_line(text)
        .replace('`', "'")
        .replace('|', "¦");
    if safe.trim().is_empty() {
        "-".to_owned()
    } else {
        format!("`{}`", safe.trim())
    }
}

fn plain(text: &str) -> String {
    sanitize::markdown(&sanitize::single_line(text)).into_owned()
}

fn heading(sheet: &Sheet<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "# Remote Desktop scan\n")?;
    if sheet.plan.is_some_and(|plan| plan.simulated) {
        writeln!(out, "> These hosts are simulated.\n")?;
    }
    if let Some(plan) = sheet.plan {
        let targets: Vec<String> = plan.targets.iter().take(MOST_TARGETS).map(code).collect();
        let more = plan.targets.len().saturating_sub(MOST_TARGETS);
        let more = if more > 0 {
            format!(" and {} more", grouped(more as u64))
        } else {
            String::new()
        };
        writeln!(out, "- Targets: {}{more}", targets.join(", "))?;
    }
    writeln!(out, "- Seen from: {}", code(sheet.vantage))?;
    if let Some((began, newest)) = sheet.times {
        writeln!(
            out,
            "- Time: {} to {} UTC",
            words::spreadsheet_time(began),
            words::spreadsheet_time(newest)
        )?;
    }
    let status = match sheet.end.map(|end| end.status) {
        Some(ScanStatus::Complete) => "complete",
        Some(ScanStatus::Interrupted) => "interrupted; this is what was found until then",
        None => "without an end; this is what is known so far",
    };
    writeln!(out, "- Scan: {} ({status})", code(&sheet.scan_text()))?;
    if let Some(end) = sheet.end.filter(|end| end.not_reached > 0) {
        let not_reached = counted(end.not_reached, "address", "addresses");
        writeln!(out, "- Not reached: {not_reached}")?;
    }
    if sheet.left_out > 0 {
        writeln!(
            out,
            "- This is a selection: {} left out",
            counted(sheet.left_out as u64, "host", "hosts")
        )?;
    }
    let notes = sheet.notices.iter().map(ToString::to_string);
    for note in notes.chain(sheet.banners.iter().map(|banner| banner.text.clone())) {
        writeln!(out, "- Note: {}", plain(&note))?;
    }
    writeln!(out)
}

fn summary(sheet: &Sheet<'_>, out: &mut dyn Write) -> io::Result<()> {
    let summary = &sheet.summary;
    writeln!(out, "## Summary\n\n| what | hosts |\n|---|---:|")?;
    for state in HostState::ALL {
        let count = summary.by_state.of(*state);
        if count > 0 {
            writeln!(out, "| {} | {count} |", plain(state.word()))?;
        }
    }
    for (what, count) in [
        ("certificate expired", summary.expired()),
        ("certificate expiring", summary.expiring()),
        ("flaky", summary.flaky()),
        ("DNS trouble", summary.dns_trouble()),
    ] {
        writeln!(out, "| {what} | {count} |")?;
    }
    writeln!(out, "| **all** | **{}** |\n", summary.hosts)
}

fn hosts(sheet: &Sheet<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "## Hosts\n")?;
    if sheet.rows.is_empty() {
        return writeln!(out, "No host is shown.\n");
    }
    let fields = sheet.columns.unwrap_or(&USUAL);
    let mut line = |cells: Vec<String>| writeln!(out, "| {} |", cells.join(" | "));
    let headings = fields.iter().map(|field| plain(field.spec().heading));
    line(headings.collect())?;
    let rules = fields.iter().map(|field| match field.spec().kind {
        FieldKind::Number { .. } => "---:",
        _ => "---",
    });
    line(rules.map(ToOwned::to_owned).collect())?;
    for (host, _) in &sheet.rows {
        let history = LazyCell::new(|| host.history());
        let cells = fields.iter().map(|field| {
            let text = field.text_with(host, || &history);
            cell(*field, host, text)
        });
        line(cells.collect())?;
    }
    writeln!(out)
}

/// The state, with the stage that failed.
fn state(host: &Host) -> String {
    let diagnosis = &host.diagnosis;
    let stage = diagnosis
        .failed_stage
        .map_or_else(String::new, |stage| format!(" at {stage}"));
    plain(&format!("{}{stage}", diagnosis.state))
}

fn stability(host: &Host) -> String {
    let stability = &host.diagnosis.stability;
    plain(&format!(
        "{} ({} of {} got through)",
        stability.verdict,
        stability.attempts.saturating_sub(stability.failures),
        stability.attempts
    ))
}

/// Names, addresses and what else one copies as code, words and numbers as text.
fn cell(field: Field, host: &Host, text: String) -> String {
    if text.is_empty() {
        return "-".to_owned();
    }
    match (field, field.spec().kind) {
        (Field::State, _) => state(host),
        (Field::Stability, _) => stability(host),
        (Field::Finding, _) => {
            let (id, title) = text.split_once(' ').unwrap_or((&text, ""));
            format!("{} {}", code(id), plain(title))
        }
        // Digits and dates of our own, in which nothing has to be escaped.
        (_, FieldKind::Number { .. } | FieldKind::Date) => text,
        (_, FieldKind::Words(_) | FieldKind::Build) => plain(&text),
        (_, FieldKind::Address | FieldKind::Text | FieldKind::Hex | FieldKind::FindingId) => {
            code(&text)
        }
    }
}

fn address(row: &Row<'_>) -> String {
    match row.host.key() {
        HostKey::Endpoint(endpoint) => endpoint.to_string(),
        HostKey::Unresolved { port, .. } => format!("no address, port {port}"),
    }
}

/// The hosts of [`View::Dns`], with the addresses that their names resolve to.
fn dns_trouble(sheet: &Sheet<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut first = true;
    for row in sheet.rows() {
        if !View::Dns.matches(row.host) {
            continue;
        }
        if std::mem::take(&mut first) {
            writeln!(out, "## DNS trouble\n")?;
        }
        writeln!(
            out,
            "- {}, {}: {}",
            code(&address(&row)),
            plain(row.host.diagnosis.dns.word()),
            code(&words::where_names_lead(row.host))
        )?;
    }
    if first { Ok(()) } else { writeln!(out) }
}

/// Hosts with another name in the certificate than in NTLM, with the names side by side.
fn renamed(sheet: &Sheet<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut first = true;
    for row in sheet.rows() {
        if row.host.diagnosis.disagreement != Some(Disagreement::RenamedOrCloned) {
            continue;
        }
        if std::mem::take(&mut first) {
            writeln!(out, "## Names that disagree\n")?;
        }
        writeln!(
            out,
            "- {}, {}: {}",
            code(&address(&row)),
            Disagreement::RenamedOrCloned.words(),
            code(&words::names_side_by_side(&row.history))
        )?;
    }
    if first { Ok(()) } else { writeln!(out) }
}

/// Undetermined findings with what would determine them and the number of hosts, most hosts first.
fn undetermined(sheet: &Sheet<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut waiting: BTreeMap<String, u64> = BTreeMap::new();
    for row in sheet.rows() {
        for line in undetermined_lines(&row.undetermined()) {
            *waiting.entry(line).or_default() += 1;
        }
    }
    if waiting.is_empty() {
        return Ok(());
    }
    writeln!(out, "## Cannot be told yet\n")?;
    let mut waiting: Vec<(String, u64)> = waiting.into_iter().collect();
    waiting.sort_by_key(|(_, hosts)| std::cmp::Reverse(*hosts));
    for (line, hosts) in waiting {
        writeln!(out, "- {line}, {}", counted(hosts, "host", "hosts"))?;
    }
    writeln!(out)
}

#[cfg(test)]
mod tests {
    use pulldown_cmark::{Event, Options, Parser, Tag};

    use super::*;
    use crate::model::{CertificateStatus, Endpoint, Severity};
    use crate::report::{Format, fixture};

    fn text(hosts: &[Host]) -> String {
        fixture::written(Format::Markdown, hosts)
    }

    /// Rows of the table of hosts, as a renderer sees them.
    fn rows(text: &str) -> usize {
        let hosts = text.split("## Hosts").nth(1).unwrap();
        let hosts = hosts.split("\n## ").next().unwrap();
        Parser::new_ext(hosts, Options::ENABLE_TABLES)
            .filter(|event| matches!(event, Event::Start(Tag::TableRow)))
            .count()
    }

    #[test]
    fn the_whole_report() {
        insta::assert_snapshot!(text(&[fixture::expired_host(), fixture::unresolved_host()]));
    }

    #[test]
    fn no_name_becomes_markup_or_a_row() {
        for name in fixture::nasty_names() {
            let text = text(&[fixture::hostile_host(&name)]);
            assert_eq!(rows(&text), 1, "{name:?}");
            assert!(
                !text.chars().any(|c| c.is_control() && c != '\n'),
                "{name:?}"
            );
            for event in Parser::new_ext(&text, Options::ENABLE_TABLES) {
                assert!(
                    !matches!(
                        event,
                        Event::Html(_)
                            | Event::InlineHtml(_)
                            | Event::Start(Tag::Link { .. } | Tag::Image { .. })
                    ),
                    "{name:?}: {event:?}"
                );
            }
        }
    }

    /// The expired host at another address, with another remedy for the same finding.
    fn mended_otherwise() -> Host {
        let mut host = fixture::edit(&fixture::expired_host(), |history| {
            history.key = HostKey::Endpoint(Endpoint::new("10.0.0.6".parse().unwrap(), 3389));
        });
        for found in &mut host.diagnosis.findings {
            found.remedies = &["R4"];
        }
        host
    }

    #[test]
    fn every_host_is_told_its_own_remedy_and_each_has_a_section() {
        let text = text(&[fixture::expired_host(), mended_otherwise()]);
        for line in [
            "What to do is not the same everywhere, and stands behind each host: Renew the self-signed certificate (R1); ",
            "- `10.0.0.5:3389 srv05.corp.example`: `valid until 2026-01-01, 20 days ago` (R1)\n",
            "- `10.0.0.6:3389 srv05.corp.example`: `valid until 2026-01-01, 20 days ago` (R4)\n",
            "\n### R1: ",
            "\n### R4: ",
        ] {
            assert!(text.contains(line), "no {line:?} in {text}");
        }
    }

    #[test]
    fn hosts_that_are_not_named_are_counted_with_the_way_to_see_them() {
        let hosts = vec![fixture::expired_host(); kinds::MOST_NAMED + 2];
        let text = text(&hosts);
        let told = "\n- and 2 more: `--filter finding:RDP-CERT-EXPIRED` has all\n";
        assert!(text.contains(told), "{text}");
    }

    #[test]
    fn a_host_behind_a_gateway_is_listed_with_the_gateway() {
        let text = text(&[fixture::gateway_host()]);
        assert!(text.contains("### `RDP-GATEWAY` (info): 1 host"), "{text}");
        assert!(
            text.contains("always uses the gateway gw.corp.example`"),
            "{text}"
        );
    }

    #[test]
    fn the_same_finding_at_another_severity_is_counted() {
        let mut milder = mended_otherwise();
        milder.diagnosis.findings[0].severity = Severity::Info;
        let text = text(&[fixture::expired_host(), milder.clone(), milder]);
        assert!(text.contains("`RDP-CERT-EXPIRED` (high): 1 host"), "{text}");
        let all = "\nIn all, 3 hosts have this finding: 1 high, 2 info.\n";
        assert!(text.contains(all), "{text}");
    }

    #[test]
    fn many_remedies_are_told_in_short_and_those_of_one_host_whole() {
        let mut host = fixture::expired_host();
        host.diagnosis.findings[0].remedies = &["R1", "R2", "R4", "R9"];
        let whole = text(std::slice::from_ref(&host));
        assert!(whole.contains("   ```powershell\n"), "{whole}");
        let short = text(&[host, fixture::silent_host()]);
        assert!(!short.contains("```"), "{short}");
        for line in [
            "\n1. See what is there.\n",
            "\nCommands: `rdpscan explain R1`\n",
            "\nCommands: `rdpscan explain R9`\n",
        ] {
            assert!(short.contains(line), "no {line:?} in {short}");
        }
    }

    #[test]
    fn chosen_columns_say_what_the_usual_table_says() {
        let plan = fixture::plan();
        let mut host = fixture::expired_host();
        host.diagnosis.failed_stage = Some(crate::model::Stage::Tls);
        host.diagnosis.certificate_status = Some(CertificateStatus::NotYetValid);
        host.diagnosis.days_left = Some(188);
        let columns = [
            Field::State,
            Field::Name,
            Field::DaysLeft,
            Field::Nla,
            Field::FailedStage,
            Field::Predicted,
        ];
        let hosts = [host];
        let sheet = Sheet {
            columns: Some(&columns),
            ..fixture::sheet(&hosts, &plan)
        };
        let mut bytes = Vec::new();
        write(&sheet, &mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let row = "\n| degraded at tls | `srv05.corp.example` | 188 (not yet valid) | offered | tls | `0x904 40%` |\n";
        assert!(text.contains(row), "{text}");
    }

    #[test]
    fn a_name_in_trouble_is_told_with_where_it_leads() {
        let text = text(&[fixture::stale_host()]);
        let line = "\n## DNS trouble\n\n- `10.0.0.5:3389`, stale: `srv05.corp.example leads to 10.0.0.250 (no answer)`\n";
        assert!(text.contains(line), "{text}");
        assert!(!text.contains("Names that disagree"), "{text}");
    }

    #[test]
    fn a_code_span_ends_where_it_should() {
        assert_eq!(code("a`b|c"), "`a'b¦c`");
        assert_eq!(code("  "), "-");
    }
}
