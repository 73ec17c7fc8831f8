//! A list of addresses, as of those that a worker may contact.

use std::net::IpAddr;

use super::error::{Refusal, excerpt};
use super::list::words;
use super::ranges::{RangeSet, number};
use super::spec;

/// Addresses, ranges and networks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddressList {
    ranges: RangeSet,
    texts: Vec<String>,
}

impl AddressList {
    /// Reads words such as `10.0.0.0/8`, `10.0.0.5-10.0.0.9` and `2001:db8::5`; an empty text is an empty list.
    ///
    /// # Errors
    /// A word is none of them.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let mut ranges = Vec::new();
        let mut texts = Vec::new();
        for word in words(text) {
            let refused = |_| {
                Refusal::new(
                    format!("`{}` is no address, range or network", excerpt(word)),
                    "use addresses as in 10.0.0.0/8, 10.0.0.5-10.0.0.9 or 10.0.0.7",
                )
            };
            ranges.extend(spec::exclude(word).map_err(refused)?);
            texts.push(word.to_owned());
        }
        Ok(Self {
            ranges: RangeSet::of(ranges),
            texts,
        })
    }

    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.ranges.contains(number(address))
    }

    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// The words, as given.
    #[must_use]
    pub fn texts(&self) -> &[String] {
        &self.texts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_ranges_and_networks_are_in_it_and_nothing_else() {
        let list = AddressList::parse("10.0.0.0/24, 10.0.1.5-10.0.1.6 2001:db8::/64").unwrap();
        let holds = |text: &str| list.contains(text.parse().unwrap());
        for text in [
            "10.0.0.0",
            "10.0.0.255",
            "10.0.1.6",
            "2001:db8::7",
            "::ffff:10.0.0.9",
        ] {
            assert!(holds(text), "{text}");
        }
        for text in ["10.0.1.4", "10.0.1.7", "2001:db8:1::7", "127.0.0.1"] {
            assert!(!holds(text), "{text}");
        }
        assert!(AddressList::parse(" ").unwrap().is_empty());
    }

    #[test]
    fn names_and_ports_are_refused_by_their_word() {
        for word in ["dc01.example", "10.0.0.1:3389", "10.0.0.0/33"] {
            let refusal = AddressList::parse(&format!("10.0.0.1,{word}")).unwrap_err();
            assert!(refusal.reason.contains(word), "{refusal}");
        }
    }
}
