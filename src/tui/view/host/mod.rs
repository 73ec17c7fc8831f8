//! One host's page: what is thought of it, then everything it stands on.

mod certificate;
mod findings;
mod identity;
mod names;
mod timeline;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::model::Model;
use super::super::text;
use super::super::theme::{Theme, Tone};
use crate::diagnosis::confirm_in;
use crate::fleet::Host;
use crate::model::Subject;

/// Cells before a field's value.
const LABEL: usize = 18;

/// The page as lines, and where its sections begin.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) lines: Vec<Line<'static>>,
    pub(super) sections: Vec<usize>,
    width: usize,
    theme: Theme,
}

/// Draws the page, scrolled by some lines.
pub(super) fn render(model: &Model, scroll: usize, area: Rect, buffer: &mut Buffer) {
    let page = page(model, area.width);
    let bottom = page.lines.len().saturating_sub(usize::from(area.height));
    let visible = page.lines.iter().skip(scroll.min(bottom));
    for (line, y) in visible.zip(area.top()..area.bottom()) {
        super::put(line, area.x, y, area.width, buffer);
    }
    let hidden = bottom.saturating_sub(scroll.min(bottom));
    if hidden > 0 && area.height > 1 {
        let note = format!(" {hidden} more lines ");
        let width = u16::try_from(note.len()).unwrap_or(0).min(area.width);
        let line = Line::styled(note, model.theme.style(Tone::Inverse));
        super::put(
            &line,
            area.right() - width,
            area.bottom() - 1,
            width,
            buffer,
        );
    }
}

/// The page of the host under the cursor, for a screen of this width.
pub(super) fn page(model: &Model, width: u16) -> Page {
    let mut page = Page {
        lines: Vec::new(),
        sections: Vec::new(),
        width: usize::from(width),
        theme: model.theme,
    };
    let Some(host) = model.host() else {
        page.note("this host is no longer shown");
        return page;
    };
    let history = host.history();
    verdict(model, host, &mut page);
    findings::write(host, &mut page);
    timeline::write(&history, &mut page);
    names::write(model, host, &history, &mut page);
    certificate::write(host, &history, &mut page);
    identity::ntlm(&history, &mut page);
    identity::stability(host, &mut page);
    event_logs(host, &mut page);
    page
}

/// Where to see that the predicted error was the one that came.
fn event_logs(host: &Host, page: &mut Page) {
    let places = confirm_in(&host.diagnosis);
    if places.is_empty() {
        return;
    }
    page.section("Confirm in the event logs");
    for place in places {
        let (side, rest) = place.split_once(", ").unwrap_or(("", place));
        page.field(side, rest, Tone::Plain);
    }
}

fn verdict(model: &Model, host: &Host, page: &mut Page) {
    let diagnosis = &host.diagnosis;
    let position = model.cursor_row().map_or_else(String::new, |row| {
        format!("{} of {}", row + 1, model.rows.len())
    });
    let (glyph, tone) = page.theme.state(diagnosis.state);
    let stage = diagnosis
        .failed_stage
        .map_or_else(String::new, |stage| format!(" at {stage}"));
    let name = match host.subject() {
        // The subject is the name.
        Subject::Unresolved { .. } => None,
        Subject::Endpoint(_) => host.display_name(),
    };
    let subject = host.subject().to_string();
    page.line(vec![
        (format!(" {}", text::clean(&subject)), Tone::Strong),
        (format!("  {glyph} {}{stage}", diagnosis.state), tone),
        (format!("  {position}"), Tone::Dim),
        (
            name.map_or_else(String::new, |name| format!("  {}", text::clean(name))),
            Tone::Strong,
        ),
    ]);
    page.field(
        "security",
        &format!("{}, NLA {}", diagnosis.security.word(), diagnosis.nla),
        Tone::Plain,
    );
    if !host.complete() {
        page.field("scan", "more attempts will follow", Tone::Dim);
    }
    if let Some(predicted) = &diagnosis.predicted {
        let text = format!(
            "{} {} (likelihood {} %)",
            predicted.code, predicted.name, predicted.likelihood
        );
        page.field("client would show", &text, Tone::Warn);
        for reason in &predicted.reasons {
            page.field("", reason, Tone::Dim);
        }
    }
}

impl Page {
    /// A heading with a rule behind it.
    fn section(&mut self, title: &str) {
        if !self.lines.is_empty() {
            self.lines.push(Line::raw(""));
        }
        self.sections.push(self.lines.len());
        let rule = self.width.saturating_sub(text::width(title) + 3);
        self.lines.push(Line::from(vec![
            Span::styled(format!(" {title} "), self.theme.style(Tone::Accent)),
            Span::styled(self.theme.rule().repeat(rule), self.theme.style(Tone::Dim)),
        ]));
    }

    /// One line of safe pieces, cut at the right edge.
    fn line(&mut self, pieces: Vec<(String, Tone)>) {
        let mut left = self.width;
        let mut spans = Vec::with_capacity(pieces.len());
        for (piece, tone) in pieces {
            let cut = text::truncate(&piece, left, self.theme.ellipsis()).into_owned();
            left = left.saturating_sub(text::width(&cut));
            spans.push(Span::styled(cut, self.theme.style(tone)));
        }
        self.lines.push(Line::from(spans));
    }

    /// A label and a value that may be any text; what does not fit goes on below.
    fn field(&mut self, label: &str, value: &str, tone: Tone) {
        let value = text::clean(value);
        let room = self.width.saturating_sub(LABEL + 3);
        for (index, part) in text::wrap(&value, room).into_iter().enumerate() {
            let label = if index == 0 { label } else { "" };
            self.lines.push(Line::from(vec![
                Span::styled(format!("  {label:<LABEL$}"), self.theme.style(Tone::Dim)),
                Span::styled(part, self.theme.style(tone)),
            ]));
        }
    }

    /// A sentence of our own.
    fn note(&mut self, sentence: &str) {
        self.lines.push(Line::from(vec![
            Span::raw("  "),
            Span::styled(sentence.to_owned(), self.theme.style(Tone::Dim)),
        ]));
    }
}
