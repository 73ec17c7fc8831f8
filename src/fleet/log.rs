//! The compressed facts of a host: entries in the order of arrival.
//!
//! A fleet has tens of thousands of hosts and reads a few at a time, so facts are kept small (postcard, then LZ4 with the host's
//! first entries as dictionary) and decompressed on use. The cost of adding an entry does not depend on the length of the log.

use std::iter;

use lz4_flex::block;
use serde::{Deserialize, Serialize};

use super::entry::Entry;

/// Number of entries used as dictionary: usually the first attempt and the names.
const REFERENCES: usize = 3;

/// A longer entry is not used as dictionary: LZ4 looks back 64 KiB at most, and a large dictionary makes adding slow.
const LARGEST_REFERENCE: usize = 4096;

/// A log shorter than this has no spare capacity: most hosts never grow beyond it.
const SMALL_LOG: usize = 2048;

/// Texts of most hosts, so that the first entry compresses too.
const COMMON: &[u8] = b"\x0cX25519\x09secp256r1\x09secp384r1\
    \x25TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\x25TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384\
    \x1cTLS_RSA_WITH_AES_256_CBC_SHA\x18TLS13_AES_128_GCM_SHA256\x18TLS13_AES_256_GCM_SHA384";

/// An internal error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("facts kept in memory cannot be read back: {0}")]
pub(super) struct LogError(String);

#[derive(Debug, Clone, Default)]
pub(super) struct Log(Vec<u8>);

/// A compressed entry and its uncompressed length.
#[derive(Serialize, Deserialize)]
struct Packed<'a> {
    length: usize,
    bytes: &'a [u8],
}

impl Log {
    pub(super) fn push(&mut self, entry: &Entry) -> Result<(), LogError> {
        let raw = postcard::to_allocvec(entry).map_err(wrong)?;
        let bytes = block::compress_with_dict(&raw, &self.dictionary()?);
        let packed = Packed {
            length: raw.len(),
            bytes: &bytes,
        };
        let packed = postcard::to_allocvec(&packed).map_err(wrong)?;
        if self.0.len() < SMALL_LOG {
            self.0.reserve_exact(packed.len());
        }
        self.0.extend_from_slice(&packed);
        Ok(())
    }

    fn dictionary(&self) -> Result<Vec<u8>, LogError> {
        let mut reader = LogReader::new(&self.0);
        while reader.number < REFERENCES && reader.next_raw(false)?.is_some() {}
        Ok(reader.dictionary)
    }

    /// All entries, up to the first that cannot be read.
    pub(super) fn entries(&self) -> impl Iterator<Item = Result<Entry, LogError>> {
        self.raw()
            .map(|raw| postcard::from_bytes(&raw?).map_err(wrong))
    }

    fn raw(&self) -> impl Iterator<Item = Result<Vec<u8>, LogError>> {
        let mut reader = LogReader::new(&self.0);
        iter::from_fn(move || reader.next_raw(true).transpose())
    }

    /// A log of the entries that are wanted; `None` when they all are.
    pub(super) fn filtered(
        &self,
        wanted: impl Fn(&Entry) -> bool,
    ) -> Result<Option<Self>, LogError> {
        let entries: Vec<Entry> = self.entries().collect::<Result<_, _>>()?;
        if entries.iter().all(&wanted) {
            return Ok(None);
        }
        let mut kept = Self::default();
        for entry in entries.iter().filter(|entry| wanted(entry)) {
            kept.push(entry)?;
        }
        Ok(Some(kept))
    }
}

struct LogReader<'a> {
    rest: &'a [u8],
    dictionary: Vec<u8>,
    number: usize,
}

impl<'a> LogReader<'a> {
    fn new(rest: &'a [u8]) -> Self {
        Self {
            rest,
            dictionary: COMMON.to_vec(),
            number: 0,
        }
    }

    /// The next entry; empty when it is neither `wanted` nor part of the dictionary.
    fn next_raw(&mut self, wanted: bool) -> Result<Option<Vec<u8>>, LogError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let (packed, behind): (Packed<'_>, _) =
            postcard::take_from_bytes(std::mem::take(&mut self.rest)).map_err(wrong)?;
        self.rest = behind;
        let is_reference = self.number < REFERENCES && packed.length <= LARGEST_REFERENCE;
        self.number += 1;
        if !wanted && !is_reference {
            return Ok(Some(Vec::new()));
        }
        let raw = block::decompress_with_dict(packed.bytes, packed.length, &self.dictionary)
            .map_err(wrong)?;
        if is_reference {
            self.dictionary.extend_from_slice(&raw);
        }
        Ok(Some(raw))
    }
}

fn wrong(error: impl std::fmt::Display) -> LogError {
    LogError(error.to_string())
}
