//! The page of one host: its sections, at the sizes that admins have.

#![expect(
    clippy::indexing_slicing,
    reason = "only tests call this, and a panic is how they fail"
)]

mod nasty;

use std::sync::Arc;

use crossterm::event::KeyCode;
use rdpscan::model::{
    Attempt, EventBody, Lookup, LookupAnswer, NameSource, ObservedName, Outcome, PathFacts,
    Question, Resolver, Stage,
};
use rdpscan::tui::{Action, Theme};

use super::stage::{self, Script, Stand, bad, certificate, good, plan};

const SIZES: [(u16, u16); 5] = [(60, 15), (80, 24), (100, 30), (120, 40), (200, 50)];
const VALID: &str = "2027-03-01T00:00:00Z";

/// The page of an address, opened.
fn opened(width: u16, height: u16, address: &str) -> Stand {
    let mut stand = Stand::done(width, height);
    stand.select(address);
    stand.key(KeyCode::Enter);
    stand
}

/// The page of a host on a screen over these events, opened.
fn opened_over(script: Script, size: (u16, u16), theme: Theme, host: &str) -> Stand {
    let mut stand = Stand::with_theme(size.0, size.1, theme);
    let mut events = script.take();
    events.push(stage::finished());
    stand.act(Action::Events(events));
    stand.act(Action::StreamEnded);
    for _ in 0..stand.model.rows().len() {
        if stand.under_cursor() == host {
            break;
        }
        stand.key(KeyCode::Down);
    }
    assert_eq!(stand.under_cursor(), host);
    stand.key(KeyCode::Enter);
    stand
}

#[test]
fn a_narrow_and_low_screen_has_the_name_of_the_host_and_its_fix() {
    let picture = opened(60, 15, "10.0.0.6").picture(60, 15);
    assert!(picture.contains("srv06.corp.example"), "{picture}");
    assert!(picture.contains("  fix "), "{picture}");
    assert!(!picture.contains("hosts listed"), "{picture}");
}

/// The whole page without the JSON, which has tests of its own.
fn whole(stand: &Stand, width: u16) -> String {
    let picture = stand.picture(width, 600);
    let start = picture.find(" Answer ").unwrap();
    let end = picture.find(" Raw (JSON)").unwrap();
    picture[start..end].trim_end().to_owned() + "\n"
}

/// From a section's heading to the next one's.
fn section<'a>(page: &'a str, title: &str, next: &str) -> &'a str {
    let start = page.find(&format!(" {title} ")).unwrap();
    let end = page.find(&format!(" {next} ")).unwrap_or(page.len());
    page[start..end].trim_end()
}

fn observed(name: &str, source: NameSource) -> ObservedName {
    ObservedName {
        name: name.into(),
        source,
    }
}

fn lookup(question: Question, resolver: Resolver, answer: LookupAnswer) -> Lookup {
    Lookup {
        question,
        resolver,
        answer,
        duration_ms: 3,
    }
}

fn addresses(list: &[&str]) -> LookupAnswer {
    LookupAnswer::Addresses {
        addresses: list
            .iter()
            .map(|address| address.parse().unwrap())
            .collect(),
        ttl_s: Some(1200),
    }
}

/// A host that is asked for as srv21 and calls itself so, while its certificate still has an old name; the resolvers differ,
/// and the reverse name is a third.
fn wrong_name() -> Script {
    let mut script = Script::default();
    script.push(plan(true));
    for number in 1..=4 {
        let mut attempt = good(
            "10.0.0.21",
            number,
            certificate("old21.corp.example", VALID),
        );
        if number > 2 {
            attempt.sni = Some("srv21.corp.example".into());
        }
        attempt.ntlm = attempt.ntlm.as_deref().map(|ntlm| {
            let mut ntlm = ntlm.clone();
            ntlm.dns_computer = Some("srv21.corp.example".into());
            ntlm.netbios_computer = Some("SRV21".into());
            Arc::new(ntlm)
        });
        script.attempt(attempt, number == 4);
    }
    let name = "srv21.corp.example";
    let address: std::net::IpAddr = "10.0.0.21".parse().unwrap();
    script.push(EventBody::NamesChecked {
        endpoint: stage::endpoint("10.0.0.21"),
        attempt: 4,
        names: vec![
            observed(name, NameSource::Target),
            observed("pc-21.dhcp.corp.example", NameSource::Ptr),
            observed("old21.corp.example", NameSource::Certificate),
            observed(name, NameSource::Ntlm),
        ],
        lookups: vec![
            lookup(
                Question::Pointer(address),
                Resolver::Configured,
                LookupAnswer::Names {
                    names: vec!["pc-21.dhcp.corp.example".into()],
                },
            ),
            lookup(
                Question::Addresses(name.into()),
                Resolver::System,
                addresses(&["10.0.0.21"]),
            ),
            lookup(
                Question::Addresses(name.into()),
                Resolver::Configured,
                addresses(&["10.0.0.21", "10.0.0.77"]),
            ),
            lookup(
                Question::Addresses("old21.corp.example".into()),
                Resolver::System,
                LookupAnswer::NxDomain,
            ),
        ],
        excluded: Vec::new(),
    });
    script
}

/// A host over a bad line: of 24 attempts some lose their connects, some are reset.
fn lossy() -> Script {
    let mut script = Script::default();
    script.push(plan(true));
    for number in 1..=24_u32 {
        let mut attempt: Attempt = if number % 7 == 3 {
            bad(
                "10.0.0.31",
                number,
                Stage::Tls,
                Outcome::Reset { received: 0 },
            )
        } else {
            good(
                "10.0.0.31",
                number,
                certificate("srv31.corp.example", VALID),
            )
        };
        if number % 5 == 4 {
            attempt.unanswered_rounds = 1;
            attempt.path = Some(PathFacts {
                retransmits: Some(2),
                rtt_us: 41_000,
            });
            attempt.stages[0].duration_us = 7_000;
        }
        script.attempt(attempt, number == 24);
    }
    script
}

fn unresolved_at(width: u16) -> Stand {
    let mut stand = unresolved();
    stand.act(Action::Resize(width, 600));
    stand
}

fn unresolved() -> Stand {
    let mut script = Script::default();
    for event in stage::fleet_events() {
        script.push(event.body);
    }
    opened_over(
        script,
        (120, 40),
        Theme::default(),
        "gone.corp.example:3389",
    )
}

fn pictures(name: &str, stand: impl Fn(u16, u16) -> Stand) {
    for (width, height) in SIZES {
        let picture = stand(width, height).picture(width, height);
        insta::assert_snapshot!(format!("{name}_at_{width}x{height}"), picture);
    }
}

// Pictures

#[test]
fn a_healthy_host() {
    pictures("healthy", |width, height| opened(width, height, "10.0.0.5"));
}

#[test]
fn a_flaky_host() {
    pictures("flaky", |width, height| opened(width, height, "10.0.0.8"));
}

#[test]
fn an_expired_host() {
    pictures("expired", |width, height| opened(width, height, "10.0.0.6"));
}

#[test]
fn a_legacy_host() {
    pictures("legacy", |width, height| opened(width, height, "10.0.0.9"));
}

#[test]
fn a_host_with_a_wrong_name() {
    pictures("wrong_name", |width, height| {
        opened_over(
            wrong_name(),
            (width, height),
            Theme::default(),
            "10.0.0.21:3389",
        )
    });
}

#[test]
fn a_name_without_an_address() {
    pictures("unresolved", |width, height| {
        let mut stand = unresolved();
        stand.act(Action::Resize(width, height));
        stand
    });
}

#[test]
fn the_whole_page_of_a_host_with_a_wrong_name() {
    for width in [60, 80, 120] {
        let stand = opened_over(
            wrong_name(),
            (width, 600),
            Theme::default(),
            "10.0.0.21:3389",
        );
        insta::assert_snapshot!(format!("wrong_name_whole_{width}"), whole(&stand, width));
    }
}

#[test]
fn the_whole_page_of_an_expired_host_keeps_its_dates() {
    let page = whole(&opened(100, 600, "10.0.0.6"), 100);
    assert!(page.contains("2026-02-09"));
    insta::assert_snapshot!(page);
}

#[test]
fn the_whole_page_of_a_legacy_host_shows_the_peek() {
    let page = whole(&opened(100, 600, "10.0.0.9"), 100);
    insta::assert_snapshot!(page);
}

#[test]
fn many_attempts_are_folded_and_charted() {
    for width in [80, 120] {
        let stand = opened_over(lossy(), (width, 600), Theme::default(), "10.0.0.31:3389");
        let page = whole(&stand, width);
        let shown = format!(
            "{}\n\n{}\n",
            section(&page, "Timeline", "Names and addresses"),
            section(&page, "Stability", "Identity (NTLM)"),
        );
        insta::assert_snapshot!(format!("many_attempts_{width}"), shown);
    }
}

#[test]
fn the_whole_page_in_ascii() {
    let theme = Theme {
        palette: rdpscan::tui::Palette::Mono,
        ascii: true,
    };
    let stand = opened_over(lossy(), (100, 600), theme, "10.0.0.31:3389");
    let page = stand.picture(100, 600);
    let foreign: String = page.chars().filter(|c| !c.is_ascii()).collect();
    assert_eq!(foreign, "");
    insta::assert_snapshot!(whole(&stand, 100));
}

#[test]
fn names_are_shown_side_by_side_with_the_address() {
    let page = whole(&opened(100, 600, "10.0.0.12"), 100);
    insta::assert_snapshot!(section(&page, "Names and addresses", "TLS and certificate"));
}

#[test]
fn a_name_without_an_address_has_every_section() {
    let page = whole(&unresolved_at(100), 100);
    insta::assert_snapshot!(page);
}

// Sections

#[test]
fn the_strip_follows_the_page_and_tab_walks_it() {
    let mut stand = opened(100, 24, "10.0.0.5");
    for section in [
        "1 Answer",
        "2 Timeline",
        "3 Names",
        "4 Certificate",
        "5 Stability",
        "6 Identity",
        "7 History",
        "8 Raw",
    ] {
        let picture = stand.picture(100, 24);
        let strip = picture
            .lines()
            .find(|line| line.contains("2 Timeline"))
            .unwrap();
        assert!(strip.contains(&format!("›{section}")), "{picture}");
        stand.key(KeyCode::Tab);
    }
}

#[test]
fn the_host_stays_on_the_screen_while_its_page_scrolls() {
    let mut stand = opened(80, 24, "10.0.0.5");
    stand.keys("G");
    let picture = stand.picture(80, 24);
    assert!(picture.contains(" 10.0.0.5:3389  ✔ healthy"), "{picture}");
    assert!(picture.contains("›8 Raw"), "{picture}");
}

#[test]
fn every_host_has_every_section() {
    let mut stand = Stand::done(120, 2000);
    stand.key(KeyCode::Enter);
    for _ in 0..stand.order().len() {
        let picture = stand.picture(120, 2000);
        let titles = [
            " Answer ─",
            " Timeline ─",
            " Names and addresses ─",
            " TLS and certificate ─",
            " Stability ─",
            " Identity (NTLM) ─",
            " Raw (JSON) ─",
        ];
        let places: Vec<_> = titles.iter().map(|title| picture.find(title)).collect();
        assert!(places.iter().all(Option::is_some), "{places:?}");
        assert!(places.is_sorted(), "{places:?}");
        stand.keys("n");
    }
}

#[test]
fn the_raw_section_is_the_json_of_the_report() {
    let mut stand = opened(300, 3000, "10.0.0.5");
    stand.act(Action::Resize(300, 3000));
    let picture = stand.picture(300, 3000);
    let start = picture.find(" Raw (JSON)").unwrap();
    let shown: String = picture[start..]
        .lines()
        .skip(1)
        .take_while(|line| !line.trim().is_empty())
        .collect();
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    let fleet = &stand.model.fleet;
    let rows = [stand.model.cursor().unwrap()];
    let selection = rdpscan::report::Selection {
        fleet,
        rows: &rows,
        whole: false,
        columns: None,
        presentation: rdpscan::report::Presentation::default(),
    };
    let mut report = Vec::new();
    rdpscan::report::write(rdpscan::report::Format::Json, &selection, &mut report).unwrap();
    let report: serde_json::Value = serde_json::from_slice(&report).unwrap();
    assert_eq!(shown, report["hosts"][0]);
}

// The handbook

#[test]
fn a_key_opens_the_handbook_about_the_host_and_goes_back_to_the_page() {
    let mut stand = opened(80, 24, "10.0.0.6");
    let page = stand.picture(80, 24);
    stand.keys("i");
    insta::assert_snapshot!("handbook_menu", stand.picture(80, 24));
    stand.key(KeyCode::Enter);
    insta::assert_snapshot!("handbook_entry", stand.picture(80, 24));
    let top = stand.picture(80, 24);
    stand.keys("G");
    assert_ne!(stand.picture(80, 24), top);
    stand.key(KeyCode::Esc);
    assert_eq!(stand.picture(80, 24), page);
}

#[test]
fn every_entry_of_the_handbook_about_the_fleet_can_be_opened_at_every_size() {
    for (width, height) in SIZES {
        let mut stand = Stand::done(width, height);
        stand.key(KeyCode::Enter);
        for _ in 0..stand.order().len() {
            stand.keys("i");
            let menu = stand.picture(width, height);
            if menu.contains("Handbook: ") {
                stand.key(KeyCode::Up);
                stand.key(KeyCode::Enter);
                let entry = stand.picture(width, height);
                assert!(entry.contains("Esc back"), "{entry}");
                assert_ne!(entry, menu);
                stand.key(KeyCode::Esc);
            }
            stand.keys("n");
        }
    }
}

// Colour only repeats what words and glyphs say

#[test]
fn the_stage_that_broke_is_bold_and_red_and_said() {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;
    use ratatui::style::{Color, Modifier};

    let stand = opened(120, 200, "10.0.0.8");
    let mut terminal = Terminal::new(TestBackend::new(120, 200)).unwrap();
    terminal
        .draw(|frame| rdpscan::tui::draw(&stand.model, frame))
        .unwrap();
    let buffer = terminal.backend().buffer();
    let row = |y: u16| -> String { (0..120).map(|x| buffer[(x, y)].symbol()).collect() };
    let y = (0..200)
        .find(|y| row(*y).contains("✗ stopped here: reset by peer"))
        .unwrap();
    let line = row(y);
    let x = line[..line.find('✗').unwrap()].chars().count();
    let cell = &buffer[(u16::try_from(x).unwrap(), y)];
    assert_eq!(cell.fg, Color::Red);
    assert!(cell.modifier.contains(Modifier::BOLD));
    let strip = (0..200).find(|y| row(*y).contains("›1 Answer")).unwrap();
    assert!(buffer[(0, strip)].modifier.contains(Modifier::BOLD));
    assert!(buffer[(12, strip)].modifier.contains(Modifier::DIM));
}

// Copies

fn copy(stand: &Stand, letter: char) -> Option<String> {
    stand
        .model
        .copyables()
        .into_iter()
        .find(|copyable| copyable.letter == letter)
        .map(|copyable| copyable.text)
}

#[test]
fn what_can_be_copied_of_a_host() {
    let stand = opened_over(wrong_name(), (80, 24), Theme::default(), "10.0.0.21:3389");
    let text = |letter| copy(&stand, letter);
    assert_eq!(text('n').as_deref(), Some("srv21.corp.example"));
    assert_eq!(text('a').as_deref(), Some("10.0.0.21"));
    assert_eq!(
        text('t').as_deref(),
        Some("a909502dd82ae41433e6f83886b00d4277a32a7b"),
        "as certlm shows it"
    );
    assert_eq!(text('2').map(|text| text.len()), Some(64));
    assert_eq!(
        text('m').as_deref(),
        Some("mstsc /v:srv21.corp.example:3389")
    );
    assert_eq!(text('s').as_deref(), Some("CN=old21.corp.example"));
    assert!(text('c').unwrap().contains("\nGet-ChildItem -Path Cert:"));
    let json: serde_json::Value = serde_json::from_str(&text('o').unwrap()).unwrap();
    assert_eq!(json["address"], "10.0.0.21");
    let mut letters: Vec<char> = stand
        .model
        .copyables()
        .iter()
        .map(|copyable| copyable.letter)
        .collect();
    letters.sort_unstable();
    letters.dedup();
    assert_eq!(letters.len(), 8);
}

#[test]
fn a_host_without_a_certificate_gives_no_thumbprint() {
    let stand = opened(80, 24, "10.0.0.14");
    let letters: Vec<char> = stand
        .model
        .copyables()
        .iter()
        .map(|copyable| copyable.letter)
        .collect();
    assert!(!letters.contains(&'t') && !letters.contains(&'s'));
    assert_eq!(
        copy(&stand, 'm').as_deref(),
        Some("mstsc /v:10.0.0.14:3389")
    );
}

#[test]
fn a_certificate_with_a_thousand_names_leaves_room_for_the_rest_of_the_page() {
    let mut leaf = certificate("srv05.corp.example", VALID);
    leaf.san_dns = (0..1000)
        .map(|index| format!("n{index}.corp.example").into())
        .collect();
    leaf.san_omitted = 24;
    let mut script = Script::default();
    script.push(plan(true));
    script.attempt(good("10.0.0.5", 1, leaf), true);
    let stand = opened_over(script, (100, 600), Theme::default(), "10.0.0.5:3389");
    let page = whole(&stand, 100);
    assert!(page.contains(" n63.corp.example"), "{page}");
    assert!(!page.contains(" n64.corp.example"), "{page}");
    assert!(page.contains("and 960 more"), "{page}");
}

#[test]
fn a_certificate_that_never_expires_ends_in_the_last_second() {
    let leaf = certificate("srv05.corp.example", "9999-12-31T23:59:59Z");
    let mut script = Script::default();
    script.push(plan(true));
    script.attempt(good("10.0.0.5", 1, leaf), true);
    let stand = opened_over(script, (100, 600), Theme::default(), "10.0.0.5:3389");
    let page = whole(&stand, 100);
    assert!(page.contains("9999-12-31 23:59:59 UTC"), "{page}");
    assert!(page.contains("until 9999-12-31"), "{page}");
    assert!(!page.contains("9999-12-30"), "{page}");
}

#[test]
fn identity_tells_a_host_that_was_not_reached_from_one_that_was_not_asked_or_has_no_nla() {
    let page = |attempts: Vec<Attempt>, ntlm: bool| {
        let mut script = Script::default();
        let mut plan = plan(true);
        if let EventBody::ScanStarted(plan) = &mut plan {
            plan.ntlm = ntlm;
        }
        script.push(plan);
        let count = attempts.len();
        for (index, attempt) in attempts.into_iter().enumerate() {
            script.attempt(attempt, index + 1 == count);
        }
        let stand = opened_over(script, (100, 600), Theme::default(), "10.0.0.5:3389");
        whole(&stand, 100)
    };
    let reset = |number| {
        let mut attempt = good("10.0.0.5", number, certificate("srv05.corp.example", VALID));
        let broken = bad(
            "10.0.0.5",
            number,
            Stage::Tls,
            Outcome::Reset { received: 0 },
        );
        (attempt.stages, attempt.tls, attempt.ntlm) = (broken.stages, None, None);
        attempt
    };
    let not_reached = page((1..=3).map(reset).collect(), true);
    assert!(
        not_reached.contains("not reached: every attempt ended before it, at tls"),
        "{not_reached}"
    );
    let mut through = good("10.0.0.5", 1, certificate("srv05.corp.example", VALID));
    through.ntlm = None;
    through
        .stages
        .retain(|record| record.stage != Stage::Credssp);
    let left_out = page(vec![through.clone()], false);
    assert!(left_out.contains("(--no-ntlm)"), "{left_out}");
    let selected = through.negotiation.as_mut().unwrap();
    selected.selected = rdpscan::model::SelectedSecurity::Ssl;
    selected.selected_raw = Some(rdpscan::model::Protocols::SSL);
    let without = page(vec![through], true);
    assert!(
        without.contains("not asked: the host does not use NLA"),
        "{without}"
    );
}
