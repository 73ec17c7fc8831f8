//! What has changed since the scan before, as a part of each row.

use std::collections::HashMap;
use std::sync::Arc;

use super::Fleet;
use crate::model::{Change, HostKey};

impl Fleet {
    /// Sets what has changed at each row; those not named are as they were.
    pub fn set_changes(&mut self, changes: &HashMap<HostKey, Arc<[Change]>>) {
        let rows = self.hosts.iter_mut().filter(|host| host.is_row());
        let mut is_changed = false;
        for host in rows {
            let found = changes.get(host.key());
            if host.changes.as_ref() == found {
                continue;
            }
            let summary = Arc::make_mut(&mut self.summary);
            let host = Arc::make_mut(host);
            summary.remove(host);
            host.changes = found.cloned();
            summary.add(host);
            is_changed = true;
        }
        self.revision += u64::from(is_changed);
    }
}
