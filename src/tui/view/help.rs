//! The keys, from the one table: those of the screen below first.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::action::{Action, MenuKind};
use super::super::keymap::Context;
use super::super::model::{Model, Overlay};
use super::super::text;
use super::super::theme::Tone;

const WIDTH: u16 = 76;

/// The page.
pub(super) fn render(model: &Model, scroll: usize, area: Rect, buffer: &mut Buffer) {
    let lines = lines(model, area.width);
    let inner = super::window("Keys", size(&lines, area), model.theme, area, buffer);
    let below = lines
        .len()
        .saturating_sub(scroll + usize::from(inner.height));
    super::beyond(scroll, below, inner, model.theme, buffer);
    for (line, y) in lines.iter().skip(scroll).zip(inner.top()..inner.bottom()) {
        super::put(line, inner.x, y, inner.width, buffer);
    }
}

/// Lines in all, and lines that fit.
pub(super) fn extent(model: &Model, area: Rect) -> (usize, usize) {
    let lines = lines(model, area.width);
    let (_, height) = size(&lines, area);
    (lines.len(), usize::from(height.saturating_sub(2)))
}

fn size(lines: &[Line<'_>], area: Rect) -> (u16, u16) {
    let wanted = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX);
    (WIDTH.min(area.width), wanted.min(area.height))
}

/// Cells before a sentence: the keys stand there.
const KEYS: usize = 26;

fn lines(model: &Model, width: u16) -> Vec<Line<'static>> {
    // The frame takes two cells.
    let room = usize::from(WIDTH.min(width)).saturating_sub(KEYS + 2);
    let theme = model.theme;
    let here = match &model.overlay {
        Overlay::Help { below, .. } => model.context_under(below),
        _ => model.screen_context(),
    };
    let mut order = vec![here];
    order.extend(here.wider());
    for context in Context::ALL {
        if !order.contains(&context) {
            order.push(context);
        }
    }
    let mut lines = Vec::new();
    for context in order {
        if !lines.is_empty() {
            lines.push(Line::raw(""));
        }
        lines.push(Line::styled(
            format!(" {}", context.title()),
            theme.style(Tone::Accent),
        ));
        for told in model.keymap.told(context, |_| true) {
            let mut keys = told.keys;
            for sentence in text::wrap(told.help, room) {
                let lead = format!("  {:<24}", std::mem::take(&mut keys));
                lines.push(Line::from(vec![
                    Span::styled(lead, theme.style(Tone::Strong)),
                    Span::raw(sentence),
                ]));
            }
        }
        if context == Context::Table {
            lines.extend(signs(model, room));
        }
    }
    lines
}

/// What stands in the table for want of room, below the table's keys.
fn signs(model: &Model, room: usize) -> Vec<Line<'static>> {
    let theme = model.theme;
    let columns = Action::MenuOpen(MenuKind::Columns);
    let key = model.keymap.label(Context::Table, &columns);
    let signs = [
        (
            "+4",
            format!("columns that found no room; {key} hides others"),
        ),
        (
            theme.fine(),
            "DNS match, NLA offered or required, STAB steady".to_owned(),
        ),
        (theme.cross(), "NLA not_offered".to_owned()),
        (theme.nothing(), "DNS not_checked, STAB unknown".to_owned()),
    ];
    let mut lines = Vec::new();
    for (sign, sentence) in signs {
        let mut sign = sign;
        for sentence in text::wrap(&sentence, room) {
            let lead = format!("  {:<24}", std::mem::take(&mut sign));
            lines.push(Line::from(vec![
                Span::styled(lead, theme.style(Tone::Strong)),
                Span::raw(sentence),
            ]));
        }
    }
    lines
}
