//! What differs between operating systems, behind functions that exist on all of them.
//!
//! A caller never sees a `cfg`: where a platform cannot tell, the answer is `None`. The only `unsafe` blocks of the crate are here.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use tokio::net::TcpStream;

use crate::model::{Descriptors, PathFacts, Shortage};

/// What an error code of this operating system means, beyond what [`io::ErrorKind`] tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeMeaning {
    /// A packet filter or a prohibiting route on the way (EACCES on Unix).
    Prohibited,
    /// This machine's own packet filter (EPERM on Unix, WSAEACCES on Windows).
    OwnFilter,
    /// An ICMP error about the host that has no `ErrorKind` (EHOSTDOWN, ENONET, ENOPROTOOPT, EPROTO).
    HostUnreachable,
    /// This machine does not speak the address family at all (EAFNOSUPPORT), so it has no route either.
    NoAddressFamily,
}

/// Looks an operating system's error code up; `None` when [`io::ErrorKind`] says all that there is to say.
#[must_use]
pub fn code_meaning(error: &io::Error) -> Option<CodeMeaning> {
    error.raw_os_error().and_then(os::code_meaning)
}

/// Which resource an error says is exhausted (EMFILE, ENFILE, ENOBUFS, ENOMEM, EADDRNOTAVAIL and their Winsock counterparts).
/// Fewer connections at once help against these, and against nothing else.
#[must_use]
pub fn shortage(error: &io::Error) -> Option<Shortage> {
    error.raw_os_error().and_then(os::shortage)
}

/// Whether whoever reads what is written here has gone away, as `| head` does: a broken pipe, for which Windows has one more
/// code than [`io::ErrorKind`] knows.
#[must_use]
pub fn reader_is_gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe
        || error.raw_os_error().is_some_and(os::reader_is_gone)
}

/// How many descriptors this process may have open, after raising the soft limit (`RLIMIT_NOFILE`) to the hard one.
///
/// `None` where there is no such limit: on Windows sockets are handles, and memory is what ends first.
#[must_use]
pub fn descriptor_limit() -> Option<u64> {
    os::descriptor_limit()
}

/// How many descriptors this process has open, and how many it may have. `None` off Linux, where that takes a system call per
/// descriptor or cannot be told.
#[must_use]
pub fn descriptors() -> Option<Descriptors> {
    open::descriptors()
}

/// SYN retransmissions and round-trip time of a connected socket: `TCP_INFO` on Linux (tcp(7)), `TCP_CONNECTION_INFO` on macOS,
/// `SIO_TCP_INFO` on Windows 10 1703 and later. `None` elsewhere.
#[must_use]
pub fn path_facts(stream: &TcpStream) -> Option<PathFacts> {
    path::path_facts(stream)
}

/// Whether this machine has a route and a source address for packets to `address`. Sends nothing: connecting a UDP socket only
/// consults the routing table. A socket that cannot be made proves nothing, and counts as a route.
#[must_use]
pub fn has_route(address: IpAddr) -> bool {
    // The discard port: any would do.
    let there = SocketAddr::new(address, 9);
    let here: IpAddr = match address {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let connected = UdpSocket::bind((here, 0)).and_then(|socket| socket.connect(there));
    !connected.is_err_and(|error| is_missing_route(&error))
}

fn is_missing_route(error: &io::Error) -> bool {
    // Nothing was sent, so no router has answered. An interface without an address of the family gives EADDRNOTAVAIL.
    matches!(
        error.kind(),
        io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::AddrNotAvailable
    ) || code_meaning(error) == Some(CodeMeaning::NoAddressFamily)
}

/// Time since some moment of the past by a clock that nobody can set and that runs on while the machine sleeps. `None` where the
/// standard library's monotonic clock is such a clock, as on Windows.
#[must_use]
pub fn time_with_sleep() -> Option<Duration> {
    os::time_with_sleep()
}

/// What this machine calls itself, for the vantage of a report; `here` when it does not say.
#[must_use]
pub fn machine_name() -> String {
    let name = os::machine_name();
    if name.is_empty() {
        "here".to_owned()
    } else {
        name
    }
}

#[cfg(unix)]
mod os {
    use rustix::io::Errno;
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    use rustix::time::{ClockId, clock_gettime};

    use super::{CodeMeaning, Duration};
    use crate::model::Shortage;

    pub(super) fn code_meaning(code: i32) -> Option<CodeMeaning> {
        match Errno::from_raw_os_error(code) {
            Errno::ACCESS => Some(CodeMeaning::Prohibited),
            Errno::PERM => Some(CodeMeaning::OwnFilter),
            Errno::HOSTDOWN | Errno::NOPROTOOPT | Errno::PROTO => {
                Some(CodeMeaning::HostUnreachable)
            }
            #[cfg(target_os = "linux")]
            Errno::NONET => Some(CodeMeaning::HostUnreachable),
            Errno::AFNOSUPPORT => Some(CodeMeaning::NoAddressFamily),
            _ => None,
        }
    }

    pub(super) fn shortage(code: i32) -> Option<Shortage> {
        match Errno::from_raw_os_error(code) {
            Errno::MFILE => Some(Shortage::ProcessFiles),
            Errno::NFILE => Some(Shortage::SystemFiles),
            Errno::NOBUFS | Errno::NOMEM => Some(Shortage::SocketMemory),
            Errno::ADDRNOTAVAIL => Some(Shortage::LocalPorts),
            _ => None,
        }
    }

    pub(super) const fn reader_is_gone(_code: i32) -> bool {
        false
    }

    pub(super) fn time_with_sleep() -> Option<Duration> {
        // What XNU calls monotonic goes on in sleep; Linux has another clock for that (clock_gettime(2)).
        #[cfg(target_os = "linux")]
        let clock = ClockId::Boottime;
        #[cfg(not(target_os = "linux"))]
        let clock = ClockId::Monotonic;
        let time = clock_gettime(clock);
        let seconds = Duration::from_secs(u64::try_from(time.tv_sec).ok()?);
        Some(seconds + Duration::from_nanos(u64::try_from(time.tv_nsec).ok()?))
    }

    pub(super) fn machine_name() -> String {
        rustix::system::uname()
            .nodename()
            .to_string_lossy()
            .into_owned()
    }

    pub(super) fn descriptor_limit() -> Option<u64> {
        let before = getrlimit(Resource::Nofile);
        let raised = Rlimit {
            current: before.maximum,
            maximum: before.maximum,
        };
        // macOS refuses a soft limit above its own OPEN_MAX even when the hard one is higher: then the old limit stays.
        if before.current != before.maximum && setrlimit(Resource::Nofile, raised).is_err() {
            return before.current;
        }
        getrlimit(Resource::Nofile).current
    }
}

#[cfg(not(unix))]
mod os {
    use super::{CodeMeaning, Duration};
    use crate::model::Shortage;

    /// Winsock error codes; they are part of the Windows ABI.
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

    pub(super) const fn time_with_sleep() -> Option<Duration> {
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

    pub(super) fn descriptor_limit() -> Option<u64> {
        None
    }
}

#[cfg(target_os = "linux")]
mod open {
    use std::fs;
    use std::os::unix::fs::MetadataExt as _;

    use rustix::process::{Resource, getrlimit};

    use crate::model::Descriptors;

    /// A symbolic link for each descriptor of this process: proc(5).
    const OPEN: &str = "/proc/self/fd";

    pub(super) fn descriptors() -> Option<Descriptors> {
        // Since Linux 6.2 the folder's size is the number of descriptors; before, it was 0 and they have to be counted.
        let used = match fs::metadata(OPEN).ok()?.size() {
            0 => counted()?,
            size => size,
        };
        let limit = getrlimit(Resource::Nofile).current?;
        Some(Descriptors { used, limit })
    }

    pub(super) fn counted() -> Option<u64> {
        // The one that reads the folder is gone when it is told.
        let open = fs::read_dir(OPEN).ok()?.count().saturating_sub(1);
        u64::try_from(open).ok()
    }
}

#[cfg(not(target_os = "linux"))]
mod open {
    use crate::model::Descriptors;

    pub(super) fn descriptors() -> Option<Descriptors> {
        None
    }
}

#[cfg(any(target_os = "linux", target_os = "macos"))]
mod path {
    use std::mem::{MaybeUninit, size_of};
    use std::os::fd::AsRawFd;

    use tokio::net::TcpStream;

    use self::kernel::{Info, OPTION};
    use crate::model::PathFacts;

    #[expect(
        unsafe_code,
        reason = "no safe wrapper of this socket option exists in rustix, socket2 or nix"
    )]
    pub(super) fn path_facts(stream: &TcpStream) -> Option<PathFacts> {
        // An older kernel fills less than the structure holds: what it leaves is zero.
        let mut info = MaybeUninit::<Info>::zeroed();
        let mut length = libc::socklen_t::try_from(size_of::<Info>()).ok()?;
        // SAFETY: the descriptor is borrowed from a live stream; the kernel writes at most `length` bytes, which is the size of
        // the buffer; `Info` is made of integers only, so that the zeroed value is valid whatever part gets written.
        let info = unsafe {
            let status = libc::getsockopt(
                stream.as_raw_fd(),
                libc::IPPROTO_TCP,
                OPTION,
                info.as_mut_ptr().cast(),
                &raw mut length,
            );
            if status != 0 {
                return None;
            }
            info.assume_init()
        };
        Some(kernel::facts(&info))
    }

    #[cfg(target_os = "linux")]
    mod kernel {
        use crate::model::PathFacts;

        pub(super) use libc::{TCP_INFO as OPTION, tcp_info as Info};

        pub(super) const fn facts(info: &Info) -> PathFacts {
            PathFacts {
                retransmits: Some(info.tcpi_total_retrans),
                rtt_us: info.tcpi_rtt,
            }
        }
    }

    /// Nothing behind `tcpi_rttvar` is read: libc declares the bit field there wider than XNU's `netinet/tcp.h` does.
    #[cfg(target_os = "macos")]
    mod kernel {
        use crate::model::PathFacts;

        pub(super) use libc::{TCP_CONNECTION_INFO as OPTION, tcp_connection_info as Info};

        pub(super) const fn facts(info: &Info) -> PathFacts {
            // Whole milliseconds, so that a short path has a newest measurement at most.
            let rtt_ms = if info.tcpi_srtt > 0 {
                info.tcpi_srtt
            } else {
                info.tcpi_rttcur
            };
            PathFacts {
                // XNU counts retransmitted data here, and no SYN (bsd/netinet/tcp_output.c).
                retransmits: None,
                rtt_us: rtt_ms.saturating_mul(1000),
            }
        }
    }
}

#[cfg(windows)]
mod path {
    use std::mem::{MaybeUninit, size_of};
    use std::os::windows::io::AsRawSocket;
    use std::ptr;

    use tokio::net::TcpStream;
    use windows_sys::Win32::Networking::WinSock::{SIO_TCP_INFO, TCP_INFO_v0, WSAIoctl};

    use crate::model::PathFacts;

    #[expect(
        unsafe_code,
        reason = "no safe wrapper of WSAIoctl(SIO_TCP_INFO) exists in socket2"
    )]
    pub(super) fn path_facts(stream: &TcpStream) -> Option<PathFacts> {
        let socket = usize::try_from(stream.as_raw_socket()).ok()?;
        let version: u32 = 0;
        let version_size = u32::try_from(size_of::<u32>()).ok()?;
        let mut info = MaybeUninit::<TCP_INFO_v0>::zeroed();
        let info_size = u32::try_from(size_of::<TCP_INFO_v0>()).ok()?;
        let mut returned = 0;
        // SAFETY: the socket is borrowed from a live stream; both buffers are as long as is said and outlive the call, which is
        // not overlapped; `TCP_INFO_v0` is made of integers and one BOOLEAN, which Windows sets to 0 or 1, so that the zeroed
        // value is valid whatever part gets written.
        let info = unsafe {
            let status = WSAIoctl(
                socket,
                SIO_TCP_INFO,
                (&raw const version).cast(),
                version_size,
                info.as_mut_ptr().cast(),
                info_size,
                &raw mut returned,
                ptr::null_mut(),
                None,
            );
            if status != 0 {
                return None;
            }
            info.assume_init()
        };
        Some(PathFacts {
            // Later retransmissions are counted in bytes and episodes only, but nothing else has been sent just after connect.
            retransmits: Some(info.SynRetrans.into()),
            rtt_us: info.RttUs,
        })
    }
}

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
mod path {
    use tokio::net::TcpStream;

    use crate::model::PathFacts;

    pub(super) fn path_facts(_stream: &TcpStream) -> Option<PathFacts> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn the_descriptor_limit_is_raised_to_the_hard_one() {
        let limit = descriptor_limit();
        let now = rustix::process::getrlimit(rustix::process::Resource::Nofile);
        assert_eq!(limit, now.current);
        assert_eq!(now.current, now.maximum);
    }

    #[tokio::test]
    #[cfg(target_os = "linux")]
    async fn a_loopback_connection_has_path_facts() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        let facts = path_facts(&stream).unwrap();
        assert_eq!(facts.retransmits, Some(0));
        assert!(facts.rtt().unwrap() < 1_000_000, "{facts:?}");
    }

    #[test]
    fn this_machine_has_a_route_to_itself() {
        assert!(has_route(Ipv4Addr::LOCALHOST.into()));
    }

    #[test]
    fn a_missing_route_is_told_from_a_socket_that_could_not_be_made() {
        assert!(is_missing_route(&io::ErrorKind::NetworkUnreachable.into()));
        assert!(is_missing_route(&io::ErrorKind::AddrNotAvailable.into()));
        assert!(!is_missing_route(&io::ErrorKind::PermissionDenied.into()));
        assert!(!is_missing_route(&io::Error::other("too many open files")));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn descriptors_in_use_are_counted() {
        // Other tests open and close some at the same time, so that only many of our own show.
        let held: Vec<_> = (0..500)
            .map(|_| std::fs::File::open("/dev/null").unwrap())
            .collect();
        let told = descriptors().unwrap();
        assert!(told.used >= 500, "{told:?}");
        assert!(told.used <= told.limit, "{told:?}");
        assert!(open::counted().unwrap() >= 500);
        drop(held);
    }

    #[test]
    fn a_reader_is_gone_when_the_pipe_is_broken_and_not_when_the_disk_is_full() {
        assert!(reader_is_gone(&io::ErrorKind::BrokenPipe.into()));
        assert!(!reader_is_gone(&io::ErrorKind::StorageFull.into()));
    }

    #[test]
    fn an_error_without_a_code_has_no_special_meaning() {
        assert_eq!(code_meaning(&io::Error::other("made up")), None);
    }
}
