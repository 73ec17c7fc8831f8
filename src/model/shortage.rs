use derive_more::Display;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The resource that ran out, so that a socket could not be opened or connected.
// Displayed with what to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, Display)]
#[serde(rename_all = "snake_case")]
pub enum Shortage {
    /// This process's open files (EMFILE, WSAEMFILE).
    #[display(
        "too many open files in this process: raise its limit (ulimit -n) or lower --concurrency"
    )]
    ProcessFiles,
    /// The open files of the whole system (ENFILE).
    #[display(
        "too many open files in the whole system: close other programs or raise its limit (sysctl fs.file-max)"
    )]
    SystemFiles,
    /// Kernel memory for sockets (ENOBUFS, ENOMEM, WSAENOBUFS).
    #[display("no kernel memory left for sockets: lower --concurrency or close other programs")]
    SocketMemory,
    /// Local ports (EADDRNOTAVAIL, WSAEADDRNOTAVAIL, WSAEADDRINUSE).
    #[display(
        "no local port left: lower --rate, wait until closed connections expire, or widen the port range (sysctl \
         net.ipv4.ip_local_port_range, netsh int ipv4 set dynamicport tcp)"
    )]
    LocalPorts,
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
