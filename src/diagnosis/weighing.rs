//! What the findings of a host mean for one another, once all of them are known.

use super::catalog::{self, Verdict};
use super::host_view::HostView;
use super::state::{self, StateOfHost};
use crate::model::{Attempt, Confidence, Finding, HostState, ProbeKind, Severity, Stage};

/// Findings that say why nobody gets past a stage. They are less than that on a host where other attempts do.
const STOPPING: [(&str, Stage); 12] = [
    ("RDP-X224-MALFORMED", Stage::X224),
    ("RDP-NEG-FAIL-SSL-REQUIRED", Stage::X224),
    ("RDP-NEG-FAIL-FLAGS", Stage::X224),
    ("RDP-NEG-FAIL-UNKNOWN", Stage::X224),
    ("RDP-NEG-NLA-REQUIRED", Stage::X224),
    ("RDP-NEG-USERAUTH", Stage::X224),
    ("RDP-NEG-ENTRA", Stage::X224),
    ("RDP-TLS-TIMEOUT", Stage::Tls),
    ("RDP-TLS-CLIENT-CERT", Stage::Tls),
    ("RDP-TLS-PROTO-ERROR", Stage::Tls),
    ("RDP-CERT-UNPARSABLE", Stage::Tls),
    ("RDP-CREDSSP-CLOSED", Stage::Credssp),
];

/// Ways to end that are quoted in evidence.
const QUOTED: usize = 4;

/// A host that lets nobody in has a severe finding: the one that says why.
pub(super) fn raise(findings: &mut [Finding], ending: StateOfHost) {
    let (HostState::Broken, Some(at)) = (ending.state, ending.failed_stage) else {
        return;
    };
    for finding in findings {
        if STOPPING.contains(&(finding.id, at)) {
            finding.severity = finding.severity.max(Severity::High);
        }
    }
}

/// Critical means that nobody gets in, and here somebody did.
pub(super) fn temper(findings: &mut [Finding], sight: &HostView<'_>) {
    if sight.any_through() {
        for finding in findings {
            finding.severity = finding.severity.min(Severity::High);
        }
    }
}

/// Where no attempt gets through there is a finding that says so, whatever the rules made of it.
pub(super) fn no_session(
    sight: &HostView<'_>,
    verdicts: &[(&'static str, Verdict)],
) -> (&'static str, Verdict) {
    let id = "RDP-NO-SESSION";
    if !state::is_unreached(sight) {
        return (id, Verdict::Silent);
    }
    if state::skipped_early(sight).is_some() {
        let why = "the host was skipped";
        let get = "another scan in which it is not";
        return (id, Verdict::NotEnough { why, get });
    }
    let at = state::broken_at(sight).filter(|_| !state::is_not_rdp(sight));
    let explained = verdicts
        .iter()
        .any(|(_, verdict)| matches!(verdict, Verdict::Fires(finding) if stops(finding, at)));
    if explained {
        return (id, Verdict::Silent);
    }
    // Those that are not quoted need not be counted.
    let mut ends: Vec<(String, usize)> = Vec::new();
    let mut add = |end: String| {
        if let Some((_, times)) = ends.iter_mut().find(|(known, _)| *known == end) {
            *times += 1;
        } else if ends.len() < QUOTED {
            ends.push((end, 1));
        }
    };
    for (_, stage, outcome) in sight.failures() {
        add(format!("{stage}: {outcome}"));
    }
    if sight.failures().next().is_none() {
        for (stage, outcome) in sight
            .probes(ProbeKind::Default)
            .filter_map(Attempt::failure)
        {
            add(format!("{stage}: {outcome}"));
        }
    }
    let ends: Vec<String> = ends
        .into_iter()
        .map(|(end, times)| format!("{times}x {end}"))
        .collect();
    let confidence = match sight.counted.len() {
        0 | 1 => Confidence::Hint,
        _ => Confidence::Likely,
    };
    let finding = catalog::found(
        id,
        confidence,
        "No connection gets through",
        ends.join("; "),
    );
    (id, Verdict::Fires(finding))
}

/// A finding that says why connections end, whoever makes them. A broken host needs a severe one.
fn stops(finding: &Finding, broken_at: Option<Stage>) -> bool {
    if broken_at.is_some_and(|at| STOPPING.contains(&(finding.id, at))) {
        return finding.severity > Severity::Info;
    }
    let families = ["RDP-TCP-", "RDP-PORT-", "RDP-X224-", "RDP-NEG-", "RDP-TLS-"];
    let least = if broken_at.is_some() {
        Severity::High
    } else {
        Severity::Medium
    };
    families.iter().any(|family| finding.id.starts_with(family))
        && finding.severity >= least
        && !["RDP-TLS-OLD-VERSION", "RDP-TLS-INTERCEPTED"].contains(&finding.id)
}

/// A certificate that something on the way made is not the host's to mend. Clients that come the same way see it all the same,
/// so what is wrong with it is still told.
pub(super) fn disown(findings: &mut [Finding]) {
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
    use crate::diagnosis::catalog;
    use crate::diagnosis::testing::{
        AttemptMaker, alert, attempt, certificate, closed, host, issued, reset, silent, times, tls,
    };
    use crate::model::{CertificateFacts, HostState, Outcome, Severity, Stage};

    #[test]
    fn every_id_that_stops_is_in_the_catalogue() {
        for (id, _) in super::STOPPING {
            assert!(catalog::entry(id).is_some(), "{id}");
        }
    }

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
