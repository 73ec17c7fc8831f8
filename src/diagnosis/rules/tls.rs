use super::wide::{behind_midbox, key_of};
use super::{ONE_MORE, Rule, TRIES, found, lacking, likely, seen, sure};
use crate::diagnosis::catalog::Verdict;
use crate::diagnosis::fleet_rules::KeyUse;
use crate::diagnosis::host_view::{Counted, HostView};
use crate::model::{
    Confidence, Outcome, ProbeKind, Reply, Stage, TlsFacts, TlsHandshake, TlsVersion,
};

pub(super) const RULES: &[Rule] = &[
    ("RDP-TLS-CLOSED", closed),
    ("RDP-TLS-CLOSED-LATE", closed_late),
    ("RDP-TLS-LEGACY-ONLY", legacy_only),
    ("RDP-TLS-DHE-ONLY", dhe_only),
    ("RDP-TLS-INTOLERANT", intolerant),
    ("RDP-TLS-NO-COMMON", no_common),
    ("RDP-TLS-ALERT", other_alert),
    ("RDP-TLS-OLD-VERSION", old_version),
    ("RDP-TLS-TIMEOUT", timeout),
    ("RDP-TLS-CLIENT-CERT", client_certificate),
    ("RDP-TLS-PROTO-ERROR", protocol_error),
    ("RDP-TLS-INTERCEPTED", intercepted),
];

/// `certificate_required` (RFC 8446 6.2).
const CERTIFICATE_REQUIRED: u8 = 116;

/// Words in issuers of products that look into TLS.
const INSPECTION: [&str; 19] = [
    "zscaler",
    "fortigate",
    "fortinet",
    "palo alto",
    "blue coat",
    "bluecoat",
    "netskope",
    "sophos",
    "kaspersky",
    "avast",
    "bitdefender",
    "eset ssl",
    "watchguard",
    "barracuda",
    "check point",
    "cisco umbrella",
    "untangle",
    "mitmproxy",
    "portswigger",
];

fn attempts_with(sight: &HostView<'_>, wanted: fn(&TlsFacts) -> bool) -> usize {
    sight
        .history
        .attempts
        .iter()
        .filter(|attempt| attempt.tls.as_deref().is_some_and(wanted))
        .count()
}

/// Read by the legacy peek, and nothing that the modern hello could not have come to as well.
fn is_modern_peek(facts: &TlsFacts) -> bool {
    facts.handshake == TlsHandshake::LegacyPeek && facts.is_modern()
}

/// Attempts closed at TLS: with no byte of an answer, or after some.
fn closes<'a>(sight: &HostView<'a>, late: bool) -> Vec<&'a Outcome> {
    sight
        .failures_at(Stage::Tls)
        .into_iter()
        .filter(|outcome| match outcome {
            Outcome::Closed { received } | Outcome::Reset { received } => (*received > 0) == late,
            _ => false,
        })
        .collect()
}

/// Whether an attempt was closed in the TLS stage, on the modern hello at least.
pub(in crate::diagnosis) fn closes_at_tls(sight: &HostView<'_>) -> bool {
    sight
        .failures_at(Stage::Tls)
        .iter()
        .any(|outcome| outcome.is_close())
}

/// Every attempt that came to TLS was closed there, with the legacy hello as well: the strongest sign of 0x904.
pub(in crate::diagnosis) fn closes_at_once(sight: &HostView<'_>) -> bool {
    !closes(sight, false).is_empty()
        && attempts_with(sight, |tls| tls.handshake != TlsHandshake::Failed) == 0
        && legacy_closed(sight)
}

/// The legacy hello was closed on, too, without an answer.
fn legacy_closed(sight: &HostView<'_>) -> bool {
    sight
        .outcomes(ProbeKind::LegacyHello, Stage::Tls)
        .any(|outcome| {
            matches!(
                outcome,
                Outcome::Closed { received: 0 } | Outcome::Reset { received: 0 }
            )
        })
}

fn closed(sight: &HostView<'_>) -> Verdict {
    let closes = closes(sight, false);
    if closes.is_empty() || behind_midbox(sight) {
        return Verdict::Silent;
    }
    if attempts_with(sight, |tls| tls.handshake != TlsHandshake::Failed) > 0 {
        // It works at other times, or with a tolerant hello: other rules say so.
        return Verdict::Silent;
    }
    if !legacy_closed(sight) {
        let mut legacy = sight.outcomes(ProbeKind::LegacyHello, Stage::Tls);
        return if legacy.any(Outcome::blames_peer) {
            Verdict::Silent
        } else {
            lacking("the legacy hello was not tried", ONE_MORE)
        };
    }
    if closes.len() < TRIES {
        return lacking("closed once only", ONE_MORE);
    }
    let title = "The server closes the connection as soon as TLS begins";
    let mut legacy = sight.outcomes(ProbeKind::LegacyHello, Stage::Tls);
    match legacy.find(|outcome| !outcome.is_close()) {
        None if sight.failures().count() == closes.len() => sure(
            "RDP-TLS-CLOSED",
            title,
            format!(
                "{}, on the modern and on the legacy hello",
                seen(sight, &closes)
            ),
        ),
        // Another server of several, perhaps.
        None => likely("RDP-TLS-CLOSED", title, seen(sight, &closes)),
        Some(other) => likely(
            "RDP-TLS-CLOSED",
            title,
            format!(
                "{}; a legacy hello ended with: {other}",
                seen(sight, &closes)
            ),
        ),
    }
}

fn closed_late(sight: &HostView<'_>) -> Verdict {
    let closes = closes(sight, true);
    // The peek stops at ServerHelloDone, before such a server closes: only what it read with a hello that is really another
    // one shows that some client gets through.
    let read = attempts_with(sight, |tls| {
        tls.handshake != TlsHandshake::Failed && !is_modern_peek(tls)
    }) > 0;
    if closes.is_empty() || read || behind_midbox(sight) || wants_client_certificate(sight) {
        return Verdict::Silent;
    }
    if closes.len() < TRIES {
        return lacking("closed once only", ONE_MORE);
    }
    sure(
        "RDP-TLS-CLOSED-LATE",
        "The server closes the connection in the middle of the TLS handshake",
        seen(sight, &closes),
    )
}

/// What a server has that refuses the modern hello and accepts the legacy one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Accepts {
    /// What modern clients offer as well: it does not tolerate the form of their hello.
    Modern,
    /// Current ciphers of TLS 1.2, with an exchange of finite-field Diffie-Hellman keys only.
    FiniteField,
    /// Old versions or suites.
    Old,
}

impl Accepts {
    fn of(facts: &TlsFacts) -> Self {
        let finite_field = facts
            .cipher
            .as_deref()
            .is_some_and(|suite| suite.starts_with("TLS_DHE_") && suite.contains("_GCM_"));
        if facts.is_modern() {
            Self::Modern
        } else if facts.version == Some(TlsVersion::TLS_1_2) && finite_field {
            Self::FiniteField
        } else {
            Self::Old
        }
    }
}

/// Fires where the legacy hello alone is accepted, and leads to this.
fn by_legacy_hello(
    sight: &HostView<'_>,
    id: &'static str,
    wanted: Accepts,
    title: &'static str,
) -> Verdict {
    let facts = sight
        .probes(ProbeKind::LegacyHello)
        .filter_map(|attempt| attempt.tls.as_deref())
        .filter(|facts| facts.handshake == TlsHandshake::LegacyPeek)
        .last();
    let hello = sight.tolerance.hello;
    let Some(facts) = facts.filter(|facts| hello.taken == 0 && Accepts::of(facts) == wanted) else {
        return Verdict::Silent;
    };
    if !sight.tolerance.is_legacy_only() {
        return lacking("the modern hello was cut off in too few attempts", ONE_MORE);
    }
    let refused = hello.declined + hello.cut;
    let confidence = if hello.declined as usize >= TRIES
        || (wanted == Accepts::Old && hello.cut as usize > TRIES)
    {
        Confidence::Sure
    } else {
        Confidence::Likely
    };
    Verdict::Fires(found(
        id,
        confidence,
        title,
        format!(
            "{}; the modern hello was refused {refused} times",
            version_and_suite(facts)
        ),
    ))
}

fn legacy_only(sight: &HostView<'_>) -> Verdict {
    by_legacy_hello(
        sight,
        "RDP-TLS-LEGACY-ONLY",
        Accepts::Old,
        "Only old TLS versions or cipher suites are supported; hardened clients will refuse",
    )
}

fn dhe_only(sight: &HostView<'_>) -> Verdict {
    by_legacy_hello(
        sight,
        "RDP-TLS-DHE-ONLY",
        Accepts::FiniteField,
        "The server supports no cipher suite with an elliptic-curve key exchange",
    )
}

fn intolerant(sight: &HostView<'_>) -> Verdict {
    by_legacy_hello(
        sight,
        "RDP-TLS-INTOLERANT",
        Accepts::Modern,
        "The server refuses the hello of TLS 1.3 clients, although it supports TLS 1.2 with current cipher suites",
    )
}

fn version_and_suite(facts: &TlsFacts) -> String {
    let version = facts.version.map_or_else(
        || "unknown version".to_owned(),
        |version| format!("TLS {version}"),
    );
    let suite = facts.cipher.as_deref().unwrap_or("unknown suite");
    format!("{version} with {suite}, read with the legacy hello")
}

/// The certificate was damaged, which has a finding of its own.
fn showed_unparsable(counted: &Counted<'_>) -> bool {
    let tls = counted.attempt.tls.as_ref();
    tls.and_then(|tls| tls.leaf())
        .is_some_and(|leaf| leaf.unparsable.is_some())
}

/// Alerts to the modern hello itself, not to what follows the `ServerHello`.
fn refusals<'a>(sight: &HostView<'a>, common: bool) -> Vec<&'a Outcome> {
    sight
        .failures()
        .filter(|(counted, stage, outcome)| {
            *stage == Stage::Tls
                && !showed_unparsable(counted)
                && matches!(outcome, Outcome::Alert { .. })
                && (outcome.finds_nothing_in_common()
                    && Reply::to_hello(counted.attempt) == Some(Reply::Declined))
                    == common
        })
        .map(|(_, _, outcome)| outcome)
        .collect()
}

fn no_common(sight: &HostView<'_>) -> Verdict {
    let modern = refusals(sight, true);
    if modern.is_empty() || attempts_with(sight, |tls| tls.handshake != TlsHandshake::Failed) > 0 {
        return Verdict::Silent;
    }
    let legacy = sight
        .outcomes(ProbeKind::LegacyHello, Stage::Tls)
        .any(Outcome::finds_nothing_in_common);
    if !legacy {
        return lacking("the legacy hello was not refused in the same way", ONE_MORE);
    }
    sure(
        "RDP-TLS-NO-COMMON",
        "The server finds no TLS version or cipher suite in common with any client",
        format!(
            "{}, on the modern and on the legacy hello",
            seen(sight, &modern)
        ),
    )
}

/// An alert that says neither "nothing in common" nor "show me a certificate": the server has trouble of its own.
fn other_alert(sight: &HostView<'_>) -> Verdict {
    if wants_client_certificate(sight) {
        return Verdict::Silent;
    }
    let alerts = refusals(sight, false);
    if alerts.is_empty() || attempts_with(sight, |tls| tls.handshake != TlsHandshake::Failed) > 0 {
        return Verdict::Silent;
    }
    if alerts.len() < TRIES {
        return lacking("an alert was seen once only", ONE_MORE);
    }
    sure(
        "RDP-TLS-ALERT",
        "The server breaks the TLS handshake off with an alert",
        seen(sight, &alerts),
    )
}

fn old_version(sight: &HostView<'_>) -> Verdict {
    match sight
        .tls
        .and_then(|tls| tls.version.map(|version| (tls, version)))
    {
        Some((tls, version))
            if version <= TlsVersion::TLS_1_1 && tls.handshake != TlsHandshake::Failed =>
        {
            sure(
                "RDP-TLS-OLD-VERSION",
                "The server negotiates TLS 1.1 or older",
                version_and_suite(tls),
            )
        }
        _ => Verdict::Silent,
    }
}

fn timeout(sight: &HostView<'_>) -> Verdict {
    let stalls: Vec<&Outcome> = sight
        .failures_at(Stage::Tls)
        .into_iter()
        .filter(|outcome| matches!(outcome, Outcome::Timeout { .. }))
        .collect();
    if stalls.is_empty() || attempts_with(sight, |tls| tls.handshake != TlsHandshake::Failed) > 0 {
        return Verdict::Silent;
    }
    if stalls.len() < TRIES {
        return lacking("stalled once only", ONE_MORE);
    }
    sure(
        "RDP-TLS-TIMEOUT",
        "The TLS handshake stalls; large packets may get lost on the way",
        seen(sight, &stalls),
    )
}

/// The server demands a client certificate, and ends handshakes without one.
fn wants_client_certificate(sight: &HostView<'_>) -> bool {
    let required = |outcome: &Outcome| matches!(outcome, Outcome::Alert { code, .. } if *code == CERTIFICATE_REQUIRED);
    let goes_on = attempts_with(sight, |tls| {
        tls.handshake == TlsHandshake::Full && tls.client_certificate_requested
    }) > 0;
    sight.failures().any(|(counted, stage, outcome)| {
        let tls = counted.attempt.tls.as_ref();
        let requested = tls.is_some_and(|tls| tls.client_certificate_requested);
        let ended = requested && !goes_on && !matches!(outcome, Outcome::Timeout { .. });
        stage == Stage::Tls && (required(outcome) || ended)
    })
}

fn client_certificate(sight: &HostView<'_>) -> Verdict {
    let id = "RDP-TLS-CLIENT-CERT";
    if wants_client_certificate(sight) {
        let failures = sight.failures_at(Stage::Tls);
        let version = sight.tls.and_then(|tls| tls.version);
        let version = version.map_or_else(String::new, |version| format!(", TLS {version}"));
        return sure(
            id,
            "The server requires a client certificate in TLS, which Remote Desktop clients do not send",
            format!("{}{version}", seen(sight, &failures)),
        );
    }
    if attempts_with(sight, |tls| tls.client_certificate_requested) > 0 {
        return sure(
            id,
            "The server asks the client for a certificate",
            "a CertificateRequest in the handshake; it goes on without one",
        );
    }
    Verdict::Silent
}

fn protocol_error(sight: &HostView<'_>) -> Verdict {
    let odd: Vec<&Outcome> = sight
        .failures()
        .filter(|(counted, stage, outcome)| {
            *stage == Stage::Tls
                && !showed_unparsable(counted)
                && matches!(outcome, Outcome::Malformed { .. } | Outcome::NotRdp { .. })
        })
        .map(|(_, _, outcome)| outcome)
        .collect();
    if odd.is_empty() || attempts_with(sight, |tls| tls.handshake != TlsHandshake::Failed) > 0 {
        return Verdict::Silent;
    }
    if odd.len() < TRIES {
        return lacking("seen once only", ONE_MORE);
    }
    sure(
        "RDP-TLS-PROTO-ERROR",
        "The server answers the TLS handshake with invalid data",
        seen(sight, &odd),
    )
}

fn intercepted(sight: &HostView<'_>) -> Verdict {
    let Some(leaf) = sight.leaf.filter(|leaf| !leaf.self_issued) else {
        return Verdict::Silent;
    };
    let issuer = leaf.issuer.to_lowercase();
    match INSPECTION.iter().find(|word| issuer.contains(**word)) {
        Some(_) => likely(
            "RDP-TLS-INTERCEPTED",
            "The certificate comes from a product that looks into TLS",
            format!("issuer {}", leaf.issuer),
        ),
        // An authority of the company signs many keys; one that signs many names for one key makes them up on the way.
        None => match key_of(sight, KeyUse::Inspection) {
            Some(shared) => likely(
                "RDP-TLS-INTERCEPTED",
                "Something on the way shows certificates of its own making",
                format!(
                    "{} machines ({}) show one key in certificates for different names, issuer {}",
                    shared.count,
                    shared.words(),
                    leaf.issuer
                ),
            ),
            None => Verdict::Silent,
        },
    }
}

#[cfg(test)]
#[path = "tls_tests.rs"]
mod tests;
