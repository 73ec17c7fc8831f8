use std::sync::Arc;

use super::*;
use crate::diagnosis::testing::{attempt, certificate, days, here, issued, ntlm, tls};
use crate::model::{Attempt, NameSource, Stage, UtcSecond};

const NAME: &str = "srv05.corp.example";

fn history(attempts: Vec<Attempt>) -> History {
    History {
        attempts,
        names: vec![ObservedName {
            name: NAME.into(),
            source: NameSource::Ptr,
        }],
        ..History::new(Subject::Endpoint(here()))
    }
}

fn pack(history: &History) -> Packed {
    Packed::new(history, history.certificate().map(AsRef::as_ref))
}

fn back(history: &History) -> History {
    pack(history).history(&history.subject)
}

#[test]
fn a_history_comes_back_equal() {
    let seen = history(vec![
        attempt().shown(tls(issued(&[NAME, "srv05"]))).done(),
        attempt().refused(3).done(),
    ]);
    assert_eq!(back(&seen), seen);
}

#[test]
fn a_certificate_that_never_expires_comes_back_equal() {
    let mut leaf = certificate(NAME);
    leaf.not_after = Some(UtcSecond::MAX);
    leaf.not_before = Some(UtcSecond::from_second(-62_167_219_200));
    let seen = history(vec![attempt().shown(tls(leaf)).done()]);
    assert_eq!(back(&seen), seen);
    let sketch = Packed::new(&seen, seen.certificate().map(AsRef::as_ref));
    let ends = sketch.sketch().certificate.unwrap().not_after;
    assert_eq!(ends, Some(UtcSecond::MAX));
}

#[test]
fn texts_that_look_alike_come_back_as_they_were() {
    for text in [
        "",
        "0",
        "00",
        "deadbeef",
        "DEADBEEF",
        "deadbee",
        "0123456789abcdef",
        "déadbeef",
        "X25519",
        "x25519",
    ] {
        let mut facts = certificate(NAME);
        facts.serial = text.into();
        facts.subject = text.into();
        let seen = history(vec![attempt().shown(tls(facts)).done()]);
        assert_eq!(back(&seen), seen, "{text}");
    }
}

#[test]
fn more_texts_than_are_remembered_come_back() {
    let names: Vec<String> = (0..200).map(|n| format!("srv{n}.corp.example")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut facts = issued(&names);
    facts.common_name = facts.san_dns.last().cloned();
    let seen = history(vec![attempt().shown(tls(facts)).done()]);
    assert_eq!(back(&seen), seen);
}

#[test]
fn attempts_that_shared_facts_share_them_again() {
    let made = attempt().shown(tls(certificate(NAME))).done();
    let seen = back(&history(vec![made.clone(), made]));
    let [first, second] = seen.attempts.as_slice() else {
        panic!("two attempts");
    };
    assert!(Arc::ptr_eq(
        first.tls.as_ref().unwrap(),
        second.tls.as_ref().unwrap()
    ));
}

#[test]
fn names_are_read_alone() {
    let seen = history(vec![attempt().through().done()]);
    assert_eq!(pack(&seen).names(), seen.names);
}

#[test]
fn a_sketch_says_what_the_history_says() {
    let leaf = issued(&[NAME, "srv05"]);
    let silent = || attempt().stage(Stage::Tcp, crate::diagnosis::testing::silent());
    let seen = history(vec![
        silent().edit(|made| made.started_at = days(-3)).done(),
        attempt()
            .shown(tls(leaf.clone()))
            .identified(ntlm(NAME))
            .edit(|made| made.started_at = days(-2))
            .done(),
        attempt()
            .shown(tls(leaf.clone()))
            .edit(|made| made.started_at = days(-1))
            .done(),
        silent().done(),
    ]);
    let packed = pack(&seen);
    let sketch = packed.sketch();
    assert_eq!(sketch.build, Some((10, 0, 20348)));
    assert_eq!(sketch.first_seen, Some(days(-2)));
    assert_eq!(sketch.last_seen, Some(days(-1)));
    assert_eq!(sketch.reverse.as_deref(), Some(NAME));
    let certificate = sketch.certificate.unwrap();
    assert_eq!(certificate.common_name.as_deref(), Some(NAME));
    assert_eq!(*certificate.issuer, *leaf.issuer);
    assert_eq!(*certificate.sha1(), *leaf.sha1);
    assert_eq!(*certificate.signature_algorithm, *leaf.signature_algorithm);
    assert_eq!(certificate.key, leaf.key);
    assert_eq!(certificate.alternative_names, 2);
    assert_eq!(certificate.not_after, leaf.not_after);
    assert_eq!(
        pack(&history(vec![silent().done()])).sketch().certificate,
        None
    );
}

#[test]
fn bytes_of_no_history_are_refused() {
    let seen = history(vec![attempt().shown(tls(certificate(NAME))).done()]);
    let whole = pack(&seen);
    for length in 0..whole.bytes.len() {
        let cut = Packed {
            bytes: whole.bytes.iter().copied().take(length).collect(),
            issuers: Box::default(),
        };
        assert_eq!(cut.unpack(&seen.subject), None);
    }
}

/// The budget of 2 KB per live host: what every row takes before its facts and texts.
#[test]
fn a_row_stays_small() {
    let size = size_of::<crate::fleet::Host>();
    assert!(size <= 336, "{size} bytes; box what is rare");
}

#[test]
fn an_ordinary_host_fits_into_the_room_kept_for_it() {
    let with_ntlm = || {
        let made = attempt().shown(tls(issued(&[NAME, "srv05"])));
        made.edit(|attempt| attempt.ntlm = Some(Arc::new(ntlm(NAME))))
            .done()
    };
    let packed = pack(&history(vec![
        with_ntlm(),
        with_ntlm(),
        with_ntlm(),
        with_ntlm(),
    ]));
    assert_eq!(packed.bytes.capacity(), ROOM);
}
