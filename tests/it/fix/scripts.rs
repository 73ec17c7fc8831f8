//! What every script does before it changes anything, and what none ever does.

use rdpscan::fix;

use super::hosts::{all_findings, calls_itself, everywhere, host_at};
use super::{READING, file, reads, scripts};

#[test]
fn scripts_do_nothing_unless_told_to() {
    let plan = fix::plan(&[everywhere(1, "srv05.corp.example")], &[]);
    for (path, script) in scripts(&plan).filter(|(path, _)| !reads(path)) {
        for part in [
            "#Requires -Version 5.1\r\n",
            "[CmdletBinding(SupportsShouldProcess = $true, ConfirmImpact = 'High')]\r\n",
            "    [switch] $Apply,\r\n",
            "Start-Transcript",
            "catch {",
        ] {
            assert!(script.contains(part), "{path}: {part}");
        }
        let change = script.find("-ScriptBlock $Change").unwrap();
        let asked = script
            .find("$PSCmdlet.ShouldProcess(\"$($Target.Computer), identity $($Result.Identity)\", $Action) -and $Apply")
            .unwrap();
        let read = script.find("-ScriptBlock $Check").unwrap();
        let compared = script.find("another machine answers").unwrap();
        assert!(compared < read && read < asked && asked < change, "{path}");
        assert_eq!(script.matches("-ScriptBlock $Change").count(), 1, "{path}");
    }
}

#[test]
fn scripts_that_only_read_have_nothing_to_apply() {
    let plan = fix::plan(&[everywhere(1, "srv05.corp.example")], &[]);
    let mut count = 0;
    for (path, script) in scripts(&plan).filter(|(path, _)| reads(path)) {
        count += 1;
        for part in ["$Apply", "-ScriptBlock $Change", "ShouldProcess"] {
            assert!(!script.contains(part), "{path}: {part}");
        }
        assert!(!script.contains("foreach ($Part in $Means)"), "{path}");
        assert!(script.contains("'needs a look'"), "{path}");
    }
    assert_eq!(count, READING.len());
}

#[test]
fn what_stood_before_is_on_disk_before_anything_changes() {
    let plan = fix::plan(&[everywhere(1, "srv05.corp.example")], &[]);
    let mut count = 0;
    for (path, script) in scripts(&plan) {
        let Some(restore) = script.find("-ScriptBlock $Restore") else {
            assert!(!script.contains("[string] $Undo"), "{path}");
            continue;
        };
        count += 1;
        let kept = script
            .find("Add-Content -LiteralPath \"$Log.undo.json\"")
            .unwrap();
        let change = script.find("-ScriptBlock $Change").unwrap();
        let asked = script.find("\"undo: $Action\") -and $Apply").unwrap();
        assert!(asked < restore && restore < kept && kept < change, "{path}");
        for part in [
            "$Unread = [bool]$Undo",
            "is not among the hosts of this run: not undone",
            "{ 'would be undone' } else { 'left alone' }",
            "Get-Content -LiteralPath $Undo -Encoding UTF8",
        ] {
            assert!(script.contains(part), "{path}: {part}");
        }
    }
    assert_eq!(count, 8);
}

#[test]
fn no_script_keeps_credentials() {
    let plan = fix::plan(&[everywhere(1, "srv05.corp.example")], &[]);
    for (path, script) in scripts(&plan) {
        assert!(
            script.contains("    [pscredential] $Credential,\r\n"),
            "{path}"
        );
        let lower = script.to_ascii_lowercase();
        for secret in [
            "convertto-securestring",
            "-asplaintext",
            "$password",
            "get-credential",
        ] {
            assert!(!lower.contains(secret), "{path}: {secret}");
        }
    }
}

#[test]
fn a_host_whose_name_is_refused_is_said_to_be_not_compared() {
    let host = calls_itself(&host_at(1, all_findings("")), "srv'05");
    let plan = fix::plan(&[host], &[]);
    let script = file(&plan, "scripts/R1.ps1");
    assert!(
        script.contains("Computer = '10.0.0.1'; Address = '10.0.0.1'; Port = 3389; Expected = ''")
    );
    assert!(script.contains("identity not compared"));
}

#[test]
fn the_firewall_script_opens_nothing_to_everyone_and_leaves_rules_alone_that_are_on() {
    let plan = fix::plan(&[everywhere(1, "srv05.corp.example")], &[]);
    let script = file(&plan, "scripts/R7.ps1");
    for part in [
        "[ValidateSet('Domain', 'Private')]",
        "if (($Bits -lt $Widest) -or $Address.StartsWith('0.')",
        "$Profiles = @($There | Where-Object { -not $Only -or ($_ -eq $Only) })",
        "elseif ($Tcp.Enabled -eq 'True') {",
        "Where-Object { $_.Enabled -ne 'True' }",
        "-Enabled $Rule.Enabled -Profile $Rule.Profile -RemoteAddress @($Rule.RemoteAddress)",
    ] {
        assert!(script.contains(part), "{part}");
    }
    // The addresses are narrowed before the rule is switched on.
    let narrowed = script.find("-RemoteAddress $Networks").unwrap();
    assert!(narrowed < script.find("Enable-NetFirewallRule -Name").unwrap());
}
