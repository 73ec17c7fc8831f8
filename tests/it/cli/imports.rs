//! Lists that other programs wrote: what is taken of them, and what is said of the rest.

use std::path::Path;

use super::{home, kept, printed_in, rdpscan, refused_in};

#[test]
fn a_list_of_windows_powershell_is_read() {
    let home = home();
    let content: Vec<u8> = "\u{feff}127.0.0.1\r\n127.0.0.2 # two\r\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    std::fs::write(home.path().join("hosts.txt"), content).unwrap();
    let plan = printed_in(home.path(), &["--dry-run", "-f", "hosts.txt"], &[]);
    assert!(plan.contains('2'), "{plan}");
}

/// A table of the directory in `home`, of which one row is a target.
fn computers(home: &Path) {
    let mut table = "Name,dNSHostName,Enabled\nHERE,127.0.0.1:1,True\nNONAME,,True\n".to_owned();
    table.extend((0..25).map(|number| format!("OLD{number},old{number}.example,False\n")));
    std::fs::write(home.join("a.csv"), table).expect("a table");
}

#[test]
fn rows_that_were_not_taken_are_named_in_the_plan() {
    let home = home();
    computers(home.path());
    let plan = printed_in(home.path(), &["--dry-run", "-f", "a.csv"], &[]);
    assert!(plan.contains("endpoints     1 ("), "{plan}");
    assert!(
        plan.contains("a.csv: skipped accounts without dNSHostName (1): NONAME\n"),
        "{plan}"
    );
    assert!(
        plan.contains("disabled accounts (25): OLD0, OLD1, "),
        "{plan}"
    );
    assert!(
        plan.contains("OLD19, …\n") && !plan.contains("OLD20"),
        "{plan}"
    );
}

#[test]
fn rows_that_were_not_taken_are_named_by_a_scan_unless_it_is_quiet() {
    let home = home();
    computers(home.path());
    let scan = [
        "-f",
        "a.csv",
        "--no-tui",
        "--no-dns",
        "--attempts",
        "1",
        "-o",
        "o.csv",
    ];
    let output = rdpscan(home.path(), &scan, &[]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert!(
        told.contains("rdpscan: a.csv: skipped disabled accounts (25): OLD0"),
        "{told}"
    );
    let quiet = rdpscan(home.path(), &[&scan[..], &["--quiet"]].concat(), &[]);
    assert!(quiet.stderr.is_empty());
}

#[test]
fn a_text_on_standard_output_tells_of_rows_that_were_not_taken_once() {
    let home = home();
    computers(home.path());
    let scan = ["-f", "a.csv", "--no-tui", "--no-dns", "--attempts", "1"];
    let output = rdpscan(home.path(), &scan, &[]);
    let both = [output.stdout, output.stderr].concat();
    let told = String::from_utf8(both).unwrap();
    assert_eq!(
        told.matches("skipped disabled accounts").count(),
        1,
        "{told}"
    );
}

#[test]
fn a_table_of_which_nothing_remains_says_why() {
    let home = home();
    std::fs::write(
        home.path().join("a.csv"),
        "Name,dNSHostName,Enabled\nOLD,old.example,FALSCH\n",
    )
    .unwrap();
    refused_in(
        home.path(),
        &["--dry-run", "-f", "a.csv"],
        &[],
        &["holds no target", "disabled accounts (1): OLD"],
    );
    std::fs::write(
        home.path().join("b.rdp"),
        "screen mode id:i:2\r\nuse multimon:i:0\r\n",
    )
    .unwrap();
    refused_in(
        home.path(),
        &["--dry-run", "b.rdp"],
        &[],
        &["holds no target", "no line `full address:s:HOST`"],
    );
}

#[test]
fn a_host_behind_a_gateway_has_its_line_in_the_plan() {
    let home = home();
    std::fs::write(
        home.path().join("gw.rdp"),
        "full address:s:srv05\r\ngatewayhostname:s:gw.example\r\ngatewayusagemethod:i:1\r\n",
    )
    .unwrap();
    let plan = printed_in(home.path(), &["--dry-run", "-f", "gw.rdp"], &[]);
    assert!(plan.contains("endpoints     0 ("), "{plan}");
    assert!(
        plan.contains("1: srv05:3389 (through gw.example); not probed directly"),
        "{plan}"
    );
}

#[test]
fn saved_scans_in_every_form_are_lists_and_select_chooses_among_them() {
    let home = home();
    let scan = [
        "127.0.0.1:1",
        "127.0.0.2:1",
        "--no-tui",
        "--no-dns",
        "--attempts",
        "1",
        "-o",
        "a.json",
        "-o",
        "a.ndjson",
    ];
    let output = rdpscan(home.path(), &scan, &[]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let journal = kept::kept(home.path()).remove(0);
    let compressed = journal.to_str().unwrap();
    assert!(compressed.ends_with(".ndjson.lz4"), "{compressed}");
    for list in ["a.json", "a.ndjson", compressed] {
        let plan = printed_in(home.path(), &["--dry-run", "-f", list], &[]);
        assert!(
            plan.contains("endpoints     2 (address and port)\n"),
            "{list}: {plan}"
        );
        assert!(plan.contains("saved scan of rdpscan"), "{list}: {plan}");
        let chosen = ["--dry-run", "-f", list, "--select", "address=127.0.0.2"];
        let plan = printed_in(home.path(), &chosen, &[]);
        assert!(
            plan.contains("endpoints     1 (address and port)\n"),
            "{list}: {plan}"
        );
        refused_in(
            home.path(),
            &["--dry-run", "-f", list, "--select", "state:healthy"],
            &[],
            &["no host of this saved scan matches --select"],
        );
    }
    refused_in(
        home.path(),
        &["--dry-run", "127.0.0.1", "--select", "state:broken"],
        &[],
        &["--select chooses hosts of a saved scan, and no list is one"],
    );
}
