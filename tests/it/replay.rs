//! What was scanned comes back from every form that can be read, and folds to the same fleet.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use proptest::prelude::*;

use rdpscan::diagnosis::Policy;
use rdpscan::fleet::Fleet;
use rdpscan::model::*;
use rdpscan::record;
use rdpscan::report::{self, Format, Selection};

fn time(text: &str) -> jiff::Timestamp {
    text.parse().unwrap()
}

fn endpoint(text: &str) -> Endpoint {
    let address: std::net::SocketAddr = text.parse().unwrap();
    Endpoint::new(address.ip(), address.port())
}

/// Numbers and dates bodies as an engine does, a second apart.
struct Stream(Vec<ScanEvent>);

impl Stream {
    fn push(&mut self, body: EventBody) {
        let seq = self.0.len() as u64;
        self.0.push(ScanEvent {
            run_id: "0197-run".into(),
            source: "admin-pc".into(),
            seq,
            at: time("2026-01-21T12:00:00Z") + jiff::SignedDuration::from_secs(seq as i64),
            body,
        });
    }

    fn attempt(&mut self, attempt: Attempt, listed: bool, by_reference: bool, last: bool) {
        self.push(EventBody::AttemptFinished {
            attempt,
            listed,
            by_reference,
            last,
        });
    }
}

fn plan() -> ScanPlan {
    ScanPlan {
        schema: EVENT_SCHEMA.into(),
        version: "0.1.0".into(),
        targets: vec!["10.0.0.0/24".into(), "srv05.corp.example".into()],
        excludes: vec!["10.0.0.9".into()],
        endpoints_planned: 255,
        names_planned: 2,
        seed: 42,
        attempts: 3,
        dns: true,
        ntlm: true,
        list_all: false,
        simulated: false,
    }
}

fn certificate(name: &str, not_before: &str, not_after: &str) -> CertificateFacts {
    CertificateFacts {
        sha1: format!("{:040x}", name.len()).into(),
        sha256: format!("{:064x}", name.len() * 7 + not_after.len()).into(),
        der_length: 700,
        unparsable: None,
        subject: format!("CN={name}").into(),
        common_name: Some(name.into()),
        issuer: format!("CN={name}").into(),
        serial: "0102".into(),
        san_dns: vec![name.into()],
        san_ip: Vec::new(),
        has_san: true,
        not_before: Some(time(not_before)),
        not_after: Some(time(not_after)),
        key: PublicKey {
            algorithm: KeyAlgorithm::Rsa,
            bits: 2048,
        },
        spki_sha256: "00".repeat(32).into(),
        signature_algorithm: "sha256WithRSAEncryption".into(),
        extended_key_usage: Some(vec!["1.3.6.1.5.5.7.3.1".into()]),
        is_ca: false,
        self_issued: true,
        has_crl: false,
        trailing_bytes: 0,
    }
}

fn expired() -> CertificateFacts {
    certificate(
        "wrong-name.example",
        "2024-01-01T00:00:00Z",
        "2026-01-01T00:00:00Z",
    )
}

fn stage(stage: Stage, outcome: Outcome) -> StageRecord {
    StageRecord {
        stage,
        connection: ConnectionPurpose::Main,
        start_us: 10 * stage as u32,
        duration_us: 1500,
        outcome,
    }
}

fn attempt(to: &str, number: u32, stages: Vec<StageRecord>) -> Attempt {
    Attempt {
        endpoint: endpoint(to),
        number,
        by_name: None,
        started_at: time("2026-01-21T12:00:00.123456Z"),
        stages,
        silent_rounds: 0,
        negotiation: None,
        tls: None,
        ntlm: None,
        path: None,
    }
}

/// An attempt that got through to the NTLM challenge.
fn through(to: &str, number: u32, leaf: CertificateFacts) -> Attempt {
    let stages = [Stage::Tcp, Stage::X224, Stage::Tls, Stage::Credssp];
    let mut attempt = attempt(
        to,
        number,
        stages.map(|name| stage(name, Outcome::Ok)).to_vec(),
    );
    attempt.negotiation = Some(NegotiationFacts {
        requested: Protocols::DEFAULT_OFFER,
        selected: SelectedSecurity::Hybrid,
        selected_raw: Some(Protocols::HYBRID),
        failure: None,
        response_flags: Some(0x1f),
        source_reference: 0x1234,
        bare_confirm: false,
    });
    attempt.tls = Some(Arc::new(TlsFacts {
        method: TlsMethod::Full,
        version: Some(TlsVersion::TLS_1_3),
        cipher: Some("TLS13_AES_256_GCM_SHA384".into()),
        group: Some("X25519".into()),
        signature_valid: Some(true),
        client_certificate_requested: false,
        chain: vec![
            Arc::new(leaf),
            Arc::new(certificate(
                "Corp Issuing CA 1",
                "2020-01-01T00:00:00Z",
                "2040-01-01T00:00:00Z",
            )),
        ],
        trust: TrustVerdict::SelfSigned,
        received: 2048,
    }));
    attempt.ntlm = Some(Arc::new(NtlmFacts {
        netbios_computer: Some("SRV05".into()),
        netbios_domain: Some("CORP".into()),
        dns_computer: Some("srv05.corp.example".into()),
        dns_domain: Some("corp.example".into()),
        dns_forest: Some("corp.example".into()),
        version: Some((10, 0, 20348)),
        server_time: Some(time("2026-01-21T12:00:03.5Z")),
        asked_at: Some(time("2026-01-21T12:00:00Z")),
        clock_error_ms: 2,
        tsrequest_version: Some(6),
        echoed_nonce: false,
    }));
    attempt.path = Some(PathFacts {
        retransmits: 1,
        rtt_us: 700,
    });
    attempt
}

fn addresses(name: &str, found: &[&str]) -> Lookup {
    Lookup {
        question: Question::Addresses(name.into()),
        resolver: Resolver::System,
        answer: LookupAnswer::Addresses {
            addresses: found.iter().map(|text| text.parse().unwrap()).collect(),
            ttl_s: None,
        },
        duration_ms: 3,
    }
}

fn failed(name: &str, resolver: Resolver, answer: LookupAnswer) -> Lookup {
    Lookup {
        question: Question::Addresses(name.into()),
        resolver,
        answer,
        duration_ms: 5000,
    }
}

fn observed(name: &str, source: NameSource) -> ObservedName {
    ObservedName {
        name: name.into(),
        source,
    }
}

/// A scan that met every kind of host.
fn stream() -> Stream {
    let mut stream = Stream(Vec::new());
    stream.push(EventBody::ScanStarted(plan()));
    let server = Resolver::Server("192.0.2.53:53".parse().unwrap());
    stream.push(EventBody::TargetResolved {
        name: "srv05.corp.example".into(),
        port: 3389,
        endpoints: vec![endpoint("10.0.0.5:3389"), endpoint("10.0.0.6:3389")],
        excluded: 1,
        lookups: vec![
            addresses("srv05.corp.example", &["10.0.0.5", "10.0.0.6", "10.0.0.9"]),
            failed("srv05.corp.example", server, LookupAnswer::Timeout),
        ],
    });
    stream.push(EventBody::TargetResolved {
        name: "gone.example".into(),
        port: 3389,
        endpoints: Vec::new(),
        excluded: 0,
        lookups: vec![
            failed("gone.example", Resolver::System, LookupAnswer::NotFound),
            failed("gone.example", server, LookupAnswer::NxDomain),
        ],
    });
    stream.push(EventBody::Noticed(Notice::NoIpv6Route));
    stream.push(EventBody::Noticed(Notice::DescriptorLimit {
        asked: 1000,
        used: 200,
        limit: 256,
    }));

    // Expired, self-signed, for another name; flaky; with names checked.
    stream.attempt(through("10.0.0.5:3389", 1, expired()), true, false, false);
    // Listed by name; its names are never checked: the scan is stopped before.
    stream.attempt(through("10.0.0.6:3389", 1, expired()), true, false, false);
    // Nobody answers, refused, unreachable, listed one by one.
    let mut silent = attempt(
        "10.0.0.7:3389",
        1,
        vec![stage(Stage::Tcp, Outcome::Timeout { received: 0 })],
    );
    silent.silent_rounds = 3;
    stream.attempt(silent, true, false, true);
    for (to, outcome) in [
        ("10.0.0.8:3389", Outcome::Refused),
        ("[2001:db8::5]:3389", Outcome::NetworkUnreachable),
        ("10.0.0.10:3389", Outcome::Prohibited),
    ] {
        stream.attempt(
            attempt(to, 1, vec![stage(Stage::Tcp, outcome)]),
            true,
            false,
            true,
        );
    }
    // Not RDP, with a banner that plays tricks.
    let not_rdp = Outcome::NotRdp {
        looks_like: "ssh\u{1b}[2J".into(),
        first_bytes: "5353482d".into(),
    };
    stream.attempt(
        attempt(
            "10.0.0.11:3389",
            1,
            vec![stage(Stage::Tcp, Outcome::Ok), stage(Stage::X224, not_rdp)],
        ),
        false,
        false,
        true,
    );
    // Closed in TLS, always.
    for number in 1..=3 {
        stream.attempt(
            attempt(
                "10.0.0.12:3389",
                number,
                vec![
                    stage(Stage::Tcp, Outcome::Ok),
                    stage(Stage::X224, Outcome::Ok),
                    stage(Stage::Tls, Outcome::Reset { received: 0 }),
                ],
            ),
            false,
            false,
            number == 3,
        );
    }
    // Negotiation failure.
    let mut refused = attempt(
        "10.0.0.13:3389",
        1,
        vec![
            stage(Stage::Tcp, Outcome::Ok),
            stage(Stage::X224, Outcome::NegotiationFailure { code: 5 }),
        ],
    );
    refused.negotiation = Some(NegotiationFacts {
        requested: Protocols::DEFAULT_OFFER,
        selected: SelectedSecurity::None,
        selected_raw: None,
        failure: Some(NegotiationFailure::HYBRID_REQUIRED),
        response_flags: None,
        source_reference: 0,
        bare_confirm: false,
    });
    stream.attempt(refused, false, false, true);
    // Legacy TLS, and a certificate that nobody can read.
    let mut legacy = through("10.0.0.14:3389", 1, expired());
    legacy.ntlm = None;
    legacy.tls = Some(Arc::new(TlsFacts {
        method: TlsMethod::LegacyPeek,
        version: Some(TlsVersion::TLS_1_0),
        cipher: Some("TLS_RSA_WITH_AES_128_CBC_SHA".into()),
        group: None,
        signature_valid: None,
        client_certificate_requested: false,
        chain: vec![Arc::new(CertificateFacts {
            unparsable: Some("unexpected end".into()),
            subject: "".into(),
            common_name: None,
            issuer: "".into(),
            serial: "".into(),
            san_dns: Vec::new(),
            has_san: false,
            not_before: None,
            not_after: None,
            signature_algorithm: "".into(),
            extended_key_usage: None,
            self_issued: false,
            ..certificate("x", "2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z")
        })],
        trust: TrustVerdict::NotChecked,
        received: 900,
    }));
    stream.attempt(legacy, false, false, true);
    // The second and third of the first host: one of them fails.
    stream.attempt(
        attempt(
            "10.0.0.5:3389",
            2,
            vec![
                stage(Stage::Tcp, Outcome::Ok),
                stage(Stage::X224, Outcome::Closed { received: 0 }),
            ],
        ),
        true,
        false,
        false,
    );
    stream.attempt(through("10.0.0.5:3389", 3, expired()), true, false, true);
    stream.push(EventBody::NamesChecked {
        endpoint: endpoint("10.0.0.5:3389"),
        names: vec![
            observed("srv05.corp.example", NameSource::Target),
            observed("old.corp.example", NameSource::Ptr),
            observed("wrong-name.example", NameSource::Certificate),
            observed("srv05.corp.example", NameSource::Ntlm),
        ],
        lookups: vec![
            Lookup {
                question: Question::Pointer("10.0.0.5".parse().unwrap()),
                resolver: Resolver::Configured,
                answer: LookupAnswer::Names {
                    names: vec!["old.corp.example".into()],
                },
                duration_ms: 1,
            },
            addresses("old.corp.example", &["10.0.7.7", "10.0.0.9"]),
            failed("wrong-name.example", server, LookupAnswer::Timeout),
            failed("wrong-name.example", server, LookupAnswer::Timeout),
        ],
        excluded: vec!["10.0.0.9".parse().unwrap()],
    });
    // Where that reverse name leads: tried by reference.
    stream.attempt(
        attempt(
            "10.0.7.7:3389",
            1,
            vec![stage(Stage::Tcp, Outcome::Timeout { received: 0 })],
        ),
        false,
        true,
        true,
    );
    stream.push(EventBody::ScanFinished(ScanEnd {
        status: ScanStatus::Interrupted,
        endpoints_probed: 200,
        unlisted: UnlistedCounts {
            closed: 3,
            filtered: 180,
            unreachable: 5,
        },
        answered_on_retry: 2,
    }));
    stream
}

fn fold(events: Vec<ScanEvent>) -> Fleet {
    let mut fleet = Fleet::new(Policy::default());
    for event in events {
        fleet.apply(event);
    }
    fleet
}

fn written(format: Format, fleet: &Fleet) -> Vec<u8> {
    let rows: Vec<usize> = (0..fleet.hosts().len()).collect();
    let selection = Selection {
        fleet,
        rows: &rows,
        whole: true,
    };
    let mut out = Vec::new();
    report::write(format, &selection, &mut out).unwrap();
    out
}

fn read(bytes: &[u8]) -> Vec<ScanEvent> {
    report::read_from(bytes, "saved").unwrap().events
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

fn refusal(bytes: &[u8]) -> String {
    let message = report::read_from(bytes, "saved.json")
        .unwrap_err()
        .to_string();
    assert!(
        message.starts_with("cannot read `saved.json`: "),
        "{message}"
    );
    assert!(!message.contains('\n'), "{message}");
    message
}

/// A file in a directory that goes away with the returned guard.
fn place(name: &str) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(name);
    (directory, path)
}

#[test]
fn json_read_back_and_written_again_is_the_same_to_the_byte() {
    let first = written(Format::Json, &fold(stream().0));
    let second = written(Format::Json, &fold(read(&first)));
    assert_eq!(text(first), text(second));
}

#[test]
fn json_of_a_stopped_and_unfinished_scan_is_the_same_to_the_byte() {
    let mut events = stream().0;
    events.pop();
    let first = written(Format::Json, &fold(events));
    let second = written(Format::Json, &fold(read(&first)));
    assert_eq!(text(first), text(second));
}

#[test]
fn ndjson_read_back_folds_to_the_same_report() {
    let fleet = fold(stream().0);
    let again = fold(read(&written(Format::Ndjson, &fleet)));
    for format in Format::ALL {
        assert_eq!(
            text(written(format, &fleet)),
            text(written(format, &again)),
            "{format}"
        );
    }
}

#[test]
fn a_recording_of_the_engine_s_own_events_is_read() {
    let mut writer = record::Writer::new(Vec::new());
    for event in &stream().0 {
        writer.write(event).unwrap();
    }
    assert_eq!(read(&writer.into_inner()), stream().0);
}

#[test]
fn histories_come_back_whole() {
    let fleet = fold(stream().0);
    let again = fold(read(&written(Format::Json, &fleet)));
    let histories = |fleet: &Fleet| -> Vec<History> {
        let rows = fleet.hosts().iter().map(|host| host.history.clone());
        rows.chain(fleet.references().cloned()).collect()
    };
    assert_eq!(histories(&fleet), histories(&again));
}

#[test]
fn the_summary_counts_what_the_fleet_counts() {
    let fleet = fold(stream().0);
    let report: serde_json::Value = serde_json::from_slice(&written(Format::Json, &fleet)).unwrap();
    let summary = fleet.summary();
    assert_eq!(report["summary"]["hosts"], summary.hosts);
    for (state, count) in &summary.by_state {
        assert_eq!(report["summary"]["by_state"][state.word()], *count);
    }
    for (severity, count) in &summary.by_severity {
        assert_eq!(report["summary"]["by_severity"][severity.word()], *count);
    }
    assert_eq!(report["summary"]["expired"], summary.expired);
    assert_eq!(report["summary"]["expiring"], summary.expiring);
    assert_eq!(report["summary"]["flaky"], summary.flaky);
    assert_eq!(report["summary"]["dns_trouble"], summary.dns_trouble);
}

#[test]
fn an_expired_self_signed_wrong_name_certificate_yields_its_dates_in_every_format() {
    let fleet = fold(stream().0);
    for format in Format::ALL {
        let report = text(written(format, &fleet));
        for date in ["2024-01-01", "2026-01-01"] {
            assert!(report.contains(date), "{date} in {format}");
        }
    }
    for format in [Format::Text, Format::Csv, Format::Json] {
        let report = text(written(format, &fleet));
        assert!(
            report.contains("expired") && report.contains("-21"),
            "{format}"
        );
    }
}

#[test]
fn a_selection_keeps_what_its_judgement_rests_on_and_comes_back_alone() {
    let fleet = fold(stream().0);
    let row = fleet
        .position(&Subject::Endpoint(endpoint("10.0.0.5:3389")))
        .unwrap();
    let selection = Selection {
        fleet: &fleet,
        rows: &[row],
        whole: false,
    };
    let mut out = Vec::new();
    report::write(Format::Json, &selection, &mut out).unwrap();
    let again = fold(read(&out));
    assert_eq!(again.hosts().len(), 1);
    assert_eq!(again.hosts()[0].history, fleet.hosts()[row].history);
    assert_eq!(again.hosts()[0].diagnosis, fleet.hosts()[row].diagnosis);
}

#[test]
fn a_saved_file_replaces_the_old_one_and_leaves_nothing_else() {
    let (directory, path) = place("report.json");
    std::fs::write(&path, "old").unwrap();
    let fleet = fold(stream().0);
    let rows: Vec<usize> = (0..fleet.hosts().len()).collect();
    let selection = Selection {
        fleet: &fleet,
        rows: &rows,
        whole: true,
    };
    report::check_writable(&path).unwrap();
    report::write_file(&path, Format::Json, &selection).unwrap();
    assert_eq!(
        text(std::fs::read(&path).unwrap()),
        text(written(Format::Json, &fleet))
    );
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    assert!(!report::read(&path).unwrap().is_empty());
}

#[test]
fn a_report_that_a_shell_saved_as_utf_16_is_read() {
    let report = text(written(Format::Json, &fold(stream().0)));
    let mut bytes = vec![0xFF, 0xFE];
    bytes.extend(report.encode_utf16().flat_map(u16::to_le_bytes));
    assert_eq!(read(&bytes), read(report.as_bytes()));
}

#[test]
fn a_report_that_a_tool_laid_out_anew_is_read() {
    let report = written(Format::Json, &fold(stream().0));
    let value: serde_json::Value = serde_json::from_slice(&report).unwrap();
    let wanted = read(&report);
    assert_eq!(read(&serde_json::to_vec(&value).unwrap()), wanted);
    assert_eq!(read(&serde_json::to_vec_pretty(&value).unwrap()), wanted);
}

#[test]
fn a_newer_minor_version_with_unknown_keys_is_read() {
    let report = text(written(Format::Json, &fold(stream().0)));
    let newer = report
        .replace(
            "rdpscan.report/1\"",
            "rdpscan.report/1.9\",\"colour\":{\"a\":[1]}",
        )
        .replace("\"listed\":", "\"mood\":\"good\",\"listed\":");
    assert_eq!(read(newer.as_bytes()), read(report.as_bytes()));
}

#[test]
fn a_newer_major_version_is_refused_with_advice() {
    let report = text(written(Format::Json, &fold(stream().0)));
    let message = refusal(report.replace("report/1\"", "report/2\"").as_bytes());
    assert!(
        message.contains("`rdpscan.report/2`, and this version reads `rdpscan.report/1`"),
        "{message}"
    );
    assert!(message.contains("update this one"), "{message}");
}

#[test]
fn a_truncated_report_is_refused_wherever_it_was_cut() {
    let report = written(Format::Json, &fold(stream().0));
    for cut in (1..report.len() - 2).step_by(report.len() / 60) {
        let message = refusal(&report[..cut]);
        assert!(
            message.contains("ends in the middle"),
            "cut at {cut}: {message}"
        );
    }
}

#[test]
fn a_truncated_recording_is_read_as_far_as_it_goes() {
    let recording = written(Format::Ndjson, &fold(stream().0));
    let saved = report::read_from(&recording[..recording.len() - 20], "saved").unwrap();
    assert_eq!(saved.events.len() + 1, read(&recording).len());
    assert_eq!(saved.notes.len(), 1);
}

#[test]
fn other_files_are_refused_in_one_line() {
    for (content, wanted) in [
        ("", "it is empty"),
        (" \n", "it is empty"),
        ("state,address\n", "it is not a saved scan (expected value"),
        (
            "{}",
            "it is not a saved scan (JSON without the key `schema`)",
        ),
        ("[1]", "it is not a saved scan ("),
        (
            "{\"schema\":\"sslyze\\u001b[2J\"}",
            "it is not a saved scan (its schema is `sslyze\u{fffd}[2J`)",
        ),
        ("{\"schema\":\"rdpscan.report/1\"}", "missing field `scan`"),
        ("\u{0}\u{1}\u{2}", "it is not a saved scan ("),
    ] {
        let message = refusal(content.as_bytes());
        assert!(message.contains(wanted), "{content:?}: {message}");
        assert!(message.contains(';'), "no way out: {message}");
    }
}

#[test]
fn a_report_that_lost_a_certificate_names_it() {
    let report = text(written(Format::Json, &fold(stream().0)));
    let mut value: serde_json::Value = serde_json::from_str(&report).unwrap();
    value["certificates"] = serde_json::json!({});
    let message = refusal(value.to_string().as_bytes());
    assert!(message.contains("there is no certificate `00"), "{message}");
}

#[test]
fn a_path_that_cannot_be_read_is_named() {
    let (directory, path) = place("absent.json");
    let message = report::read(&path).unwrap_err().to_string();
    assert!(message.contains("absent.json"), "{message}");
    let message = report::read(directory.path()).unwrap_err().to_string();
    assert!(message.contains("it is a directory"), "{message}");
}

fn any_text() -> impl Strategy<Value = Box<str>> {
    any::<String>().prop_map(Into::into)
}

fn any_time() -> impl Strategy<Value = jiff::Timestamp> {
    (-377_705_023_201_i64..253_402_207_200, 0..1_000_000_000_i32)
        .prop_map(|(second, nano)| jiff::Timestamp::new(second, nano.max(0)).unwrap_or_default())
}

fn any_endpoint() -> impl Strategy<Value = Endpoint> {
    (any::<IpAddr>(), any::<u16>()).prop_map(|(address, port)| Endpoint::new(address, port))
}

fn any_outcome() -> impl Strategy<Value = Outcome> {
    let received = any::<u32>();
    prop_oneof![
        Just(Outcome::Ok),
        received.prop_map(|received| Outcome::Timeout { received }),
        Just(Outcome::Refused),
        Just(Outcome::HostUnreachable),
        Just(Outcome::NetworkUnreachable),
        Just(Outcome::Prohibited),
        any::<u32>().prop_map(|received| Outcome::Closed { received }),
        any::<u32>().prop_map(|received| Outcome::Reset { received }),
        any::<(String, String)>().prop_map(|(looks_like, first_bytes)| Outcome::NotRdp {
            looks_like,
            first_bytes
        }),
        any::<String>().prop_map(|detail| Outcome::Malformed { detail }),
        any::<u32>().prop_map(|code| Outcome::NegotiationFailure { code }),
        Just(Outcome::NoTls),
        any::<(u8, u32)>().prop_map(|(code, received)| Outcome::Alert { code, received }),
        any::<String>().prop_map(|detail| Outcome::ClientRefused { detail }),
        any::<u32>().prop_map(|status| Outcome::CredsspError { status }),
        Just(Outcome::NoChallenge),
        any::<String>().prop_map(|detail| Outcome::Local { detail }),
        Just(Outcome::Cancelled),
    ]
}

fn any_stage_record() -> impl Strategy<Value = StageRecord> {
    (
        prop::sample::select(Stage::ALL.to_vec()),
        prop::sample::select(vec![
            ConnectionPurpose::Main,
            ConnectionPurpose::Renegotiate,
            ConnectionPurpose::LegacyPeek,
        ]),
        any::<(u32, u32)>(),
        any_outcome(),
    )
        .prop_map(
            |(stage, connection, (start_us, duration_us), outcome)| StageRecord {
                stage,
                connection,
                start_us,
                duration_us,
                outcome,
            },
        )
}

fn any_certificate() -> impl Strategy<Value = CertificateFacts> {
    (
        any_text(),
        any_text(),
        prop::option::of(any_text()),
        prop::collection::vec(any_text(), 0..3),
        prop::collection::vec(any::<IpAddr>(), 0..3),
        prop::option::of(any_time()),
        any::<(bool, bool, u32)>(),
        prop::option::of(prop::collection::vec(any_text(), 0..2)),
    )
        .prop_map(
            |(thumbprint, subject, common_name, san_dns, san_ip, at, (yes, no, length), usage)| {
                CertificateFacts {
                    sha1: thumbprint.clone(),
                    sha256: thumbprint,
                    der_length: length,
                    unparsable: common_name.clone(),
                    issuer: subject.clone(),
                    subject,
                    common_name,
                    serial: "00".into(),
                    san_dns,
                    san_ip,
                    has_san: yes,
                    not_before: at,
                    not_after: at,
                    key: PublicKey {
                        algorithm: KeyAlgorithm::EdDsa,
                        bits: length,
                    },
                    spki_sha256: "".into(),
                    signature_algorithm: "1.2.3".into(),
                    extended_key_usage: usage,
                    is_ca: no,
                    self_issued: yes,
                    has_crl: no,
                    trailing_bytes: length,
                }
            },
        )
}

fn any_tls() -> impl Strategy<Value = TlsFacts> {
    (
        prop::sample::select(vec![
            TlsMethod::Full,
            TlsMethod::LegacyPeek,
            TlsMethod::Failed,
        ]),
        any::<Option<u16>>(),
        prop::option::of(any_text()),
        any::<Option<bool>>(),
        prop::collection::vec(any_certificate(), 0..3),
        prop_oneof![
            Just(TrustVerdict::Trusted),
            Just(TrustVerdict::SelfSigned),
            Just(TrustVerdict::UnknownIssuer),
            any_text().prop_map(TrustVerdict::Rejected),
            Just(TrustVerdict::NotChecked),
        ],
        any::<u32>(),
    )
        .prop_map(
            |(method, version, cipher, signature_valid, chain, trust, received)| TlsFacts {
                method,
                version: version.map(TlsVersion),
                group: cipher.clone(),
                cipher,
                signature_valid,
                client_certificate_requested: signature_valid.is_some(),
                chain: chain.into_iter().map(Arc::new).collect(),
                trust,
                received,
            },
        )
}

fn any_attempt() -> impl Strategy<Value = Attempt> {
    let negotiation = any::<(u32, u8, Option<u32>, Option<u32>, u16, bool)>().prop_map(
        |(requested, selected, raw, failure, source_reference, bare_confirm)| NegotiationFacts {
            requested: Protocols(requested),
            selected: SelectedSecurity::from_protocol(Protocols(u32::from(selected)))
                .unwrap_or(SelectedSecurity::None),
            selected_raw: raw.map(Protocols),
            failure: failure.map(NegotiationFailure),
            response_flags: Some(selected),
            source_reference,
            bare_confirm,
        },
    );
    let ntlm = (
        prop::option::of(any_text()),
        any::<Option<(u8, u8, u16)>>(),
        prop::option::of(any_time()),
        any::<Option<u32>>(),
    )
        .prop_map(
            |(text, version, server_time, tsrequest_version)| NtlmFacts {
                netbios_computer: text.clone(),
                dns_forest: text,
                version,
                server_time,
                asked_at: server_time,
                clock_error_ms: 1,
                tsrequest_version,
                ..NtlmFacts::default()
            },
        );
    (
        any_endpoint(),
        any::<(u32, u8)>(),
        prop::option::of(any_text()),
        any_time(),
        prop::collection::vec(any_stage_record(), 0..6),
        prop::option::of(negotiation),
        prop::option::of(any_tls()),
        prop::option::of(ntlm),
        any::<Option<(u32, u32)>>(),
    )
        .prop_map(
            |(
                endpoint,
                (number, silent_rounds),
                by_name,
                started_at,
                stages,
                negotiation,
                tls,
                ntlm,
                path,
            )| Attempt {
                endpoint,
                number,
                by_name,
                started_at,
                stages,
                silent_rounds,
                negotiation,
                tls: tls.map(Arc::new),
                ntlm: ntlm.map(Arc::new),
                path: path.map(|(retransmits, rtt_us)| PathFacts {
                    retransmits,
                    rtt_us,
                }),
            },
        )
}

fn any_lookup() -> impl Strategy<Value = Lookup> {
    (
        prop_oneof![
            any_text().prop_map(Question::Addresses),
            any::<IpAddr>().prop_map(Question::Pointer)
        ],
        prop_oneof![
            Just(Resolver::System),
            Just(Resolver::Configured),
            any_endpoint().prop_map(|endpoint| Resolver::Server(endpoint.socket_address())),
        ],
        prop_oneof![
            (
                prop::collection::vec(any::<IpAddr>(), 0..4),
                any::<Option<u32>>()
            )
                .prop_map(|(addresses, ttl_s)| LookupAnswer::Addresses { addresses, ttl_s }),
            prop::collection::vec(any_text(), 0..4).prop_map(|names| LookupAnswer::Names { names }),
            prop::sample::select(vec![
                LookupAnswer::NxDomain,
                LookupAnswer::NoData,
                LookupAnswer::Timeout,
                LookupAnswer::ServFail,
                LookupAnswer::Refused,
                LookupAnswer::NotFound,
            ]),
            any_text().prop_map(|detail| LookupAnswer::Error { detail }),
        ],
        any::<u32>(),
    )
        .prop_map(|(question, resolver, answer, duration_ms)| Lookup {
            question,
            resolver,
            answer,
            duration_ms,
        })
}

fn any_notice() -> impl Strategy<Value = Notice> {
    prop_oneof![
        (prop::option::of(any_endpoint()), any_text()).prop_map(|(server, detail)| {
            Notice::ResolverDown {
                server: server.map(Endpoint::socket_address),
                detail,
            }
        }),
        Just(Notice::NoIpv6Route),
        any::<(u32, u32, u64)>().prop_map(|(asked, used, limit)| Notice::DescriptorLimit {
            asked,
            used,
            limit
        }),
        any_text().prop_map(|detail| Notice::LocalTrouble { detail }),
        Just(Notice::TimeLimit),
        any_endpoint().prop_map(|endpoint| Notice::Skipped {
            subject: Subject::Endpoint(endpoint)
        }),
        any::<(String, u16)>().prop_map(|(name, port)| Notice::Skipped {
            subject: Subject::Unresolved { name, port }
        }),
    ]
}

fn any_plan() -> impl Strategy<Value = ScanPlan> {
    (
        any_text(),
        prop::collection::vec(any::<String>(), 0..3),
        any::<(u64, u64, u64, u32)>(),
        any::<(bool, bool, bool, bool)>(),
    )
        .prop_map(
            |(
                version,
                targets,
                (endpoints_planned, names_planned, seed, attempts),
                (dns, ntlm, list_all, simulated),
            )| ScanPlan {
                schema: EVENT_SCHEMA.into(),
                version,
                excludes: targets.clone(),
                targets,
                endpoints_planned,
                names_planned,
                seed,
                attempts,
                dns,
                ntlm,
                list_all,
                simulated,
            },
        )
}

fn any_body() -> impl Strategy<Value = EventBody> {
    prop_oneof![
        (
            any_text(),
            any::<(u16, u32)>(),
            prop::collection::vec(any_endpoint(), 0..3),
            prop::collection::vec(any_lookup(), 0..3)
        )
            .prop_map(|(name, (port, excluded), endpoints, lookups)| {
                EventBody::TargetResolved {
                    name,
                    port,
                    endpoints,
                    excluded,
                    lookups,
                }
            }),
        (any_attempt(), any::<(bool, bool, bool)>()).prop_map(
            |(attempt, (listed, by_reference, last))| EventBody::AttemptFinished {
                attempt,
                listed,
                by_reference,
                last,
            }
        ),
        (
            any_endpoint(),
            prop::collection::vec(any_text(), 0..3),
            prop::collection::vec(any_lookup(), 0..3),
            prop::collection::vec(any::<IpAddr>(), 0..3)
        )
            .prop_map(|(endpoint, names, lookups, excluded)| {
                EventBody::NamesChecked {
                    endpoint,
                    names: names
                        .into_iter()
                        .map(|name| ObservedName {
                            name,
                            source: NameSource::Ptr,
                        })
                        .collect(),
                    lookups,
                    excluded,
                }
            }),
        any_notice().prop_map(EventBody::Noticed),
        any::<(bool, u64, u64)>().prop_map(|(complete, probed, closed)| {
            EventBody::ScanFinished(ScanEnd {
                status: if complete {
                    ScanStatus::Complete
                } else {
                    ScanStatus::Interrupted
                },
                endpoints_probed: probed,
                unlisted: UnlistedCounts {
                    closed,
                    filtered: probed,
                    unreachable: 0,
                },
                answered_on_retry: closed,
            })
        }),
    ]
}

fn event(seq: u64, at: jiff::Timestamp, body: EventBody) -> ScanEvent {
    ScanEvent {
        run_id: "run".into(),
        source: "here".into(),
        seq,
        at,
        body,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_recording_comes_back_as_it_was(
        plan in any_plan(),
        bodies in prop::collection::vec((any_time(), any_body()), 0..6),
    ) {
        let mut events = vec![event(0, jiff::Timestamp::UNIX_EPOCH, EventBody::ScanStarted(plan))];
        for (at, body) in bodies {
            events.push(event(events.len() as u64, at, body));
        }
        let mut writer = record::Writer::new(Vec::new());
        for event in &events {
            writer.write(event).unwrap();
        }
        prop_assert_eq!(read(&writer.into_inner()), events);
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(report::read_from(&*bytes, "noise").is_err());
    }
}
