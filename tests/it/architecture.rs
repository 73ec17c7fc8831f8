//! Holds the sources against the table of `ARCHITECTURE.md`: who may use whom, and what a module never touches.
#![expect(
    clippy::indexing_slicing,
    reason = "a table of another shape fails the test"
)]

mod paths;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use paths::Sources;

/// The sources, read once.
static SOURCES: LazyLock<Sources> = LazyLock::new(|| Sources::read(&root()));

/// What plain data, codecs and opinions keep away from, besides the row of their own.
const PURE: &[&str] = &["tokio", "std::fs", "std::net::Tcp", "std::io::std"];
const SOCKETS: &[&str] = &[
    "tokio::net",
    "std::net::Tcp",
    "std::net::Udp",
    "socket2",
    "hickory_",
];
const SCREEN: &[&str] = &["ratatui", "crossterm"];
const TLS: &[&str] = &["rustls", "tokio_rustls"];
const CLOCK: &[&str] = &[
    "jiff::Timestamp::now",
    "std::time::Instant::now",
    "std::time::SystemTime",
];

/// The beginnings of paths that must not stand in a module; every module of the table has a row.
const NEVER: &[(&str, &[&[&str]])] = &[
    ("changes", &[PURE, TLS, SCREEN, CLOCK]),
    ("clock", &[TLS, SCREEN, SOCKETS, &["std::fs"]]),
    ("counts", &[PURE, TLS, SCREEN, CLOCK]),
    ("diagnosis", &[PURE, TLS, SCREEN, CLOCK]),
    ("fix", &[SOCKETS, TLS, SCREEN, CLOCK, &["tokio"]]),
    ("fleet", &[PURE, TLS, SCREEN, CLOCK]),
    ("history", &[SOCKETS, TLS, SCREEN]),
    ("model", &[PURE, TLS, SCREEN, CLOCK]),
    ("pages", &[PURE, TLS, SCREEN, CLOCK]),
    ("panic_guard", &[SOCKETS, TLS, SCREEN, CLOCK, &["std::fs"]]),
    ("platform", &[TLS, SCREEN]),
    ("probe", &[SCREEN]),
    ("prober", &[SOCKETS, TLS, SCREEN]),
    ("record", &[SOCKETS, TLS, SCREEN, &["tokio"]]),
    ("report", &[SOCKETS, TLS, SCREEN, &["tokio"]]),
    ("sanitize", &[PURE, TLS, SCREEN, CLOCK]),
    ("scan", &[SOCKETS, TLS, SCREEN, &["std::fs"]]),
    ("sim", &[SCREEN]),
    ("sites", &[SOCKETS, TLS, SCREEN]),
    ("streams", &[SOCKETS, TLS, SCREEN, CLOCK, &["std::fs"]]),
    ("table", &[PURE, TLS, SCREEN, CLOCK]),
    ("targets", &[SOCKETS, TLS, SCREEN, &["tokio"]]),
    ("tui", &[SOCKETS, TLS]),
    ("wire", &[PURE, TLS, SCREEN, CLOCK, &["std::io"]]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The rows of the table: each module with those it may use, `None` for those that may use all.
fn table() -> BTreeMap<String, Option<BTreeSet<String>>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("ARCHITECTURE.md");
    let document = std::fs::read_to_string(path).unwrap();
    let rows = document
        .lines()
        .skip_while(|line| !line.starts_with("| module |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    let names = |cell: &str| -> BTreeSet<String> {
        let quoted = cell.split('`').skip(1).step_by(2);
        quoted
            .filter(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
            .map(str::to_owned)
            .collect()
    };
    let mut table = BTreeMap::new();
    for row in rows {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let allowed = (cells[3] != "everything").then(|| names(cells[3]));
        for module in names(cells[1]) {
            table.insert(module, allowed.clone());
        }
    }
    assert!(table.len() > 10, "the table was not found");
    table
}

/// Each module at the top, with those that its files refer to, and where.
fn uses(sources: &Sources) -> BTreeMap<String, BTreeMap<String, BTreeSet<String>>> {
    let mut uses: BTreeMap<String, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for file in sources.files() {
        let Some(module) = file.first() else { continue };
        let of_module = uses.entry(module.clone()).or_default();
        for used in sources.uses(file) {
            if let Some(other) = used.first().filter(|other| *other != module) {
                let wheres = of_module.entry(other.clone()).or_default();
                wheres.insert(file.join("::"));
            }
        }
    }
    uses
}

#[test]
fn every_module_uses_what_the_table_says_and_nothing_else() {
    let sources = &*SOURCES;
    let table = table();
    let mut faults = Vec::new();
    for (module, used) in uses(sources) {
        let Some(allowed) = table.get(&module) else {
            faults.push(format!("`{module}` has no row"));
            continue;
        };
        let Some(allowed) = allowed else { continue };
        for (other, files) in &used {
            if !allowed.contains(other) {
                faults.push(format!("`{module}` may not use `{other}`: {files:?}"));
            }
        }
        for idle in allowed.iter().filter(|name| !used.contains_key(*name)) {
            faults.push(format!(
                "`{module}` does not use `{idle}`: take it out of its row"
            ));
        }
    }
    let modules: BTreeSet<String> = sources
        .files()
        .filter_map(|file| file.first().cloned())
        .collect();
    for gone in table.keys().filter(|name| !modules.contains(*name)) {
        // `main` is a crate of its own, and `sim` is a feature.
        if gone != "main" && (gone != "sim" || cfg!(feature = "sim")) {
            faults.push(format!("`{gone}` has a row, but no file"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn no_module_touches_what_it_never_may() {
    let sources = &*SOURCES;
    let mut faults = Vec::new();
    for (module, _) in table().iter().filter(|(_, allowed)| allowed.is_some()) {
        let never = NEVER.iter().find(|(name, _)| name == module);
        let Some((_, never)) = never else {
            faults.push(format!("`{module}` has no row in NEVER"));
            continue;
        };
        for file in sources.files().filter(|file| file.first() == Some(module)) {
            for path in sources.outside(file) {
                if never.concat().iter().any(|banned| path.starts_with(banned)) {
                    faults.push(format!("{}: `{path}`", file.join("::")));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn no_files_import_each_other_in_a_circle_except_parent_and_child() {
    let sources = &*SOURCES;
    let related =
        |one: &[String], other: &[String]| one.starts_with(other) || other.starts_with(one);
    let edges: BTreeMap<_, BTreeSet<_>> = sources
        .files()
        .map(|file| {
            let mut used = sources.uses(file);
            used.retain(|other| !related(file, other) && other.first() == file.first());
            (file.clone(), used)
        })
        .collect();
    // A file that leads back to itself stands in a circle.
    let mut circles = BTreeSet::new();
    for start in edges.keys() {
        let mut seen = BTreeMap::new();
        let mut open = vec![start.clone()];
        while let Some(at) = open.pop() {
            for next in edges.get(&at).into_iter().flatten() {
                if !seen.contains_key(next) {
                    seen.insert(next.clone(), at.clone());
                    open.push(next.clone());
                }
            }
        }
        let mut circle = vec![start.join("::")];
        let mut at = seen.get(start);
        while let Some(before) = at.filter(|before| *before != start) {
            circle.push(before.join("::"));
            at = seen.get(before);
        }
        if at.is_some() {
            circle.sort();
            circles.insert(circle);
        }
    }
    let lines: Vec<String> = circles.iter().map(|circle| circle.join(" - ")).collect();
    assert!(lines.is_empty(), "in circles:\n{}", lines.join("\n"));
}

fn rust_files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

#[test]
fn no_source_file_is_longer_than_it_should_be() {
    let mut files = Vec::new();
    rust_files(&root(), &mut files);
    let long: Vec<_> = files
        .iter()
        .map(|path| (path, std::fs::read_to_string(path).unwrap().lines().count()))
        .filter(|(_, lines)| *lines > 600)
        .collect();
    assert!(long.is_empty(), "split these: {long:?}");
}
