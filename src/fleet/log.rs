//! What is known of a host, as bytes: one entry after another, in the order in which they came.
//!
//! A fleet has tens of thousands of hosts and looks into a few at a time, so facts are kept small (postcard, then LZ4 with the
//! host's first entries as dictionary) and unpacked when they are wanted. Adding an entry costs what the entry costs.

use std::iter;

use lz4_flex::block;
use serde::{Deserialize, Serialize};

use super::entry::Entry;

/// Entries that later ones are compressed against: the first attempt, the names, and what came with them.
const REFERENCES: usize = 3;

/// A longer entry is no reference: LZ4 looks back no further than 64 KiB, and adding an entry must not cost more than the entry.
const LARGEST_REFERENCE: usize = 4096;

/// A log shorter than this has no room to spare: most hosts are done with it.
const SMALL_LOG: usize = 2048;

/// Texts that most hosts show, so that the first entry of a host is small too.
const COMMON: &[u8] = b"\x0cX25519\x09secp256r1\x09secp384r1\
    \x25TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\x25TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384\
    \x1cTLS_RSA_WITH_AES_256_CBC_SHA\x18TLS13_AES_128_GCM_SHA256\x18TLS13_AES_256_GCM_SHA384";

/// Why facts cannot be read back: a fault of rdpscan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("facts kept in memory cannot be read back: {0}")]
pub(super) struct LogError(String);

/// The entries of one host.
#[derive(Debug, Clone, Default)]
pub(super) struct Log(Vec<u8>);

/// An entry as it lies: the length that it unpacks to, and its bytes.
#[derive(Serialize, Deserialize)]
struct Packed<'a> {
    length: usize,
    bytes: &'a [u8],
}

impl Log {
    /// Adds an entry.
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

    /// What the next entry is compressed against.
    fn dictionary(&self) -> Result<Vec<u8>, LogError> {
        let mut reading = Reading::new(&self.0);
        while reading.number < REFERENCES && reading.next_raw(false)?.is_some() {}
        Ok(reading.dictionary)
    }

    /// All entries, in the order in which they came; the first that cannot be read ends it.
    pub(super) fn entries(&self) -> impl Iterator<Item = Result<Entry, LogError>> {
        self.raw()
            .map(|raw| postcard::from_bytes(&raw?).map_err(wrong))
    }

    /// The entries, decompressed.
    fn raw(&self) -> impl Iterator<Item = Result<Vec<u8>, LogError>> {
        let mut reading = Reading::new(&self.0);
        iter::from_fn(move || reading.next_raw(true).transpose())
    }

    /// Keeps the entries that are wanted.
    pub(super) fn retain(&mut self, wanted: impl Fn(&Entry) -> bool) -> Result<(), LogError> {
        let entries: Vec<Entry> = self.entries().collect::<Result<_, _>>()?;
        if entries.iter().all(&wanted) {
            return Ok(());
        }
        let mut kept = Self::default();
        for entry in entries.iter().filter(|entry| wanted(entry)) {
            kept.push(entry)?;
        }
        *self = kept;
        Ok(())
    }
}

/// A log on its way back.
struct Reading<'a> {
    rest: &'a [u8],
    dictionary: Vec<u8>,
    number: usize,
}

impl<'a> Reading<'a> {
    fn new(rest: &'a [u8]) -> Self {
        Self {
            rest,
            dictionary: COMMON.to_vec(),
            number: 0,
        }
    }

    /// The next entry; empty when it is not `wanted` and no reference either.
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
