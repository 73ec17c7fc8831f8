//! The README and the lists of keys and fields say what is true.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use rdpscan::table::Field;
use rdpscan::tui::keymap::{self, Binding, Context, KeyHelp, Keymap};

fn text(document: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(document);
    std::fs::read_to_string(path)
        .unwrap_or_default()
        .replace("\r\n", "\n")
}

/// A table of keys, from the one that dispatches them: what is the same in several places stands once.
fn key_table(places: &[(Context, &str)], takes: impl Fn(&Binding) -> bool) -> String {
    let keymap = Keymap::default();
    let mut rows: Vec<(String, KeyHelp)> = Vec::new();
    for (context, place) in places {
        for told in keymap.help_lines(*context, &takes) {
            match rows.iter_mut().find(|(_, known)| *known == told) {
                Some((places, _)) => write!(places, ", {place}").unwrap(),
                None => rows.push(((*place).to_owned(), told)),
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

/// The screens, where people spend their time.
const SCREENS: [(Context, &str); 3] = [
    (Context::Table, "table"),
    (Context::Host, "host"),
    (Context::Overview, "overview"),
];

/// Everywhere that has keys of its own.
fn places() -> Vec<(Context, &'static str)> {
    let mut places = vec![(Context::Global, "everywhere")];
    places.extend(SCREENS);
    places.extend([
        (Context::Filter, "filter line"),
        (Context::Menu, "menus"),
        (Context::Sort, "sort menu"),
        (Context::Columns, "columns"),
        (Context::Commands, "all actions"),
        (Context::Help, "help"),
        (Context::Entry, "handbook"),
        (Context::Quit, "the question whether to quit"),
        (Context::Unsaved, "the question whether to save"),
        (Context::Fix, "the question whether to write fixes"),
        (Context::Rescan, "the question whether to rescan"),
    ]);
    places
}

fn assert_holds(document: &str, table: &str) {
    assert!(
        text(document).contains(table),
        "put this into {document}:\n{table}"
    );
}

/// Actions that the README shows beside those of the footers.
const TOLD: [&str; 7] = [
    "columns",
    "group",
    "probe-again",
    "fix",
    "freeze",
    "skip",
    "rescan",
];

#[test]
fn the_readme_has_the_keys_that_the_footers_show_and_some_more() {
    let shown = |binding: &Binding| {
        binding.hint.is_some() || binding.word.is_some_and(|word| TOLD.contains(&word))
    };
    assert_holds("README.md", &key_table(&SCREENS, shown));
}

#[test]
fn the_list_of_keys_has_every_one() {
    assert_eq!(places().len(), Context::ALL.len());
    assert_holds("docs/keys.md", &key_table(&places(), |_| true));
}

#[test]
fn the_list_of_fields_has_every_one() {
    let mut table =
        String::from("| key | heading | meaning | filter | other names |\n|---|---|---|---|---|\n");
    for field in Field::ALL {
        let spec = field.spec();
        let (key, heading, meaning) = (spec.key, spec.heading, spec.meaning);
        let filter = if field.is_of_rows() {
            format!("`{key}{}`", spec.example)
        } else {
            String::new()
        };
        let aliases: Vec<String> = spec
            .aliases
            .iter()
            .map(|name| format!("`{name}`"))
            .collect();
        let aliases = aliases.join(", ");
        writeln!(
            table,
            "| `{key}` | {heading} | {meaning} | {filter} | {aliases} |"
        )
        .unwrap();
    }
    assert_holds("docs/fields.md", &table);
    let searched: Vec<String> = Field::ALL
        .into_iter()
        .filter(|field| field.spec().searched)
        .map(|field| format!("`{}`", field.key()))
        .collect();
    assert_holds(
        "docs/fields.md",
        &format!("A bare word is looked for in: {}.\n", searched.join(", ")),
    );
}

#[test]
fn the_settings_name_every_action_that_can_have_other_keys() {
    let text = text("config/rdpscan.toml");
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
