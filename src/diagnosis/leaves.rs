//! The leaf certificates in use at one host: a farm behind one address has one for each member, a proxy one for each name.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::num::NonZeroU8;

use jiff::Timestamp;

use super::Policy;
use super::certificate::{days_left, status};
use super::identity::normal;
use super::rules::replaced;
use crate::model::{
    Attempt, CertificateFacts, CertificateStatus, Digest, History, NtlmFacts, TlsFacts,
    TlsHandshake,
};

/// One leaf certificate and the attempts that showed it.
#[derive(Debug)]
pub(crate) struct Leaf<'a> {
    pub(crate) facts: &'a CertificateFacts,
    /// Oldest first.
    pub(crate) attempts: Vec<&'a Attempt>,
    /// The names for which they were made; `None` by IP.
    ways: BTreeSet<Option<&'a str>>,
    /// From 1, in order of first sight.
    pub(super) number: NonZeroU8,
}

/// Every certificate that attempts in the order in which they began showed, in order of first sight. At most 255: a server may
/// make a new one for every connection.
pub(super) fn seen<'a>(attempts: impl IntoIterator<Item = &'a Attempt>) -> Vec<Leaf<'a>> {
    let mut leaves: Vec<Leaf<'a>> = Vec::new();
    let mut places: HashMap<Digest<32>, usize> = HashMap::new();
    for attempt in attempts {
        let Some(facts) = leaf_of(attempt) else {
            continue;
        };
        let place = *places.entry(facts.sha256).or_insert(leaves.len());
        if let Some(known) = leaves.get_mut(place) {
            known.attempts.push(attempt);
            known.ways.insert(attempt.sni.as_deref());
        } else if let Some(number) = u8::try_from(place + 1).ok().and_then(NonZeroU8::new) {
            leaves.push(Leaf {
                facts,
                attempts: vec![attempt],
                ways: BTreeSet::from([attempt.sni.as_deref()]),
                number,
            });
        }
    }
    leaves
}

/// Every certificate in use: not one that was replaced during the scan. The attempts of the history are in the order in which
/// they began.
pub(crate) fn in_use(history: &History) -> Vec<Leaf<'_>> {
    let mut leaves = seen(&history.attempts);
    if leaves.len() > 1 {
        let replaced = replaced(history);
        leaves.retain(|leaf| !replaced.contains(&leaf.facts.sha256));
    }
    leaves
}

/// The certificate that an attempt showed.
pub(crate) fn leaf_of(attempt: &Attempt) -> Option<&CertificateFacts> {
    Some(attempt.tls.as_ref()?.leaf()?)
}

/// The worst first; of equals the one that expires first, then the one seen last.
pub(crate) fn worst_first(leaves: &mut [Leaf<'_>], policy: &Policy, now: Timestamp) {
    leaves.sort_by_cached_key(|leaf| {
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

impl<'a> Leaf<'a> {
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

    /// The TLS facts that came with it.
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
