//! Refuses targets that are misplaced or mistyped commands.

use anyhow::{Result, bail};
use clap::{Command, CommandFactory as _};

use crate::cli::Cli;
use crate::settings::nearest;

/// `rdpscan --quiet demo` would scan a host named `demo`. Such a host needs `-- demo`.
pub(super) fn refuse_misplaced_command(
    targets: &[String],
    mut line: impl Iterator<Item = std::ffi::OsString>,
) -> Result<()> {
    if line.any(|word| word == "--") {
        return Ok(());
    }
    let definition = Cli::command();
    let mut words = targets.iter().map(String::as_str);
    if let Some(first) = words.next() {
        refuse_mistyped_command(first, words, &definition)?;
    }
    let misplaced = targets.iter().find(|target| {
        definition
            .get_subcommands()
            .any(|command| command.get_name() == **target)
    });
    if let Some(command) = misplaced {
        bail!(
            "`{command}` is a command and must come first\n{}",
            ways_out("to run it", command, command)
        );
    }
    Ok(())
}

/// Names of commands that other programs have for a scan.
const SCAN_COMMANDS: [&str; 7] = ["scan", "run", "probe", "start", "test", "check", "sweep"];

/// `rdpscan opne friday.json` would look up hosts named `opne` and `friday.json`. Only words of letters are checked: `demo1` is
/// more likely a host than a typo.
fn refuse_mistyped_command<'a>(
    first: &str,
    mut others: impl Iterator<Item = &'a str>,
    definition: &Command,
) -> Result<()> {
    if !first.bytes().all(|letter| letter.is_ascii_alphabetic()) {
        return Ok(());
    }
    let commands = definition
        .get_subcommands()
        .filter(|command| !command.is_hide_set())
        .map(Command::get_name)
        .chain(["help"]);
    let word = first.to_ascii_lowercase();
    if SCAN_COMMANDS.contains(&word.as_str()) {
        let rest = match others.next() {
            Some(target) => crate::sanitize::terminal(target).into_owned(),
            None => "10.0.0.0/24".to_owned(),
        };
        bail!(
            "unknown command `{first}`\n{}",
            ways_out("to scan", &rest, first)
        );
    }
    if definition.find_subcommand(first).is_none()
        && let Some(command) = nearest(&word, commands)
    {
        bail!(
            "unknown command `{first}`\n{}",
            ways_out("did you mean", command, first)
        );
    }
    Ok(())
}

/// The line that was probably meant, and those that scan a host of that name all the same.
fn ways_out(label: &str, meant: &str, host: &str) -> String {
    format!(
        "  {label}: rdpscan {meant}\n  a host of that name: rdpscan -- {host}, or rdpscan {host}:3389\n  all commands: rdpscan --help"
    )
}
