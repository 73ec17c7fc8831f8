//! What a server shows in the negotiation, in TLS and in NTLM.

use rdpscan::model::{
    CertificateFacts, Digest, HexBytes, KeyAlgorithm, NegotiationFacts, NtlmFacts, Protocols,
    PublicKey, SelectedSecurity, TlsFacts, TlsHandshake, TlsVersion, TrustVerdict,
};

use super::{days, digest, now};

/// A Windows machine's own certificate: self-signed, no alternative name, server authentication only.
pub(crate) fn certificate(name: &str) -> CertificateFacts {
    let subject: Box<str> = format!("CN={name}").into();
    CertificateFacts {
        sha1: Digest([0x5a; 20]),
        sha256: digest(name),
        der_length: 800,
        unparsable: None,
        subject: subject.clone(),
        common_name: Some(name.into()),
        issuer: subject.into(),
        serial: HexBytes::from(&[1][..]),
        san_dns: Vec::new(),
        san_ip: Vec::new(),
        san_omitted: 0,
        has_san: false,
        not_before: Some(days(-60).into()),
        not_after: Some(days(120).into()),
        key: PublicKey {
            algorithm: KeyAlgorithm::Rsa,
            bits: 2048,
        },
        spki_sha256: Some(digest(&format!("key of {name}"))),
        signature_algorithm: "sha256WithRSAEncryption".into(),
        extended_key_usage: Some(vec!["1.3.6.1.5.5.7.3.1".into()]),
        is_ca: false,
        self_issued: true,
        has_crl: false,
        public_policy: false,
        trailing_bytes: 0,
    }
}

/// A certificate from an authority, with its names as alternative names.
pub(crate) fn issued(names: &[&str]) -> CertificateFacts {
    CertificateFacts {
        issuer: "CN=Corp Issuing CA 1,DC=corp,DC=example".into(),
        san_dns: names.iter().map(|name| (*name).into()).collect(),
        has_san: true,
        self_issued: false,
        has_crl: true,
        not_before: Some(days(-100).into()),
        not_after: Some(days(265).into()),
        ..certificate(names.first().copied().unwrap_or("srv05.corp.example"))
    }
}

pub(crate) fn tls(leaf: CertificateFacts) -> TlsFacts {
    let trust = if leaf.self_issued {
        TrustVerdict::SelfSigned
    } else {
        TrustVerdict::UnknownIssuer
    };
    TlsFacts {
        handshake: TlsHandshake::Full,
        version: Some(TlsVersion::TLS_1_3),
        cipher: Some("TLS13_AES_256_GCM_SHA384".into()),
        group: None,
        signature_valid: Some(true),
        client_certificate_requested: false,
        chain: vec![leaf.into()],
        trust,
        received: 1400,
    }
}

pub(crate) fn legacy(version: TlsVersion) -> TlsFacts {
    TlsFacts {
        handshake: TlsHandshake::LegacyPeek,
        version: Some(version),
        cipher: Some("TLS_RSA_WITH_AES_128_CBC_SHA".into()),
        signature_valid: None,
        ..tls(certificate("srv05.corp.example"))
    }
}

pub(crate) fn negotiation(selected: SelectedSecurity) -> NegotiationFacts {
    let raw = match selected {
        SelectedSecurity::Ssl => 1,
        SelectedSecurity::Hybrid => 2,
        SelectedSecurity::Rdstls => 4,
        SelectedSecurity::HybridEx => 8,
        SelectedSecurity::Rdsaad => 0x10,
        SelectedSecurity::StandardRdp | SelectedSecurity::None => 0,
    };
    NegotiationFacts {
        requested: Protocols::DEFAULT_OFFER,
        selected,
        selected_raw: (selected != SelectedSecurity::None).then_some(Protocols(raw)),
        failure: None,
        response_flags: (selected != SelectedSecurity::None).then_some(0x1f),
        source_reference: 0x1234,
        bare_confirm: false,
    }
}

pub(crate) fn ntlm(name: &str) -> NtlmFacts {
    NtlmFacts {
        netbios_computer: Some(
            name.split('.')
                .next()
                .unwrap_or(name)
                .chars()
                .take(15)
                .collect::<String>()
                .to_uppercase()
                .into(),
        ),
        netbios_domain: Some("CORP".into()),
        dns_computer: Some(name.into()),
        dns_domain: Some("corp.example".into()),
        dns_forest: Some("corp.example".into()),
        version: Some((10, 0, 20348)),
        server_time: Some(now()),
        measured_at: Some(now()),
        clock_error_ms: 2,
        tsrequest_version: Some(6),
        echoed_nonce: false,
    }
}
