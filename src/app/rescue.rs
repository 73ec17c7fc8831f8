//! Saves a scan as JSON where the user wants it, or in another folder when its report cannot be written.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::fleet::Fleet;
use crate::report::{self, Format, Presentation, Selection, WriteError};
use crate::settings::OutputSettings;
use crate::table::Filter;

use super::sink::{self, Sink};
use super::{exporter, stderr, ui_state};

/// Saves the whole scan in the current folder, beside the exports of the screen.
pub(super) fn save(fleet: &Fleet) -> Result<()> {
    stderr::print_written(&save_in(fleet, Path::new("."), report::write_file)?);
    Ok(())
}

/// Saves a scan whose report cannot be written in another folder, else prints it. Not silenced by `--quiet`.
pub(super) fn rescue(fleet: &Fleet, filter: &Filter, settings: &OutputSettings) {
    let folders = ui_state::folder().into_iter().chain([std::env::temp_dir()]);
    if let Some(path) = save_in_first(fleet, folders) {
        stderr::print(&format!(
            "rdpscan: the whole scan is saved in `{}` instead; `rdpscan report` makes any report of it",
            path.display()
        ));
        return;
    }
    stderr::print(
        "rdpscan: the scan cannot be saved anywhere else either, so here is what was found",
    );
    if let Err(error) = sink::write(fleet, filter, settings, Format::Text, &Sink::Standard, None) {
        stderr::print_error(&error);
    }
}

type Write = fn(&Path, Format, &Selection<'_>) -> Result<(), WriteError>;

fn save_in(fleet: &Fleet, folder: &Path, write: Write) -> Result<PathBuf> {
    let path = exporter::free_name(folder, fleet, "", ".json").map_err(anyhow::Error::msg)?;
    let rows = sink::rows(fleet, &Filter::default(), None, Format::Json);
    let selection = Selection {
        fleet,
        rows: &rows,
        whole: true,
        columns: None,
        presentation: Presentation::default(),
    };
    write(&path, Format::Json, &selection)?;
    Ok(path)
}

fn save_in_first(fleet: &Fleet, folders: impl IntoIterator<Item = PathBuf>) -> Option<PathBuf> {
    folders.into_iter().find_map(|folder| {
        // The next line fails too where the folder cannot be made.
        drop(std::fs::create_dir_all(&folder));
        save_in(fleet, &folder, report::write_private_file).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::Policy;

    #[test]
    fn the_first_writable_folder_gets_the_scan() {
        let fleet = Fleet::new(Policy::default());
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("no-folder");
        std::fs::write(&file, "").unwrap();
        let good = place.path().join("made").join("for-it");
        let saved = save_in_first(&fleet, [file, good.clone()]).unwrap();
        assert_eq!(saved.parent(), Some(good.as_path()));
        assert_eq!(save_in_first(&fleet, []), None);
    }

    #[test]
    fn an_earlier_file_is_not_overwritten() {
        let fleet = Fleet::new(Policy::default());
        let place = tempfile::tempdir().unwrap();
        let first = save_in(&fleet, place.path(), report::write_file).unwrap();
        let second = save_in(&fleet, place.path(), report::write_file).unwrap();
        assert_ne!(first, second);
        assert!(first.exists() && second.exists());
    }
}
