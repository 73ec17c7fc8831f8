//! The layers, put one over the other.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::arguments::read;
use super::parse::not_blank;
use super::{Environment, Given, SavedFleet, Settings, SettingsError, Source, file, nearest};
use crate::report::Format;
use crate::targets::decode;

/// The most bytes of a settings file; the sample takes a hundredth of it.
const MOST_BYTES: u64 = 1 << 20;
/// Settings that the profile decides unless they are set.
const PACE: [&str; 2] = ["scan.concurrency", "scan.rate"];

/// Settings, and where each came from.
#[derive(Debug, Clone)]
pub struct Resolved {
    pub settings: Settings,
    /// The settings file that was read.
    pub file: Option<PathBuf>,
    /// The fleets that it saves.
    pub fleets: Vec<SavedFleet>,
    /// The one that is scanned.
    pub fleet: Option<SavedFleet>,
    given: BTreeMap<&'static str, Given>,
}

impl Resolved {
    /// Where the value of a key came from.
    #[must_use]
    pub fn source(&self, key: &str) -> Source {
        let given = self.given.get(key);
        let by_profile =
            given.is_none_or(|given| given.text.trim().eq_ignore_ascii_case("profile"));
        if PACE.contains(&key) && by_profile {
            return Source::Profile {
                profile: self.settings.scan.profile,
                by: Box::new(self.source("scan.profile")),
            };
        }
        given.map_or(Source::Default, |given| given.source.clone())
    }

    /// Puts a layer over what is there.
    fn apply(&mut self, layer: Vec<Given>) -> Result<(), SettingsError> {
        if layer.iter().any(|given| given.key == "scan.profile") {
            // A profile outranks the figures of the layers below, else `--profile gentle` would change nothing.
            self.given.retain(|key, _| !PACE.contains(key));
        }
        self.given
            .extend(layer.into_iter().map(|given| (given.key, given)));
        self.settings = read(&self.given)?;
        Ok(())
    }
}

/// Puts flags, the saved `fleet`, what a scan `recorded` that is resumed, environment, user file and defaults together. `config` is
/// the settings file named by a flag, and `outputs` the files to write to. The extension of a single one decides the format unless a flag does.
pub(crate) fn resolve(
    flags: &[Given],
    config: Option<&Path>,
    outputs: &[PathBuf],
    recorded: &[Given],
    fleet: Option<&str>,
    environment: &Environment,
) -> Result<Resolved, SettingsError> {
    let mut resolved = Resolved {
        settings: read(&BTreeMap::new())?,
        file: None,
        fleets: Vec::new(),
        fleet: None,
        given: BTreeMap::new(),
    };
    if let Some((path, content)) = user_file(config, environment)? {
        let content = file::read(&decode(&content), &path)?;
        resolved.apply(content.settings)?;
        resolved.file = Some(path);
        resolved.fleets = content.fleets;
    }
    resolved.apply(environment.given()?)?;
    resolved.apply(recorded.to_vec())?;
    if let Some(name) = fleet {
        let fleet = chosen(name, &resolved.fleets)?.clone();
        resolved.apply(with_lookups(fleet.settings.clone())?)?;
        resolved.fleet = Some(fleet);
    }
    let mut layer = with_lookups(flags.to_vec())?;
    let has_format = flags.iter().any(|flag| flag.key == "output.format");
    let files = outputs.iter().filter(|path| *path != Path::new("-"));
    for path in files.filter(|_| !has_format) {
        match Format::from_extension(path) {
            Ok(_) if outputs.len() > 1 => {}
            Ok(format) => layer.push(Given {
                key: "output.format",
                text: format.word().to_owned(),
                source: Source::Flag("-o".to_owned()),
            }),
            Err(_) if resolved.settings.output.format.is_some() => {}
            Err(cause) => return Err(SettingsError::UnknownExtension { cause }),
        }
    }
    resolved.apply(layer)?;
    Ok(resolved)
}

/// A layer whose servers are asked, whatever a layer below it says.
fn with_lookups(mut layer: Vec<Given>) -> Result<Vec<Given>, SettingsError> {
    let is_named = |given: &&Given| given.key == "names.servers";
    if let Some(servers) = layer.iter().find(is_named) {
        // The value of a variable that is empty in a script would leave the system's servers in use.
        not_blank(&servers.text).map_err(|refusal| SettingsError::refused(servers, refusal))?;
        layer.push(Given {
            key: "names.dns",
            text: "true".to_owned(),
            source: servers.source.clone(),
        });
    }
    Ok(layer)
}

fn chosen<'f>(name: &str, fleets: &'f [SavedFleet]) -> Result<&'f SavedFleet, SettingsError> {
    let found = fleets.iter().find(|fleet| fleet.name == name);
    found.ok_or_else(|| SettingsError::UnknownFleet {
        name: name.to_owned(),
        nearest: nearest(name, fleets.iter().map(|fleet| fleet.name.clone())),
        count: fleets.len(),
    })
}

/// The fleets of the settings file alone, for a command line that is not complete.
pub(crate) fn fleets(
    config: Option<&Path>,
    environment: &Environment,
) -> Result<Vec<SavedFleet>, SettingsError> {
    let Some((path, content)) = user_file(config, environment)? else {
        return Ok(Vec::new());
    };
    Ok(file::read(&decode(&content), &path)?.fleets)
}

/// The settings file and its bytes. One that was named must exist; the usual one need not.
fn user_file(
    config: Option<&Path>,
    environment: &Environment,
) -> Result<Option<(PathBuf, Vec<u8>)>, SettingsError> {
    let named = config
        .map(Path::to_owned)
        .or_else(|| environment.named_file());
    let is_named = named.is_some();
    let Some(path) = named.or_else(|| environment.user_file()) else {
        return Ok(None);
    };
    match read_file(&path) {
        Ok(content) if content.len() as u64 > MOST_BYTES => Err(SettingsError::TooLong {
            path,
            most: MOST_BYTES,
        }),
        Ok(content) => Ok(Some((path, content))),
        Err(error) if error.kind() == io::ErrorKind::NotFound && !is_named => Ok(None),
        Err(cause) => Err(SettingsError::Unreadable { path, cause }),
    }
}

/// One byte more than the most tells that there is more.
fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    File::open(path)?
        .take(MOST_BYTES + 1)
        .read_to_end(&mut content)?;
    Ok(content)
}

#[cfg(test)]
#[path = "layers_tests.rs"]
mod tests;
