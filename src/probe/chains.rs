use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use ring::digest::{Context, SHA256};

use super::certificate;
use super::trust::TrustStore;
use crate::model::{CertificateFacts, TrustVerdict};

/// The most chains that are remembered; beyond that all are forgotten and learnt anew.
const LIMIT: usize = 4096;
/// How long a trust verdict holds: certificates come into and go out of validity.
const VERDICT_LIFE: SignedDuration = SignedDuration::from_mins(10);

/// Reads each chain once: equal chains share their facts, which also saves the work of judging trust on every attempt.
#[derive(Debug)]
pub(super) struct Chains {
    trust: Arc<TrustStore>,
    known: Mutex<HashMap<[u8; 32], Chain>>,
}

/// A chain as it was read, and what this machine thinks of it.
#[derive(Debug, Clone)]
pub(super) struct Chain {
    pub(super) certificates: Vec<Arc<CertificateFacts>>,
    pub(super) trust: TrustVerdict,
    judged_at: Timestamp,
}

impl Chains {
    pub(super) fn new(trust: Arc<TrustStore>) -> Self {
        Self {
            trust,
            known: Mutex::default(),
        }
    }

    /// The facts of a chain as sent, leaf first; an empty chain is not judged.
    pub(super) fn read(&self, chain: &[Vec<u8>], now: Timestamp) -> Chain {
        if chain.is_empty() {
            return Chain {
                certificates: Vec::new(),
                trust: TrustVerdict::NotChecked,
                judged_at: now,
            };
        }
        let digest = digest(chain);
        let known = self.lookup(&digest);
        if let Some(known) = &known
            && now.duration_since(known.judged_at).abs() <= VERDICT_LIFE
        {
            return known.clone();
        }
        let certificates = known.map_or_else(
            || {
                chain
                    .iter()
                    .map(|der| Arc::new(certificate::read(der)))
                    .collect()
            },
            |known| known.certificates,
        );
        let read = Chain {
            certificates,
            trust: self.trust.judge(chain, now),
            judged_at: now,
        };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= LIMIT {
            known.clear();
        }
        known.insert(digest, read.clone());
        read
    }

    fn lookup(&self, digest: &[u8; 32]) -> Option<Chain> {
        self.known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(digest)
            .cloned()
    }
}

/// SHA-256 over the certificates, each with its length in front, so that no two chains look alike.
fn digest(chain: &[Vec<u8>]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for certificate in chain {
        context.update(&certificate.len().to_be_bytes());
        context.update(certificate);
    }
    let mut bytes = [0; 32];
    for (byte, value) in bytes.iter_mut().zip(context.finish().as_ref()) {
        *byte = *value;
    }
    bytes
}
