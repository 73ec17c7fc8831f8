//! What differs from the scan before, and a host in earlier scans.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::KeyCode;
use rdpscan::changes::{Comparison, HostRecord, PastHost, Snapshot};
use rdpscan::fleet::Fleet;
use rdpscan::model::{EpochId, EventBody, Outcome, PlannedWork, ScanEvent, ScanId, Stage};
use rdpscan::table::{Filter, View};
use rdpscan::tui::{Action, Palette, PastScans, Theme};

use super::stage::{self, Script, Stand, bad, certificate, good, plan};

const SIZES: [(u16, u16); 5] = [(60, 15), (80, 24), (100, 30), (120, 40), (200, 50)];
const VALID: &str = "2027-03-01T00:00:00Z";

/// Earlier scans, the newest last.
#[derive(Debug, Default)]
struct Earlier(Vec<Fleet>);

impl PastScans for Earlier {
    fn compare(&self, fleet: &Fleet) -> Result<Comparison, String> {
        let before = self.0.last().and_then(Snapshot::of);
        let before = before.ok_or("there is no scan before this one")?;
        let now = Snapshot::of(fleet).ok_or("nothing is scanned yet")?;
        Ok(Comparison::new(&before, &now))
    }

    fn of_host(&self, _: EpochId, host: &HostRecord) -> Result<Vec<PastHost>, String> {
        let past = self.0.iter().filter_map(|fleet| {
            let id = fleet.find(&host.key)?;
            Some(PastHost {
                id: fleet.id()?,
                began: fleet.scan()?.began(),
                record: HostRecord::of(fleet.host(id)?),
            })
        });
        Ok(past.collect())
    }
}

/// A complete scan of 10.0.0.0/24 on a day of January.
fn scan_of(day: u8, script: Script) -> Fleet {
    let scan: ScanId = format!("202601{day:02}T120000Z-00c0ffee").parse().unwrap();
    let mut events = script.take();
    events.push(stage::finished());
    let events = events.into_iter().map(|event| ScanEvent { scan, ..event });
    crate::kit::judged(events)
}

fn begun() -> Script {
    let mut script = Script::default();
    script.push(plan(false));
    script.push(work());
    script
}

fn work() -> EventBody {
    let work = PlannedWork {
        endpoints: [(3389, ["10.0.0.0-10.0.0.255"].into_iter().collect())].into(),
        names: ["gone.corp.example:3389"].into_iter().collect(),
        ..PlannedWork::default()
    };
    EventBody::WorkPlanned(work.into())
}

/// What the fleet of the screens was: 10.0.0.6 with another certificate, 10.0.0.8 steady, 10.0.0.10 healthy, and 10.0.0.20 there.
fn earlier() -> Earlier {
    let scan = |day, until| {
        let mut script = begun();
        for number in 1..=3 {
            let last = number == 3;
            let mut one = |address: &str, name: &str, until| {
                script.attempt(good(address, number, certificate(name, until)), last);
            };
            one("10.0.0.5", "srv05.corp.example", VALID);
            one("10.0.0.6", "srv06.corp.example", until);
            one("10.0.0.8", "srv08.corp.example", VALID);
            one("10.0.0.10", "srv10.corp.example", VALID);
            one("10.0.0.20", "srv20.corp.example", VALID);
        }
        scan_of(day, script)
    };
    Earlier(vec![
        scan(7, "2026-01-20T00:00:00Z"),
        scan(14, "2026-02-09T00:00:00Z"),
    ])
}

/// Answers every question to the scans before.
fn read_past(stand: &mut Stand) {
    while let Some(request) = stand.model.wanted_past() {
        stand.act(Action::PastFound(Box::new(request.answer())));
    }
}

fn compared(width: u16, height: u16, theme: Theme) -> Stand {
    let mut stand = Stand::with_theme(width, height, theme);
    let mut events = stage::fleet_events();
    let mut second = Script::default();
    second.push(work());
    events.splice(1..1, second.take());
    events.push(stage::finished());
    stand.act(Action::Events(events));
    stand.act(Action::StreamEnded);
    stand.model.past_scans = Some(Arc::new(earlier()));
    read_past(&mut stand);
    stand.act(Action::Tick(Duration::from_secs(1)));
    stand
}

#[test]
fn the_view_of_what_has_changed() {
    let mut all = String::new();
    for (width, height) in SIZES {
        let mut stand = compared(width, height, Theme::default());
        stand.keys("7");
        let picture = stand.picture(width, height);
        writeln!(all, "{width}x{height}\n{picture}").unwrap();
    }
    insta::assert_snapshot!(all);
}

#[test]
fn the_view_has_the_hosts_that_changed_and_names_those_without_a_row() {
    let mut stand = compared(120, 40, Theme::default());
    stand.keys("7");
    let order = stand.order();
    assert!(order.contains(&"10.0.0.10:3389".to_owned()), "{order:?}");
    assert!(!order.contains(&"10.0.0.5:3389".to_owned()), "{order:?}");
    let picture = stand.picture(120, 40);
    let lost = "1 host gone since the scan before: srv20.corp.example (10.0.0.20:3389)";
    assert!(picture.contains(lost), "{picture}");
    assert!(picture.contains("broken since"), "{picture}");
    let fleet = &stand.model.fleet;
    assert_eq!(fleet.summary().changed, order.len() as u64);
    let filter = Filter::parse(View::Changed.filter()).unwrap();
    for (_, host) in fleet.hosts() {
        assert_eq!(View::Changed.matches(host), filter.matches(host));
    }
}

#[test]
fn changes_are_a_field_that_filters() {
    let mut stand = compared(120, 40, Theme::default());
    stand.keys("/changed:broken_since\n");
    assert_eq!(stand.order(), ["10.0.0.10:3389"]);
}

#[test]
fn without_a_scan_before_the_view_says_so() {
    for (scans, sentence) in [
        (None, "there is no history to compare with"),
        (Some(Earlier::default()), "there is no scan before this one"),
    ] {
        let mut stand = Stand::done(80, 24);
        stand.model.past_scans = scans.map(|scans| Arc::new(scans) as Arc<dyn PastScans>);
        read_past(&mut stand);
        stand.keys("7");
        let picture = stand.picture(80, 24);
        assert!(picture.contains(sentence), "{picture}");
    }
}

#[test]
fn a_host_that_is_not_finished_is_not_compared_yet() {
    let mut stand = Stand::new(120, 40);
    stand.model.past_scans = Some(Arc::new(earlier()));
    let closed = |number| {
        bad(
            "10.0.0.10",
            number,
            Stage::X224,
            Outcome::Closed { received: 0 },
        )
    };
    let mut script = begun();
    script.attempt(closed(1), false);
    stand.act(Action::Events(script.take()));
    read_past(&mut stand);
    stand.keys("7");
    assert_eq!(stand.order(), [""; 0]);
    let picture = stand.picture(120, 40);
    assert!(!picture.contains("gone since"), "{picture}");
    assert!(picture.contains("no host has changed so far"), "{picture}");

    let mut script = Script::default();
    script.attempt(closed(2), true);
    stand.act(Action::Events(script.take()));
    assert!(stand.model.wanted_past().is_none(), "not for every event");
    for second in [20, 21] {
        stand.act(Action::Tick(Duration::from_secs(second)));
        read_past(&mut stand);
    }
    assert_eq!(stand.order(), ["10.0.0.10:3389"]);
}

/// The section about earlier scans of a host's page.
fn history(width: u16, theme: Theme, address: &str) -> String {
    let mut stand = compared(width, 40, theme);
    stand.select(address);
    stand.key(KeyCode::Enter);
    read_past(&mut stand);
    let picture = stand.picture(width, 600);
    let start = picture.find(" History ").unwrap();
    let start = picture[start + 1..]
        .find(" History ")
        .map_or(start, |at| start + 1 + at);
    let end = picture.find(" Raw (JSON)").unwrap();
    picture[start..end].trim_end().to_owned() + "\n"
}

#[test]
fn a_host_over_time() {
    let ascii = Theme {
        palette: Palette::Mono,
        ascii: true,
    };
    let mut all = String::new();
    for (width, theme) in [60, 80, 120]
        .map(|width| (width, Theme::default()))
        .into_iter()
        .chain([(80, ascii)])
    {
        let page = history(width, theme, "10.0.0.6");
        writeln!(all, "{width}\n{page}").unwrap();
    }
    insta::assert_snapshot!(all);
}

#[test]
fn the_past_of_a_host_is_read_once_for_each_page() {
    let mut stand = compared(120, 40, Theme::default());
    stand.select("10.0.0.6");
    stand.key(KeyCode::Enter);
    assert!(
        stand
            .picture(120, 600)
            .contains("earlier scans are being read")
    );
    read_past(&mut stand);
    assert!(
        stand
            .picture(120, 600)
            .contains("3 scans from 2026-01-07 to 2026-03-01")
    );
    assert!(stand.model.wanted_past().is_none());
    stand.keys("n");
    assert!(stand.model.wanted_past().is_some(), "of the next host");
}

#[test]
fn a_saved_scan_has_the_days_left_of_then_and_of_today() {
    let mut stand = compared(120, 40, Theme::default());
    stand.select("10.0.0.7");
    stand.key(KeyCode::Enter);
    assert!(!stand.picture(120, 600).contains("days left today"));
    stand.model.today = Some("2026-03-12T00:00:00Z".parse().unwrap());
    let picture = stand.picture(120, 600);
    let line = picture
        .lines()
        .find(|line| line.contains("days left today"));
    assert_eq!(line.unwrap().split_whitespace().last(), Some("1"));
}
