//! A finding that is not equally bad on every host.

use crate::counts::grouped;
use crate::model::Severity;

/// How many hosts have a finding, by how bad it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Severities([usize; Severity::ALL.len()]);

impl Severities {
    /// Counts a host.
    pub fn add(&mut self, severity: Severity) {
        let counts = self.0.iter_mut().zip(Severity::ALL);
        counts
            .filter(|(_, own)| *own == severity)
            .for_each(|(count, _)| *count += 1);
    }

    /// How many hosts at all.
    #[must_use]
    pub fn all(&self) -> usize {
        self.0.iter().sum()
    }

    /// Each severity that there is with its hosts, the worst first.
    fn each(&self) -> impl Iterator<Item = (Severity, usize)> + '_ {
        let counts = Severity::ALL.into_iter().zip(self.0);
        counts.filter(|(_, count)| *count > 0)
    }

    /// The worst severity, and how many hosts have it so badly.
    #[must_use]
    pub fn worst(&self) -> Option<(Severity, usize)> {
        self.each().next()
    }

    /// "1 high, 2 info"; `None` where it is the same for all.
    #[must_use]
    pub fn split(&self) -> Option<String> {
        let parts: Vec<String> = self
            .each()
            .map(|(severity, count)| format!("{} {severity}", grouped(count as u64)))
            .collect();
        (parts.len() > 1).then(|| parts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_with_a_finding_are_told_by_severity_where_it_is_not_the_same_for_all() {
        let mut hosts = Severities::default();
        assert_eq!((hosts.worst(), hosts.split()), (None, None));
        hosts.add(Severity::Info);
        hosts.add(Severity::Info);
        assert_eq!(
            (hosts.worst(), hosts.split()),
            (Some((Severity::Info, 2)), None)
        );
        hosts.add(Severity::High);
        assert_eq!(hosts.worst(), Some((Severity::High, 1)));
        assert_eq!(hosts.split().as_deref(), Some("1 high, 2 info"));
        assert_eq!(hosts.all(), 3);
    }
}
