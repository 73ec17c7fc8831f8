//! Recordings as LZ4 frames, which `lz4 -d` reads too.

use std::io::{self, Cursor, Read, Write};

use lz4_flex::frame::{BlockMode, FrameDecoder, FrameEncoder, FrameInfo};

/// Begins a frame (LZ4 frame format, version 1.6.4).
const MAGIC: [u8; 4] = [0x04, 0x22, 0x4D, 0x18];

/// Compresses a recording.
///
/// # Errors
/// Reading or writing failed.
pub fn compress<W: Write>(mut recording: impl Read, to: W) -> io::Result<W> {
    // Events of one kind have most of their text in common, so each block refers to the one before it.
    let frame = FrameInfo::new()
        .block_mode(BlockMode::Linked)
        .content_checksum(true);
    let mut encoder = FrameEncoder::with_frame_info(frame, to);
    io::copy(&mut recording, &mut encoder)?;
    encoder.finish().map_err(io::Error::other)
}

/// The text of a recording, compressed or not.
///
/// # Errors
/// The first bytes cannot be read.
pub fn decompress<'a>(mut source: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
    let mut beginning = Vec::with_capacity(MAGIC.len());
    source
        .by_ref()
        .take(MAGIC.len() as u64)
        .read_to_end(&mut beginning)?;
    let is_compressed = beginning == MAGIC;
    let whole = Cursor::new(beginning).chain(source);
    Ok(if is_compressed {
        Box::new(FrameDecoder::new(whole))
    } else {
        Box::new(whole)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        decompress(bytes)?.read_to_end(&mut text)?;
        Ok(text)
    }

    #[test]
    fn what_is_compressed_is_smaller_and_reads_the_same() {
        let text = "{\"event\":\"the same again and again\"}\n".repeat(20_000);
        let compressed = compress(text.as_bytes(), Vec::new()).unwrap();
        assert!(compressed.len() < text.len() / 50, "{}", compressed.len());
        assert_eq!(read(&compressed).unwrap(), text.as_bytes());
        assert_eq!(read(b"{}").unwrap(), b"{}");
        assert_eq!(read(text.as_bytes()).unwrap(), text.as_bytes());
    }

    #[test]
    fn damage_is_an_error_and_no_panic() {
        let text: Vec<String> = (0..5_000_u32)
            .map(|line| format!("{line} {}\n", line * 7))
            .collect();
        let compressed = compress(text.concat().as_bytes(), Vec::new()).unwrap();
        let mut damaged = compressed.clone();
        damaged[compressed.len() / 2] ^= 0x55;
        assert!(read(&damaged).is_err());
    }
}
