//! Opinions: pure functions from what was observed to state, verdicts, findings and the predicted client error.
//!
//! No I/O, no clock: `now` is an argument, so that a recording is judged as of its own time, by today's rules.

pub mod catalog;
mod cause;
mod certificates;
mod client_error;
mod confirm;
pub mod dated;
mod disagreement;
mod ending;
mod finding_kind;
mod fingerprint;
mod fleet_survey;
pub mod handbook;
mod host_view;
mod identity;
mod member;
mod names;
mod prediction;
mod refusal;
pub mod remedies;
mod reply_groups;
mod rules;
mod severity_rules;
mod sources;
mod stability;
mod state;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod undetermined;
mod validity;
mod verdict;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::num::NonZeroU8;
use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

use crate::model::{
    Attempt, CertificateFacts, CertificateStatus, DnsVerdict, Endpoint, Finding, History,
    HostState, Nla, PredictedError, SelectedSecurity, Severity, Site, StabilityVerdict, Stage,
    TlsFacts,
};

pub use confirm::confirm_in;
pub use disagreement::{Disagreement, names_side_by_side};
pub use ending::{Ending, endings};
pub use fingerprint::Fingerprint;
pub use fleet_survey::{Banner, FleetSurvey, FleetView};
use host_view::HostView;
pub(crate) use identity::ServerKind;
pub use member::MemberView;
pub use reply_groups::{ReplyGroup, describe_groups, reply_groups};
pub use undetermined::{Undetermined, undetermined, undetermined_lines};
pub use validity::days_in_words;
pub(crate) use validity::days_left;
pub use verdict::Verdict;

/// Limits that the rules apply; settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Policy {
    /// A certificate counts as expiring when it ends within this many days, and `expiring_percent` or less of its lifetime is left.
    pub expiring_days: u32,
    /// How much of its lifetime an expiring certificate has left at most, in percent.
    #[serde(default = "all_of_the_lifetime")]
    pub expiring_percent: u32,
    /// Attempts needed before a stability verdict is given.
    pub stability_attempts: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            expiring_days: 30,
            expiring_percent: 33,
            stability_attempts: 3,
        }
    }
}

/// Reports written before there was a share have been judged by days alone.
const fn all_of_the_lifetime() -> u32 {
    100
}

impl Policy {
    /// When a certificate counts as expiring: "within 30 days and the last 33 % of the lifetime".
    #[must_use]
    pub fn soon(&self) -> String {
        let days = self.expiring_days;
        match self.expiring_percent {
            100.. => format!("within {days} days"),
            percent => format!("within {days} days and the last {percent} % of the lifetime"),
        }
    }
}

/// What the rules may know besides the host's own history.
pub struct Context<'a> {
    pub policy: &'a Policy,
    pub now: Timestamp,
    pub dns_enabled: bool,
    pub ntlm_enabled: bool,
    /// No resolver answers at present: lookups without an answer prove nothing about a name.
    pub resolver_down: bool,
    /// What the fleet as a whole shows; `None` to judge the host alone.
    pub fleet: Option<&'a FleetView>,
    /// What other endpoints show, for the addresses of a name. Called for every address of every name, so better cached.
    pub members: &'a dyn Fn(Endpoint) -> Option<Arc<MemberView>>,
}

/// Smallest, median and largest of some durations, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Spread {
    /// Smallest.
    pub min: f64,
    /// Median.
    pub median: f64,
    /// Largest.
    pub max: f64,
}

/// What repeated attempts show.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Stability {
    /// Sometimes or always.
    pub verdict: StabilityVerdict,
    /// Attempts that count: not cancelled, and without trouble on the scanning machine.
    pub attempts: u32,
    /// Those that failed.
    pub failures: u32,
    /// Failures by the stage where they ended.
    #[serde(serialize_with = "by_stage")]
    #[schemars(with = "BTreeMap<String, u32>", extend("propertyNames" = { "$ref": "#/$defs/Stage" }))]
    pub failures_by_stage: Vec<(Stage, u32)>,
    /// TCP connect of attempts that connected.
    pub connect_ms: Option<Spread>,
    /// Attempts that got through, from start to end.
    pub total_ms: Option<Spread>,
    /// TLS handshake of attempts that completed it.
    pub handshake_ms: Option<Spread>,
    /// Segments sent again over all attempts; `null` where the platform has no count.
    pub retransmits: Option<u32>,
    /// Connects lost, silent rounds included, as a share of all tried, 0 to 1.
    pub loss: f64,
}

fn by_stage<S: Serializer>(failures: &[(Stage, u32)], serializer: S) -> Result<S::Ok, S::Error> {
    let failures = failures.iter().map(|(stage, count)| (stage.word(), *count));
    serializer.collect_map(failures.collect::<BTreeMap<_, _>>())
}

/// One name behind the host, and where each of its addresses leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NamePath {
    /// The name.
    pub name: Box<str>,
    /// The verdict for this name.
    pub verdict: DnsVerdict,
    /// Where it leads: address, whether TCP came up there (`None`: not tried), whether it is the same machine (`None`: unknown).
    pub members: Vec<NameMember>,
}

/// One address behind a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NameMember {
    /// The address.
    pub address: IpAddr,
    /// Whether TCP came up there; `None` when it was not tried.
    pub reachable: Option<bool>,
    /// Whether the same machine answered there as at the scanned address; `None` when that is unknown.
    pub same_identity: Option<bool>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Diagnosis {
    pub state: HostState,
    /// The stage where attempts end, when they do.
    pub failed_stage: Option<Stage>,
    /// Selected by the server on the newest attempt that got so far.
    pub security: SelectedSecurity,
    pub nla: Nla,
    /// Status of the leaf certificate, the worst of those in use.
    pub certificate_status: Option<CertificateStatus>,
    /// Whole days to its end, rounded down: negative after it.
    pub days_left: Option<i64>,
    /// Which certificate this is: from 1, in the order in which attempts first showed them; `None` where it is that of
    /// [`History::tls`].
    pub shown: Option<NonZeroU8>,
    pub dns: DnsVerdict,
    /// In which way the names disagree; `None` where they agree or nothing is known.
    pub disagreement: Option<Disagreement>,
    pub name_paths: Vec<NamePath>,
    pub stability: Stability,
    /// Worst first, surest first, then by id; those that are acknowledged come last.
    pub findings: Vec<Finding>,
    pub predicted: Option<Box<PredictedError>>,
}

impl Diagnosis {
    /// The diagnosis of a host of which nothing is known.
    #[must_use]
    pub const fn unknown() -> Self {
        Self {
            state: HostState::NotProbed,
            failed_stage: None,
            security: SelectedSecurity::None,
            nla: Nla::Unknown,
            certificate_status: None,
            days_left: None,
            shown: None,
            dns: DnsVerdict::NotChecked,
            disagreement: None,
            name_paths: Vec::new(),
            stability: Stability {
                verdict: StabilityVerdict::Unknown,
                attempts: 0,
                failures: 0,
                failures_by_stage: Vec::new(),
                connect_ms: None,
                total_ms: None,
                handshake_ms: None,
                retransmits: None,
                loss: 0.0,
            },
            findings: Vec::new(),
            predicted: None,
        }
    }

    /// The worst finding that is not acknowledged.
    #[must_use]
    pub fn worst(&self) -> Option<&Finding> {
        self.open_findings().next()
    }

    /// Adds what is found from another site alone, or is worse there, so that no finding is lost where that site's view is not the
    /// worst.
    pub(crate) fn add_from(&mut self, site: &Site, findings: Vec<Finding>) {
        for mut finding in findings {
            let known = self.findings.iter_mut().find(|one| one.id == finding.id);
            finding.evidence = format!("from {site}: {}", finding.evidence);
            match known {
                Some(known) if known.severity < finding.severity => *known = finding,
                Some(_) => {}
                None => self.findings.push(finding),
            }
        }
        worst_first(&mut self.findings);
    }

    /// The finding to show where there is room for one: the worst that counts, before one for information one that is acknowledged.
    #[must_use]
    pub fn first_shown(&self) -> Option<&Finding> {
        let worst = self.worst();
        let known = || (self.findings.iter()).find(|one| one.acknowledged.is_some());
        worst
            .filter(|worst| worst.severity > Severity::Info)
            .or_else(known)
            .or(worst)
    }

    /// The findings that count: those that are not acknowledged.
    pub fn open_findings(&self) -> impl Iterator<Item = &Finding> + Clone {
        let findings = self.findings.iter();
        findings.filter(|finding| finding.acknowledged.is_none())
    }

    /// The remedy to begin with: that of the worst finding above [`Severity::Info`] that counts and names one. Every count of the hosts
    /// of a remedy is one of these.
    #[must_use]
    pub fn first_remedy(&self) -> Option<&'static str> {
        let findings = self.open_findings();
        let mut findings = findings.filter(|finding| finding.severity > Severity::Info);
        findings.find_map(Finding::remedy)
    }

    /// Whether something is acknowledged, and nothing else would make the host a degraded one.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        // They are the last.
        (self.findings.last()).is_some_and(|last| last.acknowledged.is_some())
            && (self.worst()).is_none_or(|worst| worst.severity < Severity::Medium)
    }

    /// The TLS facts with the certificate whose status this diagnosis has. Screens and reports show this one, so that dates and
    /// status never contradict each other.
    #[must_use]
    pub fn tls_shown<'h>(&self, history: &'h History) -> Option<&'h Arc<TlsFacts>> {
        let Some(number) = self.shown else {
            return history.tls();
        };
        let mut attempts: Vec<&Attempt> = history.attempts.iter().collect();
        attempts.sort_by_key(|attempt| attempt.started_at);
        let mut shown = certificates::seen(attempts).into_iter();
        shown
            .find(|leaf| leaf.number == number)?
            .best()?
            .tls
            .as_ref()
    }

    /// The certificate whose status this diagnosis has.
    #[must_use]
    pub fn certificate<'h>(&self, history: &'h History) -> Option<&'h Arc<CertificateFacts>> {
        self.tls_shown(history)?.leaf()
    }
}

/// The history with its attempts in the order in which they began, whatever the order in which they became known.
fn in_order(history: &History) -> Cow<'_, History> {
    let begun = |attempt: &Attempt| attempt.started_at;
    if history.attempts.is_sorted_by_key(begun) {
        return Cow::Borrowed(history);
    }
    let mut ordered = history.clone();
    ordered.attempts.sort_by_key(begun);
    Cow::Owned(ordered)
}

fn worst_first(findings: &mut [Finding]) {
    findings.sort_by(|a, b| {
        (b.severity, b.confidence)
            .cmp(&(a.severity, a.confidence))
            .then_with(|| a.id.cmp(b.id))
    });
}

#[must_use]
pub fn diagnose(history: &History, context: &Context<'_>) -> Diagnosis {
    let history = in_order(history);
    let host = HostView::new(&history, context);
    let mut findings: Vec<Finding> = rules::all(&host)
        .into_iter()
        .filter_map(|(_, verdict)| match verdict {
            Verdict::Fires(mut finding) => {
                // Kept for every host of a fleet.
                if let Cow::Owned(title) = &mut finding.title {
                    title.shrink_to_fit();
                }
                finding.evidence.shrink_to_fit();
                Some(finding)
            }
            Verdict::Silent | Verdict::Undetermined { .. } => None,
        })
        .collect();
    severity_rules::drop_remedies_of_intercepted(&mut findings);
    let ending = state::of(&host, &findings);
    severity_rules::raise(&mut findings, ending);
    severity_rules::cap(&mut findings, &host);
    worst_first(&mut findings);
    findings.shrink_to_fit();
    let negotiation = host.negotiation();
    Diagnosis {
        state: ending.state,
        failed_stage: ending.failed_stage,
        security: negotiation.map_or(SelectedSecurity::None, |facts| facts.selected),
        nla: state::nla_of(&host),
        certificate_status: host
            .certificate
            .map(|leaf| validity::status(leaf, context.policy, context.now)),
        days_left: host
            .certificate
            .and_then(|leaf| days_left(leaf, context.now)),
        shown: host.shown(),
        dns: host.names.verdict,
        disagreement: disagreement::of(host.names.verdict, &findings),
        name_paths: host.names.paths(),
        predicted: prediction::predict(&host, &findings, ending).map(Box::new),
        stability: host.stability,
        findings,
    }
}

/// What every rule answers for a host, in order of the catalogue.
#[must_use]
pub fn verdicts(history: &History, context: &Context<'_>) -> Vec<(&'static str, Verdict)> {
    let verdicts = rules::all(&HostView::new(&in_order(history), context)).into_iter();
    verdicts.map(|(kind, verdict)| (kind.id, verdict)).collect()
}
