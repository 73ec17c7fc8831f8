//! What the engine makes of a connection's first moments.

use std::sync::Arc;

use super::fake::{Answer, FakeProber};
use super::{ScanOptions, at, attempts, scan, targets};
use crate::model::{Outcome, ProbeKind, Stage};

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_reset_at_once_has_come_up() {
    let prober = Arc::new(FakeProber::new().with(at(1), &[Answer::ResetAtOnce]));
    let events = scan(
        targets(&["127.9.0.0/29"], &[]),
        &prober,
        ScanOptions::default(),
    )
    .await;
    let made = attempts(&events);
    assert!(made.len() >= 3, "{made:?}");
    for attempt in made {
        let ends: Vec<_> = attempt
            .stages
            .iter()
            .map(|record| (record.stage, &record.outcome))
            .collect();
        let next = match attempt.probe {
            ProbeKind::DirectTls => Stage::Tls,
            _ => Stage::X224,
        };
        let reset = Outcome::Reset { received: 0 };
        assert_eq!(ends, [(Stage::Tcp, &Outcome::Ok), (next, &reset)]);
    }
}
