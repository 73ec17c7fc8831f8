//! `rdpscan diff`: what has changed between two scans.

use std::path::Path;

use anyhow::{Result, anyhow, bail};

use crate::changes::{Comparison, Snapshot};
use crate::cli::DiffArgs;
use crate::exit::ExitStatus;
use crate::fleet::Rules;
use crate::history::Index;
use crate::report::{self, Format};
use crate::settings::{Resolved, Source};

use super::sink::{self, Sink};
use super::{kept, rules, saved, stderr};

pub(super) fn run(arguments: &DiffArgs, resolved: &Resolved) -> Result<ExitStatus> {
    let settings = &resolved.settings;
    let rules = rules::of(settings);
    let mut index = None;
    let before = snapshot(&arguments.before, &rules, &mut index)?;
    let after = snapshot(&arguments.after, &rules, &mut index)?;
    let comparison = Comparison::new(&before, &after);
    // A format that variables or a file set for every report is not meant for changes, if it has no form for them.
    let is_asked_for = matches!(resolved.source("output.format"), Source::Flag(_));
    let format = settings.output.format;
    let format = format.filter(|format| is_asked_for || format.takes_comparisons());
    let paths = &arguments.output.outputs;
    let outputs = sink::outputs(paths, format, after.times.0, Some(after.id.scan))?;
    if let Some((format, _)) = outputs.iter().find(|(one, _)| !one.takes_comparisons()) {
        let all = Format::comparisons().map(Format::word);
        let all = all.collect::<Vec<_>>().join(", ");
        bail!("{format} has no form for changes; use one of {all}");
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
fn snapshot(argument: &Path, rules: &Rules, index: &mut Option<Index>) -> Result<Snapshot> {
    if let Some(kept) = kept::find(argument)? {
        let connected = match index.take() {
            Some(index) => Ok(index),
            None => Index::connect(&kept::folder()?, rules.clone()),
        };
        match connected.and_then(|connected| index.insert(connected).snapshot(&kept)) {
            Ok(snapshot) => return Ok(snapshot),
            Err(error) => tracing::warn!(%error, "The journal is read in place of the index"),
        }
    }
    let fleet = saved::load(argument, rules)?;
    Snapshot::of(&fleet).ok_or_else(|| anyhow!("`{}` holds no scan", argument.display()))
}

fn write(comparison: &Comparison, format: Format, sink: &Sink) -> Result<()> {
    match sink {
        Sink::Standard => sink::to_standard_output(|width, out| {
            report::write_comparison(format, comparison, width, out)
        }),
        Sink::File(path) => {
            let mut text = Vec::new();
            report::write_comparison(format, comparison, None, &mut text)?;
            Ok(report::write_bytes(path, &text)?)
        }
    }
}
