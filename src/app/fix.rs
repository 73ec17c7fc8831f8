//! `rdpscan fix`: writes a folder of fix scripts for a saved scan.

use anyhow::Result;

use crate::cli::FixArgs;
use crate::counts::counted;
use crate::exit::ExitStatus;
use crate::fix;
use crate::report::Format;
use crate::settings::Settings;
use crate::table::Filter;

use super::{file_name, saved, sink, stderr};

pub(super) fn run(arguments: &FixArgs, settings: &Settings) -> Result<ExitStatus> {
    let named = fix::remedies_named(arguments.remedy.iter().map(String::as_str))?;
    let filter = Filter::parse(&settings.output.filter)?;
    let fleet = saved::load(&arguments.file, settings.policy.policy())?;
    let began = fleet
        .times()
        .map_or_else(crate::clock::wall, |(began, _)| began);
    let folder = file_name::expand(&arguments.output, began, fleet.scan())?;
    fix::check_folder(&folder)?;
    let rows = sink::rows(&fleet, &filter, None, Format::Json);
    let hosts = rows.iter().filter_map(|id| fleet.host(*id));
    let plan = fix::plan(hosts, &named);
    if plan.is_empty() {
        stderr::print(
            "nothing to mend: no host that was asked for has a finding with a remedy; no folder was made",
        );
        return Ok(ExitStatus::Done);
    }
    fix::write_folder(&folder, &plan)?;
    let mut line = format!(
        "wrote {}: {} for {}; begin with README.md",
        folder.display(),
        counted(plan.scripts as u64, "script", "scripts"),
        counted(plan.hosts as u64, "host", "hosts"),
    );
    if !plan.refused.is_empty() {
        let refused = counted(plan.refused.len() as u64, "name", "names");
        line = format!("{line}; {refused} refused, see refused.csv");
    }
    if fleet.plan().is_some_and(|plan| plan.simulated) {
        line.push_str(
            "; the scan was of the simulated fleet, so look at the scripts and do not run them",
        );
    }
    stderr::print(&line);
    Ok(ExitStatus::Done)
}
