//! Decodes a file to UTF-8 and limits the length of its strings.

use std::io::{self, BufReader, Read};

use encoding_rs_io::DecodeReaderBytesBuilder;

use crate::record;

/// The longest JSON string that is read, in bytes. No writer comes near: network text and targets are bounded at their source.
pub(super) const LONGEST_TEXT: usize = 1 << 20;

pub(super) type Text<'a> = BufReader<Bounded<Box<dyn Read + 'a>>>;

const BUFFER: usize = 1 << 18;

/// Decompresses a compressed recording, and decodes by the byte order mark: `rdpscan … > report.json` in Windows `PowerShell` 5.1 writes UTF-16.
pub(super) fn text<'a>(source: impl Read + 'a) -> io::Result<Text<'a>> {
    let source = BufReader::with_capacity(BUFFER, record::decompress(source)?);
    let decoded = DecodeReaderBytesBuilder::new()
        .utf8_passthru(true)
        .strip_bom(true)
        .build(source);
    let bounded = Bounded {
        source: Box::new(decoded) as Box<dyn Read>,
        length: None,
        is_escaped: false,
    };
    Ok(BufReader::with_capacity(BUFFER, bounded))
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
