//! Lists of targets: their encodings, words, lines and comments.

use std::borrow::Cow;

/// Decodes what Windows tools write: UTF-8 with or without byte order mark, and UTF-16, the default of `>` in Windows
/// PowerShell. Other bytes are read as Windows-1252, in which Excel saves CSV in most of Europe.
#[must_use]
pub fn decode(bytes: &[u8]) -> Cow<'_, str> {
    match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => of_bytes(rest),
        [0xFF, 0xFE, rest @ ..] => Cow::Owned(utf16(rest, u16::from_le_bytes)),
        [0xFE, 0xFF, rest @ ..] => Cow::Owned(utf16(rest, u16::from_be_bytes)),
        // Without a mark: no list starts with a NUL or has one after its first letter, except in UTF-16.
        [first, 0, ..] if *first != 0 => Cow::Owned(utf16(bytes, u16::from_le_bytes)),
        [0, second, ..] if *second != 0 => Cow::Owned(utf16(bytes, u16::from_be_bytes)),
        _ => of_bytes(bytes),
    }
}

fn of_bytes(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => {
            encoding_rs::WINDOWS_1252
                .decode_without_bom_handling(bytes)
                .0
        }
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let (pairs, _odd) = bytes.as_chunks::<2>();
    char::decode_utf16(pairs.iter().map(|pair| unit(*pair)))
        .map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| letter.is_whitespace() || matches!(letter, ',' | ';'))
        .filter(|word| !word.is_empty())
}

/// Words with their line numbers from 1. `#` starts a comment.
pub(super) fn list_words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(text.lines()).flat_map(|(line, content)| {
        let before_comment = content.split('#').next().unwrap_or_default();
        words(before_comment).map(move |word| (line, word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16_bytes(text: &str, mark: bool, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
        mark.then_some(0xFEFF)
            .into_iter()
            .chain(text.encode_utf16())
            .flat_map(unit)
            .collect()
    }

    #[test]
    fn a_list_is_split_at_lines_commas_semicolons_and_spaces() {
        let list = "a, b;c\r\n\r\n# all of it\n d\te # rest\n\u{a0}f";
        let found: Vec<_> = list_words(list).collect();
        assert_eq!(
            found,
            [(1, "a"), (1, "b"), (1, "c"), (4, "d"), (4, "e"), (5, "f")]
        );
    }

    #[test]
    fn every_encoding_of_windows_tools_is_read() {
        let text = "srv-ä\r\n10.0.0.5\r\n";
        let with_mark = ["\u{feff}", text].concat();
        for bytes in [
            text.as_bytes().to_vec(),
            with_mark.into_bytes(),
            utf16_bytes(text, true, u16::to_le_bytes),
            utf16_bytes(text, true, u16::to_be_bytes),
            utf16_bytes(text, false, u16::to_le_bytes),
            utf16_bytes(text, false, u16::to_be_bytes),
        ] {
            assert_eq!(decode(&bytes), text, "from {bytes:x?}");
        }
    }

    #[test]
    fn the_code_page_of_western_windows_is_read() {
        assert_eq!(decode(b"# b\xfcro \x80\n10.0.0.5"), "# büro €\n10.0.0.5");
        assert_eq!(decode(b"\xff\xfea\0\x00\xd8b\0c"), "a\u{fffd}b");
        assert_eq!(decode(b""), "");
    }
}
