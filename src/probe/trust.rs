//! Whether this machine would trust a chain.
//!
//! A fact about the certificate and about this machine. Expiry, name, purpose and key strength are verdicts of their own
//! elsewhere, and do not decide here; revocation is never asked, since that would send packets to third parties.

use std::collections::HashSet;
use std::time::Duration;

use jiff::Timestamp;
use ring::digest;
use ring::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use webpki::{EndEntityCert, ExtendedKeyUsageValidator, KeyPurposeIdIter};
use x509_parser::asn1_rs::FromDer;
use x509_parser::certificate::X509Certificate;

use super::certificate::algorithm;
use super::tls::variant_in_words;
use crate::model::{KeyAlgorithm, TrustVerdict};

/// Most certificates of a chain that are looked at; what a server sends beyond that is not needed by any honest chain.
const CHAIN_LIMIT: usize = 16;

/// The roots that this machine trusts.
///
/// On Windows, the intermediates of the machine (its "CA" store) are not used yet: a server that leaves out an
/// intermediate is an unknown issuer here, though Windows clients may complete the chain.
#[derive(Default)]
pub struct TrustStore {
    anchors: Vec<TrustAnchor<'static>>,
    /// SHA-256 of each root's DER: a self-signed server certificate may itself have been made a root.
    digests: HashSet<[u8; 32]>,
}

impl TrustStore {
    /// Reads the operating system's roots. Slow (a file of some hundred kilobytes, or the system's store): once per scan, not
    /// on a runtime thread. What cannot be read is left out.
    #[must_use]
    pub fn load() -> Self {
        let found = rustls_native_certs::load_native_certs();
        for error in &found.errors {
            tracing::warn!(%error, "Part of the system's trust store cannot be read");
        }
        Self::from_roots(found.certs.iter().map(AsRef::as_ref))
    }

    /// No roots at all: only self-signed certificates get a verdict.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// These roots, as DER; what is no certificate is left out.
    #[must_use]
    pub fn from_roots<'a>(roots: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut store = Self::default();
        for root in roots {
            let der = CertificateDer::from(root);
            if let Ok(anchor) = webpki::anchor_from_trusted_cert(&der) {
                store.anchors.push(anchor.to_owned());
                store.digests.extend(sha256(root));
            }
        }
        store
    }

    /// Judges a chain as the server sent it, leaf first.
    ///
    /// An expired chain is judged at the end of its leaf's validity, one not yet valid at its beginning: `now` only counts in
    /// between. Costs a few signature checks, so that a caller with many equal chains does well to judge each once.
    #[must_use]
    pub fn judge(&self, chain: &[Vec<u8>], now: Timestamp) -> TrustVerdict {
        let Some((leaf, intermediates)) = chain.split_first() else {
            return TrustVerdict::NotChecked;
        };
        if sha256(leaf).is_some_and(|digest| self.digests.contains(&digest)) {
            return TrustVerdict::Trusted;
        }
        let Ok((_, certificate)) = X509Certificate::from_der(leaf) else {
            return TrustVerdict::Rejected("the certificate cannot be read".into());
        };
        let own = OwnSignature::of(&certificate);
        if own == OwnSignature::Right {
            return TrustVerdict::SelfSigned;
        }
        let verdict = if self.anchors.is_empty() {
            TrustVerdict::NotChecked
        } else {
            let intermediates: Vec<_> = intermediates
                .iter()
                .take(CHAIN_LIMIT - 1)
                .map(|der| CertificateDer::from(der.as_slice()))
                .collect();
            self.verify(leaf, &intermediates, judged_at(&certificate, now))
        };
        match (own, verdict) {
            // Issued in its own name, so that no other issuer is to be looked for.
            (
                OwnSignature::Wrong,
                TrustVerdict::UnknownIssuer | TrustVerdict::NotChecked | TrustVerdict::Rejected(_),
            ) => TrustVerdict::Rejected(
                "issued in its own name, but not signed with its own key".into(),
            ),
            (
                OwnSignature::Unverifiable,
                TrustVerdict::UnknownIssuer | TrustVerdict::NotChecked | TrustVerdict::Rejected(_),
            ) => TrustVerdict::Rejected(
                "issued in its own name, with a signature that cannot be verified here".into(),
            ),
            (_, verdict) => verdict,
        }
    }

    fn verify(
        &self,
        leaf: &[u8],
        intermediates: &[CertificateDer<'_>],
        at: UnixTime,
    ) -> TrustVerdict {
        let leaf = CertificateDer::from(leaf);
        let verified = EndEntityCert::try_from(&leaf).and_then(|leaf| {
            leaf.verify_for_usage(
                webpki::ALL_VERIFICATION_ALGS,
                &self.anchors,
                intermediates,
                at,
                AnyPurpose,
                None,
                None,
            )
            .map(drop)
        });
        match verified {
            Ok(()) => TrustVerdict::Trusted,
            Err(webpki::Error::UnknownIssuer) => TrustVerdict::UnknownIssuer,
            Err(error) => TrustVerdict::Rejected(reason(&error)),
        }
    }
}

impl std::fmt::Debug for TrustStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TrustStore")
            .field("roots", &self.anchors.len())
            .finish_non_exhaustive()
    }
}

/// Accepts every purpose: whether a certificate's purposes suit Remote Desktop is a question for diagnosis, and
/// 1.3.6.1.4.1.311.54.1.2 alone does, which TLS libraries refuse.
struct AnyPurpose;

impl ExtendedKeyUsageValidator for AnyPurpose {
    fn validate(&self, _purposes: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        Ok(())
    }
}

/// Whether a certificate's own key made its signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OwnSignature {
    /// Subject and issuer differ: the question does not arise.
    Foreign,
    /// It made the signature.
    Right,
    /// It did not.
    Wrong,
    /// The algorithm or the key size is beyond what can be checked here, such as MD5 or RSA with 512 bits.
    Unverifiable,
}

impl OwnSignature {
    fn of(certificate: &X509Certificate<'_>) -> Self {
        if certificate.subject.as_raw() != certificate.issuer.as_raw() {
            return Self::Foreign;
        }
        let algorithms = candidates(certificate);
        let key = &certificate.subject_pki.subject_public_key.data;
        let message = certificate.tbs_certificate.as_ref();
        let signature = &certificate.signature_value.data;
        let fits = |algorithm: &&'static dyn VerificationAlgorithm| {
            UnparsedPublicKey::new(*algorithm, key)
                .verify(message, signature)
                .is_ok()
        };
        if algorithms.is_empty() {
            Self::Unverifiable
        } else if algorithms.iter().any(fits) {
            Self::Right
        } else {
            Self::Wrong
        }
    }
}

/// The ways to verify a signature with the certificate's own key; none when there is no way. Weak ones are welcome: the
/// question is who signed, not how well.
fn candidates(certificate: &X509Certificate<'_>) -> Vec<&'static dyn VerificationAlgorithm> {
    /// P-256 (RFC 5480 2.1.1.1).
    const P256: &str = "1.2.840.10045.3.1.7";
    /// P-384.
    const P384: &str = "1.3.132.0.34";

    let info = &certificate.subject_pki;
    let key = algorithm::public_key(info);
    let curve = info
        .algorithm
        .parameters
        .as_ref()
        .map(|parameters| algorithm::dotted(parameters.data));
    let signed_with = algorithm::dotted(certificate.signature_algorithm.algorithm.as_bytes());
    let (legacy, modern) = match key.algorithm {
        KeyAlgorithm::Rsa => (
            (1024..=8192).contains(&key.bits),
            (2048..=8192).contains(&key.bits),
        ),
        _ => (false, false),
    };
    match (&*signed_with, curve.as_deref()) {
        ("1.2.840.113549.1.1.5" | "1.3.14.3.2.29", _) if legacy => {
            vec![&signature::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY]
        }
        ("1.2.840.113549.1.1.11", _) if legacy => {
            vec![&signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY]
        }
        ("1.2.840.113549.1.1.12", _) if modern => vec![&signature::RSA_PKCS1_2048_8192_SHA384],
        ("1.2.840.113549.1.1.13", _) if legacy => {
            vec![&signature::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY]
        }
        // Which hash PSS uses is in its parameters; trying all three is simpler than reading them.
        ("1.2.840.113549.1.1.10", _) if modern => vec![
            &signature::RSA_PSS_2048_8192_SHA256,
            &signature::RSA_PSS_2048_8192_SHA384,
            &signature::RSA_PSS_2048_8192_SHA512,
        ],
        ("1.2.840.10045.4.3.2", Some(P256)) => vec![&signature::ECDSA_P256_SHA256_ASN1],
        ("1.2.840.10045.4.3.2", Some(P384)) => vec![&signature::ECDSA_P384_SHA256_ASN1],
        ("1.2.840.10045.4.3.3", Some(P256)) => vec![&signature::ECDSA_P256_SHA384_ASN1],
        ("1.2.840.10045.4.3.3", Some(P384)) => vec![&signature::ECDSA_P384_SHA384_ASN1],
        ("1.3.101.112", _) => vec![&signature::ED25519],
        _ => Vec::new(),
    }
}

/// `now`, held within the leaf's validity.
fn judged_at(certificate: &X509Certificate<'_>, now: Timestamp) -> UnixTime {
    let validity = &certificate.validity;
    let seconds = now
        .as_second()
        .min(validity.not_after.timestamp())
        .max(validity.not_before.timestamp());
    UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
}

/// Why the judge refused, as a lower-case fragment.
fn reason(error: &webpki::Error) -> Box<str> {
    use webpki::Error;

    match error {
        Error::InvalidSignatureForPublicKey => "a signature in the chain is wrong".into(),
        Error::CertExpired { .. } => {
            "an issuing certificate had expired before the certificate did".into()
        }
        Error::CertNotValidYet { .. } => "an issuing certificate was not valid yet".into(),
        Error::CaUsedAsEndEntity => "the certificate is one of a certificate authority".into(),
        Error::EndEntityUsedAsCa => "an issuing certificate is not one of an authority".into(),
        Error::PathLenConstraintViolated => "the chain is longer than an authority allows".into(),
        Error::NameConstraintViolation => "an authority may not issue for this name".into(),
        Error::UnsupportedCertVersion => "a certificate is not of version 3".into(),
        Error::UnsupportedCriticalExtension => {
            "a certificate has a critical extension that is not known here".into()
        }
        Error::UnsupportedSignatureAlgorithmContext(_)
        | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
            "a signature in the chain cannot be verified here (weak or unknown algorithm)".into()
        }
        error => format!("the chain is refused: {}", variant_in_words(error))
            .chars()
            .take(200)
            .collect(),
    }
}

fn sha256(der: &[u8]) -> Option<[u8; 32]> {
    digest::digest(&digest::SHA256, der)
        .as_ref()
        .try_into()
        .ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rcgen::{
        BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    };

    use super::*;

    macro_rules! fixture {
        ($name:literal) => {
            include_bytes!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/tests/data/certs/",
                $name,
                ".der"
            ))
            .to_vec()
        };
    }

    fn params(name: &str, authority: bool, years: (i32, i32)) -> CertificateParams {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        params.not_before = rcgen::date_time_ymd(years.0, 1, 1);
        params.not_after = rcgen::date_time_ymd(years.1, 1, 1);
        if authority {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        params
    }

    struct Chain {
        root: Vec<u8>,
        middle: Vec<u8>,
        leaf: Vec<u8>,
    }

    /// Root, intermediate and a leaf that was valid in 2020 only.
    fn chain(middle_years: (i32, i32)) -> Chain {
        let root_params = params("Root", true, (2000, 2040));
        let middle_params = params("Middle", true, middle_years);
        let mut leaf_params = params("srv.corp.example", false, (2020, 2021));
        leaf_params.extended_key_usages = vec![ExtendedKeyUsagePurpose::Other(vec![
            1, 3, 6, 1, 4, 1, 311, 54, 1, 2,
        ])];
        let [root_key, middle_key, leaf_key] =
            std::array::from_fn(|_| KeyPair::generate().unwrap());
        let root = root_params.self_signed(&root_key).unwrap();
        let root_issuer = Issuer::from_params(&root_params, &root_key);
        let middle = middle_params.signed_by(&middle_key, &root_issuer).unwrap();
        let middle_issuer = Issuer::from_params(&middle_params, &middle_key);
        let leaf = leaf_params.signed_by(&leaf_key, &middle_issuer).unwrap();
        Chain {
            root: root.der().to_vec(),
            middle: middle.der().to_vec(),
            leaf: leaf.der().to_vec(),
        }
    }

    fn year(year: i16) -> Timestamp {
        format!("{year}-06-01T00:00:00Z").parse().unwrap()
    }

    #[test]
    fn a_chain_to_a_root_is_trusted_whatever_the_time() {
        let chain = chain((2010, 2030));
        let store = TrustStore::from_roots([chain.root.as_slice()]);
        let sent = [chain.leaf, chain.middle];
        for now in [1960, 2015, 2020, 2026, 2060] {
            assert_eq!(
                store.judge(&sent, year(now)),
                TrustVerdict::Trusted,
                "{now}"
            );
        }
    }

    #[test]
    fn a_missing_intermediate_is_an_unknown_issuer() {
        let chain = chain((2010, 2030));
        let store = TrustStore::from_roots([chain.root.as_slice()]);
        assert_eq!(
            store.judge(&[chain.leaf], year(2020)),
            TrustVerdict::UnknownIssuer
        );
    }

    #[test]
    fn a_root_that_is_not_ours_is_an_unknown_issuer() {
        let (ours, theirs) = (chain((2010, 2030)), chain((2010, 2030)));
        let foreign = params("Elsewhere", true, (2000, 2040))
            .self_signed(&KeyPair::generate().unwrap())
            .unwrap();
        let store = TrustStore::from_roots([foreign.der().as_ref()]);
        let sent = [theirs.leaf, theirs.middle, ours.root];
        assert_eq!(store.judge(&sent, year(2020)), TrustVerdict::UnknownIssuer);
    }

    #[test]
    fn an_intermediate_that_ended_before_the_leaf_began_is_told() {
        let chain = chain((2010, 2015));
        let store = TrustStore::from_roots([chain.root.as_slice()]);
        let verdict = store.judge(&[chain.leaf, chain.middle], year(2020));
        assert!(
            matches!(&verdict, TrustVerdict::Rejected(reason) if reason.contains("expired")),
            "{verdict:?}"
        );
    }

    #[test]
    fn self_signed_certificates_of_every_age_are_seen() {
        for der in [
            fixture!("ec-p256"),
            fixture!("ed25519"),
            fixture!("rsa1024-sha1"),
            fixture!("bmp-cn"),
            fixture!("v1"),
        ] {
            assert_eq!(
                TrustStore::empty().judge(&[der], year(2020)),
                TrustVerdict::SelfSigned
            );
        }
    }

    #[test]
    fn what_cannot_be_verified_is_not_called_self_signed() {
        for der in [fixture!("rsa512"), fixture!("rsa1024-md5"), fixture!("pss")] {
            let verdict = TrustStore::empty().judge(&[der], year(2020));
            assert!(
                matches!(&verdict, TrustVerdict::Rejected(reason) if reason.contains("cannot be verified")),
                "{verdict:?}"
            );
        }
    }

    #[test]
    fn a_self_signed_certificate_that_was_made_a_root_is_trusted() {
        let der = fixture!("ec-p256");
        let store = TrustStore::from_roots([der.as_slice()]);
        assert_eq!(store.judge(&[der], year(2020)), TrustVerdict::Trusted);
    }

    #[test]
    fn a_forged_own_signature_is_rejected() {
        let mut der = fixture!("rsa1024-sha1");
        *der.last_mut().unwrap() ^= 1;
        let verdict = TrustStore::empty().judge(&[der], year(2020));
        assert!(
            matches!(&verdict, TrustVerdict::Rejected(reason) if reason.contains("own key")),
            "{verdict:?}"
        );
    }

    #[test]
    fn without_roots_nothing_is_said_of_an_issued_certificate() {
        let chain = chain((2010, 2030));
        assert_eq!(
            TrustStore::empty().judge(&[chain.leaf], year(2020)),
            TrustVerdict::NotChecked
        );
        assert_eq!(
            TrustStore::empty().judge(&[], year(2020)),
            TrustVerdict::NotChecked
        );
    }

    proptest! {
        #[test]
        fn any_damage_is_judged_without_panic(
            damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
            extra in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..64), 0..20),
        ) {
            let mut der = fixture!("ec-p256");
            for (index, byte) in damage {
                let at = index.index(der.len());
                der[at] = byte;
            }
            let store = TrustStore::from_roots([fixture!("rsa1024-sha1").as_slice()]);
            let mut sent = vec![der];
            sent.extend(extra);
            let verdict = store.judge(&sent, year(2026));
            prop_assert_ne!(verdict, TrustVerdict::Trusted);
        }
    }
}
