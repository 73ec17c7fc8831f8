//! What becomes of a scan when its screen is left, in words and in deed.

use crossterm::event::KeyCode;
use rdpscan::model::{ScanEvent, Stream};
use rdpscan::tui::{Action, Effect, OnExit};

use super::stage::{self, Stand};

/// The place of JSON among the formats offered.
const JSON: usize = 1;

fn asked(stand: &Stand) -> String {
    let picture = stand.picture(100, 24);
    assert!(picture.contains("Quit?"), "{picture}");
    picture
}

#[test]
fn a_scan_that_would_be_lost_is_asked_about_after_its_end_too() {
    let mut stand = Stand::done(100, 24).on_exit(OnExit::Discard);
    stand.keys("q");
    assert_eq!(stand.effects, []);
    let picture = asked(&stand);
    assert!(picture.contains("The scan has ended."), "{picture}");
    assert!(picture.contains("not saved yet"), "{picture}");
    assert!(picture.contains("s  save as JSON, quit"), "{picture}");
    stand.keys("n");
    assert!(!stand.picture(100, 24).contains("Quit?"));
    stand.keys("qy");
    assert_eq!(stand.effects, [Effect::Quit]);
}

#[test]
fn a_scan_that_the_history_keeps_is_not_called_unsaved() {
    let mut stand = Stand::scanning(100, 24).on_exit(OnExit::Kept);
    stand.keys("q");
    let picture = asked(&stand);
    assert!(picture.contains("`rdpscan resume` continues"), "{picture}");
    assert!(!picture.contains("unsaved"), "{picture}");
    stand.keys("y");
    assert_eq!(stand.effects, [Effect::StopScan]);

    let mut stand = Stand::done(100, 24).on_exit(OnExit::Kept);
    stand.keys("q");
    assert_eq!(stand.effects, [Effect::Quit]);
}

#[test]
fn a_running_scan_is_saved_once_it_has_stopped() {
    let mut stand = Stand::scanning(100, 24).on_exit(OnExit::Discard);
    stand.keys("q");
    assert!(asked(&stand).contains("The scan is still running."));
    stand.keys("s");
    assert_eq!(stand.effects, [Effect::StopScan]);
    stand.act(Action::Events(vec![stage::finished()]));
    assert_eq!(stand.effects, [Effect::StopScan, Effect::Quit]);
    assert!(stand.model.save);
}

#[test]
fn the_end_of_a_part_for_workers_is_not_the_end_of_the_scan() {
    let mut stand = Stand::scanning(100, 24).on_exit(OnExit::Discard);
    let part = Stream::Shard {
        number: 0,
        delivery: 1,
    };
    let ended = ScanEvent {
        stream: part,
        ..stage::finished()
    };
    stand.keys("q");
    stand.act(Action::Events(vec![ended]));
    assert!(asked(&stand).contains("The scan is still running."));
}

#[test]
fn only_who_says_so_has_the_scan_saved() {
    for (keys, wanted) in [("qs", true), ("q\n", true), ("qy", false)] {
        let mut stand = Stand::done(100, 24).on_exit(OnExit::Discard);
        stand.keys(keys);
        assert_eq!(stand.effects, [Effect::Quit], "{keys}");
        assert_eq!(stand.model.save, wanted, "{keys}");
    }
}

#[test]
fn a_scan_that_ends_while_it_is_asked_about_is_still_asked_about() {
    let mut stand = Stand::scanning(100, 24).on_exit(OnExit::Discard);
    stand.keys("q");
    stand.act(Action::Events(vec![stage::finished()]));
    assert!(asked(&stand).contains("The scan has ended."));
}

#[test]
fn a_report_to_come_is_named_in_the_question() {
    let report = OnExit::Report("there/fleet.json".to_owned());
    let mut stand = Stand::scanning(100, 24).on_exit(report);
    stand.keys("q");
    let picture = asked(&stand);
    assert!(
        picture.contains("are written to there/fleet.json"),
        "{picture}"
    );
}

#[test]
fn an_export_of_the_whole_fleet_is_enough_and_one_of_a_part_is_not() {
    let wrote = || Action::ExportFinished(Ok("./fleet.json".into()));
    let mut stand = Stand::done(100, 24).on_exit(OnExit::Discard);
    stand.act(Action::Export(JSON));
    stand.act(Action::PromptAccept);
    stand.act(wrote());
    stand.effects.clear();
    stand.keys("q");
    assert_eq!(stand.effects, [Effect::Quit]);

    let mut stand = Stand::done(100, 24).on_exit(OnExit::Discard);
    stand.keys("/broken\n");
    stand.act(Action::Export(JSON));
    stand.act(Action::PromptAccept);
    stand.act(wrote());
    stand.effects.clear();
    stand.keys("q");
    assert_eq!(stand.effects, []);
    assert!(asked(&stand).contains("not saved yet"));
}

#[test]
fn what_came_after_an_export_is_asked_about() {
    let mut stand = Stand::scanning(100, 24).on_exit(OnExit::Discard);
    stand.act(Action::Export(JSON));
    stand.act(Action::PromptAccept);
    stand.act(Action::ExportFinished(Ok("./fleet.json".into())));
    stand.act(Action::Events(vec![stage::finished()]));
    stand.keys("q");
    asked(&stand);
}

#[test]
fn where_nothing_was_found_nothing_is_asked_after_the_end() {
    let mut stand = Stand::new(100, 24).on_exit(OnExit::Discard);
    stand.key(KeyCode::Char('q'));
    assert!(asked(&stand).contains("There are no results yet."));
    stand.keys("n");
    stand.act(Action::Events(vec![stage::finished()]));
    stand.keys("q");
    assert_eq!(stand.effects, [Effect::Quit]);
}

#[test]
fn a_simulated_fleet_is_left_without_a_question_once_the_scan_has_ended() {
    let mut stand = Stand::done(100, 24).on_exit(OnExit::Simulated);
    stand.keys("q");
    assert_eq!(stand.effects, [Effect::Quit]);
    let mut stand = Stand::scanning(100, 24).on_exit(OnExit::Simulated);
    stand.keys("q");
    assert!(asked(&stand).contains("simulated, nothing is lost"));
}

#[test]
fn hosts_that_came_behind_a_display_that_stands_still_are_asked_about() {
    let mut stand = Stand::new(100, 24).on_exit(OnExit::Discard);
    stand.act(Action::Freeze);
    stand.act(Action::Events(stage::fleet_events()));
    stand.act(Action::Events(vec![stage::finished()]));
    assert_eq!(stand.order(), Vec::<String>::new(), "nothing moves");
    stand.keys("q");
    asked(&stand);
    assert_eq!(stand.effects, []);
    stand.keys("n");
    let hosts = stand.model.into_fleet().summary().hosts;
    assert!(hosts > 0, "they were judged meanwhile");
}
