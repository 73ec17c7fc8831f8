use std::sync::Arc;

use super::*;
use crate::fleet::HostMarks;
use crate::kit::{endpoint, now};
use crate::model::{HostKey, Severity};

fn entry(address: &str) -> Acknowledgement {
    Acknowledgement {
        marks: HostMarks {
            key: HostKey::Endpoint(endpoint(address)),
            listed: vec!["srv05.corp.example".into()],
            machines: Vec::new(),
            keys: vec![crate::model::Digest([7; 32])],
        },
        name: None,
        finding: "RDP-CERT-EXPIRED".into(),
        severity: Severity::High,
        until: "2027-01-31".parse().unwrap(),
        by: "anna".into(),
        note: "renewed in January".into(),
        at: now(),
    }
}

fn file(folder: &Path) -> AcknowledgementFile {
    AcknowledgementFile::at(folder.join("state").join("acknowledged.json"))
}

#[test]
fn what_is_acknowledged_is_read_back_and_for_its_user_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = file(folder.path());
    assert!(file.read().unwrap().entries.is_empty());
    file.change(|entries| entries.push(entry("10.0.0.5")))
        .unwrap();
    assert_eq!(file.read().unwrap().entries, [entry("10.0.0.5")]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(&file.path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn several_writers_at_once_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = Arc::new(file(folder.path()));
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let file = Arc::clone(&file);
            thread::spawn(move || {
                for place in 0..8 {
                    let address = format!("10.0.{writer}.{place}");
                    file.change(|entries| entries.push(entry(&address)))
                        .unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.join().unwrap();
    }
    assert_eq!(file.read().unwrap().entries.len(), 64);
}

#[test]
fn a_damaged_file_is_set_aside_and_a_newer_one_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = file(folder.path());
    file.change(|entries| entries.push(entry("10.0.0.5")))
        .unwrap();
    let damage = ["{\"version\":1,\"acknowledged\":[{}]}", "\0\0", ""];
    let aside = damage.map(|damage| {
        fs::write(&file.path, damage).unwrap();
        let found = file.read().unwrap();
        assert!(found.entries.is_empty());
        assert!(file.read().unwrap().set_aside.is_none());
        found.set_aside.unwrap()
    });
    assert!(aside[2].to_string_lossy().ends_with(".damaged-3"));
    // None replaces another.
    assert_eq!(aside.map(|path| fs::read_to_string(path).unwrap()), damage);
    fs::write(&file.path, "{\"version\":2,\"other\":1}").unwrap();
    let error = file.change(Vec::clear).unwrap_err().to_string();
    assert!(error.contains("later rdpscan"), "{error}");
    assert!(fs::read_to_string(&file.path).unwrap().contains("other"));
}

#[test]
fn what_could_not_be_read_back_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let file = file(folder.path());
    file.change(|entries| entries.push(entry("10.0.0.5")))
        .unwrap();
    let long = Acknowledgement {
        note: "x".repeat(LONGEST).into(),
        ..entry("10.0.0.6")
    };
    let error = file.change(|entries| entries.push(long)).unwrap_err();
    assert!(error.to_string().contains("longer than"), "{error}");
    assert_eq!(file.read().unwrap().entries, [entry("10.0.0.5")]);
}
