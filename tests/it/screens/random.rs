//! Any keys at any size, on every screen, while facts arrive: what comes of them draws, and keeps the cursor on a row.
//!
//! `RDPSCAN_RANDOM_SECONDS=60` goes on for so long, as `.ci/run` does, with new keys in every round. They are new in every run as
//! well, unless `PROPTEST_RNG_SEED` says where they begin.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};
use rdpscan::clock;
use rdpscan::tui::Action;
use rdpscan::tui::keymap::{BINDINGS, Key};

use super::stage::{self, Stand, fleet_events};

/// Every key of the table, so that none is forgotten when one is added.
fn bound_keys() -> Vec<KeyEvent> {
    let event = |key: &Key| {
        let modifiers = if key.ctrl {
            KeyModifiers::CONTROL
        } else {
            KeyModifiers::NONE
        };
        KeyEvent::new(key.code, modifiers)
    };
    BINDINGS
        .iter()
        .flat_map(|binding| binding.keys)
        .map(event)
        .collect()
}

fn any_key() -> impl Strategy<Value = KeyEvent> {
    let typed = "dayst<30:!() \"brokn漢\u{301}é|&*@"
        .chars()
        .collect::<Vec<_>>();
    prop_oneof![
        6 => proptest::sample::select(bound_keys()),
        2 => proptest::sample::select(typed)
            .prop_map(|c| KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE)),
        1 => proptest::sample::select(vec![KeyCode::Delete, KeyCode::F(12), KeyCode::Insert])
            .prop_map(|code| KeyEvent::new(code, KeyModifiers::SHIFT)),
    ]
}

#[derive(Debug, Clone)]
enum Step {
    Key(KeyEvent),
    Size(u16, u16),
    Facts(usize),
    Tick(u64),
}

/// Mostly sizes that people have; now and then any.
fn any_size() -> impl Strategy<Value = (u16, u16)> {
    prop_oneof![
        4 => (60u16..130, 10u16..45),
        2 => (1u16..64, 1u16..14),
        1 => (1u16..=300, 1u16..=100),
    ]
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        14 => any_key().prop_map(Step::Key),
        1 => any_size().prop_map(|(width, height)| Step::Size(width, height)),
        2 => (1usize..8).prop_map(Step::Facts),
        1 => (0u64..500).prop_map(Step::Tick),
    ]
}

/// Where the keys begin: on every screen, in every window.
const BEGINNINGS: [&str; 21] = [
    "", "\n", "o", "/", "s", "c", "b", "e", "y", "M", "ec", "!", ":", "?", "q", "R", "F", "bd",
    "L", "v", "bfz",
];

fn any_walk() -> impl Strategy<Value = (usize, (u16, u16), bool, Vec<Step>)> {
    (
        0..BEGINNINGS.len(),
        any_size(),
        any::<bool>(),
        proptest::collection::vec(any_step(), 1..60),
    )
}

/// `drawn` where every step has its frame.
fn walk(
    beginning: usize,
    size: (u16, u16),
    drawn: bool,
    steps: Vec<Step>,
) -> Result<(), TestCaseError> {
    let (mut width, mut height) = size;
    let mut stand = Stand::new(width, height);
    let mut facts = fleet_events().into_iter();
    stand.act(Action::Events(facts.by_ref().take(12).collect()));
    stand.act(Action::Progress(Box::new(stage::progress())));
    stand.keys(BEGINNINGS.get(beginning).copied().unwrap_or_default());
    let mut now = 0;
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
        let buffer = stand.buffer(width, height);
        if drawn {
            stand.model.mark_drawn();
        }
        let hostile = buffer.content.iter().find(|cell| {
            let mut characters = cell.symbol().chars();
            characters.any(|c| c.is_control() || c == '\u{202e}')
        });
        prop_assert_eq!(hostile, None);
        let rows = stand.model.rows();
        match stand.model.cursor() {
            Some(cursor) => prop_assert!(rows.contains(&cursor)),
            None => prop_assert!(rows.is_empty() || stand.model.group().is_some()),
        }
    }
    Ok(())
}

#[test]
fn any_keys_while_facts_arrive_leave_a_screen_that_draws() {
    let seconds = std::env::var("RDPSCAN_RANDOM_SECONDS")
        .ok()
        .map(|text| text.parse().unwrap());
    let end = seconds.map(|seconds| clock::monotonic() + Duration::from_secs(seconds));
    let config = Config {
        cases: 48,
        failure_persistence: None,
        ..Config::default()
    };
    let mut rounds = 0;
    loop {
        let mut config = config.clone();
        if let RngSeed::Fixed(seed) = config.rng_seed {
            config.rng_seed = RngSeed::Fixed(seed + rounds);
        }
        let mut runner = TestRunner::new(config);
        runner
            .run(&any_walk(), |(beginning, size, drawn, steps)| {
                walk(beginning, size, drawn, steps)
            })
            .unwrap_or_else(|error| panic!("{error}"));
        rounds += 1;
        if end.is_none_or(|end| clock::monotonic() >= end) {
            break;
        }
    }
    assert!(rounds > 0);
}

#[test]
fn every_size_draws_every_screen() {
    let mut beginnings = BEGINNINGS.to_vec();
    beginnings.extend([
        "/x\u{6f22}:",
        "sk",
        "G\nG",
        "?x",
        "oG",
        "cGkr",
        ":group",
        "bsG",
        "biz",
        ">",
        "oj\n",
    ]);
    for keys in beginnings {
        let mut stand = Stand::scanning(80, 24);
        stand.keys(keys);
        for width in [1, 2, 19, 59, 60, 61, 80, 130] {
            for height in [1, 3, 9, 10, 11, 13, 24] {
                drawn(&mut stand, width, height);
            }
        }
        for (width, height) in [(300, 1), (300, 10), (1, 100), (60, 100), (300, 100)] {
            drawn(&mut stand, width, height);
        }
    }
}

/// Draws the screen after the terminal has got this size.
fn drawn(stand: &mut Stand, width: u16, height: u16) {
    stand.act(Action::Resize(width, height));
    let area = stand.buffer(width, height).area;
    assert_eq!((area.width, area.height), (width, height));
}
