use std::sync::Arc;

use jiff::Timestamp;

use super::entry::{Composed, Entry, Fact, Stamp, compose};
use super::log::{Log, LogError};
use crate::diagnosis::{Diagnosis, Fingerprint};
use crate::model::{
    Attempt, CertificateFacts, CertificateStatus, Change, Digest, DnsVerdict, History, HostKey,
    HostState, NameSource, NtlmFacts, Site, Stage, TlsFacts, TlsHandshake, TlsVersion,
};

/// A row of a [`Fleet`](super::Fleet): valid for the fleet's life, and for no other fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostId(pub(super) u32);

impl HostId {
    #[must_use]
    pub fn at(place: usize) -> Self {
        // A scan has at most a few million hosts.
        Self(u32::try_from(place).unwrap_or(u32::MAX))
    }

    pub(super) fn place(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

/// One endpoint or name: its facts, and its diagnosis.
///
/// The facts are kept compressed. What a table reads of every row is kept unpacked, for sorting and filtering.
#[derive(Debug, Clone)]
pub struct Host {
    key: HostKey,
    log: Log,
    /// Sorted by digest.
    certificates: Vec<Arc<CertificateFacts>>,
    is_row: bool,
    complete: bool,
    listed: bool,
    tls: Option<(TlsHandshake, Option<TlsVersion>)>,
    display_name: Option<Box<str>>,
    /// Names other than the display name.
    other_names: Box<[Box<str>]>,
    sketch: Sketch,
    /// What has changed since the scan before; `None` for nothing.
    pub(super) changes: Option<Arc<[Change]>>,
    /// Recomputed whenever the facts change.
    pub diagnosis: Diagnosis,
    /// In a scan from several sites, each that observed it, by name; the diagnosis is that of the first of the worst.
    sites: Box<[SiteView]>,
    /// Hash of its [`MemberView`](crate::diagnosis::MemberView), to detect a change for the hosts whose names resolve here.
    pub(super) member_hash: u64,
}

/// What columns and filters read of every host, besides its diagnosis. Texts are raw network text: sanitise them for the sink.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sketch {
    /// As [`Diagnosis::certificate`].
    pub certificate: Option<Arc<CertificateFacts>>,
    /// Version of the operating system as NTLM claims it: major, minor, build.
    pub build: Option<(u8, u8, u16)>,
    /// As [`History::response_flags`].
    pub response_flags: Option<u8>,
    /// The text of its [`Fingerprint`]; `None` where nothing was negotiated.
    pub configuration: Option<Box<str>>,
    /// Start of the first attempt that connected.
    pub first_seen: Option<Timestamp>,
    /// Start of the newest attempt that connected.
    pub last_seen: Option<Timestamp>,
    pub reverse: Option<Box<str>>,
}

/// A host as one of several sites observed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteView {
    pub site: Site,
    pub state: HostState,
    pub failed_stage: Option<Stage>,
    pub dns: DnsVerdict,
    /// Of the certificate, of several the worst.
    pub certificate_status: Option<CertificateStatus>,
    pub certificate: Option<Digest<32>>,
    /// Ids, worst first.
    pub findings: Box<[&'static str]>,
    /// The diagnosis of the host is that of this site.
    pub is_worst: bool,
}

impl SiteView {
    /// How a history looks from its site.
    pub(super) fn of(history: &History, diagnosis: &Diagnosis) -> Option<Self> {
        Some(Self {
            site: history.site.clone()?,
            state: diagnosis.state,
            failed_stage: diagnosis.failed_stage,
            dns: diagnosis.dns,
            certificate_status: diagnosis.certificate_status,
            certificate: diagnosis.certificate(history).map(|facts| facts.sha256),
            findings: diagnosis.findings.iter().map(|one| one.id).collect(),
            is_worst: false,
        })
    }

    /// Greater is worse.
    pub(super) const fn weight(&self) -> u8 {
        match self.state {
            HostState::NotProbed => 0,
            HostState::Healthy => 1,
            HostState::Skipped => 2,
            HostState::Degraded => 3,
            HostState::Unreachable | HostState::Filtered | HostState::Closed => 4,
            HostState::NotRdp => 5,
            HostState::Broken => 6,
        }
    }
}

impl Host {
    /// A row outside any fleet.
    #[must_use]
    pub fn new(history: &History, diagnosis: Diagnosis) -> Self {
        let mut host = Self::unknown(history.key.clone());
        // A log that cannot be written reads as empty.
        drop(host.save(history.clone()));
        host.show(history, diagnosis);
        host
    }

    pub(super) fn unknown(key: HostKey) -> Self {
        Self {
            key,
            log: Log::default(),
            certificates: Vec::new(),
            is_row: false,
            complete: false,
            listed: false,
            tls: None,
            display_name: None,
            other_names: Box::default(),
            sketch: Sketch::default(),
            changes: None,
            diagnosis: Diagnosis::unknown(),
            sites: Box::default(),
            member_hash: 0,
        }
    }

    /// Adds the history of a saved report.
    pub(super) fn save(&mut self, history: History) -> Result<(), LogError> {
        let attempts = history.views().flat_map(|view| &view.attempts);
        for facts in attempts.flat_map(Attempt::certificates) {
            self.certify(facts);
        }
        self.add(&Entry {
            stamp: Stamp {
                epoch: 0,
                stream: crate::model::Stream::FIRST.into(),
                seq: 0,
                site: Site::of_machine(""),
            },
            fact: Fact::Saved(Box::new(history)),
        })
    }

    pub(super) fn add(&mut self, entry: &Entry) -> Result<(), LogError> {
        self.log.push(entry)
    }

    /// Attaches a certificate that it has shown.
    pub(super) fn certify(&mut self, facts: &Arc<CertificateFacts>) {
        let place = self
            .certificates
            .binary_search_by(|one| one.sha256.cmp(&facts.sha256));
        if let Err(place) = place {
            if self.certificates.len() < 4 {
                self.certificates.reserve_exact(1);
            }
            self.certificates.insert(place, Arc::clone(facts));
        }
    }

    /// Its log with only these entries; `None` when they are all.
    pub(super) fn log_of(&self, wanted: impl Fn(&Stamp) -> bool) -> Result<Option<Log>, LogError> {
        self.log.filtered(|entry| wanted(&entry.stamp))
    }

    pub(super) fn replace_log(&mut self, log: Log) {
        self.log = log;
    }

    /// Puts the view that it is judged by first.
    pub(super) fn lead(&self, history: &mut History) {
        if let Some(worst) = self.sites.iter().find(|view| view.is_worst) {
            history.lead_with(&worst.site);
        }
    }

    /// Its history as far as it can be read, the views of several sites by name, and the error that ended it.
    pub(super) fn compose(&self, has_ended: bool) -> (Composed, Option<LogError>) {
        let mut error = None;
        let entries = self.log.entries().map_while(|entry| match entry {
            Ok(entry) => Some(entry),
            Err(wrong) => {
                error = Some(wrong);
                None
            }
        });
        let mut composed = compose(&self.key, entries.collect(), has_ended);
        composed.history.resolve(&|digest| self.known(digest));
        composed.history.drop_unresolved();
        (composed, error)
    }

    fn known(&self, digest: &Digest<32>) -> Option<Arc<CertificateFacts>> {
        let place = self
            .certificates
            .binary_search_by(|one| one.sha256.cmp(digest));
        self.certificates.get(place.ok()?).cloned()
    }

    /// It is a target, and not only an address of a target's name.
    pub(super) const fn is_row(&self) -> bool {
        self.is_row
    }

    pub(super) fn hide(&mut self) {
        self.is_row = false;
    }

    /// Makes it a row with this diagnosis.
    pub(super) fn show(&mut self, history: &History, diagnosis: Diagnosis) {
        self.is_row = true;
        self.complete = history.views().all(|view| view.complete);
        self.listed = history.listed;
        // The version of a failed handshake does not count.
        let version = |tls: &TlsFacts| {
            tls.version
                .filter(|_| tls.handshake != TlsHandshake::Failed)
        };
        self.tls = history.tls().map(|tls| (tls.handshake, version(tls)));
        self.sketch = Sketch::of(history, &diagnosis);
        let name = match &history.key {
            HostKey::Unresolved { .. } => None,
            HostKey::Endpoint(_) => display_name(history, self.sketch.certificate.as_deref()),
        };
        if self.display_name.as_deref() != name {
            self.display_name = name.map(Into::into);
        }
        let mut others: Vec<&str> = history.names.iter().map(|one| &*one.name).collect();
        others.sort_unstable();
        others.dedup();
        others.retain(|other| Some(*other) != name);
        if !self
            .other_names
            .iter()
            .map(|name| &**name)
            .eq(others.iter().copied())
        {
            self.other_names = others.into_iter().map(Into::into).collect();
        }
        self.take(diagnosis);
    }

    /// Stores a diagnosis. Parts that are equal to the old ones keep their allocations: most are, and replacing them at every
    /// attempt fragments the heap.
    fn take(&mut self, mut diagnosis: Diagnosis) {
        let known = &mut self.diagnosis;
        if known.findings == diagnosis.findings {
            diagnosis.findings = std::mem::take(&mut known.findings);
        }
        if known.name_paths == diagnosis.name_paths {
            diagnosis.name_paths = std::mem::take(&mut known.name_paths);
        }
        if known.predicted == diagnosis.predicted {
            diagnosis.predicted = known.predicted.take();
        }
        self.diagnosis = diagnosis;
    }

    #[must_use]
    pub const fn key(&self) -> &HostKey {
        &self.key
    }

    /// No further attempt is planned.
    #[must_use]
    pub const fn complete(&self) -> bool {
        self.complete
    }

    /// The user listed it, or a name that resolves to it, individually.
    #[must_use]
    pub const fn listed(&self) -> bool {
        self.listed
    }

    /// Remote Desktop does not work there, or soon will not: a broken or degraded host, one that is not RDP or was skipped, and
    /// one without an answer if it was listed one by one. Silence in a range is no problem, and neither is what is acknowledged.
    #[must_use]
    pub fn has_problem(&self) -> bool {
        !self.diagnosis.is_accepted()
            && match self.diagnosis.state {
                HostState::Broken
                | HostState::Degraded
                | HostState::Skipped
                | HostState::NotRdp => true,
                HostState::Unreachable | HostState::Filtered | HostState::Closed => self.listed,
                HostState::NotProbed | HostState::Healthy => false,
            }
    }

    /// Method and version of [`History::tls`].
    #[must_use]
    pub const fn tls(&self) -> Option<(TlsHandshake, Option<TlsVersion>)> {
        self.tls
    }

    /// The facts. Decompresses them at every call.
    #[must_use]
    pub fn history(&self) -> History {
        let (mut composed, _) = self.compose(false);
        self.lead(&mut composed.history);
        History {
            complete: self.complete,
            ..composed.history
        }
    }

    /// How each site sees it, by name, where several do.
    #[must_use]
    pub const fn sites(&self) -> &[SiteView] {
        &self.sites
    }

    pub(super) fn set_sites(&mut self, sites: Vec<SiteView>) {
        if *self.sites != *sites {
            self.sites = sites.into();
        }
    }

    #[must_use]
    pub const fn sketch(&self) -> &Sketch {
        &self.sketch
    }

    /// What has changed since the scan before, worst first.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        self.changes.as_deref().unwrap_or_default()
    }

    /// As [`Diagnosis::certificate`].
    #[must_use]
    pub const fn certificate(&self) -> Option<&Arc<CertificateFacts>> {
        self.sketch.certificate.as_ref()
    }

    /// Every name of the host, the display name first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let others = self.other_names.iter().map(AsRef::as_ref);
        self.display_name().into_iter().chain(others)
    }

    /// The name to show: the one the user typed, else NTLM's, else PTR's, else the certificate's.
    ///
    /// Raw network text: sanitise it for the sink.
    #[must_use]
    pub fn display_name(&self) -> Option<&str> {
        match &self.key {
            HostKey::Unresolved { name, .. } => Some(name),
            HostKey::Endpoint(_) => self.display_name.as_deref(),
        }
    }
}

impl Sketch {
    fn of(history: &History, diagnosis: &Diagnosis) -> Self {
        let mut seen = history
            .attempts
            .iter()
            .filter(|attempt| attempt.connect_ms().is_some())
            .map(|attempt| attempt.started_at);
        let first_seen = seen.next();
        let mut names = history.names.iter();
        let reverse = names.find(|name| name.source == NameSource::Ptr);
        let fingerprint = Fingerprint::of(history);
        Self {
            certificate: diagnosis.certificate(history).cloned(),
            build: history.ntlm().and_then(|ntlm| ntlm.version),
            response_flags: history.response_flags(),
            configuration: (fingerprint.is_known()).then(|| fingerprint.to_string().into()),
            first_seen,
            last_seen: seen.next_back().or(first_seen),
            reverse: reverse.map(|name| name.name.clone()),
        }
    }
}

fn display_name<'a>(
    history: &'a History,
    certificate: Option<&'a CertificateFacts>,
) -> Option<&'a str> {
    let first = |source: NameSource| {
        history
            .names
            .iter()
            .find(|name| name.source == source)
            .map(|name| name.name.as_ref())
    };
    let own = |ntlm: &'a NtlmFacts| {
        ntlm.dns_computer
            .as_deref()
            .or(ntlm.netbios_computer.as_deref())
            .filter(|name| !name.is_empty())
    };
    first(NameSource::Target)
        .or_else(|| history.ntlm().and_then(|ntlm| own(ntlm)))
        .or_else(|| first(NameSource::Ntlm))
        .or_else(|| first(NameSource::Ptr))
        .or_else(|| first(NameSource::Certificate))
        .or_else(|| {
            let mut names = certificate?.dns_names().into_iter();
            names.find(|name| !name.is_empty())
        })
}
