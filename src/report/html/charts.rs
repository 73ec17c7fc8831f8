//! Counts, laid out for the page's drawings.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::counts::{counted, grouped};
use crate::diagnosis::Policy;
use crate::fleet::Host;
use crate::model::{DnsVerdict, HostState, Nla, TlsHandshake, TlsVersion};
use crate::report::sheet::Sheet;

/// Days to a bar of the histogram, and bars: the next 13 weeks are a little more than 90 days.
const WEEK: i64 = 7;
const WEEKS: i64 = 13;
/// Height of the histogram's highest bar, in its own units.
const HIGHEST: u64 = 100;

/// A number of hosts for each of some words.
#[derive(Serialize)]
pub(super) struct Bars {
    heading: &'static str,
    /// What a search for one of them begins with, and the id of the chart.
    column: &'static str,
    counts: Vec<Bar>,
}

#[derive(Serialize)]
struct Bar {
    label: String,
    /// What lists its hosts in the table; nothing for those of which the column says nothing.
    query: Option<String>,
    /// The class that gives it a glyph and a colour.
    class: String,
    hosts: usize,
    /// Of 1000: its share of all hosts, and those before it.
    share: usize,
    before: usize,
    percent: String,
}

impl Bars {
    fn new(
        heading: &'static str,
        column: &'static str,
        all: usize,
        counts: impl IntoIterator<Item = (String, String, usize)>,
    ) -> Self {
        let unseen = ["not seen", Nla::Unknown.word()];
        let mut sum = 0;
        let counts = counts
            .into_iter()
            .filter(|(_, _, hosts)| *hosts > 0)
            .map(|(label, class, hosts)| {
                let before = sum * 1000 / all.max(1);
                sum += hosts;
                let share = sum * 1000 / all.max(1) - before;
                let query = format!("{column}:{label}");
                Bar {
                    query: (!unseen.contains(&&*label)).then_some(query),
                    label,
                    class,
                    hosts,
                    share,
                    before,
                    percent: percent(hosts, all),
                }
            })
            .collect();
        Self {
            heading,
            column,
            counts,
        }
    }

    pub(super) fn states(sheet: &Sheet<'_>) -> Self {
        let count = |state: &HostState| hosts(sheet, |host| host.diagnosis.state == *state);
        let counts = HostState::ALL
            .iter()
            .map(|state| (state.to_string(), state.to_string(), count(state)));
        Self::new("Hosts by state", "state", sheet.rows.len(), counts)
    }

    pub(super) fn tls(sheet: &Sheet<'_>) -> Self {
        let version = |host: &Host| match host.tls() {
            Some((TlsHandshake::Failed, _)) | None => None,
            Some((_, version)) => version,
        };
        let failed = |host: &Host| matches!(host.tls(), Some((TlsHandshake::Failed, _)));
        let mut versions: BTreeMap<TlsVersion, usize> = BTreeMap::new();
        for version in sheet.rows.iter().filter_map(|(host, _)| version(host)) {
            *versions.entry(version).or_default() += 1;
        }
        // The newest first, and each as the column of the table calls it.
        let mut counts: Vec<(String, String, usize)> = versions
            .into_iter()
            .rev()
            .map(|(version, count)| {
                let (label, class) = match version {
                    TlsVersion::TLS_1_3 | TlsVersion::TLS_1_2 => (version.to_string(), "good"),
                    TlsVersion::SSL_3_0 => ("ssl3".to_owned(), "bad"),
                    another => (another.to_string(), "warn"),
                };
                (label, class.to_owned(), count)
            })
            .collect();
        counts.push(("fail".to_owned(), "bad".to_owned(), hosts(sheet, failed)));
        let unseen = hosts(sheet, |host| version(host).is_none() && !failed(host));
        counts.push(("not seen".to_owned(), "none".to_owned(), unseen));
        Self::new("TLS version", "tls", sheet.rows.len(), counts)
    }

    pub(super) fn nla(sheet: &Sheet<'_>) -> Self {
        let counts = [
            (Nla::Required, "good"),
            (Nla::Offered, "good"),
            (Nla::NotOffered, "warn"),
            (Nla::Unknown, "none"),
        ];
        let counts = counts.map(|(nla, class)| {
            let count = hosts(sheet, |host| host.diagnosis.nla == nla);
            (nla.to_string(), class.to_owned(), count)
        });
        Self::new(
            "Network Level Authentication",
            "nla",
            sheet.rows.len(),
            counts,
        )
    }

    pub(super) fn dns(sheet: &Sheet<'_>) -> Self {
        let counts = DnsVerdict::ALL.iter().rev().map(|verdict| {
            let class = match verdict {
                DnsVerdict::Match => "good",
                DnsVerdict::NotChecked | DnsVerdict::NoPtr => "none",
                DnsVerdict::WrongHost | DnsVerdict::Stale => "bad",
                _ => "warn",
            };
            let count = hosts(sheet, |host| host.diagnosis.dns == *verdict);
            (verdict.to_string(), class.to_owned(), count)
        });
        Self::new("Name against address", "dns", sheet.rows.len(), counts)
    }
}

fn hosts(sheet: &Sheet<'_>, wanted: impl Fn(&Host) -> bool) -> usize {
    sheet.rows.iter().filter(|(host, _)| wanted(host)).count()
}

/// A share that is neither nothing nor all never looks so.
fn percent(part: usize, all: usize) -> String {
    if part == all {
        return "100 %".to_owned();
    }
    let percent = part as f64 * 100.0 / all.max(1) as f64;
    if percent < 1.0 {
        "<1 %".to_owned()
    } else if percent > 99.0 {
        ">99 %".to_owned()
    } else {
        format!("{percent:.0} %")
    }
}

/// Certificates by the week of their end.
#[derive(Serialize)]
pub(super) struct Histogram {
    bars: Vec<Column>,
    /// Everything that the drawing shows, in words.
    words: String,
    /// Hosts that showed no certificate, or one without a readable end.
    without: usize,
    certificates: usize,
}

#[derive(Serialize)]
struct Column {
    label: String,
    class: &'static str,
    hosts: usize,
    height: u64,
}

impl Histogram {
    pub(super) fn new(sheet: &Sheet<'_>, policy: &Policy) -> Self {
        let days: Vec<i64> = sheet
            .rows
            .iter()
            .filter_map(|(host, _)| host.diagnosis.days_left)
            .collect();
        let within = |first: i64, last: i64| {
            days.iter()
                .filter(|days| (first..=last).contains(*days))
                .count()
        };
        let mut bars = vec![("expired".to_owned(), "bad", within(i64::MIN, -1))];
        bars.extend((0..WEEKS).map(|week| {
            let first = week * WEEK;
            let day = sheet.times.and_then(|(_, now)| {
                now.checked_add(jiff::SignedDuration::from_hours(first * 24))
                    .ok()
            });
            let label = day.map_or_else(
                || format!("{first} d"),
                |day| day.strftime("%-d %b").to_string(),
            );
            let class = if first <= i64::from(policy.expiring_days) {
                "warn"
            } else {
                "good"
            };
            (label, class, within(first, first + WEEK - 1))
        }));
        bars.push(("later".to_owned(), "good", within(WEEKS * WEEK, i64::MAX)));
        // Those that end later are often nearly all, and would flatten the weeks that matter.
        let highest = bars
            .iter()
            .take(bars.len() - 1)
            .map(|(_, _, hosts)| *hosts)
            .max()
            .unwrap_or(0)
            .max(1) as u64;
        let words: Vec<String> = bars
            .iter()
            .filter(|(_, _, hosts)| *hosts > 0)
            .map(|(label, _, hosts)| match label.as_str() {
                "expired" | "later" => format!("{} {label}", grouped(*hosts as u64)),
                day => format!("{} in the week from {day}", grouped(*hosts as u64)),
            })
            .collect();
        let without = sheet.rows.len() - days.len();
        Self {
            words: format!(
                "{}: {}",
                counted(days.len() as u64, "certificate", "certificates"),
                words.join(", ")
            ),
            bars: bars
                .into_iter()
                .map(|(label, class, hosts)| Column {
                    label,
                    class,
                    hosts,
                    height: height(hosts as u64, highest),
                })
                .collect(),
            without,
            certificates: days.len(),
        }
    }
}

/// A bar that stands for something can be seen.
fn height(hosts: u64, highest: u64) -> u64 {
    if hosts == 0 {
        return 0;
    }
    (hosts * HIGHEST / highest).clamp(3, HIGHEST)
}
