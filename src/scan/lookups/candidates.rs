//! Which of a host's names are worth a lookup.

use crate::model::{Attempt, NameSource, ObservedName};

/// Certificate names looked up per host.
const MOST_CERTIFICATE_NAMES: usize = 4;
/// Names looked up per host in all.
pub(in crate::scan) const MOST_NAMES: usize = 8;

/// The names that an attempt showed: that of NTLM first, since the host itself sends it.
pub(super) fn names_of(attempt: &Attempt) -> Vec<ObservedName> {
    let ntlm = attempt
        .ntlm
        .iter()
        .filter_map(|ntlm| ntlm.dns_computer.as_deref());
    let certificate = attempt
        .tls
        .iter()
        .filter_map(|tls| tls.leaf())
        .flat_map(|leaf| {
            let mut names = leaf.dns_names();
            // The common name is the one that a host is known by, wherever it stands among the others.
            let common = leaf.common_name.as_deref().unwrap_or_default();
            names.sort_by_key(|name| !name.eq_ignore_ascii_case(common));
            names
        })
        .take(MOST_CERTIFICATE_NAMES);
    ntlm.map(|name| (name, NameSource::Ntlm))
        .chain(certificate.map(|name| (name, NameSource::Certificate)))
        .filter_map(|(name, source)| {
            Some(ObservedName {
                name: normalise(name)?,
                source,
            })
        })
        .collect()
}

/// A name in lower case without the final dot, if it can be a host name at all (RFC 1123 2.1, underscores tolerated).
pub(in crate::scan) fn normalise(name: &str) -> Option<Box<str>> {
    let name = name.trim().trim_end_matches('.').to_lowercase();
    let fits = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    };
    let not_an_address = name.parse::<std::net::IpAddr>().is_err();
    (name.len() <= 253 && not_an_address && name.split('.').all(fits)).then(|| name.into())
}

/// Whether a name found on a host (not typed by the user) is looked up: a bare label means something else on every
/// machine, and link-local and loopback names never were in DNS.
pub(in crate::scan) fn is_worth_a_lookup(name: &ObservedName) -> bool {
    if name.source == NameSource::Target {
        return true;
    }
    let special = ["localhost", "localdomain", "local", "invalid", "arpa"];
    name.name
        .rsplit_once('.')
        .is_some_and(|(_, top)| !special.contains(&top))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_lower_case_without_the_final_dot() {
        assert_eq!(
            normalise("SRV05.Corp.Example.").as_deref(),
            Some("srv05.corp.example")
        );
    }

    #[test]
    fn wildcards_addresses_and_odd_characters_are_no_host_names() {
        for bad in [
            "*.corp.example",
            "10.0.0.1",
            "::1",
            "a b",
            "",
            ".",
            "a..b",
            "-x.example",
            "x\u{202e}y.example",
        ] {
            assert_eq!(normalise(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_bare_label_found_on_a_host_is_not_looked_up_but_a_typed_one_is() {
        let name = |source| ObservedName {
            name: "srv05".into(),
            source,
        };
        assert!(!is_worth_a_lookup(&name(NameSource::Certificate)));
        assert!(is_worth_a_lookup(&name(NameSource::Target)));
        assert!(!is_worth_a_lookup(&ObservedName {
            name: "printer.local".into(),
            source: NameSource::Ptr
        }));
    }
}
