use std::sync::Arc;

use tokio::time::{Instant, sleep};

use super::live::LiveProber;
use super::peek::{self, Peek};
use super::talk::Talk;
use super::tcp::{self, Link};
use super::timeline::Timeline;
use super::tls::{self, Session};
use super::{close, credssp, x224};
use crate::clock;
use crate::model::{
    Attempt, ConnectionPurpose, NegotiationFacts, NtlmFacts, Outcome, Protocols, SelectedSecurity,
    Stage, TlsFacts, TlsMethod, TrustVerdict,
};
use crate::scan::{AttemptRequest, Connect};
use crate::wire::tls_peek::{self, PeekFacts};
use crate::wire::x224::ConnectionRequest;

/// Runs every stage after TCP, with a second connection where the first leaves a question open.
pub(super) async fn run(prober: &LiveProber, link: Link, request: AttemptRequest) -> Attempt {
    let limit = clock::monotonic() + prober.options.deadline;
    let mut timeline = Timeline::new(link.started);
    timeline.connected(link.connect_us);
    let (started_at, path) = (link.started_at, link.path);

    let mut run = Run {
        prober,
        request: &request,
        timeline,
        limit,
        second_used: false,
        negotiation: None,
        tls: None,
        ntlm: None,
    };
    run.first_connection(Talk::new(link.stream, limit, request.give_up.clone()))
        .await;
    if prober.options.check_nla && run.selected().uses_credssp() {
        run.ask_without_nla().await;
    }

    let Run {
        timeline,
        negotiation,
        tls,
        ntlm,
        ..
    } = run;
    Attempt {
        endpoint: request.endpoint,
        number: request.number,
        by_name: request.by_name,
        started_at,
        stages: timeline.into_stages(),
        silent_rounds: request.silent_rounds,
        negotiation,
        tls: tls.map(Arc::new),
        ntlm: ntlm.map(Arc::new),
        path,
    }
}

/// An attempt under way.
///
/// INVARIANT: at most two connections (one, unless the request allows a second), one after the other and `gap` apart; the second only ever follows the first's close.
struct Run<'a> {
    prober: &'a LiveProber,
    request: &'a AttemptRequest,
    timeline: Timeline,
    limit: Instant,
    second_used: bool,
    negotiation: Option<NegotiationFacts>,
    tls: Option<TlsFacts>,
    ntlm: Option<NtlmFacts>,
}

impl Run<'_> {
    async fn first_connection(&mut self, mut talk: Talk) {
        let main = ConnectionPurpose::Main;
        let request = self.default_request();
        let answer = self.negotiate(&mut talk, main, &request).await;
        self.negotiation = answer.facts;
        if answer.outcome.is_ok() {
            if self.request.legacy {
                self.legacy_first(talk).await;
            } else {
                self.full_first(talk).await;
            }
            return;
        }
        close::politely(talk, &[]).await;
        if let Some(request) = x224::second_request(&answer.outcome, self.prober.options.cookie) {
            self.renegotiate(&request).await;
        }
    }

    /// Asks differently on a second connection, to find out whether only our first request was unwelcome.
    async fn renegotiate(&mut self, request: &ConnectionRequest) {
        let purpose = ConnectionPurpose::Renegotiate;
        let Some(mut talk) = self.second_connection(purpose).await else {
            return;
        };
        let answer = self.negotiate(&mut talk, purpose, request).await;
        self.negotiation = x224::merge(self.negotiation, answer.facts);
        if answer.outcome.is_ok() {
            drop(self.full(talk, purpose).await);
        } else {
            close::politely(talk, &[]).await;
        }
    }

    /// Asks for TLS alone and takes leave after the answer. What the attempt told already stays as it is.
    async fn ask_without_nla(&mut self) {
        let purpose = ConnectionPurpose::WithoutNla;
        let Some(mut talk) = self.second_connection(purpose).await else {
            return;
        };
        let request = x224::request(Protocols::SSL, self.prober.options.cookie);
        self.negotiate(&mut talk, purpose, &request).await;
        close::politely(talk, &[]).await;
    }

    /// The usual way: a full handshake, and only if that fails the legacy peek on a second connection.
    async fn full_first(&mut self, talk: Talk) {
        let Err(outcome) = self.full(talk, ConnectionPurpose::Main).await else {
            return;
        };
        if is_worth_another_hello(&outcome) {
            self.peek_second().await;
        }
    }

    async fn peek_second(&mut self) {
        let purpose = ConnectionPurpose::LegacyPeek;
        let Some(mut talk) = self.second_connection(purpose).await else {
            return;
        };
        let request = self.default_request();
        let answer = self.negotiate(&mut talk, purpose, &request).await;
        if !answer.outcome.is_ok() {
            close::politely(talk, &[]).await;
            return;
        }
        let begun = self.timeline.begin(Stage::Tls);
        let peek = self.peek(&mut talk).await;
        self.timeline.end(begun, purpose, peek.outcome);
        self.end_peek(talk, peek.facts).await;
    }

    /// The way for a host that is known to be too old: the peek first. When it has become too new for that, the second
    /// connection goes the usual way.
    async fn legacy_first(&mut self, mut talk: Talk) {
        let begun = self.timeline.begin(Stage::Tls);
        let peek = self.peek(&mut talk).await;
        // What cuts this hello off is no host that became new: that one says so.
        let again = matches!(peek.outcome, Outcome::Alert { .. })
            && self.has_time_for_second(ConnectionPurpose::Main);
        // A failure that nothing follows is the end of the attempt, and has to show on the main connection.
        let purpose = if peek.outcome.is_ok() || again {
            ConnectionPurpose::LegacyPeek
        } else {
            ConnectionPurpose::Main
        };
        self.timeline.end(begun, purpose, peek.outcome);
        if peek.facts.is_none() {
            self.tls = Some(no_tls_facts(talk.received()));
        }
        self.end_peek(talk, peek.facts).await;
        if !again {
            return;
        }
        let purpose = ConnectionPurpose::Main;
        let Some(mut talk) = self.second_connection(purpose).await else {
            return;
        };
        let request = self.default_request();
        let answer = self.negotiate(&mut talk, purpose, &request).await;
        if answer.outcome.is_ok() {
            self.negotiation = answer.facts.or(self.negotiation);
            drop(self.full(talk, purpose).await);
        } else {
            close::politely(talk, &[]).await;
        }
    }

    async fn negotiate(
        &mut self,
        talk: &mut Talk,
        purpose: ConnectionPurpose,
        request: &ConnectionRequest,
    ) -> x224::Answer {
        let begun = self.timeline.begin(Stage::X224);
        talk.begin(self.prober.options.x224);
        let answer = x224::negotiate(talk, request).await;
        self.timeline.end(begun, purpose, answer.outcome.clone());
        answer
    }

    /// TLS, then the NTLM question where it has a place, then the farewell. The error is the TLS stage's outcome.
    async fn full(&mut self, mut talk: Talk, purpose: ConnectionPurpose) -> Result<(), Outcome> {
        let begun = self.timeline.begin(Stage::Tls);
        talk.begin(self.prober.options.tls);
        let session = self
            .prober
            .client
            .session(self.by_name(), self.request.endpoint.address);
        let mut session = match session {
            Ok(session) => session,
            Err(outcome) => {
                self.timeline.end(begun, purpose, outcome.clone());
                close::politely(talk, &[]).await;
                return Err(outcome);
            }
        };
        let shaken = session.handshake(&mut talk).await;
        let outcome = shaken.clone().err().unwrap_or(Outcome::Ok);
        self.timeline.end(begun, purpose, outcome);
        self.tls = Some(self.tls_facts(&session, shaken.is_ok(), talk.received()));
        if shaken.is_err() {
            close::politely(talk, &[]).await;
            return shaken;
        }
        if self.request.ntlm && self.selected().uses_credssp() {
            let begun = self.timeline.begin(Stage::Credssp);
            talk.begin(self.prober.options.credssp);
            let asked = credssp::ask(&mut talk, &mut session).await;
            let (facts, outcome) = match asked {
                Ok(facts) => (Some(facts), Outcome::Ok),
                Err(outcome) => (None, outcome),
            };
            self.ntlm = facts;
            self.timeline.end(begun, purpose, outcome);
        }
        let farewell = session.farewell();
        close::politely(talk, &farewell).await;
        Ok(())
    }

    async fn peek(&mut self, talk: &mut Talk) -> Peek {
        talk.begin(self.prober.options.tls);
        match self.prober.client.random() {
            Ok(random) => peek::peek(talk, tls::server_name(self.by_name()), random).await,
            Err(outcome) => Peek {
                outcome,
                facts: None,
            },
        }
    }

    /// Keeps what the peek gave, and takes leave.
    async fn end_peek(&mut self, talk: Talk, facts: Option<PeekFacts>) {
        let farewell = match facts {
            Some(facts) => {
                let farewell = peek::farewell(facts.version);
                self.tls = Some(self.peeked_facts(&facts, talk.received()));
                farewell
            }
            None => Vec::new(),
        };
        close::politely(talk, &farewell).await;
    }

    /// Opens the second connection, `gap` after the first has ended; `None` when it does not come up or there is no time.
    async fn second_connection(&mut self, purpose: ConnectionPurpose) -> Option<Talk> {
        if !self.has_time_for_second(purpose) {
            return None;
        }
        self.second_used = true;
        let give_up = &self.request.give_up;
        // Nothing has begun yet, so nothing is broken off.
        tokio::select! {
            () = give_up.cancelled() => return None,
            () = sleep(self.request.gap) => {}
        }
        let begun = self.timeline.begin(Stage::Tcp);
        let left = self.limit.saturating_duration_since(clock::monotonic());
        let timeout = self.prober.options.connect.min(left);
        let connect = tokio::select! {
            () = give_up.cancelled() => {
                self.timeline.end(begun, purpose, Outcome::Cancelled);
                return None;
            }
            connect = tcp::connect(self.request.endpoint, timeout) => connect,
        };
        match connect {
            Connect::Up(link) => {
                self.timeline.end(begun, purpose, Outcome::Ok);
                Some(Talk::new(link.stream, self.limit, give_up.clone()))
            }
            Connect::Failed(failure) => {
                self.timeline.end(begun, purpose, failure.outcome);
                None
            }
        }
    }

    fn has_time_for_second(&self, purpose: ConnectionPurpose) -> bool {
        let allowed = match purpose {
            ConnectionPurpose::WithoutNla => self.request.without_nla,
            _ => self.request.second,
        };
        allowed
            && !self.second_used
            && !self.request.give_up.is_cancelled()
            && clock::monotonic() + self.request.gap < self.limit
    }

    fn default_request(&self) -> ConnectionRequest {
        x224::request(Protocols::DEFAULT_OFFER, self.prober.options.cookie)
    }

    fn by_name(&self) -> Option<&str> {
        self.request.by_name.as_deref()
    }

    fn selected(&self) -> SelectedSecurity {
        self.negotiation
            .map_or(SelectedSecurity::None, |facts| facts.selected)
    }

    fn tls_facts(&self, session: &Session, complete: bool, received: u32) -> TlsFacts {
        let facts = session.facts();
        let chain = self.prober.chains.read(&facts.seen.chain, clock::wall());
        TlsFacts {
            method: if complete {
                TlsMethod::Full
            } else {
                TlsMethod::Failed
            },
            version: facts.version,
            cipher: facts.cipher,
            group: facts.group,
            signature_valid: facts.seen.signature_valid,
            client_certificate_requested: facts.client_certificate_requested,
            chain: chain.certificates,
            trust: chain.trust,
            received,
        }
    }

    fn peeked_facts(&self, peeked: &PeekFacts, received: u32) -> TlsFacts {
        let chain = self.prober.chains.read(&peeked.chain, clock::wall());
        TlsFacts {
            method: TlsMethod::LegacyPeek,
            version: Some(peeked.version),
            cipher: Some(
                tls_peek::suite_name(peeked.suite)
                    .map_or_else(|| format!("0x{:04X}", peeked.suite).into(), Box::from),
            ),
            chain: chain.certificates,
            trust: chain.trust,
            ..no_tls_facts(received)
        }
    }
}

/// A TLS stage that began and gave nothing.
const fn no_tls_facts(received: u32) -> TlsFacts {
    TlsFacts {
        method: TlsMethod::Failed,
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

/// Whether another kind of hello might get further. Silence and our own trouble are not worth a second connection.
const fn is_worth_another_hello(outcome: &Outcome) -> bool {
    matches!(
        outcome,
        Outcome::Alert { .. }
            | Outcome::ClientRefused { .. }
            | Outcome::Closed { .. }
            | Outcome::Reset { .. }
            | Outcome::Malformed { .. }
    )
}
