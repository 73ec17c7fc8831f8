//! Findings that do not count: those that somebody has acknowledged, and those that a filter of the settings ignores. They are marked
//! where hosts are judged, so that every count, screen and report goes by the same fact. The state of a host does not change.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Host, HostMarks};
use crate::diagnosis::Policy;
use crate::model::{Acknowledged, Finding, History, Severity, utc_day};

/// By what hosts are judged.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    pub policy: Policy,
    pub exceptions: Arc<Exceptions>,
}

impl From<Policy> for Rules {
    fn from(policy: Policy) -> Self {
        Self {
            policy,
            exceptions: Arc::default(),
        }
    }
}

/// A finding of a host that somebody has accepted until a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledgement {
    #[serde(flatten)]
    pub marks: HostMarks,
    /// The name to show.
    pub name: Option<Box<str>>,
    pub finding: Box<str>,
    /// A worse one counts again.
    pub severity: Severity,
    /// The last day, UTC.
    pub until: Date,
    pub by: Box<str>,
    pub note: Box<str>,
    pub at: Timestamp,
}

impl Acknowledgement {
    /// Whether it is about this host. Several hosts may have one listed name: at other addresses, other keys make another host.
    #[must_use]
    pub fn is_of(&self, marks: &HostMarks) -> bool {
        self.marks.is_same(marks) && (self.marks.key == marks.key || !self.has_new_key(marks))
    }

    /// Whether it holds for a finding of this host on this day: a worse one, and a host with another key, count again.
    fn covers(&self, finding: &Finding, marks: &HostMarks, day: Date) -> bool {
        finding.severity <= self.severity
            && day <= self.until
            && self.marks.is_same(marks)
            && !self.has_new_key(marks)
    }

    fn has_new_key(&self, marks: &HostMarks) -> bool {
        let mut keys = marks.keys.iter();
        !self.marks.keys.is_empty() && keys.any(|key| !self.marks.keys.contains(key))
    }
}

/// A filter whose findings are ignored.
#[derive(Clone)]
pub struct Ignored {
    /// As it stands in the settings.
    pub text: Box<str>,
    /// Asked of a host as if it had one finding only.
    pub matches: Arc<dyn Fn(&Host) -> bool + Send + Sync>,
}

/// By the text, which is the filter.
impl PartialEq for Ignored {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl fmt::Debug for Ignored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

#[derive(Debug, PartialEq, Default)]
pub struct Exceptions {
    /// By finding.
    acknowledged: BTreeMap<Box<str>, Vec<Acknowledgement>>,
    ignored: Vec<Ignored>,
}

impl Exceptions {
    #[must_use]
    pub fn new(acknowledged: Vec<Acknowledgement>, ignored: Vec<Ignored>) -> Self {
        let mut by_finding: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for one in acknowledged {
            by_finding.entry(one.finding.clone()).or_default().push(one);
        }
        Self {
            acknowledged: by_finding,
            ignored,
        }
    }

    /// With the same filters, and these instead of what was acknowledged.
    #[must_use]
    pub fn with(&self, acknowledged: Vec<Acknowledgement>) -> Self {
        Self::new(acknowledged, self.ignored.clone())
    }

    pub fn acknowledged(&self) -> impl Iterator<Item = &Acknowledgement> {
        self.acknowledged.values().flatten()
    }

    /// The filters.
    pub fn ignored(&self) -> impl Iterator<Item = &str> {
        self.ignored.iter().map(|one| &*one.text)
    }

    /// Marks the findings of a host that has just been judged, and puts them behind the others.
    pub(super) fn apply(&self, host: &mut Host, history: &History, now: Timestamp) {
        if self.acknowledged.is_empty() && self.ignored.is_empty() {
            return;
        }
        let day = utc_day(now);
        let mut marks = None;
        let mut findings = std::mem::take(&mut host.diagnosis.findings);
        for finding in &mut findings {
            let known = self.acknowledged.get(finding.id).map(Vec::as_slice);
            let covering = known.unwrap_or_default().iter().find(|one| {
                let marks = marks.get_or_insert_with(|| HostMarks::of(history));
                one.covers(finding, marks, day)
            });
            finding.acknowledged = match covering {
                Some(one) => Some(Acknowledged {
                    by: one.by.clone(),
                    until: Some(one.until),
                    note: one.note.clone(),
                }),
                None => self.ignored_by(host, finding).map(|ignored| Acknowledged {
                    by: "policy.ignore".into(),
                    until: None,
                    note: ignored.text.clone(),
                }),
            }
            .map(Arc::new);
        }
        findings.sort_by_key(|finding| finding.acknowledged.is_some());
        host.diagnosis.findings = findings;
    }

    fn ignored_by(&self, host: &mut Host, finding: &Finding) -> Option<&Ignored> {
        if self.ignored.is_empty() {
            return None;
        }
        host.diagnosis.findings = vec![finding.clone()];
        let found = self.ignored.iter().find(|one| (one.matches)(host));
        host.diagnosis.findings.clear();
        found
    }
}

#[cfg(test)]
#[path = "exceptions_tests.rs"]
mod tests;
