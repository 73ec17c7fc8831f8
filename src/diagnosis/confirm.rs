//! Where an admin confirms a diagnosis: event logs of the client and of the server.

use strum::VariantArray as _;

use super::client_error::ClientError;
use super::{Diagnosis, catalog};

const ARRIVED: &str =
    "server, RdpCoreTS/Operational: 131 (accepted); without it the server never saw the attempt";

/// Events of the predicted error and of the findings, each line once.
#[must_use]
pub fn confirm_in(diagnosis: &Diagnosis) -> Vec<&'static str> {
    let code = diagnosis.predicted.as_ref().map(|predicted| predicted.code);
    let error = ClientError::VARIANTS
        .iter()
        .copied()
        .find(|error| Some(error.texts().0) == code);
    let mut lines: Vec<&str> = error.map(|error| error.texts().2).into_iter().collect();
    let kinds = diagnosis
        .findings
        .iter()
        .filter_map(|finding| catalog::kind(finding.id));
    for line in kinds.flat_map(|kind| kind.confirm) {
        if !lines.contains(line) {
            lines.push(line);
        }
    }
    if error.is_some_and(ClientError::may_be_lost_on_the_way) {
        lines.push(ARRIVED);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{attempt, certificate, closed, days, reset, times, tls};
    use crate::model::{CertificateFacts, Outcome, Stage};

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
        for wanted in ["6919", "1053", "1057", "1058"] {
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
        for wanted in ["1798", "36870", "1053 to 1055"] {
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
