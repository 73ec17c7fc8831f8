//! How long scans are kept: the newest ones, up to a number and an age.

use std::collections::HashMap;
use std::fmt;
use std::fs;

use jiff::{SignedDuration, Timestamp};

use super::folder::{JournalFolder, KeptScan};
use crate::model::EpochId;
use crate::platform;

/// Limits of what is kept, for scans and for the sweeps of each watched one; `None` is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    pub scans: Option<u32>,
    pub days: Option<u32>,
}

impl fmt::Display for Keep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.scans, self.days) {
            (None, None) => f.write_str("all"),
            (Some(scans), None) => write!(f, "{scans}"),
            (None, Some(days)) => write!(f, "{days}d"),
            (Some(scans), Some(days)) => write!(f, "{scans}, {days}d"),
        }
    }
}

impl Keep {
    /// The scans to delete, of all that there are, newest first.
    fn surplus(self, scans: Vec<KeptScan>, now: Timestamp) -> Vec<KeptScan> {
        let most = self.scans.map_or(usize::MAX, |scans| {
            usize::try_from(scans).unwrap_or(usize::MAX)
        });
        let oldest = self.days.and_then(|days| {
            let age = SignedDuration::from_hours(i64::from(days) * 24);
            now.checked_sub(age).ok()
        });
        // A watched scan counts once, at the place of its newest sweep, and as many of its sweeps are kept as of scans.
        let mut counted = HashMap::new();
        let is_surplus = |scan: &KeptScan| {
            let next = counted.len() + 1;
            let (place, sweeps) = counted.entry(scan.scan).or_insert((next, 0));
            *sweeps += 1;
            *place > most || *sweeps > most || oldest.is_some_and(|oldest| scan.began < oldest)
        };
        scans.into_iter().filter(is_surplus).collect()
    }
}

impl JournalFolder {
    /// Deletes the scans beyond the limits, and returns how many: none that is being written, nor one that has just ended, with its
    /// site and the key of its targets, nor the one that this is compared with. What fails is only logged: it is tried again at the
    /// next scan.
    pub fn prune(&self, keep: Keep, ended: Option<(EpochId, &str, &str)>, now: Timestamp) -> u64 {
        let Ok(scans) = self.scans() else {
            return 0;
        };
        let surplus = keep.surplus(scans, now);
        let ended = ended.filter(|_| !surplus.is_empty());
        let before = ended.and_then(|(id, site, key)| self.previous(id, site, key));
        let spared = [ended.map(|(id, ..)| id), before.map(|kept| kept.id())];
        let mut deleted = 0;
        for scan in surplus
            .iter()
            .filter(|scan| !spared.contains(&Some(scan.id())))
        {
            // On Unix an open file can be removed, and on Windows not.
            let locked = platform::open_exclusively(&scan.path, false);
            match locked.map(drop).and_then(|()| fs::remove_file(&scan.path)) {
                Ok(()) => deleted += 1,
                Err(error) => {
                    tracing::warn!(%error, path = %scan.path.display(), "An old scan cannot be deleted");
                }
            }
        }
        deleted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ScanId;

    fn kept(time: &str, epoch: u32) -> KeptScan {
        let scan: ScanId = format!("{time}-00000000").parse().unwrap();
        KeptScan {
            scan,
            epoch,
            began: scan.began(),
            path: "none".into(),
            is_compressed: true,
        }
    }

    #[test]
    fn the_newest_are_kept_up_to_a_number_and_an_age() {
        let now: Timestamp = "2026-11-30T12:00:00Z".parse().unwrap();
        let scans = || -> Vec<KeptScan> {
            [
                "20261130T110000Z",
                "20261129T110000Z",
                "20261120T110000Z",
                "20260101T110000Z",
            ]
            .map(|time| kept(time, 1))
            .into()
        };
        let surplus = |scans_kept, days| {
            let keep = Keep {
                scans: scans_kept,
                days,
            };
            keep.surplus(scans(), now).len()
        };
        assert_eq!(surplus(None, None), 0);
        assert_eq!(surplus(Some(3), None), 1);
        assert_eq!(surplus(None, Some(30)), 1);
        assert_eq!(surplus(Some(3), Some(7)), 2);
        assert_eq!(surplus(Some(0), None), 4);
    }

    #[test]
    fn a_watched_scan_counts_once_and_has_so_many_sweeps() {
        let sweeps = (1..=5).rev().map(|epoch| kept("20261130T110000Z", epoch));
        let others = [kept("20261129T110000Z", 1), kept("20261128T110000Z", 1)];
        let scans: Vec<KeptScan> = sweeps.chain(others).collect();
        let keep = Keep {
            scans: Some(2),
            days: None,
        };
        let surplus = keep.surplus(scans, Timestamp::UNIX_EPOCH);
        let ids: Vec<String> = surplus.iter().map(|kept| kept.id().to_string()).collect();
        let wanted = [
            "20261130T110000Z-00000000/3",
            "20261130T110000Z-00000000/2",
            "20261130T110000Z-00000000",
            "20261128T110000Z-00000000",
        ];
        assert_eq!(ids, wanted);
    }

    #[test]
    fn a_watch_is_as_new_as_its_newest_sweep() {
        let sweep = KeptScan {
            began: "2026-11-30T12:00:00Z".parse().unwrap(),
            ..kept("20261101T110000Z", 2)
        };
        let others = [kept("20261129T110000Z", 1), kept("20261128T110000Z", 1)];
        let first = kept("20261101T110000Z", 1);
        let scans = [vec![sweep], others.into(), vec![first.clone()]].concat();
        let keep = |scans, days| Keep {
            scans: Some(scans),
            days,
        };
        let now = "2026-11-30T12:30:00Z".parse().unwrap();
        assert_eq!(keep(3, None).surplus(scans.clone(), now), []);
        let oldest = scans[2].clone();
        assert_eq!(keep(2, None).surplus(scans.clone(), now), [oldest]);
        assert_eq!(keep(3, Some(7)).surplus(scans, now), [first]);
    }

    #[test]
    fn a_scan_that_has_just_ended_or_is_being_written_is_not_deleted() {
        let place = tempfile::tempdir().unwrap();
        let folder = JournalFolder::at(place.path().join("scans"));
        let running = "20260101T110000Z-00000000".parse().unwrap();
        let of = |scan| EpochId::new(scan, 1);
        let _journal = folder.create(of(running)).unwrap();
        let ended = of("20260102T110000Z-00000000".parse().unwrap());
        folder.create(ended).unwrap();
        let none = Keep {
            scans: Some(0),
            days: None,
        };
        let prune = |ended| folder.prune(none, ended, Timestamp::UNIX_EPOCH);
        assert_eq!(prune(Some((ended, "", ""))), 0);
        assert_eq!(prune(None), 1);
        let left = folder.scans().unwrap();
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].scan, running);
    }
}
