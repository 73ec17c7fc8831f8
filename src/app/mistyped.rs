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
            "`{command}` is a command, and stands after an option or target; put it first, or write `-- {command}` for a host of that name"
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
            "there is no command `{first}`: write `rdpscan {rest}`, or `-- {first}` for a host of that name"
        );
    }
    if definition.find_subcommand(first).is_none()
        && let Some(command) = nearest(&word, commands)
    {
        bail!(
            "`{first}` is no command; the nearest is `{command}`: write that, or `-- {first}` for a host of that name"
        );
    }
    Ok(())
}
