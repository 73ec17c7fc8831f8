use crate::model::{
    CertificateFacts, Digest, History, KeyAlgorithm, NegotiationFacts, NtlmFacts, TlsFacts,
    TlsHandshake, TlsVersion,
};

/// Extended key usage: TLS server authentication (RFC 5280 4.2.1.12).
pub(crate) const EKU_SERVER_AUTH: &str = "1.3.6.1.5.5.7.3.1";
/// Extended key usage: any (RFC 5280 4.2.1.12).
pub(crate) const EKU_ANY: &str = "2.5.29.37.0";
/// Extended key usage: Remote Desktop Authentication, Microsoft's own.
pub(crate) const EKU_REMOTE_DESKTOP: &str = "1.3.6.1.4.1.311.54.1.2";

/// The X.224 source reference of every Windows; xrdp and pyrdp copy it, `FreeRDP` and `IronRDP` send 0.
const WINDOWS_REFERENCE: u16 = 0x1234;
/// Response flags that every Windows since 8 and Server 2012 sets: extended client data, graphics pipeline, and the reserved
/// bit (MS-RDPBCGR 2.2.1.2.1; captures in nmap pull request 3485). `FreeRDP` never sets the reserved one; xrdp and `IronRDP`
/// set only the first, pyrdp none.
const WINDOWS_FLAGS: u8 = 0x07;

/// Windows 8 and Server 2012 and later claim at least this version in NTLM.
const WINDOWS_8: (u8, u8, u16) = (6, 2, 0);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ServerKind {
    /// It identified itself as Windows, or its certificate is made the way Windows makes them, and nothing contradicts it.
    Windows,
    /// It shows a trait that Windows does not have.
    NotWindows(ForeignTrait),
    /// No trait either way, or traits that contradict each other.
    Unknown,
}

/// What Windows never sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ForeignTrait {
    /// A client nonce in the server's `TSRequest`: `FreeRDP` 2.
    ClientNonce,
    /// A source reference other than Windows' in the X.224 confirm: `FreeRDP`, `IronRDP`.
    SourceReference,
    /// Modern TLS with the negotiation flags of an old server: xrdp.
    FewFeatures,
    /// A self-signed certificate without the usage that Windows writes: xrdp among others.
    CertificateUsage,
}

impl ForeignTrait {
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::ClientNonce => "its CredSSP answer carries a client nonce, as with FreeRDP 2",
            Self::SourceReference => {
                "its X.224 source reference is not 0x1234, which every Windows sends; FreeRDP and IronRDP send 0"
            }
            Self::FewFeatures => {
                "it speaks modern TLS, but negotiates fewer features than any Windows of that age, as xrdp does"
            }
            Self::CertificateUsage => {
                "its self-signed certificate lacks the usage that Windows writes, as with xrdp"
            }
        }
    }

    /// Whether xrdp is known to show it.
    pub(crate) const fn of_xrdp(self) -> bool {
        matches!(self, Self::FewFeatures | Self::CertificateUsage)
    }
}

impl ServerKind {
    /// The version in NTLM is a claim that any server can make, so what Windows never sends goes before it, and a claim that
    /// does not fit the rest of the same connection proves nothing.
    pub(crate) fn of(history: &History) -> Self {
        // One connection: the next one may reach another member of a farm.
        let named = history.attempts.iter().rev().find(|one| one.ntlm.is_some());
        let ntlm = named.and_then(|attempt| attempt.ntlm.as_deref());
        let negotiation = named
            .and_then(|attempt| attempt.negotiation.as_ref())
            .or_else(|| history.negotiation());
        let tls = named
            .and_then(|attempt| attempt.tls.as_ref())
            .or_else(|| history.tls());
        if ntlm.is_some_and(|ntlm| ntlm.echoed_nonce) {
            return Self::NotWindows(ForeignTrait::ClientNonce);
        }
        if negotiation.is_some_and(|facts| facts.source_reference != WINDOWS_REFERENCE) {
            return Self::NotWindows(ForeignTrait::SourceReference);
        }
        let is_modern = tls.is_some_and(|tls| is_modern(tls));
        let few_features = is_modern && negotiation.is_some_and(lacks_features);
        match ntlm.and_then(|ntlm| ntlm.version) {
            // Windows 7 and Server 2008 R2 is what `FreeRDP` 2 claims everywhere.
            Some(version) if few_features || is_modern && version < WINDOWS_8 => {
                return Self::Unknown;
            }
            Some(_) => return Self::Windows,
            None => {}
        }
        match tls.and_then(|tls| tls.leaf()) {
            Some(leaf) if leaf.unparsable.is_some() => Self::Unknown,
            Some(_) if few_features => Self::NotWindows(ForeignTrait::FewFeatures),
            Some(leaf) if has_usage(leaf, EKU_REMOTE_DESKTOP) || windows_made(leaf) => {
                Self::Windows
            }
            Some(leaf) if leaf.self_issued && leaf.extended_key_usage.is_none() => {
                Self::NotWindows(ForeignTrait::CertificateUsage)
            }
            _ => Self::Unknown,
        }
    }

    pub(crate) const fn is_windows(self) -> bool {
        matches!(self, Self::Windows)
    }
}

/// TLS as no Windows before 10 and Server 2016 speaks it: 1.3, or one of rustls' suites of 1.2 with an RSA key. With an
/// elliptic curve key older ones have such suites, too (Microsoft: Schannel cipher suites by version).
fn is_modern(tls: &TlsFacts) -> bool {
    let is_ec = tls
        .leaf()
        .is_some_and(|leaf| leaf.key.algorithm == KeyAlgorithm::Ec);
    tls.handshake == TlsHandshake::Full && (tls.version == Some(TlsVersion::TLS_1_3) || !is_ec)
}

/// Whether a negotiation response lacks a flag that every Windows with modern TLS sets.
fn lacks_features(facts: &NegotiationFacts) -> bool {
    facts
        .response_flags
        .is_some_and(|flags| flags & WINDOWS_FLAGS != WINDOWS_FLAGS)
}

/// The shape of the certificate that Windows makes for its listener: own issuer, no alternative name, server
/// authentication as the only usage, and a life of about half a year to a year.
pub(crate) fn windows_made(leaf: &CertificateFacts) -> bool {
    let short_lived = super::validity::lifetime_days(leaf).is_some_and(|days| days <= 400);
    let only_server = leaf.extended_key_usage.as_ref().is_some_and(|usages| {
        usages.iter().all(|usage| &**usage == EKU_SERVER_AUTH) && !usages.is_empty()
    });
    leaf.self_issued && !leaf.has_san && !leaf.is_ca && only_server && short_lived
}

/// Whether an extended key usage is listed.
pub(crate) fn has_usage(leaf: &CertificateFacts, wanted: &str) -> bool {
    leaf.extended_key_usage
        .as_ref()
        .is_some_and(|usages| usages.iter().any(|usage| &**usage == wanted))
}

/// Who answers at an address: the NTLM DNS name, else the certificate's names, else its key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct Identity {
    ntlm: Option<String>,
    cert_names: Vec<String>,
    /// The certificate has more names than are known here.
    more_names: bool,
    key: Option<Digest<32>>,
}

impl Identity {
    pub(crate) fn of(history: &History) -> Self {
        let ntlm = history.ntlm().and_then(|ntlm| ntlm_name(ntlm));
        let leaf = history
            .certificate()
            .filter(|leaf| leaf.unparsable.is_none());
        let mut cert_names: Vec<String> = leaf
            .map(|leaf| leaf.dns_names().into_iter().map(normal).collect())
            .unwrap_or_default();
        cert_names.retain(|name| !name.is_empty());
        cert_names.sort();
        cert_names.dedup();
        Self {
            ntlm,
            cert_names,
            more_names: leaf.is_some_and(|leaf| leaf.san_omitted > 0),
            key: leaf.and_then(|leaf| leaf.spki_sha256),
        }
    }

    /// Whether both are the same machine; `None` when that is not determined.
    pub(crate) fn same_as(&self, other: &Self) -> Option<bool> {
        if let (Some(a), Some(b)) = (&self.ntlm, &other.ntlm) {
            return Some(names_agree(a, b));
        }
        // One key, one machine: as far as certificates alone show.
        if self.key.is_some() && self.key == other.key {
            return Some(true);
        }
        let (mine, theirs) = (self.labels(), other.labels());
        if mine.is_empty() || theirs.is_empty() {
            return None;
        }
        if self.has_wildcard() || other.has_wildcard() {
            return None;
        }
        let agree = mine
            .iter()
            .any(|a| theirs.iter().any(|b| names_agree(a, b)));
        // What is not known of a certificate might agree.
        let unknown = |one: &Self| one.ntlm.is_none() && one.more_names;
        (agree || !(unknown(self) || unknown(other))).then_some(agree)
    }

    /// Whether this machine calls itself by a name. Names under a wildcard do not count: many machines share those.
    pub(crate) fn claims(&self, name: &str) -> bool {
        self.labels().iter().any(|own| names_agree(own, name))
    }

    /// The certificate lists the name, covers it by a wildcard, or has names that are not known here: it is, or may be, entitled
    /// to answer for it.
    pub(crate) fn may_answer_for(&self, name: &str) -> bool {
        self.more_names
            || self.claims(name)
            || self
                .cert_names
                .iter()
                .any(|own| match own.strip_prefix("*.") {
                    Some(parent) => name
                        .split_once('.')
                        .is_some_and(|(label, rest)| !label.is_empty() && rest == parent),
                    None => own == name,
                })
    }

    pub(crate) fn has_wildcard(&self) -> bool {
        self.ntlm.is_none() && self.cert_names.iter().any(|name| name.starts_with("*."))
    }

    /// The name to show in evidence.
    pub(crate) fn label(&self) -> Option<&str> {
        self.ntlm
            .as_deref()
            .or_else(|| self.cert_names.first().map(String::as_str))
    }

    fn labels(&self) -> Vec<&str> {
        match &self.ntlm {
            Some(name) => vec![name],
            None => self
                .cert_names
                .iter()
                .filter(|name| !name.starts_with("*."))
                .map(String::as_str)
                .collect(),
        }
    }
}

/// The name a machine gives itself in NTLM: DNS form, else NetBIOS.
pub(crate) fn ntlm_name(ntlm: &NtlmFacts) -> Option<String> {
    ntlm.dns_computer
        .as_deref()
        .or(ntlm.netbios_computer.as_deref())
        .map(normal)
        .filter(|name| !name.is_empty())
}

/// Lower case, no final dot.
pub(crate) fn normal(name: &str) -> String {
    name.trim_end_matches('.').to_lowercase()
}

/// The part before the first dot.
pub(crate) fn host_label(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}

/// Whether two names, already normal, can be the same machine's: equal, or one short and equal to the other's host label.
/// `NetBIOS` cuts names at 15 characters.
pub(crate) fn names_agree(a: &str, b: &str) -> bool {
    if a == b {
        return true;
    }
    if a.contains('.') && b.contains('.') {
        return false;
    }
    labels_agree(host_label(a), host_label(b))
}

/// Whether two host labels are equal, or one is the other cut to `NetBIOS` length.
pub(crate) fn labels_agree(a: &str, b: &str) -> bool {
    const NETBIOS_LENGTH: usize = 15;
    let cut = |long: &str, short: &str| {
        short.chars().count() == NETBIOS_LENGTH && long.starts_with(short)
    };
    a == b || cut(a, b) || cut(b, a)
}
