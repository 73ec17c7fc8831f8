//! The findings, host by host.

use std::io::{self, Write};

use super::address;
use crate::counts::counted;
use crate::diagnosis::{self, Disagreement, remedies};
use crate::model::{CertificateStatus, HostState, Severity, UtcSecond};
use crate::report::sheet::{Row, Sheet};
use crate::report::words;
use crate::sanitize::{single_line, terminal};

/// Lists hosts with findings above severity info, and those not probed with the reason. Other hosts with findings are counted.
pub(super) fn write(sheet: &Sheet<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut only_notes = 0;
    let mut first = true;
    for row in sheet.rows() {
        let diagnosis = &row.host.diagnosis;
        let worst = diagnosis.findings.iter().map(|found| found.severity).max();
        let not_probed = diagnosis.findings.iter().any(words::says_why_not_probed);
        let wanted = not_probed
            || worst.is_some_and(|worst| worst > Severity::Info)
            || matches!(
                diagnosis.state,
                HostState::Broken | HostState::Degraded | HostState::Skipped | HostState::NotProbed
            )
            || diagnosis
                .certificate_status
                .is_some_and(|status| status != CertificateStatus::Valid);
        if !wanted {
            only_notes += u64::from(worst.is_some());
            continue;
        }
        if first {
            writeln!(out, "\nFINDINGS")?;
            first = false;
        }
        writeln!(out)?;
        details(&row, out)?;
    }
    if only_notes > 0 {
        writeln!(
            out,
            "\n{} not listed here; --format json has them",
            counted(
                only_notes,
                "host with findings of severity info only is",
                "hosts with findings of severity info only are"
            )
        )?;
    }
    Ok(())
}

fn details(row: &Row<'_>, out: &mut dyn Write) -> io::Result<()> {
    let diagnosis = &row.host.diagnosis;
    write!(out, "{}", address(row))?;
    if let Some(name) = row.name {
        write!(out, " {}", terminal(name))?;
    }
    write!(out, ": {}", diagnosis.state)?;
    if let Some(stage) = diagnosis.failed_stage {
        write!(out, " at {stage}")?;
    }
    writeln!(out)?;
    if let Some(line) = certificate_line(row) {
        writeln!(out, "  certificate: {}", terminal(&line))?;
    }
    if let Some(predicted) = &diagnosis.predicted {
        writeln!(
            out,
            "  a user would see: {} {} ({} %)",
            terminal(predicted.code),
            single_line(predicted.name),
            predicted.likelihood
        )?;
        for reason in &predicted.reasons {
            writeln!(out, "    because {}", single_line(reason))?;
        }
        for place in diagnosis::confirm_in(diagnosis) {
            writeln!(out, "    confirm in {place}")?;
        }
    }
    for found in &diagnosis.findings {
        write!(
            out,
            "  {} {}: {} ({}",
            found.severity,
            terminal(found.id),
            single_line(&found.title),
            found.confidence.word()
        )?;
        if let Some(remedies) = words::in_turn(found.remedies) {
            write!(out, ", remedy {remedies}")?;
        }
        writeln!(out, ")")?;
        if let Some(remedy) = found.remedy().and_then(remedies::find) {
            writeln!(
                out,
                "    fix: {} (rdpscan explain {})",
                remedy.title, remedy.key
            )?;
        }
        if !found.evidence.is_empty() {
            writeln!(out, "    {}", single_line(&found.evidence))?;
        }
    }
    if diagnosis.dns.is_trouble() {
        let leads = words::where_names_lead(row.host);
        writeln!(
            out,
            "  DNS trouble, {}: {}",
            diagnosis.dns,
            single_line(&leads)
        )?;
    }
    if diagnosis.disagreement == Some(Disagreement::RenamedOrCloned) {
        let names = words::names_side_by_side(&row.history);
        writeln!(
            out,
            "  names disagree, {}: {}",
            Disagreement::RenamedOrCloned.words(),
            single_line(&names)
        )?;
    }
    let undetermined = diagnosis::undetermined_lines(&row.undetermined());
    if !undetermined.is_empty() {
        writeln!(out, "  cannot be told yet: {}", undetermined.join("; "))?;
    }
    Ok(())
}

/// Raw network text.
fn certificate_line(row: &Row<'_>) -> Option<String> {
    let tls = row.tls_shown()?;
    let leaf = tls.leaf()?;
    let mut parts = Vec::new();
    if let Some(reason) = &leaf.unparsable {
        parts.push(format!("unparsable ({reason})"));
    } else {
        parts.push(format!("subject {}", leaf.subject));
        parts.push(match words::self_signed(tls, leaf) {
            Some(true) => "self-signed".to_owned(),
            _ => format!("issuer {}", leaf.issuer),
        });
        let end =
            |time: Option<UtcSecond>| time.map_or_else(|| "?".to_owned(), words::spreadsheet_time);
        parts.push(format!(
            "valid {} to {} UTC",
            end(leaf.not_before),
            end(leaf.not_after)
        ));
        parts.extend(words::key(leaf));
        parts.push(leaf.signature_algorithm.to_string());
    }
    parts.push(format!("thumbprint {}", leaf.sha1));
    Some(parts.join(", "))
}
