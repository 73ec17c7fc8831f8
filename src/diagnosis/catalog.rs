//! The catalogue: every finding's id, usual severity, meaning, fleet phrase, remedy and source, in one table.

use std::borrow::Cow;

use crate::model::{Confidence, Finding, Severity};

/// What a rule answers for a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It holds, and this is what to say.
    Fires(Finding),
    /// It was looked at and does not hold.
    Silent,
    /// It cannot be told from what was seen; the reason as a lower-case fragment.
    NotEnough(&'static str),
}

/// One kind of finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Stable id.
    pub id: &'static str,
    /// Severity where the rule has no reason to say otherwise.
    pub severity: Severity,
    /// What it means, as a sentence without a full stop.
    pub meaning: &'static str,
    /// The same over a fleet; `{n}` stands for the number of hosts.
    pub fleet: &'static str,
    /// Key of the remedy; `None` when there is nothing to mend.
    pub remedy: Option<&'static str>,
    /// Where the knowledge comes from: specification, vendor page, field reports or measurement.
    pub source: &'static str,
}

/// The entry of an id.
#[must_use]
pub fn entry(id: &str) -> Option<&'static Entry> {
    ENTRIES.iter().find(|entry| entry.id == id)
}

/// A finding as its entry has it, to be refined by the rule.
pub(crate) fn found(
    id: &'static str,
    confidence: Confidence,
    title: impl Into<Cow<'static, str>>,
    evidence: impl Into<String>,
) -> Finding {
    let entry = entry(id);
    debug_assert!(entry.is_some(), "{id} is not in the catalogue");
    Finding {
        id,
        severity: entry.map_or(Severity::Info, |entry| entry.severity),
        confidence,
        title: title.into(),
        evidence: evidence.into(),
        remedy: entry.and_then(|entry| entry.remedy),
    }
}

/// Writes the table: id, severity, remedy, what it means, fleet phrase, source.
macro_rules! entries {
    ($($id:literal $severity:ident $remedy:expr, $meaning:literal, $fleet:literal, $source:expr;)+) => {
        /// Every entry, by family.
        pub static ENTRIES: &[Entry] = &[$(Entry {
            id: $id,
            severity: Severity::$severity,
            meaning: $meaning,
            fleet: $fleet,
            remedy: $remedy,
            source: $source,
        }),+];
    };
}

const MATRIX: &str = "name and address compared by this program";
const RDPBCGR: &str = "MS-RDPBCGR 2.2.1.2.2";
const SELECTED: &str = "MS-RDPBCGR 2.2.1.2.1";
const OBSERVED: &str = "the attempts of this scan";
const WINSOCK: &str = "mstscax disconnect reason 2308 (socket closed)";
const RFC5280: &str = "RFC 5280";
const KEY_BLOCK: &str = "Microsoft KB2661254";
const SELF_SIGNED: &str = "Microsoft: RDP general error, events 1056 to 1058";

entries! {
    "RDP-DNS-MISSING" Medium Some("R9"), "The name has no address", "{n} hosts have a name without an address", MATRIX;
    "RDP-DNS-ERROR" Low Some("R9"), "The name could not be looked up", "{n} hosts have a name that could not be looked up", MATRIX;
    "RDP-DNS-STALE" High Some("R9"), "The name leads only to addresses where nothing answers", "{n} hosts have a stale name", MATRIX;
    "RDP-DNS-PARTIAL-DEAD" Medium Some("R9"), "Some of the name's addresses do not answer", "{n} hosts have a name with dead addresses", MATRIX;
    "RDP-DNS-AAAA-DEAD" Medium Some("R10"), "The name's IPv6 addresses do not answer", "{n} hosts have a name with dead IPv6 addresses", "server fault 548777: mstsc tries AAAA first";
    "RDP-DNS-PTR-MISSING" Info Some("R9"), "The address has no reverse name", "{n} hosts have no reverse name", MATRIX;
    "RDP-DNS-PTR-MISMATCH" Low Some("R9"), "The reverse name does not lead back to the address", "{n} hosts have a reverse name that leads elsewhere", MATRIX;
    "RDP-DNS-MULTI-NAME" Info None, "Several names lead to the same host", "{n} hosts have several names", MATRIX;
    "RDP-DNS-SPLIT" Low Some("R9"), "The operating system and the DNS servers disagree about the name", "{n} hosts have a name on which resolvers disagree", MATRIX;
    "RDP-NAME-WRONG-HOST" High Some("R9"), "The name leads to another machine", "{n} hosts have a name that leads to another machine", MATRIX;
    "RDP-NAME-IP-DIFFER" Medium Some("R15"), "By name and by IP the same address behaves differently", "{n} hosts behave differently by name and by IP", OBSERVED;
    "RDP-TCP-REFUSED" Medium Some("R8"), "The port is closed", "{n} hosts refuse the connection", "RFC 9293 3.10.7.1";
    "RDP-TCP-TIMEOUT" Medium Some("R7"), "Nothing answers on the port", "{n} hosts do not answer", "RFC 9293 3.8.3";
    "RDP-TCP-UNREACHABLE" Medium Some("R7"), "The network says that the host cannot be reached", "{n} hosts are unreachable", "RFC 1122 3.2.2.1";
    "RDP-TCP-PROHIBITED" Medium Some("R7"), "A packet filter forbids the connection", "{n} hosts are behind a filter that says no", "RFC 4443 3.1";
    "RDP-TCP-RESET-EARLY" High Some("R8"), "The connection is closed as soon as it is accepted", "{n} hosts close the connection at once", WINSOCK;
    "RDP-PORT-NOT-RDP" Medium Some("R8"), "Something other than Remote Desktop answers on the port", "{n} ports speak something other than RDP", "RFC 1006";
    "RDP-PORT-TLS-FIRST" Low None, "The port wants TLS before anything else", "{n} ports want TLS first", "RFC 8446 5.1";
    "RDP-X224-SILENT" High Some("R8"), "The port accepts, but never answers the first request", "{n} hosts accept and stay silent", "MS-RDPBCGR 1.3.1.1";
    "RDP-X224-CLOSED" High Some("R8"), "The connection is closed in answer to the first request", "{n} hosts close after the first request", WINSOCK;
    "RDP-X224-MALFORMED" Medium Some("R19"), "The answer to the first request breaks the protocol", "{n} hosts answer with malformed bytes", "MS-RDPBCGR 2.2.1.2";
    "RDP-NEG-LEGACY" High Some("R6"), "The server uses standard RDP security, without TLS and without proof of who it is", "{n} hosts use standard RDP security", SELECTED;
    "RDP-NEG-FAIL-SSL-REQUIRED" Low Some("R3"), "The server demands TLS although TLS was offered", "{n} hosts demand TLS though it was offered", RDPBCGR;
    "RDP-NEG-FAIL-SSL-OFF" High Some("R6"), "The server refuses TLS", "{n} hosts refuse TLS", RDPBCGR;
    "RDP-NEG-NO-CERT" Critical Some("R2"), "The server has no usable certificate", "{n} hosts have no usable certificate", RDPBCGR;
    "RDP-NEG-FAIL-FLAGS" Low None, "The server calls the request inconsistent", "{n} hosts call the request inconsistent", RDPBCGR;
    "RDP-NEG-NLA-REQUIRED" Info None, "The server insists on NLA", "{n} hosts insist on NLA", RDPBCGR;
    "RDP-NEG-USERAUTH" Info None, "The server wants TLS with user authentication", "{n} hosts want TLS with user authentication", RDPBCGR;
    "RDP-NEG-ENTRA" Info None, "The server wants Entra authentication", "{n} hosts want Entra authentication", "open-source clients";
    "RDP-NLA-OPTIONAL" Medium Some("R6"), "NLA is offered but not demanded", "{n} hosts do not demand NLA", SELECTED;
    "RDP-NLA-OFF" High Some("R6"), "NLA is switched off", "{n} hosts have NLA switched off", SELECTED;
    "RDP-NEG-RDSTLS-ONLY" Info None, "The server takes part in broker redirection only", "{n} hosts take RDSTLS only", SELECTED;
    "RDP-TLS-CLOSED" Critical Some("R2"), "The connection is closed as soon as TLS begins", "{n} hosts close as soon as TLS begins", WINSOCK;
    "RDP-TLS-CLOSED-LATE" High Some("R2"), "The connection is closed in the middle of the TLS handshake", "{n} hosts close in the middle of the TLS handshake", WINSOCK;
    "RDP-TLS-LEGACY-ONLY" Medium Some("R5"), "Only old TLS versions or cipher suites are supported", "{n} hosts support only old TLS", "Microsoft: Schannel cipher suites by version";
    "RDP-TLS-NO-COMMON" High Some("R5"), "The server finds no common TLS version or cipher suite", "{n} hosts find no common TLS version or suite", "RFC 8446 6.2";
    "RDP-TLS-OLD-VERSION" Medium Some("R5"), "TLS 1.1 or older is negotiated", "{n} hosts negotiate TLS 1.1 or older", "RFC 8996";
    "RDP-TLS-TIMEOUT" Medium Some("R18"), "The TLS handshake stalls", "{n} hosts stall in the TLS handshake", OBSERVED;
    "RDP-TLS-CLIENT-CERT" Low None, "The server asks the client for a certificate", "{n} hosts ask for a client certificate", "RFC 8446 4.3.2";
    "RDP-TLS-PROTO-ERROR" Medium Some("R19"), "What comes in place of TLS is not TLS", "{n} hosts answer TLS with something else", "RFC 8446 5.1";
    "RDP-TLS-INTERCEPTED" Medium Some("R19"), "The certificate comes from an inspection product", "{n} hosts are behind TLS inspection", "issuer names of inspection products";
    "RDP-CERT-EXPIRED" High Some("R4"), "The certificate has expired", "{n} hosts have an expired certificate", RFC5280;
    "RDP-CERT-EXPIRED-BROKEN" Critical Some("R2"), "The self-signed certificate has expired and its key does not work", "{n} hosts have an expired certificate and an unusable key", SELF_SIGNED;
    "RDP-CERT-RENEWAL-STUCK" High Some("R2"), "Windows has not renewed its own certificate", "{n} hosts do not renew their own certificate", SELF_SIGNED;
    "RDP-CERT-EXPIRING" Low Some("R4"), "The certificate ends soon", "{n} hosts have a certificate that ends soon", RFC5280;
    "RDP-CERT-NOT-YET-VALID" High Some("R12"), "The certificate is not valid yet", "{n} hosts have a certificate from the future", RFC5280;
    "RDP-CERT-NAME-MISMATCH" Medium Some("R4"), "The certificate does not carry the name used", "{n} hosts have a certificate for another name", "RFC 6125 6.4";
    "RDP-CERT-RENAMED-HOST" High Some("R2"), "The certificate carries an old name of the host", "{n} hosts were renamed after their certificate was made", "field report: qiita 424579c1b9738c7a18c1";
    "RDP-CERT-SELF-SIGNED" Info Some("R4"), "The certificate is self-signed", "{n} hosts have a self-signed certificate", RFC5280;
    "RDP-CERT-CHAIN-SHORT" Low Some("R4"), "The server sends no intermediate certificate", "{n} hosts send no intermediate certificate", "RFC 5246 7.4.2";
    "RDP-CERT-SHA1" Low Some("R4"), "The certificate is signed with SHA-1", "{n} hosts have a certificate signed with SHA-1", "RFC 9155";
    "RDP-CERT-MD5" High Some("R4"), "The certificate is signed with MD5 or older", "{n} hosts have a certificate signed with MD5", "Microsoft KB2862973";
    "RDP-CERT-KEY-TINY" Critical Some("R4"), "The certificate's RSA key is below 1024 bits, which Windows blocks", "{n} hosts have an RSA key below 1024 bits", KEY_BLOCK;
    "RDP-CERT-KEY-SHORT" Medium Some("R4"), "The certificate's RSA key is below 2048 bits", "{n} hosts have an RSA key below 2048 bits", "NIST SP 800-131A";
    "RDP-CERT-NO-EKU" Medium Some("R4"), "The certificate is not meant for servers", "{n} hosts have a certificate that is not meant for servers", RFC5280;
    "RDP-CERT-CA-FLAG" Low Some("R4"), "The server's certificate calls itself an authority", "{n} hosts have a server certificate that calls itself an authority", RFC5280;
    "RDP-CERT-LONG-LIFE" Info None, "The certificate lives longer than public authorities may grant", "{n} hosts have a very long-lived certificate", "CA/Browser Forum baseline requirements 6.3.2";
    "RDP-CERT-FLAPPING" Medium Some("R15"), "Different certificates are shown at one address", "{n} hosts show changing certificates", OBSERVED;
    "RDP-CERT-UNPARSABLE" Medium Some("R4"), "The certificate cannot be read", "{n} hosts have a certificate that cannot be read", RFC5280;
    "RDP-CREDSSP-CLOSED" Medium Some("R3"), "The connection is closed when NLA begins", "{n} hosts close when NLA begins", WINSOCK;
    "RDP-NTLM-BLOCKED" Info Some("R11"), "The server refuses NTLM", "{n} hosts refuse NTLM", "MS-CSSP 2.2.1";
    "RDP-NOT-WINDOWS" Info None, "The server is not Windows", "{n} hosts are not Windows", OBSERVED;
    "RDP-FLAKY" Medium Some("R18"), "Connections fail now and then", "{n} hosts fail now and then", OBSERVED;
    "RDP-DOWN-NOW" High Some("R8"), "The host worked a moment ago and fails now", "{n} hosts stopped working during the scan", OBSERVED;
    "RDP-RESET-AT-STAGE" Medium Some("R19"), "Connections are reset again and again at the same stage", "{n} hosts reset connections at one stage", OBSERVED;
    "RDP-STAGE-FLAP" Medium Some("R15"), "Connections fail at different stages", "{n} hosts fail at changing stages", OBSERVED;
    "RDP-SYN-LOSS" Medium Some("R18"), "Connection requests get lost on the way", "{n} hosts lose connection requests", "RFC 6298";
    "RDP-TLS-MIDBOX" High Some("R19"), "Something on the way resets TLS for many hosts alike", "{n} hosts are cut off alike on the way", "the hosts of one prefix, compared";
    "RDP-CERT-SHARED-KEY" Medium Some("R4"), "Several machines share one private key", "{n} hosts share their private key with others", "the keys of this fleet, compared";
    "RDP-CLOCK-SKEW" Medium Some("R12"), "The host's clock is wrong", "{n} hosts have a wrong clock", "MS-NLMP 2.2.2.1 (MsvAvTimestamp); RFC 4120 1.6";
    "RDP-CREDSSP-OLD" Medium Some("R13"), "The server speaks a CredSSP version from before the 2018 fix", "{n} hosts speak an unfixed CredSSP", "MS-CSSP 2.2.1; CVE-2018-0886";
    "RDP-OS-EOL" Medium Some("R20"), "The operating system no longer gets updates", "{n} hosts may no longer get updates", "Microsoft lifecycle pages";
    "RDP-WORKGROUP" Info None, "The host belongs to no domain", "{n} hosts belong to no domain", "MS-NLMP 2.2.2.1";
    "RDP-KRB-NOTE" Info Some("R11"), "By IP the log-on uses NTLM instead of Kerberos", "{n} domain hosts were given by address", "Microsoft: Kerberos and IP addresses";
    "RDP-SLOW-TCP" Low Some("R18"), "Connecting takes long", "{n} hosts are slow to connect to", OBSERVED;
    "RDP-SLOW-TLS" Low Some("R18"), "The TLS handshake takes long", "{n} hosts are slow in the TLS handshake", OBSERVED;
    "RDP-JITTER" Low Some("R18"), "Times vary widely", "{n} hosts answer now fast, now slowly", OBSERVED;
}

/// Findings of the handbook that no rule reports, each with the reason.
pub static NOT_REPORTED: &[(&str, &str)] = &[
    (
        "RDP-THROTTLED",
        "would need the same hosts again at a slower pace; a scan asks each host at one pace, one connection at a time",
    ),
    (
        "RDP-CERT-CHANGED",
        "needs an earlier report to compare with",
    ),
    (
        "RDP-SELF-LIMIT",
        "is about this machine: shown as a notice over the scan, not on a host",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique() {
        let mut ids: Vec<&str> = ENTRIES.iter().map(|entry| entry.id).collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all);
    }

    #[test]
    fn what_is_not_reported_is_no_entry() {
        for (id, reason) in NOT_REPORTED {
            assert!(entry(id).is_none() && !reason.is_empty(), "{id}");
        }
    }

    #[test]
    fn every_fleet_phrase_counts() {
        for entry in ENTRIES {
            assert!(entry.fleet.contains("{n} "), "{}", entry.id);
        }
    }

    #[test]
    fn remedies_are_known_keys() {
        for remedy in ENTRIES.iter().filter_map(|entry| entry.remedy) {
            let number: u8 = remedy.strip_prefix('R').unwrap().parse().unwrap();
            assert!((1..=20).contains(&number), "{remedy}");
        }
    }
}
