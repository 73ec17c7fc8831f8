//! Computers of Active Directory: the CSV that `Get-ADComputer … | Export-Csv` writes, with commas, semicolons or tabs, also
//! after Excel has saved it again.

use super::super::error::Refusal;
use super::{Import, Lines};

/// The column without which such a table names no host.
const HOST: &str = "dnshostname";
/// Columns that only such tables have.
const TELLING: [&str; 4] = [
    "distinguishedname",
    "samaccountname",
    "objectguid",
    "useraccountcontrol",
];
/// The bit of `userAccountControl` that disables an account ([MS-ADTS] 2.2.16).
const ACCOUNT_DISABLED: i64 = 0x2;
/// What spreadsheets in the languages of Windows write for true, and what for false.
const WORDS: [(&str, &str); 10] = [
    ("true", "false"),
    ("wahr", "falsch"),
    ("vrai", "faux"),
    ("verdadero", "falso"),
    ("vero", "falso"),
    ("verdadeiro", "falso"),
    ("waar", "onwaar"),
    ("prawda", "fałsz"),
    ("pravda", "nepravda"),
    ("yes", "no"),
];

/// Reads it; `None` when the text is no such table.
pub(super) fn read(text: &str) -> Option<Result<Import, Refusal>> {
    let table = Table::of(text);
    let column = |name: &str| table.columns.iter().position(|column| column == name);
    let Some(host) = column(HOST) else {
        // A table all the same, whose heading would be read as hosts.
        return table.is_of_accounts().then(|| {
            Err(Refusal::new(
                "it is a table without a column dNSHostName",
                "export it with Get-ADComputer -Filter * -Properties dNSHostName,Enabled | Select-Object Name,dNSHostName,Enabled",
            ))
        });
    };
    let enabled = column("enabled");
    let control = column("useraccountcontrol");
    let labels: Vec<usize> = ["name", "samaccountname", "cn", "distinguishedname"]
        .into_iter()
        .filter_map(column)
        .collect();
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(table.delimiter)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(table.text.as_bytes());
    let mut import = Import::default();
    let mut lines = Lines::of(table.text);
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                return Some(Err(Refusal::new(
                    format!("the table cannot be read ({error})"),
                    "export it again with Export-Csv",
                )));
            }
        };
        let line = lines.at(start(table.text, &record)) + table.before;
        let field = |index: usize| record.get(index).unwrap_or_default();
        let label = labels
            .iter()
            .map(|index| field(*index))
            .find(|label| !label.is_empty());
        let name = field(host);
        let row = format!("line {line}");
        let label = label
            .or(Some(name).filter(|name| !name.is_empty()))
            .unwrap_or(&row);
        match account(enabled.map(field), control.map(field)) {
            Account::Disabled => import.leave_out("disabled accounts", label),
            Account::Unclear(value) => import.leave_out(
                "accounts of which Enabled says neither true nor false",
                &format!("{label} (`{value}`)"),
            ),
            Account::Enabled if name.is_empty() => {
                import.leave_out("accounts without dNSHostName", label);
            }
            Account::Enabled => import.take(name, None, line, None),
        }
    }
    Some(Ok(import))
}

/// Whether an account may log on.
enum Account<'a> {
    Enabled,
    Disabled,
    /// By a value that says neither.
    Unclear(&'a str),
}

/// What the two columns say, where they are there. Whatever says that an account is disabled is believed.
fn account<'a>(enabled: Option<&'a str>, control: Option<&'a str>) -> Account<'a> {
    let bits = control.and_then(|control| control.parse::<i64>().ok());
    if bits.is_some_and(|bits| bits & ACCOUNT_DISABLED != 0) {
        return Account::Disabled;
    }
    let word = enabled.unwrap_or_default().to_lowercase();
    if word == "0" || WORDS.iter().any(|(_, no)| *no == word) {
        return Account::Disabled;
    }
    match (enabled, control) {
        _ if word == "1" || WORDS.iter().any(|(yes, _)| *yes == word) => Account::Enabled,
        (None, None) => Account::Enabled,
        // The other column is enough where this one is empty or not there.
        (None | Some(""), Some(_)) if bits.is_some() => Account::Enabled,
        (None, Some(unread)) | (Some(unread), _) => Account::Unclear(unread),
    }
}

/// A table before its rows are read.
struct Table<'a> {
    /// From the heading on.
    text: &'a str,
    /// Lines before the heading.
    before: usize,
    delimiter: u8,
    /// Names of the columns in lower case.
    columns: Vec<String>,
    /// The file says itself that it is one, or its heading stands in quotes, as nothing does in a list of hosts.
    is_marked: bool,
}

impl<'a> Table<'a> {
    fn of(text: &'a str) -> Self {
        let mut rest = text;
        let mut before = 0;
        let mut is_marked = false;
        let mut named = None;
        while let Some((line, behind)) = rest.split_once('\n') {
            let line = line.trim();
            // `Export-Csv` of Windows PowerShell begins with `#TYPE …` unless it is told not to, and Excel writes `sep=;`.
            if line.starts_with("#TYPE") {
                is_marked = true;
            } else if let Some(sign) = separator(line) {
                named = Some(sign);
                is_marked = true;
            } else if !line.is_empty() {
                break;
            }
            before += 1;
            rest = behind;
        }
        let heading = rest.lines().next().unwrap_or_default();
        let counted = || {
            let most = b",;\t"
                .iter()
                .max_by_key(|sign| heading.matches(char::from(**sign)).count());
            most.copied().unwrap_or(b',')
        };
        let delimiter = named.unwrap_or_else(counted);
        let columns = heading
            .split(char::from(delimiter))
            .map(|column| column.trim().trim_matches('"').trim().to_lowercase())
            .collect();
        Self {
            text: rest,
            before,
            delimiter,
            columns,
            is_marked: is_marked || heading.trim_start().starts_with('"'),
        }
    }

    fn is_of_accounts(&self) -> bool {
        let has = |name: &str| self.columns.iter().any(|column| column == name);
        self.is_marked || TELLING.iter().any(|name| has(name)) || (has("enabled") && has("name"))
    }
}

/// The sign of a line `sep=;`.
fn separator(line: &str) -> Option<u8> {
    let (word, sign) = line.trim_matches('"').split_once('=')?;
    let sign = sign.bytes().next().unwrap_or(b'\t');
    (word.eq_ignore_ascii_case("sep") && sign.is_ascii()).then_some(sign)
}

/// Where a record begins in the table; the reader's own place is still before the line feed of the record above.
fn start(table: &str, record: &csv::StringRecord) -> usize {
    let place = record
        .position()
        .and_then(|position| usize::try_from(position.byte()).ok())
        .unwrap_or_default();
    let breaks = table.get(place..).map_or(0, |rest| {
        rest.len() - rest.trim_start_matches(['\r', '\n']).len()
    });
    place + breaks
}
