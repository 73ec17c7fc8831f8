//! When an endpoint's names are looked up: as soon as it is known to be up, and once more for each kind of name that a later
//! attempt is the first to tell.

use crate::model::{Endpoint, Lookup, LookupAnswer, NameSource, ObservedName, Question};

use super::candidates::{self, MOST_NAMES};
use super::prober::Prober;
use super::retries::Missed;

/// What was looked up of an endpoint so far.
#[derive(Debug, Default)]
pub(super) struct Naming {
    begun: bool,
    under_way: bool,
    /// Names that were handed to a lookup, or came of one.
    seen: Vec<ObservedName>,
    /// Names that wait for the lookup under way, so that nothing is asked twice.
    waiting: Vec<ObservedName>,
}

/// Names to be looked up.
#[derive(Debug, Clone)]
pub(super) struct NameJob {
    pub(super) endpoint: Endpoint,
    pub(super) names: Vec<ObservedName>,
    /// Asked for before.
    asked: Vec<Box<str>>,
    /// Whether the address itself is to be asked for its names.
    reverse: bool,
}

impl Naming {
    /// What to look up after an attempt that brought these names to light, of an endpoint that the user gave those others.
    pub(super) fn after(
        &mut self,
        endpoint: Endpoint,
        typed: &[ObservedName],
        mut own: Vec<ObservedName>,
    ) -> Option<NameJob> {
        // A farm shows other names at every attempt: the first of each kind are enough.
        let told = |source| {
            let known = self.seen.iter().chain(&self.waiting);
            known.map(|name| name.source).any(|known| known == source)
        };
        own.retain(|name| !told(name.source));
        if !self.begun {
            let names = typed.iter().cloned().chain(own).collect();
            return Some(self.begin(endpoint, names));
        }
        if own.is_empty() {
            return None;
        }
        if self.under_way {
            self.waiting.extend(own);
            return None;
        }
        Some(self.begin(endpoint, own))
    }

    /// What to look up now that a lookup is over, in which these names were in play.
    pub(super) fn done(&mut self, endpoint: Endpoint, names: &[ObservedName]) -> Option<NameJob> {
        self.under_way = false;
        for name in names {
            if !self.seen.contains(name) {
                self.seen.push(name.clone());
            }
        }
        let waiting = std::mem::take(&mut self.waiting);
        (!waiting.is_empty()).then(|| self.begin(endpoint, waiting))
    }

    /// The same names once more; `None` while others are under way.
    pub(super) fn again(
        &mut self,
        endpoint: Endpoint,
        names: Vec<ObservedName>,
    ) -> Option<NameJob> {
        if std::mem::replace(&mut self.under_way, true) {
            return None;
        }
        Some(NameJob {
            endpoint,
            names,
            asked: Vec::new(),
            reverse: true,
        })
    }

    fn begin(&mut self, endpoint: Endpoint, names: Vec<ObservedName>) -> NameJob {
        let asked = self
            .seen
            .iter()
            .filter(|name| candidates::is_worth_a_lookup(name))
            .map(|name| name.name.clone())
            .collect();
        let reverse = !self.begun;
        self.begun = true;
        self.under_way = true;
        self.seen.extend(names.iter().cloned());
        NameJob {
            endpoint,
            names,
            asked,
            reverse,
        }
    }
}

/// Whether some resolver was in trouble and none knows better.
pub(super) fn is_undecided(answers: &[Lookup]) -> bool {
    answers
        .iter()
        .any(|lookup| lookup.answer.is_resolver_trouble())
        && !answers.iter().any(|lookup| lookup.answer.is_certain())
}

/// Whether the reverse lookup failed for want of an answer. What a server says of a reverse zone that it does not serve is one.
fn is_unanswered(pointers: &[Lookup]) -> bool {
    !pointers
        .iter()
        .any(|lookup| lookup.answer.is_sign_of_life() || lookup.answer == LookupAnswer::Refused)
}

/// What looking a host's names up gave.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) endpoint: Endpoint,
    pub(super) names: Vec<ObservedName>,
    pub(super) lookups: Vec<Lookup>,
    /// What is to be asked once more.
    pub(super) missed: Option<Missed>,
}

/// The reverse name first, then every name in play, each asked once.
pub(super) async fn look_up<P: Prober>(prober: &P, job: NameJob) -> Named {
    let NameJob {
        endpoint,
        mut names,
        mut asked,
        reverse,
    } = job;
    let mut missed = None;
    let mut lookups = Vec::new();
    if reverse {
        lookups = prober.reverse(endpoint.address).await;
        if lookups.is_empty() {
            missed = Some(Missed::LeftOut);
        } else if is_unanswered(&lookups) {
            missed = Some(Missed::Failed);
        }
    }
    let pointers = lookups
        .iter()
        .filter(|lookup| matches!(lookup.question, Question::Pointer(_)));
    for pointer in pointers {
        if let LookupAnswer::Names { names: found } = &pointer.answer {
            let found = found.iter().filter_map(|name| candidates::normalise(name));
            names.extend(found.map(|name| ObservedName {
                name,
                source: NameSource::Ptr,
            }));
        }
    }
    let mut seen = std::collections::HashSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names.truncate(MOST_NAMES * 2);
    for name in names
        .iter()
        .filter(|name| candidates::is_worth_a_lookup(name))
    {
        if asked.len() < MOST_NAMES && !asked.contains(&name.name) {
            asked.push(name.name.clone());
            let answers = prober.forward(&name.name).await;
            if answers.is_empty() {
                missed = missed.max(Some(Missed::LeftOut));
            } else if is_undecided(&answers) {
                missed = Some(Missed::Failed);
            }
            lookups.extend(answers);
        }
    }
    Named {
        endpoint,
        names,
        lookups,
        missed,
    }
}
