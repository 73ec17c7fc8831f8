//! Every screen and every window at the sizes that terminals have, and the colours that carry meaning.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "only tests call this, and a panic is how they fail"
)]

use std::fmt::Write as _;

use crossterm::event::KeyCode;
use ratatui::style::{Color, Modifier};
use rdpscan::table::Field;
use rdpscan::tui::{Action, Palette, Theme};

use super::stage::{self, Stand};

const SIZES: [(u16, u16); 5] = [(60, 15), (80, 24), (100, 30), (120, 40), (200, 50)];

/// One picture of all sizes, after these keys on the table.
fn pictures(keys: &str) -> String {
    let mut all = String::new();
    for (width, height) in SIZES {
        let mut stand = Stand::scanning(width, height);
        stand.select("10.0.0.6");
        stand.keys(keys);
        let picture = stand.picture(width, height);
        writeln!(all, "{width}x{height}\n{picture}").unwrap();
    }
    all
}

macro_rules! picture {
    ($($name:ident $keys:expr;)*) => {
        $(#[test]
        fn $name() {
            insta::assert_snapshot!(pictures($keys));
        })*
    };
}

picture! {
    the_table "";
    a_host "\n";
    the_overview "o";
    the_menu_of_columns "c";
    the_menu_of_exports "e";
    the_menu_of_copies "y";
    the_menu_of_groups "b";
    the_menu_of_orders "s";
    the_table_in_groups "bs";
    the_table_by_finding "bf";
    an_open_group "bt\n";
    the_view_of_dates "4";
    marks_in_a_group "bs j ";
    further_columns ">";
    the_legend "L";
    the_saved_filters_and_columns "v";
    a_search_in_the_help "?problem";
    the_palette ":cert";
    the_suggestions_of_the_filter "/sta\t";
    a_filter_that_is_none "/state:brokn or x";
    the_help "?";
    the_question_of_quitting "q";
    the_question_of_probing_anew "R";
    the_question_of_writing_fixes "F";
}

/// The style of the first cell of a text on the screen.
fn style_of(stand: &Stand, (width, height): (u16, u16), text: &str) -> (Color, Modifier) {
    let buffer = stand.buffer(width, height);
    for y in 0..height {
        let line: Vec<&str> = (0..width).map(|x| buffer[(x, y)].symbol()).collect();
        for x in 0..line.len() {
            if line[x..].concat().starts_with(text) {
                let cell = &buffer[(u16::try_from(x).unwrap(), y)];
                return (cell.fg, cell.modifier);
            }
        }
    }
    panic!("{text} is not on the screen");
}

#[test]
fn states_have_their_colours_in_the_table() {
    let mut stand = Stand::scanning(120, 40);
    let color = |text| style_of(&stand, (120, 40), text).0;
    assert_eq!(color("▲ degraded    10.0.0.6"), Color::Yellow);
    assert_eq!(color("✔ healthy     10.0.0.7"), Color::Green);
    assert_eq!(color("◆ not_rdp     10.0.0.11"), Color::Cyan);
    let closed = style_of(&stand, (120, 40), "○ closed      10.0.0.14");
    assert_eq!(closed, (Color::Reset, Modifier::DIM));
    let broken = |stand: &Stand| style_of(stand, (120, 40), "✖ broken      10.0.0.10");
    assert_eq!(
        broken(&stand),
        (Color::Reset, Modifier::BOLD | Modifier::REVERSED),
        "under the cursor the whole row is inverse"
    );
    stand.key(KeyCode::Down);
    assert_eq!(broken(&stand), (Color::Red, Modifier::BOLD));
}

#[test]
fn the_view_in_force_is_inverse_among_the_tabs() {
    let mut stand = Stand::scanning(120, 40);
    stand.keys("4");
    let here = style_of(&stand, (120, 40), " 4 Expiring").1;
    assert!(here.contains(Modifier::REVERSED));
    let other = style_of(&stand, (120, 40), " 2 Problems").1;
    assert!(!other.contains(Modifier::REVERSED));
}

#[test]
fn bars_of_the_overview_are_as_good_or_bad_as_what_they_count() {
    let mut stand = Stand::scanning(120, 40);
    stand.keys("o");
    let buffer = stand.buffer(120, 40);
    let bar_behind = |label: &str| {
        let y = (0..40)
            .find(|y| {
                let line: String = (0..50).map(|x| buffer[(x, *y)].symbol()).collect();
                let line: String = line.chars().skip(2).collect();
                line.starts_with(label)
            })
            .unwrap();
        let x = (0..120).find(|x| buffer[(*x, y)].symbol() == "█").unwrap();
        buffer[(x, y)].fg
    };
    assert_eq!(bar_behind("broken"), Color::Red);
    assert_eq!(bar_behind("degraded"), Color::Yellow);
    assert_eq!(bar_behind("healthy"), Color::Green);
}

#[test]
fn without_colours_no_cell_has_one_on_any_screen() {
    let theme = Theme {
        palette: Palette::Mono,
        ascii: false,
    };
    for keys in ["", "\n", "o", "c", "y", "?", "/x:", ":"] {
        let mut stand = Stand::with_theme(120, 40, theme);
        stand.act(Action::Events(stage::fleet_events()));
        stand.keys(keys);
        let buffer = stand.buffer(120, 40);
        assert!(
            buffer
                .content
                .iter()
                .all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset),
            "{keys}"
        );
    }
}

#[test]
fn what_is_wrong_with_a_filter_is_underlined_and_explained() {
    let mut stand = Stand::scanning(80, 24);
    stand.keys("/days<30 state:brokn");
    let picture = stand.picture(80, 24);
    assert!(picture.contains("(did you mean `broken`?)"), "{picture}");
    for word in ["flaky", "steady", "not_yet_valid"] {
        assert!(
            picture.contains(word),
            "{word} is said to be one: {picture}"
        );
    }
    assert!(!picture.contains("use one of broken…"));
    let wrong = style_of(&stand, (80, 24), "brokn").1;
    assert!(wrong.contains(Modifier::UNDERLINED));
    let right = style_of(&stand, (80, 24), "days<30 state").1;
    assert!(!right.contains(Modifier::UNDERLINED));
}

#[test]
fn windows_leave_the_last_line_which_says_their_keys() {
    for (width, height) in SIZES {
        for (keys, hint) in [
            ("c", "show or hide"),
            ("s", "invert"),
            ("y", "pick"),
            ("e", "pick"),
            (":", "run"),
            ("?", "scroll"),
            ("q", "continue"),
            ("R", "rescan"),
            ("F", "write"),
        ] {
            let mut stand = Stand::scanning(width, height);
            stand.keys(keys);
            let picture = stand.picture(width, height);
            let last = picture.lines().last().unwrap();
            assert!(last.contains(hint), "{keys} at {width}x{height}: {last}");
            assert!(!last.contains('│') && !last.contains('└'), "{last}");
        }
    }
}

#[test]
fn the_footer_always_has_help_and_the_way_out() {
    for (width, height) in SIZES {
        let mut stand = Stand::scanning(width, height);
        let last = |stand: &Stand| {
            let picture = stand.picture(width, height);
            picture.lines().last().unwrap().to_owned()
        };
        assert!(last(&stand).contains("? help  q quit"), "{}", last(&stand));
        stand.key(KeyCode::Enter);
        assert!(last(&stand).contains("? help  q quit"), "{}", last(&stand));
        stand.key(KeyCode::Esc);
        stand.keys("o");
        assert!(last(&stand).contains("? help  q quit"), "{}", last(&stand));
    }
}

#[test]
fn pausing_is_offered_only_where_something_is_sent() {
    assert!(
        Stand::scanning(120, 40)
            .picture(120, 40)
            .contains("p pause")
    );
    assert!(!Stand::done(120, 40).picture(120, 40).contains("p pause"));
}

#[test]
fn what_scrolls_says_what_is_above_and_below() {
    let mut stand = Stand::scanning(80, 24);
    stand.keys("s");
    let picture = stand.picture(80, 24);
    assert!(
        picture.contains("more below ─") && !picture.contains("more above"),
        "{picture}"
    );
    for _ in 1..Field::of_rows().count() {
        stand.keys("j");
    }
    let picture = stand.picture(80, 24);
    assert!(
        picture.contains("more above ─") && !picture.contains("more below"),
        "{picture}"
    );
    stand.key(KeyCode::Esc);
    stand.keys("?");
    stand.key(KeyCode::Down);
    stand.key(KeyCode::Down);
    let picture = stand.picture(80, 24);
    assert!(
        picture.contains(" 2 more above ") && picture.contains("more below "),
        "{picture}"
    );
}

#[test]
fn on_a_low_terminal_the_page_says_whose_it_is() {
    for height in [10, 11, 12, 13] {
        let mut stand = Stand::done(60, height);
        stand.select("10.0.0.6");
        stand.key(KeyCode::Enter);
        let picture = stand.picture(60, height);
        assert!(picture.contains(" 10.0.0.6:3389  ▲ degraded"), "{picture}");
        assert!(picture.contains("SIMULATED"), "{picture}");
    }
}

#[test]
fn an_order_without_its_column_is_said_among_the_tabs() {
    for (width, height) in [(80, 24), (120, 40)] {
        let mut stand = Stand::scanning(width, height);
        assert!(!stand.picture(width, height).contains("sorted by"));
        stand.keys("sB");
        assert!(stand.picture(width, height).contains("sorted by build ↑"));
    }
}

#[test]
fn what_is_cut_or_has_more_lines_says_so() {
    let picture = |(width, height), keys| {
        let mut stand = Stand::scanning(width, height);
        stand.select("10.0.0.6");
        stand.keys(keys);
        stand.picture(width, height)
    };
    for size in [(60, 10), (80, 24)] {
        let fields = picture(size, "/");
        assert!(fields.contains(" more)\n"), "{fields}");
        let actions = picture(size, ":");
        assert!(actions.contains(" Enter "), "the key is whole: {actions}");
    }
    let copies = picture((80, 24), "y");
    let json = copies.lines().find(|line| line.contains("host as JSON"));
    assert!(json.unwrap().contains(" lines)"), "{copies}");
}
