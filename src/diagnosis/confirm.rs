//! Where an admin sees for himself that a prediction was right: event logs of the client and of the server.

use super::Diagnosis;

const BY_NAME: &str =
    "client, RDPClient/Operational: 1024 (attempt), then 1007 (name resolution failed)";
const CLOSED: &str =
    "client, RDPClient/Operational: 1024 (attempt), 226 (a state failed), 1026 with reason 2308";
const ARRIVED: &str =
    "server, RdpCoreTS/Operational: 131 (accepted); without it the server never saw the attempt";
const SECURITY_LAYER: &str =
    "server, RdpCoreTS/Operational: 139 or 140 (security layer or log-on failed)";
const LOGON_FAILED: &str = "server, Security: 4625 (log-on failed), with the error code as status";

/// What the server writes where these findings are right.
const SERVER: &[(&str, &str)] = &[
    (
        "RDP-TLS-CLOSED",
        "server, System, Schannel: 36870 (key unusable) or 36871 (no usable TLS version)",
    ),
    (
        "RDP-TLS-CLOSED",
        "server, System, TerminalServices-RemoteConnectionManager: 1057 or 1058 (no new certificate could be made)",
    ),
    (
        "RDP-NEG-NO-CERT",
        "server, System, TerminalServices-RemoteConnectionManager: 1050 to 1058 (certificate missing or unusable)",
    ),
    (
        "RDP-NEG-NO-CERT",
        "server, System, Schannel: 36870 (key unusable)",
    ),
    (
        "RDP-CERT-EXPIRED-BROKEN",
        "server, System, TerminalServices-RemoteConnectionManager: 1057 or 1058 (the certificate was not renewed)",
    ),
    (
        "RDP-CERT-RENEWAL-STUCK",
        "server, System, TerminalServices-RemoteConnectionManager: 1057 or 1058 (the certificate was not renewed)",
    ),
    (
        "RDP-CERT-EXPIRED",
        "server, System, TerminalServices-RemoteConnectionManager: 1052 (days to its end), 1057 or 1058 (not renewed)",
    ),
    (
        "RDP-CERT-UNPARSABLE",
        "server, System, Schannel: 36870 (certificate or key unusable)",
    ),
    (
        "RDP-CERT-UNPARSABLE",
        "server, System, TerminalServices-RemoteConnectionManager: 1050 to 1054 (certificate unusable)",
    ),
    (
        "RDP-TLS-CLOSED-LATE",
        "server, System, Schannel: 36887 or 36888 (alert received or sent)",
    ),
    (
        "RDP-TLS-ALERT",
        "server, System, Schannel: 36888 (alert sent) or 36870 (certificate or key unusable)",
    ),
    (
        "RDP-TLS-NO-COMMON",
        "server, System, Schannel: 36874 (no common cipher suite) or 36871 (no TLS version)",
    ),
    (
        "RDP-TLS-LEGACY-ONLY",
        "server, System, Schannel: 36874 (no common cipher suite), for hardened clients",
    ),
    (
        "RDP-TLS-MIDBOX",
        "server, System, Schannel: nothing, since the cut is made on the way",
    ),
    ("RDP-CREDSSP-CLOSED", SECURITY_LAYER),
    ("RDP-CREDSSP-ERROR", LOGON_FAILED),
    ("RDP-CREDSSP-ERROR", SECURITY_LAYER),
    (
        "RDP-NTLM-BLOCKED",
        "server, NTLM/Operational: 4002 (incoming NTLM blocked) or 4003 (blocked in the domain)",
    ),
    ("RDP-NTLM-BLOCKED", LOGON_FAILED),
    (
        "RDP-NTLM-MALFORMED",
        "server, RdpCoreTS/Operational: 131 (accepted); without it something else answered",
    ),
];

/// Findings from which no client error is predicted, although the server's log tells more.
const NOT_PREDICTED: [&str; 3] = [
    "RDP-CREDSSP-ERROR",
    "RDP-NTLM-BLOCKED",
    "RDP-NTLM-MALFORMED",
];

/// Where to look to confirm the predicted error of a diagnosis; where none is predicted, an error that the server named. Each
/// line once.
#[must_use]
pub fn confirm_in(diagnosis: &Diagnosis) -> Vec<&'static str> {
    let predicted = diagnosis.predicted.as_ref().map(|predicted| predicted.code);
    let mut lines = Vec::new();
    lines.extend(predicted.and_then(|code| match code {
        "0x104" => Some(BY_NAME),
        "0x904" => Some(CLOSED),
        "0x108" => Some("client, RDPClient/Operational: 1024 (attempt), then 1026 with reason 264"),
        "0x204" => Some("client, RDPClient/Operational: 1024 (attempt), then 1026 with reason 516"),
        "0x704" => {
            Some("client, RDPClient/Operational: 1024 (attempt), then 1026 with reason 1796")
        }
        "0x706" => {
            Some("client, RDPClient/Operational: 1024 (attempt), then 1026 with reason 1798")
        }
        "0x1B07" => {
            Some("client, RDPClient/Operational: 1024 (attempt), then 1026 with reason 6919")
        }
        _ => None,
    }));
    let found = |id: &str| diagnosis.findings.iter().any(|finding| finding.id == id);
    for (id, line) in SERVER {
        let is_wanted = predicted.is_some() || NOT_PREDICTED.contains(id);
        if is_wanted && found(id) && !lines.contains(line) {
            lines.push(line);
        }
    }
    if matches!(predicted, Some("0x904" | "0x108" | "0x204" | "0x704")) {
        lines.push(ARRIVED);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::catalog;
    use crate::diagnosis::testing::{attempt, certificate, closed, days, reset, times, tls};
    use crate::model::{CertificateFacts, Outcome, Stage};

    #[test]
    fn every_finding_named_here_is_in_the_catalogue() {
        for (id, _) in SERVER {
            assert!(catalog::entry(id).is_some(), "{id}");
        }
    }

    #[test]
    fn a_close_at_tls_is_confirmed_by_schannel_and_by_reason_2308() {
        let lines = confirm_in(&times(2, || attempt().tls_fails(closed(0), reset(0))).diagnose());
        for wanted in ["2308", "36870", "1057"] {
            assert!(lines.iter().any(|line| line.contains(wanted)), "{wanted}");
        }
    }

    #[test]
    fn a_closed_port_sends_nobody_to_schannel() {
        let refused = times(2, || attempt().stage(Stage::Tcp, Outcome::Refused)).diagnose();
        let lines = confirm_in(&refused);
        assert!(lines.iter().any(|line| line.contains("516")));
        assert!(!lines.iter().any(|line| line.contains("Schannel")));
    }

    #[test]
    fn an_expired_certificate_is_confirmed_on_the_server_whatever_the_code() {
        let expired = times(3, || {
            attempt().shown(tls(CertificateFacts {
                not_before: Some(days(-200).into()),
                not_after: Some(days(-20).into()),
                ..certificate("srv05.corp.example")
            }))
        });
        let lines = confirm_in(&expired.diagnose());
        for wanted in ["6919", "1052", "1057", "1058"] {
            assert!(
                lines.iter().any(|line| line.contains(wanted)),
                "{wanted}: {lines:?}"
            );
        }
    }

    #[test]
    fn a_certificate_that_cannot_be_read_is_confirmed_on_the_server() {
        let odd = times(2, || {
            attempt().shown(tls(CertificateFacts {
                unparsable: Some("DER error".into()),
                ..certificate("srv05.corp.example")
            }))
        });
        let lines = confirm_in(&odd.diagnose());
        for wanted in ["1798", "36870", "1050 to 1054"] {
            assert!(
                lines.iter().any(|line| line.contains(wanted)),
                "{wanted}: {lines:?}"
            );
        }
    }

    #[test]
    fn an_error_that_the_server_names_is_confirmed_in_its_log() {
        for (status, wanted) in [(0xC000_0418, "4002"), (0xC000_006D, "4625")] {
            let told = times(2, || {
                attempt()
                    .shown(tls(certificate("srv05.corp.example")))
                    .stage(Stage::Credssp, Outcome::CredsspError { status })
            });
            let diagnosis = told.diagnose();
            assert_eq!(diagnosis.predicted, None);
            let lines = confirm_in(&diagnosis);
            assert!(lines.iter().any(|line| line.contains(wanted)), "{lines:?}");
        }
    }

    #[test]
    fn nothing_predicted_is_nothing_to_confirm() {
        assert!(confirm_in(&times(2, || attempt().through()).diagnose()).is_empty());
    }
}
