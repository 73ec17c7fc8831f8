use std::time::Duration;

use super::connection::Connection;
use super::credssp;
use super::tls::Session;
use crate::model::{NegotiationFacts, Outcome, Protocols, SelectedSecurity};
use crate::wire::x224::{ConfirmBody, ConnectionConfirm, ConnectionRequest};
use crate::wire::{WireError, banner, tpkt};

/// How long a banner of another protocol may take to become recognisable.
const BANNER_TIMEOUT: Duration = Duration::from_millis(100);

/// What mstsc offers: SSL, HYBRID and `HYBRID_EX`. Some servers close on a wider offer.
pub(super) const WIDEST_OFFER: Protocols = Protocols(0x0B);

#[derive(Debug)]
pub(super) struct Answer {
    pub(super) outcome: Outcome,
    /// Present once the server has confirmed, with or without data.
    pub(super) facts: Option<NegotiationFacts>,
}

/// A connection request that offers `offer`, with the constant cookie.
pub(super) fn request(offer: Protocols, cookie: Option<&str>) -> ConnectionRequest {
    ConnectionRequest {
        cookie: cookie.map(str::to_owned),
        requested: Some(offer),
        flags: 0,
    }
}

/// A connection request with neither cookie nor negotiation data.
pub(super) const fn bare_request() -> ConnectionRequest {
    ConnectionRequest {
        cookie: None,
        requested: None,
        flags: 0,
    }
}

/// Sends the request and reads the confirm (MS-RDPBCGR 2.2.1.1 and 2.2.1.2).
pub(super) async fn negotiate(connection: &mut Connection, request: &ConnectionRequest) -> Answer {
    match exchange(connection, request).await {
        Ok(confirm) => judge(
            &confirm,
            request.requested.unwrap_or(Protocols::STANDARD_RDP),
            connection.received(),
        ),
        Err(outcome) => Answer {
            outcome,
            facts: None,
        },
    }
}

async fn exchange(
    connection: &mut Connection,
    request: &ConnectionRequest,
) -> Result<ConnectionConfirm, Outcome> {
    connection.send(&request.encode()).await?;
    let length = loop {
        match tpkt::frame_length(connection.inbox()) {
            Ok(Some(length)) if connection.inbox().len() >= length => break length,
            Ok(_) => connection.fill().await?,
            Err(WireError::NotTpkt(_)) => return Err(another_protocol(connection).await),
            Err(error) => return Err(malformed(&error)),
        }
    };
    // What follows the frame belongs to the next stage.
    let frame = connection.take_first(length);
    ConnectionConfirm::decode(&frame).map_err(|error| malformed(&error))
}

async fn another_protocol(connection: &mut Connection) -> Outcome {
    while connection.inbox().len() < banner::ENOUGH {
        if connection.fill_within(BANNER_TIMEOUT).await.is_err() {
            break;
        }
    }
    not_rdp(connection.inbox())
}

fn malformed(error: &WireError) -> Outcome {
    Outcome::Malformed {
        detail: error.to_string().into(),
    }
}

fn judge(confirm: &ConnectionConfirm, requested: Protocols, received: u32) -> Answer {
    let mut facts = NegotiationFacts {
        requested,
        selected: SelectedSecurity::None,
        selected_raw: None,
        failure: None,
        response_flags: None,
        source_reference: confirm.source_reference,
        bare_confirm: false,
    };
    let outcome = match confirm.body {
        ConfirmBody::Bare => {
            facts.selected = SelectedSecurity::StandardRdp;
            facts.bare_confirm = true;
            Outcome::NoTls
        }
        ConfirmBody::Response { flags, selected } => {
            facts.selected_raw = Some(selected);
            facts.response_flags = Some(flags);
            match SelectedSecurity::from_protocol(selected) {
                Some(security) => {
                    facts.selected = security;
                    if security.uses_tls() {
                        Outcome::Ok
                    } else {
                        Outcome::NoTls
                    }
                }
                None => Outcome::Malformed {
                    detail: format!(
                        "selected protocol is 0x{:x}, which nobody knows",
                        selected.0
                    )
                    .into(),
                },
            }
        }
        ConfirmBody::Failure { code } => {
            facts.failure = Some(code);
            Outcome::NegotiationFailure { code: code.0 }
        }
        ConfirmBody::Unknown { kind, .. } => Outcome::Malformed {
            detail: format!("negotiation type is {kind}, which nobody knows").into(),
        },
        // On the wire the server's FIN follows.
        ConfirmBody::McsDisconnect => {
            return disconnected("MCS Disconnect Provider Ultimatum", received);
        }
        ConfirmBody::DisconnectRequest => {
            return disconnected("X.224 Disconnect Request", received);
        }
    };
    Answer {
        outcome,
        facts: Some(facts),
    }
}

fn disconnected(message: &str, received: u32) -> Answer {
    Answer {
        outcome: Outcome::Disconnected {
            message: message.into(),
            received,
        },
        facts: None,
    }
}

/// The same exchange inside a TLS session.
pub(super) async fn negotiate_inside(
    connection: &mut Connection,
    session: &mut Session,
    request: &ConnectionRequest,
) -> Answer {
    let mut received = Vec::new();
    let exchanged = async {
        session.send(connection, &request.encode()).await?;
        loop {
            match tpkt::frame_length(&received) {
                Ok(Some(length)) => {
                    if let Some(frame) = received.get(..length) {
                        return ConnectionConfirm::decode(frame).map_err(|error| malformed(&error));
                    }
                }
                Err(WireError::NotTpkt(_)) if received.len() >= banner::ENOUGH => {
                    return Err(not_rdp(&received));
                }
                Ok(None) | Err(WireError::NotTpkt(_)) => {}
                Err(error) => return Err(malformed(&error)),
            }
            session.receive(connection, &mut received).await?;
        }
    };
    match exchanged.await {
        Ok(confirm) => judge(
            &confirm,
            request.requested.unwrap_or(Protocols::STANDARD_RDP),
            u32::try_from(received.len()).unwrap_or(u32::MAX),
        ),
        Err(outcome) => Answer {
            // A truncated banner is still no TPKT.
            outcome: match tpkt::frame_length(&received) {
                Err(WireError::NotTpkt(_)) => not_rdp(&received),
                _ => credssp::in_plain_bytes(outcome, &received),
            },
            facts: None,
        },
    }
}

fn not_rdp(bytes: &[u8]) -> Outcome {
    Outcome::NotRdp {
        looks_like: banner::looks_like(bytes).into(),
        first_bytes: banner::first_bytes(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(selected: u32) -> Answer {
        let confirm = ConnectionConfirm {
            source_reference: 0x1234,
            body: ConfirmBody::Response {
                flags: 0x1f,
                selected: Protocols(selected),
            },
        };
        judge(&confirm, Protocols::DEFAULT_OFFER, 19)
    }

    #[test]
    fn tls_follows_rdsaad() {
        let rdsaad = answer(0x10);
        assert_eq!(rdsaad.outcome, Outcome::Ok);
        let facts = rdsaad.facts.unwrap();
        assert_eq!(facts.selected, SelectedSecurity::Rdsaad);
        assert_eq!(facts.selected_raw, Some(Protocols::RDSAAD));
        assert_eq!(facts.response_flags, Some(0x1f));
    }

    #[test]
    fn a_protocol_that_is_not_in_the_specification_is_malformed() {
        let unknown = answer(0x20);
        assert!(matches!(unknown.outcome, Outcome::Malformed { .. }));
        assert_eq!(unknown.facts.unwrap().selected, SelectedSecurity::None);
    }
}
