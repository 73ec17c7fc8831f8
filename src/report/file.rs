//! Report files, written atomically.

use std::fs::{self, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::{Format, Selection, write};
use crate::sanitize;
use crate::streams::Stream;

/// Why a report cannot be written. Paths are safe to print.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error("cannot write to `{path}`: it is a directory; name a file in it")]
    IsDirectory { path: String },
    #[error(
        "cannot write to `{path}`: there is no directory `{directory}`; make it, or name another"
    )]
    NoDirectory { path: String, directory: String },
    /// No file can be created in the directory.
    #[error(
        "cannot write to `{path}`: no file can be made in `{directory}` ({cause}); name another place with -o"
    )]
    Directory {
        path: String,
        directory: String,
        cause: io::Error,
    },
    /// The file exists and is not writable.
    #[error("cannot write to `{path}`: {cause}; close what uses the file, or name another with -o")]
    Existing { path: String, cause: io::Error },
    /// A workbook needs the folder for temporary files, and no file can be created there.
    #[error(
        "no file for a workbook can be created in `{directory}` ({cause}); set {variable} to a folder that takes files, or choose another format"
    )]
    Workspace {
        directory: String,
        cause: io::Error,
        variable: &'static str,
    },
    /// Writing failed; an existing file is unchanged.
    #[error(
        "cannot write to `{path}`: {cause}; what was there before is untouched; free some space, or name another place with -o"
    )]
    Write { path: String, cause: io::Error },
}

/// Checks before a scan that its report can be written after it. Leaves no file behind.
pub fn check_writable(path: &Path) -> Result<(), WriteError> {
    let place = Place::new(path)?;
    if place.kind != Kind::Special {
        drop(place.temporary()?);
    }
    Ok(())
}

/// Checks before a scan that temporary files for its report can be created: a workbook needs them.
pub fn check_workspace(format: Format) -> Result<(), WriteError> {
    if format == Format::Xlsx {
        check_folder(&std::env::temp_dir())?;
    }
    Ok(())
}

fn check_folder(folder: &Path) -> Result<(), WriteError> {
    tempfile::tempfile_in(folder)
        .map(drop)
        .map_err(|cause| WriteError::Workspace {
            directory: sanitize::path(folder),
            cause,
            variable: if cfg!(windows) { "TEMP" } else { "TMPDIR" },
        })
}

/// Writes what was composed already, with the guarantees of [`write_file`].
pub fn write_bytes(path: &Path, content: &[u8]) -> Result<(), WriteError> {
    write_to(&Place::new(path)?, |out| out.write_all(content))
}

/// Writes a report to a temporary file beside `path` and renames it, so that a reader never sees a partial report and a failure
/// keeps the old one. A device or pipe is written directly.
pub fn write_file(
    path: &Path,
    format: Format,
    selection: &Selection<'_>,
) -> Result<(), WriteError> {
    write_to(&Place::new(path)?, |out| write(format, selection, out))
}

/// As [`write_file`], for this user alone.
pub fn write_private_file(
    path: &Path,
    format: Format,
    selection: &Selection<'_>,
) -> Result<(), WriteError> {
    let place = Place::new(path)?;
    write_to(
        &Place {
            private: true,
            ..place
        },
        |out| write(format, selection, out),
    )
}

fn write_to(
    place: &Place,
    compose: impl Fn(&mut dyn Write) -> io::Result<()>,
) -> Result<(), WriteError> {
    let failed = |cause| WriteError::Write {
        path: place.shown.clone(),
        cause,
    };
    if place.kind == Kind::Special {
        return fill(&mut special(&place.path), compose).map_err(failed);
    }
    let mut temporary = place.temporary()?;
    // The file itself: the other writer adds the temporary path to an error.
    fill(temporary.as_file_mut(), compose)
        .and_then(|()| temporary.as_file().sync_all())
        .map_err(failed)?;
    temporary
        .persist(&place.path)
        .map(drop)
        .map_err(|error| failed(error.error))
}

/// A file for what is written bit by bit; an existing one is truncated.
pub fn create(path: &Path) -> io::Result<Box<dyn Write + Send>> {
    let is_special = fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir());
    Ok(if is_special {
        Box::new(special(path))
    } else {
        Box::new(fs::File::create(path)?)
    })
}

/// A device, or a pipe that may have no reader.
fn special(path: &Path) -> Stream {
    let path = path.to_owned();
    Stream::open(move || OpenOptions::new().write(true).open(path))
}

fn fill(
    inner: &mut dyn Write,
    compose: impl Fn(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut buffered = BufWriter::with_capacity(64 * 1024, inner);
    compose(&mut buffered)?;
    buffered.flush()
}

#[derive(Debug, PartialEq, Eq)]
enum Kind {
    New,
    File,
    /// A device, pipe or socket.
    Special,
}

/// The destination, with links resolved.
struct Place {
    path: PathBuf,
    directory: PathBuf,
    kind: Kind,
    shown: String,
    /// For this user alone.
    private: bool,
}

impl Place {
    fn new(path: &Path) -> Result<Self, WriteError> {
        let shown = sanitize::path(path);
        let existing = |cause| WriteError::Existing {
            path: shown.clone(),
            cause,
        };
        let kind = match fs::metadata(path) {
            Ok(found) if found.is_dir() => return Err(WriteError::IsDirectory { path: shown }),
            Ok(found) if found.is_file() => Kind::File,
            Ok(_) => Kind::Special,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Kind::New,
            Err(error) => return Err(existing(error)),
        };
        if kind == Kind::New && path.file_name().is_none() {
            return Err(WriteError::IsDirectory { path: shown });
        }
        if kind == Kind::File {
            // A rename needs no permission on the file itself, but a file that is write-protected, or open in a spreadsheet
            // on Windows, must not be replaced.
            OpenOptions::new()
                .append(true)
                .open(path)
                .map_err(existing)?;
        }
        // Otherwise the rename would replace a link.
        let path = if kind == Kind::File {
            fs::canonicalize(path).map_err(existing)?
        } else {
            path.to_owned()
        };
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        if kind == Kind::New && !directory.is_dir() {
            return Err(WriteError::NoDirectory {
                directory: sanitize::path(&directory),
                path: shown,
            });
        }
        Ok(Self {
            path,
            directory,
            kind,
            shown,
            private: false,
        })
    }

    /// An empty file beside the destination, deleted on drop unless it is persisted.
    fn temporary(&self) -> Result<NamedTempFile, WriteError> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(".rdpscan-").suffix(".part");
        if !self.private {
            set_permissions(&mut builder, &self.path);
        }
        builder
            .tempfile_in(&self.directory)
            .map_err(|cause| WriteError::Directory {
                path: self.shown.clone(),
                directory: sanitize::path(&self.directory),
                cause,
            })
    }
}

/// The permissions of the file to replace, else 0666 without the user's mask: a temporary file's own are for one user only.
#[cfg(unix)]
fn set_permissions(builder: &mut tempfile::Builder<'_, '_>, path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(path).map_or(0o666, |found| found.permissions().mode() & 0o777);
    builder.permissions(fs::Permissions::from_mode(mode));
}

/// Windows: inherited from the directory.
#[cfg(not(unix))]
const fn set_permissions(_: &mut tempfile::Builder<'_, '_>, _: &Path) {}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    #[test]
    fn checking_a_new_place_leaves_nothing_behind() {
        let directory = directory();
        check_writable(&directory.path().join("report.json")).unwrap();
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_folder_for_temporary_files_that_is_not_there_is_named() {
        let directory = directory();
        check_folder(directory.path()).unwrap();
        let error = check_folder(&directory.path().join("gone")).unwrap_err();
        assert!(matches!(error, WriteError::Workspace { .. }), "{error}");
    }

    #[test]
    fn checking_an_old_file_changes_nothing() {
        let directory = directory();
        let path = directory.path().join("report.json");
        fs::write(&path, "old").unwrap();
        check_writable(&path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    }

    #[test]
    fn a_directory_is_not_a_place() {
        let directory = directory();
        let error = check_writable(directory.path()).unwrap_err().to_string();
        assert!(
            error.ends_with("it is a directory; name a file in it"),
            "{error}"
        );
        assert!(check_writable(Path::new("..")).is_err());
        assert!(check_writable(Path::new("")).is_err());
    }

    #[test]
    fn a_missing_directory_is_named() {
        let directory = directory();
        let error = check_writable(&directory.path().join("no/where.csv")).unwrap_err();
        assert!(matches!(error, WriteError::NoDirectory { .. }), "{error}");
        assert!(error.to_string().contains("make it, or name another"));
    }

    #[test]
    fn a_file_is_not_a_directory() {
        let directory = directory();
        fs::write(directory.path().join("file"), "").unwrap();
        assert!(check_writable(&directory.path().join("file/report.csv")).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_device_is_not_replaced() {
        check_writable(Path::new("/dev/null")).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_replaced_file_keeps_its_mode() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = directory();
        let path = directory.path().join("report.json");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let temporary = Place::new(&path).unwrap().temporary().unwrap();
        let mode = temporary.as_file().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
    }

    #[cfg(unix)]
    #[test]
    fn a_private_file_is_for_its_user_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = directory();
        let path = directory.path().join("report.json");
        let fleet = crate::fleet::Fleet::new(crate::diagnosis::Policy::default());
        let selection = Selection {
            fleet: &fleet,
            rows: &[],
            whole: true,
            columns: None,
            presentation: super::super::Presentation::default(),
        };
        write_private_file(&path, Format::Json, &selection).unwrap();
        assert_eq!(
            fs::metadata(path).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }

    #[test]
    fn a_hostile_path_does_not_reach_the_terminal() {
        let error = check_writable(Path::new("no\u{1b}[2J/where.csv")).unwrap_err();
        assert!(!error.to_string().contains('\u{1b}'));
    }
}
