//! The README says what is true.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use rdpscan::tui::keymap::{self, Context, Keymap, Told};

fn readme() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    std::fs::read_to_string(path).unwrap().replace("\r\n", "\n")
}

/// The key table of the README, from the one table of keys: the screens', what is the same on several of them once.
fn key_table() -> String {
    let keymap = Keymap::default();
    let mut rows: Vec<(String, Told)> = Vec::new();
    for (context, place) in [
        (Context::Global, "everywhere"),
        (Context::Table, "table"),
        (Context::Host, "host"),
        (Context::Overview, "overview"),
        (Context::Filter, "filter line"),
    ] {
        for told in keymap.told(context) {
            match rows.iter_mut().find(|(_, known)| *known == told) {
                Some((places, _)) => write!(places, ", {place}").unwrap(),
                None => rows.push((place.to_owned(), told)),
            }
        }
    }
    let mut table =
        String::from("| where | keys | what they do | name in settings |\n|---|---|---|---|\n");
    for (places, told) in rows {
        let places = if places == "table, host, overview" {
            "every screen"
        } else {
            &places
        };
        let keys = told.keys.replace('|', "\\|");
        let word = told
            .word
            .map_or_else(String::new, |word| format!("`{word}`"));
        writeln!(table, "| {places} | {keys} | {} | {word} |", told.help).unwrap();
    }
    table
}

#[test]
fn the_keys_of_the_readme_are_those_of_the_program() {
    let table = key_table();
    assert!(
        readme().contains(&table),
        "put this into README.md under Keys:\n{table}"
    );
}

#[test]
fn the_settings_name_every_action_that_can_have_other_keys() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/rdpscan.toml");
    let text = std::fs::read_to_string(path).unwrap();
    let (_, after) = text.split_once("The actions:").unwrap();
    let (list, _) = after.split_once("keys = ").unwrap();
    let named: BTreeSet<&str> = list
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
        .filter(|word| !word.is_empty())
        .collect();
    let words: BTreeSet<&str> = keymap::BINDINGS
        .iter()
        .filter_map(|binding| binding.word)
        .collect();
    assert_eq!(named, words);
}
