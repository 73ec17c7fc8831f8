use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use ring::digest::{Context, SHA256};

use super::certificate;
use super::trust::TrustStore;
use crate::model::{ChainCertificate, TrustVerdict};

/// Limit for remembered chains; beyond it all are forgotten.
const LIMIT: usize = 4096;
/// How long a trust verdict holds: certificates come into and go out of validity.
const VERDICT_LIFE: SignedDuration = SignedDuration::from_mins(10);

/// Reads each chain once: equal chains share their facts, which also saves the work of judging trust on every attempt.
pub(super) struct Chains {
    trust: Arc<TrustStore>,
    known: Mutex<HashMap<[u8; 32], Chain>>,
}

/// A chain, and whether this machine trusts it.
#[derive(Debug, Clone)]
pub(super) struct Chain {
    pub(super) certificates: Vec<ChainCertificate>,
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
                    .map(|der| certificate::read(der).into())
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

#[cfg(test)]
mod tests {
    use super::*;

    fn chains() -> Chains {
        Chains::new(Arc::new(TrustStore::empty()))
    }

    #[test]
    fn equal_chains_share_their_certificates() {
        let (chains, now) = (chains(), Timestamp::UNIX_EPOCH);
        let chain = vec![vec![0x30, 0x00]];
        let first = chains.read(&chain, now);
        let later = chains.read(&chain, now + VERDICT_LIFE * 2);
        let leaf = |chain: &Chain| Arc::clone(chain.certificates[0].facts().unwrap());
        assert!(Arc::ptr_eq(&leaf(&first), &leaf(&later)));
        assert_eq!(later.judged_at, now + VERDICT_LIFE * 2);
    }

    #[test]
    fn no_chain_is_not_judged() {
        let read = chains().read(&[], Timestamp::UNIX_EPOCH);
        assert_eq!(read.trust, TrustVerdict::NotChecked);
        assert!(read.certificates.is_empty());
    }

    #[test]
    fn cutting_a_chain_elsewhere_makes_another() {
        let one = [vec![1, 2, 3]];
        let two = [vec![1], vec![2, 3]];
        assert_ne!(digest(&one), digest(&two));
    }

    #[test]
    fn memory_stays_bounded() {
        let chains = chains();
        for number in 0..=LIMIT {
            let chain = [number.to_be_bytes().to_vec()];
            chains.read(&chain, Timestamp::UNIX_EPOCH);
        }
        assert!(chains.known.lock().unwrap().len() <= LIMIT);
    }
}
