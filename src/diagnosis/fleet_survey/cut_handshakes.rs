use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::model::{Attempt, History, Outcome, Stage, TlsHandshake};

/// Fewer hosts than this may all have the same fault of their own.
const MANY: u32 = 5;
/// More than this share of a prefix must break alike, in percent.
const SHARE_PERCENT: u32 = 60;
/// A server that sent its certificate sent more than this, in bytes.
const EARLY_BYTES: u32 = 512;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct EarlyEnd {
    reset: bool,
    received: u32,
}

/// Hosts of one prefix whose TLS is cut alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CutPrefix {
    /// First address of the prefix.
    pub(crate) network: IpAddr,
    /// Length of the prefix.
    pub(crate) bits: u8,
    /// Hosts cut alike.
    pub(crate) hosts: u32,
    /// Hosts of the prefix that came as far as TLS.
    pub(crate) reached: u32,
    end: EarlyEnd,
}

/// By first address of the prefix.
pub(super) type CutPrefixes = BTreeMap<IpAddr, CutPrefix>;

/// Counts by prefix.
#[derive(Debug, Default)]
pub(super) struct CutHandshakes {
    reached: BTreeMap<IpAddr, u32>,
    cut: BTreeMap<(IpAddr, EarlyEnd), u32>,
}

impl CutHandshakes {
    pub(super) fn add(&mut self, history: &History) {
        let (Some(endpoint), Some(end)) = (history.key.endpoint(), handshakes(history)) else {
            return;
        };
        let (network, _) = prefix(endpoint.address);
        *self.reached.entry(network).or_default() += 1;
        if let HandshakeEnds::Cut(end) = end {
            *self.cut.entry((network, end)).or_default() += 1;
        }
    }

    pub(super) fn finish(self) -> CutPrefixes {
        let Self { reached, cut } = self;
        cut.into_iter()
            .filter(|(_, hosts)| *hosts >= MANY)
            .filter_map(|((network, end), hosts)| {
                let reached = *reached.get(&network)?;
                // More than half, so that no prefix can have two of them.
                (hosts * 100 > reached * SHARE_PERCENT).then_some((
                    network,
                    CutPrefix {
                        network,
                        bits: prefix(network).1,
                        hosts,
                        reached,
                        end,
                    },
                ))
            })
            .collect()
    }
}

pub(super) fn prefix_of_host(prefixes: &CutPrefixes, history: &History) -> Option<CutPrefix> {
    let (network, _) = prefix(history.key.endpoint()?.address);
    let cut = *prefixes.get(&network)?;
    (handshakes(history)? == HandshakeEnds::Cut(cut.end)).then_some(cut)
}

/// How the handshakes of a host ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HandshakeEnds {
    /// All were cut early, in one and the same way.
    Cut(EarlyEnd),
    Otherwise,
}

/// `None`: it never came to TLS.
fn handshakes(history: &History) -> Option<HandshakeEnds> {
    let mut ends = history.attempts.iter().filter_map(attempt_end);
    let first = ends.next()?;
    Some(if ends.all(|end| end == first) {
        first
    } else {
        HandshakeEnds::Otherwise
    })
}

fn attempt_end(attempt: &Attempt) -> Option<HandshakeEnds> {
    let record = attempt.stage(Stage::Tls)?;
    if !attempt.probe.is_default() {
        // Another hello may be cut at another byte; one that is answered is not cut on the way.
        return record.outcome.is_ok().then_some(HandshakeEnds::Otherwise);
    }
    let (reset, received) = match record.outcome {
        Outcome::Closed { received } => (false, received),
        Outcome::Reset { received } => (true, received),
        ref outcome if outcome.is_ours() => return None,
        _ => return Some(HandshakeEnds::Otherwise),
    };
    let read = attempt
        .tls
        .as_ref()
        .is_some_and(|tls| tls.handshake != TlsHandshake::Failed);
    Some(if read || received >= EARLY_BYTES {
        HandshakeEnds::Otherwise
    } else {
        HandshakeEnds::Cut(EarlyEnd { reset, received })
    })
}

/// A /24 or a /64: what usually lies behind one device.
pub(super) fn prefix(address: IpAddr) -> (IpAddr, u8) {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            (Ipv4Addr::new(a, b, c, 0).into(), 24)
        }
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            (Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into(), 64)
        }
    }
}

impl CutPrefix {
    /// "reset (RST) after 0 bytes on 7 of 8 hosts of 10.0.0.0/24".
    pub(crate) fn words(&self) -> String {
        let how = if self.end.reset {
            "reset (RST)"
        } else {
            "closed (FIN)"
        };
        format!(
            "{how} after {} bytes in TLS on {} of {} hosts of {}/{}",
            self.end.received, self.hosts, self.reached, self.network, self.bits
        )
    }
}
