//! Certificates for simulated hosts, created at start with dates relative to the clock.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
};
use rustls::crypto::ring::sign::any_supported_type;
use rustls::sign::CertifiedKey;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::{CertificateSpec, ExtendedUsage, Fixture, Issuer};

/// Published test keys, since ring cannot create RSA keys.
const RSA_KEYS: [&str; 8] = [
    include_str!("../../config/sim-keys/rsa2048-1.pem"),
    include_str!("../../config/sim-keys/rsa2048-2.pem"),
    include_str!("../../config/sim-keys/rsa2048-3.pem"),
    include_str!("../../config/sim-keys/rsa2048-4.pem"),
    include_str!("../../config/sim-keys/rsa2048-5.pem"),
    include_str!("../../config/sim-keys/rsa2048-6.pem"),
    include_str!("../../config/sim-keys/rsa2048-7.pem"),
    include_str!("../../config/sim-keys/rsa2048-8.pem"),
];
/// Self-signed with SHA-1, valid from 2014 to 2049; ring can neither load the small key nor sign with SHA-1.
const RSA_1024_SHA1: &[u8] = include_bytes!("../../config/sim-keys/rsa1024-sha1.der");
const RSA_1024_MD5: &[u8] = include_bytes!("../../config/sim-keys/rsa1024-md5.der");
const RSA_512: &[u8] = include_bytes!("../../config/sim-keys/rsa512.der");
const RSA_2048_SHA1: &[u8] = include_bytes!("../../config/sim-keys/rsa2048-sha1.der");

const DAY_S: i64 = 86_400;
/// The last second in X.509, the end of the year 9999 (RFC 5280 section 4.1.2.5).
const LAST_SECOND: i64 = 253_402_300_799;

/// A chain as sent, with the key of the leaf where it is usable.
#[derive(Debug, Clone)]
pub(super) struct CertificateChain {
    pub(super) chain: Vec<Vec<u8>>,
    pub(super) key: Option<Arc<CertifiedKey>>,
}

/// The CAs of the simulated company and of an inspection appliance.
pub(super) struct CertificateAuthority {
    now: Timestamp,
    root: Vec<u8>,
    corp: CertifiedIssuer<'static, KeyPair>,
    inspection: CertifiedIssuer<'static, KeyPair>,
}

impl CertificateAuthority {
    pub(super) fn new(now: Timestamp) -> Result<Self, rcgen::Error> {
        let authority = |name: &str| {
            let mut params = params(name, now, -730 * DAY_S, 3650 * DAY_S);
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
            params
        };
        let root =
            CertifiedIssuer::self_signed(authority("Corp Example Root CA"), KeyPair::generate()?)?;
        let corp = CertifiedIssuer::signed_by(
            authority("Corp Example Issuing CA 1"),
            KeyPair::generate()?,
            &root,
        )?;
        let inspection =
            CertifiedIssuer::self_signed(authority("FortiGate CA"), KeyPair::generate()?)?;
        Ok(Self {
            now,
            root: root.der().to_vec(),
            corp,
            inspection,
        })
    }

    /// The company's root, for trust stores.
    pub(super) fn root(&self) -> &[u8] {
        &self.root
    }

    /// `name` is the common name of a specification without one.
    pub(super) fn issue(
        &self,
        spec: &CertificateSpec,
        name: &str,
    ) -> Result<CertificateChain, rcgen::Error> {
        if let Some(fixture) = spec.fixture {
            let der = match fixture {
                Fixture::Rsa1024Sha1 => RSA_1024_SHA1,
                Fixture::Rsa2048Sha1 => RSA_2048_SHA1,
                Fixture::Rsa1024Md5 => RSA_1024_MD5,
                Fixture::Rsa512 => RSA_512,
            };
            return Ok(CertificateChain {
                chain: vec![der.to_vec()],
                key: None,
            });
        }
        let key = match spec.rsa_key.map(usize::from) {
            Some(number) => {
                let pem = number.checked_sub(1).and_then(|index| RSA_KEYS.get(index));
                KeyPair::from_pem(pem.ok_or(rcgen::Error::CouldNotParseKeyPair)?)?
            }
            None => KeyPair::generate()?,
        };
        let params = self.params(spec, name)?;
        let mut chain = match spec.issuer {
            Issuer::Itself => vec![params.self_signed(&key)?.der().to_vec()],
            Issuer::Corp => vec![
                params.signed_by(&key, &self.corp)?.der().to_vec(),
                self.corp.der().to_vec(),
            ],
            Issuer::CorpShort => vec![params.signed_by(&key, &self.corp)?.der().to_vec()],
            Issuer::Inspection => vec![params.signed_by(&key, &self.inspection)?.der().to_vec()],
        };
        if spec.unreadable
            && let Some(leaf) = chain.first_mut()
        {
            spoil_dates(leaf);
        }
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let signer =
            any_supported_type(&private).map_err(|_| rcgen::Error::CouldNotParseKeyPair)?;
        let sent = chain.iter().cloned().map(CertificateDer::from).collect();
        Ok(CertificateChain {
            chain,
            key: Some(Arc::new(CertifiedKey::new(sent, signer))),
        })
    }

    fn params(
        &self,
        spec: &CertificateSpec,
        name: &str,
    ) -> Result<CertificateParams, rcgen::Error> {
        // Half a day more, so that the whole days left do not change during a scan.
        let end = spec
            .days_left
            .saturating_mul(DAY_S)
            .saturating_add(DAY_S / 2);
        let start = match spec.starts_in_days {
            Some(days) => days.saturating_mul(DAY_S),
            None => end.saturating_sub(i64::from(spec.lifetime_days).saturating_mul(DAY_S)),
        };
        let common_name = spec.common_name.as_deref().unwrap_or(name);
        let mut params = params(common_name, self.now, start, end);
        params.subject_alt_names = CertificateParams::new(spec.san.clone())?.subject_alt_names;
        params.extended_key_usages = match spec.usage {
            ExtendedUsage::ServerAuth => vec![ExtendedKeyUsagePurpose::ServerAuth],
            ExtendedUsage::RemoteDesktop => vec![ExtendedKeyUsagePurpose::Other(vec![
                1, 3, 6, 1, 4, 1, 311, 54, 1, 2,
            ])],
            ExtendedUsage::ClientAuth => vec![ExtendedKeyUsagePurpose::ClientAuth],
            ExtendedUsage::Absent => Vec::new(),
        };
        if spec.is_ca {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        } else {
            params.key_usages = vec![
                KeyUsagePurpose::KeyEncipherment,
                KeyUsagePurpose::DigitalSignature,
            ];
        }
        Ok(params)
    }
}

/// `start_s` and `end_s` are seconds from now.
fn params(common_name: &str, now: Timestamp, start_s: i64, end_s: i64) -> CertificateParams {
    let at = |offset: i64| {
        let second = now.as_second().saturating_add(offset).clamp(0, LAST_SECOND);
        rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(second.unsigned_abs())
    };
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    let mut params = CertificateParams::default();
    params.distinguished_name = name;
    params.not_before = at(start_s);
    params.not_after = at(end_s);
    params
}

/// Writes month 13 into the first date of a certificate.
fn spoil_dates(der: &mut [u8]) {
    // UTCTime: tag 0x17, length 13, YYMMDDHHMMSSZ (RFC 5280 section 4.1.2.5.1).
    let date = der.windows(15).position(|window| {
        matches!(window, [0x17, 13, digits @ .., b'Z'] if digits.iter().all(u8::is_ascii_digit))
    });
    if let Some(month) = date.and_then(|start| der.get_mut(start + 4..start + 6)) {
        month.copy_from_slice(b"13");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use x509_parser::prelude::*;

    fn now() -> Timestamp {
        "2026-11-23T12:00:00Z".parse().unwrap()
    }

    fn make(spec: &CertificateSpec) -> CertificateChain {
        CertificateAuthority::new(now())
            .unwrap()
            .issue(spec, "a.example")
            .unwrap()
    }

    fn parsed<R>(identity: &CertificateChain, read: impl FnOnce(&X509Certificate<'_>) -> R) -> R {
        read(&X509Certificate::from_der(&identity.chain[0]).unwrap().1)
    }

    #[test]
    fn whole_days_left_are_as_written() {
        for days_left in [-400, -3, 0, 5, 120] {
            let identity = make(&CertificateSpec {
                days_left,
                ..CertificateSpec::default()
            });
            let end = parsed(&identity, |certificate| certificate.validity().not_after);
            let left = (end.timestamp() - now().as_second()).div_euclid(DAY_S);
            assert_eq!(left, days_left);
        }
    }

    #[test]
    fn every_committed_key_loads_and_signs() {
        for rsa_key in 1..=8 {
            let identity = make(&CertificateSpec {
                rsa_key: Some(rsa_key),
                ..CertificateSpec::default()
            });
            assert!(identity.key.is_some(), "key {rsa_key}");
        }
    }

    #[test]
    fn an_issued_certificate_comes_with_its_issuer() {
        let identity = make(&CertificateSpec {
            issuer: Issuer::Corp,
            san: vec!["a.example".into()],
            ..CertificateSpec::default()
        });
        assert_eq!(identity.chain.len(), 2);
        parsed(&identity, |certificate| {
            assert_ne!(certificate.subject(), certificate.issuer());
            assert!(certificate.subject_alternative_name().unwrap().is_some());
        });
    }

    #[test]
    fn an_unreadable_certificate_is_refused_by_a_parser() {
        let identity = make(&CertificateSpec {
            unreadable: true,
            ..CertificateSpec::default()
        });
        assert!(X509Certificate::from_der(&identity.chain[0]).is_err());
    }

    #[test]
    fn fixtures_are_what_they_say() {
        let (sha1, sha256, md5) = (
            "1.2.840.113549.1.1.5",
            "1.2.840.113549.1.1.11",
            "1.2.840.113549.1.1.4",
        );
        for (fixture, bits, signature) in [
            (Fixture::Rsa1024Sha1, 1024, sha1),
            (Fixture::Rsa2048Sha1, 2048, sha1),
            (Fixture::Rsa1024Md5, 1024, md5),
            (Fixture::Rsa512, 512, sha256),
        ] {
            let identity = make(&CertificateSpec {
                fixture: Some(fixture),
                ..CertificateSpec::default()
            });
            parsed(&identity, |certificate| {
                let key = certificate.public_key().parsed().unwrap();
                assert_eq!(key.key_size(), bits);
                assert_eq!(
                    certificate.signature_algorithm.algorithm.to_id_string(),
                    signature
                );
            });
        }
    }

    #[test]
    fn absurd_dates_are_clamped() {
        make(&CertificateSpec {
            days_left: i64::MAX,
            lifetime_days: u32::MAX,
            ..CertificateSpec::default()
        });
    }
}
