//! What admins already have: files of other tools as targets.
//!
//! Told apart by what is in them, not by their name. Passwords and user names in these files are never kept, and nothing of
//! them is repeated in a message but hosts.

mod directory;
mod mremoteng;
mod rdcman;
mod rdp;

use std::ffi::OsStr;
use std::path::Path;

use roxmltree::{Document, Node, ParsingOptions};

use super::error::Refusal;

/// Elements of an XML file; the largest fleet has a few for each host.
const MOST_NODES: u32 = 4_000_000;
/// What a console of a virtual machine is called: it is a port of the hypervisor, and not Remote Desktop of a host.
const CONSOLES: &str = "consoles of virtual machines";
/// Entries that would be looked for on the wrong port.
const BAD_PORTS: &str = "entries whose port is not 1 to 65535";
/// Folders inside each other from which a setting is inherited.
const MOST_DEEP: usize = 256;

/// A host of such a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Imported {
    /// Name or address, as it stands there.
    pub(super) host: String,
    /// The port that the file gives it, when it is not the usual one.
    pub(super) port: Option<u16>,
    /// 1 for the first line.
    pub(super) line: usize,
    /// The gateway that leads there, when the file says that one is always used.
    pub(super) gateway: Option<String>,
}

/// What was not taken, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LeftOut {
    /// What they are, such as `disabled accounts`.
    pub(super) reason: &'static str,
    /// What it is about, each by the name that the file gives it.
    pub(super) names: Vec<String>,
}

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Import {
    pub(super) hosts: Vec<Imported>,
    pub(super) left_out: Vec<LeftOut>,
}

impl Import {
    /// Takes a host. One with a port that is none is told and left out: on the usual port another service would be looked at
    /// than the one that was meant.
    fn take(&mut self, host: &str, port: Option<&str>, line: usize, gateway: Option<String>) {
        let port = match port.map(str::trim) {
            None | Some("") => None,
            Some(text) => match text.parse() {
                Ok(port @ 1..) => Some(port),
                _ => return self.leave_out(BAD_PORTS, &format!("{host} ({text})")),
            },
        };
        self.hosts.push(Imported {
            host: host.to_owned(),
            port,
            line,
            gateway,
        });
    }

    fn leave_out(&mut self, reason: &'static str, name: &str) {
        let name = name.trim().to_owned();
        match self.left_out.iter_mut().find(|left| left.reason == reason) {
            Some(left) => left.names.push(name),
            None => self.left_out.push(LeftOut {
                reason,
                names: vec![name],
            }),
        }
    }
}

/// Whether a word is the name of such a file, and no host: no domain ends like this. A host that is called so all the same has
/// a final dot.
pub(super) fn is_named_like_one(word: &str) -> bool {
    let extension = Path::new(word.trim())
        .extension()
        .and_then(OsStr::to_str)
        .map(str::to_ascii_lowercase);
    let of_its_own = !word.trim().starts_with('@');
    of_its_own && matches!(extension.as_deref(), Some("rdg" | "rdp" | "xml" | "csv"))
}

/// Whether a file is called like a table.
pub(super) fn is_named_like_a_table(list: &str) -> bool {
    let extension = Path::new(list).extension();
    extension.is_some_and(|extension| extension.eq_ignore_ascii_case("csv"))
}

/// Reads a file of another tool; `None` when it is a plain list. `is_csv`: it is called like a table.
pub(super) fn read(text: &str, is_csv: bool) -> Option<Result<Import, Refusal>> {
    if text.trim_start().starts_with('<') {
        return Some(xml(text));
    }
    if rdp::is_one(text) {
        return Some(Ok(rdp::read(text)));
    }
    if mremoteng::is_encrypted(text) {
        return Some(Err(mremoteng::encrypted()));
    }
    directory::read(text, is_csv)
}

fn xml(text: &str) -> Result<Import, Refusal> {
    let options = ParsingOptions {
        // Entities that grow without end need a DTD, and none of these files has one.
        allow_dtd: false,
        nodes_limit: MOST_NODES,
        ..ParsingOptions::default()
    };
    let document = Document::parse_with_options(text.trim_start(), options).map_err(|error| {
        let error = super::shown(&error.to_string());
        Refusal::new(
            format!("it looks like XML and is none ({error})"),
            "export it again, or give a list with one host per line",
        )
    })?;
    let root = document.root_element();
    match root.tag_name().name() {
        "RDCMan" => Ok(rdcman::read(&document)),
        "Connections" => mremoteng::read(&document),
        other => Err(Refusal::new(
            format!(
                "it is XML, but neither of RDCMan nor of mRemoteNG (it begins with <{}>)",
                super::shown(other)
            ),
            "give an .rdg file, a confCons.xml, or a list with one host per line",
        )),
    }
}

/// Line numbers of places in the order of the text: each part of it is looked at once, whatever its length.
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

    /// The line of a byte offset, 1 for the first; what stands before the last one asked for counts as that one.
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
