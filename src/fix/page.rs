//! The pages of the folder, in Markdown.

use super::Part;
use super::machine::Machine;
use crate::diagnosis::remedies::{Place, Remedy, Shell, Step};
use crate::sanitize;

/// The page that one opens first.
pub(super) fn index(parts: &[Part<'_>], hosts: usize, refused: usize) -> String {
    let mut page = format!(
        "# What to do about {hosts} {}\n\n",
        if hosts == 1 { "host" } else { "hosts" }
    );
    page.push_str(
        "Made by rdpscan from a saved scan. `actions.csv` has a line for every host and finding.\n\n\
         | remedy | what | hosts by script | hosts by hand |\n|---|---|---|---|\n",
    );
    for part in parts {
        let key = &part.remedy.key;
        let script = if part.scripted.is_empty() {
            "–".to_owned()
        } else {
            format!(
                "{}: [scripts/{key}.ps1](scripts/{key}.ps1)",
                part.scripted.len()
            )
        };
        let by_hand = if part.by_hand.is_empty() {
            "–".to_owned()
        } else {
            part.by_hand.len().to_string()
        };
        page.push_str(&format!(
            "| [{key}](remedies/{key}.md) | {} | {script} | {by_hand} |\n",
            part.remedy.title
        ));
    }
    page.push_str(HOW);
    if refused > 0 {
        page.push_str(&format!(
            "\n## Refused\n\n`refused.csv` lists {refused} {} that no host may have. They stand in no script and no `.rdp` file; the hosts are \
             reached by address instead.\n",
            if refused == 1 { "name" } else { "names" }
        ));
    }
    page
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
    let places: Vec<&str> = remedy
        .places
        .iter()
        .map(|place| Place::words(*place))
        .collect();
    let mut page = format!(
        "# {}: {}\n\n{}\n\n- **Where:** {}\n- **Interrupts:** {}\n",
        remedy.key,
        remedy.title,
        remedy.purpose,
        places.join("; "),
        remedy.interrupts
    );
    if let Some(not_for) = &remedy.not_for {
        page.push_str(&format!("- **Not for:** {not_for}\n"));
    }
    if !remedy.warnings.is_empty() {
        page.push_str("\n## Take care\n\n");
        for warning in &remedy.warnings {
            page.push_str(&format!("- {warning}\n"));
        }
    }
    page.push_str("\n## Steps\n\n");
    steps(&remedy.steps, &mut page);
    page.push_str("\n## How to undo it\n\n");
    steps(&remedy.undo, &mut page);
    check(remedy, &mut page);
    list("Hosts that the script is for", &part.scripted, &mut page);
    list("Hosts to do by hand", &part.by_hand, &mut page);
    page.push_str("\n## Sources\n\n");
    for source in &remedy.sources {
        page.push_str(&format!("- {source}\n"));
    }
    page
}

fn steps(steps: &[Step], page: &mut String) {
    for (number, step) in (1..).zip(steps) {
        page.push_str(&format!("{number}. {}\n", step.text));
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
            page.push_str(&format!(
                "\n   {} ({does}):\n\n   ```{language}\n",
                command.shell.word()
            ));
            for line in command.text.lines() {
                page.push_str(&format!("   {line}\n"));
            }
            page.push_str("   ```\n\n");
        }
    }
}

fn check(remedy: &Remedy, page: &mut String) {
    page.push_str(&format!(
        "\n## How to see that it worked\n\n```sh\n{}\n```\n\nExpect: {}.\n\n",
        remedy.check.scan, remedy.check.expect
    ));
    for entry in &remedy.check.events {
        let ids: Vec<String> = entry.ids.iter().map(u32::to_string).collect();
        page.push_str(&format!("- {}", entry.log));
        if !ids.is_empty() {
            page.push_str(&format!(", event {}", ids.join(", ")));
        }
        page.push_str(&format!(": {}\n", entry.shows));
    }
}

fn list(title: &str, machines: &[&Machine], page: &mut String) {
    if machines.is_empty() {
        return;
    }
    page.push_str(&format!("\n## {title}\n\n"));
    for machine in machines {
        page.push_str(&format!(
            "- {}, port {}\n",
            sanitize::markdown(&machine.label()),
            machine.port
        ));
    }
}
