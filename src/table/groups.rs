//! Hosts grouped by subnet or domain.

use std::collections::{BTreeMap, HashMap};

use ipnetwork::IpNetwork;

use super::fields::domain_of;
use crate::fleet::{Host, HostId};
use crate::model::{HostKey, HostState, Prefixes};

const NO_DOMAIN: &str = "no domain";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Grouping {
    /// By the /24 of an IPv4 address, the /64 of an IPv6 address.
    Subnet,
    /// By what follows the first label of the name.
    Domain,
}

impl Grouping {
    pub const ALL: [Self; 2] = [Self::Subnet, Self::Domain];

    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Subnet => "subnet",
            Self::Domain => "domain",
        }
    }

    fn key(self, host: &Host, prefixes: Prefixes) -> Key {
        match (self, host.key()) {
            (Self::Subnet, HostKey::Endpoint(endpoint)) => {
                Key::Subnet(prefixes.network(endpoint.address))
            }
            (Self::Subnet, HostKey::Unresolved { .. }) => Key::None("no address"),
            // A name from the network may look like the words for having none: one label, one group.
            (Self::Domain, _) => match host.display_name().and_then(domain_of) {
                Some(domain) if domain != NO_DOMAIN => Key::Domain(domain.to_lowercase().into()),
                _ => Key::None(NO_DOMAIN),
            },
        }
    }
}

/// Groups sort by address or by name, with hosts of neither last.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Key {
    Subnet(Option<IpNetwork>),
    Domain(Box<str>),
    None(&'static str),
}

impl Key {
    fn label(&self) -> Box<str> {
        match self {
            Self::Subnet(Some(network)) => network.to_string().into(),
            Self::Subnet(None) => "no subnet".into(),
            Self::Domain(domain) => domain.clone(),
            Self::None(label) => (*label).into(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// A network such as `10.0.4.0/24`, a domain, or `no domain`. Raw network text.
    pub label: Box<str>,
    pub hosts: Vec<HostId>,
    pub states: BTreeMap<HostState, usize>,
}

/// Groups hosts, keeping their order within each group.
#[must_use]
pub fn groups<'a>(
    hosts: impl Iterator<Item = (HostId, &'a Host)>,
    grouping: Grouping,
) -> Vec<Group> {
    groups_by(hosts, grouping, Prefixes::default())
}

/// As [`groups`], with other prefix lengths.
#[must_use]
pub fn groups_by<'a>(
    hosts: impl Iterator<Item = (HostId, &'a Host)>,
    grouping: Grouping,
    prefixes: Prefixes,
) -> Vec<Group> {
    let mut found: HashMap<Key, (Vec<HostId>, BTreeMap<HostState, usize>)> = HashMap::new();
    for (id, host) in hosts {
        let (members, states) = found.entry(grouping.key(host, prefixes)).or_default();
        members.push(id);
        *states.entry(host.diagnosis.state).or_default() += 1;
    }
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    found
        .into_iter()
        .map(|(key, (hosts, states))| Group {
            label: key.label(),
            hosts,
            states,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kit::{attempt, times};
    use crate::model::NameSource;

    fn host(address: &str, name: &str) -> Host {
        let made = times(3, || attempt().refused(3))
            .named(NameSource::Ptr, name)
            .at(address);
        Host::new(&made.history, made.diagnose())
    }

    fn labels(hosts: &[Host], grouping: Grouping, prefixes: Prefixes) -> Vec<(String, usize)> {
        let hosts = (0..).map(HostId::at).zip(hosts);
        groups_by(hosts, grouping, prefixes)
            .into_iter()
            .map(|group| (group.label.into(), group.hosts.len()))
            .collect()
    }

    fn some() -> Vec<Host> {
        vec![
            host("10.0.4.9", "a.corp.example"),
            host("10.0.20.5", "b.CORP.example"),
            host("10.0.4.5", "short"),
            host("2001:db8::5", "10.0.4.5"),
            host("2001:db8::1:5", "x.no domain"),
        ]
    }

    #[test]
    fn subnets_stand_by_address_and_can_be_wider() {
        let hosts = some();
        let usual = labels(&hosts, Grouping::Subnet, Prefixes::default());
        let expected = [
            ("10.0.4.0/24", 2),
            ("10.0.20.0/24", 1),
            ("2001:db8::/64", 2),
        ];
        assert_eq!(
            usual,
            expected.map(|(label, count)| (label.to_owned(), count))
        );
        let wide = labels(&hosts, Grouping::Subnet, Prefixes { v4: 16, v6: 200 });
        let expected = [
            ("10.0.0.0/16", 3),
            ("2001:db8::5/128", 1),
            ("2001:db8::1:5/128", 1),
        ];
        assert_eq!(
            wide,
            expected.map(|(label, count)| (label.to_owned(), count))
        );
    }

    /// Labels tell groups apart, so no two groups may have the same.
    #[test]
    fn domains_know_no_case_and_no_address_and_no_label_twice() {
        let found = labels(&some(), Grouping::Domain, Prefixes::default());
        let expected = [("corp.example", 2), ("no domain", 3)];
        assert_eq!(
            found,
            expected.map(|(label, count)| (label.to_owned(), count))
        );
    }

    proptest! {
        #[test]
        fn groups_lose_nobody_and_keep_the_order_of_their_rows(
            rows in proptest::collection::vec(0_usize..7, 0..20),
            v4 in 0_u8..40,
            v6 in 0_u8..140,
        ) {
            let hosts = some();
            for grouping in Grouping::ALL {
                let chosen = rows.iter().filter_map(|row| Some((HostId::at(*row), hosts.get(*row)?)));
                let mut known: Vec<HostId> = chosen.clone().map(|(id, _)| id).collect();
                let found = groups_by(chosen, grouping, Prefixes { v4, v6 });
                let mut back: Vec<HostId> =
                    found.iter().flat_map(|group| group.hosts.clone()).collect();
                for group in &found {
                    let kept: Vec<HostId> = known
                        .iter()
                        .copied()
                        .filter(|row| group.hosts.contains(row))
                        .collect();
                    prop_assert_eq!(&kept, &group.hosts);
                    prop_assert_eq!(group.states.values().sum::<usize>(), group.hosts.len());
                }
                back.sort_unstable();
                known.sort_unstable();
                prop_assert_eq!(back, known);
            }
        }
    }
}
