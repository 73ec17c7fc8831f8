use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Attempt, Endpoint, Lookup, Moment, Notice, ObservedName, Subject};

/// Version of the event stream, in the first event of every recording.
pub const EVENT_SCHEMA: &str = "rdpscan.events/1.1";

/// A fact about the scan, numbered and dated by the one engine that emits them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ScanEvent {
    /// Which scan.
    pub run_id: Box<str>,
    /// From where: the scanning machine's name for itself.
    pub source: Box<str>,
    /// 0, 1, 2, … per source.
    pub seq: u64,
    /// Wall clock, UTC.
    #[schemars(with = "Moment")]
    pub at: Timestamp,
    /// What happened.
    pub body: EventBody,
}

/// What can happen. Facts only: findings are recomputed from these by whoever reads them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum EventBody {
    /// Always first.
    ScanStarted(ScanPlan),
    /// A name the user listed was looked up; it led to `endpoints`. Gone from these are excluded addresses, addresses
    /// at which no host can be, and, where others remain, IPv6 addresses that this machine has no route to.
    TargetResolved {
        /// The name, lower case, without the final dot.
        name: Box<str>,
        /// The port wanted.
        port: u16,
        /// Where it led.
        endpoints: Vec<Endpoint>,
        /// Addresses that it led to but that the user excluded.
        excluded: u32,
        /// The lookups made.
        lookups: Vec<Lookup>,
    },
    /// An attempt ended.
    AttemptFinished {
        /// The attempt.
        attempt: Attempt,
        /// The user listed this endpoint, or a name that led to it, one by one.
        listed: bool,
        /// The endpoint is not part of the scan; it was tried because a scanned host's name leads to it.
        by_reference: bool,
        /// No further attempt at this endpoint will follow.
        last: bool,
    },
    /// The names in play for an endpoint were collected and looked up.
    NamesChecked {
        /// Whose names.
        endpoint: Endpoint,
        /// The names.
        names: Vec<ObservedName>,
        /// The lookups made: one PTR, and per name and resolver one forward lookup.
        lookups: Vec<Lookup>,
        /// Addresses that a name leads to but that the user excluded: never contacted.
        excluded: Vec<std::net::IpAddr>,
    },
    /// Something about this machine or its resolver, said once.
    Noticed(Notice),
    /// The user's own file says that a host is always reached through a gateway: it is listed, and not probed directly.
    BehindGateway {
        /// Who.
        subject: Subject,
        /// The gateway's name or address, as the file has it.
        gateway: Box<str>,
    },
    /// The scan ended before this subject, which the user listed one by one or by a name, could be tried.
    NotReached {
        /// Who.
        subject: Subject,
    },
    /// This endpoint is probed anew, by the user's wish or since requests to it were lost to the speed of the scan: attempts, lookups and names seen of it so far are set aside as soon as
    /// the first attempt after this ends.
    ProbedAnew {
        /// Whose.
        endpoint: Endpoint,
    },
    /// Nothing more will follow, unless the user asks for something to be probed anew: then it comes once more at the end.
    ScanFinished(ScanEnd),
}

/// What is going to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScanPlan {
    /// Name and version of the form: [`EVENT_SCHEMA`].
    pub schema: Box<str>,
    /// Version of rdpscan.
    pub version: Box<str>,
    /// Targets as the user gave them.
    pub targets: Vec<String>,
    /// Excludes as the user gave them.
    pub excludes: Vec<String>,
    /// Endpoints planned, names not yet resolved left out.
    pub endpoints_planned: u64,
    /// Names to be resolved.
    pub names_planned: u64,
    /// Seed of the order.
    pub seed: u64,
    /// Attempts per answering host.
    pub attempts: u32,
    /// Name resolution is switched on.
    pub dns: bool,
    /// The NTLM question is switched on.
    pub ntlm: bool,
    /// Silent and closed addresses of a sweep are wanted in the list.
    pub list_all: bool,
    /// The hosts are simulated on loopback (`rdpscan demo`).
    pub simulated: bool,
}

/// How the scan ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScanStatus {
    /// Everything planned was done.
    Complete,
    /// Stopped by the user, a signal or `--max-time`.
    Interrupted,
}

/// Sums over addresses that have no event of their own: swept, not listed, and not answering.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct UnlistedCounts {
    /// Refused the connection.
    pub closed: u64,
    /// Did not answer.
    pub filtered: u64,
    /// Unreachable by the network's own word.
    pub unreachable: u64,
    /// Not tried, or not to the end: this machine's own trouble, or the user, kept the scan from it.
    #[serde(default)]
    pub not_probed: u64,
}

/// The end of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScanEnd {
    /// How.
    pub status: ScanStatus,
    /// Endpoints tried at least once.
    pub endpoints_probed: u64,
    /// Those without an event of their own.
    pub unlisted: UnlistedCounts,
    /// Endpoints that answered only after at least one silent round.
    pub answered_on_retry: u64,
    /// Planned endpoints without an event of their own that were not tried to the end, since the scan was interrupted.
    #[serde(default)]
    pub unreached: u64,
}
