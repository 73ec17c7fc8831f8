//! The section with the host as JSON, as in the report.

use super::page::Page;
use crate::fleet::Host;
use crate::tui::copyable;
use crate::tui::model::Model;
use crate::tui::text;
use crate::tui::theme::Tone;

pub(super) fn write(model: &Model, host: &Host, page: &mut Page) {
    let Some(json) = copyable::json(host, &model.fleet) else {
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
        let rooms = (room - indent.min(room / 2), room - hang);
        for part in text::chunks(line.trim_start(), rooms) {
            page.line(vec![(format!("  {:lead$}{part}", ""), Tone::Plain)]);
            lead = hang;
        }
    }
}
