//! Markdown for a ticket, a wiki or a chat: what was found, for whom, and what to do, with commands to paste.
//!
//! Only what `CommonMark` and the tables of GitHub's flavour have. Outside text is escaped whole or stands in a code span, so
//! that no link, image, mention or HTML comes of it.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::sheet::{Row, Sheet};
use super::{chosen, words};
use crate::counts::counted;
use crate::diagnosis::catalog;
use crate::diagnosis::remedies::{self, Remedy};
use crate::diagnosis::undecided_lines;
use crate::model::{Finding, HostState, ScanStatus, Severity, Subject};
use crate::sanitize;
use crate::table::ColumnId;

/// Hosts named under a finding; the rest are counted.
const MOST_NAMED: usize = 50;

/// Writes the report.
pub(super) fn write(sheet: &Sheet<'_>, out: &mut dyn Write) -> io::Result<()> {
    heading(sheet, out)?;
    summary(sheet, out)?;
    hosts(sheet, out)?;
    let found = findings(sheet);
    problems(&found, out)?;
    fixes(&found, out)?;
    names(sheet, out)?;
    undecided(sheet, out)
}

/// Outside text in a code span: nothing in there means anything but a backtick, and in a table a bar.
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
        let targets: Vec<String> = plan
            .targets
            .iter()
            .take(10)
            .map(|text| code(text))
            .collect();
        let more = plan.targets.len().saturating_sub(10);
        let more = if more > 0 {
            format!(" and {more} more")
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
    writeln!(out, "- Scan: {} ({status})", code(sheet.run_id))?;
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
        let count = summary.by_state.get(state).copied().unwrap_or(0);
        if count > 0 {
            writeln!(out, "| {} | {count} |", plain(state.word()))?;
        }
    }
    for (what, count) in [
        ("certificate expired", summary.expired),
        ("certificate expiring", summary.expiring),
        ("flaky", summary.flaky),
        ("DNS trouble", summary.dns_trouble),
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
    if let Some(columns) = sheet.columns {
        return chosen_columns(sheet, columns, out);
    }
    writeln!(
        out,
        "| state | address | name | certificate until | days | TLS | NLA | DNS | stability | first finding |\n\
         |---|---|---|---|---:|---|---|---|---|---|"
    )?;
    for row in sheet.rows() {
        let diagnosis = &row.host.diagnosis;
        let until = row.history.certificate().and_then(|leaf| leaf.not_after);
        let stage = diagnosis
            .failed_stage
            .map_or_else(String::new, |stage| format!(" at {stage}"));
        let stability = &diagnosis.stability;
        writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            plain(&format!("{}{stage}", diagnosis.state)),
            code(&subject(&row)),
            row.name.map_or_else(|| "-".to_owned(), code),
            until.map_or_else(|| "-".to_owned(), words::day),
            diagnosis
                .days_left
                .map_or_else(|| "-".to_owned(), |days| days.to_string()),
            row.host
                .tls()
                .and_then(|(_, version)| version)
                .map_or_else(|| "-".to_owned(), |version| version.to_string()),
            plain(diagnosis.nla.word()),
            plain(diagnosis.dns.word()),
            plain(&format!(
                "{} ({} of {} got through)",
                stability.verdict,
                stability.attempts.saturating_sub(stability.failures),
                stability.attempts
            )),
            diagnosis
                .findings
                .first()
                .map_or_else(|| "-".to_owned(), |found| code(found.id)),
        )?;
    }
    writeln!(out)
}

fn chosen_columns(sheet: &Sheet<'_>, columns: &[ColumnId], out: &mut dyn Write) -> io::Result<()> {
    let mut line = |cells: Vec<String>| writeln!(out, "| {} |", cells.join(" | "));
    line(columns.iter().map(|column| plain(column.word())).collect())?;
    line(columns.iter().map(|_| "---".to_owned()).collect())?;
    for (host, _) in &sheet.rows {
        let said = columns.iter().map(|column| chosen::words(*column, host));
        line(said.map(|text| code(&text)).collect())?;
    }
    writeln!(out)
}

fn subject(row: &Row<'_>) -> String {
    match row.host.subject() {
        Subject::Endpoint(endpoint) => endpoint.to_string(),
        Subject::Unresolved { port, .. } => format!("no address, port {port}"),
    }
}

/// One kind of finding over all hosts.
struct Kind {
    severity: Severity,
    entry: Option<&'static catalog::Entry>,
    hosts: Vec<Affected>,
}

/// A host that has it.
struct Affected {
    who: String,
    evidence: String,
    /// What mends it there, in the order to try: the same finding can want another remedy on another host.
    remedies: Vec<&'static Remedy>,
}

impl Kind {
    /// "12 hosts have an expired certificate".
    fn phrase(&self) -> String {
        let mut hosts: Vec<&str> = self.hosts.iter().map(|host| host.who.as_str()).collect();
        hosts.dedup();
        self.entry.map_or_else(
            || counted(hosts.len() as u64, "host", "hosts"),
            |entry| entry.phrase(hosts.len()),
        )
    }

    /// Every remedy of any host, once, in order of number.
    fn remedies(&self) -> Vec<&'static Remedy> {
        let all = self.hosts.iter().flat_map(|host| host.remedies.iter());
        let numbered: BTreeMap<u8, &Remedy> =
            all.map(|remedy| (remedy.number(), *remedy)).collect();
        numbered.into_values().collect()
    }

    /// The remedies of all hosts, where they are the same.
    fn common(&self) -> Option<&[&'static Remedy]> {
        let (first, others) = self.hosts.split_first()?;
        let same = others.iter().all(|host| host.remedies == first.remedies);
        same.then_some(first.remedies.as_slice())
    }
}

type Kinds = BTreeMap<(std::cmp::Reverse<Severity>, &'static str), Kind>;

/// Findings by kind, the worst first; notes of severity info are the table's business, but for why a host was not probed.
fn findings(sheet: &Sheet<'_>) -> Kinds {
    let mut kinds = Kinds::new();
    for row in sheet.rows() {
        let name = row.name.map_or_else(String::new, |name| format!(" {name}"));
        let who = format!("{}{name}", subject(&row));
        for found in &row.host.diagnosis.findings {
            if found.severity > Severity::Info || words::says_why_not_probed(found) {
                add(&mut kinds, found, &who);
            }
        }
    }
    kinds
}

fn add(kinds: &mut Kinds, found: &Finding, who: &str) {
    let kind = kinds
        .entry((std::cmp::Reverse(found.severity), found.id))
        .or_insert_with(|| Kind {
            severity: found.severity,
            entry: catalog::entry(found.id),
            hosts: Vec::new(),
        });
    kind.hosts.push(Affected {
        who: who.to_owned(),
        evidence: found.evidence.clone(),
        remedies: found
            .remedies
            .iter()
            .filter_map(|key| remedies::find(key))
            .collect(),
    });
}

fn problems(kinds: &Kinds, out: &mut dyn Write) -> io::Result<()> {
    if kinds.is_empty() {
        return Ok(());
    }
    writeln!(out, "## Findings\n")?;
    for ((_, id), kind) in kinds {
        writeln!(
            out,
            "### {} ({}): {}\n",
            code(id),
            kind.severity,
            plain(&kind.phrase())
        )?;
        what_to_do(kind, out)?;
        writeln!(out)?;
        let common = kind.common().is_some();
        for host in kind.hosts.iter().take(MOST_NAMED) {
            let evidence = if host.evidence.is_empty() {
                String::new()
            } else {
                format!(": {}", code(&host.evidence))
            };
            let keys: Vec<&str> = host.remedies.iter().map(|remedy| &*remedy.key).collect();
            let own = if common || keys.is_empty() {
                String::new()
            } else {
                format!(" ({})", keys.join(", then "))
            };
            writeln!(out, "- {}{evidence}{own}", code(&host.who))?;
        }
        let more = kind.hosts.len().saturating_sub(MOST_NAMED);
        if more > 0 {
            writeln!(out, "- and {more} more: `--filter finding:{id}` has all")?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn what_to_do(kind: &Kind, out: &mut dyn Write) -> io::Result<()> {
    match kind.common() {
        Some([first, others @ ..]) => {
            write!(out, "What to do: {} (see {} below)", first.title, first.key)?;
            for other in others {
                write!(out, ", then {} ({})", other.title, other.key)?;
            }
            writeln!(out, ".")
        }
        Some([]) => Ok(()),
        None => {
            let remedies = kind.remedies();
            let all: Vec<String> = remedies
                .iter()
                .map(|remedy| format!("{} ({})", remedy.title, remedy.key))
                .collect();
            writeln!(
                out,
                "What to do is not the same everywhere, and stands behind each host: {}; see below.",
                all.join("; ")
            )
        }
    }
}

/// Hosts whose names disagree, with the names side by side.
fn names(sheet: &Sheet<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut first = true;
    for row in sheet.rows() {
        let Some(disagreement) = row.host.diagnosis.disagreement else {
            continue;
        };
        if std::mem::take(&mut first) {
            writeln!(out, "## Names that disagree\n")?;
        }
        writeln!(
            out,
            "- {}, {}: {}",
            code(&subject(&row)),
            disagreement.words(),
            code(&words::names_side_by_side(&row.history))
        )?;
    }
    if first { Ok(()) } else { writeln!(out) }
}

/// What cannot be told yet and what would tell, with how many hosts wait for it; those of most hosts first.
fn undecided(sheet: &Sheet<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut waiting: BTreeMap<String, u64> = BTreeMap::new();
    for row in sheet.rows() {
        for line in undecided_lines(&row.undecided()) {
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
        // Our own text, as it stands.
        writeln!(out, "- {line}, {}", counted(hosts, "host", "hosts"))?;
    }
    writeln!(out)
}

/// Each remedy once, with its commands. These are our own text, and stand as they are.
fn fixes(kinds: &Kinds, out: &mut dyn Write) -> io::Result<()> {
    let wanted: BTreeMap<u8, &Remedy> = kinds
        .values()
        .flat_map(Kind::remedies)
        .map(|remedy| (remedy.number(), remedy))
        .collect();
    if wanted.is_empty() {
        return Ok(());
    }
    writeln!(out, "## What to do\n")?;
    for remedy in wanted.values() {
        writeln!(
            out,
            "### {}: {}\n\n{}\n",
            remedy.key, remedy.title, remedy.purpose
        )?;
        writeln!(out, "What stops meanwhile: {}\n", remedy.interrupts)?;
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
            "Going back, checks and warnings: `rdpscan explain {}`\n",
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
    use crate::model::Endpoint;
    use crate::report::fixture;

    fn text(hosts: &[Host]) -> String {
        let plan = fixture::plan();
        let mut bytes = Vec::new();
        write(&fixture::sheet(hosts, &plan), &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
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
            history.subject = Subject::Endpoint(Endpoint::new("10.0.0.6".parse().unwrap(), 3389));
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
        let hosts = vec![fixture::expired_host(); MOST_NAMED + 2];
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
    fn a_code_span_ends_where_it_should() {
        assert_eq!(code("a`b|c"), "`a'b¦c`");
        assert_eq!(code("  "), "-");
    }
}
