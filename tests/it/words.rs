//! Words that are kept out of the product: screens, help, errors, findings, remedies, reports, documents and comments.

use std::path::{Path, PathBuf};

/// Odd words, or odd in a technical text, each with a better one.
const BANNED: &[(&str, &str)] = &[
    ("mend", "fix"),
    ("mends", "fixes"),
    ("mended", "fixed"),
    ("mending", "fixing"),
    ("anew", "again"),
    ("whoever", "the one that"),
    ("told", "reported, sent, known"),
    ("take leave", "close"),
    ("takes leave", "closes"),
    ("under way", "in progress, in-flight"),
    ("give up", "skip, stop"),
    ("gives up", "skips, stops"),
    ("gave up", "stopped"),
    ("given up", "skipped, dropped"),
    ("stand still", "freeze"),
    ("stands still", "is frozen"),
    ("half dead", "some addresses do not respond"),
    ("leads nowhere", "does not resolve"),
    ("leads here", "resolves here"),
    ("what stands", "the text, the part"),
    ("heard", "received, handled"),
    ("come about", "occur, be established"),
    ("comes about", "occurs, is established"),
    ("looks after", "manages"),
];

/// The lines of a file with their numbers; of a source those before its tests.
fn lines<'a>(path: &Path, text: &'a str) -> impl Iterator<Item = (usize, &'a str)> {
    let is_source = path.extension().is_some_and(|extension| extension == "rs");
    let is_product = move |line: &&str| !is_source || *line != "#[cfg(test)]";
    (1..).zip(text.lines().take_while(is_product))
}

/// The words of a line with one blank before, between and behind them; `snake_case` is two words.
fn words(line: &str) -> String {
    let lower = line.to_lowercase();
    let words = lower.split(|c: char| !c.is_ascii_alphabetic());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    format!(" {} ", words.join(" "))
}

fn found(line: &str) -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    let words = words(line);
    let mut banned = BANNED.iter();
    std::iter::from_fn(move || banned.find(|(word, _)| words.contains(&format!(" {word} "))))
}

/// Sources of tests alone, which a release does not hold.
fn is_of_tests(path: &Path) -> bool {
    const FOLDERS: [&str; 5] = ["tests", "testing", "fixture", "corpus", "fake_server"];
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    stem.ends_with("_tests") || FOLDERS.contains(&&*stem)
}

fn files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if is_of_tests(&path) {
            continue;
        }
        if path.is_dir() {
            files(&path, into);
        } else {
            into.push(path);
        }
    }
}

#[test]
fn no_text_has_a_banned_word() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = [
        "README.md",
        "CHANGELOG.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
    ]
    .map(|name| root.join(name))
    .to_vec();
    for folder in ["src", "config", "docs"] {
        files(&root.join(folder), &mut all);
    }
    assert!(all.len() > 300, "only {} files were read", all.len());
    let mut faults = Vec::new();
    for path in all {
        // Pictures are no text.
        let Ok(text) = std::fs::read_to_string(&path) else {
            continue;
        };
        let name = path.strip_prefix(root).unwrap().to_string_lossy();
        let name = name.replace('\\', "/");
        for (number, line) in lines(&path, &text) {
            for (word, better) in found(line) {
                faults.push(format!("{name}:{number}: `{word}`: write {better}"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_banned_word_is_found_in_any_case_and_in_names() {
    let found = |line| found(line).map(|(word, _)| *word).collect::<Vec<_>>();
    assert_eq!(found("title = \"Mend the path\""), ["mend"]);
    assert_eq!(
        found("let given_up = half_dead;"),
        ["given up", "half dead"]
    );
    assert_eq!(found("an amendment, recommended"), Vec::<&str>::new());
}
