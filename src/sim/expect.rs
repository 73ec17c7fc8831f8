use serde::de::value::StringDeserializer;
use serde::de::{Deserialize, Deserializer, Error};

use crate::model::{
    CertificateStatus, DnsVerdict, HostState, Nla, SelectedSecurity, StabilityVerdict, Stage,
    TlsHandshake,
};

/// A wanted value, or the wish that there be none (`"none"` in a scenario).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted<T> {
    /// There must be no value.
    Nothing,
    /// It must be this.
    Exactly(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Wanted<T> {
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

/// What a scan is expected to find on one host. What is left out is not judged.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expect {
    /// What is always true.
    pub state: Option<HostState>,
    /// Where attempts end.
    pub failed_stage: Option<Wanted<Stage>>,
    /// What was selected.
    pub security: Option<SelectedSecurity>,
    /// Network Level Authentication.
    pub nla: Option<Nla>,
    /// TLS version as shown, such as `1.2`.
    pub tls: Option<Wanted<String>>,
    /// How TLS was read.
    pub handshake: Option<Wanted<TlsHandshake>>,
    /// Status of the leaf.
    pub certificate_status: Option<Wanted<CertificateStatus>>,
    /// Days to the end of the leaf.
    pub days_left: Option<i64>,
    /// Name against address.
    pub dns: Option<DnsVerdict>,
    /// Sometimes or always.
    pub stability: Option<StabilityVerdict>,
    /// The computer name that NTLM must give.
    pub ntlm_computer: Option<Wanted<String>>,
    /// Finding ids that must be there.
    pub findings: Vec<String>,
    /// Finding ids that must not be there.
    pub not_findings: Vec<String>,
    /// Code of the predicted client error, such as `0x904`.
    pub predicted: Option<Wanted<String>>,
}
