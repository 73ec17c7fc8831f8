use super::fleet::{behind_midbox, shared};
use super::{
    Family, ONE_MORE, Rule, RuleVerdict, TRIES, Verdict, likely, matched, protocol_defaults,
    repeated, seen, sure, undetermined,
};
use crate::diagnosis::certificates::ServerCertificate;
use crate::diagnosis::ending::CountedAttempt;
use crate::diagnosis::fleet_survey::KeyUse;
use crate::diagnosis::host_view::HostView;
use crate::diagnosis::identity::ServerKind;
use crate::diagnosis::state::is_timeout;
use crate::model::{
    Confidence, Outcome, ProbeKind, Reply, Stage, TlsFacts, TlsHandshake, TlsVersion,
};

pub(super) const FAMILY: Family = Family {
    entries: include_str!("tls.toml"),
    rules: &[
        ("RDP-TLS-CLOSED", Rule::Host(closed)),
        ("RDP-TLS-CLOSED-LATE", Rule::Host(closed_late)),
        ("RDP-TLS-LEGACY-ONLY", Rule::Host(legacy_only)),
        ("RDP-TLS-DHE-ONLY", Rule::Host(dhe_only)),
        ("RDP-TLS-INTOLERANT", Rule::Host(intolerant)),
        ("RDP-TLS-NO-COMMON", Rule::Host(no_common)),
        ("RDP-TLS-ALERT", Rule::Host(other_alert)),
        ("RDP-TLS-OLD-VERSION", Rule::Host(old_version)),
        ("RDP-TLS-TIMEOUT", Rule::Host(timeout)),
        ("RDP-TLS-CLIENT-CERT", Rule::Host(client_certificate)),
        ("RDP-TLS-PROTO-ERROR", Rule::Host(protocol_error)),
        ("RDP-TLS-INTERCEPTED", Rule::Host(intercepted)),
        ("RDP-TLS-BAD-SIGNATURE", Rule::Certificate(bad_signature)),
    ],
};

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

fn any_tls(host: &HostView<'_>, wanted: impl Fn(&TlsFacts) -> bool) -> bool {
    let mut facts = host.history.attempts.iter();
    facts.any(|attempt| attempt.tls.as_deref().is_some_and(&wanted))
}

/// Some hello was answered with a certificate.
fn any_read(host: &HostView<'_>) -> bool {
    any_tls(host, |tls| tls.handshake != TlsHandshake::Failed)
}

/// Read by the legacy peek, and nothing that the modern hello could not have come to as well.
fn is_modern_peek(facts: &TlsFacts) -> bool {
    facts.handshake == TlsHandshake::LegacyPeek && facts.is_modern()
}

fn is_close_without_reply(outcome: &Outcome) -> bool {
    matches!(
        outcome,
        Outcome::Closed { received: 0 } | Outcome::Reset { received: 0 }
    )
}

fn closes_at_hello<'a>(host: &HostView<'a>) -> Vec<&'a Outcome> {
    host.failures_like(Stage::Tls, is_close_without_reply)
}

pub(in crate::diagnosis) fn closes_at_tls(host: &HostView<'_>) -> bool {
    !host.failures_like(Stage::Tls, Outcome::is_close).is_empty()
}

/// Every attempt that came to TLS was closed there, with the legacy hello as well: the strongest sign of 0x904.
pub(in crate::diagnosis) fn closes_at_once(host: &HostView<'_>) -> bool {
    !closes_at_hello(host).is_empty() && !any_read(host) && legacy_closed(host)
}

fn legacy_closed(host: &HostView<'_>) -> bool {
    host.outcomes(ProbeKind::LegacyHello, Stage::Tls)
        .any(is_close_without_reply)
}

fn closed(host: &HostView<'_>) -> RuleVerdict {
    let closes = closes_at_hello(host);
    if closes.is_empty() || behind_midbox(host) {
        return Verdict::Silent;
    }
    if any_read(host) {
        // It works at other times, or with the legacy hello: other rules cover that.
        return Verdict::Silent;
    }
    if !legacy_closed(host) {
        let mut legacy = host.outcomes(ProbeKind::LegacyHello, Stage::Tls);
        return if legacy.any(Outcome::blames_peer) {
            Verdict::Silent
        } else {
            undetermined("the legacy hello was not tried", ONE_MORE)
        };
    }
    let verdict = repeated(host, &closes, "closed once only")
        .title("The server closes the connection as soon as TLS begins");
    let mut legacy = host.outcomes(ProbeKind::LegacyHello, Stage::Tls);
    match legacy.find(|outcome| !outcome.is_close()) {
        None if host.failures().count() == closes.len() => {
            verdict.append(", on the modern and on the legacy hello")
        }
        // Another server of several, perhaps.
        None => verdict.confidence(Confidence::Likely),
        Some(other) => verdict
            .confidence(Confidence::Likely)
            .append(format!("; a legacy hello ended with: {other}")),
    }
}

fn closed_late(host: &HostView<'_>) -> RuleVerdict {
    // The peek stops at ServerHelloDone, before such a server closes: only what it read with a hello that is really another
    // one shows that some client gets through.
    let read = any_tls(host, |tls| {
        tls.handshake != TlsHandshake::Failed && !is_modern_peek(tls)
    });
    if read || behind_midbox(host) || wants_client_certificate(host) {
        return Verdict::Silent;
    }
    let closes = host.failures_like(Stage::Tls, |outcome| {
        outcome.is_close() && !is_close_without_reply(outcome)
    });
    repeated(host, &closes, "closed once only")
        .title("The server closes the connection in the middle of the TLS handshake")
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
fn by_legacy_hello(host: &HostView<'_>, wanted: Accepts) -> RuleVerdict {
    let facts = host
        .probes(ProbeKind::LegacyHello)
        .filter_map(|attempt| attempt.tls.as_deref())
        .filter(|facts| facts.handshake == TlsHandshake::LegacyPeek)
        .last();
    let hello = host.tolerance.hello;
    let Some(facts) = facts.filter(|facts| hello.taken == 0 && Accepts::of(facts) == wanted) else {
        return Verdict::Silent;
    };
    if !host.tolerance.is_legacy_only() {
        return undetermined("the modern hello was cut off in too few attempts", ONE_MORE);
    }
    let is_sure =
        hello.declined as usize >= TRIES || (wanted == Accepts::Old && hello.cut as usize > TRIES);
    let confidence = if is_sure {
        Confidence::Sure
    } else {
        Confidence::Likely
    };
    let evidence = format!(
        "{}; the modern hello was refused {} times",
        version_and_suite(facts),
        hello.declined + hello.cut
    );
    matched(confidence, evidence)
}

fn legacy_only(host: &HostView<'_>) -> RuleVerdict {
    by_legacy_hello(host, Accepts::Old)
        .title("Only old TLS versions or cipher suites are supported; hardened clients will refuse")
}

fn dhe_only(host: &HostView<'_>) -> RuleVerdict {
    by_legacy_hello(host, Accepts::FiniteField)
}

fn intolerant(host: &HostView<'_>) -> RuleVerdict {
    by_legacy_hello(host, Accepts::Modern).title(
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
fn showed_unparsable(counted: &CountedAttempt<'_>) -> bool {
    let tls = counted.attempt.tls.as_ref();
    tls.and_then(|tls| tls.leaf())
        .is_some_and(|leaf| leaf.unparsable.is_some())
}

/// Alerts to the modern hello itself, not to what follows the `ServerHello`.
fn refusals<'a>(host: &HostView<'a>, common: bool) -> Vec<&'a Outcome> {
    host.failures()
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

fn no_common(host: &HostView<'_>) -> RuleVerdict {
    let modern = refusals(host, true);
    if modern.is_empty() || any_read(host) {
        return Verdict::Silent;
    }
    let legacy = host
        .outcomes(ProbeKind::LegacyHello, Stage::Tls)
        .any(Outcome::finds_nothing_in_common);
    if !legacy {
        return undetermined("the legacy hello was not refused in the same way", ONE_MORE);
    }
    sure(format!(
        "{}, on the modern and on the legacy hello",
        seen(host, &modern)
    ))
    .title("The server finds no TLS version or cipher suite in common with any client")
}

/// An alert for another reason than missing common versions or a missing client certificate: a fault of the server.
fn other_alert(host: &HostView<'_>) -> RuleVerdict {
    if wants_client_certificate(host) {
        return Verdict::Silent;
    }
    if any_read(host) {
        return Verdict::Silent;
    }
    repeated(host, &refusals(host, false), "an alert was seen once only")
}

fn old_version(host: &HostView<'_>) -> RuleVerdict {
    host.tls
        .filter(|tls| {
            tls.version
                .is_some_and(|version| version <= TlsVersion::TLS_1_1)
                && tls.handshake != TlsHandshake::Failed
        })
        .map_or(Verdict::Silent, |tls| {
            let is_foreign = matches!(host.server, ServerKind::NotWindows(_));
            let version = tls.version.filter(|_| !is_foreign);
            let newest = version.and_then(|version| {
                let products = protocol_defaults::with_newest(&version.to_string())?;
                Some(format!(
                    "; TLS {version} is the newest by default on {products}"
                ))
            });
            let evidence = version_and_suite(tls) + &newest.unwrap_or_default();
            sure(evidence).title("The server negotiates TLS 1.1 or older")
        })
}

fn timeout(host: &HostView<'_>) -> RuleVerdict {
    if any_read(host) {
        return Verdict::Silent;
    }
    let stalls = host.failures_like(Stage::Tls, is_timeout);
    repeated(host, &stalls, "stalled once only")
        .title("The TLS handshake stalls; large packets may get lost on the way")
}

/// The server demands a client certificate, and ends handshakes without one.
fn wants_client_certificate(host: &HostView<'_>) -> bool {
    let required = |outcome: &Outcome| matches!(outcome, Outcome::Alert { code, .. } if *code == CERTIFICATE_REQUIRED);
    let goes_on = any_tls(host, |tls| {
        tls.handshake == TlsHandshake::Full && tls.client_certificate_requested
    });
    host.failures().any(|(counted, stage, outcome)| {
        let tls = counted.attempt.tls.as_ref();
        let requested = tls.is_some_and(|tls| tls.client_certificate_requested);
        let ended = requested && !goes_on && !matches!(outcome, Outcome::Timeout { .. });
        stage == Stage::Tls && (required(outcome) || ended)
    })
}

fn client_certificate(host: &HostView<'_>) -> RuleVerdict {
    if wants_client_certificate(host) {
        let failures = host.failures_at(Stage::Tls);
        let version = host.tls.and_then(|tls| tls.version);
        let version = version.map_or_else(String::new, |version| format!(", TLS {version}"));
        return sure(format!("{}{version}", seen(host, &failures))).title("The server requires a client certificate in TLS, which Remote Desktop clients do not send");
    }
    if any_tls(host, |tls| tls.client_certificate_requested) {
        return sure("a CertificateRequest in the handshake; it goes on without one");
    }
    Verdict::Silent
}

fn protocol_error(host: &HostView<'_>) -> RuleVerdict {
    let odd: Vec<&Outcome> = host
        .failures()
        .filter(|(counted, stage, outcome)| {
            *stage == Stage::Tls
                && !showed_unparsable(counted)
                && matches!(outcome, Outcome::Malformed { .. } | Outcome::NotRdp { .. })
        })
        .map(|(_, _, outcome)| outcome)
        .collect();
    if any_read(host) {
        return Verdict::Silent;
    }
    repeated(host, &odd, "seen once only")
}

fn intercepted(host: &HostView<'_>) -> RuleVerdict {
    let Some(leaf) = host.certificate.filter(|leaf| !leaf.self_issued) else {
        return Verdict::Silent;
    };
    let issuer = leaf.issuer.to_lowercase();
    if INSPECTION.iter().any(|word| issuer.contains(word)) {
        return likely(format!("issuer {}", leaf.issuer))
            .title("The certificate comes from a product that looks into TLS");
    }
    // A CA signs many keys; one that signs many names for one key makes these certificates on the way.
    shared(host, KeyUse::Inspection).map_or(Verdict::Silent, |(_, shared)| {
        likely(format!(
            "{} machines ({}) show one key in certificates for different names, issuer {}",
            shared.count,
            shared.words(),
            leaf.issuer
        ))
        .title("Something on the way shows certificates of its own making")
    })
}

/// The server proved that it does not hold the key of the certificate. This program goes on all the same, clients must not.
fn bad_signature(_: &HostView<'_>, certificate: &ServerCertificate<'_>) -> RuleVerdict {
    let verdicts = certificate.attempts.iter();
    let verdicts = verdicts.filter_map(|attempt| attempt.tls.as_ref()?.signature_valid);
    let invalid = verdicts.clone().filter(|valid| !valid).count();
    if invalid == 0 {
        return Verdict::Silent;
    }
    sure(format!(
        "the signature over the key exchange was invalid in {invalid} of {} handshakes",
        verdicts.count()
    ))
}

#[cfg(test)]
#[path = "tls_tests.rs"]
mod tests;
