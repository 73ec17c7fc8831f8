//! The fields of the language: what each asks, and what it takes.

use super::values;

/// What a field compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One of some words.
    Word,
    /// Something with an order: `<`, `<=`, `>=` and `>` are taken too.
    Ordered,
    /// Text with `*` for anything.
    Text,
}

/// A field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub word: &'static str,
    /// What it asks, in a few words.
    pub says: &'static str,
    /// What it compares.
    pub kind: Kind,
    /// What stands after it, in words.
    pub takes: &'static str,
    /// An example that can be typed as it stands.
    pub example: &'static str,
}

impl Field {
    /// The field of that name; `address`, as the column is called, is `ip` too.
    #[must_use]
    pub fn of_word(word: &str) -> Option<&'static Self> {
        let word = if word.eq_ignore_ascii_case("address") {
            "ip"
        } else {
            word
        };
        FIELDS
            .iter()
            .find(|field| field.word.eq_ignore_ascii_case(word))
    }

    /// The values that it can have, each with what it means, when they can be listed.
    #[must_use]
    pub fn values(&self) -> Vec<(&'static str, &'static str)> {
        values::of(self.word)
    }
}

/// The names of the fields, for a sentence.
pub(super) fn words() -> String {
    let words: Vec<_> = FIELDS.iter().map(|field| field.word).collect();
    words.join(", ")
}

/// The language for a page of help: `(example, what it means)`, first what joins tests, then every field.
pub fn reference() -> impl Iterator<Item = (&'static str, &'static str)> {
    let signs = SYNTAX.iter().map(|(_, says, example)| (*example, *says));
    signs.chain(FIELDS.iter().map(|field| (field.example, field.says)))
}

/// Signs and words between tests, each with what it does and an example: with [`FIELDS`], the whole language.
#[rustfmt::skip]
pub static SYNTAX: &[(&str, &str, &str)] = &[
    ("word", "found in any column but counts and measures, whatever its case; dates from the year and a dash on", "srv05"),
    ("\"two words\"", "found as they stand", "\"Issuing CA\""),
    ("field:value", "the field is that value, or has it in it; = is the same", "dns:stale"),
    ("field!=value", "the field is another", "port!=3389"),
    ("field<value", "compared; <= > >= too, with or without spaces", "days < 30"),
    ("*", "anything, in the value of a field of text", "finding:RDP-DNS-*"),
    ("!", "the opposite; `not` is the same", "!state:healthy"),
    ("and", "both; a space is the same", "tls<1.2 nla:not_offered"),
    ("or", "at least one; `and` binds closer", "cert:expired or days<30"),
    ("( )", "together", "dns:stale (srv or days<7)"),
];

/// Every field.
#[rustfmt::skip]
pub static FIELDS: &[Field] = &[
    Field { word: "state", says: "the host's state", kind: Kind::Word, takes: "a state", example: "state:broken" },
    Field { word: "listed", says: "whether the target was given one by one, and not by a range alone", kind: Kind::Word, takes: "yes or no", example: "listed:yes" },
    Field { word: "cert", says: "the certificate's validity", kind: Kind::Word, takes: "a validity", example: "cert:expired" },
    Field { word: "days", says: "days left on the certificate", kind: Kind::Ordered, takes: "a whole number of days", example: "days<30" },
    Field { word: "expires", says: "the day on which the certificate ends, UTC", kind: Kind::Ordered, takes: "a date such as 2026-12-31", example: "expires<2026-12-31" },
    Field { word: "dns", says: "the name against the address", kind: Kind::Word, takes: "a verdict on names", example: "dns:stale" },
    Field { word: "stability", says: "steady, flaky or down", kind: Kind::Word, takes: "a verdict on attempts", example: "stability:flaky" },
    Field { word: "nla", says: "Network Level Authentication", kind: Kind::Word, takes: "required, offered, not_offered or unknown", example: "nla:required" },
    Field { word: "protocol", says: "the security protocol that the server selected", kind: Kind::Word, takes: "a protocol", example: "protocol:ssl" },
    Field { word: "features", says: "what the server announces in its negotiation response", kind: Kind::Word, takes: "a feature", example: "features:restricted_admin" },
    Field { word: "tls", says: "the TLS version", kind: Kind::Ordered, takes: "ssl3, 1.0, 1.1, 1.2 or 1.3", example: "tls<1.2" },
    Field { word: "finding", says: "a finding, with * for anything", kind: Kind::Text, takes: "the id of a finding", example: "finding:RDP-DNS-*" },
    Field { word: "severity", says: "how bad the worst finding is", kind: Kind::Ordered, takes: "critical, high, medium, low or info", example: "severity>=high" },
    Field { word: "stage", says: "the stage that broke", kind: Kind::Word, takes: "a stage", example: "stage:tls" },
    Field { word: "predicted", says: "the error that mstsc would probably show", kind: Kind::Text, takes: "a code such as 0x904", example: "predicted:0x904" },
    Field { word: "name", says: "any of the host's names, with * for anything", kind: Kind::Text, takes: "a name or a part of one", example: "name:*.corp.example" },
    Field { word: "domain", says: "what follows the first label of the name", kind: Kind::Text, takes: "a domain or a part of one", example: "domain:corp.example" },
    Field { word: "reverse", says: "the name that the address leads back to", kind: Kind::Text, takes: "a name or a part of one", example: "reverse:srv*" },
    Field { word: "ip", says: "the address, its network or a range", kind: Kind::Text, takes: "an address, a network such as 10.0.4.0/24 or a range such as 10.0.4.10-50", example: "ip:10.0.4.0/24" },
    Field { word: "port", says: "the TCP port", kind: Kind::Ordered, takes: "a port from 0 to 65535", example: "port:3389" },
    Field { word: "cn", says: "the certificate's common name", kind: Kind::Text, takes: "a name or a part of one", example: "cn:srv05*" },
    Field { word: "issuer", says: "who issued the certificate", kind: Kind::Text, takes: "a part of the issuer's name", example: "issuer:\"Issuing CA 1\"" },
    Field { word: "thumbprint", says: "the certificate's SHA-1", kind: Kind::Text, takes: "a thumbprint or a part of one", example: "thumbprint:5a5a*" },
    Field { word: "signature", says: "the algorithm of the certificate's signature", kind: Kind::Text, takes: "an algorithm or a part of its name", example: "signature:sha1*" },
    Field { word: "key", says: "bits of the certificate's RSA or DSA key", kind: Kind::Ordered, takes: "a number of bits", example: "key<2048" },
    Field { word: "sans", says: "how many alternative names the certificate has", kind: Kind::Ordered, takes: "a number of names", example: "sans:0" },
    Field { word: "build", says: "version of the operating system", kind: Kind::Ordered, takes: "a build such as 20348 or 10.0.20348", example: "build<17763" },
    Field { word: "connect", says: "median time of a TCP connect", kind: Kind::Ordered, takes: "a number of milliseconds", example: "connect>100" },
    Field { word: "handshake", says: "median time of a TLS handshake", kind: Kind::Ordered, takes: "a number of milliseconds", example: "handshake>500" },
    Field { word: "loss", says: "share of connects that got lost", kind: Kind::Ordered, takes: "a number of percent", example: "loss>=5%" },
    Field { word: "attempts", says: "attempts that count", kind: Kind::Ordered, takes: "a number of attempts", example: "attempts<3" },
    Field { word: "failures", says: "attempts that failed", kind: Kind::Ordered, takes: "a number of attempts", example: "failures>0" },
    Field { word: "retransmits", says: "segments that had to be sent again", kind: Kind::Ordered, takes: "a number of segments", example: "retransmits>0" },
    Field { word: "first_seen", says: "the day on which a connect first came up, UTC", kind: Kind::Ordered, takes: "a date such as 2026-12-31", example: "first_seen<2026-12-31" },
    Field { word: "last_seen", says: "the day on which a connect last came up, UTC", kind: Kind::Ordered, takes: "a date such as 2026-12-31", example: "last_seen<2026-12-31" },
];
