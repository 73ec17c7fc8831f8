use proptest::prelude::*;

use super::super::*;

fn found(question: &str) -> Vec<&'static str> {
    handbook()
        .look_up(question)
        .map(|answer| {
            answer
                .entries
                .iter()
                .map(|entry| entry.key.as_str())
                .collect()
        })
        .unwrap_or_default()
}

fn notes(question: &str) -> Vec<String> {
    handbook().look_up(question).unwrap().notes
}

#[test]
fn a_code_is_found_however_it_is_written() {
    for question in [
        "0x904",
        "0X904",
        "2308",
        "904",
        "904h",
        "Error code: 0x904",
        "(0x904)",
        "0x0904",
    ] {
        assert_eq!(found(question), ["0x904"], "{question}");
    }
    assert_eq!(found("0x1b07"), ["0x1B07"]);
    assert_eq!(found("b07"), ["0xB07"]);
}

#[test]
fn a_hexadecimal_number_without_its_mark_gets_a_note() {
    assert_eq!(notes("904"), ["904 was read as hexadecimal, 0x904."]);
    assert!(notes("0x904").is_empty());
    assert!(notes("2308").is_empty());
}

#[test]
fn a_code_comes_with_its_extended_reason() {
    for question in [
        "0x904 0x7",
        "0x904/0x7",
        "0x904, extended 0x7",
        "2308 7",
        "Error code: 0x904 Extended error code: 0x7",
    ] {
        assert_eq!(found(question), ["0x904", "ext-0x7"], "{question}");
    }
}

#[test]
fn an_unknown_extended_reason_is_told_and_the_code_shown() {
    assert_eq!(found("0x904 0x99"), ["0x904"]);
    assert_eq!(
        notes("0x904 0x99"),
        ["The extended reason 0x99 is not in the handbook."]
    );
}

#[test]
fn an_extended_reason_is_found_alone() {
    assert_eq!(found("extended 7"), ["ext-0x7"]);
    assert_eq!(found("extended 0x107"), ["ext-0x107"]);
    assert_eq!(found("extended 5000"), ["ext-0x1000"]);
    assert_eq!(found("0x7"), ["ext-0x7"]);
    assert_eq!(
        notes("0x7"),
        ["0x7 is not a disconnect code of its own, but an extended reason."]
    );
}

#[test]
fn a_number_that_is_both_is_the_code_with_a_note() {
    assert_eq!(found("264"), ["0x108"]);
    let notes = notes("264");
    assert!(
        notes.iter().any(|note| note.contains("ext-0x108")),
        "{notes:?}"
    );
}

#[test]
fn keys_are_found_in_any_case() {
    assert_eq!(found("rdp-cert-expired"), ["RDP-CERT-EXPIRED"]);
    assert_eq!(found("cert-expired"), ["RDP-CERT-EXPIRED"]);
    assert_eq!(found("r1"), ["R1"]);
    assert_eq!(found("R1 w3"), ["R1", "W3"]);
    assert_eq!(found("ext-0x7"), ["ext-0x7"]);
    assert_eq!(found("client-cache"), ["CLIENT-CACHE"]);
    assert_eq!(found("ssl_err_cert_expired"), ["0x1B07"]);
}

#[test]
fn the_beginning_of_a_key_lists_all_that_begin_so() {
    let all = found("rdp-cert-");
    assert!(all.len() >= 20);
    assert!(
        all.iter().all(|key| key.starts_with("RDP-CERT-")),
        "{all:?}"
    );
    assert_eq!(handbook().look_up("rdp-cert-").unwrap().shape, Shape::List);
    assert!(found("rdp").len() >= 79);
}

#[test]
fn a_kind_is_listed() {
    for kind in Kind::ALL {
        let answer = handbook().look_up(kind.plural()).unwrap();
        assert!(answer.entries.iter().all(|entry| entry.kind == kind));
        assert!(answer.entries.len() > 5, "{}", kind.plural());
    }
}

#[test]
fn words_bring_the_most_telling_entries_first() {
    assert!(found("expired").starts_with(&["RDP-CERT-EXPIRED", "RDP-CERT-EXPIRED-BROKEN"]));
    assert!(
        found("expired certificate").starts_with(&["RDP-CERT-EXPIRED", "RDP-CERT-EXPIRED-BROKEN"])
    );
    assert_eq!(
        found("kerberos tickets").first(),
        Some(&"CLIENT-KERBEROS-TICKETS")
    );
    assert_eq!(found("machinekeys").first(), Some(&"W6"));
    assert!(found("1057").contains(&"RDP-TLS-CLOSED"));
    assert!(found("windows 11").contains(&"W12"));
}

#[test]
fn words_that_no_entry_has_together_are_told() {
    let notes = notes("expired kerberos banana");
    assert!(
        notes
            .iter()
            .any(|note| note.starts_with("No entry has all")),
        "{notes:?}"
    );
}

#[test]
fn nothing_lists_everything_and_nonsense_finds_nothing() {
    assert_eq!(found("").len(), handbook().entries().len());
    for question in [
        "xylophone",
        "0x905",
        "extended 0x99",
        "0x905 0x99",
        "0x904 7 7",
        "0xFFFFFFFFFF",
        "why is it",
        "99999999999999",
    ] {
        assert!(
            found(question).is_empty(),
            "{question}: {:?}",
            found(question)
        );
    }
}

#[test]
fn every_entry_is_found_by_its_key() {
    for entry in handbook().entries() {
        assert_eq!(found(&entry.key), [entry.key.as_str()]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn no_question_panics_and_the_same_one_gets_the_same_answer(question in "[ -~]{0,12}|\\PC{0,12}") {
        prop_assert_eq!(handbook().look_up(&question), handbook().look_up(&question));
    }
}
