//! Windows versions by build number, and when Microsoft's regular updates for them end (Microsoft lifecycle pages).

use jiff::civil::{Date, date};

/// A build: several products may share it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Build {
    pub(super) version: (u8, u8, u16),
    /// The products, as Microsoft calls them without the word Windows.
    pub(super) products: &'static str,
    /// Last day of regular support of the longest supported ordinary edition.
    pub(super) ends: Date,
    /// Last day of a long-term edition of the same build, where there is one: from outside they look alike.
    pub(super) long_term: Option<Date>,
}

const fn build(version: (u8, u8, u16), products: &'static str, ends: Date) -> Build {
    Build {
        version,
        products,
        ends,
        long_term: None,
    }
}

const fn long(mut build: Build, long_term: Date) -> Build {
    build.long_term = Some(long_term);
    build
}

/// Oldest first. Paid extensions (ESU) are not in here: they cannot be seen from outside.
pub(super) const BUILDS: &[Build] = &[
    build(
        (6, 0, 6001),
        "Vista SP1 or Server 2008 SP1",
        date(2011, 7, 12),
    ),
    build(
        (6, 0, 6002),
        "Vista SP2 or Server 2008 SP2",
        date(2020, 1, 14),
    ),
    build((6, 0, 6003), "Server 2008", date(2020, 1, 14)),
    build(
        (6, 1, 7600),
        "7 or Server 2008 R2 without SP1",
        date(2013, 4, 9),
    ),
    build((6, 1, 7601), "7 or Server 2008 R2", date(2020, 1, 14)),
    build((6, 2, 9200), "8 or Server 2012", date(2023, 10, 10)),
    build((6, 3, 9600), "8.1 or Server 2012 R2", date(2023, 10, 10)),
    long(
        build((10, 0, 10240), "10 1507", date(2017, 5, 9)),
        date(2025, 10, 14),
    ),
    build((10, 0, 10586), "10 1511", date(2017, 10, 10)),
    build((10, 0, 14393), "10 1607 or Server 2016", date(2027, 1, 12)),
    build((10, 0, 15063), "10 1703", date(2019, 10, 8)),
    build((10, 0, 16299), "10 1709", date(2020, 10, 13)),
    build((10, 0, 17134), "10 1803", date(2021, 5, 11)),
    build((10, 0, 17763), "10 1809 or Server 2019", date(2029, 1, 9)),
    build((10, 0, 18362), "10 1903", date(2020, 12, 8)),
    build((10, 0, 18363), "10 1909", date(2022, 5, 10)),
    build((10, 0, 19041), "10 2004", date(2021, 12, 14)),
    build((10, 0, 19042), "10 20H2", date(2023, 5, 9)),
    build((10, 0, 19043), "10 21H1", date(2022, 12, 13)),
    long(
        build((10, 0, 19044), "10 21H2", date(2024, 6, 11)),
        date(2032, 1, 13),
    ),
    build((10, 0, 19045), "10 22H2", date(2025, 10, 14)),
    build((10, 0, 20348), "Server 2022", date(2031, 10, 14)),
    build((10, 0, 22000), "11 21H2", date(2024, 10, 8)),
    build((10, 0, 22621), "11 22H2", date(2025, 10, 14)),
    build((10, 0, 22631), "11 23H2", date(2026, 11, 10)),
    build((10, 0, 25398), "Server 23H2", date(2025, 10, 24)),
    build((10, 0, 26100), "11 24H2 or Server 2025", date(2034, 11, 14)),
    build((10, 0, 26200), "11 25H2", date(2028, 10, 10)),
    build((10, 0, 28000), "11 26H1", date(2029, 3, 13)),
];

pub(super) fn of(version: (u8, u8, u16)) -> Option<&'static Build> {
    BUILDS.iter().find(|build| build.version == version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds_stand_in_order_and_once() {
        assert!(
            BUILDS
                .windows(2)
                .all(|pair| pair[0].version < pair[1].version)
        );
    }

    #[test]
    fn regular_updates_end_on_a_tuesday_since_2003() {
        let odd: Vec<&str> = BUILDS
            .iter()
            .flat_map(|build| {
                std::iter::once(build.ends)
                    .chain(build.long_term)
                    .map(move |end| (build, end))
            })
            .filter(|(_, end)| end.weekday() != jiff::civil::Weekday::Tuesday)
            .map(|(build, _)| build.products)
            .collect();
        // The annual channel of Windows Server ends by months, not with an update.
        assert_eq!(odd, ["Server 23H2"]);
    }

    #[test]
    fn long_term_editions_end_later() {
        assert!(
            BUILDS
                .iter()
                .all(|build| build.long_term.is_none_or(|end| end > build.ends))
        );
    }
}
