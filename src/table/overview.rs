//! The fleet in bars: what a manager asks. Every bar is the answer to a filter, so that it can be opened.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use super::View;
use super::groups::subnet;
use super::severities::Severities;
use crate::counts::grouped;
use crate::fleet::{Fleet, Host};
use crate::model::{DnsVerdict, HostState, Nla, Severity, StabilityVerdict, TlsVersion};

/// Weeks of the histogram of expiry: together the 90 days that matter, and a day.
const WEEKS: usize = 13;
/// Days of the finer histogram, the current one among them.
const DAYS: usize = 90;
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

/// What one pass over the fleet counts.
#[derive(Default)]
struct Counts {
    hosts: usize,
    states: BTreeMap<HostState, usize>,
    ended: usize,
    days: Vec<usize>,
    weeks: [usize; WEEKS],
    later: usize,
    subnets: HashMap<ipnetwork::IpNetwork, (usize, usize)>,
    tls: BTreeMap<Option<TlsVersion>, usize>,
    nla: BTreeMap<Nla, usize>,
    dns: BTreeMap<DnsVerdict, usize>,
    stability: BTreeMap<StabilityVerdict, usize>,
    findings: HashMap<&'static str, Severities>,
}

impl Counts {
    fn add(&mut self, host: &Host) {
        let diagnosis = &host.diagnosis;
        self.hosts += 1;
        *self.states.entry(diagnosis.state).or_default() += 1;
        match diagnosis.days_left {
            Some(days) if days < 0 => self.ended += 1,
            Some(days) => {
                let day = usize::try_from(days).ok();
                if let Some(day) = day.and_then(|day| self.days.get_mut(day)) {
                    *day += 1;
                }
                let week = usize::try_from(days / 7).ok();
                match week.and_then(|week| self.weeks.get_mut(week)) {
                    Some(week) => *week += 1,
                    None => self.later += 1,
                }
            }
            None => {}
        }
        if let Some(network) = host
            .key()
            .endpoint()
            .and_then(|endpoint| subnet(endpoint.address))
        {
            let (problems, all) = self.subnets.entry(network).or_default();
            *all += 1;
            *problems += usize::from(View::Problems.matches(host));
        }
        if let Some((_, version)) = host.tls() {
            *self.tls.entry(version).or_default() += 1;
        }
        *self.nla.entry(diagnosis.nla).or_default() += 1;
        *self.dns.entry(diagnosis.dns).or_default() += 1;
        *self
            .stability
            .entry(diagnosis.stability.verdict)
            .or_default() += 1;
        for (index, finding) in diagnosis.findings.iter().enumerate() {
            // A rule can fire for several names of a host; the host counts once, by the worst, which comes first.
            let mut earlier = diagnosis.findings.iter().take(index);
            if earlier.all(|other| other.id != finding.id) {
                let counts = self.findings.entry(finding.id).or_default();
                counts.add(finding.severity);
            }
        }
    }
}

impl Overview {
    /// Counts a fleet, in one pass.
    #[must_use]
    pub fn of(fleet: &Fleet) -> Self {
        let mut counts = Counts {
            days: vec![0; DAYS],
            ..Counts::default()
        };
        for (_, host) in fleet.hosts() {
            counts.add(host);
        }
        Self {
            panels: vec![
                states(&counts),
                expiry(
                    &counts,
                    usize::try_from(fleet.policy().expiring_days).unwrap_or(usize::MAX),
                ),
                findings(&counts),
                subnets(&counts),
                dns(&counts),
                stability(&counts),
                tls(&counts),
                nla(&counts),
            ],
        }
    }

    /// The bar under a mark.
    #[must_use]
    pub fn bar(&self, mark: OverviewMark) -> Option<&Bar> {
        self.panels.get(mark.panel)?.bars.get(mark.bar)
    }
}

fn bars<T: Copy>(
    counts: &BTreeMap<T, usize>,
    of: usize,
    field: &str,
    word: fn(T) -> &'static str,
    weight: fn(T) -> Weight,
) -> Vec<Bar> {
    counts
        .iter()
        .map(|(value, count)| Bar {
            label: word(*value).to_owned(),
            count: *count,
            of,
            weight: weight(*value),
            filter: format!("{field}:{}", word(*value)),
        })
        .collect()
}

fn states(counts: &Counts) -> Panel {
    Panel {
        title: "Hosts by state",
        bars: bars(
            &counts.states,
            counts.hosts,
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
fn expiry(counts: &Counts, soon: usize) -> Panel {
    let of = counts.ended + counts.weeks.iter().sum::<usize>() + counts.later;
    let mut bars = Vec::new();
    let mut push = |label: String, count, weight, filter: String| {
        bars.push(Bar {
            label,
            count,
            of,
            weight,
            filter,
        });
    };
    push(
        "ended".to_owned(),
        counts.ended,
        Weight::Bad,
        "days<0".to_owned(),
    );
    for (week, count) in counts.weeks.into_iter().enumerate() {
        let (first, last) = (week * 7, week * 7 + 6);
        let weight = if first <= soon {
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
    let first = WEEKS * 7;
    push(
        format!("{first} days and more"),
        counts.later,
        Weight::Good,
        format!("days>={first}"),
    );
    let mut days = counts.days.clone();
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

fn findings(counts: &Counts) -> Panel {
    let mut found: Vec<(&str, Severity, usize, usize)> = counts
        .findings
        .iter()
        .filter_map(|(id, hosts)| {
            let (worst, so_bad) = hosts.worst()?;
            Some((*id, worst, so_bad, hosts.all()))
        })
        .collect();
    found.sort_unstable_by_key(|(id, worst, _, all)| (Reverse((*worst, *all)), *id));
    let bars = found
        .into_iter()
        .take(MOST_LISTED)
        .map(|(id, worst, so_bad, all)| {
            let name = id.strip_prefix("RDP-").unwrap_or(id);
            Bar {
                label: if so_bad == all {
                    name.to_owned()
                } else {
                    // The rest of them is not so bad, and the bar's colour is that of the worst.
                    format!("{name} ({} {worst})", grouped(so_bad as u64))
                },
                count: all,
                of: counts.hosts,
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

fn subnets(counts: &Counts) -> Panel {
    let mut worst: Vec<_> = counts
        .subnets
        .iter()
        .filter(|(_, (problems, _))| *problems > 0)
        .collect();
    worst.sort_unstable_by(|(network, (one, _)), (other_network, (other, _))| {
        other.cmp(one).then_with(|| network.cmp(other_network))
    });
    let bars = worst
        .into_iter()
        .take(MOST_LISTED)
        .map(|(network, (problems, all))| Bar {
            label: format!("{network} ({problems} of {all})"),
            count: *problems,
            of: *all,
            weight: Weight::Bad,
            filter: format!("ip:{network} ({})", View::Problems.filter()),
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

fn dns(counts: &Counts) -> Panel {
    Panel {
        title: "Names and addresses",
        bars: bars(
            &counts.dns,
            counts.hosts,
            "dns",
            DnsVerdict::word,
            |dns| match dns {
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
            },
        ),
        days: Vec::new(),
        soon: 0,
        empty: "no name looked up",
    }
}

fn stability(counts: &Counts) -> Panel {
    Panel {
        title: "Steadiness",
        bars: bars(
            &counts.stability,
            counts.hosts,
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

fn tls(counts: &Counts) -> Panel {
    let of = counts.tls.values().sum();
    let bars = counts
        .tls
        .iter()
        .rev()
        .map(|(version, count)| match version {
            Some(version) => {
                let word = match *version {
                    TlsVersion::SSL_3_0 => "ssl3".to_owned(),
                    version => version.to_string(),
                };
                Bar {
                    label: word.clone(),
                    count: *count,
                    of,
                    weight: if *version < TlsVersion::TLS_1_2 {
                        Weight::Bad
                    } else {
                        Weight::Good
                    },
                    filter: format!("tls:{word}"),
                }
            }
            None => Bar {
                label: "fail".to_owned(),
                count: *count,
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

fn nla(counts: &Counts) -> Panel {
    Panel {
        title: "Network Level Authentication",
        bars: bars(
            &counts.nla,
            counts.hosts,
            "nla",
            Nla::word,
            |nla| match nla {
                Nla::Unknown => Weight::Plain,
                Nla::NotOffered => Weight::Notice,
                Nla::Offered | Nla::Required => Weight::Good,
            },
        ),
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
