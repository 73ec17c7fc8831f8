//! Files of other tools as targets.
//!
//! A format is recognised by its content, not by the name of the file. Passwords and user names in these files are never
//! kept, and messages repeat nothing of them but hosts.

mod csv_table;
mod mremoteng;
mod nmap;
mod rdcman;
mod rdp;
mod xml_limits;

use std::ffi::OsStr;
use std::path::Path;

use roxmltree::{Document, Node, ParsingOptions};

use super::error::{Refusal, excerpt};

/// A format of another tool.
struct FileFormat {
    /// The tool that writes it, for the help.
    tool: &'static str,
    /// The extension of its files. No domain ends like this, so such a word is a file and no host.
    extension: &'static str,
    reader: FormatReader,
}

/// How a format is recognised and read.
enum FormatReader {
    /// XML with this root element.
    Xml(&'static str, fn(&Document<'_>) -> Result<Import, Refusal>),
    /// Other text; `None` when it is not of this format.
    Text(fn(&ListFile<'_>) -> Option<Result<Import, Refusal>>),
}

/// Every format, in the order of recognition.
const FORMATS: [FileFormat; 6] = [
    FileFormat {
        tool: "RDCMan",
        extension: "rdg",
        reader: FormatReader::Xml("RDCMan", rdcman::read),
    },
    FileFormat {
        tool: "mRemoteNG",
        extension: "xml",
        reader: FormatReader::Xml("Connections", mremoteng::read),
    },
    FileFormat {
        tool: "mRemoteNG",
        extension: "xml",
        reader: FormatReader::Text(mremoteng::encrypted),
    },
    FileFormat {
        tool: "mstsc",
        extension: "rdp",
        reader: FormatReader::Text(rdp::read),
    },
    FileFormat {
        tool: "nmap -oG",
        extension: "gnmap",
        reader: FormatReader::Text(nmap::read),
    },
    FileFormat {
        tool: "Get-ADComputer",
        extension: "csv",
        reader: FormatReader::Text(csv_table::read),
    },
];

/// Every extension with its tool.
pub(crate) fn file_formats() -> Vec<(&'static str, &'static str)> {
    let mut formats = FORMATS
        .map(|format| (format.extension, format.tool))
        .to_vec();
    formats.dedup();
    formats
}

/// The most elements of an XML file; the largest fleet has a few per host.
const MOST_NODES: u32 = 4_000_000;
/// Consoles of virtual machines are ports of the hypervisor, not Remote Desktop of a host.
const CONSOLES: &str = "consoles of virtual machines";
const BAD_PORTS: &str = "entries whose port is not 1 to 65535";
/// The most nested folders from which a setting is inherited.
const MOST_DEEP: usize = 256;

/// A list that may be of another tool.
pub(super) struct ListFile<'a> {
    pub(super) text: &'a str,
    /// It is named like a table, so its first line is a heading if it can be one.
    pub(super) is_csv: bool,
    /// The ports of targets without a port of their own.
    pub(super) ports: &'a [u16],
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ImportedHost {
    /// Name or address, as written in the file.
    pub(super) host: String,
    /// The port in the file, when there is one.
    pub(super) port: Option<u16>,
    /// From 1.
    pub(super) line: usize,
    /// The gateway, when the file always uses it for this host.
    pub(super) gateway: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Skipped {
    /// The kind of entries, such as `disabled accounts`.
    pub(super) reason: &'static str,
    /// The names of the entries in the file.
    pub(super) names: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Import {
    pub(super) hosts: Vec<ImportedHost>,
    pub(super) skipped: Vec<Skipped>,
}

impl Import {
    /// Adds a host. An invalid port skips it: on the usual port the scan would meet another service than the one in the file.
    fn add(&mut self, host: &str, port: Option<&str>, line: usize, gateway: Option<String>) {
        let port = match port.map(str::trim) {
            None | Some("") => None,
            Some(text) => match text.parse() {
                Ok(port @ 1..) => Some(port),
                _ => return self.skip(BAD_PORTS, &format!("{host} ({text})")),
            },
        };
        self.hosts.push(ImportedHost {
            host: host.to_owned(),
            port,
            line,
            gateway,
        });
    }

    fn skip(&mut self, reason: &'static str, name: &str) {
        let name = name.trim().to_owned();
        match self.skipped.iter_mut().find(|kind| kind.reason == reason) {
            Some(kind) => kind.names.push(name),
            None => self.skipped.push(Skipped {
                reason,
                names: vec![name],
            }),
        }
    }
}

/// Whether a word names a file of another tool. A host with such a name is given with a final dot.
pub(super) fn is_file_name(word: &str) -> bool {
    let word = word.trim();
    !word.starts_with('@')
        && FORMATS
            .iter()
            .any(|format| has_extension(word, format.extension))
}

pub(super) fn is_csv(list: &str) -> bool {
    has_extension(list, "csv")
}

fn has_extension(file: &str, wanted: &str) -> bool {
    let extension = Path::new(file).extension().and_then(OsStr::to_str);
    extension.is_some_and(|extension| extension.eq_ignore_ascii_case(wanted))
}

/// Reads a file of another tool; `None` when it is a plain list.
pub(super) fn read(file: &ListFile<'_>) -> Option<Result<Import, Refusal>> {
    if file.text.trim_start().starts_with('<') {
        return Some(read_xml(file.text));
    }
    FORMATS.iter().find_map(|format| match format.reader {
        FormatReader::Text(read) => read(file),
        FormatReader::Xml(..) => None,
    })
}

fn read_xml(text: &str) -> Result<Import, Refusal> {
    xml_limits::check(text)?;
    let options = ParsingOptions {
        // Entities that grow without end need a DTD, and none of these files has one.
        allow_dtd: false,
        nodes_limit: MOST_NODES,
        ..ParsingOptions::default()
    };
    let document = Document::parse_with_options(text.trim_start(), options).map_err(|error| {
        let error = excerpt(&error.to_string());
        Refusal::new(
            format!("it looks like XML and is none ({error})"),
            "export it again, or give a list with one host per line",
        )
    })?;
    let root = document.root_element().tag_name().name();
    if root == nmap::XML_ROOT {
        return Err(Refusal::new(
            "it is the XML output of nmap, and the grepable output is read",
            "write that: nmap -p 3389 -oG FILE",
        ));
    }
    let read = FORMATS.iter().find_map(|format| match format.reader {
        FormatReader::Xml(of_format, read) if of_format == root => Some(read),
        _ => None,
    });
    let read = read.ok_or_else(|| {
        Refusal::new(
            format!(
                "it is XML, but neither of RDCMan nor of mRemoteNG (it begins with <{}>)",
                excerpt(root)
            ),
            "give an .rdg file, a confCons.xml, the output of nmap -oG, or a list with one host per line",
        )
    })?;
    read(&document)
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
