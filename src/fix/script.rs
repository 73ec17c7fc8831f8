//! `PowerShell` scripts: a common frame, and the checks and changes of each remedy.

use super::machine::Machine;
use super::name::HostName;
use crate::diagnosis::remedies::Remedy;

const FRAME: &str = include_str!("scripts/frame.ps1");

/// In the text of a remedy: its parameters are above.
const PARAMETERS_END: &str = "#---\n";

/// Runs programs such as `icacls.exe`.
const PROGRAM: &str = include_str!("scripts/with_program.ps1");
/// Reads registry values with all that is needed to restore them.
const REGISTRY: &str = include_str!("scripts/with_registry.ps1");
/// Restores registry values, and saves keys with a [`PROGRAM`].
const REGISTRY_BACK: &str = include_str!("scripts/with_registry_back.ps1");
/// Finds the file of a private key and its permissions.
const KEY: &str = include_str!("scripts/with_key.ps1");

/// The part of a remedy.
struct ScriptBody {
    /// Functions that its blocks call.
    with: &'static [&'static str],
    /// Its parameters and blocks.
    text: &'static str,
}

impl ScriptBody {
    const fn new(with: &'static [&'static str], text: &'static str) -> Self {
        Self { with, text }
    }

    /// `None` when the remedy is not applied on the host.
    fn of(key: &str) -> Option<Self> {
        Some(match key {
            "R1" => Self::new(&[KEY], include_str!("scripts/r01.ps1")),
            "R2" => Self::new(&[PROGRAM, KEY], include_str!("scripts/r02.ps1")),
            "R3" => Self::new(
                &[PROGRAM, REGISTRY, KEY, REGISTRY_BACK],
                include_str!("scripts/r03.ps1"),
            ),
            "R4" => Self::new(
                &[REGISTRY, KEY, REGISTRY_BACK],
                include_str!("scripts/r04.ps1"),
            ),
            "R5" => Self::new(
                &[PROGRAM, REGISTRY, REGISTRY_BACK],
                include_str!("scripts/r05.ps1"),
            ),
            "R6" => Self::new(
                &[REGISTRY, KEY, REGISTRY_BACK],
                include_str!("scripts/r06.ps1"),
            ),
            "R7" => Self::new(&[], include_str!("scripts/r07.ps1")),
            "R8" => Self::new(&[REGISTRY, REGISTRY_BACK], include_str!("scripts/r08.ps1")),
            "R9" => Self::new(&[], include_str!("scripts/r09.ps1")),
            "R10" => Self::new(&[], include_str!("scripts/r10.ps1")),
            "R11" => Self::new(&[PROGRAM, REGISTRY], include_str!("scripts/r11.ps1")),
            "R12" => Self::new(&[PROGRAM], include_str!("scripts/r12.ps1")),
            "R13" => Self::new(&[REGISTRY], include_str!("scripts/r13.ps1")),
            "R14" => Self::new(&[REGISTRY], include_str!("scripts/r14.ps1")),
            "R15" => Self::new(&[REGISTRY, REGISTRY_BACK], include_str!("scripts/r15.ps1")),
            "R20" => Self::new(&[], include_str!("scripts/r20.ps1")),
            _ => return None,
        })
    }

    fn reach(&self) -> ScriptEffect {
        match (
            self.text.contains("\n$Change = {"),
            self.text.contains("\n$Restore = {"),
        ) {
            (_, true) => ScriptEffect::Undoes,
            (true, false) => ScriptEffect::Changes,
            (false, false) => ScriptEffect::Reads,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScriptEffect {
    /// Reports only.
    Reads,
    /// Changes with `-Apply`.
    Changes,
    /// Changes with `-Apply`, and restores with `-Undo`.
    Undoes,
}

#[must_use]
pub fn has_script(remedy: &Remedy) -> bool {
    reach(remedy).is_some()
}

/// The effect of the script; `None` when there is none.
pub(super) fn reach(remedy: &Remedy) -> Option<ScriptEffect> {
    ScriptBody::of(&remedy.key).map(|body| body.reach())
}

/// The script for some hosts, in ASCII with CRLF. It skips the hosts in `unproven`, not known to be Windows, without
/// `-ComputerName`.
pub(super) fn script(
    remedy: &Remedy,
    machines: &[&Machine],
    unproven: &[&Machine],
) -> Option<String> {
    let body = ScriptBody::of(&remedy.key)?;
    let reach = body.reach();
    let (parameters, own) = body
        .text
        .split_once(PARAMETERS_END)
        .unwrap_or(("", body.text));
    let mut text = String::with_capacity(
        FRAME.len() + own.len() + 8192 + (machines.len() + unproven.len()) * 96,
    );
    // One pass, so that inserted text is not searched again.
    let mut parts = FRAME.split("@@");
    text.push_str(parts.next().unwrap_or_default());
    let mut wanted = true;
    while let Some(word) = parts.next() {
        let after = parts.next().unwrap_or_default();
        match word {
            // The following text is for scripts with this effect.
            "READS" => wanted = reach == ScriptEffect::Reads,
            "CHANGES" => wanted = reach != ScriptEffect::Reads,
            "UNDO" => wanted = reach == ScriptEffect::Undoes,
            "ALWAYS" => wanted = true,
            _ => {}
        }
        if !wanted {
            continue;
        }
        match word {
            "KEY" => text.push_str(&remedy.key),
            "TITLE" => text.push_str(&remedy.title),
            "ACTION" => text.push_str(&remedy.title.replace('\'', "''")),
            "INTERRUPTS" => text.push_str(&remedy.interrupts),
            "PARAMETERS" => text.push_str(parameters),
            "HOSTS" => text.push_str(&hosts(machines)),
            "UNPROVEN" => text.push_str(&hosts(unproven)),
            "BODY" => {
                for part in body.with {
                    text.push_str(part);
                    text.push('\n');
                }
                text.push_str(own);
            }
            _ => {}
        }
        text.push_str(after);
    }
    Some(text.replace('\n', "\r\n"))
}

/// The lines of a host array, of checked names, addresses and numbers only.
fn hosts(machines: &[&Machine]) -> String {
    let line = |machine: &&Machine| {
        let computer = machine.computer()?;
        let address = machine.address?;
        let expected = machine.expected.as_ref().map_or("", HostName::as_str);
        Some(format!(
            "    [pscustomobject]@{{ Computer = '{computer}'; Address = '{address}'; Port = {}; Expected = '{expected}' }}\n",
            machine.port,
        ))
    };
    machines.iter().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::remedies;

    #[test]
    fn the_frame_has_no_other_placeholders() {
        let words: Vec<&str> = FRAME.split("@@").skip(1).step_by(2).collect();
        for word in &words {
            assert!(
                [
                    "KEY",
                    "TITLE",
                    "ACTION",
                    "INTERRUPTS",
                    "PARAMETERS",
                    "HOSTS",
                    "UNPROVEN",
                    "BODY",
                    "READS",
                    "CHANGES",
                    "UNDO",
                    "ALWAYS"
                ]
                .contains(word),
                "{word}"
            );
        }
        assert_eq!(FRAME.matches("@@").count(), words.len() * 2);
    }

    #[test]
    fn every_script_is_whole_and_ascii() {
        let mut count = 0;
        for remedy in remedies::all() {
            let Some(text) = script(remedy, &[], &[]) else {
                continue;
            };
            count += 1;
            let key = &remedy.key;
            assert!(text.is_ascii(), "{key}");
            assert!(!text.contains("@@"), "{key}");
            assert!(text.starts_with("#Requires -Version 5.1\r\n"), "{key}");
            assert_eq!(text.matches("#>").count(), 1, "{key}");
            for part in [
                "$Check = {",
                "Needed ",
                "Reason ",
                "$WhatIfPreference = $false\r\n    $ConfirmPreference = 'None'\r\n    Stop-Transcript | Out-Null\r\n}",
            ] {
                assert!(text.contains(part), "{key}: {part}");
            }
        }
        assert_eq!(count, 16);
    }

    /// Cmdlets that honour the preferences for `-WhatIf` and `-Confirm`, by the documentation of 5.1 and 7.4, and that scripts may run on
    /// the local machine.
    const HELD_BACK: [&str; 12] = [
        "Add-Content",
        "Clear-Content",
        "Copy-Item",
        "Export-Csv",
        "Move-Item",
        "New-Item",
        "Out-File",
        "Remove-Item",
        "Remove-PSSession",
        "Set-Content",
        "Start-Transcript",
        "Tee-Object",
    ];

    /// The log, the table, the way back and the end of a connection are no changes to a host.
    #[test]
    fn a_dry_run_writes_and_ends_its_log() {
        for remedy in remedies::all() {
            let Some(text) = script(remedy, &[], &[]) else {
                continue;
            };
            let key = &remedy.key;
            let changes = reach(remedy) != Some(ScriptEffect::Reads);
            // What is sent to hosts does not see the preferences of here.
            let (before, rest) = text.split_once("$Action = ").unwrap();
            let (_, after) = rest.split_once("if (-not $LogFolder)").unwrap();
            for line in before.lines().chain(after.lines()) {
                let held = HELD_BACK.iter().any(|cmdlet| line.contains(cmdlet));
                assert!(
                    !held || !changes || line.contains("-WhatIf:$false -Confirm:$false"),
                    "{key}: {line}"
                );
            }
            let (start, last) = after.rsplit_once("finally {").unwrap();
            assert_eq!(start.matches("Stop-Transcript").count(), 0, "{key}");
            let free = last.find("$WhatIfPreference = $false").unwrap();
            assert!(free < last.find("    Stop-Transcript").unwrap(), "{key}");
            assert_eq!(
                before.contains("$WhatIfPreference = $false"),
                !changes,
                "{key}"
            );
        }
    }

    #[test]
    fn a_script_has_what_its_reach_takes_and_no_more() {
        for remedy in remedies::all() {
            let (Some(text), Some(reach)) = (script(remedy, &[], &[]), reach(remedy)) else {
                continue;
            };
            let key = &remedy.key;
            let changes = reach != ScriptEffect::Reads;
            for part in [
                "$Change = {",
                "[switch] $Apply,",
                "[CmdletBinding(SupportsShouldProcess = $true, ConfirmImpact = 'High')]",
                "if (-not $Apply) { $WhatIfPreference = $true }",
                "-and $Apply)",
            ] {
                assert_eq!(text.contains(part), changes, "{key}: {part}");
            }
            assert!(changes || !text.contains("$Means += {"), "{key}");
            for part in ["$Restore = {", "[string] $Undo,", ".undo.json", "Saved  "] {
                assert_eq!(
                    text.contains(part),
                    reach == ScriptEffect::Undoes,
                    "{key}: {part}"
                );
            }
        }
    }

    #[test]
    fn a_remedy_has_a_script_or_says_why_it_has_none() {
        for remedy in remedies::all() {
            assert_eq!(
                has_script(remedy),
                remedy.no_script.is_none(),
                "{}",
                remedy.key
            );
        }
    }

    /// What an `if` gives is one object where an array of one is meant, and in Windows `PowerShell` 5.1 that has no `Count`.
    #[test]
    fn no_array_comes_out_of_an_if() {
        for remedy in remedies::all() {
            let text = script(remedy, &[], &[]).unwrap_or_default();
            for line in text.lines() {
                let assigned = line.split_once(" = if (").map(|(_, rest)| rest);
                assert!(
                    !assigned.is_some_and(|rest| rest.contains("{ @(") || rest.ends_with('{')),
                    "{}: {line}",
                    remedy.key
                );
            }
            assert!(!text.contains(".Off.Count"), "{}", remedy.key);
            for local in ["NotAfter.ToString('u')", "BootUpTime.ToString('u')"] {
                assert!(!text.contains(local), "{}: {local}", remedy.key);
            }
        }
    }

    /// The blocks that run before anybody is asked.
    fn reading(text: &str) -> String {
        let mut kept = String::new();
        let mut keep = false;
        for line in text.lines() {
            if line.starts_with('$') {
                keep = line.starts_with("$Common") || line.starts_with("$Check");
            }
            if keep {
                kept.push_str(line);
                kept.push('\n');
            }
        }
        kept
    }

    #[test]
    fn no_check_changes_anything() {
        for remedy in remedies::all() {
            let Some(body) = ScriptBody::of(&remedy.key) else {
                continue;
            };
            let text: String = body
                .with
                .iter()
                .chain([&body.text])
                .map(|part| reading(part))
                .collect();
            assert!(text.contains("$Check = {"), "{}", remedy.key);
            for verb in [
                "Set-",
                "Remove-",
                "New-",
                "Restart-",
                "Restore-",
                "Export-",
                "Start-",
                "Stop-",
                "Add-",
                "/grant",
                "takeown",
                "SetAccessControl",
                "Register-",
                "/resync",
                "Enable-",
                "Disable-",
            ] {
                // Advice that a reason gives is text.
                let done = text
                    .lines()
                    .filter(|line| !line.contains("with Set-RDCertificate"));
                for line in done {
                    assert!(!line.contains(verb), "{}: {verb} in {line}", remedy.key);
                }
            }
        }
    }

    /// Functions that a text defines for the host.
    fn defined(text: &str) -> impl Iterator<Item = &str> {
        text.split("function global:")
            .skip(1)
            .filter_map(|rest| rest.split_whitespace().next())
    }

    #[test]
    fn nothing_is_called_that_is_not_sent_ahead() {
        for remedy in remedies::all() {
            let Some(body) = ScriptBody::of(&remedy.key) else {
                continue;
            };
            let sent = body.with.concat() + body.text;
            for name in [PROGRAM, REGISTRY, REGISTRY_BACK, KEY]
                .into_iter()
                .flat_map(defined)
            {
                let called = body.text.contains(name);
                let there = defined(&sent).any(|other| other == name);
                assert!(!called || there, "{}: {name}", remedy.key);
            }
            // The copy of a key is made by a program.
            let copies = body.text.contains("Export-RegistryKey");
            assert!(!copies || body.with.contains(&PROGRAM), "{}", remedy.key);
        }
    }
}
