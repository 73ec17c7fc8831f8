//! What was acknowledged on this machine: a file of its own, since nothing else holds it. Scans and their index come and go.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::HistoryError;
use crate::fleet::Acknowledgement;
use crate::{platform, sanitize};

const VERSION: u32 = 1;
/// In bytes; no user acknowledges so much.
const LONGEST: usize = if cfg!(test) { 1 << 20 } else { 64 << 20 };
/// How long another process may write, in steps of a few milliseconds.
const STEP: Duration = Duration::from_millis(10);
const MOST_STEPS: u32 = 1_000;

#[derive(Debug, Serialize, Deserialize)]
struct Content {
    version: u32,
    acknowledged: Vec<Acknowledgement>,
}

/// The version alone, of a file that may be of a later one.
#[derive(Deserialize)]
struct Version {
    version: u32,
}

/// The file of acknowledgements, of its user alone.
#[derive(Debug, Clone)]
pub struct AcknowledgementFile {
    path: PathBuf,
}

/// What is in it.
#[derive(Debug, Default)]
pub struct Acknowledgements {
    pub entries: Vec<Acknowledgement>,
    /// Where a damaged file was moved to.
    pub set_aside: Option<PathBuf>,
}

enum Fault {
    Damaged,
    Failed(HistoryError),
}

impl AcknowledgementFile {
    #[must_use]
    pub const fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// A damaged file is set aside.
    pub fn read(&self) -> Result<Acknowledgements, HistoryError> {
        let content = self.content();
        if matches!(content, Err(Fault::Damaged)) {
            let _lock = self.lock()?;
            return self.accept(self.content());
        }
        self.accept(content)
    }

    /// Changes what is in it. Another process waits meanwhile, so that neither loses what the other one adds.
    pub fn change(
        &self,
        change: impl FnOnce(&mut Vec<Acknowledgement>),
    ) -> Result<Acknowledgements, HistoryError> {
        let _lock = self.lock()?;
        let mut found = self.accept(self.content())?;
        change(&mut found.entries);
        self.write(&found.entries)
            .map_err(|cause| self.failed(cause))?;
        Ok(found)
    }

    /// A damaged file is only moved by the process that has the lock.
    fn accept(
        &self,
        content: Result<Vec<Acknowledgement>, Fault>,
    ) -> Result<Acknowledgements, HistoryError> {
        match content {
            Ok(entries) => Ok(Acknowledgements {
                entries,
                set_aside: None,
            }),
            Err(Fault::Failed(error)) => Err(error),
            Err(Fault::Damaged) => {
                let (mut aside, mut number) = (self.beside("damaged"), 1);
                // An earlier one stays: nothing else holds what is in it.
                while aside.exists() {
                    number += 1;
                    aside = self.beside(&format!("damaged-{number}"));
                }
                fs::rename(&self.path, &aside).map_err(|cause| self.failed(cause))?;
                Ok(Acknowledgements {
                    entries: Vec::new(),
                    set_aside: Some(aside),
                })
            }
        }
    }

    fn content(&self) -> Result<Vec<Acknowledgement>, Fault> {
        let failed = |cause| Fault::Failed(self.failed(cause));
        let file = match File::open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            file => file.map_err(failed)?,
        };
        let mut text = Vec::new();
        file.take(LONGEST as u64)
            .read_to_end(&mut text)
            .map_err(failed)?;
        match serde_json::from_slice::<Version>(&text) {
            Ok(Version { version }) if version > VERSION => {
                Err(Fault::Failed(HistoryError::NewerAcknowledgements {
                    path: sanitize::path(&self.path),
                }))
            }
            _ => serde_json::from_slice::<Content>(&text)
                .map(|content| content.acknowledged)
                .map_err(|_| Fault::Damaged),
        }
    }

    /// Replaces the file in one step.
    fn write(&self, entries: &[Acknowledgement]) -> io::Result<()> {
        let content = Content {
            version: VERSION,
            acknowledged: entries.to_vec(),
        };
        let mut text = serde_json::to_vec_pretty(&content)?;
        text.push(b'\n');
        if text.len() > LONGEST {
            let limit = format!("it would be longer than {LONGEST} bytes");
            return Err(io::Error::other(limit));
        }
        // For this user alone, as temporary files are.
        let mut file = tempfile::NamedTempFile::new_in(self.folder())?;
        file.write_all(&text)?;
        file.as_file().sync_data()?;
        file.persist(&self.path).map_err(|error| error.error)?;
        Ok(())
    }

    /// The lock is a file of its own, since the other one is replaced.
    fn lock(&self) -> Result<File, HistoryError> {
        let failed = |cause| self.failed(cause);
        platform::create_private_folder(self.folder()).map_err(failed)?;
        let path = self.beside("lock");
        let mut waited = 0;
        loop {
            match open_lock(&path) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && waited < MOST_STEPS => {
                    waited += 1;
                    thread::sleep(STEP);
                }
                locked => return locked.map_err(failed),
            }
        }
    }

    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(&self.path)
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        PathBuf::from(format!("{}.{suffix}", self.path.display()))
    }

    fn failed(&self, cause: io::Error) -> HistoryError {
        HistoryError::Acknowledgements {
            path: sanitize::path(&self.path),
            cause,
        }
    }
}

fn open_lock(path: &Path) -> io::Result<File> {
    match platform::open_exclusively(path, false) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            drop(platform::append_private(path)?);
            platform::open_exclusively(path, false)
        }
        locked => locked,
    }
}

#[cfg(test)]
#[path = "acknowledged_tests.rs"]
mod tests;
