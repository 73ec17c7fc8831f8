//! The leaf certificates in use at one host: a farm behind one address has one for each member, a proxy one for each name.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::num::NonZeroU8;

use jiff::Timestamp;

use super::Policy;
use super::identity::normal;
use super::validity::{days_left, status};
use crate::model::{
    Attempt, CertificateFacts, CertificateStatus, Digest, History, NtlmFacts, TlsFacts,
    TlsHandshake,
};

/// One leaf certificate and the attempts that showed it.
#[derive(Debug)]
pub(crate) struct ServerCertificate<'a> {
    pub(crate) facts: &'a CertificateFacts,
    /// Oldest first.
    pub(crate) attempts: Vec<&'a Attempt>,
    /// The names for which they were made; `None` by IP.
    ways: BTreeSet<Option<&'a str>>,
    /// From 1, in the order in which attempts first showed them.
    pub(super) number: NonZeroU8,
}

/// Every certificate, in the order in which attempts first showed them; the attempts are in the order in which they began. At most
/// 255: a server may make a new one for every connection.
pub(super) fn seen<'a>(
    attempts: impl IntoIterator<Item = &'a Attempt>,
) -> Vec<ServerCertificate<'a>> {
    let mut certificates: Vec<ServerCertificate<'a>> = Vec::new();
    let mut places: HashMap<Digest<32>, usize> = HashMap::new();
    for attempt in attempts {
        let Some(facts) = certificate_of(attempt) else {
            continue;
        };
        let place = *places.entry(facts.sha256).or_insert(certificates.len());
        if let Some(known) = certificates.get_mut(place) {
            known.attempts.push(attempt);
            known.ways.insert(attempt.sni.as_deref());
        } else if let Some(number) = u8::try_from(place + 1).ok().and_then(NonZeroU8::new) {
            certificates.push(ServerCertificate {
                facts,
                attempts: vec![attempt],
                ways: BTreeSet::from([attempt.sni.as_deref()]),
                number,
            });
        }
    }
    certificates
}

/// Every certificate in use: not one that was replaced during the scan. The attempts of the history are in the order in which
/// they began.
pub(crate) fn in_use(history: &History) -> Vec<ServerCertificate<'_>> {
    let mut certificates = seen(&history.attempts);
    if certificates.len() > 1 {
        let replaced = replaced(history);
        certificates.retain(|leaf| !replaced.contains(&leaf.facts.sha256));
    }
    certificates
}

pub(crate) fn certificate_of(attempt: &Attempt) -> Option<&CertificateFacts> {
    Some(attempt.tls.as_ref()?.leaf()?)
}

/// The worst first; of equals the one that expires first, then the one seen last.
pub(crate) fn worst_first(
    certificates: &mut [ServerCertificate<'_>],
    policy: &Policy,
    now: Timestamp,
) {
    certificates.sort_by_cached_key(|leaf| {
        let rank = match status(leaf.facts, policy, now) {
            CertificateStatus::Expired => 0_u8,
            CertificateStatus::NotYetValid => 1,
            CertificateStatus::Unparsable => 2,
            CertificateStatus::Expiring => 3,
            CertificateStatus::Valid => 4,
        };
        let left = days_left(leaf.facts, now).unwrap_or(i64::MAX);
        let last_seen = leaf.attempts.last().map(|attempt| attempt.started_at);
        (rank, left, Reverse(last_seen))
    });
}

impl<'a> ServerCertificate<'a> {
    /// The newest attempt with a full handshake that showed it, else the newest that did.
    pub(crate) fn best(&self) -> Option<&'a Attempt> {
        let mut newest = self.attempts.iter().rev().copied();
        newest
            .clone()
            .find(|attempt| is_full(attempt))
            .or_else(|| newest.next())
    }

    /// Some attempt for this name (`None`: by IP) showed it.
    pub(crate) fn is_shown_for(&self, name: Option<&str>) -> bool {
        self.ways
            .iter()
            .any(|way| way.map(normal).as_deref() == name)
    }

    pub(crate) fn tls(&self) -> Option<&'a TlsFacts> {
        self.best()?.tls.as_deref()
    }

    /// The newest NTLM facts of the member that showed it.
    pub(crate) fn ntlm(&self) -> Option<&'a NtlmFacts> {
        let mut newest = self.attempts.iter().rev();
        newest.find_map(|attempt| attempt.ntlm.as_deref())
    }

    /// A full handshake proved that the server holds its key.
    pub(crate) fn is_proven(&self) -> bool {
        self.attempts.iter().any(|attempt| is_full(attempt))
    }
}

fn is_full(attempt: &Attempt) -> bool {
    attempt
        .tls
        .as_ref()
        .is_some_and(|tls| tls.handshake == TlsHandshake::Full)
}

/// Authorities date certificates back a little for clocks that are slow (AD CS: ten minutes), and clocks differ, in seconds.
const MADE_EARLIER_S: i64 = 900;

/// A certificate that several attempts in a row showed, and when the last of them began.
pub(super) type Shown<'a> = (&'a CertificateFacts, Timestamp);

/// The certificates that attempts showed in order, by the name for which the attempts were made (`None`: by IP).
pub(super) fn in_sequence(history: &History) -> BTreeMap<Option<&str>, Vec<Shown<'_>>> {
    let mut names: BTreeMap<Option<&str>, Vec<Shown<'_>>> = BTreeMap::new();
    for attempt in &history.attempts {
        let Some(leaf) = certificate_of(attempt) else {
            continue;
        };
        let sequence = names.entry(attempt.sni.as_deref()).or_default();
        match sequence.last_mut() {
            Some((last, seen)) if last.sha256 == leaf.sha256 => *seen = attempt.started_at,
            _ => sequence.push((leaf, attempt.started_at)),
        }
    }
    names
}

/// The old and the new certificate where one replaced the other for good, and was made after the other was last seen.
pub(super) fn replacement<'a>(
    sequence: &[Shown<'a>],
) -> Option<(&'a CertificateFacts, &'a CertificateFacts)> {
    let [(old, seen), (new, _)] = sequence else {
        return None;
    };
    let made = new.not_before?.as_second();
    (made + MADE_EARLIER_S >= seen.as_second()).then_some((old, new))
}

/// Hashes of the certificates that were replaced: no connection showed them after their successor was first seen.
fn replaced(history: &History) -> BTreeSet<Digest<32>> {
    // The places of the first and of the last attempt that showed a certificate.
    let mut seen: HashMap<Digest<32>, (usize, usize)> = HashMap::new();
    for (place, attempt) in history.attempts.iter().enumerate() {
        if let Some(leaf) = certificate_of(attempt) {
            seen.entry(leaf.sha256).or_insert((place, place)).1 = place;
        }
    }
    let is_gone = |old: &CertificateFacts, new: &CertificateFacts| {
        let last = seen.get(&old.sha256).map(|(_, last)| last);
        let first = seen.get(&new.sha256).map(|(first, _)| first);
        last < first
    };
    in_sequence(history)
        .into_values()
        .filter_map(|sequence| replacement(&sequence))
        .filter(|(old, new)| is_gone(old, new))
        .map(|(old, _)| old.sha256)
        .collect()
}
