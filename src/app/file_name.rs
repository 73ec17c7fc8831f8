//! `{date}` and `{scan}` in the names of files, so that a scheduled scan writes one file a day, or one a scan. Folders are taken
//! literally, because existing ones may have braces in their names.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use jiff::Timestamp;

use crate::model::ScanId;
use crate::sanitize;

/// Replaces the placeholders in the last part of a path by the day in UTC and the scan's id, both valid in names on Windows.
pub(super) fn expand(path: &Path, at: Timestamp, scan: Option<ScanId>) -> Result<PathBuf> {
    let name = path.file_name().and_then(OsStr::to_str);
    let Some(text) = name.filter(|name| name.contains('{')) else {
        return Ok(path.to_owned());
    };
    let mut expanded = String::with_capacity(text.len() + 24);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        expanded.push_str(before);
        let Some((word, behind)) = after.split_once('}') else {
            bail!(
                "`{}` has a `{{` without `}}`; write {{date}} or {{scan}}, or leave the brace out",
                sanitize::terminal(text)
            );
        };
        match word {
            "date" => expanded.push_str(&at.strftime("%Y-%m-%d").to_string()),
            "scan" => expanded.extend(scan.iter().map(ToString::to_string)),
            other => bail!(
                "`{}`: there is no `{{{}}}` in the name of a file; use {{date}} or {{scan}}",
                sanitize::terminal(text),
                sanitize::terminal(other)
            ),
        }
        rest = behind;
    }
    expanded.push_str(rest);
    Ok(path.with_file_name(expanded))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded_name(path: &str) -> Result<String, String> {
        let at = "2026-03-01T23:59:59Z".parse().unwrap();
        expand(
            Path::new(path),
            at,
            "20260301T235959Z-00c0ffee".parse().ok(),
        )
        .map(|path| path.to_string_lossy().into_owned())
        .map_err(|error| error.to_string())
    }

    #[test]
    fn date_and_scan_are_replaced() {
        assert_eq!(
            expanded_name("a/fleet-{date}.html").unwrap(),
            "a/fleet-2026-03-01.html"
        );
        assert_eq!(
            expanded_name("{date}-{scan}.json").unwrap(),
            "2026-03-01-20260301T235959Z-00c0ffee.json"
        );
        assert_eq!(expanded_name("plain.csv").unwrap(), "plain.csv");
    }

    #[test]
    fn folders_are_taken_as_they_are() {
        assert_eq!(
            expanded_name("a{b}/{scan/fleet-{date}.csv").unwrap(),
            "a{b}/{scan/fleet-2026-03-01.csv"
        );
        assert_eq!(
            expanded_name("{0d1f}/plain.csv").unwrap(),
            "{0d1f}/plain.csv"
        );
    }

    #[test]
    fn anything_else_in_braces_is_refused_by_name() {
        assert_eq!(
            expanded_name("fleet-{day}.html").unwrap_err(),
            "`fleet-{day}.html`: there is no `{day}` in the name of a file; use {date} or {scan}"
        );
        assert!(
            expanded_name("fleet-{date.html")
                .unwrap_err()
                .contains("without `}`")
        );
    }
}
