//! A host's history as the fleet keeps it: a string of bytes, about a quarter of what the same facts take as structures.
//!
//! A fleet has tens of thousands of hosts and looks into a few at a time, so facts are kept small and spread out when they are
//! wanted. Never written to a file and never read from one: both ends are in this process, and the layout may change with any
//! version.

mod codec;
mod facts;
mod sketch;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::model::{CertificateFacts, History, ObservedName, Subject};
use codec::{Pack, Packer, Unpacker};
pub use sketch::{CertificateSketch, Sketch};

/// Bytes kept for a host of which more is to come: what an ordinary one needs in the end. A buffer that grew with every
/// attempt would leave holes of all sizes behind, and these cost a fleet as much as the facts themselves.
const ROOM: usize = 712;

/// One host's facts, packed.
#[derive(Debug, Clone)]
pub(super) struct Packed {
    bytes: Vec<u8>,
    /// Issuer certificates, which many hosts have in common and which therefore stay outside.
    issuers: Box<[Arc<CertificateFacts>]>,
}

impl Packed {
    /// Packs a history without its subject, which its row has, and the sketch with the certificate to show.
    pub(super) fn new(history: &History, shown: Option<&CertificateFacts>) -> Self {
        let mut packed = Self {
            bytes: Vec::new(),
            issuers: Box::default(),
        };
        packed.replace(history, shown);
        packed
    }

    /// Puts a history in place of the one that is here.
    pub(super) fn replace(&mut self, history: &History, shown: Option<&CertificateFacts>) {
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.clear();
        bytes.reserve_exact(ROOM);
        let mut packer = Packer::new(bytes);
        // The sketch and the names come first: columns and filters ask for them alone, of every host.
        sketch::pack(history, shown, &mut packer);
        history.names.pack(&mut packer);
        history.listed.pack(&mut packer);
        history.by_reference.pack(&mut packer);
        history.attempts.pack(&mut packer);
        history.lookups.pack(&mut packer);
        history.excluded.pack(&mut packer);
        history.names_checked.pack(&mut packer);
        history.complete.pack(&mut packer);
        history.gateway.pack(&mut packer);
        let (bytes, issuers) = packer.finish();
        self.issuers = issuers.into();
        self.bytes = bytes;
        if history.complete {
            self.bytes.shrink_to_fit();
        }
    }

    /// The history again.
    pub(super) fn history(&self, subject: &Subject) -> History {
        let history = self.unpack(subject);
        debug_assert!(history.is_some(), "what was packed can be unpacked");
        history.unwrap_or_else(|| History::new(subject.clone()))
    }

    fn unpack(&self, subject: &Subject) -> Option<History> {
        let mut from = Unpacker::new(&self.bytes, &self.issuers);
        Sketch::unpack(&mut from)?;
        let names = Pack::unpack(&mut from)?;
        Some(History {
            subject: subject.clone(),
            names,
            listed: Pack::unpack(&mut from)?,
            by_reference: Pack::unpack(&mut from)?,
            attempts: Pack::unpack(&mut from)?,
            lookups: Pack::unpack(&mut from)?,
            excluded: Pack::unpack(&mut from)?,
            names_checked: Pack::unpack(&mut from)?,
            complete: Pack::unpack(&mut from)?,
            gateway: Pack::unpack(&mut from)?,
        })
    }

    /// The names alone.
    pub(super) fn names(&self) -> Vec<ObservedName> {
        let mut from = Unpacker::new(&self.bytes, &self.issuers);
        let names = Sketch::unpack(&mut from).and_then(|_| Pack::unpack(&mut from));
        names.unwrap_or_default()
    }

    /// What a column or a filter may ask of every host.
    pub(super) fn sketch(&self) -> Sketch<'_> {
        Sketch::unpack(&mut Unpacker::new(&self.bytes, &self.issuers)).unwrap_or_default()
    }
}
