//! Lists for a spreadsheet: RFC 4180 in UTF-8 with a byte order mark, which Excel and Windows `PowerShell` 5.1 require. Every
//! text cell goes through [`sanitize::csv_cell`].

use std::net::IpAddr;

use csv::{Terminator, WriterBuilder};

use super::actions::{Actions, HostRow};
use super::machine::RefusedName;
use super::name::HostName;
use super::script::SCRIPT;
use crate::model::{Confidence, NameSource, Severity};
use crate::sanitize;

/// One line per host, remedy and finding, in the order of doing.
pub(super) fn actions(actions: &Actions<'_>) -> Vec<u8> {
    let header = [
        "address",
        "port",
        "name",
        "step",
        "remedy",
        "action",
        "how",
        "file",
        "inside",
        "inside_detail",
        "severity",
        "confidence",
        "finding",
        "title",
        "evidence",
        "name_source",
        "name_note",
    ];
    let rows = actions.all.iter().filter_map(|action| {
        let machine = actions.machines.get(action.machine)?;
        let key = &action.remedy.key;
        let confirmed = action.inside.is_some_and(|step| step.view.is_found());
        let finding = action.finding;
        Some([
            address(machine.address),
            machine.port.to_string(),
            name(machine.naming.name.as_ref()),
            action.step.to_string(),
            key.clone(),
            action.remedy.title.clone(),
            action.way.words().to_owned(),
            if action.way.by_script() {
                SCRIPT.to_owned()
            } else {
                format!("remedies/{key}.md")
            },
            action
                .inside
                .map_or("", |step| step.view.words())
                .to_owned(),
            action
                .inside
                .map_or_else(String::new, |step| step.detail.clone()),
            finding
                .map_or("", |finding| Severity::word(finding.severity))
                .to_owned(),
            match finding {
                _ if confirmed => Confidence::Sure.word().to_owned(),
                Some(finding) => finding.confidence.word().to_owned(),
                None => String::new(),
            },
            finding.map_or("", |finding| finding.id).to_owned(),
            finding.map_or_else(String::new, |finding| finding.title.to_string()),
            finding.map_or_else(String::new, |finding| finding.evidence.clone()),
            machine
                .naming
                .source
                .map_or("", NameSource::word)
                .to_owned(),
            machine.naming.note.to_owned(),
        ])
    });
    table(&header, rows)
}

/// What the script reads. A reason that begins with `no sign of Windows` keeps it away from a host that nobody names.
pub(super) fn hosts(rows: &[HostRow<'_>]) -> Vec<u8> {
    let header = [
        "Computer",
        "Address",
        "Port",
        "ExpectedName",
        "Remedies",
        "Why",
        "Farm",
    ];
    let rows = rows.iter().map(|row| {
        let keys: Vec<&str> = row.remedies.iter().map(|remedy| &*remedy.key).collect();
        let sign = if row.proven {
            ""
        } else {
            "no sign of Windows: "
        };
        [
            row.computer.to_string(),
            address(row.machine.address),
            row.machine.port.to_string(),
            name(row.machine.expected.as_ref()),
            keys.join(" "),
            format!("{sign}{}", row.findings.join(" ")),
            name(row.machine.farm.as_ref()),
        ]
    });
    table(&header, rows)
}

fn name(name: Option<&HostName>) -> String {
    name.map_or_else(String::new, HostName::to_string)
}

/// Names that were refused, and why.
pub(super) fn refused(refused: &[RefusedName]) -> Vec<u8> {
    let header = ["address", "port", "source", "name", "reason"];
    let rows = refused.iter().map(|entry| {
        [
            address(entry.address),
            entry.port.to_string(),
            entry.source.word().to_owned(),
            entry.name.clone(),
            entry.fault.to_string(),
        ]
    });
    table(&header, rows)
}

fn address(address: Option<IpAddr>) -> String {
    address
        .map(|address| address.to_string())
        .unwrap_or_default()
}

fn table<const N: usize>(
    header: &[&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> Vec<u8> {
    let mut writer = WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .from_writer(b"\xEF\xBB\xBF".to_vec());
    // Writing to memory cannot fail, and all rows have the same length.
    drop(writer.write_record(header));
    for row in rows {
        drop(writer.write_record(row.iter().map(|cell| sanitize::csv_cell(cell).into_owned())));
    }
    writer.into_inner().unwrap_or_default()
}
