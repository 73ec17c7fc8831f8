use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::argument::{ListArgument, is_path, is_saved_scan, list_named_by, no_file, no_list};
use super::bad_lines::BadLines;
use super::encoding::decode;
use super::error::{InputPlace, Refusal, Role, TargetError, excerpt};
use super::import::{self, Import, ImportedHost, ListFile};
use super::list::{list_words, words};
use super::ranges::{Range, RangeSet, address, number};
use super::set::{GatewayTarget, ListSummary, NameTarget, RowAddresses, Segments, TargetSet};
use super::spec::{self, Target};
use crate::model::{DEFAULT_PORT, Endpoint, HostKey, Notice, not_a_host};

/// More addresses than this, those of a /16, require `--allow-large`.
pub const ADDRESS_LIMIT: u64 = 65_536;
/// The most bytes of one list; a million hosts take a third of it.
const LIST_LIMIT: u64 = 64 << 20;
/// The most bytes of a list in which a saved scan is recognised.
const HEAD: u64 = 64 << 10;
/// The most addresses of a name in its rows.
const MOST_ROW_ADDRESSES: usize = 64;
/// The name of standard input in messages and in [`TargetSet::texts`].
const STANDARD_INPUT: &str = "standard input";

/// A host of a saved scan that is scanned again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedHost {
    pub key: HostKey,
    /// The gateway, when the host is always reached through it.
    pub gateway: Option<Box<str>>,
}

/// Reads the hosts of a saved scan, by its name and content.
pub type SavedReader<'a> =
    dyn Fn(&str, &mut dyn Read) -> Result<Vec<SavedHost>, Refusal> + Sync + 'a;

#[derive(Default)]
pub struct TargetSetBuilder<'a> {
    ports: Vec<u16>,
    addresses: Vec<AddressRange>,
    names: Vec<(String, Option<u16>)>,
    row_addresses: RowAddresses,
    excluded: Vec<Range>,
    texts: Vec<String>,
    exclude_texts: Vec<String>,
    allow_large: bool,
    read_standard_input: bool,
    behind_gateways: Vec<GatewayTarget>,
    seen_behind_gateways: HashSet<HostKey>,
    notices: Vec<Notice>,
    lists: Vec<ListSummary>,
    saved: Option<&'a SavedReader<'a>>,
    column: Option<String>,
    column_is_used: bool,
}

impl fmt::Debug for TargetSetBuilder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TargetSetBuilder")
            .field("texts", &self.texts)
            .finish_non_exhaustive()
    }
}

/// A range of a target.
#[derive(Debug)]
struct AddressRange {
    range: Range,
    port: Option<u16>,
    /// The target is this one address.
    single: bool,
    /// The index of the target in `texts`.
    text: usize,
}

impl<'a> TargetSetBuilder<'a> {
    /// A builder for which targets without a port of their own get `ports`; none means [`DEFAULT_PORT`].
    #[must_use]
    pub fn new(ports: &[u16]) -> Self {
        Self {
            ports: if ports.is_empty() {
                vec![DEFAULT_PORT]
            } else {
                ports.to_vec()
            },
            ..Self::default()
        }
    }

    /// Lets the set hold more than [`ADDRESS_LIMIT`] addresses.
    pub const fn allow_large(&mut self, allow: bool) -> &mut Self {
        self.allow_large = allow;
        self
    }

    /// Reads saved scans among the lists; without this they are refused.
    pub const fn saved_scans(&mut self, reader: &'a SavedReader<'a>) -> &mut Self {
        self.saved = Some(reader);
        self
    }

    /// Names the column of tables that holds the hosts.
    pub fn column(&mut self, heading: &str) -> &mut Self {
        self.column = Some(heading.to_owned());
        self
    }

    /// Adds an argument: targets, `@FILE` for a list, `-` for a list on standard input, or the path of a file.
    pub fn add_text(&mut self, text: &str) -> Result<&mut Self, TargetError> {
        let path = Path::new(text.trim());
        if import::is_file_name(text) || is_path(text.trim()) || path.is_file() {
            return self.add_file(path);
        }
        match list_named_by(text) {
            Some(ListArgument::StandardInput) => self.add_standard_input(),
            Some(ListArgument::File(path)) => self.add_file(path),
            None => {
                for word in words(text) {
                    self.texts.push(word.to_owned());
                    self.add_word(word, &InputPlace::Arguments)?;
                }
                Ok(self)
            }
        }
    }

    /// Adds the targets of a list; `-` is standard input.
    pub fn add_file(&mut self, path: &Path) -> Result<&mut Self, TargetError> {
        if path == Path::new("-") {
            return self.add_standard_input();
        }
        let list = path.to_string_lossy().into_owned();
        let file = File::open(path).map_err(|cause| unreadable(path, Role::Target, cause))?;
        self.add_content(&list, format!("@{list}"), path, file)
    }

    /// Adds the targets of an open list; `list` is its name in messages.
    pub fn add_reader(&mut self, list: &str, reader: impl Read) -> Result<&mut Self, TargetError> {
        self.add_content(list, list.to_owned(), Path::new(list), reader)
    }

    fn add_content(
        &mut self,
        list: &str,
        text: String,
        path: &Path,
        mut reader: impl Read,
    ) -> Result<&mut Self, TargetError> {
        let mut head = Vec::new();
        let mut beginning = (&mut reader).take(HEAD);
        beginning
            .read_to_end(&mut head)
            .map_err(|cause| unreadable(path, Role::Target, cause))?;
        if is_saved_scan(&head) {
            self.texts.push(text);
            return self.add_saved(list, &mut head.chain(reader));
        }
        let content = read(head.chain(reader), list, path, Role::Target)?;
        self.add_list(list, text, &content)
    }

    fn add_saved(&mut self, list: &str, content: &mut dyn Read) -> Result<&mut Self, TargetError> {
        let refused = |refusal| TargetError::NotUnderstood {
            role: Role::Target,
            list: list.to_owned(),
            refusal,
        };
        let Some(saved) = self.saved else {
            return Err(refused(Refusal::new(
                "it is a saved scan",
                "use the targets themselves",
            )));
        };
        let hosts = saved(list, content).map_err(refused)?;
        let mut summary = ListSummary::new(list, "saved scan of rdpscan");
        for SavedHost { key, gateway } in hosts {
            summary.add(Some(key.port()));
            match (gateway, key) {
                (Some(gateway), key) => self.add_behind_gateway(key, gateway.into()),
                (None, HostKey::Endpoint(endpoint)) => {
                    let at = number(endpoint.address);
                    let target = Target::Addresses {
                        ranges: vec![Range::new(at, at)],
                        single: true,
                        port: None,
                    };
                    self.add_target(target, Some(endpoint.port));
                }
                (None, HostKey::Unresolved { name, port }) => self.names.push((name, Some(port))),
            }
        }
        self.lists.push(summary);
        Ok(self)
    }

    fn add_behind_gateway(&mut self, key: HostKey, gateway: String) {
        if self.seen_behind_gateways.insert(key.clone()) {
            self.behind_gateways.push(GatewayTarget { key, gateway });
        }
    }

    /// Adds an argument of excludes: addresses and ranges, `@FILE` for a list.
    pub fn exclude_text(&mut self, text: &str) -> Result<&mut Self, TargetError> {
        if let Some(ListArgument::File(path)) = list_named_by(text) {
            return self.exclude_file(path);
        }
        for word in words(text) {
            self.exclude_texts.push(word.to_owned());
            self.exclude_word(word, &InputPlace::Arguments)?;
        }
        Ok(self)
    }

    /// Adds the excludes of a list.
    pub fn exclude_file(&mut self, path: &Path) -> Result<&mut Self, TargetError> {
        let (list, content) = read_file(path, Role::Exclude)?;
        self.exclude_texts.push(format!("@{list}"));
        let empty = ListFile {
            text: "",
            is_csv: false,
            ports: &[],
            column: None,
        };
        let is_of_another_tool =
            is_saved_scan(&content) || import::read_bytes(&content, &empty).is_some();
        let content = decode(&content);
        let file = ListFile {
            text: &content,
            is_csv: false,
            ports: &self.ports,
            column: None,
        };
        if is_of_another_tool || import::read(&file).is_some() {
            return Err(TargetError::NotUnderstood {
                role: Role::Exclude,
                list,
                refusal: Refusal::new(
                    "files of other tools are taken as targets, and not as excludes",
                    "use a list of the addresses that must not be touched, one per line",
                ),
            });
        }
        let mut bad = BadLines::of(&list, Role::Exclude);
        for (line, word) in list_words(&content) {
            let list = list.clone();
            bad.note(self.exclude_word(word, &InputPlace::Line { list, line }));
        }
        bad.end()?;
        Ok(self)
    }

    /// Makes the set.
    pub fn build(self) -> Result<TargetSet, TargetError> {
        if self.texts.is_empty() {
            return Err(TargetError::Nothing);
        }
        if let Some(column) = self.column.as_ref().filter(|_| !self.column_is_used) {
            return Err(TargetError::NoTable {
                column: column.clone(),
            });
        }
        if self.addresses.is_empty() && self.names.is_empty() && self.behind_gateways.is_empty() {
            let left_out = self.notices.iter().map(|notice| format!(" ({notice})"));
            return Err(TargetError::Empty {
                texts: self.texts.join(", "),
                left_out: left_out.collect(),
            });
        }
        let excluded = RangeSet::of(self.excluded.clone());
        let left = |ranges: Vec<Range>| RangeSet::of(ranges).without(&excluded);
        let all = left(self.addresses.iter().map(|given| given.range).collect());
        if all.is_empty() && self.names.is_empty() && self.behind_gateways.is_empty() {
            return Err(TargetError::AllExcluded {
                texts: self.texts.join(", "),
                excludes: self.exclude_texts.join(", "),
            });
        }
        if all.count() > ADDRESS_LIMIT && !self.allow_large {
            return Err(TargetError::TooMany {
                largest: self.largest_text(),
                addresses: all.count(),
            });
        }
        let per_port = |wanted: fn(&AddressRange) -> bool| {
            let mut ports: BTreeMap<u16, Vec<Range>> = BTreeMap::new();
            for given in self.addresses.iter().filter(|given| wanted(given)) {
                for port in self.ports_of(given.port.as_ref()) {
                    ports.entry(*port).or_default().push(given.range);
                }
            }
            ports
                .into_iter()
                .map(|(port, ranges)| (port, left(ranges)))
                .collect::<BTreeMap<_, _>>()
        };
        let swept = per_port(|_| true);
        let listed = per_port(|given| given.single);
        let names = self.unique_names();
        Ok(TargetSet {
            swept: Segments::of(&swept),
            listed: Segments::of(&listed),
            excluded,
            addresses: all.count(),
            names,
            row_addresses: self.row_addresses,
            texts: self.texts,
            exclude_texts: self.exclude_texts,
            behind_gateways: self.behind_gateways,
            notices: self.notices,
            lists: self.lists,
            key: None,
        })
    }

    /// Adds these excludes to a set that was built before. Targets of this builder are ignored.
    pub fn exclude_from(self, targets: &mut TargetSet) {
        targets.exclude(self.excluded);
        targets.exclude_texts.extend(self.exclude_texts);
    }

    fn add_standard_input(&mut self) -> Result<&mut Self, TargetError> {
        // A second `-` is the same list once more, not an empty one.
        if std::mem::replace(&mut self.read_standard_input, true) {
            return Ok(self);
        }
        self.add_reader(STANDARD_INPUT, io::stdin().lock())
    }

    fn add_list(
        &mut self,
        list: &str,
        text: String,
        content: &[u8],
    ) -> Result<&mut Self, TargetError> {
        self.texts.push(text);
        let file = ListFile {
            text: "",
            is_csv: import::is_csv(list),
            ports: &self.ports,
            column: self.column.as_deref(),
        };
        let decoded = decode(content);
        let of_text = || {
            import::read(&ListFile {
                text: &decoded,
                ..file
            })
        };
        if let Some(import) = import::read_bytes(content, &file).or_else(of_text) {
            let import = import.map_err(|refusal| TargetError::NotUnderstood {
                role: Role::Target,
                list: list.to_owned(),
                refusal,
            })?;
            return Ok(self.add_import(list, import));
        }
        let mut summary = ListSummary::new(list, "list");
        let mut bad = BadLines::of(list, Role::Target);
        for (line, words) in import::sentences(&decoded) {
            let list = list.to_owned();
            let refusal = Refusal::new(
                "it holds a host among other words",
                "write one host per line, and everything else behind a #",
            );
            let place = InputPlace::Line { list, line };
            bad.note(Err(TargetError::refused(
                &place,
                Role::Target,
                words,
                refusal,
            )));
        }
        for (line, word) in list_words(&decoded) {
            let list = list.to_owned();
            bad.note(
                self.add_word(word, &InputPlace::Line { list, line })
                    .map(|port| summary.add(port)),
            );
        }
        bad.end()?;
        self.lists.push(summary);
        Ok(self)
    }

    /// Adds the hosts of another tool's file. An invalid one is reported and skipped, since the user did not type it.
    fn add_import(&mut self, list: &str, mut import: Import) -> &mut Self {
        self.column_is_used |= !import.columns.is_empty();
        let mut summary = ListSummary::new(list, &import.format);
        summary.columns = std::mem::take(&mut import.columns);
        for host in std::mem::take(&mut import.hosts) {
            match self.add_imported(&host) {
                Ok(port) => summary.add(port),
                Err(NotAHost) => import.skip(
                    "entries that are no name and no address",
                    &format!("{} (line {})", excerpt(&host.host), host.line),
                ),
            }
        }
        self.lists.push(summary);
        for skipped in import.skipped {
            self.notices.push(Notice::EntriesSkipped {
                file: excerpt(list).into(),
                count: skipped.count,
                reason: skipped.reason.into(),
                names: skipped
                    .names
                    .iter()
                    .map(|name| excerpt(name).into())
                    .collect(),
            });
        }
        self
    }

    /// The host's own port.
    fn add_imported(&mut self, host: &ImportedHost) -> Result<Option<u16>, NotAHost> {
        let target = spec::target(&host.host).map_err(|_| NotAHost)?;
        let is_network = matches!(target, Target::Addresses { single: false, .. });
        if is_network && (!host.may_be_network || host.gateway.is_some()) {
            return Err(NotAHost);
        }
        let port = target.port().or(host.port);
        let Some(gateway) = &host.gateway else {
            if let Target::Name { name, .. } = &target {
                let addresses = host.addresses.iter();
                for address in addresses.filter(|address| not_a_host(**address).is_none()) {
                    let known = self.row_addresses.entry(name.as_str().into()).or_default();
                    if !known.contains(address) && known.len() < MOST_ROW_ADDRESSES {
                        known.push(*address);
                    }
                }
            }
            self.add_target(target, host.port);
            return Ok(port);
        };
        let own = port.unwrap_or(DEFAULT_PORT);
        let key = match target {
            Target::Addresses { ranges, .. } => {
                let address = ranges
                    .first()
                    .map(|range| address(range.first))
                    .ok_or(NotAHost)?;
                HostKey::Endpoint(Endpoint::new(address, own))
            }
            Target::Name { name, .. } => HostKey::Unresolved { name, port: own },
        };
        self.add_behind_gateway(key, gateway.clone());
        Ok(Some(own))
    }

    /// The word's own port.
    fn add_word(&mut self, word: &str, place: &InputPlace) -> Result<Option<u16>, TargetError> {
        no_list(word, place, Role::Target)?;
        if *place == InputPlace::Arguments {
            no_file(word)?;
        }
        let target = spec::target(word)
            .map_err(|refusal| TargetError::refused(place, Role::Target, word, refusal))?;
        let port = target.port();
        self.add_target(target, None);
        Ok(port)
    }

    /// Adds a target of the newest text; `port` is the one of a target that names none.
    fn add_target(&mut self, target: Target, port: Option<u16>) {
        let text = self.texts.len().saturating_sub(1);
        match target {
            Target::Addresses {
                ranges,
                single,
                port: own,
            } => self
                .addresses
                .extend(ranges.into_iter().map(|range| AddressRange {
                    range,
                    port: own.or(port),
                    single,
                    text,
                })),
            Target::Name { name, port: own } => self.names.push((name, own.or(port))),
        }
    }

    fn exclude_word(&mut self, word: &str, place: &InputPlace) -> Result<(), TargetError> {
        no_list(word, place, Role::Exclude)?;
        let ranges = spec::exclude(word)
            .map_err(|refusal| TargetError::refused(place, Role::Exclude, word, refusal))?;
        self.excluded.extend(ranges);
        Ok(())
    }

    fn ports_of<'b>(&'b self, own: Option<&'b u16>) -> &'b [u16] {
        own.map_or(&self.ports, std::slice::from_ref)
    }

    fn unique_names(&self) -> Vec<NameTarget> {
        let mut seen = HashSet::new();
        let mut names = Vec::with_capacity(self.names.len());
        for (name, own) in &self.names {
            for port in self.ports_of(own.as_ref()) {
                if seen.insert((name, *port)) {
                    names.push(NameTarget {
                        name: name.clone(),
                        port: *port,
                    });
                }
            }
        }
        names
    }

    /// The text that brings the most addresses.
    fn largest_text(&self) -> String {
        let mut counts = vec![0u128; self.texts.len()];
        for given in &self.addresses {
            if let Some(count) = counts.get_mut(given.text) {
                *count += given.range.count();
            }
        }
        counts
            .iter()
            .zip(&self.texts)
            .max_by_key(|(count, _)| **count)
            .map(|(_, text)| text.clone())
            .unwrap_or_default()
    }
}

/// An entry of a file that is neither a name nor an address.
struct NotAHost;

fn read_file(path: &Path, role: Role) -> Result<(String, Vec<u8>), TargetError> {
    let list = path.to_string_lossy().into_owned();
    let file = File::open(path).map_err(|cause| unreadable(path, role, cause))?;
    let content = read(file, &list, path, role)?;
    Ok((list, content))
}

fn read(reader: impl Read, list: &str, path: &Path, role: Role) -> Result<Vec<u8>, TargetError> {
    let mut content = Vec::new();
    let length = reader
        .take(LIST_LIMIT + 1)
        .read_to_end(&mut content)
        .map_err(|cause| unreadable(path, role, cause))?;
    if length as u64 > LIST_LIMIT {
        return Err(TargetError::TooLong {
            role,
            list: list.to_owned(),
            limit: LIST_LIMIT,
        });
    }
    Ok(content)
}

fn unreadable(path: &Path, role: Role, cause: io::Error) -> TargetError {
    TargetError::Unreadable {
        role,
        path: path.to_owned(),
        cause,
    }
}

#[cfg(test)]
#[path = "builder_tests.rs"]
mod tests;
