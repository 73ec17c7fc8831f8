use std::collections::BTreeSet;

use serde::Deserialize;

use super::host::parse_build;
use super::{Address, FaultPoint, FaultSpec, HostSpec, Service, SimError, TargetForm};

/// The demo fleet, embedded.
const DEMO: &str = include_str!("../../config/demo-fleet.toml");

/// The most hosts that one fleet may have: each is a listening socket.
const MAX_HOSTS: usize = 512;

/// A fleet, its names, and the expected result of a scan.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// One line for people.
    pub title: String,
    /// Seed of random faults.
    #[serde(default = "first_seed")]
    pub seed: u64,
    /// Attempts per host; the default of the scan when absent.
    pub attempts: Option<u32>,
    /// The scan checks whether NLA is enforced.
    #[serde(default)]
    pub check_nla: bool,
    /// Exactly the ids of the banners about the scanning machine, in order.
    #[serde(default)]
    pub banners: Vec<String>,
    #[serde(default, rename = "host")]
    pub hosts: Vec<HostSpec>,
    /// Targets besides the hosts.
    #[serde(default, rename = "name")]
    pub names: Vec<NameSpec>,
    /// Forward records; they replace the default ones of a name.
    #[serde(default)]
    pub dns: Vec<DnsRecord>,
    /// Reverse records; they replace the default ones of an address.
    #[serde(default)]
    pub ptr: Vec<PtrRecord>,
}

const fn first_seed() -> u64 {
    1
}

/// A name as target, and the expected row of a name without an address.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NameSpec {
    pub name: String,
    #[serde(default)]
    pub about: String,
    #[serde(default)]
    /// For tests.
    pub expect: toml::Table,
}

/// An answer of the DNS server without records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DnsAnswer {
    Nxdomain,
    /// The name exists, without records of this kind.
    NoData,
    Servfail,
    Refused,
    /// No answer at all.
    Silent,
}

/// Addresses of a name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DnsRecord {
    pub name: String,
    /// A and AAAA.
    #[serde(default)]
    pub addresses: Vec<Address>,
    /// Instead of addresses.
    pub answer: Option<DnsAnswer>,
    #[serde(default = "usual_ttl")]
    pub ttl_s: u32,
}

/// Names of an address.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PtrRecord {
    pub address: Address,
    #[serde(default)]
    pub names: Vec<String>,
    /// Instead of names.
    pub answer: Option<DnsAnswer>,
}

pub(super) const fn usual_ttl() -> u32 {
    1200
}

impl Scenario {
    /// Parses and checks a scenario.
    pub fn from_toml(text: &str) -> Result<Self, SimError> {
        let scenario: Self =
            toml::from_str(text).map_err(|error| SimError::Syntax(error.to_string()))?;
        scenario.check()?;
        Ok(scenario)
    }

    /// The fleet of `rdpscan demo`.
    pub fn demo() -> Result<Self, SimError> {
        Self::from_toml(DEMO)
    }

    /// Rejects contradictions. [`super::SimulatedFleet::start`] checks again, since every field is public.
    pub fn check(&self) -> Result<(), SimError> {
        if self.hosts.len() > MAX_HOSTS {
            return invalid(
                "host",
                format!(
                    "{} hosts, at most {MAX_HOSTS} are possible",
                    self.hosts.len()
                ),
            );
        }
        let mut taken = BTreeSet::new();
        for host in &self.hosts {
            check_host(host)?;
            if host.port != 0 && !taken.insert((host.address, host.port)) {
                return invalid(
                    &host.address.to_string(),
                    format!(
                        "port {} is given twice; one host per address and port",
                        host.port
                    ),
                );
            }
        }
        for record in &self.dns {
            check_name(&record.name)?;
            record.addresses.iter().try_for_each(check_loopback)?;
            if record.addresses.is_empty() == record.answer.is_none() {
                return invalid(&record.name, "give either addresses or an answer");
            }
        }
        for record in &self.ptr {
            check_loopback(&record.address)?;
            record.names.iter().try_for_each(|name| check_name(name))?;
            if record.names.is_empty() == record.answer.is_none() {
                return invalid(
                    &record.address.to_string(),
                    "give either names or an answer",
                );
            }
        }
        self.names
            .iter()
            .try_for_each(|target| check_name(&target.name))
    }
}

fn check_host(host: &HostSpec) -> Result<(), SimError> {
    let entry = host.address.to_string();
    check_loopback(&host.address)?;
    host.names.iter().try_for_each(|name| check_name(name))?;
    if host.certificate.is_some() && !host.certificates.is_empty() {
        return invalid(&entry, "give either certificate or certificates");
    }
    if matches!(host.target, TargetForm::Name | TargetForm::Both) && host.names.is_empty() {
        return invalid(&entry, "a target by name needs a name");
    }
    if let Some(build) = &host.ntlm.build
        && parse_build(build).is_none()
    {
        return invalid(
            &entry,
            format!("build \"{build}\" is not of the form 10.0.20348"),
        );
    }
    for certificate in host.certificate_specs() {
        if certificate
            .rsa_key
            .is_some_and(|key| !(1..=8).contains(&key))
        {
            return invalid(&entry, "rsa_key is the number of a key, 1 to 8");
        }
        if certificate.fixture.is_some() && host.tls.is_live() {
            return invalid(
                &entry,
                "a fixture has no usable key; give it a tls that is canned, such as legacy_1.0",
            );
        }
    }
    host.faults
        .iter()
        .try_for_each(|fault| check_fault(host, fault))
}

fn check_fault(host: &HostSpec, fault: &FaultSpec) -> Result<(), SimError> {
    let entry = host.address.to_string();
    if matches!(host.service, Service::Refused | Service::Filtered) {
        return invalid(&entry, "a fault needs a service that accepts connections");
    }
    if !fault.pattern.is_empty() && fault.percent.is_some() {
        return invalid(&entry, "give a fault either a pattern or a percent");
    }
    if fault.percent.is_some_and(|percent| percent > 100) {
        return invalid(&entry, "percent is at most 100");
    }
    if fault.after >= FaultPoint::ClientHello && !host.uses_tls() {
        return invalid(&entry, "a fault in TLS needs a security that uses TLS");
    }
    if fault.after >= FaultPoint::Tsrequest && !host.tls.is_live() {
        return invalid(&entry, "canned TLS never gets as far as a TSRequest");
    }
    Ok(())
}

fn check_loopback(address: &Address) -> Result<(), SimError> {
    if address.0.is_loopback() {
        Ok(())
    } else {
        Err(SimError::NotLoopback(address.0))
    }
}

fn check_name(name: &str) -> Result<(), SimError> {
    let sound = !name.is_empty()
        && name.len() <= 253
        && name.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|byte| {
                    byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte)
                })
        });
    if sound {
        Ok(())
    } else {
        invalid(
            name,
            "a name is labels of lower-case letters, digits, - and _, without a final dot",
        )
    }
}

fn invalid(entry: &str, reason: impl Into<String>) -> Result<(), SimError> {
    Err(SimError::Invalid {
        entry: entry.to_owned(),
        reason: reason.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        Scenario::from_toml(&format!("title = \"t\"\n{text}"))
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn the_demo_fleet_is_sound_and_large() {
        let demo = Scenario::demo().unwrap();
        assert!(demo.hosts.len() >= 44, "{} hosts", demo.hosts.len());
        assert!(
            demo.hosts
                .iter()
                .all(|host| host.expect.contains_key("state"))
        );
    }

    #[test]
    fn anything_but_loopback_is_refused() {
        for text in [
            "[[host]]\naddress = \"10.0.0.1\"",
            "[[dns]]\nname = \"a.example\"\naddresses = [\"192.0.2.1\"]",
            "[[ptr]]\naddress = \"2001:db8::1\"\nnames = [\"a.example\"]",
        ] {
            assert!(refused(text).contains("not a loopback address"), "{text}");
        }
    }

    #[test]
    fn a_number_stands_for_an_address() {
        let scenario = Scenario::from_toml("title = \"t\"\n[[host]]\naddress = 300").unwrap();
        assert_eq!(scenario.hosts[0].address.to_string(), "127.77.1.44");
    }

    #[test]
    fn contradictions_are_refused_with_the_way_out() {
        for (text, word) in [
            ("[[host]]\naddress = 1\ncolour = 3", "unknown field"),
            (
                "[[host]]\naddress = 1\n[[host]]\naddress = 1",
                "given twice",
            ),
            ("[[host]]\naddress = 1\ntarget = \"name\"", "needs a name"),
            (
                "[[host]]\naddress = 1\nnames = [\"A.example\"]",
                "lower-case",
            ),
            (
                "[[host]]\naddress = 1\nsecurity = \"bare\"\nfault = [{ after = \"client_hello\", do = \"close\" }]",
                "uses TLS",
            ),
            (
                "[[host]]\naddress = 1\ncertificate = { fixture = \"rsa1024_sha1\" }",
                "canned",
            ),
            (
                "[[dns]]\nname = \"a.example\"",
                "either addresses or an answer",
            ),
            (
                "[[host]]\naddress = 1\nntlm = { build = \"2019\" }",
                "10.0.20348",
            ),
        ] {
            assert!(refused(text).contains(word), "{text}: {}", refused(text));
        }
    }
}
