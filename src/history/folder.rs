//! The folder of journals, and the files in it.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Reference;
use crate::model::{
    EpochId, EventBody, PlannedWork, ScanEvent, ScanId, ScanPlan, ScanStatus, Site,
};
use crate::record::{self, RecordError};
use crate::{platform, sanitize};

/// Extensions of journals.
const PLAIN: &str = "ndjson";
const COMPRESSED: &str = "ndjson.lz4";
/// Ids that an error names.
const MOST_NAMED: usize = 4;
/// Bytes at the end of a journal that are searched for its last event.
const TAIL: u64 = 1 << 20;

/// Why a kept scan cannot be found or opened.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    #[error(
        "the history in `{folder}` cannot be read: {cause}; check the folder and your rights to it"
    )]
    Folder { folder: String, cause: io::Error },
    #[error("no scan is kept in `{folder}`; scan first, or name a file")]
    Nothing { folder: String },
    #[error("no kept scan is `{reference}`; the newest are {newest}")]
    NoSuch {
        reference: Reference,
        newest: String,
    },
    #[error(
        "`{reference}` is the beginning of several kept scans; write more of it, as in {candidates}"
    )]
    Ambiguous {
        reference: Reference,
        candidates: String,
    },
    #[error("no other scan of the targets of {last} is kept; name one by its id, as in {newest}")]
    NoPrevious { last: EpochId, newest: String },
    #[error("no kept scan is unfinished; every one is complete")]
    NothingUnfinished,
    #[error("{scan} is in use by another rdpscan; wait for it, or stop it")]
    InUse { scan: ScanId },
    #[error("the journal of {scan} cannot be read: {cause}")]
    Journal { scan: ScanId, cause: io::Error },
    #[error("the journal of {scan} {cause}")]
    Record { scan: ScanId, cause: RecordError },
    #[error(
        "the index of the history `{path}` is of version {found}, and this rdpscan reads up to {own}; update rdpscan, or move the file away"
    )]
    NewerIndex { path: String, found: i64, own: i64 },
    #[error(
        "`{path}`, which holds what was acknowledged, cannot be read or written: {cause}; check the file and your rights to it"
    )]
    Acknowledgements { path: String, cause: io::Error },
    #[error("`{path}` was written by a later rdpscan; update rdpscan, or move the file away")]
    NewerAcknowledgements { path: String },
    #[error("the index of the history cannot be used: {cause}; try again, or move it away")]
    Index { cause: String },
}

/// The folder that scans are kept in. It is made with the first scan.
#[derive(Debug, Clone)]
pub struct JournalFolder {
    path: PathBuf,
}

/// A scan in the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptScan {
    pub scan: ScanId,
    /// Number of the sweep in a watched scan, from 1: each has a journal.
    pub epoch: u32,
    /// When it began: of a later sweep its first event, as far as that can be read.
    pub began: Timestamp,
    pub path: PathBuf,
    /// Only journals of complete scans are.
    pub is_compressed: bool,
}

impl JournalFolder {
    #[must_use]
    pub const fn at(path: PathBuf) -> Self {
        Self { path }
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All scans, newest first. A sweep of a watch that began before another scan can be newer than that.
    pub fn scans(&self) -> Result<Vec<KeptScan>, HistoryError> {
        let mut scans = self.by_id()?;
        scans.iter_mut().for_each(KeptScan::read_start);
        scans.sort_by_key(|kept| std::cmp::Reverse(kept.place()));
        Ok(scans)
    }

    /// The same by their ids, each with the start of its watch, for which no file is opened.
    pub(super) fn by_id(&self) -> Result<Vec<KeptScan>, HistoryError> {
        let failed = |cause| HistoryError::Folder {
            folder: sanitize::path(&self.path),
            cause,
        };
        let entries = match fs::read_dir(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(failed)?,
        };
        let mut scans = Vec::new();
        for entry in entries {
            scans.extend(KeptScan::of(entry.map_err(failed)?.path()));
        }
        // A compressed one comes before the plain one that it was made of.
        scans.sort_by_key(|kept: &KeptScan| std::cmp::Reverse((kept.id(), kept.is_compressed)));
        scans.dedup_by_key(|kept| kept.id());
        Ok(scans)
    }

    /// The scan that a reference names.
    pub fn find(&self, reference: &Reference) -> Result<KeptScan, HistoryError> {
        let scans = self.scans()?;
        let Some(last) = standing(&scans) else {
            return Err(HistoryError::Nothing {
                folder: sanitize::path(&self.path),
            });
        };
        let newest = || list(&scans);
        let no_such = || HistoryError::NoSuch {
            reference: reference.clone(),
            newest: newest(),
        };
        let found = match reference {
            Reference::Last => Some(last),
            Reference::Previous => {
                let found = last.subject()?.and_then(|(site, target_key)| {
                    previous(&scans, last, site.as_str(), &target_key)
                });
                return found.ok_or_else(|| HistoryError::NoPrevious {
                    last: last.id(),
                    newest: newest(),
                });
            }
            Reference::Day(day) => scans.iter().find(|kept| {
                let began = TimeZone::UTC.to_datetime(kept.began);
                began.date() == *day
            }),
            Reference::Prefix(text) => {
                let begins = |kept: &&KeptScan| kept.scan.to_string().starts_with(text);
                let candidates: Vec<KeptScan> = scans.iter().filter(begins).cloned().collect();
                let mut different = candidates.clone();
                different.sort_by_key(|kept| std::cmp::Reverse(kept.scan));
                different.dedup_by_key(|kept| kept.scan);
                if let [_, _, ..] = *different {
                    return Err(HistoryError::Ambiguous {
                        reference: reference.clone(),
                        candidates: list(&different),
                    });
                }
                return standing(&candidates).cloned().ok_or_else(no_such);
            }
            Reference::Epoch(of, epoch) => {
                let of = self.find(of)?.scan;
                scans
                    .iter()
                    .find(|kept| kept.id() == EpochId::new(of, *epoch))
            }
        };
        found.cloned().ok_or_else(no_such)
    }

    /// The newest complete scan of the same site and targets before this one, else the newest that was broken off; `None` also for a
    /// scan that is not of this folder.
    #[must_use]
    pub fn previous(&self, id: EpochId, site: &str, target_key: &str) -> Option<KeptScan> {
        let scans = self.scans().ok()?;
        let own = scans.iter().find(|kept| kept.id() == id)?;
        previous(&scans, own, site, target_key)
    }

    /// A scan by its id, or a sweep of a watched one.
    #[must_use]
    pub fn kept(&self, id: EpochId) -> Option<KeptScan> {
        let mut scans = self.by_id().ok()?.into_iter();
        let mut kept = scans.find(|kept| kept.id() == id)?;
        kept.read_start();
        Some(kept)
    }

    /// The newest scan that is not complete and that no process is writing. A watch is not resumed.
    pub fn newest_unfinished(&self) -> Result<KeptScan, HistoryError> {
        let unfinished = self.scans()?.into_iter().find(|kept| {
            let is_free = || platform::open_exclusively(&kept.path, false).is_ok();
            let is_first = kept.epoch == 1 && !kept.is_compressed;
            is_first && is_free() && !kept.is_complete() && !kept.is_of_watch()
        });
        unfinished.ok_or(HistoryError::NothingUnfinished)
    }

    /// The journal of a new scan or sweep, locked.
    pub fn create(&self, id: EpochId) -> io::Result<JournalFile> {
        platform::create_private_folder(&self.path)?;
        let scan = id.scan;
        let path = self.path.join(match id.epoch {
            1 => format!("{scan}.{PLAIN}"),
            epoch => format!("{scan}.{epoch}.{PLAIN}"),
        });
        Ok(JournalFile {
            file: platform::open_exclusively(&path, true)?,
            length: 0,
            path,
        })
    }
}

type Head = (Option<ScanPlan>, Option<(Site, Arc<PlannedWork>)>);
/// The last event of a complete scan.
pub(super) fn is_complete(event: &ScanEvent) -> bool {
    let end = event.scan_end();
    end.is_some_and(|end| end.status == ScanStatus::Complete)
}

impl KeptScan {
    fn of(path: PathBuf) -> Option<Self> {
        let (id, rest) = path.file_name()?.to_str()?.split_once('.')?;
        let numbered = rest.split_once('.').and_then(|(number, extension)| {
            let epoch = number.parse::<u32>().ok()?;
            (epoch > 1 && epoch.to_string() == number).then_some((epoch, extension))
        });
        let (epoch, extension) = numbered.unwrap_or((1, rest));
        let scan: ScanId = id.parse().ok()?;
        Some(Self {
            scan,
            epoch,
            began: scan.began(),
            is_compressed: match extension {
                PLAIN => false,
                COMPRESSED => true,
                _ => return None,
            },
            path,
        })
    }

    #[must_use]
    pub const fn id(&self) -> EpochId {
        EpochId::new(self.scan, self.epoch)
    }

    fn read_start(&mut self) {
        if self.epoch > 1 {
            let first = self.events().ok().and_then(|mut all| all.next()?.ok());
            self.began = first.map_or(self.began, |event| began(self.id(), event.at));
        }
    }

    /// Where it is in the order of time.
    #[must_use]
    pub const fn place(&self) -> (Timestamp, EpochId) {
        (self.began, self.id())
    }

    /// Whether a process is writing it.
    #[must_use]
    pub fn is_running(&self) -> bool {
        let locked = || platform::open_exclusively(&self.path, false);
        !self.is_compressed
            && locked().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }

    fn is_of_watch(&self) -> bool {
        let work = self.head().ok().and_then(|(_, work)| work);
        work.is_some_and(|(_, work)| is_watched(&work))
    }

    /// Its events.
    pub fn events(&self) -> Result<record::Reader<BufReader<Box<dyn Read>>>, HistoryError> {
        let file = match File::open(&self.path) {
            // Its scan has ended since it was found.
            Err(error) if error.kind() == io::ErrorKind::NotFound && !self.is_compressed => {
                File::open(self.path.with_extension(COMPRESSED))
            }
            opened => opened,
        };
        let text = file.and_then(record::decompress);
        let text = text.map_err(|cause| self.unreadable(cause))?;
        record::Reader::new(BufReader::new(text)).map_err(|cause| self.damaged(cause))
    }

    /// The plans of its first two events, the second with its site. It is missing in recordings of versions before it.
    pub fn head(&self) -> Result<Head, HistoryError> {
        let (mut plan, mut work) = (None, None);
        for event in self.events()?.take(2) {
            let event = event.map_err(|cause| self.damaged(cause))?;
            match event.body {
                EventBody::ScanStarted(started) => plan = Some(started),
                EventBody::WorkPlanned(planned) => work = Some((event.site, planned)),
                _ => {}
            }
        }
        Ok((plan, work))
    }

    /// The site that it was made at, and the key of its targets; `None` in recordings of versions before these.
    fn subject(&self) -> Result<Option<(Site, Box<str>)>, HistoryError> {
        let (_, work) = self.head()?;
        Ok(work.map(|(site, work)| (site, work.target_key.clone())))
    }

    /// Whether its last event is the end of a complete scan.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.is_compressed || self.ends_complete().unwrap_or(false)
    }

    fn ends_complete(&self) -> io::Result<bool> {
        let mut file = File::open(&self.path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
        let mut tail = Vec::new();
        file.take(TAIL).read_to_end(&mut tail)?;
        let mut lines = tail.split(|byte| *byte == b'\n').rev();
        let last = lines.find(|line| !line.is_empty()).unwrap_or_default();
        let event = serde_json::from_slice::<ScanEvent>(last);
        Ok(event.is_ok_and(|event| is_complete(&event)))
    }

    /// Its journal, locked to be continued. An incomplete last line is cut off.
    pub fn resume(&self) -> Result<JournalFile, HistoryError> {
        let locked = platform::open_exclusively(&self.path, false);
        let mut file = locked.map_err(|cause| match cause.kind() {
            io::ErrorKind::WouldBlock => HistoryError::InUse { scan: self.scan },
            _ => self.unreadable(cause),
        })?;
        let length = whole_lines(&mut file).and_then(|length| {
            file.set_len(length)?;
            Ok(length)
        });
        Ok(JournalFile {
            file,
            length: length.map_err(|cause| self.unreadable(cause))?,
            path: self.path.clone(),
        })
    }

    const fn unreadable(&self, cause: io::Error) -> HistoryError {
        HistoryError::Journal {
            scan: self.scan,
            cause,
        }
    }

    pub(super) const fn damaged(&self, cause: RecordError) -> HistoryError {
        HistoryError::Record {
            scan: self.scan,
            cause,
        }
    }
}

/// The length up to the end of the last whole line.
fn whole_lines(file: &mut File) -> io::Result<u64> {
    let mut end = file.metadata()?.len();
    let mut block = vec![0; 64 * 1024];
    while end > 0 {
        let begin = end.saturating_sub(block.len() as u64);
        file.seek(SeekFrom::Start(begin))?;
        let count = usize::try_from(end - begin).unwrap_or(block.len());
        let part = block.get_mut(..count).unwrap_or_default();
        file.read_exact(part)?;
        if let Some(at) = part.iter().rposition(|byte| *byte == b'\n') {
            return Ok(begin + at as u64 + 1);
        }
        end = begin;
    }
    Ok(0)
}

/// An open journal. While it lives, no other process continues the scan.
#[derive(Debug)]
pub struct JournalFile {
    file: File,
    /// Of whole lines.
    length: u64,
    path: PathBuf,
}

impl JournalFile {
    /// The folder that it is in.
    #[must_use]
    pub fn folder(&self) -> JournalFolder {
        JournalFolder::at(self.path.parent().unwrap_or(&self.path).to_owned())
    }

    /// Copies what was written so far.
    pub fn copy_to(&self, out: &mut dyn Write) -> io::Result<()> {
        let written = File::open(&self.path)?.take(self.length);
        io::copy(&mut { written }, out).map(drop)
    }

    /// Appends lines. Returns the bytes that are kept of them, which are whole lines, and what kept it from the others.
    pub(super) fn append(&mut self, lines: &[u8]) -> (usize, io::Result<()>) {
        let mut written = 0;
        let sought = self.file.seek(SeekFrom::Start(self.length));
        let mut result = sought.map(drop);
        while result.is_ok() && written < lines.len() {
            match self.file.write(lines.get(written..).unwrap_or_default()) {
                Ok(0) => result = Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => written += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => result = Err(error),
            }
        }
        let part = lines.get(..written).unwrap_or_default();
        let whole = (part.iter().rposition(|byte| *byte == b'\n')).map_or(0, |at| at + 1);
        self.length += whole as u64;
        if result.is_err() {
            // Half a line would be damage; where it stays, the next line is written over it.
            drop(self.file.set_len(self.length));
        }
        (whole, result)
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// Replaces the journal of a complete scan by a compressed one.
    pub(super) fn compress(self) -> io::Result<()> {
        let folder = self.path.parent().unwrap_or(&self.path);
        // For this user alone, as temporary files are.
        let mut compressed = tempfile::Builder::new()
            .prefix(".compressed-")
            .tempfile_in(folder)?;
        let plain = BufReader::with_capacity(1 << 18, File::open(&self.path)?);
        record::compress(plain, compressed.as_file_mut())?;
        compressed.as_file().sync_data()?;
        compressed
            .persist(self.path.with_extension(COMPRESSED))
            .map_err(|error| error.error)?;
        let path = self.path.clone();
        // Windows removes no file that is open.
        drop(self);
        fs::remove_file(path)
    }
}

/// When a scan or sweep began whose first event is of this time. A scan has that in its id, in whole seconds.
pub(super) fn began(id: EpochId, first: Timestamp) -> Timestamp {
    let began = id.scan.began();
    if id.epoch > 1 {
        first.max(began)
    } else {
        began
    }
}

/// Whether it was planned as a watch, sweep after sweep.
#[must_use]
pub fn is_watched(work: &PlannedWork) -> bool {
    work.settings.contains_key("watch.interval")
}

/// The newest scan. A watched one stands for its newest sweep that is complete, as long as there is one.
fn standing(scans: &[KeptScan]) -> Option<&KeptScan> {
    let mut stands = scans.iter();
    let found = stands.find(|kept| kept.epoch == 1 || kept.is_complete());
    found.or(scans.first())
}

fn previous(scans: &[KeptScan], own: &KeptScan, site: &str, target_key: &str) -> Option<KeptScan> {
    let mut broken_off = None;
    for kept in scans.iter().filter(|kept| kept.place() < own.place()) {
        // One that cannot be read is not the one that is meant.
        let subject = kept.subject().ok().flatten();
        if !subject.is_some_and(|(at, key)| at.as_str() == site && *key == *target_key) {
            continue;
        }
        if kept.is_complete() {
            return Some(kept.clone());
        }
        if broken_off.is_none() && !kept.is_running() {
            broken_off = Some(kept.clone());
        }
    }
    broken_off
}

/// The first of some ids, for a message.
fn list(scans: &[KeptScan]) -> String {
    let ids = scans.iter().take(MOST_NAMED);
    let ids: Vec<String> = ids.map(|kept| kept.id().to_string()).collect();
    ids.join(", ")
}

#[cfg(test)]
#[path = "folder_tests.rs"]
mod tests;
