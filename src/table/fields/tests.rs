use super::*;
use crate::kit::{attempt, closed, days, host_at, issued, legacy, reset, times, tls};
use crate::model::{HostKey, NameSource, PathFacts, Stage, TlsVersion};
use crate::table::Filter;
use crate::table::search::Searched;

#[test]
fn every_key_alias_and_heading_belongs_to_one_field() {
    let mut names: Vec<_> = Field::ALL.into_iter().flat_map(Field::names_of).collect();
    for name in &names {
        let found = Field::of_key(&name.to_uppercase()).unwrap();
        assert!(found.names_of().any(|one| one == *name), "{name}");
    }
    let mut headings = Field::ALL.map(|field| field.spec().heading).to_vec();
    for mut words in [std::mem::take(&mut names), std::mem::take(&mut headings)] {
        let count = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), count);
    }
}

#[test]
fn letters_of_the_sort_menu_differ_and_are_none_of_its_keys() {
    let mut letters: Vec<_> = Field::ALL
        .into_iter()
        .filter_map(|field| field.spec().letter)
        .collect();
    let count = letters.len();
    letters.sort_unstable();
    letters.dedup();
    assert_eq!(letters.len(), count);
    assert!(!letters.iter().any(|letter| "jkhqS? ".contains(*letter)));
}

#[test]
fn every_declaration_is_complete_and_its_example_can_be_typed() {
    for field in Field::ALL {
        let spec = field.spec();
        assert!(spec.width.0 <= spec.width.1, "{field:?}");
        assert!(
            !spec.heading.contains('_') && !spec.meaning.is_empty(),
            "{field:?}"
        );
        if field.is_of_rows() {
            let example = format!("{}{}", spec.key, spec.example);
            assert!(Filter::parse(&example).is_ok(), "{example}");
            assert_ne!((spec.takes, spec.example), ("a value", ":x"), "{field:?}");
        }
    }
}

fn domain_member() -> Host {
    let made = times(3, || {
        attempt()
            .shown(tls(issued(&["srv05.corp.example", "srv05"])))
            .edit(|attempt| {
                attempt.started_at = days(-1);
                attempt.path = Some(PathFacts {
                    retransmits: Some(2),
                    rtt_us: 900,
                });
            })
    })
    .named(NameSource::Ptr, "srv05.corp.example")
    .leads_to("srv05.corp.example", &["10.0.0.5", "10.0.0.6"]);
    Host::new(&made.history, made.diagnose())
}

#[test]
fn the_columns_say_what_was_seen() {
    let host = domain_member();
    for (field, expected) in [
        (Field::CommonName, "srv05.corp.example"),
        (Field::Issuer, "CN=Corp Issuing CA 1,DC=corp,DC=example"),
        (Field::SanCount, "2"),
        (Field::NotAfter, "2026-03-07"),
        (Field::Sha1, &*"5a".repeat(20)),
        (Field::Key, "RSA 2048"),
        (Field::SignatureAlgorithm, "sha256WithRSAEncryption"),
        (Field::Security, "hybrid"),
        (
            Field::Features,
            "extended_client_data, graphics_pipeline, restricted_admin, remote_credential_guard",
        ),
        (Field::ConnectMs, "2.0"),
        (Field::HandshakeMs, "2.0"),
        (Field::Loss, "0"),
        (Field::Attempts, "3"),
        (Field::Failures, "0"),
        (Field::Retransmits, "6"),
        (Field::FirstSeen, "2025-06-14 12:00"),
        (Field::LastSeen, "2025-06-14 12:00"),
        (Field::Forward, "10.0.0.5, 10.0.0.6"),
        (Field::Reverse, "srv05.corp.example"),
        (Field::Domain, "corp.example"),
        (Field::Subnet, "10.0.0.0/24"),
        (Field::Build, ""),
        (Field::Serial, "01"),
        (Field::FailedStage, ""),
    ] {
        assert_eq!(field.text(&host), expected, "{field:?}");
    }
}

#[test]
fn a_serial_number_is_found_as_a_ca_shows_it() {
    let host = domain_member();
    for (filter, found) in [
        ("serial:01", true),
        ("serial:\"0 1\"", true),
        ("serial:02", false),
    ] {
        assert_eq!(
            Filter::parse(filter).unwrap().matches(&host),
            found,
            "{filter}"
        );
    }
}

#[test]
fn a_host_of_which_nothing_is_known_says_nothing_and_sorts_last() {
    let made = times(3, || attempt().refused(3));
    let host = Host::new(&made.history, made.diagnose());
    for field in [
        Field::Features,
        Field::CommonName,
        Field::Issuer,
        Field::SanCount,
        Field::NotAfter,
        Field::Sha1,
        Field::Key,
        Field::SignatureAlgorithm,
        Field::HandshakeMs,
        Field::Retransmits,
        Field::Forward,
        Field::Reverse,
        Field::Domain,
        Field::Build,
    ] {
        assert_eq!(field.text(&host), "", "{field:?}");
        assert_eq!(field.sort_key(&host), SortKey::Missing, "{field:?}");
    }
}

#[test]
fn a_word_finds_texts_and_dates_of_any_column_and_no_counts() {
    let host = domain_member();
    let finds = |word: &str| Searched::new(&[word]).contains(&host, word);
    for word in [
        "issuing ca",
        "5a5a",
        "sha256with",
        "10.0.0.6",
        "rsa 2048",
        "srv05",
        "2025-06-14",
        "2025-06-14 12:0",
        "2026-03",
    ] {
        assert!(finds(word), "{word}");
    }
    for word in ["srv06", "2025-06-15", "2026", "12:00", "6-14"] {
        assert!(!finds(word), "{word}");
    }
}

/// A field that were thought not to contain a word would be passed over by a search for it.
#[test]
fn fields_can_contain_what_they_show() {
    for host in various_hosts() {
        for field in Field::of_rows().filter(|field| field.spec().searched) {
            let text = field.text(&host).to_lowercase();
            assert!(
                field.can_contain(&text) || text.is_empty() || field == Field::Features,
                "{field:?}: {text}"
            );
        }
    }
}

fn various_hosts() -> Vec<Host> {
    let old = || attempt().shown(legacy(TlsVersion::SSL_3_0));
    let odd = || attempt().shown(legacy(TlsVersion(0x7f1c)));
    let makers = [
        times(3, || attempt().through()),
        times(3, old),
        times(3, odd),
        times(3, || attempt().refused(3)),
        times(3, || attempt().tls_fails(closed(0), closed(0))),
        times(3, || attempt().tcp().stage(Stage::X224, reset(0))).at("2001:db8::5"),
        host_at(
            HostKey::Unresolved {
                name: "gone.corp.example".into(),
                port: 3390,
            },
            [],
        ),
    ];
    let mut hosts: Vec<Host> = makers
        .iter()
        .map(|made| Host::new(&made.history, made.diagnose()))
        .collect();
    hosts.push(domain_member());
    hosts
}

#[test]
fn a_tls_version_without_a_word_has_its_place_in_the_order() {
    let of = |version: u16| {
        let made = times(3, || attempt().shown(legacy(TlsVersion(version))));
        Host::new(&made.history, made.diagnose())
    };
    for (version, filter, found) in [
        (0x0200, "tls<1.2", true),
        (0x0200, "tls<ssl3", true),
        (0x0200, "tls>=ssl3", false),
        (0x0200, "tls:ssl3", false),
        (0x0200, "tls!=ssl3", true),
        (0x7f1c, "tls<1.2", false),
        (0x7f1c, "tls>1.3", true),
        (0x7f1c, "tls:1.3", false),
    ] {
        let filter_of = Filter::parse(filter).unwrap();
        assert_eq!(
            filter_of.matches(&of(version)),
            found,
            "{version:x} {filter}"
        );
    }
}

#[test]
fn a_word_is_not_looked_for_where_it_would_find_half_of_the_fleet_or_other_hosts() {
    let host = domain_member();
    let sha256 = Field::Sha256.text(&host);
    for field in [
        Field::Sha256,
        Field::Certificate,
        Field::Severity,
        Field::TlsHandshake,
        Field::NotBefore,
    ] {
        assert!(!field.spec().searched, "{field:?}");
    }
    for word in [sha256.as_str(), "valid", "full"] {
        assert!(!Searched::new(&[word]).contains(&host, word), "{word}");
    }
}

#[test]
fn security_sorts_by_its_word_and_a_moment_by_the_millisecond() {
    let host = domain_member();
    assert_eq!(
        Field::Security.sort_key(&host),
        SortKey::Text("hybrid".into())
    );
    let seen = host.sketch().first_seen.unwrap().as_millisecond();
    assert_eq!(Field::FirstSeen.sort_key(&host), SortKey::Number(seen));
    let seen = host.sketch().last_seen.unwrap().as_millisecond();
    assert_eq!(Field::LastSeen.sort_key(&host), SortKey::Number(seen));
}

/// A value of the model that its field does not list could not be filtered by.
#[test]
fn values_are_among_the_words_of_their_field() {
    for host in various_hosts() {
        for field in Field::of_rows() {
            let FieldKind::Words(known) = field.spec().kind else {
                continue;
            };
            let found = match field.compared(&host) {
                FieldValue::Missing => Vec::new(),
                // A version without a word.
                FieldValue::Word("", _) if field == Field::Tls => Vec::new(),
                FieldValue::Word(word, _) => vec![word.to_owned()],
                FieldValue::Text(text) => vec![text.into_owned()],
                FieldValue::List(texts, _) => texts.iter().map(ToString::to_string).collect(),
                other => panic!("{field:?}: {other:?}"),
            };
            let is_known = |word: &String| known().iter().any(|one| one.word == word);
            assert!(found.iter().all(is_known), "{field:?}: {found:?}");
        }
    }
}
