//! What the scans of the history found, host by host, so that a question about many scans reads no journal.
//!
//! Everything in the index comes from the journals: what is missing is added whenever it is opened, and one that is damaged or of an
//! older version is made again.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior, params};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::folder::{HistoryError, JournalFolder, KeptScan, began};
use crate::changes::{HostRecord, PastHost, Scope, Snapshot};
use crate::fleet::{Fleet, Rules};
use crate::model::{EpochId, HostKey, PlannedWork, ScanEnd, ScanId, ScanStatus, Texts};
use crate::{platform, sanitize};

const FILE: &str = "index.sqlite";
/// Of the tables. Raised with every change to them or to what is written into them.
const VERSION: i64 = 5;
const TABLES: &str = "
    CREATE TABLE scans (
        scan TEXT PRIMARY KEY,
        journal_bytes INTEGER NOT NULL,
        judged_by TEXT NOT NULL,
        entry TEXT NOT NULL,
        work TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE hosts (
        scan TEXT NOT NULL,
        host TEXT NOT NULL,
        record TEXT NOT NULL,
        PRIMARY KEY (scan, host)
    );
    CREATE TABLE names (
        name TEXT NOT NULL,
        scan TEXT NOT NULL,
        host TEXT NOT NULL,
        PRIMARY KEY (name, scan, host)
    ) WITHOUT ROWID;
    CREATE INDEX names_by_scan ON names (scan);";
const OF_HOST: &str = "
    SELECT record, entry FROM names JOIN hosts USING (scan, host) JOIN scans USING (scan)
    WHERE name = ? ORDER BY scan, host";
/// How long another process may write before this one fails.
const BUSY: Duration = Duration::from_secs(10);

/// A scan of the history, in a few figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScanEntry {
    pub scan: ScanId,
    pub site: Box<str>,
    /// As [`PlannedWork::target_key`].
    pub target_key: Box<str>,
    /// Number of the sweep in a watched scan, from 1.
    pub epoch: u32,
    /// Start, and the time as of which hosts are judged.
    pub times: (Timestamp, Timestamp),
    /// As the user gave them.
    pub targets: Texts,
    /// `None` for one that was broken off.
    pub end: Option<ScanEnd>,
    pub hosts: u64,
    pub would_refuse: u64,
    pub problems: u64,
    /// With an expired certificate.
    pub expired: u64,
}

impl ScanEntry {
    #[must_use]
    pub const fn id(&self) -> EpochId {
        EpochId::new(self.scan, self.epoch)
    }

    /// Where it is in the order of time, as [`KeptScan::place`].
    fn place(&self) -> (Timestamp, EpochId) {
        (began(self.id(), self.times.0), self.id())
    }
}

#[derive(Debug)]
pub struct Index {
    folder: JournalFolder,
    rules: Rules,
    db: Connection,
    /// `None` when it is in memory only, because there is no writing in the folder.
    file: Option<PathBuf>,
    /// It was damaged, and is made again only once.
    is_made_again: bool,
}

type Asked<T> = Result<T, rusqlite::Error>;

impl Index {
    /// The index of a folder, with every journal that no process is writing.
    pub fn open(folder: &JournalFolder, rules: impl Into<Rules>) -> Result<Self, HistoryError> {
        let mut index = Self::connect(folder, rules)?;
        index.catch_up()?;
        Ok(index)
    }

    /// The same without reading journals.
    pub fn connect(folder: &JournalFolder, rules: impl Into<Rules>) -> Result<Self, HistoryError> {
        let path = folder.path().join(FILE);
        let opened = match open_file(&path, None) {
            Err(Failure::Sqlite(error)) if is_damage(&error) => {
                // Where it stays, it is opened in vain, and is in memory.
                set_aside(&path);
                open_file(&path, None)
            }
            opened => opened,
        };
        let (db, file) = match opened {
            Ok(db) => (db, Some(path)),
            Err(Failure::Newer { found }) => {
                return Err(HistoryError::NewerIndex {
                    path: sanitize::path(&path),
                    found,
                    own: VERSION,
                });
            }
            Err(failure) => {
                let failure = failure.to_string();
                tracing::warn!(failure, "The index of the history is in memory only");
                (in_memory().map_err(|error| unreadable(&error))?, None)
            }
        };
        Ok(Self {
            folder: folder.clone(),
            rules: rules.into(),
            db,
            file,
            is_made_again: false,
        })
    }

    /// Adds the journals that it lacks or has by other rules, and forgets those that are no more.
    fn catch_up(&mut self) -> Result<(), HistoryError> {
        self.forget_deleted()?;
        for kept in self.folder.by_id()? {
            // One that is being written is not read, since it grows.
            if !self.is_known(&kept)? && !kept.is_running() {
                match self.read(&kept) {
                    Ok((fleet, bytes)) => drop(self.insert(&fleet, bytes)?),
                    Err(error) => tracing::warn!(%error, "A scan is not in the index"),
                }
            }
        }
        Ok(())
    }

    /// Forgets the scans whose journals are no more.
    pub fn forget_deleted(&mut self) -> Result<(), HistoryError> {
        let known = self.ask(|db| {
            let mut rows = db.prepare("SELECT scan FROM scans")?;
            let rows = rows.query_map([], |row| row.get(0))?;
            rows.collect::<Asked<Vec<String>>>()
        })?;
        // After the question, so that one that another process adds meanwhile is not forgotten.
        let kept = self.folder.by_id()?;
        let kept: HashSet<String> = kept.iter().map(|kept| key(kept.id())).collect();
        for deleted in known.iter().filter(|scan| !kept.contains(*scan)) {
            self.write(|db| delete(db, deleted))?;
        }
        Ok(())
    }

    /// Whether it has this journal as that is now, judged by the current rules.
    fn is_known(&mut self, kept: &KeptScan) -> Result<bool, HistoryError> {
        let (scan, judged_by) = (key(kept.id()), self.judged_by());
        let bytes = length(kept);
        self.ask(|db| {
            let known =
                "SELECT 1 FROM scans WHERE scan = ? AND judged_by = ? AND journal_bytes = ?";
            db.prepare(known)?.exists(params![scan, judged_by, bytes])
        })
    }

    /// The fleet of a journal, and the bytes of that: at least those of which the fleet was made.
    fn read(&self, kept: &KeptScan) -> Result<(Fleet, Option<i64>), HistoryError> {
        let bytes = length(kept);
        let mut fleet = Fleet::new(self.rules.clone());
        for event in kept.events()? {
            fleet.apply(event.map_err(|cause| kept.damaged(cause))?);
        }
        fleet.close_broken_off();
        fleet.settle();
        Ok((fleet, bytes))
    }

    /// Writes what a scan that has ended found in place of what is known of it, and forgets those that are no more.
    pub fn add(&mut self, kept: &KeptScan, fleet: &Fleet) -> Result<(), HistoryError> {
        self.insert(fleet, length(kept))?;
        self.forget_deleted()
    }

    /// Writes what a scan found, unless its journal is no more, or grows. Returns it.
    fn insert(
        &mut self,
        fleet: &Fleet,
        bytes: Option<i64>,
    ) -> Result<Option<Snapshot>, HistoryError> {
        let found = Snapshot::of(fleet);
        let (Some(snapshot), Some(bytes)) = (&found, bytes) else {
            return Ok(found);
        };
        let work = fleet.planned_work().map(AsRef::as_ref);
        let summary = fleet.summary();
        let entry = ScanEntry {
            scan: snapshot.id.scan,
            site: fleet.site().into(),
            target_key: work.map_or_else(Box::default, |work| work.target_key.clone()),
            epoch: snapshot.id.epoch,
            times: snapshot.times,
            targets: fleet
                .plan()
                .map(|plan| plan.targets.clone())
                .unwrap_or_default(),
            end: fleet.end(),
            hosts: summary.hosts,
            would_refuse: summary.refusing.sum(),
            problems: summary.problems,
            expired: summary.expired(),
        };
        let scan = key(snapshot.id);
        let judged_by = self.judged_by();
        self.write(|db| {
            delete(db, &scan)?;
            db.execute(
                "INSERT INTO scans VALUES (?, ?, ?, ?, ?)",
                params![scan, bytes, judged_by, json(&entry)?, json(&work)?],
            )?;
            let mut hosts = db.prepare("INSERT OR REPLACE INTO hosts VALUES (?, ?, ?)")?;
            let mut names = db.prepare("INSERT OR IGNORE INTO names VALUES (?, ?, ?)")?;
            // In the order of the keys, in which a tree grows at its end.
            let mut rows: Vec<_> = snapshot
                .hosts
                .iter()
                .map(|record| (record.key.to_string(), record))
                .collect();
            rows.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
            for (host, record) in rows {
                hosts.execute(params![scan, host, json(record)?])?;
                for name in names_of(record) {
                    names.execute(params![name, scan, host])?;
                }
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// All scans in it, newest first.
    pub fn scans(&mut self) -> Result<Vec<ScanEntry>, HistoryError> {
        self.ask(|db| {
            let mut rows = db.prepare("SELECT entry FROM scans")?;
            let rows = rows.query_map([], |row| parsed(row, 0))?;
            Ok(newest_first(rows.collect::<Asked<_>>()?))
        })
    }

    /// The complete scans of the same site and targets before this one, oldest first: the newest so many that are in it. Those that were
    /// judged by other rules are left out, since their counts are of something else.
    pub fn before(
        &mut self,
        kept: &KeptScan,
        site: &str,
        target_key: &str,
        most: usize,
    ) -> Result<Vec<ScanEntry>, HistoryError> {
        let is_complete = |end: ScanEnd| end.status == ScanStatus::Complete;
        let judged_by = self.judged_by();
        let mut found: Vec<ScanEntry> = self.ask(|db| {
            let mut rows = db.prepare("SELECT entry FROM scans WHERE judged_by = ?")?;
            let rows = rows.query_map([&judged_by], |row| parsed(row, 0))?;
            Ok(newest_first(rows.collect::<Asked<_>>()?))
        })?;
        found.retain(|entry| {
            let is_of_them = *entry.site == *site && *entry.target_key == *target_key;
            entry.place() < kept.place() && is_of_them && entry.end.is_some_and(is_complete)
        });
        found.truncate(most);
        found.reverse();
        Ok(found)
    }

    /// The newest scan of a saved fleet, or of other targets by their key.
    pub fn last_of(&mut self, target_key: &str) -> Result<Option<ScanEntry>, HistoryError> {
        let mut scans = self.scans()?.into_iter();
        Ok(scans.find(|entry| *entry.target_key == *target_key))
    }

    /// A host over time, oldest scan first, by its address, with or without its port, or by any of its names.
    pub fn host(&mut self, name: &str) -> Result<Vec<PastHost>, HistoryError> {
        let name = name.trim_end_matches('.').to_lowercase();
        self.ask(|db| {
            let mut rows = db.prepare(OF_HOST)?;
            let rows = rows.query_map([&name], |row| {
                let entry: ScanEntry = parsed(row, 1)?;
                Ok(PastHost {
                    id: entry.id(),
                    began: entry.times.0,
                    record: parsed(row, 0)?,
                })
            })?;
            let mut found = rows.collect::<Asked<Vec<PastHost>>>()?;
            found.sort_by_key(place);
            Ok(found)
        })
    }

    /// The same in the newest scans up to this one, `most` at most, oldest first, of one host. Of several with the name in a scan it
    /// takes the one at this place, else the only one that identifies itself as this one, else none.
    pub fn host_until(
        &mut self,
        name: &str,
        (id, host): (EpochId, &HostRecord),
        most: usize,
    ) -> Result<Vec<PastHost>, HistoryError> {
        let kept = self.folder.kept(id);
        let until = kept.map_or((id.scan.began(), id), |kept| kept.place());
        let mut all = self.host(name)?;
        all.retain(|past| place(past) <= until);
        let scans = all.chunk_by(|one, other| one.id == other.id);
        let mut found: Vec<PastHost> = scans.filter_map(|of| this_one(of, host)).cloned().collect();
        found.drain(..found.len().saturating_sub(most));
        Ok(found)
    }

    /// A scan to compare with others, judged by the current rules.
    pub fn snapshot(&mut self, kept: &KeptScan) -> Result<Snapshot, HistoryError> {
        if !self.is_known(kept)? {
            // Asked before it is read: one that grows is not in the index.
            let is_running = kept.is_running();
            let (fleet, bytes) = self.read(kept)?;
            let found = self.insert(&fleet, bytes.filter(|_| !is_running))?;
            self.forget_deleted()?;
            if let Some(snapshot) = found {
                return Ok(snapshot);
            }
        }
        let scan = key(kept.id());
        let (entry, work, hosts) = self.ask(|db| {
            let (entry, work): (ScanEntry, Option<PlannedWork>) = db.query_row(
                "SELECT entry, work FROM scans WHERE scan = ?",
                [&scan],
                |row| Ok((parsed(row, 0)?, parsed(row, 1)?)),
            )?;
            let mut rows = db.prepare("SELECT record FROM hosts WHERE scan = ?")?;
            let rows = rows.query_map([&scan], |row| parsed(row, 0))?;
            Ok((entry, work, rows.collect::<Asked<Vec<HostRecord>>>()?))
        })?;
        Ok(Snapshot {
            id: entry.id(),
            times: entry.times,
            scope: Scope::new(work.as_ref(), entry.end),
            hosts,
        })
    }

    /// The settings by which rows were judged. What is acknowledged changes often, and counts as it was when the scan ended.
    fn judged_by(&self) -> String {
        let ignored: Vec<&str> = self.rules.exceptions.ignored().collect();
        let version = env!("CARGO_PKG_VERSION");
        format!("{version} {:?} {ignored:?}", self.rules.policy)
    }

    /// Reads. When the file turns out to be damaged, it is made again first.
    fn ask<T>(&mut self, question: impl Fn(&Connection) -> Asked<T>) -> Result<T, HistoryError> {
        match question(&self.db) {
            Err(error) if is_damage(&error) => {
                self.make_again()?;
                question(&self.db).map_err(|error| unreadable(&error))
            }
            answer => answer.map_err(|error| unreadable(&error)),
        }
    }

    /// Writes in one transaction.
    fn write(&mut self, change: impl Fn(&Connection) -> Asked<()>) -> Result<(), HistoryError> {
        let transact = |db: &mut Connection| {
            let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            change(&transaction)?;
            transaction.commit()
        };
        match transact(&mut self.db) {
            Err(error) if is_damage(&error) => {
                self.make_again()?;
                transact(&mut self.db).map_err(|error| unreadable(&error))
            }
            written => written.map_err(|error| unreadable(&error)),
        }
    }

    fn make_again(&mut self) -> Result<(), HistoryError> {
        let Some(path) = self.file.take() else {
            return Err(unreadable(&rusqlite::Error::InvalidQuery));
        };
        // Windows renames no file that is open.
        self.db = in_memory().map_err(|error| unreadable(&error))?;
        let is_aside = set_aside(&path);
        self.start_again(is_aside)
    }

    /// In a file if the damaged one is out of the way, else in memory, so that it does not meet the same damage again.
    fn start_again(&mut self, is_aside: bool) -> Result<(), HistoryError> {
        if is_aside && !self.is_made_again {
            *self = Self::connect(&self.folder, self.rules.clone())?;
            self.is_made_again = true;
        }
        self.catch_up()
    }
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("version {found}")]
    Newer { found: i64 },
    #[error(transparent)]
    Io(std::io::Error),
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
}

fn open_file(path: &Path, vfs: Option<&str>) -> Result<Connection, Failure> {
    // For this user alone; the files that SQLite puts beside it have the same permissions.
    drop(platform::append_private(path).map_err(Failure::Io)?);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut db = match vfs {
        None => Connection::open_with_flags(path, flags)?,
        Some(vfs) => Connection::open_with_flags_and_vfs(path, flags, vfs)?,
    };
    db.busy_timeout(BUSY)?;
    // Where a file system has no shared memory, it stays with another mode. The version is asked for in either.
    let wal = db.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()));
    if let Err(error) = wal {
        if is_damage(&error) {
            return Err(error.into());
        }
        if error.sqlite_error_code() != Some(ErrorCode::DatabaseBusy) {
            db.pragma_update_and_check(None, "journal_mode", "TRUNCATE", |_| Ok(()))?;
        }
    }
    // What is lost with the power is in the journals.
    db.pragma_update(None, "synchronous", "NORMAL")?;
    make_tables(&mut db)?;
    Ok(db)
}

fn in_memory() -> Asked<Connection> {
    let db = Connection::open_in_memory()?;
    db.execute_batch(TABLES)?;
    Ok(db)
}

/// Makes the tables of this version, if they are not there. Those of an older one are filled again from the journals.
fn make_tables(db: &mut Connection) -> Result<(), Failure> {
    let version = |db: &Connection| db.pragma_query_value(None, "user_version", |row| row.get(0));
    if version(db)? == VERSION {
        return Ok(());
    }
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have made them meanwhile.
    let found: i64 = version(&transaction)?;
    if found > VERSION {
        return Err(Failure::Newer { found });
    }
    if found < VERSION {
        transaction.execute_batch(
            "DROP TABLE IF EXISTS scans; DROP TABLE IF EXISTS hosts; DROP TABLE IF EXISTS names;",
        )?;
        transaction.execute_batch(TABLES)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
    }
    Ok(transaction.commit()?)
}

/// Renames a damaged file, and keeps it. One that was set aside before is replaced. Returns whether it is out of the way: Windows
/// moves no file that another process has open.
fn set_aside(path: &Path) -> bool {
    tracing::warn!(path = %path.display(), "The index of the history is damaged, and is made again");
    let beside = |suffix: &str| PathBuf::from(format!("{}{suffix}", path.display()));
    for suffix in ["-wal", "-shm"] {
        // Usually there is none.
        drop(fs::remove_file(beside(suffix)));
    }
    let is_aside = fs::rename(path, beside(".damaged")).is_ok() || fs::remove_file(path).is_ok();
    // Another process may have done it.
    is_aside || path.try_exists().is_ok_and(|exists| !exists)
}

fn is_damage(error: &rusqlite::Error) -> bool {
    match error {
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::Utf8Error(..)
        | rusqlite::Error::SqlInputError { .. } => true,
        other => matches!(
            other.sqlite_error_code(),
            // `Unknown` is SQLITE_ERROR: tables that are missing in a file of this version.
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown)
        ),
    }
}

fn unreadable(error: &rusqlite::Error) -> HistoryError {
    HistoryError::Index {
        cause: error.to_string(),
    }
}

fn delete(db: &Connection, scan: &str) -> Asked<()> {
    for table in ["scans", "hosts", "names"] {
        db.execute(&format!("DELETE FROM {table} WHERE scan = ?"), [scan])?;
    }
    Ok(())
}

fn newest_first(mut scans: Vec<ScanEntry>) -> Vec<ScanEntry> {
    scans.sort_by_key(|entry| std::cmp::Reverse(entry.place()));
    scans
}

fn place(past: &PastHost) -> (Timestamp, EpochId) {
    (began(past.id, past.began), past.id)
}

/// Which of the hosts of a scan with one name is this host.
fn this_one<'a>(hosts: &'a [PastHost], host: &HostRecord) -> Option<&'a PastHost> {
    if let [only] = hosts {
        return Some(only);
    }
    let at_place = hosts.iter().find(|past| past.record.key == host.key);
    at_place.or_else(|| {
        let marks = host.marks();
        let mut alike = hosts
            .iter()
            .filter(|past| past.record.marks().is_same(&marks));
        alike.next().filter(|_| alike.next().is_none())
    })
}

/// By what a host is found: its names, with and without their domains, and its address, with and without its port.
fn names_of(record: &HostRecord) -> Vec<String> {
    let mut names: Vec<String> = record
        .names
        .iter()
        .map(|name| name.to_lowercase())
        .collect();
    names.extend(record.machines.iter().map(ToString::to_string));
    let labels = names.iter().filter_map(|name| name.split_once('.'));
    let labels: Vec<String> = labels.map(|(label, _)| label.to_owned()).collect();
    names.extend(labels);
    names.push(record.key.to_string());
    if let HostKey::Endpoint(endpoint) = record.key {
        names.push(endpoint.address.to_string());
    }
    names
}

fn length(kept: &KeptScan) -> Option<i64> {
    i64::try_from(fs::metadata(&kept.path).ok()?.len()).ok()
}

fn json(value: &impl Serialize) -> Asked<String> {
    serde_json::to_string(value)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

fn parsed<T: DeserializeOwned>(row: &rusqlite::Row<'_>, column: usize) -> Asked<T> {
    let text = row.get_ref(column)?.as_str()?;
    serde_json::from_str(text).map_err(|error| damaged_value(column, error))
}

/// By what a scan or sweep is stored, in their order as text.
fn key(id: EpochId) -> String {
    format!("{}/{:010}", id.scan, id.epoch)
}

fn damaged_value(
    column: usize,
    error: impl std::error::Error + Send + Sync + 'static,
) -> rusqlite::Error {
    let kind = rusqlite::types::Type::Text;
    rusqlite::Error::FromSqlConversionFailure(column, kind, Box::new(error))
}

#[cfg(test)]
#[path = "index_tests.rs"]
mod tests;
