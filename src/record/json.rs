//! JSON that is safe to print: control and invisible characters are written as `\u` and four digits.
//!
//! A parser reads the same text, and a terminal is not affected. A serialiser alone escapes nothing above U+001F.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

use crate::sanitize;

/// Writes a value on one line.
pub(crate) fn write_json<T: Serialize + ?Sized>(
    out: &mut (impl Write + ?Sized),
    value: &T,
) -> io::Result<()> {
    let mut serializer = Serializer::with_formatter(out, Harmless);
    Ok(value.serialize(&mut serializer)?)
}

struct Harmless;

impl Formatter for Harmless {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        writer.write_all(sanitize::json(fragment).as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_on_a_terminal_is_escaped_and_means_the_same() {
        let text = "\u{1b}[2J \u{7f} \u{9b}31m \u{202e}txt.exe \u{200b} \u{2028} \u{e0041} \"\u{301}\" plain é 東京";
        let mut out = Vec::new();
        write_json(&mut out, text).unwrap();
        let written = String::from_utf8(out).unwrap();
        assert_eq!(
            written,
            r#""\u001b[2J \u007f \u009b31m \u202etxt.exe \u200b \u2028 \udb40\udc41 \"\u0301\" plain é 東京""#
        );
        assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
    }

    #[test]
    fn keys_are_texts_too() {
        let map = std::collections::BTreeMap::from([("a\u{202e}b", 1)]);
        let mut out = Vec::new();
        write_json(&mut out, &map).unwrap();
        assert_eq!(out, br#"{"a\u202eb":1}"#);
    }
}
