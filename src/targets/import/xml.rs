//! XML: guarded against files that would take long or much memory, and read by its root element.

use roxmltree::{Document, ParsingOptions};

use super::super::error::{Refusal, excerpt};
use super::{FORMATS, FormatReader, Import, ListFile, records};

/// The most elements of a file; the largest fleet has a few per host.
const MOST_NODES: u32 = 4_000_000;
/// The most attributes of an element, and namespaces of a file: the parser compares each with the others.
const MOST_ATTRIBUTES: usize = 1_000;

pub(super) fn read(file: &ListFile<'_>) -> Result<Import, Refusal> {
    let text = file.text.trim_start();
    check(text)?;
    let options = ParsingOptions {
        // nmap names a DTD; the entities that one can declare are refused before.
        allow_dtd: true,
        nodes_limit: MOST_NODES,
        ..ParsingOptions::default()
    };
    let document =
        Document::parse_with_options(text, options).map_err(|error| broken(&error.to_string()))?;
    let root = document.root_element().tag_name().name();
    let read = FORMATS.iter().find_map(|format| match format.reader {
        FormatReader::Xml(of_format, read) if of_format == root => Some(read),
        _ => None,
    });
    if let Some(read) = read {
        return read(&document, file);
    }
    if let Some((_, name, way_out)) = REFUSED.iter().find(|(of_format, ..)| *of_format == root) {
        return Err(Refusal::new(format!("it is {name}"), *way_out));
    }
    let foreign = || {
        Refusal::new(
            format!(
                "it is XML in which no hosts are found (it begins with <{}>)",
                excerpt(root)
            ),
            "use a file of RDCMan, mRemoteNG, Royal TS, Remote Desktop Manager, Guacamole or nmap -oX, or export a table as CSV",
        )
    };
    let table = records::of_xml(&document).ok_or_else(foreign)?;
    let mut import = table.read(file.ports, file.column).map_err(|_| foreign())?;
    if root == "user-mapping" {
        "Guacamole".clone_into(&mut import.format);
    }
    Ok(import)
}

/// Roots of formats that are not read, with their names and what to do instead.
const REFUSED: [(&str, &str, &str); 4] = [
    (
        "html",
        "a web page",
        "save the table in it as CSV, or copy its column of hosts into a text file",
    ),
    (
        "NessusClientData_v2",
        "a report of Nessus",
        "export it as CSV, or scan with nmap -p 3389 -oX FILE",
    ),
    (
        "Workbook",
        "a workbook in Excel's old XML",
        "save it as .xlsx or as CSV",
    ),
    (
        "KeePassFile",
        "a database of KeePass",
        "export its entries as CSV, without their passwords",
    ),
];

fn broken(reason: &str) -> Refusal {
    Refusal::new(
        format!("it looks like XML and is none ({})", excerpt(reason)),
        "export it again, or use a list with one host per line",
    )
}

/// Refuses entities, and elements with so many attributes that comparing them takes minutes.
fn check(text: &str) -> Result<(), Refusal> {
    let mut rest = text;
    let mut namespaces = 0;
    while let Some(start) = rest.find('<') {
        rest = rest.get(start..).unwrap_or_default();
        let end = [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>")]
            .into_iter()
            .find(|(opening, _)| rest.starts_with(opening))
            .map(|(opening, closing)| {
                rest.find(closing)
                    .map_or(rest.len(), |end| end.max(opening.len() - 1))
            });
        let end = match end {
            Some(end) => end,
            None if rest.starts_with("<!") => {
                let end = rest.find('>').unwrap_or(rest.len());
                if rest.get(..end).is_some_and(|doctype| doctype.contains('[')) {
                    return Err(broken("it declares entities"));
                }
                end
            }
            None => {
                let (end, attributes, own) = tag(rest);
                namespaces += own;
                if attributes > MOST_ATTRIBUTES || namespaces > MOST_ATTRIBUTES {
                    return Err(broken(&format!("more than {MOST_ATTRIBUTES} attributes")));
                }
                end
            }
        };
        rest = rest.get(end.max(1)..).unwrap_or_default();
    }
    Ok(())
}

/// The length of a tag, its attributes, and the namespaces among them.
fn tag(text: &str) -> (usize, usize, usize) {
    let (mut quote, mut attributes, mut namespaces) = (None, 0, 0);
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (Some(open), _) if open == byte => quote = None,
            (None, b'"' | b'\'') => {
                quote = Some(byte);
                attributes += 1;
            }
            (None, b'>') => return (at, attributes, namespaces),
            (None, b'x') if text.get(at..).is_some_and(|rest| rest.starts_with("xmlns")) => {
                namespaces += 1;
            }
            _ => {}
        }
    }
    (text.len(), attributes, namespaces)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_would_take_minutes_are_refused_at_once() {
        let mut attributes = String::new();
        attributes.extend((0..100_000).map(|number| format!(" a{number}=''")));
        let mut namespaces = String::new();
        namespaces.extend((0..5_000).map(|number| format!("<a xmlns:n{number}='x'>")));
        for text in [
            format!("<a{attributes}/>"),
            namespaces,
            "<!DOCTYPE a [<!ENTITY b \"bb\">]><a>&b;</a>".to_owned(),
        ] {
            assert!(check(&text).is_err());
        }
        for text in [
            "<a b='>' c=\"'\"/>",
            "<!-- ' --><a/>",
            "<?xml version='1.0'?><!DOCTYPE nmaprun><a/>",
            "<",
            "<!",
            "<!--",
        ] {
            assert!(check(text).is_ok(), "{text}");
        }
    }
}
