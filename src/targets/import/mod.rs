//! Files of other tools as targets.
//!
//! A format is recognised by its content, not by the name of the file. Passwords and user names in these files are never
//! kept, and messages repeat nothing of them but hosts.

mod ansible;
mod binary;
mod ini;
mod json;
mod leases;
mod masscan;
mod mremoteng;
mod nmap;
mod port_scan;
mod rdcman;
mod rdp;
mod records;
mod remmina;
mod replies;
mod table;
mod xlsx;
mod xml;
mod yaml;

use std::collections::HashSet;
use std::ffi::OsStr;
use std::net::IpAddr;
use std::path::Path;

use roxmltree::{Document, Node};

use super::error::Refusal;
use super::spec::{self, Target};
use table::Table;
pub(super) use table::is_known_word;

/// A format of another tool.
struct FileFormat {
    /// The tool that writes it, for the help.
    tool: &'static str,
    /// The extension of its files, when it has one. No domain ends like this, so such a word is a file and no host.
    extension: &'static str,
    reader: FormatReader,
}

type Read = Result<Import, Refusal>;

/// How a format is recognised and read.
enum FormatReader {
    /// XML with this root element.
    Xml(&'static str, fn(&Document<'_>, &ListFile<'_>) -> Read),
    /// Other text; `None` when it is not of this format.
    Text(fn(&ListFile<'_>) -> Option<Read>),
    /// The same, and lines that are not of the format are passed over.
    Lines(fn(&ListFile<'_>) -> Option<Read>),
    /// Files that are no text, or XML that is read by its records.
    Other,
}

const fn format(tool: &'static str, extension: &'static str, reader: FormatReader) -> FileFormat {
    FileFormat {
        tool,
        extension,
        reader,
    }
}

/// Every format, in the order of recognition.
const FORMATS: [FileFormat; 28] = [
    format("RDCMan", "rdg", FormatReader::Xml("RDCMan", rdcman::read)),
    format(
        "mRemoteNG",
        "xml",
        FormatReader::Xml("Connections", mremoteng::read),
    ),
    format("nmap -oX", "xml", FormatReader::Xml("nmaprun", nmap::xml)),
    format("Royal TS", "rtsz", FormatReader::Other),
    format("Remote Desktop Manager", "rdm", FormatReader::Other),
    format("Guacamole", "", FormatReader::Other),
    format("Excel", "xlsx", FormatReader::Other),
    format("masscan -oJ", "", FormatReader::Text(json::read)),
    format("mRemoteNG", "", FormatReader::Text(mremoteng::encrypted)),
    format("mstsc", "rdp", FormatReader::Lines(rdp::read)),
    format("nmap -oG", "gnmap", FormatReader::Lines(nmap::grepable)),
    format("nmap -oN", "nmap", FormatReader::Lines(nmap::normal)),
    format("masscan -oL", "", FormatReader::Lines(masscan::list)),
    format("RustScan", "", FormatReader::Lines(masscan::rustscan)),
    format("dsquery", "", FormatReader::Lines(leases::dsquery)),
    format("ping", "", FormatReader::Lines(replies::read)),
    format("dhcpd", "leases", FormatReader::Lines(leases::dhcpd)),
    format("dnsmasq", "leases", FormatReader::Lines(leases::dnsmasq)),
    format("netsh dhcp", "", FormatReader::Lines(leases::netsh)),
    format("dnscmd /ZoneExport", "", FormatReader::Lines(leases::zone)),
    format("Remmina", "remmina", FormatReader::Lines(remmina::read)),
    format("Ansible", "ini", FormatReader::Text(ansible::ini)),
    format("Ansible", "yml", FormatReader::Text(yaml::read)),
    format("Ansible", "yaml", FormatReader::Text(yaml::read)),
    format("hosts files", "", FormatReader::Lines(leases::hosts_file)),
    format("Get-ADComputer", "csv", FormatReader::Lines(csv)),
    format("arp-scan", "", FormatReader::Lines(replies::neighbours)),
    format(
        "other tables",
        "tsv",
        FormatReader::Text(|file| column(file).map(Ok)),
    ),
];

/// Every extension with its tools.
pub(crate) fn file_formats() -> Vec<(&'static str, &'static str)> {
    let mut formats = Vec::new();
    for format in FORMATS.iter().filter(|format| !format.extension.is_empty()) {
        let row = (format.extension, format.tool);
        if !formats.contains(&row) {
            formats.push(row);
        }
    }
    formats
}

/// Consoles of virtual machines are ports of the hypervisor, not Remote Desktop of a host.
const CONSOLES: &str = "consoles of virtual machines";
/// The port of such consoles on Hyper-V.
const CONSOLE_PORT: u16 = 2179;
const BAD_PORTS: &str = "entries whose port is not 1 to 65535";
const OTHER_PROTOCOLS: &str = "connections of another protocol";
const SSH_TUNNELS: &str = "connections through an SSH tunnel";
/// What lists of neighbours have beside the hosts.
const BROADCAST: &str = "addresses of no single machine";
const FOLDERS: &str = "folders";
const NOT_OPEN: &str = "ports and leases that are not in use";
const POWERED_OFF: &str = "machines that are powered off";
const RETIRED: &str = "machines that are retired";
const NO_REMOTE_DESKTOP: &str = "hosts without an open port for Remote Desktop";
const OTHER_LINES: &str = "lines of another form";
/// Lines in which the format of a text shows.
const HEAD_LINES: usize = 200;
/// The most nested folders from which a setting is inherited.
const MOST_DEEP: usize = 256;
/// The most skipped entries that are named.
const MOST_NAMED: usize = 20;

/// A list that may be of another tool.
#[derive(Clone, Copy)]
pub(super) struct ListFile<'a> {
    pub(super) text: &'a str,
    /// It is named like a table, so its first line is a heading if it can be one.
    pub(super) is_csv: bool,
    /// The ports of targets without a port of their own.
    pub(super) ports: &'a [u16],
    /// The heading of the column with the hosts, when the user names one.
    pub(super) column: Option<&'a str>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct ImportedHost {
    /// Name or address, as written in the file.
    pub(super) host: String,
    /// The port in the file, when there is one.
    pub(super) port: Option<u16>,
    /// From 1; 0 where the format has no lines.
    pub(super) line: usize,
    /// The gateway, when the file always uses it for this host.
    pub(super) gateway: Option<String>,
    /// A network may be meant.
    pub(super) may_be_network: bool,
    /// Of a name, the addresses in its row: they are scanned where the name is not resolved.
    pub(super) addresses: Vec<IpAddr>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Skipped {
    /// The kind of entries, such as `disabled accounts`.
    pub(super) reason: &'static str,
    pub(super) count: u32,
    /// The first of them, by their names in the file.
    pub(super) names: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Import {
    /// What the file is, such as `nmap -oG`.
    pub(super) format: String,
    /// The headings of the columns that are used, by their use.
    pub(super) columns: Vec<(&'static str, String)>,
    pub(super) hosts: Vec<ImportedHost>,
    pub(super) skipped: Vec<Skipped>,
}

impl Import {
    fn of(format: &str) -> Self {
        Self {
            format: format.to_owned(),
            ..Self::default()
        }
    }

    /// Adds a host. An invalid port skips it: on the usual port the scan would meet another service than the one in the file.
    fn add(&mut self, host: &str, port: Option<&str>, line: usize, gateway: Option<String>) {
        let port = match port.map(str::trim) {
            None | Some("") => None,
            Some(text) => match text.parse() {
                Ok(port @ 1..) => Some(port),
                _ => return self.skip(BAD_PORTS, &format!("{host} ({text})")),
            },
        };
        self.add_host(ImportedHost {
            host: host.to_owned(),
            port,
            line,
            gateway,
            ..ImportedHost::default()
        });
    }

    /// Adds a target as it is written, which may be a network.
    fn add_target(&mut self, target: &str, line: usize) {
        self.add_host(ImportedHost {
            host: target.to_owned(),
            line,
            may_be_network: true,
            ..ImportedHost::default()
        });
    }

    fn add_host(&mut self, host: ImportedHost) {
        if host.port == Some(CONSOLE_PORT) {
            return self.skip(CONSOLES, &host.host);
        }
        self.hosts.push(host);
    }

    /// Adds what was read from another part of the file.
    fn append(&mut self, other: Self) {
        self.hosts.extend(other.hosts);
        for left in other.skipped {
            let unnamed = left.count as usize - left.names.len();
            for name in &left.names {
                self.skip(left.reason, name);
            }
            let kind = self
                .skipped
                .iter_mut()
                .find(|kind| kind.reason == left.reason);
            if let Some(kind) = kind {
                kind.count = kind
                    .count
                    .saturating_add(u32::try_from(unnamed).unwrap_or(u32::MAX));
            }
        }
    }

    pub(super) fn skip(&mut self, reason: &'static str, name: &str) {
        let at = self
            .skipped
            .iter()
            .position(|kind| kind.reason == reason)
            .unwrap_or_else(|| {
                self.skipped.push(Skipped {
                    reason,
                    count: 0,
                    names: Vec::new(),
                });
                self.skipped.len() - 1
            });
        if let Some(kind) = self.skipped.get_mut(at) {
            kind.count = kind.count.saturating_add(1);
            if kind.names.len() < MOST_NAMED {
                kind.names.push(name.trim().to_owned());
            }
        }
    }
}

/// Whether the name of a service is the one of Remote Desktop. `ssl|ms-wbt-server` and `ms-wbt-server?` are guesses of nmap.
fn is_remote_desktop(service: &str) -> bool {
    let service = service
        .trim_end_matches('?')
        .rsplit('|')
        .next()
        .unwrap_or_default();
    service.eq_ignore_ascii_case("ms-wbt-server") || service.eq_ignore_ascii_case("rdp")
}

/// Whether a word names a file of another tool. A host with such a name is given with a final dot.
pub(super) fn is_file_name(word: &str) -> bool {
    let word = word.trim();
    let mut extensions = FORMATS.iter().map(|format| format.extension);
    !word.starts_with('@')
        && extensions.any(|extension| !extension.is_empty() && has_extension(word, extension))
}

pub(super) fn is_csv(list: &str) -> bool {
    has_extension(list, "csv") || has_extension(list, "tsv")
}

fn has_extension(file: &str, wanted: &str) -> bool {
    let extension = Path::new(file).extension().and_then(OsStr::to_str);
    extension.is_some_and(|extension| extension.eq_ignore_ascii_case(wanted))
}

/// Reads a file that is no text; `None` when it is.
pub(super) fn read_bytes(content: &[u8], file: &ListFile<'_>) -> Option<Read> {
    if content.starts_with(b"PK\x03\x04") {
        return Some(xlsx::read(content, file));
    }
    binary::refusal(content).map(Err)
}

/// Reads a file of another tool; `None` when it is a plain list.
pub(super) fn read(file: &ListFile<'_>) -> Option<Read> {
    if file.text.trim_start().starts_with('<') {
        return Some(xml::read(file));
    }
    if let Some(refusal) = binary::refusal_of_text(file.text) {
        return Some(Err(refusal));
    }
    FORMATS.iter().find_map(|format| match format.reader {
        FormatReader::Text(read) => read(file),
        FormatReader::Lines(read) => {
            Some(read(file)?.map(|import| with_other_lines(import, file.text)))
        }
        FormatReader::Xml(..) | FormatReader::Other => None,
    })
}

/// Names the targets between the lines of a format, which its reader passes over: none is left out without a word.
fn with_other_lines(mut import: Import, text: &str) -> Import {
    let read: HashSet<usize> = import.hosts.iter().map(|host| host.line).collect();
    for (line, content) in content(text, '#') {
        let word = content.trim();
        if !read.contains(&line) && is_target(word) {
            import.skip(OTHER_LINES, word);
        }
    }
    import
}

/// Lines with a host among words of a sentence, which would become hosts: their numbers and what they hold.
pub(super) fn sentences(text: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(text.lines()).filter_map(|(line, content)| {
        let before_comment = content.split('#').next().unwrap_or_default().trim();
        let words = before_comment.split_whitespace();
        let is_plain = |word: &&str| word.chars().all(char::is_alphabetic);
        let plain = words.clone().filter(is_plain).count();
        let has_host = words.clone().any(table::cells::is_certain);
        (plain > 1 && has_host).then_some((line, before_comment))
    })
}

/// Addresses, or a name with a dot: a word alone on its line may be a title too.
fn is_target(word: &str) -> bool {
    match spec::target(word) {
        Ok(Target::Addresses { .. }) => true,
        Ok(Target::Name { name, .. }) => name.contains('.'),
        Err(_) => false,
    }
}

/// Lines with their numbers from 1, without comments and what is empty then.
fn content(text: &str, comment: char) -> impl Iterator<Item = (usize, &str)> {
    (1..)
        .zip(text.lines())
        .map(move |(line, content)| {
            (
                line,
                content.split(comment).next().unwrap_or_default().trim_end(),
            )
        })
        .filter(|(_, content)| !content.trim().is_empty())
}

fn read_table(table: Table, file: &ListFile<'_>) -> Read {
    table.read(file.ports, file.column)
}

fn csv(file: &ListFile<'_>) -> Option<Read> {
    let table = table::text::read(file)?;
    Some(table.and_then(|table| read_table(table, file)))
}

/// A pasted column with its heading: below it is a list.
fn column(file: &ListFile<'_>) -> Option<Import> {
    let (heading_line, heading) = table::text::heading_of_column(file.text)?;
    let mut import = Import::of("list with a heading");
    import.columns = vec![("name", format!("`{}`", super::error::excerpt(heading)))];
    for (line, word) in super::list::list_words(file.text).filter(|(line, _)| *line > heading_line)
    {
        import.add_target(word, line);
    }
    Some(import)
}

/// The hosts of a list of values, as in `["srv05", "10.0.0.5"]`.
fn values_of_list<'a>(format: &str, values: impl Iterator<Item = &'a str>) -> Import {
    let mut import = Import::of(format);
    for (entry, value) in (1..).zip(values) {
        import.add_target(value.trim(), entry);
    }
    import
}

/// Line numbers of ascending byte offsets, in one pass over the text.
struct Lines<'a> {
    text: &'a str,
    seen: usize,
    line: usize,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Self {
        Self {
            text,
            seen: 0,
            line: 1,
        }
    }

    /// The line of a byte offset, from 1. An offset before the last one has the line of the last one.
    fn at(&mut self, start: usize) -> usize {
        if let Some(between) = self.text.as_bytes().get(self.seen..start) {
            self.line += between.split(|byte| *byte == b'\n').count() - 1;
            self.seen = start;
        }
        self.line
    }
}

/// The text of a child element.
fn child<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    node.children()
        .find(|child| child.has_tag_name(name))
        .and_then(|child| child.text())
        .map(str::trim)
        .filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests;
