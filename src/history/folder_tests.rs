use super::*;
use crate::kit::{end, event, now, plan};

const IDS: [&str; 3] = [
    "20261130T110000Z-00000001",
    "20261130T100000Z-00000002",
    "20261128T100000Z-00000003",
];

fn lines(scan: &str, key: &str) -> Vec<u8> {
    lines_at(scan, now(), key, &[])
}

/// With its events at this time, planned with these settings.
fn lines_at(scan: &str, at: Timestamp, key: &str, settings: &[(&str, &str)]) -> Vec<u8> {
    let settings = settings.iter();
    let work = PlannedWork {
        target_key: key.into(),
        settings: (settings.map(|(key, value)| ((*key).into(), (*value).into()))).collect(),
        ..PlannedWork::default()
    };
    let mut lines = Vec::new();
    for (seq, body) in (0..).zip([
        EventBody::ScanStarted(plan()),
        EventBody::WorkPlanned(work.into()),
        EventBody::ScanFinished(end(0)),
    ]) {
        let mut event = event(seq, at, body);
        event.scan = scan.parse().unwrap();
        record::append_line(&mut lines, &event).unwrap();
    }
    lines
}

/// Three scans, the newest and the oldest of the same targets, the oldest compressed.
fn folder() -> (tempfile::TempDir, JournalFolder) {
    let place = tempfile::tempdir().unwrap();
    let folder = JournalFolder::at(place.path().join("scans"));
    for (id, key) in IDS.into_iter().zip(["a", "b", "a"]) {
        let mut file = folder.create(EpochId::new(id.parse().unwrap(), 1)).unwrap();
        file.append(&lines(id, key)).1.unwrap();
        if id == IDS[2] {
            file.compress().unwrap();
        }
    }
    fs::write(folder.path().join("notes.txt"), "").unwrap();
    (place, folder)
}

fn found(folder: &JournalFolder, text: &str) -> Result<String, String> {
    let found = folder.find(&Reference::parse(text).unwrap());
    found
        .map(|kept| kept.scan.to_string())
        .map_err(|error| error.to_string())
}

#[test]
fn scans_are_found_by_every_kind_of_reference() {
    let (_place, folder) = folder();
    let ids: Vec<String> = folder
        .scans()
        .unwrap()
        .iter()
        .map(|kept| kept.scan.to_string())
        .collect();
    assert_eq!(ids, IDS);
    for (text, id) in [
        ("@last", IDS[0]),
        ("@prev", IDS[2]),
        ("@2026-11-28", IDS[2]),
        ("@2026-11-30", IDS[0]),
        ("20261128", IDS[2]),
        (IDS[1], IDS[1]),
    ] {
        assert_eq!(found(&folder, text).unwrap(), id, "{text}");
    }
}

#[test]
fn the_scan_before_is_one_of_the_same_site_and_targets_in_the_same_folder() {
    let (_place, folder) = folder();
    let last = folder.find(&Reference::Last).unwrap();
    let (site, _) = last.subject().unwrap().unwrap();
    let before = |scan: &str, site: &str, key: &str| {
        let found = folder.previous(EpochId::new(scan.parse().unwrap(), 1), site, key);
        found.map(|kept| kept.scan.to_string())
    };
    assert_eq!(before(IDS[0], site.as_str(), "a").as_deref(), Some(IDS[2]));
    assert_eq!(before(IDS[0], "elsewhere", "a"), None);
    assert_eq!(before(IDS[0], site.as_str(), "b").as_deref(), Some(IDS[1]));
    let foreign = "20261201T110000Z-00000004";
    assert_eq!(before(foreign, site.as_str(), "a"), None);
}

/// Without the last line, which is the end.
fn broken_off(mut lines: Vec<u8>) -> Vec<u8> {
    let last = lines[..lines.len() - 1]
        .iter()
        .rposition(|byte| *byte == b'\n');
    lines.truncate(last.unwrap() + 1);
    lines
}

#[test]
fn the_scan_before_is_complete_if_there_is_one_and_is_never_running() {
    let (_place, folder) = folder();
    let id = |scan: &str| EpochId::new(scan.parse().unwrap(), 1);
    let [cut, running, own] = [
        "20261130T120000Z-00000004",
        "20261130T130000Z-00000005",
        "20261130T140000Z-00000006",
    ];
    let site = event(0, now(), EventBody::ScanStarted(plan())).site;
    let before = || {
        let found = folder.previous(id(own), site.as_str(), "a");
        found.map(|kept| kept.scan.to_string())
    };
    let write = |scan: &str| {
        let mut file = folder.create(id(scan)).unwrap();
        file.append(&broken_off(lines(scan, "a"))).1.unwrap();
        file
    };
    drop([cut, own].map(write));
    let _running = write(running);
    assert_eq!(before().as_deref(), Some(IDS[0]));
    fs::remove_file(folder.path().join(format!("{}.ndjson", IDS[0]))).unwrap();
    assert_eq!(before().as_deref(), Some(IDS[2]));
    fs::remove_file(folder.path().join(format!("{}.ndjson.lz4", IDS[2]))).unwrap();
    assert_eq!(before().as_deref(), Some(cut));
}

/// A watch from Monday on, with a scan on Tuesday and a sweep on Friday.
#[test]
fn a_scan_during_a_watch_is_older_than_its_later_sweeps() {
    let place = tempfile::tempdir().unwrap();
    let folder = JournalFolder::at(place.path().join("scans"));
    let (watch, single) = ("20261130T110000Z-00000001", "20261201T110000Z-00000002");
    let id = |scan: &str, epoch| EpochId::new(scan.parse().unwrap(), epoch);
    for (scan, epoch, day) in [
        (watch, 1, "2026-11-30"),
        (watch, 2, "2026-12-04"),
        (single, 1, "2026-12-01"),
    ] {
        let at = format!("{day}T11:00:00Z").parse().unwrap();
        let mut file = folder.create(id(scan, epoch)).unwrap();
        file.append(&lines_at(scan, at, "a", &[])).1.unwrap();
        file.compress().unwrap();
    }
    let ids: Vec<EpochId> = (folder.scans().unwrap().iter()).map(KeptScan::id).collect();
    assert_eq!(ids, [id(watch, 2), id(single, 1), id(watch, 1)]);
    let found = |text: &str| folder.find(&Reference::parse(text).unwrap()).unwrap().id();
    assert_eq!(found("@last"), id(watch, 2));
    assert_eq!(found("@prev"), id(single, 1));
    assert_eq!(found("@2026-12-04"), id(watch, 2));
    let site = event(0, now(), EventBody::ScanStarted(plan())).site;
    let before = |of| {
        folder
            .previous(of, site.as_str(), "a")
            .map(|kept| kept.id())
    };
    assert_eq!(before(id(single, 1)), Some(id(watch, 1)));
    assert_eq!(before(id(watch, 2)), Some(id(single, 1)));
}

#[test]
fn a_watched_scan_stands_for_its_newest_complete_sweep() {
    let (_place, folder) = folder();
    let scan: ScanId = "20261201T110000Z-00000004".parse().unwrap();
    for epoch in [1, 2, 3, 10, 11] {
        let mut file = folder.create(EpochId::new(scan, epoch)).unwrap();
        let all = lines(&scan.to_string(), "a");
        let is_last = epoch == 11;
        let end = if is_last { all.len() - 20 } else { all.len() };
        file.append(&all[..end]).1.unwrap();
        if epoch == 2 {
            file.compress().unwrap();
        }
    }
    let found = |text: &str| {
        let found = folder.find(&Reference::parse(text).unwrap());
        found.map(|kept| kept.id().to_string()).unwrap()
    };
    let sweep = |epoch| EpochId::new(scan, epoch).to_string();
    for (text, epoch) in [
        ("@last", 10),
        ("20261201", 10),
        ("@prev", 3),
        ("@last/11", 11),
        ("20261201/2", 2),
        ("@last/1", 1),
    ] {
        assert_eq!(found(text), sweep(epoch), "{text}");
    }
    assert_eq!(found("20261201T110000Z-00000004/10"), sweep(10));
    let missing = folder.find(&Reference::parse("@last/7").unwrap());
    let missing = missing.unwrap_err().to_string();
    assert!(missing.contains("no kept scan is `@last/7`"), "{missing}");
    // What a sweep of it has not finished is not resumed.
    assert!(matches!(
        folder.newest_unfinished(),
        Err(HistoryError::NothingUnfinished)
    ));
}

#[test]
fn what_is_not_found_is_explained() {
    let (_place, folder) = folder();
    let error = found(&folder, "20261130").unwrap_err();
    assert!(
        error.contains("several") && error.contains(IDS[1]),
        "{error}"
    );
    let error = found(&folder, "@2026-11-29").unwrap_err();
    assert!(
        error.contains("@2026-11-29") && error.contains(IDS[0]),
        "{error}"
    );
    fs::remove_file(folder.path().join(format!("{}.ndjson.lz4", IDS[2]))).unwrap();
    let error = found(&folder, "@prev").unwrap_err();
    assert!(error.contains("no other scan of the targets"), "{error}");
    let empty = JournalFolder::at(folder.path().join("none"));
    let error = found(&empty, "@last").unwrap_err();
    assert!(error.starts_with("no scan is kept in"), "{error}");
}

#[test]
fn a_torn_last_line_is_cut_off_when_a_scan_is_resumed() {
    let (_place, folder) = folder();
    let kept = folder.find(&Reference::Last).unwrap();
    let whole = fs::read(&kept.path).unwrap();
    let torn = [&*whole, &b"{\"scan\":".repeat(40_000)].concat();
    fs::write(&kept.path, torn).unwrap();
    let mut journal = kept.resume().unwrap();
    assert_eq!(fs::read(&kept.path).unwrap(), whole);
    assert!(matches!(kept.resume(), Err(HistoryError::InUse { .. })));
    journal.append(b"{}\n").1.unwrap();
    assert_eq!(fs::read(&kept.path).unwrap(), [&*whole, b"{}\n"].concat());
}

#[test]
fn the_newest_unfinished_scan_is_the_one_to_resume() {
    let (_place, folder) = folder();
    assert!(matches!(
        folder.newest_unfinished(),
        Err(HistoryError::NothingUnfinished)
    ));
    for id in [IDS[0], IDS[1]] {
        let path = folder.path().join(format!("{id}.ndjson"));
        let text = fs::read_to_string(&path).unwrap();
        let (first, _) = text.split_once('\n').unwrap();
        fs::write(&path, format!("{first}\n")).unwrap();
    }
    let newest = folder.newest_unfinished().unwrap();
    assert_eq!(newest.scan.to_string(), IDS[0]);
    let _running = newest.resume().unwrap();
    let next = folder.newest_unfinished().unwrap();
    assert_eq!(next.scan.to_string(), IDS[1]);
}

#[test]
fn the_end_of_a_part_for_workers_is_not_the_end_of_the_scan() {
    let (_place, folder) = folder();
    let cut: ScanId = "20261201T110000Z-00000004".parse().unwrap();
    let mut lines = broken_off(lines(&cut.to_string(), "a"));
    let part = crate::model::Stream::Shard {
        number: 0,
        delivery: 1,
    };
    let ended = ScanEvent {
        scan: cut,
        stream: part,
        ..event(0, now(), EventBody::ScanFinished(end(0)))
    };
    record::append_line(&mut lines, &ended).unwrap();
    let mut file = folder.create(EpochId::new(cut, 1)).unwrap();
    file.append(&lines).1.unwrap();
    drop(file);
    assert_eq!(folder.newest_unfinished().unwrap().scan, cut);
}

#[test]
fn a_watch_that_was_stopped_is_not_the_scan_to_resume() {
    let (_place, folder) = folder();
    let cut = "20261128T090000Z-00000004";
    let watch = "20261201T110000Z-00000005";
    for (scan, settings) in [(cut, &[][..]), (watch, &[("watch.interval", "15m")])] {
        let mut file = folder
            .create(EpochId::new(scan.parse().unwrap(), 1))
            .unwrap();
        let lines = broken_off(lines_at(scan, now(), "a", settings));
        file.append(&lines).1.unwrap();
    }
    assert_eq!(folder.newest_unfinished().unwrap().scan.to_string(), cut);
}

#[test]
fn a_journal_that_is_compressed_meanwhile_is_read() {
    let (_place, folder) = folder();
    let kept = folder.find(&Reference::Last).unwrap();
    kept.resume().unwrap().compress().unwrap();
    assert!(!kept.is_compressed && !kept.path.exists());
    assert_eq!(kept.events().unwrap().filter_map(Result::ok).count(), 3);
}
