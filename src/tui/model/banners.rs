use super::{Model, Since};
use crate::counts::counted;
use crate::model::{DEFAULT_PORT, Endpoint, Notice};
use crate::table::View;
use crate::tui::action::Action;
use crate::tui::text;

/// Lost hosts that are named.
const MOST_LOST: usize = 20;

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
        if self.table.query.view != View::Changed {
            return None;
        }
        let count = comparison.lost().count();
        let lost = comparison.lost().take(MOST_LOST);
        let names: Vec<String> = lost
            .map(|host| match &host.name {
                Some(name) => format!("{name} ({})", host.key),
                None => host.key.to_string(),
            })
            .collect();
        let more = match count.saturating_sub(names.len()) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        (count > 0).then(|| {
            let count = counted(count as u64, "host", "hosts");
            format!(
                "{count} gone since the scan before: {}{more}",
                names.join(", ")
            )
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

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::changes::{Comparison, HostChanges};
    use crate::kit;
    use crate::model::{Change, ChangeClass, EpochId, HostKey};
    use crate::tui::Theme;

    #[test]
    fn of_many_lost_hosts_some_are_named_and_all_counted() {
        let host = |last| HostChanges {
            key: HostKey::Endpoint(kit::endpoint(&format!("10.0.0.{last}"))),
            name: None,
            is_row: false,
            changes: vec![Change {
                class: ChangeClass::Gone,
                before: None,
                after: None,
            }],
        };
        let scan = EpochId::new("20260121T120000Z-00c0ffee".parse().unwrap(), 1);
        let comparison = |hosts| Comparison {
            before: scan,
            after: scan,
            times: (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH),
            hosts,
            unchanged: 0,
        };
        let mut model = Model::new(kit::judged([]), Theme::default(), true);
        model.past.since = Since::Known(Box::new(comparison((1..=25).map(host).collect())));
        assert_eq!(model.lost(), None, "only the view of what has changed");
        model.table.query.view = View::Changed;
        let line = model.lost().unwrap();
        assert!(line.starts_with("25 hosts gone since"), "{line}");
        assert!(line.ends_with(", 10.0.0.20:3389 and 5 more"), "{line}");
        model.past.since = Since::Known(Box::new(comparison(Vec::new())));
        assert_eq!(model.lost(), None);
    }
}
