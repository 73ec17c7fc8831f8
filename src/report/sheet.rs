use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::Selection;
use crate::diagnosis::Banner;
use crate::fleet::{Host, Summary};
use crate::model::{
    CertificateStatus, DnsVerdict, Endpoint, History, HostState, Notice, ScanEnd, ScanPlan,
    Severity, StabilityVerdict,
};

/// A selection, laid out for the writers.
pub(super) struct Sheet<'a> {
    pub(super) run_id: &'a str,
    pub(super) vantage: &'a str,
    /// Start of the scan, and the time as of which hosts are judged.
    pub(super) times: Option<(Timestamp, Timestamp)>,
    pub(super) plan: Option<&'a ScanPlan>,
    pub(super) notices: &'a [Notice],
    /// What the hosts together say about this machine.
    pub(super) banners: Vec<Banner>,
    pub(super) end: Option<ScanEnd>,
    /// Counts over the rows written.
    pub(super) summary: Summary,
    pub(super) rows: Vec<Row<'a>>,
    /// Histories that are not rows here but that a judgement on the rows rests on.
    pub(super) references: Vec<&'a History>,
    /// Rows of the fleet that were not selected.
    pub(super) left_out: usize,
}

/// One host and the name to show for it.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    pub(super) host: &'a Host,
    pub(super) name: Option<&'a str>,
}

impl<'a> Sheet<'a> {
    pub(super) fn new(selection: &Selection<'a>) -> Self {
        let fleet = selection.fleet;
        let rows: Vec<Row<'a>> = selection
            .hosts()
            .map(|host| Row {
                host,
                name: host.display_name(),
            })
            .collect();
        let references = if selection.whole {
            fleet.references().collect()
        } else {
            referred(&rows)
                .into_iter()
                .filter_map(|endpoint| fleet.history(endpoint))
                .collect()
        };
        Self {
            run_id: fleet.run_id(),
            vantage: fleet.vantage(),
            times: fleet.times(),
            plan: fleet.plan(),
            notices: fleet.notices(),
            banners: fleet.banners(),
            end: fleet.end().copied(),
            summary: summarize(&rows),
            left_out: fleet.hosts().len().saturating_sub(rows.len()),
            rows,
            references,
        }
    }

    /// Every history that a reader needs, rows first.
    pub(super) fn histories(&self) -> impl Iterator<Item = &'a History> + '_ {
        let rows = self.rows.iter().map(|row| &row.host.history);
        rows.chain(self.references.iter().copied())
    }

    /// The references, marked as such: a row that was not selected must not come back as a row.
    pub(super) fn references(&self) -> impl Iterator<Item = History> + '_ {
        self.references.iter().map(|history| History {
            by_reference: true,
            ..(*history).clone()
        })
    }
}

/// Endpoints that the rows' names lead to and that are not rows themselves, in order.
fn referred(rows: &[Row<'_>]) -> BTreeSet<Endpoint> {
    let own: BTreeSet<Endpoint> = rows
        .iter()
        .filter_map(|row| row.host.history.subject.endpoint())
        .collect();
    rows.iter()
        .flat_map(|row| {
            let port = row.host.history.subject.port();
            row.host
                .history
                .lookups
                .iter()
                .flat_map(|lookup| lookup.answer.addresses())
                .map(move |address| Endpoint::new(*address, port))
        })
        .filter(|endpoint| !own.contains(endpoint))
        .collect()
}

/// The fleet's counts, over some of its rows. Every word is there, with 0 where nothing was counted.
pub(super) fn summarize(rows: &[Row<'_>]) -> Summary {
    let mut summary = Summary {
        hosts: rows.len() as u64,
        by_state: HostState::ALL.iter().map(|state| (*state, 0)).collect(),
        by_severity: Severity::ALL
            .iter()
            .map(|severity| (*severity, 0))
            .collect(),
        ..Summary::default()
    };
    for row in rows {
        let diagnosis = &row.host.diagnosis;
        count(&mut summary.by_state, diagnosis.state);
        if let Some(worst) = diagnosis.findings.iter().map(|found| found.severity).max() {
            count(&mut summary.by_severity, worst);
        }
        match diagnosis.certificate_status {
            Some(CertificateStatus::Expired) => summary.expired += 1,
            Some(CertificateStatus::Expiring) => summary.expiring += 1,
            _ => {}
        }
        if diagnosis.stability.verdict == StabilityVerdict::Flaky {
            summary.flaky += 1;
        }
        if matches!(
            diagnosis.dns,
            DnsVerdict::WrongHost
                | DnsVerdict::Stale
                | DnsVerdict::Missing
                | DnsVerdict::PartialDead
                | DnsVerdict::AaaaDead
        ) {
            summary.dns_trouble += 1;
        }
    }
    summary
}

fn count<K: Ord>(counts: &mut BTreeMap<K, u64>, key: K) {
    *counts.entry(key).or_default() += 1;
}
