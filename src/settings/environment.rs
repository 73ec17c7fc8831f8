use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use etcetera::BaseStrategy as _;

use super::arguments::{keys, variable};
use super::{Given, SettingsError, Source, nearest};

/// The variable that stands for `--config`.
const CONFIG: &str = "RDPSCAN_CONFIG";

/// The variables that begin with `RDPSCAN_`, and the folder of user settings. Data, so that tests need not touch those of the
/// process.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, OsString>,
    config_folder: Option<PathBuf>,
}

impl Environment {
    /// Other variables and empty ones are left out.
    #[must_use]
    pub fn new(
        variables: impl IntoIterator<Item = (OsString, OsString)>,
        config_folder: Option<PathBuf>,
    ) -> Self {
        let variables = variables
            .into_iter()
            .filter_map(|(name, value)| {
                let mut name = name.into_string().ok()?;
                // Names of variables have no case on Windows.
                if cfg!(windows) {
                    name.make_ascii_uppercase();
                }
                (name.starts_with("RDPSCAN_") && !value.is_empty()).then_some((name, value))
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

    /// The settings file that `RDPSCAN_CONFIG` names.
    pub(super) fn named_file(&self) -> Option<PathBuf> {
        self.variables.get(CONFIG).map(PathBuf::from)
    }

    /// The file that is read when none is named, whether it exists or not.
    pub(super) fn user_file(&self) -> Option<PathBuf> {
        let folder = self.config_folder.as_ref()?;
        Some(folder.join("rdpscan").join("rdpscan.toml"))
    }

    pub(super) fn given(&self) -> Result<Vec<Given>, SettingsError> {
        let given = self.variables.iter().filter(|(name, _)| *name != CONFIG);
        given
            .map(|(name, value)| {
                let key = keys().find(|key| variable(key) == *name).ok_or_else(|| {
                    SettingsError::UnknownVariable {
                        name: name.clone(),
                        nearest: nearest(name, keys().map(variable)),
                    }
                })?;
                Ok(Given {
                    key,
                    text: value.to_string_lossy().into_owned(),
                    source: Source::Environment(name.clone()),
                })
            })
            .collect()
    }
}
