use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::{Presentation, Selection};
use crate::diagnosis::{Banner, Undetermined};
use crate::fleet::{Fleet, Host, Summary};
use crate::model::{
    CertificateFacts, Endpoint, History, Notice, PlannedWork, ScanEnd, ScanId, ScanPlan, TlsFacts,
};
use crate::table::Field;

/// A selection, prepared for the writers.
pub(super) struct Sheet<'a> {
    /// The fleet of the rows, for undetermined findings; `None` for rows alone.
    pub(super) fleet: Option<&'a Fleet>,
    pub(super) scan: Option<ScanId>,
    pub(super) vantage: &'a str,
    /// Start of the scan, and the time at which hosts are evaluated.
    pub(super) times: Option<(Timestamp, Timestamp)>,
    pub(super) plan: Option<&'a ScanPlan>,
    /// What was to be probed.
    pub(super) work: Option<&'a PlannedWork>,
    pub(super) notices: Vec<Notice>,
    /// Faults of the scanning machine itself.
    pub(super) banners: Vec<Banner>,
    pub(super) end: Option<ScanEnd>,
    /// Counts over the rows written.
    pub(super) summary: Summary,
    /// Hosts in order, each with the name to show for it.
    pub(super) rows: Vec<(&'a Host, Option<&'a str>)>,
    /// Histories of other hosts that the diagnoses of the rows depend on.
    pub(super) references: Vec<History>,
    /// Hosts that were not selected, now or when the file was written that the scan was read from.
    pub(super) left_out: usize,
    /// Addresses that were tried only because a name resolves to them.
    pub(super) tried_by_name: u64,
    pub(super) presentation: Presentation<'a>,
    /// The columns chosen by the user; `None` for the default of the format.
    pub(super) columns: Option<&'a [Field]>,
}

/// Hosts omitted from the file that the fleet was read from.
fn left_out_of(notices: &[Notice]) -> u64 {
    notices
        .iter()
        .map(|notice| match notice {
            Notice::Filtered { hosts_omitted } => *hosts_omitted,
            _ => 0,
        })
        .fold(0, u64::saturating_add)
}

/// One host, its facts, and the name to show for it.
pub(super) struct Row<'a> {
    pub(super) fleet: Option<&'a Fleet>,
    pub(super) host: &'a Host,
    pub(super) history: History,
    pub(super) name: Option<&'a str>,
}

impl Row<'_> {
    /// As [`Diagnosis::tls_shown`](crate::diagnosis::Diagnosis::tls_shown).
    pub(super) fn tls_shown(&self) -> Option<&TlsFacts> {
        let shown = self.host.diagnosis.tls_shown(&self.history);
        shown.map(AsRef::as_ref)
    }

    /// As [`Diagnosis::certificate`](crate::diagnosis::Diagnosis::certificate).
    pub(super) fn certificate(&self) -> Option<&Arc<CertificateFacts>> {
        self.tls_shown()?.leaf()
    }

    /// Findings that are neither present nor ruled out. Evaluated at every call.
    pub(super) fn undetermined(&self) -> Vec<Undetermined> {
        self.fleet.map_or_else(Vec::new, |fleet| {
            fleet.undetermined_of(self.host, &self.history)
        })
    }
}

impl<'a> Sheet<'a> {
    pub(super) fn new(selection: &Selection<'a>) -> Self {
        let fleet = selection.fleet;
        let rows: Vec<(&Host, Option<&str>)> = selection
            .hosts()
            .map(|host| (host, host.display_name()))
            .collect();
        let references = if selection.whole {
            fleet.references().collect()
        } else {
            referred(&rows)
                .into_iter()
                .filter_map(|endpoint| fleet.history(endpoint))
                .collect()
        };
        let mut notices = fleet.notices();
        let left_out_before = left_out_of(&notices);
        let left_out = fleet.hosts().count().saturating_sub(rows.len());
        if left_out > 0 {
            notices.retain(|notice| !matches!(notice, Notice::Filtered { .. }));
            let hosts_omitted = left_out_before.saturating_add(left_out as u64);
            notices.push(Notice::Filtered { hosts_omitted });
        }
        Self {
            fleet: Some(fleet),
            scan: fleet.scan(),
            vantage: fleet.site(),
            times: fleet.times(),
            plan: fleet.plan(),
            work: fleet.planned_work().map(AsRef::as_ref),
            notices,
            banners: fleet.banners(),
            end: fleet.end(),
            summary: Summary::of(rows.iter().map(|(host, _)| *host)),
            left_out: usize::try_from(left_out_before)
                .unwrap_or(usize::MAX)
                .saturating_add(left_out),
            tried_by_name: tried_by_name(fleet),
            rows,
            references,
            columns: selection.columns,
            presentation: selection.presentation,
        }
    }

    /// The scan's id; empty when no scan has begun.
    pub(super) fn scan_text(&self) -> String {
        self.scan.map_or_else(String::new, |scan| scan.to_string())
    }

    /// The rows with their histories, unpacked one by one: all at once would take several times the fleet's memory.
    pub(super) fn rows(&self) -> impl Iterator<Item = Row<'a>> + '_ {
        self.rows.iter().map(|(host, name)| Row {
            fleet: self.fleet,
            host,
            history: host.history(),
            name: *name,
        })
    }

    /// The references, marked as such, so that a host that was not selected does not come back as a row.
    pub(super) fn references(&self) -> impl Iterator<Item = History> + '_ {
        self.references.iter().map(|history| History {
            outside_targets: true,
            ..history.clone()
        })
    }
}

fn tried_by_name(fleet: &Fleet) -> u64 {
    let tried = fleet.references().filter(|one| !one.attempts.is_empty());
    tried.count() as u64
}

/// Endpoints that the rows' names resolve to and that are not rows themselves, in order.
fn referred(rows: &[(&Host, Option<&str>)]) -> BTreeSet<Endpoint> {
    let own: BTreeSet<Endpoint> = rows
        .iter()
        .filter_map(|(host, _)| host.key().endpoint())
        .collect();
    rows.iter()
        .flat_map(|(host, _)| {
            let port = host.key().port();
            host.history()
                .lookups
                .iter()
                .flat_map(|lookup| lookup.answer.addresses())
                .map(|address| Endpoint::new(*address, port))
                .collect::<Vec<_>>()
        })
        .filter(|endpoint| !own.contains(endpoint))
        .collect()
}
