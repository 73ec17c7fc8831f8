//! The entries of the handbook as pages.

use strum::VariantArray as _;

use super::layout::{Item, Page, Section};
use super::remedy;
use crate::diagnosis::handbook::{Answer, Cause, Entry, Handbook, Kind, Shape, Standing};

#[must_use]
pub fn pages(book: &Handbook, answer: &Answer<'_>) -> Vec<Page> {
    let mut pages = Vec::new();
    if !answer.notes.is_empty() {
        pages.push(Page {
            sections: vec![Section::text("", answer.notes.clone())],
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
        sections: vec![Section::list(
            "",
            entries.iter().map(|entry| Item {
                below: entry
                    .todo
                    .iter()
                    .map(|todo| ("to do", todo.clone()))
                    .collect(),
                ..hit(entry)
            }),
        )],
        ..Page::default()
    }
}

const HOW_ON: &str = "rdpscan explain KEY shows an entry in full.";

fn list(entries: &[&Entry]) -> Page {
    let sections = Kind::VARIANTS.iter().filter_map(|kind| {
        let items: Vec<Item> = entries
            .iter()
            .filter(|entry| entry.kind == *kind)
            .map(|entry| hit(entry))
            .collect();
        (!items.is_empty()).then(|| Section::list(kind.heading(), items))
    });
    Page {
        title: "The handbook".to_owned(),
        line: Some(HOW_ON.to_owned()),
        sections: sections.collect(),
        ..Page::default()
    }
}

fn hit(entry: &Entry) -> Item {
    let title = titled(entry);
    let mut marks: Vec<&str> = entry.mark().into_iter().collect();
    if matches!(entry.kind, Kind::Client | Kind::Session) {
        // The heading of the section repeats them.
        marks.clear();
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

/// The title of a claim is a quotation.
fn titled(entry: &Entry) -> String {
    if entry.kind == Kind::Claim {
        format!("\"{}\"", entry.title)
    } else {
        entry.title.clone()
    }
}

/// An entry in full.
#[must_use]
pub fn full(book: &Handbook, entry: &Entry) -> Page {
    let todo = entry.todo.iter().map(|todo| format!("To do: {todo}"));
    let mut sections = vec![Section::text("", todo.chain(entry.text.clone()).collect())];
    let mut say = |heading, text: &Option<String>| {
        if let Some(text) = text {
            sections.push(Section::text(heading, vec![text.clone()]));
        }
    };
    say("A scan predicts it from", &entry.scan);
    say("Reported when", &entry.fires);
    say("Not reported when", &entry.unless);
    say("Its own text", &entry.says);
    say("The user sees", &entry.user);
    say("Where", &entry.place);
    if let Some(remedy) = entry.remedy {
        sections.extend(remedy::sections(remedy));
    }
    let causes = entry.causes.iter().map(|cause| self::cause(book, cause));
    sections.push(Section::steps("Causes, likeliest first", causes));
    sections.push(Section::list(
        "Where to confirm it",
        entry.checks.iter().map(Item::from),
    ));
    sections.push(references(book, "Findings", &entry.findings));
    let fixed: Vec<String> = book
        .entries()
        .iter()
        .filter(|finding| entry.kind == Kind::Remedy && finding.fixes.contains(&entry.key))
        .filter(|finding| finding.kind == Kind::Finding)
        .map(|finding| finding.key.clone())
        .collect();
    sections.push(references(book, "Helps with", &fixed));
    sections.push(references(book, "Remedies", &entry.fixes));
    let (claims, others): (Vec<String>, Vec<String>) = entry
        .see
        .iter()
        .cloned()
        .partition(|key| book.entry(key).is_some_and(|seen| seen.kind == Kind::Claim));
    let claims = claims.iter().filter_map(|key| book.entry(key)).map(claim);
    sections.push(Section::list("What the web says", claims));
    for (heading, kind) in [
        ("What else the web says, and what of it holds", Kind::Claim),
        ("What only the client can see", Kind::Client),
    ] {
        let of_kind = |key: &&String| book.entry(key).is_some_and(|seen| seen.kind == kind);
        let keys: Vec<String> = entry.also.iter().filter(of_kind).cloned().collect();
        sections.push(references(book, heading, &keys));
    }
    sections.push(references(book, "See also", &others));
    sections.push(Section::list(
        "Sources",
        entry.sources.iter().map(Item::from),
    ));
    sections.retain(|section| !(section.paragraphs.is_empty() && section.items.is_empty()));
    Page {
        title: format!("{}: {}", entry.label(), titled(entry)),
        line: Some(line(entry)),
        sections,
        ..Page::default()
    }
}

/// The kind of the entry and its state.
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
        Kind::Finding => std::iter::once("finding".to_owned())
            .chain(
                entry
                    .severity
                    .map(|severity| format!("usually {}", severity.word())),
            )
            .chain(
                entry
                    .stage
                    .map(|stage| format!("shows at: {}", stage.meaning())),
            )
            .chain(std::iter::once("reported by this version".to_owned()))
            .chain(standing(entry))
            .collect(),
        Kind::Remedy => std::iter::once("remedy".to_owned())
            .chain(standing(entry))
            .collect(),
        Kind::Claim => std::iter::once("claim of the web".to_owned())
            .chain(
                entry
                    .verdict
                    .map(|verdict| format!("verdict: {}", verdict.meaning())),
            )
            .chain(standing(entry))
            .collect(),
        Kind::Client => invisible("cause on the client", entry),
        Kind::Session => invisible("trouble inside a session", entry),
        Kind::Word => std::iter::once("word of this program".to_owned())
            .chain((!entry.signs.is_empty()).then(|| format!("sign: {}", entry.signs.join(" "))))
            .collect(),
    };
    parts.join("; ")
}

fn invisible(kind: &str, entry: &Entry) -> Vec<String> {
    let parts = [kind, "invisible to a scan"].map(str::to_owned);
    parts.into_iter().chain(standing(entry)).collect()
}

fn standing(entry: &Entry) -> Option<String> {
    entry.standing.and_then(Standing::words).map(str::to_owned)
}

fn claim(entry: &Entry) -> Item {
    let verdict = entry.verdict.map_or("", |verdict| verdict.meaning());
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
        ("Shows at", cause.stage.meaning().to_owned()),
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
    let entries = keys.iter().filter_map(|key| book.entry(key));
    Section::list(heading, entries.map(hit))
}
