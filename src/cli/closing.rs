//! What stands below the options, in the help and in the manual page: kept in parts, so that each can set them in its own way.

/// A part.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Block {
    /// Things, and what each means.
    List {
        /// The heading.
        title: &'static str,
        /// What it is, and what it means.
        items: &'static [(&'static str, &'static str)],
    },
    /// Sentences.
    Notes(&'static [&'static str]),
}

const SCAN: &[Block] = &[
    Block::List {
        title: "Forms of targets",
        items: &[
            (
                "10.0.0.0/24",
                "a network; 10.0.0.0/255.255.255.0 is the same",
            ),
            ("10.0.0.10-50", "a range; 10.0.0.1-10.0.3.255 is one, too"),
            (
                "10.0.0.5, 10.0.0.5:3390",
                "an address, with a port of its own",
            ),
            (
                "srv05.corp.example, srv05:3390",
                "a name, with every address that it gives",
            ),
            (
                "2001:db8::5, [2001:db8::5]:3390",
                "IPv6; 2001:db8::/120 is a network",
            ),
            ("@FILE, -", "a list, or a list on standard input"),
            (
                "FILE.rdg, FILE.xml, FILE.rdp, FILE.csv",
                "of RDCMan, mRemoteNG, mstsc and Get-ADComputer",
            ),
        ],
    },
    Block::List {
        title: "Examples",
        items: &[
            ("rdpscan demo", "look around first, without any network"),
            ("rdpscan 10.0.0.0/24", "sweep a network"),
            ("rdpscan 10.0.0.0/22 --exclude 10.0.1.0/28", "all but some"),
            (
                "rdpscan -f servers.txt -o monday.json",
                "scan a list and keep the result",
            ),
            (
                "rdpscan -f computers.csv -o fleet-{date}.html",
                "computers of a domain, a page for each day",
            ),
            ("rdpscan open monday.json", "look at it again"),
            (
                "rdpscan fix monday.json -o monday-fix",
                "scripts and lists that mend what was found",
            ),
            (
                "rdpscan 10.0.0.0/24 --fail-on high --quiet",
                "for a scheduled task: exit status 1 says look here",
            ),
        ],
    },
    Block::Notes(&[
        "Every setting can also stand in a file or in the environment, as in RDPSCAN_SCAN_ATTEMPTS=5; `rdpscan config` lists them all.",
        "A host that is called like a command comes after two dashes: rdpscan -- demo",
    ]),
    Block::List {
        title: "Exit status",
        items: &[
            ("0", "done, whatever was found"),
            ("1", "a finding or a state that --fail-on names"),
            ("2", "wrong usage or settings, or nothing could be done"),
            ("130", "interrupted, with what was found written"),
        ],
    },
];

const EXPLAIN: &[Block] = &[Block::List {
    title: "Examples",
    items: &[
        ("rdpscan explain", "everything, by kind"),
        (
            "rdpscan explain 0x904 0x7",
            "a code with its extended reason; 2308 and 904 are understood as well",
        ),
        ("rdpscan explain extended 7", "an extended reason alone"),
        (
            "rdpscan explain rdp-cert-expired",
            "a finding; rdp-cert lists all that begin so",
        ),
        (
            "rdpscan explain R2",
            "a remedy; W3 is a claim of the web and what of it holds",
        ),
        (
            "rdpscan explain certificate expired",
            "entries with these words",
        ),
        (
            "rdpscan explain claims",
            "all of a kind: codes, extended, findings, remedies, claims, client",
        ),
    ],
}];

const REPORT: &[Block] = &[Block::List {
    title: "Examples",
    items: &[
        (
            "rdpscan report monday.json",
            "the table and the findings as text",
        ),
        (
            "rdpscan report monday.json -o monday.html",
            "one page for people",
        ),
        (
            "rdpscan report monday.json --filter state:broken -o broken.csv",
            "some hosts, for a spreadsheet",
        ),
        (
            "rdpscan report monday.json --fail-on high",
            "exit status 1 when a finding is that bad or worse",
        ),
    ],
}];

const COMPLETIONS: &[Block] = &[Block::List {
    title: "Examples",
    items: &[
        ("eval \"$(rdpscan completions bash)\"", "in ~/.bashrc"),
        (
            "source <(rdpscan completions zsh)",
            "in ~/.zshrc, behind compinit",
        ),
        (
            "rdpscan completions fish | source",
            "in ~/.config/fish/completions/rdpscan.fish",
        ),
        (
            "rdpscan completions powershell | Out-String | Invoke-Expression",
            "in the file that $PROFILE names",
        ),
        (
            "eval (rdpscan completions elvish | slurp)",
            "in ~/.config/elvish/rc.elv",
        ),
    ],
}];

const MAN: &[Block] = &[Block::List {
    title: "Examples",
    items: &[
        ("rdpscan man | man -l -", "read the page of rdpscan"),
        (
            "rdpscan man --dir ~/.local/share/man/man1",
            "install all of them, for `man rdpscan` and `man rdpscan-fix`",
        ),
    ],
}];

/// The parts of a command, by its name.
pub(crate) fn of(command: &str) -> &'static [Block] {
    match command {
        "rdpscan" => SCAN,
        "explain" => EXPLAIN,
        "report" => REPORT,
        "completions" => COMPLETIONS,
        "man" => MAN,
        _ => &[],
    }
}

/// Widest first column of a list in the help, in characters: whatever is wider has its meaning on the next line.
const WIDEST: usize = 46;

/// As it stands in the help.
pub(super) fn help(command: &str) -> String {
    let blocks: Vec<String> = of(command).iter().map(block).collect();
    blocks.join("\n\n")
}

fn block(block: &Block) -> String {
    match block {
        Block::Notes(sentences) => sentences.join("\n"),
        Block::List { title, items } => {
            let widths = items.iter().map(|(what, _)| what.len());
            let width = widths
                .filter(|width| *width <= WIDEST)
                .max()
                .unwrap_or_default();
            let mut text = format!("{title}:");
            for (what, means) in *items {
                text.extend([format!("\n  {what:<width$}  ")]);
                if what.len() > width {
                    text.truncate(text.trim_end().len());
                    text.extend([format!("\n  {:width$}  ", "")]);
                }
                text.push_str(means);
            }
            text
        }
    }
}
