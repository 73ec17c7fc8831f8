//! Decodes a file to UTF-8 and limits the length of its strings.

use std::io::{self, BufReader, Cursor, Read};

use crate::record;

/// The longest JSON string that is read, in bytes. No writer comes near: network text and targets are bounded at their source.
pub(super) const LONGEST_TEXT: usize = 1 << 20;

pub(super) type Text<'a> = BufReader<Bounded<Box<dyn Read + 'a>>>;

const BUFFER: usize = 1 << 18;

/// Decompresses a compressed recording, and decodes by the byte order mark: `rdpscan … > report.json` in Windows `PowerShell` 5.1 writes UTF-16.
pub(super) fn text<'a>(source: impl Read + 'a) -> io::Result<Text<'a>> {
    let source = record::decompress(source)?;
    let mut source = BufReader::with_capacity(BUFFER, source);
    let mut mark = Vec::with_capacity(3);
    source.by_ref().take(3).read_to_end(&mut mark)?;
    let unit: fn([u8; 2]) -> u16 = match mark.as_slice() {
        [0xFF, 0xFE, ..] => u16::from_le_bytes,
        [0xFE, 0xFF, ..] => u16::from_be_bytes,
        [0xEF, 0xBB, 0xBF] => return Ok(bounded(source)),
        _ => return Ok(bounded(Cursor::new(mark).chain(source))),
    };
    let rest = Cursor::new(mark.split_off(2)).chain(source);
    Ok(bounded(Utf16 {
        source: rest,
        unit,
        ready: Cursor::new(Vec::new()),
        held: Vec::new(),
    }))
}

fn bounded<'a>(source: impl Read + 'a) -> Text<'a> {
    let bounded = Bounded {
        source: Box::new(source) as Box<dyn Read>,
        length: None,
        is_escaped: false,
    };
    BufReader::with_capacity(BUFFER, bounded)
}

/// Converts UTF-16 to UTF-8.
struct Utf16<R> {
    source: R,
    unit: fn([u8; 2]) -> u16,
    ready: Cursor<Vec<u8>>,
    /// Bytes of an incomplete character.
    held: Vec<u8>,
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.ready.read(out)?;
            if count > 0 || out.is_empty() {
                return Ok(count);
            }
            let mut bytes = std::mem::take(&mut self.held);
            let before = bytes.len();
            self.source.by_ref().take(8192).read_to_end(&mut bytes)?;
            if bytes.len() == before {
                return Ok(0);
            }
            let is_high = |pair: &[u8]| {
                let pair: Option<[u8; 2]> = pair.try_into().ok();
                pair.is_some_and(|pair| (0xD800..0xDC00).contains(&(self.unit)(pair)))
            };
            let mut whole = bytes.len() & !1;
            if bytes
                .get(whole.saturating_sub(2)..whole)
                .is_some_and(is_high)
            {
                whole -= 2;
            }
            self.held = bytes.split_off(whole);
            let units = bytes
                .chunks_exact(2)
                .filter_map(|pair| pair.try_into().ok().map(self.unit));
            let text: String = char::decode_utf16(units)
                .map(|decoded| decoded.unwrap_or(char::REPLACEMENT_CHARACTER))
                .collect();
            self.ready = Cursor::new(text.into_bytes());
        }
    }
}

/// Fails at a string that is too long.
pub(super) struct Bounded<R> {
    source: R,
    /// Length so far of the current string.
    length: Option<usize>,
    is_escaped: bool,
}

#[derive(Debug, thiserror::Error)]
#[error("a text is too long")]
pub(super) struct TooLong;

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        // Fills the buffer, so that the caller sees enough of the beginning.
        let mut count = 0;
        while let Some(rest) = out.get_mut(count..).filter(|rest| !rest.is_empty()) {
            match self.source.read(rest)? {
                0 => break,
                read => count += read,
            }
        }
        for byte in out.get(..count).unwrap_or_default() {
            match (&mut self.length, byte) {
                (None, b'"') => self.length = Some(0),
                (None, _) => {}
                (Some(_), _) if self.is_escaped => self.is_escaped = false,
                (Some(_), b'\\') => self.is_escaped = true,
                (Some(_), b'"') => self.length = None,
                (Some(length), _) => {
                    *length += 1;
                    if *length > LONGEST_TEXT {
                        return Err(io::Error::other(TooLong));
                    }
                }
            }
        }
        Ok(count)
    }
}
