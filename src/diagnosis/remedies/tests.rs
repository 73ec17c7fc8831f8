use super::*;
use crate::diagnosis::catalog;

#[test]
fn all_are_there_in_order() {
    let keys: Vec<&str> = all().iter().map(|remedy| remedy.key.as_str()).collect();
    let wanted: Vec<String> = (1..=21).map(|number| format!("R{number}")).collect();
    assert_eq!(keys, wanted);
}

#[test]
fn every_finding_leads_to_a_remedy_that_is_there() {
    for entry in catalog::kinds() {
        for key in entry.remedies {
            assert!(find(key).is_some(), "{}: {key}", entry.id);
        }
    }
}

#[test]
fn keys_are_found_however_they_are_typed() {
    assert_eq!(find(" r7 ").map(Remedy::number), Some(7));
    assert!(find("R0").is_none());
    assert!(find("R22").is_none());
    assert!(find("").is_none());
}

#[test]
fn every_remedy_is_complete() {
    for remedy in all() {
        let key = &remedy.key;
        assert!(!remedy.title.ends_with('.'), "{key}");
        assert!(!remedy.places.is_empty(), "{key}: where?");
        assert!(!remedy.steps.is_empty(), "{key}: what?");
        assert!(!remedy.undo.is_empty(), "{key}: how back?");
        assert!(!remedy.check.events.is_empty(), "{key}: which log?");
        assert!(!remedy.sources.is_empty(), "{key}: who says so?");
        assert!(!remedy.check.expect.is_empty(), "{key}: what then?");
        for text in [&remedy.title, &remedy.purpose, &remedy.interrupts] {
            assert!(!text.trim().is_empty(), "{key}");
        }
        for command in remedy.commands() {
            assert!(!command.text.trim().is_empty(), "{key}: empty command");
        }
        for entry in &remedy.check.events {
            assert_eq!(entry.log.starts_with('/'), entry.ids.is_empty(), "{key}");
        }
    }
}

#[test]
fn the_main_commands_of_a_remedy_are_for_one_shell_and_for_every_host() {
    for remedy in all().iter().filter(|remedy| remedy.key != "R16") {
        let steps = remedy.steps.iter().filter(|step| !step.only_if);
        let main = steps
            .flat_map(|step| &step.commands)
            .filter(|command| command.main);
        let shells: Vec<Shell> = main.map(|command| command.shell).collect();
        assert!(!shells.is_empty(), "{}", remedy.key);
        assert!(
            shells.iter().all(|shell| *shell == shells[0]),
            "{}",
            remedy.key
        );
        let marked = remedy.commands().filter(|command| command.main).count();
        assert_eq!(
            marked,
            shells.len(),
            "{}: a main command for some hosts",
            remedy.key
        );
    }
}

/// R6 tests TLS before it requires it.
#[test]
fn security_is_raised_only_from_where_it_can_be_tested() {
    let text = all_commands("R6");
    for wanted in [
        ").SecurityLayer -eq 0) { Set-ItemProperty -Path $listener -Name SecurityLayer -Value 1",
        "$now.SecurityLayer -eq 1) { Set-ItemProperty -Path $listener -Name SecurityLayer -Value 2",
        "$now.UserAuthentication -eq 0",
    ] {
        assert!(text.contains(wanted), "{wanted}");
    }
}

#[test]
fn windows_remedies_come_with_something_to_paste() {
    for remedy in all().iter().filter(|remedy| remedy.key != "R16") {
        assert!(
            remedy
                .commands()
                .any(|command| matches!(command.shell, Shell::PowerShell | Shell::Cmd)),
            "{}",
            remedy.key
        );
    }
}

/// What a text does that no remedy may do.
fn harm(command: &str) -> Option<&'static str> {
    let text = command.to_ascii_lowercase().replace(['\'', '"'], "");
    let sets = |name: &str, value: &str| {
        text.lines().any(|line| {
            line.contains(&format!("{name} -value {value} "))
                || line.contains(&format!("{name}=dword:0000000{value}"))
        })
    };
    let renames = [
        "rename-item",
        "move-item",
        "remove-item",
        "ren ",
        "rd ",
        "rmdir ",
        "del ",
    ];
    if text.lines().any(|line| {
        line.contains("machinekeys")
            && !line.contains("f686aace")
            && renames.iter().any(|verb| line.contains(verb))
    }) {
        return Some("touches the whole MachineKeys folder");
    }
    if sets("securitylayer", "0") {
        return Some("gives up TLS");
    }
    if sets("userauthentication", "0") {
        return Some("switches NLA off");
    }
    if text.contains("authentication level:i:0") || sets("authenticationlevel", "0") {
        return Some("silences the client");
    }
    if text.contains("65536") {
        return Some("lifts the guard on unfinished connections");
    }
    if sets("allowencryptionoracle", "2") {
        return Some("accepts vulnerable servers");
    }
    if text.contains("termserv ") || text.ends_with("termserv") {
        return Some("names a service that does not exist");
    }
    if text.contains("cert:\\localmachine\\my") && text.contains("remove-item") {
        return Some("deletes from the personal store");
    }
    None
}

#[test]
fn no_command_follows_harmful_folklore() {
    for remedy in all() {
        for command in remedy.commands() {
            assert_eq!(
                harm(&command.text),
                None,
                "{}: {}",
                remedy.key,
                command.text
            );
        }
    }
}

#[test]
fn harm_is_recognised() {
    for text in [
        "Rename-Item C:\\ProgramData\\Microsoft\\Crypto\\RSA\\MachineKeys MachineKeys.old",
        "Set-ItemProperty -Path x -Name SecurityLayer -Value 0 -Type DWord",
        "\"UserAuthentication\"=dword:00000000",
        "Set-ItemProperty -Name MaxOutstandingConnections -Value 65536",
        "authentication level:i:0",
        "restart-service termserv -force",
    ] {
        assert!(harm(text).is_some(), "{text}");
    }
}

#[test]
fn folklore_is_named_only_with_its_warning() {
    let warns = |key: &str, word: &str| {
        let remedy = find(key).unwrap();
        remedy.warnings.iter().any(|text| text.contains(word))
    };
    assert!(warns("R1", "Personal"));
    assert!(warns("R1", "termserv"));
    assert!(warns("R2", "MachineKeys folder"));
    assert!(warns("R3", "SecurityLayer 0"));
    assert!(warns("R14", "65536"));
    assert!(warns("R17", "authentication level:i:0"));
}

#[test]
fn what_only_reads_changes_nothing() {
    let changes = [
        "set-",
        "remove-",
        "new-",
        "restart-",
        "start-",
        "stop-",
        "clear-",
        "register-",
        "add-",
        "rename-",
        "export-",
        "/grant",
        "takeown",
        "/save",
        "/restore",
        " import ",
        " export ",
        "/resync",
        "/config",
    ];
    for remedy in all() {
        for command in remedy.commands().filter(|command| command.read_only) {
            let text = command.text.to_ascii_lowercase();
            for change in changes {
                assert!(!text.contains(change), "{}: {change} in {text}", remedy.key);
            }
        }
    }
}

#[test]
fn every_change_of_a_setting_can_be_told_from_a_look() {
    for remedy in all() {
        for command in remedy.commands() {
            if command.shell == Shell::Registry {
                assert!(!command.read_only, "{}", remedy.key);
            }
        }
    }
}

/// Whether a registry file may give a value so: a number, a plain string, or an expandable string as UTF-16 bytes.
fn is_registry_value(value: &str) -> bool {
    if let Some(digits) = value.strip_prefix("dword:") {
        return digits.len() == 8 && u32::from_str_radix(digits, 16).is_ok();
    }
    if let Some(bytes) = value.strip_prefix("hex(2):") {
        let bytes: Option<Vec<u8>> = bytes
            .split(',')
            .map(|byte| u8::from_str_radix(byte, 16).ok())
            .collect();
        return bytes
            .is_some_and(|bytes| bytes.len().is_multiple_of(2) && bytes.ends_with(&[0, 0]));
    }
    value.len() > 2 && value.starts_with('"') && value.ends_with('"')
}

#[test]
fn registry_texts_import_as_they_are() {
    let mut count = 0;
    for remedy in all() {
        for command in remedy.commands() {
            if command.shell != Shell::Registry {
                continue;
            }
            count += 1;
            let mut lines = command.text.trim().lines();
            assert_eq!(
                lines.next(),
                Some("Windows Registry Editor Version 5.00"),
                "{}",
                remedy.key
            );
            assert_eq!(lines.next(), Some(""), "{}", remedy.key);
            let mut key_seen = false;
            for line in lines.filter(|line| !line.is_empty() && !line.starts_with(';')) {
                if line.starts_with('[') {
                    assert!(
                        line.starts_with("[HKEY_LOCAL_MACHINE\\") && line.ends_with(']'),
                        "{line}"
                    );
                    key_seen = true;
                    continue;
                }
                assert!(key_seen, "{}: a value before its key: {line}", remedy.key);
                let (name, value) = line.split_once('=').unwrap();
                assert!(
                    name.len() > 2 && name.starts_with('"') && name.ends_with('"'),
                    "{line}"
                );
                assert!(is_registry_value(value), "{line}");
            }
        }
    }
    assert_eq!(count, 4);
}

#[test]
fn values_of_the_registry_are_told_from_nonsense() {
    for value in [
        "dword:1",
        "dword:0000000g",
        "hex(2):25,00,0",
        "hex(2):25,00",
        "x",
        "\"",
    ] {
        assert!(!is_registry_value(value), "{value}");
    }
}

/// FIPS is 4, and a host with `SecurityLayer` 1 refuses nobody: a file that is imported cannot look before it sets.
#[test]
fn no_registry_file_of_the_listener_can_lower_or_lock_out() {
    let r3 = find("R3").unwrap();
    for command in r3
        .commands()
        .filter(|command| command.shell == Shell::Registry)
    {
        for name in ["MinEncryptionLevel", "SecurityLayer", "UserAuthentication"] {
            assert!(!command.text.contains(name), "{name}");
        }
    }
    let text = all_commands("R3");
    for wanted in [
        "$listener.MinEncryptionLevel -eq 1",
        "ProgramData",
        "SelfSignedCertStore",
        "fAllowSecProtocolNegotiation",
    ] {
        assert!(text.contains(wanted), "{wanted}");
    }
}

#[test]
fn what_cuts_sessions_off_is_not_done_inside_one() {
    for remedy in all() {
        let restarts = remedy.commands().any(|command| {
            let text = &command.text;
            text.contains("-Name TermService -Force") || text.contains("net stop TermService")
        });
        if restarts {
            assert!(
                remedy.places.contains(&Place::HostConsole),
                "{}",
                remedy.key
            );
            assert!(remedy.interrupts.contains("disconnect"), "{}", remedy.key);
        }
    }
}

/// `net stop` may cut off the connection through which it was typed: what starts the services again is on the same line.
#[test]
fn services_are_stopped_and_started_on_one_line() {
    let mut count = 0;
    for command in all().iter().flat_map(Remedy::commands) {
        for line in command
            .text
            .lines()
            .filter(|line| line.contains("net stop TermService"))
        {
            count += 1;
            assert!(
                line.ends_with("net start TermService & net start UmRdpService"),
                "{line}"
            );
        }
    }
    assert!(count >= 3, "{count}");
}

#[test]
fn what_a_step_adds_its_undo_takes_away() {
    let undo = |key: &str| {
        let steps = &find(key).unwrap().undo;
        let commands = steps.iter().flat_map(|step| &step.commands);
        commands
            .map(|command| command.text.clone())
            .collect::<String>()
    };
    for (key, wanted) in [
        ("R2", "/setowner"),
        ("R3", "reg delete"),
        ("R5", "reg delete"),
        ("R6", "reg delete"),
        ("R7", "-RemoteAddress"),
        ("R11", "-D TERMSRV/desk.corp.example"),
        ("R11", "-D TERMSRV/10.0.0.5"),
        ("R14", "Remove-ItemProperty"),
    ] {
        assert!(undo(key).contains(wanted), "{key}: {wanted}");
    }
}

fn all_commands(key: &str) -> String {
    let commands = find(key).unwrap().commands();
    commands
        .map(|command| command.text.as_str())
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn the_published_mistakes_are_put_right() {
    let text = all_commands;
    // A certificate is removed only after a new one could not be told from it by its name.
    let first = find("R1")
        .unwrap()
        .steps
        .iter()
        .filter(|step| !step.only_if);
    assert!(
        !first
            .flat_map(|step| &step.commands)
            .any(|command| command.text.contains("Remove-Item"))
    );
    assert!(text("R1").contains("Restart-Service -Name SessionEnv -Force"));
    assert!(text("R1").contains("Restart-Service -Name TermService -Force"));
    assert!(text("R1").contains(r"Cert:\LocalMachine\Remote Desktop"));
    assert!(text("R2").contains("f686aace6942fb7f7ceb231212eef4a4_"));
    assert!(text("R2").contains("*S-1-5-20:(R)"));
    assert!(text("R2").contains("MachineKeys\" /grant '*S-1-5-32-544:(F)' '*S-1-1-0:(R,W)'"));
    assert!(text("R5").contains(r"SCHANNEL\Protocols\TLS 1.2\"));
}
