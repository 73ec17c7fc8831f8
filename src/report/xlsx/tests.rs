use std::collections::BTreeSet;
use std::io::{Cursor, Read as _};

use super::*;
use crate::fleet::Host;
use crate::report::fixture;
use crate::table::Field;

/// The parts of the workbook, by name.
fn parts(hosts: &[Host]) -> BTreeMap<String, String> {
    let plan = fixture::plan();
    unpacked(&fixture::sheet(hosts, &plan))
}

fn unpacked(sheet: &Sheet<'_>) -> BTreeMap<String, String> {
    let mut bytes = Vec::new();
    write(sheet, &Policy::default(), &mut bytes).unwrap();
    opened(bytes)
}

fn opened(bytes: Vec<u8>) -> BTreeMap<String, String> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    (0..archive.len())
        .map(|index| {
            let mut part = archive.by_index(index).unwrap();
            let mut text = String::new();
            part.read_to_string(&mut text).unwrap();
            (part.name().unwrap().into_owned(), text)
        })
        .collect()
}

fn sheets(hosts: &[Host]) -> Vec<String> {
    parts(hosts)
        .into_iter()
        .filter(|(name, _)| name.starts_with("xl/worksheets/sheet"))
        .map(|(_, text)| text)
        .collect()
}

#[test]
fn every_subject_has_a_sheet_with_a_frozen_heading_and_a_filter() {
    let sheets = sheets(&[fixture::expired_host()]);
    assert_eq!(sheets.len(), 6);
    for sheet in sheets.iter().skip(1) {
        assert!(sheet.contains("state=\"frozen\""));
        assert!(sheet.contains("<autoFilter "));
    }
}

#[test]
fn a_name_of_many_addresses_and_a_long_name_find_room_in_their_cells() {
    let parts = parts(&[fixture::oversized_host()]);
    for text in ["10.1.0.0, 10.1.0.1, ", &*"x".repeat(30_000)] {
        assert!(parts.values().any(|part| part.contains(text)));
    }
}

#[test]
fn dates_and_numbers_are_no_text() {
    let hosts = &sheets(&[fixture::expired_host()])[1];
    let document = roxmltree::Document::parse(hosts).unwrap();
    let typed = |reference: &str| {
        let mut cells = document.descendants();
        let cell = cells.find(|node| node.attribute("r") == Some(reference));
        let cell = cell.unwrap();
        (cell.attribute("t").is_none(), cell.attribute("s").is_some())
    };
    // Port, the two dates of the certificate with their format, days left.
    assert_eq!(typed("H2"), (true, false));
    assert_eq!(typed("Z2"), (true, true));
    assert_eq!(typed("AA2"), (true, true));
    assert_eq!(typed("E2"), (true, false));
}

#[test]
fn no_name_becomes_a_formula_a_link_or_broken_xml() {
    let hosts: Vec<Host> = fixture::nasty_names()
        .iter()
        .map(|name| fixture::hostile_host(name))
        .collect();
    for (name, text) in parts(&hosts) {
        let document =
            roxmltree::Document::parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let elements: Vec<_> = document
            .descendants()
            .map(|node| node.tag_name().name())
            .collect();
        assert!(!elements.contains(&"f"), "{name} has a formula");
        assert!(!elements.contains(&"hyperlink"), "{name} has a link");
        assert!(
            !text
                .chars()
                .any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')),
            "{name} has a control character"
        );
    }
}

/// Ranges with rules, each with the formula of a rule.
fn rules(part: &str) -> Vec<(String, String)> {
    let document = roxmltree::Document::parse(part).unwrap();
    let nodes = document.descendants();
    nodes
        .filter(|node| node.has_tag_name("cfRule"))
        .map(|node| {
            let range = node.parent().unwrap().attribute("sqref").unwrap();
            let formula = node.descendants().filter(roxmltree::Node::is_text);
            (
                range.to_owned(),
                formula.filter_map(|node| node.text()).collect(),
            )
        })
        .collect()
}

#[test]
fn colours_are_rules_of_columns_with_our_own_words() {
    let hosts = [fixture::expired_host(), fixture::silent_host()];
    let found = rules(&sheets(&hosts)[1]);
    // 2026-01-21 00:01:00, as of which the hosts are judged.
    let judged = 46_043.0 + 1.0 / 1440.0;
    for (range, formula) in [
        ("A2:A3", "\"broken\""),
        ("F2:F3", "\"expired\""),
        ("E2:E3", "AND(ISNUMBER(E2),E2<0)"),
        ("E2:E3", "AND(ISNUMBER(E2),$F2=\"expiring\")"),
        ("AA2:AA3", &format!("AND(ISNUMBER(AA2),AA2<{judged})")),
        ("M2:M3", "\"flaky\""),
        ("C2:C3", "\"critical\""),
        ("L2:L3", "\"stale\""),
        ("K2:K3", "\"not_offered\""),
    ] {
        let wanted = (range.to_owned(), formula.to_owned());
        assert!(found.contains(&wanted), "{wanted:?}: {found:#?}");
    }
    let ranges: BTreeSet<&str> = found.iter().map(|(range, _)| range.as_str()).collect();
    assert_eq!(ranges.len(), 8, "{ranges:?}");
}

#[test]
fn chosen_columns_have_the_rules_of_their_kind_in_their_places() {
    let plan = fixture::plan();
    let hosts = [fixture::expired_host()];
    let sheet = Sheet {
        columns: Some(&[Field::Name, Field::DaysLeft, Field::State]),
        ..fixture::sheet(&hosts, &plan)
    };
    let found = rules(&unpacked(&sheet)["xl/worksheets/sheet2.xml"]);
    let ranges: BTreeSet<&str> = found.iter().map(|(range, _)| range.as_str()).collect();
    assert_eq!(ranges, BTreeSet::from(["B2", "C2"]));
}

#[test]
fn a_host_called_like_a_state_is_not_painted() {
    let hosts = &sheets(&[fixture::hostile_host("broken")])[1];
    let document = roxmltree::Document::parse(hosts).unwrap();
    let mut cells = document.descendants();
    let name = cells.find(|node| node.attribute("r") == Some("B2"));
    assert_eq!(name.unwrap().attribute("s"), None);
}

#[test]
fn what_looks_like_a_formula_stays_a_text_when_it_is_edited() {
    let parts = parts(&[
        fixture::hostile_host("=1+1"),
        fixture::hostile_host("plain"),
    ]);
    let styles = roxmltree::Document::parse(&parts["xl/styles.xml"]).unwrap();
    let mut nodes = styles.descendants();
    let formats = nodes.find(|node| node.has_tag_name("cellXfs")).unwrap();
    let quoted: Vec<bool> = formats
        .children()
        .filter(roxmltree::Node::is_element)
        .map(|format| format.attribute("quotePrefix") == Some("1"))
        .collect();
    let hosts = roxmltree::Document::parse(&parts["xl/worksheets/sheet2.xml"]).unwrap();
    let is_quoted = |reference: &str| {
        let mut cells = hosts.descendants();
        let cell = cells.find(|node| node.attribute("r") == Some(reference));
        let style = cell.unwrap().attribute("s");
        style.is_some_and(|style| quoted[style.parse::<usize>().unwrap()])
    };
    assert!(is_quoted("B2"));
    assert!(!is_quoted("B3"));
}

/// The texts of the workbook.
fn texts(parts: &BTreeMap<String, String>) -> Vec<String> {
    let document = roxmltree::Document::parse(&parts["xl/sharedStrings.xml"]).unwrap();
    let texts = document.descendants().filter(roxmltree::Node::is_text);
    texts
        .filter_map(|node| node.text().map(ToOwned::to_owned))
        .collect()
}

#[test]
fn targets_beyond_the_first_are_counted() {
    let mut plan = fixture::plan();
    plan.targets = (0..68).map(|index| format!("10.0.0.{index}")).collect();
    let texts = texts(&unpacked(&fixture::sheet(&[], &plan)));
    let told = texts.iter().find(|text| text.starts_with("10.0.0.0, "));
    assert!(
        told.unwrap().ends_with(", 10.0.0.9 and 58 more"),
        "{told:?}"
    );
}

/// Rows of a sheet, its heading among them, and everything that is written on it.
fn rows_of(part: &str) -> (usize, String) {
    let document = roxmltree::Document::parse(part).unwrap();
    let rows = document
        .descendants()
        .filter(|node| node.has_tag_name("row"));
    let texts = document.descendants().filter(roxmltree::Node::is_text);
    (
        rows.count(),
        texts
            .filter_map(|node| node.text())
            .collect::<Vec<_>>()
            .join(" | "),
    )
}

#[test]
fn rows_that_do_not_fit_are_counted_in_the_last_row_and_in_the_summary() {
    let plan = fixture::plan();
    let hosts = vec![fixture::expired_host(); 5];
    for (room, lost) in [(3, Some(3)), (4, Some(2)), (5, None), (6, None)] {
        let bytes = workbook(&fixture::sheet(&hosts, &plan), &Policy::default(), room).unwrap();
        let parts = opened(bytes);
        let (rows, told) = rows_of(&parts["xl/worksheets/sheet2.xml"]);
        assert_eq!(rows, 1 + 5.min(room as usize), "room for {room}");
        let note =
            lost.map(|lost| format!("and {lost} more rows that did not fit into this sheet"));
        let everything = format!("{told} | {}", texts(&parts).join(" | "));
        match note {
            Some(note) => assert!(everything.contains(&note), "room for {room}: {everything}"),
            None => assert!(!everything.contains("fit"), "room for {room}: {everything}"),
        }
        let summary = texts(&parts).into_iter();
        let noted = summary.filter(|text| text.starts_with("the sheet Hosts has no room for"));
        assert_eq!(
            noted.count(),
            usize::from(lost.is_some()),
            "room for {room}"
        );
    }
}

#[test]
fn what_one_looks_for_first_stands_first_under_headings_for_people() {
    let (_, told) = rows_of(&sheets(&[fixture::expired_host()])[1]);
    let texts = texts(&parts(&[fixture::expired_host()]));
    let everything = format!("{told} | {}", texts.join(" | "));
    let wanted = "state | host | severity | finding | days left | certificate | address | port";
    assert!(everything.contains(wanted), "{everything}");
}
