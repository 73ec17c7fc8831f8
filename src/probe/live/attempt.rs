use std::sync::Arc;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::LiveProber;
use crate::clock;
use crate::model::{
    Attempt, NegotiationFacts, NtlmFacts, Outcome, ProbeKind, Protocols, SelectedSecurity, Stage,
    TlsFacts, TlsHandshake, TrustVerdict,
};
use crate::probe::connection::Connection;
use crate::probe::graceful_close::graceful_close;
use crate::probe::peek::{self, Peek};
use crate::probe::tcp::Link;
use crate::probe::timeline::Timeline;
use crate::probe::tls::{self, Session};
use crate::probe::{credssp, x224};
use crate::prober::AttemptRequest;
use crate::wire::tls_peek::{self, PeekFacts};
use crate::wire::x224::ConnectionRequest;

/// Runs every stage after TCP on one connection, and closes it gracefully.
pub(super) async fn run(
    prober: &LiveProber,
    link: Link,
    request: AttemptRequest,
    cancel: CancellationToken,
) -> Attempt {
    let limit = deadline(prober, request.probe);
    let mut timeline = Timeline::new(request.endpoint, request.probe, link.started);
    timeline.connected(link.connect_us);
    let (started_at, path) = (link.started_at, link.path);

    let mut run = Run {
        prober,
        request: &request,
        timeline,
        negotiation: None,
        tls: None,
        ntlm: None,
    };
    let connection = Connection::new(link.stream, limit, cancel);
    match request.probe {
        ProbeKind::DirectTls => run.direct_tls(connection).await,
        ProbeKind::LegacyHello => run.legacy_hello(connection).await,
        ProbeKind::WithoutNla => run.answer_only(connection).await,
        ProbeKind::Default
        | ProbeKind::LongDeadline
        | ProbeKind::BareRequest
        | ProbeKind::HybridExRequest => run.usual(connection).await,
    }

    let Run {
        timeline,
        negotiation,
        tls,
        ntlm,
        ..
    } = run;
    Attempt {
        negotiation,
        tls: tls.map(Arc::new),
        ntlm: ntlm.map(Arc::new),
        path,
        ..request.into_attempt(started_at, timeline.into_stages())
    }
}

fn deadline(prober: &LiveProber, probe: ProbeKind) -> Instant {
    let options = &prober.options;
    let extra = match probe {
        ProbeKind::LongDeadline => options.x224_long.saturating_sub(options.x224),
        _ => std::time::Duration::ZERO,
    };
    clock::monotonic() + options.deadline + extra
}

/// INVARIANT: one connection, and nothing on it after the NTLM challenge.
struct Run<'a> {
    prober: &'a LiveProber,
    request: &'a AttemptRequest,
    timeline: Timeline,
    negotiation: Option<NegotiationFacts>,
    tls: Option<TlsFacts>,
    ntlm: Option<NtlmFacts>,
}

impl Run<'_> {
    async fn usual(&mut self, mut connection: Connection) {
        if self.negotiate(&mut connection).await {
            self.full(connection).await;
        } else {
            graceful_close(connection, &[]).await;
        }
    }

    async fn answer_only(&mut self, mut connection: Connection) {
        self.negotiate(&mut connection).await;
        graceful_close(connection, &[]).await;
    }

    async fn legacy_hello(&mut self, mut connection: Connection) {
        if !self.negotiate(&mut connection).await {
            graceful_close(connection, &[]).await;
            return;
        }
        let begun = self.timeline.begin(Stage::Tls);
        let Peek { outcome, facts } = self.peek(&mut connection).await;
        let handshake = if outcome.is_ok() {
            TlsHandshake::LegacyPeek
        } else {
            TlsHandshake::Failed
        };
        self.timeline.end(begun, outcome);
        let close_notify = facts
            .as_ref()
            .map(|facts| peek::close_notify(facts.version))
            .unwrap_or_default();
        self.tls = Some(match facts {
            Some(facts) => self.peeked_facts(&facts, handshake, connection.received()),
            None => no_tls_facts(connection.received()),
        });
        graceful_close(connection, &close_notify).await;
    }

    /// TLS at once, and an X.224 request inside it, whose answer identifies the server.
    async fn direct_tls(&mut self, mut connection: Connection) {
        let Some(mut session) = self.handshake(&mut connection).await else {
            graceful_close(connection, &[]).await;
            return;
        };
        let begun = self.timeline.begin(Stage::X224);
        connection.begin(self.prober.options.x224);
        let request = self.connection_request();
        let answer = x224::negotiate_inside(&mut connection, &mut session, &request).await;
        self.negotiation = answer.facts;
        self.timeline.end(begun, answer.outcome);
        let close_notify = session.close_notify();
        graceful_close(connection, &close_notify).await;
    }

    /// The X.224 stage. Returns whether TLS follows.
    async fn negotiate(&mut self, connection: &mut Connection) -> bool {
        let request = self.connection_request();
        let begun = self.timeline.begin(Stage::X224);
        connection.begin(match self.request.probe {
            ProbeKind::LongDeadline => self.prober.options.x224_long,
            _ => self.prober.options.x224,
        });
        let answer = x224::negotiate(connection, &request).await;
        self.negotiation = answer.facts;
        let ok = answer.outcome.is_ok();
        self.timeline.end(begun, answer.outcome);
        ok
    }

    fn connection_request(&self) -> ConnectionRequest {
        let cookie = self.prober.options.cookie;
        match self.request.probe {
            ProbeKind::BareRequest => x224::bare_request(),
            ProbeKind::HybridExRequest => x224::request(x224::WIDEST_OFFER, cookie),
            ProbeKind::WithoutNla => x224::request(Protocols::SSL, cookie),
            ProbeKind::Default
            | ProbeKind::LongDeadline
            | ProbeKind::LegacyHello
            | ProbeKind::DirectTls => x224::request(Protocols::DEFAULT_OFFER, cookie),
        }
    }

    async fn full(&mut self, mut connection: Connection) {
        let Some(mut session) = self.handshake(&mut connection).await else {
            graceful_close(connection, &[]).await;
            return;
        };
        if self.request.ntlm && self.selected().uses_credssp() {
            let begun = self.timeline.begin(Stage::Credssp);
            connection.begin(self.prober.options.credssp);
            let asked = credssp::ask(&mut connection, &mut session).await;
            let (facts, outcome) = match asked {
                Ok(facts) => (Some(facts), Outcome::Ok),
                Err(outcome) => (None, outcome),
            };
            self.ntlm = facts;
            self.timeline.end(begun, outcome);
        }
        let close_notify = session.close_notify();
        graceful_close(connection, &close_notify).await;
    }

    /// The TLS stage: the session, when a client would go on from there.
    async fn handshake(&mut self, connection: &mut Connection) -> Option<Box<Session>> {
        let begun = self.timeline.begin(Stage::Tls);
        connection.begin(self.prober.options.tls);
        let session = self
            .prober
            .client
            .session(self.by_name(), self.request.endpoint.address);
        let mut session = match session {
            Ok(session) => session,
            Err(outcome) => {
                self.timeline.end(begun, outcome);
                return None;
            }
        };
        let mut shaken = session.handshake(connection).await;
        // The wait for the server's verdict is not part of the handshake's duration.
        let took_us = begun.elapsed_us();
        if shaken.is_ok() {
            shaken = session.client_certificate_verdict(connection).await;
        }
        let facts = self.tls_facts(&session, connection.received());
        // No client can check a key that it cannot read.
        if let (Ok(()), Some(reason)) = (
            &shaken,
            facts.leaf().and_then(|leaf| leaf.unparsable.as_ref()),
        ) {
            shaken = Err(Outcome::Malformed {
                detail: format!("the certificate cannot be parsed: {reason}").into(),
            });
        }
        let ok = shaken.is_ok();
        self.timeline
            .end_after(begun, took_us, shaken.err().unwrap_or(Outcome::Ok));
        self.tls = Some(TlsFacts {
            handshake: if ok {
                TlsHandshake::Full
            } else {
                TlsHandshake::Failed
            },
            ..facts
        });
        ok.then_some(session)
    }

    async fn peek(&mut self, connection: &mut Connection) -> Peek {
        connection.begin(self.prober.options.tls);
        match self.prober.client.random() {
            Ok(random) => peek::peek(connection, tls::server_name(self.by_name()), random).await,
            Err(outcome) => Peek {
                outcome,
                facts: None,
            },
        }
    }

    fn by_name(&self) -> Option<&str> {
        self.request.by_name.as_deref()
    }

    fn selected(&self) -> SelectedSecurity {
        self.negotiation
            .map_or(SelectedSecurity::None, |facts| facts.selected)
    }

    fn tls_facts(&self, session: &Session, received: u32) -> TlsFacts {
        let facts = session.facts();
        let chain = self.prober.chains.read(&facts.seen.chain, clock::wall());
        TlsFacts {
            version: facts.version,
            cipher: facts.cipher,
            group: facts.group,
            signature_valid: facts.seen.signature_valid,
            client_certificate_requested: facts.client_certificate_requested,
            chain: chain.certificates,
            trust: chain.trust,
            ..no_tls_facts(received)
        }
    }

    fn peeked_facts(&self, peeked: &PeekFacts, handshake: TlsHandshake, received: u32) -> TlsFacts {
        let chain = self.prober.chains.read(&peeked.chain, clock::wall());
        TlsFacts {
            handshake,
            version: Some(peeked.version),
            cipher: Some(
                tls_peek::suite_name(peeked.suite)
                    .map_or_else(|| format!("0x{:04X}", peeked.suite).into(), Box::from),
            ),
            client_certificate_requested: peeked.certificate_requested,
            chain: chain.certificates,
            trust: chain.trust,
            ..no_tls_facts(received)
        }
    }
}

/// A TLS stage without any facts.
const fn no_tls_facts(received: u32) -> TlsFacts {
    TlsFacts {
        handshake: TlsHandshake::Failed,
        version: None,
        cipher: None,
        group: None,
        signature_valid: None,
        client_certificate_requested: false,
        chain: Vec::new(),
        trust: TrustVerdict::NotChecked,
        received,
    }
}
