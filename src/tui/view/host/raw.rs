//! The host as the JSON report has it.

use super::Page;
use crate::tui::copyable;
use crate::tui::model::Model;
use crate::tui::text;
use crate::tui::theme::Tone;

/// The JSON, a line to a line; one that is too long goes on below.
pub(super) fn write(model: &Model, page: &mut Page) {
    let Some(json) = copyable::json(model) else {
        page.note("the host cannot be written as JSON");
        return;
    };
    let room = page.width.saturating_sub(3).max(1);
    for line in json.lines() {
        let indent = line.len() - line.trim_start().len();
        if text::width(line) <= room {
            page.line(vec![(format!("  {line}"), Tone::Plain)]);
            continue;
        }
        let hang = (indent + 4).min(room / 2);
        let mut lead = indent;
        for part in pieces(line.trim_start(), room - indent.min(room / 2), room - hang) {
            page.line(vec![(format!("  {:lead$}{part}", ""), Tone::Plain)]);
            lead = hang;
        }
    }
}

/// The text cut after `first` cells, then after every `rest`.
fn pieces(text: &str, first: usize, rest: usize) -> Vec<String> {
    let mut parts = Vec::new();
    let mut part = String::new();
    let mut used = 0;
    let mut room = first.max(1);
    for c in text.chars() {
        let cells = text::width(c.encode_utf8(&mut [0; 4]));
        if used > 0 && used + cells > room {
            parts.push(std::mem::take(&mut part));
            used = 0;
            room = rest.max(1);
        }
        used += cells;
        part.push(c);
    }
    parts.push(part);
    parts
}
