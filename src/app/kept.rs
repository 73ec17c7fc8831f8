//! The history of this user: where it is, which scan of it a command means, and what a scan says of it at its end.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::clock;
use crate::fleet::Fleet;
use crate::history::{Index, Journal, JournalEnd, JournalFolder, Keep, KeptScan, Reference};
use crate::model::{EpochId, ScanId, ScanStatus};
use crate::report::{self, TrendPoint};

use super::signals::Stop;
use super::ui_state;

/// The folder of kept scans.
pub(super) fn folder() -> Result<JournalFolder> {
    let folder = ui_state::folder().context("this account has no home folder to keep scans in")?;
    Ok(JournalFolder::at(folder.join("scans")))
}

/// The kept scan that an argument means; `None` for a file.
pub(super) fn find(argument: &Path) -> Result<Option<KeptScan>> {
    let reference = argument.to_str().and_then(Reference::parse);
    match reference {
        Some(reference) if !argument.exists() => Ok(Some(folder()?.find(&reference)?)),
        _ => Ok(None),
    }
}

/// The file that an argument means: a file, else a kept scan.
pub(super) fn locate(argument: &Path) -> Result<PathBuf> {
    let kept = find(argument)?;
    Ok(kept.map_or_else(|| argument.to_owned(), |kept| kept.path))
}

/// Writes a scan that has ended into the index. It can be done later, so a failure is only logged. Where the reader of the events
/// stopped before their end, only the journal has all of them.
fn add_to_index(folder: &JournalFolder, id: EpochId, fleet: &Fleet) {
    if fleet.end().is_none() {
        return;
    }
    let added = || -> Result<()> {
        let kept = folder.kept(id).context("it is not kept any more")?;
        Ok(Index::connect(folder, fleet.rules().clone())?.add(&kept, fleet)?)
    };
    if let Err(error) = added() {
        tracing::warn!(%error, "The scan is not in the index of the history yet");
    }
}

/// The complete scans before it of the same site and targets, oldest first, as far as the index has them: no journal is read for a trend.
/// None for a scan that is not kept here.
pub(super) fn trend(fleet: &Fleet) -> Vec<TrendPoint> {
    scans_before(fleet).unwrap_or_else(|error| {
        tracing::warn!(%error, "The trend cannot be read");
        Vec::new()
    })
}

fn scans_before(fleet: &Fleet) -> Result<Vec<TrendPoint>> {
    let is_simulated = fleet.plan().is_none_or(|plan| plan.simulated);
    let (Some(id), Some(work), false) = (fleet.id(), fleet.planned_work(), is_simulated) else {
        return Ok(Vec::new());
    };
    let folder = folder()?;
    let Some(kept) = folder.kept(id) else {
        return Ok(Vec::new());
    };
    let mut index = Index::connect(&folder, fleet.rules().clone())?;
    let most = report::MOST_POINTS - 1;
    let before = index.before(&kept, fleet.site(), &work.target_key, most)?;
    let points = before.into_iter().map(|entry| TrendPoint {
        at: entry.times.0,
        hosts: entry.hosts,
        problems: entry.problems,
        expired: entry.expired,
    });
    Ok(points.collect())
}

/// Ends the journal of a scan, if it has one, and deletes what is kept beyond the limits. Returns what was saved; only a failure is
/// said in spite of `--quiet`.
pub(super) async fn end(
    journal: Option<Journal>,
    fleet: &Fleet,
    keep: Keep,
    stop: &Stop,
    quiet: bool,
) -> Option<String> {
    let (journal, id) = (journal?, fleet.id()?);
    let folder = journal.folder().clone();
    let end = journal.finish(stop.now.cancelled()).await;
    let ended = fleet.clone();
    let keeping = tokio::task::spawn_blocking(move || {
        let key = ended.planned_work().map_or("", |work| &*work.target_key);
        folder.prune(keep, Some((id, ended.site(), key)), clock::wall());
        add_to_index(&folder, id, &ended);
    });
    tokio::select! {
        biased;
        () = stop.now.cancelled() => {}
        _ = keeping => {}
    }
    let status = fleet.end().map(|end| end.status);
    end_line(id.scan, &end, status, quiet)
}

fn end_line(
    scan: ScanId,
    end: &JournalEnd,
    status: Option<ScanStatus>,
    quiet: bool,
) -> Option<String> {
    let open = "open it with `rdpscan open @last`";
    if let Some(failure) = &end.failure {
        return Some(format!(
            "rdpscan: the scan is only saved in part ({failure}): {scan}; {open}"
        ));
    }
    if end.left_out > 0 {
        return Some(format!(
            "rdpscan: the scan is saved without {} events, for which the disk was too slow or full: {scan}; {open}",
            end.left_out
        ));
    }
    let resume = match status {
        Some(ScanStatus::Complete) => "",
        _ => ", continue it with `rdpscan resume`",
    };
    (!quiet).then(|| format!("saved: {scan}; {open}{resume}"))
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn the_line_names_the_scan_and_what_can_be_done_with_it() {
        let scan = "20261130T110000Z-00c0ffee".parse().unwrap();
        let line = |end: JournalEnd, status, quiet| end_line(scan, &end, Some(status), quiet);
        let done = line(JournalEnd::default(), ScanStatus::Complete, false).unwrap();
        assert_eq!(
            done,
            "saved: 20261130T110000Z-00c0ffee; open it with `rdpscan open @last`"
        );
        let stopped = line(JournalEnd::default(), ScanStatus::Interrupted, false).unwrap();
        assert!(
            stopped.ends_with(", continue it with `rdpscan resume`"),
            "{stopped}"
        );
        assert_eq!(
            line(JournalEnd::default(), ScanStatus::Complete, true),
            None
        );
        let full = JournalEnd {
            failure: Some(io::ErrorKind::StorageFull.into()),
            left_out: 0,
        };
        let full = line(full, ScanStatus::Complete, true).unwrap();
        assert!(full.contains("only saved in part"), "{full}");
    }
}
