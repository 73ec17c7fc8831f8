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
/// The pages 850 and 852 of consoles, which `encoding_rs` does not have: their letters from 0x80 on.
const CONSOLES: [&str; 2] = [
    "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{ad}±‗¾¶§÷¸°¨·¹³²■\u{a0}",
    "ÇüéâäůćçłëŐőîŹÄĆÉĹĺôöĽľŚśÖÜŤťŁ×čáíóúĄąŽžĘę¬źČş«»░▒▓│┤ÁÂĚŞ╣║╗╝Żż┐└┴┬├─┼Ăă╚╔╩╦╠═╬¤đĐĎËďŇÍÎě┘┌█▄ŢŮ▀ÓßÔŃńňŠšŔÚŕŰýÝţ´\u{ad}˝˛ˇ˘§÷¸°¨˙űŘř■\u{a0}",
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
        Err(_) => page_of(bytes).decode(bytes),
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

/// A code page.
#[derive(Clone, Copy)]
enum Page {
    OfWindows(&'static Encoding),
    OfConsole(&'static str),
}

impl Page {
    fn decode(self, bytes: &[u8]) -> Cow<'_, str> {
        match self {
            Self::OfWindows(encoding) => encoding.decode_without_bom_handling(bytes).0,
            Self::OfConsole(letters) => {
                let letters: Vec<char> = letters.chars().collect();
                let text = bytes.iter().map(|byte| match byte {
                    0..0x80 => char::from(*byte),
                    _ => letters
                        .get(usize::from(byte - 0x80))
                        .copied()
                        .unwrap_or(char::REPLACEMENT_CHARACTER),
                });
                text.collect()
            }
        }
    }
}

fn page_of(bytes: &[u8]) -> Page {
    let head = bytes.get(..HEAD).unwrap_or(bytes);
    let (mut best, mut most) = (Page::OfWindows(WINDOWS_1252), 0);
    let consoles = CONSOLES.map(Page::OfConsole);
    for page in PAGES.map(Page::OfWindows).into_iter().chain(consoles) {
        let text = page.decode(head);
        // Columns of consoles are separated by blanks, of which a heading may have one.
        let words = text.split([',', ';', '\t', '|', '"', '\r', '\n']);
        let words = words.flat_map(|word| word.split("  ")).map(str::trim);
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
    fn the_pages_of_consoles_have_every_byte() {
        for letters in CONSOLES {
            assert_eq!(letters.chars().count(), 128, "{letters}");
        }
        assert_eq!(
            decode(b"Ger\x84tename;IP\r\nsrv05;\r\n"),
            "Gerätename;IP\r\nsrv05;\r\n"
        );
        assert_eq!(
            decode(b"N\xa0zev po\x9f\xa1ta\x9fe;IP\r\n"),
            "Název počítače;IP\r\n"
        );
    }

    #[test]
    fn without_a_known_word_the_code_page_is_that_of_western_windows() {
        assert_eq!(decode(b"# b\xfcro \x80\n10.0.0.5"), "# büro €\n10.0.0.5");
        assert_eq!(decode(b"\xff\xfea\0\x00\xd8b\0c"), "a\u{fffd}b");
        assert_eq!(decode(b""), "");
    }
}
