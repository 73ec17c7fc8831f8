//! INI files: sections in square brackets above lines.

use std::net::IpAddr;

pub(super) struct IniLine<'a> {
    /// From 1.
    pub(super) line: usize,
    /// Empty above the first section.
    pub(super) section: &'a str,
    pub(super) text: &'a str,
}

/// The section of a line; the address in `[2001:db8::5]` is none.
fn section(line: &str) -> Option<&str> {
    let name = line.trim().strip_prefix('[')?.strip_suffix(']')?;
    (name.parse::<IpAddr>().is_err() && !name.contains(['[', ']', '{', '"', ',', '/']))
        .then(|| name.trim())
}

pub(super) fn has_section(text: &str) -> bool {
    text.lines()
        .any(|line| section(line).is_some_and(|name| !name.is_empty()))
}

/// Lines without comments and blanks.
pub(super) fn lines(text: &str) -> impl Iterator<Item = IniLine<'_>> {
    let mut current = "";
    (1..).zip(text.lines()).filter_map(move |(line, content)| {
        let text = content.trim();
        if let Some(name) = section(text) {
            current = name;
            return None;
        }
        let is_content = !text.is_empty() && !text.starts_with(['#', ';']);
        is_content.then_some(IniLine {
            line,
            section: current,
            text,
        })
    })
}
