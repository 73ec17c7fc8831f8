//! Pages as Markdown.

use std::borrow::Cow;

use super::layout::{Item, Page};
use crate::sanitize;

/// The pages; the first heading is of level 1.
#[must_use]
pub fn render(pages: &[Page]) -> String {
    let mut out = String::new();
    for page in pages {
        let safe: Escape = if page.quotes_network {
            sanitize::markdown
        } else {
            own
        };
        block(&mut out, "# ", &safe(&page.title));
        block(
            &mut out,
            "",
            &safe(page.line.as_deref().unwrap_or_default()),
        );
        for section in &page.sections {
            block(&mut out, "## ", section.heading);
            for paragraph in &section.paragraphs {
                block(&mut out, "", &safe(paragraph));
            }
            if section.items.is_empty() {
                continue;
            }
            if !out.is_empty() {
                out.push('\n');
            }
            for (number, item) in section.items.iter().enumerate() {
                write(&mut out, item, section.numbered.then_some(number + 1), safe);
            }
        }
    }
    out
}

/// A block of its own, after an empty line.
fn block(out: &mut String, mark: &str, text: &str) {
    if text.is_empty() {
        return;
    }
    if !out.is_empty() {
        out.push('\n');
    }
    out.extend([format!("{mark}{text}\n")]);
}

type Escape = fn(&str) -> Cow<'_, str>;

fn write(out: &mut String, item: &Item, number: Option<usize>, safe: Escape) {
    let lead = number.map_or_else(|| "- ".to_owned(), |number| format!("{number}. "));
    let indent = " ".repeat(lead.len());
    if item.label.is_empty() {
        out.extend([format!("{lead}{}\n", safe(&item.text))]);
    } else {
        out.extend([format!(
            "{lead}**{}**: {}\n",
            safe(&item.label),
            safe(&item.text)
        )]);
    }
    for (word, text) in &item.below {
        if word.is_empty() {
            out.extend([format!("{indent}- {}\n", safe(text))]);
        } else {
            out.extend([format!("{indent}- {word}: {}\n", safe(text))]);
        }
    }
    for code in &item.code {
        out.extend([format!(
            "\n{indent}{}:\n\n{indent}```{}\n",
            safe(&code.label),
            code.language
        )]);
        for line in &code.lines {
            out.extend([format!("{}\n", format!("{indent}{line}").trim_end())]);
        }
        out.extend([format!("{indent}```\n")]);
    }
    if !item.code.is_empty() {
        out.push('\n');
    }
}

/// Escapes inline marks outside of code spans, which is enough for texts of our own.
fn own(text: &str) -> Cow<'_, str> {
    let has_spans = text.matches('`').count().is_multiple_of(2);
    let mut escaped = String::with_capacity(text.len());
    let mut in_span = false;
    for character in text.chars() {
        if character == '`' && has_spans {
            in_span = !in_span;
        } else if !in_span && "\\`*[]<>&|".contains(character) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    Cow::Owned(escaped)
}
