//! What the formats for people say about a selection, computed once; each format only sets it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Serialize, Serializer};

use super::changes::Changes;
use super::details::{DetailLine, HostDetails};
use super::sheet::Sheet;
use super::trend::{self, TrendPoint};
use super::words;
use crate::counts::{counted, grouped};
use crate::diagnosis::remedies::{self, Remedy};
use crate::diagnosis::{Policy, catalog, dated, undetermined_lines};
use crate::fleet::{FindingCount, Host, HostId};
use crate::model::{HostState, Notice, ScanStatus, Severity, Texts};
use crate::table::{Field, FieldValue, Grouping, groups};

/// Targets listed; the rest are counted.
const MOST_TARGETS: usize = 10;
const MOST_ACTIONS: usize = 3;
/// Hosts named with a finding; the rest are counted.
const MOST_NAMED: usize = 5;
/// Up to so many hosts, each has its details without being asked for.
const FEW_HOSTS: usize = 5;

/// The fields of the table of hosts, unless columns are chosen.
pub(super) const COLUMNS: [Field; 11] = [
    Field::State,
    Field::FailedStage,
    Field::Address,
    Field::Name,
    Field::NotAfter,
    Field::DaysLeft,
    Field::Tls,
    Field::Nla,
    Field::Dns,
    Field::Stability,
    Field::Finding,
];

#[derive(Serialize)]
pub(super) struct Document<'a> {
    #[serde(skip)]
    sheet: &'a Sheet<'a>,
    pub(super) title: &'a str,
    pub(super) owner: &'a str,
    pub(super) headline: String,
    /// The hosts by state.
    pub(super) states: String,
    /// What is wrong with certificates, names and connections.
    pub(super) troubles: String,
    pub(super) figures: [(u64, String); 5],
    /// Each with its class: `info` or `warn`.
    pub(super) notes: Vec<(&'static str, String)>,
    /// Every count with its name, for tables.
    #[serde(skip)]
    pub(super) counts: Vec<(String, u64)>,
    #[serde(serialize_with = "in_words")]
    pub(super) facts: Vec<(&'static str, FieldValue<'a>)>,
    /// The remedies that help most, most useful first.
    pub(super) actions: Vec<Action>,
    /// Every kind of finding, worst first.
    pub(super) findings: Vec<FindingGroup>,
    /// What has changed since the scan before, if there is one.
    pub(super) changes: Option<Changes>,
    /// The scans of the same targets up to this one; empty without one before.
    #[serde(skip)]
    pub(super) trend: Vec<TrendPoint>,
}

/// A remedy, and the hosts to begin with it at.
#[derive(Serialize)]
pub(super) struct Action {
    pub(super) key: &'static str,
    pub(super) title: &'static str,
    /// "7 hosts, 5 of which would refuse Remote Desktop".
    pub(super) hosts: String,
}

/// A kind of finding, and the hosts that have it.
#[derive(Serialize)]
pub(super) struct FindingGroup {
    pub(super) id: &'static str,
    pub(super) severity: Severity,
    pub(super) meaning: &'static str,
    pub(super) hosts: u64,
    /// As [`FindingCount::split`].
    pub(super) split: Option<String>,
    /// Per mille of the most frequent finding.
    share: u64,
    /// "srv05, srv06 and 7 more".
    #[serde(skip)]
    pub(super) who: String,
    /// Those of any host, in order of number.
    #[serde(serialize_with = "keys_and_titles")]
    pub(super) remedies: Vec<&'static Remedy>,
    /// It is shown where only what matters is.
    pub(super) matters: bool,
}

impl<'a> Document<'a> {
    pub(super) fn new(sheet: &'a Sheet<'a>, policy: &Policy) -> Self {
        let presentation = sheet.presentation;
        Self {
            sheet,
            title: match presentation.title {
                "" => "Remote Desktop scan",
                title => title,
            },
            owner: presentation.owner,
            headline: headline(sheet),
            states: states(sheet),
            troubles: troubles(sheet),
            figures: figures(sheet),
            notes: notes(sheet),
            counts: counts(sheet),
            facts: facts(sheet, policy),
            actions: actions(sheet),
            findings: findings(sheet),
            changes: (presentation.since).map(|since| Changes::new(since, "Since the last scan")),
            trend: trend::trend(sheet),
        }
    }

    pub(super) fn columns(&self) -> &'a [Field] {
        self.sheet.columns.unwrap_or(&COLUMNS)
    }

    /// The facts as texts, raw.
    pub(super) fn facts_in_words(&self) -> impl Iterator<Item = (&'static str, String)> + '_ {
        let facts = self.facts.iter();
        facts.map(|(label, value)| (*label, words::cell(value.clone()).into_owned()))
    }

    /// The kinds of findings that matter, and the number of the others.
    pub(super) fn important_findings(&self) -> (impl Iterator<Item = &FindingGroup>, u64) {
        let others = self.findings.iter().filter(|group| !group.matters);
        let important = self.findings.iter().filter(|group| group.matters);
        (important, others.count() as u64)
    }

    pub(super) fn has_details(&self) -> bool {
        self.sheet.presentation.details || self.sheet.rows.len() <= FEW_HOSTS
    }

    /// Calls `write` with the details of each host, if the report has them; then with what is not determined.
    pub(super) fn details<E>(
        &self,
        mut write: impl FnMut(&str, &[DetailLine]) -> Result<(), E>,
    ) -> Result<(), E> {
        if !self.has_details() {
            return Ok(());
        }
        let now = self.sheet.times.map(|(_, newest)| newest);
        let mut waiting: BTreeMap<String, u64> = BTreeMap::new();
        for row in self.sheet.rows() {
            let details = HostDetails::new(&row, now);
            write(&details.heading(), &details.lines())?;
            for line in undetermined_lines(&row.undetermined()) {
                *waiting.entry(line).or_default() += 1;
            }
        }
        if waiting.is_empty() {
            return Ok(());
        }
        let mut waiting: Vec<(String, u64)> = waiting.into_iter().collect();
        waiting.sort_by_key(|(_, hosts)| std::cmp::Reverse(*hosts));
        let lines = waiting
            .into_iter()
            .map(|(line, hosts)| DetailLine::new(counted(hosts, "host", "hosts"), [line]));
        write("Not determined", &lines.collect::<Vec<_>>())
    }
}

fn in_words<S: Serializer>(
    facts: &[(&'static str, FieldValue<'_>)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let facts = facts.iter();
    let prose = |value: &FieldValue<'_>| super::prose(&words::cell(value.clone()));
    serializer.collect_seq(facts.map(|(label, value)| (label, prose(value))))
}

fn keys_and_titles<S: Serializer>(
    remedies: &[&'static Remedy],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(remedies.iter().map(|one| (&one.key, &one.title)))
}

/// Only a host that offers Remote Desktop is counted as not refusing it.
fn headline(sheet: &Sheet<'_>) -> String {
    let summary = &sheet.summary;
    let all = summary.hosts;
    let refusing = summary.refusing.sum();
    let working = working(sheet);
    if all == 1 {
        let does = match (refusing, working) {
            (1, _) => "would refuse",
            (_, 1) => "would not refuse",
            _ => "was not seen to offer",
        };
        return format!("The host {does} Remote Desktop");
    }
    let hosts = counted(all, "host", "hosts");
    match (all, refusing, working) {
        (0, ..) => "No hosts to show".to_owned(),
        (_, 0, 0) => format!("None of {hosts} was seen to offer Remote Desktop"),
        (_, 0, _) if working == all => format!("None of {hosts} would refuse Remote Desktop"),
        (_, 0, 1) => format!("1 of {hosts} offers Remote Desktop and would not refuse it"),
        (_, 0, _) => format!(
            "{} of {hosts} offer Remote Desktop and would not refuse it",
            grouped(working)
        ),
        _ => format!(
            "{} of {hosts} would refuse Remote Desktop",
            grouped(refusing)
        ),
    }
}

/// Hosts that offer Remote Desktop and would not refuse it.
fn working(sheet: &Sheet<'_>) -> u64 {
    let works = [HostState::Degraded, HostState::Healthy];
    works.map(|state| in_state(sheet, state)).iter().sum()
}

/// Hosts in a state, without those that would refuse Remote Desktop.
fn in_state(sheet: &Sheet<'_>, state: HostState) -> u64 {
    let summary = &sheet.summary;
    summary.by_state.of(state) - summary.refusing.of(state)
}

/// "67 hosts: 13 broken, 26 degraded".
fn states(sheet: &Sheet<'_>) -> String {
    let states: Vec<String> = sheet
        .summary
        .by_state
        .iter()
        .map(|(state, count)| format!("{} {state}", grouped(count)))
        .collect();
    let hosts = counted(sheet.summary.hosts, "host", "hosts");
    if states.is_empty() {
        hosts
    } else {
        format!("{hosts}: {}", states.join(", "))
    }
}

fn troubles(sheet: &Sheet<'_>) -> String {
    let summary = &sheet.summary;
    format!(
        "certificates: {} expired, {} expiring; {} flaky; {} with DNS trouble",
        grouped(summary.expired()),
        grouped(summary.expiring()),
        grouped(summary.flaky()),
        grouped(summary.dns_trouble())
    )
}

/// The facts say what is soon.
const EXPIRING: &str = "certificates expiring soon";

/// What somebody reads who reads five numbers.
fn figures(sheet: &Sheet<'_>) -> [(u64, String); 5] {
    let summary = &sheet.summary;
    [
        (summary.hosts, "hosts".to_owned()),
        (
            summary.refusing.sum(),
            "would refuse Remote Desktop".to_owned(),
        ),
        (
            in_state(sheet, HostState::Degraded),
            "work, with problems".to_owned(),
        ),
        (summary.expired(), "expired certificates".to_owned()),
        (summary.expiring(), EXPIRING.to_owned()),
    ]
}

fn counts(sheet: &Sheet<'_>) -> Vec<(String, u64)> {
    let summary = &sheet.summary;
    let states = summary.by_state.iter();
    let states = states.map(|(state, count)| (state.to_string(), count));
    let mut counts = vec![("hosts".to_owned(), summary.hosts)];
    counts.extend(states);
    counts.extend([
        (
            "would refuse Remote Desktop".to_owned(),
            summary.refusing.sum(),
        ),
        ("expired certificates".to_owned(), summary.expired()),
        (EXPIRING.to_owned(), summary.expiring()),
        ("flaky hosts".to_owned(), summary.flaky()),
        ("hosts with DNS trouble".to_owned(), summary.dns_trouble()),
    ]);
    counts
}

fn notes(sheet: &Sheet<'_>) -> Vec<(&'static str, String)> {
    let mut notes = Vec::new();
    if sheet.plan.is_some_and(|plan| plan.simulated) {
        notes.push((
            "info",
            "these hosts are simulated on this machine".to_owned(),
        ));
    }
    if let hosts @ 1.. = sheet.summary.acknowledged {
        let hosts = counted(hosts, "host", "hosts");
        let text = format!("findings of {hosts} are acknowledged or ignored, and do not count");
        notes.push(("info", text));
    }
    let partial = match sheet.end.map(|end| end.status) {
        Some(ScanStatus::Complete) => None,
        Some(ScanStatus::Interrupted) => Some("the scan was interrupted: results are partial"),
        None => Some("the scan has not ended: results are partial"),
    };
    notes.extend(partial.map(|text| ("warn", text.to_owned())));
    let banners = sheet.banners.iter().map(|banner| banner.text.clone());
    let trouble = sheet.notices.iter().map(ToString::to_string).chain(banners);
    notes.extend(trouble.map(|text| ("warn", super::prose(&text))));
    let is_filtered = |notice: &Notice| matches!(notice, Notice::Filtered { .. });
    if sheet.summary.hosts == 0 && !sheet.notices.iter().any(is_filtered) {
        let hint = sheet.end.and_then(|end| end.unlisted.hint());
        notes.extend(hint.map(|hint| ("info", hint.to_owned())));
    }
    notes
}

fn facts<'a>(sheet: &Sheet<'a>, policy: &Policy) -> Vec<(&'static str, FieldValue<'a>)> {
    fn text<'a>(text: impl Into<std::borrow::Cow<'a, str>>) -> FieldValue<'a> {
        FieldValue::Text(text.into())
    }
    let listed = |targets: &Texts| text(words::first(targets, MOST_TARGETS));
    let mut facts = Vec::new();
    let owner = sheet.presentation.owner;
    if !owner.is_empty() {
        facts.push(("owner", text(owner)));
    }
    if let Some(plan) = sheet.plan {
        facts.push(("targets", listed(&plan.targets)));
        if !plan.excludes.is_empty() {
            facts.push(("excluded", listed(&plan.excludes)));
        }
    }
    facts.extend([
        ("scanned from", text(sheet.vantage)),
        (
            "started (UTC)",
            FieldValue::minute(sheet.times.map(|(start, _)| start)),
        ),
        (
            "evaluated at (UTC)",
            FieldValue::minute(sheet.times.map(|(_, end)| end)),
        ),
        (
            "status",
            text(match sheet.end.map(|end| end.status) {
                Some(ScanStatus::Complete) => "complete",
                Some(ScanStatus::Interrupted) => "interrupted",
                None => "not ended",
            }),
        ),
    ]);
    if let Some(end) = sheet.end {
        let probed = counted(end.endpoints_probed, "address", "addresses");
        facts.push((
            "probed",
            text(match words::unlisted(sheet, &end) {
                Some(unlisted) => format!("{probed}; not listed: {unlisted}"),
                None => probed,
            }),
        ));
        if end.not_reached > 0 {
            let addresses = counted(end.not_reached, "address", "addresses");
            facts.push((
                "not reached",
                text(format!("{addresses}: the scan ended first")),
            ));
        }
        if end.answered_on_retry > 0 {
            facts.push((
                "found on retry only",
                text(counted(end.answered_on_retry, "host", "hosts")),
            ));
        }
    }
    if let Some(plan) = sheet.plan {
        let attempts = counted(plan.attempts.into(), "attempt", "attempts");
        facts.push((
            "scanned with",
            text(format!(
                "rdpscan {}, {attempts} per host, seed {}",
                plan.version, plan.seed
            )),
        ));
    }
    facts.push(("scan", text(sheet.scan_text())));
    facts.push(("expiring soon", text(policy.soon())));
    facts.push(("facts about Windows as of", text(dated::oldest())));
    facts
}

/// As the screen groups hosts by remedy, without what helps no host of medium severity.
fn actions(sheet: &Sheet<'_>) -> Vec<Action> {
    let rows = (0..)
        .map(HostId::at)
        .zip(sheet.rows.iter().map(|row| row.0));
    let groups = groups(rows, Grouping::Remedy).into_iter();
    let actions = groups
        .filter(|group| group.serious > 0)
        .filter_map(|group| {
            let remedy = remedies::find(&group.label)?;
            let (refusing, all) = (group.refusing as u64, group.hosts.len() as u64);
            let hosts = counted(all, "host", "hosts");
            Some(Action {
                key: &remedy.key,
                title: &remedy.title,
                hosts: match refusing {
                    0 => hosts,
                    _ if refusing == all => format!("{hosts} that would refuse Remote Desktop"),
                    _ => format!(
                        "{hosts}, {} of which would refuse Remote Desktop",
                        grouped(refusing)
                    ),
                },
            })
        });
    actions.take(MOST_ACTIONS).collect()
}

fn findings(sheet: &Sheet<'_>) -> Vec<FindingGroup> {
    let mut who: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut why_not_probed = BTreeSet::new();
    for (host, name) in &sheet.rows {
        for found in host.diagnosis.open_findings() {
            let named = who.entry(found.id).or_default();
            let label = label(host, *name);
            if named.len() < MOST_NAMED && named.last() != Some(&label) {
                named.push(label);
            }
            if words::says_why_not_probed(found) {
                why_not_probed.insert(found.id);
            }
        }
    }
    let groups = sheet.summary.worst_findings();
    let hosts = groups.iter().map(|(_, count)| count.hosts());
    let most = hosts.max().unwrap_or(1);
    groups
        .into_iter()
        .map(|(id, count)| {
            let severity = count.worst().map_or(Severity::Info, |(worst, _)| worst);
            let named = who.get(id).map(Vec::as_slice).unwrap_or_default();
            let others = usize::try_from(count.hosts()).unwrap_or(usize::MAX);
            FindingGroup {
                id,
                severity,
                meaning: catalog::kind(id).map_or("", |kind| kind.title),
                hosts: count.hosts(),
                split: count.split(),
                share: count.hosts() * 1000 / most,
                who: words::listed_of(named, others.saturating_sub(named.len())),
                remedies: in_order(count),
                matters: severity > Severity::Info || why_not_probed.contains(id),
            }
        })
        .collect()
}

/// The name, or the address of a host without one.
fn label(host: &Host, name: Option<&str>) -> String {
    name.map_or_else(|| host.key().to_string(), ToOwned::to_owned)
}

/// In order of number.
fn in_order(count: &FindingCount) -> Vec<&'static Remedy> {
    let remedies = count.by_remedy.iter();
    let mut remedies: Vec<_> = remedies
        .filter_map(|(key, _)| remedies::find(key))
        .collect();
    remedies.sort_by_key(|remedy| remedy.number());
    remedies
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    /// The headline about hosts in these states, and the counts by state.
    fn told(states: &[HostState]) -> (String, String) {
        let hosts: Vec<Host> = states
            .iter()
            .map(|state| {
                let mut host = fixture::silent_host();
                host.diagnosis.state = *state;
                host
            })
            .collect();
        let plan = fixture::plan();
        let sheet = fixture::sheet(&hosts, &plan);
        let document = Document::new(&sheet, &Policy::default());
        (document.headline, document.states)
    }

    #[test]
    fn only_a_host_that_offers_remote_desktop_would_not_refuse_it() {
        for state in HostState::ALL {
            let works = matches!(state, HostState::Degraded | HostState::Healthy);
            for hosts in [vec![*state], vec![*state; 2]] {
                let (headline, _) = told(&hosts);
                let clean =
                    headline.contains("not refuse") || headline.contains("hosts would refuse");
                let clean = clean && !headline.starts_with('2');
                assert_eq!(clean, works, "{state}: {headline}");
            }
        }
    }

    #[test]
    fn every_host_is_counted() {
        let mut states = HostState::ALL.to_vec();
        states.extend([HostState::Broken, HostState::Closed]);
        let (headline, counts) = told(&states);
        assert!(
            headline.starts_with("2 of 11 hosts would refuse"),
            "{headline}"
        );
        let numbers = counts.split(|c: char| !c.is_ascii_digit());
        let numbers = numbers.filter_map(|digits| digits.parse::<usize>().ok());
        assert_eq!(numbers.sum::<usize>(), 2 * states.len(), "{counts}");
    }

    #[test]
    fn the_remedy_that_helps_most_hosts_that_refuse_comes_first() {
        let host = |state, remedies| {
            let mut host = fixture::expired_host();
            host.diagnosis.state = state;
            host.diagnosis.findings[0].remedies = remedies;
            host
        };
        let hosts = [
            host(HostState::Degraded, &["R4", "R9"]),
            host(HostState::Degraded, &["R4"]),
            host(HostState::Degraded, &["R4"]),
            host(HostState::Broken, &["R1", "R4"]),
            host(HostState::Degraded, &["R1"]),
        ];
        let plan = fixture::plan();
        let sheet = fixture::sheet(&hosts, &plan);
        let document = Document::new(&sheet, &Policy::default());
        let actions = document.actions.iter();
        let actions: Vec<_> = actions.map(|one| (one.key, one.hosts.as_str())).collect();
        assert_eq!(
            actions,
            [
                ("R1", "2 hosts, 1 of which would refuse Remote Desktop"),
                ("R4", "3 hosts")
            ]
        );
    }
}
