//! `rdpscan why`: one host, scanned by name and by address, on one page.

use std::collections::HashSet;

use anyhow::{Result, anyhow};

use super::explain::page_width;
use super::scan_request::new_scan;
use super::session::{Finished, Session, View};
use super::sink::{self, Sink};
use super::{rules, signals, stderr};
use crate::cli::{WhyArgs, WhyFormat};
use crate::exit::ExitStatus;
use crate::fleet::Fleet;
use crate::model::ScanStatus;
use crate::pages::{self, Page, Question};
use crate::report::Format;
use crate::sanitize::{self, excerpt};
use crate::settings::Settings;
use crate::table::Filter;
use crate::targets::{TargetSet, TargetSetBuilder};

pub(super) async fn run(arguments: WhyArgs, mut settings: Settings) -> Result<ExitStatus> {
    let question = Question::read(&arguments.code)?;
    let targets = one_host(&arguments.host, &settings)?;
    let scan = new_scan(&mut settings, crate::clock::wall());
    let quiet = settings.output.quiet;
    let output = settings.output.clone();
    let session = Session {
        rules: rules::of(&settings),
        settings,
        scan,
        targets: targets.into(),
        simulated: false,
        view: View::Headless { progress: !quiet },
        record: None,
        history: None,
        lists_unresolved: true,
        resumed: None,
        sites: None,
    };
    let Some(Finished { fleet, .. }) = Box::pin(session.run(&signals::listen())).await? else {
        return Ok(ExitStatus::Interrupted);
    };
    if !quiet {
        stderr::print_notices(&fleet.notices());
    }
    match arguments.format {
        WhyFormat::Text => {
            let pages = answers(&fleet, question.as_ref());
            sink::print(&sanitize::lines(&pages::text(&pages, page_width())))?;
        }
        WhyFormat::Markdown => {
            let text = pages::markdown(&answers(&fleet, question.as_ref()));
            sink::print(&sanitize::lines(&text))?;
        }
        WhyFormat::Json => {
            let all = Filter::default();
            sink::write(&fleet, &all, &output, Format::Json, &Sink::Standard, None)?;
        }
    }
    match fleet.end().map(|end| end.status) {
        Some(ScanStatus::Complete) => Ok(ExitStatus::Done),
        _ => Ok(ExitStatus::Interrupted),
    }
}

/// A page for each address of the host, worst first.
fn answers(fleet: &Fleet, question: Option<&Question>) -> Vec<Page> {
    let rows = sink::rows(fleet, &Filter::default(), None, Format::Text);
    let hosts = rows
        .into_iter()
        .filter_map(|id| Some((id, fleet.host(id)?)));
    hosts
        .map(|(id, host)| pages::of_host(host, &fleet.undetermined(id), question))
        .collect()
}

fn one_host(text: &str, settings: &Settings) -> Result<TargetSet> {
    let several = || {
        let text = excerpt(text);
        anyhow!(
            "`{text}` is not one host: name one, as in `rdpscan why srv05.corp.example`, or scan all of them with `rdpscan {text}`"
        )
    };
    if text == "-" || text.starts_with('@') {
        return Err(several());
    }
    // Resolvers take a number for an address, so that it would be looked up as a host.
    if let Some(code) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))
        && code.chars().all(|digit| digit.is_ascii_hexdigit())
    {
        let text = excerpt(text);
        return Err(anyhow!(
            "`{text}` is a code and no host: name the host first, as in `rdpscan why srv05 {text}`, or look it up with `rdpscan explain {text}`"
        ));
    }
    let mut builder = TargetSetBuilder::new(&settings.scan.ports);
    builder.add_text(text)?;
    let targets = builder.build()?;
    let names: HashSet<&str> = targets
        .names()
        .iter()
        .map(|name| name.name.as_str())
        .collect();
    if targets.addresses() + names.len() as u64 != 1 {
        return Err(several());
    }
    Ok(targets)
}
