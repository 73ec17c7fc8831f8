use std::collections::BTreeSet;

use strum::VariantArray as _;

use super::load::{FILES, File, order};
use super::*;
use crate::diagnosis::catalog;
use crate::diagnosis::finding_kind::FindingStage;
use crate::diagnosis::sources::ALL as SOURCES;
use crate::model::{
    CertificateStatus, DnsVerdict, HostState, Nla, Protocols, SelectedSecurity, ServerFeature,
    Severity, StabilityVerdict, Vocabulary,
};
use crate::sanitize;

/// Every text of an entry by the name of its field.
fn texts(entry: &Entry) -> Vec<(&'static str, &str)> {
    let mut texts = vec![("key", entry.key.as_str()), ("title", entry.title.as_str())];
    for (field, text) in [
        ("name", &entry.name),
        ("scan", &entry.scan),
        ("fires", &entry.fires),
        ("unless", &entry.unless),
        ("user", &entry.user),
        ("instead", &entry.instead),
        ("todo", &entry.todo),
        ("where", &entry.place),
        ("says", &entry.says),
    ] {
        texts.extend(text.as_deref().map(|text| (field, text)));
    }
    for (field, list) in [
        ("text", &entry.text),
        ("checks", &entry.checks),
        ("words", &entry.words),
        ("sources", &entry.sources),
    ] {
        texts.extend(list.iter().map(|text| (field, text.as_str())));
    }
    for cause in &entry.causes {
        texts.push(("cause", &cause.what));
        texts.push(("cause", &cause.tell));
    }
    texts
}

fn keys(kind: Kind) -> Vec<&'static str> {
    handbook()
        .entries()
        .iter()
        .filter(|entry| entry.kind == kind)
        .map(|entry| entry.key.as_str())
        .collect()
}

/// Keys of the first `n` that are numbered with a letter.
fn lettered(letter: char, n: usize) -> Vec<String> {
    (1..=n).map(|number| format!("{letter}{number}")).collect()
}

/// What each entry and each line of a table cites, by its key or title.
fn cited() -> Vec<(String, Vec<String>)> {
    let mut cited = Vec::new();
    for (_, text) in FILES {
        let file: File = toml::from_str(text).unwrap();
        cited.extend(
            file.entries
                .into_iter()
                .map(|entry| (entry.key, entry.sources)),
        );
    }
    for (kind, text) in table::FILES {
        let file: table::File = toml::from_str(text).unwrap();
        assert!(!file.tables.is_empty());
        for table in file.tables {
            assert!(!table.rows.is_empty() && !table.sources.is_empty());
            let written = table.written(*kind).into_iter();
            cited.extend(written.map(|entry| (entry.key, entry.sources)));
        }
    }
    let kinds = catalog::kinds().chain(catalog::notices());
    cited.extend(kinds.map(|kind| (kind.id.to_owned(), kind.sources.clone())));
    for text in crate::diagnosis::remedies::FILES {
        let file: toml::Table = toml::from_str(text).unwrap();
        for remedy in file["remedy"].as_array().unwrap() {
            let ids = remedy["sources"].as_array().unwrap().iter();
            let ids = ids.map(|id| id.as_str().unwrap().to_owned()).collect();
            cited.push((remedy["key"].as_str().unwrap().to_owned(), ids));
        }
    }
    cited
}

#[test]
fn every_file_parses_and_every_entry_cites_a_source_of_the_table() {
    for (key, cited) in cited() {
        assert!(!cited.is_empty(), "{key} has no source");
        let once: BTreeSet<&String> = cited.iter().collect();
        assert_eq!(once.len(), cited.len(), "{key} cites a source twice");
        for source in cited {
            assert!(SOURCES.contains_key(&source), "{key}: {source}");
        }
    }
}

#[test]
fn every_source_is_cited_and_has_a_date_of_reading() {
    let cited: BTreeSet<String> = cited()
        .into_iter()
        .flat_map(|(_, sources)| sources)
        .collect();
    for (id, source) in &*SOURCES {
        assert!(cited.contains(id), "{id} is not cited");
        let is_own = source.standing == Standing::Measured;
        let is_date = |date: &String| {
            let parts: Vec<&str> = date.split('-').collect();
            matches!(parts.as_slice(), [year, rest @ ..] if year.len() == 4 && matches!(rest.len(), 1 | 2))
        };
        assert_eq!(source.read.as_ref().is_some_and(is_date), !is_own, "{id}");
    }
}

#[test]
fn what_no_vendor_or_standard_documents_is_marked() {
    let mut marked = 0;
    for (key, cited) in cited() {
        let entry = handbook().entry(&key).unwrap();
        let Some(standing) = entry.standing else {
            continue;
        };
        let is_documented = cited
            .iter()
            .any(|id| SOURCES.get(id).unwrap().standing == Standing::Documented);
        assert!(
            is_documented || standing != Standing::Documented,
            "{key} has no source that documents it"
        );
        marked += usize::from(standing != Standing::Documented);
    }
    assert!(marked > 10);
    for kind in Kind::VARIANTS {
        let has_standing = *kind != Kind::Word;
        let entries = handbook().entries().iter();
        for entry in entries.filter(|entry| entry.kind == *kind) {
            assert_eq!(entry.standing.is_some(), has_standing, "{}", entry.key);
        }
    }
}

#[test]
fn no_quotation_is_longer_than_a_sentence() {
    for entry in handbook().entries() {
        let says = entry.says.as_deref().unwrap_or_default();
        assert!(!says.contains(". "), "{}: {says}", entry.key);
        assert!(says.len() <= 240, "{}: {says}", entry.key);
    }
}

#[test]
fn the_decimal_of_a_code_is_right() {
    let labels: Vec<_> = [0x904, 0x1B07, 0xB07]
        .map(|number| handbook().code(number).unwrap().label().into_owned())
        .to_vec();
    assert_eq!(labels, ["0x904 (2308)", "0x1B07 (6919)", "0xB07 (2823)"]);
}

#[test]
fn the_entry_of_0x904_leads_to_every_claim_and_every_cause_on_the_client() {
    let entry = handbook().code(0x904).unwrap();
    let reached: BTreeSet<&str> = entry
        .see
        .iter()
        .chain(&entry.also)
        .map(String::as_str)
        .collect();
    for key in keys(Kind::Claim).into_iter().chain(keys(Kind::Client)) {
        assert!(reached.contains(key), "{key}");
    }
    let invisible = entry
        .causes
        .iter()
        .find(|cause| cause.stage == FindingStage::Client)
        .unwrap();
    assert_eq!(invisible.see, keys(Kind::Client));
}

#[test]
fn every_finding_of_the_catalogue_has_an_entry() {
    let known = catalog::kinds().chain(catalog::notices());
    let known: BTreeSet<&str> = known.map(|kind| kind.id).collect();
    assert_eq!(known, keys(Kind::Finding).into_iter().collect());
}

#[test]
fn every_remedy_and_every_claim_is_there() {
    assert_eq!(keys(Kind::Remedy), lettered('R', 21));
    assert_eq!(keys(Kind::Claim), lettered('W', 35));
}

#[test]
fn every_claim_has_a_verdict_and_says_what_to_do_instead() {
    for entry in handbook().entries() {
        let is_claim = entry.kind == Kind::Claim;
        assert_eq!(entry.verdict.is_some(), is_claim, "{}", entry.key);
        assert_eq!(entry.instead.is_some(), is_claim, "{}", entry.key);
    }
}

/// With what the text of an entry may begin that has no line of its own for it.
const ACTIONS: &str = "Add Allow Apply Ask Attach Build Change Check Compare Configure Connect Delete Enable Extend Find Give \
     Grant Information Insert Install Raise Reinsert Remove Repair Run Set Sign Start Success Take Try Unlock Update Use Wait";

#[test]
fn every_entry_says_first_what_to_do() {
    for entry in handbook().entries() {
        // The title of a remedy says it, and words are no trouble.
        if matches!(entry.kind, Kind::Remedy | Kind::Word) {
            continue;
        }
        let text = entry.text.first().map_or("", String::as_str);
        let first = text
            .split(|c: char| !c.is_ascii_alphabetic())
            .next()
            .unwrap();
        let begins = ACTIONS.split_whitespace().any(|action| action == first);
        assert!(begins || entry.todo.is_some(), "{}: {text}", entry.key);
    }
    let todo = |key: &str| handbook().entry(key).unwrap().todo.clone().unwrap();
    assert!(
        todo("RDP-TLS-CLOSED").contains("(R1)"),
        "{}",
        todo("RDP-TLS-CLOSED")
    );
    assert!(todo("0xB07").starts_with("Enable the account"));
}

#[test]
fn no_reference_leads_nowhere_and_each_leads_to_the_right_kind() {
    for entry in handbook().entries() {
        let lists = entry
            .causes
            .iter()
            .map(|cause| (&cause.findings, &cause.fixes, &cause.see))
            .chain([
                (&entry.findings, &entry.fixes, &entry.see),
                (&entry.findings, &entry.fixes, &entry.also),
            ]);
        for (findings, fixes, see) in lists {
            for (list, wanted) in [
                (findings, Some(Kind::Finding)),
                (fixes, Some(Kind::Remedy)),
                (see, None),
            ] {
                for key in list {
                    let met = handbook().entry(key);
                    let met = met.unwrap_or_else(|| panic!("{}: no {key}", entry.key));
                    assert_eq!(&met.key, key, "{}", entry.key);
                    assert!(
                        wanted.is_none_or(|kind| kind == met.kind),
                        "{}: {key}",
                        entry.key
                    );
                    assert_ne!(met.key, entry.key, "{} leads to itself", entry.key);
                }
            }
        }
    }
}

#[test]
fn codes_and_keys_named_in_texts_exist() {
    for entry in handbook().entries() {
        for (field, text) in texts(entry)
            .into_iter()
            .filter(|(field, _)| *field != "sources")
        {
            for word in text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')) {
                let is_key = word.starts_with("RDP-") && word != "RDP-Tcp"
                    || word.starts_with("CLIENT-")
                    || (word.starts_with(['R', 'W'])
                        && word.len() > 1
                        && word.chars().skip(1).all(|c| c.is_ascii_digit()));
                assert!(
                    !is_key || handbook().entry(word).is_some(),
                    "{} {field}: {word}",
                    entry.key
                );
            }
        }
    }
}

#[test]
fn entries_are_unique_and_sorted() {
    let entries = handbook().entries();
    assert!(entries.is_sorted_by(|one, other| order(one) < order(other)));
    let keys: BTreeSet<String> = entries
        .iter()
        .map(|entry| entry.key.to_lowercase())
        .collect();
    assert_eq!(keys.len(), entries.len());
}

#[test]
fn every_text_is_plain_and_whole() {
    for entry in handbook().entries() {
        for (field, text) in texts(entry) {
            assert_eq!(sanitize::single_line(text), text, "{} {field}", entry.key);
            // Nobody sees the words to be found by, which may be of any language.
            assert!(
                (text.is_ascii() || field == "words") && !text.is_empty(),
                "{} {field}: {text}",
                entry.key
            );
        }
        assert!(!entry.title.ends_with('.'), "{}", entry.key);
        for text in &entry.text {
            assert!(text.ends_with('.'), "{}: {text}", entry.key);
        }
    }
}

#[test]
fn harmful_folklore_stands_only_where_it_is_condemned() {
    for entry in handbook().entries() {
        if matches!(entry.verdict, Some(Claimed::False | Claimed::Harmful)) {
            continue;
        }
        for (field, text) in texts(entry) {
            let text = text.to_lowercase();
            for folly in [
                "machinekeys folder",
                "rename the folder",
                "securitylayer 0",
                "securitylayer=0",
                "security layer to rdp",
                "disable nla",
                "nla off",
                "switch nla off",
                "authentication level 0",
                "authentication level:i:0",
                "65536",
            ] {
                assert!(!text.contains(folly), "{} {field}: {folly}", entry.key);
            }
        }
    }
}

#[test]
fn the_entry_of_0x904_has_causes_with_proof_and_fix() {
    let entry = handbook().code(0x904).unwrap();
    assert!(entry.causes.len() >= 8);
    for cause in &entry.causes {
        assert!(!cause.fixes.is_empty(), "{}", cause.what);
        assert_eq!(
            cause.findings.is_empty(),
            cause.stage == FindingStage::Client,
            "{}",
            cause.what
        );
    }
}

#[test]
fn every_word_of_a_verdict_is_told() {
    let words = HostState::ALL
        .iter()
        .map(|one| one.word())
        .chain(CertificateStatus::ALL.iter().map(|one| one.word()))
        .chain(DnsVerdict::ALL.iter().map(|one| one.word()))
        .chain(Nla::ALL.iter().map(|one| one.word()))
        .chain(StabilityVerdict::ALL.iter().map(|one| one.word()))
        .chain(SelectedSecurity::ALL.iter().map(|one| one.word()))
        .chain(ServerFeature::ALL.iter().map(|one| one.word()))
        .chain(
            [
                Severity::Critical,
                Severity::High,
                Severity::Medium,
                Severity::Low,
                Severity::Info,
            ]
            .map(Severity::word),
        )
        .chain(["sure", "likely", "hint"]);
    let mut told: BTreeSet<&str> = keys(Kind::Word).into_iter().collect();
    for word in words.collect::<BTreeSet<&str>>() {
        assert!(told.remove(word), "{word}");
    }
    assert!(told.iter().all(|key| key.starts_with("MARK-")), "{told:?}");
}

#[test]
fn the_handbook_and_the_legend_give_a_word_the_same_meaning() {
    fn check<T: Vocabulary>(about: &str) {
        for (_, word, meaning) in T::WORDS {
            let title = &handbook().entry(word).unwrap().title;
            // One entry for two vocabularies.
            if *word != "unknown" {
                assert_eq!(*title, format!("{about}: {meaning}"));
            }
        }
    }
    check::<HostState>("State");
    check::<CertificateStatus>("Certificate");
    check::<DnsVerdict>("DNS");
    check::<Nla>("NLA");
    check::<StabilityVerdict>("Stability");
}

/// A protocol has to be added to the list above.
#[test]
fn no_security_is_left_out_above() {
    let known = (0..=16).filter_map(|bits| SelectedSecurity::from_protocol(Protocols(bits)));
    assert_eq!(known.count() + 1, 7);
}

mod messages;
mod public_tables;
mod questions;
mod search;
