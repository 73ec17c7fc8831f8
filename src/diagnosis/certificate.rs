use jiff::Timestamp;

use super::Policy;
use crate::model::{CertificateFacts, CertificateStatus};

/// Seconds in a day.
pub(crate) const DAY_S: i64 = 86_400;

/// Clocks of two machines may differ by this much without anyone being at fault (the Kerberos tolerance).
pub(crate) const TOLERANCE_S: i64 = 300;

/// Whether a certificate can be used at `now`.
pub(crate) fn status(
    leaf: &CertificateFacts,
    policy: &Policy,
    now: Timestamp,
) -> CertificateStatus {
    if leaf.unparsable.is_some() {
        CertificateStatus::Unparsable
    } else if is_expired(leaf, now) {
        CertificateStatus::Expired
    } else if is_not_yet_valid(leaf, now) {
        CertificateStatus::NotYetValid
    } else if days_left(leaf, now).is_some_and(|days| days <= i64::from(policy.expiring_days)) {
        CertificateStatus::Expiring
    } else {
        CertificateStatus::Valid
    }
}

/// Whole days to the end, rounded down: 0 on the last day, -1 from the first second after it.
pub(crate) fn days_left(leaf: &CertificateFacts, now: Timestamp) -> Option<i64> {
    let left_ms = leaf.not_after?.as_millisecond() - now.as_millisecond();
    Some(left_ms.div_euclid(DAY_S * 1000))
}

/// Past its end. The last second itself still counts (RFC 5280 4.1.2.5: inclusive).
pub(crate) fn is_expired(leaf: &CertificateFacts, now: Timestamp) -> bool {
    leaf.not_after.is_some_and(|end| end < now)
}

/// Before its start by more than clocks may differ.
pub(crate) fn is_not_yet_valid(leaf: &CertificateFacts, now: Timestamp) -> bool {
    leaf.not_before
        .is_some_and(|start| start.as_second() - now.as_second() > TOLERANCE_S)
}

/// Length of the validity in days, when both ends are known.
pub(crate) fn lifetime_days(leaf: &CertificateFacts) -> Option<i64> {
    let (start, end) = (leaf.not_before?, leaf.not_after?);
    Some((end.as_second() - start.as_second()).div_euclid(DAY_S))
}
