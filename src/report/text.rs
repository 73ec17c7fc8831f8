//! A table and the findings under it, for people: a terminal, a log, a mail. No colour, no box drawing, one host per row.
//!
//! The words for states and verdicts are those of the JSON report, so that one can search for them.

mod findings;

use std::cell::LazyCell;
use std::io::{self, Write};

use comfy_table::{ColumnConstraint, ContentArrangement, Table};

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr};

use super::sheet::{Row, Sheet};
use super::words;
use crate::counts::counted;
use crate::model::{HostKey, HostState, ScanStatus};
use crate::sanitize::{single_line, terminal};
use crate::table::Field;

const HEADER: [&str; 9] = [
    "STATE",
    "ADDRESS",
    "NAME",
    "CERTIFICATE",
    "TLS",
    "NLA",
    "DNS",
    "STABILITY",
    "FIRST FINDING",
];

/// Terminal columns for a name in the table, so that a very long name does not hide the findings.
const WIDEST_NAME: usize = 48;
/// Terminal columns for a cell of a chosen column: findings include their titles.
const WIDEST_CHOSEN: usize = 80;
/// Characters of the longest DNS name (RFC 1035 2.3.4). In a file only longer texts are cut.
const LONGEST_NAME: usize = 253;

/// With a `width` in terminal columns the table wraps. `None`, for files and pipes, gives every row one uncut line.
pub(super) fn write(sheet: &Sheet<'_>, width: Option<u16>, out: &mut dyn Write) -> io::Result<()> {
    banners(sheet, out)?;
    if sheet.rows.is_empty() {
        writeln!(out, "no hosts to show")?;
    } else {
        writeln!(out, "{}", table(sheet, width).trim_fmt())?;
    }
    writeln!(out)?;
    summary(sheet, out)?;
    findings::write(sheet, out)
}

fn banners(sheet: &Sheet<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut banners = Vec::new();
    if sheet.plan.is_some_and(|plan| plan.simulated) {
        banners.push("these hosts are simulated on this machine".to_owned());
    }
    match sheet.end.map(|end| end.status) {
        Some(ScanStatus::Complete) => {}
        Some(ScanStatus::Interrupted) => {
            banners.push("the scan was interrupted: this is what was found until then".to_owned());
        }
        None => banners.push("the scan has no end: this is what is known so far".to_owned()),
    }
    banners.extend(sheet.notices.iter().map(ToString::to_string));
    banners.extend(sheet.banners.iter().map(|banner| banner.text.clone()));
    for banner in &banners {
        writeln!(out, "note: {}", single_line(banner))?;
    }
    if !banners.is_empty() {
        writeln!(out)?;
    }
    Ok(())
}

fn table(sheet: &Sheet<'_>, width: Option<u16>) -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    match width {
        Some(width) => {
            table.set_width(width);
            table.set_content_arrangement(ContentArrangement::Dynamic);
        }
        None => {
            table.set_content_arrangement(ContentArrangement::Disabled);
        }
    }
    let columns = sheet.columns.unwrap_or(&[Field::State, Field::Address]);
    let count = if let Some(columns) = sheet.columns {
        table.set_header(
            columns
                .iter()
                .map(|column| column.spec().heading.to_uppercase()),
        );
        for (host, _) in &sheet.rows {
            let history = LazyCell::new(|| host.history());
            table.add_row(columns.iter().map(|column| {
                let text = column.text_with(host, || &history);
                chosen_cell(*column, &text, width)
            }));
        }
        columns.len()
    } else {
        table.set_header(HEADER);
        for row in sheet.rows() {
            table.add_row(cells(&row, width));
        }
        HEADER.len()
    };
    let last = count.saturating_sub(1);
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, if index == last { 0 } else { 2 }));
        // A state or an address that wraps cannot be searched for or pasted.
        if matches!(columns.get(index), Some(Field::State | Field::Address)) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    table
}

fn chosen_cell(column: Field, text: &str, width: Option<u16>) -> String {
    if text.is_empty() {
        return dash();
    }
    let said = single_line(text);
    match (width, column) {
        (Some(_), _) => shorten(&said, WIDEST_CHOSEN),
        (None, Field::Name) => shorten(&said, LONGEST_NAME),
        (None, _) => said.into_owned(),
    }
}

fn cells(row: &Row<'_>, width: Option<u16>) -> [String; HEADER.len()] {
    let widest = width.map_or(LONGEST_NAME, |_| WIDEST_NAME);
    let diagnosis = &row.host.diagnosis;
    let tls = row.history.tls();
    let stability = &diagnosis.stability;
    [
        diagnosis.state.to_string(),
        address(row),
        row.name
            .map_or_else(dash, |name| shorten(&terminal(name), widest)),
        certificate(row),
        tls.and_then(|tls| tls.version)
            .map_or_else(dash, |version| version.to_string()),
        diagnosis.nla.to_string(),
        diagnosis.dns.to_string(),
        format!(
            "{} {}/{}",
            stability.verdict,
            stability.attempts.saturating_sub(stability.failures),
            stability.attempts
        ),
        diagnosis
            .findings
            .first()
            .map_or_else(dash, |found| terminal(found.id).into_owned()),
    ]
}

/// Cuts to `most` columns, with an ellipsis.
fn shorten(text: &str, most: usize) -> String {
    if text.width() <= most {
        return text.to_owned();
    }
    let mut width = 1;
    let mut short: String = text
        .chars()
        .take_while(|character| {
            width += character.width().unwrap_or(0);
            width <= most
        })
        .collect();
    short.push('…');
    short
}

fn dash() -> String {
    "-".to_owned()
}

fn address(row: &Row<'_>) -> String {
    match row.host.key() {
        HostKey::Endpoint(endpoint) => endpoint.to_string(),
        HostKey::Unresolved { port, .. } => format!("none, port {port}"),
    }
}

/// Status, end and days left.
fn certificate(row: &Row<'_>) -> String {
    let Some(leaf) = row.certificate() else {
        return dash();
    };
    let diagnosis = &row.host.diagnosis;
    let mut parts = Vec::new();
    parts.extend(
        diagnosis
            .certificate_status
            .map(|status| status.to_string()),
    );
    parts.extend(leaf.not_after.map(words::day));
    parts.extend(diagnosis.days_left.map(|days| format!("({days} d)")));
    parts.join(" ")
}

fn summary(sheet: &Sheet<'_>, out: &mut dyn Write) -> io::Result<()> {
    let summary = &sheet.summary;
    let states: Vec<String> = HostState::ALL
        .iter()
        .filter_map(|state| {
            let count = summary.by_state.of(*state);
            (count > 0).then(|| format!("{count} {state}"))
        })
        .collect();
    let hosts = counted(summary.hosts, "host", "hosts");
    if states.is_empty() {
        writeln!(out, "{hosts}")?;
    } else {
        writeln!(out, "{hosts}: {}", states.join(", "))?;
    }
    writeln!(
        out,
        "certificates: {} expired, {} expiring; {} flaky; {} with DNS trouble",
        summary.expired(),
        summary.expiring(),
        summary.flaky(),
        summary.dns_trouble()
    )?;
    if sheet.left_out > 0 {
        writeln!(
            out,
            "left out by filter: {}",
            counted(sheet.left_out as u64, "host", "hosts")
        )?;
    }
    if let Some(end) = sheet.end {
        let probed = counted(end.endpoints_probed, "address", "addresses");
        match words::without_a_row(sheet, &end) {
            Some(without) => writeln!(out, "{probed} probed; without a row: {without}")?,
            None => writeln!(out, "{probed} probed")?,
        }
        if end.not_reached > 0 {
            writeln!(
                out,
                "{} not reached: the scan ended first",
                counted(end.not_reached, "address", "addresses")
            )?;
        }
        if end.answered_on_retry > 0 {
            writeln!(
                out,
                "{} found on retry only: the first connects to them got no answer",
                counted(end.answered_on_retry, "host", "hosts")
            )?;
        }
    }
    if let (Some(plan), Some((started, newest))) = (sheet.plan, sheet.times) {
        writeln!(
            out,
            "rdpscan {}, from {}, {} to {} UTC, seed {}",
            single_line(&plan.version),
            single_line(sheet.vantage),
            words::spreadsheet_time(started),
            words::spreadsheet_time(newest),
            plan.seed
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::Host;
    use crate::model::{CertificateStatus, Notice, Severity};
    use crate::report::fixture;

    fn text(hosts: &[Host], width: Option<u16>) -> String {
        let plan = fixture::plan();
        let mut out = Vec::new();
        write(&fixture::sheet(hosts, &plan), width, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_whole_report() {
        let hosts = [
            fixture::expired_host(),
            fixture::silent_host(),
            fixture::unresolved_host(),
        ];
        let wanted = "\
STATE        ADDRESS             NAME                CERTIFICATE                 TLS  NLA      DNS          STABILITY    FIRST FINDING
degraded     10.0.0.5:3389       srv05.corp.example  expired 2026-01-01 (-20 d)  1.3  offered  match        flaky 2/3    RDP-CERT-EXPIRED
filtered     [2001:db8::5]:3390  -                   -                           -    unknown  not_checked  unknown 0/0  -
unreachable  none, port 3389     -                   -                           -    unknown  not_checked  unknown 0/0  -

3 hosts: 1 degraded, 1 unreachable, 1 filtered
certificates: 1 expired, 0 expiring; 1 flaky; 0 with DNS trouble
256 addresses probed; without a row: 250 filtered, 1 closed, 2 unreachable
rdpscan 0.1.0, from admin-pc, 2026-01-21 00:00:00 to 2026-01-21 00:01:00 UTC, seed 7

FINDINGS

10.0.0.5:3389 srv05.corp.example: degraded
  certificate: subject CN=other.example, self-signed, valid 2025-01-01 00:00:00 to 2026-01-01 00:00:00 UTC, RSA 2048, sha256WithRSAEncryption, thumbprint 0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a
  a user would see: 0x904 the connection was closed (40 %)
    because 1 of 3 attempts was closed in TLS
    confirm in client, RDPClient/Operational: 1024 (attempt), 226 (a state failed), 1026 with reason 2308
    confirm in server, System, TerminalServices-RemoteConnectionManager: 1052 (days to its end), 1057 or 1058 (not renewed)
    confirm in server, RdpCoreTS/Operational: 131 (accepted); without it the server never saw the attempt
  high RDP-CERT-EXPIRED: The certificate has expired (sure, remedy R1)
    fix: Renew the self-signed certificate (rdpscan explain R1)
    valid until 2026-01-01, 20 days ago
";
        assert_eq!(text(&hosts, None), wanted);
    }

    #[test]
    fn a_narrow_table_wraps_and_keeps_addresses_whole() {
        let text = text(&[fixture::expired_host()], Some(80));
        let table: Vec<&str> = text.lines().take_while(|line| !line.is_empty()).collect();
        assert!(
            table.iter().all(|line| line.chars().count() <= 80),
            "{table:#?}"
        );
        assert!(text.contains("10.0.0.5:3389"));
    }

    #[test]
    fn the_tiniest_width_does_no_harm() {
        for width in [0, 1, 9, 20] {
            assert!(text(&[fixture::expired_host()], Some(width)).contains("FINDINGS"));
        }
    }

    #[test]
    fn no_name_reaches_the_terminal_raw() {
        for name in fixture::nasty_names() {
            let text = text(&[fixture::hostile_host(&name)], Some(120));
            let unsafe_character = text.chars().find(|character| {
                (character.is_control() && *character != '\n')
                    || matches!(character, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
            });
            assert_eq!(unsafe_character, None, "{name:?}");
        }
    }

    #[test]
    fn no_name_adds_a_line() {
        let plain = text(&[fixture::hostile_host("plain")], None)
            .lines()
            .count();
        for name in fixture::nasty_names() {
            let lines = text(&[fixture::hostile_host(&name)], None).lines().count();
            assert!(lines <= plain, "{name:?}");
        }
    }

    #[test]
    fn an_absurd_name_does_not_widen_the_table() {
        for (width, most) in [(Some(500), 200), (None, 405)] {
            let text = text(&[fixture::hostile_host(&"東".repeat(500))], width);
            let widest = text.lines().take(2).map(UnicodeWidthStr::width).max();
            assert!(widest.is_some_and(|width| width < most), "{widest:?}");
        }
    }

    #[test]
    fn nothing_is_cut_where_the_output_is_no_terminal() {
        let plan = fixture::plan();
        let mut host = fixture::expired_host();
        host.diagnosis.findings[0].title = "long ".repeat(40).into();
        let name = format!("{}.corp.example", "a".repeat(60));
        let host = fixture::edit(&host, |history| {
            history.names[0].name = name.as_str().into();
            history.attempts[0].ntlm = None;
        });
        let hosts = [host];
        let written = |columns: Option<&[Field]>, width| {
            let sheet = Sheet {
                columns,
                ..fixture::sheet(&hosts, &plan)
            };
            let mut out = Vec::new();
            table(&sheet, width).lines().for_each(|line| out.push(line));
            out.join("\n")
        };
        for columns in [None, Some(&[Field::Name, Field::Finding][..])] {
            let table = written(columns, None);
            assert!(table.contains(&name) && !table.contains('…'), "{table}");
            assert!(written(columns, Some(400)).contains('…'));
        }
    }

    #[test]
    fn only_hosts_that_are_not_listed_are_counted_at_the_end() {
        let note = |host: &Host| {
            let mut host = host.clone();
            host.diagnosis.findings[0].severity = Severity::Info;
            host
        };
        let broken = note(&fixture::expired_host());
        let mut quiet = broken.clone();
        quiet.diagnosis.state = HostState::Healthy;
        quiet.diagnosis.certificate_status = Some(CertificateStatus::Valid);
        let last = |hosts: &[Host]| {
            let text = text(hosts, None);
            text.lines().next_back().unwrap_or_default().to_owned()
        };
        assert!(!last(std::slice::from_ref(&broken)).contains("severity info only"));
        let one =
            "1 host with findings of severity info only is not listed here; --format json has them";
        assert_eq!(last(&[broken, quiet.clone()]), one);
        let two = "2 hosts with findings of severity info only are not listed here; --format json has them";
        assert_eq!(last(&[quiet.clone(), quiet]), two);
    }

    #[test]
    fn a_name_in_trouble_is_told_with_where_it_leads() {
        let text = text(&[fixture::stale_host()], None);
        let wanted = "  DNS trouble, stale: srv05.corp.example leads to 10.0.0.250 (no answer)\n";
        assert!(text.contains(wanted), "{text}");
        assert!(!text.contains("names disagree"), "{text}");
    }

    #[test]
    fn a_host_behind_a_gateway_is_listed_with_the_gateway() {
        let text = text(&[fixture::gateway_host()], None);
        assert!(text.contains("10.0.0.5:3389: not_probed\n"), "{text}");
        assert!(
            text.contains("always uses the gateway gw.corp.example\n"),
            "{text}"
        );
        assert!(!text.contains("severity info only"), "{text}");
    }

    #[test]
    fn banners_come_first() {
        let mut plan = fixture::plan();
        plan.simulated = true;
        let notices = [Notice::NoIpv6Route];
        let mut sheet = fixture::sheet(&[], &plan);
        sheet.notices = notices.to_vec();
        let mut out = Vec::new();
        write(&sheet, None, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(
            text.starts_with(
                "note: these hosts are simulated on this machine\nnote: no IPv6 route"
            ),
            "{text}"
        );
        assert!(text.contains("no hosts to show"));
    }
}
