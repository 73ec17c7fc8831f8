//! Hosts grouped by what they have in common, such as the finding to fix.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use ipnetwork::IpNetwork;

use crate::diagnosis::catalog;
use crate::diagnosis::remedies::{self, Remedy};
use crate::fleet::{Host, HostId};
use crate::model::{Finding, HostKey, HostState, Severity, domain_of, subnet};

/// Groupings with their words, the letters that pick them, and the label of hosts that belong to no group.
macro_rules! groupings {
    ($($(#[$doc:meta])* $name:ident $word:literal $letter:literal $none:literal;)*) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Grouping {
            $($(#[$doc])* $name,)*
        }

        impl Grouping {
            pub const ALL: [Self; [$($word),*].len()] = [$(Self::$name),*];

            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// Picks it in the menu.
            #[must_use]
            pub const fn letter(self) -> char {
                match self { $(Self::$name => $letter,)* }
            }

            const fn none(self) -> &'static str {
                match self { $(Self::$name => $none,)* }
            }
        }
    };
}

groupings! {
    /// By the worst finding.
    Finding "finding" 'f' "no finding";
    /// By the remedy to begin with.
    Remedy "remedy" 'r' "no remedy";
    State "state" 't' "no state";
    /// By the certificate's issuer; self-signed certificates are one group.
    Issuer "issuer" 'i' "no certificate";
    /// By the /24 of an IPv4 address, the /64 of an IPv6 address.
    Subnet "subnet" 's' "no address";
    /// By what follows the first label of the name.
    Domain "domain" 'd' "no domain";
    /// By the fingerprint of what it negotiates.
    Configuration "configuration" 'c' "no configuration";
}

const SELF_SIGNED: &str = "self-signed";

impl Grouping {
    fn key(self, host: &Host) -> Key<'_> {
        let diagnosis = &host.diagnosis;
        let key = match self {
            Self::Finding => diagnosis.worst().map(|finding| Key::text(finding.id)),
            Self::Remedy => diagnosis.first_remedy().map(Key::text),
            Self::State => Some(Key::Text {
                rank: diagnosis.state as i64,
                label: diagnosis.state.word().into(),
            }),
            Self::Issuer => host.certificate().map(|leaf| {
                Key::text(if leaf.self_issued {
                    SELF_SIGNED
                } else {
                    &leaf.issuer
                })
            }),
            Self::Subnet => match host.key() {
                HostKey::Endpoint(endpoint) => subnet(endpoint.address).map(Key::Subnet),
                HostKey::Unresolved { .. } => None,
            },
            Self::Domain => host
                .display_name()
                .and_then(domain_of)
                .map(|domain| Key::Text {
                    rank: 0,
                    label: domain.to_lowercase().into(),
                }),
            Self::Configuration => (host.sketch().configuration.as_deref()).map(Key::text),
        };
        // Text from the network may look like the label for having none: one label, one group.
        key.filter(|key| !matches!(key, Key::Text { label, .. } if label == self.none()))
            .unwrap_or(Key::None)
    }

    /// What puts a group before others of its rank, in which reports have findings and remedies, too.
    const fn weight(self, group: &Group) -> [usize; 3] {
        let size = group.hosts.len();
        match self {
            Self::Finding => [group.worst as usize, size, 0],
            Self::Remedy => [group.refusing, group.serious, size],
            Self::Issuer | Self::Configuration => [size, 0, 0],
            Self::State | Self::Subnet | Self::Domain => [0; 3],
        }
    }
}

/// In the order of groups that are as large as each other; hosts without a group come last.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Key<'a> {
    Subnet(IpNetwork),
    Text { rank: i64, label: Cow<'a, str> },
    None,
}

impl<'a> Key<'a> {
    fn text(label: &'a str) -> Self {
        Self::Text {
            rank: 0,
            label: label.into(),
        }
    }

    const fn rank(&self) -> i64 {
        match self {
            Self::Subnet(_) => 0,
            Self::Text { rank, .. } => *rank,
            Self::None => i64::MAX,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// A finding's id, a network such as `10.0.4.0/24`, or `no domain`: unique. Raw network text.
    pub label: Box<str>,
    pub hosts: Vec<HostId>,
    pub states: BTreeMap<HostState, usize>,
    /// The severity of the worst finding.
    worst: Severity,
    /// Hosts by the remedy to try first for their worst finding.
    remedies: BTreeMap<Option<&'static str>, usize>,
    /// Hosts that would refuse Remote Desktop.
    pub refusing: usize,
    /// Those, and hosts with a finding of at least medium severity.
    pub serious: usize,
}

impl Group {
    fn new(key: &Key<'_>, grouping: Grouping) -> Self {
        Self {
            label: match key {
                Key::Subnet(network) => network.to_string().into(),
                Key::Text { label, .. } => (&**label).into(),
                Key::None => grouping.none().into(),
            },
            hosts: Vec::new(),
            states: BTreeMap::new(),
            worst: Severity::Info,
            remedies: BTreeMap::new(),
            refusing: 0,
            serious: 0,
        }
    }

    /// What the label stands for, where that is an id: the title of the finding or the remedy.
    #[must_use]
    pub fn title(&self, grouping: Grouping) -> Option<&'static str> {
        match grouping {
            Grouping::Finding => catalog::kind(&self.label).map(|kind| kind.title),
            Grouping::Remedy => remedies::find(&self.label).map(|remedy| &*remedy.title),
            _ => None,
        }
    }

    /// The remedy to try first at most of the hosts, which are grouped by finding.
    #[must_use]
    pub fn remedy(&self, grouping: Grouping) -> Option<&'static Remedy> {
        let remedies = self.remedies.iter().rev();
        let remedies = remedies.filter(|_| grouping == Grouping::Finding);
        let (most, _) = remedies.max_by_key(|(_, hosts)| **hosts)?;
        remedies::find((*most)?)
    }
}

/// Groups hosts, keeping their order within each group.
#[must_use]
pub fn groups<'a>(
    hosts: impl Iterator<Item = (HostId, &'a Host)>,
    grouping: Grouping,
) -> Vec<Group> {
    let mut found: HashMap<Key<'a>, Group> = HashMap::new();
    for (id, host) in hosts {
        let key = grouping.key(host);
        let group = (found.entry(key)).or_insert_with_key(|key| Group::new(key, grouping));
        let diagnosis = &host.diagnosis;
        let worst = diagnosis.worst().map_or(Severity::Info, |one| one.severity);
        let refuses = diagnosis.would_refuse();
        let remedy = diagnosis.worst().and_then(Finding::remedy);
        *group.remedies.entry(remedy).or_default() += 1;
        group.hosts.push(id);
        *group.states.entry(diagnosis.state).or_default() += 1;
        group.worst = group.worst.max(worst);
        group.refusing += usize::from(refuses);
        group.serious += usize::from(refuses || worst >= Severity::Medium);
    }
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_unstable_by(|(one, group), (other, another)| {
        let by_rank = one.rank().cmp(&other.rank());
        by_rank
            .then_with(|| grouping.weight(another).cmp(&grouping.weight(group)))
            .then_with(|| one.cmp(other))
    });
    found.into_iter().map(|(_, group)| group).collect()
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

    fn labels(hosts: &[Host], grouping: Grouping) -> Vec<(String, usize)> {
        let hosts = (0..).map(HostId::at).zip(hosts);
        groups(hosts, grouping)
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
    fn subnets_stand_by_address() {
        let hosts = some();
        let usual = labels(&hosts, Grouping::Subnet);
        let expected = [
            ("10.0.4.0/24", 2),
            ("10.0.20.0/24", 1),
            ("2001:db8::/64", 2),
        ];
        assert_eq!(
            usual,
            expected.map(|(label, count)| (label.to_owned(), count))
        );
    }

    /// Labels tell groups apart, so no two groups may have the same.
    #[test]
    fn domains_know_no_case_and_no_address_and_no_label_twice() {
        let found = labels(&some(), Grouping::Domain);
        let expected = [("corp.example", 2), ("no domain", 3)];
        assert_eq!(
            found,
            expected.map(|(label, count)| (label.to_owned(), count))
        );
    }

    #[test]
    fn hosts_with_the_same_worst_finding_are_one_group_with_its_remedy() {
        let hosts = some();
        let rows = (0..).map(HostId::at).zip(&hosts);
        let found = groups(rows, Grouping::Finding);
        let [group] = found.as_slice() else {
            panic!("{found:?}");
        };
        let worst = &hosts[0].diagnosis.findings[0];
        assert_eq!((&*group.label, group.hosts.len()), (worst.id, 5));
        let remedy = group.remedy(Grouping::Finding).unwrap();
        assert_eq!(Some(&*remedy.key), worst.remedy());
        assert_eq!(group.remedy(Grouping::Domain), None);
        let mut without = hosts.clone();
        for host in &mut without[1..] {
            host.diagnosis.findings[0].remedies = &[];
        }
        let rows = (0..).map(HostId::at).zip(&without);
        let found = groups(rows, Grouping::Finding);
        assert_eq!(found[0].remedy(Grouping::Finding), None, "at most of them");
        let by_remedy = labels(&hosts, Grouping::Remedy);
        assert_eq!(by_remedy, [(remedy.key.clone(), 5)]);
    }

    #[test]
    fn the_most_severe_finding_comes_first_and_then_the_most_frequent() {
        let of = |(id, severity): (&'static str, Severity)| {
            let mut host = host("10.0.0.5", "a.example");
            let finding = &mut host.diagnosis.findings[0];
            (finding.id, finding.severity) = (id, severity);
            host
        };
        let hosts = [
            ("RDP-KRB-NOTE", Severity::Info),
            ("RDP-KRB-NOTE", Severity::Info),
            // As it is at one host, whatever is usual.
            ("RDP-DNS-STALE", Severity::Low),
            ("RDP-DNS-STALE", Severity::Critical),
            ("RDP-TCP-TIMEOUT", Severity::High),
            ("RDP-TCP-REFUSED", Severity::High),
            ("RDP-TCP-REFUSED", Severity::Low),
        ]
        .map(of);
        let found = labels(&hosts, Grouping::Finding);
        let order: Vec<&str> = found.iter().map(|(label, _)| label.as_str()).collect();
        let in_reports = crate::fleet::Summary::of(&hosts);
        let in_reports = in_reports.worst_findings().into_iter().map(|(id, _)| id);
        assert_eq!(order, in_reports.collect::<Vec<_>>());
        assert_eq!(
            order,
            [
                "RDP-DNS-STALE",
                "RDP-TCP-REFUSED",
                "RDP-TCP-TIMEOUT",
                "RDP-KRB-NOTE"
            ]
        );
    }

    #[test]
    fn every_grouping_has_a_letter_of_its_own() {
        let mut letters: Vec<char> = Grouping::ALL.map(Grouping::letter).into();
        letters.sort_unstable();
        letters.dedup();
        assert_eq!(letters.len(), Grouping::ALL.len());
    }

    proptest! {
        #[test]
        fn groups_lose_nobody_and_keep_the_order_of_their_rows(
            rows in proptest::collection::vec(0_usize..7, 0..20),
        ) {
            let hosts = some();
            for grouping in Grouping::ALL {
                let chosen = rows.iter().filter_map(|row| Some((HostId::at(*row), hosts.get(*row)?)));
                let mut known: Vec<HostId> = chosen.clone().map(|(id, _)| id).collect();
                let found = groups(chosen, grouping);
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
