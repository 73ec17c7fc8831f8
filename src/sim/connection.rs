//! One connection to a simulated host, from accept to the last byte.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rustls::ServerConnection;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::fault::noise;
use super::host::{Host, Served};
use super::visit::Visit;
use super::{FaultPoint, Security, Service, tls};
use crate::clock;
use crate::wire::x224::{ConfirmBody, ConnectionRequest};
use crate::wire::{WireError, tpkt, tsrequest};

/// A whole connection is over after this, whatever it does.
const LIFETIME: Duration = Duration::from_secs(60);
/// A client may take this long for its next bytes, and to take ours.
const PATIENCE: Duration = Duration::from_secs(30);
/// After our FIN the client has this long to send its own.
const LINGER: Duration = Duration::from_secs(2);
/// The most bytes kept of a client that sends more than it should.
const BUFFER_LIMIT: usize = 64 * 1024;

/// What becomes of the connection after a point where faults may strike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    On,
    Over,
}

pub(super) struct Connection<'a> {
    pub(super) host: &'a Host,
    pub(super) stream: TcpStream,
    /// Received, not yet used.
    received: Vec<u8>,
    pub(super) session: Option<Box<ServerConnection>>,
    /// Received inside TLS, not yet used.
    inside: Vec<u8>,
    pub(super) visit: &'a mut Visit,
}

/// Serves one client, within [`LIFETIME`].
pub(super) async fn serve(host: Arc<Host>, stream: TcpStream) {
    let number = host.accepted.fetch_add(1, Ordering::Relaxed);
    let open = host.open.fetch_add(1, Ordering::Relaxed) + 1;
    let mut visit = Visit::new(number, clock::monotonic(), open);
    let connection = Connection {
        host: &host,
        stream,
        received: Vec::new(),
        session: None,
        inside: Vec::new(),
        visit: &mut visit,
    };
    match timeout(LIFETIME, Box::pin(connection.run())).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::trace!(%error, host = %host.spec.address, "Client gone"),
        Err(_) => tracing::trace!(host = %host.spec.address, "Connection too old"),
    }
    host.open.fetch_sub(1, Ordering::Relaxed);
    visit.ended = Some(clock::monotonic());
    host.visits.push(visit);
}

impl Connection<'_> {
    async fn run(mut self) -> io::Result<()> {
        self.stream.set_nodelay(true)?;
        if self.strike(FaultPoint::Accept).await? == Flow::Over {
            return Ok(());
        }
        match self.host.spec.service {
            Service::Rdp => self.rdp().await,
            Service::Ssh => self.banner(b"SSH-2.0-OpenSSH_9.6\r\n").await,
            Service::Smtp => self.banner(b"220 mail.corp.example ESMTP\r\n").await,
            Service::Http => {
                self.answer_first_bytes(
                    b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
                )
                .await
            }
            Service::Tls => self.answer_first_bytes(&tls::not_tls_alert()).await,
            Service::Noise => self.answer_first_bytes(&noise(48)).await,
            // Nobody accepts for these, so nothing comes here.
            Service::Refused | Service::Filtered => Ok(()),
        }
    }

    async fn banner(&mut self, banner: &[u8]) -> io::Result<()> {
        self.pause().await;
        self.send(banner).await?;
        self.receive().await?;
        self.finish().await
    }

    async fn answer_first_bytes(&mut self, answer: &[u8]) -> io::Result<()> {
        if self.receive().await? > 0 {
            self.pause().await;
            self.send(answer).await?;
        }
        self.finish().await
    }

    async fn rdp(&mut self) -> io::Result<()> {
        let Some(frame) = self.take(tpkt::frame_length).await? else {
            return self.finish().await;
        };
        self.visit.request.clone_from(&frame);
        if self.strike(FaultPoint::Request).await? == Flow::Over {
            return Ok(());
        }
        let Ok(request) = ConnectionRequest::decode(&frame) else {
            return self.finish().await;
        };
        let confirm = self.host.confirm(&request);
        self.pause().await;
        self.send(&confirm.encode()).await?;
        match confirm.body {
            ConfirmBody::Response { selected, .. } if selected.0 != 0 => self.tls().await,
            ConfirmBody::Failure { .. } | ConfirmBody::McsDisconnect => self.finish().await,
            _ => self.until_end().await,
        }
    }

    async fn tls(&mut self) -> io::Result<()> {
        let Some(record) = self.take(record_length).await? else {
            return self.finish().await;
        };
        if self.strike(FaultPoint::ClientHello).await? == Flow::Over {
            return Ok(());
        }
        let Some(served) = self.host.identity(self.visit.number) else {
            return self.finish().await;
        };
        self.pause().await;
        match &served.config {
            None => self.canned(&record, served).await,
            Some(config) => {
                let session =
                    ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
                self.session = Some(Box::new(session));
                self.live(&record).await
            }
        }
    }

    async fn canned(&mut self, record: &[u8], served: &Served) -> io::Result<()> {
        let answer = tls::canned_answer(self.host.spec.tls, record, &served.chain);
        self.send(&answer).await?;
        if self.strike(FaultPoint::ServerFlight).await? == Flow::Over {
            return Ok(());
        }
        self.finish().await
    }

    async fn live(&mut self, record: &[u8]) -> io::Result<()> {
        let mut first = record.to_vec();
        first.append(&mut self.received);
        let fed = self.feed(&first);
        self.flush().await?;
        if fed.is_err() {
            return self.finish().await;
        }
        if self.strike(FaultPoint::ServerFlight).await? == Flow::Over {
            return Ok(());
        }
        while self
            .session
            .as_ref()
            .is_some_and(|session| session.is_handshaking())
        {
            if self.pump().await? == Flow::Over {
                return self.farewell().await;
            }
        }
        if matches!(
            self.host.spec.security,
            Security::Hybrid | Security::HybridEx | Security::HybridOptional
        ) && self.credssp().await? == Flow::Over
        {
            return Ok(());
        }
        while !self.visit.close_notify && self.pump().await? == Flow::On {}
        self.farewell().await
    }

    /// `close_notify` where the handshake got far enough for it, then FIN.
    async fn farewell(&mut self) -> io::Result<()> {
        if let Some(session) = &mut self.session
            && !session.is_handshaking()
        {
            session.send_close_notify();
        }
        self.flush().await?;
        self.finish().await
    }

    /// Answers the NTLM question; over when a fault struck.
    async fn credssp(&mut self) -> io::Result<Flow> {
        let length = loop {
            match tsrequest::length(&self.inside).map_err(invalid)? {
                Some(length) if self.inside.len() >= length => break length,
                _ => {}
            }
            if self.visit.close_notify || self.pump().await? == Flow::Over {
                return Ok(Flow::On);
            }
        };
        let message: Vec<u8> = self.inside.drain(..length).collect();
        if self.strike(FaultPoint::Tsrequest).await? == Flow::Over {
            return Ok(Flow::Over);
        }
        let question = tsrequest::TsRequest::decode(&message).map_err(invalid)?;
        let answer = self.host.credssp_answer(&question, clock::wall());
        self.pause().await;
        self.seal(&answer.encode())?;
        self.flush().await?;
        Ok(Flow::On)
    }

    /// Receives once and passes it through TLS; over when the client said good-bye in either way.
    async fn pump(&mut self) -> io::Result<Flow> {
        if self.receive().await? == 0 {
            return Ok(Flow::Over);
        }
        let bytes = std::mem::take(&mut self.received);
        let fed = self.feed(&bytes);
        self.flush().await?;
        fed?;
        Ok(if self.visit.close_notify {
            Flow::Over
        } else {
            Flow::On
        })
    }

    fn feed(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        let Some(session) = &mut self.session else {
            return Ok(());
        };
        while !bytes.is_empty() {
            session.read_tls(&mut bytes)?;
            let state = session.process_new_packets().map_err(io::Error::other)?;
            let length = state.plaintext_bytes_to_read();
            if self.inside.len() + length > BUFFER_LIMIT {
                return Err(io::ErrorKind::InvalidData.into());
            }
            let mut plain = vec![0; length];
            session.reader().read_exact(&mut plain)?;
            self.inside.extend_from_slice(&plain);
            self.visit.inside_tls.extend_from_slice(&plain);
            if state.peer_has_closed() {
                self.visit.close_notify = true;
                return Ok(());
            }
        }
        Ok(())
    }

    pub(super) fn seal(&mut self, plain: &[u8]) -> io::Result<()> {
        match &mut self.session {
            Some(session) => session.writer().write_all(plain),
            None => Ok(()),
        }
    }

    /// What the session has to send.
    pub(super) fn sealed(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        if let Some(session) = &mut self.session {
            while session.wants_write() {
                session.write_tls(&mut bytes)?;
            }
        }
        Ok(bytes)
    }

    async fn flush(&mut self) -> io::Result<()> {
        let bytes = self.sealed()?;
        self.send(&bytes).await
    }

    /// A whole message from the client, as long as `length` says; `None` when the client ends first.
    async fn take(
        &mut self,
        length: impl Fn(&[u8]) -> Result<Option<usize>, WireError>,
    ) -> io::Result<Option<Vec<u8>>> {
        loop {
            match length(&self.received).map_err(invalid)? {
                Some(length) if self.received.len() >= length => {
                    return Ok(Some(self.received.drain(..length).collect()));
                }
                _ => {}
            }
            if self.receive().await? == 0 {
                return Ok(None);
            }
        }
    }

    /// Receives some bytes; 0 is the client's FIN.
    async fn receive(&mut self) -> io::Result<usize> {
        if self.received.len() > BUFFER_LIMIT {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let read = self.stream.read_buf(&mut self.received);
        let length = timeout(PATIENCE, read).await??;
        self.visit.fin |= length == 0;
        Ok(length)
    }

    pub(super) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        timeout(PATIENCE, self.stream.write_all(bytes)).await?
    }

    async fn pause(&self) {
        if self.host.spec.latency_ms > 0 {
            sleep(Duration::from_millis(u64::from(self.host.spec.latency_ms))).await;
        }
    }

    /// Reads and drops what comes until the client ends.
    pub(super) async fn ended(&mut self) -> io::Result<()> {
        while self.receive().await? > 0 {
            self.received.clear();
        }
        Ok(())
    }

    pub(super) async fn until_end(&mut self) -> io::Result<()> {
        self.ended().await?;
        self.finish().await
    }

    /// FIN, then the client's FIN: unread bytes would turn our FIN into RST.
    pub(super) async fn finish(&mut self) -> io::Result<()> {
        timeout(PATIENCE, self.stream.shutdown()).await??;
        if !self.visit.fin
            && let Ok(ended) = timeout(LINGER, self.ended()).await
        {
            ended?;
        }
        Ok(())
    }
}

/// The whole length of the TLS record that begins here (RFC 5246 section 6.2.1); `None` while that cannot be told.
#[expect(
    clippy::unnecessary_wraps,
    reason = "the form that the frame reader takes"
)]
fn record_length(bytes: &[u8]) -> Result<Option<usize>, WireError> {
    Ok(match bytes {
        [_, _, _, high, low, ..] => Some(5 + usize::from(u16::from_be_bytes([*high, *low]))),
        _ => None,
    })
}

fn invalid(error: WireError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
