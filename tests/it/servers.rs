//! Servers that claim to be Windows and are not, and Windows itself, by the bytes that they send: the connection confirm in
//! answer to `requestedProtocols` 3, and the `TSRequest` in answer to NTLM.

// Helpers here count as test code for the lints, too.
#![cfg(test)]

use rdpscan::diagnosis::{Context, Policy, Verdict, verdicts};
use rdpscan::model::{History, HostKey};
use rdpscan::wire::tsrequest::TsRequest;

use crate::hostile::material::server_1_3;
use crate::hostile::peer::{Act, Peer};

/// Built field by field, with flags and version as a domain member of that version sends them.
const WINDOWS_10_22H2: &str = "3081d6a003020106a181ce3081cb3081c8a081c50481c24e544c4d53535000020000000800080038000000158289e213\
     4654b3dda9c249000000000000000082008200400000000a00654a0000000f43004f00520050000200080043004f0052\
     005000010006005000430037000400180063006f00720070002e006500780061006d0070006c00650003002000700063\
     0037002e0063006f00720070002e006500780061006d0070006c0065000500180063006f00720070002e006500780061\
     006d0070006c00650007000800807ca53dd57fdd0100000000";

struct Server {
    /// Program, version, and where the bytes come from.
    source: &'static str,
    confirm: &'static str,
    answer: &'static str,
    kind: Kind,
}

#[derive(Debug, PartialEq)]
enum Kind {
    Windows,
    Other,
    Unknown,
}

const WINDOWS_CONFIRM: &str = "030000130ed00000123400020f080002000000";

const SERVERS: &[Server] = &[
    Server {
        source: "FreeRDP 2.11.7, freerdp-shadow-cli /sec:nla of Debian 12, recorded",
        confirm: "030000130ed000000000000203080002000000",
        answer: "3081b8a003020106a1818c308189308186a081830481804e544c4d53535000020000000800080038000000978288e2\
                 134654b3dda9c249000000000000000040004000400000000601b11d0000000f4400450053004b000200080044004500\
                 53004b00010008004400450053004b00040008006400650073006b00030008006400650073006b0007000800807ca53d\
                 d57fdd0100000000a52204207a74e082e36f74e0ffc45f7e102f5e5cb9190e691db8b8433b35221f09a07d91",
        kind: Kind::Other,
    },
    // As above, with what libfreerdp/core/nla.c (no nonce from a server), winpr/libwinpr/sspi/NTLM/ntlm_compute.c (version) and
    // ntlm_av_pairs.c (all names NetBIOS) have changed.
    Server {
        source: "FreeRDP 3.10.3, freerdp-shadow-cli /sec:nla, reconstructed from its sources",
        confirm: "030000130ed000000000000203080002000000",
        answer: "308194a003020106a1818c308189308186a081830481804e544c4d53535000020000000800080038000000978288e213\
                 4654b3dda9c249000000000000000040004000400000000a0067580000000f4400450053004b00020008004400450053\
                 004b00010008004400450053004b00040008004400450053004b00030008004400450053004b0007000800807ca53dd5\
                 7fdd0100000000",
        kind: Kind::Other,
    },
    Server {
        source: "IronRDP, ironrdp-server 0.13.0 with sspi 0.21.3, recorded",
        confirm: "030000130ed000000000000201080002000000",
        answer: "3067a003020106a160305e305ca05a04584e544c4d53535000020000000000000038000000978288e2b0c14904dfdd25\
                 b2000000000000000020002000380000000a0063450000000f02000000010000000400000003000000070008008a41f7\
                 89d67fdd0100000000",
        kind: Kind::Other,
    },
    // Its own challenge, which always claims 6.2.3790 and WINNT; the lengths take three bytes where one would do.
    Server {
        source: "pyrdp 2.1.0 in front of a server that insists on NLA, capturing hashes, recorded",
        confirm: "030000130ed000001234000200080002000000",
        answer: "308200a5a003020105a182009c3082009830820094a08200900482008c4e544c4d53535000020000000a000a00380000\
                 0015828ae22c351eb256e3de1b00000000000000004a004a00420000000602ce0e0000000f570049004e004e00540002\
                 000a00570049004e004e00540001000a00570049004e004e00540004000a00570049004e004e00540003000a00570049\
                 004e004e00540005000a00570049004e004e00540000000000",
        kind: Kind::Unknown,
    },
    // The confirm is recorded with FreeRDP behind it; pyrdp hands on what the server behind it says in NLA.
    Server {
        source: "pyrdp 2.1.0 --auth ssp in front of Windows Server 2022, its answer that of the last entry",
        confirm: "030000130ed000001234000200080002000000",
        answer: WINDOWS_10_22H2,
        kind: Kind::Unknown,
    },
    // Flags 0x0f as in nmap pull request 3485.
    Server {
        source: "Windows 10 22H2, reconstructed from MS-RDPBCGR 2.2.1.2.1 and MS-NLMP 2.2.1.2",
        confirm: WINDOWS_CONFIRM,
        answer: WINDOWS_10_22H2,
        kind: Kind::Windows,
    },
];

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect()
}

/// A peer that sends these bytes, asked so many times.
async fn asked(confirm: &str, answer: Vec<u8>, attempts: usize) -> History {
    let peer = Peer::start(vec![vec![
        Act::Read,
        Act::Send(bytes(confirm)),
        Act::Tls(server_1_3()),
        Act::ReadQuestion,
        Act::Send(answer),
    ]])
    .await;
    let mut history = History::new(HostKey::Endpoint(peer.endpoint));
    for _ in 0..attempts {
        history.attempts.push(peer.attempt().await);
    }
    history
}

/// What the rules answer, at a time when both builds have reached their end.
fn judged(history: &History) -> Vec<(&'static str, Verdict)> {
    verdicts(
        history,
        &Context {
            policy: &Policy::default(),
            now: "2026-12-01T00:00:00Z".parse().unwrap(),
            dns_enabled: false,
            ntlm_enabled: true,
            resolver_down: false,
            fleet: None,
            members: &|_| None,
        },
    )
}

#[tokio::test]
async fn only_windows_is_taken_for_windows() {
    for server in SERVERS {
        let history = asked(server.confirm, bytes(server.answer), 1).await;
        assert!(history.ntlm().is_some(), "{}: no challenge", server.source);
        let verdicts = judged(&history);
        let verdict = |id| {
            let mut all = verdicts.iter();
            all.find(|(rule, _)| *rule == id)
                .map(|(_, verdict)| verdict)
        };
        let kind = match verdict("RDP-NOT-WINDOWS") {
            Some(Verdict::Silent) => Kind::Windows,
            Some(Verdict::Fires(_)) => Kind::Other,
            _ => Kind::Unknown,
        };
        assert_eq!(kind, server.kind, "{}", server.source);
        let is_old = matches!(verdict("RDP-OS-EOL"), Some(Verdict::Fires(_)));
        assert_eq!(is_old, kind == Kind::Windows, "{}", server.source);
    }
}

#[tokio::test]
async fn an_answer_without_a_challenge_is_a_finding_with_its_reason() {
    let error = |status| {
        TsRequest {
            version: 6,
            error_code: Some(status),
            ..TsRequest::default()
        }
        .encode()
    };
    // The offset of the target info points past the end.
    let mut off = bytes(WINDOWS_10_22H2);
    let at = off
        .windows(8)
        .position(|part| part == b"NTLMSSP\0")
        .unwrap();
    off[at + 44..at + 48].copy_from_slice(&[0xFF; 4]);
    for (answer, id, reason) in [
        (
            error(0xC000_00BB),
            "RDP-NTLM-BLOCKED",
            "STATUS_NOT_SUPPORTED",
        ),
        (
            error(0x8009_0302),
            "RDP-NTLM-BLOCKED",
            "SEC_E_UNSUPPORTED_FUNCTION",
        ),
        (
            error(0xC000_006D),
            "RDP-CREDSSP-ERROR",
            "STATUS_LOGON_FAILURE",
        ),
        (
            error(0xC000_0022),
            "RDP-CREDSSP-ERROR",
            "by IP address mstsc uses NTLM",
        ),
        (off, "RDP-NTLM-MALFORMED", "NTLM target info ends early"),
        (
            b"\x03\0\0\x09\x02\xf0\x80\x21\x80".to_vec(),
            "RDP-NTLM-MALFORMED",
            "tag of a TSRequest is 0x03",
        ),
    ] {
        let verdicts = judged(&asked(WINDOWS_CONFIRM, answer, 2).await);
        let of_answer = [
            "RDP-NTLM-BLOCKED",
            "RDP-CREDSSP-ERROR",
            "RDP-NTLM-MALFORMED",
        ];
        for (rule, verdict) in verdicts.iter().filter(|(rule, _)| of_answer.contains(rule)) {
            match verdict {
                Verdict::Fires(finding) if *rule == id => assert!(
                    finding.evidence.starts_with("2 of 2 attempts: ")
                        && finding.evidence.contains(reason),
                    "{finding:?}"
                ),
                other => assert_eq!((*rule == id, other), (false, &Verdict::Silent), "{rule}"),
            }
        }
    }
}

/// An error code of 0 is `STATUS_SUCCESS`.
#[tokio::test]
async fn an_error_code_of_0_hides_no_challenge() {
    let mut answer = TsRequest::decode(&bytes(WINDOWS_10_22H2)).unwrap();
    answer.error_code = Some(0);
    let history = asked(WINDOWS_CONFIRM, answer.encode(), 1).await;
    assert!(history.ntlm().is_some());
}
