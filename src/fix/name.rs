//! Names for the script and other files: checked, not escaped.

use std::fmt;
use std::net::IpAddr;

use derive_more::Display;

/// The most characters of a name, RFC 1035 2.3.4.
const LONGEST: usize = 253;
/// The most characters of a label, RFC 1035 2.3.4.
const LONGEST_LABEL: usize = 63;

/// A valid host name in lower case, without a final dot: labels of ASCII letters, digits, `-` and `_` (which Windows allows).
///
/// INVARIANT: no character is special in `PowerShell`, `.rdp` files, Markdown tables or file systems.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HostName(String);

impl HostName {
    pub fn parse(text: &str) -> Result<Self, NameFault> {
        let text = text.strip_suffix('.').unwrap_or(text);
        if text.is_empty() {
            return Err(NameFault::Empty);
        }
        if let Some(found) = text
            .chars()
            .find(|found| !found.is_ascii_alphanumeric() && !matches!(found, '-' | '_' | '.'))
        {
            return Err(NameFault::Character(found));
        }
        if text.len() > LONGEST {
            return Err(NameFault::TooLong(text.len()));
        }
        for label in text.split('.') {
            if label.is_empty() || label.len() > LONGEST_LABEL {
                return Err(NameFault::Label(label.len()));
            }
            if label.starts_with('-') || label.ends_with('-') {
                return Err(NameFault::Hyphen);
            }
        }
        // `10.0.0.5`, `167772165` and `0x0a.1` are addresses to resolvers (URL Standard, "ends in a number").
        let last = text.rsplit('.').next().unwrap_or_default();
        let hexadecimal = last
            .strip_prefix("0x")
            .or_else(|| last.strip_prefix("0X"))
            .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_hexdigit()));
        if hexadecimal || last.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NameFault::Number);
        }
        Ok(Self(text.to_ascii_lowercase()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameFault {
    #[error("it is empty")]
    Empty,
    #[error(
        "U+{:04X} does not belong in a host name: only letters, digits, hyphens and dots do (and names in other scripts begin with xn--)",
        *.0 as u32
    )]
    Character(char),
    #[error("it has {0} characters, and a host name has at most {LONGEST}")]
    TooLong(usize),
    #[error("a part between dots has {0} characters, and 1 to {LONGEST_LABEL} are allowed")]
    Label(usize),
    /// A command line may parse a leading hyphen as an option.
    #[error("a part begins or ends with a hyphen")]
    Hyphen,
    /// Resolvers parse it as an address.
    #[error("it ends in a number and would be taken for an address")]
    Number,
}

/// The target of the script.
#[derive(Debug, Clone, PartialEq, Eq, Display)]
pub enum Computer {
    /// A name that resolves to the host.
    Name(HostName),
    Address(IpAddr),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_names_are_taken() {
        for name in [
            "srv05",
            "SRV05.corp.example.",
            "a-b_c.d",
            "xn--mnchen-3ya.example",
            "1a",
        ] {
            let taken = HostName::parse(name).unwrap();
            assert_eq!(taken.as_str(), name.trim_end_matches('.').to_lowercase());
        }
    }

    #[test]
    fn everything_else_is_refused_with_its_reason() {
        let long = ["a".repeat(60).as_str(); 5].join(".");
        for (name, fault) in [
            ("", NameFault::Empty),
            (".", NameFault::Empty),
            ("a'b", NameFault::Character('\'')),
            ("a\u{2019}b", NameFault::Character('\u{2019}')),
            ("a\nb", NameFault::Character('\n')),
            ("$(x)", NameFault::Character('$')),
            ("a b", NameFault::Character(' ')),
            ("*.corp.example", NameFault::Character('*')),
            ("münchen", NameFault::Character('ü')),
            (long.as_str(), NameFault::TooLong(304)),
            ("a..b", NameFault::Label(0)),
            ("-whatif", NameFault::Hyphen),
            ("a-.b", NameFault::Hyphen),
            ("10.0.0.5", NameFault::Number),
            ("a.0x1f", NameFault::Number),
            ("167772165", NameFault::Number),
        ] {
            assert_eq!(HostName::parse(name), Err(fault), "{name:?}");
        }
    }

    #[test]
    fn a_label_has_its_limit() {
        assert!(HostName::parse(&"a".repeat(63)).is_ok());
        assert_eq!(HostName::parse(&"a".repeat(64)), Err(NameFault::Label(64)));
    }
}
