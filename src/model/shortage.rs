use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The resource that ran out, so that a socket could not be opened or connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Shortage {
    /// This process's open files (EMFILE, WSAEMFILE).
    ProcessFiles,
    /// The open files of the whole system (ENFILE).
    SystemFiles,
    /// Kernel memory for sockets (ENOBUFS, ENOMEM, WSAENOBUFS).
    SocketMemory,
    /// Local ports (EADDRNOTAVAIL, WSAEADDRNOTAVAIL, WSAEADDRINUSE).
    LocalPorts,
}

/// The cause and what to do about it.
impl fmt::Display for Shortage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ProcessFiles => {
                "too many open files in this process: raise its limit (ulimit -n) or lower --concurrency"
            }
            Self::SystemFiles => {
                "too many open files in the whole system: close other programs or raise its limit (sysctl fs.file-max)"
            }
            Self::SocketMemory => {
                "no kernel memory left for sockets: lower --concurrency or close other programs"
            }
            Self::LocalPorts => {
                "no local port left: lower --rate, wait until closed connections expire, or widen the port range (sysctl \
                 net.ipv4.ip_local_port_range, netsh int ipv4 set dynamicport tcp)"
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Notice;

    #[test]
    fn the_advice_fits_what_ran_out() {
        let notice = Notice::SocketError {
            detail: "x".into(),
            shortage: Some(Shortage::LocalPorts),
        };
        let text = notice.to_string();
        assert!(
            text.contains("--rate") && !text.contains("ulimit"),
            "{text}"
        );
    }
}
