//! The keys, from the one table: those of the screen below first.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::keymap::{self, Context};
use super::super::model::{Model, Screen};
use super::super::theme::Tone;

const WIDTH: u16 = 76;

/// The page.
pub(super) fn render(model: &Model, scroll: usize, area: Rect, buffer: &mut Buffer) {
    let lines = lines(model);
    let inner = super::window("Keys", size(&lines, area), model.theme, area, buffer);
    for (line, y) in lines.iter().skip(scroll).zip(inner.top()..inner.bottom()) {
        super::put(line, inner.x, y, inner.width, buffer);
    }
}

/// Lines in all, and lines that fit.
pub(super) fn extent(model: &Model, area: Rect) -> (usize, usize) {
    let lines = lines(model);
    let (_, height) = size(&lines, area);
    (lines.len(), usize::from(height.saturating_sub(2)))
}

fn size(lines: &[Line<'_>], area: Rect) -> (u16, u16) {
    let wanted = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX);
    (WIDTH.min(area.width), wanted.min(area.height))
}

fn lines(model: &Model) -> Vec<Line<'static>> {
    let theme = model.theme;
    let here = match model.screen {
        Screen::Table => Context::Table,
        Screen::Host { .. } => Context::Host,
    };
    let others = Context::ALL.into_iter().filter(|context| *context != here);
    let mut lines = Vec::new();
    for context in std::iter::once(here).chain(others) {
        if !lines.is_empty() {
            lines.push(Line::raw(""));
        }
        lines.push(Line::styled(
            format!(" {}", context.title()),
            theme.style(Tone::Accent),
        ));
        for binding in keymap::of(context) {
            lines.push(Line::from(vec![
                Span::styled(
                    format!("  {:<24}", keymap::keys_label(binding)),
                    theme.style(Tone::Strong),
                ),
                Span::raw(binding.help),
            ]));
        }
    }
    lines
}
