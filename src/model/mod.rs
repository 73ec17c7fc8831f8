//! Plain data that all modules share: observed facts, and the vocabulary of verdicts.
//!
//! No I/O, no clock. Strings from the network are bounded in length but raw: `sanitize` makes a version for each sink.

mod attempt;
mod certificate;
mod change;
mod checkpoint;
mod control;
mod digest;
mod endpoint;
mod event;
mod finding;
mod history;
mod identity;
mod moment;
mod name;
mod negotiation;
mod notice;
mod ntlm;
mod planned_work;
mod progress;
mod scan_end;
mod shortage;
mod stage;
mod status;
mod texts;
mod tolerance;
mod utc_second;
mod verdict;

pub use attempt::{Attempt, PathFacts, STALLED_US, TlsFacts, TlsHandshake, TlsVersion};
pub use certificate::{CertificateFacts, ChainCertificate, KeyAlgorithm, PublicKey, TrustVerdict};
pub use change::{Change, ChangeClass};
pub use checkpoint::{
    Checkpoint, OpenEndpoint, OpenName, OpenPlaces, OpenWork, PlaceRange, SilentPass,
};
pub use control::Control;
pub use digest::{Digest, HexBytes, HexError};
pub use endpoint::{DEFAULT_PORT, Endpoint, HostKey, not_a_host, subnet};
pub use event::{EVENT_SCHEMA, EventBody, ScanEvent, ScanPlan};
pub use finding::{Acknowledged, Confidence, Finding, PredictedError, Severity};
pub use history::History;
pub use identity::{EpochId, IdentityError, Origin, ScanId, Site, Stream};
pub(crate) use moment::Moment;
pub use moment::whole_microseconds;
pub use name::{Lookup, LookupAnswer, NameSource, ObservedName, Question, Resolver, domain_of};
pub use negotiation::{
    NegotiationFacts, NegotiationFailure, Protocols, SelectedSecurity, ServerFeature,
};
pub use notice::Notice;
pub use ntlm::{NtlmFacts, ntlm_build};
pub use planned_work::PlannedWork;
pub use progress::{Descriptors, Progress};
pub use scan_end::{ScanEnd, ScanStatus, UnlistedCounts};
pub use shortage::Shortage;
pub use stage::{Outcome, ProbeKind, Stage, StageRecord};
pub use status::status_name;
pub use texts::Texts;
pub use tolerance::{ProbeCounts, ProbeTolerance, Reply, ReplyCounts};
pub use utc_second::{UtcSecond, utc_day};
pub(crate) use verdict::words;
pub use verdict::{CertificateStatus, DnsVerdict, HostState, Nla, StabilityVerdict, Vocabulary};
