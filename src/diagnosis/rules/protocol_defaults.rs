//! Which TLS versions Windows has on by default.

use std::sync::LazyLock;

use jiff::civil::Date;
use serde::Deserialize;

use crate::diagnosis::dated;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    as_of: Date,
    windows: Vec<Defaults>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Defaults {
    products: String,
    /// From old to new.
    on: Vec<String>,
}

/// INVARIANT: the file is part of the program and parses; the tests hold it to it.
static TABLE: LazyLock<Table> =
    LazyLock::new(|| toml::from_str(dated::PROTOCOLS).unwrap_or_default());

/// The Windows versions whose newest TLS version by default is this one; `None` where there are none.
pub(super) fn with_newest(version: &str) -> Option<String> {
    let newest = |windows: &&Defaults| windows.on.last().is_some_and(|newest| newest == version);
    let all = TABLE.windows.iter().filter(newest);
    let products: Vec<&str> = all.map(|windows| windows.products.as_str()).collect();
    (!products.is_empty()).then(|| format!("Windows {}", products.join(", ")))
}

/// The whole table as a sentence.
pub(super) fn in_words() -> String {
    let rows = TABLE.windows.iter();
    let rows = rows.map(|row| format!("{} on Windows {}", row.on.join(", "), row.products));
    let rows: Vec<String> = rows.collect();
    format!(
        "On by default, as of {}: TLS {}.",
        TABLE.as_of,
        rows.join("; ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_windows_stops_at_tls_1_0_and_nothing_stops_at_1_1() {
        let old = with_newest("1.0").unwrap();
        assert!(
            old.contains("Server 2008 R2") && !old.contains("2012"),
            "{old}"
        );
        assert_eq!(with_newest("1.1"), None);
        assert!(
            in_words().contains("1.2, 1.3 on Windows Server 2025"),
            "{}",
            in_words()
        );
    }
}
