//! What findings of one host mean for one another: their severity and remedies, once all of them are known.

use super::catalog;
use super::host_view::HostView;
use super::state::StateOfHost;
use crate::model::{Finding, HostState, Severity};

/// A broken host has a severe finding: the one that says why.
pub(super) fn raise(findings: &mut [Finding], ending: StateOfHost) {
    let (HostState::Broken, Some(at)) = (ending.state, ending.failed_stage) else {
        return;
    };
    for finding in findings {
        if catalog::kind(finding.id).is_some_and(|kind| kind.stops_everybody_at(at)) {
            finding.severity = finding.severity.max(Severity::High);
        }
    }
}

/// Critical means that nobody gets in: not where some attempt got through.
pub(super) fn cap(findings: &mut [Finding], host: &HostView<'_>) {
    if host.any_through() {
        for finding in findings {
            finding.severity = finding.severity.min(Severity::High);
        }
    }
}

/// A certificate that an inspection product made cannot be fixed at the host. Clients on the same path see it all the same, so its
/// findings stay.
pub(super) fn drop_remedies_of_intercepted(findings: &mut [Finding]) {
    if !findings
        .iter()
        .any(|finding| finding.id == "RDP-TLS-INTERCEPTED")
    {
        return;
    }
    for finding in findings {
        if finding.id.starts_with("RDP-CERT-") {
            finding.remedies = &[];
            finding.evidence.push_str(
                "; made on the way, not the host's own certificate (RDP-TLS-INTERCEPTED)",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::testing::{
        AttemptMaker, alert, attempt, certificate, closed, host, issued, reset, silent, times, tls,
    };
    use crate::model::{CertificateFacts, HostState, Outcome, Severity, Stage};

    fn malformed() -> Outcome {
        let detail = "received corrupt message".into();
        Outcome::Malformed { detail }
    }

    #[test]
    fn a_broken_host_has_a_severe_finding() {
        let mut ends: Vec<AttemptMaker> = [closed(0), reset(0), silent(), malformed()]
            .into_iter()
            .map(|outcome| attempt().tcp().stage(Stage::X224, outcome))
            .collect();
        ends.extend([1, 3, 4, 5, 8].map(|code| attempt().refused(code)));
        ends.extend(
            [
                closed(0),
                reset(0),
                closed(900),
                silent(),
                malformed(),
                alert(40),
                alert(80),
            ]
            .map(|outcome| attempt().tls_fails(outcome.clone(), outcome)),
        );
        ends.extend([closed(0), reset(0)].map(|outcome| {
            attempt()
                .shown(tls(certificate("srv05.corp.example")))
                .stage(Stage::Credssp, outcome)
        }));
        for end in ends {
            let diagnosis = times(3, || end.clone()).diagnose();
            assert_eq!(diagnosis.state, HostState::Broken, "{diagnosis:?}");
            assert!(
                diagnosis.findings[0].severity >= Severity::High,
                "{:?}",
                diagnosis.findings
            );
        }
    }

    #[test]
    fn what_does_not_stop_everybody_keeps_its_severity() {
        let some = host([
            attempt().through(),
            attempt().refused(4),
            attempt().through(),
        ]);
        let finding = some.assert_fires("RDP-NEG-FAIL-FLAGS");
        assert_eq!(finding.severity, Severity::Low);
    }

    #[test]
    fn a_certificate_made_on_the_way_is_not_the_hosts_to_mend() {
        let from = |issuer: &str| {
            let leaf = CertificateFacts {
                issuer: format!("CN={issuer}").into(),
                ..issued(&["srv05.corp.example"])
            };
            times(3, || attempt().shown(tls(leaf.clone()))).diagnose()
        };
        let of = |diagnosis: &crate::diagnosis::Diagnosis| {
            let findings = &diagnosis.findings;
            findings
                .iter()
                .find(|finding| finding.id == "RDP-CERT-CHAIN-SHORT")
                .cloned()
                .unwrap()
        };
        let theirs = of(&from("FortiGate CA"));
        assert_eq!(theirs.remedies, <[&str; 0]>::default());
        assert!(theirs.evidence.ends_with("(RDP-TLS-INTERCEPTED)"));
        let own = of(&from("Corp Issuing CA 1"));
        assert_eq!(own.remedies, ["R4"]);
        assert!(!own.evidence.contains("on the way"));
    }
}
