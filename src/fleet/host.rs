use super::packed::{Packed, Sketch};
use crate::diagnosis::Diagnosis;
use crate::model::{
    CertificateFacts, History, NameSource, ObservedName, Subject, TlsFacts, TlsMethod, TlsVersion,
};

/// A row: what was seen of one subject and what is thought of it.
///
/// The facts are kept packed; what a table shows of every row stands beside them, ready to be sorted and filtered.
#[derive(Debug, Clone)]
pub struct Host {
    subject: Subject,
    complete: bool,
    listed: bool,
    tls: Option<(TlsMethod, Option<TlsVersion>)>,
    display_name: Option<Box<str>>,
    facts: Packed,
    /// The opinions, recomputed whenever the facts change.
    pub diagnosis: Diagnosis,
}

impl Host {
    /// A row of these facts and opinions.
    #[must_use]
    pub fn new(history: &History, diagnosis: Diagnosis) -> Self {
        let mut host = Self {
            subject: history.subject.clone(),
            complete: false,
            listed: false,
            tls: None,
            display_name: None,
            facts: Packed::new(history, shown(history, &diagnosis)),
            diagnosis,
        };
        host.glance(history);
        host
    }

    /// Puts facts in place of those that are here; the subject stays.
    pub(super) fn replace(&mut self, history: &History, diagnosis: Diagnosis) {
        self.facts.replace(history, shown(history, &diagnosis));
        self.take(diagnosis);
        self.glance(history);
    }

    /// Takes a new diagnosis of the same facts. Which certificate is the worst may have changed with the time.
    pub(super) fn judge(&mut self, history: &History, diagnosis: Diagnosis) {
        if diagnosis.shown == self.diagnosis.shown {
            self.take(diagnosis);
        } else {
            self.replace(history, diagnosis);
        }
    }

    /// Takes new opinions. Those that say the same stay where they are in memory: most do, at every attempt, and a fleet whose
    /// texts wander about leaves holes behind.
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

    /// Brings what stands beside the facts in line with them.
    fn glance(&mut self, history: &History) {
        self.complete = history.complete;
        self.listed = history.listed;
        // A version that no handshake came to is none to count.
        let version = |tls: &TlsFacts| tls.version.filter(|_| tls.method != TlsMethod::Failed);
        self.tls = history.tls().map(|tls| (tls.method, version(tls)));
        let name = match &history.subject {
            // The subject is the name.
            Subject::Unresolved { .. } => None,
            Subject::Endpoint(_) => display_name(history, &self.diagnosis),
        };
        if self.display_name.as_deref() != name {
            self.display_name = name.map(Into::into);
        }
    }

    /// About whom.
    #[must_use]
    pub const fn subject(&self) -> &Subject {
        &self.subject
    }

    /// No further attempt will follow.
    #[must_use]
    pub const fn complete(&self) -> bool {
        self.complete
    }

    /// The user listed it, or a name that leads to it, one by one.
    #[must_use]
    pub const fn listed(&self) -> bool {
        self.listed
    }

    /// Method and version of [`History::tls`].
    #[must_use]
    pub const fn tls(&self) -> Option<(TlsMethod, Option<TlsVersion>)> {
        self.tls
    }

    /// The facts, spread out anew at every call.
    #[must_use]
    pub fn history(&self) -> History {
        self.facts.history(&self.subject)
    }

    /// Names in play, each name and source once. Less work than the whole history.
    #[must_use]
    pub fn names(&self) -> Vec<ObservedName> {
        self.facts.names()
    }

    /// What columns and filters may ask of every host. Far less work than the whole history.
    #[must_use]
    pub fn sketch(&self) -> Sketch<'_> {
        self.facts.sketch()
    }

    /// The name to show: the one the user typed, else NTLM's, else PTR's, else the certificate's.
    ///
    /// Raw network text: make it safe for the sink before showing it.
    #[must_use]
    pub fn display_name(&self) -> Option<&str> {
        match &self.subject {
            Subject::Unresolved { name, .. } => Some(name),
            Subject::Endpoint(_) => self.display_name.as_deref(),
        }
    }
}

fn shown<'a>(history: &'a History, diagnosis: &Diagnosis) -> Option<&'a CertificateFacts> {
    diagnosis.certificate(history).map(AsRef::as_ref)
}

fn display_name<'a>(history: &'a History, diagnosis: &Diagnosis) -> Option<&'a str> {
    let first = |source: NameSource| {
        history
            .names
            .iter()
            .find(|name| name.source == source)
            .map(|name| name.name.as_ref())
    };
    first(NameSource::Target)
        .or_else(|| {
            let ntlm = history.ntlm()?;
            ntlm.dns_computer
                .as_deref()
                .or(ntlm.netbios_computer.as_deref())
                .filter(|name| !name.is_empty())
        })
        .or_else(|| first(NameSource::Ntlm))
        .or_else(|| first(NameSource::Ptr))
        .or_else(|| first(NameSource::Certificate))
        .or_else(|| {
            let certificate = shown(history, diagnosis)?;
            certificate
                .dns_names()
                .into_iter()
                .find(|name| !name.is_empty())
        })
}
