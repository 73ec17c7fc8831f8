//! A scan that its report cannot hold is saved all the same: as JSON, in the first folder that takes it.

use std::path::{Path, PathBuf};

use crate::fleet::Fleet;
use crate::report::{self, Format, Selection, WriteError};
use crate::table::Filter;

use super::{outlet, outputs, taste};

/// Saves the whole scan as JSON in a folder, under the name that an export would have there; gives the path.
///
/// # Errors
/// Why not, in words.
pub(super) fn save(fleet: &Fleet, folder: &Path) -> Result<PathBuf, String> {
    let path = outlet::free_name(folder, fleet, "", ".json")?;
    let rows = outputs::rows(fleet, &Filter::default(), None, Format::Json);
    let selection = Selection {
        fleet,
        rows: &rows,
        whole: true,
        columns: None,
    };
    report::write_file(&path, Format::Json, &selection)
        .map_err(|error: WriteError| error.to_string())?;
    Ok(path)
}

/// Saves the whole scan where there is room for it: beside what is remembered of the screen, else among the temporary files.
/// `None` when neither takes it.
pub(super) fn save_elsewhere(fleet: &Fleet) -> Option<PathBuf> {
    first_that_takes(
        fleet,
        taste::folder().into_iter().chain([std::env::temp_dir()]),
    )
}

fn first_that_takes(fleet: &Fleet, folders: impl IntoIterator<Item = PathBuf>) -> Option<PathBuf> {
    folders.into_iter().find_map(|folder| {
        // A folder that cannot be made takes no file either, which is what the next line tells.
        drop(std::fs::create_dir_all(&folder));
        save(fleet, &folder).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::Policy;

    #[test]
    fn the_first_folder_that_takes_a_file_gets_the_scan() {
        let fleet = Fleet::new(Policy::default());
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("no-folder");
        std::fs::write(&file, "").unwrap();
        let good = place.path().join("made").join("for-it");
        let saved = first_that_takes(&fleet, [file, good.clone()]).unwrap();
        assert_eq!(saved.parent(), Some(good.as_path()));
        assert_eq!(first_that_takes(&fleet, []), None);
    }

    #[test]
    fn what_was_saved_before_is_left_alone() {
        let fleet = Fleet::new(Policy::default());
        let place = tempfile::tempdir().unwrap();
        let first = save(&fleet, place.path()).unwrap();
        let second = save(&fleet, place.path()).unwrap();
        assert_ne!(first, second);
        assert!(first.exists() && second.exists());
    }
}
