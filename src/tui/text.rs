//! Texts for the screens: made safe, cut and wrapped by cells; durations and times.

use std::borrow::Cow;
use std::path::Path;
use std::time::Duration;

use crate::model::UtcSecond;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Removes what could control a terminal.
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    crate::sanitize::terminal(text)
}

pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// The text, cut to `room` cells with `ellipsis` (one cell) in the last when something is missing.
pub(super) fn truncate<'a>(text: &'a str, room: usize, ellipsis: &str) -> Cow<'a, str> {
    if width(text) <= room {
        return Cow::Borrowed(text);
    }
    if room == 0 {
        return Cow::Borrowed("");
    }
    let mut kept = String::with_capacity(room + ellipsis.len());
    let mut used = 0;
    for c in text.chars() {
        let cells = c.width().unwrap_or(0);
        if used + cells > room - 1 {
            break;
        }
        used += cells;
        kept.push(c);
    }
    kept.push_str(ellipsis);
    Cow::Owned(kept)
}

/// The text in lines of at most `room` cells, broken at spaces where possible; never empty.
pub(super) fn wrap(text: &str, room: usize) -> Vec<String> {
    let room = room.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for word in text.split_whitespace() {
        let cells = width(word);
        if used > 0 && used + 1 + cells > room {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        for c in word.chars() {
            let cells = c.width().unwrap_or(0);
            if used + cells > room && used > 0 {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            line.push(c);
            used += cells;
        }
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

/// The text in pieces of at most `first` cells, then of at most `rest`; together they are the text.
pub(super) fn chunks(text: &str, (first, rest): (usize, usize)) -> Vec<String> {
    let mut parts = Vec::new();
    let mut part = String::new();
    let (mut used, mut room) = (0, first.max(1));
    for c in text.chars() {
        let cells = c.width().unwrap_or(0);
        if used > 0 && used + cells > room {
            parts.push(std::mem::take(&mut part));
            (used, room) = (0, rest.max(1));
        }
        used += cells;
        part.push(c);
    }
    parts.push(part);
    parts
}

/// The byte at which a character begins.
pub(super) fn byte_at(text: &str, character: usize) -> usize {
    text.char_indices()
        .nth(character)
        .map_or(text.len(), |(byte, _)| byte)
}

/// A path with `~` for the home folder.
pub(super) fn tilde_path(path: &Path, home: Option<&Path>) -> String {
    let below = home
        .filter(|home| home.parent().is_some())
        .and_then(|home| path.strip_prefix(home).ok());
    below.map_or_else(
        || path.display().to_string(),
        |below| Path::new("~").join(below).display().to_string(),
    )
}

/// A duration as `m:ss` or `h:mm:ss`.
pub(super) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

/// A time as `2026-03-01 12:00:05 UTC`.
pub(super) fn timestamp(at: impl Into<UtcSecond>) -> String {
    at.into()
        .civil()
        .strftime("%Y-%m-%d %H:%M:%S UTC")
        .to_string()
}

/// Milliseconds with as many digits as carry meaning: `0.42 ms`, `8.1 ms`, `142 ms`, `3.20 s`.
pub(super) fn millis(ms: f64) -> String {
    if ms < 1.0 {
        format!("{ms:.2} ms")
    } else if ms < 100.0 {
        format!("{ms:.1} ms")
    } else if ms < 1000.0 {
        format!("{ms:.0} ms")
    } else {
        format!("{:.2} s", ms / 1000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_wide_glyph_is_never_cut_in_half() {
        assert_eq!(truncate("漢字漢字", 5, "…"), "漢字…");
        assert_eq!(truncate("漢字漢字", 4, "…"), "漢…");
    }

    #[test]
    fn a_path_below_home_is_short() {
        let home = Some(Path::new("/home/ada"));
        let shown = |path: &str, home| tilde_path(Path::new(path), home);
        let path = "/home/ada/.cache/x";
        assert_eq!(
            shown(path, home),
            Path::new("~").join(".cache/x").display().to_string()
        );
        assert_eq!(shown("/home/adam/x", home), "/home/adam/x");
        assert_eq!(shown(path, None), path);
        assert_eq!(shown(path, Some(Path::new("/"))), path, "no home at all");
    }

    #[test]
    fn control_characters_do_not_survive() {
        assert!(!clean("a\x1b[2Jb\u{9b}31m").chars().any(char::is_control));
    }

    proptest! {
        #[test]
        fn truncation_keeps_to_its_room(text in "\\PC{0,40}", room in 0usize..30) {
            prop_assert!(width(&truncate(&text, room, "…")) <= room);
        }

        #[test]
        fn wrapping_loses_no_word_character(text in "[a-z ]{0,60}", room in 1usize..20) {
            let joined: String = wrap(&text, room).concat().split_whitespace().collect();
            prop_assert_eq!(joined, text.split_whitespace().collect::<String>());
        }

        #[test]
        fn wrapped_lines_keep_to_their_room(text in "[a-z漢 ]{0,60}", room in 2usize..20) {
            prop_assert!(wrap(&text, room).iter().all(|line| width(line) <= room));
        }
    }
}
