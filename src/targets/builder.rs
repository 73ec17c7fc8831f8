use std::collections::{BTreeMap, HashSet};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::error::{InputPlace, Refusal, Role, TargetError, excerpt};
use super::import::{self, Import, ImportedHost, ListFile, Skipped};
use super::list::{decode, list_words, words};
use super::ranges::{Range, RangeSet, address};
use super::set::{GatewayTarget, NameTarget, Segments, TargetSet};
use super::spec::{self, Target};
use crate::model::{DEFAULT_PORT, Endpoint, HostKey, Notice};

/// More addresses than this, those of a /16, require `--allow-large`.
pub const ADDRESS_LIMIT: u64 = 65_536;
/// The most bytes of one list; a million hosts take a third of it.
const LIST_LIMIT: u64 = 64 << 20;
/// The most skipped entries that a notice names.
const MOST_NAMED: usize = 20;
/// The name of standard input in messages and in [`TargetSet::texts`].
const STANDARD_INPUT: &str = "standard input";

#[derive(Debug, Default)]
pub struct TargetSetBuilder {
    ports: Vec<u16>,
    addresses: Vec<AddressRange>,
    names: Vec<(String, Option<u16>)>,
    excluded: Vec<Range>,
    texts: Vec<String>,
    exclude_texts: Vec<String>,
    allow_large: bool,
    read_standard_input: bool,
    behind_gateways: Vec<GatewayTarget>,
    seen_behind_gateways: HashSet<HostKey>,
    notices: Vec<Notice>,
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

impl TargetSetBuilder {
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

    /// Adds an argument: targets, `@FILE` for a list, `-` for a list on standard input, or the file of another tool.
    pub fn add_text(&mut self, text: &str) -> Result<&mut Self, TargetError> {
        if import::is_file_name(text) {
            return self.add_file(Path::new(text.trim()));
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
        let (list, content) = read_file(path, Role::Target)?;
        self.add_list(&list, format!("@{list}"), &content)
    }

    /// Adds the targets of an open list; `list` is its name in messages.
    pub fn add_reader(&mut self, list: &str, reader: impl Read) -> Result<&mut Self, TargetError> {
        let content = read(reader, list, Path::new(list), Role::Target)?;
        self.add_list(list, list.to_owned(), &content)
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
        let content = decode(&content);
        let file = ListFile {
            text: &content,
            is_csv: false,
            ports: &self.ports,
        };
        if import::read(&file).is_some() {
            return Err(TargetError::NotUnderstood {
                role: Role::Exclude,
                list,
                refusal: Refusal::new(
                    "files of other tools are taken as targets, and not as excludes",
                    "give a list of the addresses that must not be touched, one per line",
                ),
            });
        }
        for (line, word) in list_words(&content) {
            let list = list.clone();
            self.exclude_word(word, &InputPlace::Line { list, line })?;
        }
        Ok(self)
    }

    /// Makes the set.
    pub fn build(self) -> Result<TargetSet, TargetError> {
        if self.texts.is_empty() {
            return Err(TargetError::Nothing);
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
            texts: self.texts,
            exclude_texts: self.exclude_texts,
            behind_gateways: self.behind_gateways,
            notices: self.notices,
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
        let content = decode(content);
        let file = ListFile {
            text: &content,
            is_csv: import::is_csv(list),
            ports: &self.ports,
        };
        if let Some(import) = import::read(&file) {
            let import = import.map_err(|refusal| TargetError::NotUnderstood {
                role: Role::Target,
                list: list.to_owned(),
                refusal,
            })?;
            return Ok(self.add_import(list, import));
        }
        for (line, word) in list_words(&content) {
            let list = list.to_owned();
            self.add_word(word, &InputPlace::Line { list, line })?;
        }
        Ok(self)
    }

    /// Adds the hosts of another tool's file. An invalid one is reported and skipped, since the user did not type it.
    fn add_import(&mut self, list: &str, import: Import) -> &mut Self {
        let mut invalid = Vec::new();
        for host in import.hosts {
            if self.add_imported(&host).is_none() {
                invalid.push(format!("{} (line {})", excerpt(&host.host), host.line));
            }
        }
        let invalid = (!invalid.is_empty()).then_some(Skipped {
            reason: "entries that are no name and no address",
            names: invalid,
        });
        for skipped in import.skipped.into_iter().chain(invalid) {
            let names = skipped.names.iter().take(MOST_NAMED);
            self.notices.push(Notice::EntriesSkipped {
                file: excerpt(list).into(),
                count: u32::try_from(skipped.names.len()).unwrap_or(u32::MAX),
                reason: skipped.reason.into(),
                names: names.map(|name| excerpt(name).into()).collect(),
            });
        }
        self
    }

    /// `None` when it is no host.
    fn add_imported(&mut self, host: &ImportedHost) -> Option<()> {
        let target = spec::target(&host.host).ok()?;
        if matches!(target, Target::Addresses { single: false, .. }) {
            return None;
        }
        let Some(gateway) = &host.gateway else {
            self.add_target(target, host.port);
            return Some(());
        };
        let own = |port: Option<u16>| port.or(host.port).unwrap_or(DEFAULT_PORT);
        let key = match target {
            Target::Addresses { ranges, port, .. } => {
                let address = ranges.first().map(|range| address(range.first))?;
                HostKey::Endpoint(Endpoint::new(address, own(port)))
            }
            Target::Name { name, port } => HostKey::Unresolved {
                name,
                port: own(port),
            },
        };
        if self.seen_behind_gateways.insert(key.clone()) {
            self.behind_gateways.push(GatewayTarget {
                key,
                gateway: gateway.clone(),
            });
        }
        Some(())
    }

    fn add_word(&mut self, word: &str, place: &InputPlace) -> Result<(), TargetError> {
        no_list(word, place, Role::Target)?;
        if *place == InputPlace::Arguments {
            no_file(word)?;
        }
        let target = spec::target(word)
            .map_err(|refusal| TargetError::refused(place, Role::Target, word, refusal))?;
        self.add_target(target, None);
        Ok(())
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

    fn ports_of<'a>(&'a self, own: Option<&'a u16>) -> &'a [u16] {
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

enum ListArgument<'a> {
    StandardInput,
    File(&'a Path),
}

fn list_named_by(text: &str) -> Option<ListArgument<'_>> {
    match text.trim() {
        "-" | "@-" => Some(ListArgument::StandardInput),
        other => other
            .strip_prefix('@')
            .filter(|path| !path.is_empty())
            .map(|path| ListArgument::File(Path::new(path))),
    }
}

/// Rejects a list inside a list: one that names itself would never end.
fn no_list(word: &str, place: &InputPlace, role: Role) -> Result<(), TargetError> {
    if list_named_by(word).is_none() {
        return Ok(());
    }
    let (reason, way_out) = match (role, place) {
        (Role::Exclude, InputPlace::Arguments) => (
            "excludes are not read from standard input",
            "give a list with --exclude-file FILE",
        ),
        (_, InputPlace::Arguments) => (
            "a list stands alone in its argument",
            "give it as an argument of its own, or with -f FILE",
        ),
        (_, InputPlace::Line { .. }) => (
            "a list cannot hold another list",
            "give every list on the command line",
        ),
    };
    let refusal = Refusal::new(reason, way_out);
    Err(TargetError::refused(place, role, word, refusal))
}

/// Rejects a file without `@`, or after a mistyped command. No domain ends like these; a host with such a name is given with
/// a final dot.
fn no_file(word: &str) -> Result<(), TargetError> {
    let extension = Path::new(word).extension().and_then(OsStr::to_str);
    let extension = extension.map(str::to_ascii_lowercase);
    let name = excerpt(word);
    let way_out = match extension.as_deref() {
        Some("txt" | "lst" | "list" | "toml" | "log") => {
            format!("write @{name} or -f {name} for a list")
        }
        Some("json" | "ndjson" | "jsonl") => {
            format!("write `rdpscan open {name}` or `rdpscan report {name}` for a saved scan")
        }
        Some("xlsx" | "html" | "htm") => "give a list as a text file, with -f FILE".to_owned(),
        _ => return Ok(()),
    };
    let refusal = Refusal::new("it is the name of a file and not of a host", way_out);
    Err(TargetError::refused(
        &InputPlace::Arguments,
        Role::Target,
        word,
        refusal,
    ))
}

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
