//! The fleet in bars: what a manager asks. Every bar is the answer to a filter, so that it can be opened.

use std::cmp::Reverse;

use super::View;
use crate::counts::grouped;
use crate::fleet::{Counts, EXPIRY_WEEKS, Fleet, Summary};
use crate::model::{DnsVerdict, HostState, Nla, Severity, StabilityVerdict, TlsVersion};

/// Days of the finer histogram, the current one among them.
const DAYS: i64 = 90;
/// Subnets and findings listed at most.
const MOST_LISTED: usize = 10;

/// How good or bad a bar is; a word besides its label, never instead of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Nothing to do.
    Good,
    /// Neither.
    Plain,
    /// Worth knowing.
    Notice,
    /// Soon to be mended.
    Warn,
    /// To be mended.
    Bad,
}

/// One bar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bar {
    /// What it counts. Never raw network text.
    pub label: String,
    /// How many hosts.
    pub count: usize,
    /// Of how many its share is.
    pub of: usize,
    /// How bad that is.
    pub weight: Weight,
    /// A filter that lets exactly these hosts pass.
    pub filter: String,
}

impl Bar {
    /// Its share in per cent, rounded; never 0 of something, nor 100 of less than all. `None` when there is nothing to share.
    #[must_use]
    pub fn percent(&self) -> Option<usize> {
        let (count, of) = (self.count.min(self.of), self.of);
        let exact = (count * 100).checked_div(of)?;
        let left = count * 100 % of;
        let rounded = exact + usize::from(left * 2 >= of);
        Some(if count == 0 || count == of {
            rounded
        } else {
            rounded.clamp(1, 99)
        })
    }
}

/// Bars that answer one question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Panel {
    /// The question.
    pub title: &'static str,
    /// The answer; empty bars are left out, but for the weeks of the histogram.
    pub bars: Vec<Bar>,
    /// The same by day: hosts for each of the coming days, the current one first; empty where days are not the question.
    pub days: Vec<usize>,
    /// Up to so many days ahead what ends does so soon: `policy.expiring_days`.
    pub soon: usize,
    /// What stands there when no bar does.
    pub empty: &'static str,
}

/// All of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Overview {
    /// The panels, the most important first.
    pub panels: Vec<Panel>,
}

impl Overview {
    /// The fleet's summary as panels.
    #[must_use]
    pub fn of(fleet: &Fleet) -> Self {
        let summary = fleet.summary();
        Self {
            panels: vec![
                states(summary),
                expiry(
                    summary,
                    usize::try_from(fleet.policy().expiring_days).unwrap_or(usize::MAX),
                ),
                findings(summary),
                subnets(summary),
                dns(summary),
                stability(summary),
                tls(summary),
                nla(summary),
            ],
        }
    }

    /// The bar under a mark.
    #[must_use]
    pub fn bar(&self, mark: OverviewMark) -> Option<&Bar> {
        self.panels.get(mark.panel)?.bars.get(mark.bar)
    }
}

/// Hosts are kept in memory, so that a count of them fits.
fn size(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

fn bars<T: Copy + Ord>(
    counts: &Counts<T>,
    field: &str,
    word: fn(T) -> &'static str,
    weight: fn(T) -> Weight,
) -> Vec<Bar> {
    let of = size(counts.sum());
    counts
        .iter()
        .map(|(value, count)| Bar {
            label: word(value).to_owned(),
            count: size(count),
            of,
            weight: weight(value),
            filter: format!("{field}:{}", word(value)),
        })
        .collect()
}

fn states(summary: &Summary) -> Panel {
    Panel {
        title: "Hosts by state",
        bars: bars(
            &summary.by_state,
            "state",
            HostState::word,
            |state| match state {
                HostState::Broken => Weight::Bad,
                HostState::Degraded => Weight::Warn,
                HostState::Skipped | HostState::NotRdp | HostState::Unreachable => Weight::Notice,
                HostState::Filtered | HostState::Closed | HostState::NotProbed => Weight::Plain,
                HostState::Healthy => Weight::Good,
            },
        ),
        days: Vec::new(),
        soon: 0,
        empty: "no host",
    }
}

/// A week that begins within `soon` days is drawn as ending soon.
fn expiry(summary: &Summary, soon: usize) -> Panel {
    let of = size(summary.by_days_left.sum());
    let mut bars = Vec::new();
    let mut push = |label: String, count, weight, filter: String| {
        bars.push(Bar {
            label,
            count: size(count),
            of,
            weight,
            filter,
        });
    };
    push(
        "ended".to_owned(),
        summary.days_left(i64::MIN..=-1),
        Weight::Bad,
        "days<0".to_owned(),
    );
    for (days, count) in summary.expiry_weeks() {
        let (first, last) = days.into_inner();
        let weight = if usize::try_from(first).is_ok_and(|first| first <= soon) {
            Weight::Warn
        } else {
            Weight::Notice
        };
        push(
            format!("{first}-{last} days"),
            count,
            weight,
            format!("days>={first} days<={last}"),
        );
    }
    let first = EXPIRY_WEEKS * 7;
    push(
        format!("{first} days and more"),
        summary.days_left(first..=i64::MAX),
        Weight::Good,
        format!("days>={first}"),
    );
    let mut days: Vec<usize> = (0..DAYS)
        .map(|day| size(summary.days_left(day..=day)))
        .collect();
    if of == 0 {
        bars.clear();
        days.clear();
    }
    Panel {
        title: "Certificates by days left",
        bars,
        days,
        soon,
        empty: "no certificate seen",
    }
}

fn findings(summary: &Summary) -> Panel {
    let bars = summary
        .worst_findings()
        .into_iter()
        .filter_map(|(id, count)| Some((id, count.worst()?, count.hosts())))
        .take(MOST_LISTED)
        .map(|(id, (worst, so_bad), all)| {
            let name = id.strip_prefix("RDP-").unwrap_or(id);
            Bar {
                label: if so_bad == all {
                    name.to_owned()
                } else {
                    // The rest of them is not so bad, and the bar's colour is that of the worst.
                    format!("{name} ({} {worst})", grouped(so_bad))
                },
                count: size(all),
                of: size(summary.hosts),
                weight: match worst {
                    Severity::Critical | Severity::High => Weight::Bad,
                    Severity::Medium => Weight::Warn,
                    Severity::Low => Weight::Notice,
                    Severity::Info => Weight::Plain,
                },
                filter: format!("finding:{id}"),
            }
        })
        .collect();
    Panel {
        title: "Worst findings",
        bars,
        days: Vec::new(),
        soon: 0,
        empty: "no finding",
    }
}

fn subnets(summary: &Summary) -> Panel {
    let mut worst: Vec<_> = summary.problems_by_subnet.iter().collect();
    worst.sort_unstable_by_key(|(network, problems)| (Reverse(*problems), *network));
    let bars = worst
        .into_iter()
        .take(MOST_LISTED)
        .map(|(network, problems)| {
            let all = summary.by_subnet.of(network);
            Bar {
                label: format!("{network} ({problems} of {all})"),
                count: size(problems),
                of: size(all),
                weight: Weight::Bad,
                filter: format!("ip:{network} ({})", View::Problems.filter()),
            }
        })
        .collect();
    Panel {
        title: "Subnets with most problems",
        bars,
        days: Vec::new(),
        soon: 0,
        empty: "no subnet has a problem",
    }
}

fn dns(summary: &Summary) -> Panel {
    Panel {
        title: "Names and addresses",
        bars: bars(&summary.by_dns, "dns", DnsVerdict::word, |dns| match dns {
            DnsVerdict::WrongHost
            | DnsVerdict::Stale
            | DnsVerdict::Missing
            | DnsVerdict::AliasLoop => Weight::Bad,
            DnsVerdict::PartialDead | DnsVerdict::AaaaDead | DnsVerdict::PtrMismatch => {
                Weight::Warn
            }
            DnsVerdict::Error => Weight::Notice,
            DnsVerdict::NoPtr | DnsVerdict::NotChecked => Weight::Plain,
            DnsVerdict::Match => Weight::Good,
        }),
        days: Vec::new(),
        soon: 0,
        empty: "no name looked up",
    }
}

fn stability(summary: &Summary) -> Panel {
    Panel {
        title: "Steadiness",
        bars: bars(
            &summary.by_stability,
            "stability",
            StabilityVerdict::word,
            |verdict| match verdict {
                StabilityVerdict::Flaky => Weight::Warn,
                StabilityVerdict::Down => Weight::Bad,
                StabilityVerdict::Unknown => Weight::Plain,
                StabilityVerdict::Steady => Weight::Good,
            },
        ),
        days: Vec::new(),
        soon: 0,
        empty: "no attempt",
    }
}

fn tls(summary: &Summary) -> Panel {
    let of = size(summary.by_tls.sum());
    let bars = summary
        .by_tls
        .iter()
        .rev()
        .map(|(version, count)| match version {
            Some(version) => {
                let word = match version {
                    TlsVersion::SSL_3_0 => "ssl3".to_owned(),
                    version => version.to_string(),
                };
                Bar {
                    label: word.clone(),
                    count: size(count),
                    of,
                    weight: if version < TlsVersion::TLS_1_2 {
                        Weight::Bad
                    } else {
                        Weight::Good
                    },
                    filter: format!("tls:{word}"),
                }
            }
            None => Bar {
                label: "fail".to_owned(),
                count: size(count),
                of,
                weight: Weight::Notice,
                filter: "tls:unknown".to_owned(),
            },
        })
        .collect();
    Panel {
        title: "TLS versions",
        bars,
        days: Vec::new(),
        soon: 0,
        empty: "no handshake",
    }
}

fn nla(summary: &Summary) -> Panel {
    Panel {
        title: "Network Level Authentication",
        bars: bars(&summary.by_nla, "nla", Nla::word, |nla| match nla {
            Nla::Unknown => Weight::Plain,
            Nla::NotOffered => Weight::Notice,
            Nla::Offered | Nla::Required => Weight::Good,
        }),
        days: Vec::new(),
        soon: 0,
        empty: "no negotiation",
    }
}

/// Which bar the cursor stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OverviewMark {
    /// Index of the panel.
    pub panel: usize,
    /// Index of the bar in it.
    pub bar: usize,
}

impl OverviewMark {
    /// The mark itself when there is such a bar, else the nearest before it.
    #[must_use]
    pub fn within(self, overview: &Overview) -> Self {
        let filled = |panel: &usize| {
            overview
                .panels
                .get(*panel)
                .is_some_and(|panel| !panel.bars.is_empty())
        };
        let before = (0..=self.panel).rev().find(filled);
        let panel = before.or_else(|| (0..overview.panels.len()).find(filled));
        let Some(panel) = panel else {
            return Self::default();
        };
        let last = overview
            .panels
            .get(panel)
            .map_or(0, |panel| panel.bars.len().saturating_sub(1));
        Self {
            panel,
            bar: if panel == self.panel {
                self.bar.min(last)
            } else {
                0
            },
        }
    }

    /// All bars from top to bottom, panel after panel.
    fn all(overview: &Overview) -> Vec<Self> {
        overview
            .panels
            .iter()
            .enumerate()
            .flat_map(|(panel, found)| (0..found.bars.len()).map(move |bar| Self { panel, bar }))
            .collect()
    }

    /// The bar this many after this one, or before it; it stops at the ends.
    #[must_use]
    pub fn stepped(self, overview: &Overview, by: isize) -> Self {
        let all = Self::all(overview);
        let here = all.iter().position(|mark| *mark == self).unwrap_or(0);
        let target = here
            .saturating_add_signed(by)
            .min(all.len().saturating_sub(1));
        all.get(target).copied().unwrap_or_default()
    }

    /// The first bar of the next panel that has one, or of the one before; it goes round.
    #[must_use]
    pub fn panel(self, overview: &Overview, forward: bool) -> Self {
        let count = overview.panels.len();
        if count == 0 {
            return Self::default();
        }
        (1..=count)
            .map(|step| {
                let step = if forward { step } else { count - step % count };
                (self.panel + step) % count
            })
            .find(|panel| {
                overview
                    .panels
                    .get(*panel)
                    .is_some_and(|panel| !panel.bars.is_empty())
            })
            .map_or(self, |panel| Self { panel, bar: 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn percent(count: usize, of: usize) -> Option<usize> {
        let bar = Bar {
            label: String::new(),
            count,
            of,
            weight: Weight::Plain,
            filter: String::new(),
        };
        bar.percent()
    }

    #[test]
    fn shares_are_rounded_and_never_say_none_of_some_or_all_of_most() {
        assert_eq!(percent(39, 66), Some(59));
        assert_eq!(percent(1, 8), Some(13));
        assert_eq!(percent(1, 3), Some(33));
        assert_eq!(percent(1, 65_536), Some(1));
        assert_eq!(percent(65_535, 65_536), Some(99));
        assert_eq!(percent(0, 7), Some(0));
        assert_eq!(percent(7, 7), Some(100));
        assert_eq!(percent(0, 0), None);
    }
}
