//! How fields are read whose value, text or order takes more than a line.

use std::net::IpAddr;

use jiff::Timestamp;

use super::words;
use crate::diagnosis::Spread;
use crate::fleet::Host;
use crate::model::{
    CertificateFacts, CertificateStatus, ChangeClass, DEFAULT_PORT, Finding, History, HostKey,
    HostState, KeyAlgorithm, Nla, ServerFeature, TlsFacts, TlsHandshake, TlsVersion, TrustVerdict,
    domain_of,
};
use crate::table::value::{FieldValue, SortKey, append};

/// The value of an enum of the model with its word, in its own order.
macro_rules! word {
    ($value:expr) => {{
        let value = $value;
        FieldValue::Word(value.word(), value as i64)
    }};
}

pub(super) use word;

pub(super) fn leaf(host: &Host) -> Option<&CertificateFacts> {
    host.certificate().map(AsRef::as_ref)
}

/// Worst first, those that are acknowledged last.
pub(super) fn findings(host: &Host) -> &[Finding] {
    &host.diagnosis.findings
}

/// Code and likelihood.
pub(super) fn predicted(host: &Host) -> Option<(&'static str, u8)> {
    let predicted = host.diagnosis.predicted.as_deref()?;
    Some((predicted.code, predicted.likelihood))
}

/// Hosts that would refuse stand together, whatever stops their clients; then by state, worst finding first.
pub(super) fn by_state(host: &Host) -> SortKey<'_> {
    let worst = (host.diagnosis.worst()).map_or(0, |finding| finding.severity as i64 + 1);
    let state = host.diagnosis.state;
    let group = if host.diagnosis.would_refuse() {
        HostState::Broken
    } else {
        state
    };
    SortKey::Number((group as i64 * 8 - worst) * 16 + state as i64)
}

pub(super) fn address(host: &Host) -> FieldValue<'_> {
    let endpoint = host.key().endpoint();
    endpoint.map_or(FieldValue::Missing, |endpoint| {
        FieldValue::Address(endpoint.address)
    })
}

/// With the port where it is not 3389.
pub(super) fn write_address(host: &Host, out: &mut String) {
    match host.key() {
        HostKey::Endpoint(endpoint) if endpoint.port == DEFAULT_PORT => {
            append(out, format_args!("{}", endpoint.address));
        }
        HostKey::Endpoint(endpoint) => append(out, format_args!("{endpoint}")),
        HostKey::Unresolved { .. } => out.push_str("no address"),
    }
}

/// A certificate that is not valid yet has days left, too.
pub(super) fn write_days_left(host: &Host, out: &mut String) {
    let Some(days) = host.diagnosis.days_left else {
        return;
    };
    append(out, format_args!("{days}"));
    if host.diagnosis.certificate_status == Some(CertificateStatus::NotYetValid) {
        out.push_str(" (not yet valid)");
    }
}

/// With `TLS` in front: a bare 1.3 is the first of March for half of the spreadsheets in Europe.
pub(super) fn tls(host: &Host) -> FieldValue<'_> {
    let version = host.tls().and_then(|(_, version)| version);
    FieldValue::text(version.map(|version| match version {
        TlsVersion::SSL_3_0 => version.to_string(),
        version => format!("TLS {version}"),
    }))
}

/// As a filter names it.
pub(super) fn tls_word(host: &Host) -> FieldValue<'_> {
    match host.tls() {
        None => FieldValue::Missing,
        Some((_, None)) => FieldValue::Text(words::NO_VERSION.into()),
        // A version without a word has its place in the order.
        Some((_, Some(version))) => FieldValue::Word(
            words::tls_version(version).unwrap_or_default(),
            i64::from(version.0),
        ),
    }
}

/// Without a version first, then the oldest.
pub(super) fn by_tls(host: &Host) -> SortKey<'_> {
    let version = |(_, version): (_, Option<TlsVersion>)| {
        SortKey::Number(version.map_or(0, |version| i64::from(version.0)))
    };
    host.tls().map_or(SortKey::Missing, version)
}

pub(super) fn write_tls(host: &Host, out: &mut String) {
    match host.tls() {
        None => {}
        Some((TlsHandshake::Failed, _)) => out.push_str("fail"),
        Some((_, Some(TlsVersion::SSL_3_0))) => out.push_str("ssl3"),
        // The star says that only the legacy peek could read it: a modern client may not get through.
        Some((TlsHandshake::LegacyPeek, Some(version))) => append(out, format_args!("{version}*")),
        Some((_, Some(version))) => append(out, format_args!("{version}")),
        Some((_, None)) => out.push('?'),
    }
}

pub(super) fn write_nla(host: &Host, out: &mut String) {
    if host.diagnosis.nla != Nla::Unknown {
        out.push_str(host.diagnosis.nla.word());
    }
}

pub(super) fn by_nla(host: &Host) -> SortKey<'_> {
    match host.diagnosis.nla {
        Nla::Unknown => SortKey::Missing,
        nla => SortKey::Number(-(nla as i64)),
    }
}

pub(super) fn worst_finding(host: &Host) -> FieldValue<'_> {
    let shown = host.diagnosis.first_shown();
    FieldValue::text(shown.map(|finding| match &finding.acknowledged {
        Some(known) => format!("{} {} ({})", finding.id, finding.title, known.word()),
        None => format!("{} {}", finding.id, finding.title),
    }))
}

pub(super) fn finding_ids(host: &Host) -> FieldValue<'_> {
    FieldValue::list(findings(host).iter().map(|finding| finding.id))
}

pub(super) fn by_finding(host: &Host) -> SortKey<'_> {
    host.diagnosis.worst().map_or(SortKey::Missing, |finding| {
        SortKey::Ranked(-(finding.severity as i64), finding.id)
    })
}

/// `0x904 91%`: a code alone would accuse hosts that mostly work.
pub(super) fn write_predicted(host: &Host, out: &mut String) {
    if let Some((code, likelihood)) = predicted(host) {
        append(out, format_args!("{code} {likelihood}%"));
    }
}

/// By code, then the most likely first.
pub(super) fn by_predicted(host: &Host) -> SortKey<'_> {
    predicted(host).map_or(SortKey::Missing, |(code, likelihood)| {
        let unlikely = 100 - likelihood.min(100);
        SortKey::Text(format!("{code} {unlikely:03}").into())
    })
}

pub(super) fn features(host: &Host) -> FieldValue<'_> {
    let flags = host.sketch().response_flags;
    let announced = flags.into_iter().flat_map(ServerFeature::announced);
    FieldValue::list(announced.map(ServerFeature::word))
}

pub(super) fn alternative_names(host: &Host) -> FieldValue<'_> {
    let Some(leaf) = leaf(host) else {
        return FieldValue::Missing;
    };
    let names = leaf.san_dns.iter().map(|name| (**name).into());
    let addresses = leaf.san_ip.iter().map(|address| address.to_string().into());
    let all: Vec<_> = names.chain(addresses).collect();
    if all.is_empty() {
        return FieldValue::Missing;
    }
    let omitted = usize::try_from(leaf.san_omitted).unwrap_or(usize::MAX);
    FieldValue::List(all, omitted)
}

pub(super) fn self_signed<'a>(host: &'a Host, history: &'a History) -> FieldValue<'a> {
    let tls = host.diagnosis.tls_shown(history);
    let answer = tls.and_then(|tls| is_self_signed(tls, tls.leaf()?));
    FieldValue::text(answer.map(words::yes_or_no))
}

/// Whether the leaf is signed with its own key; `None` when it claims so and nobody checked its signature.
pub(crate) fn is_self_signed(tls: &TlsFacts, leaf: &CertificateFacts) -> Option<bool> {
    if leaf.unparsable.is_some() {
        return None;
    }
    match tls.trust {
        TrustVerdict::SelfSigned => Some(true),
        _ if !leaf.self_issued => Some(false),
        // A self-issued certificate that is trusted is in the trust store itself.
        TrustVerdict::Trusted => Some(true),
        TrustVerdict::UnknownIssuer => Some(false),
        TrustVerdict::Rejected(_) | TrustVerdict::NotChecked => None,
    }
}

pub(super) fn key(host: &Host) -> FieldValue<'_> {
    FieldValue::text(leaf(host).and_then(key_text))
}

/// Algorithm and bits of a key, such as `RSA 2048`; `None` when neither was read.
pub(crate) fn key_text(leaf: &CertificateFacts) -> Option<String> {
    let word = leaf.key.algorithm.word();
    match (leaf.key.algorithm, leaf.key.bits) {
        (KeyAlgorithm::Unknown, 0) => None,
        (_, 0) => Some(word.to_owned()),
        (_, bits) => Some(format!("{word} {bits}")),
    }
}

/// Bits of an elliptic curve do not compare with those of the others.
pub(super) fn key_bits(host: &Host) -> FieldValue<'_> {
    let key = leaf(host).map(|leaf| leaf.key);
    let key = key.filter(|key| matches!(key.algorithm, KeyAlgorithm::Rsa | KeyAlgorithm::Dsa));
    FieldValue::number(key.map(|key| key.bits))
}

/// The shortest first.
pub(super) fn by_key(host: &Host) -> SortKey<'_> {
    let key = leaf(host).map(|leaf| leaf.key);
    key.filter(|key| key.bits > 0)
        .map_or(SortKey::Missing, |key| {
            SortKey::Ranked(i64::from(key.bits), key.algorithm.word())
        })
}

/// A later one last, to the millisecond.
pub(super) fn by_time<'a>(time: Option<Timestamp>) -> SortKey<'a> {
    time.map_or(SortKey::Missing, |time| {
        SortKey::Number(time.as_millisecond())
    })
}

pub(super) fn median<'a>(spread: Option<Spread>) -> FieldValue<'a> {
    FieldValue::decimal(spread.map(|spread| spread.median), 1)
}

/// Addresses that the names resolve to, each once.
pub(super) fn forward(host: &Host) -> FieldValue<'_> {
    let mut addresses: Vec<IpAddr> = Vec::new();
    let paths = &host.diagnosis.name_paths;
    for member in paths.iter().flat_map(|path| &path.members) {
        if !addresses.contains(&member.address) {
            addresses.push(member.address);
        }
    }
    if addresses.is_empty() {
        FieldValue::Missing
    } else {
        FieldValue::Addresses(addresses)
    }
}

pub(super) fn subnet(host: &Host) -> FieldValue<'_> {
    let endpoint = host.key().endpoint();
    let network = endpoint.and_then(|endpoint| crate::model::subnet(endpoint.address));
    network.map_or(FieldValue::Missing, FieldValue::Network)
}

/// Each kind once, worst first.
fn change_classes(host: &Host) -> Vec<ChangeClass> {
    let mut classes: Vec<ChangeClass> = host.changes().iter().map(|one| one.class).collect();
    classes.dedup();
    classes
}

pub(super) fn changes(host: &Host) -> FieldValue<'_> {
    FieldValue::list(change_classes(host).into_iter().map(ChangeClass::word))
}

/// With `yes` for any change.
pub(super) fn change_words(host: &Host) -> FieldValue<'_> {
    let any = (!host.changes().is_empty()).then_some(words::yes_or_no(true));
    let classes = change_classes(host).into_iter().map(ChangeClass::word);
    FieldValue::list(any.into_iter().chain(classes))
}

pub(super) fn write_changes(host: &Host, out: &mut String) {
    for (place, class) in change_classes(host).into_iter().enumerate() {
        let comma = if place > 0 { ", " } else { "" };
        append(out, format_args!("{comma}{}", class.in_words()));
    }
}

/// The worst first.
pub(super) fn by_change(host: &Host) -> SortKey<'_> {
    let worst = host.changes().first();
    worst.map_or(SortKey::Missing, |worst| {
        SortKey::Number(worst.class as i64)
    })
}

pub(super) fn names(host: &Host) -> FieldValue<'_> {
    FieldValue::list(host.names())
}

/// The name, or the address with its port.
pub(super) fn host(host: &Host) -> FieldValue<'_> {
    let name = host.display_name().map(Into::into);
    FieldValue::Text(name.unwrap_or_else(|| host.key().to_string().into()))
}

pub(super) fn domain(host: &Host) -> Option<&str> {
    host.display_name().and_then(domain_of)
}

/// `berlin healthy, hq broken at tls`; nothing where one site scanned.
pub(super) fn sites(host: &Host) -> Option<String> {
    let sites = host.sites().iter();
    let sites: Vec<String> = sites
        .map(|view| {
            let stage = view.failed_stage.map(|stage| format!(" at {stage}"));
            format!("{} {}{}", view.site, view.state, stage.unwrap_or_default())
        })
        .collect();
    (!sites.is_empty()).then(|| sites.join(", "))
}
