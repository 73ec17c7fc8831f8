/// The words of an enum for JSON, screens and filters, from one list; with `ALL`, in order of declaration, unless the enum has
/// another order of its own.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        crate::model::verdict::words! { @unlisted $(#[$meta])* $name { $($(#[$vmeta])* $variant = $word),+ } }

        impl $name {
            /// Every value, in order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
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

pub(super) use words;

words! {
    /// What is always true of a host. Ordered from worst to best for sorting.
    HostState {
        /// The port is open, and no attempt gets through.
        Broken = "broken",
        /// A session can be established, but something is wrong.
        Degraded = "degraded",
        /// The user skipped it before its probes were complete, and nothing seen until then makes it healthy.
        Skipped = "skipped",
        /// Another protocol than RDP answers.
        NotRdp = "not_rdp",
        /// An ICMP error, no route, or a name without an address.
        Unreachable = "unreachable",
        /// No answer to SYN, or administratively prohibited.
        Filtered = "filtered",
        /// The connection was refused.
        Closed = "closed",
        /// Nothing is known: behind a gateway, not reached before the scan ended, all addresses excluded, no resolver answered for
        /// the name, or every attempt failed locally.
        NotProbed = "not_probed",
        /// A session can be established, with no finding of medium severity or above.
        Healthy = "healthy",
    }
}

words! {
    /// Validity of a certificate, by the scanning machine's clock.
    CertificateStatus {
        /// After its end of validity.
        Expired = "expired",
        /// Before its start of validity.
        NotYetValid = "not_yet_valid",
        /// Cannot be parsed.
        Unparsable = "unparsable",
        /// Expires within the limits (by default 30 days, and a third of its lifetime).
        Expiring = "expiring",
        /// Valid.
        Valid = "valid",
    }
}

words! {
    /// Result of comparing names and addresses (the matrix of `diagnosis`).
    DnsVerdict {
        /// The name resolves to another address, where another machine answers.
        WrongHost = "wrong_host",
        /// The name resolves only to addresses that do not respond.
        Stale = "stale",
        /// The name does not exist.
        Missing = "missing",
        /// The aliases (CNAME) of the name form a loop or an endless chain.
        AliasLoop = "alias_loop",
        /// Some addresses of the name do not respond.
        PartialDead = "partial_dead",
        /// The IPv6 addresses of the name do not respond.
        AaaaDead = "aaaa_dead",
        /// The resolver failed.
        Error = "error",
        /// The reverse name does not resolve to this address.
        PtrMismatch = "ptr_mismatch",
        /// No reverse name, and no other name to check.
        NoPtr = "no_ptr",
        /// Disabled, or nothing to check.
        NotChecked = "not_checked",
        /// Name and address agree.
        Match = "match",
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
        Required = "required",
        /// The server selected it when offered.
        Offered = "offered",
        /// The server did not select it when offered.
        NotOffered = "not_offered",
        /// Not determined.
        Unknown = "unknown",
    }
}

words! {
    /// The result of repeated attempts.
    StabilityVerdict {
        /// Some fail, some do not.
        Flaky = "flaky",
        /// All fail.
        Down = "down",
        /// Too few attempts.
        Unknown = "unknown",
        /// All get through.
        Steady = "steady",
    }
}
