use super::{
    ONE_MORE, Refine, Rule, TRIES, contradicts_itself, found, is_asked_over_ntlm, lacking, likely,
    seen, sure, who_it_is,
};
use crate::diagnosis::catalog::Verdict;
use crate::diagnosis::ending::connected;
use crate::diagnosis::host_view::HostView;
use crate::diagnosis::identity::ServerKind;
use crate::model::{Confidence, Outcome, Stage};

pub(super) const RULES: &[Rule] = &[
    ("RDP-CREDSSP-CLOSED", closed),
    ("RDP-NTLM-BLOCKED", blocked),
    ("RDP-CREDSSP-ERROR", error),
    ("RDP-NTLM-MALFORMED", malformed),
    ("RDP-NOT-WINDOWS", not_windows),
];

/// Error codes by which a server says that it takes no NTLM at all: `STATUS_NTLM_BLOCKED`, `STATUS_NOT_SUPPORTED`,
/// `STATUS_NO_SUCH_PACKAGE`, `SEC_E_UNSUPPORTED_FUNCTION`, `SEC_E_SECPKG_NOT_FOUND`.
const NO_NTLM: [u32; 5] = [
    0xC000_0418,
    0xC000_00BB,
    0xC000_00FE,
    0x8009_0302,
    0x8009_0305,
];
/// What an answer to NTLM means for how a host is addressed.
const BY_ADDRESS: &str = "by IP address mstsc uses NTLM, by name it may use Kerberos";

fn closed(sight: &HostView<'_>) -> Verdict {
    let closes: Vec<&Outcome> = sight
        .failures_at(Stage::Credssp)
        .into_iter()
        .filter(|outcome| outcome.is_close())
        .collect();
    if closes.is_empty() || matches!(sight.server, ServerKind::NotWindows(_)) {
        return Verdict::Silent;
    }
    if closes.len() < TRIES {
        return lacking("closed once only", ONE_MORE);
    }
    likely(
        "RDP-CREDSSP-CLOSED",
        "The server closes the connection when NLA begins",
        seen(sight, &closes),
    )
}

/// How the NTLM message was answered, where it was answered as `wanted`.
fn answers<'a>(sight: &HostView<'a>, wanted: impl Fn(&Outcome) -> bool) -> Vec<&'a Outcome> {
    let asked = sight.counted.iter();
    asked
        .filter_map(|counted| counted.attempt.stage(Stage::Credssp))
        .map(|record| &record.outcome)
        .filter(|outcome| wanted(outcome))
        .collect()
}

fn takes_no_ntlm(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::CredsspError { status } if NO_NTLM.contains(status))
}

/// Only an error code that says so counts: no challenge may have many reasons.
fn blocked(sight: &HostView<'_>) -> Verdict {
    let refusals = answers(sight, takes_no_ntlm);
    if !refusals.is_empty() {
        return sure(
            "RDP-NTLM-BLOCKED",
            "The server refuses NTLM, so connections by IP address fail",
            format!("{}; {BY_ADDRESS}", seen(sight, &refusals)),
        );
    }
    // These are findings of their own.
    let is_told = |outcome: &Outcome| {
        is_malformed(outcome) || matches!(outcome, Outcome::CredsspError { .. })
    };
    if !answers(sight, is_told).is_empty() {
        return Verdict::Silent;
    }
    let selected = sight
        .negotiation()
        .is_some_and(|facts| facts.selected.uses_credssp());
    if !(selected && sight.ntlm.is_none()) {
        Verdict::Silent
    } else if !sight.ntlm_asked {
        lacking("NTLM was not asked", "a scan without --no-ntlm")
    } else if is_asked_over_ntlm(sight) {
        lacking(
            "NTLM did not answer, and the server does not say why",
            "the NTLM policies of the host and its event log NTLM/Operational",
        )
    } else {
        lacking(
            "no connection got so far that NTLM could be asked",
            "another scan, when TLS comes up",
        )
    }
}

/// The server says why it sends no challenge, and the reason is not NTLM as such.
fn error(sight: &HostView<'_>) -> Verdict {
    let errors = answers(sight, |outcome| {
        matches!(outcome, Outcome::CredsspError { .. }) && !takes_no_ntlm(outcome)
    });
    if errors.is_empty() {
        return Verdict::Silent;
    }
    sure(
        "RDP-CREDSSP-ERROR",
        "The server answers NTLM with an error code, so connections by IP address may fail",
        format!("{}; {BY_ADDRESS}", seen(sight, &errors)),
    )
}

const fn is_malformed(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Malformed { .. })
}

fn malformed(sight: &HostView<'_>) -> Verdict {
    let broken = answers(sight, is_malformed);
    match broken.len() {
        0 => Verdict::Silent,
        seen_times if seen_times < TRIES => lacking("seen once only", ONE_MORE),
        _ => sure(
            "RDP-NTLM-MALFORMED",
            "The answer to the NTLM message is malformed",
            seen(sight, &broken),
        ),
    }
}

fn not_windows(sight: &HostView<'_>) -> Verdict {
    match sight.server {
        ServerKind::NotWindows(shown) => {
            let finding = found(
                "RDP-NOT-WINDOWS",
                Confidence::Likely,
                "The server is not Windows",
                shown.words(),
            );
            // The remedy is about xrdp's own file, which other servers do not have.
            Verdict::Fires(if shown.of_xrdp() {
                finding
            } else {
                finding.remedies(&[])
            })
        }
        ServerKind::Windows => Verdict::Silent,
        // What never accepted a connection has nothing to show.
        ServerKind::Unknown if !sight.history.attempts.iter().any(connected) => Verdict::Silent,
        ServerKind::Unknown => contradicts_itself(sight).unwrap_or_else(|| {
            lacking("nothing identifies the operating system", who_it_is(sight))
        }),
    }
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
            Verdict::NotEnough { .. }
        ));
        assert_eq!(unknown.diagnose().state, HostState::Healthy);
    }

    #[test]
    fn a_host_that_was_not_asked_has_not_kept_silent() {
        let verdict = times(3, shown).without_ntlm().verdict("RDP-NTLM-BLOCKED");
        let Verdict::NotEnough { why, get } = verdict else {
            panic!("{verdict:?}")
        };
        assert_eq!(
            (why, get),
            ("NTLM was not asked", "a scan without --no-ntlm")
        );
    }

    #[test]
    fn a_host_whose_tls_never_came_up_has_not_kept_silent() {
        let early = times(3, || attempt().tls_fails(closed(0), closed(0)));
        for id in ["RDP-NTLM-BLOCKED", "RDP-NOT-WINDOWS"] {
            let Verdict::NotEnough { why, get } = early.verdict(id) else {
                panic!("{id}: {:?}", early.verdict(id))
            };
            let said = format!("{why} ({get})");
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
