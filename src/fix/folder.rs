//! Writes the folder: all of it or nothing.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::Plan;
use crate::sanitize;

#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    #[error("cannot write to `{path}`: it is not empty; name a new folder with -o")]
    NotEmpty {
        /// Safe to print.
        path: String,
    },
    #[error("cannot write to `{path}`: it is not a folder; name a new one with -o")]
    NotFolder {
        /// Safe to print.
        path: String,
    },
    #[error("cannot write to `{path}`: there is no folder `{parent}`; make it, or name another")]
    NoParent {
        /// Safe to print.
        path: String,
        /// Safe to print.
        parent: String,
    },
    #[error(
        "cannot write to `{path}`: {cause}; nothing was left there, name another folder with -o"
    )]
    Write {
        /// Safe to print.
        path: String,
        cause: io::Error,
    },
}

/// Checks whether a folder can be written, and leaves nothing behind.
pub fn check_folder(path: &Path) -> Result<(), FolderError> {
    let place = OutputFolder::new(path)?;
    drop(place.temporary()?);
    Ok(())
}

/// Writes under another name first. An existing folder must be empty, and stays when writing fails.
pub fn write_folder(path: &Path, plan: &Plan) -> Result<(), FolderError> {
    let place = OutputFolder::new(path)?;
    let failed = |cause| FolderError::Write {
        path: place.shown.clone(),
        cause,
    };
    let temporary = place.temporary()?;
    fill(temporary.path(), plan).map_err(failed)?;
    if place.exists {
        move_up(temporary.path(), &place.path).map_err(failed)
    } else {
        fs::rename(temporary.path(), &place.path).map_err(failed)?;
        // Renamed, so there is nothing to remove.
        drop(temporary.keep());
        Ok(())
    }
}

fn fill(folder: &Path, plan: &Plan) -> io::Result<()> {
    for file in &plan.files {
        let path: PathBuf = folder.join(file.path.split('/').collect::<PathBuf>());
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, &file.content)?;
    }
    Ok(())
}

/// Moves the content of a folder, and moves it back after a failure.
fn move_up(from: &Path, to: &Path) -> io::Result<()> {
    let names = fs::read_dir(from)?
        .map(|entry| entry.map(|entry| entry.file_name()))
        .collect::<io::Result<Vec<_>>>()?;
    for (done, name) in names.iter().enumerate() {
        if let Err(error) = fs::rename(from.join(name), to.join(name)) {
            for name in names.iter().take(done) {
                drop(fs::rename(to.join(name), from.join(name)));
            }
            return Err(error);
        }
    }
    Ok(())
}

/// The folder, links followed.
struct OutputFolder {
    path: PathBuf,
    exists: bool,
    shown: String,
}

impl OutputFolder {
    fn new(path: &Path) -> Result<Self, FolderError> {
        let shown = sanitize::path(path);
        let failed = |cause| FolderError::Write {
            path: shown.clone(),
            cause,
        };
        match fs::metadata(path) {
            Ok(found) if !found.is_dir() => Err(FolderError::NotFolder { path: shown }),
            Ok(_) => {
                let path = fs::canonicalize(path).map_err(failed)?;
                if fs::read_dir(&path).map_err(failed)?.next().is_some() {
                    return Err(FolderError::NotEmpty { path: shown });
                }
                Ok(Self {
                    path,
                    exists: true,
                    shown,
                })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let parent = parent(path);
                if path.file_name().is_none() || !parent.is_dir() {
                    return Err(FolderError::NoParent {
                        parent: sanitize::path(parent),
                        path: shown,
                    });
                }
                Ok(Self {
                    path: path.to_owned(),
                    exists: false,
                    shown,
                })
            }
            Err(error) => Err(failed(error)),
        }
    }

    /// A folder that removes itself, on the same disk, so that its content can be renamed.
    fn temporary(&self) -> Result<TempDir, FolderError> {
        let beside = if self.exists {
            &self.path
        } else {
            parent(&self.path)
        };
        let mut builder = tempfile::Builder::new();
        builder.prefix(".rdpscan-").suffix(".part");
        set_permissions(&mut builder);
        builder
            .tempdir_in(beside)
            .map_err(|cause| FolderError::Write {
                path: self.shown.clone(),
                cause,
            })
    }
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// The permissions of the user's mask: those of temporary folders are for one user only.
#[cfg(unix)]
fn set_permissions(builder: &mut tempfile::Builder<'_, '_>) {
    use std::os::unix::fs::PermissionsExt as _;
    builder.permissions(fs::Permissions::from_mode(0o777));
}

/// On Windows they are inherited.
#[cfg(not(unix))]
const fn set_permissions(_: &mut tempfile::Builder<'_, '_>) {}

#[cfg(test)]
mod tests {
    use super::super::{PlannedFile, ScriptReach};
    use super::*;

    fn some() -> Plan {
        let file = |path: &str| PlannedFile {
            path: path.to_owned(),
            content: path.as_bytes().to_vec(),
        };
        Plan {
            files: vec![file("README.md"), file("remedies/R1.md")],
            hosts: 1,
            reach: ScriptReach::default(),
            refused: Vec::new(),
            unused_facts: Vec::new(),
        }
    }

    fn entries(path: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(path)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_new_folder_is_made_whole() {
        let above = tempfile::tempdir().unwrap();
        let path = above.path().join("monday");
        write_folder(&path, &some()).unwrap();
        assert_eq!(entries(above.path()), ["monday"]);
        assert_eq!(entries(&path), ["README.md", "remedies"]);
        assert_eq!(
            fs::read(path.join("remedies").join("R1.md")).unwrap(),
            b"remedies/R1.md"
        );
    }

    #[test]
    fn an_empty_folder_is_filled() {
        let folder = tempfile::tempdir().unwrap();
        write_folder(folder.path(), &some()).unwrap();
        assert_eq!(entries(folder.path()), ["README.md", "remedies"]);
    }

    #[test]
    fn a_folder_with_something_in_it_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("mine"), "").unwrap();
        let error = write_folder(folder.path(), &some()).unwrap_err();
        assert!(matches!(error, FolderError::NotEmpty { .. }), "{error}");
        assert_eq!(entries(folder.path()), ["mine"]);
    }

    #[test]
    fn checking_leaves_nothing_behind() {
        let above = tempfile::tempdir().unwrap();
        check_folder(&above.path().join("monday")).unwrap();
        check_folder(above.path()).unwrap();
        assert!(entries(above.path()).is_empty());
    }

    #[test]
    fn a_file_is_not_a_folder() {
        let above = tempfile::tempdir().unwrap();
        let path = above.path().join("file");
        fs::write(&path, "").unwrap();
        let error = check_folder(&path).unwrap_err();
        assert!(matches!(error, FolderError::NotFolder { .. }), "{error}");
    }

    #[test]
    fn a_missing_folder_above_is_named() {
        let above = tempfile::tempdir().unwrap();
        let error = check_folder(&above.path().join("no\u{1b}[2J/monday")).unwrap_err();
        assert!(matches!(error, FolderError::NoParent { .. }), "{error}");
        assert!(!error.to_string().contains('\u{1b}'));
    }
}
