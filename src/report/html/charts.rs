//! Charts of the fleet's counts: the panels of the overview, drawn.

use serde::Serialize;

use crate::counts::{counted, grouped};
use crate::diagnosis::Policy;
use crate::report::sheet::Sheet;
use crate::report::trend::TrendPoint;
use crate::table::{Panel, Weight};

/// The least number of slots of a trend, so that two scans do not fill the page.
const LEAST_SLOTS: usize = 10;
/// Height of the highest bar of a histogram.
const HIGHEST: u64 = 100;

/// A bar chart of hosts by the values of a column.
#[derive(Serialize)]
pub(super) struct Chart {
    heading: &'static str,
    /// Filter field, and id of the chart.
    column: String,
    bars: Vec<Bar>,
}

#[derive(Serialize)]
struct Bar {
    label: String,
    /// Filter for its hosts in the page's search; `None` for hosts without a value.
    query: Option<String>,
    /// CSS class for the colour.
    class: &'static str,
    hosts: usize,
    /// Per mille of all hosts: this bar, and those before it.
    share: usize,
    before: usize,
    percent: String,
}

/// CSS class of a weight.
const fn class(weight: Weight) -> &'static str {
    match weight {
        Weight::Good => "good",
        Weight::Plain => "none",
        Weight::Notice => "note",
        Weight::Warn => "warn",
        Weight::Bad => "bad",
    }
}

impl Chart {
    pub(super) fn new(panel: Panel) -> Self {
        let first = panel
            .bars
            .first()
            .and_then(|bar| bar.filter.split_once(':'));
        let column = first.map_or_else(String::new, |(column, _)| column.to_owned());
        let mut sum = 0;
        let bars = panel.bars.into_iter().map(|bar| {
            let before = sum * 1000 / bar.of.max(1);
            sum += bar.count;
            Bar {
                // The column is empty where nothing is known.
                query: (bar.label != "unknown").then(|| format!("{column}:{}", bar.label)),
                class: class(bar.weight),
                hosts: bar.count,
                share: sum * 1000 / bar.of.max(1) - before,
                before,
                percent: format!("{} %", bar.percent().unwrap_or_default()),
                label: bar.label,
            }
        });
        Self {
            bars: bars.collect(),
            heading: panel.title,
            column,
        }
    }
}

/// Certificates by the week in which they expire.
#[derive(Serialize)]
pub(super) struct Histogram {
    bars: Vec<Week>,
    /// Text alternative of the drawing.
    words: String,
    /// When a certificate counts as expiring.
    soon: String,
    /// Hosts without a certificate, or with an unreadable end of validity.
    without: u64,
    certificates: u64,
}

#[derive(Serialize)]
struct Week {
    label: String,
    class: &'static str,
    hosts: u64,
    height: u64,
}

impl Histogram {
    pub(super) fn new(sheet: &Sheet<'_>, policy: &Policy) -> Self {
        let summary = &sheet.summary;
        let panel = Panel::expiry(summary, policy.expiring_days);
        let last = panel.bars.len().saturating_sub(1);
        let label = |place: usize, label: &str| match place {
            0 => "expired".to_owned(),
            place if place == last => "later".to_owned(),
            place => {
                let days = i64::try_from(place - 1).unwrap_or(0) * 7;
                let day = sheet.times.and_then(|(_, now)| {
                    now.checked_add(jiff::SignedDuration::from_hours(days * 24))
                        .ok()
                });
                day.map_or_else(
                    || label.to_owned(),
                    |day| day.strftime("%-d %b").to_string(),
                )
            }
        };
        // Most certificates expire later, which would flatten the weeks.
        let weeks = panel.bars.iter().take(last);
        let highest = weeks.map(|bar| bar.count as u64).max().unwrap_or(0).max(1);
        let bars: Vec<Week> = panel
            .bars
            .iter()
            .enumerate()
            .map(|(place, bar)| Week {
                label: label(place, &bar.label),
                class: match bar.weight {
                    Weight::Notice => "good",
                    weight => class(weight),
                },
                hosts: bar.count as u64,
                height: height(bar.count as u64, highest),
            })
            .collect();
        let words: Vec<String> = bars
            .iter()
            .filter(|bar| bar.hosts > 0)
            .map(|bar| match bar.label.as_str() {
                "expired" | "later" => format!("{} {}", grouped(bar.hosts), bar.label),
                day => format!("{} in the week from {day}", grouped(bar.hosts)),
            })
            .collect();
        let certificates = summary.by_days_left.sum();
        Self {
            words: format!(
                "{}: {}",
                counted(certificates, "certificate", "certificates"),
                words.join(", ")
            ),
            bars,
            soon: policy.soon(),
            without: summary.hosts - certificates,
            certificates,
        }
    }
}

/// Hosts with problems and with an expired certificate, scan by scan.
#[derive(Serialize)]
pub(super) struct Trend {
    scans: Vec<TrendScan>,
    /// Text alternative of the drawing.
    words: String,
    /// Width of a scan, in percent.
    slot: f64,
}

#[derive(Serialize)]
struct TrendScan {
    /// The day on which it began.
    label: String,
    hosts: String,
    bars: [TrendBar; 2],
}

#[derive(Serialize)]
struct TrendBar {
    class: &'static str,
    hosts: String,
    height: u64,
}

impl Trend {
    pub(super) fn new(points: &[TrendPoint]) -> Option<Self> {
        let highest = points.iter().map(|point| point.problems.max(point.expired));
        let highest = highest.max()?.max(1);
        let bar = |weight, hosts| TrendBar {
            class: class(weight),
            hosts: grouped(hosts),
            height: height(hosts, highest),
        };
        let scans = points.iter().map(|point| TrendScan {
            label: point.at.strftime("%-d %b").to_string(),
            hosts: grouped(point.hosts),
            bars: [
                bar(Weight::Warn, point.problems),
                bar(Weight::Bad, point.expired),
            ],
        });
        let words = points.iter().map(|point| {
            format!(
                "{} {} with problems, {} with an expired certificate, of {}",
                point.at.strftime("%Y-%m-%d"),
                grouped(point.problems),
                grouped(point.expired),
                counted(point.hosts, "host", "hosts")
            )
        });
        let words: Vec<String> = words.collect();
        Some(Self {
            scans: scans.collect(),
            words: format!("{} scans: {}", points.len(), words.join("; ")),
            slot: 100.0 / points.len().max(LEAST_SLOTS) as f64,
        })
    }
}

/// Every bar with hosts is visible.
fn height(hosts: u64, highest: u64) -> u64 {
    if hosts == 0 {
        return 0;
    }
    (hosts * HIGHEST / highest).clamp(3, HIGHEST)
}
