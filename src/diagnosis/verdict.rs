//! What a rule answers for a host.

use std::borrow::Cow;

use crate::model::{Confidence, Finding, Severity};

/// The answer of a rule; `F` is what it found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict<F = Finding> {
    Fires(F),
    /// The rule looked, and its finding does not apply.
    Silent,
    /// Neither present nor ruled out.
    Undetermined {
        /// Why, as a lower-case fragment.
        reason: &'static str,
        /// What would determine it: an option for another scan, or where to look.
        next_step: &'static str,
    },
}

/// The answer of a rule before the entry of its kind completes it.
pub(super) type RuleVerdict = Verdict<RuleMatch>;

/// What a rule found at a host. Where a field is `None`, the kind of finding has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RuleMatch {
    pub(super) confidence: Confidence,
    pub(super) evidence: String,
    pub(super) title: Option<Cow<'static, str>>,
    pub(super) severity: Option<Severity>,
    pub(super) remedies: Option<&'static [&'static str]>,
}

pub(super) fn matched(confidence: Confidence, evidence: impl Into<String>) -> RuleVerdict {
    Verdict::Fires(RuleMatch {
        confidence,
        evidence: evidence.into(),
        title: None,
        severity: None,
        remedies: None,
    })
}

pub(super) fn sure(evidence: impl Into<String>) -> RuleVerdict {
    matched(Confidence::Sure, evidence)
}

pub(super) fn likely(evidence: impl Into<String>) -> RuleVerdict {
    matched(Confidence::Likely, evidence)
}

pub(super) fn hint(evidence: impl Into<String>) -> RuleVerdict {
    matched(Confidence::Hint, evidence)
}

pub(super) const fn undetermined(reason: &'static str, next_step: &'static str) -> RuleVerdict {
    Verdict::Undetermined { reason, next_step }
}

/// Adjusts a finding to the host; the other answers stay as they are.
impl RuleVerdict {
    fn change(mut self, change: impl FnOnce(&mut RuleMatch)) -> Self {
        if let Self::Fires(matched) = &mut self {
            change(matched);
        }
        self
    }

    pub(super) fn title(self, title: impl Into<Cow<'static, str>>) -> Self {
        self.change(|matched| matched.title = Some(title.into()))
    }

    pub(super) fn severity(self, severity: Severity) -> Self {
        self.change(|matched| matched.severity = Some(severity))
    }

    pub(super) fn severity_if(self, applies: bool, severity: Severity) -> Self {
        if applies {
            self.severity(severity)
        } else {
            self
        }
    }

    pub(super) fn confidence(self, confidence: Confidence) -> Self {
        self.change(|matched| matched.confidence = confidence)
    }

    /// Adds to the evidence.
    pub(super) fn append(self, evidence: impl AsRef<str>) -> Self {
        self.change(|matched| matched.evidence.push_str(evidence.as_ref()))
    }

    /// Of the remedies of the kind, those that are right for the host.
    pub(super) fn remedies(self, remedies: &'static [&'static str]) -> Self {
        self.change(|matched| matched.remedies = Some(remedies))
    }
}
