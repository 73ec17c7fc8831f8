//! How each site sees the host, where a scan has several.

use super::mark::Mark;
use super::page::Page;
use crate::diagnosis::{Ending, endings};
use crate::fleet::{Host, SiteView};
use crate::model::{History, HostState};

pub(super) fn write(host: &Host, history: &History, page: &mut Page) {
    if host.sites().is_empty() {
        return;
    }
    page.heading("Sites");
    for view in host.sites() {
        let seen = history
            .views()
            .find(|one| one.site.as_ref() == Some(&view.site));
        page.marked(view.site.as_str(), mark(view), &line(view, seen));
    }
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

/// State, where attempts end and how, names, and certificate.
fn line(view: &SiteView, seen: Option<&History>) -> String {
    let mut parts = vec![view.state.to_string()];
    if let Some(stage) = view.failed_stage {
        let failure = |ending| match ending {
            Ending::Failed(_, outcome) => Some(outcome.to_string()),
            _ => None,
        };
        let attempts = seen.map_or(&[][..], |seen| &seen.attempts);
        let how = endings(attempts).rev().find_map(failure);
        let how = how.map_or_else(String::new, |how| format!(": {how}"));
        parts = vec![format!("{} at {stage}{how}", view.state)];
    }
    parts.push(format!("DNS {}", view.dns));
    if let Some(certificate) = &view.certificate {
        parts.push(format!("certificate {}", certificate.short()));
    }
    parts.join(", ")
}
