//! The screens, drawn from events with fixed times and driven by keys.

pub(crate) mod stage;

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use proptest::prelude::*;
use rdpscan::table::ColumnId;
use rdpscan::tui::{Action, Effect, Theme};

use stage::{Script, Stand, bad, fleet_events, good, plan};

fn ctrl(c: char) -> KeyEvent {
    KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL)
}

// Pictures

#[test]
fn table_at_80x24() {
    insta::assert_snapshot!(Stand::scanning(80, 24).picture(80, 24));
}

#[test]
fn table_at_120x40() {
    insta::assert_snapshot!(Stand::scanning(120, 40).picture(120, 40));
}

#[test]
fn table_at_60x10() {
    insta::assert_snapshot!(Stand::scanning(60, 10).picture(60, 10));
}

#[test]
fn a_terminal_of_20x5_is_told_the_size_needed() {
    insta::assert_snapshot!(Stand::scanning(20, 5).picture(20, 5));
}

#[test]
fn table_in_ascii_after_the_scan() {
    let theme = Theme {
        color: false,
        ascii: true,
    };
    let mut stand = Stand::with_theme(120, 24, theme);
    let mut events = fleet_events();
    events.push(stage::finished());
    stand.act(Action::Events(events));
    let picture = stand.picture(120, 24);
    let foreign: String = picture
        .chars()
        .filter(|c| !c.is_ascii() && !"漢字\u{fffd}".contains(*c))
        .collect();
    assert_eq!(foreign, "", "only the hosts' own text is not ASCII");
    insta::assert_snapshot!(picture);
}

#[test]
fn host_page_of_a_healthy_host() {
    let mut stand = Stand::done(120, 40);
    stand.select("10.0.0.5");
    stand.key(KeyCode::Enter);
    insta::assert_snapshot!(stand.picture(120, 40));
}

#[test]
fn host_page_of_a_flaky_host_at_80x24() {
    let mut stand = Stand::done(80, 24);
    stand.select("10.0.0.8");
    stand.key(KeyCode::Enter);
    insta::assert_snapshot!(stand.picture(80, 24));
}

#[test]
fn host_page_of_a_legacy_host_shows_the_peek() {
    let mut stand = Stand::done(120, 60);
    stand.select("10.0.0.9");
    stand.key(KeyCode::Enter);
    insta::assert_snapshot!(stand.picture(120, 60));
}

#[test]
fn names_are_shown_side_by_side_with_the_address() {
    let mut stand = Stand::done(100, 110);
    stand.select("10.0.0.12");
    stand.key(KeyCode::Enter);
    let picture = stand.picture(100, 110);
    let start = picture.find(" Names and addresses").unwrap();
    let end = picture.find(" TLS and certificate").unwrap();
    insta::assert_snapshot!(&picture[start..end]);
}

#[test]
fn certificate_of_an_expired_host_keeps_its_dates() {
    let mut stand = Stand::done(100, 110);
    stand.select("10.0.0.6");
    stand.key(KeyCode::Enter);
    let picture = stand.picture(100, 110);
    let start = picture.find(" TLS and certificate").unwrap();
    insta::assert_snapshot!(picture[start..].trim_end());
}

#[test]
fn help_lists_the_keys_of_the_screen_first() {
    let mut stand = Stand::done(80, 24);
    stand.keys("?");
    insta::assert_snapshot!(stand.picture(80, 24));
}

#[test]
fn sort_menu() {
    let mut stand = Stand::scanning(80, 24);
    stand.keys("sj");
    insta::assert_snapshot!(stand.picture(80, 24));
}

#[test]
fn a_wrong_filter_says_so_in_place() {
    let mut stand = Stand::scanning(120, 12);
    stand.keys("/dns:stael");
    insta::assert_snapshot!(stand.picture(120, 12));
}

#[test]
fn quitting_while_scanning_asks() {
    let mut stand = Stand::scanning(80, 24);
    stand.keys("q");
    insta::assert_snapshot!(stand.picture(80, 24));
}

// Hands

#[test]
fn simulated_hosts_are_called_so_on_every_screen() {
    let mut stand = Stand::scanning(60, 10);
    assert!(stand.picture(60, 10).contains("SIMULATED HOSTS"));
    stand.key(KeyCode::Enter);
    assert!(stand.picture(60, 10).contains("SIMULATED HOSTS"));
}

#[test]
fn the_cursor_stays_on_its_host_when_the_order_changes() {
    let mut stand = Stand::scanning(80, 24);
    stand.select("10.0.0.8");
    stand.keys("sa");
    assert_eq!(stand.under_cursor(), "10.0.0.8:3389");
    stand.keys("S");
    assert_eq!(stand.under_cursor(), "10.0.0.8:3389");
}

#[test]
fn the_cursor_stays_on_its_host_when_worse_ones_arrive() {
    let mut stand = Stand::new(80, 24);
    let mut script = Script::default();
    script.push(plan(false));
    let fine = || stage::certificate("srv05.corp.example", "2027-03-01T00:00:00Z");
    script.attempt(good("10.0.0.5", 1, fine()), true);
    script.attempt(good("10.0.0.6", 1, fine()), true);
    stand.act(Action::Events(script.take()));
    stand.act(Action::Tick(Duration::from_secs(1)));
    stand.key(KeyCode::Down);
    let before = stand.under_cursor();
    let mut script = Script::default();
    script.attempt(
        bad(
            "10.0.0.1",
            1,
            rdpscan::model::Stage::X224,
            rdpscan::model::Outcome::Closed { received: 0 },
        ),
        true,
    );
    stand.act(Action::Events(script.take()));
    stand.act(Action::Tick(Duration::from_secs(2)));
    assert_eq!(stand.order().len(), 3);
    assert_eq!(stand.under_cursor(), before);
}

#[test]
fn until_it_is_moved_the_cursor_stays_on_the_first_row() {
    let stand = Stand::scanning(80, 24);
    assert_eq!(stand.model.cursor(), stand.model.rows().first().copied());
}

#[test]
fn new_facts_sort_at_most_four_times_a_second() {
    let mut stand = Stand::new(80, 24);
    let one = |address: &str| {
        let mut script = Script::default();
        let attempt = bad(
            address,
            1,
            rdpscan::model::Stage::Tcp,
            rdpscan::model::Outcome::Refused,
        );
        script.attempt(attempt, true);
        Action::Events(script.take())
    };
    stand.act(one("10.0.0.1"));
    assert_eq!(stand.order().len(), 1, "the first row appears at once");
    stand.act(one("10.0.0.2"));
    assert_eq!(stand.order().len(), 1, "the second waits");
    stand.act(Action::Tick(Duration::from_millis(249)));
    assert_eq!(stand.order().len(), 1);
    stand.act(Action::Tick(Duration::from_millis(250)));
    assert_eq!(stand.order().len(), 2);
}

#[test]
fn every_column_sorts_both_ways_with_the_same_hosts() {
    let mut stand = Stand::scanning(120, 40);
    let mut all = stand.order();
    all.sort();
    for letter in "sandtlrbf".chars() {
        stand.keys("s");
        stand.key(KeyCode::Char(letter));
        let forwards = stand.order();
        stand.keys("S");
        let backwards = stand.order();
        for mut order in [forwards, backwards] {
            order.sort();
            assert_eq!(order, all, "sorting by {letter} loses nobody");
        }
    }
}

#[test]
fn days_sort_with_the_most_overdue_first_and_blanks_last() {
    let mut stand = Stand::scanning(120, 40);
    stand.act(Action::SortBy(ColumnId::Days));
    let order = stand.order();
    assert_eq!(&order[..2], ["10.0.0.6:3389", "10.0.0.7:3389"]);
    stand.keys("S");
    assert_ne!(stand.order()[0], "10.0.0.14:3389", "blanks stay last");
}

#[test]
fn the_filter_works_while_it_is_typed_and_escape_takes_it_back() {
    let mut stand = Stand::scanning(80, 24);
    let all = stand.order().len();
    stand.keys("/10.0.0.6");
    assert_eq!(stand.order(), ["10.0.0.6:3389"]);
    stand.key(KeyCode::Esc);
    assert_eq!(stand.order().len(), all);
}

#[test]
fn escape_on_the_table_clears_the_filter_and_then_does_nothing() {
    let mut stand = Stand::scanning(80, 24);
    let all = stand.order().len();
    stand.keys("/days<30");
    stand.key(KeyCode::Enter);
    assert_eq!(stand.order().len(), 2);
    stand.key(KeyCode::Esc);
    assert_eq!(stand.order().len(), all);
    stand.key(KeyCode::Esc);
    stand.key(KeyCode::Esc);
    assert_eq!(stand.effects, []);
}

#[test]
fn a_half_typed_term_leaves_the_others_in_force() {
    let mut stand = Stand::scanning(80, 24);
    stand.keys("/state:flaky");
    let flaky = stand.order();
    assert_eq!(flaky, ["10.0.0.8:3389"]);
    stand.keys(" days<");
    assert_eq!(stand.order(), flaky);
    assert!(stand.picture(80, 24).contains("lacks a value"));
}

#[test]
fn filters_ask_what_the_columns_show() {
    let filtered = |text: &str| {
        let mut stand = Stand::scanning(120, 40);
        stand.keys("/");
        stand.keys(text);
        stand.order()
    };
    assert_eq!(filtered("SRV05"), ["10.0.0.5:3389"]);
    assert_eq!(filtered("cert:expired"), ["10.0.0.6:3389"]);
    assert_eq!(filtered("tls<1.2"), ["10.0.0.9:3389"]);
    assert_eq!(filtered("ip:10.0.0.14/32"), ["10.0.0.14:3389"]);
    assert_eq!(filtered("state:closed !10.0.0.14"), Vec::<String>::new());
    assert_eq!(filtered("stage:x224").len(), 2);
    assert_eq!(filtered("name:srv06"), ["10.0.0.6:3389"]);
}

#[test]
fn enter_opens_the_host_and_escape_goes_back() {
    let mut stand = Stand::done(80, 24);
    stand.select("10.0.0.5");
    stand.key(KeyCode::Enter);
    assert!(stand.picture(80, 24).contains(" 10.0.0.5:3389  ✔ healthy"));
    stand.key(KeyCode::Esc);
    assert!(stand.picture(80, 24).contains("ADDRESS"));
    assert_eq!(stand.under_cursor(), "10.0.0.5:3389");
}

#[test]
fn n_and_p_walk_the_hosts_in_the_order_of_the_table() {
    let mut stand = Stand::done(80, 24);
    stand.keys("sa");
    stand.select("10.0.0.5");
    stand.key(KeyCode::Enter);
    stand.keys("n");
    assert_eq!(stand.under_cursor(), "10.0.0.6:3389");
    stand.keys("pp");
    assert_eq!(
        stand.under_cursor(),
        "10.0.0.5:3389",
        "the first has none before"
    );
}

#[test]
fn the_host_page_scrolls_to_its_end_and_back_without_a_blind_spot() {
    let mut stand = Stand::done(80, 24);
    stand.select("10.0.0.5");
    stand.key(KeyCode::Enter);
    let top = stand.picture(80, 24);
    stand.keys("G");
    let bottom = stand.picture(80, 24);
    assert!(bottom.contains("Stability"));
    stand.keys("k");
    assert_ne!(stand.picture(80, 24), bottom, "one step up shows at once");
    stand.keys("g");
    assert_eq!(stand.picture(80, 24), top);
}

#[test]
fn tab_walks_the_sections() {
    let mut stand = Stand::done(80, 24);
    stand.select("10.0.0.5");
    stand.key(KeyCode::Enter);
    stand.key(KeyCode::Tab);
    stand.key(KeyCode::Tab);
    let picture = stand.picture(80, 24);
    // The head is three lines and one banner.
    assert!(
        picture.lines().nth(5).unwrap_or("").contains("Timeline")
            || picture.lines().nth(4).unwrap_or("").contains("Timeline"),
        "{picture}"
    );
}

#[test]
fn export_writes_the_rows_shown_in_their_order() {
    let mut stand = Stand::scanning(80, 24);
    stand.keys("sa/state:closed");
    stand.key(KeyCode::Enter);
    stand.keys("e");
    let rows = stand.model.rows().to_vec();
    assert_eq!(stand.effects, [Effect::Export { rows, whole: false }]);
}

#[test]
fn export_without_filter_is_whole() {
    let mut stand = Stand::scanning(80, 24);
    stand.keys("e");
    assert!(matches!(
        stand.effects.as_slice(),
        [Effect::Export { whole: true, rows }] if rows.len() == stand.order().len()
    ));
}

#[test]
fn what_became_of_an_export_is_said_and_fades() {
    let mut stand = Stand::done(80, 24);
    stand.act(Action::Exported(Ok("/tmp/rdpscan.json".into())));
    assert!(
        stand
            .picture(80, 24)
            .contains("exported to /tmp/rdpscan.json")
    );
    stand.act(Action::Tick(Duration::from_secs(60)));
    assert!(!stand.picture(80, 24).contains("exported to"));
    stand.act(Action::Exported(Err("disk full\u{1b}[2J".into())));
    assert!(stand.picture(80, 24).contains("not exported: disk full"));
}

#[test]
fn quitting_asks_once_while_scanning_and_waits_for_the_end() {
    let mut stand = Stand::scanning(80, 24);
    stand.keys("q");
    assert_eq!(stand.effects, []);
    stand.keys("y");
    assert_eq!(stand.effects, [Effect::StopScan]);
    assert!(stand.picture(80, 24).contains("stopping"));
    stand.act(Action::Events(vec![stage::finished()]));
    assert_eq!(stand.effects, [Effect::StopScan, Effect::Quit]);
}

#[test]
fn declining_to_quit_goes_on() {
    let mut stand = Stand::scanning(80, 24);
    stand.keys("qn");
    assert_eq!(stand.effects, []);
    assert!(stand.picture(80, 24).contains("ADDRESS"));
}

#[test]
fn ctrl_c_stops_first_and_then_forces() {
    let mut stand = Stand::scanning(80, 24);
    stand.keys("/abc");
    stand.event(ctrl('c'));
    assert_eq!(stand.effects, [Effect::StopScan]);
    stand.event(ctrl('c'));
    assert_eq!(stand.effects, [Effect::StopScan, Effect::Quit]);
}

#[test]
fn quitting_after_the_scan_does_not_ask() {
    let mut stand = Stand::done(80, 24);
    stand.keys("q");
    assert_eq!(stand.effects, [Effect::Quit]);
}

#[test]
fn nothing_from_the_network_steers_the_terminal() {
    let mut stand = Stand::done(120, 100);
    stand.select("10.0.0.13");
    stand.key(KeyCode::Enter);
    for picture in [
        Stand::done(120, 40).picture(120, 40),
        stand.picture(120, 100),
    ] {
        let steering: String = picture
            .chars()
            .filter(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}')
            .collect();
        assert_eq!(steering, "");
    }
}

// Any size, any key

#[test]
fn every_size_draws_every_screen() {
    let widths = (1..=130).step_by(9).chain([59, 60, 61, 79, 80, 81]);
    for width in widths {
        for height in (1..=50).step_by(7).chain([9, 10, 11, 24]) {
            let mut stand = Stand::scanning(width, height);
            stand.picture(width, height);
            stand.keys("/x\u{6f22}:");
            stand.picture(width, height);
            stand.key(KeyCode::Esc);
            stand.keys("sk");
            stand.picture(width, height);
            stand.key(KeyCode::Esc);
            stand.keys("G");
            stand.key(KeyCode::Enter);
            stand.keys("G");
            stand.picture(width, height);
            stand.keys("?G");
            stand.picture(width, height);
            stand.key(KeyCode::Esc);
            stand.keys("q");
            stand.picture(width, height);
        }
    }
}

#[test]
fn a_frame_of_another_size_than_the_model_knows_draws_too() {
    let mut stand = Stand::scanning(120, 40);
    stand.keys("G");
    stand.key(KeyCode::Enter);
    stand.keys("G");
    for (width, height) in [(60, 10), (61, 11), (1, 1), (200, 90)] {
        stand.picture(width, height);
    }
}

fn any_key() -> impl Strategy<Value = KeyEvent> {
    let code = prop_oneof![
        6 => proptest::sample::select("jkGghlnpsSe/?qyandtrbf x:<!\"漢".chars().collect::<Vec<_>>())
            .prop_map(KeyCode::Char),
        4 => proptest::sample::select(vec![
            KeyCode::Up, KeyCode::Down, KeyCode::Left, KeyCode::Right, KeyCode::Enter,
            KeyCode::Esc, KeyCode::Tab, KeyCode::BackTab, KeyCode::Backspace, KeyCode::Delete,
            KeyCode::Home, KeyCode::End, KeyCode::PageUp, KeyCode::PageDown, KeyCode::F(1),
        ]),
    ];
    let modifiers = prop_oneof![
        8 => Just(KeyModifiers::NONE),
        1 => Just(KeyModifiers::CONTROL),
        1 => Just(KeyModifiers::SHIFT),
    ];
    (code, modifiers).prop_map(|(code, modifiers)| KeyEvent::new(code, modifiers))
}

#[derive(Debug, Clone)]
enum Step {
    Key(KeyEvent),
    Size(u16, u16),
    Facts(usize),
    Tick(u64),
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => any_key().prop_map(Step::Key),
        1 => (1u16..130, 1u16..50).prop_map(|(width, height)| Step::Size(width, height)),
        2 => (1usize..8).prop_map(Step::Facts),
        1 => (0u64..500).prop_map(Step::Tick),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_keys_while_facts_arrive_leave_a_screen_that_draws(
        steps in proptest::collection::vec(any_step(), 1..60)
    ) {
        let mut stand = Stand::new(80, 24);
        let mut facts = fleet_events().into_iter();
        let (mut width, mut height, mut now) = (80, 24, 0);
        for step in steps {
            match step {
                Step::Key(key) => stand.event(key),
                Step::Size(w, h) => {
                    (width, height) = (w, h);
                    stand.act(Action::Resize(w, h));
                }
                Step::Facts(count) => {
                    let batch = facts.by_ref().take(count).collect();
                    stand.act(Action::Events(batch));
                }
                Step::Tick(ms) => {
                    now += ms;
                    stand.act(Action::Tick(Duration::from_millis(now)));
                }
            }
            stand.picture(width, height);
            let rows = stand.model.rows();
            match stand.model.cursor() {
                Some(cursor) => prop_assert!(rows.contains(&cursor)),
                None => prop_assert!(rows.is_empty()),
            }
        }
    }
}
