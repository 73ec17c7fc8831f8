//! What differs between two views of one host.

use super::{CertificateRecord, HostRecord};
use crate::fleet::{are_disjoint, share};
use crate::model::{CertificateStatus, Change, ChangeClass, HostState, StabilityVerdict};

/// Every difference, worst first. What one side does not know differs from nothing.
#[must_use]
pub fn changes(before: &HostRecord, after: &HostRecord) -> Vec<Change> {
    if before.is_unknown() || after.is_unknown() {
        let is_seen = before.is_present() || after.is_present();
        let state = |host: &HostRecord| (!host.is_unknown()).then(|| host.state_text());
        let change = Change {
            class: ChangeClass::NotScanned,
            before: state(before),
            after: state(after),
        };
        return is_seen.then_some(change).into_iter().collect();
    }
    let mut found = Found::default();
    state(before, after, &mut found);
    if before.is_present() && after.is_present() {
        findings(before, after, &mut found);
        identity(before, after, &mut found);
        certificates(before, after, &mut found);
        configuration(before, after, &mut found);
        if (before.stability, after.stability)
            == (StabilityVerdict::Steady, StabilityVerdict::Flaky)
        {
            let (earlier, later) = (before.stability.to_string(), after.stability.to_string());
            found.add(ChangeClass::FlakySince, earlier, later);
        }
    }
    found.0.sort();
    found.0
}

#[derive(Default)]
struct Found(Vec<Change>);

impl Found {
    fn add(&mut self, class: ChangeClass, before: String, after: String) {
        self.0.push(Change {
            class,
            before: Some(before),
            after: Some(after),
        });
    }
}

/// The rank of what does not answer.
pub(super) const SILENT: u8 = 3;

/// From what works to what does not answer.
pub(super) const fn rank(state: HostState) -> u8 {
    match state {
        HostState::Healthy => 0,
        HostState::Degraded => 1,
        HostState::Broken | HostState::NotRdp => 2,
        _ => SILENT,
    }
}

fn state(before: &HostRecord, after: &HostRecord, found: &mut Found) {
    let class = match (rank(before.state), rank(after.state)) {
        (earlier, later) if earlier == later => return,
        (_, SILENT) => ChangeClass::Gone,
        (SILENT, 2) => ChangeClass::New,
        (_, 2) => ChangeClass::BrokenSince,
        (0, 1) => ChangeClass::DegradedSince,
        _ => ChangeClass::Recovered,
    };
    found.add(class, before.state_text(), after.state_text());
}

/// Those that count. Where attempts get through on one side only, the other side could not see what this one sees.
fn findings(before: &HostRecord, after: &HostRecord, found: &mut Found) {
    if (rank(before.state) < 2) != (rank(after.state) < 2) {
        return;
    }
    let lacks = |host: &HostRecord, id: &str| host.findings.iter().all(|(one, _)| **one != *id);
    for (id, _) in after.findings.iter().filter(|(id, _)| lacks(before, id)) {
        found.0.push(Change {
            class: ChangeClass::FindingAdded,
            before: None,
            after: Some(id.to_string()),
        });
    }
    for (id, _) in before.findings.iter().filter(|(id, _)| lacks(after, id)) {
        // What has been acknowledged since is still there.
        if after.acknowledged.iter().any(|(one, _)| one == id) {
            continue;
        }
        found.0.push(Change {
            class: ChangeClass::FindingCleared,
            before: Some(id.to_string()),
            after: None,
        });
    }
}

fn identity(before: &HostRecord, after: &HostRecord, found: &mut Found) {
    let names = |host: &HostRecord| host.machines.join(", ");
    if before.is_other_machine(after) {
        found.add(ChangeClass::Replaced, names(before), names(after));
    } else if are_disjoint(&before.machines, &after.machines) {
        found.add(ChangeClass::NameChanged, names(before), names(after));
    } else if before.machines.is_empty() && after.machines.is_empty() {
        let (earlier, later) = (common_names(before), common_names(after));
        if are_disjoint(&earlier, &later) {
            found.add(
                ChangeClass::NameChanged,
                earlier.join(", "),
                later.join(", "),
            );
        }
    }
    let endpoints = (before.key.endpoint(), after.key.endpoint());
    if let (Some(earlier), Some(later)) = endpoints
        && earlier != later
    {
        found.add(
            ChangeClass::AddressMoved,
            earlier.to_string(),
            later.to_string(),
        );
    }
}

fn common_names(host: &HostRecord) -> Vec<&str> {
    let names = host.certificates.iter();
    names.filter_map(|one| one.common_name.as_deref()).collect()
}

/// Those in use, as sets: a farm shows several.
fn certificates(before: &HostRecord, after: &HostRecord, found: &mut Found) {
    let only = |host: &'_ HostRecord, other: &HostRecord| -> Vec<CertificateRecord> {
        let is_own = |one: &&CertificateRecord| {
            let others = &mut other.certificates.iter();
            !others.any(|theirs| theirs.sha256 == one.sha256)
        };
        host.certificates.iter().filter(is_own).cloned().collect()
    };
    let (removed, added) = (only(before, after), only(after, before));
    let is_known = !before.certificates.is_empty() && !after.certificates.is_empty();
    // One that was not shown may be that of a member that did not answer this time.
    if is_known && removed.is_empty() && !added.is_empty() {
        let count = |host: &HostRecord| format!("certificates {}", host.certificates.len());
        found.add(
            ChangeClass::ConfigurationChanged,
            count(before),
            count(after),
        );
    }
    if is_known && !removed.is_empty() && !added.is_empty() && !before.is_other_machine(after) {
        let texts = |some: &[CertificateRecord]| {
            let texts = some.iter().map(|one| {
                let ends = one
                    .not_after
                    .map_or("unknown".to_owned(), |end| end.to_string());
                let day = ends.get(..10).unwrap_or(&ends);
                format!("{day} ({})", one.sha256.short())
            });
            texts.collect::<Vec<_>>().join(", ")
        };
        let class = if before.certificate_status == Some(CertificateStatus::Valid) {
            ChangeClass::RenewedEarly
        } else {
            ChangeClass::Renewed
        };
        found.add(class, texts(&removed), texts(&added));
        let keys = |some: &[CertificateRecord]| -> Vec<String> {
            let keys = some.iter().filter_map(|one| one.key);
            keys.map(|key| key.short()).collect()
        };
        let (earlier, later) = (keys(&removed), keys(&added));
        if are_disjoint(&earlier, &later) {
            found.add(
                ChangeClass::KeyChanged,
                earlier.join(", "),
                later.join(", "),
            );
        }
        let issuers = |some: &[CertificateRecord]| -> Vec<String> {
            let issuers = some.iter().map(|one| one.issuer.as_deref());
            issuers
                .map(|one| one.unwrap_or("self-signed").to_owned())
                .collect()
        };
        let (earlier, later) = (issuers(&removed), issuers(&added));
        if !share(&earlier, &later) {
            found.add(
                ChangeClass::IssuerChanged,
                earlier.join(", "),
                later.join(", "),
            );
        }
    }
    let expired = Some(CertificateStatus::Expired);
    if let (Some(earlier), Some(later)) = (before.certificate_status, after.certificate_status)
        && Some(earlier) != expired
        && Some(later) == expired
    {
        found.add(
            ChangeClass::ExpiredSince,
            earlier.to_string(),
            later.to_string(),
        );
    }
}

/// What the members of a farm differ in is unknown.
fn configuration(before: &HostRecord, after: &HostRecord, found: &mut Found) {
    if before.is_other_machine(after) {
        return;
    }
    for (component, earlier, later) in before.fingerprint.differences(&after.fingerprint) {
        let class = ChangeClass::ConfigurationChanged;
        found.add(
            class,
            format!("{component} {earlier}"),
            format!("{component} {later}"),
        );
    }
}
