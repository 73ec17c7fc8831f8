//! Tables whose columns are aligned by blanks, as consoles print them.

use csv::StringRecord;

use super::roles::{self, LABEL, PLAIN, Role};
use super::{HEADING_RECORDS, Row, Table, is_heading};

/// Where the columns of a console table begin, in characters.
pub(super) struct Layout<'a> {
    heading: &'a str,
    starts: Vec<usize>,
    /// The line of the first row, from 0.
    rows_at: usize,
}

impl<'a> Layout<'a> {
    /// By the line of dashes under the heading.
    pub(super) fn under_dashes(text: &'a str) -> Option<Self> {
        let mut heading = "";
        let lines = text.lines().enumerate();
        let mut lines = lines
            .skip_while(|(_, line)| line.trim().is_empty())
            .take(HEADING_RECORDS);
        let (at, rule) = lines.find(|(_, line)| {
            let is_rule = line.trim().len() > 1
                && line
                    .trim()
                    .bytes()
                    .all(|sign| matches!(sign, b'-' | b' ' | b'\t' | b'='))
                && !heading.trim().is_empty();
            if !is_rule && !line.trim().is_empty() {
                heading = line;
            }
            is_rule
        })?;
        let mut starts = starts_of_words(rule);
        // `net view` has one rule under all columns.
        if let [first] = *starts.as_slice() {
            starts = vec![first];
            starts.extend(behind_two_blanks(heading));
        }
        let is_known = starts.len() > 1 || roles::role(heading).is_some();
        is_known.then_some(Self {
            heading,
            starts,
            rows_at: at + 1,
        })
    }

    /// Without dashes: by the two blanks between headings, of which one names hosts.
    pub(super) fn behind_blanks(text: &'a str) -> Option<Self> {
        let mut lines = text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty());
        let mut head = lines.by_ref().take(HEADING_RECORDS).peekable();
        while let Some((at, heading)) = head.next() {
            let (_, next) = head.peek()?;
            let before = heading.chars().take_while(|sign| *sign == ' ').count();
            let mut starts = vec![before];
            starts.extend(behind_two_blanks(heading).filter(|start| *start > before));
            let is_table = |columns: &[String], least: u8| {
                let names_hosts = columns.iter().any(|column| match roles::role(column) {
                    Some(Role::Name(rank)) => rank >= least,
                    role => matches!(role, Some(Role::Address(_))),
                });
                columns.len() > 1
                    && names_hosts
                    && is_heading(columns)
                    && !heading.contains(['\t', ',', ';', '|', ':'])
                    && next.trim().contains("  ")
            };
            // `VMID NAME      STATUS`: of headings in capitals each word is one.
            let words = starts_of_words(heading);
            let has_state = |columns: &[String]| {
                let mut roles = columns.iter().map(|column| roles::role(column));
                !heading.chars().any(char::is_lowercase)
                    && roles.any(|role| role == Some(Role::State))
            };
            if !is_table(&cut(heading, &starts), PLAIN) {
                let columns = cut(heading, &words);
                if !(has_state(&columns) && is_table(&columns, LABEL)) {
                    continue;
                }
                starts = words;
            }
            return Some(Self {
                heading,
                starts,
                rows_at: at + 1,
            });
        }
        None
    }
}

fn starts_of_words(line: &str) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut was_blank = true;
    for (at, sign) in line.chars().enumerate() {
        if !sign.is_whitespace() && was_blank {
            starts.push(at);
        }
        was_blank = sign.is_whitespace();
    }
    starts
}

fn behind_two_blanks(heading: &str) -> impl Iterator<Item = usize> {
    let letters: Vec<char> = heading.chars().collect();
    let starts = letters.windows(3).enumerate().filter_map(|(at, signs)| {
        matches!(signs, [' ', ' ', letter] if *letter != ' ').then_some(at + 2)
    });
    starts.collect::<Vec<_>>().into_iter()
}

/// The cells of a line whose columns begin there.
fn cut(line: &str, starts: &[usize]) -> Vec<String> {
    let letters: Vec<char> = line.chars().collect();
    let is_word = |at: usize| {
        letters
            .get(at)
            .is_some_and(|letter| !letter.is_whitespace())
    };
    let cuts_word = |start: &usize| *start > 0 && is_word(*start - 1) && is_word(*start);
    let mut starts = starts.to_vec();
    if starts.iter().skip(2).any(cuts_word) && !starts.iter().take(2).any(cuts_word) {
        // A cell is longer than its column, which ends or begins with it.
        for start in &mut starts {
            let cut = *start;
            let begin = (0..cut)
                .rev()
                .find(|at| !is_word(*at))
                .map_or(0, |at| at + 1);
            let end = (cut..letters.len())
                .find(|at| !is_word(*at))
                .unwrap_or(letters.len());
            if cuts_word(&cut) {
                *start = if cut - begin < end - cut { begin } else { end };
            }
        }
    }
    if starts.iter().any(cuts_word) {
        // The line is none of the table.
        let cells = line.split("  ").filter(|cell| !cell.trim().is_empty());
        return cells.map(|cell| cell.trim().to_owned()).collect();
    }
    let ends = starts.iter().skip(1).copied().chain([usize::MAX]);
    let cells = starts.iter().zip(ends).map(|(start, end)| {
        let cell: String = letters
            .get(*start..end.min(letters.len()))
            .unwrap_or_default()
            .iter()
            .collect();
        cell.trim().to_owned()
    });
    cells.collect()
}

/// A table whose columns are aligned, as consoles print it.
/// `before` are the lines above the text.
pub(super) fn read(text: &str, before: usize, layout: &Layout<'_>) -> Option<Table> {
    let columns = cut(layout.heading, &layout.starts);
    if !is_heading(&columns) {
        return None;
    }
    let mut table = Table::new("console table", columns);
    for (line, content) in (1..).zip(text.lines()).skip(layout.rows_at) {
        if !content.trim().is_empty() {
            table.rows.push(Row {
                line: line + before,
                cells: StringRecord::from(cut(content, &layout.starts)),
            });
        }
    }
    Some(table)
}
