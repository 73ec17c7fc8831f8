//! Command-line flags, as close to the text as possible: values stay texts, and `settings` and `target` read them, so that a
//! flag, a variable and a file are judged by the same rules and refused in the same words.

mod flags;

use std::path::PathBuf;

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::error::Error;
use clap::{Arg, ArgAction, Args, Command as Definition, Parser, Subcommand, ValueEnum, ValueHint};

pub(crate) use flags::Flag;

const EXAMPLES: &str = "\
Targets, mixed as you like:
  10.0.0.0/24  10.0.0.0/255.255.255.0  10.0.0.10-50  10.0.0.1-10.0.3.255  10.0.0.5:3390
  srv05.corp.example  srv05:3390  2001:db8::5  [2001:db8::5]:3390  2001:db8::/120  @FILE  -

Examples:
  rdpscan demo                                  look around first, without any network
  rdpscan 10.0.0.0/24                           sweep a network
  rdpscan 10.0.0.0/22 --exclude 10.0.1.0/28     all but some
  rdpscan -f servers.txt -o monday.json         scan a list and keep the result
  rdpscan open monday.json                      look at it again
  rdpscan fix monday.json -o monday-fix         scripts and lists that mend what was found
  rdpscan 10.0.0.0/24 --fail-on high --quiet    for a scheduled task: exit status 1 says look here

Every setting can also stand in a file or in the environment, as in RDPSCAN_SCAN_ATTEMPTS=5; `rdpscan config` lists them all.
A host that is called like a command comes after two dashes: rdpscan -- demo

Exit status: 0 done; 1 findings at or above --fail-on; 2 usage, settings or fatal; 130 interrupted, with what was found written.";

/// Says which hosts would refuse Remote Desktop, at which stage, and why.
///
/// Connects to port 3389 of every target, goes through the stages of a Remote Desktop connection up to, but never into, the
/// log-on, and shows a live table: state, certificate, TLS, NLA, name against address, and whether it fails always or
/// sometimes. No user name is ever sent. Scan only what you administer.
#[derive(Debug, Parser)]
#[command(
    name = "rdpscan",
    version,
    args_conflicts_with_subcommands = true,
    arg_required_else_help = true,
    override_usage = "rdpscan [OPTIONS] TARGET...\n       rdpscan COMMAND",
    subcommand_value_name = "COMMAND",
    after_help = EXAMPLES,
    max_term_width = 120
)]
pub struct Cli {
    /// What to do instead of a scan.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The scan.
    #[command(flatten)]
    pub scan: ScanArgs,
}

/// What there is to do besides a scan.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Scan a simulated fleet on loopback; needs no network and no privilege
    #[cfg(feature = "sim")]
    Demo(Box<DemoArgs>),
    /// Explain a code, a finding, a remedy or a claim, offline
    Explain(ExplainArgs),
    /// Look at a saved scan in the same screens
    Open(OpenArgs),
    /// Write a saved scan in another format
    Report(ReportArgs),
    /// Write scripts, .rdp files and lists that mend what a saved scan found
    Fix(FixArgs),
    /// Print every setting and where its value came from
    Config(ConfigArgs),
    /// Print completions for a shell
    Completions(CompletionsArgs),
    /// Print the manual page
    Man,
}

/// A scan of real hosts.
#[derive(Debug, Default, Args)]
pub struct ScanArgs {
    /// Which hosts.
    #[command(flatten)]
    pub targets: TargetArgs,
    /// How fast, how often.
    #[command(flatten)]
    pub pace: PaceArgs,
    /// DNS servers.
    #[command(flatten)]
    pub servers: ServerArgs,
    /// What is asked besides the connection.
    #[command(flatten)]
    pub questions: QuestionArgs,
    /// What comes out.
    #[command(flatten)]
    pub output: OutputArgs,
    /// Settings file and log.
    #[command(flatten)]
    pub common: CommonArgs,
}

/// Which hosts.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Targets")]
pub struct TargetArgs {
    /// Addresses, ranges, networks, names; @FILE for a list; - for a list on standard input
    #[arg(value_name = "TARGET", help_heading = None)]
    pub targets: Vec<String>,
    /// Read targets from a list: one per line, or between commas or semicolons; # starts a comment (repeatable)
    #[arg(short = 'f', long = "file", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,
    /// Never touch these addresses, whatever name or range leads there (repeatable)
    #[arg(long, value_name = "ADDRESSES")]
    pub exclude: Vec<String>,
    /// Never touch the addresses of this list (repeatable)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub exclude_file: Vec<PathBuf>,
    /// TCP ports for targets that name none, as in 3389,3390 [default: 3389]
    #[arg(long, value_name = "PORTS")]
    pub port: Vec<String>,
    /// Allow more than 65,536 addresses
    #[arg(long)]
    pub allow_large: bool,
    /// Print the plan (addresses, connections, expected time) and stop
    #[arg(long)]
    pub dry_run: bool,
}

/// How fast, how often.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Pace")]
pub struct PaceArgs {
    /// Attempts at every host that answers; fewer than 3 give no verdict on stability [default: 3]
    #[arg(long, value_name = "N")]
    pub attempts: Option<String>,
    /// Time between two attempts at one host [default: 1s]
    #[arg(long, value_name = "TIME")]
    pub interval: Option<String>,
    /// How long each stage of an attempt may take [default: 5s]
    #[arg(long, value_name = "TIME")]
    pub timeout: Option<String>,
    /// End the scan after this time with what was found until then [default: none]
    #[arg(long, value_name = "TIME")]
    pub max_time: Option<String>,
    /// The most connections at once; 0 for as many as this machine allows [default: by profile]
    #[arg(long, value_name = "N")]
    pub concurrency: Option<String>,
    /// The most connections started in a second; 0 is no cap [default: by profile]
    #[arg(long, value_name = "PER_SECOND")]
    pub rate: Option<String>,
    /// How hard to press: gentle (64 at once, 100/s), normal (1,000/s) or fast (5,000/s) [default: normal]
    #[arg(long, value_name = "PROFILE", value_parser = Words(&["gentle", "normal", "fast"]), hide_possible_values = true)]
    pub profile: Option<String>,
    /// Number that decides the order of the scan; it is in every report [default: random]
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<String>,
}

/// DNS servers.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Names and identity")]
pub struct ServerArgs {
    /// Ask this DNS server instead of this machine's (repeatable)
    #[arg(long, value_name = "ADDR[:PORT]", conflicts_with = "no_dns")]
    pub dns: Vec<String>,
}

/// What is asked besides the connection.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Names and identity")]
pub struct QuestionArgs {
    /// Look no names up, neither forward nor back
    #[arg(long)]
    pub no_dns: bool,
    /// Do not ask hosts with NLA for their name, domain and build
    #[arg(long)]
    pub no_ntlm: bool,
}

/// What comes out.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// text, json, ndjson or csv [default: by the extension of -o, else text]
    #[arg(long, value_name = "FORMAT", value_parser = Words(FORMATS), hide_possible_values = true)]
    pub format: Option<String>,
    /// Write the result to this file; - is standard output
    #[arg(short = 'o', long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
    /// Print the result instead of opening the live table
    #[arg(long)]
    pub no_tui: bool,
    /// Exit with status 1 when a finding is at least this severe: critical, high, medium, low or info [default: never]
    #[arg(long, value_name = "SEVERITY", value_parser = Words(SEVERITIES), hide_possible_values = true)]
    pub fail_on: Option<String>,
    /// List silent and closed addresses of a sweep too
    #[arg(long)]
    pub all: bool,
    /// Show only what matches
    #[arg(long, value_name = "TEXT")]
    pub filter: Option<String>,
    /// No progress line and no notices
    #[arg(short = 'q', long)]
    pub quiet: bool,
}

/// Settings file and log.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "General")]
pub struct CommonArgs {
    /// Read settings from this file instead of the user's own
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,
    /// Write more to the log; twice for every step of every connection
    #[arg(short = 'v', long, action = ArgAction::Count)]
    pub verbose: u8,
}

/// A scan of the simulated fleet.
#[derive(Debug, Default, Args)]
pub struct DemoArgs {
    /// How fast, how often.
    #[command(flatten)]
    pub pace: PaceArgs,
    /// What is asked besides the connection.
    #[command(flatten)]
    pub questions: QuestionArgs,
    /// What comes out.
    #[command(flatten)]
    pub output: OutputArgs,
    /// Settings file and log.
    #[command(flatten)]
    pub common: CommonArgs,
}

/// The handbook.
#[derive(Debug, Args)]
#[command(after_help = EXPLAIN_EXAMPLES)]
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

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  rdpscan explain                      everything, by kind
  rdpscan explain 0x904 0x7            a code with its extended reason; 2308 and 904 are understood as well
  rdpscan explain extended 7           an extended reason alone
  rdpscan explain rdp-cert-expired     a finding; rdp-cert lists all that begin so
  rdpscan explain R2                   a remedy; W3 is a claim of the web and what of it holds
  rdpscan explain certificate expired  entries with these words
  rdpscan explain claims               all of a kind: codes, extended, findings, remedies, claims, client";

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

/// A saved scan on the screen.
#[derive(Debug, Args)]
pub struct OpenArgs {
    /// The saved scan, a .json report
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
    /// Show only what matches
    #[arg(long, value_name = "TEXT")]
    pub filter: Option<String>,
    /// Settings file and log.
    #[command(flatten)]
    pub common: CommonArgs,
}

/// A saved scan in another format.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// The saved scan, a .json report
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
    /// text, json, ndjson or csv [default: by the extension of -o, else text]
    #[arg(long, value_name = "FORMAT", value_parser = Words(FORMATS), hide_possible_values = true)]
    pub format: Option<String>,
    /// Write to this file [default: -, standard output]
    #[arg(short = 'o', long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
    /// Write only what matches
    #[arg(long, value_name = "TEXT")]
    pub filter: Option<String>,
    /// Exit with status 1 when a finding is at least this severe: critical, high, medium, low or info [default: never]
    #[arg(long, value_name = "SEVERITY", value_parser = Words(SEVERITIES), hide_possible_values = true)]
    pub fail_on: Option<String>,
    /// Settings file and log.
    #[command(flatten)]
    pub common: CommonArgs,
}

/// What mends a saved scan's findings.
#[derive(Debug, Args)]
pub struct FixArgs {
    /// The saved scan, a .json report
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
    /// The folder to make; one that is there already must be empty
    #[arg(short = 'o', long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub output: PathBuf,
    /// Only hosts that match
    #[arg(long, value_name = "TEXT")]
    pub filter: Option<String>,
    /// Only these remedies, as in R1,R2; also for what is merely worth knowing [default: all that are called for]
    #[arg(long, value_name = "REMEDIES")]
    pub remedy: Vec<String>,
    /// Settings file and log.
    #[command(flatten)]
    pub common: CommonArgs,
}

/// The settings.
#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// How to print them
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    pub format: ConfigFormat,
    /// Settings file and log.
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

/// Completions.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

const FORMATS: &[&str] = &["text", "json", "ndjson", "csv"];
const SEVERITIES: &[&str] = &["critical", "high", "medium", "low", "info", "never"];

/// Words that shells may complete. Any text is taken: `settings` refuses the wrong ones, in one line like all others.
#[derive(Debug, Clone, Copy)]
struct Words(&'static [&'static str]);

impl TypedValueParser for Words {
    type Value = String;

    fn parse_ref(
        &self,
        command: &Definition,
        arg: Option<&Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<String, Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.0.iter().copied().map(PossibleValue::new)))
    }
}

#[cfg(test)]
mod tests;
