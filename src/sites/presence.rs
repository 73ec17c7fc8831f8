//! Which sites and workers respond.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use tokio::time::Instant;

use super::rate::GONE;
use super::subjects::{self, Heartbeat};
use crate::model::{Progress, ScanId, Site};

/// A site without a heartbeat for so long is silent.
const SILENT: Duration = Duration::from_secs(10);
/// Who looks less often than this was held up, and heartbeats wait to be read.
const HELD_UP: Duration = Duration::from_secs(3);

/// The sites of a scan, and the workers on it.
#[derive(Debug)]
pub(super) struct Presence {
    scan: ScanId,
    sites: Vec<Site>,
    last_seen: HashMap<Site, Instant>,
    silent: HashSet<Site>,
    /// The newest heartbeat of each worker on this scan.
    beats: HashMap<Box<str>, (Instant, Heartbeat)>,
    looked_at: Instant,
    /// Since then every heartbeat arrives and is read.
    since: Instant,
}

impl Presence {
    pub(super) fn new(scan: ScanId, sites: &[Site], now: Instant) -> Self {
        Self {
            scan,
            sites: sites.to_vec(),
            last_seen: HashMap::new(),
            silent: HashSet::new(),
            beats: HashMap::new(),
            looked_at: now,
            since: now,
        }
    }

    /// A worker of a site lives. Returns the sites that were silent until now.
    pub(super) fn responds(&mut self, site: &Site, beat: Heartbeat, now: Instant) -> Vec<Site> {
        self.beats
            .retain(|_, (at, _)| now.duration_since(*at) < GONE);
        if beat.scan == Some(self.scan) {
            self.beats.insert(beat.worker.clone(), (now, beat));
        } else {
            self.beats.remove(&beat.worker);
        }
        let is_met = |one: &&Site| *one == site || one.as_str() == subjects::ANY;
        let met: Vec<Site> = self.sites.iter().filter(is_met).cloned().collect();
        for one in &met {
            self.last_seen.insert(one.clone(), now);
        }
        let was_silent = |one: &Site| self.silent.remove(one);
        met.into_iter().filter(was_silent).collect()
    }

    /// Looks for sites that have become silent. Where nothing can arrive, silence says nothing.
    pub(super) fn look(
        &mut self,
        now: Instant,
        is_connected: bool,
        is_done_at: impl Fn(&Site) -> bool,
    ) -> Vec<Site> {
        let is_held_up = now.duration_since(self.looked_at) >= HELD_UP;
        self.looked_at = now;
        if !is_connected || is_held_up {
            self.since = now;
            return Vec::new();
        }
        let mut silent = Vec::new();
        for site in &self.sites {
            let seen = self.last_seen.get(site).copied();
            let since = seen.map_or(self.since, |seen| seen.max(self.since));
            let is_silent = now.duration_since(since) >= SILENT;
            if is_silent && !is_done_at(site) && self.silent.insert(site.clone()) {
                silent.push(site.clone());
            }
        }
        silent
    }

    /// Why a worker cannot store its events. After an outage it has time to connect again.
    pub(super) fn trouble(&self, now: Instant) -> Option<String> {
        if now.duration_since(self.since) < SILENT {
            return None;
        }
        let live = self.live(now);
        let mut troubled = live.filter_map(|beat| Some((&beat.worker, beat.trouble.as_ref()?)));
        let (worker, trouble) = troubled.next()?;
        Some(format!("worker {worker}: {trouble}"))
    }

    /// Adds what the workers do.
    pub(super) fn add_to(&self, progress: &mut Progress, now: Instant) {
        for beat in self.live(now) {
            progress.rate += beat.rate.clamp(0.0, 1e9);
            progress.in_flight = progress.in_flight.saturating_add(beat.in_flight);
            let limit = progress.in_flight_limit;
            progress.in_flight_limit = limit.saturating_add(beat.in_flight_limit);
        }
    }

    fn live(&self, now: Instant) -> impl Iterator<Item = &Heartbeat> {
        let live = self.beats.values();
        let live = live.filter(move |(at, _)| now.duration_since(*at) < GONE);
        live.map(|(_, beat)| beat)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP: Duration = Duration::from_secs(1);

    fn scan() -> ScanId {
        "20261201T110000Z-00c0ffee".parse().unwrap()
    }

    fn beat(trouble: Option<&str>) -> Heartbeat {
        Heartbeat {
            worker: "pc-1".into(),
            scan: Some(scan()),
            trouble: trouble.map(Into::into),
            ..Heartbeat::default()
        }
    }

    /// Looks every second; returns when a site was found silent.
    fn found_silent(presence: &mut Presence, now: &mut Instant, looks: u32, up: bool) -> Vec<u32> {
        let mut found = Vec::new();
        for look in 1..=looks {
            *now += STEP;
            let silent = presence.look(*now, up, |_| false);
            found.extend(silent.iter().map(|_| look));
        }
        found
    }

    #[test]
    fn a_silent_site_is_found_once_and_again_after_it_has_responded() {
        let mut now = crate::clock::monotonic();
        let site: Site = "berlin".parse().unwrap();
        let mut presence = Presence::new(scan(), std::slice::from_ref(&site), now);
        assert_eq!(found_silent(&mut presence, &mut now, 30, true), [10]);
        let met = presence.responds(&site, beat(None), now);
        assert_eq!(met, std::slice::from_ref(&site));
        assert_eq!(presence.responds(&site, beat(None), now), []);
        assert_eq!(found_silent(&mut presence, &mut now, 30, true), [10]);
    }

    #[test]
    fn no_site_is_silent_for_what_cannot_arrive_or_was_not_read() {
        let mut now = crate::clock::monotonic();
        let site: Site = "berlin".parse().unwrap();
        let mut presence = Presence::new(scan(), std::slice::from_ref(&site), now);
        assert_eq!(found_silent(&mut presence, &mut now, 60, false), [0; 0]);
        assert_eq!(found_silent(&mut presence, &mut now, 9, true), [0; 0]);
        presence.responds(&site, beat(None), now);
        // The reader of the events took a minute for one of them.
        now += 60 * STEP;
        assert_eq!(found_silent(&mut presence, &mut now, 9, true), [0; 0]);
    }

    #[test]
    fn the_trouble_of_a_worker_is_known_while_it_lives() {
        let start = crate::clock::monotonic();
        let site: Site = "berlin".parse().unwrap();
        let mut presence = Presence::new(scan(), std::slice::from_ref(&site), start);
        presence.responds(&site, beat(Some("maximum bytes exceeded")), start);
        assert_eq!(presence.trouble(start), None, "it may be over soon");
        let now = start + SILENT;
        presence.responds(&site, beat(Some("maximum bytes exceeded")), now);
        let trouble = presence.trouble(now);
        assert_eq!(
            trouble.as_deref(),
            Some("worker pc-1: maximum bytes exceeded")
        );
        assert_eq!(presence.trouble(now + GONE), None);
        presence.responds(&site, beat(None), now);
        assert_eq!(presence.trouble(now), None);
    }
}
