//! A backend whose sequences work on the oldest terminals.
//!
//! crossterm writes every colour as one of 256 (`38;5;n`), which a console of sixteen colours shows wrong or not at all. The
//! sixteen have sequences of their own: 30 to 37 since ECMA-48, and 90 to 97 for the bright ones. Everything else is left to
//! ratatui's own backend.

use std::fmt;
use std::io::{self, Write};

use crossterm::cursor::MoveTo;
use crossterm::style::{Attribute, Print, SetAttribute};
use crossterm::{Command, queue};
use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};
use ratatui::style::{Color, Modifier};

#[derive(Debug)]
pub(super) struct Ansi16Backend<W: Write> {
    inner: CrosstermBackend<W>,
}

impl<W: Write> Ansi16Backend<W> {
    pub(super) const fn new(writer: W) -> Self {
        Self {
            inner: CrosstermBackend::new(writer),
        }
    }
}

/// Sets the colour of text. The theme has only these sixteen, and no backgrounds.
struct Foreground(Color);

impl Foreground {
    /// The parameter of SGR, ECMA-48 8.3.117; the bright ones are aixterm's.
    const fn parameter(&self) -> u8 {
        match self.0 {
            Color::Black => 30,
            Color::Red => 31,
            Color::Green => 32,
            Color::Yellow => 33,
            Color::Blue => 34,
            Color::Magenta => 35,
            Color::Cyan => 36,
            Color::Gray => 37,
            Color::DarkGray => 90,
            Color::LightRed => 91,
            Color::LightGreen => 92,
            Color::LightYellow => 93,
            Color::LightBlue => 94,
            Color::LightMagenta => 95,
            Color::LightCyan => 96,
            Color::White => 97,
            Color::Reset | Color::Rgb(..) | Color::Indexed(_) => 39,
        }
    }
}

impl Command for Foreground {
    fn write_ansi(&self, f: &mut impl fmt::Write) -> fmt::Result {
        write!(f, "\u{1b}[{}m", self.parameter())
    }

    /// Consoles before Windows 10 know no sequences.
    #[cfg(windows)]
    fn execute_winapi(&self) -> io::Result<()> {
        use ratatui::backend::IntoCrossterm as _;
        crossterm::style::SetForegroundColor(self.0.into_crossterm()).execute_winapi()
    }
}

/// The modifiers that the theme uses.
const ATTRIBUTES: [(Modifier, Attribute); 4] = [
    (Modifier::BOLD, Attribute::Bold),
    (Modifier::DIM, Attribute::Dim),
    (Modifier::UNDERLINED, Attribute::Underlined),
    (Modifier::REVERSED, Attribute::Reverse),
];

impl<W: Write> Backend for Ansi16Backend<W> {
    type Error = io::Error;

    /// A change of style starts with a reset: not every terminal knows the sequences that turn off one attribute.
    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let out = &mut self.inner;
        let (mut color, mut modifier) = (Color::Reset, Modifier::empty());
        let mut next: Option<(u16, u16)> = None;
        for (x, y, cell) in content {
            if next != Some((x, y)) {
                queue!(out, MoveTo(x, y))?;
            }
            next = x.checked_add(1).map(|x| (x, y));
            if cell.fg != color || cell.modifier != modifier {
                queue!(out, SetAttribute(Attribute::Reset))?;
                for (of, attribute) in ATTRIBUTES {
                    if cell.modifier.contains(of) {
                        queue!(out, SetAttribute(attribute))?;
                    }
                }
                if cell.fg != Color::Reset {
                    queue!(out, Foreground(cell.fg))?;
                }
                (color, modifier) = (cell.fg, cell.modifier);
            }
            queue!(out, Print(cell.symbol()))?;
        }
        queue!(out, SetAttribute(Attribute::Reset))
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        self.inner.hide_cursor()
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        self.inner.show_cursor()
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        self.inner.get_cursor_position()
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        self.inner.set_cursor_position(position)
    }

    fn clear(&mut self) -> io::Result<()> {
        self.inner.clear()
    }

    fn clear_region(&mut self, region: ClearType) -> io::Result<()> {
        self.inner.clear_region(region)
    }

    fn size(&self) -> io::Result<Size> {
        self.inner.size()
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        self.inner.window_size()
    }

    fn flush(&mut self) -> io::Result<()> {
        Backend::flush(&mut self.inner)
    }
}

#[cfg(test)]
mod tests {
    use ratatui::style::Style;

    use super::*;

    fn drawn(cells: &[(u16, &str, Style)]) -> String {
        let mut out = Vec::new();
        let cells: Vec<(u16, Cell)> = cells
            .iter()
            .map(|(x, symbol, style)| {
                let mut cell = Cell::default();
                cell.set_symbol(symbol).set_style(*style);
                (*x, cell)
            })
            .collect();
        Ansi16Backend::new(&mut out)
            .draw(cells.iter().map(|(x, cell)| (*x, 0, cell)))
            .unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_sixteen_colours_have_their_own_sequences() {
        let colors = [
            Color::Black,
            Color::Red,
            Color::Green,
            Color::Yellow,
            Color::Blue,
            Color::Magenta,
            Color::Cyan,
            Color::Gray,
            Color::DarkGray,
            Color::LightRed,
            Color::LightGreen,
            Color::LightYellow,
            Color::LightBlue,
            Color::LightMagenta,
            Color::LightCyan,
            Color::White,
        ];
        for (parameter, color) in (30..38).chain(90..98).zip(colors) {
            let out = drawn(&[(0, "x", Style::new().fg(color))]);
            assert!(out.contains(&format!("\u{1b}[{parameter}mx")), "{out:?}");
            assert!(!out.contains(";5;"), "{out:?}");
        }
    }

    #[test]
    fn a_style_ends_where_another_begins() {
        let bold = Style::new().fg(Color::Red).add_modifier(Modifier::BOLD);
        let out = drawn(&[
            (0, "a", bold),
            (1, "b", bold),
            (2, "c", Style::new()),
            (9, "d", Style::new().add_modifier(Modifier::REVERSED)),
        ]);
        assert_eq!(
            out,
            "\u{1b}[1;1H\u{1b}[0m\u{1b}[1m\u{1b}[31mab\u{1b}[0mc\u{1b}[1;10H\u{1b}[0m\u{1b}[7md\u{1b}[0m"
        );
    }
}
