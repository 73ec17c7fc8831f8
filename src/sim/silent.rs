//! An address whose SYNs stay unanswered, without privilege and without a packet filter.
//!
//! A listener that nobody accepts from, and whose queue is full, makes Linux and macOS drop further SYNs: to a client that is a
//! packet filter that drops. Windows answers with RST instead, so that such a host looks refused there. The listener and the
//! connections that fill its queue must live as long as the silence should last.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use socket2::{Domain, Protocol, SockAddr, Socket, Type};

/// How long a filling connection may take; on loopback it takes microseconds, or is dropped since the queue is full.
const FILL_PATIENCE: Duration = Duration::from_millis(20);
/// Connections to fill a queue of length 1: the kernel's own limit is one more than asked for, and it may round up.
const FILLERS: usize = 3;

/// A listener with a full queue.
#[derive(Debug)]
pub(super) struct SilentListener {
    /// Held open: the queue stays full while they live. Closing them is all that ends the silence.
    _sockets: Vec<Socket>,
}

impl SilentListener {
    /// Makes a bound socket silent. Blocks for about [`FILL_PATIENCE`].
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
                .connect_timeout(&SockAddr::from(address), FILL_PATIENCE)
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
