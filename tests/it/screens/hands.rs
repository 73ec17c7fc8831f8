//! What keys do to the right host, and what undoes them.

use std::sync::Arc;
use std::time::Duration;

use crossterm::event::KeyCode;
use rdpscan::fleet::HostId;
use rdpscan::model::{Control, EventBody, Outcome, Stage};
use rdpscan::tui::keymap::Keymap;
use rdpscan::tui::{Action, Effect, Program};

use super::stage::{self, Script, Stand, bad, certificate, good, plan};

/// A broken host, which sorts before every other.
fn worse(address: &str) -> Action {
    let mut script = Script::default();
    script.attempt(
        bad(address, 1, Stage::X224, Outcome::Closed { received: 0 }),
        true,
    );
    Action::Events(script.take())
}

/// Two hosts that are well, while the scan goes on.
fn two() -> Stand {
    let mut stand = Stand::new(80, 24);
    let mut script = Script::default();
    script.push(plan(true));
    for address in ["10.0.0.5", "10.0.0.6"] {
        let fine = certificate("srv05.corp.example", "2027-03-01T00:00:00Z");
        script.attempt(good(address, 1, fine), true);
    }
    stand.act(Action::Events(script.take()));
    stand.act(Action::Tick(Duration::from_secs(1)));
    stand
}

fn copied(stand: &Stand) -> Vec<&str> {
    let copies = stand.effects.iter().filter_map(|effect| match effect {
        Effect::Copy { text, .. } => Some(text.as_str()),
        _ => None,
    });
    copies.collect()
}

#[test]
fn a_menu_acts_on_the_host_it_was_opened_for_whatever_arrives() {
    for keys in [["y", "a"], [":", "copy address"]] {
        let mut stand = two();
        assert_eq!(stand.under_cursor(), "10.0.0.5:3389");
        stand.keys(keys[0]);
        stand.act(worse("10.0.0.1"));
        stand.act(Action::Tick(Duration::from_secs(2)));
        let first = stand.order().first().cloned();
        assert_eq!(first.as_deref(), Some("10.0.0.1:3389"), "another is first");
        stand.keys(keys[1]);
        if keys[0] == ":" {
            stand.key(KeyCode::Enter);
        }
        assert_eq!(copied(&stand), ["10.0.0.5"]);
    }
}

#[test]
fn the_palette_probes_the_host_it_was_opened_for() {
    let mut stand = two();
    stand.keys(":");
    stand.act(worse("10.0.0.1"));
    stand.act(Action::Tick(Duration::from_secs(2)));
    stand.keys("probe again");
    stand.key(KeyCode::Enter);
    let wanted = Control::ProbeAgain(vec![stage::endpoint("10.0.0.5")]);
    assert_eq!(stand.effects, [Effect::Control(wanted)]);
}

/// The first row is followed, as at the start, and another host sorts there after the frame that the user saw.
fn overtaken() -> Stand {
    let mut stand = two();
    assert_eq!(stand.under_cursor(), "10.0.0.5:3389");
    stand.model.mark_drawn();
    stand.act(worse("10.0.0.1"));
    stand.act(Action::Tick(Duration::from_secs(2)));
    stand
}

#[test]
fn a_key_acts_on_the_host_of_the_frame_that_was_seen_and_not_on_one_that_sorted_there_since() {
    let mut stand = overtaken();
    stand.keys("r");
    let wanted = Control::ProbeAgain(vec![stage::endpoint("10.0.0.5")]);
    assert_eq!(stand.effects, [Effect::Control(wanted)]);
    let mut stand = overtaken();
    stand.keys("ya");
    assert_eq!(copied(&stand), ["10.0.0.5"]);
    let mut stand = overtaken();
    stand.keys(":copy address\n");
    assert_eq!(copied(&stand), ["10.0.0.5"]);
    let mut stand = overtaken();
    stand.keys(" ya");
    assert_eq!(copied(&stand), ["10.0.0.5"], "that is the marked one");
    let mut stand = overtaken();
    stand.keys("\n");
    assert_eq!(stand.under_cursor(), "10.0.0.5:3389");
}

#[test]
fn whoever_acts_on_a_host_follows_the_first_row_no_longer() {
    for keys in ["y", "r", " "] {
        let mut stand = two();
        stand.keys(keys);
        let host = stand.under_cursor();
        stand.act(worse("10.0.0.1"));
        stand.act(Action::Tick(Duration::from_secs(2)));
        assert_eq!(stand.under_cursor(), host, "{keys:?}");
    }
}

#[test]
fn a_key_of_ones_own_that_moves_the_cursor_is_no_fact_that_did() {
    let mut stand = overtaken();
    stand.keys("gr");
    let wanted = Control::ProbeAgain(vec![stage::endpoint("10.0.0.1")]);
    assert_eq!(stand.effects, [Effect::Control(wanted)]);
}

#[test]
fn nothing_is_done_to_the_next_host_when_the_one_that_was_seen_has_left_the_table() {
    let mut stand = Stand::new(80, 24);
    let mut script = Script::default();
    script.push(plan(true));
    for address in ["10.0.0.5", "10.0.0.6"] {
        let broken = bad(address, 1, Stage::X224, Outcome::Closed { received: 0 });
        script.attempt(broken, false);
    }
    stand.act(Action::Events(script.take()));
    stand.keys("/state:broken\n");
    stand.model.mark_drawn();
    let mut script = Script::default();
    for number in 2..=3 {
        let fine = certificate("srv05.corp.example", "2027-03-01T00:00:00Z");
        script.attempt(good("10.0.0.5", number, fine), number == 3);
    }
    stand.act(Action::Events(script.take()));
    stand.act(Action::Tick(Duration::from_secs(2)));
    assert_eq!(stand.order(), ["10.0.0.6:3389"]);
    stand.keys("r");
    assert_eq!(stand.effects, []);
    assert!(stand.picture(80, 24).contains("no longer listed"));
    stand.keys("r");
    assert_eq!(stand.effects.len(), 1, "what is seen now is meant");
}

#[test]
fn fixes_are_written_after_a_yes_that_says_for_how_many_hosts_where_and_whom_the_script_contacts() {
    let mut stand = expired();
    stand.keys("F");
    assert_eq!(stand.effects, []);
    let picture = stand.picture(80, 24);
    assert!(
        picture.contains("Fixes for 1 host go into a new folder:")
            && picture.contains(" ./rdpscan-20260121T120000Z-00c0ffee-fix")
            && picture.contains(" The script contacts 1."),
        "{picture}"
    );
    stand.keys("n");
    assert_eq!(stand.effects, []);
    stand.keys("Fy");
    assert_eq!(stand.effects, [Effect::Fix(vec![HostId::at(0)])]);
}

#[test]
fn one_thing_is_written_at_a_time_and_keys_work_meanwhile() {
    let mut stand = expired();
    stand.keys("ec\n");
    assert!(stand.picture(80, 24).contains(" writing …"));
    stand.keys("ec");
    assert_eq!(stand.effects.len(), 1);
    assert!(
        stand
            .picture(80, 24)
            .contains("another file is being written")
    );
    stand.act(Action::ExportFinished(Ok("out.csv".into())));
    assert!(!stand.picture(80, 24).contains("writing"));
    stand.keys("ec\n");
    assert_eq!(stand.effects.len(), 2);
}

#[test]
fn an_empty_bar_has_one_way_back() {
    let mut stand = Stand::scanning(80, 24);
    stand.keys("o\tj\n");
    assert_eq!(stand.order(), Vec::<String>::new());
    let picture = stand.picture(80, 24);
    assert!(picture.contains("Esc returns to the overview"), "{picture}");
    assert!(!picture.contains("Esc clears"), "{picture}");
}

#[test]
fn the_overview_spells_what_it_counts_as_filters_do() {
    let mut stand = Stand::scanning(200, 60);
    stand.keys("o");
    let picture = stand.picture(200, 60);
    for word in ["not_rdp", "partial_dead", "not_checked"] {
        assert!(picture.contains(word), "{word}: {picture}");
    }
}

#[test]
fn the_head_and_the_tabs_count_the_same_moment() {
    let mut stand = two();
    stand.act(worse("10.0.0.1"));
    // Too soon after the last sort.
    stand.act(worse("10.0.0.2"));
    let picture = stand.picture(100, 24);
    assert!(
        picture.contains(" 3 hosts listed") && picture.contains(" 1 All 3 "),
        "{picture}"
    );
    stand.act(Action::Tick(Duration::from_secs(2)));
    let picture = stand.picture(100, 24);
    assert!(
        picture.contains(" 4 hosts listed") && picture.contains(" 1 All 4 "),
        "{picture}"
    );
}

#[test]
fn hosts_in_states_that_find_no_room_are_counted_together() {
    let shown = |width| {
        let picture = Stand::scanning(width, 24).picture(width, 24);
        let line = picture.lines().find(|line| line.contains("listed"));
        line.unwrap().to_owned()
    };
    for width in 60..160 {
        let line = shown(width);
        let counts = line.split('·').skip(1).filter_map(|count| {
            let mut words = count.split_whitespace();
            let first = words.next()?;
            let number = if first.starts_with('+') {
                first
            } else {
                words.next()?
            };
            number.trim_start_matches('+').parse::<u32>().ok()
        });
        // `1 expired` and the like have no sign before their number.
        assert_eq!(counts.sum::<u32>(), 12, "{width}: {line}");
    }
    assert!(shown(80).contains("· +7 others"), "{}", shown(80));
}

#[test]
fn the_copy_menu_names_its_host() {
    let mut stand = two();
    stand.keys("y");
    assert!(stand.picture(80, 24).contains(" Copy: 10.0.0.5:3389 "));
    stand.key(KeyCode::Esc);
    stand.keys("a");
    stand.keys("y");
    assert!(stand.picture(80, 24).contains(" Copy: 2 marked hosts "));
}

#[test]
fn only_the_sort_menu_turns_the_order_round() {
    for menu in ["y", "e", "b"] {
        let mut stand = Stand::scanning(80, 24);
        let order = stand.order();
        stand.keys(menu);
        stand.keys("S");
        assert_eq!(stand.order(), order, "{menu}");
    }
    let mut stand = Stand::scanning(80, 24);
    let order = stand.order();
    stand.keys("sS");
    assert_ne!(stand.order(), order);
    assert!(stand.picture(80, 24).contains("Sort by"), "the menu stays");
}

#[test]
fn the_page_stays_with_its_host_when_that_leaves_the_view() {
    let mut stand = Stand::new(80, 24);
    let mut script = Script::default();
    script.push(plan(true));
    for address in ["10.0.0.5", "10.0.0.6"] {
        script.attempt(
            bad(address, 1, Stage::X224, Outcome::Closed { received: 0 }),
            false,
        );
    }
    stand.act(Action::Events(script.take()));
    stand.keys("/state:broken");
    stand.key(KeyCode::Enter);
    stand.key(KeyCode::Enter);
    assert_eq!(stand.under_cursor(), "10.0.0.5:3389");
    let mut script = Script::default();
    for number in 2..=3 {
        let fine = certificate("srv05.corp.example", "2027-03-01T00:00:00Z");
        script.attempt(good("10.0.0.5", number, fine), number == 3);
    }
    stand.act(Action::Events(script.take()));
    stand.act(Action::Tick(Duration::from_secs(2)));
    assert!(stand.picture(80, 24).contains(" 10.0.0.5:3389  "));
    assert_eq!(stand.under_cursor(), "10.0.0.5:3389");
    stand.key(KeyCode::Esc);
    assert_eq!(
        stand.order(),
        ["10.0.0.6:3389"],
        "the table has only what passes"
    );
    assert_eq!(stand.under_cursor(), "10.0.0.6:3389");
}

#[test]
fn on_its_page_a_host_is_meant_and_not_the_marked_ones() {
    let mut stand = Stand::scanning(80, 24);
    stand.keys("a");
    stand.select("10.0.0.6");
    stand.key(KeyCode::Enter);
    stand.keys("ya");
    assert_eq!(copied(&stand), ["10.0.0.6"]);
}

/// A host whose certificate, as Windows makes it, is past its end.
fn expired() -> Stand {
    let mut stand = Stand::new(80, 24);
    let mut script = Script::default();
    script.push(plan(true));
    for number in 1..=3 {
        let mut certificate = certificate("srv06.corp.example", "2026-02-09T00:00:00Z");
        certificate.self_issued = true;
        certificate.issuer = (*certificate.subject).into();
        certificate.san_dns.clear();
        certificate.has_san = false;
        certificate.not_before = Some("2025-08-09T00:00:00Z".parse().unwrap());
        let mut attempt = good("10.0.0.6", number, certificate);
        let tls = attempt.tls.as_deref().cloned().map(|mut tls| {
            tls.chain.truncate(1);
            Arc::new(tls)
        });
        attempt.tls = tls;
        script.attempt(attempt, number == 3);
    }
    stand.act(Action::Events(script.take()));
    stand
}

#[test]
fn the_commands_of_the_fix_are_those_of_this_host() {
    let mut stand = expired();
    stand.keys("yc");
    let [commands] = copied(&stand)[..] else {
        panic!("nothing was copied");
    };
    assert!(
        commands.contains(
            "\n# by the script, in the folder of rdpscan fix: .\\Repair-RdpHost.ps1 -ComputerName "
        ),
        "{commands}"
    );
    assert!(commands.ends_with("\nRestart-Service -Name SessionEnv -Force\n"));
    assert!(!commands.contains('<'), "{commands}");
}

#[test]
fn a_command_that_only_looks_is_said_to_be_one() {
    let mut stand = Stand::scanning(80, 24);
    stand.select("10.0.0.6");
    stand.keys("yc");
    let [commands] = copied(&stand)[..] else {
        panic!("nothing was copied");
    };
    assert!(
        commands.contains("\nGet-ChildItem -Path Cert:"),
        "{commands}"
    );
    let told = stand.effects.iter().any(|effect| {
        matches!(effect, Effect::Copy { remark, .. } if remark.starts_with("R4, which only looks"))
    });
    assert!(told);
}

#[test]
fn what_is_only_worth_knowing_has_no_commands_to_copy() {
    let mut stand = Stand::scanning(80, 24);
    stand.select("10.0.0.5");
    stand.keys("yc");
    assert_eq!(copied(&stand), Vec::<&str>::new());
    assert!(
        stand.picture(80, 24).contains("Copy: "),
        "the menu has no such line"
    );
}

#[test]
fn every_action_is_offered_from_every_screen() {
    for screen in ["", "\n", "o"] {
        for (typed, then) in [
            ("columns", " Columns "),
            ("choose the column to sort", "Sort by"),
            ("filter", "insert a suggestion"),
            ("group by finding, remedy", " Group by "),
            ("pause", "paused: "),
            ("freeze", "FROZEN"),
            ("overview", ""),
        ] {
            let mut stand = Stand::scanning(80, 24);
            stand.keys(screen);
            stand.keys(":");
            stand.keys(typed);
            let listed = stand.picture(80, 24);
            assert!(
                !listed.contains("no action matches"),
                "{typed} from {screen:?}: {listed}"
            );
            stand.key(KeyCode::Enter);
            if typed == "filter" {
                stand.key(KeyCode::F(1));
            }
            let picture = stand.picture(80, 24);
            assert!(picture.contains(then), "{typed} from {screen:?}: {picture}");
        }
    }
}

#[test]
fn capital_p_pauses_on_every_screen() {
    for screen in ["", "\n", "o"] {
        let mut stand = Stand::scanning(80, 24);
        stand.keys(screen);
        stand.keys("P");
        assert_eq!(
            stand.effects,
            [Effect::Control(Control::Pause)],
            "{screen:?}"
        );
    }
}

#[test]
fn help_opens_over_menus_and_closes_to_them() {
    for (menu, title, heading) in [
        ("c", " Columns ", " Columns"),
        ("s", " Sort by ", " Sort menu"),
        ("y", " Copy: ", " Menus"),
    ] {
        let mut stand = Stand::scanning(80, 24);
        stand.keys(menu);
        stand.keys("?");
        let picture = stand.picture(80, 24);
        let first = picture.lines().find(|line| line.contains(heading));
        assert!(picture.contains(" Keys ") && first.is_some(), "{picture}");
        stand.key(KeyCode::Esc);
        assert!(stand.picture(80, 24).contains(title));
    }
    let mut stand = Stand::scanning(80, 24);
    stand.keys("/days");
    stand.key(KeyCode::F(1));
    assert!(stand.picture(80, 24).contains(" Keys "));
    stand.key(KeyCode::Esc);
    assert!(stand.picture(80, 24).contains(" / days"));
}

#[test]
fn the_way_back_from_a_bar_leads_to_the_overview_and_to_the_old_filter() {
    for way in [KeyCode::Esc, KeyCode::Char('o')] {
        let mut stand = Stand::scanning(80, 24);
        stand.keys("2/10.0.0");
        stand.key(KeyCode::Enter);
        let before = stand.order();
        stand.keys("ojj");
        let overview = stand.picture(80, 24);
        stand.key(KeyCode::Enter);
        assert_ne!(stand.order(), before);
        stand.key(way);
        assert_eq!(stand.picture(80, 24), overview, "the same bar is marked");
        assert_eq!(stand.order(), before);
        stand.key(KeyCode::Esc);
        let picture = stand.picture(80, 24);
        assert!(picture.contains("ADDRESS") && picture.contains(" / 10.0.0"));
    }
}

#[test]
fn a_filter_of_ones_own_is_no_way_back_to_the_overview() {
    let mut stand = Stand::scanning(80, 24);
    stand.keys("oj");
    stand.key(KeyCode::Enter);
    stand.keys("/ days<30");
    stand.key(KeyCode::Enter);
    stand.key(KeyCode::Esc);
    assert!(
        stand.picture(80, 24).contains("ADDRESS"),
        "Esc clears the filter first"
    );
    assert!(!stand.picture(80, 24).contains("days<30"));
}

#[test]
fn tab_goes_from_a_field_to_its_values_and_shows_no_error_meanwhile() {
    let mut stand = Stand::scanning(80, 24);
    stand.keys("/sta");
    stand.key(KeyCode::Tab);
    let picture = stand.picture(80, 24);
    assert!(picture.contains(" / state: "), "{picture}");
    assert!(!picture.contains("lacks a value"), "{picture}");
    stand.key(KeyCode::Tab);
    assert!(stand.picture(80, 24).contains(" / state:broken "));
    stand.key(KeyCode::Tab);
    assert!(stand.picture(80, 24).contains(" / state:degraded "));
}

#[test]
fn shift_tab_takes_another_field() {
    let mut stand = Stand::scanning(80, 24);
    stand.keys("/sta");
    stand.key(KeyCode::Tab);
    stand.key(KeyCode::BackTab);
    assert!(stand.picture(80, 24).contains(" / stability: "));
}

#[test]
fn a_filter_that_is_none_cannot_be_kept_and_says_so() {
    let mut stand = Stand::scanning(80, 24);
    stand.keys("/state:");
    stand.key(KeyCode::Enter);
    let picture = stand.picture(80, 24);
    assert!(
        picture.contains("invalid filter") && picture.contains("lacks a value"),
        "{picture}"
    );
    stand.keys("broken");
    stand.key(KeyCode::Enter);
    assert_eq!(stand.order(), ["10.0.0.10:3389"]);
}

#[test]
fn probing_everything_anew_asks_before() {
    let mut stand = Stand::scanning(80, 24);
    stand.keys("R");
    assert_eq!(stand.effects, []);
    stand.keys("n");
    assert_eq!(stand.effects, []);
    stand.keys("Ry");
    assert_eq!(stand.effects, [Effect::Control(Control::RescanAll)]);
}

#[test]
fn a_group_is_probed_anew_only_after_a_yes_and_a_host_or_marks_at_once() {
    let mut stand = two();
    stand.keys("bsgr");
    assert_eq!(stand.effects, []);
    let picture = stand.picture(80, 24);
    assert!(
        picture.contains("All 2 hosts of the group are probed again"),
        "{picture}"
    );
    stand.keys("n");
    assert_eq!(stand.effects, []);
    stand.keys("ry");
    let both = ["10.0.0.5", "10.0.0.6"].map(stage::endpoint).to_vec();
    let wanted = Effect::Control(Control::ProbeAgain(both));
    assert_eq!(stand.effects, std::slice::from_ref(&wanted));
    stand.keys(" r");
    assert_eq!(stand.effects, [wanted.clone(), wanted], "marked one by one");
}

#[test]
fn the_question_counts_the_addresses_that_the_scan_came_to_know() {
    let mut stand = Stand::scanning(80, 24);
    let mut progress = stage::progress();
    progress.planned = 261;
    stand.act(Action::Progress(Box::new(progress)));
    stand.keys("R");
    let picture = stand.picture(80, 24);
    assert!(
        picture.contains("All 261 addresses are probed again"),
        "{picture}"
    );
}

#[test]
fn grouping_puts_the_cursor_on_the_heading_of_its_hosts_group() {
    for steps in ["j", "jj", "jjjj"] {
        let mut stand = Stand::saved(80, 24);
        stand.keys(steps);
        let host = stand.under_cursor();
        stand.keys("bs");
        let group = match host.starts_with("10.0.0.") {
            true => "10.0.0.0/24",
            false if host.starts_with('[') => "2001:db8::/64",
            false => "no address",
        };
        let picture = stand.picture(80, 24);
        assert!(picture.contains(&format!("› ▸ {group}")), "{picture}");
    }
}

#[test]
fn a_bar_of_subnets_opens_as_many_hosts_as_it_counts() {
    let mut stand = Stand::done(120, 40);
    stand.keys("o");
    let all = stand.picture(120, 40);
    let (_, behind) = all.split_once("10.0.0.0/24 (").unwrap();
    let count = behind.split_once(' ').unwrap().0.to_owned();
    for _ in 0..40 {
        let picture = stand.picture(120, 40);
        if picture.contains("› 10.0.0.0/24 (") {
            break;
        }
        stand.keys("j");
    }
    stand.key(KeyCode::Enter);
    assert_eq!(stand.order().len().to_string(), count);
    stand.keys("oo2");
    let problems = stand.order();
    let of_subnet = problems.iter().filter(|host| host.starts_with("10.0.0."));
    assert_eq!(of_subnet.count().to_string(), count);
}

#[test]
fn a_saved_scan_does_not_ask_what_it_cannot_do() {
    let mut stand = Stand::saved(80, 24);
    stand.keys("R");
    assert!(stand.picture(80, 24).contains("this scan is saved"));
}

#[test]
fn menus_call_columns_as_flags_do() {
    let mut stand = Stand::scanning(120, 70);
    stand.keys("c");
    let picture = stand.picture(120, 70);
    for column in rdpscan::table::Field::ALL {
        assert!(
            picture.contains(&format!("] {}  ", column.key())),
            "{}",
            column.key()
        );
    }
}

#[test]
fn a_long_message_takes_more_lines_and_none_of_its_path_is_cut() {
    let path = format!(
        "/srv/{}rdpscan-20260301T120000Z-00000000.json",
        "deep/".repeat(12)
    );
    for (width, height) in [(60, 10), (80, 24), (120, 40)] {
        let mut stand = Stand::done(width, height);
        stand.act(Action::ExportFinished(Ok(path.as_str().into())));
        let picture = stand.picture(width, height);
        let said: String = picture.split_whitespace().collect();
        assert!(said.contains(&path), "{picture}");
    }
}

#[test]
fn a_display_that_stands_still_stays_as_it_was() {
    let mut stand = two();
    stand.act(worse("10.0.0.1"));
    // Too soon after the last sort, so not among the rows yet.
    stand.act(worse("10.0.0.2"));
    stand.act(Action::Freeze);
    let before = stand.order();
    stand.act(worse("10.0.0.3"));
    for second in 2..4 {
        stand.act(Action::Tick(Duration::from_secs(second)));
    }
    stand.act(Action::Events(vec![stage::finished()]));
    assert_eq!(stand.order(), before);
    stand.act(Action::Freeze);
    assert_eq!(stand.order().len(), 5, "what came meanwhile");
}

#[test]
fn the_page_of_a_name_that_leads_to_addresses_by_now_closes() {
    let resolved = |addresses: &[&str]| EventBody::TargetResolved {
        name: "late.corp.example".into(),
        port: 3389,
        endpoints: addresses.iter().map(|one| stage::endpoint(one)).collect(),
        excluded: Vec::new(),
        lookups: Vec::new(),
    };
    let mut stand = Stand::new(80, 24);
    let mut script = Script::default();
    script.push(plan(true));
    script.push(resolved(&[]));
    stand.act(Action::Events(script.take()));
    stand.keys("\n");
    assert!(stand.picture(80, 24).contains("late.corp.example:3389"));
    let mut script = Script::default();
    script.push(resolved(&["10.0.0.5"]));
    let fine = certificate("late.corp.example", "2027-03-01T00:00:00Z");
    script.attempt(good("10.0.0.5", 1, fine), true);
    let mut newer = script.take();
    for event in &mut newer {
        event.at += jiff::SignedDuration::from_secs(60);
    }
    stand.act(Action::Events(newer));
    stand.act(Action::Tick(Duration::from_secs(2)));
    assert_eq!(stand.order(), ["10.0.0.5:3389"]);
    let picture = stand.picture(80, 24);
    assert!(picture.contains("the page was closed"), "{picture}");
    stand.act(Action::Export(1));
    stand.act(Action::PromptAccept);
    assert_eq!(stand.effects.len(), 1, "what is written is the table");
}

#[test]
fn so_many_rows_are_marked_from_the_cursor_on() {
    let mut stand = Stand::scanning(80, 24);
    stand.keys("jM5\n");
    let picture = stand.picture(80, 24);
    assert!(picture.contains("5 hosts marked"), "{picture}");
    stand.keys("M0\n");
    assert!(stand.picture(80, 24).contains("invalid number of rows `0`"));
    stand.key(KeyCode::Esc);
    stand.keys("gM9999\n");
    let all = stand.model.rows().len();
    let marked = format!("{all} hosts marked");
    assert!(stand.picture(80, 24).contains(&marked));
    stand.keys("u");
    assert!(stand.picture(80, 24).contains("5 hosts marked"));
}

#[test]
fn a_name_that_is_typed_is_the_name_of_the_file() {
    let mut stand = Stand::scanning(80, 24);
    stand.keys("ec\n");
    stand.act(Action::ExportFinished(Ok("out.csv".into())));
    stand.keys("ec");
    for _ in 0..80 {
        stand.key(KeyCode::Backspace);
    }
    stand.keys("monday\n");
    let files = stand.effects.iter().map(|effect| match effect {
        Effect::Export(export) => export.file.clone(),
        other => panic!("{other:?}"),
    });
    assert_eq!(files.collect::<Vec<_>>(), [None, Some("monday".to_owned())]);
}

#[test]
fn a_program_runs_for_one_host_by_its_key_or_from_the_menu() {
    let mut stand = Stand::scanning(80, 24);
    let own = Program::parse("K ping", "ping {address}").unwrap();
    stand.model.programs = Program::all(&[own], &stand.model.keymap);
    let keys = stand.model.programs.iter().map(|program| program.key);
    let map = stand.model.keymap.clone().with_programs(keys.collect());
    stand.model.keymap = map.unwrap();
    stand.keys("/10.0.0.6\n");
    stand.keys("K");
    stand.keys("!k");
    stand.keys("C");
    let words = |effect: &Effect| match effect {
        Effect::Run(launch) => launch.words.join(" "),
        other => panic!("{other:?}"),
    };
    let words: Vec<String> = stand.effects.iter().map(words).collect();
    assert_eq!(words[0], "ping 10.0.0.6");
    let client = words.last().unwrap();
    assert!(client.ends_with("srv06.corp.example:3389"), "{client}");
    stand.key(KeyCode::Esc);
    stand.keys("aK");
    assert!(stand.picture(80, 24).contains("several hosts are selected"));
}

#[test]
fn a_program_takes_no_key_that_has_a_meaning() {
    let key = |text| vec![Program::parse(text, "x").unwrap().key];
    let taken = |text| Keymap::default().with_programs(key(text));
    assert!(taken("C connect").is_ok());
    assert!(taken("q mine").is_err());
    assert!(taken("i mine").is_err(), "on the host's page");
}

#[test]
fn the_extension_of_a_typed_name_decides_the_format() {
    let mut stand = Stand::scanning(80, 24);
    stand.keys("ec");
    for _ in 0..80 {
        stand.key(KeyCode::Backspace);
    }
    stand.keys("monday.JSON\n");
    let Some(Effect::Export(export)) = stand.effects.last() else {
        panic!("{:?}", stand.effects);
    };
    let formats = stage::capabilities().formats;
    assert_eq!(formats[export.format].word, "json");
    assert_eq!(export.file.as_deref(), Some("monday.JSON"));
}

#[test]
fn no_number_of_rows_is_named_as_missing() {
    let mut stand = Stand::scanning(80, 24);
    stand.keys("M\n");
    let picture = stand.picture(80, 24);
    assert!(picture.contains("no number of rows given"), "{picture}");
    stand.keys("2\n");
    assert!(stand.picture(80, 24).contains("2 hosts marked"));
}
