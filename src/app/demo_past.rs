//! The scans before that of the demo. They are made of what this one finds, so that they differ from it only in what the scenario says,
//! whatever port the hosts have. Nothing of it is in the history.

use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::changes::{CertificateRecord, HostRecord, PastHost, Scope, Snapshot};
use crate::fleet::Fleet;
use crate::model::{
    CertificateStatus, Digest, EpochId, HostState, ScanEnd, ScanId, ScanStatus, Severity,
    UnlistedCounts, UtcSecond,
};
use crate::sim::{HostSpec, PastSpec, Scenario};

/// Days between two scans, and how many there are before this one.
const INTERVAL: u16 = 7;
const SCANS: u16 = 12;
const DAY_S: i64 = 86_400;
/// As `policy.expiring_days` is by default.
const SOON_S: i64 = 30 * DAY_S;

/// The scan before.
pub(super) fn before(fleet: &Fleet, now: &Snapshot) -> Snapshot {
    let specs = specs();
    let hosts = now.hosts.iter();
    let at = began(now.times.0, INTERVAL);
    let end = ScanEnd {
        status: ScanStatus::Complete,
        endpoints_probed: 0,
        unlisted: UnlistedCounts::default(),
        answered_on_retry: 0,
        not_reached: 0,
    };
    Snapshot {
        id: EpochId::new(ScanId::new(at, 0), 1),
        times: (at, at),
        scope: Scope::new(fleet.planned_work().map(AsRef::as_ref), Some(end)),
        hosts: hosts
            .filter_map(|host| earlier(host, now.times.0, INTERVAL, &specs))
            .collect(),
    }
}

/// A host in the scans before this one, oldest first.
pub(super) fn of_host(id: EpochId, host: &HostRecord) -> Vec<PastHost> {
    let (specs, now) = (specs(), id.scan.began());
    let ages = (1..=SCANS).rev().map(|number| number * INTERVAL);
    let past = ages.filter_map(|days| {
        let began = began(now, days);
        Some(PastHost {
            id: EpochId::new(ScanId::new(began, 0), 1),
            began,
            record: earlier(host, now, days, &specs)?,
        })
    });
    past.collect()
}

fn began(now: Timestamp, days: u16) -> Timestamp {
    now.saturating_sub(SignedDuration::from_hours(i64::from(days) * 24))
        .unwrap_or(now)
}

/// The demo's scenario is embedded, and tests parse it.
fn specs() -> Vec<HostSpec> {
    Scenario::demo().map_or_else(|_| Vec::new(), |demo| demo.hosts)
}

/// The host so many days ago; `None` if it was not there.
fn earlier(host: &HostRecord, now: Timestamp, days: u16, specs: &[HostSpec]) -> Option<HostRecord> {
    let at = UtcSecond::from(began(now, days));
    let mut record = host.clone();
    if record.certificate_status != Some(CertificateStatus::NotYetValid) {
        for certificate in &mut record.certificates {
            *certificate = in_use(certificate, at);
        }
    }
    let address = host.key.endpoint().map(|endpoint| endpoint.address);
    let spec = specs.iter().find(|spec| Some(spec.address.0) == address);
    let mut past = spec.into_iter().flat_map(|spec| &spec.past);
    if let Some(past) = past.rfind(|past| past.days <= days) {
        record = overlaid(&record, past, now).filter(|_| !past.absent)?;
    }
    judge_dates(&mut record, at);
    Some(record)
}

/// The certificate itself, or the one that it replaced when it was made.
fn in_use(certificate: &CertificateRecord, at: UtcSecond) -> CertificateRecord {
    let (Some(start), Some(end)) = (certificate.not_before, certificate.not_after) else {
        return certificate.clone();
    };
    if start <= at {
        return certificate.clone();
    }
    let length = end.as_second() - start.as_second();
    CertificateRecord {
        sha256: other(certificate.sha256),
        key: certificate.key.map(other),
        not_before: Some(UtcSecond::from_second(start.as_second() - length + DAY_S)),
        not_after: Some(UtcSecond::from_second(start.as_second() + DAY_S)),
        ..certificate.clone()
    }
}

fn other(digest: Digest<32>) -> Digest<32> {
    Digest(digest.0.map(|byte| !byte))
}

/// Gives a host the findings that the dates of its certificates had then, if they were valid.
fn judge_dates(record: &mut HostRecord, at: UtcSecond) {
    let is_judged = matches!(
        record.certificate_status,
        Some(CertificateStatus::Expired | CertificateStatus::Expiring | CertificateStatus::Valid)
    );
    let certificates = record.certificates.iter();
    let first_end = certificates
        .filter_map(|one| {
            let end = one.not_after?.as_second();
            Some((end - at.as_second(), end - one.not_before?.as_second()))
        })
        .min();
    let Some((left, lifetime)) = first_end.filter(|(left, _)| is_judged && *left > 0) else {
        return;
    };
    let is_of_dates = |id: &str| {
        ["EXPIRED", "RENEWAL-STUCK", "EXPIRING"]
            .iter()
            .any(|part| id.contains(part))
    };
    for findings in [&mut record.findings, &mut record.acknowledged] {
        findings.retain(|(id, _)| !is_of_dates(id));
    }
    record.certificate_status = Some(CertificateStatus::Valid);
    if left <= (lifetime / 3).min(SOON_S) {
        record.certificate_status = Some(CertificateStatus::Expiring);
        (record.findings).push(("RDP-CERT-EXPIRING".into(), Severity::Low));
        (record.findings).sort_by_key(|(_, severity)| std::cmp::Reverse(*severity));
    }
    let worst = record.all_findings().map(|(_, severity)| *severity).max();
    if record.state == HostState::Degraded && worst < Some(Severity::Medium) {
        record.state = HostState::Healthy;
    }
}

/// The record with what the scenario says of the past; `None` if that is no record.
fn overlaid(record: &HostRecord, past: &PastSpec, now: Timestamp) -> Option<HostRecord> {
    let mut value = serde_json::to_value(record).ok()?;
    let overlay = serde_json::to_value(&past.record).ok()?;
    if overlay.get("state").is_some() {
        // A host that works fails at no stage.
        merge(&mut value, serde_json::json!({ "failed_stage": null }));
    }
    merge(&mut value, overlay);
    let mut record: HostRecord = serde_json::from_value(value).ok()?;
    if let Some(certificate) = past.certificate {
        if record.certificates.is_empty() {
            // None is shown today.
            let address = record.key.endpoint().map(|endpoint| endpoint.address);
            let digest = match address {
                Some(IpAddr::V4(address)) => Digest([address.octets()[3]; 32]),
                _ => Digest([0; 32]),
            };
            record.certificates.push(CertificateRecord {
                sha256: digest,
                key: Some(digest),
                common_name: record.name.clone(),
                issuer: None,
                not_before: None,
                not_after: None,
            });
        }
        let day = |days: i16| {
            let now = UtcSecond::from(now).as_second();
            Some(UtcSecond::from_second(now + i64::from(days) * DAY_S))
        };
        for shown in &mut record.certificates {
            shown.sha256 = other(shown.sha256);
            shown.key = shown
                .key
                .map(other)
                .filter(|_| !certificate.same_key)
                .or(shown.key);
            shown.not_before = day(certificate.from);
            shown.not_after = day(certificate.until);
        }
    }
    Some(record)
}

fn merge(value: &mut Value, overlay: Value) {
    match (value, overlay) {
        (Value::Object(fields), Value::Object(others)) => {
            for (name, other) in others {
                merge(fields.entry(name).or_insert(Value::Null), other);
            }
        }
        // TOML has none of its own.
        (value, Value::String(text)) if text == "null" => *value = Value::Null,
        (value, overlay) => *value = overlay,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::changes::Comparison;
    use crate::diagnosis::catalog;
    use crate::fleet::Host;
    use crate::kit::{attempt, issued, now, ntlm, times, tls};
    use crate::model::{ChangeClass, Endpoint, HostKey};

    /// A healthy host of the scenario at a port.
    fn record(spec: &HostSpec, port: u16) -> HostRecord {
        let name = spec.names.first().unwrap();
        let made = times(3, || {
            attempt().shown(tls(issued(&[name]))).identified(ntlm(name))
        });
        HostRecord {
            key: HostKey::Endpoint(Endpoint::new(spec.address.0, port)),
            ..HostRecord::of(&Host::new(&made.history, made.diagnose()))
        }
    }

    fn snapshot(hosts: Vec<HostRecord>) -> Snapshot {
        Snapshot {
            id: EpochId::new(ScanId::new(now(), 0), 1),
            times: (now(), now()),
            scope: Scope::new(None, None),
            hosts,
        }
    }

    fn classes(port: u16) -> Vec<(String, Vec<ChangeClass>)> {
        let specs = specs();
        let changed = specs.iter().filter(|spec| !spec.past.is_empty());
        let mut found = Vec::new();
        for spec in changed {
            let host = record(spec, port);
            let before = earlier(&host, now(), INTERVAL, &specs);
            assert_eq!(before.is_none(), spec.past[0].absent, "{}", spec.address);
            let comparison = Comparison::new(
                &snapshot(before.into_iter().collect()),
                &snapshot(vec![host]),
            );
            let hosts = comparison.hosts.first();
            let classes = hosts.map(|host| host.changes.iter().map(|one| one.class).collect());
            found.push((spec.address.to_string(), classes.unwrap_or_default()));
        }
        found
    }

    #[test]
    fn what_the_demo_says_of_its_past_changes_hosts_whatever_their_port() {
        let usual = classes(3389);
        assert!(usual.len() >= 9, "{usual:?}");
        assert_eq!(usual, classes(31_009));
    }

    #[test]
    fn no_host_contradicts_itself() {
        let specs = specs();
        for spec in specs.iter().filter(|spec| !spec.past.is_empty()) {
            let state = spec.expect.get("state").and_then(toml::Value::as_str);
            let mut host = record(spec, 3389);
            if matches!(state, Some("closed" | "broken")) {
                let made = times(3, || attempt().refused(3));
                host = HostRecord {
                    key: host.key,
                    name: host.name,
                    ..HostRecord::of(&Host::new(&made.history, made.diagnose()))
                };
            }
            for past in of_host(EpochId::new(ScanId::new(now(), 0), 1), &host) {
                let one = past.record;
                let told = format!("{} at {}: {one:?}", spec.address, past.began);
                let ids: Vec<&str> = one.findings.iter().map(|(id, _)| &**id).collect();
                assert!(ids.iter().all(|id| catalog::kind(id).is_some()), "{told}");
                let worst = one.findings.iter().map(|(_, severity)| *severity).max();
                let is_fine = one.state == HostState::Healthy;
                assert_eq!(is_fine, worst < Some(Severity::Medium), "{told}");
                assert_eq!(
                    one.failed_stage.is_some(),
                    one.state == HostState::Broken,
                    "{told}"
                );
                assert!(!ids.contains(&"RDP-FLAKY"), "{told}");
                let is_soon = one.certificate_status == Some(CertificateStatus::Expiring);
                assert_eq!(is_soon, ids.contains(&"RDP-CERT-EXPIRING"), "{told}");
                let fingerprint = serde_json::to_value(&one.fingerprint).unwrap();
                let has_tls = !fingerprint["tls"].is_null();
                assert_eq!(has_tls, !one.certificates.is_empty(), "{told}");
                assert!(one.fingerprint.is_known() || !has_tls, "{told}");
            }
        }
    }

    #[test]
    fn a_host_is_in_every_scan_before_but_for_one_that_is_new() {
        let specs = specs();
        for spec in specs.iter().filter(|spec| !spec.names.is_empty()) {
            let past = of_host(EpochId::new(ScanId::new(now(), 0), 1), &record(spec, 3389));
            let is_new = spec.past.first().is_some_and(|past| past.absent);
            let wanted = if is_new { 0 } else { usize::from(SCANS) };
            assert_eq!(past.len(), wanted, "{}", spec.address);
            assert!(past.is_sorted_by_key(|past| past.id));
        }
    }
}
