use super::{
    Family, Rule, RuleVerdict, Verdict, contradictory_version, is_asked_over_ntlm, repeated, seen,
    sure, undetermined,
};
use crate::diagnosis::host_view::HostView;
use crate::diagnosis::identity::ServerKind;
use crate::model::{Confidence, Outcome, Stage};

pub(super) const FAMILY: Family = Family {
    entries: include_str!("credssp.toml"),
    rules: &[
        ("RDP-CREDSSP-CLOSED", Rule::Host(closed)),
        ("RDP-NTLM-BLOCKED", Rule::Host(blocked)),
        ("RDP-CREDSSP-ERROR", Rule::Host(error)),
        ("RDP-NTLM-MALFORMED", Rule::Host(malformed)),
        ("RDP-CREDSSP-OLD", Rule::Host(old_version)),
    ],
};

/// Error codes of a server that accepts no NTLM at all: `STATUS_NTLM_BLOCKED`, `STATUS_NOT_SUPPORTED`,
/// `STATUS_NO_SUCH_PACKAGE`, `SEC_E_UNSUPPORTED_FUNCTION`, `SEC_E_SECPKG_NOT_FOUND`.
const NO_NTLM: [u32; 5] = [
    0xC000_0418,
    0xC000_00BB,
    0xC000_00FE,
    0x8009_0302,
    0x8009_0305,
];
/// The last `CredSSP` version before the fix of 2018 (MS-CSSP 2.2.1; the fix came with 5 and 6).
const LAST_UNFIXED: u32 = 4;
const BY_ADDRESS: &str = "by IP address mstsc uses NTLM, by name it may use Kerberos";

fn closed(host: &HostView<'_>) -> RuleVerdict {
    if matches!(host.server, ServerKind::NotWindows(_)) {
        return Verdict::Silent;
    }
    let closes = host.failures_like(Stage::Credssp, Outcome::is_close);
    repeated(host, &closes, "closed once only")
        .confidence(Confidence::Likely)
        .title("The server closes the connection when NLA begins")
}

fn ntlm_replies<'a>(host: &HostView<'a>, wanted: impl Fn(&Outcome) -> bool) -> Vec<&'a Outcome> {
    let asked = host.counted.iter();
    asked
        .filter_map(|counted| counted.attempt.stage(Stage::Credssp))
        .map(|record| &record.outcome)
        .filter(|outcome| wanted(outcome))
        .collect()
}

fn takes_no_ntlm(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::CredsspError { status } if NO_NTLM.contains(status))
}

/// Only an error code for that counts: no challenge may have many reasons.
fn blocked(host: &HostView<'_>) -> RuleVerdict {
    let refusals = ntlm_replies(host, takes_no_ntlm);
    if !refusals.is_empty() {
        return sure(format!("{}; {BY_ADDRESS}", seen(host, &refusals)))
            .title("The server refuses NTLM, so connections by IP address fail");
    }
    // These are findings of their own.
    let is_reported = |outcome: &Outcome| {
        is_malformed(outcome) || matches!(outcome, Outcome::CredsspError { .. })
    };
    if !ntlm_replies(host, is_reported).is_empty() {
        return Verdict::Silent;
    }
    let selected = host
        .negotiation()
        .is_some_and(|facts| facts.selected.uses_credssp());
    if !(selected && host.ntlm.is_none()) {
        Verdict::Silent
    } else if !host.ntlm_asked {
        undetermined("NTLM was not asked", "a scan without --no-ntlm")
    } else if is_asked_over_ntlm(host) {
        undetermined(
            "NTLM did not answer, and the server does not say why",
            "the NTLM policies of the host and its event log NTLM/Operational",
        )
    } else {
        undetermined(
            "no connection got so far that NTLM could be asked",
            "another scan, when TLS comes up",
        )
    }
}

/// The server sends an error code, and the reason is not NTLM as such.
fn error(host: &HostView<'_>) -> RuleVerdict {
    let errors = ntlm_replies(host, |outcome| {
        matches!(outcome, Outcome::CredsspError { .. }) && !takes_no_ntlm(outcome)
    });
    if errors.is_empty() {
        return Verdict::Silent;
    }
    sure(format!("{}; {BY_ADDRESS}", seen(host, &errors)))
        .title("The server answers NTLM with an error code, so connections by IP address may fail")
}

const fn is_malformed(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Malformed { .. })
}

fn malformed(host: &HostView<'_>) -> RuleVerdict {
    repeated(host, &ntlm_replies(host, is_malformed), "seen once only")
}

fn old_version(host: &HostView<'_>) -> RuleVerdict {
    let Some(version) = host.ntlm.and_then(|ntlm| ntlm.tsrequest_version) else {
        return Verdict::Silent;
    };
    // The newest version is what this program offers: a lower one in the answer is the server's own.
    if !(2..=LAST_UNFIXED).contains(&version) {
        return Verdict::Silent;
    }
    if !host.server.is_windows() {
        return contradictory_version(host).unwrap_or(Verdict::Silent);
    }
    sure(format!("CredSSP version {version}")).title(
        "The server uses a CredSSP version from before the 2018 fix; patched clients refuse it",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{
        attempt, certificate, closed, host, negotiation, ntlm, times, tls,
    };
    use crate::model::{HostState, NegotiationFacts, NtlmFacts, SelectedSecurity};

    fn shown() -> crate::diagnosis::testing::AttemptMaker {
        attempt().shown(tls(certificate("srv05.corp.example")))
    }

    #[test]
    fn a_close_at_nla_on_every_attempt_is_broken() {
        let broken = times(3, || shown().stage(Stage::Credssp, closed(0)));
        broken.assert_fires("RDP-CREDSSP-CLOSED");
        let diagnosis = broken.diagnose();
        assert_eq!(
            (diagnosis.state, diagnosis.failed_stage),
            (HostState::Broken, Some(Stage::Credssp))
        );
    }

    #[test]
    fn trap_19_no_challenge_is_not_blocked_and_not_broken() {
        let unknown = times(3, || shown().stage(Stage::Credssp, Outcome::NoChallenge));
        unknown.assert_not("RDP-NTLM-BLOCKED");
        assert!(matches!(
            unknown.verdict("RDP-NTLM-BLOCKED"),
            Verdict::Undetermined { .. }
        ));
        assert_eq!(unknown.diagnose().state, HostState::Healthy);
    }

    #[test]
    fn a_host_that_was_not_asked_has_not_kept_silent() {
        let verdict = times(3, shown).without_ntlm().verdict("RDP-NTLM-BLOCKED");
        let Verdict::Undetermined { reason, next_step } = verdict else {
            panic!("{verdict:?}")
        };
        assert_eq!(
            (reason, next_step),
            ("NTLM was not asked", "a scan without --no-ntlm")
        );
    }

    #[test]
    fn a_host_whose_tls_never_came_up_has_not_kept_silent() {
        let early = times(3, || attempt().tls_fails(closed(0), closed(0)));
        for id in ["RDP-NTLM-BLOCKED", "RDP-NOT-WINDOWS"] {
            let Verdict::Undetermined { reason, next_step } = early.verdict(id) else {
                panic!("{id}: {:?}", early.verdict(id))
            };
            let said = format!("{reason} ({next_step})");
            assert!(
                said.contains("no connection got so far that NTLM could be asked"),
                "{id}: {said}"
            );
        }
    }

    #[test]
    fn the_servers_own_word_is_blocked() {
        times(1, || {
            let status = 0xC000_0418;
            shown().stage(Stage::Credssp, Outcome::CredsspError { status })
        })
        .assert_fires("RDP-NTLM-BLOCKED");
    }

    #[test]
    fn trap_3_freerdp_claiming_6_1_7601_is_not_windows() {
        let facts = NegotiationFacts {
            source_reference: 0,
            ..negotiation(SelectedSecurity::Hybrid)
        };
        let claimed = NtlmFacts {
            version: Some((6, 1, 7601)),
            ..ntlm("desk")
        };
        host([attempt()
            .negotiated(facts)
            .shown(tls(certificate("desk")))
            .identified(claimed)])
        .assert_fires("RDP-NOT-WINDOWS");
    }

    #[test]
    fn a_foreign_source_reference_shows_before_any_certificate() {
        let foreign = attempt().refused(5).edit(|attempt| {
            attempt.negotiation.as_mut().unwrap().source_reference = 0;
        });
        host([foreign]).assert_fires("RDP-NOT-WINDOWS");
        host([attempt().refused(5)]).assert_not("RDP-NOT-WINDOWS");
    }

    /// A farm: what one member negotiates does not contradict what another claims.
    #[test]
    fn a_claim_is_held_against_its_own_connection() {
        let few = NegotiationFacts {
            response_flags: Some(0),
            ..negotiation(SelectedSecurity::Hybrid)
        };
        let silent = attempt()
            .negotiated(few)
            .shown(tls(certificate("srv06.corp.example")))
            .stage(Stage::Credssp, Outcome::NoChallenge);
        let mixed = host([attempt().through(), silent]);
        mixed.assert_silent("RDP-NOT-WINDOWS");
    }

    #[test]
    fn a_real_2008_r2_is_windows() {
        let claimed = NtlmFacts {
            version: Some((6, 1, 7601)),
            ..ntlm("srv05.corp.example")
        };
        host([shown().identified(claimed)]).assert_not("RDP-NOT-WINDOWS");
    }
}
