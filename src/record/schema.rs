//! What a `name/major[.minor]` schema string means to a reader.

/// How a document's schema relates to the one that this version writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compatibility {
    /// The same, or an older minor version.
    Same,
    /// Same major version, newer minor: readable, what is unknown is left out.
    NewerMinor,
    /// A newer major version: not readable.
    NewerMajor,
    /// An older major version, which this version does not read.
    OlderMajor,
    /// Not this kind of document at all.
    Foreign,
}

/// Compares a document's schema with the one that this version writes, such as `rdpscan.events/1`.
#[must_use]
pub fn compare(found: &str, known: &str) -> Compatibility {
    let (Some((name, found)), Some((known_name, known))) = (split(found), split(known)) else {
        return Compatibility::Foreign;
    };
    if name != known_name {
        return Compatibility::Foreign;
    }
    match found.0.cmp(&known.0) {
        std::cmp::Ordering::Greater => Compatibility::NewerMajor,
        std::cmp::Ordering::Less => Compatibility::OlderMajor,
        std::cmp::Ordering::Equal if found.1 > known.1 => Compatibility::NewerMinor,
        std::cmp::Ordering::Equal => Compatibility::Same,
    }
}

/// `name`, and major and minor version; a missing minor is 0.
fn split(schema: &str) -> Option<(&str, (u32, u32))> {
    let (name, version) = schema.rsplit_once('/')?;
    let (major, minor) = version.split_once('.').unwrap_or((version, "0"));
    Some((name, (major.parse().ok()?, minor.parse().ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_major_then_minor() {
        for (found, wanted) in [
            ("rdpscan.events/1", Compatibility::Same),
            ("rdpscan.events/1.0", Compatibility::Same),
            ("rdpscan.events/1.7", Compatibility::NewerMinor),
            ("rdpscan.events/2", Compatibility::NewerMajor),
            ("rdpscan.events/0", Compatibility::OlderMajor),
            ("rdpscan.report/1", Compatibility::Foreign),
            ("rdpscan.events", Compatibility::Foreign),
            ("rdpscan.events/one", Compatibility::Foreign),
            ("", Compatibility::Foreign),
        ] {
            assert_eq!(compare(found, "rdpscan.events/1"), wanted, "{found}");
        }
    }
}
