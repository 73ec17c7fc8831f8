//! The sections below the options, as text that help and manual pages set differently.

use std::sync::LazyLock;

use crate::targets::file_formats;

/// Headings end with a colon; `=>` stands between a term and its meaning.
const SCAN: &str = "Forms of targets:
10.0.0.0/24 => a network; also 10.0.0.0/255.255.255.0
10.0.0.10-50 => a range; also 10.0.0.1-10.0.3.255
10.0.0.5, 10.0.0.5:3390 => an address, or an address with its port
srv05.corp.example, srv05:3390 => a name, with every address that it resolves to
2001:db8::5, [2001:db8::5]:3390 => IPv6; 2001:db8::/120 is a network
@FILE, - => a list, or a list on standard input
{formats}

Examples:
rdpscan demo => look around without a network
rdpscan 10.0.0.0/24 => scan a network
rdpscan 10.0.0.0/22 --exclude 10.0.1.0/28 => a network without some addresses
rdpscan -f servers.txt -o monday.json => scan a list and keep the result
rdpscan -f computers.csv -o fleet-{date}.html => computers of a domain, an HTML report per day
rdpscan --fleet prod => scan a fleet of the settings file
rdpscan why srv05 0x904 0x7 => why one user cannot connect, and the fix
rdpscan open monday.json => open the saved scan
rdpscan fix monday.json -o monday-fix => the fix script and lists for the findings
rdpscan -f servers.txt --watch 15m => scan again and again, and show what changes
rdpscan 10.0.0.0/24 --fail-on high --quiet => for a scheduled task: exit status 1 if a finding is high or critical

Notes:
Every setting can also stand in a file or in the environment, as in RDPSCAN_SCAN_ATTEMPTS=5; `rdpscan config` lists them all.
To scan a host named like a command, put two dashes before it: rdpscan -- demo

Exit status:
0 => done, whatever the findings
1 => a finding or a state that --fail-on names
2 => wrong usage or settings, or a fatal error
130 => interrupted; results so far are written";

/// `SCAN` with a line for the files of other tools.
static SCAN_WITH_FORMATS: LazyLock<String> = LazyLock::new(|| {
    let of_tool = |(extension, tool): (&str, &str)| format!("{tool} (.{extension})");
    let tools: Vec<String> = file_formats().into_iter().map(of_tool).collect();
    let line = format!("FILE => a list of {}", tools.join(", "));
    SCAN.replace("{formats}", &line)
});

const EXPLAIN: &str = "Examples:
rdpscan explain => everything, by kind
rdpscan explain 0x904 0x7 => a code with its extended reason; 2308 and 904 are understood as well
rdpscan explain extended 7 => an extended reason alone
rdpscan explain rdp-cert-expired => a finding; rdp-cert lists all that begin with it
rdpscan explain R2 => a remedy; W3 is common advice, checked
rdpscan explain certificate expired => entries with these words
rdpscan explain claims => all of a kind: codes, extended, findings, remedies, claims, client";

const WHY: &str = "Examples:
rdpscan why srv05.corp.example => what users see, why, the fix, and where to confirm it
rdpscan why srv05 0x904 0x7 => also whether the scan explains this code, and what else does
rdpscan why srv05:3390 --format markdown => for a ticket, with what to tell the user";

const REPORT: &str = "Examples:
rdpscan report monday.json => the table and the findings as text
rdpscan report monday.json -o monday.html => an HTML report
rdpscan report monday.json --filter state:broken -o broken.csv => some hosts, for a spreadsheet
rdpscan report monday.json --fail-on high => exit status 1 if a finding is high or critical";

const DIFF: &str = "Examples:
rdpscan diff => the newest scan and the one before it of the same targets
rdpscan diff friday.json monday.json -o monday.html => two files, one page for people
rdpscan diff @2026-11-20 @last --fail-on-change gone,broken_since => exit status 1 when a host is gone or broken

Notes:
A host is found again by its listed name, by its name in NTLM, by the key of its certificate, and by its address, in this order.
What one of the scans did not look at is not_scanned, and never gone or new.";

const HISTORY: &str = "Examples:
rdpscan history => all scans that are kept, newest first
rdpscan history srv05.corp.example => one host over time
rdpscan history prune => delete what is too old or too much, by the setting history.keep";

const ACK: &str = "Examples:
rdpscan ack srv05 RDP-CERT-EXPIRED --until 2027-01-31 --note planned => a known fault
rdpscan ack list => all of them
rdpscan ack remove srv05 RDP-CERT-EXPIRED => it counts again

Notes:
The finding leaves --fail-on, the number of problems and the severity of its host, in scans from now on and in saved ones. The state stays.
It counts again after that day, when it gets worse, and when the certificate of the host has another key.
To ignore a kind of finding everywhere, see policy.ignore in the settings.";

const FLEETS: &str = "Examples:
rdpscan fleets => name, last kept scan, hosts with problems, targets
rdpscan --fleet prod => scan the fleet prod

Notes:
A fleet is [fleets.NAME] in the settings file with targets, and with exclude, dns and ports where it needs them.";
const WORKER: &str = "Examples:
rdpscan worker --nats tls://nats.corp --site berlin --allow 10.0.0.0/8 => a worker of a site
rdpscan 10.0.0.0/16 --nats tls://nats.example --sites berlin => a scan by the workers of that site

Notes:
It contacts only what worker.allow names, on its own ports, whatever a scan asks for. Of rate, connections and attempts the stricter side counts.
It runs until it is stopped; a part of a scan that is not finished is then left to another worker.";

const COMPLETIONS: &str = r#"Examples:
eval "$(rdpscan completions bash)" => in ~/.bashrc
source <(rdpscan completions zsh) => in ~/.zshrc, behind compinit
rdpscan completions fish | source => in ~/.config/fish/completions/rdpscan.fish
rdpscan completions powershell | Out-String | Invoke-Expression => in the file that $PROFILE names
eval (rdpscan completions elvish | slurp) => in ~/.config/elvish/rc.elv"#;

const MAN: &str = "Examples:
rdpscan man | man -l - => read the page of rdpscan
rdpscan man --dir ~/.local/share/man/man1 => install all of them, for `man rdpscan` and `man rdpscan-fix`";

pub(crate) struct Section {
    pub(crate) title: &'static str,
    /// Terms with their meanings; notes have no term.
    pub(crate) items: Vec<(Option<&'static str>, &'static str)>,
}

/// The sections of a command, by its name.
pub(crate) fn of(command: &str) -> Vec<Section> {
    let text = match command {
        "rdpscan" => &SCAN_WITH_FORMATS,
        "why" => WHY,
        "explain" => EXPLAIN,
        "report" => REPORT,
        "diff" => DIFF,
        "history" => HISTORY,
        "fleets" => FLEETS,
        "ack" => ACK,
        "worker" => WORKER,
        "completions" => COMPLETIONS,
        "man" => MAN,
        _ => return Vec::new(),
    };
    let sections = text.split("\n\n").filter_map(|section| {
        let (title, items) = section.split_once(":\n")?;
        let items = items.lines().map(|line| match line.split_once(" => ") {
            Some((term, meaning)) => (Some(term), meaning),
            None => (None, line),
        });
        Some(Section {
            title,
            items: items.collect(),
        })
    });
    sections.collect()
}

/// Widest first column of a list in the help, in characters: the meaning of a wider term is on the next line.
const WIDEST: usize = 46;

pub(super) fn render(command: &str) -> String {
    let sections: Vec<String> = of(command).iter().map(section).collect();
    sections.join("\n\n")
}

fn section(section: &Section) -> String {
    let terms = section.items.iter().filter_map(|(term, _)| *term);
    let widths = terms.map(str::len).filter(|width| *width <= WIDEST);
    let width = widths.max().unwrap_or_default();
    let lines = section.items.iter().map(|(term, meaning)| match term {
        None => (*meaning).to_owned(),
        Some(term) if term.len() > width => format!("  {term}\n  {:width$}  {meaning}", ""),
        Some(term) => format!("  {term:<width$}  {meaning}"),
    });
    let is_notes = section.items.iter().all(|(term, _)| term.is_none());
    let title = (!is_notes).then(|| format!("{}:", section.title));
    title
        .into_iter()
        .chain(lines)
        .collect::<Vec<_>>()
        .join("\n")
}
