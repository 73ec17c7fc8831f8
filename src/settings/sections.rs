//! Every setting, each a field: clap derives flag, default and help from it, and its id is the key in a settings file.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args};
use serde::Serialize;
use strum::VariantArray as _;

use super::parse::{
    Listed, column_list, command, confirm, duration, durations, filter, filters, heading, keep,
    key_bindings, listed, optional, ports, programs, saved_columns, saved_filters, servers,
    sort_order, switch, whole,
};
use super::serialize;
use super::site::{addresses, path, server_url, site, sites};
use super::{FailOn, Profile};
use crate::changes::Confirm;
use crate::diagnosis::Policy;
use crate::history::Keep;
use crate::model::Site;
use crate::report::{Format, Presentation};
use crate::sites::ServerUrl;
use crate::table::{Columns, Sort};
use crate::targets::AddressList;
use crate::tui::{Palette, Program};

/// An alias, because clap takes a literal `Vec` for an option that is given once for each item.
type List<T> = Vec<T>;
/// A value, or a word in its place such as `auto`. An alias, because clap takes a literal `Option` for one without a default.
type Maybe<T> = Option<T>;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const YEAR: Duration = Duration::from_secs(3_600 * 24 * 365);
const SHORTEST: Duration = Duration::from_millis(10);

/// All settings. The ids are `section.field`. A field with `hide` has no flag: clap wants a `long`, but no command takes it.
#[derive(Debug, Clone, PartialEq, Args, Serialize)]
pub struct Settings {
    #[command(flatten)]
    pub scan: ScanSettings,
    #[command(flatten)]
    pub names: NameSettings,
    #[command(flatten)]
    pub output: OutputSettings,
    #[command(flatten)]
    pub screen: ScreenSettings,
    #[command(flatten)]
    pub policy: PolicySettings,
    #[command(flatten)]
    pub history: HistorySettings,
    #[command(flatten)]
    pub watch: WatchSettings,
    #[command(flatten)]
    pub nats: NatsSettings,
    #[command(flatten)]
    pub worker: WorkerSettings,
}

#[derive(Debug, Clone, PartialEq, Eq, Args, Serialize)]
#[command(next_help_heading = "Pace")]
pub struct ScanSettings {
    /// TCP ports for targets that name none, as in 3389,3390 (repeatable)
    #[arg(long = "port", id = "scan.ports", value_parser = ports, action = ArgAction::Append)]
    #[arg(value_name = "PORTS", default_value = "3389", help_heading = "Targets")]
    pub ports: List<u16>,
    /// Scan speed: gentle (64 at once, 100/s), normal (1,000/s) or fast (5,000/s)
    #[arg(long, id = "scan.profile", value_parser = listed(Profile::VARIANTS, Into::into))]
    #[arg(value_name = "PROFILE", default_value = "normal")]
    pub profile: Profile,
    /// Connections at once at most; 0 for as many as this machine allows
    #[arg(long, id = "scan.concurrency", value_parser = optional("profile", whole::<u32>(0..=65_535)))]
    #[arg(value_name = "N", default_value = "profile")]
    pub concurrency: Maybe<u32>,
    /// New connections per second at most; 0 for no limit
    #[arg(long, id = "scan.rate", value_parser = optional("profile", whole::<u32>(0..=1_000_000)))]
    #[arg(value_name = "PER_SECOND", default_value = "profile")]
    pub rate: Maybe<u32>,
    /// Attempts at every host that answers; fewer than 3 give no verdict on stability
    #[arg(long, id = "scan.attempts", value_parser = whole::<u32>(1..=1_000))]
    #[arg(value_name = "N", default_value = "3")]
    pub attempts: u32,
    /// Time between two attempts at one host
    #[arg(long, id = "scan.interval", value_parser = duration(Duration::ZERO..=HOUR))]
    #[arg(value_name = "TIME", default_value = "1s")]
    #[serde(serialize_with = "serialize::duration")]
    pub interval: Duration,
    /// The least time between any two connections to one host
    #[arg(long, id = "scan.gap", value_parser = duration(Duration::ZERO..=MINUTE))]
    #[arg(hide = true, default_value = "250ms")]
    #[serde(serialize_with = "serialize::duration")]
    pub gap: Duration,
    /// How long to wait for a connection in each round over the silent addresses
    #[arg(long, id = "scan.connect_timeouts", value_parser = durations(1..=8, SHORTEST..=MINUTE))]
    #[arg(hide = true, default_value = "300ms,300ms,1100ms")]
    #[serde(serialize_with = "serialize::durations")]
    pub connect_timeouts: List<Duration>,
    /// How long each stage of an attempt may take
    #[arg(long, id = "scan.timeout", value_parser = duration(SHORTEST..=10 * MINUTE))]
    #[arg(value_name = "TIME", default_value = "5s")]
    #[serde(serialize_with = "serialize::duration")]
    pub timeout: Duration,
    /// End the scan after this time with what was found until then
    #[arg(long, id = "scan.max_time", value_parser = optional("none", duration(SECOND..=YEAR)))]
    #[arg(value_name = "TIME", default_value = "none")]
    #[serde(serialize_with = "serialize::duration_or_none")]
    pub max_time: Maybe<Duration>,
    /// Number that sets the order of the scan; reports include it
    #[arg(long, id = "scan.seed", value_parser = optional("random", whole::<u64>(0..=u64::MAX)))]
    #[arg(value_name = "NUMBER", default_value = "random")]
    #[serde(serialize_with = "serialize::seed")]
    pub seed: Maybe<u64>,
    /// Allow more than 65,536 addresses
    #[arg(long, id = "scan.allow_large", help_heading = "Targets")]
    pub allow_large: bool,
    /// Do not ask hosts with NLA for their name, domain and build
    #[arg(long = "no-ntlm", id = "scan.ntlm", action = ArgAction::SetFalse)]
    #[arg(help_heading = "Names and identity")]
    pub ntlm: bool,
    /// Check whether NLA is enforced (one extra connection to hosts that offer it)
    #[arg(long, id = "scan.check_nla", help_heading = "Names and identity")]
    pub check_nla: bool,
}

impl ScanSettings {
    /// The most connections at once over all hosts; 0 is as many as the machine allows.
    pub(crate) fn concurrency(&self) -> u32 {
        self.concurrency.unwrap_or(self.profile.concurrency())
    }

    /// The most connections started in a second over all hosts; 0 is no cap.
    pub(crate) fn rate(&self) -> u32 {
        self.rate.unwrap_or(self.profile.rate())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Args, Serialize)]
#[command(next_help_heading = "Names and identity")]
pub struct NameSettings {
    /// Skip DNS lookups, forward and reverse
    #[arg(long = "no-dns", id = "names.dns", action = ArgAction::SetFalse)]
    pub dns: bool,
    /// DNS server to use instead of this machine's (repeatable)
    #[arg(long = "dns", id = "names.servers", value_parser = servers, action = ArgAction::Append)]
    #[arg(
        value_name = "ADDR[:PORT]",
        default_value = "",
        conflicts_with = "names.dns"
    )]
    pub servers: List<SocketAddr>,
    /// How long one lookup may take
    #[arg(long = "dns-timeout", id = "names.timeout", value_parser = duration(SHORTEST..=MINUTE))]
    #[arg(hide = true, default_value = "2s")]
    #[serde(serialize_with = "serialize::duration")]
    pub timeout: Duration,
    /// Lookups at once at most; fewer for DNS servers that limit a client's queries
    #[arg(long = "dns-concurrency", id = "names.concurrency", value_parser = whole::<usize>(1..=32))]
    #[arg(value_name = "N", default_value = "32")]
    pub concurrency: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Args, Serialize)]
#[command(next_help_heading = "Output")]
pub struct OutputSettings {
    /// Format of the result; auto is the extension of -o, or text
    #[arg(long, id = "output.format", value_parser = listed(&Format::ALL, Format::word).or("auto"))]
    #[arg(value_name = "FORMAT", default_value = "auto")]
    #[serde(serialize_with = "serialize::or_auto")]
    pub format: Maybe<Format>,
    /// List silent and closed addresses of a sweep too
    #[arg(long, id = "output.all")]
    pub all: bool,
    /// Print the result instead of opening the live table
    #[arg(long, id = "output.no_tui")]
    pub no_tui: bool,
    /// Exit with status 1 for a finding at least this severe or a host in this state, of those that match the filter; several with
    /// commas, as in high,closed
    #[arg(long, id = "output.fail_on", value_parser = Listed::new(FailOn::words(), FailOn::read))]
    #[arg(value_name = "SEVERITY|STATE", default_value = "never")]
    #[serde(serialize_with = "serialize::text_of")]
    pub fail_on: FailOn,
    /// Only hosts that match
    #[arg(long, id = "output.filter", value_parser = filter)]
    #[arg(value_name = "TEXT", default_value = "")]
    pub filter: String,
    /// Columns of the screen, of text, csv and markdown and of the first list of xlsx, as in state,address,expires; the other
    /// formats always have every field
    #[arg(long, id = "output.columns", value_parser = optional("auto", column_list))]
    #[arg(value_name = "COLUMNS", default_value = "auto")]
    #[serde(serialize_with = "serialize::or_auto")]
    pub columns: Maybe<Columns>,
    /// Sort by this column; -COLUMN reverses the order
    #[arg(long, id = "output.sort", value_parser = optional("auto", sort_order))]
    #[arg(value_name = "COLUMN", default_value = "auto")]
    #[serde(serialize_with = "serialize::or_auto")]
    pub sort: Maybe<Sort>,
    /// Details of every host in text and Markdown; without it, for up to five hosts only
    #[arg(long, id = "output.details")]
    pub details: bool,
    /// Title of text, Markdown, HTML and workbook
    #[arg(long, id = "output.title", value_parser = heading, value_name = "TEXT", default_value = "")]
    pub title: String,
    /// Owner in text, Markdown, HTML and workbook: the person or team in charge of the hosts
    #[arg(long, id = "output.owner", value_parser = heading, value_name = "TEXT", default_value = "")]
    pub owner: String,
    /// No progress line and no notices
    #[arg(short = 'q', long, id = "output.quiet")]
    pub quiet: bool,
}

impl OutputSettings {
    pub(crate) fn presentation(&self) -> Presentation<'_> {
        Presentation {
            title: &self.title,
            owner: &self.owner,
            details: self.details,
            since: None,
            trend: &[],
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Args, Serialize)]
pub struct ScreenSettings {
    /// Colours; auto is as they were left the last time
    #[arg(long, id = "screen.theme", value_parser = listed(Palette::ALL, Into::into).or("auto"))]
    #[arg(hide = true, default_value = "auto")]
    #[serde(serialize_with = "serialize::theme")]
    pub theme: Maybe<Palette>,
    /// Only ASCII signs; auto goes by the locale
    #[arg(long, id = "screen.ascii", hide = true, value_parser = optional("auto", switch))]
    #[arg(default_value = "auto")]
    #[serde(serialize_with = "serialize::or_auto")]
    pub ascii: Maybe<bool>,
    /// Take the mouse from the beginning
    #[arg(long, id = "screen.mouse", hide = true)]
    pub mouse: bool,
    /// Actions on other keys, each as in `pause = F5`
    #[arg(long, id = "screen.keys", hide = true, default_value = "", value_parser = key_bindings)]
    pub keys: List<String>,
    /// Filters under names, each as in `old TLS = tls<1.2`
    #[arg(long, id = "screen.filters", hide = true, default_value = "", value_parser = saved_filters)]
    #[serde(serialize_with = "serialize::saved")]
    pub filters: List<(String, String)>,
    /// Columns under names, each as in `dates = state,name,not_after`
    #[arg(long, id = "screen.presets", hide = true, default_value = "", value_parser = saved_columns)]
    #[serde(serialize_with = "serialize::saved")]
    pub presets: List<(String, Columns)>,
    /// Programs for a host on keys, each as in `K ssh = ssh {host}`
    #[arg(long, id = "screen.programs", hide = true, default_value = "", value_parser = programs)]
    #[serde(serialize_with = "serialize::programs")]
    pub programs: List<Program>,
}

#[derive(Debug, Clone, PartialEq, Eq, Args, Serialize)]
pub struct PolicySettings {
    /// A certificate counts as expiring when it ends within this many days, and `expiring_percent` or less of its lifetime is left
    #[arg(long, id = "policy.expiring_days", value_parser = whole::<u32>(0..=3_650))]
    #[arg(hide = true, default_value = "30")]
    pub expiring_days: u32,
    /// How much of its lifetime an expiring certificate has left at most, in percent; with 100, days alone count
    #[arg(long, id = "policy.expiring_percent", value_parser = whole::<u32>(1..=100))]
    #[arg(hide = true, default_value = "33")]
    pub expiring_percent: u32,
    /// Attempts needed before a host is called steady, flaky or down
    #[arg(long, id = "policy.stability_attempts", value_parser = whole::<u32>(1..=1_000))]
    #[arg(hide = true, default_value = "3")]
    pub stability_attempts: u32,
    /// Findings that do not count: filters, each asked of every finding as if it were the only one of its host
    #[arg(long, id = "policy.ignore", hide = true, default_value = "", value_parser = filters)]
    pub ignore: List<String>,
}

impl PolicySettings {
    pub(crate) const fn policy(&self) -> Policy {
        Policy {
            expiring_days: self.expiring_days,
            expiring_percent: self.expiring_percent,
            stability_attempts: self.stability_attempts,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Args, Serialize)]
#[command(next_help_heading = "Output")]
pub struct HistorySettings {
    /// Do not save the scan in the history while it runs; it cannot be opened or resumed later
    #[arg(long = "no-history", id = "history.enabled", action = ArgAction::SetFalse)]
    pub enabled: bool,
    /// How many scans are kept in the history, for how many days: 100, 90d, or all
    #[arg(long, id = "history.keep", hide = true, default_value = "100, 90d", value_parser = keep)]
    #[serde(serialize_with = "serialize::text_of")]
    pub keep: Keep,
}

#[derive(Debug, Clone, PartialEq, Eq, Args, Serialize)]
#[command(next_help_heading = "Watch")]
pub struct WatchSettings {
    /// Scan again and again, at least 1m apart, until it is stopped, and print what has changed
    #[arg(long = "watch", id = "watch.interval", value_parser = optional("none", duration(MINUTE..=YEAR)))]
    #[arg(value_name = "TIME", default_value = "none")]
    #[serde(serialize_with = "serialize::duration_or_none")]
    pub interval: Maybe<Duration>,
    /// Start this program when something has changed since the scan before of the same targets, with a line of JSON for each host
    /// on its standard input; no shell reads it, and quotation marks keep blanks
    #[arg(long, id = "watch.on_change", value_parser = optional("none", command))]
    #[arg(value_name = "COMMAND", default_value = "none")]
    #[serde(serialize_with = "serialize::command_or_none")]
    pub on_change: Maybe<List<String>>,
    /// How many sweeps of a watch must agree before a change of state is reported, and as many before it is over
    #[arg(long, id = "watch.confirm", hide = true, default_value = "2 of 3", value_parser = confirm)]
    #[serde(serialize_with = "serialize::text_of")]
    pub confirm: Confirm,
    /// Ring the bell of the terminal when a watch reports a change
    #[arg(long, id = "watch.bell", hide = true)]
    pub bell: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Args, Serialize)]
#[command(next_help_heading = "Sites")]
pub struct NatsSettings {
    #[arg(long = "nats", id = "nats.url", value_parser = optional("none", server_url))]
    #[arg(
        help = "NATS server through which workers at other sites scan, as in tls://nats.example:4222"
    )]
    #[arg(value_name = "URL", default_value = "none")]
    #[serde(serialize_with = "serialize::or_none")]
    pub url: Maybe<ServerUrl>,
    /// The sites that scan, each all of the targets, as in berlin,hq; any for all workers together
    #[arg(long = "sites", id = "nats.sites", value_parser = sites)]
    #[arg(value_name = "SITES", default_value = "any")]
    pub sites: List<Site>,
    /// The site that this worker is at; auto is the name of this machine
    #[arg(long = "site", id = "nats.site", value_parser = optional("auto", site))]
    #[arg(value_name = "SITE", default_value = "auto")]
    #[serde(serialize_with = "serialize::or_auto")]
    pub site: Maybe<Site>,
    /// Allow a NATS server elsewhere without TLS, though all that is found can be read on the way
    #[arg(long = "nats-plain", id = "nats.allow_plain")]
    pub allow_plain: bool,
    /// Certificates (PEM) of the authorities of the NATS server, in place of this machine's
    #[arg(long, id = "nats.ca_file", hide = true, value_parser = path, default_value = "")]
    #[serde(serialize_with = "serialize::path")]
    pub ca_file: PathBuf,
    /// User to log on with at the NATS server
    #[arg(long, id = "nats.user", hide = true, value_parser = heading, default_value = "")]
    pub user: String,
    /// File with the password of the user
    #[arg(long, id = "nats.password_file", hide = true, value_parser = path, default_value = "")]
    #[serde(serialize_with = "serialize::path")]
    pub password_file: PathBuf,
    /// File with the seed of a key (nkey) to log on with
    #[arg(long, id = "nats.nkey_file", hide = true, value_parser = path, default_value = "")]
    #[serde(serialize_with = "serialize::path")]
    pub nkey_file: PathBuf,
    /// File of credentials (.creds) to log on with
    #[arg(long, id = "nats.credentials_file", hide = true, value_parser = path, default_value = "")]
    #[serde(serialize_with = "serialize::path")]
    pub credentials_file: PathBuf,
    /// How long a worker may be silent before its part of the scan is given to another
    #[arg(long, id = "nats.ack_wait", hide = true, value_parser = duration(5 * SECOND..=10 * MINUTE))]
    #[arg(default_value = "30s")]
    #[serde(serialize_with = "serialize::duration")]
    pub ack_wait: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq, Args, Serialize)]
#[command(next_help_heading = "Sites")]
pub struct WorkerSettings {
    /// Addresses that this worker may contact, hosts and DNS servers that a scan names; required (repeatable)
    #[arg(long, id = "worker.allow", value_parser = addresses, action = ArgAction::Append)]
    #[arg(value_name = "ADDRESSES", default_value = "")]
    #[serde(serialize_with = "serialize::addresses")]
    pub allow: AddressList,
    /// Addresses among them that this worker never contacts (repeatable)
    #[arg(long, id = "worker.exclude", value_parser = addresses, action = ArgAction::Append)]
    #[arg(value_name = "ADDRESSES", default_value = "")]
    #[serde(serialize_with = "serialize::addresses")]
    pub exclude: AddressList,
}
