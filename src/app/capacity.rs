//! How many connections and lookups the descriptor limit of this machine allows at a time.

use crate::model::Notice;

/// Descriptors reserved for lookups, files, the terminal and the runtime, where the limit has room for them.
const RESERVED: u64 = 256;
/// One in so many descriptors of a small limit is reserved.
const RESERVED_SHARE: u64 = 4;
/// Reserved descriptors that are not for lookups.
const FILES: u64 = 16;
/// Sockets of one lookup when no DNS server answers, as measured: the system's resolver and ours, A and AAAA, with retries.
const PER_LOOKUP: u64 = 7;
/// Lookups at once, where the limit has room for them.
const MOST_LOOKUPS: u64 = 32;
/// In flight when nothing bounds the scan but the machine: a /16 in four waves, within 64 MB, and well under the number of
/// ephemeral ports.
const MOST: u32 = 19_700;
/// In flight at least, when the rate decides.
const LEAST: u32 = 256;

/// The limit on connections in flight: as requested, or, for 0, enough that the rate cap and not the timeouts bound the scan. A
/// notice says when the descriptor limit allows fewer.
pub(super) fn in_flight(requested: u32, rate: u32, limit: Option<u64>) -> (u32, Option<Notice>) {
    let wanted = match (requested, rate) {
        (0, 0) => MOST,
        // The longest round lasts a little over a second; attempts at slow hosts hold their slots longer.
        (0, rate) => rate.saturating_mul(2).clamp(LEAST, MOST),
        (requested, _) => requested,
    };
    let Some(limit) = limit else {
        return (wanted, None);
    };
    let room = u32::try_from(limit - reserved(limit))
        .unwrap_or(u32::MAX)
        .max(1);
    if wanted <= room {
        return (wanted, None);
    }
    (
        room,
        Some(Notice::DescriptorLimit {
            requested: wanted,
            used: room,
            limit,
        }),
    )
}

/// Lookups at once, which share the reserve with files.
pub(super) fn lookups(limit: Option<u64>) -> usize {
    let room = reserved(limit.unwrap_or(u64::MAX)).saturating_sub(FILES) / PER_LOOKUP;
    usize::try_from(room.clamp(1, MOST_LOOKUPS)).unwrap_or(1)
}

fn reserved(limit: u64) -> u64 {
    RESERVED.min(limit / RESERVED_SHARE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_decides_when_nothing_was_requested() {
        assert_eq!(in_flight(0, 1000, None), (2000, None));
        assert_eq!(in_flight(0, 10, None), (LEAST, None));
        assert_eq!(in_flight(0, 0, None), (MOST, None));
    }

    #[test]
    fn the_descriptor_limit_wins_and_is_noted() {
        let (used, notice) = in_flight(5000, 0, Some(1024));
        assert_eq!(used, 768);
        assert_eq!(
            notice,
            Some(Notice::DescriptorLimit {
                requested: 5000,
                used: 768,
                limit: 1024
            })
        );
    }

    #[test]
    fn a_small_descriptor_limit_leaves_most_of_it_to_connections() {
        assert_eq!(in_flight(5000, 0, Some(256)).0, 192);
        assert_eq!(in_flight(100, 0, Some(10)).0, 8);
        assert_eq!(in_flight(100, 0, Some(0)).0, 1);
    }

    #[test]
    fn lookups_fit_into_the_reserve() {
        assert_eq!(lookups(None), 32);
        assert_eq!(lookups(Some(1024)), 32);
        assert_eq!(lookups(Some(256)), 6);
        assert_eq!(lookups(Some(10)), 1);
    }
}
