use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The words of an enum for JSON, screens and filters, from one list.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        pub enum $name { $($(#[$vmeta])* #[serde(rename = $word)] $variant),+ }

        impl $name {
            /// Every value, in order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word used in JSON and on screens.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.pad(self.word()) }
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
        /// The user gave it up before it came to an end, and what was seen until then is no clean bill of health.
        GivenUp = "given_up",
        /// Something answers that is not RDP.
        NotRdp = "not_rdp",
        /// An ICMP error, no route, or a name without an address.
        Unreachable = "unreachable",
        /// No answer to SYN, or administratively prohibited.
        Filtered = "filtered",
        /// Refused.
        Closed = "closed",
        /// Nothing is known of it: it is reached only through a gateway, all its addresses are excluded, no resolver had an answer
        /// for its name, or this machine's own trouble kept every attempt from it.
        NotProbed = "not_probed",
        /// Nothing of note.
        Healthy = "healthy",
    }
}

words! {
    /// Whether a certificate can be used, by this machine's clock.
    CertificateStatus {
        /// Past its end.
        Expired = "expired",
        /// Before its start.
        NotYetValid = "not_yet_valid",
        /// Could not be read.
        Unparsable = "unparsable",
        /// Ends within the limit set (30 days by default).
        Expiring = "expiring",
        /// In order.
        Valid = "valid",
    }
}

words! {
    /// What comparing name and address gave (the matrix of `diagnosis`).
    DnsVerdict {
        /// The name leads elsewhere, and another machine answers there.
        WrongHost = "wrong_host",
        /// The name leads only to addresses where nothing answers.
        Stale = "stale",
        /// No such name.
        Missing = "missing",
        /// The name's aliases lead back to one of them, or on and on.
        AliasLoop = "alias_loop",
        /// Some of the name's addresses do not answer.
        PartialDead = "partial_dead",
        /// The name's IPv6 addresses do not answer.
        AaaaDead = "aaaa_dead",
        /// The resolver is in trouble.
        Error = "error",
        /// The reverse name does not lead back here.
        PtrMismatch = "ptr_mismatch",
        /// No reverse name, and no other name to check.
        NoPtr = "no_ptr",
        /// Switched off, or nothing to check.
        NotChecked = "not_checked",
        /// Name and address agree.
        Match = "match",
    }
}

impl DnsVerdict {
    /// Whether there is something to look after: names and addresses that disagree, or that could not be compared. What has no
    /// name to compare, or was not asked about, is no trouble. Every count and view of DNS trouble is of these.
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
    /// Whether Network Level Authentication is asked for.
    Nla {
        /// The server insists.
        Required = "required",
        /// The server chose it when offered.
        Offered = "offered",
        /// The server did not choose it though offered.
        NotOffered = "not_offered",
        /// Not seen.
        Unknown = "unknown",
    }
}

words! {
    /// What repeated attempts say.
    StabilityVerdict {
        /// Some fail, some do not.
        Flaky = "flaky",
        /// All fail.
        Down = "down",
        /// Too few attempts to say.
        Unknown = "unknown",
        /// All get through.
        Steady = "steady",
    }
}
