use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer};

use super::Expect;

/// Where a host lives: a loopback address as text, or a number N that stands for `127.77.0.N`.
///
/// INVARIANT: made by [`Deserialize`] it is always a loopback address; the place where sockets are bound checks again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address(pub IpAddr);

impl Address {
    /// The address that a number in a scenario stands for.
    #[must_use]
    pub const fn numbered(number: u16) -> Self {
        let [high, low] = number.to_be_bytes();
        Self(IpAddr::V4(Ipv4Addr::new(127, 77, high, low)))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AddressVisitor;

        impl Visitor<'_> for AddressVisitor {
            type Value = Address;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a loopback address, or a number N for 127.77.0.N")
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Address, E> {
                u16::try_from(number)
                    .map(Address::numbered)
                    .map_err(|_| E::custom(format!("host number {number} is not in 0 to 65535")))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Address, E> {
                let address: IpAddr = text
                    .parse()
                    .map_err(|_| E::custom(format!("\"{text}\" is not an address")))?;
                if address.is_loopback() {
                    Ok(Address(address))
                } else {
                    Err(E::custom(format!(
                        "{address} is not a loopback address; use 127.0.0.0/8 or ::1"
                    )))
                }
            }
        }

        deserializer.deserialize_any(AddressVisitor)
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

/// What the server selects (MS-RDPBCGR 2.2.1.2), depending on what is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Security {
    /// NLA insisted on: HYBRID, else failure 5.
    #[default]
    Hybrid,
    /// As `hybrid`, and `HYBRID_EX` when asked for it.
    HybridEx,
    /// HYBRID when offered, else SSL.
    HybridOptional,
    /// TLS without NLA; failure 1 without it.
    Ssl,
    /// TLS without NLA, and a bare confirm to a bare request: xrdp, and Windows with its security layer set to negotiate.
    SslOptional,
    /// RDSTLS, whatever is asked.
    Rdstls,
    /// A negotiation response that selects standard RDP security.
    StandardRdp,
    /// A confirm without negotiation data: a server older than negotiation.
    Bare,
    /// This failure code, known or not. Code 2 gives way to a request without TLS, as Windows does.
    Failure(u32),
    /// An X.224 disconnect request in place of the confirm.
    Disconnect,
}

/// Whose manners the host has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stack {
    /// Source reference 0x1234, all response flags, own NTLM names and build.
    #[default]
    Windows,
    /// Source reference 0x1234, no flags.
    Xrdp,
    /// Source reference 0, NTLM version 6.1.7601 for ever, echoes the client nonce.
    Freerdp,
}

/// What the server can do in TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TlsProfile {
    /// 1.2 and 1.3.
    #[default]
    Modern,
    /// 1.2 with modern suites only.
    #[serde(rename = "1.2")]
    Tls12,
    /// 1.3 only: the legacy peek sees nothing.
    #[serde(rename = "1.3")]
    Tls13,
    /// 1.0 only: alert 70 to a hello that wants more, canned bytes to the legacy peek.
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
    /// Alert 80 to every hello: a server whose key cannot be used.
    InternalError,
    /// Bytes that are not TLS.
    Garbage,
}

impl TlsProfile {
    /// Whether rustls serves it; the others are canned bytes.
    #[must_use]
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Modern | Self::Tls12 | Self::Tls13)
    }
}

/// What the server answers to the NTLM question.
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

/// Names, version and clock in the NTLM challenge. What is left out is made up from the host's first name.
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
    /// AV pair 5; none for a host outside a domain.
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
    /// The host itself, as Windows does it.
    #[default]
    Itself,
    /// The simulated company's issuing authority; the chain is leaf and issuing authority.
    Corp,
    /// The same authority, but the server sends the leaf alone.
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
    /// Subject alternative names; none by default, as in what Windows makes for itself.
    pub san: Vec<String>,
    /// Whole days to the end as a scan will count them; negative when past.
    pub days_left: i64,
    /// Days from start to end.
    pub lifetime_days: u32,
    /// Days until it becomes valid, for one that is not yet; overrides the start that follows from `lifetime_days`.
    pub starts_in_days: Option<i64>,
    /// Number of a committed RSA-2048 key, 1 to 8. An EC P-256 key of its own is made when left out.
    pub rsa_key: Option<u8>,
    /// Who signed it.
    pub issuer: Issuer,
    /// Extended key usage.
    pub usage: ExtendedUsage,
    /// Says of itself that it is an authority.
    pub is_ca: bool,
    /// A month 13 in its dates, so that nobody can read it.
    pub unreadable: bool,
    /// A committed certificate in place of all of the above; for canned TLS only.
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

/// When in a connection a fault strikes: after this has happened.
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
    /// 512 bytes that begin like a right answer, then FIN: a whole X.224 frame without sense, or part of a TLS record.
    Nonsense,
    /// A pause of `delay_ms`, then all goes on.
    Delay,
}

/// One turn of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// The fault does not strike.
    Ok,
    /// It does.
    Fail,
}

/// Something that goes wrong, always or now and then. A host's faults are asked in order; the first that strikes counts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultSpec {
    /// When in the connection.
    pub after: FaultPoint,
    /// What.
    #[serde(rename = "do")]
    pub kind: FaultKind,
    /// On which connections to the host, repeated without end. Every connection counts, also a second one of the same attempt.
    #[serde(default)]
    pub pattern: Vec<Turn>,
    /// On this share of connections, drawn with the scenario's seed. With neither this nor a pattern it always strikes.
    pub percent: Option<u8>,
    /// For `delay` and `drip`, in milliseconds.
    #[serde(default = "one_second_ms")]
    pub delay_ms: u32,
}

const fn one_second_ms() -> u32 {
    1000
}

/// How the scan is told about the host.
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
    /// Not at all: it is there for a name to lead to.
    None,
}

/// Which records the host gets without anybody writing them. A written record for the same name or address wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HostDns {
    /// Every name leads to the address, the address leads to the first name.
    #[default]
    Both,
    /// Names lead to the address.
    Forward,
    /// The address leads to the first name.
    Reverse,
    /// None.
    None,
}

/// One simulated host: how it behaves and what is expected of a scan.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostSpec {
    /// Where it lives.
    pub address: Address,
    /// Its port; 3389 stands for the fleet's common port, and others keep their distance to it. 0 is a free port of its own.
    #[serde(default = "default_port")]
    pub port: u16,
    /// Its names, the first being the one it calls itself.
    #[serde(default)]
    pub names: Vec<String>,
    /// What it stands for, one line.
    #[serde(default)]
    pub about: String,
    /// How the scan is told.
    #[serde(default)]
    pub target: TargetForm,
    /// What listens.
    #[serde(default)]
    pub service: Service,
    /// What is negotiated.
    #[serde(default)]
    pub security: Security,
    /// Whose manners.
    #[serde(default)]
    pub stack: Stack,
    /// What TLS can do.
    #[serde(default)]
    pub tls: TlsProfile,
    /// TLS asks for a client certificate, without insisting.
    #[serde(default)]
    pub asks_client_certificate: bool,
    /// Its certificate.
    pub certificate: Option<CertificateSpec>,
    /// Several certificates, one per connection in turn: a farm behind one address.
    #[serde(default)]
    pub certificates: Vec<CertificateSpec>,
    /// What `CredSSP` answers.
    #[serde(default)]
    pub credssp: Credssp,
    /// What NTLM says.
    #[serde(default)]
    pub ntlm: NtlmSpec,
    /// What goes wrong.
    #[serde(default, rename = "fault")]
    pub faults: Vec<FaultSpec>,
    /// Milliseconds before every answer.
    #[serde(default)]
    pub latency_ms: u32,
    /// Records that it gets by itself.
    #[serde(default)]
    pub dns: HostDns,
    /// What a scan is expected to find.
    #[serde(default)]
    pub expect: Expect,
}

const fn default_port() -> u16 {
    crate::model::DEFAULT_PORT
}

impl HostSpec {
    /// The certificates that it shows in turn: at least one.
    #[must_use]
    pub fn certificate_specs(&self) -> Vec<CertificateSpec> {
        if self.certificates.is_empty() {
            vec![self.certificate.clone().unwrap_or_default()]
        } else {
            self.certificates.clone()
        }
    }

    /// Whether connections get as far as TLS.
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
