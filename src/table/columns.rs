//! What the columns of a list of hosts say and how they sort; how they look is the business of whoever draws them.

use std::fmt::Write as _;

use super::sort::SortKey;
use crate::fleet::Host;
use crate::model::{Nla, Subject, TlsMethod, TlsVersion};

/// Which column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ColumnId {
    /// The host's state.
    State,
    /// Address, and port where it is not 3389.
    Address,
    /// The name to show.
    Name,
    /// Days left on the certificate.
    Days,
    /// TLS version.
    Tls,
    /// Network Level Authentication.
    Nla,
    /// Name against address.
    Dns,
    /// Steady or flaky, with a bar per attempt.
    Stability,
    /// The worst finding.
    Finding,
}

impl ColumnId {
    /// Every column, in the order in which they stand unless told otherwise.
    pub const ALL: [Self; 9] = [
        Self::State,
        Self::Address,
        Self::Name,
        Self::Days,
        Self::Tls,
        Self::Nla,
        Self::Dns,
        Self::Stability,
        Self::Finding,
    ];

    /// The column's name in settings, flags and the filter language.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.column().word
    }

    /// The column of that name.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        COLUMNS
            .iter()
            .find(|column| column.word.eq_ignore_ascii_case(word))
            .map(|column| column.id)
    }

    /// Appends what the column says of a host, in words.
    ///
    /// Raw network text: make it safe for the sink before showing it.
    pub fn say(self, host: &Host, out: &mut String) {
        (self.column().says)(host, out);
    }

    /// What the column sorts a host by.
    #[must_use]
    pub(super) fn key(self) -> fn(&Host) -> SortKey<'_> {
        self.column().key
    }

    fn column(self) -> &'static Column {
        let [first, ..] = &COLUMNS;
        COLUMNS
            .iter()
            .find(|column| column.id == self)
            .unwrap_or(first)
    }
}

struct Column {
    id: ColumnId,
    word: &'static str,
    says: fn(&Host, &mut String),
    /// The worst, or the first, is the least.
    key: fn(&Host) -> SortKey<'_>,
}

static COLUMNS: [Column; 9] = [
    Column {
        id: ColumnId::State,
        word: "state",
        says: |host, out| out.push_str(host.diagnosis.state.word()),
        key: |host| {
            let worst = host
                .diagnosis
                .findings
                .first()
                .map_or(0, |finding| finding.severity as i64 + 1);
            SortKey::Number(host.diagnosis.state as i64 * 8 - worst)
        },
    },
    Column {
        id: ColumnId::Address,
        word: "address",
        says: |host, out| write_address(host, out),
        key: |_| SortKey::Number(0),
    },
    Column {
        id: ColumnId::Name,
        word: "name",
        says: |host, out| {
            if let Some(name) = host.display_name() {
                out.push_str(name);
            }
        },
        key: |host| host.display_name().map_or(SortKey::Missing, SortKey::Text),
    },
    Column {
        id: ColumnId::Days,
        word: "days",
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
        says: |host, out| out.push_str(host.diagnosis.dns.word()),
        key: |host| SortKey::Number(host.diagnosis.dns as i64),
    },
    Column {
        id: ColumnId::Stability,
        word: "stability",
        says: |host, out| out.push_str(host.diagnosis.stability.verdict.word()),
        key: |host| SortKey::Number(host.diagnosis.stability.verdict as i64),
    },
    Column {
        id: ColumnId::Finding,
        word: "finding",
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
    match host.subject() {
        Subject::Endpoint(endpoint) if endpoint.port == crate::model::DEFAULT_PORT => {
            append(out, format_args!("{}", endpoint.address));
        }
        Subject::Endpoint(endpoint) => append(out, format_args!("{endpoint}")),
        Subject::Unresolved { .. } => out.push_str("no address"),
    }
}

fn write_tls(host: &Host, out: &mut String) {
    let Some(tls) = host.tls() else {
        return;
    };
    match tls {
        (TlsMethod::Failed, _) => out.push_str("fail"),
        (_, Some(TlsVersion::SSL_3_0)) => out.push_str("ssl3"),
        // The star says that only the legacy peek could read it: a modern client may not get through.
        (TlsMethod::LegacyPeek, Some(version)) => append(out, format_args!("{version}*")),
        (_, Some(version)) => append(out, format_args!("{version}")),
        (_, None) => out.push('?'),
    }
}

/// Writing into a string cannot fail.
fn append(out: &mut String, arguments: std::fmt::Arguments<'_>) {
    if out.write_fmt(arguments).is_err() {
        debug_assert!(false, "a string takes any text");
    }
}
