//! The pages of the folder, in Markdown.

use super::Part;
use super::machine::Machine;
use crate::diagnosis::remedies::{Place, Remedy, Shell, Step};
use crate::sanitize;

/// The page that one opens first.
pub(super) fn index(parts: &[Part<'_>], hosts: usize, refused: usize) -> String {
    let noun = if hosts == 1 { "host" } else { "hosts" };
    let mut lines = vec![
        format!("# What to do about {hosts} {noun}\n"),
        "Made by rdpscan from a saved scan. `actions.csv` has a line for every host and finding.\n"
            .to_owned(),
        "| remedy | what | hosts by script | hosts by hand |".to_owned(),
        "|---|---|---|---|".to_owned(),
    ];
    for part in parts {
        let key = &part.remedy.key;
        let script = match part.scripted.len() {
            0 => "–".to_owned(),
            count => format!("{count}: [scripts/{key}.ps1](scripts/{key}.ps1)"),
        };
        let by_hand = match part.by_hand.len() {
            0 => "–".to_owned(),
            count => count.to_string(),
        };
        lines.push(format!(
            "| [{key}](remedies/{key}.md) | {} | {script} | {by_hand} |",
            part.remedy.title
        ));
    }
    lines.push(HOW.to_owned());
    if refused > 0 {
        let noun = if refused == 1 { "name" } else { "names" };
        lines.push(format!(
            "## Refused\n\n`refused.csv` lists {refused} {noun} that no host may have. They stand in no script and no `.rdp` \
             file;\nthe hosts are reached by address instead.\n"
        ));
    }
    lines.join("\n")
}

const HOW: &str = "
## Scripts

Read the remedy's page first: it says what is interrupted and how to undo it. Then, in Windows PowerShell 5.1 or newer, as an
administrator of the hosts:

```powershell
.\\scripts\\R1.ps1                          # reads, and says what would be done: nothing is changed
.\\scripts\\R1.ps1 -ComputerName srv05.corp.example -Apply
.\\scripts\\R1.ps1 -Apply                   # asks for each host
.\\scripts\\R1.ps1 -Apply -Confirm:$false   # does not ask
```

- The hosts are reached by PowerShell remoting (WinRM), as the current user or with `-Credential`. Nothing of it is stored.
- A name is used only when it leads to the scanned address and to no other machine; else the address, which remoting takes over
  HTTPS (`-UseSSL`) or from its `TrustedHosts`. A host that calls itself otherwise than during the scan is left alone.
- Every run leaves a log and a table in `logs`. A host that fails does not stop the others; the exit status is then 1.
- If the system blocks scripts, read them, then: `powershell.exe -ExecutionPolicy Bypass -File .\\scripts\\R1.ps1`

## .rdp files

`rdp` has a file by name and one by address for each host, to compare. In all of them the client warns when the server cannot
prove who it is (`authentication level:i:2`), nothing is shared with the server, and no user name is kept.

## Afterwards

Scan the same targets again, and compare.
";

/// The page of a remedy, with the hosts concerned.
pub(super) fn remedy(part: &Part<'_>) -> String {
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
    section("Take care", remedy.warnings.iter().cloned(), &mut lines);
    lines.push("\n## Steps\n".to_owned());
    steps(&remedy.steps, &mut lines);
    lines.push("\n## How to undo it\n".to_owned());
    steps(&remedy.undo, &mut lines);
    check(remedy, &mut lines);
    let machines = |machines: &[&Machine]| -> Vec<String> {
        machines
            .iter()
            .map(|machine| {
                let label = machine.label();
                format!("{}, port {}", sanitize::markdown(&label), machine.port)
            })
            .collect()
    };
    section(
        "Hosts that the script is for",
        machines(&part.scripted),
        &mut lines,
    );
    section("Hosts to do by hand", machines(&part.by_hand), &mut lines);
    section("Sources", remedy.sources.iter().cloned(), &mut lines);
    lines.push(String::new());
    lines.join("\n")
}

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
