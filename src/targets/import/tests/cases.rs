//! Lists of tools, with what is to be read from them, in `tests/data/import/*.toml`.

use std::sync::LazyLock;

use super::super::super::spec;
use super::*;

/// A list as a tool writes it, and what is read from it.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    /// The content; without it, the file of this name.
    text: Option<String>,
    #[serde(default)]
    encoding: String,
    format: Option<String>,
    #[serde(default)]
    hosts: Vec<String>,
    #[serde(default)]
    left_out: Vec<String>,
    refused: Option<String>,
}

impl Case {
    fn content(&self) -> Vec<u8> {
        let Some(text) = &self.text else {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/import");
            return std::fs::read(folder.join(&self.name)).unwrap();
        };
        match self.encoding.as_str() {
            "" => text.clone().into_bytes(),
            "utf-16" => utf16(text, u16::to_le_bytes),
            "utf-16be" => utf16(text, u16::to_be_bytes),
            name => {
                let page = encoding_rs::Encoding::for_label(name.as_bytes()).unwrap();
                page.encode(text).0.into_owned()
            }
        }
    }

    /// What is wrong with what was read; nothing when it is right.
    fn fault(&self) -> Option<String> {
        let content = self.content();
        let decoded = crate::targets::decode(&content);
        let found = match (read_as(&self.name, &content), &self.refused) {
            (Some(Err(refusal)), Some(wanted)) => {
                return (!refusal.to_string().contains(wanted))
                    .then(|| format!("refused as {refusal}"));
            }
            (Some(Ok(import)), None) => import,
            // A plain list, whose words are targets.
            (None, None) if self.format.as_deref() == Some("list") => {
                let words = super::super::super::list::list_words(&decoded);
                values_of_list("list", words.map(|(_, word)| word))
            }
            (read, _) => return Some(format!("read as {read:?}")),
        };
        let hosts: Vec<String> = hosts(&found)
            .into_iter()
            .map(|(host, port, gateway)| {
                let own = spec::target(host).is_ok_and(|target| target.port().is_some());
                let port = port.filter(|_| !own);
                let port = port.map(|port| format!(":{port}")).unwrap_or_default();
                let gateway = gateway
                    .map(|gateway| format!(" via {gateway}"))
                    .unwrap_or_default();
                format!("{host}{port}{gateway}")
            })
            .collect();
        let left_out: Vec<String> = found
            .skipped
            .iter()
            .map(|left| format!("{}: {}", left.reason, left.names.join(", ")))
            .collect();
        let is_format = self
            .format
            .as_ref()
            .is_none_or(|format| *format == found.format);
        let is_right = hosts == self.hosts && left_out == self.left_out && is_format;
        (!is_right).then(|| format!("read as {}: {hosts:?}, left out {left_out:?}", found.format))
    }
}

fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
    let marked = "\u{feff}".encode_utf16().chain(text.encode_utf16());
    marked.flat_map(unit).collect()
}

#[derive(serde::Deserialize)]
struct Cases {
    case: Vec<Case>,
}

/// Reads a file of this name and content.
fn read_as(name: &str, content: &[u8]) -> Option<Read> {
    let file = ListFile {
        is_csv: is_csv(name),
        ..USUAL
    };
    let text = crate::targets::decode(content);
    let of_text = || {
        crate::targets::import::read(&ListFile {
            text: &text,
            ..file
        })
    };
    read_bytes(content, &file).or_else(of_text)
}

static CASES: LazyLock<Vec<Case>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/import");
    let files = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<_> = files.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "toml")
    });
    let read = |path: std::path::PathBuf| {
        let cases: Cases = toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        cases.case
    };
    files.into_iter().flat_map(read).collect()
});

/// Pieces that mean something in one format or another.
const PIECES: [&[u8]; 24] = [
    b"\"",
    b"'",
    b",",
    b";",
    b"\t",
    b"\n",
    b"\r",
    b"|",
    b":",
    b"=",
    b"[",
    b"]",
    b"{",
    b"}",
    b"<",
    b"/>",
    b"#",
    b"  ",
    b"-",
    b"\0",
    b"\xff",
    b"\xc3\xbc",
    b"\xe2\x94\x82",
    b"&a",
];

proptest! {
    #[test]
    fn lists_that_were_altered_are_read_or_refused(
        case in any::<prop::sample::Index>(),
        edits in prop::collection::vec(
            (any::<prop::sample::Index>(), 0..60_usize, prop::sample::select(&PIECES[..]), 0..4_usize),
            1..4,
        ),
    ) {
        let case = case.get(&CASES);
        let mut content = case.content();
        for (place, length, piece, times) in edits {
            let from = place.index(content.len() + 1);
            let to = (from + length).min(content.len());
            content.splice(from..to, piece.repeat(times));
        }
        if let Some(Err(refusal)) = read_as(&case.name, &content) {
            let refusal = refusal.to_string();
            prop_assert!(!refusal.contains(char::is_control), "{refusal:?}");
        }
    }
}

#[test]
fn lists_of_tools_are_read_as_the_cases_say() {
    let faults = CASES
        .iter()
        .filter_map(|case| Some(format!("{}: {}", case.name, case.fault()?)));
    let faults: Vec<String> = faults.collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(CASES.len() > 150);
}

#[test]
fn files_that_are_no_text_are_refused_by_name() {
    for (content, says) in [
        (&b"%PDF-1.7"[..], "a PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old workbook"),
        (b"SQLite format 3\0", "a SQLite database"),
        (b"ab\0\0", "no text"),
        (b"PK\x03\x04", "a workbook (.xlsx) that cannot be read"),
    ] {
        let refusal = read_bytes(content, &USUAL).unwrap().unwrap_err();
        assert!(refusal.to_string().contains(says), "{refusal}");
    }
    assert!(read_bytes(b"srv01\n", &USUAL).is_none());
    assert!(read_bytes(b"s\0r\0v\0", &USUAL).is_none());
}
