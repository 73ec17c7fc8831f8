//! The section about identity: the NTLM challenge.

use super::mark::Mark;
use super::page::Page;
use crate::diagnosis::{Ending, endings};
use crate::fleet::Host;
use crate::model::{History, Nla, NtlmFacts, Stage};
use crate::tui::model::Model;
use crate::tui::theme::Tone;

/// Kerberos refuses a clock that is off by more.
const KERBEROS_SKEW_S: f64 = 300.0;

pub(super) fn write(model: &Model, host: &Host, history: &History, page: &mut Page) {
    match history.ntlm() {
        Some(ntlm) => challenge(ntlm, page),
        None => page.note(&unknown(model, host, history)),
    }
}

/// Why there is no challenge: a host that was not reached is not one without NLA.
fn unknown(model: &Model, host: &Host, history: &History) -> String {
    let credssp = history
        .attempts
        .iter()
        .rev()
        .flat_map(|attempt| &attempt.stages)
        .find(|record| record.stage == Stage::Credssp);
    if credssp.is_some() {
        return "asked, but no challenge came that can be read; the timeline says what did"
            .to_owned();
    }
    let before = host.diagnosis.failed_stage.or_else(|| {
        let failed = |ending| match ending {
            Ending::Failed(stage, _) => Some(stage),
            _ => None,
        };
        endings(&history.attempts).rev().find_map(failed)
    });
    match (host.diagnosis.nla, before) {
        (Nla::NotOffered, _) => "not asked: the host does not use NLA".to_owned(),
        (_, Some(stage)) => {
            format!(
                "not reached: every attempt ended before it, at {}",
                stage.word()
            )
        }
        (Nla::Required | Nla::Offered, None)
            if model.fleet.plan().is_some_and(|plan| !plan.ntlm) =>
        {
            "not asked: NTLM is off (--no-ntlm)".to_owned()
        }
        (Nla::Required | Nla::Offered, None) => {
            "not reached: NLA follows a whole TLS handshake, and none came about".to_owned()
        }
        (Nla::Unknown, None) => "not asked: no attempt came as far as the choice of NLA".to_owned(),
    }
}

fn challenge(ntlm: &NtlmFacts, page: &mut Page) {
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
    if let Some(version) = ntlm.tsrequest_version {
        page.field("CredSSP version", &version.to_string(), Tone::Plain);
    }
    if let Some(skew) = ntlm.clock_skew_s() {
        let error = f64::from(ntlm.clock_error_ms) / 1000.0;
        let direction = if skew < 0.0 { "behind" } else { "ahead" };
        let text = format!(
            "{:.1} s {direction} of this machine (give or take {error:.1} s)",
            skew.abs()
        );
        if skew.abs() >= KERBEROS_SKEW_S {
            let text = format!("{text}; Kerberos refuses at 5 minutes");
            page.marked("clock", Mark::Bad, &text);
        } else {
            page.field("clock", &text, Tone::Plain);
        }
    }
}
