//! The catalogue: every finding's id, usual severity, meaning, fleet phrase, remedies and source, in one table.

use std::borrow::Cow;

use crate::model::{Confidence, Finding, Severity};

/// What a rule answers for a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It holds, and this is what to say.
    Fires(Finding),
    /// It was looked at and does not hold.
    Silent,
    /// It cannot be told from what was seen.
    NotEnough {
        /// The reason, as a lower-case fragment.
        why: &'static str,
        /// What would tell: a flag of a scan, or where to look.
        get: &'static str,
    },
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
    /// Keys of every remedy that may be right, the first to try first; a rule may leave some out for a host. Empty when there
    /// is nothing to mend.
    pub remedies: &'static [&'static str],
    /// Where the knowledge comes from: specification, vendor page, field reports or measurement.
    pub source: &'static str,
}

impl Entry {
    /// The finding over a fleet: "12 hosts have an expired certificate".
    #[must_use]
    pub fn phrase(&self, hosts: usize) -> String {
        match hosts {
            1 => format!("1 host: {}", self.meaning),
            many => self.fleet.replace("{n}", &many.to_string()),
        }
    }
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
        remedies: entry.map_or(&[], |entry| entry.remedies),
    }
}

/// Writes the table: id, severity, remedies, what it means, fleet phrase, source.
macro_rules! entries {
    ($($id:literal $severity:ident [$($remedy:literal),*], $meaning:literal, $fleet:literal, $source:expr;)+) => {
        /// Every entry, by family.
        pub static ENTRIES: &[Entry] = &[$(Entry {
            id: $id,
            severity: Severity::$severity,
            meaning: $meaning,
            fleet: $fleet,
            remedies: &[$($remedy),*],
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
    "RDP-DNS-MISSING" Medium ["R9"], "The name has no address", "{n} hosts have a name without an address", MATRIX;
    "RDP-DNS-ALIAS-LOOP" Medium ["R9"], "The aliases of the name form a loop or an endless chain", "{n} hosts have a name whose aliases form a loop or an endless chain", MATRIX;
    "RDP-DNS-ERROR" Low ["R9"], "The name could not be looked up", "{n} hosts have a name that could not be looked up", MATRIX;
    "RDP-DNS-STALE" High ["R9"], "The name leads only to addresses where nothing answers", "{n} hosts have a stale name", MATRIX;
    "RDP-DNS-PARTIAL-DEAD" Medium ["R9", "R15"], "Some of the name's addresses do not answer", "{n} hosts have a name with dead addresses", MATRIX;
    "RDP-DNS-AAAA-DEAD" Medium ["R10"], "The name's IPv6 addresses do not answer", "{n} hosts have a name with dead IPv6 addresses", "server fault 548777: mstsc tries AAAA first";
    "RDP-DNS-PTR-MISSING" Info ["R9"], "The address has no reverse name", "{n} hosts have no reverse name", MATRIX;
    "RDP-DNS-PTR-MISMATCH" Low ["R9"], "The reverse name does not lead back to the address", "{n} hosts have a reverse name that leads elsewhere", MATRIX;
    "RDP-DNS-MULTI-NAME" Info [], "Several names lead to the same host", "{n} hosts have several names", MATRIX;
    "RDP-DNS-SPLIT" Low ["R9"], "The operating system and the DNS servers disagree about the name", "{n} hosts have a name on which resolvers disagree", MATRIX;
    "RDP-NAME-WRONG-HOST" High ["R9"], "The name leads to another machine", "{n} hosts have a name that leads to another machine", MATRIX;
    "RDP-NAME-IP-DIFFER" Medium ["R15", "R19"], "By name and by IP the same address behaves differently", "{n} hosts behave differently by name and by IP", OBSERVED;
    "RDP-GATEWAY" Info [], "The host is reached through a gateway, so it was not probed directly", "{n} hosts are behind a gateway and were not probed", "the file that lists the host";
    "RDP-DNS-UNANSWERED" Info [], "No resolver answered, so the host was not probed", "{n} names were not looked up: no resolver answered", MATRIX;
    "RDP-NOT-REACHED" Info [], "The scan ended first, so the host was not probed", "{n} hosts were not probed: the scan ended first", "the end of the scan";
    "RDP-TCP-REFUSED" High ["R8"], "The port is closed", "{n} hosts refuse the connection", "RFC 9293 3.10.7.1";
    "RDP-TCP-TIMEOUT" High ["R7"], "Nothing answers on the port", "{n} hosts do not answer", "RFC 9293 3.8.3";
    "RDP-TCP-UNREACHABLE" High ["R7", "R18"], "The network says that the host cannot be reached", "{n} hosts are unreachable", "RFC 1122 3.2.2.1";
    "RDP-TCP-PROHIBITED" High ["R7"], "A packet filter forbids the connection", "{n} hosts are behind a filter that says no", "RFC 4443 3.1";
    "RDP-TCP-RESET-EARLY" High ["R8", "R14", "R19"], "The connection is closed as soon as it is accepted", "{n} hosts close the connection at once", WINSOCK;
    "RDP-PORT-NOT-RDP" Medium ["R8"], "Something other than Remote Desktop answers on the port", "{n} ports speak something other than RDP", "RFC 1006";
    "RDP-PORT-TLS-FIRST" Medium ["R8"], "The port expects TLS immediately (direct TLS)", "{n} ports expect TLS immediately", "RFC 8446 5.1";
    "RDP-X224-SILENT" High ["R8", "R14", "R18"], "The port is open but never responds", "{n} hosts accept connections and never respond", "MS-RDPBCGR 1.3.1.1";
    "RDP-X224-CLOSED" High ["R8", "R14", "R19"], "The server closes the connection after the first RDP request", "{n} hosts close after the first RDP request", WINSOCK;
    "RDP-X224-MALFORMED" Medium ["R19"], "The answer to the first request breaks the protocol", "{n} hosts answer with malformed bytes", "MS-RDPBCGR 2.2.1.2";
    "RDP-NEG-LEGACY" High ["R6"], "The server uses standard RDP security, without TLS and without proof of who it is", "{n} hosts use standard RDP security", SELECTED;
    "RDP-NEG-FAIL-SSL-REQUIRED" Low ["R3"], "The server demands TLS although TLS was offered", "{n} hosts demand TLS though it was offered", RDPBCGR;
    "RDP-NEG-FAIL-SSL-OFF" High ["R6"], "The server refuses TLS", "{n} hosts refuse TLS", RDPBCGR;
    "RDP-NEG-NO-CERT" Critical ["R1", "R2", "R3"], "The server has no usable certificate", "{n} hosts have no usable certificate", RDPBCGR;
    "RDP-NEG-FAIL-FLAGS" Low [], "The server calls the request inconsistent", "{n} hosts call the request inconsistent", RDPBCGR;
    "RDP-NEG-FAIL-UNKNOWN" Medium [], "The server refuses with a code that is not in the specification", "{n} hosts refuse with an unknown code", RDPBCGR;
    "RDP-NEG-NLA-REQUIRED" Info [], "The server insists on NLA", "{n} hosts insist on NLA", RDPBCGR;
    "RDP-NEG-USERAUTH" Medium [], "The server wants TLS with user authentication", "{n} hosts want TLS with user authentication", RDPBCGR;
    "RDP-NEG-ENTRA" Medium [], "The server wants Entra authentication", "{n} hosts want Entra authentication", "open-source clients";
    "RDP-NLA-OPTIONAL" Medium ["R6"], "NLA is offered but not demanded", "{n} hosts do not demand NLA", SELECTED;
    "RDP-NLA-OFF" High ["R6"], "NLA is switched off", "{n} hosts have NLA switched off", SELECTED;
    "RDP-NEG-RDSTLS-ONLY" Info [], "The server takes part in broker redirection only", "{n} hosts take RDSTLS only", SELECTED;
    "RDP-TLS-CLOSED" Critical ["R1", "R2", "R3"], "The connection is closed as soon as TLS begins", "{n} hosts close as soon as TLS begins", WINSOCK;
    "RDP-TLS-CLOSED-LATE" High ["R2", "R5", "R19"], "The connection is closed in the middle of the TLS handshake", "{n} hosts close in the middle of the TLS handshake", WINSOCK;
    "RDP-TLS-LEGACY-ONLY" Medium ["R5", "R20"], "Only old TLS versions or cipher suites are supported", "{n} hosts support only old TLS", "Microsoft: Schannel cipher suites by version";
    "RDP-TLS-DHE-ONLY" Low ["R5"], "The server supports no cipher suite with an elliptic-curve key exchange", "{n} hosts support no elliptic-curve key exchange", "Microsoft: Schannel cipher suites by version";
    "RDP-TLS-INTOLERANT" Medium ["R19", "R20"], "The server refuses the hello of TLS 1.3 clients", "{n} hosts refuse the hello of TLS 1.3 clients", "RFC 8446 appendix D";
    "RDP-TLS-NO-COMMON" High ["R5"], "The server finds no common TLS version or cipher suite", "{n} hosts find no common TLS version or suite", "RFC 8446 6.2";
    "RDP-TLS-ALERT" High ["R2", "R5", "R19"], "The server breaks the TLS handshake off with an alert", "{n} hosts break the TLS handshake off with an alert", "RFC 8446 6.2";
    "RDP-TLS-OLD-VERSION" Medium ["R5"], "TLS 1.1 or older is negotiated", "{n} hosts negotiate TLS 1.1 or older", "RFC 8996";
    "RDP-TLS-TIMEOUT" Medium ["R18"], "The TLS handshake stalls", "{n} hosts stall in the TLS handshake", OBSERVED;
    "RDP-TLS-CLIENT-CERT" Low [], "The server asks the client for a certificate", "{n} hosts ask for a client certificate", "RFC 8446 4.3.2";
    "RDP-TLS-PROTO-ERROR" Medium ["R19"], "The server answers the TLS handshake with invalid data", "{n} hosts answer TLS with invalid data", "RFC 8446 5.1";
    "RDP-TLS-INTERCEPTED" Medium ["R19"], "The certificate comes from an inspection product", "{n} hosts are behind TLS inspection", "issuer names of inspection products";
    "RDP-CERT-EXPIRED" High ["R1", "R4", "R16"], "The certificate has expired", "{n} hosts have an expired certificate", RFC5280;
    "RDP-CERT-EXPIRED-BROKEN" Critical ["R1", "R2"], "The self-signed certificate has expired and its key does not work", "{n} hosts have an expired certificate and an unusable key", SELF_SIGNED;
    "RDP-CERT-RENEWAL-STUCK" High ["R1", "R2"], "Windows has not renewed its own certificate", "{n} hosts do not renew their own certificate", SELF_SIGNED;
    "RDP-CERT-EXPIRING" Low ["R4", "R1", "R16"], "The certificate ends soon", "{n} hosts have a certificate that ends soon", RFC5280;
    "RDP-CERT-NOT-YET-VALID" High ["R12", "R1", "R4", "R16"], "The certificate is not valid yet", "{n} hosts have a certificate from the future", RFC5280;
    "RDP-CERT-NAME-MISMATCH" Medium ["R4", "R9"], "The certificate does not carry the name used", "{n} hosts have a certificate for another name", "RFC 6125 6.4";
    "RDP-CERT-RENAMED-HOST" High ["R1", "R2"], "The certificate carries an old name of the host", "{n} hosts were renamed after their certificate was made", "field report: qiita 424579c1b9738c7a18c1";
    "RDP-CERT-SELF-SIGNED" Info ["R4"], "The certificate is self-signed", "{n} hosts have a self-signed certificate", RFC5280;
    "RDP-CERT-CHAIN-SHORT" Low ["R4"], "The server sends no intermediate certificate", "{n} hosts send no intermediate certificate", "RFC 5246 7.4.2";
    "RDP-CERT-SHA1" Low ["R4", "R1", "R16"], "The certificate is signed with SHA-1", "{n} hosts have a certificate signed with SHA-1", "RFC 9155";
    "RDP-CERT-MD5" High ["R4"], "The certificate is signed with MD5 or older", "{n} hosts have a certificate signed with MD5", "Microsoft KB2862973";
    "RDP-CERT-KEY-TINY" High ["R4"], "The certificate's RSA key is below 1024 bits, which Windows blocks", "{n} hosts have an RSA key below 1024 bits", KEY_BLOCK;
    "RDP-CERT-KEY-SHORT" Medium ["R4"], "The certificate's key is short: RSA below 2048 bits, or an elliptic curve below 224", "{n} hosts have a certificate with a short key", "NIST SP 800-131A";
    "RDP-CERT-NO-EKU" Medium ["R4"], "The certificate is not meant for servers", "{n} hosts have a certificate that is not meant for servers", RFC5280;
    "RDP-CERT-CA-FLAG" Low ["R4"], "The server's certificate calls itself an authority", "{n} hosts have a server certificate that calls itself an authority", RFC5280;
    "RDP-CERT-LONG-LIFE" Info [], "The certificate lives longer than public authorities may grant", "{n} hosts have a very long-lived certificate", "CA/Browser Forum baseline requirements 6.3.2";
    "RDP-CERT-FLAPPING" Medium ["R15"], "Different certificates are shown at one address", "{n} hosts show changing certificates", OBSERVED;
    "RDP-CERT-CHANGED" Info ["R4"], "The certificate was replaced by another", "{n} hosts had their certificate replaced", OBSERVED;
    "RDP-CERT-UNPARSABLE" Medium ["R4"], "The certificate cannot be read", "{n} hosts have a certificate that cannot be read", RFC5280;
    "RDP-CREDSSP-CLOSED" Medium ["R3", "R6"], "The connection is closed when NLA begins", "{n} hosts close when NLA begins", WINSOCK;
    "RDP-NTLM-BLOCKED" Info ["R11"], "The server refuses NTLM", "{n} hosts refuse NTLM", "MS-CSSP 2.2.1";
    "RDP-CREDSSP-ERROR" Low ["R11", "R17"], "The server answers NTLM with an error code", "{n} hosts answer NTLM with an error code", "MS-CSSP 2.2.1";
    "RDP-NTLM-MALFORMED" Medium ["R19"], "The answer to the NTLM message is malformed", "{n} hosts send a malformed answer to NTLM", "MS-CSSP 2.2.1; MS-NLMP 2.2.1.2";
    "RDP-NOT-WINDOWS" Info ["R16"], "The server is not Windows", "{n} hosts are not Windows", OBSERVED;
    "RDP-FLAKY" Medium ["R18", "R14", "R2"], "Connections fail now and then", "{n} hosts fail now and then", OBSERVED;
    "RDP-DOWN-NOW" High ["R8"], "The host worked a moment ago and fails now", "{n} hosts stopped working during the scan", OBSERVED;
    "RDP-RESET-AT-STAGE" Medium ["R19", "R14", "R2", "R3"], "Connections are reset again and again at the same stage", "{n} hosts reset connections at one stage", OBSERVED;
    "RDP-STAGE-FLAP" Medium ["R8", "R15"], "Connections fail at different stages", "{n} hosts fail at changing stages", OBSERVED;
    "RDP-NO-SESSION" High ["R8", "R18"], "No connection gets through", "{n} hosts let no connection through", OBSERVED;
    "RDP-THROTTLED" Medium ["R14"], "Connections fail only while this scan keeps many open", "{n} hosts fail only while many connections are open", OBSERVED;
    "RDP-SYN-LOSS" Medium ["R18"], "Connection requests get lost on the way", "{n} hosts lose connection requests", "RFC 6298";
    "RDP-TLS-MIDBOX" High ["R19", "R7"], "Something on the way resets TLS for many hosts alike", "{n} hosts are cut off alike on the way", "the hosts of one prefix, compared";
    "RDP-CERT-SHARED-KEY" Medium ["R4", "R16"], "Several machines share one private key", "{n} hosts share their private key with others", "the keys of this fleet, compared";
    "RDP-CLOCK-SKEW" Medium ["R12"], "The host's clock is wrong", "{n} hosts have a wrong clock", "MS-NLMP 2.2.2.1 (MsvAvTimestamp); RFC 4120 1.6";
    "RDP-CREDSSP-OLD" Medium ["R13"], "The server speaks a CredSSP version from before the 2018 fix", "{n} hosts speak an unfixed CredSSP", "MS-CSSP 2.2.1; CVE-2018-0886";
    "RDP-OS-EOL" Medium ["R20"], "The operating system no longer gets updates", "{n} hosts may no longer get updates", "Microsoft lifecycle pages";
    "RDP-WORKGROUP" Info [], "The host belongs to no domain", "{n} hosts belong to no domain", "MS-NLMP 2.2.2.1";
    "RDP-KRB-NOTE" Info ["R11"], "By IP the log-on uses NTLM instead of Kerberos", "{n} domain hosts may answer users otherwise by name than by IP", "Microsoft: Kerberos and IP addresses";
    "RDP-SLOW-TCP" Low ["R18"], "Connecting takes long", "{n} hosts are slow to connect to", OBSERVED;
    "RDP-SLOW-X224" Low ["R18", "R14"], "The first RDP answer takes long", "{n} hosts are slow to answer the first RDP request", OBSERVED;
    "RDP-SLOW-TLS" Low ["R18"], "The TLS handshake takes long", "{n} hosts are slow in the TLS handshake", OBSERVED;
    "RDP-JITTER" Low ["R18"], "Times vary widely", "{n} hosts answer now fast, now slowly", OBSERVED;
}

/// What is about this machine: shown as a banner over the scan, never as a finding on a host, with what it means.
pub static BANNERS: &[(&str, &str)] =
    &[("RDP-SELF-LIMIT", "This machine could not do what was asked")];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::remedies;

    #[test]
    fn ids_are_unique() {
        let mut ids: Vec<&str> = ENTRIES.iter().map(|entry| entry.id).collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all);
    }

    #[test]
    fn what_is_about_this_machine_is_no_entry() {
        for (id, meaning) in BANNERS {
            assert!(entry(id).is_none() && !meaning.is_empty(), "{id}");
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
        for entry in ENTRIES {
            for (place, remedy) in entry.remedies.iter().enumerate() {
                assert!(remedies::find(remedy).is_some(), "{}: {remedy}", entry.id);
                assert!(!entry.remedies[..place].contains(remedy), "{}", entry.id);
            }
        }
    }
}
