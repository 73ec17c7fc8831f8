//! Lists for a spreadsheet: RFC 4180 in UTF-8 with a byte order mark, which Excel and Windows `PowerShell` 5.1 require. Every
//! text cell goes through [`sanitize::csv_cell`].

use std::net::IpAddr;

use csv::{Terminator, WriterBuilder};

use super::machine::{Machine, RefusedName};
use super::name::HostName;
use super::{Execution, RemedyAction};
use crate::model::NameSource;
use crate::sanitize;

/// One line per host, finding and remedy.
pub(super) fn actions(machines: &[Machine], actions: &[RemedyAction<'_>]) -> Vec<u8> {
    let header = [
        "severity",
        "confidence",
        "address",
        "port",
        "name",
        "finding",
        "title",
        "evidence",
        "remedy",
        "action",
        "how",
        "file",
        "name_source",
        "name_note",
    ];
    let rows = actions.iter().filter_map(|action| {
        let machine = machines.get(action.machine)?;
        let key = &action.remedy.key;
        Some([
            action.finding.severity.word().to_owned(),
            action.finding.confidence.word().to_owned(),
            address(machine.address),
            machine.port.to_string(),
            machine
                .naming
                .name
                .as_ref()
                .map_or("", HostName::as_str)
                .to_owned(),
            action.finding.id.to_owned(),
            action.finding.title.to_string(),
            action.finding.evidence.clone(),
            key.clone(),
            action.remedy.title.clone(),
            action.way.words().to_owned(),
            match action.way {
                Execution::Script | Execution::Unproven => format!("scripts/{key}.ps1"),
                _ => format!("remedies/{key}.md"),
            },
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
