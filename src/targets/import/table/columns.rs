//! Which columns of a table are used for what.

use std::collections::HashSet;

use super::super::super::error::{Refusal, excerpt};
use super::Table;
use super::cells::{self, Protocol};
use super::roles::{self, LABEL, PLAIN, Role, SURE};

/// Rows by which columns are judged.
const SAMPLE: usize = 1_000;
/// Rows from which on repeated values count against a column: hosts of a table are mostly different.
const ENOUGH: usize = 4;

/// Columns by their indices.
#[derive(Default)]
pub(super) struct Columns {
    /// Where the host of a row is looked for, in this order.
    pub(super) hosts: Vec<usize>,
    /// Those of `hosts` that hold names.
    names: HashSet<usize>,
    /// Networks may be in the column.
    pub(super) takes_networks: bool,
    pub(super) ports: Vec<usize>,
    /// Protocols and classes of rows.
    pub(super) protocols: Vec<(usize, Role)>,
    pub(super) services: Vec<usize>,
    pub(super) states: Vec<usize>,
    /// The rows are virtual machines.
    pub(super) is_of_machines: bool,
    /// The rows name their hypervisors too.
    is_of_guests: bool,
    /// Rows are entries of several protocols, by the schemes of their URLs.
    pub(super) has_schemes: bool,
    pub(super) gateways: Vec<usize>,
    pub(super) gateway_uses: Vec<usize>,
    pub(super) enabled: Option<usize>,
    pub(super) disabled: Option<usize>,
    pub(super) control: Option<usize>,
    pub(super) consoles: Vec<usize>,
    pub(super) labels: Vec<usize>,
    /// Types of DNS records.
    pub(super) record_type: Option<usize>,
    /// Classes of directory objects, of which only computers are taken.
    pub(super) directory_class: Option<usize>,
}

/// What the cells of a column hold, counted in the first rows.
#[derive(Default)]
struct Content {
    filled: usize,
    addresses: usize,
    hosts: usize,
    full_names: usize,
    different: usize,
    rdp_urls: usize,
}

impl Content {
    fn of(table: &Table, column: usize) -> Self {
        let mut content = Self::default();
        let mut seen = HashSet::new();
        for row in table.rows.iter().take(SAMPLE) {
            let cell = cells::value(row.cells.get(column).unwrap_or_default());
            if cell.is_empty() || cells::is_own_name(cell) {
                continue;
            }
            content.filled += 1;
            seen.insert(cell);
            content.rdp_urls += usize::from(is_rdp_url(cell));
            let hosts = cells::hosts(cell);
            if hosts.is_empty() {
                continue;
            }
            // The pages of an inventory about its entries have the inventory's host.
            if is_page(cell) {
                continue;
            }
            content.hosts += 1;
            content.addresses += usize::from(hosts.iter().any(|host| cells::is_address(host)));
            content.full_names += usize::from(hosts.iter().all(|host| cells::is_full_name(host)));
        }
        content.different = seen.len();
        content
    }

    /// Whether so many of ten filled cells are counted.
    const fn most(&self, count: usize, of_ten: usize) -> bool {
        self.filled > 0 && count * 10 >= self.filled * of_ten
    }

    const fn repeats(&self) -> bool {
        self.filled >= ENOUGH && self.different * 2 < self.filled
    }
}

fn is_rdp_url(cell: &str) -> bool {
    cell.get(..6)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("rdp://"))
}

/// Whether a cell links to a page below the root of a web server.
fn is_page(cell: &str) -> bool {
    let behind = cell
        .strip_prefix("https://")
        .or_else(|| cell.strip_prefix("http://"));
    behind.is_some_and(|rest| {
        rest.split_once('/')
            .is_some_and(|(_, page)| !page.is_empty())
    })
}

/// A column that could name the hosts.
#[derive(Clone, Copy)]
struct Candidate {
    column: usize,
    rank: u8,
    is_name: bool,
}

impl Candidate {
    fn of(heading: &str, column: usize, content: &Content, is_of_guests: bool) -> Option<Self> {
        let (rank, is_name) = match roles::role(heading) {
            Some(Role::Name(rank)) if content.most(content.hosts, 5) => {
                let is_of_hypervisor =
                    is_of_guests && (rank == PLAIN || roles::plain(heading) == "computername");
                let rank = match rank {
                    _ if is_of_hypervisor => return None,
                    LABEL if content.most(content.full_names, 5) => PLAIN + 5,
                    _ => rank,
                };
                (rank, !content.most(content.addresses, 8))
            }
            Some(Role::Address(rank)) if content.most(content.addresses, 5) => (rank, false),
            Some(Role::Address(_)) if content.most(content.full_names, 5) => (PLAIN - 5, true),
            Some(Role::Address(rank)) if rank >= PLAIN && content.most(content.hosts, 8) => {
                (LABEL + 5, true)
            }
            None if content.rdp_urls > 0 => (SURE, true),
            None if roles::is_of_others(heading) => return None,
            None if content.most(content.addresses, 8) => (30, false),
            None if content.most(content.full_names, 8) => (40, true),
            _ => return None,
        };
        let rank = if content.repeats() {
            rank.saturating_sub(50)
        } else {
            rank
        };
        Some(Self {
            column,
            rank,
            is_name,
        })
    }
}

impl Columns {
    /// The columns by headings and cells.
    pub(super) fn chosen(table: &Table) -> Result<Self, Refusal> {
        let mut columns = Self::others(table);
        let is_of_accounts = table.is_of_accounts();
        let is_of_guests = columns.is_of_guests;
        let mut candidates: Vec<Candidate> = (0..)
            .zip(&table.headings)
            .filter(|(column, _)| !columns.is_used(*column))
            .filter_map(|(column, heading)| {
                Candidate::of(heading, column, &Content::of(table, column), is_of_guests)
            })
            .collect();
        // Stable, so that of equal columns the first comes first.
        candidates.sort_by_key(|candidate| std::cmp::Reverse(candidate.rank));
        let names = candidates.iter().filter(|candidate| candidate.is_name);
        let sure: Vec<_> = names
            .clone()
            .filter(|candidate| candidate.rank >= SURE)
            .collect();
        let addresses = candidates.iter().filter(|candidate| !candidate.is_name);
        let mut chosen: Vec<&Candidate> = if sure.is_empty() {
            names
                .clone()
                .filter(|name| name.rank > LABEL + 5)
                .take(1)
                .collect()
        } else {
            sure
        };
        let known: Vec<_> = addresses
            .clone()
            .filter(|address| address.rank >= LABEL)
            .collect();
        if known.is_empty() && chosen.is_empty() {
            chosen.extend(addresses.take(1));
        } else if known.is_empty() {
            chosen.extend(addresses.filter(|address| address.rank > 30).take(1));
        } else {
            chosen.extend(known);
        }
        if chosen.is_empty() {
            // The name of an account is short and does not resolve from most machines.
            chosen.extend(
                names
                    .filter(|_| !is_of_accounts || columns.directory_class.is_some())
                    .take(1),
            );
        }
        // Of records of DNS, what they hold is an address only where their type says so.
        let is_data = |heading: &String| {
            matches!(
                roles::plain(heading).as_str(),
                "data" | "recorddata" | "rdata" | "value"
            )
        };
        let data = table
            .headings
            .iter()
            .position(is_data)
            .filter(|_| columns.record_type.is_some());
        let data = data.filter(|column| Content::of(table, *column).addresses > 0);
        let data = data.map(|column| Candidate {
            column,
            rank: LABEL,
            is_name: false,
        });
        if let Some(data) = data
            .as_ref()
            .filter(|data| chosen.iter().all(|other| other.column != data.column))
        {
            chosen.push(data);
        }
        // Names of records are relative to their zone, which is in the path.
        let has_path = table.has(Role::DistinguishedName);
        if columns.record_type.is_some() && has_path && chosen.iter().all(|chosen| chosen.is_name) {
            chosen.clear();
        }
        columns.has_schemes = chosen
            .iter()
            .any(|chosen| Content::of(table, chosen.column).rdp_urls > 0);
        columns.names = chosen
            .iter()
            .filter(|chosen| chosen.is_name)
            .map(|chosen| chosen.column)
            .collect();
        columns.hosts = chosen.iter().map(|chosen| chosen.column).collect();
        if columns.hosts.is_empty() {
            let by_role = |wanted: fn(Role) -> bool| {
                table
                    .headings
                    .iter()
                    .position(|heading| roles::role(heading).is_some_and(wanted))
            };
            // A column without any value is one of hosts still: every row is named as left out.
            let empty = by_role(|role| matches!(role, Role::Name(SURE..) | Role::Address(100)))
                .filter(|column| Content::of(table, *column).filled == 0);
            let network = by_role(|role| role == Role::Network);
            let path = by_role(|role| role == Role::DistinguishedName);
            columns.takes_networks = network.is_some() && path.is_none();
            columns.hosts = path.or(network).or(empty).into_iter().collect();
            columns.names = columns.hosts.iter().copied().collect();
        }
        if columns.hosts.is_empty() {
            return Err(no_host_column(table, is_of_accounts));
        }
        Ok(columns)
    }

    /// The host's column is the one that the user names, by its heading or its number.
    pub(super) fn named(table: &Table, named: &str) -> Result<Self, Refusal> {
        let plain = roles::plain(named);
        let by_heading =
            |heading: &String| heading.trim() == named.trim() || roles::plain(heading) == plain;
        let number = || {
            named
                .trim()
                .parse::<usize>()
                .ok()?
                .checked_sub(1)
                .filter(|at| *at < table.headings.len())
        };
        let column = table
            .headings
            .iter()
            .position(by_heading)
            .or_else(number)
            .ok_or_else(|| {
                Refusal::new(
                    format!("it has no column `{}`", excerpt(named)),
                    format!("name one of its columns: {}", table.shown_headings()),
                )
            })?;
        let mut columns = Self::others(table);
        columns.hosts = vec![column];
        columns.names = HashSet::from([column]);
        columns.takes_networks = true;
        Ok(columns)
    }

    /// All columns but those of hosts.
    fn others(table: &Table) -> Self {
        let has = |names: &[&str]| names.iter().any(|name| table.has_heading(name));
        let is_of_guests = has(&["vm", "vmname", "vmid", "virtualmachine", "powerstate"]);
        let mut columns = Self {
            is_of_guests,
            is_of_machines: is_of_guests
                || has(&["instanceid", "machinetype", "cpuusage", "memoryassignedm"]),
            ..Self::default()
        };
        let has_class = |column: usize, is_class: fn(&str) -> bool, of_ten: usize| {
            let cells = table
                .rows
                .iter()
                .take(SAMPLE)
                .map(|row| row.cells.get(column).unwrap_or_default());
            let filled = cells.clone().filter(|cell| !cell.trim().is_empty()).count();
            let found = cells.filter(|cell| is_class(cell)).count();
            found > 0 && found * 10 >= filled * of_ten
        };
        let is_of_directory = table
            .headings
            .iter()
            .take(3)
            .map(|heading| roles::role(heading))
            .eq([Some(Role::Name(LABEL)), Some(Role::Class), None]);
        for (column, heading) in (0..).zip(&table.headings) {
            match roles::role(heading) {
                Some(Role::Port) => columns.ports.push(column),
                Some(role @ (Role::Protocol | Role::Class)) => {
                    if has_class(column, |cell| cells::leads_to_address(cell).is_some(), 8) {
                        columns.record_type = Some(column);
                    } else if role == Role::Class
                        && (has_class(column, cells::is_directory_class, 1)
                            || (is_of_directory && has_class(column, cells::is_computer, 0)))
                    {
                        columns.directory_class = Some(column);
                    } else if has_class(
                        column,
                        |cell| cells::protocol(cell) != Protocol::Unknown,
                        0,
                    ) || (roles::plain(heading) == "connectiontype"
                        && has_class(column, |cell| cell.trim() == "1", 0))
                    {
                        columns.protocols.push((column, role));
                    }
                }
                Some(Role::Service) => columns.services.push(column),
                // Hosts of an earlier scan are scanned again, whatever it found.
                Some(Role::State)
                    if ["failedstage", "failedat"]
                        .iter()
                        .any(|one| table.has_heading(one)) => {}
                Some(Role::State) => columns.states.push(column),
                Some(Role::Gateway) => columns.gateways.push(column),
                // Of a network it is an address.
                None if roles::plain(heading) == "gateway"
                    && has_class(
                        column,
                        |cell| {
                            cells::hosts(cell)
                                .iter()
                                .any(|host| !cells::is_address(host))
                        },
                        5,
                    ) =>
                {
                    columns.gateways.push(column);
                }
                Some(Role::GatewayUse) => columns.gateway_uses.push(column),
                Some(Role::Enabled) => columns.enabled = columns.enabled.or(Some(column)),
                Some(Role::Disabled) => columns.disabled = columns.disabled.or(Some(column)),
                Some(Role::AccountControl) => columns.control = columns.control.or(Some(column)),
                Some(Role::Console) => columns.consoles.push(column),
                Some(Role::Name(..=LABEL) | Role::DistinguishedName) => columns.labels.push(column),
                _ => {}
            }
        }
        // The name of an account before its path.
        columns.labels.sort_by_key(|column| {
            table
                .headings
                .get(*column)
                .is_some_and(|heading| roles::role(heading) == Some(Role::DistinguishedName))
        });
        // A switch has ports too: those are no numbers.
        columns
            .ports
            .retain(|column| !has_class(*column, |cell| cells::ports(cell).is_err(), 8));
        columns
    }

    pub(super) fn has_addresses(&self) -> bool {
        self.hosts.iter().any(|column| !self.names.contains(column))
    }

    fn is_used(&self, column: usize) -> bool {
        [
            &self.ports,
            &self.services,
            &self.states,
            &self.gateways,
            &self.gateway_uses,
        ]
        .iter()
        .any(|columns| columns.contains(&column))
            || self
                .protocols
                .iter()
                .any(|(protocol, _)| *protocol == column)
    }

    /// What each column is used for, with its heading.
    pub(super) fn described(&self, table: &Table) -> Vec<(&'static str, String)> {
        let (names, addresses): (Vec<usize>, Vec<usize>) = self
            .hosts
            .iter()
            .copied()
            .partition(|column| self.names.contains(column));
        let protocols: Vec<usize> = self.protocols.iter().map(|(column, _)| *column).collect();
        let enabled: Vec<usize> = [self.enabled, self.disabled, self.control]
            .into_iter()
            .flatten()
            .collect();
        let classes: Vec<usize> = [self.record_type, self.directory_class]
            .into_iter()
            .flatten()
            .collect();
        let uses: [(&'static str, Vec<usize>); 9] = [
            ("name", names),
            ("address", addresses),
            ("port", self.ports.clone()),
            ("protocol", protocols),
            ("service", self.services.clone()),
            ("type", classes),
            (
                "gateway",
                [self.gateways.clone(), self.gateway_uses.clone()].concat(),
            ),
            ("enabled", enabled),
            ("state", self.states.clone()),
        ];
        let headings = |columns: Vec<usize>| {
            let headings = columns
                .iter()
                .filter_map(|column| table.headings.get(*column));
            headings
                .map(|heading| format!("`{}`", excerpt(heading)))
                .collect::<Vec<_>>()
                .join(", ")
        };
        uses.into_iter()
            .filter(|(_, columns)| !columns.is_empty())
            .map(|(role, columns)| (role, headings(columns)))
            .collect()
    }
}

fn no_host_column(table: &Table, is_of_accounts: bool) -> Refusal {
    // Read as a plain list, the heading would become hosts.
    if is_of_accounts {
        return Refusal::new(
            "it is a table without a column dNSHostName",
            "export it with Get-ADComputer -Filter * -Properties dNSHostName,Enabled | Select-Object Name,dNSHostName,Enabled",
        );
    }
    Refusal::new(
        format!(
            "it is a table, and no column of it holds hosts: {}",
            table.shown_headings()
        ),
        "name the column with --column HEADING, or call it HostName or IPAddress",
    )
}
