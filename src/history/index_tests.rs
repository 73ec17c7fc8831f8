use std::io::Write as _;

use super::*;
use crate::diagnosis::Policy;
use crate::kit::{attempt, attempt_finished, end, endpoint, event, now, plan};
use crate::model::{CertificateStatus, EpochId, EventBody, HostState, PlannedWork, Stream, Texts};
use crate::record;

const IDS: [&str; 2] = ["20261129T110000Z-00000001", "20261130T110000Z-00000002"];
/// A scan that is not watched.
fn of(scan: &str) -> EpochId {
    EpochId::new(scan.parse().unwrap(), 1)
}

const NAME: &str = "srv05.corp.example";

/// A complete scan of 10.0.0.0/30 that found these hosts.
fn lines(scan: &str, addresses: &[&str]) -> Vec<u8> {
    lines_of(scan, Stream::FIRST, addresses, &["10.0.0.0-10.0.0.3"])
}

fn lines_of(scan: &str, stream: Stream, addresses: &[&str], planned: &[&str]) -> Vec<u8> {
    let work = PlannedWork {
        endpoints: [(3389, planned.iter().copied().collect::<Texts>())].into(),
        ..PlannedWork::default()
    };
    let hosts = addresses.iter().map(|address| {
        let there = endpoint(address);
        let made = attempt().through().edit(|attempt| attempt.endpoint = there);
        attempt_finished(made.done())
    });
    let bodies = [
        EventBody::ScanStarted(plan()),
        EventBody::WorkPlanned(work.into()),
    ];
    let end = EventBody::ScanFinished(end(4));
    let mut lines = Vec::new();
    for (seq, body) in (0..).zip(bodies.into_iter().chain(hosts).chain([end])) {
        let mut event = event(seq, now(), body);
        event.scan = scan.parse().unwrap();
        event.stream = stream;
        record::append_line(&mut lines, &event).unwrap();
    }
    lines
}

/// Two kept scans: the second one does not find 10.0.0.2 any more.
fn folder() -> (tempfile::TempDir, JournalFolder) {
    let place = tempfile::tempdir().unwrap();
    let folder = JournalFolder::at(place.path().join("scans"));
    for (id, hosts) in IDS
        .into_iter()
        .zip([&["10.0.0.1", "10.0.0.2"][..], &["10.0.0.1"]])
    {
        let mut file = folder.create(of(id)).unwrap();
        file.append(&lines(id, hosts)).1.unwrap();
        file.compress().unwrap();
    }
    (place, folder)
}

fn opened(folder: &JournalFolder) -> Index {
    Index::open(folder, Policy::default()).unwrap()
}

#[track_caller]
fn assert_whole(index: &mut Index) {
    let scans: Vec<String> = index
        .scans()
        .unwrap()
        .iter()
        .map(|one| one.scan.to_string())
        .collect();
    assert_eq!(scans, [IDS[1], IDS[0]]);
    for (name, wanted) in [
        ("10.0.0.2", &IDS[..1]),
        ("10.0.0.2:3389", &IDS[..1]),
        ("10.0.0.1", &IDS[..]),
        ("SRV05.corp.example.", &[IDS[0], IDS[0], IDS[1]]),
        ("srv05", &[IDS[0], IDS[0], IDS[1]]),
        ("srv06", &[]),
    ] {
        let found = index.host(name).unwrap();
        let scans: Vec<String> = found.iter().map(|one| one.id.to_string()).collect();
        assert_eq!(scans, wanted, "{name}");
        let mut states = found.iter().map(|one| one.record.state);
        assert!(states.all(|state| state == HostState::Healthy || state == HostState::Degraded));
    }
}

#[test]
fn the_index_is_made_of_the_journals_and_follows_them() {
    let (_place, folder) = folder();
    assert_whole(&mut opened(&folder));
    assert_whole(&mut opened(&folder));
    assert!(
        opened(&folder).host(NAME).unwrap()[0]
            .record
            .names
            .iter()
            .any(|name| &**name == NAME)
    );
    // One that is being written is not in it yet.
    let third = "20261201T110000Z-00000003";
    let mut running = folder.create(of(third)).unwrap();
    running.append(&lines(third, &["10.0.0.3"])).1.unwrap();
    assert_whole(&mut opened(&folder));
    drop(running);
    assert_eq!(opened(&folder).scans().unwrap().len(), 3);
    let kept = folder.scans().unwrap();
    fs::remove_file(&kept[0].path).unwrap();
    assert_whole(&mut opened(&folder));
}

#[test]
fn a_snapshot_is_what_the_scan_found_and_looked_at() {
    let (_place, folder) = folder();
    let kept = folder.scans().unwrap();
    // Of an empty index, the two journals alone are read.
    let mut index = Index::connect(&folder, Policy::default()).unwrap();
    let (before, after) = (
        index.snapshot(&kept[1]).unwrap(),
        index.snapshot(&kept[0]).unwrap(),
    );
    let comparison = crate::changes::Comparison::new(&before, &after);
    assert_eq!(comparison.hosts.len(), 1);
    assert_eq!(comparison.hosts[0].key.to_string(), "10.0.0.2:3389");
    assert_eq!(
        comparison.hosts[0].changes[0].class,
        crate::model::ChangeClass::Gone
    );
    // One that is being written is compared, and is not in the index.
    let running = "20261201T110000Z-00000003";
    let mut journal = folder.create(of(running)).unwrap();
    journal.append(&lines(running, &["10.0.0.3"])).1.unwrap();
    let growing = folder.kept(of(running)).unwrap();
    assert_eq!(index.snapshot(&growing).unwrap().hosts.len(), 1);
    assert!(!index.is_known(&growing).unwrap());
    // By other rules, it is judged again.
    let mut index = Index::connect(&folder, strict()).unwrap();
    let expiring = index.snapshot(&kept[0]).unwrap().hosts[0].certificate_status;
    assert_eq!(expiring, Some(CertificateStatus::Expiring));
}

/// Rules by which every certificate is about to expire.
fn strict() -> Policy {
    Policy {
        expiring_days: 3000,
        expiring_percent: 100,
        ..Policy::default()
    }
}

#[test]
fn the_scans_before_are_complete_ones_of_the_same_site_and_targets() {
    let (_place, folder) = folder();
    let id = "20261129T120000Z-00000003";
    let mut interrupted = folder.create(of(id)).unwrap();
    let all = lines(id, &["10.0.0.1"]);
    let last = all[..all.len() - 1].iter().rposition(|byte| *byte == b'\n');
    interrupted.append(&all[..=last.unwrap()]).1.unwrap();
    drop(interrupted);
    let mut index = opened(&folder);
    let newest = index.scans().unwrap().remove(0);
    assert_eq!(newest.scan.to_string(), IDS[1]);
    let next = of("20261205T110000Z-00000009");
    folder.create(next).unwrap();
    let mut before = |id: EpochId, site: &str, key: &str, most| -> Vec<String> {
        let kept = folder.kept(id).unwrap();
        let found = index.before(&kept, site, key, most).unwrap().into_iter();
        found.map(|entry| entry.scan.to_string()).collect()
    };
    let (site, key) = (&*newest.site, &*newest.target_key);
    assert_eq!(before(next, site, key, 20), IDS);
    assert_eq!(before(next, site, key, 1), IDS[1..]);
    assert_eq!(before(newest.id(), site, key, 20), IDS[..1]);
    assert_eq!(before(next, "elsewhere", key, 20), [""; 0]);
    assert_eq!(before(next, site, "other", 20), [""; 0]);
    // Counts by other rules are of something else, until these scans are judged again.
    let mut index = Index::connect(&folder, strict()).unwrap();
    let kept = folder.kept(next).unwrap();
    assert_eq!(index.before(&kept, site, key, 20).unwrap(), []);
}

#[test]
fn a_host_over_time_is_judged_by_the_current_rules() {
    let (_place, folder) = folder();
    drop(opened(&folder));
    let mut index = Index::open(&folder, strict()).unwrap();
    for host in index.host("10.0.0.1").unwrap() {
        let status = host.record.certificate_status;
        assert_eq!(status, Some(CertificateStatus::Expiring), "{}", host.id);
    }
}

/// What a resume no longer looks at is not gone.
#[test]
fn a_snapshot_looked_at_what_the_newest_run_planned() {
    let (_place, folder) = folder();
    let resumed = "20261201T110000Z-00000003";
    let mut file = folder.create(of(resumed)).unwrap();
    file.append(&lines(resumed, &["10.0.0.1"])).1.unwrap();
    let planned = ["10.0.0.0-10.0.0.1", "10.0.0.3"];
    let again = lines_of(resumed, Stream::Run(2), &[], &planned);
    file.append(&again).1.unwrap();
    drop(file);
    let kept = folder.scans().unwrap();
    let mut index = opened(&folder);
    let (before, after) = (
        index.snapshot(&kept[2]).unwrap(),
        index.snapshot(&kept[0]).unwrap(),
    );
    let comparison = crate::changes::Comparison::new(&before, &after);
    assert_eq!(comparison.hosts.len(), 1);
    assert_eq!(comparison.hosts[0].key.to_string(), "10.0.0.2:3389");
    let class = comparison.hosts[0].changes[0].class;
    assert_eq!(class, crate::model::ChangeClass::NotScanned);
}

#[test]
fn a_deleted_scan_is_forgotten_when_another_one_is_added() {
    let (_place, folder) = folder();
    let kept = folder.scans().unwrap();
    let mut index = opened(&folder);
    fs::remove_file(&kept[1].path).unwrap();
    let (fleet, _) = index.read(&kept[0]).unwrap();
    index.add(&kept[0], &fleet).unwrap();
    assert_eq!(index.scans().unwrap().len(), 1);
    assert_eq!(index.host("10.0.0.2").unwrap(), []);
}

#[test]
fn a_journal_that_is_compressed_meanwhile_is_compared() {
    let (_place, folder) = folder();
    let id = "20261201T110000Z-00000003";
    let mut file = folder.create(of(id)).unwrap();
    file.append(&lines(id, &["10.0.0.3"])).1.unwrap();
    let kept = folder.kept(of(id)).unwrap();
    file.compress().unwrap();
    let mut index = Index::connect(&folder, Policy::default()).unwrap();
    assert_eq!(index.snapshot(&kept).unwrap().hosts.len(), 1);
}

#[test]
fn what_is_written_while_a_journal_is_read_is_read_the_next_time() {
    let (_place, folder) = folder();
    let id = "20261201T110000Z-00000003";
    let mut running = folder.create(of(id)).unwrap();
    running.append(&lines(id, &["10.0.0.3"])).1.unwrap();
    let kept = folder.scans().unwrap();
    let mut index = opened(&folder);
    let (fleet, bytes) = index.read(&kept[0]).unwrap();
    running.append(b"{}\n").1.unwrap();
    index.insert(&fleet, bytes).unwrap();
    assert!(!index.is_known(&kept[0]).unwrap());
    assert!(index.is_known(&kept[1]).unwrap());
}

#[test]
fn of_the_scans_with_a_host_only_its_rows_are_read() {
    let (_place, folder) = folder();
    let index = opened(&folder);
    let explain = format!("EXPLAIN QUERY PLAN {OF_HOST}");
    let mut steps = index.db.prepare(&explain).unwrap();
    let steps = steps.query_map([NAME], |row| row.get(3)).unwrap();
    let steps: Vec<String> = steps.map(Result::unwrap).collect();
    let is_narrow = |step: &String| step.contains("hosts") && step.contains("scan=? AND host=?");
    assert!(steps.iter().any(is_narrow), "{steps:?}");
}

#[test]
fn damage_that_stays_or_comes_back_leaves_an_index_in_memory() {
    let (_place, folder) = folder();
    // As after a rename that failed.
    let mut index = opened(&folder);
    index.file = None;
    index.db = in_memory().unwrap();
    index.start_again(false).unwrap();
    assert_eq!(index.file, None);
    assert_whole(&mut index);

    for damage in ["UPDATE scans SET entry = 'x'", "DROP TABLE scans"] {
        let mut index = opened(&folder);
        for is_last in [false, true] {
            index.db.execute_batch(damage).unwrap();
            assert_whole(&mut index);
            assert_eq!(index.file.is_none(), is_last, "{damage}");
        }
    }
}

/// A folder is not removed as a file is.
#[test]
#[cfg(unix)]
fn what_cannot_be_moved_is_not_set_aside() {
    let (_place, folder) = folder();
    let path = folder.path().join(FILE);
    assert!(set_aside(&path));
    fs::create_dir(&path).unwrap();
    fs::write(folder.path().join(format!("{FILE}.damaged")), "").unwrap();
    assert!(!set_aside(&path));
}

type Damage = fn(&mut Vec<u8>);

#[test]
fn a_damaged_index_is_set_aside_and_made_again() {
    let (_place, folder) = folder();
    let path = folder.path().join(FILE);
    let damage: [(&str, Damage); 5] = [
        ("truncated", |bytes| bytes.truncate(bytes.len() / 2)),
        ("no database", |bytes| bytes[..100].fill(b'x')),
        ("scrambled", |bytes| {
            bytes[4096..].iter_mut().for_each(|byte| *byte ^= 0x5a);
        }),
        ("other text", |bytes| {
            let wanted = b"\"state\":";
            let windows = bytes.windows(wanted.len()).enumerate();
            let found = windows.filter(|(_, window)| window == wanted);
            let places: Vec<usize> = found.map(|(at, _)| at).collect();
            assert!(!places.is_empty());
            for at in places {
                bytes[at + 1] = b'z';
            }
        }),
        ("empty", Vec::clear),
    ];
    for (kind, damage) in damage {
        assert_whole(&mut opened(&folder));
        let mut bytes = fs::read(&path).unwrap();
        assert!(bytes.len() > 8192);
        damage(&mut bytes);
        fs::write(&path, &bytes).unwrap();
        assert_whole(&mut opened(&folder));
        let aside = folder.path().join(format!("{FILE}.damaged"));
        assert_eq!(aside.exists(), kind != "empty", "{kind}");
        drop(fs::remove_file(aside));
        assert!(folder.scans().unwrap().len() == 2);
    }
}

#[test]
fn an_older_index_is_made_again_and_a_newer_one_is_refused() {
    let (_place, folder) = folder();
    drop(opened(&folder));
    let file = || Connection::open(folder.path().join(FILE)).unwrap();
    let older = file();
    older
        .execute_batch(
            "DROP TABLE names; DROP TABLE scans; CREATE TABLE scans (id); PRAGMA user_version = 0",
        )
        .unwrap();
    drop(older);
    assert_whole(&mut opened(&folder));
    file()
        .pragma_update(None, "user_version", VERSION + 1)
        .unwrap();
    let error = Index::open(&folder, Policy::default())
        .unwrap_err()
        .to_string();
    let newer = VERSION + 1;
    let told = format!("is of version {newer}, and this rdpscan reads up to {VERSION}");
    assert!(error.contains(&told), "{error}");
    // It is left as it is.
    let kept: i64 = file()
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap();
    assert_eq!(kept, VERSION + 1);
}

#[test]
fn every_sweep_of_a_watched_scan_is_in_it() {
    let (_place, folder) = folder();
    let sweeps = |count: u32| {
        for epoch in 2..=count {
            let id = EpochId::new(IDS[1].parse().unwrap(), epoch);
            let mut file = folder.create(id).unwrap();
            for line in lines(IDS[1], &["10.0.0.1"]).split_inclusive(|byte| *byte == b'\n') {
                let line = String::from_utf8(line.to_vec()).unwrap();
                let line = line.replace("\"epoch\":1,", &format!("\"epoch\":{epoch},"));
                file.append(line.as_bytes()).1.unwrap();
            }
            file.compress().unwrap();
        }
    };
    sweeps(11);
    let mut index = opened(&folder);
    let newest = index.scans().unwrap();
    let epochs: Vec<u32> = newest.iter().map(|one| one.epoch).collect();
    assert_eq!(epochs, [11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1]);
    let host = index.host("10.0.0.1").unwrap();
    assert_eq!(host.last().unwrap().id.epoch, 11);
    let kept = folder.find(&crate::history::Reference::Last).unwrap();
    assert_eq!(index.snapshot(&kept).unwrap().id.epoch, 11);
    fs::remove_file(&kept.path).unwrap();
    index.forget_deleted().unwrap();
    assert_eq!(index.scans().unwrap().len(), 11);
}

/// Of a watch that began before the second scan and goes on after it.
#[test]
fn a_scan_during_a_watch_is_before_its_later_sweeps() {
    let (_place, folder) = folder();
    let sweep = EpochId::new(IDS[0].parse().unwrap(), 2);
    let text = String::from_utf8(lines(IDS[0], &["10.0.0.1"])).unwrap();
    let text = text.replace("\"epoch\":1,", "\"epoch\":2,");
    let text = text.replace("2025-06-15T12:00:00", "2026-12-04T12:00:00");
    let mut file = folder.create(sweep).unwrap();
    file.append(text.as_bytes()).1.unwrap();
    file.compress().unwrap();
    let mut index = opened(&folder);
    let scans = index.scans().unwrap();
    let ids: Vec<EpochId> = scans.iter().map(ScanEntry::id).collect();
    let [first, second] = IDS.map(of);
    assert_eq!(ids, [sweep, second, first]);
    let (site, key) = (&*scans[0].site, &*scans[0].target_key);
    let mut before = |id| -> Vec<EpochId> {
        let kept = folder.kept(id).unwrap();
        let found = index.before(&kept, site, key, 20).unwrap();
        found.iter().map(ScanEntry::id).collect()
    };
    assert_eq!(before(second), [first]);
    assert_eq!(before(sweep), [first, second]);
    let host = index.host("10.0.0.1").unwrap().remove(0).record;
    let mut until = |id| -> Vec<EpochId> {
        let found = index.host_until("10.0.0.1", (id, &host), 20).unwrap();
        found.iter().map(|past| past.id).collect()
    };
    assert_eq!(until(second), [first, second]);
    assert_eq!(until(sweep), [first, second, sweep]);
}

#[test]
fn where_no_file_can_be_written_the_index_is_in_memory() {
    let (_place, folder) = folder();
    fs::create_dir(folder.path().join(FILE)).unwrap();
    let mut index = opened(&folder);
    assert_eq!(index.file, None);
    assert_whole(&mut index);
}

/// Locks by files, which are one of its ways, have no shared memory, as some network file systems have none.
#[test]
#[cfg(unix)]
fn a_file_system_without_shared_memory_has_an_index_too() {
    let (_place, folder) = folder();
    let path = folder.path().join(FILE);
    let db = open_file(&path, Some("unix-dotfile")).unwrap();
    let mode: String = db
        .pragma_query_value(None, "journal_mode", |row| row.get(0))
        .unwrap();
    assert_ne!(mode, "wal");
    let mut index = Index {
        folder: folder.clone(),
        rules: Policy::default().into(),
        db,
        file: Some(path),
        is_made_again: false,
    };
    index.catch_up().unwrap();
    assert_whole(&mut index);
}

/// The file of the shared memory cannot be made.
#[test]
fn an_index_whose_shared_memory_is_gone_is_read_from_the_journals() {
    let (_place, folder) = folder();
    let memory = folder.path().join(format!("{FILE}-shm"));
    fs::create_dir(&memory).unwrap();
    assert_whole(&mut opened(&folder));
    fs::remove_dir(&memory).unwrap();
    assert_whole(&mut opened(&folder));
    // One that was made with it, and is used without.
    fs::create_dir(&memory).unwrap();
    assert_whole(&mut opened(&folder));
}

#[test]
#[cfg(unix)]
fn the_index_is_for_its_user_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_place, folder) = folder();
    let _index = opened(&folder);
    for entry in fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", entry.file_name());
    }
}

#[test]
fn several_at_once_wait_for_each_other() {
    let (_place, folder) = folder();
    let kept = folder.scans().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for round in 0..5 {
                    let mut index = opened(&folder);
                    let kept = &kept[round % 2];
                    let (fleet, _) = index.read(kept).unwrap();
                    index.add(kept, &fleet).unwrap();
                    assert_whole(&mut index);
                }
            });
        }
    });
    assert_whole(&mut opened(&folder));
    assert!(!folder.path().join(format!("{FILE}.damaged")).exists());
}

#[test]
fn a_journal_that_cannot_be_read_is_left_out() {
    let (_place, folder) = folder();
    let id = "20261201T110000Z-00000003";
    let path = folder.path().join(format!("{id}.ndjson"));
    fs::File::create(path)
        .unwrap()
        .write_all(b"no event\n")
        .unwrap();
    assert_whole(&mut opened(&folder));
}

#[test]
fn a_host_is_followed_up_to_a_scan_once_for_each_and_the_newest_are_kept() {
    let (_place, folder) = folder();
    let mut index = opened(&folder);
    let there = index.host("10.0.0.2").unwrap().remove(0).record;
    let mut found = |scan: &str, most| -> Vec<(String, String)> {
        let past = index.host_until(NAME, (of(scan), &there), most);
        let past = past.unwrap().into_iter();
        past.map(|past| (past.id.to_string(), past.record.key.to_string()))
            .collect()
    };
    let first = (IDS[0].to_owned(), "10.0.0.2:3389".to_owned());
    let second = (IDS[1].to_owned(), "10.0.0.1:3389".to_owned());
    assert_eq!(found(IDS[1], 60), [first.clone(), second.clone()]);
    assert_eq!(found(IDS[0], 60), [first]);
    assert_eq!(found(IDS[1], 1), [second]);
}

#[test]
fn of_the_clones_of_a_name_only_the_one_at_this_place_is_followed() {
    let (_place, folder) = folder();
    let addresses: Vec<String> = (1..=30).map(|last| format!("10.0.1.{last}")).collect();
    let clones: Vec<&str> = addresses.iter().map(String::as_str).collect();
    let third = "20261201T110000Z-00000003";
    let mut file = folder.create(of(third)).unwrap();
    file.append(&lines(third, &clones)).1.unwrap();
    drop(file);
    let mut index = opened(&folder);
    let all = index.host(NAME).unwrap();
    let one = |key: &str| {
        let mut all = all.iter();
        let found = all.find(|past| past.record.key.to_string() == format!("{key}:3389"));
        found.unwrap().record.clone()
    };
    let mut places = |host: &HostRecord| -> Vec<String> {
        let past = index.host_until(NAME, (of(third), host), 60).unwrap();
        past.iter()
            .map(|past| past.record.key.to_string())
            .collect()
    };
    assert_eq!(places(&one("10.0.1.17")).last().unwrap(), "10.0.1.17:3389");
    // In the third scan, each of the thirty could be the one that was at 10.0.0.1.
    let alone = ["10.0.0.1:3389", "10.0.0.1:3389"];
    assert_eq!(places(&one("10.0.0.1")), alone);
}
