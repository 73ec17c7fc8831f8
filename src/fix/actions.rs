//! What is to be done at which host, in the order of the script.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Timestamp;

use super::facts::{InsideFacts, InsideHost, InsideStep, InsideView, UnusedFacts};
use super::machine::{DetectedSystem, Machine};
use super::name::Computer;
use super::{RefusedName, ScriptReach, script, wanted};
use crate::diagnosis::remedies::Remedy;
use crate::fleet::Host;
use crate::model::Finding;

/// Findings and remedies whose script lacks the right step: binding another certificate adds no intermediate.
const BY_HAND: [(&str, &str); 1] = [("RDP-CERT-CHAIN-SHORT", "R4")];

/// A remedy for a finding on a machine.
pub(super) struct RemedyAction<'a> {
    /// Index into the machines.
    pub(super) machine: usize,
    /// Its place among the remedies of the machine, from 1.
    pub(super) step: usize,
    /// `None` where only the script found the reason, on the host.
    pub(super) finding: Option<&'a Finding>,
    pub(super) remedy: &'static Remedy,
    pub(super) way: Execution,
    /// What the script found on the host.
    pub(super) inside: Option<&'a InsideStep>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Execution {
    Script,
    /// By the script with `-ComputerName` only: the host is not known to be Windows.
    Unproven,
    /// By the script, once what blocks it is out of the way.
    Blocked,
    /// By hand: the remedy is not applied on the host, or requires judgement.
    Page,
    /// By hand: the host is not Windows.
    NotWindows,
    /// By hand: there is no address to connect to.
    NoAddress,
    RuledOut,
}

impl Execution {
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Script => "script",
            Self::Unproven => "script, when named: not known to be Windows",
            Self::Blocked => "script, once it is no longer blocked on the host",
            Self::Page => "by hand",
            Self::NotWindows => "by hand: the host is not Windows",
            Self::NoAddress => "by hand: the name has no address",
            Self::RuledOut => "nothing to do: ruled out on the host",
        }
    }

    /// Whether the host is in `hosts.csv` for it.
    pub(super) const fn by_script(self) -> bool {
        matches!(self, Self::Script | Self::Unproven | Self::Blocked)
    }

    pub(super) const fn by_hand(self) -> bool {
        matches!(self, Self::Page | Self::NotWindows | Self::NoAddress)
    }
}

#[derive(Default)]
pub(super) struct Actions<'a> {
    pub(super) machines: Vec<Machine>,
    /// By machine, then by step.
    pub(super) all: Vec<RemedyAction<'a>>,
    pub(super) refused: Vec<RefusedName>,
    pub(super) unused_facts: Vec<UnusedFacts>,
    /// When the script read those of the machines that it has read.
    pub(super) read: Vec<Timestamp>,
}

/// A row of `hosts.csv`.
pub(super) struct HostRow<'a> {
    pub(super) machine: &'a Machine,
    pub(super) computer: Computer,
    /// In the order of the script.
    pub(super) remedies: Vec<&'static Remedy>,
    pub(super) findings: Vec<&'static str>,
    /// Known to be Windows.
    pub(super) proven: bool,
}

impl HostRow<'_> {
    fn add(&mut self, remedy: &'static Remedy, finding: &'static str) {
        if !self.remedies.contains(&remedy) {
            self.remedies.push(remedy);
            self.remedies.sort_by_key(|remedy| script::order(remedy));
        }
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }
}

/// A remedy with its machines, each once.
pub(super) struct RemedyMachines<'a> {
    pub(super) remedy: &'static Remedy,
    pub(super) hosts: Vec<(Execution, &'a Machine, Option<&'a InsideStep>)>,
}

impl RemedyMachines<'_> {
    pub(super) fn count(&self, wanted: impl Fn(Execution) -> bool) -> usize {
        self.hosts.iter().filter(|(way, ..)| wanted(*way)).count()
    }
}

impl<'a> Actions<'a> {
    pub(super) fn of<'h: 'a>(
        hosts: impl IntoIterator<Item = &'h Host>,
        named: &[&'static Remedy],
        inside: &'a InsideFacts,
    ) -> Self {
        let mut hosts: Vec<&Host> = hosts.into_iter().collect();
        hosts.sort_by(|a, b| a.key().cmp(b.key()));
        let mut actions = Self::default();
        let mut matches = inside.matches();
        for host in hosts {
            let wanted: Vec<(&Finding, &'static Remedy)> = wanted(host, named).collect();
            if wanted.is_empty() && inside.is_empty() {
                continue;
            }
            let mut refused = Vec::new();
            let mut machine = Machine::new(host, &mut refused);
            let facts = matches.find(&machine);
            if facts.is_some() {
                machine.system = DetectedSystem::Windows;
            }
            let here = machine_actions(actions.machines.len(), &machine, wanted, named, facts);
            if !here.is_empty() {
                actions.refused.extend(refused);
                actions.read.extend(facts.map(|facts| facts.read));
                actions.machines.push(machine);
                actions.all.extend(here);
            }
        }
        actions.unused_facts = matches.unused();
        actions
    }

    pub(super) fn by_remedy(&self) -> Vec<RemedyMachines<'_>> {
        let mut parts: BTreeMap<(usize, u8), RemedyMachines<'_>> = BTreeMap::new();
        let mut seen = HashSet::new();
        // A remedy by script for one finding and by hand for another is done by script.
        let (by_hand, others): (Vec<_>, Vec<_>) = self
            .all
            .iter()
            .partition(|action| action.way == Execution::Page);
        for action in others.into_iter().chain(by_hand) {
            let order = script::order(action.remedy);
            let Some(machine) = self.machines.get(action.machine) else {
                continue;
            };
            if !seen.insert((order, action.machine)) {
                continue;
            }
            let part = parts.entry(order).or_insert_with(|| RemedyMachines {
                remedy: action.remedy,
                hosts: Vec::new(),
            });
            part.hosts.push((action.way, machine, action.inside));
        }
        parts.into_values().collect()
    }

    /// One row for each computer and port: an address of each family may lead to the same computer.
    pub(super) fn host_rows(&self) -> Vec<HostRow<'_>> {
        let mut rows: Vec<HostRow<'_>> = Vec::new();
        let mut places: HashMap<(String, u16), usize> = HashMap::new();
        for actions in self.all.chunk_by(|a, b| a.machine == b.machine) {
            let machine = actions
                .first()
                .and_then(|first| self.machines.get(first.machine));
            let Some((machine, computer)) =
                machine.and_then(|machine| Some((machine, machine.computer()?)))
            else {
                continue;
            };
            for action in actions.iter().filter(|action| action.way.by_script()) {
                let place = *places
                    .entry((computer.to_string(), machine.port))
                    .or_insert(rows.len());
                if place == rows.len() {
                    rows.push(HostRow {
                        machine,
                        computer: computer.clone(),
                        remedies: Vec::new(),
                        findings: Vec::new(),
                        proven: false,
                    });
                }
                if let Some(row) = rows.get_mut(place) {
                    row.proven |= action.way != Execution::Unproven;
                    // A reason that only the script found names nothing: R7, R8 and R9 may change what somebody decided.
                    if let Some(finding) = action.finding {
                        row.add(action.remedy, finding.id);
                    }
                }
            }
        }
        rows
    }
}

impl ScriptReach {
    pub(super) fn of(rows: &[HostRow<'_>]) -> Self {
        let hosts = rows.iter().filter(|row| row.proven).count();
        Self {
            hosts,
            when_named: rows.len() - hosts,
        }
    }
}

fn machine_actions<'a>(
    number: usize,
    machine: &Machine,
    wanted: Vec<(&'a Finding, &'static Remedy)>,
    named: &[&'static Remedy],
    facts: Option<&'a InsideHost>,
) -> Vec<RemedyAction<'a>> {
    let inside = |remedy: &Remedy| {
        facts?
            .steps
            .iter()
            .find(|step| step.remedy.key == remedy.key)
    };
    let mut actions: Vec<RemedyAction<'a>> = wanted
        .into_iter()
        .map(|(finding, remedy)| {
            let inside = inside(remedy);
            RemedyAction {
                machine: number,
                step: 0,
                finding: Some(finding),
                remedy,
                way: way(Some(finding), remedy, machine, inside),
                inside,
            }
        })
        .collect();
    for step in facts.map_or(&[][..], |facts| &facts.steps) {
        let found = step.view.is_found();
        let asked = named.is_empty() || named.contains(&step.remedy);
        let known = actions
            .iter()
            .any(|action| action.remedy.key == step.remedy.key);
        if found && asked && !known {
            actions.push(RemedyAction {
                machine: number,
                step: 0,
                finding: None,
                remedy: step.remedy,
                way: way(None, step.remedy, machine, Some(step)),
                inside: Some(step),
            });
        }
    }
    actions.sort_by_key(|action| script::order(action.remedy));
    let mut last = None;
    let mut step = 0;
    for action in &mut actions {
        if last != Some(&action.remedy.key) {
            last = Some(&action.remedy.key);
            step += 1;
        }
        action.step = step;
    }
    actions
}

fn way(
    finding: Option<&Finding>,
    remedy: &Remedy,
    machine: &Machine,
    inside: Option<&InsideStep>,
) -> Execution {
    let by_hand = |finding: &Finding| BY_HAND.contains(&(finding.id, remedy.key.as_str()));
    if !script::has_script(remedy) || finding.is_some_and(by_hand) {
        return Execution::Page;
    }
    match machine.system {
        DetectedSystem::Other => return Execution::NotWindows,
        _ if machine.computer().is_none() => return Execution::NoAddress,
        DetectedSystem::Unknown => return Execution::Unproven,
        DetectedSystem::Windows => {}
    }
    match inside.map(|step| step.view) {
        Some(InsideView::RuledOut) => Execution::RuledOut,
        Some(InsideView::Blocked) => Execution::Blocked,
        Some(InsideView::Confirmed | InsideView::Unknown) | None => Execution::Script,
    }
}
