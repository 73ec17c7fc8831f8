use schemars::JsonSchema;
use serde::Serialize;

use super::verdict::words;

words! {
    /// How a host differs between two scans. Ordered from worst to best for sorting.
    ChangeClass {
        /// It answered, and does not any more: closed, filtered or unreachable.
        Gone = "gone": "it answered, and does not any more: closed, filtered or unreachable",
        /// A session could be established, and now no attempt gets through.
        BrokenSince = "broken_since": "a session could be established, and now no attempt gets through",
        /// Another machine is at this address.
        Replaced = "replaced": "another machine is at this address",
        /// Its certificate has expired since.
        ExpiredSince = "expired_since": "its certificate has expired since",
        /// It was healthy, and is degraded.
        DegradedSince = "degraded_since": "it was healthy, and is degraded",
        /// It was steady, and some attempts fail.
        FlakySince = "flaky_since": "it was steady, and some attempts fail",
        /// It has a finding that it did not have.
        FindingAdded = "finding_added": "it has a finding that it did not have",
        /// A certificate was replaced that was neither expired nor about to.
        RenewedEarly = "renewed_early": "a certificate was replaced that was neither expired nor about to",
        /// Its certificates have other keys.
        KeyChanged = "key_changed": "its certificates have other keys",
        /// Its certificates have another issuer.
        IssuerChanged = "issuer_changed": "its certificates have another issuer",
        /// The machine has another name.
        NameChanged = "name_changed": "the machine has another name",
        /// The machine, or a listed name, is at another address.
        AddressMoved = "address_moved": "the machine, or a listed name, is at another address",
        /// It negotiates something else: security, flags, TLS, key, chain, build or number of certificates.
        ConfigurationChanged = "configuration_changed": "it negotiates something else: security, flags, TLS, key, chain, build or number of certificates",
        /// It answers, and did not.
        New = "new": "it answers, and did not",
        /// A finding is gone.
        FindingCleared = "finding_cleared": "a finding is gone",
        /// A certificate was replaced that had expired, was about to, or was wrong in another way.
        Renewed = "renewed": "a certificate was replaced that had expired, was about to, or was wrong in another way",
        /// It works better than before.
        Recovered = "recovered": "it works better than before",
        /// One of the scans did not look at it.
        NotScanned = "not_scanned": "one of the scans did not look at it",
    }
}

impl ChangeClass {
    /// As people write it: "broken since".
    #[must_use]
    pub fn in_words(self) -> String {
        self.word().replace('_', " ")
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
