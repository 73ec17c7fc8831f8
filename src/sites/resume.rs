//! A scan by workers goes on: its journal says which shards are complete. The others are given out again, from their beginning.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::gate::Gate;
use super::ledger::Ledger;
use super::shard::ShardPlan;
use crate::model::{EventBody, ScanEvent, ScanId, Site, Stream};
use crate::targets::{TargetSet, TargetSetBuilder};

/// What the earlier runs of a scan by workers have left to do.
#[derive(Debug)]
pub struct Resumed {
    /// Those of the first run, without what later ones exclude.
    targets: TargetSet,
    seed: u64,
    settings: BTreeMap<Box<str>, Box<str>>,
    pub(super) plan: Arc<ShardPlan>,
    pub(super) ledger: Ledger,
    pub(super) gate: Gate,
    /// The newest run.
    run: u32,
}

impl Resumed {
    /// Before the events of its journal. `settings` travel with every shard.
    #[must_use]
    pub fn new(
        scan: ScanId,
        targets: TargetSet,
        seed: u64,
        settings: BTreeMap<Box<str>, Box<str>>,
        sites: &[Site],
    ) -> Self {
        let plan = ShardPlan::new(targets.clone().into(), seed, settings.clone());
        let plan = Arc::new(plan);
        Self {
            ledger: Ledger::new(scan, Arc::clone(&plan), sites),
            gate: Gate::new(scan, sites.iter().cloned()),
            targets,
            seed,
            settings,
            plan,
            run: 1,
        }
    }

    /// Takes the events of the journal in their order. The gate has let all of them pass before.
    pub fn apply(&mut self, event: &ScanEvent) {
        match (event.stream, &event.body) {
            (Stream::Run(run), body) => {
                self.run = self.run.max(run);
                self.gate.resume(self.run);
                match body {
                    EventBody::ScanStarted(plan) => {
                        self.targets.name_texts(&plan.targets, &plan.excludes);
                    }
                    // An earlier resume may have excluded more.
                    EventBody::WorkPlanned(work) => self.targets.exclude_planned(work),
                    _ => {}
                }
            }
            (Stream::Shard { .. }, _) if self.ledger.is_news(event) => {
                // It notes what names lead to.
                let _known = self.gate.check(&self.plan, &event.site, event);
                self.ledger.observe(event);
            }
            (Stream::Shard { .. }, _) => {}
        }
    }

    /// Excludes more addresses, and begins the next run. Returns its number, and what it scans.
    pub fn finish(&mut self, excludes: TargetSetBuilder<'_>) -> (u32, Arc<TargetSet>) {
        excludes.exclude_from(&mut self.targets);
        let targets = Arc::new(self.targets.clone());
        let settings = std::mem::take(&mut self.settings);
        self.plan = Arc::new(ShardPlan::new(Arc::clone(&targets), self.seed, settings));
        self.run = self.run.saturating_add(1);
        self.ledger.resume(self.run, Arc::clone(&self.plan));
        self.gate.resume(self.run);
        (self.run, targets)
    }
}
