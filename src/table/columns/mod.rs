//! What the columns of a list of hosts say and how they sort; how they look is the business of whoever draws them.

mod more;
mod spelling;
mod usual;

use std::fmt::Write as _;

use super::sort::SortKey;
use crate::fleet::Host;
use spelling::Spelling;

pub(super) use more::{domain_of, thousandths};

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
    /// The stage where attempts end.
    Stage,
    /// The error that mstsc would probably show.
    Predicted,
    /// The security protocol that the server selected.
    Protocol,
    /// What the server announces in its negotiation response.
    Features,
    /// The certificate's common name.
    CommonName,
    /// Who issued the certificate.
    Issuer,
    /// How many alternative names the certificate has.
    AlternativeNames,
    /// The day on which the certificate ends, UTC.
    Expires,
    /// The certificate's SHA-1, as certlm shows it.
    Thumbprint,
    /// The certificate's key: algorithm and bits.
    Key,
    /// The algorithm of the certificate's signature.
    Signature,
    /// Median time of a TCP connect, in milliseconds.
    Connect,
    /// Median time of a TLS handshake, in milliseconds.
    Handshake,
    /// Share of connects that got lost, in percent.
    Loss,
    /// Attempts that count.
    Attempts,
    /// Attempts that failed.
    Failures,
    /// Segments that had to be sent again, over all attempts.
    Retransmits,
    /// When a connect first came up, UTC.
    FirstSeen,
    /// When a connect last came up, UTC.
    LastSeen,
    /// The addresses that the host's names lead to.
    Forward,
    /// The name that the address leads back to.
    Reverse,
    /// What follows the first label of the name.
    Domain,
    /// The /24 of an IPv4 address, the /64 of an IPv6 address.
    Subnet,
    /// Version of the operating system, as NTLM claims it.
    Build,
}

impl ColumnId {
    /// Every column, in the order in which they stand unless told otherwise.
    pub const ALL: [Self; 33] = [
        Self::State,
        Self::Address,
        Self::Name,
        Self::Days,
        Self::Tls,
        Self::Nla,
        Self::Dns,
        Self::Stability,
        Self::Finding,
        Self::Stage,
        Self::Predicted,
        Self::Protocol,
        Self::Features,
        Self::CommonName,
        Self::Issuer,
        Self::AlternativeNames,
        Self::Expires,
        Self::Thumbprint,
        Self::Key,
        Self::Signature,
        Self::Connect,
        Self::Handshake,
        Self::Loss,
        Self::Attempts,
        Self::Failures,
        Self::Retransmits,
        Self::FirstSeen,
        Self::LastSeen,
        Self::Forward,
        Self::Reverse,
        Self::Domain,
        Self::Subnet,
        Self::Build,
    ];

    /// The columns that stand unless told otherwise, from left to right.
    pub const USUAL: [Self; 9] = [
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

    /// What the column says, in a few words.
    #[must_use]
    pub fn about(self) -> &'static str {
        self.column().about
    }

    /// The column of that name; `ip`, as the filter calls it, is `address` too.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        if word.eq_ignore_ascii_case("ip") {
            return Some(Self::Address);
        }
        all()
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
        let [first, ..] = &usual::COLUMNS;
        all().find(|column| column.id == self).unwrap_or(first)
    }
}

/// A column.
struct Column {
    id: ColumnId,
    word: &'static str,
    /// What it says, in a few words.
    about: &'static str,
    /// How it is spelt, when a bare word of a filter is looked for in it. Counts and measures are not searched: `3` would find
    /// every host.
    spelt: Option<Spelling>,
    /// Searched by words that begin like a date, and by no others.
    is_date: bool,
    says: fn(&Host, &mut String),
    /// The worst, or the first, is the least.
    key: fn(&Host) -> SortKey<'_>,
}

/// All of them, the usual ones first.
fn all() -> impl Iterator<Item = &'static Column> {
    usual::COLUMNS.iter().chain(&more::COLUMNS)
}

/// Where words of a filter are looked for, and room for the text of one host after another.
pub(super) struct Searched {
    texts: Texts,
    dates: Texts,
}

/// Columns, and what they say of a host once it was asked for.
#[derive(Default)]
struct Texts {
    columns: Vec<&'static Column>,
    text: String,
}

impl Searched {
    /// Looks where one of these words can stand; they are in lower case.
    pub(super) fn new(words: &[&str]) -> Self {
        let of = |dates: bool| {
            let words: Vec<&&str> = words
                .iter()
                .filter(|word| !dates || spelling::begins_like_a_date(word))
                .collect();
            let columns = all().filter(|column| {
                column.is_date == dates
                    && column
                        .spelt
                        .is_some_and(|spelt| words.iter().any(|word| word.bytes().all(spelt)))
            });
            Texts {
                columns: columns.collect(),
                text: String::new(),
            }
        };
        Self {
            texts: of(false),
            dates: of(true),
        }
    }

    /// Forgets the host before.
    pub(super) fn clear(&mut self) {
        self.texts.text.clear();
        self.dates.text.clear();
    }

    /// Whether the host has the word in a column. INVARIANT: the host is the same since [`Self::clear`].
    pub(super) fn contains(&mut self, host: &Host, word: &str) -> bool {
        self.texts.contain(host, word)
            || (spelling::begins_like_a_date(word) && self.dates.contain(host, word))
    }
}

impl Texts {
    fn contain(&mut self, host: &Host, word: &str) -> bool {
        if self.text.is_empty() {
            self.write(host);
        }
        self.text.contains(word)
    }

    fn write(&mut self, host: &Host) {
        for column in &self.columns {
            (column.says)(host, &mut self.text);
            self.text.push('\n');
        }
        if self.text.is_ascii() {
            self.text.make_ascii_lowercase();
        } else {
            self.text = self.text.to_lowercase();
        }
    }
}

/// Writing into a string cannot fail.
fn append(out: &mut String, arguments: std::fmt::Arguments<'_>) {
    if out.write_fmt(arguments).is_err() {
        debug_assert!(false, "a string takes any text");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::{attempt, closed, days, host_at, issued, legacy, reset, times, tls};
    use crate::model::{
        DnsVerdict, HostKey, HostState, NameSource, Nla, PathFacts, StabilityVerdict, Stage,
        TlsVersion,
    };

    #[test]
    fn every_column_has_a_place_in_the_table_and_a_word_of_its_own() {
        let mut words: Vec<_> = ColumnId::ALL.map(ColumnId::word).to_vec();
        for (column, id) in all().zip(ColumnId::ALL) {
            assert_eq!(column.id, id);
            assert_eq!(ColumnId::of_word(id.word()), Some(id));
        }
        assert_eq!(ColumnId::of_word("IP"), Some(ColumnId::Address));
        assert_eq!(all().count(), ColumnId::ALL.len());
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), ColumnId::ALL.len());
    }

    fn domain_member() -> Host {
        let made = times(3, || {
            attempt()
                .shown(tls(issued(&["srv05.corp.example", "srv05"])))
                .edit(|attempt| {
                    attempt.started_at = days(-1);
                    attempt.path = Some(PathFacts {
                        retransmits: Some(2),
                        rtt_us: 900,
                    });
                })
        })
        .named(NameSource::Ptr, "srv05.corp.example")
        .leads_to("srv05.corp.example", &["10.0.0.5", "10.0.0.6"]);
        Host::new(&made.history, made.diagnose())
    }

    #[test]
    fn the_columns_say_what_was_seen() {
        let host = domain_member();
        for (id, expected) in [
            (ColumnId::CommonName, "srv05.corp.example"),
            (ColumnId::Issuer, "CN=Corp Issuing CA 1,DC=corp,DC=example"),
            (ColumnId::AlternativeNames, "2"),
            (ColumnId::Expires, "2026-03-07"),
            (ColumnId::Thumbprint, &*"5a".repeat(20)),
            (ColumnId::Key, "RSA 2048"),
            (ColumnId::Signature, "sha256WithRSAEncryption"),
            (ColumnId::Protocol, "hybrid"),
            (
                ColumnId::Features,
                "extended_client_data graphics_pipeline restricted_admin remote_credential_guard",
            ),
            (ColumnId::Connect, "2.0"),
            (ColumnId::Handshake, "2.0"),
            (ColumnId::Loss, "0%"),
            (ColumnId::Attempts, "3"),
            (ColumnId::Failures, "0"),
            (ColumnId::Retransmits, "6"),
            (ColumnId::FirstSeen, "2025-06-14 12:00"),
            (ColumnId::LastSeen, "2025-06-14 12:00"),
            (ColumnId::Forward, "10.0.0.5 10.0.0.6"),
            (ColumnId::Reverse, "srv05.corp.example"),
            (ColumnId::Domain, "corp.example"),
            (ColumnId::Subnet, "10.0.0.0/24"),
            (ColumnId::Build, ""),
            (ColumnId::Stage, ""),
        ] {
            let mut said = String::new();
            id.say(&host, &mut said);
            assert_eq!(said, expected, "{id:?}");
        }
    }

    #[test]
    fn a_host_of_which_nothing_is_known_says_nothing_and_sorts_last() {
        let made = times(3, || attempt().refused(3));
        let host = Host::new(&made.history, made.diagnose());
        for id in [
            ColumnId::Features,
            ColumnId::CommonName,
            ColumnId::Issuer,
            ColumnId::AlternativeNames,
            ColumnId::Expires,
            ColumnId::Thumbprint,
            ColumnId::Key,
            ColumnId::Signature,
            ColumnId::Handshake,
            ColumnId::Retransmits,
            ColumnId::Forward,
            ColumnId::Reverse,
            ColumnId::Domain,
            ColumnId::Build,
        ] {
            let mut said = String::new();
            id.say(&host, &mut said);
            assert_eq!(said, "", "{id:?}");
            assert_eq!(id.key()(&host), SortKey::Missing, "{id:?}");
        }
    }

    #[test]
    fn a_word_finds_texts_and_dates_of_any_column_and_no_counts() {
        let host = domain_member();
        let finds = |word: &str| Searched::new(&[word]).contains(&host, word);
        for word in [
            "issuing ca",
            "5a5a",
            "sha256with",
            "10.0.0.6",
            "rsa 2048",
            "srv05",
            "2025-06-14",
            "2025-06-14 12:0",
            "2026-03",
        ] {
            assert!(finds(word), "{word}");
        }
        for word in ["srv06", "2025-06-15", "2026", "12:00", "6-14"] {
            assert!(!finds(word), "{word}");
        }
    }

    /// A column that were spelt otherwise than it says would be passed over by words that it has.
    #[test]
    fn columns_are_spelt_as_they_say() {
        let old = || attempt().shown(legacy(TlsVersion::SSL_3_0));
        let odd = || attempt().shown(legacy(TlsVersion(0x7f1c)));
        let makers = [
            times(3, || attempt().through()),
            times(3, old),
            times(3, odd),
            times(3, || attempt().refused(3)),
            times(3, || attempt().tls_fails(closed(0), closed(0))),
            times(3, || attempt().tcp().stage(Stage::X224, reset(0))).at("2001:db8::5"),
            host_at(
                HostKey::Unresolved {
                    name: "gone.corp.example".into(),
                    port: 3390,
                },
                [],
            ),
        ];
        let mut hosts: Vec<Host> = makers
            .iter()
            .map(|made| Host::new(&made.history, made.diagnose()))
            .collect();
        hosts.push(domain_member());
        for host in hosts {
            for column in all() {
                let mut said = String::new();
                (column.says)(&host, &mut said);
                let strange = |byte: u8| column.spelt.is_some_and(|spelt| !spelt(byte));
                let found: Vec<_> = said
                    .to_lowercase()
                    .bytes()
                    .filter(|b| strange(*b))
                    .collect();
                assert_eq!(found, [0_u8; 0], "{:?}: {said}", column.id);
            }
        }
        let every_word = HostState::ALL
            .iter()
            .map(|word| word.word())
            .chain(DnsVerdict::ALL.iter().map(|word| word.word()))
            .chain(Nla::ALL.iter().map(|word| word.word()))
            .chain(StabilityVerdict::ALL.iter().map(|word| word.word()));
        for word in every_word {
            assert!(word.bytes().all(spelling::words), "{word}");
        }
        for stage in Stage::ALL {
            assert!(stage.word().bytes().all(spelling::stages), "{stage}");
        }
    }
}
