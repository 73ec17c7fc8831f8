//! Columns, order, palette and filters of the screen, saved when it is closed and restored the next time. Settings and flags win.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;
use serde::{Deserialize, Serialize};

use crate::platform;
use crate::table::{Columns, Field, Sort};
use crate::tui::Palette;

/// In bytes; a longer file was not written by this program.
const LONGEST: u64 = 64 * 1024;

/// Values are text, so that a word of another version loses only its own field.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct UiState {
    columns: Option<String>,
    sort: Option<String>,
    inverted: bool,
    theme: Option<String>,
    /// The newest last.
    pub(super) filters: Vec<String>,
}

impl UiState {
    pub(super) fn new(
        columns: &Columns,
        sort: Sort,
        palette: Option<Palette>,
        filters: Vec<String>,
    ) -> Self {
        Self {
            columns: Some(columns.to_string()),
            sort: Some(sort.column.key().to_owned()),
            inverted: sort.inverted,
            theme: palette.map(|palette| <&str>::from(palette).to_owned()),
            filters,
        }
    }

    pub(super) fn columns(&self) -> Option<Columns> {
        Columns::parse(self.columns.as_deref()?).ok()
    }

    pub(super) fn sort(&self) -> Option<Sort> {
        Some(Sort {
            column: Field::of_key(self.sort.as_deref()?).filter(|field| field.is_of_rows())?,
            inverted: self.inverted,
        })
    }

    pub(super) fn palette(&self) -> Option<Palette> {
        self.theme.as_deref()?.parse().ok()
    }

    /// Empty when there is no such file, or it cannot be read.
    pub(super) fn load() -> Self {
        let read = || -> Option<Self> {
            let path = path()?;
            if fs::metadata(&path).ok()?.len() > LONGEST {
                return None;
            }
            toml::from_str(&fs::read_to_string(path).ok()?).ok()
        };
        read().unwrap_or_default()
    }

    /// A failure is only logged: the user did not ask for this file.
    pub(super) fn save(&self) {
        let Some(path) = path() else {
            return;
        };
        if let Err(error) = self.write(&path) {
            tracing::warn!(%error, path = %path.display(), "Columns and order cannot be saved");
        }
    }

    fn write(&self, path: &Path) -> io::Result<()> {
        let folder = path.parent().unwrap_or(path);
        platform::create_private_folder(folder)?;
        let text = toml::to_string(self).map_err(io::Error::other)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.persist(path)?;
        Ok(())
    }
}

fn path() -> Option<PathBuf> {
    folder().map(|folder| folder.join("screen.toml"))
}

/// The folder for state, which on Windows is that of local application data.
pub(super) fn folder() -> Option<PathBuf> {
    let strategy = etcetera::choose_base_strategy().ok()?;
    let folder = strategy.state_dir().unwrap_or_else(|| strategy.cache_dir());
    Some(folder.join("rdpscan"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_saved_is_restored() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a").join("screen.toml");
        let columns = Columns::parse("name:30,days_left").unwrap();
        let sort = Sort {
            column: Field::DaysLeft,
            inverted: true,
        };
        let state = UiState::new(
            &columns,
            sort,
            Some(Palette::Light),
            vec!["a\"b".to_owned()],
        );
        state.write(&path).unwrap();
        let read: UiState = toml::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        assert_eq!(read.columns(), Some(columns));
        assert_eq!(read.sort(), Some(sort));
        assert_eq!(read.palette(), Some(Palette::Light));
        assert_eq!(read.filters, ["a\"b"]);
    }

    #[test]
    fn unknown_words_are_ignored() {
        let read: UiState =
            toml::from_str("columns = \"gone\"\nsort = \"gone\"\ntheme = \"pink\"\nnew = 1")
                .unwrap();
        assert_eq!(
            (read.columns(), read.sort(), read.palette()),
            (None, None, None)
        );
    }
}
