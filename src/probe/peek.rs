use super::talk::Talk;
use crate::model::{Outcome, TlsVersion};
use crate::wire::tls_peek::{self, PeekFacts, PeekReader, PeekStep};

/// What the legacy peek gave.
#[derive(Debug)]
pub(super) struct Peek {
    pub(super) outcome: Outcome,
    /// Present when the outcome is ok.
    pub(super) facts: Option<PeekFacts>,
}

/// Sends the hand-made hello and reads the clear part of the answer, which nobody has authenticated.
pub(super) async fn peek(talk: &mut Talk, sni: Option<&str>, random: [u8; 32]) -> Peek {
    match look(talk, sni, random).await {
        Ok(facts) => Peek {
            outcome: Outcome::Ok,
            facts: Some(facts),
        },
        Err(outcome) => Peek {
            outcome,
            facts: None,
        },
    }
}

async fn look(talk: &mut Talk, sni: Option<&str>, random: [u8; 32]) -> Result<PeekFacts, Outcome> {
    talk.send(&tls_peek::client_hello(sni, random)).await?;
    let mut reader = PeekReader::new();
    loop {
        if talk.inbox().is_empty() {
            talk.fill().await?;
        }
        let detail = match reader.push(&talk.take()) {
            PeekStep::NeedMore => continue,
            PeekStep::Done(facts) => return Ok(facts),
            PeekStep::Alert(code) => {
                return Err(Outcome::Alert {
                    code,
                    received: talk.received(),
                });
            }
            PeekStep::NotTls => "not TLS records",
            PeekStep::Malformed(detail) => detail,
        };
        return Err(Outcome::Malformed {
            detail: detail.to_owned(),
        });
    }
}

/// A `close_notify` in the version that the server speaks.
pub(super) fn farewell(version: TlsVersion) -> Vec<u8> {
    tls_peek::alert(version, 1, 0)
}
