//! When an endpoint's names are looked up: as soon as it is known to be up, and once more for each kind of name that a later
//! attempt is the first to tell.

use crate::model::{Endpoint, Lookup, LookupAnswer, NameSource, ObservedName, Question};

use super::candidates::{self, MOST_NAMES};
use super::retries::{HostQuestion, LookupEnd};
use crate::prober::Prober;

/// What was looked up of an endpoint so far.
#[derive(Debug, Default)]
pub(super) struct Naming {
    begun: bool,
    under_way: bool,
    /// Names that were handed to a lookup, or came of one.
    seen: Vec<ObservedName>,
    /// Names that wait for the lookup under way, so that nothing is asked twice.
    waiting: Vec<ObservedName>,
    /// Number of the newest attempt that brought names.
    attempt: u32,
}

/// Names to be looked up.
#[derive(Debug, Clone)]
pub(super) struct NameJob {
    pub(super) endpoint: Endpoint,
    /// Number of the newest attempt whose names are among these or were asked for before.
    pub(super) attempt: u32,
    pub(super) names: Vec<ObservedName>,
    /// Asked for before.
    asked: Vec<Box<str>>,
    /// Whether the address itself is to be asked for its names.
    pub(super) reverse: bool,
    /// Questions that were missed before.
    pub(super) is_retry: bool,
}

impl NameJob {
    /// What it asks, as far as is known before the reverse lookup.
    pub(super) fn questions(&self) -> Vec<HostQuestion> {
        let wanted = |name: &&ObservedName| {
            candidates::is_worth_a_lookup(name) && !self.asked.contains(&name.name)
        };
        let names = self.names.iter().filter(wanted).take(MOST_NAMES);
        let names = names.cloned().map(HostQuestion::Name);
        let address = self.reverse.then_some(HostQuestion::Address);
        address.into_iter().chain(names).collect()
    }
}

impl Naming {
    /// What to look up after an attempt that brought these names to light, of an endpoint that the user gave those others.
    pub(super) fn after(
        &mut self,
        endpoint: Endpoint,
        typed: &[ObservedName],
        attempt: u32,
        mut own: Vec<ObservedName>,
    ) -> Option<NameJob> {
        // A farm shows other names at every attempt: the first of each kind are enough.
        let told = |source| {
            let known = self.seen.iter().chain(&self.waiting);
            known.map(|name| name.source).any(|known| known == source)
        };
        own.retain(|name| !told(name.source));
        if !self.begun {
            self.attempt = attempt;
            let names = typed.iter().cloned().chain(own).collect();
            return Some(self.begin(endpoint, names));
        }
        if own.is_empty() {
            return None;
        }
        self.attempt = attempt;
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

    /// The same questions once more; `None` while others are under way.
    pub(super) fn again(
        &mut self,
        endpoint: Endpoint,
        questions: Vec<HostQuestion>,
    ) -> Option<NameJob> {
        if std::mem::replace(&mut self.under_way, true) {
            return None;
        }
        let reverse = questions.contains(&HostQuestion::Address);
        let names = questions.into_iter().filter_map(|question| match question {
            HostQuestion::Name(name) => Some(name),
            HostQuestion::Address => None,
        });
        Some(NameJob {
            endpoint,
            attempt: self.attempt,
            names: names.collect(),
            asked: Vec::new(),
            reverse,
            is_retry: true,
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
            attempt: self.attempt,
            names,
            asked,
            reverse,
            is_retry: false,
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
    pub(super) attempt: u32,
    pub(super) names: Vec<ObservedName>,
    pub(super) lookups: Vec<Lookup>,
    /// How every question ended.
    pub(super) ends: Vec<(HostQuestion, LookupEnd)>,
    pub(super) is_retry: bool,
}

/// The reverse name first, then every name in play, each asked once.
pub(super) async fn look_up<P: Prober>(prober: &P, job: NameJob) -> Named {
    let NameJob {
        endpoint,
        attempt,
        mut names,
        mut asked,
        reverse,
        is_retry,
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
            let end = end_of(answers.as_deref(), is_undecided);
            ends.push((HostQuestion::Name(name.clone()), end));
            lookups.extend(answers.unwrap_or_default());
        }
    }
    Named {
        endpoint,
        attempt,
        names,
        lookups,
        ends,
        is_retry,
    }
}

fn end_of(answers: Option<&[Lookup]>, has_failed: impl Fn(&[Lookup]) -> bool) -> LookupEnd {
    match answers {
        None => LookupEnd::Skipped,
        Some(answers) if has_failed(answers) => LookupEnd::Failed,
        Some(_) => LookupEnd::Answered,
    }
}
