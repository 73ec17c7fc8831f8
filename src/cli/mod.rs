//! Command-line flags, as close to the text as possible: values stay texts, and `settings` and `target` read them, so that a
//! flag, a variable and a file are judged by the same rules and refused in the same words.

pub(crate) mod closing;
pub(crate) mod complete;
mod flags;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::error::Error;
use clap::{Arg, ArgAction, Args, Command as Definition, Parser, Subcommand, ValueEnum, ValueHint};

pub use complete::Shell;
pub(crate) use flags::Flag;

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
    after_help = closing::help("rdpscan"),
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
    /// Print the JSON Schema of a report, or of a recording's lines
    Schema(SchemaArgs),
    /// Print what makes a shell complete rdpscan's commands, options and values
    Completions(CompletionsArgs),
    /// Print the manual page
    Man(ManArgs),
    /// What could stand at the cursor: asked by the scripts of `completions`.
    #[command(name = "__complete", hide = true)]
    Complete(CompleteArgs),
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
    /// Read targets from a list: one per line, or between commas or semicolons; # starts a comment. Or from what other tools
    /// have: .rdg and .rdp files, confCons.xml of mRemoteNG, and the CSV of Get-ADComputer with Name, dNSHostName and Enabled
    /// (repeatable)
    #[arg(short = 'f', long = "file", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,
    /// Never touch these addresses, whatever name or range leads there (repeatable)
    #[arg(long, value_name = "ADDRESSES", value_parser = something)]
    pub exclude: Vec<String>,
    /// Never touch the addresses of this list, a plain one of addresses, ranges and networks (repeatable)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub exclude_file: Vec<PathBuf>,
    /// TCP ports for targets that name none, as in 3389,3390 [default: 3389]
    #[arg(long, value_name = "PORTS", allow_hyphen_values = true)]
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
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub attempts: Option<String>,
    /// Time between two attempts at one host [default: 1s]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub interval: Option<String>,
    /// How long each stage of an attempt may take [default: 5s]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub timeout: Option<String>,
    /// End the scan after this time with what was found until then [default: none]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub max_time: Option<String>,
    /// The most connections at once; 0 for as many as this machine allows [default: by profile]
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub concurrency: Option<String>,
    /// The most connections started in a second; 0 is no cap [default: by profile]
    #[arg(long, value_name = "PER_SECOND", allow_hyphen_values = true)]
    pub rate: Option<String>,
    /// How hard to press: gentle (64 at once, 100/s), normal (1,000/s) or fast (5,000/s) [default: normal]
    #[arg(long, value_name = "PROFILE", value_parser = Words(&["gentle", "normal", "fast"]), hide_possible_values = true)]
    pub profile: Option<String>,
    /// Number that decides the order of the scan; it is in every report [default: random]
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true)]
    pub seed: Option<String>,
}

/// DNS servers.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Names and identity")]
pub struct ServerArgs {
    /// Ask this DNS server instead of this machine's (repeatable)
    #[arg(
        long,
        value_name = "ADDR[:PORT]",
        conflicts_with = "no_dns",
        allow_hyphen_values = true,
        value_parser = something
    )]
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
    /// Learn whether NLA is demanded, by one more connection to hosts that offer it
    #[arg(long)]
    pub check_nla: bool,
}

/// What comes out.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// text, json, ndjson, csv, xlsx, markdown, prometheus or html [default: by the extension of -o, else text]
    #[arg(long, value_name = "FORMAT", value_parser = Words(FORMATS), hide_possible_values = true)]
    pub format: Option<String>,
    /// Write the result to this file; {date} in its name is the day in UTC, {scan} the scan's id; - is standard output
    #[arg(short = 'o', long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
    /// Print the result instead of opening the live table
    #[arg(long)]
    pub no_tui: bool,
    /// Which hosts call for exit status 1.
    #[arg(long, value_name = "SEVERITY|STATE", help = FAIL_ON_HELP, value_parser = Words(FAIL_ON), hide_possible_values = true)]
    pub fail_on: Option<String>,
    /// List silent and closed addresses of a sweep too
    #[arg(long)]
    pub all: bool,
    /// Show only what matches; --fail-on looks at these hosts alone
    #[arg(long, value_name = "TEXT")]
    pub filter: Option<String>,
    /// Which columns and in which order.
    #[command(flatten)]
    pub table: TableArgs,
    /// No progress line and no notices
    #[arg(short = 'q', long)]
    pub quiet: bool,
}

/// Which columns and in which order.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Output")]
pub struct TableArgs {
    /// Columns of the screen, of text, csv and markdown and of the first list of xlsx, as in state,address,expires; the other
    /// formats always have everything [default: by format]
    #[arg(long, value_name = "COLUMNS", allow_hyphen_values = true)]
    pub columns: Option<String>,
    /// Order by this column, with - in front for the other way round [default: by format]
    #[arg(long, value_name = "COLUMN", allow_hyphen_values = true)]
    pub sort: Option<String>,
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
#[command(after_help = closing::help("explain"))]
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

/// A saved scan on the screen.
#[derive(Debug, Args)]
pub struct OpenArgs {
    /// The saved scan, a .json report or an .ndjson recording
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
    /// Show only what matches
    #[arg(long, value_name = "TEXT")]
    pub filter: Option<String>,
    /// Which columns and in which order.
    #[command(flatten)]
    pub table: TableArgs,
    /// Settings file and log.
    #[command(flatten)]
    pub common: CommonArgs,
}

/// A saved scan in another format.
#[derive(Debug, Args)]
#[command(after_help = closing::help("report"))]
pub struct ReportArgs {
    /// The saved scan, a .json report or an .ndjson recording
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
    /// text, json, csv, xlsx, markdown, prometheus or html [default: by the extension of -o, else text]
    #[arg(long, value_name = "FORMAT", value_parser = Words(FORMATS), hide_possible_values = true)]
    pub format: Option<String>,
    /// Write to this file; {date} in its name is the day of the scan in UTC, {scan} its id [default: -, standard output]
    #[arg(short = 'o', long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
    /// Write only what matches; --fail-on looks at these hosts alone
    #[arg(long, value_name = "TEXT")]
    pub filter: Option<String>,
    /// Which columns and in which order.
    #[command(flatten)]
    pub table: TableArgs,
    /// Which hosts call for exit status 1.
    #[arg(long, value_name = "SEVERITY|STATE", help = FAIL_ON_HELP, value_parser = Words(FAIL_ON), hide_possible_values = true)]
    pub fail_on: Option<String>,
    /// Do not say where the report was written
    #[arg(short = 'q', long)]
    pub quiet: bool,
    /// Settings file and log.
    #[command(flatten)]
    pub common: CommonArgs,
}

/// What mends a saved scan's findings.
#[derive(Debug, Args)]
pub struct FixArgs {
    /// The saved scan, a .json report or an .ndjson recording
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
    /// The folder to make; one that is there already must be empty
    #[arg(short = 'o', long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub output: PathBuf,
    /// Only hosts that match
    #[arg(long, value_name = "TEXT")]
    pub filter: Option<String>,
    /// Only these remedies, as in R1,R2; also for what is merely worth knowing [default: all that are called for]
    #[arg(long, value_name = "REMEDIES", value_parser = something)]
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

/// JSON Schemas.
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
}

/// Completions.
#[derive(Debug, Args)]
#[command(after_help = closing::help("completions"))]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// A question of a shell.
#[derive(Debug, Args)]
pub struct CompleteArgs {
    /// Which word is to be completed, 0 for the program
    pub index: usize,
    /// The command line up to the cursor, the program first
    #[arg(last = true)]
    pub words: Vec<OsString>,
}

/// `rdpscan man`.
#[derive(Debug, Args)]
#[command(after_help = closing::help("man"))]
pub struct ManArgs {
    /// Write a page for every command into this folder, which must exist, instead of the first one to standard output
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub dir: Option<PathBuf>,
}

/// What a wrong command line is told: one line in the style of all others. `None` for help and version, which are no mistakes.
#[must_use]
pub fn complaint(error: &Error) -> Option<String> {
    use clap::error::ErrorKind::{
        DisplayHelp, DisplayHelpOnMissingArgumentOrSubcommand, DisplayVersion,
    };
    if matches!(
        error.kind(),
        DisplayHelp | DisplayHelpOnMissingArgumentOrSubcommand | DisplayVersion
    ) {
        return None;
    }
    let text = error.render().to_string();
    let parts: Vec<String> = text
        .split("\n\n")
        .map(|part| part.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|part| !part.is_empty() && !part.starts_with("For more information"))
        .map(|part| {
            part.strip_prefix("error: ")
                .or_else(|| part.strip_prefix("tip: "))
                .map_or_else(|| part.replacen("Usage: ", "usage: ", 1), str::to_owned)
        })
        .collect();
    let line = format!("rdpscan: {}", parts.join("; "));
    Some(crate::sanitize::terminal(&line).into_owned())
}

/// A text with something in it: where a script gives the value of an empty variable, the opposite of what is meant would be
/// done without a word.
fn something(text: &str) -> Result<String, &'static str> {
    let is_blank = |letter: char| letter.is_whitespace() || matches!(letter, ',' | ';');
    if text.chars().all(is_blank) {
        return Err("there is nothing in it; give a value, or leave the option out");
    }
    Ok(text.to_owned())
}

const FORMATS: &[&str] = &crate::report::Format::WORDS;
const FAIL_ON_HELP: &str = "Exit with status 1 for a finding at least this severe (critical, high, medium, low, info) or a host \
    in this state (broken, degraded, skipped, not_rdp, unreachable, filtered, closed, not_probed, healthy); several with commas, \
    as in high,closed [default: never]";
const FAIL_ON: &[&str] = &[
    "critical",
    "high",
    "medium",
    "low",
    "info",
    "broken",
    "degraded",
    "skipped",
    "not_rdp",
    "unreachable",
    "filtered",
    "closed",
    "not_probed",
    "healthy",
    "never",
];

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
