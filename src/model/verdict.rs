/// The words of an enum for JSON, screens and filters, from one list; with `ALL`, in order of declaration, and with what each
/// means, unless the enum has an order of its own.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $word:literal: $meaning:literal),+ $(,)? }) => {
        crate::model::words! { @unlisted $(#[$meta])* $name { $($(#[$vmeta])* $variant = $word),+ } }

        impl $name {
            /// Every value, in order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// What it means, in a few words.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning),+ }
            }
        }

        impl crate::model::Vocabulary for $name {
            const WORDS: &'static [(Self, &'static str, &'static str)] = &[$((Self::$variant, $word, $meaning)),+];
        }
    };
    (@unlisted $(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord,
            serde::Serialize, serde::Deserialize, schemars::JsonSchema,
        )]
        pub enum $name { $($(#[$vmeta])* #[serde(rename = $word)] $variant),+ }

        impl $name {
            /// The word used in JSON and on screens.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.pad(self.word()) }
        }
    };
}

pub(crate) use words;

/// An enum whose every value has a word and a meaning.
pub trait Vocabulary: Copy + 'static {
    /// Every value with its word and meaning, in order of declaration.
    const WORDS: &'static [(Self, &'static str, &'static str)];
}

words! {
    /// What is always true of a host. Ordered from worst to best for sorting.
    HostState {
        /// The port is open, and no attempt gets through.
        Broken = "broken": "no attempt gets through",
        /// A session can be established, but something is wrong.
        Degraded = "degraded": "a session can be established, but something is wrong",
        /// The user skipped it before its probes were complete, and nothing seen until then makes it healthy.
        Skipped = "skipped": "you skipped this host before its probes were complete",
        /// Another protocol than RDP answers.
        NotRdp = "not_rdp": "another protocol answers on the port",
        /// An ICMP error, no route, or a name without an address.
        Unreachable = "unreachable": "an ICMP error, no route, or a name without an address",
        /// No answer to SYN, or administratively prohibited.
        Filtered = "filtered": "no answer, or administratively prohibited",
        /// The connection was refused.
        Closed = "closed": "the connection was refused",
        /// Nothing is known: behind a gateway, not reached before the scan ended, all addresses excluded, no resolver answered for
        /// the name, or every attempt failed locally.
        NotProbed = "not_probed": "nothing is known of it: a gateway, an exclude, or a local error",
        /// A session can be established, with no finding of medium severity or above.
        Healthy = "healthy": "no finding of medium severity or above",
    }
}

words! {
    /// Validity of a certificate, by the scanning machine's clock.
    CertificateStatus {
        /// After its end of validity.
        Expired = "expired": "past its end",
        /// Before its start of validity.
        NotYetValid = "not_yet_valid": "before its start",
        /// Cannot be parsed.
        Unparsable = "unparsable": "it cannot be read",
        /// Expires within the limits (by default 30 days, and a third of its lifetime).
        Expiring = "expiring": "it expires soon, by the limits of the settings",
        /// Valid.
        Valid = "valid": "within its dates",
    }
}

words! {
    /// Result of comparing names and addresses (the matrix of `diagnosis`).
    DnsVerdict {
        /// The name resolves to another address, where another machine answers.
        WrongHost = "wrong_host": "the name resolves to another machine",
        /// The name resolves only to addresses that do not respond.
        Stale = "stale": "the name resolves only to addresses that do not answer",
        /// The name does not exist.
        Missing = "missing": "no such name, or it has no address",
        /// The aliases (CNAME) of the name form a loop or an endless chain.
        AliasLoop = "alias_loop": "the name's aliases form a loop or an endless chain",
        /// Some addresses of the name do not respond.
        PartialDead = "partial_dead": "some of the name's addresses do not answer",
        /// The IPv6 addresses of the name do not respond.
        AaaaDead = "aaaa_dead": "the name's IPv6 addresses do not answer",
        /// The resolver failed.
        Error = "error": "the resolver is in trouble",
        /// The reverse name does not resolve to this address.
        PtrMismatch = "ptr_mismatch": "the reverse name does not resolve back to the address",
        /// No reverse name, and no other name to check.
        NoPtr = "no_ptr": "no reverse name, and no other name to check",
        /// Disabled, or nothing to check.
        NotChecked = "not_checked": "switched off, or nothing to check",
        /// Name and address agree.
        Match = "match": "name and address agree",
    }
}

impl DnsVerdict {
    /// Whether names and addresses disagree or could not be compared. A host without a name, or not checked, is no trouble. Every
    /// count and view of DNS trouble uses this.
    #[must_use]
    pub const fn is_trouble(self) -> bool {
        match self {
            Self::WrongHost
            | Self::Stale
            | Self::Missing
            | Self::AliasLoop
            | Self::PartialDead
            | Self::AaaaDead
            | Self::Error
            | Self::PtrMismatch => true,
            Self::NoPtr | Self::NotChecked | Self::Match => false,
        }
    }
}

words! {
    /// Whether the server negotiates Network Level Authentication.
    Nla {
        /// The server requires it.
        Required = "required": "the server requires it",
        /// The server selected it when offered.
        Offered = "offered": "the server chose it when offered",
        /// The server did not select it when offered.
        NotOffered = "not_offered": "the server did not choose it when offered",
        /// Not determined.
        Unknown = "unknown": "not seen",
    }
}

words! {
    /// The result of repeated attempts.
    StabilityVerdict {
        /// Some fail, some do not.
        Flaky = "flaky": "some attempts get through, others do not",
        /// All fail.
        Down = "down": "no attempt gets through",
        /// Too few attempts.
        Unknown = "unknown": "too few attempts",
        /// All get through.
        Steady = "steady": "all attempts get through",
    }
}
