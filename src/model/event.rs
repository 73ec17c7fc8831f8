use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Attempt, CertificateFacts, Checkpoint, Endpoint, HostKey, Lookup, Moment, Notice, ObservedName,
    Origin, PlannedWork, ScanEnd, ScanId, Site, Stream, Texts, moment, texts,
};

/// Version of the event stream, in the first event of every recording.
pub const EVENT_SCHEMA: &str = "rdpscan.events/1";

/// A fact about a scan, with its place in the stream of its writer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ScanEvent {
    /// Id of the scan.
    pub scan: ScanId,
    /// Where the probes were sent from.
    pub site: Site,
    /// Number of the sweep in a watched scan, from 1.
    pub epoch: u32,
    /// Which run of the writer.
    pub stream: Stream,
    /// 0, 1, 2, … without gaps in a stream; of a watched scan, in each of its sweeps.
    pub seq: u64,
    /// Wall clock, UTC.
    #[serde(with = "moment")]
    #[schemars(with = "Moment")]
    pub at: Timestamp,
    /// What happened.
    #[serde(rename = "event")]
    pub body: EventBody,
}

impl ScanEvent {
    /// An event of this writer.
    #[must_use]
    pub fn new(origin: &Origin, seq: u64, at: Timestamp, body: EventBody) -> Self {
        Self {
            scan: origin.scan,
            site: origin.site.clone(),
            epoch: origin.epoch,
            stream: origin.stream,
            seq,
            at,
            body,
        }
    }

    /// The end of the scan, if it is that, and not only of a part that a worker was given.
    #[must_use]
    pub const fn scan_end(&self) -> Option<ScanEnd> {
        match (self.stream, &self.body) {
            (Stream::Run(_), EventBody::ScanFinished(end)) => Some(*end),
            _ => None,
        }
    }

    /// Its writer.
    #[must_use]
    pub fn origin(&self) -> Origin {
        Origin {
            scan: self.scan,
            epoch: self.epoch,
            site: self.site.clone(),
            stream: self.stream,
        }
    }
}

/// What happened. Facts only: readers derive findings from them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventBody {
    /// Always first.
    ScanStarted(ScanPlan),
    /// Always second.
    WorkPlanned(Arc<PlannedWork>),
    /// A listed name was looked up. Omitted are addresses that cannot be a host (multicast, link-local and so on), and those
    /// beyond the first 256.
    TargetResolved {
        /// The name, lower case, without the final dot.
        name: Box<str>,
        /// TCP port.
        port: u16,
        /// The endpoints it resolves to. IPv6 endpoints without a route are included, and not probed where others remain.
        #[serde(deserialize_with = "texts::bounded")]
        endpoints: Vec<Endpoint>,
        /// Addresses it resolves to but that the user excluded: never contacted.
        #[serde(deserialize_with = "texts::bounded")]
        excluded: Vec<IpAddr>,
        /// The lookups of the name.
        #[serde(deserialize_with = "texts::bounded")]
        lookups: Vec<Lookup>,
    },
    /// An attempt ended.
    AttemptFinished {
        /// The attempt.
        attempt: Attempt,
        /// The certificates of its chain that no earlier event of this stream has shown.
        #[serde(deserialize_with = "texts::bounded")]
        certificates: Vec<Arc<CertificateFacts>>,
        /// The user listed this endpoint, or a name that resolves to it, one by one.
        listed: bool,
        /// Not part of the scan: tried only because the name of a scanned host resolves here.
        outside_targets: bool,
        /// Attempts at this endpoint that are still planned; more may be added later.
        remaining: u32,
    },
    /// The names of an endpoint were collected and looked up.
    NamesChecked {
        /// The endpoint.
        endpoint: Endpoint,
        /// Number of the newest attempt that contributed names; 0 when none did.
        attempt: u32,
        /// The names.
        #[serde(deserialize_with = "texts::bounded")]
        names: Vec<ObservedName>,
        /// The lookups: one PTR, and per name and resolver one forward lookup.
        #[serde(deserialize_with = "texts::bounded")]
        lookups: Vec<Lookup>,
        /// Addresses that a name resolves to but that the user excluded: never contacted.
        #[serde(deserialize_with = "texts::bounded")]
        excluded: Vec<IpAddr>,
    },
    /// A condition of the scanning machine, its network or its resolvers, reported once.
    Notice(Notice),
    /// By the user's own file, this host is always reached through a gateway: it is listed, and not probed directly.
    BehindGateway {
        /// The host.
        host: HostKey,
        /// The gateway's name or address, as the file has it.
        gateway: Box<str>,
    },
    /// The scan ended before this host, which the user listed one by one or by a name, was tried.
    NotReached {
        /// The endpoint or name.
        host: HostKey,
    },
    /// This endpoint is probed again, at the user's request or because requests to it were lost at this rate: attempts numbered
    /// up to `after`, and names checked with them, are superseded when the first attempt with a higher number ends.
    ReprobeStarted {
        /// The endpoint.
        endpoint: Endpoint,
        /// Number of its newest attempt so far; 0 for none.
        after: u32,
    },
    /// The progress of the scan. At most once a second while it changes, and right before the end.
    Checkpoint(Checkpoint),
    /// The last event. When the user has hosts probed again after it, it is repeated at the end.
    ScanFinished(ScanEnd),
}

/// The plan of a scan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScanPlan {
    /// Name and version of the form: [`EVENT_SCHEMA`].
    pub schema: Box<str>,
    /// Version of rdpscan.
    pub version: Box<str>,
    /// Targets as the user gave them.
    pub targets: Texts,
    /// Excludes as the user gave them.
    pub excludes: Texts,
    /// Endpoints planned, without those of names not yet resolved.
    pub endpoints_planned: u64,
    /// Names to be resolved.
    pub names_planned: u64,
    /// Seed of the order.
    pub seed: u64,
    /// Attempts per answering host.
    pub attempts: u32,
    /// Name resolution is enabled.
    pub dns: bool,
    /// Reading the NTLM challenge is enabled.
    pub ntlm: bool,
    /// Unresponsive and closed addresses of a sweep are listed.
    pub list_all: bool,
    /// The hosts are simulated on loopback (`rdpscan demo`).
    pub simulated: bool,
}
