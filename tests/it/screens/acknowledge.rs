//! Acknowledging a finding on the page of its host.

use std::sync::Arc;

use crossterm::event::KeyCode;
use rdpscan::fleet::{Acknowledgement, Exceptions, HostMarks};
use rdpscan::model::Severity;
use rdpscan::tui::{Acknowledge, Action, Effect};

use super::line_with;
use super::stage::Stand;

const HOST: &str = "10.0.0.6";
const FINDING: &str = "RDP-CERT-EXPIRED";

fn opened() -> Stand {
    let mut stand = Stand::done(100, 30);
    stand.select(HOST);
    stand.key(KeyCode::Enter);
    stand
}

/// What the exporter would report.
fn acknowledged(stand: &mut Stand, wanted: &Acknowledge) {
    let host = stand.model.fleet.host(wanted.host).expect("a host");
    let entries = wanted.until.iter().map(|(until, note)| Acknowledgement {
        marks: HostMarks::of(&host.history()),
        name: None,
        finding: wanted.finding.into(),
        severity: Severity::Critical,
        until: *until,
        by: "anna".into(),
        note: note.as_str().into(),
        at: jiff::Timestamp::UNIX_EPOCH,
    });
    let exceptions = Exceptions::new(entries.collect(), Vec::new());
    let message = "acknowledged".to_owned();
    stand.act(Action::Acknowledged(Ok((Arc::new(exceptions), message))));
    for tick in 1..20 {
        stand.act(Action::Tick(std::time::Duration::from_secs(50 + tick)));
    }
}

/// The order that the keys gave.
fn order(stand: &mut Stand) -> Acknowledge {
    let wanted = stand.effects.pop().and_then(|effect| match effect {
        Effect::Acknowledge(wanted) => Some(wanted),
        _ => None,
    });
    wanted.expect("an order to acknowledge")
}

#[test]
fn a_finding_is_acknowledged_from_a_menu_with_a_day_and_a_note_and_counts_again() {
    let mut stand = opened();
    let problems = stand.model.fleet.summary().problems;
    stand.keys("a");
    let menu = stand.picture(100, 30);
    assert!(menu.contains(&format!("Acknowledge: {HOST}")), "{menu}");
    stand.key(KeyCode::Enter);
    insta::assert_snapshot!("acknowledge_prompt", stand.picture(100, 30));
    // Without a note it is not taken.
    stand.keys("\n");
    let refused = stand.picture(100, 30);
    assert!(refused.contains("there is no note"), "{refused}");
    stand.keys("new CA in spring\n");
    let wanted = order(&mut stand);
    assert_eq!(wanted.finding, FINDING);
    assert_eq!(
        wanted.until.as_ref().map(|(_, note)| &**note),
        Some("new CA in spring")
    );
    acknowledged(&mut stand, &wanted);
    assert_eq!(stand.model.fleet.summary().problems, problems - 1);
    insta::assert_snapshot!("acknowledged_host", stand.picture(100, 30));
    stand.key(KeyCode::Esc);
    let row = line_with(&stand.picture(160, 40), HOST);
    assert!(row.contains("a acknowledged: "), "{row}");
    stand.key(KeyCode::Enter);
    stand.keys("a");
    let menu = stand.picture(100, 30);
    assert!(menu.contains("acknowledged by anna until"), "{menu}");
    let letter = line_with(&menu, "acknowledged by anna until");
    let letter = letter
        .chars()
        .find(char::is_ascii_lowercase)
        .expect("a letter");
    stand.keys(&letter.to_string());
    let wanted = order(&mut stand);
    assert_eq!((wanted.finding, wanted.until.is_none()), (FINDING, true));
    acknowledged(&mut stand, &wanted);
    assert_eq!(stand.model.fleet.summary().problems, problems);
}

#[test]
fn a_day_that_is_none_is_refused_and_the_prompt_stays() {
    let mut stand = opened();
    stand.keys("a");
    stand.key(KeyCode::Enter);
    for _ in 0..12 {
        stand.key(KeyCode::Backspace);
    }
    stand.keys("spring new CA\n");
    let refused = stand.picture(100, 30);
    assert!(refused.contains("`spring` is not a day"), "{refused}");
    assert!(refused.contains("spring new CA"), "{refused}");
    assert!(stand.effects.is_empty(), "{:?}", stand.effects);
}

#[test]
fn the_day_that_is_offered_is_to_come_also_for_an_old_scan() {
    let mut stand = opened();
    stand.model.today = Some("2031-01-31T12:00:00Z".parse().expect("a time"));
    stand.keys("a");
    stand.key(KeyCode::Enter);
    let prompt = stand.picture(100, 30);
    assert!(prompt.contains("2031-05-01"), "{prompt}");
}
