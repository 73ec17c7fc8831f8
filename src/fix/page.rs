//! The page of a remedy, in Markdown.

use super::actions::{Execution, RemedyMachines};
use super::script::{self, SCRIPT};
use crate::diagnosis::remedies::{Place, Remedy, Shell, Step};
use crate::sanitize;

/// With the hosts concerned.
pub(super) fn remedy(part: &RemedyMachines<'_>) -> String {
    let remedy = part.remedy;
    let places: Vec<&str> = remedy.places.iter().copied().map(Place::words).collect();
    let mut lines = vec![
        format!("# {}: {}\n", remedy.key, remedy.title),
        format!("{}\n", remedy.purpose),
        format!("- **Where:** {}", places.join("; ")),
        format!("- **Interrupts:** {}", remedy.interrupts),
    ];
    lines.extend(
        remedy
            .not_for
            .as_ref()
            .map(|text| format!("- **Not for:** {text}")),
    );
    lines.push(match script::step(remedy) {
        None => format!("- **Script:** none: {}", remedy.no_script.as_deref().unwrap_or_default()),
        Some(step) if step.reads_only => format!(
            "- **Script:** `{SCRIPT} -Remedy {}` reads what there is on the hosts; what to do then requires judgement.",
            remedy.key
        ),
        Some(_) => format!(
            "- **Script:** `{SCRIPT}` does these steps with `-Apply`, each after a check, and records what it changes for `-UndoPath`."
        ),
    });
    section("Warnings", remedy.warnings.iter().cloned(), &mut lines);
    lines.push("\n## Steps\n".to_owned());
    steps(&remedy.steps, &mut lines);
    lines.push("\n## How to undo it\n".to_owned());
    steps(&remedy.undo, &mut lines);
    check(remedy, &mut lines);
    for (title, wanted) in LISTS {
        let hosts = part.hosts.iter().filter(|(way, ..)| wanted(*way));
        let hosts = hosts.map(|(_, machine, inside)| {
            let label = machine.label();
            let mut line = format!("{}, port {}", sanitize::markdown(&label), machine.port);
            if let Some(step) = inside {
                let detail = sanitize::single_line(&step.detail);
                line = format!("{line}: {}", step.view.words());
                if !detail.is_empty() {
                    line = format!("{line}: {}", sanitize::markdown(&detail));
                }
            }
            line
        });
        section(title, hosts, &mut lines);
    }
    section("Sources", remedy.sources.iter().cloned(), &mut lines);
    lines.push(String::new());
    lines.join("\n")
}

type Wanted = fn(Execution) -> bool;

const LISTS: [(&str, Wanted); 5] = [
    ("Hosts for the script", |way| way == Execution::Script),
    ("Hosts where something else comes first", |way| {
        way == Execution::Blocked
    }),
    (
        "Hosts that the script contacts only with -ComputerName: not known to be Windows",
        |way| way == Execution::Unproven,
    ),
    ("Hosts to do by hand", Execution::by_hand),
    ("Hosts that do not need it, read on the host", |way| {
        way == Execution::RuledOut
    }),
];

/// A heading and a list; nothing when the list is empty.
fn section(title: &str, items: impl IntoIterator<Item = String>, lines: &mut Vec<String>) {
    let mut items = items.into_iter().peekable();
    if items.peek().is_some() {
        lines.push(format!("\n## {title}\n"));
        lines.extend(items.map(|item| format!("- {item}")));
    }
}

fn steps(steps: &[Step], lines: &mut Vec<String>) {
    for (number, step) in (1..).zip(steps) {
        lines.push(format!("{number}. {}", step.text));
        for command in &step.commands {
            let language = match command.shell {
                Shell::PowerShell => "powershell",
                Shell::Cmd => "bat",
                Shell::Registry => "reg",
            };
            let does = if command.read_only {
                "reads"
            } else {
                "changes"
            };
            lines.push(format!("\n   {} ({does}):\n", command.shell.word()));
            lines.push(format!("   ```{language}"));
            lines.extend(command.text.lines().map(|line| format!("   {line}")));
            lines.push("   ```\n".to_owned());
        }
    }
}

fn check(remedy: &Remedy, lines: &mut Vec<String>) {
    lines.push("\n## How to see that it worked\n".to_owned());
    lines.push(format!("```sh\n{}\n```\n", remedy.check.scan));
    lines.push(format!("Expect: {}.\n", remedy.check.expect));
    lines.extend(remedy.check.events.iter().map(|entry| {
        let ids: Vec<String> = entry.ids.iter().map(u32::to_string).collect();
        let events = if ids.is_empty() {
            String::new()
        } else {
            format!(", event {}", ids.join(", "))
        };
        format!("- {}{events}: {}", entry.log, entry.shows)
    }));
}
