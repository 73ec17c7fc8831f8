//! Saved scans as lists of targets: their hosts, or those that `--select` chooses.

use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Result;

use crate::fleet::Rules;
use crate::report;
use crate::table::Filter;
use crate::targets::{Refusal, SavedHost};

pub(super) struct SavedScans {
    filter: Option<Filter>,
    rules: Rules,
    is_used: AtomicBool,
}

impl SavedScans {
    pub(super) fn new(select: Option<&str>, rules: Rules) -> Result<Self> {
        Ok(Self {
            filter: select.map(Filter::parse).transpose()?,
            rules,
            is_used: AtomicBool::new(false),
        })
    }

    /// Whether a list was a saved scan.
    pub(super) fn is_used(&self) -> bool {
        self.is_used.load(Ordering::Relaxed)
    }

    pub(super) fn hosts(
        &self,
        name: &str,
        content: &mut dyn Read,
    ) -> Result<Vec<SavedHost>, Refusal> {
        self.is_used.store(true, Ordering::Relaxed);
        let opened = report::open_from(content, name, self.rules.clone()).map_err(|error| {
            Refusal::new(error.reason().to_string(), "or give the targets themselves")
        })?;
        let hosts = opened.fleet.hosts().filter_map(|(_, host)| {
            let history = host.history();
            let is_meant = match &self.filter {
                Some(filter) => filter.matches(host),
                // Such a host was met only because a name of another leads there.
                None => !history.outside_targets,
            };
            is_meant.then_some(SavedHost {
                key: history.key,
                gateway: history.gateway,
            })
        });
        let hosts: Vec<SavedHost> = hosts.collect();
        if hosts.is_empty() {
            let reason = if self.filter.is_some() {
                "no host of this saved scan matches --select"
            } else {
                "this saved scan has no hosts"
            };
            return Err(Refusal::new(
                reason,
                "choose others, or use the targets themselves",
            ));
        }
        Ok(hosts)
    }
}
