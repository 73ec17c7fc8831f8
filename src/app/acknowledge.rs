//! `rdpscan ack`: findings that somebody knows of, so that they do not count until a day.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow, bail};

use crate::changes::{HostRecord, PastHost};
use crate::cli::{AckArgs, AckCommand};
use crate::clock;
use crate::diagnosis::catalog;
use crate::exit::ExitStatus;
use crate::fleet::{Acknowledgement, Exceptions, Fleet, HostMarks};
use crate::history::Index;
use crate::model::{HostKey, Severity, utc_day};
use crate::sanitize::{excerpt, single_line};
use crate::settings::{Settings, nearest};
use crate::tui::Acknowledge;

use super::history::table;
use super::{kept, rules, sink};

/// Characters of a note or a name.
const LONGEST: usize = 500;

pub(super) fn run(arguments: &AckArgs, settings: &Settings) -> Result<ExitStatus> {
    let text = match &arguments.command {
        Some(AckCommand::List) => list()?,
        Some(AckCommand::Remove { host, finding }) => remove(host, finding)?,
        None => {
            let (Some(host), Some(finding), Some(until), Some(note)) = (
                &arguments.host,
                &arguments.finding,
                arguments.until,
                &arguments.note,
            ) else {
                bail!("name a host, a finding, --until and --note");
            };
            let finding = kind(finding)?;
            let (record, severity) = find(host, finding, settings)?;
            let entry = checked(Acknowledgement {
                marks: record.marks(),
                name: record.name,
                finding: finding.into(),
                severity,
                until,
                by: arguments.by.clone().unwrap_or_else(user).into(),
                note: note.trim().into(),
                at: clock::wall(),
            })?;
            let host = entry.marks.key.to_string();
            let changed = rules::file()?.change(|entries| put(entries, entry))?;
            rules::print_damage(&changed);
            format!("acknowledged {finding} of {host} until {until}\n")
        }
    };
    sink::print(&text)?;
    Ok(ExitStatus::Done)
}

fn checked(entry: Acknowledgement) -> Result<Acknowledgement> {
    let today = utc_day(entry.at);
    if entry.until < today {
        bail!(
            "{} is over: name today, {today}, or a later day",
            entry.until
        );
    }
    for text in [&entry.note, &entry.by] {
        if text.chars().count() > LONGEST {
            bail!(
                "`{}` has more than {LONGEST} characters: shorten it",
                excerpt(text)
            );
        }
    }
    Ok(entry)
}

/// What the screen asks for. What is acknowledged of simulated hosts is not kept.
pub(super) fn on_screen(fleet: &Fleet, wanted: &Acknowledge) -> Result<Arc<Exceptions>> {
    let host = fleet
        .host(wanted.host)
        .context("the host is no longer listed")?;
    let marks = HostMarks::of(&host.history());
    let entry = match &wanted.until {
        None => None,
        Some((until, note)) => {
            let findings = host.diagnosis.findings.iter();
            let found = findings.filter(|one| one.id == wanted.finding);
            let severity = found.map(|one| one.severity).max();
            Some(checked(Acknowledgement {
                marks: marks.clone(),
                name: host.display_name().map(Into::into),
                finding: wanted.finding.into(),
                severity: severity.context("the host no longer has this finding")?,
                until: *until,
                by: user().into(),
                note: note.trim().into(),
                at: clock::wall(),
            })?)
        }
    };
    let change = |entries: &mut Vec<Acknowledgement>| match entry {
        Some(entry) => put(entries, entry),
        None => entries.retain(|one| *one.finding != *wanted.finding || !one.is_of(&marks)),
    };
    let known = &fleet.rules().exceptions;
    let entries = if fleet.plan().is_some_and(|plan| plan.simulated) {
        let mut entries = known.acknowledged().cloned().collect();
        change(&mut entries);
        entries
    } else {
        rules::file()?.change(change)?.entries
    };
    Ok(Arc::new(known.with(entries)))
}

/// Adds one, in place of an earlier one of the same finding of the host.
fn put(entries: &mut Vec<Acknowledgement>, entry: Acknowledgement) {
    entries.retain(|one| one.finding != entry.finding || !one.is_of(&entry.marks));
    entries.push(entry);
}

/// The name of the user who runs this.
fn user() -> String {
    let names = ["USER", "LOGNAME", "USERNAME"].into_iter();
    let mut names = names.filter_map(|name| std::env::var(name).ok());
    let name = names.find(|name| !name.trim().is_empty());
    name.unwrap_or_else(|| "unknown".to_owned())
}

/// The id of a kind of finding, however it is written.
fn kind(text: &str) -> Result<&'static str> {
    let wanted = text.trim().to_ascii_uppercase();
    let mut ids = catalog::kinds().map(|kind| kind.id);
    ids.find(|id| *id == wanted).ok_or_else(|| {
        let ids = catalog::kinds().map(|kind| kind.id);
        let hint = nearest(&wanted, ids).map(|id| format!("; the nearest is `{id}`"));
        anyhow!(
            "there is no finding `{}`{}; `rdpscan explain findings` lists all",
            excerpt(text),
            hint.unwrap_or_default()
        )
    })
}

/// The host in its newest kept scan, and the severity of the finding there.
fn find(name: &str, finding: &str, settings: &Settings) -> Result<(HostRecord, Severity)> {
    let mut index = Index::open(&kept::folder()?, rules::of(settings))?;
    let mut seen = index.host(name)?;
    let Some(newest) = seen.last().map(|host| host.id) else {
        bail!(
            "no kept scan has a host `{}`; scan it first, or name it as a scan shows it",
            single_line(name)
        );
    };
    seen.retain(|host| host.id == newest);
    let severity = |host: &PastHost| {
        let found = host.record.all_findings();
        let found = found.filter(|(id, _)| **id == *finding);
        found.map(|(_, severity)| *severity).max()
    };
    let having: Vec<(&PastHost, Severity)> = seen
        .iter()
        .filter_map(|host| Some((host, severity(host)?)))
        .collect();
    match &*having {
        [] => {
            let found = seen.iter().flat_map(|host| host.record.all_findings());
            let mut found: Vec<&str> = found.map(|(id, _)| &**id).collect();
            found.dedup();
            let has = if found.is_empty() {
                "no finding".to_owned()
            } else {
                found.join(", ")
            };
            bail!(
                "`{}` does not have {finding} in its newest scan, {newest}; it has {has}",
                single_line(name)
            )
        }
        [(host, severity)] => Ok((host.record.clone(), *severity)),
        found => {
            let keys = found.iter().map(|(host, _)| host.record.key.to_string());
            Err(several(name, finding, &keys.collect::<Vec<_>>()))
        }
    }
}

fn list() -> Result<String> {
    let found = rules::file()?.read()?;
    rules::print_damage(&found);
    if found.entries.is_empty() {
        return Ok("nothing is acknowledged\n".to_owned());
    }
    let today = utc_day(clock::wall());
    let headings = ["HOST", "NAME", "FINDING", "SEVERITY", "UNTIL", "BY", "NOTE"];
    let rows = found.entries.iter().map(|one| {
        let ended = if one.until < today { " (ended)" } else { "" };
        [
            one.marks.key.to_string(),
            one.name.as_deref().unwrap_or_default().to_owned(),
            one.finding.to_string(),
            one.severity.to_string(),
            format!("{}{ended}", one.until),
            one.by.to_string(),
            one.note.to_string(),
        ]
    });
    Ok(table(headings, rows))
}

fn remove(host: &str, finding: &str) -> Result<String> {
    let finding = kind(finding)?;
    let mut called = BTreeSet::new();
    let found = rules::file()?.change(|entries| {
        let is_meant = |one: &Acknowledgement| *one.finding == *finding && is_called(one, host);
        let keys = entries.iter().filter(|one| is_meant(one));
        called.extend(keys.map(|one| one.marks.key.to_string()));
        if called.len() == 1 {
            entries.retain(|one| !is_meant(one));
        }
    })?;
    rules::print_damage(&found);
    match &*called.into_iter().collect::<Vec<_>>() {
        [] => bail!(
            "{finding} of `{}` is not acknowledged; `rdpscan ack list` lists what is",
            single_line(host)
        ),
        [key] => Ok(format!("{finding} of {} counts again\n", single_line(key))),
        keys => Err(several(host, finding, keys)),
    }
}

fn several(name: &str, finding: &str, keys: &[String]) -> anyhow::Error {
    anyhow!(
        "`{}` is the name of several hosts with {finding}; name one by its address: {}",
        single_line(name),
        single_line(&keys.join(", "))
    )
}

fn is_called(one: &Acknowledgement, host: &str) -> bool {
    let host = host.trim().trim_end_matches('.').to_lowercase();
    let address = match &one.marks.key {
        HostKey::Endpoint(endpoint) => endpoint.address.to_string(),
        HostKey::Unresolved { name, .. } => name.to_lowercase(),
    };
    let names = one
        .marks
        .listed
        .iter()
        .chain(&one.marks.machines)
        .chain(&one.name);
    let mut names = names.map(|name| name.to_lowercase());
    host == address
        || host == one.marks.key.to_string().to_lowercase()
        || names.any(|name| name == host || name.split('.').next() == Some(&*host))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::{endpoint, now};
    use crate::model::Digest;

    #[test]
    fn another_host_with_the_same_listed_name_keeps_what_is_acknowledged_of_it() {
        let acknowledged = |address: &str, key| Acknowledgement {
            marks: HostMarks {
                key: HostKey::Endpoint(endpoint(address)),
                listed: vec!["rds.corp.example".into()],
                machines: Vec::new(),
                keys: vec![Digest([key; 32])],
            },
            name: None,
            finding: "RDP-CERT-SELF-SIGNED".into(),
            severity: Severity::Medium,
            until: "2027-01-31".parse().unwrap(),
            by: "anna".into(),
            note: "no CA".into(),
            at: now(),
        };
        let mut entries = Vec::new();
        put(&mut entries, acknowledged("10.0.0.1", 1));
        put(&mut entries, acknowledged("10.0.0.2", 2));
        assert_eq!(entries.len(), 2);
        // Of one that has a new key, and of one that has moved.
        put(&mut entries, acknowledged("10.0.0.1", 3));
        put(&mut entries, acknowledged("10.0.0.4", 2));
        let keys = entries.iter().map(|one| one.marks.key.to_string());
        assert!(keys.eq(["10.0.0.1:3389", "10.0.0.4:3389"]), "{entries:?}");
    }
}
