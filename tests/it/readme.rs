//! The README says what is true.

use std::fmt::Write as _;
use std::path::Path;

use rdpscan::tui::keymap::{self, Context};

fn readme() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    std::fs::read_to_string(path).unwrap().replace("\r\n", "\n")
}

/// The key table of the README, from the one table of keys.
fn key_table() -> String {
    let mut table = String::from("| where | keys | what they do |\n|---|---|---|\n");
    for (context, place) in [
        (Context::Global, "everywhere"),
        (Context::Table, "table"),
        (Context::Host, "host"),
    ] {
        for binding in keymap::BINDINGS
            .iter()
            .filter(|binding| binding.context == context)
        {
            let keys = keymap::keys_label(binding).replace('|', "\\|");
            writeln!(table, "| {place} | {keys} | {} |", binding.help).unwrap();
        }
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
