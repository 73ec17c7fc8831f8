//! By what hosts are judged: the settings in `[policy]`, and what was acknowledged on this machine.

use std::sync::Arc;

use anyhow::{Context as _, Result};

use crate::fleet::{Exceptions, Ignored, Rules};
use crate::history::{AcknowledgementFile, Acknowledgements};
use crate::sanitize;
use crate::settings::Settings;
use crate::table::Filter;

use super::{stderr, ui_state};

/// The file of acknowledgements.
pub(super) fn file() -> Result<AcknowledgementFile> {
    let folder =
        ui_state::folder().context("this account has no home folder for what is acknowledged")?;
    Ok(AcknowledgementFile::at(folder.join("acknowledged.json")))
}

/// The rules of real scans. What was acknowledged and cannot be read is said, and counts again.
pub(super) fn of(settings: &Settings) -> Rules {
    let found = read().unwrap_or_else(|error| {
        stderr::print_error(&error);
        Acknowledgements::default()
    });
    print_damage(&found);
    let mut rules = of_settings(settings);
    rules.exceptions = Arc::new(rules.exceptions.with(found.entries));
    rules
}

fn read() -> Result<Acknowledgements> {
    Ok(file()?.read()?)
}

/// What does not count as of now, of a scan with these exceptions. They stay as they are where the file cannot be read or is damaged:
/// only the next command can say so.
pub(super) fn newest(known: &Arc<Exceptions>) -> Arc<Exceptions> {
    match read() {
        Ok(found) if found.set_aside.is_none() => Arc::new(known.with(found.entries)),
        unread => {
            tracing::warn!(?unread, "What was acknowledged cannot be read");
            Arc::clone(known)
        }
    }
}

/// Without what is acknowledged, which is not about simulated hosts.
pub(super) fn of_settings(settings: &Settings) -> Rules {
    let filters = settings.policy.ignore.iter();
    let ignored = filters.filter_map(|text| {
        let filter = Filter::parse(text).ok()?;
        Some(Ignored {
            text: text.as_str().into(),
            matches: Arc::new(move |host| filter.matches(host)),
        })
    });
    Rules {
        policy: settings.policy.policy(),
        exceptions: Arc::new(Exceptions::new(Vec::new(), ignored.collect())),
    }
}

pub(super) fn print_damage(found: &Acknowledgements) {
    if let Some(path) = &found.set_aside {
        stderr::print(&format!(
            "rdpscan: the file of what was acknowledged is damaged, and is now `{}`; acknowledge again what should not count",
            sanitize::path(path)
        ));
    }
}
