use crate::model::{CertificateFacts, History, NegotiationFacts, NtlmFacts, TlsMethod};

/// Extended key usage: TLS server authentication (RFC 5280 4.2.1.12).
pub(crate) const EKU_SERVER_AUTH: &str = "1.3.6.1.5.5.7.3.1";
/// Extended key usage: any (RFC 5280 4.2.1.12).
pub(crate) const EKU_ANY: &str = "2.5.29.37.0";
/// Extended key usage: Remote Desktop Authentication, Microsoft's own.
pub(crate) const EKU_REMOTE_DESKTOP: &str = "1.3.6.1.4.1.311.54.1.2";

/// What kind of server answers, as far as it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ServerKind {
    /// It identified itself as Windows, or its certificate is made the way Windows makes them.
    Windows,
    /// It shows a trait that Windows does not have.
    NotWindows(ForeignTrait),
    /// No trait either way.
    Unknown,
}

/// What Windows never shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ForeignTrait {
    /// An NTLM server echoes the client's nonce: `FreeRDP`.
    EchoedNonce,
    /// The version that `FreeRDP` claims, with its source reference.
    ClaimedVersion,
    /// Source reference 0 in the X.224 confirm: `FreeRDP`.
    SourceReference,
    /// Modern TLS with the negotiation flags of an old server: xrdp.
    FewFeatures,
    /// A self-signed certificate without the usage that Windows writes: xrdp among others.
    CertificateUsage,
}

impl ForeignTrait {
    /// The trait as evidence.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::EchoedNonce => "it echoes the client nonce, as FreeRDP does",
            Self::ClaimedVersion => "it claims 6.1.7601 with source reference 0, as FreeRDP does",
            Self::SourceReference => "its source reference is 0, as with FreeRDP",
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
    /// The version that `FreeRDP` claims in NTLM, whatever it runs on.
    const FREERDP_VERSION: (u8, u8, u16) = (6, 1, 7601);

    pub(crate) fn of(history: &History) -> Self {
        let negotiation = history.negotiation();
        let source_reference = negotiation.map(|facts| facts.source_reference);
        if let Some(ntlm) = history.ntlm() {
            if ntlm.echoed_nonce {
                return Self::NotWindows(ForeignTrait::EchoedNonce);
            }
            if ntlm.version == Some(Self::FREERDP_VERSION) && source_reference == Some(0) {
                return Self::NotWindows(ForeignTrait::ClaimedVersion);
            }
            if ntlm.version.is_some() {
                return Self::Windows;
            }
        }
        match history.certificate() {
            Some(leaf) if leaf.unparsable.is_some() => Self::Unknown,
            Some(leaf) if has_usage(leaf, EKU_REMOTE_DESKTOP) => Self::Windows,
            Some(_) if source_reference == Some(0) => {
                Self::NotWindows(ForeignTrait::SourceReference)
            }
            Some(_) if negotiates_like_xrdp(history, negotiation) => {
                Self::NotWindows(ForeignTrait::FewFeatures)
            }
            Some(leaf) if windows_made(leaf) => Self::Windows,
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

/// A Windows that shakes hands with rustls is of 2016 or later, and announces more than the extended client data (flag 0x01,
/// MS-RDPBCGR 2.2.1.2.1) in its negotiation response; xrdp announces just that.
fn negotiates_like_xrdp(history: &History, negotiation: Option<&NegotiationFacts>) -> bool {
    let bare = negotiation
        .and_then(|facts| facts.response_flags)
        .is_some_and(|flags| flags <= 1);
    bare && history
        .tls()
        .is_some_and(|tls| tls.method == TlsMethod::Full)
}

/// The shape of the certificate that Windows makes for its listener: own issuer, no alternative name, server
/// authentication as the only usage, and a life of about half a year to a year.
pub(crate) fn windows_made(leaf: &CertificateFacts) -> bool {
    let short_lived = super::certificate::lifetime_days(leaf).is_some_and(|days| days <= 400);
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
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Identity {
    ntlm: Option<String>,
    cert_names: Vec<String>,
    /// The certificate has more names than are known here.
    more_names: bool,
    key: Option<Box<str>>,
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
            more_names: leaf.is_some_and(|leaf| leaf.san_left_out > 0),
            key: leaf
                .map(|leaf| leaf.spki_sha256.clone())
                .filter(|hash| !hash.is_empty()),
        }
    }

    /// Whether both are the same machine; `None` when that cannot be told.
    pub(crate) fn same_as(&self, other: &Self) -> Option<bool> {
        if let (Some(a), Some(b)) = (&self.ntlm, &other.ntlm) {
            return Some(names_agree(a, b));
        }
        // One key, one machine: as far as certificates alone can tell.
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
