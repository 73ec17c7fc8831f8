//! One connection to a simulated host, from accept to the last byte.

use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rustls::ServerConnection;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::connection_log::ConnectionRecord;
use super::host::{HostBehavior, ServedCertificate};
use super::schedule::noise;
use super::{FaultPoint, Security, Service, tls};
use crate::clock;
use crate::wire::x224::{ConfirmBody, ConnectionRequest};
use crate::wire::{WireError, tpkt, tsrequest};

/// The longest connection.
const LIFETIME: Duration = Duration::from_secs(60);
/// The longest wait for the bytes of a client, and for it to read ours.
const IO_TIMEOUT: Duration = Duration::from_secs(30);
/// The longest wait for the FIN of the client after ours.
const LINGER: Duration = Duration::from_secs(2);
/// The most unread bytes of a client.
const BUFFER_LIMIT: usize = 64 * 1024;

pub(super) struct HostConnection<'a> {
    pub(super) host: &'a HostBehavior,
    pub(super) stream: TcpStream,
    /// Received, not yet used.
    received: Vec<u8>,
    pub(super) session: Option<Box<ServerConnection>>,
    /// Received inside TLS, not yet used.
    inside: Vec<u8>,
    pub(super) record: &'a mut ConnectionRecord,
}

/// Serves one client, within [`LIFETIME`].
pub(super) async fn serve(host: Arc<HostBehavior>, stream: TcpStream) {
    let number = host.accepted.fetch_add(1, Ordering::Relaxed);
    let open = host.open.fetch_add(1, Ordering::Relaxed) + 1;
    let mut record = ConnectionRecord::new(number, clock::monotonic(), open);
    let connection = HostConnection {
        host: &host,
        stream,
        received: Vec::new(),
        session: None,
        inside: Vec::new(),
        record: &mut record,
    };
    match timeout(LIFETIME, Box::pin(connection.run())).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::trace!(%error, host = %host.spec.address, "Client gone"),
        Err(_) => tracing::trace!(host = %host.spec.address, "Connection timed out"),
    }
    host.open.fetch_sub(1, Ordering::Relaxed);
    record.ended = Some(clock::monotonic());
    host.connections.push(record);
}

impl HostConnection<'_> {
    async fn run(mut self) -> io::Result<()> {
        self.stream.set_nodelay(true)?;
        if self.strike(FaultPoint::Accept).await?.is_break() {
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
            // These never accept.
            Service::Refused | Service::Filtered => Ok(()),
        }
    }

    async fn banner(&mut self, banner: &[u8]) -> io::Result<()> {
        self.pause().await;
        self.send(banner).await?;
        self.receive().await?;
        self.close().await
    }

    async fn answer_first_bytes(&mut self, answer: &[u8]) -> io::Result<()> {
        if self.receive().await? > 0 {
            self.pause().await;
            self.send(answer).await?;
        }
        self.close().await
    }

    async fn rdp(&mut self) -> io::Result<()> {
        let Some(frame) = self.take(tpkt::frame_length).await? else {
            return self.close().await;
        };
        self.record.request.clone_from(&frame);
        if self.strike(FaultPoint::Request).await?.is_break() {
            return Ok(());
        }
        let Ok(request) = ConnectionRequest::decode(&frame) else {
            return self.close().await;
        };
        let confirm = self.host.confirm(&request);
        self.pause().await;
        self.send(&confirm.encode()).await?;
        match confirm.body {
            ConfirmBody::Response { selected, .. } if selected.0 != 0 => self.tls().await,
            ConfirmBody::Failure { .. } | ConfirmBody::McsDisconnect => self.close().await,
            _ => self.drain_and_close().await,
        }
    }

    async fn tls(&mut self) -> io::Result<()> {
        let Some(record) = self.take(|bytes| Ok(record_length(bytes))).await? else {
            return self.close().await;
        };
        if self.strike(FaultPoint::ClientHello).await?.is_break() {
            return Ok(());
        }
        let Some(served) = self.host.certificate(self.record.number) else {
            return self.close().await;
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

    async fn canned(&mut self, record: &[u8], served: &ServedCertificate) -> io::Result<()> {
        let answer = tls::canned_answer(self.host.spec.tls, record, &served.chain);
        self.send(&answer).await?;
        if self.strike(FaultPoint::ServerFlight).await?.is_break() {
            return Ok(());
        }
        self.close().await
    }

    async fn live(&mut self, record: &[u8]) -> io::Result<()> {
        let mut first = record.to_vec();
        first.append(&mut self.received);
        let fed = self.feed(&first);
        self.flush().await?;
        if fed.is_err() {
            return self.close().await;
        }
        if self.strike(FaultPoint::ServerFlight).await?.is_break() {
            return Ok(());
        }
        while self
            .session
            .as_ref()
            .is_some_and(|session| session.is_handshaking())
        {
            if self.pump().await?.is_break() {
                return self.close_tls().await;
            }
        }
        if matches!(
            self.host.spec.security,
            Security::Hybrid | Security::HybridEx | Security::HybridOptional
        ) && self.credssp().await?.is_break()
        {
            return Ok(());
        }
        while !self.record.close_notify && self.pump().await?.is_continue() {}
        self.close_tls().await
    }

    /// `close_notify` where the handshake got far enough for it, then FIN.
    async fn close_tls(&mut self) -> io::Result<()> {
        if let Some(session) = &mut self.session
            && !session.is_handshaking()
        {
            session.send_close_notify();
        }
        self.flush().await?;
        self.close().await
    }

    /// Answers the NTLM negotiation; breaks after a fault.
    async fn credssp(&mut self) -> io::Result<ControlFlow<()>> {
        let length = loop {
            match tsrequest::length(&self.inside).map_err(invalid)? {
                Some(length) if self.inside.len() >= length => break length,
                _ => {}
            }
            if self.record.close_notify || self.pump().await?.is_break() {
                return Ok(ControlFlow::Continue(()));
            }
        };
        let message: Vec<u8> = self.inside.drain(..length).collect();
        if self.strike(FaultPoint::Tsrequest).await?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
        let question = tsrequest::TsRequest::decode(&message).map_err(invalid)?;
        let answer = self.host.credssp_answer(&question, clock::wall());
        self.pause().await;
        self.seal(&answer.encode())?;
        self.flush().await?;
        Ok(ControlFlow::Continue(()))
    }

    /// Receives once and decrypts; breaks at FIN and at `close_notify`.
    async fn pump(&mut self) -> io::Result<ControlFlow<()>> {
        if self.receive().await? == 0 {
            return Ok(ControlFlow::Break(()));
        }
        let bytes = std::mem::take(&mut self.received);
        let fed = self.feed(&bytes);
        self.flush().await?;
        fed?;
        Ok(if self.record.close_notify {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
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
            self.record.inside_tls.extend_from_slice(&plain);
            if state.peer_has_closed() {
                self.record.close_notify = true;
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

    /// The records to send.
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

    /// A whole message of the client; `None` when it closes first.
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

    /// 0 is the client's FIN.
    async fn receive(&mut self) -> io::Result<usize> {
        if self.received.len() > BUFFER_LIMIT {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let read = self.stream.read_buf(&mut self.received);
        let length = timeout(IO_TIMEOUT, read).await??;
        self.record.fin |= length == 0;
        Ok(length)
    }

    pub(super) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        timeout(IO_TIMEOUT, self.stream.write_all(bytes)).await?
    }

    async fn pause(&self) {
        if self.host.spec.latency_ms > 0 {
            sleep(Duration::from_millis(u64::from(self.host.spec.latency_ms))).await;
        }
    }

    /// Discards what the client sends, until its FIN.
    pub(super) async fn drain(&mut self) -> io::Result<()> {
        while self.receive().await? > 0 {
            self.received.clear();
        }
        Ok(())
    }

    pub(super) async fn drain_and_close(&mut self) -> io::Result<()> {
        self.drain().await?;
        self.close().await
    }

    /// FIN, then wait for the client's: unread bytes would turn ours into RST.
    pub(super) async fn close(&mut self) -> io::Result<()> {
        timeout(IO_TIMEOUT, self.stream.shutdown()).await??;
        if !self.record.fin
            && let Ok(ended) = timeout(LINGER, self.drain()).await
        {
            ended?;
        }
        Ok(())
    }
}

/// The length of a TLS record with its header (RFC 5246 section 6.2.1); `None` while the header is incomplete.
fn record_length(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [_, _, _, high, low, ..] => Some(5 + usize::from(u16::from_be_bytes([*high, *low]))),
        _ => None,
    }
}

fn invalid(error: WireError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
