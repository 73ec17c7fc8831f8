//! Predefined filters: the tabs of the screen.

use strum::{IntoStaticStr, VariantArray};

use super::fields::Field;
use super::sort::Sort;
use crate::fleet::{Host, Summary};
use crate::model::{CertificateStatus, StabilityVerdict};

/// A predefined filter; its text is its title.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, IntoStaticStr, VariantArray)]
pub enum View {
    #[default]
    All,
    /// Hosts with problems: broken, degraded, skipped, not RDP; of those listed one by one also what cannot be reached.
    /// A silent address in a range is no problem.
    Problems,
    /// Certificates that have expired.
    Expired,
    /// Certificates that have expired, expire soon, or are not valid yet, by the days left.
    Expiring,
    #[strum(serialize = "DNS")]
    Dns,
    Flaky,
    /// Hosts that differ from the scan before.
    Changed,
}

impl View {
    /// All, in the order of their keys.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// The same as a filter, in its normal form.
    #[must_use]
    pub const fn filter(self) -> &'static str {
        match self {
            Self::All => "",
            Self::Problems => {
                "state:broken or state:degraded or state:skipped or state:not_rdp \
                 or listed:yes (state:unreachable or state:filtered or state:closed)"
            }
            Self::Expired => "certificate:expired",
            Self::Expiring => {
                "certificate:expired or certificate:expiring or certificate:not_yet_valid"
            }
            Self::Dns => "dns!=match dns!=no_ptr dns!=not_checked",
            Self::Flaky => "stability:flaky",
            Self::Changed => "changed:yes",
        }
    }

    /// The order of a view that is about something with an order.
    #[must_use]
    pub const fn sort(self) -> Option<Sort> {
        match self {
            Self::Expired | Self::Expiring => Some(Sort {
                column: Field::DaysLeft,
                inverted: false,
            }),
            Self::Changed => Some(Sort {
                column: Field::Changed,
                inverted: false,
            }),
            Self::All | Self::Problems | Self::Dns | Self::Flaky => None,
        }
    }

    /// The next view, wrapping around.
    #[must_use]
    pub fn next(self) -> Self {
        let mut views = Self::ALL.iter().copied().cycle();
        views.find(|view| *view == self);
        views.next().unwrap_or_default()
    }

    /// The previous view, wrapping around.
    #[must_use]
    pub fn previous(self) -> Self {
        let mut views = Self::ALL.iter().copied().rev().cycle();
        views.find(|view| *view == self);
        views.next().unwrap_or_default()
    }

    #[must_use]
    pub fn matches(self, host: &Host) -> bool {
        let diagnosis = &host.diagnosis;
        match self {
            Self::All => true,
            Self::Problems => host.has_problem(),
            Self::Expired => matches!(
                diagnosis.certificate_status,
                Some(CertificateStatus::Expired)
            ),
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
            Self::Changed => !host.changes().is_empty(),
        }
    }

    /// How many hosts belong to it.
    #[must_use]
    pub fn count(self, summary: &Summary) -> u64 {
        let certificates = &summary.by_certificate;
        match self {
            Self::All => summary.hosts,
            Self::Problems => summary.problems,
            Self::Expired => summary.expired(),
            Self::Expiring => {
                let soon = summary.expired() + summary.expiring();
                soon + certificates.of(CertificateStatus::NotYetValid)
            }
            Self::Dns => summary.dns_trouble(),
            Self::Flaky => summary.flaky(),
            Self::Changed => summary.changed,
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
            for view in View::ALL.iter().copied() {
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
        for view in View::ALL.iter().copied() {
            let filter = Filter::parse(view.filter()).unwrap();
            assert_eq!(filter.to_string(), view.filter());
        }
    }

    #[test]
    fn next_goes_through_all_in_order_and_previous_back() {
        let mut view = View::default();
        for expected in View::ALL {
            assert_eq!(view, *expected);
            assert_eq!(view.next().previous(), view);
            view = view.next();
        }
        assert_eq!(view, View::default());
    }
}
