use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;

use crate::model::{EVENT_SCHEMA, Notice, Origin, ScanId, ScanPlan, Site};
use crate::targets::TargetSet;

/// Everything the engine needs to know besides the targets. Plain values: settings were resolved before.
#[derive(Debug)]
pub struct ScanOptions {
    /// Who writes the events.
    pub origin: Origin,
    /// Seed of the order and of the jitter.
    pub seed: u64,
    /// Attempts per answering or listed endpoint, at least 1.
    pub attempts: u32,
    /// Least time between two attempts at one endpoint.
    pub interval: Duration,
    /// Least time between two connections to one address.
    pub gap: Duration,
    /// Connect timeouts of the discovery rounds, in order; never empty.
    pub rounds: Vec<Duration>,
    /// Connect timeout of attempts at hosts already known to answer.
    pub connect_timeout: Duration,
    /// The deadline of one stage of an attempt, by which a stuck connection ends.
    pub stage_timeout: Duration,
    /// Connections in flight, fitted to the descriptor limit already.
    pub in_flight: u32,
    /// Lookups of names at once, at least 1; each may ask several resolvers.
    pub lookups: usize,
    /// Connects per second; 0 is no cap.
    pub rate: u32,
    /// Ask the NTLM question.
    pub ntlm: bool,
    /// Find out by one more connection whether a server that chose NLA requires it.
    pub check_nla: bool,
    /// Resolve names.
    pub dns: bool,
    /// Emit silent and closed endpoints of sweeps too.
    pub list_all: bool,
    /// Stop after this long.
    pub max_time: Option<Duration>,
    /// How long attempts in flight may continue after a stop.
    pub grace: Duration,
    /// The hosts are simulated.
    pub simulated: bool,
    /// Notices about this machine, emitted at the start.
    pub notices: Vec<Notice>,
    /// Notices that come up outside the engine while it runs.
    pub outside: Option<watch::Receiver<Vec<Notice>>>,
    /// The settings of the scan, as the plan records them.
    pub settings: BTreeMap<Box<str>, Box<str>>,
}

impl ScanOptions {
    /// The plan of a scan of these targets, its first event.
    #[must_use]
    pub fn plan(&self, targets: &TargetSet) -> ScanPlan {
        ScanPlan {
            schema: EVENT_SCHEMA.into(),
            version: env!("CARGO_PKG_VERSION").into(),
            targets: targets.texts().iter().collect(),
            excludes: targets.exclude_texts().iter().collect(),
            endpoints_planned: targets.endpoints(),
            names_planned: targets.names().len() as u64,
            seed: self.seed,
            attempts: self.attempts,
            dns: self.dns,
            ntlm: self.ntlm,
            list_all: self.list_all,
            simulated: self.simulated,
        }
    }

    /// The last round of discovery, from 0.
    pub(super) fn last_round(&self) -> u8 {
        u8::try_from(self.rounds.len().saturating_sub(1)).unwrap_or(u8::MAX)
    }
}

impl Default for ScanOptions {
    fn default() -> Self {
        Self {
            origin: Origin::new(ScanId::new(Timestamp::UNIX_EPOCH, 0), Site::of_machine("")),
            seed: 0,
            attempts: 3,
            interval: Duration::from_secs(1),
            gap: Duration::from_millis(250),
            rounds: vec![
                Duration::from_millis(300),
                Duration::from_millis(300),
                Duration::from_millis(1100),
            ],
            connect_timeout: Duration::from_millis(3500),
            stage_timeout: Duration::from_secs(5),
            in_flight: 1024,
            lookups: 32,
            rate: 1000,
            ntlm: true,
            check_nla: false,
            dns: true,
            list_all: false,
            max_time: None,
            grace: Duration::from_secs(1),
            simulated: false,
            notices: Vec::new(),
            outside: None,
            settings: BTreeMap::new(),
        }
    }
}
