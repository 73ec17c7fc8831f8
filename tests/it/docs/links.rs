//! Links between the documents: every file and every heading that they name is there.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::{pages, root, text};

struct Document {
    links: Vec<String>,
    anchors: BTreeSet<String>,
}

fn read(path: &Path) -> Document {
    let text = text(path);
    let mut document = Document {
        links: Vec::new(),
        anchors: BTreeSet::new(),
    };
    let mut heading: Option<String> = None;
    for event in Parser::new_ext(&text, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                document.links.push(dest_url.into_string());
            }
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => {
                document
                    .anchors
                    .extend(heading.take().map(|title| anchor(&title)));
            }
            Event::Text(part) | Event::Code(part) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&part);
                }
            }
            _ => {}
        }
    }
    document
}

/// The anchor of a heading, as GitHub and mdBook make it.
fn anchor(title: &str) -> String {
    let kept = |c: char| c.is_alphanumeric() || c == '-' || c == '_' || c == ' ';
    let title = title.to_lowercase();
    title
        .chars()
        .filter(|c| kept(*c))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

/// Without `.` and `..`; `None` outside of the repository.
fn normal(path: &Path) -> Option<PathBuf> {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => normal.push(name),
            Component::CurDir => {}
            Component::ParentDir => {
                if !normal.pop() {
                    return None;
                }
            }
            _ => return None,
        }
    }
    Some(normal)
}

/// What is wrong with the links of a document.
fn broken(path: &Path) -> Vec<String> {
    let folder = path.parent().unwrap();
    let wrong = |link: &str| {
        let (file, wanted) = link.split_once('#').unwrap_or((link, ""));
        let target = match file {
            "" => path.to_owned(),
            file => normal(&folder.join(file))?,
        };
        // The book holds nothing outside of its folder.
        let is_inside = !path.starts_with("docs") || target.starts_with("docs");
        let is_there = root().join(&target).exists();
        let has_anchor = wanted.is_empty() || read(&target).anchors.contains(wanted);
        (is_inside && is_there && has_anchor).then_some(())
    };
    let links = read(path).links.into_iter();
    links
        .filter(|link| !link.starts_with("https://") && wrong(link).is_none())
        .map(|link| format!("{}: {link}", path.display()))
        .collect()
}

#[test]
fn every_link_leads_to_a_file_and_a_heading_that_are_there() {
    let at_the_top = [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
    ];
    let documents = at_the_top.map(PathBuf::from).into_iter().chain(pages());
    let broken: Vec<String> = documents.flat_map(|path| broken(&path)).collect();
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn the_summary_of_the_book_has_every_page() {
    let summary = PathBuf::from("docs/SUMMARY.md");
    let linked: BTreeSet<PathBuf> = read(&summary)
        .links
        .into_iter()
        .map(|link| Path::new("docs").join(link))
        .collect();
    let pages: BTreeSet<PathBuf> = pages()
        .into_iter()
        .filter(|page| *page != summary)
        .collect();
    assert_eq!(linked, pages);
}
