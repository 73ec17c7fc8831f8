//! Which text is a DNS name, and its forms.

use std::net::IpAddr;

use hickory_resolver::proto::rr::Name;

/// Longest DNS name in characters, without the final dot (RFC 1035 2.3.4 less length bytes and root).
const NAME_LIMIT: usize = 253;
/// Most names kept of one reverse lookup.
const POINTER_LIMIT: usize = 8;

/// A name that can be asked.
pub(super) struct Wanted {
    /// As the user or a host gave it: lower case, without the final dot.
    pub(super) text: Box<str>,
    /// The same with international labels in their ASCII form (RFC 5891), for the operating system.
    pub(super) ascii: Box<str>,
    /// For hickory. Fully qualified, whatever the number of labels: the search list is our own business.
    pub(super) name: Name,
}

/// The name, when it is one.
///
/// Text whose last label is a number is none: resolvers read `10`, `0x7f.1` and `1.2.3` as addresses (`inet_aton`), so that a
/// certificate could lead the scan to any address without a lookup.
pub(super) fn wanted(name: &str) -> Option<Wanted> {
    let text = name.strip_suffix('.').unwrap_or(name).to_lowercase();
    if text.is_empty() || text.chars().count() > NAME_LIMIT || text.parse::<IpAddr>().is_ok() {
        return None;
    }
    // Backslashes escape in hickory's names but nowhere else, and a wildcard in a certificate is no host.
    let outlawed = |character: char| {
        character.is_control()
            || character.is_whitespace()
            || matches!(character, '\\' | '*' | '/' | ':' | '@')
    };
    if text.chars().any(outlawed) || text.split('.').any(str::is_empty) {
        return None;
    }
    if text.rsplit('.').next().is_some_and(is_number) {
        return None;
    }
    let mut name = if text.is_ascii() {
        Name::from_ascii(&text)
    } else {
        Name::from_utf8(&text)
    }
    .ok()?;
    name.set_fqdn(true);
    let mut ascii = name.to_ascii();
    ascii.truncate(ascii.trim_end_matches('.').len());
    Some(Wanted {
        text: text.into(),
        ascii: ascii.into(),
        name,
    })
}

/// Whether `inet_aton` would take a label as a number: decimal, octal or hexadecimal.
fn is_number(label: &str) -> bool {
    match label.strip_prefix("0x") {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => label.bytes().all(|byte| byte.is_ascii_digit()),
    }
}

/// The names of a reverse lookup as the model wants them: lower case, without the final dot, bounded, each once.
pub(super) fn pointers<'a>(names: impl IntoIterator<Item = &'a Name>) -> Vec<Box<str>> {
    let mut found: Vec<Box<str>> = Vec::new();
    for name in names {
        let text = name.to_ascii().to_ascii_lowercase();
        let text = text.strip_suffix('.').unwrap_or(&text);
        let text: Box<str> = text.chars().take(NAME_LIMIT).collect();
        if found.len() < POINTER_LIMIT && !text.is_empty() && !found.contains(&text) {
            found.push(text);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_the_final_dot_do_not_count() {
        let name = wanted("SRV05.Corp.Example.").unwrap();
        assert_eq!(&*name.text, "srv05.corp.example");
        assert_eq!(name.text, name.ascii);
        assert_eq!(name.name.to_ascii(), "srv05.corp.example.");
    }

    #[test]
    fn an_international_name_has_an_ascii_form() {
        let name = wanted("Büro.example").unwrap();
        assert_eq!(&*name.text, "büro.example");
        assert_eq!(&*name.ascii, "xn--bro-hoa.example");
    }

    #[test]
    fn netbios_habits_are_names() {
        for name in ["my_pc", "pc-2019", "2019-pc", "0xen", "a.b-c_d"] {
            assert!(wanted(name).is_some(), "{name}");
        }
    }

    #[test]
    fn what_is_no_name_is_not_asked() {
        let long = "a.".repeat(128);
        for name in [
            "",
            ".",
            "..",
            "a..b",
            "10.0.0.5",
            "::1",
            "fe80::1%2",
            "134744072",
            "127.1",
            "0x7f",
            "host.0x1",
            "*.corp.example",
            "a b",
            "a\0b",
            "a\\.b",
            "a/b",
            long.as_str(),
        ] {
            assert!(wanted(name).is_none(), "{name:?}");
        }
    }

    #[test]
    fn pointers_are_lower_case_bounded_and_distinct() {
        let names: Vec<Name> = ["A.Example.", "a.example.", "."]
            .into_iter()
            .map(str::to_owned)
            .chain((0..20).map(|index| format!("n{index}.example.")))
            .map(|name| Name::from_ascii(name).unwrap())
            .collect();
        let found = pointers(&names);
        assert_eq!(found.len(), POINTER_LIMIT);
        assert_eq!(&*found[0], "a.example");
        assert_eq!(&*found[1], "n0.example");
    }
}
