//! The fix script: one text, the same for every scan. It reads its hosts from `hosts.csv`.

use std::sync::LazyLock;

use crate::diagnosis::remedies::{self, Remedy};

/// The file in the folder.
pub const SCRIPT: &str = "Repair-RdpHost.ps1";

/// In order. `tests/pwsh/kit.ps1` reads the order here.
const PARTS: [&str; 25] = [
    include_str!("repair/head.ps1"),
    include_str!("repair/plan.ps1"),
    include_str!("repair/R01.ps1"),
    include_str!("repair/R02.ps1"),
    include_str!("repair/R03.ps1"),
    include_str!("repair/R04.ps1"),
    include_str!("repair/R05.ps1"),
    include_str!("repair/R06.ps1"),
    include_str!("repair/R07.ps1"),
    include_str!("repair/R08.ps1"),
    include_str!("repair/R12.ps1"),
    include_str!("repair/names.ps1"),
    include_str!("repair/reading.ps1"),
    include_str!("repair/facts.ps1"),
    include_str!("repair/host.ps1"),
    include_str!("repair/change.ps1"),
    include_str!("repair/rows.ps1"),
    include_str!("repair/written.ps1"),
    include_str!("repair/session.ps1"),
    include_str!("repair/read.ps1"),
    include_str!("repair/step.ps1"),
    include_str!("repair/record.ps1"),
    include_str!("repair/undo.ps1"),
    include_str!("repair/run.ps1"),
    include_str!("repair/tail.ps1"),
];

pub(super) fn text() -> String {
    PARTS.join("\n")
}

/// A remedy that the script carries out, or looks into.
#[derive(Debug, Clone, Copy)]
pub(super) struct ScriptStep {
    pub(super) remedy: &'static Remedy,
    pub(super) reads_only: bool,
}

/// In the order in which the script goes by: that of the table `$Remedies` in `plan.ps1`.
static STEPS: LazyLock<Vec<ScriptStep>> = LazyLock::new(|| {
    let table = PARTS
        .iter()
        .find_map(|part| part.split_once("$Remedies = [ordered]@{"));
    let (_, table) = table.unwrap_or_default();
    table
        .lines()
        .skip(1)
        .map_while(|line| line.split_once(" = @{"))
        .filter_map(|(key, about)| {
            Some(ScriptStep {
                remedy: remedies::find(key)?,
                reads_only: about.contains("Reads = $true"),
            })
        })
        .collect()
});

pub(super) fn step(remedy: &Remedy) -> Option<&'static ScriptStep> {
    STEPS.iter().find(|step| step.remedy.key == remedy.key)
}

#[must_use]
pub fn has_script(remedy: &Remedy) -> bool {
    step(remedy).is_some()
}

/// Sorts remedies by when they are done: in the order of the script, then those without a script by number.
pub(super) fn order(remedy: &Remedy) -> (usize, u8) {
    let place = STEPS.iter().position(|step| step.remedy.key == remedy.key);
    (place.unwrap_or(usize::MAX), remedy.number())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    #[test]
    fn the_script_has_every_part_once() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/fix/repair");
        let files: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
            .collect();
        let parts: BTreeSet<String> = PARTS.iter().map(|part| (*part).to_owned()).collect();
        assert_eq!(parts.len(), PARTS.len());
        assert!(
            files == parts,
            "a file of the folder is no part of the script"
        );
        assert!(text().starts_with("#Requires -Version 5.1\n\n<#\n.SYNOPSIS"));
        assert!(text().is_ascii());
    }

    #[test]
    fn the_parameter_takes_the_keys_of_all_steps() {
        let text = text();
        let mut lists = text.lines().filter_map(|line| {
            let keys = line.trim().strip_prefix("[ValidateSet(")?;
            keys.starts_with("'R1'")
                .then(|| keys.trim_end_matches(")]"))
        });
        let listed: BTreeSet<&str> = lists.next().unwrap().split(", ").collect();
        let keys = STEPS.iter().map(|step| format!("'{}'", step.remedy.key));
        assert_eq!(
            listed,
            keys.collect::<Vec<_>>()
                .iter()
                .map(String::as_str)
                .collect()
        );
    }

    #[test]
    fn a_remedy_is_in_the_script_or_says_why_it_is_not() {
        assert_eq!(STEPS.len(), 16);
        for remedy in remedies::all() {
            assert_eq!(
                has_script(remedy),
                remedy.no_script.is_none(),
                "{}",
                remedy.key
            );
        }
        let reading: Vec<&str> = STEPS
            .iter()
            .filter(|step| step.reads_only)
            .map(|step| step.remedy.key.as_str())
            .collect();
        assert_eq!(reading, ["R10", "R11", "R13", "R14", "R15", "R20"]);
    }

    /// The question before a step names it as its page does.
    #[test]
    fn the_script_calls_remedies_by_their_titles() {
        for step in STEPS.iter() {
            let (first, rest) = step.remedy.title.split_at(1);
            let title = format!("Title = '{}{rest}'", first.to_lowercase());
            assert!(text().contains(&title), "{title}");
        }
    }

    /// And what it interrupts.
    #[test]
    fn the_script_and_the_pages_say_alike_what_a_step_interrupts() {
        let text = text();
        let quoted = |after: &str| {
            let (_, rest) = text.split_once(after)?;
            rest.lines().next()?.split('\'').next()
        };
        let cuts_off = quoted("$CutsOff = '").unwrap();
        for step in STEPS.iter().filter(|step| !step.reads_only) {
            let key = &step.remedy.key;
            let page = step.remedy.interrupts.to_lowercase();
            let row = text.lines().find(|line| {
                let rest = line.trim_start().strip_prefix(key.as_str());
                rest.is_some_and(|rest| rest.trim_start().starts_with("= @{"))
            });
            let always = row.unwrap().split_once("Interrupts = ");
            let said = match always.map(|(_, rest)| rest) {
                None => "nothing",
                Some(rest) if rest.starts_with("$CutsOff") => cuts_off,
                Some(rest) => rest.split('\'').nth(1).unwrap(),
            };
            assert!(
                page.contains(&said.to_lowercase()),
                "{key}: `{said}` is not in `{page}`"
            );
            let measure = format!("function Measure-{key} {{");
            let (_, body) = text.split_once(&measure).unwrap();
            let body = body.split("\nfunction ").next().unwrap();
            let restarts = body.contains("$Finding.Restarts = ");
            assert!(!restarts || page.contains(cuts_off), "{key}: {page}");
        }
    }

    #[test]
    fn what_only_the_clock_and_settings_allow_comes_after_them() {
        let key = |key| order(remedies::find(key).unwrap());
        let keys = [
            "R12", "R3", "R2", "R4", "R1", "R5", "R6", "R8", "R7", "R9", "R16",
        ];
        assert!(keys.windows(2).all(|two| key(two[0]) < key(two[1])));
    }
}
