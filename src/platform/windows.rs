//! Windows.

use std::time::Duration;

use super::CodeMeaning;
use crate::model::Shortage;

/// Winsock error codes.
const WSAEACCES: i32 = 10013;
const WSAENOPROTOOPT: i32 = 10042;
const WSAEAFNOSUPPORT: i32 = 10047;
const WSAEHOSTDOWN: i32 = 10064;
const WSAEMFILE: i32 = 10024;
const WSAEADDRINUSE: i32 = 10048;
const WSAEADDRNOTAVAIL: i32 = 10049;
const WSAENOBUFS: i32 = 10055;
/// ERROR_PIPE_NOT_CONNECTED.
const PIPE_NOT_CONNECTED: i32 = 233;

pub(super) const fn shortage(code: i32) -> Option<Shortage> {
    match code {
        WSAEMFILE => Some(Shortage::ProcessFiles),
        WSAENOBUFS => Some(Shortage::SocketMemory),
        // No socket is bound to a port of our choice, so an address in use is a local port that is not free yet.
        WSAEADDRINUSE | WSAEADDRNOTAVAIL => Some(Shortage::LocalPorts),
        _ => None,
    }
}

pub(super) const fn reader_is_gone(code: i32) -> bool {
    code == PIPE_NOT_CONNECTED
}

#[must_use]
pub const fn time_with_sleep() -> Option<Duration> {
    None
}

pub(super) fn machine_name() -> String {
    std::env::var("COMPUTERNAME").unwrap_or_default()
}

pub(super) fn code_meaning(code: i32) -> Option<CodeMeaning> {
    match code {
        WSAEACCES => Some(CodeMeaning::OwnFilter),
        WSAENOPROTOOPT | WSAEHOSTDOWN => Some(CodeMeaning::HostUnreachable),
        WSAEAFNOSUPPORT => Some(CodeMeaning::NoAddressFamily),
        _ => None,
    }
}

#[must_use]
pub const fn descriptor_limit() -> Option<u64> {
    None
}
