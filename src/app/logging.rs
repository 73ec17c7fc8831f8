//! The log: off without `-v`, and to a file, because the terminal shows the table.

use std::path::PathBuf;
use std::sync::Mutex;

use anyhow::{Context, Result};
use etcetera::BaseStrategy as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::stderr;
use crate::{clock, platform, sanitize};

/// Starts the log for `-v` (steps) or `-vv` (everything), and prints its folder.
pub(super) fn start(verbosity: u8) -> Result<()> {
    let level = match verbosity {
        0 => return Ok(()),
        1 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let folder = folder()?;
    let shown = sanitize::path(&folder);
    platform::create_private_folder(&folder)
        .with_context(|| format!("cannot make the log folder `{shown}`"))?;
    let day = clock::wall().strftime("%Y-%m-%d");
    let file = platform::append_private(&folder.join(format!("rdpscan.log.{day}")))
        .with_context(|| format!("cannot write to the log folder `{shown}`"))?;
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(Mutex::new(file))
        .with_ansi(false);
    let ours = Targets::new()
        .with_target("rdpscan", level)
        .with_default(LevelFilter::WARN);
    tracing_subscriber::registry().with(layer).with(ours).init();
    stderr::print(&format!("the log goes to {shown}"));
    Ok(())
}

/// The local cache folder, which does not roam.
pub(super) fn folder() -> Result<PathBuf> {
    let folders = etcetera::choose_base_strategy()
        .context("this account has no home folder for logs and copies")?;
    Ok(folders.cache_dir().join("rdpscan"))
}
