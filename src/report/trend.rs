//! The trend over the scans of the same targets: a line of Markdown, a chart of the HTML report.

use jiff::Timestamp;

use super::sheet::Sheet;
use crate::counts::grouped;

/// Scans of a trend, the one of the report included.
pub const MOST_POINTS: usize = 20;

/// A scan in the figures of a trend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrendPoint {
    /// When it began.
    pub at: Timestamp,
    pub hosts: u64,
    pub problems: u64,
    /// Hosts with an expired certificate.
    pub expired: u64,
}

/// The scans before and that of the report, oldest first; empty without one before.
pub(super) fn trend(sheet: &Sheet<'_>) -> Vec<TrendPoint> {
    let before = sheet.presentation.trend;
    let Some((at, _)) = sheet.times.filter(|_| !before.is_empty()) else {
        return Vec::new();
    };
    let own = TrendPoint {
        at,
        hosts: sheet.summary.hosts,
        problems: sheet.summary.problems,
        expired: sheet.summary.expired(),
    };
    before.iter().copied().chain([own]).collect()
}

/// "3 scans since 2026-11-20, oldest first: hosts with problems 5 4 7, with an expired certificate 2 1 0, in all 60 61 61".
pub(super) fn line(points: &[TrendPoint]) -> Option<String> {
    let day = points.first()?.at.strftime("%Y-%m-%d");
    let row = |value: fn(&TrendPoint) -> u64| {
        let values: Vec<String> = points.iter().map(|point| grouped(value(point))).collect();
        values.join(" ")
    };
    let scans = points.len();
    Some(format!(
        "{scans} scans since {day}, oldest first: hosts with problems {}, with an expired certificate {}, in all {}",
        row(|point| point.problems),
        row(|point| point.expired),
        row(|point| point.hosts)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Format, fixture};

    fn written(format: Format, before: &[TrendPoint]) -> String {
        let plan = fixture::plan();
        let hosts = [fixture::expired_host(), fixture::silent_host()];
        let mut sheet = fixture::sheet(&hosts, &plan);
        sheet.presentation.trend = before;
        let mut out = Vec::new();
        format
            .write(&sheet, &crate::diagnosis::Policy::default(), &mut out)
            .unwrap();
        String::from_utf8(out).unwrap()
    }

    fn point(at: &str, hosts: u64, problems: u64, expired: u64) -> TrendPoint {
        TrendPoint {
            at: at.parse().unwrap(),
            hosts,
            problems,
            expired,
        }
    }

    #[test]
    fn a_trend_has_the_scans_before_and_this_one() {
        let before = [
            point("2025-12-31T23:00:00Z", 1060, 1004, 3),
            point("2026-01-07T12:00:00Z", 1061, 7, 0),
        ];
        let line = "- 3 scans since 2025-12-31, oldest first: hosts with problems 1,004 7 2, with an expired certificate 3 0 1, in all \
                    1,060 1,061 2\n";
        let text = written(Format::Markdown, &before);
        assert!(text.contains(line), "{text}");

        let page = written(Format::Html, &before);
        let words = "3 scans: 2025-12-31 1,004 with problems, 3 with an expired certificate, of 1,060 hosts; 2026-01-07 7 with";
        assert!(page.contains(words), "{page}");
        let (_, chart) = page.split_once("<svg class=\"histogram trend\"").unwrap();
        let (chart, _) = chart.split_once("</svg>").unwrap();
        assert_eq!(chart.matches("<rect ").count(), 6, "{chart}");
        // The highest, one that is too low to be seen otherwise, and none.
        for bar in [
            "y=\"34\" width=\"3.6%\" height=\"100\"",
            "y=\"131\" width=\"3.6%\" height=\"3\"",
            "y=\"134\" width=\"3.6%\" height=\"0\"",
        ] {
            assert!(chart.contains(bar), "no {bar} in {chart}");
        }
    }

    #[test]
    fn the_first_scan_of_its_targets_has_no_trend() {
        assert!(!written(Format::Markdown, &[]).contains("oldest first"));
        assert!(!written(Format::Html, &[]).contains("<svg class=\"histogram trend\""));
    }
}
