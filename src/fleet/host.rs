use crate::diagnosis::Diagnosis;
use crate::model::{History, NameSource, Subject};

/// A row: what was seen of one subject and what is thought of it.
#[derive(Debug, Clone)]
pub struct Host {
    /// The facts.
    pub history: History,
    /// The opinions, recomputed whenever the facts change.
    pub diagnosis: Diagnosis,
}

impl Host {
    /// The name to show: the one the user typed, else NTLM's, else PTR's, else the certificate's.
    ///
    /// Raw network text: make it safe for the sink before showing it.
    #[must_use]
    pub fn display_name(&self) -> Option<&str> {
        if let Subject::Unresolved { name, .. } = &self.history.subject {
            return Some(name);
        }
        self.first_name(NameSource::Target)
            .or_else(|| {
                let ntlm = self.history.ntlm()?;
                ntlm.dns_computer
                    .as_deref()
                    .or(ntlm.netbios_computer.as_deref())
                    .filter(|name| !name.is_empty())
            })
            .or_else(|| self.first_name(NameSource::Ntlm))
            .or_else(|| self.first_name(NameSource::Ptr))
            .or_else(|| self.first_name(NameSource::Certificate))
            .or_else(|| {
                let certificate = self.history.certificate()?;
                certificate
                    .dns_names()
                    .into_iter()
                    .find(|name| !name.is_empty())
            })
    }

    fn first_name(&self, source: NameSource) -> Option<&str> {
        self.history
            .names
            .iter()
            .find(|name| name.source == source)
            .map(|name| name.name.as_ref())
    }
}
