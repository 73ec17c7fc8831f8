//! The command line. Flags of settings come from the fields of `settings`, whose parsers also read variables and files, so that
//! all are refused in the same words.

pub(crate) mod after_help;
pub(crate) mod complete;
mod flags;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::error::Error;
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum, ValueHint};

use jiff::civil::Date;

pub use complete::Shell;
use flags::Flags;

use crate::model::ChangeClass;
use crate::sanitize::excerpt;
use crate::settings::{
    Environment, Given, Resolved, SettingsError, filter_text, not_blank, refusal, resolve,
};

/// Find the hosts that refuse Remote Desktop, at which stage, and why.
///
/// Connects to port 3389 of every target, goes through the stages of a Remote Desktop connection and stops before the logon. The
/// live table shows state, certificate, TLS, NLA, name against address, and whether a host fails always or sometimes. No user name
/// is ever sent. Scan only what you administer.
#[derive(Debug, Parser)]
#[command(
    name = "rdpscan",
    version,
    long_version = long_version(),
    args_conflicts_with_subcommands = true,
    arg_required_else_help = true,
    override_usage = "rdpscan [OPTIONS] TARGET...\n       rdpscan COMMAND",
    subcommand_value_name = "COMMAND",
    after_help = after_help::render("rdpscan"),
    max_term_width = 120
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub scan: ScanArgs,
}

/// The version, and as of when the facts that age were looked up.
fn long_version() -> String {
    let version = env!("CARGO_PKG_VERSION");
    let oldest = crate::diagnosis::dated::oldest();
    format!("{version}\nfacts about Windows, its updates and certificates as of {oldest}")
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Scan a simulated fleet on loopback; needs no network and no privilege
    #[cfg(feature = "sim")]
    Demo(Box<DemoArgs>),
    /// Scan one host and print what its users see, why, the fix, and where to confirm it
    Why(Box<WhyArgs>),
    /// Explain a code, a finding, a remedy or a claim, offline
    Explain(ExplainArgs),
    /// Open a saved scan on the screen
    Open(OpenArgs),
    /// Continue an interrupted scan
    Resume(Box<ResumeArgs>),
    /// Write a saved scan in another format
    Report(ReportArgs),
    /// Print what has changed between two scans
    #[command(after_help = after_help::render("diff"))]
    Diff(Box<DiffArgs>),
    /// List the scans that are kept, or show one host over time
    #[command(after_help = after_help::render("history"))]
    History(HistoryArgs),
    /// Acknowledge a finding of a host until a day, so that it does not count
    #[command(after_help = after_help::render("ack"))]
    Ack(AckArgs),
    /// List the saved fleets, each with its last scan
    #[command(after_help = after_help::render("fleets"))]
    Fleets(FleetsArgs),
    /// Scan for others: take parts of their scans from a NATS server, and send back what is found
    #[command(after_help = after_help::render("worker"))]
    Worker(WorkerArgs),
    /// Write the fix script, .rdp files and lists for the findings of a saved scan
    Fix(FixArgs),
    /// Print every setting and where its value came from
    Config(ConfigArgs),
    /// Print the JSON Schema of a report, or of a recording's lines
    Schema(SchemaArgs),
    /// Generate shell completions
    Completions(CompletionsArgs),
    /// Generate the manual pages
    Man(ManArgs),
    /// What could stand at the cursor: asked by the scripts of `completions`.
    #[command(name = "__complete", hide = true)]
    Complete(CompleteArgs),
}

#[derive(Debug, Default, Args)]
pub struct ScanArgs {
    #[command(flatten)]
    pub targets: TargetArgs,
    #[command(flatten)]
    pub common: CommonArgs,
    #[command(flatten)]
    pub output: OutputArgs,
}

#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Targets")]
pub struct TargetArgs {
    /// Addresses, ranges, networks, names; @FILE for a list; - for a list on standard input
    #[arg(value_name = "TARGET", help_heading = None)]
    pub targets: Vec<String>,
    /// Scan a fleet of the settings file by its name, with its targets, excludes, DNS servers and ports; `rdpscan fleets` lists them
    #[arg(long, value_name = "NAME", value_parser = not_blank)]
    pub fleet: Option<String>,
    /// Read targets from a list: one per line, or between commas or semicolons; # starts a comment. Or from what other tools
    /// have, recognised by content: tables (CSV, Excel, JSON, YAML, XML, console output) with a column of hosts, as of
    /// Get-ADComputer; RDCMan, mRemoteNG, mstsc, Royal TS, Remote Desktop Manager, Remmina, Guacamole; nmap -oX, nmap -oG, nmap -oN,
    /// masscan -oJ, masscan -oL, RustScan; Ansible; dsquery, dhcpd, dnsmasq, netsh dhcp, dnscmd /ZoneExport, hosts files, other
    /// tables; and rdpscan's own reports and recordings (repeatable)
    #[arg(short = 'f', long = "file", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,
    /// Column of tables that holds the hosts, by heading or number [default: chosen by headings and cells, see --dry-run]
    #[arg(long, value_name = "HEADING", value_parser = not_blank)]
    pub column: Option<String>,
    /// Take only those hosts of saved scans (reports, recordings) that match, as in state:broken
    #[arg(long, value_name = "TEXT", value_parser = filter_text)]
    pub select: Option<String>,
    /// Never contact these addresses, even if a name resolves to one (repeatable)
    #[arg(long, value_name = "ADDRESSES", value_parser = not_blank)]
    pub exclude: Vec<String>,
    /// Never contact the addresses of this file, a plain list of addresses, ranges and networks (repeatable)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub exclude_file: Vec<PathBuf>,
    /// Print the plan (addresses, connections, expected time) and stop
    #[arg(long)]
    pub dry_run: bool,
}

/// Flags of settings, the settings file and the log. The name of the command decides which settings it takes.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "General")]
pub struct CommonArgs {
    #[command(flatten)]
    flags: Flags,
    /// Read settings from this file instead of the user's own
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,
    /// Log every connection; -vv logs every stage and every lookup
    #[arg(short = 'v', long, action = ArgAction::Count)]
    pub verbose: u8,
}

#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// Write the result to this file; {date} in its name is the day of the scan in UTC, {scan} its id; - is standard output.
    /// Of several files each has the format of its extension, and --format is that of the others (repeatable)
    #[arg(short = 'o', long = "output", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub outputs: Vec<PathBuf>,
}

#[derive(Debug, Default, Args)]
pub struct DemoArgs {
    #[command(flatten)]
    pub common: CommonArgs,
    #[command(flatten)]
    pub output: OutputArgs,
}

#[derive(Debug, Args)]
#[command(after_help = after_help::render("why"))]
pub struct WhyArgs {
    /// The host, as users type it: a name or an address, with a port of its own or not
    #[arg(value_name = "HOST", value_parser = not_blank)]
    pub host: String,
    /// The code that a user was shown, with its extended reason
    #[arg(value_name = "CODE")]
    pub code: Vec<String>,
    /// How to print it
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    pub format: WhyFormat,
    #[command(flatten)]
    pub common: CommonArgs,
}

/// How `rdpscan why` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum WhyFormat {
    /// Text for a terminal
    #[default]
    Text,
    /// Markdown for a ticket
    Markdown,
    /// The JSON report of the scan
    Json,
}

#[derive(Debug, Args)]
#[command(after_help = after_help::render("explain"))]
pub struct ExplainArgs {
    /// A code with or without its extended reason, a key or its beginning, or words; nothing lists everything
    #[arg(value_name = "WORDS")]
    pub words: Vec<String>,
    /// How to print it
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    pub format: ExplainFormat,
    /// Print to the terminal without a pager
    #[arg(long)]
    pub no_pager: bool,
}

/// How `rdpscan explain` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ExplainFormat {
    /// Text for a terminal
    #[default]
    Text,
    /// One JSON object
    Json,
    /// Markdown
    Markdown,
}

const SAVED_SCAN: &str = "The saved scan: a .json report, an .ndjson recording, or one of the history: @last, @prev (of the same targets), the day of its start as in @2026-11-20, its id, or the beginning of its id";

#[derive(Debug, Args)]
pub struct OpenArgs {
    #[arg(value_name = "SCAN", value_hint = ValueHint::FilePath, help = SAVED_SCAN)]
    pub file: PathBuf,
    #[command(flatten)]
    pub common: CommonArgs,
}

#[derive(Debug, Args)]
pub struct ResumeArgs {
    /// The scan: @last, @prev, the day of its start as in @2026-11-20, its id, or the beginning of its id [default: the newest
    /// that is not complete]
    #[arg(value_name = "SCAN")]
    pub scan: Option<String>,
    /// Never contact these addresses either (repeatable)
    #[arg(long, value_name = "ADDRESSES", value_parser = not_blank)]
    pub exclude: Vec<String>,
    /// Never contact the addresses of this list either (repeatable)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub exclude_file: Vec<PathBuf>,
    #[command(flatten)]
    pub common: CommonArgs,
    #[command(flatten)]
    pub output: OutputArgs,
}

#[derive(Debug, Args)]
#[command(after_help = after_help::render("report"))]
pub struct ReportArgs {
    #[arg(value_name = "SCAN", value_hint = ValueHint::FilePath, help = SAVED_SCAN)]
    pub file: PathBuf,
    #[command(flatten)]
    pub common: CommonArgs,
    #[command(flatten)]
    pub output: OutputArgs,
}

#[derive(Debug, Args)]
pub struct DiffArgs {
    /// The earlier scan: a .json report, an .ndjson recording, or one of the history: @last, @prev (the one before @last of the
    /// same targets), the day of its start as in @2026-11-20, its id, or the beginning of its id
    #[arg(value_name = "BEFORE", value_hint = ValueHint::FilePath, default_value = "@prev")]
    pub before: PathBuf,
    /// The later scan, named in the same way
    #[arg(value_name = "AFTER", value_hint = ValueHint::FilePath, default_value = "@last")]
    pub after: PathBuf,
    /// End with exit status 1 if a host has a change of one of these classes
    #[arg(long, value_name = "CLASS", value_delimiter = ',', value_parser = change_class())]
    pub fail_on_change: Vec<ChangeClass>,
    #[command(flatten)]
    pub common: CommonArgs,
    #[command(flatten)]
    pub output: OutputArgs,
}

fn change_class() -> impl TypedValueParser<Value = ChangeClass> {
    let words = ChangeClass::ALL.iter().map(|class| class.word());
    PossibleValuesParser::new(words).map(|word| {
        let mut all = ChangeClass::ALL.iter();
        let class = all.find(|class| class.word() == word);
        *class.unwrap_or(&ChangeClass::NotScanned)
    })
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct HistoryArgs {
    #[command(subcommand)]
    pub command: Option<HistoryCommand>,
    /// The host, by its address or any of its names; without it, all scans are listed
    #[arg(value_name = "HOST", value_parser = not_blank)]
    pub host: Option<String>,
    #[command(flatten)]
    pub common: CommonArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub enum HistoryCommand {
    /// Delete the scans beyond history.keep now, as every scan does at its end
    Prune,
}

fn day(text: &str) -> Result<Date, &'static str> {
    text.parse()
        .map_err(|_| "no such day: write it as 2027-01-31")
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct AckArgs {
    #[command(subcommand)]
    pub command: Option<AckCommand>,
    /// The host, by its address or any of its names, as in its newest kept scan
    #[arg(value_name = "HOST", value_parser = not_blank, required = true)]
    pub host: Option<String>,
    /// The finding, by its id
    #[arg(value_name = "FINDING", id = "finding", value_parser = not_blank, required = true)]
    pub finding: Option<String>,
    /// The last day on which it does not count, UTC, as in 2027-01-31
    #[arg(long, value_name = "DATE", value_parser = day, required = true)]
    pub until: Option<Date>,
    /// Why, in a few words; every report repeats it
    #[arg(long, value_name = "TEXT", value_parser = not_blank, required = true)]
    pub note: Option<String>,
    /// Who acknowledges it [default: the user]
    #[arg(long, value_name = "NAME", value_parser = not_blank)]
    pub by: Option<String>,
    #[command(flatten)]
    pub common: CommonArgs,
}

#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum AckCommand {
    /// List what is acknowledged
    List,
    /// Let a finding count again
    Remove {
        /// The host, by its address or any of its names
        #[arg(value_name = "HOST", value_parser = not_blank)]
        host: String,
        /// The finding, by its id
        #[arg(value_name = "FINDING", id = "finding", value_parser = not_blank)]
        finding: String,
    },
}

#[derive(Debug, Args)]
pub struct FleetsArgs {
    #[command(flatten)]
    pub common: CommonArgs,
}

#[derive(Debug, Args)]
pub struct WorkerArgs {
    #[command(flatten)]
    pub common: CommonArgs,
}

#[derive(Debug, Args)]
pub struct FixArgs {
    #[arg(value_name = "SCAN", value_hint = ValueHint::FilePath, help = SAVED_SCAN)]
    pub file: PathBuf,
    /// The folder to make; one that is there already must be empty
    #[arg(short = 'o', long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub output: PathBuf,
    /// Only these remedies, as in R1,R2; also those of informational findings [default: all except those]
    #[arg(long, value_name = "REMEDIES", value_parser = not_blank)]
    pub remedy: Vec<String>,
    /// What the fix script read on the hosts, the facts.json of a run: confirms remedies or rules them out; may be repeated
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub facts: Vec<PathBuf>,
    #[command(flatten)]
    pub common: CommonArgs,
}

#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// How to print them
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    pub format: ConfigFormat,
    #[command(flatten)]
    pub common: CommonArgs,
}

/// How `rdpscan config` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ConfigFormat {
    /// Lines that read back as a settings file
    #[default]
    Text,
    /// One JSON object
    Json,
}

#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// Of what
    #[arg(value_enum, value_name = "FORM")]
    pub form: SchemaForm,
}

/// The forms that have a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SchemaForm {
    /// A report, as `--format json` writes it
    Report,
    /// One line of a recording, as `--format ndjson` writes it
    Events,
    /// What the fix script reads on hosts, as it writes facts.json
    Facts,
    /// The changes between two scans, as `rdpscan diff --format json` writes them
    Changes,
}

#[derive(Debug, Args)]
#[command(after_help = after_help::render("completions"))]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

#[derive(Debug, Args)]
pub struct CompleteArgs {
    /// Which word is to be completed, 0 for the program
    pub index: usize,
    /// The command line up to the cursor, the program first
    #[arg(last = true)]
    pub words: Vec<OsString>,
}

#[derive(Debug, Args)]
#[command(after_help = after_help::render("man"))]
pub struct ManArgs {
    /// Write a page for every command into this folder, which must exist, instead of the first one to standard output
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub dir: Option<PathBuf>,
}

impl Cli {
    /// The settings of flags, environment, user file and defaults.
    pub(crate) fn settings(&self, environment: &Environment) -> Result<Resolved, SettingsError> {
        self.settings_over(&[], environment)
    }

    /// The same, with the settings of a scan that is resumed below the flags.
    pub(crate) fn settings_over(
        &self,
        recorded: &[Given],
        environment: &Environment,
    ) -> Result<Resolved, SettingsError> {
        let common = self.common();
        let flags = common.map(|common| &*common.flags.0).unwrap_or_default();
        let config = common.and_then(|common| common.config.as_deref());
        let fleet = self.scan.targets.fleet.as_deref();
        resolve(flags, config, self.outputs(), recorded, fleet, environment)
    }

    /// How often `-v` was given.
    #[must_use]
    pub fn verbosity(&self) -> u8 {
        self.common().map_or(0, |common| common.verbose)
    }

    fn common(&self) -> Option<&CommonArgs> {
        match &self.command {
            None => Some(&self.scan.common),
            #[cfg(feature = "sim")]
            Some(Command::Demo(demo)) => Some(&demo.common),
            Some(Command::Why(why)) => Some(&why.common),
            Some(Command::Resume(resume)) => Some(&resume.common),
            Some(Command::Open(open)) => Some(&open.common),
            Some(Command::Report(report)) => Some(&report.common),
            Some(Command::Diff(diff)) => Some(&diff.common),
            Some(Command::History(history)) => Some(&history.common),
            Some(Command::Ack(ack)) => Some(&ack.common),
            Some(Command::Fleets(fleets)) => Some(&fleets.common),
            Some(Command::Worker(worker)) => Some(&worker.common),
            Some(Command::Fix(fix)) => Some(&fix.common),
            Some(Command::Config(config)) => Some(&config.common),
            Some(_) => None,
        }
    }

    fn outputs(&self) -> &[PathBuf] {
        match &self.command {
            None => &self.scan.output.outputs,
            #[cfg(feature = "sim")]
            Some(Command::Demo(demo)) => &demo.output.outputs,
            Some(Command::Resume(resume)) => &resume.output.outputs,
            Some(Command::Report(report)) => &report.output.outputs,
            Some(Command::Diff(diff)) => &diff.output.outputs,
            Some(_) => &[],
        }
    }
}

/// What to do next, for a command line without any argument.
const NO_ARGUMENTS: &str = "rdpscan: no targets
  scan a network:                   rdpscan 10.0.0.0/24
  why a user cannot connect:        rdpscan why srv05 0x904 0x7
  look around without a network:    rdpscan demo
  all commands and options:         rdpscan --help";

/// The last line of every usage error.
const SEE_HELP: &str = "all options: add --help";

/// The message for a wrong command line: what is wrong, then lines with the way out. `None` for help and version, which are no
/// mistakes.
#[must_use]
pub fn usage_error(error: &Error) -> Option<String> {
    use clap::error::ErrorKind::{
        DisplayHelp, DisplayHelpOnMissingArgumentOrSubcommand, DisplayVersion,
    };
    let text = match (error.kind(), refusal(error)) {
        (DisplayHelp | DisplayVersion, _) => return None,
        (DisplayHelpOnMissingArgumentOrSubcommand, _) => return Some(NO_ARGUMENTS.to_owned()),
        (_, Some((flag, value, refusal))) => format!(
            "{flag} `{}`: {}\n  {}\n  {SEE_HELP}",
            excerpt(value),
            refusal.reason,
            refusal.way_out
        ),
        (_, None) => clap_message(error),
    };
    Some(crate::sanitize::lines(&format!("rdpscan: {text}")).into_owned())
}

/// What clap says, a line each for the error, its tips and the usage.
fn clap_message(error: &Error) -> String {
    let text = error.render().to_string();
    let parts = text.split("\n\n").map(str::trim).filter_map(|part| {
        let part = match part.strip_prefix("Usage: ") {
            // The first form of it.
            Some(usage) => format!("usage: {}", usage.lines().next().unwrap_or_default()),
            None => part.strip_prefix("error: ").unwrap_or(part).to_owned(),
        };
        let words: Vec<&str> = part.split_whitespace().collect();
        let is_ours = part.is_empty() || part.starts_with("For more information");
        (!is_ours).then(|| words.join(" "))
    });
    let lines: Vec<String> = parts.chain([SEE_HELP.to_owned()]).collect();
    lines.join("\n  ")
}

#[cfg(test)]
mod tests;
