//! Judging hosts in slices, so that a screen is never blocked, and the survey of all hosts.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use jiff::Timestamp;

use super::Fleet;
use super::entry::Composed;
use super::host::{Host, HostId, SiteView};
use crate::diagnosis::{self, Context, FleetSurvey, MemberView, Undetermined};
use crate::model::{Endpoint, Finding, History, HostKey, Site};

/// Attempts before the first survey. Each further survey follows when the number has doubled, so that all of them together cost
/// at most two surveys of the final fleet.
const FIRST_SURVEY: u64 = 32;

/// Work besides single hosts.
#[derive(Debug, Default)]
pub(super) struct Judging {
    survey: Option<Survey>,
    /// All hosts from this index on are to be judged.
    all_from: Option<usize>,
    /// Attempts folded so far, and the number that triggers the next survey.
    attempts: u64,
    survey_at: u64,
    was_without_resolver: bool,
    had_ended: bool,
}

impl Clone for Judging {
    /// A survey in progress restarts in the clone.
    fn clone(&self) -> Self {
        Self {
            survey: self.survey.is_some().then(Survey::default),
            ..*self
        }
    }
}

/// A survey in progress.
#[derive(Debug, Default)]
struct Survey {
    next: usize,
    seen: FleetSurvey,
    /// Hosts of the second pass, once the first is complete.
    again: Option<Vec<usize>>,
}

/// Views of the endpoints that names resolve to, computed once per slice.
type Members = RefCell<HashMap<Endpoint, Option<Arc<MemberView>>>>;

impl Fleet {
    /// Judges at most `most` hosts. True while more work remains.
    pub fn work(&mut self, most: usize) -> bool {
        self.note_changes();
        if !self.is_busy() {
            return false;
        }
        self.revision += 1;
        let members = Members::default();
        for _ in 0..most {
            // Finishing a survey of many hosts costs as much as judging many.
            let was_looking = self.judging.survey.is_some() && self.hosts.len() > most;
            if !self.step(&members) || (was_looking && self.judging.survey.is_none()) {
                break;
            }
        }
        self.is_busy()
    }

    /// Whether hosts wait to be judged.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        let judging = &self.judging;
        judging.survey.is_some() || judging.all_from.is_some() || !self.dirty.is_empty()
    }

    /// Surveys the fleet and judges every host as of the newest event, so that the order of arrival does not show in a report.
    pub fn settle(&mut self) {
        self.survey_later();
        while self.work(1024) {}
    }

    /// Schedules the hosts that a change of the scan as a whole affects.
    fn note_changes(&mut self) {
        let is_without_resolver = self.is_without_resolver();
        let has_ended = self.has_ended();
        if is_without_resolver != self.judging.was_without_resolver {
            self.judging.was_without_resolver = is_without_resolver;
            self.judge_all_later();
        }
        if has_ended != self.judging.had_ended {
            self.judging.had_ended = has_ended;
            let places: Vec<usize> = self
                .reprobes
                .iter()
                .copied()
                .filter_map(|endpoint| self.endpoint_place(endpoint))
                .collect();
            self.dirty.extend(places);
        }
    }

    /// Schedules a survey, after which all hosts are judged.
    pub(super) fn survey_later(&mut self) {
        self.judging.survey = Some(Survey::default());
    }

    pub(super) fn survey_when_due(&mut self) {
        let judging = &mut self.judging;
        judging.attempts += 1;
        if judging.attempts >= judging.survey_at.max(FIRST_SURVEY) && judging.survey.is_none() {
            judging.survey_at = judging.attempts.saturating_mul(2);
            self.survey_later();
        }
    }

    pub(super) fn judge_all_later(&mut self) {
        self.judging.all_from = Some(0);
    }

    /// Handles one host; false when no work is left.
    fn step(&mut self, members: &Members) -> bool {
        if let Some(mut survey) = self.judging.survey.take() {
            if self.survey_next(&mut survey) {
                self.judging.survey = Some(survey);
            } else {
                self.view = Arc::new(survey.seen.finish());
                self.judge_all_later();
            }
            return true;
        }
        if let Some(place) = self.judging.all_from.take() {
            if place < self.hosts.len() {
                self.dirty.remove(&place);
                self.judging.all_from = Some(place + 1);
                self.judge(place, members);
            }
            return true;
        }
        match self.dirty.pop_first() {
            Some(place) => {
                self.judge(place, members);
                true
            }
            None => false,
        }
    }

    /// Surveys one more host; false when the survey is complete.
    fn survey_next(&self, survey: &mut Survey) -> bool {
        let Some(again) = &mut survey.again else {
            match self.hosts.get(survey.next) {
                Some(host) => {
                    let Composed { history, is_row } = self.composed(host);
                    if is_row || !history.attempts.is_empty() {
                        survey.seen.add(survey.next, &history);
                    }
                    survey.next += 1;
                }
                None => survey.again = Some(survey.seen.revisit()),
            }
            return true;
        };
        let Some(place) = again.pop() else {
            return false;
        };
        if let Some(host) = self.hosts.get(place) {
            survey.seen.add_again(&self.composed(host).history);
        }
        true
    }

    pub(super) fn composed(&self, host: &Host) -> Composed {
        let (mut composed, _) = host.compose(self.judging.had_ended);
        composed.is_row &= self.is_row_of_its_own(host.key());
        composed
    }

    /// A listed name is a row only if its newest lookup at some site found no address.
    fn is_row_of_its_own(&self, key: &HostKey) -> bool {
        let Some(lookups) = self.targets.get(key) else {
            return true;
        };
        let by_site = lookups.iter().map(|(stamp, has)| (&stamp.site, *has));
        let newest: BTreeMap<&Site, bool> = by_site.collect();
        newest.is_empty() || newest.values().any(|has_address| !has_address)
    }

    fn judge(&mut self, place: usize, members: &Members) {
        let Some(host) = self.hosts.get(place) else {
            return;
        };
        let (mut composed, error) = host.compose(self.judging.had_ended);
        composed.is_row &= self.is_row_of_its_own(host.key());
        let Composed {
            mut history,
            is_row,
        } = composed;
        let (key, now) = (host.key().clone(), self.now());
        let exceptions = Arc::clone(&self.rules.exceptions);
        // Others see it the same way whatever site it is judged by, or their findings would depend on the order of events.
        self.judge_referrers_later(place, &key, &history);
        let (sites, elsewhere) = self.judge_sites(&mut history, members);
        let diagnosis = is_row.then(|| {
            let judge = |context: &Context<'_>| diagnosis::diagnose(&history, context);
            let mut diagnosis = self.in_context(members, judge);
            for (site, findings) in elsewhere {
                diagnosis.add_from(&site, findings);
            }
            diagnosis
        });
        self.add_referrer(place, &history);
        if let Some(host) = self.hosts.get_mut(place) {
            let host = Arc::make_mut(host);
            let summary = Arc::make_mut(&mut self.summary);
            if host.is_row() {
                summary.remove(host);
            }
            host.set_sites(sites);
            match diagnosis {
                Some(diagnosis) => {
                    host.show(&history, diagnosis);
                    exceptions.apply(host, &history, now);
                    summary.add(host);
                }
                None => host.hide(),
            }
        }
        self.note_unreadable(&key, error);
    }

    /// The time as of which hosts are judged.
    fn now(&self) -> Timestamp {
        (self.times).map_or(Timestamp::UNIX_EPOCH, |(_, newest)| newest)
    }

    /// Judges a host as each of several sites sees it, and puts the worst view first; of equals that with the worst finding, then the
    /// first by name. Beside the views are the findings of the others.
    fn judge_sites(
        &self,
        history: &mut History,
        members: &Members,
    ) -> (Vec<SiteView>, Vec<(Site, Vec<Finding>)>) {
        if history.elsewhere.is_empty() && !self.view.has_several_sites() {
            return (Vec::new(), Vec::new());
        }
        // Each for itself: what the sites show together is a finding of the host, and makes no site the worst.
        let elsewhere = std::mem::take(&mut history.elsewhere);
        let view = |view: &History| {
            let judge = |context: &Context<'_>| diagnosis::diagnose(view, context);
            let diagnosis = self.in_context(members, judge);
            Some((SiteView::of(view, &diagnosis)?, diagnosis.findings))
        };
        let views = std::iter::once(&*history).chain(&elsewhere);
        let mut views: Vec<(SiteView, Vec<Finding>)> = views.filter_map(view).collect();
        history.elsewhere = elsewhere;
        views.sort_by(|(one, _), (other, _)| one.site.cmp(&other.site));
        let weight = |(view, findings): &(SiteView, Vec<Finding>)| {
            (view.weight(), findings.first().map(|worst| worst.severity))
        };
        let most = views.iter().map(weight).max();
        if let Some((worst, findings)) = views.iter_mut().find(|view| Some(weight(view)) == most) {
            worst.is_worst = true;
            history.lead_with(&worst.site);
            findings.clear();
        }
        let found = |(view, findings): (SiteView, Vec<Finding>)| {
            let site = view.site.clone();
            (view, (site, findings))
        };
        views.into_iter().map(found).unzip()
    }

    /// Records which other endpoints a host's names resolve to.
    fn add_referrer(&mut self, place: usize, history: &History) {
        let own = history.key.endpoint();
        let port = history.key.port();
        for lookup in &history.lookups {
            for address in lookup.answer.addresses() {
                let endpoint = Endpoint::new(*address, port);
                let is_known = || {
                    let referrers = self.referrers.get(&endpoint);
                    referrers.is_some_and(|places| places.contains(&place))
                };
                if Some(endpoint) != own && !is_known() {
                    let referrers = Arc::make_mut(&mut self.referrers);
                    referrers.entry(endpoint).or_default().insert(place);
                }
            }
        }
    }

    /// Schedules the hosts whose names resolve here, if their view of this host has changed.
    fn judge_referrers_later(&mut self, place: usize, key: &HostKey, history: &History) {
        let Some(referrers) = key.endpoint().and_then(|one| self.referrers.get(&one)) else {
            return;
        };
        let mut hasher = DefaultHasher::new();
        MemberView::of(history).hash(&mut hasher);
        let hash = hasher.finish();
        let Some(host) = self
            .hosts
            .get_mut(place)
            .filter(|host| host.member_hash != hash)
        else {
            return;
        };
        Arc::make_mut(host).member_hash = hash;
        let others = referrers.iter().copied().filter(|other| *other != place);
        self.dirty.extend(others);
    }

    /// What is undetermined of a row. Computed at every call.
    #[must_use]
    pub fn undetermined(&self, id: HostId) -> Vec<Undetermined> {
        let host = self.host(id);
        host.map_or_else(Vec::new, |host| self.undetermined_of(host, &host.history()))
    }

    /// What is undetermined of a host with this history, but for what another site has found.
    #[must_use]
    pub fn undetermined_of(&self, host: &Host, history: &History) -> Vec<Undetermined> {
        let mut undetermined = self.in_context(&Members::default(), |context| {
            diagnosis::undetermined(history, context)
        });
        let findings = &host.diagnosis.findings;
        undetermined.retain(|one| findings.iter().all(|found| found.id != one.id));
        undetermined
    }

    /// Calls `judge` with what rules may know besides the host's own history.
    pub(super) fn in_context<T>(
        &self,
        members: &Members,
        judge: impl FnOnce(&Context<'_>) -> T,
    ) -> T {
        let member = |endpoint: Endpoint| {
            if let Some(known) = members.borrow().get(&endpoint) {
                return known.clone();
            }
            let made = self.member(endpoint).map(Arc::new);
            members.borrow_mut().insert(endpoint, made.clone());
            made
        };
        let plan = self.plan();
        let context = Context {
            policy: &self.rules.policy,
            now: self.now(),
            dns_enabled: plan.is_none_or(|plan| plan.dns),
            ntlm_enabled: plan.is_none_or(|plan| plan.ntlm),
            resolver_down: self.is_without_resolver(),
            fleet: Some(&self.view),
            members: &member,
        };
        judge(&context)
    }

    /// The view of an endpoint for hosts whose names resolve to it; `None` when it was not tried.
    fn member(&self, endpoint: Endpoint) -> Option<MemberView> {
        let host = self.hosts.get(self.endpoint_place(endpoint)?)?;
        let Composed { history, is_row } = self.composed(host);
        (is_row || !history.attempts.is_empty() || history.names_checked)
            .then(|| MemberView::of(&history))
    }
}
