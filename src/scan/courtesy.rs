//! One connection at a time per address, and a gap between two: whatever the reason for a connection, it passes here.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use tokio::time::Instant;

/// Entries above which cooled-down addresses are swept out.
const SWEEP_ABOVE: usize = 4096;

/// Who is being talked to, and who was talked to just now.
#[derive(Debug)]
pub(super) struct Courtesy {
    gap: Duration,
    state: HashMap<IpAddr, Contact>,
    sweep_at: usize,
}

#[derive(Debug, Clone, Copy)]
enum Contact {
    InFlight,
    Until(Instant),
}

impl Courtesy {
    pub(super) fn new(gap: Duration) -> Self {
        // A busy address is asked for again after the gap, so that it cannot be nothing.
        let gap = gap.max(Duration::from_millis(1));
        Self {
            gap,
            state: HashMap::new(),
            sweep_at: SWEEP_ABOVE,
        }
    }

    /// `None` when a connection may start now, and marks it as under way; else when to ask again.
    pub(super) fn enter(&mut self, address: IpAddr, now: Instant) -> Option<Instant> {
        match self.state.get(&address) {
            Some(Contact::InFlight) => Some(now + self.gap),
            Some(Contact::Until(at)) if *at > now => Some(*at),
            _ => {
                self.state.insert(address, Contact::InFlight);
                None
            }
        }
    }

    /// The connection ended. A silent address never saw one, so it needs no gap and leaves no trace.
    pub(super) fn leave(&mut self, address: IpAddr, answered: bool, now: Instant) {
        if answered {
            self.state.insert(address, Contact::Until(now + self.gap));
        } else {
            self.state.remove(&address);
        }
        if self.state.len() >= self.sweep_at {
            self.state
                .retain(|_, contact| !matches!(contact, Contact::Until(at) if *at <= now));
            self.sweep_at = SWEEP_ABOVE.max(self.state.len() * 2);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_connection_at_a_time_and_a_gap_after_it() {
        let gap = Duration::from_millis(250);
        let mut courtesy = Courtesy::new(gap);
        let address = IpAddr::from([127, 0, 0, 1]);
        let now = crate::clock::monotonic();
        assert_eq!(courtesy.enter(address, now), None);
        assert_eq!(courtesy.enter(address, now), Some(now + gap));
        courtesy.leave(address, true, now);
        assert_eq!(courtesy.enter(address, now + gap / 2), Some(now + gap));
        assert_eq!(courtesy.enter(address, now + gap), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_address_leaves_no_state() {
        let mut courtesy = Courtesy::new(Duration::from_millis(250));
        let now = crate::clock::monotonic();
        let address = IpAddr::from([127, 0, 0, 1]);
        assert_eq!(courtesy.enter(address, now), None);
        courtesy.leave(address, false, now);
        assert!(courtesy.state.is_empty());
    }
}
