use ring::signature::{
    RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
    RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA384,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters,
    UnparsedPublicKey,
};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::CertificateDer;
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;
use x509_parser::public_key::PublicKey;

/// Whether a key-exchange signature was right, given the provider's result.
///
/// The provider refuses what is old: keys below 2048 bits, SHA-1, certificates that webpki cannot read. None of that makes
/// a signature wrong, so that those are verified here where ring can, and are `None`, unknown, where it cannot.
pub(super) fn verdict(
    said: &Result<HandshakeSignatureValid, Error>,
    message: &[u8],
    certificate: &CertificateDer<'_>,
    signed: &DigitallySignedStruct,
) -> Option<bool> {
    let Err(error) = said else {
        return Some(true);
    };
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    let key_info = certificate.public_key();
    let Ok(PublicKey::RSA(key)) = key_info.parsed() else {
        // For other keys ring can verify no more than the provider.
        return matches!(
            error,
            Error::InvalidCertificate(CertificateError::BadSignature)
        )
        .then_some(false);
    };
    let (algorithm, least_bits) = rsa_algorithm(signed.scheme)?;
    (least_bits..=8192).contains(&key.key_size()).then(|| {
        UnparsedPublicKey::new(algorithm, &key_info.subject_public_key.data)
            .verify(message, signed.signature())
            .is_ok()
    })
}

/// ring's algorithm for an RSA scheme (RFC 8446 section 4.2.3), and the smallest modulus in bits that it takes.
fn rsa_algorithm(scheme: SignatureScheme) -> Option<(&'static RsaParameters, usize)> {
    Some(match scheme {
        SignatureScheme::RSA_PKCS1_SHA1 => (&RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY, 1024),
        SignatureScheme::RSA_PKCS1_SHA256 => {
            (&RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, 1024)
        }
        SignatureScheme::RSA_PKCS1_SHA384 => (&RSA_PKCS1_2048_8192_SHA384, 2048),
        SignatureScheme::RSA_PKCS1_SHA512 => {
            (&RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY, 1024)
        }
        SignatureScheme::RSA_PSS_SHA256 => (&RSA_PSS_2048_8192_SHA256, 2048),
        SignatureScheme::RSA_PSS_SHA384 => (&RSA_PSS_2048_8192_SHA384, 2048),
        SignatureScheme::RSA_PSS_SHA512 => (&RSA_PSS_2048_8192_SHA512, 2048),
        _ => return None,
    })
}
