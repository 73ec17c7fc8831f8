use std::fmt;
use std::net::SocketAddr;

use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{HostKey, Resolver, Shortage, texts};

/// A condition of the scanning machine, its network or its resolvers. Reported once, and never a failure of a host.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// No resolver in use responds. Names that were not looked up before are not checked.
    ResolverDown {
        /// The server, when one was given with `--dns`.
        server: Option<SocketAddr>,
        /// The last error; of several servers, each with its own.
        detail: Box<str>,
        /// It answered before.
        answered_before: bool,
    },
    /// One resolver of several does not respond; names are checked with the others.
    ResolverUnresponsive {
        /// The resolver.
        resolver: Resolver,
        /// The last error.
        detail: Box<str>,
        /// It answered before.
        answered_before: bool,
    },
    /// A resolver responds again: failed lookups are retried.
    ResolverRecovered {
        /// The resolver.
        resolver: Resolver,
    },
    /// No route to some IPv6 address: it was not tried, or the connect failed at once.
    NoIpv6Route,
    /// The file-descriptor limit reduces the number of connections at once.
    DescriptorLimit {
        /// Connections at once as requested.
        requested: u32,
        /// Connections at once as used.
        used: u32,
        /// The limit.
        limit: u64,
    },
    /// Sockets could not be opened: descriptors, buffers or ports ran out.
    SocketError {
        /// The operating system's message.
        detail: Box<str>,
        /// The resource that ran out, where it is known.
        shortage: Option<Shortage>,
    },
    /// The scanning machine refused some connections, for a reason that fewer connections at once do not fix, such as its own
    /// packet filter.
    LocalRefusal {
        /// The operating system's message.
        detail: Box<str>,
    },
    /// The scanning machine was too busy for exact timing: times of some attempts are not used.
    Busy {
        /// Largest timer lag, in milliseconds.
        worst_lag_ms: u32,
    },
    /// Many hosts answered only on a retry, because requests are lost at this rate. The rate was reduced.
    RateReduced {
        /// Connection requests per second from now on.
        per_second: u32,
    },
    /// Many hosts answered only on a retry, so that others may be missing.
    RequestsLost {
        /// Hosts that answered only on a retry.
        on_retry: u64,
        /// Hosts that answered.
        answered: u64,
        /// Estimate of the hosts that exist and never answered; `null` when the scan ended before it could be made.
        estimated_missing: Option<u64>,
    },
    /// The system's clock was set, or jumped, during the scan.
    ClockJumped {
        /// Seconds ahead; negative for back.
        seconds: i64,
    },
    /// Probes failed because of a bug of rdpscan.
    InternalError {
        /// The message of the panic.
        detail: Box<str>,
    },
    /// Events of the recording are missing, so that something of what was observed is unknown.
    EventsMissing {
        /// How many.
        count: u64,
    },
    /// `--max-time` was reached.
    TimeLimit,
    /// Entries of the user's own file were skipped.
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
    Filtered {
        /// Hosts of the scan that are not in it.
        hosts_omitted: u64,
    },
    /// A host was skipped before its probes were complete.
    HostSkipped {
        /// The host.
        host: HostKey,
    },
    /// The journal cannot be written. The scan continues, and writing is retried.
    JournalStopped {
        /// The operating system's message.
        detail: Box<str>,
    },
}

fn write_resolver(f: &mut fmt::Formatter<'_>, resolver: Resolver) -> fmt::Result {
    match resolver {
        Resolver::System => f.write_str("the system's resolver"),
        Resolver::Configured => f.write_str("this machine's DNS server (queried directly)"),
        Resolver::Server(server) => write!(f, "DNS server {server}"),
    }
}

/// One sentence for every sink. Holds raw text of the operating system: make it safe before printing.
impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ResolverDown { .. }
            | Self::ResolverUnresponsive { .. }
            | Self::ResolverRecovered { .. } => self.fmt_resolvers(f),
            Self::NoIpv6Route => f.write_str(
                "no IPv6 route to some addresses: they cannot be reached from this machine",
            ),
            Self::DescriptorLimit {
                requested,
                used,
                limit,
            } => write!(
                f,
                "at most {used} connections at once instead of {requested}: the open-file limit is {limit}; raise it (ulimit -n)"
            ),
            Self::SocketError { detail, shortage } => {
                write!(f, "cannot open sockets ({detail}); ")?;
                match shortage {
                    Some(shortage) => shortage.fmt(f),
                    None => f.write_str("lower --concurrency"),
                }
            }
            Self::LocalRefusal { detail } => write!(
                f,
                "this machine refused some connections ({detail}), and the state of their hosts is unknown; check its packet filter and routes"
            ),
            Self::Busy { .. }
            | Self::RateReduced { .. }
            | Self::RequestsLost { .. }
            | Self::ClockJumped { .. }
            | Self::InternalError { .. } => self.fmt_course(f),
            Self::EventsMissing { count } => {
                match count {
                    1 => f.write_str("1 event of this scan is missing")?,
                    _ => write!(f, "{count} events of this scan are missing")?,
                }
                f.write_str(
                    ": results may be incomplete; scan again, or open the complete recording",
                )
            }
            Self::TimeLimit => f.write_str("--max-time was reached: the scan is incomplete"),
            Self::EntriesSkipped {
                file,
                count,
                reason,
                names,
            } => {
                write!(
                    f,
                    "{file}: skipped {reason} ({count}): {}",
                    names.join(", ")
                )?;
                if names.len() < usize::try_from(*count).unwrap_or(usize::MAX) {
                    f.write_str(", …")?;
                }
                Ok(())
            }
            Self::Filtered { hosts_omitted } => write!(
                f,
                "filtered: hosts of the scan not included: {hosts_omitted}"
            ),
            Self::JournalStopped { detail } => write!(
                f,
                "saving this scan in the history failed ({detail}): the scan continues, and saving is retried; free some space"
            ),
            Self::HostSkipped { host } => {
                write!(f, "{host} was skipped before its probes were complete")
            }
        }
    }
}

impl Notice {
    /// The states of resolvers.
    fn fmt_resolvers(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ResolverDown {
                server,
                detail,
                answered_before,
            } => {
                match (server, answered_before) {
                    (Some(server), false) => write!(f, "DNS server {server} does not respond")?,
                    (Some(server), true) => write!(f, "DNS server {server} stopped responding")?,
                    (None, false) => f.write_str("no DNS resolver responds")?,
                    (None, true) => f.write_str("the DNS resolvers stopped responding")?,
                }
                let names = if *answered_before {
                    "names not looked up before"
                } else {
                    "names"
                };
                write!(
                    f,
                    " ({detail}): {names} are not checked; check the network, or set a server with --dns"
                )
            }
            Self::ResolverUnresponsive {
                resolver,
                detail,
                answered_before,
            } => {
                write_resolver(f, *resolver)?;
                let what = if *answered_before {
                    "stopped responding"
                } else {
                    "does not respond"
                };
                write!(
                    f,
                    " {what} ({detail}): names are checked with the other resolvers"
                )
            }
            Self::ResolverRecovered { resolver } => {
                write_resolver(f, *resolver)?;
                f.write_str(" responds again: failed lookups are retried")
            }
            _ => Ok(()),
        }
    }

    /// Conditions that arise during the scan.
    fn fmt_course(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy { worst_lag_ms } => write!(
                f,
                "this machine was too busy for exact timing (up to {worst_lag_ms} ms late): affected times are not used; close other programs, or lower --concurrency or --rate"
            ),
            Self::RateReduced { per_second } => write!(
                f,
                "requests are lost at this rate: reduced to {per_second} per second"
            ),
            Self::RequestsLost {
                on_retry,
                answered,
                estimated_missing,
            } => {
                write!(
                    f,
                    "{on_retry} of {answered} hosts answered only on a retry: requests are lost at this rate; "
                )?;
                match estimated_missing {
                    Some(0) => f.write_str("no other hosts are likely to be missing"),
                    None => f.write_str(
                        "unresponsive addresses were not retried, so hosts may be missing",
                    ),
                    Some(missing) => write!(
                        f,
                        "about {missing} other hosts may be missing; rescan with a lower --rate"
                    ),
                }
            }
            Self::ClockJumped { seconds } => {
                let by = SignedDuration::from_secs(*seconds).abs();
                f.write_str("this machine's clock jumped ")?;
                f.write_str(if *seconds < 0 {
                    "back by "
                } else {
                    "ahead by "
                })?;
                match by.as_hours() / 24 {
                    days @ 2.. => write!(f, "{days} days")?,
                    _ => write!(f, "{by:#}")?,
                }
                f.write_str(
                    " during the scan: certificates are evaluated by the time before the jump; check the clock and rescan",
                )
            }
            Self::InternalError { detail } => write!(
                f,
                "internal error: some probes failed ({detail}), and the state of their hosts is unknown; please report this bug"
            ),
            _ => Ok(()),
        }
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
