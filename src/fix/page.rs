//! The pages of the folder, in Markdown.

use super::RemedyMachines;
use super::machine::Machine;
use super::script::{self, ScriptEffect};
use crate::diagnosis::remedies::{Place, Remedy, Shell, Step};
use crate::sanitize;

/// README.md of the folder.
pub(super) fn index(parts: &[RemedyMachines<'_>], hosts: usize, refused: usize) -> String {
    let noun = if hosts == 1 { "host" } else { "hosts" };
    let mut lines = vec![
        format!("# What to do about {hosts} {noun}\n"),
        "Made by rdpscan from a saved scan. `actions.csv` has a line for every host, finding and remedy, but for what is merely worth knowing; findings that no remedy fits are in the reports alone.\n"
            .to_owned(),
        "| remedy | what | hosts by script | hosts by hand |".to_owned(),
        "|---|---|---|---|".to_owned(),
    ];
    for part in parts {
        let key = &part.remedy.key;
        let named = match part.unproven.len() {
            0 => String::new(),
            count => format!(", {count} more when named"),
        };
        let reads = match script::reach(part.remedy) {
            Some(ScriptEffect::Reads) => ", only reads",
            _ => "",
        };
        let script = match (part.scripted.len(), part.unproven.len()) {
            (0, 0) => "–".to_owned(),
            (count, _) => format!("{count}{named}: [scripts/{key}.ps1](scripts/{key}.ps1){reads}"),
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
    lines.extend(left_alone(parts));
    lines.extend(scripts(parts));
    lines.push(REST.to_owned());
    if refused > 0 {
        let noun = if refused == 1 { "name" } else { "names" };
        lines.push(format!(
            "## Refused\n\n`refused.csv` lists {refused} {noun} that no host may have. They stand in no script and no `.rdp` \
             file;\nthe hosts are reached by address instead.\n"
        ));
    }
    lines.join("\n")
}

/// The most hosts in one command.
const MOST_NAMED: usize = 10;

/// The hosts that scripts skip without `-ComputerName`, and the command for them. These are often the broken ones: without a
/// certificate there is little to identify.
fn left_alone(parts: &[RemedyMachines<'_>]) -> Option<String> {
    let commands: Vec<String> = parts
        .iter()
        .filter(|part| !part.unproven.is_empty())
        .map(|part| {
            let all = part.unproven.iter();
            let named: Vec<String> = all
                .filter_map(|machine| machine.computer())
                .take(MOST_NAMED)
                .map(|computer| computer.to_string())
                .collect();
            let key = &part.remedy.key;
            let more = match part.unproven.len().saturating_sub(MOST_NAMED) {
                0 => String::new(),
                more => format!("   # and {more} more: remedies\\{key}.md"),
            };
            format!(
                ".\\scripts\\{key}.ps1 -ComputerName {}{more}",
                named.join(", ")
            )
        })
        .collect();
    (!commands.is_empty()).then(|| format!("{ALONE}\n```powershell\n{}\n```", commands.join("\n")))
}

const ALONE: &str = "
## Left alone unless you name them

Nothing that these hosts showed says that they are Windows: the port was closed or spoke something else, the connection broke off
before it came to a certificate, as with a host that lets nobody in, or the host told neither its name nor its build (no NLA, old
TLS alone, standard RDP security). A script run without `-ComputerName` passes them over. Name those
that you know to be Windows machines of your own, and no others: the script logs on to whatever you name. Without `-Apply` this
only reads:
";

/// How to run scripts, with one of this folder and a host of its list as the example.
fn scripts(parts: &[RemedyMachines<'_>]) -> Option<String> {
    let one = |part: &RemedyMachines<'_>| {
        let machine = part.scripted.first().or(part.unproven.first())?;
        let reach = script::reach(part.remedy)?;
        Some((reach, &part.remedy.key, machine.computer()?))
    };
    let changing = parts
        .iter()
        .filter_map(one)
        .find(|(reach, ..)| *reach != ScriptEffect::Reads);
    let (reach, key, computer) = changing.or_else(|| parts.iter().find_map(one))?;
    let examples = if reach == ScriptEffect::Reads {
        vec![
            (String::new(), "reads, and says what needs a look"),
            (format!(" -ComputerName {computer}"), ONE_HOST),
        ]
    } else {
        vec![
            (
                String::new(),
                "reads, and says what would be done: nothing is changed",
            ),
            (format!(" -ComputerName {computer} -Apply"), ONE_HOST),
            (" -Apply".to_owned(), "asks for each host"),
            (" -Apply -Confirm:$false".to_owned(), "does not ask"),
        ]
    };
    let width = examples.iter().map(|(flags, _)| flags.len()).max()?;
    let examples: Vec<String> = examples
        .iter()
        .map(|(flags, does)| format!(".\\scripts\\{key}.ps1{flags:<width$}   # {does}"))
        .collect();
    Some(format!(
        "{BEFORE}\n```powershell\n{}\n```\n{AFTER}",
        examples.join("\n"),
    ))
}

const ONE_HOST: &str = "one host of its list, by name or by address";

const BEFORE: &str = "
## Scripts

Read the remedy's page first: it says what is interrupted and how to undo it. Then, in Windows PowerShell 5.1 or newer, as an
administrator of the hosts:
";

const AFTER: &str = "
- A script that changes something leaves a file `logs\\R3-….undo.json` with what stood before, where there is a way
  back: `-Undo FILE -Apply`. Scripts marked *only reads* say what needs a look, and the page what to do.
- The hosts are reached by PowerShell remoting (WinRM), as the current user or with `-Credential`. Nothing of it is stored.
- A name is used only when it leads to the scanned address and to no other machine; else the address. By address remoting wants
  `-Credential` as well, and either the address in the `TrustedHosts` of this machine
  (`Set-Item WSMan:\\localhost\\Client\\TrustedHosts -Value 10.0.0.5 -Concatenate`), or HTTPS (`-UseSSL`, port 5986) with a
  certificate on the host that carries the address.
- A host that calls itself otherwise than during the scan is left alone; where the scan saw no name to compare, the script says
  `identity not compared`.
- Every run leaves a log and a table in `logs`. A host that fails does not stop the others; the exit status is then 1.
- If the system blocks scripts, read them; then, for this window alone, `Set-ExecutionPolicy -Scope Process Bypass`. From the
  Command Prompt or a scheduled task: `powershell.exe -ExecutionPolicy Bypass -Command \"& .\\scripts\\NAME.ps1 -Apply -Confirm:$false\"`.
  With `-File` in place of `-Command`, Windows PowerShell 5.1 takes `-Confirm:$false` and lists of hosts for plain text.";

const REST: &str = "
## .rdp files

`rdp` has a file by name and one by address for each host, to compare; a name that is missing in DNS or leads elsewhere has its
file, too, and `actions.csv` says so (`name_source`, `name_note`). In all of them the client warns when the server cannot
prove who it is (`authentication level:i:2`), nothing is shared with the server, and no user name is kept.

## Afterwards

Scan the same targets again, and compare.
";

/// The page of a remedy, with the hosts concerned.
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
    lines.push(match script::reach(remedy) {
        None => format!("- **Script:** none: {}", remedy.no_script.as_deref().unwrap_or_default()),
        Some(ScriptEffect::Reads) => format!(
            "- **Script:** `scripts/{0}.ps1` reads how things stand on the hosts; what to do then takes judgement.",
            remedy.key
        ),
        Some(ScriptEffect::Changes) => format!(
            "- **Script:** `scripts/{0}.ps1` reads, and changes with `-Apply`.",
            remedy.key
        ),
        Some(ScriptEffect::Undoes) => format!(
            "- **Script:** `scripts/{0}.ps1` reads, changes with `-Apply`, and goes back with `-Undo logs\\{0}-….undo.json -Apply`.",
            remedy.key
        ),
    });
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
    section(
        "Hosts that the script takes only by -ComputerName: not known to be Windows",
        machines(&part.unproven),
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
