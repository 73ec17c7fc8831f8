//! The top of the page, and the rows of its table.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde::Serialize;

use super::charts::{Bars, Histogram};
use super::{prose, severity};
use crate::counts::{counted, grouped};
use crate::diagnosis::{Diagnosis, Policy, catalog, remedies};
use crate::fleet::{FindingCount, Host, Summary};
use crate::model::{
    CertificateStatus, Finding, HostKey, HostState, ScanStatus, StabilityVerdict, Texts,
};
use crate::report::sheet::Sheet;
use crate::report::words;
use crate::table::Field;

/// Rows that are visible before the script runs.
const FIRST_ROWS: usize = 300;
/// Targets listed; the rest are counted.
const TARGETS_SHOWN: usize = 5;

#[derive(Serialize)]
pub(super) struct PageHead {
    version: String,
    title: String,
    headline: String,
    lede: String,
    facts: Vec<(&'static str, String)>,
    notes: Vec<(&'static str, String)>,
    states: Bars,
    expiry: Histogram,
    bars: Vec<Bars>,
    rules: Vec<Rule>,
    hosts: usize,
}

/// A kind of finding, and the hosts that have it.
#[derive(Serialize)]
struct Rule {
    id: &'static str,
    severity: &'static str,
    meaning: &'static str,
    hosts: u64,
    /// As [`FindingCount::split`].
    split: Option<String>,
    /// Per mille of the most frequent finding.
    share: u64,
    remedies: Vec<(&'static str, &'static str)>,
}

impl PageHead {
    pub(super) fn new(sheet: &Sheet<'_>, policy: &Policy) -> Self {
        let summary = &sheet.summary;
        Self {
            version: sheet
                .plan
                .map_or_else(String::new, |plan| prose(&plan.version)),
            title: format!(
                "Remote Desktop: {}",
                counted(sheet.summary.hosts, "host", "hosts")
            ),
            headline: headline(sheet),
            lede: lede(sheet, policy),
            facts: facts(sheet),
            notes: notes(sheet),
            states: Bars::states(summary),
            expiry: Histogram::new(sheet, policy),
            bars: vec![Bars::tls(summary), Bars::nla(summary), Bars::dns(summary)],
            rules: rules(&sheet.summary),
            hosts: sheet.rows.len(),
        }
    }
}

/// Hosts in a state, without those that would refuse Remote Desktop, which the headline counts.
fn in_state(sheet: &Sheet<'_>, state: HostState) -> u64 {
    let summary = &sheet.summary;
    summary.by_state.of(state) - summary.refusing.of(state)
}

/// Only a host that offers Remote Desktop is counted as not refusing it.
fn headline(sheet: &Sheet<'_>) -> String {
    let all = sheet.summary.hosts;
    let refusing = sheet.summary.refusing.sum();
    let working = in_state(sheet, HostState::Degraded) + in_state(sheet, HostState::Healthy);
    if let [(host, _)] = sheet.rows.as_slice() {
        return alone(&host.diagnosis).to_owned();
    }
    match (all, refusing, working) {
        (0, ..) => "No hosts to show".to_owned(),
        (_, 0, 0) => format!(
            "Remote Desktop was not seen to work on any of {} hosts",
            grouped(all)
        ),
        (_, 0, working) if working == all => {
            format!("None of {} hosts would refuse Remote Desktop", grouped(all))
        }
        (_, 0, 1) => format!(
            "Of {} hosts, 1 offers Remote Desktop and would not refuse it",
            grouped(all)
        ),
        (_, 0, working) => format!(
            "Of {} hosts, {} offer Remote Desktop, and none of them would refuse it",
            grouped(all),
            grouped(working)
        ),
        (_, refusing, _) => format!(
            "{} of {} hosts would refuse Remote Desktop",
            grouped(refusing),
            grouped(all)
        ),
    }
}

fn alone(diagnosis: &Diagnosis) -> &'static str {
    match diagnosis.state {
        HostState::Broken => "The host would refuse Remote Desktop",
        HostState::Unreachable if diagnosis.would_refuse() => {
            "The host would refuse Remote Desktop: it cannot be reached"
        }
        HostState::Filtered if diagnosis.would_refuse() => {
            "The host would refuse Remote Desktop: its port is filtered"
        }
        HostState::Closed if diagnosis.would_refuse() => {
            "The host would refuse Remote Desktop: its port is closed"
        }
        HostState::Degraded | HostState::Healthy => {
            "The host would not refuse Remote Desktop at any stage seen"
        }
        HostState::NotRdp => "The host's port speaks something else than Remote Desktop",
        HostState::Skipped => "The host was skipped before its probes were complete",
        HostState::Unreachable => "The host cannot be reached",
        HostState::Filtered => "The host does not answer: its port is filtered",
        HostState::Closed => "The host accepts no Remote Desktop: its port is closed",
        HostState::NotProbed => "The host was not probed, so nothing can be told",
    }
}

/// The verb for hosts in a state, singular and plural; `None` for broken hosts, which the headline counts.
const fn doing(state: HostState) -> Option<(&'static str, &'static str)> {
    match state {
        HostState::Broken => None,
        HostState::Degraded => Some((
            "works, but something is wrong with it",
            "work, but something is wrong with them",
        )),
        HostState::Healthy => Some(("is healthy", "are healthy")),
        HostState::NotRdp => Some((
            "speaks something else than Remote Desktop",
            "speak something else than Remote Desktop",
        )),
        HostState::Skipped => Some(("was skipped", "were skipped")),
        HostState::Unreachable => Some(("cannot be reached", "cannot be reached")),
        HostState::Filtered => Some(("does not answer (filtered)", "do not answer (filtered)")),
        HostState::Closed => Some((
            "refuses every connection (closed)",
            "refuse every connection (closed)",
        )),
        HostState::NotProbed => Some(("was not probed", "were not probed")),
    }
}

/// The hosts that the headline does not count, by state; then troubles of all hosts.
fn lede(sheet: &Sheet<'_>, policy: &Policy) -> String {
    let summary = &sheet.summary;
    let part = |count: u64, one: &str, many: &str| (count > 0).then(|| counted(count, one, many));
    let told = |state: HostState| {
        let (one, many) = doing(state)?;
        part(in_state(sheet, state), one, many)
    };
    let works = [HostState::Degraded, HostState::Healthy];
    let others = HostState::ALL.iter().filter(|state| !works.contains(state));
    let states: Vec<String> = if summary.hosts == 1 {
        // The headline covers the other states of a single host.
        told(HostState::Degraded).into_iter().collect()
    } else {
        works
            .iter()
            .chain(others)
            .copied()
            .filter_map(told)
            .collect()
    };
    let soon = format!("ends within {} days", policy.expiring_days);
    let many_soon = format!("end within {} days", policy.expiring_days);
    let troubles: Vec<String> = [
        part(summary.flaky(), "fails now and then", "fail now and then"),
        part(
            summary.expired(),
            "certificate has expired",
            "certificates have expired",
        ),
        part(
            summary.expiring(),
            &format!("certificate {soon}"),
            &format!("certificates {many_soon}"),
        ),
        part(
            summary.dns_trouble(),
            "host has trouble with its name",
            "hosts have trouble with their names",
        ),
    ]
    .into_iter()
    .flatten()
    .collect();
    let sentences = [states, troubles]
        .into_iter()
        .filter(|parts| !parts.is_empty())
        .map(|parts| format!("{}.", parts.join("; ")));
    sentences.collect::<Vec<_>>().join(" ")
}

fn facts(sheet: &Sheet<'_>) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    if let Some(plan) = sheet.plan {
        facts.push(("Targets", list(&plan.targets)));
        if !plan.excludes.is_empty() {
            facts.push(("Excluded", list(&plan.excludes)));
        }
    }
    facts.push((
        "Shown",
        if sheet.left_out == 0 {
            format!(
                "the whole fleet, {}",
                counted(sheet.summary.hosts, "host", "hosts")
            )
        } else {
            format!(
                "a selection: {} of {}, {} left out",
                grouped(sheet.summary.hosts),
                counted(sheet.summary.hosts + sheet.left_out as u64, "host", "hosts"),
                grouped(sheet.left_out as u64)
            )
        },
    ));
    if let Some(end) = sheet.end {
        let probed = counted(end.endpoints_probed, "address", "addresses");
        let mut text = match words::without_a_row(sheet, &end) {
            Some(without) => format!("{probed}; without a row: {without}"),
            None => probed,
        };
        if end.not_reached > 0 {
            text = format!("{text}; not reached: {}", grouped(end.not_reached));
        }
        facts.push(("Probed", text));
    }
    facts.push(("Seen from", prose(sheet.vantage)));
    if let Some((started, newest)) = sheet.times {
        let took = SignedDuration::from_secs(newest.duration_since(started).as_secs());
        let end = words::spreadsheet_time(newest);
        let day = words::day(started);
        facts.push((
            "When",
            format!(
                "{} to {} UTC ({took:#})",
                words::spreadsheet_time(started),
                end.strip_prefix(&day).unwrap_or(&end).trim_start()
            ),
        ));
    }
    facts.push((
        "Ended",
        match sheet.end.map(|end| end.status) {
            Some(ScanStatus::Complete) => "complete",
            Some(ScanStatus::Interrupted) => "interrupted",
            None => "not ended",
        }
        .to_owned(),
    ));
    if let Some(plan) = sheet.plan {
        facts.push((
            "Made by",
            format!(
                "rdpscan {}, {} per host, seed {}",
                prose(&plan.version),
                counted(plan.attempts.into(), "attempt", "attempts"),
                plan.seed
            ),
        ));
    }
    facts
}

fn list(texts: &Texts) -> String {
    prose(&words::first(texts, TARGETS_SHOWN))
}

fn notes(sheet: &Sheet<'_>) -> Vec<(&'static str, String)> {
    let mut notes = Vec::new();
    if sheet.plan.is_some_and(|plan| plan.simulated) {
        notes.push((
            "info",
            "These hosts are simulated on one machine.".to_owned(),
        ));
    }
    match sheet.end.map(|end| end.status) {
        Some(ScanStatus::Complete) => {}
        Some(ScanStatus::Interrupted) => notes.push((
            "warn",
            "The scan was interrupted: this is what was found until then.".to_owned(),
        )),
        None => notes.push((
            "warn",
            "The scan has no end: this is what was known so far.".to_owned(),
        )),
    }
    if sheet.left_out > 0 {
        let text = format!(
            "A selection: {} of the scan left out, here and in every count.",
            counted(sheet.left_out as u64, "host", "hosts")
        );
        notes.push(("info", text));
    }
    let banners = sheet.banners.iter().map(|banner| banner.text.clone());
    let trouble = sheet.notices.iter().map(ToString::to_string).chain(banners);
    notes.extend(trouble.map(|text| ("warn", prose(&text))));
    notes
}

/// Worst first, then the most frequent.
fn rules(summary: &Summary) -> Vec<Rule> {
    let found = summary.worst_findings();
    let hosts = found.iter().map(|(_, count)| count.hosts());
    let most = hosts.max().unwrap_or(1);
    found
        .into_iter()
        .map(|(id, count)| Rule {
            id,
            severity: count.worst().map_or("", |(worst, _)| severity(worst)),
            meaning: catalog::kind(id).map_or("", |kind| kind.title),
            hosts: count.hosts(),
            split: count.split(),
            share: count.hosts() * 1000 / most,
            remedies: numbered(count),
        })
        .collect()
}

/// Keys and titles of the remedies of any host, in order of number.
fn numbered(count: &FindingCount) -> Vec<(&'static str, &'static str)> {
    let known = count.by_remedy.iter();
    let mut known: Vec<_> = known.filter_map(|(key, _)| remedies::find(key)).collect();
    known.sort_by_key(|remedy| remedy.number());
    let titles = known.into_iter();
    titles
        .map(|remedy| (remedy.key.as_str(), remedy.title.as_str()))
        .collect()
}

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
            finding: diagnosis.findings.first(),
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

/// A name that is not blank, and so can be clicked.
pub(super) fn visible(name: Option<&str>) -> Option<&str> {
    name.filter(|name| !name.trim().is_empty())
}

/// A row's address, or a text for a name without one.
pub(super) fn address(key: &HostKey) -> String {
    match key {
        HostKey::Endpoint(endpoint) => endpoint.to_string(),
        HostKey::Unresolved { port, .. } => format!("no address, port {port}"),
    }
}
