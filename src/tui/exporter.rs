//! What the screens have written: exports, folders of fixes, and copied texts.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::action::{Acknowledge, Export};
use crate::counts::counted;
use crate::fix::ScriptReach;
use crate::fleet::{Exceptions, Fleet, HostId};

/// Writes files for the screens. Errors are texts, shown as they are.
///
/// `export`, `write_fixes` and `acknowledge` run on a blocking thread.
pub trait Exporter: fmt::Debug + Send + Sync {
    /// The formats of exports, in the order of the menu.
    fn formats(&self) -> Vec<ExportFormat>;

    /// Writes rows of a fleet to a new file.
    ///
    /// # Errors
    /// When the file exists or cannot be written.
    fn export(&self, fleet: &Fleet, export: &Export) -> Result<PathBuf, String>;

    /// Writes a new folder of fixes for these hosts.
    ///
    /// # Errors
    /// When no finding has a remedy, or the folder cannot be written.
    fn write_fixes(&self, fleet: &Fleet, rows: &[HostId]) -> Result<FixFolder, String>;

    /// Acknowledges a finding, or lets it count again, and returns all that is acknowledged then.
    ///
    /// # Errors
    /// When that cannot be kept.
    fn acknowledge(&self, fleet: &Fleet, wanted: &Acknowledge) -> Result<Arc<Exceptions>, String> {
        let _ = (fleet, wanted);
        Err("nothing can be acknowledged here".to_owned())
    }

    /// Saves a copied text to a file as well, for terminals without a clipboard.
    ///
    /// # Errors
    /// When the file cannot be written.
    fn save_copy(&self, text: &str) -> Result<PathBuf, String>;
}

/// A line of the export menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportFormat {
    /// Its name, such as `json`.
    pub word: &'static str,
    /// What it is good for, in a few words.
    pub says: &'static str,
    /// Of its files.
    pub extension: &'static str,
}

/// A folder of fixes that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FixFolder {
    pub path: PathBuf,
    pub hosts: usize,
    pub reach: ScriptReach,
    /// Names that no host can have.
    pub refused: usize,
}

impl fmt::Display for FixFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "wrote {}: fixes for {}, {}",
            self.path.display(),
            counted(self.hosts as u64, "host", "hosts"),
            self.reach,
        )?;
        if self.refused > 0 {
            let refused = counted(self.refused as u64, "name", "names");
            write!(f, "; {refused} invalid, see refused.csv")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_counts_what_is_in_the_folder() {
        let mut folder = FixFolder {
            path: "./rdpscan-fix".into(),
            hosts: 1_047,
            reach: ScriptReach {
                hosts: 1_014,
                when_named: 2,
            },
            refused: 0,
        };
        let message = folder.to_string();
        assert_eq!(
            message,
            "wrote ./rdpscan-fix: fixes for 1,047 hosts, the script contacts 1,014, 2 more when named"
        );
        (folder.reach, folder.hosts, folder.refused) = (ScriptReach::default(), 1, 2);
        let message = folder.to_string();
        let expected =
            "wrote ./rdpscan-fix: fixes for 1 host, all by hand; 2 names invalid, see refused.csv";
        assert_eq!(message, expected);
    }
}
