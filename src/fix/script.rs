//! `PowerShell` scripts: a frame, and for each remedy what is read and what is changed.

use super::machine::Machine;
use super::name::HostName;
use crate::diagnosis::remedies::Remedy;

const FRAME: &str = include_str!("scripts/frame.ps1");

/// In the text of a remedy: what stands above are parameters of its own.
const PARAMETERS_END: &str = "#---\n";

/// What a remedy reads and changes on a host; `None` when it is done elsewhere, or by judgement.
fn body(key: &str) -> Option<&'static str> {
    Some(match key {
        "R1" => include_str!("scripts/r01.ps1"),
        "R2" => include_str!("scripts/r02.ps1"),
        "R3" => include_str!("scripts/r03.ps1"),
        "R4" => include_str!("scripts/r04.ps1"),
        "R5" => include_str!("scripts/r05.ps1"),
        "R6" => include_str!("scripts/r06.ps1"),
        "R7" => include_str!("scripts/r07.ps1"),
        "R8" => include_str!("scripts/r08.ps1"),
        "R9" => include_str!("scripts/r09.ps1"),
        "R12" => include_str!("scripts/r12.ps1"),
        _ => return None,
    })
}

/// Whether a script can carry it out.
#[must_use]
pub fn has_script(remedy: &Remedy) -> bool {
    body(&remedy.key).is_some()
}

/// The script of a remedy over some hosts, in ASCII, with the line ends of Windows.
pub(super) fn script(remedy: &Remedy, machines: &[&Machine]) -> Option<String> {
    let body = body(&remedy.key)?;
    let (parameters, body) = body.split_once(PARAMETERS_END).unwrap_or(("", body));
    let mut text = String::with_capacity(FRAME.len() + body.len() + machines.len() * 96);
    // One pass, so that nothing put in is looked through again.
    let mut parts = FRAME.split("@@");
    text.push_str(parts.next().unwrap_or_default());
    while let Some(word) = parts.next() {
        match word {
            "KEY" => text.push_str(&remedy.key),
            "TITLE" => text.push_str(&remedy.title),
            "ACTION" => text.push_str(&remedy.title.replace('\'', "''")),
            "INTERRUPTS" => text.push_str(&remedy.interrupts),
            "PARAMETERS" => text.push_str(parameters),
            "HOSTS" => text.push_str(&hosts(machines)),
            "BODY" => text.push_str(body),
            _ => {}
        }
        text.push_str(parts.next().unwrap_or_default());
    }
    Some(text.replace('\n', "\r\n"))
}

/// The lines of the host array. Only checked names, addresses and numbers come in.
fn hosts(machines: &[&Machine]) -> String {
    let line = |machine: &&Machine| {
        let computer = machine.computer()?;
        let expected = machine.expected.as_ref().map_or("", HostName::as_str);
        Some(format!(
            "    [pscustomobject]@{{ Computer = '{computer}'; Port = {}; Expected = '{expected}' }}\n",
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
                    "BODY"
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
            let Some(text) = script(remedy, &[]) else {
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
                "$Change = {",
                "[CmdletBinding(SupportsShouldProcess = $true, ConfirmImpact = 'High')]",
                "if (-not $Apply) { $WhatIfPreference = $true }",
                "-and $Apply)",
                "Needed ",
                "Reason ",
            ] {
                assert!(text.contains(part), "{key}: {part}");
            }
        }
        assert_eq!(count, 10);
    }

    #[test]
    fn no_check_changes_anything() {
        for remedy in remedies::all() {
            let Some(body) = body(&remedy.key) else {
                continue;
            };
            let check = body.split("$Change = {").next().unwrap();
            for verb in [
                "Set-",
                "Remove-",
                "New-",
                "Restart-",
                "Start-",
                "Stop-",
                "/grant",
                "takeown",
                "Register-",
                "/resync",
                "Enable-",
                "Disable-",
            ] {
                assert!(!check.contains(verb), "{}: {verb}", remedy.key);
            }
        }
    }
}
