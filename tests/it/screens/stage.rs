//! A small fleet from events with fixed times, and a screen over it.

#![expect(
    clippy::unwrap_used,
    reason = "only tests call this, and a panic is how they fail"
)]

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::{SignedDuration, Timestamp};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use rdpscan::diagnosis::Policy;
use rdpscan::fleet::Fleet;
use rdpscan::model::{
    Attempt, CertificateFacts, Descriptors, Endpoint, EventBody, Lookup, LookupAnswer, Notice,
    NtlmFacts, Outcome, PathFacts, ProbeKind, Progress, ScanEnd, ScanEvent, ScanPlan,
    SelectedSecurity, Stage, StageRecord, TlsFacts, TlsHandshake, TlsVersion, TrustVerdict,
    UnlistedCounts,
};
use rdpscan::table::Columns;
use rdpscan::tui::{
    Action, Capabilities, Effect, ExportFormat, Model, OnExit, Saved, Theme, draw, update,
};

use crate::kit::{self, attempt_at, digest, issued, lookup};
pub(crate) use crate::kit::{Script, endpoint};

pub(crate) fn start() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

pub(crate) fn plan(simulated: bool) -> EventBody {
    EventBody::ScanStarted(ScanPlan {
        targets: ["10.0.0.0/24", "gone.corp.example"].into_iter().collect(),
        names_planned: 1,
        simulated,
        ..kit::plan()
    })
}

fn record(stage: Stage, start_us: u32, duration_us: u32, outcome: Outcome) -> StageRecord {
    StageRecord {
        stage,
        start_us,
        duration_us,
        outcome,
    }
}

pub(crate) fn certificate(name: &str, not_after: &str) -> CertificateFacts {
    CertificateFacts {
        sha1: "a909502dd82ae41433e6f83886b00d4277a32a7b".parse().unwrap(),
        sha256: digest(&format!("{name} until {not_after}")),
        der_length: 812,
        serial: "4a0000001f".parse().unwrap(),
        not_before: Some("2025-01-01T00:00:00Z".parse().unwrap()),
        not_after: Some(not_after.parse().unwrap()),
        spki_sha256: Some(digest(&format!("spki of {name}"))),
        ..issued(&[name])
    }
}

/// An attempt that gets through, with this certificate.
pub(crate) fn good(address: &str, number: u32, certificate: CertificateFacts) -> Attempt {
    let name = certificate.common_name.as_deref();
    let short = name
        .and_then(|name| name.split('.').next())
        .map(|label| label.to_uppercase().into_boxed_str());
    let issuer = CertificateFacts {
        sha256: digest("issuer"),
        ..self::certificate("Corp Issuing CA 1", "2031-01-01T00:00:00Z")
    };
    Attempt {
        number,
        started_at: start() + SignedDuration::from_secs(i64::from(number) * 10),
        stages: vec![
            record(Stage::Tcp, 0, 1_200, Outcome::Ok),
            record(Stage::X224, 1_250, 2_400 * number, Outcome::Ok),
            record(Stage::Tls, 9_000, 14_000, Outcome::Ok),
            record(Stage::Credssp, 23_500, 6_000, Outcome::Ok),
        ],
        negotiation: Some(kit::negotiation(SelectedSecurity::Hybrid)),
        tls: Some(Arc::new(TlsFacts {
            group: Some("X25519".into()),
            trust: TrustVerdict::Trusted,
            received: 2_100,
            chain: vec![certificate.clone().into(), issuer.into()],
            ..kit::tls(certificate)
        })),
        ntlm: Some(Arc::new(NtlmFacts {
            netbios_computer: short.clone(),
            dns_computer: short
                .map(|name| format!("{}.corp.example", name.to_lowercase()).into_boxed_str()),
            server_time: Some(start() + SignedDuration::from_millis(2_400)),
            measured_at: Some(start()),
            clock_error_ms: 3,
            ..kit::ntlm("")
        })),
        path: Some(PathFacts {
            retransmits: Some(0),
            rtt_us: 900,
        }),
        ..attempt_at(endpoint(address))
    }
}

/// An attempt that ends at a stage.
pub(crate) fn bad(address: &str, number: u32, stage: Stage, outcome: Outcome) -> Attempt {
    let mut stages = Vec::new();
    let mut at = 0;
    for earlier in [Stage::Tcp, Stage::X224, Stage::Tls, Stage::Credssp] {
        if earlier == stage {
            stages.push(record(stage, at, 4_000, outcome));
            break;
        }
        stages.push(record(earlier, at, 1_500, Outcome::Ok));
        at += 1_600;
    }
    let mut attempt = good(address, number, certificate("x", "2031-01-01T00:00:00Z"));
    attempt.stages = stages;
    attempt.tls = None;
    attempt.ntlm = None;
    if stage <= Stage::X224 {
        attempt.negotiation = None;
    }
    attempt
}

/// An attempt with the legacy hello, which an old server answers.
pub(crate) fn legacy(address: &str, number: u32, certificate: CertificateFacts) -> Attempt {
    let mut attempt = good(address, number, certificate);
    attempt.probe = ProbeKind::LegacyHello;
    attempt.stages.pop();
    let tls = attempt.tls.as_deref().cloned().unwrap();
    attempt.tls = Some(Arc::new(TlsFacts {
        handshake: TlsHandshake::LegacyPeek,
        version: Some(TlsVersion::TLS_1_0),
        cipher: Some("TLS_RSA_WITH_AES_128_CBC_SHA".into()),
        group: None,
        signature_valid: None,
        trust: TrustVerdict::NotChecked,
        ..tls
    }));
    attempt.ntlm = None;
    attempt
}

/// What a scan makes of a host that has TLS 1.0 only, in its round `number` of three.
fn old_host(script: &mut Script, number: u32) {
    let address = "10.0.0.9";
    let refused = |number| {
        let outcome = Outcome::Alert {
            code: 70,
            received: 7,
        };
        bad(address, number, Stage::Tls, outcome)
    };
    let read = |number| {
        let old = certificate("old09.corp.example", "2027-03-01T00:00:00Z");
        legacy(address, number, old)
    };
    match number {
        1 => script.attempt(refused(1), false),
        2 => {
            script.attempt(refused(2), false);
            script.attempt(read(3), false);
        }
        _ => {
            script.attempt(read(4), false);
            script.attempt(refused(5), true);
        }
    }
}

/// Hosts of many kinds.
pub(crate) fn fleet_events() -> Vec<ScanEvent> {
    let mut script = Script::default();
    script.push(plan(true));
    script.push(EventBody::Notice(Notice::NoIpv6Route));
    script.push(EventBody::TargetResolved {
        name: "gone.corp.example".into(),
        port: 3389,
        endpoints: Vec::new(),
        excluded: Vec::new(),
        lookups: vec![Lookup {
            duration_ms: 4,
            ..lookup("gone.corp.example", LookupAnswer::NxDomain)
        }],
    });
    let valid = "2027-03-01T00:00:00Z";
    for number in 1..=3 {
        let last = number == 3;
        let one = |name: &str| certificate(name, valid);
        script.attempt(good("10.0.0.5", number, one("srv05.corp.example")), last);
        let expired = certificate("srv06.corp.example", "2026-02-09T00:00:00Z");
        script.attempt(good("10.0.0.6", number, expired), last);
        let expiring = certificate("srv07.corp.example", "2026-03-13T00:00:00Z");
        script.attempt(good("10.0.0.7", number, expiring), last);
        script.attempt(
            if number == 2 {
                bad("10.0.0.8", 2, Stage::Tls, Outcome::Reset { received: 0 })
            } else {
                good("10.0.0.8", number, one("srv08.corp.example"))
            },
            last,
        );
        old_host(&mut script, number);
        script.attempt(
            bad(
                "10.0.0.10",
                number,
                Stage::X224,
                Outcome::Closed { received: 0 },
            ),
            last,
        );
        script.attempt(good("10.0.0.12", number, one("srv12.corp.example")), last);
        let nasty = "\u{1b}[31mroot\u{202e}\u{7}.漢字漢字漢字漢字.example";
        script.attempt(good("10.0.0.13", number, certificate(nasty, valid)), last);
    }
    let ssh = Outcome::NotRdp {
        looks_like: "ssh".into(),
        first_bytes: "5353482d".parse().unwrap(),
    };
    script.attempt(bad("10.0.0.11", 1, Stage::X224, ssh), true);
    script.attempt(
        bad(
            "2001:db8::1:5",
            1,
            Stage::Tcp,
            Outcome::Timeout { received: 0 },
        ),
        true,
    );
    script.attempt(bad("10.0.0.14", 1, Stage::Tcp, Outcome::Refused), true);
    script.names("10.0.0.5", "srv05.corp.example", &["10.0.0.5"]);
    script.names("10.0.0.6", "srv06.corp.example", &["10.0.0.6"]);
    script.names("10.0.0.7", "srv07.corp.example", &["10.0.0.7"]);
    script.names("10.0.0.8", "srv08.corp.example", &["10.0.0.8"]);
    let silent = Outcome::Timeout { received: 0 };
    script.reference(bad("10.0.0.99", 1, Stage::Tcp, silent));
    script.names(
        "10.0.0.12",
        "srv12.corp.example",
        &["10.0.0.12", "10.0.0.99"],
    );
    script.take()
}

pub(crate) fn finished() -> ScanEvent {
    let end = ScanEnd {
        unlisted: UnlistedCounts {
            closed: 3,
            filtered: 241,
            ..UnlistedCounts::default()
        },
        answered_on_retry: 1,
        ..kit::end(256)
    };
    let at = start() + SignedDuration::from_secs(75);
    kit::event(1_000, at, EventBody::ScanFinished(end))
}

pub(crate) fn progress() -> Progress {
    Progress {
        planned: 256,
        discovered: 112,
        answered: 9,
        answered_on_retry: 1,
        work_done: 118,
        work_known: 274,
        attempts_pending: 12,
        in_flight: 12,
        in_flight_limit: 64,
        rate: 120.4,
        rate_cap: 500,
        elapsed: Duration::from_secs(42),
        left: Some(Duration::from_secs(65)),
        stuck: Vec::new(),
        stuck_count: 0,
        descriptors: Some(Descriptors {
            used: 34,
            limit: 20_000,
        }),
        paused: false,
        finished: false,
        next_sweep: None,
    }
}

pub(super) fn capabilities() -> Capabilities {
    let format = |word, says| ExportFormat {
        word,
        says,
        extension: word,
    };
    Capabilities {
        on_exit: OnExit::Report("fleet.json".to_owned()),
        formats: vec![
            format("text", "a table and the findings, for people"),
            format("json", "everything; rdpscan opens it again"),
            format("csv", "one row per host, for spreadsheets"),
        ],
        control: true,
        ..Capabilities::default()
    }
}

fn saved() -> Saved {
    let named = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    Saved {
        filters: vec![
            named("old TLS", "tls<1.2"),
            named("my site", "subnet:10.0.0.0/24"),
        ],
        columns: vec![(
            "dates".to_owned(),
            Columns::parse("state,name,not_after").unwrap(),
        )],
    }
}

/// A screen with hands on it.
pub(crate) struct Stand {
    pub(crate) model: Model,
    pub(crate) effects: Vec<Effect>,
    /// Events so far, and attempts at each endpoint: scripts number from the beginning, and a scan numbers on.
    events: u64,
    attempts: HashMap<Endpoint, u32>,
}

impl Stand {
    pub(crate) fn new(width: u16, height: u16) -> Self {
        Self::with_theme(width, height, Theme::default())
    }

    pub(crate) fn with_theme(width: u16, height: u16, theme: Theme) -> Self {
        let mut stand = Self {
            model: Model::new(Fleet::new(Policy::default()), theme, true),
            effects: Vec::new(),
            events: 0,
            attempts: HashMap::new(),
        };
        stand.model.capabilities = capabilities();
        stand.model.saved = saved();
        stand.act(Action::Resize(width, height));
        stand
    }

    /// The fleet of many kinds, while its scan runs.
    pub(crate) fn scanning(width: u16, height: u16) -> Self {
        let mut stand = Self::new(width, height);
        stand.act(Action::Events(fleet_events()));
        stand.act(Action::Progress(Box::new(progress())));
        stand.act(Action::Tick(Duration::from_secs(42)));
        stand
    }

    /// The same, after the scan.
    pub(crate) fn done(width: u16, height: u16) -> Self {
        let mut stand = Self::new(width, height);
        let mut events = fleet_events();
        events.push(finished());
        stand.act(Action::Events(events));
        stand.act(Action::StreamEnded);
        stand
    }

    /// The same, read from a file: nothing can be sent.
    pub(crate) fn saved(width: u16, height: u16) -> Self {
        let mut stand = Self::done(width, height);
        stand.model.capabilities = Capabilities::default();
        stand
    }

    /// The same, where this becomes of the scan at the end.
    pub(crate) fn on_exit(mut self, on_exit: OnExit) -> Self {
        self.model.capabilities.on_exit = on_exit;
        self
    }

    pub(crate) fn act(&mut self, mut action: Action) {
        if let Action::Events(events) = &mut action {
            for event in events {
                event.seq = self.events;
                self.events += 1;
                if let EventBody::AttemptFinished { attempt, .. } = &mut event.body {
                    let made = self.attempts.entry(attempt.endpoint).or_default();
                    *made += 1;
                    attempt.number = *made;
                }
            }
        }
        self.effects.extend(update(&mut self.model, action));
    }

    pub(crate) fn key(&mut self, code: KeyCode) {
        self.event(KeyEvent::new(code, KeyModifiers::NONE));
    }

    pub(crate) fn event(&mut self, event: KeyEvent) {
        if let Some(action) = self.model.keymap.action(self.model.context(), &event) {
            self.act(action);
        }
    }

    /// Types characters one by one; a line feed is Enter, and a tab is Tab.
    pub(crate) fn keys(&mut self, text: &str) {
        for c in text.chars() {
            self.key(match c {
                '\n' => KeyCode::Enter,
                '\t' => KeyCode::Tab,
                c => KeyCode::Char(c),
            });
        }
    }

    /// Puts the cursor on an address.
    pub(crate) fn select(&mut self, address: &str) {
        let wanted = self
            .model
            .fleet
            .find(&rdpscan::model::HostKey::Endpoint(endpoint(address)));
        self.key(KeyCode::Home);
        for _ in 0..self.model.rows().len() {
            if self.model.cursor() == wanted {
                return;
            }
            self.key(KeyCode::Down);
        }
        assert_eq!(self.model.cursor(), wanted, "{address} is not shown");
    }

    /// The address under the cursor.
    pub(crate) fn under_cursor(&self) -> String {
        let host = self.model.fleet.host(self.model.cursor().unwrap()).unwrap();
        host.key().to_string()
    }

    /// The hosts shown, in order.
    pub(crate) fn order(&self) -> Vec<String> {
        let fleet = &self.model.fleet;
        let rows = self.model.rows().iter();
        rows.map(|id| fleet.host(*id).unwrap().key().to_string())
            .collect()
    }

    /// What is on the screen, with its styles.
    pub(crate) fn buffer(&self, width: u16, height: u16) -> Buffer {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| draw(&self.model, frame)).unwrap();
        terminal.backend().buffer().clone()
    }

    /// What is on the screen, as text.
    pub(crate) fn picture(&self, width: u16, height: u16) -> String {
        let buffer = self.buffer(width, height);
        let mut text = String::new();
        for y in 0..height {
            let mut line = String::new();
            let mut covered = 0;
            for x in 0..width {
                let symbol = buffer[(x, y)].symbol();
                // The second cell of a wide glyph holds a blank of its own.
                if covered > 0 {
                    covered -= 1;
                    continue;
                }
                covered = unicode_width::UnicodeWidthStr::width(symbol).saturating_sub(1);
                line.push_str(symbol);
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}
