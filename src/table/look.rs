//! One host while it is looked at: what has to be unpacked is unpacked once.

use std::cell::OnceCell;

use crate::fleet::{CertificateSketch, Host, Sketch};

/// A host, and its sketch once somebody asked for it.
pub(super) struct Look<'a> {
    pub(super) host: &'a Host,
    sketch: OnceCell<Sketch<'a>>,
}

impl<'a> Look<'a> {
    pub(super) const fn new(host: &'a Host) -> Self {
        Self {
            host,
            sketch: OnceCell::new(),
        }
    }

    pub(super) fn sketch(&self) -> &Sketch<'a> {
        self.sketch.get_or_init(|| self.host.sketch())
    }

    /// The leaf certificate, in outlines.
    pub(super) fn certificate(&self) -> Option<&CertificateSketch<'a>> {
        self.sketch().certificate.as_ref()
    }
}
