//! The last line: the keys that matter here, or what is to be told in passing.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Widget};

use super::super::action::Action;
use super::super::model::{Model, Phase};
use super::super::text;
use super::super::theme::Tone;

/// The line.
pub(super) fn render(model: &Model, area: Rect, buffer: &mut Buffer) {
    let theme = model.theme;
    if model.toast.is_some() {
        return;
    }
    if model.phase == Phase::Stopping {
        let line = Line::styled(
            " stopping: connections under way are ending; Ctrl-c again quits at once",
            theme.style(Tone::Warn),
        );
        super::put(&line, area.x, area.y, area.width, buffer);
        return;
    }
    if model.writing {
        let words = format!(" writing {}", if theme.ascii { "..." } else { "…" });
        let line = Line::styled(words, theme.style(Tone::Notice));
        super::put(&line, area.x, area.y, area.width, buffer);
        return;
    }
    let room = usize::from(area.width);
    let mut spans = vec![Span::raw(" ")];
    for (key, hint) in fitting(hints(model), room.saturating_sub(1)) {
        spans.push(Span::styled(key, theme.style(Tone::Accent)));
        spans.push(Span::raw(format!(" {hint}  ")));
    }
    super::put(&Line::from(spans), area.x, area.y, area.width, buffer);
}

/// Lines of a message at most.
const MOST: usize = 3;

/// A passing message, in as many of the last lines as it takes: a path that is cut is none.
pub(super) fn message(model: &Model, screen: Rect, buffer: &mut Buffer) {
    let Some(toast) = &model.toast else {
        return;
    };
    let theme = model.theme;
    let room = usize::from(screen.width.saturating_sub(2));
    let mut lines = text::wrap(&toast.text, room);
    if lines.len() > MOST {
        lines.truncate(MOST);
        if let Some(last) = lines.last_mut() {
            let cut = text::truncate(last, room.saturating_sub(1), "").into_owned();
            *last = cut + theme.ellipsis();
        }
    }
    let height = u16::try_from(lines.len()).unwrap_or(1).min(screen.height);
    let area = Rect {
        y: screen.bottom().saturating_sub(height),
        height,
        ..screen
    };
    Clear.render(area, buffer);
    for (line, y) in lines.iter().zip(area.top()..area.bottom()) {
        let line = Line::styled(format!(" {line}"), theme.style(toast.tone));
        super::put(&line, area.x, y, area.width, buffer);
    }
}

/// A key with its hint.
struct Hint {
    key: String,
    words: &'static str,
    /// How to learn of the others, and how to leave: never left out for want of room.
    stays: bool,
}

impl Hint {
    /// Cells, with a blank between key and hint, and two behind.
    fn cells(&self) -> usize {
        text::width(&self.key) + text::width(self.words) + 3
    }
}

/// The hints of the keys that do something here now.
fn hints(model: &Model) -> Vec<Hint> {
    let context = model.context();
    let can_pause = model.offers.control && model.scanning();
    std::iter::once(context)
        .chain(context.wider())
        .flat_map(|context| model.keymap.of(context))
        .filter_map(|(binding, keys)| {
            let words = match (&binding.action, binding.hint?) {
                (Action::Pause, _) if !can_pause => return None,
                (Action::Pause, _) if model.progress.paused => "go on",
                (_, hint) => hint,
            };
            let stays = matches!(
                binding.action,
                Action::Help | Action::Quit | Action::Back | Action::FilterCancel
            );
            Some(Hint {
                key: keys.first()?.label(),
                words,
                stays,
            })
        })
        .collect()
}

/// As many hints as there is room for, in their order.
fn fitting(hints: Vec<Hint>, room: usize) -> Vec<(String, &'static str)> {
    // The last one needs no blanks behind it.
    let mut left = room + 2;
    let reserved: usize = hints
        .iter()
        .filter(|hint| hint.stays)
        .map(Hint::cells)
        .sum();
    left = left.saturating_sub(reserved);
    let mut full = false;
    hints
        .into_iter()
        .filter_map(|hint| {
            if !hint.stays {
                // No key of lesser use takes the place of one that found no room.
                full |= hint.cells() > left;
                if full {
                    return None;
                }
                left -= hint.cells();
            }
            Some((hint.key, hint.words))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint(key: &str, words: &'static str, stays: bool) -> Hint {
        Hint {
            key: key.to_owned(),
            words,
            stays,
        }
    }

    #[test]
    fn what_stays_has_room_whatever_else_there_is() {
        let shown = |room| -> Vec<&str> {
            let hints = vec![
                hint("a", "first", false),
                hint("b", "second", false),
                hint("?", "help", true),
            ];
            fitting(hints, room)
                .into_iter()
                .map(|(_, words)| words)
                .collect()
        };
        assert_eq!(shown(25), ["first", "second", "help"]);
        assert_eq!(shown(24), ["first", "help"]);
        assert_eq!(shown(14), ["help"]);
    }
}
