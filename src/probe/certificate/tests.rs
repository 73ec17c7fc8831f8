use std::sync::Arc;

use std::net::IpAddr;

use proptest::prelude::*;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair};

use super::*;

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/data/certs/",
            $name,
            ".der"
        ))
        .as_slice()
    };
}

/// A certificate made here, with dates of the given years.
fn made(from: i32, to: i32, change: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
    let mut params = CertificateParams::new(vec![String::from("srv.corp.example")]).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, "srv.corp.example");
    params.not_before = rcgen::date_time_ymd(from, 1, 1);
    params.not_after = rcgen::date_time_ymd(to, 12, 31);
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    params.self_signed(&key).unwrap().der().to_vec()
}

/// The certificate with the first occurrence of some bytes replaced by as many others.
fn patched(der: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let at = der
        .windows(from.len())
        .position(|window| window == from)
        .unwrap();
    let mut der = der.to_vec();
    der[at..at + to.len()].copy_from_slice(to);
    der
}

fn key(algorithm: KeyAlgorithm, bits: u32) -> PublicKey {
    PublicKey { algorithm, bits }
}

#[test]
fn a_full_certificate_yields_every_fact() {
    let der = fixture!("ec-p256");
    let facts = read(der);
    assert_eq!(facts.unparsable, None);
    assert_eq!(
        &*facts.subject,
        "CN=ec.corp.example,CN=old-name,O=Smith\\, Jones \\+ Co,DC=corp,DC=example"
    );
    assert_eq!(*facts.issuer, *facts.subject);
    assert!(facts.self_issued);
    assert_eq!(facts.common_name.as_deref(), Some("ec.corp.example"));
    assert_eq!(facts.serial.to_string(), "08");
    assert!(facts.has_san);
    assert_eq!(
        facts.san_dns,
        [Box::from("ec.corp.example"), Box::from("*.corp.example")]
    );
    let addresses: [IpAddr; 2] = ["192.0.2.7".parse().unwrap(), "2001:db8::7".parse().unwrap()];
    assert_eq!(facts.san_ip, addresses);
    assert_eq!(facts.key, key(KeyAlgorithm::Ec, 256));
    assert_eq!(&*facts.signature_algorithm, "ecdsa-with-SHA256");
    assert_eq!(
        facts.extended_key_usage,
        Some(vec![
            Arc::from("1.3.6.1.5.5.7.3.1"),
            Arc::from("1.3.6.1.4.1.311.54.1.2")
        ])
    );
    assert!(facts.has_crl);
    assert!(!facts.is_ca);
    assert_eq!(facts.trailing_bytes, 0);
    assert_eq!(facts.der_length as usize, der.len());
    assert!(facts.spki_sha256.is_some());
}

#[test]
fn thumbprints_are_over_the_bytes_as_sent() {
    let facts = read(b"abc");
    assert_eq!(
        facts.sha1.to_string(),
        "a9993e364706816aba3e25717850c26c9cd0d89d"
    );
    assert_eq!(
        facts.sha256.to_string(),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
    assert!(facts.unparsable.is_some());
}

#[test]
fn keys_and_signatures_of_every_age_are_named() {
    for (der, algorithm, bits, signature) in [
        (
            fixture!("rsa512"),
            KeyAlgorithm::Rsa,
            512,
            "sha256WithRSAEncryption",
        ),
        (
            fixture!("rsa1024-sha1"),
            KeyAlgorithm::Rsa,
            1024,
            "sha1WithRSAEncryption",
        ),
        (
            fixture!("rsa1024-md5"),
            KeyAlgorithm::Rsa,
            1024,
            "md5WithRSAEncryption",
        ),
        (
            fixture!("pss"),
            KeyAlgorithm::Rsa,
            1024,
            "RSASSA-PSS with SHA256",
        ),
        (fixture!("ed25519"), KeyAlgorithm::EdDsa, 256, "Ed25519"),
    ] {
        let facts = read(der);
        assert_eq!(facts.key, key(algorithm, bits), "{signature}");
        assert_eq!(&*facts.signature_algorithm, signature);
    }
}

#[test]
fn names_in_old_string_types_are_read() {
    let bmp = read(fixture!("bmp-cn"));
    assert_eq!(bmp.common_name.as_deref(), Some("сервер.corp.example"));
    assert_eq!(&*bmp.subject, "CN=сервер.corp.example");
    let t61 = read(fixture!("t61-cn"));
    assert_eq!(t61.common_name.as_deref(), Some("büro.corp.example"));
}

#[test]
fn a_version_1_certificate_has_no_extensions_and_is_read() {
    let facts = read(fixture!("v1"));
    assert_eq!(facts.common_name.as_deref(), Some("v1.corp.example"));
    assert!(!facts.has_san);
    assert_eq!(facts.extended_key_usage, None);
    assert_eq!(facts.dns_names(), ["v1.corp.example"]);
}

#[test]
fn an_empty_subject_is_empty() {
    let facts = read(fixture!("empty-subject"));
    assert_eq!(facts.unparsable, None);
    assert_eq!(&*facts.subject, "");
    assert_eq!(facts.common_name, None);
}

#[test]
fn a_negative_serial_is_kept_as_its_bytes() {
    assert_eq!(read(fixture!("negative-serial")).serial.to_string(), "fb");
}

#[test]
fn a_serial_loses_only_the_sign_byte() {
    assert_eq!(serial(&[0, 0x80, 1]).to_string(), "8001");
    assert_eq!(serial(&[0]).to_string(), "00");
    assert!(serial(&[]).is_empty());
    assert_eq!(serial(&[7; 5000]).0.len(), SERIAL_LIMIT);
}

#[test]
fn a_certificate_authority_is_one_by_its_basic_constraints() {
    assert!(read(fixture!("rsa1024-sha1")).is_ca);
}

#[test]
fn far_dates_are_dates() {
    let facts = read(&made(1970, 2109, |_| {}));
    assert_eq!(
        facts.not_before.unwrap().to_string(),
        "1970-01-01T00:00:00Z"
    );
    assert_eq!(facts.not_after.unwrap().to_string(), "2109-12-31T00:00:00Z");
}

#[test]
fn no_expiration_is_the_last_second_there_is() {
    let der = made(2020, 9999, |_| {});
    let der = patched(&der, b"99991231000000Z", b"99991231235959Z");
    let end = read(&der).not_after.unwrap();
    assert_eq!(end, UtcSecond::MAX);
    assert_eq!(end.to_string(), "9999-12-31T23:59:59Z");
}

#[test]
fn a_month_that_does_not_exist_leaves_the_thumbprints() {
    let der = made(2020, 2030, |_| {});
    let facts = read(&patched(&der, b"200101000000Z", b"201301000000Z"));
    assert_eq!(facts.unparsable.as_deref(), Some("invalid date"));
    assert_eq!(facts.spki_sha256, None);
    assert_eq!(facts.not_before, None);
    assert_eq!(&*facts.subject, "");
}

#[test]
fn trailing_bytes_are_counted() {
    let der = made(2020, 2030, |_| {});
    let mut longer = der.clone();
    longer.extend([0, 1, 2]);
    let facts = read(&longer);
    assert_eq!(facts.unparsable, None);
    assert_eq!(facts.trailing_bytes, 3);
    assert_ne!(facts.sha1, read(&der).sha1);
}

#[test]
fn lists_and_strings_are_bounded() {
    let der = made(2020, 2030, |params| {
        params.subject_alt_names = (0..200)
            .map(|index| {
                let name = format!("{index}-{}", "a".repeat(400));
                rcgen::SanType::DnsName(name.try_into().unwrap())
            })
            .collect();
        for index in 0..9 {
            params.distinguished_name.push(
                DnType::CustomDnType(vec![2, 999, index]),
                "ö".repeat(1000).as_str(),
            );
        }
        params.extended_key_usages = (0..100)
            .map(|index| ExtendedKeyUsagePurpose::Other(vec![2, 999, index]))
            .collect();
    });
    let facts = read(&der);
    assert_eq!(facts.unparsable, None);
    assert_eq!(facts.san_dns.len(), SAN_BYTES / NAME_LIMIT);
    assert_eq!(facts.san_dns.len() + facts.san_omitted as usize, 200);
    assert!(facts.san_dns.iter().all(|name| name.len() == NAME_LIMIT));
    assert_eq!(facts.subject.chars().count(), SUBJECT_LIMIT);
    assert_eq!(facts.extended_key_usage.unwrap().len(), USAGE_LIMIT);
}

/// A certificate with so many short DNS names, and as many addresses.
fn with_names(count: u32) -> CertificateFacts {
    read(&made(2020, 2030, |params| {
        let names = (0..count).map(|index| {
            let name = format!("n{index}.x");
            rcgen::SanType::DnsName(name.try_into().unwrap())
        });
        let addresses = (0..count).map(|index| {
            rcgen::SanType::IpAddress(IpAddr::from((0x0a00_0000 + index).to_be_bytes()))
        });
        params.subject_alt_names = names.chain(addresses).collect();
    }))
}

#[test]
fn as_many_names_as_authorities_grant_are_kept() {
    let facts = with_names(1000);
    assert_eq!((facts.san_dns.len(), facts.san_ip.len()), (1000, 1000));
    assert_eq!(facts.san_omitted, 0);
    assert!(facts.covers("n999.x"));
}

#[test]
fn names_beyond_those_that_are_kept_are_counted() {
    let facts = with_names(2500);
    assert_eq!(
        (facts.san_dns.len(), facts.san_ip.len()),
        (SAN_LIMIT, SAN_LIMIT)
    );
    assert_eq!(facts.san_omitted as usize, 2 * (2500 - SAN_LIMIT));
}

#[test]
fn remote_desktop_authentication_is_kept_of_a_long_list() {
    let facts = read(&made(2020, 2030, |params| {
        params.extended_key_usages = (0..100)
            .map(|index| ExtendedKeyUsagePurpose::Other(vec![2, 999, index]))
            .chain([ExtendedKeyUsagePurpose::Other(vec![
                1, 3, 6, 1, 4, 1, 311, 54, 1, 2,
            ])])
            .collect();
    }));
    let usages = facts.extended_key_usage.unwrap();
    assert!(usages.contains(&Arc::from("1.3.6.1.4.1.311.54.1.2")));
}

#[test]
fn a_broken_extension_spoils_only_itself() {
    let der = made(2020, 2030, |_| {});
    // The SAN's octet string holds a sequence; make it a boolean.
    let san = [0x55, 0x1d, 0x11, 0x04, 0x14, 0x30];
    let facts = read(&patched(&der, &san, &[0x55, 0x1d, 0x11, 0x04, 0x14, 0x01]));
    assert_eq!(facts.unparsable, None);
    assert!(facts.has_san);
    assert_eq!(facts.san_dns, []);
    assert_eq!(facts.common_name.as_deref(), Some("srv.corp.example"));
}

#[test]
fn a_name_outside_ascii_in_the_san_is_kept() {
    let der = made(2020, 2030, |_| {});
    let facts = read(&patched(
        &der,
        b"\x82\x10srv.corp.example",
        b"\x82\x10s\xfcv.corp.example",
    ));
    assert_eq!(facts.san_dns, [Box::from("süv.corp.example")]);
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        let facts = read(&bytes);
        prop_assert_eq!(facts.der_length as usize, bytes.len());
    }

    #[test]
    fn any_damage_is_read_without_panic(
        which in 0..4_usize,
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut der = [
            fixture!("ec-p256"),
            fixture!("bmp-cn"),
            fixture!("pss"),
            fixture!("v1"),
        ][which].to_vec();
        for (index, byte) in damage {
            let at = index.index(der.len());
            der[at] = byte;
        }
        if let Some(cut) = cut {
            der.truncate(cut.index(der.len()));
        }
        let facts = read(&der);
        prop_assert!(facts.subject.chars().count() <= SUBJECT_LIMIT);
        prop_assert!(facts.unparsable.is_none() || facts.not_after.is_none());
    }

    #[test]
    fn any_date_is_read_without_panic(digits in "[0-9]{12}", zone in "Z|[+-][0-9]{4}|[0-9]{1,3}") {
        let time = format!("{digits}{zone}");
        let length = u8::try_from(time.len()).unwrap();
        for tag in [0x17, 0x18] {
            let mut der = vec![tag, length];
            der.extend(time.as_bytes());
            if let Ok((_, time)) = ASN1Time::from_der(&der) {
                prop_assert_eq!(second(time).as_second(), time.timestamp());
            }
        }
    }
}

#[test]
fn the_policy_of_public_authorities_is_read() {
    // Policies 2.5.29.32.0 (any) and the last one, as SEQUENCE OF SEQUENCE of one OBJECT IDENTIFIER.
    let with = |policy: &[u8]| {
        let any = [0x06, 4, 0x55, 0x1D, 0x20, 0];
        let id = [&[0x06, u8::try_from(policy.len()).unwrap()], policy].concat();
        let sequence = |inner: &[u8]| [&[0x30, u8::try_from(inner.len()).unwrap()], inner].concat();
        let content = sequence(&[sequence(&any), sequence(&id)].concat());
        read(&made(2025, 2026, |params| {
            let extension = rcgen::CustomExtension::from_oid_content(&[2, 5, 29, 32], content);
            params.custom_extensions.push(extension);
        }))
        .public_policy
    };
    assert!(with(&[0x67, 0x81, 0x0C, 1, 2, 1]));
    assert!(!with(&[0x2B, 6, 1, 4, 1, 0x82, 0x37, 0x15]));
    assert!(!read(&made(2025, 2026, |_| {})).public_policy);
}
