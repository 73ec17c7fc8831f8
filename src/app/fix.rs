//! `rdpscan fix`: writes a folder with the fix script and its hosts for a saved scan.

use anyhow::Result;

use crate::cli::FixArgs;
use crate::counts::counted;
use crate::exit::ExitStatus;
use crate::fix::{self, InsideFacts};
use crate::report::Format;
use crate::sanitize::excerpt;
use crate::settings::Settings;
use crate::table::Filter;

use super::{file_name, rules, saved, sink, stderr};

/// The most notices about facts.
const MOST_NAMED: usize = 10;

pub(super) fn run(arguments: &FixArgs, settings: &Settings) -> Result<ExitStatus> {
    let named = fix::remedies_named(arguments.remedy.iter().map(String::as_str))?;
    let mut inside = InsideFacts::default();
    for path in &arguments.facts {
        inside.extend(InsideFacts::read(path)?);
    }
    let filter = Filter::parse(&settings.output.filter)?;
    let fleet = saved::load(&arguments.file, &rules::of(settings))?;
    let began = fleet
        .times()
        .map_or_else(crate::clock::wall, |(began, _)| began);
    let folder = file_name::expand(&arguments.output, began, fleet.scan())?;
    fix::check_folder(&folder)?;
    let rows = sink::rows(&fleet, &filter, None, Format::Json);
    let hosts = rows.iter().filter_map(|id| fleet.host(*id));
    let plan = fix::plan_with_facts(hosts, &named, &inside);
    for unused in plan.unused_facts.iter().take(MOST_NAMED) {
        let (computer, reason) = (excerpt(&unused.computer), excerpt(&unused.reason));
        stderr::print(&format!(
            "note: the facts of {computer} are not used: {reason}"
        ));
    }
    if let more @ 1.. = plan.unused_facts.len().saturating_sub(MOST_NAMED) {
        let hosts = counted(more as u64, "more host", "more hosts");
        stderr::print(&format!("note: the facts of {hosts} are not used"));
    }
    if plan.is_empty() {
        stderr::print(
            "nothing to fix: no selected host has a finding with a remedy; no folder was made",
        );
        return Ok(ExitStatus::Done);
    }
    fix::write_folder(&folder, &plan)?;
    let mut line = format!(
        "wrote {}: fixes for {}, {}; start with README.md",
        folder.display(),
        counted(plan.hosts as u64, "host", "hosts"),
        plan.reach,
    );
    if !plan.refused.is_empty() {
        let refused = counted(plan.refused.len() as u64, "name", "names");
        line = format!("{line}; {refused} invalid, see refused.csv");
    }
    if fleet.plan().is_some_and(|plan| plan.simulated) {
        line.push_str(
            "; the scan was of the simulated fleet, so look at the script and do not run it",
        );
    }
    stderr::print(&line);
    Ok(ExitStatus::Done)
}
