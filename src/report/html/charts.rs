//! Charts of the fleet's counts.

use serde::Serialize;

use crate::counts::{counted, grouped};
use crate::diagnosis::Policy;
use crate::fleet::{EXPIRY_WEEKS, Summary};
use crate::model::{DnsVerdict, HostState, Nla, TlsVersion};
use crate::report::sheet::Sheet;

const HIGHEST: u64 = 100;

/// A bar chart of hosts by the values of a column.
#[derive(Serialize)]
pub(super) struct Bars {
    heading: &'static str,
    /// Filter field, and id of the chart.
    column: &'static str,
    counts: Vec<Bar>,
}

#[derive(Serialize)]
struct Bar {
    label: String,
    /// Filter for its hosts; `None` for hosts without a value.
    query: Option<String>,
    /// CSS class for glyph and colour.
    class: String,
    hosts: u64,
    /// Per mille of all hosts: this bar, and those before it.
    share: u64,
    before: u64,
    percent: String,
}

impl Bars {
    fn new(
        heading: &'static str,
        column: &'static str,
        all: u64,
        counts: impl IntoIterator<Item = (String, String, u64)>,
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

    pub(super) fn states(summary: &Summary) -> Self {
        let counts = HostState::ALL.iter().map(|state| {
            let count = summary.by_state.of(*state);
            (state.to_string(), state.to_string(), count)
        });
        Self::new("Hosts by state", "state", summary.hosts, counts)
    }

    /// Newest version first, labelled as in the table's column.
    pub(super) fn tls(summary: &Summary) -> Self {
        let versions = summary.by_tls.iter().rev().map(|(version, count)| {
            let (label, class) = match version {
                Some(good @ (TlsVersion::TLS_1_3 | TlsVersion::TLS_1_2)) => {
                    (good.to_string(), "good")
                }
                Some(TlsVersion::SSL_3_0) => ("ssl3".to_owned(), "bad"),
                Some(another) => (another.to_string(), "warn"),
                None => ("fail".to_owned(), "bad"),
            };
            (label, class.to_owned(), count)
        });
        let unseen = summary.hosts - summary.by_tls.sum();
        let unseen = ("not seen".to_owned(), "none".to_owned(), unseen);
        Self::new(
            "TLS version",
            "tls",
            summary.hosts,
            versions.chain([unseen]),
        )
    }

    pub(super) fn nla(summary: &Summary) -> Self {
        let counts = [
            (Nla::Required, "good"),
            (Nla::Offered, "good"),
            (Nla::NotOffered, "warn"),
            (Nla::Unknown, "none"),
        ];
        let counts =
            counts.map(|(nla, class)| (nla.to_string(), class.to_owned(), summary.by_nla.of(nla)));
        Self::new("Network Level Authentication", "nla", summary.hosts, counts)
    }

    pub(super) fn dns(summary: &Summary) -> Self {
        let counts = DnsVerdict::ALL.iter().rev().map(|verdict| {
            let class = match verdict {
                DnsVerdict::Match => "good",
                DnsVerdict::NotChecked | DnsVerdict::NoPtr => "none",
                DnsVerdict::WrongHost | DnsVerdict::Stale => "bad",
                _ => "warn",
            };
            let count = summary.by_dns.of(*verdict);
            (verdict.to_string(), class.to_owned(), count)
        });
        Self::new("Name against address", "dns", summary.hosts, counts)
    }
}

/// Rounded, but never 0 % of some or 100 % of less than all.
fn percent(part: u64, all: u64) -> String {
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

/// Certificates by the week in which they expire.
#[derive(Serialize)]
pub(super) struct Histogram {
    bars: Vec<Column>,
    /// Text alternative of the drawing.
    words: String,
    /// Hosts without a certificate, or with an unreadable end of validity.
    without: u64,
    certificates: u64,
}

#[derive(Serialize)]
struct Column {
    label: String,
    class: &'static str,
    hosts: u64,
    height: u64,
}

impl Histogram {
    pub(super) fn new(sheet: &Sheet<'_>, policy: &Policy) -> Self {
        let summary = &sheet.summary;
        let mut bars = vec![(
            "expired".to_owned(),
            "bad",
            summary.days_left(i64::MIN..=-1),
        )];
        bars.extend(summary.expiry_weeks().map(|(days, count)| {
            let first = *days.start();
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
            (label, class, count)
        }));
        let later = summary.days_left(EXPIRY_WEEKS * 7..=i64::MAX);
        bars.push(("later".to_owned(), "good", later));
        // Most certificates expire later, which would flatten the weeks.
        let highest = bars
            .iter()
            .take(bars.len() - 1)
            .map(|(_, _, hosts)| *hosts)
            .max()
            .unwrap_or(0)
            .max(1);
        let words: Vec<String> = bars
            .iter()
            .filter(|(_, _, hosts)| *hosts > 0)
            .map(|(label, _, hosts)| match label.as_str() {
                "expired" | "later" => format!("{} {label}", grouped(*hosts)),
                day => format!("{} in the week from {day}", grouped(*hosts)),
            })
            .collect();
        let certificates = summary.by_days_left.sum();
        Self {
            words: format!(
                "{}: {}",
                counted(certificates, "certificate", "certificates"),
                words.join(", ")
            ),
            bars: bars
                .into_iter()
                .map(|(label, class, hosts)| Column {
                    label,
                    class,
                    hosts,
                    height: height(hosts, highest),
                })
                .collect(),
            without: summary.hosts - certificates,
            certificates,
        }
    }
}

/// Every bar with hosts is visible.
fn height(hosts: u64, highest: u64) -> u64 {
    if hosts == 0 {
        return 0;
    }
    (hosts * HIGHEST / highest).clamp(3, HIGHEST)
}
