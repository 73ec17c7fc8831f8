//! Which finding explains what a user sees.

use super::finding_kind::FindingStage;
use super::{Diagnosis, catalog};
use crate::model::{Finding, HostState, Severity};

impl Diagnosis {
    /// The worst finding that predicts the client's error, else the worst about attempts that fail now and then, where one is
    /// predicted, else the worst that degrades the host; where no session is possible, the worst of any severity.
    #[must_use]
    pub fn cause(&self) -> Option<&Finding> {
        let predicts = |finding: &&Finding| {
            let code = self.predicted.as_ref().map(|predicted| predicted.code);
            code.is_some() && predicted_code(finding.id) == code
        };
        let connects = matches!(self.state, HostState::Healthy | HostState::Degraded);
        let explains = |finding: &&Finding| !connects || finding.severity > Severity::Low;
        let is_intermittent = |finding: &&Finding| {
            let kind = catalog::kind(finding.id);
            let of_several = kind.is_some_and(|kind| kind.stage == FindingStage::Stability);
            connects && self.predicted.is_some() && of_several && explains(finding)
        };
        let mut findings = self.findings.iter();
        (findings.clone().find(predicts))
            .or_else(|| findings.clone().find(is_intermittent))
            .or_else(|| findings.find(explains))
    }

    /// The findings that can cause a client error, worst first: `code` as in `0x904`, `named` the findings of its handbook entry.
    pub fn causes_of<'a>(
        &'a self,
        code: &'a str,
        named: &'a [&'a str],
    ) -> impl Iterator<Item = &'a Finding> {
        let causes = move |finding: &&Finding| {
            finding.severity > Severity::Info
                && (predicted_code(finding.id) == Some(code) || named.contains(&finding.id))
        };
        self.findings.iter().filter(causes)
    }
}

fn predicted_code(finding: &str) -> Option<&'static str> {
    let error = catalog::kind(finding)?.predicts.as_ref()?.causes()?;
    Some(error.texts().0)
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::testing::{attempt, certificate, closed, days, host, reset, times, tls};
    use crate::model::{CertificateFacts, Outcome, Stage};

    #[test]
    fn the_cause_is_the_finding_that_predicts_the_error() {
        let expired = || CertificateFacts {
            not_before: Some(days(-200).into()),
            not_after: Some(days(-20).into()),
            ..certificate("srv05.corp.example")
        };
        let diagnosis = times(3, || attempt().tls_fails(closed(0), reset(0))).diagnose();
        assert_eq!(diagnosis.cause().unwrap().id, "RDP-TLS-CLOSED");
        let diagnosis = times(3, || attempt().shown(tls(expired()))).diagnose();
        assert_eq!(diagnosis.cause().unwrap().id, "RDP-CERT-EXPIRED");
        // A warning about dates is no reason for connections that are cut.
        let sometimes = host([
            attempt().shown(tls(expired())),
            attempt().tls_fails(reset(0), reset(0)),
            attempt().shown(tls(expired())),
        ]);
        assert_eq!(sometimes.diagnose().cause().unwrap().id, "RDP-FLAKY");
    }

    #[test]
    fn a_closed_port_has_a_cause_whatever_its_severity_and_a_healthy_host_has_none() {
        let refused = times(2, || attempt().stage(Stage::Tcp, Outcome::Refused)).diagnose();
        assert_eq!(refused.cause().unwrap().id, "RDP-TCP-REFUSED");
        assert_eq!(times(3, || attempt().through()).diagnose().cause(), None);
    }

    #[test]
    fn a_code_is_caused_by_findings_that_predict_it_or_that_its_entry_names() {
        let diagnosis = times(3, || attempt().tls_fails(closed(0), reset(0))).diagnose();
        let causes = |code: &str, named: &[&str]| {
            let found = diagnosis.causes_of(code, named);
            found.map(|finding| finding.id).collect::<Vec<_>>()
        };
        assert_eq!(causes("0x904", &[]), ["RDP-TLS-CLOSED"]);
        assert!(causes("0x104", &[]).is_empty());
        assert_eq!(causes("0x4", &["RDP-TLS-CLOSED"]), ["RDP-TLS-CLOSED"]);
    }
}
