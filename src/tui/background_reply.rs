//! The colour of the terminal's background, in reply to OSC 11.
//!
//! crossterm does not know the reply, and reports it as keys: `Alt-]`, its characters, and `Ctrl-g` or `Alt-\`. They are put
//! together here, so that nobody waits for a terminal that does not reply, and a late reply is no input.

use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use tokio::time::Instant;

use super::theme::Palette;

/// A reply such as `11;rgba:ffff/ffff/ffff/ffff` is shorter.
const LONGEST: usize = 40;
/// How long a reply may take, over the slowest of lines; later, the same keys are the user's.
const PATIENCE: Duration = Duration::from_secs(5);

/// What an event turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Input {
    Event(Event),
    /// A part of the reply.
    Part,
    Background(Palette),
}

/// Reads the reply; afterwards all events pass.
#[derive(Debug)]
pub(super) enum BackgroundReply {
    /// Until then.
    Expected(Instant),
    /// Until then; the characters so far.
    Partial(Instant, String),
    Done,
}

impl BackgroundReply {
    pub(super) fn expected(asked: bool, now: Instant) -> Self {
        if asked {
            Self::Expected(now + PATIENCE)
        } else {
            Self::Done
        }
    }

    pub(super) fn read(&mut self, event: Event, now: Instant) -> Input {
        let Event::Key(KeyEvent {
            code: KeyCode::Char(character),
            modifiers,
            ..
        }) = event
        else {
            return Input::Event(event);
        };
        match self {
            Self::Expected(until) | Self::Partial(until, _) if *until <= now => {
                *self = Self::Done;
                Input::Event(event)
            }
            Self::Expected(until) if character == ']' && modifiers == KeyModifiers::ALT => {
                *self = Self::Partial(*until, String::new());
                Input::Part
            }
            Self::Partial(_, text) => {
                let ends = (character == '\\' && modifiers == KeyModifiers::ALT)
                    || (character == 'g' && modifiers == KeyModifiers::CONTROL);
                if !ends {
                    text.push(character);
                }
                if !ends && text.len() < LONGEST {
                    return Input::Part;
                }
                let palette = palette(text);
                *self = Self::Done;
                palette.map_or(Input::Part, Input::Background)
            }
            Self::Expected(_) | Self::Done => Input::Event(event),
        }
    }
}

/// The palette for `11;rgb:RRRR/GGGG/BBBB`, with one to four hexadecimal digits each.
fn palette(reply: &str) -> Option<Palette> {
    let (_, colour) = reply.strip_prefix("11;")?.split_once(':')?;
    let mut parts = colour.split('/').map(|digits| {
        let most = 16_u32
            .checked_pow(u32::try_from(digits.len()).ok()?)?
            .checked_sub(1)?;
        let value = u32::from_str_radix(digits, 16).ok()?;
        (1..=4)
            .contains(&digits.len())
            .then(|| f64::from(value) / f64::from(most))
    });
    let (red, green, blue) = (parts.next()??, parts.next()??, parts.next()??);
    // Luma of ITU-R BT.601.
    let luma = 0.299 * red + 0.587 * green + 0.114 * blue;
    Some(if luma > 0.5 {
        Palette::Light
    } else {
        Palette::Dark
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    /// The events that crossterm makes of a reply.
    fn events(reply: &str, end: (char, KeyModifiers)) -> Vec<Event> {
        let key =
            |character, modifiers| Event::Key(KeyEvent::new(KeyCode::Char(character), modifiers));
        let mut events = vec![key(']', KeyModifiers::ALT)];
        events.extend(reply.chars().map(|c| key(c, KeyModifiers::NONE)));
        events.push(key(end.0, end.1));
        events
    }

    fn read(reply: &str, end: (char, KeyModifiers)) -> Vec<Input> {
        let now = clock::monotonic();
        let mut reader = BackgroundReply::expected(true, now);
        let read = events(reply, end)
            .into_iter()
            .map(|event| reader.read(event, now));
        let mut read: Vec<Input> = read.collect();
        let key = Event::Key(KeyEvent::new(KeyCode::Char('q'), KeyModifiers::NONE));
        assert_eq!(
            reader.read(key.clone(), now),
            Input::Event(key),
            "keys pass again"
        );
        read.retain(|input| *input != Input::Part);
        read
    }

    #[test]
    fn a_reply_is_no_input_and_names_the_palette() {
        let string_end = ('\\', KeyModifiers::ALT);
        let bell = ('g', KeyModifiers::CONTROL);
        for (reply, palette) in [
            ("11;rgb:ffff/ffff/ffff", Palette::Light),
            ("11;rgb:fd/f6/e3", Palette::Light),
            ("11;rgb:0000/0000/0000", Palette::Dark),
            ("11;rgba:1e1e/1e1e/2e2e/ffff", Palette::Dark),
        ] {
            for end in [string_end, bell] {
                assert_eq!(read(reply, end), [Input::Background(palette)], "{reply}");
            }
        }
    }

    #[test]
    fn a_hostile_reply_is_dropped() {
        let bell = ('g', KeyModifiers::CONTROL);
        for reply in [
            "",
            "11;",
            "11;rgb:",
            "11;rgb:fffff/0/0",
            "11;rgb:é/0/0",
            "10;rgb:0/0/0",
        ] {
            assert_eq!(read(reply, bell), [], "{reply}");
        }
        let now = clock::monotonic();
        let mut reader = BackgroundReply::expected(true, now);
        let endless = events(&"f".repeat(60), bell).into_iter();
        let passed = endless.map(|event| reader.read(event, now));
        let passed = passed.filter(|input| *input != Input::Part).count();
        assert_eq!(passed, 61 - LONGEST, "no reply holds keys for ever");
    }

    #[test]
    fn without_a_question_every_key_passes() {
        let now = clock::monotonic();
        let mut reader = BackgroundReply::expected(false, now);
        for event in events("11;rgb:0/0/0", ('g', KeyModifiers::CONTROL)) {
            assert_eq!(reader.read(event.clone(), now), Input::Event(event));
        }
    }

    #[test]
    fn what_comes_too_late_or_never_ends_is_keys_again() {
        let asked = clock::monotonic();
        let late = asked + PATIENCE;
        let events = events("11;rgb:0/0/0", ('g', KeyModifiers::CONTROL));
        let mut reader = BackgroundReply::expected(true, asked);
        for event in events.clone() {
            assert_eq!(reader.read(event.clone(), late), Input::Event(event));
        }
        let mut reader = BackgroundReply::expected(true, asked);
        assert_eq!(reader.read(events[0].clone(), asked), Input::Part);
        let next = events[1].clone();
        assert_eq!(reader.read(next.clone(), late), Input::Event(next));
    }
}
