//! The one table of keys: dispatch, footer, help and README all read it.

use crossterm::event::KeyCode;

use super::{Binding, Context, Key};
use crate::tui::action::{Action, Move};

const fn bind(
    context: Context,
    keys: &'static [Key],
    action: Action,
    hint: Option<&'static str>,
    help: &'static str,
) -> Binding {
    Binding {
        context,
        keys,
        action,
        hint,
        help,
    }
}

const UP: &[Key] = &[Key::plain(KeyCode::Up), Key::char('k')];
const DOWN: &[Key] = &[Key::plain(KeyCode::Down), Key::char('j')];
const PAGE_UP: &[Key] = &[Key::plain(KeyCode::PageUp), Key::ctrl('b')];
const PAGE_DOWN: &[Key] = &[Key::plain(KeyCode::PageDown), Key::ctrl('f')];
const HALF_UP: &[Key] = &[Key::ctrl('u')];
const HALF_DOWN: &[Key] = &[Key::ctrl('d')];
const TOP: &[Key] = &[Key::plain(KeyCode::Home), Key::char('g')];
const BOTTOM: &[Key] = &[Key::plain(KeyCode::End), Key::char('G')];
const BACK: &[Key] = &[
    Key::plain(KeyCode::Esc),
    Key::plain(KeyCode::Left),
    Key::char('h'),
    Key::plain(KeyCode::Backspace),
];
const HELP: &[Key] = &[Key::char('?'), Key::plain(KeyCode::F(1))];
const QUIT: &[Key] = &[Key::char('q')];
const ENTER: &[Key] = &[Key::plain(KeyCode::Enter)];
const ESC: &[Key] = &[Key::plain(KeyCode::Esc)];

/// Every key.
pub static BINDINGS: &[Binding] = &[
    bind(
        Context::Global,
        &[Key::ctrl('c')],
        Action::Interrupt,
        None,
        "stop the scan and quit; again quits at once",
    ),
    bind(
        Context::Table,
        &[
            Key::plain(KeyCode::Enter),
            Key::plain(KeyCode::Right),
            Key::char('l'),
        ],
        Action::Open,
        Some("open"),
        "open the host under the cursor",
    ),
    bind(
        Context::Table,
        &[Key::char('/')],
        Action::FilterOpen,
        Some("filter"),
        "filter by words, days<30, state:flaky, !word",
    ),
    bind(
        Context::Table,
        &[Key::char('s')],
        Action::SortMenu,
        Some("sort"),
        "choose the column to sort by",
    ),
    bind(
        Context::Table,
        &[Key::char('S')],
        Action::SortInvert,
        None,
        "turn the order round",
    ),
    bind(
        Context::Table,
        &[Key::char('e')],
        Action::Export,
        Some("export"),
        "write what is shown to a file",
    ),
    bind(
        Context::Table,
        HELP,
        Action::Help,
        Some("help"),
        "these keys",
    ),
    bind(
        Context::Table,
        QUIT,
        Action::Quit,
        Some("quit"),
        "quit; asks once while the scan runs",
    ),
    bind(
        Context::Table,
        BACK,
        Action::Back,
        None,
        "clear the filter; never quits",
    ),
    bind(Context::Table, UP, Action::Move(Move::Up), None, "one up"),
    bind(
        Context::Table,
        DOWN,
        Action::Move(Move::Down),
        None,
        "one down",
    ),
    bind(
        Context::Table,
        PAGE_UP,
        Action::Move(Move::PageUp),
        None,
        "a screenful up",
    ),
    bind(
        Context::Table,
        PAGE_DOWN,
        Action::Move(Move::PageDown),
        None,
        "a screenful down",
    ),
    bind(
        Context::Table,
        HALF_UP,
        Action::Move(Move::HalfUp),
        None,
        "half a screenful up",
    ),
    bind(
        Context::Table,
        HALF_DOWN,
        Action::Move(Move::HalfDown),
        None,
        "half a screenful down",
    ),
    bind(
        Context::Table,
        TOP,
        Action::Move(Move::Top),
        None,
        "first row, and stay there whatever sorts to it",
    ),
    bind(
        Context::Table,
        BOTTOM,
        Action::Move(Move::Bottom),
        None,
        "last row",
    ),
    bind(
        Context::Host,
        BACK,
        Action::Back,
        Some("back"),
        "back to the table",
    ),
    bind(
        Context::Host,
        &[Key::char('n')],
        Action::NextHost,
        Some("next host"),
        "the next host, in the order of the table",
    ),
    bind(
        Context::Host,
        &[Key::char('p')],
        Action::PreviousHost,
        Some("previous"),
        "the host before",
    ),
    bind(
        Context::Host,
        &[
            Key::plain(KeyCode::Tab),
            Key::plain(KeyCode::Enter),
            Key::plain(KeyCode::Right),
            Key::char('l'),
        ],
        Action::NextSection,
        Some("section"),
        "scroll to the next section",
    ),
    bind(
        Context::Host,
        &[Key::plain(KeyCode::BackTab)],
        Action::PreviousSection,
        None,
        "scroll to the section before",
    ),
    bind(
        Context::Host,
        &[Key::char('e')],
        Action::Export,
        Some("export"),
        "write this host to a file",
    ),
    bind(
        Context::Host,
        HELP,
        Action::Help,
        Some("help"),
        "these keys",
    ),
    bind(
        Context::Host,
        QUIT,
        Action::Quit,
        Some("quit"),
        "quit; asks once while the scan runs",
    ),
    bind(Context::Host, UP, Action::Move(Move::Up), None, "scroll up"),
    bind(
        Context::Host,
        DOWN,
        Action::Move(Move::Down),
        None,
        "scroll down",
    ),
    bind(
        Context::Host,
        PAGE_UP,
        Action::Move(Move::PageUp),
        None,
        "a screenful up",
    ),
    bind(
        Context::Host,
        PAGE_DOWN,
        Action::Move(Move::PageDown),
        None,
        "a screenful down",
    ),
    bind(
        Context::Host,
        HALF_UP,
        Action::Move(Move::HalfUp),
        None,
        "half a screenful up",
    ),
    bind(
        Context::Host,
        HALF_DOWN,
        Action::Move(Move::HalfDown),
        None,
        "half a screenful down",
    ),
    bind(
        Context::Host,
        TOP,
        Action::Move(Move::Top),
        None,
        "to the top",
    ),
    bind(
        Context::Host,
        BOTTOM,
        Action::Move(Move::Bottom),
        None,
        "to the bottom",
    ),
    bind(
        Context::Filter,
        ENTER,
        Action::FilterAccept,
        Some("keep"),
        "keep the filter",
    ),
    bind(
        Context::Filter,
        ESC,
        Action::FilterCancel,
        Some("undo"),
        "put back the filter from before",
    ),
    bind(
        Context::Filter,
        &[Key::plain(KeyCode::Up)],
        Action::Move(Move::Up),
        None,
        "one row up while typing",
    ),
    bind(
        Context::Filter,
        &[Key::plain(KeyCode::Down)],
        Action::Move(Move::Down),
        None,
        "one row down while typing",
    ),
    bind(
        Context::Sort,
        &[
            Key::plain(KeyCode::Enter),
            Key::plain(KeyCode::Right),
            Key::char(' '),
        ],
        Action::SortPick,
        Some("sort"),
        "sort by the marked column, or press its letter",
    ),
    bind(
        Context::Sort,
        UP,
        Action::Move(Move::Up),
        None,
        "mark the column above",
    ),
    bind(
        Context::Sort,
        DOWN,
        Action::Move(Move::Down),
        None,
        "mark the column below",
    ),
    bind(
        Context::Sort,
        &[Key::char('S')],
        Action::SortInvert,
        Some("invert"),
        "turn the order round",
    ),
    bind(
        Context::Sort,
        &[
            Key::plain(KeyCode::Esc),
            Key::plain(KeyCode::Left),
            Key::char('q'),
        ],
        Action::Back,
        Some("back"),
        "leave the order as it is",
    ),
    bind(
        Context::Help,
        &[
            Key::plain(KeyCode::Esc),
            Key::char('?'),
            Key::plain(KeyCode::F(1)),
            Key::char('q'),
            Key::plain(KeyCode::Left),
            Key::char('h'),
            Key::plain(KeyCode::Enter),
        ],
        Action::Back,
        Some("back"),
        "close the help",
    ),
    bind(
        Context::Help,
        UP,
        Action::Move(Move::Up),
        Some("scroll"),
        "scroll up",
    ),
    bind(
        Context::Help,
        DOWN,
        Action::Move(Move::Down),
        None,
        "scroll down",
    ),
    bind(
        Context::Help,
        PAGE_UP,
        Action::Move(Move::PageUp),
        None,
        "a screenful up",
    ),
    bind(
        Context::Help,
        PAGE_DOWN,
        Action::Move(Move::PageDown),
        None,
        "a screenful down",
    ),
    bind(
        Context::Help,
        TOP,
        Action::Move(Move::Top),
        None,
        "to the top",
    ),
    bind(
        Context::Help,
        BOTTOM,
        Action::Move(Move::Bottom),
        None,
        "to the bottom",
    ),
    bind(
        Context::Quit,
        &[Key::char('y'), Key::char('q'), Key::plain(KeyCode::Enter)],
        Action::QuitConfirmed,
        Some("quit"),
        "stop the scan and quit; what was found is kept",
    ),
    bind(
        Context::Quit,
        &[Key::char('n'), Key::plain(KeyCode::Esc)],
        Action::Back,
        Some("go on"),
        "go on scanning",
    ),
];
