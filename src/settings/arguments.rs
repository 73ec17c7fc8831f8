//! The settings as one clap command, of which each argument is a setting and its id the key.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::sync::LazyLock;

use clap::error::{ContextKind, ContextValue};
use clap::{Arg, Args as _, Command, FromArgMatches as _};

use super::parse::switch;
use super::{Given, Settings, SettingsError};
use crate::targets::Refusal;

static COMMAND: LazyLock<Command> = LazyLock::new(|| {
    let command = Settings::augment_args(Command::new("settings").no_binary_name(true));
    command.mut_args(|arg| {
        if arg.get_action().takes_values() {
            arg
        } else {
            arg.value_parser(switch)
        }
    })
});

/// Every setting, in the order of the sample file.
pub(crate) fn arguments() -> impl Iterator<Item = &'static Arg> {
    COMMAND.get_arguments()
}

/// Section and name of every setting.
pub(super) fn keys() -> impl Iterator<Item = &'static str> {
    arguments().map(|arg| arg.get_id().as_str())
}

/// The environment variable that sets a key.
pub(super) fn variable(key: &str) -> String {
    format!("RDPSCAN_{}", key.replace('.', "_").to_ascii_uppercase())
}

/// Reads the settings that were given; the others have their defaults.
pub(super) fn read(given: &BTreeMap<&'static str, Given>) -> Result<Settings, SettingsError> {
    let command = given.values().fold(COMMAND.clone(), |command, given| {
        command.mut_arg(given.key, |arg| arg.default_value(given.text.clone()))
    });
    command
        .try_get_matches_from([""; 0])
        .and_then(|matches| Settings::from_arg_matches(&matches))
        .map_err(|error| {
            let refused = refusal(&error).and_then(|(flag, _, refusal)| {
                let long = flag.strip_prefix("--");
                let argument = arguments().find(|argument| argument.get_long() == long)?;
                Some((given.get(argument.get_id().as_str())?, refusal))
            });
            match refused {
                Some((given, refusal)) => SettingsError::refused(given, refusal.clone()),
                None => SettingsError::Defaults(error),
            }
        })
}

/// The flag, the value and the reason of an error that a parser of ours has raised.
pub(crate) fn refusal(error: &clap::Error) -> Option<(&str, &str, &Refusal)> {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    Some((
        context(ContextKind::InvalidArg)?.split(' ').next()?,
        context(ContextKind::InvalidValue)?,
        error.source()?.downcast_ref()?,
    ))
}
