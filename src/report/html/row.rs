//! The rows of the table of hosts.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::fleet::Host;
use crate::model::{CertificateStatus, Finding, StabilityVerdict};
use crate::report::details::visible;
use crate::report::sheet::Sheet;
use crate::table::Field;

/// Rows that are visible before the script runs.
const FIRST_ROWS: usize = 300;

/// The rank of each row by address.
pub(super) fn address_ranks(sheet: &Sheet<'_>) -> Vec<usize> {
    let mut order: Vec<usize> = (0..sheet.rows.len()).collect();
    order.sort_by_key(|index| sheet.rows.get(*index).map(|(host, _)| host.key()));
    let mut ranks = vec![0; order.len()];
    for (rank, index) in order.into_iter().enumerate() {
        if let Some(place) = ranks.get_mut(index) {
            *place = rank;
        }
    }
    ranks
}

#[derive(Serialize)]
pub(super) struct TableRow<'a> {
    number: usize,
    begins_rest: bool,
    rank: usize,
    would_refuse: bool,
    state: &'static str,
    stage: Option<&'static str>,
    name: Option<&'a str>,
    address: String,
    days: Option<i64>,
    certificate: Option<&'static str>,
    tls: String,
    nla: String,
    dns: &'static str,
    stability: &'static str,
    good: u32,
    attempts: u32,
    finding: Option<&'a Finding>,
    more: usize,
    /// Ids of all findings in lower case, for searching.
    ids: String,
}

impl<'a> TableRow<'a> {
    pub(super) fn new(number: usize, host: &'a Host, name: Option<&'a str>, rank: usize) -> Self {
        let diagnosis = &host.diagnosis;
        let stability = &diagnosis.stability;
        Self {
            number,
            begins_rest: number == FIRST_ROWS + 1,
            rank,
            would_refuse: diagnosis.would_refuse(),
            state: diagnosis.state.word(),
            stage: diagnosis.failed_stage.map(crate::model::Stage::word),
            name: visible(name),
            address: Field::Address.text(host),
            days: diagnosis.days_left,
            certificate: diagnosis
                .certificate_status
                .filter(|status| *status != CertificateStatus::Valid)
                .map(CertificateStatus::word),
            tls: Field::Tls.text(host),
            nla: Field::Nla.text(host),
            dns: diagnosis.dns.word(),
            stability: stability.verdict.word(),
            good: match stability.verdict {
                StabilityVerdict::Flaky => stability.attempts.saturating_sub(stability.failures),
                _ => 0,
            },
            attempts: stability.attempts,
            finding: diagnosis.first_shown(),
            more: diagnosis.findings.len().saturating_sub(1),
            ids: ids(&diagnosis.findings),
        }
    }
}

fn ids(findings: &[Finding]) -> String {
    let ids: BTreeSet<&str> = findings.iter().map(|found| found.id).collect();
    let ids: Vec<&str> = ids.into_iter().collect();
    ids.join(" ").to_ascii_lowercase()
}
