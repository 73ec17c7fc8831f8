use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::*;
use crate::model::Endpoint;
use crate::targets::Permutation;

fn build(targets: &[&str], excludes: &[&str]) -> Result<TargetSet, TargetError> {
    let mut builder = TargetSetBuilder::new(&[3389]);
    for text in targets {
        builder.add_text(text)?;
    }
    for text in excludes {
        builder.exclude_text(text)?;
    }
    builder.build()
}

fn message(targets: &[&str], excludes: &[&str]) -> String {
    build(targets, excludes).unwrap_err().to_string()
}

fn all(set: &TargetSet) -> Vec<String> {
    (0..set.endpoints())
        .map(|index| set.endpoint(index).unwrap().to_string())
        .collect()
}

fn endpoint(text: &str) -> Endpoint {
    let socket: std::net::SocketAddr = text.parse().unwrap();
    Endpoint::new(socket.ip(), socket.port())
}

fn list(content: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(content).unwrap();
    file
}

#[test]
fn mixed_forms_make_one_set_without_duplicates() {
    let set = build(
        &[
            "10.0.0.4/31,10.0.0.5",
            "10.0.0.5:3390 10.0.0.5-6",
            "[2001:db8::1]:3390",
            "Srv05.corp.example.",
            "srv05.corp.example; srv06:3390",
            "::ffff:10.0.0.6",
        ],
        &["10.0.0.4"],
    )
    .unwrap();
    assert_eq!(
        all(&set),
        [
            "10.0.0.5:3389",
            "10.0.0.6:3389",
            "10.0.0.5:3390",
            "[2001:db8::1]:3390"
        ]
    );
    assert_eq!(set.addresses(), 3);
    let names: Vec<_> = set
        .names()
        .iter()
        .map(|n| (n.name.as_str(), n.port))
        .collect();
    assert_eq!(names, [("srv05.corp.example", 3389), ("srv06", 3390)]);
    assert_eq!(set.exclude_texts(), ["10.0.0.4"]);
    assert_eq!(set.texts().first().unwrap(), "10.0.0.4/31");
}

#[test]
fn only_what_was_named_alone_is_listed() {
    let set = build(
        &["10.0.0.0/29", "10.0.0.3", "10.0.0.4:3390", "10.0.0.5-6"],
        &[],
    )
    .unwrap();
    let listed: Vec<_> = (0..set.endpoints())
        .filter_map(|index| set.endpoint(index))
        .filter(|endpoint| set.is_listed(*endpoint))
        .map(|endpoint| endpoint.to_string())
        .collect();
    assert_eq!(listed, ["10.0.0.3:3389", "10.0.0.4:3390"]);
}

#[test]
fn every_port_of_the_list_is_asked_unless_the_target_names_one() {
    let mut builder = TargetSetBuilder::new(&[3389, 3390, 3389]);
    builder.add_text("10.0.0.5").unwrap();
    builder.add_text("10.0.0.6:99").unwrap();
    builder.add_text("srv05").unwrap();
    let set = builder.build().unwrap();
    assert_eq!(all(&set), ["10.0.0.6:99", "10.0.0.5:3389", "10.0.0.5:3390"]);
    assert_eq!(set.names().len(), 2);
    assert!(set.contains(endpoint("10.0.0.5:3390")));
    assert!(!set.contains(endpoint("10.0.0.6:3389")));
}

#[test]
fn lists_are_read_in_every_encoding() {
    let text = "10.0.0.5 # first\r\n\r\nsrv05;10.0.0.6,\r\n";
    let utf16: Vec<u8> = "\u{feff}"
        .encode_utf16()
        .chain(text.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    for content in [
        text.as_bytes(),
        ["\u{feff}", text].concat().as_bytes(),
        &utf16,
    ] {
        let file = list(content);
        let argument = format!("@{}", file.path().display());
        let set = build(&[&argument], &[]).unwrap();
        assert_eq!(all(&set), ["10.0.0.5:3389", "10.0.0.6:3389"]);
        assert_eq!(set.names().len(), 1);
        assert_eq!(set.texts(), [argument]);
    }
}

#[test]
fn a_reader_is_a_list_with_a_name() {
    let mut builder = TargetSetBuilder::new(&[]);
    builder
        .add_reader("standard input", &b"10.0.0.5\n"[..])
        .unwrap();
    let error = builder
        .add_reader("standard input", &b"10.0.0.6\n\n10.0.0.7/40"[..])
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("standard input line 3: target `10.0.0.7/40`: "),
        "{error}"
    );
}

#[test]
fn an_error_in_a_list_names_file_and_line() {
    let file = list(b"10.0.0.5\n# ok\nsrv 10.0.0.0/33\n");
    let error = message(&[&format!("@{}", file.path().display())], &[]);
    assert!(
        error.contains(&format!("{} line 3", file.path().display())),
        "{error}"
    );
    assert!(error.contains("`10.0.0.0/33`"), "{error}");
    let nested = list(b"@other.txt\n");
    let error = message(&[&format!("@{}", nested.path().display())], &[]);
    assert!(error.contains("another list"), "{error}");
}

#[test]
fn a_list_that_cannot_be_read_is_named() {
    let error = message(&["@/nowhere/targets.txt"], &[]);
    assert!(error.contains("`/nowhere/targets.txt`"), "{error}");
    assert!(!error.contains('\n'), "{error}");
    let folder = tempfile::tempdir().unwrap();
    let error = message(&[&format!("@{}", folder.path().display())], &[]);
    assert!(error.contains("cannot be read"), "{error}");
}

#[test]
fn a_set_too_large_names_the_count_and_the_flag() {
    let error = message(&["10.9.0.1", "10.0.0.0/8"], &["10.0.0.1"]);
    assert!(error.contains("`10.0.0.0/8`"), "{error}");
    assert!(error.contains("16,777,213"), "{error}");
    assert!(error.contains("--allow-large"), "{error}");
    assert!(build(&["10.0.0.0/16", "10.1.0.1-2"], &[]).is_ok());
    assert!(build(&["10.0.0.0/16", "10.1.0.1-3"], &[]).is_err());
    assert!(build(&["10.0.0.0/16", "10.1.0.1-3"], &["10.0.0.1"]).is_ok());
}

#[test]
fn large_sets_are_made_and_read_without_expanding_them() {
    let mut builder = TargetSetBuilder::new(&[3389, 3390]);
    builder.allow_large(true).add_text("0.0.0.0/0").unwrap();
    builder.exclude_text("10.0.0.0/8").unwrap();
    let set = builder.build().unwrap();
    let order = Permutation::new(set.endpoints(), 1);
    for index in 0..1_000 {
        let endpoint = set.endpoint(order.at(index)).unwrap();
        assert!(set.contains(endpoint) && !set.is_excluded(endpoint.address));
    }
    assert_eq!(set.endpoint(set.endpoints()), None);
}

#[test]
fn nothing_to_scan_is_said_in_three_ways() {
    assert!(message(&[], &[]).contains("no target given"));
    let file = list(b"# nothing yet\n");
    let error = message(&[&format!("@{}", file.path().display())], &[]);
    assert!(error.contains("holds no target"), "{error}");
    let error = message(&["10.0.0.5"], &["10.0.0.0/24"]);
    assert!(
        error.contains("`10.0.0.5`") && error.contains("`10.0.0.0/24`"),
        "{error}"
    );
}

#[test]
fn names_survive_when_every_address_is_excluded() {
    let set = build(&["10.0.0.5", "srv05"], &["10.0.0.0/8"]).unwrap();
    assert_eq!((set.endpoints(), set.names().len()), (0, 1));
    assert!(set.is_excluded("10.200.0.1".parse().unwrap()));
    assert!(set.is_excluded("::ffff:10.200.0.1".parse().unwrap()));
}

#[test]
fn excludes_come_from_lists_too() {
    let file = list(b"10.0.0.5\n10.0.0.7-8 # printers\n");
    let argument = format!("@{}", file.path().display());
    let set = build(&["10.0.0.5-9"], &[&argument]).unwrap();
    assert_eq!(all(&set), ["10.0.0.6:3389", "10.0.0.9:3389"]);
    let error = message(&["10.0.0.5"], &["srv05"]);
    assert!(error.starts_with("exclude `srv05`: "), "{error}");
    let error = message(&["10.0.0.5"], &["-"]);
    assert!(error.contains("--exclude-file"), "{error}");
}

/// A word over a small world, with the addresses that it means by the plainest reading.
#[derive(Debug, Clone)]
struct Word {
    text: String,
    port: Option<u16>,
    /// As a target.
    addresses: Vec<IpAddr>,
    /// As an exclude: network and broadcast address too.
    whole: Vec<IpAddr>,
}

impl Word {
    fn plain(text: String, addresses: Vec<IpAddr>) -> Self {
        Self {
            text,
            port: None,
            whole: addresses.clone(),
            addresses,
        }
    }
}

fn world_v4(at: u8) -> IpAddr {
    Ipv4Addr::new(10, 0, 0, at).into()
}

fn world_v6(at: u8) -> IpAddr {
    Ipv6Addr::from_bits((0x2001_0db8 << 96) | u128::from(at)).into()
}

fn v4_word() -> impl Strategy<Value = Word> {
    prop_oneof![
        (0u8..64).prop_map(|at| Word::plain(format!("10.0.0.{at}"), vec![world_v4(at)])),
        (0u8..64).prop_map(|at| Word::plain(format!("[::ffff:10.0.0.{at}]"), vec![world_v4(at)])),
        (0u8..64, 0u8..64).prop_map(|(one, other)| {
            let (first, last) = (one.min(other), one.max(other));
            let text = format!("10.0.0.{first}-{last}");
            Word::plain(text, (first..=last).map(world_v4).collect())
        }),
        (0u8..64, 26u32..=32).prop_map(|(at, prefix)| {
            let size = 1u8 << (32 - prefix);
            let base = at / size * size;
            let whole: Vec<_> = (base..base + size).map(world_v4).collect();
            let hosts = if prefix < 31 {
                &whole[1..whole.len() - 1]
            } else {
                &whole
            };
            Word {
                addresses: hosts.to_vec(),
                ..Word::plain(format!("10.0.0.{at}/{prefix}"), whole)
            }
        }),
    ]
}

fn v6_word() -> impl Strategy<Value = Word> {
    prop_oneof![
        (0u8..64).prop_map(|at| Word::plain(format!("[2001:db8::{at:x}]"), vec![world_v6(at)])),
        (0u8..64, 122u32..=128).prop_map(|(at, prefix)| {
            let size = 1u8 << (128 - prefix);
            let base = at / size * size;
            let addresses = (base..base + size).map(world_v6).collect();
            Word::plain(format!("[2001:db8::{at:x}/{prefix}]"), addresses)
        }),
    ]
}

fn word() -> impl Strategy<Value = Word> {
    prop_oneof![3 => v4_word(), 1 => v6_word()]
}

fn target_word() -> impl Strategy<Value = Word> {
    (word(), prop::option::weighted(0.3, 3390u16..3392)).prop_map(|(word, port)| match port {
        Some(number) => Word {
            text: format!("{}:{number}", word.text),
            port,
            ..word
        },
        None => word,
    })
}

proptest! {
    /// The model is a plain set of sockets; the address sets must agree with it in every question that can be asked.
    #[test]
    fn the_set_is_what_a_naive_expansion_gives(
        targets in prop::collection::vec(target_word(), 1..8),
        excludes in prop::collection::vec(word(), 0..6),
        seed: u64,
    ) {
        let ports = [3389u16, 3390];
        let excluded: BTreeSet<IpAddr> = excludes.iter().flat_map(|word| word.whole.clone()).collect();
        let mut model = BTreeSet::new();
        let mut listed = BTreeSet::new();
        for word in &targets {
            let own = word.port.map(|port| vec![port]);
            for port in own.unwrap_or_else(|| ports.to_vec()) {
                for address in word.addresses.iter().filter(|address| !excluded.contains(*address)) {
                    model.insert((port, *address));
                    if word.addresses.len() == 1 {
                        listed.insert((port, *address));
                    }
                }
            }
        }

        let mut builder = TargetSetBuilder::new(&ports);
        for word in &targets {
            builder.add_text(&word.text).unwrap();
        }
        for word in &excludes {
            builder.exclude_text(&word.text).unwrap();
        }
        let Ok(set) = builder.build() else {
            prop_assert!(model.is_empty());
            return Ok(());
        };

        let order = Permutation::new(set.endpoints(), seed);
        let yielded: Vec<_> = (0..set.endpoints())
            .map(|index| set.endpoint(order.at(index)).unwrap())
            .collect();
        for endpoint in &yielded {
            prop_assert!(!excluded.contains(&endpoint.address), "{endpoint} is excluded");
            prop_assert!(!set.is_excluded(endpoint.address));
        }
        let found: BTreeSet<_> = yielded.iter().map(|e| (e.port, e.address)).collect();
        prop_assert_eq!(found.len() as u64, set.endpoints(), "an endpoint came twice");
        prop_assert_eq!(&found, &model);
        for at in 0..64 {
            for address in [world_v4(at), world_v6(at)] {
                prop_assert_eq!(set.is_excluded(address), excluded.contains(&address));
                for port in [3389, 3390, 3391] {
                    let endpoint = Endpoint::new(address, port);
                    prop_assert_eq!(set.contains(endpoint), model.contains(&(port, address)));
                    prop_assert_eq!(set.is_listed(endpoint), listed.contains(&(port, address)));
                }
            }
        }
        let distinct: BTreeSet<_> = model.iter().map(|(_, address)| *address).collect();
        prop_assert_eq!(set.addresses(), distinct.len() as u64);
    }
}

#[test]
fn a_file_of_another_tool_is_taken_by_what_is_in_it() {
    let mut builder = TargetSetBuilder::new(&[3389]);
    let file = include_bytes!("../../tests/data/import/rdcman-2.7.rdg");
    builder.add_reader("fleet.rdg", &file[..]).unwrap();
    let set = builder.build().unwrap();
    let names: Vec<_> = set
        .names()
        .iter()
        .map(|name| (name.name.as_str(), name.port))
        .collect();
    assert_eq!(
        names,
        [("srv01.corp.example", 3389), ("srv03.corp.example", 3390)]
    );
    assert!(set.is_listed(Endpoint::new("10.0.4.20".parse().unwrap(), 3390)));
    let behind = set.behind_gateways();
    assert_eq!(behind.len(), 1);
    assert_eq!(behind[0].gateway, "gw.corp.example");
    assert_eq!(behind[0].key.to_string(), "srv02.corp.example:3390");
}

#[test]
fn what_such_a_file_leaves_out_is_told_by_name() {
    let mut builder = TargetSetBuilder::new(&[3389]);
    let mut table = "Name,dNSHostName,Enabled\n".to_owned();
    table.extend((0..30).map(|number| format!("OLD{number},old{number}.example,False\n")));
    table.push_str("SRV,srv.example,True\nBAD,not a name!,True\n");
    builder.add_reader("ad.csv", table.as_bytes()).unwrap();
    let set = builder.build().unwrap();
    assert_eq!(set.names().len(), 1);
    let told: Vec<String> = set.notices().iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 2);
    assert!(told[0].starts_with("ad.csv: skipped disabled accounts (30): OLD0, OLD1, "));
    assert!(told[0].ends_with("OLD19, …"));
    assert_eq!(
        told[1],
        "ad.csv: skipped entries that are no name and no address (1): not a name! (line 33)"
    );
}

#[test]
fn what_was_left_out_is_the_reason_when_nothing_remains() {
    let file = list(b"Name,dNSHostName,Enabled\nOLD1,old1.example,False\nNONAME,,True\n");
    let error = message(&[&format!("@{}", file.path().display())], &[]);
    assert!(error.contains("holds no target ("), "{error}");
    assert!(
        error.contains("skipped disabled accounts (1): OLD1)"),
        "{error}"
    );
    assert!(
        error.contains("accounts without dNSHostName (1): NONAME)"),
        "{error}"
    );
    assert!(!error.contains('\n'));
}

#[test]
fn files_of_other_tools_are_no_excludes() {
    let file = list(b"Name,dNSHostName,Enabled\nA,a.example,True\n");
    let error = message(&["10.0.0.5"], &[&format!("@{}", file.path().display())]);
    assert!(error.starts_with("exclude list `"), "{error}");
    assert!(
        error.contains("not as excludes; use a list of the addresses"),
        "{error}"
    );
}

#[test]
fn names_of_files_are_no_hosts() {
    for word in ["servers.txt", "monday.JSON", "a.lst"] {
        let error = message(&[word], &[]);
        assert!(
            error.contains("the name of a file, and there is none"),
            "{error}"
        );
        assert!(
            error.contains(&format!("write `{word}.` for a host")),
            "{error}"
        );
    }
    assert!(build(&["servers.txt."], &[]).is_ok());
    assert!(build(&["srv.example.md"], &[]).is_ok());
    let listed = list(b"servers.txt\n");
    assert!(build(&[&format!("@{}", listed.path().display())], &[]).is_ok());
}

#[test]
fn a_file_that_exists_is_read_without_its_sign() {
    let file = list(b"10.0.0.5\nsrv05\n");
    let path = file.path().display().to_string();
    let set = build(&[&path], &[]).unwrap();
    assert_eq!((set.endpoints(), set.names().len()), (1, 1));
    assert_eq!(set.texts(), [format!("@{path}")]);
    let error = message(&["./nowhere"], &[]);
    assert!(error.contains("`./nowhere` cannot be read"), "{error}");
}

#[test]
fn the_first_bad_lines_of_a_list_are_named_with_their_number() {
    let mut bad = String::new();
    bad.extend((0..12).map(|number| format!("10.0.0.{number}/99\nsrv{number}\n")));
    let file = list(bad.as_bytes());
    let error = message(&[&format!("@{}", file.path().display())], &[]);
    assert!(
        error.contains("12 entries are not valid: line 1 `10.0.0.0/99` ("),
        "{error}"
    );
    assert!(
        error.contains("line 19 `10.0.0.9/99`") && !error.contains("line 21"),
        "{error}"
    );
    assert!(error.ends_with(", and 2 more"), "{error}");
    assert!(!error.contains('\n'), "{error}");
}

#[test]
fn hosts_of_a_saved_scan_are_taken_as_they_were_scanned() {
    let read = |name: &str, content: &mut dyn Read| {
        let mut text = String::new();
        content.read_to_string(&mut text).unwrap();
        assert!(name == "friday.json" && text.contains("rdpscan.report/1"));
        let key = |text: &str| HostKey::Endpoint(endpoint(text));
        Ok(vec![
            SavedHost {
                key: key("10.0.0.5:3390"),
                gateway: None,
            },
            SavedHost {
                key: key("10.0.0.6:3389"),
                gateway: Some("gw".into()),
            },
            SavedHost {
                key: HostKey::Unresolved {
                    name: "srv05".to_owned(),
                    port: 3391,
                },
                gateway: None,
            },
        ])
    };
    let content = br#"{"schema": "rdpscan.report/1"}"#;
    let mut builder = TargetSetBuilder::new(&[3389]);
    builder
        .saved_scans(&read)
        .add_reader("friday.json", &content[..])
        .unwrap();
    let set = builder.build().unwrap();
    assert_eq!(all(&set), ["10.0.0.5:3390"]);
    assert!(set.is_listed(endpoint("10.0.0.5:3390")));
    assert_eq!(
        set.names()
            .first()
            .map(|name| (name.name.as_str(), name.port)),
        Some(("srv05", 3391))
    );
    assert_eq!(set.behind_gateways().len(), 1);
    assert_eq!(
        set.lists().first().map(|list| list.format.as_str()),
        Some("saved scan of rdpscan")
    );
    let error = TargetSetBuilder::new(&[3389])
        .add_reader("friday.json", &content[..])
        .unwrap_err();
    assert!(error.to_string().contains("it is a saved scan"), "{error}");
}

#[test]
fn a_column_without_a_table_is_an_error() {
    let mut builder = TargetSetBuilder::new(&[3389]);
    builder
        .column("Host")
        .add_reader("a.txt", &b"srv05\n"[..])
        .unwrap();
    let error = builder.build().unwrap_err().to_string();
    assert!(
        error.contains("--column `Host`: no list is a table"),
        "{error}"
    );
}

#[test]
fn what_was_read_from_a_list_is_summed_up() {
    let mut builder = TargetSetBuilder::new(&[3389]);
    builder
        .add_reader("a.csv", &b"Host,Port\nsrv05,3390\nsrv06,\nsrv07,\n"[..])
        .unwrap();
    let set = builder.build().unwrap();
    let [list] = set.lists() else {
        panic!("{:?}", set.lists())
    };
    assert_eq!(
        list.columns,
        [("name", "`Host`".to_owned()), ("port", "`Port`".to_owned())]
    );
    assert_eq!(list.ports, BTreeMap::from([(None, 2), (Some(3390), 1)]));
}
