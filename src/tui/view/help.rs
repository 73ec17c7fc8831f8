//! The help page: the keys from the one table, those of the current screen first.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::widgets::{put_lines, scroll_hints, window};
use crate::tui::action::{Action, MenuKind};
use crate::tui::keymap::Context;
use crate::tui::model::{Model, Overlay};
use crate::tui::text;
use crate::tui::theme::{Theme, Tone};

const WIDTH: u16 = 76;
/// Cells before the help text: the keys.
const KEYS: usize = 26;

pub(super) fn render(model: &Model, scroll: usize, area: Rect, buffer: &mut Buffer) {
    let lines = lines(model, area.width);
    let size = (usize::from(WIDTH), lines.len() + 2);
    let inner = window("Keys", size, model.theme, area, buffer);
    let below = lines
        .len()
        .saturating_sub(scroll + usize::from(inner.height));
    scroll_hints(scroll, below, inner, model.theme, buffer);
    put_lines(lines.into_iter().skip(scroll), inner, buffer);
}

/// Lines in all, and lines that fit.
pub(super) fn extent(model: &Model, area: Rect) -> (usize, usize) {
    let lines = lines(model, area.width).len();
    let height = (lines + 2).min(usize::from(area.height));
    (lines, height.saturating_sub(2))
}

fn lines(model: &Model, width: u16) -> Vec<Line<'static>> {
    // The frame takes two cells.
    let room = usize::from(WIDTH.min(width)).saturating_sub(KEYS + 2);
    let theme = model.theme;
    let here = match &model.overlay {
        Overlay::Help { below, .. } => model.context_under(below),
        _ => model.screen_context(),
    };
    let first = [Some(here), here.wider()];
    let others = Context::ALL.into_iter().map(Some);
    let others = others.filter(|context| !first.contains(context));
    let mut lines = Vec::new();
    for context in first.into_iter().chain(others).flatten() {
        if !lines.is_empty() {
            lines.push(Line::raw(""));
        }
        lines.push(theme.line(format!(" {}", context.title()), Tone::Accent));
        for line in model.keymap.help_lines(context, |_| true) {
            lines.extend(entry(&line.keys, line.help, theme, room));
        }
        if context == Context::Table {
            for (sign, text) in signs(model) {
                lines.extend(entry(sign, &text, theme, room));
            }
        }
    }
    lines
}

/// Keys, and their help text wrapped beside them.
fn entry(keys: &str, help: &str, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let mut keys = keys;
    let line = |text| {
        let lead = format!("  {:<24}", std::mem::take(&mut keys));
        Line::from(vec![theme.span(lead, Tone::Strong), Span::raw(text)])
    };
    text::wrap(help, room).into_iter().map(line).collect()
}

/// The signs that replace words in narrow columns.
fn signs(model: &Model) -> [(&'static str, String); 4] {
    let theme = model.theme;
    let columns = Action::MenuOpen(MenuKind::Columns);
    let key = model.keymap.label(Context::Table, &columns);
    [
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
    ]
}
