use std::net::{IpAddr, Ipv4Addr};

use derive_more::Display;
use serde::Deserialize;

/// A loopback address as text, or a number N that stands for `127.77.0.N`.
///
/// INVARIANT: made by [`Deserialize`] it is a loopback address; [`super::SimulatedFleet::start`] checks again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, Display)]
#[serde(try_from = "toml::Value")]
pub struct Address(pub IpAddr);

impl Address {
    #[must_use]
    pub const fn numbered(number: u16) -> Self {
        let [high, low] = number.to_be_bytes();
        Self(IpAddr::V4(Ipv4Addr::new(127, 77, high, low)))
    }
}

impl TryFrom<toml::Value> for Address {
    type Error = String;

    fn try_from(value: toml::Value) -> Result<Self, String> {
        match value {
            toml::Value::Integer(number) => u16::try_from(number)
                .map(Self::numbered)
                .map_err(|_| format!("host number {number} is not in 0 to 65535")),
            toml::Value::String(text) => match text.parse::<IpAddr>() {
                Ok(address) if address.is_loopback() => Ok(Self(address)),
                Ok(address) => Err(format!(
                    "{address} is not a loopback address; use 127.0.0.0/8 or ::1"
                )),
                Err(_) => Err(format!("\"{text}\" is not an address")),
            },
            _ => Err("not a loopback address, or a number N for 127.77.0.N".to_owned()),
        }
    }
}

/// What listens on the host's port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// Remote Desktop, as the other fields describe it.
    #[default]
    Rdp,
    /// Nothing: connections are refused.
    Refused,
    /// A packet filter that drops: SYNs stay unanswered. Emulated by a full accept queue; on Windows it refuses instead.
    Filtered,
    /// An SSH server, which speaks first.
    Ssh,
    /// A mail server, which speaks first.
    Smtp,
    /// A web server, which answers bytes that it does not understand with status 400.
    Http,
    /// Something that speaks TLS at once and sends an alert when it gets X.224.
    Tls,
    /// Bytes that look like nothing known.
    Noise,
}

/// What the server selects (MS-RDPBCGR 2.2.1.2), depending on the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Security {
    /// NLA required: HYBRID, else failure 5.
    #[default]
    Hybrid,
    /// As `hybrid`, and `HYBRID_EX` when requested.
    HybridEx,
    /// HYBRID when offered, else SSL.
    HybridOptional,
    /// TLS without NLA; failure 1 without it.
    Ssl,
    /// TLS without NLA, and a bare confirm to a bare request: xrdp, and Windows with its security layer set to negotiate.
    SslOptional,
    /// Always RDSTLS.
    Rdstls,
    /// A negotiation response that selects standard RDP security.
    StandardRdp,
    /// A confirm without negotiation data: a server older than negotiation.
    Bare,
    /// This failure code, known or not. With code 2 a request without TLS succeeds, as on Windows.
    Failure(u32),
    /// An X.224 disconnect request in place of the confirm.
    Disconnect,
}

/// The RDP server that the host imitates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stack {
    /// Source reference 0x1234, all response flags, own NTLM names and build.
    #[default]
    Windows,
    /// Source reference 0x1234, no flags.
    Xrdp,
    /// Source reference 0, NTLM version 6.1.7601, echoes the client nonce.
    Freerdp,
}

/// TLS versions and suites.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TlsProfile {
    /// 1.2 and 1.3.
    #[default]
    Modern,
    /// 1.2 with modern suites only.
    #[serde(rename = "1.2")]
    Tls12,
    /// 1.3 only: no answer to the legacy peek.
    #[serde(rename = "1.3")]
    Tls13,
    /// 1.0 only: alert 70 to a modern hello, canned bytes to the legacy peek.
    #[serde(rename = "legacy_1.0")]
    Legacy10,
    /// 1.1 only.
    #[serde(rename = "legacy_1.1")]
    Legacy11,
    /// 1.2 with RSA key exchange only: alert 40 to a modern hello.
    #[serde(rename = "legacy_1.2_rsa")]
    Legacy12Rsa,
    /// 1.2 with `ECDHE` and CBC only, as 2012 R2 by default.
    #[serde(rename = "legacy_1.2_cbc")]
    Legacy12Cbc,
    /// Alert 40 to every hello.
    NoCommonSuite,
    /// Alert 70 to every hello.
    NoCommonVersion,
    /// Alert 80 to every hello: a server with an unusable key.
    InternalError,
    /// Bytes that are not TLS.
    Garbage,
}

impl TlsProfile {
    /// Whether rustls serves it. The others are canned bytes.
    #[must_use]
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Modern | Self::Tls12 | Self::Tls13)
    }
}

/// The answer to the NTLM negotiate message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Credssp {
    /// A challenge.
    #[default]
    Challenge,
    /// A `TSRequest` without a token.
    NoToken,
    /// A `TSRequest` with this NTSTATUS.
    Error(u32),
}

/// Names, version and clock in the NTLM challenge. Defaults derive from the host's first name.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NtlmSpec {
    /// AV pair 1; by default the first label in upper case, at most 15 characters.
    pub netbios_computer: Option<String>,
    /// AV pair 2.
    pub netbios_domain: Option<String>,
    /// AV pair 3.
    pub dns_computer: Option<String>,
    /// AV pair 4.
    pub dns_domain: Option<String>,
    /// AV pair 5; none outside a domain.
    pub dns_forest: Option<String>,
    /// Claimed build such as `10.0.17763`.
    pub build: Option<String>,
    /// Seconds that the host's clock is ahead.
    #[serde(default)]
    pub clock_skew_s: i64,
    /// `TSRequest` version in the answer; 6 by default.
    pub tsrequest_version: Option<u32>,
}

/// Who signed a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Issuer {
    /// The host itself, as on Windows.
    #[default]
    Itself,
    /// The simulated company's issuing CA; the chain is leaf and issuing CA.
    Corp,
    /// The same CA, but the server sends the leaf alone.
    CorpShort,
    /// A TLS inspection appliance.
    Inspection,
}

/// Extended key usage of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExtendedUsage {
    /// Server authentication.
    #[default]
    ServerAuth,
    /// Remote Desktop Authentication (1.3.6.1.4.1.311.54.1.2) alone.
    RemoteDesktop,
    /// Client authentication alone: wrong for a server.
    ClientAuth,
    /// No such extension.
    Absent,
}

/// Certificates that cannot be made at run time and are committed. Valid from 2014 to 2049, whatever the clock says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fixture {
    /// RSA 1024 and SHA-1, `CN=nt-old01.corp.example`.
    Rsa1024Sha1,
    /// RSA 2048 and SHA-1, `CN=srv2008-02.corp.example`.
    Rsa2048Sha1,
    /// RSA 1024 and MD5, `CN=nt-old02.corp.example`.
    Rsa1024Md5,
    /// RSA 512, `CN=nt-old03.corp.example`.
    Rsa512,
}

/// A certificate. Dates are relative to the start of the fleet.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CertificateSpec {
    /// Subject common name; the host's first name by default.
    pub common_name: Option<String>,
    /// Subject alternative names; none by default, as in Windows' own certificates.
    pub san: Vec<String>,
    /// Whole days left as a scan counts them; negative when expired.
    pub days_left: i64,
    /// Days from start to end.
    pub lifetime_days: u32,
    /// Days until a certificate becomes valid; overrides the start that follows from `lifetime_days`.
    pub starts_in_days: Option<i64>,
    /// Number of a committed RSA-2048 key, 1 to 8; a new EC P-256 key by default.
    pub rsa_key: Option<u8>,
    pub issuer: Issuer,
    pub usage: ExtendedUsage,
    /// Basic constraints: CA.
    pub is_ca: bool,
    /// Month 13 in its dates, so that it cannot be parsed.
    pub unreadable: bool,
    /// A committed certificate instead; for canned TLS only.
    pub fixture: Option<Fixture>,
}

impl Default for CertificateSpec {
    fn default() -> Self {
        Self {
            common_name: None,
            san: Vec::new(),
            days_left: 120,
            lifetime_days: 183,
            starts_in_days: None,
            rsa_key: None,
            issuer: Issuer::default(),
            usage: ExtendedUsage::default(),
            is_ca: false,
            unreadable: false,
            fixture: None,
        }
    }
}

/// The event in a connection after which a fault happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultPoint {
    /// TCP is up.
    Accept,
    /// The X.224 connection request was read.
    Request,
    /// The `ClientHello` was read.
    ClientHello,
    /// The server's first TLS flight was sent.
    ServerFlight,
    /// The client's `TSRequest` was read.
    Tsrequest,
}

/// What a fault does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// FIN.
    Close,
    /// RST.
    Reset,
    /// Nothing more is sent.
    Silence,
    /// A plausible answer, one byte per `delay_ms`.
    Drip,
    /// Well-formed frames without end, as fast as they are read (at most 16 MiB).
    Endless,
    /// Random bytes, then FIN.
    Garbage,
    /// 512 bytes that begin like a right answer, then FIN: an X.224 frame with invalid content, or part of a TLS record.
    Nonsense,
    /// A pause of `delay_ms`, then the connection continues.
    Delay,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PatternStep {
    Ok,
    Fail,
}

/// A fault, on every connection or on some. The first that applies is used.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultSpec {
    pub after: FaultPoint,
    #[serde(rename = "do")]
    pub kind: FaultKind,
    /// The connections with the fault, repeated. Every connection to the host counts.
    #[serde(default)]
    pub pattern: Vec<PatternStep>,
    /// The share of connections with the fault, drawn with the scenario's seed. With neither this nor a pattern: all.
    pub percent: Option<u8>,
    /// For `delay` and `drip`, in milliseconds.
    #[serde(default = "one_second_ms")]
    pub delay_ms: u32,
}

const fn one_second_ms() -> u32 {
    1000
}

/// How the host is given to the scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetForm {
    /// By address.
    #[default]
    Address,
    /// By its first name.
    Name,
    /// Both ways.
    Both,
    /// Not at all: only names resolve to it.
    None,
}

/// The DNS records that the host gets by default. A record in the scenario for the same name or address wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HostDns {
    /// Every name resolves to the address, the address to the first name.
    #[default]
    Both,
    /// Names resolve to the address.
    Forward,
    /// The address resolves to the first name.
    Reverse,
    /// None.
    None,
}

/// A simulated host: its behavior, and the expected result of a scan.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostSpec {
    pub address: Address,
    /// 3389 stands for the fleet's common port, and other ports keep their distance to it. 0 is a free port.
    #[serde(default = "default_port")]
    pub port: u16,
    /// The first one is the computer name.
    #[serde(default)]
    pub names: Vec<String>,
    /// One line for people.
    #[serde(default)]
    pub about: String,
    #[serde(default)]
    pub target: TargetForm,
    #[serde(default)]
    pub service: Service,
    #[serde(default)]
    pub security: Security,
    #[serde(default)]
    pub stack: Stack,
    #[serde(default)]
    pub tls: TlsProfile,
    /// TLS requests a client certificate and does not require it.
    #[serde(default)]
    pub asks_client_certificate: bool,
    pub certificate: Option<CertificateSpec>,
    /// Several certificates, one per connection in turn: a farm behind one address.
    #[serde(default)]
    pub certificates: Vec<CertificateSpec>,
    #[serde(default)]
    pub credssp: Credssp,
    #[serde(default)]
    pub ntlm: NtlmSpec,
    #[serde(default, rename = "fault")]
    pub faults: Vec<FaultSpec>,
    /// Milliseconds before every answer.
    #[serde(default)]
    pub latency_ms: u32,
    #[serde(default)]
    pub dns: HostDns,
    /// How it was in earlier scans of the demo; of those that apply, the last one counts.
    #[serde(default)]
    pub past: Vec<PastSpec>,
    #[serde(default)]
    /// For tests.
    pub expect: toml::Table,
}

/// How a host was in the scans of at least so many days ago.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PastSpec {
    #[serde(default)]
    pub days: u16,
    /// It was not there.
    #[serde(default)]
    pub absent: bool,
    pub certificate: Option<PastCertificate>,
    /// What else was different, in the form in which the history has a host.
    #[serde(default)]
    pub record: toml::Table,
}

/// The certificate of an earlier time, in days from the start of the scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PastCertificate {
    pub from: i16,
    pub until: i16,
    /// It was renewed without a new key.
    #[serde(default)]
    pub same_key: bool,
}

const fn default_port() -> u16 {
    crate::model::DEFAULT_PORT
}

impl HostSpec {
    /// At least one, in turn.
    #[must_use]
    pub fn certificate_specs(&self) -> Vec<CertificateSpec> {
        if self.certificates.is_empty() {
            vec![self.certificate.clone().unwrap_or_default()]
        } else {
            self.certificates.clone()
        }
    }

    /// Whether connections reach TLS.
    #[must_use]
    pub const fn uses_tls(&self) -> bool {
        matches!(self.service, Service::Rdp)
            && matches!(
                self.security,
                Security::Hybrid
                    | Security::HybridEx
                    | Security::HybridOptional
                    | Security::SslOptional
                    | Security::Ssl
                    | Security::Rdstls
            )
    }
}
