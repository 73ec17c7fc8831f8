//! One lookup, in a task of its own: a name of the user, or the names of a host one after the other.

use std::collections::HashSet;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::engine::Found;
use super::lookups::{
    HostLookup, HostQuestion, LookupEnd, LookupJob, MOST_NAMES, is_unanswered, is_undecided,
    is_worth_a_lookup, normalise,
};
use crate::model::{Lookup, LookupAnswer, NameSource, ObservedName, Question, Stage};
use crate::prober::Prober;

/// Addresses of one lookup whose route is looked up, which blocks; the others count as routable.
const MOST_ROUTES: usize = 256;

/// `None` when it was cancelled.
pub(super) async fn run<P: Prober>(
    prober: Arc<P>,
    job: LookupJob,
    cancel: CancellationToken,
) -> Option<Found> {
    let mut found = tokio::select! {
        biased;
        () = cancel.cancelled() => return None,
        found = look_up(&*prober, job) => found,
    };
    let addresses = found.lookups.iter().flatten();
    let addresses = addresses.flat_map(|lookup| lookup.answer.addresses());
    for lookup in found.lookups.iter().flatten() {
        tracing::trace!(
            stage = %Stage::Dns,
            question = ?lookup.question,
            resolver = ?lookup.resolver,
            took_ms = lookup.duration_ms,
            answer = ?lookup.answer,
            "stage"
        );
    }
    let mut seen = HashSet::new();
    let distinct = addresses
        .copied()
        .filter(|address| address.is_ipv6() && seen.insert(*address));
    found.unroutable = distinct
        .take(MOST_ROUTES)
        .filter(|address| !prober.has_route(*address))
        .collect();
    Some(found)
}

async fn look_up<P: Prober>(prober: &P, job: LookupJob) -> Found {
    match job {
        LookupJob::Target(job) => Found {
            lookups: prober.forward(&job.target.name).await,
            ..Found::default()
        },
        LookupJob::Host(job) => host_names(prober, job).await,
    }
}

/// The reverse name first, then every name, each asked once.
async fn host_names<P: Prober>(prober: &P, job: HostLookup) -> Found {
    let HostLookup {
        endpoint,
        mut names,
        mut asked,
        reverse,
        ..
    } = job;
    let mut ends = Vec::new();
    let mut lookups = Vec::new();
    if reverse {
        let answers = prober.reverse(endpoint.address).await;
        let end = end_of(answers.as_deref(), is_unanswered);
        ends.push((HostQuestion::Address, end));
        lookups = answers.unwrap_or_default();
    }
    let pointers = lookups
        .iter()
        .filter(|lookup| matches!(lookup.question, Question::Pointer(_)));
    for pointer in pointers {
        if let LookupAnswer::Names { names: found } = &pointer.answer {
            let found = found.iter().filter_map(|name| normalise(name));
            names.extend(found.map(|name| ObservedName {
                name,
                source: NameSource::Ptr,
            }));
        }
    }
    let mut seen = HashSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names.truncate(MOST_NAMES * 2);
    for name in names.iter().filter(|name| is_worth_a_lookup(name)) {
        if asked.len() < MOST_NAMES && !asked.contains(&name.name) {
            asked.push(name.name.clone());
            let answers = prober.forward(&name.name).await;
            let end = end_of(answers.as_deref(), is_undecided);
            ends.push((HostQuestion::Name(name.clone()), end));
            lookups.extend(answers.unwrap_or_default());
        }
    }
    Found {
        lookups: Some(lookups),
        names,
        ends,
        ..Found::default()
    }
}

fn end_of(answers: Option<&[Lookup]>, has_failed: impl Fn(&[Lookup]) -> bool) -> LookupEnd {
    match answers {
        None => LookupEnd::Skipped,
        Some(answers) if has_failed(answers) => LookupEnd::Failed,
        Some(_) => LookupEnd::Answered,
    }
}
