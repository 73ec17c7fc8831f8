use proptest::prelude::*;

use super::*;

const USUAL: ListFile<'_> = ListFile {
    text: "",
    is_csv: false,
    ports: &[3389],
    column: None,
};

fn read(text: &str, is_csv: bool) -> Option<Result<Import, Refusal>> {
    super::read(&ListFile {
        text,
        is_csv,
        ..USUAL
    })
}

mod cases;

fn import(text: &str) -> Import {
    read(text, false).expect("it is of another tool").unwrap()
}

/// Host, port, gateway.
fn hosts(import: &Import) -> Vec<(&str, Option<u16>, Option<&str>)> {
    import
        .hosts
        .iter()
        .map(|found| (found.host.as_str(), found.port, found.gateway.as_deref()))
        .collect()
}

fn skipped(import: &Import) -> Vec<(&str, Vec<&str>)> {
    import
        .skipped
        .iter()
        .map(|left| (left.reason, left.names.iter().map(String::as_str).collect()))
        .collect()
}

#[test]
fn rdcman_2_7_with_nested_groups_and_inherited_settings() {
    let import = import(include_str!("../../../tests/data/import/rdcman-2.7.rdg"));
    assert_eq!(
        hosts(&import),
        [
            ("srv01.corp.example", None, None),
            ("10.0.4.20", Some(3390), None),
            ("srv02.corp.example", Some(3390), Some("gw.corp.example")),
            ("srv03.corp.example", Some(3390), None),
        ]
    );
    assert_eq!(import.hosts[0].line, 11);
}

#[test]
fn rdcman_2_2_keeps_names_in_the_server_itself() {
    let import = import(include_str!("../../../tests/data/import/rdcman-2.2.rdg"));
    assert_eq!(
        hosts(&import),
        [
            ("old01.corp.example", None, None),
            ("old02.corp.example", Some(3391), Some("gw2.corp.example")),
        ]
    );
    assert_eq!(
        skipped(&import),
        [("entries without an address", vec!["nameless"])]
    );
}

#[test]
fn rdp_files_with_and_without_a_gateway() {
    let text = "screen mode id:i:2\r\nfull address:s:srv05.corp.example:3390\r\nusername:s:CORP\\admin\r\n";
    assert_eq!(
        hosts(&import(text)),
        [("srv05.corp.example:3390", None, None)]
    );
    let through = "full address:s:srv05\nserver port:i:3391\ngatewayhostname:s:gw.example\ngatewayusagemethod:i:1\n";
    assert_eq!(
        hosts(&import(through)),
        [("srv05", Some(3391), Some("gw.example"))]
    );
    for method in [0, 2, 3, 4] {
        let text =
            format!("full address:s:a\ngatewayhostname:s:gw\ngatewayusagemethod:i:{method}\n");
        assert_eq!(hosts(&import(&text)), [("a", None, None)], "{method}");
    }
    let alternate = "full address:s:\nalternate full address:s:farm.example\n";
    assert_eq!(hosts(&import(alternate)), [("farm.example", None, None)]);
}

#[test]
fn mremoteng_with_folders_and_inheritance() {
    let import = import(include_str!("../../../tests/data/import/confCons.xml"));
    assert_eq!(
        hosts(&import),
        [
            ("srv10.corp.example", Some(3389), None),
            ("srv11.corp.example", Some(3390), Some("gw.corp.example")),
            ("10.0.5.5", Some(3391), None),
        ]
    );
    assert_eq!(
        skipped(&import),
        [
            ("connections of another protocol", vec!["linux01"]),
            ("connections without a host name", vec!["nowhere"]),
        ]
    );
}

#[test]
fn an_encrypted_file_of_mremoteng_says_how_to_get_one_that_is_not() {
    let text = "<?xml version=\"1.0\"?><mrng:Connections xmlns:mrng=\"http://mremoteng.org\" Name=\"Connections\" FullFileEncryption=\"true\" ConfVersion=\"2.6\">c2VjcmV0</mrng:Connections>";
    let refusal = read(text, false).unwrap().unwrap_err();
    assert!(refusal.reason.contains("encrypted as a whole"));
    assert!(refusal.way_out.contains("Export to File"));
    // Before 1.75 not even the frame was left.
    let old = format!(
        "{}==\r\n",
        "qqv8WEdruAEzSfdnPZMQ8w5cLhsl55V/Vu6h81Uc".repeat(4)
    );
    let refusal = read(&old, false).unwrap().unwrap_err();
    assert!(refusal.reason.contains("encrypted as a whole"));
    assert!(!refusal.reason.contains("qqv8"));
}

#[test]
fn mremoteng_inherits_nothing_at_the_top() {
    let text = "<Connections ConfVersion=\"2.6\">\
        <Node Name=\"jump\" Type=\"Connection\" Hostname=\"jump\" Protocol=\"SSH2\" Port=\"22\" InheritProtocol=\"True\" InheritPort=\"True\"/>\
        <Node Name=\"a\" Type=\"Connection\" Hostname=\"a\" Protocol=\"RDP\" Port=\"3390\" InheritProtocol=\"True\" InheritPort=\"True\"/>\
        <Node Name=\"top\" Type=\"Container\" Protocol=\"RDP\" Port=\"3391\" InheritPort=\"True\">\
        <Node Name=\"b\" Type=\"Connection\" Hostname=\"b\" Protocol=\"SSH2\" Port=\"22\" InheritProtocol=\"True\" InheritPort=\"True\"/>\
        </Node></Connections>";
    let import = import(text);
    assert_eq!(
        hosts(&import),
        [("a", Some(3390), None), ("b", Some(3391), None)]
    );
    assert_eq!(
        skipped(&import),
        [("connections of another protocol", vec!["jump"])]
    );
}

#[test]
fn what_is_no_remote_desktop_of_a_host_is_left_out_by_name() {
    let text = "<Connections>\
        <Node Name=\"vm\" Type=\"Connection\" Hostname=\"hyperv1\" Protocol=\"RDP\" Port=\"2179\" UseVmId=\"true\"/>\
        <Node Name=\"far\" Type=\"Connection\" Hostname=\"far\" Protocol=\"RDP\" Port=\"3389\" SSHTunnelConnectionName=\"jump\"/>\
        <Node Name=\"near\" Type=\"Connection\" Hostname=\"near\" Protocol=\"RDP\" Port=\"3389\" SSHTunnelConnectionName=\"\"/>\
        </Connections>";
    let found = import(text);
    assert_eq!(hosts(&found), [("near", Some(3389), None)]);
    assert_eq!(
        skipped(&found),
        [
            (CONSOLES, vec!["vm"]),
            ("connections through an SSH tunnel", vec!["far"]),
        ]
    );
    let text = "<RDCMan programVersion=\"2.93\" schemaVersion=\"3\"><file><server><properties>\
        <displayName>vm</displayName><connectionType>VirtualMachineConsoleConnect</connectionType>\
        <vmId>e73707cd</vmId><name>hyperv1</name></properties></server></file></RDCMan>";
    let found = import(text);
    assert!(found.hosts.is_empty());
    assert_eq!(skipped(&found), [(CONSOLES, vec!["hyperv1"])]);
}

#[test]
fn rdcman_s_favourites_are_no_servers_and_a_bypass_probes_directly() {
    let text = "<RDCMan programVersion=\"2.7\" schemaVersion=\"3\"><file>\
        <gatewaySettings inherit=\"None\"><enabled>True</enabled><hostName>gw</hostName><localBypass>True</localBypass></gatewaySettings>\
        <server><properties><name>a</name></properties></server></file>\
        <favorites><server>fleet\\a</server></favorites><recentlyUsed><server>fleet\\a</server></recentlyUsed></RDCMan>";
    let import = import(text);
    assert_eq!(hosts(&import), [("a", None, None)]);
    assert_eq!(skipped(&import), []);
}

#[test]
fn a_large_file_is_read_in_one_pass() {
    // With the position of each element sought from the start, this takes minutes.
    let servers = 40_000;
    let mut text = String::from("<RDCMan><file>\n");
    for number in 0..servers {
        text.extend([format!(
            "<server>\n<name>srv{number}</name>\n<comment>{:60}</comment></server>\n",
            ""
        )]);
    }
    text += "</file></RDCMan>";
    let import = import(&text);
    assert_eq!(import.hosts.len(), servers);
    assert_eq!(import.hosts[servers - 1].line, 2 + (servers - 1) * 3);
}

#[test]
fn files_of_other_tools_are_known_by_their_names_and_hosts_are_not() {
    for name in [
        "servers.rdg",
        " D:\\my servers\\a.RDP",
        "confCons.xml",
        "x/computers.csv",
    ] {
        assert!(is_file_name(name), "{name}");
    }
    for name in [
        "srv05.corp.example",
        "srv.rdg.",
        "@servers.rdg",
        "10.0.0.5",
        "a.txt",
        "",
    ] {
        assert!(!is_file_name(name), "{name}");
    }
}

#[test]
fn computers_of_active_directory() {
    let rows = "\"DistinguishedName\",\"DNSHostName\",\"Enabled\",\"Name\"\r\n\
                \"CN=SRV01,OU=Servers,DC=corp,DC=example\",\"srv01.corp.example\",\"True\",\"SRV01\"\r\n\
                \"CN=OLD,DC=corp,DC=example\",\"old.corp.example\",\"False\",\"OLD\"\r\n\
                \"CN=NONAME,DC=corp,DC=example\",,\"True\",\"NONAME\"\r\n";
    let typed = format!("#TYPE Microsoft.ActiveDirectory.Management.ADComputer\r\n{rows}");
    for (text, line) in [(rows, 2), (typed.as_str(), 3)] {
        let import = import(text);
        assert_eq!(hosts(&import), [("srv01.corp.example", None, None)]);
        assert_eq!(import.hosts[0].line, line);
        assert_eq!(
            skipped(&import),
            [
                ("disabled accounts", vec!["OLD"]),
                ("accounts without dNSHostName", vec!["NONAME"]),
            ]
        );
    }
    let semicolons = "Name;dNSHostName\nSRV01;srv01.corp.example\n";
    assert_eq!(
        hosts(&import(semicolons)),
        [("srv01.corp.example", None, None)]
    );
}

#[test]
fn lines_are_right_behind_fields_of_several_lines() {
    let text = "\"Name\",\"Description\",\"DNSHostName\"\n\"A\",\"two\nlines\",\"a.example\"\n\"B\",\"\",\"b.example\"\n";
    let lines: Vec<_> = import(text).hosts.iter().map(|host| host.line).collect();
    assert_eq!(lines, [2, 4]);
}

#[test]
fn a_table_of_the_directory_without_host_names_says_what_to_export() {
    for text in [
        "#TYPE Selected.Microsoft.ActiveDirectory.Management.ADComputer\r\n\"Name\"\r\n\"A\"\r\n",
        "Name,Enabled\r\nlocalhost,True\r\n",
        "\r\nName;Enabled\r\nlocalhost;True\r\n",
    ] {
        let refusal = read(text, false).unwrap().unwrap_err();
        assert!(
            refusal.reason.contains("without a column dNSHostName"),
            "{}",
            refusal.reason
        );
        assert!(refusal.way_out.contains("Get-ADComputer"));
    }
}

#[test]
fn a_table_of_another_tool_gives_its_surest_column() {
    for (text, host) in [
        ("ip,description\n127.77.3.9,foo\n", "127.77.3.9"),
        (
            "Description;ComputerName;IP\nfoo;srv05;127.77.3.9\n",
            "srv05",
        ),
        ("Name,HostName,FQDN\na,b,c.example\n", "c.example"),
        ("\"Name\",\"IPv4\"\n\"a\",\"10.0.0.1\"\n", "10.0.0.1"),
        ("sep=;\nName;IPv4\na;10.0.0.1\n", "10.0.0.1"),
        ("\"Name\",\"Owner\"\n\"srv05\",\"me\"\n", "srv05"),
    ] {
        assert_eq!(hosts(&import(text)), [(host, None, None)], "{text}");
    }
}

#[test]
fn a_row_without_a_host_is_told() {
    let found = import("HostName,Rack\nsrv05,1\n,2\n");
    assert_eq!(skipped(&found), [("rows without a host", vec!["line 3"])]);
}

#[test]
fn a_table_no_column_of_which_names_hosts_is_refused_with_its_columns() {
    for (text, is_csv) in [
        ("asset,rack\nA1,7\n", true),
        ("asset\nA1\n", true),
        ("\"asset\",\"rack\"\n\"A1\",\"7\"\n", false),
    ] {
        let refusal = read(text, is_csv).unwrap().unwrap_err();
        assert!(refusal.reason.contains("`asset`"), "{}", refusal.reason);
        assert!(refusal.way_out.contains("--column"));
    }
}

#[test]
fn the_column_that_the_user_names_is_taken() {
    let text = "Name,Backup host,IP\nSRV01,b1.corp.example,10.0.0.1\nSRV02,,10.0.0.2\n";
    for column in ["Backup host", "backup-host", "2"] {
        let file = ListFile {
            text,
            column: Some(column),
            ..USUAL
        };
        let found = super::read(&file).unwrap().unwrap();
        assert_eq!(hosts(&found), [("b1.corp.example", None, None)], "{column}");
        assert_eq!(skipped(&found), [("rows without a host", vec!["SRV02"])]);
        assert_eq!(found.columns, [("name", "`Backup host`".to_owned())]);
    }
    let file = ListFile {
        text,
        column: Some("Owner"),
        ..USUAL
    };
    let refusal = super::read(&file).unwrap().unwrap_err();
    assert!(
        refusal
            .to_string()
            .contains("no column `Owner`; name one of its columns: `Name`, `Backup host`, `IP`"),
        "{refusal}"
    );
}

#[test]
fn a_long_table_is_read_in_one_pass() {
    let mut text = "HostName,IPAddress,Port\n".to_owned();
    text.extend((0..20_000).map(|number| format!("srv{number}.corp.example,,\n")));
    let import = import(&text);
    assert_eq!(import.hosts.len(), 20_000);
    assert_eq!(import.hosts[19_999].line, 20_001);
}

#[test]
fn a_list_of_hosts_that_is_called_like_a_table_is_one() {
    for text in [
        "10.0.0.5,srv05\n10.0.0.6,srv06\n",
        "srv05.corp.example\nsrv06.corp.example\n",
        "srv05,srv06",
        "# hosts\nsrv05\n",
    ] {
        assert!(read(text, true).is_none(), "{text:?}");
    }
}

#[test]
fn a_table_that_excel_has_saved_again_keeps_its_meaning() {
    let text = "\r\n\u{20}\r\nsep=;\r\nName;DNSHostName;Enabled\r\n\
                A;a.example;WAHR\r\nB;b.example;FALSCH\r\nC;c.example;Falsch\r\n\
                D;d.example;Faux\r\nE;e.example;0\r\nF;f.example;Vrai\r\nG;g.example;1\r\n\
                H;h.example;maybe\r\nI;i.example;\r\n";
    let import = import(text);
    let names: Vec<_> = hosts(&import)
        .into_iter()
        .map(|(host, _, _)| host)
        .collect();
    assert_eq!(names, ["a.example", "f.example", "g.example"]);
    assert_eq!(import.hosts[0].line, 5);
    assert_eq!(
        skipped(&import),
        [
            ("disabled accounts", vec!["B", "C", "D", "E"]),
            (
                "accounts of which Enabled says neither true nor false",
                vec!["H (`maybe`)", "I (``)"]
            ),
        ]
    );
}

#[test]
fn the_bit_of_user_account_control_disables_an_account() {
    let text = "Name,DNSHostName,userAccountControl\n\
                A,a.example,4096\nB,b.example,4098\nC,c.example,\nD,d.example,532480\n";
    let import = import(text);
    let names: Vec<_> = hosts(&import)
        .into_iter()
        .map(|(host, _, _)| host)
        .collect();
    assert_eq!(names, ["a.example", "d.example"]);
    let found = skipped(&import);
    assert_eq!(found[0], ("disabled accounts", vec!["B"]));
    assert_eq!(found[1].1, ["C (``)"]);
    let both = "Name,DNSHostName,Enabled,userAccountControl\n\
                A,a.example,True,4098\nB,b.example,,4096\nC,c.example,False,4096\nD,d.example,soon,4096\n";
    let found = self::import(both);
    assert_eq!(hosts(&found), [("b.example", None, None)]);
    assert_eq!(skipped(&found)[0].1, ["A", "C"]);
    assert_eq!(skipped(&found)[1].1, ["D (`soon`)"]);
}

#[test]
fn a_port_that_is_none_leaves_its_entry_out_by_name() {
    let mremoteng = "<Connections>\
        <Node Name=\"a\" Type=\"Connection\" Hostname=\"a\" Protocol=\"RDP\" Port=\"70000\"/>\
        <Node Name=\"b\" Type=\"Connection\" Hostname=\"b\" Protocol=\"RDP\" Port=\"\"/></Connections>";
    let rdcman = "<RDCMan><file><server><name>a</name><connectionSettings inherit=\"None\"><port>70000</port>\
        </connectionSettings></server><server><name>b</name></server></file></RDCMan>";
    for text in [mremoteng, rdcman] {
        let found = import(text);
        assert_eq!(hosts(&found), [("b", None, None)]);
        assert_eq!(skipped(&found), [(BAD_PORTS, vec!["a (70000)"])]);
    }
    for port in ["0", "65536", "-1", "rdp"] {
        let found = import(&format!("full address:s:a\nserver port:i:{port}\n"));
        assert!(found.hosts.is_empty());
        assert_eq!(
            skipped(&found),
            [(BAD_PORTS, vec![&*format!("a ({port})")])]
        );
    }
}

#[test]
fn an_rdp_file_without_an_address_says_what_lacks() {
    for text in [
        "screen mode id:i:2\r\nuse multimon:i:0\r\n",
        "full address:s:\r\nusername:s:CORP\\admin\r\n",
    ] {
        let found = import(text);
        assert!(found.hosts.is_empty());
        assert_eq!(
            skipped(&found),
            [(
                "connections without a host",
                vec!["no line `full address:s:HOST`"]
            )]
        );
    }
}

#[test]
fn plain_lists_stay_plain_lists() {
    for text in [
        "",
        "srv01, srv02\n# comment",
        "10.0.0.0/24",
        "name, address, host",
        "srv01\nsrv02;srv03",
        "srv01,host\nsrv02\n",
        "a:b:c",
        "\n\nsrv01\nsrv02\n",
        "2001:db8::5\nsrv:3390\nfe80::1:2",
        "enabled\nsrv01",
    ] {
        assert!(read(text, false).is_none(), "{text:?}");
    }
}

#[test]
fn foreign_and_broken_xml_is_refused_in_one_line() {
    for (text, says) in [
        ("<html><body/></html>", "it is a web page"),
        ("<a><b/></a>", "no hosts are found (it begins with <a>)"),
        ("<nmaprun></nmaprun>", "nmap without any port"),
        ("<RDCMan><file>", "looks like XML and is none"),
        (
            "<!DOCTYPE x [<!ENTITY a \"aaa\">]><RDCMan>&a;</RDCMan>",
            "looks like XML and is none",
        ),
    ] {
        let refusal = read(text, false).unwrap().unwrap_err();
        assert!(refusal.reason.contains(says), "{}", refusal.reason);
        assert!(!refusal.reason.contains('\n'));
    }
}

#[test]
fn groups_inside_each_other_without_end_do_no_harm() {
    let deep = 20_000;
    let text = format!(
        "<RDCMan>{}<server><name>a</name></server>{}</RDCMan>",
        "<group>".repeat(deep),
        "</group>".repeat(deep)
    );
    // Taken or refused, but come back it does.
    drop(read(&text, false));
    drop(read(&text, true));
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_without_panic(text in "\\PC{0,200}") {
        drop(read(&text, false));
    drop(read(&text, true));
    }

    #[test]
    fn anything_that_looks_like_one_of_them_is_read_or_refused(
        parts in proptest::collection::vec(
            prop::sample::select(vec![
                "<RDCMan>", "</RDCMan>", "<server>", "</server>", "<name>", "</name>", "a", "<Node ", "Name=\"x\" ",
                "Protocol=\"RDP\" ", "InheritPort=\"true\" ", "/>", "<Connections>", "</Connections>", "full address:s:",
                "dNSHostName,", "Enabled\n", "\"", "\n", "#TYPE x\n", ":", ",",
            ]),
            0..30
        )
    ) {
        drop(read(&parts.concat(), false));
        drop(read(&parts.concat(), true));
    }
}

#[test]
fn nmap_gives_hosts_with_an_open_port_of_the_scan() {
    let text = include_str!("../../../tests/data/import/ports.gnmap");
    let import = import(text);
    assert_eq!(hosts(&import), [("127.0.0.1", Some(3389), None)]);
    assert_eq!(import.hosts[0].line, 3);
    assert_eq!(
        skipped(&import),
        [(
            "hosts without an open port for Remote Desktop",
            vec!["127.0.0.2", "127.0.0.3", "127.0.0.4"]
        )]
    );
    let ports = &[3389, 3390];
    let file = ListFile {
        text,
        ports,
        ..USUAL
    };
    let both = super::read(&file).unwrap().unwrap();
    assert_eq!(
        hosts(&both),
        [
            ("127.0.0.1", Some(3389), None),
            ("127.0.0.2", Some(3390), None)
        ]
    );
}

#[test]
fn nmap_gives_remote_desktop_on_any_port() {
    let line = |entries: &str| {
        format!(
            "Host: 10.0.0.5 (srv05.corp.example)\tPorts: {entries}\tIgnored State: closed (9)\n"
        )
    };
    for (entries, ports) in [
        ("33890/open/tcp//ms-wbt-server///", vec![33890]),
        (
            "33890/open/tcp//ms-wbt-server?///, 3389/open/tcp//unknown///",
            vec![3389, 33890],
        ),
        (
            "443/open/tcp//ssl|ms-wbt-server//Microsoft Terminal Services, x/",
            vec![443],
        ),
        ("3389/open|filtered/udp//ms-wbt-server///", vec![]),
        (
            "3389/open/udp//ms-wbt-server///, 3389/filtered/tcp//ms-wbt-server///",
            vec![],
        ),
        (
            "443/open/tcp//https//a 3389|open|tcp/, 99999/open/tcp//ms-wbt-server///",
            vec![],
        ),
    ] {
        let import = import(&line(entries));
        let found: Vec<u16> = import.hosts.iter().filter_map(|host| host.port).collect();
        assert_eq!(found, ports, "{entries}");
    }
}

#[test]
fn nmap_without_ports_is_refused() {
    let text = include_str!("../../../tests/data/import/ping.gnmap");
    let refusal = read(text, false).unwrap().unwrap_err();
    assert!(refusal.way_out.contains("nmap -p 3389"), "{refusal}");
    assert!(is_file_name("subnet.gnmap"));
    assert!(
        read("Host: 10.0.0.5 (srv05)\n", false).is_none(),
        "no field of nmap"
    );
}
