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
    } else if ends_soon(leaf, policy, now) {
        CertificateStatus::Expiring
    } else {
        CertificateStatus::Valid
    }
}

/// Within the days that are set, and within the share of the lifetime: certificates of 90, 47 and 6 days are neither always nor
/// never about to end.
pub(crate) fn ends_soon(leaf: &CertificateFacts, policy: &Policy, now: Timestamp) -> bool {
    days_left(leaf, now).is_some_and(|days| days <= i64::from(policy.expiring_days))
        && has_left_at_most(leaf, i64::from(policy.expiring_percent), now)
}

/// Whether so many percent of the lifetime are left, or less. Where the start is unknown, days alone count.
pub(crate) fn has_left_at_most(leaf: &CertificateFacts, percent: i64, now: Timestamp) -> bool {
    let Some((start, end)) = leaf.not_before.zip(leaf.not_after) else {
        return true;
    };
    let left = end.as_second().saturating_sub(now.as_second());
    let lifetime = end.as_second().saturating_sub(start.as_second());
    left.saturating_mul(100) <= lifetime.saturating_mul(percent)
}

/// Whole days to the end, rounded down: 0 on the last day, -1 from the first second after it.
pub(crate) fn days_left(leaf: &CertificateFacts, now: Timestamp) -> Option<i64> {
    let left_ms = leaf.not_after?.as_second() * 1000 - now.as_millisecond();
    Some(left_ms.div_euclid(DAY_S * 1000))
}

/// When a certificate ends or has ended, or when one begins that is not valid yet: "5 days left", "begins in 1 day"; `None` when
/// that is not known.
#[must_use]
pub fn days_in_words(
    leaf: &CertificateFacts,
    status: CertificateStatus,
    days_left: Option<i64>,
    now: Option<Timestamp>,
) -> Option<String> {
    if status == CertificateStatus::NotYetValid {
        let (start, now) = leaf.not_before.zip(now)?;
        let days = (start.as_second() - now.as_second()).div_euclid(DAY_S);
        return Some(match days {
            ..1 => "begins within a day".to_owned(),
            1 => "begins in 1 day".to_owned(),
            days => format!("begins in {days} days"),
        });
    }
    Some(match days_left? {
        -1 => "ended less than a day ago".to_owned(),
        days @ ..-1 => format!("ended {} days ago", days.unsigned_abs()),
        0 => "less than a day left".to_owned(),
        1 => "1 day left".to_owned(),
        days => format!("{days} days left"),
    })
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
