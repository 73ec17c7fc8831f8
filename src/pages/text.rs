//! Pages as text of a given width.

use unicode_width::UnicodeWidthStr;

use super::layout::{Item, Page, Section};

/// Labels wider than this get a line of their own, in columns.
const MOST_LABEL: usize = 28;
/// A text column narrower than this is not worth aligning, in columns.
const LEAST_TEXT: usize = 24;

/// The pages, wrapped at `width` columns.
#[must_use]
pub fn render(pages: &[Page], width: usize) -> String {
    let mut out = String::new();
    for page in pages {
        if !out.is_empty() {
            out.push('\n');
        }
        if !page.title.is_empty() {
            wrap(&mut out, "", "", &page.title, width);
        }
        if let Some(line) = &page.line {
            wrap(&mut out, "", "", line, width);
        }
        for (number, section) in page.sections.iter().enumerate() {
            if number > 0 || !page.title.is_empty() {
                out.push('\n');
            }
            write(&mut out, section, width);
        }
    }
    out
}

fn write(out: &mut String, section: &Section, width: usize) {
    let indent = if section.heading.is_empty() { "" } else { "  " };
    if !section.heading.is_empty() {
        wrap(out, "", "", section.heading, width);
    }
    for (number, paragraph) in section.paragraphs.iter().enumerate() {
        if number > 0 {
            out.push('\n');
        }
        wrap(out, indent, indent, paragraph, width);
    }
    let widest = section
        .items
        .iter()
        .map(|item| item.label.width())
        .filter(|label| *label <= MOST_LABEL)
        .max()
        .unwrap_or(0);
    for (number, item) in section.items.iter().enumerate() {
        let lead = if section.numbered {
            format!("{indent}{}. ", number + 1)
        } else if item.label.is_empty() {
            format!("{indent}- ")
        } else {
            indent.to_owned()
        };
        write_item(out, item, &lead, widest, width);
    }
}

fn write_item(out: &mut String, item: &Item, lead: &str, widest: usize, width: usize) {
    let hang = " ".repeat(lead.width());
    let column = lead.width() + widest + 2;
    if item.label.is_empty() {
        wrap(out, lead, &hang, &item.text, width);
    } else if item.label.width() <= widest && column + LEAST_TEXT <= width {
        let first = format!("{lead}{:<widest$}  ", item.label);
        wrap(out, &first, &" ".repeat(column), &item.text, width);
    } else {
        wrap(out, lead, &hang, &item.label, width);
        let deeper = format!("{hang}  ");
        wrap(out, &deeper, &deeper, &item.text, width);
    }
    let below = if item.label.is_empty() {
        hang
    } else {
        " ".repeat(column.min(lead.width() + 4))
    };
    for (word, text) in &item.below {
        if word.is_empty() {
            wrap(out, &below, &below, text, width);
        } else {
            let first = format!("{below}{word}: ");
            wrap(out, &first, &format!("{below}  "), text, width);
        }
    }
    for code in &item.code {
        wrap(out, &below, &below, &format!("{}:", code.label), width);
        for line in &code.lines {
            // Not wrapped, so that it can be pasted.
            out.push_str(format!("{below}  {line}").trim_end());
            out.push('\n');
        }
    }
}

/// Writes `text` in lines of at most `width` columns: `first` in front of the first, `rest` of the others. A word that is
/// too long for any line stays whole.
fn wrap(out: &mut String, first: &str, rest: &str, text: &str, width: usize) {
    let mut line = first.to_owned();
    let mut is_empty = true;
    for word in text.split_whitespace() {
        let room = usize::from(!is_empty) + word.width();
        if !is_empty && line.width() + room > width {
            out.push_str(line.trim_end());
            out.push('\n');
            rest.clone_into(&mut line);
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(word);
        is_empty = false;
    }
    out.push_str(line.trim_end());
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::handbook::handbook;

    #[test]
    fn lines_are_wrapped_and_hang() {
        let mut out = String::new();
        wrap(&mut out, "- ", "  ", "one two three four", 9);
        assert_eq!(out, "- one two\n  three\n  four\n");
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_unless_one_word_is() {
        let book = handbook();
        for entry in book.entries() {
            let answer = book.look_up(&entry.key).unwrap();
            let pages = super::super::entry_page::pages(book, &answer);
            let commands: Vec<&str> = entry
                .remedy
                .iter()
                .flat_map(|remedy| remedy.commands().map(|command| command.text.as_str()))
                .chain(entry.remedy.map(|remedy| remedy.check.scan.as_str()))
                .flat_map(str::lines)
                .map(str::trim)
                .collect();
            for width in [30, 80] {
                let text = render(&pages, width);
                for line in text.lines() {
                    let words = line.split_whitespace().count();
                    let is_pasted = commands.contains(&line.trim());
                    assert!(
                        line.width() <= width || words <= 3 || is_pasted,
                        "{width}: {line}"
                    );
                }
            }
        }
    }
}
