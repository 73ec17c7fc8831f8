//! The encodings in which Windows tools write lists.

use std::borrow::Cow;

use encoding_rs::{
    BIG5, EUC_KR, Encoding, GBK, IBM866, SHIFT_JIS, UTF_16BE, UTF_16LE, WINDOWS_1250, WINDOWS_1251,
    WINDOWS_1252, WINDOWS_1253, WINDOWS_1254,
};

use super::import::is_known_word;

/// The code pages of Windows, of which the first is right where no word says otherwise.
const PAGES: [&Encoding; 10] = [
    WINDOWS_1252,
    WINDOWS_1250,
    WINDOWS_1251,
    WINDOWS_1254,
    WINDOWS_1253,
    IBM866,
    SHIFT_JIS,
    GBK,
    BIG5,
    EUC_KR,
];
/// Bytes in which words are looked for.
const HEAD: usize = 16 << 10;

/// Decodes UTF-8 with or without byte order mark, and UTF-16, the default of `>` in Windows PowerShell. Other bytes are read in
/// the code page, in which Excel saves CSV, that gives the most known headings and words.
#[must_use]
pub fn decode(bytes: &[u8]) -> Cow<'_, str> {
    if let Some(order) = utf16_of(bytes) {
        let whole = bytes.len() & !1;
        let units = bytes.get(..whole).unwrap_or(bytes);
        return order.decode_with_bom_removal(units).0;
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => page_of(bytes).decode_without_bom_handling(bytes).0,
    }
}

/// The byte order of a text in UTF-16.
pub(super) fn utf16_of(bytes: &[u8]) -> Option<&'static Encoding> {
    match bytes {
        // Without a mark: no list starts with a NUL or has one after its first letter, except in UTF-16.
        [0xFF, 0xFE, ..] => Some(UTF_16LE),
        [0xFE, 0xFF, ..] => Some(UTF_16BE),
        [first, 0, ..] if *first != 0 => Some(UTF_16LE),
        [0, second, ..] if *second != 0 => Some(UTF_16BE),
        _ => None,
    }
}

fn page_of(bytes: &[u8]) -> &'static Encoding {
    let head = bytes.get(..HEAD).unwrap_or(bytes);
    let (mut best, mut most) = (WINDOWS_1252, 0);
    for page in PAGES {
        let (text, _) = page.decode_without_bom_handling(head);
        let words = text.split([',', ';', '\t', '|', '"', '\r', '\n']);
        let known = words.filter(|word| !word.is_ascii() && is_known_word(word));
        let known = known.count();
        if known > most {
            (best, most) = (page, known);
        }
    }
    best
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
    fn without_a_known_word_the_code_page_is_that_of_western_windows() {
        assert_eq!(decode(b"# b\xfcro \x80\n10.0.0.5"), "# büro €\n10.0.0.5");
        assert_eq!(decode(b"\xff\xfea\0\x00\xd8b\0c"), "a\u{fffd}b");
        assert_eq!(decode(b""), "");
    }
}
