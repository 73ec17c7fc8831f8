//! Listed names that have other addresses at one site than at another. Collected only where several sites scan, since it takes every
//! listed name.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

use crate::diagnosis::identity::normal;
use crate::model::{History, NameSource, Question, Site};

/// A record may have been changed between scans that are further apart.
const TOGETHER: SignedDuration = SignedDuration::from_mins(15);
/// Sites, and addresses of each, that the evidence names.
const MOST: usize = 4;

#[derive(Debug, Default)]
pub(super) struct SiteNames {
    sites: BTreeSet<Site>,
    /// Hosts with a listed name.
    places: Vec<usize>,
    names: BTreeMap<Box<str>, BTreeMap<Site, Answer>>,
}

/// What a name resolves to at a site.
#[derive(Debug, Default)]
struct Answer {
    addresses: BTreeSet<IpAddr>,
    /// When hosts with the name were probed; empty where none was.
    at: Option<Timestamp>,
}

impl Answer {
    /// The addresses have nothing in common, and are comparable: an answer without a family says nothing about the other family.
    fn differs(&self, other: &Self) -> bool {
        let (one, other, times) = (&self.addresses, &other.addresses, self.at.zip(other.at));
        let has_both = |is: fn(&IpAddr) -> bool| one.iter().any(is) && other.iter().any(is);
        let is_comparable = one.is_empty() != other.is_empty()
            || has_both(IpAddr::is_ipv4)
            || has_both(IpAddr::is_ipv6);
        is_comparable
            && one.is_disjoint(other)
            && times.is_none_or(|(one, other)| one.duration_since(other).abs() <= TOGETHER)
    }
}

/// The names that differ, with what each site gets.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct SplitNames(BTreeMap<Box<str>, Box<str>>);

impl SiteNames {
    pub(super) fn add(&mut self, place: usize, history: &History) {
        let mut is_listed = false;
        for view in history.views() {
            if let Some(site) = view.site.as_ref().filter(|site| !self.sites.contains(site)) {
                self.sites.insert(site.clone());
            }
            is_listed |= targets(view).next().is_some();
        }
        if is_listed {
            self.places.push(place);
        }
    }

    pub(super) fn has_several_sites(&self) -> bool {
        self.sites.len() > 1
    }

    /// Those to be added again.
    pub(super) fn places(&self) -> &[usize] {
        if self.has_several_sites() {
            &self.places
        } else {
            &[]
        }
    }

    pub(super) fn add_again(&mut self, history: &History) {
        if !self.has_several_sites() {
            return;
        }
        for view in history.views() {
            let (Some(site), at) = (
                &view.site,
                view.attempts.iter().map(|one| one.started_at).min(),
            ) else {
                continue;
            };
            for lookup in &view.lookups {
                let Question::Addresses(name) = &lookup.question else {
                    continue;
                };
                let name = normal(name);
                if !lookup.answer.is_certain()
                    || !targets(view).any(|target| normal(target) == name)
                {
                    continue;
                }
                let answers = self.names.entry(name.into()).or_default();
                let answer = answers.entry(site.clone()).or_default();
                answer.addresses.extend(lookup.answer.addresses());
                answer.at = answer.at.into_iter().chain(at).min();
            }
        }
    }

    pub(super) fn finish(self) -> SplitNames {
        let names = self.names.into_iter().filter(|(_, answers)| {
            let mut pairs = answers.values().enumerate();
            pairs.any(|(place, one)| {
                answers
                    .values()
                    .skip(place + 1)
                    .any(|other| one.differs(other))
            })
        });
        let differing = names.map(|(name, answers)| {
            let text = in_words(&name, &answers);
            (name, text.into())
        });
        SplitNames(differing.collect())
    }
}

impl SplitNames {
    /// What each site gets for a name that differs.
    pub(super) fn of(&self, name: &str) -> Option<&str> {
        if self.0.is_empty() {
            return None;
        }
        self.0.get(normal(name).as_str()).map(AsRef::as_ref)
    }
}

fn targets(history: &History) -> impl Iterator<Item = &str> {
    let names = history.names.iter();
    let names = names.filter(|observed| observed.source == NameSource::Target);
    names.map(|observed| &*observed.name)
}

/// "srv05.corp.example resolves to 10.0.0.5 from berlin, to no address from hq".
fn in_words(name: &str, answers: &BTreeMap<Site, Answer>) -> String {
    let at_site = |(site, answer): (&Site, &Answer)| {
        let addresses = answer.addresses.iter().take(MOST);
        let addresses: Vec<String> = addresses.map(ToString::to_string).collect();
        let more = match answer.addresses.len().saturating_sub(MOST) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        match &*addresses {
            [] => format!("to no address from {site}"),
            some => format!("to {}{more} from {site}", some.join(", ")),
        }
    };
    let sites: Vec<String> = answers.iter().take(MOST).map(at_site).collect();
    format!("{name} resolves {}", sites.join(", "))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::diagnosis::testing::{HostMaker, attempt, leading_to, lookup, times};
    use crate::model::{Lookup, LookupAnswer, Resolver};

    const NAME: &str = "srv05.corp.example";

    /// The host behind the name at a site.
    fn at(site: &str, answer: LookupAnswer) -> HostMaker {
        let mut host = times(2, || attempt().through()).named(NameSource::Target, NAME);
        host.history.site = Some(site.parse().unwrap());
        host.history.lookups.push(Arc::new(Lookup {
            resolver: Resolver::Configured,
            ..lookup(NAME, answer)
        }));
        host
    }

    fn answers_differ(hosts: &[HostMaker]) -> Option<String> {
        let mut names = SiteNames::default();
        for (place, host) in hosts.iter().enumerate() {
            names.add(place, &host.history);
        }
        for place in names.places().to_vec() {
            names.add_again(&hosts[place].history);
        }
        names
            .finish()
            .of("SRV05.corp.example.")
            .map(ToOwned::to_owned)
    }

    #[test]
    fn other_addresses_at_another_site_are_reported_with_the_sites() {
        let hosts = [
            at("hq", leading_to(&["10.9.0.5"])),
            at("berlin", leading_to(&["10.0.0.5"])),
            at("oslo", LookupAnswer::NxDomain),
        ];
        assert_eq!(
            answers_differ(&hosts).unwrap(),
            "srv05.corp.example resolves to 10.0.0.5 from berlin, to 10.9.0.5 from hq, to no address from oslo"
        );
        // One site alone is not compared, and nothing is collected.
        assert_eq!(answers_differ(&hosts[..1]), None);
    }

    #[test]
    fn round_robin_is_no_difference_between_sites() {
        let answers = |one: &[&str], other: &[&str]| {
            answers_differ(&[at("berlin", leading_to(one)), at("hq", leading_to(other))])
        };
        // The same set in another order, and other parts of a large one.
        assert_eq!(
            answers(&["10.0.0.5", "10.0.0.6"], &["10.0.0.6", "10.0.0.5"]),
            None
        );
        assert_eq!(
            answers(&["10.0.0.5", "10.0.0.6"], &["10.0.0.6", "10.0.0.7"]),
            None
        );
        // A site that asked for one family only.
        assert_eq!(answers(&["10.0.0.5"], &["fd00::5"]), None);
    }

    #[test]
    fn a_resolver_that_fails_at_one_site_is_no_difference() {
        let answers =
            |answer| answers_differ(&[at("berlin", leading_to(&["10.0.0.5"])), at("hq", answer)]);
        assert_eq!(answers(LookupAnswer::Timeout), None);
        assert_eq!(answers(LookupAnswer::ServFail), None);
        assert_eq!(answers(LookupAnswer::NotFound), None);
    }

    #[test]
    fn a_record_that_was_changed_between_the_scans_of_two_sites_is_no_difference() {
        let mut later = at("hq", leading_to(&["10.9.0.5"]));
        for attempt in &mut later.history.attempts {
            attempt.started_at += SignedDuration::from_hours(1);
        }
        assert_eq!(
            answers_differ(&[at("berlin", leading_to(&["10.0.0.5"])), later]),
            None
        );
    }
}
