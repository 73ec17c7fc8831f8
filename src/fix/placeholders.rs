//! Lines of the handbook with the values of a host.
//!
//! Only checked text is inserted: host names and addresses. A line that needs a value which the scan does not know (a DNS server, an
//! alias, a future certificate) is none: a command about another machine is worse than no command.

use std::net::IpAddr;

use super::machine::{DetectedSystem, Machine};
use super::name::HostName;
use crate::fleet::Host;
use crate::model::{DEFAULT_PORT, Endpoint};

/// The values of a host.
#[derive(Debug, Clone, Default)]
pub(super) struct PlaceholderValues {
    address: Option<IpAddr>,
    port: Option<u16>,
    /// A name that users use.
    name: Option<HostName>,
    /// The first label of a name that resolves only here, and its DNS zone, the domain of the host.
    record: Option<(HostName, HostName)>,
    /// The name of the computer's account: its own name, where a name that resolves only here is the same.
    account: Option<String>,
    pub(super) is_not_windows: bool,
}

impl PlaceholderValues {
    pub(super) fn of(host: &Host) -> Self {
        let machine = Machine::new(host, &mut Vec::new());
        let history = host.history();
        let zone = history
            .ntlm()
            .and_then(|ntlm| HostName::parse(ntlm.dns_domain.as_deref()?).ok());
        let label = machine
            .own
            .as_ref()
            .and_then(|own| HostName::parse(own.as_str().split('.').next()?).ok());
        let record =
            machine
                .own
                .as_ref()
                .zip(label.clone())
                .zip(zone)
                .and_then(|((own, label), zone)| {
                    let whole = format!("{label}.{zone}");
                    (whole == own.as_str()).then_some((label, zone))
                });
        let account = label
            .filter(|label| machine.expected.as_ref() == Some(label))
            .map(|label| label.as_str().to_ascii_uppercase());
        Self {
            address: machine.address,
            port: Some(machine.port),
            name: machine.usual,
            record,
            account,
            is_not_windows: machine.system == DetectedSystem::Other,
        }
    }

    fn target(&self) -> Option<String> {
        let name = self.name.as_ref()?;
        Some(match self.port {
            Some(port) if port != DEFAULT_PORT => format!("/v:{name}:{port}"),
            _ => format!("/v:{name}"),
        })
    }
}

/// The value of an example in the handbook; `None` when it is not known.
type Value = fn(&PlaceholderValues) -> Option<String>;

/// What only the reader knows.
const READER: Value = |_| None;

/// Examples of the handbook. A text that begins with another comes before it.
const PLACEHOLDERS: [(&str, Value); 19] = [
    ("/v:srv05.corp.example", PlaceholderValues::target),
    ("/v:10.0.0.5", |known| {
        let endpoint = Endpoint::new(known.address?, known.port?);
        Some(format!("/v:{endpoint}"))
    }),
    ("srv05.corp.example", |known| {
        Some(known.name.as_ref()?.to_string())
    }),
    ("desk.corp.example", READER),
    ("broker.corp.example", READER),
    ("corp.example", |known| {
        Some(known.record.as_ref()?.1.to_string())
    }),
    ("srv05", |known| Some(known.record.as_ref()?.0.to_string())),
    ("SRV05", |known| known.account.clone()),
    ("10.0.0.11", READER),
    ("10.0.0.12", READER),
    ("10.0.0.13", READER),
    ("10.0.0.53", READER),
    ("10.0.0.77", READER),
    ("10.0.0.5", |known| Some(known.address?.to_string())),
    ("10.0.9.0/24", READER),
    ("2001:db8::5", READER),
    ("Port 3389", |known| Some(format!("Port {}", known.port?))),
    (":3389", |known| Some(format!(":{}", known.port?))),
    ("-p 3389", |known| Some(format!("-p {}", known.port?))),
];

/// A line with all values; `None` when one is not known. Inserted values are not searched again.
pub(super) fn line(text: &str, known: &PlaceholderValues) -> Option<String> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let found = PLACEHOLDERS
            .iter()
            .find_map(|(word, value)| Some((rest.strip_prefix(word)?, value)));
        if found.is_none() && begins_with_words(rest) {
            return None;
        }
        if let Some((after, value)) = found {
            filled.push_str(&value(known)?);
            rest = after;
        } else {
            filled.push(c);
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
        }
    }
    Some(filled)
}

/// Whether a text begins with words in angle brackets, a value that only the reader knows.
fn begins_with_words(text: &str) -> bool {
    text.strip_prefix('<')
        .and_then(|rest| rest.split_once('>'))
        .is_some_and(|(words, _)| {
            !words.is_empty()
                && words
                    .chars()
                    .all(|c| c.is_alphabetic() || " -'".contains(c))
        })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::diagnosis::remedies::{self, Remedy};

    /// Values that the handbook does not have.
    pub(in crate::fix) fn all_known() -> PlaceholderValues {
        PlaceholderValues {
            address: Some("192.0.2.9".parse().unwrap()),
            port: Some(3390),
            name: HostName::parse("web1.ad.test").ok(),
            record: HostName::parse("web1")
                .ok()
                .zip(HostName::parse("ad.test").ok()),
            account: Some("WEB1".to_owned()),
            is_not_windows: false,
        }
    }

    pub(in crate::fix) fn is_of_the_handbook(text: &str) -> bool {
        let mut rest = text;
        while let Some((_, after)) = rest.split_once('<') {
            let word = after.split('>').next().unwrap_or_default();
            if after.contains('>') && word.chars().all(|c| c.is_ascii_lowercase() || c == ' ') {
                return true;
            }
            rest = after;
        }
        ["example", "srv05", "SRV05", "10.0.", "2001:db8", "3389"]
            .iter()
            .any(|word| text.contains(word))
    }

    fn lines_of_the_handbook() -> impl Iterator<Item = &'static str> {
        let commands = remedies::all().iter().flat_map(Remedy::commands);
        commands.flat_map(|command| command.text.lines())
    }

    #[test]
    fn nothing_of_the_handbooks_own_machines_is_ever_left() {
        for known in [PlaceholderValues::default(), all_known()] {
            for text in lines_of_the_handbook() {
                if let Some(line) = line(text, &known) {
                    assert!(!is_of_the_handbook(&line), "{line}");
                    assert!(!line.chars().any(char::is_control));
                }
            }
        }
    }

    #[test]
    fn every_placeholder_is_one_of_the_handbook() {
        for (word, _) in PLACEHOLDERS {
            assert!(
                lines_of_the_handbook().any(|line| line.contains(word)),
                "{word}"
            );
        }
    }

    #[test]
    fn a_port_of_its_own_goes_along() {
        let text = "mstsc /v:srv05.corp.example";
        let known = all_known();
        assert_eq!(line(text, &known).unwrap(), "mstsc /v:web1.ad.test:3390");
        let usual = PlaceholderValues {
            port: Some(DEFAULT_PORT),
            ..known
        };
        assert_eq!(line(text, &usual).unwrap(), "mstsc /v:web1.ad.test");
        assert_eq!(line("Remove-Item <thumbprint>", &usual), None);
    }
}
