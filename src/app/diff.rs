//! `rdpscan diff`: what has changed between two scans.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail};

use crate::changes::{Comparison, Snapshot};
use crate::cli::DiffArgs;
use crate::diagnosis::Policy;
use crate::exit::ExitStatus;
use crate::history::Index;
use crate::report::{self, Format};
use crate::settings::Settings;
use crate::streams;

use super::sink::{self, Sink};
use super::{kept, saved, stderr};

pub(super) fn run(arguments: &DiffArgs, settings: &Settings) -> Result<ExitStatus> {
    let policy = settings.policy.policy();
    let before = snapshot(&arguments.before, &policy)?;
    let after = snapshot(&arguments.after, &policy)?;
    let comparison = Comparison::new(&before, &after);
    let standard = [PathBuf::from("-")];
    let paths = match &*arguments.output.outputs {
        [] => &standard,
        paths => paths,
    };
    let format = settings.output.format;
    let outputs = sink::outputs(paths, format, after.times.0, Some(after.scan))?;
    if let Some((format, _)) = outputs.iter().find(|(one, _)| !one.takes_comparisons()) {
        let all = Format::ALL
            .into_iter()
            .filter(|one| one.takes_comparisons());
        let all: Vec<&str> = all.map(Format::word).collect();
        bail!(
            "{format} has no form for changes; use one of {}",
            all.join(", ")
        );
    }
    for (format, sink) in &outputs {
        write(&comparison, *format, sink)?;
        if let (Sink::File(path), false) = (sink, settings.output.quiet) {
            stderr::print_written(path);
        }
    }
    let counts = comparison.counts();
    let is_met = arguments
        .fail_on_change
        .iter()
        .any(|class| counts.contains_key(class));
    Ok(if is_met {
        ExitStatus::Findings
    } else {
        ExitStatus::Done
    })
}

/// A scan of the history or of a file. One whose index cannot be used is read from its journal.
pub(super) fn snapshot(argument: &Path, policy: &Policy) -> Result<Snapshot> {
    if let Some(kept) = kept::find(argument)? {
        let indexed = Index::connect(&kept::folder()?, policy.clone());
        match indexed.and_then(|mut index| index.snapshot(&kept)) {
            Ok(snapshot) => return Ok(snapshot),
            Err(error) => tracing::warn!(%error, "The journal is read in place of the index"),
        }
    }
    let fleet = saved::load(argument, policy.clone())?;
    Snapshot::of(&fleet).ok_or_else(|| anyhow!("`{}` holds no scan", argument.display()))
}

fn write(comparison: &Comparison, format: Format, sink: &Sink) -> Result<()> {
    let width = (*sink == Sink::Standard && io::stdout().is_terminal())
        .then(|| crossterm::terminal::size().ok())
        .flatten();
    let width = width.map(|(width, _)| width);
    let mut text = Vec::new();
    report::write_comparison(format, comparison, width, &mut text)?;
    match sink {
        Sink::Standard => {
            let mut out = BufWriter::new(streams::stdout());
            let written = out.write_all(&text).and_then(|()| out.flush());
            sink::ignore_closed_pipe(written).context("cannot write to standard output")
        }
        Sink::File(path) => Ok(report::write_bytes(path, &text)?),
    }
}
