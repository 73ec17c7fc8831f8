use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::model::{
    Endpoint, EventBody, History, Lookup, NameSource, Notice, Question, ScanEnd, ScanEvent,
    ScanPlan, Subject,
};

/// What every event of one scan has in common, and when it happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Origin {
    /// Scan id.
    pub run_id: Box<str>,
    /// From where the scan was made.
    pub source: Box<str>,
    /// When it began.
    pub started_at: Timestamp,
    /// The newest event's time: hosts are judged as of then.
    pub judged_at: Timestamp,
    /// What was planned.
    pub plan: ScanPlan,
}

/// Gives `sink` a sequence of events that folds to the same rows, in the same order, as the one that these histories came
/// from. The original order of attempts across hosts and their events' own times are gone; the attempts keep theirs.
///
/// `histories` is called twice, so that its histories need not all be there at once.
pub fn replay<'a, I, E>(
    origin: &Origin,
    notices: &[Notice],
    histories: impl Fn() -> I,
    end: Option<ScanEnd>,
    mut sink: impl FnMut(ScanEvent) -> Result<(), E>,
) -> Result<(), E>
where
    I: Iterator<Item = Cow<'a, History>>,
{
    let mut seq = 0;
    let mut emit = |at, body| {
        let event = ScanEvent {
            run_id: origin.run_id.clone(),
            source: origin.source.clone(),
            seq,
            at,
            body,
        };
        seq += 1;
        sink(event)
    };
    emit(
        origin.started_at,
        EventBody::ScanStarted(origin.plan.clone()),
    )?;
    // Before any host: whether names and IPv6 are judged at all depends on them.
    for notice in notices {
        emit(origin.judged_at, EventBody::Noticed(notice.clone()))?;
    }
    let resolutions = resolutions(histories());
    for ((name, port), resolution) in &resolutions {
        let body = EventBody::TargetResolved {
            name: name.clone(),
            port: *port,
            endpoints: resolution.endpoints.clone(),
            excluded: 0,
            lookups: owned(resolution.lookups.iter().map(AsRef::as_ref)),
        };
        emit(origin.judged_at, body)?;
    }
    for history in histories() {
        for body in bodies(&history, &resolutions) {
            emit(origin.judged_at, body)?;
        }
    }
    if let Some(end) = end {
        emit(origin.judged_at, EventBody::ScanFinished(end))?;
    }
    Ok(())
}

/// Where a listed name led, as far as the histories tell.
#[derive(Default)]
struct Resolution {
    endpoints: Vec<Endpoint>,
    lookups: Vec<Arc<Lookup>>,
}

type Resolutions = BTreeMap<(Box<str>, u16), Resolution>;

/// The resolutions that must be told on their own: those of hosts whose names were never checked (a scan that was stopped, or
/// without name resolution), so that no other event can carry their names. One per name: a fold keeps a failed lookup as
/// often as it is told.
fn resolutions<'a>(histories: impl Iterator<Item = Cow<'a, History>>) -> Resolutions {
    let mut resolutions = Resolutions::new();
    for history in histories {
        let Some(endpoint) = history
            .subject
            .endpoint()
            .filter(|_| !history.names_checked)
        else {
            continue;
        };
        for observed in &history.names {
            if observed.source != NameSource::Target {
                continue;
            }
            let resolution = resolutions
                .entry((observed.name.clone(), endpoint.port))
                .or_insert_with(|| Resolution {
                    endpoints: Vec::new(),
                    lookups: history
                        .lookups
                        .iter()
                        .filter(|lookup| asks_for(lookup, &observed.name))
                        .cloned()
                        .collect(),
                });
            resolution.endpoints.push(endpoint);
        }
    }
    resolutions
}

/// The events behind one history, besides the resolutions told already.
fn bodies(history: &History, resolutions: &Resolutions) -> Vec<EventBody> {
    let mut told: Vec<EventBody> = history
        .gateway
        .iter()
        .map(|gateway| EventBody::BehindGateway {
            subject: history.subject.clone(),
            gateway: gateway.clone(),
        })
        .collect();
    told.extend(seen(history, resolutions));
    told
}

/// The events of what was seen.
fn seen(history: &History, resolutions: &Resolutions) -> Vec<EventBody> {
    if history.gateway.is_some() && history.attempts.is_empty() && history.lookups.is_empty() {
        return Vec::new();
    }
    let not_reached = history.is_not_reached() && !history.by_reference;
    let not_reached = not_reached.then(|| EventBody::NotReached {
        subject: history.subject.clone(),
    });
    let endpoint = match &history.subject {
        Subject::Endpoint(endpoint) => *endpoint,
        Subject::Unresolved { .. } if not_reached.is_some() => {
            return not_reached.into_iter().collect();
        }
        Subject::Unresolved { name, port } => {
            return vec![EventBody::TargetResolved {
                name: name.as_str().into(),
                port: *port,
                endpoints: Vec::new(),
                excluded: u32::try_from(history.excluded.len()).unwrap_or(u32::MAX),
                lookups: history
                    .lookups
                    .iter()
                    .map(|lookup| (**lookup).clone())
                    .collect(),
            }];
        }
    };
    let mut bodies = Vec::with_capacity(history.attempts.len() + 1);
    bodies.extend(not_reached);
    for (index, attempt) in history.attempts.iter().enumerate() {
        bodies.push(EventBody::AttemptFinished {
            attempt: attempt.clone(),
            listed: history.listed,
            by_reference: history.by_reference,
            last: history.complete && index + 1 == history.attempts.len(),
        });
    }
    if history.names_checked {
        bodies.push(EventBody::NamesChecked {
            endpoint,
            names: history.names.clone(),
            lookups: owned(untold(history, endpoint, resolutions)),
            excluded: history.excluded.clone(),
        });
    }
    bodies
}

/// A history's lookups without those that a fold takes from the resolutions, once each.
fn untold<'a>(
    history: &'a History,
    endpoint: Endpoint,
    resolutions: &Resolutions,
) -> Vec<&'a Lookup> {
    let mut untold: Vec<&Lookup> = history.lookups.iter().map(AsRef::as_ref).collect();
    if history.by_reference || resolutions.is_empty() {
        return untold;
    }
    for observed in &history.names {
        let Some(resolution) = resolutions.get(&(observed.name.clone(), endpoint.port)) else {
            continue;
        };
        let leads_here = resolution.endpoints.contains(&endpoint)
            || resolution
                .lookups
                .iter()
                .any(|lookup| lookup.answer.addresses().contains(&endpoint.address));
        if observed.source == NameSource::Target && leads_here {
            for told in &resolution.lookups {
                if let Some(index) = untold.iter().position(|lookup| *lookup == told.as_ref()) {
                    untold.remove(index);
                }
            }
        }
    }
    untold
}

fn asks_for(lookup: &Lookup, name: &str) -> bool {
    matches!(&lookup.question, Question::Addresses(asked) if **asked == *name)
}

fn owned<'a>(lookups: impl IntoIterator<Item = &'a Lookup>) -> Vec<Lookup> {
    lookups.into_iter().cloned().collect()
}
