//! README and docs: the tables that the program knows better, links, and commands.

mod commands;
mod links;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args as _, Command, CommandFactory as _};
use rdpscan::cli::Cli;
use rdpscan::diagnosis::handbook::{Kind, handbook};
use rdpscan::diagnosis::{catalog, remedies};
use rdpscan::report::Format;
use rdpscan::settings::Settings;
use rdpscan::table::Field;
use rdpscan::tui::keymap::{self, Context, KeyHelp, Keymap};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(document: &Path) -> String {
    std::fs::read_to_string(root().join(document))
        .unwrap()
        .replace("\r\n", "\n")
}

/// Every page of `docs`, relative to the repository.
fn pages() -> Vec<PathBuf> {
    let mut folders = vec![PathBuf::from("docs")];
    let mut pages = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(root().join(&folder)).unwrap() {
            let path = folder.join(entry.unwrap().file_name());
            if root().join(&path).is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                pages.push(path);
            }
        }
    }
    pages.sort();
    pages
}

/// A table of Markdown; a bar in a cell is escaped.
fn table(heads: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let heads: Vec<String> = heads.iter().map(|head| (*head).to_owned()).collect();
    let mut table = line(&heads);
    writeln!(table, "|{}", "---|".repeat(heads.len())).unwrap();
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| cell.replace('|', "\\|")).collect();
        table += &line(&cells);
    }
    table
}

fn code(text: &str) -> String {
    if text.is_empty() {
        String::new()
    } else {
        format!("`{text}`")
    }
}

fn codes<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let codes: Vec<String> = texts.into_iter().map(code).collect();
    codes.join(", ")
}

/// From the table that dispatches them: what is the same in several places stands once.
fn keys() -> String {
    let keymap = Keymap::default();
    let mut rows: Vec<(String, KeyHelp)> = Vec::new();
    for (context, place) in places() {
        for told in keymap.help_lines(context, |_| true) {
            match rows.iter_mut().find(|(_, known)| *known == told) {
                Some((places, _)) => write!(places, ", {place}").unwrap(),
                None => rows.push((place.to_owned(), told)),
            }
        }
    }
    table(
        &["where", "keys", "what they do", "name in settings"],
        rows.into_iter().map(|(places, told)| {
            let places = match &*places {
                "table, host, overview" => "every screen".to_owned(),
                _ => places,
            };
            let name = told.word.map_or_else(String::new, code);
            vec![places, told.keys.clone(), told.help.to_owned(), name]
        }),
    )
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
        (Context::Prompt, "prompts"),
        (Context::Help, "help"),
        (Context::Entry, "handbook"),
        (Context::Quit, "the question whether to quit"),
        (Context::Unsaved, "the question whether to save"),
        (Context::Fix, "the question whether to write fixes"),
        (Context::Rescan, "the question whether to rescan"),
    ]);
    places
}

fn fields() -> String {
    let heads = ["key", "heading", "meaning", "filter", "other names"];
    table(
        &heads,
        Field::ALL.into_iter().map(|field| {
            let spec = field.spec();
            let filter = format!("{}{}", spec.key, spec.example);
            vec![
                code(spec.key),
                spec.heading.to_owned(),
                spec.meaning.to_owned(),
                if field.is_of_rows() {
                    code(&filter)
                } else {
                    String::new()
                },
                codes(spec.aliases.iter().copied()),
            ]
        }),
    )
}

fn searched() -> String {
    let searched = Field::ALL.into_iter().filter(|field| field.spec().searched);
    let keys = codes(searched.map(Field::key));
    format!("A bare word is looked for in: {keys}.\n")
}

fn settings() -> String {
    let command = Settings::augment_args(Command::new("settings"));
    table(
        &["key", "default", "flag", "meaning"],
        command.get_arguments().map(|setting| {
            let default = match setting.get_action() {
                clap::ArgAction::SetTrue => "false".to_owned(),
                clap::ArgAction::SetFalse => "true".to_owned(),
                _ => {
                    let defaults = setting.get_default_values().iter();
                    let defaults: Vec<_> = defaults.map(|value| value.to_string_lossy()).collect();
                    defaults.join(",")
                }
            };
            let long = setting.get_long().filter(|_| !setting.is_hide_set());
            let help = setting.get_help().map(ToString::to_string);
            vec![
                code(setting.get_id().as_str()),
                code(&default),
                long.map_or_else(String::new, |long| code(&format!("--{long}"))),
                help.unwrap_or_default(),
            ]
        }),
    )
}

fn findings() -> String {
    table(
        &["finding", "severity", "stage", "meaning", "remedies"],
        catalog::kinds().map(|kind| {
            vec![
                code(kind.id),
                kind.severity.word().to_owned(),
                kind.stage.meaning().to_owned(),
                kind.title.to_owned(),
                kind.remedies.join(", "),
            ]
        }),
    )
}

fn all_remedies() -> String {
    table(
        &["remedy", "title", "what it interrupts"],
        remedies::all().iter().map(|remedy| {
            vec![
                code(&remedy.key),
                remedy.title.clone(),
                remedy.interrupts.clone(),
            ]
        }),
    )
}

/// The words of states, verdicts and severities, with what they are about.
fn words() -> String {
    let words = handbook().entries().iter();
    let words = words.filter(|entry| entry.kind == Kind::Word);
    let mut rows: Vec<Vec<String>> = words
        .filter_map(|entry| {
            entry
                .title
                .split_once(": ")
                .map(|(about, meaning)| (entry, about, meaning))
        })
        .filter(|(_, about, _)| *about != "Mark")
        .map(|(entry, about, meaning)| vec![about.to_owned(), code(&entry.key), meaning.to_owned()])
        .collect();
    rows.sort();
    table(&["about", "word", "meaning"], rows)
}

fn formats() -> String {
    let yes = |is: bool| if is { "yes" } else { "" }.to_owned();
    table(
        &[
            "format",
            "extensions of `-o`",
            "for",
            "takes `--columns`",
            "`rdpscan open` reads it",
        ],
        Format::ALL.into_iter().map(|format| {
            let extensions: Vec<String> = format
                .extensions()
                .iter()
                .map(|one| format!(".{one}"))
                .collect();
            vec![
                code(format.word()),
                codes(extensions.iter().map(String::as_str)),
                format.help().to_owned(),
                yes(format.takes_columns()),
                yes(format.is_readable()),
            ]
        }),
    )
}

/// A section of terms and meanings below the options of the help.
fn section_of_help(title: &str, heads: [&str; 2]) -> String {
    let help = Cli::command().get_after_help().unwrap().to_string();
    let (_, section) = help.split_once(&format!("{title}:\n")).unwrap();
    let (section, _) = section.split_once("\n\n").unwrap_or((section, ""));
    // A wide term has its meaning on the next line.
    let section = section.replace("\n      ", "  ");
    table(
        &heads,
        section.lines().map(|line| {
            let (term, meaning) = line.trim().split_once("  ").unwrap();
            let term = codes(term.split(", "));
            vec![term, meaning.trim().to_owned()]
        }),
    )
}

/// Every table that the program knows, with its page and the name in the comment above it.
fn tables() -> Vec<(&'static str, &'static str, String)> {
    vec![
        ("keys", "keys", keys()),
        ("columns", "fields", fields()),
        ("columns", "searched", searched()),
        ("settings", "settings", settings()),
        ("findings", "findings", findings()),
        ("findings", "remedies", all_remedies()),
        ("words", "words", words()),
        ("formats", "formats", formats()),
        (
            "targets",
            "targets",
            section_of_help("Forms of targets", ["target", "meaning"]),
        ),
        (
            "exit-statuses",
            "exit",
            section_of_help("Exit status", ["status", "meaning"]),
        ),
    ]
}

/// `UPDATE_DOCS=1` writes them.
#[test]
fn the_tables_of_the_reference_are_those_of_the_program() {
    assert_eq!(places().len(), Context::ALL.len());
    for (page, name, table) in tables() {
        let path = PathBuf::from(format!("docs/reference/{page}.md"));
        let is = text(&path);
        let (before, rest) = is.split_once(&format!("<!-- table: {name} -->\n")).unwrap();
        let (_, after) = rest.split_once("<!-- end -->").unwrap();
        let due = format!("{before}<!-- table: {name} -->\n{table}<!-- end -->{after}");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(root().join(&path), due).unwrap();
        } else {
            assert!(
                is == due,
                "{}: the table {name} is out of date: UPDATE_DOCS=1 cargo test --locked --test it docs::",
                path.display()
            );
        }
    }
}

#[test]
fn the_settings_name_every_action_that_can_have_other_keys() {
    let text = text(Path::new("config/rdpscan.toml"));
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
