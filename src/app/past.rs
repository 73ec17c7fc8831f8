//! The scans before the one that is shown or reported: of the history; of the demo, simulated.

use std::sync::{Arc, Mutex, PoisonError};

use crate::changes::{Comparison, HostRecord, PastHost, Snapshot};
use crate::fleet::{Fleet, Rules};
use crate::history::{Index, JournalFolder};
use crate::model::EpochId;
use crate::tui::PastScans;

use super::kept;

/// Scans of a host that its page shows.
const MOST_SCANS: usize = 60;

/// What has changed since the scan before it of the same site and targets, noted at each host, too; `None` without such a scan.
///
/// # Errors
/// As [`before`].
pub(super) fn since_last(fleet: &mut Fleet) -> Result<Option<Comparison>, String> {
    let comparison = Past::of(fleet).comparison(fleet)?;
    if let Some(comparison) = &comparison {
        fleet.set_changes(&comparison.of_rows());
    }
    Ok(comparison)
}

/// The scan before it of the same site and targets, or the sweep before it of a watched scan, if there is one.
///
/// # Errors
/// Why it cannot be read, or why this scan has none: it is not kept here, as one from another machine.
pub(super) fn before(folder: &JournalFolder, fleet: &Fleet) -> Result<Option<Snapshot>, String> {
    let not_kept = || {
        "this scan is not kept on this machine, so there is no scan before it to compare with: \
         `rdpscan diff` compares any two saved scans"
            .to_owned()
    };
    let id = fleet.id().ok_or_else(not_kept)?;
    let work = fleet.planned_work().ok_or_else(not_kept)?;
    folder.kept(id).ok_or_else(not_kept)?;
    let Some(before) = folder.previous(id, fleet.site(), &work.target_key) else {
        return Ok(None);
    };
    let index = Index::connect(folder, fleet.rules().clone());
    let before = index.and_then(|mut index| index.snapshot(&before));
    before.map(Some).map_err(|error| {
        tracing::warn!(%error, "The scan before cannot be compared");
        format!("the scan before cannot be read: {error}")
    })
}

type Before = Result<Option<Arc<Snapshot>>, String>;

#[derive(Debug)]
pub(super) struct Past {
    rules: Rules,
    #[cfg_attr(not(feature = "sim"), expect(dead_code, reason = "of the demo"))]
    simulated: bool,
    /// What was before the scan or sweep that was asked for last, read once.
    before: Mutex<Option<(EpochId, Before)>>,
}

impl Past {
    pub(super) const fn new(rules: Rules, simulated: bool) -> Self {
        Self {
            rules,
            simulated,
            before: Mutex::new(None),
        }
    }

    /// That of a fleet with its first events.
    pub(super) fn of(fleet: &Fleet) -> Self {
        let simulated = fleet.plan().is_some_and(|plan| plan.simulated);
        Self::new(fleet.rules().clone(), simulated)
    }

    fn before(&self, fleet: &Fleet) -> Before {
        let id = fleet.id().ok_or("nothing is scanned yet")?;
        let mut known = self.before.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, before)) = &*known
            && *of == id
        {
            return before.clone();
        }
        let folder = kept::folder().map_err(|error| error.to_string());
        let before = folder
            .and_then(|folder| before(&folder, fleet))
            .map(|before| before.map(Arc::new));
        *known = Some((id, before.clone()));
        before
    }

    fn comparison(&self, fleet: &Fleet) -> Result<Option<Comparison>, String> {
        let now = || Snapshot::of(fleet).ok_or_else(|| "nothing is scanned yet".to_owned());
        #[cfg(feature = "sim")]
        if self.simulated {
            let now = now()?;
            let before = super::demo_past::before(fleet, &now);
            return Ok(Some(Comparison::new(&before, &now)));
        }
        let Some(before) = self.before(fleet)? else {
            return Ok(None);
        };
        Ok(Some(Comparison::new(&before, &now()?)))
    }
}

impl PastScans for Past {
    fn compare(&self, fleet: &Fleet) -> Result<Comparison, String> {
        self.comparison(fleet)?.ok_or_else(|| {
            "there is no scan before this one: scan the same targets again later, and this shows what has changed".to_owned()
        })
    }

    fn of_host(&self, scan: EpochId, host: &HostRecord) -> Result<Vec<PastHost>, String> {
        #[cfg(feature = "sim")]
        if self.simulated {
            return Ok(super::demo_past::of_host(scan, host));
        }
        let read = || -> anyhow::Result<Vec<PastHost>> {
            let mut index = Index::open(&kept::folder()?, self.rules.clone())?;
            let name = match &host.name {
                Some(name) => name.to_string(),
                None => host.key.to_string(),
            };
            Ok(index.host_until(&name, (scan, host), MOST_SCANS)?)
        };
        read().map_err(|error| error.to_string())
    }
}
