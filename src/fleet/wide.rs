use std::borrow::Cow;

use super::Fleet;
use crate::diagnosis::{Banner, FleetSight};
use crate::model::History;

/// The first look at the fleet as a whole comes after this many attempts, the next ones each time the number has doubled:
/// over a scan they cost no more than two looks at its end.
pub(super) const FIRST_LOOK: u64 = 32;

impl Fleet {
    /// Looks at all hosts together. Hosts judged from now on know of it; when the fleet settles all are judged again.
    pub(super) fn look_around(&mut self) {
        let references: Vec<&History> = self.references.values().collect();
        self.sight = FleetSight::of(|place| match self.hosts.get(place) {
            Some(host) => Some(Cow::Owned(host.history())),
            None => references
                .get(place - self.hosts.len())
                .map(|history| Cow::Borrowed(*history)),
        });
    }

    pub(super) fn look_around_when_due(&mut self) {
        self.attempts += 1;
        if self.attempts >= self.look_at {
            self.look_at = self.attempts.saturating_mul(2);
            self.look_around();
        }
    }

    /// What the hosts together say about this machine: to be shown beside the notices.
    #[must_use]
    pub fn banners(&self) -> Vec<Banner> {
        self.sight.banners()
    }
}
