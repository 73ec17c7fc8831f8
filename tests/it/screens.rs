//! The screens, drawn from events with fixed times and driven by keys.

mod acknowledge;
mod changed;
mod groups;
mod hands;
mod host;
mod leaving;
mod pictures;
mod random;
pub(crate) mod stage;

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use rdpscan::diagnosis::Policy;
use rdpscan::fleet::Fleet;
use rdpscan::table::{Field, View};
use rdpscan::tui::{Action, Effect, Palette, Theme};

use stage::{Script, Stand, bad, fleet_events, good, plan};

fn ctrl(c: char) -> KeyEvent {
    KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL)
}

#[test]
fn the_summary_counts_as_dns_trouble_what_the_view_shows() {
    let mut fleet = Fleet::new(Policy::default());
    for event in fleet_events() {
        fleet.apply(event);
    }
    fleet.settle();
    let rows = fleet.hosts();
    let shown = rows.filter(|(_, host)| View::Dns.matches(host)).count();
    assert!(shown > 0);
    assert_eq!(fleet.summary().dns_trouble(), shown as u64);
}

// Pictures

/// The scan while `count` connections are stuck, of which the oldest three are told.
fn stuck(width: u16, height: u16, count: u8) -> Stand {
    let mut stand = Stand::scanning(width, height);
    let mut progress = stage::progress();
    progress.stuck = (0..count.min(3))
        .map(|nth| {
            let endpoint = stage::endpoint(&format!("10.0.0.{}", 76 - nth));
            (endpoint, Duration::from_secs(6))
        })
        .collect();
    progress.stuck_count = count.into();
    stand.act(Action::Progress(Box::new(progress)));
    stand
}

fn line_with(picture: &str, words: &str) -> String {
    let line = picture.lines().find(|line| line.contains(words));
    assert!(line.is_some(), "no line has `{words}`:\n{picture}");
    line.unwrap_or_default().trim_end().to_owned()
}

#[test]
fn what_is_stuck_has_a_line_of_its_own_on_every_terminal() {
    let wide = stuck(120, 40, 5).picture(120, 40);
    assert_eq!(
        line_with(&wide, "stuck"),
        " ! stuck: 10.0.0.76 0:06, 10.0.0.75 0:06, 10.0.0.74 0:06 and 2 more; x skips the first"
    );
    assert!(wide.contains("no IPv6 route"), "{wide}");
    let usual = stuck(80, 24, 5).picture(80, 24);
    assert_eq!(
        line_with(&usual, "stuck"),
        " ! stuck: 10.0.0.76 0:06, 10.0.0.75 0:06 and 3 more; x skips the first"
    );
    let small = stuck(60, 10, 1).picture(60, 10);
    assert_eq!(
        line_with(&small, "stuck"),
        " ! stuck: 10.0.0.76 0:06; x skips the first (+1 more)"
    );
}

#[test]
fn a_scan_that_has_almost_no_time_left_is_finishing_and_not_done() {
    let mut stand = Stand::scanning(120, 24);
    let mut progress = stage::progress();
    progress.work_done = progress.work_known;
    progress.left = Some(Duration::ZERO);
    stand.act(Action::Progress(Box::new(progress)));
    let line = line_with(&stand.picture(120, 24), "finishing");
    assert!(line.contains(" 99% "), "{line}");
    assert!(!line.contains("left"), "{line}");
}

#[test]
fn a_wide_terminal_shows_how_many_descriptors_are_in_use() {
    let picture = Stand::scanning(200, 24).picture(200, 24);
    let line = line_with(&picture, "tried");
    assert!(line.contains("9 ports open"), "{line}");
    assert!(line.contains("12 attempts to come"), "{line}");
    assert!(line.contains("fd 34/20000"), "{line}");
}

#[test]
fn a_terminal_of_20x5_is_told_the_size_needed() {
    insta::assert_snapshot!(Stand::scanning(20, 5).picture(20, 5));
}

#[test]
fn table_in_ascii_after_the_scan() {
    let theme = Theme {
        palette: Palette::Mono,
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
    stand.act(Action::SortBy(Field::DaysLeft));
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
fn small_and_capital_n_walk_the_hosts_in_the_order_of_the_table() {
    let mut stand = Stand::done(80, 24);
    stand.keys("sa");
    stand.select("10.0.0.5");
    stand.key(KeyCode::Enter);
    stand.keys("n");
    assert_eq!(stand.under_cursor(), "10.0.0.6:3389");
    stand.keys("NN");
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
    assert!(bottom.contains("8 Raw"));
    stand.keys("k");
    assert_ne!(stand.picture(80, 24), bottom, "one step up shows at once");
    stand.keys("g");
    assert_eq!(stand.picture(80, 24), top);
}

#[test]
fn export_writes_the_rows_shown_in_their_order() {
    let mut stand = Stand::scanning(80, 24);
    stand.keys("sa/state:closed");
    stand.key(KeyCode::Enter);
    stand.keys("ej");
    stand.key(KeyCode::Enter);
    stand.key(KeyCode::Enter);
    let rows = stand.model.rows().to_vec();
    assert!(matches!(
        stand.effects.as_slice(),
        [Effect::Export(export)] if export.rows == rows && !export.whole && export.format == 1
    ));
}

#[test]
fn export_without_filter_is_whole() {
    let mut stand = Stand::scanning(80, 24);
    stand.keys("ec\n");
    assert!(matches!(
        stand.effects.as_slice(),
        [Effect::Export(export)] if export.whole && export.rows.len() == stand.order().len() && export.format == 2
    ));
}

#[test]
fn what_became_of_an_export_is_said_and_fades() {
    let mut stand = Stand::done(80, 24);
    stand.act(Action::ExportFinished(Ok("/tmp/rdpscan.json".into())));
    assert!(stand.picture(80, 24).contains("wrote /tmp/rdpscan.json"));
    stand.act(Action::Tick(Duration::from_secs(60)));
    assert!(!stand.picture(80, 24).contains("wrote"));
    stand.act(Action::ExportFinished(Err("disk full\u{1b}[2J".into())));
    assert!(stand.picture(80, 24).contains("not done: disk full"));
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
