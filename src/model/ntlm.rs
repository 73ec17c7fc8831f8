use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Moment;

/// What the server told about itself in the NTLM challenge (MS-NLMP 2.2.1.2 and 2.2.2.1). Every string is raw network text,
/// at most 512 characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
pub struct NtlmFacts {
    /// AV pair 1.
    pub netbios_computer: Option<Box<str>>,
    /// AV pair 2.
    pub netbios_domain: Option<Box<str>>,
    /// AV pair 3.
    pub dns_computer: Option<Box<str>>,
    /// AV pair 4.
    pub dns_domain: Option<Box<str>>,
    /// AV pair 5.
    pub dns_forest: Option<Box<str>>,
    /// Version of the operating system as the server claims it: major, minor, build. Not proof of Windows: `FreeRDP` 2 always
    /// claims 6.1.7601, `FreeRDP` 3 10.0.22631, `IronRDP` 10.0.17763.
    pub version: Option<(u8, u8, u16)>,
    /// AV pair 7: the server's clock when it answered.
    #[schemars(with = "Option<Moment>")]
    pub server_time: Option<Timestamp>,
    /// The middle of our sending and receiving, to hold `server_time` against.
    #[schemars(with = "Option<Moment>")]
    pub asked_at: Option<Timestamp>,
    /// Half of the exchange's duration in milliseconds: the least error of a clock comparison.
    pub clock_error_ms: u32,
    /// The `TSRequest` version in the answer (MS-CSSP 2.2.1); a server may mirror ours.
    pub tsrequest_version: Option<u32>,
    /// Whether the answer carried a client nonce field (tag 5), which Windows does not do in this message.
    pub echoed_nonce: bool,
}

impl NtlmFacts {
    /// The claimed version in the usual notation, such as `10.0.20348`.
    #[must_use]
    pub fn build(&self) -> Option<String> {
        self.version
            .map(|(major, minor, build)| format!("{major}.{minor}.{build}"))
    }

    /// Server clock minus ours, in seconds; positive when the server is ahead. `None` without both times.
    #[must_use]
    pub fn clock_skew_s(&self) -> Option<f64> {
        let (server, asked) = (self.server_time?, self.asked_at?);
        Some((server.as_millisecond() - asked.as_millisecond()) as f64 / 1000.0)
    }
}
