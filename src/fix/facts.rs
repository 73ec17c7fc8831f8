//! What the script read on the hosts, from its `facts.json`: which remedies are needed, seen from inside.

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io::{self, Read as _};
use std::iter;
use std::net::IpAddr;
use std::path::Path;

use jiff::Timestamp;
use serde::Deserialize;

use super::machine::Machine;
use super::name::HostName;
use super::script;
use crate::diagnosis::remedies::{self, Remedy};
use crate::sanitize::excerpt;

const SCHEMA: &str = "rdpscan.facts/1";

/// The most bytes of a file: a host takes about 20 KB.
const LARGEST: u64 = 256 << 20;
/// The most characters that are kept of a detail.
const LONGEST_DETAIL: usize = 1000;

/// The JSON Schema of `facts.json`.
#[must_use]
pub const fn facts_schema() -> &'static str {
    include_str!("../../docs/schema/rdpscan.facts-1.json")
}

#[derive(Debug, thiserror::Error)]
pub enum FactsError {
    #[error("cannot read `{path}`: {cause}")]
    Read {
        /// Safe to print.
        path: String,
        cause: io::Error,
    },
    #[error("cannot read `{path}`: it is larger than {} MiB; use the facts.json of one run", LARGEST >> 20)]
    TooBig {
        /// Safe to print.
        path: String,
    },
    #[error(
        "invalid facts in `{path}`: {reason}; use a facts.json that Repair-RdpHost.ps1 wrote below `runs`, unchanged"
    )]
    Invalid {
        /// Safe to print.
        path: String,
        /// Safe to print.
        reason: String,
    },
}

/// The hosts that the script has read.
#[derive(Debug, Clone, Default)]
pub struct InsideFacts {
    hosts: Vec<InsideHost>,
}

#[derive(Debug, Clone)]
pub(super) struct InsideHost {
    computer: String,
    address: Option<IpAddr>,
    port: u16,
    /// What it calls itself; empty when that could not be read.
    name: String,
    pub(super) read: Timestamp,
    /// In the order of the script.
    pub(super) steps: Vec<InsideStep>,
}

#[derive(Debug, Clone)]
pub(super) struct InsideStep {
    pub(super) remedy: &'static Remedy,
    pub(super) view: InsideView,
    /// Raw.
    pub(super) detail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InsideView {
    Confirmed,
    RuledOut,
    /// Needed, and something else comes first.
    Blocked,
    Unknown,
}

impl InsideView {
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::RuledOut => "ruled out",
            Self::Blocked => "blocked",
            Self::Unknown => "unknown",
        }
    }

    /// Whether the reason for the remedy is there.
    pub(super) const fn is_found(self) -> bool {
        matches!(self, Self::Confirmed | Self::Blocked)
    }

    fn of(status: &str, remedy: &Remedy) -> Option<Self> {
        Some(match status {
            "would be done" | "left alone" | "partly done" => Self::Confirmed,
            "in order" => Self::RuledOut,
            // Of a remedy that only reads, the script reports what it found so.
            "blocked" if script::step(remedy).is_some_and(|step| step.reads_only) => {
                Self::Confirmed
            }
            "blocked" => Self::Blocked,
            "unknown" => Self::Unknown,
            _ => return None,
        })
    }
}

/// Facts that no host of the plan has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnusedFacts {
    /// Raw.
    pub computer: String,
    /// Raw.
    pub reason: String,
}

#[derive(Deserialize)]
struct Schema {
    schema: String,
}

#[derive(Deserialize)]
struct FactsFile {
    hosts: Vec<FactsOfHost>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct FactsOfHost {
    request: Request,
    identity: Identity,
    plan: Vec<PlanStep>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Request {
    computer: String,
    address: String,
    port: u16,
    time: Timestamp,
}

/// Without a name where it could not be read.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Identity {
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PlanStep {
    remedy: String,
    status: String,
    detail: Option<String>,
}

impl InsideFacts {
    pub fn read(path: &Path) -> Result<Self, FactsError> {
        let shown = || excerpt(&path.to_string_lossy());
        let failed = |cause| FactsError::Read {
            path: shown(),
            cause,
        };
        let mut bytes = Vec::new();
        let file = File::open(path).map_err(failed)?;
        let size = file.metadata().map_err(failed)?.len();
        if size <= LARGEST {
            // A pipe has no size.
            let mut file = file.take(LARGEST + 1);
            file.read_to_end(&mut bytes).map_err(failed)?;
        }
        if size.max(bytes.len() as u64) > LARGEST {
            return Err(FactsError::TooBig { path: shown() });
        }
        Self::parse(&bytes).map_err(|reason| FactsError::Invalid {
            path: shown(),
            reason,
        })
    }

    /// The reason of an error is safe to print.
    fn parse(bytes: &[u8]) -> Result<Self, String> {
        // Editors put a mark before the text.
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let malformed = |error: serde_json::Error| {
            let (line, column) = (error.line(), error.column());
            format!(
                "line {line}, column {column}: {}",
                excerpt(&error.to_string())
            )
        };
        let found = serde_json::from_slice::<Schema>(bytes)
            .map_err(malformed)?
            .schema;
        if found != SCHEMA {
            return Err(format!(
                "its schema is `{}`, and this rdpscan reads `{SCHEMA}`",
                excerpt(&found)
            ));
        }
        let file: FactsFile = serde_json::from_slice(bytes).map_err(malformed)?;
        let hosts = file.hosts.into_iter().map(InsideHost::of);
        Ok(Self {
            hosts: hosts.collect::<Result<_, _>>()?,
        })
    }

    /// Adds the facts of another run.
    pub fn extend(&mut self, other: Self) {
        self.hosts.extend(other.hosts);
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.hosts.is_empty()
    }

    pub(super) fn matches(&self) -> Matches<'_> {
        let mut by_target: HashMap<_, Vec<_>> = HashMap::new();
        for (place, host) in self.hosts.iter().enumerate() {
            for target in host.targets() {
                let key = (host.port, target);
                by_target.entry(key).or_default().push(place);
            }
        }
        let hosts = self.hosts.iter().map(|host| (host, Match::NotYet));
        Matches {
            hosts: hosts.collect(),
            by_target,
        }
    }
}

impl InsideHost {
    fn of(facts: FactsOfHost) -> Result<Self, String> {
        let Request {
            computer,
            address,
            port,
            time,
        } = facts.request;
        let of_host = |reason: String| format!("host `{}`: {reason}", excerpt(&computer));
        if computer.parse::<IpAddr>().is_err() && HostName::parse(&computer).is_err() {
            return Err(of_host(
                "it is neither a host name nor an address".to_owned(),
            ));
        }
        let address = match address.as_str() {
            "" => None,
            text => Some(
                text.parse::<IpAddr>()
                    .map_err(|_| of_host(format!("invalid address `{}`", excerpt(text))))?,
            ),
        };
        let mut steps: Vec<InsideStep> = Vec::new();
        for step in facts.plan {
            let remedy = remedies::find(&step.remedy)
                .filter(|remedy| script::has_script(remedy))
                .ok_or_else(|| of_host(format!("unknown remedy `{}`", excerpt(&step.remedy))))?;
            let view = InsideView::of(&step.status, remedy)
                .ok_or_else(|| of_host(format!("unknown status `{}`", excerpt(&step.status))))?;
            if steps.iter().any(|other| other.remedy.key == remedy.key) {
                return Err(of_host(format!("two steps of {}", remedy.key)));
            }
            let detail = step.detail.unwrap_or_default();
            steps.push(InsideStep {
                remedy,
                view,
                detail: detail.chars().take(LONGEST_DETAIL).collect(),
            });
        }
        steps.sort_by_key(|step| script::order(step.remedy));
        Ok(Self {
            computer,
            address,
            port,
            name: facts.identity.name,
            read: time,
            steps,
        })
    }

    /// What the script was sent to.
    fn targets(&self) -> impl Iterator<Item = Target> {
        let name = || Target::Name(self.computer.to_ascii_lowercase());
        let computer = self
            .computer
            .parse()
            .map_or_else(|_| name(), Target::Address);
        iter::once(computer).chain(self.address.map(Target::Address))
    }

    /// Compares what the machine calls itself with what it sent to the scan, where the scan knows.
    fn check_identity(&self, machine: &Machine) -> Result<(), String> {
        let Some(expected) = &machine.expected else {
            return Ok(());
        };
        if self.name.eq_ignore_ascii_case(expected.as_str()) {
            return Ok(());
        }
        Err(match self.name.as_str() {
            "" => "its name could not be read".to_owned(),
            name => format!("they are of the machine {name}, and the scan saw {expected} there"),
        })
    }
}

/// The facts while their machines are looked for.
pub(super) struct Matches<'a> {
    hosts: Vec<(&'a InsideHost, Match)>,
    /// Places in `hosts`, in ascending order, by port and target.
    by_target: HashMap<(u16, Target), Vec<usize>>,
}

#[derive(PartialEq, Eq, Hash)]
enum Target {
    Address(IpAddr),
    /// In small letters.
    Name(String),
}

enum Match {
    NotYet,
    Found,
    /// Why the facts cannot be of the machine at this address.
    OtherMachine(String),
}

impl<'a> Matches<'a> {
    /// The newest facts of a machine that calls itself as it did in the scan.
    pub(super) fn find(&mut self, machine: &Machine) -> Option<&'a InsideHost> {
        let own = machine.own.as_ref();
        let name = own.map(|own| Target::Name(own.as_str().to_ascii_lowercase()));
        let targets = [machine.address.map(Target::Address), name];
        let sent_to = |target| self.by_target.get(&(machine.port, target));
        let places: BTreeSet<usize> = targets
            .into_iter()
            .flatten()
            .filter_map(sent_to)
            .flatten()
            .copied()
            .collect();
        let mut newest: Option<&'a InsideHost> = None;
        for place in places {
            let Some((host, state)) = self.hosts.get_mut(place) else {
                continue;
            };
            if let Err(reason) = host.check_identity(machine) {
                *state = Match::OtherMachine(reason);
                continue;
            }
            *state = Match::Found;
            if newest.is_none_or(|newest| newest.read < host.read) {
                newest = Some(host);
            }
        }
        newest
    }

    pub(super) fn unused(self) -> Vec<UnusedFacts> {
        let unused = self.hosts.into_iter().filter_map(|(host, state)| {
            let reason = match state {
                Match::Found => return None,
                Match::NotYet => "no selected host of the scan has its address and port".to_owned(),
                Match::OtherMachine(reason) => reason,
            };
            Some(UnusedFacts {
                computer: host.computer.clone(),
                reason,
            })
        });
        unused.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_host(change: impl FnOnce(&mut serde_json::Value)) -> Result<InsideFacts, String> {
        let mut file = serde_json::json!({
            "schema": "rdpscan.facts/1",
            "written": "2026-12-01T00:00:00Z",
            "hosts": [{
                "Request": { "Computer": "bk01.corp.example", "Address": "10.0.0.5", "Port": 3389, "Time": "2026-12-01T00:00:00Z" },
                "Identity": { "Name": "BK01" },
                "Plan": [
                    { "Remedy": "R1", "Status": "blocked", "Detail": "R2 comes first" },
                    { "Remedy": "R12", "Status": "in order", "Detail": null },
                    { "Remedy": "R13", "Status": "blocked", "Detail": "lacks the fix" },
                ],
            }],
        });
        change(&mut file);
        InsideFacts::parse(file.to_string().as_bytes())
    }

    #[test]
    fn steps_come_in_the_order_of_the_script_and_what_only_reads_is_not_blocked() {
        let facts = one_host(|_| ()).unwrap();
        let steps: Vec<(&str, InsideView)> = facts.hosts[0]
            .steps
            .iter()
            .map(|step| (&*step.remedy.key, step.view))
            .collect();
        assert_eq!(
            steps,
            [
                ("R12", InsideView::RuledOut),
                ("R1", InsideView::Blocked),
                ("R13", InsideView::Confirmed),
            ]
        );
    }

    #[test]
    fn a_detail_is_cut() {
        let facts =
            one_host(|file| file["hosts"][0]["Plan"][0]["Detail"] = "é".repeat(5000).into());
        assert_eq!(
            facts.unwrap().hosts[0].steps[1].detail.chars().count(),
            LONGEST_DETAIL
        );
    }

    #[test]
    fn an_identity_that_could_not_be_read_is_no_name() {
        let facts = one_host(|file| {
            file["hosts"][0]["Identity"] = serde_json::json!({ "Unknown": "denied" });
        });
        assert_eq!(facts.unwrap().hosts[0].name, "");
    }

    #[test]
    fn what_is_not_a_facts_file_of_this_version_is_refused_with_its_reason() {
        type Change = fn(&mut serde_json::Value);
        let cases: [(Change, &str); 9] = [
            (
                |file| file["hosts"][0]["Request"]["Time"] = "today".into(),
                "line 1, column",
            ),
            (
                |file| file["schema"] = "rdpscan.facts/2".into(),
                "its schema is `rdpscan.facts/2`, and this rdpscan reads `rdpscan.facts/1`",
            ),
            (
                |file| file["schema"] = "x\u{1b}[31m".repeat(99).into(),
                "\\u{1b}",
            ),
            (|file| file["hosts"] = "none".into(), "expected a sequence"),
            (
                |file| file["hosts"][0]["Request"]["Computer"] = "$(calc)".into(),
                "host `$(calc)`: it is neither a host name nor an address",
            ),
            (
                |file| file["hosts"][0]["Request"]["Address"] = "10.0.0".into(),
                "invalid address `10.0.0`",
            ),
            (
                |file| file["hosts"][0]["Request"]["Port"] = 99_999.into(),
                "expected u16",
            ),
            (
                |file| file["hosts"][0]["Plan"][0]["Remedy"] = "R16".into(),
                "unknown remedy `R16`",
            ),
            (
                |file| file["hosts"][0]["Plan"][0]["Status"] = "fine".into(),
                "unknown status `fine`",
            ),
        ];
        for (change, reason) in cases {
            let error = one_host(change).unwrap_err();
            assert!(error.contains(reason), "{error}");
            assert!(!error.contains('\u{1b}') && error.len() < 400, "{error}");
        }
        let twice = one_host(|file| file["hosts"][0]["Plan"][1]["Remedy"] = "R1".into());
        assert_eq!(
            twice.unwrap_err(),
            "host `bk01.corp.example`: two steps of R1"
        );
        for text in ["", "[]", "{}", "{\"schema\": \"rdpscan.facts/1\"}", "\u{0}"] {
            assert!(InsideFacts::parse(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn a_file_that_was_cut_anywhere_is_refused() {
        let whole = serde_json::json!({ "schema": SCHEMA, "hosts": [] }).to_string();
        assert!(
            InsideFacts::parse(format!("\u{feff}{whole}").as_bytes())
                .unwrap()
                .is_empty()
        );
        for end in 0..whole.len() {
            let error = InsideFacts::parse(&whole.as_bytes()[..end]).unwrap_err();
            assert!(error.starts_with("line 1, column "), "{error}");
        }
    }

    #[test]
    fn deep_nesting_does_not_exhaust_the_stack() {
        for place in ["\"hosts\":", "\"x\":", "\"schema\":"] {
            let deep = format!("{{\"schema\":\"{SCHEMA}\",{place}{}", "[".repeat(1_000_000));
            assert!(InsideFacts::parse(deep.as_bytes()).is_err(), "{place}");
        }
    }

    #[test]
    fn a_file_that_is_too_large_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("facts.json");
        File::create(&path).unwrap().set_len(LARGEST + 1).unwrap();
        let error = InsideFacts::read(&path).unwrap_err().to_string();
        assert!(error.contains("larger than 256 MiB"), "{error}");
    }
}
