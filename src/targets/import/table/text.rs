//! Tables as text: separated by signs, aligned under a line of dashes, or a list of `key : value`.

use std::borrow::Cow;

use csv::{Reader, ReaderBuilder, StringRecord, Trim};

use super::super::super::error::Refusal;
use super::super::{Lines, ListFile};
use super::aligned::{self, Layout};
use super::roles::{self, LABEL, Role};
use super::{HEADING_RECORDS, LONGEST_HEADING, Row, Table, cells, is_heading};

/// The beginning of a file, in which a table is recognised.
const HEAD: usize = 64 << 10;
/// Records of the beginning.
const HEAD_RECORDS: usize = 60;
/// The longest cell: those of Excel have at most as many characters.
const LONGEST_CELL: usize = 64 << 10;
/// Signs between cells. The last two are also in names and addresses, so only a heading with several known columns is cut at them.
const SIGNS: [u8; 6] = *b",;\t|^:";
const SURE_SIGNS: usize = 4;
/// Signs of which databases and consoles draw the lines of tables, beside those for boxes.
const RULES: &str = "-+|=: ";
const BOXES: std::ops::RangeInclusive<char> = '\u{2500}'..='\u{257f}';

/// The table in a text; `None` when it is a plain list.
pub(in super::super) fn read(file: &ListFile<'_>) -> Option<Result<Table, Refusal>> {
    let text = match file.text.trim_start().strip_prefix("-[ RECORD ") {
        Some(records) => Cow::Owned(of_records(records)),
        None => without_rules(file.text),
    };
    let file = &ListFile {
        text: &text,
        ..*file
    };
    let marks = Marks::of(file.text);
    let under_dashes =
        || aligned::read(marks.text, marks.before, &Layout::under_dashes(marks.text)?);
    let behind_blanks = || {
        aligned::read(
            marks.text,
            marks.before,
            &Layout::behind_blanks(marks.text)?,
        )
    };
    let table = under_dashes()
        .or_else(|| listed(&marks))
        .or_else(behind_blanks);
    if let Some(table) = table {
        return Some(Ok(table));
    }
    let heading = Heading::find(&marks, file).or_else(|| Heading::missing(&marks))?;
    Some(heading.table(&marks))
}

/// A text whose cells stand between drawn lines, without them: lines of signs alone become empty.
fn without_rules(text: &str) -> Cow<'_, str> {
    let is_rule = |line: &str| {
        let line = line.trim();
        line.len() > 2
            && line.contains(|sign| matches!(sign, '+' | '|') || BOXES.contains(&sign))
            && line
                .chars()
                .all(|sign| RULES.contains(sign) || BOXES.contains(&sign))
    };
    if !text.lines().take(HEAD_RECORDS).any(is_rule) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        if !is_rule(line) {
            plain.extend(line.chars().map(|letter| match letter {
                '│' | '┃' | '║' => '|',
                letter => letter,
            }));
        } else if line.ends_with('\n') {
            plain.push('\n');
        }
    }
    Cow::Owned(plain)
}

/// What `psql` prints with `\x`, as a list of properties.
fn of_records(text: &str) -> String {
    let lines = text.lines().skip(1);
    let lines = lines.map(|line| {
        if line.starts_with("-[ RECORD ") {
            String::new()
        } else {
            line.replacen(" |", " :", 1)
        }
    });
    // The line of the first record, so that lines keep their numbers.
    std::iter::once(String::new())
        .chain(lines)
        .flat_map(|line| [line, "\n".to_owned()])
        .collect()
}

/// The heading of a pasted column, with its line: the list goes on below it.
pub(in super::super) fn heading_of_column(text: &str) -> Option<(usize, &str)> {
    let mut lines = (1..).zip(text.lines()).filter(|(_, line)| {
        let line = line.trim();
        !line.is_empty() && !line.starts_with('#')
    });
    let (line, heading) = lines.next()?;
    let heading = heading.trim().trim_matches('"');
    let is_heading = !heading.contains([',', ';', '\t'])
        && matches!(
            roles::role(heading),
            Some(Role::Name(_) | Role::Address(_) | Role::Network)
        );
    (is_heading && lines.next().is_some()).then_some((line, heading))
}

/// The lines above the heading, for programs.
struct Marks<'a> {
    /// Below the marks.
    text: &'a str,
    /// The lines of the marks.
    before: usize,
    sign: Option<u8>,
    /// There are marks, or a heading in quotes, which no list of hosts has.
    is_table: bool,
    is_of_directory: bool,
}

impl<'a> Marks<'a> {
    fn of(text: &'a str) -> Self {
        let mut marks = Self {
            text,
            before: 0,
            sign: None,
            is_table: false,
            is_of_directory: false,
        };
        while let Some((line, behind)) = marks.text.split_once('\n') {
            let line = line.trim();
            // `Export-Csv` of Windows PowerShell begins with `#TYPE …` by default, and Excel writes `sep=;`.
            if line.starts_with("#TYPE") {
                marks.is_table = true;
                marks.is_of_directory |= line.contains(".ActiveDirectory.");
            } else if let Some(sign) = separator(line) {
                marks.sign = Some(sign);
                marks.is_table = true;
            } else if !line.is_empty() {
                break;
            }
            marks.before += 1;
            marks.text = behind;
        }
        marks.is_table |= marks.text.starts_with('"');
        marks
    }

    /// The beginning, up to the end of a line.
    fn head(&self) -> &'a str {
        let mut end = self.text.len().min(HEAD);
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        let head = self.text.get(..end).unwrap_or_default();
        match head.rfind('\n') {
            Some(end) if head.len() < self.text.len() => head.get(..end).unwrap_or_default(),
            _ => head,
        }
    }
}

/// The sign of a line `sep=;`.
fn separator(line: &str) -> Option<u8> {
    let (word, sign) = line.trim_matches('"').split_once('=')?;
    let sign = sign.bytes().next().unwrap_or(b'\t');
    (word.eq_ignore_ascii_case("sep") && sign.is_ascii()).then_some(sign)
}

fn reader(text: &str, sign: u8) -> Reader<&[u8]> {
    ReaderBuilder::new()
        .delimiter(sign)
        .flexible(true)
        .has_headers(false)
        .trim(Trim::All)
        .from_reader(text.as_bytes())
}

/// The heading of a table whose cells are separated by a sign.
struct Heading {
    sign: u8,
    /// The offset of the heading, or of the first row of a table without one.
    start: usize,
    columns: Vec<String>,
    /// The rows of the heading: none where it is missing, and merged cells make two.
    rows: usize,
}

impl Heading {
    fn find(marks: &Marks<'_>, file: &ListFile<'_>) -> Option<Self> {
        let signs = marks.sign.map_or_else(|| SIGNS.to_vec(), |sign| vec![sign]);
        let named = file.column.map(roles::plain);
        let mut best: Option<((bool, usize, usize), Self)> = None;
        for sign in signs {
            let records = head_records(marks.head(), sign);
            for (at, record) in records.iter().enumerate().take(HEADING_RECORDS) {
                let Some(next) = records.get(at + 1) else {
                    break;
                };
                let columns: Vec<String> = record.iter().map(str::to_owned).collect();
                let filled = columns.iter().filter(|column| !column.is_empty()).count();
                let is_single = filled == 1 && record.len() == 1;
                let is_row = next.len() > 1 && next.len() * 2 >= columns.len();
                let is_comment = is_single && columns.iter().any(|column| column.starts_with('#'));
                if filled == 0
                    || is_comment
                    || !(is_row || (is_single && (file.is_csv || marks.is_table)))
                    || !is_heading(&columns)
                {
                    continue;
                }
                let rank = |role: Option<Role>| match role {
                    Some(Role::Name(_) | Role::Address(_) | Role::DistinguishedName) => 2,
                    Some(_) => 1,
                    None => 0,
                };
                let known: usize = columns.iter().map(|column| rank(roles::role(column))).sum();
                let is_sure_sign = SIGNS.iter().take(SURE_SIGNS).any(|sure| *sure == sign);
                if marks.sign.is_none() && !is_sure_sign && known < 3 {
                    continue;
                }
                let is_named = named.as_ref().is_some_and(|named| {
                    columns.iter().any(|column| roles::plain(column) == *named)
                });
                let is_of_hosts =
                    is_named || columns.iter().any(|column| rank(roles::role(column)) == 2);
                let is_table = is_of_hosts && (!is_single || !file.is_csv || known > 0);
                // The first line of a file that is called a table is a heading if it can be one.
                let may_be = is_table
                    || ((marks.is_table || (file.is_csv && !has_digits(&columns, is_single)))
                        && at == 0);
                let score = (is_of_hosts, known, filled);
                // A later row is the heading only where the first could be a title: words of headings are in cells too.
                let is_better = best.as_ref().is_none_or(|(least, other)| {
                    score > *least && (sign != other.sign || least.1 < 3)
                });
                if may_be && is_better {
                    let start = start(marks.text, record);
                    let merged = with_second_row(&columns, next);
                    best = Some((
                        score,
                        Self {
                            sign,
                            start,
                            rows: 1 + usize::from(merged.is_some()),
                            columns: merged.unwrap_or(columns),
                        },
                    ));
                }
            }
        }
        best.map(|(_, heading)| heading)
    }

    /// A table without a heading: as many cells in each row, hosts in one column, and something else in another.
    fn missing(marks: &Marks<'_>) -> Option<Self> {
        SIGNS.into_iter().take(SURE_SIGNS).find_map(|sign| {
            let records = head_records(marks.head(), sign);
            let width = records.first()?.len();
            if width < 2 || records.len() < 2 || records.iter().any(|record| record.len() != width)
            {
                return None;
            }
            let cells = |column: usize| {
                records
                    .iter()
                    .map(move |record| record.get(column).unwrap_or_default())
            };
            let holds_hosts = |column: usize| {
                cells(column).filter(|cell| cells::is_certain(cell)).count() * 2 > records.len()
            };
            // A word may be a host, and a sentence may not.
            let holds_others = |column: usize| {
                cells(column).any(|cell| cell.contains(' ') && !cell.contains(['#', '.']))
            };
            let is_table = (0..width).any(holds_hosts) && (0..width).any(holds_others);
            is_table.then(|| Self {
                sign,
                start: 0,
                columns: (1..=width)
                    .map(|column| format!("column {column}"))
                    .collect(),
                rows: 0,
            })
        })
    }

    fn table(self, marks: &Marks<'_>) -> Result<Table, Refusal> {
        let form = match self.sign {
            b'\t' => "table with tabs",
            b'|' => "table with bars",
            _ => "CSV",
        };
        let mut table = Table::new(form, self.columns);
        table.is_of_directory = marks.is_of_directory;
        let text = marks.text.get(self.start..).unwrap_or_default();
        let above = marks
            .text
            .get(..self.start)
            .unwrap_or_default()
            .matches('\n')
            .count();
        let mut lines = Lines::of(text);
        for record in reader(text, self.sign).into_records().skip(self.rows) {
            let cells = record.map_err(|error| {
                Refusal::new(
                    format!("the table cannot be read ({error})"),
                    "export it again, as CSV in UTF-8",
                )
            })?;
            let line = lines.at(start(text, &cells)) + above + marks.before;
            if cells.iter().any(|cell| cell.len() > LONGEST_CELL) {
                return Err(Refusal::new(
                    format!(
                        "a cell in the row of line {line} has no end: a quotation mark is not closed"
                    ),
                    "close it, or export the table again",
                ));
            }
            table.rows.push(Row { line, cells });
        }
        Ok(table)
    }
}

/// The headings of two rows as one, where cells of the first are merged over several of the second.
fn with_second_row(columns: &[String], second: &StringRecord) -> Option<Vec<String>> {
    let is_merged = columns.iter().any(String::is_empty);
    let below: Vec<String> = second.iter().map(str::to_owned).collect();
    let mut filled = below.iter().filter(|cell| !cell.is_empty()).peekable();
    let is_second = filled.peek().is_some()
        && filled.all(|cell| roles::role(cell).is_some() || roles::is_of_others(cell));
    let covers = columns
        .iter()
        .zip(&below)
        .any(|(above, below)| above.is_empty() && !below.is_empty());
    (is_merged && is_second && covers).then(|| {
        let below = below
            .into_iter()
            .chain(std::iter::repeat_n(String::new(), columns.len()));
        let both = columns.iter().zip(below);
        both.map(|(above, below)| {
            if below.is_empty() {
                above.clone()
            } else {
                below
            }
        })
        .collect()
    })
}

fn head_records(head: &str, sign: u8) -> Vec<StringRecord> {
    reader(head, sign)
        .into_records()
        .take(HEAD_RECORDS)
        .map_while(Result::ok)
        .collect()
}

/// A column of names with numbers has no heading.
fn has_digits(columns: &[String], is_single: bool) -> bool {
    is_single
        && columns
            .iter()
            .any(|column| column.contains(|letter: char| letter.is_ascii_digit()))
}

/// The offset of a record. The position of the reader is before the line feed of the record above.
fn start(text: &str, record: &StringRecord) -> usize {
    let place = record
        .position()
        .and_then(|position| usize::try_from(position.byte()).ok())
        .unwrap_or_default();
    let breaks = text.get(place..).map_or(0, |rest| {
        rest.len() - rest.trim_start_matches(['\r', '\n']).len()
    });
    place + breaks
}

/// What `Format-List` and others print: lines of `key : value`, and a blank line between records.
fn listed(marks: &Marks<'_>) -> Option<Table> {
    let pair = |line: &'_ str| -> Option<(String, String)> {
        let (key, value) = line.split_once(':')?;
        let is_key = !key.trim().is_empty()
            && (key.ends_with(' ') || value.starts_with(' ') || value.is_empty());
        is_key.then(|| (key.trim().to_owned(), value.trim().to_owned()))
    };
    let head = marks
        .head()
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .take(HEAD_RECORDS);
    let (mut pairs, mut others, mut known) = (0, 0, false);
    for line in head {
        match pair(line) {
            Some((key, _)) => {
                pairs += 1;
                known |= matches!(
                    roles::role(&key),
                    Some(Role::Name(LABEL..) | Role::Address(_))
                );
            }
            None => others += 1,
        }
    }
    if !known
        || pairs < 2
        || others * 4 > pairs
        || marks.head().contains(": |")
        || has_indent(marks.head())
    {
        return None;
    }
    let mut table = Table::new("list of properties", Vec::new());
    let mut cells: Vec<String> = Vec::new();
    let mut first = 1;
    let flush = |table: &mut Table, cells: &mut Vec<String>, first: usize| {
        if !cells.is_empty() {
            let cells = StringRecord::from(std::mem::take(cells));
            table.rows.push(Row {
                line: first + marks.before,
                cells,
            });
        }
    };
    for (line, content) in (1..).zip(marks.text.lines()) {
        let Some((key, value)) = pair(content) else {
            if content.trim().is_empty() {
                flush(&mut table, &mut cells, first);
            }
            continue;
        };
        let column = table.headings.iter().position(|heading| *heading == key);
        let column = match column {
            Some(column) => column,
            // A list has the same few properties for all.
            None if table.headings.len() >= LONGEST_HEADING => continue,
            None => {
                table.headings.push(key);
                table.headings.len() - 1
            }
        };
        // Where no blank line is between records, the first property begins one.
        if cells.get(column).is_some_and(|cell| !cell.is_empty()) && column == 0 {
            flush(&mut table, &mut cells, first);
        }
        if cells.is_empty() {
            first = line;
        }
        if cells.len() <= column {
            cells.resize(column + 1, String::new());
        }
        if let Some(cell) = cells.get_mut(column) {
            *cell = value;
        }
    }
    flush(&mut table, &mut cells, first);
    Some(table)
}

/// YAML has keys inside of keys.
fn has_indent(head: &str) -> bool {
    let mut lines = head.lines().filter(|line| !line.trim().is_empty());
    lines.any(|line| {
        line.starts_with("  ")
            && line
                .trim_start()
                .split(':')
                .next()
                .is_some_and(|key| !key.ends_with(' '))
            && line.contains(':')
            || line.starts_with("- ")
    })
}
