//! Tables as text: separated by signs, aligned under a line of dashes, or a list of `key : value`.

use std::borrow::Cow;

use csv::{Reader, ReaderBuilder, StringRecord, Trim};

use super::super::super::error::Refusal;
use super::super::{Lines, ListFile};
use super::roles::{self, LABEL, PLAIN, Role};
use super::{Row, Table, cells};

/// The beginning of a file, in which a table is recognised.
const HEAD: usize = 64 << 10;
/// Records of the beginning, and those of them that can be the heading.
const HEAD_RECORDS: usize = 60;
const HEADING_RECORDS: usize = 12;
/// The longest heading, in characters.
const LONGEST_HEADING: usize = 80;
/// The longest cell: those of Excel have at most as many characters.
const LONGEST_CELL: usize = 64 << 10;
/// Signs between cells. The last two are also in names and addresses, so only a heading with several known columns is cut at them.
const SIGNS: [u8; 6] = *b",;\t|^:";
const SURE_SIGNS: usize = 4;
/// Signs of which databases and consoles draw the lines of tables.
const RULES: &str = "-+|=: ─━│┃┌┬┐├┼┤└┴┘╭╮╰╯═║╔╦╗╠╬╣╚╩╝";

/// The table in a text; `None` when it is a plain list.
pub(in super::super) fn read(file: &ListFile<'_>) -> Option<Result<Table, Refusal>> {
    let text = without_rules(file.text);
    let file = &ListFile {
        text: &text,
        ..*file
    };
    let marks = Marks::of(file.text);
    let under_dashes = || aligned(&marks, &Layout::under_dashes(marks.text)?);
    let behind_blanks = || aligned(&marks, &Layout::behind_blanks(marks.text)?);
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
            && line.contains(['+', '|', '─', '━', '═'])
            && line.chars().all(|sign| RULES.contains(sign))
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
    is_missing: bool,
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
                    best = Some((
                        score,
                        Self {
                            sign,
                            start,
                            columns,
                            is_missing: false,
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
                is_missing: true,
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
        for record in reader(text, self.sign)
            .into_records()
            .skip(usize::from(!self.is_missing))
        {
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

/// Whether a record can be the heading: it holds no host, and no number.
fn is_heading(columns: &[String]) -> bool {
    columns
        .iter()
        .filter(|column| !column.is_empty())
        .all(|column| {
            column.chars().count() <= LONGEST_HEADING
                && (roles::role(column).is_some()
                    || !(cells::is_certain(column)
                        || column.bytes().all(|letter| letter.is_ascii_digit())))
        })
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

/// Where the columns of a console table begin, in characters.
struct Layout<'a> {
    heading: &'a str,
    starts: Vec<usize>,
    /// The line of the first row, from 0.
    rows_at: usize,
}

impl<'a> Layout<'a> {
    /// By the line of dashes under the heading.
    fn under_dashes(text: &'a str) -> Option<Self> {
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
        let mut starts = Vec::new();
        let mut was_blank = true;
        for (at, sign) in rule.chars().enumerate() {
            if !sign.is_whitespace() && was_blank {
                starts.push(at);
            }
            was_blank = sign.is_whitespace();
        }
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
    fn behind_blanks(text: &'a str) -> Option<Self> {
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
            let columns = cut(heading, &starts);
            let names_hosts = columns.iter().any(|column| {
                matches!(
                    roles::role(column),
                    Some(Role::Name(PLAIN..) | Role::Address(_))
                )
            });
            if starts.len() > 1
                && names_hosts
                && is_heading(&columns)
                && !heading.contains(['\t', ',', ';', '|', ':'])
                && next.trim().contains("  ")
            {
                return Some(Self {
                    heading,
                    starts,
                    rows_at: at + 1,
                });
            }
        }
        None
    }
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
    if starts.iter().any(cuts_word) {
        // A cell is longer than its column, or the line is none of the table.
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
fn aligned(marks: &Marks<'_>, layout: &Layout<'_>) -> Option<Table> {
    let columns = cut(layout.heading, &layout.starts);
    if !is_heading(&columns) {
        return None;
    }
    let mut table = Table::new("console table", columns);
    for (line, content) in (1..).zip(marks.text.lines()).skip(layout.rows_at) {
        if !content.trim().is_empty() {
            table.rows.push(Row {
                line: line + marks.before,
                cells: StringRecord::from(cut(content, &layout.starts)),
            });
        }
    }
    Some(table)
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
