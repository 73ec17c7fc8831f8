//! The fleet in bars. Every bar has a filter for its hosts.

use std::cmp::Reverse;

use super::View;
use super::fields::Field;
use super::weight::Weight;
use crate::counts::grouped;
use crate::fleet::{Counts, EXPIRY_WEEKS, Summary};
use crate::model::{DnsVerdict, HostState, Nla, StabilityVerdict, TlsVersion};

/// Days of the finer histogram, today included.
const DAYS: i64 = 90;
const MOST_LISTED: usize = 10;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bar {
    /// Never raw network text.
    pub label: String,
    pub count: usize,
    /// The hosts of which it is a share.
    pub of: usize,
    pub weight: Weight,
    /// A filter that exactly these hosts pass.
    pub filter: String,
}

impl Bar {
    /// Its share in percent, rounded; never 0 of something, nor 100 of less than all. `None` of no hosts.
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

/// Bars about one subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Panel {
    pub title: &'static str,
    /// Bars of no hosts are left out, except in the histogram.
    pub bars: Vec<Bar>,
    /// Hosts by day of expiry, from today; empty in other panels.
    pub days: Vec<usize>,
    /// `policy.expiring_days`.
    pub soon: usize,
    /// Shown in place of no bars.
    pub empty: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Overview {
    /// Most important first.
    pub panels: Vec<Panel>,
}

impl Overview {
    /// A summary as panels.
    #[must_use]
    pub fn of(summary: &Summary, expiring_days: u32) -> Self {
        Self {
            panels: vec![
                Panel::states(summary),
                Panel::expiry(summary, expiring_days),
                findings(summary),
                subnets(summary),
                Panel::dns(summary),
                panel(
                    "Stability",
                    bars(
                        &summary.by_stability,
                        Field::Stability,
                        StabilityVerdict::word,
                    ),
                    "no attempt",
                ),
                Panel::tls(summary),
                Panel::nla(summary),
            ],
        }
    }

    #[must_use]
    pub fn bar(&self, mark: OverviewMark) -> Option<&Bar> {
        self.panels.get(mark.panel)?.bars.get(mark.bar)
    }
}

/// Hosts are kept in memory, so that a count of them fits.
fn size(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

fn bars<T: Copy + Ord + Into<Weight>>(
    counts: &Counts<T>,
    field: Field,
    word: fn(T) -> &'static str,
) -> Vec<Bar> {
    let of = size(counts.sum());
    counts
        .iter()
        .map(|(value, count)| Bar {
            label: word(value).to_owned(),
            count: size(count),
            of,
            weight: value.into(),
            filter: format!("{}:{}", field.key(), word(value)),
        })
        .collect()
}

fn panel(title: &'static str, bars: Vec<Bar>, empty: &'static str) -> Panel {
    Panel {
        title,
        bars,
        days: Vec::new(),
        soon: 0,
        empty,
    }
}

impl Panel {
    pub(crate) fn states(summary: &Summary) -> Self {
        let bars = bars(&summary.by_state, Field::State, HostState::word);
        panel("Hosts by state", bars, "no host")
    }

    pub(crate) fn dns(summary: &Summary) -> Self {
        let bars = bars(&summary.by_dns, Field::Dns, DnsVerdict::word);
        panel("Names and addresses", bars, "no name looked up")
    }

    pub(crate) fn nla(summary: &Summary) -> Self {
        let bars = bars(&summary.by_nla, Field::Nla, Nla::word);
        panel("Network Level Authentication", bars, "no negotiation")
    }

    /// Weeks that begin within `expiring_days` are warnings.
    pub(crate) fn expiry(summary: &Summary, expiring_days: u32) -> Self {
        let soon = usize::try_from(expiring_days).unwrap_or(usize::MAX);
        let days_left = Field::DaysLeft.key();
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
            "expired".to_owned(),
            summary.days_left(i64::MIN..=-1),
            Weight::Bad,
            format!("{days_left}<0"),
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
                format!("{days_left}>={first} {days_left}<={last}"),
            );
        }
        let first = EXPIRY_WEEKS * 7;
        push(
            format!("{first} days and more"),
            summary.days_left(first..=i64::MAX),
            Weight::Good,
            format!("{days_left}>={first}"),
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

    pub(crate) fn tls(summary: &Summary) -> Self {
        let of = size(summary.by_tls.sum());
        let newest_first = summary.by_tls.iter().rev();
        let bars = newest_first.map(|(version, count)| {
            let word = version.map(|version| match version {
                TlsVersion::SSL_3_0 => "ssl3".to_owned(),
                version => version.to_string(),
            });
            let filter = word.as_deref().unwrap_or("unknown");
            Bar {
                filter: format!("{}:{filter}", Field::Tls.key()),
                label: word.unwrap_or_else(|| "fail".to_owned()),
                count: size(count),
                of,
                weight: match version {
                    Some(version) if version < TlsVersion::TLS_1_2 => Weight::Bad,
                    Some(_) => Weight::Good,
                    None => Weight::Notice,
                },
            }
        });
        panel("TLS versions", bars.collect(), "no handshake")
    }
}

fn findings(summary: &Summary) -> Panel {
    let bars = summary
        .worst_findings()
        .into_iter()
        .filter_map(|(id, count)| Some((id, count.worst()?, count.hosts())))
        .take(MOST_LISTED)
        .map(|(id, (worst, so_bad), all)| {
            Bar {
                label: if so_bad == all {
                    id.to_owned()
                } else {
                    // The rest of them is not so bad, and the bar's colour is that of the worst.
                    format!("{id} ({} {worst})", grouped(so_bad))
                },
                count: size(all),
                of: size(summary.hosts),
                weight: worst.into(),
                filter: format!("{}:{id}", Field::Finding.key()),
            }
        })
        .collect();
    panel("Worst findings", bars, "no finding")
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
                filter: format!(
                    "{}:{network} ({})",
                    Field::Address.key(),
                    View::Problems.filter()
                ),
            }
        })
        .collect();
    panel(
        "Subnets with most problems",
        bars,
        "no subnet has a problem",
    )
}

/// The position of the cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OverviewMark {
    pub panel: usize,
    pub bar: usize,
}

impl OverviewMark {
    /// The nearest existing bar, at or before this one.
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

    fn all(overview: &Overview) -> Vec<Self> {
        overview
            .panels
            .iter()
            .enumerate()
            .flat_map(|(panel, found)| (0..found.bars.len()).map(move |bar| Self { panel, bar }))
            .collect()
    }

    /// Moves by so many bars, stopping at the ends.
    #[must_use]
    pub fn stepped(self, overview: &Overview, by: isize) -> Self {
        let all = Self::all(overview);
        let here = all.iter().position(|mark| *mark == self).unwrap_or(0);
        let target = here
            .saturating_add_signed(by)
            .min(all.len().saturating_sub(1));
        all.get(target).copied().unwrap_or_default()
    }

    /// The first bar of the next or previous panel with bars, wrapping around.
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
