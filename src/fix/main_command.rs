//! The one command of a remedy for a host: that of the fix script, and the main one by hand. A step for only some hosts is never one,
//! nor is a command whose values the scan does not know.

use std::cell::LazyCell;
use std::fmt::Write as _;

use super::machine::{DetectedSystem, Machine};
use super::placeholders::{PlaceholderValues, line};
use super::script::{self, SCRIPT, has_script};
use super::wanted;
use crate::diagnosis::remedies::{self, Command, Remedy, Shell, Step};
use crate::fleet::Host;
use crate::model::Finding;

/// The commands of a remedy to begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MainCommand {
    pub shell: Shell,
    pub read_only: bool,
    pub lines: Vec<String>,
    /// The step that it belongs to: what it does, and why.
    pub step: &'static str,
}

/// The remedy of a finding to try first on this host: those with a script are for Windows.
#[must_use]
pub fn remedy_for(host: &Host, finding: &Finding) -> Option<&'static Remedy> {
    let is_windows =
        LazyCell::new(|| Machine::new(host, &mut Vec::new()).system != DetectedSystem::Other);
    let mut remedies = finding
        .remedies
        .iter()
        .filter_map(|key| remedies::find(key));
    remedies.find(|remedy| !has_script(remedy) || *is_windows)
}

/// The line that does a remedy on this host, with all that comes before it, in the folder of `rdpscan fix`. `None` where the script
/// cannot do it.
#[must_use]
pub fn script_command(host: &Host, remedy: &Remedy) -> Option<String> {
    let step = script::step(remedy)?;
    let machine = Machine::new(host, &mut Vec::new());
    let computer = machine.computer()?;
    if machine.system == DetectedSystem::Other {
        return None;
    }
    Some(if step.reads_only {
        format!(
            ".\\{SCRIPT} -ComputerName {computer} -Remedy {}",
            remedy.key
        )
    } else {
        format!(".\\{SCRIPT} -ComputerName {computer} -Apply")
    })
}

/// The main commands by hand; else the first look at the host, where those need a value that the scan does not know. `None` where
/// every command needs one.
#[must_use]
pub fn main_command(host: &Host, remedy: &'static Remedy) -> Option<MainCommand> {
    main_of(remedy, &PlaceholderValues::of(host))
}

/// What to paste for a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commands {
    pub remedy: &'static Remedy,
    /// Lines for one shell, in order; each ends with a line feed.
    pub text: String,
    /// The lines only look: the change needs what the scan does not know, or is none of a command.
    pub read_only: bool,
}

/// The main command by hand for the worst finding above [`Severity::Info`](crate::model::Severity::Info) that has one, below the line
/// of the script as a comment.
#[must_use]
pub fn commands(host: &Host) -> Option<Commands> {
    let known = PlaceholderValues::of(host);
    // Remedies with a script are for Windows.
    let mut remedies = wanted(host, &[])
        .map(|(_, remedy)| remedy)
        .filter(|remedy| !(known.is_not_windows && has_script(remedy)));
    remedies.find_map(|remedy| {
        let main = main_of(remedy, &known)?;
        let comment = match main.shell {
            Shell::PowerShell => "#",
            Shell::Cmd => "rem",
            Shell::Registry => ";",
        };
        let (key, title) = (&remedy.key, &remedy.title);
        let mut text = format!("{comment} {key}: {title}. The steps: rdpscan explain {key}\n");
        if let Some(line) = script_command(host, remedy) {
            _ = writeln!(
                text,
                "{comment} by the script, in the folder of rdpscan fix: {line}"
            );
        }
        text.extend(main.lines.iter().flat_map(|line| [line, "\n"]));
        Some(Commands {
            remedy,
            text,
            read_only: main.read_only,
        })
    })
}

fn main_of(remedy: &'static Remedy, known: &PlaceholderValues) -> Option<MainCommand> {
    let steps = remedy.steps.iter().filter(|step| !step.only_if);
    let commands: Vec<(&'static Step, &'static Command)> = steps
        .flat_map(|step| step.commands.iter().map(move |command| (step, command)))
        .collect();
    let filled = |command: &Command| -> Option<Vec<String>> {
        let lines = command.text.trim().lines();
        lines.map(|text| line(text, known)).collect()
    };
    let main = || commands.iter().filter(|(_, command)| command.main);
    let (step, first) = main().next()?;
    let lines: Option<Vec<Vec<String>>> = main().map(|(_, command)| filled(command)).collect();
    if let Some(lines) = lines {
        return Some(MainCommand {
            shell: first.shell,
            read_only: main().all(|(_, command)| command.read_only),
            lines: lines.concat(),
            step: &step.text,
        });
    }
    let mut looks = commands.iter().filter(|(_, command)| command.read_only);
    looks.find_map(|(step, command)| {
        Some(MainCommand {
            shell: command.shell,
            read_only: true,
            lines: filled(command)?,
            step: &step.text,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fix::placeholders::tests::{all_known, is_of_the_handbook};

    #[test]
    fn the_main_command_changes_the_host_and_restarts_what_has_to_be() {
        let main = |key: &str| main_of(remedies::find(key).unwrap(), &all_known()).unwrap();
        let renew = main("R1");
        assert!(!renew.read_only);
        assert_eq!(renew.lines, ["Restart-Service -Name SessionEnv -Force"]);
        let rights = main("R2");
        assert!(rights.lines.iter().any(|line| line.contains("f686aace")));
        assert!(!rights.lines.iter().any(|line| line.contains("/save")));
        assert_eq!(
            rights.lines.last().unwrap(),
            "Restart-Service -Name TermService -Force"
        );
    }

    #[test]
    fn a_change_that_needs_what_only_the_reader_knows_gives_way_to_a_look() {
        for (key, begins) in [
            ("R4", "Get-ChildItem -Path Cert:"),
            (
                "R7",
                "Test-NetConnection -ComputerName web1.ad.test -Port 3390",
            ),
        ] {
            let main = main_of(remedies::find(key).unwrap(), &all_known()).unwrap();
            assert!(main.read_only, "{key}");
            assert!(main.lines.first().unwrap().starts_with(begins), "{main:?}");
        }
        assert_eq!(main_of(remedies::find("R16").unwrap(), &all_known()), None);
    }

    #[test]
    fn what_says_only_if_is_marked_so() {
        for remedy in remedies::all() {
            // In the batch language these would end a comment.
            assert!(!remedy.title.contains(['&', '|', '<', '>', '^', '%']));
            for step in &remedy.steps {
                let conditional = step.text.starts_with("Only ") || step.text.starts_with("If ");
                let changes = step.commands.iter().any(|command| !command.read_only);
                assert!(
                    !(conditional && changes) || step.only_if,
                    "{}: {}",
                    remedy.key,
                    step.text
                );
            }
        }
    }

    #[test]
    fn no_main_command_has_a_placeholder_or_a_step_for_some_hosts_only() {
        for known in [PlaceholderValues::default(), all_known()] {
            for remedy in remedies::all() {
                let Some(main) = main_of(remedy, &known) else {
                    continue;
                };
                let text = main.lines.join("\n");
                assert!(!is_of_the_handbook(&text), "{}: {text}", remedy.key);
                let conditional = remedy.steps.iter().filter(|step| step.only_if);
                for command in conditional.flat_map(|step| &step.commands) {
                    assert!(!text.contains(command.text.trim()), "{}", remedy.key);
                }
            }
        }
    }
}
