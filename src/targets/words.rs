use std::borrow::Cow;
use std::fmt::Write as _;

/// The most characters of a value that a message repeats.
const SHOWN: usize = 80;

/// A value as it may stand in a one-line message: control and invisible characters escaped, long ones cut.
#[must_use]
pub fn shown(value: &str) -> String {
    let mut text = String::with_capacity(value.len().min(SHOWN));
    for (at, letter) in value.chars().enumerate() {
        if at == SHOWN {
            text.push('…');
            break;
        }
        // `escape_debug` knows which characters are not printable; it also escapes quotes and backslashes, which are.
        if matches!(letter, '\'' | '"' | '\\') || letter.escape_debug().count() == 1 {
            text.push(letter);
        } else if write!(text, "{}", letter.escape_debug()).is_err() {
            break;
        }
    }
    text
}

/// The text of a file, in whatever encoding Windows tools leave behind: UTF-8 with or without byte order mark, and UTF-16,
/// which `>` writes in Windows PowerShell. Bytes that are not text become U+FFFD, so that a comment in an old code page does
/// no harm and a target in one is refused by value.
#[must_use]
pub fn decode(bytes: &[u8]) -> Cow<'_, str> {
    match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest),
        [0xFF, 0xFE, rest @ ..] => Cow::Owned(utf16(rest, u16::from_le_bytes)),
        [0xFE, 0xFF, rest @ ..] => Cow::Owned(utf16(rest, u16::from_be_bytes)),
        // Without a mark: no list starts with a NUL or has one after its first letter, except in UTF-16.
        [first, 0, ..] if *first != 0 => Cow::Owned(utf16(bytes, u16::from_le_bytes)),
        [0, second, ..] if *second != 0 => Cow::Owned(utf16(bytes, u16::from_be_bytes)),
        _ => String::from_utf8_lossy(bytes),
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let (pairs, _odd) = bytes.as_chunks::<2>();
    char::decode_utf16(pairs.iter().map(|pair| unit(*pair)))
        .map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

/// The words of one text: separated by white space, commas or semicolons.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| letter.is_whitespace() || matches!(letter, ',' | ';'))
        .filter(|word| !word.is_empty())
}

/// The words of a list with their line numbers, the first line being 1. `#` starts a comment that ends with the line.
pub(super) fn list_words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(text.lines()).flat_map(|(line, content)| {
        let told = content.split('#').next().unwrap_or_default();
        words(told).map(move |word| (line, word))
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
    fn bytes_that_are_no_text_are_marked_and_the_rest_kept() {
        assert_eq!(decode(b"# b\xfcro\n10.0.0.5"), "# b\u{fffd}ro\n10.0.0.5");
        assert_eq!(decode(b"\xff\xfea\0\x00\xd8b\0c"), "a\u{fffd}b");
        assert_eq!(decode(b""), "");
    }

    #[test]
    fn a_shown_value_stays_on_one_line_and_short() {
        assert_eq!(shown("a\nb\u{202e}\"c\\"), "a\\nb\\u{202e}\"c\\");
        assert_eq!(shown(&"x".repeat(500)).chars().count(), SHOWN + 1);
    }
}
