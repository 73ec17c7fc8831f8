use std::collections::BTreeMap;
use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Endpoint, HostKey, Texts};

/// What a scan probes and how, with its lists expanded: with the newest checkpoint, all that another run needs to resume it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct PlannedWork {
    /// The same in scans of the same targets and excludes, in whatever order these were given: the name of the saved fleet, else a
    /// digest. Addresses that are listed one by one are other targets than the range of them. A resume that excludes more keeps it.
    pub target_key: Box<str>,
    /// Version of the order in which the endpoints are tried.
    pub permutation: u32,
    /// Addresses and ranges by port, as in `10.0.0.1` and `10.0.0.5-10.0.0.9`, without those excluded.
    pub endpoints: BTreeMap<u16, Texts>,
    /// Those of the endpoints that the user listed one by one.
    pub listed: BTreeMap<u16, Texts>,
    /// Names to be resolved, each with its port, as in `srv05.example:3389`.
    pub names: Texts,
    /// Addresses that a list has in the row of a name: they are scanned where the name is not resolved.
    #[serde(default)]
    pub row_addresses: BTreeMap<Box<str>, Texts>,
    /// Addresses and ranges that are never contacted.
    pub excluded: Texts,
    /// Settings of the scan, as in a settings file.
    pub settings: BTreeMap<Box<str>, Box<str>>,
}

/// No scan lists more hosts one by one; a plan that says so is damaged.
const MOST_LISTED: usize = 1 << 20;

impl PlannedWork {
    /// What the user listed one by one: endpoints, then names. What cannot be read is left out.
    pub fn listed_hosts(&self) -> impl Iterator<Item = HostKey> {
        let endpoints = self.listed.iter().flat_map(|(port, ranges)| {
            let addresses = ranges.iter().flat_map(addresses);
            addresses.map(|address| HostKey::Endpoint(Endpoint::new(address, *port)))
        });
        let names = self.names.iter().filter_map(|text| {
            let (name, port) = text.rsplit_once(':')?;
            Some(HostKey::Unresolved {
                name: name.to_owned(),
                port: port.parse().ok()?,
            })
        });
        endpoints.take(MOST_LISTED).chain(names)
    }
}

/// The addresses of a text such as `10.0.0.5-10.0.0.9`.
fn addresses(text: &str) -> impl Iterator<Item = IpAddr> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let range = match (first.parse(), last.parse()) {
        (Ok(IpAddr::V4(first)), Ok(IpAddr::V4(last))) => Some((
            u128::from(first.to_bits()),
            u128::from(last.to_bits()),
            true,
        )),
        (Ok(IpAddr::V6(first)), Ok(IpAddr::V6(last))) => {
            Some((first.to_bits(), last.to_bits(), false))
        }
        _ => None,
    };
    range.into_iter().flat_map(|(first, last, is_v4)| {
        (first..=last).map(move |number| match u32::try_from(number) {
            Ok(number) if is_v4 => IpAddr::V4(number.into()),
            _ => IpAddr::V6(number.into()),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listed_hosts_are_the_endpoints_and_the_names() {
        let texts = |texts: &[&str]| texts.iter().collect();
        let work = PlannedWork {
            listed: BTreeMap::from([
                (
                    3389,
                    texts(&["10.0.0.5-10.0.0.6", "2001:db8::5", "damaged"]),
                ),
                (3390, texts(&["10.0.0.5"])),
            ]),
            names: texts(&["srv05.example:3389", "no-port"]),
            ..PlannedWork::default()
        };
        let hosts: Vec<String> = work.listed_hosts().map(|host| host.to_string()).collect();
        let wanted = [
            "10.0.0.5:3389",
            "10.0.0.6:3389",
            "[2001:db8::5]:3389",
            "10.0.0.5:3390",
            "srv05.example:3389",
        ];
        assert_eq!(hosts, wanted);
    }
}
