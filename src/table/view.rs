//! The parts of the fleet that an administrator asks for first.

use crate::fleet::{Host, Summary};
use crate::model::{CertificateStatus, StabilityVerdict};

/// A part of the fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum View {
    /// Every host.
    #[default]
    All,
    /// Hosts that refuse Remote Desktop or soon will: broken and degraded ones, what is not RDP, what was given up, and of those
    /// that were listed one by one also what does not answer. What is silent in a range is no problem.
    Problems,
    /// Certificates that ended, end soon, or are not valid yet.
    Expiring,
    /// Names and addresses that disagree.
    Dns,
    /// Hosts that do not always answer.
    Flaky,
}

impl View {
    /// All, in the order of their digits.
    pub const ALL: [Self; 5] = [
        Self::All,
        Self::Problems,
        Self::Expiring,
        Self::Dns,
        Self::Flaky,
    ];

    /// The heading of its tab.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::All => "All",
            Self::Problems => "Problems",
            Self::Expiring => "Expiring",
            Self::Dns => "DNS",
            Self::Flaky => "Flaky",
        }
    }

    /// The word used in settings and on the command line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Problems => "problems",
            Self::Expiring => "expiring",
            Self::Dns => "dns",
            Self::Flaky => "flaky",
        }
    }

    /// The view as a filter that can be typed: what belongs to it is no secret.
    #[must_use]
    pub const fn filter(self) -> &'static str {
        match self {
            Self::All => "",
            Self::Problems => {
                "state:broken or state:degraded or state:skipped or state:not_rdp \
                 or listed:yes (state:unreachable or state:filtered or state:closed)"
            }
            Self::Expiring => "cert:expired or cert:expiring or cert:not_yet_valid",
            Self::Dns => "dns!=match dns!=no_ptr dns!=not_checked",
            Self::Flaky => "stability:flaky",
        }
    }

    /// The view after this one, and the first after the last.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::All => Self::Problems,
            Self::Problems => Self::Expiring,
            Self::Expiring => Self::Dns,
            Self::Dns => Self::Flaky,
            Self::Flaky => Self::All,
        }
    }

    /// The view before this one, and the last before the first.
    #[must_use]
    pub const fn previous(self) -> Self {
        match self {
            Self::All => Self::Flaky,
            Self::Problems => Self::All,
            Self::Expiring => Self::Problems,
            Self::Dns => Self::Expiring,
            Self::Flaky => Self::Dns,
        }
    }

    /// Whether a host belongs to it.
    #[must_use]
    pub const fn matches(self, host: &Host) -> bool {
        let diagnosis = &host.diagnosis;
        match self {
            Self::All => true,
            Self::Problems => host.has_problem(),
            Self::Expiring => matches!(
                diagnosis.certificate_status,
                Some(
                    CertificateStatus::Expired
                        | CertificateStatus::Expiring
                        | CertificateStatus::NotYetValid
                )
            ),
            Self::Dns => diagnosis.dns.is_trouble(),
            Self::Flaky => matches!(diagnosis.stability.verdict, StabilityVerdict::Flaky),
        }
    }

    /// How many hosts belong to it.
    #[must_use]
    pub fn count(self, summary: &Summary) -> u64 {
        let certificates = &summary.by_certificate;
        match self {
            Self::All => summary.hosts,
            Self::Problems => summary.problems,
            Self::Expiring => {
                let soon = summary.expired() + summary.expiring();
                soon + certificates.of(CertificateStatus::NotYetValid)
            }
            Self::Dns => summary.dns_trouble(),
            Self::Flaky => summary.flaky(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kit::{attempt, times};
    use crate::model::{DnsVerdict, HostState};
    use crate::table::Filter;

    /// Hosts of every verdict that a view may ask for.
    fn hosts() -> impl Strategy<Value = Vec<Host>> {
        let mut made = times(3, || attempt().through());
        let found = Host::new(&made.history, made.diagnose());
        made.history.listed = true;
        let listed = Host::new(&made.history, made.diagnose());
        let certificate = proptest::option::of(proptest::sample::select(CertificateStatus::ALL));
        let one = (
            proptest::sample::select(HostState::ALL),
            certificate,
            proptest::sample::select(DnsVerdict::ALL),
            proptest::sample::select(StabilityVerdict::ALL),
            proptest::sample::select(vec![found, listed]),
        )
            .prop_map(|(state, certificate, dns, stability, mut host)| {
                host.diagnosis.state = state;
                host.diagnosis.certificate_status = certificate;
                host.diagnosis.dns = dns;
                host.diagnosis.stability.verdict = stability;
                host
            });
        proptest::collection::vec(one, 0..12)
    }

    proptest! {
        #[test]
        fn a_view_is_what_its_filter_says_and_its_count_how_many(hosts in hosts()) {
            let summary = Summary::of(&hosts);
            for view in View::ALL {
                let filter = Filter::parse(view.filter()).unwrap();
                for host in &hosts {
                    prop_assert_eq!(view.matches(host), filter.matches(host), "{:?}", view);
                }
                let passing = hosts.iter().filter(|host| filter.matches(host)).count();
                prop_assert_eq!(view.count(&summary), passing as u64);
            }
        }
    }

    #[test]
    fn the_filter_of_a_view_is_in_its_normal_form() {
        for view in View::ALL {
            let filter = Filter::parse(view.filter()).unwrap();
            assert_eq!(filter.to_string(), view.filter());
        }
    }

    #[test]
    fn next_goes_through_all_in_order_and_previous_back() {
        let mut view = View::default();
        for expected in View::ALL {
            assert_eq!(view, expected);
            assert_eq!(view.next().previous(), view);
            view = view.next();
        }
        assert_eq!(view, View::default());
    }
}
