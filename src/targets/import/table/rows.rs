//! The rows of a table as hosts.

use std::collections::HashMap;
use std::net::IpAddr;

use super::super::{
    BAD_PORTS, BROADCAST, CONSOLES, FOLDERS, Import, ImportedHost, MOST_DEEP, NO_REMOTE_DESKTOP,
    OTHER_PROTOCOLS, is_remote_desktop,
};
use super::cells::{self, Protocol};
use super::columns::Columns;
use super::roles::{self, Role};
use super::{Row, Table};

/// The bit of `userAccountControl` that disables an account ([MS-ADTS] 2.2.16).
const ACCOUNT_DISABLED: i64 = 0x2;
/// Words of mRemoteNG, and of mstsc and its kin, for a gateway that is always used.
const ALWAYS: [&str; 7] = [
    "always",
    "1",
    "true",
    "yes",
    "proxymodedirect",
    "modedirect",
    "direct",
];

pub(super) fn read(table: &Table, columns: &Columns, wanted: &[u16]) -> Import {
    let mut import = Import::default();
    let folders = Folders::of(table);
    let is_scan = is_port_scan(table, columns);
    for row in &table.rows {
        let reader = RowReader {
            table,
            columns,
            folders: &folders,
            row,
            wanted,
            is_scan,
        };
        if !reader.is_of_table() {
            continue;
        }
        if let Err((reason, name)) = reader.add_to(&mut import) {
            import.skip(reason, &name);
        }
    }
    import
}

/// Whether each row is a port of a host: then most rows are no Remote Desktop.
fn is_port_scan(table: &Table, columns: &Columns) -> bool {
    let cells = |column: &usize, is_meant: fn(&str) -> bool| {
        let column = *column;
        table
            .rows
            .iter()
            .any(move |row| row.cells.get(column).is_some_and(is_meant))
    };
    !columns.ports.is_empty()
        && (columns
            .states
            .iter()
            .any(|column| cells(column, cells::is_open))
            || columns
                .services
                .iter()
                .any(|column| cells(column, |cell| is_remote_desktop(cell.trim())))
            || (columns.protocols.iter().any(|(column, _)| cells(column, cells::is_transport))
                // Ports of services that nobody moves Remote Desktop to.
                && columns.ports.iter().any(|column| cells(column, |cell| matches!(cells::ports(cell).as_deref(), Ok([1..1024])))))
            // Several in a cell, and one of them of another service.
            || columns.ports.iter().any(|column| cells(column, |cell| cell.contains(',') && cells::ports(cell).is_ok_and(|ports| ports.iter().any(|port| *port < 1024)))))
}

struct RowReader<'a> {
    table: &'a Table,
    columns: &'a Columns,
    folders: &'a Folders<'a>,
    row: &'a Row,
    wanted: &'a [u16],
    is_scan: bool,
}

/// The reason for which a row is left out, and its name.
type LeftOut = (&'static str, String);

impl<'a> RowReader<'a> {
    fn cell(&self, column: usize) -> &'a str {
        self.row.cells.get(column).unwrap_or_default().trim()
    }

    /// The first value among these columns.
    fn first(&self, columns: &[usize]) -> &'a str {
        let mut values = columns
            .iter()
            .map(|column| cells::value(self.folders.cell(self.row, *column)));
        values.find(|value| !value.is_empty()).unwrap_or_default()
    }

    /// Not an empty row, a rule of dashes, or the heading once more.
    fn is_of_table(&self) -> bool {
        let mut filled = self
            .row
            .cells
            .iter()
            .filter(|cell| !cell.trim().is_empty())
            .peekable();
        filled.peek().is_some()
            && !filled.all(|cell| {
                cell.trim().len() > 1
                    && cell
                        .trim()
                        .bytes()
                        .all(|sign| matches!(sign, b'-' | b':' | b'='))
            })
            && !self.columns.hosts.iter().all(|column| {
                self.table
                    .headings
                    .get(*column)
                    .is_some_and(|heading| heading.trim() == self.cell(*column))
            })
    }

    fn label(&self) -> String {
        // What a scanner calls a name is the one of a service.
        let (first, second) = if self.is_scan {
            (&self.columns.hosts, &self.columns.labels)
        } else {
            (&self.columns.labels, &self.columns.hosts)
        };
        let label = self.first(first);
        let label = if label.is_empty() {
            self.first(second)
        } else {
            label
        };
        if label.is_empty() {
            format!("line {}", self.row.line)
        } else {
            label.to_owned()
        }
    }

    fn add_to(&self, import: &mut Import) -> Result<(), LeftOut> {
        let columns = self.columns;
        if let Some(left_out) = self.account() {
            return Err(left_out);
        }
        if self.row.cells.iter().any(cells::is_broadcast) {
            return Err((BROADCAST, self.label()));
        }
        if self
            .columns
            .hosts
            .iter()
            .any(|column| cells::is_total(self.cell(*column)))
        {
            return Err(("rows of totals", self.label()));
        }
        let consoles = self.first(&columns.consoles);
        if cells::is_yes(consoles) == Some(true) {
            return Err((CONSOLES, self.label()));
        }
        if let Some(column) = columns.directory_class
            && !cells::is_computer(self.cell(column))
        {
            return Err(("objects that are no computers", self.label()));
        }
        let is_known = self.check_protocol()?;
        let mut ports = match cells::ports(self.first(&columns.ports)) {
            Ok(ports) => ports,
            Err(text) => return Err((BAD_PORTS, format!("{} ({text})", self.label()))),
        };
        let unused = columns.states.iter().find_map(|column| {
            let is_of_machine = columns.is_of_machines || self.is_of_machine(*column);
            cells::not_in_use(self.cell(*column), is_of_machine).map(|reason| (reason, column))
        });
        if let Some((reason, column)) = unused {
            return Err((reason, format!("{} ({})", self.label(), self.cell(*column))));
        }
        if self.is_scan && !is_known {
            let all: Vec<String> = ports.iter().map(ToString::to_string).collect();
            ports.retain(|port| self.wanted.contains(port));
            if ports.is_empty() && all.is_empty() {
                return Err((NO_REMOTE_DESKTOP, self.label()));
            } else if ports.is_empty() {
                return Err((
                    "ports without Remote Desktop",
                    format!("{} ({})", self.label(), all.join(", ")),
                ));
            }
        }
        let hosts = self.hosts()?;
        let addresses = match hosts.as_slice() {
            [host] if !cells::is_address(host) => self.addresses(),
            _ => Vec::new(),
        };
        let gateway = self.gateway();
        for host in &hosts {
            let of_row = if ports.is_empty() {
                vec![None]
            } else {
                ports.iter().copied().map(Some).collect()
            };
            for port in of_row {
                import.add_host(ImportedHost {
                    host: host.clone(),
                    port,
                    line: self.row.line,
                    gateway: gateway.clone(),
                    may_be_network: columns.takes_networks,
                    addresses: addresses.clone(),
                });
            }
        }
        Ok(())
    }

    /// Whether the row is one of Remote Desktop for sure.
    fn check_protocol(&self) -> Result<bool, LeftOut> {
        let mut is_known = false;
        for (column, role) in &self.columns.protocols {
            let cell = cells::value(self.folders.cell(self.row, *column));
            match cells::protocol(cell) {
                Protocol::RemoteDesktop => is_known = true,
                Protocol::Folder => return Err((FOLDERS, self.label())),
                Protocol::Other => {
                    return Err((OTHER_PROTOCOLS, format!("{} ({cell})", self.label())));
                }
                // The numbers of Remote Desktop Manager.
                Protocol::Unknown if self.is_numbered(*column) && cell == "1" => is_known = true,
                Protocol::Unknown if *role == Role::Protocol && !cell.is_empty() => {
                    return Err((OTHER_PROTOCOLS, format!("{} ({cell})", self.label())));
                }
                Protocol::Unknown | Protocol::Carrier => {}
            }
        }
        Ok(is_known
            || self
                .columns
                .services
                .iter()
                .any(|column| is_remote_desktop(self.cell(*column))))
    }

    /// Whether a column of states is about virtual machines.
    fn is_of_machine(&self, column: usize) -> bool {
        let heading = self.table.headings.get(column);
        let plain = heading.map(|heading| roles::plain(heading));
        plain.is_some_and(|plain| plain.starts_with("power") || plain.starts_with("vm"))
    }

    fn is_numbered(&self, column: usize) -> bool {
        self.table
            .headings
            .get(column)
            .is_some_and(|heading| roles::plain(heading) == "connectiontype")
    }

    fn hosts(&self) -> Result<Vec<String>, LeftOut> {
        let columns = self.columns;
        if let Some(column) = columns.record_type
            && cells::leads_to_address(self.cell(column)) != Some(true)
        {
            return Err(("records that hold no address", self.label()));
        }
        let has_addresses = columns.has_addresses();
        let mut unread = None;
        let mut own = None;
        for column in &columns.hosts {
            let cell = self.cell(*column);
            if columns.has_schemes
                && let Some((scheme, _)) = cell.split_once("://")
                && !scheme.eq_ignore_ascii_case("rdp")
            {
                return Err((OTHER_PROTOCOLS, format!("{} ({scheme})", self.label())));
            }
            let heading = self.table.headings.get(*column);
            let is_path = heading
                .is_some_and(|heading| roles::role(heading) == Some(Role::DistinguishedName));
            let hosts = match cells::name_by_path(cell).filter(|_| is_path) {
                Some(name) => vec![name],
                None => cells::hosts(cell),
            };
            // A record's name without a domain is relative to its zone.
            let is_relative = has_addresses
                && columns.record_type.is_some()
                && hosts
                    .iter()
                    .any(|host| !cells::is_address(host) && !cells::is_full_name(host));
            match hosts.first() {
                Some(_) if is_relative => unread = Some(cell),
                Some(host) if cells::is_own_name(host) => own = Some(hosts),
                Some(_) => return Ok(hosts),
                None if columns.takes_networks && !cell.is_empty() => {
                    return Ok(vec![cell.to_owned()]);
                }
                None if cells::value(cell).is_empty() => {}
                None => unread = unread.or(Some(cell)),
            }
        }
        if let Some(own) = own.filter(|_| columns.hosts.len() == 1) {
            return Ok(own);
        }
        let of_accounts = self.table.has_heading("dnshostname");
        Err(match unread {
            Some(cell) => (
                "entries that are no name and no address",
                format!("{cell} (line {})", self.row.line),
            ),
            None if of_accounts => ("accounts without dNSHostName", self.label()),
            None => ("rows without a host", self.label()),
        })
    }

    /// The addresses of the row, from the first column that has some.
    fn addresses(&self) -> Vec<IpAddr> {
        let mut of_columns = self.columns.hosts.iter().map(|column| {
            let hosts = cells::hosts(self.cell(*column));
            let addresses = hosts.iter().filter_map(|host| host.parse().ok());
            addresses.collect::<Vec<IpAddr>>()
        });
        of_columns
            .find(|addresses| !addresses.is_empty())
            .unwrap_or_default()
    }

    /// The gateway, when it is always used.
    fn gateway(&self) -> Option<String> {
        let gateway = self.first(&self.columns.gateways);
        let usage = roles::plain(self.first(&self.columns.gateway_uses));
        let is_used = self.columns.gateway_uses.is_empty() || ALWAYS.contains(&usage.as_str());
        (is_used && !gateway.is_empty()).then(|| gateway.to_owned())
    }

    /// Why an account is left out: one of the columns is enough for a disabled one.
    fn account(&self) -> Option<LeftOut> {
        let columns = self.columns;
        let control = columns.control.map(|column| self.cell(column));
        let bits = control.and_then(|control| control.parse::<i64>().ok());
        let enabled = columns.enabled.map(|column| self.cell(column));
        let disabled = columns.disabled.map(|column| self.cell(column));
        if bits.is_some_and(|bits| bits & ACCOUNT_DISABLED != 0)
            || enabled.and_then(cells::is_yes) == Some(false)
            || disabled.and_then(cells::is_yes) == Some(true)
        {
            return Some(("disabled accounts", self.label()));
        }
        let unread = match (enabled, control) {
            (Some(enabled), _) if cells::is_yes(enabled) == Some(true) => return None,
            (None, None) => return None,
            // The other column is enough where this one is empty or missing.
            (None | Some(""), Some(_)) if bits.is_some() => return None,
            (None, Some(unread)) | (Some(unread), _) => unread,
        };
        // Only accounts have no other words; of another table the column may be something else.
        self.table.is_of_accounts().then(|| {
            (
                "accounts of which Enabled says neither true nor false",
                format!("{} (`{unread}`)", self.label()),
            )
        })
    }
}

/// Rows that inherit settings from the row of their folder, as in the table of mRemoteNG.
#[derive(Default)]
struct Folders<'a> {
    parents: Option<usize>,
    rows: HashMap<&'a str, &'a Row>,
    /// For each column, the one that says whether it is inherited.
    inherits: HashMap<usize, usize>,
}

impl<'a> Folders<'a> {
    fn of(table: &'a Table) -> Self {
        let find = |plain: &str| {
            table
                .headings
                .iter()
                .position(|heading| roles::plain(heading) == plain)
        };
        let (Some(ids), Some(parents)) = (find("id"), find("parent")) else {
            return Self::default();
        };
        let by_heading: HashMap<String, usize> = table
            .headings
            .iter()
            .map(|heading| roles::plain(heading))
            .zip(0..)
            .collect();
        let inherits = by_heading.iter().filter_map(|(heading, column)| {
            Some((*column, *by_heading.get(&format!("inherit{heading}"))?))
        });
        Self {
            parents: Some(parents),
            rows: table
                .rows
                .iter()
                .filter_map(|row| Some((row.cells.get(ids)?, row)))
                .collect(),
            inherits: inherits.collect(),
        }
    }

    /// The cell of a row, or of the folder above from which it is inherited.
    fn cell(&self, row: &'a Row, column: usize) -> &'a str {
        let mut owner = row;
        for _ in 0..MOST_DEEP {
            let inherits = self
                .inherits
                .get(&column)
                .and_then(|flag| owner.cells.get(*flag));
            let above = self
                .parents
                .and_then(|parents| self.rows.get(owner.cells.get(parents)?));
            match above {
                Some(above) if inherits.and_then(cells::is_yes) == Some(true) => owner = above,
                _ => break,
            }
        }
        owner.cells.get(column).unwrap_or_default().trim()
    }
}
