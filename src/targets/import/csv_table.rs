//! Tables of computers: the CSV of `Get-ADComputer … | Export-Csv`, and inventories of other tools, with commas, semicolons or
//! tabs, also as saved by Excel.

use super::super::error::{Refusal, excerpt};
use super::super::spec;
use super::{Import, Lines, ListFile};

/// Columns that name a host, the most reliable first: `name` is often a label, so addresses come before it.
const HOSTS: [&str; 12] = [
    "dnshostname",
    "dnsname",
    "fqdn",
    "hostname",
    "host",
    "computername",
    "ipaddress",
    "ip",
    "address",
    "ipv4address",
    "ipv4",
    "name",
];
/// The most columns that a message names.
const MOST_COLUMNS: usize = 8;
/// Columns that only tables of Active Directory accounts have.
const ACCOUNT_COLUMNS: [&str; 4] = [
    "distinguishedname",
    "samaccountname",
    "objectguid",
    "useraccountcontrol",
];
/// The bit of `userAccountControl` that disables an account ([MS-ADTS] 2.2.16).
const ACCOUNT_DISABLED: i64 = 0x2;
/// True and false in spreadsheets, in the languages of Windows.
const BOOLEANS: [(&str, &str); 10] = [
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

pub(super) fn read(file: &ListFile<'_>) -> Option<Result<Import, Refusal>> {
    let table = CsvTable::of(file.text);
    let column = |name: &str| table.columns.iter().position(|column| column == name);
    let of_accounts = table.is_of_accounts();
    let known = HOSTS
        .into_iter()
        // The name of an account is short and does not resolve from most machines.
        .filter(|name| !of_accounts || *name != "name")
        .find_map(|name| Some((name, column(name)?)));
    let is_table = of_accounts
        || table.is_marked
        || known.is_some_and(|(name, _)| name == "dnshostname")
        || (table.has_heading() && table.has_rows(file.is_csv) && (file.is_csv || known.is_some()));
    if !is_table {
        return None;
    }
    let Some((host_column, host)) = known else {
        // Read as a plain list, the heading would become hosts.
        return Some(Err(if of_accounts {
            Refusal::new(
                "it is a table without a column dNSHostName",
                "export it with Get-ADComputer -Filter * -Properties dNSHostName,Enabled | Select-Object Name,dNSHostName,Enabled",
            )
        } else {
            Refusal::new(
                format!(
                    "it is a table, and no column of it names hosts: {}",
                    table.heading()
                ),
                "call one of them dNSHostName, FQDN, HostName, ComputerName, IPAddress or Name, or give a plain list, in a file that is not called .csv",
            )
        }));
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
            Account::Disabled => import.skip("disabled accounts", label),
            Account::Unclear(value) => import.skip(
                "accounts of which Enabled says neither true nor false",
                &format!("{label} (`{value}`)"),
            ),
            Account::Enabled if name.is_empty() => {
                let reason = match host_column {
                    "dnshostname" => "accounts without dNSHostName",
                    _ => "rows without a host",
                };
                import.skip(reason, label);
            }
            Account::Enabled => import.add(name, None, line, None),
        }
    }
    Some(Ok(import))
}

enum Account<'a> {
    Enabled,
    Disabled,
    /// This value is neither true nor false.
    Unclear(&'a str),
}

/// Reads the two columns, where they exist. One of them is enough for a disabled account.
fn account<'a>(enabled: Option<&'a str>, control: Option<&'a str>) -> Account<'a> {
    let bits = control.and_then(|control| control.parse::<i64>().ok());
    if bits.is_some_and(|bits| bits & ACCOUNT_DISABLED != 0) {
        return Account::Disabled;
    }
    let word = enabled.unwrap_or_default().to_lowercase();
    if word == "0" || BOOLEANS.iter().any(|(_, no)| *no == word) {
        return Account::Disabled;
    }
    match (enabled, control) {
        _ if word == "1" || BOOLEANS.iter().any(|(yes, _)| *yes == word) => Account::Enabled,
        (None, None) => Account::Enabled,
        // The other column is enough where this one is empty or missing.
        (None | Some(""), Some(_)) if bits.is_some() => Account::Enabled,
        (None, Some(unread)) | (Some(unread), _) => Account::Unclear(unread),
    }
}

/// A table before its rows are read.
struct CsvTable<'a> {
    /// From the heading on.
    text: &'a str,
    /// Lines before the heading.
    before: usize,
    delimiter: u8,
    /// In lower case.
    columns: Vec<String>,
    /// The file has a type or separator line, or a heading in quotes, which no list of hosts has.
    is_marked: bool,
    /// The type line names Active Directory.
    is_of_directory: bool,
}

impl<'a> CsvTable<'a> {
    fn of(text: &'a str) -> Self {
        let mut rest = text;
        let mut before = 0;
        let mut is_marked = false;
        let mut is_of_directory = false;
        let mut named = None;
        while let Some((line, behind)) = rest.split_once('\n') {
            let line = line.trim();
            // `Export-Csv` of Windows PowerShell begins with `#TYPE …` by default, and Excel writes `sep=;`.
            if line.starts_with("#TYPE") {
                is_marked = true;
                is_of_directory |= line.contains(".ActiveDirectory.");
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
            is_of_directory,
        }
    }

    fn is_of_accounts(&self) -> bool {
        let has = |name: &str| self.columns.iter().any(|column| column == name);
        self.is_of_directory
            || ACCOUNT_COLUMNS.iter().any(|name| has(name))
            || (has("enabled") && has("name"))
    }

    /// Whether the first line can be a heading: it has no address, and no name with a domain.
    fn has_heading(&self) -> bool {
        let is_heading = |column: &String| {
            !column.contains(['.', ':', '/', '#'])
                && !column.bytes().all(|letter| letter.is_ascii_digit())
                && !matches!(spec::target(column), Ok(spec::Target::Addresses { .. }))
        };
        let mut named = self.columns.iter().filter(|column| !column.is_empty());
        named.clone().next().is_some() && named.all(is_heading)
    }

    /// Whether a row follows the heading: a list of hosts with commas is often one line. A file that is not named like a table
    /// has several columns, in the row as well.
    fn has_rows(&self, is_csv: bool) -> bool {
        let signs = |line: &str| line.matches(char::from(self.delimiter)).count();
        let mut lines = self.text.lines().filter(|line| !line.trim().is_empty());
        let heading = lines.next().map_or(0, signs);
        lines
            .next()
            .is_some_and(|row| is_csv || (heading > 0 && signs(row) >= heading))
    }

    /// The columns, for a message.
    fn heading(&self) -> String {
        let named = self.columns.iter().filter(|column| !column.is_empty());
        let mut shown: Vec<String> = named
            .take(MOST_COLUMNS)
            .map(|column| format!("`{}`", excerpt(column)))
            .collect();
        if self.columns.len() > MOST_COLUMNS {
            shown.push("…".to_owned());
        }
        shown.join(", ")
    }
}

/// The sign of a line `sep=;`.
fn separator(line: &str) -> Option<u8> {
    let (word, sign) = line.trim_matches('"').split_once('=')?;
    let sign = sign.bytes().next().unwrap_or(b'\t');
    (word.eq_ignore_ascii_case("sep") && sign.is_ascii()).then_some(sign)
}

/// The offset of a record in the table. The position of the reader is before the line feed of the record above.
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
