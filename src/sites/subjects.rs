//! The subjects of messages, one place for workers, coordinators and the permissions in the documentation.

use serde::{Deserialize, Serialize};

use crate::model::{Control, Endpoint, ScanId, Site};

/// The stream of shards to be scanned.
pub const WORK: &str = "RDPSCAN_WORK";
/// The stream of what workers observed.
pub const EVENTS: &str = "RDPSCAN_EVENTS";
/// All subjects of [`WORK`].
pub const ALL_WORK: &str = "rdpscan.work.>";
/// All subjects of [`EVENTS`].
pub const ALL_EVENTS: &str = "rdpscan.events.>";
/// Heartbeats of all sites.
pub const ALL_STATUS: &str = "rdpscan.status.*";
/// What the server says of shards that were given out too often.
pub const MAX_DELIVERIES: &str = "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.RDPSCAN_WORK.*";
/// The name that all sites share.
pub const ANY: &str = "any";

#[must_use]
pub fn work(site: &Site, scan: ScanId) -> String {
    format!("rdpscan.work.{site}.{scan}")
}

/// The shards of all scans at a site.
#[must_use]
pub fn work_of(site: &Site) -> String {
    format!("rdpscan.work.{site}.>")
}

/// The name of the consumer of [`WORK`] that the workers of a site share.
#[must_use]
pub fn consumer(site: &Site) -> String {
    format!("site-{site}")
}

#[must_use]
pub fn events(scan: ScanId, site: &Site) -> String {
    format!("rdpscan.events.{scan}.{site}")
}

/// The events of a scan from all sites.
#[must_use]
pub fn events_of(scan: ScanId) -> String {
    format!("rdpscan.events.{scan}.*")
}

/// The site under whose subject an event came.
#[must_use]
pub fn site_of(subject: &str) -> Option<Site> {
    subject.rsplit('.').next()?.parse().ok()
}

#[must_use]
pub fn status(site: &Site) -> String {
    format!("rdpscan.status.{site}")
}

/// Where answers of the server come to: a place for each role, so that no worker can read those of another.
#[must_use]
pub fn inbox(worker_of: Option<&Site>) -> String {
    match worker_of {
        Some(site) => format!("rdpscan.inbox.worker.{site}"),
        None => "rdpscan.inbox.scan".to_owned(),
    }
}

#[must_use]
pub fn control(scan: ScanId) -> String {
    format!("rdpscan.control.{scan}")
}

/// An order to the workers of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    Pause,
    Resume,
    Skip(Endpoint),
    /// The scan is over: what is in progress ends.
    Stop,
}

impl Order {
    /// The order of a screen that workers can carry out.
    #[must_use]
    pub const fn of(control: &Control) -> Option<Self> {
        match control {
            Control::Pause => Some(Self::Pause),
            Control::Resume => Some(Self::Resume),
            Control::Skip(endpoint) => Some(Self::Skip(*endpoint)),
            Control::ProbeAgain(_) | Control::RescanAll => None,
        }
    }
}

/// What a worker says of itself every two seconds.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Heartbeat {
    /// Names the process.
    pub worker: Box<str>,
    /// What it works on.
    pub scan: Option<ScanId>,
    /// Connects per second.
    pub rate: f64,
    pub in_flight: u32,
    pub in_flight_limit: u32,
    /// It follows an order to pause.
    pub paused: bool,
    /// Why it cannot store its events.
    pub trouble: Option<Box<str>>,
}
