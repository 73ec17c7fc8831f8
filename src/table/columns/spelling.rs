//! Which bytes a column's text can have in lower case: a word with another byte need not be looked for there, and the text need
//! not be written. What people type has mostly letters that numbers, verdicts and addresses do not have.

/// Whether a byte can occur.
pub(super) type Spelling = fn(u8) -> bool;

/// Text from elsewhere.
pub(super) const fn any(_: u8) -> bool {
    true
}

/// Words of the model.
pub(super) const fn words(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte == b'_'
}

/// Words of the model, one after another.
pub(super) const fn lists(byte: u8) -> bool {
    words(byte) || byte == b' '
}

/// Words of the model, `x224` among them.
pub(super) const fn stages(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

/// Whole numbers and versions.
pub(super) const fn numbers(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'-' | b'.')
}

/// Dates, and times of day.
pub(super) const fn dates(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'-' | b':' | b' ')
}

/// A year and a dash: fewer digits stand in every date, and would find every host.
pub(super) fn begins_like_a_date(word: &str) -> bool {
    word.bytes().take(4).filter(u8::is_ascii_digit).count() == 4
        && word.as_bytes().get(4) == Some(&b'-')
}

/// TLS versions and what stands in their place: `1.2*`, `ssl3`, `0x7f1c`, `fail`, `?`.
pub(super) const fn versions(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'*' | b'?')
}

/// Hexadecimal, with `0x` in front or without.
pub(super) const fn codes(byte: u8) -> bool {
    byte.is_ascii_hexdigit() || byte == b'x'
}

/// `0x904 91%`.
pub(super) const fn predictions(byte: u8) -> bool {
    codes(byte) || matches!(byte, b' ' | b'%')
}

/// `rsa 2048`.
pub(super) const fn keys(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b' '
}

/// Addresses with ports, and `no address`.
pub(super) const fn addresses(byte: u8) -> bool {
    byte.is_ascii_hexdigit()
        || matches!(
            byte,
            b'.' | b':' | b'[' | b']' | b' ' | b'n' | b'o' | b'r' | b's'
        )
}
