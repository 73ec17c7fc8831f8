//! The tables under `tests/data/diagnosis`: facts in a short form, and what they must lead to.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Debug, Display};
use std::fs;
use std::path::Path;

use serde::Deserialize;
use toml::{Table, Value};

use super::case_facts::Facts;
use crate::diagnosis::{Verdict, catalog};
use crate::model::{
    CertificateStatus, Confidence, DnsVerdict, HostState, Nla, Severity, StabilityVerdict, Stage,
};

/// A case without its facts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Heading {
    name: String,
    /// Another case of the file, with whose facts this one begins.
    like: Option<String>,
    /// Number of the false alarm that this case guards against.
    trap: Option<u8>,
    expect: Expect,
}

/// What is left out is not judged.
#[derive(Debug, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Expect {
    state: Option<HostState>,
    failed_stage: Option<Stage>,
    nla: Option<Nla>,
    certificate: Option<CertificateStatus>,
    days_left: Option<i64>,
    dns: Option<DnsVerdict>,
    stability: Option<StabilityVerdict>,
    /// Code, or `none`.
    predicted: Option<String>,
    /// Every finding of low severity or worse, in order.
    findings: Option<Vec<String>>,
    /// Findings of any severity that must be among them.
    fires: Vec<String>,
    /// Of the first of those that must be among them.
    severity: Option<Severity>,
    confidence: Option<Confidence>,
    /// Key, or `none`.
    remedies: Option<String>,
    /// A part of its title or evidence.
    says: Option<String>,
    /// Findings that must not be there.
    not: Vec<String>,
    /// Findings of which it must be said that they cannot be told.
    untold: Vec<String>,
}

#[derive(Debug)]
struct Case {
    heading: Heading,
    facts: Facts,
}

impl Case {
    fn fires(&self, id: &str) -> bool {
        let expect = &self.heading.expect;
        let listed = expect.findings.as_deref().unwrap_or_default();
        expect.fires.iter().chain(listed).any(|fired| fired == id)
    }

    /// Everything in which the diagnosis differs from what is expected, one line each.
    fn differences(&self) -> Vec<String> {
        let Heading { name, expect, .. } = &self.heading;
        let host = self.facts.host();
        let found = host.diagnose();
        let mut told = Differences {
            name,
            lines: Vec::new(),
        };
        if let Some(state) = expect.state {
            told.unless_equal("state", &state, &found.state);
            told.unless_equal("failed stage", &expect.failed_stage, &found.failed_stage);
        }
        told.unless_met("NLA", expect.nla.as_ref(), &found.nla);
        if expect.certificate.is_some() {
            told.unless_equal("status", &expect.certificate, &found.certificate_status);
        }
        if expect.days_left.is_some() {
            told.unless_equal("days left", &expect.days_left, &found.days_left);
        }
        told.unless_met("DNS", expect.dns.as_ref(), &found.dns);
        let stability = found.stability.verdict;
        told.unless_met("stability", expect.stability.as_ref(), &stability);
        let code = found.predicted.as_ref().map_or("none", |error| error.code);
        told.unless_met("predicted", expect.predicted.as_deref(), code);
        let ids: Vec<String> = found
            .findings
            .iter()
            .filter(|finding| finding.severity > Severity::Info)
            .map(|finding| finding.id.to_owned())
            .collect();
        told.unless_met("findings", expect.findings.as_ref(), &ids);
        self.judge_verdicts(&host.verdicts().into_iter().collect(), &mut told);
        told.lines
    }

    fn judge_verdicts(&self, verdicts: &BTreeMap<&str, Verdict>, told: &mut Differences<'_>) {
        let expect = &self.heading.expect;
        for (what, ids, wanted) in [
            ("must fire", &expect.fires, as_fired as fn(&Verdict) -> bool),
            ("must not fire", &expect.not, |verdict| !as_fired(verdict)),
            ("cannot be told", &expect.untold, |verdict| {
                matches!(verdict, Verdict::Undetermined { .. })
            }),
        ] {
            for id in ids {
                let verdict = verdicts.get(id.as_str());
                if !verdict.is_some_and(wanted) {
                    told.add(format!("{id} {what}: {verdict:?}"));
                }
            }
        }
        let first = expect
            .fires
            .first()
            .and_then(|id| verdicts.get(id.as_str()));
        let Some(Verdict::Fires(finding)) = first else {
            return;
        };
        told.unless_met("severity", expect.severity.as_ref(), &finding.severity);
        told.unless_met(
            "confidence",
            expect.confidence.as_ref(),
            &finding.confidence,
        );
        let remedies = if finding.remedies.is_empty() {
            "none".to_owned()
        } else {
            finding.remedies.join(" ")
        };
        told.unless_met("remedies", expect.remedies.as_ref(), &remedies);
        let said = format!("{}; {}", finding.title, finding.evidence);
        if let Some(part) = expect.says.as_ref().filter(|part| !said.contains(*part)) {
            told.add(format!("says: expected {part}, found {said}"));
        }
    }
}

fn as_fired(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Fires(_))
}

struct Differences<'a> {
    name: &'a str,
    lines: Vec<String>,
}

impl Differences<'_> {
    fn add(&mut self, line: impl Display) {
        self.lines.push(format!("{}: {line}", self.name));
    }

    fn unless_equal<T: PartialEq + Debug + ?Sized>(&mut self, what: &str, wanted: &T, found: &T) {
        if wanted != found {
            self.add(format!("{what}: expected {wanted:?}, found {found:?}"));
        }
    }

    fn unless_met<T: PartialEq + Debug + ?Sized>(
        &mut self,
        what: &str,
        wanted: Option<&T>,
        found: &T,
    ) {
        if let Some(wanted) = wanted {
            self.unless_equal(what, wanted, found);
        }
    }
}

/// Puts what a case says over what the case says that it is like.
fn laid_over(mut below: Table, above: Table) -> Table {
    for (key, value) in above {
        match (below.remove(&key), value) {
            (Some(Value::Table(under)), Value::Table(over)) => {
                below.insert(key, Value::Table(laid_over(under, over)));
            }
            (_, value) => {
                below.insert(key, value);
            }
        }
    }
    below
}

/// The cases of a file in order.
fn read(path: &Path) -> Vec<Case> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        case: Vec<Table>,
    }
    let text = fs::read_to_string(path).unwrap();
    let file: File =
        toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut known: BTreeMap<String, Table> = BTreeMap::new();
    file.case
        .into_iter()
        .map(|mut said| {
            let mut heading = Table::new();
            for key in ["name", "like", "trap", "expect"] {
                heading.extend(said.remove_entry(key));
            }
            let heading: Heading = heading
                .try_into()
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let name = &heading.name;
            let below = heading.like.as_ref().map(|like| {
                known
                    .get(like)
                    .unwrap_or_else(|| panic!("{name}: no case \"{like}\" before it"))
                    .clone()
            });
            let whole = laid_over(below.unwrap_or_default(), said);
            let before = known.insert(name.clone(), whole.clone());
            assert_eq!(before, None, "{}: two cases {name}", path.display());
            let facts = whole
                .try_into()
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            Case { heading, facts }
        })
        .collect()
}

/// The cases of every file.
fn all() -> Vec<Vec<Case>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/diagnosis");
    let files: Vec<Vec<Case>> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .map(|path| read(&path))
        .collect();
    assert!(files.len() > 5, "only {} files found", files.len());
    files
}

/// Cases with the findings that they spare: not reported, not to be told, or reported in the milder form that they state.
pub(super) fn spared() -> BTreeSet<(String, String)> {
    let cases = all();
    cases
        .iter()
        .flatten()
        .flat_map(|case| {
            let Heading { name, expect, .. } = &case.heading;
            let milder = expect.fires.first().filter(|id| {
                let usual = catalog::kind(id).map(|entry| entry.severity);
                let is_less_sure = expect
                    .confidence
                    .is_some_and(|found| found < Confidence::Sure);
                expect.severity.is_some() && expect.severity < usual
                    || expect.severity.is_some() && usual == Some(Severity::Info)
                    || is_less_sure
            });
            let ids = expect.not.iter().chain(&expect.untold).chain(milder);
            ids.map(|id| (name.clone(), id.clone())).collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn every_case_of_the_tables_holds() {
    let differences: Vec<String> = all().iter().flatten().flat_map(Case::differences).collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn every_rule_has_a_case_in_which_it_fires() {
    let files = all();
    let missing: Vec<&str> = catalog::kinds()
        .map(|entry| entry.id)
        .filter(|id| !files.iter().flatten().any(|case| case.fires(id)))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// A near miss is like a case in which the rule fires, but for what it says itself.
#[test]
fn every_rule_has_a_near_miss_in_which_it_does_not_fire() {
    let files = all();
    let near = |id: &str, cases: &[Case]| {
        cases.iter().any(|case| {
            let expect = &case.heading.expect;
            let spared = expect.not.iter().chain(&expect.untold).any(|not| not == id);
            spared
                && cases.iter().any(|other| {
                    case.heading.like == Some(other.heading.name.clone()) && other.fires(id)
                })
        })
    };
    let missing: Vec<&str> = catalog::kinds()
        .map(|entry| entry.id)
        .filter(|id| !files.iter().any(|cases| near(id, cases)))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_known_trap_has_a_case() {
    let files = all();
    let traps: BTreeSet<u8> = files
        .iter()
        .flatten()
        .filter_map(|case| case.heading.trap)
        .collect();
    assert_eq!(traps, (1..=20).collect());
}
