//! What admins type and paste, against what the handbook answers first.

use super::super::*;

const QUESTIONS: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/data/explain/questions.tsv"
));

/// Right first answers, in per mille: the figure that was reached. To be raised, never to be lowered.
const FIRST_RIGHT: usize = 985;
/// Right answers among the first three, in per mille.
const FIRST_THREE_RIGHT: usize = 985;

/// Each question with the keys of which one must come first.
fn questions() -> Vec<(Vec<&'static str>, &'static str)> {
    let lines = QUESTIONS.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (keys, question) = line.split_once('\t').unwrap();
            (keys.split_whitespace().collect(), question)
        })
        .collect()
}

#[test]
fn every_question_is_whole_and_asked_once() {
    let questions = questions();
    assert!(questions.len() >= 150);
    let mut asked = std::collections::BTreeSet::new();
    for (keys, question) in questions {
        assert!(asked.insert(question), "{question}");
        for key in keys {
            assert!(handbook().entry(key).is_some(), "{question}: no {key}");
        }
    }
}

#[test]
fn the_right_answers_come_first() {
    let questions = questions();
    let (mut first, mut first_three) = (0, 0);
    for (keys, question) in &questions {
        let answer = handbook().look_up(question);
        let entries = answer.map_or_else(Vec::new, |answer| answer.entries);
        let place = entries
            .iter()
            .position(|entry| keys.contains(&entry.key.as_str()));
        first += usize::from(place == Some(0));
        first_three += usize::from(place.is_some_and(|place| place < 3));
        if place != Some(0) {
            let shown: Vec<&str> = entries
                .iter()
                .take(3)
                .map(|entry| entry.key.as_str())
                .collect();
            println!("{question}: wanted {keys:?}, got {shown:?}");
        }
    }
    let mille = |right: usize| right * 1000 / questions.len();
    println!(
        "of {} questions {first} have the right answer first ({} per mille), {first_three} among the first three ({} per mille)",
        questions.len(),
        mille(first),
        mille(first_three),
    );
    assert!(mille(first) >= FIRST_RIGHT);
    assert!(mille(first_three) >= FIRST_THREE_RIGHT);
}
