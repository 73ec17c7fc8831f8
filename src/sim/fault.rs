//! What happens on a connection when a fault strikes.

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::time::Duration;

use socket2::SockRef;
use tokio::time::{sleep, timeout};

use super::connection::HostConnection;
use super::schedule::noise;
use super::{FaultKind, FaultPoint};

/// The delay of a reset after accept, so that the connect succeeds first.
const RESET_DELAY: Duration = Duration::from_millis(20);
/// The most bytes of an endless answer.
const ENDLESS_LIMIT: usize = 16 * 1024 * 1024;
/// The most bytes of a drip, and the length of a nonsense answer.
const DRIP_LENGTH: usize = 512;

impl HostConnection<'_> {
    /// Runs the scheduled fault, if there is one.
    pub(super) async fn strike(&mut self, point: FaultPoint) -> io::Result<ControlFlow<()>> {
        let Some(fault) = self.host.schedule.fault(point, self.record.number) else {
            return Ok(ControlFlow::Continue(()));
        };
        let pause = Duration::from_millis(u64::from(fault.delay_ms));
        match fault.kind {
            FaultKind::Delay => {
                sleep(pause).await;
                return Ok(ControlFlow::Continue(()));
            }
            FaultKind::Close => self.close().await?,
            FaultKind::Reset => {
                if point == FaultPoint::Accept {
                    sleep(RESET_DELAY).await;
                }
                SockRef::from(&self.stream).set_linger(Some(Duration::ZERO))?;
            }
            FaultKind::Silence => self.drain_and_close().await?,
            FaultKind::Garbage => {
                self.send(&noise(48)).await?;
                self.close().await?;
            }
            FaultKind::Drip => {
                let bytes = self.beginning(point, DRIP_LENGTH)?;
                self.drip(&bytes, pause).await?;
            }
            FaultKind::Nonsense => {
                let bytes = self.beginning(point, DRIP_LENGTH)?;
                self.send(&bytes).await?;
                self.close().await?;
            }
            FaultKind::Endless => self.endless(point).await?,
        }
        Ok(ControlFlow::Break(()))
    }

    async fn drip(&mut self, bytes: &[u8], pause: Duration) -> io::Result<()> {
        for byte in bytes {
            self.send(std::slice::from_ref(byte)).await?;
            // Also the pause, unless the client closes.
            if let Ok(gone) = timeout(pause, self.drain()).await {
                gone?;
                break;
            }
        }
        self.close().await
    }

    async fn endless(&mut self, point: FaultPoint) -> io::Result<()> {
        let mut sent = 0;
        let first = self.beginning(point, 4096)?;
        self.send(&first).await?;
        while sent < ENDLESS_LIMIT {
            let more = match (&mut self.session, point) {
                (Some(session), FaultPoint::Tsrequest) => {
                    session.writer().write_all(&[0; 4096])?;
                    self.sealed()?
                }
                (_, FaultPoint::ClientHello | FaultPoint::ServerFlight) => tls_fragment(4096),
                _ => vec![0; 4096],
            };
            self.send(&more).await?;
            sent += more.len();
        }
        self.close().await
    }

    /// The first bytes of a plausible answer whose length fields announce more than is ever sent.
    fn beginning(&mut self, point: FaultPoint, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = match point {
            // A TPKT of 512 bytes.
            FaultPoint::Accept | FaultPoint::Request => vec![3, 0, 2, 0, 0xFE, 0xD0],
            // A record of 4,096 bytes with the beginning of a ServerHello of 16 MiB.
            FaultPoint::ClientHello | FaultPoint::ServerFlight => {
                vec![22, 3, 3, 0x10, 0, 2, 0xFF, 0xFF, 0xFF, 3, 3]
            }
            // A DER sequence of 65,535 bytes.
            FaultPoint::Tsrequest => vec![0x30, 0x82, 0xFF, 0xFF, 0xA0, 3, 2, 1, 6],
        };
        if matches!(point, FaultPoint::ClientHello | FaultPoint::ServerFlight) {
            bytes.resize(length.min(4096 + 5), 0x5A);
        } else {
            bytes.resize(length, 0x5A);
        }
        if point == FaultPoint::Tsrequest && self.session.is_some() {
            self.seal(&bytes)?;
            return self.sealed();
        }
        Ok(bytes)
    }
}

/// A handshake record in the middle of an endless message.
fn tls_fragment(length: u16) -> Vec<u8> {
    let [high, low] = length.to_be_bytes();
    let mut record = vec![22, 3, 3, high, low];
    record.resize(5 + usize::from(length), 0x5A);
    record
}
