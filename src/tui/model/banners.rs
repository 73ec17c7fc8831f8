use super::{Model, Since};
use crate::counts::counted;
use crate::model::{DEFAULT_PORT, Endpoint, Notice};
use crate::table::View;
use crate::tui::action::Action;
use crate::tui::text;

impl Model {
    /// Stuck connections, then problems of the scan, gravest first; skipped hosts share one line.
    pub(in crate::tui) fn banners(&self, room: usize) -> Vec<String> {
        let mut banners: Vec<String> = self.stuck(room.saturating_sub(4)).into_iter().collect();
        banners.extend(self.fleet.banners().into_iter().map(|banner| banner.text));
        banners.extend(self.lost());
        let mut skipped = Vec::new();
        for notice in self.fleet.notices() {
            match notice {
                Notice::HostSkipped { host } => skipped.push(host),
                other => banners.push(other.to_string()),
            }
        }
        match skipped.as_slice() {
            [] => {}
            [one] => banners.push(format!("skipped {one} before its probes were complete")),
            [first, rest @ ..] => banners.push(format!(
                "skipped {first} and {} more before their probes were complete",
                rest.len()
            )),
        }
        banners
            .into_iter()
            .map(|banner| text::clean(&banner).into_owned())
            .collect()
    }

    /// In the view of what has changed, the hosts that have no row because nothing answers there any more.
    fn lost(&self) -> Option<String> {
        let Since::Known(comparison) = &self.past.since else {
            return None;
        };
        let names: Vec<String> = (comparison.lost())
            .map(|host| match &host.name {
                Some(name) => format!("{name} ({})", host.key),
                None => host.key.to_string(),
            })
            .collect();
        let is_shown = self.table.query.view == View::Changed && !names.is_empty();
        is_shown.then(|| {
            let count = counted(names.len() as u64, "host", "hosts");
            format!("{count} gone since the scan before: {}", names.join(", "))
        })
    }

    /// The stuck connections, as many by name as fit into `room` cells, and the key that skips the first.
    fn stuck(&self, room: usize) -> Option<String> {
        let progress = &self.progress;
        if progress.stuck.is_empty() || progress.finished || self.fleet.end().is_some() {
            return None;
        }
        let key = self.keymap.label(self.screen_context(), &Action::Skip);
        let hint = if self.capabilities.control && !key.is_empty() {
            format!("; {key} skips the first")
        } else {
            String::new()
        };
        let line = |named: usize| {
            let names: Vec<String> = progress
                .stuck
                .iter()
                .take(named)
                .map(|(endpoint, since)| format!("{} {}", short(*endpoint), text::duration(*since)))
                .collect();
            let all = usize::try_from(progress.stuck_count).unwrap_or(usize::MAX);
            let more = match all.saturating_sub(names.len()) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!("stuck: {}{more}{hint}", names.join(", "))
        };
        let mut longest_first = (2..=progress.stuck.len()).rev().map(line);
        let fitting = longest_first.find(|line| text::width(line) <= room);
        Some(fitting.unwrap_or_else(|| line(1)))
    }
}

/// An endpoint as the table shows it: without the default port.
fn short(endpoint: Endpoint) -> String {
    if endpoint.port == DEFAULT_PORT {
        endpoint.address.to_string()
    } else {
        endpoint.to_string()
    }
}
