use std::collections::BTreeSet;

use roxmltree::{Document, Node, ParsingOptions};

use super::*;
use crate::diagnosis::catalog;
use crate::fleet::Host;
use crate::kit::{attempt, silent, times};
use crate::model::{
    CertificateStatus, Confidence, DnsVerdict, Finding, HostState, Notice, Outcome, Resolver,
    ScanEnd, ScanStatus, Severity, StabilityVerdict, Stage,
};
use crate::report::fixture;

fn page_of(sheet: &Sheet<'_>) -> String {
    let mut out = Vec::new();
    write(sheet, &Policy::default(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn page(hosts: &[Host]) -> String {
    page_of(&fixture::sheet(hosts, &fixture::plan()))
}

/// The text between the first of two marks and the second.
fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let from = text.find(start).unwrap() + start.len();
    let length = text[from..].find(end).unwrap();
    &text[from..from + length]
}

/// Without what HTML does not read as markup.
fn markup(page: &str) -> String {
    let style = between(page, "<style>", "</style>");
    let script = between(page, "<script>", "</script>");
    page.replace(style, "").replace(script, "")
}

/// The page is written so that it is XML as well: every element closed, every attribute quoted and once, every `<` escaped.
fn parsed<T>(page: &str, look: impl FnOnce(&Document<'_>) -> T) -> T {
    let options = ParsingOptions {
        allow_dtd: true,
        ..ParsingOptions::default()
    };
    let markup = markup(page);
    let document = Document::parse_with_options(&markup, options).unwrap();
    look(&document)
}

fn elements(page: &str) -> Vec<String> {
    parsed(page, |document| {
        let nodes = document.descendants().filter(Node::is_element);
        nodes
            .map(|node| node.tag_name().name().to_owned())
            .collect()
    })
}

fn words(page: &str, id: &str) -> String {
    parsed(page, |document| {
        let section = document
            .descendants()
            .find(|node| node.attribute("id") == Some(id))
            .unwrap();
        let texts = section.descendants().filter_map(|node| {
            let text = node.is_text().then(|| node.text()).flatten()?;
            Some(text.trim()).filter(|text| !text.is_empty())
        });
        texts.collect::<Vec<_>>().join(" | ")
    })
}

#[test]
fn a_page_says_what_was_scanned_and_what_came_out() {
    let hosts = [
        fixture::expired_host(),
        fixture::silent_host(),
        fixture::unresolved_host(),
    ];
    let page = page(&hosts);
    insta::assert_snapshot!(words(&page, "summary").replace(" | ", "\n"));
}

/// A host at which every connect ends like this.
fn without_a_connection(outcome: &Outcome, listed: bool) -> Host {
    let made = times(3, || attempt().stage(Stage::Tcp, outcome.clone()));
    let made = if listed { made } else { made.unlisted() };
    Host::new(&made.history, made.diagnose())
}

#[test]
fn listed_hosts_without_a_connection_would_refuse_remote_desktop() {
    let broken = times(3, || attempt().refused(3));
    let healthy = times(3, || attempt().through());
    let hosts = [
        Host::new(&broken.history, broken.diagnose()),
        without_a_connection(&Outcome::Refused, true),
        without_a_connection(&silent(), true),
        without_a_connection(&Outcome::HostUnreachable, true),
        without_a_connection(&Outcome::Refused, false),
        without_a_connection(&silent(), false),
        Host::new(&healthy.history, healthy.diagnose()),
    ];
    let page = page(&hosts);
    let told = words(&page, "summary");
    let wanted = "4 of 7 hosts would refuse Remote Desktop | ";
    assert!(told.contains(wanted), "{told}");
    assert_eq!(page.matches(" data-w=").count(), 4);
}

#[test]
fn a_listed_host_that_is_alone_and_without_a_connection_would_refuse() {
    for outcome in [Outcome::Refused, silent(), Outcome::HostUnreachable] {
        let refuses = |listed| {
            let host = without_a_connection(&outcome, listed);
            words(&page(&[host]), "summary").contains("The host would refuse Remote Desktop")
        };
        assert!(refuses(true) && !refuses(false), "{outcome:?}");
    }
}

#[test]
fn a_server_that_was_named_is_named() {
    let host = fixture::edit(&fixture::expired_host(), |history| {
        let mut lookup = (*history.lookups[0]).clone();
        lookup.resolver = Resolver::Server("127.0.0.1:5353".parse().unwrap());
        history.lookups = vec![lookup.into()];
    });
    let details = words(&page(&[host]), "h1");
    let wanted = "lookup | srv05.corp.example → 10.0.0.5, TTL 300 s (127.0.0.1:5353)";
    assert!(details.contains(wanted), "{details}");
}

#[test]
fn a_host_is_told_whole() {
    let page = page(&[fixture::expired_host()]);
    let row = words(&page, "fleet");
    for wanted in [
        "degraded",
        "srv05.corp.example",
        "10.0.0.5",
        "-20 | expired",
        "1.3",
        "offered",
        "match",
        "flaky | 2/3",
        "RDP-CERT-EXPIRED | The certificate has expired",
    ] {
        assert!(row.contains(wanted), "{wanted} in {row}");
    }
    let details = words(&page, "h1");
    for wanted in [
        "the user sees | 0x904 (2308): ",
        "likelihood 40 %; 1 of 3 attempts was closed in TLS",
        "RDPClient/Operational: 1024",
        "why | The certificate has expired | seen valid until 2026-01-01, 20 days ago | RDP-CERT-EXPIRED, high, sure",
        "fix | R1 Renew the self-signed certificate",
        ".\\Repair-RdpHost.ps1 -ComputerName 10.0.0.5 -Apply | by hand: PowerShell, changes something | Restart-Service -Name SessionEnv -Force",
        "tell the user | srv05.corp.example accepts only some connections",
        "Attempt 1 | 00:00:00 by IP | got through | 1.2 ms | tcp 1.2 ms",
        "status | expired, ended 20 days ago",
        "self-signed | yes",
        "names | other.example, 192.0.2.1",
        "valid from | 2025-01-01 00:00:00 | expires | 2026-01-01 00:00:00",
        "thumbprint | 0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a",
        "name | srv05.corp.example (ptr)",
        "lookup | srv05.corp.example → 10.0.0.5, TTL 300 s (this machine's resolver)",
        "computer (NTLM) | srv05.corp.example",
        "build | 10.0.20348",
        "clock ahead s | 2.0",
        "stability | flaky | attempts | 3 | failures | 1",
        "connect ms | 1.5",
    ] {
        assert!(details.contains(wanted), "{wanted} in {details}");
    }
    let remedies = words(&page, "remedies");
    for wanted in [
        "R1 Renew the self-signed certificate | first step for 1 host",
        "Restart-Service -Name SessionEnv -Force",
    ] {
        assert!(remedies.contains(wanted), "{wanted} in {remedies}");
    }
}

#[test]
fn a_row_and_its_details_as_they_are_written() {
    let page = page(&[fixture::expired_host()]);
    let body = &page[page.find("<main>").unwrap()..];
    let fleet = &body[body.find("<table class=\"fleet\">").unwrap()..];
    let row = between(fleet, "<tbody>\n", "</tbody>");
    let host = between(fleet, "<h2 id=\"details-heading\">", "</details>");
    insta::assert_snapshot!(format!("{row}\n{host}"));
}

#[test]
fn commands_keep_their_lines() {
    let page = page(&[fixture::expired_host()]);
    let wanted = "    Restart-Service -Name SessionEnv -Force\n} else {";
    assert!(page.contains(wanted));
}

#[test]
fn a_selection_and_a_cut_are_said_at_the_top() {
    let plan = fixture::plan();
    let hosts = [fixture::expired_host()];
    let mut sheet = fixture::sheet(&hosts, &plan);
    sheet.end = sheet.end.map(|end| ScanEnd {
        status: ScanStatus::Interrupted,
        ..end
    });
    sheet.notices = vec![Notice::TimeLimit, Notice::Filtered { hosts_omitted: 66 }];
    let summary = words(&page_of(&sheet), "summary");
    for wanted in [
        "the scan was interrupted: results are partial",
        "--max-time was reached",
        "filtered: hosts of the scan not included: 66",
        "status | interrupted",
    ] {
        assert!(summary.contains(wanted), "{wanted} in {summary}");
    }
    sheet.end = None;
    assert!(words(&page_of(&sheet), "summary").contains("the scan has not ended"));
}

#[test]
fn a_page_without_hosts_is_a_page() {
    let page = page(&[]);
    assert!(words(&page, "summary").contains("No hosts to show"));
    assert!(words(&page, "fleet").contains("No hosts to show."));
}

#[test]
fn no_name_makes_an_element_or_an_attribute() {
    let attributes = |page: &str| {
        parsed(page, |document| {
            let all = document.descendants().flat_map(|node| node.attributes());
            all.map(|attribute| attribute.name().to_owned())
                .collect::<BTreeSet<_>>()
        })
    };
    let plain = page(&[fixture::hostile_host("plain")]);
    let (known, known_attributes) = (elements(&plain), attributes(&plain));
    for name in fixture::nasty_names() {
        // A name of blanks is no name, and its host is shown by its address.
        if name.trim().is_empty() {
            continue;
        }
        let page = page(&[fixture::hostile_host(&name)]);
        assert_eq!(elements(&page), known, "{name:?}");
        assert_eq!(attributes(&page), known_attributes, "{name:?}");
    }
}

#[test]
fn every_name_is_there_as_text_and_safe() {
    for name in fixture::nasty_names() {
        let page = page(&[fixture::hostile_host(&name)]);
        let safe = sanitize::terminal(&name).into_owned();
        parsed(&page, |document| {
            let texts: Vec<&str> = document
                .descendants()
                .filter_map(|node| node.text())
                .collect();
            // An XML parser folds line ends, and blanks at the ends are trimmed in prose.
            assert!(
                texts.iter().any(|text| text.contains(safe.trim())),
                "{name:?}"
            );
            let bad = texts.iter().flat_map(|text| text.chars()).find(|one| {
                (one.is_control() && *one != '\n')
                    || matches!(one, '\u{202A}'..='\u{202E}' | '\u{200B}'..='\u{200F}')
            });
            assert_eq!(bad, None, "{name:?}");
        });
    }
}

#[test]
fn a_page_refers_to_nothing_but_itself() {
    let hosts: Vec<Host> = fixture::nasty_names()
        .iter()
        .map(|name| fixture::hostile_host(name))
        .collect();
    parsed(&page(&hosts), |document| {
        let ids: BTreeSet<&str> = document
            .descendants()
            .filter_map(|node| node.attribute("id"))
            .collect();
        for node in document.descendants() {
            assert_eq!(node.attribute("src"), None);
            assert_eq!(node.attribute("style"), None);
            match node.attribute("href") {
                None | Some("data:,") => {}
                Some(link) => assert!(ids.contains(link.strip_prefix('#').unwrap()), "{link}"),
            }
        }
    });
}

#[test]
fn ids_are_unique_and_headings_in_order() {
    let hosts = [fixture::expired_host(), fixture::silent_host()];
    parsed(&page(&hosts), |document| {
        let ids: Vec<&str> = document
            .descendants()
            .filter_map(|node| node.attribute("id"))
            .collect();
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
        let mut above = 0;
        for node in document.descendants() {
            let Some(level) = node.tag_name().name().strip_prefix('h') else {
                continue;
            };
            let Ok(level) = level.parse::<u8>() else {
                continue;
            };
            assert!(level <= above + 1, "h{level} after h{above}");
            above = level;
        }
    });
}

#[test]
fn the_policy_names_the_style_and_the_script_that_are_there() {
    let page = page(&[]);
    let policy = between(&page, "Content-Security-Policy\" content=\"", "\"/>");
    let style = between(&page, "<style>", "</style>");
    let script = between(&page, "<script>", "</script>");
    for (kind, text) in [("style", style), ("script", script)] {
        let hash = BASE64.encode(digest(&SHA256, text.as_bytes()));
        let wanted = format!("{kind}-src &#39;sha256-{hash}&#39;;");
        assert!(policy.contains(&wanted), "{wanted} in {policy}");
    }
    assert!(policy.starts_with("default-src &#39;none&#39;;"));
    assert!(!policy.contains("unsafe"));
}

#[test]
fn no_template_trusts_a_value() {
    for (name, text) in TEMPLATES {
        assert!(!text.contains("safe"), "{name}");
        assert!(!text.contains("autoescape"), "{name}");
    }
}

#[test]
fn every_word_has_its_look() {
    let states = HostState::ALL.iter().map(|state| format!(".s-{state}"));
    let glyphs = states.clone().map(|class| format!("{class}::before"));
    // What has no colour of its own is grey.
    let fills = HostState::ALL
        .iter()
        .filter(|state| **state != HostState::Filtered)
        .map(|state| format!(".f-{state}"));
    let severities = Severity::ALL
        .iter()
        .map(|severity| format!(".v-{severity}"));
    let certificates = CertificateStatus::ALL
        .iter()
        .filter(|status| **status != CertificateStatus::Valid)
        .map(|status| format!(".k-{status}"));
    let names = DnsVerdict::ALL
        .iter()
        .filter(|verdict| **verdict != DnsVerdict::Match)
        .map(|verdict| format!(".d-{verdict}"));
    let steadiness = StabilityVerdict::ALL
        .iter()
        .filter(|verdict| **verdict != StabilityVerdict::Steady)
        .map(|verdict| format!(".y-{verdict}"));
    let timeline = Stage::ALL.iter().map(|stage| format!("path.t-{stage}"));
    let all = states.chain(glyphs).chain(fills).chain(severities);
    for class in all
        .chain(certificates)
        .chain(names)
        .chain(steadiness)
        .chain(timeline)
    {
        assert!(STYLE.contains(&class), "{class}");
    }
}

#[test]
fn every_finding_of_the_catalogue_and_its_remedy_can_be_shown() {
    let hosts: Vec<Host> = catalog::kinds()
        .map(|entry| {
            let mut host = fixture::expired_host();
            host.diagnosis.findings = vec![Finding {
                id: entry.id,
                severity: entry.severity,
                confidence: Confidence::Sure,
                title: entry.title.into(),
                evidence: "seen".to_owned(),
                remedies: entry.remedies,
                acknowledged: None,
            }];
            host
        })
        .collect();
    let page = page(&hosts);
    let findings = words(&page, "findings");
    for entry in catalog::kinds() {
        assert!(findings.contains(entry.id), "{}", entry.id);
    }
    for key in catalog::kinds().flat_map(|entry| entry.remedies) {
        assert!(page.contains(&format!("id=\"{key}\"")), "{key}");
    }
}

#[test]
fn a_host_takes_a_few_kilobytes() {
    let size = |count: usize| page(&vec![fixture::expired_host(); count]).len();
    let per_host = (size(210) - size(10)) / 200;
    assert!(per_host < 5_000, "{per_host} bytes per host");
}

#[test]
fn numbers_are_set_for_reading() {
    assert_eq!(millis(1.25), "1.2 ms");
    assert_eq!(millis(950.4), "950 ms");
    assert_eq!(millis(12_345.0), "12.3 s");
}

#[test]
fn a_host_with_a_finding_twice_counts_once() {
    let mut host = fixture::expired_host();
    let again = host.diagnosis.findings[0].clone();
    host.diagnosis.findings.push(again);
    let findings = words(&page(&[host]), "findings");
    let wanted = "RDP-CERT-EXPIRED | The certificate has expired | 1 | R1";
    assert!(findings.contains(wanted), "{findings}");
}

#[test]
fn a_finding_that_is_milder_elsewhere_says_how_many_hosts_have_it_how_badly() {
    let mut milder = fixture::expired_host();
    milder.diagnosis.findings[0].severity = Severity::Info;
    let page = page(&[fixture::expired_host(), milder.clone(), milder]);
    let findings = words(&page, "findings");
    let wanted = "high | RDP-CERT-EXPIRED | The certificate has expired | 3 | 1 high, 2 info | R1";
    assert!(findings.contains(wanted), "{findings}");
}

#[test]
fn a_row_holds_the_whole_ids_of_its_findings_and_a_click_asks_for_one() {
    let page = page(&[fixture::expired_host()]);
    let attributes = |name: &str| {
        parsed(&page, |document| {
            let nodes = document
                .descendants()
                .filter_map(|node| node.attribute(name));
            nodes.map(ToOwned::to_owned).collect::<Vec<_>>()
        })
    };
    assert_eq!(attributes("data-f"), ["rdp-cert-expired"]);
    let queries = attributes("data-q");
    assert!(
        queries.contains(&"finding=RDP-CERT-EXPIRED".to_owned()),
        "{queries:?}"
    );
}

#[test]
fn a_bar_of_tls_asks_for_what_the_column_says() {
    let page = page(&[
        with_tls(crate::model::TlsVersion(0x7f1c)),
        with_tls(crate::model::TlsVersion::SSL_3_0),
    ]);
    for query in ["data-q=\"tls:0x7f1c\"", "data-q=\"tls:ssl3\""] {
        assert!(page.contains(query), "{query}");
    }
}

fn with_tls(version: crate::model::TlsVersion) -> Host {
    fixture::edit(&fixture::expired_host(), |history| {
        for attempt in &mut history.attempts {
            if let Some(tls) = &attempt.tls {
                let mut tls = (**tls).clone();
                tls.version = Some(version);
                attempt.tls = Some(std::sync::Arc::new(tls));
            }
        }
    })
}

#[test]
fn the_days_of_a_certificate_are_those_of_the_screen() {
    let status = |status: CertificateStatus, from: &str, to: &str, days: i64| {
        let mut host = fixture::edit(&fixture::expired_host(), |history| {
            let mut leaf = fixture::expired_certificate();
            leaf.not_before = Some(fixture::time(from).into());
            leaf.not_after = Some(fixture::time(to).into());
            history.attempts[0].tls = Some(std::sync::Arc::new(fixture::tls(vec![leaf])));
        });
        host.diagnosis.certificate_status = Some(status);
        host.diagnosis.days_left = Some(days);
        let words = words(&page(&[host]), "h1");
        between(&words, "status | ", " |").to_owned()
    };
    let ended = status(
        CertificateStatus::Expired,
        "2025-01-01T00:00:00Z",
        "2026-01-20T23:00:00Z",
        -1,
    );
    assert_eq!(ended, "expired, ended less than a day ago");
    let begins = status(
        CertificateStatus::NotYetValid,
        "2026-01-26T01:00:00Z",
        "2026-07-28T00:00:00Z",
        188,
    );
    assert_eq!(begins, "not yet valid, begins in 5 days");
}

#[test]
fn a_host_behind_a_gateway_says_so() {
    let host = fixture::edit(&fixture::silent_host(), |history| {
        history.gateway = Some("gw01.corp.example".into());
    });
    let wanted = "gateway | gw01.corp.example (not probed directly)";
    assert!(words(&page(&[host]), "h1").contains(wanted));
}

#[test]
fn backticks_are_code() {
    let pieces = pieces("Restart `TermService` now.");
    let shown: Vec<(&str, bool)> = pieces
        .iter()
        .map(|piece| (&*piece.text, piece.code))
        .collect();
    assert_eq!(
        shown,
        [("Restart ", false), ("TermService", true), (" now.", false)]
    );
}
