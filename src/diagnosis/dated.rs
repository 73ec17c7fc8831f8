//! Facts that age, as data with the day on which they were looked up.

/// Windows builds and the ends of their support.
pub(super) const WINDOWS_BUILDS: &str = include_str!("rules/windows_builds.toml");
/// The longest lifetimes of public certificates.
pub(super) const LIFETIMES: &str = include_str!("rules/certificate_lifetimes.toml");
/// TLS versions that Windows has on by default.
pub(super) const PROTOCOLS: &str = include_str!("rules/protocol_defaults.toml");
/// Updates of Windows that broke or changed Remote Desktop.
const UPDATES: &str = include_str!("handbook/data/updates.toml");

/// What each table is about, and its day, as in `2026-11-30`.
pub fn tables() -> impl Iterator<Item = (&'static str, &'static str)> {
    [
        ("Windows builds", WINDOWS_BUILDS),
        ("lifetimes of certificates", LIFETIMES),
        ("TLS versions by default", PROTOCOLS),
        ("updates of Windows", UPDATES),
    ]
    .into_iter()
    .filter_map(|(subject, table)| Some((subject, as_of(table)?)))
}

/// The day of the oldest table.
#[must_use]
pub fn oldest() -> &'static str {
    tables().map(|(_, day)| day).min().unwrap_or_default()
}

/// Read without parsing the table: every start of the program asks.
fn as_of(table: &'static str) -> Option<&'static str> {
    let (_, rest) = table.split_once("\nas_of = \"")?;
    Some(rest.split_once('"')?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_has_its_day() {
        assert_eq!(tables().count(), 4);
        for (subject, day) in tables() {
            assert!(day.parse::<jiff::civil::Date>().is_ok(), "{subject}: {day}");
        }
        assert!(tables().all(|(_, day)| oldest() <= day));
    }
}
