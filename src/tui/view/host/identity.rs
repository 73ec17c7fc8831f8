//! What the host told about itself over NTLM, and how steadily it answers.

use super::super::super::columns::stability_tone;
use super::super::super::text;
use super::super::super::theme::Tone;
use super::Page;
use crate::diagnosis::Spread;
use crate::fleet::Host;
use crate::model::History;

/// A clock that is off by more is worth a colour: Kerberos refuses at five minutes.
const KERBEROS_SKEW_S: f64 = 300.0;

/// The NTLM challenge's facts.
pub(super) fn ntlm(history: &History, page: &mut Page) {
    page.section("Identity (NTLM)");
    let Some(ntlm) = history.ntlm() else {
        page.note("not asked, or the host does not use NLA");
        return;
    };
    let names = [
        ("computer", &ntlm.dns_computer),
        ("NetBIOS computer", &ntlm.netbios_computer),
        ("domain", &ntlm.dns_domain),
        ("NetBIOS domain", &ntlm.netbios_domain),
        ("forest", &ntlm.dns_forest),
    ];
    for (label, value) in names {
        if let Some(value) = value {
            page.field(label, value, Tone::Plain);
        }
    }
    if let Some(build) = ntlm.build() {
        page.field("claims build", &build, Tone::Plain);
    }
    if let Some(skew) = ntlm.clock_skew_s() {
        let error = f64::from(ntlm.clock_error_ms) / 1000.0;
        let direction = if skew < 0.0 { "behind" } else { "ahead" };
        let text = format!(
            "{:.1} s {direction} (give or take {error:.1} s)",
            skew.abs()
        );
        let tone = if skew.abs() >= KERBEROS_SKEW_S {
            Tone::Bad
        } else {
            Tone::Plain
        };
        page.field("clock", &text, tone);
    }
}

/// The numbers behind steady or flaky.
pub(super) fn stability(host: &Host, page: &mut Page) {
    page.section("Stability");
    let stability = &host.diagnosis.stability;
    let text = format!(
        "{}, {} of {} attempts failed",
        stability.verdict, stability.failures, stability.attempts
    );
    page.field("verdict", &text, stability_tone(stability.verdict));
    if !stability.failures_by_stage.is_empty() {
        let stages: Vec<String> = stability
            .failures_by_stage
            .iter()
            .map(|(stage, count)| format!("{count} at {stage}"))
            .collect();
        page.field("failures", &stages.join(", "), Tone::Warn);
    }
    let spreads = [
        ("connect", stability.connect_ms),
        ("TLS handshake", stability.handshake_ms),
        ("whole attempt", stability.total_ms),
    ];
    for (label, spread) in spreads {
        if let Some(Spread { min, median, max }) = spread {
            let text = format!(
                "min {}, median {}, max {}",
                text::millis(min),
                text::millis(median),
                text::millis(max)
            );
            page.field(label, &text, Tone::Plain);
        }
    }
    if stability.loss > 0.0 {
        let text = format!("{:.0} % of connects", stability.loss * 100.0);
        page.field("lost", &text, Tone::Warn);
    }
    if let Some(retransmits) = stability.retransmits {
        page.field(
            "retransmitted",
            &format!("{retransmits} segments"),
            Tone::Plain,
        );
    }
}
