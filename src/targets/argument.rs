//! What an argument is: a list, a path, or targets.

use std::ffi::OsStr;
use std::path::Path;

use super::encoding::decode;
use super::error::{InputPlace, Refusal, Role, TargetError, excerpt};

pub(super) enum ListArgument<'a> {
    StandardInput,
    File(&'a Path),
}

pub(super) fn list_named_by(text: &str) -> Option<ListArgument<'_>> {
    match text.trim() {
        "-" | "@-" => Some(ListArgument::StandardInput),
        other => other
            .strip_prefix('@')
            .filter(|path| !path.is_empty())
            .map(|path| ListArgument::File(Path::new(path))),
    }
}

/// Rejects a list inside a list: one that names itself would never end.
pub(super) fn no_list(word: &str, place: &InputPlace, role: Role) -> Result<(), TargetError> {
    if list_named_by(word).is_none() {
        return Ok(());
    }
    let (reason, way_out) = match (role, place) {
        (Role::Exclude, InputPlace::Arguments) => (
            "excludes are not read from standard input",
            "use a list with --exclude-file FILE",
        ),
        (_, InputPlace::Arguments) => (
            "a list stands alone in its argument",
            "use it as an argument of its own, or with -f FILE",
        ),
        (_, InputPlace::Line { .. }) => (
            "a list cannot hold another list",
            "use every list on the command line",
        ),
    };
    let refusal = Refusal::new(reason, way_out);
    Err(TargetError::refused(place, role, word, refusal))
}

/// Whether an argument can only be a path. A block such as `10.0.0.0/24` is none.
pub(super) fn is_path(text: &str) -> bool {
    let starts = ["./", "../", "/", "~/", ".\\", "..\\", "\\\\"]
        .iter()
        .any(|start| text.starts_with(start));
    let has_drive =
        matches!(text.as_bytes(), [drive, b':', b'\\' | b'/', ..] if drive.is_ascii_alphabetic());
    starts || has_drive
}

/// Whether a file is a report or a recording of rdpscan; recordings may be compressed.
pub(super) fn is_saved_scan(content: &[u8]) -> bool {
    const LZ4: [u8; 4] = [0x04, 0x22, 0x4D, 0x18];
    if content.starts_with(&LZ4) {
        return true;
    }
    let head = decode(content.get(..content.len().min(4_096)).unwrap_or_default());
    head.trim_start().starts_with('{')
        && (head.contains("\"rdpscan.report/") || head.contains("\"rdpscan.events/"))
}

/// Rejects the name of a file that does not exist, or after a mistyped command. No domain ends like these; a host with such a
/// name is given with a final dot.
pub(super) fn no_file(word: &str) -> Result<(), TargetError> {
    let extension = Path::new(word).extension().and_then(OsStr::to_str);
    let extension = extension.map(str::to_ascii_lowercase);
    let refused = |reason: &str, way_out: String| {
        let refusal = Refusal::new(reason, way_out);
        Err(TargetError::refused(
            &InputPlace::Arguments,
            Role::Target,
            word,
            refusal,
        ))
    };
    let is_name = matches!(
        extension.as_deref(),
        Some(
            "txt"
                | "lst"
                | "list"
                | "toml"
                | "log"
                | "json"
                | "ndjson"
                | "jsonl"
                | "html"
                | "htm"
                | "xls"
                | "ods"
                | "conf"
        )
    );
    if Path::new(word).is_file() {
        return refused(
            "there is a file of this name",
            format!(
                "use it as an argument of its own, or write {}:3389 for a host",
                excerpt(word)
            ),
        );
    }
    if is_name {
        return refused(
            "it is the name of a file, and there is none",
            format!(
                "correct the path, or write `{}.` for a host of that name",
                excerpt(word)
            ),
        );
    }
    Ok(())
}
