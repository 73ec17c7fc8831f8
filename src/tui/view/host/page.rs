use ratatui::text::Line;

use super::mark::Mark;
use crate::pages;
use crate::tui::text;
use crate::tui::theme::{Theme, Tone};

/// Cells of a field's label, which is two cells in.
pub(super) const LABEL: usize = 18;
/// The same in the answer, where texts are long.
const ANSWER_LABEL: usize = 14;
/// Prose wider than this is hard to read.
const PROSE: usize = 110;

/// A text, safe to show, and its style.
pub(super) type Piece = (String, Tone);

/// The page of a host while it is written.
#[derive(Debug)]
pub(in crate::tui::view) struct Page {
    pub(in crate::tui::view) lines: Vec<Line<'static>>,
    /// The first line of each section.
    ///
    /// INVARIANT: as many as [`super::SECTIONS`] once the page is complete, so that a digit always selects the same section.
    pub(in crate::tui::view) sections: Vec<usize>,
    pub(super) width: usize,
    pub(super) theme: Theme,
}

impl Page {
    pub(in crate::tui::view) const fn new(width: usize, theme: Theme) -> Self {
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

    /// An empty line, unless there is one already or a section starts here.
    pub(super) fn blank(&mut self) {
        let starts = self.sections.last().map(|start| start + 1) == Some(self.lines.len());
        if !starts && self.lines.last().is_some_and(|line| line.width() > 0) {
            self.lines.push(Line::raw(""));
        }
    }

    /// One line, cut at the right edge.
    pub(super) fn line(&mut self, pieces: Vec<Piece>) {
        let mut left = self.width;
        let mut line = Line::default();
        for (piece, tone) in pieces {
            if piece.is_empty() {
                continue;
            }
            let cells = text::width(&piece);
            let piece = if cells > left {
                self.theme.cut(&piece, left)
            } else {
                piece
            };
            left = left.saturating_sub(cells);
            line.push_span(self.theme.span(piece, tone));
        }
        self.lines.push(line);
    }

    /// One line behind a label.
    pub(super) fn labeled(&mut self, label: &str, pieces: impl IntoIterator<Item = Piece>) {
        let mut line = vec![lead(label)];
        line.extend(pieces);
        self.line(line);
    }

    /// A label and any text, wrapped.
    pub(super) fn field(&mut self, label: &str, value: &str, tone: Tone) {
        self.hang(vec![lead(label)], value, tone);
    }

    /// A field with a mark before its value.
    pub(super) fn marked(&mut self, label: &str, mark: Mark, value: &str) {
        let lead = vec![lead(label), mark.piece(self.theme)];
        self.hang(lead, value, mark.tone());
    }

    /// Several texts with the same mark; the label is at the first.
    pub(super) fn list(&mut self, label: &str, mark: Mark, values: &[String]) {
        for (index, value) in values.iter().enumerate() {
            let label = if index == 0 { label } else { "" };
            let lead = vec![lead(label), mark.piece(self.theme)];
            self.hang(lead, value, Tone::Plain);
        }
    }

    /// A field of hexadecimal digits, in two halves where there is no room.
    pub(super) fn hex(&mut self, label: &str, digits: &str) {
        let fits = digits.len() <= self.width.saturating_sub(LABEL + 2);
        let first = if fits { digits.len() } else { digits.len() / 2 };
        let (first, second) = digits.split_at_checked(first).unwrap_or((digits, ""));
        self.labeled(label, [(first.to_owned(), Tone::Plain)]);
        if !second.is_empty() {
            self.labeled("", [(second.to_owned(), Tone::Plain)]);
        }
    }

    /// Any text, wrapped behind `lead`; the lines below are indented as far.
    pub(super) fn hang(&mut self, lead: Vec<Piece>, value: &str, tone: Tone) {
        let indent = lead.iter().map(|(piece, _)| text::width(piece)).sum();
        let room = self.width.saturating_sub(indent + 1).min(PROSE);
        let mut lead = Some(lead);
        for part in text::wrap(&text::clean(value), room) {
            let mut pieces = lead
                .take()
                .unwrap_or_else(|| vec![(" ".repeat(indent), Tone::Plain)]);
            pieces.push((part, tone));
            self.line(pieces);
        }
    }

    /// Any text, `indent` cells in.
    pub(super) fn paragraph(&mut self, indent: usize, value: &str, tone: Tone) {
        self.hang(vec![(" ".repeat(indent), Tone::Plain)], value, tone);
    }

    /// An item of a page of text behind its label. Commands come before what is to know about them.
    pub(super) fn item(&mut self, item: &pages::Item) {
        let label = format!("  {:<ANSWER_LABEL$}", item.label);
        let mut first = vec![(label, Tone::Dim)];
        let mut tone = Tone::Plain;
        if let Some(mark) = mark_of(item) {
            let glyph;
            (glyph, tone) = mark;
            first.push((format!("{glyph} "), tone));
        }
        self.hang(first, &item.text, tone);
        for code in &item.code {
            self.code(code, ANSWER_LABEL + 2);
        }
        for (word, text) in &item.below {
            let (text, tone) = if word.is_empty() {
                (text.clone(), Tone::Dim)
            } else {
                (format!("{word}: {text}"), Tone::Plain)
            };
            self.paragraph(ANSWER_LABEL + 2, &text, tone);
        }
    }

    /// An item of a page of text in one line, with the first line of its command.
    pub(super) fn item_in_short(&mut self, item: &pages::Item) {
        let (glyph, tone) = mark_of(item).unwrap_or(("", Tone::Plain));
        let gap = if glyph.is_empty() { "" } else { " " };
        let label = format!("  {:<ANSWER_LABEL$}{glyph}{gap}", item.label);
        self.line(vec![(label, tone), (text::clean(&item.text).into(), tone)]);
        let command = item.code.first().and_then(|code| code.lines.first());
        if let Some(command) = command {
            let bar = format!("{:1$}{2}", "", ANSWER_LABEL + 2, self.theme.quote());
            let command = text::clean(command).into_owned();
            self.line(vec![(bar, Tone::Dim), (command, Tone::Strong)]);
        }
    }

    /// A page of text, such as an entry of the handbook, below its title.
    pub(in crate::tui::view) fn text_page(&mut self, page: &pages::Page) {
        if let Some(line) = &page.line {
            self.note(line);
        }
        for section in &page.sections {
            if section.heading.is_empty() {
                self.blank();
            } else {
                self.heading(section.heading);
            }
            for paragraph in &section.paragraphs {
                self.paragraph(2, paragraph, Tone::Plain);
            }
            for (number, item) in (1..).zip(&section.items) {
                let mark = if section.numbered {
                    format!("  {number}. ")
                } else {
                    format!("  {} ", Mark::None.glyph(self.theme))
                };
                let mut first = vec![(mark, Tone::Dim)];
                if !item.label.is_empty() {
                    first.push((format!("{}  ", text::clean(&item.label)), Tone::Strong));
                }
                // A long label leaves no room to hang the text behind it.
                let indent: usize = first.iter().map(|(piece, _)| text::width(piece)).sum();
                if indent > self.width / 2 {
                    self.line(first);
                    self.paragraph(4, &item.text, Tone::Plain);
                } else {
                    self.hang(first, &item.text, Tone::Plain);
                }
                for (word, text) in &item.below {
                    let gap = if word.is_empty() { "" } else { ": " };
                    self.paragraph(5, &format!("{word}{gap}{text}"), Tone::Plain);
                }
                for code in &item.code {
                    self.code(code, 5);
                }
            }
        }
    }

    pub(super) fn note(&mut self, sentence: &str) {
        self.paragraph(2, sentence, Tone::Dim);
    }
}

/// The letter and tone of what an item is about.
fn mark_of(item: &pages::Item) -> Option<(&'static str, Tone)> {
    if item.is_acknowledged {
        return Some((Theme::ACKNOWLEDGED, Tone::Dim));
    }
    item.mark.map(Theme::severity)
}

fn lead(label: &str) -> Piece {
    (format!("  {label:<LABEL$}"), Tone::Dim)
}
