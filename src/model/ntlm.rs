use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Moment, moment};

/// What the NTLM challenge of the server contains (MS-NLMP 2.2.1.2 and 2.2.2.1). Every string is raw network text,
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
    /// Version of the operating system, unverified: major, minor, build. No proof of Windows: `FreeRDP` 2 always
    /// claims 6.1.7601, `FreeRDP` 3 10.0.22631, `IronRDP` 10.0.17763.
    pub version: Option<(u8, u8, u16)>,
    /// AV pair 7: the server's clock when it answered.
    #[serde(with = "moment::option")]
    #[schemars(with = "Option<Moment>")]
    pub server_time: Option<Timestamp>,
    /// This machine's clock halfway between request and answer, to compare with `server_time`.
    #[serde(with = "moment::option")]
    #[schemars(with = "Option<Moment>")]
    pub measured_at: Option<Timestamp>,
    /// Half of the exchange's duration in milliseconds: the smallest error of that comparison.
    pub clock_error_ms: u32,
    /// The `TSRequest` version in the answer (MS-CSSP 2.2.1); a server may mirror ours.
    pub tsrequest_version: Option<u32>,
    /// Whether the answer has a client nonce field (tag 5), which Windows does not send in this message.
    pub echoed_nonce: bool,
}

/// A version of NTLM in the usual notation.
#[must_use]
pub fn ntlm_build((major, minor, build): (u8, u8, u16)) -> String {
    format!("{major}.{minor}.{build}")
}

impl NtlmFacts {
    /// The claimed version in the usual notation, such as `10.0.20348`.
    #[must_use]
    pub fn build(&self) -> Option<String> {
        self.version.map(ntlm_build)
    }

    /// Server clock minus ours, in seconds; positive when the server is ahead. `None` without both times.
    #[must_use]
    pub fn clock_skew_s(&self) -> Option<f64> {
        let (server, asked) = (self.server_time?, self.measured_at?);
        Some((server.as_millisecond() - asked.as_millisecond()) as f64 / 1000.0)
    }
}
