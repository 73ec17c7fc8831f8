//! How long a frame of the screen takes over 65,536 live hosts: from the model to the cells, as the terminal gets them.
//!
//! `cargo bench --bench frame`. The budget is 16 ms, so that a key never waits for the eye.

mod members;

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use rdpscan::clock;
use rdpscan::diagnosis::Policy;
use rdpscan::fleet::Fleet;
use rdpscan::tui::{Action, Model, Theme, draw, update};

const HOSTS: u32 = 65_536;
const SIZE: (u16, u16) = (200, 60);

fn press(model: &mut Model, code: KeyCode) {
    let event = KeyEvent::new(code, KeyModifiers::NONE);
    if let Some(action) = model.keymap.action(model.context(), &event) {
        update(model, action);
    }
}

fn frame(criterion: &mut Criterion) {
    let mut fleet = Fleet::new(Policy::default());
    for event in members::scan(HOSTS, clock::wall()) {
        fleet.apply(event);
    }
    fleet.settle();
    let mut model = Model::new(fleet, Theme::default(), false);
    update(&mut model, Action::Resize(SIZE.0, SIZE.1));
    let Ok(mut terminal) = Terminal::new(TestBackend::new(SIZE.0, SIZE.1));
    let mut group = criterion.benchmark_group("frame");
    let mut measure = |name: &str, model: &mut Model, step: &[KeyCode]| {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                for code in step {
                    press(model, *code);
                }
                terminal.draw(|frame| draw(model, frame)).map(|_| ())
            });
        });
    };
    measure("table", &mut model, &[]);
    measure("table, one row down", &mut model, &[KeyCode::Down]);
    measure(
        "table, to the end and back",
        &mut model,
        &[KeyCode::End, KeyCode::Home],
    );
    press(&mut model, KeyCode::Enter);
    measure("host", &mut model, &[]);
    measure("host, the next one", &mut model, &[KeyCode::Char('n')]);
    press(&mut model, KeyCode::Esc);
    press(&mut model, KeyCode::Char('o'));
    measure("overview", &mut model, &[]);
    measure("overview, one bar down", &mut model, &[KeyCode::Down]);
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(2));
    targets = frame
}
criterion_main!(benches);
