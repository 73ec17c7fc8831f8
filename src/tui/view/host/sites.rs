//! How each site sees the host, where a scan has several: the values of a row below one another.

use super::mark::Mark;
use super::page::{LABEL, Page};
use crate::fleet::{Host, SiteView};
use crate::model::{History, HostState, Site};
use crate::pages::{NOTHING, SiteRow, site_table};
use crate::tui::theme::Tone;

pub(super) fn write(host: &Host, history: &History, page: &mut Page) {
    let table = site_table(host, history);
    if table.sites.is_empty() {
        return;
    }
    page.heading("Sites");
    let widest = table.sites.iter().map(|site| site.as_str().len()).max();
    let widest = widest.unwrap_or_default().max(ALL.len());
    for (number, row) in table.rows.iter().enumerate() {
        for (index, (site, value, mark, tone)) in cells(host, &table.sites, row, number == 0)
            .into_iter()
            .enumerate()
        {
            let label = if index == 0 { row.label } else { "" };
            let lead = vec![
                (format!("  {label:<LABEL$}"), Tone::Dim),
                mark.piece(page.theme),
                (format!("{site:<widest$}  "), Tone::Dim),
            ];
            page.hang(lead, value, tone);
        }
    }
}

const ALL: &str = "all";

/// Site, value, mark and tone: one line where all sites agree.
fn cells<'a>(
    host: &Host,
    sites: &'a [Site],
    row: &'a SiteRow,
    is_state: bool,
) -> Vec<(&'a str, &'a str, Mark, Tone)> {
    let values = sites.iter().zip(&row.values);
    let all_alike = row
        .values
        .windows(2)
        .all(|pair| pair.first() == pair.last());
    if let Some(value) = row
        .values
        .first()
        .filter(|_| all_alike && sites.len() > 1 && !is_state)
    {
        return vec![(ALL, value, Mark::None, Tone::Plain)];
    }
    let line = |(site, value): (&'a Site, &'a String)| {
        let view = host.sites().iter().find(|view| view.site == *site);
        let mark = match view {
            Some(view) if is_state => mark(view),
            _ if row.differs && value != NOTHING => Mark::Partly,
            _ => Mark::None,
        };
        (site.as_str(), value.as_str(), mark, Tone::Plain)
    };
    values.map(line).collect()
}

const fn mark(view: &SiteView) -> Mark {
    match view.state {
        HostState::Healthy => Mark::Good,
        HostState::Degraded => Mark::Partly,
        HostState::NotProbed | HostState::Skipped => Mark::None,
        HostState::Broken
        | HostState::NotRdp
        | HostState::Unreachable
        | HostState::Filtered
        | HostState::Closed => Mark::Bad,
    }
}
