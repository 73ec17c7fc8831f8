use super::{
    Family, ONE_MORE, Rule, RuleVerdict, Verdict, hint, likely, matched, sure, undetermined,
};
use crate::diagnosis::host_view::HostView;
use crate::diagnosis::identity::ServerKind;
use crate::diagnosis::state;
use crate::model::{
    Attempt, Confidence, NegotiationFacts, NegotiationFailure, Outcome, ProbeKind, Protocols,
    SelectedSecurity, Severity, Stage,
};

pub(super) const FAMILY: Family = Family {
    entries: include_str!("negotiation.toml"),
    rules: &[
        ("RDP-NEG-LEGACY", Rule::Host(legacy)),
        (
            "RDP-NEG-FAIL-SSL-REQUIRED",
            Rule::Host(|host| on_failure(host, NegotiationFailure::SSL_REQUIRED)),
        ),
        (
            "RDP-NEG-FAIL-SSL-OFF",
            Rule::Host(|host| {
                on_failure(host, NegotiationFailure::SSL_NOT_ALLOWED)
                    .title("The server refuses TLS and accepts standard RDP security only")
            }),
        ),
        (
            "RDP-NEG-NO-CERT",
            Rule::Host(|host| {
                on_failure(host, NegotiationFailure::NO_CERTIFICATE)
                    .title("The server reports that it has no usable certificate")
            }),
        ),
        (
            "RDP-NEG-FAIL-FLAGS",
            Rule::Host(|host| on_failure(host, NegotiationFailure::INCONSISTENT_FLAGS)),
        ),
        ("RDP-NEG-FAIL-UNKNOWN", Rule::Host(unpublished_code)),
        ("RDP-NEG-NLA-REQUIRED", Rule::Host(nla_required)),
        (
            "RDP-NEG-USERAUTH",
            Rule::Host(|host| {
                on_failure(host, NegotiationFailure::SSL_WITH_USER_AUTH_REQUIRED)
                    .title("The server accepts only clients with a user certificate in TLS")
            }),
        ),
        ("RDP-NEG-ENTRA", Rule::Host(entra)),
        ("RDP-NLA-OPTIONAL", Rule::Host(nla_optional)),
        ("RDP-NLA-OFF", Rule::Host(nla_off)),
        ("RDP-NEG-RDSTLS-ONLY", Rule::Host(rdstls)),
    ],
};

/// Attempts whose request offered both TLS and NLA, and was answered.
fn full_offers<'a>(host: &HostView<'a>) -> impl Iterator<Item = &'a Attempt> {
    host.history.attempts.iter().filter(|attempt| {
        let offered = |facts: &NegotiationFacts| facts.requested.contains(Protocols::DEFAULT_OFFER);
        attempt.probe.sends_default_request() && attempt.negotiation.as_ref().is_some_and(offered)
    })
}

/// Attempts of a client's kind that sent a request with both and waited for the answer, answered or not.
fn client_offers<'a>(host: &HostView<'a>) -> impl Iterator<Item = &'a Attempt> {
    let offered = |facts: &NegotiationFacts| facts.requested.contains(Protocols::DEFAULT_OFFER);
    host.history.attempts.iter().filter(move |attempt| {
        attempt.probe.is_default()
            && attempt.stage(Stage::X224).is_some()
            && attempt.negotiation.as_ref().is_none_or(offered)
    })
}

/// The failure code that an attempt's request met with.
fn failure(attempt: &Attempt) -> Option<NegotiationFailure> {
    let by_stage = attempt
        .stage(Stage::X224)
        .and_then(|record| match record.outcome {
            Outcome::NegotiationFailure { code } => Some(NegotiationFailure(code)),
            _ => None,
        });
    by_stage.or_else(|| attempt.negotiation.as_ref().and_then(|facts| facts.failure))
}

/// Fires when full offers met a failure code. Sure when all did.
fn on_failure(host: &HostView<'_>, code: NegotiationFailure) -> RuleVerdict {
    let offers = client_offers(host).count();
    let failed = client_offers(host)
        .filter(|attempt| failure(attempt) == Some(code))
        .count();
    if failed == 0 {
        return Verdict::Silent;
    }
    let confidence = if failed == offers {
        Confidence::Sure
    } else {
        Confidence::Likely
    };
    matched(
        confidence,
        format!(
            "negotiation failure {code} in {failed} of {offers} attempts that offered TLS and NLA"
        ),
    )
}

/// Whether the server went on without TLS, to an offer that held TLS.
///
/// A request for TLS that was cut off, where one without it is answered, is a sign only where it is always cut off: servers
/// that have TLS answer a bare request as well.
fn legacy(host: &HostView<'_>) -> RuleVerdict {
    let without_tls = |facts: &NegotiationFacts| {
        facts.bare_confirm || facts.selected == SelectedSecurity::StandardRdp
    };
    let default = || full_offers(host).filter_map(|attempt| attempt.negotiation.as_ref());
    if let Some(facts) = default().find(|facts| without_tls(facts)) {
        let evidence = if facts.bare_confirm {
            "the confirm carries no negotiation data"
        } else {
            "the server selected standard RDP security"
        };
        // One of several servers behind the address, or a setting that changed meanwhile.
        let mixed = default().any(|facts| facts.selected.uses_tls());
        return if mixed {
            likely(evidence)
        } else {
            sure(evidence)
        };
    }
    let request = host.tolerance.request;
    let bare = host
        .probes(ProbeKind::BareRequest)
        .any(|attempt| attempt.negotiation.as_ref().is_some_and(without_tls));
    if !bare || request.taken > 0 || request.declined > 0 {
        return Verdict::Silent;
    }
    if !host.tolerance.needs_other_request() {
        return undetermined(
            "the request for TLS was cut off in too few attempts",
            ONE_MORE,
        );
    }
    sure("a request for TLS is closed, a request without is answered")
}

/// A code that no specification has: what it requires is not known, but the server refuses.
fn unpublished_code(host: &HostView<'_>) -> RuleVerdict {
    full_offers(host)
        .filter_map(failure)
        .find(|code| code.name().is_none())
        .map_or(Verdict::Silent, |code| on_failure(host, code))
}

/// To an offer without NLA this is good practice; to an offer that held NLA it makes no sense.
fn nla_required(host: &HostView<'_>) -> RuleVerdict {
    let odd = on_failure(host, NegotiationFailure::HYBRID_REQUIRED);
    if odd != Verdict::Silent {
        odd.title("The server requires NLA, but does not take it when offered")
            .severity(Severity::Medium)
    } else if state::insists_on_nla(host.history) {
        sure("a request without NLA was refused")
    } else if chose_nla(host) {
        nla_unknown(host)
    } else {
        // Only a server that chose NLA is asked whether it would go without.
        Verdict::Silent
    }
}

/// Some attempt was answered with NLA.
fn chose_nla(host: &HostView<'_>) -> bool {
    host.history.attempts.iter().any(|attempt| {
        let facts = attempt.negotiation.as_ref();
        facts.is_some_and(|facts| facts.selected.uses_credssp())
    })
}

fn nla_unknown(host: &HostView<'_>) -> RuleVerdict {
    if state::without_nla(host.history).next().is_none() {
        undetermined("no request without NLA was answered", "--check-nla")
    } else {
        undetermined(
            "the request without NLA was not answered",
            "another scan with --check-nla",
        )
    }
}

fn entra(host: &HostView<'_>) -> RuleVerdict {
    let title = "The server accepts only clients that sign in with Entra (in mstsc: Advanced, Use a web account)";
    match host.negotiation() {
        Some(facts) if facts.selected == SelectedSecurity::Rdsaad => {
            sure("the server selected RDSAAD (0x10), which was not offered").title(title)
        }
        _ => on_failure(host, NegotiationFailure::ENTRA_REQUIRED).title(title),
    }
}

/// Needs a request without NLA that the server took, beside one with NLA where it chose NLA.
fn nla_optional(host: &HostView<'_>) -> RuleVerdict {
    if !chose_nla(host) {
        return Verdict::Silent;
    }
    if !state::without_nla(host.history).any(Outcome::is_ok) {
        // Silence and closes have many reasons.
        return if state::insists_on_nla(host.history) {
            Verdict::Silent
        } else {
            nla_unknown(host)
        };
    }
    sure("a request without NLA was taken").severity_if(!host.server.is_windows(), Severity::Info)
}

fn nla_off(host: &HostView<'_>) -> RuleVerdict {
    let off = full_offers(host).any(|attempt| {
        attempt
            .negotiation
            .as_ref()
            .is_some_and(|facts| facts.selected == SelectedSecurity::Ssl)
    });
    if !off {
        return Verdict::Silent;
    }
    let evidence = "TLS and NLA were offered, the server selected TLS";
    let verdict = match host.server {
        ServerKind::Windows => sure(evidence),
        // Other servers have no NLA to enable.
        ServerKind::NotWindows(shown) => {
            sure(format!("{evidence}; not Windows: {}", shown.words())).remedies(&[])
        }
        ServerKind::Unknown => hint(format!("{evidence}; whether this is Windows is unknown")),
    };
    verdict
        .title("The server does not use NLA")
        .severity_if(!host.server.is_windows(), Severity::Info)
}

fn rdstls(host: &HostView<'_>) -> RuleVerdict {
    match host.negotiation() {
        Some(facts) if facts.selected == SelectedSecurity::Rdstls => {
            sure("the server selected RDSTLS")
        }
        _ => Verdict::Silent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{
        AttemptMaker, attempt, certificate, host, negotiation, times, tls,
    };
    use crate::model::{CertificateFacts, HostState, StabilityVerdict};

    fn selecting(selected: SelectedSecurity) -> AttemptMaker {
        attempt()
            .negotiated(negotiation(selected))
            .shown(tls(certificate("srv05.corp.example")))
    }

    fn standard() -> AttemptMaker {
        attempt()
            .negotiated(negotiation(SelectedSecurity::StandardRdp))
            .tcp()
            .stage(Stage::X224, Outcome::NoTls)
    }

    /// Failure 2, then a bare request that is answered.
    fn fallen_back() -> AttemptMaker {
        attempt()
            .refused(2)
            .on(ProbeKind::BareRequest, Stage::X224, Outcome::NoTls)
    }

    /// The request for TLS is cut off, and a bare one gets a bare answer, as from any server that has standard security.
    fn cut() -> AttemptMaker {
        attempt()
            .tcp()
            .stage(Stage::X224, Outcome::Closed { received: 0 })
            .on(ProbeKind::BareRequest, Stage::X224, Outcome::NoTls)
    }

    #[test]
    fn one_cut_request_of_a_server_with_tls_is_flaky_wherever_it_falls() {
        for place in 0..3 {
            let xrdp = host((0..3).map(|number| {
                if number == place {
                    cut()
                } else {
                    selecting(SelectedSecurity::Ssl)
                }
            }));
            xrdp.assert_not("RDP-NEG-LEGACY");
            xrdp.assert_fires("RDP-FLAKY");
            let diagnosis = xrdp.diagnose();
            assert_eq!(diagnosis.security, SelectedSecurity::Ssl);
            assert_eq!(diagnosis.stability.failures_by_stage, [(Stage::X224, 1)]);
        }
    }

    #[test]
    fn one_cut_request_alone_does_not_tell_an_old_server_from_an_accident() {
        let once = times(1, cut);
        assert!(matches!(
            once.verdict("RDP-NEG-LEGACY"),
            Verdict::Undetermined { .. }
        ));
        assert_eq!(once.diagnose().state, HostState::Degraded);
    }

    #[test]
    fn a_request_for_tls_that_is_always_cut_is_legacy_and_steady() {
        let old = times(3, cut);
        old.assert_fires("RDP-NEG-LEGACY");
        let stability = old.diagnose().stability.verdict;
        assert_eq!(stability, StabilityVerdict::Steady);
    }

    #[test]
    fn standard_security_to_a_full_offer_is_legacy_and_degraded() {
        let old = times(3, standard);
        old.assert_fires("RDP-NEG-LEGACY");
        let diagnosis = old.diagnose();
        assert_eq!(diagnosis.state, HostState::Degraded);
        assert_eq!(diagnosis.failed_stage, None);
    }

    #[test]
    fn standard_security_to_an_nla_only_request_is_not_legacy() {
        let asked = NegotiationFacts {
            requested: Protocols::HYBRID,
            ..negotiation(SelectedSecurity::StandardRdp)
        };
        times(1, || {
            attempt()
                .negotiated(asked)
                .tcp()
                .stage(Stage::X224, Outcome::NoTls)
        })
        .assert_not("RDP-NEG-LEGACY");
    }

    #[test]
    fn tls_switched_off_is_degraded_when_the_old_way_is_open() {
        let old = times(3, fallen_back);
        old.assert_fires("RDP-NEG-FAIL-SSL-OFF");
        old.assert_not("RDP-NEG-LEGACY");
        assert_eq!(old.diagnose().state, HostState::Degraded);
    }

    #[test]
    fn no_certificate_is_critical_and_broken_at_x224() {
        let broken = times(3, || attempt().refused(3));
        let diagnosis = broken.diagnose();
        assert_eq!(diagnosis.findings[0].id, "RDP-NEG-NO-CERT");
        assert_eq!(
            (diagnosis.state, diagnosis.failed_stage),
            (HostState::Broken, Some(Stage::X224))
        );
    }

    #[test]
    fn tls_demanded_of_a_bare_request_is_right() {
        let bare = NegotiationFacts {
            requested: Protocols::STANDARD_RDP,
            failure: Some(NegotiationFailure::SSL_REQUIRED),
            ..negotiation(SelectedSecurity::None)
        };
        times(1, || attempt().refused(1).negotiated(bare)).assert_not("RDP-NEG-FAIL-SSL-REQUIRED");
    }

    #[test]
    fn nla_demanded_though_offered_is_odd() {
        let finding = times(2, || attempt().refused(5)).assert_fires("RDP-NEG-NLA-REQUIRED");
        assert_eq!(finding.severity, Severity::Medium);
    }

    #[test]
    fn nla_demanded_of_a_request_without_is_good() {
        let refused = Outcome::NegotiationFailure { code: 5 };
        let purpose = ProbeKind::WithoutNla;
        let probed = host([attempt().through().on(purpose, Stage::X224, refused)]);
        let finding = probed.assert_fires("RDP-NEG-NLA-REQUIRED");
        assert_eq!(finding.severity, Severity::Info);
        probed.assert_not("RDP-NLA-OPTIONAL");
        let diagnosis = probed.diagnose();
        assert_eq!(diagnosis.nla, crate::model::Nla::Required);
        assert_eq!(diagnosis.state, HostState::Healthy);
    }

    #[test]
    fn optional_nla_needs_its_probe() {
        let unasked = times(3, || attempt().through());
        assert!(matches!(
            unasked.verdict("RDP-NLA-OPTIONAL"),
            Verdict::Undetermined { .. }
        ));
    }

    #[test]
    fn the_probe_for_nla_is_advised_only_where_it_would_be_made() {
        for early in [
            times(3, || attempt().tcp().stage(Stage::X224, Outcome::NoTls)),
            times(3, || attempt().stage(Stage::Tcp, Outcome::Refused)),
            times(3, || attempt().refused(3)),
            times(3, || selecting(SelectedSecurity::Ssl)),
        ] {
            early.assert_silent("RDP-NEG-NLA-REQUIRED");
        }
        let unanswered = host([attempt().through().on(
            ProbeKind::WithoutNla,
            Stage::X224,
            Outcome::Timeout { received: 0 },
        )]);
        assert!(matches!(
            unanswered.verdict("RDP-NEG-NLA-REQUIRED"),
            Verdict::Undetermined {
                next_step: "another scan with --check-nla",
                ..
            }
        ));
    }

    #[test]
    fn windows_without_nla_is_a_finding() {
        let finding = times(1, || selecting(SelectedSecurity::Ssl)).assert_fires("RDP-NLA-OFF");
        assert_eq!(finding.severity, Severity::High);
    }

    #[test]
    fn trap_12_xrdp_selecting_tls_is_not_nla_switched_off() {
        let snake_oil = CertificateFacts {
            extended_key_usage: None,
            ..certificate("debian")
        };
        let xrdp = times(1, || {
            attempt()
                .negotiated(negotiation(SelectedSecurity::Ssl))
                .shown(tls(snake_oil.clone()))
        });
        let finding = xrdp.assert_fires("RDP-NLA-OFF");
        assert_eq!(finding.severity, Severity::Info);
        assert_eq!(xrdp.diagnose().state, HostState::Healthy);
    }

    #[test]
    fn a_server_that_names_another_way_in_stops_everybody_who_does_not_take_it() {
        for (code, id) in [(6, "RDP-NEG-USERAUTH"), (7, "RDP-NEG-ENTRA")] {
            let diagnosis = times(3, || attempt().refused(code)).diagnose();
            let finding = &diagnosis.findings[0];
            assert_eq!((finding.id, finding.severity), (id, Severity::High));
            assert_eq!(diagnosis.state, HostState::Broken);
        }
        let selects = times(3, || selecting(SelectedSecurity::Rdsaad));
        selects.assert_fires("RDP-NEG-ENTRA");
        assert_eq!(selects.diagnose().state, HostState::Degraded);
    }
}
