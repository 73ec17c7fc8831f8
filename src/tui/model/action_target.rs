use super::{Model, Screen};
use crate::fleet::HostId;
use crate::tui::action::MenuKind;
use crate::tui::copyable::{Copyable, copyables};

/// With more hosts selected than this, the command palette has no copies: each host's history is unpacked for them.
const MOST_COPIED: usize = 1_000;

/// The hosts that an action is for, as of when its menu opened: events that arrive meanwhile may sort other hosts under the
/// cursor, and change neither these nor the lines of the menu.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::tui) struct ActionTarget {
    /// In the order shown.
    pub(in crate::tui) hosts: Vec<HostId>,
    /// They are the marked hosts.
    pub(in crate::tui) marked: bool,
    /// What can be copied of them.
    pub(in crate::tui) copies: Vec<Copyable>,
}

impl ActionTarget {
    pub(in crate::tui) fn for_menu(model: &Model, kind: MenuKind) -> Self {
        if let Some(target) = &model.target
            && !(target.copies.is_empty() && kind == MenuKind::Copy)
        {
            return target.clone();
        }
        let hosts = model.targeted_hosts();
        let copies = match kind {
            MenuKind::Copy => copyables(&model.fleet, &hosts),
            MenuKind::Commands if hosts.len() <= MOST_COPIED => copyables(&model.fleet, &hosts),
            _ => Vec::new(),
        };
        Self {
            hosts,
            marked: model.targets_marked(),
            copies,
        }
    }
}

impl Model {
    /// The hosts that an action is for: those of the menu that it was picked from; on a host's page that host; on the table the
    /// marked hosts, else the host or the group under the cursor; on the overview, which has no cursor, the marked hosts.
    pub(in crate::tui) fn targeted_hosts(&self) -> Vec<HostId> {
        if let Some(target) = &self.target {
            return target.hosts.clone();
        }
        match self.screen {
            Screen::Host { .. } => self.table.host().into_iter().collect(),
            Screen::Table => self.table.selected(),
            Screen::Overview(_) => self.table.marked(),
        }
    }

    /// What can be copied of the targeted hosts.
    #[must_use]
    pub fn copyables(&self) -> Vec<Copyable> {
        copyables(&self.fleet, &self.targeted_hosts())
    }

    /// Whether the targeted hosts are the marked hosts.
    pub(in crate::tui) fn targets_marked(&self) -> bool {
        match &self.target {
            Some(target) => target.marked,
            None => !self.on_host_page() && !self.table.marked().is_empty(),
        }
    }

    /// The hosts in a few words: `10.0.0.5:3389`, `3 marked hosts`; empty for none.
    pub(in crate::tui) fn target_label(&self, target: &ActionTarget) -> String {
        match target.hosts.as_slice() {
            [] => String::new(),
            [host] => self
                .fleet
                .host(*host)
                .map_or_else(String::new, |host| host.key().to_string()),
            many if target.marked => format!("{} marked hosts", many.len()),
            many => format!("{} hosts of the group", many.len()),
        }
    }
}
