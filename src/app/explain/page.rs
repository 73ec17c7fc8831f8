//! An answer as pages: what stands where, before it becomes text or Markdown.

use super::remedy;
use crate::diagnosis::handbook::{Answer, Cause, Entry, Handbook, Kind, Shape, Standing};

/// A page: a title, then sections.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// The title; empty for a page of notes.
    pub(super) title: String,
    /// A line below the title.
    pub(super) line: Option<String>,
    /// What follows.
    pub(super) sections: Vec<Section>,
}

/// Part of a page.
#[derive(Debug, Default)]
pub(super) struct Section {
    /// The heading; empty for the text that follows the title.
    pub(super) heading: &'static str,
    /// Paragraphs.
    pub(super) paragraphs: Vec<String>,
    /// Items of a list.
    pub(super) items: Vec<Item>,
    /// The items stand in an order that matters.
    pub(super) numbered: bool,
}

/// An item of a list.
#[derive(Debug, Default)]
pub(super) struct Item {
    /// What stands in front: a key.
    pub(super) label: String,
    /// What is said of it.
    pub(super) text: String,
    /// Lines of its own below, each with a word in front.
    pub(super) below: Vec<(&'static str, String)>,
    /// Commands, to be shown as they are pasted.
    pub(super) code: Vec<Code>,
}

/// Something to paste, line by line.
#[derive(Debug)]
pub(super) struct Code {
    /// What takes it, and whether it changes anything.
    pub(super) label: String,
    /// The language, for a code block.
    pub(super) language: &'static str,
    /// The lines.
    pub(super) lines: Vec<&'static str>,
}

/// The answer as pages.
pub(super) fn pages(book: &Handbook, answer: &Answer<'_>) -> Vec<Page> {
    let mut pages = Vec::new();
    if !answer.notes.is_empty() {
        pages.push(Page {
            sections: vec![Section {
                paragraphs: answer.notes.clone(),
                ..Section::default()
            }],
            ..Page::default()
        });
    }
    match answer.shape {
        Shape::Full => pages.extend(answer.entries.iter().map(|entry| full(book, entry))),
        Shape::List => pages.push(list(&answer.entries)),
        Shape::Ranked => pages.push(ranked("Found in the handbook, best first", &answer.entries)),
        Shape::Led => {
            if let Some((first, others)) = answer.entries.split_first() {
                pages.push(full(book, first));
                pages.push(ranked("Also found by this word, best first", others));
            }
        }
    }
    pages
}

fn ranked(title: &str, entries: &[&Entry]) -> Page {
    Page {
        title: title.to_owned(),
        line: Some(HOW_ON.to_owned()),
        sections: vec![Section {
            items: entries.iter().map(|entry| hit(entry)).collect(),
            ..Section::default()
        }],
    }
}

const HOW_ON: &str = "rdpscan explain KEY shows an entry in full.";

fn list(entries: &[&Entry]) -> Page {
    let sections = Kind::ALL.into_iter().filter_map(|kind| {
        let items: Vec<Item> = entries
            .iter()
            .filter(|entry| entry.kind == kind)
            .map(|entry| hit(entry))
            .collect();
        (!items.is_empty()).then_some(Section {
            heading: kind.heading(),
            items,
            ..Section::default()
        })
    });
    Page {
        title: "The handbook".to_owned(),
        line: Some(HOW_ON.to_owned()),
        sections: sections.collect(),
    }
}

fn hit(entry: &Entry) -> Item {
    let title = titled(entry);
    let mut marks: Vec<&str> = entry.mark().into_iter().collect();
    if entry.kind == Kind::Client {
        // The heading says it already.
        marks.clear();
    }
    if entry.reported == Some(false) {
        marks.push("not reported by this version");
    }
    Item {
        label: match entry.kind {
            Kind::Extended => entry.key.clone(),
            _ => entry.label().into_owned(),
        },
        text: if marks.is_empty() {
            title
        } else {
            format!("{title} ({})", marks.join("; "))
        },
        ..Item::default()
    }
}

/// The title; of a claim in quotes, for it is not ours.
fn titled(entry: &Entry) -> String {
    if entry.kind == Kind::Claim {
        format!("\"{}\"", entry.title)
    } else {
        entry.title.clone()
    }
}

fn full(book: &Handbook, entry: &Entry) -> Page {
    let mut sections = vec![Section {
        paragraphs: entry.text.clone(),
        ..Section::default()
    }];
    let mut say = |heading, text: &Option<String>| {
        if let Some(text) = text {
            sections.push(Section {
                heading,
                paragraphs: vec![text.clone()],
                ..Section::default()
            });
        }
    };
    say("A scan predicts it from", &entry.scan);
    say("Reported when", &entry.fires);
    say("Not reported when", &entry.unless);
    say("Its own text", &entry.says);
    say("The user sees", &entry.user);
    say("Do this instead", &entry.instead);
    say("Where", &entry.place);
    if let Some(remedy) = entry.remedy {
        sections.extend(remedy::sections(remedy));
    }
    sections.push(Section {
        heading: "Causes, likeliest first",
        items: entry
            .causes
            .iter()
            .map(|cause| self::cause(book, cause))
            .collect(),
        numbered: true,
        ..Section::default()
    });
    sections.push(Section {
        heading: "Where to confirm it",
        items: entry.checks.iter().map(|text| plain(text)).collect(),
        ..Section::default()
    });
    sections.push(references(book, "Findings", &entry.findings));
    let mended: Vec<String> = book
        .entries()
        .iter()
        .filter(|finding| entry.kind == Kind::Remedy && finding.fixes.contains(&entry.key))
        .filter(|finding| finding.kind == Kind::Finding)
        .map(|finding| finding.key.clone())
        .collect();
    sections.push(references(book, "Helps with", &mended));
    sections.push(references(book, "Remedies", &entry.fixes));
    let (claims, others): (Vec<String>, Vec<String>) = entry
        .see
        .iter()
        .cloned()
        .partition(|key| book.entry(key).is_some_and(|seen| seen.kind == Kind::Claim));
    sections.push(Section {
        heading: "What the web says",
        items: claims
            .iter()
            .filter_map(|key| book.entry(key))
            .map(claim)
            .collect(),
        ..Section::default()
    });
    for (heading, kind) in [
        ("What else the web says, and what of it holds", Kind::Claim),
        ("What only the client can see", Kind::Client),
    ] {
        let of_kind = |key: &&String| book.entry(key).is_some_and(|seen| seen.kind == kind);
        let keys: Vec<String> = entry.also.iter().filter(of_kind).cloned().collect();
        sections.push(references(book, heading, &keys));
    }
    sections.push(references(book, "See also", &others));
    sections.push(Section {
        heading: "Sources",
        items: entry.sources.iter().map(|text| plain(text)).collect(),
        ..Section::default()
    });
    sections.retain(|section| !(section.paragraphs.is_empty() && section.items.is_empty()));
    Page {
        title: format!("{}: {}", entry.label(), titled(entry)),
        line: Some(line(entry)),
        sections,
    }
}

/// What kind of entry it is, and how it stands.
fn line(entry: &Entry) -> String {
    let parts: Vec<String> = match entry.kind {
        Kind::Code | Kind::Extended | Kind::Status | Kind::Event | Kind::Update => {
            let what = match entry.kind {
                Kind::Code => "disconnect code",
                Kind::Extended => "extended disconnect reason",
                Kind::Status => "status",
                Kind::Event => "event",
                _ => "update of Windows",
            };
            let name = entry.name.iter().cloned();
            std::iter::once(what.to_owned())
                .chain(name)
                .chain(entry.mark().map(ToOwned::to_owned))
                .collect()
        }
        Kind::Finding => {
            let told = if entry.reported == Some(true) {
                "reported by this version"
            } else {
                "not reported by this version"
            };
            std::iter::once("finding".to_owned())
                .chain(
                    entry
                        .severity
                        .map(|severity| format!("usually {}", severity.word())),
                )
                .chain(
                    entry
                        .stage
                        .map(|stage| format!("shows at: {}", stage.words())),
                )
                .chain(std::iter::once(told.to_owned()))
                .collect()
        }
        Kind::Remedy => vec!["remedy".to_owned()],
        Kind::Claim => std::iter::once("claim of the web".to_owned())
            .chain(
                entry
                    .verdict
                    .map(|verdict| format!("verdict: {}", verdict.words())),
            )
            .chain(standing(entry))
            .collect(),
        Kind::Client => ["cause on the client", "invisible to a scan"]
            .map(str::to_owned)
            .into_iter()
            .chain(standing(entry))
            .collect(),
        Kind::Word => std::iter::once("word of this program".to_owned())
            .chain((!entry.signs.is_empty()).then(|| format!("sign: {}", entry.signs.join(" "))))
            .collect(),
    };
    parts.join("; ")
}

fn standing(entry: &Entry) -> Option<String> {
    entry.standing.and_then(Standing::words).map(str::to_owned)
}

fn plain(text: &str) -> Item {
    Item {
        text: text.to_owned(),
        ..Item::default()
    }
}

fn claim(entry: &Entry) -> Item {
    let verdict = entry.verdict.map_or("", |verdict| verdict.words());
    Item {
        label: format!("{}, {verdict}", entry.key),
        text: format!("\"{}\"", entry.title),
        below: entry.text.iter().map(|text| ("", text.clone())).collect(),
        ..Item::default()
    }
}

fn cause(book: &Handbook, cause: &Cause) -> Item {
    let named = |keys: &[String]| {
        keys.iter()
            .filter_map(|key| book.entry(key))
            .map(|entry| format!("{} ({})", entry.key, entry.title))
            .collect::<Vec<_>>()
            .join("; ")
    };
    let mut below = vec![
        ("Shows at", cause.stage.words().to_owned()),
        ("To tell it apart", cause.tell.clone()),
    ];
    for (word, keys) in [
        ("Findings", cause.findings.join(", ")),
        ("Fix", named(&cause.fixes)),
        ("See", named(&cause.see)),
    ] {
        if !keys.is_empty() {
            below.push((word, keys));
        }
    }
    Item {
        label: String::new(),
        text: cause.what.clone(),
        below,
        ..Item::default()
    }
}

fn references(book: &Handbook, heading: &'static str, keys: &[String]) -> Section {
    Section {
        heading,
        items: keys
            .iter()
            .filter_map(|key| book.entry(key))
            .map(hit)
            .collect(),
        ..Section::default()
    }
}
