//! The records of the simulated DNS server.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::scenario::usual_ttl;
use super::{DnsAnswer, HostDns, Scenario};

/// The addresses of a name and their time to live, or why there are none.
type Forward = Result<(Vec<IpAddr>, u32), DnsAnswer>;
/// The names of an address, or why there are none.
type Reverse = Result<Vec<String>, DnsAnswer>;

/// The server is authoritative for every domain: other names do not exist.
#[derive(Debug, Default)]
pub(super) struct Zone {
    forward: BTreeMap<String, Forward>,
    reverse: BTreeMap<IpAddr, Reverse>,
}

impl Zone {
    /// The records of a scenario; `place` maps its addresses to the real ones.
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
            let addresses = record.addresses.iter();
            let addresses: Vec<_> = addresses.map(|address| place(address.0)).collect();
            let known = record.answer.map_or(Ok((addresses, record.ttl_s)), Err);
            zone.forward.insert(record.name.clone(), known);
        }
        for record in &scenario.ptr {
            let known = record.answer.map_or_else(|| Ok(record.names.clone()), Err);
            zone.reverse.insert(place(record.address.0), known);
        }
        zone
    }

    fn add_address(&mut self, name: &str, address: IpAddr) {
        let known = self
            .forward
            .entry(name.to_owned())
            .or_insert_with(|| Ok((Vec::new(), usual_ttl())));
        if let Ok((addresses, _)) = known
            && !addresses.contains(&address)
        {
            addresses.push(address);
        }
    }

    fn add_name(&mut self, address: IpAddr, name: &str) {
        let known = self
            .reverse
            .entry(address)
            .or_insert_with(|| Ok(Vec::new()));
        if let Ok(names) = known
            && !names.iter().any(|known| known == name)
        {
            names.push(name.to_owned());
        }
    }

    /// Case and a final dot of the name do not matter.
    pub(super) fn forward(&self, name: &str) -> Option<&Forward> {
        self.forward
            .get(&name.trim_end_matches('.').to_ascii_lowercase())
    }

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
            assert_eq!(zone.forward(name), Some(&Ok((vec![address], 1200))));
        }
        assert_eq!(zone.reverse(address), Some(&Ok(vec!["a.example".into()])));
    }

    #[test]
    fn a_written_record_wins() {
        let zone = zone(
            "[[host]]\naddress = 1\nnames = [\"a.example\"]\n[[dns]]\nname = \"a.example\"\nanswer = \"servfail\"",
        );
        assert_eq!(zone.forward("a.example"), Some(&Err(DnsAnswer::Servfail)));
    }

    #[test]
    fn hosts_of_one_name_share_it() {
        let zone = zone(
            "[[host]]\naddress = 1\nnames = [\"farm.example\"]\n[[host]]\naddress = 2\nnames = [\"farm.example\"]",
        );
        let Some(Ok((addresses, _))) = zone.forward("farm.example") else {
            panic!("no addresses");
        };
        assert_eq!(addresses.len(), 2);
    }
}
