//! The answers of a simulated host.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64};

use jiff::{SignedDuration, Timestamp};
use rustls::ServerConfig;

use super::certificate::{CertificateAuthority, CertificateChain};
use super::connection_log::ConnectionLog;
use super::schedule::Schedule;
use super::{Credssp, HostSpec, Security, SimError, Stack, tls};
use crate::model::{NegotiationFailure, NtlmFacts, Protocols};
use crate::wire::ntlm::Challenge;
use crate::wire::tsrequest::TsRequest;
use crate::wire::x224::{ConfirmBody, ConnectionConfirm, ConnectionRequest};

/// Longest NetBIOS computer name (MS-NBTE 2.2.1).
const NETBIOS_LIMIT: usize = 15;
/// The default build, Server 2022.
const DEFAULT_BUILD: (u8, u8, u16) = (10, 0, 20348);
/// Of every FreeRDP server.
const FREERDP_BUILD: (u8, u8, u16) = (6, 1, 7601);
/// `TSRequest` version since the fix of 2018 (MS-CSSP 2.2.1).
const TSREQUEST_VERSION: u32 = 6;
/// The response flags of current Windows (MS-RDPBCGR 2.2.1.2.1).
const WINDOWS_FLAGS: u8 = 0x1F;

/// A chain and, where rustls serves it, its configuration.
#[derive(Debug)]
pub(super) struct ServedCertificate {
    pub(super) chain: Vec<Vec<u8>>,
    pub(super) config: Option<Arc<ServerConfig>>,
}

#[derive(Debug)]
pub(super) struct HostBehavior {
    pub(super) spec: HostSpec,
    pub(super) schedule: Schedule,
    /// INVARIANT: never empty when [`HostSpec::uses_tls`].
    certificates: Vec<ServedCertificate>,
    /// Connections so far.
    pub(super) accepted: AtomicU64,
    /// Open connections.
    pub(super) open: AtomicU32,
    pub(super) connections: ConnectionLog,
}

impl HostBehavior {
    pub(super) fn new(
        spec: HostSpec,
        seed: u64,
        authority: &CertificateAuthority,
    ) -> Result<Self, SimError> {
        let failed = |reason: String| SimError::Certificate {
            host: spec.address.to_string(),
            reason,
        };
        let mut certificates = Vec::new();
        if spec.uses_tls() {
            let name = own_name(&spec);
            for certificate in spec.certificate_specs() {
                let CertificateChain { chain, key } = authority
                    .issue(&certificate, &name)
                    .map_err(|error| failed(error.to_string()))?;
                let client_root = spec.asks_client_certificate.then(|| authority.root());
                let config = match key {
                    Some(key) if spec.tls.is_live() => {
                        Some(tls::server_config(spec.tls, &key, client_root).map_err(failed)?)
                    }
                    _ => None,
                };
                certificates.push(ServedCertificate { chain, config });
            }
        }
        let schedule = Schedule::new(spec.faults.clone(), seed, number_of(&spec));
        Ok(Self {
            spec,
            schedule,
            certificates,
            accepted: AtomicU64::new(0),
            open: AtomicU32::new(0),
            connections: ConnectionLog::default(),
        })
    }

    /// The certificates take turns.
    pub(super) fn certificate(&self, connection: u64) -> Option<&ServedCertificate> {
        let count = u64::try_from(self.certificates.len()).ok()?;
        let turn = connection.checked_rem(count)?;
        self.certificates.get(usize::try_from(turn).ok()?)
    }

    /// The answer to a connection request (MS-RDPBCGR 3.3.5.3.2).
    pub(super) fn confirm(&self, request: &ConnectionRequest) -> ConnectionConfirm {
        let asked = request.requested.unwrap_or(Protocols::STANDARD_RDP);
        let select = |selected| ConfirmBody::Response {
            flags: if self.spec.stack == Stack::Windows {
                WINDOWS_FLAGS
            } else {
                0
            },
            selected,
        };
        let fail = |code| ConfirmBody::Failure { code };
        let hybrid = asked.contains(Protocols::HYBRID);
        let ssl = asked.contains(Protocols::SSL);
        let body = match self.spec.security {
            Security::HybridEx if asked.contains(Protocols::HYBRID_EX) => {
                select(Protocols::HYBRID_EX)
            }
            Security::Hybrid | Security::HybridEx | Security::HybridOptional if hybrid => {
                select(Protocols::HYBRID)
            }
            Security::Hybrid | Security::HybridEx => fail(NegotiationFailure::HYBRID_REQUIRED),
            Security::HybridOptional | Security::Ssl | Security::SslOptional if ssl => {
                select(Protocols::SSL)
            }
            Security::HybridOptional | Security::Ssl => fail(NegotiationFailure::SSL_REQUIRED),
            Security::Rdstls => select(Protocols::RDSTLS),
            Security::Failure(2) if asked == Protocols::STANDARD_RDP => ConfirmBody::Bare,
            Security::Failure(code) => fail(NegotiationFailure(code)),
            Security::StandardRdp if request.requested.is_some() => select(Protocols::STANDARD_RDP),
            Security::StandardRdp | Security::Bare | Security::SslOptional => ConfirmBody::Bare,
            Security::Disconnect => ConfirmBody::McsDisconnect,
        };
        ConnectionConfirm {
            source_reference: if self.spec.stack == Stack::Freerdp {
                0
            } else {
                0x1234
            },
            body,
        }
    }

    /// The answer to an NTLM negotiate message.
    pub(super) fn credssp_answer(&self, question: &TsRequest, now: Timestamp) -> TsRequest {
        let (nego_token, error_code) = match self.spec.credssp {
            Credssp::Challenge => (Some(self.challenge(now).encode()), None),
            Credssp::NoToken => (None, None),
            Credssp::Error(status) => (None, Some(status)),
        };
        TsRequest {
            version: self
                .spec
                .ntlm
                .tsrequest_version
                .unwrap_or(TSREQUEST_VERSION),
            nego_token,
            error_code,
            client_nonce: (self.spec.stack == Stack::Freerdp).then(|| {
                question
                    .client_nonce
                    .clone()
                    .unwrap_or_else(|| vec![0x5A; 32])
            }),
        }
    }

    fn challenge(&self, now: Timestamp) -> Challenge {
        let ntlm = &self.spec.ntlm;
        let own = own_name(&self.spec);
        let (label, domain) = own.split_once('.').unwrap_or((&own, ""));
        let short: String = label.to_uppercase().chars().take(NETBIOS_LIMIT).collect();
        let in_domain = !domain.is_empty();
        let or = |given: &Option<String>, otherwise: String| {
            Some(given.clone().unwrap_or(otherwise)).filter(|name| !name.is_empty())
        };
        let netbios_domain = if in_domain {
            domain.split('.').next().unwrap_or(domain).to_uppercase()
        } else {
            short.clone()
        };
        let skew = SignedDuration::from_secs(ntlm.clock_skew_s);
        let netbios_domain = or(&ntlm.netbios_domain, netbios_domain);
        let boxed = |name: Option<String>| name.map(Into::into);
        Challenge {
            server_challenge: [0x5A; 8],
            target_name: netbios_domain.clone(),
            facts: NtlmFacts {
                netbios_computer: boxed(or(&ntlm.netbios_computer, short)),
                netbios_domain: boxed(netbios_domain),
                dns_computer: boxed(or(&ntlm.dns_computer, own.clone())),
                dns_domain: boxed(or(
                    &ntlm.dns_domain,
                    if in_domain {
                        domain.to_owned()
                    } else {
                        own.clone()
                    },
                )),
                dns_forest: boxed(or(&ntlm.dns_forest, domain.to_owned())),
                version: Some(self.build()),
                server_time: now.checked_add(skew).ok(),
                ..NtlmFacts::default()
            },
            ..Challenge::default()
        }
    }

    fn build(&self) -> (u8, u8, u16) {
        if self.spec.stack == Stack::Freerdp {
            return FREERDP_BUILD;
        }
        self.spec
            .ntlm
            .build
            .as_deref()
            .and_then(parse_build)
            .unwrap_or(DEFAULT_BUILD)
    }
}

/// Reads `10.0.17763`.
pub(super) fn parse_build(text: &str) -> Option<(u8, u8, u16)> {
    let mut parts = text.split('.');
    let build = (
        parts.next()?.parse().ok()?,
        parts.next()?.parse().ok()?,
        parts.next()?.parse().ok()?,
    );
    parts.next().is_none().then_some(build)
}

/// The name in certificates and NTLM.
fn own_name(spec: &HostSpec) -> String {
    spec.names
        .first()
        .cloned()
        .unwrap_or_else(|| format!("host-{}", number_of(spec)))
}

/// A number of the host that does not depend on other hosts: the last two bytes of its address, and its port.
fn number_of(spec: &HostSpec) -> u64 {
    let place = match spec.address.0 {
        std::net::IpAddr::V4(v4) => u64::from(v4.to_bits() & 0xFFFF),
        std::net::IpAddr::V6(_) => 1 << 16,
    };
    if spec.port == crate::model::DEFAULT_PORT {
        place
    } else {
        place | u64::from(spec.port) << 20
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::Scenario;

    fn host(text: &str) -> HostBehavior {
        let scenario =
            Scenario::from_toml(&format!("title = \"t\"\n[[host]]\naddress = 7\n{text}"));
        let now = "2026-11-23T12:00:00Z".parse().unwrap();
        HostBehavior::new(
            scenario.unwrap().hosts.remove(0),
            1,
            &CertificateAuthority::new(now).unwrap(),
        )
        .unwrap()
    }

    fn answer(security: &str, requested: Option<u32>) -> ConfirmBody {
        let request = ConnectionRequest {
            cookie: None,
            requested: requested.map(Protocols),
            flags: 0,
        };
        host(&format!("security = {security}\nstack = \"xrdp\""))
            .confirm(&request)
            .body
    }

    const fn selected(protocol: u32) -> ConfirmBody {
        ConfirmBody::Response {
            flags: 0,
            selected: Protocols(protocol),
        }
    }

    const fn failed(code: u32) -> ConfirmBody {
        ConfirmBody::Failure {
            code: NegotiationFailure(code),
        }
    }

    #[test]
    fn answers_follow_the_request() {
        for (security, requested, expected) in [
            ("\"hybrid\"", Some(3), selected(2)),
            ("\"hybrid\"", Some(1), failed(5)),
            ("\"hybrid\"", None, failed(5)),
            ("\"hybrid_ex\"", Some(11), selected(8)),
            ("\"hybrid_ex\"", Some(3), selected(2)),
            ("\"hybrid_optional\"", Some(1), selected(1)),
            ("\"ssl\"", Some(3), selected(1)),
            ("\"ssl\"", Some(0), failed(1)),
            ("\"ssl_optional\"", Some(3), selected(1)),
            ("\"ssl_optional\"", None, ConfirmBody::Bare),
            ("\"rdstls\"", Some(3), selected(4)),
            ("\"standard_rdp\"", Some(3), selected(0)),
            ("\"standard_rdp\"", None, ConfirmBody::Bare),
            ("\"bare\"", Some(3), ConfirmBody::Bare),
            ("\"disconnect\"", Some(3), ConfirmBody::McsDisconnect),
            ("{ failure = 2 }", Some(3), failed(2)),
            ("{ failure = 2 }", Some(0), ConfirmBody::Bare),
            ("{ failure = 99 }", Some(3), failed(99)),
        ] {
            assert_eq!(answer(security, requested), expected, "{security}");
        }
    }

    #[test]
    fn the_challenge_names_the_host() {
        let host = host(
            "names = [\"averyveryverylonghost.corp.example\"]\nntlm = { clock_skew_s = 600, build = \"10.0.17763\" }",
        );
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let answer = host.credssp_answer(&TsRequest::default(), now);
        let challenge = Challenge::decode(&answer.nego_token.unwrap()).unwrap();
        assert_eq!(
            challenge.facts.netbios_computer.as_deref(),
            Some("AVERYVERYVERYLO")
        );
        assert_eq!(challenge.facts.netbios_domain.as_deref(), Some("CORP"));
        assert_eq!(challenge.facts.dns_forest.as_deref(), Some("corp.example"));
        assert_eq!(challenge.facts.version, Some((10, 0, 17763)));
        assert_eq!(
            challenge.facts.server_time.unwrap() - now,
            SignedDuration::from_secs(600)
        );
    }

    #[test]
    fn a_host_outside_a_domain_has_no_forest() {
        let answer = host("names = [\"kiosk7\"]")
            .credssp_answer(&TsRequest::default(), Timestamp::UNIX_EPOCH);
        let challenge = Challenge::decode(&answer.nego_token.unwrap()).unwrap();
        assert_eq!(challenge.facts.netbios_domain.as_deref(), Some("KIOSK7"));
        assert_eq!(challenge.facts.dns_forest, None);
    }

    #[test]
    fn certificates_take_turns() {
        let host = host("certificates = [{}, { days_left = 9 }]");
        let leaf = |connection| host.certificate(connection).unwrap().chain[0].clone();
        assert_ne!(leaf(0), leaf(1));
        assert_eq!(leaf(0), leaf(2));
    }
}
