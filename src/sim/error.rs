use std::io;
use std::net::{IpAddr, SocketAddr};

#[derive(Debug, thiserror::Error)]
pub enum SimError {
    #[error("not a scenario: {0}")]
    Syntax(String),
    /// A contradiction.
    #[error("scenario entry {entry}: {reason}")]
    Invalid {
        /// Host, name or record.
        entry: String,
        reason: String,
    },
    /// INVARIANT: the simulator neither binds nor hands out anything but loopback addresses.
    #[error("{0} is not a loopback address; simulated hosts live in 127.0.0.0/8 or on ::1 only")]
    NotLoopback(IpAddr),
    #[error("cannot listen on {address}: {source}; start with free ports instead of written ones")]
    Bind {
        address: SocketAddr,
        source: io::Error,
    },
    #[error("no common free port found for the simulated hosts after {tried} tries")]
    NoFreePort { tried: u32 },
    #[error("certificate of simulated host {host}: {reason}")]
    Certificate { host: String, reason: String },
}
