//! Holds the sources against the import table of `ARCHITECTURE.md`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Module, the crate modules it may use, and the words that must not stand in it.
const TABLE: &[(&str, &[&str], &[&str])] = &[
    (
        "model",
        &[],
        &[
            "tokio",
            "rustls::",
            "ratatui",
            "std::fs",
            "std::net::Tcp",
            "clock::",
        ],
    ),
    (
        "clock",
        &["platform", "model"],
        &["rustls::", "ratatui", "std::fs", "std::net::Tcp"],
    ),
    (
        "counts",
        &[],
        &["tokio", "rustls::", "ratatui", "std::fs", "std::net::Tcp"],
    ),
    (
        "sanitize",
        &[],
        &["tokio", "rustls::", "ratatui", "std::fs", "std::net::Tcp"],
    ),
    (
        "targets",
        &["model", "counts"],
        &[
            "tokio",
            "rustls::",
            "ratatui",
            "std::net::Tcp",
            "lookup_host",
        ],
    ),
    (
        "wire",
        &["model"],
        &[
            "tokio",
            "rustls::",
            "ratatui",
            "std::fs",
            "std::net::Tcp",
            "std::io",
        ],
    ),
    (
        "diagnosis",
        &["model"],
        &[
            "tokio",
            "rustls::",
            "ratatui",
            "std::fs",
            "std::net::Tcp",
            "clock::",
            "::now(",
        ],
    ),
    (
        "fleet",
        &["diagnosis", "model"],
        &[
            "tokio",
            "rustls::",
            "ratatui",
            "std::fs",
            "std::net::Tcp",
            "clock::",
            "::now(",
        ],
    ),
    (
        "record",
        &["model", "sanitize"],
        &["tokio", "rustls::", "ratatui", "std::net::Tcp"],
    ),
    (
        "scan",
        &["targets", "model", "clock"],
        &[
            "rustls::",
            "ratatui",
            "hickory",
            "tokio::net",
            "std::net::Tcp",
            "std::fs",
        ],
    ),
    (
        "probe",
        &["wire", "model", "clock", "scan", "platform"],
        &["ratatui", "println!", "print!("],
    ),
    ("platform", &["model"], &["ratatui", "rustls::"]),
    (
        "report",
        &[
            "fleet",
            "table",
            "diagnosis",
            "model",
            "sanitize",
            "counts",
            "clock",
            "record",
        ],
        &["tokio", "rustls::", "ratatui", "hickory", "std::net::Tcp"],
    ),
    (
        "fix",
        &["fleet", "diagnosis", "model", "sanitize"],
        &[
            "tokio",
            "rustls::",
            "ratatui",
            "hickory",
            "std::net::Tcp",
            "::now(",
        ],
    ),
    (
        "table",
        &["fleet", "diagnosis", "model", "counts"],
        &[
            "tokio",
            "rustls::",
            "ratatui",
            "std::fs",
            "std::net::Tcp",
            "clock::",
            "::now(",
        ],
    ),
    (
        "tui",
        &[
            "fleet",
            "table",
            "diagnosis",
            "report",
            "fix",
            "model",
            "sanitize",
            "counts",
            "clock",
        ],
        &["tokio::net", "rustls::", "hickory", "std::net::Tcp"],
    ),
    (
        "sim",
        &["wire", "model", "clock", "fleet", "diagnosis"],
        &["ratatui"],
    ),
];

/// Modules that wire the others together and may use everything.
const WIRING: &[&str] = &["app", "cli", "settings", "exit", "main", "lib"];

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

/// The source without comments and without its tests.
fn product_text(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let product = text
        .split("#[cfg(test)]\nmod tests {")
        .next()
        .unwrap_or_default();
    product
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Names after `crate::`, also inside `use crate::{…}`.
fn crate_modules(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices("crate::") {
        if text[..at].ends_with('$')
            || text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_')
        {
            continue;
        }
        let rest = &text[at + "crate::".len()..];
        let group = rest
            .strip_prefix('{')
            .and_then(|rest| rest.split(';').next());
        let starts: Vec<&str> = match group {
            Some(group) => top_level_items(group),
            None => vec![rest],
        };
        for start in starts {
            let name: String = start
                .trim()
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            found.insert(name);
        }
    }
    found
}

fn top_level_items(group: &str) -> Vec<&str> {
    let (mut depth, mut start, mut items) = (0_i32, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                items.push(&group[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    items.push(&group[start..]);
    items
}

fn module_of(path: &Path, root: &Path) -> String {
    let relative = path.strip_prefix(root).unwrap();
    let first = relative
        .components()
        .next()
        .unwrap()
        .as_os_str()
        .to_string_lossy()
        .into_owned();
    first.trim_end_matches(".rs").to_owned()
}

fn is_test_file(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "tests")
        || path
            .file_stem()
            .is_some_and(|stem| stem.to_string_lossy().ends_with("tests"))
}

#[test]
fn every_module_keeps_to_the_import_table() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut faults = Vec::new();
    for path in files.iter().filter(|path| !is_test_file(path)) {
        let module = module_of(path, &root);
        if WIRING.contains(&module.as_str()) {
            continue;
        }
        let shown = path.strip_prefix(&root).unwrap().display();
        let Some((_, allowed, banned)) = TABLE.iter().find(|(name, ..)| *name == module) else {
            faults.push(format!(
                "{shown}: module `{module}` is not in the import table"
            ));
            continue;
        };
        let text = product_text(path);
        for used in crate_modules(&text) {
            if used != module && !allowed.contains(&used.as_str()) {
                faults.push(format!("{shown}: `{module}` may not use `crate::{used}`"));
            }
        }
        for word in banned.iter().filter(|word| text.contains(**word)) {
            faults.push(format!("{shown}: `{word}` must not stand in `{module}`"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_import_table_stands_in_the_architecture_document() {
    let document =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("ARCHITECTURE.md"))
            .unwrap();
    for (module, allowed, _) in TABLE {
        let row = document
            .lines()
            .find(|line| line.starts_with(&format!("| `{module}` |")));
        let row = row.unwrap_or_else(|| panic!("no row for `{module}`"));
        for name in *allowed {
            assert!(
                row.contains(&format!("`{name}`")),
                "the row of `{module}` does not name `{name}`"
            );
        }
    }
}

#[test]
fn no_source_file_is_longer_than_it_should_be() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let long: Vec<_> = files
        .iter()
        .map(|path| (path, std::fs::read_to_string(path).unwrap().lines().count()))
        .filter(|(_, lines)| *lines > 600)
        .collect();
    assert!(long.is_empty(), "split these: {long:?}");
}
