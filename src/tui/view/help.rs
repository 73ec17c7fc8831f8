//! The help: the keys from the one table, those of the current screen first, or the signs. What is typed searches it.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use tui_input::Input;

use super::widgets::{prompt, put, put_lines, scroll_hints, window};
use crate::tui::keymap::Context;
use crate::tui::legend::{self, Explained};
use crate::tui::model::{HelpPage, Model, Overlay};
use crate::tui::text;
use crate::tui::theme::{Theme, Tone};

const WIDTH: u16 = 76;
/// Cells before the help text: the keys.
const KEYS: usize = 26;
/// Before the search text.
const PROMPT: &str = " search: ";

pub(super) fn render(
    model: &Model,
    search: &Input,
    scroll: usize,
    area: Rect,
    buffer: &mut Buffer,
) -> Option<Position> {
    let (title, lines) = page(model, area.width);
    let size = (usize::from(WIDTH), lines.len() + 3);
    let mut inner = window(title, size, model.theme, area, buffer);
    let frame = inner;
    let cursor = prompt(PROMPT, search, model.theme, inner, buffer);
    inner.y += 1;
    inner.height = inner.height.saturating_sub(1);
    let below = lines
        .len()
        .saturating_sub(scroll + usize::from(inner.height));
    scroll_hints(scroll, below, frame, model.theme, buffer);
    if lines.is_empty() {
        let line = model.theme.line("  nothing matches", Tone::Dim);
        put(&line, inner.x, inner.y, inner.width, buffer);
    }
    put_lines(lines.into_iter().skip(scroll), inner, buffer);
    cursor
}

/// Lines in all, and lines that fit.
pub(super) fn extent(model: &Model, area: Rect) -> (usize, usize) {
    let lines = page(model, area.width).1.len();
    let height = (lines + 3).min(usize::from(area.height));
    (lines, height.saturating_sub(3))
}

/// A heading, and the lines below it: the sign or the keys with what they mean, and another name by which a search finds them.
type Section = (String, Vec<(Explained, &'static str)>);

/// The title, and the lines that match what is typed.
fn page(model: &Model, width: u16) -> (&'static str, Vec<Line<'static>>) {
    let (about, below, typed) = match &model.overlay {
        Overlay::Help {
            about,
            below,
            search,
            ..
        } => (*about, model.context_under(below), search.value()),
        _ => (HelpPage::Keys, model.screen_context(), ""),
    };
    let (title, sections) = match about {
        HelpPage::Keys => ("Keys", keys(model, below)),
        HelpPage::Signs => ("Signs", signs(model.theme)),
    };
    // The frame takes two cells.
    let room = usize::from(WIDTH.min(width)).saturating_sub(KEYS + 2);
    let typed = typed.to_lowercase();
    let mut lines = Vec::new();
    for (heading, mut entries) in sections {
        entries.retain(|(entry, name)| {
            let text = format!("{heading} {} {name} {}", entry.sign, entry.meaning);
            let text = text.to_lowercase();
            typed.split_whitespace().all(|word| text.contains(word))
        });
        if entries.is_empty() {
            continue;
        }
        if !lines.is_empty() {
            lines.push(Line::raw(""));
        }
        lines.push(model.theme.line(format!(" {heading}"), Tone::Accent));
        for (entry, _) in entries {
            lines.extend(wrapped(&entry, model.theme, room));
        }
    }
    (title, lines)
}

fn keys(model: &Model, here: Context) -> Vec<Section> {
    let first = [Some(here), here.wider()];
    let others = Context::ALL.into_iter().map(Some);
    let others = others.filter(|context| !first.contains(context));
    let section = |context: Context| {
        let lines = model.keymap.help_lines(context, |_| true).into_iter();
        let entries = lines.map(|line| {
            let keys = Explained {
                sign: line.keys,
                tone: Tone::Strong,
                meaning: line.help.to_owned(),
            };
            (keys, line.word.unwrap_or_default())
        });
        (context.title().to_owned(), entries.collect())
    };
    let all = first.into_iter().chain(others).flatten();
    all.map(section).collect()
}

fn signs(theme: Theme) -> Vec<Section> {
    let sections = legend::sections(theme).into_iter();
    sections
        .map(|(heading, signs)| {
            let signs = signs.into_iter().map(|sign| (sign, ""));
            (heading.to_owned(), signs.collect())
        })
        .collect()
}

/// The sign or the keys, and the text wrapped beside them.
fn wrapped(entry: &Explained, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let mut sign = entry.sign.as_str();
    let line = |text| {
        let gap = 24_usize.saturating_sub(text::width(sign));
        let lead = format!("  {}{}", std::mem::take(&mut sign), " ".repeat(gap));
        Line::from(vec![theme.span(lead, entry.tone), Span::raw(text)])
    };
    text::wrap(&entry.meaning, room)
        .into_iter()
        .map(line)
        .collect()
}
