use proptest::prelude::*;

use super::*;

#[test]
fn the_ranges_that_are_left_out_are_those_that_are_refused_one_by_one() {
    for range in SPECIAL {
        for (inside, outside) in [
            (range.first, range.first.checked_sub(1)),
            (range.last, range.last.checked_add(1)),
        ] {
            assert!(not_a_host(address(inside)).is_some(), "{inside:x}");
            let is_range = |number| {
                SPECIAL
                    .iter()
                    .any(|other| other.contains(Range::new(number, number)))
            };
            if let Some(outside) = outside.filter(|outside| !is_range(*outside)) {
                assert_eq!(not_a_host(address(outside)), None, "{outside:x}");
            }
        }
    }
}

fn at(text: &str) -> u128 {
    number(text.parse().unwrap())
}

fn ranges(pairs: &[(&str, &str)]) -> Vec<Range> {
    pairs
        .iter()
        .map(|(first, last)| Range::new(at(first), at(last)))
        .collect()
}

fn addresses(word: &str) -> (Vec<Range>, bool, Option<u16>) {
    match target(word) {
        Ok(Target::Addresses {
            ranges,
            single,
            port,
        }) => (ranges, single, port),
        other => panic!("{word}: {other:?}"),
    }
}

#[test]
fn addresses_are_read_in_every_form() {
    for (word, first, last, single, port) in [
        ("10.0.0.5", "10.0.0.5", "10.0.0.5", true, None),
        ("10.0.0.5:3390", "10.0.0.5", "10.0.0.5", true, Some(3390)),
        ("10.0.0.5/32", "10.0.0.5", "10.0.0.5", true, None),
        ("10.0.0.7-7", "10.0.0.7", "10.0.0.7", true, None),
        ("10.0.0.0/24", "10.0.0.1", "10.0.0.254", false, None),
        ("10.0.0.77/24", "10.0.0.1", "10.0.0.254", false, None),
        (
            "10.0.0.0/24:3390",
            "10.0.0.1",
            "10.0.0.254",
            false,
            Some(3390),
        ),
        (
            "10.0.0.0/255.255.254.0",
            "10.0.0.1",
            "10.0.1.254",
            false,
            None,
        ),
        ("10.0.0.4/30", "10.0.0.5", "10.0.0.6", false, None),
        ("10.0.0.4/31", "10.0.0.4", "10.0.0.5", false, None),
        ("10.0.0.10-50", "10.0.0.10", "10.0.0.50", false, None),
        ("10.0.0.10–50", "10.0.0.10", "10.0.0.50", false, None),
        (
            "10.0.0.10-50:3390",
            "10.0.0.10",
            "10.0.0.50",
            false,
            Some(3390),
        ),
        ("10.0.0.1-10.0.3.255", "10.0.0.1", "10.0.3.255", false, None),
        ("127.0.0.0/8", "127.0.0.1", "127.255.255.254", false, None),
        ("::1", "::1", "::1", true, None),
        ("2001:db8::5", "2001:db8::5", "2001:db8::5", true, None),
        ("[2001:db8::5]", "2001:db8::5", "2001:db8::5", true, None),
        (
            "[2001:db8::5]:3390",
            "2001:db8::5",
            "2001:db8::5",
            true,
            Some(3390),
        ),
        ("2001:db8::/120", "2001:db8::", "2001:db8::ff", false, None),
        (
            "[2001:db8::/120]:99",
            "2001:db8::",
            "2001:db8::ff",
            false,
            Some(99),
        ),
        (
            "2001:db8::/112",
            "2001:db8::",
            "2001:db8::ffff",
            false,
            None,
        ),
        (
            "2001:db8::1-2001:db8::9",
            "2001:db8::1",
            "2001:db8::9",
            false,
            None,
        ),
        ("::ffff:10.0.0.5", "10.0.0.5", "10.0.0.5", true, None),
        ("::ffff:10.0.0.0/120", "10.0.0.1", "10.0.0.254", false, None),
    ] {
        let expected = (ranges(&[(first, last)]), single, port);
        assert_eq!(addresses(word), expected, "{word}");
    }
}

#[test]
fn names_are_brought_to_one_spelling() {
    for (word, expected, expected_port) in [
        ("SRV05.Corp.Example.", "srv05.corp.example", None),
        ("srv05:3390", "srv05", Some(3390)),
        ("ip-10-0-0-5", "ip-10-0-0-5", None),
        ("file_srv", "file_srv", None),
        ("10.0.0.5.example", "10.0.0.5.example", None),
    ] {
        let name = Target::Name {
            name: expected.to_owned(),
            port: expected_port,
        };
        assert_eq!(target(word), Ok(name), "{word}");
    }
}

#[test]
fn what_is_not_a_target_says_why() {
    for (word, reason) in [
        ("10.0.0.0/33", "invalid prefix length; use 0 to 32"),
        ("10.0.0.0/", "invalid prefix length; use 0 to 32"),
        ("10.0.0.0/+8", "invalid prefix length; use 0 to 32"),
        ("2001:db8::/129", "invalid prefix length; use 0 to 128"),
        ("10.0.0.0/255.0.255.0", "ones followed by zeros"),
        ("2001:db8::/64", "/64"),
        ("2001:db8::-2001:db8::1:0", "65,536"),
        ("hosts/24", "before the slash"),
        ("10.0.0.256", "0 to 255"),
        ("10.0.0", "0 to 255"),
        ("010.0.0.1", "0 to 255"),
        ("10.0.0-3.1-5", "0 to 255"),
        ("3389", "0 to 255"),
        ("10.0.0.10-256", "0 to 255"),
        ("10.0.0.50-10", "ends before"),
        ("10.0.0.1-::5", "IPv4 and the other IPv6"),
        ("2001:db8::1-9", "invalid end of the range; write both ends"),
        ("10.0.0.5:0", "from 1 to 65535"),
        ("10.0.0.5:65536", "from 1 to 65535"),
        ("host:", "from 1 to 65535"),
        ("host:rdp", "from 1 to 65535"),
        ("[2001:db8::5", "bracket is missing"),
        ("[2001:db8::5]3389", "only a port"),
        ("[host]:3389", "hold an IPv6"),
        ("2001:db8::5::1", "not an IPv6"),
        ("fe80::1%eth0", "zone"),
        ("fe80::1", "link-local"),
        ("0.0.0.0", "this network"),
        ("::", "unspecified"),
        ("224.0.0.1", "multicast"),
        ("ff02::1", "multicast"),
        ("255.255.255.255", "broadcast"),
        ("239.0.0.0/24", "can be a host"),
        ("rdp://host", "URL"),
        ("anna@host", "user name"),
        ("10.0.0.*", "wildcards"),
        ("\\\\srv05", "backslash"),
        ("büro", "not ASCII"),
        ("a..b", "between two dots"),
        ("-host", "dash"),
        ("----", "0 to 255"),
        (".", "0 to 255"),
        (&"a".repeat(64), "63"),
        (&"a.".repeat(128), "253"),
    ] {
        let refusal = target(word).expect_err(word);
        assert!(refusal.to_string().contains(reason), "{word}: {refusal:?}");
        assert!(!refusal.way_out.is_empty(), "{word}: {refusal:?}");
    }
}

#[test]
fn a_sweep_leaves_out_what_is_no_host() {
    assert_eq!(
        addresses("0.0.0.0/0").0,
        ranges(&[
            ("1.0.0.0", "126.255.255.255"),
            ("128.0.0.0", "223.255.255.255"),
            ("240.0.0.0", "255.255.255.254"),
        ])
    );
    assert_eq!(addresses("::/127").0, ranges(&[("::1", "::1")]));
}

#[test]
fn excludes_take_addresses_of_any_kind_and_number() {
    for (word, first, last) in [
        ("10.0.0.0/24", "10.0.0.0", "10.0.0.255"),
        ("10.0.0.5", "10.0.0.5", "10.0.0.5"),
        ("255.255.255.255", "255.255.255.255", "255.255.255.255"),
        (
            "2001:db8::/32",
            "2001:db8::",
            "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
        ),
        ("::ffff:0:0/96", "0.0.0.0", "255.255.255.255"),
    ] {
        assert_eq!(exclude(word), Ok(ranges(&[(first, last)])), "{word}");
    }
    let all_v6 = RangeSet::of(exclude("::/0").unwrap());
    assert!(all_v6.contains(at("2001:db8::1")));
    assert!(!all_v6.contains(at("10.0.0.5")));
}

#[test]
fn excludes_take_neither_names_nor_ports() {
    assert!(exclude("srv05").unwrap_err().reason.contains("name"));
    assert!(
        exclude("10.0.0.5:3389")
            .unwrap_err()
            .reason
            .contains("every port")
    );
}

proptest! {
    #[test]
    fn any_word_is_read_or_refused(word in "\\PC{0,40}|[0-9a-f.:/\\[\\]%-]{0,30}") {
        if let Ok(Target::Addresses { ranges, .. }) = target(&word) {
            prop_assert!(!ranges.is_empty());
        }
        if let Ok(ranges) = exclude(&word) {
            prop_assert!(!ranges.is_empty());
        }
    }
}
