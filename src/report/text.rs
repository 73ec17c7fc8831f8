//! For people at a terminal, in a log or a mail: the summary, then a table with one host per row, worst first. No colour, no box
//! drawing.
//!
//! The words for states and verdicts are those of the JSON report, so that one can search for them.

use std::cell::LazyCell;
use std::io::{self, Write};

use comfy_table::{Cell, ColumnConstraint, ContentArrangement, Table, Width};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr};

use super::changes::{Changes, Row};
use super::details::DetailLine;
use super::document::Document;
use super::sheet::Sheet;
use crate::counts::counted;
use crate::diagnosis::Policy;
use crate::sanitize::single_line;
use crate::table::Field;

/// Terminal columns for a cell, so that a very long name does not hide the findings.
const WIDEST_CELL: usize = 80;
/// Terminal columns in which a finding can be read: its id and a sentence.
const READABLE_FINDING: u16 = 40;
/// Characters of the longest DNS name (RFC 1035 2.3.4). In a file only longer names are cut.
const LONGEST_NAME: usize = 253;
/// What a narrow terminal goes without first, in this order.
const DISPENSABLE: [Field; 6] = [
    Field::Nla,
    Field::Tls,
    Field::NotAfter,
    Field::FailedStage,
    Field::Stability,
    Field::Dns,
];

/// With a `width` in terminal columns every line is wrapped to it. `None`, for files and pipes, gives every row one uncut line.
pub(super) fn write(
    sheet: &Sheet<'_>,
    policy: &Policy,
    width: Option<u16>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let document = Document::new(sheet, policy);
    let presentation = sheet.presentation;
    let mut head = Vec::new();
    if !presentation.title.is_empty() {
        head.push(presentation.title.to_owned());
    }
    head.extend([
        document.headline.clone(),
        document.states.clone(),
        document.troubles.clone(),
    ]);
    let notes = document.notes.iter();
    head.extend(notes.map(|(_, note)| format!("note: {note}")));
    paragraphs(&head, width, out)?;
    if !document.actions.is_empty() {
        writeln!(out, "\nWHAT TO DO FIRST")?;
        let actions = document.actions.iter();
        let actions = actions.map(|action| {
            DetailLine::new(action.key, [format!("{}: {}", action.title, action.hosts)])
        });
        lines(&actions.collect::<Vec<_>>(), width, out)?;
        writeln!(
            out,
            "  rdpscan explain {} has every step",
            document.actions.first().map_or("R1", |first| first.key)
        )?;
    }
    if !sheet.rows.is_empty() {
        writeln!(out, "\n{}", table(sheet, &document, width).trim_fmt())?;
    }
    document.details(|heading, details| {
        writeln!(out)?;
        paragraphs(&[heading.to_owned()], width, out)?;
        lines(details, width, out)
    })?;
    if !document.has_details() {
        let hosts = counted(sheet.summary.hosts, "host", "hosts");
        let hint = format!("--details adds findings and evidence of {hosts}");
        writeln!(out)?;
        paragraphs(&[hint], width, out)?;
    }
    writeln!(out, "\nSCAN")?;
    let facts = document.facts_in_words();
    let facts = facts.map(|(label, value)| DetailLine::new(label, [value]));
    lines(&facts.collect::<Vec<_>>(), width, out)
}

/// What has changed between two scans.
pub(super) fn write_changes(
    changes: &Changes,
    width: Option<u16>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let texts = [&changes.headline, &changes.counts].into_iter();
    let texts: Vec<String> = texts.filter(|text| !text.is_empty()).cloned().collect();
    paragraphs(&texts, width, out)?;
    if !changes.rows.is_empty() {
        let headings = Row::HEADINGS.map(str::to_uppercase);
        let rows = changes.rows.iter().map(Row::cells);
        writeln!(out, "\n{}", columns(headings, rows, width))?;
    }
    let facts = changes.facts.iter();
    let facts = facts.map(|(label, text)| DetailLine::new(*label, [text.clone()]));
    writeln!(out)?;
    lines(&facts.collect::<Vec<_>>(), width, out)
}

/// A table without lines.
pub(crate) fn columns<H: Into<Cell>, C: Into<Cell>, const N: usize>(
    headings: [H; N],
    rows: impl Iterator<Item = [C; N]>,
    width: Option<u16>,
) -> String {
    let mut table = grid(width);
    table.set_header(headings);
    table.add_rows(rows);
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.trim_fmt()
}

fn paragraphs(texts: &[String], width: Option<u16>, out: &mut dyn Write) -> io::Result<()> {
    let mut table = grid(width);
    for text in texts {
        table.add_row([single_line(text)]);
    }
    if let Some(column) = table.column_mut(0) {
        column.set_padding((0, 0));
    }
    writeln!(out, "{}", table.trim_fmt())
}

/// Labels, and beside them their paragraphs.
fn lines(lines: &[DetailLine], width: Option<u16>, out: &mut dyn Write) -> io::Result<()> {
    let mut table = grid(width);
    for line in lines {
        let texts: Vec<_> = line.texts.iter().map(|text| single_line(text)).collect();
        table.add_row([single_line(&line.label).into_owned(), texts.join("\n")]);
    }
    for (column, padding) in table.column_iter_mut().zip([(2, 2), (0, 0)]) {
        column.set_padding(padding);
    }
    if let Some(labels) = table.column_mut(0) {
        labels.set_constraint(ColumnConstraint::ContentWidth);
    }
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(out, "{}", table.trim_fmt())
}

fn grid(width: Option<u16>) -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_content_arrangement(match width {
        Some(_) => ContentArrangement::Dynamic,
        None => ContentArrangement::Disabled,
    });
    if let Some(width) = width {
        table.set_width(width);
    }
    table
}

fn table(sheet: &Sheet<'_>, document: &Document<'_>, width: Option<u16>) -> Table {
    let columns = match (sheet.columns, width) {
        (None, Some(width)) => fitting(document.columns(), width),
        _ => document.columns().to_vec(),
    };
    let mut table = grid(width);
    let headings = columns.iter().map(|column| column.spec().heading);
    table.set_header(headings.map(str::to_uppercase));
    for (host, _) in &sheet.rows {
        let history = LazyCell::new(|| host.history());
        table.add_row(columns.iter().map(|column| {
            let text = column.text_with(host, || &history);
            cell(*column, &text, width)
        }));
    }
    let last = columns.len().saturating_sub(1);
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, if index == last { 0 } else { 2 }));
        // A state or an address that wraps cannot be searched for or pasted.
        match columns.get(index) {
            Some(Field::State | Field::Address) => {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
            Some(Field::Finding) if width.is_some_and(|width| needed(&columns) <= width) => {
                column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(
                    READABLE_FINDING,
                )));
            }
            _ => {}
        }
    }
    table
}

/// The columns without those for which a terminal has no room.
fn fitting(columns: &[Field], width: u16) -> Vec<Field> {
    let mut columns = columns.to_vec();
    for dispensable in DISPENSABLE {
        if needed(&columns) > width {
            columns.retain(|column| *column != dispensable);
        }
    }
    columns
}

/// Terminal columns without which these fields cannot be read.
fn needed(columns: &[Field]) -> u16 {
    let widths = columns.iter().map(|column| {
        let spec = column.spec();
        let heading = u16::try_from(spec.heading.len()).unwrap_or(u16::MAX);
        let least = match column {
            Field::Finding => READABLE_FINDING,
            _ => spec.width.0,
        };
        least.max(heading).saturating_add(2)
    });
    widths.fold(0, u16::saturating_add)
}

fn cell(column: Field, text: &str, width: Option<u16>) -> String {
    if text.is_empty() {
        return "-".to_owned();
    }
    let text = single_line(text);
    match (width, column) {
        (Some(_), _) => shorten(&text, WIDEST_CELL),
        (None, Field::Name) => shorten(&text, LONGEST_NAME),
        (None, _) => text.into_owned(),
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::Host;
    use crate::model::Notice;
    use crate::report::fixture;

    fn text(hosts: &[Host], width: Option<u16>) -> String {
        let plan = fixture::plan();
        let mut out = Vec::new();
        write(
            &fixture::sheet(hosts, &plan),
            &Policy::default(),
            width,
            &mut out,
        )
        .unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_whole_report() {
        let hosts = [
            fixture::expired_host(),
            fixture::silent_host(),
            fixture::unresolved_host(),
        ];
        insta::assert_snapshot!(text(&hosts, None));
    }

    #[test]
    fn everything_wraps_at_the_width_and_addresses_stay_whole() {
        let text = text(&[fixture::expired_host()], Some(80));
        let wide = text.lines().find(|line| line.chars().count() > 80);
        assert_eq!(wide, None);
        assert!(text.contains("10.0.0.5:3389"));
    }

    #[test]
    fn the_tiniest_width_does_no_harm() {
        for width in [0, 1, 9, 20] {
            assert!(text(&[fixture::expired_host()], Some(width)).contains("SCAN"));
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
        let plan = fixture::plan();
        let hosts = [fixture::hostile_host(&"東".repeat(500))];
        let sheet = Sheet {
            columns: Some(&[Field::Name, Field::State]),
            ..fixture::sheet(&hosts, &plan)
        };
        for (width, most) in [(Some(500), 100), (None, 270)] {
            let table =
                table(&sheet, &Document::new(&sheet, &Policy::default()), width).to_string();
            let widest = table.lines().map(UnicodeWidthStr::width).max();
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
            table(&sheet, &Document::new(&sheet, &Policy::default()), width).to_string()
        };
        for columns in [None, Some(&[Field::Name, Field::Finding][..])] {
            let table = written(columns, None);
            assert!(table.contains(&name) && !table.contains('…'), "{table}");
            assert!(written(columns, Some(400)).contains('…'));
        }
    }

    #[test]
    fn a_name_in_trouble_is_told_with_where_it_leads() {
        let text = text(&[fixture::stale_host()], None);
        let wanted =
            "DNS stale; DNS trouble srv05.corp.example resolves to 10.0.0.250 (no answer); ";
        assert!(text.contains(wanted), "{text}");
    }

    #[test]
    fn a_host_behind_a_gateway_is_listed_with_the_gateway() {
        let text = text(&[fixture::gateway_host()], None);
        assert!(text.contains("10.0.0.5:3389: not_probed\n"), "{text}");
        assert!(
            text.contains("always uses the gateway gw.corp.example\n"),
            "{text}"
        );
    }

    #[test]
    fn notes_are_part_of_the_summary() {
        let mut plan = fixture::plan();
        plan.simulated = true;
        let mut sheet = fixture::sheet(&[], &plan);
        sheet.notices = vec![Notice::NoIpv6Route];
        let mut out = Vec::new();
        write(&sheet, &Policy::default(), None, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let notes = "\nnote: these hosts are simulated on this machine\nnote: no IPv6 route";
        assert!(text.starts_with("No hosts to show\n"), "{text}");
        assert!(text.contains(notes), "{text}");
    }

    #[test]
    fn a_sweep_without_a_host_says_how_to_list_what_it_met() {
        let plan = fixture::plan();
        let mut sheet = fixture::sheet(&[], &plan);
        let mut text = |closed| {
            let mut end = crate::kit::end(closed);
            end.unlisted.closed = closed;
            sheet.end = Some(end);
            let mut out = Vec::new();
            write(&sheet, &Policy::default(), None, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert!(text(3).contains(
            "\nnote: silent and closed addresses of a range are not listed: scan with --all"
        ));
        assert!(!text(0).contains("--all"));
    }

    #[test]
    fn many_hosts_have_details_only_when_asked_for() {
        let plan = fixture::plan();
        let hosts = vec![fixture::expired_host(); 6];
        let written = |details, hosts| {
            let mut sheet = fixture::sheet(hosts, &plan);
            sheet.presentation.details = details;
            let mut out = Vec::new();
            write(&sheet, &Policy::default(), None, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        let count = |text: &str| text.matches("tell the user").count();
        let short = written(false, &hosts);
        assert_eq!(count(&short), 0, "{short}");
        assert!(short.contains("--details adds"), "{short}");
        assert_eq!(count(&written(true, &hosts)), 6);
        assert_eq!(count(&written(false, &hosts[..2])), 2);
    }

    #[test]
    fn a_narrow_terminal_goes_without_the_columns_that_say_least() {
        let columns = super::super::document::COLUMNS;
        assert_eq!(fitting(&columns, 200), columns);
        let narrow = fitting(&columns, 80);
        for field in [Field::State, Field::Address, Field::Name, Field::Finding] {
            assert!(narrow.contains(&field), "{narrow:?}");
        }
        assert!(!narrow.contains(&Field::Nla), "{narrow:?}");
    }
}
