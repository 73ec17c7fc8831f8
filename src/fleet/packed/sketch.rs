//! What a table shows of every host and a filter asks of it, so that neither has to spread out whole histories.
//!
//! It stands before everything else, and its texts count as seen: the facts behind it only refer to them.

use std::borrow::Cow;

use jiff::Timestamp;

use super::codec::{Pack, Packer, Text, Unpacker};
use crate::model::{CertificateFacts, History, NameSource, PublicKey, UtcSecond};

/// The outlines of a host. Texts are raw network text: make them safe for the sink before showing them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sketch<'a> {
    /// Of [`Diagnosis::certificate`](crate::diagnosis::Diagnosis::certificate).
    pub certificate: Option<CertificateSketch<'a>>,
    /// Version of the operating system as NTLM claims it: major, minor, build.
    pub build: Option<(u8, u8, u16)>,
    /// As [`History::response_flags`].
    pub response_flags: Option<u8>,
    /// Beginning of the first attempt at which TCP came up, to the millisecond.
    pub first_seen: Option<Timestamp>,
    /// Beginning of the newest such attempt.
    pub last_seen: Option<Timestamp>,
    /// The first name that the address leads back to.
    pub reverse: Option<Cow<'a, str>>,
}

/// The outlines of a leaf certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateSketch<'a> {
    /// As [`CertificateFacts::common_name`].
    pub common_name: Option<Cow<'a, str>>,
    /// As [`CertificateFacts::issuer`].
    pub issuer: Cow<'a, str>,
    sha1: Text<'a>,
    /// As [`CertificateFacts::signature_algorithm`].
    pub signature_algorithm: Cow<'a, str>,
    /// As [`CertificateFacts::key`].
    pub key: PublicKey,
    /// How many alternative names it has, DNS names and addresses.
    pub alternative_names: usize,
    /// As [`CertificateFacts::not_after`].
    pub not_after: Option<UtcSecond>,
}

/// Packs the sketch of a history.
pub(super) fn pack(history: &History, shown: Option<&CertificateFacts>, out: &mut Packer) {
    shown.is_some().pack(out);
    if let Some(facts) = shown {
        pack_certificate(facts, out);
    }
    history.ntlm().and_then(|ntlm| ntlm.version).pack(out);
    history.response_flags().pack(out);
    let mut seen = history
        .attempts
        .iter()
        .filter(|attempt| attempt.connect_ms().is_some())
        .map(|attempt| attempt.started_at);
    let first = seen.next();
    let last = seen.next_back().or(first);
    first.is_some().pack(out);
    if let (Some(first), Some(last)) = (first, last) {
        out.signed(first.as_millisecond());
        out.signed(last.as_millisecond() - first.as_millisecond());
    }
    let reverse = history
        .names
        .iter()
        .find(|name| name.source == NameSource::Ptr);
    pack_text(reverse.map(|name| name.name.as_ref()), out);
}

fn pack_certificate(facts: &CertificateFacts, out: &mut Packer) {
    pack_text(facts.common_name.as_deref(), out);
    out.text(&facts.issuer);
    out.text(&facts.sha1);
    out.text(&facts.signature_algorithm);
    facts.key.pack(out);
    let left_out = usize::try_from(facts.san_left_out).unwrap_or(usize::MAX);
    out.size((facts.san_dns.len() + facts.san_ip.len()).saturating_add(left_out));
    facts.not_after.pack(out);
}

fn pack_text(text: Option<&str>, out: &mut Packer) {
    text.is_some().pack(out);
    if let Some(text) = text {
        out.text(text);
    }
}

impl<'a> Sketch<'a> {
    /// Reads what [`pack`] wrote; `None` for other bytes.
    pub(super) fn unpack(from: &mut Unpacker<'a>) -> Option<Self> {
        let mut sketch = Self::default();
        if bool::unpack(from)? {
            sketch.certificate = Some(CertificateSketch::unpack(from)?);
        }
        sketch.build = Pack::unpack(from)?;
        sketch.response_flags = Pack::unpack(from)?;
        if bool::unpack(from)? {
            let first = from.signed()?;
            let last = first.checked_add(from.signed()?)?;
            sketch.first_seen = Some(Timestamp::from_millisecond(first).ok()?);
            sketch.last_seen = Some(Timestamp::from_millisecond(last).ok()?);
        }
        sketch.reverse = text(from)?;
        Some(sketch)
    }
}

impl<'a> CertificateSketch<'a> {
    /// As [`CertificateFacts::sha1`]; written out at every call.
    #[must_use]
    pub fn sha1(&self) -> Cow<'a, str> {
        self.sha1.into()
    }

    fn unpack(from: &mut Unpacker<'a>) -> Option<Self> {
        Some(Self {
            common_name: text(from)?,
            issuer: from.text()?,
            sha1: from.raw_text()?,
            signature_algorithm: from.text()?,
            key: Pack::unpack(from)?,
            alternative_names: from.size()?,
            not_after: Pack::unpack(from)?,
        })
    }
}

/// The outer `None` is for bytes that are no sketch.
#[expect(
    clippy::option_option,
    reason = "no text is something else than no sketch"
)]
fn text<'a>(from: &mut Unpacker<'a>) -> Option<Option<Cow<'a, str>>> {
    if bool::unpack(from)? {
        from.text().map(Some)
    } else {
        Some(None)
    }
}
