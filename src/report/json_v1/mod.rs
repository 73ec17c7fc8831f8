//! `rdpscan.report/1`: one JSON document for one scan.
//!
//! INVARIANT: names in this format are frozen. More may be added, none renamed or given another meaning. So the types here belong
//! to the format where the model differs or may change. Unknown values are `null`; times are RFC 3339 in UTC.
//!
//! The layout is fixed too: each top-level key and each host has a line of its own, so that reports can be compared with line tools.
//! Equal facts give equal bytes, without terminal control characters.

mod certificate;
mod host;
mod lookup;
mod schema;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use super::sheet::{Row, Sheet};
use crate::diagnosis::Policy;
use crate::fleet::{Fleet, Host, Summary};
use crate::model::{
    Attempt, CertificateFacts, Digest, History, HostState, Moment, ScanId, ScanStatus, Severity,
    Texts,
};
use crate::record;
use host::HostV1;

pub use schema::report_schema;

/// The format's name and major version.
pub const REPORT_SCHEMA: &str = "rdpscan.report/1";

/// The scan.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Scan")]
struct ScanV1<'a> {
    /// Stays the same however often the scan is written.
    id: Option<ScanId>,
    /// Version of rdpscan that scanned.
    version: Option<&'a str>,
    /// From where: the scanning machine's name for itself.
    vantage: &'a str,
    /// When it began.
    #[schemars(with = "Option<Moment>")]
    started_at: Option<Timestamp>,
    /// When it ended; `null` while it has no end.
    #[schemars(with = "Option<Moment>")]
    finished_at: Option<Timestamp>,
    /// The time of the newest event, at which hosts were evaluated.
    #[schemars(with = "Option<Moment>")]
    evaluated_at: Option<Timestamp>,
    /// How it ended; `interrupted` while it has no end.
    status: ScanStatus,
    /// As the user gave them.
    #[schemars(with = "Vec<String>")]
    targets: Option<&'a Texts>,
    /// Addresses with their ports, names not yet resolved left out.
    addresses_planned: Option<u64>,
    /// Those tried at least once; `null` while the scan has no end.
    addresses_probed: Option<u64>,
    /// Hosts of the scan that are not in this file: a filter or a selection omits them.
    hosts_omitted: usize,
}

/// Counts over the hosts of this file.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Summary")]
struct SummaryV1 {
    /// All of them.
    hosts: u64,
    /// By state; every state is there.
    #[schemars(with = "BTreeMap<String, u64>", extend("propertyNames" = { "$ref": "#/$defs/HostState" }))]
    by_state: BTreeMap<&'static str, u64>,
    /// By the severity of their worst finding; every severity is there.
    #[schemars(with = "BTreeMap<String, u64>", extend("propertyNames" = { "$ref": "#/$defs/Severity" }))]
    by_severity: BTreeMap<&'static str, u64>,
    /// With a finding that is acknowledged or ignored, and in no other count.
    acknowledged: u64,
    /// Certificates past their end.
    expired: u64,
    /// Certificates that end within the policy's days.
    expiring: u64,
    /// Hosts of which some attempts fail and some do not.
    flaky: u64,
    /// Hosts whose name or reverse name leads elsewhere, nowhere, or in part nowhere, or could not be looked up.
    dns_trouble: u64,
}

/// A host: what is thought of it, and the facts.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Entry")]
struct EntryV1<'a> {
    #[serde(flatten)]
    host: HostV1<'a>,
    /// The facts.
    history: &'a History,
}

struct Entry<'a>(Row<'a>);

impl Serialize for Entry<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let entry = EntryV1 {
            host: HostV1::new(&self.0),
            history: &self.0.history,
        };
        entry.serialize(serializer)
    }
}

/// One host's entry, indented for people. Its certificates are named by thumbprint, as in the whole document.
pub(super) fn host(host: &Host, fleet: &Fleet) -> serde_json::Result<String> {
    let row = Row {
        fleet: Some(fleet),
        host,
        history: host.history(),
        name: host.display_name(),
    };
    serde_json::to_string_pretty(&Entry(row))
}

/// Writes a sheet as one document, host by host.
pub(super) fn write(sheet: &Sheet<'_>, policy: &Policy, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Certificates::new();
    for row in sheet.rows() {
        add_certificates(&row.history, &mut table);
    }
    for history in &sheet.references {
        add_certificates(history, &mut table);
    }
    write!(out, "{{\"schema\":\"{REPORT_SCHEMA}\"")?;
    key(out, "scan", &scan(sheet))?;
    key(out, "summary", &summary(&sheet.summary))?;
    list(out, "hosts", sheet.rows().map(Entry))?;
    list(out, "references", sheet.references())?;
    key(out, "certificates", &table)?;
    key(out, "notices", &sheet.notices)?;
    key(out, "banners", &sheet.banners)?;
    key(out, "policy", policy)?;
    key(out, "plan", &sheet.plan)?;
    key(out, "work", &sheet.work)?;
    key(out, "end", &sheet.end)?;
    out.write_all(b"}\n")
}

type Certificates = BTreeMap<Digest<32>, Arc<CertificateFacts>>;

fn add_certificates(history: &History, table: &mut Certificates) {
    let attempts = history.views().flat_map(|view| &view.attempts);
    for facts in attempts.flat_map(Attempt::certificates) {
        table
            .entry(facts.sha256)
            .or_insert_with(|| Arc::clone(facts));
    }
}

fn key(out: &mut dyn Write, name: &str, value: &(impl Serialize + ?Sized)) -> io::Result<()> {
    write!(out, ",\n\"{name}\":")?;
    record::write_json(out, value)
}

fn list<T: Serialize>(
    out: &mut dyn Write,
    name: &str,
    values: impl Iterator<Item = T>,
) -> io::Result<()> {
    write!(out, ",\n\"{name}\":[")?;
    let mut separator = "\n";
    for value in values {
        out.write_all(separator.as_bytes())?;
        record::write_json(out, &value)?;
        separator = ",\n";
    }
    out.write_all(b"]")
}

fn scan<'a>(sheet: &Sheet<'a>) -> ScanV1<'a> {
    let newest = sheet.times.map(|(_, newest)| newest);
    ScanV1 {
        id: sheet.scan,
        version: sheet.plan.map(|plan| &*plan.version),
        vantage: sheet.vantage,
        started_at: sheet.times.map(|(started, _)| started),
        finished_at: newest.filter(|_| sheet.end.is_some()),
        evaluated_at: newest,
        // Without an end the scan still runs, or its recording was cut off.
        status: sheet.end.map_or(ScanStatus::Interrupted, |end| end.status),
        targets: sheet.plan.map(|plan| &plan.targets),
        addresses_planned: sheet.plan.map(|plan| plan.endpoints_planned),
        addresses_probed: sheet.end.map(|end| end.endpoints_probed),
        hosts_omitted: sheet.left_out,
    }
}

/// Every word is present, with 0 for no hosts.
fn summary(summary: &Summary) -> SummaryV1 {
    let states = HostState::ALL.iter();
    let states = states.map(|state| (state.word(), summary.by_state.of(*state)));
    let severities = Severity::ALL.iter();
    let severities = severities.map(|one| (one.word(), summary.by_severity.of(*one)));
    SummaryV1 {
        hosts: summary.hosts,
        by_state: states.collect(),
        by_severity: severities.collect(),
        acknowledged: summary.acknowledged,
        expired: summary.expired(),
        expiring: summary.expiring(),
        flaky: summary.flaky(),
        dns_trouble: summary.dns_trouble(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::report::fixture;

    fn document(hosts: &[Host]) -> Value {
        let plan = fixture::plan();
        let mut out = Vec::new();
        write(&fixture::sheet(hosts, &plan), &Policy::default(), &mut out).unwrap();
        serde_json::from_slice(&out).unwrap()
    }

    /// Everything in `wanted` stands in `found`, under the same name and with the same value.
    fn assert_within(wanted: &Value, found: &Value, at: &str) {
        match (wanted, found) {
            (Value::Object(wanted), Value::Object(found)) => {
                for (key, value) in wanted {
                    let at = format!("{at}.{key}");
                    assert!(found.contains_key(key), "{at} is missing");
                    assert_within(value, &found[key], &at);
                }
            }
            _ => assert_eq!(wanted, found, "{at}"),
        }
    }

    #[test]
    fn scan_and_summary_have_the_frozen_names() {
        let wanted = json!({
            "schema": "rdpscan.report/1",
            "scan": {
                "id": "20260121T000000Z-00c0ffee", "version": "0.1.0", "vantage": "admin-pc",
                "started_at": "2026-01-21T00:00:00Z", "finished_at": "2026-01-21T00:01:00Z",
                "status": "complete", "targets": ["10.0.0.0/24"],
                "addresses_planned": 256, "addresses_probed": 256
            },
            "summary": {
                "hosts": 3,
                "by_state": { "broken": 0, "degraded": 1, "not_rdp": 0, "unreachable": 1, "filtered": 1, "closed": 0, "healthy": 0 },
                "by_severity": { "critical": 0, "high": 1, "medium": 0, "low": 0, "info": 0 },
                "expired": 1, "expiring": 0, "flaky": 1, "dns_trouble": 0
            }
        });
        let hosts = [
            fixture::expired_host(),
            fixture::silent_host(),
            fixture::unresolved_host(),
        ];
        assert_within(&wanted, &document(&hosts), "");
    }

    #[test]
    fn an_expired_self_signed_wrong_name_host_has_the_frozen_names_and_its_dates() {
        let wanted = json!({
            "address": "10.0.0.5", "port": 3389,
            "names": [{ "name": "srv05.corp.example", "source": "ptr" }],
            "state": "degraded", "failed_stage": null,
            "security": {
                "selected": "hybrid", "nla": "offered",
                "features": ["extended_client_data", "graphics_pipeline", "restricted_admin", "remote_credential_guard"]
            },
            "tls": { "version": "1.3", "cipher": "TLS13_AES_256_GCM_SHA384", "handshake": "full" },
            "certificate": {
                "status": "expired", "common_name": "other.example", "subject": "CN=other.example",
                "san": ["other.example", "192.0.2.1"], "issuer": "CN=other.example", "self_signed": true,
                "not_before": "2025-01-01T00:00:00Z", "not_after": "2026-01-01T00:00:00Z", "days_left": -20,
                "key": { "algorithm": "RSA", "bits": 2048 }, "signature_algorithm": "sha256WithRSAEncryption",
                "sha1": "0a".repeat(20), "sha256": "0b".repeat(32), "chain_length": 1
            },
            "ntlm": {
                "netbios_computer": "SRV05", "netbios_domain": null, "dns_computer": "srv05.corp.example",
                "dns_domain": null, "dns_forest": null, "build": "10.0.20348", "clock_skew_s": 2.0
            },
            "dns": { "verdict": "match" },
            "stability": {
                "verdict": "flaky", "attempts": 3, "failures": 1, "failures_by_stage": { "tls": 1 },
                "connect_ms": { "min": 1.0, "median": 1.5, "max": 2.0 }, "total_ms": null
            },
            "predicted_client_error": {
                "code": "0x904", "name": "the connection was closed", "likelihood": 40,
                "reasons": ["1 of 3 attempts was closed in TLS"]
            },
            "findings": [{
                "id": "RDP-CERT-EXPIRED", "severity": "high", "confidence": "sure",
                "title": "The certificate has expired", "evidence": "valid until 2026-01-01, 20 days ago", "remedy": "R1", "remedies": ["R1"],
                "acknowledged": null
            }]
        });
        let found = document(&[fixture::expired_host()]);
        assert_within(&wanted, &found["hosts"][0], "hosts[0]");
        assert_eq!(
            found["hosts"][0]["dns"]["lookups"][0]["values"][0],
            "10.0.0.5"
        );
    }

    #[test]
    fn what_is_not_known_is_null() {
        let wanted = json!({
            "address": "2001:db8::5", "port": 3390, "names": [], "state": "filtered", "failed_stage": null,
            "security": { "features": null }, "tls": null, "certificate": null, "ntlm": null, "predicted_client_error": null, "findings": [],
            "stability": { "connect_ms": null, "total_ms": null }
        });
        let found = document(&[fixture::silent_host()]);
        assert_within(&wanted, &found["hosts"][0], "hosts[0]");
    }

    #[test]
    fn a_name_that_led_nowhere_has_no_address_and_keeps_its_name() {
        let wanted = json!({
            "address": null, "port": 3389,
            "names": [{ "name": "gone.example", "source": "target" }]
        });
        let found = document(&[fixture::unresolved_host()]);
        assert_within(&wanted, &found["hosts"][0], "hosts[0]");
    }

    #[test]
    fn an_unreadable_certificate_keeps_its_thumbprints_and_nothing_is_made_up() {
        let host = fixture::expired_host();
        let mut facts = fixture::expired_certificate();
        facts.unparsable = Some("cut short".into());
        facts.common_name = None;
        facts.not_before = None;
        facts.not_after = None;
        let host = fixture::edit(&host, |history| {
            history.attempts = vec![fixture::attempt(Some(fixture::tls(vec![facts])))];
        });
        let wanted = json!({
            "subject": null, "issuer": null, "common_name": null, "key": null, "self_signed": null,
            "signature_algorithm": null, "not_before": null, "not_after": null,
            "sha1": "0a".repeat(20), "unparsable": "cut short"
        });
        let found = document(&[host]);
        assert_within(&wanted, &found["hosts"][0]["certificate"], "certificate");
    }

    #[test]
    fn of_several_certificates_the_one_with_the_status_is_described() {
        use crate::kit::{attempt, certificate, days, host, tls};
        use crate::model::CertificateFacts;
        let expired = CertificateFacts {
            not_after: Some(days(-20).into()),
            ..certificate("old.corp.example")
        };
        let good = || attempt().shown(tls(certificate("srv05.corp.example")));
        let made = host([good(), attempt().shown(tls(expired)), good()]);
        let found = document(&[Host::new(&made.history, made.diagnose())]);
        let wanted = json!({
            "status": "expired", "days_left": -20, "common_name": "old.corp.example",
            "not_after": days(-20).to_string()
        });
        assert_within(&wanted, &found["hosts"][0]["certificate"], "certificate");
    }

    #[test]
    fn a_certificate_seen_often_is_written_once() {
        let found = document(&[fixture::expired_host(), fixture::expired_host()]);
        assert_eq!(found["certificates"].as_object().unwrap().len(), 1);
    }

    #[test]
    fn every_host_has_a_line_of_its_own() {
        let plan = fixture::plan();
        let hosts: Vec<Host> = fixture::nasty_names()
            .iter()
            .map(|name| fixture::hostile_host(name))
            .collect();
        let mut out = Vec::new();
        write(&fixture::sheet(&hosts, &plan), &Policy::default(), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let lines = text.lines().filter(|line| line.starts_with("{\"address\""));
        assert_eq!(lines.count(), hosts.len());
    }
}
