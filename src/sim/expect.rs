use serde::de::value::StringDeserializer;
use serde::de::{Deserialize, Deserializer, Error};

use crate::model::{
    CertificateStatus, DnsVerdict, HostState, Nla, SelectedSecurity, StabilityVerdict, Stage,
    TlsHandshake,
};

/// A value, or `"none"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected<T> {
    Nothing,
    Exactly(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Expected<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == "none" {
            return Ok(Self::Nothing);
        }
        let inner: StringDeserializer<serde::de::value::Error> = StringDeserializer::new(text);
        T::deserialize(inner)
            .map(Self::Exactly)
            .map_err(|error| D::Error::custom(format!("{error}, or `none`")))
    }
}

/// The expected result of a scan for one host. Absent fields are not compared.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expectation {
    pub state: Option<HostState>,
    pub failed_stage: Option<Expected<Stage>>,
    pub security: Option<SelectedSecurity>,
    pub nla: Option<Nla>,
    /// Such as `1.2`.
    pub tls: Option<Expected<String>>,
    pub handshake: Option<Expected<TlsHandshake>>,
    pub certificate_status: Option<Expected<CertificateStatus>>,
    pub days_left: Option<i64>,
    pub dns: Option<DnsVerdict>,
    pub stability: Option<StabilityVerdict>,
    /// The DNS computer name in NTLM.
    pub ntlm_computer: Option<Expected<String>>,
    /// Ids.
    pub findings: Vec<String>,
    /// Ids that must not be found.
    pub not_findings: Vec<String>,
    /// Code of the client error, such as `0x904`.
    pub predicted: Option<Expected<String>>,
}
