//! README.md of the folder: what to run first, what it interrupts, how to go back.

use std::fmt::Write as _;

use super::actions::{Actions, Execution, HostRow, RemedyMachines};
use super::name::Computer;
use super::script;
use crate::counts::{counted, grouped};

/// The most hosts in one command.
const MOST_NAMED: usize = 10;

pub(super) fn text(
    actions: &Actions<'_>,
    parts: &[RemedyMachines<'_>],
    rows: &[HostRow<'_>],
) -> String {
    let hosts = counted(actions.machines.len() as u64, "host", "hosts");
    let mut text = format!(
        "# Fixes for {hosts}\n\nWritten by rdpscan from a saved scan. `actions.csv` lists what is to be done at which host, in order; \
         findings without a remedy are in the reports alone.\n"
    );
    if let (Some(first), Some(last)) = (actions.read.iter().min(), actions.read.iter().max()) {
        _ = write!(
            text,
            "\nThe script has read {} of them, from {first} to {last} (`--facts`). The columns `inside` and `inside_detail` of `actions.csv` have what it\n\
             found: *confirmed*, *ruled out*, *blocked* or *unknown*. A remedy that is ruled out is not in `hosts.csv`. What changed since is not known.\n",
            grouped(actions.read.len() as u64),
        );
    }
    let example = rows.iter().find(|row| row.proven).or(rows.first());
    if let Some(example) = example {
        first_steps(&mut text, rows, &example.computer);
    }
    table(&mut text, parts);
    if example.is_some() {
        text.push_str(RUN);
    }
    text.push_str(RDP_FILES);
    if !actions.refused.is_empty() {
        let names = counted(actions.refused.len() as u64, "name", "names");
        _ = write!(
            text,
            "\n## Invalid names\n\n`refused.csv` lists {names} that no host can have. They are in no list for the script and in no `.rdp` file; \
             the hosts are reached by address.\n"
        );
    }
    text
}

fn first_steps(text: &mut String, rows: &[HostRow<'_>], example: &Computer) {
    let proven = rows.iter().filter(|row| row.proven).count();
    let (contacts, named, others) = if proven > 0 {
        let hosts = counted(proven as u64, "host", "hosts");
        let all = format!("Then the others: `.\\{} -Apply`. ", script::SCRIPT);
        (
            format!("contacts {hosts} of `hosts.csv`"),
            String::new(),
            all,
        )
    } else {
        let named = format!(" -ComputerName {}", unproven(rows));
        let alone = "contacts hosts of `hosts.csv` only where you name them";
        (
            alone.to_owned(),
            named,
            "Then the others, by their names. ".to_owned(),
        )
    };
    let others = if rows.len() > 1 {
        others
    } else {
        String::new()
    };
    _ = write!(
        text,
        "\n## What to run first\n\n`{script}` {contacts}. Copy this folder to a Windows machine, and open Windows PowerShell 5.1 or newer in it, as an\n\
         administrator of the hosts. Read the hosts; this changes nothing, and shows what would be done and in which order:\n\n```powershell\n.\\{script}{named}\n```\n\n\
         {address}Fix one host. The script asks before each step, says what it interrupts, and reads the host again afterwards:\n\n```powershell\n\
         .\\{script} -ComputerName {example} -Apply\n```\n\n\
         {others}If Windows blocks the script, read it, then allow scripts in this window only:\n\
         `Set-ExecutionPolicy -Scope Process -ExecutionPolicy Bypass`.\n",
        script = script::SCRIPT,
        address = match rows.iter().filter(|row| by_address(row)).count() {
            0 => String::new(),
            count => format!(
                "{} reached by address, which takes `-Credential`: see below.\n\n",
                counted(count as u64, "host is", "hosts are")
            ),
        },
    );
    left_alone(text, rows, proven == 0);
    addresses(text, rows);
}

/// The hosts that the script skips without `-ComputerName`, and the command for them, unless it is the first one. These are often the
/// broken ones: without a certificate there is little to identify.
fn left_alone(text: &mut String, rows: &[HostRow<'_>], all: bool) {
    let count = rows.iter().filter(|row| !row.proven).count();
    if count == 0 {
        return;
    }
    _ = write!(
        text,
        "\n### Hosts that are left alone unless you name them\n\n\
         What {} answered does not show that Windows runs there: the port was closed or spoke another protocol, or nothing gave the name\n\
         of a Windows machine. The script logs on to whatever you name, so name only machines of your own.",
        counted(count as u64, "host", "hosts"),
    );
    if all {
        text.push('\n');
        return;
    }
    let (script, named) = (script::SCRIPT, unproven(rows));
    _ = write!(
        text,
        " Without `-Apply` this reads:\n\n```powershell\n.\\{script} -ComputerName {named}\n```\n"
    );
}

/// The hosts that the script skips without `-ComputerName`, for it.
fn unproven(rows: &[HostRow<'_>]) -> String {
    let computers: Vec<String> = rows
        .iter()
        .filter(|row| !row.proven)
        .map(|row| row.computer.to_string())
        .collect();
    let named = computers.get(..MOST_NAMED).unwrap_or(&computers).join(", ");
    match computers.len().saturating_sub(MOST_NAMED) {
        0 => named,
        more => format!("{named}   # and {more} more: hosts.csv, `no sign of Windows`"),
    }
}

fn by_address(row: &HostRow<'_>) -> bool {
    matches!(row.computer, Computer::Address(_))
}

fn addresses(text: &mut String, rows: &[HostRow<'_>]) {
    let count = rows.iter().filter(|row| by_address(row)).count();
    if count == 0 {
        return;
    }
    // Those that the command below contacts; the others are named by hand.
    let contacted = rows.iter().any(|row| row.proven && by_address(row));
    let named: Vec<String> = rows
        .iter()
        .filter(|row| by_address(row) && (row.proven || !contacted))
        .take(MOST_NAMED)
        .map(|row| row.computer.to_string())
        .collect();
    _ = write!(
        text,
        "\n### Hosts that are reached by address\n\n\
         {} alone, so the script connects by address. Kerberos does not work then: **NTLM sends proof of your password to\n\
         whatever answers at that address.** Use an account that administers these hosts only. PowerShell requires `-Credential`, and either the\n\
         addresses in TrustedHosts, or `-UseSSL` and a certificate for the address on the host. Put TrustedHosts back afterwards:\n\n```powershell\n\
         $trusted = (Get-Item -Path WSMan:\\localhost\\Client\\TrustedHosts).Value\n\
         Set-Item -Path WSMan:\\localhost\\Client\\TrustedHosts -Value '{}' -Concatenate -Force\n\
         .\\{}{} -Credential (Get-Credential)\n\
         Set-Item -Path WSMan:\\localhost\\Client\\TrustedHosts -Value $trusted -Force\n```\n",
        match count {
            1 => "1 host has no name that resolves to it".to_owned(),
            many => format!(
                "{} have no name that resolves to them",
                counted(many as u64, "host", "hosts")
            ),
        },
        named.join(","),
        script::SCRIPT,
        if contacted {
            String::new()
        } else {
            format!(" -ComputerName {}", named.join(", "))
        },
    );
}

fn table(text: &mut String, parts: &[RemedyMachines<'_>]) {
    text.push_str(
        "\n## The steps, in order\n\n*First step for* counts each host once, by the first remedy of its worst finding, as the screen and reports do. \
         A host may need more steps: *by script* and *by hand* count all of them.\n\n\
         | remedy | what | interrupts | first step for | by script | by hand |\n|---|---|---|---|---|---|\n",
    );
    for part in parts {
        let key = &part.remedy.key;
        let count = |wanted: fn(Execution) -> bool| part.count(wanted);
        let cell = |hosts: usize| match hosts {
            0 => "–".to_owned(),
            hosts => hosts.to_string(),
        };
        let mut script = cell(count(Execution::by_script));
        if let Some(step) = script::step(part.remedy) {
            let when_named = count(|way| way == Execution::Unproven);
            if when_named > 0 {
                _ = write!(script, " ({when_named} when named)");
            }
            if step.reads_only {
                script.push_str(", only reads");
            }
        }
        let by_hand = cell(count(Execution::by_hand));
        let first_for = (part.hosts.iter()).filter(|(_, machine, _)| machine.first == Some(key));
        let first_for = cell(first_for.count());
        let (title, interrupts) = (&part.remedy.title, &part.remedy.interrupts);
        _ = writeln!(
            text,
            "| [{key}](remedies/{key}.md) | {title} | {interrupts} | {first_for} | {script} | {by_hand} |"
        );
    }
}

const RUN: &str = r#"
The script reads each host and does what the host requires, in this order; that may be more than `actions.csv` lists, and less.
A step waits for those that it needs, and is `blocked` where one of them is open. R7 (firewall) requires `-AdminNetwork`, such as `10.0.9.0/24`. R7 and
R9, and R8 where it turns Remote Desktop on, are done only where the row in `hosts.csv` or `-Remedy` names them: remove them from the row where
somebody turned Remote Desktop off on purpose.

## While it runs

- It connects by PowerShell remoting (WinRM, port 5985; `-UseSSL` for 5986), as you or with `-Credential`. Nothing of a credential is stored.
- A host that calls itself by another name than during the scan is left alone. Where the scan saw no name, `Identity` says `not compared`.
- One host's failure does not stop the others. After Ctrl-C the table shows what was done, and a second run goes on.
- Each run writes a folder below `runs`: `results.csv`, `transcript.log`, `facts.json` of what it read, and `undo.json` of what it changed.

Exit status: 0 where every host is in order, done, would be done or left alone, so a run that only reads gives 0 too where there is work; 1 where
something is blocked, partly done, failed or unknown, or PowerShell refuses a parameter; 2 where the call is wrong otherwise. In a scheduled task,
which starts in this folder:

```bat
powershell.exe -NoProfile -ExecutionPolicy Bypass -Command "$ErrorActionPreference = 'Stop'; & .\Repair-RdpHost.ps1 -Apply -Confirm:$false; exit $LASTEXITCODE"
```

## How to undo it

This puts back what the newest run changed, where nobody has changed it since; without `-Apply` it shows that alone. The pages below `remedies` say what has no way back.

```powershell
$undo = Get-ChildItem -Path .\runs -Recurse -Filter undo.json | Sort-Object -Property LastWriteTime | Select-Object -Last 1
.\Repair-RdpHost.ps1 -UndoPath $undo.FullName -Apply
```

## Afterwards

What the script read makes a more certain plan of the same scan. Do this before a new scan: `@last` is the newest one.

```powershell
$facts = Get-ChildItem -Path .\runs -Recurse -Filter facts.json | Sort-Object -Property LastWriteTime | Select-Object -Last 1
rdpscan fix '@last' --facts $facts.FullName -o 'fix-{date}-inside'
```

Then scan the same targets again, and compare with `rdpscan diff`.
"#;

const RDP_FILES: &str = "
## .rdp files

`rdp` has a file by name and one by address for each host, to compare. A name that does not resolve, or resolves to another address, has a file too:
see `name_source` and `name_note` in `actions.csv`. In all of them the client warns when the server cannot prove who it is (`authentication
level:i:2`), drives, clipboard and printers are not shared with the server, and no user name is kept.

The files are not signed: since the updates of April 2026 (CVE-2026-26151, reported) mstsc calls them an unknown remote connection. Check
the address that it shows, and connect; or sign them first, with `rdpsign` and a certificate that the client trusts.
";
