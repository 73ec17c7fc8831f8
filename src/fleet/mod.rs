//! The one fold from scan events to hosts: what screens and reports read.
//!
//! Owned by whoever shows it; no lock is shared with probes. Time comes from the events, never from the clock.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::diagnosis::{Diagnosis, Policy};
use crate::model::{
    CertificateStatus, DnsVerdict, Endpoint, History, HostState, Notice, ScanEnd, ScanEvent,
    ScanPlan, Severity, StabilityVerdict, Subject,
};

/// A row: what was seen of one subject and what is thought of it.
#[derive(Debug, Clone)]
pub struct Host {
    /// The facts.
    pub history: History,
    /// The opinions, recomputed whenever the facts change.
    pub diagnosis: Diagnosis,
}

impl Host {
    /// The name to show: the one the user typed, else NTLM's, else PTR's, else the certificate's.
    #[must_use]
    pub fn display_name(&self) -> Option<&str> {
        unimplemented!("contract only")
    }
}

/// Counts over all rows (hosts that are rows; members tried by reference are not).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Rows.
    pub hosts: u64,
    /// By state.
    pub by_state: BTreeMap<HostState, u64>,
    /// Hosts by the severity of their worst finding.
    pub by_severity: BTreeMap<Severity, u64>,
    /// Certificates expired.
    pub expired: u64,
    /// Certificates expiring.
    pub expiring: u64,
    /// Flaky hosts.
    pub flaky: u64,
    /// Hosts whose DNS verdict is trouble (wrong host, stale, missing, partly dead, AAAA dead).
    pub dns_trouble: u64,
}

/// All hosts of one scan.
#[derive(Debug)]
pub struct Fleet {
    policy: Policy,
    hosts: Vec<Host>,
}

impl Fleet {
    /// An empty fleet.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self {
            policy,
            hosts: Vec::new(),
        }
    }

    /// Folds one event in and brings the diagnosis of every host that it concerns up to date.
    pub fn apply(&mut self, event: ScanEvent) {
        let _ = event;
        unimplemented!("contract only")
    }

    /// Rows in order of first appearance; an index stays valid for the life of the fleet.
    #[must_use]
    pub fn hosts(&self) -> &[Host] {
        &self.hosts
    }

    /// The history of an endpoint, row or member by reference.
    #[must_use]
    pub fn history(&self, endpoint: Endpoint) -> Option<&History> {
        let _ = endpoint;
        unimplemented!("contract only")
    }

    /// Every history that is not a row: members tried by reference.
    pub fn references(&self) -> impl Iterator<Item = &History> {
        std::iter::empty()
    }

    /// Index of a subject's row.
    #[must_use]
    pub fn position(&self, subject: &Subject) -> Option<usize> {
        let _ = subject;
        unimplemented!("contract only")
    }

    /// Counts, kept incrementally.
    #[must_use]
    pub fn summary(&self) -> &Summary {
        unimplemented!("contract only")
    }

    /// What was planned; `None` before the first event.
    #[must_use]
    pub fn plan(&self) -> Option<&ScanPlan> {
        unimplemented!("contract only")
    }

    /// Scan id.
    #[must_use]
    pub fn run_id(&self) -> &str {
        unimplemented!("contract only")
    }

    /// From where the scan was made.
    #[must_use]
    pub fn vantage(&self) -> &str {
        unimplemented!("contract only")
    }

    /// When the scan began, and the newest event's time, which is the time as of which hosts are judged.
    #[must_use]
    pub fn times(&self) -> Option<(Timestamp, Timestamp)> {
        unimplemented!("contract only")
    }

    /// Banners, each once.
    #[must_use]
    pub fn notices(&self) -> &[Notice] {
        unimplemented!("contract only")
    }

    /// How it ended; `None` while it runs.
    #[must_use]
    pub fn end(&self) -> Option<&ScanEnd> {
        unimplemented!("contract only")
    }

    /// Number that grows with every change, so that a screen knows whether to sort again.
    #[must_use]
    pub fn revision(&self) -> u64 {
        unimplemented!("contract only")
    }

    /// The limits applied.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }
}

const _: fn(CertificateStatus, DnsVerdict, StabilityVerdict) = |_, _, _| {};
