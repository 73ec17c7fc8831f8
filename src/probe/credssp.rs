use std::time::Duration;

use super::connection::Connection;
use super::tls::Session;
use crate::clock;
use crate::model::{NtlmFacts, Outcome};
use crate::wire::ntlm::{self, Challenge};
use crate::wire::tsrequest::{self, TsRequest};

/// The version offered: the newest (MS-CSSP 2.2.1).
const VERSION: u32 = 6;

/// Sends one `TSRequest` with NTLM NEGOTIATE and reads the challenge (MS-CSSP 3.1.5, MS-NLMP 2.2.1.2). The
/// caller closes the connection: nothing may follow.
pub(super) async fn ask(
    connection: &mut Connection,
    session: &mut Session,
) -> Result<NtlmFacts, Outcome> {
    let measured_at = clock::wall();
    let asked = clock::monotonic();
    let question = TsRequest {
        version: VERSION,
        nego_token: Some(ntlm::negotiate()),
        ..TsRequest::default()
    };
    let answer = exchange(connection, session, &question.encode()).await?;
    let half_us = clock::micros_since(asked) / 2;

    if let Some(status) = answer.error_code.filter(|status| *status != 0) {
        return Err(Outcome::CredsspError { status });
    }
    let token = answer.nego_token.ok_or(Outcome::NoChallenge)?;
    let challenge = Challenge::decode(&token).map_err(|error| Outcome::Malformed {
        detail: error.to_string().into(),
    })?;
    Ok(NtlmFacts {
        measured_at: measured_at
            .checked_add(Duration::from_micros(u64::from(half_us)))
            .ok(),
        clock_error_ms: half_us.div_ceil(1000),
        tsrequest_version: Some(answer.version),
        echoed_nonce: answer.client_nonce.is_some(),
        ..challenge.facts
    })
}

async fn exchange(
    connection: &mut Connection,
    session: &mut Session,
    question: &[u8],
) -> Result<TsRequest, Outcome> {
    let mut message = Vec::new();
    let read = async {
        session.send(connection, question).await?;
        loop {
            let length = tsrequest::length(&message).map_err(|error| Outcome::Malformed {
                detail: error.to_string().into(),
            })?;
            if length.is_some_and(|length| message.len() >= length) {
                return Ok(());
            }
            session.receive(connection, &mut message).await?;
        }
    };
    let ended = Box::pin(read).await;
    ended.map_err(|outcome| in_plain_bytes(outcome, &message))?;
    TsRequest::decode(&message).map_err(|error| Outcome::Malformed {
        detail: error.to_string().into(),
    })
}

/// Counts what was received in bytes of the answer: session tickets that TLS 1.3 sends by itself are none.
pub(super) fn in_plain_bytes(outcome: Outcome, message: &[u8]) -> Outcome {
    let received = u32::try_from(message.len()).unwrap_or(u32::MAX);
    match outcome {
        Outcome::Closed { .. } => Outcome::Closed { received },
        Outcome::Reset { .. } => Outcome::Reset { received },
        Outcome::Timeout { .. } => Outcome::Timeout { received },
        other => other,
    }
}
