//! The model's facts, field by field. A field or variant that is added to the model and forgotten here does not compile.

use std::sync::Arc;

use super::codec::{Pack, Packer, Unpacker};
use crate::model::{
    Attempt, CertificateFacts, Endpoint, KeyAlgorithm, Lookup, LookupAnswer, NameSource,
    NegotiationFacts, NegotiationFailure, NtlmFacts, ObservedName, Outcome, PathFacts, ProbeKind,
    Protocols, PublicKey, Question, Resolver, SelectedSecurity, Stage, StageRecord, TlsFacts,
    TlsMethod, TlsVersion, TrustVerdict,
};

/// A structure: its fields in this order.
macro_rules! structure {
    ($name:ident { $($field:tt: $bind:ident),+ $(,)? }) => {
        impl Pack for $name {
            fn pack(&self, out: &mut Packer) {
                let Self { $($field: $bind),+ } = self;
                $($bind.pack(out);)+
            }

            fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
                $(let $bind = Pack::unpack(from)?;)+
                Some(Self { $($field: $bind),+ })
            }
        }
    };
}

/// Alternatives: a number, then the variant's fields.
macro_rules! alternatives {
    ($name:ident { $($tag:literal $variant:ident $({ $($field:tt: $bind:ident),+ })?),+ $(,)? }) => {
        impl Pack for $name {
            fn pack(&self, out: &mut Packer) {
                match self {
                    $(Self::$variant { $($($field: $bind),+)? } => {
                        out.byte($tag);
                        $($($bind.pack(out);)+)?
                    })+
                }
            }

            fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
                Some(match from.byte()? {
                    $($tag => {
                        $($(let $bind = Pack::unpack(from)?;)+)?
                        Self::$variant { $($($field: $bind),+)? }
                    })+
                    _ => return None,
                })
            }
        }
    };
}

structure!(Attempt {
    endpoint: endpoint,
    number: number,
    probe: probe,
    by_name: by_name,
    started_at: started_at,
    stages: stages,
    silent_rounds: silent_rounds,
    negotiation: negotiation,
    tls: tls,
    ntlm: ntlm,
    path: path,
    lag_us: lag_us,
});
structure!(Endpoint {
    address: address,
    port: port
});
structure!(PathFacts {
    retransmits: retransmits,
    rtt_us: rtt_us
});
structure!(StageRecord {
    stage: stage,
    start_us: start_us,
    duration_us: duration_us,
    outcome: outcome,
});
structure!(NegotiationFacts {
    requested: requested,
    selected: selected,
    selected_raw: selected_raw,
    failure: failure,
    response_flags: response_flags,
    source_reference: source_reference,
    bare_confirm: bare_confirm,
});
structure!(Protocols { 0: bits });
structure!(NegotiationFailure { 0: code });
structure!(TlsVersion { 0: version });
structure!(CertificateFacts {
    sha1: sha1,
    sha256: sha256,
    der_length: der_length,
    unparsable: unparsable,
    subject: subject,
    common_name: common_name,
    issuer: issuer,
    serial: serial,
    san_dns: san_dns,
    san_ip: san_ip,
    san_left_out: san_left_out,
    has_san: has_san,
    not_before: not_before,
    not_after: not_after,
    key: key,
    spki_sha256: spki_sha256,
    signature_algorithm: signature_algorithm,
    extended_key_usage: extended_key_usage,
    is_ca: is_ca,
    self_issued: self_issued,
    has_crl: has_crl,
    trailing_bytes: trailing_bytes,
});
structure!(PublicKey {
    algorithm: algorithm,
    bits: bits
});
structure!(NtlmFacts {
    netbios_computer: netbios_computer,
    netbios_domain: netbios_domain,
    dns_computer: dns_computer,
    dns_domain: dns_domain,
    dns_forest: dns_forest,
    version: version,
    server_time: server_time,
    asked_at: asked_at,
    clock_error_ms: clock_error_ms,
    tsrequest_version: tsrequest_version,
    echoed_nonce: echoed_nonce,
});
structure!(ObservedName {
    name: name,
    source: source
});
structure!(Lookup {
    question: question,
    resolver: resolver,
    answer: answer,
    duration_ms: duration_ms,
});

alternatives!(Stage { 0 Dns, 1 Tcp, 2 X224, 3 Tls, 4 Credssp });
alternatives!(ProbeKind {
    0 Default, 1 LongDeadline, 2 BareRequest, 3 WideRequest, 4 LegacyHello, 5 WithoutNla, 6 DirectTls
});
alternatives!(SelectedSecurity {
    0 Ssl, 1 Hybrid, 2 HybridEx, 3 StandardRdp, 4 Rdstls, 5 None, 6 Rdsaad
});
alternatives!(TlsMethod { 0 Full, 1 LegacyPeek, 2 Failed });
alternatives!(KeyAlgorithm { 0 Rsa, 1 Ec, 2 EdDsa, 3 Dsa, 4 Unknown });
alternatives!(NameSource { 0 Target, 1 Ptr, 2 Certificate, 3 Ntlm });
alternatives!(TrustVerdict {
    0 Trusted, 1 SelfSigned, 2 UnknownIssuer, 3 Rejected { 0: detail }, 4 NotChecked
});
alternatives!(Resolver { 0 System, 1 Configured, 2 Server { 0: address } });
alternatives!(Question { 0 Addresses { 0: name }, 1 Pointer { 0: address } });
alternatives!(LookupAnswer {
    0 Addresses { addresses: addresses, ttl_s: ttl_s },
    1 Names { names: names },
    2 NxDomain,
    3 NoData,
    4 Timeout,
    5 ServFail,
    6 Refused,
    7 NotFound,
    8 Error { detail: detail },
    9 AliasLoop,
});
alternatives!(Outcome {
    0 Ok,
    1 Timeout { received: received },
    2 Refused,
    3 HostUnreachable,
    4 NetworkUnreachable,
    5 Prohibited,
    6 Closed { received: received },
    7 Reset { received: received },
    8 NotRdp { looks_like: looks_like, first_bytes: first_bytes },
    9 Malformed { detail: detail },
    10 NegotiationFailure { code: code },
    11 NoTls,
    12 Alert { code: code, received: received },
    13 ClientRefused { detail: detail },
    14 CredsspError { status: status },
    15 NoChallenge,
    16 Local { detail: detail },
    17 Cancelled,
    18 Disconnected { message: message, received: received },
    19 Internal { detail: detail },
});

impl Pack for Arc<Lookup> {
    fn pack(&self, out: &mut Packer) {
        self.as_ref().pack(out);
    }

    fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
        Lookup::unpack(from).map(Self::new)
    }
}

impl Pack for Arc<NtlmFacts> {
    fn pack(&self, out: &mut Packer) {
        out.shared(self, |packer| &mut packer.ntlm);
    }

    fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
        from.shared(|unpacker| &mut unpacker.ntlm)
    }
}

impl Pack for Arc<TlsFacts> {
    fn pack(&self, out: &mut Packer) {
        out.shared(self, |packer| &mut packer.tls);
    }

    fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
        from.shared(|unpacker| &mut unpacker.tls)
    }
}

impl Pack for TlsFacts {
    fn pack(&self, out: &mut Packer) {
        let Self {
            method,
            version,
            cipher,
            group,
            signature_valid,
            client_certificate_requested,
            chain,
            trust,
            received,
        } = self;
        method.pack(out);
        version.pack(out);
        cipher.pack(out);
        group.pack(out);
        signature_valid.pack(out);
        client_certificate_requested.pack(out);
        trust.pack(out);
        received.pack(out);
        out.size(chain.len());
        for (index, certificate) in chain.iter().enumerate() {
            if index == 0 {
                out.shared(certificate, |packer| &mut packer.leaves);
            } else {
                out.issuer(certificate);
            }
        }
    }

    fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
        Some(Self {
            method: Pack::unpack(from)?,
            version: Pack::unpack(from)?,
            cipher: Pack::unpack(from)?,
            group: Pack::unpack(from)?,
            signature_valid: Pack::unpack(from)?,
            client_certificate_requested: Pack::unpack(from)?,
            trust: Pack::unpack(from)?,
            received: Pack::unpack(from)?,
            chain: {
                let length = from.size()?;
                (0..length)
                    .map(|index| match index {
                        0 => from.shared(|unpacker| &mut unpacker.leaves),
                        _ => from.issuer(),
                    })
                    .collect::<Option<_>>()?
            },
        })
    }
}
