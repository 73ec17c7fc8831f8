//! Judges the hosts of the test kit.

use std::sync::Arc;

use super::{Context, Diagnosis, FleetSurvey, FleetView, MemberView, Verdict};
pub(crate) use crate::kit::*;
use crate::model::{CertificateFacts, Endpoint};

/// A host that shows this certificate and nothing of NTLM.
pub(crate) fn showing(leaf: CertificateFacts) -> HostMaker {
    host([attempt().shown(tls(leaf))])
}

/// A certificate that the host made itself.
pub(crate) fn own() -> CertificateFacts {
    certificate("srv05.corp.example")
}

/// A certificate of an authority.
pub(crate) fn corporate() -> CertificateFacts {
    issued(&["srv05.corp.example"])
}

impl HostMaker {
    /// Judged as one of these, with itself among them.
    pub(crate) fn among(mut self, fleet: &[Self]) -> Self {
        let all: Vec<&Self> = fleet.iter().chain([&self]).collect();
        self.fleet = Some(fleet_view(&all));
        self
    }

    fn with<T>(&self, judge: impl FnOnce(&Context<'_>) -> T) -> T {
        let members = |wanted: Endpoint| {
            let mut others = self.others.iter();
            let member = others.find(|other| other.key.endpoint() == Some(wanted))?;
            Some(Arc::new(MemberView::of(member)))
        };
        judge(&Context {
            policy: &self.policy,
            now: self.now,
            dns_enabled: true,
            ntlm_enabled: self.ntlm_enabled,
            resolver_down: self.resolver_down,
            fleet: self.fleet.as_ref(),
            members: &members,
        })
    }

    pub(crate) fn diagnose(&self) -> Diagnosis {
        self.with(|context| super::diagnose(&self.history, context))
    }

    pub(crate) fn verdicts(&self) -> Vec<(&'static str, Verdict)> {
        self.with(|context| super::verdicts(&self.history, context))
    }

    pub(crate) fn undetermined(&self) -> Vec<super::Undetermined> {
        self.with(|context| super::undetermined(&self.history, context))
    }

    pub(crate) fn verdict(&self, id: &str) -> Verdict {
        self.verdicts()
            .into_iter()
            .find(|(rule, _)| *rule == id)
            .unwrap_or_else(|| panic!("no rule {id}"))
            .1
    }

    pub(crate) fn fires(&self, id: &str) -> Option<crate::model::Finding> {
        match self.verdict(id) {
            Verdict::Fires(finding) => Some(finding),
            Verdict::Silent | Verdict::Undetermined { .. } => None,
        }
    }

    /// Panics unless the rule stays silent or says that it cannot tell.
    pub(crate) fn assert_not(&self, id: &str) {
        assert_eq!(self.fires(id), None, "{id} must not fire");
    }

    /// Panics unless the rule says no.
    pub(crate) fn assert_silent(&self, id: &str) {
        assert_eq!(self.verdict(id), Verdict::Silent, "{id} must stay silent");
    }

    pub(crate) fn assert_fires(&self, id: &str) -> crate::model::Finding {
        self.fires(id)
            .unwrap_or_else(|| panic!("{id} must fire: {:?}", self.verdict(id)))
    }
}

/// What hosts show together.
pub(crate) fn fleet_view(hosts: &[&HostMaker]) -> FleetView {
    let mut survey = FleetSurvey::default();
    for (place, host) in hosts.iter().enumerate() {
        survey.add(place, &host.history);
    }
    for place in survey.revisit() {
        survey.add_again(&hosts[place].history);
    }
    survey.finish()
}
