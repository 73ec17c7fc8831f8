use std::time::Duration;

use super::talk::Talk;
use crate::model::{NegotiationFacts, NegotiationFailure, Outcome, Protocols, SelectedSecurity};
use crate::wire::x224::{ConfirmBody, ConnectionConfirm, ConnectionRequest};
use crate::wire::{WireError, banner, tpkt};

/// How long a greeting of another protocol may take to become recognisable.
const BANNER_PATIENCE: Duration = Duration::from_millis(100);

/// What mstsc offers: SSL, HYBRID and `HYBRID_EX`. Above this some servers hang up.
const WIDEST_OFFER: Protocols = Protocols(0x0B);

/// What the X.224 stage gave.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) outcome: Outcome,
    /// Present as soon as the server confirmed, with or without data.
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
const fn bare_request() -> ConnectionRequest {
    ConnectionRequest {
        cookie: None,
        requested: None,
        flags: 0,
    }
}

/// Sends the request and reads the confirm (MS-RDPBCGR 2.2.1.1 and 2.2.1.2).
pub(super) async fn negotiate(talk: &mut Talk, request: &ConnectionRequest) -> Answer {
    match exchange(talk, request).await {
        Ok(confirm) => judge(
            &confirm,
            request.requested.unwrap_or(Protocols::STANDARD_RDP),
            talk.received(),
        ),
        Err(outcome) => Answer {
            outcome,
            facts: None,
        },
    }
}

async fn exchange(
    talk: &mut Talk,
    request: &ConnectionRequest,
) -> Result<ConnectionConfirm, Outcome> {
    talk.send(&request.encode()).await?;
    let length = loop {
        match tpkt::frame_length(talk.inbox()) {
            Ok(Some(length)) if talk.inbox().len() >= length => break length,
            Ok(_) => talk.fill().await?,
            Err(WireError::NotTpkt(_)) => return Err(another_protocol(talk).await),
            Err(error) => return Err(malformed(&error)),
        }
    };
    // What follows the frame belongs to the next stage.
    let frame = talk.take_first(length);
    ConnectionConfirm::decode(&frame).map_err(|error| malformed(&error))
}

async fn another_protocol(talk: &mut Talk) -> Outcome {
    while talk.inbox().len() < banner::ENOUGH {
        if talk.fill_within(BANNER_PATIENCE).await.is_err() {
            break;
        }
    }
    Outcome::NotRdp {
        looks_like: banner::looks_like(talk.inbox()).to_owned(),
        first_bytes: banner::first_bytes_hex(talk.inbox()),
    }
}

fn malformed(error: &WireError) -> Outcome {
    Outcome::Malformed {
        detail: error.to_string(),
    }
}

/// What a confirm means for the stage.
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
                    ),
                },
            }
        }
        ConfirmBody::Failure { code } => {
            facts.failure = Some(code);
            Outcome::NegotiationFailure { code: code.0 }
        }
        ConfirmBody::Unknown { kind, .. } => Outcome::Malformed {
            detail: format!("negotiation type is {kind}, which nobody knows"),
        },
        // The server took leave in words; on the wire its FIN follows.
        ConfirmBody::Disconnect => {
            return Answer {
                outcome: Outcome::Closed { received },
                facts: None,
            };
        }
    };
    Answer {
        outcome,
        facts: Some(facts),
    }
}

/// What to ask on a second connection, when the first answer leaves it open whether only our request is unwelcome: a bare
/// request, or more protocols. Failures 3, 4, 6 and 7 are final, and so are silence and other protocols.
pub(super) fn second_request(outcome: &Outcome, cookie: Option<&str>) -> Option<ConnectionRequest> {
    match outcome {
        Outcome::Closed { .. } | Outcome::Reset { .. } => Some(bare_request()),
        Outcome::NegotiationFailure { code } => match NegotiationFailure(*code) {
            NegotiationFailure::SSL_NOT_ALLOWED => Some(bare_request()),
            NegotiationFailure::HYBRID_REQUIRED => Some(request(WIDEST_OFFER, cookie)),
            _ => None,
        },
        _ => None,
    }
}

/// The facts of both connections: the second tells what was selected, and a failure code of the first is kept.
pub(super) fn merge(
    first: Option<NegotiationFacts>,
    second: Option<NegotiationFacts>,
) -> Option<NegotiationFacts> {
    match (first, second) {
        (Some(first), Some(second)) => Some(NegotiationFacts {
            failure: second.failure.or(first.failure),
            ..second
        }),
        (first, second) => second.or(first),
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
