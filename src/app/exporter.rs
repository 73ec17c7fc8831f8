//! What the screen writes: exports and folders of fixes in the current folder, copies beside the log.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::fix;
use crate::fleet::{Exceptions, Fleet, HostId};
use crate::platform;
use crate::report::{self, Format, Selection};
use crate::sanitize;
use crate::settings::OutputSettings;
use crate::table::Field;
use crate::tui::{Acknowledge, Export, ExportFormat, Exporter, FixFolder};

use super::acknowledge;

/// Names tried until one is free.
const MOST_NAMES: u32 = 1000;
/// The newest copy, for terminals that do not take OSC 52.
const COPY: &str = "copied.txt";

#[derive(Debug)]
pub(super) struct CurrentFolder {
    pub(super) output: OutputSettings,
}

impl Exporter for CurrentFolder {
    fn formats(&self) -> Vec<ExportFormat> {
        Format::reports()
            .map(|format| ExportFormat {
                word: format.word(),
                says: format.help(),
                extension: extension(format),
            })
            .collect()
    }

    fn export(&self, fleet: &Fleet, wanted: &Export) -> Result<PathBuf, String> {
        let format = Format::reports()
            .nth(wanted.format)
            .ok_or("there is no such format")?;
        let extension = extension(format);
        let path = match &wanted.file {
            Some(name) => named(name, extension, std::env::home_dir())?,
            None => free_name(Path::new("."), fleet, "", &format!(".{extension}"))?,
        };
        let selection = Selection {
            fleet,
            rows: &wanted.rows,
            whole: wanted.whole,
            // Unless columns were chosen, the report has all that its format has.
            columns: Some(&*wanted.columns).filter(|columns| **columns != Field::USUAL),
            presentation: self.output.presentation(),
        };
        report::write_file(&path, format, &selection).map_err(|error| error.to_string())?;
        Ok(path)
    }

    fn write_fixes(&self, fleet: &Fleet, rows: &[HostId]) -> Result<FixFolder, String> {
        let hosts = rows.iter().filter_map(|id| fleet.host(*id));
        let plan = fix::plan(hosts, &[]);
        if plan.is_empty() {
            return Err("nothing to fix: no finding of these hosts has a remedy".to_owned());
        }
        let path = free_name(Path::new("."), fleet, "-fix", "")?;
        fix::write_folder(&path, &plan).map_err(|error| error.to_string())?;
        Ok(FixFolder {
            path,
            hosts: plan.hosts,
            reach: plan.reach,
            refused: plan.refused.len(),
        })
    }

    fn acknowledge(&self, fleet: &Fleet, wanted: &Acknowledge) -> Result<Arc<Exceptions>, String> {
        acknowledge::on_screen(fleet, wanted).map_err(|error| format!("{error:#}"))
    }

    fn save_copy(&self, text: &str) -> Result<PathBuf, String> {
        let folder = super::logging::folder().map_err(|error| error.to_string())?;
        let write = || {
            platform::create_private_folder(&folder)?;
            let path = folder.join(COPY);
            let mut file = tempfile::NamedTempFile::new_in(&folder)?;
            file.write_all(text.as_bytes())?;
            file.persist(&path)?;
            Ok(path)
        };
        write().map_err(|error: std::io::Error| error.to_string())
    }
}

fn extension(format: Format) -> &'static str {
    format.extensions().first().copied().unwrap_or("txt")
}

/// The path of a name that was typed: `~/` is the home folder, and a name without an extension gets one. No file is replaced.
fn named(name: &str, extension: &str, home: Option<PathBuf>) -> Result<PathBuf, String> {
    let mut path = match (name.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(name),
    };
    if path.extension().is_none() {
        path.set_extension(extension);
    }
    if path.exists() {
        let shown = sanitize::excerpt(&path.to_string_lossy());
        return Err(format!("{shown} exists: choose another name"));
    }
    Ok(path)
}

/// `rdpscan-<scan><kind><end>` in a folder, with a number where that is taken.
pub(super) fn free_name(
    folder: &Path,
    fleet: &Fleet,
    kind: &str,
    end: &str,
) -> Result<PathBuf, String> {
    let stem = fleet.file_stem();
    let first = format!("{stem}{kind}{end}");
    let more = (2..MOST_NAMES).map(|number| format!("{stem}{kind}-{number}{end}"));
    std::iter::once(first)
        .chain(more)
        .map(|name| folder.join(name))
        .find(|path| !path.exists())
        .ok_or_else(|| "too many files of this scan are in that folder already".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typed_name_gets_an_extension_and_replaces_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let home = Some(folder.path().to_owned());
        let path = |name: &str| named(name, "csv", home.clone());
        assert_eq!(path("~/monday"), Ok(folder.path().join("monday.csv")));
        assert_eq!(path("there/a.txt"), Ok("there/a.txt".into()));
        std::fs::write(folder.path().join("monday.csv"), "").unwrap();
        let refused = path("~/monday").unwrap_err();
        assert!(refused.ends_with("monday.csv exists: choose another name"));
    }
}
