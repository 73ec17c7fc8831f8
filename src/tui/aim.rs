//! What an action is for.

use super::action::MenuKind;
use super::copyable::{Copyable, copyables};
use super::model::{Model, Screen};
use crate::fleet::HostId;

/// Of more hosts than this, the palette leaves copies to their own menu: each host's facts are unpacked for them.
const MOST_LISTED: usize = 1_000;

/// Hosts that an action is for, as they stood when a menu opened: facts that arrive meanwhile may sort other hosts under the
/// cursor, and change neither these nor what the menu lists.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Aim {
    /// In the order shown.
    pub(super) hosts: Vec<HostId>,
    /// They were marked.
    pub(super) marked: bool,
    /// What can be copied of them.
    pub(super) copies: Vec<Copyable>,
}

impl Aim {
    /// Takes aim, for a menu of this kind.
    pub(super) fn take(model: &Model, kind: MenuKind) -> Self {
        if let Some(aim) = &model.aim
            && !(aim.copies.is_empty() && kind == MenuKind::Copy)
        {
            return aim.clone();
        }
        let hosts = model.meant();
        let lists = match kind {
            MenuKind::Copy => true,
            // Who wants to copy so many asks for it, and then waits a moment.
            MenuKind::Palette => hosts.len() <= MOST_LISTED,
            MenuKind::Sort | MenuKind::Columns | MenuKind::Groups | MenuKind::Export => false,
        };
        Self {
            marked: model.is_marked(),
            copies: if lists { copyables(model) } else { Vec::new() },
            hosts,
        }
    }
}

impl Model {
    /// What an action is for: what a menu took aim at; on a host's page that host, whatever is marked behind it; on the table
    /// the marked hosts, else the host or the group under the cursor; on the overview, which shows no cursor, the marked hosts.
    pub(super) fn meant(&self) -> Vec<HostId> {
        if let Some(aim) = &self.aim {
            return aim.hosts.clone();
        }
        match self.screen {
            Screen::Host { .. } => self.list.host().into_iter().collect(),
            Screen::Table => self.list.meant(),
            Screen::Overview(_) => self.list.marked(),
        }
    }

    /// Whether what is meant was marked.
    pub(super) fn is_marked(&self) -> bool {
        match &self.aim {
            Some(aim) => aim.marked,
            None => !matches!(self.screen, Screen::Host { .. }) && !self.list.marked().is_empty(),
        }
    }

    /// Who is meant, in a few words: `10.0.0.5:3389`, `3 marked hosts`; empty when nobody is.
    pub(super) fn who(&self, hosts: &[HostId], marked: bool) -> String {
        match hosts {
            [] => String::new(),
            [host] => self
                .fleet
                .host(*host)
                .map_or_else(String::new, |host| host.key().to_string()),
            many if marked => format!("{} marked hosts", many.len()),
            many => format!("{} hosts of the group", many.len()),
        }
    }
}
