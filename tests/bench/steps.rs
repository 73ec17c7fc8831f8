//! The longest step of the screen's thread at 65,536 live hosts: events, the end of the scan, judging, freezing, exporting,
//! adopting rows. A key waits for one step at most; rows are worked out on another thread, which is timed by itself.
//!
//! `cargo bench --bench steps [-- HOSTS]`. The budget is one frame, 16 ms.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for developers: it prints its figures and stops at the first surprise"
)]

mod members;

use std::time::Duration;

use rdpscan::clock;
use rdpscan::diagnosis::Policy;
use rdpscan::fleet::Fleet;
use rdpscan::model::{EventBody, ScanEvent};
use rdpscan::table::{Grouping, View};
use rdpscan::tui::{Action, ArrangeRequest, Model, Theme, update};

/// Events that the screen folds in one go.
const BATCH: usize = 128;
const FRAME: Duration = Duration::from_millis(16);

/// Steps of one kind.
#[derive(Default)]
struct Steps {
    count: u32,
    sum: Duration,
    longest: Duration,
}

impl Steps {
    fn take<T>(&mut self, step: impl FnOnce() -> T) -> T {
        let start = clock::monotonic();
        let made = step();
        let took = clock::monotonic() - start;
        self.count += 1;
        self.sum += took;
        self.longest = self.longest.max(took);
        made
    }

    fn print(&self, name: &str) {
        let verdict = if self.longest > FRAME { "  OVER" } else { "" };
        println!(
            "{name:<34} {:>6} steps, {:>8.2} ms on average, {:>8.2} ms the longest{verdict}",
            self.count,
            self.sum.as_secs_f64() * 1000.0 / f64::from(self.count.max(1)),
            self.longest.as_secs_f64() * 1000.0
        );
    }
}

/// Steps that pass while rows are worked out: events change hosts that their copy shares.
const STEPS_AWAY: u32 = 8;

/// The thread beside the screen's.
#[derive(Default)]
struct Beside {
    under_way: Option<(ArrangeRequest, u32)>,
    copied: Steps,
    worked_out: Steps,
    adopted: Steps,
}

impl Beside {
    /// What the loop does between two steps.
    fn turn(&mut self, model: &mut Model) {
        if let Some(wanted) = self.copied.take(|| model.wanted()) {
            self.under_way = Some((wanted, STEPS_AWAY));
        }
        match self.under_way.take() {
            Some((wanted, 0)) => {
                let made = self.worked_out.take(|| Box::new(wanted.arrange()));
                self.adopted
                    .take(|| update(model, Action::RowsArranged(made)));
            }
            Some((wanted, left)) => self.under_way = Some((wanted, left - 1)),
            None => {}
        }
    }
}

fn main() {
    let hosts: u32 = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with("--"))
        .map_or(65_536, |number| number.parse().unwrap());
    let mut events: Vec<ScanEvent> = members::scan(hosts, clock::wall()).collect();
    let last = events.split_off(events.len() - BATCH);
    let mut model = Model::new(Fleet::new(Policy::default()), Theme::default(), true);
    update(&mut model, Action::Resize(200, 60));
    let mut now = Duration::ZERO;
    let mut tick = move || {
        // As if a frame passed at every step: sorts come as often as they may.
        now += FRAME;
        Action::Tick(now)
    };

    let mut beside = Beside::default();
    let (mut folded, mut ticked) = (Steps::default(), Steps::default());
    while !events.is_empty() {
        let rest = events.split_off(events.len().min(BATCH));
        let batch = std::mem::replace(&mut events, rest);
        folded.take(|| update(&mut model, Action::Events(batch)));
        let action = tick();
        ticked.take(|| update(&mut model, action));
        beside.turn(&mut model);
    }
    folded.print("128 events");
    ticked.print("between them: judge");

    let mut judged = Steps::default();
    let mut judge = |model: &mut Model, beside: &mut Beside| {
        while model.fleet.is_busy() {
            let action = tick();
            judged.take(|| update(model, action));
            beside.turn(model);
        }
    };
    judge(&mut model, &mut beside);

    let (mut frozen, mut after) = (Steps::default(), Steps::default());
    frozen.take(|| update(&mut model, Action::Freeze));
    for event in last {
        after.take(|| update(&mut model, Action::Events(vec![event])));
    }
    let mut followed = Steps::default();
    followed.take(|| update(&mut model, Action::Freeze));
    judge(&mut model, &mut beside);

    let mut exported = Steps::default();
    let copy = exported.take(|| model.fleet.clone());
    let seq = u64::from(hosts) * u64::from(members::ATTEMPTS + 1) + 1;
    let origin = members::origin();
    let end = EventBody::ScanFinished(members::kit::end(u64::from(hosts)));
    let end = ScanEvent::new(&origin, seq, clock::wall(), end);
    let mut ended = Steps::default();
    ended.take(|| update(&mut model, Action::Events(vec![end])));
    judge(&mut model, &mut beside);
    drop(copy);
    let mut asked = Steps::default();
    for action in [
        Action::SortInvert,
        Action::GroupBy(Some(Grouping::Subnet)),
        Action::FoldAll,
        Action::View(View::Problems),
        Action::Overview,
    ] {
        asked.take(|| update(&mut model, action));
        for _ in 0..=STEPS_AWAY {
            beside.turn(&mut model);
        }
    }

    judged.print("judging, after the scan's end too");
    frozen.print("freeze");
    after.print("an event behind a frozen display");
    followed.print("follow again");
    exported.print("a copy for an export");
    ended.print("the end of the scan");
    asked.print("order, groups, view, overview");
    beside.copied.print("rows asked for, or not");
    beside.adopted.print("rows adopted");
    beside.worked_out.print("rows worked out, beside");
    assert_eq!(model.fleet.summary().hosts, u64::from(hosts));
}
