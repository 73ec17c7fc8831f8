//! From every checkpoint, what is left and what is done are all there is, and nothing is both.

use std::collections::BTreeSet;

use std::time::Instant;

use super::*;
use crate::model::{Checkpoint, OpenPlaces, OpenWork};
use crate::scan::job::{Job, Purpose};
use crate::scan::{NotResumable, Queue};
use crate::targets::Permutation;

const LAST_ROUND: u8 = 2;

/// A scan without sockets and time: what is handed out, and what becomes of it.
struct Walk {
    targets: Arc<TargetSet>,
    seed: u64,
    queue: Queue,
    under_way: Vec<Job>,
    /// Endpoints finished, with an event or only counted.
    finished: BTreeSet<Endpoint>,
    /// Those with an event.
    told: HashSet<Endpoint>,
    /// Endpoints that names led to.
    named: BTreeSet<Endpoint>,
    now: Instant,
    saved: Vec<Saved>,
}

/// A checkpoint, and what was finished and known then.
#[derive(Clone)]
struct Saved {
    checkpoint: Checkpoint,
    finished: BTreeSet<Endpoint>,
    named: BTreeSet<Endpoint>,
}

impl Walk {
    fn of(targets: TargetSet, seed: u64) -> Self {
        let targets = Arc::new(targets);
        Self {
            queue: Queue::new(targets.clone(), seed),
            targets,
            seed,
            under_way: Vec::new(),
            finished: BTreeSet::new(),
            told: HashSet::new(),
            named: BTreeSet::new(),
            now: crate::clock::monotonic().into_std(),
            saved: Vec::new(),
        }
    }

    fn step(&mut self, kind: u8, pick: usize) {
        self.now += Duration::from_millis(50);
        if kind < 4 {
            let job = self.queue.pop(self.now);
            self.under_way.extend(job);
        } else if kind == 4 {
            let endpoint = Endpoint::new(
                IpAddr::from([10, 9, 9, u8::try_from(pick % 8).unwrap()]),
                3389,
            );
            if self.named.insert(endpoint) {
                self.queue.add(Job::discover(endpoint));
            }
        } else if kind == 5 {
            self.crash(pick);
        } else if !self.under_way.is_empty() {
            let mut job = self.under_way.swap_remove(pick % self.under_way.len());
            let Some(round) = job.round() else { return };
            match kind {
                6 => {
                    self.told.insert(job.endpoint);
                    self.finished.insert(job.endpoint);
                    self.queue.schedule(self.now, Job::again(job.endpoint));
                }
                7 if round < LAST_ROUND => {
                    job.purpose = Purpose::Discover { round: round + 1 };
                    self.queue.retry(job);
                }
                7 | 8 => {
                    self.finished.insert(job.endpoint);
                }
                9 => self.queue.retry(job),
                _ => self
                    .queue
                    .schedule(self.now + Duration::from_millis(120), job),
            }
        }
    }

    fn save(&mut self) {
        let under_way = self.under_way.iter().copied();
        let checkpoint = Checkpoint {
            permutation: Permutation::VERSION,
            cursor: self.queue.cursor(),
            open: self.queue.open(under_way, LAST_ROUND),
            ..Checkpoint::default()
        };
        self.saved.push(Saved {
            checkpoint,
            finished: self.finished.clone(),
            named: self.named.clone(),
        });
    }

    fn resumed(&self, saved: &Saved) -> Queue {
        Queue::resume(
            self.targets.clone(),
            self.seed,
            &saved.checkpoint,
            &self.told,
            LAST_ROUND,
        )
        .unwrap()
    }

    /// The scan breaks off, and goes on from one of its newest checkpoints.
    fn crash(&mut self, pick: usize) {
        let back = 1 + pick % 3;
        let Some(saved) = self.saved.iter().rev().nth(back).cloned() else {
            return;
        };
        self.queue = self.resumed(&saved);
        self.under_way.clear();
        self.named = saved.named.clone();
        // What was only counted since is not known any more.
        let known = |endpoint: &&Endpoint| self.is_part(endpoint, &saved);
        let told: Vec<Endpoint> = self.told.iter().filter(known).copied().collect();
        self.finished = saved.finished;
        self.finished.extend(told);
    }

    fn is_part(&self, endpoint: &Endpoint, saved: &Saved) -> bool {
        self.targets.contains(*endpoint) || saved.named.contains(endpoint)
    }

    /// Each endpoint as often as it is done or to be done.
    fn covered(&self, saved: &Saved) -> Vec<Endpoint> {
        let mut done = saved.finished.clone();
        done.extend(self.told.iter().filter(|one| self.is_part(one, saved)));
        let mut all: Vec<Endpoint> = done.into_iter().collect();
        let mut queue = self.resumed(saved);
        while let Some(job) = queue.pop(self.now) {
            assert!(job.round().is_some_and(|round| round <= LAST_ROUND));
            all.push(job.endpoint);
        }
        assert!(queue.is_empty());
        all.sort_unstable();
        all
    }

    fn wanted(&self, saved: &Saved) -> Vec<Endpoint> {
        let planned =
            (0..self.targets.endpoints()).filter_map(|index| self.targets.endpoint(index));
        let mut all: Vec<Endpoint> = planned.chain(saved.named.iter().copied()).collect();
        all.sort_unstable();
        all
    }
}

fn any_targets() -> impl Strategy<Value = TargetSet> {
    let range = (0_u8..3, 1_u8..200, 0_u8..30);
    let ports = prop::sample::subsequence(vec![3389_u16, 3390, 13389], 1..=3);
    (prop::collection::vec(range, 1..4), ports).prop_map(|(ranges, ports)| {
        let mut builder = TargetSetBuilder::new(&ports);
        for (third, first, more) in ranges {
            let text = format!("10.0.{third}.{first}-{}", first + more);
            builder.add_text(&text).unwrap();
        }
        builder.build().unwrap()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_resume_from_any_checkpoint_covers_every_endpoint_once(
        targets in any_targets(),
        seed: u64,
        steps in prop::collection::vec((0_u8..11, any::<usize>()), 0..160),
    ) {
        let mut walk = Walk::of(targets, seed);
        walk.save();
        for (kind, pick) in steps {
            walk.step(kind, pick);
            walk.save();
            let newest = walk.saved.last().unwrap();
            prop_assert_eq!(walk.covered(newest), walk.wanted(newest));
        }
    }

    /// As above, with everything that was told after the checkpoint.
    #[test]
    fn what_ended_after_a_checkpoint_is_not_done_again(
        targets in any_targets(),
        seed: u64,
        steps in prop::collection::vec((0_u8..11, any::<usize>()), 0..160),
    ) {
        let mut walk = Walk::of(targets, seed);
        for (kind, pick) in steps {
            walk.step(if kind == 5 { 6 } else { kind }, pick);
            walk.save();
        }
        for saved in &walk.saved {
            prop_assert_eq!(walk.covered(saved), walk.wanted(saved));
        }
    }
}

#[test]
fn silent_addresses_that_wait_are_a_few_runs() {
    let targets = Arc::new(targets(&["10.0.0.0/16"], &[]));
    let mut queue = Queue::new(targets, 7);
    let now = crate::clock::monotonic().into_std();
    let mut under_way = Vec::new();
    for _ in 0..30_000 {
        let job = queue.pop(now).unwrap();
        if job.round() == Some(0) {
            queue.retry(Job {
                purpose: Purpose::Discover { round: 1 },
                ..job
            });
        } else {
            under_way.push(job);
        }
    }
    let open = queue.open(under_way.into_iter(), LAST_ROUND);
    assert_eq!(
        open.places,
        [OpenPlaces {
            from: 0,
            to: queue.cursor() - 1,
            round: 1
        }]
    );
}

#[test]
fn a_checkpoint_of_another_order_or_of_other_targets_is_refused() {
    let targets = Arc::new(targets(&["10.0.0.0/24"], &[]));
    let refusal = |permutation, cursor, runs: &[(u64, u64)]| {
        let places = runs.iter().map(|(from, to)| OpenPlaces {
            from: *from,
            to: *to,
            round: 0,
        });
        let checkpoint = Checkpoint {
            permutation,
            cursor,
            open: OpenWork {
                places: places.collect(),
                ..OpenWork::default()
            },
            ..Checkpoint::default()
        };
        Queue::resume(targets.clone(), 7, &checkpoint, &HashSet::new(), LAST_ROUND).err()
    };
    let ours = Permutation::VERSION;
    assert_eq!(refusal(ours, 100, &[(0, 5), (90, 99)]), None);
    let theirs = ours + 1;
    assert_eq!(
        refusal(theirs, 100, &[]),
        Some(NotResumable::OtherOrder { theirs })
    );
    let damaged: [(u64, &[(u64, u64)]); 5] = [
        (300, &[]),
        (100, &[(90, 100)]),
        (100, &[(9, 8)]),
        (100, &[(5, 8), (5, 8)]),
        (u64::MAX, &[(0, u64::MAX - 1)]),
    ];
    for (cursor, runs) in damaged {
        assert_eq!(
            refusal(ours, cursor, runs),
            Some(NotResumable::OtherTargets),
            "{cursor} {runs:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_checkpoints_of_a_scan_leave_what_was_neither_told_nor_counted() {
    let mut prober = FakeProber::new();
    for last in 1..=90 {
        let answer = [Answer::Up, Answer::Refused, Answer::UpAfterStall][usize::from(last % 3)];
        prober = prober.with(at(last), &[answer]);
    }
    let prober = prober.with_name("one.example", &[at(200).address, at(9).address]);
    let set = targets(&["127.9.0.0/25", "one.example"], &[]);
    let options = ScanOptions {
        rate: 20,
        ..ScanOptions::default()
    };
    let seed = options.seed;
    let events = scan(set.clone(), &Arc::new(prober), options).await;
    let mut told = HashSet::new();
    let mut checkpoints = 0;
    for event in &events {
        match &event.body {
            EventBody::AttemptFinished { attempt, .. } => {
                told.insert(attempt.endpoint);
            }
            EventBody::Checkpoint(checkpoint) => {
                checkpoints += 1;
                let mut queue =
                    Queue::resume(Arc::new(set.clone()), seed, checkpoint, &told, LAST_ROUND)
                        .unwrap();
                let mut left = HashSet::new();
                while let Some(job) = queue.pop(crate::clock::monotonic().into_std()) {
                    assert!(left.insert(job.endpoint) && !told.contains(&job.endpoint));
                }
                let counts = checkpoint.unlisted;
                let counted = counts.closed + counts.filtered + counts.unreachable;
                // 126 of the range, and one that the name leads to beside it.
                let all = counted + (told.len() + left.len()) as u64;
                assert_eq!(all, 127, "{checkpoint:?}");
            }
            _ => {}
        }
    }
    assert!(checkpoints > 5);
    let [.., checkpoint, _] = &events[..] else {
        panic!("no checkpoint before the end");
    };
    let EventBody::Checkpoint(last) = &checkpoint.body else {
        panic!("{checkpoint:?}");
    };
    assert_eq!((last.cursor, last.names_asked), (126, 1));
    assert_eq!(last.open, OpenWork::default());
    assert_eq!(last.unlisted, end(&events).unlisted);
}
