//! What the simulated DNS server knows: a pure table from questions to answers.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::scenario::usual_ttl;
use super::{DnsAnswer, HostDns, Scenario};

/// What there is to say about a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Forward {
    /// Addresses of both families and the time to live.
    Addresses(Vec<IpAddr>, u32),
    /// Trouble.
    Trouble(DnsAnswer),
}

/// What there is to say about an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reverse {
    /// Names.
    Names(Vec<String>),
    /// Trouble.
    Trouble(DnsAnswer),
}

/// All records. What is not here does not exist: the server speaks for every domain and asks nobody else.
#[derive(Debug, Default)]
pub(super) struct Zone {
    forward: BTreeMap<String, Forward>,
    reverse: BTreeMap<IpAddr, Reverse>,
}

impl Zone {
    /// Collects the records of a scenario; `place` tells where a written address really lives.
    pub(super) fn of(scenario: &Scenario, place: impl Fn(IpAddr) -> IpAddr) -> Self {
        let mut zone = Self::default();
        for host in &scenario.hosts {
            let address = place(host.address.0);
            if matches!(host.dns, HostDns::Both | HostDns::Forward) {
                for name in &host.names {
                    zone.add_address(name, address);
                }
            }
            if let (HostDns::Both | HostDns::Reverse, Some(name)) = (host.dns, host.names.first()) {
                zone.add_name(address, name);
            }
        }
        for record in &scenario.dns {
            let known = match record.answer {
                Some(trouble) => Forward::Trouble(trouble),
                None => Forward::Addresses(
                    record
                        .addresses
                        .iter()
                        .map(|address| place(address.0))
                        .collect(),
                    record.ttl_s,
                ),
            };
            zone.forward.insert(record.name.clone(), known);
        }
        for record in &scenario.ptr {
            let known = match record.answer {
                Some(trouble) => Reverse::Trouble(trouble),
                None => Reverse::Names(record.names.clone()),
            };
            zone.reverse.insert(place(record.address.0), known);
        }
        zone
    }

    fn add_address(&mut self, name: &str, address: IpAddr) {
        let known = self
            .forward
            .entry(name.to_owned())
            .or_insert_with(|| Forward::Addresses(Vec::new(), usual_ttl()));
        if let Forward::Addresses(addresses, _) = known
            && !addresses.contains(&address)
        {
            addresses.push(address);
        }
    }

    fn add_name(&mut self, address: IpAddr, name: &str) {
        let known = self
            .reverse
            .entry(address)
            .or_insert_with(|| Reverse::Names(Vec::new()));
        if let Reverse::Names(names) = known
            && !names.iter().any(|known| known == name)
        {
            names.push(name.to_owned());
        }
    }

    /// What is known of a name, whatever its case and final dot.
    pub(super) fn forward(&self, name: &str) -> Option<&Forward> {
        self.forward
            .get(&name.trim_end_matches('.').to_ascii_lowercase())
    }

    /// What is known of an address.
    pub(super) fn reverse(&self, address: IpAddr) -> Option<&Reverse> {
        self.reverse.get(&address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(text: &str) -> Zone {
        let scenario = Scenario::from_toml(&format!("title = \"t\"\n{text}")).unwrap();
        Zone::of(&scenario, |address| address)
    }

    #[test]
    fn hosts_bring_their_own_records() {
        let zone = zone("[[host]]\naddress = 1\nnames = [\"a.example\", \"b.example\"]");
        let address: IpAddr = "127.77.0.1".parse().unwrap();
        for name in ["a.example", "B.Example."] {
            assert_eq!(
                zone.forward(name),
                Some(&Forward::Addresses(vec![address], 1200))
            );
        }
        assert_eq!(
            zone.reverse(address),
            Some(&Reverse::Names(vec!["a.example".into()]))
        );
    }

    #[test]
    fn a_written_record_wins() {
        let zone = zone(
            "[[host]]\naddress = 1\nnames = [\"a.example\"]\n[[dns]]\nname = \"a.example\"\nanswer = \"servfail\"",
        );
        assert_eq!(
            zone.forward("a.example"),
            Some(&Forward::Trouble(DnsAnswer::Servfail))
        );
    }

    #[test]
    fn hosts_of_one_name_share_it() {
        let zone = zone(
            "[[host]]\naddress = 1\nnames = [\"farm.example\"]\n[[host]]\naddress = 2\nnames = [\"farm.example\"]",
        );
        let Some(Forward::Addresses(addresses, _)) = zone.forward("farm.example") else {
            panic!("no addresses");
        };
        assert_eq!(addresses.len(), 2);
    }
}
