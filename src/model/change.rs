use schemars::JsonSchema;
use serde::Serialize;

use super::verdict::words;

words! {
    /// How a host differs between two scans. Ordered from worst to best for sorting.
    ChangeClass {
        /// It answered, and does not any more: closed, filtered or unreachable.
        Gone = "gone",
        /// A session could be established, and now no attempt gets through.
        BrokenSince = "broken_since",
        /// Another machine is at this address.
        Replaced = "replaced",
        /// Its certificate has expired since.
        ExpiredSince = "expired_since",
        /// It was healthy, and is degraded.
        DegradedSince = "degraded_since",
        /// It was steady, and some attempts fail.
        FlakySince = "flaky_since",
        /// It has a finding that it did not have.
        FindingAdded = "finding_added",
        /// A certificate was replaced that was neither expired nor about to.
        RenewedEarly = "renewed_early",
        /// Its certificates have other keys.
        KeyChanged = "key_changed",
        /// Its certificates have another issuer.
        IssuerChanged = "issuer_changed",
        /// The machine has another name.
        NameChanged = "name_changed",
        /// The machine, or a listed name, is at another address.
        AddressMoved = "address_moved",
        /// It negotiates something else: security, flags, TLS, key, chain, build or number of certificates.
        ConfigurationChanged = "configuration_changed",
        /// It answers, and did not.
        New = "new",
        /// A finding is gone.
        FindingCleared = "finding_cleared",
        /// A certificate was replaced by another one.
        Renewed = "renewed",
        /// It works better than before.
        Recovered = "recovered",
        /// One of the scans did not look at it.
        NotScanned = "not_scanned",
    }
}

/// One difference of a host between two scans. Texts from the network are raw.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Change {
    /// Its kind.
    pub class: ChangeClass,
    /// What it was; null where there was nothing.
    pub before: Option<String>,
    /// What it is; null where there is nothing.
    pub after: Option<String>,
}
