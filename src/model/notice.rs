use std::fmt;
use std::net::SocketAddr;

use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Resolver, Shortage, Subject};

/// Trouble on our side, told once as a banner and never blamed on a host.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Notice {
    /// No resolver in use answers. Names that were not looked up before are then not judged.
    ResolverDown {
        /// The server, when one was given with `--dns`.
        server: Option<SocketAddr>,
        /// The last failure in words; of several servers, each with its own.
        detail: Box<str>,
        /// It answered before.
        #[serde(default)]
        stopped: bool,
    },
    /// One resolver of several does not answer; the others are believed.
    ResolverSilent {
        /// Which.
        resolver: Resolver,
        /// The last failure in words.
        detail: Box<str>,
        /// It answered before.
        #[serde(default)]
        stopped: bool,
    },
    /// A resolver answers again: names that failed are looked up once more, and judged.
    ResolverBack {
        /// Which.
        resolver: Resolver,
    },
    /// This machine has no route to some IPv6 address: it was not tried, or the connect failed at once.
    NoIpv6Route,
    /// The file-descriptor limit made the scan smaller than asked.
    DescriptorLimit {
        /// In flight as asked.
        asked: u32,
        /// In flight as used.
        used: u32,
        /// The limit.
        limit: u64,
    },
    /// Sockets could not be made: descriptors, buffers or ports ran out.
    LocalTrouble {
        /// The operating system's words.
        detail: Box<str>,
        /// What ran out, where the file says.
        #[serde(default)]
        shortage: Option<Shortage>,
    },
    /// This machine itself would not make some connections, for a reason that fewer at once do not mend, such as its own packet
    /// filter.
    OwnRefusal {
        /// The operating system's words.
        detail: Box<str>,
    },
    /// This machine was too busy to take times: those of some attempts are left out.
    Busy {
        /// How late it was at worst, in milliseconds.
        worst_ms: u32,
    },
    /// Many hosts answered only when they were asked again, since connection requests get lost at the speed of the scan, which has
    /// slowed down.
    SlowedDown {
        /// Connection requests per second from now on.
        per_second: u32,
    },
    /// Many hosts answered only when they were asked again, and so did not all of those that exist, perhaps.
    RequestsLost {
        /// Hosts that answered only when they were asked again.
        late: u64,
        /// Hosts that answered.
        answered: u64,
        /// Estimate of the hosts that exist and never answered; `null` when the scan was stopped before it could be made.
        missed: Option<u64>,
    },
    /// The system's clock was set, or jumped, while the scan ran.
    ClockJumped {
        /// By how many seconds ahead; negative for back.
        seconds: i64,
    },
    /// Probes failed by a fault of rdpscan itself.
    Internal {
        /// What the panic said.
        detail: Box<str>,
    },
    /// `--max-time` ran out.
    TimeLimit,
    /// Entries of the user's own file were not taken as targets.
    NotTaken {
        /// The file.
        list: Box<str>,
        /// How many.
        count: u32,
        /// What they are, such as `disabled accounts`.
        reason: Box<str>,
        /// The first of them, by the names that the file gives them.
        names: Vec<Box<str>>,
    },
    /// The file holds a selection of a scan, made when it was written.
    Selection {
        /// Hosts of the scan that are not in it.
        left_out: u64,
    },
    /// A subject is worth a word on its own: for instance a stuck host that was given up.
    Skipped {
        /// Who.
        subject: Subject,
    },
}

fn write_resolver(f: &mut fmt::Formatter<'_>, resolver: Resolver) -> fmt::Result {
    match resolver {
        Resolver::System => f.write_str("the system's resolver"),
        Resolver::Configured => f.write_str("this machine's DNS server, asked directly,"),
        Resolver::Server(server) => write!(f, "the DNS server {server}"),
    }
}

/// The banner, one sentence for every sink. Holds raw text of the operating system: make it safe before printing.
impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ResolverDown { .. } | Self::ResolverSilent { .. } | Self::ResolverBack { .. } => {
                self.fmt_resolvers(f)
            }
            Self::NoIpv6Route => f.write_str(
                "this machine has no IPv6 route to some addresses: they cannot be tried here",
            ),
            Self::DescriptorLimit { asked, used, limit } => write!(
                f,
                "at most {used} connections at once instead of {asked}: this machine allows {limit} open files; raise the limit (ulimit -n)"
            ),
            Self::LocalTrouble { detail, shortage } => {
                write!(f, "this machine could not make sockets ({detail}); ")?;
                match shortage {
                    Some(shortage) => shortage.fmt(f),
                    None => f.write_str("lower --concurrency"),
                }
            }
            Self::OwnRefusal { detail } => write!(
                f,
                "this machine itself refused to make some connections ({detail}), and nothing is known of their hosts; check its packet filter and routes"
            ),
            Self::Busy { .. }
            | Self::SlowedDown { .. }
            | Self::RequestsLost { .. }
            | Self::ClockJumped { .. }
            | Self::Internal { .. } => self.fmt_course(f),
            Self::TimeLimit => f.write_str("--max-time ran out: the scan is not complete"),
            Self::NotTaken {
                list,
                count,
                reason,
                names,
            } => {
                write!(
                    f,
                    "{list}: left out, {reason} ({count}): {}",
                    names.join(", ")
                )?;
                if names.len() < usize::try_from(*count).unwrap_or(usize::MAX) {
                    f.write_str(", …")?;
                }
                Ok(())
            }
            Self::Selection { left_out } => write!(
                f,
                "a selection of the scan: {left_out} of its hosts were left out when it was written"
            ),
            Self::Skipped { subject } => {
                write!(f, "{subject} was skipped before its probes were complete")
            }
        }
    }
}

impl Notice {
    /// What became of resolvers.
    fn fmt_resolvers(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ResolverDown {
                server,
                detail,
                stopped,
            } => {
                match (server, stopped) {
                    (Some(server), false) => write!(f, "the DNS server {server} does not answer")?,
                    (Some(server), true) => write!(f, "the DNS server {server} stopped answering")?,
                    (None, false) => f.write_str("no resolver answers")?,
                    (None, true) => f.write_str("the resolvers stopped answering")?,
                }
                let names = if *stopped {
                    "names not looked up before"
                } else {
                    "names"
                };
                write!(
                    f,
                    " ({detail}): {names} are not judged; check the network, or name a server with --dns"
                )
            }
            Self::ResolverSilent {
                resolver,
                detail,
                stopped,
            } => {
                write_resolver(f, *resolver)?;
                let what = if *stopped {
                    "stopped answering"
                } else {
                    "does not answer"
                };
                write!(f, " {what} ({detail}): names are judged by the others")
            }
            Self::ResolverBack { resolver } => {
                write_resolver(f, *resolver)?;
                f.write_str(" answers again: failed lookups are retried, and names judged")
            }
            _ => Ok(()),
        }
    }

    /// What came up while the scan ran.
    fn fmt_course(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy { worst_ms } => write!(
                f,
                "this machine was too busy for exact times (up to {worst_ms} ms late): times taken meanwhile are left out; close other programs, or use a smaller --concurrency or --rate"
            ),
            Self::SlowedDown { per_second } => write!(
                f,
                "connection requests get lost at this speed: slowed down to {per_second} per second"
            ),
            Self::RequestsLost {
                late,
                answered,
                missed,
            } => {
                write!(
                    f,
                    "{late} of {answered} hosts answered only when asked again: connection requests get lost at this speed; "
                )?;
                match missed {
                    Some(0) => f.write_str("no more hosts are likely to be missing"),
                    None => f.write_str(
                        "silent addresses were not asked again, so hosts may be missing",
                    ),
                    Some(missed) => write!(
                        f,
                        "about {missed} more hosts may be missing; scan again with a lower --rate"
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
                    " during the scan: certificates are judged by the time before the jump; check the clock and scan again",
                )
            }
            Self::Internal { detail } => write!(
                f,
                "a fault of rdpscan itself ended some probes ({detail}): they say nothing about their hosts; please report it"
            ),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_of_the_clock_is_told_in_units_that_people_use() {
        for (seconds, words) in [
            (400 * 86_400, "jumped ahead by 400 days"),
            (-7_200, "jumped back by 2h"),
            (90, "jumped ahead by 1m 30s"),
        ] {
            let told = Notice::ClockJumped { seconds }.to_string();
            assert!(told.contains(words), "{told}");
        }
    }
}
