//! Markdown for a ticket, a wiki or a chat: the summary, what to do, the hosts and the findings, in so few lines that a ticket
//! takes them.
//!
//! A ticket about one host or a few remedies has every step with its commands. Many remedies would bury the findings: each is
//! named with its key, by which `rdpscan explain` prints it.
//!
//! The syntax is that of `CommonMark` and GitHub's tables. Outside text is escaped or in a code span, so that it makes no link,
//! image, mention or HTML.

use std::cell::LazyCell;
use std::collections::BTreeMap;
use std::io::{self, Write};

use super::changes::{Changes, Row};
use super::document::Document;
use super::sheet::Sheet;
use super::trend;
use crate::counts::counted;
use crate::diagnosis::Policy;
use crate::diagnosis::remedies::Remedy;
use crate::sanitize;
use crate::table::{Field, FieldKind};

/// Rows of the table of hosts without `--details`; more are counted.
const MOST_ROWS: usize = 100;
/// With more remedies than this, none has its steps.
const MOST_WHOLE: usize = 3;

/// Writes the report.
pub(super) fn write(sheet: &Sheet<'_>, policy: &Policy, out: &mut dyn Write) -> io::Result<()> {
    let document = Document::new(sheet, policy);
    writeln!(
        out,
        "# {}\n\n**{}**\n",
        plain(document.title),
        plain(&document.headline)
    )?;
    writeln!(out, "- {}", document.states)?;
    writeln!(out, "- {}", document.troubles)?;
    if let Some(line) = trend::line(&document.trend) {
        writeln!(out, "- {line}")?;
    }
    for (_, note) in &document.notes {
        writeln!(out, "- note: {}", plain(note))?;
    }
    for (label, value) in document.facts_in_words() {
        writeln!(out, "- {label}: {}", code(&value))?;
    }
    if !document.actions.is_empty() {
        writeln!(out, "\n## What to do first\n")?;
        for (number, action) in (1..).zip(&document.actions) {
            let (title, hosts) = (action.title, &action.hosts);
            writeln!(out, "{number}. {title} ({}): {hosts}", action.key)?;
        }
    }
    if let Some(changes) = &document.changes {
        writeln!(out)?;
        write_changes(changes, "##", out)?;
    }
    hosts(sheet, &document, out)?;
    findings(&document, out)?;
    steps(sheet, &document, out)?;
    if document.has_details() && !sheet.rows.is_empty() {
        writeln!(out, "\n## Details")?;
    }
    document.details(|heading, lines| {
        writeln!(out, "\n### {}\n", plain(heading))?;
        for line in lines {
            let texts: Vec<String> = line.texts.iter().map(|text| code(text)).collect();
            writeln!(
                out,
                "- **{}**: {}",
                plain(&line.label),
                texts.join("  \n  ")
            )?;
        }
        Ok(())
    })
}

/// What has changed between two scans, under a heading of this level.
pub(super) fn write_changes(changes: &Changes, level: &str, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "{level} {}\n\n**{}**\n",
        changes.heading, changes.headline
    )?;
    if !changes.counts.is_empty() {
        writeln!(out, "- {}", changes.counts)?;
    }
    for (label, text) in &changes.facts {
        writeln!(out, "- {label}: {}", code(text))?;
    }
    if !changes.rows.is_empty() {
        writeln!(out)?;
        row(out, &Row::HEADINGS.map(str::to_owned))?;
        row(out, &Row::HEADINGS.map(|_| "---".to_owned()))?;
    }
    for one in changes.rows.iter().take(MOST_ROWS) {
        let [class, texts @ ..] = one.cells();
        let texts = texts.map(code);
        row(out, &[&[class.to_owned()], texts.as_slice()].concat())?;
    }
    match changes.rows.len().saturating_sub(MOST_ROWS) {
        0 => Ok(()),
        more => {
            let more = counted(more as u64, "more change is", "more changes are");
            writeln!(out, "\n{more} not listed: JSON and HTML have every one.")
        }
    }
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

fn row(out: &mut dyn Write, cells: &[String]) -> io::Result<()> {
    writeln!(out, "| {} |", cells.join(" | "))
}

fn hosts(sheet: &Sheet<'_>, document: &Document<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\n## Hosts\n")?;
    let fields = document.columns();
    if sheet.rows.is_empty() {
        return writeln!(out, "No hosts to show.");
    }
    let headings = fields.iter().map(|field| plain(field.spec().heading));
    row(out, &headings.collect::<Vec<_>>())?;
    let rules = fields.iter().map(|field| match field.spec().kind {
        FieldKind::Number { .. } => "---:".to_owned(),
        _ => "---".to_owned(),
    });
    row(out, &rules.collect::<Vec<_>>())?;
    let most = if sheet.presentation.details {
        sheet.rows.len()
    } else {
        MOST_ROWS
    };
    for (host, _) in sheet.rows.iter().take(most) {
        let history = LazyCell::new(|| host.history());
        let cells = fields.iter().map(|field| {
            let text = field.text_with(host, || &history);
            cell(*field, text)
        });
        row(out, &cells.collect::<Vec<_>>())?;
    }
    match sheet.rows.len().saturating_sub(most) {
        0 => Ok(()),
        more => writeln!(
            out,
            "\n{} not listed: `--details` lists every host.",
            counted(more as u64, "more host is", "more hosts are")
        ),
    }
}

/// Names, addresses and what else one copies as code, words and numbers as text.
fn cell(field: Field, text: String) -> String {
    if text.is_empty() {
        return "-".to_owned();
    }
    match (field, field.spec().kind) {
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

/// A row for each kind of finding that matters.
fn findings(document: &Document<'_>, out: &mut dyn Write) -> io::Result<()> {
    let (important, others) = document.important_findings();
    let mut important = important.peekable();
    if important.peek().is_some() {
        writeln!(
            out,
            "\n## Findings\n\n| severity | finding | hosts | who | what to do |\n|---|---|---:|---|---|"
        )?;
    }
    for found in important {
        let split = found.split.as_ref().map(|split| format!(" ({split})"));
        let remedies = found.remedies.iter();
        let remedies = remedies.map(|one| format!("{} ({})", plain(&one.title), one.key));
        let cells = [
            found.severity.to_string(),
            format!("{} {}", code(found.id), plain(found.meaning)),
            format!("{}{}", found.hosts, split.unwrap_or_default()),
            code(&found.who),
            remedies.collect::<Vec<_>>().join("; "),
        ];
        row(out, &cells)?;
    }
    match others {
        0 => Ok(()),
        others => writeln!(
            out,
            "\n{} of severity info not listed: `--format json` has them.",
            counted(others, "kind of finding", "kinds of findings")
        ),
    }
}

/// The texts are our own and need no escaping.
fn steps(sheet: &Sheet<'_>, document: &Document<'_>, out: &mut dyn Write) -> io::Result<()> {
    let (important, _) = document.important_findings();
    let remedies = important.flat_map(|found| &found.remedies);
    let remedies: BTreeMap<u8, &Remedy> = remedies.map(|one| (one.number(), *one)).collect();
    if remedies.is_empty() {
        return Ok(());
    }
    if sheet.rows.len() > 1 && remedies.len() > MOST_WHOLE {
        return writeln!(
            out,
            "\n`rdpscan explain R1` has every step of a remedy with its commands, checks and undo; `rdpscan fix` with this scan's file \
             writes the scripts."
        );
    }
    writeln!(out, "\n## Remedies")?;
    for remedy in remedies.values() {
        writeln!(
            out,
            "\n### {}: {}\n\n{}\n\nInterrupts: {}\n",
            remedy.key, remedy.title, remedy.purpose, remedy.interrupts
        )?;
        for (number, step) in (1..).zip(&remedy.steps) {
            writeln!(out, "{number}. {}\n", step.text)?;
            for command in &step.commands {
                writeln!(out, "   ```{}", command.shell.word())?;
                for line in command.text.trim_end().lines() {
                    writeln!(out, "   {line}")?;
                }
                writeln!(out, "   ```\n")?;
            }
        }
        writeln!(
            out,
            "Undo, checks and warnings: `rdpscan explain {}`",
            remedy.key
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use pulldown_cmark::{Event, Options, Parser, Tag};

    use super::*;
    use crate::fleet::Host;
    use crate::model::{CertificateStatus, Endpoint, HostKey, Severity};
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
    fn fixed_otherwise(address: &str) -> Host {
        let mut host = fixture::edit(&fixture::expired_host(), |history| {
            history.key = HostKey::Endpoint(Endpoint::new(address.parse().unwrap(), 3389));
            history.names[0].name = format!("srv-{address}").as_str().into();
            history.attempts[0].ntlm = None;
        });
        for found in &mut host.diagnosis.findings {
            found.remedies = &["R4"];
        }
        host
    }

    #[test]
    fn every_remedy_of_a_finding_is_named_and_has_a_section() {
        let text = text(&[fixture::expired_host(), fixed_otherwise("10.0.0.6")]);
        for line in [" (R1); ", " (R4) |\n", "\n### R1: ", "\n### R4: "] {
            assert!(text.contains(line), "no {line:?} in {text}");
        }
    }

    #[test]
    fn hosts_that_are_not_named_are_counted() {
        let hosts: Vec<Host> = (1..=7)
            .map(|number| fixed_otherwise(&format!("10.0.0.{number}")))
            .collect();
        let text = text(&hosts);
        let named = "| 7 | `srv-10.0.0.1, srv-10.0.0.2, srv-10.0.0.3, srv-10.0.0.4, srv-10.0.0.5, … and 2 more` |";
        assert!(text.contains(named), "{text}");
    }

    #[test]
    fn a_ticket_takes_a_fleet_of_any_size() {
        let plan = fixture::plan();
        let hosts = vec![fixture::expired_host(); 1000];
        let mut sheet = fixture::sheet(&hosts, &plan);
        let written = |sheet: &Sheet<'_>| {
            let mut out = Vec::new();
            write(sheet, &Policy::default(), &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        let short = written(&sheet);
        assert!(short.len() < 60_000, "{}", short.len());
        assert!(short.contains("\n900 more hosts are not listed"), "{short}");
        sheet.presentation.details = true;
        assert_eq!(rows(&written(&sheet)), 1000);
    }

    #[test]
    fn a_host_behind_a_gateway_is_listed_with_the_gateway() {
        let text = text(&[fixture::gateway_host()]);
        assert!(text.contains("\n| info | `RDP-GATEWAY` "), "{text}");
        assert!(
            text.contains("always uses the gateway gw.corp.example`"),
            "{text}"
        );
    }

    #[test]
    fn the_same_finding_at_another_severity_is_counted() {
        let mut milder = fixed_otherwise("10.0.0.6");
        milder.diagnosis.findings[0].severity = Severity::Info;
        let text = text(&[fixture::expired_host(), milder.clone(), milder]);
        assert!(text.contains("\n| high | `RDP-CERT-EXPIRED` "), "{text}");
        assert!(text.contains(" | 3 (1 high, 2 info) | "), "{text}");
    }

    #[test]
    fn many_remedies_are_named_and_those_of_one_host_have_their_steps() {
        let mut host = fixture::expired_host();
        host.diagnosis.findings[0].remedies = &["R1", "R2", "R4", "R9"];
        let whole = text(std::slice::from_ref(&host));
        assert!(whole.contains("   ```powershell\n"), "{whole}");
        let short = text(&[host, fixture::silent_host()]);
        assert!(!short.contains("```"), "{short}");
        assert!(
            short.contains("\n`rdpscan explain R1` has every step"),
            "{short}"
        );
    }

    #[test]
    fn chosen_columns_have_the_values_of_their_fields() {
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
        write(&sheet, &Policy::default(), &mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let row = "\n| degraded | `srv05.corp.example` | 188 (not yet valid) | offered | tls | `0x904 40%` |\n";
        assert!(text.contains(row), "{text}");
    }

    #[test]
    fn a_name_in_trouble_is_told_with_where_it_leads() {
        let text = text(&[fixture::stale_host()]);
        let wanted = "DNS trouble srv05.corp.example resolves to 10.0.0.250 (no answer)";
        assert!(text.contains(wanted), "{text}");
    }

    #[test]
    fn a_code_span_ends_where_it_should() {
        assert_eq!(code("a`b|c"), "`a'b¦c`");
        assert_eq!(code("  "), "-");
    }
}
