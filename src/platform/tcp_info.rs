//! The kernel's view of a TCP connection. The only `unsafe` blocks of the crate are here.

use tokio::net::TcpStream;

use crate::model::PathFacts;

/// SYN retransmissions and round-trip time of a connected socket: `TCP_INFO` on Linux (tcp(7)), `TCP_CONNECTION_INFO` on macOS,
/// `SIO_TCP_INFO` on Windows 10 1703 and later. `None` elsewhere.
#[must_use]
pub fn path_facts(stream: &TcpStream) -> Option<PathFacts> {
    system::path_facts(stream)
}

#[cfg(any(target_os = "linux", target_os = "macos"))]
mod system {
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
        // An older kernel fills less than the structure; the rest is zero.
        let mut info = MaybeUninit::<Info>::zeroed();
        let mut length = libc::socklen_t::try_from(size_of::<Info>()).ok()?;
        // SAFETY: the descriptor is borrowed from a live stream; the kernel writes at most `length` bytes, the size of the buffer;
        // `Info` has only integers, so that any partly written value is valid.
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

    /// Fields after `tcpi_rttvar` are not read: libc declares the bit field there wider than XNU's `netinet/tcp.h`.
    #[cfg(target_os = "macos")]
    mod kernel {
        use crate::model::PathFacts;

        pub(super) use libc::{TCP_CONNECTION_INFO as OPTION, tcp_connection_info as Info};

        pub(super) const fn facts(info: &Info) -> PathFacts {
            // In whole milliseconds: on a short path the smoothed one is 0.
            let rtt_ms = if info.tcpi_srtt > 0 {
                info.tcpi_srtt
            } else {
                info.tcpi_rttcur
            };
            PathFacts {
                // XNU counts retransmitted data, and no SYN (bsd/netinet/tcp_output.c).
                retransmits: None,
                rtt_us: rtt_ms.saturating_mul(1000),
            }
        }
    }
}

#[cfg(windows)]
mod system {
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
        // SAFETY: the socket is borrowed from a live stream; both buffers have the given lengths and outlive the call, which is not
        // overlapped; `TCP_INFO_v0` has only integers and one BOOLEAN, which Windows sets to 0 or 1, so that any partly written
        // value is valid.
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
mod system {
    use tokio::net::TcpStream;

    use crate::model::PathFacts;

    pub(super) const fn path_facts(_stream: &TcpStream) -> Option<PathFacts> {
        None
    }
}
