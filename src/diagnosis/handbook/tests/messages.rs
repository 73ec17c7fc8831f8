//! Messages of clients lead to what explains them.

use super::search::found;

/// Every wanted entry is among the hits, and one of them is the first.
#[track_caller]
fn assert_leads(message: &str, wanted: &[&str]) {
    let hits = found(message);
    let first = hits.first();
    assert!(
        first.is_some_and(|first| wanted.contains(first)),
        "{message}: {hits:?}"
    );
    assert!(
        wanted.iter().all(|wanted| hits.contains(wanted)),
        "{message}: {hits:?}"
    );
}

const DNS: [&str; 5] = [
    "0x104",
    "0x208",
    "RDP-DNS-MISSING",
    "RDP-DNS-ALIAS-LOOP",
    "RDP-DNS-ERROR",
];

const TCP: [&str; 8] = [
    "0x106",
    "0x108",
    "0x204",
    "0x304",
    "0x704",
    "0xB04",
    "RDP-TCP-REFUSED",
    "RDP-TCP-TIMEOUT",
];

#[test]
fn common_messages_of_clients_lead_to_their_entries() {
    let nla = ["0xB09", "RDP-NEG-NLA-REQUIRED"].as_slice();
    let lsa = [
        "0x80090304",
        "0xF07",
        "0x1207",
        "0x1807",
        "RDP-CLOCK-SKEW",
        "CLIENT-KERBEROS-TICKETS",
    ]
    .as_slice();
    let revocation = ["RDP-CERT-CHAIN-SHORT", "0x80092013"].as_slice();
    let dns = DNS.as_slice();
    let license = ["0x808", "ext-0x101"].as_slice();
    let tcp = TCP.as_slice();
    let messages = [
        (
            "The remote computer requires Network Level Authentication, which your computer does not support",
            nla,
        ),
        (
            "Der Remotecomputer erfordert die Authentifizierung auf Netzwerkebene, die vom Computer nicht unterstützt wird",
            nla,
        ),
        (
            "requires Network Level Authentication (NLA), but your Windows domain controller cannot be contacted to perform NLA",
            &["0x1807"],
        ),
        ("The Local Security Authority cannot be contacted", lsa),
        (
            "Die lokale Sicherheitsautorität ist nicht erreichbar",
            &["0x80090304"],
        ),
        (
            "A revocation check could not be performed for the certificate",
            revocation,
        ),
        (
            "the revocation status of the certificate could not be determined",
            &["0x80090353", "RDP-CERT-CHAIN-SHORT"],
        ),
        (
            "Für das Zertifikat konnte keine Sperrprüfung durchgeführt werden",
            revocation,
        ),
        (
            "The connection was denied because the user account is not authorized for remote login",
            &["ext-0x9"],
        ),
        (
            "Because of a security error, the client could not connect to the remote computer",
            &["0x706", "0x406", "0x606", "0x906", "RDP-NEG-LEGACY"],
        ),
        ("Remote Desktop can't find the computer \"SRV05\"", dns),
        ("Remote Desktop can’t find the computer “SRV05”", dns),
        (
            "there are no Remote Desktop License Servers available to provide a license",
            license,
        ),
        (
            "da keine Remotedesktop-Lizenzserver für die Bereitstellung einer Lizenz verfügbar sind",
            &["ext-0x101"],
        ),
        ("The logon attempt failed", &["0x807"]),
        ("Der Anmeldeversuch ist fehlgeschlagen", &["0x807"]),
        ("This computer can't connect to the remote computer", tcp),
        (
            "Dieser Computer kann keine Verbindung mit dem Remotecomputer herstellen",
            tcp,
        ),
        (
            "Because of a protocol error, this session will be disconnected",
            &["0xD06"],
        ),
        (
            "Your Remote Desktop Services session has ended",
            &["0x3", "ext-0x1", "ext-0xb"],
        ),
        (
            "Interner Fehler",
            &[
                "0x4",
                "0x904",
                "RDP-CERT-EXPIRED-BROKEN",
                "RDP-NEG-NO-CERT",
                "RDP-TLS-CLOSED",
            ],
        ),
        (
            "An authentication error has occurred. The function requested is not supported",
            &["0x80090302", "RDP-CREDSSP-OLD", "R13"],
        ),
    ];
    for (message, wanted) in messages {
        assert_leads(message, wanted);
    }
}

#[test]
fn warnings_about_certificates_and_gateways_lead_to_their_entries() {
    let messages: [(&str, &[&str]); 4] = [
        (
            "The certificate expired or is not yet valid",
            &["RDP-CERT-EXPIRED", "RDP-CERT-NOT-YET-VALID"],
        ),
        (
            "The name in the certificate is not the name of the remote computer",
            &["RDP-CERT-NAME-MISMATCH"],
        ),
        (
            "aufgrund von Problemen mit dem zugehörigen Sicherheitszertifikat nicht authentifiziert",
            &[
                "RDP-CERT-EXPIRED",
                "RDP-CERT-NAME-MISMATCH",
                "RDP-CERT-SELF-SIGNED",
            ],
        ),
        (
            "can't connect to the remote computer because the Remote Desktop Gateway server is temporarily unavailable",
            &["0x300000D"],
        ),
    ];
    for (message, wanted) in messages {
        assert_leads(message, wanted);
    }
}

#[test]
fn a_message_of_an_event_comes_with_the_reason_that_it_gives() {
    assert_eq!(
        found("Session 3 has been disconnected, reason code 5"),
        ["event-40", "ext-0x5"]
    );
    assert_eq!(
        found("LogonUserExEx failed with error 0x8009030c").first(),
        Some(&"event-147")
    );
}

#[test]
fn what_names_another_part_than_the_question_comes_later() {
    let first = |question| found(question).first().copied();
    assert_eq!(
        first("gateway certificate name mismatch"),
        Some("0x3000006")
    );
    assert_eq!(
        first("certificate name mismatch"),
        Some("RDP-CERT-NAME-MISMATCH")
    );
}

#[test]
fn troubles_inside_a_session_have_entries() {
    assert_eq!(
        found("black screen after login").first(),
        Some(&"SESSION-BLACK-SCREEN")
    );
    assert!(
        found("sessions")
            .iter()
            .all(|key| key.starts_with("SESSION-"))
    );
}
