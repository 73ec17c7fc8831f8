//! The declaration of every field, in the order in which reports write them. New fields go to the end, because people keep
//! formulas on the columns of CSV files.

use super::FieldSpec;
use super::read::{self, findings, leaf, word};
use super::spec::{
    address, build, day, finding, hex, milliseconds, minute, number, recorded, text, words,
};
use super::words;
use crate::model::{
    CertificateFacts, CertificateStatus, DnsVerdict, HostState, Nla, SelectedSecurity,
    ServerFeature, StabilityVerdict, Stage, TlsHandshake,
};
use crate::table::value::{FieldValue, SortKey};

/// What names are compared with.
const NAME: &str = "a name or a part of one";
const ADDRESS: &str = "an address, a network such as 10.0.4.0/24 or a range such as 10.0.4.10-50";

macro_rules! fields {
    ($($name:ident = $spec:expr,)+) => {
        /// A field of a host.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Field { $($name),+ }

        static SPECS: &[FieldSpec] = &[$($spec),+];

        impl Field {
            /// Every field, in the order of reports.
            pub const ALL: [Self; [$(stringify!($name)),+].len()] = [$(Self::$name),+];

            /// Its declaration.
            #[must_use]
            pub fn spec(self) -> &'static FieldSpec {
                static NONE: FieldSpec = text("", "", |_| FieldValue::Missing);
                SPECS.get(self as usize).unwrap_or(&NONE)
            }
        }
    };
}

fields! {
    State = words("state", "what is always true of the host", words::weighed::<HostState>, |host| word!(host.diagnosis.state))
        .filter("a state", ":broken")
        .order(read::by_state)
        .letter('s'),
    Address = address("address", "the address, and the port where it is not 3389", read::address)
        .aliases(&["ip"])
        .filter(ADDRESS, ":10.0.4.0/24")
        .text(read::write_address)
        .order(|_| SortKey::Number(0))
        .width(9, 20)
        .letter('a'),
    Name = text("name", "the name to show", |host| {
            FieldValue::text(host.display_name())
        })
        .aliases(&["display_name"])
        .filter(NAME, ":*.corp.example")
        .compare(read::names)
        .width(16, 40)
        .letter('n'),
    DaysLeft = number("days_left", "days left on the certificate", |host| FieldValue::number(host.diagnosis.days_left))
        .aliases(&["days", "certificate_days_left"])
        .heading("days left")
        .short("days")
        .range(-9_999_999, 9_999_999)
        .filter("a whole number of days", "<30")
        .text(read::write_days_left)
        .width(4, 9)
        .letter('d'),
    Tls = words("tls", "the TLS version", words::tls_versions, read::tls)
        .aliases(&["tls_version"])
        .heading("TLS")
        .filter("ssl3, 1.0, 1.1, 1.2 or 1.3", "<1.2")
        .text(read::write_tls)
        .compare(read::tls_word)
        .order(read::by_tls)
        .width(5, 8)
        .letter('t'),
    Nla = words("nla", "whether the server negotiates NLA", words::weighed::<Nla>, |host| {
            word!(host.diagnosis.nla)
        })
        .heading("NLA")
        .filter("required, offered, not_offered or unknown", ":required")
        .text(read::write_nla)
        .order(read::by_nla)
        .width(3, 11)
        .letter('l'),
    Dns = words("dns", "the name against the address", words::weighed::<DnsVerdict>, |host| word!(host.diagnosis.dns))
        .heading("DNS")
        .filter("a verdict on names", ":stale")
        .width(3, 12)
        .letter('r'),
    Stability = words("stability", "steady, flaky or down", words::weighed::<StabilityVerdict>, |host| {
            word!(host.diagnosis.stability.verdict)
        })
        .short("stab")
        .filter("a verdict on attempts", ":flaky")
        .width(4, 16)
        .letter('b'),
    Finding = finding("finding", "the worst finding", read::worst_finding)
        .aliases(&["first_finding"])
        .compare(read::finding_ids)
        .order(read::by_finding)
        .width(15, 60)
        .letter('f'),
    FailedStage = words("failed_stage", "the stage where attempts end", words::plain::<Stage>, |host| {
            host.diagnosis.failed_stage.map_or(FieldValue::Missing, |stage| word!(stage))
        })
        .aliases(&["stage"])
        .heading("failed at")
        .filter("a stage", ":tls")
        .letter('g'),
    Predicted = text("predicted", "the error that mstsc would probably show", |host| {
            FieldValue::text(read::predicted(host).map(|(code, _)| code))
        })
        .aliases(&["predicted_code"])
        .filter("a code such as 0x904", ":0x904")
        .text(read::write_predicted)
        .order(read::by_predicted)
        .width(11, 11)
        .letter('e'),
    Likelihood = number("likelihood", "how likely mstsc would show the predicted error", |host| {
            FieldValue::number(read::predicted(host).map(|(_, likelihood)| likelihood))
        })
        .aliases(&["predicted_likelihood"])
        .heading("likelihood %")
        .unit("%")
        .filter("a number of percent", ">=50")
        .descending(),
    Severity = words("severity", "how bad the worst finding is", words::severities, |host| {
            host.diagnosis.worst().map_or(FieldValue::Missing, |finding| word!(finding.severity))
        })
        .filter("critical, high, medium, low or info", ">=high")
        .not_searched()
        .descending()
        .letter('V'),
    Evidence = text("evidence", "what the worst finding is based on", |host| {
            FieldValue::text(findings(host).first().map(|finding| finding.evidence.as_str()))
        })
        .aliases(&["first_evidence"])
        .filter("a part of the evidence", ":sha1")
        .width(20, 60)
        .not_searched(),
    Findings = finding("findings", "the ids of all findings", read::finding_ids)
        .heading("all findings")
        .not_searched(),
    Remedies = text("remedies", "the remedies of all findings", |host| {
            FieldValue::list(findings(host).iter().flat_map(|finding| finding.remedies.iter().copied()))
        })
        .filter("the key of a remedy", ":R1")
        .width(8, 14)
        .not_searched(),
    Security = words("security", "the security protocol that the server selected", words::plain::<SelectedSecurity>, |host| {
            word!(host.diagnosis.security)
        })
        .aliases(&["protocol", "selected"])
        .filter("a protocol", ":ssl")
        .order(|host| SortKey::Text(host.diagnosis.security.word().into()))
        .letter('p'),
    Features = words("features", "what the server announces in the negotiation", words::plain::<ServerFeature>, read::features)
        .filter("a feature", ":restricted_admin")
        .width(20, 82)
        .letter('E'),
    Port = number("port", "the TCP port", |host| FieldValue::number(Some(host.key().port())))
        .range(0, 65_535)
        .filter("a port from 0 to 65535", ":3389")
        .letter('P'),
    Host = text("host", "the name, or the address where there is no name", read::host)
        .filter(NAME, ":srv05*")
        .not_searched(),
    Names = text("names", "every name of the host", read::names)
        .heading("all names")
        .filter(NAME, ":srv05*")
        .not_searched(),
    Listed = words("listed", "whether the target was given one by one", words::is_listed, |host| {
            FieldValue::Word(words::yes_or_no(host.listed()), i64::from(!host.listed()))
        })
        .filter("yes or no", ":yes")
        .not_searched(),
    TlsHandshake = words("tls_handshake", "how the TLS version was read", words::plain::<TlsHandshake>, |host| {
            let handshake = host.tls().map(|(handshake, _)| handshake);
            handshake.map_or(FieldValue::Missing, |one| FieldValue::Word(one.word(), one as i64))
        })
        .heading("handshake")
        .filter("full, legacy_peek or failed", ":legacy_peek")
        .not_searched(),
    Cipher = recorded("cipher", "the cipher suite", |_, history| {
            FieldValue::text(history.tls().and_then(|tls| tls.cipher.as_deref()))
        })
        .aliases(&["tls_cipher"]),
    Certificate = words("certificate", "the certificate's validity", words::weighed::<CertificateStatus>, |host| {
            host.diagnosis.certificate_status.map_or(FieldValue::Missing, |status| word!(status))
        })
        .aliases(&["cert", "certificate_status"])
        .filter("a validity", ":expired")
        .not_searched()
        .letter('C'),
    NotBefore = day("not_before", "the day on which the certificate begins, UTC", |host| {
            FieldValue::day(leaf(host).and_then(|leaf| leaf.not_before))
        })
        .aliases(&["certificate_not_before_utc"])
        .heading("valid from")
        .not_searched(),
    NotAfter = day("not_after", "the day on which the certificate ends, UTC", |host| {
            FieldValue::day(leaf(host).and_then(|leaf| leaf.not_after))
        })
        .aliases(&["expires", "certificate_not_after_utc"])
        .heading("expires")
        .letter('x'),
    CommonName = text("common_name", "the certificate's common name", |host| {
            FieldValue::text(leaf(host).and_then(|leaf| leaf.common_name.as_deref()))
        })
        .aliases(&["cn", "certificate_common_name"])
        .heading("common name")
        .filter(NAME, ":srv05*")
        .width(14, 32)
        .letter('c'),
    San = text("san", "the certificate's alternative names", read::alternative_names)
        .aliases(&["certificate_san"])
        .heading("alternative names")
        .filter(NAME, ":srv05*")
        .not_searched(),
    SanCount = number("san_count", "how many alternative names the certificate has", |host| {
            FieldValue::number(leaf(host).map(CertificateFacts::alternative_names))
        })
        .aliases(&["sans"])
        .heading("sans")
        .filter("a number of names", ":0")
        .letter('A'),
    Subject = text("subject", "the certificate's whole subject", |host| {
            FieldValue::text(leaf(host).map(|leaf| &*leaf.subject))
        })
        .aliases(&["certificate_subject"])
        .filter("a part of the subject", ":srv05*")
        .not_searched(),
    Issuer = text("issuer", "the certificate's issuer", |host| FieldValue::text(leaf(host).map(|leaf| &*leaf.issuer)))
        .aliases(&["certificate_issuer"])
        .filter("a part of the issuer's name", ":\"Issuing CA 1\"")
        .width(16, 40)
        .letter('i'),
    SelfSigned = recorded("self_signed", "whether the certificate is self-signed", read::self_signed)
        .aliases(&["certificate_self_signed"])
        .heading("self-signed")
        .width(11, 11),
    Key = number("key", "the certificate's key: algorithm and bits", read::key)
        .aliases(&["certificate_key"])
        .filter("a number of bits", "<2048")
        .compare(read::key_bits)
        .order(read::by_key)
        .searched()
        .width(9, 14)
        .letter('y'),
    SignatureAlgorithm = text("signature_algorithm", "the algorithm of the certificate's signature", |host| {
            FieldValue::text(leaf(host).map(|leaf| &*leaf.signature_algorithm))
        })
        .aliases(&["signature", "certificate_signature"])
        .heading("signature")
        .filter("an algorithm or a part of its name", ":sha1*")
        .width(12, 26)
        .letter('G'),
    Sha1 = hex("sha1", "the certificate's SHA-1, as certlm shows it", |host| {
            leaf(host).map_or(FieldValue::Missing, |leaf| FieldValue::Sha1(leaf.sha1))
        })
        .aliases(&["thumbprint", "certificate_sha1"])
        .heading("thumbprint")
        .width(12, 40)
        .letter('u'),
    Sha256 = hex("sha256", "the certificate's SHA-256", |host| {
            leaf(host).map_or(FieldValue::Missing, |leaf| FieldValue::Sha256(leaf.sha256))
        })
        .aliases(&["certificate_sha256"])
        .heading("SHA-256")
        .not_searched()
        .width(12, 64),
    NtlmComputer = recorded("ntlm_computer", "the computer's name in the NTLM challenge", |_, history| {
            let ntlm = history.ntlm();
            FieldValue::text(ntlm.and_then(|ntlm| ntlm.dns_computer.as_deref().or(ntlm.netbios_computer.as_deref())))
        })
        .heading("computer (NTLM)"),
    NtlmDomain = recorded("ntlm_domain", "the domain's name in the NTLM challenge", |_, history| {
            let ntlm = history.ntlm();
            FieldValue::text(ntlm.and_then(|ntlm| ntlm.dns_domain.as_deref().or(ntlm.netbios_domain.as_deref())))
        })
        .heading("domain (NTLM)"),
    Build = build("build", "version of the operating system, as NTLM claims it", |host| {
            let build = host.sketch().build;
            build.map_or(FieldValue::Missing, |(major, minor, build)| FieldValue::Build(major, minor, build))
        })
        .letter('B'),
    ClockSkew = recorded("clock_skew_s", "seconds by which the host's clock is ahead of this machine's", |_, history| {
            FieldValue::decimal(history.ntlm().and_then(|ntlm| ntlm.clock_skew_s()), 1)
        })
        .heading("clock ahead s")
        .width(13, 13),
    Attempts = number("attempts", "attempts that count", |host| FieldValue::number(Some(host.diagnosis.stability.attempts)))
        .filter("a number of attempts", "<3")
        .letter('T'),
    Failures = number("failures", "attempts that failed", |host| FieldValue::number(Some(host.diagnosis.stability.failures)))
        .filter("a number of attempts", ">0")
        .descending()
        .letter('F'),
    ConnectMs = milliseconds("connect_ms", "median time of a TCP connect, in milliseconds", |host| {
            read::median(host.diagnosis.stability.connect_ms)
        })
        .aliases(&["connect", "connect_ms_median"])
        .heading("connect ms")
        .letter('m'),
    HandshakeMs = milliseconds("handshake_ms", "median time of a TLS handshake, in milliseconds", |host| {
            read::median(host.diagnosis.stability.handshake_ms)
        })
        .aliases(&["handshake"])
        .heading("TLS ms")
        .letter('H'),
    TotalMs = milliseconds("total_ms", "median time of a whole attempt, in milliseconds", |host| {
            read::median(host.diagnosis.stability.total_ms)
        })
        .aliases(&["total_ms_median"])
        .heading("total ms"),
    Loss = number("loss", "share of connects that got lost, in percent", |host| {
            FieldValue::Decimal(host.diagnosis.stability.loss * 100.0, 0)
        })
        .measure()
        .heading("loss %")
        .unit("%")
        .filter("a number of percent", ">=5%")
        .descending()
        .letter('o'),
    Retransmits = number("retransmits", "segments that had to be sent again, over all attempts", |host| {
            FieldValue::number(host.diagnosis.stability.retransmits)
        })
        .filter("a number of segments", ">0")
        .descending()
        .letter('R'),
    FirstSeen = minute("first_seen", "when a connect first came up, UTC", |host| FieldValue::minute(host.sketch().first_seen))
        .heading("first seen")
        .order(|host| read::by_time(host.sketch().first_seen))
        .letter('Z'),
    LastSeen = minute("last_seen", "when a connect last came up, UTC", |host| FieldValue::minute(host.sketch().last_seen))
        .heading("last seen")
        .order(|host| read::by_time(host.sketch().last_seen))
        .letter('z'),
    Forward = address("forward", "the addresses that the host's names resolve to", read::forward)
        .heading("resolves to")
        .filter(ADDRESS, ":10.0.4.0/24")
        .width(15, 34)
        .letter('w'),
    Reverse = text("reverse", "the name that the address resolves to", |host| {
            FieldValue::text(host.sketch().reverse.as_deref())
        })
        .heading("PTR")
        .filter(NAME, ":srv*")
        .width(14, 32)
        .letter('v'),
    Domain = text("domain", "what follows the first label of the name", |host| FieldValue::text(read::domain(host)))
        .filter("a domain or a part of one", ":corp.example")
        .not_searched()
        .letter('D'),
    Subnet = address("subnet", "the /24 of an IPv4 address, the /64 of an IPv6 address", read::subnet)
        .filter(ADDRESS, ":10.0.0.0/16")
        .not_searched()
        .width(18, 20)
        .letter('N'),
    Serial = hex("serial", "the certificate's serial number, as a CA lists it", |host| {
            let serial = leaf(host).map(|leaf| &leaf.serial).filter(|serial| !serial.is_empty());
            FieldValue::text(serial.map(ToString::to_string))
        })
        .filter("a serial number or a part of one", ":0a1b*")
        .not_searched(),
    Configuration = text("configuration", "what the server negotiates, as a fingerprint: hosts with the same one are configured alike", |host| {
            FieldValue::text(host.sketch().configuration.as_deref())
        })
        .aliases(&["fingerprint"])
        .filter("a fingerprint or a part of one", ":hybrid-1.2-*")
        .not_searched()
        .width(22, 30)
        .letter('O'),
    Changed = words("changed", "how the host differs from the scan before", words::change_classes, read::changes)
        .filter("a kind of change, or yes for any", ":renewed")
        .text(read::write_changes)
        .compare(read::change_words)
        .order(read::by_change)
        .not_searched()
        .width(14, 34)
        .letter('X'),
    Acknowledged = finding("acknowledged", "the findings that are acknowledged or ignored", |host| {
            let findings = findings(host).iter().filter(|finding| finding.acknowledged.is_some());
            FieldValue::list(findings.map(|finding| finding.id))
        })
        .not_searched(),
    Sites = text("site", "each site of a scan from several, with the state that it sees", |host| {
            FieldValue::text(read::sites(host))
        })
        .aliases(&["sites"])
        .heading("sites")
        .filter("a site, or a site and the state that it sees", ":berlin")
        .not_searched()
        .width(14, 40)
        .letter('W'),
}
