//! `rdpscan why` as a user meets it: the built binary against a simulated fleet on loopback, and its page of made-up hosts.

// Helpers here count as test code for the lints, too.
#![cfg(test)]

use std::process::Command;

use pulldown_cmark::{Event, Options, Parser, Tag};
use rdpscan::clock;
use rdpscan::diagnosis::Policy;
use rdpscan::fleet::Fleet;
use rdpscan::model::Outcome;
use rdpscan::pages;
use rdpscan::sim::{Ports, Scenario, SimulatedFleet, StartOptions};

use crate::kit::nasty_names;
use crate::screens::stage::{Script, bad, certificate, good, plan};

const FLEET: &str = r#"
title = "why"

[[host]]
address = 1
names = ["closed-tls.corp.example"]
fault = [{ after = "client_hello", do = "close" }]

[[host]]
address = 2
names = ["expired.corp.example"]
certificate = { days_left = -21 }

[[host]]
address = 3
names = ["fine.corp.example"]

[[host]]
address = 4
service = "ssh"
"#;

struct Printed {
    status: Option<i32>,
    out: String,
    err: String,
}

/// Runs `why` with these arguments against the fleet; `{port}` stands for its port.
async fn why(running: &SimulatedFleet, arguments: &[&str]) -> Printed {
    let home = tempfile::tempdir().unwrap();
    let port = running.port.to_string();
    let mut command = Command::new(env!("CARGO_BIN_EXE_rdpscan"));
    command.env_clear().current_dir(home.path());
    for folder in [
        "HOME",
        "XDG_CONFIG_HOME",
        "XDG_STATE_HOME",
        "XDG_DATA_HOME",
        "XDG_CACHE_HOME",
    ] {
        command.env(folder, home.path());
    }
    for kept in ["SystemRoot", "LLVM_PROFILE_FILE"] {
        command.envs(std::env::var_os(kept).map(|value| (kept, value)));
    }
    command.arg("why");
    command.args(arguments);
    command.args(["--port", &port, "--dns", &running.dns.to_string()]);
    command.args(["--timeout", "1500ms", "--interval", "50ms"]);
    let output = tokio::task::spawn_blocking(move || command.output())
        .await
        .unwrap()
        .unwrap();
    Printed {
        status: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

async fn started() -> SimulatedFleet {
    let options = StartOptions {
        now: clock::wall(),
        ports: Ports::Free,
    };
    let scenario = Scenario::from_toml(FLEET).unwrap();
    SimulatedFleet::start(&scenario, options).await.unwrap()
}

#[track_caller]
fn assert_has(printed: &Printed, parts: &[&str]) {
    assert_eq!(printed.status, Some(0), "{}", printed.err);
    for part in parts {
        assert!(
            printed.out.contains(part),
            "no {part:?} in:\n{}",
            printed.out
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_closes_at_tls_is_explained_with_the_fix_and_the_logs() {
    let running = started().await;
    let text = why(&running, &["closed-tls.corp.example", "0x904", "0x7"]).await;
    assert_has(
        &text,
        &[
            "closed-tls.corp.example (127.77.",
            "broken at tls",
            "by name and",
            "your code",
            "0x904 0x7: explained by what was seen:",
            "(RDP-TLS-CLOSED)",
            "the user sees",
            "0x904 (2308): \"The connection to the remote computer was lost",
            "confirm in: RDPClient/Operational: 1024",
            "RDP-TLS-CLOSED, critical",
            "36870",
            "fix ",
            "R1 ",
            ".\\Repair-RdpHost.ps1 -ComputerName closed-tls.corp.example -Apply",
            "Restart-Service -Name SessionEnv -Force",
            "tell the user",
        ],
    );
    assert!(
        text.out
            .lines()
            .all(|line| line.len() <= 80 || line.contains("  ")),
        "{}",
        text.out
    );
    let other = why(&running, &["closed-tls.corp.example", "0x104"]).await;
    assert_has(
        &other,
        &["0x104: not explained: what was seen leads to 0x904"],
    );
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn healthy_unresolved_and_foreign_hosts_have_an_answer_too() {
    let running = started().await;
    let fine = why(&running, &["fine.corp.example", "2308"]).await;
    assert_has(
        &fine,
        &[
            "healthy",
            "0x904: not explained: nothing that was seen causes it",
            "not seen here: ",
            "nothing stops a connection: 3 of 3 attempts got through",
        ],
    );
    let gone = why(&running, &["gone.corp.example"]).await;
    assert_has(
        &gone,
        &[
            "unreachable at dns",
            "0x104 (260): \"Remote Desktop can't find the computer.\"",
            "RDP-DNS-MISSING",
        ],
    );
    let ssh = &running.hosts[3].endpoint.address.to_string();
    let ssh = why(&running, &[ssh]).await;
    assert_has(
        &ssh,
        &[
            "not_rdp",
            "\"SSH-2.0-",
            "Another service than Remote Desktop answers",
        ],
    );
    assert!(
        !ssh.out.contains("R8"),
        "no advice for a listener that is not there:\n{}",
        ssh.out
    );
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_is_markdown_and_a_program_gets_the_report() {
    let running = started().await;
    let ticket = why(&running, &["expired.corp.example", "--format", "markdown"]).await;
    assert_has(
        &ticket,
        &[
            "# expired.corp.example",
            "- **why**: The certificate expired 21 days ago",
            "- **tell the user**: ",
            "```powershell",
        ],
    );
    let json = why(&running, &["expired.corp.example", "--format", "json"]).await;
    assert_eq!(json.status, Some(0), "{}", json.err);
    let report: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(report["schema"], "rdpscan.report/1");
    assert_eq!(report["hosts"][0]["findings"][0]["id"], "RDP-CERT-EXPIRED");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_one_host_or_no_code_is_refused_before_any_packet() {
    let running = started().await;
    for (arguments, part) in [
        (&["127.0.0.0/30"][..], "is not one host"),
        (&["-"], "is not one host"),
        (&["@list"], "is not one host"),
        (&["0x904"], "`0x904` is a code and no host"),
        (&["127.0.0.1", "banana"], "`banana` is no disconnect code"),
        (&["127.0.0.1", "0x905"], "`0x905` is no disconnect code"),
        (&["127.0.0.1", "0x9\u{1b}[2J"], "is no disconnect code"),
    ] {
        let refused = why(&running, arguments).await;
        assert_eq!(refused.status, Some(2), "{arguments:?}: {}", refused.out);
        assert!(refused.err.contains(part), "{arguments:?}: {}", refused.err);
        assert_eq!(refused.err.lines().count(), 1, "{}", refused.err);
        assert!(!refused.err.trim_end().contains(char::is_control));
        assert!(refused.out.is_empty());
    }
    running.stop().await;
}

/// The pages of hosts that have this name, and bytes that are the name, wherever a peer can put them.
fn hostile(name: &str) -> Vec<pages::Page> {
    let mut script = Script::default();
    script.push(plan(true));
    for number in 1..=3 {
        let mut attempt = good(
            "10.0.0.13",
            number,
            certificate(name, "2026-01-01T00:00:00Z"),
        );
        attempt.sni = Some(name.into());
        script.attempt(attempt, number == 3);
        let banner = Outcome::NotRdp {
            looks_like: "unknown".into(),
            first_bytes: name.as_bytes().get(..32.min(name.len())).unwrap().into(),
        };
        let attempt = bad("10.0.0.14", number, rdpscan::model::Stage::X224, banner);
        script.attempt(attempt, number == 3);
    }
    let mut fleet = Fleet::new(Policy::default());
    for event in script.take() {
        fleet.apply(event);
    }
    fleet.settle();
    let hosts = fleet.hosts();
    hosts
        .map(|(id, host)| pages::of_host(host, &fleet.undetermined(id), None))
        .collect()
}

#[test]
fn no_hostile_name_steers_a_terminal_or_becomes_markup() {
    for name in nasty_names() {
        let pages = hostile(&name);
        for line in pages::text(&pages, 80).lines() {
            assert_eq!(rdpscan::sanitize::terminal(line), line, "of {name:?}");
        }
        let markdown = pages::markdown(&pages);
        for event in Parser::new_ext(&markdown, Options::ENABLE_TABLES) {
            assert!(
                !matches!(
                    event,
                    Event::Html(_)
                        | Event::InlineHtml(_)
                        | Event::Start(Tag::Link { .. } | Tag::Image { .. })
                ),
                "{name:?}: {event:?}"
            );
        }
        let sections = Parser::new(&markdown).filter(|event| {
            matches!(
                event,
                Event::Start(Tag::Heading {
                    level: pulldown_cmark::HeadingLevel::H1,
                    ..
                })
            )
        });
        assert_eq!(sections.count(), pages.len(), "{name:?} adds no heading");
    }
}
