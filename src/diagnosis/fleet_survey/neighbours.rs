use std::collections::{BTreeMap, HashMap};

use derive_more::Display;
use ipnetwork::IpNetwork;

use crate::diagnosis::fingerprint::{COMPONENTS, Component, Fingerprint};
use crate::diagnosis::identity::{normal, ntlm_name};
use crate::model::{History, NameSource, domain_of, subnet};

/// Fewer neighbours than this show no custom.
const FEWEST: u32 = 10;
/// The share of them that is configured alike, in percent.
const MOST: u32 = 80;

/// Hosts that are usually set up alike. The domain is raw network text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Display)]
enum Neighbourhood {
    Domain(Box<str>),
    Subnet(IpNetwork),
}

/// Those of a host. The domain is that of the name in NTLM, else of the reverse or listed one.
fn neighbourhoods(history: &History) -> impl Iterator<Item = Neighbourhood> {
    let given = |source| {
        let names = history.names.iter().filter(|name| name.source == source);
        names.map(|name| normal(&name.name)).min()
    };
    let name = (history.ntlm().and_then(|ntlm| ntlm_name(ntlm)))
        .or_else(|| given(NameSource::Ptr))
        .or_else(|| given(NameSource::Target));
    let domain = name.and_then(|name| Some(Neighbourhood::Domain(domain_of(&name)?.into())));
    let endpoint = history.key.endpoint();
    let network = endpoint.and_then(|endpoint| subnet(endpoint.address));
    let network = network.map(Neighbourhood::Subnet);
    domain.into_iter().chain(network)
}

/// What nearly all hosts of a neighbourhood have in one component.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Custom {
    value: Box<str>,
    /// Hosts that have it.
    alike: u32,
    /// Hosts of which the component is known.
    known: u32,
}

/// The components with a custom that some host does not follow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Customs(BTreeMap<Neighbourhood, [Option<Custom>; COMPONENTS]>);

/// A component in which a host differs from nearly all of its neighbours. Texts from the network are raw.
#[derive(Debug, Clone, PartialEq, Eq, Display)]
#[display("{component} {value}, where {alike} of {neighbours} neighbours in {place} have {usual}")]
pub(crate) struct UnlikeNeighbours {
    pub(crate) component: &'static str,
    value: String,
    usual: Box<str>,
    alike: u32,
    neighbours: u32,
    place: Neighbourhood,
}

impl Customs {
    /// Each component once, by the domain if that shows it.
    pub(super) fn broken_by(&self, history: &History) -> Vec<UnlikeNeighbours> {
        let places = neighbourhoods(history).filter(|place| self.0.contains_key(place));
        let places: Vec<Neighbourhood> = places.collect();
        if places.is_empty() {
            return Vec::new();
        }
        let components = Fingerprint::of(history).components().into_iter();
        let unlike = components
            .enumerate()
            .filter_map(|(at, (component, value))| {
                let value = value?;
                places.iter().find_map(|place| {
                    let custom = self.0.get(place)?.get(at)?.as_ref()?;
                    (*custom.value != *value).then(|| UnlikeNeighbours {
                        component,
                        value: value.clone(),
                        usual: custom.value.clone(),
                        alike: custom.alike,
                        neighbours: custom.known - 1,
                        place: place.clone(),
                    })
                })
            });
        unlike.collect()
    }
}

/// Counts configurations by neighbourhood. Hosts share few, and each is kept once.
#[derive(Debug, Default)]
pub(super) struct Configurations {
    numbers: HashMap<Fingerprint, u32>,
    hosts: HashMap<Neighbourhood, BTreeMap<u32, u32>>,
}

impl Configurations {
    pub(super) fn add(&mut self, history: &History) {
        let fingerprint = Fingerprint::of(history);
        if !fingerprint.is_known() {
            return;
        }
        let next = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
        let number = *self.numbers.entry(fingerprint).or_insert(next);
        for place in neighbourhoods(history) {
            *self
                .hosts
                .entry(place)
                .or_default()
                .entry(number)
                .or_default() += 1;
        }
    }

    pub(super) fn finish(self) -> Customs {
        let mut known: Vec<_> = self.numbers.into_iter().collect();
        known.sort_unstable_by_key(|(_, number)| *number);
        let known: Vec<[Component; COMPONENTS]> = known
            .iter()
            .map(|(fingerprint, _)| fingerprint.components())
            .collect();
        let customs = self.hosts.into_iter().filter_map(|(place, hosts)| {
            // The host itself is none of its neighbours.
            if hosts.values().sum::<u32>() <= FEWEST {
                return None;
            }
            let customs = std::array::from_fn(|at| {
                let values = hosts.iter().filter_map(|(number, hosts)| {
                    let components = known.get(usize::try_from(*number).ok()?)?;
                    let (_, value) = components.get(at)?;
                    Some((value.as_deref()?, *hosts))
                });
                custom(values)
            });
            customs
                .iter()
                .any(Option::is_some)
                .then_some((place, customs))
        });
        Customs(customs.collect())
    }
}

/// The value that nearly all neighbours of a host with another one have. `None` also where every host has it.
fn custom<'a>(values: impl Iterator<Item = (&'a str, u32)>) -> Option<Custom> {
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for (value, hosts) in values {
        *counts.entry(value).or_default() += hosts;
    }
    let known: u32 = counts.values().sum();
    let (value, alike) = counts.into_iter().max_by_key(|(_, hosts)| *hosts)?;
    let neighbours = known - 1;
    let is_custom =
        neighbours >= FEWEST && u64::from(alike) * 100 >= u64::from(neighbours) * u64::from(MOST);
    (is_custom && alike < known).then(|| Custom {
        value: value.into(),
        alike,
        known,
    })
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::testing::{
        HostMaker, attempt, certificate, legacy, ntlm, reset, times, tls,
    };
    use crate::model::{Confidence, NtlmFacts, Severity, TlsFacts, TlsVersion};

    const ID: &str = "RDP-CONFIG-DIFFERS";
    const DOMAIN: &str = "corp.example";
    const MODERN: Option<TlsVersion> = Some(TlsVersion::TLS_1_3);

    /// A host with this version of TLS; `None` for one whose handshake fails.
    fn at(address: &str, domain: &str, version: Option<TlsVersion>) -> HostMaker {
        let name = format!("{}.{domain}", address.replace(['.', ':'], "-"));
        let facts = |version| TlsFacts {
            version: Some(version),
            ..tls(certificate(&name))
        };
        let made = times(3, || match version {
            Some(version) => attempt().shown(facts(version)).identified(ntlm(&name)),
            None => attempt().tls_fails(reset(0), reset(0)).edit(|attempt| {
                let named = NtlmFacts {
                    version: None,
                    ..ntlm(&name)
                };
                attempt.ntlm = Some(named.into());
            }),
        });
        made.at(address)
    }

    /// So many hosts of one network, each with what `version` says of its number.
    fn hosts(count: u8, version: impl Fn(u8) -> Option<TlsVersion>) -> Vec<HostMaker> {
        let hosts = 0..count;
        let made = hosts.map(|one| at(&format!("10.0.0.{}", one + 10), DOMAIN, version(one)));
        made.collect()
    }

    /// The host with TLS 1.2.
    fn odd() -> HostMaker {
        at("10.0.0.200", DOMAIN, Some(TlsVersion::TLS_1_2))
    }

    #[test]
    fn a_host_unlike_ten_neighbours_is_told_in_what_it_differs() {
        let fleet = hosts(10, |_| MODERN);
        let finding = odd().among(&fleet).assert_fires(ID);
        assert_eq!(
            (finding.severity, finding.confidence),
            (Severity::Info, Confidence::Sure)
        );
        assert_eq!(finding.title, "Configured unlike the neighbours: TLS");
        assert_eq!(
            finding.evidence,
            "TLS 1.2, where 10 of 10 neighbours in corp.example have 1.3"
        );
        // They differ from one host alone.
        let mut others = hosts(10, |_| MODERN);
        let neighbour = others.pop().unwrap();
        others.push(odd());
        neighbour.among(&others).assert_silent(ID);
    }

    #[test]
    fn several_components_are_told_one_by_one() {
        let mut odd = odd();
        for attempt in &mut odd.history.attempts {
            let named = NtlmFacts {
                version: Some((10, 0, 14_393)),
                ..ntlm("odd.corp.example")
            };
            attempt.ntlm = Some(named.into());
        }
        let finding = odd.among(&hosts(12, |_| MODERN)).assert_fires(ID);
        assert_eq!(
            finding.title,
            "Configured unlike the neighbours: TLS, build"
        );
        assert!(finding.evidence.ends_with(
            "; build 10.0.14393, where 12 of 12 neighbours in corp.example have 10.0.20348"
        ));
    }

    #[test]
    fn hosts_of_one_network_are_neighbours_whatever_their_domains() {
        let fleet: Vec<HostMaker> = (10..20)
            .map(|last| {
                let version = MODERN;
                at(
                    &format!("10.0.0.{last}"),
                    &format!("d{last}.example"),
                    version,
                )
            })
            .collect();
        let finding = odd().among(&fleet).assert_fires(ID);
        assert!(finding.evidence.contains(" in 10.0.0.0/24 "), "{finding:?}");
    }

    #[test]
    fn nine_neighbours_are_too_few() {
        odd().among(&hosts(9, |_| MODERN)).assert_silent(ID);
        // Ten of which one is unknown in the component are nine, too.
        let one_unknown = |one| MODERN.filter(|_| one > 0);
        odd().among(&hosts(10, one_unknown)).assert_silent(ID);
    }

    #[test]
    fn four_fifths_of_the_neighbours_are_enough_and_less_is_not() {
        let of = |alike: u8| {
            let version = move |one| {
                let rest = TlsVersion(0x0305 + u16::from(one));
                Some(if one < alike {
                    TlsVersion::TLS_1_3
                } else {
                    rest
                })
            };
            odd().among(&hosts(100, version))
        };
        assert!(of(80).assert_fires(ID).evidence.contains("80 of 100"));
        of(79).assert_silent(ID);
    }

    #[test]
    fn two_halves_are_no_custom() {
        let half = |one| {
            Some(if one % 2 == 0 {
                TlsVersion::TLS_1_3
            } else {
                TlsVersion::TLS_1_2
            })
        };
        odd().among(&hosts(40, half)).assert_silent(ID);
    }

    /// Every host differs from all the others.
    #[test]
    fn where_every_host_is_unlike_the_others_none_is_told() {
        let each = |one| Some(TlsVersion(0x0305 + u16::from(one)));
        odd().among(&hosts(40, each)).assert_silent(ID);
    }

    #[test]
    fn hosts_of_other_domains_and_networks_are_no_neighbours() {
        let fleet: Vec<HostMaker> = (0..40)
            .map(|one| {
                let version = MODERN;
                at(
                    &format!("10.0.{}.7", one + 1),
                    &format!("d{}.example", one % 5),
                    version,
                )
            })
            .collect();
        odd().among(&fleet).assert_silent(ID);
    }

    #[test]
    fn what_is_unknown_of_the_host_or_of_its_neighbours_differs_from_nothing() {
        let fleet = hosts(20, |_| MODERN);
        at("10.0.0.200", DOMAIN, None)
            .among(&fleet)
            .assert_silent(ID);
        odd().among(&hosts(20, |_| None)).assert_silent(ID);
        // The legacy hello is answered with TLS 1.2 by servers of TLS 1.3, too.
        let peek = times(3, || attempt().shown(legacy(TlsVersion::TLS_1_2)));
        peek.at("10.0.0.200").among(&fleet).assert_silent(ID);
    }

    #[test]
    fn what_differs_between_the_attempts_at_a_host_is_not_compared() {
        let mut farm = odd();
        let first = farm.history.attempts.first_mut().unwrap();
        std::sync::Arc::make_mut(first.tls.as_mut().unwrap()).version = Some(TlsVersion::TLS_1_3);
        farm.among(&hosts(20, |_| MODERN)).assert_silent(ID);
    }
}
