use std::io;
use std::net::{IpAddr, SocketAddr};

/// Why a simulated fleet cannot be built or started.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// The text is not TOML, or not of this form.
    #[error("not a scenario: {0}")]
    Syntax(String),
    /// The text is well formed, but contradicts itself.
    #[error("scenario entry {entry}: {reason}")]
    Invalid {
        /// Which host, name or record.
        entry: String,
        /// What is wrong and what would be right.
        reason: String,
    },
    /// INVARIANT: the simulator neither binds nor hands out anything but loopback addresses.
    #[error("{0} is not a loopback address; simulated hosts live in 127.0.0.0/8 or on ::1 only")]
    NotLoopback(IpAddr),
    /// The operating system did not let us listen.
    #[error("cannot listen on {address}: {source}; start with free ports instead of written ones")]
    Bind {
        /// Where.
        address: SocketAddr,
        /// Its words.
        source: io::Error,
    },
    /// No port was free on every address of the fleet.
    #[error("no common free port found for the simulated hosts after {tried} tries")]
    NoFreePort {
        /// Ports tried.
        tried: u32,
    },
    /// A certificate could not be made.
    #[error("certificate of simulated host {host}: {reason}")]
    Certificate {
        /// The host's address.
        host: String,
        /// The library's words.
        reason: String,
    },
}
