use std::net::SocketAddr;

use derive_more::Display;
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{HostKey, Resolver, Shortage, Site, texts};

/// A condition of the scanning machine, its network or its resolvers. Reported once, and never a failure of a host.
// Displayed as one sentence for every sink. Holds raw text of the operating system: make it safe before printing.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, Display)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// No resolver in use responds. Names that were not looked up before are not checked.
    #[display(
        "{} ({detail}): names{} are not checked; check the network, or set a server with --dns",
        down(*server, *answered_before),
        if *answered_before { " not looked up before" } else { "" }
    )]
    ResolverDown {
        /// The server, when one was given with `--dns`.
        server: Option<SocketAddr>,
        /// The last error; of several servers, each with its own.
        detail: Box<str>,
        /// It answered before.
        answered_before: bool,
    },
    /// One resolver of several does not respond; names are checked with the others.
    #[display(
        "{resolver} {} ({detail}): names are checked with the other resolvers",
        if *answered_before { "stopped responding" } else { "does not respond" }
    )]
    ResolverUnresponsive {
        /// The resolver.
        resolver: Resolver,
        /// The last error.
        detail: Box<str>,
        /// It answered before.
        answered_before: bool,
    },
    /// A resolver responds again: failed lookups are retried.
    #[display("{resolver} responds again: failed lookups are retried")]
    ResolverRecovered {
        /// The resolver.
        resolver: Resolver,
    },
    /// No route to some IPv6 address: it was not tried, or the connect failed at once.
    #[display("no IPv6 route to some addresses: they cannot be reached from this machine")]
    NoIpv6Route,
    /// The file-descriptor limit reduces the number of connections at once.
    #[display(
        "at most {used} connections at once instead of {requested}: the open-file limit is {limit}; raise it (ulimit -n)"
    )]
    DescriptorLimit {
        /// Connections at once as requested.
        requested: u32,
        /// Connections at once as used.
        used: u32,
        /// The limit.
        limit: u64,
    },
    /// Sockets could not be opened: descriptors, buffers or ports ran out.
    #[display(
        "cannot open sockets ({detail}); {}",
        shortage.map_or_else(|| "lower --concurrency".to_owned(), |what| what.to_string())
    )]
    SocketError {
        /// The operating system's message.
        detail: Box<str>,
        /// The resource that ran out, where it is known.
        shortage: Option<Shortage>,
    },
    /// The scanning machine refused some connections, for a reason that fewer connections at once do not fix, such as its own
    /// packet filter.
    #[display(
        "this machine refused some connections ({detail}), and the state of their hosts is unknown; check its packet filter and routes"
    )]
    LocalRefusal {
        /// The operating system's message.
        detail: Box<str>,
    },
    /// The scanning machine was too busy for exact timing: times of some attempts are not used.
    #[display(
        "this machine was too busy for exact timing (up to {worst_lag_ms} ms late): affected times are not used; close other programs, or lower --concurrency or --rate"
    )]
    Busy {
        /// Largest timer lag, in milliseconds.
        worst_lag_ms: u32,
    },
    /// Many hosts answered only on a retry, because requests are lost at this rate. The rate was reduced.
    #[display("requests are lost at this rate: reduced to {per_second} per second")]
    RateReduced {
        /// Connection requests per second from now on.
        per_second: u32,
    },
    /// Many hosts answered only on a retry, so that others may be missing.
    #[display(
        "{on_retry} of {answered} hosts answered only on a retry: requests are lost at this rate; {}",
        missing(*estimated_missing)
    )]
    RequestsLost {
        /// Hosts that answered only on a retry.
        on_retry: u64,
        /// Hosts that answered.
        answered: u64,
        /// Estimate of the hosts that exist and never answered; `null` when the scan ended before it could be made.
        estimated_missing: Option<u64>,
    },
    /// The system's clock was set, or jumped, during the scan.
    #[display(
        "this machine's clock jumped {} by {} during the scan: certificates are evaluated by the time before the jump; check the clock and rescan",
        if *seconds < 0 { "back" } else { "ahead" },
        jump(*seconds)
    )]
    ClockJumped {
        /// Seconds ahead; negative for back.
        seconds: i64,
    },
    /// Probes failed because of a bug of rdpscan.
    #[display(
        "internal error: some probes failed ({detail}), and the state of their hosts is unknown; please report this bug"
    )]
    InternalError {
        /// The message of the panic.
        detail: Box<str>,
    },
    /// Events of the recording are missing, so that something of what was observed is unknown.
    #[display(
        "{count} event{} missing: results may be incomplete; scan again, or open the complete recording",
        if *count == 1 { " of this scan is" } else { "s of this scan are" }
    )]
    EventsMissing {
        /// How many.
        count: u64,
    },
    /// Names were not resolved, and their hosts are scanned by the addresses that their list has for them.
    #[display(
        "some names do not resolve or are not looked up: they are scanned by the address in their row of the list"
    )]
    RowAddresses,
    /// `--max-time` was reached.
    #[display("--max-time was reached: the scan is incomplete")]
    TimeLimit,
    /// Entries of the user's own file were skipped.
    #[display(
        "{file}: skipped {reason} ({count}): {}{}",
        names.join(", "),
        if (names.len() as u64) < u64::from(*count) { ", …" } else { "" }
    )]
    EntriesSkipped {
        /// The file.
        file: Box<str>,
        /// How many.
        count: u32,
        /// Why, such as `disabled accounts`.
        reason: Box<str>,
        /// The first of them, by their names in the file.
        #[serde(deserialize_with = "texts::bounded")]
        names: Vec<Box<str>>,
    },
    /// The file that was read holds only some hosts of its scan.
    #[display("filtered: hosts of the scan not included: {hosts_omitted}")]
    Filtered {
        /// Hosts of the scan that are not in it.
        hosts_omitted: u64,
    },
    /// A host was skipped before its probes were complete.
    #[display("{host} was skipped before its probes were complete")]
    HostSkipped {
        /// The host.
        host: HostKey,
    },
    /// The sweep before of a watched scan took longer than the interval.
    #[display(
        "the sweep before took longer than the interval: this one began {seconds} s late; watch at a longer interval, or scan faster"
    )]
    SweepDelayed {
        /// By how much this one began late.
        seconds: u64,
    },
    /// The program for changes in a watched scan failed.
    #[display("{detail}; the changes are in the history")]
    ChangeCommandFailed {
        /// Which program, and why.
        detail: Box<str>,
    },
    /// A file of the sweep before of a watched scan could not be written.
    #[display("{detail}")]
    OutputFailed {
        /// Which one, and why.
        detail: Box<str>,
    },
    /// The journal cannot be written. The scan continues, and writing is retried.
    #[display(
        "saving this scan in the history failed ({detail}): the scan continues, and saving is retried; free some space"
    )]
    JournalStopped {
        /// The operating system's message.
        detail: Box<str>,
    },
    /// No worker of a site is responding.
    #[display(
        "no worker of site {site} responds: its part of the scan waits; start one with `rdpscan worker --site {site}`, or stop the scan"
    )]
    SiteSilent {
        /// The site.
        site: Site,
    },
    /// A worker of a silent site is responding again.
    #[display("a worker of site {site} responds again: the scan continues there")]
    SiteResponds {
        /// The site.
        site: Site,
    },
    /// The worker of a site did not do what its own settings do not allow.
    #[display(
        "site {site} refused {what}, outside worker.allow or the ports of its worker, and their state is unknown; add them there, or leave them out"
    )]
    OutsideAllowList {
        /// The site.
        site: Site,
        /// What it refused.
        what: Box<str>,
    },
    /// A part of the scan was given to workers several times, and none finished it.
    #[display(
        "site {site} did not finish a part of the scan, on {deliveries} tries: {}{}; scan it again, or look at the workers' logs",
        hosts.join(", "),
        if (hosts.len() as u64) < u64::from(*count) { ", …" } else { "" }
    )]
    ShardFailed {
        /// The site.
        site: Site,
        /// How often it was given out.
        deliveries: u32,
        /// How many addresses, ranges and names it has.
        count: u32,
        /// The first of them.
        #[serde(deserialize_with = "texts::bounded")]
        hosts: Vec<Box<str>>,
    },
    /// Events of a site were dropped, because no worker of the scan can have sent them.
    #[display(
        "events of site {site} were dropped: {reason}; check who may publish there, and that its workers run this version of rdpscan"
    )]
    EventsDropped {
        /// The site.
        site: Site,
        /// Why.
        reason: Box<str>,
    },
    /// NATS cannot be reached, or does not take what is sent.
    #[display(
        "NATS does not respond, or stores nothing ({detail}): the scan waits for it; check the server and its limits"
    )]
    NatsDown {
        /// The error.
        detail: Box<str>,
    },
    /// NATS responds again.
    #[display("NATS responds again: the scan continues")]
    NatsResponds,
}

impl Notice {
    /// A worker of a site can have observed it, and not only the process that holds the whole scan.
    #[must_use]
    pub const fn is_of_a_worker(&self) -> bool {
        match self {
            Self::ResolverDown { .. }
            | Self::ResolverUnresponsive { .. }
            | Self::ResolverRecovered { .. }
            | Self::NoIpv6Route
            | Self::DescriptorLimit { .. }
            | Self::SocketError { .. }
            | Self::LocalRefusal { .. }
            | Self::Busy { .. }
            | Self::RateReduced { .. }
            | Self::RequestsLost { .. }
            | Self::ClockJumped { .. }
            | Self::InternalError { .. }
            | Self::HostSkipped { .. }
            | Self::RowAddresses
            | Self::OutsideAllowList { .. } => true,
            Self::EventsMissing { .. }
            | Self::TimeLimit
            | Self::EntriesSkipped { .. }
            | Self::Filtered { .. }
            | Self::SweepDelayed { .. }
            | Self::ChangeCommandFailed { .. }
            | Self::OutputFailed { .. }
            | Self::JournalStopped { .. }
            | Self::SiteSilent { .. }
            | Self::SiteResponds { .. }
            | Self::ShardFailed { .. }
            | Self::EventsDropped { .. }
            | Self::NatsDown { .. }
            | Self::NatsResponds => false,
        }
    }
}

fn down(server: Option<SocketAddr>, answered_before: bool) -> String {
    match (server, answered_before) {
        (Some(server), false) => format!("DNS server {server} does not respond"),
        (Some(server), true) => format!("DNS server {server} stopped responding"),
        (None, false) => "no DNS resolver responds".to_owned(),
        (None, true) => "the DNS resolvers stopped responding".to_owned(),
    }
}

fn missing(estimate: Option<u64>) -> String {
    match estimate {
        Some(0) => "no other hosts are likely to be missing".to_owned(),
        None => "unresponsive addresses were not retried, so hosts may be missing".to_owned(),
        Some(missing) => {
            format!("about {missing} other hosts may be missing; rescan with a lower --rate")
        }
    }
}

fn jump(seconds: i64) -> String {
    let by = SignedDuration::from_secs(seconds).abs();
    match by.as_hours() / 24 {
        days @ 2.. => format!("{days} days"),
        _ => format!("{by:#}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_jump_is_shown_in_everyday_units() {
        for (seconds, words) in [
            (400 * 86_400, "jumped ahead by 400 days"),
            (-7_200, "jumped back by 2h"),
            (90, "jumped ahead by 1m 30s"),
        ] {
            let text = Notice::ClockJumped { seconds }.to_string();
            assert!(text.contains(words), "{text}");
        }
    }
}
