//! Names inside certificates as strings (RFC 4514), whatever string type the issuer chose.

use x509_parser::asn1_rs::{Any, Tag};
use x509_parser::x509::{AttributeTypeAndValue, X509Name};

use super::algorithm;
use crate::model::HexBytes;

/// The attribute types that have a short name: RFC 4514 section 3, and what Windows shows besides.
const SHORT_NAMES: [(&[u8], &str); 12] = [
    (&[0x55, 0x04, 0x03], "CN"),
    (&[0x55, 0x04, 0x05], "SERIALNUMBER"),
    (&[0x55, 0x04, 0x06], "C"),
    (&[0x55, 0x04, 0x07], "L"),
    (&[0x55, 0x04, 0x08], "ST"),
    (&[0x55, 0x04, 0x09], "STREET"),
    (&[0x55, 0x04, 0x0a], "O"),
    (&[0x55, 0x04, 0x0b], "OU"),
    (&[0x55, 0x04, 0x0c], "T"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x01], "E"),
    (
        &[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 0x19],
        "DC",
    ),
    (
        &[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 0x01],
        "UID",
    ),
];

/// A distinguished name in RFC 4514 style: the most specific part first, at most `limit` characters.
pub(super) fn distinguished_name(name: &X509Name<'_>, limit: usize) -> Box<str> {
    let mut text = String::new();
    let parts: Vec<_> = name.iter_rdn().collect();
    for part in parts.into_iter().rev() {
        if text.len() > limit * char::MAX.len_utf8() {
            break;
        }
        let mut separator = if text.is_empty() { "" } else { "," };
        for attribute in part.iter() {
            text.push_str(separator);
            separator = "+";
            push_attribute(&mut text, attribute, limit);
        }
    }
    shortened(&text, limit).into()
}

fn push_attribute(text: &mut String, attribute: &AttributeTypeAndValue<'_>, limit: usize) {
    let oid = attribute.attr_type().as_bytes();
    match SHORT_NAMES.iter().find(|(known, _)| *known == oid) {
        Some((_, short)) => text.push_str(short),
        None => text.push_str(&algorithm::dotted(oid)),
    }
    text.push('=');
    if let Some(value) = decoded(attribute.attr_value(), limit) {
        push_escaped(text, &value);
    } else {
        text.push('#');
        let data = attribute.attr_value().data;
        text.push_str(&HexBytes::from(data.get(..limit / 2).unwrap_or(data)).to_string());
    }
}

/// RFC 4514 2.4: what would be read as structure gets a backslash.
fn push_escaped(text: &mut String, value: &str) {
    let last = value.chars().count().saturating_sub(1);
    for (index, character) in value.chars().enumerate() {
        match character {
            '\0' => text.push_str("\\00"),
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => {
                text.push('\\');
                text.push(character);
            }
            '#' | ' ' if index == 0 => {
                text.push('\\');
                text.push(character);
            }
            ' ' if index == last => text.push_str("\\ "),
            _ => text.push(character),
        }
    }
}

/// The characters of a string value, at most `limit`; `None` when the value is no string at all.
pub(super) fn decoded(value: &Any<'_>, limit: usize) -> Option<String> {
    match value.tag() {
        Tag::Utf8String
        | Tag::PrintableString
        | Tag::NumericString
        | Tag::Ia5String
        | Tag::VisibleString
        | Tag::GeneralString
        | Tag::GraphicString => Some(match std::str::from_utf8(value.data) {
            Ok(text) => shortened(text, limit),
            Err(_) => latin(value.data, limit),
        }),
        // T.61 proper is dead: what issuers put there is Latin-1, and that is how Windows and OpenSSL read it.
        Tag::T61String | Tag::VideotexString => Some(latin(value.data, limit)),
        Tag::BmpString => {
            let units = value.data.chunks(2).map(|pair| match pair {
                [high, low] => u16::from_be_bytes([*high, *low]),
                _ => 0xfffd,
            });
            let characters = char::decode_utf16(units);
            Some(
                characters
                    .map(|character| character.unwrap_or(char::REPLACEMENT_CHARACTER))
                    .take(limit)
                    .collect(),
            )
        }
        Tag::UniversalString => {
            let characters = value.data.chunks(4).map(|four| {
                <[u8; 4]>::try_from(four)
                    .ok()
                    .and_then(|bytes| char::from_u32(u32::from_be_bytes(bytes)))
                    .unwrap_or(char::REPLACEMENT_CHARACTER)
            });
            Some(characters.take(limit).collect())
        }
        _ => None,
    }
}

/// Bytes as Latin-1, at most `limit` characters.
pub(super) fn latin(bytes: &[u8], limit: usize) -> String {
    bytes.iter().copied().take(limit).map(char::from).collect()
}

/// The first `limit` characters.
pub(super) fn shortened(text: &str, limit: usize) -> String {
    text.chars().take(limit).collect()
}

#[cfg(test)]
mod tests {
    use x509_parser::asn1_rs::FromDer;

    use super::*;

    fn value(der: &[u8]) -> Option<String> {
        decoded(&Any::from_der(der).unwrap().1, 4)
    }

    #[test]
    fn every_string_type_is_read_and_bounded() {
        for (der, expected) in [
            (&[0x0c, 3, 0xc3, 0xbc, b'x'][..], Some("üx")),
            (&[0x0c, 2, 0xfc, b'x'], Some("üx")),
            (&[0x13, 5, b'a', b'b', b'c', b'd', b'e'], Some("abcd")),
            (&[0x14, 2, 0xfc, b'x'], Some("üx")),
            (&[0x1e, 4, 0x04, 0x41, 0, b'x'], Some("сx")),
            (&[0x1e, 4, 0xd8, 0x3d, 0xde, 0x00], Some("😀")),
            (&[0x1e, 3, 0xd8, 0x00, 0x00], Some("\u{fffd}\u{fffd}")),
            (&[0x1c, 4, 0, 1, 0xf6, 0], Some("😀")),
            (&[0x02, 1, 7], None),
        ] {
            assert_eq!(value(der).as_deref(), expected, "{der:02x?}");
        }
    }

    #[test]
    fn what_looks_like_structure_is_escaped() {
        let mut text = String::new();
        push_escaped(&mut text, " #a,b+c\\\"<;>\0 ");
        assert_eq!(text, "\\ #a\\,b\\+c\\\\\\\"\\<\\;\\>\\00\\ ");
    }
}
