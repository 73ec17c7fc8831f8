//! An address that answers no SYN, without privileges and without a packet filter.
//!
//! With a full accept queue Linux and macOS drop further SYNs, like a packet filter. Windows answers with RST instead, so that the
//! host refuses there. The listener and the connections in its queue stay open as long as the address is to be silent.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use socket2::{Domain, Protocol, SockAddr, Socket, Type};

/// The longest connect of a filler: on loopback it takes microseconds, or is dropped since the queue is full.
const FILL_TIMEOUT: Duration = Duration::from_millis(20);
/// Connections that fill the queue: the kernel's limit is one more than requested, and it may round up.
const FILLERS: usize = 3;

/// A listener with a full queue.
#[derive(Debug)]
pub(super) struct SilentListener {
    /// The listener and its fillers; closing them ends the silence.
    _sockets: Vec<Socket>,
}

impl SilentListener {
    /// Makes a bound socket silent. Blocks for about [`FILL_TIMEOUT`].
    pub(super) fn new(bound: Socket, address: SocketAddr) -> io::Result<Self> {
        bound.listen(0)?;
        let mut sockets = vec![bound];
        for _ in 0..FILLERS {
            let filler = Socket::new(
                Domain::for_address(address),
                Type::STREAM,
                Some(Protocol::TCP),
            )?;
            if filler
                .connect_timeout(&SockAddr::from(address), FILL_TIMEOUT)
                .is_err()
            {
                break;
            }
            sockets.push(filler);
        }
        Ok(Self { _sockets: sockets })
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn further_connections_are_not_answered() {
        let bound = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP)).unwrap();
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        bound.bind(&any.into()).unwrap();
        let address = bound.local_addr().unwrap().as_socket().unwrap();
        let silent = SilentListener::new(bound, address).unwrap();
        let error =
            std::net::TcpStream::connect_timeout(&address, Duration::from_millis(60)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop(silent);
    }
}
