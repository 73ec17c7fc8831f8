//! Views, groups, marks and columns of the table: what is shown, and what keys and clicks do to it.

use crossterm::event::KeyCode;
use rdpscan::model::Control;
use rdpscan::tui::{Action, Effect};

use super::stage::{self, Stand};

fn headings(stand: &Stand, (width, height): (u16, u16)) -> String {
    let picture = stand.picture(width, height);
    let line = picture.lines().find(|line| line.contains("ADDRESS"));
    line.unwrap_or(&picture)
        .replace(['↑', '↓'], " ")
        .trim_end()
        .to_owned()
}

#[test]
fn views_and_filters_leave_the_columns_where_they_are() {
    for size in [(60, 15), (80, 24), (100, 30), (120, 40), (200, 50)] {
        let mut stand = Stand::scanning(size.0, size.1);
        stand.keys("sd");
        let all = headings(&stand, size);
        for keys in ["2", "3", "4", "5", "6", "1/srv0\n", "/10.0.0.6\n"] {
            stand.keys(keys);
            assert_eq!(headings(&stand, size), all, "{keys} at {size:?}");
            stand.key(KeyCode::Esc);
        }
    }
}

#[test]
fn further_columns_are_a_key_away() {
    let mut stand = Stand::scanning(80, 24);
    let first = headings(&stand, (80, 24));
    assert!(first.contains("TLS") && first.contains("NLA") && first.ends_with("> +2"));
    stand.keys(">");
    let further = headings(&stand, (80, 24));
    for heading in ["STATE", "ADDRESS", "NAME", "DNS", "STABILITY"] {
        assert!(further.contains(heading), "{further}");
    }
    assert!(further.ends_with('<'), "{further}");
    stand.keys("><<");
    assert_eq!(headings(&stand, (80, 24)), first);
}

#[test]
fn the_view_of_dates_sorts_by_days_and_goes_back_to_the_order_of_before() {
    let mut stand = Stand::scanning(120, 40);
    stand.keys("sa");
    let by_address = stand.order();
    stand.keys("4");
    assert_eq!(stand.order(), ["10.0.0.6:3389", "10.0.0.7:3389"]);
    assert!(stand.picture(120, 40).contains("DAYS ↑"));
    stand.keys("3");
    assert_eq!(stand.order(), ["10.0.0.6:3389"]);
    stand.keys("1");
    assert_eq!(stand.order(), by_address);
    stand.keys("4sn1");
    assert!(stand.picture(120, 40).contains("NAME ↑"), "chosen since");
}

#[test]
fn groups_are_closed_rows_with_counts_and_open_to_their_hosts() {
    let mut stand = Stand::scanning(120, 40);
    stand.keys("bt");
    let closed = stand.picture(120, 40);
    assert!(closed.contains("▸ degraded  4 hosts"), "{closed}");
    assert!(!closed.contains("10.0.0.6"), "{closed}");
    stand.keys("gj\n");
    assert_eq!(stand.model.group(), Some("degraded"));
    let open = stand.picture(120, 40);
    assert!(open.contains("▾ degraded  4 hosts") && open.contains("10.0.0.6"));
    stand.keys("jh");
    assert_eq!(stand.model.group(), Some("degraded"), "its heading");
    stand.keys("h");
    assert!(!stand.picture(120, 40).contains("10.0.0.6"));
    stand.keys("z");
    assert!(!stand.picture(120, 40).contains('▸'), "all are open");
}

#[test]
fn a_group_by_finding_says_what_it_is_and_how_to_fix_it() {
    let mut stand = Stand::scanning(120, 40);
    stand.keys("bf");
    let picture = stand.picture(120, 40);
    let line = picture.lines().find(|line| line.contains("has expired"));
    let line = line.unwrap_or(&picture);
    assert!(line.contains("▸ Certificate has expired"), "{line}");
    assert!(line.contains("1 host") && line.contains("→ R"), "{line}");
}

#[test]
fn marks_on_a_group_mark_its_hosts_and_actions_act_on_them() {
    let mut stand = Stand::scanning(80, 24);
    stand.keys("btgj ");
    let picture = stand.picture(80, 24);
    assert!(picture.contains("4 marked"), "{picture}");
    assert!(picture.contains("●▸ degraded"), "{picture}");
    stand.keys("r");
    let addresses = ["10.0.0.6", "10.0.0.8", "10.0.0.9", "10.0.0.12"];
    let wanted = Control::ProbeAgain(addresses.map(stage::endpoint).to_vec());
    assert_eq!(stand.effects, [Effect::Control(wanted)]);
    assert!(stand.picture(80, 24).contains("4 marked"), "they stay");
    stand.keys("gj\nj ");
    assert!(stand.picture(80, 24).contains("◐▾ degraded"));
}

#[test]
fn marks_are_dropped_by_escape_alone_which_says_so_and_can_be_undone() {
    let mut stand = Stand::scanning(80, 24);
    stand.keys("  ");
    for key in [KeyCode::Left, KeyCode::Backspace, KeyCode::Char('h')] {
        stand.key(key);
        assert!(stand.picture(80, 24).contains("2 marked"), "{key:?}");
    }
    stand.key(KeyCode::Esc);
    let picture = stand.picture(80, 24);
    assert!(
        picture.contains("2 marks cleared; u restores them"),
        "{picture}"
    );
    assert!(!picture.contains("2 marked"), "{picture}");
    stand.keys("u");
    assert!(stand.picture(80, 24).contains("2 marked"));
    stand.keys("uuuu");
    assert!(stand.picture(80, 24).contains("no change of marks to undo"));
}

#[test]
fn the_next_problem_is_a_key_away_and_comes_round() {
    let mut stand = Stand::scanning(80, 24);
    stand.keys("sa");
    stand.select("10.0.0.5");
    let mut seen = Vec::new();
    for _ in 0..7 {
        stand.keys("n");
        seen.push(stand.under_cursor());
    }
    let last = |host: &str| host.split(':').next().unwrap_or_default().to_owned();
    let seen: Vec<String> = seen.iter().map(|host| last(host)).collect();
    assert_eq!(seen[..3], ["10.0.0.6", "10.0.0.8", "10.0.0.9"]);
    assert!(seen.contains(&"10.0.0.11".to_owned()));
    stand.keys("N");
    stand.keys("n");
    assert_eq!(last(&stand.under_cursor()), seen[6]);
}

#[test]
fn p_pauses_on_every_screen() {
    for screen in ["", "\n", "o"] {
        let mut stand = Stand::scanning(80, 24);
        stand.keys(screen);
        stand.keys("p");
        assert_eq!(
            stand.effects,
            [Effect::Control(Control::Pause)],
            "{screen:?}"
        );
    }
}

#[test]
fn earlier_filters_come_back_with_up() {
    let mut stand = Stand::scanning(80, 24);
    let line = |stand: &Stand| {
        let picture = stand.picture(80, 24);
        let line = picture.lines().find(|line| line.starts_with(" / "));
        let words = line.unwrap_or_default().split("  ").next();
        words.unwrap_or_default().to_owned()
    };
    stand.keys("/tls<1.2\n");
    stand.key(KeyCode::Esc);
    stand.keys("/days<30\n");
    stand.key(KeyCode::Esc);
    stand.keys("/srv");
    stand.key(KeyCode::Up);
    assert_eq!(line(&stand), " / days<30");
    stand.key(KeyCode::Up);
    assert_eq!(line(&stand), " / tls<1.2");
    assert_eq!(stand.order(), ["10.0.0.9:3389"], "it is in force");
    stand.key(KeyCode::Up);
    assert_eq!(line(&stand), " / tls<1.2", "the oldest");
    stand.key(KeyCode::Down);
    stand.key(KeyCode::Down);
    assert_eq!(line(&stand), " / srv", "what was typed");
}

#[test]
fn saved_filters_and_columns_are_two_keys_away() {
    let mut stand = Stand::scanning(80, 24);
    stand.keys("v1");
    assert_eq!(stand.order(), ["10.0.0.9:3389"]);
    assert!(stand.picture(80, 24).contains(" / tls<1.2"));
    stand.key(KeyCode::Esc);
    stand.keys("v3");
    let picture = stand.picture(80, 24);
    assert!(
        picture.contains("EXPIRES") && !picture.contains("ADDRESS"),
        "{picture}"
    );
    stand.model.saved = rdpscan::tui::Saved::default();
    stand.keys("v");
    assert!(stand.picture(80, 24).contains("nothing saved"));
}

/// The cell of a text on the screen.
fn cell(stand: &Stand, text: &str) -> (u16, u16) {
    let picture = stand.picture(80, 24);
    let mut lines = picture.lines().zip(0..);
    let found = lines.find_map(|(line, y)| {
        let at = line.find(text)?;
        let x = line[..at].chars().count();
        Some((u16::try_from(x).ok()?, y))
    });
    assert!(found.is_some(), "{text} is not on the screen:\n{picture}");
    found.unwrap_or_default()
}

#[test]
fn clicks_sort_by_headings_show_views_and_select_rows() {
    let mut stand = Stand::scanning(80, 24);
    let click = |stand: &mut Stand, text: &str| {
        let (x, y) = cell(stand, text);
        stand.act(Action::Click(x, y));
    };
    click(&mut stand, "ADDRESS");
    assert!(stand.picture(80, 24).contains("ADDRESS ↑"));
    click(&mut stand, "ADDRESS");
    assert!(stand.picture(80, 24).contains("ADDRESS ↓"));
    click(&mut stand, "10.0.0.8");
    assert_eq!(stand.under_cursor(), "10.0.0.8:3389");
    click(&mut stand, "Flaky");
    assert_eq!(stand.order(), ["10.0.0.8:3389"]);
    click(&mut stand, "10.0.0.8");
    assert!(
        stand.picture(80, 24).contains(" 10.0.0.8:3389  "),
        "its page"
    );
}

#[test]
fn suggestions_leave_the_headings_in_sight() {
    for size in [(60, 15), (80, 24), (120, 40)] {
        let mut stand = Stand::scanning(size.0, size.1);
        stand.keys("/sta");
        let picture = stand.picture(size.0, size.1);
        assert!(
            picture.contains("ADDRESS") && picture.contains("stability:"),
            "{picture}"
        );
    }
}

#[test]
fn at_80_columns_the_header_has_the_number_of_expired_certificates() {
    let picture = Stand::scanning(80, 24).picture(80, 24);
    let line = picture.lines().nth(2).unwrap_or_default();
    assert!(line.contains("1 expired"), "{line}");
}

#[test]
fn at_60_columns_every_tab_has_its_name() {
    for keys in ["1", "4", "6", "7"] {
        let mut stand = Stand::scanning(60, 15);
        stand.keys(keys);
        let picture = stand.picture(60, 15);
        for name in [
            "All", "Problems", "Expired", "Expiring", "DNS", "Flaky", "Changed",
        ] {
            assert!(picture.contains(name), "{name}: {picture}");
        }
    }
}

#[test]
fn the_help_is_searched_by_what_is_typed() {
    let mut stand = Stand::scanning(80, 24);
    stand.keys("?thumbprint");
    let picture = stand.picture(80, 24);
    assert!(picture.contains("copy a name, a thumbprint"), "{picture}");
    assert!(!picture.contains("freeze"), "{picture}");
    stand.keys("qqq");
    assert!(stand.picture(80, 24).contains("nothing matches"));
    // By the name that it has in the settings and the footer, too.
    stand.key(KeyCode::Esc);
    stand.keys("?export");
    let picture = stand.picture(80, 24);
    assert!(picture.contains("write the marked rows"), "{picture}");
    stand.key(KeyCode::Esc);
    assert!(stand.picture(80, 24).contains("ADDRESS"));
}

#[test]
fn the_legend_is_a_key_away_on_every_screen() {
    for screen in ["", "\n", "o"] {
        let mut stand = Stand::scanning(80, 24);
        stand.keys(screen);
        stand.keys("L");
        let picture = stand.picture(80, 24);
        assert!(
            picture.contains(" Signs ") && picture.contains("✖ broken"),
            "{picture}"
        );
    }
}
