//! The layers, put one over the other.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;

use super::error::SettingsError;
use super::keys::{BY_PROFILE, KEYS, PACE, PROFILE, find};
use super::nearest::nearest;
use super::{Profile, SAMPLE, Settings, file};
use crate::cli::{Cli, Flag};
use crate::report::Format;
use crate::targets::{decode, excerpt};

/// Every variable that rdpscan reads begins so.
const PREFIX: &str = "RDPSCAN_";
/// The variable that stands for `--config`.
const CONFIG_VARIABLE: &str = "RDPSCAN_CONFIG";

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The embedded file.
    Default,
    /// A settings file.
    File {
        /// Its path.
        path: PathBuf,
        /// 1 for the first line.
        line: usize,
    },
    /// An environment variable.
    Environment(String),
    /// A flag.
    Flag(&'static str),
    /// A profile that was chosen there.
    Profile {
        /// The profile.
        profile: Profile,
        /// Where it was chosen.
        by: Box<Self>,
    },
}

impl Source {
    /// The layer in one word.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::File { .. } => "file",
            Self::Environment(_) => "environment",
            Self::Flag(_) => "flag",
            Self::Profile { .. } => "profile",
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => {
                write!(f, "{} line {line}", excerpt(&path.to_string_lossy()))
            }
            Self::Environment(name) => f.write_str(name),
            Self::Flag(flag) => f.write_str(flag),
            Self::Profile { profile, by } => write!(f, "profile {} ({by})", profile.word()),
        }
    }
}

/// What the surroundings say: variables that begin with `RDPSCAN_`, and where user settings live. Taken as data, so that
/// tests need not touch those of the process.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, OsString>,
    config_folder: Option<PathBuf>,
}

impl Environment {
    /// An environment of one's own; variables without the prefix `RDPSCAN_` are left out.
    #[must_use]
    pub fn new(
        variables: impl IntoIterator<Item = (OsString, OsString)>,
        config_folder: Option<PathBuf>,
    ) -> Self {
        let variables = variables
            .into_iter()
            .filter_map(|(name, value)| {
                let name = name.into_string().ok()?;
                // Windows knows variables in any case.
                let name = if cfg!(windows) {
                    name.to_ascii_uppercase()
                } else {
                    name
                };
                (name.starts_with(PREFIX) && !value.is_empty()).then_some((name, value))
            })
            .collect();
        Self {
            variables,
            config_folder,
        }
    }

    /// The process's own: `$XDG_CONFIG_HOME` or `~/.config`, on Windows `%APPDATA%`.
    #[must_use]
    pub fn process() -> Self {
        let strategy = etcetera::choose_base_strategy();
        Self::new(
            std::env::vars_os(),
            strategy.ok().map(|folders| folders.config_dir()),
        )
    }

    /// The file that is read when no other is named, whether it exists or not.
    #[must_use]
    pub fn user_file(&self) -> Option<PathBuf> {
        let folder = self.config_folder.as_ref()?;
        Some(folder.join("rdpscan").join("rdpscan.toml"))
    }
}

/// Settings, and where each came from.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The values.
    pub settings: Settings,
    /// The settings file that was read.
    pub file: Option<PathBuf>,
    sources: BTreeMap<&'static str, Source>,
}

impl Resolved {
    /// Where the setting's value came from.
    #[must_use]
    pub fn source(&self, key: &str) -> &Source {
        self.sources.get(key).unwrap_or(&Source::Default)
    }

    /// Puts a layer over what is there.
    fn apply(&mut self, mut layer: Vec<Given>) -> Result<(), SettingsError> {
        layer.sort_by_key(|given| KEYS.iter().position(|key| key.path == given.key));
        for given in layer {
            let Some(key) = find(given.key) else { continue };
            (key.read)(&mut self.settings, given.text.trim()).map_err(|refusal| {
                SettingsError::Value {
                    origin: given.source.clone(),
                    key: key.path,
                    value: given.text.clone(),
                    reason: refusal.reason,
                    way_out: refusal.way_out,
                }
            })?;
            let by_profile = Source::Profile {
                profile: self.settings.scan.profile,
                by: Box::new(given.source.clone()),
            };
            if key.path == PROFILE {
                // A profile outranks the figures of the layers below, else `--profile gentle` would be none.
                self.settings.scan.concurrency = self.settings.scan.profile.concurrency();
                self.settings.scan.rate = self.settings.scan.profile.rate();
                for pace in PACE {
                    self.sources.insert(pace, by_profile.clone());
                }
            }
            let is_by_profile =
                PACE.contains(&key.path) && given.text.trim().eq_ignore_ascii_case(BY_PROFILE);
            let source = match (is_by_profile, self.sources.get(PROFILE)) {
                (true, Some(chosen)) => Source::Profile {
                    profile: self.settings.scan.profile,
                    by: Box::new(chosen.clone()),
                },
                (true, None) => by_profile,
                (false, _) => given.source,
            };
            self.sources.insert(key.path, source);
        }
        Ok(())
    }
}

/// A value of one layer.
struct Given {
    key: &'static str,
    text: String,
    source: Source,
}

/// Puts flags, environment, user file and defaults together.
pub fn resolve(cli: &Cli, environment: &Environment) -> Result<Resolved, SettingsError> {
    let mut resolved = Resolved {
        settings: Settings::default(),
        file: None,
        sources: BTreeMap::new(),
    };
    resolved.apply(
        file::read(SAMPLE, Path::new("config/rdpscan.toml"))?
            .into_iter()
            .map(|entry| Given {
                key: entry.key,
                text: entry.text,
                source: Source::Default,
            })
            .collect(),
    )?;
    if let Some((path, content)) = user_file(cli, environment)? {
        let entries = file::read(&decode(&content), &path)?;
        let layer = entries.into_iter().map(|entry| Given {
            key: entry.key,
            text: entry.text,
            source: Source::File {
                path: path.clone(),
                line: entry.line,
            },
        });
        resolved.apply(layer.collect())?;
        resolved.file = Some(path);
    }
    resolved.apply(variables(environment)?)?;
    let flags = cli.flags();
    let asks_servers = flags.iter().any(|flag| flag.key == "names.servers");
    let mut layer: Vec<_> = flags.into_iter().map(Given::from).collect();
    if asks_servers {
        // Whoever names servers wants them asked, whatever a file says.
        layer.push(Given {
            key: "names.dns",
            text: "true".to_owned(),
            source: Source::Flag("--dns"),
        });
    }
    resolved.apply(layer)?;
    format_of_output(cli, &mut resolved)?;
    Ok(resolved)
}

impl From<Flag> for Given {
    fn from(flag: Flag) -> Self {
        Self {
            key: flag.key,
            text: flag.text,
            source: Source::Flag(flag.name),
        }
    }
}

/// The settings file and its bytes. One that was named must exist; the usual one need not.
fn user_file(
    cli: &Cli,
    environment: &Environment,
) -> Result<Option<(PathBuf, Vec<u8>)>, SettingsError> {
    let named = cli.config_file().map(Path::to_owned).or_else(|| {
        let path = environment.variables.get(CONFIG_VARIABLE)?;
        Some(PathBuf::from(path))
    });
    let is_named = named.is_some();
    let Some(path) = named.or_else(|| environment.user_file()) else {
        return Ok(None);
    };
    match std::fs::read(&path) {
        Ok(content) => Ok(Some((path, content))),
        Err(error) if error.kind() == io::ErrorKind::NotFound && !is_named => Ok(None),
        Err(cause) => Err(SettingsError::Unreadable { path, cause }),
    }
}

fn variables(environment: &Environment) -> Result<Vec<Given>, SettingsError> {
    let known: Vec<_> = KEYS.iter().map(|key| (key.variable(), key.path)).collect();
    environment
        .variables
        .iter()
        .filter(|(name, _)| *name != CONFIG_VARIABLE)
        .map(|(name, value)| {
            let Some((_, key)) = known.iter().find(|(variable, _)| variable == name) else {
                let nearest = nearest(name, known.iter().map(|(variable, _)| variable.clone()));
                let name = name.clone();
                return Err(SettingsError::UnknownVariable { name, nearest });
            };
            Ok(Given {
                key,
                text: value.to_string_lossy().into_owned(),
                source: Source::Environment(name.clone()),
            })
        })
        .collect()
}

/// `-o hosts.csv` says the format, unless a flag already does.
fn format_of_output(cli: &Cli, resolved: &mut Resolved) -> Result<(), SettingsError> {
    let Some(path) = cli.output_file().filter(|path| *path != Path::new("-")) else {
        return Ok(());
    };
    if matches!(resolved.source("output.format"), Source::Flag(_)) {
        return Ok(());
    }
    match Format::from_extension(path) {
        Ok(format) => {
            resolved.settings.output.format = Some(format);
            resolved.sources.insert("output.format", Source::Flag("-o"));
            Ok(())
        }
        Err(_) if resolved.settings.output.format.is_some() => Ok(()),
        Err(cause) => Err(SettingsError::UnknownExtension { cause }),
    }
}

#[cfg(test)]
#[path = "resolve_tests.rs"]
mod tests;
