use super::connection::Connection;
use crate::model::{Outcome, TlsVersion};
use crate::wire::tls_peek::{self, PeekFacts, PeekReader, PeekStep};

#[derive(Debug)]
pub(super) struct Peek {
    /// Ok when the server's flight was read up to `ServerHelloDone`.
    pub(super) outcome: Outcome,
    /// Also where the flight broke off after the `ServerHello`.
    pub(super) facts: Option<PeekFacts>,
}

/// Sends the hand-made hello and reads the clear part of the answer, which is not authenticated.
pub(super) async fn peek(connection: &mut Connection, sni: Option<&str>, random: [u8; 32]) -> Peek {
    let mut reader = PeekReader::default();
    let outcome = read(connection, &mut reader, sni, random).await;
    Peek {
        outcome: outcome.err().unwrap_or(Outcome::Ok),
        facts: reader.into_facts(),
    }
}

async fn read(
    connection: &mut Connection,
    reader: &mut PeekReader,
    sni: Option<&str>,
    random: [u8; 32],
) -> Result<(), Outcome> {
    connection
        .send(&tls_peek::client_hello(sni, random))
        .await?;
    loop {
        if connection.inbox().is_empty() {
            connection.fill().await?;
        }
        let detail = match reader.push(&connection.take()) {
            PeekStep::NeedMore => continue,
            PeekStep::Done => return Ok(()),
            PeekStep::Alert(code) => {
                return Err(Outcome::Alert {
                    code,
                    received: connection.received(),
                });
            }
            PeekStep::NotTls => "not TLS records",
            PeekStep::Malformed(detail) => detail,
        };
        return Err(Outcome::Malformed {
            detail: detail.into(),
        });
    }
}

/// A `close_notify` in the version that the server speaks.
pub(super) fn close_notify(version: TlsVersion) -> Vec<u8> {
    tls_peek::alert(version, 1, 0)
}
