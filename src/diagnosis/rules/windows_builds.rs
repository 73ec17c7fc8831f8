//! Windows versions by build number, and when Microsoft's regular updates for them end.

use std::sync::LazyLock;

use jiff::civil::Date;
use serde::Deserialize;

use crate::diagnosis::dated;

/// A build: several products may share it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Build {
    pub(super) version: (u8, u8, u16),
    pub(super) products: String,
    pub(super) ends: Date,
    pub(super) long_term: Option<Date>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(rename = "as_of")]
    _as_of: Date,
    build: Vec<Build>,
}

/// INVARIANT: the file is part of the program and parses; the tests hold it to it.
static BUILDS: LazyLock<Vec<Build>> = LazyLock::new(|| {
    let table: Table = toml::from_str(dated::WINDOWS_BUILDS).unwrap_or_default();
    table.build
});

pub(super) fn of(version: (u8, u8, u16)) -> Option<&'static Build> {
    BUILDS.iter().find(|build| build.version == version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds_stand_in_order_and_once() {
        assert!(
            BUILDS.len() > 25
                && BUILDS
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
            .map(|(build, _)| build.products.as_str())
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
