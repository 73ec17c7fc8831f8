//! How each site of a scan sees a host, side by side. Values are raw network text.

use std::sync::Arc;

use serde::Serialize;

use crate::diagnosis::{Ending, endings};
use crate::fleet::{Host, SiteView};
use crate::model::{Attempt, CertificateFacts, History, Question, Site, Stage, UtcSecond};

/// Where a site has nothing to show.
pub const NOTHING: &str = "\u{2013}";

/// A row for each property, with a value for each site.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SiteTable {
    /// By name.
    pub sites: Vec<Site>,
    pub rows: Vec<SiteRow>,
}

#[derive(Debug, Clone, Serialize)]
pub struct SiteRow {
    pub label: &'static str,
    /// One for each site, in their order.
    pub values: Vec<String>,
    /// Sites differ in it, and not only in how long something took.
    pub differs: bool,
}

/// How a value is read of what a site has seen.
type Value = fn(&SiteView, &History) -> String;

/// Empty where one site scanned.
#[must_use]
pub fn site_table(host: &Host, history: &History) -> SiteTable {
    let seen: Vec<(&SiteView, &History)> = host
        .sites()
        .iter()
        .filter_map(|view| {
            let mut views = history.views();
            Some((
                view,
                views.find(|one| one.site.as_ref() == Some(&view.site))?,
            ))
        })
        .collect();
    let rows: [(&str, Value); 13] = [
        ("state", |view, _| view.state.to_string()),
        ("ends with", |_, history| {
            ends_with(history).unwrap_or_default()
        }),
        ("TCP", |_, history| at_stage(history, Stage::Tcp)),
        ("X.224", |_, history| at_stage(history, Stage::X224)),
        ("TLS", |_, history| at_stage(history, Stage::Tls)),
        ("CredSSP", |_, history| at_stage(history, Stage::Credssp)),
        (CONNECT, |_, history| connect_time(history)),
        ("DNS", |view, _| view.dns.to_string()),
        ("answers", |_, history| answers(history)),
        ("computer", |_, history| {
            let name = history.ntlm().and_then(|ntlm| ntlm.dns_computer.as_deref());
            name.unwrap_or_default().to_owned()
        }),
        ("certificate", certificate),
        ("expires", |view, history| {
            let facts = shown(view, history).and_then(|facts| facts.not_after);
            facts.map_or_else(String::new, |end: UtcSecond| end.to_string())
        }),
        ("findings", |view, _| view.findings.join(", ")),
    ];
    let rows = rows.into_iter().filter_map(|(label, value)| {
        let values: Vec<String> = seen
            .iter()
            .map(|(view, history)| value(view, history))
            .collect();
        let is_empty = values.iter().all(String::is_empty);
        let first = values.first();
        let differs = label != CONNECT && values.iter().any(|value| Some(value) != first);
        let shown = |value: String| {
            if value.is_empty() {
                NOTHING.to_owned()
            } else {
                value
            }
        };
        (!is_empty).then(|| SiteRow {
            label,
            values: values.into_iter().map(shown).collect(),
            differs,
        })
    });
    SiteTable {
        rows: rows.collect(),
        sites: seen.iter().map(|(view, _)| view.site.clone()).collect(),
    }
}

impl SiteTable {
    /// A line for each row: "TCP: berlin ok, 3 of 3; hq timed out, 3 of 3".
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let line = |row: &SiteRow| {
            let label = row.label;
            match row.values.first() {
                Some(value) if !row.differs && label != CONNECT => {
                    format!("{label}: {value} at {}", names(&self.sites))
                }
                _ => {
                    let values = self.sites.iter().zip(&row.values);
                    let values: Vec<String> = values
                        .map(|(site, value)| format!("{site} {value}"))
                        .collect();
                    format!("{label}: {}", values.join("; "))
                }
            }
        };
        self.rows.iter().map(line).collect()
    }
}

fn names(sites: &[Site]) -> String {
    let names: Vec<&str> = sites.iter().map(Site::as_str).collect();
    names.join(", ")
}

const CONNECT: &str = "connect";

/// How the newest attempt that failed did; `None` where none failed.
#[must_use]
pub fn ends_with(history: &History) -> Option<String> {
    endings(&history.attempts)
        .rev()
        .find_map(|ending| match ending {
            Ending::Failed(stage, outcome) => Some(format!("{outcome} at {stage}")),
            _ => None,
        })
}

/// "ok, 3 of 3", or the newest failure with its count.
fn at_stage(history: &History, stage: Stage) -> String {
    let default = history.attempts.iter().filter(|one| one.probe.is_default());
    let records: Vec<_> = default.filter_map(|one| one.stage(stage)).collect();
    let mut failed = records.iter().filter(|record| !record.outcome.is_ok());
    let (all, passed) = (records.len(), records.len() - failed.clone().count());
    match failed.next_back() {
        None if all == 0 => String::new(),
        Some(last) if passed == 0 => format!("{}, {all} of {all}", last.outcome),
        _ => format!("ok, {passed} of {all}"),
    }
}

fn connect_time(history: &History) -> String {
    let mut times: Vec<f64> = history
        .attempts
        .iter()
        .filter_map(Attempt::connect_ms)
        .collect();
    times.sort_by(f64::total_cmp);
    let median = times.get(times.len() / 2);
    median.map_or_else(String::new, |median| format!("{median:.1} ms"))
}

/// Forward lookups, each answer once.
fn answers(history: &History) -> String {
    let mut answers: Vec<String> = Vec::new();
    for lookup in &history.lookups {
        let Question::Addresses(name) = &lookup.question else {
            continue;
        };
        let addresses: Vec<String> = (lookup.answer.addresses().iter())
            .map(ToString::to_string)
            .collect();
        let text = if addresses.is_empty() {
            format!("{name}: {}", lookup.answer)
        } else {
            // Without the time to live, which differs at every lookup.
            format!("{name}: {}", addresses.join(", "))
        };
        if !answers.contains(&text) {
            answers.push(text);
        }
    }
    answers.join("; ")
}

fn shown<'a>(view: &SiteView, history: &'a History) -> Option<&'a Arc<CertificateFacts>> {
    let mut shown = history.attempts.iter().flat_map(Attempt::certificates);
    shown.find(|facts| Some(facts.sha256) == view.certificate)
}

/// Its digest, subject and issuer.
fn certificate(view: &SiteView, history: &History) -> String {
    shown(view, history).map_or_else(String::new, |facts| {
        format!(
            "{} {} by {}",
            facts.sha256.short(),
            facts.subject,
            facts.issuer
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit;
    use crate::model::{EventBody, Origin, ScanEvent};

    fn seen_from(site: &str, attempt: Attempt) -> Vec<ScanEvent> {
        let scan = "20260121T120000Z-00c0ffee".parse().unwrap();
        let origin = Origin::new(scan, site.parse().unwrap());
        let bodies = [
            EventBody::ScanStarted(kit::plan()),
            kit::attempt_finished(attempt),
            EventBody::ScanFinished(kit::end(1)),
        ];
        (0..)
            .zip(bodies)
            .map(|(seq, body)| ScanEvent::new(&origin, seq, kit::now(), body))
            .collect()
    }

    fn table(events: Vec<ScanEvent>) -> SiteTable {
        let fleet = kit::judged(events);
        let (_, host) = fleet.hosts().next().unwrap();
        site_table(host, &host.history())
    }

    #[test]
    fn what_sites_see_stands_side_by_side() {
        let berlin = || seen_from("berlin", kit::attempt().through().done());
        let silent = kit::attempt().stage(Stage::Tcp, kit::silent()).done();
        let both = table([berlin(), seen_from("hq", silent)].concat());
        let lines = both.lines();
        for line in [
            "ends with: berlin \u{2013}; hq timed out at tcp",
            "TCP: berlin ok, 1 of 1; hq timed out, 1 of 1",
            "TLS: berlin ok, 1 of 1; hq \u{2013}",
            "computer: berlin srv05.corp.example; hq \u{2013}",
            "connect: berlin 2.0 ms; hq \u{2013}",
        ] {
            assert!(lines.iter().any(|one| one == line), "{line} in {lines:#?}");
        }
        let alike = table([berlin(), seen_from("hq", kit::attempt().through().done())].concat());
        assert!(alike.rows.iter().all(|row| !row.differs));
        assert!(
            alike
                .lines()
                .contains(&"TLS: ok, 1 of 1 at berlin, hq".to_owned())
        );
        // One site alone has nothing beside it.
        assert!(table(berlin()).sites.is_empty());
    }
}
