//! The page while it is written: lines of safe pieces, and where its sections begin.

use ratatui::text::{Line, Span};

use super::glyphs;
use crate::tui::text;
use crate::tui::theme::{Theme, Tone};

/// Cells before a field's value.
pub(super) const LABEL: usize = 18;
/// Prose wider than this is hard to read.
const PROSE: usize = 110;

/// The page as lines, and where its sections begin.
#[derive(Debug)]
pub(in crate::tui::view) struct Page {
    pub(in crate::tui::view) lines: Vec<Line<'static>>,
    /// The first line of each section.
    ///
    /// INVARIANT: as many as [`super::SECTIONS`] once the page is whole, so that a digit always leads to the same section.
    pub(in crate::tui::view) sections: Vec<usize>,
    pub(super) width: usize,
    pub(super) theme: Theme,
}

impl Page {
    pub(super) const fn new(width: usize, theme: Theme) -> Self {
        Self {
            lines: Vec::new(),
            sections: Vec::new(),
            width,
            theme,
        }
    }

    /// A heading with a rule behind it.
    pub(super) fn section(&mut self, title: &str) {
        self.blank();
        self.sections.push(self.lines.len());
        let rule = self.width.saturating_sub(text::width(title) + 3);
        self.line(vec![
            (format!(" {title} "), Tone::Accent),
            (self.theme.rule().repeat(rule), Tone::Dim),
        ]);
    }

    /// A heading within a section.
    pub(super) fn heading(&mut self, title: &str) {
        self.blank();
        self.line(vec![(format!("  {title}"), Tone::Accent)]);
    }

    /// An empty line, unless there is one already or a section has just begun.
    pub(super) fn blank(&mut self) {
        let begun = self.sections.last().map(|start| start + 1) == Some(self.lines.len());
        if !begun && self.lines.last().is_some_and(|line| line.width() > 0) {
            self.lines.push(Line::raw(""));
        }
    }

    /// One line of safe pieces, cut at the right edge.
    pub(super) fn line(&mut self, pieces: Vec<(String, Tone)>) {
        let mut left = self.width;
        let mut spans = Vec::with_capacity(pieces.len());
        for (piece, tone) in pieces {
            if piece.is_empty() {
                continue;
            }
            let cells = text::width(&piece);
            let piece = if cells <= left {
                left -= cells;
                piece
            } else {
                let cut = text::truncate(&piece, left, self.theme.ellipsis()).into_owned();
                left = 0;
                cut
            };
            spans.push(Span::styled(piece, self.theme.style(tone)));
        }
        self.lines.push(Line::from(spans));
    }

    /// A label and a value that may be any text; what does not fit goes on below.
    pub(super) fn field(&mut self, label: &str, value: &str, tone: Tone) {
        self.hung(
            vec![(format!("  {label:<LABEL$}"), Tone::Dim)],
            LABEL + 2,
            value,
            tone,
        );
    }

    /// Several sentences of one kind, each behind a mark; the label stands at the first.
    pub(super) fn list(&mut self, label: &str, mark: glyphs::Mark, values: &[String]) {
        for (index, value) in values.iter().enumerate() {
            let label = if index == 0 { label } else { "" };
            let lead = vec![
                (format!("  {label:<LABEL$}"), Tone::Dim),
                (format!("{} ", mark.glyph(self.theme)), mark.tone()),
            ];
            self.hung(lead, LABEL + 4, value, Tone::Plain);
        }
    }

    /// A field whose value begins with how it compares.
    pub(super) fn marked(&mut self, label: &str, mark: glyphs::Mark, value: &str) {
        let lead = vec![
            (format!("  {label:<LABEL$}"), Tone::Dim),
            (format!("{} ", mark.glyph(self.theme)), mark.tone()),
        ];
        self.hung(lead, LABEL + 4, value, mark.tone());
    }

    /// A field of hexadecimal digits: whole, or in two halves where there is no room.
    pub(super) fn hex(&mut self, label: &str, digits: &str) {
        let digits = text::clean(digits);
        let fits = digits.len() <= self.width.saturating_sub(LABEL + 2);
        let halves = if fits || !digits.is_ascii() {
            (&*digits, "")
        } else {
            digits.split_at(digits.len() / 2)
        };
        for (label, part) in [(label, halves.0), ("", halves.1)] {
            if !part.is_empty() {
                self.line(vec![
                    (format!("  {label:<LABEL$}"), Tone::Dim),
                    (part.to_owned(), Tone::Plain),
                ]);
            }
        }
    }

    /// Text from anywhere, behind `lead` and below it, `indent` cells in.
    pub(super) fn hung(
        &mut self,
        lead: Vec<(String, Tone)>,
        indent: usize,
        value: &str,
        tone: Tone,
    ) {
        let value = text::clean(value);
        let room = self.width.saturating_sub(indent + 1).min(PROSE);
        let mut lead = Some(lead);
        for part in text::wrap(&value, room) {
            let mut pieces = lead
                .take()
                .unwrap_or_else(|| vec![(" ".repeat(indent), Tone::Plain)]);
            pieces.push((part, tone));
            self.line(pieces);
        }
    }

    /// Text from anywhere, `indent` cells in.
    pub(super) fn paragraph(&mut self, indent: usize, value: &str, tone: Tone) {
        self.hung(vec![(" ".repeat(indent), Tone::Plain)], indent, value, tone);
    }

    /// A sentence of our own.
    pub(super) fn note(&mut self, sentence: &str) {
        self.paragraph(2, sentence, Tone::Dim);
    }
}
