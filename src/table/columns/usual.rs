//! The columns that stand unless told otherwise.

use super::{Column, ColumnId, append, spelling};
use crate::fleet::Host;
use crate::model::{DEFAULT_PORT, HostKey, HostState, Nla, TlsHandshake, TlsVersion};
use crate::table::sort::SortKey;

pub(super) static COLUMNS: [Column; 9] = [
    Column {
        id: ColumnId::State,
        word: "state",
        about: "what is always true of the host",
        spelt: Some(spelling::words),
        is_date: false,
        says: |host, out| out.push_str(host.diagnosis.state.word()),
        key: |host| {
            let worst = host
                .diagnosis
                .findings
                .first()
                .map_or(0, |finding| finding.severity as i64 + 1);
            // Hosts that would refuse stand together, whatever stops their clients.
            let state = host.diagnosis.state;
            let group = if host.diagnosis.would_refuse() {
                HostState::Broken
            } else {
                state
            };
            SortKey::Number((group as i64 * 8 - worst) * 16 + state as i64)
        },
    },
    Column {
        id: ColumnId::Address,
        word: "address",
        about: "the address, and the port where it is not 3389",
        spelt: Some(spelling::addresses),
        is_date: false,
        says: |host, out| write_address(host, out),
        key: |_| SortKey::Number(0),
    },
    Column {
        id: ColumnId::Name,
        word: "name",
        about: "the name to show",
        spelt: Some(spelling::any),
        is_date: false,
        says: |host, out| {
            if let Some(name) = host.display_name() {
                out.push_str(name);
            }
        },
        key: |host| {
            host.display_name()
                .map_or(SortKey::Missing, |text| SortKey::Text(text.into()))
        },
    },
    Column {
        id: ColumnId::Days,
        word: "days",
        about: "days left on the certificate",
        spelt: Some(spelling::numbers),
        is_date: false,
        says: |host, out| {
            if let Some(days) = host.diagnosis.days_left {
                append(out, format_args!("{days}"));
            }
        },
        key: |host| {
            host.diagnosis
                .days_left
                .map_or(SortKey::Missing, SortKey::Number)
        },
    },
    Column {
        id: ColumnId::Tls,
        word: "tls",
        about: "the TLS version",
        spelt: Some(spelling::versions),
        is_date: false,
        says: |host, out| write_tls(host, out),
        key: |host| {
            host.tls()
                .map_or(SortKey::Missing, |(_, version)| match version {
                    Some(version) => SortKey::Number(i64::from(version.0)),
                    None => SortKey::Number(0),
                })
        },
    },
    Column {
        id: ColumnId::Nla,
        word: "nla",
        about: "whether Network Level Authentication is asked for",
        spelt: Some(spelling::words),
        is_date: false,
        says: |host, out| {
            if host.diagnosis.nla != Nla::Unknown {
                out.push_str(host.diagnosis.nla.word());
            }
        },
        key: |host| match host.diagnosis.nla {
            Nla::Unknown => SortKey::Missing,
            nla => SortKey::Number(-(nla as i64)),
        },
    },
    Column {
        id: ColumnId::Dns,
        word: "dns",
        about: "the name against the address",
        spelt: Some(spelling::words),
        is_date: false,
        says: |host, out| out.push_str(host.diagnosis.dns.word()),
        key: |host| SortKey::Number(host.diagnosis.dns as i64),
    },
    Column {
        id: ColumnId::Stability,
        word: "stability",
        about: "steady, flaky or down, with a bar per attempt",
        spelt: Some(spelling::words),
        is_date: false,
        says: |host, out| out.push_str(host.diagnosis.stability.verdict.word()),
        key: |host| SortKey::Number(host.diagnosis.stability.verdict as i64),
    },
    Column {
        id: ColumnId::Finding,
        word: "finding",
        about: "the worst finding",
        spelt: Some(spelling::any),
        is_date: false,
        says: |host, out| {
            if let Some(finding) = host.diagnosis.findings.first() {
                append(out, format_args!("{} {}", finding.id, finding.title));
            }
        },
        key: |host| {
            host.diagnosis
                .findings
                .first()
                .map_or(SortKey::Missing, |finding| {
                    SortKey::Ranked(-(finding.severity as i64), finding.id)
                })
        },
    },
];

fn write_address(host: &Host, out: &mut String) {
    match host.key() {
        HostKey::Endpoint(endpoint) if endpoint.port == DEFAULT_PORT => {
            append(out, format_args!("{}", endpoint.address));
        }
        HostKey::Endpoint(endpoint) => append(out, format_args!("{endpoint}")),
        HostKey::Unresolved { .. } => out.push_str("no address"),
    }
}

fn write_tls(host: &Host, out: &mut String) {
    let Some(tls) = host.tls() else {
        return;
    };
    match tls {
        (TlsHandshake::Failed, _) => out.push_str("fail"),
        (_, Some(TlsVersion::SSL_3_0)) => out.push_str("ssl3"),
        // The star says that only the legacy peek could read it: a modern client may not get through.
        (TlsHandshake::LegacyPeek, Some(version)) => append(out, format_args!("{version}*")),
        (_, Some(version)) => append(out, format_args!("{version}")),
        (_, None) => out.push('?'),
    }
}
