//! One connection at a time per address, and a gap between two, whatever they are for.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Entries above which addresses whose gap is over are dropped.
const SWEEP_ABOVE: usize = 4096;

#[derive(Debug)]
pub(in crate::scan) struct PerHostLimiter {
    gap: Duration,
    state: HashMap<IpAddr, Contact>,
    sweep_at: usize,
}

#[derive(Debug, Clone, Copy)]
enum Contact {
    InFlight,
    Until(Instant),
}

impl PerHostLimiter {
    pub(in crate::scan) fn new(gap: Duration) -> Self {
        // A busy address is tried again after the gap, which must not be zero.
        let gap = gap.max(Duration::from_millis(1));
        Self {
            gap,
            state: HashMap::new(),
            sweep_at: SWEEP_ABOVE,
        }
    }

    /// `Ok` reserves the address; `Err` is when to try again.
    pub(in crate::scan) fn acquire(
        &mut self,
        address: IpAddr,
        now: Instant,
    ) -> Result<(), Instant> {
        match self.state.get(&address) {
            Some(Contact::InFlight) => Err(now + self.gap),
            Some(Contact::Until(at)) if *at > now => Err(*at),
            _ => {
                self.state.insert(address, Contact::InFlight);
                Ok(())
            }
        }
    }

    /// The connection ended. A silent address never saw one, so it needs no gap and leaves no trace.
    pub(in crate::scan) fn release(&mut self, address: IpAddr, answered: bool, now: Instant) {
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

    #[test]
    fn one_connection_at_a_time_and_a_gap_after_it() {
        let gap = Duration::from_millis(250);
        let mut limiter = PerHostLimiter::new(gap);
        let address = IpAddr::from([127, 0, 0, 1]);
        let now = crate::clock::monotonic().into_std();
        assert_eq!(limiter.acquire(address, now), Ok(()));
        assert_eq!(limiter.acquire(address, now), Err(now + gap));
        limiter.release(address, true, now);
        assert_eq!(limiter.acquire(address, now + gap / 2), Err(now + gap));
        assert_eq!(limiter.acquire(address, now + gap), Ok(()));
    }

    #[test]
    fn a_silent_address_leaves_no_state() {
        let mut limiter = PerHostLimiter::new(Duration::from_millis(250));
        let now = crate::clock::monotonic().into_std();
        let address = IpAddr::from([127, 0, 0, 1]);
        assert_eq!(limiter.acquire(address, now), Ok(()));
        limiter.release(address, false, now);
        assert!(limiter.state.is_empty());
    }
}
