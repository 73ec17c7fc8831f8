//! `rdpscan fleets`: the fleets of the settings file, each with its last scan.

use anyhow::Result;

use crate::counts::grouped;
use crate::exit::ExitStatus;
use crate::history::Index;
use crate::report::first;
use crate::settings::Resolved;

use super::history::{MOST_TARGETS, minute, table};
use super::{kept, rules, sink};

pub(super) fn run(resolved: &Resolved) -> Result<ExitStatus> {
    if resolved.fleets.is_empty() {
        sink::print(
            "no fleet is saved; write [fleets.NAME] with targets = [\"10.0.0.0/24\"] into the settings file\n",
        )?;
        return Ok(ExitStatus::Done);
    }
    let rules = rules::of(&resolved.settings);
    let mut index = Index::open(&kept::folder()?, rules)?;
    let mut rows = Vec::new();
    for fleet in &resolved.fleets {
        let [scanned, hosts, problems] = match index.last_of(&fleet.name)? {
            Some(scan) => [
                minute(scan.times.0),
                grouped(scan.hosts),
                grouped(scan.problems),
            ],
            None => ["never".to_owned(), String::new(), String::new()],
        };
        let targets = fleet.targets.iter().map(String::as_str).collect();
        let targets = first(&targets, MOST_TARGETS);
        rows.push([fleet.name.clone(), scanned, hosts, problems, targets]);
    }
    let headings = ["FLEET", "LAST SCAN (UTC)", "HOSTS", "PROBLEMS", "TARGETS"];
    sink::print(&table(headings, rows.into_iter()))?;
    Ok(ExitStatus::Done)
}
