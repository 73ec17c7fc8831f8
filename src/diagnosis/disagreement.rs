//! In which way the names of a host disagree.

use crate::model::{DnsVerdict, Finding, History, HostKey, NameSource, words};

words! {
    /// How the names that resolve to a host, and those that it gives itself, disagree.
    Disagreement {
        /// The name resolves to another machine.
        WrongHost = "wrong_host": "the name resolves to another host",
        /// The name resolves only to addresses that do not respond.
        Stale = "stale": "the name is stale",
        /// The certificate has another name than the host gives itself: it was renamed, or copied from another.
        RenamedOrCloned = "renamed_or_cloned": "the host was renamed or cloned",
        /// Some addresses of the name do not respond.
        PartialDead = "partial_dead": "some addresses of the name do not respond",
    }
}

/// The class of disagreement, the one that costs most first; `None` where the names agree or nothing is known.
pub(super) fn of(dns: DnsVerdict, findings: &[Finding]) -> Option<Disagreement> {
    let renamed = findings
        .iter()
        .any(|finding| finding.id == "RDP-CERT-RENAMED-HOST");
    match dns {
        DnsVerdict::WrongHost => Some(Disagreement::WrongHost),
        DnsVerdict::Stale => Some(Disagreement::Stale),
        _ if renamed => Some(Disagreement::RenamedOrCloned),
        DnsVerdict::PartialDead | DnsVerdict::AaaaDead => Some(Disagreement::PartialDead),
        _ => None,
    }
}

/// The names of a host side by side, by who gives them: what was asked for, the reverse lookup, the certificate, the host
/// itself. Raw: the caller makes them safe.
#[must_use]
pub fn names_side_by_side(history: &History) -> Vec<(&'static str, Vec<&str>)> {
    let from = |source: NameSource| -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for observed in history.names.iter().filter(|one| one.source == source) {
            if !names.contains(&&*observed.name) {
                names.push(&observed.name);
            }
        }
        names
    };
    let mut asked = from(NameSource::Target);
    if let (true, HostKey::Unresolved { name, .. }) = (asked.is_empty(), &history.key) {
        asked.push(name);
    }
    vec![
        ("asked for", asked),
        ("PTR", from(NameSource::Ptr)),
        ("certificate", from(NameSource::Certificate)),
        ("NTLM", from(NameSource::Ntlm)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{attempt, certificate, host, ntlm, times, tls};

    #[test]
    fn a_certificate_with_an_old_name_is_a_renamed_or_cloned_host() {
        let renamed = times(2, || {
            attempt()
                .shown(tls(certificate("old.corp.example")))
                .identified(ntlm("srv05.corp.example"))
        });
        renamed.assert_fires("RDP-CERT-RENAMED-HOST");
        let diagnosis = renamed.diagnose();
        assert_eq!(diagnosis.disagreement, Some(Disagreement::RenamedOrCloned));
    }

    #[test]
    fn names_that_agree_are_no_disagreement() {
        let fine = host([attempt().through()]).diagnose();
        assert_eq!(fine.disagreement, None);
    }

    #[test]
    fn where_the_name_leads_weighs_more_than_what_the_certificate_says() {
        let renamed = times(2, || {
            attempt()
                .shown(tls(certificate("old.corp.example")))
                .identified(ntlm("srv05.corp.example"))
        });
        let findings = renamed.diagnose().findings;
        for (dns, wanted) in [
            (DnsVerdict::WrongHost, Disagreement::WrongHost),
            (DnsVerdict::Stale, Disagreement::Stale),
            (DnsVerdict::PartialDead, Disagreement::RenamedOrCloned),
            (DnsVerdict::Match, Disagreement::RenamedOrCloned),
        ] {
            assert_eq!(of(dns, &findings), Some(wanted), "{dns:?}");
        }
        assert_eq!(
            of(DnsVerdict::AaaaDead, &[]),
            Some(Disagreement::PartialDead)
        );
        assert_eq!(of(DnsVerdict::Missing, &[]), None);
    }
}
