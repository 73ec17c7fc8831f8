//! TCP connect with every outcome kept, and the kernel's measurements of the path.
//!
//! This is the one stage that runs for every address of a sweep, thousands at a time: the future of [`connect`] stays small.

use std::io;
use std::time::Duration;

use jiff::Timestamp;
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::clock;
use crate::model::{Endpoint, Outcome, PathFacts, Shortage};
use crate::platform::{self, CodeMeaning};
use crate::prober::{Connect, ConnectFailure};

/// A connection that is up. Dropping it closes it in order (FIN), as long as nothing received lies unread.
#[derive(Debug)]
pub struct Link {
    /// The stream, with Nagle's algorithm off: every stage is one small write and a wait.
    pub stream: TcpStream,
    /// Wall clock when the connect began.
    pub started_at: Timestamp,
    /// Monotonic clock when the connect began: the zero of the attempt's timeline.
    pub started: Instant,
    /// Microseconds that the connect took.
    pub connect_us: u32,
    /// What the kernel knew just after the connect.
    pub path: Option<PathFacts>,
}

/// Connects to `endpoint`, within `timeout`. The kernel resends the SYN by itself in that time, as it does for any client.
pub async fn connect(endpoint: Endpoint, timeout: Duration) -> Connect<Link> {
    let started_at = clock::wall();
    let started = clock::monotonic();
    let connecting = TcpStream::connect(endpoint.socket_address());
    let (outcome, shortage) = match tokio::time::timeout(timeout, connecting).await {
        Ok(Ok(stream)) => {
            let connect_us = clock::micros_since(started);
            return Connect::Up(Link {
                path: prepare(&stream),
                stream,
                started_at,
                started,
                connect_us,
            });
        }
        Ok(Err(error)) => failure_of(&error, || platform::has_route(endpoint.address)),
        Err(_) => (Outcome::Timeout { received: 0 }, None),
    };
    Connect::Failed(ConnectFailure {
        outcome,
        shortage,
        started_at,
        duration_us: clock::micros_since(started),
    })
}

/// Turns Nagle's algorithm off, and reads the kernel's measurements of the path.
fn prepare(stream: &TcpStream) -> Option<PathFacts> {
    if let Err(error) = stream.set_nodelay(true) {
        // Only slower: a peer that has gone already shows in the next stage.
        tracing::debug!(%error, "Nagle's algorithm stays on");
    }
    platform::path_facts(stream)
}

/// What the error of a connect means, and what ran out.
///
/// Without a route the error is this machine's, whichever it is: an interface without an IPv6 address gives the error of local
/// ports that ran out. With one, a router reports that the path to the host is unreachable.
fn failure_of(error: &io::Error, has_route: impl FnOnce() -> bool) -> (Outcome, Option<Shortage>) {
    let (outcome, shortage) = (outcome_of(error, 0), platform::shortage(error));
    let is_unreachable = matches!(
        outcome,
        Outcome::HostUnreachable | Outcome::NetworkUnreachable
    );
    if !is_unreachable && shortage != Some(Shortage::LocalPorts) {
        (outcome, shortage)
    } else if !has_route() {
        (Outcome::NetworkUnreachable, None)
    } else if is_unreachable {
        (Outcome::HostUnreachable, None)
    } else {
        (outcome, shortage)
    }
}

/// What an I/O error means for a stage that had `received` bytes before it.
///
/// Whatever is not known to come from the peer or the path counts as this machine's own trouble.
#[must_use]
pub fn outcome_of(error: &io::Error, received: u32) -> Outcome {
    use io::ErrorKind;

    match platform::code_meaning(error) {
        Some(CodeMeaning::Prohibited) => return Outcome::Prohibited,
        Some(CodeMeaning::HostUnreachable) => return Outcome::HostUnreachable,
        Some(CodeMeaning::NoAddressFamily) => return Outcome::NetworkUnreachable,
        Some(CodeMeaning::OwnFilter) | None => {}
    }
    match error.kind() {
        ErrorKind::ConnectionRefused => Outcome::Refused,
        ErrorKind::HostUnreachable => Outcome::HostUnreachable,
        ErrorKind::NetworkUnreachable => Outcome::NetworkUnreachable,
        ErrorKind::TimedOut => Outcome::Timeout { received },
        // A write after the peer's RST gives EPIPE; WSAECONNABORTED is how Windows reports a reset in some states.
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => {
            Outcome::Reset { received }
        }
        ErrorKind::UnexpectedEof => Outcome::Closed { received },
        _ => Outcome::LocalError {
            detail: error.to_string().into(),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::mem::size_of_val;
    use std::net::{IpAddr, Ipv4Addr};

    use tokio::net::TcpListener;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(5);

    async fn listener() -> (TcpListener, Endpoint) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        (listener, Endpoint::new(address.ip(), address.port()))
    }

    #[tokio::test]
    async fn a_listener_gives_a_link_without_delay() {
        let (_listener, endpoint) = listener().await;
        let Connect::Up(link) = connect(endpoint, PATIENCE).await else {
            panic!("not up");
        };
        assert!(link.stream.nodelay().unwrap());
        let always = cfg!(any(target_os = "linux", target_os = "macos"));
        assert!(link.path.is_some() || !always);
    }

    #[tokio::test]
    async fn a_closed_port_refuses() {
        let (listener, endpoint) = listener().await;
        drop(listener);
        let Connect::Failed(failure) = connect(endpoint, PATIENCE).await else {
            panic!("up");
        };
        assert_eq!(failure.outcome, Outcome::Refused);
    }

    #[tokio::test]
    #[cfg(target_os = "linux")]
    async fn a_full_backlog_is_silence() {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(1).unwrap();
        let address = listener.local_addr().unwrap();
        let endpoint = Endpoint::new(address.ip(), address.port());
        // Linux takes backlog + 1 connections and then drops SYNs silently.
        let mut held = Vec::new();
        for _ in 0..2 {
            held.push(TcpStream::connect(address).await.unwrap());
        }
        let Connect::Failed(failure) = connect(endpoint, Duration::from_millis(50)).await else {
            panic!("up");
        };
        assert_eq!(failure.outcome, Outcome::Timeout { received: 0 });
        assert!(failure.duration_us >= 50_000);
    }

    #[test]
    fn the_connect_future_is_small_enough_for_sixteen_thousand() {
        let endpoint = Endpoint::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 1);
        let future = connect(endpoint, PATIENCE);
        assert!(size_of_val(&future) <= 1024, "{}", size_of_val(&future));
    }

    #[test]
    #[cfg(unix)]
    fn every_errno_has_its_outcome() {
        use rustix::io::Errno;

        let reset = Outcome::Reset { received: 7 };
        let silence = Outcome::Timeout { received: 7 };
        for (errno, expected) in [
            (Errno::CONNREFUSED, Outcome::Refused),
            (Errno::HOSTUNREACH, Outcome::HostUnreachable),
            (Errno::HOSTDOWN, Outcome::HostUnreachable),
            (Errno::NETUNREACH, Outcome::NetworkUnreachable),
            (Errno::AFNOSUPPORT, Outcome::NetworkUnreachable),
            (Errno::ACCESS, Outcome::Prohibited),
            (Errno::TIMEDOUT, silence),
            (Errno::CONNRESET, reset.clone()),
            (Errno::PIPE, reset),
        ] {
            assert_eq!(outcome_of(&errno.into(), 7), expected, "{errno:?}");
        }
        for errno in [
            Errno::PERM,
            Errno::MFILE,
            Errno::NFILE,
            Errno::NOBUFS,
            Errno::NOMEM,
            Errno::ADDRNOTAVAIL,
        ] {
            let error = io::Error::from(errno);
            let outcome = outcome_of(&error, 7);
            assert!(matches!(outcome, Outcome::LocalError { .. }), "{errno:?}");
            assert_eq!(platform::shortage(&error).is_none(), errno == Errno::PERM);
        }
    }

    #[test]
    #[cfg(unix)]
    fn a_missing_route_is_ours_and_a_routers_word_is_not() {
        use rustix::io::Errno;

        let of = |errno: Errno, has_route| failure_of(&errno.into(), || has_route);
        let ours = (Outcome::NetworkUnreachable, None);
        let theirs = (Outcome::HostUnreachable, None);
        for errno in [Errno::NETUNREACH, Errno::HOSTUNREACH] {
            assert_eq!(of(errno, false), ours, "{errno:?}");
            assert_eq!(of(errno, true), theirs, "{errno:?}");
        }
        assert_eq!(of(Errno::ADDRNOTAVAIL, false), ours);
        let (outcome, shortage) = of(Errno::ADDRNOTAVAIL, true);
        assert!(matches!(outcome, Outcome::LocalError { .. }));
        assert_eq!(shortage, Some(Shortage::LocalPorts));
    }

    #[test]
    #[cfg(windows)]
    fn every_winsock_code_has_its_outcome() {
        for (code, expected) in [
            (10061, Outcome::Refused),
            (10065, Outcome::HostUnreachable),
            (10051, Outcome::NetworkUnreachable),
            (10060, Outcome::Timeout { received: 7 }),
            (10054, Outcome::Reset { received: 7 }),
        ] {
            assert_eq!(
                outcome_of(&io::Error::from_raw_os_error(code), 7),
                expected,
                "{code}"
            );
        }
        for code in [10013, 10024, 10055, 10049, 10048] {
            let error = io::Error::from_raw_os_error(code);
            let outcome = outcome_of(&error, 7);
            assert!(matches!(outcome, Outcome::LocalError { .. }), "{code}");
            assert_eq!(platform::shortage(&error).is_none(), code == 10013);
        }
    }

    #[test]
    fn an_early_end_is_an_orderly_close() {
        let error = io::Error::from(io::ErrorKind::UnexpectedEof);
        assert_eq!(outcome_of(&error, 3), Outcome::Closed { received: 3 });
    }
}
