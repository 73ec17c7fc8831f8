use proptest::prelude::*;
use strum::VariantArray as _;

use super::super::*;

pub(super) fn found(question: &str) -> Vec<&'static str> {
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
fn the_reason_of_an_event_is_an_extended_one() {
    for question in [
        "event 40 reason code 5",
        "event id 40: disconnected, reason 5",
    ] {
        let keys = found(question);
        assert_eq!(
            keys.get(..2),
            Some(&["event-40", "ext-0x5"][..]),
            "{question}"
        );
    }
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
        [
            "The extended reason 0x99 is not in the handbook. What follows is said of 0x904 whatever the reason."
        ]
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
    for kind in Kind::VARIANTS {
        let word: &str = kind.into();
        let answer = handbook().look_up(word).unwrap();
        assert!(answer.entries.iter().all(|entry| entry.kind == *kind));
        assert!(answer.entries.len() > 5, "{word}");
    }
}

#[test]
fn words_bring_the_most_telling_entries_first() {
    assert!(found("expired").starts_with(&["expired", "RDP-CERT-EXPIRED"]));
    assert!(found("expired").contains(&"RDP-CERT-EXPIRED-BROKEN"));
    assert!(
        found("expired certificate").starts_with(&["RDP-CERT-EXPIRED"])
            && found("expired certificate").contains(&"RDP-CERT-EXPIRED-BROKEN")
    );
    assert_eq!(
        found("kerberos tickets").first(),
        Some(&"CLIENT-KERBEROS-TICKETS")
    );
    assert!(found("machinekeys").starts_with(&["R2", "W6"]));
    assert!(found("1057").contains(&"RDP-TLS-CLOSED"));
    assert!(found("windows 11").contains(&"W12"));
}

#[test]
fn a_message_with_an_unknown_code_says_so_first_and_only_lists() {
    for (message, unknown) in [
        (
            "An authentication error has occurred (Code: 0x609)",
            "0x609",
        ),
        (
            "An authentication error has occurred (Code: 0x80004005)",
            "0x80004005",
        ),
        ("Authentifizierungsfehler (Code: 0x607)", "0x607"),
        ("the revocation check failed, reason 4711", "4711"),
    ] {
        let answer = handbook().look_up(message).unwrap();
        assert_eq!(answer.shape, Shape::Ranked, "{message}");
        assert!(
            answer.notes[0].starts_with(&format!("{unknown} is not in the handbook.")),
            "{message}: {:?}",
            answer.notes
        );
        assert_ne!(found(message).first(), Some(&"0x904"), "{message}");
    }
    assert!(found("the kazoo (Code: 0x609) marimba").is_empty());
}

#[test]
fn a_number_that_is_called_a_code_or_a_reason_is_one() {
    for message in [
        "The client disconnected with reason 2308",
        "RDP ClientActiveX has been disconnected (Reason= 2308)",
        "the client says that the reason is 2308 (0x904)",
        "Error code: 0x904 Extended (0x904) Timestamp (UTC): 11/26/26 02:18:46 AM",
    ] {
        assert_eq!(found(message), ["0x904"], "{message}");
    }
    // A Winsock error and an event are known as words, and are no codes of the client.
    assert!(found("a reset with reason 10054").contains(&"RDP-RESET-AT-STAGE"));
    assert!(found("Schannel code 1057").contains(&"RDP-TLS-CLOSED"));
}

#[test]
fn a_number_below_zero_is_no_code() {
    assert!(found("-1").is_empty());
    assert!(found("-1 0x904").is_empty());
}

#[test]
fn what_has_to_do_with_nla_is_listed_by_its_full_name() {
    let hits = found("network level authentication");
    for wanted in [
        "RDP-NEG-NLA-REQUIRED",
        "0xB09",
        "RDP-NLA-OPTIONAL",
        "RDP-NLA-OFF",
    ] {
        assert!(hits.contains(&wanted), "{wanted}: {hits:?}");
    }
}

#[test]
fn a_partial_match_is_a_list_even_of_one() {
    let answer = handbook().look_up("takeown banana").unwrap();
    assert_eq!(answer.shape, Shape::Ranked);
    assert_eq!(answer.entries.len(), 1);
    assert_eq!(
        answer.notes,
        ["No entry has all of these words; this one has the most of them."]
    );
}

#[test]
fn a_message_of_which_an_entry_has_hardly_a_word_finds_nothing() {
    assert!(found("xylophone banana marimba kazoo expired").is_empty());
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
        let hits = found(&entry.key);
        assert_eq!(hits[0], entry.key);
        // A word is told first, and then what else it occurs in.
        assert!(hits.len() == 1 || entry.kind == Kind::Word, "{hits:?}");
    }
}

#[test]
fn every_code_of_a_paste_is_answered_with_its_reason() {
    let paste =
        "Error code: 0x904 Extended error code: 0x7 Error code: 0x204 Extended error code: 0x0";
    assert_eq!(found(paste), ["0x904", "ext-0x7", "0x204"]);
    assert_eq!(
        found("0x904 0x7 0x204 0x905"),
        ["0x904", "ext-0x7", "0x204"]
    );
    assert_eq!(
        notes("0x904 0x7 0x204 0x905"),
        ["0x905 is not in the handbook."]
    );
}

#[test]
fn a_status_is_found_as_a_signed_number_and_a_reason_in_the_form_of_freerdp() {
    assert_eq!(found("-2146893052"), ["0x80090304"]);
    assert!(found("-2").is_empty());
    assert_eq!(found("0x10007"), ["ext-0x7"]);
    assert_eq!(
        notes("0x10007"),
        ["0x10007 is FreeRDP's form of this extended reason."]
    );
}

#[test]
fn a_licensing_reason_is_no_event() {
    let hits = found("RDP ClientActiveX has been disconnected (Reason= 263)");
    assert_eq!(hits, ["ext-0x107"]);
}

#[test]
fn a_mistyped_word_among_others_is_read_as_the_nearest() {
    assert_eq!(
        found("cerificate has expierd").first(),
        Some(&"RDP-CERT-EXPIRED")
    );
    assert!(notes("intrenal error").contains(&"intrenal was read as internal.".to_owned()));
}

#[test]
fn a_key_is_found_without_its_hyphens() {
    assert_eq!(found("KB 5065426"), ["KB5065426"]);
    assert_eq!(found("rdp cert expired"), ["RDP-CERT-EXPIRED"]);
}

#[test]
fn every_message_in_another_language_leads_to_an_entry_and_is_short() {
    for text in load::MESSAGES {
        let messages: load::Messages = toml::from_str(text).unwrap();
        assert!(messages.len() >= 5);
        for (key, texts) in messages.values().flatten() {
            assert!(handbook().entry(key).is_some(), "{key}");
            for text in texts {
                assert!(text.len() <= 480 && !text.ends_with('.'), "{key}: {text}");
            }
        }
    }
}

#[test]
fn two_codes_are_both_shown() {
    assert_eq!(found("0x904 0x204"), ["0x904", "0x204"]);
    assert_eq!(found("2308 516"), ["0x904", "0x204"]);
    assert_eq!(found("0x904 0x1B07"), ["0x904", "0x1B07"]);
    assert!(notes("0x904 0x204").is_empty());
}

#[test]
fn the_text_of_a_clients_message_leads_to_its_causes() {
    let hits = found("An internal error has occurred");
    let causes = [
        "0x4",
        "0x904",
        "RDP-CERT-EXPIRED-BROKEN",
        "RDP-NEG-NO-CERT",
        "RDP-TLS-CLOSED",
    ];
    let mut first: Vec<&str> = hits.iter().take(causes.len()).copied().collect();
    first.sort_unstable();
    assert_eq!(first, causes);
    assert!(found("CredSSP encryption oracle remediation").starts_with(&["RDP-CREDSSP-OLD"]));
}

#[test]
fn what_is_no_key_is_taken_apart_at_its_hyphens() {
    let hits = found("CVE-2018-0886");
    assert!(
        hits.contains(&"RDP-CREDSSP-OLD") && hits.contains(&"R13"),
        "{hits:?}"
    );
    assert_eq!(found("0x904-0x7"), ["0x904", "ext-0x7"]);
    assert_eq!(found("2308-7"), ["0x904", "ext-0x7"]);
}

#[test]
fn a_bare_decimal_is_no_extended_reason_of_a_range() {
    assert!(!found("10054").contains(&"ext-0x1000"));
    assert!(found("10054").contains(&"RDP-RESET-AT-STAGE"));
    assert_eq!(found("extended 10054"), ["ext-0x1000"]);
    assert!(found("0x2746").is_empty());
    assert_eq!(found("0x904 0x2746"), ["0x904", "ext-0x1000"]);
}

#[test]
fn a_message_in_another_language_is_answered_by_its_numbers() {
    for message in [
        "Fehlercode: 0x904 Erweiterter Fehlercode: 0x7",
        "Code d'erreur : 0x904 Code d'erreur etendu : 0x7",
    ] {
        assert_eq!(found(message), ["0x904", "ext-0x7"], "{message}");
    }
    assert_eq!(found("Erweiterter Fehlercode: 0x7"), ["ext-0x7"]);
}

#[test]
fn a_remedy_is_found_by_its_commands() {
    assert!(found("w32tm").contains(&"R12"));
    assert!(found("takeown").contains(&"R2"));
}

#[test]
fn a_word_of_this_program_is_told_first() {
    for (question, key) in [
        ("broken", "broken"),
        ("wrong_host", "wrong_host"),
        ("Wrong host", "wrong_host"),
        ("not-rdp", "not_rdp"),
        ("HYBRID", "hybrid"),
        ("mark-star", "MARK-STAR"),
        ("1.2*", "MARK-STAR"),
        ("-21\u{2716}", "MARK-CROSS"),
        ("188?", "MARK-QUESTION"),
        ("?", "MARK-QUESTION"),
        ("\u{2582}\u{2584}\u{2588}", "MARK-BARS"),
    ] {
        assert_eq!(found(question).first(), Some(&key), "{question}");
    }
    let answer = handbook().look_up("broken").unwrap();
    assert_eq!(answer.shape, Shape::Led);
    assert_eq!(found("904?"), ["0x904"]);
    // Not where it is one word of a question about something.
    assert!(!found("expired certificate").contains(&"expired"));
}

#[test]
fn the_letter_of_a_kind_lists_it() {
    for (letter, kind) in [("w", Kind::Claim), ("R", Kind::Remedy)] {
        let answer = handbook().look_up(letter).unwrap();
        assert_eq!(answer.shape, Shape::List, "{letter}");
        assert!(answer.entries.iter().all(|entry| entry.kind == kind));
    }
}

#[test]
fn a_key_with_a_typing_mistake_is_answered_with_the_nearest() {
    for question in ["rdp-cert-expird", "cert-expird", "RDP-CERT-EXPRIED"] {
        assert_eq!(
            found(question).first(),
            Some(&"RDP-CERT-EXPIRED"),
            "{question}"
        );
        assert_eq!(handbook().look_up(question).unwrap().shape, Shape::Ranked);
        assert_eq!(
            notes(question),
            ["There is no such key; did you mean RDP-CERT-EXPIRED?"]
        );
    }
}

#[test]
fn a_status_of_credssp_leads_to_its_finding() {
    for (question, wanted) in [
        ("0xC00000BB", "RDP-NTLM-BLOCKED"),
        ("0x80090302", "RDP-NTLM-BLOCKED"),
        ("0xc0000022", "RDP-CREDSSP-ERROR"),
        ("error 0xC000006D", "RDP-CREDSSP-ERROR"),
        ("3221225581", "RDP-CREDSSP-ERROR"),
        (
            "An authentication error has occurred (Code: 0x80090302)",
            "RDP-NTLM-BLOCKED",
        ),
    ] {
        let hits = found(question);
        assert_eq!(hits.len(), 1, "{question}: {hits:?}");
        let status = handbook().entry(hits[0]).unwrap();
        assert_eq!(status.kind, Kind::Status, "{question}");
        assert!(status.findings.iter().any(|finding| finding == wanted));
        assert!(
            status.text[0].contains("certutil -error")
                || status.text[1].contains("certutil -error")
        );
    }
    assert_eq!(handbook().look_up("0xC0000016"), None);
}

#[test]
fn a_number_of_another_kind_is_called_what_it_is() {
    for (question, wanted) in [
        ("0x80090302", "HRESULT of SSPI"),
        ("0x8009000B", "HRESULT of the key store (NTE)"),
        ("0x80092013", "(CRYPT)"),
        ("0x80096010", "(TRUST)"),
        ("0x800B0101", "check of certificates"),
        ("0x1E07", "unknown: no client code"),
        ("0x2000003", "RemoteApp"),
        ("0x1000C", "extended reason 0xc"),
        ("0xc000006d", "STATUS_LOGON_FAILURE, an NTSTATUS"),
        ("0xC000006D", "certutil -error 0xC000006D"),
        ("50331746", "50331746 is 0x03000062: "),
        ("0x80070005", "net helpmsg 5"),
        ("10099", "Winsock"),
    ] {
        let kind = Handbook::kind_of_number(question);
        assert!(
            kind.as_ref().is_some_and(|kind| kind.contains(wanted)),
            "{question}: {kind:?}"
        );
    }
    assert_eq!(Handbook::kind_of_number("xylophone 905"), None);
    let message = "An authentication error has occurred (Code: 0x800903FF)";
    assert!(notes(message)[1].contains("SSPI"), "{:?}", notes(message));
}

#[test]
fn a_status_in_the_message_of_an_event_comes_after_the_event() {
    for (message, first, second) in [
        (
            "A fatal error occurred when attempting to access the TLS server credential private key. The error code returned from \
             the cryptographic module is 0x8009030D. The internal error state is 10001.",
            "event-36870",
            "0x8009030D",
        ),
        ("event 4625 with C0000413", "event-4625", "0xC0000413"),
        ("C0000413 in event 4625", "0xC0000413", "event-4625"),
    ] {
        assert_eq!(found(message)[..2], [first, second], "{message}");
    }
    assert_eq!(found("status 0x8009030D")[0], "0x8009030D");
}

#[test]
fn words_of_other_languages_and_compounds_stand_for_those_of_the_handbook() {
    for (question, wanted) in [
        ("Konto gesperrt", "0xD07"),
        ("nom du certificat incorrect", "RDP-CERT-NAME-MISMATCH"),
        ("certificado caducado", "RDP-CERT-EXPIRED"),
    ] {
        let found = found(question);
        assert!(
            found.iter().take(3).any(|key| *key == wanted),
            "{question}: {found:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn no_question_panics_and_the_same_one_gets_the_same_answer(question in "[ -~]{0,12}|\\PC{0,12}") {
        prop_assert_eq!(handbook().look_up(&question), handbook().look_up(&question));
    }
}

#[test]
fn an_update_or_an_event_without_an_entry_is_unknown() {
    for question in [
        "CVE-2019-0708",
        "kb5000001 kb5000002",
        "event 7777",
        "Schannel 36899",
    ] {
        assert_eq!(handbook().look_up(question), None, "{question}");
    }
    let answer = handbook().look_up("CVE-2024-38077 saved credentials");
    let answer = answer.unwrap();
    assert_eq!(answer.entries[0].key, "CLIENT-SAVED-CREDENTIALS");
    assert!(answer.notes[0].contains("cve-2024-38077 is not in the handbook"));
}

#[test]
fn an_update_that_is_named_comes_first() {
    assert_eq!(
        found("kb5064081 rdp login fails on cloned machines"),
        ["KB5065426"]
    );
    assert_eq!(
        found("event 4776 error code 0xC0000064"),
        ["event-4776", "0xC0000064"]
    );
    assert_eq!(found("C0000413 in event 4625")[0], "0xC0000413");
}
